"""A probe reads a property off a layer. Does the network use it? Erase it and see.

From the code h of a layer, the part that says something about a property is moved,

    h' = h - strength (h - mean) B^T A^T,

where A and B come from training images (LEACE): at strength 1 no matrix that is fitted again by
least squares reads the property, at 2 it is mirrored, so that the probe reads left for right. The
rest of the network then goes on with h'. A larger step does more harm, whatever its direction, so
for comparison random directions are erased too: as many as move the code equally far.
"""

from functools import lru_cache

import numpy as np

from widgets.contract import (
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    INK_2,
    INK_3,
    MUTED,
    PAPER,
    Choice,
    Frame,
    Instrument,
    Plot,
    Readout,
    Slider,
)
from widgets.data import load
from widgets.kit.figures import axis, dots, figure, label, line, segment
from widgets.kit.probe import scores

STRENGTHS = np.linspace(0, 2, 11)
SEEDS = 5  # of directions at random
LAYERS = {"conv2": "After convolution 2", "features": "Features"}
PROPERTIES = {"place": "Place", "width": "Stroke width", "digit": "Digit"}

instrument = Instrument(
    name="confound",
    title="Read and used",
    challenge="A probe reads the place off both layers. How many points does the network lose when "
    "the place is erased from one, and from the other? Write two numbers down, then erase it.",
    controls=(
        Slider("strength", "Erase", default=0.0, min=0.0, max=2.0, step=0.2, format=".1f"),
        Choice("layer", "Layer", LAYERS, "conv2"),
        Choice("erased", "Property", PROPERTIES, "place"),
    ),
    readouts=(
        Readout("read", "Probe reads", "%", ".0f"),
        Readout("right", "Network names", "%", ".1f"),
        Readout("random", "Random, as far", "%", ".1f"),
        Readout("moved", "Code moved by", "%", ".0f"),
    ),
    references=("belrose2023", "elazar2021"),
)


def compute(*, strength, layer, erased):
    """Move a property out of a layer and let the network go on.

    Parameters
    ----------
    strength : float, 0 to 2; 1 erases
    layer : "conv2" or "features"
    erased : "place", "width" or "digit"

    Returns
    -------
    dict
        ``right``, share of 500 shifted test digits that the network names, at each of STRENGTHS,
        (11,); ``random``, the same for directions at random that move the code about as far, (5,
        11), ``count``, how many they are, and ``far``, how far they move it at strength 1, (5,);
        ``now``, ``right`` and the mean of ``random`` at ``strength``; ``few``, the share named
        where only as many directions at random are erased as the property has, and how far that
        moves the code, (2, 5); ``true`` and ``read``, the property and what its probe reads off the
        moved codes: px to the right, px of width, or 1 for each digit, (500,); ``share`` of the
        property's variance that is read; ``rank``, how many directions the property has; ``length``
        of what is taken away at strength 1, as a share of that of the centred code, and ``moved``,
        that at ``strength``.
    """
    data = load("mnist_confound")
    h, labels = data[f"{layer}_codes"].astype(float), data["labels"]
    known = named(layer, erased)
    true = np.eye(10)[labels] if erased == "digit" else data[erased].astype(float)
    probe = data[f"{layer}_{erased}_w"], data[f"{layer}_{erased}_c"]
    read = scores(h - strength * known["part"], probe)
    off = np.sum((read - true) ** 2) / np.sum((true - true.mean(axis=0)) ** 2)
    at = int(np.argmin(np.abs(STRENGTHS - strength)))
    return {
        "layer": layer,
        "erased": erased,
        "strength": strength,
        **{key: known[key] for key in known if key != "part"},
        "now": np.array([known["right"][at], known["random"][:, at].mean()]),
        "true": true[np.arange(len(true)), labels] if erased == "digit" else true[:, 0],
        "read": read[np.arange(len(true)), labels] if erased == "digit" else read[:, 0],
        "share": 1 - off,
        "moved": strength * known["length"],
        "labels": labels,
    }


@lru_cache(maxsize=len(LAYERS) * len(PROPERTIES))
def named(layer, erased):
    """Parts independent of the strength: a property's component, and the network's answers."""
    data = load("mnist_confound")
    h = data[f"{layer}_codes"].astype(float)
    centred = h - data[f"{layer}_mean"]
    a, b = data[f"{layer}_{erased}_a"], data[f"{layer}_{erased}_b"]
    rank, part = a.shape[1], centred @ b.T @ a.T  # (500, k)
    whole = np.linalg.norm(centred)
    length = np.linalg.norm(part) / whole
    random, count, far, few = [], [], [], []
    for seed in range(SEEDS):
        turned, basis = at_random(layer, seed)
        lengths = np.sqrt(np.cumsum(np.sum(turned**2, axis=0))) / whole  # of 1, 2, ... directions
        many = int(np.argmin(np.abs(lengths - length))) + 1
        count.append(many)
        far.append(lengths[many - 1])
        random.append(right_along(layer, turned[:, :many] @ basis[:, :many].T, STRENGTHS))
        alone = right_along(layer, turned[:, :rank] @ basis[:, :rank].T, np.ones(1))
        few.append((alone[0], lengths[rank - 1]))
    return {
        "part": part,
        "right": right_along(layer, part, STRENGTHS),
        "random": np.array(random),
        "count": np.array(count),
        "far": np.array(far),
        "few": np.transpose(few),
        "rank": rank,
        "length": length,
    }


@lru_cache(maxsize=len(LAYERS) * SEEDS)
def at_random(layer, seed):
    """Orthonormal directions drawn among the units that ever answer, and the codes along them.

    Returns
    -------
    turned : ndarray of shape (500, units that answer)
    basis : ndarray of shape (k, units that answer)
    """
    data = load("mnist_confound")
    h = data[f"{layer}_codes"].astype(float)
    alive = np.flatnonzero(h.any(axis=0))
    basis = np.zeros((h.shape[1], len(alive)))
    drawn = np.random.default_rng(seed).normal(size=(len(alive), len(alive)))
    basis[alive] = np.linalg.qr(drawn)[0]
    return (h - data[f"{layer}_mean"]) @ basis, basis


def right_along(layer, part, strengths):
    """Share of the digits that the rest of the network names, as a part of a layer is taken away.

    Parameters
    ----------
    part : ndarray of shape (500, k)
    strengths : ndarray of shape (s,)

    Returns
    -------
    ndarray of shape (s,)
    """
    data, weights = load("mnist_confound"), load("mnist_network_shifts")
    kernel = weights["w2"] if layer == "conv2" else weights["w3"]
    start, step = data[f"{layer}_codes"].astype(float) @ kernel, part @ kernel
    answer = start - strengths[:, None, None] * step  # (s, 500, units)
    if layer == "conv2":
        answer = (answer + weights["b2"]).clip(0) @ weights["w3"]
    return np.mean((answer + weights["b3"]).argmax(axis=2) == data["labels"], axis=1)


def frame(result):
    """What the probe reads, and what the network then names."""
    right, random = 100 * result["now"]
    share = result["share"]
    return Frame(
        readouts={
            "read": max(0.0, 100 * share) if share > -0.005 else "worse than the mean",
            "right": right,
            "random": random,
            "moved": 100 * result["moved"],
        },
        panels=[
            Plot("read", read_figure(result), read_alt(result), half=True),
            Plot("named", named_figure(result), named_alt(result), half=True),
        ],
        note=note(result),
    )


def read_axes(result):
    """The axes of what is true and of what is read."""
    if result["erased"] == "digit":
        return axis(-0.6, 9.6, "digit", dtick=1), axis(-1, 2, "read for the true digit")
    place = result["erased"] == "place"
    low, high, name = (-6, 6, "px to the right") if place else (0, 6, "px wide")
    return axis(low, high, f"{name}, true"), axis(low, high, f"{name}, read")


def read_figure(result):
    """What the probe reads off the moved code, against what is true."""
    true, read = result["true"], result["read"]
    across, up = read_axes(result)
    if result["erased"] == "digit":
        true = result["labels"] + np.linspace(-0.3, 0.3, len(true))
        shapes = [segment((-0.6, 9.6), (level, level), INK_3, dash="dot") for level in (0, 1)]
    else:
        shapes = [segment(up["range"], up["range"], INK_3, dash="dot")]
    return figure(
        [dots(true, np.clip(read, *up["range"]), DATA_1, size=4, opacity=0.6)],
        across,
        up,
        height=610,
        shapes=shapes,
    )


def read_alt(result):
    return (
        f"What a probe reads of the {PROPERTIES[result['erased']].lower()} off 500 codes, against "
        f"what is true: {100 * result['share']:.0f} % of the variance."
    )


def named_figure(result):
    """Digits that the network names, by how far the code is moved."""
    right, random = 100 * result["right"], 100 * result["random"]
    named, length = 100 * result["few"]
    erased = 100 * result["length"]
    now, moved = 100 * result["moved"], erased * STRENGTHS
    far = now + 1e-9 > moved  # what lies ahead is for the reader to say
    seen = length < now
    return figure(
        [
            *(
                line((100 * long * STRENGTHS)[far], each[far], MUTED, width=1.2)
                for each, long in zip(random, result["far"], strict=True)
            ),
            dots(length[seen], named[seen], INK_2, size=6, ring=2),
            line(moved[far], right[far], DATA_2),
            dots([now], [100 * result["now"][0]], DATA_2, size=11, ring=2, cliponaxis=False),
        ],
        axis(0, 2 * max(erased, *(100 * result["far"])), "code moved by, % of its length"),
        axis(0, 100, "digits named right by the network, %", dtick=20),
        height=610,
        shapes=[segment((erased, erased), (0, 100), INK_3, dash="dot")],
        labels=[
            label(words, 0, 0, color, xanchor="left", xshift=8, yshift=up, bgcolor=PAPER)
            for words, color, up in (
                (PROPERTIES[result["erased"]].lower(), DATA_2_TEXT, 44),
                (f"{counted(result['count'])} at random", INK_2, 28),
                (f"dots: {result['rank']} at random", INK_2, 12),
            )
        ]
        + [label("erased", erased, 6, INK_3, xanchor="left", xshift=4)],
    )


def named_alt(result):
    right, random = 100 * result["now"]
    return (
        f"At strength {result['strength']:.1f} the network names {right:.1f} % of the digits; with "
        f"{counted(result['count'])} directions at random instead, which move the code as far, "
        f"{random:.1f} %. Only {result['rank']} at random, erased, leave "
        f"{100 * result['few'][0].mean():.1f} %."
    )


def counted(numbers):
    """How many directions, over several draws."""
    least, most = min(numbers), max(numbers)
    return f"{least}" if least == most else f"{least} to {most}"


def note(result):
    """What the probe is at this strength, and which dots the axis does not show."""
    said = []
    if abs(result["strength"] - 1) < 1e-9:
        said.append("Erased: least squares fitted again reads no more of it than the mean would.")
    elif result["strength"] > 0:
        said.append("This is the old probe: one fitted again reads the property as before.")
    low, high = read_axes(result)[1]["range"]
    beyond = np.sum((result["read"] < low) | (result["read"] > high))
    if beyond:
        said.append(f"Of the dots at the left {beyond} lie beyond the axis, drawn at its edge.")
    return " ".join(said)
