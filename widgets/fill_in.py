"""A small transformer fills in the hidden words of a sentence, and shows what it attended to.

Each word becomes a row of numbers, its vector plus one for its place; all hidden words have the
same vector. In a block each head compares a query q_i of one place with the keys k_j of all, and
takes the mean of their values v_j with the weights

    a_ij = exp(q_i . k_j / sqrt(d)) / sum over j of exp(q_i . k_j / sqrt(d)).

After two blocks the row at a hidden word's place is compared with the vectors of 4,997 words. The
network learned this from the definitions and examples of WordNet: some words of each were hidden,
and those it had to give a high probability. For comparison, the same gap is filled by counts: which
words those texts have between the two neighbours.
"""

import numpy as np

from widgets.contract import (
    DATA_1,
    DATA_2,
    INK_2,
    PAPER,
    Choice,
    Frame,
    Instrument,
    Plot,
    Readout,
    Slider,
    Textbox,
)
from widgets.data import load
from widgets.kit.figures import axis, figure, label, segment
from widgets.kit.masked import HEADS
from widgets.kit.text import plain
from widgets.kit.words import (
    END,
    IS_GAP,
    LONGEST,
    MASK,
    UNKNOWN,
    count_guesses,
    encode_words,
    network_guesses,
    read_text,
    stored_weights,
    vocabulary,
)

SHOWN = 8  # guesses
MOST_GAPS = 4
LETTERS = 12  # of a word next to the matrix

instrument = Instrument(
    name="fill_in",
    title="Fill in the word",
    challenge="Hide a word of a definition that you make up: write ___ for it. Change a word far "
    "from the gap. Whose guesses change, the network's or those of the counts?",
    controls=(
        Textbox(
            "sentence",
            "Definition (gap: ___, [mask] or ?)",
            default="a small ___ with a long ___",
            max_length=120,
            suggestions=(
                "a small ___ with a long ___",
                "a person who ___ books",
            ),
        ),
        Slider("gap", "Gap", default=1, min=1, max=MOST_GAPS, step=1),
        Choice("block", "Block", {"0": "First", "1": "Second"}, "1"),
        Slider("head", "Head", default=1, min=1, max=HEADS, step=1),
    ),
    readouts=(
        Readout("network", "Network"),
        Readout("counts", "Counts of neighbours"),
        Readout("attended", "The gap attends most to"),
    ),
    references=("devlin2019",),
)


def compute(*, sentence, gap, block, head):
    """Fill in the gaps of a sentence, and look at one head of attention.

    Parameters
    ----------
    sentence : str; a gap is ``[mask]``, one or more ``_``, or ``?`` on its own. What follows the
        24th word is left out.
    gap : int, which gap's guesses are shown, 1 to 4; the last one if there are fewer
    block : "0" or "1"
    head : int, 1 to 4

    Returns
    -------
    dict
        ``pieces``, list of the t words and gaps; ``cut``, whether words were left out; ``tokens``
        (t + 1,), with the end; ``place`` of the gap, or -1 if there is none; ``network`` and
        ``counts``, the probability of each word there, (words,), 0 without a gap; ``attention``
        (t + 1, t + 1), rows add up to 1.
    """
    pieces, tokens = read_text(sentence)
    cut = len(pieces) > LONGEST
    if cut:
        pieces, tokens = pieces[:LONGEST], np.append(tokens[:LONGEST], END)
    gaps = np.flatnonzero(tokens == MASK)
    place = int(gaps[min(gap, len(gaps)) - 1]) if len(gaps) else -1
    stored = stored_weights()
    encoded, attention = encode_words(tokens[None], stored)
    network = counts = np.zeros(len(vocabulary()))
    if place >= 0:
        network = network_guesses(encoded[0, [place]], stored)[0]
        left = int(tokens[place - 1]) if place else END
        counts = count_guesses(left, int(tokens[place + 1]), load("masked_words"))
    return {
        "pieces": pieces,
        "cut": cut,
        "tokens": tokens,
        "place": place,
        "network": network,
        "counts": counts,
        "attention": attention[0, int(block), head - 1],
        "block": int(block),
        "head": head,
    }


def best(shares):
    """The most probable words, and their probabilities: at most SHOWN, none without a gap."""
    order = np.argsort(-shares, kind="stable")[:SHOWN]
    return [(vocabulary()[i], float(shares[i])) for i in order if shares[i] > 0]


def frame(result):
    """Two rankings of guesses, and the matrix of attention."""
    network, counts = best(result["network"]), best(result["counts"])
    names = [*map(short, result["pieces"]), "end"]
    place, attention = result["place"], result["attention"]
    attended = names[attention[place].argmax()] if place >= 0 else None
    return Frame(
        readouts={
            "network": first(network),
            "counts": first(counts),
            "attended": attended,
        },
        panels=[
            guesses_panel("network", "the network", network, DATA_1),
            guesses_panel("counts", "the counts of neighbours", counts, DATA_2),
            Plot("attention", attention_figure(result, names), attention_alt(result, names)),
        ],
        note=note(result),
    )


def short(piece):
    """A piece of the sentence as the matrix names it."""
    if IS_GAP.fullmatch(piece):
        return "___"
    return piece if len(piece) <= LETTERS else piece[: LETTERS - 1] + "…"


def first(guesses):
    """The first guess, for a readout."""
    return f"{guesses[0][0]}, {guesses[0][1]:.0%}" if guesses else None


def guesses_panel(key, whose, guesses, color):
    """Bars of probability, the most probable on top."""
    rows = -np.arange(len(guesses), dtype=float)
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": [share for _, share in guesses],
        "y": rows,
        "width": 0.7,
        "marker": {"color": color},
    }
    picture = figure(
        [bars],
        axis(0, 1, f"probability by {whose}", tickformat=".0%", nticks=3),
        axis(
            0.5 - SHOWN,
            0.5,
            tickvals=rows,
            ticktext=[word for word, _ in guesses],
            tickfont={"color": INK_2, "size": 12},
            showgrid=False,
        ),
        height=360,
        left=128,
        top=8,
        bottom=48,
        labels=[] if guesses else [label("no gap", 0.5, 0.5 - SHOWN / 2, INK_2)],
    )
    named = ", ".join(f"{word} {share:.1%}" for word, share in guesses)
    said = f"Guesses of {whose}: {named}." if guesses else f"No gap, so no guess of {whose}."
    return Plot(key, picture, said, half=True)


def attention_figure(result, names):
    """A row for each word that attends, a column for each that is attended to."""
    n, place = len(names), result["place"]
    places = np.arange(n)
    heat = {
        "type": "heatmap",
        "x": places,
        "y": -places[::-1],
        "z": result["attention"][::-1],
        "zmin": 0,
        "zmax": 1,
        "colorscale": [[0, PAPER], [1, DATA_1]],
        "showscale": False,
    }
    ticks = {"tickfont": {"color": INK_2, "size": 12}, "showgrid": False}
    framed = []
    if place >= 0:
        ends, (low, high) = (-0.5, n - 0.5), (-place - 0.5, -place + 0.5)
        framed = [
            *(segment(ends, (y, y), DATA_2, width=2) for y in (low, high)),
            *(segment((x, x), (low, high), DATA_2, width=2) for x in ends),
        ]
    numbered = [f"{plain(name)} {i + 1}" for i, name in enumerate(names)]
    return figure(
        [heat],
        axis(
            -0.5,
            n - 0.5,
            "attended to: the word of this number",
            tickvals=places,
            ticktext=[str(i + 1) for i in places],
            **ticks,
        ),
        axis(0.5 - n, 0.5, tickvals=-places, ticktext=numbered, **ticks),
        height=470,
        left=128,
        top=8,
        bottom=48,
        shapes=framed,
    )


def attention_alt(result, names):
    """What the gap attends to, or without a gap, what each word does."""
    attention, place = result["attention"], result["place"]
    which = f"Attention of head {result['head']} in block {result['block'] + 1}"
    if place < 0:
        each = (
            f"{name}: {names[row.argmax()]}" for name, row in zip(names, attention, strict=True)
        )
        return f"{which}. Most attended to by each word, {'; '.join(each)}."
    most = np.argsort(-attention[place], kind="stable")[:3]
    told = ", ".join(f"{names[i]} {attention[place, i]:.0%}" for i in most)
    return f"{which} among {len(names)} words. The gap attends to {told}."


def note(result):
    """What of the sentence the network does not see as it was typed."""
    pieces, tokens = result["pieces"], result["tokens"]
    if not pieces:
        return "There is no word yet. Type a definition, and ___ for the word to be guessed."
    found = []
    if result["place"] < 0:
        found.append("There is no gap. Write ___ for one of the words.")
    unknown = [
        short(piece) for piece, token in zip(pieces, tokens, strict=False) if token == UNKNOWN
    ]
    if unknown:
        named = ", ".join(dict.fromkeys(unknown))
        found.append(f"Not in its vocabulary, so any unknown word to it: {named}.")
    if result["cut"]:
        found.append(f"It reads {LONGEST} words at most; the rest is left out.")
    return " ".join(found)
