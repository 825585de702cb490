"""Tests that fail only next to others are named as unstable; all other failures stay red."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.again import MAX_UNSTABLE

pytestmark = pytest.mark.long

PASSES = "def test_passes(): pass\n"
ONCE = """
import pathlib
def test_fails_once{number}():
    been = pathlib.Path("been{number}")
    if not been.exists():
        been.touch()
        assert False
"""
ALWAYS = "def test_always(): assert False\n"
CRASHES_ONCE = ONCE.replace("assert False", "import os; os._exit(1)").format(number="")
ONCE_ALONE = "import pytest\npytestmark = pytest.mark.clock\n" + ONCE.format(number="")
DIFFERS = """
import os, pytest
@pytest.mark.parametrize("worker", [os.environ.get("PYTEST_XDIST_WORKER", "")])
def test_differs(worker): pass
"""


def run(folder: Path, root: Path, **files: str) -> tuple[int, list[str]]:
    """Exit status and last lines of output, with each file as ``tests/NAME/test_NAME.py``."""
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n    clock\n    long\n    browser\n")
    for name, code in {"http": PASSES, **files}.items():
        path = folder / "tests" / name / f"test_{name}.py"
        path.parent.mkdir(parents=True)
        path.write_text(code)
        (path.parent / "conftest.py").touch()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "tools.again", "not long"],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
    )
    *lines, lot = done.stdout.splitlines()
    assert lot.startswith("lot: ")
    start = next(
        i for i, line in enumerate(lines) if line.startswith(("unstable", "failed:", "tests:"))
    )
    return done.returncode, lines[start:]


def test_what_passes_alone_is_named(tmp_path: Path, root: Path) -> None:
    code, said = run(tmp_path, root, browser=ONCE.format(number=""))
    name = "tests/browser/test_browser.py::test_fails_once"
    assert (code, said) == (0, [f"unstable: {name}", "tests: 2 passed, 0 failed, 0 skipped"])
    assert (tmp_path / "build" / "unstable.txt").read_text().endswith(f" {name}\n")


def test_what_passes_at_once_is_not_run_again(tmp_path: Path, root: Path) -> None:
    assert run(tmp_path, root) == (0, ["tests: 1 passed, 0 failed, 0 skipped"])
    assert not (tmp_path / "build").exists()


@pytest.mark.parametrize(
    ("folder", "code", "said"),
    [
        ("browser", ALWAYS, "tests/browser/test_browser.py::test_always"),
        ("browser", ONCE_ALONE, "tests/browser/test_browser.py::test_fails_once"),
        ("unit", ONCE.format(number=""), "tests/unit/test_unit.py::test_fails_once"),
        ("browser", CRASHES_ONCE, "a worker crashed: Not properly terminated"),
        ("browser", "import nothing_of_this_name", "the tests could not be collected"),
        ("browser", DIFFERS, "the tests could not be collected"),
    ],
    ids=["always", "alone", "unit", "crash", "import", "collection"],
)
def test_what_is_red(tmp_path: Path, root: Path, folder: str, code: str, said: str) -> None:
    status, lines = run(tmp_path, root, **{folder: code})
    assert status == 1
    assert any(line.startswith("failed: ") and said in line for line in lines)
    assert not any(line.startswith("unstable") for line in lines)


def test_too_many_are_red(tmp_path: Path, root: Path) -> None:
    four = "".join(ONCE.format(number=number) for number in range(MAX_UNSTABLE + 1))
    code, lines = run(tmp_path, root, browser=four)
    assert (code, lines[-1]) == (1, "tests: 1 passed, 4 failed, 0 skipped")


def test_a_browsers_test_in_unit_may_be_unstable(tmp_path: Path, root: Path) -> None:
    marked = f"import pytest\npytestmark = pytest.mark.browser\n{ONCE.format(number='')}"
    code, lines = run(tmp_path, root, unit=marked)
    assert (code, lines[0]) == (0, "unstable: tests/unit/test_unit.py::test_fails_once")
