"""The pages of an assignment over HTTP, without scripts, for a student and an instructor."""

import json
import re
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import httpx
import pytest

from latentbook.book.compose.answers import NotAnAnswer
from latentbook.book.directives.questions.order.kind import ORDER
from latentbook.settings import Settings
from latentbook_classroom.course import assignments
from latentbook_classroom.course.assignment import Asked, Assignment, Variant
from latentbook_classroom.course.built_assignments import assignments_of, read_assigned
from latentbook_classroom.course.judging import Judging
from latentbook_classroom.course.tables import now
from latentbook_classroom.grader.book_questions import Question
from latentbook_classroom.grader.verdict import Verdict
from tests.classroom.conftest import School, on_sqlite
from tests.classroom.course import judge, judge_now
from tests.patience import until

PLACE = "/classroom/assignments/first"
PAGE = "<h1>First sheet</h1><!--head--><main><!--question q-one--> <!--question q-tick--></main>"
NUMBER = '<section class="quiz" data-state="open"><input type="text" name="q-one.answer">'
TICK = '<section class="quiz"><input type="checkbox" name="q-tick.answer" value="{}">'


def asked(label: str, kind: str, html: str, **question: Any) -> Asked:
    html = f"{html}<!--answering--></section>"
    made = Variant(html, "<p>It is four.</p>", Question(label=label, kind=kind, **question))
    return Asked(label, "", kind, (made,))


@pytest.fixture
def settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(Judging, "judge", lambda _, *given: judge(*given))
    write(settings, key=4)
    return settings


def write(settings: Settings, key: float) -> None:
    """Write the assignments for the server as a build does."""
    told = {"wrong 0": "Twice as much."}
    questions = [
        asked("q-one", "number", NUMBER, key={"answer": key}, feedback=told),
        asked("q-tick", "many", TICK.format(0) + TICK.format(2), key={"answer": [0, 2]}),
    ]
    sheet = Assignment("first", "First sheet", PAGE, (("q-one", 2.0), ("q-tick", 1.0)))
    data = {"assignments": [asdict(sheet)], "questions": []}
    data["questions"] = [{**asdict(each), "sources": []} for each in questions]
    assignments_of(settings.served_site).write_text(json.dumps(data))


@pytest.fixture
def opened(school: School) -> httpx.Client:
    """An instructor who has opened the assignment."""
    school.room.judge = judge_now
    instructor = school.joined(school.first, "Ada Lovelace")
    set_dates(instructor)
    return instructor


def set_dates(instructor: httpx.Client, **more: str) -> None:
    form = {
        "opens_at": moment(-1),
        "due_at": moment(1),
        "closes_at": moment(2),
        "answers_at": moment(0),
        "tries": "2",
        "counts": "best",
        "percent": "10",
        "most": "50",
        "grace": "0",
        **more,
    }
    assert instructor.post(f"{PLACE}/settings", data=form).status_code == 303


def moment(days: int) -> str:
    return (now() + timedelta(days)).strftime("%Y-%m-%dT%H:%M")


def hand_in(student: httpx.Client, label: str, answer: object) -> str:
    """Send the form of the page as a browser without scripts does; return the page."""
    page = student.get(f"{PLACE}/").text
    place = f"classroom/assignments/first/answers/{label}"
    action = re.search(rf'action="../../../({place}\?asked=\d+)"', page)
    assert action
    id = re.search(r'name="id" value="(\w+)"', page[action.end() :])
    assert id
    fields = {f"{label}.answer": answer, "id": id[1]}
    for _ in range(2):  # pressed twice: that is one try
        response = student.post(f"/{action[1]}", data=fields)
        assert response.status_code == 303, response.text
    assert response.headers["location"] == f"../../../../classroom/assignments/first/#{label}"
    return student.get(f"{PLACE}/").text


def test_a_student_answers_without_scripts(school: School, opened: httpx.Client) -> None:
    student = school.invited("student", "Zoë")
    assert "First sheet" in student.get("/classroom/").text
    assert "takes off 10 % of the points, at most 50 %." in student.get(f"{PLACE}/").text

    page = hand_in(student, "q-one", "8")
    assert "It is four" not in page, "it is still open"
    assert "<strong>Not yet.</strong> <p>Twice as much.</p>" in page
    assert 'name="q-one.answer" value="8"' in page, "what was handed in"
    assert "Tries left: 1 of 2." in page
    page = hand_in(student, "q-one", "4")
    assert "<strong>Right.</strong>" in page
    assert "Points: 2 of 2." in page
    assert "2 of 3 points" in student.get("/classroom/assignments/").text

    again = {"q-one.answer": "5", "id": "other"}
    refused = student.post(f"{PLACE}/answers/q-one", data=again)
    assert refused.status_code == 409
    assert "You have no tries left" in refused.text

    set_dates(opened, due_at=moment(-1), closes_at="", opens_at=moment(-2))
    page = student.get(f"{PLACE}/").text
    assert "Closed: no more answers are taken." in page
    assert "Hand in" not in page
    assert "<p>It is four.</p>" in page


def test_finished_work_is_done_and_not_late(school: School, opened: httpx.Client) -> None:
    school.room.judge = lambda _, answer: Verdict("right" if answer in ("4", "0,2") else "wrong")
    zoe, alan = school.invited("student", "Zoë"), school.invited("student", "Alan")
    hand_in(zoe, "q-one", "4")
    hand_in(zoe, "q-tick", "0,2")
    hand_in(alan, "q-one", "8")
    set_dates(opened, due_at=moment(0), opens_at=moment(-1))
    places = ("/classroom/", "/classroom/assignments/", "/classroom/assignments/first/")
    late = "what you hand in now is late"
    for place in places:
        done, other = zoe.get(place).text, alan.get(place).text
        assert "Done." in done and "Late." not in done and late not in done, place
        assert "Done." not in other and ("Late." in other or late in other), place
    assert "First sheet" not in zoe.get("/classroom/due").text
    assert "First sheet" in alan.get("/classroom/due").text
    hand_in(alan, "q-tick", "0")
    page = alan.get("/classroom/assignments/").text
    assert "Handed in." in page and "Late." not in page
    hand_in(alan, "q-one", "9")
    hand_in(alan, "q-tick", "0,2")
    assert "Done." in alan.get("/classroom/").text, "right, or without a try left"


def test_an_assignment_that_opens_later_says_when(school: School, opened: httpx.Client) -> None:
    student = school.invited("student", "Zoë")
    set_dates(opened, opens_at="2999-12-01T07:00", due_at="", closes_at="")
    page = student.get(f"{PLACE}/")
    assert page.status_code == 404
    assert "opens on Sun 1 Dec 2999 07:00 UTC." in page.text
    assert "First sheet" not in page.text
    set_dates(opened, opens_at="", due_at="", closes_at="")
    assert "no such assignment, or" in student.get(f"{PLACE}/").text


def test_an_answer_computes_its_assignment_once(
    school: School, opened: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    student = school.invited("student", "Zoë")
    found, given = [], assignments.given

    def counted(*asked: Any) -> assignments.Given:
        found.append(asked)
        return given(*asked)

    monkeypatch.setattr(assignments, "given", counted)
    form = {"id": "a.1", "answer": "4", "made_at": "2026-10-01T08:00"}
    part = {"accept": "text/x-part"}
    assert "Points: 2 of 2." in student.post(f"{PLACE}/answers/q-one", data=form, headers=part).text
    assert len(found) == 1


def test_boxes_of_one_name_are_one_answer(school: School, opened: httpx.Client) -> None:
    answers = []

    def judge(question: Question, answer: str) -> Verdict:
        answers.append(answer)
        return Verdict("right")

    school.room.judge = judge
    hand_in(school.invited("student", "Zoë"), "q-tick", ["0", "2"])
    assert answers == ["0,2"] * 2  # pressed twice


def test_boxes_that_were_ticked_are_shown_once(school: School, opened: httpx.Client) -> None:
    """An answer of 50,000 places once made a page of megabytes that took minutes."""
    school.room.judge = lambda question, answer: Verdict("unread")
    student = school.invited("student", "Zoë")
    given = {"id": "a.1", "answer": "0,0,7,0", "made_at": "2026-10-01T08:00"}
    student.post(f"{PLACE}/answers/q-tick", data=given)
    page = student.get(f"{PLACE}/").text
    assert re.findall(r'name="q-tick.answer" (.*?)>', page) == ['value="0" checked', 'value="2"']


@pytest.mark.parametrize(
    ("typed", "meant"), [("a\n  B \n\tc", "[[0, 0], [1, 0], [2, 1]]"), (" \n", "")]
)
def test_lines_are_put_in_order_by_their_letters(typed: str, meant: str) -> None:
    assert ORDER.answers.typed({"answer": typed}, "q", {}, {"lines": "abc"}) == meant


@pytest.mark.parametrize("typed", ["AB", "D", "a b", "1"])
def test_what_is_no_letter_of_a_line_is_refused(typed: str) -> None:
    with pytest.raises(NotAnAnswer, match="one of the letters A to C"):
        ORDER.answers.typed({"answer": typed}, "q", {}, {"lines": "abc"})


@on_sqlite
@pytest.mark.parametrize(
    ("dates", "is_said"),
    [
        ({}, False),
        ({"closes_at": ""}, True),
        ({"due_at": ""}, True),
        ({"closes_at": moment(1), "due_at": moment(1)}, True),
        ({"closes_at": "", "percent": "0"}, False),
    ],
)
def test_a_late_rule_without_effect_is_said(
    school: School, opened: httpx.Client, dates: dict[str, str], is_said: bool
) -> None:
    set_dates(opened, **dates)
    page = opened.get(f"{PLACE}/settings").text
    assert ("With these dates lateness takes nothing off" in page) == is_said


def test_an_instructor_extends_and_looks(school: School, opened: httpx.Client) -> None:
    student = school.invited("student", "Zoë", group="B")
    set_dates(opened, opens_at=moment(3), due_at=moment(4), closes_at="")
    assert student.get(f"{PLACE}/").status_code == 404
    assert "Not open yet." in opened.get(f"{PLACE}/").text

    seen = opened.get(f"{PLACE}/", params={"at": moment(3)})
    assert "As a student sees it" in seen.text
    assert "Hand in" not in seen.text
    assert student.get(f"{PLACE}/", params={"at": moment(3)}).status_code == 403

    form = {"who": "", "group": "B", "opens_at": moment(-1), "due_at": moment(5), "tries": "3"}
    assert opened.post(f"{PLACE}/extend", data=form).status_code == 303
    page = student.get(f"{PLACE}/").text
    assert "You have an extension." in page
    assert "Tries for the others: 2." in page
    withdraw = re.search(r"extensions/(\d+)/withdraw", opened.get(f"{PLACE}/settings").text)
    assert withdraw
    opened.post(f"{PLACE}/{withdraw[0]}")
    assert student.get(f"{PLACE}/").status_code == 404


def test_a_wrong_key_is_mended_after_a_look_at_whose_points_change(
    school: School, opened: httpx.Client, settings: Settings
) -> None:
    student = school.invited("student", "Zoë")
    assert "<strong>Not yet.</strong>" in hand_in(student, "q-one", "5")
    assert "Corrected questions" not in opened.get(f"{PLACE}/settings").text

    write(settings, key=5)
    school.run(assignments.take, read_assigned(settings))  # as when the server starts
    page = opened.get(f"{PLACE}/settings").text
    assert "Answers that are not judged by it yet: 1." in page
    step = re.search(r"editions/q-one/\w+/judge", page)
    assert step
    assert opened.post(f"{PLACE}/{step[0]}").status_code == 303
    until(lambda: "Put it into use" in opened.get(f"{PLACE}/settings").text)  # the worker judges
    page = opened.get(f"{PLACE}/settings").text
    assert '<th scope="row" dir="auto">Zoë</th><td>0</td><td>2 gains ▲</td>' in page
    assert "Points: 0 of 2." in student.get(f"{PLACE}/").text, "nothing has changed yet"
    opened.post(f"{PLACE}/{step[0].removesuffix('judge')}apply")
    page = student.get(f"{PLACE}/").text
    assert "Points: 2 of 2." in page
    assert "The question was corrected and your answer judged again." in page


def test_what_could_not_be_judged_is_judged_again_on_demand(
    school: School, opened: httpx.Client
) -> None:
    school.room.judge = lambda question, answer: Verdict("unjudged", "The disk is full.")
    student = school.invited("student", "Zoë")
    assert "could not be judged" in hand_in(student, "q-one", "4")
    page = opened.get(f"{PLACE}/settings").text
    step = re.search(r'editions/q-one/\w+/judge"><button>Judge again', page)
    assert step
    assert opened.post(f"{PLACE}/{step[0].partition(chr(34))[0]}").status_code == 303
    until(lambda: "<strong>Right.</strong>" in student.get(f"{PLACE}/").text)
    assert "Judge again" not in opened.get(f"{PLACE}/settings").text


def fields_of(page: str) -> dict[str, str]:
    """The fields of the form for dates and rules, as a browser would send them."""
    form = page[page.index('name="shown"') - 30 :].partition("</form>")[0]
    fields = dict(re.findall(r'<input [^>]*name="(\w+)"[^>]* value="([^"]*)"', form))
    (fields["shown"],) = re.findall("name=\"shown\" value='(.*?)'", form)
    (fields["counts"],) = re.findall(r'<option value="(\w+)" selected', form)
    return fields


def test_two_instructors_do_not_take_back_what_the_other_has_set(
    school: School, opened: httpx.Client
) -> None:
    place, ben = f"{PLACE}/settings", school.invited("instructor", "Ben")
    old = fields_of(ben.get(place).text)
    due = moment(0)
    ada = {**fields_of(opened.get(place).text), "due_at": due, "closes_at": "", "percent": "20"}
    assert opened.post(place, data=ada).status_code == 303
    refused = ben.post(place, data={**old, "grace": "5"})
    assert refused.status_code == 409
    assert "somebody else has changed this" in refused.text
    assert (
        f'Due (empty: never) <strong class="warning">Now: <bdi><time datetime="{due}Z"'
        in refused.text
    )
    assert 'the points <strong class="warning">Now: <bdi>20' in refused.text
    again = fields_of(refused.text)
    assert {**again, "shown": ""} == {**old, "grace": "5", "shown": ""}, "what Ben has typed"
    assert fields_of(opened.get(place).text)["due_at"] == due
    assert ben.post(place, data={**again, "due_at": due}).status_code == 303, "now he has seen it"
    log = opened.get("/classroom/audit").text
    assert f"first; due_at {old['due_at']} → {due}; closes_at {old['closes_at']} → –" in re.sub(
        '</span>|<span lang="en">', "", log
    )
