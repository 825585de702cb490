"""``latentbook doctor`` on healthy, damaged and exposed servers."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from latentbook import doctor
from latentbook.main import create_app
from latentbook.settings import Settings
from latentbook_classroom.course import manage
from latentbook_classroom.course.tables import audit
from tests.classroom.conftest import settings_in
from tools.bench.serving import served


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    found = settings_in(tmp_path, str(tmp_path / "course.sqlite"))
    manage.new(found, "Codes", "Autumn", "http://book.example")
    return found


@pytest.fixture
def backups(settings: Settings, tmp_path: Path) -> Path:
    manage.backup(settings, tmp_path / "backups" / "monday.sqlite")
    return tmp_path / "backups"


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hide this machine's clock, other servers and free space from these tests."""
    monkeypatch.setattr(doctor, "clock", lambda: iter(()))
    monkeypatch.setattr(doctor, "servers", list)
    monkeypatch.setattr(doctor, "FREE_BYTES", 0)
    yield


def cared(settings: Settings, backups: Path | None, address: str = "") -> list[str]:
    """The findings marked ``CARE``, without that mark."""
    said: list[str] = []
    is_well = doctor.examine(settings, address, backups, said.append)
    found = [each.removeprefix("CARE  ") for each in said if each.startswith("CARE")]
    assert is_well == (not found)
    return found


def test_a_server_that_is_well(settings: Settings, backups: Path) -> None:
    assert cared(settings, backups) == []


def test_what_needs_care_is_named_with_what_to_do(
    settings: Settings, backups: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (backups / "monday.sqlite").chmod(0o600)
    (tmp_path / "course.sqlite").chmod(0o644)
    assert re.search(r"course\.sqlite has everybody’s data.*chmod o=", *cared(settings, backups))
    (tmp_path / "course.sqlite").chmod(0o600)

    long_ago = time.time() - 5 * 86_400
    os.utime(backups / "monday.sqlite", (long_ago, long_ago))
    assert re.search(r"monday\.sqlite, is 5\.0 days old", *cared(settings, backups))
    whole = (backups / "monday.sqlite").read_bytes()
    (backups / "monday.sqlite").write_bytes(whole[:5000])
    assert re.search(r"monday\.sqlite is damaged", *cared(settings, backups))
    assert re.search("No backup is known: name their folder", *cared(settings, None))
    (backups / "monday.sqlite").write_bytes(whole)

    monkeypatch.setattr(doctor, "FREE_BYTES", 2**60)
    assert all("Make room" in each for each in cared(settings, backups))
    monkeypatch.setattr(doctor, "FREE_BYTES", 0)

    with manage.opened(settings) as used:
        later = sa.update(audit).values(at=datetime(2099, 1, 1, tzinfo=UTC))
        used.run_here(lambda connection: connection.execute(later))
    assert re.search(r"The clock was \d+\.\d hours ahead", *cared(settings, backups))

    (tmp_path / "course.sqlite").write_bytes(whole[:5000])
    assert re.search(r"course\.sqlite is damaged.*restore the last", *cared(settings, backups))


def test_what_strangers_see_at_the_address(settings: Settings, backups: Path) -> None:
    app = create_app(settings)
    with served(app) as url:
        found = cared(settings, backups, f"{url}/")
    assert ["not https" in found[0], "/readyz" in found[1], "/metrics" in found[2]] == [True] * 3
    assert len(found) == 3
    (found,) = cared(settings, backups, url)
    assert f"{url}/healthz answers nothing" in found


def test_a_server_with_few_files_that_runs_as_root(tmp_path: Path) -> None:
    process = tmp_path / "123"
    process.mkdir()
    (process / "limits").write_text("Max open files   1024   524288   files\n")
    found = dict(doctor.server(process))
    shutil.rmtree(process)
    assert "may open 1024 files. Set LimitNOFILE" in found[False] or os.getuid() == 0
    assert [sentence for is_fine, sentence in doctor.server(process) if not is_fine]
