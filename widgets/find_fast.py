"""Find it fast: an exact search among 5,000 word vectors beside two indexes, and what each misses.

Exact search takes the inner product of the question q with every vector. An *inverted file* has
sorted the vectors into clusters and looks only into those whose centres fit q best. *Product
quantisation* cuts each vector into parts and stores for each the number of the nearest of 256
codewords, one byte; q meets every codeword once, and a vector costs a sum of what it looks up.

Recall is the share of the ten that exact search finds which the index finds, too, over 250 words.
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
)
from widgets.data import load
from widgets.kit.figures import axis, dots, figure, label, line
from widgets.kit.search import (
    ENTRIES,
    LISTS,
    PARTS,
    in_nearest_lists,
    largest,
    scores_by_codes,
)

NEAREST = 10
ASKED_EVERY = 20  # of the words, for recall
PROBES = (1, 2, 4, 8, 16, 32, 64)
INDEXES = {
    "none": "None",
    "lists": "Clusters",
    "codes": "Codewords",
    "both": "Both",
}

instrument = Instrument(
    name="find_fast",
    title="Find it fast",
    challenge="Find nine of ten neighbours with a tenth of the multiplications. Then find as "
    "many with an eighth of the memory.",
    controls=(
        Textbox("word", "Word", "doctor", suggestions=("doctor", "war", "green", "walked", "king")),
        Choice("compared", "Compared by", {"cosine": "Cosine", "dot": "Dot product"}, "cosine"),
        Choice("index", "Index", INDEXES, "lists", when=("compared", "cosine")),
        Slider(
            "probes", "Clusters searched", default=4, values=PROBES, when=("index", "lists", "both")
        ),
        Slider(
            "parts", "Bytes a vector", default=10, values=PARTS, when=("index", "codes", "both")
        ),
    ),
    readouts=(
        Readout("recall", "Of the ten nearest, found"),
        Readout("products", "Multiplications", "", ",.0f"),
        Readout("bytes", "Bytes a vector", "", ",.0f"),
    ),
    references=("jegou2011", "johnson2021"),
)


def compute(*, word, compared, index, probes, parts):
    """Search for a word's neighbours, and measure the index.

    Parameters
    ----------
    word : str, what the reader typed
    compared : str, "cosine" or "dot"; an index is of vectors of length 1, so only for cosines
    index : str, a key of INDEXES
    probes : int, clusters searched, one of PROBES
    parts : int, one of PARTS

    Returns
    -------
    dict
        ``exact`` and ``found``, (10,), places of the word's neighbours, empty if it is unknown;
        ``times``, (10,), how often each of ``exact`` is in the text; ``recall``, mean of 250
        words, ``products``, multiplications of a question, ``bytes`` of a vector; ``curve``,
        (7, 2), multiplications and recall by clusters searched, without codewords.
    """
    x, place = vectors(compared), places()
    at = place.get(word.casefold(), -1)
    if compared == "dot":
        index = "none"
    exact = found = np.empty(0, int)
    if at >= 0:
        exact = nearest(x, at, "none", probes, parts)
        found = nearest(x, at, index, probes, parts)
    return {
        "word": word,
        "compared": compared,
        "index": index,
        "exact": exact,
        "found": found,
        "times": load("word_vectors")["times"][exact],
        "recall": 1.0 if index == "none" else recalled(index, probes, parts)[0],
        "products": products(x, index, probes, parts),
        "bytes": float(parts if index in ("codes", "both") else 4 * x.shape[1]),
        "curve": np.array([recalled("lists", p, parts)[::-1] for p in PROBES]),
    }


@lru_cache(maxsize=1)
def places():
    """The place of each word."""
    return {str(word): i for i, word in enumerate(load("word_vectors")["words"])}


@lru_cache(maxsize=2)
def vectors(compared):
    """Word vectors, (5000, 50): of length 1 for cosines, as trained for dot products."""
    v = load("word_vectors")["count_2"].astype(np.float64)
    if compared == "cosine":
        v /= np.linalg.norm(v, axis=1, keepdims=True)
    v.flags.writeable = False
    return v


def nearest(x, at, index, probes, parts):
    """The ten other words that fit a word best, by an index."""
    stored, question = load("word_index"), x[at]
    some = np.arange(len(x))
    if index in ("lists", "both"):
        centres = stored["centres"].astype(np.float64)
        some = in_nearest_lists(question, centres, stored["member"], probes)
    some = some[some != at]
    if index in ("codes", "both"):
        books = stored[f"books_{parts}"].astype(np.float64)
        scores = scores_by_codes(question, books, stored[f"codes_{parts}"][some])
    else:
        scores = x[some] @ question
    return some[largest(scores, NEAREST)]


@lru_cache(maxsize=64)
def recalled(index, probes, parts):
    """Recall over every twentieth word, and the multiplications of a question."""
    x = vectors("cosine")
    asked = range(0, len(x), ASKED_EVERY)
    kept = [len(np.intersect1d(exactly(at), nearest(x, at, index, probes, parts))) for at in asked]
    return float(np.mean(kept)) / NEAREST, products(x, index, probes, parts)


@lru_cache(maxsize=300)
def exactly(at):
    """What exact search finds for a word."""
    return nearest(vectors("cosine"), at, "none", 0, 0)


def products(x, index, probes, parts):
    """Multiplications of one question; of clusters, the mean over all questions."""
    n, d = x.shape
    centres, scanned = 0, n
    if index in ("lists", "both"):
        centres, scanned = LISTS * d, read(probes)
    return float(centres + (ENTRIES * d if index in ("codes", "both") else scanned * d))


@lru_cache(maxsize=len(PROBES))
def read(probes):
    """How many vectors are in the clusters that a question searches, on average."""
    stored, x = load("word_index"), vectors("cosine")[::ASKED_EVERY]
    centres = stored["centres"].astype(np.float64)
    size = np.bincount(stored["member"], minlength=LISTS)
    return float(np.mean([size[largest(centres @ q, probes)].sum() for q in x]))


def frame(result):
    """What is found, and what an index costs and misses."""
    return Frame(
        readouts={
            "recall": f"{10 * result['recall']:.1f} of 10",
            "products": result["products"],
            "bytes": result["bytes"],
        },
        panels=[found(result), cost(result)],
        note=note(result),
    )


def note(result):
    if not len(result["exact"]):
        return f"“{result['word']}” is not among the 5,000 words. Type another, or choose one."
    if result["compared"] == "dot":
        return "A dot product favours long vectors; the indexes are of vectors of length 1."
    return "Ten nearest by exact search; those that the index misses have no dot."


def found(result):
    """The ten nearest by exact search, with a dot for those that the index finds."""
    words, exact = load("word_vectors")["words"], result["exact"]
    rows = np.arange(len(exact))
    kept = np.isin(exact, result["found"])
    named = [str(words[i]) for i in exact]
    return Plot(
        "found",
        figure(
            [dots(np.zeros(kept.sum()), rows[kept], DATA_1, size=9)] if kept.any() else [],
            axis(-0.1, 1, visible=False),
            axis(NEAREST - 0.5, -0.5, tickvals=rows.tolist(), ticktext=named, showgrid=False),
            height=340,
            left=104,
            labels=[
                label(f"{times:,} × in the text", 0.1, row, INK_3, xanchor="left")
                for row, times in zip(rows.tolist(), result["times"], strict=True)
            ],
        ),
        f"The ten nearest to {result['word']}: "
        + ", ".join(
            name + ("" if found else " (missed)") for name, found in zip(named, kept, strict=True)
        )
        + "."
        if len(exact)
        else "No neighbours: the note says why.",
        half=True,
    )


def cost(result):
    """Recall against multiplications, of clusters; the index as it is set."""
    x, y = result["curve"].T
    return Plot(
        "cost",
        figure(
            [
                line(x, 100 * y, DATA_1),
                dots(x, 100 * y, DATA_1, size=6),
                dots([result["products"]], [100 * result["recall"]], DATA_2, size=11, ring=2),
            ],
            axis(np.log10(4000), np.log10(320_000), "multiplications", type="log"),
            axis(0, 104, "of the ten nearest, found, %"),
            height=340,
            labels=[
                label(
                    "clusters",
                    np.log10(x[2]),
                    100 * y[2],
                    DATA_1,
                    xanchor="left",
                    xshift=8,
                    yshift=-10,
                ),
                label(
                    "as set",
                    np.log10(result["products"]),
                    100 * result["recall"],
                    DATA_2_TEXT,
                    xanchor="right",
                    xshift=-10,
                    yshift=10,
                ),
            ],
        ),
        f"Share of the ten nearest that are found against multiplications. As set: "
        f"{100 * result['recall']:.0f} % with {result['products']:,.0f}. By clusters alone: "
        + ", ".join(f"{100 * b:.0f} % with {a:,.0f}" for a, b in result["curve"])
        + ".",
        half=True,
    )
