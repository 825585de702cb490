"""Make it smile: a direction among the codes of faces, added to the code of a face.

With the codes z = f(x), the direction of a property is

    v = mean of z over faces that have it - mean of z over faces that do not

and g(z + t v) should be the face x with the property. Beside it stand the same arithmetic among as
many principal components, and in the pixels themselves, where g and f are the identity.

Since faces are put together from parts, the true answer x* is known: the same face drawn again with
the property. A method that turns its picture y into y' has made this share of the true change:

    1 - |(y' - y) - (x* - x)|^2 / |x* - x|^2

Drawings: Avatar Illustration System, Micah Lanier; Personas, Draftbit; both CC BY 4.0.
"""

from functools import lru_cache

import numpy as np

from widgets.contract import (
    ACCENT,
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    INK_2,
    INK_3,
    Choice,
    Frame,
    Instrument,
    Plot,
    Readout,
    Slider,
    Tiles,
)
from widgets.data import load
from widgets.kit.faces import AMOUNTS, DIRECTIONS, METHODS, SHOWN, STRANGERS, decode_face, decoder
from widgets.kit.figures import axis, figure, label, line, segment

COLORS = {"code": DATA_1, "pca": DATA_2, "pixels": INK_3}
TEXT = {"code": DATA_1, "pca": DATA_2_TEXT, "pixels": INK_2}
MOST = float(AMOUNTS[-1])
CREDIT = "drawings: Micah Lanier, the last four Draftbit, CC BY 4.0"

instrument = Instrument(
    name="make_it_smile",
    title="Make it smile",
    challenge="Add the smile once, twice, three times. Which of the three pictures would you call "
    "a smiling face, and which does the classifier call one most often?",
    controls=(
        Slider("amount", "How far", default=1.5, min=0.0, max=MOST, step=0.25, symbol="t"),
        Choice("direction", "Direction", DIRECTIONS, "smile"),
        Choice("second", "And also", {"none": "Nothing", **DIRECTIONS}, "none"),
        Slider(
            "second_amount",
            "How far, the second",
            default=1.5,
            min=0.0,
            max=MOST,
            step=0.25,
            when=("second", *DIRECTIONS),
        ),
        Slider("face", "Face", default=1, min=1, max=SHOWN + STRANGERS, step=1, panel="faces"),
    ),
    readouts=(
        Readout("says", "Classifier agrees, of 100 faces"),
        Readout("made", "True change made, of 100 faces"),
        Readout("kept", "All else as before, of 100 faces"),
    ),
    references=("larsen2016", "white2016"),
)


def compute(*, amount, direction, second, second_amount, face):
    """Add directions to one face in three spaces.

    Parameters
    ----------
    amount, second_amount : float, multiples of the two directions, 0 to 3
    direction : str, a key of DIRECTIONS
    second : str, such a key or "none"
    face : int, which face, 1 to 16; the last four are by another artist

    Returns
    -------
    dict
        ``x``, the face, and ``truth``, the same one drawn with the first property, (64, 64, 3),
        or None if it is another artist's, who has drawn smiles but none of the other properties;
        ``before`` and ``after``, (3, 64, 64, 3), each method's picture without and with the
        directions; ``made``, (3,), the share of the true change in this face, or None if there
        are two directions, ``amount`` is 0 or there is no ``truth``; ``says``, ``shares`` and
        ``kept``, (3, 13), what was measured on held-out faces with the first direction, by method
        and amount.
    """
    stored, k = load("faces"), list(DIRECTIONS).index(direction)
    added = {k: amount}
    if second != "none":
        also = list(DIRECTIONS).index(second)
        added[also] = added.get(also, 0) + second_amount
    x = stored["images"][face - 1] / 255
    truth = true_answer(direction, face)
    before = np.stack([rebuilt(face), through_components(x), x])
    code = stored["codes"][face - 1] + combined("code_directions", added)
    pixels = sum(t * in_pixels(j) for j, t in added.items())
    after = np.stack(
        [
            decode_face(code, decoder()),
            np.clip(through_components(x, combined("pca_directions", added)), 0, 1),
            np.clip(x + pixels, 0, 1),
        ]
    )
    return {
        "amount": amount,
        "direction": direction,
        "second": second,
        "face": face,
        "x": x,
        "truth": truth,
        "before": before,
        "after": after,
        "made": share_made(after - before, truth - x)
        if truth is not None and len(added) == 1 and amount
        else None,
        "says": stored["says"][k],
        "shares": stored["made"][k],
        "kept": stored["kept"][k],
    }


def true_answer(direction, face):
    """A face drawn with the property, (64, 64, 3), or None if its artist has no such drawing."""
    stored = load("faces")
    if face <= SHOWN:
        return stored["truths"][list(DIRECTIONS).index(direction), face - 1] / 255
    return stored["smiling_strangers"][face - SHOWN - 1] / 255 if direction == "smile" else None


def combined(name, added):
    """The sum of some directions, each times its amount."""
    return sum(t * load("faces")[name][j] for j, t in added.items())


def in_pixels(k):
    """One direction in pixels, (64, 64, 3)."""
    stored = load("faces")
    return stored["pixel_directions"][k] * stored["pixel_step"][k]


@lru_cache(maxsize=SHOWN + STRANGERS)
def rebuilt(face):
    """The decoder's picture of a face's own code."""
    return decode_face(load("faces")["codes"][face - 1], decoder())


def through_components(x, moved=0.0):
    """A face through 64 principal components, whose numbers may be moved, (64, 64, 3)."""
    stored = load("faces")
    scores = np.einsum("khwc,hwc->k", components(), x - stored["mean"])
    return stored["mean"] + np.einsum("k,khwc->hwc", scores + moved, components())


@lru_cache(maxsize=1)
def components():
    """The principal components, (64, 64, 64, 3), in float32."""
    stored = load("faces")
    step = stored["axis_step"][:, None, None, None]
    return (stored["axes"] * step).astype(np.float32)


def share_made(made, wanted):
    """The share of a wanted change, (64, 64, 3), that each method made, (3, 64, 64, 3): (3,)."""
    missing = np.sum((made - wanted) ** 2, axis=(1, 2, 3))
    return 1 - missing / np.sum(wanted**2)


def frame(result):
    """Sixteen faces to choose from, one of them before and after, and what two judges say."""
    at = int(np.argmin(abs(AMOUNTS - result["amount"])))
    two = result["second"] != "none"
    return Frame(
        readouts={
            key: ", ".join(f"{100 * row[at]:.0f}" for row in result[name]) + " %"
            for key, name in (("says", "says"), ("made", "shares"), ("kept", "kept"))
        },
        panels=[
            choices(result),
            compared(result),
            changed(result),
            verdict(result, "says", "of 100 faces, the classifier agrees"),
            verdict(result, "shares", "share of the true change"),
        ],
        note="Under the pictures: the share of the true change in this face. Readouts and curves "
        "are of the first direction alone, in the order code, PCA, pixels."
        + (" So is the true answer." if two else ""),
    )


def choices(result):
    """The faces, the chosen one ringed."""
    return Tiles(
        "faces",
        load("faces")["images"] / 255,
        alt=f"Sixteen drawn faces with a sad mouth, the last four by another artist; number "
        f"{result['face']} is chosen.",
        captions=("Faces that the network has not seen", CREDIT),
        labels=tuple(f"face {i + 1}" for i in range(SHOWN))
        + tuple(f"stranger {i + 1}" for i in range(STRANGERS)),
        marked=(result["face"] - 1,),
    )


def compared(result):
    """The face, its reconstruction and the true answer, or nothing if there is none."""
    truth, title = result["truth"], DIRECTIONS[result["direction"]].lower()
    known = truth is not None
    return Tiles(
        "compared",
        np.stack([result["x"], result["before"][0], truth if known else np.ones_like(result["x"])]),
        alt=f"Face {result['face']}, its reconstruction, and "
        + (f"the same face drawn with “{title}”." if known else "an empty place."),
        captions=("the face", "rebuilt", "the true answer" if known else "never drawn"),
        gap=2,
        half=True,
    )


def changed(result):
    """The face changed in three ways, with the share of the true change under each."""
    title, made = DIRECTIONS[result["direction"]].lower(), result["made"]
    shares = [""] * len(METHODS) if made is None else [f": {100 * m:.0f} %" for m in made]
    said = [name + share for name, share in zip(METHODS.values(), shares, strict=True)]
    return Tiles(
        "changed",
        result["after"],
        alt=f"The face with “{title}” added {result['amount']:g} times"
        + ("" if made is None else ", and the share of the true change that was made")
        + f"; {', '.join(said)}.",
        captions=tuple(said),
        gap=2,
        half=True,
    )


def verdict(result, key, title):
    """One measure against the amount, by method, with the chosen amount."""
    curves = result[key]
    low = min(0.0, float(np.floor(10 * max(-0.5, curves.min())) / 10))
    return Plot(
        key,
        figure(
            [
                line(AMOUNTS, curve.clip(low, 1), COLORS[name])
                for name, curve in zip(METHODS, curves, strict=True)
            ],
            axis(0, MOST, "how far, t", dtick=1),
            axis(low, 1.02, title, tickformat=".0%"),
            height=220,
            shapes=[segment((result["amount"], low), (result["amount"], 1.02), ACCENT, dash="dot")],
            labels=[
                label(title, 0.06, 1.0, TEXT[name], xanchor="left", yanchor="top", yshift=-16 * i)
                for i, (name, title) in enumerate(METHODS.items())
            ],
        ),
        f"{title[0].upper()}{title[1:]}, at {result['amount']:g} times the direction: "
        + ", ".join(
            f"{100 * np.interp(result['amount'], AMOUNTS, curve):.0f} % {METHODS[name]}"
            for name, curve in zip(METHODS, curves, strict=True)
        )
        + ".",
        half=True,
    )
