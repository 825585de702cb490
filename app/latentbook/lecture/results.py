"""The answers of a class as a table."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from typing import Any

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that a spreadsheet runs."""

COLUMNS = ("asked", "wanted", "round", "seat", "answer")


def csv_of(rows: Iterable[tuple[Any, ...]]) -> str:
    """One line an answer. ``seat`` is a phone's number in the order in which they came in."""
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([harmless(cell) for cell in row])
    return table.getvalue()


def harmless(cell: Any) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe goes before what it might run.

    Numbers below zero have it too.
    """
    text = cell if isinstance(cell, str) else json.dumps(cell)
    return f"'{text}" if text.startswith(FORMULA) else text
