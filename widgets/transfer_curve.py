"""How useful a network trained on digits is for clothes, and vice versa, by number of labels.

A convolutional network has learned to name one kind of image. For the other kind, with n labels of
each class, one may freeze its layers and fit a head to their output,

    y_hat = softmax(h W + b),  h = f(x),

or train all layers further from there, or train the same network from new weights. The curves were
recorded, with several networks and draws of labels. The head at the right is fitted here, by
gradient descent with momentum on cross-entropy plus 10 |W|^2 / (2 N) over the N labelled images.
"""

from functools import lru_cache

import numpy as np

from widgets.contract import (
    CLASS_2,
    CLASS_3,
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
    Seed,
    Slider,
)
from widgets.data import load
from widgets.kit.figures import axis, dots, figure, label, line

SIZES = (1, 3, 10, 30, 100, 300, 1000)
METHODS = {
    "maps": "frozen, 256 maps",
    "features": "frozen, 32 features",
    "untrained": "frozen, untrained",
    "fine_tuned": "fine-tuned",
    "head_first": "head first",
    "scratch": "from scratch",
}
SHOWN = {
    "maps": (DATA_1, DATA_1, "solid"),
    "features": (DATA_1, DATA_1, "dot"),
    "untrained": (INK_3, INK_3, "dot"),
    "fine_tuned": (CLASS_3, CLASS_3, "solid"),
    "head_first": (CLASS_2, CLASS_2, "dash"),
    "scratch": (DATA_2, DATA_2_TEXT, "solid"),
}
PENALTY = 10.0  # of all weights together, shared by the labelled images
CLASSES, POOL = 10, 50  # labelled images of each class to draw from
MOST = 10  # of each class that the page draws
SEEN = (0, 1, 3, 10, 30)  # steps after which the head is tried

instrument = Instrument(
    name="transfer_curve",
    title="Frozen, fine-tuned, from scratch",
    challenge="Order the methods at 10 labels of each class, and say which will lead at 1,000. "
    "Then move the slider, and turn the task round.",
    controls=(
        Slider("labels", "Labels of each class", default=1, values=SIZES, symbol="n"),
        Choice(
            "target",
            "Task",
            {"fashion_mnist": "Digits to clothes", "mnist": "Clothes to digits"},
            "fashion_mnist",
        ),
        Choice("test", "Test images", {"centred": "As they are", "shifted": "Shifted"}, "centred"),
        Choice("layer", "Head here on", {"maps": "256 maps", "features": "32 features"}, "maps"),
        Slider("steps", "Steps of the head", default=30, values=SEEN),
        Seed("draw", "Draw of labels", default=0),
    ),
    readouts=(
        Readout("frozen", "Frozen, 256 maps", "%", ".1f"),
        Readout("fine_tuned", "Fine-tuned", "%", ".1f"),
        Readout("scratch", "From scratch", "%", ".1f"),
        Readout("here", "Head trained here", "%", ".1f"),
    ),
    references=("yosinski2014", "kumar2022"),
)


def compute(*, labels, target, test, layer, steps, draw):
    """Look up the curves, and train a head on one draw of labels.

    Parameters
    ----------
    labels : int, of each class, one of SIZES
    target : "fashion_mnist" or "mnist", what is to be named; the network was trained on the other
    test : "centred" or "shifted" by up to 4 px
    layer : "maps" or "features", what the head is fitted to
    steps : int, of its training
    draw : int, seed of the draw of labels; with more than MOST labels of each class, of MOST

    Returns
    -------
    dict
        ``accuracy`` of METHODS by number of labels and seed, (6, 7, seeds); ``seen``, the steps at
        which the head was tried, and ``known`` and ``new``, the shares of its labelled images and
        of 500 test images, as they are, that it names right then.
    """
    data = load("transfer")
    h, wanted = layers_of(target)[layer], data[f"{target}_labels"]
    rng = np.random.default_rng(draw)
    used = min(labels, MOST)
    rows = np.concatenate(
        [k * POOL + rng.permutation(POOL)[:used] for k in range(CLASSES)]  # pool: class by class
    )
    tested = slice(CLASSES * POOL, None)
    seen, known, new = [], [], []
    for step, (weights, bias) in enumerate(heads(h[rows], wanted[rows], steps)):
        if step in SEEN:
            seen.append(step)
            known.append(right(h[rows] @ weights + bias, wanted[rows]))
            new.append(right(h[tested] @ weights + bias, wanted[tested]))
    direction = ("fashion_mnist", "mnist").index(target)
    return {
        "accuracy": data["accuracy"][direction, ..., int(test == "shifted")].astype(float),
        "which": SIZES.index(labels),
        "labels": labels,
        "used": used,
        "target": target,
        "test": test,
        "layer": layer,
        "seen": np.array(seen),
        "known": np.array(known),
        "new": np.array(new),
    }


@lru_cache(maxsize=2)
def layers_of(target):
    """The frozen layers' answers to the page's images, (1500, 256) and (1500, 32)."""
    data = load("transfer")
    maps = data[f"{target}_maps"] * data[f"{target}_unit"]
    features = (maps @ data[f"{target}_w"] + data[f"{target}_b"]).clip(0)
    return {"maps": maps, "features": features}


def heads(h, labels, steps):
    """Softmax regression: the head before the first step and after each.

    Parameters
    ----------
    h : ndarray of shape (N, k), codes; each unit is centred and scaled before it is used
    labels : ndarray of shape (N,), 0 to 9
    steps : int, of Nesterov's gradient descent

    Yields
    ------
    weights : ndarray of shape (k, 10)
    bias : ndarray of shape (10,)
    """
    mean = h.mean(axis=0)
    scale = h.std(axis=0) + 0.1 * h.std()  # a unit that hardly varies counts for less
    u = np.concatenate([(h - mean) / scale, np.ones((len(h), 1))], axis=1)
    wanted = np.eye(CLASSES)[labels]
    penalty = PENALTY / len(u)
    gram = u @ u.T if len(u) < u.shape[1] else u.T @ u
    steepest = 0.5 * np.linalg.eigvalsh(gram)[-1] / len(u) + penalty  # no curvature is larger
    w = ahead = np.zeros((u.shape[1], CLASSES))
    for step in range(steps + 1):
        weights = w[:-1] / scale[:, None]
        yield weights, w[-1] - mean @ weights
        odds = u @ ahead
        chance = np.exp(odds - odds.max(axis=1, keepdims=True))
        chance /= chance.sum(axis=1, keepdims=True)
        gradient = u.T @ (chance - wanted) / len(u) + penalty * ahead
        before, w = w, ahead - gradient / steepest
        ahead = w + step / (step + 3) * (w - before)


def fit_head(h, labels, steps):
    """The head after its last step, see :func:`heads`."""
    *_, last = heads(h, labels, steps)
    return last


def right(odds, labels):
    """Share of rows, (N, 10), whose largest entry is that of their label."""
    return np.mean(odds.argmax(axis=1) == labels)


def frame(result):
    """The curves as far as the slider has come, and the head that was trained here."""
    means = 100 * result["accuracy"][:, result["which"]].mean(axis=1)
    of = dict(zip(METHODS, means, strict=True))
    return Frame(
        readouts={
            "frozen": of["maps"],
            "fine_tuned": of["fine_tuned"],
            "scratch": of["scratch"],
            "here": 100 * result["new"][-1],
        },
        panels=[
            Plot("curves", curves_figure(result), curves_alt(result)),
            Plot("head", head_figure(result), head_alt(result), half=True),
        ],
        note=note(result),
    )


def curves_figure(result):
    """Accuracy by number of labels, as far as the slider has come: mean, and lowest to highest."""
    seen = slice(0, result["which"] + 1)
    x = np.log10(SIZES)[seen]
    low, high = ENDS[result["target"], result["test"]]
    traces, ends = [], []
    for m, (method, (color, ink, dash)) in enumerate(SHOWN.items()):
        values = 100 * result["accuracy"][m, seen]  # (sizes, seeds)
        mean = values.mean(axis=1)
        place = x + 0.012 * (2 * m - len(SHOWN) + 1)  # beside each other
        bars = np.full((3 * len(x), 2), np.nan)
        bars[::3] = np.stack([place, values.min(axis=1)], axis=1)
        bars[1::3] = np.stack([place, values.max(axis=1)], axis=1)
        traces += [
            line(*bars.T, color, width=1),
            line(place, mean, color, dash=dash),
            dots(place, mean, color, size=6),
        ]
        ends.append((mean[-1], METHODS[method], ink))
    return figure(
        traces,
        axis(
            -0.1,
            3.1,
            "labels of each class",
            tickvals=np.log10(SIZES).tolist(),
            ticktext=[f"{size:,}" for size in SIZES],
        ),
        axis(low, high, "test images named right, %", dtick=10),
        height=330,
        left=40,
        right=118,
        labels=[
            label(name, 3.1, y, ink, xanchor="left", xshift=4)
            for y, (_, name, ink) in zip(
                spaced([end for end, _, _ in ends], (high - low) / 12, low, high), ends, strict=True
            )
        ],
    )


ENDS = {
    ("fashion_mnist", "centred"): (40, 90),
    ("fashion_mnist", "shifted"): (20, 70),
    ("mnist", "centred"): (20, 100),
    ("mnist", "shifted"): (10, 80),
}
"""Ends of the axis of accuracy, %, by task and test images."""


def spaced(values, gap, low, high):
    """Places near the values, in their order, at least a gap apart."""
    order = np.argsort(values, kind="stable")
    places = np.array(values, float)[order]
    for i in range(1, len(places)):
        places[i] = max(places[i], places[i - 1] + gap)
    places -= max(0.0, places[-1] - high)
    for i in range(len(places) - 1, 0, -1):
        places[i - 1] = min(places[i - 1], places[i] - gap)
    out = np.empty_like(places)
    out[order] = np.maximum(places, low)
    return out


def curves_alt(result):
    means = 100 * result["accuracy"][:, result["which"]].mean(axis=1)
    said = ", ".join(
        f"{name} {mean:.1f} %" for name, mean in zip(METHODS.values(), means, strict=True)
    )
    return (
        f"With {result['labels']:,} labels of each class, share of test images named right, mean "
        f"over {result['accuracy'].shape[2]} seeds: {said}."
    )


def head_figure(result):
    """What the head that is trained here names right, by step."""
    place = np.arange(len(result["seen"]))  # the steps double, or so
    known, new = 100 * result["known"], 100 * result["new"]
    return figure(
        [
            line(place, known, MUTED),
            line(place, new, DATA_1),
            dots(place, known, MUTED, size=6),
            dots(place, new, DATA_1, size=6),
        ],
        axis(
            -0.3,
            len(SEEN) - 0.7,
            "steps of the head",
            tickvals=list(range(len(SEEN))),
            ticktext=[str(step) for step in SEEN],
        ),
        axis(0, 104, "named right, %", dtick=20),
        height=640,
        labels=[
            label(
                f"its {CLASSES * result['used']} labelled images",
                place[-1],
                known[-1],
                INK_2,
                xanchor="right" if len(place) > 3 else "left",
                yshift=-14,
            ),
            label(
                "new images",
                place[-1],
                new[-1],
                DATA_1,
                xanchor="right" if len(place) > 3 else "left",
                yshift=-14,
            ),
        ],
    )


def head_alt(result):
    return (
        f"After {result['seen'][-1]} steps the head on the {LAYERS[result['layer']]} names "
        f"{result['known'][-1]:.0%} of its {CLASSES * result['used']} labelled images right, and "
        f"{result['new'][-1]:.1%} of 500 test images."
    )


LAYERS = {"maps": "256 maps", "features": "32 features"}


def note(result):
    """What the head here has that the curves have not."""
    said = []
    if result["labels"] > MOST:
        said.append(
            f"The head here has {MOST} labels of each class: the page holds no more images."
        )
    if result["test"] == "shifted":
        said.append("The head here is asked about images as they are, all that the page holds.")
    return " ".join(said)
