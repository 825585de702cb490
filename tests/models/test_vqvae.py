"""The VQ-VAE against a search over all vectors, and its gradients against the rule they follow."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from latentbook_decoders.models import registry
from latentbook_decoders.models.vqvae import SIDE, VQVAE, VQVAEConfig
from training.data import load_dataset, to_unit
from training.errors import DataUnavailable
from training.evaluate import evaluate
from training.exports import rate_distortion
from training.objectives import training_loss
from widgets.data import load


@pytest.fixture
def model() -> VQVAE:
    torch.manual_seed(0)
    return VQVAEConfig(codes=12, width=3, channels=8).build()


def images(n: int) -> torch.Tensor:
    return torch.rand(n, 784, generator=torch.Generator().manual_seed(1))


def test_each_place_gets_the_nearest_vector(model: VQVAE) -> None:
    z = model.encode(images(5))[0].unflatten(1, (3, SIDE, SIDE))
    rows = z.detach().movedim(1, -1).reshape(-1, 3)
    vectors = model.codebook.vectors.detach()
    wanted = cdist(rows, vectors).argmin(1).reshape(5, SIDE, SIDE)
    assert np.array_equal(model.indices(images(5)), wanted)
    rebuilt = model.codebook(z).movedim(1, -1).reshape(-1, 3)
    torch.testing.assert_close(rebuilt, vectors[wanted.ravel()])


def test_the_gradient_goes_straight_through(model: VQVAE) -> None:
    z = torch.randn(2, 3, SIDE, SIDE, requires_grad=True)
    weights = torch.randn(2, 3, SIDE, SIDE)
    (model.codebook(z) * weights).sum().backward()
    torch.testing.assert_close(z.grad, weights)
    assert model.codebook.vectors.grad is None


def test_the_second_term_alone_moves_the_table(model: VQVAE) -> None:
    x = images(4)
    training_loss(model, x, 1).backward()
    z = model.encode(x)[0].detach().unflatten(1, (3, SIDE, SIDE)).movedim(1, -1)
    which = model.indices(x)
    vectors = model.codebook.vectors.detach()
    wanted = torch.zeros_like(vectors)
    for k in range(12):
        rows = z[which == k]
        wanted[k] = 2 * (vectors[k] - rows).sum(0) / len(x)
    torch.testing.assert_close(model.codebook.vectors.grad, wanted)


def test_a_masked_convolution_sees_what_comes_before() -> None:
    seen = torch.randint(4, (40, SIDE, SIDE), generator=torch.Generator().manual_seed(0))
    torch.manual_seed(0)
    prior = rate_distortion.new_prior(4)
    changed = seen.clone()
    changed[:, 3, 2] = (changed[:, 3, 2] + 1) % 4
    with torch.no_grad():
        before, after = (prior(rate_distortion.with_place(each, 4)) for each in (seen, changed))
    moved = (before != after).any(1).any(0).flatten()
    assert not moved[: 3 * SIDE + 3].any()
    assert moved[3 * SIDE + 3]


def test_prices_are_entropies_of_the_training_shares() -> None:
    rng = np.random.default_rng(0)
    rows = rng.choice(3, size=(20_000, 2), p=[0.5, 0.25, 0.25])
    bits = rate_distortion.price(rows, rows[:5000])
    assert bits.mean() == pytest.approx(2 * 1.5, abs=0.03)


def test_the_bound_of_two_directions() -> None:
    rate, error = rate_distortion.gaussian_bound(np.array([4.0, 0.5]), 1.0)
    assert rate == pytest.approx(1) and error == pytest.approx(1.5)


def test_the_stored_point_is_that_of_the_model() -> None:
    try:
        test = to_unit(load_dataset("mnist").test_images)
    except DataUnavailable as error:
        pytest.skip(str(error))
    model = registry.load("vqvae_mnist")
    assert isinstance(model, VQVAE)
    error = evaluate(model, test)["squared_error"].mean().item()
    data = load("rate_distortion")
    which = list(data["codes"]).index(64)
    assert data["vq"][which, 1] == pytest.approx(error, rel=1e-3)
    with torch.no_grad():
        sent = torch.cat([model.indices(part) for part in test.split(1000)])
    share = np.bincount(sent.flatten(), minlength=64) / sent.numel()
    perplexity = np.exp(-sum(p * np.log(p) for p in share if p))
    assert data["prices"][which, 2] == pytest.approx(perplexity, rel=1e-3)
    assert data["prices"][which, 3] == np.count_nonzero(share)
