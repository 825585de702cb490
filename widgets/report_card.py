"""Six measures of one encoder, next to those of every encoder of the book.

All are measured on the codes of 1,000 test images of MNIST. Fitting and retrieval use 1,000
training images with labels. Only a linear probe is trained. The cards of the book's encoders were
computed in advance by `made`, which the page also uses for the reader's own.
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
MEASURES = {
    "rebuilt": "Pixels, by a matrix",
    "retrieved": "Neighbours alike",
    "clustered": "Clusters: NMI",
    "probed": "Probe",
    "changed": "Probe, changed",
    "calibrated": "100 − excess ECE",
}

instrument = Instrument(
    name="report_card",
    title="Report card",
    challenge="Before you choose, and the network with labels apart: from which code, but the "
    "pixels, does a matrix give most of the pixels back, and from which does a probe name most "
    "digits once the images are changed? Two names.",
    controls=(
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


def compute(*, code, beside):
    """The cards of two codes.

    Parameters
    ----------
    code : a key of JUDGED, or "yours"
    beside : a key of JUDGED

    Returns
    -------
    dict
        ``cards``, a share for each of MEASURES, for both codes, (2, 6), and ``all``, for every code
        of the book, (codes, 6); of the first code: ``own``, the squared error per image of its
        own decoder, or None; ``by_change``, share named right of the same 250 images as they are
        and after each change, (5,); ``ridge`` of its probe; ``ece`` and ``ece_changed``,
        calibration errors, and ``floor``, the first if the probe were calibrated perfectly;
        ``confidence`` and ``right``, their means in each bin of confidence, and ``count``, (15,).
    """
    card, other = card_of(code), card_of(beside)
    return {
        "code": code,
        "beside": beside,
        "cards": np.stack([card["shares"], other["shares"]]),
        "all": load("mnist_cards")["shares"],
        **{key: card[key] for key in card if key != "shares"},
    }


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
            Plot("card", card_figure(result), card_alt(result)),
            Plot("changes", changes_figure(result), changes_alt(result), half=True),
            Plot("calibration", calibration_figure(result), calibration_alt(result), half=True),
        ],
        note="Yours has learned from strokes and is judged on digits."
        if result["code"] == YOURS
        else "",
    )


def title_of(code):
    """The title of a code."""
    return JUDGED.get(code, "Yours")


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
