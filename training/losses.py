"""Terms of the objectives: sums over pixels and latents, one number per image.

`recon_loss` = -log p(x | z) and `kl` >= 0, both in nats; their sum is the negative ELBO.
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits


def recon_loss(logits: Tensor, x: Tensor) -> Tensor:
    """-log p(x | z) under independent Bernoulli pixels (for grey x, the cross-entropy).

    Parameters
    ----------
    logits : Tensor of shape (n, d), log-odds of each pixel
    x : Tensor of shape (n, d), in [0, 1]

    Returns
    -------
    Tensor of shape (n,), nats, >= 0

    Raises
    ------
    ValueError
        If shapes differ.
    """
    require_same_shape("logits", logits, "x", x)
    return binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)


def gaussian_recon_loss(x_hat: Tensor, x: Tensor, sigma: float) -> Tensor:
    """-log p(x | z) under N(x_hat, sigma^2 I), a density: it is negative where x_hat is close.

    Parameters
    ----------
    x_hat, x : Tensor of shape (n, d)
    sigma : standard deviation of a pixel

    Returns
    -------
    Tensor of shape (n,), nats

    Raises
    ------
    ValueError
        If shapes differ.
    """
    normaliser = 0.5 * x.shape[-1] * math.log(2 * math.pi * sigma**2)
    return squared_error(x_hat, x) / (2 * sigma**2) + normaliser


def squared_error(x_hat: Tensor, x: Tensor) -> Tensor:
    """Sum over pixels of (x_hat - x)^2.

    Parameters
    ----------
    x_hat, x : Tensor of shape (n, d)

    Returns
    -------
    Tensor of shape (n,), squared grey units, >= 0

    Raises
    ------
    ValueError
        If shapes differ.
    """
    require_same_shape("x_hat", x_hat, "x", x)
    return (x_hat - x).square().sum(-1)


def kl_per_latent(mu: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mu_j, exp(logvar_j)) || N(0, 1)) = (sigma^2 + mu^2 - 1 - log sigma^2) / 2.

    Parameters
    ----------
    mu, logvar : Tensor of shape (n, latent_dim)

    Returns
    -------
    Tensor of shape (n, latent_dim), nats, >= 0

    Raises
    ------
    ValueError
        If shapes differ.
    """
    require_same_shape("mu", mu, "logvar", logvar)
    return 0.5 * (logvar.exp() + mu.square() - 1 - logvar)


def kl(mu: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mu, exp(logvar)) || N(0, I)) for each example.

    Parameters
    ----------
    mu, logvar : Tensor of shape (n, latent_dim)

    Returns
    -------
    Tensor of shape (n,), nats, >= 0

    Raises
    ------
    ValueError
        If shapes differ.

    References
    ----------
    Kingma & Welling 2014, arXiv:1312.6114, App. B.
    """
    return kl_per_latent(mu, logvar).sum(-1)


def reparameterize(mu: Tensor, logvar: Tensor) -> Tensor:
    """z = mu + sigma * eps with eps ~ N(0, I), from torch's default generator.

    Parameters
    ----------
    mu, logvar : Tensor of shape (n, latent_dim)

    Returns
    -------
    Tensor of shape (n, latent_dim)
    """
    return mu + (0.5 * logvar).exp() * torch.randn_like(mu)


def require_same_shape(first: str, a: Tensor, second: str, b: Tensor) -> None:
    """Raise ValueError unless `a` and `b` have the same shape: broadcasting would hide an error."""
    if a.shape != b.shape:
        raise ValueError(
            f"{first} has shape {tuple(a.shape)}, {second} {tuple(b.shape)}; they must be equal."
        )
