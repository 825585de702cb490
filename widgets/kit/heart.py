"""Heartbeats rebuilt from a few numbers, and alarms on what comes back badly."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

LATENTS, HIDDEN = 4, 32
FITTED, JUDGED = 2, 3
"""Models are fitted to the minutes before the first, and judged from the second on. What lies
between sets the threshold."""

PERCENTILES = (80, 85, 90, 95, 98, 99)


@dataclass(frozen=True)
class Alarm:
    """What an alarm does in the judged minutes.

    Parameters
    ----------
    threshold : in units of the score
    rings : ndarray of shape (judged,), for which beats
    caught : share of the wide beats for which it rings
    false : share of the others for which it rings
    area : chance that a wide beat scores higher than another one
    """

    threshold: float
    rings: NDArray[np.bool_]
    caught: float
    false: float
    area: float


def rebuilt(beats: Floats, weights: dict[str, Floats]) -> Floats:
    """Beats as a fitted model gives them back.

    Parameters
    ----------
    beats : ndarray of shape (n, 36), mV
    weights : ``mean`` alone, for the mean beat; with ``axes``, (k, 36), for principal components;
        with ``w0`` to ``w3`` and ``b0`` to ``b3``, for an autoencoder; or ``fitted``, (m, 36), for
        the nearest of those beats

    Returns
    -------
    ndarray of shape (n, 36), mV
    """
    if "fitted" in weights:
        fitted: Floats = weights["fitted"]
        nearest = [int(np.sum((fitted - x) ** 2, axis=1).argmin()) for x in beats]
        return np.stack([fitted[i] for i in nearest])
    mean = weights["mean"].astype(np.float64)
    x = beats - mean
    if "axes" in weights:
        axes = weights["axes"].astype(np.float64)
        return mean + x @ axes.T @ axes
    if "w0" not in weights:
        return np.broadcast_to(mean, beats.shape)
    w = [weights[f"w{i}"].astype(np.float64) for i in range(4)]
    b = [weights[f"b{i}"].astype(np.float64) for i in range(4)]
    z = np.tanh(x @ w[0] + b[0]) @ w[1] + b[1]
    return mean + np.tanh(z @ w[2] + b[2]) @ w[3] + b[3]


def fainter(beats: Floats, wide: NDArray[np.bool_], strength: float) -> Floats:
    """Beats of which the wide ones are mixed with the normal beat before them.

    Parameters
    ----------
    beats : ndarray of shape (n, 36), in the order of time
    wide : ndarray of shape (n,); the first beat is not
    strength : share of itself in a wide beat, 0 to 1

    Returns
    -------
    ndarray of shape (n, 36)
    """
    before = np.maximum.accumulate(np.where(wide, 0, np.arange(len(wide))))
    return np.where(wide[:, None], strength * beats + (1 - strength) * beats[before], beats)


def since_the_last(seconds: Floats) -> Floats:
    """Seconds from each beat to the one before.

    Parameters
    ----------
    seconds : ndarray of shape (n,), when each beat is

    Returns
    -------
    ndarray of shape (n,); of the first beat, the median
    """
    between = np.diff(seconds)
    return np.concatenate([[np.median(between)], between])


def alarm_of(score: Floats, minute: Floats, wide: NDArray[np.bool_], percentile: float) -> Alarm:
    """An alarm above a percentile of the scores of the normal beats between the two parts.

    Parameters
    ----------
    score : ndarray of shape (n,), larger for stranger beats
    minute : ndarray of shape (n,), of each beat
    wide : ndarray of shape (n,), the beats to be caught
    percentile : 0 to 100
    """
    between = (minute >= FITTED) & (minute < JUDGED) & ~wide
    threshold = float(np.percentile(score[between], percentile))
    late = minute >= JUDGED
    strange, other = score[late & wide], score[late & ~wide]
    return Alarm(
        threshold=threshold,
        rings=score[late] > threshold,
        caught=float(np.mean(strange > threshold)),
        false=float(np.mean(other > threshold)),
        area=float(np.mean(strange[:, None] > other)),
    )
