"""Errors of indices, brackets and keys."""

from __future__ import annotations

import ast
import builtins
import math
import re
from types import NoneType
from typing import Any

import numpy as np

from widgets.engine.explain.place import (
    MAX_ITEMS,
    MAX_KEYS,
    MAX_NUMBER,
    MAX_TEXT,
    UNKNOWN,
    Place,
    clash,
    is_flat,
    is_numeric,
    is_whole,
    item,
    kind_of,
    length_of,
)
from widgets.engine.explain.rules import (
    AxisError,
    Explanation,
    none,
    rule,
    sentence,
    uncalled,
    zero_axes,
)


@rule(IndexError, r"only integers, slices \(`:`\), ellipsis")
@rule(IndexError, r"arrays used as indices must be of integer \(or boolean\) type$")
def index_of_array(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    parts = place.subscript()
    if parts is None:
        return None
    array, index = parts
    if (found := uncalled(place)) is not None:
        return found
    pieces = index.elts if isinstance(index, ast.Tuple) else [index]
    wrong = [piece for piece in pieces if holds_floats(listed(place, piece))]
    if len(wrong) != 1:
        return None if place.shape(array) is None else float_index(place, index)
    value, text = listed(place, wrong[0]), place.text(wrong[0])
    if length_of(value) == 0:
        return sentence("index-empty", index=text)
    is_whole = bool(np.all(np.asarray(value) == np.floor(value)))
    if type(value) is np.ndarray and is_whole:
        changed = ast.get_source_segment("".join(place.lines), index) or ""
        whole = changed.replace(text, f"{place.term(wrong[0])}.astype(int)", 1)
        fixes = (f"{place.source(array)}[{' '.join(whole.split())}]",)
        return sentence("index-floats", fixes, index=text)
    return sentence("index-floats", index=text)


def listed(place: Place, node: ast.AST) -> Any:
    """Return an index's value; for ``np.array(…)``, the value of its argument."""
    match node:
        case ast.Call(func=func, args=[given], keywords=[]) if place.is_numpy(func, "array"):
            return np.array([]) if place.value(given) == [] else place.value(given)
    return place.value(node)


def holds_floats(value: Any) -> bool:
    """Whether a value is a small array of finite floats, or a list with a finite float."""
    if type(value) is np.ndarray:
        small = value.ndim > 0 and value.dtype.kind == "f" and value.size <= MAX_ITEMS
        return small and bool(np.isfinite(value).all())
    return is_flat(value) and any(type(each) is float and math.isfinite(each) for each in value)


@rule(TypeError, r"(list|tuple|string|range) indices must be integers or slices, not ([\w.]+)")
def index_of_list(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    return index_of(place, match[1], match[2])


@rule(TypeError, r"(string) indices must be integers, not '(\w+)'")
def index_of_text(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    return index_of(place, match[1], match[2])


def index_of(place: Place, container: str, kind: str) -> Explanation | None:
    parts = place.subscript()
    if parts is None:
        return None
    value, index = parts
    if kind == "float":
        return float_index(place, index)
    if container != "list" or type(place.value(value)) is not list:
        return None
    text = place.text(value)
    if kind == "tuple" and isinstance(index, ast.Tuple) and len(index.elts) == 2:
        numbers = place.index(index)
        fixes: tuple[str, ...] = ()
        if numbers is not UNKNOWN and all(type(number) is int for number in numbers):
            inner = item(place.value(value), numbers[0])
            if item(inner, numbers[1]) is not UNKNOWN:
                fixes = (f"{text}[{numbers[0]}][{numbers[1]}]",)
        return sentence("list-two", fixes, list=text, index=place.text(index))
    if kind == "list":
        return sentence("list-many", list=text, index=place.text(index))
    return None


def float_index(place: Place, index: ast.expr) -> Explanation | None:
    parts = index.elts if isinstance(index, ast.Tuple) else [index]
    return next((found for part in parts if (found := float_of(place, part)) is not None), None)


def float_of(place: Place, node: ast.AST) -> Explanation | None:
    """Explain that an expression is a float, although an integer is needed."""
    match node:
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            if not is_whole(place, left) or not is_whole(place, right):
                return None
            quotient = f"{place.text(left)} // {place.text(right)}"
            return sentence("division", division=place.text(node), quotient=quotient)
        case ast.Call(func=func) if is_numpy_float(place, func):
            return sentence("float-call", call=place.text(node), whole=f"int({place.text(node)})")
    value = place.value(node)
    if type(value) is np.float64:
        value = value.item()
    if type(value) is float and math.isfinite(value) and abs(value) < MAX_NUMBER:
        return sentence("float", number=place.text(node), value=repr(value))
    return None


def is_numpy_float(place: Place, node: ast.AST) -> bool:
    """Whether an expression is a NumPy function that returns floats even for integers."""
    return place.is_numpy(node, "sqrt", "floor", "ceil", "log2", "log10", "mean", "median", "exp")


@rule(TypeError, r"slice indices must be integers or None or have an __index__ method$")
def slice_bounds(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    parts = place.subscript()
    if parts is None:
        return None
    pieces = parts[1].elts if isinstance(parts[1], ast.Tuple) else [parts[1]]
    for piece in pieces:
        if isinstance(piece, ast.Slice):
            for bound in (piece.lower, piece.upper, piece.step):
                if bound is not None and (found := float_of(place, bound)) is not None:
                    return found
    return None


@rule(TypeError, r"expected a sequence of integers or a single integer, got '")
@rule(TypeError, r"'(?:numpy\.)?float(?:64)?' object cannot be interpreted as an integer$")
def float_argument(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    call = place.find(ast.Call)
    if call is None or any(keyword.arg is None for keyword in call.keywords):
        return None
    if (other := second_array(place, call)) is not None:
        return other
    parts = [*call.args, *(keyword.value for keyword in call.keywords)]
    pieces = [
        each for part in parts for each in (part.elts if isinstance(part, ast.Tuple) else [part])
    ]
    found = []
    for piece in pieces:
        if (each := float_of(place, piece)) is not None:
            found.append(each)
        elif not is_no_float(place, piece):
            return None
    return found[0] if found and all(each == found[0] for each in found) else None


def is_no_float(place: Place, node: ast.AST) -> bool:
    """Whether an argument certainly neither is nor contains a float."""
    if isinstance(node, ast.Name) and hasattr(builtins, node.id) and place.is_builtin(node.id):
        return True
    value = place.value(node)
    return any(type(value) is kind for kind in (int, bool, str, NoneType, type))


@rule(IndexError, r"index (-?\d+) is out of bounds for axis (\d+) with size (\d+)$")
def bounds(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    parts = place.subscript()
    if parts is None:
        return None
    index, axis, size = map(int, match.groups())
    shape = place.shape(parts[0])
    if shape is None or axis >= len(shape) or shape[axis] != size:
        return None
    values: dict[str, Any] = dict(array=place.text(parts[0]), shape=str(shape), axis=axis)
    if size == 0:
        return sentence("bounds-empty", **values)
    return sentence("bounds", **values, index=index, last=size - 1, size=size)


@rule(IndexError, r"(?:list|tuple|string) (?:assignment )?index out of range$")
def list_bounds(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    parts = place.subscript()
    length = None if parts is None else length_of(place.value(parts[0]))
    if parts is None or length is None:
        return None
    values: dict[str, Any] = dict(list=place.text(parts[0]), length=length)
    if length == 0:
        return sentence("list-empty", **values)
    index = place.value(parts[1])
    if type(index) is int and -length <= index < length:
        return None
    return sentence("list-bounds", **values, last=length - 1)


@rule(
    IndexError, r"too many indices for array: array is (\d+)-dimensional, but (\d+) were indexed$"
)
def too_many(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    parts = place.subscript()
    if parts is None:
        return None
    axes, count = int(match[1]), int(match[2])
    shape = place.shape(parts[0])
    if shape is None or len(shape) != axes:
        return None
    if axes == 0:
        return zero_axes(place, parts[0])
    values: dict[str, Any] = dict(array=place.text(parts[0]), shape=str(shape))
    return sentence("too-many", **values, axes=axes, count=count)


@rule(IndexError, r"invalid index to scalar variable\.$")
def scalar_index(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    parts = place.subscript()
    if parts is None or place.shape(parts[0]) != ():
        return None
    return sentence("number-index", number=place.text(parts[0]))


@rule(TypeError, r"'([\w.]+)' object is not subscriptable$")
def no_index(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    parts = place.subscript()
    if parts is None:
        return None
    value = place.value(parts[0])
    text = place.text(parts[0])
    match kind_of(value):
        case "function" if type(value) is not type:
            whole = not any(isinstance(part, ast.Slice) for part in ast.walk(parts[1]))
            inside = place.source(parts[1])
            if isinstance(parts[1], ast.Tuple) and inside.startswith("("):
                inside = inside[1:-1]
            fixes = (f"{text}({inside})",) if whole else ()
            if text.endswith((".flatten", ".ravel", ".tolist", ".copy")):  # they accept no index
                fixes = (f"{text}()[{inside}]",)
            return sentence("function-index", fixes, function=text)
        case "number" if value is not UNKNOWN:
            return sentence("number-index", number=text)
        case "none" if value is None:
            return none(place, parts[0])
        case "iterator" if place.is_builtin("list"):
            return sentence("iterator-index", iterator=text, list=f"list({text})")
    return None


@rule(TypeError, r"'([\w.]+)' object is not callable$")
def no_call(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    call = place.find(ast.Call)
    if call is None:
        return None
    if isinstance(call.func, ast.Name) and hasattr(builtins, call.func.id):
        return None  # failure.py has a note on reassigned builtins
    if isinstance(call.func, ast.List | ast.Tuple | ast.JoinedStr):
        return None  # a comma may be missing before the brackets
    if isinstance(call.func, ast.Constant) and type(call.func.value) is str:
        return None
    value, text = place.value(call.func), place.text(call.func)
    plain = bool(call.args) and not call.keywords
    match kind_of(value):
        case "array" | "list" | "tuple" | "dict" | "text" as kind:
            inside = ", ".join(map(place.text, call.args))
            indices = tuple(place.index(each) for each in call.args)
            known = plain and all(index is not UNKNOWN for index in indices)
            found = item(value, indices[0] if len(indices) == 1 else indices) if known else UNKNOWN
            fixes = (f"{text}[{inside}]",) if found is not UNKNOWN else ()
            return sentence(
                f"call-{'array' if kind == 'array' else 'container'}", fixes, value=text
            )
        case "number" if value is not None:
            inside = ", ".join(map(place.text, call.args))
            fits = plain and len(call.args) == 1 and is_numeric(place, call.args[0])
            return sentence("call-number", (f"{text} * ({inside})",) if fits else (), number=text)
        case "module":
            return sentence("call-module", module=text)
        case "none":
            return none(place, call.func)
    return None


@rule(KeyError)
def key(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    parts = place.subscript()
    if parts is None or len(error.args) != 1:
        return None
    wanted, table = error.args[0], place.value(parts[0])
    if type(wanted) is str and len(wanted) > MAX_TEXT:
        return None
    if type(table) is not dict or (type(wanted) is not str and type(wanted) is not int):
        return None
    if item(table, wanted) is not UNKNOWN or len(table) > MAX_ITEMS or len(repr(wanted)) > MAX_TEXT:
        return None
    values: dict[str, Any] = dict(dict=place.text(parts[0]), key=repr(wanted))
    if not table:
        return sentence("key-empty", **values)
    keys = list(table)
    if any(type(each) is not str and type(each) is not int for each in keys):
        return None
    twins = [each for each in keys if type(each) is not type(wanted) and str(each) == str(wanted)]
    if twins:
        return sentence("key-type", **values, twin=repr(twins[0]))
    shown = [repr(each)[:MAX_TEXT] for each in keys[:MAX_KEYS]]
    return sentence("key", **values, keys=", ".join(shown) + ("…" if len(keys) > MAX_KEYS else ""))


REDUCTIONS = ("max", "min", "amax", "amin", "sum", "mean", "prod", "std", "var", "median")


@rule(AxisError)
@rule(TypeError, r"only integer scalar arrays can be converted to a scalar index$")
@rule(TypeError, r"integer argument expected, got float$")
def axis_of_two(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    call = place.find(ast.Call)
    return None if call is None else second_array(place, call)


def second_array(place: Place, call: ast.Call) -> Explanation | None:
    """Explain that ``np.max(0, x)`` reads its second argument as an axis, not as a value."""
    match call:
        case ast.Call(func=ast.Attribute(attr=name) as func, args=[*args], keywords=[]):
            of_array = kind_of(place.value(func.value)) == "array"
            both = [func.value, *args] if of_array else args
            if name not in REDUCTIONS or len(both) != 2:
                return None
            if not of_array and not place.is_numpy(func, *REDUCTIONS):
                return None
            a, b = both
            known = place.derived_shape(a), place.derived_shape(b)
            if None in known or (known[0] and type(place.value(b)) is int):
                return None  # an array and its axis
            better = {"max": "maximum", "amax": "maximum", "min": "minimum", "amin": "minimum"}
            fits = name in better and place.numpy and not clash(known[0] or (), known[1] or ())
            arguments = f"({place.source(a)}, {place.source(b)})"
            fixes = (f"{place.numpy}.{better[name]}{arguments}",) if fits else ()
            values: dict[str, Any] = dict(function=place.text(func), axis=place.text(b))
            return sentence("axis-of-two", fixes, **values)
    return None
