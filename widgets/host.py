"""The Python side of the protocol in static/js/protocol.js: one message in, one reply out.

The same code answers in the reader's browser (Pyodide, called by worker.js) and in CPython (the
build, the tests). What the reader's code prints goes to ``sys.stdout`` and ``sys.stderr``.
"""

from __future__ import annotations

import ast
import builtins
import copy
import json
import math
import sys
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any, TypeAlias

import numpy as np

from widgets import frames
from widgets.failure import ProtocolError, failed, line_of, note_shadowing, remember_source

Display: TypeAlias = Callable[[str, str], None]
Request: TypeAlias = Mapping[str, Any]
Scope: TypeAlias = dict[str, Any]

PLOTLY = "application/vnd.plotly.v1+json"
ANSWER, CHECK = "your answer", "check"  # the two parts of a question, as tracebacks name them

_scopes: dict[str, Scope] = {}
_BUILTINS = dict(vars(builtins))


def handle(request: Request, display: Display) -> dict[str, Any]:
    """Answer one message of the protocol.

    Parameters
    ----------
    request : mapping
        One of the requests of static/js/protocol.js, except ``boot``.
    display : callable
        Takes a MIME type and data: the value of a cell's last expression.

    Returns
    -------
    dict
        The reply ``done`` or ``failed``. Arrays in it are contiguous ndarrays.
    """
    try:
        value = answer(request, display)
    except BaseException as error:  # readers also cause SystemExit and KeyboardInterrupt
        return {**failed(error, reader_file(request)), "id": request.get("id")}
    return {"type": "done", "id": request.get("id"), "value": value}


def answer(request: Request, display: Display) -> Any:
    """The value of the reply ``done``.

    Raises
    ------
    ProtocolError
        If the type is unknown or a field is missing.
    """
    kind = request.get("type")
    if kind not in REQUESTS:
        raise ProtocolError(f"There is no request {kind!r}. Accepted: {', '.join(REQUESTS)}.")
    function, fields = REQUESTS[kind]
    given = {**request, "display": display}
    if missing := [field for field in fields if field not in given]:
        raise ProtocolError(f"The request {kind} lacks {', '.join(missing)}.")
    streams = sys.stdout, sys.stderr
    errors = np.geterr()
    try:
        return function(*(given[field] for field in fields))
    finally:  # No builtin may be used before they are back: a cell can have deleted them.
        builtins.__dict__.update(_BUILTINS)
        sys.stdout, sys.stderr = streams
        np.seterr(**errors)


def reader_file(request: Request) -> str:
    """The name of the reader's code in tracebacks, for the line a failure is reported on."""
    match request:
        case {"type": "run_cell", "filename": str(filename)}:
            return filename
        case {"type": "compute_widget", "widget": str(widget)}:
            return frames.filename_of(widget)
        case _:
            return ANSWER


def run_cell(scope: str, code: str, filename: str, display: Display) -> None:
    """Run a snippet in the named scope and display the value of its last expression."""
    value = execute(code, filename, _scopes.setdefault(scope, new_scope()))
    if value is not None:
        display(*displayed(value))


def check_answer(scope: str, code: str, check: str) -> dict[str, Any]:
    """Run an answer, then its check, in a copy of the scope.

    Returns
    -------
    dict
        ``passed``, and the message of the first assertion that failed.
    """
    namespace = copied(_scopes.get(scope, new_scope()))
    execute(code, ANSWER, namespace)
    try:
        execute(check, CHECK, namespace)
    except AssertionError as error:
        if line_of(error, ANSWER) is not None:
            raise  # an assertion of the reader's own
        line = check.splitlines()[(line_of(error, CHECK) or 1) - 1].strip()
        return {"passed": False, "message": str(error) or f"This does not hold: {line}"}
    return {"passed": True, "message": ""}


def reset_scope(scope: str) -> None:
    """Forget everything that cells have defined in a scope."""
    _scopes.pop(scope, None)


def new_scope() -> Scope:
    """A scope in which nothing is defined."""
    return {"__name__": "__main__"}


def copied(scope: Scope) -> Scope:
    """A scope with the same content, in which nothing that code does is seen in the first."""
    twin: Scope = {}
    memo: dict[int, Any] = {}
    for name, value in scope.items():
        if isinstance(value, FunctionType) and value.__globals__ is scope:
            twin[name] = rebound(value, twin)
            continue
        try:
            twin[name] = copy.deepcopy(value, memo)
        except Exception:  # modules, generators and the like have no copy
            twin[name] = value
    return twin


def rebound(function: FunctionType, scope: Scope) -> FunctionType:
    """The same function with its global names looked up in another scope."""
    twin = FunctionType(
        function.__code__,
        scope,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    twin.__kwdefaults__ = function.__kwdefaults__
    return twin


def refuse_input(prompt: object = "") -> str:
    """``input`` of the reader's code.

    Raises
    ------
    RuntimeError
        Always: a page has no terminal.
    """
    raise RuntimeError("input() cannot ask anything here. Give the variable its value in the code.")


def execute(code: str, filename: str, scope: Scope) -> Any:
    """Run code in a scope and return the value of its last expression, or None."""
    remember_source(filename, code)
    scope["__builtins__"] = {**_BUILTINS, "input": refuse_input}
    scope.pop("__warningregistry__", None)  # a warning is due on every run, not on the first alone
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


def displayed(value: Any) -> tuple[str, str]:
    """MIME type and text of a cell's value: a Plotly figure as JSON, anything else as its repr.

    A figure is plotly.py's own, or a dict with ``data`` and ``layout``.
    """
    if hasattr(value, "to_plotly_json") and not isinstance(value, type):
        return PLOTLY, value.to_json()
    if isinstance(value, Mapping) and "data" in value and "layout" in value:
        return PLOTLY, json.dumps(json_ready(value))
    return "text/plain", repr(value)


def json_ready(value: Any) -> Any:
    """A figure without arrays; what is not finite becomes null, which JSON has."""
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


def compute_widget(widget: str, controls: Mapping[str, Any], source: Any) -> dict[str, Any]:
    """One picture of an instrument; ``source`` is text where the reader has edited it."""
    return frames.compute_frame(widget, controls, source if isinstance(source, str) else None)


REQUESTS: dict[str, tuple[Callable[..., Any], tuple[str, ...]]] = {
    "run_cell": (run_cell, ("scope", "code", "filename", "display")),
    "check_answer": (check_answer, ("scope", "code", "check")),
    "compute_widget": (compute_widget, ("widget", "controls", "source")),
    "widget_source": (frames.source_of, ("widget",)),
    "reset_scope": (reset_scope, ("scope",)),
}
