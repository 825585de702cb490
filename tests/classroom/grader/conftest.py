"""The book's questions, and a grader whose interpreters start from the book's snapshot."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from latentbook.book.overlay.merge import open_project
from latentbook.settings import Settings
from latentbook_classroom.grader.book_questions import read_questions
from latentbook_classroom.grader.grader import Grader
from latentbook_classroom.grader.question import Question
from latentbook_classroom.grader.snapshot import Sandbox, prepare


@pytest.fixture(scope="session")
def questions() -> dict[str, Question]:
    return read_questions(open_project(Settings()))


@pytest.fixture(scope="session")
def sandbox() -> Sandbox:
    return prepare(open_project(Settings()), print)


@pytest.fixture(scope="session")
def grader(sandbox: Sandbox) -> Iterator[Grader]:
    grader = Grader(sandbox, workers=1)
    yield grader
    grader.close()


@pytest.fixture(scope="session")
def has_namespaces() -> bool:
    """Whether this system lets a program give up its network: some containers refuse it."""
    code = "import ctypes, sys; sys.exit(ctypes.CDLL(None).unshare(0x50000000))"
    return subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
