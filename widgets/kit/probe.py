"""A linear probe: which label can be read off a code by one matrix.

The probe is ridge regression from centred codes to one-hot labels, with an intercept; the largest
of the ten sums names the class. Its weights W solve

    min  sum_i |y_i - W^T (h_i - mean)|^2  +  ridge * lambda |W|^2,    lambda = mean |h_i - mean|^2,

which has one solution in closed form, the same on every machine. The unit lambda makes the probe
blind to the scale of a code.

Another matrix compares a code with the mean m_c of each class. The nearest mean is the largest of

    2 m_c . h - |m_c|^2,

so it is also a linear probe, and it has no settings.

Logistic regression, the book's standard probe, minimises

    sum_i -log softmax(W^T h_i + b)[y_i]  +  ridge / 2 * lambda |W|^2.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

CLASSES = 10
NEWTON_STEPS = 30  # at most
RIDGES = (0.001, 0.01, 0.1, 1.0, 10.0)
MATRICES = {
    "squares": "Least squares",
    "means": "Nearest mean",
    "logistic": "Logistic regression",
}


def fit(h: NDArray[Any], labels: NDArray[Any], ridge: float = 1.0) -> tuple[Array, Array]:
    """Fit the probe to labelled codes.

    Parameters
    ----------
    h : ndarray of shape (n, k)
    labels : ndarray of shape (n,), 0 to 9
    ridge : in units of the mean squared length of a centred code

    Returns
    -------
    matrix : ndarray of shape (k, 10)
    intercept : ndarray of shape (10,)
    """
    matrix, intercept = regress(h, np.eye(CLASSES)[labels], ridge)
    return matrix, intercept


def regress(h: NDArray[Any], wanted: Array, ridge: float = 1.0) -> tuple[Array, Array]:
    """As `fit`, but to any numbers.

    Parameters
    ----------
    h : ndarray of shape (n, k)
    wanted : ndarray of shape (n, m)
    ridge : in units of the mean squared length of a centred code

    Returns
    -------
    matrix : ndarray of shape (k, m)
    intercept : ndarray of shape (m,)
    """
    mean, middle = h.mean(axis=0, dtype=np.float64), wanted.mean(axis=0)
    centred, off = h - mean, wanted - middle
    n, k = centred.shape
    added = ridge * max(np.sum(centred**2) / n, 1e-12)
    if k <= n:
        matrix = np.linalg.solve(centred.T @ centred + added * np.eye(k), centred.T @ off)
    else:  # the same matrix, from n x n
        matrix = centred.T @ np.linalg.solve(centred @ centred.T + added * np.eye(n), off)
    return matrix, middle - mean @ matrix


def nearest_mean(h: NDArray[Any], labels: NDArray[Any]) -> tuple[Array, Array]:
    """As `fit`, to the means of the classes: the largest sum belongs to the nearest one.

    Parameters
    ----------
    h : ndarray of shape (n, k)
    labels : ndarray of shape (n,), 0 to 9, each of them at least once

    Returns
    -------
    matrix : ndarray of shape (k, 10)
    intercept : ndarray of shape (10,)
    """
    means = np.stack([h[labels == c].mean(axis=0, dtype=np.float64) for c in range(CLASSES)])
    return 2 * means.T, -np.sum(means**2, axis=1)


def logistic(
    h: NDArray[Any], labels: NDArray[Any], ridge: float = 1.0, start: Array | None = None
) -> tuple[tuple[Array, Array], Array]:
    """As `fit`, by logistic regression: Newton's method, for codes of a few numbers.

    Parameters
    ----------
    h : ndarray of shape (n, k)
    labels : ndarray of shape (n,), 0 to 9
    ridge : in units of the mean squared length of a centred code
    start : ndarray of shape (k + 1, 10), the second result for a similar ridge; None for zeros

    Returns
    -------
    probe : matrix of shape (k, 10) and intercept of shape (10,)
    weights : ndarray of shape (k + 1, 10), of the centred codes of mean squared length 1, and of 1
    """
    mean = h.mean(axis=0, dtype=np.float64)
    unit = np.sqrt(max(np.mean(np.sum((h - mean) ** 2, axis=1)), 1e-12))
    u = np.concatenate([(h - mean) / unit, np.ones((len(h), 1))], axis=1)
    n, k = u.shape
    wanted = np.eye(CLASSES)[labels]
    squares = (u[:, :, None] * u[:, None]).reshape(n, k * k)
    penalty = np.full((k, 1), ridge)
    penalty[-1] = 1e-6  # of the intercepts: only their differences matter
    weights = np.zeros((k, CLASSES)) if start is None else start

    def loss(weights: Array) -> float:
        odds = u @ weights
        most = odds.max(axis=1)
        spread = np.log(np.exp(odds - most[:, None]).sum(axis=1)) + most
        return float(
            np.sum(spread - (odds * wanted).sum(axis=1)) + np.sum(penalty * weights**2) / 2
        )

    now = loss(weights)
    for _ in range(NEWTON_STEPS):
        odds = u @ weights
        chance = np.exp(odds - odds.max(axis=1, keepdims=True))
        chance /= chance.sum(axis=1, keepdims=True)
        gradient = u.T @ (chance - wanted) + penalty * weights
        between = chance[:, :, None] * (np.eye(CLASSES) - chance[:, None])  # (n, 10, 10)
        curvature = (squares.T @ between.reshape(n, -1)).reshape(k, k, CLASSES, CLASSES)
        curvature = curvature.swapaxes(1, 2).reshape(k * CLASSES, k * CLASSES)
        curvature += np.diag(np.repeat(penalty, CLASSES))
        step = np.linalg.solve(curvature, gradient.ravel()).reshape(k, CLASSES)
        size = 1.0
        while size > 1e-3 and loss(weights - size * step) > now:
            size /= 2
        weights = weights - size * step
        before, now = now, loss(weights)
        if before - now < 1e-8 * before:
            break
    matrix = weights[:-1] / unit
    return (matrix, weights[-1] - mean @ matrix), weights


def chosen_logistic(h: NDArray[Any], labels: NDArray[Any]) -> tuple[Array, Array]:
    """The logistic probe with the best ridge on :func:`held_out` labels; `h` is sorted by class.

    The best ridge has the least loss: few labels are held out, so many ridges get equally many
    right. With a single label per class nothing can be held out, and the ridge is 1.

    Parameters
    ----------
    h : ndarray of shape (n, k), the same number of each class
    labels : ndarray of shape (n,), 0 to 9, ascending

    Returns
    -------
    matrix : ndarray of shape (k, 10)
    intercept : ndarray of shape (10,)
    """
    best, start = 1.0, None
    held = held_out(len(h))
    if held.any():
        loss = {}
        for ridge in reversed(RIDGES):
            probe, start = logistic(h[~held], labels[~held], ridge, start)
            loss[ridge] = log_loss(h[held], labels[held], probe)
        best = min(RIDGES, key=loss.__getitem__)
    return logistic(h, labels, best)[0]


def held_out(n: int) -> NDArray[np.bool_]:
    """Mask of the labels, sorted by class, that are held out to choose a ridge.

    One in five of each class, but at least one; none if a class has only one.

    Parameters
    ----------
    n : labels, the same number of each class

    Returns
    -------
    ndarray of shape (n,), bool
    """
    per_class = n // CLASSES
    count = max(1, per_class // 5) if per_class > 1 else 0
    held: NDArray[np.bool_] = np.arange(n) % per_class >= per_class - count
    return held


def left_out(h: NDArray[Any], labels: NDArray[Any], ridge: float = 1.0) -> Array:
    """Scores of each labelled code by a probe of all others, without fitting n probes.

    With the weight of the ridge held fixed, (y - left out) = (y - fitted) / (1 - leverage).

    Parameters
    ----------
    h : ndarray of shape (n, k)
    labels : ndarray of shape (n,), 0 to 9
    ridge : in units of the mean squared length of a centred code

    Returns
    -------
    ndarray of shape (n, 10)
    """
    wanted = np.eye(CLASSES)[labels]
    centred = h - h.mean(axis=0, dtype=np.float64)
    n, k = centred.shape
    added = ridge * max(np.sum(centred**2) / n, 1e-12)
    if k <= n:
        solved = np.linalg.solve(centred.T @ centred + added * np.eye(k), centred.T).T
        leverage = 1 / n + np.sum(solved * centred, axis=1)
    else:
        gram = centred @ centred.T
        leverage = 1 / n + np.diag(np.linalg.solve(gram + added * np.eye(n), gram))
    fitted = scores(h, fit(h, labels, ridge))
    apart: Array = wanted - (wanted - fitted) / (1 - leverage)[:, None]
    return apart


def chosen_ridge(h: NDArray[Any], labels: NDArray[Any]) -> float:
    """The value in RIDGES whose probes get the most left-out labels right.

    Parameters
    ----------
    h : ndarray of shape (n, k)
    labels : ndarray of shape (n,), 0 to 9
    """
    right = [np.mean(left_out(h, labels, ridge).argmax(axis=1) == labels) for ridge in RIDGES]
    return RIDGES[int(np.argmax(right))]


def scores(h: NDArray[Any], probe: tuple[Array, Array]) -> Array:
    """The probe's score for each class; with `fit`, each row sums to 1.

    Parameters
    ----------
    h : ndarray of shape (m, k)
    probe : matrix of shape (k, 10) and intercept of shape (10,), from :func:`fit`

    Returns
    -------
    ndarray of shape (m, 10)
    """
    matrix, intercept = probe
    return h @ matrix + intercept


def share_right(h: NDArray[Any], labels: NDArray[Any], probe: tuple[Array, Array]) -> float:
    """Share of the codes whose label the probe gets right.

    Parameters
    ----------
    h : ndarray of shape (m, k)
    labels : ndarray of shape (m,), 0 to 9
    probe : matrix of shape (k, 10) and intercept of shape (10,), from :func:`fit`
    """
    return float(np.mean(scores(h, probe).argmax(axis=1) == labels))


def log_loss(h: NDArray[Any], labels: NDArray[Any], probe: tuple[Array, Array]) -> float:
    """Mean cross-entropy of the labels, in nats, if the probe gives log-odds.

    Parameters
    ----------
    h : ndarray of shape (m, k)
    labels : ndarray of shape (m,), 0 to 9
    probe : matrix of shape (k, 10) and intercept of shape (10,), from :func:`fit`
    """
    odds = scores(h, probe)
    odds -= odds.max(axis=1, keepdims=True)
    spread = np.log(np.exp(odds).sum(axis=1))
    return float(np.mean(spread - odds[np.arange(len(labels)), labels]))


def squared_loss(h: NDArray[Any], labels: NDArray[Any], probe: tuple[Array, Array]) -> float:
    """Mean squared error of a one-hot label.

    Parameters
    ----------
    h : ndarray of shape (m, k)
    labels : ndarray of shape (m,), 0 to 9
    probe : matrix of shape (k, 10) and intercept of shape (10,), from :func:`fit`
    """
    gap = scores(h, probe) - np.eye(CLASSES)[labels]
    return float(np.mean(np.sum(gap**2, axis=1)))


def drawn(labels: NDArray[Any], per_class: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Places of `per_class` labels of each class, drawn without replacement.

    Parameters
    ----------
    labels : ndarray of shape (n,), 0 to 9
    per_class : of each class
    rng : generator

    Returns
    -------
    ndarray of shape (10 per_class,), sorted by class
    """
    return np.concatenate(
        [rng.permutation(np.flatnonzero(labels == c))[:per_class] for c in range(CLASSES)]
    )


def over_draws(
    shown: NDArray[Any],
    labels: NDArray[Any],
    test: NDArray[Any],
    test_labels: NDArray[Any],
    *,
    per_class: int,
    draws: int,
    matrix: str = "squares",
    ridge: float = 1.0,
    seed: int = 0,
) -> Array:
    """Share of test codes that the probe gets right, for each of several draws of the labels.

    Parameters
    ----------
    shown : ndarray of shape (n, k), codes to draw from
    labels : ndarray of shape (n,), 0 to 9
    test : ndarray of shape (m, k), codes to test on
    test_labels : ndarray of shape (m,), 0 to 9
    per_class : labels per class in a draw
    draws : number of draws
    matrix : a key of MATRICES
    ridge : of least squares; that of logistic regression is chosen on held-out labels
    seed : of the generator

    Returns
    -------
    ndarray of shape (draws,), 0 to 1
    """
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(draws):
        places = drawn(labels, per_class, rng)
        h, known = shown[places], labels[places]
        if matrix == "logistic":
            probe = chosen_logistic(h, known)
        elif matrix == "means":
            probe = nearest_mean(h, known)
        else:
            probe = fit(h, known, ridge)
        found.append(share_right(test, test_labels, probe))
    return np.array(found)
