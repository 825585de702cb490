"""Vectors of the words of WordNet's definitions and of speeches, by counting and by predicting.

Both begin with the same table: how often each context was near each word. Counting takes its
positive PMI and the largest singular values. Predicting is word2vec's skip-gram with negative
samples. Its loss is a sum over pairs, so the table is all that it needs: here each step takes the
expected loss of 250 words and all contexts, with nothing drawn. practice/word2vec.py draws.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from latentbook_decoders.models.cards import Card
from training.cards import made_on
from training.data.text import CARDS, Definition, load_definitions, load_speeches, words_of
from training.data.word_tests import WordTests, load_word_tests
from training.exports.export import Job, write_export
from training.fit import OnStep

Floats = NDArray[np.float64]
Sparse = Any  # a matrix of scipy, which only the development packages include

WORDS = 5000  # the most frequent
WIDTH = 50  # numbers of a vector
WINDOWS = (2, 8)  # words to each side
SMOOTHING = 0.75  # exponent of the frequencies of contexts
NEGATIVES = 5  # drawn contexts for each true one
THRESHOLD = 1e-4  # of the frequency above which a word is thinned
PASSES, BLOCK, RATE = 30, 250, 0.05
SEEDS = (0, 1, 2)
EVERY, HELD = 20, 7  # every 20th line is held out, beginning with the 8th
LEVELS = 8  # stored numbers are whole, from -8 to 8
NEAREST = 10
OFTEN = 5  # times that a pair occurs before its PMI is compared


@dataclass(frozen=True)
class Text:
    """Words by their number, and the line of each: windows end where a line does.

    Attributes
    ----------
    word, line : ndarray of shape (n,), int
    """

    word: NDArray[np.int64]
    line: NDArray[np.int64]


def lines() -> Iterator[list[str]]:
    """Each definition, each of its examples, and each sentence of a speech.

    The words that a definition defines are not part of its line.
    """
    for meaning in load_definitions():
        for text in (meaning.meaning, *meaning.examples):
            yield words_of(text)
    for _, _, speech in load_speeches():
        for sentence in re.split(r"[.!?;]", speech):
            yield words_of(sentence)


def read_text() -> tuple[list[str], Text, Text]:
    """The most frequent words, the text, and the lines that are held out."""
    every = [line for line in lines() if line]
    seen = [line for i, line in enumerate(every) if i % EVERY != HELD]
    counts = Counter(word for line in seen for word in line)
    words = [word for word, _ in counts.most_common(WORDS)]
    number = {word: i for i, word in enumerate(words)}

    def numbered(some: list[list[str]]) -> Text:
        pairs = [
            (number[word], i) for i, line in enumerate(some) for word in line if word in number
        ]
        return Text(*np.array(pairs).T)

    return words, numbered(seen), numbered(every[HELD::EVERY])


def shuffled(text: Text) -> Text:
    """A control: each word drawn by its frequency, lines as long as they were."""
    return Text(np.random.default_rng(0).permutation(text.word), text.line)


def count_pairs(text: Text, window: int) -> Sparse:
    """Counts of each context within the window of each word: (WORDS, WORDS), symmetric."""
    from scipy.sparse import coo_matrix, csr_matrix  # type: ignore[import-untyped]

    total = csr_matrix((WORDS, WORDS))
    for step in range(1, window + 1):
        near = text.line[:-step] == text.line[step:]
        pairs = text.word[:-step][near], text.word[step:][near]
        total = total + coo_matrix((np.ones(near.sum()), pairs), shape=total.shape)
    return (total + total.T).tocsr()


def smoothed(counts: Sparse) -> Floats:
    """The frequencies of contexts to the power 0.75, as shares."""
    power: Floats = np.asarray(counts.sum(0)).ravel() ** SMOOTHING
    power /= power.sum()
    return power


def pmi(counts: Sparse) -> Sparse:
    """PMI of the pairs that occur, nats: log p(c | w) - log p(c), the latter smoothed.

    References
    ----------
    Levy, Goldberg & Dagan 2015, section 3.2.
    """
    from scipy.sparse import coo_matrix

    pairs = counts.tocoo()
    word = np.asarray(counts.sum(1)).ravel()
    values = np.log(pairs.data / (word[pairs.row] * smoothed(counts)[pairs.col]))
    return coo_matrix((values, (pairs.row, pairs.col)), shape=pairs.shape)


def count_vectors(counts: Sparse) -> tuple[Floats, Floats]:
    """The nearest table of rank WIDTH to positive PMI: vectors of words and of contexts.

    Returns
    -------
    v, u : ndarray of shape (WORDS, WIDTH), U sqrt(S) and V sqrt(S)
    """
    from scipy.sparse.linalg import svds  # type: ignore[import-untyped]

    table = pmi(counts)
    table.data = table.data.clip(min=0)
    u, values, v = svds(table.tocsr(), WIDTH, v0=np.ones(WORDS))
    root = np.sqrt(values[::-1])
    return u[:, ::-1] * root, v[::-1].T * root


class Adam:
    """Adam for a table, where a step moves only some rows. Rates as in torch, but beta2 = 0.99."""

    def __init__(self, table: Tensor) -> None:
        self.table, self.m, self.v = table, torch.zeros_like(table), torch.zeros_like(table)

    def step(self, rows: Tensor | slice, slope: Tensor, rate: float, t: int) -> None:
        self.m[rows] = m = 0.9 * self.m[rows] + 0.1 * slope
        self.v[rows] = v = 0.99 * self.v[rows] + 0.01 * slope**2
        self.table[rows] -= rate * m / (1 - 0.9**t) / ((v / (1 - 0.99**t)).sqrt() + 1e-8)


def predict_vectors(
    counts: Sparse, frequency: Floats, seed: int, on_step: OnStep
) -> tuple[Floats, Floats, float]:
    """Skip-gram with negative samples, by the expected loss.

    Parameters
    ----------
    counts : sparse matrix of shape (WORDS, WORDS)
    frequency : ndarray of shape (WORDS,), shares of the text; frequent words are thinned

    Returns
    -------
    v, u : ndarray of shape (WORDS, WIDTH), vectors of words and of contexts
    loss : in the last pass, nats for each pair of the text

    References
    ----------
    Mikolov et al. 2013, arXiv:1310.4546, Eq. 4 and 5; by pair, Levy & Goldberg 2014, Eq. 3.
    """
    from scipy.sparse import diags

    torch.manual_seed(seed)
    keep = np.sqrt(THRESHOLD / frequency).clip(max=1)
    thin = diags(keep) @ counts @ diags(keep)
    positive = torch.tensor(thin.toarray(), dtype=torch.float32)
    times = positive.sum(1, keepdim=True)
    noise = frequency**SMOOTHING
    negative = NEGATIVES * torch.tensor(noise / noise.sum(), dtype=torch.float32)
    words = Adam((torch.rand(WORDS, WIDTH) - 0.5) / WIDTH)
    contexts = Adam(torch.zeros(WORDS, WIDTH))
    steps, t, loss = PASSES * WORDS // BLOCK, 0, 0.0
    for epoch in range(1, PASSES + 1):
        loss = 0.0
        for rows in torch.randperm(WORDS).split(BLOCK):
            t += 1
            rate = RATE * min(1, 2 * (1 - t / steps))
            v, u = words.table[rows], contexts.table
            right, wrong = positive[rows], times[rows] * negative
            s = torch.sigmoid(v @ u.T)
            if epoch == PASSES:
                logs = right * s.clamp(min=1e-9).log() + wrong * (1 - s).clamp(min=1e-9).log()
                loss -= float(logs.sum() / times.sum())
            slope = s * (right + wrong) - right
            words.step(rows, slope @ u / times[rows], rate, epoch)
            contexts.step(slice(None), slope.T @ v * (WORDS / times.sum()), rate, t)
        on_step(epoch, PASSES, loss)
    return words.table.double().numpy(), contexts.table.double().numpy(), loss


def rounded(vectors: Floats) -> NDArray[np.int8]:
    """Round vectors to integers; the largest of each is LEVELS. The cosine ignores length."""
    largest = np.abs(vectors).max(1, keepdims=True).clip(min=1e-9)
    whole: NDArray[np.int8] = np.rint(LEVELS * vectors / largest).astype(np.int8)
    return whole


def unit(vectors: NDArray[Any]) -> Floats:
    """Scale rows to length 1; rows of zeros stay zero."""
    floats: Floats = np.array(vectors, float)
    floats /= np.linalg.norm(floats, axis=1, keepdims=True).clip(min=1e-9)
    return floats


def trigrams(words: list[str]) -> Floats:
    """Spelling alone: which three letters in a row each word has, ends marked; rows of length 1."""
    parts = [{f"<{word}>"[i : i + 3] for i in range(len(word))} for word in words]
    column = {part: i for i, part in enumerate(sorted(set().union(*parts)))}
    table = np.zeros((len(words), len(column)))
    for row, some in enumerate(parts):
        table[row, [column[part] for part in some]] = 1
    return unit(table)


class Measure:
    """All tests of word vectors."""

    def __init__(self, words: list[str], held_out: Text) -> None:
        number = {word: i for i, word in enumerate(words)}
        definitions, tests = load_definitions(), load_word_tests()
        self.words = words
        self.synonyms = synonyms(definitions, number)
        self.asked = np.array([i for i, some in enumerate(self.synonyms) if some])
        self.part = only_part(definitions, number)
        self.analogies = known(tests, number)
        self.ratings = {
            name: [(number[a], number[b], r) for a, b, r in rows if a in number and b in number]
            for name, rows in (("alike", tests.alike), ("related", tests.related))
        }
        self.beside = count_pairs(held_out, 2)

    def neighbours(self, similarity: Floats) -> NDArray[np.int64]:
        """The NEAREST other words of each, nearest first: (WORDS, NEAREST)."""
        other = similarity - 9.0 * np.eye(WORDS)
        some = np.argpartition(-other, NEAREST, axis=1)[:, :NEAREST]
        order = np.take_along_axis(-other, some, axis=1).argsort(axis=1, kind="stable")
        return np.take_along_axis(some, order, axis=1)

    def scores(self, similarity: Floats) -> Card:
        """Scores of one kind of neighbours: percent, correlations, or times as often."""
        from scipy.stats import spearmanr  # type: ignore[import-untyped]

        near = self.neighbours(similarity)
        hit = [bool(self.synonyms[i].intersection(near[i])) for i in self.asked[1::2]]
        rows = np.repeat(np.arange(WORDS), NEAREST)
        alone = np.asarray(self.beside.sum(1)).ravel()
        expected = (alone[rows] * alone[near.ravel()]).sum() / alone.sum()
        sure = self.part >= 0
        same = (self.part[near] == self.part[:, None]) & sure[near]
        card: Card = {
            "synonym_in_ten": 100 * np.mean(hit),
            "same_part": 100 * same[sure].sum() / sure[near][sure].sum(),
            "beside": np.asarray(self.beside[rows, near.ravel()]).sum() / expected,
        }
        for name, ratings in self.ratings.items():
            a, b, wanted = np.array(ratings).T
            told = similarity[a.astype(int), b.astype(int)]
            card[name] = float(spearmanr(told, wanted).statistic)
        return rounded_card(card)

    def arithmetic(self, vectors: NDArray[Any]) -> Card:
        """Analogies, % right: any word, without the question's, and the neighbours of c alone."""
        u = unit(vectors)
        right: dict[str, list[Any]] = {"any": [], "without": [], "near_c": [], "any_is_c": []}
        by_relation = {}
        for relation, questions in self.analogies.items():
            a, b, c, d = questions.T
            target, row = (u[b] - u[a] + u[c]) @ u.T, np.arange(len(questions))
            near_c = u[c] @ u.T
            right["any"].append(target.argmax(1) == d)
            right["any_is_c"].append(target.argmax(1) == c)
            for word in (a, b, c):
                target[row, word] = near_c[row, word] = -9
            right["without"].append(target.argmax(1) == d)
            right["near_c"].append(near_c.argmax(1) == d)
            by_relation[relation] = [len(d), round(float(100 * right["without"][-1].mean()), 2)]
        shares = {name: 100 * np.concatenate(some).mean() for name, some in right.items()}
        return {**rounded_card(shares), "by_relation": by_relation}


def synonyms(definitions: list[Definition], number: dict[str, int]) -> list[set[int]]:
    """For each word, those that share a meaning with it in WordNet."""
    found: list[set[int]] = [set() for _ in number]
    for meaning in definitions:
        some = {number[word] for word in meaning.words if word in number}
        for word in some:
            found[word] |= some - {word}
    return found


def only_part(definitions: list[Definition], number: dict[str, int]) -> NDArray[np.int64]:
    """The part of speech of words that have a single one in WordNet, else -1."""
    names = ("noun", "verb", "adj", "adv")
    parts: list[set[int]] = [set() for _ in number]
    for meaning in definitions:
        for word in meaning.words:
            if word in number:
                parts[number[word]].add(names.index(meaning.part))
    return np.array([some.copy().pop() if len(some) == 1 else -1 for some in parts])


def known(tests: WordTests, number: dict[str, int]) -> dict[str, NDArray[np.int64]]:
    """Questions whose four words are all known, (n, 4), by relation."""
    found = {
        re.sub(r"^gram\d-", "", relation).replace("-", "_"): [
            [number[word] for word in q] for q in questions if set(q) <= number.keys()
        ]
        for relation, questions in tests.analogies.items()
    }
    return {relation: np.array(some) for relation, some in found.items() if some}


def rounded_card(values: Card) -> Card:
    return {name: round(float(value), 3) for name, value in values.items()}


def make_word_vectors(job: Job) -> Card:
    """Vectors of six kinds, and the scores of each."""
    torch.set_num_threads(1)
    words, text, held_out = read_text()
    measure = Measure(words, held_out)
    times = np.bincount(text.word, minlength=WORDS)
    frequency = times / times.sum()
    counts = {f"{window}": count_pairs(text, window) for window in WINDOWS}
    counts["shuffled"] = count_pairs(shuffled(text), WINDOWS[0])
    arrays: dict[str, NDArray[Any]] = {
        "words": np.array(words),
        "times": times.astype(np.int32),
    }
    scores: Card = {}
    near: dict[str, NDArray[np.int64]] = {}

    def measured(name: str, v: NDArray[Any], u: NDArray[Any] | None = None) -> None:
        inside = unit(v) @ unit(v).T
        scores[name] = {**measure.scores(inside), "arithmetic": measure.arithmetic(v)}
        near[name] = measure.neighbours(inside)
        if u is not None:
            scores[f"{name}_context"] = measure.scores(unit(v) @ unit(u).T)

    for name, table in counts.items():
        v, u = count_vectors(table)
        arrays[f"count_{name}"] = rounded(v)
        measured(f"count_{name}", rounded(v), u)
    runs = [("2", seed) for seed in SEEDS] + [("8", 0)]
    fit: Card = {}
    for index, (name, seed) in enumerate(runs):
        v, u, loss = predict_vectors(counts[name], frequency, seed, job.part(index, len(runs)))
        key = f"predict_{name}" + (f"_seed_{seed}" if seed else "")
        if not seed:
            arrays[key], arrays[f"{key}_context"] = rounded(v), rounded(u)
        measured(key, rounded(v), rounded(u))
        often = counts[name].tocoo().data >= OFTEN
        table = pmi(counts[name])
        row, column = table.row[often], table.col[often]
        learned = np.einsum("ij,ij->i", v[row], u[column])
        fit[key] = {
            "loss": round(loss, 4),
            "correlation_with_pmi": round(float(np.corrcoef(learned, table.data[often])[0, 1]), 4),
            "pairs": int(often.sum()),
        }
    spelling, rank = trigrams(words), np.log(times)
    scores["spelling"] = {
        **measure.scores(spelling @ spelling.T),
        "arithmetic": measure.arithmetic(spelling),
    }
    scores["frequency"] = measure.scores(-np.abs(np.subtract.outer(rank, rank)))

    def shared(a: str, b: str) -> float:
        both = [len(set(x) & set(y)) for x, y in zip(near[a], near[b], strict=True)]
        return round(100 * float(np.mean(both)) / NEAREST, 2)

    card: Card = {
        "title": "Vectors of 5,000 words, by counting and by predicting",
        "data": [CARDS["wordnet"], CARDS["speeches"]],
        "text": {
            "lines": int(text.line.max()) + 1,
            "words": len(text.word),
            "held_out": len(held_out.word),
            "least": int(times.min()),
            "vocabulary": f"the {WORDS:,} most frequent words; others are left out before windows "
            "are made; every 20th line is held out",
        },
        "count": f"positive PMI, frequencies of contexts to the power {SMOOTHING}, the {WIDTH} "
        "largest singular values, each with the root of its value",
        "predict": {
            "loss": "skip-gram with negative samples, expected: nothing is drawn",
            "negatives": NEGATIVES,
            "noise": SMOOTHING,
            "thinned_above": THRESHOLD,
            "passes": PASSES,
            "words_of_a_step": BLOCK,
            "learning_rate": f"{RATE}, Adam, falling to 0 in the second half",
        },
        "stored": f"whole numbers from -{LEVELS} to {LEVELS}, the largest of each vector {LEVELS}; "
        "measured as stored",
        "not_to_be_taken_for": "What words mean, or what people think. The text is definitions by "
        "American editors and speeches by presidents from 1790 on; what they say of peoples, "
        "women, work and war is in the vectors.",
        **made_on(torch.device("cpu")),
        "measured": {
            "synonym_in_ten": "% of words with a synonym in the vocabulary (every second one) "
            "that have one among their ten neighbours",
            "same_part": "% of the ten neighbours with the word's part of speech, among words that "
            "have only one",
            "beside": "how many times more often than by chance a word and its ten neighbours are "
            "within two words of each other in the held-out lines",
            "alike": "rank correlation with SimLex-999",
            "related": "rank correlation with WordSim-353",
            "arithmetic": "% of the analogies of Mikolov et al. 2013 whose words are all known",
        },
        "metrics": {
            "asked": {
                "synonyms": len(measure.asked[1::2]),
                "analogies": sum(map(len, measure.analogies.values())),
                "alike": len(measure.ratings["alike"]),
                "related": len(measure.ratings["related"]),
            },
            "scores": scores,
            "fit": fit,
            "neighbours_shared": {
                "count_and_predict": shared("count_2", "predict_2"),
                "two_seeds": shared("predict_2", "predict_2_seed_1"),
                "two_windows": shared("count_2", "count_8"),
                "count_and_shuffled": shared("count_2", "count_shuffled"),
            },
        },
    }
    return write_export("word_vectors", arrays, card)
