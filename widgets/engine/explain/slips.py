"""Find probable mistakes in code that raised no error: lost results, second names taken for copies.

These checks read only the code and the values that it left; they run nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any, TypeAlias

import numpy as np

from widgets.engine.explain.place import SCOPES, Place, kind_of
from widgets.engine.explain.rules import IN_PLACE, Explanation, as_reply, called, sentence

Slip: TypeAlias = Callable[[Place, Any], Explanation | None]

NEW_ARRAY = (
    *("reshape", "astype", "transpose", "flatten", "ravel", "squeeze", "swapaxes", "copy", "clip"),
    *("round", "repeat", "cumsum"),
)
"""Methods that leave their array unchanged."""
FROM_NUMPY = (*NEW_ARRAY, "sort", "abs", "exp", "log", "sqrt", "delete", "append", "flip")
CHANGES = (*IN_PLACE, "shuffle", "partition", "resize")
OF_ROWS = ("cov", "corrcoef")
WAYS_OUT = (ast.Return, ast.Yield, ast.YieldFrom, ast.Raise)
FUNCTIONS = (BuiltinFunctionType, MethodType)

SLIPS: list[tuple[type[ast.AST], Slip]] = []


def slips_in(code: str, scope: dict[str, Any], file: str) -> list[dict[str, Any]]:
    """Explain slips, one of each kind, in the order of their lines."""
    tree = ast.parse(code)
    lines = code.splitlines(keepends=True)
    place = Place(file, 0, lines, tree, [], (scope, scope), compile("", file, "exec"))
    found: dict[str, tuple[int, Explanation]] = {}
    for node in ast.walk(tree):
        for kind, slip in SLIPS:
            if isinstance(node, kind) and (said := slip(place, node)) is not None:
                found.setdefault(said.id, (getattr(node, "lineno", 0), said))
    in_order = sorted(found.values(), key=lambda each: each[0])
    return [as_reply(said, line, file, file) for line, said in in_order]


def slip(kind: type[ast.AST]) -> Callable[[Slip], Slip]:
    """Register a rule about nodes of a kind."""

    def register(function: Slip) -> Slip:
        SLIPS.append((kind, function))
        return function

    return register


def is_outside(place: Place, node: ast.AST) -> bool:
    """Whether a node is outside functions and the like, so that its names are in the scope."""
    return place.owner(node) is None


def is_array(place: Place, node: ast.AST, axes: int | None = None) -> bool:
    shape = place.shape(node) if is_outside(place, node) else None
    return bool(shape) and axes in (None, len(shape or ()))


def earlier(place: Place, node: ast.stmt) -> list[ast.stmt]:
    """The statements before this one in its block, the nearest first."""
    parent = place.parent(node)
    for name in ("body", "orelse", "finalbody"):
        block = getattr(parent, name, None)
        if isinstance(block, list) and node in block:
            return block[: block.index(node)][::-1]
    return []


# Results that are lost


@slip(ast.Expr)
def unused(place: Place, node: ast.Expr) -> Explanation | None:
    match node.value:
        case ast.Call(
            func=ast.Attribute(value=ast.Name() as array, attr=method), keywords=more
        ) if method in NEW_ARRAY:
            pass
        case ast.Call(
            func=ast.Attribute() as function, args=[ast.Name() as array, *_], keywords=more
        ) if place.is_numpy(function, *FROM_NUMPY):
            pass
        case ast.BinOp(left=ast.Name() as array):
            more = []
        case _:
            return None
    is_last = node is place.tree.body[-1]  # which is shown
    if is_last or not is_array(place, array) or any(each.arg == "out" for each in more):
        return None
    code = place.source(node.value)
    fix = (f"{array.id} = {code}",)
    return sentence("unused", fix, code=place.text(node.value), array=array.id)


@slip(ast.Assign)
def nothing_kept(place: Place, node: ast.Assign) -> Explanation | None:
    match node:
        case ast.Assign(
            targets=[ast.Name(id=name)], value=ast.Call(func=ast.Attribute(attr=method)) as call
        ) if method in CHANGES and is_outside(place, node) and place.name(name) is None:
            fix = (place.source(call),)
            return sentence("none-in-place", fix, value=name, method=f".{method}()")
    return None


@slip(ast.FunctionDef)
def no_return(place: Place, node: ast.FunctionDef) -> Explanation | None:
    match node.body[-1]:
        case ast.Expr(value=ast.BinOp() | ast.Compare() | ast.Name() as value):
            inside = [each for part in node.body for each in ast.walk(part)]
            if not any(isinstance(each, WAYS_OUT) for each in inside):
                fix = (f"return {place.source(value)}",)
                return sentence("no-return", fix, function=node.name, code=place.text(value))
    return None


@slip(ast.Expr)
def shown(place: Place, node: ast.Expr) -> Explanation | None:
    """A function that is printed, or shown as the last value, instead of its result."""
    match node.value:
        case ast.Call(func=ast.Name(id="print"), args=args):
            parts = args
        case _:
            parts = [node.value] if node is place.tree.body[-1] else []
    for part in parts:
        if not isinstance(part, ast.Attribute | ast.Name) or not is_outside(place, part):
            continue
        value = place.value(part)
        owner = part.value if isinstance(part, ast.Attribute) else None
        is_method = owner is not None and kind_of(place.value(owner)) in ("array", "list")
        if (is_method and type(value) in FUNCTIONS) or type(value) is FunctionType:
            return sentence("function-uncalled", called(place, part), function=place.text(part))
    return None


# Second names


@slip(ast.Assign)
@slip(ast.AugAssign)
def second_name(place: Place, node: ast.Assign | ast.AugAssign) -> Explanation | None:
    """A change to an array under a second name, or to a complete view of it."""
    target: ast.AST = node.targets[0] if isinstance(node, ast.Assign) else node.target
    if is_part := isinstance(target, ast.Subscript):
        target = target.value
    if not isinstance(target, ast.Name) or not is_outside(place, node):
        return None
    if not is_part and isinstance(node, ast.Assign):
        return None
    name, source = target.id, given_before(place, node, target.id)
    array = source
    if isinstance(source, ast.Subscript) and not is_part:
        is_slice = any(isinstance(each, ast.Slice) for each in ast.walk(source.slice))
        array = source.value if is_slice else None
    base, second = place.value(array) if array else None, place.name(name)
    if not isinstance(array, ast.Name) or array.id == name:
        return None
    if type(base) is not np.ndarray or type(second) is not np.ndarray:
        return None
    if not np.may_share_memory(base, second):
        return None
    assert source is not None
    fix = (f"{name} = {place.source(source)}.copy()",)
    id = "second-name" if base is second else "view"
    return sentence(id, fix, name=name, array=array.id, code=place.text(node))


def given_before(place: Place, node: ast.stmt, name: str) -> ast.expr | None:
    """The expression last assigned to a name before a statement of the same block."""
    for each in earlier(place, node):
        match each:
            case ast.Assign(targets=[ast.Name(id=given)], value=value) if given == name:
                return value
    return None


@slip(ast.Assign)
@slip(ast.AugAssign)
def copy_changed(place: Place, node: ast.Assign | ast.AugAssign) -> Explanation | None:
    """An assignment to part of the copy that an index of numbers, or a mask, returns."""
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    match target:
        case ast.Subscript(value=ast.Subscript(value=ast.Name() as array, slice=index) as copy):
            value = place.value(index)
            is_list = type(value) is list or isinstance(index, ast.Compare)
            if is_array(place, array) and (is_list or type(value) is np.ndarray):
                return sentence("copy-changed", copy=place.text(copy), array=array.id)
    return None


@slip(ast.Expr)
def shuffled_apart(place: Place, node: ast.Expr) -> Explanation | None:
    """Two arrays of equal length, shuffled separately."""
    second, *others = map(shuffled, [node, *earlier(place, node)])
    if second is None or not is_array(place, second):
        return None
    for first in filter(None, others):
        texts = place.text(first), place.text(second)
        if not is_array(place, first) or texts[0] == texts[1]:
            continue
        if len(place.value(first)) == len(place.value(second)):
            order = f"rng.permutation(len({texts[0]}))"
            return sentence("shuffled-apart", first=texts[0], second=texts[1], order=order)
    return None


def shuffled(statement: ast.stmt) -> ast.expr | None:
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="shuffle"), args=[array])):
            return array
    return None


# Operations that do something unexpected


@slip(ast.Attribute)
def one_axis(place: Place, node: ast.Attribute) -> Explanation | None:
    if node.attr != "T" or not is_array(place, node.value, axes=1):
        return None
    match place.parent(node):
        case ast.BinOp(op=ast.MatMult()) | ast.Call():  # the same with and without .T
            return None
    text = place.text(node.value)
    values: dict[str, Any] = dict(array=text, shape=str(place.shape(node.value)))
    return sentence("transpose-one", (f"{place.term(node.value)}[:, None]",), **values)


@slip(ast.Compare)
def never_equal(place: Place, node: ast.Compare) -> Explanation | None:
    match node:
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
            pass
        case _:
            return None
    for value, other in ((left, right), (right, left)):
        number = place.value(other)
        if type(number) is float and number != number:
            fix = f"{place.numpy}.isnan({place.source(value)})" if place.numpy else "…"
            return sentence("nan-equal", (fix,), code=place.text(node))
        array: Any = place.value(value) if is_array(place, value) else None
        is_number = kind_of(number) == "number" and type(number) is not bool
        if array is not None and array.dtype.kind in "US" and is_number:
            fix = f'{place.source(value)} == "{number}"'
            values: dict[str, Any] = dict(array=place.text(value), number=place.text(other))
            return sentence("text-equal", (fix,), **values)
    return None


@slip(ast.BinOp)
def power(place: Place, node: ast.BinOp) -> Explanation | None:
    if not isinstance(node.op, ast.BitXor) or not is_outside(place, node):
        return None
    values = place.value(node.left), place.value(node.right)
    is_whole = type(values[0]) is int or (
        type(values[0]) is np.ndarray and values[0].dtype.kind in "iu"
    )
    if not is_whole or type(values[1]) is not int or not 1 < values[1] < 10:
        return None
    fix = f"{place.source(node.left)} ** {place.source(node.right)}"
    return sentence("xor", (fix,), code=place.text(node))


@slip(ast.Call)
def rows(place: Place, node: ast.Call) -> Explanation | None:
    """Covariances of samples, one per row, that take each row as a variable."""
    match node:
        case ast.Call(func=function, args=[array], keywords=[]) if place.is_numpy(
            function, *OF_ROWS
        ) and is_array(place, array, axes=2):
            n, d = place.value(array).shape
            if n <= 2 * d:
                return None
            source = place.source(array)
            fix = f"{place.text(function)}({source}, rowvar=False)"
            said: dict[str, Any] = dict(function=place.text(function), array=place.text(array))
            return sentence("cov-rows", (fix,), **said, shape=str((n, d)), result=str((n, n)))
    return None


@slip(ast.Call)
def same_seed(place: Place, node: ast.Call) -> Explanation | None:
    """A generator that starts again from the same seed in each iteration of a loop."""
    match node:
        case ast.Call(
            func=ast.Attribute(attr="default_rng" | "seed"), args=[ast.Constant(value=int())]
        ):
            for each in place.ancestors(node):
                if isinstance(each, SCOPES):
                    return None
                if isinstance(each, ast.For | ast.While) and node not in ast.walk(
                    each.iter if isinstance(each, ast.For) else each.test
                ):
                    return sentence("same-seed", code=place.text(node))
    return None
