"""The codes compared in chapter 5: of 1,000 training and 1,000 test images of MNIST, by name.

A probe may use the labels of the training images and is tested on the test images. Every fourth
test image is also encoded after four changes.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from widgets.contract import YOURS
from widgets.data import load
from widgets.kit.network import decode, encode
from widgets.kit.probe import regress, scores
from widgets.kit.transforms import dim, shift

JUDGED = {
    "pixels": "Pixels",
    "pca": "PCA",
    "autoencoder": "Autoencoder, 2",
    "deep": "Deep autoencoder, 30",
    "vae": "VAE, 2",
    "vae_16": "VAE, 16",
    "masked": "Masked autoencoder",
    "contrastive": "Contrastive",
    "vicreg": "VICReg",
    "random": "Untrained network",
    "network": "Network with labels",
}
FILES = {
    "pca": "mnist_as_pca",
    "autoencoder": "mnist_as_autoencoder",
    "deep": "mnist_as_deep",
    "vae": "mnist_as_vae",
    "vae_16": "mnist_as_vae_16",
    "masked": "mnist_as_masked",
    "contrastive": "mnist_as_contrastive",
    "vicreg": "mnist_as_vicreg",
    "random": "mnist_as_random",
    "network": "mnist_as_network",
}
"""Files of codes, by encoder: full names, because notebooks include each file that they name."""
SHOWN = 1000  # training images; the test images follow them
CHANGED = 4  # every fourth test image is also changed
NOISE, BLUR, SHIFT, DIMMED = 0.3, 1.0, 2, 0.4  # of ink; px; px; share of the ink that is left

CHANGES = {
    "noise": "noise",
    "blur": "blur",
    "shift": "shift",
    "dim": "dimmed",
}

PIXEL = np.arange(28)
SPREAD = np.exp(-0.5 * (np.subtract.outer(PIXEL, PIXEL) / BLUR) ** 2)
SPREAD /= SPREAD[14].sum()


def change(x: NDArray[Any], how: str) -> NDArray[np.float64]:
    """Images changed in one of the ways of CHANGES.

    Noise of standard deviation 0.3 on every pixel, clipped to [0, 1]; a Gaussian blur of 1 px; a
    shift by 2 px to the right; ink at 40 %.

    Parameters
    ----------
    x : ndarray of shape (m, 28, 28), in [0, 1], 1 is ink
    how : a key of CHANGES

    Returns
    -------
    ndarray of shape (m, 28, 28), in [0, 1]

    Raises
    ------
    KeyError
        If there is no change of that name.
    """
    match how:
        case "noise":
            noise = np.random.default_rng(0).normal(0, NOISE, x.shape)
            return (x + noise).clip(0, 1)
        case "blur":
            blurred: NDArray[np.float64] = SPREAD @ x @ SPREAD
            return blurred
        case "shift":
            return shift(x, SHIFT)
        case "dim":
            return dim(x, DIMMED)
    raise KeyError(f"There is no change {how!r}. Accepted names: {', '.join(CHANGES)}.")


def untrained(seed: int = 0, code: int = 32, out: int = 10) -> dict[str, NDArray[np.float64]]:
    """Initial weights of the small convolutional network, before any training.

    Uniform within 1 / sqrt(inputs of a unit), kernels, matrices and biases alike.

    Parameters
    ----------
    seed : of the generator
    code : features, the numbers of the layer before the last
    out : classes

    Returns
    -------
    dict with w0, b0, ..., w3, b3, of the shapes that :func:`layers_of` accepts
    """
    rng = np.random.default_rng(seed)
    weights = {}
    for i, shape in enumerate([(8, 1, 5, 5), (16, 8, 5, 5), (256, code), (code, out)]):
        inputs, units = (np.prod(shape[1:]), shape[0]) if len(shape) == 4 else shape
        bound = inputs**-0.5
        weights[f"w{i}"] = rng.uniform(-bound, bound, shape)
        weights[f"b{i}"] = rng.uniform(-bound, bound, units)
    return weights


def labels() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Labels, 0 to 9, of the training images and of the test images.

    Returns
    -------
    shown, test : ndarray of shape (1000,), uint8
    """
    both = load("mnist_judged")["labels"]
    return both[:SHOWN], both[SHOWN:]


def images() -> NDArray[np.float64]:
    """Training images, then test images.

    Returns
    -------
    ndarray of shape (2000, 28, 28), in [0, 1], 1 is ink
    """
    return load("mnist_judged_images")["images"] / 255


def codes(name: str) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Codes of the training images, the test images and the changed ones.

    Parameters
    ----------
    name : a key of JUDGED, or YOURS, the encoder that the reader has trained

    Returns
    -------
    shown, test : ndarray of shape (1000, k)
    changed : ndarray of shape (4, 250, k)
    """
    if name not in ("pixels", YOURS):
        stored = load(FILES[name])
        return stored["codes"][:SHOWN], stored["codes"][SHOWN:], stored["changed"]
    x = images()
    seen = [x, *(change(x[SHOWN::CHANGED], how) for how in CHANGES)]
    if name == YOURS:
        own = encoder_of(load(YOURS))
        found = [encode(each, own) for each in seen]
    else:
        found = [each.reshape(len(each), -1) for each in seen]
    return found[0][:SHOWN], found[0][SHOWN:], np.stack(found[1:])


def encoder_of(kept: Any) -> dict[str, NDArray[Any]]:
    """The encoder's arrays of a saved network.

    Parameters
    ----------
    kept : the result of ``load(YOURS)``

    Returns
    -------
    dict with w0, b0, ..., for :func:`encode`
    """
    own = (key for key in kept if key.startswith("encoder_"))
    return {key.removeprefix("encoder_"): kept[key] for key in own}


def rebuilt(name: str) -> tuple[float, float | None]:
    """Quality of the test images' reconstructions from their codes.

    Parameters
    ----------
    name : a key of JUDGED, or YOURS

    Returns
    -------
    by_matrix : share of the variance of the pixels that ridge regression reads off the codes
    own : squared error per test image of the encoder's own decoder, None if it has none
    """
    if name == "pixels":
        return 1.0, 0.0
    if name != YOURS:
        stored = load(FILES[name])
        own = float(stored["squared_error"]) if "squared_error" in stored else None
        return float(stored["rebuilt"]), own
    x, (shown, test, _) = images(), codes(YOURS)
    x_hat = decode(test, load(YOURS))
    return variance_read(shown, test, x), float(np.sum((x_hat - x[SHOWN:]) ** 2) / len(test))


def variance_read(shown: NDArray[Any], test: NDArray[Any], x: NDArray[Any]) -> float:
    """Share of the variance of test images that a ridge of 0.001 reads off their codes.

    Parameters
    ----------
    shown, test : ndarray of shape (1000, k), codes of the training and the test images
    x : ndarray of shape (2000, 28, 28), both sets of images, from :func:`images`
    """
    rows = x.reshape(len(x), -1)
    read = scores(test, regress(shown, rows[:SHOWN], 0.001))
    wanted = rows[SHOWN:]
    return float(1 - np.sum((read - wanted) ** 2) / np.sum((wanted - wanted.mean(axis=0)) ** 2))
