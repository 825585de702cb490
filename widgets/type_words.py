"""Type words, get pictures: two encoders with one space of codes, and two ways through strings.

Both encoders were trained on emoji by three artists and their names and tags in four languages,
so that a picture's code and a text's point the same way. Three searches for the words w:

    two encoders   pictures x by the cosine of f(x) and g(w)
    neighbours     by how many of the words the names and tags of x's five nearest seen pictures
                   have, nearest by f
    pixels         the same, nearest by their pixels: no network at all

Pictures: Noto Emoji, Google Inc, Apache 2.0; Fluent Emoji, Microsoft Corporation, MIT.
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
    Slider,
    Textbox,
    Tiles,
)
from widgets.data import load
from widgets.kit.emoji import CREDITS, codes_of, name_of, pictures, texts_of
from widgets.kit.figures import axis, figure, label, line, segment
from widgets.kit.two_encoders import encode_words, rows_of, words_of

FOUND = 8  # pictures in a row
WEIGHTS = 1 + 0.01 * np.arange(5, 0, -1)  # of the nearest seen pictures, which breaks ties
BINS = np.linspace(-1, 1, 41)  # of cosines
DIGITS = 9  # of a cosine, beyond which processors differ: 0 and 1 stand on the edge of a bin
AMONG = {
    "new_artist": "An artist never seen",
    "unseen": "Emoji never seen",
    "seen": "Emoji seen in training",
}
SEARCHES = {
    "encoders": "The two encoders",
    "neighbours": "Strings, through the code",
    "pixels": "Strings, through pixels",
}

instrument = Instrument(
    name="type_words",
    title="Type words, get pictures",
    challenge="Type a word in English, German, French or Spanish. Which of the three searches "
    "finds more pictures that have the word in their own name or tags (ringed)? Then try a "
    "sentence with not, and one with a number.",
    controls=(
        Textbox(
            "words",
            "Words",
            "animal",
            max_length=60,
            suggestions=(
                "Obst",
                "corazón",
                "chat",
                "smiling cat",
                "not a cat",
                "two cats",
                "dog on cat",
                "weapon",
            ),
            placeholder="smiling cat",
        ),
        Choice("among", "Pictures", AMONG, "new_artist"),
        Slider("chosen", "Picture", default=1, min=1, max=FOUND, step=1, panel="encoders"),
    ),
    readouts=(
        Readout("ringed", "Ringed, by search"),
        Readout("unknown", "Words not in training"),
        Readout("tags", "Tags of the nearest seen"),
    ),
    references=("radford2021",),
)


def compute(*, words, among, chosen):
    """Three searches for the words, and the seen pictures that are nearest to a chosen one.

    Parameters
    ----------
    words : str, at most 60 characters
    among : str, a key of AMONG
    chosen : int, a place in the first search's row, from 1

    Returns
    -------
    dict
        ``rows`` (3, 8), the places of the pictures that each search finds, -1 for none;
        ``scores`` (3, 8), cosines, then votes of at most 5; ``right`` (n,), which pictures have
        all the words in their names and tags; ``cosines`` (n,), of the words with all pictures;
        ``between`` (n,), of the chosen picture with all; ``nearest`` (5,), places among the seen,
        -1 for none; ``unknown``, words that no seen emoji has.
    """
    arrays = load("emoji_words")
    codes = codes_of(among)
    z = encode_words([words], arrays["table"])[0]
    cosines = codes @ z
    asked = tuple(dict.fromkeys(words_of(words)))
    share = matches(asked, "seen")
    nearest = [arrays[f"{among}_nearest_by_{way}"] for way in ("code", "pixels")]
    votes = [share[each] @ WEIGHTS for each in nearest]
    rows, scores = zip(*map(first_of, (cosines, *votes)), strict=True)
    if not rows_of(words):
        rows = np.full((3, FOUND), -1)
    place = rows[0][chosen - 1]
    return {
        "words": words,
        "among": among,
        "chosen": chosen,
        "rows": np.array(rows),
        "scores": np.array(scores),
        "right": matches(asked, "seen" if among == "seen" else "unseen") == 1,
        "cosines": cosines,
        "between": codes @ codes[place] if place >= 0 else np.zeros(len(codes)),
        "nearest": arrays[f"{among}_nearest_by_code"][place].astype(int)
        if place >= 0
        else np.full(5, -1),
        "unknown": [word for word in asked if not len(places_of("seen").get(word, ()))],
    }


def first_of(scores):
    """The places of the eight highest, -1 for those that have nothing, and their scores."""
    order = np.argsort(-scores, kind="stable")[:FOUND]
    return np.where(scores[order] != 0, order, -1), scores[order]


@lru_cache(maxsize=2)
def places_of(which):
    """By word, the emoji that have it in a name or a tag of any language."""
    places = {}
    for place, languages in enumerate(texts_of(which)):
        for word in {word for texts in languages for text in texts for word in words_of(text)}:
            places.setdefault(word, []).append(place)
    return places


def matches(asked, which):
    """The share of some words that each emoji has in its names and tags, (n,)."""
    share = np.zeros(len(texts_of(which)))
    for word in asked:
        share[places_of(which).get(word, [])] += 1 / len(asked)
    return np.where(share > 1 - 1e-9, 1.0, share)


def frame(result):
    """A row for each search, what is nearest to the chosen picture, and how similar things are."""
    counts = [int(result["right"][row[row >= 0]].sum()) for row in result["rows"]]
    unknown = ", ".join(result["unknown"])
    return Frame(
        readouts={
            "ringed": ", ".join(map(str, counts)),
            "unknown": (unknown[:24] + "…" if len(unknown) > 25 else unknown) or "none",
            "tags": tags_of(result["nearest"]),
        },
        panels=[
            *(row_of(result, i, counts[i]) for i in range(len(SEARCHES))),
            nearest_seen(result),
            Plot("similar", similarities(result), similarities_alt(result)),
        ],
    )


def row_of(result, i, count):
    """What one search finds, with rings around the pictures that have all the words."""
    key, title = list(SEARCHES.items())[i]
    row, among = result["rows"][i], result["among"]
    names = [name_of(place, among) for place in row]
    said = ", ".join(name for name in names if name != "nothing") or "nothing"
    ringed = f"{count} of {FOUND} have all the words in their own names and tags."
    return Tiles(
        key,
        pictures(row, among),
        alt=f"{title}, for “{result['words']}”: {said}. {ringed}",
        captions=(title, CREDITS[among]),
        labels=tuple(names),
        numbers=tuple(
            "–" if place < 0 else f"{score:.2f}" if i == 0 else f"{score:.0f} of 5"
            for place, score in zip(row, result["scores"][i], strict=True)
        ),
        marked=tuple(j for j, place in enumerate(row) if place >= 0 and result["right"][place]),
    )


def nearest_seen(result):
    """The chosen picture, and the seen ones that are nearest to it in the code."""
    place = result["rows"][0][result["chosen"] - 1]
    chosen = pictures([place], result["among"])
    names = [name_of(place, "seen") for place in result["nearest"]]
    first = name_of(place, result["among"])
    return Tiles(
        "nearest",
        np.concatenate([chosen, pictures(result["nearest"], "seen")]),
        alt=f"The chosen picture, {first}, and the five seen ones nearest to it in the code: "
        f"{', '.join(names)}.",
        captions=("The chosen one, then the nearest seen", CREDITS["seen"]),
        labels=(first, *names),
        marked=(),
    )


def tags_of(nearest):
    """Three English tags that most of the nearest seen emoji have."""
    counts = {}
    for place in nearest[nearest >= 0]:
        for tag in texts_of("seen")[place][0][1:]:
            counts[tag] = counts.get(tag, 0) + 1
    return ", ".join(sorted(counts, key=lambda tag: -counts[tag])[:3]) or "none"


def similarities(result):
    """How many pictures have which cosine: with the words, and with the chosen picture."""
    parts = [(result["cosines"], DATA_1), (result["between"], DATA_2)]
    middles = (BINS[1:] + BINS[:-1]) / 2
    heights = [
        np.histogram(np.clip(each.round(DIGITS), -1, 1), BINS)[0] / len(each) for each, _ in parts
    ]
    top = 1.25 * max(each.max() for each in heights)
    return figure(
        [line(middles, h, color) for h, (_, color) in zip(heights, parts, strict=True)],
        axis(-1, 1, "cosine with each picture", dtick=0.5),
        axis(0, top, "share of the pictures", tickformat=".0%"),
        height=190,
        shapes=[segment((0, 0), (0, top), INK_3, dash="dot")],
        labels=[
            label("the words", -0.98, top, DATA_1, xanchor="left", yanchor="top"),
            label(
                "the chosen picture",
                *(-0.98, top),
                DATA_2_TEXT,
                xanchor="left",
                yanchor="top",
                yshift=-18,
            ),
        ],
    )


def similarities_alt(result):
    words, between = result["cosines"], result["between"]
    return (
        f"Two distributions of cosines with all {len(words)} pictures: of the words, from "
        f"{words.min():.2f} to {words.max():.2f}; of the chosen picture, from "
        f"{between.min():.2f} to {between.max():.2f}."
    )
