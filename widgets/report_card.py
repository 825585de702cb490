"""Six measures of one encoder, next to those of every encoder of the book.

All are measured on the codes of 1,000 test images of MNIST. Fitting and retrieval use 1,000
training images with labels. Only a linear probe is trained. The cards of the book's encoders were
computed in advance by `made`, which the page also uses for the reader's own.

Two lines of the card are added with weights, weight * up + (1 - weight) * across, and the codes are
ranked by the sum. The network that was trained with labels does not compete.
"""

from typing import Any

import numpy as np

from widgets.contract import (
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    INK_2,
    MUTED,
    PAPER,
    YOURS,
    Choice,
    Frame,
    Instrument,
    Plot,
    Readout,
    Slider,
)
from widgets.data import load
from widgets.kit.benchmark_codes import CHANGED, CHANGES, JUDGED, codes, labels, rebuilt
from widgets.kit.figures import axis, bars, dots, figure, label, line, segment
from widgets.kit.metrics import (
    BINS,
    best_sharpness,
    calibration_error,
    calibration_floor,
    k_means,
    mutual_information,
    precision_at,
    softmax,
)
from widgets.kit.probe import chosen_ridge, fit, left_out, scores, share_right

NEIGHBOURS = 10
WITH_LABELS = "network"
CONTROLS = ("pixels", "pca", "random")  # that learned nothing, or a plane
HIGH = 104  # percent at the ends of the axes
NARROW = (244, 136)  # px of the plane of two lines on a plate 300 px wide
LETTER, LINE = 6.6, 15  # px of a label, and a little room
SIDES = (  # where a label may go: anchor, px to the right, px up
    ("right", -9, 0),
    ("left", 9, 0),
    ("center", 0, 14),
    ("center", 0, -14),
    ("left", 7, 14),
    ("right", -7, 14),
    ("left", 7, -14),
    ("right", -7, -14),
    ("center", 0, 28),
    ("center", 0, -28),
    ("right", -7, 28),
    ("right", -7, -28),
)
MEASURES = {
    "rebuilt": "Pixels, by a matrix",
    "retrieved": "Neighbours alike",
    "clustered": "Clusters: NMI",
    "probed": "Probe",
    "changed": "Probe, changed",
    "calibrated": "100 − excess ECE",
}

LINES = {  # the same, as short as two choices of them must be
    "rebuilt": "Pixels",
    "retrieved": "Neighbours",
    "clustered": "Clusters",
    "probed": "Probe",
    "changed": "Changed",
    "calibrated": "Calibration",
}

instrument = Instrument(
    name="report_card",
    title="Report card",
    challenge="A committee adds two lines of the card, with weights, and buys the code that comes "
    "first. The network with labels does not compete. Write down how many of the other ten can "
    "win, over all lines and weights, and whether one that has learned nothing can. Then look.",
    controls=(
        Slider(
            "weight", "Weight of the line upwards", default=50, min=0, max=100, step=1, unit="%"
        ),
        Choice("across", "Line across", LINES, "rebuilt"),
        Choice("up", "Line upwards", LINES, "probed"),
        Choice("code", "Code", JUDGED, "deep", yours=True),
        Choice("beside", "Beside", JUDGED, "pca"),
    ),
    readouts=(
        Readout("own", "Own decoder: error", "squared", ".1f"),
        Readout("probed", "Probe", "%", ".1f"),
        Readout("changed", "Probe, changed", "%", ".1f"),
        Readout("ece", "Calibration error", "%", ".1f"),
        Readout("floor", "If it were calibrated", "%", ".1f"),
        Readout("ece_changed", "The same, changed", "%", ".1f"),
    ),
    references=("guo2017", "hendrycks2019"),
)


def compute(*, weight, across, up, code, beside):
    """The cards of two codes, and the ranking of all by two measures.

    Parameters
    ----------
    weight : float, percent, of `up`
    across, up : keys of MEASURES
    code : a key of JUDGED, or "yours"
    beside : a key of JUDGED

    Returns
    -------
    dict
        ``cards``, a share for each of MEASURES, for both codes, (2, 6), and ``all``, for every code
        of the book, (codes, 6); ``ranked``, the names of those that compete, best sum first, and
        ``best``, the largest sum; of the first code: ``own``, the squared error per image of its
        own decoder, or None; ``by_change``, share named right of the same 250 images as they are
        and after each change, (5,); ``ridge`` of its probe; ``ece`` and ``ece_changed``,
        calibration errors, and ``floor``, the first if the probe were calibrated perfectly;
        ``confidence`` and ``right``, their means in each bin of confidence, and ``count``, (15,).
    """
    card, other = card_of(code), card_of(beside)
    sums = {
        name: weighed(load("mnist_cards")["shares"][row], weight, across, up)
        for row, name in enumerate(JUDGED)
        if name != WITH_LABELS
    }
    return {
        "weight": weight,
        "across": across,
        "up": up,
        "ranked": sorted(sums, key=sums.__getitem__, reverse=True),
        "best": max(sums.values()),
        "code": code,
        "beside": beside,
        "cards": np.stack([card["shares"], other["shares"]]),
        "all": load("mnist_cards")["shares"],
        **{key: card[key] for key in card if key != "shares"},
    }


def weighed(shares, weight, across, up):
    """The sum of two measures by which codes are ranked, in percent."""
    names = list(MEASURES)
    one, other = shares[names.index(across)], shares[names.index(up)]
    return (100 - weight) * one + weight * other


def card_of(code):
    """The card of one code: looked up for the book's, made for the reader's own."""
    if code == YOURS:
        return made(code)
    stored, row = load("mnist_cards"), list(JUDGED).index(code)
    own = stored["own"][row]
    return {key: stored[key][row] for key in stored} | {"own": None if np.isnan(own) else own}


def made(code: str) -> dict[str, Any]:
    """Compute all measures of one code."""
    shown, test, changed = codes(code)
    shown_labels, test_labels = labels()
    by_matrix, own = rebuilt(code)
    ridge = chosen_ridge(shown, shown_labels)
    probe = fit(shown, shown_labels, ridge)
    sharpness = best_sharpness(left_out(shown, shown_labels, ridge), shown_labels)
    chances = softmax(scores(test, probe), sharpness)
    some = test_labels[::CHANGED]
    by_change = [share_right(each, some, probe) for each in (test[::CHANGED], *changed)]
    later = np.concatenate([softmax(scores(each, probe), sharpness) for each in changed])
    ece, floor = calibration_error(chances, test_labels), calibration_floor(chances)
    confidence = chances.max(axis=1)
    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    count = np.bincount(place, minlength=BINS)
    right = chances.argmax(axis=1) == test_labels
    found = mutual_information(k_means(test, 10), test_labels)
    return {
        "shares": np.array(
            [
                by_matrix,
                precision_at(NEIGHBOURS, test, test_labels, shown, shown_labels),
                found,
                share_right(test, test_labels, probe),
                np.mean(by_change[1:]),
                1 - max(ece - floor, 0),
            ]
        ),
        "own": own,
        "by_change": np.array(by_change),
        "ridge": ridge,
        "ece": ece,
        "floor": floor,
        "ece_changed": calibration_error(later, np.tile(some, len(CHANGES))),
        "confidence": np.bincount(place, confidence, BINS) / np.maximum(count, 1),
        "right": np.bincount(place, right, BINS) / np.maximum(count, 1),
        "count": count,
    }


def frame(result):
    """All measures of all codes; the changes, and the calibration of the first."""
    card = 100 * result["cards"][0]
    return Frame(
        readouts={
            "own": result["own"],
            "probed": card[3],
            "changed": card[4],
            "ece": 100 * result["ece"],
            "floor": 100 * result["floor"],
            "ece_changed": 100 * result["ece_changed"],
        },
        panels=[
            Plot("ranking", ranking_figure(result), ranking_alt(result), half=True),
            Plot("card", card_figure(result), card_alt(result), half=True),
            Plot("changes", changes_figure(result), changes_alt(result), half=True),
            Plot("calibration", calibration_figure(result), calibration_alt(result), half=True),
        ],
        note=note(result),
    )


def note(result):
    """The winner, and the places of codes to compare with."""
    ranked = result["ranked"]
    places = [f"{title_of(name)} {ranked.index(name) + 1}" for name in CONTROLS]
    strokes = " Yours has learned from strokes and is judged on digits."
    return f"First: {title_of(ranked[0])}. Places of {len(ranked)}: {', '.join(places)}." + (
        strokes if result["code"] == YOURS else ""
    )


def title_of(code):
    """The title of a code."""
    return JUDGED.get(code, "Yours")


def ranking_figure(result):
    """Every code by two measures, and the line of all sums as large as the best."""
    names = list(MEASURES)
    columns = names.index(result["across"]), names.index(result["up"])
    points = 100 * result["all"][:, columns]
    rows = {name: row for row, name in enumerate(JUDGED)}
    best = result["ranked"][0]
    named = [best, *(name for name in CONTROLS if name != best)]
    return figure(
        [
            dots(*points[[rows[name] for name in result["ranked"]]].T, MUTED, size=8),
            dots(*points[[rows[best]]].T, DATA_1, size=13, ring=2),
        ],
        axis(0, HIGH, f"{MEASURES[result['across']]}, %", dtick=20),
        axis(0, HIGH, f"{MEASURES[result['up']]}, %", dtick=20),
        height=380,
        shapes=[equal_sums(result)],
        labels=[
            label(title_of(name), *points[rows[name]], color, xanchor=side, xshift=x, yshift=y)
            for name, (side, x, y), color in zip(
                named,
                sides_of([(title_of(name), points[rows[name]]) for name in named], points),
                (DATA_1, INK_2, INK_2, INK_2),
                strict=False,
            )
        ],
    )


def sides_of(named, points):
    """Which of SIDES each name goes to, so that none covers another on a narrow plate.

    Parameters
    ----------
    named : texts and the points that they belong to, the most important first
    points : ndarray of shape (n, 2), all dots
    """
    scale = np.array(NARROW) / HIGH
    placed, sides = [], []
    for text, point in named:
        boxes = [box_of(text, point * scale, side) for side in SIDES]
        costs = [
            sum(10 * overlap(box, other) for other in placed)
            + 10 * beyond(box)
            + sum(overlap(box, (*dot - 3, *dot + 3)) for dot in points * scale)
            for box in boxes
        ]
        chosen = int(np.argmin(costs))
        placed.append(boxes[chosen])
        sides.append(SIDES[chosen])
    return sides


def box_of(text, place, side):
    """Left, bottom, right and top of a label at a place, all in px."""
    anchor, right, up = side
    width = LETTER * len(text)
    left = place[0] + right - {"left": 0, "center": width / 2, "right": width}[anchor]
    middle = place[1] + up
    return left, middle - LINE / 2, left + width, middle + LINE / 2


def overlap(box, other):
    """The area that two boxes share."""
    width = min(box[2], other[2]) - max(box[0], other[0])
    height = min(box[3], other[3]) - max(box[1], other[1])
    return max(width, 0) * max(height, 0)


def beyond(box):
    """The area of a box outside the plane and the margin at its right and over it."""
    inside = overlap(box, (0, 0, NARROW[0] + 14, NARROW[1] + 28))
    return (box[2] - box[0]) * (box[3] - box[1]) - inside


def equal_sums(result):
    """The line of sums equal to the best, within the axes."""
    w, best = result["weight"] / 100, result["best"]
    ends = [(x, (best - (1 - w) * x) / w) for x in (0, HIGH)] if w > 0 else []
    ends += [((best - w * y) / (1 - w), y) for y in (0, HIGH)] if w < 1 else []
    inside = [(x, y) for x, y in ends if -1e-9 <= x <= HIGH + 1e-9 and -1e-9 <= y <= HIGH + 1e-9]
    first, last = min(inside), max(inside)
    return segment((first[0], last[0]), (first[1], last[1]), DATA_1, dash="dot")


def ranking_alt(result):
    ranked = [title_of(name) for name in result["ranked"]]
    return (
        f"Codes by {MEASURES[result['across']]} and {MEASURES[result['up']]}, the second with a "
        f"weight of {result['weight']:.0f} %; best sum first: {', '.join(ranked)}."
    )


def card_figure(result):
    """A row for each measure: a dot for every code, two of them large."""
    card, other = 100 * result["cards"]
    rows = np.arange(len(MEASURES), 0, -1)
    return figure(
        [
            *(
                dots(100 * result["all"][:, i], np.full(len(JUDGED), row), MUTED, size=6)
                for i, row in enumerate(rows)
            ),
            dots(other, rows, DATA_2, size=11, ring=2),
            dots(card, rows, DATA_1, size=13, ring=2),
        ],
        axis(0, 102, "%", dtick=20),
        axis(0.4, len(MEASURES) + 2.0, tickvals=rows.tolist(), ticktext=list(MEASURES.values())),
        height=380,
        left=136,
        labels=[
            label(title_of(code), 0, len(MEASURES) + up, color, xanchor="left", xshift=4)
            for code, up, color in (
                (result["code"], 1.7, DATA_1),
                (result["beside"], 1.0, DATA_2_TEXT),
            )
        ],
    )


def card_alt(result):
    card, other = 100 * result["cards"]
    said = [
        f"{name} {one:.0f} and {two:.0f}"
        for name, one, two in zip(MEASURES.values(), card, other, strict=True)
    ]
    return (
        f"Percent of {title_of(result['code'])} and of {title_of(result['beside'])}: "
        f"{'; '.join(said)}."
    )


def changes_figure(result):
    """Digits named by the probe, before and after the changes."""
    shares = 100 * result["by_change"]
    places = np.arange(len(shares), 0, -1)
    return figure(
        [bars(shares, places, DATA_1, width=0.6, orientation="h")],
        axis(0, 100, "named right by the probe, %", dtick=25),
        axis(
            0.4,
            len(shares) + 0.6,
            tickvals=places.tolist(),
            ticktext=["as they are", *CHANGES.values()],
            showgrid=False,
        ),
        height=330,
        left=84,
    )


def changes_alt(result):
    names = ("as they are", *CHANGES.values())
    said = [f"{n} {100 * s:.0f}" for n, s in zip(names, result["by_change"], strict=True)]
    return f"Percent of 250 test images that the probe names: {', '.join(said)}."


def calibration_figure(result):
    """How often the probe is right, by how sure it is."""
    filled = result["count"] >= 5
    sure, right = 100 * result["confidence"][filled], 100 * result["right"][filled]
    return figure(
        [line(sure, right, DATA_1), dots(sure, right, DATA_1, size=8, ring=2)],
        axis(0, 100, "how sure the probe is, %", dtick=25),
        axis(0, 100, "how often it is right, %", dtick=25),
        height=330,
        shapes=[segment((0, 100), (0, 100), INK_2, dash="dot")],
        labels=[label("calibrated", 8, 12, INK_2, xanchor="left", yshift=14, bgcolor=PAPER)],
    )


def calibration_alt(result):
    filled = result["count"] >= 5
    said = [
        f"{100 * c:.0f} sure, {100 * r:.0f} right"
        for c, r in zip(result["confidence"][filled], result["right"][filled], strict=True)
    ]
    return f"By confidence, in percent: {'; '.join(said)}."
