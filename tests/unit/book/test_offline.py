"""The service worker's list: every file with its digest, under one name per build."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from latentbook.book.build import build_site
from latentbook.book.overlay.merge import open_project
from latentbook.book.write.offline import SERVICE_WORKER
from latentbook.settings import Settings

from .conftest import HEAD, MakeBook

PACKED = (".br", ".gz")


@pytest.fixture
def settings(make_book: MakeBook, small_runtime: None) -> Settings:
    return make_book({"sample/text.md": HEAD + "\nSome words.\n"})


def build(settings: Settings) -> Path:
    return build_site(open_project(settings), report=lambda message: None)


def kept(folder: Path) -> dict[str, Any]:
    """The list of files that a site's service worker stores."""
    script = (folder / SERVICE_WORKER).read_text()
    first = script.partition("\n")[0]
    site: dict[str, Any] = json.loads(first.removeprefix("self.latentbook=").removesuffix(";"))
    return site


def builds_named(folder: Path) -> set[str]:
    """The builds that pages name as theirs."""
    found = set()
    for path in folder.rglob("*.html"):
        match = re.search(r'id="latentbook-config">(.*?)</script>', path.read_text(), re.DOTALL)
        assert match is not None
        config = json.loads(match[1])
        found.add(config["build"])
        assert config["offline_bytes"] > 0
    return found


def test_every_file_is_kept_under_its_digest(settings: Settings) -> None:
    for edition in (settings.site, settings.previous_site):
        shutil.rmtree(edition, ignore_errors=True)
    folder = build(settings)
    site = kept(folder)
    entries = [*site["atOnce"], *site["later"]]
    files = {path for path in folder.rglob("*") if path.is_file() and path.suffix not in PACKED}
    files -= {folder / SERVICE_WORKER}
    places = {place: folder / place for place, *_ in entries}
    named = {path / "index.html" if path.is_dir() else path for path in places.values()}
    assert named == files
    assert len(entries) == len(files)
    for place, integrity, size in entries:
        path = places[place] / "index.html" if places[place].is_dir() else places[place]
        digest = hashlib.sha256(path.read_bytes()).digest()
        assert integrity == f"sha256-{base64.b64encode(digest).decode()}"
        assert 0 < int(size) <= path.stat().st_size
    assert {place for place, *_ in site["later"]} >= {"runtime/python-abc123.js"}
    assert not any(place.startswith("runtime/") for place, *_ in site["atOnce"])


def test_all_pages_name_one_build_and_an_edit_makes_another(settings: Settings) -> None:
    first = builds_named(build(settings))
    assert len(first) == 1
    assert first == {kept(settings.build / "site")["config"]["build"]}
    chapter = settings.content / "sample/text.md"
    before = chapter.read_text()
    chapter.write_text(before + "\nMore.\n")
    second = builds_named(build(settings))
    assert len(second) == 1
    assert second != first
    chapter.write_text(before)
    assert builds_named(build(settings)) == first


def test_an_open_page_finds_the_files_of_the_last_edition(settings: Settings) -> None:
    def add(sentence: str) -> set[str]:
        chapter = settings.content / "sample/text.md"
        chapter.write_text(f"{chapter.read_text()}\n{sentence}\n")
        folder = build(settings)
        return {path.name for path in folder.glob("search-*.json")}

    build(settings)
    first = search(settings.build / "site")
    assert first in add("More words.")
    assert first not in add("And more.")


def search(folder: Path) -> str:
    """The name of the search index that the pages of a site ask for."""
    (name,) = (place for place, *_ in kept(folder)["atOnce"] if place.startswith("search-"))
    return name


def test_an_author_has_no_service_worker(settings: Settings) -> None:
    folder = build(settings.model_copy(update={"reload": True}))
    assert not (folder / SERVICE_WORKER).exists()


def test_the_page_for_lost_addresses_knows_the_path_of_the_site(settings: Settings) -> None:
    folder = build(settings.model_copy(update={"base_path": "/course/book/"}))
    addresses = re.findall(r'(?:href|src)="([^"#]+)"', (folder / "404.html").read_text())
    assert addresses
    assert all(address.startswith("/course/book/") for address in addresses)
    for address in addresses:
        target = folder / address.removeprefix("/course/book/")
        assert target.is_file() or (target / "index.html").is_file(), address
