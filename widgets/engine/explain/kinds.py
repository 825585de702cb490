"""Errors of kinds: a value of a kind that an operation does not accept."""

from __future__ import annotations

import ast
import math
import re
from typing import Any

import numpy as np

from widgets.engine.explain.place import (
    OPERATORS,
    UNKNOWN,
    Place,
    broadcast_shape,
    clash,
    is_flat,
    is_whole,
    kind_of,
)
from widgets.engine.explain.rules import (
    Explanation,
    NoLoopError,
    NoSignatureError,
    OutputCastingError,
    called,
    none,
    of_one_number,
    rule,
    sentence,
)


@rule(OutputCastingError)
def cast(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    node = place.find(ast.AugAssign)
    given, held = vars(error).get("from_"), vars(error).get("to")
    if node is None or not isinstance(given, np.dtype) or not isinstance(held, np.dtype):
        return None
    value = place.value(node.target)
    if type(value) is not np.ndarray or value.dtype != held:
        return None
    target, operator = place.text(node.target), OPERATORS.get(type(node.op), "")
    values: dict[str, Any] = dict(array=target, operator=f"{operator}=")
    if held.kind not in "iu" or given.kind != "f":
        return sentence("cast-kind", **values, held=held.name, given=given.name)
    simple = isinstance(node.target, ast.Name) and isinstance(node.value, ast.Name | ast.Constant)
    result = place.derived_shape(ast.BinOp(node.target, node.op, node.value))
    fix = f"{target} = {target} {operator} {place.text(node.value)}"
    return sentence("cast", (fix,) if simple and result == value.shape else (), **values)


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
                fixes = called(place, node)
                return sentence("function-operand", fixes, function=text, operator=operator)
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
                # Python orders lists by their items, so the items may have caused the error.
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
    """Explain that ``&`` without brackets binds before the comparison."""
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
        if isinstance(node, ast.Call):
            return truth_largest(place, node)
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
            fixes = chosen(place, parent)
            if shape is None:
                return sentence("truth", fixes, **values)
            return sentence("truth-array", fixes, **values, shape=shape)
    return None


def chosen(place: Place, node: ast.AST | None) -> tuple[str, ...]:
    """Suggest ``np.where`` for the two values that ``if`` and ``else`` choose between."""
    match node:
        case ast.IfExp(test=test, body=yes, orelse=no):
            start = ""
        case ast.If(test=test, body=[ast.Return(value=yes)], orelse=[ast.Return(value=no)]):
            start = "return "
        case ast.If(test=test, body=[ast.Return(value=yes)], orelse=[]):
            block = getattr(place.parent(node), "body", [])
            after = block[block.index(node) + 1 :] if node in block else []
            if not after or not isinstance(after[0], ast.Return):
                return ()
            start, no = "return ", after[0].value
        case ast.If(
            test=test,
            body=[ast.Assign(targets=[ast.Name(id=name)], value=yes)],
            orelse=[ast.Assign(targets=[ast.Name(id=other)], value=no)],
        ) if name == other:
            start = f"{name} = "
        case _:
            return ()
    if yes is None or no is None or not place.numpy:
        return ()
    shapes = [place.derived_shape(part) for part in (test, yes, no)]
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        sides = [place.derived_shape(part) for part in (test.left, test.comparators[0])]
        shapes[0] = None if None in sides else broadcast_shape(*(s or () for s in sides))
    result = shapes[0]
    for shape in shapes[1:]:
        result = None if result is None or shape is None else broadcast_shape(result, shape)
    if result is None or result != shapes[0]:
        return ()
    return (f"{start}{place.numpy}.where({', '.join(map(place.source, (test, yes, no)))})",)


def truth_largest(place: Place, call: ast.Call) -> Explanation | None:
    """Explain that Python's own ``max`` and ``min`` do not compare element by element."""
    match call:
        case ast.Call(func=ast.Name(id="max" | "min" as word), args=args, keywords=[]):
            shapes = [place.derived_shape(part) for part in args]
            if not place.is_builtin(word) or not any(shapes) or len(args) > 2:
                return None
            inside, whole = ", ".join(map(place.source, args)), ""
            if len(args) == 1:
                whole = f"{place.numpy}.{word}({inside})"
            elif None not in shapes and not clash(*(shape or () for shape in shapes)):
                whole = f"{place.numpy}.{word}imum({inside})"
            fixes = (whole,) if whole and place.numpy else ()
            return sentence("truth-largest", fixes, function=word)
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


RENAMED = {
    "trapz": "trapezoid",
    "in1d": "isin",
    "product": "prod",
    "cumproduct": "cumprod",
    "sometrue": "any",
    "alltrue": "all",
    "row_stack": "vstack",
}


@rule(AttributeError, rf"module 'numpy' has no attribute '({'|'.join(RENAMED)})'")
def numpy_renamed(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    node, new = place.find(ast.Attribute), RENAMED[match[1]]
    if node is None or place.value(node.value) is not np or not hasattr(np, new):
        return None
    return sentence("numpy-renamed", old=place.text(node), new=f"{place.text(node.value)}.{new}")


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
    if match[1] == "NoneType":
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
        if node.attr == "ptp" and place.numpy:
            return sentence("array-length", (f"{place.numpy}.ptp({text})",), **values)
        if node.attr == "tostring":
            return sentence("array-length", (f"{text}.tobytes()",), **values)
        if node.attr in ("len", "length") and value.ndim and place.is_builtin("len"):
            return sentence("array-length", (f"len({text})",), **values)
    return None


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
@rule(TypeError, r"\w+\(\) takes 1 positional argument but \d+ were given$")
@rule(TypeError, r"concatenate\(\) got multiple values for argument 'axis'$")
def concatenate_arguments(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    call = place.find(ast.Call)
    names = ("concatenate", "vstack", "hstack", "stack", "dstack", "column_stack", "block")
    if call is None or len(call.args) < 2 or not place.is_numpy(call.func, *names):
        return None
    shapes = [place.derived_shape(part) for part in call.args]
    if "takes 1 positional" not in match.string and any(not shape for shape in shapes):
        return None
    function, inside = place.text(call.func), ", ".join(map(place.text, call.args))
    same = len(set(shapes)) == 1 and bool(shapes[0])
    fixes = (f"{function}(({inside}))",) if same and not call.keywords else ()
    return sentence("concatenate-arguments", fixes, function=function)


@rule(TypeError, r"only integer scalar arrays can be converted to a scalar index$")
def scalar_count(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    match place.find(ast.Call):
        case ast.Call(func=ast.Name(id="range"), args=args) if place.is_builtin("range"):
            return next((found for each in args if (found := of_one_number(place, each))), None)
    return None


@rule(TypeError, r"only (?:0-dimensional|length-1) arrays can be converted to Python scalars$")
def scalar(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    match place.find(ast.Call):
        case ast.Call(func=func, args=[array]):
            shape, text = place.shape(array), place.text(array)
            if not shape:
                return None
            if (found := of_one_number(place, array)) is not None:
                return found
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
                return of_one_number(place, part.value) or sentence(
                    "format-array", array=text, shape=str(value.shape)
                )
            if type(value) is list and match[1] == "list":
                return sentence("format-list", list=text)
            if value is None and match[1] == "NoneType":
                return none(place, part.value)
    return None


@rule(TypeError, r"sort\(\) got an unexpected keyword argument '(reverse|key)'$")
def sort_reverse(place: Place, error: Any, match: re.Match[str]) -> Explanation | None:
    match place.find(ast.Call):
        case ast.Call(func=ast.Attribute(value=array, attr="sort"), args=[], keywords=[word]):
            if kind_of(place.value(array)) != "array":
                return None
            fix = f"{place.numpy}.sort({place.source(array)})[::-1]" if place.numpy else "…"
            fixes = (fix,) if word.arg == "reverse" else ()
            return sentence("sort-word", fixes, array=place.text(array), word=word.arg)
    return None
