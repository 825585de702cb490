"""Noise led to data along two paths: the straight one of flow matching, the arc of diffusion.

Data x are drawn from equal Gaussians N(c m_j, (c w)^2 I), c being their scale, and noise eps from
N(0, I). Both are mixed:

    flow matching    z_t = (1 - t) x + t eps,             t from 1 to 0
    diffusion        z_phi = cos(phi) x + sin(phi) eps,   phi from 90 degrees to 0

Both are z = a x + s eps. Given z, a Gaussian mixture says exactly what to believe of x and of eps:

    x_hat = E[x | z],    eps_hat = E[eps | z] = (z - a x_hat) / s

and the velocity that carries the density of z along is a' x_hat + s' eps_hat:

    flow matching    dz/dt = eps_hat - x_hat
    diffusion        dz/dphi = cos(phi) eps_hat - sin(phi) x_hat

An Euler step follows the velocity straight on. A step of DDIM mixes x_hat and eps_hat again, in
the proportions of the next angle.
"""

from functools import lru_cache
from itertools import pairwise

import numpy as np

from widgets.contract import (
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    INK,
    INK_3,
    RULE,
    Choice,
    Frame,
    Instrument,
    Plot,
    Readout,
    Seed,
    Slider,
)
from widgets.kit.figures import axis, dots, equal, figure, label, line, segment, tint

DRAWS, SHOWN = 64, 9  # how many are measured, and how many of them are drawn
STEPS = (1, 2, 4, 8, 16)  # at which the errors are measured
FINE = 24  # steps of the exact paths, of fourth order
REACH = 3.2  # how far the plane is shown
LATTICE = 61
LEAST, MOST = 1e-3, 10.0  # of the errors shown

_TURN = 2 * np.pi * np.arange(8) / 8
MEANS = {
    "one": np.array([[1.0, 0.8]]),
    "two": np.array([[-1.0, -0.8], [1.0, 0.8]]),
    "ring": np.sqrt(2) * np.stack([np.cos(_TURN), np.sin(_TURN)], axis=1),  # variance 1
}

instrument = Instrument(
    name="flow_matching",
    title="Straight paths",
    challenge="Flow matching is said to go straight. Find data for which diffusion takes the "
    "straighter way, and fewer steps. Then find out by what DDIM differs from flow matching.",
    controls=(
        Slider("steps", "Steps", default=4, min=1, max=16, step=1),
        Choice("data", "Data", {"one": "One group", "two": "Two", "ring": "Eight"}, "one"),
        Slider("scale", "Scale", default=1.0, min=0.25, max=2.0, step=0.25, symbol="c"),
        Slider("width", "Width", default=0.2, min=0.1, max=1.0, step=0.05, format=".2f"),
        Choice(
            "sampler",
            "Steps of diffusion",
            {"euler": "Euler", "ddim": "DDIM", "levels": "DDIM, same noise"},
            "euler",
        ),
        Seed(max=99),
    ),
    readouts=(
        Readout("flow_off", "Off by, flow matching", "c", ".3f"),
        Readout("diffusion_off", "Off by, diffusion", "c", ".3f"),
        Readout("flow_way", "Way, flow matching", "× straight", ".3f"),
        Readout("diffusion_way", "Way, diffusion", "× straight", ".3f"),
    ),
    references=("lipman2023", "liu2023", "song2021ddim"),
)


def compute(*, steps, data, scale, width, sampler, seed):
    """The walks of the same noise on both paths, in a few steps and exactly.

    Parameters
    ----------
    steps : int, N
    data : "one", "two" or "ring"
    scale : float, c, by which the data are multiplied before noise is added
    width : float, w, standard deviation of each group before that
    sampler : "euler", "ddim", or "levels": DDIM at the ratios s / a that flow matching stops at
    seed : int, of the noise

    Returns
    -------
    dict
        ``flow`` and ``diffusion``, the walks, (N + 1, DRAWS, 2); ``exact``, by path, the exact
        ones, (FINE + 1, DRAWS, 2); ``off``, root mean square distance of the ends from the exact
        ends, in units of c; ``way``, mean length of the exact paths by that of the straight lines;
        ``errors``, as ``off`` for every way of stepping and each of STEPS.
    """
    exact, errors = measured(data, scale, width, seed)
    means, width = scale * MEANS[data], scale * width
    eps = np.random.default_rng(seed).normal(size=(DRAWS, 2))
    flow = walk(eps, steps, "flow", means, width)
    diffusion = walk(eps, steps, sampler, means, width)
    lattice = np.linspace(-REACH, REACH, LATTICE)
    bells = np.exp(-0.5 * ((lattice - means.T[:, :, None]) / width) ** 2)  # (2, J, LATTICE)
    density = bells[1].T @ bells[0]  # rows are the second coordinate
    return {
        "flow": flow,
        "diffusion": diffusion,
        "exact": exact,
        "off": {
            "flow": rms(flow[-1] - exact["flow"][-1]) / scale,
            "diffusion": rms(diffusion[-1] - exact["diffusion"][-1]) / scale,
        },
        "way": {path: length_by_chord(points) for path, points in exact.items()},
        "errors": errors,
        "density": density / density.max(),
        "lattice": lattice,
        "steps": steps,
        "sampler": sampler,
    }


def believed(z, a, s, means, width):
    """E[x | z] and E[eps | z], each (n, 2), for z = a x + s eps."""
    v = (a * width) ** 2 + s**2  # variance of z within a group
    score = (a * z @ means.T - 0.5 * np.square(a * means).sum(axis=1)) / v  # (n, J)
    share = np.exp(score - score.max(axis=1, keepdims=True))
    share /= share.sum(axis=1, keepdims=True)
    middle = share @ means
    x_hat = (a * width**2 * z + s**2 * middle) / v
    eps_hat = s * (z - a * middle) / v
    return x_hat, eps_hat


def walk(z, steps, way, means, width):
    """Where z, (n, 2), is after each of so many steps: (steps + 1, n, 2)."""
    places = [z]
    for t, t_next in pairwise(np.linspace(1, 0, steps + 1)):
        if way == "flow":
            x_hat, eps_hat = believed(z, 1 - t, t, means, width)
            z = z + (t_next - t) * (eps_hat - x_hat)
        else:
            phi, phi_next = angle(t, way), angle(t_next, way)
            a, s = np.cos(phi), np.sin(phi)
            x_hat, eps_hat = believed(z, a, s, means, width)
            if way == "euler":
                z = z + (phi_next - phi) * (a * eps_hat - s * x_hat)
            else:
                z = np.cos(phi_next) * x_hat + np.sin(phi_next) * eps_hat
        places.append(z)
    return np.stack(places)


def angle(t, way):
    """The angle at time t: even, or such that tan(phi) is flow matching's t / (1 - t)."""
    return np.arctan2(t, 1 - t) if way == "levels" else 0.5 * np.pi * t


def exact_paths(z, means, width):
    """Both exact paths of noise z: (FINE + 1, n, 2) each.

    Diffusion's is followed by the method of Runge and Kutta. Divided by a + s it is the other: the
    two differ only in the scale of z and in how time passes.
    """

    def velocity(z, phi):
        a, s = np.cos(phi), np.sin(phi)
        x_hat, eps_hat = believed(z, a, s, means, width)
        return a * eps_hat - s * x_hat

    phis = 0.5 * np.pi * np.linspace(1, 0, FINE + 1) ** 1.5  # closer together near the data
    places = [z]
    for phi, phi_next in pairwise(phis):
        h, middle = phi_next - phi, (phi + phi_next) / 2
        k1 = velocity(z, phi)
        k2 = velocity(z + h / 2 * k1, middle)
        k3 = velocity(z + h / 2 * k2, middle)
        k4 = velocity(z + h * k3, phi_next)
        z = z + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        places.append(z)
    diffusion = np.stack(places)
    scale = np.cos(phis) + np.sin(phis)
    return {"flow": diffusion / scale[:, None, None], "diffusion": diffusion}


@lru_cache(maxsize=8)
def measured(data, scale, width, seed):
    """The exact paths, and the errors of every way of stepping: these do not depend on N."""
    means, width = scale * MEANS[data], scale * width
    eps = np.random.default_rng(seed).normal(size=(DRAWS, 2))
    exact = exact_paths(eps, means, width)
    ends = exact["diffusion"][-1]
    errors = {}
    for way in ("flow", "euler", "ddim"):
        reached = [walk(eps, steps, way, means, width)[-1] for steps in STEPS]
        errors[way] = np.array([rms(end - ends) for end in reached]) / scale
    return exact, errors


def rms(gaps):
    """Root mean square length of gaps, (n, 2)."""
    return np.sqrt(np.square(gaps).sum(axis=1).mean())


def length_by_chord(path):
    """Mean length of paths, (m, n, 2), by the mean distance of their ends."""
    length = np.linalg.norm(np.diff(path, axis=0), axis=2).sum(axis=0)
    chord = np.linalg.norm(path[-1] - path[0], axis=1)
    return length.mean() / chord.mean()


def frame(result):
    """A few draws on both paths, and what every way of stepping is off by."""
    off, way = result["off"], result["way"]
    return Frame(
        readouts={
            "flow_off": off["flow"],
            "diffusion_off": off["diffusion"],
            "flow_way": way["flow"],
            "diffusion_way": way["diffusion"],
        },
        panels=[
            Plot("plane", plane_figure(result), plane_alt(result), half=True),
            Plot("errors", errors_figure(result), errors_alt(result), half=True),
        ],
        note=note(result),
    )


def plane_figure(result):
    """The data as tint; thin, the exact paths; with dots, the steps."""
    traces = [tint(result["density"], result["lattice"], result["lattice"])]
    for path, color in (("diffusion", DATA_2), ("flow", DATA_1)):
        walked = result[path][:, :SHOWN]
        traces += [
            line(*joined(result["exact"][path][:, :SHOWN]), color, width=1),
            line(*joined(walked), color, width=2),
            dots(*shown(walked[1:]).reshape(-1, 2).T, color, size=5),
        ]
    start = shown(result["flow"][:1, :SHOWN])[0]
    ends = shown(result["exact"]["flow"][-1:, :SHOWN])[0]
    traces += [dots(*start.T, INK_3, size=9, ring=2), dots(*ends.T, INK, size=9, ring=2)]
    return figure(
        traces,
        *equal(
            axis(-REACH, REACH, dtick=1),
            axis(-REACH, REACH, dtick=1, showgrid=False),
        ),
        height=600,
        left=28,
        right=8,
        top=28,
        bottom=24,
        labels=[
            label("flow matching", -REACH, REACH, DATA_1, xanchor="left", yanchor="bottom"),
            label("diffusion", REACH, REACH, DATA_2_TEXT, xanchor="right", yanchor="bottom"),
        ],
    )


def shown(places):
    """Places, kept within the plane that is shown."""
    return places.clip(-REACH, REACH)


def joined(paths):
    """Paths, (m, n, 2), as one line with gaps between them: x and y."""
    gap = np.full_like(paths[:1], np.nan)
    return np.concatenate([shown(paths), gap]).swapaxes(0, 1).reshape(-1, 2).T


def plane_alt(result):
    off = result["off"]
    return (
        f"{SHOWN} points of noise, each led to the data in {result['steps']} steps on two paths. "
        f"Flow matching ends {off['flow']:.2f} from where the exact paths end, "
        f"diffusion {off['diffusion']:.2f}."
    )


def errors_figure(result):
    """Error by number of steps, both logarithmic."""
    names = {
        "flow": ("flow matching", DATA_1, DATA_1, "solid"),
        "euler": ("diffusion, Euler", DATA_2, DATA_2_TEXT, "solid"),
        "ddim": ("diffusion, DDIM", DATA_2, DATA_2_TEXT, "dash"),
    }
    low, high = np.log10(LEAST), np.log10(MOST)
    traces, labels = [], []
    for place, (way, (name, color, ink, dash)) in enumerate(names.items()):
        error = result["errors"][way].clip(LEAST, MOST)
        traces.append(line(STEPS, error, color, dash=dash))
        words = name if dash == "solid" else f"{name} (dashed)"
        labels.append(
            label(words, np.log10(STEPS[-1]), high - 0.3 * (place + 0.5), ink, xanchor="right")
        )
    now = [result["off"][path] for path in ("flow", "diffusion")]
    for value, color in zip(now, (DATA_1, DATA_2), strict=True):
        traces.append(
            dots([result["steps"]], [np.clip(value, LEAST, MOST)], color, size=10, ring=2)
        )
    return figure(
        traces,
        axis(0, np.log10(18), "steps", type="log", tickvals=list(STEPS)),
        axis(low, high, "distance from the exact ends, in units of c", type="log"),
        shapes=[segment([result["steps"]] * 2, [LEAST, MOST], RULE)],
        height=600,
        left=52,
        right=12,
        labels=labels,
    )


def errors_alt(result):
    last = {way: error[-1] for way, error in result["errors"].items()}
    return (
        f"Distance from the exact ends against the number of steps. At {STEPS[-1]} steps it is "
        f"{last['flow']:.3f} for flow matching, {last['euler']:.3f} for Euler steps along "
        f"diffusion's arc and {last['ddim']:.3f} for DDIM."
    )


def note(result):
    """What the two ways have in common, or where they part."""
    way = result["way"]
    if result["steps"] == 1 and result["sampler"] != "euler":
        return "In one step both give every draw the same answer, the mean of the data."
    if result["sampler"] == "levels":
        return "At the same ratios of noise to signal a step of DDIM is an Euler step of the other."
    if way["diffusion"] < way["flow"]:
        return "For these data diffusion's paths are the straighter ones."
    return "Grey is noise, black its exact end: both paths of a draw lead to the same place."
