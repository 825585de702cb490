"""The tables: migrations up and down, no drift, copies of a running course, nothing when off."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from typer import BadParameter

from latentbook.classroom import manage, people
from latentbook.classroom.commands import web_address
from latentbook.classroom.database import Database
from latentbook.classroom.tables import metadata
from latentbook.errors import LatentbookError
from latentbook.settings import Settings
from tests.classroom.conftest import ADDRESS, School, on_sqlite
from tests.classroom.course import Course


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
    with pytest.raises(LatentbookError, match="exists already"):
        manage.restore(settings, file)
    other = Settings(database=str(tmp_path / "restored.sqlite"))
    manage.restore(other, file)
    with manage.opened(other) as restored:
        names = [each.name for each in restored.run_here(people.everyone, 1)]
        token = ada.cookies["latentbook-person"]
        signed_in = restored.run_here(people.signed_in, token)
    assert names == ["Ada"]
    for path in (file, *tmp_path.glob("*.sqlite*")):
        assert path.stat().st_mode & 0o077 == 0, path
    assert signed_in is not None and signed_in.name == "Ada"


def test_a_backup_before_an_update_leaves_the_tables_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(database=str(tmp_path / "course.sqlite"))
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
    missing = Settings(database=str(tmp_path / "none.sqlite"))
    with pytest.raises(LatentbookError, match="There is no course"):
        manage.link(missing, ADDRESS)
    assert not (tmp_path / "none.sqlite").exists()
    (tmp_path / "text.sqlite").write_text("not a database, " * 100)
    with pytest.raises(LatentbookError, match="not a database"):
        manage.link(Settings(database=str(tmp_path / "text.sqlite")), ADDRESS)
    for named in ("mysql://a:secret@host/name", "postgres://a:secret@host/name", "sqlite://x:y:z"):
        with pytest.raises(LatentbookError, match="neither a path nor a URL") as refused:
            manage.link(Settings(database=named), ADDRESS)
        assert "secret" not in str(refused.value)
    settings = Settings(database=str(tmp_path / "course.sqlite"))
    manage.new(settings, "Codes", "", ADDRESS)
    with pytest.raises(LatentbookError, match="has a course already"):
        manage.new(settings, "Codes", "", ADDRESS)
    with manage.opened(settings) as database, database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(LatentbookError, match="from a later edition"):
        manage.link(settings, ADDRESS)
    with pytest.raises(LatentbookError, match=r"below\.sqlite cannot be created: File exists"):
        manage.new(Settings(database=f"{settings.database}/below.sqlite"), "Codes", "", ADDRESS)
    for address in ("host.example", "javascript:alert(1)", "https:// host", ""):
        with pytest.raises(BadParameter, match="is not a web address"):
            web_address(address)


def test_without_the_setting_nothing_is_imported() -> None:
    program = (
        "import sys, latentbook.cli, latentbook.editions;"
        "from latentbook.main import create_app;"
        "from latentbook.settings import Settings; app = create_app(Settings(device='cpu'));"
        "off = ('sqlalchemy', 'alembic', 'joserfc', 'segno', 'deno', 'py_mini_racer');"
        "found = [name for name in sys.modules if name.split('.')[0] in off"
        " or name.startswith(('latentbook.classroom', 'latentbook.lecture'))];"
        "assert not found, found;"
        "assert not [path for path in app.openapi()['paths'] if 'classroom' in path]"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
