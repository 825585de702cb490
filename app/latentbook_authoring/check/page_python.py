"""Run changed snippets and answers in the page's own Python, under Node."""

import ast
import json
import math
import re
import subprocess
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from latentbook.base.cache import Cache
from latentbook.base.errors import FileProblems, LatentbookError
from latentbook.base.files import Files
from latentbook.base.hashing import content_hash
from latentbook.base.report import Report
from latentbook.book.compose.author_code import Reply, explained
from latentbook.book.read.nodes import DirectiveNode
from latentbook.book.read.numbers import rounded
from latentbook.book.read.recordings import FIGURE_TOLERANCE, Recorded, differences, same_outputs
from latentbook.runtime.packs import OUTPUTS
from latentbook.runtime.page_packages import PagePackages
from latentbook.runtime.scripts import INSIDE, fingerprint, has_node, run_once, shortened
from latentbook.settings import Settings

SHOWN = 5  # differences of a snippet that are listed
NOISE = 1e-12
CLOSE = 1e-6
"""Relative difference of numbers that only rounding explains."""

NUMBER = re.compile(r"-?\d+(?:\.\d*)?(?:e[+-]?\d+)?")
ROUND = (
    'the last digits depend on the processor. Print numbers rounded: f"{value:.6f}", '
    "np.round(values, 6)"
)
BITS = 'whole numbers have 32 bits in the page: write dtype="int64"'
WARNS = (
    "the page's NumPy cannot warn of divisions by zero, overflow and invalid values. Compute with "
    'np.errstate(all="ignore"), and say in the text what happens'
)
OTHER = "write code that gives the same in both, or :read-only: to show it without running it"


@dataclass(frozen=True)
class Twice:
    """A request that has succeeded here and must give the same in the page.

    Attributes
    ----------
    what : its name in messages
    line : of its directive, or of the number in the text
    outputs : outputs of a snippet
    number : value of a variable that the text shows
    """

    problems: FileProblems
    what: str
    line: int
    node: DirectiveNode
    request: Mapping[str, Any]
    outputs: tuple[Recorded, ...] = ()
    number: float | None = None

    def faults(self, there: Reply) -> Iterator[tuple[int, str]]:
        """Yield line and text of each difference in the page."""
        if there["type"] == "failed":
            line = self.node.body_line + there["line"] - 1 if there["line"] else self.line
            yield line, f"{self.what} works here, but in the page it {explained(there)}"
        elif self.request["type"] == "check_answer":
            if not there["value"]["passed"]:
                why = there["value"]["message"]
                yield self.line, f"{self.what} passes here, but not in the page: {why}"
        elif self.number is not None:
            now = rounded(json.loads(ast.literal_eval(there["outputs"][-1][1])))
            if not math.isclose(now, self.number, rel_tol=FIGURE_TOLERANCE, abs_tol=NOISE):
                yield self.line, f"{self.what} is {self.number} here, and {now} in the page"
        else:
            yield from self._different(there)

    def _different(self, there: Reply) -> Iterator[tuple[int, str]]:
        outputs = [Recorded(kind=kind, data=data) for kind, data in there["outputs"]]
        if same_outputs(self.outputs, outputs):
            return
        wrapped = [note for note in there["value"] or () if note["id"] == "wrapped"]
        for note in wrapped:
            fixes = " or ".join(note["fixes"]) or 'dtype="int64"'
            yield (
                self.node.body_line + note["line"] - 1,
                "whole numbers have 32 bits in the page, where {code} gives {given} instead of "
                "{exact}: write ".format_map(note["values"])
                + fixes,
            )
        given = {note["values"]["given"] for note in wrapped}
        left = [(a, b) for a, b in differences(self.outputs, outputs) if not explains(given, b)]
        for here, now in left[:SHOWN]:
            yield (
                self.line,
                f"{self.what} gives {now!r} in the page, and {here!r} here: " + advice(here, now),
            )
        if len(left) > SHOWN:
            yield self.line, f"{self.what} gives {len(left) - SHOWN} more lines that differ"


def explains(given: set[str], text: str) -> bool:
    return not given.isdisjoint(NUMBER.findall(text))


def advice(here: str, now: str) -> str:
    """Advice on how to make a line of output the same in the page."""
    if "RuntimeWarning" in here and not now:
        return WARNS
    if "int64" in here and "int32" in now:
        return BITS
    texts = ["".join(NUMBER.sub("#", text).split()) for text in (here, now)]
    if texts[0] != texts[1]:
        return OTHER
    found = ([float(number) for number in NUMBER.findall(text)] for text in (here, now))
    pairs = list(zip(*found, strict=True))
    if any(a != b and (a - b) % 2**32 == 0 for a, b in pairs):
        return BITS
    if all(math.isclose(a, b, rel_tol=CLOSE, abs_tol=CLOSE) for a, b in pairs):
        return ROUND
    return OTHER


class PagePython:
    """The page's Python. Its replies are cached by everything that they depend on."""

    def __init__(
        self,
        settings: Settings,
        widgets: Files,
        packages: PagePackages,
        report: Report,
        outputs: str = "",
    ) -> None:
        self._widgets = widgets
        self._outputs = outputs.encode()
        self._settings = settings
        self._packages = packages
        self._tell = report
        self._pyodide = settings.root / "node_modules" / "pyodide"
        self._kept = Cache(settings.build / "cache" / "page-python")
        self._chapters: list[tuple[list[Twice], frozenset[str]]] = []

    @cached_property
    def _tools(self) -> str:
        widgets = self._widgets
        read = (".py", ".npz", ".txt")
        contents = [widgets.data(each) for each in widgets if each.endswith(read)]
        contents.append((INSIDE / "tape.py").read_bytes())
        lock = self._packages.lock.model_dump_json()
        numpy = self._packages.wheels.pyodide["numpy"].sha256
        return fingerprint(self._pyodide, "answer.py", numpy, lock, self._outputs, *contents)

    def add(self, ran: Sequence[Twice], unsure: Collection[str]) -> None:
        """Add a chapter, in the order in which it ran; ``unsure``: labels of snippets whose
        output differs each time.
        """
        if ran:
            self._chapters.append((list(ran), frozenset(unsure)))

    def compare(self) -> None:
        """Run the added chapters and report every difference."""
        ahead = []
        for ran, unsure in self._chapters:
            key = content_hash(self._tools, json.dumps([each.request for each in ran]), length=32)
            if (kept := self._kept.read(key)) is None:
                ahead.append((ran, unsure, key))
            else:
                _report(ran, unsure, kept)
        if not ahead:
            return
        self._tell("Running what has changed in the page's Python, too")
        try:
            numpy, mounted = self._folders()
        except LatentbookError as error:  # the build needs the same files, and will refuse
            self._tell(f"Not run in the page's Python, which may put out something else: {error}")
            return
        while ahead:  # again, without the chapter that ended it
            requests = [each.request for ran, _, _ in ahead for each in ran]
            replies, why = self._replies(requests, numpy, mounted)
            while ahead and len(replies) >= len(ahead[0][0]):
                ran, unsure, key = ahead.pop(0)
                self._kept.write(key, replies[: len(ran)])
                _report(ran, unsure, replies)
                replies = replies[len(ran) :]
            if ahead:
                ran, unsure, _ = ahead.pop(0)
                _report(ran, unsure, replies)
                stopped = ran[len(replies)]
                stopped.problems.add(stopped.line, f"{stopped.what} {why}")

    def _folders(self) -> tuple[Path, dict[str, Path]]:
        """NumPy's folder, and the others by their places in the page's Python."""
        if not has_node():
            raise LatentbookError("Node is missing.")
        locked = self._packages.lock.packages.values()
        numpy, *folders = (
            self._packages.unpacked(package, self._tell)
            for package in (self._packages.wheels.pyodide["numpy"], *locked)
        )
        return numpy, {f"/site/{number}": folder for number, folder in enumerate(folders)}

    def _replies(
        self, requests: Sequence[Mapping[str, Any]], numpy: Path, mounted: Mapping[str, Path]
    ) -> tuple[list[Reply], str]:
        """The replies, and the reason why the next request has none."""
        seconds = self._settings.code_timeout * len(requests)
        with TemporaryDirectory() as name:
            out, why = Path(name), ""
            (out / "wanted.json").write_text(json.dumps(requests), encoding="utf-8")
            own = out / "own"
            for place in self._widgets:
                path = own / "widgets" / place
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(self._widgets.data(place))
            with (own / OUTPUTS).open("ab") as file:
                file.write(self._outputs)
            folders = {**mounted, "/site/own": own}
            try:
                done = run_once(
                    "answer.py", out, self._pyodide, numpy, mounted=folders, seconds=seconds
                )
                why = f"ends the page's Python: {shortened(done.stderr)}"
            except subprocess.TimeoutExpired:
                why = f"does not end in the page's Python within {seconds:g} s"
            made = [out / f"{number}.json" for number in range(len(requests))]
            return [json.loads(path.read_bytes()) for path in made if path.exists()], why


def _report(ran: Sequence[Twice], unsure: Collection[str], replies: Sequence[Reply]) -> None:
    for each, reply in zip(ran, replies, strict=False):
        if each.node.label not in unsure:
            for line, message in each.faults(reply):
                each.problems.add(line, message)
