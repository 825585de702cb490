"""Questions whose answers are not open yet, in a real build of a small book."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from latentbook.book.build import build_site
from latentbook.book.overlay.merge import open_project
from latentbook.book.write.prefill import fill
from latentbook.main import create_app
from latentbook.settings import Settings
from latentbook_classroom.lecture.blocks import ClassData, class_data_of
from latentbook_classroom.lecture.settings import ClassSettings
from tests.classroom.lecture.conftest import (
    HURRY,
    Lecturer,
    Phone,
    School,
    class_in_chromium,
    write_bundle,
)
from tests.unit.book import conftest as small
from tools.bench.serving import served

make_book, shared_build = small.make_book, small.shared_build

BEFORE, AFTER = (datetime(year, 1, 1, tzinfo=UTC) for year in (2900, 3100))
"""So far ahead that the server's own clock opens nothing."""

OPENS = "The answer opens on"
CHOICE, TRUE, NUMBER, GUESS = (
    f"sample/text#q-{name}" for name in ("choice", "true", "number", "guess")
)
QUESTIONS = """\
::::{quiz} choice
:label: q-choice

Which?

- [ ] First

  Canary-feedback.
- [x] Second

:::{answer}
Canary-choice.
:::
::::

::::{quiz} true-false
:label: q-true
:answer: true

Is it?

:::{answer}
Canary-true.
:::
::::

::::{quiz} number
:label: q-number
:answer: 4242.5
:tolerance: 0.125
:unit: %

How many?

:::{answer}
Canary-number.
:::
::::

::::{quiz} guess
:label: q-guess
:tolerance: 2
:unit: codes

Where?

```{sketch} python
:alt: An empty axis.
:alt-revealed: A canary-truth.

from widgets.contract import DATA_1
from widgets.kit.figures import axis, figure as drawing, line

answer = 100
axes = axis(1, 3, "x", type="log"), axis(0, 1, "y")
figure = drawing([], *axes)
truth = drawing([line([10, 100], [0, 1], DATA_1)], *axes)
```

:::{answer}
Canary-guess.
:::
::::
"""
DAYS = "\n[schedule.answers]\n" + "".join(
    f'"q-{name}" = 3000-01-01T00:00:00Z\n' for name in ("choice", "true", "number", "guess")
)


@pytest.fixture
def settings(
    make_book: small.MakeBook, small_runtime: None, shared_build: Path, tmp_path: Path
) -> Settings:
    """A book in which no answer is open."""
    files = {
        "book.toml": small.BOOK + DAYS,
        "sample/index.md": f"{small.OPENING}\nHow it begins.\n",
        "sample/text.md": f"{small.HEAD}\n{QUESTIONS}",
    }
    build = tmp_path / "build"
    write_bundle(build)
    (shared_build / "cache").mkdir(exist_ok=True)
    fill(build / "cache", shared_build / "cache")
    mine = ClassSettings(class_mode=True, class_file=tmp_path / "class.sqlite")
    settings = make_book(files).model_copy(update={"build": build}).extended(mine)
    build_site(open_project(settings), report=print, now=BEFORE)
    return settings


def question(phone: Phone) -> Any:
    return phone.http.get(f"/askings/{phone.now()['asking']}").json()


@pytest.mark.parametrize(
    ("label", "value", "shown"),
    [
        (CHOICE, 1, {"options": ["First", "Second"]}),
        (TRUE, 0, {}),
        (NUMBER, 3.5, {"unit": "%"}),
        (GUESS, 2.5, {"unit": "codes", "log": True, "low": 1, "high": 3}),
    ],
)
def test_they_are_asked_and_answered_and_not_told(
    school: School, label: str, value: float, shown: dict[str, Any]
) -> None:
    lecturer, phone = school.lecturer, school.phone()
    asked = lecturer.ask(label)
    assert lecturer.get()["opens"].startswith(OPENS)
    before = question(phone)
    assert shown.items() <= before.items() and not before.keys() & {"answer", "opens"}
    assert phone.answer(asked, value).status_code == 204
    lecturer.step("reveal")
    after = question(phone)
    assert after == before | {"opens": lecturer.get()["opens"]}
    assert phone.now()["results"] == lecturer.get("/results") == [[value]]


def test_the_lecturers_page_lists_them(school: School) -> None:
    page = school.lecturer.http.get(f"/class/{school.lecturer.code}")
    assert page.status_code == 200
    assert page.text.count('data-label="sample/text#q-') == 4


def test_what_a_class_is_sent_tells_nothing(settings: Settings) -> None:
    blocks = ClassData(class_data_of(settings.site)).blocks().values()
    forms = [block.ways[0].form for block in blocks]
    assert forms == ["choice", "true-false", "number", "guess"]
    assert not any("answer" in block.shown("", revealed=True) for block in blocks)


def test_no_file_of_the_build_tells_an_answer(settings: Settings) -> None:
    files = [path for path in settings.site.rglob("*") if path.is_file()]
    assert len(files) > 50
    for path in [*files, class_data_of(settings.site)]:
        data = path.read_bytes()
        data = gzip.decompress(data) if path.suffix == ".gz" else data
        assert b"anary" not in data and b"4242.5" not in data, path


def test_a_restart_in_the_middle_of_one(settings: Settings) -> None:
    app = create_app(settings)
    with served(app) as url, httpx.Client(base_url=url) as http:
        http.post("/api/lecturer/key", json={"key": app.state.class_key})
        cookies = dict(http.cookies)
        code = http.post("/api/lecturer/classes", json={}).json()["code"]
        http.post(f"/api/lecturer/classes/{code}/ask", json={"label": CHOICE})
        phone = Phone(url, code, "phone-number-000000000001")
        phone.sit()
        asked = phone.now()["round"]
        assert phone.answer(asked, 1).status_code == 204
        phone.http.close()
    app = create_app(settings)
    with served(app) as url, httpx.Client(base_url=url, cookies=cookies) as http:
        assert http.get("/sample/text/").status_code == 200
        phone = Phone(url, code, "phone-number-000000000001")
        assert phone.now()["round"] == asked
        http.post(f"/api/lecturer/classes/{code}/reveal", json={"round": asked})
        assert phone.now()["results"] == [[1]]
        assert question(phone)["opens"].startswith(OPENS)
        phone.http.close()


def test_an_answer_that_opens_meanwhile_is_revealed(school: School, settings: Settings) -> None:
    lecturer, phone = school.lecturer, school.phone()
    phone.answer(lecturer.ask(NUMBER), 3.5)
    build_site(open_project(settings), report=print, now=AFTER)
    lecturer.step("reveal")
    told = question(phone)
    assert told["answer"] == 4242.5 and "opens" not in told
    assert lecturer.get()["opens"] == ""


@pytest.mark.browser
def test_in_front_of_all_no_answer_is_marked(settings: Settings) -> None:
    with class_in_chromium(settings) as (app, url, http, chromium):
        school = School(url, app.state.class_key, Lecturer(http), app.state.sessions)
        school.lecturer.start()
        phone = school.phone()
        page = chromium.new_page()
        page.add_init_script(HURRY)
        cookies = http.cookies.items()
        page.context.add_cookies([{"name": n, "value": v, "url": url} for n, v in cookies])
        page.goto(f"{url}/show/{school.lecturer.code}")
        for label, value, drawn in ((TRUE, 1, ".bars .count"), (NUMBER, 3.5, ".columns")):
            phone.answer(school.lecturer.ask(label), value)
            school.lecturer.step("reveal")
            expect(page.locator(drawn).first).to_be_visible()
            expect(page.locator("[data-results] .opens")).to_contain_text(OPENS)
            expect(page.locator(".right, .mark")).to_have_count(0)
        page.goto(f"{url}/class/{school.lecturer.code}")
        expect(page.locator("[data-opens]")).to_contain_text(OPENS)
        phone.http.close()
