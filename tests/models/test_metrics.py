"""Metrics on the cards, recomputed with torch.distributions on a part of the test images."""

import pytest
import torch
from torch.distributions import Bernoulli, Distribution, Normal, kl_divergence

from latentbook_decoders.models import registry
from latentbook_decoders.models.autoencoder import Autoencoder
from latentbook_decoders.models.face_vae import FaceVAE
from training.data import load_dataset
from training.data.faces import HELD_OUT, all_factors, draw_faces
from training.errors import DataUnavailable
from training.recipes import SPECS

SUBSET = 2000
DRAWN = 400  # of the held-out faces: drawing one takes 10 ms


def subset_of_test_images(name: str) -> tuple[torch.Tensor, int]:
    """Evenly spaced test images of a model's data set, in [0, 1], and how many there are in all."""
    try:
        if SPECS[name].dataset == "faces":
            drawn = draw_faces(*(each[-HELD_OUT:][:DRAWN] for each in all_factors()))
            return torch.from_numpy(drawn).float() / 255, HELD_OUT
        images = load_dataset(SPECS[name].dataset).test_images
    except DataUnavailable as error:
        pytest.skip(str(error))
    # Fashion-MNIST is stored by class; every fifth image is a fair sample of both sets
    subset = images[:: len(images) // SUBSET]
    return torch.from_numpy(subset.copy()).float() / 255, len(images)


def assert_near(values: torch.Tensor, stated: dict[str, float], of: int) -> None:
    """Check that the subset's mean is within four of its standard errors of the card's mean."""
    error = values.std().item() / len(values) ** 0.5
    assert values.mean().item() == pytest.approx(stated["mean"], abs=4 * error)
    # the card's error is that of all images
    assert stated["standard_error"] == pytest.approx(error * (len(values) / of) ** 0.5, rel=0.15)


def pixels_given(model: Autoencoder, z: torch.Tensor) -> Distribution:
    """p(x | z): normal around the picture of a face, Bernoulli elsewhere."""
    picture = model.decode(z)
    if isinstance(model, FaceVAE):
        return Normal(picture, model.sigma)
    return Bernoulli(probs=picture, validate_args=False)


@pytest.mark.parametrize("name", registry.names())
@torch.inference_mode()
def test_card_metrics_reproduce(name: str) -> None:
    (x, of), model, metrics = (
        subset_of_test_images(name),
        registry.load(name),
        registry.card(name)["metrics"],
    )
    mu, logvar = model.encode(x)
    squared_error = (model.decode(mu) - x).square().flatten(1).sum(1)
    assert_near(squared_error, metrics["squared_error"], of)
    if logvar is None:
        return
    torch.manual_seed(5)
    posterior = Normal(mu, (0.5 * logvar).exp())
    kl = kl_divergence(posterior, Normal(0.0, 1.0)).sum(1)
    recon_loss = -pixels_given(model, posterior.sample()).log_prob(x).flatten(1).sum(1)
    assert_near(kl, metrics["kl"], of)
    assert_near(recon_loss, metrics["recon_loss"], of)
    assert_near(recon_loss + kl, metrics["negative_elbo"], of)
