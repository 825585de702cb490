"""``latentbook bench NAME``: measurements and their targets.

No test asserts speed; it is measured here, as ratios within one run where possible.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from latentbook.base.errors import LatentbookError, UnknownName
from latentbook.settings import Settings

BENCHES = {
    "page": "bytes before first paint, Lighthouse, layout shift",
    "frames": "slider move to new picture, for every instrument",
    "start": "navigation to Python's first answer, compared with Pyodide and NumPy alone",
    "elsewhere": "five frames in another site's page, and launches from a university's system",
    "decode": "grids over HTTP, compared with direct calls of the same decoder",
    "grader": "answers judged per minute by two interpreters, and processor seconds of each",
    "study": "what is due: opened with 60,000 events, and one card after another",
    "class": "500 phones in class mode, the server killed midway",
    "classroom": "500 students who hand in within a minute, the server killed midway",
}
MODULES = {"class": "lecture"}
"""Benches whose module cannot have the same name."""


Report = Callable[[str], None]


@dataclass(frozen=True)
class Measurement:
    """One figure. ``target`` is its upper limit, or its lower limit with ``at_least``."""

    figure: str
    value: float
    unit: str
    target: float | None = None
    at_least: bool = False

    @property
    def met(self) -> bool:
        if self.target is None:
            return True
        return self.value >= self.target if self.at_least else self.value <= self.target


def run_bench(name: str, settings: Settings, json_file: Path | None, *, report: Report) -> bool:
    """Run one bench, print its table, write JSON if asked; return whether it meets all targets."""
    if not name:
        for key, what in BENCHES.items():
            report(f"{key:9} {what}")
        return True
    if name not in BENCHES:
        raise UnknownName("bench", name, BENCHES)
    if json_file is not None and not json_file.parent.is_dir():
        raise LatentbookError(f"--json {json_file}: the folder {json_file.parent} does not exist.")
    module = importlib.import_module(f"tools.bench.{MODULES.get(name, name)}")
    rows: list[Measurement] = module.measure(settings, report)
    table = Table(title=f"bench {name}: {BENCHES[name]}", title_justify="left")
    table.add_column("figure")
    table.add_column("measured", justify="right")
    table.add_column("target", justify="right")
    table.add_column("met")
    for row in rows:
        sign = "≥" if row.at_least else "≤"
        table.add_row(
            row.figure,
            f"{row.value:.4g} {row.unit}",
            "" if row.target is None else f"{sign} {row.target:g} {row.unit}",
            "" if row.target is None else ("yes" if row.met else "NO"),
        )
    Console().print(table)
    if json_file is not None:
        json_file.write_text(
            json.dumps([asdict(row) | {"met": row.met} for row in rows], indent=2) + "\n"
        )
    return all(row.met for row in rows)
