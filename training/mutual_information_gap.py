"""Mutual information gap: lead of the best latent over the second best at predicting a factor."""

import torch
from torch import Tensor


def mutual_information(a: Tensor, b: Tensor) -> float:
    """Plug-in mutual information of two sequences of non-negative integers.

    Parameters
    ----------
    a, b : integer Tensor of shape (n,)

    Returns
    -------
    float, nats
    """
    n_b = int(b.max()) + 1
    joint = torch.bincount(a * n_b + b, minlength=(int(a.max()) + 1) * n_b).double()
    joint = joint.unflatten(0, (-1, n_b)) / joint.sum()
    independent = joint.sum(1, keepdim=True) * joint.sum(0, keepdim=True)
    seen = joint > 0
    return float((joint[seen] * (joint[seen] / independent[seen]).log()).sum())


def equal_mass_bins(z: Tensor, bins: int) -> Tensor:
    """The bin 0..bins-1 of each value, edges at the quantiles.

    Parameters
    ----------
    z : Tensor of shape (n,)

    Returns
    -------
    integer Tensor of shape (n,)
    """
    ranks = z.argsort().argsort()
    return ranks * bins // len(z)


def mutual_information_gap(
    mu: Tensor, logvar: Tensor, factors: Tensor, *, bins: int = 20, draws: int = 50, seed: int = 0
) -> float:
    """MIG: mean over factors of (I(z_1st; v) - I(z_2nd; v)) / H(v), with z ~ q(z | x).

    Parameters
    ----------
    mu, logvar : Tensor of shape (n, latent_dim), latent_dim >= 2
    factors : integer Tensor of shape (n, n_factors), values of the true factors

    Returns
    -------
    float in [0, 1]

    References
    ----------
    Chen et al. 2018, arXiv:1802.04942, eq. 6.
    """
    generator = torch.Generator().manual_seed(seed)
    eps = torch.randn(draws, *mu.shape, generator=generator)
    z = (mu + (0.5 * logvar).exp() * eps).flatten(0, 1)  # (draws n, latent_dim)
    binned = [equal_mass_bins(z[:, j], bins) for j in range(z.shape[1])]
    gaps = []
    for factor in factors.repeat(draws, 1).unbind(1):
        entropy = mutual_information(factor, factor)
        information = sorted((mutual_information(b, factor) for b in binned), reverse=True)
        gaps.append((information[0] - information[1]) / entropy)
    return sum(gaps) / len(gaps)
