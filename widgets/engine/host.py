"""The Python side of the protocol in static/js/python/protocol.js: one message in, one reply out.

The same code answers in the reader's browser (Pyodide, called by worker.js) and in CPython (the
build, the tests). The output of readers' code goes to ``sys.stdout`` and ``sys.stderr``.
"""

from __future__ import annotations

import ast
import copy
import gc
import importlib
import json
import math
import os
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Mapping, Set
from time import process_time
from types import FunctionType, ModuleType
from typing import Any, TypeAlias

import numpy as np

import widgets
from widgets import data
from widgets.engine import frames, linalg, notes, outputs
from widgets.engine.failure import (
    CHECK,
    ProtocolError,
    chain_of,
    failed,
    line_of,
    message,
    note_missing_module,
    note_shadowing,
    remember_source,
    short_path,
)
from widgets.engine.restore import InterpreterDamaged, InterpreterState

Display: TypeAlias = Callable[[str, str], None]
Request: TypeAlias = Mapping[str, Any]
Scope: TypeAlias = dict[str, Any]
Array: TypeAlias = np.ndarray[Any, Any]

PLOTLY = "application/vnd.plotly.v1+json"
SVG = "image/svg+xml"
BACKEND = "widgets.engine.matplotlib_backend"
os.environ["MPLBACKEND"] = f"module://{BACKEND}"
ANSWER = "your answer"  # the name in tracebacks for the reader's part of a question

MAX_CHARACTERS = 200_000  # of a value's text
MAX_FIGURE = 500_000  # characters of a figure's JSON or SVG: drawing more would block the page
MAX_COPIED = 64_000_000  # bytes of an array that is copied in order to step through a snippet


def warning_text(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    line: str | None = None,
) -> str:
    """Text of a warning. For libraries it omits the line, which differs between releases."""
    if filename.endswith(".py"):
        return f"{short_path(filename)}: {category.__name__}: {message}\n"
    return python_warning_text(message, category, filename, lineno, line)


python_warning_text, warnings.formatwarning = warnings.formatwarning, warning_text
if sys.platform == "emscripten":
    linalg.check_results()

_scopes: dict[str, Scope] = {}
_displays: list[Display] = []  # at most one; a list, because rebinding the name would be undone
_interpreter = InterpreterState()


def handle(request: Request, display: Display) -> dict[str, Any]:
    """Answer one message of the protocol.

    Parameters
    ----------
    request : mapping
        One of the requests of static/js/python/protocol.js, except ``boot``.
    display : callable
        Takes a MIME type and data: the value of a cell's last expression.

    Returns
    -------
    dict
        The reply ``done`` or ``failed``. Arrays in it are contiguous ndarrays.

    Raises
    ------
    InterpreterDamaged
        If reader's code has made it impossible to run any code.
    """
    try:
        if is_readers(request):
            _interpreter.remember()
            try:
                value = answer(request, display)
            finally:
                put_back()
                close_figures()
        else:
            value = answer(request, display)
    except InterpreterDamaged:
        raise
    except BaseException as error:  # readers also cause SystemExit and KeyboardInterrupt
        return {**failed(error, reader_file(request)), "id": request.get("id")}
    return {"type": "done", "id": request.get("id"), "value": value}


def is_readers(request: Request) -> bool:
    """Whether a request runs readers' code."""
    if request.get("type") in ("run_cell", "step_cell", "check_answer"):
        return True
    return isinstance(request.get("source"), str)


def put_back() -> None:
    """Undo the changes of readers' code to Python, and report those to the book's modules."""
    replaced = _interpreter.put_back()
    if replaced:
        names = ", ".join(replaced[:3]) + (" and others" if len(replaced) > 3 else "")
        print(f"Put back, as the book needs it: {names}.", file=sys.stderr)


def answer(request: Request, display: Display) -> Any:
    """Return the value of the reply ``done``.

    Raises
    ------
    ProtocolError
        If the type is unknown or a field is missing.
    """
    kind = request.get("type")
    if kind not in REQUESTS:
        raise ProtocolError(f"There is no request {kind!r}. Accepted: {', '.join(REQUESTS)}.")
    function, fields = REQUESTS[kind]
    given = {"milliseconds": None, "kept": None, **request, "display": display}
    if missing := [field for field in fields if field not in given]:
        raise ProtocolError(f"The request {kind} lacks {', '.join(missing)}.")
    return function(*(given[field] for field in fields))


def reader_file(request: Request) -> str:
    """The name of the reader's code in tracebacks, for the line of a failure."""
    match request:
        case {"type": "run_cell" | "step_cell", "filename": str(filename)}:
            return filename
        case {"type": "compute_widget", "widget": str(widget), "source": None}:
            return f"{widgets.__path__[0]}/{widget}.py"
        case {
            "type": "compute_widget" | "keep_trained" | "widget_declaration",
            "widget": str(widget),
        }:
            return frames.filename_of(widget)
        case _:
            return ANSWER


def run_cell(scope: str, code: str, filename: str, display: Display) -> list[dict[str, Any]] | None:
    """Run a snippet in the named scope and display its figures and its last expression's value.

    Returns
    -------
    list of dict or None
        Explanations of suspicious results: nan, wrapped integers, stretched shapes.
    """
    namespace = _scopes.setdefault(scope, new_scope())
    _displays[:] = [display]
    there = set(namespace)
    before = before_run(code, namespace)
    try:
        value = execute(code, filename, namespace)
    except MemoryError as error:
        let_go(namespace, set(namespace) - there, error)
        raise
    finally:
        if namespace.pop("print", print) is not print:  # every snippet of the book prints
            _interpreter.note("print")
    if is_matplotlibs(value):
        importlib.import_module(BACKEND).show_value(value)
    elif value is not None:
        display(*displayed(value))
    if "matplotlib.pyplot" in sys.modules:
        importlib.import_module(BACKEND).show_open()
    return notes_after(before, namespace, value, filename) or None


def before_run(code: str, namespace: Scope) -> notes.Before | None:
    try:
        return notes.Before(code, namespace)
    except Exception:  # a reader's own objects can fail when they are inspected
        return None


def notes_after(
    before: notes.Before | None, namespace: Scope, value: Any, filename: str
) -> list[dict[str, Any]]:
    """Explanations of a run that raised no error."""
    _displays.clear()
    try:
        if before is None:
            return []
        found = notes.suspected(before, namespace, value)
        may_slip = notes.may_slip(before.code, namespace, value)
        if found is None and not may_slip:
            return []
        put_back()
        # Late import: a start needs none of it.
        from widgets.engine.explain import second_look, slips

        said = [] if found is None else second_look.notes_on(before, *found, filename)
        return said + (slips.slips_in(before.code, namespace, filename) if may_slip else [])
    except (KeyboardInterrupt, InterpreterDamaged):
        raise
    except BaseException:  # code can break what this needs; its output is enough
        return []


def show(mime: str, data: str) -> None:
    """Display a snippet's output before the snippet ends."""
    for display in _displays:
        display(mime, data)


def close_figures() -> None:
    """Close the figures of code that failed or is not a snippet: they belong to nothing else."""
    _displays.clear()
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


def is_matplotlibs(value: object) -> bool:
    """Whether Matplotlib made a value, or one of its first items: a figure, ``plt.plot(...)``."""
    if "matplotlib" not in sys.modules:
        return False
    items = value[:9] if isinstance(value, list | tuple) else [value]
    classes = [cls for item in items for cls in type(item).__mro__]
    return any(str(cls.__module__).startswith("matplotlib.") for cls in classes)


def let_go(scope: Scope, names: Set[str], error: MemoryError) -> None:
    """Free the values of a snippet that ran out of memory, so that other code can run."""
    made = sorted(name for name in names if not name.startswith("__"))
    for name in made:
        del scope[name]
    for earlier in chain_of(error):
        traceback.clear_frames(earlier.__traceback__)
    gc.collect()
    if made:
        error.add_note(f"What this snippet had made by then is given up: {', '.join(made)}.")


def step_cell(scope: str, code: str, filename: str) -> str:
    """Run a snippet in a copy of the scope and record each step.

    The copy lacks values that cannot be copied. Arrays too large to copy are read-only in it.

    Returns
    -------
    str
        JSON of a ``Recording`` in static/js/python/protocol.js.
    """
    from widgets.engine.steps import Recording  # late import: a start needs no recordings

    recording = Recording(code, filename)
    originals = _scopes.get(scope, new_scope())
    before = before_run(code, originals)
    namespace, shared = copied(originals, largest=MAX_COPIED)
    fixed = [name for name, value in namespace.items() if is_part(value, originals[name])]
    for name in shared:
        del namespace[name]
    failure = None
    try:
        recording.run(lambda: execute(code, filename, namespace))
    except (KeyboardInterrupt, InterpreterDamaged):
        raise
    except BaseException as error:
        put_back()
        failure = failed(error, filename)
    named = set(re.findall(r"\w+", code))
    is_complete = failure is None and not recording.cut
    if is_complete and before is not None:
        before.start = process_time()  # recording takes longer than running
    return recording.as_json(
        failure,
        notes_after(before, namespace, recording.value, filename) if is_complete else [],
        missing=[name for name in shared if name in named],
        fixed=[name for name in fixed if name in named],
    )


def is_part(value: Any, original: Any) -> bool:
    """Whether an array shares memory with another."""
    return type(value) is np.ndarray and np.may_share_memory(value, original)


def check_answer(scope: str, code: str, check: str) -> dict[str, Any]:
    """Run an answer, then its check, in a copy of the scope.

    Returns
    -------
    dict
        ``passed``; the message of the first assertion that failed; its ``sentence`` in English and
        the values in it, if the page translates it; and, for a law that fails
        (:mod:`widgets.kit.laws`), the smallest ``case`` as code to run.
    """
    namespace = copy_of(scope)
    execute(code, ANSWER, namespace)
    put_back()  # the check needs NumPy's and Python's own functions
    for name in namespace.keys() & _interpreter.builtins.keys():
        del namespace[name]
    try:
        execute(check, CHECK, namespace)
    except AssertionError as error:
        if line_of(error, ANSWER) is not None:
            raise  # an assertion of the reader's own
        line = check.splitlines()[(line_of(error, CHECK) or 1) - 1].strip()
        return {"passed": False, **said(error, line)}
    return {"passed": True, "message": "", "case": ""}


NOT_TRUE = message("This does not hold: {line}")


def said(error: AssertionError, line: str, unsaid: str = NOT_TRUE) -> dict[str, Any]:
    """The message of an assertion; its ``sentence`` and values unless its author wrote it."""
    found = {"message": str(error), "case": getattr(error, "case", "")}
    if not str(error):
        return {**found, "message": unsaid.format(line=line), "sentence": (unsaid, {"line": line})}
    return {**found, "sentence": error.sentence} if hasattr(error, "sentence") else found


def reset_scope(scope: str) -> None:
    """Delete everything that cells have defined in a scope."""
    _scopes.pop(scope, None)


def new_scope() -> Scope:
    return {"__name__": "__main__"}


def copy_of(scope: str) -> Scope:
    """A copy of the names that cells have defined, for code that must not affect them."""
    return copied(_scopes.get(scope, new_scope()))[0]


def copied(scope: Scope, largest: float = math.inf) -> tuple[Scope, list[str]]:
    """A copy of a scope: code in it does not affect the original. Views remain views.

    Parameters
    ----------
    largest : bytes of an array that is copied; a larger one becomes read-only

    Returns
    -------
    copy : dict
    shared : list of str
        Names of values without a copy, except modules: both scopes share them.
    """
    twin: Scope = {}
    memo: dict[int, Any] = {}
    shared = []
    for value in scope.values():
        if type(value) is np.ndarray:
            memo[id(value)] = array_copied(value, memo, largest)
    for name, value in scope.items():
        if isinstance(value, FunctionType) and value.__globals__ is scope:
            twin[name] = notes.rebound(value, twin)
            continue
        try:
            twin[name] = copy.deepcopy(value, memo)
        except Exception:  # modules, generators and the like have no copy
            twin[name] = value
            if type(value) is not ModuleType:
                shared.append(name)
    return twin, shared


def array_copied(array: Array, memo: dict[int, Any], largest: float) -> Array:
    """A view of a copy of the array that owns the memory; ``memo`` stores such copies by id."""
    owner = array
    while type(owner.base) is np.ndarray:
        owner = owner.base
    if owner.nbytes > largest:
        fixed = array.view()
        fixed.flags.writeable = False
        return fixed
    if owner.dtype.kind not in "biufc" or not owner.flags.forc:
        return copy.deepcopy(array, memo)
    twin = memo.setdefault(id(owner), owner.copy(order="K"))
    flat = twin if twin.flags.c_contiguous else twin.T
    offset = address_of(array) - address_of(owner)
    view: Array = np.ndarray(array.shape, array.dtype, flat, offset, array.strides)
    view.flags.writeable = array.flags.writeable
    return view


def address_of(array: Array) -> int:
    address: int = array.__array_interface__["data"][0]
    return address


def refuse_input(prompt: object = "") -> str:
    """Replaces ``input`` in the reader's code.

    Raises
    ------
    RuntimeError
        Always: a page has no terminal.
    """
    raise RuntimeError("input() cannot ask anything here. Give the variable its value in the code.")


def execute(code: str, filename: str, scope: Scope) -> Any:
    """Run code in a scope and return the value of its last expression, or None."""
    remember_source(filename, code)
    own = {"input": refuse_input, "print": notes.print_and_look}
    scope["__builtins__"] = {**_interpreter.builtins, **own}
    scope.pop("__warningregistry__", None)  # warn on every run, not only on the first
    tree = ast.parse(code, filename)
    last = tree.body[-1] if tree.body else None
    if isinstance(last, ast.Expr):
        tree.body.pop()
    try:
        exec(compile(tree, filename, "exec", dont_inherit=True), scope)
        if not isinstance(last, ast.Expr):
            return None
        value = ast.Expression(last.value)
        return eval(compile(value, filename, "eval", dont_inherit=True), scope)
    except TypeError as error:
        note_shadowing(error, scope)
        raise
    except ModuleNotFoundError as error:
        note_missing_module(error)
        raise


def displayed(value: Any) -> tuple[str, str]:
    """MIME type and text of a cell's value: a Plotly figure as JSON, the form that a notebook would
    show, or its repr.

    A figure is plotly.py's own, or a dict with ``data`` and ``layout``.

    Raises
    ------
    ValueError
        If a figure is too large to be drawn, or a form is of the wrong type.
    """
    if hasattr(value, "to_plotly_json") and not isinstance(value, type):
        return PLOTLY, small_enough(value.to_json())
    if isinstance(value, Mapping) and "data" in value and "layout" in value:
        return PLOTLY, small_enough(json.dumps(json_ready(value)))
    attributes = (name for cls in type(value).__mro__ for name in vars(cls))
    if outputs.form_of(value) or any(name.startswith("_repr_") for name in attributes):
        rich = importlib.import_module("widgets.engine.rich")  # a start needs none
        if found := rich.shown(value):
            return found[0], small_enough(found[1])
    text = repr(value)
    if (cut := len(text) - MAX_CHARACTERS) > 0:
        text = f"{text[:MAX_CHARACTERS]} ... {cut:,} more characters"
    return "text/plain", text


def small_enough(figure: str) -> str:
    """Return a figure's JSON or SVG if drawing it will not block the page."""
    if len(figure) > MAX_FIGURE:
        raise ValueError(
            f"The figure is too large to be shown: {len(figure) / 1e6:.1f} MB as text. "
            f"Accepted: {MAX_FIGURE / 1e6:g} MB. Show fewer points."
        )
    return figure


def json_ready(value: Any) -> Any:
    """Convert a figure for JSON: arrays become lists, and nan and inf become null."""
    match value:
        case Mapping():
            return {str(key): json_ready(item) for key, item in value.items()}
        case list() | tuple():
            return [json_ready(item) for item in value]
        case np.ndarray() | np.generic():
            return json_ready(value.tolist())
        case float() if not math.isfinite(value):
            return None
        case _:
            return value


def compute_widget(
    widget: str, controls: Mapping[str, Any], source: Any, milliseconds: float | None, kept: Any
) -> dict[str, Any]:
    """One picture of an instrument; ``source`` is the text of a reader's edit.

    ``kept`` is the reader's saved network, an .npz file in base 64.
    """
    with data.kept(kept):
        return frames.compute_frame(widget, controls, text_or_none(source), milliseconds)


def keep_trained(widget: str, controls: Mapping[str, Any], source: Any) -> str:
    return frames.keep_trained(widget, controls, text_or_none(source))


def text_or_none(source: Any) -> str | None:
    return source if isinstance(source, str) else None


REQUESTS: dict[str, tuple[Callable[..., Any], tuple[str, ...]]] = {
    "run_cell": (run_cell, ("scope", "code", "filename", "display")),
    "step_cell": (step_cell, ("scope", "code", "filename")),
    "check_answer": (check_answer, ("scope", "code", "check")),
    "compute_widget": (
        compute_widget,
        ("widget", "controls", "source", "milliseconds", "kept"),
    ),
    "keep_trained": (keep_trained, ("widget", "controls", "source")),
    "widget_declaration": (frames.declaration_of, ("widget", "source")),
    "widget_source": (frames.source_of, ("widget",)),
    "reset_scope": (reset_scope, ("scope",)),
}
