"""The table of rules, and what a rule returns."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any, TypeAlias

import numpy as np
from numpy._core import _exceptions

from widgets.engine.explain.place import Place, binds


@dataclass(frozen=True)
class Explanation:
    """One sentence.

    Attributes
    ----------
    id : of the sentence
    fixes : code that fits, as the shapes prove
    values : code and numbers in it, by their names there
    """

    id: str
    fixes: tuple[str, ...]
    values: dict[str, str]


def sentence(id: str, fixes: Sequence[str] = (), **values: object) -> Explanation:
    """An explanation; a fix that was shortened is none."""
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


RULES: list[tuple[type[BaseException], re.Pattern[str], Rule]] = []
AxisError = np.exceptions.AxisError
NoLoopError = _exceptions._UFuncNoLoopError
NoSignatureError = _exceptions._UFuncBinaryResolutionError
OutputCastingError = _exceptions._UFuncOutputCastingError
WITHOUT_TEXT = (AxisError, NoLoopError, NoSignatureError, OutputCastingError, KeyError)
"""Errors whose message is in attributes."""


def rule(kind: type[BaseException], pattern: str = "") -> Callable[[Rule], Rule]:
    """Register the explanation of errors of exactly this type whose message begins like this."""

    def register(function: Rule) -> Rule:
        RULES.append((kind, re.compile(pattern), function))
        return function

    return register


IN_PLACE = ("append", "extend", "insert", "sort", "reverse", "fill", "update", "clear")


def none(place: Place, node: ast.AST) -> Explanation | None:
    """That a value is None, and why if the code shows it."""
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
    """Whether a value is what a method that changes a name's own value returns."""
    match value:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=changed), attr=method)):
            return changed == name and method in IN_PLACE
    return False


def zero_axes(place: Place, node: ast.AST) -> Explanation | None:
    value = place.value(node)
    if type(value) is not np.ndarray or value.ndim != 0 or value.dtype.kind not in "biufc":
        return None
    return sentence("zero-axes", array=place.text(node), number=f"{place.text(node)}.item()")
