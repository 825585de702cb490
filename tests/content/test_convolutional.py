"""Numbers that chapter 3 quotes, measured in a different way."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from latentbook_decoders.models import registry
from latentbook_decoders.models.conv_vae import ConvVAEConfig
from training.data import load_dataset, to_unit
from training.errors import DataUnavailable
from training.exports import conv_and_dense, spatial_codes
from training.exports.upsampling import KINDS, stride_energy
from widgets.data import load

CHAPTER = Path(__file__).parents[2] / "content" / "convolutional"
NUMBERS = json.loads((CHAPTER / "outputs.json").read_text("utf-8"))["numbers.py"]["numbers"]


def test_share_of_the_inner_field_in_the_trained_encoder() -> None:
    try:
        x = to_unit(load_dataset("mnist").test_images[:500])
    except DataUnavailable as error:
        pytest.skip(str(error))
    unflatten, first, activation, second, *_ = registry.load("conv_vae_mnist").encoder
    assert isinstance(first, nn.Conv2d) and isinstance(second, nn.Conv2d)
    x.requires_grad_()
    maps = second(activation(first(unflatten(x))))  # (500, 32, 7, 7)
    influence = torch.zeros(28, 28)
    for each in range(maps.shape[1]):
        (gradient,) = torch.autograd.grad(maps[:, each, 3, 3].sum(), x, retain_graph=True)
        influence += gradient.square().sum(0).unflatten(0, (28, 28))
    rows = torch.nonzero(influence.sum(1))[:, 0]
    assert (rows.min(), rows.max()) == (9, 18)
    inner = 100 * influence[10:18, 10:18].sum() / influence.sum()
    assert inner.item() == pytest.approx(NUMBERS["inner_field.trained"], abs=0.1)


def test_training_draws_the_field_together() -> None:
    """New weights are independent, so only the number of paths counts."""
    paths = np.zeros(10)
    for start in range(0, 8, 2):
        paths[start : start + 4] += 1
    share = 100 * (paths[1:-1].sum() / paths.sum()) ** 2
    ends = [NUMBERS[f"inner_field.new.{end}"] for end in ("least", "most")]
    np.testing.assert_allclose(ends, share, atol=2)


def test_the_pair_is_equal_in_weights() -> None:
    counts = [weights_of(config.build()) for config in conv_and_dense.PAIR.values()]
    assert counts == [111_961, 112_026]
    codes = {
        "spatial": spatial_codes.spatial,
        "flat": spatial_codes.flat,
        "deeper": spatial_codes.deep_spatial,
    }
    for name, build in codes.items():
        assert weights_of(build()) == NUMBERS[f"code_weights.{name}"]


def weights_of(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


@torch.no_grad()
def stride_shares(config: ConvVAEConfig, z: torch.Tensor, seeds: int) -> list[float]:
    """Percentage of the log-odds' variance at stride 2, for decoders with new weights."""
    shares = []
    for seed in range(seeds):
        torch.manual_seed(seed)
        shares.append(100 * stride_energy(config.build().logits(z)).mean().item())
    return shares


def test_checkerboard_of_new_weights_depends_on_the_seed() -> None:
    """Uses random codes instead of test codes, so that it needs no data."""
    z = torch.randn(300, 2, generator=torch.Generator().manual_seed(0))
    shares = {kind: stride_shares(config, z, 60) for kind, config in KINDS.items()}
    for kind, found in shares.items():
        assert np.mean(found) == pytest.approx(NUMBERS[f"new_weights.{kind}.mean"], rel=0.15)
    stored = 100 * load("upsampling")["energy"][:2, :, 0]  # kinds, seeds
    for seeds, found in zip(stored, list(shares.values())[:2], strict=True):
        np.testing.assert_allclose(seeds, found[: len(seeds)], atol=3)


def test_checkerboard_of_the_server_s_decoders() -> None:
    """Log-odds of 1,000 draws: mostly pattern before training, and a trace after it."""
    z = torch.randn(1000, 2, generator=torch.Generator().manual_seed(0))
    new, trained, pictures = [], [], []
    for name in ("conv_vae_mnist", "conv_vae_mnist_transposed"):
        model = registry.load(name)
        new.append(stride_shares(registry.config(name), z, 10))
        with torch.no_grad():
            trained.append(stride_energy(model.logits(z)).mean().item())
        pictures.append(stride_energy(model.decode(z).flatten(1)).mean().item())
    for i, (kind, atol) in enumerate((("resize", 0.3), ("transposed", 4))):
        stated = {key: NUMBERS[f"server_stride.{kind}.{key}"] for key in ("log_odds", "images")}
        ends = [NUMBERS[f"server_stride.{kind}.new_log_odds.{end}"] for end in ("least", "most")]
        np.testing.assert_allclose([min(new[i]), max(new[i])], ends, atol=atol)
        assert 100 * trained[i] == pytest.approx(stated["log_odds"], rel=0.2)
        assert 100 * pictures[i] == pytest.approx(stated["images"], rel=0.25)


def test_real_digits_have_more_at_stride_2_than_decoded_ones() -> None:
    try:
        x = to_unit(load_dataset("mnist").test_images[:1000])
    except DataUnavailable as error:
        pytest.skip(str(error))
    assert stride_energy(x).mean().item() == pytest.approx(0.0002, abs=0.00005)
