"""A variational autoencoder that trains where you read: every step in NumPy, gradients by hand.

The encoder takes an image x of 14 x 14 pixels to a Gaussian, the decoder a draw from it to logits:

    h = silu(x W0 + b0),  (mu, logvar) = h W1 + b1,
    z = mu + exp(logvar / 2) eps,  eps ~ N(0, I),
    g = silu(z V0 + c0),  logits = g V1 + c1.

The loss is recon + beta kl, in nats: binary cross-entropy summed over pixels, and
KL(N(mu, sigma^2) || N(0, I)) summed over the two latents, both as a mean over a batch of 64. Adam
descends it (:mod:`widgets.kit.adam`). All weights are in one vector, `theta`.

A step is a pure function of the state before it: its batch and its noise come from a generator that
is made from the seed and the number of the step. So any step can be made again, to the last bit.
"""

import math
from functools import lru_cache

import numpy as np

from widgets.contract import (
    DATA_1,
    DATA_2_TEXT,
    INK,
    INK_3,
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
from widgets.kit.adam import adam, views
from widgets.kit.figures import axis, figure, label, line, training_curves
from widgets.kit.network import grey_levels, silu, silu_slope

SIDE, LATENTS, BATCH = 14, 2, 64
PIXELS = SIDE * SIDE
TRAIN, TEST = 2000, 256  # strokes to learn from; strokes never trained on
LENGTH, STROKE = 8.0, 1.5  # of a stroke along its arc, and its width, in pixels
CURVATURE, ORIENTATION = 0.32, 60.0  # the largest: 1/pixel, both ways, and degrees, from 0
TILES, REACH = 9, 2.0  # the decoded square: tiles a side, and how far it reaches from the middle
MAX_STEPS = 3000
DRAWS = 4  # codes of each test stroke that the reconstruction is averaged over
WINDOW = 20  # steps that a curve is averaged over: a batch of 64 is noisy
APART = 5  # steps from one look at the two parts of the KL to the next
BETAS = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
RATES = (0.0003, 0.001, 0.003, 0.01, 0.03)
AFTER = ("branch", "on")

instrument = Instrument(
    name="train_vae",
    title="Train a VAE",
    challenge="Which term falls first, and what does the other do meanwhile? Say so, then run it. "
    "Later go back to a step, branch there with another beta, and see which term pays.",
    controls=(
        Slider("steps", "Step", default=0, min=0, max=MAX_STEPS, step=1),
        Slider("beta", "Weight of the KL", default=1.0, values=BETAS, symbol=r"\beta"),
        Slider("rate", "Learning rate", default=0.003, values=RATES, symbol=r"\eta"),
        Slider("width", "Hidden units", default=64, values=(8, 16, 32, 64, 128)),
        Seed(),
        Toggle("parts", "Draw the two parts of the KL"),
        Choice("branch", "Branch", {"off": "None", "on": "From a step on"}, "off"),
        Slider("at", "Branch at step", default=0, min=0, max=MAX_STEPS, step=1, when=AFTER),
        Slider(
            "later_beta",
            "From there on",
            default=1.0,
            values=BETAS,
            symbol=r"\beta",
            when=AFTER,
        ),
        Slider(
            "later_rate",
            "From there on",
            default=0.003,
            values=RATES,
            symbol=r"\eta",
            when=AFTER,
        ),
    ),
    readouts=(
        Readout("recon", "Reconstruction, test", "nats", ".1f"),
        Readout("kl", "KL, test", "nats", ".2f"),
        Readout("information", "Of it, information", "nats", ".2f"),
        Readout("each", "KL of each latent", "nats"),
    ),
    references=("kingma2014",),
    training=Training(
        steps="steps",
        curve=("recon", "kl", "information", "from_prior"),
        branch="branch",
        at="at",
        later={"beta": "later_beta", "rate": "later_rate"},
    ),
)


@lru_cache(maxsize=1)
def strokes():
    """Circular arcs of one length and one width, centred, curvature and orientation at random.

    Returns
    -------
    images : ndarray of shape (TRAIN + TEST, PIXELS), float32, coverage of each pixel in [0, 1]
    factors : ndarray of shape (TRAIN + TEST, 2), curvature in 1/pixel and orientation in degrees
    """
    low, high = np.array([-CURVATURE, 0.0]), np.array([CURVATURE, ORIENTATION])
    factors = np.random.default_rng(0).uniform(low, high, (TRAIN + TEST, 2))
    curvature, angle = factors[:, :1], np.deg2rad(factors[:, 1:])
    s = np.linspace(-LENGTH / 2, LENGTH / 2, 17)  # along the arc; the chord to s, as in a circle
    chord, turned = s * np.sinc(curvature * s / (2 * np.pi)), angle + curvature * s / 2
    points = np.stack([chord * np.cos(turned), chord * np.sin(turned)], axis=-1)
    points = (points - points.mean(axis=1, keepdims=True)).astype(np.float32)  # (n, 17, 2)
    middles = np.arange(SIDE, dtype=np.float32) + 0.5 - SIDE / 2
    nearest = np.full((len(points), SIDE, SIDE), np.inf, np.float32)  # squared distance to the arc
    for (x, y), along in zip(
        points[:, :-1].transpose(1, 2, 0), np.diff(points, axis=1).transpose(1, 2, 0), strict=True
    ):
        dx, dy = middles - x[:, None], middles - y[:, None]  # (n, SIDE)
        a, b = along[:, :, None, None]
        part = ((dx[:, None] * a + dy[:, :, None] * b) / (a * a + b * b)).clip(0, 1)
        gap = (dx[:, None] - part * a) ** 2 + (dy[:, :, None] - part * b) ** 2
        np.minimum(nearest, gap, out=nearest)
    images = (STROKE / 2 - np.sqrt(nearest) + 0.5).clip(0, 1).reshape(len(points), PIXELS)
    images.setflags(write=False)
    return images, factors


def shapes(width):
    """Names and shapes of the weights, in their order in theta."""
    return {
        "W0": (PIXELS, width),
        "b0": (width,),
        "W1": (width, 2 * LATENTS),
        "b1": (2 * LATENTS,),
        "V0": (LATENTS, width),
        "c0": (width,),
        "V1": (width, PIXELS),
        "c1": (PIXELS,),
    }


def unpack(theta, width):
    """The weights by name: views of theta."""
    return views(theta, shapes(width))


def start(*, width, seed, beta, rate, parts=False):
    """The state before the first step: weights at random, Adam's averages at zero."""
    rng = np.random.default_rng(seed)
    theta = np.zeros(sum(map(math.prod, shapes(width).values())), np.float32)
    for weights in unpack(theta, width).values():
        if weights.ndim == 2:
            weights[:] = rng.normal(0, 1 / np.sqrt(len(weights)), weights.shape)
    zero = np.zeros_like(theta)
    scalars = dict.fromkeys(("recon", "kl", "information", "from_prior"), 0.0)
    return {"t": 0, "theta": theta, "m": zero, "v": zero, **scalars}


def step(state, *, width, seed, beta, rate, parts=False):
    """One step of Adam on one batch: the next state, with both terms of the loss on that batch.

    With ``parts``, every APART steps also the two parts of the KL, on the test strokes.
    """
    t = state["t"] + 1
    rng = np.random.default_rng((seed, t))
    x = strokes()[0][rng.integers(0, TRAIN, BATCH)]
    eps = rng.normal(size=(BATCH, LATENTS)).astype(np.float32)
    recon, kl, gradient = loss_and_gradient(state["theta"], x, eps, beta, width)
    theta, m, v = adam(state["theta"], state["m"], state["v"], gradient, t, rate)
    new = {**state, "t": t, "theta": theta, "m": m, "v": v, "recon": recon, "kl": kl}
    if parts and t % APART == 1:
        new |= parts_of_kl(theta, width)
    return new


def parts_of_kl(theta, width):
    """What the codes tell about the test strokes, and how far all together are from the prior."""
    mu, logvar = encoded(unpack(theta, width), strokes()[0][TRAIN:])
    kl = np.mean(np.sum(mu**2 + np.exp(logvar) - 1 - logvar, axis=1)) / 2
    told = information(mu + np.exp(logvar / 2) * noise()[0], mu, logvar)
    return {"information": told, "from_prior": kl - told}


def loss_and_gradient(theta, x, eps, beta, width):
    """Both terms, as means over the batch, and the derivative of recon + beta kl by theta.

    Parameters
    ----------
    theta : ndarray, all weights
    x : ndarray of shape (n, PIXELS), in [0, 1]
    eps : ndarray of shape (n, LATENTS), the noise of the draws
    beta : float
    width : int
    """
    w = unpack(theta, width)
    n = len(x)
    a = x @ w["W0"] + w["b0"]
    h = silu(a)
    mu, logvar = np.split(h @ w["W1"] + w["b1"], 2, axis=1)
    sigma = np.exp(logvar / 2)
    z = mu + sigma * eps
    b = z @ w["V0"] + w["c0"]
    g = silu(b)
    logits = g @ w["V1"] + w["c1"]
    # log(1 + exp(a)) - x a, written so that no exponential overflows
    soft = np.maximum(logits, 0) + np.log1p(np.exp(-np.abs(logits)))
    recon = np.sum(soft - x * logits) / n
    kl = np.sum(mu**2 + sigma**2 - 1 - logvar) / (2 * n)

    gradient = np.empty_like(theta)
    d = unpack(gradient, width)
    by_logits = (sigmoid(logits) - x) / n
    d["V1"][:], d["c1"][:] = g.T @ by_logits, by_logits.sum(axis=0)
    by_b = (by_logits @ w["V1"].T) * silu_slope(b)
    d["V0"][:], d["c0"][:] = z.T @ by_b, by_b.sum(axis=0)
    by_z = by_b @ w["V0"].T
    by_mu = by_z + beta * mu / n  # through the draw, and from the KL
    by_logvar = by_z * eps * sigma / 2 + beta * (sigma**2 - 1) / (2 * n)
    by_code = np.concatenate([by_mu, by_logvar], axis=1)
    d["W1"][:], d["b1"][:] = h.T @ by_code, by_code.sum(axis=0)
    by_a = (by_code @ w["W1"].T) * silu_slope(a)
    d["W0"][:], d["b0"][:] = x.T @ by_a, by_a.sum(axis=0)
    return recon, kl, gradient


def sigmoid(a):
    """1 / (1 + exp(-a)), written so that no exponential overflows."""
    return 0.5 * (1 + np.tanh(0.5 * a))


def encoded(w, x):
    """Means and log-variances of the codes of images, (n, 2) each."""
    return np.split(silu(x @ w["W0"] + w["b0"]) @ w["W1"] + w["b1"], 2, axis=1)


def drawn(w, z):
    """Decoded codes, (n, PIXELS), in [0, 1]."""
    return sigmoid(silu(z @ w["V0"] + w["c0"]) @ w["V1"] + w["c1"])


def compute(state, curves, *, width, steps, branch, at, parts=False, **settings):
    """Evaluate a state: both terms on test strokes, and the decoded latent plane.

    Parameters
    ----------
    state : dict, as `step` returns it
    curves : list of dict, of this run, and, on a branch, of the run that it left
        ``recon``, ``kl`` and its parts after each step, of shape (steps,).

    Returns
    -------
    dict
        ``recon`` and ``kl`` (2,), one for each latent, in nats: means over the test strokes and,
        for ``recon``, over DRAWS draws, always the same; ``information``, the part of the KL that
        tells the strokes apart; ``tiles`` of shape (TILES, TILES, SIDE, SIDE), uint8, 255 is ink;
        ``curves``, averaged over WINDOW steps.
    """
    w = unpack(state["theta"], width)
    x = strokes()[0][TRAIN:]
    mu, logvar = encoded(w, x)
    z_test = mu + np.exp(logvar / 2) * noise()  # (DRAWS, n, 2)
    x_hat = drawn(w, z_test).clip(1e-7, 1 - 1e-7)
    side = np.linspace(-REACH, REACH, TILES, dtype=np.float32)
    z = np.stack(np.meshgrid(side, side[::-1]), axis=-1).reshape(-1, LATENTS)
    return {
        "recon": -np.mean(np.sum(x * np.log(x_hat) + (1 - x) * np.log(1 - x_hat), axis=-1)),
        "kl": np.mean(mu**2 + np.exp(logvar) - 1 - logvar, axis=0) / 2,
        "information": information(z_test[0], mu, logvar),
        "tiles": grey_levels(drawn(w, z)).reshape(TILES, TILES, SIDE, SIDE),
        "curves": [{name: averaged(values) for name, values in each.items()} for each in curves],
        "parts": parts,
        "steps": steps,
        "at": at if branch == "on" and steps > at else None,
    }


@lru_cache(maxsize=1)
def noise():
    """Of the draws for the test strokes, (DRAWS, TEST, LATENTS)."""
    return np.random.default_rng(0).normal(size=(DRAWS, TEST, LATENTS)).astype(np.float32)


def information(z, mu, logvar):
    """E[log q(z | x) - log q(z)], with q(z) the mean of q(z | x) over the strokes, in nats.

    Parameters
    ----------
    z : ndarray of shape (n, LATENTS), a draw of each stroke's q(z | x)
    mu, logvar : ndarray of shape (n, LATENTS)

    References
    ----------
    Hoffman and Johnson 2016, "ELBO surgery", equation 4: KL = information + KL(q(z) || p(z)).
    """
    off = (z[:, None] - mu) ** 2 / np.exp(logvar) + logvar  # (n, n, LATENTS)
    log_q = -off.sum(axis=2) / 2  # of each draw under each stroke's q, but for a constant
    top = log_q.max(axis=1)
    log_mean = top + np.log(np.mean(np.exp(log_q - top[:, None]), axis=1))
    return np.mean(np.diag(log_q) - log_mean)


def averaged(values):
    """The mean of each value and up to WINDOW - 1 before it."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    last = np.arange(1, len(total))
    first = np.maximum(0, last - WINDOW)
    return (total[last] - total[first]) / (last - first)


def frame(result):
    """The loss in its two terms on the left; the decoded plane on the right."""
    first, second = result["kl"]
    return Frame(
        readouts={
            "recon": result["recon"],
            "kl": first + second,
            "information": result["information"],
            "each": f"{first:.2f}, {second:.2f}",
        },
        panels=[
            Plot("curve", curve_figure(result), curve_alt(result), half=True),
            Tiles(
                "plane",
                result["tiles"],
                alt=f"The latent plane decoded at step {result['steps']}: {TILES} × {TILES} "
                f"images, each latent from -{REACH:g} to {REACH:g}.",
                captions=(f"z₁ = −{REACH:.1f}", f"z₁ = {REACH:.1f}"),
                half=True,
            ),
        ],
        note=note(result),
    )


def curve_figure(result):
    """Reconstruction above, KL below, by step, on demand with its two parts; the run before the
    branch is dotted.
    """
    end = max(500, 500 * -(-result["steps"] // 500))  # the next full five hundred
    traces, shapes = training_curves(
        result["curves"], "recon", "kl", between=0.415, at=result["at"], most=400
    )
    recon = np.concatenate([[0.0], *(curve["recon"] for curve in result["curves"])])
    kl = np.concatenate([[4.0], *(curve["kl"] for curve in result["curves"])])
    now = [1.1 * curve["kl"][-1] for curve in result["curves"] if len(curve["kl"])]
    names = [("reconstruction", DATA_1, "y domain", 1.0), ("KL", DATA_2_TEXT, "paper", 0.36)]
    if result["parts"]:
        own = result["curves"][0]
        t = np.arange(1, len(own["kl"]) + 1)
        every = slice(None, None, max(1, len(t) // 400))
        below = {"xaxis": "x2", "yaxis": "y2"}
        traces += [
            line(t[every], own["information"][every], INK, **below),
            line(t[every], own["from_prior"][every], INK_3, dash="dash", width=1.5, **below),
        ]
        names += [
            ("information", INK, "paper", 0.31),
            ("distance from prior", INK_3, "paper", 0.26),
        ]
    high = min(140.0, max(80.0, 1.05 * recon.max()))
    top = min(max([20.0, *now]), 1.1 * kl.max())  # cuts off an early peak
    left = {"xref": "x domain", "xanchor": "right", "yanchor": "top"}
    return figure(
        traces,
        axis(0, end, anchor="y", showticklabels=False),
        axis(0, high, "nats", domain=[0.45, 1], anchor="x"),
        xaxis2=axis(0, end, "step", anchor="y2"),
        yaxis2=axis(0, top, domain=[0, 0.38], anchor="x2"),
        height=640,
        left=40,
        right=24,
        shapes=shapes,
        labels=[
            label(name, 1, height, color, yref=yref, **left) for name, color, yref, height in names
        ],
    )


def curve_alt(result):
    if result["steps"] == 0:
        return "No step has been made yet: two empty axes for reconstruction and KL."
    now = result["curves"][0]
    alt = (
        f"At step {result['steps']} the reconstruction is at {now['recon'][-1]:.1f} nats, from "
        f"{now['recon'][0]:.1f}, and the KL at {now['kl'][-1]:.2f}."
    )
    if result["parts"]:
        alt += (
            f" Of the KL {now['information'][-1]:.2f} is information and "
            f"{now['from_prior'][-1]:.2f} the distance of all codes together from the prior."
        )
    if result["at"] is not None:
        other = result["curves"][1]
        alt += (
            f" Without the branch at step {result['at']}: {other['recon'][-1]:.1f} and "
            f"{other['kl'][-1]:.2f}."
        )
    return alt


def note(result):
    """What the terms say."""
    if result["steps"] == 0:
        return "No step yet: all weights are random."
    if result["steps"] > 200 and result["kl"].sum() < 0.1:
        return "Both latents are silent: the decoder draws the average stroke whatever the code."
    if result["steps"] > 200 and result["kl"].min() < 0.1:
        return "One latent is silent: along it, nothing changes."
    return ""


def keep(state, *, width, **settings):
    """The trained networks, as `widgets.kit.network` reads them, and codes of the test strokes."""
    w = unpack(state["theta"], width)
    images, factors = strokes()
    mu, logvar = encoded(w, images[TRAIN:])
    x_hat = drawn(w, mu)
    again = drawn(w, encoded(w, x_hat)[0])
    changes = 4 * np.sum((again - x_hat) ** 2, axis=1)  # each pixel is drawn as 2 x 2
    return {
        "encoder_w0": w["W0"],
        "encoder_b0": w["b0"],
        "encoder_w1": w["W1"][:, :LATENTS],  # to the mean
        "encoder_b1": w["b1"][:LATENTS],
        "log_variance_w1": w["W1"][:, LATENTS:],  # the other half of the encoder's last layer
        "log_variance_b1": w["b1"][LATENTS:],
        "encoder_round_trip_quantiles": np.quantile(changes, np.linspace(0, 1, 101)),
        "w0": w["V0"],
        "b0": w["c0"],
        "w1": w["V1"],
        "b1": w["c1"],
        "sigmoid": np.array(True),
        "centre": np.zeros(LATENTS),
        "scale": np.array(1.0),
        "codes": mu,
        "log_variances": logvar,
        "factors": factors[TRAIN:],
    }
