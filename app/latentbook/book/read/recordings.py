"""``content/SLUG/outputs.json``: recorded outputs of a chapter's snippets, and its numbers."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, PlainValidator, ValidationInfo, field_validator

from latentbook.base.datafile import Json, write_json
from latentbook.base.errors import FileProblems
from latentbook.base.files import Files
from latentbook.base.hashing import content_hash
from latentbook.book.read.nodes import DirectiveNode, Node, directives
from latentbook.runtime.inside.tape import TEXTS, without_libraries

OUTPUTS = "outputs.json"
BOOK_OUTPUTS = "book-outputs.json"
"""In a course: recordings of the book's chapter, next to the course's own."""
NUMBERS = "numbers.py"
"""File that computes a chapter's numbers, and the key of their recording."""
PLOTLY = "application/vnd.plotly.v1+json"
SVG = "image/svg+xml"
FIGURE_DIGITS = 6
FIGURE_TOLERANCE = 1e-4
"""Record six digits and compare four: machines disagree on the rest."""
SIZE_TOLERANCE_PT = 2.0
"""For Matplotlib drawings, whose letters differ slightly between FreeType releases."""
SIZE = re.compile(r'<svg[^>]*? width="([\d.]+)pt" height="([\d.]+)pt"')
EXCERPT = 60
"""Characters of a long line that are shown before its first difference."""
WORDS = re.compile(r"<!-- (.*?) -->", re.DOTALL)
"""Matplotlib's comment before the outlines of a text."""


def _number(value: Any) -> float:
    if isinstance(value, int | float):
        return value  # an integer stays an integer
    raise ValueError("must be a number")


class Recorded(BaseModel):
    """One piece of output: a stream (``stdout``, ``stderr``) or a value with its MIME type."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: str
    data: str

    @field_validator("data")
    @classmethod
    def _of_any_machine(cls, data: str, info: ValidationInfo) -> str:
        """Remove library folders, which earlier versions recorded."""
        return without_libraries(data) if info.data.get("kind") in TEXTS else data


class Recording(BaseModel):
    """The output of one snippet, or the numbers of ``numbers.py``.

    Attributes
    ----------
    code : hash of all its inputs
    numbers : the variables of a snippet that the text quotes, or all numbers of ``numbers.py``
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    code: str
    outputs: tuple[Recorded, ...] = ()
    numbers: dict[str, Annotated[float, PlainValidator(_number)]] = {}


def rounded_figure(data: str) -> str:
    """Round the numbers in a figure's JSON to ``FIGURE_DIGITS`` significant digits."""
    return json.dumps(
        json.loads(data, parse_float=lambda text: float(f"{float(text):.{FIGURE_DIGITS}g}"))
    )


def same_outputs(then: Sequence[Recorded], now: Sequence[Recorded], *, exact: bool = False) -> bool:
    """Whether two outputs agree: text exactly, figures within their tolerances.

    With ``exact``, Matplotlib drawings must be identical, which they are on one machine.
    """
    if exact and _drawings(then) != _drawings(now):
        return False
    return len(then) == len(now) and all(map(_same, then, now))


def _drawings(outputs: Sequence[Recorded]) -> list[str]:
    return [output.data for output in outputs if output.kind == SVG]


def _same(a: Recorded, b: Recorded) -> bool:
    if a.kind != b.kind:
        return False
    if a.kind == PLOTLY:
        return _close(json.loads(a.data), json.loads(b.data))
    if a.kind == SVG and SIZE.search(a.data):
        sides = zip(size_of(a.data), size_of(b.data), strict=True)
        near = all(abs(then - now) <= SIZE_TOLERANCE_PT for then, now in sides)
        return near and WORDS.findall(a.data) == WORDS.findall(b.data)
    return a.data == b.data


def size_of(svg: str) -> tuple[float, float]:
    """Width and height of a drawing by Matplotlib, in points."""
    found = SIZE.search(svg)
    return (float(found[1]), float(found[2])) if found else (0.0, 0.0)


def summary_of(output: Recorded) -> str:
    """Return the compared parts of an output, one per line."""
    if output.kind != SVG or not SIZE.search(output.data):
        return f"{output.kind}:{output.data}"
    width, height = size_of(output.data)
    return "\n".join((f"a figure of {width:.0f} x {height:.0f} pt", *WORDS.findall(output.data)))


def differences(then: Sequence[Recorded], now: Sequence[Recorded]) -> Iterator[tuple[str, str]]:
    """Yield lines that differ in two outputs, in any stream order; of stderr, only the first."""
    for a, b in zip_longest(*map(_streams_joined, (then, now))):
        if a is not None and b is not None and _same(a, b):
            continue
        lines = (summary_of(each).split("\n") if each and each.data else [] for each in (a, b))
        differ = ((x, y) for x, y in zip_longest(*lines, fillvalue="") if x != y)
        is_stderr = any(each is not None and each.kind == "stderr" for each in (a, b))
        for x, y in islice(differ, 1 if is_stderr else None):
            pairs = enumerate(zip(x, y, strict=False))
            start = max(0, next((at for at, (a, b) in pairs if a != b), 0) - EXCERPT)
            yield x[start : start + 3 * EXCERPT], y[start : start + 3 * EXCERPT]


def _streams_joined(outputs: Sequence[Recorded]) -> list[Recorded]:
    streams = ("stdout", "stderr")
    texts = {kind: "".join(o.data for o in outputs if o.kind == kind) for kind in streams}
    joined = [Recorded(kind=kind, data=text) for kind, text in texts.items()]
    return joined + [output for output in outputs if output.kind not in streams]


def _close(a: Any, b: Any) -> bool:
    match a, b:
        case (dict(), dict()):
            return a.keys() == b.keys() and all(_close(a[key], b[key]) for key in a)
        case (list(), list()):
            return len(a) == len(b) and all(map(_close, a, b))
        case (float() | int(), float() | int()):
            return math.isclose(a, b, rel_tol=FIGURE_TOLERANCE, abs_tol=FIGURE_TOLERANCE)
        case _:
            return bool(a == b)


class Outputs(Json):
    instead = "Delete the file and record again: latentbook check --record"


@dataclass(frozen=True)
class Recordings:
    """The recordings of a chapter; in a course, those of the book's chapter too.

    Which one fits a snippet depends on the code that remains before it in the course.
    """

    by_label: Mapping[str, Recording]
    book: Mapping[str, Recording] = field(default_factory=dict)

    @property
    def known(self) -> dict[str, Recording]:
        return {**self.book, **self.by_label}

    @classmethod
    def read(cls, files: Files, folder: str, report: FileProblems) -> Recordings:
        """Read the recordings in a chapter's folder."""
        places = (f"{folder}/{name}" for name in (OUTPUTS, BOOK_OUTPUTS))
        own, book = (
            Outputs(files.text(place, report), report).checked(dict[str, Recording])
            if place in files
            else {}
            for place in places
        )
        return cls(own, book)

    def write(self, path: Path) -> None:
        values = {
            label: recording.model_dump(exclude=None if recording.numbers else {"numbers"})
            for label, recording in self.by_label.items()
        }
        write_json(path, values, indent=1, ensure_ascii=False)

    def all_current(self, nodes: Sequence[Node]) -> dict[str, Recording]:
        """The recordings of snippets whose code has not changed."""
        hashes = code_hashes(nodes).items()
        found = {label: self.current(label, code_hash) for label, code_hash in hashes}
        return {label: recording for label, recording in found.items() if recording}

    def current(self, label: str, code_hash: str) -> Recording | None:
        for recording in (self.by_label.get(label), self.book.get(label)):
            if recording is not None and recording.code == code_hash:
                return recording
        return None


def runnable_cells(nodes: Sequence[Node]) -> list[DirectiveNode]:
    """The snippets of a chapter that run in the page, in order."""
    return [
        node
        for node in directives(nodes, "code-cell")
        if node.label and not node.options.get("read-only")
    ]


def code_hashes(nodes: Sequence[Node]) -> dict[str, str]:
    """For each snippet's label, the hash of its code and of all code that runs before it."""
    hashes: dict[str, str] = {}
    so_far: list[str] = []
    for cell in runnable_cells(nodes):
        so_far.append(cell.code)
        hashes[cell.label] = content_hash(*so_far, length=16)
    return hashes
