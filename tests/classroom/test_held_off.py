"""Attacks and faults that the classroom withstands: docs/classroom/classroom.md lists them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, cast

import httpx
import psycopg
import pytest
from sqlalchemy import QueuePool

from latentbook.settings import Settings
from latentbook_classroom.course import database, desk, people
from latentbook_classroom.course.desk import MAX_BYTES, STRANGERS_BYTES
from latentbook_classroom.course.refused import Refused
from latentbook_classroom.course.words import clean
from latentbook_classroom.lecture.blocks import class_data_of
from latentbook_classroom.settings import ClassroomSettings
from tests.classroom.conftest import School, on_postgresql, on_sqlite
from tests.patience import PATIENCE_S, until

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@on_sqlite
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "", "Origin": "null"},
        {"Sec-Fetch-Site": "", "Origin": "http://["},
    ],
)
def test_another_sites_page_changes_nothing(school: School, headers: dict[str, str]) -> None:
    ada = school.joined(school.first, "Ada")
    if headers["Sec-Fetch-Site"] == "":
        del ada.headers["Sec-Fetch-Site"]
        headers = {"Origin": headers["Origin"]}
    form = {"name": "Theirs", "term": ""}
    assert ada.post("/classroom/settings", data=form, headers=headers).status_code == 403
    assert school.run(people.present).name == "Representations"
    assert ada.get("/classroom/settings", headers=headers).status_code == 200


def test_the_cookie_is_out_of_reach(school: School) -> None:
    browser = school.browser()
    response = browser.post(f"/join/{school.first}", data={"name": "Ada"})
    cookie = response.headers["set-cookie"]
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))
    assert response.headers["cache-control"] == "no-store"
    secure = school.run(people.sign_in_link, school.run(people.signed_in, cookie_of(browser)), 1)
    proxied = {"X-Forwarded-Proto": "https"}
    response = school.browser().post(f"/join/{secure}", headers=proxied)
    cookie = response.headers["set-cookie"]
    assert cookie.startswith("__Host-latentbook-person=")
    assert "Secure" in cookie.split("; ")
    assert "domain" not in cookie.lower()


def cookie_of(browser: httpx.Client) -> str:
    return browser.cookies["latentbook-person"]


@pytest.mark.parametrize(
    "body",
    [
        b"name=",
        b"name=%00",
        b"name=a%00b",
        b"name=%ED%A0%80",
        b"name=%FF",
        b"name=\xff",
        b"name=%E2%80%AEevil",
        b"name=%E2%80%8B",
        b"name=" + b"x" * 50_000,
        b"&".join(b"a%d=" % i for i in range(1_000)),
        b"{}",
    ],
)
def test_a_hostile_name_gets_a_sentence(school: School, body: bytes) -> None:
    response = school.browser().post(f"/join/{school.first}", content=body, headers=FORM)
    assert response.status_code == 422, response.text
    assert 'role="alert"' in response.text
    assert school.run(people.everyone, 1) == []


def test_a_long_name_is_refused_as_it_came() -> None:
    """Composing 100,000 accents took minutes."""
    with pytest.raises(Refused, match="Received 2000"):
        clean("e\u0301" * 1_000)


NESTED = b"".join(
    b"--%d\r\nContent-Type: multipart/mixed; boundary=%d\r\n\r\n" % (i, i + 1) for i in range(3_000)
)


def test_of_strangers_only_short_forms_are_read(school: School) -> None:
    long = {"name": "x" * STRANGERS_BYTES}
    for path in (f"/join/{school.first}", "/join/x", "/lti/launch", "/lti/login"):
        response = school.browser().post(path, data=long)
        assert response.status_code == 413, path
        assert f"At most {STRANGERS_BYTES} bytes" in response.text
    ada = school.joined(school.first, "Ada")
    assert ada.post("/classroom/people/roster", data=long).status_code == 422


def test_others_are_answered_while_a_form_is_read(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_answered = threading.Event()

    def pairs(query: bytes) -> desk.Form:
        assert is_answered.wait(PATIENCE_S)
        return desk.Form(name="Ada")

    monkeypatch.setattr(desk, "pairs_of", pairs)
    with ThreadPoolExecutor(1) as other:
        joined = other.submit(school.browser().post, f"/join/{school.first}", data={"name": "Ada"})
        assert school.browser().get("/healthz").status_code == 200
        is_answered.set()
        assert joined.result().status_code == 303


def test_hostile_bodies_and_cookies_bring_nothing_down(school: School) -> None:
    ada = school.joined(school.first, "Ada")
    place = "/classroom/people/roster"
    form = "multipart/form-data; boundary=x"
    part = b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\n'
    cases: list[tuple[bytes, str, int]] = [
        (b"x" * (MAX_BYTES + 1), FORM["Content-Type"], 413),
        (b"{}", "application/json", 415),
        (b"--x", form, 422),
        (part + b"a\x00b,1,2\r\n--x--", form, 200),
        (part + b'"' * 1_000 + b"\r\n--x--", form, 200),
        (part + b"\xff\xfe\x00\xd8\r\n--x--", form, 422),
        (part + b"a\n" * 3_000 + b"--x--", form, 422),
        (part + b"x" * 200_000 + b"\r\n--x--", form, 422),
        (part * 200 + b"--x--", form, 422),
        (b"--x\r\n" * 5_000, "multipart/mixed; boundary=x", 415),
        (part, "multipart/form-data", 422),
        (part.replace(b"name=", b"name*" + b"1" * 5_000 + b"="), form, 422),
        (NESTED, "multipart/form-data; boundary=0", 422),
    ]
    for body, kind, status in cases:
        response = ada.post(place, content=body, headers={"Content-Type": kind})
        assert response.status_code == status, (body[:80], response.status_code, response.text)
    for path in (
        "people/x",
        "people/0",
        "people/99999999999999",
        "audit?before=x",
        "audit?before=-1",
        "assignments/%00/",
        "grades/analysis/%00",
        "grades/?assignment=%00",
    ):
        assert ada.get(f"/classroom/{path}").status_code == 422
    assert ada.post("/classroom/me/link", headers={"Host": "x" * 1_500}).status_code == 400
    for cookie in ("", "x" * 5_000, '"', "\xe9", "a;b=c"):
        headers = {"Cookie": f"latentbook-person={cookie}".encode("latin-1")}
        me = httpx.get(f"{school.url}/classroom/me", headers=headers)  # type: ignore[arg-type]
        assert me.status_code == 401
    for token in ("%00", "%ED%A0%80", "x" * 150, "a" * 3_000, "..%2f"):
        assert httpx.get(f"{school.url}/join/{token}").status_code in (404, 410, 422)
    uses = {"role": "admin", "group": "", "days": "1", "uses": "1"}
    assert ada.post("/classroom/people/invite", data=uses).status_code == 422
    days = uses | {"role": "student", "days": "1e9"}
    assert ada.post("/classroom/people/invite", data=days).status_code == 422


def test_an_invitation_for_three_lets_three_in_at_once(school: School) -> None:
    def invite(connection: Any) -> str:
        day = timedelta(1)
        return people.new_link(connection, 1, "student", "", by=None, lasts=day, max_uses=3)

    token = school.run(invite)

    def join(number: int) -> int:
        browser = httpx.post(f"{school.url}/join/{token}", data={"name": f"P{number}"})
        return browser.status_code

    with ThreadPoolExecutor(12) as pool:
        statuses = sorted(pool.map(join, range(12)))
    assert statuses == [303] * 3 + [410] * 9
    assert len(school.run(people.everyone, 1)) == 3


def test_nobody_ends_anothers_session(school: School) -> None:
    school.joined(school.first, "Ada")
    eve, bob = school.invited("student", "Eve"), school.invited("student", "Bob")
    (session,) = school.run(people.sessions, school.number("Bob"))
    eve.post(f"/classroom/me/sessions/{session.id}/end")
    assert bob.get("/classroom/me").status_code == 200


def test_a_locked_database_is_said(
    school: School, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = school.joined(school.first, "Ada")
    monkeypatch.setattr(database, "WAIT_S", 0.05)
    used = school.room.database
    pools = [cast(QueuePool, engine.pool) for engine in (used.engine, used.readers)]
    until(lambda: not any(pool.checkedout() for pool in pools))  # or one would stay open
    used.close()
    other = database.Database(settings.of(ClassroomSettings).database)
    form = {"name": "Another name", "term": ""}
    with other.engine.begin():
        refused = ada.post("/classroom/settings", data=form)
        assert ada.get("/classroom/me").status_code == 200  # reads wait for no one
    other.close()
    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "5"
    assert "Try again" in refused.text
    assert ada.post("/classroom/settings", data=form).status_code == 303


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let waits for the database last longer than this machine needs."""
    monkeypatch.setattr(database, "TURN_S", 600)
    monkeypatch.setitem(database.WRITERS, "pool_timeout", 600)


@pytest.mark.usefixtures("patient")
def test_pages_are_served_while_many_wait_to_write(school: School) -> None:
    """Waiting writers once took all threads of the server."""
    ada = school.joined(school.first, "Ada")
    form = {"name": "Another name", "term": ""}
    with ThreadPoolExecutor(60) as pool:
        with school.room.database.engine.begin():
            waiting = [pool.submit(ada.post, "/classroom/settings", data=form) for _ in range(60)]
            assert {ada.get("/classroom/me").status_code for _ in range(5)} == {200}
            assert not any(each.done() for each in waiting)
        assert {each.result().status_code for each in waiting} == {303}


@on_postgresql
def test_a_server_that_was_started_again_is_found(school: School) -> None:
    ada = school.joined(school.first, "Ada")
    url = school.room.database.url.render_as_string(hide_password=False)
    with psycopg.connect(url) as other:
        mine = "datname = current_database() AND pid <> pg_backend_pid()"
        ended = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {mine}"
        assert {*other.execute(ended.encode())} == {(True,)}  # reading and writing connections
    assert ada.get("/classroom/me").status_code == 200


def test_logs_have_neither_names_nor_links(
    school: School, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "latentbook")
    ada = school.joined(school.first, "Ada Lovelace")
    ada.get(f"/join/{school.first}")
    ada.post(f"/join/{school.first}", content=b"x" * 600_000)
    assert "/join/…" in caplog.text
    assert school.first not in caplog.text
    assert "Lovelace" not in caplog.text


def test_while_the_site_is_missing_pages_say_so(school: School, settings: Settings) -> None:
    ada = school.joined(school.first, "Ada")
    class_data_of(settings.site).unlink()
    for place in ("classroom/me", "classroom/sync.js", "classroom/people/x"):
        refused = ada.get(f"/{place}")
        assert (refused.status_code, "not built" in refused.text) == (503, True), place
