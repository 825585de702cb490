"""A trained masked autoencoder fills in the patches of a digit that you hide.

The image is cut into 16 patches of 7 x 7 pixels. An encoder sees the visible ones and nothing of
the others; a decoder draws all sixteen. It was trained with 12 of 16 hidden, on

    L = mean over hidden pixels of (x_hat - x)^2.

Two answers need no network: the grey of the nearest visible pixel for each hidden one, or the mean
training digit. The errors of all three are taken over hidden pixels only.
"""

import numpy as np

from widgets.contract import (
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    INK_2,
    INK_3,
    MUTED,
    Drawing,
    Frame,
    Instrument,
    Pad,
    Plot,
    Readout,
    Seed,
    Slider,
    Tiles,
)
from widgets.data import load
from widgets.kit.drawing import to_text
from widgets.kit.figures import axis, dots, equal, figure, label, line, segment
from widgets.kit.masked import (
    PATCH,
    PATCHES,
    ROW,
    draw_all,
    encode_visible,
    multiplications,
    nearest_visible,
    to_images,
    to_patches,
)
from widgets.kit.network import grey_levels

IMAGES = 40
COVER = 0.4  # the grey of a hidden patch
WIDTH, BLOCKS = 64, 2  # of the encoder
TOP = 0.25  # of the axis of errors
LARGEST = 0.8  # of the axes of roots
PAPER_ALONE = 0.1  # where the mean digit errs less, patches crowd and go without numbers

instrument = Instrument(
    name="masking",
    title="Hidden patches",
    challenge="Leave four of the sixteen patches. With which four does the network err least? "
    "Point at them first, then click them free and compare.",
    controls=(
        Slider("count", "Hidden at random", default=12, min=0, max=15, step=1, unit="of 16"),
        Slider("digit", "Test digit", default=22, min=1, max=IMAGES, step=1),
        Seed(label="Which ones"),
        Drawing(
            "changed",
            "Hide or show",
            default=to_text(np.zeros((ROW, ROW))),
            panel="given",
            side=ROW,
            cells=True,
        ),
    ),
    readouts=(
        Readout("network", "Network", "per hidden pixel", ".4f"),
        Readout("nearest", "Nearest visible", "per hidden pixel", ".4f"),
        Readout("mean", "Mean digit", "per hidden pixel", ".4f"),
        Readout("work", "Work of the encoder", "% of all patches", ".0f"),
    ),
    references=("he2022",),
)


def compute(*, count, digit, seed, changed):
    """Hide patches of a test digit and fill them in, in three ways.

    Parameters
    ----------
    count : int, how many patches are hidden at random, 0 to 15
    digit : int, which test digit, 1 to 40
    seed : int, of which patches these are
    changed : ndarray of shape (4, 4), uint8; where it is not 0, hidden and visible are exchanged

    Returns
    -------
    dict
        ``x`` (28, 28), in [0, 1]; ``hidden`` (16,), bool, and ``drawn`` (16,), bool, before the
        change; ``answers`` of the network, of the nearest visible pixel and of the mean digit,
        (3, 28, 28), with what is visible put back; ``errors`` (3,), squared, per hidden pixel, or
        None where nothing is hidden; ``by_place`` (3, 16), their roots for each patch, 0 where it
        is visible; ``work``, the share of the multiplications of the encoder's blocks that are
        left; of 10,000 test digits the ``curves`` (3, 15), errors by the number of hidden patches.
    """
    weights, study = load("mnist_masked"), load("mnist_masking")
    x = load("mnist_images")["images"][[digit - 1]] / 255  # (1, 28, 28)
    drawn = np.zeros(PATCHES, bool)
    drawn[np.random.default_rng(seed).permutation(PATCHES)[:count]] = True
    hidden = drawn ^ (changed.ravel() > 0)
    visible = np.flatnonzero(~hidden)

    patches = to_patches(x)  # (1, 16, 49)
    tokens = encode_visible(patches, visible, weights)
    x_hat = to_images(draw_all(tokens, visible, weights))
    copied = nearest_visible(x, hidden[None]) if len(visible) else np.zeros_like(x)
    covered = pixels_of(hidden)
    answers = np.concatenate([x_hat, copied, weights["mean"][None]])
    answers = np.where(covered, answers, x[0])
    errors = ((answers - x[0]) ** 2)[:, covered].mean(axis=1) if hidden.any() else None
    trained = list(study["hidden"]).index(12)
    network = study["errors"][trained, 0]  # the page has the network of the first seed
    return {
        "x": x[0],
        "drawn": drawn,
        "hidden": hidden,
        "answers": answers,
        "errors": errors,
        "by_place": np.sqrt(to_patches((answers - x[0]) ** 2).mean(axis=2)),
        "work": work_of(len(visible)) / work_of(PATCHES),
        "curves": np.stack([network, study["nearest"], study["mean"]]),
    }


def work_of(visible):
    """Multiplications of the encoder's blocks for some visible patches."""
    return multiplications(visible, WIDTH, BLOCKS)


def pixels_of(patches):
    """A value for each patch, (16,), as one for each pixel, (28, 28)."""
    return np.kron(patches.reshape(ROW, ROW), np.ones((PATCH, PATCH), patches.dtype))


def frame(result):
    """The input, the answers, and how errors depend on how much is hidden, and on what."""
    errors, hidden = result["errors"], result["hidden"]
    shown = (None, None, None) if errors is None else errors
    return Frame(
        readouts={
            **dict(zip(("network", "nearest", "mean"), shown, strict=True)),
            "work": 100 * result["work"],
        },
        panels=[
            Pad("given", given_alt(hidden), half=True, pictures=views(result)),
            answers(result),
            Plot("errors", errors_figure(result), errors_alt(result), half=True),
            Plot("places", places_figure(result), places_alt(result), half=True),
        ],
        note=note(result),
    )


def views(result):
    """The digit under the drawn cover, and under the opposite one, (2, 28, 28)."""
    covered = pixels_of(result["drawn"])
    both = [np.where(cover, COVER, result["x"]) for cover in (covered, ~covered)]
    return grey_levels(np.stack(both))


def given_alt(hidden):
    places = ", ".join(str(place + 1) for place in np.flatnonzero(hidden)) or "none"
    return f"A digit of sixteen patches, numbered row by row. Hidden: {places}."


def answers(result):
    """What each of the three puts into the hidden patches, and the digit itself."""
    network, nearest, mean = result["answers"].clip(0, 1)
    four = np.stack([network, nearest, mean, result["x"]])
    return Tiles(
        "answers",
        grey_levels(four).reshape(2, 2, 28, 28),
        alt="Four images: the hidden patches filled in by the network, by the nearest visible "
        "pixels, and by the mean digit; and the digit itself.",
        captions=("network; below, mean digit", "nearest visible; below, the digit"),
        gap=2,
        half=True,
    )


def errors_figure(result):
    """Mean errors by the number of hidden patches, and those of this digit."""
    hidden = int(result["hidden"].sum())
    counts = np.arange(1, PATCHES)
    styles = (
        ("network", DATA_1, DATA_1),
        ("nearest visible", DATA_2, DATA_2_TEXT),
        ("mean digit", MUTED, INK_3),
    )
    traces = [
        line(counts, curve, color)
        for curve, (_, color, _) in zip(result["curves"], styles, strict=True)
    ]
    if result["errors"] is not None:
        traces += [
            dots([hidden], [min(error, TOP)], color, size=10, ring=2)
            for error, (_, color, _) in zip(result["errors"], styles, strict=True)
        ]
    return figure(
        traces,
        axis(0, PATCHES + 0.5, "hidden patches", tickvals=[1, 4, 8, 12, 16]),
        axis(0, TOP, "squared error per hidden pixel", nticks=5),
        height=360,
        left=52,
        labels=[
            label(name, 0.3, TOP, ink, xanchor="left", yshift=-10 - 15 * at)
            for at, (name, _, ink) in enumerate(styles)
        ],
    )


def errors_alt(result):
    counts = (1, 8, 15)
    said = [
        f"with {count} hidden, network {network:.3f}, nearest visible {nearest:.3f}, "
        f"mean digit {mean:.3f}"
        for count, (network, nearest, mean) in zip(
            counts, result["curves"][:, [count - 1 for count in counts]].T, strict=True
        )
    ]
    return f"Squared error per hidden pixel over 10,000 test digits: {'; '.join(said)}."


def places_figure(result):
    """Each hidden patch by the mean digit's error there and by the network's; their numbers."""
    places = np.flatnonzero(result["hidden"])
    network, _, mean = result["by_place"]
    numbers = [
        label(str(place + 1), mean[place], network[place], INK_2, yshift=10)
        for place in places
        if mean[place] > PAPER_ALONE
    ]
    return figure(
        [dots(mean[places], network[places], DATA_1, size=9, ring=1.5)],
        *equal(
            axis(0, LARGEST, "mean digit's error in a patch", dtick=0.2),
            axis(0, LARGEST, "network's error", dtick=0.2),
        ),
        height=360,
        left=44,
        shapes=[segment((0, LARGEST), (0, LARGEST), INK_3, dash="dot")],
        labels=[label("no better", 0.62, 0.72, INK_3, xanchor="right"), *numbers],
    )


def places_alt(result):
    network, _, mean = result["by_place"][:, result["hidden"]]
    return (
        f"Root mean squared errors in each of the {len(mean)} hidden patches. The network's is "
        f"smaller than the mean digit's in {int((network < mean).sum())} of them."
    )


def note(result):
    """What is special about a setting."""
    hidden = result["hidden"]
    if not hidden.any():
        return "Nothing is hidden, so there is nothing to be wrong about."
    if hidden.all():
        return (
            "Everything is hidden: there is no pixel to copy, so the copy is left blank, and the "
            "network was never trained for this."
        )
    network, nearest, mean = result["errors"]
    best = min(
        ("the network", network),
        ("the nearest pixel", nearest),
        ("the mean digit", mean),
        key=lambda each: each[1],
    )
    said = f"Hidden: {int(hidden.sum())} of {PATCHES} patches. Least error here: {best[0]}."
    return said + (" A dot at the top is of a larger error." if max(result["errors"]) > TOP else "")
