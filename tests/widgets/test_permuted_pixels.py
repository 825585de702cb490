"""Shuffled pixels: the networks against torch, and a dense network against its shuffled twin."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from training.data import load_dataset
from training.errors import DataUnavailable
from training.exports.shuffled_pixels import shuffled, untrained
from widgets import permuted_pixels
from widgets.data import load
from widgets.permuted_pixels import BLOCKS

TEXT = (Path(__file__).parents[2] / "content/convolutional/why-neighbours.md").read_text("utf-8")


def compute(**changed):
    return permuted_pixels.compute(**{**permuted_pixels.instrument.defaults(), **changed})


@pytest.mark.parametrize("block", BLOCKS)
def test_both_networks_answer_as_torch_does(block):
    data, which = load("shuffled_pixels"), BLOCKS.index(block)
    images = compute(block=block)["images"]
    given = torch.from_numpy(images[0].copy()).float().reshape(1, 784)

    network = untrained("convolution")
    layers = [layer for layer in network if isinstance(layer, nn.Conv2d)]
    for i, layer in enumerate(layers):
        kernel = torch.from_numpy(data[f"k{i}"][which].copy()).permute(3, 2, 0, 1)
        layer.load_state_dict(
            {"weight": kernel, "bias": torch.from_numpy(data[f"c{i}"][which].copy())}
        )
    with torch.no_grad():
        wanted = network(given).clamp(0, 1).reshape(28, 28).numpy()
    np.testing.assert_allclose(images[2], wanted, atol=1e-4)

    order = torch.from_numpy(data["orders"][which].astype(int))
    dense = untrained("dense")
    w, b = ([torch.from_numpy(data[f"{k}{i}"].copy()) for i in (0, 1)] for k in "wb")
    dense[0].load_state_dict({"weight": w[0].T[:, order], "bias": b[0]})
    dense[2].load_state_dict({"weight": w[1].T[order], "bias": b[1][order]})
    with torch.no_grad():
        wanted = dense(given).clamp(0, 1).reshape(28, 28).numpy()
    np.testing.assert_allclose(images[1], wanted, atol=1e-4)


def test_training_a_dense_network_on_shuffled_pixels_gives_its_shuffled_twin():
    """From shuffled weights, with the same hidden pixels: that is why one serves for all."""
    order = torch.from_numpy(shuffled(7))
    x = torch.rand(400, 784, generator=torch.Generator().manual_seed(0)).double()
    torch.manual_seed(0)
    network = untrained("dense").double()
    twin = untrained("dense").double()
    w, b = network[2].weight.detach(), network[2].bias.detach()
    twin[0].load_state_dict(
        {"weight": network[0].weight.detach()[:, order], "bias": network[0].bias.detach()}
    )
    twin[2].load_state_dict({"weight": w[order], "bias": b[order]})
    for model, place in ((network, torch.arange(784)), (twin, order)):
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0)
        kept = torch.Generator().manual_seed(1)
        for batch in x.split(100):
            given = batch * (torch.rand(batch.shape, generator=kept) < 0.5)
            loss = (model(given[:, place]) - batch[:, place]).square().sum(1).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    np.testing.assert_allclose(twin(x[:, order]).detach(), network(x)[:, order].detach(), atol=1e-9)


def test_pixels_stay_in_their_block():
    for block in BLOCKS:
        order = load("shuffled_pixels")["orders"][BLOCKS.index(block)]
        np.testing.assert_array_equal(np.sort(order), np.arange(784))
        place = np.arange(784)
        for old, new in ((order // 28, place // 28), (order % 28, place % 28)):
            np.testing.assert_array_equal(old // block, new // block)


def test_putting_pixels_back_changes_the_picture_and_not_the_errors():
    for block in BLOCKS:
        seen, back = compute(block=block), compute(block=block, back=True)
        np.testing.assert_array_equal(seen["here"], back["here"])
        digit = load("mnist_images")["images"][24] / 255
        np.testing.assert_array_equal(back["images"][3], digit)


def test_errors_are_those_the_text_tells_of():
    """Sharing weights between neighbours pays until they are neighbours no more."""
    result = compute()
    dense, convolution = result["dense_errors"], result["convolution_errors"]
    np.testing.assert_allclose(convolution[[0, 1, -1]], [9.3, 18.4, 43.2], atol=0.05)
    assert (dense.min().round(1), dense.max().round(1)) == (np.float32(16.4), np.float32(16.6))
    assert (convolution[1:] > dense[1:]).all()
    assert np.ptp(dense) < 1.0
    assert (np.diff(convolution) > 0).all()
    assert permuted_pixels.COPIED - 2 < convolution[-1] < permuted_pixels.COPIED


def test_what_copying_the_given_pixels_costs():
    try:
        dataset = load_dataset("mnist")
    except DataUnavailable as error:
        pytest.skip(str(error))
    x, mean = dataset.test_images / 255, dataset.train_images.mean(0) / 255
    black, at_the_mean = (np.square(x - fill).sum((1, 2)).mean() / 2 for fill in (0, mean))
    assert black == pytest.approx(permuted_pixels.COPIED, abs=0.01)
    assert f"costs {black:.1f}, with one grey" in TEXT
    assert f"at its mean over the training digits {at_the_mean:.1f}." in TEXT
