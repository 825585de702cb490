"""Runs an author's Python, in the process that :class:`AuthorCode` starts."""

import ast
import contextlib
import faulthandler
import io
import json
import math
import os
import runpy
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np

import widgets
from latentbook.book.compose.author_code import OUTPUTS, RUNS, Reply
from latentbook.runtime.inside.tape import Tape, portable
from widgets.contract import Choice
from widgets.engine import host, outputs
from widgets.engine.controls import accepted
from widgets.engine.failure import failed
from widgets.engine.frames import compute_frame, filename_of, plain

VARIANTS = 64
"""Number of variants of a question whose numbers differ between students."""


def serve(memory: int | None) -> None:
    if memory is not None:
        with contextlib.suppress(ImportError, OSError, ValueError):  # Windows; macOS refuses
            import resource

            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    requests = os.fdopen(os.dup(0), encoding="utf-8")
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)  # output that bypasses Python must not be mistaken for a reply
    faulthandler.enable()
    outputs.add(os.environ[OUTPUTS])
    for line in requests:
        request = json.loads(line)
        faulthandler.dump_traceback_later(request["seconds"], exit=True)
        os.write(2, f"{RUNS}{_file_of(request)}\n".encode())
        reply = _answer(request)
        faulthandler.cancel_dump_traceback_later()
        replies.write(json.dumps(reply, default=_as_list) + "\n")
        replies.flush()


def _answer(request: Mapping[str, Any]) -> Reply:
    tape = Tape()
    with tape.running():
        if (make := MAKERS.get(request["type"])) is None:
            reply = host.handle({"id": 0, **request}, tape.add)
        else:
            try:
                reply = {"type": "done", "value": make(request["code"])}
            except BaseException as error:  # sys.exit included
                reply = failed(error, _file_of(request))
    return {**reply, "outputs": tape.pieces}


def _run(code: str, file: str) -> dict[str, Any]:
    scope: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(code, file, "exec"), scope)
    return scope


def _plot(code: str) -> dict[str, Any]:
    """Return a figure as plain data, or as SVG if Matplotlib made it."""
    left = _run(code, "plot")
    figure: Any = left.get("figure")
    if host.is_matplotlibs(figure):
        if not hasattr(figure, "savefig"):
            kind = type(figure).__name__
            raise TypeError(f"'figure' must be Matplotlib's Figure itself; it is of type {kind}")
        from widgets.engine.matplotlib_backend import svg_of

        return {"svg": svg_of(figure)}
    return _figure(left, "figure")


def _figure(scope: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A figure as plain data, without plotly.py's template."""
    if name not in scope:
        names = ", ".join(each for each in scope if each[0] != "_")
        raise NameError(f"the code must leave its figure in {name!r}; it sets {names or 'nothing'}")
    figure: Any = scope[name]
    if hasattr(figure, "to_plotly_json"):
        figure = figure.to_plotly_json()
    if not isinstance(figure, dict) or "data" not in figure or "layout" not in figure:
        raise TypeError(
            f"{name!r} must be a Plotly figure, or a dict with data and layout; "
            f"it is of type {type(figure).__name__}"
        )
    layout = {key: value for key, value in figure["layout"].items() if key != "template"}
    lists = json.dumps({"data": list(figure["data"]), "layout": layout}, default=_as_list)
    return dict(plain(json.loads(lists)))


def _sketch(code: str) -> dict[str, Any]:
    left = _run(code, "sketch")
    answer: Any = left.get("answer")
    if isinstance(answer, bool) or not hasattr(answer, "__float__"):
        raise TypeError(f"the code must leave a number in 'answer'; it left {answer!r}")
    return {
        "figure": _figure(left, "figure"),
        "truth": _figure(left, "truth"),
        "answer": float(answer),
    }


def _output(code: str) -> dict[str, str]:
    printed, error = io.StringIO(), ""
    with contextlib.redirect_stdout(printed):
        try:
            _run(code, "output")
        except Exception as stopped:
            error = type(stopped).__name__
    return {"printed": portable(printed.getvalue()), "error": error}


def _numbers(code: str) -> dict[str, Any]:
    """Return the code's public variables as numbers; ``None`` replaces every other value."""
    found: dict[str, Any] = {}
    imported = {
        alias.asname or alias.name
        for node in ast.walk(ast.parse(code, "numbers"))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    for name, value in _run(code, "numbers").items():
        if not (name.startswith("_") or name in imported or callable(value)):
            _flatten(name, value, found)
    return found


def _flatten(name: str, value: Any, found: dict[str, Any]) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _flatten(f"{name}.{key}", inner, found)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            _flatten(f"{name}.{place}", inner, found)
    else:
        number = value.item() if getattr(value, "shape", None) == () else value
        good = isinstance(number, int | float) and not isinstance(number, bool)
        found[name] = number if good and math.isfinite(number) else None


def _vary(code: str) -> dict[str, list[dict[str, str]]]:
    """Return the values that the code assigns, with a different ``rng`` for each variant."""
    made = []
    for seed in range(VARIANTS):
        scope = {"__name__": "__main__", "rng": np.random.default_rng(seed)}
        exec(compile(code, "vary", "exec"), scope)
        written = {name: _written(value) for name, value in scope.items() if name[0] != "_"}
        made.append({name: text for name, text in written.items() if text is not None})
    return {"variants": made}


def _state(code: str) -> dict[str, Any]:
    """Return the values that an instrument shows at a state, by name, and their labels.

    ``shown`` contains the readouts, and the controls as written in addresses.
    """
    given = json.loads(code)
    instrument = widgets.get(given["instrument"]).instrument
    values = accepted(instrument, given["controls"])
    controls = {each.name: each.write(values[each.name]) for each in instrument.controls}
    return {
        "shown": {**controls, **compute_frame(given["instrument"], values, None)["readouts"]},
        "labels": {
            **{each.key: each.label for each in instrument.readouts},
            **{each.name: each.label for each in instrument.controls},
        },
        "options": {
            each.name: dict(each.options)
            for each in instrument.controls
            if isinstance(each, Choice)
        },
    }


def _written(value: Any) -> str | None:
    """Format a number, text or list for a question; return None for anything else."""
    value = value.tolist() if isinstance(value, np.ndarray | np.generic) else value
    match value:
        case bool():
            return None
        case str() | int():
            return str(value)
        case float() if math.isfinite(value):
            return f"{value:.12g}"
        case list():
            inner = [_written(each) for each in value]
            return None if None in inner else f"[{', '.join(map(str, inner))}]"
    return None


def _as_list(value: Any) -> Any:
    if not hasattr(value, "tolist"):
        raise TypeError(f"a reply cannot hold a {type(value).__name__}")
    return value.tolist()


def _listing(code: str) -> None:
    _run(code, "listing")


def _call(code: str) -> Any:
    """Call a function, ``module:name``, with the other values as its arguments."""
    given = json.loads(code)
    module, name = given.pop("function").split(":")
    return getattr(import_module(module), name)(**given)


def _file(path: str) -> None:
    runpy.run_path(path, run_name="tried")


MAKERS = {
    "plot": _plot,
    "sketch": _sketch,
    "listing": _listing,
    "output": _output,
    "numbers": _numbers,
    "vary": _vary,
    "state": _state,
    "call": _call,
    "file": _file,
}
"""Handlers of requests that the host does not know, ``{"type", "code"}``. Code runs in a separate
scope. The code of ``file`` is a path; that of ``state`` and ``call`` is JSON."""


def _file_of(request: Mapping[str, Any]) -> str:
    kind = request["type"]
    if kind == "file":
        return str(request["code"])
    if kind == "call" and (widget := json.loads(request["code"]).get("widget")):
        return filename_of(widget)
    return kind if kind in MAKERS else host.reader_file(request)
