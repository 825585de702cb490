"""Answers over HTTP, as the page's script sends them: who gets which reply, and who gets none."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from latentbook.base.errors import LatentbookError
from latentbook.book.translations.language import language
from latentbook.settings import Settings
from latentbook_classroom.course import assignments, attempts, people
from latentbook_classroom.course.judging import Judging
from latentbook_classroom.grader import snapshot
from latentbook_classroom.grader.question import Question
from latentbook_classroom.grader.verdict import Verdict
from tests.classroom.conftest import School
from tests.classroom.course import ASSIGNED, judge
from tests.patience import SERVER_S, until

PLACE = "/classroom/assignments/first/"
ANSWERS = f"{PLACE}answers/"
HOUR = timedelta(hours=1)
LONG_AGO = "1970-01-01T00:00:00.000Z"


@pytest.fixture(autouse=True)
def quick_judges(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Replace the judges by the tests' own; while the event is not set, code waits."""
    may_judge = threading.Event()
    may_judge.set()

    def judge_soon(self: Judging, question: Question, answer: str) -> Verdict:
        assert question.kind != "code" or may_judge.wait(SERVER_S)
        return judge(question, answer)

    monkeypatch.setattr(Judging, "judge", judge_soon)
    return may_judge


@pytest.fixture
def ina(school: School) -> httpx.Client:
    """An instructor of a course with an assignment."""
    school.run(assignments.take, ASSIGNED)
    return school.joined(school.first, "Ina")


def open_it(school: School, **changed: Any) -> None:
    token, now = school.run(people.new_session, school.number("Ina")), datetime.now(UTC)
    dates = {"opens_at": now - HOUR, "due_at": now + HOUR, **changed}
    ina = school.run(people.signed_in, token)
    school.run(assignments.set_dates, ina, "first", **dates)


def post(
    client: httpx.Client, label: str, answer: str, id: str, made_at: str = LONG_AGO
) -> httpx.Response:
    given = {"answer": answer, "id": id, "made_at": made_at}
    return client.post(f"{ANSWERS}{label}", data=given, headers={"Accept": "text/x-part"})


def shown(client: httpx.Client, label: str) -> str:
    return client.get(f"{ANSWERS}{label}").text


def test_an_answer_gets_its_verdict_or_waits(
    school: School, ina: httpx.Client, quick_judges: threading.Event
) -> None:
    open_it(school, tries=2)
    ada = school.invited("student", "Ada", "Monday")
    assert "Group: Monday." in ada.get("/classroom/").text
    for _ in range(2):
        response = post(ada, "q-one", "8", "a.1")
        assert response.status_code == 200
        assert response.headers["cache-control"] == "no-store"
        assert "<strong>Not yet.</strong> <p>Twice as much.</p>" in response.text
        assert "Tries left: 1 of 2." in response.text
    assert "<strong>Right.</strong>" in post(ada, "q-one", "4", "a.2").text
    assert post(ada, "q-one", "4", "a.3").status_code == 409
    quick_judges.clear()
    waits = post(ada, "q-code", "two = 2", "a.4")
    quick_judges.set()
    assert (waits.status_code, "waits to be judged" in waits.text) == (200, True)
    until(lambda: "waits to be judged" not in shown(ada, "q-code"))
    assert "<strong>Right.</strong>" in shown(ada, "q-code")
    for label, standing in {
        "q-one": ("Points: 2 of 2.", "Tries left: 0 of 2."),
        "q-many": ("Points: 1.", "Tries left: 2 of 2."),
        "q-code": ("Points: 4 of 4.", "Tries left: 1 of 2."),
    }.items():
        part = shown(ada, label)
        assert all(words in part for words in standing), part


def test_others_write_while_an_answer_is_judged(school: School, ina: httpx.Client) -> None:
    def judge_while_others_write(question: Question, answer: str) -> Verdict:
        school.run(people.rename_course, me, "Another name", "")
        return judge(question, answer)

    open_it(school)
    me = school.run(people.signed_in, school.run(people.new_session, school.number("Ina")))
    ada = school.invited("student", "Ada")
    school.room.judge = judge_while_others_write
    assert "<strong>Right.</strong>" in post(ada, "q-one", "4", "a.1").text
    assert "Another name" in ada.get("/classroom/").text


def test_as_much_code_as_is_accepted_fits_into_a_form(school: School, ina: httpx.Client) -> None:
    """Each of these characters takes twelve bytes in a form."""
    open_it(school)
    ada = school.invited("student", "Ada")
    assert post(ada, "q-code", "😀" * attempts.MAX_ANSWER, "a.1").status_code == 200
    refused = post(ada, "q-code", "😀" * (attempts.MAX_ANSWER + 1), "a.2")
    assert (refused.status_code, "at most 100000 characters" in refused.text) == (422, True)


def test_sending_at_once_wins_no_tries(school: School, ina: httpx.Client) -> None:
    open_it(school, tries=1)
    ada = school.invited("student", "Ada")
    with ThreadPoolExecutor(8) as pool:
        same = list(pool.map(lambda _: post(ada, "q-one", "3", "a.1").status_code, range(8)))
        others = list(pool.map(lambda i: post(ada, "q-many", "3", f"b.{i}").status_code, range(8)))
    assert same == [200] * 8
    assert sorted(others) == [200] + [409] * 7
    for label, left in {"q-one": 0, "q-many": 0, "q-code": 1}.items():
        assert f"Tries left: {left} of 1." in shown(ada, label)


def test_a_clock_that_is_wrong_changes_nothing(school: School, ina: httpx.Client) -> None:
    """The arrival of a stored answer decides whether it is late, whatever the browser reports."""
    open_it(school)
    ada = school.invited("student", "Ada")
    for i, made_at in enumerate((LONG_AGO, "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z")):
        assert post(ada, "q-one", "4", f"a.{i}", made_at).status_code == 200
    past = datetime.now(UTC) - HOUR
    open_it(school, opens_at=past - HOUR, due_at=past)
    before_it_was_due = (past - HOUR / 2).isoformat()
    assert post(ada, "q-many", "1", "a.9", before_it_was_due).status_code == 409
    open_it(school, opens_at=past - HOUR, due_at=past, closes_at=past + 2 * HOUR)
    late = post(ada, "q-many", "1", "a.9", before_it_was_due)
    assert (late.status_code, "This answer was late." in late.text) == (200, True)


def test_nothing_of_a_question_is_said_before_it_opens(school: School, ina: httpx.Client) -> None:
    ada = school.invited("student", "Ada")
    open_it(school, opens_at=datetime.now(UTC) + HOUR / 2)
    responses = [
        ada.get("/classroom/"),
        ada.get("/classroom/assignments/"),
        ada.get("/classroom/grades/"),
        ada.get(PLACE),
        ada.get(f"{ANSWERS}q-one"),
        post(ada, "q-one", "4", "a.1"),
    ]
    assert [each.status_code for each in responses] == [200, 200, 200, 404, 404, 404]
    for each in responses:
        assert "numbers" not in each.text
        assert "First sheet" not in each.text


def test_nobody_reads_or_takes_over_anothers_attempt(school: School, ina: httpx.Client) -> None:
    open_it(school)
    ada, eve = school.invited("student", "Ada"), school.invited("student", "Eve")
    assert "<strong>Right.</strong>" in post(ada, "q-one", "4", "a.1").text
    for client in (eve, ina):
        assert "Right." not in shown(client, "q-one")
        assert post(client, "q-one", "4", "a.1").status_code == 409
    exported = eve.get("/classroom/me/export.json").json()
    assert (exported["attempts"], exported["marks"]) == ([], [])
    assert ada.get("/classroom/me/export.json").json()["attempts"][0]["answer"] == "4"


def test_the_books_judges_read_its_language_and_keep_the_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()
    judging = Judging(Settings(), lambda: language("de"))
    try:
        key = {"answer": 0.5, "tolerance": 0.01, "unit": "", "wrong": []}
        half = judging.at_once(Question("q-half", "number", key=key), "0,5")
        assert half is not None
        assert half.is_right
        key = {"answer": 100, "tolerance": 2, "unit": "", "log": False}
        guess = judging.at_once(Question("q-guess", "guess", key=key, step="1"), "50")
        assert guess is not None
        assert (guess.state, guess.message) == ("wrong", "")
    finally:
        judging.close()


def test_a_number_does_not_wait_while_the_grader_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    begun, may_end = threading.Event(), threading.Event()

    def prepare(*_: object) -> None:
        begun.set()
        assert may_end.wait(SERVER_S)
        raise LatentbookError("There is no sandbox.")

    monkeypatch.setattr(snapshot, "prepare", prepare)
    judging = Judging(Settings(), lambda: language("en"))
    key = {"answer": 0.5, "tolerance": 0.01, "unit": "", "wrong": []}
    try:
        with ThreadPoolExecutor() as pool:
            code = pool.submit(judging.judge, Question("q-code", "code"), "")
            assert begun.wait(SERVER_S)
            number = pool.submit(judging.at_once, Question("q-half", "number", key=key), "0.5")
            try:
                found = number.result(SERVER_S)
            finally:
                may_end.set()
            assert found is not None
            assert found.is_right
            with pytest.raises(LatentbookError, match="no sandbox"):
                code.result(SERVER_S)
    finally:
        judging.close()


def test_no_judge_is_loaded_before_it_is_needed() -> None:
    program = (
        "import sys, latentbook_classroom.course.mode;"
        "found = [name for name in sys.modules if name in ('deno', 'latentbook.book.load',"
        " 'latentbook_classroom.grader.grader', 'latentbook_classroom.grader.judges')];"
        "assert not found, found"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.long
def test_no_generated_answer_brings_the_server_down(school: School, ina: httpx.Client) -> None:
    open_it(school)
    ada = school.invited("student", "Ada")
    text = st.text(max_size=300)
    fields = st.fixed_dictionaries({"answer": text, "id": text}, optional={"made_at": text})

    @given(label=st.sampled_from(["q-one", "q-many", "q-code", "q-none"]), form=fields)
    @settings(
        deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    def check(label: str, form: dict[str, str]) -> None:
        body = "&".join(f"{name}={quote(form[name], errors='surrogatepass')}" for name in form)
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        response = ada.post(f"{ANSWERS}{label}", content=body, headers=kind)
        assert response.status_code in (200, 303, 404, 409, 422, 429), (form, response.text)

    check()
