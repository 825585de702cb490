"""A failing expression, and the values in it that can be read without running code."""

from __future__ import annotations

import ast
import linecache
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    GeneratorType,
    MethodDescriptorType,
    MethodType,
    ModuleType,
    NoneType,
    TracebackType,
)
from typing import Any, TypeAlias, TypeVar

import numpy as np

Shape: TypeAlias = tuple[int, ...]
Node = TypeVar("Node", bound=ast.AST)

MAX_TEXT = 40  # characters of an expression
MAX_FIX = 70  # characters of an expression in a fix
MAX_MESSAGE = 2_000
MAX_ITEMS = 10_000  # of a container that is searched
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


def kind_of(value: object) -> str:
    """One word for a value's kind, or "" if reading it may run a reader's code."""
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
    """Number of items in a container, or along an array's first axis."""
    kind = kind_of(value)
    if kind == "array":
        return value.shape[0] if value.ndim else None
    return len(value) if kind in ("list", "tuple", "dict", "set", "text", "range") else None


def transposed(text: str) -> str:
    return text.removesuffix(".T") if text.endswith(".T") else f"{text}.T"


def is_shape(value: Any) -> bool:
    return type(value) is tuple and all(type(each) is int and each >= 0 for each in value)


def is_flat(value: Any) -> bool:
    """Whether a value is a list of numbers, which becomes an array with one axis."""
    if type(value) is not list or not 0 < len(value) <= MAX_ITEMS:
        return False
    return all(type(item) is int or type(item) is float for item in value)


def shapes_in(text: str) -> list[Shape]:
    """The shapes in a message of NumPy: ``(3,) (2,4)``."""
    found = re.findall(r"\(([\d,]*)\)", text)
    return [tuple(int(part) for part in each.split(",") if part) for each in found]


def clash(left: Shape, right: Shape) -> tuple[int, int] | None:
    """The last two lengths that do not broadcast."""
    for a, b in zip(reversed(left), reversed(right), strict=False):
        if a != b and 1 not in (a, b):
            return a, b
    return None


def broadcast_shape(left: Shape, right: Shape) -> Shape | None:
    if clash(left, right):
        return None
    long, short = sorted((left, right), key=len, reverse=True)
    padded = (1,) * (len(long) - len(short)) + short
    return tuple(b if a == 1 else a for a, b in zip(long, padded, strict=True))


def product(left: Shape, right: Shape) -> bool:
    """Whether ``left @ right`` fits, if each side has one or two axes."""
    if not 1 <= len(left) <= 2 or not 1 <= len(right) <= 2:
        return False
    return left[-1] == right[0]


@dataclass
class Place:
    """The failing expression and the names in its scope.

    Attributes
    ----------
    nodes : nodes whose source is exactly the failing expression, outermost first
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
        # A class body's names may come from a mapping that the reader wrote.
        local = frame.f_locals if frame.f_locals is frame.f_globals or code.co_flags & 1 else {}
        scopes = names_in(local), names_in(frame.f_globals)
        return cls(file, traceback.tb_lineno, lines, tree, nodes, scopes, code)

    def find(self, kind: type[Node]) -> Node | None:
        """The failing expression, if it is of this kind."""
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

    def source(self, node: ast.AST) -> str:
        """An expression for a fix: in full, or "…" if it is too long."""
        text = " ".join((ast.get_source_segment("".join(self.lines), node) or "").split())
        return text if len(text) <= MAX_FIX else "…"

    def term(self, node: ast.AST) -> str:
        """The same, in brackets if a suffix such as ``.T`` could not follow it directly."""
        plain = ast.Name | ast.Attribute | ast.Subscript | ast.Call
        return self.source(node) if isinstance(node, plain) else f"({self.source(node)})"

    def name(self, word: str) -> Any:
        for scope in self.scopes:
            if word in scope:
                return scope[word]
        return UNKNOWN

    def is_builtin(self, word: str) -> bool:
        return self.name(word) is UNKNOWN

    def is_numpy(self, node: ast.AST, *names: str) -> bool:
        """Whether an expression is one of these names in NumPy."""
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
            case ast.BinOp(
                left=ast.Constant(value=int() as base),
                op=ast.Pow(),
                right=ast.Constant(value=int() as power),
            ) if base <= 1_000 and power <= 100:
                return base**power
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
        """An index of integers, text, slices, None and ``...``; else ``UNKNOWN``."""
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

    def derived_shape(self, node: ast.AST) -> Shape | None:
        """The shape of an expression, including arithmetic and calls with known shapes."""
        match node:
            case ast.UnaryOp(operand=operand):
                return self.derived_shape(operand)
            case ast.BinOp(left=left, op=op, right=right):
                a, b = self.derived_shape(left), self.derived_shape(right)
                if a is None or b is None:
                    return None
                if isinstance(op, ast.MatMult):
                    return (a[0], b[1]) if len(a) == len(b) == 2 and a[1] == b[0] else None
                return broadcast_shape(a, b)
            case ast.Call(func=func, args=[first, *rest]):
                return self.shape_of_call(func, [first, *rest])
        return self.shape(node)

    def shape_of_call(self, func: ast.expr, args: list[ast.expr]) -> Shape | None:
        """The shape of a new array, or of the result of a ufunc or its ``outer``."""
        if self.is_numpy(func, "zeros", "ones", "empty", "full"):
            lengths = self.value(args[0])
            lengths = (lengths,) if type(lengths) is int else lengths
            return lengths if is_shape(lengths) else None
        if self.is_numpy(func, "array") and len(args) == 1 and is_flat(self.value(args[0])):
            return (len(self.value(args[0])),)
        if type(self.value(func)) is np.ufunc and len(args) <= 2:
            shapes = [self.derived_shape(each) for each in args]
            return None if None in shapes else broadcast_shape(shapes[0] or (), shapes[-1] or ())
        match func, args:
            case ast.Attribute(value=base, attr="outer"), [a, b] if type(self.value(base)) is (
                np.ufunc
            ):
                left, right = self.derived_shape(a), self.derived_shape(b)
                return None if left is None or right is None else left + right
        return None

    def sources(self, node: ast.AST) -> Iterator[ast.AST]:
        """The parts of an expression, and of expressions assigned to the names in it."""
        seen: set[str] = set()
        waiting = [node]
        while waiting:
            for part in ast.walk(waiting.pop()):
                yield part
                if isinstance(part, ast.Name) and part.id not in seen:
                    seen.add(part.id)
                    waiting += self.given_to(part.id)

    def given_to(self, word: str) -> list[ast.expr]:
        """The expressions that are assigned to a name, alone or among others."""
        return [
            each.value
            for each in ast.walk(self.tree)
            if isinstance(each, ast.Assign)
            and any(binds(part, word) for target in each.targets for part in ast.walk(target))
        ]

    def agrees(self, node: ast.AST, shape: Shape) -> bool:
        """Whether an expression has this shape, or an unknown one."""
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
        """Container and index of the failing expression, unless a comma may be missing."""
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
    """A statement's test or iterable: before Python 3.12, errors point to the full statement."""
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
    """Copy the ordinary names of a scope; other keys may run a reader's comparison."""
    if type(scope) is not dict and type(scope) is not LOCALS:
        return {}
    return {name: value for name, value in scope.items() if type(name) is str}


def attribute(value: Any, name: str) -> Any:
    """An attribute about an array's shape, a built-in method, or a name in a module."""
    if type(value) is np.ndarray and name in ("T", "shape", "size", "ndim"):
        return getattr(value, name)
    if type(value) is ModuleType:
        return names_in(vars(value)).get(name, UNKNOWN)
    plain = kind_of(value) in ("array", "number", "list", "tuple", "dict", "set", "text")
    if plain and type(getattr(type(value), name, None)) is MethodDescriptorType:
        return getattr(value, name)
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


def is_whole(place: Place, node: ast.AST) -> bool:
    """Whether an expression is known to be an ``int``."""
    return type(place.value(node)) is int or is_length(place, node)


def binds(node: Any, word: str) -> bool:
    """Whether a node binds a name or declares its scope."""
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
