"""Assignments in a real build of a small book: the site contains nothing of their questions."""

import json
import re
from contextlib import closing
from pathlib import Path

import pytest

from latentbook.book.build import build_site
from latentbook.book.directives.questions.state.goal import missed, read_goal
from latentbook.book.overlay.merge import open_project
from latentbook.book.translations.language import language
from latentbook.settings import Settings
from latentbook_classroom.course.assignment import Asked, Assigned
from latentbook_classroom.course.built_assignments import assignments_of, read_assigned
from latentbook_classroom.grader.judges import States
from latentbook_classroom.grader.question import Question
from latentbook_classroom.settings import ClassroomSettings
from tests.unit.book import conftest as small
from tests.unit.book.test_days import plain_files

make_book, shared_build = small.make_book, small.shared_build

TEXT = """
:::{code-cell} python
:label: halve
:title: A half

def halve(x):
    return x / 2
:::

Canary-remark [^1] stays. See {ref}`q-taken`.

[^1]: A note that stays.

::::{quiz} number
:label: q-taken
:answer: 4242.5
:tolerance: 0.125
:unit: %

How many canaries-question[^2]?

:::{hint}
Canary-hint.
:::
:::{wrong} 4343.5
Canary-wrong.
:::
:::{answer}
Canary-answer.
:::
::::

[^2]: Canary-note.

:::::{dropdown} More
::::{quiz} code
:label: q-code

Double it, canary.

:::{code-cell} python
canary_start = 1
:::
:::{check} python
assert double(2) == 4, "canary check"
:::
:::{grade} python
assert double(2) == 4, "canary grade"
assert double(3) == halve(12), "canary grade of three"
:::
:::{solution} python
def double(canary_solution):
    return 2 * canary_solution
:::
:::{mistake} grade of three
def double(canary_mistake):
    return 4
:::
:::{answer}
Canary-answer.
:::
::::
:::::
"""
ASSIGNMENT = """\
---
title: First steps
---

Canary-introduction.

:::{question} q-taken
:points: 2
:::

::::{quiz} choice
:label: q-own

Which canary?

- [ ] Canary-left

  Canary-feedback.
- [x] Canary-right

:::{answer}
Canary-answer.
:::
::::

::::{quiz} number
:label: q-vary
:points: 3
:answer: <<right>>
:tolerance: 0.01

A canary of <<n>> and $<<n>> x$?

:::{vary} python
canary_n = n = int(rng.integers(10, 1000))
right = 2 * n
half = n / 2
:::
:::{wrong} <<half>>
Canary-half of <<n>>.
:::
:::{answer}
Canary <<right>>.
:::
::::

::::{quiz} state
:label: q-state
:instrument: linear_ae_pca
:set: k=1
:goal: relative_error < 1, k <= 2
:answer: k=2

Canary-state.

:::{wrong} relative_error < 1
Canary-more than needed.
:::
:::{answer}
Canary.
:::
::::

:::{question} q-code
:::
"""
FILES = {
    "sample/text.md": f"{small.HEAD}\n{TEXT}",
    "assignments/first.md": ASSIGNMENT,
    "sample/outputs.json": "{}",
}


@pytest.fixture
def settings(make_book: small.MakeBook, small_runtime: None, tmp_path: Path) -> Settings:
    return make_book(FILES).extended(ClassroomSettings(database=str(tmp_path / "x.sqlite")))


def canaries(site: Path) -> set[str]:
    """Words and numbers of the questions in every byte of a site."""
    found = set()
    for name, data in plain_files(site):
        for text in (name.encode(), data):
            found |= set(re.findall(rb"(?i)[-\w]*canar[-\w]*|4242\.5|4343\.5", text))
    return {each.decode() for each in found}


def test_a_site_has_nothing_of_the_questions(settings: Settings) -> None:
    assert canaries(build_site(open_project(settings), report=print)) == {"Canary-remark"}
    page = (settings.site / "sample/text/index.html").read_text()
    assert 'id="q-taken"' in page and "classroom/assignments/first/#q-taken" in page
    assert "First steps" in page and "<!--question" not in page
    assert not list(settings.site.rglob("*assignments*"))


def read(settings: Settings) -> Assigned:
    build_site(open_project(settings), report=print)
    return read_assigned(settings)


def test_the_server_has_them(settings: Settings) -> None:
    found = read(settings)
    (assignment,) = found.assignments
    assert (assignment.name, assignment.title) == ("first", "First steps")
    assert dict(assignment.questions) == {
        "q-taken": 2,
        "q-own": 1,
        "q-vary": 3,
        "q-state": 1,
        "q-code": 1,
    }
    slots = re.findall("<!--question (.*?)-->", assignment.page)
    assert slots == [label for label, _ in assignment.questions]
    assert "Canary-introduction" in assignment.page and "Canary-answer" not in assignment.page
    taken = found.questions["q-taken"].variants[0]
    assert taken.question.key == {
        "answer": 4242.5,
        "tolerance": 0.125,
        "unit": "%",
        "wrong": [4343.5],
    }
    assert "Canary-answer" in taken.answer_html and "Canary-hint" in taken.html
    for secret in ("4242", "4343", "Canary-wrong", "Canary-answer"):
        assert secret not in taken.html
    assert found.questions["q-taken"].mistakes == {"wrong 0": "Canary-wrong."}
    own = found.questions["q-own"].variants[0]
    assert own.question.key == {"answer": 1} and "Canary-feedback" not in own.html
    assert "data-assessed" in own.html


def test_an_edition_is_the_same_until_the_question_changes(settings: Settings) -> None:
    before = read(settings)
    assert (
        Asked.loaded(before.questions["q-own"].dumped()).edition
        == before.questions["q-own"].edition
    )
    path = settings.content / "assignments/first.md"
    path.write_text(path.read_text().replace("Canary-feedback", "Canary-reason"))
    after = read(settings)
    changed = {
        label
        for label, asked in after.questions.items()
        if asked.edition != before.questions[label].edition
    }
    assert changed == {"q-own"}


def test_each_variant_has_its_own_key(settings: Settings) -> None:
    variants = read(settings).questions["q-vary"].variants
    assert len(variants) == 64
    for variant in variants:
        (n,) = {int(number) for number in re.findall(r"A canary of (\d+)", variant.html)}
        assert variant.question.key["answer"] == 2 * n and f"{2 * n}" not in variant.html
        assert variant.question.feedback == {"wrong 0": f"Canary-half of {n}."}
        assert f"Canary {2 * n}." in variant.answer_html
    assert len({variant.html for variant in variants}) > 50


def test_a_grade_stays_on_the_server(settings: Settings) -> None:
    (variant,) = read(settings).questions["q-code"].variants
    assert "canary check" in variant.html and "grade" not in variant.html
    assert "canary_solution" not in variant.html and "canary_solution" in variant.answer_html
    check = variant.question.check
    assert check is not None and "canary grade" in check.code
    assert check.mistakes == ["grade of three"] and "def halve" in "".join(check.own)


def test_a_state_is_computed_again(settings: Settings) -> None:
    (variant,) = read(settings).questions["q-state"].variants
    assert 'data-instrument="linear_ae_pca"' in variant.html and "Canary-more" not in variant.html

    with closing(States(settings)) as states:

        def state(answer: str) -> tuple[str, str]:
            verdict = states.judge(variant.question, answer)
            return verdict.state, verdict.mistake

        assert state('{"k": 2}') == ("right", "")
        assert state('{"k": 4}') == ("wrong", "wrong 0")
        assert state('{"k": 1}') == ("wrong", "")
        for unread in ("", "[]", "3", '{"k": 1000}', '{"k": "2"}', '{"error": 1}', '{"k": NaN}'):
            assert state(unread) == ("unread", ""), unread


def test_a_state_of_the_courses_own_instrument_is_computed(tmp_path: Path) -> None:
    """As on a server of an existing build, which has imported the book's instruments."""
    settings = Settings(course=Path("examples/course"), build=tmp_path)
    open_project(settings)
    goal = [["error", "<=", "0.01"], ["bits", "<=", "7"]]
    key = {"instrument": "rounding", "goal": goal, "wrong": []}
    question = Question("q-bits", "state", key=key)
    with closing(States(settings, language("de").script_words())) as states:
        verdict = states.judge(question, '{"bits": 7}')
        assert verdict.is_right, verdict
        missed = states.judge(question, '{"bits": 8}')
    assert (missed.state, missed.message) == ("wrong", "Bits a reading ist 8; verlangt: <= 7.")


def test_what_is_missed_is_said_as_readers_see_it() -> None:
    goal = [["corruption", "==", "masking"], ["removed", ">", "99"]]
    question = Question("q", "state", key={"instrument": "denoiser", "goal": goal, "wrong": []})
    with closing(States(Settings())) as states:
        said = [
            states.judge(question, json.dumps({"corruption": chosen})).message
            for chosen in ("gaussian", "masking")
        ]
    assert said[0] == "Corruption is Gaussian noise; asked for: == Masking."
    assert re.fullmatch(r"Noise removed is [\d.]+; asked for: > 99\.", said[1])


@pytest.mark.parametrize(
    ("shown", "condition", "holds"),
    [
        ("13.87", "error < 20", True),
        ("−1.5", "error > -1", False),
        ("4.6 × 10⁻⁹", "error <= 0.00001", True),
        ("1,200", "error >= 1199.5", True),
        ("–", "error < 1", False),
        ("mnist", "error == mnist", True),
        ("7 cats, 2 dogs", 'error == "7 cats, 2 dogs"', True),
        ("7 cats", 'error == "7 dogs"', False),
        ('say "\\"', 'error == "say \\"\\\\\\""', True),
        ("", 'error == ""', True),
    ],
)
def test_what_a_reader_sees_is_compared(shown: str, condition: str, holds: bool) -> None:
    assert missed(read_goal(condition), {"error": shown}) == ([] if holds else read_goal(condition))


def test_without_a_database_there_is_no_bundle(settings: Settings) -> None:
    settings = settings.extended(ClassroomSettings(database=""))
    assert canaries(build_site(open_project(settings), report=print)) == {"Canary-remark"}
    assert not assignments_of(settings.site).exists()
    assert "classroom/" not in (settings.site / "sample/text/index.html").read_text()
