"""The loss of each architecture, and the metrics that only it has."""

from functools import singledispatch

import torch
from torch import Tensor

from latentbook_decoders.models.autoencoder import Autoencoder, VariationalAutoencoder
from latentbook_decoders.models.face_vae import FaceVAE
from latentbook_decoders.models.one_layer import (
    ContractiveAutoencoder,
    DenoisingAutoencoder,
    SparseAutoencoder,
)
from latentbook_decoders.models.vqvae import SIDE, VQVAE
from training.losses import (
    gaussian_recon_loss,
    kl,
    recon_loss,
    reparameterize,
    squared_error,
)


@singledispatch
def training_loss(model: Autoencoder, x: Tensor, beta: float) -> Tensor:
    """Squared reconstruction error, or the loss registered for the class of `model`.

    Sums run over pixels and latents, the mean over the batch.

    Parameters
    ----------
    x : Tensor of shape (n, 784), in [0, 1]
    beta : float, unused if there is no prior
    """
    return reconstruction_error(model, x).mean()


@training_loss.register
def _(model: VariationalAutoencoder, x: Tensor, beta: float) -> Tensor:
    """negative_log_likelihood + beta * kl, one draw of z for each image."""
    mu, logvar = model.encode(x)
    logits = model.logits(reparameterize(mu, logvar))
    return (negative_log_likelihood(model, logits, x) + beta * kl(mu, logvar)).mean()


@training_loss.register
def _(model: DenoisingAutoencoder, x: Tensor, beta: float) -> Tensor:
    """E || x - g(f(x + sigma eps)) ||^2.

    References
    ----------
    Vincent et al. 2008, doi:10.1145/1390156.1390294.
    """
    return denoising_error(model, x).mean()


@training_loss.register
def _(model: SparseAutoencoder, x: Tensor, beta: float) -> Tensor:
    """|| x - g(f(x)) ||^2 + weight sum_j KL(target || mean activation of unit j).

    A penalty on the size of activations alone could be met by small codes and large decoder
    weights; a target for the mean of bounded units cannot. The mean is taken over the batch.
    """
    target, mean = model.config.target, model.encode(x)[0].mean(0).clamp(1e-6, 1 - 1e-6)
    rest = 1 - target
    divergence = target * (target / mean).log() + rest * (rest / (1 - mean)).log()
    return reconstruction_error(model, x).mean() + model.config.weight * divergence.sum()


@training_loss.register
def _(model: ContractiveAutoencoder, x: Tensor, beta: float) -> Tensor:
    """|| x - g(f(x)) ||^2 + weight || df/dx ||_F^2.

    References
    ----------
    Rifai et al. 2011, ICML, eq. 3 and 7.
    """
    contraction = model.config.weight * jacobian_norm(model, x).mean()
    return reconstruction_error(model, x).mean() + contraction


@training_loss.register
def _(model: VQVAE, x: Tensor, beta: float) -> Tensor:
    """|| x - x_hat ||^2 + || sg(z) - e ||^2 + commitment || z - sg(e) ||^2.

    sg stops the gradient.

    References
    ----------
    van den Oord et al. 2017, arXiv:1711.00937, eq. 3.
    """
    z, _ = model.encode(x)
    e = model.codebook.look_up(model.indices_of(z)).flatten(1)
    recon = squared_error(torch.sigmoid(model.logits(z)), x)
    codebook = squared_error(e, z.detach())
    commit = squared_error(z, e.detach())
    return (recon + codebook + model.commitment * commit).mean()


@singledispatch
def negative_log_likelihood(model: Autoencoder, logits: Tensor, x: Tensor) -> Tensor:
    """-log p(x | z) of each image in nats, (n,), from the decoder's log-odds: Bernoulli pixels."""
    return recon_loss(logits, x)


@negative_log_likelihood.register
def _(model: FaceVAE, logits: Tensor, x: Tensor) -> Tensor:
    return gaussian_recon_loss(torch.sigmoid(logits), x, model.sigma)


@singledispatch
def own_metrics(model: Autoencoder, x: Tensor) -> dict[str, Tensor]:
    """Measurements of this architecture only: name -> Tensor of shape (n,)."""
    return {}


@own_metrics.register
def _(model: DenoisingAutoencoder, x: Tensor) -> dict[str, Tensor]:
    """Squared error after denoising; that of the noise alone is 784 sigma^2."""
    return {"denoised_squared_error": denoising_error(model, x)}


@own_metrics.register
def _(model: SparseAutoencoder, x: Tensor) -> dict[str, Tensor]:
    """Mean activation over the units of each image."""
    return {"mean_activation": model.encode(x)[0].mean(1)}


@own_metrics.register
def _(model: ContractiveAutoencoder, x: Tensor) -> dict[str, Tensor]:
    return {"jacobian_norm": jacobian_norm(model, x)}


@own_metrics.register
def _(model: VQVAE, x: Tensor) -> dict[str, Tensor]:
    """Squared distance of the encoder from the codebook, summed over the numbers of the code."""
    z, _ = model.encode(x)
    e = model.codebook(z.unflatten(1, (-1, SIDE, SIDE))).flatten(1)
    return {"distance_to_codebook": squared_error(z, e)}


def reconstruction_error(model: Autoencoder, x: Tensor) -> Tensor:
    """Squared error of g(f(x)), of shape (n,)."""
    return squared_error(torch.sigmoid(model.logits(model.encode(x)[0])), x)


def denoising_error(model: DenoisingAutoencoder, x: Tensor) -> Tensor:
    """Squared error of the denoised image, of shape (n,), with a new draw of the noise."""
    corrupted = x + model.config.sigma * torch.randn_like(x)
    return squared_error(model.decode(model.encode(corrupted)[0]).flatten(1), x)


def jacobian_norm(model: ContractiveAutoencoder, x: Tensor) -> Tensor:
    """|| df/dx ||_F^2 of each image, of shape (n,), in closed form.

    h_j = s(w_j x + b_j) has the gradient h_j (1 - h_j) w_j, so the squared norm is the sum over j
    of (h_j (1 - h_j))^2 || w_j ||^2.
    """
    h = model.encode(x)[0]  # (n, latent_dim)
    rows = model.encoder.get_parameter("0.weight").square().sum(1)  # (latent_dim,)
    return ((h * (1 - h)).square() * rows).sum(1)
