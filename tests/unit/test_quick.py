"""``make quick``: no change passes without a check or a word, and skipped tests are no success."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools import quick

KIND = "app/latentbook/book/directives/questions/guess"
REPORTED = r"\.ci/run|[^/]+|tools/[^/]+\.sh|tests/classroom/open_edx\.lock"
"""Files that no quick test reads."""

RUN = """
import sys
from tools import quick
seconds, command, *changed = sys.argv[1:]
quick.SECONDS = float(seconds)
quick.changes = lambda since: changed
quick.commands_for = lambda changed: [[sys.executable, "-c", command]]
sys.exit(quick.main("main"))
"""


def tracked(root: Path) -> list[str]:
    return subprocess.check_output(["git", "ls-files"], cwd=root, text=True).splitlines()


def run(*changed: str, seconds: float = quick.SECONDS, command: str = "") -> tuple[int, str]:
    """Exit status and output for these files, with some Python in place of ruff, mypy and tsc."""
    arguments = [sys.executable, "-c", RUN, str(seconds), command, *changed]
    done = subprocess.run(arguments, cwd=quick.ROOT, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_every_file_has_a_test_or_is_one_that_the_summary_names(root: Path) -> None:
    tests = quick.read_tests()
    untested = [path for path in tracked(root) if not quick.tests_of(path, tests)]
    other = [path for path in untested if not path.endswith(".py")]  # ruff and mypy read those
    assert [path for path in other if not re.fullmatch(REPORTED, path)] == []


def test_every_line_of_the_table_is_about_files_that_exist(root: Path) -> None:
    files = tracked(root)
    for start, tests in quick.READERS.items():
        assert any(path.startswith(start) for path in files), start
        for test in tests.split():
            assert (root / "tests" / test).exists(), (start, test)


@pytest.mark.parametrize("name", ["block.js", "block.html", "block.css", "class.js"])
def test_a_file_of_a_kind_of_question_leads_to_its_tests(name: str) -> None:
    found = quick.tests_of(f"{KIND}/{name}", quick.read_tests())
    assert {"tests/unit/book/test_cases.py", "tests/grader/test_judges.py"} <= found
    assert {"tests/lecture/test_forms.py", "tests/browser/test_questions.py"} <= found


@pytest.mark.parametrize(
    ("path", "is_checked"),
    [
        (f"{KIND}/block.js", True),
        (f"{KIND}/block.html", False),
        ("static/js/main.js", True),
        ("static/js/lecture/forms.d.ts", True),
        ("tsconfig.json", True),
        ("tools/bench/frames.js", False),
    ],
)
def test_tsc_runs_for_what_it_reads(path: str, is_checked: bool) -> None:
    programs = [Path(command[0]).name for command in quick.commands_for([path])]
    assert programs == ["tsc"] * is_checked


def test_skipped_tests_are_counted_and_are_no_success() -> None:
    status, output = run("README.md", seconds=-1)
    assert status == 2, output
    skipped = re.search(r"(\d+) skipped", output)
    assert skipped is not None
    assert output.splitlines()[-1].startswith(f"NOT FINISHED: {skipped[1]} tests were skipped")


def test_a_failure_counts_more_than_skipped_tests() -> None:
    status, output = run("README.md", seconds=-1, command="raise SystemExit('no good')")
    assert status == 1
    assert "no good" in output
    assert "NOT FINISHED" in output


def test_the_summary_names_what_was_not_run(root: Path) -> None:
    probes = next(
        (root / "tests" / "browser").glob("prob*")
    )  # its name here would select this file
    status, output = run("LICENSE", str(probes.relative_to(root)))
    assert status == 0, output
    assert ".venv/bin/pytest tests/browser/test_every_page.py" in output
    assert "No quick test covers: LICENSE;" in output
