"""``make quick``: the checks for the change at hand, in a minute.

A change is what differs from where the branch left main: commits, edits and new files.
``SINCE=HEAD~3`` compares with something else. What is run:

- ruff on the changed Python, mypy if there is any, tsc if there is a changed script;
- ``latentbook check`` if a chapter has changed;
- test files that have changed, that import a changed module or are named after it, or that
  ``READERS`` lists for it;
- the tests that take a changed instrument as their parameter;
- never what is marked long or browser: after a change of scripts run a file of ``tests/browser``.
  What has changed itself or is named after a changed file comes first, then tests of units. A test
  whose turn has not come after 45 s is skipped, and the summary says so.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
SECONDS = 45.0
"""After so long no test begins any more; one that has begun, and mypy, may take a while yet."""

READERS = {
    "ARCHITECTURE.md": ["tests/unit/test_docs.py"],
    "CONTRIBUTING.md": ["tests/unit/test_contributing.py", "tests/unit/test_docs.py"],
    "README.md": ["tests/unit/test_docs.py"],
    "app/latentbook/locale/": ["tests/unit/book/test_languages.py"],
    "app/latentbook/models/weights/": ["tests/models/test_registry.py"],
    "app/latentbook/templates/": ["tests/unit/book/test_cases.py", "tests/unit/book/test_site.py"],
    "content/": ["tests/unit/book/test_authoring_guide.py"],
    "docs/": ["tests/unit/test_docs.py", "tests/unit/book/test_authoring_guide.py"],
    "static/css/": ["tests/unit/test_tokens.py", "tests/unit/book/test_assets.py"],
    "static/js/": ["tests/unit/test_imports.py", "tests/unit/book/test_assets.py"],
    "static/js/figure/": ["tests/unit/draw/"],
    "static/js/study/": ["tests/unit/study/"],
    "tests/fixtures/": ["tests/unit/book/test_cases.py", "tests/unit/book/test_errors.py"],
    "widgets/data/": ["tests/models/test_exports.py"],
}
"""Tests that read files which nobody imports, by the beginning of the file's path."""


def changes(since: str) -> list[str]:
    """Paths of the files that were changed, added or deleted."""
    known = subprocess.run(["git", "rev-parse", "--verify", "--quiet", since], capture_output=True)
    base = ["--merge-base", since] if known.returncode == 0 else ["HEAD"]
    commands = (["diff", "--name-only", *base], ["ls-files", "--others", "--exclude-standard"])
    return sorted(
        {
            path
            for command in commands
            for path in subprocess.check_output(["git", *command], text=True).splitlines()
        }
    )


def module_of(path: str) -> str:
    """The name under which a Python file is imported."""
    return path.removeprefix("app/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imported(path: Path) -> set[str]:
    """Every module that a file imports; of ``from a import b`` both ``a`` and ``a.b``."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def tests_of(changed: list[str]) -> set[Path]:
    """The test files for a change."""
    python = [path for path in changed if path.endswith(".py")]
    modules, names = {module_of(path) for path in python}, {Path(path).name for path in python}
    wanted = {ROOT / path for path in changed if path.startswith("tests/")}
    wanted |= {path.parent for path in wanted if path.name == "conftest.py"}
    wanted |= {
        ROOT / test
        for start, tests in READERS.items()
        for test in tests
        if any(path.startswith(start) for path in changed)
    }
    chapters = {path.split("/")[1] for path in changed if path.startswith("content/")}
    found = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        if path.parent.name == "browser":
            continue  # those need a built site
        text = path.read_text(encoding="utf-8")
        of_chapter = path.parent.name == "content" and any(name in text for name in chapters)
        named = wanted & {path, *path.parents} or modules & imported(path)
        if named or of_chapter or path.name.removeprefix("test_") in names:
            found.add(path)
    return found


def turn(path: Path, names: set[str]) -> tuple[bool, bool, Path]:
    """Sorts test files: changed or named after a change, then tests of units, then the rest."""
    far = names.isdisjoint({path.name, path.name.removeprefix("test_")})
    return far, "unit" not in path.parts, path


class Selection:
    """Pytest plugin: keeps the tests for a change, and skips those that come after the time."""

    def __init__(self, files: set[Path], instruments: set[str], end: float) -> None:
        self.files = files
        self.instruments = instruments
        self.end = end

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Deselect what the change does not ask for."""
        left_out = [item for item in items if not self.is_wanted(item)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if self.is_wanted(item)]

    def is_wanted(self, item: pytest.Item) -> bool:
        """Whether a test is in a chosen file or takes a changed instrument."""
        given = item.callspec.params.values() if hasattr(item, "callspec") else ()
        of_instrument = any(isinstance(each, str) and each in self.instruments for each in given)
        return item.path in self.files or of_instrument

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Skip what comes too late."""
        if time.monotonic() > self.end:
            pytest.skip("its turn did not come in time: `make test` runs it")


def run_beside(command: list[str | Path]) -> bool:
    """Run a command, print what it says once it has ended, and return whether it went well."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(f"{Path(command[0]).name} {command[1]}\n{done.stdout}".rstrip(), flush=True)
    return done.returncode == 0


def main(since: str) -> int:
    """Run the checks; the exit status."""
    end = time.monotonic() + SECONDS
    changed = changes(since)
    print(f"{len(changed)} files differ from {since}", flush=True)
    python = [path for path in changed if path.endswith(".py") and Path(path).is_file()]
    commands: list[list[str | Path]] = []
    if python:
        commands += [[BIN / "ruff", "check", *python], [BIN / "ruff", "format", "--check", *python]]
        commands.append([BIN / "mypy", "--no-error-summary"])
    if any(path.startswith("static/js/") for path in changed):
        commands.append(["node_modules/.bin/tsc", "--noEmit"])
    if any(path.startswith("content/") for path in changed):
        commands.append([BIN / "latentbook", "check"])
    files = tests_of(changed)
    instruments = {
        Path(path).stem for path in python if path.startswith("widgets/") and path.count("/") == 1
    }
    folders = [ROOT / "tests" / "widgets"] if instruments else []
    with ThreadPoolExecutor(1) as pool:
        beside = [pool.submit(run_beside, command) for command in commands]
        codes = [0]
        if files or folders:
            options = ["-q", "-m", "not long and not browser", "-p", "no:cacheprovider"]
            selection = Selection(files, instruments, end)
            names = {Path(path).name for path in changed}
            nearest = sorted(files, key=lambda path: turn(path, names))
            paths = map(str, [*nearest, *folders])
            codes.append(pytest.main([*options, *paths], [selection]))
        ok = all([each.result() for each in beside])
    passed = {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}
    return int(not ok or not passed.issuperset(codes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
