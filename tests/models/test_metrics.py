"""Metrics on the cards, recomputed with torch.distributions on a part of the test images."""

import pytest
import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

from latentbook_decoders.models import registry
from training.data import Dataset, load_dataset, to_unit
from training.errors import DataUnavailable
from training.recipes import SPECS

SUBSET = 2000


def subset_of_test_images(name: str) -> torch.Tensor:
    """Evenly spaced test images of a model's data set."""
    try:
        dataset: Dataset = load_dataset(SPECS[name].dataset)
    except DataUnavailable as error:
        pytest.skip(str(error))
    # Fashion-MNIST is stored by class; every fifth image is a fair sample of both sets
    return to_unit(dataset.test_images[:: len(dataset.test_images) // SUBSET])


def assert_near(values: torch.Tensor, stated: dict[str, float]) -> None:
    """Check that the subset's mean is within four of its standard errors of the card's mean."""
    error = values.std().item() / len(values) ** 0.5
    assert values.mean().item() == pytest.approx(stated["mean"], abs=4 * error)
    # the card's error is that of all images
    assert stated["standard_error"] == pytest.approx(error * (SUBSET / 10_000) ** 0.5, rel=0.15)


@pytest.mark.parametrize("name", registry.names())
@torch.inference_mode()
def test_card_metrics_reproduce(name: str) -> None:
    x, model, metrics = (
        subset_of_test_images(name),
        registry.load(name),
        registry.card(name)["metrics"],
    )
    mu, logvar = model.encode(x)
    assert_near((model.decode(mu).flatten(1) - x).square().sum(1), metrics["squared_error"])
    if logvar is None:
        return
    torch.manual_seed(5)
    posterior = Normal(mu, (0.5 * logvar).exp())
    kl = kl_divergence(posterior, Normal(0.0, 1.0)).sum(1)
    likelihood = Bernoulli(probs=model.decode(posterior.sample()), validate_args=False)
    recon_loss = -likelihood.log_prob(x.unflatten(1, (28, 28))).sum((1, 2))
    assert_near(kl, metrics["kl"])
    assert_near(recon_loss, metrics["recon_loss"])
    assert_near(recon_loss + kl, metrics["negative_elbo"])
