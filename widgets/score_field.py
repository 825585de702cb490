"""Which way the best denoiser sends you, at every place of a plane.

The data are N points x_i on a curve. Add noise of standard deviation sigma: the noisy data have the
density

    p_sigma(x~) = (1/N) sum_i N(x~; x_i, sigma^2 I).

Seeing x~, the best denoiser answers with the posterior mean, an average of the data in which near
points count more,

    E[x | x~] = sum_i w_i x_i,    w_i proportional to exp(-|x~ - x_i|^2 / (2 sigma^2)),

and by Tweedie's formula (E[x | x~] - x~) / sigma^2 is the score, the gradient of log p_sigma. A
point that follows it in steps of eta times E[x | x~] - x~ climbs that density; with eta = 1 it goes
all the way to the denoiser's answer each time.

A network that was trained to remove noise from the same points answers in its own way. It has seen
the noisy data and nothing else.
"""

import numpy as np

from widgets.contract import (
    ACCENT,
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    INK_3,
    MUTED,
    Choice,
    Frame,
    Instrument,
    Plot,
    Point,
    Readout,
    Slider,
    Toggle,
)
from widgets.data import load
from widgets.kit.figures import axis, dots, equal, figure, line, tint
from widgets.kit.network import dense

N = 80  # data points, evenly spaced along the curve
FINE = 800  # points by which the curve itself is drawn and measured
REACH = 2.5  # how far the plane is shown
ARROWS = 13  # in each row and column
STEPS = 60  # of the walk
LAST_SIGMA = 0.05  # where a falling noise level ends
MEASURED = 25  # in each row and column, places at which the two denoisers are compared
NEAR, FAR = 2, 4  # times sigma from the curve: where the data are, and where they are not
AT_REST = 0.01  # as near as this to where it ends, a walk has arrived

instrument = Instrument(
    name="score_field",
    title="Score field",
    challenge="The middle of the ring is empty. Name a noise level at which the point will walk "
    "there all the same, then raise σ.",
    controls=(
        Slider(
            "sigma",
            "Noise level",
            default=0.3,
            min=0.05,
            max=1.5,
            step=0.05,
            symbol=r"\sigma",
            format=".2f",
        ),
        Choice("data", "Data", {"ring": "Ring", "moons": "Two moons", "spiral": "Spiral"}, "ring"),
        Slider(
            "step", "Step", default=0.3, min=0.1, max=2.0, step=0.1, symbol=r"\eta", format=".1f"
        ),
        Choice("denoiser", "Denoiser", {"exact": "The best one", "learned": "A network"}, "exact"),
        Toggle("falling", "Let the noise level fall on the way"),
        Point("start", "Start", default=(0.8, 0.3), limit=2.4, panel="field"),
    ),
    readouts=(
        Readout("before", "Distance, start", "to the curve", ".3f"),
        Readout("after", "Distance, end", "to the curve", ".3f"),
        Readout("score", "Score at the start", "long", ".2f"),
        Readout("rest", "At rest after", "steps", "d"),
    ),
    references=("vincent2011",),
)


def compute(*, sigma, data, step, denoiser, falling, start):
    """The denoiser on a grid of places, and a walk along the score.

    Parameters
    ----------
    sigma : float, standard deviation of the noise
    data : "ring", "moons" or "spiral"
    step : float, share of the way to the denoiser's answer that one step goes
    denoiser : "exact" or "learned", which one the walk asks
    falling : bool, whether the noise level falls on the way, from sigma to 0.05
    start : pair of float, where the walk begins

    Returns
    -------
    dict
        ``x``, the data, (N, 2), and ``curves``, what they lie on, one (FINE, 2) array for each
        piece, stacked; ``places``, (ARROWS^2, 2), and ``scores`` there; ``density`` at 61 x 61
        places, as a share of its maximum; ``walk``, (STEPS + 1, 2), with the ``sigmas`` on the
        way, the ``log_density`` and the ``distance`` to the curve at each place, (STEPS + 1,).
        With the network also ``learned``, its scores at ``places``, and ``off``: how far its
        answer is from the best one, root mean square in units of sigma, at places of the square
        within NEAR sigma of the curve and beyond FAR sigma (None if there are none).
    """
    curves, x = CURVES[data](), points(data)  # (pieces, FINE, 2) and (N, 2)
    every = curves.reshape(-1, 2)

    def ask(x_tilde, level):
        """The denoiser's answer, and log p_sigma."""
        best, height = denoise(x_tilde, x, level)
        return (best if denoiser == "exact" else learned(x_tilde, level, data)), height

    side = np.linspace(-2.4, 2.4, ARROWS)
    places = np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)
    scores = (denoise(places, x, sigma)[0] - places) / sigma**2

    lattice = np.linspace(-REACH, REACH, 61)
    near = np.exp(-0.5 * ((lattice[:, None] - x.T[:, None]) / sigma) ** 2)  # (2, 61, N)
    density = near[1] @ near[0].T  # rows are y; the bell of two coordinates is a product

    sigmas = np.geomspace(sigma, LAST_SIGMA if falling else sigma, STEPS + 1)
    walk, log_density = [np.array(start, float)], []
    for level in sigmas:
        answer, height = ask(walk[-1][None], level)
        log_density.append(height[0])
        walk.append(walk[-1] + step * (answer[0] - walk[-1]))
    walk = np.array(walk[:-1])

    distance = np.sqrt(squared_distances(walk, every).min(axis=1))
    network = {"off": (None, None)}
    if denoiser == "learned":
        answer = learned(places, sigma, data)
        network = {"learned": (answer - places) / sigma**2, "off": off(x, every, sigma, data)}
    return network | {
        "x": x,
        "curves": curves,
        "places": places,
        "scores": scores,
        "density": density / density.max(),
        "lattice": lattice,
        "walk": walk,
        "sigmas": sigmas,
        "log_density": np.array(log_density),
        "distance": distance,
        "score": np.linalg.norm((ask(walk[:1], sigma)[0] - walk[:1]) / sigma**2),
        "sigma": sigma,
        "step": step,
        "data": data,
        "denoiser": denoiser,
        "falling": falling,
    }


def points(data):
    """The data, (N, 2): evenly spaced points of the curve."""
    curves = CURVES[data]()
    return curves[:, :: FINE * len(curves) // N].reshape(-1, 2)


def learned(x_tilde, sigma, data):
    """What the network answers to places x~, (m, 2)."""
    stored = load("plane_denoisers")
    w = {name: weights[list(CURVES).index(data)] for name, weights in stored.items()}
    known = np.column_stack([x_tilde, np.full(len(x_tilde), np.log(sigma))])
    return dense(known, w)


def off(x, curve, sigma, data):
    """How far the network's answers are from the best ones, near the curve and far, in sigma."""
    side = np.linspace(-REACH, REACH, MEASURED)
    places = np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)
    gap = learned(places, sigma, data) - denoise(places, x, sigma)[0]
    squares = np.sum((gap / sigma) ** 2, axis=1)
    away = np.sqrt(squared_distances(places, curve[::5]).min(axis=1)) / sigma
    regions = away < NEAR, away > FAR
    return [np.sqrt(squares[where].mean()) if where.any() else None for where in regions]


def squared_distances(a, b):
    """|a_i - b_j|^2 for places a, (m, 2), and b, (n, 2): (m, n)."""
    return (a[:, :1] - b[:, 0]) ** 2 + (a[:, 1:] - b[:, 1]) ** 2


def denoise(x_tilde, x, sigma):
    """E[x | x~], (m, 2), and log p_sigma(x~), (m,), for places x~, (m, 2)."""
    exponent = -squared_distances(x_tilde, x) / (2 * sigma**2)  # (m, N)
    largest = exponent.max(axis=1, keepdims=True)  # keeps the exponential from vanishing
    w = np.exp(exponent - largest)
    total = w.sum(axis=1, keepdims=True)
    log_density = np.log(total / (len(x) * 2 * np.pi * sigma**2)) + largest
    return w @ x / total, log_density[:, 0]


def ring():
    """A circle of radius sqrt(2) around 0."""
    angle = np.linspace(0, 2 * np.pi, FINE, endpoint=False)
    return np.sqrt(2) * np.stack([np.cos(angle), np.sin(angle)], -1)[None]


def moons():
    """Two half circles that reach into each other."""
    angle = np.linspace(0, np.pi, FINE)
    moon = 1.2 * np.stack([np.cos(angle), np.sin(angle)], -1)
    aside = np.array([0.6, 0.3])
    return np.stack([moon - aside, aside - moon])


def spiral():
    """One and a half turns of a spiral, evenly by length."""
    angle = np.linspace(0, 3 * np.pi, 4000)
    radius = 0.4 + 1.7 * angle / angle[-1]
    curve = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], -1)
    length = np.append(0, np.linalg.norm(np.diff(curve, axis=0), axis=1).cumsum())
    even = np.linspace(0, length[-1], FINE)
    return np.stack([np.interp(even, length, each) for each in curve.T], -1)[None]


CURVES = {"ring": ring, "moons": moons, "spiral": spiral}


def frame(result):
    """The field with the walk on the left; what the walk gains on the right."""
    return Frame(
        readouts={
            "before": result["distance"][0],
            "after": result["distance"][-1],
            "score": result["score"],
            "rest": steps_to_rest(result["walk"]),
        },
        panels=[
            Plot("field", field_figure(result), field_alt(result), half=True),
            Plot("walk", walk_figure(result), walk_alt(result), half=True),
        ],
        note=note(result),
    )


def steps_to_rest(walk):
    """After how many steps a walk, (STEPS + 1, 2), has arrived, or None if it is still going.

    Short steps alone are no sign of it: on the ring, near sigma = 1, they shrink long before the
    end. So the way still to go is reckoned from how fast they shrink, as a geometric series.
    """
    before, last = np.linalg.norm(np.diff(walk[-3:], axis=0), axis=1)
    if last > 1e-6 and last >= before:
        return None
    to_go = last**2 / (before - last) if last > 1e-6 else 0.0
    away = np.linalg.norm(walk - walk[-1], axis=1) + to_go >= AT_REST
    return None if away[-1] else int(np.sum(np.logical_or.accumulate(away[::-1])))


def field_figure(result):
    """The density as tint, data, arrows along the score, and the walk."""
    walk = result["walk"].clip(-REACH, REACH)
    fields = [("scores", INK_3, 1), ("learned", DATA_1, 1.5)]
    return figure(
        [
            tint(result["density"], result["lattice"], result["lattice"]),
            *(
                line(*arrows(result["places"], result[name], result["sigma"]), color, width=width)
                for name, color, width in fields
                if name in result
            ),
            dots(*result["x"].T, MUTED, size=5),
            line(*walk.T, DATA_2, width=1.5),
            dots(*walk.T, DATA_2, size=4),
            dots(*walk[[0, -1]].T, [ACCENT, DATA_2], size=[12, 10], ring=2),
        ],
        *equal(axis(-REACH, REACH, dtick=1), axis(-REACH, REACH, dtick=1, showgrid=False)),
        height=650,
        left=28,
        right=8,
        top=8,
        bottom=24,
    )


def arrows(places, scores, sigma):
    """Arrows as one line with gaps: a third of the way to the denoiser's answer, one cell at most.

    Returns x and y, each of shape (7 m,) for m places.
    """
    cell = 0.9 * 4.8 / (ARROWS - 1)
    way = sigma**2 * scores / 3
    length = np.linalg.norm(way, axis=1, keepdims=True)
    way = way * np.minimum(1, cell / np.maximum(length, 1e-12))
    across = np.stack([-way[:, 1], way[:, 0]], -1)
    tip = places + way
    barb = [tip - 0.3 * way + side * 0.2 * across for side in (1, -1)]
    gap = np.full_like(places, np.nan)
    strokes = np.stack([places, tip, gap, barb[0], tip, barb[1], gap], axis=1)
    return strokes.reshape(-1, 2).T


def field_alt(result):
    (a, b), (c, d) = result["walk"][[0, -1]]
    network = (
        " Over them, in colour, the arrows of a network." if result["denoiser"] == "learned" else ""
    )
    names = {"ring": "a ring", "moons": "two half moons", "spiral": "a spiral"}
    return (
        f"Arrows over a plane, each pointing where the density of the noisy data grows fastest, "
        f"at noise level {result['sigma']:.2f}; {N} data points on {names[result['data']]}; and a "
        f"point that walks along the arrows from ({a:.2f}, {b:.2f}) to ({c:.2f}, {d:.2f})."
        f"{network}"
    )


def walk_figure(result):
    """Distance to the curve above, log density below, by step."""
    step = np.arange(STEPS + 1)
    log_density = result["log_density"]
    low, high = np.floor(log_density.min()), np.ceil(log_density.max())
    return figure(
        [
            line(step, result["distance"].clip(0, 2.5), DATA_2, cliponaxis=False),
            line(step, log_density, DATA_1, xaxis="x2", yaxis="y2", cliponaxis=False),
        ],
        axis(0, STEPS, dtick=20, anchor="y", showticklabels=False),
        axis(
            0,
            2.5,
            "distance to the curve",
            domain=[0.58, 1],
            anchor="x",
            dtick=1,
            color=DATA_2_TEXT,
        ),
        xaxis2=axis(0, STEPS, "step", dtick=20, anchor="y2"),
        yaxis2=axis(
            low,
            max(high, low + 1),
            "log density, nats",
            domain=[0, 0.42],
            anchor="x2",
            nticks=5,
            color=DATA_1,
        ),
        height=650,
        left=46,
        right=12,
    )


def walk_alt(result):
    distance, log_density = result["distance"], result["log_density"]
    return (
        f"In {STEPS} steps the distance to the curve goes from {distance[0]:.3f} to "
        f"{distance[-1]:.3f} and the log density from {log_density[0]:.2f} to "
        f"{log_density[-1]:.2f} nats."
    )


def note(result):
    """What the walk shows, or what the arrows mean."""
    distance, sigma = result["distance"], result["sigma"]
    if result["denoiser"] == "learned":
        near, far = result["off"]
        beyond = "" if far is None else f", beyond {FAR} σ by {far:.2f} σ"
        return (
            f"Teal: a network. Within {NEAR} σ of the curve it is off by {near:.2f} σ{beyond} "
            "(root mean square)."
        )
    if result["step"] > 1:
        return "A step longer than 1 goes beyond the denoiser's answer, across the data and back."
    if result["falling"]:
        return f"The arrows belong to σ = {sigma:.2f}; on the way σ falls to {LAST_SIGMA}."
    if distance[-1] > distance[0] + 0.05:
        return "The density grew at every step, and the point is farther from the data than before."
    return "An arrow goes a third of the way to the answer, one cell at most."
