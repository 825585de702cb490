"""Test metrics of a model: means over images with standard errors."""

import torch
from torch import Tensor

from latentbook_decoders.models.autoencoder import Autoencoder, VariationalAutoencoder
from latentbook_decoders.models.cards import Card
from training.cards import mean_and_error
from training.losses import kl, reparameterize, squared_error
from training.objectives import negative_log_likelihood, own_metrics

EVALUATION_SEED = 1


@torch.inference_mode()
def evaluate(model: Autoencoder, x: Tensor) -> dict[str, Tensor]:
    """Every metric of every image, in float32.

    Parameters
    ----------
    x : Tensor of shape (n, 784), or (n, 3 * 64 * 64) with colours first, in [0, 1]

    Returns
    -------
    dict of Tensor of shape (n,)
        `squared_error` with the deterministic code; for a VAE also `recon_loss`,
        `kl` and `negative_elbo` in nats, with one draw of z for each image; and the
        architecture's own metrics.
    """
    torch.manual_seed(EVALUATION_SEED)
    chunks = [evaluate_chunk(model, part) for part in x.split(1000)]
    return {name: torch.cat([chunk[name] for chunk in chunks]) for name in chunks[0]}


def evaluate_chunk(model: Autoencoder, x: Tensor) -> dict[str, Tensor]:
    """Metrics of images that fit in memory together."""
    mu, logvar = model.encode(x)
    metrics = {"squared_error": squared_error(torch.sigmoid(model.logits(mu)), x)}
    if isinstance(model, VariationalAutoencoder) and logvar is not None:
        logits = model.logits(reparameterize(mu, logvar))
        metrics["recon_loss"] = negative_log_likelihood(model, logits, x)
        metrics["kl"] = kl(mu, logvar)
        metrics["negative_elbo"] = metrics["recon_loss"] + metrics["kl"]
    return metrics | own_metrics(model, x)


def summarize(model: Autoencoder, x: Tensor) -> Card:
    """`evaluate` in the form of a card."""
    return {name: mean_and_error(values) for name, values in evaluate(model, x).items()}
