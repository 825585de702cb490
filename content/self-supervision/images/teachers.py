"""Draws the chapter's pictures of students and their slow teachers: what is predicted from what.

    python -m content.self-supervision.images.teachers

In each the student is above, its teacher below, and the loss to the right of both. A dashed arrow
is the moving average of the weights; two strokes across an arrow mean that no gradient passes.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from content.drawing import arrow, digit, line, picture, rectangle, stroke, text, write
from widgets.data import load

Array = NDArray[np.float64]
FOLDER = Path(__file__).parent
PAIR = 16
"""A two, of which both views are shown."""
OTHERS = (1, 2, 8, 12, 10)

SIDE, GREYS = 56, 6
STUDENT, TEACHER, LOSS = 52, 164, 108
"""Heights of the middles of the two rows and of the loss."""
INPUT, ENCODER, HEAD, OUT = 8, 116, 214, 318
"""Left edge of the input, middles of the two boxes and of the loss."""
HALF = 15
"""Half the height of a box."""
HEIGHT = 216


def main() -> None:
    for name, draw in PICTURES.items():
        write(FOLDER, name, draw())


def byol() -> str:
    return method(
        "BYOL",
        "The student sees one view of a two. Its encoder and a predictor make a code that is to "
        "equal the code that the teacher's encoder gives another view.",
        views()[0],
        views()[1],
        ("predictor", None),
        "same code",
    )


def dino() -> str:
    part = np.zeros((28, 28))
    part[:16, 12:] = views()[0].reshape(28, 28)[:16, 12:]
    return method(
        "DINO",
        "The student sees a small part of a view of a two, the teacher another whole view. Both "
        "codes go through a softmax, that of the teacher after centering and sharpening, and the "
        "two distributions are to agree.",
        part,
        views()[1],
        ("softmax", "center, sharpen"),
        "same shares",
        frame=(12, 0, 28, 16),
    )


def data2vec() -> str:
    hidden = views()[0].reshape(28, 28).copy()
    blocks = ((0, 7), (7, 14), (14, 7), (21, 14), (14, 21))
    for top, left in blocks:
        hidden[top : top + 7, left : left + 7] = 0
    return method(
        "data2vec",
        "The student sees a two of which five of sixteen patches are hidden, the teacher the "
        "whole two. The student is to give the teacher's codes of the hidden patches.",
        hidden,
        views()[0],
        ("linear", "normalise"),
        "hidden parts",
        covered=[(left, top, 7, 7) for top, left in blocks],
    )


def i_jepa() -> str:
    whole = views()[0].reshape(28, 28)
    seen = np.zeros((28, 28))
    seen[:, :14] = whole[:, :14]
    return method(
        "I-JEPA",
        "The student sees the left half of a two, the teacher the whole two. A predictor, which is "
        "told the places of two blocks in the other half, is to give the teacher's codes of them.",
        seen,
        whole,
        ("predictor", "two blocks"),
        "their codes",
        frame=(0, 0, 14, 28),
        asked=[(16, 3, 10, 9), (16, 16, 10, 9)],
        told="places",
    )


def moco() -> str:
    stored = load("mnist_views")["views"] / 255
    parts = []
    for at, image in enumerate(stored[list(OTHERS), 0]):
        x = INPUT + 92 + 38 * at
        parts += [rectangle(x, 222, 32, 32), digit(image, x, 222, 32, GREYS)]
    parts += [
        text(INPUT, 243, "queue of", anchor="start"),
        text(INPUT, 259, "older codes", anchor="start"),
        line([[296, 238], [OUT, 238], [OUT, TEACHER]], "ink"),
    ]
    return method(
        "MoCo",
        "The student sees one view of a two, the teacher another. The student's code is to be more "
        "similar to the teacher's code of the same two than to those in a queue, which the teacher "
        "gave to digits of earlier batches.",
        views()[0],
        views()[1],
        (None, None),
        "which one?",
        *parts,
        height=272,
    )


def views() -> Array:
    """Two views of the same two, ``(2, 784)``."""
    return load("mnist_views")["views"][PAIR].reshape(2, -1) / 255


def method(
    title: str,
    description: str,
    student: Array,
    teacher: Array,
    heads: tuple[str | None, str | None],
    loss: str,
    *parts: str,
    frame: tuple[int, int, int, int] = (0, 0, 28, 28),
    covered: list[tuple[int, int, int, int]] | None = None,
    asked: list[tuple[int, int, int, int]] | None = None,
    told: str | None = None,
    height: float = HEIGHT,
) -> str:
    """Both rows, the moving average between their encoders, and the loss."""
    unit = SIDE / 28
    marks = [
        area(INPUT + unit * x, STUDENT - SIDE / 2 + unit * y, unit * width, unit * tall)
        for x, y, width, tall in covered or []
    ]
    marks += [
        stroke(
            box(INPUT + unit * x, TEACHER - SIDE / 2 + unit * y, unit * w, unit * h), "accent", 2
        )
        for x, y, w, h in asked or []
    ]
    x0, y0, x1, y1 = frame
    seen = rectangle(
        INPUT + unit * x0, STUDENT - SIDE / 2 + unit * y0, unit * (x1 - x0), unit * (y1 - y0)
    )
    if told:
        marks += [
            text(HEAD, STUDENT - 34, told),
            arrow([[HEAD, STUDENT - 29], [HEAD, STUDENT - HALF - 1]], "ink"),
        ]
    return picture(
        height,
        title,
        description,
        seen,
        digit(student, INPUT, STUDENT - SIDE / 2, SIDE, GREYS),
        rectangle(INPUT, TEACHER - SIDE / 2, SIDE, SIDE),
        digit(teacher, INPUT, TEACHER - SIDE / 2, SIDE, GREYS),
        *marks,
        *row(STUDENT, heads[0], "accent"),
        *row(TEACHER, heads[1], "ink"),
        text(ENCODER, STUDENT - 24, "student", "accent"),
        text(ENCODER, TEACHER + 34, "teacher"),
        arrow(
            [[ENCODER, STUDENT + HALF + 2], [ENCODER, TEACHER - HALF - 2]],
            "muted",
            **{"stroke-dasharray": "4 4"},
        ),
        text(ENCODER + 8, LOSS + 5, "slow average", "muted", "start"),
        text(OUT, LOSS + 5, loss),
        *no_gradient(OUT, (TEACHER + LOSS) / 2 + 8),
        *parts,
    )


def row(y: float, head: str | None, colour: str) -> list[str]:
    """From the input through an encoder, and through a head if there is one, to the loss."""
    towards = LOSS - 12 if y < LOSS else LOSS + 14
    parts = [
        arrow([[INPUT + SIDE + 4, y], [ENCODER - 36, y]], colour),
        labelled(ENCODER, y, 34, "encoder", colour),
    ]
    start = ENCODER + 36
    if head:
        wide = 37 if len(head) < 10 else 58
        middle = HEAD if wide == 37 else HEAD + 16
        parts += [
            arrow([[start, y], [middle - wide - 2, y]], colour),
            labelled(middle, y, wide, head, colour),
        ]
        start = middle + wide + 2
    parts.append(arrow([[start, y], [OUT, y], [OUT, towards]], colour))
    return parts


def labelled(x: float, y: float, half: float, words: str, colour: str) -> str:
    frame = stroke(box(x - half, y - HALF, 2 * half, 2 * HALF), colour, 1.5)
    return frame + text(x, y + 5, words)


def no_gradient(x: float, y: float) -> list[str]:
    return [line([[x - 7, y + 3 + at], [x + 7, y - 3 + at]], "ink") for at in (-3, 3)]


def area(x: float, y: float, width: float, height: float) -> str:
    d = box(x, y, width, height)
    return f'<path d="{d}" fill="var(--accent-soft)" stroke="var(--accent)" stroke-width="1"/>'


def box(x: float, y: float, width: float, height: float) -> str:
    return f"M{x:.4g} {y:.4g}h{width:.4g}v{height:.4g}h{-width:.4g}z"


PICTURES = {
    "byol.svg": byol,
    "dino.svg": dino,
    "data2vec.svg": data2vec,
    "i-jepa.svg": i_jepa,
    "moco.svg": moco,
}

if __name__ == "__main__":
    main()
