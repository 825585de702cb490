"""Judge a solution as on a processor that rounds differently.

NumPy chooses its kernels of ``exp``, ``pow`` and matrix products by the processor, and the page's
Python has others: their results differ in the last digit. Here every such result moves to a
neighbouring float, at random. A check that then refuses a solution compares digits that depend on
the machine, and would refuse some reader's right answer.
"""

import ast
import builtins
import math
import operator
from collections.abc import Iterable
from typing import Any

import numpy as np

from widgets.engine.failure import CHECK, line_of
from widgets.engine.host import ANSWER, copy_of

TRIES = 3

NAMES = (
    *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "power", "float_power", "pow"),
    *("sin", "cos", "tan", "arcsin", "arccos", "arctan", "arctan2", "asin", "acos", "atan"),
    *("sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh", "asinh", "acosh", "atanh", "atan2"),
    *("cbrt", "hypot", "logaddexp", "logaddexp2", "gamma", "lgamma", "erf", "erfc"),
    *("matmul", "dot", "vdot", "vecdot", "inner", "einsum", "tensordot", "convolve", "correlate"),
)
INEXACT = {
    getattr(module, name) for name in NAMES for module in (np, math) if hasattr(module, name)
}
INEXACT |= {getattr(np.linalg, name) for name in np.linalg.__all__}
INEXACT |= {operator.pow, operator.matmul}

CALL, POWER, PRODUCT = "_call", "_power", "_product"
"""Names in the rewritten code for calling a function, ``**`` and ``@``."""


def refusal(scope: str, code: str, check: str) -> dict[str, Any]:
    """Whether and how a check that accepts an answer here refuses it on another processor.

    Returns
    -------
    dict
        ``message``, and ``line`` in the check; both None if it accepts the answer there too.
    """
    rng = np.random.default_rng(0)

    def call(function: Any, *given: Any, **options: Any) -> Any:
        value = function(*given, **options)
        return moved(value, rng) if is_inexact(function) else value

    for _ in range(TRIES):
        names = copy_of(scope)
        names |= {CALL: call, POWER: operator.pow, PRODUCT: operator.matmul}
        try:
            for source, file in ((code, ANSWER), (check, CHECK)):
                tree = ast.fix_missing_locations(_Calls().visit(ast.parse(source)))
                exec(compile(tree, file, "exec"), names)
        except Exception as error:
            return {"message": str(error), "line": line_of(error, CHECK)}
    return {"message": None, "line": None}


def is_inexact(function: Any) -> bool:
    try:
        return function in INEXACT
    except TypeError:  # it has no hash
        return False


def moved(value: Any, rng: np.random.Generator) -> Any:
    """A result as another processor may compute it. Whole numbers are the same on every one."""
    if isinstance(value, tuple):
        parts = [moved(each, rng) for each in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    given = np.asarray(value)
    if given.dtype.kind != "f":
        return value
    ends = np.where(rng.random(given.shape) < 0.5, -np.inf, np.inf).astype(given.dtype)
    near = np.where(given == np.rint(given), given, np.nextafter(given, ends))
    return near if isinstance(value, np.ndarray) else type(value)(near)


class _Calls(ast.NodeTransformer):
    """Passes ``a ** b``, ``a @ b`` and all calls except those of builtins through ``CALL``."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        name = {ast.Pow: POWER, ast.MatMult: PRODUCT}.get(type(node.op))
        if name is None:
            return node
        return _call([ast.Name(name, ast.Load()), node.left, node.right], [], node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and hasattr(builtins, node.func.id):
            return node
        return _call([node.func, *node.args], node.keywords, node)


def _call(given: Iterable[ast.expr], keywords: list[ast.keyword], at: ast.expr) -> ast.Call:
    call = ast.Call(ast.Name(CALL, ast.Load()), list(given), keywords)
    return ast.copy_location(call, at)
