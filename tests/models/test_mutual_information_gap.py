import math

import pytest
import torch
from sklearn.metrics import mutual_info_score

from training.mutual_information_gap import (
    equal_mass_bins,
    mutual_information,
    mutual_information_gap,
)


def grid(n: int = 20) -> torch.Tensor:
    return torch.cartesian_prod(torch.arange(n), torch.arange(n))


def test_mutual_information_equals_sklearn() -> None:
    torch.manual_seed(0)
    a = torch.randint(0, 20, (5000,))
    b = (a // 3 + torch.randint(0, 4, (5000,))) % 9
    assert mutual_information(a, b) == pytest.approx(mutual_info_score(a, b), abs=1e-12)


def test_bins_hold_equal_mass_in_order() -> None:
    torch.manual_seed(0)
    z = torch.randn(4000)
    bins = equal_mass_bins(z, 20)
    assert torch.bincount(bins).tolist() == [200] * 20
    assert z[bins == 3].max() < z[bins == 4].min()


def test_one_latent_a_factor_has_a_gap_of_one() -> None:
    factors = grid()
    mu = factors.flip(1).float()
    gap = mutual_information_gap(mu, torch.full_like(mu, -30.0), factors)
    assert gap == pytest.approx(1.0, abs=1e-6)


def test_latents_at_45_degrees_have_no_gap() -> None:
    factors = grid()
    mu = factors.float() @ torch.tensor([[1.0, 1.0], [1.0, -1.0]])
    gap = mutual_information_gap(mu, torch.full_like(mu, -4.0), factors)
    assert gap == pytest.approx(0.0, abs=0.02)


def test_gap_of_noisy_codes_equals_the_definition_by_sklearn() -> None:
    factors, draws = grid(), 50
    torch.manual_seed(0)
    mu, logvar = factors.float() + 0.3 * factors.flip(1), torch.full((400, 2), 1.0)
    z = mu + math.exp(0.5) * torch.randn(draws, 400, 2, generator=torch.Generator().manual_seed(0))
    binned = [equal_mass_bins(z[..., j].flatten(), 20) for j in range(2)]
    expected = 0.0
    for k in range(2):
        v = factors[:, k].repeat(draws)
        one, two = sorted(mutual_info_score(b, v) for b in binned)
        expected += (two - one) / math.log(20) / 2
    assert mutual_information_gap(mu, logvar, factors) == pytest.approx(expected, abs=1e-9)
