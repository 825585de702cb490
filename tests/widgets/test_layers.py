"""One digit through the network against torch, and numbers that the text quotes."""

import numpy as np
import pytest
import torch
from torch.nn.functional import conv2d, max_pool2d

from widgets import layers
from widgets.data import load

PROBES = load("mnist_probes")


def compute(**changed):
    return layers.compute(**{**layers.instrument.defaults(), **changed})


def by_torch(x):
    """The layers of the network that was shown shifts, (n, units) each."""
    weights = load("mnist_network_shifts")
    w, b = ([torch.tensor(weights[f"{k}{i}"]) for i in range(4)] for k in "wb")
    h = [torch.tensor(x, dtype=torch.float32)[:, None]]
    for i in (0, 1):
        h.append(max_pool2d(conv2d(h[-1], w[i], b[i]).relu(), 2))
    h.append((h[-1].flatten(1) @ w[2] + b[2]).relu())
    h.append(h[-1] @ w[3] + b[3])
    return [layer.flatten(1).double().numpy() for layer in h]


def test_an_image_goes_through_as_in_torch():
    result = compute(layer=2)
    wanted = by_torch(result["x"][None])
    np.testing.assert_allclose(result["first"].ravel(), wanted[1][0], atol=1e-4)
    np.testing.assert_allclose(result["second"].ravel(), wanted[2][0], atol=1e-4)
    assert result["units"] == 256


def test_a_shift_by_the_total_stride_moves_the_maps_by_one_place():
    """Two poolings by 2: four pixels are two places of the first maps and one of the second.

    The maps may differ where the shift brings in the margin, and where the digit leaves.
    """
    for image in range(1, 41, 6):
        before, after = compute(image=image, right=0), compute(image=image, right=4)
        np.testing.assert_allclose(
            after["first"][:, :, 3:], before["first"][:, :, 1:-2], rtol=0, atol=1e-12
        )
        np.testing.assert_allclose(
            after["second"][:, :, 2:], before["second"][:, :, 1:-1], rtol=0, atol=1e-12
        )
        assert not np.allclose(after["first"], before["first"], atol=0.1)


@pytest.mark.parametrize("right", [-3, 0, 4])
def test_place_is_read_to_a_pixel_after_the_first_convolution(right):
    off = [compute(layer=1, right=right, image=i)["read"][1] - right for i in range(1, 41, 3)]
    assert np.mean(np.abs(off)) < 1


def test_figures_of_the_text():
    """Section `learned` quotes them in percent."""
    trained, _, untrained = np.round(100 * PROBES["scores"]).astype(int).tolist()
    assert [layer[0] for layer in trained] == [47, 85, 93, 96, 96]
    assert [layer[1] for layer in trained] == [90, 95, 93, 78, 14]
    assert [layer[2] for layer in trained][:2] == [64, 93]
    assert untrained[1][0] == 80
    assert untrained[2][1] == 90
    assert [layer[1] for layer in untrained][3] < trained[3][1]
    assert [layer[2] for layer in untrained][3] < trained[3][2]
