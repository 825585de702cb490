"""The doctor names a wall that does not hold, and a solution that cannot be judged."""

from __future__ import annotations

from dataclasses import replace

import pytest

from latentbook.book.overlay.merge import open_project
from latentbook.settings import Settings
from latentbook_classroom.grader import doctor
from latentbook_classroom.grader.checks import check_of
from latentbook_classroom.grader.question import Question
from tests.classroom.grader.test_book import SAMPLE


@pytest.mark.long
def test_a_wall_that_does_not_hold_is_named(monkeypatch):
    """One wall holds, one does not, one is not needed, and one has no control."""
    read, connect = doctor.WALLS[0], doctor.WALLS[2]
    walls = (
        replace(read, holds="there"),
        replace(read, holds="open", alone=doctor.NONE),
        replace(connect, holds="not needed", alone=doctor.NONE, is_needed=False),
        replace(read, holds="untried", without=doctor.ALONE),
    )
    monkeypatch.setattr(doctor, "WALLS", walls)
    monkeypatch.setattr(doctor, "judge_solutions", lambda *_: True)
    said = []
    assert not doctor.examine(open_project(Settings()), said.append)
    found = dict(line.split(": ", 1) for line in said if ": " in line)
    assert found["there"] == "holds"
    assert found["open"] == "FAILS"
    assert found["not needed"] == "missing, the others remain"
    assert found["untried"].startswith("cannot be tried")
    monkeypatch.setattr(doctor, "WALLS", walls[:1])
    assert doctor.examine(open_project(Settings()), said.append)


def test_a_solution_that_cannot_cross_is_named_with_its_place(monkeypatch, sandbox):
    bad = "def f():\n    yield 1"
    asked = {
        name: Question(
            name,
            "code",
            place=f"content/a.md:{line}",
            check=check_of("assert list(f()) if callable(f) else f", [code], []),
            solutions=(code,),
        )
        for line, (name, code) in enumerate({"q-good": "f = 1", "q-bad": bad}.items(), start=7)
    }
    monkeypatch.setattr(doctor, "read_questions", lambda settings: asked)
    said = []
    assert not doctor.judge_solutions(open_project(Settings()), sandbox, said.append)
    assert said[0].startswith("content/a.md:8: the solution of q-bad is refused: The check on")
    assert said[-1] == "Solutions that pass here: 1 of 2"


@pytest.mark.long
def test_every_wall_is_good_here(monkeypatch, has_namespaces, questions):
    """One solution is judged too; test_book.py judges all of the book's."""
    monkeypatch.setattr(doctor, "read_questions", lambda _: {SAMPLE[0]: questions[SAMPLE[0]]})
    said = []
    assert doctor.examine(open_project(Settings()), said.append), said
    walls = [wall for wall in doctor.WALLS if wall.is_needed or has_namespaces]
    assert [f"{wall.holds}: holds" for wall in walls if f"{wall.holds}: holds" not in said] == []
