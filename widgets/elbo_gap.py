"""The bound under log p(x) and the gap between them, where everything is known.

Code and input are single numbers, and the decoder is straight or folded:

    z ~ N(0, 1),    x = 2 z + noise  or  x = z^2 + noise,    noise ~ N(0, s^2).

For a cloud q = N(m, v) both terms of the bound have closed forms:

    ELBO               E_q[log p(x|z)] - KL(q || p)
    log-likelihood     E_q[log p(x|z)] = -E_q[(x - g(z))^2] / (2 s^2) - log(2 pi s^2) / 2
    straight           E_q[(x - 2 z)^2] = (x - 2 m)^2 + 4 v
    folded             E_q[(x - z^2)^2] = x^2 - 2 x (m^2 + v) + m^4 + 6 m^2 v + 3 v^2
    KL to the prior    KL(q || p) = (v + m^2 - 1 - log v) / 2

The rest is summed over a fine grid of codes: p(x), the posterior p(z|x) = p(z) p(x|z) / p(x), and
KL(q || p(z|x)), which must be log p(x) - ELBO.
"""

import numpy as np

from widgets.contract import (
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    INK,
    INK_2,
    INK_3,
    PAPER,
    Choice,
    Frame,
    Instrument,
    Plot,
    Readout,
    Slider,
    Toggle,
)
from widgets.kit.figures import axis, dots, figure, label, line, segment

W = 2.0  # slope of the straight decoder
STEP = 0.01
Z = np.linspace(-12, 12, 2401)  # the grid, STEP apart
MEANS = np.linspace(-3, 3, 241)  # along the curves
LOWEST, HIGHEST = -7.0, 1.5  # nats that are shown
TENTHS = (1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9)
VARIANCES = tuple(
    round(ten * part, 3) for ten in (0.01, 0.1, 1.0) for part in TENTHS if ten * part <= 2
)

instrument = Instrument(
    name="elbo_gap",
    title="The ceiling and the gap",
    challenge="Close the gap, first with m, then with v. Now fold the decoder, z², and raise x "
    "to 4: say first how small the gap can be.",
    controls=(
        Choice("decoder", "Decoder", {"straight": "2z", "folded": "z²"}, "straight"),
        Slider(
            "m", "Mean of q", default=0.0, min=-3.0, max=3.0, step=0.02, symbol="m", format=".2f"
        ),
        Toggle("best", "Best q"),
        Slider("v", "Variance", default=1.0, values=VARIANCES, symbol="v"),
        Slider("x", "Input", default=1.5, min=0.0, max=4.0, step=0.1, symbol="x", format=".1f"),
        Slider("s", "Noise", default=1.0, min=0.5, max=2.0, step=0.1, symbol="s", format=".1f"),
    ),
    readouts=(
        Readout("log_px", "log p(x)", "nats", ".3f"),
        Readout("fit", "Mean log p(x|z)", "nats", ".3f"),
        Readout("kl", "KL to the prior", "nats", ".3f"),
        Readout("elbo", "ELBO", "nats", ".3f"),
        Readout("gap", "Gap", "nats", ".3f"),
        Readout("kl_posterior", "KL to the posterior", "nats", ".3f"),
    ),
    references=("kingma2014",),
)


def compute(*, m, v, decoder, x, s, best):
    """Both terms of the bound, the ceiling and the posterior.

    Parameters
    ----------
    m, v : float, mean and variance of the cloud q
    decoder : "straight" or "folded"
    x : float, the input
    s : float, standard deviation of the noise
    best : bool, whether the best cloud is shown

    Returns
    -------
    dict
        In nats: ``log_px``; ``fit``, the mean of log p(x|z) under q; ``kl``, from q to the prior;
        ``elbo`` = fit - kl; ``gap`` = log_px - elbo; ``kl_posterior``, by the grid; ``fit_curve``
        and ``elbo_curve`` at ``MEANS``, (241,). ``log_posterior`` on the grid ``Z``, (2401,). Pairs
        of mean and variance: ``cloud``, and ``optimum``, the cloud of the least gap, ``least``; of
        two such, the one on the side of q. ``peaks``, where the posterior is highest, (1,) or (2,).
    """
    answer = W * Z if decoder == "straight" else Z**2
    joint = log_normal(Z, 0, 1) + log_normal(x, answer, s**2)  # log p(x, z), (2401,)
    log_px = np.log(np.exp(joint).sum() * STEP)
    log_q = log_normal(Z, m, v)
    fit, kl = terms(m, v, decoder, x, s)
    mean, variance = best_cloud(decoder, x, s)
    optimum = (-mean if decoder == "folded" and m < 0 < mean else mean), variance
    fit_curve, kl_curve = terms(MEANS, v, decoder, x, s)
    return {
        "log_px": log_px,
        "fit": fit,
        "kl": kl,
        "elbo": fit - kl,
        "gap": log_px - (fit - kl),
        "kl_posterior": np.sum(np.exp(log_q) * (log_q - joint + log_px)) * STEP,
        "fit_curve": fit_curve,
        "elbo_curve": fit_curve - kl_curve,
        "log_posterior": joint - log_px,
        "cloud": (m, v),
        "optimum": optimum,
        "least": log_px - np.subtract(*terms(*optimum, decoder, x, s)),
        "peaks": peaks(decoder, x, s),
        "decoder": decoder,
        "best": best,
    }


def log_normal(x, mean, variance):
    """Log density of N(mean, variance) at x."""
    return -0.5 * ((x - mean) ** 2 / variance + np.log(2 * np.pi * variance))


def terms(m, v, decoder, x, s):
    """E_q[log p(x|z)] and KL(q || p) of q = N(m, v), in nats."""
    if decoder == "straight":
        squared_error = (x - W * m) ** 2 + W**2 * v
    else:
        squared_error = x**2 - 2 * x * (m**2 + v) + m**4 + 6 * m**2 * v + 3 * v**2
    fit = -squared_error / (2 * s**2) - 0.5 * np.log(2 * np.pi * s**2)
    return fit, 0.5 * (v + m**2 - 1 - np.log(v))


def peaks(decoder, x, s):
    """Codes at which the posterior is highest, (1,) or (2,)."""
    if decoder == "straight":
        return np.array([W * x / (W**2 + s**2)])
    a = x - s**2 / 2  # the slope of log p(x, z) by z is 2 z (a - z^2) / s^2
    return np.sqrt(a) * np.array([-1, 1]) if a > 0 else np.zeros(1)


def best_cloud(decoder, x, s):
    """Mean and variance of the cloud of the highest ELBO; of two such, that of m > 0.

    With the folded decoder, and a = x - s^2 / 2, the slopes of the ELBO by m and by v vanish at
    m = 0, 6 v = a + sqrt(a^2 + 6 s^2), and, if the root is real, at m^2 = a - 3 v,
    6 v = a - sqrt(a^2 - 3 s^2).
    """
    if decoder == "straight":
        return W * x / (W**2 + s**2), s**2 / (W**2 + s**2)
    a = x - s**2 / 2
    clouds = [(0.0, (a + np.sqrt(a**2 + 6 * s**2)) / 6)]
    if a > 0 and a**2 >= 3 * s**2:
        v = (a - np.sqrt(a**2 - 3 * s**2)) / 6
        clouds.append((np.sqrt(a - 3 * v), v))
    return max(clouds, key=lambda cloud: np.subtract(*terms(*cloud, decoder, x, s)))


def frame(result):
    """The densities over the code on the left, the bound under its ceiling on the right."""
    readouts = {key: result[key] for key in ("log_px", "fit", "kl", "elbo")}
    for key in ("gap", "kl_posterior"):
        readouts[key] = max(0.0, result[key])  # rounding may take it below
    return Frame(
        readouts=readouts,
        panels=[
            Plot("densities", densities_figure(result), densities_alt(result), half=True),
            Plot("bound", bound_figure(result), bound_alt(result), half=True),
        ],
        note=note(result),
    )


def densities_figure(result):
    """Prior, posterior and q, and on demand the best q."""
    shown = np.abs(Z) < 3 + STEP / 2
    z = Z[shown]
    curves = [
        ("prior", log_normal(z, 0, 1), INK_3, INK_3, "dot"),
        ("posterior", result["log_posterior"][shown], DATA_2, DATA_2_TEXT, "solid"),
        ("q", log_normal(z, *result["cloud"]), DATA_1, DATA_1, "solid"),
    ]
    if result["best"]:
        curves.append(("best q", log_normal(z, *result["optimum"]), INK, INK, "dash"))
    peak = np.exp(max(each.max() for _, each, *_ in curves))
    top = next(t for t in (0.5, 1.0, 2.0, 5.0) if peak < 0.95 * t)
    return figure(
        [
            line(z, np.exp(each), color, dash=dash, fill="tozeroy" if name == "q" else None)
            for name, each, color, _, dash in curves
        ],
        axis(-3, 3, "code z", dtick=1),
        axis(0, top, "density", nticks=5),
        height=620,
        right=12,
        labels=[
            name_at(0.03, row, name, color) for row, (name, _, _, color, _) in enumerate(curves)
        ],
    )


def name_at(x, row, name, color):
    """The name of a line, in a corner of the plot."""
    corner = {"xref": "x domain", "yref": "y domain", "bgcolor": PAPER}
    side = "left" if x < 0.5 else "right"
    return label(f"<b>{name}</b>", x, 0.97 - 0.075 * row, color, xanchor=side, **corner)


def densities_alt(result):
    m, v = result["cloud"]
    where = " and ".join(f"{z:.2f}" for z in result["peaks"])
    return (
        f"Densities over the code: the prior, around 0; the posterior, highest at {where}; and q, "
        f"with mean {m:.2f} and variance {v:g}."
    )


def bound_figure(result):
    """The bound by the mean of q, under log p(x); at q itself the gap, and the KL to the prior."""
    m, ceiling = result["cloud"][0], result["log_px"]
    fit, elbo = (max(result[key], LOWEST) for key in ("fit", "elbo"))
    return figure(
        [
            line(MEANS, np.maximum(result["fit_curve"], -50), INK_2, width=1.5),
            line(MEANS, np.maximum(result["elbo_curve"], -50), DATA_1),
            dots([m, m], [fit, elbo], [INK_2, DATA_1], size=9, ring=2),
        ],
        axis(-3, 3, "mean of q, m", dtick=1),
        axis(LOWEST, HIGHEST, "nats", dtick=2),
        height=620,
        right=58,
        shapes=[
            segment((0, 1), (ceiling, ceiling), INK_2, dash="dash", xref="x domain"),
            segment((m - 0.05, m - 0.05), (elbo, ceiling), DATA_2, width=4),
            segment((m + 0.05, m + 0.05), (elbo, fit), INK_3, width=2, dash="dot"),
        ],
        labels=[
            label("log p(x)", 1, ceiling, INK_2, xref="x domain", xanchor="left", xshift=4),
            name_at(0.03, 0, "ELBO", DATA_1),
            name_at(0.03, 1, "gap", DATA_2_TEXT),
            name_at(0.97, 0, "mean log p(x|z)", INK_2),
            name_at(0.97, 1, "KL to the prior", INK_3),
        ],
    )


def bound_alt(result):
    return (
        f"The ELBO against the mean of q, under log p(x), which is {result['log_px']:.3f} nats. At "
        f"m = {result['cloud'][0]:.2f} the mean of log p(x|z) is {result['fit']:.3f}; less the KL "
        f"to the prior, {result['kl']:.3f}, that is an ELBO of {result['elbo']:.3f} and leaves a "
        f"gap of {abs(result['gap']):.3f}."
    )


def note(result):
    """The best cloud where it is shown, or the shape that q has to match."""
    two = len(result["peaks"]) == 2
    if result["best"]:
        (m, v), least = result["optimum"], abs(result["least"])
        twin = " Its mirror image is as good; ln 2 = 0.693." if m and two else ""
        return f"Best q: m = {m:.2f}, v = {v:.3f}. The gap left is {least:.3f} nats.{twin}"
    if two:
        return f"The posterior has peaks at ±{result['peaks'][1]:.2f}. A Gaussian has one."
    if result["decoder"] == "folded":
        return "The posterior has one peak but is not a Gaussian."
    return "The posterior is a Gaussian, so there is a cloud q that closes the gap."
