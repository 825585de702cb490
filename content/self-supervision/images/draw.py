"""Draws the chapter's pictures: a transformer block, masks of attention, contrastive learning.

    python -m content.self-supervision.images.draw

The codes on the circle are placed by hand; their arrows are computed, by the loss's derivative.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from content.drawing import (
    arrow,
    circle,
    digit,
    dots,
    line,
    picture,
    rectangle,
    stroke,
    text,
    write,
)
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


def transformer_block() -> str:
    stream, branch, width = 92, 176, 92
    left = branch - width / 2

    def box(y: float, words: str, right: float = left + width, colour: str = "rule-strong") -> str:
        frame = stroke(f"M{left:g} {y}H{right:g}v26H{left:g}z", colour, 1.5)
        return frame + text((left + right) / 2, y + 18, words)

    def added(y: float) -> str:
        plus = stroke(f"M{stream - 5} {y}h10M{stream} {y - 5}v10", "accent", 1.5)
        return circle((stream, y), 9, "accent", 1.5) + plus

    others = (262, 306)
    return picture(
        372,
        "A transformer block",
        "A vertical line, the residual stream of one token. Twice a branch leaves it, passes a "
        "norm and then attention, or a norm and then a small network, and is added to it again. "
        "Other tokens lead into attention alone.",
        line([(stream, 352), (stream, 219)], "accent", 2.5),
        line([(stream, 201), (stream, 61)], "accent", 2.5),
        arrow([(stream, 43), (stream, 16)], "accent", 2.5),
        arrow([(stream, 326), (branch, 326), (branch, 308)], "ink-2"),
        box(282, "norm"),
        arrow([(branch, 282), (branch, 262)], "ink-2"),
        box(236, "attention", 334, "data-2"),
        arrow([(branch, 236), (branch, 210), (stream + 9, 210)], "ink-2"),
        *(arrow([(x, 338), (x, 262)], "ink-2") for x in others),
        added(210),
        arrow([(stream, 168), (branch, 168), (branch, 150)], "ink-2"),
        box(124, "norm"),
        arrow([(branch, 124), (branch, 104)], "ink-2"),
        box(78, "network", colour="data-1"),
        arrow([(branch, 78), (branch, 52), (stream + 9, 52)], "ink-2"),
        added(52),
        text(stream - 16, 350, "token in", anchor="end"),
        text(stream - 16, 26, "token out", anchor="end"),
        text(stream - 16, 128, "residual", "accent", "end"),
        text(stream - 16, 146, "stream", "accent", "end"),
        text(sum(others) / 2, 358, "all other tokens"),
        text(342, 204, "mixes tokens", "ink-2", "end"),
        text(342, 96, "one token alone", "ink-2", "end"),
    )


WORDS = ("a", "cat", "sleeps", "all", "day")


def masks() -> str:
    """Who may ask whom: rows ask, columns answer."""
    cell, top = 22, 66
    parts = []
    for left, title, causal in ((62, "two-way", False), (232, "causal", True)):
        n = len(WORDS)
        seen = [(i, j) for i in range(n) for j in range(n) if j <= i or not causal]
        squares = "".join(
            f"M{left + cell * j} {top + cell * i}h{cell}v{cell}h-{cell}z" for i, j in seen
        )
        parts += [
            f'<path d="{squares}" fill="var(--accent-soft)" stroke="var(--accent)"/>',
            rectangle(left, top, n * cell, n * cell),
            text(left + n * cell / 2, 24, title),
            text(left + n * cell / 2, 50, "is seen", "ink-2"),
        ]
        parts += [
            text(left - 8, top + cell * i + 16, word, "ink-2", "end")
            for i, word in enumerate(WORDS)
        ]
    return picture(
        top + cell * len(WORDS) + 16,
        "Two masks of attention",
        "Two squares of five rows and five columns, one for each word of a sentence. On the left "
        "every cell is filled. On the right a row is filled up to its own word: a triangle.",
        *parts,
    )


PICTURES = {
    "transformer-block.svg": transformer_block,
    "masks.svg": masks,
    "pull-and-push.svg": pull_and_push,
}

if __name__ == "__main__":
    main()
