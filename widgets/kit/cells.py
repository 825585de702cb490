"""What maps of cells are of: codes, batches and genes that mark a kind."""

import numpy as np
from numpy.typing import NDArray

CODES = {"pca": "PCA", "autoencoder": "Autoencoder", "shuffled": "Genes shuffled"}
BATCHES = {"none": "As measured", "put_in": "Two batches", "taken_off": "Their means taken off"}
MARKERS = {
    "CD3D": "T cells",
    "CD79A": "B cells",
    "NKG7": "killers",
    "LYZ": "monocytes, dendritic",
    "FCGR3A": "some monocytes",
    "CD8B": "CD8 T cells",
    "CCR7": "naive T cells",
    "HLA-DQA1": "dendritic, B",
}
NEAREST = 10
SEEDS = 2


def same_among_nearest(
    places: NDArray[np.floating], labels: NDArray[np.integer]
) -> NDArray[np.float64]:
    """For each item, the share of its ten nearest others that have its label.

    Parameters
    ----------
    places : ndarray of shape (n, k)
    labels : ndarray of shape (n,)

    Returns
    -------
    ndarray of shape (n,)
    """
    squares = np.sum(places**2, axis=1)
    gaps = squares[:, None] + squares - 2 * places @ places.T
    np.fill_diagonal(gaps, np.inf)
    near = np.argpartition(gaps, NEAREST, axis=1)[:, :NEAREST]
    shares: NDArray[np.float64] = np.mean(labels[near] == labels[:, None], axis=1)
    return shares
