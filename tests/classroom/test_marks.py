"""Attempts, verdicts and scores on the server."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from latentbook.base.errors import LatentbookError
from latentbook_classroom.course import (
    assignments,
    attempts,
    events,
    judging,
    people,
    regrade,
    scores,
)
from latentbook_classroom.course.judging import LEASE, MAX_TRIES, Worker, finish, lease
from latentbook_classroom.course.late import Late
from latentbook_classroom.course.people import Member
from latentbook_classroom.course.refused import Refused
from latentbook_classroom.course.replay import replayed
from latentbook_classroom.course.tables import job, question, variant
from latentbook_classroom.grader.question import Question
from latentbook_classroom.grader.verdict import Verdict
from tests.classroom.course import (
    ASSIGNED,
    DAY,
    START,
    WEEK,
    Course,
    code,
    edition,
    judge,
    judge_now,
    number,
)
from tests.patience import SERVER_S, until


def refused(status: int, work: Callable[..., Any], *given: Any, **named: Any) -> None:
    with pytest.raises(Refused) as why:
        work(*given, **named)
    assert why.value.status_code == status, why.value


def key_of(course: Course, who: Member, label: str) -> float:
    """The key of the variant that somebody was given."""
    put = course.run(assignments.given, who, "first", START).put(label)
    asked = course.run(assignments.asked, put.question, put.variant)
    key: float = asked.variants[0].question.key["answer"]
    return key


def test_an_attempt_is_judged_at_once_or_in_the_queue(course: Course) -> None:
    course.open()
    ada = course.member("Ada")
    wrong = course.answer(ada, "q-one", "8")
    assert (wrong.state, wrong.told) == ("wrong", "Twice as much.")
    assert course.score(ada, "q-one").mistake == "wrong 0"
    assert course.answer(ada, "q-one", "4", START + DAY).state == "right"
    assert course.answer(ada, "q-code", "two = 2").state == "waiting"
    assert course.score(ada, "q-code").state == "waiting"
    found = course.run(scores.scores, 1, member_id=ada.id)
    total = scores.totals(found)[ada.id, 1]
    assert (total.points, total.of, total.is_complete) == (2.0, 7.0, False)
    course.work()
    assert course.score(ada, "q-code").points == 4.0
    assert course.score(ada, "q-many").state == "none"


def test_the_same_attempt_again_changes_nothing(course: Course) -> None:
    course.open(tries=1)
    ada, bob = course.member("Ada"), course.member("Bob")
    first = course.answer(ada, "q-one", "4", START, "x.1")
    assert course.answer(ada, "q-one", "4", START + 9 * WEEK, "x.1") == first
    refused(409, course.answer, ada, "q-one", "5", START, "x.1")
    refused(409, course.answer, bob, "q-one", "4", START, "x.1")
    refused(404, course.run, attempts.find, bob, "x.1")
    refused(422, course.answer, bob, "q-one", "4", START, "x 1")
    assert course.score(ada, "q-one").tries == 1
    assert course.score(bob, "q-one").state == "none"


def test_what_is_not_open_accepts_nothing_and_says_nothing(course: Course) -> None:
    ada = course.member("Ada")
    refused(404, course.answer, ada, "q-one", "4")
    assert course.run(assignments.open_ones, ada, START) == []
    course.open(closes_at=START + 2 * WEEK, late=Late(percent=10, most=50, grace=5))
    refused(404, course.answer, ada, "q-one", "4", START - timedelta(seconds=1))
    end = START + 2 * WEEK + timedelta(minutes=5)
    assert course.answer(ada, "q-one", "4", end).state == "right"
    refused(409, course.answer, ada, "q-one", "4", end + timedelta(seconds=1))
    assert course.score(ada, "q-one").points == 1.0  # eight days late: not more than half
    refused(404, course.answer, ada, "q-none", "4", end)
    refused(422, course.answer, ada, "q-one", "\ud800", end)


def test_tries_are_counted_but_not_what_was_no_answer(course: Course) -> None:
    course.open(tries=2)
    ada = course.member("Ada")
    for answer in ("", "1", "", "2"):
        course.answer(ada, "q-one", answer)
    refused(409, course.answer, ada, "q-one", "4")
    assert course.score(ada, "q-one").tries == 2
    course.run(assignments.extend, course.ina, "first", who=ada.person, tries=3)
    assert course.answer(ada, "q-one", "4").state == "right"


def test_extensions_only_ever_favour_the_student(course: Course) -> None:
    course.open()
    ada, bob = course.member("Ada", group="Monday"), course.member("Bob")
    course.run(assignments.extend, course.ina, "first", group="Monday", due_at=START + 2 * WEEK)
    course.run(assignments.extend, course.ina, "first", who=ada.person, due_at=START + DAY)
    refused(409, course.answer, bob, "q-one", "4", START + WEEK + DAY)
    course.answer(ada, "q-one", "4", START + WEEK + DAY)
    assert course.score(ada, "q-one").late_days == 0
    refused(404, course.run, assignments.extend, course.ina, "first", who=99, tries=1)
    refused(422, course.run, assignments.extend, course.ina, "first", tries=1)


def test_answers_are_shown_after_the_last_extension(course: Course) -> None:
    course.open(answers_at=START + WEEK)
    ada, bob = course.member("Ada"), course.member("Bob")
    course.run(assignments.extend, course.ina, "first", who=bob.person, due_at=START + 2 * WEEK)

    def are_shown(at: datetime) -> Any:
        return course.run(assignments.given, ada, "first", at).shows_answers

    assert not are_shown(START + WEEK + DAY)
    assert are_shown(START + 2 * WEEK)


def test_everybody_has_numbers_of_their_own(course: Course) -> None:
    course.open()
    students = [course.member(f"Student {i}") for i in range(12)]
    keys = [key_of(course, each, "q-many") for each in students]
    assert len(set(keys)) > 6
    assert keys == [key_of(course, each, "q-many") for each in students]
    for each, key in zip(students, keys, strict=True):
        assert course.answer(each, "q-many", str(key)).state == "right"


def test_the_best_attempt_counts_or_the_last(course: Course) -> None:
    course.open(closes_at=START + 2 * WEEK, late=Late(percent=25))
    ada = course.member("Ada")
    course.answer(ada, "q-one", "4", START)
    course.answer(ada, "q-one", "4", START + WEEK + DAY)
    assert course.score(ada, "q-one").points == 2.0
    course.open(closes_at=START + 2 * WEEK, late=Late(percent=25), counts="last")
    assert course.score(ada, "q-one").points == 1.5
    course.answer(ada, "q-one", "3", START + WEEK + DAY)
    assert course.score(ada, "q-one").state == "wrong"


def test_a_clock_that_is_set_back_changes_no_order(course: Course) -> None:
    course.open(counts="last")
    ada = course.member("Ada")
    course.answer(ada, "q-one", "4", START + timedelta(hours=2))
    course.answer(ada, "q-one", "3", START + timedelta(hours=1))
    assert course.score(ada, "q-one").state == "wrong"


def test_an_instructor_decides_and_says_why(course: Course) -> None:
    course.open()
    ada = course.member("Ada")
    course.answer(ada, "q-one", "3")
    place = (course.ina, ada.person, 1, "q-one")
    refused(422, course.run, scores.override, *place, 1.5, " ")
    course.run(scores.override, *place, 1.5, "A slip of the pen")
    found = course.score(ada, "q-one")
    assert (found.points, found.state) == (1.5, "wrong")
    assert found.override is not None
    assert (found.override.why, found.override.by) == ("A slip of the pen", course.ina.person)
    course.run(scores.override, *place, None, "")
    assert course.score(ada, "q-one").points == 0
    refused(404, course.run, scores.override, course.ina, 99, 1, "q-one", 1, "No")
    refused(404, course.run, scores.override, course.ina, ada.person, 1, "q-none", 1, "No")
    refused(422, course.run, scores.override, *place, 20.5, "Too many")
    refused(422, course.run, scores.override, *place, float("nan"), "No number")


def test_a_wrong_key_is_mended(course: Course) -> None:
    course.open()
    ada, bob = course.member("Ada"), course.member("Bob")
    course.answer(ada, "q-one", "4")
    course.answer(bob, "q-one", "5")
    mended = replace(
        ASSIGNED, questions={**ASSIGNED.questions, "q-one": number("q-one", 5, of="mended")}
    )
    course.run(assignments.take, mended)
    assert course.answer(bob, "q-one", "5").state == "wrong"  # an open one keeps its edition
    course.run(assignments.take, ASSIGNED)
    assert course.run(regrade.offered, 1) == []  # taken back
    course.run(assignments.take, mended)
    (offer,) = course.run(regrade.offered, 1)
    assert (offer.label, offer.edition) == ("q-one", edition("mended"))
    place = (course.ina, 1, "q-one", edition("mended"))
    course.run(regrade.start, *place)
    assert course.run(regrade.preview, *place).waiting == 3
    course.work()
    preview = course.run(regrade.preview, *place)
    gains = {each.member: (each.before.points, each.after.points) for each in preview.changes}
    assert (preview.waiting, gains) == (0, {ada.id: (2, 0), bob.id: (0, 2)})
    assert course.score(ada, "q-one").points == 2.0  # nothing has changed yet
    course.answer(bob, "q-one", "6")
    course.run(regrade.apply, *place)
    assert not course.score(bob, "q-one").is_final
    course.work()
    found = course.score(bob, "q-one")
    assert (found.points, found.is_regraded, found.is_final) == (2.0, True, True)
    assert course.run(regrade.offered, 1) == []
    refused(404, course.run, regrade.start, course.ina, 1, "q-one", edition("q-code"))


def mended_code(course: Course) -> tuple[Member, int, str, str]:
    """Give the book a new edition of the question about code; return its place."""
    questions = {**ASSIGNED.questions, "q-code": code("q-code", of="mended")}
    course.run(assignments.take, replace(ASSIGNED, questions=questions))
    return course.ina, 1, "q-code", edition("mended")


def test_answers_that_are_judged_again_keep_nobody_waiting(course: Course) -> None:
    course.open()
    ada, bob = course.member("Ada"), course.member("Bob")
    for _ in range(attempts.MAX_WAITING):
        course.answer(ada, "q-code", "two = 1")
        course.work()
    course.run(regrade.start, *mended_code(course))
    assert course.answer(ada, "q-code", "two = 2").state == "waiting"
    course.answer(bob, "q-code", "two = 2", id="b.1")
    taken = [course.run(lease, DAY) for _ in range(2)]
    assert [(each.answer, each.tries) for each in taken] == [("two = 2", 1)] * 2


def test_whose_code_never_ends_holds_up_nobody_else(course: Course) -> None:
    course.open()
    ada, bob, emmy = (course.member(name) for name in ("Ada", "Bob", "Emmy"))
    for answer in ("loop 1", "loop 2", "loop 3"):
        course.answer(ada, "q-code", answer)
    begun: list[str] = []

    def see(question: Question, answer: str) -> Verdict:
        begun.append(answer)
        return judge(question, answer)

    worker = Worker(course.database, see)
    worker.work()  # nobody else is there
    course.answer(bob, "q-code", "bob 1")
    for answer in ("emmy 1", "emmy 2"):
        course.answer(emmy, "q-code", answer)
    while worker.work():
        pass
    assert begun == ["loop 1", "bob 1", "emmy 1", "loop 2", "emmy 2", "loop 3"]


@pytest.mark.parametrize("times", [1, 4])
def test_an_answer_that_was_begun_keeps_its_turn(course: Course, times: int) -> None:
    course.open()
    ada, eve = course.member("Ada"), course.member("Eve")
    course.answer(ada, "q-code", "two = 2")
    for _ in range(times):
        course.run(lease, timedelta(seconds=-1))
    for i in range(3):
        course.answer(eve, "q-code", f"loop {i}")
    assert [course.run(lease, DAY, [eve.id]).answer for _ in range(2)] == ["two = 2", "loop 0"]


def test_an_answer_that_nothing_judges_does_not_hold_a_correction_up(course: Course) -> None:
    course.open()
    ada, bob = course.member("Ada"), course.member("Bob")
    course.answer(ada, "q-code", "two = 2")
    course.answer(bob, "q-code", "bomb")
    course.work()
    place = mended_code(course)
    course.run(regrade.start, *place)
    for _ in range(2):
        leased = course.run(lease, DAY)
        assert course.run(regrade.preview, *place).waiting > 0
        state = "unjudged" if leased.answer == "bomb" else "right"
        course.run(finish, leased, Verdict(state))
    assert course.run(regrade.preview, *place).waiting == 0
    course.run(regrade.start, *place)
    assert course.run(regrade.preview, *place).waiting == 1, "on demand it is tried again"


def test_before_it_opens_an_assignment_follows_its_file(course: Course) -> None:
    first = ASSIGNED.assignments[0]
    shorter = replace(first, title="Sheet", questions=(("q-one", 3.0),))
    course.run(assignments.take, replace(ASSIGNED, assignments=(shorter,)))
    course.open()
    ada = course.member("Ada")
    given = course.run(assignments.given, ada, "first", START)
    assert [(put.label, put.points) for put in given.questions] == [("q-one", 3.0)]
    course.run(assignments.take, ASSIGNED)
    course.run(assignments.take, replace(ASSIGNED, assignments=(shorter,)))
    given = course.run(assignments.given, ada, "first", START)
    assert {put.label for put in given.questions} == {"q-one", "q-many", "q-code"}
    course.answer(ada, "q-code", "two = 2")
    course.open(opens_at=None)  # closed again, but it has been answered
    course.run(assignments.take, replace(ASSIGNED, assignments=(shorter,)))
    course.work()
    assert course.score(ada, "q-code").points == 4.0


def test_the_next_term_takes_the_assignments_along_and_nobody(course: Course) -> None:
    course.open(tries=3, late=Late(percent=20))
    ada = course.member("Ada")
    course.answer(ada, "q-one", "4")
    course.run(assignments.next_term, "Spring", course.ina)
    now = course.run(people.present)
    (row,) = course.run(assignments.everything, now.id)
    assert (row.name, row.tries, row.late["percent"]) == ("first", 3, 20)
    assert (row.opens_at, row.due_at) == (None, None)
    asked = course.run(assignments.asked_in, row.id)
    assert [(each.label, each.points) for each in asked] == [
        *(("q-one", 2.0), ("q-many", 1.0), ("q-code", 4.0)),
    ]
    assert course.run(scores.scores, now.id) == {}
    assert course.run(scores.scores, 1)[ada.id, 1, "q-one"].points == 2.0


def test_what_a_person_has_saved_names_their_extensions(course: Course) -> None:
    course.open()
    ada, bob = course.member("Ada", group="B"), course.member("Bob")
    for given in ({"who": bob.person, "tries": 1}, {"who": ada.person, "tries": 2}):
        course.run(assignments.extend, course.ina, "first", **given)
    for group in ("A", "B"):
        course.run(assignments.extend, course.ina, "first", group=group, due_at=START + DAY)
    own, of_group = course.run(people.everything_of, ada)["extensions"]
    assert (own["assignment"], own["tries"], own["group"]) == ("first", 2, "")
    assert (of_group["group"], of_group["due_at"]) == ("B", START + DAY)
    assert len(course.run(people.everything_of, bob)["extensions"]) == 1


def test_who_is_erased_takes_attempts_along(course: Course) -> None:
    course.open()
    ada, bob = course.member("Ada"), course.member("Bob")
    for who in (ada, bob):
        course.answer(who, "q-code", "two = 2")
        course.run(scores.override, course.ina, who.person, 1, "q-one", 1, "Said aloud")
    stored = course.run(people.everything_of, ada)
    assert [each["answer"] for each in stored["attempts"]] == ["two = 2"]
    assert [each["why"] for each in stored["marks"]] == ["Said aloud"]
    course.run(people.erase, ada, ada.person)
    course.work()
    assert course.score(bob, "q-code").points == 4.0

    def rows(connection: Any) -> list[int]:
        tables = ("attempt", "result", "job", "mark")
        return [connection.exec_driver_sql(f"select count(*) from {t}").scalar() for t in tables]

    assert course.run(rows) == [1, 1, 0, 1]


@pytest.mark.parametrize("label", ["q-one", "q-code"])
def test_who_is_erased_while_an_answer_arrives_is_signed_out(course: Course, label: str) -> None:
    course.open()
    ada = course.member("Ada")
    course.run(people.erase, course.ina, ada.person)
    refused(401, course.answer, ada, label, "4")
    refused(401, course.run, events.add, ada.person, [("a.1", "{}")])


def test_every_mark_is_replayed_from_what_is_stored(course: Course) -> None:
    course.open()
    ada = course.member("Ada")
    for label, answer in (("q-one", "8"), ("q-many", "100"), ("q-code", "two = 2")):
        course.answer(ada, label, answer)
    course.answer(ada, "q-code", "two = 3")
    course.work()
    course.answer(ada, "q-code", "two = 2")  # waits
    said: list[str] = []
    assert replayed(course.database, judge, said.append)
    assert said == ["Verdicts that are the same again: 4 of 4"]

    def otherwise(question: Question, answer: str) -> Verdict:
        return Verdict("right") if answer == "8" else judge(question, answer)

    assert not replayed(course.database, otherwise, said.append)
    assert "q-one was wrong wrong 0, and is right" in said[1]
    with course.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE attempt SET variant = 1 - variant WHERE label = 'q-one'")
    assert not replayed(course.database, judge, said.append)
    assert "variant 1, and variant 0 is drawn" in said[-2]


def test_nobody_floods_the_queue(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    course.open()
    ada, bob = course.member("Ada"), course.member("Bob")
    for _ in range(attempts.MAX_WAITING):
        course.answer(ada, "q-code", "two = 1")
    refused(429, course.answer, ada, "q-code", "two = 2")
    assert course.answer(bob, "q-code", "two = 2").state == "waiting"
    course.work()
    assert course.answer(ada, "q-code", "two = 2").state == "waiting"
    monkeypatch.setattr(attempts, "MAX_ATTEMPTS", 2)
    course.answer(ada, "q-one", "1")
    course.answer(ada, "q-one", "1")
    refused(409, course.answer, ada, "q-one", "4")


def test_a_full_queue_keeps_out_only_what_would_wait_in_it(course: Course) -> None:
    course.open()
    ada = course.member("Ada")
    for _ in range(attempts.MAX_WAITING):
        course.answer(ada, "q-code", "two = 1")
    refused(429, course.answer, ada, "q-code", "two = 2")
    assert course.answer(ada, "q-one", "4").state == "right"


def test_answers_have_a_room_together(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    course.open()
    ada, bob = course.member("Ada"), course.member("Bob")
    monkeypatch.setattr(attempts, "MAX_CHARACTERS", 10)
    course.answer(ada, "q-code", "€" * 9)
    course.answer(ada, "q-code", "€" * 9)
    refused(409, course.answer, ada, "q-code", "€")
    course.answer(ada, "q-one", "4")
    course.answer(bob, "q-code", "€")


def test_an_answer_to_what_was_asked_before_is_not_judged_by_another_key(course: Course) -> None:
    """A page that was opened before a correction was put into use shows other numbers."""
    course.open(tries=1)
    ada = course.member("Ada")
    before, question = course.run(assignments.judged_by, ada, "first", "q-one", START)
    shown = before.put("q-one").question
    mended = {**ASSIGNED.questions, "q-one": number("q-one", 5, of="mended")}
    course.run(assignments.take, replace(ASSIGNED, questions=mended))
    course.run(regrade.apply, course.ina, 1, "q-one", edition("mended"))

    def answer(asked_as: int, id: str) -> attempts.Row:
        given, question = course.run(assignments.judged_by, ada, "first", "q-one", START)
        said = ("q-one", id, "4", START, asked_as, judge_now(question, "4"))
        made: attempts.Row = course.run(attempts.submit, ada, given, *said)
        return made

    refused(409, answer, shown, "a.x")
    said = ("q-one", "a.x", "4", START, shown, judge_now(question, "4"))
    refused(409, course.run, attempts.submit, ada, before, *said)  # corrected while it was judged
    asked = course.run(assignments.given, ada, "first", START).put("q-one")
    assert course.score(ada, "q-one").tries == 0
    assert answer(asked.question, "a.y").state == "wrong"


@pytest.mark.parametrize("name", ["opens_at", "due_at", "closes_at"])
def test_no_date_is_too_late_to_be_computed_with(course: Course, name: str) -> None:
    last = datetime.max.replace(tzinfo=UTC)
    refused(422, course.open, **{"opens_at": None, "due_at": None, name: last})
    refused(422, course.run, assignments.extend, course.ina, "first", group="B", **{name: last})


@pytest.mark.parametrize("group", ["x" * 121, "a\0b"])
def test_a_group_is_a_name(course: Course, group: str) -> None:
    refused(422, course.run, assignments.extend, course.ina, "first", group=group, tries=2)


# The queue


def test_what_a_killed_server_was_judging_is_judged_by_the_next(course: Course) -> None:
    course.open()
    ada = course.member("Ada")
    course.answer(ada, "q-code", "two = 2")

    class Killed(BaseException):
        pass

    def kill(question: Question, answer: str) -> Verdict:
        raise Killed

    for _ in range(3):
        with pytest.raises(Killed):
            Worker(course.database, kill, lease=timedelta(seconds=-1)).work()
    assert course.score(ada, "q-code").state == "waiting"
    course.work()
    assert course.score(ada, "q-code").state == "right"


@pytest.mark.parametrize("hours", [-24, -1, 1, 24])
def test_a_clock_that_is_set_holds_up_nothing(
    course: Course, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    course.open()
    ada = course.member("Ada")
    course.answer(ada, "q-code", "two = 2")
    course.run(lease, LEASE)  # and the server is killed
    monkeypatch.setattr(judging, "now", lambda: datetime.now(UTC) + timedelta(hours=hours))
    course.work()
    assert course.score(ada, "q-code").state == "right"


@pytest.mark.parametrize("hours", [-1, 1])
def test_no_clock_has_an_answer_judged_twice(
    course: Course, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    course.open()
    course.answer(course.member("Ada"), "q-code", "two = 2")
    found: list[bool] = []

    def see(question: Question, answer: str) -> Verdict:
        monkeypatch.setattr(judging, "now", lambda: datetime.now(UTC) + timedelta(hours=hours))
        found.append(worker.work())  # another thread
        return judge(question, answer)

    worker = Worker(course.database, see)
    worker.work()
    assert found == [False]


def test_the_only_server_waits_for_no_lease_of_a_killed_one(course: Course) -> None:
    course.open()
    course.answer(course.member("Ada"), "q-code", "two = 2")
    course.run(lease, LEASE)
    worker = Worker(course.database, judge, threads=0)
    course.run(worker.take_over)
    worker.start()
    assert worker.work() == course.database.is_sqlite, "on PostgreSQL another may be judging it"
    worker.close()


@pytest.mark.clock
def test_a_lease_is_renewed_while_its_server_lives(course: Course) -> None:
    course.open()
    course.answer(course.member("Ada"), "q-code", "two = 2")
    found: list[object] = []
    done = threading.Event()

    def judge_slowly(question: Question, answer: str) -> Verdict:
        until = sa.select(job.c.leased_until)
        first = course.run(lambda connection: connection.execute(until).scalar())
        while course.run(lambda connection: connection.execute(until).scalar()) == first:
            time.sleep(0.05)
        found.append(course.run(lease, timedelta(seconds=1)))
        done.set()
        return Verdict("right")

    worker = Worker(course.database, judge_slowly, threads=1, lease=timedelta(seconds=12))
    worker.start()
    assert done.wait(SERVER_S)
    worker.close()
    assert found == [None]


def test_an_answer_that_ends_every_server_is_not_judged_for_ever(course: Course) -> None:
    course.open()
    ada = course.member("Ada")
    course.answer(ada, "q-code", "two = 2")
    for _ in range(MAX_TRIES):
        course.database.run_here(lease, timedelta(seconds=-1))
    course.work()
    found = course.run(attempts.of_member, ada.id, 1)[0]
    assert found.state == "unjudged"
    assert f"begun {MAX_TRIES} times" in found.said
    for _ in range(2):  # again, but once
        course.run(regrade.start, course.ina, 1, "q-code", edition("q-code"))
    assert course.worker.work()
    assert not course.worker.work()
    assert course.score(ada, "q-code").state == "right"


def test_a_leased_answer_is_judged_by_one_and_counted_once(course: Course) -> None:
    course.open()
    ada = course.member("Ada")
    course.answer(ada, "q-code", "two = 2")
    late = course.database.run_here(lease, timedelta(seconds=-1))
    assert late is not None
    course.work()  # the lease has ended: somebody else judges
    course.database.run_here(finish, late, Verdict("wrong"))
    assert course.score(ada, "q-code").state == "right"


def test_what_cannot_be_judged_says_why_and_is_tried_again_first(course: Course) -> None:
    course.open()
    ada = course.member("Ada")
    course.answer(ada, "q-code", "two = 2")
    calls = []

    def fails(question: Question, answer: str) -> Verdict:
        calls.append(answer)
        raise LatentbookError("There is no Deno.")

    worker = Worker(course.database, fails, pause=timedelta(seconds=-1))
    while worker.work():
        pass
    assert len(calls) == MAX_TRIES
    (found,) = course.run(attempts.of_member, ada.id, 1)
    assert (found.state, found.said) == ("unjudged", "There is no Deno.")


def test_an_outage_of_the_judge_lasts_hours_and_costs_nothing(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    course.open()
    ada, bob = course.member("Ada"), course.member("Bob")
    minute, calls = 0, 0

    def fails(question: Question, answer: str) -> Verdict:
        nonlocal calls
        calls += 1
        if minute < 9 * 60 and answer == "two = 2":
            raise OSError("No space left on device")
        return judge(question, answer)

    monkeypatch.setattr(judging, "time", SimpleNamespace(monotonic=lambda: 60.0 * minute))
    worker = Worker(course.database, fails)
    course.answer(ada, "q-code", "two = 2")
    for minute in range(11 * 60):
        if minute == 60:
            course.answer(bob, "q-code", "two = 3")
        while worker.work():
            pass
        if minute == 60:
            assert course.score(bob, "q-code").state == "wrong", "the others do not wait"
    assert calls < 25, "pauses grow"
    assert course.score(ada, "q-code").points == 4.0


def test_what_ends_the_server_again_and_again_leaves_time_for_others(course: Course) -> None:
    course.open()
    ada, bob = course.member("Ada"), course.member("Bob")
    course.answer(ada, "q-code", "bomb")
    for _ in range(2):
        course.run(lease, timedelta(seconds=-1))
    course.answer(bob, "q-code", "two = 2")
    begun: list[str] = []

    def see(question: Question, answer: str) -> Verdict:
        begun.append(answer)
        return judge(question, answer)

    worker = Worker(course.database, see, threads=1)
    course.run(worker.take_over)
    worker.start()
    until(lambda: course.score(bob, "q-code").state == "right")
    worker.close()
    assert begun == ["two = 2"]
    course.work()
    assert course.score(ada, "q-code").state == "wrong", "later it has its turn"


@pytest.mark.parametrize("body", ["", "{}", "null", "[" * 10_000, None])
def test_a_question_that_cannot_be_read_holds_up_no_other(
    course: Course, body: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    course.open()
    ada, bob = course.member("Ada"), course.member("Bob")
    course.answer(ada, "q-code", "two = 2")
    course.answer(bob, "q-one", "4", id="b.1")
    spoiled = sa.update(variant).values(body=body) if body is not None else sa.delete(variant)

    def spoil(connection: Any) -> None:
        asked = dict(connection.execute(sa.select(question.c.label, question.c.id)).all())
        connection.execute(spoiled.where(variant.c.question == asked["q-code"]))
        people.add(connection, job, attempt="b.1", question=asked["q-one"])

    course.run(spoil)
    course.work()
    assert not course.worker.work(), "nothing waits"
    assert course.score(ada, "q-code").state == "unjudged"
    assert course.score(bob, "q-one").state == "right"
    assert "A question cannot be read" in caplog.text


def test_a_thread_outlives_what_nobody_foresaw(course: Course) -> None:
    """A verdict that no database can store: code can raise an error with a lone surrogate."""
    course.open()
    ada, bob = course.member("Ada"), course.member("Bob")
    course.answer(ada, "q-code", "two = 1")
    course.answer(bob, "q-code", "two = 2")
    done = threading.Event()

    def half(question: Question, answer: str) -> Verdict:
        if answer == "two = 1":
            return Verdict("wrong", "\ud800")
        done.set()
        return judge(question, answer)

    worker = Worker(course.database, half, threads=1)
    worker.start()
    assert done.wait(SERVER_S)
    worker.close()
    assert course.score(bob, "q-code").state == "right"
    assert course.score(ada, "q-code").state == "waiting"


def test_threads_judge_everything_once(course: Course) -> None:
    course.open()
    students = [course.member(f"Student {i}") for i in range(5)]
    for each in students:
        for answer in ("two = 1", "two = 2"):
            course.answer(each, "q-code", answer)
    counted: list[str] = []
    done = threading.Event()

    def count(question: Question, answer: str) -> Verdict:
        counted.append(answer)
        if len(counted) == 10:
            done.set()
        return judge(question, answer)

    worker = Worker(course.database, count, threads=3)
    worker.start()
    worker.tell()
    assert done.wait(SERVER_S)
    worker.close()
    assert sorted(counted) == ["two = 1"] * 5 + ["two = 2"] * 5
    assert {course.score(each, "q-code").points for each in students} == {4.0}
