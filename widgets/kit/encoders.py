"""Seven ways to turn a digit into numbers, from its pixels to a trained network's features.

An encoder maps images of shape (m, 28, 28), in [0, 1], to codes of shape (m, k). The first three
are designed, PCA and the VAE have learned from images alone, the two networks from labels as well.
The networks differ in one thing: the second was shown its training digits shifted by up to 4 px.

Three more have learned from pairs of views without labels; `TWO_VIEWS` lists their files.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from widgets.data import load
from widgets.kit.masked import mean_token
from widgets.kit.network import SIDE, encode, layers_of

ENCODERS = {
    "pixels": "Pixels",
    "blurred": "Blurred pixels",
    "fourier": "Fourier magnitudes",
    "pca": "PCA",
    "vae": "VAE",
    "network": "Network",
    "shifts": "Network, shown shifts",
}
TWO_VIEWS = {
    "contrastive": "mnist_contrastive",
    "contrastive_turns": "mnist_contrastive_turns",
    "vicreg": "mnist_vicreg",
}
COMPONENTS = 30
BLUR = 2.0  # px, the standard deviation

PIXEL = np.arange(SIDE)
GAUSS = np.exp(-0.5 * (np.subtract.outer(PIXEL, PIXEL) / BLUR) ** 2)  # (28, 28)
GAUSS /= GAUSS[SIDE // 2].sum()
WAVES = np.exp(-2j * np.pi * np.outer(PIXEL, PIXEL) / SIDE) / np.sqrt(SIDE)  # (28, 28), unitary


def encode_as(name: str, x: NDArray[Any]) -> NDArray[np.float64]:
    """Codes of images.

    Parameters
    ----------
    name : a key of ENCODERS or of TWO_VIEWS, or "masked"; the last three are of chapter 4
    x : ndarray of shape (m, 28, 28), in [0, 1], 1 is ink

    Returns
    -------
    ndarray of shape (m, k)

    Raises
    ------
    KeyError
        If there is no encoder of that name.
    """
    h = x.astype(np.float64)
    match name:
        case "pixels":
            code = h
        case "blurred":
            code = GAUSS @ h @ GAUSS
        case "fourier":  # the strength of each wave; its phase is dropped
            code = np.abs(WAVES @ h @ WAVES)
        case "pca":
            pca = load("mnist_pca")
            code = (h.reshape(len(h), -1) - pca["mean"]) @ pca["components"][:COMPONENTS].T
        case "vae":
            code = encode(h, load("mlp_vae_mnist_encoder"))
        case "network" | "shifts":
            code = layers_of(h, load(NETWORKS[name]))[3]
        case "masked":  # not among ENCODERS: chapter 4 introduces it
            code = mean_token(h, load("mnist_masked"))
        case "contrastive" | "contrastive_turns" | "vicreg":
            code = layers_of(h, load(TWO_VIEWS[name]))[3]
        case _:
            names = ", ".join((*ENCODERS, *TWO_VIEWS, "masked"))
            raise KeyError(f"There is no encoder {name!r}. Accepted names: {names}.")
    return code.reshape(len(h), -1)


NETWORKS = {"network": "mnist_network", "shifts": "mnist_network_shifts"}
