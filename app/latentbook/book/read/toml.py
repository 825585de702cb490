"""TOML files: their values, and what is wrong with them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from latentbook.book.read.problems import FileProblems

TOML_PLACE = re.compile(r"\(at line (\d+), column \d+\)|\(at end of document\)")


def read_toml(path: Path, report: FileProblems) -> dict[str, Any]:
    """A TOML file, or nothing after reporting what is wrong with it."""
    text = report.read(path)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = TOML_PLACE.search(str(error))
        line = int(place[1]) if place and place[1] else text.count("\n") + 1
        message = TOML_PLACE.sub("", str(error)).strip()
        report.add(line, f"not TOML: {message}")
        return {}


def table(name: str, value: Any, report: FileProblems, line: int) -> Iterable[tuple[str, Any]]:
    """The entries of a table, or none after reporting that it is none."""
    if isinstance(value, dict):
        return value.items()
    report.add(line, f"{name} must be a table, [{name}]; got {value!r}")
    return ()


def tables(name: str, value: Any, report: FileProblems, line: int) -> list[dict[str, Any]]:
    """The tables of a list, after reporting what in it is none."""
    items = value if isinstance(value, list) else [value]
    for item in items:
        if not isinstance(item, dict):
            report.add(line, f"{name} must be tables, [[{name}]] or {{ … }}; got {item!r}")
    return [item for item in items if isinstance(item, dict)]
