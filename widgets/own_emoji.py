"""Your own device's emoji: a picture by an artist whom training did not see, drawn in the page.

The encoder of pictures of `type_words`, applied to what the reader's fonts draw. Its code z is
compared with the codes of 1,432 emoji as Noto draws them, 400 of which training did not see:

    by code      the most similar pictures x by the cosine of f(x) and z
    by pixels    those with the smallest distance to the picture itself: no network at all
    by words     the names whose code g(w) is the most similar to z

At rest the picture is the one by the artist never seen, Fluent Emoji, Microsoft Corporation, MIT;
the others are Noto Emoji, Google Inc, Apache 2.0.
"""

from functools import lru_cache

import numpy as np

from widgets.contract import Frame, Glyph, Instrument, Readout, Tiles
from widgets.data import load
from widgets.kit.emoji import CREDITS, codes_of, name_of, pictures, texts_of
from widgets.kit.two_encoders import encode_pictures, encode_words

FOUND = 7  # pictures in a row, after the one that is looked up
SIDE = 32
GALLERIES = ("seen", "unseen")  # in this order in every array of all pictures
VARIANT = "\ufe0f"  # asks for the colour picture; the same emoji may come with it or without

instrument = Instrument(
    name="own_emoji",
    title="Emoji of your own device",
    challenge="Choose an emoji. Your device draws it, and training never saw its drawings unless "
    "it uses the fonts Noto (Android, most Linux) or Twemoji. Is the same emoji among the seven "
    "nearest by the code? By pixels? Find one where pixels win.",
    controls=(Glyph("emoji", "Emoji", "🍓", SIDE, ("🍓", "🦉", "🐙", "🎸", "🚲", "😎", "🌵")),),
    readouts=(
        Readout("by_code", "The same emoji, by code"),
        Readout("by_pixels", "By pixels"),
        Readout("names", "Nearest names"),
    ),
    references=("radford2021",),
)


def compute(*, emoji):
    """What is near to a picture of an emoji.

    Parameters
    ----------
    emoji : a character, and its picture, ndarray of shape (32, 32, 3), uint8, or None for the
        drawing by the artist never seen, white if there is none

    Returns
    -------
    dict
        ``picture`` (32, 32, 3), in [0, 1]; ``rows`` (2, 7), places of the nearest pictures by code
        and by pixels; ``ranks``, of the same emoji by both, from 1, or None if it is not among
        them; ``names`` (3,), places of the nearest names; ``among``, how many pictures there are.
    """
    character, drawn = emoji
    places = places_of_characters()
    own = places.get(character.replace(VARIANT, ""))
    if drawn is not None:
        picture = drawn / 255
    else:
        new = -1 if own is None else own - len(texts_of("seen"))
        picture = pictures([max(new, -1)], "new_artist")[0]
    z = encode_pictures(picture[None], load("emoji_pictures"))[0]
    codes = np.concatenate([codes_of(each) for each in GALLERIES])
    scores = codes @ z, -((every_picture() - picture) ** 2).sum(axis=(1, 2, 3))
    return {
        "character": character,
        "own_fonts": drawn is not None,
        "picture": picture,
        "rows": np.array([np.argsort(-each, kind="stable")[:FOUND] for each in scores]),
        "ranks": None if own is None else [1 + int((each > each[own]).sum()) for each in scores],
        "names": np.argsort(-(codes_of_names() @ z), kind="stable")[:3],
        "among": len(codes),
        "own": own,
    }


@lru_cache(maxsize=1)
def places_of_characters():
    """By character, without `VARIANT`, its place among all pictures."""
    text = load("emoji_pictures")["characters"].tobytes().decode()
    return {character: place for place, character in enumerate(text.split("\n"))}


@lru_cache(maxsize=1)
def every_picture():
    """All pictures as Noto draws them, (n, 32, 32, 3), in [0, 1]."""
    galleries = [pictures(range(len(texts_of(each))), each) for each in GALLERIES]
    return np.concatenate(galleries).astype(np.float32)


@lru_cache(maxsize=1)
def codes_of_names():
    """Codes of all English names, (n, 64)."""
    names = [texts[0][0] for each in GALLERIES for texts in texts_of(each)]
    return encode_words(names, load("emoji_words")["table"])


def frame(result):
    """A row for each way."""
    ranks = result["ranks"]
    shown = (
        [f"{rank:,} of {result['among']:,}" for rank in ranks] if ranks else ["not among them"] * 2
    )
    return Frame(
        readouts={
            "by_code": shown[0],
            "by_pixels": shown[1],
            "names": ", ".join(name_at(place) for place in result["names"]),
        },
        panels=[row_of(result, i, way) for i, way in enumerate(("code", "pixels"))],
    )


def row_of(result, i, way):
    """The picture, then the nearest by code or by pixels, with a ring around the same emoji."""
    row, own_fonts = result["rows"][i], result["own_fonts"]
    names = [name_at(place) for place in row]
    by = "your device" if own_fonts else "the artist never seen"
    found = [pictures([place], which)[0] for which, place in map(gallery_of, row)]
    return Tiles(
        way,
        np.stack([result["picture"], *found]),
        alt=f"{result['character']} by {by}, then the seven nearest by {way}: {', '.join(names)}.",
        captions=(
            f"By {by}, then the nearest by {way}",
            CREDITS["seen"] if own_fonts else f"{CREDITS['new_artist']}; {CREDITS['seen']}",
        ),
        labels=(f"{result['character']} by {by}", *names),
        marked=tuple(1 + j for j, place in enumerate(row) if place == result["own"]),
    )


def gallery_of(place):
    """Of a place among all pictures: its gallery, and its place there."""
    seen = len(texts_of("seen"))
    return ("seen", place) if place < seen else ("unseen", place - seen)


def name_at(place):
    """The English name of a picture."""
    which, there = gallery_of(place)
    return name_of(there, which)
