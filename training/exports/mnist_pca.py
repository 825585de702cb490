"""Principal components of MNIST: the best linear code, and its loss by width."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentbook_decoders.models.cards import Card
from training.data import load_dataset
from training.exports.export import Job, write_export

COMPONENTS = 64
# Test digits to show: the first of each class, or the next if the first is malformed (3, 5, 9).
DIGIT_INDEX = (3, 2, 1, 30, 4, 15, 11, 0, 61, 12)


def principal_components(
    x: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Mean, eigenvalues and eigenvectors of the covariance with 1/N.

    Parameters
    ----------
    x : ndarray of shape (n, d)

    Returns
    -------
    mean : ndarray of shape (d,)
    eigenvalues : ndarray of shape (d,), descending, >= 0
    components : ndarray of shape (d, d), rows of length 1; the entry largest in
        magnitude is positive, which fixes the sign
    """
    mean = x.mean(0)
    centred = x - mean
    eigenvalues, vectors = np.linalg.eigh(centred.T @ centred / len(x))
    components = vectors.T[::-1]
    largest = np.abs(components).argmax(1)
    components *= np.sign(components[np.arange(len(components)), largest])[:, None]
    return mean, eigenvalues[::-1].clip(min=0), components


def error_by_width(
    x: NDArray[np.float64], mean: NDArray[np.float32], components: NDArray[np.float16]
) -> NDArray[np.float32]:
    """Mean over images of the squared error with k = 0..len(components) components.

    Parameters
    ----------
    x : ndarray of shape (n, d)
    mean : ndarray of shape (d,)
    components : ndarray of shape (k_max, d), used as rounded

    Returns
    -------
    ndarray of shape (k_max + 1,)
    """
    residual = x - mean
    rows = components.astype(np.float64)
    code = residual @ rows.T
    errors = [np.square(residual).sum(1).mean()]
    for k, row in enumerate(rows):
        residual -= np.outer(code[:, k], row)
        errors.append(np.square(residual).sum(1).mean())
    return np.array(errors, np.float32)


def make_mnist_pca(job: Job) -> Card:
    """PCA of the 60,000 training images in [0, 1]; errors on the 10,000 test images."""
    dataset = load_dataset("mnist")
    train = dataset.train_images.reshape(len(dataset.train_images), -1) / 255.0
    test = dataset.test_images.reshape(len(dataset.test_images), -1) / 255.0
    mean, eigenvalues, components = principal_components(train)
    rounded_mean, rounded = mean.astype(np.float32), components[:COMPONENTS].astype(np.float16)
    errors = error_by_width(test, rounded_mean, rounded)
    digits = dataset.test_images[list(DIGIT_INDEX)].reshape(len(DIGIT_INDEX), -1)
    arrays: dict[str, NDArray[Any]] = {
        "mean": rounded_mean,
        "components": rounded,
        "eigenvalues": eigenvalues.astype(np.float32),
        "digits": digits,
        "digit_index": np.array(DIGIT_INDEX),
        "test_error": errors,
    }
    card = {
        "title": "Principal components of MNIST",
        "data": dataset.origin,
        "method": (
            "images scaled to [0, 1]; covariance of the 60,000 training images with 1/N in "
            "float64; test_error with the mean and the components as rounded here"
        ),
        "metrics": {
            "squared_error_30_components": round(float(errors[30]), 4),
            "published": "13.87, Hinton & Salakhutdinov 2006, doi:10.1126/science.1127647",
            "variance_kept_30_components": round(
                float(eigenvalues[:30].sum() / eigenvalues.sum()), 4
            ),
        },
    }
    job.on_step(1, 1, float(errors[-1]))
    return write_export("mnist_pca", arrays, card)
