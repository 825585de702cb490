"""The site folder: working links, compressed copies, hashed names; errors leave the old site."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import PIPE
from typing import Any
from urllib.parse import urldefrag

import brotli  # type: ignore[import-untyped]
import pytest
from PIL import Image

from latentbook.base.errors import BookErrors
from latentbook.book.build import build_site
from latentbook.book.overlay.merge import open_project
from latentbook.book.write.render import script_json
from latentbook.settings import Settings
from latentbook_classroom.lecture.bundle import bundle_class
from latentbook_classroom.lecture.settings import ClassSettings
from latentbook_classroom.settings import ClassroomSettings
from tests.site_pages import broken_links, repeated_ids, site_pages

from .conftest import HEAD, MakeBook, fixture_chapter


@pytest.fixture
def settings(make_book: MakeBook, small_runtime: None) -> Settings:
    return make_book(fixture_chapter())


Build = Callable[[], Path]

HOLD = """
import pathlib, sys, filelock
folder = pathlib.Path(sys.argv[1])
folder.mkdir(exist_ok=True)
with filelock.FileLock(folder / "build.lock"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def build(settings: Settings) -> Build:
    return lambda: build_site(open_project(settings), report=lambda message: None)


def test_a_page_of_more_than_6000_elements_is_refused(
    make_book: MakeBook, small_runtime: None
) -> None:
    links = "[***a***](https://example.org)\n" * 2001  # three elements each
    settings = make_book({"sample/text.md": f"{HEAD}\n{links}"})
    with pytest.raises(BookErrors, match=r"sample/text\.md:2: the page has 6,\d+ HTML elements"):
        build_site(open_project(settings), report=lambda message: None)


def test_every_link_inside_the_site_leads_to_something(build: Build) -> None:
    folder = build()
    lists = ("contents", "facts", "references", "formulas", "evidence", "notes", "review", "work")
    places = {"/", "/sample/", "/404.html", *(f"/{name}/" for name in lists)}
    sections = ("text", "numbering", "blocks", "quizzes", "snippets", "print")
    places |= {f"/sample/{name}/" for name in sections} | {"/summary/sample/"}
    pages = set(site_pages(folder))
    blocks = {place for place in pages if place.startswith("/embed/")}
    assert pages - blocks == places
    assert {"/embed/q-choice/", "/embed/q-guess/"} <= blocks
    assert broken_links(folder) == []
    assert repeated_ids(folder) == []


def test_class_mode_changes_no_byte_of_the_site(settings: Settings, build: Build) -> None:
    def files(folder: Path) -> dict[str, bytes]:
        paths = (path for path in folder.rglob("*") if path.is_file())
        return {str(path.relative_to(folder)): path.read_bytes() for path in paths}

    for edition in (settings.site, settings.previous_site):  # another test's
        shutil.rmtree(edition, ignore_errors=True)
    without = files(build())
    with_it = settings.extended(ClassSettings(class_mode=True))
    (settings.build / "cache" / "site-about").unlink()
    bundle_class(with_it)
    assert files(build_site(open_project(with_it), report=lambda message: None)) == without


def test_a_classroom_adds_one_script_to_each_page_and_nothing_else(
    settings: Settings, build: Build
) -> None:
    def pages(folder: Path) -> dict[str, str]:
        texts = {str(each.relative_to(folder)): each.read_text() for each in folder.rglob("*.html")}
        return {name: re.sub(r'"(build|offline_bytes)":[^,}]+', "", texts[name]) for name in texts}

    without = pages(build())
    with_it = settings.extended(ClassroomSettings(database="course.sqlite"))
    tag = re.compile(r'<script type="module" src="[./]*classroom/sync\.js"></script>\n')
    for name, html in pages(build_site(open_project(with_it), report=lambda message: None)).items():
        plain, count = tag.subn("", html)
        assert count == ("<footer" in html), name  # absent from frames and moved pages
        assert plain == without[name]


def test_two_builds_in_one_folder_take_turns(settings: Settings, build: Build) -> None:
    """A build waits for the process that holds the folder's lock, then completes."""
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(settings.build)], stdin=PIPE, stdout=PIPE, text=True
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    heard: list[str] = []
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(build_site, open_project(settings), report=heard.append)
        while not heard and not second.done():
            time.sleep(0.01)
        assert not second.done()
        other.communicate("")
        assert (second.result() / "index.html").is_file()
    assert heard[0] == "Waiting for another build in the same folder"


def test_pages_load_nothing_from_elsewhere(build: Build) -> None:
    for path in build().rglob("*.html"):
        html = path.read_text()
        sources = re.findall(r'<(?:script|img|link|iframe)[^>]*(?:src|href)="([^"]+)"', html)
        assert sources
        assert not [source for source in sources if "//" in source]
        assert "<style" not in html
        assert not re.search(r"\son\w+=", re.sub(r"<script.*?</script>", "", html, flags=re.S))


def test_twins_hold_the_same_bytes(build: Build) -> None:
    folder = build()
    twins = [path for path in folder.rglob("*") if path.suffix in (".br", ".gz")]
    names = {path.name for path in twins}
    assert {"index.html.br", "index.html.gz", "python-abc123.js.br", "sample.ipynb.gz"} <= names
    for path in twins:
        unpack = brotli.decompress if path.suffix == ".br" else gzip.decompress
        assert unpack(path.read_bytes()) == path.with_suffix("").read_bytes()


def config_of(folder: Path) -> dict[str, Any]:
    """The configuration that the sample page gives its scripts."""
    html = (folder / "sample" / "text" / "index.html").read_text()
    match = re.search(r'id="latentbook-config">(.*?)</script>', html, re.DOTALL)
    assert match is not None
    config: dict[str, Any] = json.loads(match[1])
    return config


def test_config_leads_to_files(build: Build) -> None:
    folder = build()
    config = config_of(folder)
    assert (config["root"], config["chapter"]) == ("../../", "2")
    assert config["reload"] is False
    for place in (*config["assets"].values(), config["search"]):
        assert (folder / place).is_file()


def test_the_web_manifest_names_the_book_and_icons_that_are_there(build: Build) -> None:
    folder = build()
    html = (folder / "sample" / "index.html").read_text()
    link = re.search(r'<link rel="manifest" href="\.\./([^"]+)"', html)
    assert link is not None
    manifest = json.loads((folder / link[1]).read_text())
    assert manifest["name"] == "A small book"
    for icon in manifest["icons"]:
        with Image.open(folder / "assets" / icon["src"]) as picture:
            assert icon["sizes"] == "{}x{}".format(*picture.size)


def test_search_entries_lead_to_ids(build: Build) -> None:
    folder = build()
    entries = json.loads((folder / config_of(folder)["search"]).read_text())
    assert [entry["id"] for entry in entries] == list(range(len(entries)))
    titles = {entry["title"]: entry for entry in entries}
    assert titles["Eq. 2.2"]["url"] == "sample/numbering/#loss"
    assert titles["Apart, with a label"]["place"] == "2.2 Numbers"
    assert "Feedback" not in titles["Question 2.3"]["text"]
    for entry in entries:
        place, fragment = urldefrag(entry["url"])
        ids = site_pages(folder)[f"/{place}"].ids
        assert not fragment or fragment in ids, entry["url"]


def test_a_second_build_does_nothing_and_an_edit_is_seen(build: Build, settings: Settings) -> None:
    folder = build()
    before = folder.stat().st_ino
    assert build().stat().st_ino == before
    chapter = settings.content / "sample/text.md"
    chapter.write_text(chapter.read_text() + "\nOne more paragraph.\n")
    assert "One more paragraph." in (build() / "sample" / "text" / "index.html").read_text()


def test_the_old_site_stays_where_the_content_is_wrong(build: Build, settings: Settings) -> None:
    folder = build()
    page = folder / "sample" / "text" / "index.html"
    before = page.read_bytes()
    chapter = settings.content / "sample/text.md"
    good = chapter.read_text()
    chapter.write_text(good + "\n{eq}`nowhere`\n")
    with pytest.raises(BookErrors):
        build()
    assert page.read_bytes() == before
    assert not list(settings.build.glob("site.*"))
    # The refused build does not count as built, so the next good edit is built.
    chapter.write_text(good + "\nBetter.\n")
    build()
    assert "Better." in page.read_text()


def test_the_old_site_stays_where_writing_fails(
    build: Build, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = build()
    chapter = settings.content / "sample/text.md"
    chapter.write_text(chapter.read_text() + "\nMore.\n")

    def full(book: object) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("latentbook.book.write.site.search_index", full)
    with pytest.raises(OSError, match="No space"):
        build()
    assert (folder / "index.html").is_file()
    assert not list(settings.build.glob("site.*"))


def test_nothing_of_an_altered_cache_is_in_the_site(
    build: Build, settings: Settings, tmp_path: Path
) -> None:
    """Cached files that are empty or have one bit flipped are made again."""

    def own_build() -> dict[str, bytes]:
        folder = build_site(open_project(own), report=lambda message: None)
        files = (path for path in folder.rglob("*") if path.is_file())
        return {str(path.relative_to(folder)): content(path) for path in files}

    def content(path: Path) -> bytes:
        """Some bits of a compressed file can flip without changing its content."""
        data = path.read_bytes()
        return bytes(brotli.decompress(data)) if path.suffix == ".br" else data

    build()
    own = settings.model_copy(update={"build": tmp_path / "build"})
    of_the_book = shutil.ignore_patterns("compressed", "stills", "plots", "library-*", "bundle-*")
    shutil.copytree(settings.build / "cache", own.build / "cache", ignore=of_the_book)
    before = own_build()
    shutil.rmtree(own.build / "site")
    for number, path in enumerate(sorted((own.build / "cache").rglob("*"))):
        if path.is_file() and 0 < path.stat().st_size < 200_000:  # larger: slow to compress
            data = bytearray(path.read_bytes())
            data[len(data) // 2] ^= 1
            path.write_bytes(data if number % 2 else b"")
    after = own_build()
    assert sorted(after) == sorted(before)
    assert [name for name in before if after[name] != before[name]] == []


def test_what_a_killed_build_left_is_removed(build: Build, settings: Settings) -> None:
    folder = build()
    for name in ("site.123.partial", "site.123.old"):
        (settings.build / name).mkdir()
    chapter = settings.content / "sample" / "text.md"
    chapter.write_text(chapter.read_text() + "\nMore.\n")
    build()
    assert folder.is_dir()
    assert not list(settings.build.glob("site.*"))


def test_drafts_of_an_author_lie_apart_from_the_finished_site(
    build: Build, settings: Settings
) -> None:
    folder = build()
    drafts = settings.model_copy(update={"reload": True})
    draft = build_site(open_project(drafts), report=lambda message: None)
    assert draft != folder
    assert (draft / "index.html").is_file()
    assert not list(draft.rglob("*.br"))
    assert (folder / "index.html.br").is_file()
    assert not config_of(folder)["reload"]


def test_json_in_a_script_element_cannot_end_it() -> None:
    value = {"title": "</script><script>alert(1)</script> & \u2028"}
    text = script_json(value)
    assert "<" not in text and "\u2028" not in text
    assert json.loads(text) == value
