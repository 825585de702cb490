"""Laws in the check of a code question: properties that hold for every input.

    from widgets.kit.laws import law, numbers

    law(
        "A KL divergence is never negative.",
        kl,
        lambda value, mu, logvar: value >= 0,
        mu=numbers("n", "k"),
        logvar=numbers("n", "k"),
    )

Inputs are drawn at random, simple ones first. One that breaks the law is made as small as possible
while it still breaks it, as QuickCheck and Hypothesis do (Claessen & Hughes 2000), so that the
reader sees the mistake and not the noise around it.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from types import CodeType
from typing import Any, TypeAlias, TypeGuard

import numpy as np
from numpy.typing import NDArray

from widgets.engine.failure import message

__all__ = ["Broken", "law", "numbers"]

DRAWS = 100
LARGEST = 4  # largest size of a named dimension
TRIES = 2_000  # maximum evaluations to shrink a case

Case: TypeAlias = dict[str, Any]  # arrays, and integers that are passed on unchanged


class Broken(AssertionError):
    """A law does not hold.

    Parameters
    ----------
    sentence : English text with placeholders; the page translates it
    values : text for each placeholder, by name
    case : code that shows the failure, or "" if the reader's code could not run it
    """

    def __init__(self, sentence: str, values: dict[str, str], case: str) -> None:
        super().__init__(sentence.format(**values))
        self.sentence = sentence, values
        self.case = case


@dataclass(frozen=True)
class Numbers:
    """Arrays to draw: a dimension is a size, or a name that inputs of one law share."""

    dimensions: tuple[int | str, ...]
    low: float
    high: float

    def array(self, sizes: dict[str, int], rng: np.random.Generator, draw: int) -> NDArray[Any]:
        """Draw zeros first, then alternate between integers and other numbers."""
        shape = [sizes[each] if isinstance(each, str) else each for each in self.dimensions]
        values = rng.uniform(self.low, self.high, shape)
        if draw == 0:
            values = np.zeros(shape)
        elif draw % 2:
            values = np.round(values)
        return np.clip(values, self.low, self.high)


def numbers(*dimensions: int | str, low: float = -3.0, high: float = 3.0) -> Numbers:
    """Arrays of real numbers for :func:`law`.

    Parameters
    ----------
    dimensions : sizes, or names; a name is a size from 1 to 4, the same for all inputs of a law
    low : lower bound
    high : upper bound; 0 is tried first if it is within the bounds
    """
    return Numbers(dimensions, low, high)


def law(
    words: str,
    function: Callable[..., Any],
    holds: Callable[..., Any],
    **inputs: Numbers | int,
) -> None:
    """Check a property of a function on random inputs.

    Parameters
    ----------
    words : the law in a sentence, for the reader
    function : the reader's; gets the inputs by position, in their order
    holds : gets the function's result, then the inputs; returns truth values, one or more
    inputs : by the reader's names: :func:`numbers`, or an integer, which is passed on unchanged

    Raises
    ------
    Broken
        With the smallest case found.
    """
    drawn = {name: each for name, each in inputs.items() if isinstance(each, Numbers)}
    rng = np.random.default_rng(0)

    def breaks(case: Case) -> bool:
        return bool(fault(holds, answer(function, case), case))

    cases = []
    for draw in range(DRAWS):
        sizes = {name: int(rng.integers(1, LARGEST + 1)) for name in names(drawn)}
        arrays = {name: each.array(sizes, rng, draw) for name, each in drawn.items()}
        cases.append({**inputs, **arrays})
    for case, value in zip(cases, answers(function, cases), strict=True):
        if fault(holds, value, case):
            case = smallest(case, drawn, breaks)
            raise broken(words, function, holds, case)


def broken(
    words: str, function: Callable[..., Any], holds: Callable[..., Any], case: Case
) -> Broken:
    """Build the error for a case that breaks the law."""
    value = answer(function, case)
    name, call = name_and_call(function, holds, case)
    values = {
        "law": words,
        "case": ", ".join(f"{name} = {listed(value)}" for name, value in case.items()),
        "name": name,
        "value": shown(value),
    }
    return Broken(fault(holds, value, case) or BREAKS, values, call and code(call, case))


BREAKS = message("{law} Yours breaks it at {case}: there {name} gives {value}.")
NOTHING = message(
    "{law} Yours breaks it at {case}: there {name} gives {value}, which leaves nothing that the "
    "law could hold of."
)


def fault(holds: Callable[..., Any], value: Any, case: Case) -> str:
    """The sentence about a value that breaks the law, else ""."""
    if is_empty(value) or is_empty(held := holds(value, *case.values())):
        return NOTHING
    return "" if np.all(held) else BREAKS


def is_empty(value: Any) -> bool:
    """Whether a value has no items; for a tuple of results, whether any of them has none."""
    if isinstance(value, list | tuple) and value:
        return any(map(is_empty, value)) if isinstance(value, tuple) else all(map(is_empty, value))
    return 0 in np.shape(value) or (isinstance(value, dict | set | str) and not value)


def names(inputs: Mapping[str, Numbers]) -> list[str]:
    return sorted({d for each in inputs.values() for d in each.dimensions if isinstance(d, str)})


def answer(function: Callable[..., Any], case: Case) -> Any:
    """The result of a function for a case, which it cannot modify."""
    return function(*(copy(value) for value in case.values()))


def answers(function: Callable[..., Any], cases: list[Case]) -> Iterator[Any]:
    """The results for cases. A function in another interpreter gets all cases in one message."""
    if hasattr(function, "call_each"):
        yield from function.call_each([[copy(each) for each in case.values()] for case in cases])
    else:
        yield from (answer(function, case) for case in cases)


def smallest(case: Case, inputs: dict[str, Numbers], breaks: Callable[[Case], bool]) -> Case:
    """Shrink a case for as long as a simpler one still breaks the law."""
    tries = TRIES
    simpler = candidates(case, inputs)
    while tries:
        tries -= 1
        candidate = next(simpler, None)
        if candidate is None:
            break
        try:
            broken = breaks(candidate)
        except Exception:  # raised by the function: a different mistake from the one to show
            continue
        if broken:
            case, simpler = candidate, candidates(candidate, inputs)
    return case


def candidates(case: Case, inputs: dict[str, Numbers]) -> Iterator[Case]:
    """Cases one step simpler: without a row or column, or with one number that is shorter."""
    for name in names(inputs):
        having = {key: each.dimensions for key, each in inputs.items() if name in each.dimensions}
        axes = {key: dimensions.index(name) for key, dimensions in having.items()}
        key, axis = next(iter(axes.items()))
        size = case[key].shape[axis]
        for index in range(size if size > 1 else 0):
            shorter = {k: np.delete(case[k], index, axis=axes[k]) for k in axes}
            yield {k: shorter.get(k, array) for k, array in case.items()}
    for name in inputs:
        array = case[name]
        for place in np.ndindex(array.shape):
            value = float(array[place])
            for other in (0.0, 1.0, -1.0, float(round(value)), round(value, 1)):
                if inputs[name].low <= other <= inputs[name].high and cost(other) < cost(value):
                    changed = array.copy()
                    changed[place] = other
                    yield {**case, name: changed}


def cost(value: float) -> tuple[int, float, bool]:
    """Complexity of a number: fewer digits first, then nearer to 0."""
    return len(f"{abs(value):g}"), abs(value), value < 0


def shown(value: Any) -> str:
    """A value in one line."""
    if isinstance(value, np.ndarray | np.generic):
        return np.array2string(np.asarray(value), precision=4, separator=", ", threshold=20)
    return repr(value)[:200]


def listed(value: Any) -> Any:
    """An array as lists."""
    return value.tolist() if isinstance(value, np.ndarray) else value


def literal(value: Any) -> str:
    """A value as code."""
    return f"np.array({value.tolist()})" if isinstance(value, np.ndarray) else repr(value)


def code(call: str, case: Case) -> str:
    """A case as code to run."""
    lines = [f"{name} = {literal(value)}" for name, value in case.items()]
    return "\n".join(["import numpy as np", *lines, f"print({call})"])


def name_and_call(
    function: Callable[..., Any], holds: Callable[..., Any], case: Case
) -> tuple[str, str]:
    """A function's name for the reader, and a call that the reader's code can make, or ""."""
    made = getattr(function, "__code__", None)
    file = getattr(getattr(holds, "__code__", None), "co_filename", "")
    in_check = made is not None and made.co_filename == file
    name = str(getattr(function, "__name__", ""))
    if name.isidentifier():
        return name, "" if in_check else f"{name}({', '.join(case)})"
    check = ast.parse("".join(linecache.getlines(file))) if in_check else ast.Module([], [])
    body = body_of(made, check, [*case]) if made else None
    if body is None:
        return "(…)", ""
    parts = [*ast.walk(check)]
    own = {part.id for part in parts if is_set(part)}
    own |= {part.name for part in parts if isinstance(part, ast.FunctionDef | ast.ClassDef)}
    own |= {part.asname or part.name for part in parts if isinstance(part, ast.alias)} - {"np"}
    used = {part.id for part in ast.walk(body) if isinstance(part, ast.Name)} - {*case}
    return ast.unparse(body), "" if own & used else ast.unparse(body)


def is_set(part: ast.AST) -> TypeGuard[ast.Name]:
    return isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)


def body_of(made: CodeType, check: ast.Module, inputs: list[str]) -> ast.expr | None:
    """The body of a lambda in a check, with the inputs' names for its parameters."""
    places = [(line, start) for line, _, start, end in made.co_positions() if start != end]
    for each in ast.walk(check):
        if not isinstance(each, ast.Lambda) or each.lineno != made.co_firstlineno:
            continue
        names = [arg.arg for arg in each.args.args]
        first = each.body.lineno, each.body.col_offset
        last = each.body.end_lineno, each.body.end_col_offset
        if len(names) == len(inputs) and all(first <= place < last for place in places):
            renamed = dict(zip(names, inputs, strict=True))
            for part in ast.walk(each.body):
                if isinstance(part, ast.Name):
                    part.id = renamed.get(part.id, part.id)
            return each.body
    return None
