"""Attention against torch, its two limits, two keys in closed form, and the hull of the keys."""

import numpy as np
import pytest
import torch
from scipy.spatial import ConvexHull
from scipy.special import expit
from torch.nn.functional import scaled_dot_product_attention

from widgets import attention as widget


def compute(**changed):
    return widget.compute(**{**widget.instrument.defaults(), **changed})


@pytest.mark.parametrize("temperature", [0.1, 1.0, 1.41, 20.0])
@pytest.mark.parametrize("query", [(1.2, 0.8), (-2.0, 2.0), (0.0, 0.0)])
def test_output_is_torchs(temperature, query):
    result = compute(temperature=temperature, query=query)
    wanted = scaled_dot_product_attention(
        torch.tensor([query], dtype=torch.float64),
        torch.tensor(result["keys"]),
        torch.tensor(widget.VALUES),
        scale=1 / temperature,
    )
    np.testing.assert_allclose(result["output"], wanted[0].numpy(), atol=1e-12)


def test_the_temperature_at_rest_is_the_square_root_of_the_width():
    """This is torch's default scale."""
    result = compute()
    wanted = scaled_dot_product_attention(
        *(torch.tensor(each) for each in (result["query"][None], result["keys"], widget.VALUES))
    )
    np.testing.assert_allclose(result["output"], wanted[0].numpy(), atol=0.01)


@pytest.mark.parametrize("query", [(1.2, 0.8), (-1.5, 1.0), (0.3, -1.9)])
def test_the_cold_limit_is_a_lookup(query):
    best = int(np.argmax([np.dot(query, key) for key in compute()["keys"]]))
    np.testing.assert_array_equal(
        compute(temperature=0.0, query=query)["output"], widget.VALUES[best]
    )
    np.testing.assert_allclose(
        widget.attention_weights(compute(query=query)["scores"], 1e-3),
        np.eye(len(widget.ITEMS))[best],
        atol=1e-9,
    )


def test_the_hot_limit_is_the_mean():
    scores = np.random.default_rng(0).normal(size=9)
    np.testing.assert_allclose(widget.attention_weights(scores, 1e9), 1 / 9, atol=1e-9)
    still = compute(query=(0.0, 0.0))
    np.testing.assert_allclose(still["output"], widget.VALUES.mean(axis=0), atol=1e-12)
    assert still["asked"] == pytest.approx(len(widget.ITEMS))


@pytest.mark.parametrize("temperature", [0.1, 1.0, 7.0])
def test_two_keys_are_a_logistic_curve_of_the_difference(temperature):
    for first, second in np.random.default_rng(1).normal(0, 3, (20, 2)):
        weights = widget.attention_weights(np.array([first, second]), temperature)
        assert weights[0] == pytest.approx(expit((first - second) / temperature))


def test_a_constant_added_to_all_scores_changes_nothing():
    scores = np.random.default_rng(2).normal(size=6)
    np.testing.assert_allclose(
        widget.attention_weights(scores + 1e6, 0.5), widget.attention_weights(scores, 0.5)
    )


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_another_order_of_the_items_gives_the_weights_in_that_order(temperature):
    scores = np.random.default_rng(3).normal(size=6)
    order = np.random.default_rng(4).permutation(6)
    np.testing.assert_allclose(
        widget.attention_weights(scores[order], temperature),
        widget.attention_weights(scores, temperature)[order],
    )


def test_equal_best_scores_share_the_weight():
    np.testing.assert_allclose(
        widget.attention_weights(np.array([1.0, 2.0, 2.0, -5.0]), 0.0), [0, 0.5, 0.5, 0]
    )


@pytest.mark.parametrize(("length", "found"), [(0.5, False), (0.7, False), (0.8, True)])
def test_a_lookup_finds_the_cat_where_its_key_is_a_corner_of_the_hull(length, found):
    corner = widget.CAT in ConvexHull(compute(length=length)["keys"]).vertices
    assert corner == found
    angles = np.linspace(0, 2 * np.pi, 721)
    best = {
        int(compute(temperature=0.0, query=query, length=length)["weights"].argmax())
        for query in zip(np.cos(angles), np.sin(angles), strict=True)
    }
    assert (widget.CAT in best) == found
    assert len(best) == 5 + found


def test_the_output_never_leaves_the_values():
    hull = ConvexHull(widget.VALUES)
    for query in np.random.default_rng(5).uniform(-2, 2, (50, 2)):
        output = compute(query=tuple(query), temperature=0.2)["output"]
        assert (hull.equations[:, :2] @ output + hull.equations[:, 2] <= 1e-9).all()
