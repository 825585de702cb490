"""Errors of names, and functions that were not called."""

from __future__ import annotations

import ast
import re
from typing import Any

from widgets.engine.explain.place import UNKNOWN, Place, binds
from widgets.engine.explain.rules import Explanation, rule, sentence, uncalled


@rule(NameError, r"name '(\w+)' is not defined$")
def name(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    node, word = place.find(ast.Name), match[1]
    if node is None or node.id != word or not isinstance(node.ctx, ast.Load):
        return None
    if word == "np":
        return sentence("name-np", name=word, line_of_code="import numpy as np")
    stores: list[Any] = [each for each in ast.walk(place.tree) if binds(each, word)]
    if any(isinstance(each, ast.Global | ast.Nonlocal) for each in stores):
        return None
    owners = {place.owner(each) for each in stores}
    [owner] = owners if len(owners) == 1 else [None]
    if stores and owners == {None} and place.owner(node) is None:
        later = min(each.lineno for each in stores)
        return sentence("name-later", name=word, later=later) if later > place.line else None
    if isinstance(owner, ast.FunctionDef) and owner not in place.ancestors(node):
        return sentence("name-inside", name=word, function=owner.name)
    if not stores and place.numpy and word in MATHEMATICS:
        return sentence("name-numpy", name=word, function=f"{place.numpy}.{word}")
    return None


MATHEMATICS = (
    *("sqrt", "exp", "log", "log2", "log10", "sin", "cos", "tan", "tanh", "arctan2", "array"),
    *("arange", "linspace", "zeros", "ones", "eye", "dot", "mean", "std", "argmax", "argmin"),
    *("concatenate", "stack", "where", "clip", "cumsum", "maximum", "minimum", "einsum", "outer"),
)


@rule(
    UnboundLocalError,
    r"cannot access local variable '(\w+)' where it is not associated with a value$",
)
def local(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    nodes = [each for each in place.nodes if isinstance(each, ast.Name | ast.AugAssign)]
    word = match[1]
    if not nodes or place.scopes[1].get(word, UNKNOWN) is UNKNOWN:
        return None
    owner = next((a for a in place.ancestors(nodes[0]) if isinstance(a, ast.FunctionDef)), None)
    if owner is None:
        return None
    stores: list[Any] = [each for each in ast.walk(owner) if binds(each, word)]
    lines = [each.lineno for each in stores if place.owner(each) is owner]
    if not lines:
        return None
    return sentence("local", name=word, function=owner.name, assigned=min(lines))


FUNCTION = r"(?:builtin_function_or_method|built-in method|function|method|ufunc)\b"


@rule(TypeError, rf".*{FUNCTION}")
@rule(AttributeError, rf"'(?:\w+\.)?{FUNCTION}' object has no attribute '")
@rule(ValueError, r"matmul: Input operand [01] does not have enough dimensions \(has 0")
def not_called(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    return uncalled(place)
