"""A small site with one block of each kind, and a class on it with phones and a lecturer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, sync_playwright

from latentbook.base.cache import seal
from latentbook.book.compose.blocks import ClassForm
from latentbook.book.write.prefill import fill
from latentbook.main import create_app
from latentbook.settings import Settings
from latentbook_classroom.lecture import bundle
from latentbook_classroom.lecture.blocks import class_data_of
from latentbook_classroom.lecture.sessions import Sessions
from latentbook_classroom.lecture.settings import ClassSettings
from tests.chromium import launch
from tools.bench.serving import served

# Pages poll every two seconds; here, ten times as often.
HURRY = """
const later = setTimeout;
globalThis.setTimeout = (run, ms, ...given) => later(run, ms > 1_000 ? ms / 10 : ms, ...given);
"""


@contextmanager
def class_in_chromium(settings: Settings) -> Iterator[tuple[FastAPI, str, httpx.Client, Browser]]:
    """The app, its address, a client that has the lecturer's key, and a browser."""
    fill(settings.build / "cache", Settings().build / "cache")
    bundle.bundle_class(settings)
    app = create_app(settings)
    with (
        served(app) as url,
        httpx.Client(base_url=url) as http,
        sync_playwright() as playwright,
        launch(playwright.chromium) as chromium,
    ):
        http.post("/api/lecturer/key", json={"key": app.state.class_key})
        yield app, url, http, chromium


FRAME = {
    "title": "A book",
    "brand": '<svg></svg><span class="word">A book</span>',
    "language": ["en", "ltr"],
    "content": ["en", "ltr"],
    "config": {"root": "", "assets": {}, "search": "search-0.json"},
    "head": "assets/head-ABCD1234.js",
    "icon": "assets/favicon-0123456789.svg",
    "styles": ["assets/book-ABCD1234.css"],
}


def block(label: str, *forms: ClassForm, **more: Any) -> dict[str, Any]:
    """A block as the build writes it."""
    return {
        "id": f"vae/one#{label}",
        "called": forms[0].called,
        "title": f"What of {label}?",
        "section": "2.1 The first",
        "question": f"<p>What of <em>{label}</em>?</p>",
        "html": "",
        "opens": "",
        "ways": [asdict(form) for form in forms],
        **more,
    }


GUESS = {"unit": "", "log": True, "low": 1, "high": 3, "step": 0.01, "insets": "--wide-l: 5%"}
SPEC = {
    "name": "lab",
    "controls": [{"kind": "seed", "name": "seed", "max": 999, "when": None}],
    "readouts": [{"key": "error", "label": "Error", "unit": "%"}],
}
LAB = f"""<section class="instrument" id="lab" data-instrument="lab"
data-spec="{escape(json.dumps(SPEC))}"><span data-readout="error">3.3</span></section>"""
BLOCKS = [
    block(
        "q-choice",
        ClassForm(
            "choice",
            "Choice",
            {"options": ['No <a href="../vae/two/#lab">lab</a>', "Yes"]},
            {"answer": 1},
            {"count": 2},
        ),
    ),
    block(
        "q-many",
        ClassForm(
            "many",
            "Several right options",
            {"options": ["Two", "Three", "Four"]},
            {"answer": [0, 2]},
            {"list": {"count": 3}, "least": 1, "most": 3},
        ),
    ),
    block(
        "q-match",
        ClassForm(
            "match",
            "Pairs",
            {"left": ["<b>One</b>", "Two"], "right": ["II", "I", "III"]},
            {"answer": [1, 0]},
            {"list": {"count": 3}, "least": 2, "most": 2},
        ),
    ),
    block("q-number", ClassForm("number", "Number", {"unit": "%"}, {"answer": 9.5})),
    block("q-true", ClassForm("true-false", "True or false", {}, {"answer": True}, {"count": 2})),
    block(
        "q-guess",
        ClassForm(
            "guess",
            "Guess",
            {**GUESS, "picture": "ASKED"},
            {"answer": 100, "picture": "TRUTH"},
            {"low": 1, "high": 3},
        ),
    ),
    block(
        "lab",
        ClassForm("readout", "Instrument", {"wanted": "error"}, wanted="readout:error", html=True),
        ClassForm(
            "panel",
            "Instrument",
            {"wanted": "curve"},
            accepts={"curve": 128},
            wanted="panel:curve",
            html=True,
        ),
        ClassForm(
            "draw",
            "Instrument",
            {"pictures": ["<svg>AXES</svg>"], "boxes": [[0.1, 0.1, 0.8, 0.8]]},
            {"pictures": ["<svg>CURVE</svg>"]},
            {"list": {"low": 0, "high": 1}, "least": 2, "most": 128},
            wanted="draw:curve",
        ),
        title="A lab",
        question=None,
        html=LAB,
    ),
]


PAGES = {"index.html": "A book", "404.html": "Not in the book", "search-0.json": "[]"}


def write_class_site(folder: Path) -> None:
    """Write a site, its data for class mode, and a bundle, as the build does."""
    for name, text in PAGES.items():
        path = folder / "site" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    write_class_data(folder / "site")
    write_bundle(folder)


def write_class_data(
    site: Path, blocks: Sequence[dict[str, Any]] = BLOCKS, **frame: list[str]
) -> None:
    """Write the data for class mode as the build does."""
    data = {"frame": FRAME | frame, "blocks": blocks}
    class_data_of(site).write_text(json.dumps(data))


def write_bundle(folder: Path) -> None:
    """Write scripts and styles of class mode as the build does."""
    out = folder / "class"
    out.mkdir(parents=True)
    names = {f"{name}.js": f"{name}-ABCD1234.js" for name in bundle.ENTRIES}
    names["lecture.css"] = "lecture-ABCD1234.css"
    for name in names.values():
        (out / name).write_text("/* */")
    (out / bundle.PLACES).write_text(json.dumps({"made_from": "", "names": names}))
    seal(out)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    write_class_site(tmp_path)
    settings = Settings(build=tmp_path)
    return settings.extended(ClassSettings(class_mode=True))


@dataclass
class Lecturer:
    """The lecturer's browser."""

    http: httpx.Client
    code: str = ""
    place: str = ""

    def start(self) -> str:
        self.code = self.post("/classes").json()["code"]
        self.place = f"/classes/{self.code}"
        return self.code

    def post(self, path: str, body: Any = None) -> httpx.Response:
        response = self.http.post(f"/api/lecturer{path}", json=body or {})
        assert response.status_code < 300, response.text
        return response

    def get(self, path: str = "") -> Any:
        return self.http.get(f"/api/lecturer{self.place}{path}").json()

    def ask(self, label: str, wanted: str = "") -> int:
        """Ask a block; return the id of the round."""
        self.post(f"{self.place}/ask", {"label": label, "wanted": wanted})
        return self.round

    @property
    def round(self) -> int:
        return int(self.get()["rounds"][-1]["id"])

    def step(self, name: str) -> None:
        self.post(f"{self.place}/{name}", {"round": self.round})


@dataclass
class Phone:
    """A phone with its own token. `School.phone` clears its cookies."""

    url: str
    code: str
    token: str
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=f"{self.url}/api/class/{self.code}")
        self.http.headers["Latentbook-Seat"] = self.token

    def sit(self) -> httpx.Response:
        return self.http.post("/seat", json={"token": self.token})

    def now(self) -> Any:
        return self.http.get("/now").json()

    def answer(self, round: int, value: Any, change: int = 1) -> httpx.Response:
        return self.http.put(f"/rounds/{round}/answer", json={"value": value, "change": change})


@dataclass
class School:
    """A server with a class in it."""

    url: str
    key: str
    lecturer: Lecturer
    sessions: Sessions
    phones: list[Phone] = field(default_factory=list)

    def phone(self, code: str | None = None) -> Phone:
        """One more phone, with a seat."""
        phone = self.stranger(code)
        response = phone.sit()
        assert response.status_code == 200, response.text
        phone.http.cookies.clear()
        return phone

    def stranger(self, code: str | None = None) -> Phone:
        """One more phone, without a seat."""
        token = f"phone-number-{len(self.phones):012d}"
        self.phones.append(Phone(self.url, code or self.lecturer.code, token))
        return self.phones[-1]


@pytest.fixture
def school(settings: Settings) -> Iterator[School]:
    app = create_app(settings)
    with served(app) as url, httpx.Client(base_url=url) as http:
        key = app.state.class_key
        assert http.post("/api/lecturer/key", json={"key": key}).status_code == 204
        lecturer = Lecturer(http)
        lecturer.start()
        school = School(url, key, lecturer, app.state.sessions)
        yield school
        for phone in school.phones:
            phone.http.close()
