"""Tests touched by a change, for ``make quick`` and for the tests' lots (``tests/lot.py``)."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterable
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SITTING_S = 6 * 3600
"""Commits at most this much older than the newest belong to the same change."""

READERS = {
    "ARCHITECTURE.md": "unit/test_docs.py",
    "CONTRIBUTING.md": "unit/test_contributing.py unit/test_docs.py",
    "README.md": "unit/test_docs.py",
    "app/latentbook/book/directives/questions/": (
        "unit/book/test_cases.py unit/book/test_new_question.py classroom/lecture/test_forms.py "
        "classroom/grader/test_judges.py browser/test_questions.py"
    ),
    "app/latentbook/book/read/suggestions.toml": "unit/book/test_errors.py",
    "app/latentbook/locale/": "unit/book/test_languages.py browser/test_languages.py",
    "app/latentbook_classroom/locale/": "unit/book/test_languages.py",
    "app/latentbook/runtime/": "browser/test_runtime.py browser/test_start.py",
    "app/latentbook/templates/": "unit/book/ browser/test_look.py",
    "app/latentbook_authoring/scaffold/": (
        "unit/book/test_new.py unit/book/test_problems.py unit/book/test_from_notebook.py"
    ),
    "app/latentbook_classroom/CHANGELOG.md": "unit/test_docs.py",
    "app/latentbook_classroom/course/": (
        "classroom/ browser/test_assignments.py browser/test_classroom.py"
    ),
    "app/latentbook_classroom/lecture/": "browser/test_class.py",
    "app/latentbook_classroom/lti/": "classroom/",
    "app/latentbook_classroom/static/classroom": (
        "browser/test_assignments.py browser/test_classroom.py"
    ),
    "app/latentbook_classroom/static/grader/": "classroom/grader/test_judges.py",
    "app/latentbook_classroom/static/lecture": (
        "classroom/lecture/test_forms.py browser/test_class.py"
    ),
    "app/latentbook_classroom/templates/classroom/": "classroom/ browser/test_classroom.py",
    "app/latentbook_classroom/templates/lecture/": "classroom/lecture/ browser/test_class.py",
    "docs/": "unit/test_docs.py unit/test_reference.py unit/book/test_authoring_guide.py",
    "examples/": "unit/book/test_problems.py unit/test_reference.py browser/test_course.py",
    "static/": "unit/book/test_assets.py",
    "static/css/": "unit/test_tokens.py browser/test_look.py",
    "static/js/": "unit/test_imports.py browser/test_modules.py browser/test_page.py",
    "static/js/cell/": "browser/test_snippets.py browser/test_steps.py",
    "static/js/figure/": "unit/draw/",
    "static/js/instrument/": "browser/test_instruments.py browser/test_training.py",
    "static/js/page/": "browser/test_navigation.py browser/test_early.py",
    "static/js/python/": "browser/test_runtime.py browser/test_start.py browser/test_hostile.py",
    "static/js/quiz/": "browser/test_questions.py",
    "static/js/service-worker.js": "browser/test_offline.py",
    "static/js/study/": "browser/test_notes.py browser/test_review.py browser/test_work.py",
    "tests/fixtures/": "unit/book/test_cases.py unit/book/test_errors.py",
    "tools/bench/": "unit/test_bench.py",
    "training/data/": "models/test_data.py models/test_emoji_and_text.py",
    "training/exports/": "models/test_exports.py",
    "widgets/data/": "models/test_exports.py",
    "widgets/data/controls.json": "models/test_fine_tuned.py",
    "widgets/data/masked_words": "widgets/test_fill_in.py",
    "widgets/data/emoji_": "widgets/test_type_words.py widgets/test_own_emoji.py",
    "widgets/engine/": "browser/test_parity.py",
}
"""Tests, below ``tests``, that read files in the browser or as text, so no import reveals them."""


def git(*command: str) -> str:
    """Run git; return its output.

    Raises
    ------
    subprocess.CalledProcessError
        If git refuses, or this is not a repository.
    """
    done = subprocess.run(["git", *command], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@cache
def changed_files(since: str) -> tuple[str, ...]:
    """List paths of files changed, added or deleted since the branch left a commit."""
    diff = git("diff", "--name-only", "--no-renames", "--merge-base", since)
    added = git("ls-files", "--others", "--exclude-standard")
    return tuple(sorted({*diff.splitlines(), *added.splitlines()}))


@cache
def before_this_sitting() -> str:
    """Return the newest commit before the current change, or else the very first commit."""
    newest = int(git("log", "-1", "--format=%ct"))
    older = git("rev-list", "-1", f"--before={newest - SITTING_S}", "HEAD")
    return older or git("rev-list", "--max-parents=0", "HEAD").splitlines()[-1]


def module_of(path: str) -> str:
    """Return the name under which a Python file is imported."""
    return path.removeprefix("app/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imported(text: str) -> set[str]:
    """List every module that a file imports; ``from a import b`` gives both ``a`` and ``a.b``."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


@cache
def read_tests() -> dict[str, tuple[str, set[str]]]:
    """Read text and imports of each test file, by path."""
    paths = (path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("test_*.py"))
    texts = {path: (ROOT / path).read_text(encoding="utf-8") for path in paths}
    return {path: (text, imported(text)) for path, text in texts.items()}


def own(changed: str) -> set[str]:
    """Find the test files that are a changed file or named after it."""
    stem = changed.rpartition("/")[2].partition(".")[0].replace("-", "_")
    return {path for path in read_tests() if path == changed or path.endswith(f"/test_{stem}.py")}


def near(changed: str) -> set[str]:
    """Find these, and the test files that import or name a changed file."""
    *folders, name = changed.split("/")
    module = module_of(changed) if name.endswith(".py") else ""
    chapter = folders[1] if folders[:1] == ["content"] and folders[1:] else ""
    place = "/".join([*folders[-1:], name])
    word = re.compile(rf"\b{re.escape(place)}\b")
    return own(changed) | {
        path
        for path, (text, modules) in read_tests().items()
        if module in modules
        or (folders and place in text and word.search(text))
        or (chapter and path.startswith("tests/content/") and chapter in text)
    }


def far(changed: str) -> set[str]:
    """Find these, the tests in the folder that mirrors the file's own, and those in ``READERS``."""
    *folders, name = changed.split("/")
    starts = [
        f"tests/{each}"
        for start, tests in READERS.items()
        if changed.startswith(start)
        for each in tests.split()
    ]
    if name == "conftest.py":
        starts.append("/".join(folders))
    tests = read_tests()
    mirrors = ({path for path in tests if f"/{each}/" in path} for each in reversed(folders))
    mirror = set() if changed in tests else next(filter(None, mirrors), set())
    return near(changed) | mirror | {path for path in tests if path.startswith(tuple(starts))}


def touched_tests(changed: Iterable[str]) -> set[str]:
    """Find all test files for a change."""
    return set().union(*map(far, changed))
