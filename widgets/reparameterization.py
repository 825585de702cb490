"""A draw with a gradient: z = mu + sigma eps, and two ways to estimate one derivative from draws.

Noise eps ~ N(0, I) is drawn once; every code is a fixed function of it, so that the draw follows
mu and sigma smoothly. All k latents have the same mean and the same variance, which costs

    KL = k/2 (sigma^2 + mu^2 - 1 - log sigma^2).

The derivative of E[h(z)] by the mean of the first latent, for h(z) = sum_j z_j^2, is 2 mu. It is
the average of either

    2 z_1              the slope of h at the draw: reparameterized,
    h(z) eps_1/sigma   the height of h at the draw: the score function.

With S the sum of the other k - 1 squares, their variances are 4 sigma^2 and

    (E[z_1^4 eps^2] + 2 E[z_1^2 eps^2] E[S] + E[S^2]) / sigma^2 - 4 mu^2,

where E[eps^2], E[eps^4], E[eps^6] = 1, 3, 15 give every part in closed form.
"""

import numpy as np

from widgets.contract import (
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    INK_2,
    MUTED,
    PAPER,
    Frame,
    Instrument,
    Plot,
    Readout,
    Seed,
    Slider,
)
from widgets.kit.figures import axis, bars, dots, figure, label, line

MAX_DRAWS, MAX_LATENTS = 1000, 20
THREADS = 40  # draws whose way from noise to code is shown
REACH = 6.0  # how far the codes are shown

instrument = Instrument(
    name="reparameterization",
    title="Reparameterization",
    challenge="Narrow the cloud until its log-variance is −4 and all draws nearly agree. Say "
    "first: will the variance ratio fall, stay or grow?",
    controls=(
        Slider(
            "logvar",
            "Log-variance",
            default=0.0,
            min=-4.0,
            max=2.0,
            step=0.1,
            symbol=r"\log \sigma^2",
            format=".1f",
        ),
        Slider("mu", "Mean", default=1.0, min=-3.0, max=3.0, step=0.1, symbol=r"\mu", format=".1f"),
        Slider("latents", "Latents", default=1, min=1, max=MAX_LATENTS, step=1, symbol="k"),
        Slider("n", "Draws", default=300, values=(10, 30, 100, 300, MAX_DRAWS), symbol="n"),
        Seed(),
    ),
    readouts=(
        Readout("moments", "Mean and std of draws"),
        Readout("kl", "KL, closed form", "nats", ".4f"),
        Readout("kl_drawn", "KL from draws", "nats", ".3f"),
        Readout("ratio", "Variance ratio", "×", ".1f"),
    ),
    references=("kingma2014", "williams1992"),
)


def compute(*, mu, logvar, latents, n, seed):
    """Draw n codes, and estimate the KL divergence and a gradient from them.

    Parameters
    ----------
    mu, logvar : float, mean and log-variance of every latent
    latents : int, how many there are
    n : int, draws
    seed : int, of the noise

    Returns
    -------
    dict
        Of the first latent: ``eps`` and ``z``, noise and codes, (n,). ``kl`` in closed form and
        ``kl_drawn``, the mean of log q - log p over the draws, in nats. ``slope`` and ``score``,
        what each draw says of the gradient, (n,), with the exact ``gradient`` and the exact
        variances ``slope_variance`` and ``score_variance`` of a single draw.
    """
    sigma = np.exp(0.5 * logvar)
    noise = np.random.default_rng(seed).normal(size=(MAX_DRAWS, MAX_LATENTS))
    eps = noise[:n, :latents]  # the draws of a smaller n are the first of a larger one
    z = mu + sigma * eps  # (n, latents)

    h = np.sum(z**2, axis=1)
    log_q = -0.5 * np.sum(eps**2 + logvar, axis=1)  # both without log(2 pi)/2 a latent
    log_p = -0.5 * h

    others = latents - 1
    mean_rest = others * (mu**2 + sigma**2)  # E[S]
    variance_rest = others * (4 * mu**2 * sigma**2 + 2 * sigma**4)  # Var[S]
    own = mu**4 + 18 * mu**2 * sigma**2 + 15 * sigma**4  # E[z_1^4 eps^2]
    mixed = 2 * (mu**2 + 3 * sigma**2) * mean_rest  # 2 E[z_1^2 eps^2] E[S]
    second_moment = own + mixed + mean_rest**2 + variance_rest
    return {
        "eps": eps[:, 0],
        "z": z[:, 0],
        "kl": 0.5 * latents * (sigma**2 + mu**2 - 1 - logvar),
        "kl_drawn": np.mean(log_q - log_p),
        "slope": 2 * z[:, 0],
        "score": h * eps[:, 0] / sigma,
        "gradient": 2 * mu,
        "slope_variance": 4 * sigma**2,
        "score_variance": second_moment / sigma**2 - 4 * mu**2,
        "mu": mu,
        "sigma": sigma,
        "latents": latents,
    }


def frame(result):
    """From noise to codes on the left, both running averages on the right."""
    z = result["z"]
    return Frame(
        readouts={
            "moments": f"{z.mean():.3f}, {z.std():.3f}",
            "kl": result["kl"],
            "kl_drawn": result["kl_drawn"],
            "ratio": result["score_variance"] / result["slope_variance"],
        },
        panels=[
            Plot("draws", draws_figure(result), draws_alt(result), half=True),
            Plot("gradient", gradient_figure(result), gradient_alt(result), half=True),
        ],
        note=note(result),
    )


def bell(z, mu, sigma):
    """Density of N(mu, sigma^2) at z."""
    return np.exp(-0.5 * ((z - mu) / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))


def draws_figure(result):
    """Noise below, codes above, each with its density, and a thread from one to the other."""
    eps, z, mu, sigma = (result[key] for key in ("eps", "z", "mu", "sigma"))
    unit = bell(0, 0, min(1.0, sigma))  # the highest density: both are drawn on one scale
    noise = np.linspace(-4, 4, 161)
    codes = mu + sigma * noise
    steps = codes[::10]  # half a standard deviation each
    share = np.histogram(z, steps)[0] / len(z)
    density = share / (0.5 * sigma) / unit

    few_eps, few_z = eps[:THREADS], z[:THREADS]
    gaps = np.full(len(few_z), np.nan)
    threads = np.stack([few_eps, few_z, gaps], axis=1).ravel()
    heights = np.tile([0, 1, np.nan], len(few_z))
    beside = {"xref": "x domain", "xanchor": "left", "bgcolor": PAPER}
    return figure(
        [
            line(threads, heights, MUTED, width=1, opacity=0.7),
            bars(codes[5::10], density.clip(0, 1.3), MUTED, width=0.45 * sigma, base=1),
            line(noise, -bell(noise, 0, 1) / unit, INK_2),
            line(codes, 1 + bell(codes, mu, sigma) / unit, DATA_1),
            dots(few_eps, np.zeros(len(few_eps)), INK_2, size=4),
            dots(few_z, np.ones(len(few_z)), DATA_1, size=4),
        ],
        axis(-REACH, REACH, dtick=2),
        axis(-1.1, 2.4, showticklabels=False, showgrid=False),
        height=560,
        left=12,
        right=12,
        top=12,
        bottom=24,
        labels=[
            label("<b>code</b> z<sub>1</sub> = μ + σε", 0.01, 1.14, DATA_1, **beside),
            label("<b>noise</b> ε", 0.01, -0.12, INK_2, **beside),
        ],
    )


def draws_alt(result):
    n, mu, sigma = len(result["z"]), result["mu"], result["sigma"]
    return (
        f"Below, standard normal noise; above, the codes that it is carried to by z = mu + sigma "
        f"eps, with mu {mu:.1f} and sigma {sigma:.2f}. Threads join the first "
        f"{min(n, THREADS)} of {n} draws. The bars of the codes follow their bell curve."
    )


def gradient_figure(result):
    """Averages over the first 1, 2, ..., n draws, in bands of one standard error each way."""
    exact, n = result["gradient"], len(result["z"])
    draws = np.arange(1, n + 1)
    all_draws = np.geomspace(1, MAX_DRAWS, 40)
    reach = rounded_up(1.2 * np.sqrt(result["score_variance"]))
    bands, averages = [], []
    for key, color in (("score", DATA_2), ("slope", DATA_1)):
        error = np.sqrt(result[f"{key}_variance"] / all_draws)
        bands += [
            line(all_draws, exact - error, color, width=0.5),
            line(all_draws, exact + error, color, width=0.5, fill="tonexty"),
        ]
        average = np.cumsum(result[key]) / draws
        averages.append(line(draws, average.clip(exact - reach, exact + reach), color))
    corner = {"xref": "x domain", "yref": "y domain", "xanchor": "right", "bgcolor": PAPER}
    return figure(
        [*bands, *averages],
        axis(0, 3, "draws averaged", type="log", exponentformat="none", dtick=1),
        axis(exact - reach, exact + reach, "estimate of the gradient", nticks=7),
        height=560,
        left=46,
        right=20,
        labels=[
            label("<b>height × noise</b> (score function)", 1, 0.97, DATA_2_TEXT, **corner),
            label("<b>slope</b> (reparameterized)", 1, 0.03, DATA_1, **corner),
        ],
    )


def rounded_up(number):
    """The next number of the form 1, 2 or 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(number))
    return next(step * power for step in (1, 2, 5, 10) if number <= step * power)


def gradient_alt(result):
    return (
        f"Running averages of two estimates of the gradient, which is {result['gradient']:.1f}. "
        f"After {len(result['z'])} draws the slopes average {result['slope'].mean():.3f}, the "
        f"heights times noise {result['score'].mean():.3f}, on an axis that fits the wider band."
    )


def note(result):
    """The variances in closed form."""
    slope, score = result["slope_variance"], result["score_variance"]
    return (
        f"The gradient is {result['gradient']:.2f}. Variance of one draw in closed form: slope "
        f"{slope:.4g}, height times noise {score:.4g}. Their ratio: {score / slope:.4g}."
    )
