"""The complete book on one page: unique ids, links within the page, answers at its end."""

from __future__ import annotations

import re

import pytest
from markdown_it.token import Token

from latentbook.base.errors import LatentbookError
from latentbook.book.compose.pieces import Address, Layout, Text, element, plain
from latentbook.book.load import load
from latentbook.book.overlay.merge import open_project
from latentbook.book.pdf import build_pdf, css_string, file_name
from latentbook.book.write.assets import Assets
from latentbook.book.write.render import Renderer, printed
from latentbook.settings import Settings
from tests.site_pages import OUTSIDE, SitePage

from .conftest import MakeBook

SHEETS = ("book.css", "more.css", "print.css")

TWO = """\
title = "Two & two"
subtitle = "For tests"
description = "Two chapters."
language = "en"

[[parts]]
title = "Only part"
chapters = [{ number = 1, slug = "one" }, { number = 2, slug = "two" }]
"""
OPENING = """\
---
title: Chapter NAME
standfirst: What it is about.
level: None
builds_on: []
description: A sample.
sections: [NAME-part, NAME-end]
---

A word.[^same] After {cite}`baldi1989` and [the other](../OTHER/index.md), at
[its end](../OTHER/OTHER-end.md).

[^same]: A note of each chapter.
"""
PART = """\
---
title: Part
description: A sample.
---

Text.

::::{fact} plane
::::

## Alike

:::::{quiz} true-false
:label: NAME-question
:answer: true

Is this chapter NAME?

:::{hint}
A hint for NAME.
:::

:::{answer}
The answer of NAME. See [the other's](../OTHER/OTHER-part.md#OTHER-question).
:::
:::::
"""
END = """\
---
title: End
description: A sample.
---

The end.
"""


@pytest.fixture
def settings(make_book: MakeBook) -> Settings:
    files = {"book.toml": TWO}
    for name, other in (("one", "two"), ("two", "one")):
        for file, text in (("index", OPENING), (f"{name}-part", PART), (f"{name}-end", END)):
            files[f"{name}/{file}.md"] = text.replace("NAME", name).replace("OTHER", other)
    return make_book(files)


@pytest.fixture
def html(settings: Settings) -> str:
    assets = Assets({}, {name: f"assets/{name}" for name in SHEETS})
    return Renderer(load(settings).book, assets, {}, "", "/").paper()


def test_ids_differ_and_every_link_inside_leads_to_one(html: str) -> None:
    page = SitePage(html)
    assert len(page.ids) == len(set(page.ids))
    assert {"one.note-1", "two.note-1", "one.one-end", "facts.plane"} <= set(page.ids)
    inside = {address for address in page.addresses if not address.startswith(OUTSIDE)}
    assert inside - {f"./assets/{name}" for name in SHEETS} <= {f"#{id}" for id in page.ids}
    assert {"#two.two", "#two.two-end", "#references.baldi1989"} <= inside
    assert set(re.findall('data-page-of="(.*?)"', html)) <= set(page.ids)


def test_answers_come_after_all_questions_and_hints(html: str) -> None:
    places = [
        html.index(f"{text} {name}")
        for text in ("Is this chapter", "A hint for", "The answer of")
        for name in ("one", "two")
    ]
    assert places == sorted(places)
    assert html.count("The answer of one") == 1


@pytest.mark.parametrize(
    ("to", "url"),
    [
        (Address("s/one", "a"), "#s.a"),
        (Address("s/two"), "#s.two"),
        (Address("s/two", "a"), "#s.a"),
        (Address("other", "a"), "../other/#a"),
        (Address("", "a"), "../#a"),
        (Address("s/two", "a", "https://x.org/"), "https://x.org/s/two/#a"),
    ],
)
def test_links_lead_where_they_led_or_to_where_that_is_on_the_page(to: Address, url: str) -> None:
    starts = {"s/one": "s.one", "s/two": "s.two"}
    layout = Layout("../", "s/one", starts, dict.fromkeys(starts, "s."))
    assert layout.url(to) == url
    assert layout.id("a") == "s.a"
    assert layout.home("a") == "../s/one/#a"


def test_a_picture_of_the_text_and_its_own_links_are_found_from_each_page() -> None:
    picture = Token("picture", "img", 0, attrs={"src": ""}, meta={"file": "assets/p.png"})
    text = Text((picture, *element("a", [plain("x")], href="https://x.org/#a")))
    html = '<img src="../assets/p.png" /><a href="https://x.org/#a">x</a>'
    assert printed(text, Layout("../", "s/one")) == html


@pytest.mark.parametrize(
    ("address", "message"),
    [("book.example.org", "not the address of a book"), ("", "make chromium")],
)
def test_what_stands_in_the_way_is_said_before_anything_is_built(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, address: str, message: str
) -> None:
    monkeypatch.setenv("LATENTBOOK_CHROMIUM", "/none")
    with pytest.raises(LatentbookError, match=message):
        build_pdf(open_project(settings), paper="A4", address=address, report=pytest.fail)


def test_titles_become_strings_of_css_and_names_of_files() -> None:
    assert css_string("2.1", 'A "B" \\ C') == '"2.1\u2002A \\22 B\\22  \\5c  C"'
    assert file_name("Two & two: the Book") == "two-two-the-book"
