"""Find suspicious results that raise no error: nan, wrapped integers, shapes stretched unnoticed.

After each run only the names in the code are examined, and only a sample of large arrays. If
something may be wrong, the code runs again in a copy, where each operation is examined
(``explain/second_look.py``).
"""

from __future__ import annotations

import math
import re
import sys
import weakref
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from time import process_time
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, Any]
Scope: TypeAlias = dict[str, Any]
Make: TypeAlias = Callable[[Scope], Any]

SMALL = 2**18  # bytes of an array that is copied before a run
MAX_COPIED = 2**22  # bytes of all such arrays
MAX_REPEATED = 10**8  # bytes of arrays in code that runs again: the page's memory never shrinks
MAX_EXAMINED = 2**16  # numbers of an array that are examined
MAX_ITEMS = 1_000  # of a container that is copied
MAX_LISTED = 100  # items of a container that are examined
MAX_DEPTH = 3
QUICK = 0.2  # seconds of work: longer runs are repeated only if something is known to be wrong
LONG = 20.0  # seconds of work: longer runs are not repeated
MAX_REMEMBERED = 1_000

PLAIN = (type(None), bool, int, float, complex, str, bytes, range, type(Ellipsis), slice)
THEMSELVES = (ModuleType, BuiltinFunctionType, np.ufunc, type(np.sum))
CONTAINERS = (list, tuple, set, dict)
SHOWN = (BuiltinFunctionType, FunctionType)
GENERATORS = (("random", "getstate", "setstate"), ("numpy.random.mtrand", "get_state", "set_state"))
"""Modules with a shared random generator, and the functions that read and set its state."""
INTEGERS = np.iinfo(int)

WORD = re.compile(r"[^\W\d]\w*")


def words(text: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(text.split())})\b")


EFFECTS = words(
    r"open save\w* tofile dump\w* write\w* sleep exec eval globals setattr os sys js pyodide\w* "
    r"input threading subprocess urllib requests await async reload __\w+__"
)
ON_PURPOSE = words(r"[nN]a[nN]\w* [iI]nf\w* isnan isfinite isinf errstate seterr ma")
PRODUCTS = words("prod cumprod")
ADDS_UP = re.compile(r"@|\b(?:sum|cumsum|dot|matmul|trace|einsum|vdot|inner)\b")
GROWS = re.compile(r"\*\*|\b(?:power|square)\b|\d[\d_]{4,}")
MAKES_INTEGERS = words(r"arange integers randint int\w* array full")
ARITHMETIC = re.compile(r"[-+*]|\b(?:diff|sum|astype|add|subtract|multiply|negative)\b")
AVERAGES = words("mean sum average median norm std var")
REDUCES = words("mean sum median norm std var max min prod")
COLUMN = re.compile(r"\bNone\]|\bnewaxis\b|,\s*1\s*\)")
LATER_AXIS = re.compile(r"axis\s*=\s*-?1\b|,\s*-?1\s*\)")
UPDATE = re.compile(
    r"^[ \t]*(\w+)\s*=[^=\n]*\b\1\b\s*[-+*/]|^[ \t]*(\w+)\s*=[^=\n]*[-+*/]\s*\2\b", re.M
)
STORE = re.compile(r"^[ \t]*(\w+)\[[^=\n]*\]\s*=[^=]", re.M)
SLIP = re.compile(
    r"^[ \t]*\w+\.(?:reshape|astype|transpose|flatten|ravel|squeeze|swapaxes|copy|clip|round|repeat"
    r"|cumsum)\("
    r"|^[ \t]*np\.(?:sort|abs|exp|log|sqrt|delete|append|flip|reshape|transpose|clip|round)\("
    r"|^[ \t]*(?!return|yield|not|await)\w+[ \t]*(?:[-+*/@]|\*\*)[ \t]*\w"
    r"|=\s*\w+\.(?:append|extend|insert|sort|reverse|fill|update|clear|shuffle|partition|resize)\("
    r"|==\s*(?:\w+\.)?(?:nan\b|float\()"
    r"|^[^\"'#\n]*\w\s*\^\s*\d"
    r"|\.shuffle\([^)]*\)\s*\n[ \t]*\w+(?:\.\w+)*\.shuffle\("
    r"|\]\s*\[[^:=\n]*\]\s*[-+*/]?=[^=]",
    re.MULTILINE,
)
"""Code that may not do what it was meant to (``explain/slips.py``)."""
LOOPS = words("for while")
ONE_SEED = re.compile(r"^[ \t]+[^\n]*\b(?:default_rng|seed)\(\s*\d", re.M)
SECOND_NAME = re.compile(r"^[ \t]*(\w+)\s*=\s*([^\W\d]\w*)(?:\[[^\n]*:[^\n]*\])?[ \t]*$", re.M)
OF_ROWS = re.compile(r"\b(?:cov|corrcoef)\(\s*(\w+)\s*\)")
TRANSPOSED = re.compile(r"\b(\w+)\.T\b")
COMPARED = re.compile(r"\b(\w+)\s*==")

_finite: weakref.WeakValueDictionary[int, Array] = weakref.WeakValueDictionary()
_looked_at: set[int] = set()
_printed: list[bool] = []
_shown: list[bool] = []  # whether a function was printed, perhaps instead of its result


def print_and_look(*values: Any, **options: Any) -> None:
    """Replaces ``print`` in readers' code; notes nan, inf and functions among the values."""
    if not _printed and any(map(is_printed_lost, values)):
        _printed.append(True)
    if not _shown and any(is_any(type(value), SHOWN) for value in values):
        _shown.append(True)
    print(*values, **options)


def is_printed_lost(value: Any) -> bool:
    if type(value) is str:
        return len(value) < MAX_ITEMS and re.search(r"\b(?:nan|inf)\b", value) is not None
    return count_lost(value) is not None


class Before:
    """The values of a snippet's names before it runs.

    Attributes
    ----------
    makers : for each name, a function that recreates its value; None if that is impossible
    identities : of the values
    finite : names of large arrays that were finite
    shapes : of arrays
    """

    def __init__(self, code: str, scope: Scope) -> None:
        _printed.clear()
        _shown.clear()
        self.code = code
        self.names = set(WORD.findall(code))
        self.makers: dict[str, Make | None] = {}
        self.identities: dict[str, int] = {}
        self.finite: set[str] = set()
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.room = MAX_COPIED
        self.owners: list[int] = []
        self.real = scope
        for name, value in reachable(self.names, scope):
            self.identities[name] = id(value)
            if type(value) is np.ndarray:
                self.shapes[name] = value.shape
            if type(value) is np.ndarray and _finite.get(id(value)) is value:
                self.finite.add(name)
            self.makers[name] = self.maker(value)
        self.states = []
        if "random" in code:
            self.states = [(put, get()) for put, get in shared_generators()]
        self.start = process_time()

    def can_run_again(self) -> bool:
        shared = len(set(self.owners)) < len(self.owners)  # copies would not share their memory
        known = None not in self.makers.values()
        return known and not shared and EFFECTS.search(self.code) is None

    def scope(self) -> Scope:
        """A scope with the values from before the run."""
        again: Scope = {"__name__": "__main__"}
        for name, make in self.makers.items():
            if make is not None:
                again[name] = make(again)
        return again

    def maker(self, value: Any, depth: int = 0) -> Make | None:
        """A function that recreates a value's present state; None if that is impossible."""
        kind = type(value)
        if is_any(kind, (*PLAIN, *THEMSELVES)) or issubclass(kind, np.generic):
            return lambda again: value
        if kind is FunctionType:
            if value.__globals__ is not self.real:
                return lambda again: value
            given = (value.__closure__, value.__defaults__, value.__kwdefaults__)
            parts = [*(given[1] or ()), *(given[2] or {}).values()]
            if given[0] or not all(is_any(type(part), PLAIN) for part in parts):
                return None
            return lambda again: rebound(value, again)
        if kind is type:
            return None if value.__module__ == "__main__" else lambda again: value
        if kind is np.ndarray:
            return self.array_maker(value)
        if kind is np.random.Generator:
            state, bits = value.bit_generator.state, type(value.bit_generator)
            return lambda again: generator_again(bits, state)
        if not is_any(kind, CONTAINERS) or len(value) > MAX_ITEMS or depth == MAX_DEPTH:
            return None
        items = value.values() if kind is dict else value
        makers = [self.maker(item, depth + 1) for item in items]
        known = [make for make in makers if make is not None]
        if len(known) < len(makers):
            return None
        if kind is dict:
            keys = list(value)
            if not all(map(is_plain, keys)):
                return None
            return lambda again: {key: make(again) for key, make in zip(keys, known, strict=True)}
        return lambda again: kind(make(again) for make in known)

    def array_maker(self, array: Array) -> Make | None:
        """A maker of a small array's copy, or of a read-only view of a large one."""
        if array.dtype.hasobject:
            return None
        if array.nbytes <= min(SMALL, self.room):
            self.room -= array.nbytes
            self.owners.append(id(owner_of(array)))
            copy = array.copy(order="K")
            return lambda again: copy.copy(order="K")
        reference = weakref.ref(array)

        def view(again: Scope) -> Array:
            if (same := reference()) is None:
                raise LookupError("it was given up")
            fixed = same.view()
            fixed.flags.writeable = False
            return fixed

        return view


def reachable(names: set[str], scope: Scope) -> Iterator[tuple[str, Any]]:
    """Yield these names with their values, and the names in functions among them."""
    plain = {name: value for name, value in scope.items() if type(name) is str}
    waiting, seen = list(names), set(names)
    while waiting:
        name = waiting.pop()
        if name not in plain or name.startswith("__"):
            continue
        value = plain[name]
        yield name, value
        if type(value) is FunctionType and value.__globals__ is scope:
            more = set(names_of(value.__code__)) - seen
            seen |= more
            waiting += more


def names_of(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from names_of(part)


def rebound(function: FunctionType, scope: Scope) -> FunctionType:
    """The same function with its globals looked up in a different scope."""
    twin = FunctionType(
        function.__code__,
        scope,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    twin.__kwdefaults__ = function.__kwdefaults__
    return twin


def is_any(kind: type, kinds: tuple[type, ...]) -> bool:
    """Compare by identity: a metaclass may define how classes are compared."""
    return any(kind is each for each in kinds)


def is_plain(key: object) -> bool:
    return is_any(type(key), (str, int, float, bool))


def generator_again(bits: Any, state: Any) -> np.random.Generator:
    again = bits()
    again.state = state
    return np.random.Generator(again)


def shared_generators() -> list[tuple[Callable[[Any], None], Callable[[], Any]]]:
    """Functions that set and get the state of each shared random generator."""
    modules = ((sys.modules.get(name), get, put) for name, get, put in GENERATORS)
    return [(getattr(m, put), getattr(m, get)) for m, get, put in modules if m is not None]


def owner_of(array: Array) -> Array:
    while type(array.base) is np.ndarray:
        array = array.base
    return array


def suspected(
    before: Before, scope: Scope, last: Any
) -> tuple[list[tuple[str, Lost]], bool] | None:
    """Reasons to examine a run again; None in most cases.

    Parameters
    ----------
    last : value of the last expression

    Returns
    -------
    lost : names whose values are not finite, "" for the last value
    is_lost : whether there are any, or one was printed
    """
    seconds = process_time() - before.start
    named = dict(reachable(before.names, scope))
    lost = list(lost_values(before, named))
    if (counted := count_lost(last)) is not None:
        lost.append(("", counted))
    remember_finite(named.values())
    suspects = [*named.values(), last]
    size = sum(each.nbytes for each in suspects if type(each) is np.ndarray)
    if size > MAX_REPEATED or seconds > LONG:
        before.makers[""] = None
    if lost or _printed:
        return lost, True
    code = before.code
    may_be_wrong = may_wrap(code, suspects) or may_stretch(code, suspects)
    if seconds > QUICK or not (may_be_wrong or may_grow(before, named) or may_store(code, named)):
        return None
    signature = hash((code, *map(signature_of, suspects)))
    if signature in _looked_at or len(_looked_at) > MAX_REMEMBERED:
        return None
    _looked_at.add(signature)
    return lost, False


Lost: TypeAlias = tuple[int, int] | float
"""Count of numbers that are not finite, and of all; or the only number."""


def lost_values(before: Before, named: Mapping[str, Any]) -> Iterator[tuple[str, Lost]]:
    """Yield names whose values are not finite, unless they were so before."""
    for name, value in named.items():
        if before.identities.get(name) == id(value) and not was_finite(before, name, value):
            continue
        if is_any(type(value), (list, tuple, dict)) and not all_numbers(value):
            items = value.items() if type(value) is dict else enumerate(value)
            for key, item in islice(items, MAX_LISTED):
                if is_plain(key) and (counted := count_lost(item)) is not None:
                    yield f"{name}[{key!r}]", counted
        elif (counted := count_lost(value)) is not None:
            yield name, counted


def was_finite(before: Before, name: str, value: Any) -> bool:
    """Whether a value that a run may have changed was known to be finite before it."""
    if type(value) is np.ndarray and value.nbytes > SMALL:
        return name in before.finite
    make = before.makers.get(name)
    return make is not None and not has_lost(make({}))


def has_lost(value: Any) -> bool:
    """Whether a number in a value is not finite."""
    return any(count_lost(part) is not None for part in parts_of(value))


def parts_of(value: Any) -> list[Any]:
    if type(value) is dict:
        return [*islice(value.values(), MAX_LISTED)]
    return [value, *value[:MAX_LISTED]] if is_any(type(value), (list, tuple)) else [value]


def remember_finite(values: Any) -> None:
    for value in values:
        if type(value) is np.ndarray and value.nbytes > SMALL and count_lost(value) is None:
            _finite[id(value)] = value


def all_numbers(value: Any) -> bool:
    return type(value) is not dict and all(
        type(item) is float or type(item) is int or type(item) is np.float64
        for item in islice(value, MAX_LISTED)
    )


def sample(array: Array) -> Array:
    """At most ``MAX_EXAMINED`` numbers, spread over an array."""
    if array.size <= MAX_EXAMINED:
        return array
    step = -(-array.size // MAX_EXAMINED)
    return array.reshape(-1)[::step] if array.flags.c_contiguous else array.flat[::step]


def count_lost(value: Any) -> Lost | None:
    """Count a value's numbers that are nan or infinite; None if there are none."""
    kind = type(value)
    if kind is float or kind is np.float64 or kind is np.float32:
        return None if math.isfinite(value) else float(value)
    if kind is np.ndarray and value.dtype.kind in "fc":
        if is_finite(sample(value)):
            return None
        count = value.size - int(np.isfinite(value).sum())
        return count, value.size
    if is_any(kind, (list, tuple)) and len(value) <= MAX_EXAMINED and all_numbers(value):
        numbers = [item for item in value if type(item) is float or type(item) is np.float64]
        count = sum(not math.isfinite(item) for item in numbers)
        return (count, len(value)) if count else None
    return None


def is_finite(array: Array) -> bool:
    """Whether all numbers are finite. Their sum is the quickest test: it needs no copy."""
    with np.errstate(all="ignore"):
        total = np.add.reduce(array, axis=None)
    return bool(np.isfinite(total)) or bool(np.isfinite(array).all())


def may_wrap(code: str, values: list[Any]) -> bool:
    """Whether integers may be too large for their type."""
    arrays = [each for each in values if type(each) is np.ndarray and each.dtype.kind in "iu"]
    if any(each.dtype.itemsize < 4 for each in arrays):
        return ARITHMETIC.search(code) is not None
    if PRODUCTS.search(code) or (INTEGERS.bits == 32 and GROWS.search(code)):
        return bool(arrays) or MAKES_INTEGERS.search(code) is not None
    for array in arrays:
        if array.size > 0 and array.dtype.itemsize * 8 == INTEGERS.bits:
            part = sample(array)
            largest = max(abs(int(part.min())), abs(int(part.max())))
            count = array.size if ADDS_UP.search(code) else 1
            if count * largest * largest > INTEGERS.max:
                return True
    return False


def may_stretch(code: str, values: list[Any]) -> bool:
    """Whether a column may broadcast with an equally long row, or a square matrix with its sums."""
    shapes = [each.shape for each in values if type(each) is np.ndarray]
    columns = [shape for shape in shapes if len(shape) == 2 and shape[1] == 1 < shape[0]]
    if (columns or COLUMN.search(code)) and AVERAGES.search(code):
        return True
    square = any(len(shape) == 2 and shape[0] == shape[1] > 1 for shape in shapes)
    return square and REDUCES.search(code) is not None and LATER_AXIS.search(code) is not None


def may_grow(before: Before, named: Mapping[str, Any]) -> bool:
    """Whether an update may have changed an array's shape."""
    for match in UPDATE.finditer(before.code):
        name = match[1] or match[2]
        value = named.get(name)
        if type(value) is np.ndarray and value.ndim > 1 and before.shapes.get(name) != value.shape:
            return True
    return False


def may_store(code: str, named: Mapping[str, Any]) -> bool:
    """Whether fractions may have been stored among integers."""
    return any(each.dtype == int for each in arrays_in(named, STORE.finditer(code)))


def arrays_in(scope: Mapping[str, Any], found: Iterator[re.Match[str]]) -> list[Array]:
    """The arrays among the names that a pattern has found."""
    values = (scope.get(match[1]) for match in found)
    return [value for value in values if type(value) is np.ndarray]


def may_slip(code: str, scope: Scope, last: Any) -> bool:
    """Whether the code may contain a slip; ``explain/slips.py`` then looks for it."""
    if SLIP.search(code) or _shown or (LOOPS.search(code) and ONE_SEED.search(code)):
        return True
    if is_any(type(last), SHOWN) or ("def " in code and "return" not in code):
        return True
    if any(each.ndim == 1 for each in arrays_in(scope, TRANSPOSED.finditer(code))):
        return True
    if any(each.dtype.kind in "US" for each in arrays_in(scope, COMPARED.finditer(code))):
        return True
    samples = [each for each in arrays_in(scope, OF_ROWS.finditer(code)) if each.ndim == 2]
    if any(len(each) > 2 * len(each.T) for each in samples):
        return True
    for match in SECOND_NAME.finditer(code):
        value, other = scope.get(match[1]), scope.get(match[2])
        both = type(value) is np.ndarray and type(other) is np.ndarray
        if both and match[1] != match[2] and np.may_share_memory(value, other):
            return (
                re.search(rf"^[ \t]*{match[1]}(?:\[[^\n]*\])?\s*[-+*/]?=", code, re.M) is not None
            )
    return False


def signature_of(value: Any) -> object:
    return (value.shape, value.dtype.char) if type(value) is np.ndarray else None
