"""``make quick``: every change is checked or named, and skipped tests are not a success."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools import changes, quick

KIND = "app/latentbook/book/directives/questions/guess"
REPORTED = r"\.ci/run|[^/]+|tools/[^/]+\.sh|tests/classroom/open_edx\.lock"
"""Files that no quick test reads."""

RUN = """
import sys
from tools import quick
seconds, command, *changed = sys.argv[1:]
quick.SECONDS = float(seconds)
quick.changes = lambda since: changed
quick.commands_for = lambda changed: [[sys.executable, "-c", command]] if command else []
sys.exit(quick.main("main"))
"""


def tracked(root: Path) -> list[str]:
    return subprocess.check_output(["git", "ls-files"], cwd=root, text=True).splitlines()


def run(*changed: str, seconds: float = quick.SECONDS, command: str = "") -> tuple[int, str]:
    """Exit status and output for these files; ``command`` replaces ruff, mypy and tsc."""
    arguments = [sys.executable, "-c", RUN, str(seconds), command, *changed]
    done = subprocess.run(arguments, cwd=quick.ROOT, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_every_file_has_a_test_or_is_one_that_the_summary_names(root: Path) -> None:
    untested = [path for path in tracked(root) if not changes.far(path)]
    other = [path for path in untested if not path.endswith(".py")]  # ruff and mypy read those
    assert [path for path in other if not re.fullmatch(REPORTED, path)] == []


def test_every_line_of_the_table_is_about_files_that_exist(root: Path) -> None:
    files = tracked(root)
    for start, tests in changes.READERS.items():
        assert any(path.startswith(start) for path in files), start
        for test in tests.split():
            assert (root / "tests" / test).exists(), (start, test)


@pytest.mark.parametrize("name", ["block.js", "block.html", "block.css", "class.js"])
def test_a_file_of_a_kind_of_question_leads_to_its_tests(name: str) -> None:
    found = changes.far(f"{KIND}/{name}")
    assert {
        "tests/classroom/lecture/test_forms.py",
        "tests/classroom/grader/test_judges.py",
    } <= found
    assert {"tests/unit/book/test_cases.py", "tests/browser/test_questions.py"} <= found


@pytest.mark.parametrize(
    ("path", "is_checked"),
    [
        (f"{KIND}/block.js", True),
        (f"{KIND}/block.html", False),
        ("static/js/main.js", True),
        ("app/latentbook_classroom/static/lecture/forms.d.ts", True),
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


def test_tests_that_changed_themselves_run_however_late_it_is() -> None:
    name = "tokens"  # with the full path, this file would count as one that names it
    status, output = run(f"tests/unit/test_{name}.py", seconds=-1)
    assert status == 0, output
    assert re.search(r"^[1-9]\d* tests passed, 0 checks failed$", output, re.M)


def test_a_changed_instrument_is_held_to_the_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(quick, "run_apart", lambda *options: asked.append(options))
    quick.first_tests(["widgets/analogies.py"])
    assert asked[0][-1] == "tests/widgets/test_analogies.py"
    assert asked[1][-4:] == ("-k", "analogies", *quick.OF_ALL_INSTRUMENTS)


def test_what_ran_nothing_does_not_pass() -> None:
    status, output = run("LICENSE")
    assert status == 2
    assert output.splitlines()[-1] == "NOTHING RAN: run `make test`"


def test_the_summary_names_what_was_not_run() -> None:
    status, output = run("LICENSE", "static/css/deck.css", seconds=-1)
    assert status == 2, output
    assert re.search(r"pytest .*tests/browser/test_deck\.py", output)
    assert "No test covers: LICENSE;" in output
