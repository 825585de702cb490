"""The tables: migrations up and down, no drift, copies of a running course, nothing when off."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from typer import BadParameter

from latentbook.base.errors import LatentbookError
from latentbook.main import create_app
from latentbook.settings import Settings
from latentbook_classroom.commands import web_address
from latentbook_classroom.course import database as module
from latentbook_classroom.course import manage, people
from latentbook_classroom.course.database import Database
from latentbook_classroom.course.tables import metadata, session
from latentbook_classroom.settings import ClassroomSettings
from tests.classroom.conftest import ADDRESS, School, on_sqlite
from tests.classroom.course import Course
from tests.patience import until
from tools.bench.serving import served


def course_in(database: Path | str) -> Settings:
    return Settings().extended(ClassroomSettings(database=str(database)))


def test_migrations_go_up_and_down_and_make_the_tables(database: str) -> None:
    used = Database(database)
    used.migrate("base")
    used.migrate()
    with used.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    used.migrate("base")
    assert sa.inspect(used.engine).get_table_names() == ["alembic_version"]
    used.migrate()
    assert "person" in sa.inspect(used.engine).get_table_names()
    used.close()


REVISION = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "9999", "{head}"


def upgrade():
    {upgrade}
"""
COPIED = """with op.batch_alter_table("{0}") as batch:
        batch.alter_column("{1}", type_=sa.String(201))"""
COLUMNS = {
    "person": "number",
    "course": "term",
    "member": "group",
    "assignment": "title",
    "question": "kind",
    "platform": "audience",
    "deployment": "name",
    "context": "title",
    "resource_link": "line_item",
}
"""A text column of each table that others refer to."""


@pytest.fixture
def revise(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Add a revision to those that the program knows."""

    def add(upgrade: str) -> None:
        head = ScriptDirectory(str(module.MIGRATIONS)).get_current_head()
        known = tmp_path / "migrations"
        shutil.copytree(module.MIGRATIONS, known, ignore=shutil.ignore_patterns("__pycache__"))
        text = REVISION.format(head=head, upgrade=upgrade)
        (known / "versions" / "9999_later.py").write_text(text)
        monkeypatch.setattr(module, "MIGRATIONS", known)

    return add


def everything(connection: sa.Connection) -> dict[str, list[sa.Row[Any]]]:
    """All rows except Alembic's."""
    found = sa.MetaData()
    found.reflect(connection)
    tables = [each for each in found.sorted_tables if each.name != "alembic_version"]
    return {
        each.name: sorted(connection.execute(sa.select(each)).all(), key=str) for each in tables
    }


def fill(connection: sa.Connection) -> None:
    """Put two rows into each table, the second with the greatest number."""
    found = sa.MetaData()
    found.reflect(connection)
    for table in found.sorted_tables:
        if table.name == "alembic_version":
            continue
        for number in (1, 70):
            values = {column.name: sample(column, number) for column in table.columns}
            connection.execute(sa.insert(table).values(**values))


def sample(column: sa.Column[Any], number: int) -> Any:
    kind = column.type
    if isinstance(kind, sa.JSON):
        return {"n": number}
    if isinstance(kind, sa.LargeBinary):
        return bytes([number]) * 32
    if isinstance(kind, sa.DateTime):
        return datetime(2026, 10, 1, number % 24)
    if isinstance(kind, sa.Boolean):
        return number == 1
    if isinstance(kind, sa.Integer | sa.Float):
        return number
    refers = any(key.column.table.name == "attempt" for key in column.foreign_keys)
    return f"id {number}" if refers or column.primary_key else f"{column.name} {number}"


def test_a_course_of_the_first_edition_is_brought_up_to_date(database: str) -> None:
    used = Database(database)
    used.migrate("base")
    used.migrate("0005")
    used.run_here(fill)
    before = used.run_here(everything)
    used.open()
    after = used.run_here(everything)
    for table in before.keys() & after.keys():
        for old, new in zip(before[table], after[table], strict=True):
            assert old._mapping.items() <= new._mapping.items(), table
    assert before.keys() - after.keys() == {"login_state"}  # steps of signing in last ten minutes
    assert [row.number for row in after["attempt"]] == [1, 2]
    with used.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    used.close()


@pytest.mark.parametrize("table", COLUMNS)
def test_a_later_edition_changes_a_table_and_loses_nothing(
    database: str, revise: Callable[[str], None], table: str
) -> None:
    """SQLite copies a table to change it; dropping the old one erased rows that refer to it."""
    used = Database(database)
    used.run_here(fill)
    used.run_here(lambda c: c.execute(sa.delete(sa.table(table)).where(sa.column("id") == 70)))
    before = used.run_here(everything)
    used.close()
    revise(COPIED.format(table, COLUMNS[table]))
    used = Database(database)
    used.open()
    assert used.is_current
    assert used.run_here(everything) == before
    used.close()
    if not used.is_sqlite:
        return
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        (last,) = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", [table])
    assert last == (70,), "a number is used again"
    copied = Database(str(used.file.with_name("course-before-9999.sqlite")))
    assert copied.run_here(everything) == before
    copied.close()
    used = Database(database)
    with pytest.raises(sa.exc.IntegrityError):  # references are enforced again
        used.run_here(lambda c: c.exec_driver_sql("UPDATE member SET person = 1234"))
    used.close()


@on_sqlite
@pytest.mark.parametrize(
    ("upgrade", "why"),
    [
        ("op.execute('DELETE FROM attempt')", "would lose rows of attempt, job, result"),
        ("op.execute('DELETE FROM person')", "would lose rows of"),
    ],
)
def test_a_later_edition_that_would_lose_something_changes_nothing(
    database: str, revise: Callable[[str], None], upgrade: str, why: str
) -> None:
    used = Database(database)
    used.run_here(fill)
    before = used.run_here(everything), used.revision
    revise(upgrade)
    with pytest.raises(LatentbookError, match=why):
        used.open()
    assert (used.run_here(everything), used.revision) == before
    used.close()


@on_sqlite
def test_only_a_server_brings_a_course_up_to_date(
    database: str, revise: Callable[[str], None]
) -> None:
    settings = course_in(database)
    link = manage.new(settings, "Codes", "Autumn", ADDRESS)
    revise("pass")
    with pytest.raises(LatentbookError, match=r"earlier edition of the book\. `latentbook serve`"):
        manage.link(settings, ADDRESS)
    used = Database(database)
    used.open()
    used.close()
    assert manage.link(settings, ADDRESS) != link


def test_whoever_reads_sees_one_moment_and_holds_up_nobody(course: Course) -> None:
    def read(connection: sa.Connection) -> None:
        before = people.everyone(connection, 1)
        course.member("Ada")  # in another transaction
        assert people.everyone(connection, 1) == before

    course.database.read_here(read)
    names = [each.name for each in course.database.read_here(people.everyone, 1)]
    assert sorted(names) == ["Ada", "Ina"]
    with pytest.raises(sa.exc.DBAPIError):
        course.database.read_here(people.new_course, "Codes", "Spring")


@on_sqlite
def test_a_backup_of_a_running_course_is_restored(
    school: School, settings: Settings, tmp_path: Path
) -> None:
    ada = school.joined(school.first, "Ada")
    file = tmp_path / "copies" / "monday.sqlite"
    manage.backup(settings, file)
    school.joined(school.run(manage.first_link), "Too late")
    with pytest.raises(LatentbookError, match="Already there"):
        manage.restore(settings, file)
    other = course_in(tmp_path / "restored.sqlite")
    manage.restore(other, file)
    with manage.opened(other) as restored:
        names = [each.name for each in restored.run_here(people.everyone, 1)]
        token = ada.cookies["latentbook-person"]
        signed_in = restored.run_here(people.signed_in, token)
    assert names == ["Ada"]
    for path in (file, *tmp_path.glob("*.sqlite*")):
        assert path.stat().st_mode & 0o077 == 0, path
    assert signed_in is not None and signed_in.name == "Ada"


@on_sqlite
@pytest.mark.parametrize("end", ["", "-wal", "-shm", "-journal"])
def test_nothing_is_restored_beside_what_was_left_of_another_file(
    database: str, tmp_path: Path, end: str
) -> None:
    """SQLite would read the journal into the restored file."""
    settings = course_in(database)
    manage.new(settings, "Codes", "Autumn", ADDRESS)
    manage.backup(settings, tmp_path / "monday.sqlite")
    other = tmp_path / "other.sqlite"
    left = tmp_path / f"other.sqlite{end}"
    left.write_bytes(b"left")
    with pytest.raises(LatentbookError, match=rf"Already there: .*/{left.name}\."):
        manage.restore(course_in(other), tmp_path / "monday.sqlite")
    assert left.read_bytes() == b"left"
    left.unlink()
    manage.restore(course_in(other), tmp_path / "monday.sqlite")


@on_sqlite
def test_what_a_server_accepts_is_there_at_the_next_start(
    school: School, settings: Settings, tmp_path: Path
) -> None:
    ada = school.joined(school.first, "Ada")
    manage.backup(settings, tmp_path / "monday.sqlite")
    (tmp_path / "away").mkdir()
    for file in tmp_path.glob("course.sqlite*"):
        file.rename(tmp_path / "away" / file.name)
    sent = {"events": [{"id": "a.1", "kind": "read", "day": 1, "time": 1}]}
    assert ada.post("/api/classroom/events", json=sent).status_code == 503
    with pytest.raises(LatentbookError, match=r"A server has .* open\. Stop it first"):
        manage.restore(settings, tmp_path / "monday.sqlite")
    for file in (tmp_path / "away").iterdir():
        file.rename(tmp_path / file.name)
    assert ada.post("/api/classroom/events", json=sent).status_code == 200
    (tmp_path / "course.sqlite").rename(tmp_path / "away" / "course.sqlite")
    shutil.copy(tmp_path / "monday.sqlite", tmp_path / "course.sqlite")
    assert ada.post("/api/classroom/events", json=sent).status_code == 503
    assert ada.get("/classroom/me").status_code == 503


@on_sqlite
def test_a_damaged_copy_is_neither_made_nor_restored(database: str, tmp_path: Path) -> None:
    settings = course_in(database)
    manage.new(settings, "Codes", "Autumn", ADDRESS)
    manage.backup(settings, tmp_path / "monday.sqlite")
    with closing(sqlite3.connect(tmp_path / "monday.sqlite")) as connection:
        connection.execute("DELETE FROM course")  # rows that refer to it stay
        connection.commit()
    other = course_in(tmp_path / "other.sqlite")
    with pytest.raises(LatentbookError, match="not an intact SQLite database: a row of audit"):
        manage.restore(other, tmp_path / "monday.sqlite")
    whole = (tmp_path / "monday.sqlite").read_bytes()
    (tmp_path / "monday.sqlite").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(LatentbookError, match="not an intact SQLite database"):
        manage.restore(other, tmp_path / "monday.sqlite")
    assert not (tmp_path / "other.sqlite").exists()


@on_sqlite
def test_a_course_that_cannot_be_opened_yet_keeps_nobody_from_the_book(
    settings: Settings, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAIT_S", 0.05)
    manage.new(settings, "Codes", "Autumn", ADDRESS)
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        app = create_app(settings)
        with served(app) as url, httpx.Client(base_url=url) as client:
            assert client.get("/").status_code == 200
            assert client.get("/classroom/").status_code == 503
            assert client.get("/readyz").status_code == 503
            other.execute("ROLLBACK")
            assert client.get("/classroom/").status_code == 200
            assert client.get("/readyz").status_code == 200


@on_sqlite
def test_whoever_reads_does_not_need_to_write(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = school.joined(school.first, "Ada")
    long_ago = sa.update(session).values(seen_at=datetime(2026, 1, 1, tzinfo=UTC))
    school.run(lambda connection: connection.execute(long_ago))
    monkeypatch.setattr(module, "WAIT_S", 0.05)
    used = school.room.database
    used.engine.dispose()
    with closing(sqlite3.connect(used.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert ada.get("/classroom/me").status_code == 200
        assert school.browser().get("/readyz").status_code == 503
    ada.get("/classroom/me")
    found = sa.select(session.c.seen_at)
    until(lambda: school.run(lambda c: c.execute(found).scalar()).year > 2025)


@on_sqlite
def test_a_full_disk_loses_nothing_that_was_acknowledged(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, used = school.joined(school.first, "Ada"), school.room.database

    def send(number: int) -> int:
        event = {"id": f"a.{number}", "kind": "read", "day": 1, "time": 1, "text": "x" * 50_000}
        return ada.post("/api/classroom/events", json={"events": [event]}).status_code

    assert send(1) == 200
    pages = school.run(lambda c: c.exec_driver_sql("PRAGMA page_count").scalar())
    monkeypatch.setattr(module, "PRAGMAS", (*module.PRAGMAS, f"max_page_count={pages + 20}"))
    used.engine.dispose()
    statuses = [send(number) for number in (2, 3, 4)]
    assert statuses == [200, 503, 503]
    assert ada.get("/classroom/me").status_code == 200
    monkeypatch.undo()
    used.engine.dispose()
    assert send(5) == 200
    found = ada.get("/api/classroom/events").json()["events"]
    assert [each["id"] for each in found] == ["a.1", "a.2", "a.5"]


@on_sqlite
def test_a_damaged_database_is_said_and_keeps_nobody_from_the_book(school: School) -> None:
    ada, used = school.joined(school.first, "Ada"), school.room.database
    for engine in (used.engine, used.readers):
        engine.dispose()
    with closing(sqlite3.connect(used.file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with used.file.open("r+b") as file:
        file.write(b"\xff" * 8192)
    assert ada.get("/classroom/me").status_code == 503
    assert ada.get("/readyz").status_code == 503
    assert ada.get("/").status_code == 200


def test_a_backup_before_an_update_leaves_the_tables_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = course_in(tmp_path / "course.sqlite")
    manage.new(settings, "Codes", "Autumn", ADDRESS)

    def migrate(database: Database, to: str = "head") -> None:
        raise AssertionError("The backup was to go back to these tables.")

    monkeypatch.setattr(Database, "migrate", migrate)
    manage.backup(settings, tmp_path / "copy.sqlite")
    found = Database(str(tmp_path / "copy.sqlite"))
    found.check()
    found.close()


def test_what_is_no_course_is_said(tmp_path: Path) -> None:
    with pytest.raises(LatentbookError, match="LATENTBOOK_DATABASE names"):
        manage.link(Settings(), ADDRESS)
    missing = course_in(tmp_path / "none.sqlite")
    with pytest.raises(LatentbookError, match="There is no course"):
        manage.link(missing, ADDRESS)
    assert not (tmp_path / "none.sqlite").exists()
    (tmp_path / "text.sqlite").write_text("not a database, " * 100)
    with pytest.raises(LatentbookError, match="not a database"):
        manage.link(course_in(tmp_path / "text.sqlite"), ADDRESS)
    for named in ("mysql://a:secret@host/name", "postgres://a:secret@host/name", "sqlite://x:y:z"):
        with pytest.raises(LatentbookError, match="neither a path nor a URL") as refused:
            manage.link(course_in(named), ADDRESS)
        assert "secret" not in str(refused.value)
    settings = course_in(used := tmp_path / "course.sqlite")
    manage.new(settings, "Codes", "", ADDRESS)
    with pytest.raises(LatentbookError, match="has a course already"):
        manage.new(settings, "Codes", "", ADDRESS)
    with manage.opened(settings) as database, database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(LatentbookError, match="from a later edition"):
        manage.link(settings, ADDRESS)
    with pytest.raises(LatentbookError, match=r"below\.sqlite cannot be created: File exists"):
        manage.new(course_in(f"{used}/below.sqlite"), "Codes", "", ADDRESS)
    for address in ("host.example", "javascript:alert(1)", "https:// host", ""):
        with pytest.raises(BadParameter, match="is not a web address"):
            web_address(address)


def test_without_the_setting_nothing_is_imported() -> None:
    program = (
        "import sys, latentbook.cli, latentbook.editions;"
        "from latentbook.main import create_app;"
        "from latentbook.settings import Settings; app = create_app(Settings());"
        "off = ('sqlalchemy', 'alembic', 'joserfc', 'segno', 'deno', 'py_mini_racer');"
        "found = [name for name in sys.modules if name.split('.')[0] in off"
        " or name.startswith(('latentbook_classroom.course.', 'latentbook_classroom.lecture.'))"
        " and not name.endswith(('.plugin', '.settings'))];"
        "assert not found, found;"
        "assert not [path for path in app.openapi()['paths'] if 'classroom' in path]"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
