"""``make quick``: the checks for the change at hand, in a minute.

A change is every difference from where the branch left main: commits, edits and new files.
``SINCE=HEAD~3`` compares with a different commit. The checks are:

- ruff on the changed Python, mypy if there is any, tsc if a file that ``tsconfig.json`` includes
  has changed, ``latentbook check`` if a chapter has changed;
- the tests that have changed or are named after a changed file, and the tests of all instruments
  for a changed instrument: in a separate process, and always to the end;
- then the tests that import or name a changed file, and those of its folder (``tools/changes.py``).
  Tests that have not begun after 45 s are skipped and counted.

Tests marked long or browser do not run: the summary prints the command for them, and names changed
files that no test covers. The exit status is 1 if a check failed, else 2 if tests were skipped or
nothing ran.
"""

from __future__ import annotations

import fnmatch
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tools.again import Outcome, run_apart
from tools.changes import ROOT, changed_files, far, git, near, own, read_tests, touched_tests

BIN = Path(sys.executable).parent
SECONDS = 45.0
"""After this time only the first tests still begin; mypy may take longer."""

OF_ALL_INSTRUMENTS = "tests/widgets/test_instruments.py", "tests/widgets/test_compute_widget.py"
OPTIONS = ("-q", "-m", "not long and not browser", "-p", "no:cacheprovider")

Command = Sequence[str | Path]


def changes(since: str) -> Sequence[str]:
    """List paths of the changed files."""
    try:
        git("rev-parse", "--verify", since)
    except subprocess.CalledProcessError:
        sys.exit(f"{since} is not a commit; name one that is: make quick SINCE=HEAD~1")
    return changed_files(since)


def commands_for(changed: Sequence[str]) -> list[Command]:
    """List the commands to run in parallel with the tests."""
    commands: list[Command] = []
    python = [path for path in changed if path.endswith(".py") and (ROOT / path).is_file()]
    if "pyproject.toml" in changed:
        python = ["."]
    if python:
        commands += [[BIN / "ruff", "check", *python], [BIN / "ruff", "format", "--check", *python]]
        commands.append([BIN / "mypy", "--no-error-summary"])
    included = json.loads((ROOT / "tsconfig.json").read_text(encoding="utf-8"))["include"]
    typed = ["tsconfig.json", *(each.replace("**/", "*") for each in included)]
    if any(fnmatch.fnmatch(path, each) for path in changed for each in typed):  # * crosses folders
        commands.append(["node_modules/.bin/tsc", "--noEmit"])
    if any(path.startswith("content/") for path in changed):
        commands.append([BIN / "latentbook", "check"])
    return commands


class Limit:
    """Pytest plugin: skips tests after a time, and counts them."""

    def __init__(self, end: float) -> None:
        self.end = end
        self.skipped = 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        if time.monotonic() > self.end:
            self.skipped += 1
            pytest.skip("its turn did not come in time: `make test` runs it")


def first_tests(changed: Sequence[str]) -> list[Outcome]:
    """Run changed tests, tests named after a changed file, and the tests of all instruments."""
    outcomes = []
    if files := sorted(in_process(union(own, changed))):
        outcomes.append(run_apart(*OPTIONS, *files))
    widgets = [Path(path).stem for path in changed if Path(path).parent == Path("widgets")]
    if widgets:
        outcomes.append(run_apart(*OPTIONS, "-k", " or ".join(widgets), *OF_ALL_INSTRUMENTS))
    return outcomes


def other_tests(changed: Sequence[str], end: float) -> tuple[Outcome, Limit]:
    """Run the other tests of the change as far as time allows."""
    nearer = union(near, changed) - union(own, changed)
    further = touched_tests(changed) - union(near, changed)
    outcome, limit = Outcome(), Limit(end)
    if files := [*sorted(in_process(nearer)), *sorted(in_process(further))]:
        code = pytest.main([*OPTIONS, *files], [outcome, limit])
        if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED, 1):
            outcome.broken.append(f"pytest ended with {code}")
    return outcome, limit


def union(of: Callable[[str], set[str]], changed: Iterable[str]) -> set[str]:
    return set().union(*map(of, changed))


def in_process(files: Iterable[str]) -> set[str]:
    """Keep the test files that need no browser."""
    return {path for path in files if not path.startswith("tests/browser/")}


def by_hand(files: Iterable[str]) -> list[str]:
    """Find the test files that the developer has to run."""
    known = read_tests()
    return sorted(
        path for path in files if path.startswith("tests/browser/") or "mark.long" in known[path][0]
    )


def run_beside(command: Command) -> tuple[bool, str]:
    """Run a command; return whether it succeeded, and its output.

    The output is printed after the tests: pytest would capture it during them.
    """
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode == 0, f"{Path(command[0]).name} {command[1]}\n{done.stdout}".rstrip()


def main(since: str) -> int:
    """Run the checks; return the exit status."""
    end = time.monotonic() + SECONDS
    changed = changes(since)
    print(f"{len(changed)} files differ from {since}", flush=True)
    with ThreadPoolExecutor(1) as pool:
        beside = [pool.submit(run_beside, command) for command in commands_for(changed)]
        outcomes = first_tests(changed)
        rest, limit = other_tests(changed, end)
        outcomes.append(rest)
        results = [each.result() for each in beside]
    for _, output in results:
        print(output, flush=True)
    failed = [name for outcome in outcomes for name in (*outcome.broken, *outcome.failed)]
    failed += [output.partition("\n")[0] for went_well, output in results if not went_well]
    passed = sum(outcome.passed for outcome in outcomes)
    if left := by_hand(touched_tests(changed)):
        print(f"Long or in a browser, so not run: .venv/bin/pytest {' '.join(left)}")
    if untested := [path for path in changed if not far(path)]:
        print(f"No test covers: {' '.join(untested)}; run `make test`")
    for name in failed:
        print(f"failed: {name}")
    print(f"{passed} tests passed, {len(failed)} checks failed")
    if limit.skipped:
        print(
            f"NOT FINISHED: {limit.skipped} tests were skipped after {SECONDS:.0f} s; "
            "run `make test`"
        )
    elif not passed and not beside:
        print("NOTHING RAN: run `make test`")
    return 1 if failed else 2 if limit.skipped or not (passed or beside) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
