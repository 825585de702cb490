"""A lecture from its beginning to its end, over HTTP."""

from __future__ import annotations

import csv
import io
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import httpx
import pytest

from latentbook.main import create_app
from latentbook.settings import Settings
from latentbook_classroom.lecture import sessions, store
from latentbook_classroom.lecture.settings import ClassSettings, file_of
from tests.classroom.lecture.conftest import BLOCKS, Phone, School, write_class_data
from tools.bench.serving import served

CHOICE = "vae/one#q-choice"


def test_two_votes_are_hidden_until_they_are_revealed(school: School) -> None:
    phones = [school.phone() for _ in range(3)]
    lecturer = school.lecturer
    first = lecturer.ask(CHOICE)
    for phone, value in zip(phones, (0, 0, 1), strict=True):
        assert phone.now()["phase"] == "open"
        assert phone.answer(first, value).status_code == 204
    assert lecturer.get()["rounds"][0]["answers"] == 3
    lecturer.step("close")
    assert phones[0].answer(first, 1, change=2).status_code == 409
    assert lecturer.http.get(f"/api/lecturer{lecturer.place}/results").status_code == 409
    assert "results" not in phones[0].now() and "results" not in lecturer.get()
    lecturer.step("again")
    for phone in phones:
        phone.answer(lecturer.round, 1)
    lecturer.step("reveal")
    assert lecturer.get("/results") == phones[2].now()["results"] == [[0, 0, 1], [1, 1, 1]]


def test_answers_are_revealed_when_they_can_be_asked_for(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    school.lecturer.ask(CHOICE)
    read, said = store.answers, []

    def answers(*given: Any) -> list[Any]:
        said.append(school.lecturer.get()["phase"])
        return read(*given)

    monkeypatch.setattr(store, "answers", answers)
    school.lecturer.step("reveal")
    assert said == ["closed"]
    assert school.lecturer.get()["phase"] == "revealed"


def test_a_question_is_not_sent_before_it_is_prepared(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The projector asks for it as soon as the overview names it."""
    prepare, early = sessions.cached_json, []

    def prepared(value: Any) -> Any:
        if "kind" in value and not early:
            place = f"/askings/{school.lecturer.get()['asking']}"
            early.append(pool.submit(school.lecturer.get, place))
            wait(early, timeout=0.5)  # long enough to answer too soon
        return prepare(value)

    monkeypatch.setattr(sessions, "cached_json", prepared)
    with ThreadPoolExecutor(1) as pool:
        school.lecturer.ask(CHOICE)
        assert early[0].result()["title"] == "What of q-choice?"


@pytest.mark.parametrize(
    ("label", "wanted", "value", "kept"),
    [
        ("vae/one#q-number", "", -12.25, -12.25),
        ("vae/one#q-true", "", 1, 1),
        ("vae/one#q-guess", "", 2.5, 2.5),
        ("vae/one#lab", "readout:error", 0.125, 0.125),
        ("vae/one#lab", "draw:curve", [0, 0.1235, 1], [0, 0.1235, 1]),
        ("vae/one#lab", "panel:curve", {"x": [0, 1], "y": [5, -2]}, {"x": [0, 1], "y": [5, -2]}),
    ],
)
def test_every_kind_is_answered(school: School, label, wanted, value, kept) -> None:
    phone = school.phone()
    asked = school.lecturer.ask(label, wanted)
    assert phone.answer(asked, value).status_code == 204
    school.lecturer.step("reveal")
    assert school.lecturer.get("/results") == [[kept]]


@pytest.mark.parametrize(
    ("label", "wanted", "values", "said"),
    [
        (CHOICE, "", [2, -1, 0.5, [1.0, 2.0], {"x": [0.0]}], "a whole number from 0 to 1."),
        ("vae/one#q-number", "", [1e13, -1e300, [1.0, 2.0]], "a number from -1e+12 to 1e+12."),
        ("vae/one#q-true", "", [2, 0.5], "a whole number from 0 to 1."),
        ("vae/one#q-guess", "", [0.99, 3.01], "a number from 1 to 3."),
        (
            "vae/one#lab",
            "draw:curve",
            [[0.5], [0.5] * 129, 1, {"x": [0.0, 1.0]}],
            "a list of 2 to 128.",
        ),
        ("vae/one#lab", "draw:curve", [[0.5, 1.1], [0.5, -0.1]], "a number from 0 to 1."),
        ("vae/one#lab", "panel:curve", [{"x": [0, 1]}, [0.0, 1.0]], "a curve, {x: […], y: […]}."),
        (
            "vae/one#lab",
            "panel:curve",
            [{"x": [0, 1], "y": [0, 1, 2]}],
            "x has 2 numbers, y has 3.",
        ),
    ],
)
def test_what_is_no_answer_is_refused(school: School, label, wanted, values, said) -> None:
    phone = school.phone()
    asked = school.lecturer.ask(label, wanted)
    for value in values:
        response = phone.answer(asked, value)
        assert response.status_code == 422, value
        assert said in response.json()["detail"], value
    assert school.lecturer.get()["rounds"][0]["answers"] == 0


def test_one_phone_has_one_voice(school: School) -> None:
    phone, asked = school.phone(), school.lecturer.ask(CHOICE)
    for change, value in ((1, 0), (1, 0), (3, 1), (2, 0), (3, 0)):  # repeats, and one that was late
        assert phone.answer(asked, value, change).status_code == 204
    assert phone.answer(asked, 0, change=101).status_code == 422
    school.lecturer.step("reveal")
    assert school.lecturer.get("/results") == [[1]]


def test_a_phone_that_comes_back_has_its_seat_and_its_answer(school: School) -> None:
    phone, asked = school.phone(), school.lecturer.ask(CHOICE)
    phone.answer(asked, 1)
    said = phone.sit().json()
    assert said == {"seat": 1, "answered": {"round": asked, "change": 1, "value": 1}}
    cookie = phone.http.cookies
    with httpx.Client(base_url=phone.http.base_url, cookies=cookie) as without_storage:
        body = {"token": "another-token-of-the-phone"}
        assert without_storage.post("/seat", json=body).json() == said
    assert school.lecturer.get()["seats"] == 1


def test_nothing_new_costs_a_phone_nothing(school: School) -> None:
    phone = school.phone()
    etag = phone.http.get("/now").headers["etag"]
    again = phone.http.get("/now", headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    school.lecturer.ask(CHOICE)
    assert phone.http.get("/now", headers={"If-None-Match": etag}).status_code == 200


def test_a_button_pressed_twice_acts_once(school: School) -> None:
    lecturer, school_round = school.lecturer, school.lecturer.ask(CHOICE)
    place = f"/api/lecturer{lecturer.place}/again"
    statuses = [
        lecturer.http.post(place, json={"round": school_round}).status_code for _ in range(2)
    ]
    assert statuses == [204, 409]
    assert len(lecturer.get()["rounds"]) == 2


def test_all_is_there_after_the_server_has_ended(settings: Settings) -> None:
    with served(create_app(settings)) as url:
        pass  # the first start creates the key
    file_of(settings).unlink()
    app = create_app(settings)
    key = app.state.class_key
    with served(app) as url, httpx.Client(base_url=url) as http:
        http.post("/api/lecturer/key", json={"key": key})
        cookies = dict(http.cookies)
        code = http.post("/api/lecturer/classes", json={}).json()["code"]
        http.post(f"/api/lecturer/classes/{code}/ask", json={"label": CHOICE})
        phone = Phone(url, code, "phone-number-000000000001")
        phone.sit()
        asked = phone.now()["round"]
        phone.answer(asked, 1)
        phone.http.close()
    app = create_app(settings)
    assert app.state.class_key is None  # only its hash is stored
    with served(app) as url, httpx.Client(base_url=url, cookies=cookies) as http:
        phone = Phone(url, code, "phone-number-000000000001")
        assert phone.now()["round"] == asked
        assert phone.answer(asked, 0, change=1).status_code == 204  # a repeat of what it once sent
        http.post(f"/api/lecturer/classes/{code}/reveal", json={"round": asked})
        assert http.get(f"/api/lecturer/classes/{code}/results").json() == [[1]]
        phone.http.close()


def test_a_class_ends_with_its_data(school: School, settings: Settings) -> None:
    phone, asked = school.phone(), school.lecturer.ask("vae/one#q-number")
    phone.answer(asked, 123456789.0)
    files = [file_of(settings), file_of(settings).with_name("class.sqlite-wal")]
    assert any(b"123456789" in file.read_bytes() for file in files)
    assert school.lecturer.http.delete(f"/api/lecturer{school.lecturer.place}").status_code == 204
    assert phone.http.get("/now").status_code == 410
    assert phone.sit().status_code == 410
    left = b"".join(file.read_bytes() for file in files)
    for trace in (b"123456789", b"q-number", school.lecturer.code.encode()):
        assert trace not in left


def test_a_class_that_nobody_ends_ends_by_itself(settings: Settings) -> None:
    short = settings.extended(ClassSettings(class_mode=True, class_hours=1e-9))
    app = create_app(short)
    key = app.state.class_key
    with served(app) as url, httpx.Client(base_url=url) as http:
        http.post("/api/lecturer/key", json={"key": key})
        cookies = dict(http.cookies)
        code = http.post("/api/lecturer/classes", json={}).json()["code"]
    assert code.encode() in file_of(settings).read_bytes()
    again = create_app(short)
    with served(again) as url, httpx.Client(base_url=url, cookies=cookies) as http:
        place = f"/api/lecturer/classes/{code}"
        while http.get(place).status_code == 200:  # classes are checked every half minute
            pass
        assert http.get(place).status_code == 410
    assert code.encode() not in file_of(settings).read_bytes()


def test_the_answers_can_be_saved(school: School) -> None:
    first, second = school.phone(), school.phone()
    asked = school.lecturer.ask("vae/one#q-number")
    first.answer(asked, -3.5)
    second.answer(asked, 3.5)
    first.answer(school.lecturer.ask("vae/one#q-true"), 1)
    response = school.lecturer.http.get(f"/api/lecturer{school.lecturer.place}/answers.csv")
    rows = list(csv.reader(io.StringIO(response.text)))
    assert rows[1:] == [
        ["vae/one#q-number", "", "1", "1", "'-3.5"],
        ["vae/one#q-number", "", "1", "2", "3.5"],
        ["vae/one#q-true", "", "1", "1", "false"],
    ]
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)


def test_who_is_here_is_a_number(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "HERE_S", 600)
    for _ in range(4):
        school.phone().now()
    assert school.lecturer.get()["here"] == school.lecturer.get()["seats"] == 4


def left_asking(settings: Settings, **asked: str) -> tuple[str, dict[str, str]]:
    """Stop a server while a class is asked; return the code and the lecturer's cookies."""
    app = create_app(settings)
    with served(app) as url, httpx.Client(base_url=url) as http:
        http.post("/api/lecturer/key", json={"key": app.state.class_key})
        code = http.post("/api/lecturer/classes", json={}).json()["code"]
        assert http.post(f"/api/lecturer/classes/{code}/ask", json=asked).status_code == 204
        return code, dict(http.cookies)


def test_a_block_that_is_gone_costs_its_question_only(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    code, cookies = left_asking(settings, label=CHOICE)
    write_class_data(settings.site, [each for each in BLOCKS if each["id"] != CHOICE])
    app = create_app(settings)
    with served(app) as url, httpx.Client(base_url=url, cookies=cookies) as http:
        assert http.get("/").status_code == 200
        outline = http.get(f"/class/{code}").text
        assert CHOICE not in outline and "vae/one#q-number" in outline
        place = f"/api/lecturer/classes/{code}"
        assert http.get(place).json()["asking"] is None
        assert http.post(f"{place}/ask", json={"label": CHOICE}).status_code == 422
        assert http.post(f"{place}/ask", json={"label": "vae/one#q-number"}).status_code == 204
    assert "goes on without its question" in caplog.text and CHOICE in caplog.text


def test_a_curve_that_is_gone_is_no_longer_asked(settings: Settings) -> None:
    code, cookies = left_asking(settings, label="vae/one#lab", wanted="draw:curve")
    lab = BLOCKS[-1]
    write_class_data(settings.site, [{**lab, "ways": lab["ways"][:1]}])
    app = create_app(settings)
    with served(app) as url, httpx.Client(base_url=url, cookies=cookies) as http:
        assert http.get("/").status_code == 200
        assert http.get(f"/api/lecturer/classes/{code}").json()["asking"] is None
