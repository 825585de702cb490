"""Draws the chapter's ideas: pictures that need no training.

    python -m content.autoencoders.images.ideas

A second on one core. What is seen is computed: distances, draws, the bound, points of contact.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from content.drawing import (
    Plane,
    area,
    arrow,
    circle,
    digit,
    dots,
    line,
    n,
    picture,
    rectangle,
    stroke,
    text,
    write,
)
from widgets.data import load

Array = NDArray[np.float64]
FOLDER = Path(__file__).parent
LEFT, RIGHT = (2, 22, 170, 190), (190, 22, 358, 190)
"""Two squares side by side, with a line of text above."""


def main() -> None:
    for name, draw in PICTURES.items():
        write(FOLDER, name, draw())


# Projection on a line.


def cloud() -> Array:
    """Sixteen points, longer than wide, around their mean."""
    draws = np.random.default_rng(11).normal(size=(16, 2)) * [1.4, 0.5]
    points = draws @ turn(np.radians(28)).T
    return points - points.mean(axis=0)


def turn(angle: float) -> Array:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def best_direction(points: Array) -> Array:
    """The first principal component, pointing right."""
    _, vectors = np.linalg.eigh(points.T @ points)
    return vectors[:, -1] * np.sign(vectors[0, -1])


def feet(points: Array, direction: Array) -> Array:
    """The nearest places on a line through the origin."""
    return np.outer(points @ direction, direction)


def mean_squared_error(points: Array, direction: Array) -> float:
    return float(np.mean(np.sum((points - feet(points, direction)) ** 2, axis=1)))


def projection() -> str:
    points = cloud()
    best = best_direction(points)
    other = turn(np.radians(-50)) @ best
    small, large = (
        np.linalg.norm(points - feet(points, direction), axis=1) for direction in (best, other)
    )
    shown = np.argmax(np.minimum(small, large - small))
    parts = []
    for place, direction in (((2, 22, 170, 158), best), ((190, 22, 358, 158), other)):
        plane = Plane(*place, (-3, 3), (-2.43, 2.43))
        there, foot = plane.at(points), plane.at(feet(points, direction))
        ends = plane.at(np.array([[-1], [1]]) * 2.9 * direction / direction[0])
        parts += [
            plane.frame(),
            *(line(pair, "ink-3", 1) for pair in zip(there, foot, strict=True)),
            line(ends, "accent", 2),
            right_angle(there[shown], foot[shown], ends[0]),
            line([there[shown], foot[shown]], "ink", 2.5),
            dots(there, "ink", 5),
            dots(there[shown], "ink", 8),
            dots(foot[shown], "data-2", 9),
            text(*there[shown] + [0, 5] + 13 * towards(foot[shown], there[shown]), "**x**"),
            text((place[0] + place[2]) / 2, 178, f"{mean_squared_error(points, direction):.2f}"),
        ]
    return picture(
        184,
        "A point and its projection on two lines",
        "Left, the line along which the points spread most: the errors are short. "
        "Right, another line through their mean: the errors are long.",
        text(86, 14, "the best line"),
        text(274, 14, "another line"),
        *parts,
        text(180, 178, "mean squared error", "ink-2"),
    )


def towards(start: Array, end: Array) -> Array:
    return (end - start) / np.linalg.norm(end - start)


def right_angle(there: Array, foot: Array, end: Array) -> str:
    """The mark of a right angle at a foot."""
    across, along = 7 * towards(foot, there), 7 * towards(foot, end)
    return line([foot + across, foot + across + along, foot + along], "ink", 1)


# A point, or a cloud.

MEAN, WIDTHS = np.array([-1.05, 0.0]), np.array([0.42, 0.27])


def point_and_cloud() -> str:
    image = load("mnist_images")["images"][9] / 255
    draws = MEAN + WIDTHS * np.random.default_rng(0).normal(size=(50, 2))
    parts = []
    for top, model, named in (
        (22, "autoencoder", "a point"),
        (146, "variational autoencoder", "a small cloud"),
    ):
        plane = Plane(174, top, 358, top + 84, (-2.3, 2.3), (-1.05, 1.05))
        parts += [
            text(2, top - 8, model, anchor="start"),
            text(266, top - 8, named),
            rectangle(2, top, 84, 84),
            digit(image, 2, top, 84, 8),
            area([(94, top), (140, top + 27), (140, top + 57), (94, top + 84)]),
            arrow([(145, top + 42), (168, top + 42)], "accent"),
            plane.frame(),
        ]
        middle = plane.at(MEAN)
        if named == "a point":
            parts += [dots(middle, "data-2", 9), text(middle[0] + 13, middle[1] + 5, "**z**")]
        else:
            width = plane.at(MEAN + 2 * WIDTHS * [np.cos(0.5), -np.sin(0.5)])
            parts += [
                ellipse(plane, MEAN, 2 * WIDTHS),
                dots(plane.at(draws), "data-2", 3),
                line([middle, (278, top + 27)], "ink-2", 1),
                line([width, (278, top + 62)], "ink-2", 1),
                dots(middle, "ink", 5),
                text(282, top + 31, "mean **μ**", anchor="start"),
                text(282, top + 66, "widths **σ**", anchor="start"),
            ]
    words = ((44, "input", "ink"), (117, "encoder", "accent"), (266, "codes", "data-2-text"))
    return picture(
        254,
        "A point and a cloud",
        "Above, the encoder of an autoencoder turns a digit into a point of the plane of codes. "
        "Below, that of a variational autoencoder turns it into a small cloud.",
        *parts,
        *(text(x, 248, word, colour) for x, word, colour in words),
    )


def ellipse(plane: Plane, middle: Array, radii: Array) -> str:
    x, y = plane.at(middle)
    rx, ry = plane.unit * radii
    return (
        f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{rx:.1f}" ry="{ry:.1f}" fill="none"'
        ' stroke="var(--data-2)" stroke-width="1.5"/>'
    )


# From a code to data.

NOISE = 0.3
DRAWN = 0.5


def decoder(z: Array) -> Array:
    """A line, bent into the plane."""
    z = np.asarray(z)
    return np.stack([1.2 * z, 1.6 * np.sin(1.3 * z)], axis=-1)


def z_to_x() -> str:
    rng = np.random.default_rng(5)
    z = rng.normal(size=120)
    x = decoder(z) + NOISE * rng.normal(size=(120, 2))
    prior = Plane(4, 60, 124, 140, (-2.9, 2.9), (0, 0.42))
    data = Plane(*RIGHT, (-3.4, 3.4), (-3.4, 3.4))
    along, ticks = np.linspace(-2.9, 2.9, 81), np.arange(-2, 3)
    bell = prior.at(np.stack([along, np.exp(-(along**2) / 2) / np.sqrt(2 * np.pi)], axis=-1))
    code, on_curve = prior.at((DRAWN, 0)), data.at(decoder(DRAWN))
    seen = data.at(decoder(DRAWN) + NOISE * np.array([1.6, -0.8]))
    return picture(
        216,
        "From a code to data",
        "A code is drawn from a bell curve over a line. The decoder bends the line into a wave in "
        "the plane of data. Noise spreads the data around the wave.",
        text(64, 14, "prior", "data-2-text"),
        text(157, 14, "decoder", "accent"),
        text(274, 14, "data"),
        line(bell, "data-2"),
        line(prior.at([(-2.9, 0), (2.9, 0)]), "ink-2", 1),
        dots(prior.at(np.stack([ticks, 0 * ticks], axis=-1)), "accent", 4),
        line([code, prior.at((DRAWN, np.exp(-(DRAWN**2) / 2) / np.sqrt(2 * np.pi)))], "data-2"),
        dots(code, "data-2", 9),
        text(code[0], code[1] + 22, "*z*"),
        area([(136, 92), (174, 66), (174, 146), (136, 120)]),
        data.frame(),
        dots(data.at(x), "muted", 3),
        line(data.at(decoder(along[7:-7])), "accent", 2),
        dots(data.at(decoder(ticks)), "accent", 4),
        circle(on_curve, 2 * NOISE * data.unit, "ink-2", 1),
        dots(on_curve, "data-2", 9),
        dots(seen, "ink", 7),
        text(seen[0] + 13, seen[1] + 6, "**x**"),
        text(on_curve[0] - 17, on_curve[1] - 10, "*g*(*z*)", anchor="end"),
        text(64, 210, "draw a code", "ink-2"),
        text(157, 210, "decode", "ink-2"),
        text(274, 210, "add noise", "ink-2"),
    )


# The bound, in the case that can be solved.

W, S2, X = 2.0, 1.0, 1.5
TOTAL = W**2 + S2
LOG_PX = -0.5 * (X**2 / TOTAL + np.log(2 * np.pi * TOTAL))
POSTERIOR = W * X / TOTAL, S2 / TOTAL
"""Mean and variance."""


def elbo(m: Array, v: Array) -> Array:
    """The bound for ``q = N(m, v)``, for a decoder ``x = w z + noise`` of variance ``s2``."""
    squared_error = (X - W * m) ** 2 + W**2 * v
    kl = 0.5 * (v + m**2 - 1 - np.log(v))
    return -squared_error / (2 * S2) - 0.5 * np.log(2 * np.pi * S2) - kl


def bound_and_gap() -> str:
    m, v = POSTERIOR
    means, variances = np.linspace(-1.2, 1.8, 121), np.linspace(0.01, 1.8, 180)
    return picture(
        352,
        "The bound and its gap",
        "Twice a horizontal line, the logarithm of the probability of the data, and a curve below "
        "it, the bound. The curve touches the line where q is the posterior. Elsewhere a bracket "
        "between the two is the divergence of q from the posterior.",
        text(2, 14, "nats", "ink-2", "start"),
        text(196, 14, "the mean of *q* is off"),
        *_bound(22, means, elbo(means, v), m, gap=0, bound_at=(1.33, -2.9), ticks=(-1, 0, m, 1)),
        text(358, 165, "mean of *q*", "ink-2", "end"),
        text(196, 198, "the variance of *q* is off"),
        *_bound(206, variances, elbo(m, variances), v, gap=1, bound_at=(0.6, -3.1), ticks=(v, 1)),
        text(358, 349, "variance of *q*", "ink-2", "end"),
    )


def _bound(
    top: float,
    places: Array,
    bound: Array,
    best: float,
    *,
    gap: float,
    bound_at: tuple[float, float],
    ticks: tuple[float, ...],
) -> list[str]:
    """The ceiling, the bound below it, and the gap at one place, from -4 to -1.5 nats."""
    plane = Plane(34, top, 358, top + 124, (min(places[0], 0), places[-1]), (-4, -1.5))
    curve = np.stack([places, bound], axis=-1)[bound > -4]
    (x, high), (_, low) = plane.at([(gap, LOG_PX), (gap, np.interp(gap, places, bound))])
    side, anchor = (1, "start") if gap > best else (-1, "end")
    met = plane.at((best, LOG_PX))
    levels = {y: plane.at((0, y))[1] for y in (-2, -3, -4)}
    return [
        plane.frame(),
        *(text(29, place + 5, minus(y), "ink-2", "end") for y, place in levels.items()),
        *(text(plane.at((at, 0))[0], plane.bottom + 18, minus(at), "ink-2") for at in ticks),
        line([(plane.left, high), (plane.right, high)], "ink"),
        text(353, high - 7, "log *p*(*x*)", anchor="end"),
        line(plane.at(curve), "accent", 2),
        text(*plane.at(bound_at), "ELBO", "accent", "start"),
        bracket(x, high, low, side),
        text(x + 9 * side, (high + low) / 2 + 5, "KL(*q* ∥ posterior)", anchor=anchor),
        dots(met, "data-2", 9),
        text(max(met[0], 80), met[1] + 30, "posterior", "data-2-text"),
    ]


def minus(value: float) -> str:
    """A number with a true minus sign."""
    return f"{value:.2g}".replace("-", "−")


def bracket(x: float, top: float, bottom: float, side: int) -> str:
    """A square bracket around a height, open towards the other side."""
    d = f"M{n(x - 4 * side)} {n(top + 2)}h{4 * side}V{n(bottom - 2)}h{-4 * side}"
    return stroke(d, "ink")


# A gradient through a draw.

DASHED = {"stroke-dasharray": "5 4"}


def gradient_graph() -> str:
    """After a picture by Kingma and Welling: boxes are computed, circles are random."""
    before = [
        text(84, 14, "a draw in the way"),
        box(84, 46, 96, "loss"),
        arrow([(74, 104), (74, 66)], "ink-2"),
        arrow([(94, 64), (94, 102)], "accent", 2, **DASHED),
        drawn(84, 126, "**z**", "data-2"),
        arrow([(74, 186), (74, 150)], "ink-2"),
        line([(94, 148), (94, 166)], "accent", 2, **DASHED),
        stroke("M82 168h24", "warning", 3),
        box(84, 206, 96, "**μ**, **σ**", "accent"),
    ]
    after = [
        text(276, 14, "the draw moved aside"),
        box(240, 46, 96, "loss"),
        arrow([(230, 106), (230, 66)], "ink-2"),
        arrow([(250, 64), (250, 104)], "accent", 2, **DASHED),
        box(240, 126, 112, "**z** = **μ** + **σ** ⊙ **ϵ**", "data-2"),
        arrow([(230, 186), (230, 146)], "ink-2"),
        arrow([(250, 144), (250, 184)], "accent", 2, **DASHED),
        box(240, 206, 96, "**μ**, **σ**", "accent"),
        arrow([(322, 184), (300, 148)], "ink-2"),
        drawn(334, 204, "**ϵ**", "ink-2"),
    ]
    key = [
        arrow([(10, 253), (36, 253)], "ink-2"),
        text(42, 258, "computed", anchor="start"),
        arrow([(130, 253), (158, 253)], "accent", 2, **DASHED),
        text(164, 258, "gradient", "accent", anchor="start"),
        circle((262, 253), 7, "ink-2"),
        text(276, 258, "random", anchor="start"),
    ]
    return picture(
        266,
        "A gradient and a draw",
        "Left, the code is drawn between mean and width and the loss, and the gradient stops at "
        "the draw. Right, the draw enters from the side, and the gradient passes.",
        *before,
        *after,
        *key,
    )


def box(x: float, y: float, width: float, words: str, colour: str = "ink-2") -> str:
    d = f"M{n(x - width / 2)} {n(y - 17)}h{n(width)}v34h{n(-width)}z"
    return stroke(d, colour) + text(x, y + 5, words)


def drawn(x: float, y: float, words: str, colour: str) -> str:
    return circle((x, y), 20, colour) + text(x, y + 5, words)


# A corner of the diamond.

GRAM = np.array([[1, 0.3], [0.3, 1]])
"""Products of two atoms of length 1."""
LEAST = np.array([0.5, 1.6])
"""The code of least error, without a price."""
CORNERS = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]])
"""Of the diamond, the codes whose absolute values add up to 1."""


def error(z: Array) -> Array:
    """Squared error beyond the least, of codes ``(..., 2)``."""
    off = np.asarray(z) - LEAST
    return np.sum(off @ GRAM * off, axis=-1)


def touch_diamond() -> Array:
    """The code of least error with absolute values that add up to 1 at most."""
    places = []
    for start, end in zip(CORNERS, np.roll(CORNERS, -1, axis=0), strict=True):
        side = end - start
        share = (LEAST - start) @ GRAM @ side / (side @ GRAM @ side)
        places.append(start + np.clip(share, 0, 1) * side)
    return min(places, key=error)


def touch_disc() -> Array:
    """The code of least error with a length of 1 at most."""
    few, many = 0.0, 100.0  # the price of squared length
    for _ in range(60):
        price = (few + many) / 2
        z = np.linalg.solve(GRAM + price * np.eye(2), GRAM @ LEAST)
        few, many = (price, many) if z @ z > 1 else (few, price)
    return z


def l1_corner() -> str:
    angle = np.linspace(0, 2 * np.pi, 73)
    whole_turn = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    root = np.linalg.inv(np.linalg.cholesky(GRAM))
    parts = []
    for place, heading, shape, touch in (
        (LEFT, "*L*_1, a diamond", np.vstack([CORNERS, CORNERS[0]]), touch_diamond()),
        (RIGHT, "*L*_2, a disc", whole_turn, touch_disc()),
    ):
        plane = Plane(*place, (-1.3, 2.7), (-1.1, 2.9))
        zero = plane.at((0, 0))
        rings = [
            plane.at(LEAST + np.sqrt(share * error(touch)) * whole_turn @ root)
            for share in (0.3, 1)
        ]
        parts += [
            text((place[0] + place[2]) / 2, 14, heading),
            area(plane.at(shape)),
            line([(plane.left, zero[1]), (plane.right, zero[1])], "ink-3", 1),
            line([(zero[0], plane.top), (zero[0], plane.bottom)], "ink-3", 1),
            *(line(ring, "ink-2") for ring in rings),
            plane.frame(),
            dots(plane.at(LEAST), "ink", 5),
            dots(plane.at(touch), "data-2", 9),
            text(plane.right - 5, zero[1] - 6, "*z*_1", anchor="end"),
            text(zero[0] - 15, plane.top + 15, "*z*_2", anchor="end"),
            text(plane.right - 5, zero[1] - 48, "equal", "ink-2", "end"),
            text(plane.right - 5, zero[1] - 32, "error", "ink-2", "end"),
            text(
                (place[0] + place[2]) / 2,
                210,
                f"**z** = ({decimals(touch[0])}, {decimals(touch[1])})",
                "data-2-text",
            ),
        ]
    return picture(
        216,
        "The corner of a diamond",
        "Ellipses of equal error grow until one touches a diamond, in a corner on the axis, and "
        "another a disc, beside the axis.",
        *parts,
    )


def decimals(value: float) -> str:
    """With two decimals, unless it is a whole number."""
    return f"{value:.0f}" if value == round(value) else f"{value:.2f}"


PICTURES = {
    "projection.svg": projection,
    "point-and-cloud.svg": point_and_cloud,
    "z-to-x.svg": z_to_x,
    "bound-and-gap.svg": bound_and_gap,
    "gradient-graph.svg": gradient_graph,
    "l1-corner.svg": l1_corner,
}

if __name__ == "__main__":
    main()
