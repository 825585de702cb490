"""Controls of two claims about words, on the models that the pages store.

Does the transformer of definitions use words that are far from the gap? All words but the two next
to the gap are hidden, or taken from a different definition of the same length. And does the
arithmetic of an analogy a : b :: c : d add anything to its words? The control subtracts nothing:
which word is nearest to c, or to b and c together?
"""

from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from latentbook_decoders.models.cards import Card
from training.data import Dataset
from training.data.word_tests import load_word_tests
from training.exports.masked_words import (
    RECIPE,
    WORDS,
    by_network,
    count_words,
    kinds_of_questions,
    measure,
    split_texts,
    summary,
)
from training.exports.word_vectors import known, rounded_card, unit
from training.masked_words import MaskedWords
from widgets.data import load
from widgets.kit.words import MASK


def far_words(_: Dataset) -> Card:
    """Hidden words of held-out definitions that the network guesses, by the words that it sees."""
    split, model = split_texts(), stored_network()
    kinds = kinds_of_questions(split.test, count_words(split.train, 1))
    guessers = {"as_it_is": by_network, "hidden": by_hidden, "of_another_text": by_another_text}
    return {
        name: summary(*measure(partial(guesser, model), split.test), kinds)
        for name, guesser in guessers.items()
    }


def stored_network() -> MaskedWords:
    """The page's network, restored from int8."""
    arrays, model = load("masked_words"), MaskedWords(WORDS, RECIPE)
    linear = {f"{n}.weight" for n, each in model.named_modules() if isinstance(each, nn.Linear)}
    state = {}
    for key in model.state_dict():
        array = arrays[key].astype(np.float32)
        if f"{key}.scale" in arrays:
            array *= arrays[f"{key}.scale"].astype(np.float32)
        state[key] = torch.from_numpy(np.ascontiguousarray(array.T if key in linear else array))
    model.load_state_dict(state)
    return model.eval()


def by_hidden(model: MaskedWords, rows: NDArray[np.int64], place: int) -> NDArray[np.float32]:
    """Guess by the network, with all words hidden except those next to the gap."""
    return seen_around(model, rows, place, np.full_like(rows[:, :-1], MASK))


def by_another_text(model: MaskedWords, rows: NDArray[np.int64], place: int) -> NDArray[np.float32]:
    """Guess by the network, with all words but those next to the gap from another text."""
    return seen_around(model, rows, place, np.roll(rows[:, :-1], 1, axis=0))


def seen_around(
    model: MaskedWords, rows: NDArray[np.int64], place: int, far: NDArray[np.int64]
) -> NDArray[np.float32]:
    """The network's scores of the words at one place, with other words far from it."""
    shown, near = rows.copy(), slice(max(0, place - 1), place + 2)
    shown[:, :-1] = far
    shown[:, near] = rows[:, near]
    scores: NDArray[np.float32] = by_network(model, shown, place)
    return scores


def analogies_without_arithmetic(_: Dataset) -> Card:
    """Analogies that are right without the words of the question, in percent."""
    arrays = load("word_vectors")
    relations = known(load_word_tests(), {str(word): i for i, word in enumerate(arrays["words"])})
    every = np.concatenate(list(relations.values()))
    card: Card = {"analogies": len(every)}
    for name in ("count_2", "predict_2"):
        u = unit(arrays[name])
        by_relation = {relation: answered(u, some) for relation, some in relations.items()}
        card[name] = answered(u, every) | {"by_relation": by_relation}
    return card


def answered(u: NDArray[np.float64], questions: NDArray[np.int64]) -> Card:
    """Percent of questions a : b :: c : d (n, 4) whose d is nearest, the other three left out."""
    a, b, c, d = questions.T
    targets = {"arithmetic": u[b] - u[a] + u[c], "near_c": u[c], "near_b_and_c": u[b] + u[c]}
    right = {}
    for how, target in targets.items():
        similarity = target @ u.T
        for word in (a, b, c):
            similarity[np.arange(len(d)), word] = -9
        right[how] = 100 * np.mean(similarity.argmax(1) == d)
    return rounded_card(right)
