"""Numbers that chapter 3 quotes, measured again."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from content.convolutional.images import draw
from latentbook.models import registry
from latentbook.models.conv_vae import ConvVAEConfig
from training.data import load_dataset, to_unit
from training.errors import DataUnavailable
from training.exports.upsampling import KINDS, stride_energy
from widgets.data import load
from widgets.morph import probabilities
from widgets.receptive_field import large_image

CHAPTER = Path(__file__).parents[2] / "content" / "convolutional"
FIELDS, BOARDS, SPATIAL, EQUAL = (
    " ".join((CHAPTER / f"{name}.md").read_text("utf-8").split())
    for name in ("down-and-up", "checkerboards", "spatial-codes", "equal-weights")
)


def test_what_a_unit_needs_of_its_field() -> None:
    assert "21 pixels a side, 9 hold 95 % when all weights are equal, which is 18 %" in FIELDS
    assert "13 of 21, by the mean of the squares. At 40 layers: 17 of 81 with equal" in FIELDS
    assert "The field has 31 pixels a side, and 27 of them are needed" in FIELDS

    def sides(stride: int, layers: int, power: int) -> tuple[int, int]:
        fields, held = large_image(3, stride, layers, power)
        return int(fields[-1]), int(held[-1])

    equal, drawn = 2, 1
    assert sides(1, 10, equal) == (21, 9)
    assert sides(1, 10, drawn) == (21, 13)
    assert sides(1, 40, equal) == (81, 17)
    assert sides(1, 40, drawn) == (81, 23)
    assert sides(2, 4, equal) == (31, 27)
    assert round(100 * 9**2 / 21**2) == 18


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
    assert "the inner 8 pixels a side hold 88 % of the squared gradient" in FIELDS
    inner = influence[10:18, 10:18].sum() / influence.sum()
    assert inner.item() == pytest.approx(0.88, abs=0.005)
    assert "With equal weights it would be 86 %" in FIELDS
    paths = np.zeros(10)  # along one side
    for start in range(0, 8, 2):
        paths[start : start + 4] += 1
    assert (np.sum(paths[1:-1] ** 2) / np.sum(paths**2)) ** 2 == pytest.approx(0.86, abs=0.005)


def test_training_draws_the_field_together() -> None:
    """New weights are independent, so that it is the number of paths that counts."""
    paths = np.zeros(10)
    for start in range(0, 8, 2):
        paths[start : start + 4] += 1
    assert (paths[1:-1].sum() / paths.sum()) ** 2 == pytest.approx(0.755, abs=0.015)
    assert "in four untrained copies the same square holds 75 to 76 %" in FIELDS


@pytest.mark.parametrize(
    ("name", "weights", "nats", "error"),
    [("conv_vae_mnist", 1_887_221, 139.6, 27.9), ("mlp_vae_mnist", 1_068_820, 138.4, 27.5)],
)
def test_cards_of_the_two_decoders(name: str, weights: int, nats: float, error: float) -> None:
    card = registry.card(name)
    assert f"`{name}` | {weights:,} | {nats} ± 0.5 | {error} ± 0.1 |" in EQUAL
    assert card["weights"]["parameters"] == weights
    assert round(card["metrics"]["negative_elbo"]["mean"], 1) == nats
    assert round(card["metrics"]["squared_error"]["mean"], 1) == error


def test_digits_that_have_the_room_to_move() -> None:
    try:
        dataset = load_dataset("mnist")
    except DataUnavailable as error:
        pytest.skip(str(error))
    train, test = to_unit(dataset.train_images), to_unit(dataset.test_images)
    moved = draw.shifted(test)
    home = moved.view(-1, 28, 28).roll((-draw.SHIFT, -draw.SHIFT), (1, 2)).flatten(1)
    assert "the 3,875 test digits that have the room" in SPATIAL and len(moved) == 3875
    assert "components leave 9.2 (8.8 on the digits that have the room)" in SPATIAL
    mean, axes = train.mean(0), torch.linalg.eigh(torch.cov(train.T))[1][:, -49:]
    for x, left in ((test, 9.2), (home, 8.8)):
        rebuilt = mean + (x - mean) @ axes @ axes.T
        assert (rebuilt - x).square().sum(1).mean().item() == pytest.approx(left, abs=0.05)
        cut = (rebuilt.clamp(0, 1) - x).square().sum(1).mean().item()
        assert x is home or cut == pytest.approx(8.0, abs=0.05)
    rim = torch.ones(28, 28, dtype=torch.bool)
    rim[1:-1, 1:-1] = False
    touching = (train[:, rim.flatten()] > 0).any(1)
    assert "1.4 % of the digits have ink in the outermost pixels" in SPATIAL
    assert touching.float().mean().item() == pytest.approx(0.014, abs=0.0005)


def test_the_judge_is_certain_of_what_is_no_digit() -> None:
    try:
        test = load_dataset("mnist").test_images / 255
    except DataUnavailable as error:
        pytest.skip(str(error))
    rng = np.random.default_rng(1)
    blocks = test.reshape(-1, 4, 7, 4, 7).swapaxes(2, 3)
    rows, columns = np.indices((4, 4))
    collages = blocks[rng.integers(len(test), size=(1000, 4, 4)), rows, columns].swapaxes(2, 3)
    judge = load("mnist_classifier")
    noise, pieces, digits = (
        100 * probabilities(x.reshape(1000, 784), judge).max(axis=1).mean()
        for x in (rng.random((1000, 784)), collages, test[:1000])
    )
    assert "but of uniform noise it is 61 % certain" in SPATIAL
    assert "come from sixteen digits 60 %" in SPATIAL
    assert "of 1,000 real ones it is 93 % certain" in SPATIAL
    np.testing.assert_allclose([noise, pieces, digits], [61, 60, 93], atol=1.5)


def test_the_pair_is_equal_in_weights() -> None:
    counts = [draw.weights_of(config.build()) for config in draw.PAIR.values()]
    assert counts == [111_961, 112_026]
    assert "has 10,130 weights and biases, the second 126,530" in SPATIAL
    assert "(20,930 weights and biases, a sixth of the flat one's)" in SPATIAL
    codes = (draw.spatial, draw.flat, draw.deep_spatial)
    assert [draw.weights_of(build()) for build in codes] == [10_130, 126_530, 20_930]


@torch.no_grad()
def stride_shares(config: ConvVAEConfig, z: torch.Tensor, seeds: int) -> list[float]:
    """Percent of the log-odds' variance at stride 2 of decoders with new weights."""
    shares = []
    for seed in range(seeds):
        torch.manual_seed(seed)
        shares.append(100 * stride_energy(config.build().logits(z)).mean().item())
    return shares


def test_checkerboard_of_new_weights_depends_on_the_seed() -> None:
    """Drawn codes in place of test codes, so that no data are needed."""
    z = torch.randn(300, 2, generator=torch.Generator().manual_seed(0))
    said = (
        "78 % of the variance of the first one's log-odds lies at stride 2, on average over 60",
        "Kernel 4 has 69 %, from 10 to 91",
        "Resizing has 0.5 %, and 2.4 at most",
    )
    shares = [stride_shares(config, z, 60) for config in KINDS.values()]
    for each, mean, tolerance, words in zip(shares, (78, 69, 0.5), (5, 5, 0.2), said, strict=True):
        assert words in BOARDS
        assert np.mean(each) == pytest.approx(mean, abs=tolerance)
    assert min(shares[0]) < 20 and max(shares[0]) > 93
    stored = 100 * load("upsampling")["energy"][:2, :, 0]  # kinds, seeds
    np.testing.assert_allclose(stored, [each[: stored.shape[1]] for each in shares[:2]], atol=3)


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
    trained_resize, trained_transposed = trained
    assert "between 29 and 93 % of the variance of its log-odds at stride 2 with new" in BOARDS
    assert "and 0.05 % when trained; `conv_vae_mnist`, which resizes, between 0.05 and" in BOARDS
    assert "1.8 % and then 0.006 %. In the pictures that they draw both have 0.002 %" in BOARDS
    np.testing.assert_allclose([min(new[1]), max(new[1])], [29, 93], atol=4)
    np.testing.assert_allclose([min(new[0]), max(new[0])], [0.05, 1.8], atol=0.3)
    assert trained_transposed == pytest.approx(0.0005, abs=0.0001)
    assert trained_resize == pytest.approx(0.00006, abs=0.00001)
    np.testing.assert_allclose(pictures, 0.00002, atol=0.000005)


def test_real_digits_have_more_at_stride_2_than_decoded_ones() -> None:
    try:
        x = to_unit(load_dataset("mnist").test_images[:1000])
    except DataUnavailable as error:
        pytest.skip(str(error))
    assert "Real test digits have ten times as much, 0.02 %" in BOARDS
    assert stride_energy(x).mean().item() == pytest.approx(0.0002, abs=0.00005)
