"""A table of codes for patches of digits, learned in the page: by k-means, or as in a VQ-VAE.

A digit is cut into 49 patches x of 4 x 4 pixels, and each is replaced by one of K vectors. k-means
looks for the vectors among the patches: each step assigns every patch to the nearest vector, and
moves each vector to the mean of its patches. A VQ-VAE looks among codes, here linear ones:

    z = x W + b,  e = the vector nearest to z,  x_hat = e V + c,

and descends |x - x_hat|^2 + |sg(z) - e|^2 + 0.25 |z - sg(e)|^2 by Adam, where sg lets no gradient
through. The nearest vector is a step function of z, so the gradient of the first term by e is
passed on to z unchanged: the straight-through estimate.

The table can do without the second term: each e is then the mean of all codes z that were ever
nearest to it, those of s steps ago weighed by decay^s. Without memory, decay = 0, that is the
second half of a step of k-means.

A vector that is nearest to no patch does not move until the others have moved away from some.
Reviving puts it on a patch drawn at random at once, and makes it forget.

References
----------
van den Oord et al. 2017, arXiv:1711.00937, appendix A.1: the running means.
"""

from functools import lru_cache

import numpy as np

from widgets.contract import (
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    INK_3,
    PAPER,
    Choice,
    Frame,
    Instrument,
    Plot,
    Readout,
    Seed,
    Slider,
    Tiles,
    Toggle,
    Training,
)
from widgets.data import load
from widgets.kit.adam import adam
from widgets.kit.figures import axis, dots, figure, label, line, training_curves
from widgets.kit.network import grey_levels

PATCH, PLACES = 4, 49  # pixels a side of a patch; patches of a digit
PIXELS = PATCH**2
WIDTH = 16  # numbers in a code of the VQ-VAE, as many as a patch has pixels
COMMITMENT = 0.25
RATE = 0.01  # of Adam
SMALL = 0.05  # standard deviation of the vectors that start from noise
MAX_STEPS = 600
HIGH = 60.0  # end of the axes of errors
EDGE = 40  # grey level of the line around a code
SHOWN = (0, 9, 18, 23)  # of the 40 test digits

instrument = Instrument(
    name="vq_codebook",
    title="A table of codes",
    challenge="With 64 codes that start as patches drawn at random, how many of them will ever be "
    "used? Write the number down, then run. Does reviving the others halve the error?",
    controls=(
        Slider("steps", "Step", default=0, min=0, max=MAX_STEPS, step=1),
        Slider("codes", "Codes", default=64, values=(2, 4, 8, 16, 32, 64), symbol="K"),
        Choice(
            "rule",
            "Learned by",
            {"means": "k-means", "vq": "VQ-VAE", "ema": "VQ-VAE, running means"},
            "means",
        ),
        Choice("begin", "Start from", {"patches": "Patches", "noise": "Noise"}, "patches"),
        Toggle("revive", "Revive dead codes"),
        Slider("decay", "Decay", default=0.99, values=(0, 0.5, 0.9, 0.99), when=("rule", "ema")),
        Seed(),
        Choice("branch", "Branch", {"off": "None", "on": "From a step on"}, "off"),
        Slider(
            "at",
            "Branch at step",
            default=0,
            min=0,
            max=MAX_STEPS,
            step=1,
            when=("branch", "on"),
        ),
        Toggle("later_revive", "From there on: revive", when=("branch", "on")),
    ),
    readouts=(
        Readout("error", "Error, test digits", "squared", ".1f"),
        Readout("used", "Codes in use", "", "d"),
        Readout("perplexity", "Perplexity", "codes", ".1f"),
        Readout("bits", "By their frequencies", "bits", ".0f"),
    ),
    references=("vandenoord2017", "razavi2019"),
    training=Training(
        steps="steps",
        curve=("error", "perplexity"),
        branch="branch",
        at="at",
        later={"revive": "later_revive"},
        saves=False,
    ),
)


@lru_cache(maxsize=1)
def patches():
    """Patches of training digits and of the 40 test digits, each (n, PIXELS), in [0, 1]."""
    train = cut(load("patch_codes")["digits"])
    test = cut(load("mnist_images")["images"])
    train.setflags(write=False)
    test.setflags(write=False)
    return train, test


def cut(digits):
    """Digits of shape (n, 28, 28) as (49 n, PIXELS), in reading order, in [0, 1]."""
    side = 28 // PATCH
    blocks = digits.reshape(-1, side, PATCH, side, PATCH).swapaxes(2, 3)
    return blocks.reshape(-1, PIXELS) / 255


def joined(x):
    """Patches of shape (49 n, PIXELS) as digits, (n, 28, 28)."""
    side = 28 // PATCH
    return x.reshape(-1, side, side, PATCH, PATCH).swapaxes(2, 3).reshape(-1, 28, 28)


def nearest(z, codes):
    """Which of the codes, (K, d), is nearest to each row of z, (n, d): (n,)."""
    return np.argmin(np.sum(codes**2, axis=1) - 2 * z @ codes.T, axis=1)


def perplexity(which, count):
    """exp of the entropy of the shares in which `count` codes are used: from 1 to `count`."""
    share = np.bincount(which, minlength=count) / len(which)
    share = share[share > 0]
    return float(np.exp(-np.sum(share * np.log(share))))


def start(*, codes, rule, begin, revive, decay, seed):
    """The state before the first step: the table, and for the VQ-VAE its two linear maps."""
    rng = np.random.default_rng(seed)
    x = patches()[0]
    weights = {}
    z = x
    if rule != "means":
        weights = {
            "W": rng.normal(0, 1 / np.sqrt(PIXELS), (PIXELS, WIDTH)),
            "b": np.zeros(WIDTH),
            "V": rng.normal(0, 1 / np.sqrt(WIDTH), (WIDTH, PIXELS)),
            "c": np.zeros(PIXELS),
        }
        z = x @ weights["W"] + weights["b"]
    if begin == "patches":
        table = z[rng.choice(len(z), codes, replace=False)]
    else:
        table = rng.normal(0, SMALL, (codes, z.shape[1]))
    if rule == "vq":
        weights["codes"] = table
    moments = {f"{kind}_{name}": np.zeros_like(w) for name, w in weights.items() for kind in "mv"}
    state = {"t": 0, **weights, **moments, "codes": table}
    if rule == "ema":
        state |= {"count": np.zeros(codes), "total": np.zeros_like(table)}
    return {**state, **measured(state, x)}


def step(state, *, codes, rule, begin, revive, decay, seed):
    """One step on all training patches: the next state, with its error and perplexity on them."""
    x = patches()[0]
    after = by_means(state, x) if rule == "means" else by_gradient(state, x)
    if rule == "ema":
        after |= by_running_means(state, encoded(state, x), decay)
    after["t"] = state["t"] + 1
    if revive:
        z = encoded(after, x)
        dead = np.bincount(nearest(z, after["codes"]), minlength=codes) == 0
        drawn = np.random.default_rng((seed, after["t"])).integers(0, len(z), codes)
        after["codes"] = np.where(dead[:, None], z[drawn], after["codes"])
        if rule == "ema":
            after["count"] = np.where(dead, 0, after["count"])
            after["total"] = np.where(dead[:, None], 0, after["total"])
    return {**after, **measured(after, x)}


def by_means(state, x):
    """Lloyd's step: each code to the mean of the patches that it is nearest to."""
    table, which = state["codes"], state["which"]
    count = np.bincount(which, minlength=len(table))[:, None]
    means = summed(x, which, len(table)) / np.maximum(count, 1)
    return {"codes": np.where(count > 0, means, table)}


def summed(rows, which, count):
    """Sums of the rows that belong to each of `count` codes, (count, d)."""
    of_code = np.zeros((count, len(rows)))
    of_code[which, np.arange(len(rows))] = 1
    return of_code @ rows


def by_running_means(state, z, decay):
    """Each code to the mean of what it has ever been nearest to, the past fading by `decay`."""
    table, which = state["codes"], state["which"]
    count = decay * state["count"] + (1 - decay) * np.bincount(which, minlength=len(table))
    total = decay * state["total"] + (1 - decay) * summed(z, which, len(table))
    seen = count[:, None] > 0
    means = np.divide(total, count[:, None], out=table.copy(), where=seen)
    return {"codes": means, "count": count, "total": total}


def by_gradient(state, x):
    """A step of Adam on the three terms, or on all but the table's."""
    t = state["t"] + 1
    after = {}
    slopes = loss_and_gradient(state, x)[1]
    if "m_codes" not in state:
        del slopes["codes"]
    for name, slope in slopes.items():
        names = name, f"m_{name}", f"v_{name}"
        moved = adam(*(state[each] for each in names), slope, t, RATE)
        after |= dict(zip(names, moved, strict=True))
    return after


def loss_and_gradient(state, x):
    """The three terms, as means over the patches, and the derivatives for Adam.

    Parameters
    ----------
    state : mapping with W (PIXELS, WIDTH), b, V (WIDTH, PIXELS), c, codes (K, WIDTH), and which of
        them is nearest to each patch, (n,)
    x : ndarray of shape (n, PIXELS), in [0, 1]
    """
    W, b, V, c, table = (state[name] for name in ("W", "b", "V", "c", "codes"))
    n = len(x)
    z = x @ W + b
    which = state["which"]
    e = table[which]
    off = e @ V + c - x
    gap = z - e
    terms = np.array([np.sum(off**2), np.sum(gap**2), COMMITMENT * np.sum(gap**2)]) / n
    by_x_hat = 2 * off / n
    # straight through: what the first term asks of e is asked of z
    by_z = by_x_hat @ V.T + 2 * COMMITMENT * gap / n
    return terms, {
        "W": x.T @ by_z,
        "b": by_z.sum(axis=0),
        "V": e.T @ by_x_hat,
        "c": by_x_hat.sum(axis=0),
        "codes": summed(-2 * gap / n, which, len(table)),  # by the second term alone
    }


def encoded(state, x):
    """The vectors that are compared with the table: patches, or their codes."""
    return x @ state["W"] + state["b"] if "W" in state else x


def pictures(state):
    """The table as patches, (K, PIXELS)."""
    table = state["codes"]
    return table @ state["V"] + state["c"] if "V" in state else table


def measured(state, x):
    """Which code is nearest to each patch, the squared error for a digit, and the perplexity."""
    which = nearest(encoded(state, x), state["codes"])
    error = PLACES * np.sum((pictures(state)[which] - x) ** 2) / len(x)
    return {
        "which": which,
        "error": float(error),
        "perplexity": perplexity(which, len(state["codes"])),
    }


def compute(state, curves, *, codes, steps, branch, at, **settings):
    """Evaluate a table on test digits.

    Parameters
    ----------
    state : dict, as `step` returns it
    curves : list of dict, of this run, and, on a branch, of the run that it left
        ``error`` and ``perplexity`` on the training patches after each step, (steps,).

    Returns
    -------
    dict
        ``share`` of the test patches that each code has, largest first, (K,); ``table``, the codes
        as patches in that order, (K, PIXELS); ``error`` for a test digit, squared, and ``bits``
        for one, priced by how often each code is used, and once more, in training; ``perplexity``;
        ``digits``, four test digits above what is sent of them, (2, 4, 28, 28); ``curves``.
    """
    x = patches()[1]
    which = nearest(encoded(state, x), state["codes"])
    count = np.bincount(which, minlength=codes)
    seen = np.bincount(state["which"], minlength=codes) + 1.0
    order = np.argsort(-count, kind="stable")
    table = pictures(state)
    shown = [joined(part)[list(SHOWN)] for part in (x, table[which])]
    return {
        "share": count[order] / len(x),
        "table": table[order],
        "error": float(PLACES * np.sum((table[which] - x) ** 2) / len(x)),
        "bits": float(-PLACES * np.log2(seen / seen.sum())[which].mean()),
        "perplexity": perplexity(which, codes),
        "digits": np.stack(shown),
        "curves": [dict(curve) for curve in curves],
        "codes": codes,
        "steps": steps,
        "at": at if branch == "on" and steps > at else None,
    }


def frame(result):
    """Table and digits above, costs and training below."""
    used = int(np.count_nonzero(result["share"]))
    codes = result["codes"]
    table = np.zeros((6, 11, PATCH + 2, PATCH + 2), np.uint8)  # room for the largest
    framed = table.reshape(-1, PATCH + 2, PATCH + 2)[:codes]
    framed[:] = EDGE  # a blank code is seen as one
    framed[:, 1:-1, 1:-1] = grey_levels(result["table"].clip(0, 1)).reshape(-1, PATCH, PATCH)
    return Frame(
        readouts={
            "error": result["error"],
            "used": used,
            "perplexity": result["perplexity"],
            "bits": result["bits"],
        },
        panels=[
            Tiles(
                "table",
                table,
                alt=f"The {codes} codes as patches, the most used first. {used} are in use.",
                captions=("the codes, most used first",),
                gap=1,
                half=True,
            ),
            Tiles(
                "digits",
                grey_levels(result["digits"].clip(0, 1)),
                alt="Four test digits above; below, each patch replaced by its code. The squared "
                f"error of a test digit is {result['error']:.1f}.",
                captions=("above: test digits; below: from their codes",),
                gap=2,
                half=True,
            ),
            Plot("prices", prices_figure(result), prices_alt(result), half=True),
            Plot("curve", curve_figure(result), curve_alt(result), half=True),
        ],
        note=note(result, used),
    )


def prices_figure(result):
    """Error against bits, all by frequencies: k-means at its best, components, and this table."""
    data = load("patch_codes")
    bits, error = result["bits"], min(result["error"], HIGH)
    means, components = data["means"], data["components"]
    return figure(
        [
            line(*components.T, INK_3, dash="dot"),
            line(*means.T, DATA_2),
            dots(*means.T, DATA_2, size=4),
            dots([bits], [error], DATA_1, size=10, ring=2),
        ],
        axis(0, 320, "bits for a digit, by frequencies"),
        axis(0, HIGH, "squared error"),
        height=420,
        labels=[
            label("components", *components[0], INK_3, xanchor="left", xshift=-10, yshift=14),
            label("k-means, best", *means[-1], DATA_2_TEXT, xanchor="left", xshift=8),
            label("this table", bits, error, DATA_1, xanchor="left", yshift=16, bgcolor=PAPER),
        ],
    )


def prices_alt(result):
    return (
        "Squared error against bits by frequencies, for a test digit. This table: "
        f"{result['error']:.1f} at {result['bits']:.0f} bits. k-means at its best falls from "
        "2 codes to 64; rounded components of the patches are dotted."
    )


def curve_figure(result):
    """Error above, perplexity below, by step; the run before the branch is dotted."""
    end = max(50, 50 * -(-result["steps"] // 50))
    curves = [{**curve, "error": curve["error"].clip(0, HIGH)} for curve in result["curves"]]
    traces, shapes = training_curves(curves, "error", "perplexity", between=0.46, at=result["at"])
    top = max(1.0, *(np.max(curve["perplexity"], initial=1.0) for curve in curves))
    right = {"xref": "x domain", "xanchor": "right", "yanchor": "top"}
    return figure(
        traces,
        axis(0, end, anchor="y", showticklabels=False),
        axis(0, HIGH, "squared error, perplexity", domain=[0.5, 1], anchor="x"),
        xaxis2=axis(0, end, "step", anchor="y2"),
        yaxis2=axis(0, 1.5 * top, domain=[0, 0.42], anchor="x2"),
        height=420,
        shapes=shapes,
        labels=[
            label("error, training", 1, 1, DATA_1, yref="y domain", **right),
            label("perplexity, training", 1, 0.42, DATA_2_TEXT, yref="paper", **right),
        ],
    )


def curve_alt(result):
    if result["steps"] == 0:
        return "No step has been made yet: two empty axes for error and perplexity."
    now = result["curves"][0]
    alt = (
        f"At step {result['steps']} the error on the training digits is {now['error'][-1]:.1f}, "
        f"from {now['error'][0]:.1f}, and the perplexity {now['perplexity'][-1]:.1f}."
    )
    if result["at"] is not None:
        other = result["curves"][1]
        alt += (
            f" Without the branch at step {result['at']}: {other['error'][-1]:.1f} and "
            f"{other['perplexity'][-1]:.1f}."
        )
    return alt


def note(result, used):
    """How many codes are dead."""
    if result["steps"] == 0:
        return "No step yet: the codes lie where they started."
    dead = result["codes"] - used
    if dead:
        return f"{dead} of {result['codes']} codes are nearest to no test patch."
    return "Every code is in use."
