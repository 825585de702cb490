"""The patches that count in a masked autoencoder's error."""

import pytest
import torch

from training.masked_autoencoder import MaskedAutoencoderConfig, draw_visible, hidden_error


@pytest.fixture
def drawn():
    torch.manual_seed(0)
    x = torch.rand(50, 784)
    return MaskedAutoencoderConfig().build(), x, draw_visible(len(x), 8)


def test_with_all_hidden_patches_scored_nothing_changes(drawn):
    assert torch.allclose(hidden_error(*drawn, scored=8), hidden_error(*drawn))


@torch.no_grad()
def test_a_part_of_the_hidden_patches_has_the_same_error_on_average(drawn):
    some = torch.stack([hidden_error(*drawn, scored=2) for _ in range(400)])
    assert some.std(0).min() > 0  # not always the same two
    assert torch.allclose(some.mean(0), hidden_error(*drawn), rtol=0.1)
