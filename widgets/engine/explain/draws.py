"""Errors of random generators."""

from __future__ import annotations

import ast
import re
from typing import Any

import numpy as np

from widgets.engine.explain.place import Place
from widgets.engine.explain.rules import Explanation, rule, sentence

PARAMETERS = {"random": 0, "standard_normal": 0, "normal": 2, "uniform": 2, "integers": 2}
"""Number of arguments before the size."""
OF_GENERATOR = {
    **{"randn": "standard_normal", "rand": "random", "randint": "integers"},
    **{"random_sample": "random", "seed": ""},
}
"""Functions of ``np.random``, and the equivalent methods of a generator."""


def drawn(place: Place) -> tuple[str, ast.Call] | None:
    """Return the method's name and the call, if a generator or ``np.random`` was called."""
    match place.find(ast.Call):
        case ast.Call(func=ast.Attribute(value=source, attr=name)) as call:
            value = place.value(source)
            if value is np.random or type(value) is np.random.Generator:
                return name, call
    return None


@rule(TypeError, r"Cannot interpret '\d+' as a data type$")
@rule(TypeError, r"\w+\(\) takes at most 3 positional arguments \(\d+ given\)$")
def draw_size(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    found = drawn(place)
    if found is None or found[0] not in PARAMETERS or found[1].keywords:
        return None
    name, call = found
    count = PARAMETERS[name]
    lengths = call.args[count:]
    if len(lengths) < 2 or not all(type(place.value(each)) is int for each in lengths):
        return None
    first = [place.source(each) for each in call.args[:count]]
    shape = f"({', '.join(map(place.source, lengths))})"
    function = place.text(call.func)
    return sentence(
        "shape-arguments", (f"{function}({', '.join([*first, shape])})",), function=function
    )


@rule(AttributeError, r"'numpy\.random\._generator\.Generator' object has no attribute '(\w+)'$")
def generator_method(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    node, new = place.find(ast.Attribute), OF_GENERATOR.get(match[1], "")
    if node is None or node.attr != match[1] or not new:
        return None
    source = place.text(node.value)
    return sentence(
        "generator-method", old=f".{node.attr}", generator=source, new=f"{source}.{new}"
    )


@rule(ValueError, r"Probabilities do not sum to 1\.")
def probabilities(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    given = argument(place, "p")
    if given is None:
        return None
    values = place.value(given)
    if type(values) is not np.ndarray or values.dtype.kind not in "fiu" or values.ndim != 1:
        return None
    text = place.text(given)
    fixes = (f"p={text} / {text}.sum()",) if isinstance(given, ast.Name) else ()
    return sentence("probabilities", fixes, values=text, sum=f"{values.sum():g}")


@rule(ValueError, r"(scale) < 0$")
def negative_scale(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    found, given = drawn(place), argument(place, "scale", at=1)
    if found is None or given is None or found[0] != "normal":
        return None
    return sentence("negative-scale", scale=place.text(given))


def argument(place: Place, name: str, at: int = 100) -> ast.expr | None:
    """Return the expression that a generator's call passes for a parameter."""
    if (found := drawn(place)) is None:
        return None
    call = found[1]
    named = (each.value for each in call.keywords if each.arg == name)
    return next(named, call.args[at] if at < len(call.args) else None)
