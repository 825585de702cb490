"""Run the tests, then rerun alone the failures that a busy machine may have caused.

    python -m tools.again EXPRESSION [option of pytest …]

1. The tests that EXPRESSION marks, with up to two more workers than cores.
2. Those marked ``clock``, one per core and with nothing else running: they test time limits.
3. The files in which tests failed in the first pass, one at a time. If all pass now, the tests are
   unstable: the last lines and ``build/unstable.txt`` name them, and the run is green.

Of the slow tests a lot (``tests/lot.py``) runs one quarter. ``LATENTBOOK_LOT`` can choose the
quarter; if it is empty, all tests run.

The run stays red if more than ``MAX_UNSTABLE`` tests failed, if a worker crashed, or if a test
failed that needs no browser, server or process: such a test does not depend on the load.
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
"""Folders of tests that need no server or process, and no browser unless marked so."""

UNSTABLE = Path("build", "unstable.txt")
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
WORKERS = ("--numprocesses", str(CORES + min(CORES, 2)))
"""More workers than cores: each spends a third of its time waiting for a browser or a process."""

ONE_TO_A_CORE = ("--numprocesses", str(CORES), "--dist", "loadfile")


@dataclass(eq=False)  # pytest stores plugins in sets
class Outcome:
    """The outcome of a pass, and the pytest plugin that records it.

    Attributes
    ----------
    failed : names of tests, in the order in which they failed
    steady : the failed tests that do not depend on the load
    broken : reasons why the pass is incomplete
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

    @pytest.hookimpl(optionalhook=True)  # a hook of pytest-xdist
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
    """Run pytest in a separate process, so that no pass sees leftovers of an earlier one."""
    try:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            return pool.submit(run, options).result()
    except BrokenProcessPool:
        return Outcome(broken=["pytest crashed"])


def files_with(mark: str) -> list[str]:
    """Find the files marked in their text or in ``conftest.py``: collecting all files is slow."""

    def has_mark(path: Path) -> bool:
        return path.exists() and f"mark.{mark}" in path.read_text(encoding="utf-8")

    paths = sorted(Path("tests").rglob("test_*.py"))
    return [
        str(path) for path in paths if has_mark(path) or has_mark(path.with_name("conftest.py"))
    ]


def lot() -> str:
    """Return the quarter whose turn it is; without a commit history, empty text, for all tests."""
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
    """Describe the machine and the browsers, for readers of a log from another machine."""
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
    """Run all passes; return the exit status."""
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
