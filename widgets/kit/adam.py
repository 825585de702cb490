"""A step of Adam, and weights in one vector.

References
----------
Kingma & Ba 2015, arXiv:1412.6980, algorithm 1.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

FIRST, SECOND, TINY = 0.9, 0.999, 1e-8


def adam(
    theta: Array,
    m: Array,
    v: Array,
    gradient: Array,
    t: int,
    rate: float | Array,
    first: float = FIRST,
) -> tuple[Array, Array, Array]:
    """Weights and both averages after a step.

    Parameters
    ----------
    theta, gradient : ndarray of one shape
    m, v : ndarray of that shape, averages of the gradient and of its square; zero at first
    t : number of this step, from 1
    rate : learning rate of all weights, or an ndarray of that shape with one per weight
    first : share of the average of gradients that a step retains

    Returns
    -------
    theta, m, v : ndarray of that shape
    """
    m = first * m + (1 - first) * gradient
    v = SECOND * v + (1 - SECOND) * gradient * gradient
    size = np.sqrt(v) / math.sqrt(1 - SECOND**t) + TINY
    return theta - rate / (1 - first**t) * m / size, m, v


def views(theta: Array, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Array]:
    """The weights by name: views of the vector ``theta``, in the order of ``shapes``.

    Parameters
    ----------
    theta : ndarray of shape (n,)
    shapes : name to shape; together they have n numbers

    Returns
    -------
    dict from name to ndarray of that shape
    """
    weights, place = {}, 0
    for name, shape in shapes.items():
        size = math.prod(shape)
        weights[name] = theta[place : place + size].reshape(shape)
        place += size
    return weights
