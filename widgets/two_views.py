"""One change of a digit, and what is left of it in codes that were trained on pairs of views.

A code trained on pairs of views should be the same for both. Two contrastive encoders saw
views that were shifted by up to 3 px, scaled by up to a fifth, and thinned or thickened: one saw
them turned by up to 20 degrees, the other by any angle. Each has a code of 64 units, and a linear
map from there to 32 numbers, of length 1: all that the loss sees.
How far a change moves a code is given as in the invariance lab, in units of two different digits:

    moved = |f(T x) - f(x)| / mean |f(a) - f(b)|.

The curves follow the chosen digit through a whole turn, with two controls: the same layers before
any training, and a random map of the code of any turn to as many numbers as the loss sees. The rows
show the test digits that lie nearest to the changed one.
"""

from functools import lru_cache

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
from widgets.kit.benchmark_codes import untrained
from widgets.kit.figures import axis, figure, label, line, segment
from widgets.kit.metrics import squared_distances
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
CONTROLS = {"untrained": "untrained code", "random": "random map of the code of any turn"}
ANGLES = np.arange(-180, 181, 30)
SOME = slice(None, None, 6)  # of the gallery, to tell how far different digits are apart
HIGH = 1.6  # more than any of the forty digits is moved by a turn

instrument = Instrument(
    name="two_views",
    title="What two views forget",
    challenge="The loss asked for the same code at any turn. Draw on paper how far each angle "
    "moves the code that saw any turn, and an untrained one. Then turn the six by 180°: what will "
    "the three probes call it?",
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
        different digits; ``named``, the digit that the code's probe reads after the change. By each
        of SEARCHED: ``nearest``, which test digits lie nearest to the changed one, (NEAREST,).
        ``orbit``, how far a turn by each of ANGLES moves the digit, by each of SHOWN and CONTROLS;
        ``x`` and ``changed``, (28, 28), in [0, 1]; ``label``.
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
    return {
        "moved": moved,
        "named": named,
        "nearest": nearest,
        "x": x[0],
        "changed": changed[0],
        "orbit": orbit(image),
        "turned": turned,
        "label": int(stored["labels"][image - 1]),
    }


@lru_cache(maxsize=IMAGES)
def orbit(image):
    """How far each of ANGLES moves a test digit, by each of SHOWN and CONTROLS: (angles,) each."""
    x = load("mnist_images")["images"][[image - 1]] / 255
    turned = np.concatenate([turn(x, angle) for angle in ANGLES])
    views = load("mnist_views")
    scale = dict(zip(CODES, views["scale"], strict=True))
    moved = {name: away(encode(name, turned)) / scale[name] for name in SHOWN}
    for name in CONTROLS:
        moved[name] = away(control(name, turned)) / apart(name)
    return moved


def away(h):
    """Distances of codes from that of the digit as it is."""
    return np.linalg.norm(h - h[list(ANGLES).index(0)], axis=1)


def control(name, x):
    """Images (m, 28, 28) in one of CONTROLS: (m, 64) or (m, 32)."""
    if name == "untrained":
        return layers_of(x, untrained(code=64, out=32))[-2]
    z = encode("any", x) @ np.random.default_rng(0).normal(size=(64, 32))
    return z / np.linalg.norm(z, axis=1, keepdims=True)


@lru_cache(maxsize=2)
def apart(name):
    """Mean distance of two test digits of different classes, in one of CONTROLS."""
    gallery = load("mnist_gallery")
    images, digits = gallery["images"][SOME] / 255, gallery["labels"][SOME]
    h = control(name, images)
    gap = np.sqrt(squared_distances(h, h).clip(0))
    return gap[digits[:, None] != digits].mean()


def frame(result):
    """The digit, its neighbours in two codes, and how far a whole turn moves it."""
    return Frame(
        readouts={
            **{name: result["moved"][name] for name in SHOWN},
            "named": ", ".join(str(result["named"][name]) for name in SHOWN),
        },
        panels=[
            digit(result),
            neighbours(result),
            Plot("orbit", orbit_figure(result), orbit_alt(result)),
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


def orbit_figure(result):
    """How far a turn moves the digit, in each of SHOWN and CONTROLS."""
    orbit, at = result["orbit"], result["turned"]
    return figure(
        [
            line(ANGLES, orbit["untrained"], MUTED, dash="dot"),
            line(ANGLES, orbit["random"], DATA_2, dash="dot"),
            line(ANGLES, orbit["small"], DATA_1),
            line(ANGLES, orbit["any"], DATA_2),
            line(ANGLES, orbit["any_seen"], INK_2),
        ],
        axis(-180, 180, "turn, degrees", tickvals=[-180, -90, 0, 90, 180]),
        axis(0, HIGH + 0.6, "moved, × another digit", tickvals=[0, 0.5, 1, 1.5]),
        height=290,
        shapes=[segment((at, at), (0, HIGH), INK_3, dash="dot")],
        labels=[
            label("small turns", -176, HIGH + 0.5, DATA_1, xanchor="left"),
            label("dotted: untrained", -176, HIGH + 0.3, INK_3, xanchor="left"),
            label("any turn", 176, HIGH + 0.5, DATA_2_TEXT, xanchor="right"),
            label("dotted: a random map of it", 176, HIGH + 0.3, DATA_2_TEXT, xanchor="right"),
            label("loss sees, any turn", 176, HIGH + 0.1, INK_2, xanchor="right"),
        ],
    )


def orbit_alt(result):
    half = {name: result["orbit"][name][-1] for name in (*SHOWN, *CONTROLS)}
    names = {**CODES, **CONTROLS}
    said = [f"{names[name]} {moved:.2f}" for name, moved in half.items()]
    return (
        "How far a turn moves the digit, in units of two different digits. By half a turn: "
        f"{', '.join(said)}."
    )


def note(result):
    """Where the probes disagree."""
    small, any_turn, seen = (result["named"][name] for name in SHOWN)
    if small == any_turn == seen:
        return ""
    return (
        f"The probes disagree: {small} by the code of small turns, {any_turn} by that of any turn, "
        f"{seen} by what its loss sees."
    )
