"""Errors of shapes: arrays that do not fit each other, or a function."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from widgets.engine.explain.place import (
    MAX_ITEMS,
    OPERATORS,
    UNKNOWN,
    Place,
    Shape,
    clash,
    item,
    kind_of,
    length_of,
    product,
    shape_of,
    shapes_in,
    transposed,
)
from widgets.engine.explain.rules import (
    AxisError,
    Explanation,
    none,
    of_one_number,
    rule,
    sentence,
    zero_axes,
)


@rule(ValueError, r"operands could not be broadcast together with shapes ((?:\([\d,]*\) ?)+)$")
def broadcast(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    shapes = shapes_in(match[1])
    sides = place.operands()
    if sides is not None:
        left, operator, right = sides
        nodes: list[ast.expr] = [left, right]
    else:
        call = place.find(ast.Call)
        if call is None or call.keywords or any(isinstance(a, ast.Starred) for a in call.args):
            return None
        function = place.value(call.func)
        if type(function) is not np.ufunc and not place.is_numpy(call.func, "where"):
            return None
        nodes, operator = call.args, place.text(call.func)
    if len(shapes) == 3 and shapes[2] == shapes[0] and place.find(ast.AugAssign):
        del shapes[2]  # the target again, as the output
    if len(nodes) != len(shapes) or not all(map(place.agrees, nodes, shapes)):
        return None
    if place.find(ast.Compare) and all(place.shape(node) is None for node in nodes):
        return None  # Python may have compared right with left
    if found := without_values(place, nodes, shapes) or rows_as_variables(place, nodes, shapes):
        return found
    for i, a in enumerate(nodes):
        for j, b in list(enumerate(nodes))[i + 1 :]:
            if lengths := clash(shapes[i], shapes[j]):
                fixes = stretched(place, a, b, shapes[i], shapes[j], operator)
                pair = two(place.text(a), shapes[i], place.text(b), shapes[j], *lengths)
                fixes = fixes if sides is not None else ()
                return sentence("broadcast", fixes, **pair, operator=operator)
    return None


def two(x: str, left: Shape, y: str, right: Shape, *lengths: int) -> dict[str, Any]:
    """Two expressions with their shapes, and the lengths that clash."""
    texts = {"left": x, "left_shape": str(left), "right": y, "right_shape": str(right)}
    return {**texts, **dict(zip("ab", lengths, strict=False))}


def without_values(
    place: Place, nodes: Sequence[ast.AST], shapes: Sequence[Shape]
) -> Explanation | None:
    """Explain that exactly one operand is empty."""
    empty = [(node, shape) for node, shape in zip(nodes, shapes, strict=True) if 0 in shape]
    if len(empty) != 1 or len(nodes) < 2:
        return None
    return sentence("empty", array=place.text(empty[0][0]), shape=str(empty[0][1]))


def rows_as_variables(
    place: Place, nodes: Sequence[ast.AST], shapes: Sequence[Shape]
) -> Explanation | None:
    """Explain that ``np.cov`` took rows as variables, if the shapes come from there."""
    for part in (part for node in nodes for part in place.sources(node)):
        match part:
            case ast.Call(func=func, args=[table], keywords=[]):
                shape = place.shape(table)
                if not place.is_numpy(func, "cov", "corrcoef") or shape is None or len(shape) != 2:
                    continue
                n, d = shape
                lengths = [length for each in shapes for length in each]
                if n > d and n in lengths and d in lengths:
                    function, array = place.text(func), place.text(table)
                    fix = f"{function}({array}, rowvar=False)"
                    values: dict[str, Any] = dict(function=function, array=array, shape=str(shape))
                    return sentence("cov-rows", (fix,), **values, result=str((n, n)))
    return None


def stretched(
    place: Place, left: ast.AST, right: ast.AST, a: Shape, b: Shape, operator: str
) -> tuple[str, ...]:
    """Suggest an axis of length 1, or a transpose, that makes two shapes fit."""
    in_place = place.find(ast.AugAssign) is not None
    sign = f"{operator}=" if in_place else operator
    x, y = place.source(left), place.source(right)
    if kept := with_its_axis(place, right, left, b, a):
        return (f"{x} {sign} {kept}",)
    if not in_place and (kept := with_its_axis(place, left, right, a, b)):
        return (f"{kept} {sign} {y}",)
    if place.shape(left) is None or place.shape(right) is None:
        return ()
    if len(a) == 2 and len(b) == 1 and a[0] == b[0]:
        return (f"{x} {sign} {y}[:, None]",)
    if in_place or not is_given(place, left) or not is_given(place, right):
        return ()
    if len(a) == 1 and len(b) == 2 and a[0] == b[0]:
        return (f"{x}[:, None] {sign} {y}",)
    if len(a) == len(b) == 2 and a == b[::-1]:
        return (f"{x} {sign} {transposed(y)}",)
    return ()


REDUCTIONS = ("sum", "mean", "max", "min", "std", "var", "prod", "median", "norm", "amax", "amin")


def reduced(place: Place, node: ast.AST) -> tuple[ast.expr, int] | None:
    """The array and the axis of ``x.sum(axis=1)``, ``np.sum(x, 1)`` or a norm, without keepdims."""
    match node:
        case ast.Call(func=ast.Attribute(value=base, attr=name), args=args, keywords=more):
            if name not in REDUCTIONS or not all(each.arg == "axis" for each in more):
                return None
            is_function = place.value(base) is np or place.in_numpy(base)
            if is_function and args:
                base, *args = args
            given = [*args[name == "norm" :], *(each.value for each in more)]
            axis = place.value(given[0]) if len(given) == 1 else None
            return (base, axis) if type(axis) is int else None
    return None


def with_its_axis(
    place: Place, node: ast.AST, other: ast.AST, shape: Shape, whole: Shape
) -> str | None:
    """A reduction of the other operand with ``keepdims=True``, if that makes them fit."""
    found = reduced(place, node)
    if found is None:
        return None
    array, axis = found
    same = place.text(array) == place.text(other) or place.shape(array) == whole
    if not same or not -len(whole) <= axis < len(whole):
        return None
    axis %= len(whole)
    if whole[:axis] + whole[axis + 1 :] != shape:
        return None
    return f"{place.source(node)[:-1].rstrip(', ')}, keepdims=True)"


def is_given(place: Place, node: ast.AST) -> bool:
    """Whether an operand is a name, perhaps transposed, and neither a part of another array nor a
    result of linear algebra: only then can its axes be in the wrong order.
    """
    if isinstance(node, ast.Attribute) and node.attr == "T":
        node = node.value
    if not isinstance(node, ast.Name | ast.Subscript):
        return False
    return not any(
        (isinstance(part, ast.Subscript) and kind_of(place.value(part.value)) in ("array", ""))
        or (isinstance(part, ast.Call) and "linalg" in place.text(part.func))
        for part in place.sources(node)
    )


@rule(
    ValueError,
    r"non-broadcastable output operand with shape (\([\d,]*\)) doesn't match the broadcast shape "
    r"(\([\d,]*\))$",
)
def broadcast_output(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    node = place.find(ast.AugAssign)
    if node is None:
        return None
    [shape], [result] = shapes_in(match[1]), shapes_in(match[2])
    if not place.agrees(node.target, shape):
        return None
    target, operator = place.text(node.target), OPERATORS.get(type(node.op), "")
    values: dict[str, Any] = dict(target=target, shape=str(shape), result=str(result))
    given = place.derived_shape(node.value)
    change = None if given is None else brought_to(place, node.value, given, shape, operator)
    fixes = (f"{target} {operator}= {change}",) if change else ()
    return sentence("broadcast-output", fixes, **values, operator=f"{operator}=")


def brought_to(
    place: Place, node: ast.AST, given: Shape, shape: Shape, operator: str
) -> str | None:
    """Sum a value over the axes that its target lacks, or add or drop an axis of length 1."""
    if len(given) == 2 and len(shape) == 1 and given == (shape[0], 1):
        return f"{place.term(node)}[:, 0]"
    if len(given) == 1 and shape == (given[0], 1):
        return f"{place.term(node)}[:, None]"
    extra = len(given) - len(shape)
    if operator not in "+-" or extra < 0 or len(set(given)) < len(given):
        return None  # with equal lengths, either axis may be meant
    if given[extra:] == shape and extra > 0:
        axes = "0" if extra == 1 else str(tuple(range(extra)))
        return f"{place.term(node)}.sum(axis={axes})"
    ones = [i for i, (a, b) in enumerate(zip(given, shape, strict=False)) if a != b]
    if extra == 0 and len(ones) == 1 and shape[ones[0]] == 1:
        return f"{place.term(node)}.sum(axis={ones[0]}, keepdims=True)"
    return None


def multiplied(place: Place) -> tuple[ast.expr, str, ast.expr] | None:
    """Both sides of a matrix product, and its operator or function."""
    sides = place.operands()
    if sides is not None:
        return sides if sides[1] == "@" else None
    match place.find(ast.Call):
        case ast.Call(func=func, args=[a, b], keywords=[]) if place.is_numpy(func, "dot", "matmul"):
            return a, place.text(func), b
        case ast.Call(func=ast.Attribute(value=a, attr="dot"), args=[b], keywords=[]):
            return (a, "dot", b) if kind_of(place.value(a)) in ("array", "") else None
    return None


def factors(
    place: Place, sides: tuple[ast.expr, str, ast.expr], left: Shape, right: Shape
) -> Explanation | None:
    """Explain a matrix product of known shapes that do not fit."""
    a, operator, b = sides
    if len(left) < 1 or len(right) < 1 or not place.agrees(a, left) or not place.agrees(b, right):
        return None
    inner = right[-2] if len(right) > 1 else right[0]
    if left[-1] == inner:
        return None
    known = [place.shape(a), place.shape(b)]
    if found := without_values(place, (a, b), (left, right)) or rows_as_variables(
        place, (a, b), (left, right)
    ):
        return found
    x, y = place.text(a), place.text(b)
    others: list[tuple[str, str, Shape, Shape]] = []
    is_square = any(len(shape) == 2 and shape[0] == shape[1] for shape in (left, right))
    if None not in known and not is_square and is_given(place, a) and is_given(place, b):
        if len(right) == 2:
            others.append((x, transposed(y), left, right[::-1]))
        if len(left) == 2:
            others.append((transposed(x), y, left[::-1], right))
        others.append((y, x, right, left))
    fitting = [(m, n) for m, n, p, q in others if product(p, q)]
    fixes = [f"{m} @ {n}" for m, n in fitting[:2]]
    pair = two(x, left, y, right, left[-1], inner)
    return sentence("matmul", fixes, **pair, operator=operator)


@rule(
    ValueError,
    r"matmul: Input operand 1 has a mismatch in its core dimension 0, with gufunc signature .* "
    r"\(size (\d+) is different from (\d+)\)$",
)
def matmul(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    sides = multiplied(place)
    if sides is None:
        return None
    a, operator, b = sides
    left, right = place.shape(a), place.shape(b)
    inner, last = int(match[1]), int(match[2])
    if left is not None and (not left or left[-1] != last):
        return None
    if right is not None and (not right or (right[-2] if len(right) > 1 else right[0]) != inner):
        return None
    if left is not None and right is not None:
        return factors(place, sides, left, right)
    sizes = [left or (last,), right or (inner,)]
    if found := rows_as_variables(place, (a, b), sizes):
        return found
    values: dict[str, Any] = dict(left=place.text(a), right=place.text(b))
    return sentence("matmul-sizes", **values, operator=operator, a=last, b=inner)


@rule(ValueError, r"shapes (\([\d,]*\)) and (\([\d,]*\)) not aligned: ")
def dot(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    sides = multiplied(place)
    [left], [right] = shapes_in(match[1]), shapes_in(match[2])
    return None if sides is None else factors(place, sides, left, right)


@rule(ValueError, r"matmul: Input operand [01] does not have enough dimensions \(has 0")
def matmul_number(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    sides = place.operands()
    if sides is None or sides[1] != "@":
        return None
    left, _, right = sides
    for one, other in ((left, right), (right, left)):
        if place.shape(one) == () and place.shape(other) is not None:
            fix = f"{place.text(left)} * {place.text(right)}"
            return sentence("matmul-number", (fix,), number=place.text(one))
    return None


@rule(ValueError, r"cannot reshape array of size (\d+) into shape (\([\w,]*\))$")
def reshape(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    call = place.find(ast.Call)
    if call is None:
        return None
    size, shape = int(match[1]), match[2]
    sizes = [int(part) for part in re.findall(r"\d+", shape)]
    if (array := place.subject(call)) is None:
        match call.func:
            case ast.Attribute(value=ast.Call() as made, attr="reshape") if "newaxis" not in shape:
                values: dict[str, Any] = dict(array=place.text(made), size=size)
                wanted = str(tuple(sizes))
                return sentence("reshape-call", **values, wanted=wanted, product=math.prod(sizes))
        return None
    known = place.shape(array)
    if known is None or math.prod(known) != size:
        return None
    values = dict(array=place.text(array), shape=str(known), size=size)
    if "newaxis" in shape:
        return sentence("reshape-rest", **values, rest=math.prod(sizes))
    return sentence("reshape", **values, wanted=str(tuple(sizes)), product=math.prod(sizes))


@rule(
    ValueError,
    r"all the input array dimensions except for the concatenation axis must match exactly, but "
    r"along dimension (\d+), the array at index (\d+) has size (\d+) and the array at index (\d+) "
    r"has size (\d+)$",
)
def concatenate(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    axis, i, m, j, n = map(int, match.groups())
    pair = joined(place, i, j)
    if pair is None:
        return None
    (a, left), (b, right) = pair
    if axis >= min(len(left), len(right)) or (left[axis], right[axis]) != (m, n):
        return None
    return sentence("concatenate", **two(a, left, b, right, m, n), axis=axis)


@rule(
    ValueError,
    r"all the input arrays must have same number of dimensions, but the array at index (\d+) has "
    r"(\d+) dimension\(s\) and the array at index (\d+) has (\d+) dimension\(s\)$",
)
def concatenate_axes(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    i, m, j, n = map(int, match.groups())
    pair = joined(place, i, j)
    if pair is None or (len(pair[0][1]), len(pair[1][1])) != (m, n):
        return None
    (a, left), (b, right) = pair
    return sentence("concatenate-axes", **two(a, left, b, right, m, n))


@rule(ValueError, r"all input arrays must have the same shape$")
def stack(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    for j in range(1, 100):
        pair = joined(place, 0, j)
        if pair is None:
            return None
        (a, left), (b, right) = pair
        if left != right:
            return sentence("stack", **two(a, left, b, right))
    return None


def joined(place: Place, i: int, j: int) -> tuple[tuple[str, Shape], tuple[str, Shape]] | None:
    """Two of the arrays that a call joins, each with its shape."""
    call = place.find(ast.Call)
    names = ("concatenate", "stack", "vstack", "hstack", "column_stack", "dstack")
    if call is None or not call.args or not place.is_numpy(call.func, *names):
        return None
    arrays = call.args[0]
    found = []
    for k in (i, j):
        if isinstance(arrays, ast.List | ast.Tuple):
            if k >= len(arrays.elts):
                return None
            text, shape = place.text(arrays.elts[k]), place.shape(arrays.elts[k])
        else:
            text, shape = f"{place.text(arrays)}[{k}]", shape_of(item(place.value(arrays), k))
        if shape is None:
            return None
        found.append((text, shape))
    return found[0], found[1]


@rule(ValueError, r"(?:too many|not enough) values to unpack \(expected (\d+)")
def unpack(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    target, source = unpacked(place)
    if target is None or source is None or len(target.elts) != int(match[1]):
        return None
    if any(isinstance(part, ast.Starred) for part in target.elts):
        return None
    value = place.value(source)
    length = length_of(value)
    if length is None or length == len(target.elts):
        return None
    values: dict[str, Any] = dict(value=place.text(source), names=len(target.elts))
    if kind_of(value) == "array":
        return sentence("unpack-array", **values, shape=str(value.shape), length=length)
    return sentence("unpack", **values, length=length)


@rule(TypeError, r"cannot unpack non-iterable (\w+) object$")
def unpack_one(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    target, source = unpacked(place)
    if target is None or source is None:
        return None
    value = place.value(source)
    values: dict[str, Any] = dict(value=place.text(source), names=len(target.elts))
    if kind_of(value) == "number":
        return sentence("unpack-number", **values)
    if value is None or (match[1] == "NoneType" and value is UNKNOWN):
        return none(place, source) if value is None else None
    return None


def unpacked(place: Place) -> tuple[ast.Tuple | ast.List | None, ast.expr | None]:
    """The names on the left of a failed assignment, and its right side."""
    for node in place.nodes:
        if isinstance(node, ast.Tuple | ast.List):
            statement = place.parent(node)
            if isinstance(statement, ast.Assign):
                return node, statement.value
        if isinstance(node, ast.expr):
            statement = place.parent(node)
            if isinstance(statement, ast.Assign) and statement.value is node:
                match statement.targets:
                    case [ast.Tuple() | ast.List() as target]:
                        return target, node
    return None, None


@rule(
    IndexError,
    r"boolean index did not match indexed array along axis (\d+); size of axis is (\d+) but size "
    r"of corresponding boolean axis is (\d+)$",
)
def mask(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    parts = place.subscript()
    if parts is None:
        return None
    array, index = parts
    axis, size, length = map(int, match.groups())
    known = place.shape(array)
    if known is None or axis >= len(known) or known[axis] != size or isinstance(index, ast.Tuple):
        return None
    values: dict[str, Any] = dict(array=place.text(array), shape=str(known))
    return sentence("mask", **values, mask=place.text(index), axis=axis, size=size, length=length)


@rule(
    ValueError, r"could not broadcast input array from shape (\([\d,]*\)) into shape (\([\d,]*\))$"
)
def assignment(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    node = place.find(ast.Subscript)
    statement = None if node is None else place.parent(node)
    if node is None or not isinstance(statement, ast.Assign):
        return None
    [given], [wanted] = shapes_in(match[1]), shapes_in(match[2])
    if not place.agrees(statement.value, given) or not place.agrees(node, wanted):
        return None
    values: dict[str, Any] = dict(target=place.text(node), shape=str(wanted))
    return sentence("assignment", **values, value=place.text(statement.value), given=str(given))


@rule(
    ValueError,
    r"NumPy boolean array indexing assignment cannot assign (\d+) input values to the (\d+) output "
    r"values where the mask is true$",
)
def assignment_mask(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    node = place.find(ast.Subscript)
    statement = None if node is None else place.parent(node)
    if node is None or not isinstance(statement, ast.Assign):
        return None
    values: dict[str, Any] = dict(target=place.text(node), value=place.text(statement.value))
    return sentence("assignment-mask", **values, given=int(match[1]), wanted=int(match[2]))


@rule(ValueError, r"setting an array element with a sequence\.$")
def element(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    node = place.find(ast.Subscript)
    statement = None if node is None else place.parent(node)
    if node is None or not isinstance(statement, ast.Assign) or place.shape(node) != ():
        return None
    length = length_of(place.value(statement.value))
    if set(place.derived_shape(statement.value) or (0,)) == {1}:
        parts = reversed(list(ast.walk(statement.value)))  # change the innermost
        return next((found for part in parts if (found := of_one_number(place, part))), None)
    if length is None:
        cause = error.__cause__
        if type(cause) is not TypeError or "0-dimensional" not in str(cause):
            return None
        values: dict[str, Any] = dict(target=place.text(node), value=place.text(statement.value))
        return sentence("element-array", **values)
    return sentence(
        "element", target=place.text(node), value=place.text(statement.value), length=length
    )


@rule(ValueError, r"setting an array element with a sequence\. The requested array has an inhom")
def ragged(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    call = place.find(ast.Call)
    if call is None or not call.args or not place.is_numpy(call.func, "array", "asarray"):
        return None
    rows = place.value(call.args[0])
    if type(rows) is not list or not 1 < len(rows) <= MAX_ITEMS:
        return None
    lengths = [length_of(row) for row in rows]
    for i, length in enumerate(lengths):
        if length is None or lengths[0] is None:
            return None
        if length != lengths[0]:
            values: dict[str, Any] = dict(rows=place.text(call.args[0]), first=lengths[0])
            return sentence("ragged", **values, index=i, length=length)
    return None


@rule(AxisError)
def axis(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    call = place.find(ast.Call)
    number, axes = error.axis, error.ndim
    if call is None or type(number) is not int or type(axes) is not int or axes < 1:
        return None
    array = place.subject(call)
    if isinstance(array, ast.List | ast.Tuple) and array.elts:
        array = array.elts[0]  # the first array to be joined
    if array is None or (shape := place.shape(array)) is None or len(shape) != axes:
        return None
    values: dict[str, Any] = dict(array=place.text(array), shape=str(shape), axis=number)
    return sentence("axis", **values, last=axes - 1)


@rule(TypeError, r"len\(\) of unsized object$")
def zero_axes_length(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    match place.find(ast.Call):
        case ast.Call(func=ast.Name(id="len"), args=[array]) if place.is_builtin("len"):
            return zero_axes(place, array)
    return None


@rule(TypeError, r"iteration over a 0-d array$")
def zero_axes_loop(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    return next(
        (found for node in place.nodes if (found := zero_axes(place, node)) is not None), None
    )


@rule(ValueError, r"axes don't match array$")
def transpose(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    match place.find(ast.Call):
        case ast.Call(func=ast.Attribute(value=array, attr="transpose"), args=args, keywords=more):
            args = [*args, *(keyword.value for keyword in more)]
        case _:
            return None
    if place.value(array) is np:
        array, *args = args
    shape, order = place.shape(array), place.all_or_unknown(args, tuple)
    if shape is None or order is UNKNOWN:
        return None
    is_one = len(order) == 1 and type(order[0]) is not int
    count = length_of(order[0]) if is_one else len(order)
    if count is None or count == len(shape):
        return None
    values: dict[str, Any] = dict(array=place.text(array), shape=str(shape))
    return sentence("transpose", **values, axes=len(shape), given=count)


@rule(ValueError, r"array split does not result in an equal division$")
def split(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    call = place.find(ast.Call)
    if (
        call is None
        or call.keywords
        or len(call.args) != 2
        or not place.is_numpy(call.func, "split")
    ):
        return None
    array, parts = call.args
    shape, count = place.shape(array), place.value(parts)
    if not shape or type(count) is not int or count < 1 or shape[0] % count == 0:
        return None
    fix = f"{place.numpy}.array_split({place.text(array)}, {place.text(parts)})"
    values: dict[str, Any] = dict(array=place.text(array), length=shape[0], parts=count)
    return sentence("split", (fix,), **values)


@rule(ValueError, r"zero-size array to reduction operation (\w+) which has no identity$")
@rule(ValueError, r"attempt to get (argm\w+) of an empty sequence$")
def empty(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    call = place.find(ast.Call)
    array = None if call is None else place.subject(call)
    shape = None if array is None else place.shape(array)
    if array is None or shape is None or 0 not in shape:
        return None
    return sentence("empty", array=place.text(array), shape=str(shape))


@rule(np.linalg.LinAlgError, r"Last 2 dimensions of the array must be square$")
def square(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    return of_matrix(place, "square", lambda shape: len(shape) > 1 and shape[-1] != shape[-2])


@rule(
    np.linalg.LinAlgError, r"\d+-dimensional array given\. Array must be at least two-dimensional$"
)
def two_axes(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    return of_matrix(place, "two-axes", lambda shape: len(shape) < 2)


def of_matrix(place: Place, id: str, holds: Callable[[Shape], bool]) -> Explanation | None:
    """Explain an error in the matrix passed to a function of ``numpy.linalg``."""
    match place.find(ast.Call):
        case ast.Call(func=ast.Attribute(value=base) as func, args=[matrix, *_]):
            shape = place.shape(matrix)
            if shape is None or not holds(shape) or not place.in_numpy(base):
                return None
            values: dict[str, Any] = dict(function=place.text(func), matrix=place.text(matrix))
            return sentence(id, **values, shape=str(shape))
    return None


@rule(
    ValueError,
    r"solve1?: Input operand 1 has a mismatch in its core dimension 0, .* "
    r"\(size (\d+) is different from (\d+)\)$",
)
def solve(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    match place.find(ast.Call):
        case ast.Call(func=ast.Attribute(attr="solve"), args=[a, b]):
            left, right = place.shape(a), place.shape(b)
            if left is None or right is None or len(left) != 2 or not right:
                return None
            if (right[0], left[0]) != (int(match[1]), int(match[2])):
                return None
            pair = two(place.text(a), left, place.text(b), right, left[0], right[0])
            return sentence("solve", **pair)
    return None


def summed(place: Place) -> tuple[list[str], list[ast.expr]] | None:
    """The letters of each array in a call of einsum, and the arrays."""
    match place.find(ast.Call):
        case ast.Call(func=func, args=[ast.Constant(value=str(text)), *arrays]):
            letters = text.replace(" ", "").split("->")[0].split(",")
            if place.is_numpy(func, "einsum") and len(letters) == len(arrays) and "." not in text:
                return letters, arrays
    return None


@rule(ValueError, r"operands could not be broadcast together with remapped shapes ")
def einsum(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    parts = summed(place)
    if parts is None:
        return None
    seen: dict[str, tuple[str, int]] = {}
    for letters, array in zip(*parts, strict=True):
        shape = place.shape(array)
        if shape is None or len(shape) != len(letters):
            return None
        for letter, length in zip(letters, shape, strict=True):
            other, size = seen.setdefault(letter, (place.text(array), length))
            if length != size and 1 not in (length, size):
                values: dict[str, Any] = dict(letter=letter, left=other, a=size)
                return sentence("einsum", **values, right=place.text(array), b=length)
    return None


@rule(ValueError, r"einstein sum subscripts string contains too many subscripts for operand \d+$")
@rule(ValueError, r"operand has more dimensions than subscripts given in einstein sum")
def einsum_axes(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    parts = summed(place)
    for letters, array in zip(*parts, strict=True) if parts else ():
        shape = place.shape(array)
        if shape is None:
            return None
        if len(shape) != len(letters):
            values: dict[str, Any] = dict(letters=letters, count=len(letters))
            return sentence("einsum-axes", **values, array=place.text(array), shape=str(shape))
    return None


@rule(TypeError, r"Invalid shape (\([\d, ]*\)) for image data$", library="matplotlib")
def picture(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    call = place.find(ast.Call)
    [shape] = shapes_in(match[1].replace(" ", ""))
    if call is None or not call.args or place.derived_shape(call.args[0]) not in (None, shape):
        return None
    text, side = place.term(call.args[0]), math.isqrt(math.prod(shape))
    fixes: tuple[str, ...] = ()
    if len(shape) == 1 and side > 1 and side * side == shape[0]:
        fixes = (f"{text}.reshape({side}, {side})",)
    elif len(shape) == 3 and shape[0] == 1:
        fixes = (f"{text}[0]",)
    return sentence("picture", fixes, array=place.text(call.args[0]), shape=str(shape))


@rule(ValueError, r"x and y must have same first dimension, but have shapes (.*)", "matplotlib")
def plotted(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    call = place.find(ast.Call)
    shapes = shapes_in(match[1].replace(" ", ""))
    if call is None or len(call.args) < 2 or len(shapes) != 2 or not all(shapes):
        return None
    (a, left), (b, right) = zip(call.args, shapes, strict=False)
    if not place.agrees(a, left) or not place.agrees(b, right):
        return None
    pair = two(place.text(a), left, place.text(b), right, left[0], right[0])
    return sentence("plotted", **pair)


AXES_FIRST = ("sum", "mean", "max", "min", "prod", "any", "all", "std", "var")


@rule(TypeError, r"Cannot interpret '(\d+)' as a data type$")
def axes_arguments(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    """Explain two separate axes, of which NumPy read the second as a dtype."""
    match place.find(ast.Call):
        case ast.Call(func=ast.Attribute(value=base, attr=name) as function, args=args) if (
            name in AXES_FIRST
        ):
            array, axes = (args[0], args[1:]) if place.value(base) is np else (base, args)
        case _:
            return None
    shape, numbers = place.shape(array), [place.value(each) for each in axes]
    if shape is None or len(axes) != 2 or not all(type(each) is int for each in numbers):
        return None
    if not all(-len(shape) <= each < len(shape) for each in numbers):
        return None
    first = [place.source(array)] if array is not base else []
    inside = ", ".join([*first, f"({', '.join(map(place.source, axes))})"])
    fix = f"{place.source(function)}({inside})"
    return sentence("axes-arguments", (fix,), function=place.text(function))


@rule(
    IndexError, r"shape mismatch: indexing arrays could not be broadcast together with shapes (.*)"
)
def index_pairs(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    parts, shapes = place.subscript(), shapes_in(match[1])
    if parts is None or len(shapes) != 2 or any(len(shape) != 1 for shape in shapes):
        return None
    array, index = parts
    if not isinstance(index, ast.Tuple) or len(index.elts) != 2 or not place.shape(array):
        return None
    inside = ", ".join(map(place.source, index.elts))
    fix = f"{place.term(array)}[{place.numpy}.ix_({inside})]" if place.numpy else "…"
    [[a], [b]] = shapes
    return sentence("index-pairs", (fix,), array=place.text(array), a=a, b=b)


@rule(np.linalg.LinAlgError, r"Singular matrix$")
def singular(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    return of_matrix(place, "singular", lambda shape: len(shape) == 2)
