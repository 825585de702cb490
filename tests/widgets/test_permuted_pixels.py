"""Shuffled pixels: the networks against torch, and a dense network against its shuffled twin."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from training.data import load_dataset
from training.errors import DataUnavailable
from training.exports.reshuffled_pixels import reshuffled, shuffled_alike
from training.exports.shuffled_pixels import shuffled, untrained
from widgets import permuted_pixels
from widgets.data import load
from widgets.permuted_pixels import BLOCKS

RECORDED = Path(__file__).parents[2] / "content/convolutional/outputs.json"


def compute(**changed):
    return permuted_pixels.compute(**{**permuted_pixels.instrument.defaults(), **changed})


def answered(network, given):
    with torch.no_grad():
        return network(given).clamp(0, 1).reshape(28, 28).numpy()


def convolution_of(data, prefix, row):
    """Build the stored convolution as a torch network."""
    network = untrained("convolution")
    layers = [layer for layer in network if isinstance(layer, nn.Conv2d)]
    for i, layer in enumerate(layers):
        kernel = torch.from_numpy(data[f"{prefix}k{i}"][row].copy()).permute(3, 2, 0, 1)
        bias = torch.from_numpy(data[f"{prefix}c{i}"][row].copy())
        layer.load_state_dict({"weight": kernel, "bias": bias})
    return network


@pytest.mark.parametrize("block", BLOCKS)
def test_both_networks_answer_as_torch_does(block):
    data, which = load("shuffled_pixels"), BLOCKS.index(block)
    images = compute(block=block)["images"]
    given = torch.from_numpy(images[0].copy()).float().reshape(1, 784)
    wanted = answered(convolution_of(data, "", which), given)
    np.testing.assert_allclose(images[2], wanted, atol=1e-4)

    order = torch.from_numpy(data["orders"][which].astype(int))
    dense = untrained("dense")
    w, b = ([torch.from_numpy(data[f"{k}{i}"].copy()) for i in (0, 1)] for k in "wb")
    dense[0].load_state_dict({"weight": w[0].T[:, order], "bias": b[0]})
    dense[2].load_state_dict({"weight": w[1].T[order], "bias": b[1][order]})
    np.testing.assert_allclose(images[1], answered(dense, given), atol=1e-4)


@pytest.mark.parametrize("order", ["alike", "anew"])
@pytest.mark.parametrize("block", [2, 7])
def test_the_controls_answer_as_torch_does(order, block):
    data, row = load("reshuffled_pixels"), BLOCKS.index(block) - 1
    images = compute(block=block, order=order)["images"]
    given = torch.from_numpy(images[0].copy()).float().reshape(1, 784)
    wanted = answered(convolution_of(data, f"{order}_", row), given)
    np.testing.assert_allclose(images[2], wanted, atol=1e-4)
    if order == "anew":
        dense = untrained("dense")
        w, b = ([torch.from_numpy(data[f"anew_{k}{i}"][row].copy()) for i in (0, 1)] for k in "wb")
        dense[0].load_state_dict({"weight": w[0].T, "bias": b[0]})
        dense[2].load_state_dict({"weight": w[1].T, "bias": b[1]})
        np.testing.assert_allclose(images[1], answered(dense, given), atol=1e-4)


def test_a_new_shuffle_moves_pixels_within_their_blocks_and_differs_by_image():
    x = torch.arange(784.0).expand(3, -1)
    torch.manual_seed(0)
    drawn = reshuffled(7, x).numpy().astype(int)
    own = np.stack([permuted_pixels.drawn_order(7, digit) for digit in (1, 2)])
    for order in (*drawn, *own):
        np.testing.assert_array_equal(np.sort(order), np.arange(784))
        place = np.arange(784)
        for old, new in ((order // 28, place // 28), (order % 28, place % 28)):
            np.testing.assert_array_equal(old // 7, new // 7)
    assert (drawn[0] != drawn[1]).mean() > 0.9 and (own[0] != own[1]).mean() > 0.9


def test_blocks_shuffled_alike_are_equal_but_for_their_place():
    order = shuffled_alike(4, 0).reshape(7, 4, 7, 4).swapaxes(1, 2)
    corner = np.arange(784).reshape(7, 4, 7, 4).swapaxes(1, 2)[:, :, :1, :1]
    moved = order - corner
    assert (moved == moved[0, 0]).all()
    assert (moved[0, 0] != np.arange(4)[:, None] * 28 + np.arange(4)).any()


def test_training_a_dense_network_on_shuffled_pixels_gives_its_shuffled_twin():
    """Given shuffled weights and the same hidden pixels; hence one network serves all orders."""
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
    """Sharing weights between neighbours pays as long as they are neighbours."""
    result = compute()
    dense, convolution = result["errors"]["own"]
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
    numbers = json.loads(RECORDED.read_text("utf-8"))["numbers.py"]["numbers"]
    assert numbers["handed_back.black"] == pytest.approx(black, abs=0.01)
    assert numbers["handed_back.mean"] == pytest.approx(at_the_mean, abs=0.1)
