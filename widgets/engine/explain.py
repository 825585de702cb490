"""What an error means for the values that caused it: the id of a sentence, and its values.

The sentences are in static/js/explain/sentences.js. An explanation reads the failing expression,
the shapes of names in it, and Python's message; if they do not agree there is none. It never runs a
reader's code: it reads exact NumPy arrays, numbers, text and built-in containers, and compares
types by identity, because a class may define how it is compared, hashed and shown.
"""

from __future__ import annotations

import ast
import builtins
import linecache
import math
import re
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    GeneratorType,
    MethodType,
    ModuleType,
    NoneType,
    TracebackType,
)
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy._core import _exceptions

Shape: TypeAlias = tuple[int, ...]
Node = TypeVar("Node", bound=ast.AST)

MAX_TEXT = 40  # characters of an expression
MAX_MESSAGE = 2_000
MAX_ITEMS = 10_000  # of a container that is looked through
MAX_NUMBER = 10**12
MAX_KEYS = 5

UNKNOWN = object()
LOCALS = type((lambda: sys._getframe().f_locals)())  # a dict until Python 3.13

NUMBERS = (int, float, complex, bool)
SCALARS = tuple({np.dtype(code).type for code in "?bBhHiIlLqQefdFD"})
FUNCTIONS = (FunctionType, BuiltinFunctionType, MethodType, np.ufunc, type(np.sum), type)
ITERATORS: tuple[type, ...] = (
    *(map, zip, filter, enumerate, reversed, GeneratorType),
    *(type({}.keys()), type({}.values()), type({}.items())),
)

OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.MatMult: "@",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}


SCOPES = (
    ast.FunctionDef,
    ast.ClassDef,
    ast.Lambda,
    ast.AsyncFunctionDef,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
)


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


def explain(error: BaseException, files: Collection[str], current: str) -> dict[str, Any] | None:
    """The explanation of an error for the reply ``failed``; None if there is none.

    Parameters
    ----------
    files : names of files whose code may be explained
    current : the file that ran; the line of another one is named with its file
    """
    if type(error) is SyntaxError:
        return explain_syntax(error, files, current)
    message = message_of(error)
    if message is None or (found := frame_of(error.__traceback__, files)) is None:
        return None
    if (place := Place.at(*found)) is None:
        return None
    for kind, pattern, rule in RULES:
        if type(error) is kind and (match := pattern.match(message)):
            explanation = rule(place, error, match)
            if explanation is not None:
                return as_reply(explanation, place.line, place.file, current)
    return None


def as_reply(explanation: Explanation, line: int, file: str, current: str) -> dict[str, Any]:
    return {
        "id": explanation.id,
        "values": explanation.values,
        "fixes": list(explanation.fixes),
        "line": line,
        "file": "" if file == current else file,
    }


def message_of(error: BaseException) -> str | None:
    """The message, if Python or NumPy can have written it."""
    if not any(type(error) is kind for kind, _, _ in RULES):
        return None
    args = error.args
    if any(type(error) is kind for kind in WITHOUT_TEXT):
        return ""
    if len(args) == 0 or type(args[0]) is not str or len(args[0]) > MAX_MESSAGE:
        return None
    return args[0]


def frame_of(
    traceback: TracebackType | None, files: Collection[str]
) -> tuple[TracebackType, str] | None:
    """The innermost frame in one of the files, if nothing but NumPy was called from it."""
    found = None
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        if file in files:
            found = traceback, file
        elif not re.search(r"(^|/site-packages/)numpy/", file):
            found = None
        traceback = traceback.tb_next
    return found


def kind_of(value: object) -> str:
    """What a value is, in one word, or "" for anything that may run a reader's code."""
    kind = type(value)
    if kind is np.ndarray:
        return "array"
    if any(kind is each for each in (*NUMBERS, *SCALARS)):
        return "number"
    if any(kind is each for each in FUNCTIONS):
        return "function"
    if any(kind is each for each in ITERATORS):
        return "iterator"
    named: dict[str, type] = {"list": list, "tuple": tuple, "dict": dict, "set": set, "text": str}
    named |= {"none": NoneType, "module": ModuleType, "range": range}
    return next((name for name, each in named.items() if kind is each), "")


def shape_of(value: object) -> Shape | None:
    match kind_of(value):
        case "array":
            shape: Shape = value.shape  # type: ignore[attr-defined]
            return shape
        case "number":
            return ()
    return None


def length_of(value: Any) -> int | None:
    """How many items a container has, or an array along its first axis."""
    kind = kind_of(value)
    if kind == "array":
        return value.shape[0] if value.ndim else None
    return len(value) if kind in ("list", "tuple", "dict", "set", "text", "range") else None


def transposed(text: str) -> str:
    return text.removesuffix(".T") if text.endswith(".T") else f"{text}.T"


def is_flat(value: Any) -> bool:
    """Whether it is a list of numbers, which becomes an array with one axis."""
    if type(value) is not list or not 0 < len(value) <= MAX_ITEMS:
        return False
    return all(type(item) is int or type(item) is float for item in value)


def shapes_in(text: str) -> list[Shape]:
    """The shapes in a message of NumPy: ``(3,) (2,4)``."""
    found = re.findall(r"\(([\d,]*)\)", text)
    return [tuple(int(part) for part in each.split(",") if part) for each in found]


def clash(left: Shape, right: Shape) -> tuple[int, int] | None:
    """The last two lengths that cannot be stretched to each other."""
    for a, b in zip(reversed(left), reversed(right), strict=False):
        if a != b and 1 not in (a, b):
            return a, b
    return None


def product(left: Shape, right: Shape) -> bool:
    """Whether ``left @ right`` fits, for one or two axes each."""
    if not 1 <= len(left) <= 2 or not 1 <= len(right) <= 2:
        return False
    return left[-1] == right[0]


@dataclass
class Place:
    """The failing expression with the names that it can see.

    Attributes
    ----------
    nodes : those whose text is exactly the failing expression, outermost first
    """

    file: str
    line: int
    lines: list[str]
    tree: ast.Module
    nodes: list[ast.AST]
    scopes: tuple[dict[str, Any], dict[str, Any]]
    code: CodeType
    parents: dict[ast.AST, ast.AST] = field(default_factory=dict)

    @classmethod
    def at(cls, traceback: TracebackType, file: str) -> Place | None:
        code, frame = traceback.tb_frame.f_code, traceback.tb_frame
        at = next(islice(code.co_positions(), traceback.tb_lasti // 2, None), None)
        lines = linecache.getlines(file)
        if at is None or None in at or not lines:
            return None
        tree = ast.parse("".join(lines))
        nodes = [node for node in ast.walk(tree) if position_of(node) == at]
        nodes += [part for node in nodes if (part := read_first(node)) is not None]
        # Names of a class body may come from a mapping of the reader's.
        local = frame.f_locals if frame.f_locals is frame.f_globals or code.co_flags & 1 else {}
        scopes = names_in(local), names_in(frame.f_globals)
        return cls(file, traceback.tb_lineno, lines, tree, nodes, scopes, code)

    def find(self, kind: type[Node]) -> Node | None:
        """The failing expression, if it is of one kind."""
        return next((node for node in self.nodes if isinstance(node, kind)), None)

    def parent(self, node: ast.AST) -> ast.AST | None:
        if not self.parents:
            for parent in ast.walk(self.tree):
                for child in ast.iter_child_nodes(parent):
                    self.parents[child] = parent
        return self.parents.get(node)

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        parent = self.parent(node)
        while parent is not None:
            yield parent
            parent = self.parent(parent)

    def owner(self, node: ast.AST) -> ast.AST | None:
        """The function, class or comprehension that a node belongs to."""
        return next((each for each in self.ancestors(node) if isinstance(each, SCOPES)), None)

    def text(self, node: ast.AST) -> str:
        """An expression as the reader wrote it, on one line and shortened."""
        text = " ".join((ast.get_source_segment("".join(self.lines), node) or "").split())
        return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 12]}…{text[-11:]}"

    def name(self, word: str) -> Any:
        for scope in self.scopes:
            if word in scope:
                return scope[word]
        return UNKNOWN

    def is_builtin(self, word: str) -> bool:
        return self.name(word) is UNKNOWN

    def is_numpy(self, node: ast.AST, *names: str) -> bool:
        """Whether an expression is one of NumPy's functions, looked up by its name there."""
        return (
            isinstance(node, ast.Attribute) and node.attr in names and self.value(node.value) is np
        )

    @property
    def numpy(self) -> str:
        """NumPy's name in the reader's code, or ""."""
        return next(
            (name for scope in self.scopes for name, value in scope.items() if value is np), ""
        )

    def value(self, node: ast.AST) -> Any:
        """The value of an expression that runs no code; else ``UNKNOWN``."""
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=word):
                return self.name(word)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
                return -value
            case ast.Attribute(value=base, attr=name):
                return attribute(self.value(base), name)
            case ast.Subscript(value=base, slice=index):
                return item(self.value(base), self.index(index))
            case ast.List(elts=parts) if len(parts) <= MAX_ITEMS:
                return self.all_or_unknown(parts, list)
            case ast.Tuple(elts=parts) if len(parts) <= MAX_ITEMS:
                return self.all_or_unknown(parts, tuple)
        return UNKNOWN

    def all_or_unknown(
        self, parts: Sequence[ast.AST], kind: type[list[Any]] | type[tuple[Any, ...]]
    ) -> Any:
        values = [self.value(part) for part in parts]
        return UNKNOWN if any(value is UNKNOWN for value in values) else kind(values)

    def index(self, node: ast.AST) -> Any:
        """An index of whole numbers, slices, None and ``...``."""
        if isinstance(node, ast.Tuple):
            parts = tuple(self.index(part) for part in node.elts)
            return UNKNOWN if any(part is UNKNOWN for part in parts) else parts
        if isinstance(node, ast.Slice):
            bounds = [
                None if bound is None else self.value(bound)
                for bound in (node.lower, node.upper, node.step)
            ]
            if all(bound is None or type(bound) is int for bound in bounds):
                return slice(*bounds)
            return UNKNOWN
        value = self.value(node)
        plain = value is None or value is Ellipsis or type(value) is int or type(value) is str
        return value if plain else UNKNOWN

    def shape(self, node: ast.AST) -> Shape | None:
        return shape_of(self.value(node))

    def agrees(self, node: ast.AST, shape: Shape) -> bool:
        """Whether nothing known of an expression contradicts a shape."""
        known = self.shape(node)
        return known is None or known == shape

    def operands(self) -> tuple[ast.expr, str, ast.expr] | None:
        """Left side, operator and right side of the failing expression."""
        for node in self.nodes:
            match node:
                case ast.BinOp(left=left, op=op, right=right):
                    return left, OPERATORS.get(type(op), ""), right
                case ast.AugAssign(target=target, op=op, value=value):
                    return target, OPERATORS.get(type(op), ""), value
                case ast.Compare(left=left, ops=[op], comparators=[right]):
                    return left, OPERATORS.get(type(op), ""), right
        return None

    def subscript(self) -> tuple[ast.expr, ast.expr] | None:
        """Container and index of the failing expression, unless a comma may be missing between."""
        node = self.find(ast.Subscript)
        if node is None or (isinstance(node.value, ast.List | ast.Tuple) and node.value.elts):
            return None
        return node.value, node.slice

    def subject(self, call: ast.Call) -> ast.expr | None:
        """The array that a call is about: ``x`` in ``x.sum(1)`` and in ``np.sum(x, 1)``."""
        match call:
            case ast.Call(func=ast.Attribute(value=base)) if kind_of(self.value(base)) == "array":
                return base
            case ast.Call(func=ast.Attribute(value=base), args=[first, *_]):
                return first if self.value(base) is np or self.in_numpy(base) else None
        return None

    def in_numpy(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Attribute) and self.value(node.value) is np


def position_of(node: ast.AST) -> tuple[int, int, int, int] | None:
    if not isinstance(node, ast.expr | ast.stmt):
        return None
    assert node.end_lineno is not None and node.end_col_offset is not None
    return node.lineno, node.end_lineno, node.col_offset, node.end_col_offset


def read_first(node: ast.AST) -> ast.expr | None:
    """What a statement tests or runs over: before Python 3.12 the statement fails as a whole."""
    match node:
        case (
            ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) | ast.Assert(test=test)
        ):
            if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
                return test.operand
            return test
        case ast.For(iter=source) | ast.GeneratorExp(generators=[ast.comprehension(iter=source)]):
            return source
        case ast.ListComp(generators=[ast.comprehension(iter=source)]):
            return source
    return None


def names_in(scope: Any) -> dict[str, Any]:
    """A copy with ordinary names as keys; others may compare themselves in a reader's way."""
    if type(scope) is not dict and type(scope) is not LOCALS:
        return {}
    return {name: value for name, value in scope.items() if type(name) is str}


def attribute(value: Any, name: str) -> Any:
    """An attribute that is a matter of shape, or a name in a module."""
    if type(value) is np.ndarray and name in ("T", "shape", "size", "ndim"):
        return getattr(value, name)
    if type(value) is ModuleType:
        return names_in(vars(value)).get(name, UNKNOWN)
    return UNKNOWN


def item(value: Any, index: Any) -> Any:
    """An item of a built-in container or an array, or a part of an array."""
    if index is UNKNOWN:
        return UNKNOWN
    try:
        if type(value) is np.ndarray and type(index) is not str:
            return value[index]
        if (type(value) is list or type(value) is tuple) and type(index) in (int, slice):
            return value[index]
    except IndexError:
        return UNKNOWN
    if type(value) is dict and len(value) <= MAX_ITEMS and type(index) in (int, str):
        same = (each for key, each in value.items() if type(key) is type(index) and key == index)
        return next(same, UNKNOWN)
    return UNKNOWN


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


# Shapes


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
        del shapes[2]  # the target once more, as the output
    if len(nodes) != len(shapes) or not all(map(place.agrees, nodes, shapes)):
        return None
    if place.find(ast.Compare) and all(place.shape(node) is None for node in nodes):
        return None  # Python may have compared right with left
    for i, a in enumerate(nodes):
        for j, b in list(enumerate(nodes))[i + 1 :]:
            if lengths := clash(shapes[i], shapes[j]):
                fixes = stretched(place, a, b, shapes[i], shapes[j], operator)
                return sentence(
                    "broadcast",
                    fixes if sides is not None and not place.find(ast.AugAssign) else (),
                    left=place.text(a),
                    left_shape=str(shapes[i]),
                    right=place.text(b),
                    right_shape=str(shapes[j]),
                    operator=operator,
                    a=lengths[0],
                    b=lengths[1],
                )
    return None


def stretched(
    place: Place, left: ast.AST, right: ast.AST, a: Shape, b: Shape, operator: str
) -> tuple[str, ...]:
    """An axis of length 1, or a transpose, with which two shapes fit."""
    if place.shape(left) is None or place.shape(right) is None:
        return ()
    x, y = place.text(left), place.text(right)
    if len(a) == 2 and len(b) == 1 and a[0] == b[0]:
        return (f"{x} {operator} {y}[:, None]",)
    if len(a) == 1 and len(b) == 2 and a[0] == b[0]:
        return (f"{x}[:, None] {operator} {y}",)
    if len(a) == len(b) == 2 and a == b[::-1]:
        return (f"{x} {operator} {transposed(y)}",)
    return ()


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
    fix = f"{target} = {target} {operator} {place.text(node.value)}"
    plain = isinstance(node.target, ast.Name) and isinstance(node.value, ast.Name | ast.Constant)
    return sentence("broadcast-output", (fix,) if plain else (), **values, operator=f"{operator}=")


def multiplied(place: Place) -> tuple[ast.expr, str, ast.expr] | None:
    """Both sides of a matrix product, and how it is written."""
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
    """A product whose shapes are known."""
    a, operator, b = sides
    if len(left) < 1 or len(right) < 1 or not place.agrees(a, left) or not place.agrees(b, right):
        return None
    inner = right[-2] if len(right) > 1 else right[0]
    if left[-1] == inner:
        return None
    x, y = place.text(a), place.text(b)
    others: list[tuple[str, str, Shape, Shape]] = []
    if place.shape(a) is not None and place.shape(b) is not None:
        if len(right) == 2:
            others.append((x, transposed(y), left, right[::-1]))
        if len(left) == 2:
            others.append((transposed(x), y, left[::-1], right))
        others.append((y, x, right, left))
    fitting = [(m, n) for m, n, p, q in others if product(p, q)]
    fixes = [f"{m} @ {n}" for m, n in fitting[:2]]
    return sentence(
        "matmul",
        tuple(fixes),
        left=x,
        left_shape=str(left),
        right=y,
        right_shape=str(right),
        operator=operator,
        a=left[-1],
        b=inner,
    )


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
    return sentence(
        "concatenate",
        left=a,
        left_shape=str(left),
        right=b,
        right_shape=str(right),
        axis=axis,
        a=m,
        b=n,
    )


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
    values: dict[str, Any] = dict(left=a, left_shape=str(left), right=b, right_shape=str(right))
    return sentence("concatenate-axes", **values, a=m, b=n)


@rule(ValueError, r"all input arrays must have the same shape$")
def stack(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    for j in range(1, 100):
        pair = joined(place, 0, j)
        if pair is None:
            return None
        (a, left), (b, right) = pair
        if left != right:
            values: dict[str, Any] = dict(
                left=a, left_shape=str(left), right=b, right_shape=str(right)
            )
            return sentence("stack", **values)
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
    """The names on the left of an assignment that failed, and what is on its right."""
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
    if length is None:
        return None
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
        array = array.elts[0]  # of those to be joined
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


def zero_axes(place: Place, node: ast.AST) -> Explanation | None:
    value = place.value(node)
    if type(value) is not np.ndarray or value.ndim != 0 or value.dtype.kind not in "biufc":
        return None
    return sentence("zero-axes", array=place.text(node), number=f"{place.text(node)}.item()")


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
    """A sentence about the matrix that a function of ``numpy.linalg`` was given."""
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
            values: dict[str, Any] = dict(
                left=place.text(a), left_shape=str(left), right=place.text(b)
            )
            return sentence("solve", **values, right_shape=str(right), a=left[0], b=right[0])
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


# Indices


@rule(IndexError, r"only integers, slices \(`:`\), ellipsis")
def index_of_array(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    parts = place.subscript()
    return None if parts is None or place.shape(parts[0]) is None else float_index(place, parts[1])


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
    """That an expression is a float where whole numbers count."""
    match node:
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            if not is_whole(place, left) or not is_whole(place, right):
                return None
            quotient = f"{place.text(left)} // {place.text(right)}"
            return sentence("division", division=place.text(node), quotient=quotient)
    value = place.value(node)
    if type(value) is float and math.isfinite(value) and abs(value) < MAX_NUMBER:
        return sentence("float", number=place.text(node), value=repr(value))
    return None


def is_whole(place: Place, node: ast.AST) -> bool:
    """Whether an expression is known to be an ``int``."""
    return type(place.value(node)) is int or is_length(place, node)


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
@rule(TypeError, r"'float' object cannot be interpreted as an integer$")
def float_argument(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    call = place.find(ast.Call)
    if call is None or any(keyword.arg is None for keyword in call.keywords):
        return None
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
    return found[0] if len(found) == 1 else None


def is_no_float(place: Place, node: ast.AST) -> bool:
    """Whether an argument is certainly neither a float nor contains one."""
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
            return sentence("function-index", function=text)
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


# Types


@rule(OutputCastingError)
def cast(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    node = place.find(ast.AugAssign)
    given, held = vars(error).get("from_"), vars(error).get("to")
    if node is None or not isinstance(given, np.dtype) or not isinstance(held, np.dtype):
        return None
    value = place.value(node.target)
    if type(value) is not np.ndarray or value.dtype != held or held.kind not in "iu":
        return None
    if given.kind != "f":
        return None
    target, operator = place.text(node.target), OPERATORS.get(type(node.op), "")
    simple = isinstance(node.target, ast.Name) and isinstance(node.value, ast.Name | ast.Constant)
    fix = f"{target} = {target} {operator} {place.text(node.value)}"
    return sentence("cast", (fix,) if simple else (), array=target, operator=f"{operator}=")


@rule(NoLoopError)
@rule(NoSignatureError)
def text_array(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    sides = place.operands()
    for node in (sides[0], sides[2]) if sides else ():
        value = place.value(node)
        if type(value) is np.ndarray and value.dtype.kind in "US":
            return sentence(
                "text-array", array=place.text(node), operator=sides[1] if sides else ""
            )
    return None


@rule(TypeError, r"unsupported operand type\(s\) for ([-+*/%@&|^]{1,2}|\*\* or pow\(\)|)=?: ")
@rule(TypeError, r"'[<>]=?' not supported between instances of ")
@rule(TypeError, r"can only concatenate (?:str|list|tuple) \(not ")
@rule(TypeError, r"can't multiply sequence by non-int of type ")
def operand(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    sides = place.operands()
    if sides is None:
        return None
    left, operator, right = sides
    for node, other in ((left, right), (right, left)):
        value, partner = place.value(node), place.value(other)
        if value is UNKNOWN or (partner is UNKNOWN and value is not None):
            continue
        text = place.text(node)
        match kind_of(value):
            case "none" if "'NoneType'" in match.string:
                return none(place, node)
            case "function" if type(value) is not type:
                return sentence("function-operand", function=text, operator=operator)
            case "text" if kind_of(partner) == "number":
                values: dict[str, Any] = dict(
                    text=text, number=place.text(other), operator=operator
                )
                numeric = len(value) < 20 and re.fullmatch(r"-?\d+(\.\d+)?", value)
                real = type(partner) is int or type(partner) is float
                change = f"float({text})"
                pair = (change, place.text(other)) if node is left else (place.text(other), change)
                safe = operator in ("+", "-", "*", "<", "<=", ">", ">=")
                fits = numeric and real and safe and place.is_builtin("float")
                return sentence(
                    "text-number", (f" {operator} ".join(pair),) if fits else (), **values
                )
            case "list" if kind_of(partner) in ("number", "list"):
                # An order of lists compares their items, so it may be those that have none.
                return (
                    list_operand(place, sides) if re.search("list|sequence", match.string) else None
                )
            case "number" if any(type(value) is kind for kind in (complex, np.complex128)):
                if operator in ("<", ">", "<=", ">="):
                    return sentence("complex-order", number=text)
    return None


def list_operand(place: Place, sides: tuple[ast.expr, str, ast.expr]) -> Explanation | None:
    left, operator, right = sides
    first, last = place.value(left), place.value(right)
    lists = [value for value in (first, last) if type(value) is list]
    listed = place.text(left if type(first) is list else right)
    fixes: tuple[str, ...] = ()
    safe = ("+", "-", "*", "/", "<", "<=", ">", ">=", *(("@",) if len(lists) == 2 else ()))
    flat = all(map(is_flat, lists)) and len({len(value) for value in lists}) == 1
    if place.numpy and flat and operator in safe:
        array = f"{place.numpy}.array({listed})"
        if type(first) is list:
            fixes = (f"{array} {operator} {place.text(right)}",)
        else:
            fixes = (f"{place.text(left)} {operator} {array}",)
    if operator == "@":
        return sentence("list-attribute", fixes, list=listed, attribute=operator)
    return sentence("list-operand", fixes, list=listed, operator=operator)


@rule(
    TypeError, r"ufunc '(?:bitwise_and|bitwise_or|bitwise_xor)' not supported for the input types"
)
def mask_parentheses(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    node = place.find(ast.BinOp)
    if node is None or not isinstance(place.parent(node), ast.Compare):
        return None
    return joined_first(place, node)


def joined_first(place: Place, node: ast.AST) -> Explanation | None:
    """That ``&`` in a comparison joins what is next to it, if it does, and without brackets."""
    match node:
        case ast.BinOp(op=ast.BitAnd() | ast.BitOr() | ast.BitXor() as op):
            before = place.lines[node.lineno - 1].encode()[: node.col_offset].decode().rstrip()
            if not before.endswith("("):
                part = place.text(node)
                return sentence("mask-parentheses", operator=OPERATORS[type(op)], part=part)
    return None


@rule(ValueError, r"The truth value of an array with more than one element is ambiguous")
def truth(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    for node in place.nodes:
        parent = place.parent(node)
        if isinstance(parent, ast.Compare) and len(parent.ops) > 1:
            node = parent
        if isinstance(node, ast.Compare) and len(node.ops) > 1:
            return truth_chain(place, node)
        both = node if isinstance(node, ast.BoolOp) else parent
        if isinstance(both, ast.BoolOp):
            if not any(is_array(place, part) for part in both.values):
                return None
            word, sign = ("and", "&") if isinstance(both.op, ast.And) else ("or", "|")
            return sentence("truth-and", word=word, sign=sign)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            node, parent = node.operand, node
        words = {ast.If: "if", ast.While: "while", ast.IfExp: "if", ast.Assert: "assert"}
        word = words.get(type(parent), "")
        if isinstance(parent, ast.UnaryOp) and isinstance(parent.op, ast.Not):
            word = "not"
        elif getattr(parent, "test", None) is not node:
            continue
        if word and is_array(place, node):
            shape = place.shape(node)
            values: dict[str, Any] = {"test": place.text(node), "word": word}
            if shape is None:
                return sentence("truth", **values)
            return sentence("truth-array", **values, shape=shape)
    return None


def is_array(place: Place, node: ast.AST) -> bool:
    """Whether an expression is certainly an array: a name, or arithmetic with one."""
    match node:
        case ast.BinOp(left=left, right=right):
            return is_array(place, left) or is_array(place, right)
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in OPERATORS:
            return is_array(place, left) or is_array(place, right)
    return bool(place.shape(node))


def truth_chain(place: Place, node: ast.Compare) -> Explanation | None:
    parts = [node.left, *node.comparators]
    texts = [place.text(part) for part in parts]
    signs = [OPERATORS.get(type(op), "") for op in node.ops]
    if "" in signs or not any(is_array(place, part) for part in parts):
        return None
    if found := next(filter(None, (joined_first(place, part) for part in parts)), None):
        return found
    pairs = [f"({a} {sign} {b})" for a, sign, b in zip(texts, signs, texts[1:], strict=False)]
    shapes = [place.shape(part) for part in parts]
    fits = None not in shapes and len({shape for shape in shapes if shape}) == 1
    return sentence("truth-chain", (" & ".join(pairs),) if fits else (), chain=place.text(node))


@rule(ValueError, r"(?:assignment destination|output array) is read-only$")
def read_only(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    node: ast.AST | None = place.find(ast.AugAssign) or place.find(ast.Subscript)
    if isinstance(node, ast.AugAssign):
        node = node.target
    while isinstance(node, ast.Subscript):
        node = node.value
    value = UNKNOWN if node is None else place.value(node)
    if node is None or type(value) is not np.ndarray or value.flags.writeable:
        return None
    text = place.text(node)
    return sentence("read-only", array=text, copy=f"{text}.copy()")


@rule(TypeError, r"'(?:tuple|str)' object does not support item assignment$")
def fixed(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    parts = place.subscript()
    kind = "" if parts is None else kind_of(place.value(parts[0]))
    if parts is None or kind not in ("tuple", "text"):
        return None
    return sentence(f"fixed-{kind}", value=place.text(parts[0]))


@rule(AttributeError, r"module 'numpy' has no attribute '(float|int|bool|object|complex|str)'")
def numpy_alias(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    node = place.find(ast.Attribute)
    if node is None or place.value(node.value) is not np or not place.is_builtin(match[1]):
        return None
    return sentence("numpy-alias", old=place.text(node), new=match[1])


ARRAY_ATTRIBUTES = (
    *("shape", "T", "ndim", "size", "dtype", "mean", "sum", "std", "min", "max", "reshape"),
    *("astype", "dot", "argmax", "argmin", "var", "cumsum", "flatten", "ravel", "round"),
)


@rule(AttributeError, r"'(list|NoneType|numpy\.ndarray)' object has no attribute '(\w+)'")
def no_attribute(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    node = place.find(ast.Attribute)
    if node is None or node.attr != match[2]:
        return None
    value, text = error.obj, place.text(node.value)
    if value is None:
        return none(place, node.value)
    if type(value) is list and node.attr in ARRAY_ATTRIBUTES:
        fixes = (
            (f"{place.numpy}.array({text}).{node.attr}",) if place.numpy and is_flat(value) else ()
        )
        return sentence("list-attribute", fixes, list=text, attribute=f".{node.attr}")
    if type(value) is np.ndarray:
        values: dict[str, Any] = dict(array=text, attribute=f".{node.attr}")
        if node.attr in ("append", "extend", "insert", "pop", "remove"):
            return sentence("array-append", **values)
        if node.attr in ("len", "length") and value.ndim and place.is_builtin("len"):
            return sentence("array-length", (f"len({text})",), **values)
    return None


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


@rule(ValueError, r"could not convert string to float: ")
def text_float(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    match place.find(ast.Call):
        case ast.Call(func=ast.Name(id="float"), args=[text]) if place.is_builtin("float"):
            value = place.value(text)
            if type(value) is str and re.fullmatch(r"\s*-?\d+,\d+\s*", value) and len(value) < 20:
                return sentence(
                    "text-comma", text=repr(value), number=value.strip().replace(",", ".")
                )
    return None


@rule(ValueError, r"invalid literal for int\(\) with base 10: ")
def text_int(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    match place.find(ast.Call):
        case ast.Call(func=ast.Name(id="int"), args=[text]) if place.is_builtin("int"):
            value = place.value(text)
            if type(value) is str and re.fullmatch(r"\s*-?\d+\.\d+\s*", value) and len(value) < 20:
                fixes = (f"int(float({place.text(text)}))",) if place.is_builtin("float") else ()
                return sentence("text-int", fixes, text=repr(value))
    return None


@rule(TypeError, r"Cannot interpret '\d+' as a data type$")
@rule(TypeError, r"array\(\) takes from 1 to 2 positional arguments but \d+ were given$")
def shape_arguments(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    call = place.find(ast.Call)
    if call is None or call.keywords or len(call.args) < 2:
        return None
    if not all(type(place.value(part)) is int for part in call.args):
        return None
    function, inside = place.text(call.func), ", ".join(map(place.text, call.args))
    if place.is_numpy(call.func, "zeros", "ones", "empty"):
        return sentence("shape-arguments", (f"{function}(({inside}))",), function=function)
    if place.is_numpy(call.func, "array"):
        return sentence("array-arguments", (f"{function}([{inside}])",), function=function)
    return None


@rule(TypeError, r"'tuple' object cannot be interpreted as an integer$")
def shape_tuple(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    match place.find(ast.Call):
        case ast.Call(
            func=ast.Attribute(value=base, attr="rand" | "randn") as func,
            args=[ast.Tuple(elts=parts)],
        ) if place.in_numpy(base):
            fix = f"{place.text(func)}({', '.join(map(place.text, parts))})"
            return sentence("shape-tuple", (fix,), function=place.text(func))
    return None


@rule(TypeError, r"only integer scalar arrays can be converted to a scalar index$")
@rule(TypeError, r"[vh]stack\(\) takes 1 positional argument but \d+ were given$")
def concatenate_arguments(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    call = place.find(ast.Call)
    names = ("concatenate", "vstack", "hstack", "stack")
    if call is None or len(call.args) < 2 or not place.is_numpy(call.func, *names):
        return None
    shapes = [place.shape(part) for part in call.args]
    if any(not shape for shape in shapes):
        return None
    function, inside = place.text(call.func), ", ".join(map(place.text, call.args))
    fixes = (f"{function}(({inside}))",) if len(set(shapes)) == 1 and not call.keywords else ()
    return sentence("concatenate-arguments", fixes, function=function)


@rule(TypeError, r"only (?:0-dimensional|length-1) arrays can be converted to Python scalars$")
def scalar(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    match place.find(ast.Call):
        case ast.Call(func=func, args=[array]):
            shape, text = place.shape(array), place.text(array)
            if not shape:
                return None
            values: dict[str, Any] = dict(function=place.text(func), array=text, shape=str(shape))
            if isinstance(func, ast.Attribute) and place.value(func.value) is math:
                same = vars(np).get(func.attr)
                real = place.value(array).dtype.kind in "biuf"
                fits = real and type(same) is np.ufunc and same.nin == 1 and place.numpy
                fixes = (f"{place.numpy}.{func.attr}({text})",) if fits else ()
                return sentence("math-array", fixes, **values)
            if (
                isinstance(func, ast.Name)
                and func.id in ("float", "int")
                and place.is_builtin(func.id)
            ):
                return sentence("scalar", **values)
    return None


@rule(ValueError, r"can only convert an array of size 1 to a Python scalar$")
def scalar_item(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    match place.find(ast.Call):
        case ast.Call(func=ast.Attribute(value=array, attr="item"), args=[]):
            shape = place.shape(array)
            if shape:
                values: dict[str, Any] = dict(
                    function=".item()", array=place.text(array), shape=str(shape)
                )
                return sentence("scalar", **values)
    return None


@rule(TypeError, r"'(int|float|numpy\.\w+)' object is not iterable$")
def loop_number(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    for node in place.nodes:
        parent = place.parent(node)
        if isinstance(parent, ast.For | ast.comprehension) and parent.iter is node:
            text = place.text(node)
            if is_whole(place, node) and place.is_builtin("range"):
                return sentence("loop-number", (f"range({text})",), number=text)
            return sentence("loop-number", number=text) if place.shape(node) == () else None
    return None


def is_numeric(place: Place, node: ast.AST) -> bool:
    """Whether an expression is arithmetic on known numbers."""
    if isinstance(node, ast.BinOp):
        return is_numeric(place, node.left) and is_numeric(place, node.right)
    return place.shape(node) == ()


def is_length(place: Place, node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Name(id="len")):
            return place.is_builtin("len")
    return False


@rule(TypeError, r"object of type '([\w.]+)' has no len\(\)$")
def length(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    match place.find(ast.Call):
        case ast.Call(func=ast.Name(id="len"), args=[node]) if place.is_builtin("len"):
            value, text = place.value(node), place.text(node)
            if kind_of(value) == "number":
                return sentence("number-length", number=text)
            if kind_of(value) == "iterator" and place.is_builtin("list"):
                return sentence("iterator-length", iterator=text, list=f"list({text})")
            if value is None:
                return none(place, node)
    return None


@rule(
    TypeError, r"(?:cannot use '[\w.]+' as a dict key \()?unhashable type: '(list|numpy\.ndarray)'"
)
def unhashable(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    parts = place.subscript()
    if parts is None:
        return None
    table, value = place.value(parts[0]), place.value(parts[1])
    if type(table) is not dict or kind_of(value) not in ("list", "array"):
        return None
    return sentence("unhashable", key=place.text(parts[1]), dict=place.text(parts[0]))


@rule(TypeError, r"unsupported format string passed to (numpy\.ndarray|list|NoneType)\.__format__$")
def format_array(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    for node in place.nodes:
        inside = node.values if isinstance(node, ast.JoinedStr) else [node]
        for part in inside:
            if not isinstance(part, ast.FormattedValue):
                continue
            value, text = place.value(part.value), place.text(part.value)
            if kind_of(value) == "array" and match[1] == "numpy.ndarray" and value.ndim:
                return sentence("format-array", array=text, shape=str(value.shape))
            if type(value) is list and match[1] == "list":
                return sentence("format-list", list=text)
            if value is None and match[1] == "NoneType":
                return none(place, part.value)
    return None


# Names


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


def binds(node: Any, word: str) -> bool:
    """Whether a node gives a name its value, or says where it belongs."""
    match node:
        case ast.Name(id=name, ctx=ast.Store()):
            return name == word
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.arg(arg=name):
            return name == word
        case ast.alias(name=name, asname=asname):
            return (asname or name.split(".")[0]) == word
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            return word in names
    return False


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


# Syntax

CHARACTERS = {
    **dict.fromkeys("“”„«»", '"'),
    **dict.fromkeys("‘’‚", "'"),
    **{"−": "-", "–": "-", "—": "-", "×": "*", "·": "*", "÷": "/", "≤": "<=", "≥": ">=", "≠": "!="},
    **{"²": "**2", "³": "**3", "，": ",", "（": "(", "）": ")", "：": ":"},
}
NUMBER_AND_NAME = r"(?<![\w.])(?<![Ee][-+])([1-9]\d*)(?![Jj]\b)([A-Za-df-z]\w*)\b"
KEYWORDS = "lambda|class|in|is|not|and|or|if|for|from|import|pass|global|return|with|yield|def|del"


def explain_syntax(
    error: SyntaxError, files: Collection[str], current: str
) -> dict[str, Any] | None:
    """The explanation of code that Python cannot read."""
    file, line, message = error.filename, error.lineno, error.msg
    if type(file) is not str or type(line) is not int or type(message) is not str:
        return None
    if file not in files or error.__traceback__ is None or len(message) > MAX_MESSAGE:
        return None
    lines = linecache.getlines(file)
    if not 1 <= line <= len(lines) or len(lines[line - 1]) > MAX_MESSAGE:
        return None
    if type(error.text) is not str or error.text.strip() != lines[line - 1].strip():
        return None  # of other code with the same name
    explanation = wrong_line(message, lines[line - 1])
    return None if explanation is None else as_reply(explanation, line, file, current)


def wrong_line(message: str, line: str) -> Explanation | None:
    if found := re.match(r"invalid character '(.)' \(U\+", message):
        if (plain := CHARACTERS.get(found[1])) is not None:
            return sentence("syntax-character", character=found[1], plain=plain)
        return None
    code = re.sub(r"#.*", "", re.sub(r"\"[^\"]*\"|'[^']*'", "''", line)).rstrip()
    if message == "invalid decimal literal":
        if found := re.search(NUMBER_AND_NAME, code):
            product = f"{found[1]} * {found[2]}"
            return sentence("syntax-digit", written=found[0], product=product)
        return None
    if re.match(r"\s*else\s+if\b", code):
        return sentence("syntax-elif")
    if message != "invalid syntax":
        return None
    if found := re.match(rf"\s*({KEYWORDS})\s*=(?!=)", code):
        return sentence("syntax-keyword", word=found[1])
    if found := re.match(r"\s*([A-Za-z_]\w*)\s*(\+\+|--)$", code):
        return sentence("syntax-increment", sign=found[2], step=f"{found[1]} {found[2][0]}= 1")
    if found := re.search(r"&&|\|\|", code):
        return sentence("syntax-and", sign=found[0], word="and" if found[0] == "&&" else "or")
    return None
