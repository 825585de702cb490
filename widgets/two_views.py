"""One change of a digit, and what is left of it in codes that were trained on pairs of views.

A code trained on pairs of views should be the same for both. Two contrastive encoders saw
views that were shifted by up to 3 px, scaled by up to a fifth, and thinned or thickened: one saw
them turned by up to 20 degrees, the other by any angle. Each has a code of 64 units, and a linear
map from there to 32 numbers, of length 1: all that the loss sees.
How far a change moves a code is given as in the invariance lab, in units of two different digits:

    moved = |f(T x) - f(x)| / mean |f(a) - f(b)|.

The curves say how often a linear probe, fitted to digits that stand upright, names a turned one
right. The rows show the test digits that lie nearest to the changed one.
"""

import numpy as np

from widgets.contract import (
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    INK_2,
    INK_3,
    MUTED,
    Frame,
    Instrument,
    Plot,
    Readout,
    Slider,
    Tiles,
    Toggle,
)
from widgets.data import load
from widgets.kit.figures import axis, figure, label, line, segment
from widgets.kit.network import grey_levels, layers_of
from widgets.kit.transforms import shift, thicken, turn

IMAGES = 40  # to choose from, four of each digit
NEAREST = 5
CODES = {
    "small": "code, small turns",
    "any": "code, any turn",
    "small_seen": "loss sees, small turns",
    "any_seen": "loss sees, any turn",
}
SHOWN = ("small", "any", "any_seen")
SEARCHED = ("any", "any_seen")

instrument = Instrument(
    name="two_views",
    title="What two views forget",
    challenge="Turn the six by 180°. What will a probe call it in the code that saw small turns, "
    "in the code that saw any turn, and in the numbers that the loss of the latter saw? Write down "
    "all three.",
    controls=(
        Slider("turned", "Turn", default=0, min=-180, max=180, step=5, unit="°"),
        Slider("right", "Shift", default=0, min=-4, max=4, step=1, unit="px"),
        Slider("grown", "Thicken", default=0.0, min=-1.0, max=1.0, step=0.25, unit="px"),
        Toggle("mirrored", "Mirror"),
        Slider("image", "Test digit", default=26, min=1, max=IMAGES, step=1),
    ),
    readouts=(
        Readout("small", "Small turns: moved", "× another digit"),
        Readout("any", "Any turn: moved", "× another digit"),
        Readout("any_seen", "Loss sees: moved", "× another digit"),
        Readout("named", "Names: small, any, loss sees"),
    ),
    references=("chen2020", "xiao2021"),
)


def encode(name, x):
    """Images (m, 28, 28), in [0, 1], in one of CODES: (m, 64), or (m, 32) of what a loss sees."""
    file = "mnist_contrastive" if name.startswith("small") else "mnist_contrastive_turns"
    code, z = layers_of(x, load(file))[-2:]
    return z / np.linalg.norm(z, axis=1, keepdims=True) if name.endswith("seen") else code


def compute(*, turned, right, grown, mirrored, image):
    """Change one test digit, encode it before and after, and read its codes.

    Parameters
    ----------
    turned : float, degrees clockwise
    right : int, shift in px
    grown : float, px by which the strokes grow on each side
    mirrored : bool, left and right
    image : int, which test image, 1 to 40

    Returns
    -------
    dict
        By each of SHOWN: ``moved``, how far the change moves the code, in units of two images of
        different digits; ``named``, the digit that the code's probe reads after the change;
        ``shares`` of the curves. By each of SEARCHED: ``nearest``, which test digits lie nearest
        to the changed one, (NEAREST,). ``x`` and ``changed``, (28, 28), in [0, 1]; ``angles`` of
        the curves; ``label``.
    """
    stored, views = load("mnist_images"), load("mnist_views")
    x = stored["images"][[image - 1]] / 255  # (1, 28, 28)
    changed = x[:, :, ::-1] if mirrored else x
    changed = thicken(turn(shift(changed, right), turned), grown).clip(0, 1)
    pair = np.concatenate([x, changed])
    scale = dict(zip(CODES, views["scale"], strict=True))
    moved, named, nearest = {}, {}, {}
    for name in SHOWN:
        before, after = encode(name, pair)
        moved[name] = np.linalg.norm(after - before) / scale[name]
        named[name] = int((after @ views[f"{name}_probe"] + views[f"{name}_intercept"]).argmax())
        if name in SEARCHED:
            gap = np.sum((views[f"{name}_codes"].astype(float) - after) ** 2, axis=1)
            gap[stored["position"][image - 1]] = np.inf  # the digit itself
            nearest[name] = np.argsort(gap, kind="stable")[:NEAREST]
    shares = dict(zip(CODES, views["right"].astype(float), strict=True))
    return {
        "moved": moved,
        "named": named,
        "nearest": nearest,
        "x": x[0],
        "changed": changed[0],
        "angles": views["angles"].astype(int),
        "shares": {name: shares[name] for name in SHOWN},
        "turned": turned,
        "label": int(stored["labels"][image - 1]),
    }


def frame(result):
    """The digit, its neighbours in two codes, and how turned digits are read."""
    return Frame(
        readouts={
            **{name: result["moved"][name] for name in SHOWN},
            "named": ", ".join(str(result["named"][name]) for name in SHOWN),
        },
        panels=[
            digit(result),
            neighbours(result),
            Plot("shares", shares_figure(result), shares_alt(result)),
        ],
        note=note(result),
    )


def digit(result):
    """Before and after the change."""
    pair = np.stack([result["x"], result["changed"]])
    return Tiles(
        "digit",
        grey_levels(pair)[None],
        alt=f"A {result['label']} before and after the change.",
        captions=("before", "after"),
        gap=1,
        half=True,
    )


def neighbours(result):
    """A row of the nearest test digits for each of SEARCHED."""
    gallery, nearest = load("mnist_gallery"), result["nearest"]
    said = [
        f"in the {CODES[name]}: {', '.join(str(k) for k in gallery['labels'][nearest[name]])}"
        for name in SEARCHED
    ]
    return Tiles(
        "neighbours",
        np.stack([gallery["images"][nearest[name]] for name in SEARCHED]),
        alt=f"The test digits nearest to the changed one, {'; '.join(said)}.",
        captions=("nearest by the code of any turn; below, by what its loss sees",),
        gap=1,
        half=True,
    )


def shares_figure(result):
    """Digits named right by a probe, by angle, in each of SHOWN."""
    angles, at = result["angles"], result["turned"]
    small, any_turn, seen = (100 * result["shares"][name] for name in SHOWN)
    return figure(
        [
            line(angles, seen, MUTED),
            line(angles, small, DATA_1),
            line(angles, any_turn, DATA_2),
        ],
        axis(-180, 180, "turn, degrees", tickvals=[-180, -90, 0, 90, 180]),
        axis(0, 138, "named right, %", tickvals=[0, 25, 50, 75, 100]),
        height=280,
        shapes=[segment((at, at), (0, 100), INK_3, dash="dot")],
        labels=[
            label("small turns", -176, 130, DATA_1, xanchor="left"),
            label("any turn", 176, 130, DATA_2_TEXT, xanchor="right"),
            label("loss sees, any turn", 176, 114, INK_2, xanchor="right"),
        ],
    )


def shares_alt(result):
    angles = list(result["angles"])
    said = []
    for name in SHOWN:
        shares = 100 * result["shares"][name]
        said.append(
            f"{CODES[name]}, {shares[angles.index(0)]:.0f} % upright, "
            f"{shares[angles.index(90)]:.0f} % at 90° and {shares[angles.index(180)]:.0f} % at 180°"
        )
    return f"Share of 500 test digits that a probe names right: {'; '.join(said)}."


def note(result):
    """Where the probes disagree."""
    small, any_turn, seen = (result["named"][name] for name in SHOWN)
    if small == any_turn == seen:
        return ""
    return (
        f"The probes disagree: {small} by the code of small turns, {any_turn} by that of any turn, "
        f"{seen} by what its loss sees."
    )
