"""Flat maps of codes, and what such a map preserves.

A map gives each code h a place y in the plane. Two scores ask about neighbours. Let U be the images
that are among the k nearest to image i on the map, without being so in the code, and r(i, j) the
rank of j among the neighbours of i in the code. With n images,

    trustworthiness = 1 - 2 / (n k (2 n - 3 k - 1)) sum_i sum_{j in U_i} (r(i, j) - k).

Continuity is the same with map and code exchanged. Neither asks how far classes lie from each other
or how wide they are; the third picture does, for the means of the classes, |m_a - m_b|, and for
the root mean square distance of a class from its mean.
"""

import numpy as np

from widgets.contract import (
    ACCENT,
    CLASS_0,
    CLASS_1,
    CLASS_2,
    CLASS_3,
    CLASS_4,
    CLASS_5,
    CLASS_6,
    CLASS_7,
    CLASS_8,
    CLASS_9,
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    INK_2,
    INK_3,
    PAPER,
    YOURS,
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
from widgets.kit.benchmark_codes import encoder_of
from widgets.kit.figures import axis, circle, dots, equal, figure, label, line
from widgets.kit.network import SIDE, encode

CODES = {
    "pixels": "Pixels",
    "vae": "VAE",
    "network": "Network",
    "contrastive": "Contrastive",
    "masked": "Masked",
    "shuffled": "Shuffled",
}
NEAREST = 10  # neighbours that count
PERPLEXITIES = (5.0, 30.0, 100.0)
STARTS = {"0": "Seed 0", "1": "Seed 1", "2": "Seed 2", "pca": "PCA"}
REACH = 50.0  # the longer side of a map runs from -50 to 50
EDGE = 53.0
SHOWN = 6  # images in a row
ROWS = SHOWN - 2  # of them; more would push the sliders off the screen
FARTHEST = 2.7  # end of the axes of distances
COLORS = (
    *(CLASS_0, CLASS_1, CLASS_2, CLASS_3, CLASS_4),
    *(CLASS_5, CLASS_6, CLASS_7, CLASS_8, CLASS_9),
)
TSNE = ("way", "tsne")

instrument = Instrument(
    name="code_map",
    title="A map of codes",
    challenge="Pick two classes that lie side by side on this map. Say whether they will with "
    "another seed, and whether they are close in the code; then change the start.",
    controls=(
        Choice("code", "Code", CODES, "network", yours=True),
        Choice("start", "Start", STARTS, "0", when=TSNE),
        Slider("perplexity", "Perplexity", default=30.0, values=PERPLEXITIES, when=TSNE),
        Choice("way", "Map", {"tsne": "t-SNE", "pca": "PCA"}, "tsne"),
        Slider("radius", "Lens", default=8.0, min=2.0, max=20.0, step=1.0),
        Point("at", "Lens at", (18.0, 2.0), limit=REACH, panel="map", step=0.5, hover=True),
    ),
    readouts=(
        Readout("selected", "In the lens"),
        Readout("kept", "Neighbours kept here"),
        Readout("trustworthiness", "Trustworthiness", format=".3f"),
        Readout("continuity", "Continuity", format=".3f"),
    ),
    references=("vandermaaten2008",),
)


def compute(*, code, start, perplexity, way, radius, at):
    """Look at one map through a lens.

    Parameters
    ----------
    code : str, a key of CODES, or "yours", of which there is the map by PCA alone
    start : str, a key of STARTS, where t-SNE begins
    perplexity : float, of t-SNE
    way : "tsne" or "pca"
    radius : float, of the lens; the longer side of the map is 100
    at : pair of float, its middle

    Returns
    -------
    dict
        ``places``, (625, 2), in [-50, 50]; ``inside``, the images in the lens, the nearest to its
        middle first; ``near``, the image nearest to it; ``code_near`` and ``map_near``, that
        image's 10 nearest in the code and on the map; ``scores``, trustworthiness and continuity
        of the whole map; ``apart``, distances between class means in the code and on the map,
        (2, 45), and ``spread`` of the classes, (2, 10), each over the mean of the 45 distances.
    """
    gallery = load("mnist_gallery")
    labels = gallery["labels"]
    places, scores, code_near, in_code = (
        turned(encode(gallery["images"] / 255, encoder_of(load(YOURS))), labels)
        if code == YOURS
        else stored(code, start, perplexity, way)
    )
    away = np.linalg.norm(places - at, axis=1)
    order = np.argsort(away, kind="stable")
    near = order[0]
    gap = np.linalg.norm(places - places[near], axis=1)
    gap[near] = np.inf
    on_map = distances_of_classes(places, labels)
    return {
        "code": code,
        "way": way,
        "radius": radius,
        "at": np.array(at),
        "places": places,
        "labels": labels,
        "images": gallery["images"],
        "inside": order[away[order] <= radius],
        "near": int(near),
        "code_near": code_near[near],
        "map_near": np.argsort(gap, kind="stable")[:NEAREST],
        "scores": scores,
        "apart": np.stack([d / d.mean() for d, _ in (in_code, on_map)]),
        "spread": np.stack([s / d.mean() for d, s in (in_code, on_map)]),
    }


def stored(code, start, perplexity, way):
    """A precomputed map.

    Returns
    -------
    places : ndarray of shape (625, 2), in [-50, 50]
    scores : ndarray of shape (2,), trustworthiness and continuity
    near : ndarray of shape (625, 10), int, the nearest in the code, the nearest first
    in_code : as of `distances_of_classes`
    """
    data, which = load("code_map"), 0
    if way == "tsne":
        which = 1 + list(STARTS).index(start) * len(PERPLEXITIES) + PERPLEXITIES.index(perplexity)
    places = 2 * REACH * (data[f"{code}_maps"][which] / 1023) - REACH
    apart = data[f"{code}_centres"][np.triu_indices(10, 1)].astype(float)
    in_code = apart, data[f"{code}_spread"].astype(float)
    return places, data[f"{code}_scores"][which].astype(float), data[f"{code}_near"], in_code


def turned(codes, labels):
    """The same for a code of two numbers, (625, 2), which is its own map with all neighbours."""
    centred = codes - codes.mean(axis=0)
    places = centred @ np.linalg.svd(centred, full_matrices=False)[2].T
    low, high = places.min(axis=0), places.max(axis=0)
    places = 2 * REACH * (places - (low + high) / 2) / np.ptp(places, axis=0).max()
    gaps = np.linalg.norm(codes[:, None] - codes, axis=2)
    np.fill_diagonal(gaps, np.inf)
    near = np.argsort(gaps, axis=1, kind="stable")[:, :NEAREST]
    return places, np.ones(2), near, distances_of_classes(codes, labels)


def distances_of_classes(h, labels):
    """Distances between the means of ten classes, (45,), and the spread of each, (10,)."""
    means = np.stack([h[labels == k].mean(axis=0) for k in range(10)])
    off = np.sum((h - means[labels]) ** 2, axis=1)
    spread = np.sqrt([off[labels == k].mean() for k in range(10)])
    return np.linalg.norm(means[:, None] - means, axis=-1)[np.triu_indices(10, 1)], spread


def frame(result):
    """The map, the images in the lens, and distances on the map against distances in the code."""
    inside, labels = result["inside"], result["labels"]
    selected = "none"
    if len(inside):
        counts = np.bincount(labels[inside], minlength=10)
        most = counts.argmax()
        selected = f"{len(inside)}, {counts[most]} show {most}"
    trustworthiness, continuity = result["scores"]
    return Frame(
        readouts={
            "selected": selected,
            "kept": f"{kept(result)} of {NEAREST}",
            "trustworthiness": trustworthiness,
            "continuity": continuity,
        },
        panels=[
            Plot("map", map_figure(result), map_alt(result), half=True),
            tiles(result),
            Plot("distances", distances_figure(result), distances_alt(result)),
        ],
        note=note(result),
    )


def kept(result):
    """How many of the image's nearest in the code are among its nearest on the map."""
    return len(np.intersect1d(result["code_near"], result["map_near"]))


def map_figure(result):
    """All images as dots, the lens, and lines from one image to its nearest in the code."""
    places, labels, near = result["places"], result["labels"], result["near"]
    ends = places[result["code_near"]]
    lines = np.full((3 * NEAREST, 2), np.nan)
    lines[::3], lines[1::3] = places[near], ends
    return figure(
        [
            *(dots(*places[labels == k].T, COLORS[k], size=4) for k in range(10)),
            line(*lines.T, INK_2, width=1),
            dots(*places[[near]].T, INK_2, size=8, ring=2),
        ],
        *equal(axis(-EDGE, EDGE, visible=False), axis(-EDGE, EDGE, visible=False)),
        height=470,
        left=8,
        right=8,
        top=8,
        bottom=8,
        shapes=[circle(result["at"], result["radius"], ACCENT, width=2)],
        labels=[
            label(f"<b>{k}</b>", *np.median(places[labels == k], axis=0), COLORS[k], bgcolor=PAPER)
            for k in range(10)
        ],
    )


def map_alt(result):
    x, y = result["at"]
    digit = result["labels"][result["near"]]
    return (
        f"{len(result['places'])} test digits as dots, coloured by class, with a lens at "
        f"({x:.0f}, {y:.0f}) that holds {len(result['inside'])} of them. Lines lead from the one "
        f"nearest to its middle, a {digit}, to its {NEAREST} nearest in the code, {kept(result)} "
        "of which are among its nearest here."
    )


def tiles(result):
    """Above: an image and its nearest in the code; below: what is in the lens."""
    x, inside = result["images"], result["inside"]
    above = np.concatenate([[result["near"]], result["code_near"]])
    below = inside[: SHOWN * (ROWS - 2)]
    images = np.zeros((ROWS * SHOWN, SIDE, SIDE), np.uint8)
    images[: len(above)] = x[above]
    images[2 * SHOWN : 2 * SHOWN + len(below)] = x[below]
    digits = " ".join(map(str, result["labels"][result["code_near"]]))
    return Tiles(
        "images",
        images.reshape(ROWS, SHOWN, SIDE, SIDE),
        alt=f"In the first two rows, the {result['labels'][result['near']]} nearest to the lens's "
        f"middle and its {NEAREST} nearest in the code, which show {digits}. Below, "
        f"{len(below)} of the {len(inside)} images in the lens.",
        captions=("one, and its nearest in the code; below, in the lens",),
        gap=1,
        half=True,
    )


def distances_figure(result):
    """Distances between classes, and their spreads, in the code and on the map."""
    apart, spread = result["apart"].clip(0, FARTHEST), result["spread"].clip(0, FARTHEST)
    return figure(
        [
            line([0, FARTHEST], [0, FARTHEST], INK_3, width=1, dash="dot"),
            dots(*apart, DATA_1, size=7, ring=1),
            dots(*spread, DATA_2, size=7, ring=1),
        ],
        axis(0, FARTHEST, "in the code, × mean distance", dtick=1),
        axis(0, FARTHEST, "on the map, × mean distance", dtick=1),
        height=180,
        labels=[
            label(
                f"between classes, r = {correlation(result['apart']):.2f}".replace("-", "−"),
                FARTHEST,
                0.45,
                DATA_1,
                xanchor="right",
                bgcolor=PAPER,
            ),
            label(
                f"within, r = {correlation(result['spread']):.2f}".replace("-", "−"),
                FARTHEST,
                0.12,
                DATA_2_TEXT,
                xanchor="right",
                bgcolor=PAPER,
            ),
        ],
    )


def correlation(pair):
    """Pearson's correlation of two rows."""
    return np.corrcoef(pair)[0, 1]


def distances_alt(result):
    return (
        "Distances on the map against distances in the code: between the 45 pairs of classes the "
        f"correlation is {correlation(result['apart']):.2f}, of the ten classes' own widths "
        f"{correlation(result['spread']):.2f}. On the dotted line the two would agree."
    )


def note(result):
    """What is special about a code."""
    if result["code"] == "shuffled":
        return (
            "In this code no two numbers know of each other: each was permuted among the images. "
            "Whatever shape you see, the map has made."
        )
    if result["code"] == YOURS:
        return (
            "Yours has learned from strokes, and has two numbers: the map is the code itself, "
            "turned. The maps by t-SNE were made beforehand, so there is none of yours."
        )
    if result["code"] == "vae" and result["way"] == "pca":
        return "This code has two numbers, so here the map is the code itself, turned."
    return ""
