"""Networks that are trained to compare: stacks of convolutions, and dense VAEs of faces."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from latentbook_decoders.models.face_vae import FaceVAEConfig
from training.exports.deep_stacks import (
    DEPTHS,
    STACKS,
    Pair,
    before_training,
    error,
    untrained,
)
from training.exports.face_controls import DenseFaceVAEConfig


def size(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize(("kind", "norm"), STACKS)
def test_stacks_of_any_depth_answer_with_images(kind: str, norm: str) -> None:
    for depth in DEPTHS:
        network = untrained(depth, kind, norm)
        assert sum(isinstance(each, Pair) for each in network) == depth // 2
        assert network(torch.rand(3, 784)).shape == (3, 784)


def test_a_quiet_stack_does_nothing_before_training() -> None:
    torch.manual_seed(0)
    pairs = [each for each in untrained(8, "quiet", "none") if isinstance(each, Pair)]
    x = torch.randn(2, 16, 7, 7)
    torch.testing.assert_close(nn.Sequential(*pairs)(x), x, rtol=0, atol=0)


def test_plain_layers_of_new_weights_neither_lose_nor_blow_up_the_signal() -> None:
    torch.manual_seed(0)
    pairs = [each for each in untrained(32, "plain", "none") if isinstance(each, Pair)]
    x = torch.randn(20, 16, 7, 7)
    inner = nn.Sequential(*pairs)(x)[:, :, 2:5, 2:5]
    # zeros beyond the edge take a sixth or so away in each of 32 layers
    assert 0.83**32 < inner.square().mean() / x.square().mean() < 1


def test_a_gradient_passes_a_quiet_stack_and_grows_exponentially_under_batch_norm() -> None:
    """The second is Yang et al. 2019, arXiv:1902.08129."""
    x = torch.rand(64, 784)
    assert before_training(32, "quiet", "none", x, 0) == pytest.approx((1, 1, 1), abs=1e-4)
    sizes = [before_training(depth, "plain", "batch", x, 0)[1] for depth in (8, 16, 24, 32)]
    factors = [after / before for before, after in pairwise(sizes)]
    assert all(factor > 2 for factor in factors)
    assert max(factors) < 3 * min(factors)


def test_the_error_is_of_all_pixels_and_of_an_output_that_is_cut() -> None:
    white = torch.ones(4, 784)
    assert error(nn.Sequential(nn.Identity()), torch.zeros(4, 784)) == 0
    far = nn.Sequential(nn.Flatten(), nn.Linear(784, 784))
    nn.init.zeros_(far[1].weight)
    nn.init.constant_(far[1].bias, 7.0)
    assert error(far, white) == 0
    assert error(nn.Sequential(nn.Identity()), white) == pytest.approx(392, abs=30)


def test_the_dense_vae_of_faces_has_as_many_weights() -> None:
    dense, convolutional = DenseFaceVAEConfig().build(), FaceVAEConfig().build()
    assert size(dense) == pytest.approx(size(convolutional), rel=0.01)
    mu, logvar = dense.encode(torch.rand(2, 64, 64, 3).movedim(3, 1).flatten(1))
    assert mu.shape == logvar.shape == (2, 64)
    assert dense.logits(mu).shape == (2, 12288)
