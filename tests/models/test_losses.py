import math

import pytest
import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

from training.losses import (
    gaussian_recon_loss,
    kl,
    kl_per_latent,
    recon_loss,
    reparameterize,
    squared_error,
)


def test_kl_of_known_values() -> None:
    mu = torch.tensor([[1.0, -0.5, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    logvar = torch.tensor([[0.0, 0.0, 2.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    # 1/2 (1 + 1/4 + e^2 - 1 - 2), 1/2, 0
    expected = torch.tensor([(math.e**2 - 1.75) / 2, 0.5, 0.0])
    torch.testing.assert_close(kl(mu, logvar), expected)
    assert kl(mu, logvar)[0].item() == pytest.approx(2.8195, abs=1e-4)


def test_kl_equals_torch_distributions() -> None:
    torch.manual_seed(0)
    mu, logvar = torch.randn(50, 7), 2 * torch.randn(50, 7)
    expected = kl_divergence(Normal(mu, (0.5 * logvar).exp()), Normal(0.0, 1.0))
    torch.testing.assert_close(kl_per_latent(mu, logvar), expected)
    torch.testing.assert_close(kl(mu, logvar), expected.sum(1))
    assert (kl_per_latent(mu, logvar) >= 0).all()


def test_kl_equals_monte_carlo() -> None:
    torch.manual_seed(0)
    mu, logvar = torch.tensor([[0.7, -1.2]]), torch.tensor([[-0.4, 0.9]])
    posterior = Normal(mu, (0.5 * logvar).exp())
    z = reparameterize(mu.expand(400_000, 2), logvar.expand(400_000, 2))
    ratio = (posterior.log_prob(z) - Normal(0.0, 1.0).log_prob(z)).sum(1)
    error = ratio.std().item() / len(ratio) ** 0.5
    assert kl(mu, logvar).item() == pytest.approx(ratio.mean().item(), abs=4 * error)


def test_reparameterized_draws_have_the_mean_and_variance_asked_for() -> None:
    torch.manual_seed(0)
    mu, logvar = torch.tensor([2.0, -3.0]), torch.tensor([0.0, -2.0])
    z = reparameterize(mu.expand(200_000, 2), logvar.expand(200_000, 2))
    torch.testing.assert_close(z.mean(0), mu, atol=0.01, rtol=0)
    torch.testing.assert_close(z.var(0), logvar.exp(), atol=0.02, rtol=0)


def test_recon_loss_is_the_negative_log_likelihood_of_bernoulli_pixels() -> None:
    torch.manual_seed(0)
    logits, x = 3 * torch.randn(20, 30), torch.rand(20, 30).round()
    expected = -Bernoulli(logits=logits).log_prob(x).sum(1)
    torch.testing.assert_close(recon_loss(logits, x), expected)


def test_gaussian_recon_loss_is_the_negative_log_density_of_normal_pixels() -> None:
    torch.manual_seed(0)
    x_hat, x = torch.rand(20, 30), torch.rand(20, 30)
    expected = -Normal(x_hat, 0.05).log_prob(x).sum(1)
    torch.testing.assert_close(gaussian_recon_loss(x_hat, x, 0.05), expected)


def test_squared_error_sums_over_pixels() -> None:
    x_hat, x = torch.tensor([[0.0, 1.0, 0.5]]), torch.tensor([[0.0, 0.0, 0.0]])
    assert squared_error(x_hat, x).tolist() == [1.25]


@pytest.mark.parametrize("loss", [kl, kl_per_latent, recon_loss, squared_error])
def test_different_shapes_are_refused(loss) -> None:
    with pytest.raises(ValueError, match=r"\(3, 2\).*\(3, 1\)"):
        loss(torch.zeros(3, 2), torch.zeros(3, 1))
