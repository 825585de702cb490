"""Describes values for the panel that steps through a snippet: type, shape, range, a small picture.

Only known types are read, and no code of a value runs: a reader's class can do anything in its
``__repr__``, its properties or its ``__class__``. Types are compared by identity, because
metaclasses can have their own equality and names.
"""

from __future__ import annotations

from itertools import islice
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, Any]
Description: TypeAlias = dict[str, Any]
"""``Described`` in static/js/python/protocol.js."""

MAX_SCANNED = 1_000_000  # bytes of an array whose range is found
MAX_COMPARED = 10_000  # items of a list that are compared with earlier ones
MAX_TEXT, MAX_ITEMS, MAX_BITS = 60, 6, 256
FEW = 8  # numbers that are listed in full
FEW_IN_ITEM = 4  # of an array in a list
MAX_BYTES = 4_096  # of an array in a list whose changes are tracked
SIDE, STRIP = 8, 32  # cells of a picture with two dimensions, and with one
LEVELS = "0123456789abcdef"
NUMBERS = "biuf"  # kinds of dtype with a range and a picture

name_of = type.__dict__["__name__"].__get__

WITHOUT_VALUE = (
    FunctionType,
    BuiltinFunctionType,
    MethodType,
    ModuleType,
    np.ufunc,
    type(np.sum),
)
PLAIN = (type(None), bool, int, float, complex, range)
BRACKETS = {id(list): ("[", "]"), id(tuple): ("(", ")")}
BRACKETS |= {id(kind): ("{", "}") for kind in (set, frozenset, dict)}
SCALARS = {id(kind) for kind in np.sctypeDict.values() if issubclass(kind, np.number | np.bool_)}


def described(value: Any) -> Description | None:
    """Describe a value for the panel; None for functions, classes and modules."""
    kind = type(value)
    if is_any(kind, WITHOUT_VALUE) or issubclass(kind, type):
        return None
    if kind is np.ndarray:
        return array_described(value)
    description: Description = {"type": name_of(kind)[:MAX_TEXT]}
    if id(kind) in BRACKETS:
        description["shape"] = [len(value)]
    text = text_of(value)
    if kind is list or kind is tuple:
        arrays = [id(item) for item in islice(value, MAX_ITEMS) if type(item) is np.ndarray]
        same = [i for i, item in enumerate(islice(value, MAX_ITEMS)) if arrays.count(id(item)) > 1]
        if same and len({id(value[i]) for i in same}) == 1:
            description["same"] = ", ".join(map(str, same))
    return description if text is None else {**description, "text": text}


def is_any(kind: type, kinds: tuple[type, ...]) -> bool:
    return any(kind is each for each in kinds)


def text_of(value: Any, depth: int = 0) -> str | None:
    """A value of a built-in type as short text; None for other types."""
    kind = type(value)
    if kind is str or kind is bytes:
        return repr(value) if len(value) <= MAX_TEXT else f"{value[:MAX_TEXT]!r} …"
    if kind is int and value.bit_length() > MAX_BITS:
        return f"{value.bit_length()} bits"
    if is_any(kind, PLAIN):
        return repr(value)
    if id(kind) in SCALARS:
        return number(value.item())
    if kind is np.ndarray and depth > 0:
        if value.size <= FEW_IN_ITEM and value.ndim == 1 and value.dtype.kind in NUMBERS:
            return listed(value)
        return f"{value.dtype.name} {value.shape}"
    if id(kind) not in BRACKETS:
        return name_of(kind)[:MAX_TEXT] if depth > 0 else None
    opening, closing = BRACKETS[id(kind)]
    if depth > 1:
        return f"{opening}…{closing}"
    items = [str(text_of(item, depth + 1)) for item in islice(value, MAX_ITEMS)]
    if kind is dict:
        values = [str(text_of(item, depth + 1)) for item in islice(value.values(), MAX_ITEMS)]
        items = [f"{key}: {item}" for key, item in zip(items, values, strict=True)]
    if len(value) > MAX_ITEMS:
        items.append("…")
    comma = "," if kind is tuple and len(value) == 1 else ""
    return f"{opening}{', '.join(items)}{comma}{closing}"


def number(value: Any) -> str:
    """A number with six significant digits."""
    return f"{value:.6g}" if isinstance(value, float | complex) else str(value)


def array_described(array: Array) -> Description:
    description: Description = {"type": array.dtype.name, "shape": list(array.shape)}
    if array.dtype.kind not in NUMBERS or array.size == 0:
        return description
    sample = sampled(array)
    with np.errstate(all="ignore"):  # a snippet can let them raise
        scanned = array if array.nbytes <= MAX_SCANNED else sample
        finite = scanned[np.isfinite(scanned)]
        if scanned is array:
            description |= range_of(finite, array.size)
        if array.ndim > 0:
            description["cells"] = picture(sample, finite)
    if array.size <= FEW:
        description["text"] = listed(array)
    return description


def range_of(finite: Array, size: int) -> Description:
    """Least and greatest finite number, and how many are not finite."""
    found: Description = {}
    if finite.size > 0:
        found |= {"low": number(finite.min().item()), "high": number(finite.max().item())}
    if finite.size < size:
        found["not_finite"] = size - finite.size
    return found


def sampled(array: Array) -> Array:
    """At most 8 x 8 numbers spread over an array, or 32 of a vector: an image's corner would be its
    margin. Further dimensions are reduced to their first item.
    """
    array = array[(0,) * max(0, array.ndim - 2)]
    if array.ndim < 2:
        array = array.reshape(1, -1)
    most = (1, STRIP) if len(array) == 1 else (SIDE, SIDE)
    rows, columns = (
        np.linspace(0, length - 1, min(length, side)).round().astype(int)
        for length, side in zip(array.shape, most, strict=True)
    )
    sample: Array = array[rows[:, None], columns]
    return sample


def picture(sample: Array, finite: Array) -> list[str]:
    """A sample as rows of hexadecimal digits from least to greatest; ``x`` is not finite."""
    values = sample.astype(float)
    is_finite = np.isfinite(values)
    low, high = (float(finite.min()), float(finite.max())) if finite.size > 0 else (0.0, 0.0)
    if low == high:
        shares = np.full(values.shape, 0.5)
    else:
        shares = (values / 2 - low / 2) / (high / 2 - low / 2)  # the difference may be infinite
    levels = (np.where(is_finite, shares, 0) * (len(LEVELS) - 1)).round().astype(int)
    pairs = zip(levels.tolist(), is_finite.tolist(), strict=True)
    return ["".join(LEVELS[n] if ok else "x" for n, ok in zip(*row, strict=True)) for row in pairs]


def listed(array: Array) -> str:
    if array.ndim == 0:
        return number(array.item())
    return f"[{', '.join(listed(each) for each in array)}]" if array.ndim > 1 else listed_row(array)


def listed_row(row: Array) -> str:
    return f"[{', '.join(map(number, row.tolist()))}]"


def digest_of(value: Any) -> int:
    """A hash of the content, including parts that a description omits."""
    kind = type(value)
    if kind is np.ndarray and value.dtype.kind in NUMBERS:
        small = value.nbytes <= MAX_SCANNED or value.size == 0
        return hash((value if small else sampled(value)).tobytes())
    if id(kind) not in BRACKETS:
        return 0
    items = list(islice(value, MAX_COMPARED))
    if kind is dict:
        items += islice(value.values(), MAX_COMPARED)
    return hash(tuple(map(digest_of_item, items)))


def digest_of_item(item: Any) -> Any:
    if is_any(type(item), PLAIN):
        return item
    if type(item) is np.ndarray and item.nbytes <= MAX_BYTES:
        return id(item), digest_of(item)
    return id(item)
