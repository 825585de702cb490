"""A GPU draws the same pictures as a CPU. Skipped without a GPU."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from latentbook_decoders.decoding import served_model
from latentbook_decoders.decoding.served_model import ServedModel, one_threaded_workers
from latentbook_decoders.models import registry

DEVICE = "cuda"
NAMES = ("conv_vae_mnist", "mlp_vae_mnist")
EDITION = """
import sys
from latentbook_decoders.decoding.served_model import ServedModel, one_threaded_workers
from latentbook_decoders.models import registry
model = registry.load(sys.argv[1])
print(ServedModel(model, sys.argv[2], "auto", one_threaded_workers()).fingerprint)
"""
pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="There is no GPU.")


@pytest.mark.parametrize("name", NAMES)
def test_each_process_draws_the_same_pictures(name):
    """Unless it must be deterministic, cuDNN chooses among algorithms that round differently."""
    run = (sys.executable, "-c", EDITION, name, DEVICE)
    fingerprints = {subprocess.run(run, capture_output=True, check=True).stdout for _ in range(4)}
    assert len(fingerprints) == 1


@pytest.mark.parametrize("name", NAMES)
def test_float32_draws_as_a_cpu_does(name):
    """TF32 has 10 bits of mantissa and would change one pixel in a hundred."""
    with one_threaded_workers() as workers:
        model = registry.load(name)
        z = served_model.test_codes(model.latent_dim, model.image_shape)
        there, here = (
            ServedModel(registry.load(name), device, "float32", workers).decode(z, exact=True)
            for device in (DEVICE, "cpu")
        )
    difference = np.abs(there.astype(np.int16) - here)
    assert difference.max() <= 1
    assert np.mean(difference > 0) < 1e-4


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_depends_on_its_code_alone(name):
    with one_threaded_workers() as workers:
        drawn = ServedModel(registry.load(name), DEVICE, "auto", workers)
        z = served_model.test_codes(drawn.latent_dim, drawn.image_shape)
        together = drawn.decode(z, exact=False)
        assert np.array_equal(drawn.decode(z[::-1], exact=False), together[::-1])
        assert np.array_equal(drawn.decode(z[:1000], exact=False), together[:1000])
