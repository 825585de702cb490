"""Draws the chapter's picture of contrastive learning.

    python -m content.self-supervision.images.draw

The codes are placed by hand; the arrows are computed, by the loss's derivative.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from content.drawing import arrow, circle, digit, dots, picture, rectangle, text, write
from widgets.data import load

Array = NDArray[np.float64]
FOLDER = Path(__file__).parent
TEMPERATURE = 0.5
PAIR = 16
"""A two, of which both views are shown."""
ANGLES = np.array([110, 66, 8, -45, -100, -150, 160])
"""Degrees of the anchor, of the other view of the same digit, and of views of other digits."""
OTHERS = (1, 2, 8, 12, 10)

MIDDLE, RADIUS = np.array([180, 152]), 92
SIDE = 32
DOT = 5
LONG = 66
"""Of an arrow, for a derivative of 1 by the similarity over the temperature."""


def main() -> None:
    for name, draw in PICTURES.items():
        write(FOLDER, name, draw())


def codes() -> Array:
    """Codes of length 1 in the plane: the anchor, its partner, the others."""
    return on_circle(ANGLES, 1)


def on_circle(degrees: Array, radius: float) -> Array:
    angle = np.radians(degrees)
    return radius * np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def pulls(z: Array) -> Array:
    """Minus the derivative of the loss by each candidate's similarity, times the temperature."""
    p = np.exp(z[1:] @ z[0] / TEMPERATURE)
    p /= p.sum()
    return np.append(1 - p[0], -p[1:])


def pull_and_push() -> str:
    views = load("mnist_views")["views"] / 255
    images = [*views[PAIR], *views[list(OTHERS), 0]]
    parts = []
    for image, degrees in zip(images, ANGLES, strict=True):
        x, y = place(degrees, RADIUS + 34) - SIDE / 2
        parts += [rectangle(x, y, SIDE, SIDE), digit(image, x, y, SIDE, 6)]
    for degrees, pull in zip(ANGLES[1:], pulls(codes()), strict=True):
        length = LONG * abs(pull)
        towards = np.sign((ANGLES[0] - degrees + 180) % 360 - 180) * np.sign(pull)
        turns = np.degrees(np.linspace(DOT, DOT + length, 25) / RADIUS)
        colour = "accent" if pull > 0 else "ink"
        arc = place(degrees + towards * turns, RADIUS)
        parts.append(arrow(arc, colour, 2.5, head=min(8, 2.5 + length / 2)))
    return picture(
        296,
        "Pull and push on a circle",
        "Codes on a circle. An arrow pulls the code of one view of a two towards that of the other "
        "view; arrows push the codes of other digits away, that of the nearest by far the most.",
        circle(MIDDLE, RADIUS, "muted", 1),
        *parts,
        dots(place(ANGLES, RADIUS), "data-2", 2 * DOT),
        text(*place(ANGLES[0], RADIUS - 24), "**z**_i"),
        text(*place(ANGLES[1], RADIUS - 24), "**z**_i′"),
        text(*place(89, RADIUS + 9), "pull", "accent"),
        text(*place(181, RADIUS + 9), "push", anchor="end"),
    )


def place(degrees: Array, radius: float) -> Array:
    return MIDDLE + on_circle(degrees, radius) * [1, -1]


PICTURES = {"pull-and-push.svg": pull_and_push}

if __name__ == "__main__":
    main()
