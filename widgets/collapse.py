"""Two views of a digit are to have the same embedding, and a constant would do: training it live.

An encoder takes a digit of 14 x 14 pixels to eight numbers, scaled to length 1:

    h = silu(x W0 + b0),  z = h W1 + b1,  u = z / |z|.

Two views of each of 64 digits are encoded, and each view is to predict the other. With the
predictor, p = q / |q|, q = silu(u P0 + c0) P1; without, p = u. The loss of one direction is

    1 - mean_i p_i . u'_i                                            without negatives,
    -mean_i log( exp(p_i . u'_i / tau) / sum_k exp(p_i . u'_k / tau) )     with them.

Both directions count half. With the stop-gradient u' counts as a constant. It may come from a
teacher, and then it always does: the same encoder with weights that are a moving average of its
own, after each step teacher = m teacher + (1 - m) theta. At m = 0 that is the encoder itself, at m
= 1 the one that it started as. Two more terms can be added, on sqrt(8) u, of which each number has
a standard deviation of 1 if the embeddings lie evenly on the sphere: the mean of max(0, 1 -
standard deviation), and the sum of the squared covariances of different numbers, divided by 8. Adam
descends it all, ten times as fast in the predictor.

A step is a pure function of the state before it, as in `train_vae`.
"""

import math
from functools import lru_cache

import numpy as np

from widgets.contract import (
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    INK_2,
    MUTED,
    RULE,
    Choice,
    Frame,
    Instrument,
    Plot,
    Readout,
    Seed,
    Slider,
    Toggle,
    Training,
)
from widgets.data import load
from widgets.kit.adam import adam, views
from widgets.kit.figures import axis, circle, dots, equal, figure, label, training_curves
from widgets.kit.network import silu, silu_slope
from widgets.kit.sphere import unit, unit_slope

SIDE, HIDDEN, NUMBERS, WIDE = 14, 64, 8, 16
PIXELS = SIDE * SIDE
TRAIN, BATCH = 500, 64  # digits to learn from; the other 125 are held out
TAU = 0.2
RATE, FASTER = 0.003, 10  # Adam's rate, and the predictor's as a multiple of it
PALEST = 0.6  # least ink of a view
MAX_STEPS = 1000
MEMORIES = (0.0, 0.5, 0.9, 0.99, 0.999, 1.0)
SHAPES = {
    "W0": (PIXELS, HIDDEN),
    "b0": (HIDDEN,),
    "W1": (HIDDEN, NUMBERS),
    "b1": (NUMBERS,),
    "P0": (NUMBERS, WIDE),
    "c0": (WIDE,),
    "P1": (WIDE, NUMBERS),
}
AFTER = ("branch", "on")

instrument = Instrument(
    name="collapse",
    title="Collapse",
    challenge="Five switches. Which of them keep the embeddings apart, alone or in pairs? Write it "
    "down, then run with none, with each, and with the pairs that you believe in.",
    controls=(
        Slider("steps", "Step", default=0, min=0, max=MAX_STEPS, step=1),
        Toggle("negatives", "Negatives"),
        Toggle("variance", "Variance"),
        Toggle("decorrelation", "Decorrelation"),
        Toggle("predictor", "Predictor"),
        Toggle("stop", "Stop-gradient"),
        Slider("memory", "Memory of the teacher", default=0.0, values=MEMORIES, symbol="m"),
        Seed(),
        Choice("branch", "Branch", {"off": "None", "on": "From a step on"}, "off"),
        Slider("at", "Branch at step", default=0, min=0, max=MAX_STEPS, step=1, when=AFTER),
        Toggle("later_negatives", "From there on: negatives", when=AFTER),
        Toggle("later_variance", "From there on: variance", when=AFTER),
        Toggle("later_decorrelation", "From there on: decorrelation", when=AFTER),
    ),
    readouts=(
        Readout("std", "Standard deviation", "of 1"),
        Readout("rank", "Effective rank", f"of {NUMBERS}"),
        Readout("apart", "Distance of two views", "", ".3f"),
        Readout("alike", "Neighbour alike", "%", ".0f"),
    ),
    references=("chen2021", "grill2020", "bardes2022"),
    training=Training(
        steps="steps",
        curve=("std", "rank"),
        branch="branch",
        at="at",
        later={
            "negatives": "later_negatives",
            "variance": "later_variance",
            "decorrelation": "later_decorrelation",
        },
        saves=False,
    ),
)


@lru_cache(maxsize=1)
def digits():
    """Test digits at half their size, and what they show.

    Returns
    -------
    images : ndarray of shape (625, SIDE, SIDE), in [0, 1]
    labels : ndarray of shape (625,)
    """
    gallery = load("mnist_gallery")
    images = (gallery["images"] / 255).reshape(-1, SIDE, 2, SIDE, 2).mean(axis=(2, 4))
    images.setflags(write=False)
    return images, gallery["labels"].astype(int)


def view(x, rng):
    """Each digit shifted by up to a pixel and paler by up to PALEST: (n, SIDE, SIDE), the same."""
    wide = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    down, right = rng.integers(0, 3, (2, len(x), 1, 1))
    place = np.arange(SIDE)
    moved = wide[np.arange(len(x))[:, None, None], down + place[:, None], right + place]
    return moved * rng.uniform(PALEST, 1, (len(x), 1, 1))


def rows(x):
    """Images as the encoder reads them: (n, PIXELS), without the mean digit."""
    return (x - digits()[0][:TRAIN].mean(axis=0)).reshape(len(x), PIXELS)


def unpack(theta):
    """The weights by name: views of theta."""
    return views(theta, SHAPES)


def start(*, seed, **switches):
    """The state before the first step: weights at random, Adam's averages at zero."""
    rng = np.random.default_rng(seed)
    theta = np.zeros(sum(map(math.prod, SHAPES.values())))
    for weights in unpack(theta).values():
        if weights.ndim == 2:
            weights[:] = rng.normal(0, 1 / np.sqrt(len(weights)), weights.shape)
    zero = np.zeros_like(theta)
    return {
        "t": 0,
        "theta": theta,
        "teacher": theta,
        "m": zero,
        "v": zero,
        "std": 0.0,
        "rank": 0.0,
    }


@lru_cache(maxsize=1)
def rates():
    """How fast Adam moves each weight."""
    each = np.full(sum(map(math.prod, SHAPES.values())), RATE)
    for name in ("P0", "c0", "P1"):
        unpack(each)[name][:] *= FASTER
    return each


def step(state, *, seed, memory=0.0, **switches):
    """One step of Adam on two views of one batch, with the spread of their embeddings."""
    t = state["t"] + 1
    rng = np.random.default_rng((seed, t))
    x = digits()[0][rng.integers(0, TRAIN, BATCH)]
    views = rows(np.concatenate([view(x, rng), view(x, rng)]))
    targets = encoded(state["teacher"], views) if memory > 0 else None
    _, gradient, u = loss_and_gradient(state["theta"], views, targets=targets, **switches)
    theta, m, v = adam(state["theta"], state["m"], state["v"], gradient, t, rates())
    return {
        "t": t,
        "theta": theta,
        "teacher": memory * state["teacher"] + (1 - memory) * theta,
        "m": m,
        "v": v,
        "std": spread(u),
        "rank": rank(u),
    }


def loss_and_gradient(
    theta, views, *, negatives, stop, variance, decorrelation, predictor, targets=None
):
    """The loss of two views of a batch, and its derivative by theta.

    Parameters
    ----------
    theta : ndarray, all weights
    views : ndarray of shape (2 n, PIXELS), the first views of n digits, then the second ones
    negatives, stop, variance, decorrelation, predictor : bool
    targets : ndarray of shape (2 n, NUMBERS), embeddings of the views by a teacher, through which
        no gradient goes; None: by theta

    Returns
    -------
    loss : float
    gradient : ndarray, as theta
    u : ndarray of shape (2 n, NUMBERS), the embeddings
    """
    w = unpack(theta)
    n = len(views) // 2
    a = views @ w["W0"] + w["b0"]
    h = silu(a)
    u, length = unit(h @ w["W1"] + w["b1"])
    if predictor:
        c = u @ w["P0"] + w["c0"]
        g = silu(c)
        p, p_length = unit(g @ w["P1"])
    else:
        p = u

    stop = stop or targets is not None
    targets = u if targets is None else targets
    loss, by_p, by_u = 0.0, np.zeros_like(u), np.zeros_like(u)
    one, other = slice(0, n), slice(n, 2 * n)
    for i, j in ((one, other), (other, one)):
        s = p[i] @ targets[j].T  # (n, n)
        if negatives:
            chances = softmax(s / TAU)
            loss -= np.log(np.diag(chances)).mean() / 2
            by_s = (chances - np.eye(n)) / (2 * TAU * n)
        else:
            loss += (1 - np.diag(s).mean()) / 2
            by_s = -np.eye(n) / (2 * n)
        by_p[i] += by_s @ targets[j]
        if not stop:
            by_u[j] += by_s.T @ p[i]

    gradient = np.zeros_like(theta)
    d = unpack(gradient)
    if predictor:
        by_q = unit_slope(by_p, p, p_length)
        d["P1"][:] = g.T @ by_q
        by_c = (by_q @ w["P1"].T) * silu_slope(c)
        d["P0"][:], d["c0"][:] = u.T @ by_c, by_c.sum(axis=0)
        by_u += by_c @ w["P0"].T
    else:
        by_u += by_p
    for i in (one, other):
        term, slope = regularised(u[i], variance, decorrelation)
        loss += term / 2
        by_u[i] += slope / 2
    by_z = unit_slope(by_u, u, length)
    d["W1"][:], d["b1"][:] = h.T @ by_z, by_z.sum(axis=0)
    by_a = (by_z @ w["W1"].T) * silu_slope(a)
    d["W0"][:], d["b0"][:] = views.T @ by_a, by_a.sum(axis=0)
    return loss, gradient, u


def regularised(u, variance, decorrelation):
    """The terms that look at all embeddings of a batch, and their slope by u, (n, NUMBERS)."""
    n, k = u.shape
    centred = math.sqrt(k) * (u - u.mean(axis=0))
    term, slope = 0.0, np.zeros_like(u)
    if variance:
        std = np.sqrt(np.mean(centred**2, axis=0) + 1e-4)
        term += np.maximum(0, 1 - std).mean()
        slope -= (std < 1) * centred / (std * n * k)
    if decorrelation:
        off = centred.T @ centred / n
        np.fill_diagonal(off, 0)
        term += np.sum(off**2) / k
        slope += 4 * centred @ off / (n * k)
    return term, math.sqrt(k) * slope


def softmax(s):
    """Rows of positive numbers that sum to 1."""
    e = np.exp(s - s.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def embedded(theta, x):
    """Embeddings of images (n, SIDE, SIDE): (n, NUMBERS), of length 1."""
    return encoded(theta, rows(x))


def encoded(theta, views):
    """Embeddings of images as the encoder reads them, (n, PIXELS): (n, NUMBERS), of length 1."""
    w = unpack(theta)
    return unit(silu(views @ w["W0"] + w["b0"]) @ w["W1"] + w["b1"])[0]


def spread(u):
    """Mean standard deviation of the numbers of sqrt(NUMBERS) u; 1 is even, 0 is a constant."""
    return float(math.sqrt(u.shape[1]) * u.std(axis=0).mean())


def rank(u):
    """How many directions the embeddings use, counted from the origin: 1 if all are one vector."""
    gram = u.T @ u
    return float(np.trace(gram) ** 2 / np.sum(gram**2))


def compute(state, curves, *, steps, branch, at, memory=0.0, stop=True, **settings):
    """Evaluate the embeddings of 125 held-out digits.

    Parameters
    ----------
    state : dict, as `step` returns it
    curves : list of dict, of this run, and, on a branch, of the run that it left
        ``std`` and ``rank`` of each batch, of shape (steps,).

    Returns
    -------
    dict
        ``std``, ``rank``; ``apart``, 1 - cosine of two views of a digit, mean; ``alike``, share of
        digits whose nearest by cosine, of those trained on, shows the same digit; ``u``, the
        embeddings, (125, NUMBERS); ``labels``.
    """
    images, labels = digits()
    u = embedded(state["theta"], images)
    rng = np.random.default_rng(0)
    pair = [embedded(state["theta"], view(images[TRAIN:], rng)) for _ in range(2)]
    nearest = (u[TRAIN:] @ u[:TRAIN].T).argmax(axis=1)
    return {
        "std": spread(u[TRAIN:]),
        "rank": rank(u[TRAIN:]),
        "apart": 1 - np.mean(np.sum(pair[0] * pair[1], axis=1)),
        "alike": np.mean(labels[nearest] == labels[TRAIN:]),
        "u": u[TRAIN:],
        "labels": labels[TRAIN:],
        "curves": curves,
        "steps": steps,
        "teacher": memory > 0 and not stop,
        "at": at if branch == "on" and steps > at else None,
    }


def frame(result):
    """Spread and rank by step on the left; two of the eight numbers on the right."""
    return Frame(
        readouts={
            "std": result["std"],
            "rank": result["rank"],
            "apart": result["apart"],
            "alike": 100 * result["alike"],
        },
        panels=[
            Plot("curve", curve_figure(result), curve_alt(result), half=True),
            Plot("embedding", embedding_figure(result), embedding_alt(result), half=True),
        ],
        note=note(result),
    )


def curve_figure(result):
    """Standard deviation above, effective rank below; the run before the branch is dotted."""
    end = max(200, 200 * -(-result["steps"] // 200))  # the next full two hundred
    traces, shapes = training_curves(
        result["curves"], "std", "rank", between=0.47, at=result["at"], most=250
    )
    left = {"xref": "x domain", "xanchor": "right", "yanchor": "top"}
    return figure(
        traces,
        axis(0, end, anchor="y", showticklabels=False),
        axis(0, 1.1, domain=[0.5, 1], anchor="x", dtick=0.5),
        xaxis2=axis(0, end, "step", anchor="y2"),
        yaxis2=axis(1, NUMBERS, domain=[0, 0.44], anchor="x2", tickvals=[1, 2, 4, 6, 8]),
        height=600,
        left=40,
        right=24,
        top=12,
        shapes=shapes,
        labels=[
            label("standard deviation", 1, 1, DATA_1, yref="y domain", **left),
            label("effective rank", 1, 0.44, DATA_2_TEXT, yref="paper", **left),
        ],
    )


def curve_alt(result):
    if result["steps"] == 0:
        return "No step has been made yet: empty axes for standard deviation and effective rank."
    now = result["curves"][0]
    alt = (
        f"At step {result['steps']} the embeddings of the batch have a standard deviation of "
        f"{now['std'][-1]:.2f}, from {now['std'][0]:.2f}, and an effective rank of "
        f"{now['rank'][-1]:.1f}, from {now['rank'][0]:.1f}."
    )
    if result["at"] is not None:
        other = result["curves"][1]
        alt += (
            f" Without the branch at step {result['at']}: {other['std'][-1]:.2f} and "
            f"{other['rank'][-1]:.1f}."
        )
    return alt


def embedding_figure(result):
    """The first two numbers of each embedding, within the circle that length 1 allows."""
    u, labels = result["u"], result["labels"]
    others = labels > 1
    x, y = equal(
        axis(-1.25, 1.25, "first number", dtick=1), axis(-1.25, 1.25, "second number", dtick=1)
    )
    return figure(
        [
            dots(*u[others, :2].T, MUTED, size=6),
            dots(*u[labels == 0, :2].T, DATA_1, size=8),
            dots(*u[labels == 1, :2].T, DATA_2, size=8),
        ],
        x,
        y,
        height=600,
        left=40,
        right=24,
        shapes=[circle((0, 0), 1, RULE)],
        labels=[
            label("zeros", -1.2, 1.2, DATA_1, xanchor="left"),
            label("ones", -0.8, 1.2, DATA_2_TEXT, xanchor="left"),
            label("other digits", 1.2, 1.2, INK_2, xanchor="right"),
        ],
    )


def embedding_alt(result):
    reach = np.ptp(result["u"][:, :2], axis=0)
    return (
        f"Two of the {NUMBERS} numbers of {len(result['u'])} digits not trained on: they extend "
        f"over {reach[0]:.2f} and {reach[1]:.2f} of 2."
    )


def note(result):
    """What has happened to the embeddings."""
    if result["steps"] == 0:
        return "No step yet: all weights are random."
    if result["teacher"]:
        return "A teacher has no gradient, so the stop-gradient is on while it remembers anything."
    if result["steps"] >= 100 and result["std"] < 0.1:
        return "Collapsed: every digit has nearly the same embedding."
    if result["steps"] >= 100 and result["rank"] < 2.5:
        return "Spread, but along few directions: dimensional collapse."
    return ""
