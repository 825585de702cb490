"""``make quick``: the checks for the change at hand, in a minute.

A change is what differs from where the branch left main: commits, edits and new files.
``SINCE=HEAD~3`` compares with something else. What is run:

- ruff on the changed Python, mypy if there is any, tsc if a file changed that ``tsconfig.json``
  includes;
- ``latentbook check`` if a chapter has changed;
- test files that have changed, that import a changed module, are named after it or name a changed
  file, or that ``READERS`` lists for it;
- the tests that take a changed instrument as their parameter;
- never what is marked long or browser.
  What has changed itself or is named after a changed file comes first, then tests of units. A test
  whose turn has not come after 45 s is skipped.

The summary says how to run what is long or needs a browser, and which changed files no test covers.
Its last line counts skipped tests. The exit status is 1 if a check failed, 2 if none failed but
tests were skipped, else 0.
"""

from __future__ import annotations

import ast
import fnmatch
import json
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
SECONDS = 45.0
"""After so long no test begins any more; one that has begun, and mypy, may take a while yet."""

READERS = {
    "ARCHITECTURE.md": "unit/test_docs.py",
    "CONTRIBUTING.md": "unit/test_contributing.py unit/test_docs.py",
    "README.md": "unit/test_docs.py",
    "app/latentbook/api/": "api/test_schema.py",
    "app/latentbook/book/": "unit/book/test_cases.py",
    "app/latentbook/book/directives/questions/": (
        "unit/book/test_assets.py unit/book/test_class_data.py unit/book/test_new_question.py "
        "unit/book/test_registries.py unit/test_imports.py lecture/test_forms.py "
        "grader/test_judges.py browser/test_modules.py browser/test_questions.py"
    ),
    "app/latentbook/book/read/suggestions.toml": "unit/book/test_errors.py",
    "app/latentbook/book/scaffold/": "unit/book/test_new.py unit/book/test_problems.py",
    "app/latentbook/book/write/book_modules.txt": "unit/book/test_exports.py",
    "app/latentbook/classroom/": "classroom/test_matrix.py",
    "app/latentbook/classroom/lti/": "classroom/test_lti.py classroom/test_lti_services.py",
    "app/latentbook/classroom/migrations/": "classroom/test_database.py",
    "app/latentbook/http/": "http/test_site_files.py",
    "app/latentbook/lecture/": "lecture/test_lecture.py",
    "app/latentbook/locale/": "unit/book/test_languages.py browser/test_languages.py",
    "app/latentbook/models/arrays/": "api/test_instruments.py",
    "app/latentbook/models/weights/": "models/test_registry.py",
    "app/latentbook/runtime/": "unit/runtime/test_dist.py browser/test_runtime.py",
    "app/latentbook/templates/": (
        "unit/book/test_cases.py unit/book/test_site.py browser/test_every_page.py"
    ),
    "app/latentbook/templates/classroom/": (
        "classroom/test_assigned_pages.py classroom/test_grades.py classroom/test_people.py "
        "browser/test_assignments.py browser/test_classroom.py"
    ),
    "app/latentbook/templates/lecture/": "lecture/test_lecture.py browser/test_class.py",
    "content/": "unit/book/test_authoring_guide.py",
    "docs/": "unit/test_docs.py unit/test_reference.py unit/book/test_authoring_guide.py",
    "examples/": "unit/book/test_problems.py unit/test_reference.py browser/test_course.py",
    "static/": "unit/book/test_assets.py",
    "static/css/": "unit/test_tokens.py browser/test_every_page.py browser/test_look.py",
    "static/js/": "unit/test_imports.py browser/test_modules.py browser/test_page.py",
    "static/js/cell/": "browser/test_snippets.py browser/test_steps.py",
    "static/js/classroom/": "browser/test_assignments.py browser/test_classroom.py",
    "static/js/deck/": "browser/test_deck.py",
    "static/js/embed": "browser/test_embed.py",
    "static/js/explain/": "browser/test_explain.py",
    "static/js/figure/": "unit/draw/ browser/test_instruments.py",
    "static/js/grader/": "grader/test_judges.py",
    "static/js/instrument/": "browser/test_instruments.py browser/test_training.py",
    "static/js/instrument/map/": "browser/test_map.py",
    "static/js/lecture/": "lecture/test_forms.py browser/test_class.py",
    "static/js/notebook/": "unit/test_notebook.py browser/test_notebook.py",
    "static/js/page/": "browser/test_navigation.py browser/test_early.py",
    "static/js/python/": "browser/test_runtime.py browser/test_start.py",
    "static/js/quiz/": "browser/test_questions.py",
    "static/js/service-worker.js": "browser/test_offline.py",
    "static/js/study/": "unit/study/ browser/test_notes.py browser/test_review.py",
    "tests/fixtures/": "unit/book/test_cases.py unit/book/test_errors.py",
    "tests/unit/draw/compare.js": "unit/draw/",
    "tests/unit/runtime/start": "unit/runtime/test_dist.py",
    "tools/bench/": "unit/test_bench.py",
    "training/exports/": "models/test_exports.py",
    "widgets/data/": "models/test_exports.py",
    "widgets/engine/": "widgets/test_host.py",
    "widgets/instruments.txt": "widgets/test_instruments.py",
    "widgets/kit/": "unit/test_reference.py widgets/test_instruments.py",
}
"""Tests, below ``tests``, of files that they reach without importing them, by the beginning of the
file's path."""


def changes(since: str) -> list[str]:
    """Paths of the files that were changed, added or deleted."""
    found = subprocess.run(["git", "rev-parse", "--verify", "--quiet", since], capture_output=True)
    if found.returncode:
        sys.exit(f"{since} is not a commit; name one that is: make quick SINCE=HEAD~1")
    diff = ["diff", "--name-only", "--no-renames", "--merge-base", since]
    commands = (diff, ["ls-files", "--others", "--exclude-standard"])
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


def imported(text: str) -> set[str]:
    """Every module that a file imports; of ``from a import b`` both ``a`` and ``a.b``."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def read_tests() -> dict[str, tuple[str, set[str]]]:
    """Text and imports of each file of tests, by its path."""
    paths = (path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("test_*.py"))
    texts = {path: (ROOT / path).read_text(encoding="utf-8") for path in paths}
    return {path: (text, imported(text)) for path, text in texts.items()}


def tests_of(changed: str, tests: Mapping[str, tuple[str, set[str]]]) -> set[str]:
    """The test files for a changed file; if there are none, those that contain its name."""
    *folders, name = changed.split("/")
    module = module_of(changed) if name.endswith(".py") else ""
    chapter = folders[1] if folders[:1] == ["content"] and folders[1:] else ""
    readers = [each for start, each in READERS.items() if changed.startswith(start)]
    starts = [f"tests/{each}" for each in " ".join(readers).split()]
    starts.append(changed.removesuffix("conftest.py") if name == "conftest.py" else changed)
    is_telling, word = "." in name and name != "__init__.py", re.compile(rf"\b{re.escape(name)}\b")
    found: set[str] = set()
    naming: set[str] = set()
    for path, (text, modules) in tests.items():
        if (
            path.startswith(tuple(starts))
            or module in modules
            or path.endswith(f"/test_{name}")
            or (folders and f"{folders[-1]}/{name}" in text)
            or (chapter and path.startswith("tests/content/") and chapter in text)
        ):
            found.add(path)
        elif is_telling and name in text and word.search(text):
            naming.add(path)
    return found or naming


def commands_for(changed: list[str]) -> list[list[str | Path]]:
    """What is run next to the tests."""
    commands: list[list[str | Path]] = []
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


def turn(path: Path, names: set[str]) -> tuple[bool, bool, Path]:
    """Sorts test files: changed or named after a change, then tests of units, then the rest."""
    far = names.isdisjoint({path.name, path.name.removeprefix("test_")})
    return far, "unit" not in path.parts, path


class Selection:
    """Pytest plugin: keeps the tests for a change, and skips those that come after the time.

    Attributes
    ----------
    marked : files with chosen tests that are marked long or browser
    skipped : how many tests came after the time
    """

    def __init__(self, files: set[Path], instruments: set[str], end: float) -> None:
        self.files = files
        self.instruments = instruments
        self.end = end
        self.marked: set[Path] = set()
        self.skipped = 0

    @pytest.hookimpl(tryfirst=True)  # before pytest deselects by marks
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Deselect what the change does not ask for."""
        left_out = [item for item in items if not self.is_wanted(item)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if self.is_wanted(item)]
        marks = ("long", "browser")
        self.marked = {item.path for item in items if any(map(item.get_closest_marker, marks))}

    def is_wanted(self, item: pytest.Item) -> bool:
        """Whether a test is in a chosen file or takes a changed instrument."""
        given = item.callspec.params.values() if hasattr(item, "callspec") else ()
        of_instrument = any(isinstance(each, str) and each in self.instruments for each in given)
        return item.path in self.files or of_instrument

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Skip what comes too late."""
        if time.monotonic() > self.end:
            self.skipped += 1
            pytest.skip("its turn did not come in time: `make test` runs it")


def run_beside(command: list[str | Path]) -> tuple[bool, str]:
    """Run a command; return whether it went well, and its output.

    The output is printed after the tests: pytest would capture what is printed meanwhile.
    """
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode == 0, f"{Path(command[0]).name} {command[1]}\n{done.stdout}".rstrip()


def main(since: str) -> int:
    """Run the checks; the exit status."""
    end = time.monotonic() + SECONDS
    changed = changes(since)
    print(f"{len(changed)} files differ from {since}", flush=True)
    known = read_tests()
    tests = {path: tests_of(path, known) for path in changed}
    chosen: set[str] = set().union(*tests.values())
    in_browser = {path for path in chosen if path.startswith("tests/browser/")}  # need a site
    files = {ROOT / path for path in chosen - in_browser}
    instruments = {Path(path).stem for path in changed if re.fullmatch(r"widgets/\w+\.py", path)}
    folders = [ROOT / "tests" / "widgets"] if instruments else []
    selection = Selection(files, instruments, end)
    with ThreadPoolExecutor(1) as pool:
        beside = [pool.submit(run_beside, command) for command in commands_for(changed)]
        code: int = pytest.ExitCode.OK
        if files or folders:
            options = ["-q", "-m", "not long and not browser", "-p", "no:cacheprovider"]
            names = {Path(path).name for path in changed}
            nearest = sorted(files, key=lambda path: turn(path, names))
            code = pytest.main([*options, *map(str, [*nearest, *folders])], [selection])
        ok = code in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
        for each in beside:
            went_well, output = each.result()
            print(output, flush=True)
            ok = ok and went_well
    marked = {path.relative_to(ROOT).as_posix() for path in selection.marked}
    if by_hand := sorted(in_browser | marked):
        print(f"Long or in a browser, so not run: .venv/bin/pytest {' '.join(by_hand)}")
    if untested := [path for path, found in tests.items() if not found]:
        print(f"No quick test covers: {' '.join(untested)}; run `make test`")
    if skipped := selection.skipped:
        print(f"NOT FINISHED: {skipped} tests were skipped after {SECONDS:.0f} s; run `make test`")
    return 1 if not ok else 2 if skipped else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
