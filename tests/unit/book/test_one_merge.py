"""A command merges a course with its book once, however many of its steps read the result."""

from __future__ import annotations

from collections.abc import Callable
from unittest.mock import MagicMock

import pytest
from typer.testing import CliRunner

import widgets
from latentbook.book import pdf
from latentbook.book.overlay import merge
from latentbook.cli import cli
from latentbook.editions import build_all
from latentbook.http.site_files import SiteFiles
from latentbook.serving.fault import Fault
from latentbook.serving.reload import Reload
from latentbook.settings import Settings

from . import test_overlay
from .test_overlay import MakeCourse

make_course = test_overlay.make_course


@pytest.fixture
def merges(monkeypatch: pytest.MonkeyPatch) -> list[merge.Layer]:
    """The merges so far; this process goes on importing the book's own instruments."""
    monkeypatch.setattr(widgets, "use", lambda *given, **alone: None)
    found: list[merge.Layer] = []
    run = merge.Layer.merge

    def count(layer: merge.Layer) -> None:
        found.append(layer)
        run(layer)

    monkeypatch.setattr(merge.Layer, "merge", count)
    return found


@pytest.mark.parametrize(
    ("command", "count"),
    [
        (["build"], 1),
        (["build", "--pdf"], 1),
        (["check"], 1),
        (["check", "--numbers"], 1),
        (["check", "--all"], 1),
        (["check", "--all", "--record"], 2),  # the second contains what was recorded
        (["serve"], 1),
    ],
)
def test_a_command_merges_once(
    command: list[str],
    count: int,
    make_course: MakeCourse,
    merges: list[merge.Layer],
    small_runtime: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = make_course()
    monkeypatch.setattr("latentbook.main.run", lambda settings, **_: None)
    monkeypatch.setattr(pdf, "printer", lambda: "chromium")
    monkeypatch.setattr(pdf, "opened", MagicMock())
    monkeypatch.setattr(pdf, "print_numbered", lambda page, paper: (b"", 1))
    for name in ("content", "course", "build"):
        monkeypatch.setenv(f"LATENTBOOK_{name}".upper(), str(getattr(settings, name)))
    monkeypatch.setenv("LATENTBOOK_PORT", "0")
    done = CliRunner().invoke(cli, command)
    assert done.exit_code == 0, (done.output, done.exception)
    assert len(merges) == count


def rebuilt(settings: Settings) -> list[str]:
    return Reload(settings, Fault(SiteFiles(settings.site))).build(())


def built(settings: Settings) -> list[str]:
    return build_all(settings, lambda message: None)


@pytest.mark.parametrize("build", [rebuilt, built])
def test_a_build_of_the_server_merges_once(
    build: Callable[[Settings], list[str]],
    make_course: MakeCourse,
    merges: list[merge.Layer],
    small_runtime: None,
) -> None:
    assert build(make_course()) == []
    assert len(merges) == 1
