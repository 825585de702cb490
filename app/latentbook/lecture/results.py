"""The answers of a class as a table."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from typing import Any

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""First characters that make a spreadsheet run a cell."""

COLUMNS = ("asked", "wanted", "round", "seat", "answer")


def csv_of(rows: Iterable[tuple[Any, ...]]) -> str:
    """One line per answer. ``seat`` is a phone's number in order of arrival."""
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([harmless(cell) for cell in row])
    return table.getvalue()


def harmless(cell: Any) -> str:
    """A cell that no spreadsheet runs: an apostrophe precedes what might be a formula.

    Numbers below zero have it too.
    """
    text = cell if isinstance(cell, str) else json.dumps(cell)
    return f"'{text}" if text.startswith(FORMULA) else text
