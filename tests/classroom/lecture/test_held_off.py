"""Attacks on a class: guesses, floods, other pages, another lecturer, broken requests."""

from __future__ import annotations

import logging
import re
import subprocess
import sys

import httpx
import pytest

from latentbook.base.errors import LatentbookError
from latentbook.book.translations.language import language
from latentbook.main import create_app
from latentbook.settings import Settings
from latentbook_classroom.lecture import bundle, sessions
from latentbook_classroom.lecture.lecturer import harmless
from latentbook_classroom.lecture.mode import ClassMode, forget_key
from latentbook_classroom.lecture.sessions import hash_of
from latentbook_classroom.lecture.settings import file_of
from tests.classroom.lecture.conftest import Phone, School, write_class_data
from tools.bench.serving import served

CHOICE = "vae/one#q-choice"
JSON = {"Content-Type": "application/json"}


def test_the_question_comes_without_its_answer(school: School) -> None:
    phone = school.phone()
    for label, wanted, told in (
        (CHOICE, "", ("TOLD", "SECRET", '"answer"')),
        ("vae/one#q-guess", "", ("TRUTH", "--answer", '"answer"')),
        ("vae/one#lab", "draw:curve", ("TOLD", "NOTE", "l5,2")),
    ):
        asked = school.lecturer.ask(label, wanted)
        asking = phone.now()["asking"]
        for place in (
            phone.http.get(f"/askings/{asking}"),
            school.lecturer.http.get(f"/api/lecturer{school.lecturer.place}/askings/{asking}"),
        ):
            assert place.status_code == 200
            assert not [word for word in told if word in place.text], label
        assert phone.answer(asked, 0 if label == CHOICE else [0.0, 1.0]).status_code in (204, 422)
    assert phone.http.get("/askings/1").status_code == 409  # this question is over


def test_links_lead_from_where_they_are_shown(school: School) -> None:
    phone, _ = school.phone(), school.lecturer.ask(CHOICE)
    options = phone.http.get(f"/askings/{phone.now()['asking']}").json()["options"]
    assert 'href="../vae/two/#lab"' in options[0] or 'href="../vae/two#lab"' in options[0]


def test_guessed_codes_run_out(school: School) -> None:
    school.sessions.guesses.rate = 0.001  # otherwise a slow machine guesses no faster than that
    seated = school.phone()
    statuses = {school.stranger("222222").sit().status_code for _ in range(5)}
    assert statuses == {404}
    with httpx.Client(base_url=f"{school.url}/api/class") as guesser:
        body = {"token": "a-guesser-of-many-codes"}
        codes = (f"{i:06d}" for i in range(400))
        statuses = {guesser.post(f"/{code}/seat", json=body).status_code for code in codes}
        assert statuses == {404, 429}
        refused = guesser.post(f"/{school.lecturer.code}/seat", json=body)
        assert refused.status_code == 429  # a right guess looks like a wrong one
        assert int(refused.headers["retry-after"]) >= 1
        assert guesser.get(f"/{school.lecturer.code}/now").status_code == 429
    assert seated.http.get("/now").status_code == 200


def test_another_key_closes_what_the_old_one_opened(settings: Settings) -> None:
    def key_of() -> tuple[str | None, bytes]:
        mode = ClassMode(settings)
        mode.store.close()
        return mode.new_key, mode.key_hash

    first, kept = key_of()
    assert first is not None and hash_of(first) == kept
    assert key_of() == (None, kept)
    forget_key(settings)
    second, now_kept = key_of()
    assert second is not None and now_kept not in (kept, hash_of(first))


def test_one_server_holds_the_file(settings: Settings) -> None:
    mode = ClassMode(settings)
    with pytest.raises(LatentbookError, match="in use by another server"):
        ClassMode(settings)
    mode.store.close()
    file_of(settings).write_bytes(b"no database " * 100)
    with pytest.raises(LatentbookError, match="not a file of class mode"):
        ClassMode(settings)


def test_what_is_allowed_runs_out() -> None:
    allowed = sessions.TokenBucket(3, 0.001, "Slowly.")
    assert [allowed.take() for _ in range(3)] == [None] * 3
    with pytest.raises(sessions.Problem, match="Slowly"):
        allowed.take()


def test_a_class_has_so_many_seats(school: School) -> None:
    sessions = school.sessions
    sessions.most_seats = 2
    seated = [school.phone() for _ in range(2)]
    assert school.stranger().sit().status_code == 403
    assert seated[0].sit().status_code == 200


def test_closed_doors_let_nobody_in(school: School) -> None:
    school.lecturer.post(f"{school.lecturer.place}/doors", {"open": False})
    late = school.stranger()
    assert late.sit().status_code == 403
    assert late.http.get("/now").status_code == 403
    school.lecturer.post(f"{school.lecturer.place}/doors", {"open": True})
    assert late.sit().status_code == 200


LECTURERS = [
    ("GET", ""),
    ("GET", "/answers.csv"),
    ("GET", "/results"),
    ("GET", "/askings/1"),
    ("GET", "/qr.svg?address=http://a.example"),
    ("POST", "/ask"),
    ("POST", "/close"),
    ("POST", "/reveal"),
    ("POST", "/again"),
    ("POST", "/put-away"),
    ("POST", "/doors"),
    ("DELETE", ""),
]


def test_another_lecturer_is_refused(school: School) -> None:
    base = f"{school.url}/api/lecturer{school.lecturer.place}"
    for cookies in ({}, {"latentbook-lecturer": "guess"}, {"latentbook-lecturer": ""}):
        with httpx.Client(cookies=cookies) as other:
            for method, path in LECTURERS:
                response = other.request(method, f"{base}{path}", headers=JSON, content="{}")
                assert response.status_code == 403, (method, path)
    assert school.lecturer.get()["seats"] == 0


def test_a_guessed_key_opens_nothing(school: School) -> None:
    with httpx.Client(base_url=school.url) as other:
        for key in ("", "guess", school.key[:-1], school.key + "x"):
            assert other.post("/api/lecturer/key", json={"key": key}).status_code == 403
        assert not other.cookies
        assert school.lecturer.code not in other.get("/class/").text
        for page in (f"/class/{school.lecturer.code}", f"/show/{school.lecturer.code}"):
            assert "data-key-asked" in other.get(page).text


FORGED = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},
]


def test_a_forged_request_is_refused(school: School) -> None:
    phone = school.phone()
    asked = school.lecturer.ask(CHOICE)
    place = f"/api/lecturer{school.lecturer.place}"
    http = school.lecturer.http
    writes = [("/reveal", {"round": asked}), ("/put-away", {}), ("/doors", {"open": False})]
    for headers in FORGED:
        for path, body in writes:
            sent = http.post(f"{place}{path}", json=body, headers=headers)
            assert sent.status_code == 403, (headers, path)
        assert http.delete(place, headers=headers).status_code == 403
        answer = {"value": 1, "change": 1}
        sent = phone.http.put(f"/rounds/{asked}/answer", json=answer, headers=headers)
        assert sent.status_code == 403
    now = school.lecturer.get()
    assert (now["phase"], now["rounds"][0]["answers"], now["doors_open"]) == ("open", 0, True)


def test_the_books_own_pages_may_write(school: School) -> None:
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": school.url}
    place = f"/api/lecturer{school.lecturer.place}/put-away"
    assert school.lecturer.http.post(place, json={}, headers=headers).status_code == 204
    form = school.lecturer.http.post(place, data={"a": "b"}, headers=headers)
    assert form.status_code == 415  # another site's form could send this


def test_cookies_are_for_no_script_and_no_other_site(school: School) -> None:
    given = [
        school.stranger().sit(),
        httpx.post(f"{school.url}/api/lecturer/key", json={"key": school.key}),
    ]
    for response in given:
        cookie = response.headers["set-cookie"].lower()
        assert "httponly" in cookie and "samesite=strict" in cookie


def test_cookies_stay_below_the_path_of_the_book(settings: Settings) -> None:
    """As behind a proxy that strips /book: other programs on the host get no cookie."""
    below = settings.model_copy(update={"base_path": "/book/"})
    app = create_app(below)
    with served(app) as url:
        key = httpx.post(f"{url}/api/lecturer/key", json={"key": app.state.class_key})
        assert "path=/book/;" in key.headers["set-cookie"].lower()
        with httpx.Client(cookies={"latentbook-lecturer": app.state.class_key}) as lecturer:
            code = lecturer.post(f"{url}/api/lecturer/classes", json={}).json()["code"]
        phone = Phone(url, code, "a-phone-with-a-long-token")
        seat = phone.sit()
        phone.http.close()
        # The browser uses the folder of the request: /book/api/class/CODE.
        assert "path=" not in seat.headers["set-cookie"].lower()


def test_nothing_of_a_person_is_kept_or_logged(
    school: School, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    agent = {"User-Agent": "Canary/77 (Phone of Ada)", "Referer": "http://canary.example/ada"}
    phone = school.stranger()
    phone.http.headers.update(agent)
    phone.sit()
    asked = school.lecturer.ask(CHOICE)
    phone.answer(asked, 1)
    school.lecturer.step("reveal")
    files = file_of(settings).parent.glob("class.sqlite*")
    stored = b"".join(file.read_bytes() for file in files)
    servers = [each for each in caplog.records if not each.name.startswith("http")]  # not httpx's
    assert servers
    logged = repr([vars(each) for each in servers]).encode()
    for trace in (
        b"Canary",
        b"canary",
        b"Ada",
        b"127.0.0.1",
        phone.token.encode(),
        school.key.encode(),
    ):
        assert trace not in stored
        assert trace not in logged


ANSWER = "/api/class/{code}/rounds/{round}/answer"
BAD = [
    ("POST", "/api/class/{code}/seat", "{"),
    ("POST", "/api/class/{code}/seat", "[]"),
    ("POST", "/api/class/{code}/seat", '{"token": "short"}'),
    ("POST", "/api/class/{code}/seat", '{"token": "' + "x" * 20_000 + '"}'),
    ("POST", "/api/class/{code}/seat", '{"token": "aaaaaaaaaaaaaaaaaaaaaa\\u0000"}'),
    ("POST", "/api/class/%00/seat", '{"token": "aaaaaaaaaaaaaaaaaaaaaaaa"}'),
    ("POST", "/api/class/" + "A" * 5000 + "/seat", '{"token": "aaaaaaaaaaaaaaaaaaaaaaaa"}'),
    ("GET", "/api/class/{code}/askings/0", ""),
    ("GET", "/api/class/{code}/askings/" + "9" * 30, ""),
    ("GET", "/api/class/{code}/askings/x", ""),
    ("PUT", ANSWER, '{"value": NaN, "change": 1}'),
    ("PUT", ANSWER, '{"value": 1e999, "change": 1}'),
    ("PUT", ANSWER, '{"value": "<b>", "change": 1}'),
    ("PUT", ANSWER, '{"value": null, "change": 1}'),
    ("PUT", ANSWER, '{"value": 1, "change": 0}'),
    ("PUT", ANSWER, '{"value": 1, "change": 1e30}'),
    ("PUT", ANSWER, '{"value": 1}'),
    ("PUT", ANSWER, "[" * 9000),
    (
        "PUT",
        ANSWER,
        '{"value": ' + "1" * 5000 + ', "change": 1}',
    ),
    ("PUT", "/api/class/{code}/rounds/999/answer", '{"value": 1, "change": 1}'),
    ("POST", "/api/lecturer/key", '{"key": "\\ud800"}'),
    ("POST", "/api/lecturer/key", '{"key": 7}'),
    ("POST", "/api/lecturer/classes", '{"a": 1}'),
    ("POST", "/api/lecturer/classes/{code}/ask", '{"label": "../../etc/passwd"}'),
    ("POST", "/api/lecturer/classes/{code}/ask", '{"label": "vae/one#q-code"}'),
    ("POST", "/api/lecturer/classes/{code}/ask", '{"label": "vae/one#lab", "wanted": "x"}'),
    ("POST", "/api/lecturer/classes/{code}/again", '{"round": 0}'),
    ("POST", "/api/lecturer/classes/{code}/close", '{"round": 9223372036854775807}'),
    ("GET", "/api/lecturer/classes/{code}/qr.svg?address=javascript:alert(1)", ""),
    ("GET", "/api/lecturer/classes/{code}/qr.svg?address=http://[", ""),
    ("GET", "/api/lecturer/classes/{code}/qr.svg", ""),
    ("GET", "/api/lecturer/classes/%2e%2e", ""),
    ("GET", "/class/assets/..%2f..%2fclass.sqlite", ""),
    ("GET", "/class/assets/places.json", ""),
]


def test_no_request_brings_the_server_down(school: School) -> None:
    phone = school.phone()
    asked = school.lecturer.ask(CHOICE)
    headers = {**JSON, "Latentbook-Seat": phone.token}
    for method, path, body in BAD:
        place = path.format(code=school.lecturer.code, round=asked)
        response = school.lecturer.http.request(method, place, content=body, headers=headers)
        assert 400 <= response.status_code < 500, (path, body[:80], response.text)
    assert phone.answer(asked, 1).status_code == 204


PAGES = ("/j/", "/j/AAAAAA", "/j/%22%3E%3Cb%3E", "/class/", "/class/x", "/show/x")


def test_pages_say_nothing_of_what_they_were_asked(school: School) -> None:
    for path in PAGES:
        response = httpx.get(f"{school.url}{path}")
        assert response.status_code == 200
        assert "<b>" not in response.text and "AAAAAA" not in response.text
        assert "script-src 'self'" in response.headers["content-security-policy"]
        assert response.headers["cache-control"] == "no-store"


def test_pages_speak_the_language_of_the_book(school: School, settings: Settings) -> None:
    http = school.lecturer.http
    assert "words-" not in http.get("/class/").text  # the scripts have the English
    write_class_data(settings.site, language=["de", "ltr"])
    for path, said in (("/j/", "Der Stunde beitreten"), ("/class/", "Stunde beginnen")):
        page = http.get(path).text
        assert '<html lang="de"' in page and said in page
        script = re.search(r"class/assets/words-\w+\.js", page)
        assert script is not None
        words = http.get(f"/{script[0]}")
        assert words.headers["content-type"].startswith("text/javascript")
        assert "Die Abstimmung ist geschlossen." in words.text
    assert '<div class="question" data-text lang="en" dir="ltr">' in http.get("/j/").text
    write_class_data(settings.site, language=["en", "rtl"])
    page = http.get("/class/").text
    assert '<html lang="en" dir="rtl"' in page and "Start a class" in page


def test_the_words_of_class_mode_are_not_in_the_site() -> None:
    own, all_words = language("de").script_words(), language("de").script_words(served=True)
    assert set(own) < set(all_words)
    assert "Sending …" in set(all_words) - set(own)
    assert "Your guess: {guess}" in own  # questions on the page use it too


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"


def test_when_off_nothing_of_it_is_imported() -> None:
    program = (
        "import sys, latentbook.cli, latentbook.book.build;"
        "from latentbook.main import create_app;"
        "from latentbook.settings import Settings; app = create_app(Settings());"
        "schema = app.openapi();"
        "found = [name for name in sys.modules"
        " if name.split('.')[0] in ('sqlalchemy', 'segno')"
        " or name.startswith('latentbook_classroom.lecture.')"
        " and not name.endswith(('.plugin', '.settings'))];"
        "assert not found, found;"
        "assert not [path for path in schema['paths'] if 'class' in path or 'lecturer' in path]"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_bundle_is_not_in_the_site(root) -> None:
    """Class mode has separate scripts: those of the site do not refer to them."""
    settings = Settings()
    assert bundle.folder_of(settings) not in settings.site.parents
    book = (root / "static" / "css" / "book.css").read_text()
    assert "lecture" not in book
    for script in (root / "static" / "js").rglob("*.js"):
        assert "lecture/" not in script.read_text(), script
