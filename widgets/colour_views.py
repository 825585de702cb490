"""What the views of a picture vary, and what a code trained on them does not show any more.

Six encoders of emoji have the same layers, loss and number of batches. Each was trained on pairs of
views by another augmentation; all views are shifted by up to 4 px as well. How far a change T moves
the code f is given in units of two different emoji,

    moved = |f(T x) - f(x)| / mean |f(a) - f(b)|.

The shown emoji were held out from all trainings.
"""

from functools import lru_cache

import numpy as np

from widgets.contract import (
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    INK_3,
    Choice,
    Frame,
    Instrument,
    Plot,
    Readout,
    Seed,
    Slider,
    Tiles,
)
from widgets.data import load
from widgets.kit.colour_views import (
    ADDED,
    EMOJI,
    STEP,
    VIEWS,
    crop,
    draw_view,
    encode_emoji,
    encoder_of,
    erase,
    mirror,
    shift,
    turn_hue,
)
from widgets.kit.figures import axis, bars, dots, figure, label, line, segment

PAIRS = 5
ANGLES = np.arange(0, 361, 30)  # degrees
CHANGES = ("hue", "mirrored", "cropped", "erased", "shifted")  # from the top
WIDE = 1.5  # of the axis, unless a code has moved farther

instrument = Instrument(
    name="colour_views",
    title="Two views in colour",
    challenge="Colour jitter makes the views. Which of the five changes will move the code of the "
    "red heart least, and which most? Then let flips make the views, and choose an arrow.",
    controls=(
        Slider("hue", "Turn of hue", default=120, min=0, max=360, step=15, unit="°"),
        Choice("views", "Views by", VIEWS, "jitter"),
        Choice(
            "picture",
            "Emoji",
            {name.replace(" ", "-"): name.capitalize() for name in EMOJI},
            "red-heart",
            panel="emoji",
        ),
        Seed("seed", "Views", default=0),
    ),
    readouts=(
        Readout("hue", "Hue: moved", "× another emoji"),
        Readout("mirrored", "Mirrored: moved", "× another emoji"),
        Readout("shifted", "Shifted: moved", "× another emoji"),
    ),
)


def compute(*, hue, views, picture, seed):
    """Change one emoji and encode it before and after.

    Parameters
    ----------
    hue : float, degrees by which colours are turned
    views : a key of VIEWS, the encoder
    picture : which emoji, in lower case with hyphens
    seed : of the views that are drawn

    Returns
    -------
    dict
        ``pairs``, (2, 5, 32, 32, 3): below each view its partner; ``copies``, (6, 32, 32, 3), the
        picture and its CHANGES; ``moved``, how far these move the code, and ``plain``, that of
        shift alone, (5,); ``curve``, by ANGLES of hue, and ``plain_curve``, (13,).
    """
    place = EMOJI.index(picture.replace("-", " "))
    x = load("colour_views")["pictures"][place] / 255
    rng = np.random.default_rng(seed)
    pairs = [[draw_view(x, ADDED[views], rng) for _ in range(PAIRS)] for _ in range(2)]
    copies = changes(x[None], hue)
    moved, plain = (
        np.append(distances(name, copies[:2]), by_others(name, place)) for name in (views, "shift")
    )
    return {
        "pairs": np.array(pairs),
        "copies": copies,
        "moved": moved,
        "plain": plain,
        "curve": by_hue(views, place),
        "plain_curve": by_hue("shift", place),
        "hue": hue,
        "views": views,
        "name": EMOJI[place],
    }


def changes(x, hue):
    """A picture (1, 32, 32, 3), and after each of CHANGES: (6, 32, 32, 3)."""
    return np.concatenate(
        [x, turn_hue(x, hue), mirror(x), crop(x), erase(x), shift(x, STEP)], dtype=float
    )


def distances(name, copies):
    """How far each of the copies is from the first, × another emoji, in the code of an encoder."""
    stored = load("colour_views")
    h, _ = encode_emoji(copies, encoder_of(name, stored))
    return np.linalg.norm(h[1:] - h[0], axis=1) / stored[f"{name}_apart"][0]


@lru_cache(maxsize=len(EMOJI) * len(VIEWS))
def by_others(name, place):
    """How far the changes that no slider sets move the code of an emoji: (4,)."""
    copies = changes(load("colour_views")["pictures"][[place]] / 255, 0)
    return distances(name, copies)[1:]


@lru_cache(maxsize=len(EMOJI) * len(VIEWS))
def by_hue(name, place):
    """How far each of ANGLES moves the code of an emoji: (13,)."""
    x = load("colour_views")["pictures"][[place]] / 255
    return distances(name, np.concatenate([x, *(turn_hue(x, angle) for angle in ANGLES)]))


def frame(result):
    """The emoji, pairs of views, the changed copies, and how far they moved in the code."""
    moved = dict(zip(CHANGES, result["moved"], strict=True))
    return Frame(
        readouts={name: moved[name] for name in ("hue", "mirrored", "shifted")},
        panels=[
            Tiles(
                "emoji",
                load("colour_views")["pictures"] / 255,
                alt=f"Eighteen emoji; the {result['name']} is chosen.",
                labels=EMOJI,
                marked=(EMOJI.index(result["name"]),),
            ),
            Tiles(
                "views",
                result["pairs"].reshape(-1, *result["pairs"].shape[2:]),
                alt=views_alt(result),
                captions=("a view; below it the other one",),
                gap=2,
                columns=PAIRS,
                half=True,
            ),
            Tiles(
                "copies",
                result["copies"],
                alt=f"The {result['name']}, then with its hue turned by {result['hue']:.0f}°, "
                "mirrored, cropped, with its middle erased, and shifted.",
                captions=("as it is, hue, mirrored", "cropped, erased, shifted"),
                gap=2,
                columns=3,
                half=True,
            ),
            Plot("moved", moved_figure(result), moved_alt(result), half=True),
            Plot("curve", curve_figure(result), curve_alt(result), half=True),
        ],
    )


def views_alt(result):
    added = ", ".join(ADDED[result["views"]])
    more = f", {added}" if added else ""
    return f"Six pairs of views of the {result['name']}: each shifted at random{more}."


def moved_figure(result):
    """A bar for each change, a dot for the encoder that saw shifts alone."""
    place = np.arange(len(CHANGES), 0, -1)
    wide = max(WIDE, result["moved"].max(), result["plain"].max())
    return figure(
        [
            bars(result["moved"], place, DATA_1, width=0.6, orientation="h"),
            dots(result["plain"], place, DATA_2, size=9, ring=2),
        ],
        axis(0, wide, "moved, × another emoji", dtick=0.5, showgrid=True),
        axis(0.4, 6.4, tickvals=place.tolist(), ticktext=list(CHANGES), showgrid=False),
        height=260,
        left=76,
        right=16,
        top=10,
        shapes=[segment((1, 1), (0.4, 5.5), INK_3, dash="dot")],
        labels=[label("dots: shift alone", 0, 6, DATA_2_TEXT, xanchor="left")],
    )


def moved_alt(result):
    said = [
        f"{name} {moved:.2f}, shift alone {plain:.2f}"
        for name, moved, plain in zip(CHANGES, result["moved"], result["plain"], strict=True)
    ]
    return (
        f"How far each change moves the code of the {result['name']}, trained on views by "
        f"{VIEWS[result['views']].lower()}, where 1 is another emoji: {'; '.join(said)}."
    )


def curve_figure(result):
    """How far a turn of hue moves the code, by its angle."""
    high = max(WIDE, result["curve"].max(), result["plain_curve"].max())
    return figure(
        [
            line(ANGLES, result["plain_curve"], DATA_2),
            line(ANGLES, result["curve"], DATA_1),
        ],
        axis(0, 360, "turn of hue, degrees", tickvals=[0, 120, 240, 360]),
        axis(0, high, "moved, × another emoji", dtick=0.5),
        height=260,
        shapes=[segment((result["hue"], result["hue"]), (0, high), INK_3, dash="dot")],
        labels=[
            label("shift alone", 8, 0.97 * high, DATA_2_TEXT, xanchor="left"),
            label(VIEWS[result["views"]].lower(), 352, 0.97 * high, DATA_1, xanchor="right"),
        ],
    )


def curve_alt(result):
    most, plain = result["curve"].max(), result["plain_curve"].max()
    return (
        f"How far a turn of hue moves the code: at most {most:.2f} of another emoji, trained on "
        f"shift alone at most {plain:.2f}. Both are 0 after a whole turn."
    )
