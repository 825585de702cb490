"""Errors of numbers: too large for their type, or of a kind that a function does not accept."""

from __future__ import annotations

import ast
import math
import re
from typing import Any

import numpy as np

from widgets.engine.explain.place import UNKNOWN, Place, kind_of
from widgets.engine.explain.rules import ArrayMemoryError, Explanation, rule, sentence

LARGE = 2**29  # bytes: smaller arrays may fit in memory
MAX_BITS = 200  # of a number that is printed in full


@rule(ValueError, r"Integers to negative integer powers are not allowed\.$")
def negative_power(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    if place.find(ast.AugAssign):
        return sentence("negative-power")
    match place.operands(), place.find(ast.Call):
        case (base, "**", power), _:
            form = f"{{}} ** {place.source(power)}"
        case None, ast.Call(func=func, args=[base, power]) if place.is_numpy(func, "power"):
            form = f"{place.source(func)}({{}}, {place.source(power)})"
        case _:
            return None
    if type(value := place.value(base)) is int:
        floats = f"{value}.0" if isinstance(base, ast.Constant) else f"float({place.source(base)})"
    elif kind_of(value) in ("array", "number"):
        floats = f"{place.term(base)}.astype(float)"
    else:
        return sentence("negative-power")
    return sentence("negative-power", (form.format(floats),))


@rule(OverflowError, r"Python integer (-?\d+) out of bounds for (u?int\d+)$")
def out_of_range(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    return beyond(place, int(match[1]), np.dtype(match[2]))


@rule(OverflowError, r"Python int too large to convert to C long$")
def too_long(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    for node in parts_of(place):
        if type(value := place.value(node)) is int and value.bit_length() >= np.iinfo(int).bits:
            return beyond(place, value, np.dtype(int))
    return None


def parts_of(place: Place) -> list[ast.expr]:
    """Both sides of an operator or of an assignment to items, or a call's arguments."""
    if (sides := place.operands()) is not None:
        return [sides[0], sides[2]]
    if (node := place.find(ast.Subscript)) is not None:
        statement = place.parent(node)
        return [node, statement.value] if isinstance(statement, ast.Assign) else []
    return [] if (call := place.find(ast.Call)) is None else call.args


def beyond(place: Place, number: int, kind: np.dtype[Any]) -> Explanation | None:
    """Explain that a number is out of its type's range; suggest a wider type."""
    low, high = np.iinfo(kind).min, np.iinfo(kind).max
    if low <= number <= high or number.bit_length() > MAX_BITS:
        return None
    fixes: tuple[str, ...] = ()
    if (sides := place.operands()) is not None and not place.find(ast.AugAssign):
        left, operator, right = sides
        for array in (left, right):
            value = place.value(array)
            if type(value) is np.ndarray and value.dtype == kind:
                name = "int" if kind.itemsize < 4 and number.bit_length() < 31 else "float"
                wide = f"{place.term(array)}.astype({name})"
                pair = [wide if each is array else place.source(each) for each in (left, right)]
                fixes = (f"{pair[0]} {operator} {pair[1]}",)
    return sentence("out-of-range", fixes, number=number, kind=kind.name, low=low, high=high)


@rule(ArrayMemoryError)
@rule(ValueError, r"iterator is too large$")
@rule(
    ValueError, r"array is too big; `arr\.size \* arr\.dtype\.itemsize` is larger than the maximum"
)
@rule(ValueError, r"Maximum allowed (?:dimension|size) exceeded$")
def too_large(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    """In the page's Python, sizes have 32 bits, so NumPy fails before it requests memory."""
    node = next((each for each in place.nodes if isinstance(each, ast.expr)), None)
    if node is None:
        return None
    shape, size = place.derived_shape(node), 8
    if type(error) is ArrayMemoryError:
        shape, kind = error.shape, error.dtype
        size = kind.itemsize if isinstance(kind, np.dtype) else 8
    if type(shape) is not tuple or not all(type(length) is int for length in shape):
        return None
    if (total := size * math.prod(shape)) < LARGE:
        return None
    return sentence("too-large", array=place.text(node), shape=str(shape), size=in_bytes(total))


def in_bytes(count: int) -> str:
    """Format a size as NumPy does: 1.7 TiB."""
    unit = min((count.bit_length() - 1) // 10, 6)
    return f"{count / 1024**unit:.3g} {('bytes', *'KMGTPE')[unit]}{'iB' if unit else ''}"


@rule(TypeError, r"ufunc '(\w+)' not supported for the input types, ")
def complex_argument(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    sides = place.operands()
    call = place.find(ast.Call)
    if sides is None and call is None:
        return None
    name = sides[1] if sides else place.text(call.func) if call else ""
    for node in parts_of(place):
        value = place.value(node)
        is_array = type(value) is np.ndarray or kind_of(value) == "number"
        if is_array and np.asarray(value).dtype.kind == "c":
            values: dict[str, Any] = dict(array=place.text(node), function=name)
            made = [part for part in place.sources(node) if isinstance(part, ast.Call)]
            if any(is_eig(place, part) for part in made):
                return sentence("complex-eig", **values)
            return sentence("complex-array", **values)
        if value is UNKNOWN and any(is_eig(place, part) for part in ast.walk(node)):
            return sentence("complex-eig", array=place.text(node), function=name)
    return None


def is_eig(place: Place, node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(value=base, attr="eig" | "eigvals")):
            return place.in_numpy(base)
    return False
