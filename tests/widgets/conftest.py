"""A fixture for the tests of several instruments."""

import base64
import io

import numpy as np
import pytest

from widgets import data, train_vae


@pytest.fixture
def kept():
    """A reader's own VAE, hardly trained."""
    state = train_vae.start(beta=1.0, rate=0.003, width=16, seed=1)
    arrays = train_vae.keep(state, width=16, beta=1.0, rate=0.003, seed=1)
    file = io.BytesIO()
    np.savez(file, **arrays)
    with data.kept(base64.b64encode(file.getvalue()).decode()):
        yield
