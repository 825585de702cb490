"""Dictionaries of digit patches: atoms of which a few at a time rebuild a patch.

Learning alternates: code a batch of patches with fixed atoms, then move the atoms a little with
fixed codes. Older batches count less and less, as in online dictionary learning.

References
----------
Mairal et al. 2009, ICML. Beck & Teboulle 2009, SIAM J. Imaging Sci. 2(1).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentbook_decoders.models.cards import Card
from training.data import load_dataset
from training.exports.export import Job, write_export
from training.exports.mnist_pca import error_by_width, principal_components

SIDE = 8  # px of a patch
SIZES = (32, 64, 128, 256)  # atoms of each dictionary
GAMMA = 1.0  # weight of the L1 norm while learning
GAMMAS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0)  # measured on test patches
TRAIN_PATCHES, TEST_PATCHES, SHOWN = 40_000, 500, 40
BATCH, STEPS, MOVES = 256, 300, 10
MEASURED = 1000  # steps of a measured code: with fewer, units stay on at low prices
ACTIVE = 1e-4  # a weight below this counts as none

Array = NDArray[np.float64]


def sample_patches(
    images: NDArray[np.uint8], count: int, rng: np.random.Generator
) -> tuple[Array, NDArray[np.int64]]:
    """Patches in [0, 1] from random places with at least an eighth of full ink.

    Returns
    -------
    patches : ndarray of shape (count, 64)
    places : ndarray of shape (count, 3): image, row and column of the upper left corner
    """
    patches: list[Array] = []
    places: list[tuple[int, int, int]] = []
    room = images.shape[1] - SIDE + 1
    while len(patches) < count:
        image, row, column = (int(rng.integers(n)) for n in (len(images), room, room))
        patch = images[image, row : row + SIDE, column : column + SIDE] / 255.0
        if patch.mean() >= 1 / 8:
            patches.append(patch.ravel())
            places.append((image, row, column))
    return np.array(patches), np.array(places)


def sparse_codes(x: Array, atoms: Array, gamma: float, steps: int) -> Array:
    """Minimise |x - z atoms|^2 + gamma |z|_1 over z, by iterated soft thresholds with momentum.

    Parameters
    ----------
    x : ndarray of shape (n, d)
    atoms : ndarray of shape (m, d), rows of length 1
    gamma : weight of the L1 norm
    steps : of the iteration, from zero

    Returns
    -------
    ndarray of shape (n, m)
    """
    gram, towards = 2 * atoms @ atoms.T, 2 * x @ atoms.T
    bend = np.linalg.eigvalsh(gram)[-1]
    z = ahead = np.zeros_like(towards)
    t = 1.0
    for _ in range(steps):
        before, z = z, ahead - (ahead @ gram - towards) / bend
        z = np.sign(z) * np.maximum(np.abs(z) - gamma / bend, 0)
        t, last = (1 + np.sqrt(1 + 4 * t**2)) / 2, t
        ahead = z + (last - 1) / t * (z - before)
    return z


def learn_atoms(x: Array, size: int, rng: np.random.Generator, job: Job, part: int) -> Array:
    """A dictionary of `size` atoms for patches x of shape (n, d): (size, d), rows of length 1."""
    on_step = job.part(part, len(SIZES))
    atoms = unit(x[rng.choice(len(x), size, replace=False)])
    A, B = np.zeros((size, size)), np.zeros_like(atoms)
    for step in range(STEPS):
        batch = x[rng.integers(len(x), size=BATCH)]
        z = sparse_codes(batch, atoms, GAMMA, 40)
        kept = step / (step + 3)
        A, B = kept * A + z.T @ z, kept * B + z.T @ batch
        bend = np.linalg.eigvalsh(A)[-1]
        for _ in range(MOVES):
            atoms = unit(atoms + (B - A @ atoms) / bend)
        on_step(step + 1, STEPS, float(np.square(batch - z @ atoms).sum(1).mean()))
    return atoms


def unit(rows: Array) -> Array:
    """The rows scaled to length 1."""
    scaled: Array = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return scaled


def make_digit_patches(job: Job) -> Card:
    """Learn each dictionary from training digits, and measure it on patches of test digits."""
    dataset = load_dataset("mnist")
    rng = np.random.default_rng(0)
    train, _ = sample_patches(dataset.train_images, TRAIN_PATCHES, rng)
    test, places = sample_patches(dataset.test_images, TEST_PATCHES, rng)
    mean, _, components = principal_components(train)
    arrays: dict[str, NDArray[Any]] = {
        "digits": dataset.test_images[places[:SHOWN, 0]],
        "corners": places[:SHOWN, 1:].astype(np.int32),
        "gammas": np.array(GAMMAS),
        "pca_error": error_by_width(test, mean.astype(np.float32), components.astype(np.float16))
        / SIDE**2,
    }
    for part, size in enumerate(SIZES):
        atoms = learn_atoms(train, size, rng, job, part).astype(np.float16)
        active, error = [], []
        for gamma in GAMMAS:
            z = sparse_codes(test, atoms.astype(np.float64), gamma, MEASURED)
            active.append((np.abs(z) > ACTIVE).sum(1).mean())
            error.append(np.square(z @ atoms.astype(np.float64) - test).mean())
        arrays |= {
            f"atoms_{size}": atoms,
            f"active_{size}": np.array(active),
            f"error_{size}": np.array(error),
        }
    card = {
        "title": "Dictionaries of patches of MNIST digits",
        "data": dataset.origin,
        "method": (
            f"{TRAIN_PATCHES:,} patches of {SIDE} x {SIDE} pixels in [0, 1], a mean of at least "
            f"1/8, from training digits; |x - z D|^2 + {GAMMA:g} |z|_1; atoms of length 1, "
            f"float16; active units and mean squared error per pixel over "
            f"{TEST_PATCHES:,} patches of test digits, for each of gammas; pca_error the same for "
            "0 to 64 components"
        ),
        "seed": 0,
        "metrics": {
            f"{size}_atoms_at_gamma_1": {
                "active": round(float(arrays[f"active_{size}"][GAMMAS.index(1.0)]), 3),
                "squared_error_per_pixel": round(
                    float(arrays[f"error_{size}"][GAMMAS.index(1.0)]), 5
                ),
            }
            for size in SIZES
        },
    }
    return write_export("digit_patches", arrays, card)
