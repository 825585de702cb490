"""A generative adversarial network in the plane, which trains where you read, beside maximum
likelihood.

Data are eight groups on a ring. A generator G turns noise z ~ N(0, I) into points, a discriminator
D gives the log-odds that a point is real. Both are networks of two hidden layers of silu units. In
each step D descends

    -mean log sigmoid(D(x)) - mean log sigmoid(-D(G(z)))

and then G descends one of

    -mean log sigmoid(D(G(z)))      the non-saturating loss
     mean log sigmoid(-D(G(z)))     the minimax loss, the same game played for D's own sum

With a penalty (R1), D also pays mean |grad_x D(x)|^2 / 2 at the real points. Its derivative by the
weights is that of D along v = grad_x D: a central difference of two ordinary gradients.

Beside it, the same generator with the same number of steps on batches of the same size descends
-mean log p(x), with

    p(x) = mean over z of N(x; G(z), S^2 I)

over a lattice of 16 x 16 quantiles of z: a generative topographic mapping.
"""

from functools import lru_cache
from math import erf, exp, pi, sqrt

import numpy as np

from widgets.contract import (
    ACCENT,
    DATA_1,
    DATA_2_TEXT,
    INK_3,
    MUTED,
    Choice,
    Frame,
    Instrument,
    Plot,
    Readout,
    Seed,
    Slider,
    Training,
)
from widgets.kit.adam import adam, views
from widgets.kit.figures import axis, dots, equal, figure, label, segment, tint, training_curves
from widgets.kit.network import silu, silu_slope

_TURN = 2 * np.pi * np.arange(8) / 8
CENTRES = 1.4 * np.stack([np.cos(_TURN), np.sin(_TURN)], axis=1)
SPREAD = 0.12  # standard deviation of each group, and of p(x | z)
NEAR = 3  # standard deviations around a centre within which a point counts as of its group
BATCH, WIDTH, RATE = 64, 32, 0.002
MOMENTUM = 0.5  # Adam's first average: at 0.9 both players overshoot
GAP = 1e-3  # of the central difference
SIDE = 16  # of the lattice of z
DRAWS, SHOWN = 2000, 300  # points that are judged, and drawn
REACH, LATTICE = 2.4, 33  # how far the plane is shown, and the cells of its tint
MAX_STEPS = 2000
AFTER = ("branch", "on")
LOSSES = {
    "non_saturating": "Non-saturating",
    "minimax": "Minimax",
    "penalty": "With a penalty",
}
BALANCES = (0.25, 0.5, 1.0, 2.0, 4.0)

instrument = Instrument(
    name="by_contest",
    title="By contest",
    challenge="Let the discriminator learn four times as fast as the generator. How many of the "
    "eight groups will be left after 2,000 steps? Go back, branch, and save those that can be.",
    controls=(
        Slider("steps", "Step", default=0, min=0, max=MAX_STEPS, step=1),
        Choice("loss", "Loss", LOSSES, "non_saturating"),
        Slider("balance", "Discriminator's rate", default=1.0, values=BALANCES, unit="×"),
        Seed(max=99),
        Choice("branch", "Branch", {"off": "None", "on": "From a step on"}, "off"),
        Slider("at", "Branch at step", default=0, min=0, max=MAX_STEPS, step=1, when=AFTER),
        Choice("later_loss", "From there on", LOSSES, "penalty", when=AFTER),
        Slider(
            "later_balance",
            "From there on",
            default=1.0,
            values=BALANCES,
            unit="×",
            when=AFTER,
        ),
    ),
    readouts=(
        Readout("groups", "Groups, by contest", "of 8", "d"),
        Readout("near", "Draws near one", "%", ".0f"),
        Readout("likely_groups", "Groups, by likelihood", "of 8", "d"),
        Readout("likely_near", "Draws near one", "%", ".0f"),
    ),
    references=("goodfellow2014", "mescheder2018", "bishop1998"),
    training=Training(
        steps="steps",
        curve=("d_loss", "g_loss"),
        branch="branch",
        at="at",
        later={"loss": "later_loss", "balance": "later_balance"},
        saves=False,
    ),
)


def shapes(out):
    """Names and shapes of a network's weights: 2 - WIDTH - WIDTH - out."""
    return {
        "A": (2, WIDTH),
        "a": (WIDTH,),
        "B": (WIDTH, WIDTH),
        "b": (WIDTH,),
        "C": (WIDTH, out),
        "c": (out,),
    }


SIZES = {out: 2 * WIDTH + WIDTH + WIDTH**2 + WIDTH + WIDTH * out + out for out in (1, 2)}


def begun(out, rng):
    """Random weights of a network, in one vector."""
    theta = np.zeros(SIZES[out])
    for weights in views(theta, shapes(out)).values():
        if weights.ndim == 2:
            weights[:] = rng.normal(0, 1 / np.sqrt(len(weights)), weights.shape)
    return theta


def forward(theta, out, x):
    """The output, (n, out), for inputs (n, 2), and what :func:`backward` needs."""
    w = views(theta, shapes(out))
    p = x @ w["A"] + w["a"]
    h = silu(p)
    q = h @ w["B"] + w["b"]
    k = silu(q)
    return k @ w["C"] + w["c"], (x, p, h, q, k)


def backward(theta, out, passed, by_output):
    """The derivatives by the weights and by the inputs, from those by the output, (n, out)."""
    w, (x, p, h, q, k) = views(theta, shapes(out)), passed
    gradient = np.empty_like(theta)
    d = views(gradient, shapes(out))
    d["C"][:], d["c"][:] = k.T @ by_output, by_output.sum(axis=0)
    by_q = (by_output @ w["C"].T) * silu_slope(q)
    d["B"][:], d["b"][:] = h.T @ by_q, by_q.sum(axis=0)
    by_p = (by_q @ w["B"].T) * silu_slope(p)
    d["A"][:], d["a"][:] = x.T @ by_p, by_p.sum(axis=0)
    return gradient, by_p @ w["A"].T


def start(*, seed, **settings):
    """Both players and the likely generator, which begins as the other one does."""
    rng = np.random.default_rng(seed)
    generator, discriminator = begun(2, rng), begun(1, rng)
    players = {"g": generator, "d": discriminator, "likely": generator}
    state = {"t": 0, "d_loss": 0.0, "g_loss": 0.0}
    for name, theta in players.items():
        zero = np.zeros_like(theta)
        state |= {name: theta, f"{name}_m": zero, f"{name}_v": zero}
    return state


def step(state, *, seed, loss, balance):
    """One step of each player and of the likely generator: the next state."""
    t = state["t"] + 1
    rng = np.random.default_rng((seed, t))
    x = CENTRES[rng.integers(0, len(CENTRES), BATCH)] + SPREAD * rng.normal(size=(BATCH, 2))
    z = rng.normal(size=(BATCH, 2))
    new = {**state, "t": t}

    def learn(name, gradient, rate):
        found = adam(*(state[name + end] for end in ("", "_m", "_v")), gradient, t, rate, MOMENTUM)
        new.update(zip((name, f"{name}_m", f"{name}_v"), found, strict=True))

    points, _ = forward(state["g"], 2, z)
    new["d_loss"], gradient = judged(state["d"], x, points, loss == "penalty")
    learn("d", gradient, RATE * balance)
    new["g_loss"], gradient = contested(state["g"], new["d"], z, loss == "minimax")
    learn("g", gradient, RATE)
    _, gradient = likelihood(state["likely"], x)
    learn("likely", gradient, RATE)
    return new


def judged(theta, x, fake, penalty):
    """The discriminator's loss in nats on real and fake points, (n, 2) each, and its derivative.

    The loss that is returned is without the penalty; the derivative is with it.
    """
    n = len(x)
    gradient, loss = np.zeros_like(theta), 0.0
    for points, sign in ((x, 1), (fake, -1)):
        log_odds, passed = forward(theta, 1, points)
        loss += np.mean(softplus(-sign * log_odds))
        gradient += backward(theta, 1, passed, -sign * sigmoid(-sign * log_odds) / n)[0]
        if penalty and sign == 1:
            ones = np.ones((n, 1))
            slope = backward(theta, 1, passed, ones)[1]  # grad_x D at each real point
            for side in (1, -1):
                moved = forward(theta, 1, points + side * GAP * slope)[1]
                gradient += side * backward(theta, 1, moved, ones / n)[0] / (2 * GAP)
    return loss, gradient


def contested(theta, judge, z, minimax):
    """The generator's loss in nats, for noise (n, 2), and its derivative."""
    points, passed = forward(theta, 2, z)
    log_odds, judged_from = forward(judge, 1, points)
    if minimax:
        loss, by_odds = -np.mean(softplus(log_odds)), -sigmoid(log_odds)
    else:
        loss, by_odds = np.mean(softplus(-log_odds)), -sigmoid(-log_odds)
    by_points = backward(judge, 1, judged_from, by_odds / len(z))[1]
    return loss, backward(theta, 2, passed, by_points)[0]


def likelihood(theta, x):
    """-mean log p(x) in nats, for points (n, 2), and its derivative."""
    points, passed = forward(theta, 2, quantiles())
    off = points[None] - x[:, None]  # (n, lattice, 2)
    log_p = -np.sum(off**2, axis=2) / (2 * SPREAD**2)
    top = log_p.max(axis=1, keepdims=True)
    share = np.exp(log_p - top)
    total = share.sum(axis=1, keepdims=True)
    log_mean = top[:, 0] + np.log(total[:, 0] / len(points))
    loss = np.log(2 * np.pi * SPREAD**2) - log_mean.mean()
    by_points = np.sum((share / total)[:, :, None] * off, axis=0) / (SPREAD**2 * len(x))
    return loss, backward(theta, 2, passed, by_points)[0]


@lru_cache(maxsize=1)
def quantiles():
    """Equally likely places of z, (SIDE^2, 2)."""
    side = [quantile((i + 0.5) / SIDE) for i in range(SIDE)]
    return np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)


def quantile(share):
    """The z below which a normal number lies with a probability of 0.01 to 0.99, by Newton's steps.

    The standard library's `statistics` has it too, but would be sent to every reader with Python.
    """
    z = 0.0
    for _ in range(10):
        z -= (0.5 * (1 + erf(z / sqrt(2))) - share) * sqrt(2 * pi) * exp(z**2 / 2)
    return z


def softplus(a):
    """log(1 + exp(a)), without overflow."""
    return np.maximum(a, 0) + np.log1p(np.exp(-np.abs(a)))


def sigmoid(a):
    """1 / (1 + exp(-a)), without overflow."""
    return 0.5 * (1 + np.tanh(0.5 * a))


def compute(state, curves, *, steps, branch, at, **settings):
    """Draw from both generators and count the groups.

    Parameters
    ----------
    state : dict, as `step` returns it
    curves : list of dict, of this run, and, on a branch, of the run that it left
        ``d_loss`` and ``g_loss`` after each step, of shape (steps,).

    Returns
    -------
    dict
        ``contest`` and ``likely``, each a dict with ``points``, (SHOWN, 2), ``groups``, how many
        of the eight get at least a third of their fair share of DRAWS points, ``rarest``, how many
        points the rarest of them gets, and ``near``, the share of points that are near a centre;
        ``odds``, (LATTICE, LATTICE), D's probability that a place is real, rows upwards;
        ``curves``.
    """
    z, noise = draws()
    side = np.linspace(-REACH, REACH, LATTICE)
    places = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    odds = sigmoid(forward(state["d"], 1, places)[0]).reshape(LATTICE, LATTICE)
    return {
        "contest": counted(forward(state["g"], 2, z)[0]),
        "likely": counted(forward(state["likely"], 2, z)[0] + SPREAD * noise),
        "odds": odds,
        "side": side,
        "curves": curves,
        "steps": steps,
        "at": at if branch == "on" and steps > at else None,
    }


@lru_cache(maxsize=1)
def draws():
    """The same draws of z, and of the noise of p(x | z), at every step: (DRAWS, 2) each."""
    return np.random.default_rng(0).normal(size=(2, DRAWS, 2))


def counted(points):
    """Which groups some points, (n, 2), are of."""
    far = np.linalg.norm(points[:, None] - CENTRES, axis=2)
    near = far.min(axis=1) < NEAR * SPREAD
    each = np.bincount(far.argmin(axis=1)[near], minlength=len(CENTRES))
    return {
        "points": points[:SHOWN],
        "groups": int(np.sum(each >= len(points) / len(CENTRES) / 3)),
        "rarest": int(each.min()),
        "near": near.mean(),
    }


def frame(result):
    """Draws of both generators over the data, and the losses of both players."""
    contest, likely = result["contest"], result["likely"]
    return Frame(
        readouts={
            "groups": contest["groups"],
            "near": 100 * contest["near"],
            "likely_groups": likely["groups"],
            "likely_near": 100 * likely["near"],
        },
        panels=[
            Plot(
                "contest",
                plane(contest["points"], "by contest", result["odds"], result["side"]),
                f"{SHOWN} draws of the generator at step {result['steps']}: they reach "
                f"{contest['groups']} of 8 groups, and {100 * contest['near']:.0f} % are near one. "
                "Places are the darker, the likelier the discriminator takes them for real.",
                half=True,
            ),
            Plot(
                "likely",
                plane(likely["points"], "by likelihood"),
                f"{SHOWN} draws of the same generator, trained by maximum likelihood: "
                f"{likely['groups']} of 8 groups, and {100 * likely['near']:.0f} % near one.",
                half=True,
            ),
            Plot("curve", curve_figure(result), curve_alt(result)),
        ],
        note="No step yet: all weights are random." if result["steps"] == 0 else "",
    )


def plane(points, how, odds=None, side=None):
    """Draws over the centres of the data."""
    return figure(
        [
            *([] if odds is None else [tint(odds, side, side)]),
            dots(*CENTRES.T, MUTED, size=22, opacity=0.5),
            dots(*points.T, ACCENT, size=3, opacity=0.7),
        ],
        *equal(axis(-REACH, REACH, visible=False), axis(-REACH, REACH, visible=False)),
        height=320,
        left=6,
        right=6,
        labels=[label(how, -REACH, REACH, INK_3, xanchor="left", yanchor="top")],
    )


def curve_figure(result):
    """The discriminator's loss above, the generator's below, by step."""
    end = max(500, 500 * -(-result["steps"] // 500))
    traces, lines = training_curves(
        result["curves"], "d_loss", "g_loss", between=0.5, at=result["at"], most=400
    )
    drawn = [loss for curve in result["curves"] for loss in curve["g_loss"][:: MAX_STEPS // 400]]
    low, high = min([0.0, *drawn]), max([1.5, *drawn])
    coin = 2 * np.log(2)  # of a discriminator that cannot tell
    left = {"xref": "x domain", "xanchor": "right", "yanchor": "top"}
    return figure(
        traces,
        axis(0, end, anchor="y", showticklabels=False),
        axis(0, 2, "nats", domain=[0.55, 1], anchor="x"),
        xaxis2=axis(0, end, "step", anchor="y2"),
        yaxis2=axis(low, high, "nats", domain=[0, 0.45], anchor="x2"),
        height=320,
        left=40,
        right=24,
        shapes=[*lines, segment((0, end), (coin, coin), INK_3, dash="dot")],
        labels=[
            label("discriminator", 1, 1.0, DATA_1, yref="y domain", **left),
            label("cannot tell", 0.01, coin, INK_3, xref="x domain", xanchor="left", yshift=9),
            label("generator", 1, 0.44, DATA_2_TEXT, yref="paper", **left),
        ],
    )


def curve_alt(result):
    if result["steps"] == 0:
        return "No step has been made yet: two empty axes for the losses of both players."
    now = result["curves"][0]
    return (
        f"At step {result['steps']} the discriminator's loss is {now['d_loss'][-1]:.2f} nats; "
        f"{2 * np.log(2):.2f} would mean that it cannot tell. The generator's is "
        f"{now['g_loss'][-1]:.2f}."
    )
