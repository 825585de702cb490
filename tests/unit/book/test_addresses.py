"""Reserved slugs, compared with the addresses that the server and the site use."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from latentbook.base.errors import BookErrors
from latentbook.book.build import build_site
from latentbook.book.load import load
from latentbook.book.overlay.merge import open_project
from latentbook.book.read.contents import ASSIGNMENTS, FRONT, RESERVED
from latentbook.book.read.options import LABEL
from latentbook.main import create_app
from latentbook.plugins import installed
from latentbook.settings import Settings
from latentbook_classroom.course import manage
from latentbook_classroom.lecture.settings import ClassSettings
from tests.classroom.conftest import settings_in
from tests.site_pages import broken_links

from .conftest import HEAD, OPENING, MakeBook, fixture_chapter

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
    app = create_app(settings)
    routers = [getattr(each, "original_router", app) for each in app.routes]
    paths = [getattr(route, "path", "") for router in routers for route in router.routes]
    return {path.split("/")[1] for path in paths if path}


def test_the_reserved_slugs_are_what_routes_and_the_site_use(
    make_book: MakeBook, small_runtime: None, tmp_path: Path
) -> None:
    small = settings_in(tmp_path / "small", str(tmp_path / "course.sqlite"))
    everything = small.model_copy(update={"reload": True}).extended(ClassSettings(class_mode=True))
    manage.new(everything, "Course", "Term", "http://book.example/")
    book = {**fixture_chapter(), "notation.toml": NOTATION, "glossary.toml": GLOSSARY}
    site = build_site(open_project(make_book(book)), report=lambda message: None)
    written = {path.name for path in site.iterdir()} - {"sample"}
    used = {FRONT, ASSIGNMENTS, *routed(everything), *written}
    reserved = (*RESERVED, *installed().addresses.first)
    assert sorted(reserved) == sorted(name for name in used if LABEL.fullmatch(name))


def test_an_old_address_leads_on(make_book: MakeBook, small_runtime: None) -> None:
    """This includes a section under its chapter's old slug, and one from another chapter."""
    settings = make_book(
        {
            "sample/index.md": OPENING.replace("---\ntitle", "---\naliases: [example]\ntitle"),
            "sample/text.md": f"{HEAD}\nText.\n".replace(
                "---\ntitle", "---\naliases: [words, other/prose]\ntitle"
            ),
        }
    )
    site = build_site(open_project(settings), report=lambda message: None)
    places = ("example", "example/text", "example/words", "sample/words", "other/prose")
    for place in places:
        html = (site / place / "index.html").read_text(encoding="utf-8")
        [to] = re.findall(r'content="0; url=([^"]+)"', html)
        led = (site / place / to / "index.html").resolve()
        assert led == site / "sample" / ("" if place == "example" else "text") / "index.html"
        assert f'"moved":{{"":"{to}"}}' in html
    assert not broken_links(site)


@pytest.mark.parametrize(
    ("chapter", "section", "said"),
    [
        ("notes", "[]", "index.md:2: the address 'notes' belongs to 'notes'"),
        ("old", "[far]", "text.md:2: 'far' is a label of today"),
        ("old", "[sample/second]", "text.md:2: the address 'sample/second' belongs to 'sample/sec"),
        ("old", "[gone]", "second.md:2: the address 'sample/gone' belongs to 'sample/text'"),
    ],
)
def test_no_two_pages_have_an_address(
    make_book: MakeBook, chapter: str, section: str, said: str
) -> None:
    opening = OPENING.replace("[text]", "[text, second]")
    files = {
        "sample/index.md": opening.replace("---\ntitle", f"---\naliases: [{chapter}]\ntitle"),
        "sample/text.md": f"{HEAD}\nText.\n".replace(
            "---\ntitle", f"---\naliases: {section}\ntitle"
        ),
        "sample/second.md": HEAD.replace("---\ntitle", "---\naliases: [gone]\ntitle")
        + "## Far {#far}\n",
    }
    with pytest.raises(BookErrors, match=re.escape(said)):
        load(make_book(files))
