"""Run code again, in a copy, to find the operation that caused a suspicious result.

A hook replaces each operator and call, and examines its operands and its result. It looks for the
first operation that gives nan or inf from finite numbers; integers that wrapped; a column against a
row of equal length, with the full result then averaged; sums of a square matrix that meet its other
axis; an update that changes its array's shape; and fractions stored among integers. The output of
this run is discarded, and the shared random generators are restored.
"""

from __future__ import annotations

import ast
import io
import math
import operator
import sys
from collections.abc import Callable
from time import process_time
from types import BuiltinFunctionType
from typing import Any, TypeAlias

import numpy as np

from widgets.engine.explain.place import OPERATORS
from widgets.engine.explain.rules import sentence
from widgets.engine.notes import ON_PURPOSE, Before, Lost, has_lost, shared_generators

Note: TypeAlias = dict[str, Any]

SECONDS_IF_LOST, SECONDS = 1.5, 0.2  # of work: waiting for a busy processor does not count
MAX_CHECKED = 1_000_000  # numbers in an array that is compared with exact values
MAX_TEXT, MAX_FIX = 60, 70
MAX_NAMES = 3
MAX_MARKED = 50

FUNCTIONS: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.MatMult: operator.matmul,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
EXACT = (ast.Add, ast.Sub, ast.Mult, ast.Pow, ast.MatMult)
EXACT_CALLS = (
    *("sum", "prod", "cumsum", "cumprod", "dot", "matmul", "add", "subtract", "multiply", "power"),
    *("square", "vdot", "inner", "outer", "negative", "diff", "trace", "einsum"),
)
WRAPPING = tuple(np.dtype(kind) for kind in ("i1", "u1", "i2", "u2", int, np.uint))
AVERAGES = ("mean", "sum", "average", "median", "norm", "std", "var")
REDUCTIONS = (*AVERAGES, "max", "min", "prod")
KEEPS = ("abs", "absolute", "square", "sqrt", "power", "log", "negative")
"""Functions after which a difference is still a difference; ``exp`` makes it a kernel."""
OWN_FRAME = ("super", "locals", "globals", "vars", "dir", "eval", "exec", "print")
NEW_AXIS = ("None", "newaxis", "reshape", "keepdims", "expand_dims", ".T")


class Cut(BaseException):
    """Ends a second run that takes too long."""


def notes_on(before: Before, lost: list[tuple[str, Lost]], is_lost: bool, file: str) -> list[Note]:
    """Explain the suspicious results of a run; see ``notes.suspected``."""
    look = Look(before.code, SECONDS_IF_LOST if is_lost else SECONDS)
    is_complete = before.can_run_again() and look.run(before, file)
    said = [look.first] if is_lost and look.first is not None else []
    if said or (not is_complete and seems_unmeant(before)):
        said += [counted(name or look.last, numbers) for name, numbers in lost[:MAX_NAMES]]
    return [*said, *look.others()]


def counted(name: str, numbers: Lost) -> Note:
    if isinstance(numbers, float):
        return reply("not-finite", 0, name=name, value=numbers)
    return reply("not-finite-values", 0, name=name, count=numbers[0], size=numbers[1])


def seems_unmeant(before: Before) -> bool:
    """Whether nan and inf are probably unintended, if no operation is known to cause them."""
    makers = [make for name, make in before.makers.items() if name not in before.finite]
    given = any(has_lost(make({})) for make in makers if make is not None)
    return not given and ON_PURPOSE.search(before.code) is None


def reply(id: str, line: int, fixes: tuple[str, ...] = (), **values: object) -> Note:
    said = sentence(id, fixes, **values)
    return {"id": id, "values": said.values, "fixes": list(said.fixes), "line": line, "file": ""}


class Look:
    """A second run of code."""

    def __init__(self, code: str, seconds: float) -> None:
        self.source = code
        self.seconds = seconds
        self.tree = ast.parse(code)
        body = self.tree.body
        self.last = self.text(body[-1].value) if body and isinstance(body[-1], ast.Expr) else ""
        self.nodes: list[Any] = []
        self.outermost: dict[int, int] = {}
        self.pending: dict[int, tuple[int, Any]] = {}
        self.marked: list[tuple[Any, str, Any]] = []  # results, and where they come from
        self.first: Note | None = None
        self.wrapped: Note | None = None
        self.stretched: Note | None = None
        self.crossed: Note | None = None
        self.grown: Note | None = None
        self.stored: Note | None = None
        self.updates: dict[Any, str] = {}  # operations whose result replaces an operand

    def others(self) -> list[Note]:
        found = (self.wrapped, self.stretched, self.crossed, self.grown, self.stored)
        return [each for each in found if each is not None]

    def run(self, before: Before, file: str) -> bool:
        """Run the code; return whether it finished."""
        try:
            scope = before.scope()
        except LookupError:
            return False
        changed = ast.fix_missing_locations(Change(self).visit(ast.parse(self.source)))
        hooks = {"__binary__": self.binary, "__call__": self.call, "__unary__": self.unary}
        hooks["__store__"] = self.store
        built_in = vars(sys.modules["builtins"]) | {"print": ignore, "__aug__": self.in_place}
        scope["__builtins__"] = built_in | hooks
        streams = sys.stdout, sys.stderr
        states = [(put, get()) for put, get in shared_generators()]
        try:
            for put, state in before.states:
                put(state)
            sys.stdout = sys.stderr = io.StringIO()
            self.deadline = process_time() + self.seconds
            with np.errstate(all="ignore"):
                exec(compile(changed, file, "exec", dont_inherit=True), scope)
        except KeyboardInterrupt:
            raise
        except BaseException:  # the copy may lack something
            return False
        finally:
            sys.stdout, sys.stderr = streams
            for put, state in states:
                put(state)
        return True

    # Hooks that replace the operations in the code

    def binary(self, i: int, left: Any, right: Any) -> Any:
        self.check_time()
        node = self.nodes[i]
        op = node.ops[0] if isinstance(node, ast.Compare) else node.op
        function = FUNCTIONS[type(op)]
        result = function(left, right)
        self.look(i, result, (left, right))
        if isinstance(op, EXACT):
            self.compare(i, result, function, (left, right), {})
        self.meet(node, OPERATORS[type(op)], left, right, result)
        if node in self.updates:
            self.grow(node, left, right, result)
        return result

    def store(self, i: int, array: Any, value: Any) -> Any:
        """Check the right side of ``array[…] = value`` before it is stored."""
        self.check_time()
        kinds = (float, np.float64, np.float32, np.ndarray)
        is_whole = type(array) is np.ndarray and array.dtype == int  # pixels truncate on purpose
        if self.stored is None and is_whole and any(type(value) is kind for kind in kinds):
            numbers, node = np.asarray(value), self.nodes[i]
            if numbers.dtype.kind == "f" and np.any(numbers % 1 != 0):
                self.stored = reply(
                    "stored",
                    node.lineno,
                    array=self.text(node.targets[0].value),
                    target=self.text(node.targets[0]),
                    value=self.text(node.value),
                )
        return value

    def unary(self, i: int, value: Any) -> Any:
        result = -value
        self.look(i, result, (value,))
        self.compare(i, result, operator.neg, (value,), {})
        self.pass_on(value, result)
        return result

    def in_place(self, i: int, target: Any, value: Any) -> Any:
        """Check the right side of ``target += value`` before it is stored."""
        self.check_time()
        node = self.nodes[i]
        function = FUNCTIONS[type(node.op)]
        if is_number(target) and is_number(value):
            result = function(target, value)
            if getattr(target, "dtype", None) == getattr(result, "dtype", None):
                self.look(i, result, (target, value))
                if isinstance(node.op, EXACT):
                    self.compare(i, result, function, (target, value), {})
        return value

    def call(self, i: int, function: Any, *given: Any, **more: Any) -> Any:
        self.check_time()
        result = function(*given, **more)
        owner = getattr(function, "__self__", None) if is_method(function) else None
        everything = [owner, *given] if type(owner) is np.ndarray else list(given)
        if function is not float:
            self.look(i, result, (*everything, *more.values()))
        name = getattr(function, "__name__", "") if is_numpy(function) else ""
        if name in EXACT_CALLS and not more.keys() & {"dtype", "out"}:
            self.compare(i, result, function, given, more)
        if name == "astype" and type(owner) is np.ndarray:
            self.compare_cast(i, owner, result)
        if name in REDUCTIONS:
            self.reduce(i, name, everything, more, result)
        elif name in KEEPS and everything:
            self.pass_on(everything[0], result)
        return result

    def check_time(self) -> None:
        if process_time() > self.deadline:
            raise Cut

    # nan and inf

    def look(self, i: int, result: Any, operands: tuple[Any, ...]) -> None:
        if self.first is not None:
            return
        root = self.outermost[i]
        is_lost = has_lost(result)
        if is_lost and root not in self.pending and not any(map(has_lost, operands)):
            self.pending[root] = i, lost_in(result)
        if i == root and root in self.pending:
            origin, value = self.pending.pop(root)
            if is_lost or result is None:  # such as `losses.append(…)`
                node = self.nodes[origin]
                where = self.text(node)
                self.first = reply("not-finite-first", node.lineno, code=where, value=value)

    # Integers

    def compare(
        self, i: int, result: Any, function: Any, given: tuple[Any, ...], more: dict[str, Any]
    ) -> None:
        """Compare an integer result with its float equivalent, which does not wrap."""
        if self.wrapped is not None or not is_number(result):
            return
        kind = np.asarray(result).dtype
        if kind not in WRAPPING or np.size(result) > MAX_CHECKED:
            return
        owner = getattr(function, "__self__", None)
        if type(owner) is np.ndarray:
            function, given = getattr(as_float(owner), function.__name__), given
        elif not any(isinstance(each, np.ndarray | np.integer) for each in given):
            return
        try:
            exact = np.asarray(function(*map(as_float, given), **more), dtype=float)
        except Exception:  # such as an exponent that must be an integer
            return
        wrong = np.abs(exact - np.asarray(result, dtype=float)) >= 2.0 ** (8 * kind.itemsize - 1)
        self.note_wrapped(i, kind, np.asarray(result), exact, wrong, given if owner is None else ())

    def compare_cast(self, i: int, source: Any, result: Any) -> None:
        kind = result.dtype
        if self.wrapped is None and kind in WRAPPING and source.dtype.kind in "iuf":
            limits = np.iinfo(kind)
            exact = np.trunc(source.astype(float))
            wrong = np.isfinite(exact) & ((exact < limits.min) | (exact > limits.max))
            self.note_wrapped(i, kind, result, exact, wrong, ())

    def note_wrapped(
        self, i: int, kind: Any, result: Any, exact: Any, wrong: Any, operands: tuple[Any, ...]
    ) -> None:
        if not np.any(wrong):
            return
        at = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
        node, true = self.nodes[i], float(exact[at])
        limits = np.iinfo(kind)
        self.wrapped = reply(
            "wrapped",
            node.lineno,
            self.widened(node, kind, true),
            code=self.text(node),
            kind=kind.name,
            low=limits.min,
            high=limits.max,
            given=int(result[at]),
            exact=int(true) if abs(true) < 2**53 else f"{true:.6g}",
        )

    def widened(self, node: Any, kind: Any, exact: float) -> tuple[str, ...]:
        """The operation with a type wide enough for its result."""
        limit = np.iinfo(np.int32).max
        if kind.itemsize == 8 or not math.isfinite(exact) or abs(exact) >= 2**62:
            wide = "float"
        elif kind.itemsize < 4 and abs(exact) <= limit:
            wide = "int"
        else:
            wide = '"int64"'
        match node:
            case ast.Call(func=ast.Attribute(attr="sum" | "prod" | "cumsum" | "cumprod")):
                text = self.text(node, MAX_FIX)
                comma = "" if not node.args and not node.keywords else ", "
                return (f"{text[:-1]}{comma}dtype={wide})",)
            case ast.BinOp(left=ast.Name() | ast.Subscript() as left, op=op, right=right):
                sign = OPERATORS[type(op)]
                change = f"{self.text(left, MAX_FIX)}.astype({wide})"
                return (f"{change} {sign} {self.text(right, MAX_FIX)}",)
        return ()

    # Shapes

    def meet(self, node: Any, sign: str, left: Any, right: Any, result: Any) -> None:
        """Examine an operator's two operands and the array that they make."""
        if type(result) is not np.ndarray:
            return
        sides = (node.left, node.comparators[0] if isinstance(node, ast.Compare) else node.right)
        shapes = np.shape(left), np.shape(right)
        n = len(result) if result.ndim else 0
        if n > 1 and set(shapes) == {(n, 1), (n,)}:
            if not any(word in self.text(side, 1_000) for side in sides for word in NEW_AXIS):
                self.mark(result, "stretched", (node, sign, *sides, *shapes))
        else:
            self.pass_on(left, result)
            self.pass_on(right, result)
        self.cross(node, sign, sides, left, right)

    def grow(self, node: Any, left: Any, right: Any, result: Any) -> None:
        """Note an update, such as ``b = b - gradient``, that changes its array's shape."""
        name = self.updates[node]
        is_left = isinstance(node.left, ast.Name) and node.left.id == name
        value, other, part = (left, right, node.right) if is_left else (right, left, node.left)
        before, after = np.shape(value), np.shape(result)
        meant = any(word in self.text(node, 1_000) for word in NEW_AXIS)
        if self.grown is not None or meant or isinstance(node.op, ast.MatMult):
            return
        if type(value) is np.ndarray and before not in ((), after) and len(after) >= len(before):
            self.grown = reply(
                "grown",
                node.lineno,
                name=name,
                before=str(before),
                after=str(after),
                operand=self.text(part),
                operand_shape=str(np.shape(other)),
            )

    def mark(self, result: Any, kind: str, facts: Any) -> None:
        if len(self.marked) < MAX_MARKED:
            self.marked.append((result, kind, facts))

    def pass_on(self, value: Any, result: Any) -> None:
        """Copy an operand's marks to a result of the same shape."""
        if type(result) is np.ndarray and np.shape(value) == result.shape:
            for known, kind, facts in list(self.marked):
                if known is value and kind == "stretched":
                    self.mark(result, kind, facts)

    def reduce(
        self, i: int, name: str, given: list[Any], more: dict[str, Any], result: Any
    ) -> None:
        array = given[0] if given else None
        if type(array) is not np.ndarray:
            return
        rest = given[2:] if name == "norm" else given[1:]
        axis = more.get("axis", rest[0] if rest else None)
        node = self.nodes[i]
        if axis is None and name in AVERAGES and self.stretched is None:
            for known, kind, facts in self.marked:
                if known is array and kind == "stretched":
                    self.stretched = self.said_of_stretched(facts, array.shape, node)
                    return
        is_square = array.ndim == 2 and len(array) == len(array.T) > 1
        if is_square and axis in (1, -1) and type(result) is np.ndarray and result.ndim == 1:
            self.mark(result, "reduced", (node, array, name))

    def said_of_stretched(self, facts: Any, shape: tuple[int, ...], reduction: Any) -> Any:
        node, sign, left, right, a, b = facts
        column, row = self.text(left, MAX_FIX), self.text(right, MAX_FIX)
        plain = ast.Name | ast.Subscript | ast.Attribute | ast.Call
        first = f"{column if isinstance(left, plain) else f'({column})'}[:, 0] {sign} {row}"
        second = f"{column} {sign} {row if isinstance(right, plain) else f'({row})'}[:, 0]"
        return reply(
            "stretched",
            node.lineno,
            (first if len(a) == 2 else second,),
            left=self.text(left),
            left_shape=str(a),
            right=self.text(right),
            right_shape=str(b),
            code=self.text(node),
            shape=str(shape),
            reduction=self.text(reduction.func),
        )

    def cross(self, node: Any, sign: str, sides: Any, left: Any, right: Any) -> None:
        """Note a square matrix whose own sums along the last axis broadcast along that axis."""
        if self.crossed is not None:
            return
        for value, reduced, array, part in ((left, right, *sides), (right, left, *sides[::-1])):
            for known, kind, facts in self.marked:
                if kind != "reduced" or known is not reduced or type(value) is not np.ndarray:
                    continue
                call, source, name = facts
                same = source is value or (
                    value.shape == source.shape and bool(np.array_equal(value, source))
                )
                if not same or has_same_sums(name, source, reduced):
                    continue
                text = self.text(call, MAX_FIX)
                kept = f"{text[:-1]}, keepdims=True)"
                fix = (self.text(array, MAX_FIX), kept) if call is part else ()
                whole = f" {sign} ".join(fix if part is sides[1] else fix[::-1])
                self.crossed = reply(
                    "crossed",
                    node.lineno,
                    (whole,) if whole else (),
                    sums=self.text(call),
                    array=self.text(array),
                    shape=str(source.shape),
                    operator=sign,
                )

    def text(self, node: ast.AST, most: int = MAX_TEXT) -> str:
        text = " ".join((ast.get_source_segment(self.source, node) or "").split())
        return text if len(text) <= most else f"{text[: most - 12]}…{text[-11:]}"


class Change(ast.NodeTransformer):
    """Replaces each operator and call with a hook."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.outer: int | None = None

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.stmt):
            outer, self.outer = self.outer, None
            changed = super().visit(node)
            self.outer = outer
            return changed
        if isinstance(node, ast.pattern):
            return node
        return super().visit(node)

    def enter(self, node: ast.expr | ast.stmt, hook: str, parts: list[ast.expr]) -> ast.Call:
        """Build a hook's call with a node's number and its changed parts."""
        i = len(self.look.nodes)
        self.look.nodes.append(node)
        outer, self.outer = self.outer, i if self.outer is None else self.outer
        self.look.outermost[i] = self.outer or 0
        changed = [self.visit(part) for part in parts]
        self.outer = outer
        name = ast.copy_location(ast.Name(hook, ast.Load()), node)
        number = ast.copy_location(ast.Constant(i), node)
        return ast.copy_location(ast.Call(name, [number, *changed], []), node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        if type(node.op) not in FUNCTIONS:
            self.generic_visit(node)
            return node
        return self.enter(node, "__binary__", [node.left, node.right])

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        if len(node.ops) != 1 or type(node.ops[0]) not in FUNCTIONS:
            self.generic_visit(node)
            return node
        return self.enter(node, "__binary__", [node.left, *node.comparators])

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        if not isinstance(node.op, ast.USub) or isinstance(node.operand, ast.Constant):
            self.generic_visit(node)
            return node
        return self.enter(node, "__unary__", [node.operand])

    def visit_Call(self, node: ast.Call) -> ast.expr:
        if isinstance(node.func, ast.Name) and node.func.id in OWN_FRAME:
            self.generic_visit(node)
            return node
        count = len(node.args)
        parts = [node.func, *node.args, *(keyword.value for keyword in node.keywords)]
        call = self.enter(node, "__call__", parts)
        values = call.args[2 + count :]
        call.args = call.args[: 2 + count]
        call.keywords = [
            ast.copy_location(ast.keyword(keyword.arg, value), node)
            for keyword, value in zip(node.keywords, values, strict=True)
        ]
        return call

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.BinOp(left=left, right=right)):
                if any(isinstance(each, ast.Name) and each.id == name for each in (left, right)):
                    self.look.updates[node.value] = name
            case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=name))]):
                self.look.nodes.append(ast.Assign(node.targets, node.value, lineno=node.lineno))
                hook, array = ast.Name("__store__", ast.Load()), ast.Name(name, ast.Load())
                number = ast.Constant(len(self.look.nodes) - 1)
                call = ast.Call(hook, [number, array, self.visit(node.value)], [])
                node.value = ast.copy_location(call, node.value)
                return node
        self.generic_visit(node)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt:
        calls = any(isinstance(part, ast.Call) for part in ast.walk(node.target))
        if type(node.op) not in FUNCTIONS or calls:
            self.generic_visit(node)
            return node
        target = ast.parse(ast.unparse(node.target), mode="eval").body
        node.value = self.enter(node, "__aug__", [target, node.value])
        return node


def ignore(*given: Any, **more: Any) -> None:
    """Replaces ``print`` in the second run."""


def is_number(value: Any) -> bool:
    kind = type(value)
    return kind is np.ndarray or kind is float or kind is int or issubclass(kind, np.number)


def is_method(function: Any) -> bool:
    return type(function) is BuiltinFunctionType


def is_numpy(function: Any) -> bool:
    if is_method(function):
        return type(function.__self__) is np.ndarray
    return type(function) is np.ufunc or type(function) is type(np.sum)


def as_float(value: Any) -> Any:
    is_whole = type(value) is np.ndarray and value.dtype.kind in "iu"
    if is_whole or isinstance(value, np.integer):
        return value.astype(float)
    return value


def lost_in(value: Any) -> str:
    """The first number that is not finite: nan, inf or -inf."""
    array = np.asarray(value, dtype=None)
    if array.dtype.kind not in "fc":
        return "nan"
    return str(array[~np.isfinite(array)].reshape(-1)[0].item())


def has_same_sums(name: str, array: Any, reduced: Any) -> bool:
    """Whether the other axis gives the same sums, as in a symmetric matrix."""
    function = np.linalg.norm if name == "norm" else getattr(np, name)
    return bool(np.allclose(function(array, axis=0), reduced))
