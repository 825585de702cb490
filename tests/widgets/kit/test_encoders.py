"""The encoders against NumPy, scipy, scikit-learn and torch, and numbers that the text quotes."""

import json

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from scipy.signal import correlate2d
from torch.nn.functional import conv2d, max_pool2d

from widgets.data import load
from widgets.kit.encoders import BLUR, COMPONENTS, ENCODERS, NETWORKS, encode_as
from widgets.kit.network import convolution, layers_of, pool
from widgets.kit.transforms import dim, shift, turn

GALLERY = load("mnist_gallery")
IMAGES, LABELS = GALLERY["images"] / 255, GALLERY["labels"]


def test_every_encoder_gives_one_code_an_image():
    for name in ENCODERS:
        code = encode_as(name, IMAGES[:3])
        assert code.ndim == 2
        assert len(code) == 3
        np.testing.assert_allclose(encode_as(name, IMAGES[:1]), code[:1], atol=1e-9)


def test_unknown_encoder_names_those_there_are():
    with pytest.raises(KeyError, match=r"no encoder 'sift'.*pixels, blurred, fourier, pca, vae"):
        encode_as("sift", IMAGES[:1])


def test_fourier_magnitudes_are_those_of_numpy():
    wanted = np.abs(np.fft.fft2(IMAGES[:20], norm="ortho")).reshape(20, -1)
    np.testing.assert_allclose(encode_as("fourier", IMAGES[:20]), wanted, atol=1e-9)


def test_fourier_magnitudes_are_invariant_to_circular_shifts_and_half_a_turn():
    code = encode_as("fourier", IMAGES)
    for right, down in ((1, 0), (4, -3), (-13, 20)):
        moved = encode_as("fourier", shift(IMAGES, right, down))
        np.testing.assert_allclose(moved, code, atol=1e-9)
    np.testing.assert_allclose(encode_as("fourier", turn(IMAGES, 180)), code, atol=1e-9)
    assert np.abs(encode_as("fourier", turn(IMAGES, 90)) - code).max() > 1


def test_blur_is_that_of_scipy():
    wanted = gaussian_filter(IMAGES[:20], (0, BLUR, BLUR), mode="constant", truncate=9)
    np.testing.assert_allclose(encode_as("blurred", IMAGES[:20]), wanted.reshape(20, -1), atol=1e-6)


def test_pca_keeps_as_much_as_its_eigenvalues_say():
    pca = load("mnist_pca")
    code = encode_as("pca", IMAGES)
    assert code.shape == (len(IMAGES), COMPONENTS)
    np.testing.assert_allclose(code.var(0)[:5], pca["eigenvalues"][:5], rtol=0.2)


def test_convolution_is_the_correlation_of_scipy():
    kernels = load("mnist_network")["w1"][:2]  # (2, 8, 5, 5)
    h = np.random.default_rng(0).normal(size=(1, 8, 12, 12))
    wanted = [
        sum(correlate2d(h[0, c], kernel[c], mode="valid") for c in range(8)) for kernel in kernels
    ]
    np.testing.assert_allclose(convolution(h, kernels)[0], wanted, atol=1e-9)


@pytest.mark.parametrize("name", NETWORKS.values())
def test_layers_are_those_of_torch(name):
    weights = load(name)
    w, b = ([torch.tensor(weights[f"{k}{i}"]).double() for i in range(4)] for k in "wb")
    h = torch.tensor(IMAGES[:30])[:, None]
    layers = layers_of(IMAGES[:30], weights)
    for i in (0, 1):
        h = max_pool2d(conv2d(h, w[i], b[i]).relu(), 2)
        np.testing.assert_allclose(layers[i + 1], h.numpy(), atol=1e-9)
    hidden = (h.flatten(1) @ w[2] + b[2]).relu()
    np.testing.assert_allclose(layers[3], hidden.numpy(), atol=1e-9)
    np.testing.assert_allclose(layers[4], (hidden @ w[3] + b[3]).numpy(), atol=1e-9)


def test_pool_takes_the_largest_of_each_square():
    h = np.arange(16.0).reshape(1, 1, 4, 4)
    np.testing.assert_array_equal(pool(h)[0, 0], [[5, 7], [13, 15]])


CHANGES = {
    "unchanged": lambda x: x,
    "right_2": lambda x: shift(x, 2),
    "right_4": lambda x: shift(x, 4),
    "up_4": lambda x: shift(x, 0, -4),
    "turned": lambda x: turn(x, 30),
    "pale": lambda x: dim(x, 0.2),
}


def test_accuracy_after_each_change_is_that_of_the_table(root):
    """Table `table-changes` of the section on properties."""
    outputs = json.loads((root / "content/representations/outputs.json").read_text("utf-8"))
    stated = outputs["numbers.py"]["numbers"]
    for change, move in CHANGES.items():
        moved = move(IMAGES)
        for key, name in zip(("network", "shifts"), NETWORKS.values(), strict=True):
            answers = layers_of(moved, load(name))[-1].argmax(1)
            right = 100 * np.mean(answers == LABELS)
            assert right == pytest.approx(stated[f"right.{key}.{change}"], abs=0.051)


def test_a_few_long_detours_cost_the_vae_its_lead_in_smoothness():
    """By the median it beats blurred pixels; the means are 1.42 and 1.32, as the text says."""
    ways = {}
    for name in ("vae", "blurred"):
        path = np.stack([encode_as(name, turn(IMAGES, a)) for a in range(-20, 21, 5)])
        steps = np.linalg.norm(np.diff(path, axis=0), axis=2).sum(0)
        ways[name] = steps / np.linalg.norm(path[-1] - path[0], axis=1)
    assert np.median(ways["vae"]) < np.median(ways["blurred"])
    assert ways["vae"].mean() == pytest.approx(1.42, abs=0.005)
    assert ways["blurred"].mean() == pytest.approx(1.32, abs=0.005)


def test_a_turn_moves_fourier_magnitudes_as_far_as_pixels():
    """0.83 and 0.82 of the distance to another digit, as the text says."""
    for name, stated in (("fourier", 0.83), ("pixels", 0.82)):
        moved = encode_as(name, turn(IMAGES, 30)) - encode_as(name, IMAGES)
        unit = load("mnist_distances")["scale"][list(ENCODERS).index(name)]
        assert np.linalg.norm(moved, axis=1).mean() / unit == pytest.approx(stated, abs=0.005)


def test_fourier_magnitudes_take_sixes_for_nines():
    """22 of 136 are confused, and none by pixels, as the answer to `q-six-nine` says."""
    turnable = (LABELS == 6) | (LABELS == 9)
    assert turnable.sum() == 136
    for name, count in (("fourier", 22), ("pixels", 0)):
        h = encode_as(name, IMAGES)
        gap = np.sum(h**2, axis=1)[:, None] + np.sum(h**2, axis=1) - 2 * h @ h.T
        np.fill_diagonal(gap, np.inf)
        swapped = LABELS[gap.argmin(1)] == 15 - LABELS.astype(int)
        assert (swapped & turnable).sum() == count
