"""One head of attention by hand: a query asks six keys, and gets a weighted mean of their values.

A query q and the keys k_i have w = 2 numbers each. How well a key fits is its score, the inner
product q . k_i. Softmax turns scores into weights, and the output is the mean of the values v_i by
these weights:

    a_i = exp(q . k_i / tau) / sum_j exp(q . k_j / tau),    output = sum_i a_i v_i.

In a transformer tau is sqrt(w). For tau -> 0 all weight goes to the best score, and attention is a
lookup; for tau -> infinity all weights are 1/6, and the output is the mean of the values, whatever
was asked. The weights never contain a value: a key decides how much is fetched, a value what.

The largest score of all is always at a corner of the convex hull of the keys. So a lookup never
returns a key inside it: for every query another key fits better.
"""

import math

import numpy as np

from widgets.contract import (
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    INK,
    INK_2,
    INK_3,
    MUTED,
    PAPER,
    Frame,
    Instrument,
    Plot,
    Point,
    Readout,
    Slider,
)
from widgets.kit.figures import axis, bars, dots, equal, figure, label, line, segment

ITEMS = ("mouse", "cat", "wolf", "bear", "elephant", "horse")
KEYS = np.array([(-1.0, -0.3), (-0.95, 0.31), (-0.1, 1.1), (0.8, 0.9), (1.2, 0.1), (0.6, -0.9)])
"""What an item is found by: from small to large, and from tame to wild."""
VALUES = np.array([(1.9, 1.3), (-2.0, -1.2), (2.1, -1.1), (-1.9, 1.4), (0.1, -1.9), (0.2, 1.9)])
"""What it hands over: its place on the map of a zoo."""
CAT = ITEMS.index("cat")
WIDTH = KEYS.shape[1]
BARE = {"showticklabels": False, "showgrid": False}  # axes whose numbers mean nothing
REACH = 2.0  # of the query
EDGE = 2.6  # of the map
TEMPERATURES = (0.0, 0.1, 0.2, 0.5, 1.0, round(math.sqrt(WIDTH), 2), 2.0, 5.0, 20.0, 100.0)

instrument = Instrument(
    name="attention",
    title="Attention by hand",
    challenge="Ask for something small and wild: drag the query to the upper left. Which animal "
    "gets the largest weight? Say first whether any query can find the cat.",
    controls=(
        Slider(
            "temperature",
            "Temperature",
            default=round(math.sqrt(WIDTH), 2),
            values=TEMPERATURES,
            symbol=r"\tau",
        ),
        Point(
            "query",
            "Query",
            default=(1.0, 1.6),
            limit=REACH,
            panel="keys",
            symbol=r"\mathbf{q}",
        ),
        Slider(
            "length",
            "Length of the cat’s key",
            default=0.5,
            min=0.1,
            max=1.5,
            step=0.1,
            format=".1f",
        ),
    ),
    readouts=(
        Readout("largest", "Largest weight", "%", ".0f"),
        Readout("asked", "Weights spread over", "items", ".2f"),
        Readout("cat", "Weight of the cat", "%", ".0f"),
        Readout("away", "Output to the nearest value", "away"),
    ),
    references=("vaswani2017", "bahdanau2015"),
)


def compute(*, temperature, query, length):
    """Weights and output of one query.

    Parameters
    ----------
    temperature : float, tau; 0 is the limit, a lookup
    query : pair of float
    length : float, of the cat's key, whose direction stays

    Returns
    -------
    dict
        ``keys``, (6, 2); ``scores`` and ``weights``, (6,); ``output``, (2,); ``asked``, the
        exponential of the weights' entropy, from 1 to 6 items; ``away``, the distance from the
        output to the nearest value.
    """
    keys = KEYS.copy()
    keys[CAT] *= length / np.linalg.norm(keys[CAT])
    scores = keys @ np.asarray(query, float)
    weights = attention_weights(scores, temperature)
    output = weights @ VALUES
    positive = weights[weights > 0]
    return {
        "keys": keys,
        "query": np.asarray(query, float),
        "temperature": temperature,
        "scores": scores,
        "weights": weights,
        "output": output,
        "asked": math.exp(-np.sum(positive * np.log(positive))),
        "away": float(np.linalg.norm(VALUES - output, axis=1).min()),
        "length": length,
    }


def attention_weights(scores, temperature):
    """Softmax of scores over a temperature; at 0 the best scores share all weight.

    Parameters
    ----------
    scores : ndarray of shape (n,)
    temperature : float, >= 0

    Returns
    -------
    ndarray of shape (n,), >= 0, sum 1
    """
    off = scores - scores.max()  # does not change the weights, and keeps exp from overflowing
    if temperature == 0:
        best = (off > -1e-9).astype(float)
        return best / best.sum()
    e = np.exp(off / temperature)
    return e / e.sum()


def frame(result):
    """What is asked on the left, what is fetched on the right, and the weights between them."""
    return Frame(
        readouts={
            "largest": 100 * result["weights"].max(),
            "asked": result["asked"],
            "cat": 100 * result["weights"][CAT],
            "away": result["away"],
        },
        panels=[
            Plot("keys", keys_figure(result), keys_alt(result), half=True),
            Plot("values", values_figure(result), values_alt(result), half=True),
            Plot("weights", weights_figure(result), weights_alt(result)),
        ],
        note=note(result),
    )


def arrow(end, color, width):
    """A line from the origin with a head."""
    size = math.hypot(*end)
    along = np.array(end) / size if size else np.zeros(2)
    across = np.array([-along[1], along[0]])
    head = np.array([end - 0.14 * along + 0.07 * across, end, end - 0.14 * along - 0.07 * across])
    return [
        line([0, end[0]], [0, end[1]], color, width=width),
        line(head[:, 0], head[:, 1], color, width=width),
    ]


def keys_figure(result):
    """Keys and query as arrows; at right angles to the query all scores are 0."""
    keys, query = result["keys"], result["query"]
    parts = [part for key in keys for part in arrow(key, DATA_1, 1.5)]
    size = math.hypot(*query)
    across = 4 * np.array([-query[1], query[0]]) / size if size else np.zeros(2)
    side = [
        label(name, *(1.18 * key), DATA_1, **away(key))
        for name, key in zip(ITEMS, keys, strict=True)
    ]
    return figure(
        [
            line([-across[0], across[0]], [-across[1], across[1]], MUTED, dash="dot", width=1.5),
            *parts,
            line([0, query[0]], [0, query[1]], DATA_2, width=3),
            dots([query[0]], [query[1]], DATA_2, size=12, ring=2),
        ],
        *equal(
            axis(-2.1, 2.1, "small to large", **BARE),
            axis(-2.1, 2.1, "tame to wild", **BARE),
        ),
        height=560,
        left=16,
        right=16,
        labels=[
            *side,
            label(
                "<b>query</b>",
                *query,
                DATA_2_TEXT,
                yshift=18 if query[1] >= 0 else -18,
            ),
        ],
    )


def away(point):
    """Anchors of a label on the far side of a point, seen from the origin."""
    across = "left" if point[0] > 0.3 else "right" if point[0] < -0.3 else "center"
    return {"xanchor": across, "yanchor": "bottom" if point[1] > 0 else "top"}


def keys_alt(result):
    scores = ", ".join(
        f"{name} {score:.2f}" for name, score in zip(ITEMS, result["scores"], strict=True)
    )
    x, y = result["query"]
    return (
        f"Six keys as arrows from the middle of a plane, small to large and tame to wild, and a "
        f"query at ({x:.1f}, {y:.1f}). Inner products with it: {scores}."
    )


def values_figure(result):
    """The map: each value is a dot as large as its weight, the output a square among them."""
    weights, output = result["weights"], result["output"]
    square = {"color": DATA_2, "size": 12, "symbol": "square", "line": {"color": PAPER, "width": 2}}
    pulls = [
        line([output[0], x], [output[1], y], MUTED, width=max(0.5, 6 * weight))
        for (x, y), weight in zip(VALUES, weights, strict=True)
    ]
    return figure(
        [
            *pulls,
            dots(VALUES[:, 0], VALUES[:, 1], DATA_1, size=(6 + 22 * np.sqrt(weights)).round(1)),
            dots([output[0]], [output[1]], DATA_2, marker=square),
        ],
        *equal(
            axis(-EDGE, EDGE, "map of the zoo, west to east", **BARE),
            axis(-EDGE, EDGE, "south to north", **BARE),
        ),
        height=560,
        left=16,
        right=16,
        labels=[
            *(
                label(name, x, y, INK_2, yshift=22 if y > 0 else -22)
                for name, (x, y) in zip(ITEMS, VALUES, strict=True)
            ),
            label("<b>output</b>", *output, DATA_2_TEXT, yshift=16),
        ],
    )


def values_alt(result):
    x, y = result["output"]
    name = ITEMS[int(np.linalg.norm(VALUES - result["output"], axis=1).argmin())]
    return (
        f"A map with the places of six animals. The output, their weighted mean, is at ({x:.2f}, "
        f"{y:.2f}), {result['away']:.2f} from the {name}."
    )


def weights_figure(result):
    """A bar for each item."""
    weights, places = result["weights"], np.arange(len(ITEMS))
    return figure(
        [bars(places, weights, DATA_1)],
        axis(-0.6, 5.6, tickvals=places, ticktext=ITEMS),
        axis(0, 1.1, "weight", tickvals=[0, 0.5, 1]),
        height=200,
        bottom=26,
        shapes=[segment((-0.6, 5.6), (1 / 6, 1 / 6), INK_3, dash="dot")],
        labels=[
            label(f"{weight:.2f}", place, weight, INK, yshift=9)
            for place, weight in enumerate(weights)
        ],
    )


def weights_alt(result):
    shares = ", ".join(
        f"{name} {weight:.2f}" for name, weight in zip(ITEMS, result["weights"], strict=True)
    )
    return f"Bars of the weights, which add up to 1: {shares}. A dotted line is at one sixth."


def note(result):
    """What is special about a setting."""
    if not result["query"].any():
        return "A query of zeros fits every key equally: the output is the mean of all values."
    if result["temperature"] == 0:
        return "A lookup: the value of the best key and nothing else."
    if result["temperature"] == TEMPERATURES[-1]:
        return "Nearly the mean of all values, whatever is asked."
    return ""
