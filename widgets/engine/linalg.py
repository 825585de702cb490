"""Make ``numpy.linalg`` raise the same errors in the page as elsewhere.

LAPACK returns ``info``. NumPy's compiled part then fills the results with nan and sets the
processor's flag for invalid operations; an ``errstate`` around each call turns that flag into
``LinAlgError``. WebAssembly has no such flags, so in the page there would be no error. This module
examines matrices and results instead, and calls NumPy's own handler, which knows the message.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np
from numpy.linalg import _linalg

Array: TypeAlias = np.ndarray[Any, Any]
Arrays: TypeAlias = tuple[Array, ...]


def check_results() -> None:
    """Put the checks between NumPy's Python and its compiled functions."""
    _linalg._umath_linalg = Checked(_linalg._umath_linalg)  # type: ignore[attr-defined]


class Checked:
    """The module of compiled functions, with checks on those that can fail."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        function = getattr(self._module, name)
        failed = FAILED.get(name.split("_")[0])
        return function if failed is None else checked(function, failed)


def checked(function: Any, failed: Callable[[Any, Arrays, Arrays], bool]) -> Callable[..., Any]:
    def call(*given: Any, **options: Any) -> Any:
        try:
            results = function(*given, **options)
        except ValueError as error:  # LAPACK refuses to scale by a norm that is not finite
            if not str(error).startswith("On entry to"):
                raise
            results = None
        outputs = results if isinstance(results, tuple) else (results,)
        if results is None or failed(function, given, outputs):
            np.geterrcall()("invalid value", 8)  # type: ignore[misc, operator]
        return results

    return call


def is_singular(function: Any, given: Arrays, results: Arrays) -> bool:
    """Whether a finite matrix has given only nan: a pivot is 0, or negative.

    Elsewhere, nan in the matrix is not an error: it spreads to the result.
    """
    [result] = results
    matrix = given[0]
    lost = np.isnan(result).all(axis=(-2, -1) if result.ndim >= matrix.ndim else -1)
    if result.size == 0 or not lost.any():
        return False
    finite = np.isfinite(matrix).all(axis=(-2, -1))
    if len(given) > 1 and not np.isfinite(given[1]).all():  # the nan may come from the right side
        again = function(matrix, np.zeros_like(given[1]))
        return is_singular(function, (matrix,), (again,))
    return bool((lost & finite).any())


def has_nan(function: Any, given: Arrays, results: Arrays) -> bool:
    """Whether singular values fail: LAPACK checks for nan, not for inf."""
    return bool(np.isnan(given[0]).any())


def is_infinite(function: Any, given: Arrays, results: Arrays) -> bool:
    """Whether least squares fails: the matrix contains nan or inf."""
    return not np.isfinite(given[0]).all()


def has_no_end(function: Any, given: Arrays, results: Arrays) -> bool:
    """Whether eigenvalues of a symmetric matrix do not converge; LAPACK reads one triangle of it.

    Up to 2 x 2 there is a formula. With inf on the diagonal the steps still end.
    """
    matrix = given[0]
    triangle = np.tril(matrix, -1) if "_lo" in function.__name__ else np.triu(matrix, 1)
    diagonal = np.diagonal(matrix, axis1=-2, axis2=-1)
    spoilt = not np.isfinite(triangle).all() or np.isnan(diagonal).any()
    return matrix.shape[-1] > 2 and bool(spoilt)


FAILED = {
    "inv": is_singular,
    "solve": is_singular,
    "solve1": is_singular,
    "cholesky": is_singular,
    "svd": has_nan,
    "lstsq": is_infinite,
    "eigh": has_no_end,
    "eigvalsh": has_no_end,
}
"""Tests of whether a function has failed, by the first part of its name."""
