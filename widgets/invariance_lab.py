"""How far a digit moves in seven codes when it is shifted, turned, dimmed or thickened.

An encoder f is invariant to a change T if f(T x) = f(x), and equivariant if the code changes in a
way that is known in advance, f(T x) = T' f(x). Codes differ in scale, so their distances are given
in units of the mean distance between two images of different digits,

    moved = |f(T x) - f(x)| / mean |f(a) - f(b)|.

For a convolution T' is T itself, applied to each of its maps. What is left is its equivariance
error, |conv(T x) - T conv(x)| / |conv(T x)|. Thickening has no such T': it takes the largest of
neighbouring pixels, and a map has negative values.
"""

import numpy as np

from widgets.contract import (
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    INK_2,
    INK_3,
    Frame,
    Instrument,
    Plot,
    Readout,
    Slider,
    Tiles,
)
from widgets.data import load
from widgets.kit.encoders import ENCODERS, encode_as
from widgets.kit.figures import axis, bars, dots, figure, label, segment
from widgets.kit.network import convolution, grey_levels
from widgets.kit.transforms import dim, shift, thicken, turn

IMAGES = 40  # to choose from, four of each digit
FARTHEST = 1.6  # right end of the axis, unless a code has moved farther
KERNEL = 2  # which of the eight is shown

instrument = Instrument(
    name="invariance_lab",
    title="Invariance lab",
    challenge="Shift the digit 4 px to the right. In which of the seven codes is it then farther "
    "from where it was than another digit would be? Name them first.",
    controls=(
        Slider("right", "Shift", default=2, min=-4, max=4, step=1, unit="px"),
        Slider("turned", "Turn", default=0, min=-45, max=45, step=3, unit="°"),
        Slider("ink", "Ink", default=100, min=20, max=100, step=5, unit="%"),
        Slider("grown", "Thicken", default=0.0, min=-1.0, max=2.0, step=0.25, unit="px"),
        Slider("image", "Test digit", default=18, min=1, max=IMAGES, step=1),
    ),
    readouts=(
        Readout("pixels", "Moved in pixels", "× another digit"),
        Readout("network", "In the network", "× another digit"),
        Readout("shifts", "Shown shifts", "× another digit"),
        Readout("error", "Convolution: error", "%", ".1f"),
    ),
)


def compute(*, right, turned, ink, grown, image):
    """Change one test digit and encode it before and after.

    Parameters
    ----------
    right : int, shift in px
    turned : float, degrees clockwise
    ink : float, percent of the ink that is kept
    grown : float, px by which the strokes grow on each side
    image : int, which test image, 1 to 40

    Returns
    -------
    dict
        ``moved``, the distance that the change makes in each encoder, and ``within``, that of two
        images of one digit, (7,), in units of two images of different digits; ``x`` and
        ``changed``, (28, 28), in [0, 1]; ``maps``, of one kernel: T conv(x) and conv(T x),
        (2, 28, 28); ``error`` of the convolution over its eight kernels, None for a digit that was
        thickened; ``label``.
    """
    stored, apart = load("mnist_images"), load("mnist_distances")
    x = stored["images"][[image - 1]] / 255  # (1, 28, 28)

    def change(h):
        return dim(thicken(turn(shift(h, right), turned), grown), ink / 100)

    pair = np.concatenate([x, change(x)])
    moved = [np.linalg.norm(np.subtract(*encode_as(name, pair))) for name in ENCODERS]
    maps = maps_of(pair)  # (2, 8, 28, 28)
    wanted = change(maps[0])  # (8, 28, 28)
    return {
        "moved": np.array(moved) / apart["scale"],
        "within": apart["within"] / apart["scale"],
        "x": x[0],
        "changed": pair[1],
        "maps": np.stack([wanted[KERNEL], maps[1, KERNEL]]),
        "error": np.linalg.norm(maps[1] - wanted) / np.linalg.norm(maps[1]) if grown == 0 else None,
        "label": int(stored["labels"][image - 1]),
    }


def maps_of(x):
    """Images (m, 28, 28) under the network's first kernels, zeros around: (m, 8, 28, 28)."""
    wide = np.pad(x[:, None], ((0, 0), (0, 0), (2, 2), (2, 2)))
    return convolution(wide, load("mnist_network_shifts")["w0"])


def frame(result):
    """The digit and its maps, and how far it has moved in each code."""
    moved = dict(zip(ENCODERS, result["moved"], strict=True))
    return Frame(
        readouts={
            "pixels": moved["pixels"],
            "network": moved["network"],
            "shifts": moved["shifts"],
            "error": None if result["error"] is None else 100 * result["error"],
        },
        panels=[
            Plot("moved", moved_figure(result), moved_alt(result), half=True),
            images(result),
        ],
        note=note(result),
    )


def moved_figure(result):
    """A bar for each code, a dot at two images of one digit, a line at two different digits."""
    moved, within = result["moved"], result["within"]
    place = np.arange(len(ENCODERS), 0, -1)
    return figure(
        [
            bars(moved, place, DATA_1, width=0.62, orientation="h"),
            dots(within, place, DATA_2, size=9, ring=2),
        ],
        axis(0, max(FARTHEST, moved.max()), "moved, × another digit", dtick=0.5, showgrid=True),
        axis(
            0.4,
            len(ENCODERS) + 1.1,
            tickvals=place.tolist(),
            ticktext=list(ENCODERS.values()),
            showgrid=False,
        ),
        height=600,
        left=140,
        right=16,
        top=10,
        shapes=[segment((1, 1), (0.4, len(ENCODERS) + 0.5), INK_3, dash="dot")],
        labels=[
            label("another digit", 1, len(ENCODERS) + 0.8, INK_2, xanchor="left", xshift=4),
            label("same digit", 1, len(ENCODERS) + 0.8, DATA_2_TEXT, xanchor="right", xshift=-4),
        ],
    )


def moved_alt(result):
    said = [
        f"{name} {value:.2f}"
        for name, value in zip(ENCODERS.values(), result["moved"], strict=True)
    ]
    return (
        "How far the digit has moved in each code, where 1 is the distance to another digit: "
        f"{', '.join(said)}."
    )


def images(result):
    """Above: the digit before and after; below: a map changed, and the map of the changed digit."""
    of_x, of_changed = maps = np.abs(result["maps"])
    four = np.stack([result["x"], result["changed"], *maps / max(maps.max(), 1e-9)])
    off = np.abs(of_x - of_changed).max() / max(maps.max(), 1e-9)
    return Tiles(
        "images",
        grey_levels(four.clip(0, 1)).reshape(2, 2, 28, 28),
        alt=f"A {result['label']} before and after the change. Below, the map of a convolution "
        "that was then changed, and the map of the changed digit; they differ by up to "
        f"{off:.0%} of the darkest value.",
        captions=("x; below, T conv(x)", "T x; below, conv(T x)"),
        gap=1,
        half=True,
    )


def note(result):
    """Which codes are farther away than another digit, and why there is no error."""
    far = [
        name.lower()
        for name, moved in zip(ENCODERS.values(), result["moved"], strict=True)
        if moved > 1
    ]
    said = []
    if far:
        said.append(f"Farther from where it was than another digit on average: {', '.join(far)}.")
    if result["error"] is None:
        said.append("Maps have negative values, so there is no way to thicken them, and no error.")
    return " ".join(said)
