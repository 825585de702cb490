"""Slugs that a chapter may not have, compared with what the server and the site use."""

from __future__ import annotations

from pathlib import Path

from latentbook.book.build import build_site
from latentbook.book.overlay.merge import open_project
from latentbook.book.read.contents import ASSIGNMENTS, FRONT, RESERVED
from latentbook.book.read.options import LABEL
from latentbook.classroom import manage
from latentbook.main import create_app
from latentbook.settings import Settings
from tests.classroom.conftest import settings_in
from tests.small_server import TestRegistry

from .conftest import MakeBook, fixture_chapter

NOTATION = """\
[[symbols]]
tex = 'k'
words = "Width."
shape = "()"
code = "k"
"""
GLOSSARY = '[terms]\nmanifold = "A curved space."\nvalues = "Numbers."\n'


def routed(settings: Settings) -> set[str]:
    """First parts of the addresses of all routes; FastAPI wraps each router that is included."""
    app = create_app(settings, registry=TestRegistry())
    routers = [getattr(each, "original_router", app) for each in app.routes]
    paths = [getattr(route, "path", "") for router in routers for route in router.routes]
    return {path.split("/")[1] for path in paths if path}


def test_the_reserved_slugs_are_what_routes_and_the_site_use(
    make_book: MakeBook, small_runtime: None, tmp_path: Path
) -> None:
    small = settings_in(tmp_path / "small", str(tmp_path / "course.sqlite"))
    everything = small.model_copy(update={"class_mode": True, "reload": True})
    manage.new(everything, "Course", "Term", "http://book.example/")
    book = {**fixture_chapter(), "notation.toml": NOTATION, "glossary.toml": GLOSSARY}
    site = build_site(open_project(make_book(book)), report=lambda message: None)
    written = {path.name for path in site.iterdir()} - {"sample"}
    used = {FRONT, ASSIGNMENTS, *routed(everything), *written}
    assert sorted(RESERVED) == sorted(name for name in used if LABEL.fullmatch(name))
