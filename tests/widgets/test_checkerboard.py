"""Overlaps and energies against torch's transposed convolution, numpy's FFT and a closed form."""

import numpy as np
import pytest
import torch
from torch.nn.functional import conv2d, conv_transpose2d, interpolate

from training.exports.upsampling import KINDS as CONFIGS
from training.exports.upsampling import stride_energy
from widgets import checkerboard
from widgets.checkerboard import KINDS, PATTERN, STAGES
from widgets.data import load


def compute(**changed):
    return checkerboard.compute(**{**checkerboard.instrument.defaults(), **changed})


def spectrum_share(picture, stride):
    """Compute by FFT the share of energy at the non-zero multiples of 1/stride."""
    energy = np.abs(np.fft.fft2(picture)) ** 2
    at = np.arange(0, len(picture), len(picture) // stride)
    return (energy[np.ix_(at, at)].sum() - energy[0, 0]) / energy.sum()


@pytest.mark.parametrize("stride", [1, 2, 3, 4])
@pytest.mark.parametrize("kernel", range(1, 9))
def test_patterns_are_what_torch_makes_of_a_flat_input(kernel, stride):
    seed = 3
    result = compute(kernel=kernel, stride=stride, seed=seed)
    drawn = np.random.default_rng(seed).normal(1, 1, (kernel, kernel))
    flat = torch.ones(1, 1, 40, 40, dtype=torch.float64)
    for weights, pattern in ((np.ones((kernel, kernel)), 0), (drawn, 1)):
        laid = conv_transpose2d(flat, torch.from_numpy(weights)[None, None], stride=stride)
        inner = laid[0, 0, 8 * stride : 8 * stride + PATTERN, 8 * stride : 8 * stride + PATTERN]
        wanted = inner.numpy() * (stride / kernel) ** 2
        np.testing.assert_allclose(result["patterns"][pattern], wanted, atol=1e-12)
        share = spectrum_share(wanted, stride)
        assert result["shares"][pattern] == pytest.approx(share, abs=1e-12)
    resized = interpolate(flat, scale_factor=stride)
    out = conv2d(resized, torch.from_numpy(drawn)[None, None])[0, 0]
    assert out.std() < 1e-9
    assert result["shares"][2] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("stride", [1, 2, 3, 4])
@pytest.mark.parametrize("kernel", range(1, 9))
def test_share_of_equal_weights_in_closed_form(kernel, stride):
    r = kernel % stride
    wanted = 1 - (1 + r * (stride - r) / kernel**2) ** -2
    result = compute(kernel=kernel, stride=stride)
    assert result["shares"][0] == pytest.approx(wanted, abs=1e-12)
    assert (r == 0) == (np.ptp(result["counts"]) == 0)
    assert result["counts"].mean() == pytest.approx(kernel / stride)


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_decoders_draw_what_torch_draws(kind, stage):
    data, at = load("upsampling"), list(STAGES).index(stage)
    decoder = CONFIGS[kind].build().decoder
    weights = {}
    for name in decoder.state_dict():
        place, part = name.split(".")
        layer = decoder[int(place)]
        if isinstance(layer, torch.nn.Linear):
            index = [m for m in decoder if isinstance(m, torch.nn.Linear)].index(layer)
            array = data[f"{kind}_{part[0]}{index}"][at]
            weights[name] = torch.from_numpy(array.T.copy())
        else:
            both = (torch.nn.Conv2d, torch.nn.ConvTranspose2d)
            index = [m for m in decoder if isinstance(m, both)].index(layer)
            array = torch.from_numpy(
                data[f"{kind}_{'k' if part == 'weight' else 'c'}{index}"][at].copy()
            )
            order = (3, 2, 0, 1) if isinstance(layer, torch.nn.Conv2d) else (2, 3, 0, 1)
            weights[name] = array.permute(order) if part == "weight" else array
    decoder.load_state_dict(weights)
    result = compute(stage=stage, digit=7)
    z = data["codes"][load("mnist_images")["position"][6]]
    with torch.no_grad():
        logits = decoder(torch.from_numpy(z.copy())[None])
    which = KINDS.index(kind)
    scale = np.abs(logits.numpy()).max()
    np.testing.assert_allclose(
        result["odds"][which], logits.reshape(28, 28).numpy(), atol=1e-5 * scale
    )
    assert result["energy"][which] == pytest.approx(stride_energy(logits).item(), rel=1e-4)
    centred = logits.reshape(28, 28).double().numpy()
    share = spectrum_share(centred - centred.mean(), 2)
    assert result["energy"][which] == pytest.approx(share, rel=1e-3)


def test_shares_fall_although_the_pattern_grows():
    recorded = load("upsampling")["energy"].mean(axis=1)  # kinds, steps
    assert (recorded[:, -1] < recorded[:, 0] / 20).all()
    before, after = (compute(stage=stage, digit=7) for stage in ("0", "2000"))
    for which in range(len(KINDS)):
        strength = [
            np.sqrt(result["energy"][which]) * result["odds"][which].std()
            for result in (before, after)
        ]
        assert strength[1] > 2 * strength[0]
