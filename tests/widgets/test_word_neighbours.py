"""Neighbours of words against scikit-learn's search, and what readers may type."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.neighbors import NearestNeighbors

from widgets import word_neighbours
from widgets.data import load

STORED = load("word_vectors")
WORDS = STORED["words"].tolist()


def compute(**changed):
    return word_neighbours.compute(**{**word_neighbours.instrument.defaults(), **changed})


def found(result):
    return [WORDS[i] for i in result["near"]]


@pytest.mark.parametrize(
    ("settings", "v", "u"),
    [
        ({}, "count_2", "count_2"),
        ({"window": "8"}, "count_8", "count_8"),
        ({"vectors": "predict"}, "predict_2", "predict_2"),
        ({"vectors": "predict", "compared": "contexts"}, "predict_2", "predict_2_context"),
        ({"vectors": "shuffled"}, "count_shuffled", "count_shuffled"),
    ],
)
def test_neighbours_are_those_of_sklearn(settings, v, u):
    search = NearestNeighbors(n_neighbors=10, metric="cosine", algorithm="brute")
    search.fit(STORED[u].astype(float))
    for word in ("cup", "war", "green"):
        query = STORED[v][[WORDS.index(word)]].astype(float)
        gap, _ = search.kneighbors(query)
        result = compute(word=word, leave_out=False, **settings)
        np.testing.assert_allclose(result["cosines"], 1 - gap[0], atol=1e-5)


def test_a_sum_is_of_vectors_of_length_1():
    a, b, c = (STORED["count_2"][WORDS.index(word)] for word in ("king", "man", "woman"))
    a, b, c = (x / np.linalg.norm(x) for x in (a, b, c))
    result = compute(word="king", minus="man", plus="woman")
    right = cosine_similarity([a - b + c], STORED["count_2"][result["near"]])[0]
    np.testing.assert_allclose(result["cosines"], right, atol=1e-5)
    assert not {"king", "man", "woman"} & set(found(result))


def test_the_question_can_be_its_own_answer_if_it_is_not_left_out():
    result = compute(word="king", minus="man", plus="woman", leave_out=False)
    assert found(result)[0] == "king"
    assert "king, is in the question" in word_neighbours.frame(result).note
    assert found(compute(leave_out=False))[0] == "cup"
    assert "cup" not in found(compute())


def test_spelling_is_the_cosine_of_runs_of_three_letters():
    runs = CountVectorizer(analyzer="char", ngram_range=(3, 3), binary=True)
    table = runs.fit_transform(f"<{word}>" for word in WORDS)
    right = cosine_similarity(runs.transform(["<walking>"]), table)[0]
    np.testing.assert_allclose(word_neighbours.spelling_cosines("walking"), right, atol=1e-12)


def test_capital_letters_do_not_matter():
    assert found(compute(word="CUP")) == found(compute(word="cup"))


@pytest.mark.parametrize("text", ["cupp", "<b>cup</b>", "日本", "🙂", "ice cream", "W" * 40, "ß"])
def test_an_unknown_word_is_named_and_words_spelled_like_it_are_offered(text):
    frame = word_neighbours.frame(compute(word=text))
    assert f"“{text}” is not among the {len(WORDS):,} words." in frame.note
    assert frame.readouts["nearest"] is None
    assert frame.panels[0].alt.startswith("No neighbours")
    if text == "cupp":
        assert "cup," in frame.note


def test_nothing_and_words_that_cancel_get_a_message():
    assert word_neighbours.frame(compute(word="")).note.startswith("Type one of")
    assert "cancel" in word_neighbours.frame(compute(word="king", minus="king")).note


def test_known_words_and_an_unknown_one_do_not_mix():
    note = word_neighbours.frame(compute(word="king", minus="xyzzy", plus="woman")).note
    assert "“xyzzy”" in note
    assert "“king”" not in note
