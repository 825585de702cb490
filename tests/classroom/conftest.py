"""A course over a small site, and the browsers of people in it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from latentbook.base.cache import seal
from latentbook.main import create_app
from latentbook.settings import Settings
from latentbook_classroom.course import manage, people
from latentbook_classroom.course.bundle import ENTRIES
from latentbook_classroom.course.database import Database, create
from latentbook_classroom.course.desk import Classroom
from latentbook_classroom.lecture.bundle import PLACES
from latentbook_classroom.settings import ClassroomSettings
from tests.classroom.course import Course
from tests.classroom.lecture.conftest import write_class_site
from tests.classroom.postgresql import postgresql
from tools.bench.serving import served

ADDRESS = "http://book.example/"
COUNTER = itertools.count()
TEMPLATE = "with_tables"
BUNDLED = tuple(Path(entry).name for entry in ENTRIES)
OWN = {"Sec-Fetch-Site": "same-origin"}

POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.long)
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("database", [POSTGRESQL], indirect=True)
"""For tests of features that only one of them has, or of refusals before either is used."""


def write_bundle(folder: Path) -> None:
    """Write scripts and styles of the classroom as the build does."""
    out = folder / "classroom"
    out.mkdir(parents=True)
    names = {name: name.replace(".", "-ABCD1234.") for name in BUNDLED}
    for name in names.values():
        (out / name).write_text("/* */")
    (out / PLACES).write_text(json.dumps({"made_from": "", "names": names}))
    seal(out)


def make_tables(database: str) -> None:
    used = Database(database)
    used.migrate()
    used.close()


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A file with all tables, from which tests start: migrations take longer than most tests."""
    file = tmp_path_factory.mktemp("tables") / "course.sqlite"
    make_tables(str(file))
    return file.read_bytes()


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A PostgreSQL URL with ``{}`` for the name of a database.

    One database on the server is a template with all tables.
    """
    with postgresql() as url:
        create_database(url, TEMPLATE, "template1")
        make_tables(url.format(TEMPLATE))
        yield url


def create_database(url: str, name: str, template: str) -> None:
    on_server(url, f"CREATE DATABASE {name} TEMPLATE {template}")


def on_server(url: str, command: str) -> None:
    with psycopg.connect(url.format("postgres"), autocommit=True) as connection:
        connection.execute(command.encode())


@pytest.fixture(params=["sqlite", POSTGRESQL])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The path or URL of a database with all tables and no course."""
    if request.param == "sqlite":
        file = tmp_path / "course.sqlite"
        create(file)
        file.write_bytes(request.getfixturevalue("sqlite"))
        yield str(file)
        return
    url: str = request.getfixturevalue("server")
    name = f"course_{next(COUNTER)}"
    create_database(url, name, TEMPLATE)
    yield url.format(name)
    on_server(url, f"DROP DATABASE {name} WITH (FORCE)")


def settings_in(folder: Path, database: str) -> Settings:
    write_class_site(folder)
    write_bundle(folder)
    mine = ClassroomSettings(database=database, local_platforms=True)
    return Settings(build=folder).extended(mine)


@pytest.fixture
def settings(tmp_path: Path, database: str) -> Settings:
    return settings_in(tmp_path, database)


@dataclass
class School:
    """A server with a course in it; each client is a browser."""

    app: FastAPI
    url: str
    first: str
    close: list[httpx.Client]

    @property
    def room(self) -> Classroom:
        room: Classroom = self.app.state.classroom
        return room

    def run(self, work: Callable[..., Any], *given: Any, **named: Any) -> Any:
        return self.room.database.run_here(work, *given, **named)

    def browser(self) -> httpx.Client:
        self.close.append(httpx.Client(base_url=self.url, headers=OWN))
        return self.close[-1]

    def joined(self, token: str, name: str = "") -> httpx.Client:
        """A new browser in which somebody has used a link."""
        client = self.browser()
        response = client.post(f"/join/{token}", data={"name": name})
        assert response.status_code == 303, response.text
        return client

    def invited(self, role: str, name: str, group: str = "") -> httpx.Client:
        def invite(connection: Any) -> str:
            course = people.present(connection).id
            return people.new_link(
                connection, course, role, group, by=None, lasts=timedelta(1), max_uses=1
            )

        return self.joined(self.run(invite), name)

    def number(self, name: str) -> int:
        """The number of a person."""

        def find(connection: Any) -> int:
            everyone = people.everyone(connection, people.present(connection).id)
            return next(each.id for each in everyone if each.name == name)

        found: int = self.run(find)
        return found


@contextmanager
def opened(settings: Settings) -> Iterator[School]:
    first = manage.new(settings, "Representations", "Autumn 2026", ADDRESS)
    assert first.startswith(f"{ADDRESS}join/")
    app = create_app(settings)
    with served(app) as url:
        school = School(app, url, first.removeprefix(f"{ADDRESS}join/"), [])
        yield school
        for client in school.close:
            client.close()


@pytest.fixture
def course(database: str) -> Iterator[Course]:
    opened = Database(database)
    opened.migrate()
    yield Course(opened)
    opened.close()


@pytest.fixture
def school(settings: Settings) -> Iterator[School]:
    with opened(settings) as school:
        yield school
