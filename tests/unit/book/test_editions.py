"""``serve`` with broken sources: it shows the last good site, or the one before it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import Result
from typer.testing import CliRunner

from latentbook import main
from latentbook.book.build import build_site
from latentbook.book.overlay.merge import open_project
from latentbook.cli import cli
from latentbook.settings import Settings
from tools.bench.serving import served

from .conftest import BOOK, FRONT, HEAD, MakeBook

COURSE = """\
title = "A course"
subtitle = "Of a book"
description = "For tests."
language = "en"
book = "0.1.0"
hide = []

[[parts]]
title = "All"
chapters = ["sample"]
"""
QUESTION = """
::::{quiz} true-false
:label: q-one
:answer: true

Is it?

:::{answer}
It is.
:::
::::
"""
PAGE = "sample/text/index.html"
Serve = Callable[..., Result]


@pytest.fixture
def settings(make_book: MakeBook, small_runtime: None, tmp_path: Path) -> Settings:
    """A small book that has been built, with the caches that all tests share."""
    settings = make_book({"sample/text.md": f"{HEAD}\nFirst text.\n"})
    for folder in (settings.site, settings.previous_site):
        shutil.rmtree(folder, ignore_errors=True)
    build_site(open_project(settings), report=print)
    return settings


@pytest.fixture
def server(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The arguments with which the command line would start a server."""
    given: dict[str, Any] = {}

    def run(settings: Settings, *, report: object, **more: Any) -> None:
        given.update(settings=settings, **more)

    monkeypatch.setattr(main, "run", run)
    return given


@pytest.fixture
def serve(settings: Settings, server: dict[str, Any]) -> Serve:
    """Run the ``serve`` command on this book."""

    def invoke(*options: str, course: Path | None = None) -> Result:
        names = {f"LATENTBOOK_{n.upper()}": str(getattr(settings, n)) for n in ("content", "build")}
        names["LATENTBOOK_PORT"] = "0"
        if course:
            names["LATENTBOOK_COURSE"] = str(course)
        server.clear()
        return CliRunner().invoke(cli, ["serve", *options], env=names)

    return invoke


@contextmanager
def asked(server: Mapping[str, Any]) -> Iterator[httpx.Client]:
    """A client of the server that the command line would start."""
    app = main.create_app(**server)
    with served(app) as url, httpx.Client(base_url=url) as client:
        yield client


@pytest.mark.parametrize(
    ("file", "text", "error"),
    [
        ("sample/text.md", f"{HEAD}\n{{eq}}`nowhere`\n", "content/sample/text.md:6: "),
        ("book.toml", BOOK.replace('language = "en"', "language = en"), "content/book.toml:4: "),
    ],
)
def test_a_mistake_leaves_the_last_good_site(
    file: str, text: str, error: str, settings: Settings, serve: Serve, server: dict[str, Any]
) -> None:
    path = settings.content / file
    good = path.read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8")
    for _ in range(2):  # a restart makes no difference
        result = serve()
        assert result.exit_code == 0
        assert error in result.output
        assert "The last good site, built " in result.output
        with asked(server) as client:
            assert "First text." in client.get("/sample/text/").text
            ready = client.get("/readyz")
        assert ready.status_code == 200
        assert ready.json()["status"] == "ready"
        assert ready.json()["fault"]["errors"][0].startswith(error)
    path.write_text(good, encoding="utf-8")
    section = settings.content / "sample" / "text.md"
    section.write_text(f"{HEAD}\nMended text.\n", encoding="utf-8")
    assert "last good" not in serve().output
    with asked(server) as client:
        assert "Mended text." in client.get("/sample/text/").text
        assert client.get("/readyz").json().keys() == {"status", "site"}


def test_built_with_a_course_writes_nothing(
    settings: Settings, serve: Serve, server: dict[str, Any], tmp_path: Path
) -> None:
    """So it works on a build folder that is read-only."""
    course = tmp_path / "course"
    course.mkdir()
    (course / "course.toml").write_text(COURSE)

    def files() -> dict[Path, tuple[int, int]]:
        found = {path: path.stat() for path in settings.build.rglob("*")}
        # Parallel tests share cached files by hard links, and touch those that they read.
        return {
            path: (each.st_ino, each.st_mtime_ns if each.st_nlink == 1 else 0)
            for path, each in found.items()
        }

    before = files()
    assert serve("--built", course=course).exit_code == 0
    assert server["built"] is True
    main.create_app(**server)
    assert files() == before


def test_without_any_site_a_mistake_ends_the_start(settings: Settings, serve: Serve) -> None:
    shutil.rmtree(settings.site)
    shutil.rmtree(settings.previous_site, ignore_errors=True)
    (settings.content / "sample" / "text.md").write_text(f"{HEAD}\n{{eq}}`nowhere`\n")
    result = serve()
    assert result.exit_code == 1
    assert "content/sample/text.md:6: " in result.output
    assert "served" not in result.output


def rewrite(settings: Settings, text: str) -> None:
    """Build another edition with this text."""
    (settings.content / "sample" / "text.md").write_text(f"{HEAD}\n{text}\n", encoding="utf-8")
    build_site(open_project(settings), report=print)


def test_the_previous_edition(settings: Settings, serve: Serve, server: dict[str, Any]) -> None:
    result = serve("--edition", "previous")
    assert (result.exit_code, server) == (1, {})
    assert f"There is no previous edition in {settings.previous_site}" in result.output
    rewrite(settings, "Second text.")
    rewrite(settings, "Third text.")
    result = serve("--edition", "previous")
    assert "The previous site, built " in result.output
    assert server["built"]
    with asked(server) as client:
        assert "Second text." in client.get("/sample/text/").text
        assert "fault" not in client.get("/readyz").json()
    serve()
    with asked(server) as client:
        assert "Third text." in client.get("/sample/text/").text


@pytest.mark.parametrize("folder", ["site-previous", "site"])
def test_a_build_that_is_killed_leaves_a_site(
    folder: str, settings: Settings, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kill the build just before it renames a folder to ``folder``."""
    rename = Path.rename

    def killed(path: Path, target: Path) -> Path:
        if target == settings.build / folder:
            raise KeyboardInterrupt
        return rename(path, target)

    rewrite(settings, "Second text.")
    monkeypatch.setattr(Path, "rename", killed)
    with pytest.raises(KeyboardInterrupt):
        rewrite(settings, "Third text.")
    monkeypatch.undo()
    monkeypatch.setattr(main, "run", lambda settings, **more: None)
    assert serve("--built").exit_code == 0
    assert "Second text." in (settings.site / PAGE).read_text()
    assert list(settings.build.glob("site")) == [settings.site]


def test_a_site_that_was_deleted_by_hand_is_built_and_not_taken_from_the_previous_one(
    settings: Settings,
) -> None:
    rewrite(settings, "Second text.")
    shutil.rmtree(settings.site)
    rewrite(settings, "Second text.")
    assert "Second text." in (settings.site / PAGE).read_text()


@pytest.mark.parametrize(
    "days", ['q-one = "hidden"', 'text = "draft"', '[schedule.answers]\nq-one = "hidden"']
)
def test_a_site_that_shows_what_is_not_open_any_more_is_not_served(
    days: str, settings: Settings, serve: Serve, server: dict[str, Any]
) -> None:
    rewrite(settings, QUESTION)
    (settings.content / "book.toml").write_text(f"{BOOK}\n[schedule]\nnobody = 3\n{days}\n")
    result = serve()
    assert (result.exit_code, server) == (1, {})
    name = days.rpartition("\n")[2].partition(" ")[0]
    assert "shows what is not open: " in result.output
    assert f"{name}." in result.output
    (settings.content / "book.toml").write_text(f"{BOOK}\n[schedule]\n{days}\n")
    assert serve().exit_code == 0
    result = serve("--edition", "previous")
    assert (result.exit_code, server) == (1, {})
    assert "shows what is not open: " in result.output


@pytest.fixture
def course(settings: Settings, tmp_path: Path) -> Path:
    """A course whose build is the current site."""
    folder = tmp_path / "mine"
    (folder / "content").mkdir(parents=True)
    (folder / "course.toml").write_text(COURSE)
    (folder / "content" / "front.md").write_text(FRONT)
    rewrite(settings, QUESTION)
    build_site(open_project(settings.model_copy(update={"course": folder})), report=print)
    return folder


def test_a_mistake_in_how_a_course_is_made(
    course: Path, serve: Serve, server: dict[str, Any]
) -> None:
    path = course / "course.toml"
    path.write_text(COURSE.replace('"sample"', '"sampel"'))
    assert "mine/course.toml:10: no chapter 'sampel'" in serve(course=course).output
    with asked(server) as client:
        assert "Is it?" in client.get("/sample/text/").text
        assert client.get("/readyz").json()["fault"]["errors"] == server["errors"]
    path.write_text(COURSE.replace('"sample"', '"sampel"').replace("[]", '["q-one"]'))
    result = serve(course=course)
    assert result.exit_code == 1
    assert "shows what is not open: q-one." in result.output
    path.write_text(COURSE + "[")  # nothing can be known of what is hidden
    assert serve(course=course).exit_code == 0


def test_what_is_built_of_a_course_is_served_without_a_byte_written(
    course: Path, settings: Settings, serve: Serve, server: dict[str, Any]
) -> None:
    cache = settings.build / "cache"

    def written(path: Path) -> int:
        """Time of writing; in the cache, where times record the last use, the inode instead."""
        return path.lstat().st_ino if cache in path.parents else path.lstat().st_mtime_ns

    def files() -> dict[Path, int]:
        """All files except the bytecode that Python stores on import."""
        found = [path for path in settings.build.rglob("*") if not path.is_dir()]
        own = [path for path in found if path.suffix != ".pyc" or path.stem == "kept"]
        return {path: written(path) for path in own}

    before = files()
    assert serve("--built", course=course).exit_code == 0
    assert server["settings"].course == course
    assert files() == before
