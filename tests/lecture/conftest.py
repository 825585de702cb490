"""A small site with one block of each kind, a hall over it, phones and a lecturer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import httpx
import pytest

from latentbook.cache import seal
from latentbook.lecture import bundle
from latentbook.lecture.hall import Hall
from latentbook.main import create_app
from latentbook.settings import Settings
from tests.small_server import TestRegistry
from tools.bench.serving import served

FRONT = """<!doctype html><html lang="en" data-root="./"><head><title>A book</title>
<script type="application/json" id="latentbook-config">{"root": "./", "assets": {}}</script>
<script src="./assets/head-ABCD1234.js"></script>
<link rel="stylesheet" href="./assets/book-ABCD1234.css">
<link rel="icon" type="image/svg+xml" href="./assets/favicon-0123456789.svg"></head>
<body><a class="brand" href="./"><svg></svg><span class="word">A book</span></a></body></html>"""

CONTENTS = '<a href="../">Book</a><a href="../vae/two/">Two</a><a href="../vae/one/">One</a>'


def quiz(label: str, kind: str, key: Any, inner: str) -> str:
    written = escape(json.dumps(key))
    return f"""<section class="quiz" id="{label}" data-quiz="{kind}" data-key="{written}">
  <div class="question" id="{label}-question"><p>What of <em>{label}</em>?</p></div>{inner}
  <details class="answer"><summary>Worked answer</summary>SECRET {label}</details></section>"""


STILL = (
    '<svg class="still wide" id="lab-curve-910" viewBox="0 0 910 364" role="img" aria-label="TOLD">'
    '<defs><clipPath id="c"><rect x="39" y="9" width="842" height="302"/></clipPath></defs>'
    '<g></g><g><path d="m40,10h1"/></g>'
    f'<g><g clip-path="url(#c)"><path d="m40,10{"l5,2" * 60}" fill="none"/></g></g>'
    "<g></g><g><text>time</text></g><g><text>NOTE</text></g></svg>"
)
SPEC = {
    "name": "lab",
    "controls": [{"kind": "seed", "name": "seed", "max": 999, "when": None}],
    "readouts": [{"key": "error", "label": "Error", "unit": "%"}],
}
PAGE = f"""<h1 id="one"><span class="number">2.1</span><span>The first</span></h1>
{
    quiz(
        "q-choice",
        "choice",
        {"answer": 1},
        '''<div class="picks">
<label><input value="0"><span>No <a href="../two/#lab">lab</a></span></label>
<label><input value="1"><span>Yes</span></label></div>
<div data-feedback-for="0">TOLD</div>''',
    )
}
{quiz("q-number", "number", {"answer": 9.5, "unit": "%", "tolerance": 1, "wrong": []}, "")}
{quiz("q-true", "true-false", {"answer": True}, "")}
{
    quiz(
        "q-guess",
        "guess",
        {"answer": 100, "tolerance": 2, "unit": "", "log": True},
        '''
<div class="drawing guess" style="--wide-l: 5%; --narrow-b: 3%; --answer: 0.5; --value: 0.5">
<div class="asked">ASKED</div><div class="truth">TRUTH</div>
<input type="range" min="1.0" max="3.0" step="0.01"></div>''',
    )
}
{quiz("q-code", "code", {"check": ""}, "")}
<section class="instrument" id="lab" data-instrument="lab" data-spec="{escape(json.dumps(SPEC))}">
<h2 class="title">A lab</h2><div class="panel plot" data-panel="curve">{STILL}</div>
<span data-readout="error">3.3</span></section>"""


def write_class_site(folder: Path) -> None:
    """A site and a bundle as the build leaves them."""
    files = {
        "index.html": FRONT,
        "404.html": "Not in the book",
        "contents/index.html": CONTENTS,
        "vae/one/index.html": PAGE,
    }
    for name, text in files.items():
        path = folder / "site" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    write_bundle(folder)


def write_bundle(folder: Path) -> None:
    """Scripts and styles of class mode, as the build leaves them."""
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
    return Settings(build=tmp_path, class_mode=True, device="cpu", dtype="float32")


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
        """The id of the round."""
        self.post(f"{self.place}/ask", {"label": label, "wanted": wanted})
        return self.round

    @property
    def round(self) -> int:
        return int(self.get()["rounds"][-1]["id"])

    def step(self, name: str) -> None:
        self.post(f"{self.place}/{name}", {"round": self.round})


@dataclass
class Phone:
    """A phone with a token of its own, and no cookies unless it is told to keep them."""

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
    hall: Hall
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
    app = create_app(settings, registry=TestRegistry())
    with served(app) as url, httpx.Client(base_url=url) as http:
        key = app.state.class_key
        assert http.post("/api/lecturer/key", json={"key": key}).status_code == 204
        lecturer = Lecturer(http)
        lecturer.start()
        school = School(url, key, lecturer, app.state.hall)
        yield school
        for phone in school.phones:
            phone.http.close()
