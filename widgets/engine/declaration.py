"""An instrument's declaration as data for the page, and the lines of its parts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from widgets.contract import ContractError, Instrument

DEFINED = ("instrument", "compute", "frame")
"""Names that every instrument's module defines."""


def declaration(instrument: Instrument) -> dict[str, Any]:
    """Return the declaration as plain data: ``Declaration`` of static/js/instrument/spec.js."""
    return {
        "title": instrument.title,
        "challenge": instrument.challenge,
        "controls": [control.declared() for control in instrument.controls],
        "readouts": [asdict(readout) for readout in instrument.readouts],
        "training": instrument.training and asdict(instrument.training),
        "computed_on_server": instrument.computed_on_server,
    }


@contextmanager
def with_line(source: str) -> Iterator[None]:
    """Add the line number to a contract error."""
    try:
        yield
    except ContractError as error:
        error.line = line_about(str(error), source)
        raise


def line_about(message: str, source: str) -> int | None:
    """Find the line of the first part that a message names, or of the declaration.

    Parts are the controls and readouts, by name or key, and the functions.
    """
    parts: dict[str, int] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef):
            parts.setdefault(node.name, node.lineno)
        elif isinstance(node, ast.Assign) and "instrument" in map(ast.unparse, node.targets):
            parts["instrument"] = node.lineno
            calls = (each for each in ast.walk(node.value) if isinstance(each, ast.Call))
            for call in calls:
                named = [word.value for word in call.keywords if word.arg in ("name", "key")]
                match [*call.args[:1], *named]:
                    case [ast.Constant(value=str(name)), *_]:
                        parts.setdefault(name, call.lineno)
    words = [*re.findall(r"\w+", message), "instrument"]
    return next((parts[word] for word in words if word in parts), None)
