"""The two terms of the bound, and its gap, in a case with closed forms.

Code and input are single numbers, and the decoder is linear:

    z ~ N(0, 1),    x given z ~ N(w z, s^2),    so    x ~ N(0, w^2 + s^2).

For a cloud q = N(mu, sigma^2) every expectation has a closed form:

    reconstruction   E_q[-log p(x|z)] = ((x - w mu)^2 + w^2 sigma^2) / (2 s^2) + log(2 pi s^2) / 2
    price            KL(q || p) = (sigma^2 + mu^2 - 1 - log sigma^2) / 2
    gap              log p(x) + reconstruction + price = KL(q || p(z|x)) >= 0

With a weight beta on the price the loss is lowest at the posterior of a model whose noise is
beta s^2 instead of s^2:

    mu = w x / (w^2 + beta s^2),    sigma^2 = beta s^2 / (w^2 + beta s^2).
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
    Frame,
    Instrument,
    Plot,
    Readout,
    Slider,
    Toggle,
)
from widgets.kit.figures import axis, dots, figure, label, line, segment

W, X = 2.0, 1.5  # the decoder's slope, and the input that is seen
SIGMAS = np.geomspace(0.1, 2.0, 121)  # along the curves of the terms
LOWEST, HIGHEST = -1.0, 8.0  # nats that are shown

instrument = Instrument(
    name="elbo_balance",
    title="Two terms, one gap",
    challenge="Bring the gap to 0.000 with μ and σ. Then set β to 4 and find the lowest loss. Say "
    "first: will the gap still be zero there?",
    controls=(
        Slider(
            "sigma",
            "Width of the cloud",
            default=1.0,
            min=0.1,
            max=2.0,
            step=0.01,
            symbol=r"\sigma",
            format=".2f",
        ),
        Slider(
            "mu",
            "Its mean",
            default=-0.5,
            min=-1.5,
            max=1.5,
            step=0.01,
            symbol=r"\mu",
            format=".2f",
        ),
        Slider(
            "beta",
            "Weight",
            default=1.0,
            values=(0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0),
            symbol=r"\beta",
        ),
        Slider(
            "s2",
            "Decoder variance",
            default=1.0,
            min=0.25,
            max=4.0,
            step=0.25,
            symbol="s^2",
            format=".2f",
        ),
        Toggle("best", "Show the best cloud"),
    ),
    readouts=(
        Readout("recon", "Reconstruction", "nats", ".3f"),
        Readout("kl", "KL", "nats", ".3f"),
        Readout("loss", "Loss", "nats", ".3f"),
        Readout("gap", "Gap", "nats", ".3f"),
    ),
    references=("kingma2014", "lucas2019"),
)


def compute(*, sigma, mu, beta, s2, best):
    """Every term at one cloud, and along all widths of it.

    Parameters
    ----------
    sigma, mu : float, standard deviation and mean of the cloud q
    beta : float, weight of the KL divergence in the loss
    s2 : float, variance of the decoder's noise
    best : bool, whether the best cloud is shown

    Returns
    -------
    dict
        In nats: ``recon``, ``kl``, ``loss`` = recon + beta kl, ``elbo`` = -(recon + kl), ``log_px``
        and ``gap``; ``recon_curve``, ``kl_curve`` at ``SIGMAS``, (121,). Pairs of mean and standard
        deviation: ``cloud``, ``posterior``, and ``optimum``, the cloud of lowest loss, at which the
        loss is ``lowest`` and the gap ``optimum_gap``.
    """
    total = W**2 + s2
    log_px = -0.5 * (X**2 / total + np.log(2 * np.pi * total))
    noise = beta * s2
    optimum = W * X / (W**2 + noise), np.sqrt(noise / (W**2 + noise))
    recon, kl = terms(mu, sigma, s2)
    best_recon, best_kl = terms(*optimum, s2)
    recon_curve, kl_curve = terms(mu, SIGMAS, s2)
    return {
        "recon": recon,
        "kl": kl,
        "loss": recon + beta * kl,
        "elbo": -(recon + kl),
        "log_px": log_px,
        "gap": log_px + recon + kl,
        "recon_curve": recon_curve,
        "kl_curve": kl_curve,
        "cloud": (mu, sigma),
        "posterior": (W * X / total, np.sqrt(s2 / total)),
        "optimum": optimum,
        "lowest": best_recon + beta * best_kl,
        "optimum_gap": log_px + best_recon + best_kl,
        "beta": beta,
        "best": best,
    }


def terms(mu, sigma, s2):
    """Reconstruction loss and KL divergence of q = N(mu, sigma^2), in nats."""
    squared_error = (X - W * mu) ** 2 + W**2 * sigma**2  # E_q (x - w z)^2
    recon = squared_error / (2 * s2) + 0.5 * np.log(2 * np.pi * s2)
    return recon, 0.5 * (sigma**2 + mu**2 - 1 - np.log(sigma**2))


def frame(result):
    """The cloud between prior and posterior on the left, the terms by its width on the right."""
    return Frame(
        readouts={key: result[key] for key in ("recon", "kl", "loss")}
        | {"gap": max(0.0, result["gap"])},  # rounding may take it below
        panels=[
            Plot("clouds", clouds_figure(result), clouds_alt(result), half=True),
            Plot("terms", terms_figure(result), terms_alt(result), half=True),
        ],
        note=note(result),
    )


def bell(z, cloud):
    """Density of a cloud at z."""
    mu, sigma = cloud
    return np.exp(-0.5 * ((z - mu) / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))


def clouds_figure(result):
    """Densities of the prior, the cloud, and on demand of the posterior and the best cloud."""
    z = np.linspace(-3, 3, 301)
    cloud = result["cloud"]
    shown = {"prior": ((0.0, 1.0), INK_3, INK_3, "dot"), "q": (cloud, DATA_1, DATA_1, "solid")}
    if result["best"]:
        shown["posterior"] = (result["posterior"], DATA_2, DATA_2_TEXT, "solid")
        if result["beta"] != 1:
            shown["lowest loss"] = (result["optimum"], INK, INK, "dash")
    peaks = {name: 1 / (each[0][1] * np.sqrt(2 * np.pi)) for name, each in shown.items()}
    top = next(t for t in (0.5, 1.0, 2.0, 5.0) if max(peaks.values()) < 0.95 * t)
    # Names stand at the right, in the order of the peaks, so that none covers another.
    order = sorted(shown, key=peaks.get, reverse=True)
    return figure(
        [
            line(z, bell(z, each), color, dash=dash, fill="tozeroy" if name == "q" else None)
            for name, (each, color, _, dash) in shown.items()
        ],
        axis(-3, 3, "code z", dtick=1),
        axis(0, top, "density", nticks=5),
        height=620,
        right=12,
        labels=[
            label(
                f"<b>{name}</b>, σ = {shown[name][0][1]:.2f}",
                1,
                0.97 - 0.075 * place,
                shown[name][2],
                xref="x domain",
                yref="y domain",
                xanchor="right",
                bgcolor=PAPER,
            )
            for place, name in enumerate(order)
        ],
    )


def clouds_alt(result):
    (mu, sigma), (centre, width) = result["cloud"], result["posterior"]
    return (
        f"Densities over the code: the prior, with mean 0 and standard deviation 1, and the cloud, "
        f"with {mu:.2f} and {sigma:.2f}. The posterior has {centre:.2f} and {width:.2f}."
    )


def terms_figure(result):
    """Both terms, their sum and the loss by the width of the cloud, over what log p(x) allows."""
    sigma, recon, kl = result["cloud"][1], result["recon"], result["kl"]
    floor = -result["log_px"]
    curves = [
        ("reconstruction", result["recon_curve"], recon, DATA_2, DATA_2_TEXT),
        ("KL", result["kl_curve"], kl, INK_2, INK_2),
        ("sum, −ELBO", result["recon_curve"] + result["kl_curve"], recon + kl, DATA_1, DATA_1),
    ]
    dashes = dict.fromkeys([name for name, *_ in curves], "solid")
    if result["beta"] != 1:
        loss = result["recon_curve"] + result["beta"] * result["kl_curve"]
        curves.append(("loss", loss, result["loss"], INK, INK))
        dashes["loss"] = "dash"
    above = min(recon + kl, HIGHEST)
    return figure(
        [
            *(
                line(SIGMAS, np.minimum(curve, 50), color, dash=dashes[name])
                for name, curve, _, color, _ in curves
            ),
            dots(
                [sigma] * len(curves),
                [min(height, HIGHEST) for _, _, height, _, _ in curves],
                [color for _, _, _, color, _ in curves],
                size=9,
                ring=2,
            ),
        ],
        axis(-1, np.log10(2), "width of the cloud σ", type="log", exponentformat="none"),
        axis(LOWEST, HIGHEST, "nats", dtick=2),
        height=620,
        right=66,
        shapes=[
            segment((0, 1), (floor, floor), INK_2, dash="dash", xref="x domain"),
            segment((sigma, sigma), (floor, above), DATA_1, width=4),
        ],
        labels=[
            label("−log p(x)", 1, floor, INK_2, xref="x domain", xanchor="left", xshift=4),
            *(
                label(
                    f"<b>{name}</b>",
                    0.03,
                    0.97 - 0.075 * place,
                    text_color,
                    xref="x domain",
                    yref="y domain",
                    xanchor="left",
                    bgcolor=PAPER,
                )
                for place, (name, _, _, _, text_color) in enumerate(curves)
            ),
        ],
    )


def terms_alt(result):
    loss = f" The loss there is {result['loss']:.3f}." if result["beta"] != 1 else ""
    return (
        f"Reconstruction, KL and their sum against the width of the cloud. At its width of "
        f"{result['cloud'][1]:.2f} they are {result['recon']:.3f}, {result['kl']:.3f} and "
        f"{-result['elbo']:.3f} nats; -log p(x) is {-result['log_px']:.3f}, which leaves a gap of "
        f"{result['gap']:.3f}.{loss}"
    )


def note(result):
    """The bound, and the best cloud where it is shown."""
    said = f"−ELBO is {-result['elbo']:.3f} nats, −log p(x) {-result['log_px']:.3f}."
    if not result["best"]:
        return said
    mu, sigma = result["optimum"]
    return (
        f"{said} At β = {result['beta']:g} the loss is lowest, {result['lowest']:.3f}, at "
        f"μ = {mu:.3f} and σ = {sigma:.3f}; the gap there is {abs(result['optimum_gap']):.3f}."
    )
