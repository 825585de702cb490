"""One change of a digit, and what three codes make of it that were trained on pairs of views.

A code trained on pairs of views is asked to be the same for both, so it forgets what tells them
apart. All three encoders saw views that were shifted by up to 3 px, scaled by up to a fifth, and
thinned or thickened. Two saw them turned by up to 20 degrees, the third by any angle. How far a
change moves a code is given as in the invariance lab, in units of two different digits:

    moved = |f(T x) - f(x)| / mean |f(a) - f(b)|.

The curves say how often a linear probe, fitted to digits that stand upright, names a turned one
right. The rows show the test digits that lie nearest to the changed one, in two of the codes.
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
from widgets.encoders import TWO_VIEWS, encode_as
from widgets.figures import axis, figure, label, line, segment
from widgets.moves import shift, thicken, turn
from widgets.network import grey_levels

IMAGES = 40  # to choose from, four of each digit
NEAREST = 5
SHOWN = {"contrastive": "turned up to 20°", "contrastive_turns": "turned by any angle"}

instrument = Instrument(
    name="two_views",
    title="What two views forget",
    ask="Turn the six by 180°. What will a probe call it in the code that saw small turns, and "
    "what in the code that saw any turn? Write down both.",
    controls=(
        Slider("turned", "Turn", default=0, min=-180, max=180, step=5, unit="°"),
        Slider("right", "Shift", default=0, min=-4, max=4, step=1, unit="px"),
        Slider("grown", "Thicken", default=0.0, min=-1.0, max=1.0, step=0.25, unit="px"),
        Toggle("mirrored", "Mirror"),
        Slider("image", "Test digit", default=25, min=1, max=IMAGES, step=1),
    ),
    readouts=(
        Readout("pixels", "Moved in pixels", "× another digit"),
        Readout("contrastive", "Small turns: moved", "× another digit"),
        Readout("contrastive_turns", "Any turn: moved", "× another digit"),
        Readout("read", "Probe: small, any"),
    ),
)


def compute(*, turned, right, grown, mirrored, image):
    """Change one test digit, encode it before and after, and read both codes.

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
        ``moved``, by name: the distance that the change makes in pixels and in each code, in units
        of two images of different digits; ``named``, by name: the digit that each code's probe
        reads after the change; ``nearest``, by name: which test digits lie nearest to the changed
        one, (NEAREST,), with ``neighbours``, their images; ``x`` and ``changed``, (28, 28), in
        [0, 1]; ``angles`` and ``right``, of the curves; ``label``.
    """
    stored, views = load("mnist_images"), load("mnist_views")
    x = stored["images"][[image - 1]] / 255  # (1, 28, 28)
    changed = x[:, :, ::-1] if mirrored else x
    changed = thicken(turn(shift(changed, right), turned), grown).clip(0, 1)
    pair = np.concatenate([x, changed])
    moved, named, nearest = {}, {}, {}
    own = stored["position"][image - 1]
    for name, unit in zip(("pixels", *TWO_VIEWS), views["scale"], strict=True):
        h = encode_as(name, pair)
        moved[name] = np.linalg.norm(h[1] - h[0]) / unit
        if name in TWO_VIEWS:
            probe = load(TWO_VIEWS[name])
            named[name] = int((h[1] @ probe["probe"] + probe["intercept"]).argmax())
        if name in SHOWN:
            gap = np.sum((views[f"{name}_codes"] - h[1]) ** 2, axis=1)
            gap[own] = np.inf
            nearest[name] = np.argsort(gap)[:NEAREST]
    gallery = load("mnist_gallery")
    return {
        "moved": moved,
        "named": named,
        "nearest": nearest,
        "neighbours": {name: gallery["images"][found] for name, found in nearest.items()},
        "labels": {name: gallery["labels"][found] for name, found in nearest.items()},
        "x": x[0],
        "changed": changed[0],
        "angles": views["angles"].astype(int),
        "right": dict(zip(TWO_VIEWS, views["right"].astype(float), strict=True)),
        "turned": turned,
        "label": int(stored["labels"][image - 1]),
    }


def frame(result):
    """The digit with its neighbours in two codes, and how turned digits are read."""
    moved, named = result["moved"], result["named"]
    return Frame(
        readouts={
            "pixels": moved["pixels"],
            "contrastive": moved["contrastive"],
            "contrastive_turns": moved["contrastive_turns"],
            "read": "{contrastive}, {contrastive_turns}".format(**named),
        },
        panels=[images(result), Plot("right", right_figure(result), right_alt(result), half=True)],
        note=note(result),
    )


def images(result):
    """Above: before and after; below: the nearest by the code of small turns, and of any turn."""
    blank = np.zeros((28, 28))
    rows = [
        [result["x"], result["changed"], *[blank] * (NEAREST - 2)],
        *(list(result["neighbours"][name] / 255) for name in SHOWN),
    ]
    said = [
        f"nearest in the code {how}: {', '.join(str(k) for k in result['labels'][name])}"
        for name, how in SHOWN.items()
    ]
    return Tiles(
        "images",
        grey_levels(np.array(rows)),
        alt=f"A {result['label']} before and after the change; test digits {'; '.join(said)}.",
        captions=("before, after; nearest by small turns; by any turn",),
        gap=2,
        half=True,
    )


def right_figure(result):
    """Digits named right by the probe, by angle: small turns, any turn, VICReg with small turns."""
    angles, right = result["angles"], {name: 100 * v for name, v in result["right"].items()}
    at = result["turned"]
    return figure(
        [
            line(angles, right["vicreg"], MUTED, width=1.5),
            line(angles, right["contrastive"], DATA_1),
            line(angles, right["contrastive_turns"], DATA_2),
        ],
        axis(-180, 180, "turn, degrees", dtick=90),
        axis(0, 100, "test digits named right, %", dtick=25),
        height=420,
        right=24,
        shapes=[segment((at, at), (0, 100), INK_3, dash="dot")],
        labels=[
            label(
                "any turn",
                -176,
                right["contrastive_turns"][0],
                DATA_2_TEXT,
                xanchor="left",
                yshift=10,
            ),
            label("small turns", 176, 92, DATA_1, xanchor="right"),
            label("VICReg", 176, 84, INK_2, xanchor="right"),
        ],
    )


def right_alt(result):
    """The curves in words."""
    angles = list(result["angles"])
    said = []
    for name, how in (("contrastive", "small turns"), ("contrastive_turns", "any turn")):
        shares = 100 * result["right"][name]
        said.append(
            f"the code that saw {how}, {shares[angles.index(0)]:.0f} % upright, "
            f"{shares[angles.index(90)]:.0f} % at 90° and {shares[angles.index(180)]:.0f} % at 180°"
        )
    return f"Share of 500 test digits named right by a probe: {' and '.join(said)}."


def note(result):
    """When the two codes disagree."""
    small, any_turn = (result["named"][name] for name in SHOWN)
    if small == any_turn:
        return ""
    return (
        f"The probes disagree: {small} by the code of small turns, {any_turn} by that of any turn."
    )
