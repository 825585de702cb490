"""Scores, rosters and deep links, with a platform that fails, is slow, or has other ideas."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import count
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import brotli
import httpx
import httpx2
import pytest
import sqlalchemy as sa
from joserfc import jwt
from joserfc.jwk import KeySet

from latentbook.settings import Settings
from latentbook_classroom.course import people, sent
from latentbook_classroom.course import platform_tables as tables
from latentbook_classroom.course.tables import (
    assignment,
    assignment_question,
    mark,
    member,
    now,
    person,
    question,
)
from latentbook_classroom.lti import passback, platforms, roster
from latentbook_classroom.lti.passback import Passback
from latentbook_classroom.lti.tokens import Tokens
from latentbook_classroom.lti.web import Unreachable, Web
from tests.classroom import lms as testing
from tests.classroom.conftest import OWN, School, on_sqlite, opened
from tests.classroom.lms import AGS, CLIENT, DL, INSTRUCTOR, LTI, NRPS, STORED, Lms

SCOPES = [f"{AGS}scope/score", f"{AGS}scope/result.readonly"]


@pytest.fixture
def school(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[School]:
    """A server that sends nothing by itself: the tests decide when."""

    async def nothing(self: Passback) -> None:
        """Wait for the tests."""

    monkeypatch.setattr(Passback, "run", nothing)
    with opened(settings) as found:
        yield found


@pytest.fixture
def lms(school: School) -> Iterator[Lms]:
    """A platform of the course."""
    with testing.platform(school.url) as found:
        school.run(platforms.add, found.registration())
        yield found


def launch(school: School, lms: Lms, subject: str, **changed: Any) -> httpx.Response:
    begun = testing.begin(school.url, lms)
    return testing.finish(
        school.url, begun, lms.signed(lms.message(begun.nonce, subject, **changed))
    )


def add_assignment(connection: Any) -> int:
    dates = {"late": {}, "counts": "best"}
    row = {"course": 1, "name": "week-1", "title": "Week 1", **dates}
    made = people.add(connection, assignment, **row)
    asked = people.add(connection, question, label="q", edition="e", kind="number", count=1)
    people.add(
        connection,
        assignment_question,
        assignment=made,
        question=asked,
        latest=asked,
        label="q",
        points=4,
        position=0,
    )
    return made


def open_assignment(school: School, lms: Lms, subject: str, scopes: Sequence[str] = SCOPES) -> None:
    endpoint = {"scope": scopes, "lineitem": f"{lms.url}/items/1?type_id=3"}
    target = f"{school.url}/classroom/assignments/week-1/"
    changed = {f"{AGS}claim/endpoint": endpoint, f"{LTI}target_link_uri": target}
    response = launch(school, lms, subject, **changed)
    assert response.headers["location"] == "/classroom/assignments/week-1/"
    accepted = sa.update(tables.context).values(is_trusted=True)
    school.run(lambda connection: connection.execute(accepted))


def give(connection: Any, who: int, points: float | None) -> None:
    people.add(
        connection, mark, member=who, assignment=1, label="q", points=points, why="", at=now()
    )


def send(school: School, times: int = 1) -> None:
    async def work() -> None:
        web = Web(is_local=True)
        tokens = Tokens(school.room.database, web)
        sender = Passback(school.room.database, tokens, pause_s=0, first_retry_s=0)
        for _ in range(times):
            await sender.round()
        await web.close()

    asyncio.run(work())


def state(school: School) -> sent.State:
    ((_, found),) = school.run(sent.states, 1).items()
    return found


def has_arrived(school: School) -> bool:
    found = state(school)
    return (found.sent, found.why, found.next_at) == (True, None, None)


@pytest.fixture
def marked(school: School, lms: Lms) -> Lms:
    """A student with 3 points, who came through the link."""
    school.run(add_assignment)
    open_assignment(school, lms, "u-1")
    school.run(give, 1, 3)
    return lms


def test_scores_go_only_to_courses_that_were_accepted(school: School, marked: Lms) -> None:
    """Anybody can link the book from their own course at the platform."""
    instructor = school.joined(school.first, "Grace")
    place = "/classroom/platforms/contexts/1"
    assert instructor.post(f"{place}/accept-no-more").status_code == 303
    assert instructor.post(f"{place}/accept-no-more").status_code == 404
    send(school, times=2)
    assert marked.scores == []
    instructor.post(f"{place}/take-along")
    send(school)
    assert [each["scoreGiven"] for each in marked.scores] == [3]


def test_the_title_of_a_course_that_nobody_accepted_is_no_group(school: School, lms: Lms) -> None:
    """Extensions go by the name of a group, and anybody can give their own course that name."""
    own = {f"{LTI}context": {"id": "sandbox", "title": "Extended time"}}
    assert launch(school, lms, "u-1", **own).status_code == 303
    assert launch(school, lms, "u-2", **own, **{f"{LTI}roles": [INSTRUCTOR]}).status_code == 303

    def found() -> dict[int, tuple[str, str]]:
        return {each.id: (each.group, each.role) for each in school.run(people.everyone, 1)}

    assert found() == {1: ("", "student"), 2: ("", "student")}
    instructor = school.joined(school.first, "Grace")
    page = instructor.get("/classroom/platforms").text
    name = next(each.name for each in school.run(people.everyone, 1) if each.id == 1)
    assert "course ID: sandbox), people: 2" in page
    assert f"people: 2: {name}" in page
    instructor.post("/classroom/platforms/contexts/1/take-along")
    assert launch(school, lms, "u-2", **own, **{f"{LTI}roles": [INSTRUCTOR]}).status_code == 303
    assert launch(school, lms, "u-3", **own).status_code == 303
    accepted = found()
    assert {accepted[1], accepted[4]} == {("Extended time", "student")}
    assert accepted[2] == ("Extended time", "instructor")
    instructor.post("/classroom/platforms/contexts/1/accept-no-more")
    assert found()[2] == ("Extended time", "student")
    assert launch(school, lms, "u-2", **own, **{f"{LTI}roles": [INSTRUCTOR]}).status_code == 303
    assert found()[2][1] == "student"


@on_sqlite
def test_an_unfinished_launch_leaves_no_name(school: School, lms: Lms) -> None:
    begun = testing.begin(school.url, lms)
    token = lms.signed(lms.message(begun.nonce, "u-1", name="Rosalind Franklin"))
    begun.cookie = ""
    response = testing.finish(school.url, begun, token, dest="iframe")
    assert "Open in a new tab" in response.text
    file = school.room.database.file
    for each in file.parent.glob(f"{file.name}*"):
        assert b"Rosalind" not in each.read_bytes(), each


@pytest.mark.parametrize("lost", ["demoted", "erased"])
def test_a_registration_link_ends_with_the_role_of_who_made_it(school: School, lost: str) -> None:
    ada, eve = school.joined(school.first, "Ada"), school.invited("instructor", "Eve")
    page = eve.post("/classroom/platforms/registration").text
    link = page.split('readonly value="')[1].split('"')[0]
    with testing.platform(school.url) as lms:
        other = eve.post("/classroom/platforms/registration").text
        used = other.split('readonly value="')[1].split('"')[0]
        assert registration(school, lms, used).is_success
        lose(school, ada, "Eve", lost)
        assert registration(school, lms, link).status_code == 400
        page = ada.get("/classroom/platforms").text
        assert ("Eve, who is no instructor" in page) == (lost == "demoted")


def lose(school: School, ada: httpx.Client, name: str, how: str) -> None:
    place = f"/classroom/people/{school.number(name)}"
    if how == "erased":
        assert ada.post(f"{place}/erase", data={"sure": "yes"}).status_code == 303
    else:
        form = {"name": name, "number": "", "role": "student", "group": ""}
        assert ada.post(place, data=form).status_code == 303


def test_a_score_arrives_with_all_that_platforms_want(school: School, marked: Lms) -> None:
    send(school, times=2)
    (score,) = marked.scores
    assert score | {"timestamp": ""} == {
        "userId": "u-1",
        "scoreGiven": 3.0,
        "scoreMaximum": 4.0,
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
        "comment": "3 / 4",
        "timestamp": "",
    }
    assert has_arrived(school)
    school.run(give, 1, 4)
    school.run(give, 1, 2)
    send(school)
    assert [each["scoreGiven"] for each in marked.scores] == [3, 2]
    assert len(marked.tokens) == 4  # two scopes, for two senders


def test_looking_for_what_is_due_keeps_nobody_waiting(school: School, marked: Lms) -> None:
    send(school)
    with school.room.database.engine.begin():  # somebody writes
        send(school)
    assert len(marked.scores) == 1


def test_a_mark_that_is_lifted_leaves_the_platform(school: School, marked: Lms) -> None:
    """AGS 2.0, section 3.4.8: without scoreGiven the platform clears the score that it has."""
    send(school)
    assert marked.results == {"u-1": (3.0, 4.0)}
    school.run(give, 1, None)  # the student has handed in nothing
    marked.refusals = [(500, "")]
    send(school, times=3)
    assert marked.results == {}
    (_, cleared) = marked.scores
    assert cleared | {"timestamp": ""} == {
        "userId": "u-1",
        "activityProgress": "Initialized",
        "gradingProgress": "FullyGraded",
        "timestamp": "",
    }
    assert school.run(sent.states, 1) == {}
    school.run(give, 1, 2)
    marked.refusals = [(409, "")]  # both within a second
    send(school, times=2)
    assert marked.results == {"u-1": (2.0, 4.0)}


def test_a_score_whose_answer_was_lost_is_refused_and_has_arrived(school: School, lms: Lms) -> None:
    """Some platforms show no results: refusing the same time stamp proves that they have it."""
    school.run(add_assignment)
    open_assignment(school, lms, "u-1", scopes=SCOPES[:1])
    school.run(give, 1, 3)
    lms.refusals = [(502, STORED)]
    send(school)
    assert not state(school).sent
    send(school, times=2)
    assert [each["scoreGiven"] for each in lms.scores] == [3]
    assert has_arrived(school)
    school.run(give, 1, 4)
    send(school)
    assert [each["scoreGiven"] for each in lms.scores] == [3, 4]


def test_a_score_arrives_in_the_round_in_which_the_token_has_ended(
    school: School, marked: Lms
) -> None:
    async def work() -> None:
        web = Web(is_local=True)
        tokens = Tokens(school.room.database, web)
        sender = Passback(school.room.database, tokens, pause_s=0, first_retry_s=0)
        await sender.round()
        marked.tokens.clear()
        school.run(give, 1, 4)
        await sender.round()
        await web.close()

    asyncio.run(work())
    assert [each["scoreGiven"] for each in marked.scores] == [3, 4]


def test_a_link_that_opens_other_pages_too_keeps_its_assignment(
    school: School, marked: Lms
) -> None:
    endpoint = {"scope": SCOPES, "lineitem": f"{marked.url}/items/1?type_id=3"}
    response = launch(school, marked, "u-2", **{f"{AGS}claim/endpoint": endpoint})
    assert response.headers["location"] == "/classroom/"
    send(school)
    assert [each["scoreGiven"] for each in marked.scores] == [3]


@pytest.mark.parametrize(
    ("status", "text", "said"),
    [
        (403, "403 Forbidden (Rate Limit Exceeded)", "asks to wait"),
        (403, "", "status 403"),
        (404, "", "status 404"),
        (409, "", "status 409"),
        (429, "", "asks to wait"),
        (500, "", "status 500"),
    ],
)
def test_a_refused_score_is_shown_and_sent_again(
    school: School, marked: Lms, status: int, text: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    marked.refusals = [(status, text)]
    send(school)
    found = state(school)
    assert not found.sent
    assert found.why is not None
    assert said in found.why.detail
    assert "u-1" not in caplog.text
    send(school)
    assert [each["scoreGiven"] for each in marked.scores] == [3]
    assert state(school).why is None


@pytest.mark.parametrize(
    ("status", "body", "said", "advice"),
    [
        (
            422,
            '{"errors":[{"message":"User not found in course or is not a student"}]}',
            "status 422. User not found in course or is not a student",
            "test student",
        ),
        (
            403,
            '{"errors":{"type":"x","message":"This course\\nhas ended"}}',
            "This course has ended",
            "open",
        ),
        (
            404,
            '{"error":"Gone <b>","message":"No \\u202ecolumn"}',
            "Gone &lt;b&gt;; No column",
            "link",
        ),
        (400, '{"status":400,"reason":"Bad maximum"}', "status 400. Bad maximum", ""),
        (500, "[" * 5000, "status 500. ", ""),
        (500, '{"message": 5}', "status 500. ", ""),
        (500, "<html>Oops", "status 500. ", ""),
    ],
)
def test_a_refused_mark_is_told_with_its_owner_and_the_platforms_words(
    school: School, marked: Lms, status: int, body: str, said: str, advice: str
) -> None:
    marked.refusals = [(status, body)]
    send(school)
    page = school.joined(school.first, "Grace").get("/classroom/platforms").text
    told = page.partition('id="late"')[2].partition("</ul>")[0]
    assert said in told
    assert advice in told
    assert "(Week 1)" in told
    assert "Ada Lovelace" in told
    counted = school.browser().get("/metrics").text
    assert "latentbook_marks_unsent 1.0" in counted
    assert "latentbook_answers_waiting 0.0" in counted


def test_a_mark_changed_in_the_platform_stays(school: School, marked: Lms) -> None:
    send(school)
    marked.results["u-1"] = (1, 4)
    school.run(give, 1, 4)
    send(school)
    assert len(marked.scores) == 1
    found = state(school)
    assert found.why is not None
    assert "another mark" in found.why.detail
    instructor = school.joined(school.first, "Ada")
    assert "another mark" in instructor.get("/classroom/platforms").text
    assert "not in the platform" in instructor.get("/classroom/grades/").text
    assistant = school.invited("assistant", "Emmy")
    page = assistant.get("/classroom/grades/")
    assert "not in the platform" in page.text
    links = [
        urljoin(str(page.url), each) for each in re.findall(r'<a [^>]*href="([^"]+)', page.text)
    ]
    assert {assistant.get(each).status_code for each in links} == {200}
    instructor.post("/classroom/platforms/send-again")
    send(school)
    assert [each["scoreGiven"] for each in marked.scores] == [3, 4]
    assert has_arrived(school)


def test_a_mark_that_the_platform_keeps_has_not_arrived(school: School, marked: Lms) -> None:
    """Moodle 4.5 answers 200 to a score over a mark typed in its gradebook, but keeps the mark."""
    send(school)
    marked.results["u-1"], marked.overridden = (1, 4), {"u-1"}
    school.run(give, 1, 4)
    send(school)
    instructor = school.joined(school.first, "Ada")
    instructor.post("/classroom/platforms/send-again")
    send(school, times=2)
    assert len(marked.scores) == 2
    assert "another mark" in instructor.get("/classroom/platforms").text
    marked.overridden, marked.results["u-1"] = set(), (4, 4)  # somebody has released it there
    instructor.post("/classroom/platforms/send-again")
    send(school)
    assert has_arrived(school)


def test_500_scores_arrive_in_order_and_once(school: School, lms: Lms) -> None:
    """The platform fails two times in three, once after it has stored the score."""
    school.run(add_assignment)
    open_assignment(school, lms, "u-0")

    def enrol(connection: Any) -> None:
        give(connection, 1, 1)
        for number in range(1, 500):
            who = people.add(connection, person, name=f"S {number}", number="", created_at=now())
            role = {"role": "student", "group": "", "joined_at": now()}
            at = people.add(connection, member, course=1, person=who, **role)
            subject = {"issuer": lms.url, "subject": f"u-{number}"}
            people.add(connection, tables.identity, person=who, **subject)
            people.add(connection, tables.context_person, context=1, person=who)
            give(connection, at, number % 5)

    school.run(enrol)
    lms.refusals = [((500, ""), (0, ""), (502, STORED))[i % 3] for i in range(750)]
    for _ in range(12):
        send(school)
    assert Counter(each["userId"] for each in lms.scores) == {f"u-{n}": 1 for n in range(500)}
    given = {each["userId"]: each["scoreGiven"] for each in lms.scores}
    assert given == {f"u-{n}": n % 5 if n else 1 for n in range(500)}
    assert school.run(passback.due) == []


@pytest.mark.parametrize("result", [("x", 4), (1, "0"), (10**400, 4), ([], 4)])
def test_a_platform_that_sends_nonsense_holds_up_no_other(
    school: School, marked: Lms, result: Any
) -> None:
    with testing.platform(school.url) as other:
        school.run(platforms.add, other.registration())
        open_assignment(school, other, "u-2")
        school.run(give, 2, 1)
        marked.results["u-1"] = result
        send(school)
        assert marked.scores == []
        assert [each["scoreGiven"] for each in other.scores] == [1]


def test_a_round_ends_however_slow_a_platform_is(
    school: School, marked: Lms, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as hurried:
        hurried.setattr(passback, "ROUND_S", 0)
        send(school)
    assert marked.scores == []
    send(school)
    assert [each["scoreGiven"] for each in marked.scores] == [3]


def test_what_a_round_has_no_time_for_follows(
    school: School, marked: Lms, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_assignment(school, marked, "u-2")
    school.run(give, 2, 1)
    clock = SimpleNamespace(monotonic=count(0, passback.ROUND_S).__next__)
    monkeypatch.setattr(passback, "time", clock)
    send(school)
    assert [each["scoreGiven"] for each in marked.scores] == [3]
    send(school)
    assert [each["scoreGiven"] for each in marked.scores] == [3, 1]


def test_no_score_is_sent_of_somebody_who_is_erased_meanwhile(
    school: School, marked: Lms, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def erase(self: Passback, of: Any, link: Any) -> dict[str, float | None]:
        await self.database.run(lambda connection: connection.execute(sa.delete(person)))
        return {}

    monkeypatch.setattr(Passback, "_results", erase)
    send(school)
    assert marked.scores == []


def test_the_roster_of_a_platform_is_read(
    school: School, lms: Lms, monkeypatch: pytest.MonkeyPatch
) -> None:
    lms.members = [
        {"user_id": "u-1", "name": "Ada King", "roles": ["Instructor"]},
        {"user_id": "u-2", "name": "Emmy Noether", "roles": ["Learner"], "status": "Active"},
        {"user_id": "u-3", "name": "Gone", "roles": ["Learner"], "status": "Inactive"},
        {"user_id": "u-4", "roles": ["Learner"], "lis_person_sourcedid": "4711"},
        {"user_id": "u-5", "name": "Evil <b>", "roles": ["Learner"]},
        {"user_id": "u-6", "name": "Father", "roles": ["Mentor"]},
    ]
    service = {"context_memberships_url": f"{lms.url}/members"}
    changed = {f"{NRPS}claim/namesroleservice": service, f"{LTI}roles": [INSTRUCTOR]}
    assert launch(school, lms, "u-1", **changed).status_code == 303
    school.run(platforms.take_along, 1)
    instructor = school.joined(school.first, "Grace")
    response = instructor.post("/classroom/platforms/contexts/1/roster")
    assert response.status_code == 200, response.text
    found = {each.name: each.role for each in school.run(people.everyone, 1)}
    assert len(found) == 5
    assert found["Ada King"] == "instructor"
    assert found["Emmy Noether"] == "student"
    assert not {"Gone", "Father"} & set(found)
    monkeypatch.setattr(people, "MAX_MEMBERS", 1)
    response = instructor.post("/classroom/platforms/contexts/1/roster")
    assert "lists more than 1 people" in response.text
    monkeypatch.setattr(roster, "WHOLE_S", 0)
    response = instructor.post("/classroom/platforms/contexts/1/roster")
    assert response.status_code == 502
    assert "longer than 0 seconds" in response.text
    assert launch(school, lms, "u-2", name=None).status_code == 303
    assert len(school.run(people.everyone, 1)) == 5


def test_a_list_says_who_is_left_out_and_why(school: School, lms: Lms) -> None:
    lms.members = [
        {"user_id": "u-1", "name": "Ada King", "roles": ["Instructor"]},
        {"name": "No Id", "roles": ["Learner"]},
        {"user_id": "u-3", "name": "N" * 10_000, "roles": ["Learner"]},
        {"user_id": "u-4", "name": "Twice", "roles": ["Learner"]},
        {"user_id": "u-4", "name": "Twice", "roles": ["Instructor"]},
        {"user_id": "", "name": "Empty", "roles": ["Learner"]},
        {"user_id": "x" * 256, "name": "Long Id", "roles": ["Learner"]},
        {"user_id": 7, "name": "Number", "roles": ["Learner"]},
        {"user_id": "u-8", "name": "Gone", "roles": ["Learner"], "status": "Inactive"},
        {"user_id": "u-9", "name": "Father", "roles": ["Mentor"]},
    ]
    service = {"context_memberships_url": f"{lms.url}/members"}
    changed = {f"{NRPS}claim/namesroleservice": service, f"{LTI}roles": [INSTRUCTOR]}
    assert launch(school, lms, "u-1", **changed).status_code == 303
    school.run(platforms.take_along, 1)
    instructor = school.joined(school.first, "Grace")
    page = instructor.post("/classroom/platforms/contexts/1/roster").text
    rows = re.findall(r"<tr><td>(\d+)</td>.*?</th><td>(.*?)</td>", page)
    said = {int(line): re.sub("<[^>]+>", "", text) for line, text in rows}
    assert said[1] == "Is here already"
    assert said[3].startswith("Is added. Without this name: At most 120 characters")
    assert said[4] == "Is added"
    left_out = {number for number, text in said.items() if text.startswith("Left out: ")}
    assert left_out == {2, 5, 6, 7, 8, 9, 10}
    found = {each.name: each.role for each in school.run(people.everyone, 1)}
    assert found["Twice"] == "student", "the first line holds"
    assert len(found) == 4


@pytest.mark.parametrize("port", ["9", "{port}"])
def test_a_list_that_is_not_sent_tells_nothing_of_the_network(
    school: School, lms: Lms, port: str, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"http://localhost:{port.format(port=urlsplit(lms.url).port)}/nothing"
    service = {"context_memberships_url": url}
    changed = {f"{NRPS}claim/namesroleservice": service, f"{LTI}roles": [INSTRUCTOR]}
    assert launch(school, lms, "u-1", **changed).status_code == 303
    instructor = school.joined(school.first, "Grace")
    response = instructor.post("/classroom/platforms/contexts/1/roster")
    assert response.status_code == 502
    said = response.text.partition("data-refused>")[2].partition("</p>")[0]
    assert said.endswith("list of people: The log of the book’s server says why.")
    assert "A list of people was not sent" in caplog.text


def linking(lms: Lms, **more: Any) -> dict[str, Any]:
    return {
        f"{LTI}message_type": "LtiDeepLinkingRequest",
        f"{LTI}resource_link": None,
        f"{LTI}roles": [INSTRUCTOR],
        f"{DL}deep_linking_settings": {
            "deep_link_return_url": f"{lms.url}/return",
            "accept_types": ["link", "ltiResourceLink"],
            "accept_presentation_document_targets": ["iframe", "window"],
            "data": "opaque",
            **more,
        },
    }


def trust(school: School, lms: Lms) -> None:
    """Accept the platform's course, after it has opened the book once."""
    launch(school, lms, "u-1")
    school.run(platforms.take_along, 1)


def test_only_a_trusted_course_is_offered_what_has_not_opened(school: School, lms: Lms) -> None:
    school.run(add_assignment)
    place = "classroom/assignments/week-1/"

    def offer() -> str:
        return launch(school, lms, "u-1", **linking(lms)).text

    page = offer()
    assert "Week 1" not in page
    form = {"ticket": field(page, "ticket"), place: "on"}
    assert httpx.post(f"{school.url}/lti/deep-link", data=form, headers=OWN).status_code == 422
    trust(school, lms)
    assert "Week 1" in offer()
    elsewhere = {f"{LTI}context": {"id": "course-2"}}
    assert "Week 1" not in launch(school, lms, "u-1", **linking(lms), **elsewhere).text
    opens = sa.update(assignment).values(opens_at=now())
    school.run(lambda connection: connection.execute(opens))
    assert "Week 1" in launch(school, lms, "u-1", **linking(lms), **elsewhere).text


def field(page: str, name: str) -> str:
    return page.split(f'name="{name}" value="')[1].split('"')[0]


def test_deep_links_are_chosen_and_signed(school: School, lms: Lms) -> None:
    school.run(add_assignment)
    trust(school, lms)
    site = school.app.state.lti.site
    listed = [
        {"kind": "Section", "url": "one/", "number": "1.1", "title": "One", "text": ""},
        {"kind": "Instrument", "url": "one/#lab", "number": "1", "title": "Lab", "text": "Turn"},
    ]
    (site / "search-0.json").write_text(json.dumps(listed))
    old = [{"kind": "Section", "url": "old/", "number": "1.1", "title": "Old", "text": ""}]
    (site / "search-1.json").write_text(json.dumps(old))  # of the previous edition
    page = launch(school, lms, "u-1", **linking(lms)).text
    chosen = {"classroom/assignments/week-1/": "on", "embed/lab/": "on"}
    form = {"ticket": field(page, "ticket"), **chosen}
    place = f"{school.url}/lti/deep-link"
    foreign = httpx.post(place, data=form, headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 403
    for nothing in ({}, {"old/": "on"}):
        again = httpx.post(place, data={"ticket": form["ticket"], **nothing}, headers=OWN)
        assert (again.status_code, "Choose something" in again.text) == (422, True)
    response = httpx.post(place, data=form, headers=OWN)
    assert f"form-action 'self' {lms.url};" in response.headers["content-security-policy"]
    assert f'action="{lms.url}/return"' in response.text
    keys = KeySet.import_key_set(httpx.get(f"{school.url}/lti/jwks").json())
    claims = jwt.decode(field(response.text, "JWT"), keys, ["RS256"]).claims
    assert (claims["iss"], claims["aud"]) == (CLIENT, [lms.url])
    assert claims[f"{DL}data"] == "opaque"
    assert claims[f"{LTI}message_type"] == "LtiDeepLinkingResponse"
    week, lab = claims[f"{DL}content_items"]
    assert week["url"] == f"{school.url}/classroom/assignments/week-1/"
    line = {"scoreMaximum": 4.0, "label": "Week 1", "resourceId": "week-1"}
    assert week["lineItem"] == line
    assert lab["url"] == f"{school.url}/embed/lab/"
    assert lab["iframe"]["height"] > 400
    assert httpx.post(place, data=form, headers=OWN).status_code == 400  # once


@pytest.mark.parametrize(
    "more",
    [
        {"accept_types": ["file"]},
        {"deep_link_return_url": "http://evil.example/"},
        {"deep_link_return_url": "javascript:alert(1)"},
    ],
)
def test_deep_linking_that_cannot_end_well_is_refused(
    school: School, lms: Lms, more: dict[str, Any]
) -> None:
    assert launch(school, lms, "u-1", **linking(lms, **more)).status_code == 400


def test_students_link_nothing(school: School, lms: Lms) -> None:
    changed = {**linking(lms), f"{LTI}roles": []}
    assert launch(school, lms, "u-1", **changed).status_code == 400


def test_what_a_person_has_saved_names_platforms_and_what_they_got(
    school: School, marked: Lms
) -> None:
    send(school)
    open_assignment(school, marked, "u-2")
    school.run(give, 2, 1)
    send(school)
    ada = school.browser()
    ada.cookies["latentbook-person"] = school.run(people.new_session, 1)
    stored = ada.get("/classroom/me/export.json").json()
    assert stored["platform_courses"] == [{"platform": "The university", "title": "Codes"}]
    (mark,) = stored["passed_back"]
    assert (mark["assignment"], mark["points"], mark["most"]) == ("week-1", 3.0, 4.0)


def test_what_a_person_erases_is_gone_here_too(school: School, marked: Lms) -> None:
    send(school)

    def count(connection: Any) -> list[int]:
        every = (tables.identity, tables.passback, tables.context_person)
        counts = [sa.select(sa.func.count()).select_from(table) for table in every]
        return [connection.execute(each).scalar_one() for each in counts]

    assert school.run(count) == [1, 1, 1]
    instructor = school.joined(school.first, "Ada")
    instructor.post("/classroom/people/1/erase", data={"sure": "yes"})
    assert school.run(count) == [0, 0, 0]


def registration(school: School, lms: Lms, link: str, **more: str) -> httpx.Response:
    asked = {"openid_configuration": f"{lms.url}/configuration", **more}
    asked["registration_token"] = "may-register"
    headers = {"Sec-Fetch-Site": "cross-site", "Referer": "https://lms.example/"}
    return httpx.get(link, params=asked, headers=headers)


def test_a_platform_registers_itself_once(school: School) -> None:
    instructor = school.joined(school.first, "Grace")
    with testing.platform(school.url) as lms:
        page = instructor.post("/classroom/platforms/registration").text
        link = page.split('readonly value="')[1].split('"')[0]
        assert link.startswith(f"{school.url}/lti/register/")
        response = registration(school, lms, link)
        assert response.status_code == 200, response.text
        framers = response.headers["content-security-policy"]
        assert framers.endswith(f"frame-ancestors 'self' {lms.url} https://lms.example")
        assert registration(school, lms, link).status_code == 400
        assert lms.registered["initiate_login_uri"] == f"{school.url}/lti/login"
        assert lms.registered["redirect_uris"] == [f"{school.url}/lti/launch"]
        assert lms.registered["jwks_uri"] == f"{school.url}/lti/jwks"
        assert launch(school, lms, "u-1").status_code == 303


def test_a_platform_registers_no_other_issuer(school: School) -> None:
    instructor = school.joined(school.first, "Grace")
    with testing.platform(school.url) as lms:
        page = instructor.post("/classroom/platforms/registration").text
        link = page.split('readonly value="')[1].split('"')[0]
        elsewhere = lms.url.replace("localhost", "127.0.0.1") + "/configuration"
        assert registration(school, lms, link, openid_configuration=elsewhere).status_code == 502
        assert school.run(platforms.everyone) == []


@pytest.fixture
def service(school: School) -> Iterator[Lms]:
    """A sign-in service of a university."""
    with testing.platform(school.url) as found:
        given = found.registration() | {"kind": "oidc", "client_secret": "s&cret"}
        school.run(platforms.add, given | {"token_url": f"{found.url}/oidc/token"})
        yield found


def sign_in(client: httpx.Client, service: Lms, **changed: str) -> httpx.Response:
    to = client.get("/auth/1").headers["location"]
    assert to.startswith(f"{service.url}/auth?")
    asked = dict(parse_qsl(urlsplit(to).query))
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    service.signing_in = asked
    given = {"code": "code-1", "state": asked["state"], "iss": service.url, **changed}
    return client.get("/auth/callback", params=given)


def test_people_sign_in_with_the_university(school: School, service: Lms) -> None:
    stranger = school.browser()
    refused = sign_in(stranger, service)
    assert refused.status_code == 403
    assert "not in this course" in refused.text
    ada = school.joined(school.first, "Ada")
    assert "Connect The university" in ada.get("/classroom/me").text
    assert sign_in(ada, service).status_code == 303
    other = school.browser()
    assert "Sign in with The university" in other.get("/classroom/").text
    assert sign_in(other, service).status_code == 303
    assert "You are signed in as Ada" in other.get("/classroom/").text
    grace = school.invited("student", "Grace")
    assert sign_in(grace, service).status_code == 409
    assert "s-1" in ada.get("/classroom/me/export.json").text


@pytest.mark.parametrize(
    ("changed", "claims"),
    [
        ({"state": "x"}, {}),
        ({"code": "stolen"}, {}),
        ({"iss": "https://evil.example"}, {}),
        ({"error": "access_denied"}, {}),
        ({}, {"nonce": "x"}),
        ({}, {"aud": "client-8"}),
        ({}, {"exp": 1}),
    ],
)
def test_sign_ins_that_are_not_ones_own_are_refused(
    school: School, service: Lms, changed: dict[str, str], claims: dict[str, Any]
) -> None:
    service.claims = claims
    ada = school.joined(school.first, "Ada")
    assert sign_in(ada, service, **changed).status_code == 400
    assert sign_in(school.browser(), service).status_code != 303


@pytest.mark.parametrize(
    ("profile", "shown"),
    [
        ({"sub": "s-1", "name": "Ada Lovelace"}, "signed in as Ada Lovelace"),
        ({"sub": "s-1", "given_name": "Ada"}, "signed in as Ada"),
        ({"sub": "s-1"}, "signed in as Student "),
        ({"sub": "s-2", "name": "Grace Hopper"}, "sign-in did not work"),
        ({"name": "Ada Lovelace"}, "sign-in did not work"),
    ],
)
def test_a_name_that_no_token_has_is_asked_for(
    school: School, service: Lms, profile: dict[str, str], shown: str
) -> None:
    school.run(
        lambda connection: connection.execute(sa.update(tables.platform).values(is_open=True))
    )
    service.claims, service.profile = {"name": None}, profile
    client = school.browser()
    response = sign_in(client, service)
    assert shown in (client.get("/classroom/") if response.is_redirect else response).text


def test_a_sign_in_ends_in_the_browser_that_began_it(school: School, service: Lms) -> None:
    thief = school.browser()
    to = thief.get("/auth/1").headers["location"]
    service.signing_in = dict(parse_qsl(urlsplit(to).query))
    given = {"code": "code-1", "state": service.signing_in["state"]}
    assert school.browser().get("/auth/callback", params=given).status_code == 400


def test_another_site_connects_no_account(school: School, service: Lms) -> None:
    """It may have signed the browser in at the service with its own account."""
    grace = school.invited("student", "Grace")
    grace.headers["Sec-Fetch-Site"] = "cross-site"
    assert sign_in(grace, service).status_code == 403
    assert "s-1" not in grace.get("/classroom/me/export.json").text


def test_no_other_host_sets_the_proof_of_a_sign_in(school: School, service: Lms) -> None:
    response = httpx.get(f"{school.url}/auth/1", headers={"X-Forwarded-Proto": "https"})
    assert response.headers["set-cookie"].startswith("__Host-latentbook-sign-in=")
    assert {"Secure", "HttpOnly", "Path=/"} <= set(response.headers["set-cookie"].split("; "))


def asked(web: Web, url: str) -> None:
    asyncio.run(web.ask("GET", url))


def test_what_is_fetched_is_neither_packed_nor_of_this_machine() -> None:
    async def bomb(request: httpx2.Request) -> httpx2.Response:
        assert request.headers["accept-encoding"] == "identity"
        packed = brotli.compress(bytes(2**24))
        assert len(packed) < 100
        return httpx2.Response(200, headers={"Content-Encoding": "br"}, stream=Packed(packed))

    web = Web(httpx2.MockTransport(bomb))
    with pytest.raises(Unreachable, match="compressed"):
        asked(web, "https://lms.example/")
    own = ("127.0.0.1:8000", "127.1", "2130706433", "0.0.0.0", "localhost", "book.localhost.")
    own += ("[::1]:9", "[::ffff:127.0.0.1]", "[fe80::1]", "169.254.169.254")
    for url in ("http://localhost/", *(f"https://{host}/" for host in own)):
        with pytest.raises(Unreachable, match="LATENTBOOK_LOCAL_PLATFORMS"):
            asked(web, url)


class Packed(httpx2.AsyncByteStream):
    def __init__(self, body: bytes) -> None:
        self.body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.body


def test_no_log_of_any_level_names_anybody(
    school: School, marked: Lms, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(1)
    marked.members = [{"user_id": "u-2", "name": "Emmy Noether", "roles": ["Learner"]}]
    service = {"context_memberships_url": f"{marked.url}/members"}
    begun = testing.begin(school.url, marked)
    message = marked.message(begun.nonce, email="ada@university.example")
    message |= {f"{NRPS}claim/namesroleservice": service, f"{LTI}resource_link": {"id": "link-2"}}
    token = marked.signed(message)
    assert testing.finish(school.url, begun, token).status_code == 303
    assert testing.finish(school.url, begun, token).status_code == 400
    send(school)
    grace = school.joined(school.first, "Grace")
    assert grace.post("/classroom/platforms/contexts/1/roster").status_code == 200
    page = grace.post("/classroom/platforms/registration").text
    link = page.split('readonly value="')[1].split('"')[0]
    assert registration(school, marked, link).status_code == 200  # the platform is known
    assert len(marked.scores) == 1
    private = {"Ada", "Lovelace", "Noether", "Grace", "university.example", "u-1", "u-2"}
    private |= {*token.split("."), begun.state, begun.nonce, begun.cookie.partition("=")[2]}
    private |= {*marked.tokens, "may-register", link.rpartition("/")[2], school.first}
    private |= set(grace.cookies.values())
    ours = [each for each in caplog.records if each.name.split(".")[0] not in ("httpx", "httpcore")]
    lines = "\n".join(f"{each.getMessage()} {each.args} {each.exc_info}" for each in ours)
    assert "A sign-in was refused" in lines
    assert not {each for each in private if each in lines}
