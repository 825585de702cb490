"""A probe reads a property off a layer. Does the network use it? Take it away and look.

From the code h of a layer, the part that says something about a property is moved,

    h' = h - strength (h - mean) B^T A^T,

where A and B come from training images (LEACE): at strength 1 no matrix reads the property any
more, at 2 it is mirrored, so that the probe reads left for right. The rest of the network then goes
on with h'. For comparison as many directions at random are moved, until the code has moved as far
as with the property: a larger step does more harm, whatever its direction.
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
LAYERS = {"conv2": "After convolution 2", "features": "Features"}
PROPERTIES = {"place": "Place", "width": "Stroke width", "digit": "Digit"}

instrument = Instrument(
    name="confound",
    title="Read and used",
    ask="A probe reads the place off both layers. How many points does the network lose when the "
    "place is erased from one, and from the other? Write two numbers down, then erase it.",
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
        (11,); ``random``, the same where as many directions at random move the code as far, (5,
        11); ``now``, both at ``strength``; ``likewise``, the same where directions at random are
        erased themselves, and how far that moves the code, (2, 5); ``true`` and ``read``, the
        property and what its probe reads off the moved codes: px to the right, px of width, or 1
        for each digit, (500,); ``share`` of the property's variance that is read; ``rank``, how
        many directions are moved; ``length`` of what is taken away at strength 1, as a share of
        that of the centred code, and ``moved``, that at ``strength``.
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
        **{key: known[key] for key in ("right", "random", "likewise", "rank", "length")},
        "now": np.array([known["right"][at], known["random"][:, at].mean()]),
        "true": true[np.arange(len(true)), labels] if erased == "digit" else true[:, 0],
        "read": read[np.arange(len(true)), labels] if erased == "digit" else read[:, 0],
        "share": 1 - off,
        "moved": strength * known["length"],
        "labels": labels,
    }


@lru_cache(maxsize=len(LAYERS) * len(PROPERTIES))
def named(layer, erased):
    """What does not depend on the strength: a property's part, and what the network names."""
    data = load("mnist_confound")
    h = data[f"{layer}_codes"].astype(float)
    centred = h - data[f"{layer}_mean"]
    a, b = data[f"{layer}_{erased}_a"], data[f"{layer}_{erased}_b"]
    rank, part = a.shape[1], centred @ b.T @ a.T  # (500, k)
    whole, length = np.linalg.norm(centred), np.linalg.norm(part)
    random, likewise = [], []
    for a, b in zip(data[f"{layer}_random_a"], data[f"{layer}_random_b"], strict=True):
        other = centred @ b[:rank].T.astype(float) @ a[:, :rank].T
        own = np.linalg.norm(other)
        *as_far, alone = right_along(layer, other, np.append(STRENGTHS * length / own, 1))
        random.append(as_far)
        likewise.append((alone, own / whole))
    return {
        "part": part,
        "right": right_along(layer, part, STRENGTHS),
        "random": np.array(random),
        "likewise": np.transpose(likewise),
        "rank": rank,
        "length": length / whole,
    }


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
    return Frame(
        readouts={
            "read": 100 * result["share"] if result["share"] > -1 else "worse than the mean",
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


def read_figure(result):
    """What the probe reads off the moved code, against what is true."""
    true, read, erased = result["true"], result["read"], result["erased"]
    if erased == "digit":
        across, up = axis(-0.6, 9.6, "digit", dtick=1), axis(-1, 2, "read for the true digit")
        true = result["labels"] + np.linspace(-0.3, 0.3, len(true))
        shapes = [segment((-0.6, 9.6), (level, level), INK_3, dash="dot") for level in (0, 1)]
    else:
        low, high, name = (-6, 6, "px to the right") if erased == "place" else (0, 6, "px wide")
        across, up = axis(low, high, f"{name}, true"), axis(low, high, f"{name}, read")
        shapes = [segment((low, high), (low, high), INK_3, dash="dot")]
    return figure(
        [dots(true, np.clip(read, *up["range"]), DATA_1, size=4, opacity=0.6)],
        across,
        up,
        height=610,
        shapes=shapes,
    )


def read_alt(result):
    """The dots in words."""
    return (
        f"What a probe reads of the {PROPERTIES[result['erased']].lower()} off 500 codes, against "
        f"what is true: {100 * result['share']:.0f} % of the variance."
    )


def named_figure(result):
    """Digits that the network names, by how far the code is moved."""
    right, random = 100 * result["right"], 100 * result["random"]
    named, length = 100 * result["likewise"]
    erased = 100 * result["length"]
    now, moved = 100 * result["moved"], erased * STRENGTHS
    far = now + 1e-9 > moved  # what lies ahead is for the reader to say
    seen = length < now
    return figure(
        [
            *(line(moved[far], each[far], MUTED, width=1.2) for each in random),
            dots(length[seen], named[seen], INK_2, size=6, ring=2),
            line(moved[far], right[far], DATA_2),
            dots([now], [100 * result["now"][0]], DATA_2, size=11, ring=2, cliponaxis=False),
        ],
        axis(0, 2 * erased, "code moved by, % of its length"),
        axis(0, 100, "digits named right by the network, %", dtick=20),
        height=610,
        shapes=[segment((erased, erased), (0, 100), INK_3, dash="dot")],
        labels=[
            label(words, 0, 0, color, xanchor="left", xshift=8, yshift=up, bgcolor=PAPER)
            for words, color, up in (
                (PROPERTIES[result["erased"]].lower(), DATA_2_TEXT, 44),
                (f"{result['rank']} at random", INK_2, 28),
                ("dots: these, erased", INK_2, 12),
            )
        ]
        + [label("erased", erased, 6, INK_3, xanchor="left", xshift=4)],
    )


def named_alt(result):
    """The curves in words."""
    right, random = 100 * result["now"]
    return (
        f"At strength {result['strength']:.1f} the network names {right:.1f} % of the digits; with "
        f"{result['rank']} directions at random instead, moved as far, {random:.1f} %. Erased "
        f"themselves, these leave {100 * result['likewise'][0].mean():.1f} %."
    )


def note(result):
    """What holds at the end of the scale and at its middle."""
    if abs(result["strength"] - 1) < 1e-9:
        return "Erased: fitted anew, no matrix reads more of it than the mean, on training images."
    return ""
