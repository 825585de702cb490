"""Word vectors: PMI by hand, singular values by scipy, word2vec's optimum in closed form."""

import numpy as np
import pytest
from scipy import linalg, sparse
from sklearn.neighbors import NearestNeighbors

from latentbook_decoders.models.cards import card
from training.data import word_tests
from training.data.text import load_definitions
from training.errors import DataUnavailable
from training.exports import word_vectors as made
from widgets.data import load


def text_of(*lines: list[int]) -> made.Text:
    pairs = [(word, i) for i, line in enumerate(lines) for word in line]
    return made.Text(*np.array(pairs).T)


@pytest.fixture
def three_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made, "WORDS", 3)
    monkeypatch.setattr(made, "WIDTH", 3)


@pytest.mark.usefixtures("three_words")
def test_windows_end_where_lines_do() -> None:
    counts = made.count_pairs(text_of([0, 1, 2], [0, 0]), 1)
    np.testing.assert_array_equal(counts.toarray(), [[2, 1, 0], [1, 0, 1], [0, 1, 0]])
    counts = made.count_pairs(text_of([0, 1, 2], [0, 0]), 2)
    np.testing.assert_array_equal(counts.toarray(), [[2, 1, 1], [1, 0, 1], [1, 1, 0]])


@pytest.mark.usefixtures("three_words")
def test_pmi_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made, "SMOOTHING", 1)
    table = made.pmi(made.count_pairs(text_of([0, 1, 2], [0, 0]), 1)).toarray()
    # six pairs: p(0, 0) = 2/6, p(0) = 3/6, p(1) = 2/6, p(2) = 1/6
    assert table[0, 0] == pytest.approx(np.log((2 / 6) / (3 / 6 * 3 / 6)))
    assert table[0, 1] == pytest.approx(0)
    assert table[1, 2] == pytest.approx(np.log((1 / 6) / (2 / 6 * 1 / 6)))


def test_counted_vectors_are_the_largest_singular_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made, "WORDS", 12)
    monkeypatch.setattr(made, "WIDTH", 4)
    rng = np.random.default_rng(0)
    counts = sparse.csr_matrix(rng.poisson(3, (12, 12)).astype(float))
    v, u = made.count_vectors(counts)
    p = counts.toarray() / counts.sum()
    context = p.sum(0) ** 0.75
    with np.errstate(divide="ignore"):
        table = np.log(p / np.outer(p.sum(1), context / context.sum())).clip(min=0)
    left, values, right = linalg.svd(table)
    np.testing.assert_allclose(v @ u.T, left[:, :4] * values[:4] @ right[:4], atol=1e-8)
    np.testing.assert_allclose(v.T @ v, np.diag(values[:4]), atol=1e-8)


def test_a_shuffled_text_has_no_pmi(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made, "WORDS", 10)
    monkeypatch.setattr(made, "SMOOTHING", 1)
    pattern = np.arange(10).repeat(5)  # words are next to copies of themselves
    text = text_of(*np.tile(pattern, (2000, 1)).tolist())
    assert abs(made.pmi(made.count_pairs(text, 1)).data).max() > 2
    mixed = made.shuffled(text)
    np.testing.assert_array_equal(np.bincount(mixed.word), np.bincount(text.word))
    assert abs(made.pmi(made.count_pairs(mixed, 1)).data).max() < 0.15


@pytest.mark.usefixtures("three_words")
def test_prediction_ends_at_pmi_less_a_constant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made, "BLOCK", 3)
    monkeypatch.setattr(made, "PASSES", 3000)
    monkeypatch.setattr(made, "THRESHOLD", 1)
    counts = np.array([[9.0, 4, 2], [4, 3, 6], [2, 6, 8]])
    frequency = np.array([0.5, 0.3, 0.2])
    v, u, _ = made.predict_vectors(sparse.csr_matrix(counts), frequency, 0, lambda *_: None)
    noise = frequency**0.75 / (frequency**0.75).sum()
    given = counts / counts.sum(1, keepdims=True)
    np.testing.assert_allclose(v @ u.T, np.log(given / noise) - np.log(5), atol=0.02)


def test_rounding_keeps_directions() -> None:
    vectors = np.random.default_rng(0).normal(size=(50, 50))
    rounded = made.rounded(vectors)
    assert abs(rounded).max() == made.LEVELS
    assert (made.unit(rounded) * made.unit(vectors)).sum(1).min() > 0.985


def test_questions_of_people_are_read() -> None:
    analogies = word_tests.read_analogies(": family\nboy girl king queen\n: plural\na b c d\n")
    assert analogies == {"family": [("boy", "girl", "king", "queen")], "plural": [tuple("abcd")]}
    assert word_tests.read_ratings("# a comment\nold\tnew\t1.58\n") == [("old", "new", 1.58)]


def test_synonyms_are_found_as_often_as_the_card_says() -> None:
    try:
        definitions = load_definitions()
    except DataUnavailable as error:
        pytest.skip(str(error))
    stored, scores = load("word_vectors"), card("word_vectors")["metrics"]["scores"]
    words = stored["words"].tolist()
    together: dict[str, set[str]] = {word: set() for word in words}
    for meaning in definitions:
        some = together.keys() & set(meaning.words)
        for word in some:
            together[word] |= some - {word}
    asked = [word for word in words if together[word]][1::2]
    search = NearestNeighbors(n_neighbors=11, metric="cosine", algorithm="brute")
    for name in ("count_2", "count_shuffled"):
        v = stored[name].astype(float)
        near = search.fit(v).kneighbors(v, return_distance=False)
        found = [{words[j] for j in near[words.index(word)]} - {word} for word in asked]
        right = np.mean(
            [bool(together[w] & set(some)) for w, some in zip(asked, found, strict=True)]
        )
        assert 100 * right == pytest.approx(scores[name]["synonym_in_ten"], abs=0.3)


def test_counting_beats_every_control_by_more_than_seeds_differ() -> None:
    scores = card("word_vectors")["metrics"]["scores"]
    predicted = [scores[f"predict_2{of}"]["synonym_in_ten"] for of in ("", "_seed_1", "_seed_2")]
    controls = ("spelling", "frequency", "count_shuffled")
    best = max(scores[name]["synonym_in_ten"] for name in controls)
    spread = max(predicted) - min(predicted)
    assert scores["count_2"]["synonym_in_ten"] - best > 2 * spread
    assert abs(np.mean(predicted) - scores["spelling"]["synonym_in_ten"]) < spread  # no different
    assert min(predicted) - scores["count_shuffled"]["synonym_in_ten"] > 2 * spread
