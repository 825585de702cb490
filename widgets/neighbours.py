"""Which test digits are nearest to a chosen one, in pixels and in codes.

The distance between two images is that of their codes,

    distance(x, x') = |f(x) - f(x')|,

so each encoder f has its own notion of similarity. Two properties of the neighbours are measured:
whether they show the same digit, and whether their strokes are as wide. The second is compared with
two images drawn at random, whose widths differ by 1 in this unit.
"""

from functools import lru_cache

import numpy as np

from widgets.contract import (
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    INK_2,
    MUTED,
    PAPER,
    Choice,
    Frame,
    Instrument,
    Plot,
    Readout,
    Slider,
    Tiles,
)
from widgets.data import load
from widgets.kit.encoders import ENCODERS, NETWORKS, encode_as
from widgets.kit.figures import axis, dots, figure, label
from widgets.kit.network import SIDE

NEAREST = 10  # most neighbours
LABELS = ("Pixels", "Blurred", "Fourier", "PCA", "VAE", "Network", "Shown shifts")
IMAGES = 625  # every 16th test image of MNIST

instrument = Instrument(
    name="neighbours",
    title="Neighbours",
    challenge="Choose a code and, before you look down, say which finds more neighbours that show "
    "the same digit, pixels or the code, and which finds strokes that are as wide.",
    controls=(
        Slider("image", "Test digit", default=7, min=1, max=IMAGES, step=1),
        Slider("k", "Neighbours", default=NEAREST, min=1, max=NEAREST, step=1),
        Choice("code", "Code", ENCODERS, "vae"),
    ),
    readouts=(
        Readout("same_pixels", "Same digit, by pixels"),
        Readout("same", "Same digit, by the code"),
        Readout("apart_pixels", "Width apart, by pixels", "of random"),
        Readout("apart", "Width apart, by the code", "of random"),
    ),
    references=("lecun1998", "cover1967"),
)


def compute(*, image, k, code):
    """Find the nearest images twice: by pixels and by a code.

    Parameters
    ----------
    image : int, 1 to 625
    k : int, how many neighbours, 1 to 10
    code : str, a key of ENCODERS

    Returns
    -------
    dict
        ``nearest``, the places of the neighbours by pixels and by the code, (2, k); ``x``, all
        images, (625, 28, 28), uint8; ``labels`` (625,); ``apart``, how far the stroke widths of
        the neighbours are from the chosen one's, (2,), as shares of what two random images
        differ by; ``all_same`` and ``all_apart``, the means over the k neighbours of each of
        10,000 test images, for every encoder, (7,).
    """
    gallery, measured = load("mnist_gallery"), load("mnist_distances")
    query = image - 1
    width = gallery["width"].astype(float)
    nearest = np.stack([nearest_to(query, codes_of(name))[:k] for name in ("pixels", code)])
    differences = np.abs(np.subtract.outer(width, width))
    return {
        "query": query,
        "k": k,
        "code": code,
        "nearest": nearest,
        "x": gallery["images"],
        "labels": gallery["labels"],
        "apart": np.abs(width[nearest] - width[query]).mean(axis=1)
        / (differences.sum() / (IMAGES * (IMAGES - 1))),
        "all_same": measured["same"][:, k - 1].astype(float),
        "all_apart": measured["apart"][:, k - 1].astype(float),
    }


@lru_cache(maxsize=len(ENCODERS))
def codes_of(name):
    """The codes of all images by one encoder, (625, k), encoded once."""
    gallery = load("mnist_gallery")
    if name in NETWORKS:
        return gallery[name]
    return encode_as(name, gallery["images"] / 255).astype(np.float32)


def nearest_to(query, codes):
    """The places of the other images, the nearest first, (624,)."""
    gap = np.sum((codes - codes[query]) ** 2, axis=1)
    order = np.argsort(gap, kind="stable")
    return order[order != query]


def frame(result):
    """The neighbours in two rows, and what neighbours have in common over the whole test set."""
    same = same_digit(result).sum(axis=1)
    return Frame(
        readouts={
            "same_pixels": f"{same[0]} of {result['k']}",
            "same": f"{same[1]} of {result['k']}",
            "apart_pixels": result["apart"][0],
            "apart": result["apart"][1],
        },
        panels=[
            rows(result),
            Plot("both", both_figure(result), both_alt(result)),
        ],
    )


def same_digit(result):
    """Which neighbours show the digit of the chosen image, (2, k)."""
    return result["labels"][result["nearest"]] == result["labels"][result["query"]]


def rows(result):
    """The chosen image and its neighbours; one that shows another digit is drawn in negative."""
    x, same = result["x"], same_digit(result)
    images = np.zeros((2, 1 + NEAREST, SIDE, SIDE), np.uint8)
    images[:, 0] = x[result["query"]]
    for row, (places, alike) in enumerate(zip(result["nearest"], same, strict=True)):
        for column, (place, right) in enumerate(zip(places, alike, strict=True)):
            images[row, column + 1] = x[place] if right else 255 - x[place]
    digit, name = result["labels"][result["query"]], ENCODERS[result["code"]]
    of_pixels, of_code = (" ".join(map(str, result["labels"][near])) for near in result["nearest"])
    return Tiles(
        "rows",
        images,
        alt=f"Two rows: a {digit} and its {result['k']} nearest test images. By pixels they show "
        f"{of_pixels}; by the code, {of_code}.",
        captions=(
            "the chosen digit",
            f"above: by pixels; below: by {name}",
            "negative: another digit",
        ),
        gap=1,
    )


def both_figure(result):
    """Each encoder as a point: what its neighbours have in common with the image, twice."""
    same, apart = 100 * result["all_same"], result["all_apart"]
    chosen = list(ENCODERS).index(result["code"])
    colors = [MUTED] * len(ENCODERS)
    colors[0], colors[chosen] = DATA_1, DATA_2
    return figure(
        [
            dots([s], [a], color, size=11 if i in (0, chosen) else 8, ring=2)
            for i, (s, a, color) in enumerate(zip(same, apart, colors, strict=True))
        ],
        axis(60, 100, "neighbours that show the same digit, %"),
        axis(0.95, 0.2, "stroke width apart, × random"),
        height=240,
        labels=[
            label(
                name,
                s,
                a,
                DATA_2_TEXT if i == chosen else DATA_1 if i == 0 else INK_2,
                xanchor="left" if name in ("Blurred", "PCA") else "right",
                xshift=9 if name in ("Blurred", "PCA") else -9,
                bgcolor=PAPER,
            )
            for i, (name, s, a) in enumerate(zip(LABELS, same, apart, strict=True))
        ],
    )


def both_alt(result):
    said = [
        f"{ENCODERS[name]} {100 * same:.0f} % and {apart:.2f}"
        for name, same, apart in zip(ENCODERS, result["all_same"], result["all_apart"], strict=True)
    ]
    return (
        f"Over all 10,000 test digits, the share of the {result['k']} nearest neighbours that show "
        f"the same digit, and how far their stroke widths are apart: {'; '.join(said)}."
    )
