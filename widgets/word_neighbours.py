"""Which words of a text have vectors most like that of your word, and what a - b + c is near.

Every word w has a vector v of 50 numbers, and as a context a second one, u. Two words are alike if
their vectors point the same way, whatever their lengths:

    cosine(v, v') = v . v' / (|v| |v'|).

Counted vectors are the largest singular values of positive PMI; predicted ones are skip-gram's with
negative samples. The shuffled text has the same words as often, each in a random place. Beside it,
neighbours by spelling: the cosine of two words is the number of runs of three letters that they
share, divided by the root of the product of how many each has.
"""

from functools import lru_cache

import numpy as np

from widgets.contract import (
    DATA_1,
    DATA_2,
    INK_3,
    Choice,
    Frame,
    Instrument,
    Plot,
    Readout,
    Textbox,
    Toggle,
)
from widgets.data import load
from widgets.kit.figures import axis, dots, figure, label, segment

NEAREST = 10
UNKNOWN = -1  # the place of a word that is not among them
OFFERED = 5  # words that are spelled like one that is not known

instrument = Instrument(
    name="word_neighbours",
    title="Word neighbours",
    challenge="Type a word of your own. Before you look, say three words that you expect beside "
    "it. Then shuffle the text, and see what is left.",
    controls=(
        Textbox(
            "word", "Word", "cup", suggestions=("cup", "doctor", "war", "green", "walked", "king")
        ),
        Choice(
            "vectors",
            "Vectors",
            {"count": "Counted", "predict": "Predicted", "shuffled": "Shuffled text"},
            "count",
        ),
        Choice(
            "window",
            "Window",
            {"2": "2 words to each side", "8": "8 words to each side"},
            "2",
            when=("vectors", "count", "predict"),
        ),
        Choice(
            "compared",
            "Compared with",
            {"words": "Words", "contexts": "Contexts"},
            "words",
            when=("vectors", "predict"),
        ),
        Textbox("minus", "Minus", "", suggestions=("man",), placeholder="man"),
        Textbox("plus", "Plus", "", suggestions=("woman",), placeholder="woman"),
        Toggle("leave_out", "Leave out the words of the question", default=True),
    ),
    readouts=(
        Readout("nearest", "Nearest"),
        Readout("cosine", "Its cosine", "", ".2f"),
        Readout("times", "Times in the text", "", ",d"),
        Readout("spelled", "Nearest by spelling"),
    ),
    references=("mikolov2013b", "levy2014"),
)


def compute(*, word, vectors, window, compared, minus, plus, leave_out):
    """Find the words whose vectors point most nearly the way of word - minus + plus.

    Parameters
    ----------
    word, minus, plus : str, what the reader typed; minus and plus may be empty
    vectors : str, "count", "predict" or "shuffled"
    window : str, "2" or "8" words to each side
    compared : str, "words" or "contexts": whether with v or with u of the others
    leave_out : bool, whether the words of the question cannot be found

    Returns
    -------
    dict
        ``words`` (5000,) and ``times``, how often each is in the text; ``near``, places of the
        neighbours, (10,), and their ``cosines``; ``spelled`` and ``spelled_cosines``, the same by
        spelling of ``word``. If a word is not known, or the words cancel, ``near`` is empty.
        ``asked``, the terms of the question, with their ``signs`` and places ``at``, -1 if not
        known; ``unknown``, those that are not, and ``offered``, up to five words spelled like each.
    """
    words, place = vocabulary()
    typed = [("", word), ("−", minus), ("+", plus)]
    signs, asked = zip(*[(sign, text) for sign, text in typed if text or not sign], strict=True)
    at = [place.get(text.casefold(), UNKNOWN) for text in asked]
    spelled = spelling_cosines(word)
    by_spelling = first(spelled, at[:1] if leave_out else [])
    unknown = [text for text, i in zip(asked, at, strict=True) if i == UNKNOWN]
    result = {
        "words": words,
        "times": load("word_vectors")["times"],
        "signs": signs,
        "asked": asked,
        "at": np.array(at),
        "unknown": unknown,
        "offered": [
            ", ".join(words[i] for i in first(spelling_cosines(text), [])[:OFFERED])
            for text in unknown
        ],
        "near": np.empty(0, int),
        "cosines": np.empty(0),
        "spelled": by_spelling,
        "spelled_cosines": spelled[by_spelling],
        "vectors": vectors,
        "contexts": vectors == "predict" and compared == "contexts",
    }
    if not unknown:
        name = "count_shuffled" if vectors == "shuffled" else f"{vectors}_{window}"
        v = directions(name)
        u = directions(f"{name}_context") if result["contexts"] else v
        target = sum((-1 if sign == "−" else 1) * v[i] for sign, i in zip(signs, at, strict=True))
        length = np.linalg.norm(target)
        if length > 0:
            cosines = u @ (target / length)
            result["near"] = first(cosines, at if leave_out else [])
            result["cosines"] = cosines[result["near"]]
    return result


@lru_cache(maxsize=1)
def vocabulary():
    """The words, and the place of each."""
    words = load("word_vectors")["words"].tolist()
    return words, {word: i for i, word in enumerate(words)}


@lru_cache(maxsize=8)
def directions(name):
    """Vectors of length 1 of one kind, (5000, 50)."""
    v = load("word_vectors")[name].astype(float)
    v /= np.linalg.norm(v, axis=1, keepdims=True)
    v.flags.writeable = False
    return v


def trigrams(word):
    """Its runs of three letters, with marks for its ends: <cu, cup, up>."""
    marked = f"<{word}>"
    return {marked[i : i + 3] for i in range(len(marked) - 2)}


@lru_cache(maxsize=1)
def spellings():
    """For each run of three letters the places of its words; and how many runs each word has."""
    where, count = {}, []
    for i, word in enumerate(vocabulary()[0]):
        runs = trigrams(word)
        count.append(len(runs))
        for run in runs:
            where.setdefault(run, []).append(i)
    return where, np.array(count)


def spelling_cosines(text):
    """How alike each word is spelled, 0 to 1: (5000,)."""
    where, count = spellings()
    runs = trigrams(text.casefold())
    shared = np.zeros(len(count))
    for run in runs:
        shared[where.get(run, [])] += 1
    return shared / np.sqrt(count * max(1, len(runs)))


def first(cosines, without):
    """The places of the ten largest above 0, in order."""
    order = np.argsort(-cosines, kind="stable")[: NEAREST + len(without)]
    order = order[~np.isin(order, without)][:NEAREST]
    return order[cosines[order] > 0]


def frame(result):
    """Two lists: by vectors, and by spelling."""
    near, spelled, words = result["near"], result["spelled"], result["words"]
    return Frame(
        readouts={
            "nearest": words[near[0]] if len(near) else None,
            "cosine": float(result["cosines"][0]) if len(near) else None,
            "times": times_asked(result),
            "spelled": words[spelled[0]] if len(spelled) else None,
        },
        panels=[
            Plot(
                "near",
                ranking(result, "near", "cosines", "cosine of the vectors", DATA_1),
                near_alt(result),
                half=True,
            ),
            Plot(
                "spelled",
                ranking(result, "spelled", "spelled_cosines", "by spelling", DATA_2),
                spelled_alt(result),
                half=True,
            ),
        ],
        note=note(result),
    )


def times_asked(result):
    at = result["at"][0]
    return None if at == UNKNOWN else int(result["times"][at])


def ranking(result, places, cosines, title, color):
    """Words from top to bottom with a line as long as the cosine, and how often each occurs."""
    at, x = result[places], result[cosines]
    rows = np.arange(len(at))
    return figure(
        [dots(np.round(x, 3), rows, color, size=8)] if len(at) else [],
        axis(0, 1.03, title, dtick=0.5),
        axis(
            NEAREST - 0.5,
            -0.5,
            tickvals=rows.tolist(),
            ticktext=[result["words"][i] for i in at],
            showgrid=False,
        ),
        height=360,
        left=96,
        right=64,
        top=26,
        shapes=[
            segment((0, max(0.0, float(value))), (row, row), color, width=3)
            for row, value in zip(rows.tolist(), x, strict=True)
        ],
        labels=[
            label(f"{result['times'][i]:,} ×", 1.03, row, INK_3, xanchor="left", xshift=6)
            for row, i in zip(rows.tolist(), at, strict=True)
        ],
    )


def question(result):
    """The question as the reader typed it."""
    return " ".join(
        f"{sign} {text}".strip()
        for sign, text in zip(result["signs"], result["asked"], strict=True)
    )


def listed(result, places, cosines):
    pairs = zip(result[places], result[cosines], strict=True)
    return ", ".join(f"{result['words'][i]} ({value:.2f})" for i, value in pairs)


def near_alt(result):
    if not len(result["near"]):
        return "No neighbours: the note below says why."
    kind = {"count": "counted", "predict": "predicted", "shuffled": "shuffled text's"}
    against = "context vectors" if result["contexts"] else "vectors"
    return (
        f"The words nearest to {question(result)}, {kind[result['vectors']]} {against}, with "
        f"cosines: {listed(result, 'near', 'cosines')}."
    )


def spelled_alt(result):
    if not len(result["spelled"]):
        return "No word is spelled like yours."
    return f"Spelled most like yours: {listed(result, 'spelled', 'spelled_cosines')}."


def note(result):
    """Say which words are not known, or that the nearest is a word of the question."""
    if not result["asked"][0]:
        return f"Type one of the {len(result['words']):,} words, or choose one."
    if result["unknown"]:
        said = []
        for text, offered in zip(result["unknown"], result["offered"], strict=True):
            like = f"Spelled most like it: {offered}." if offered else ""
            said.append(f"“{text}” is not among the {len(result['words']):,} words. {like}".strip())
        return " ".join(said)
    if not len(result["near"]):
        return "The words cancel: nothing is left that could have neighbours."
    if len(result["at"]) > 1 and result["near"][0] in result["at"]:
        return f"The nearest word, {result['words'][result['near'][0]]}, is in the question."
    return ""
