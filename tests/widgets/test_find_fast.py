"""Find it fast: exact search against scikit-learn, and each index against its definition."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors  # type: ignore[import-untyped]

from widgets import find_fast
from widgets.data import load
from widgets.engine.controls import accepted
from widgets.kit.search import LISTS, in_nearest_lists, largest, scores_by_codes

RANDOM = np.random.default_rng(0)


def compute(**changed):
    return find_fast.compute(**accepted(find_fast.instrument, changed))


def test_exact_search_finds_what_scikit_learn_finds():
    x = find_fast.vectors("cosine")
    at = find_fast.places()["doctor"]
    search = NearestNeighbors(n_neighbors=11, metric="cosine", algorithm="brute").fit(x)
    expected = search.kneighbors(x[[at]])[1][0, 1:]
    np.testing.assert_array_equal(compute(index="none")["exact"], expected)


def test_the_largest_come_first():
    scores = RANDOM.normal(size=50)
    np.testing.assert_array_equal(largest(scores, 7), np.argsort(-scores)[:7])
    np.testing.assert_array_equal(largest(scores[:3], 7), np.argsort(-scores[:3]))


def test_lists_hold_what_is_nearest_to_their_centres():
    centres = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    member = np.array([0, 1, 2, 1, 0])
    question = np.array([0.9, 0.5])
    np.testing.assert_array_equal(in_nearest_lists(question, centres, member, 1), [0, 4])
    np.testing.assert_array_equal(in_nearest_lists(question, centres, member, 2), [0, 1, 3, 4])


def test_look_ups_add_up_to_the_product_with_the_rebuilt_vector():
    books, codes = RANDOM.normal(size=(4, 256, 3)), RANDOM.integers(0, 256, (30, 4))
    question = RANDOM.normal(size=12)
    rebuilt = np.stack([np.concatenate([books[j, c[j]] for j in range(4)]) for c in codes])
    np.testing.assert_allclose(scores_by_codes(question, books, codes), rebuilt @ question)


def test_all_clusters_miss_nothing_and_fewer_miss_more():
    recalls = [compute(probes=probes)["recall"] for probes in find_fast.PROBES]
    assert recalls[-1] == 1
    assert recalls == sorted(recalls)
    assert recalls[0] > 5 / LISTS  # of one pile at random, one in 64


def test_more_bytes_find_more():
    found = [compute(index="codes", parts=parts) for parts in find_fast.PARTS]
    assert sorted(each["recall"] for each in found) == [each["recall"] for each in found]
    assert [each["bytes"] for each in found] == [5, 10, 25]


def test_each_word_is_in_the_cluster_of_its_nearest_centre():
    stored, x = load("word_index"), find_fast.vectors("cosine")
    near = NearestNeighbors(n_neighbors=1).fit(stored["centres"].astype(np.float32))
    found = near.kneighbors(x)[1][:, 0]
    assert np.mean(found == stored["member"]) > 0.995  # the centres are stored in 16 bits


def test_by_clusters_the_multiplications_are_those_of_the_words_read():
    one, all_ = (compute(probes=probes)["products"] for probes in (1, 64))
    assert all_ == LISTS * 50 + 5000 * 50
    assert LISTS * 50 < one < LISTS * 50 + 180 * 50


@pytest.mark.parametrize("word", ["", "Lokomotive", "two words"])
def test_an_unknown_word_is_named(word):
    frame = find_fast.frame(compute(word=word))
    assert f"“{word}”" in frame.note


def test_a_missed_word_has_no_dot():
    result = compute(probes=1, word="king")
    assert len(np.setdiff1d(result["exact"], result["found"])) > 0
    assert "(missed)" in find_fast.frame(result).panels[0].alt
