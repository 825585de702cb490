"""From noise to a digit, step by step, in the latent of the book's own VAEs.

Noise turns a code z_0 into z_t = a z_0 + s eps, with a^2 + s^2 = 1; the angle phi, a = cos(phi),
s = sin(phi), grows with t from 0 to pi/2. The best denoiser answers with E[z_0 | z_t], and the
score follows from it, (a E[z_0 | z_t] - z_t) / s^2. Two of them are compared: the exact one
of a mixture of Gaussians that was fitted to the codes, and a network that learned to denoise.

If the codes are a mixture of N(m_j, C_j) with weights pi_j, those at time t are a mixture of
N(a m_j, a^2 C_j + s^2 I), so that everything is known in closed form. A step from phi to a smaller
phi' goes to

    z' = a' E[z_0 | z] + sqrt(s'^2 - r^2) eps_hat + r xi,    eps_hat = (z - a E[z_0 | z]) / s,

with r = 0 for DDIM, and r^2 = (s'/s)^2 (1 - (a/a')^2) and fresh noise xi for DDPM. Guidance of
weight w answers (1 + w) E[z_0 | z_t, digit] - w E[z_0 | z_t].
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from widgets.contract import (
    ACCENT,
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    INK_3,
    YOURS,
    Choice,
    Frame,
    Instrument,
    Plot,
    Readout,
    Seed,
    Slider,
    Tiles,
)
from widgets.data import load
from widgets.kit.figures import axis, dots, equal, figure, label, line, tint
from widgets.kit.network import decode, dense, grey_levels

Array = NDArray[Any]
Parts = tuple[Array, ...]
"""Gaussians in a row: log weights (J,), means (J, d), axes (J, d, d), variances (J, d)."""

ANY = "any"
DRAWS = 25  # codes that walk, shown five by five
MOMENTS = 12  # of the walk of the first one that are decoded
WAVES = 4  # cosines and sines by which the network is told the angle
REACH = 3.4  # how far the plane is shown
LATTICE = 33  # places a side at which the density is computed
ARROWS = 11  # in each row and column
CODES = {"2": "conv_vae_mnist", "16": "conv_vae_mnist_16"}

instrument = Instrument(
    name="latent_diffusion",
    title="Latent diffusion",
    challenge="Ask for a 3, then for a 0. Say of each whether guidance of 3 will crowd its draws "
    "or spread them, and only then raise w.",
    controls=(
        Slider("t", "Time", default=0.3, min=0.0, max=1.0, step=0.02, symbol="t", format=".2f"),
        Choice(
            "way",
            "Way",
            {"ddpm": "Back, DDPM", "ddim": "Back, DDIM", "forward": "Forward"},
            "ddpm",
        ),
        Choice("asked", "Ask for", {ANY: "Any digit", "one": "One digit"}, ANY),
        Slider("digit", "Digit", default=3, min=0, max=9, step=1, when=("asked", "one")),
        Slider(
            "w",
            "Guidance",
            default=0.0,
            min=0.0,
            max=6.0,
            step=0.5,
            symbol="w",
            format=".1f",
            when=("asked", "one"),
        ),
        Choice("score", "Score", {"exact": "Exact, mixture", "learned": "Learned"}, "exact"),
        Slider("steps", "Steps", default=24, values=(1, 2, 3, 4, 6, 8, 12, 16, 24, 32)),
        Choice("schedule", "Schedule", {"cosine": "Cosine", "linear": "Linear"}, "cosine"),
        Choice("latents", "Code", {"2": "2 latents", "16": "16 latents"}, "2", yours=True),
        Seed(),
    ),
    readouts=(
        Readout("signal", "Signal left", "%", ".1f"),
        Readout("gap", "Network's score off by", "%", ".0f"),
        Readout("probable", "Probability of the digit", "%", ".0f"),
        Readout("spread", "Spread of the draws", "× codes"),
    ),
    references=("ho2020", "song2021ddim", "hosalimans2022", "rombach2022"),
)


def compute(*, t, way, asked, digit, w, score, steps, schedule, latents, seed):
    """Walk from noise to codes, or from codes to noise; decode on the way.

    Parameters
    ----------
    t : float, the time that is shown, 0 is a code and 1 is noise
    way : "ddpm", back with fresh noise at each step, "ddim", back without, or "forward"
    asked : "any" or "one", whether a digit is asked for
    digit : int, which
    w : float, weight of the guidance
    score : "exact" or "learned", what leads the way back
    steps : int
    schedule : "cosine" or "linear", how the angle grows with t
    latents : "2", "16" or "yours", the VAE that the reader has trained; of that no digit can be
        asked for, and no network has learned its score, so ``asked`` and ``score`` do not count
    seed : int

    Returns
    -------
    dict
        ``walk``, (steps + 1, DRAWS, d), in the order of the way, with the ``times`` of its places
        and ``now``, the index of the one that is shown; ``tiles`` of all draws there,
        (5, 5, 28, 28), and ``strip``, the first draw on its way above, what the denoiser takes it
        for below, (2, MOMENTS, 28, 28), uint8; ``density`` of the mixture at the time shown on a
        lattice of the plane; ``places`` (ARROWS^2, 2) with ``exact`` and ``learned``, the way to
        a E[z_0 | z_t] there, None for 16 latents; ``gap`` between the two scores at the draws, as
        a share of the exact one, None without noise; whatever is learned is None for "yours";
        ``probable``, mean probability of the digit at the end, None for "any"; ``spread``, of the
        draws at time 0 as a share of that of the codes.
    """
    if latents == YOURS:
        data, asked, score = clouds_of(load(YOURS)), ANY, "exact"
        weights = load(YOURS)
    else:
        data = load(f"{CODES[latents]}_diffusion")
        weights = load(f"conv_vae_mnist{'' if latents == '2' else '_16'}_decoder")
    rng = np.random.default_rng(seed)
    d = data["means"].shape[-1]
    which = ANY if asked == ANY else str(digit)
    guided = (0.0, ANY) if which == ANY else (w, which)

    times = np.linspace(1, 0, steps + 1)
    phis = angle(times, schedule)
    if way == "forward":
        times, phis = times[::-1], phis[::-1]
        walk = noised(drawn(parts_of(data, which), DRAWS, rng), phis, rng)
    else:
        walk = generated(rng.normal(size=(DRAWS, d)), phis, data, score, way, guided, rng)
    now = int(np.flatnonzero(times >= t - 1e-9)[0 if way == "forward" else -1])
    phi = phis[now]

    frames = np.linspace(0, steps, MOMENTS).round().astype(int)
    seen = walk[frames, 0]
    believed = np.stack(
        [
            denoised(z[None], angle_of, data, score, guided)[0]
            for z, angle_of in zip(seen, phis[frames], strict=True)
        ]
    )
    images = grey_levels(decode(np.concatenate([walk[now], seen, believed]), weights))

    def ways(z):
        """The way to a E[z_0 | z_t] by the exact denoiser, and by the learned one or None."""
        kinds = ("exact",) if latents == YOURS else ("exact", "learned")
        found = [np.cos(phi) * denoised(z, phi, data, kind, guided) - z for kind in kinds]
        return found if len(found) == 2 else (*found, None)

    exact, learned = ways(walk[now])
    gap = None
    if phi > 0 and learned is not None:
        gap = np.linalg.norm(learned - exact) / np.linalg.norm(exact)
    places, fields = None, (None, None)
    if d == 2:
        side = np.linspace(-3, 3, ARROWS)
        places = np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)
        fields = ways(places)
    own = parts_of(data, which)
    ends = walk[0] if way == "forward" else walk[-1]
    lattice = np.linspace(-REACH, REACH, LATTICE)
    return {
        "walk": walk,
        "times": times,
        "now": now,
        "tiles": images[:DRAWS].reshape(5, 5, *images.shape[1:]),
        "strip": images[DRAWS:].reshape(2, MOMENTS, *images.shape[1:]),
        "lattice": lattice,
        "density": plane_density(lattice, phi, own, data["plane"]),
        "plane": data["plane"],
        "places": places,
        "exact": fields[0],
        "learned": fields[1],
        "gap": gap,
        "probable": None if which == ANY else probability_of(ends, data, digit).mean(),
        "spread": np.sqrt(((ends - ends.mean(0)) ** 2).sum(1).mean()) / spread_of(own),
        "signal": np.cos(phi) ** 2,
        "phi": phi,
        "way": way,
        "which": which,
        "latents": latents,
    }


def clouds_of(vae: Mapping[str, Array]) -> dict[str, Array]:
    """The clouds of a saved VAE's test strokes as a mixture, in the form of the stored ones."""
    means, log_variances = vae["codes"], vae["log_variances"]
    count, d = means.shape
    return {
        "log_weights": np.full((1, count), -np.log(count)),
        "means": means[None],
        "axes": np.broadcast_to(np.eye(d), (1, count, d, d)),
        "variances": np.exp(log_variances)[None],
        "plane": np.eye(d),
    }


def angle(t, schedule):
    """The angle phi at time t: cosine, or the one of a noise rate that grows linearly."""
    if schedule == "cosine":
        return 0.5 * np.pi * t
    return np.arccos(np.exp(-0.5 * (0.1 * t + 9.95 * t**2)))  # Ho et al. 2020, for many steps


def parts_of(data: Mapping[str, Array], digit: str) -> Parts:
    """The Gaussians of one digit or of all: log weights (J,), means, axes, variances."""
    chosen = slice(None) if digit == ANY else slice(int(digit), int(digit) + 1)
    log_weights, means, axes, variances = (
        data[key][chosen] for key in ("log_weights", "means", "axes", "variances")
    )
    d = means.shape[-1]
    log_weights = log_weights.ravel().astype(float)
    axes = axes.reshape(-1, d, d).astype(float)  # columns are the axes of an ellipsoid
    # Stored in float32 they are not quite at right angles; a step of Newton's mends that.
    axes = 1.5 * axes - 0.5 * axes @ axes.transpose(0, 2, 1) @ axes
    return (
        log_weights - np.log(np.exp(log_weights).sum()),
        means.reshape(-1, d).astype(float),
        axes,
        variances.reshape(-1, d).astype(float),
    )


def posterior(z: Array, phi: float, parts: Parts) -> tuple[Array, Array, Array]:
    """A mixture's posterior for noisy codes z, (n, d), at angle phi.

    Returns
    -------
    mean : ndarray of shape (n, d), E[z_0 | z_t = z]
    log_density : ndarray of shape (n,), log p_t(z), nats
    share : ndarray of shape (J, n), how probable each Gaussian is, given z
    """
    log_weights, means, axes, variances = parts
    a, s = np.cos(phi), np.sin(phi)
    y = (z - a * means[:, None]) @ axes  # (J, n, d), along the axes of each Gaussian
    total = (a**2 * variances + s**2)[:, None]  # (J, 1, d)
    exponent = log_weights[:, None] - 0.5 * (y**2 / total + np.log(2 * np.pi * total)).sum(2)
    largest = exponent.max(0)
    share = np.exp(exponent - largest)
    sums = share.sum(0)
    share /= sums
    answers = means[:, None] + (y * (a * variances[:, None] / total)) @ axes.transpose(0, 2, 1)
    return np.einsum("jn,jnd->nd", share, answers), np.log(sums) + largest, share


def learned_posterior(z: Array, phi: float, data: Mapping[str, Array], digit: str) -> Array:
    """The network's E[z_0 | z_t = z], (n, d): it answers v = a eps - s z_0."""
    wave = 2 * phi * np.arange(1, WAVES + 1)
    known = np.zeros(2 * WAVES + 11)
    known[: 2 * WAVES] = np.concatenate([np.cos(wave), np.sin(wave)])
    known[2 * WAVES + (10 if digit == ANY else int(digit))] = 1
    v = dense(np.concatenate([z, np.broadcast_to(known, (len(z), len(known)))], axis=1), data)
    answer: Array = np.cos(phi) * z - np.sin(phi) * v
    return answer


def denoised(
    z: Array, phi: float, data: Mapping[str, Array], score: str, guided: tuple[float, str]
) -> Array:
    """E[z_0 | z_t], (n, d), by either denoiser, with guidance (w, digit)."""
    w, digit = guided

    def answer(which: str) -> Array:
        if score == "exact":
            return posterior(z, phi, parts_of(data, which))[0]
        return learned_posterior(z, phi, data, which)

    if w == 0:
        return answer(digit)
    return (1 + w) * answer(digit) - w * answer(ANY)


def generated(
    z: Array,
    phis: Array,
    data: Mapping[str, Array],
    score: str,
    sampler: str,
    guided: tuple[float, str],
    rng: np.random.Generator,
) -> Array:
    """The way back from z, (n, d), over falling angles: (len(phis), n, d)."""
    walk = [z]
    for i in range(len(phis) - 1):
        phi, following = phis[i : i + 2]
        a, s, a_next, s_next = np.cos(phi), np.sin(phi), np.cos(following), np.sin(following)
        answer = denoised(z, phi, data, score, guided)
        fresh = (s_next / s) * np.sqrt(1 - (a / a_next) ** 2) if sampler == "ddpm" else 0.0
        eps = (z - a * answer) / s
        z = a_next * answer + np.sqrt(max(s_next**2 - fresh**2, 0)) * eps
        if sampler == "ddpm":
            z = z + fresh * rng.normal(size=z.shape)
        walk.append(z)
    return np.stack(walk)


def noised(z, phis, rng):
    """The way to noise from codes z, (n, d), over growing angles: (len(phis), n, d)."""
    walk = [z]
    for i in range(len(phis) - 1):
        phi, following = phis[i : i + 2]
        kept = np.cos(following) / np.cos(phi)
        fresh = np.sqrt(max(np.sin(following) ** 2 - (kept * np.sin(phi)) ** 2, 0))
        z = kept * z + fresh * rng.normal(size=z.shape)
        walk.append(z)
    return np.stack(walk)


def drawn(parts: Parts, n: int, rng: np.random.Generator) -> Array:
    """Codes drawn from the mixture itself, (n, d)."""
    log_weights, means, axes, variances = parts
    which = rng.choice(len(means), n, p=np.exp(log_weights))
    along = np.sqrt(variances[which]) * rng.normal(size=(n, means.shape[1]))
    codes: Array = means[which] + np.einsum("nij,nj->ni", axes[which], along)
    return codes


def probability_of(z, data, digit):
    """How probable a digit is, given a code, by the mixture: (n,)."""
    share = posterior(z, 0.0, parts_of(data, ANY))[2]  # (10 K, n)
    return share.reshape(10, -1, len(z))[digit].sum(0)


def spread_of(parts):
    """Root mean square distance of the mixture's codes from their mean."""
    log_weights, means, _, variances = parts
    pi = np.exp(log_weights)[:, None]
    return np.sqrt((pi * (variances + means**2)).sum() - ((pi * means).sum(0) ** 2).sum())


def plane_density(lattice, phi, parts, plane):
    """The mixture at angle phi on a lattice of the plane, as a share of its maximum.

    Rows are the second coordinate. More than two latents are projected on ``plane``, (2, d).
    """
    log_weights, means, axes, variances = parts
    a, s = np.cos(phi), np.sin(phi)
    seen = plane @ axes  # (J, 2, d)
    (xx, xy), (_, yy) = np.moveaxis(
        a**2 * (seen * variances[:, None]) @ seen.transpose(0, 2, 1) + s**2 * np.eye(2), 0, -1
    )
    det = xx * yy - xy**2
    x, y = np.moveaxis(lattice[:, None] - a * (means @ plane.T)[:, None], 2, 0)  # (J, LATTICE)
    form = (  # (J, rows, columns)
        (yy[:, None] * x**2)[:, None, :]
        - 2 * xy[:, None, None] * y[:, :, None] * x[:, None, :]
        + (xx[:, None] * y**2)[:, :, None]
    ) / det[:, None, None]
    density = np.einsum("j,jrc->rc", np.exp(log_weights) / np.sqrt(det), np.exp(-0.5 * form))
    return density / density.max()


def frame(result):
    """The plane beside all draws; below, the way of the first one."""
    probable = result["probable"]
    return Frame(
        readouts={
            "signal": 100 * result["signal"],
            "gap": None if result["gap"] is None else 100 * result["gap"],
            "probable": None if probable is None else 100 * probable,
            "spread": result["spread"],
        },
        panels=[
            Plot("plane", plane_figure(result), plane_alt(result), half=True),
            Tiles(
                "draws",
                result["tiles"],
                alt=f"The {DRAWS} codes as they stand at t = {shown_time(result):.2f}, decoded.",
                captions=(f"all draws, decoded at t = {shown_time(result):.2f}",),
                gap=1,
                half=True,
            ),
            strip(result),
        ],
        note=note(result),
    )


def shown_time(result):
    """The time of the place on the way that is shown."""
    return result["times"][result["now"]]


def strip(result):
    """The first draw on its way, and the denoiser's answers."""
    ends = ("code", "noise") if result["way"] == "forward" else ("noise", "code")
    return Tiles(
        "strip",
        result["strip"],
        alt=f"Above, the first draw on its way from {ends[0]} to {ends[1]}, decoded at {MOMENTS} "
        "places. Below, what the denoiser takes it for at each of them.",
        captions=(f"{ends[0]}: the draw above, the denoiser's answer below", ends[1]),
        gap=1,
    )


def plane_figure(result):
    """The density at the time shown, both scores as arrows, the draws, and the way of the first."""
    plane = result["plane"]
    walk, now = result["walk"] @ plane.T, result["now"]
    walk = walk.clip(-REACH, REACH)
    traces = [tint(result["density"], result["lattice"], result["lattice"])]
    labels = []
    if result["learned"] is not None:
        traces.append(line(*arrows(result["places"], result["learned"]), DATA_2, width=1.5))
        labels.append(label("learned", -0.9, REACH, DATA_2_TEXT, xanchor="left", yanchor="bottom"))
    if result["exact"] is not None:
        traces.append(line(*arrows(result["places"], result["exact"]), INK_3, width=1.5))
        labels.append(label("exact score", -REACH, REACH, INK_3, xanchor="left", yanchor="bottom"))
    traces += [
        line(*walk[: now + 1, 0].T, ACCENT, width=1.5),
        dots(*walk[now, 1:].T, DATA_1, size=7, ring=1),
        dots(*walk[now, :1].T, ACCENT, size=12, ring=2),
    ]
    names = (
        ("z<sub>1</sub>", "z<sub>2</sub>")
        if result["latents"] != "16"
        else (
            "first direction between the digits' means",
            "second",
        )
    )
    return figure(
        traces,
        *equal(
            axis(-REACH, REACH, names[0], dtick=1),
            axis(-REACH, REACH, names[1], dtick=1, showgrid=False),
        ),
        height=640,
        left=34,
        right=10,
        labels=labels,
    )


def arrows(places, ways):
    """Arrows as one line with gaps: a third of the way, one cell at most; x and y, (7 m,)."""
    cell = 0.9 * 6 / (ARROWS - 1)
    way = ways / 3
    length = np.linalg.norm(way, axis=1, keepdims=True)
    way = way * np.minimum(1, cell / np.maximum(length, 1e-12))
    across = np.stack([-way[:, 1], way[:, 0]], -1)
    tip = places + way
    barb = [tip - 0.3 * way + side * 0.2 * across for side in (1, -1)]
    gap = np.full_like(places, np.nan)
    return np.stack([places, tip, gap, barb[0], tip, barb[1], gap], axis=1).reshape(-1, 2).T


def plane_alt(result):
    what = "all digits" if result["which"] == ANY else f"the digit {result['which']}"
    scores = "" if result["places"] is None else ", arrows along the exact and the learned score"
    if result["latents"] == YOURS:
        what, scores = "strokes", ", arrows along the exact score"
    return (
        f"The density of noisy codes of {what} at t = {shown_time(result):.2f}{scores}, and "
        f"{DRAWS} draws on their way, one of them with its path."
    )


def note(result):
    """What is special about a setting."""
    if result["latents"] == YOURS:
        return (
            "Yours is of strokes: there is no digit to ask for, and no network has learned its "
            "score. The exact one is that of the clouds of your test strokes, all 256 of them."
        )
    if result["way"] == "forward":
        return "On the way forward nothing is learned: noise is added, and the code is scaled down."
    if len(result["times"]) == 2:
        return "In one step every draw gets the same answer, the mean of all codes asked for."
    if result["latents"] == "16":
        return (
            "The plane is a projection of 16 latents, so that the scores cannot be drawn in it. "
            "They are compared at the draws, in all 16."
        )
    return ""
