"""Eleven codes of the same digits, each compared with each.

Two codes have no number in common, so their tables of all pairs of images are compared instead
(`widgets.kit.similarity`): products for CKA, ranks of distances for RSA, nearest neighbours. Two
tables with nothing in common are not always at 0. So each value stands next to its mean over all
orders of one code's images, which no relation between the codes survives.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from widgets.contract import (
    DATA_1,
    DATA_2,
    INK_2,
    PAPER,
    Choice,
    Frame,
    Instrument,
    Plot,
    Point,
    Readout,
    Slider,
    Tiles,
)
from widgets.data import load
from widgets.kit.benchmark_codes import FILES, JUDGED, SHOWN, images, labels
from widgets.kit.figures import axis, figure, square
from widgets.kit.metrics import squared_distances
from widgets.kit.network import SIDE, grey_levels
from widgets.kit.similarity import MEASURES, by_chance, directions, table

NAMES = tuple(JUDGED)
MIDDLE = len(NAMES) // 2  # of the matrix, where the point is (0, 0)
COUNTS = (25, 50, 100, 200, 400)
PER_DIGIT = 11  # images of each digit in the tables of distances: 110 of them
NEIGHBOURS = 15  # with the chosen digit a square of 4 x 4
TILE = 4 * SIDE

instrument = Instrument(
    name="compare_codes",
    title="Code against code",
    challenge="Before you look: which of the other ten is the untrained network most like, and "
    "which is the network with labels most like? Point at the matrix. Then change the measure.",
    controls=(
        Point("pair", "Pair", (3.0, -2.0), limit=MIDDLE, panel="matrix", step=1.0, hover=True),
        Choice("measure", "Measure", MEASURES, "cka"),
        Slider("n", "Images", default=200, values=COUNTS, symbol="n"),
        Slider("image", "Test digit", default=1, min=1, max=100, step=1),
    ),
    readouts=(
        Readout("alike", "Alike"),
        Readout("chance", "Images of one shuffled"),
        Readout("read", "A probe reads"),
        Readout("directions", "Effective directions"),
    ),
    references=("kornblith2019", "kriegeskorte2008", "song2012"),
)


def compute(*, pair, measure, n, image):
    """Compare all codes on n test images, and look at two of them.

    Parameters
    ----------
    pair : place in the matrix, 0 in the middle, to the right and upwards; rounded to a cell
    measure : a key of MEASURES
    n : int, the first so many of 1,000 test images
    image : int, 1 to 100, whose neighbours are shown

    Returns
    -------
    dict
        ``matrix``, how alike all codes are, (11, 11); ``row`` and ``column`` of the pair;
        ``chance``, the mean if the images of one are shuffled; ``directions``, the effective
        number of each, (2,); ``read``, the share of all test digits that a logistic probe of
        fifty labels each names, (2,); ``gaps``, distances between 110 images in order of their
        digits, (2, 110, 110); ``near``, the chosen image and the 15 nearest of 1,000, (2, 16).
    """
    column, row = round(pair[0]) + MIDDLE, MIDDLE - round(pair[1])
    both = NAMES[row], NAMES[column]
    return {
        "measure": measure,
        "n": n,
        "row": row,
        "column": column,
        "matrix": load("mnist_compared")[measure][COUNTS.index(n)].astype(float),
        "chance": chance_of(*both, measure, n),
        "directions": np.array([directions_of(name, n) for name in both]),
        "read": load("mnist_judged")["curves"][2, [row, column], -1, 0].astype(float),
        "gaps": np.stack([gaps_of(name) for name in both]),
        "near": np.stack([nearest_to(image - 1, name) for name in both]),
    }


@lru_cache(maxsize=len(NAMES))
def codes_of(name):
    """Of the 1,000 test images, (1000, k)."""
    if name == "pixels":
        return images()[SHOWN:].reshape(-1, SIDE**2)
    return load(FILES[name])["codes"][SHOWN:].astype(float)


def matrix_of(measure: str, n: int) -> NDArray[np.float64]:
    """How alike all codes are on the first n images, (11, 11).

    Stored as ``mnist_compared``, so that a page fetches the codes of the chosen pair alone.
    """
    tables = np.stack([table(codes_of(name)[:n], measure) for name in NAMES])
    return tables @ tables.T


@lru_cache(maxsize=256)
def chance_of(one, other, measure, n):
    """The mean of a value of the matrix if the images of one code are shuffled."""
    return by_chance(codes_of(one)[:n], codes_of(other)[:n], measure)


@lru_cache(maxsize=64)
def directions_of(name, n):
    """Effective number of directions of a code, on the first n images."""
    return directions(codes_of(name)[:n])


@lru_cache(maxsize=len(NAMES))
def gaps_of(name):
    """Distances between the first images of each digit, in order of the digits, (110, 110)."""
    digits = labels()[1]
    places = np.concatenate([np.flatnonzero(digits == c)[:PER_DIGIT] for c in range(10)])
    shown = codes_of(name)[places]
    return np.sqrt(squared_distances(shown, shown).clip(0))


@lru_cache(maxsize=64)
def nearest_to(query, name):
    """The place of an image, and those of the 15 nearest, (16,)."""
    h = codes_of(name)
    gap = np.sum(h**2, axis=1) - 2 * h @ h[query]
    gap[query] = -np.inf
    return np.argsort(gap, kind="stable")[: 1 + NEIGHBOURS]


def frame(result):
    """The matrix, and next to it the pair: distances above, neighbours below."""
    row, column = result["row"], result["column"]
    read, wide = 100 * result["read"], result["directions"]
    return Frame(
        readouts={
            "alike": result["matrix"][row, column],
            "chance": result["chance"],
            "read": f"{read[0]:.0f} and {read[1]:.0f} %",
            "directions": f"{wide[0]:.1f} and {wide[1]:.1f}",
        },
        panels=[
            Plot("matrix", matrix_figure(result), matrix_alt(result), half=True),
            pair_of(result),
        ],
    )


def matrix_figure(result):
    """Dark is alike; the chosen cell is framed."""
    places = np.arange(len(NAMES)) - MIDDLE
    end = MIDDLE + 0.5
    cell = (result["column"] - MIDDLE, MIDDLE - result["row"])
    heat = {
        "type": "heatmap",
        "x": places,
        "y": places,
        "z": result["matrix"][::-1],
        "zmin": 0,
        "zmax": 1,
        "colorscale": [[0, PAPER], [1, DATA_1]],
        "showscale": False,
    }
    ticks = {"tickfont": {"color": INK_2, "size": 12}, "showgrid": False}
    numbered = [f"{i + 1} {title}" for i, title in enumerate(JUDGED.values())]
    return figure(
        [heat],
        axis(-end, end, tickvals=places, ticktext=[str(i + 1) for i in range(len(NAMES))], **ticks),
        axis(-end, end, tickvals=places, ticktext=numbered[::-1], **ticks),
        height=620,
        left=156,
        right=4,
        top=10,
        shapes=[square(cell, 1, DATA_2, width=3)],
    )


def matrix_alt(result):
    row, column, matrix = result["row"], result["column"], result["matrix"]
    titles = list(JUDGED.values())
    others = np.where(np.eye(len(matrix), dtype=bool), -np.inf, matrix)
    closest = [f"{titles[i]}: {titles[others[i].argmax()]}, {others[i].max():.2f}" for i in (9, 10)]
    return (
        f"{MEASURES[result['measure']]} of eleven codes on {result['n']} test digits. "
        f"{titles[row]} with {titles[column]}: {round(matrix[row, column], 2) + 0.0:.2f}. "
        f"Most alike, {'; '.join(closest)}."
    )


def pair_of(result):
    """Two columns of two tiles: distances between 110 images, and neighbours of one."""
    x, digits = load("mnist_judged_images")["images"][SHOWN:], labels()[1]
    tiles = np.zeros((2, 2, TILE, TILE), np.uint8)
    for column, (gaps, near) in enumerate(zip(result["gaps"], result["near"], strict=True)):
        far = np.quantile(gaps, 0.95)
        tiles[0, column] = grey_levels(np.pad((1 - gaps / far).clip(0, 1), 1))
        other = digits[near] != digits[near[0]]
        seen = np.where(other[:, None, None], 255 - x[near], x[near])
        tiles[1, column] = seen.reshape(4, 4, SIDE, SIDE).swapaxes(1, 2).reshape(TILE, TILE)
    titles = [JUDGED[NAMES[result[key]]] for key in ("row", "column")]
    digit, near = digits[result["near"][0, 0]], result["near"][:, 1:]
    same = (digits[near] == digit).sum(axis=1)
    shared = len(np.intersect1d(*near))
    return Tiles(
        "pair",
        tiles,
        alt=f"Above, distances between 110 test digits in order of their class, dark is near: "
        f"{titles[0]} at the left, {titles[1]} at the right. Below, a {digit} and its "
        f"{NEIGHBOURS} nearest; {same[0]} and {same[1]} show the same digit, and {shared} are the "
        "same images.",
        captions=tuple(titles),
        gap=4,
        half=True,
    )
