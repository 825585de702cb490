"""Run the tests, and once more, alone, what may have failed only because the machine was busy.

    python -m tools.again EXPRESSION [option of pytest …]

1. The tests that EXPRESSION marks, with up to two workers more than there are cores.
2. Those marked ``clock``, one to each core and with nothing beside: their subject is a time limit.
3. The files in which tests failed in the first pass, one at a time. If all pass now, the tests are
   unstable: they are named in the last lines and in ``build/unstable.txt``, and the run is green.

What takes long is tried by lot (``tests/lot.py``), unless ``LATENTBOOK_LOT`` says which quarter,
or with nothing in it that all is tried.

The run stays red if more than ``MAX_UNSTABLE`` tests failed, if a worker crashed, or if a test
failed that needs no browser, server or process: that one does not depend on what else is running.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from datetime import date
from multiprocessing import get_context
from pathlib import Path

import pytest

from tools.changes import before_this_sitting, changed_files, git

QUARTERS = 4
MAX_UNSTABLE = 3
STEADY = ("tests/unit/", "tests/widgets/", "tests/models/", "tests/content/")
"""Folders of tests that need no server or process; and no browser, unless they are marked so."""

UNSTABLE = Path("build", "unstable.txt")
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
WORKERS = ("--numprocesses", str(CORES + min(CORES, 2)))
"""More than there are cores: each waits a third of its time for a browser or a process."""

ONE_TO_A_CORE = ("--numprocesses", str(CORES), "--dist", "loadfile")


@dataclass(eq=False)  # pytest keeps plugins in sets
class Outcome:
    """A pass, and the plugin of pytest that records it.

    Attributes
    ----------
    failed : names of tests, in the order in which they failed
    steady : those of them that depend on nothing else
    broken : what keeps the pass from being complete
    """

    passed: int = 0
    skipped: int = 0
    failed: list[str] = field(default_factory=list)
    steady: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.passed += report.passed and report.when == "call"
        self.skipped += report.skipped
        if report.failed and report.nodeid not in self.failed:
            self.failed.append(report.nodeid)
            if report.nodeid.startswith(STEADY) and "browser" not in report.keywords:
                self.steady.append(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.broken.append(f"{report.nodeid}: the tests could not be collected")

    @pytest.hookimpl(optionalhook=True)  # of pytest-xdist
    def pytest_testnodedown(self, error: object) -> None:
        if error:
            self.broken.append(f"a worker crashed: {error}")


def run(options: Sequence[str]) -> Outcome:
    """Run pytest in this process."""
    outcome = Outcome()
    code = pytest.main([*options], plugins=[outcome])
    if code not in (
        pytest.ExitCode.OK,
        pytest.ExitCode.TESTS_FAILED,
        pytest.ExitCode.NO_TESTS_COLLECTED,
    ):
        outcome.broken.append(f"pytest ended with {code}")
    return outcome


def run_apart(*options: str) -> Outcome:
    """Run pytest in a process that ends with it, so that no pass finds what an earlier one left."""
    try:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            return pool.submit(run, options).result()
    except BrokenProcessPool:
        return Outcome(broken=["pytest crashed"])


def files_with(mark: str) -> list[str]:
    """The files with a mark, in them or in their ``conftest.py``: it takes long to collect all."""

    def has_mark(path: Path) -> bool:
        return path.exists() and f"mark.{mark}" in path.read_text(encoding="utf-8")

    paths = sorted(Path("tests").rglob("test_*.py"))
    return [
        str(path) for path in paths if has_mark(path) or has_mark(path.with_name("conftest.py"))
    ]


def lot() -> str:
    """The quarter whose turn it is; without a history of commits, nothing: all is tried."""
    try:
        return str(int(git("rev-list", "--count", "HEAD")) % QUARTERS)
    except (OSError, subprocess.CalledProcessError):
        return ""


def lot_in_words() -> str:
    if not (number := os.environ["LATENTBOOK_LOT"]):
        return "lot: none, so everything was tried"
    since = before_this_sitting()
    files = len(changed_files(since))
    return (
        f"lot: quarter {int(number) + 1} of {QUARTERS} of what takes long, and what the {files} "
        f"files that differ from {since[:8]} touch; `make release` tries everything"
    )


def facts() -> str:
    """The machine and the browsers, for whoever reads the log of a run that failed elsewhere."""
    processor, flags = platform.processor() or platform.machine(), ""
    if (info := Path("/proc/cpuinfo")).exists():
        lines = dict(re.findall(r"^([\w ]+?)\s*: (.*)$", info.read_text(), re.MULTILINE))
        processor = lines.get("model name", processor)
        known = lines.get("flags", "").split()
        flags = " ".join(
            flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if flag in known
        )
    found = [f"{processor}; {flags or 'no known flags'}; {CORES} cores"]
    if hasattr(os, "sysconf"):
        found[0] += f", {os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"
    found.append(f"{platform.platform()}; Python {platform.python_version()}")
    browsers = ("chromium-headless-shell", "chromium", "firefox-esr")
    return "\n".join([*found, *filter(None, map(version_of, browsers))])


def version_of(program: str) -> str:
    try:
        return subprocess.run([program, "--version"], capture_output=True, text=True).stdout.strip()
    except OSError:
        return f"no {program}"


def main(expression: str, *options: str) -> int:
    """Run all passes; the exit status."""
    os.environ.setdefault("LATENTBOOK_LOT", lot())
    print(facts(), flush=True)
    busy = f"({expression}) and not clock"
    long = files_with("long") if expression.startswith("long") else []
    first = run_apart(*WORKERS, *options, "-m", busy, *long)
    clock = Outcome()
    if files := [path for path in files_with("clock") if path in long or not long]:
        clock = run_apart(*ONE_TO_A_CORE, "-m", f"({expression}) and clock", *files)
    outcomes = [first, clock]
    unstable: list[str] = []
    if 0 < len(first.failed) <= MAX_UNSTABLE and not (first.steady or first.broken):
        print(f"Again, alone: {', '.join(first.failed)}", flush=True)
        alone = run_apart("-m", busy, *sorted({name.partition("::")[0] for name in first.failed}))
        if not alone.broken:
            unstable = [name for name in first.failed if name not in alone.failed]
        outcomes = [clock, alone]
    red = [name for outcome in outcomes for name in (*outcome.broken, *outcome.failed)]
    if unstable:
        UNSTABLE.parent.mkdir(exist_ok=True)
        with UNSTABLE.open("a", encoding="utf-8") as file:
            file.writelines(f"{date.today()} {name}\n" for name in unstable)
    for name in unstable:
        print(f"unstable: {name}")
    for name in red:
        print(f"failed: {name}")
    passed, skipped = first.passed + clock.passed + len(unstable), first.skipped + clock.skipped
    print(f"tests: {passed} passed, {len(red)} failed, {skipped} skipped")
    print(lot_in_words())
    return int(bool(red))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
