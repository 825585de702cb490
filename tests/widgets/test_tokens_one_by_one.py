"""Tokens one by one: shares and bits of a draw, the unfinished digit, and what is said of them."""

import numpy as np
import pytest
from scipy.special import softmax

from widgets import tokens_one_by_one as lab
from widgets.kit.tokens import PLACES, UNTOLD, decode_tokens, draw_tokens, gumbel, stored_weights

SETTINGS = {"drawn": 20, "prior": "before", "digit": "3", "temperature": 1.0, "seed": 4}


def test_shares_are_the_networks_at_this_temperature():
    cold, warm = (lab.compute(**SETTINGS | {"temperature": t}) for t in (0.5, 2.0))
    for result, temperature in ((cold, 0.5), (warm, 2.0)):
        _, log_odds = draw_tokens(np.full(8, 3), gumbel(8, 4), temperature, stored_weights())
        expected = softmax(log_odds[0, 20] / temperature)
        np.testing.assert_allclose(result["shares"], expected, rtol=1e-4)
        assert result["candidates"][0] == expected.argmax()
    assert lab.perplexity(cold["shares"]) < lab.perplexity(warm["shares"])


def test_an_even_choice_among_n_is_a_doubt_of_n():
    assert lab.perplexity(np.array([0.25] * 4 + [0.0] * 60)) == pytest.approx(4)


def test_bits_add_up_token_by_token():
    bits = [lab.compute(**SETTINGS | {"drawn": drawn})["bits"] for drawn in (0, 20, PLACES)]
    assert bits[0] == 0
    assert 0 < bits[1] < bits[2]
    tokens, log_odds = draw_tokens(np.full(8, 3), gumbel(8, 4), 1.0, stored_weights())
    shares = softmax(log_odds[0].astype(float), axis=1)
    paid = -np.log2(shares[np.arange(PLACES), tokens[0]])
    assert bits == pytest.approx([0, paid[:20].sum(), paid.sum()], rel=1e-4)


def test_a_finished_digit_is_the_first_of_those_drawn():
    result = lab.compute(**SETTINGS | {"drawn": PLACES})
    np.testing.assert_allclose(result["so_far"], result["images"][0], atol=1e-6)
    assert result["shares"] is None
    assert len(result["candidates"]) == len(result["candidate_images"]) == 0
    assert lab.frame(result).readouts["choices"] is None


def test_each_candidate_is_the_digit_with_that_token():
    result = lab.compute(**SETTINGS)
    rest = stored_weights()["frequencies"][UNTOLD, -1].argmax()
    token, picture = result["candidates"][2], result["candidate_images"][2]
    expected = np.where(np.arange(PLACES) < 20, result["tokens"], rest)
    expected[20] = token
    np.testing.assert_allclose(
        picture, decode_tokens(expected[None], stored_weights())[0], atol=1e-6
    )


def test_cold_draws_are_all_the_same_and_those_of_other_seeds_too():
    results = [lab.compute(**SETTINGS | {"temperature": 0.0, "seed": seed}) for seed in (0, 1)]
    assert np.ptp(results[0]["images"], axis=0).max() < 1e-6
    assert (results[0]["tokens"] == results[1]["tokens"]).all()


def test_by_itself_a_token_is_drawn_by_its_frequency():
    weights = stored_weights()
    result = lab.compute(**SETTINGS | {"prior": "alone", "digit": "any"})
    expected = weights["frequencies"][UNTOLD, 20]
    assert result["shares"] == pytest.approx(expected, abs=0.06)
    assert result["shares"].argmax() == expected.argmax()
