"""The table of rules, and the explanations that they return."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any, TypeAlias

import numpy as np
from numpy._core import _exceptions

from widgets.engine.explain.place import Place, binds, kind_of


@dataclass(frozen=True)
class Explanation:
    """One sentence.

    Attributes
    ----------
    id : the sentence's id
    fixes : code that works, as the shapes prove
    values : code and numbers in the sentence, by placeholder
    """

    id: str
    fixes: tuple[str, ...]
    values: dict[str, str]


def sentence(id: str, fixes: Sequence[str] = (), **values: object) -> Explanation:
    """Make an explanation; drop fixes that were shortened."""
    whole = tuple(fix for fix in fixes if "…" not in fix)
    return Explanation(id, whole, {name: str(value) for name, value in values.items()})


Rule: TypeAlias = Callable[["Place", Any, re.Match[str]], Explanation | None]


def as_reply(explanation: Explanation, line: int, file: str, current: str) -> dict[str, Any]:
    return {
        "id": explanation.id,
        "values": explanation.values,
        "fixes": list(explanation.fixes),
        "line": line,
        "file": "" if file == current else file,
    }


RULES: list[tuple[type[BaseException], re.Pattern[str], str, Rule]] = []
AxisError = np.exceptions.AxisError
NoLoopError = _exceptions._UFuncNoLoopError
NoSignatureError = _exceptions._UFuncBinaryResolutionError
OutputCastingError = _exceptions._UFuncOutputCastingError
ArrayMemoryError = _exceptions._ArrayMemoryError
WITHOUT_TEXT = (
    *(AxisError, NoLoopError, NoSignatureError, OutputCastingError, ArrayMemoryError, KeyError),
)
"""Errors whose message is in attributes."""


def rule(
    kind: type[BaseException], pattern: str = "", library: str = "numpy"
) -> Callable[[Rule], Rule]:
    """Register a rule for errors of exactly this type whose message begins with this pattern,
    raised by the reader's own line or by a library that it called.
    """

    def register(function: Rule) -> Rule:
        RULES.append((kind, re.compile(pattern), library, function))
        return function

    return register


IN_PLACE = ("append", "extend", "insert", "sort", "reverse", "fill", "update", "clear")


def none(place: Place, node: ast.AST) -> Explanation | None:
    """Explain that a value is None, and why if the code shows it."""
    if isinstance(node, ast.Constant):
        return None
    values: dict[str, Any] = dict(value=place.text(node))
    source: ast.AST | None = node
    if isinstance(node, ast.Name):
        made = [each for each in ast.walk(place.tree) if binds(each, node.id)]
        same = all(place.owner(each) is place.owner(node) for each in made)
        makers = [place.parent(each) for each in made]
        given = [each.value for each in makers if isinstance(each, ast.Assign)]
        if len(makers) > 1:  # such as `x = x.sort()`, after which x is None
            given = [each for each in given if replaces(node.id, each)]
        source = given[0] if same and given else None
    match source:
        case ast.Call(func=ast.Attribute(attr=method)) if method in IN_PLACE:
            return sentence("none-in-place", **values, method=f".{method}()")
        case ast.Call(func=ast.Name(id=name)):
            function = place.name(name)
            bodies = [
                each
                for each in ast.walk(place.tree)
                if isinstance(each, ast.FunctionDef) and each.name == name
            ]
            if type(function) is FunctionType and len(bodies) == 1:
                code = function.__code__
                own = (code.co_filename, code.co_name) == (place.file, name)
                ways_out = ast.Return | ast.Yield | ast.YieldFrom
                if own and not any(isinstance(each, ways_out) for each in ast.walk(bodies[0])):
                    return sentence("none-return", **values, function=name)
    return sentence("none", **values)


def replaces(name: str, value: ast.expr) -> bool:
    """Whether a value is the result of an in-place method of this name's own value."""
    match value:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=changed), attr=method)):
            return changed == name and method in IN_PLACE
    return False


def zero_axes(place: Place, node: ast.AST) -> Explanation | None:
    value = place.value(node)
    if type(value) is not np.ndarray or value.ndim != 0 or value.dtype.kind not in "biufc":
        return None
    return sentence("zero-axes", array=place.text(node), number=f"{place.text(node)}.item()")


WITHOUT_ARGUMENTS = (
    *("mean", "sum", "std", "var", "max", "min", "prod", "argmax", "argmin", "any", "all", "copy"),
    *("cumsum", "flatten", "ravel", "round", "transpose", "tolist", "conj", "item", "nonzero"),
)


def uncalled(place: Place) -> Explanation | None:
    """Explain that the only function among the operands and arguments was not called."""
    functions = []
    for node in place.nodes[:1]:
        for part in ast.walk(node):
            parent = place.parent(part)
            is_called = isinstance(parent, ast.Call) and parent.func is part
            if isinstance(part, ast.Name | ast.Attribute) and not is_called:
                value = place.value(part)
                if kind_of(value) == "function" and not isinstance(value, type):
                    functions.append(part)
    if len(functions) != 1:
        return None
    [function] = functions
    return sentence("function-uncalled", called(place, function), function=place.text(function))


def called(place: Place, node: ast.AST) -> tuple[str, ...]:
    """Add the missing ``()`` to a method of an array, if it needs no arguments."""
    match node:
        case ast.Attribute(value=base, attr=name) if name in WITHOUT_ARGUMENTS:
            if kind_of(place.value(base)) in ("array", "number"):
                return (f"{place.source(node)}()",)
    return ()


def of_one_number(place: Place, node: ast.AST) -> Explanation | None:
    """Explain that an array has axes, but only one value."""
    shape = place.derived_shape(node)
    if not shape or set(shape) != {1}:
        return None
    fix = f"{place.term(node)}.item()"
    return sentence("one-number", array=place.text(node), shape=str(shape), number=fix)
