"""A transformer that fills in hidden words of dictionary definitions, and counts that do so."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise, product
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from latentbook_decoders.models.cards import Card
from training.cards import made_on
from training.data.text import CARDS, load_definitions, words_of
from training.exports.export import Job, write_export
from training.masked_words import (
    HIDDEN,
    SHORTEST,
    TOKENS,
    MaskedWords,
    WordsRecipe,
    group_by_length,
    train_words,
)
from widgets.kit.words import END, LONGEST, MASK, SPECIAL, UNKNOWN, count_guesses

RECIPE = WordsRecipe()
SEED = 0
WORDS = 5000  # in the vocabulary, with the tokens that are not words
HELD = 20  # one in this many definitions is held out
CHOSEN = 10  # one in this many of those chooses the priors of counts
TESTED = 4  # one in this many of the others is measured
COMMON = 200  # words; all others count as rarer
STORED = 100  # held-out definitions in the page
LEAST = 3  # times that words must follow each other to be counted in the page
PRIORS = (20.0, 100.0, 500.0), (2.0, 10.0, 50.0)  # of pairs, of triples
TEXT_PRIOR = 1000  # counts that chance is worth, for words of one text
TEMPERS = (0.2, 0.4, 0.7)  # by which the evidence of words in any order is multiplied

Texts = Sequence[NDArray[np.int64]]
Guesser = Callable[[NDArray[np.int64], int], NDArray[np.floating[Any]]]
"""From texts (n, t) and the place of the hidden word to log-probabilities of each word, (n, WORDS),
up to a constant."""


@dataclass(frozen=True)
class Split:
    """Texts as tokens, without the end.

    Attributes
    ----------
    words : of the vocabulary, common ones first; the token of each is `SPECIAL` more
    train : definitions and examples
    chooses : held-out definitions that choose the priors of counts
    test : one in `TESTED` of the other held-out definitions
    """

    words: list[str]
    train: Texts
    chooses: Texts
    test: Texts


def split_texts() -> Split:
    """Hold out one in `HELD` definitions at random, with its examples, before words are counted.

    Definitions of the same words stay together, and each text occurs once.
    """
    definitions = [(words_of(each.meaning), each.examples) for each in load_definitions()]
    meanings = sorted({" ".join(meaning) for meaning, _ in definitions})
    order = np.random.default_rng(0).permutation(len(meanings))
    held = {meanings[i] for i in order[: len(meanings) // HELD]}
    train: list[list[str]] = []
    test: list[list[str]] = []
    for meaning, examples in definitions:
        if " ".join(meaning) in held:
            test.append(meaning)
        else:
            train += [meaning, *map(words_of, examples)]
    train, test = once(train), once(test)
    counts = Counter(word for text in train for word in text)
    words = sorted(counts, key=lambda word: (-counts[word], word))[: WORDS - SPECIAL]
    numbers = {word: SPECIAL + i for i, word in enumerate(words)}
    as_tokens = [
        [np.array([numbers.get(word, UNKNOWN) for word in text]) for text in texts]
        for texts in (train, test)
    ]
    chooses = as_tokens[1][::CHOSEN]
    others = [text for i, text in enumerate(as_tokens[1]) if i % CHOSEN]
    return Split(words, as_tokens[0], chooses, others[::TESTED])


def once(texts: Sequence[Sequence[str]]) -> list[list[str]]:
    """Texts of accepted length, each once."""
    return [list(t) for t in dict.fromkeys(map(tuple, texts)) if SHORTEST <= len(t) <= LONGEST]


def count_words(texts: Texts, least: int, words: int = WORDS) -> dict[str, NDArray[Any]]:
    """Counts for `count_guesses`, of words that followed each other at least `least` times."""
    single: Counter[int] = Counter()
    pairs: Counter[tuple[int, int]] = Counter()
    triples: Counter[tuple[int, int, int]] = Counter()
    for text in texts:
        row = [END, *text.tolist(), END]
        single.update(row[1:])
        pairs.update(pairwise(row))
        triples.update(zip(row, row[2:], row[1:], strict=False))  # left, right, middle
    two = np.array(sorted((*key, n) for key, n in pairs.items() if n >= least))
    three = np.array(sorted((*key, n) for key, n in triples.items() if n >= least))
    return {
        "single": np.array([single[i] for i in range(words)], np.uint32),
        "pair_left": two[:, 0].astype(np.uint16),
        "pair_right": two[:, 1].astype(np.uint16),
        "pair": two[:, 2].astype(np.uint16),
        "triple_left": three[:, 0].astype(np.uint16),
        "triple_right": three[:, 1].astype(np.uint16),
        "triple_word": three[:, 2].astype(np.uint16),
        "triple": three[:, 3].astype(np.uint16),
    }


def by_neighbours(counts: dict[str, NDArray[Any]], rows: NDArray[np.int64], place: int) -> Any:
    """Guess by the counts of both neighbours."""
    around = np.pad(rows, ((0, 0), (1, 0)), constant_values=END)
    with np.errstate(divide="ignore"):
        return np.log([count_guesses(each[place], each[place + 2], counts) for each in around])


def by_frequency(counts: dict[str, NDArray[Any]], rows: NDArray[np.int64], _: int) -> Any:
    """Guess by how common words are, whatever the text."""
    return np.tile(np.log(counts["single"] + 1e-9), (len(rows), 1))


def evidence_of_words(texts: Texts, words: int = WORDS) -> NDArray[np.float32]:
    """Logarithm of how much more often a text with one word contains another, (words, words).

    Counts are those of training texts, plus `TEXT_PRIOR` distributed as by chance. Rows are words
    that are seen, columns are words that are asked for.
    """
    together = np.zeros((words, words), np.float32)
    for text in texts:
        own = np.unique(text)
        together[np.ix_(own, own)] += 1
    np.fill_diagonal(together, 0)
    single = together.sum(0)
    share = (single + 1) / (single + 1).sum()
    seen = (together + TEXT_PRIOR * share) / (single[:, None] + TEXT_PRIOR)
    evidence: NDArray[np.float32] = np.log(seen / share).T.astype(np.float32)
    return evidence


def by_words_in_any_order(
    evidence: NDArray[np.float32],
    counts: dict[str, NDArray[Any]],
    temper: float,
    rows: NDArray[np.int64],
    place: int,
) -> Any:
    """Guess by naive Bayes: each other word of the text is separate evidence, wherever it is."""
    others = np.delete(rows[:, :-1], place, axis=1)
    told = evidence[others].sum(1) if others.shape[1] else 0
    return by_frequency(counts, rows, place) + temper * told


@torch.no_grad()
def by_network(model: MaskedWords, rows: NDArray[np.int64], place: int) -> Any:
    """Guess by the network."""
    tokens = torch.from_numpy(rows).clone()
    tokens[:, place] = MASK
    return model.guesses(model.encode(tokens)[:, place]).numpy()


def by_shuffled(model: MaskedWords, rows: NDArray[np.int64], place: int) -> Any:
    """Guess by the network, with the other words in random order."""
    others = np.delete(np.arange(rows.shape[1] - 1), place)
    mixed, rng = rows.copy(), np.random.default_rng(place)
    mixed[:, others] = rng.permuted(rows[:, others], axis=1)
    return by_network(model, mixed, place)


def questions(texts: Texts) -> Iterator[tuple[NDArray[np.int64], int]]:
    """Yield texts of equal length and the place of a known word to hide, for every such word."""
    for group in group_by_length(texts):
        for place in range(group.shape[1] - 1):
            rows = group[group[:, place] >= SPECIAL]
            for start in range(0, len(rows), 200):
                yield rows[start : start + 200], place


def measure(guesser: Guesser, texts: Texts) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The rank of each hidden word, 0 is the first choice, and -log p of it in nats."""
    ranks, nats = [], []
    for rows, place in questions(texts):
        scores = guesser(rows, place).astype(np.float64)
        scores[:, :SPECIAL] = -np.inf
        own = scores[np.arange(len(rows)), rows[:, place]]
        ranks.append((scores > own[:, None]).sum(1))
        best = scores.max(1)
        nats.append(best + np.log(np.exp(scores - best[:, None]).sum(1)) - own)
    return np.concatenate(ranks), np.concatenate(nats)


def quantised(weights: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float16]]:
    """Each row as int8 times one scale: (n, k) to (n, k) and (n,)."""
    scale = (np.abs(weights).max(1) / 127).astype(np.float16)
    whole = np.rint(weights / scale.astype(np.float32)[:, None]).clip(-127, 127)
    return whole.astype(np.int8), scale


def to_arrays(model: MaskedWords) -> dict[str, NDArray[Any]]:
    """Return the rounded weights, and round the model's own in the same way.

    Matrices of layers are stored as (in, out), with a scale for each output; the vectors of the
    words have one for each word. Other arrays are float16.
    """
    linear = {f"{n}.weight" for n, each in model.named_modules() if isinstance(each, nn.Linear)}
    arrays: dict[str, NDArray[Any]] = {}
    for key, value in model.state_dict().items():
        if key not in linear and key != "embed":
            arrays[key] = value.half().numpy()
            value.copy_(value.half())
            continue
        whole, scale = quantised(value.numpy())
        value.copy_(torch.from_numpy(whole * scale.astype(np.float32)[:, None]))
        turned = key in linear
        arrays[key] = np.ascontiguousarray(whole.T) if turned else whole
        arrays[f"{key}.scale"] = scale if turned else scale[:, None]
    return arrays


def chosen_priors(counts: dict[str, NDArray[Any]], texts: Texts) -> NDArray[np.float64]:
    """The priors with which the counts get the most first choices right."""

    def share(priors: tuple[float, ...]) -> float:
        return first_choices(partial(by_neighbours, {**counts, "prior": np.array(priors)}), texts)

    return np.array(max(product(*PRIORS), key=share))


def first_choices(guesser: Guesser, texts: Texts) -> float:
    """The share of hidden words that are the first choice."""
    return float((measure(guesser, texts)[0] == 0).mean())


def summary(
    ranks: NDArray[np.int64], nats: NDArray[np.float64], kinds: dict[str, NDArray[np.bool_]]
) -> Card:
    """Percent right and mean nats of all hidden words, and of some kinds of them."""
    return {
        name: {
            "first_choice": round(100 * float((ranks[kind] == 0).mean()), 2),
            "among_five": round(100 * float((ranks[kind] < 5).mean()), 2),
            "nats": round(float(nats[kind].mean()), 3),
        }
        for name, kind in kinds.items()
    }


def stored_texts(split: Split) -> Texts:
    """The held-out definitions in the page, from all parts of WordNet."""
    return split.test[:: len(split.test) // STORED][:STORED]


def kinds_of_questions(
    texts: Texts, counts: dict[str, NDArray[Any]]
) -> dict[str, NDArray[np.bool_]]:
    """Masks of questions: any word, a rarer word, or a word between neighbours that never met."""
    wanted = np.concatenate([rows[:, place] for rows, place in questions(texts)])
    beside = [
        np.pad(rows, ((0, 0), (1, 0)), constant_values=END)[:, [place, place + 2]]
        for rows, place in questions(texts)
    ]
    met = counts["triple_left"].astype(np.int64) * WORDS + counts["triple_right"]
    return {
        "all": wanted >= 0,
        "rarer": wanted >= SPECIAL + COMMON,
        "neighbours_never_met": ~np.isin(np.concatenate(beside) @ (WORDS, 1), met),
    }


def compare(model: MaskedWords, split: Split, stored: dict[str, NDArray[Any]]) -> Card:
    """Results of each guesser on the held-out definitions."""
    counts = {**count_words(split.train, 1), "prior": stored["prior"]}
    evidence = evidence_of_words(split.train)

    def in_any_order(temper: float) -> Guesser:
        return partial(by_words_in_any_order, evidence, counts, temper)

    temper = max(TEMPERS, key=lambda each: first_choices(in_any_order(each), split.chooses))
    guessers: dict[str, Guesser] = {
        "network": partial(by_network, model),
        "network_on_shuffled_words": partial(by_shuffled, model),
        "neighbours": partial(by_neighbours, counts),
        "neighbours_in_the_page": partial(by_neighbours, stored),
        "words_in_any_order": in_any_order(temper),
        "frequency": partial(by_frequency, counts),
    }
    kinds = kinds_of_questions(split.test, counts)
    return {
        "definitions": len(split.test),
        "hidden_words": {name: int(kind.sum()) for name, kind in kinds.items()},
        "percent_of_words_in_vocabulary": round(
            100 * len(kinds["all"]) / sum(map(len, split.test)), 2
        ),
        "percent_by_chance": round(100 / (WORDS - SPECIAL), 3),
        "temper": temper,
        "percent_first_choice_in_the_page": {
            name: round(
                100 * float((measure(guessers[key], stored_texts(split))[0] == 0).mean()), 2
            )
            for name, key in (("network", "network"), ("neighbours", "neighbours_in_the_page"))
        },
        **{name: summary(*measure(each, split.test), kinds) for name, each in guessers.items()},
    }


def trained_words(seed: int, job: Job, split: Split) -> tuple[dict[str, NDArray[Any]], Card]:
    """Train from a seed: the page's arrays, and results of the network and the counts."""
    torch.set_num_threads(1)  # as fast for small networks, and reproducible
    model = train_words(split.train, WORDS, seed, job.on_step, RECIPE)
    stored = {**count_words(split.train, LEAST), **to_arrays(model)}
    stored["prior"] = chosen_priors(count_words(split.train, 1), split.chooses)
    return stored, compare(model, split, stored)


def masked_words_figures(seed: int, job: Job) -> Card:
    """Results of another seed; the held-out definitions stay the same."""
    return trained_words(seed, job, split_texts())[1]


def make_masked_words(job: Job) -> Card:
    """Train, compare and write the page's network."""
    split = split_texts()
    arrays, figures = trained_words(SEED, job, split)
    shown = stored_texts(split)
    held_out = np.full((STORED, LONGEST), END, np.uint16)
    for row, text in zip(held_out, shown, strict=True):
        row[: len(text)] = text
    arrays |= {
        "words": np.frombuffer("\n".join(split.words).encode(), np.uint8),
        "held_out": held_out,
    }
    card = {
        "title": "A transformer that fills in hidden words of definitions",
        "data": CARDS["wordnet"],
        "texts": f"{len(split.train):,} definitions and examples of {SHORTEST} to {LONGEST} words "
        f"in small letters, each once; of one in {HELD} definitions, chosen at random, neither "
        "the definition nor its examples are among them",
        "vocabulary": f"the {WORDS - SPECIAL:,} most common words of these texts, a token for a "
        "hidden word, one for all other words and one for the end",
        "network": f"tokens of {RECIPE.width}, each word's vector used for reading and for "
        f"guessing; {RECIPE.blocks} blocks with {RECIPE.heads} heads, normalised before each half; "
        "a vector for each place",
        "weights": "int8 with a scale for each word, and for each output of a layer; what is not "
        "a matrix is float16",
        "loss": "cross-entropy of hidden words; how many are hidden is drawn for each batch, from "
        f"one to {HIDDEN:.0%} of a text",
        "recipe": f"{RECIPE.steps:,} steps of AdamW, texts of one length in batches of {TOKENS:,} "
        f"tokens, rate {RECIPE.learning_rate:g}, falling to 0 over the last fifth, bfloat16",
        "seed": SEED,
        "parameters": sum(
            array.size
            for key, array in arrays.items()
            if key in MaskedWords(1, RECIPE).state_dict()
        ),
        "counts": "of one, two and three tokens in a row, see `widgets.kit.words.count_guesses`; "
        f"the page has those of at least {LEAST}",
        "held_out": f"{STORED} held-out definitions, filled up with the end",
        "measured": "each word of the vocabulary in some held-out definitions, hidden in turn: "
        "percent that are the first choice or among the first five, and -log p in nats; rarer: not "
        f"among the {COMMON} most common; neighbours never met: no training text has these two "
        "with one word between. words_in_any_order: naive Bayes of the other words of the text, "
        "their evidence multiplied by `temper`; network_on_shuffled_words: the network, if these "
        f"are in random order. Priors and temper: one in {CHOSEN} of the held-out definitions, "
        "which are not among those measured.",
        "not_to_be_taken_for": "What a language model can do. A few minutes of one core, 5,000 "
        "words and definitions only: it has learned how a dictionary goes on, with the views of "
        "its editors, and knows no facts. Held-out definitions may resemble others.",
        **made_on(torch.device("cpu")),
        "metrics": figures,
    }
    return write_export("masked_words", arrays, card)
