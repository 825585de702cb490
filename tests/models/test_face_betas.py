"""What codes tell of a face's factors by one number and by all, for codes that are known."""

import numpy as np
import pytest
import torch

from training.data.faces import FACTORS, HELD_OUT, FaceSet
from training.exports.face_betas import KNOWN, SEEN, by_chance, of_codes

COUNT = SEEN + HELD_OUT


@pytest.fixture(scope="module")
def faces():
    """Factors drawn at random; nobody looks at the pictures."""
    rng = np.random.default_rng(0)
    factors = [rng.integers(0, len(values), COUNT) for values in FACTORS.values()]
    return FaceSet(
        np.zeros((COUNT, 1, 1, 3), np.uint8),
        np.stack(factors, 1).astype(np.int8),
        np.zeros((COUNT, 4), np.float32),
    )


def test_a_latent_that_is_a_factor_tells_all_of_it(faces):
    """A code of noise, with one factor on one axis."""
    z = torch.randn(COUNT, 6, generator=torch.Generator().manual_seed(0))
    z[:, 2] = torch.from_numpy(faces.factor("glasses").astype(np.float32)) + 1e-3 * z[:, 2]
    found = of_codes((z[:SEEN], z[SEEN:]), z[SEEN:], faces)
    # two of the 20 bins hold a border of values, and leave at most ln 2 of ln 3 nats open
    assert 1 - 0.1 * np.log(2) / np.log(3) <= found["best"]["glasses"] <= 1
    assert found["second"]["glasses"] < 0.03
    assert found["turned"]["glasses"] < 0.8
    assert found["best"]["mouth"] < 0.03
    assert found["read"]["mouth"] < 0.2


def test_a_linear_classifier_reads_what_is_spread_over_latents(faces):
    """Ears, of two kinds, are the sign of a sum that no single number tells."""
    z = torch.randn(COUNT, 6, generator=torch.Generator().manual_seed(0))
    sign = 2 * torch.from_numpy(faces.factor("ears").astype(np.float32)) - 1
    total = z.sum(1)
    z += ((total.abs() * sign - total) / 6)[:, None]
    found = of_codes((z[:SEEN], z[SEEN:]), z[SEEN:], faces)
    assert found["read"]["ears"] > 0.97
    assert found["best"]["ears"] < 0.35


def test_chance_is_the_most_frequent_value(faces):
    z = torch.randn(HELD_OUT, 6, generator=torch.Generator().manual_seed(0))
    chance = by_chance(z, faces)
    for name in KNOWN:
        counts = np.bincount(faces.factor(name)[SEEN:])
        assert chance["read"][name] == pytest.approx(counts.max() / HELD_OUT, abs=1e-4)
        assert chance["best"][name] < 0.03
