"""Linear algebra in the page's Python fails whenever CPython's does, with the same message."""

import json

import pytest

from latentbook.runtime.dist import build_runtime
from tests.unit.runtime.projects import project
from tests.unit.runtime.start import answer

CASES = """
import json
import numpy as np
from numpy.linalg import *

ones, zero, negative = np.ones((3, 3)), np.zeros((2, 2)), -np.eye(3)
regular = np.array([[4.0, 1, 0], [1, 3, 1], [0, 1, 2]])
nan, inf = regular.copy(), regular.copy()
nan[2, 0] = nan[0, 2] = np.nan
inf[2, 0] = inf[0, 2] = np.inf
b = np.arange(3.0)
hole = np.array([0.0, np.nan, 1.0])
pair = np.array([regular, ones])
points = ([1.0, 2, 3], [1.0, np.nan, 3])
rows = {**locals()}

def said(code):
    try:
        value = eval(code, rows)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    parts = value if isinstance(value, tuple) else (value,)
    return [bool(np.isnan(each).any()) for each in parts]

CODES = [
    *("inv(ones)", "inv(zero)", "inv(regular)", "inv(pair)", "inv(nan)", "inv(ones * 1j)"),
    *("inv(ones.astype(np.float32))", "inv(np.zeros((0, 0)))", "inv(np.zeros((0, 2, 2)))"),
    *("solve(ones, b)", "solve(regular, b)", "solve(ones, hole)", "solve(regular, hole)"),
    *("solve(pair, np.ones((2, 3, 2)))", "solve(nan, b)", "solve(regular, np.zeros((3, 0)))"),
    *("cholesky(negative)", "cholesky(regular)", "cholesky(nan)", "tensorinv(zero, ind=1)"),
    *("cholesky(np.array([regular, negative]))", "matrix_power(ones, -1)"),
    *("svd(nan)", "svd(nan, compute_uv=False)", "svd(regular)", "svdvals(nan)", "cond(nan)"),
    *("pinv(nan)", "pinv(ones)", "pinv(nan, hermitian=True)", "matrix_rank(nan)", "norm(nan, 2)"),
    *("lstsq(nan, b)", "lstsq(inf, b)", "lstsq(ones, b)", "lstsq(regular, hole)", "det(ones)"),
    *("eigh(nan)", "eigvalsh(nan)", "eigh(inf)", "eigvalsh(inf)", "eigh(regular)", "cond(zero)"),
    *("eigh(nan, UPLO='U')", "eigh(np.tril(nan), UPLO='U')", "eigvalsh(np.diag([1, np.nan]))"),
    *("eig(nan)", "eigvals(inf)", "np.polyfit(points[0], points[1], 1)", "np.roots([1, np.nan])"),
    *("np.polyfit(points[1], points[0], 1)", "cholesky(negative, upper=True)"),
    "np.random.default_rng(0).multivariate_normal(b, nan)",
]
json.dumps({code: said(code) for code in CODES})
"""


@pytest.mark.filterwarnings("ignore")
def test_the_same_calls_fail_with_the_same_words(tmp_path):
    found = answer(build_runtime(project(tmp_path), report=print).path, "files", code=CASES)
    scope = {}
    body, _, last = CASES.rstrip().rpartition("\n")
    exec(body, scope)
    assert found == json.loads(eval(last, scope))
    failures = {each for each in found.values() if isinstance(each, str)}
    assert len(failures) >= 6
