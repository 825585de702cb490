"""The prior on tokens: it sees what came before, learns a rule, and NumPy draws what torch does."""

import numpy as np
import pytest
import torch

from latentbook_decoders.models import registry
from latentbook_decoders.models.full_data import read_full_data
from training.exports.masked import to_arrays
from training.exports.tokens import (
    RECIPE,
    bits_alone,
    decoder_arrays,
    frequencies,
    neighbour_bits,
    tokens_of,
)
from training.token_prior import TokenPrior, TokenRecipe, token_bits, train_prior
from widgets.kit import tokens as kit

SMALL = TokenRecipe(width=16, blocks=1, heads=2, epochs=12, batch=64, learning_rate=1e-2, dropout=0)


def random_prior() -> TokenPrior:
    torch.manual_seed(0)
    return TokenPrior(kit.CODES, kit.PLACES, kit.DIGITS, RECIPE).requires_grad_(False).eval()


def test_a_token_is_predicted_from_those_before_it():
    prior = random_prior()
    tokens, labels = torch.randint(64, (2, 48)), torch.tensor([3, kit.UNTOLD])
    later = tokens.clone()
    later[:, 20:] = (later[:, 20:] + 1) % 64
    first, second = prior(tokens, labels), prior(later, labels)
    assert torch.allclose(first[:, :21], second[:, :21], atol=1e-5)
    assert not torch.allclose(first[:, 21], second[:, 21], atol=1e-3)


def test_it_learns_that_each_token_follows_the_last_and_the_class():
    rng = torch.Generator().manual_seed(0)
    labels = torch.randint(2, (4000,), generator=rng)
    begun = torch.randint(8, (4000, 1), generator=rng)
    tokens = (begun + (1 + labels[:, None]) * torch.arange(6)) % 8  # one or two up at each place
    prior = train_prior(tokens, labels, 8, 0, lambda *_: None, SMALL)
    told = token_bits(prior, tokens[:500], labels[:500])
    untold = token_bits(prior, tokens[:500], torch.full((500,), 2))
    rule = [3, 0, 0, 0, 0, 0]  # bits: the first token says all
    np.testing.assert_allclose(told, rule, atol=0.15)
    np.testing.assert_allclose(untold, [3, 1, 0, 0, 0, 0], atol=0.15)  # and which class it is


def test_numpy_draws_what_torch_predicts():
    prior = random_prior()
    weights = {key: value.astype(np.float32) for key, value in to_arrays(prior.half()).items()}
    prior.float()
    labels = np.array([7, kit.UNTOLD, 0])
    tokens, log_odds = kit.draw_tokens(labels, kit.gumbel(3, 1), 1.5, weights)
    expected = prior(torch.from_numpy(tokens[:, :-1]), torch.from_numpy(labels))
    assert np.abs(log_odds - expected.numpy()).max() < 1e-4
    likeliest, _ = kit.draw_tokens(labels, kit.gumbel(3, 2), 0.0, weights)
    expected = prior(torch.from_numpy(likeliest[:, :-1]), torch.from_numpy(labels))
    assert (likeliest == expected.argmax(2).numpy()).all()


def test_gumbel_noise_draws_from_the_tempered_softmax():
    log_odds = np.random.default_rng(0).normal(size=64)
    noise = np.random.default_rng(1).gumbel(size=(200_000, 64))
    found = np.bincount(kit.chosen(log_odds, noise, 2.0), minlength=64) / len(noise)
    expected = np.exp(log_odds / 2) / np.exp(log_odds / 2).sum()
    assert np.abs(found - expected).max() < 0.002


def test_numpy_decodes_what_torch_does():
    model = registry.load("vqvae_mnist")
    tokens = torch.randint(64, (3, 49), generator=torch.Generator().manual_seed(0))
    z = model.codebook.look_up(tokens.view(3, 7, 7)).flatten(1)
    with torch.no_grad():
        expected = model.decode(z).view(3, 28, 28).numpy()
    weights = decoder_arrays(model)
    assert np.abs(kit.decode_tokens(tokens.numpy(), weights) - expected).max() < 1e-5


def test_tokens_alone_cost_their_entropy():
    rng = torch.Generator().manual_seed(0)
    tokens = torch.randint(4, (20_000, 3), generator=rng)
    tokens[:, 1] = 2  # always the same: no bits
    labels = torch.randint(10, (20_000,), generator=rng)
    counts = frequencies(tokens, labels, 8)
    assert counts.sum(2) == pytest.approx(1.0)
    assert bits_alone(counts, tokens, torch.full_like(labels, 10)) == pytest.approx(4, abs=0.02)


def test_counts_of_neighbours_find_what_follows_from_them():
    rng = np.random.default_rng(0)
    rows = rng.integers(4, size=(20_000, 7, 1))
    right = (rows + np.arange(7)) % 4  # a row is known from its first token: 7 times 2 bits
    below = (rng.integers(4, size=(20_000, 1, 7)) + np.arange(7)[:, None]) % 4
    by_row, by_column = (
        neighbour_bits(x[:15_000].reshape(-1, 49), x[15_000:].reshape(-1, 49), 4)
        for x in (right, below)
    )
    assert by_row == pytest.approx({"left": 14, "left_and_above": 14}, abs=0.2)
    assert by_column == pytest.approx({"left": 98, "left_and_above": 14}, abs=0.2)


def test_tokens_at_the_upper_edge_depend_on_what_is_below_it():
    pixels = read_full_data("benchmark_pixels")["test"].reshape(-1, 28, 28) / np.float32(255)
    free = pixels[(pixels[:, :4] == 0).all((1, 2))][:500]
    blank = free.copy()
    blank[:, 4:] = 0
    model = registry.load("vqvae_mnist")
    tokens, without = (
        tokens_of(model, torch.from_numpy(x.reshape(len(x), -1))).numpy()[:, 1:6]
        for x in (free, blank)
    )
    assert len(free) == 500
    assert all(len(np.unique(column)) >= 8 for column in tokens.T)
    assert all(len(np.unique(column)) == 1 for column in without.T)
