"""A probe reads a property off a layer. Does the network use it? Take it away and look.

From the code h of a layer, the part that says something about a property is moved,

    h' = h - strength (h - mean) B^T A^T,

where A and B come from training images (LEACE): at strength 1 no matrix reads the property any
more, at 2 it is mirrored, so that the probe reads left for right. The rest of the network then goes
on with h'. For comparison as many directions at random are moved likewise.
"""

import numpy as np

from widgets.contract import (
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    INK_2,
    INK_3,
    MUTED,
    Choice,
    Frame,
    Instrument,
    Plot,
    Readout,
    Slider,
)
from widgets.data import load
from widgets.figures import axis, dots, figure, label, line, segment
from widgets.probe import scores

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
        Readout("random", "Random directions", "%", ".1f"),
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
        (11,); ``random``, the same where as many directions at random are moved, (5, 11);
        ``now``, both at ``strength``; ``true`` and ``read``, the property and what its probe reads
        off the moved codes: px to the right, px of width, or 1 for each digit, (500,); ``share``
        of the property's variance that is read; ``rank``, how many directions are moved; ``moved``,
        the length of what is taken away, as a share of that of the centred code.
    """
    data = load("mnist_confound")
    h = data[f"{layer}_codes"].astype(float)
    centred = h - data[f"{layer}_mean"]
    a, b = data[f"{layer}_{erased}_a"], data[f"{layer}_{erased}_b"]
    rank = a.shape[1]
    part = centred @ b.T @ a.T  # what is said of the property, (500, k)
    labels = data["labels"]
    directions = [(a, b)]
    for a, b in zip(data[f"{layer}_random_a"], data[f"{layer}_random_b"], strict=True):
        directions.append((a[:, :rank], b[:rank]))
    named = answers(layer, h, centred, directions) == labels  # (6, strengths, 500)
    right = named.mean(axis=2)
    true = np.eye(10)[labels] if erased == "digit" else data[erased].astype(float)
    probe = data[f"{layer}_{erased}_w"], data[f"{layer}_{erased}_c"]
    read = scores(h - strength * part, probe)
    off = np.sum((read - true) ** 2) / np.sum((true - true.mean(axis=0)) ** 2)
    at = int(np.argmin(np.abs(STRENGTHS - strength)))
    return {
        "layer": layer,
        "erased": erased,
        "strength": strength,
        "right": right[0],
        "random": right[1:],
        "now": np.array([right[0, at], right[1:, at].mean()]),
        "true": true[np.arange(len(true)), labels] if erased == "digit" else true[:, 0],
        "read": read[np.arange(len(true)), labels] if erased == "digit" else read[:, 0],
        "share": 1 - off,
        "rank": rank,
        "moved": strength * np.linalg.norm(part) / np.linalg.norm(centred),
        "labels": labels,
    }


def answers(layer, h, centred, directions):
    """What the rest of the network answers, as directions (a, b) of a layer are moved.

    Returns
    -------
    ndarray of shape (directions, 11, m), for each of STRENGTHS
    """
    weights = load("mnist_network_shifts")
    kernel = weights["w2"] if layer == "conv2" else weights["w3"]
    start = h @ kernel
    found = []
    for a, b in directions:
        step = centred @ b.T @ (a.T @ kernel)  # linear in the strength, so once is enough
        answer = start - STRENGTHS[:, None, None] * step  # (11, m, units)
        if layer == "conv2":
            answer = (answer + weights["b2"]).clip(0) @ weights["w3"]
        found.append((answer + weights["b3"]).argmax(axis=2))
    return np.array(found)


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
        height=560,
        shapes=shapes,
    )


def read_alt(result):
    """The dots in words."""
    return (
        f"What a probe reads of the {PROPERTIES[result['erased']].lower()} off 500 codes, against "
        f"what is true: {100 * result['share']:.0f} % of the variance."
    )


def named_figure(result):
    """Digits that the network names, by strength."""
    right, random = 100 * result["right"], 100 * result["random"]
    now = result["strength"]
    far = now + 1e-9 > STRENGTHS  # what lies ahead is for the reader to say
    return figure(
        [
            *(line(STRENGTHS[far], each[far], MUTED, width=1.2) for each in random),
            line(STRENGTHS[far], right[far], DATA_2),
            dots([now], [100 * result["now"][0]], DATA_2, size=11, ring=2, cliponaxis=False),
        ],
        axis(0, 2, "strength", tickvals=[0, 1, 2], ticktext=["0", "1: erased", "2"]),
        axis(0, 100, "digits named right by the network, %", dtick=20),
        height=560,
        shapes=[segment((1, 1), (0, 100), INK_3, dash="dot")],
        labels=[
            label(
                PROPERTIES[result["erased"]].lower(), 0.1, 0, DATA_2_TEXT, xanchor="left", yshift=28
            ),
            label(
                f"{result['rank']} directions at random", 0.1, 0, INK_2, xanchor="left", yshift=12
            ),
        ],
    )


def named_alt(result):
    """The curves in words."""
    right, random = 100 * result["now"]
    return (
        f"At strength {result['strength']:.1f} the network names {right:.1f} % of the digits; with "
        f"{result['rank']} directions at random instead, {random:.1f} %."
    )


def note(result):
    """What holds at the end of the scale and at its middle."""
    if abs(result["strength"] - 1) < 1e-9:
        return "Erased: fitted anew, no matrix reads more of it than the mean, on training images."
    return ""
