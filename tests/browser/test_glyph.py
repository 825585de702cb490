"""A control whose value the page draws: suggested, typed, linked and refused values."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from latentbook.book.write.prefill import fill
from latentbook.main import create_app
from latentbook.settings import Settings
from tests.browser.axe import in_both_themes
from tests.browser.book_pages import Open
from tests.browser.test_course import run
from tools.bench.serving import served

pytestmark = pytest.mark.browser

INSTRUMENT = '''"""Says what was drawn."""

import numpy as np

from widgets.contract import Frame, Glyph, Instrument, Readout, Tiles

instrument = Instrument(
    name="drawn",
    title="Drawn",
    challenge="Choose one.",
    controls=(Glyph("mark", "Mark", "+", 16, ("█", "▌")),),
    readouts=(Readout("character", "Character"), Readout("ink", "Ink")),
)


def compute(*, mark):
    character, picture = mark
    ink = None if picture is None else 1 - picture.mean(axis=(0, 2)) / 255
    return {"character": character, "ink": ink}


def frame(result):
    ink = result["ink"]
    said = "not drawn" if ink is None else " ".join(f"{each:.1f}" for each in ink[[1, 4, 11, 14]])
    tiles = Tiles("seen", np.zeros((1, 4, 4)), "Nothing.")
    return Frame(readouts={"character": result["character"], "ink": said}, panels=[tiles])
'''
TEXT = """\
---
title: Glyphs
description: One instrument.
---

:::{instrument} drawn
:label: fig-mark
:::
"""
PLACE = "first-steps/the-best-constant/"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a course of one page."""
    folder, build = tmp_path_factory.mktemp("glyphs") / "course", tmp_path_factory.mktemp("build")
    fill(build / "cache", Settings().build / "cache")
    run("new", "book", str(folder), build=build)
    (folder / "instruments" / "drawn.py").write_text(INSTRUMENT, "utf-8")
    (folder / "content" / PLACE.strip("/")).with_suffix(".md").write_text(TEXT, "utf-8")
    contents = folder / "course.toml"
    contents.write_text(contents.read_text("utf-8").replace('"stand_in"', '"drawn"'), "utf-8")
    for path in folder.glob("instruments/*stand_in.py"):
        path.unlink()
    run("build", "--course", str(folder), build=build)
    with served(create_app(Settings(build=build))) as url:
        yield f"{url}/"


def live(page: Page) -> tuple[Locator, Locator, Locator]:
    """Wait for the instrument; return it, its field, and the readout of ink in four columns."""
    instrument = page.locator("#fig-mark")
    instrument.scroll_into_view_if_needed()
    expect(instrument).to_have_attribute("data-state", "live")
    field = instrument.get_by_label("Mark", exact=True)
    return instrument, field, instrument.locator('[data-readout="ink"]')


def test_a_character_is_drawn_as_the_fonts_have_it(open_page: Open, host: str) -> None:
    """A full block is ink from side to side, and a link reproduces the picture."""
    page = open_page(PLACE, host=host)
    instrument, field, ink = live(page)
    expect(field).to_have_value("+")
    expect(ink).to_have_text("not drawn")
    instrument.get_by_role("button", name="█").click()
    expect(field).to_have_value("█")
    expect(ink.filter(has_text="0.8").or_(ink.filter(has_text="1.0"))).to_be_visible()
    said = ink.inner_text()
    assert len(set(said.split()[1:3])) == 1 and float(said.split()[1]) > 0.4
    page.wait_for_url("**/*fig-mark.mark=*")
    page.reload()
    _, field, ink = live(page)
    expect(field).to_have_value("█")
    expect(ink).to_have_text(said)


def test_typing_replaces_and_the_default_can_be_drawn(open_page: Open, host: str) -> None:
    page = open_page(PLACE, host=host)
    instrument, field, ink = live(page)
    field.focus()
    page.keyboard.type("IW")
    expect(field).to_have_value("W")
    expect(instrument.locator('[data-readout="character"]')).to_have_text("W")
    page.keyboard.type("+")
    expect(field).to_have_value("+")
    expect(ink).not_to_have_text("not drawn")
    instrument.get_by_role("button", name="Reset").click()
    expect(ink).to_have_text("not drawn")


def test_what_no_font_has_is_told_and_the_last_stays(open_page: Open, host: str) -> None:
    page = open_page(PLACE, host=host)
    instrument, field, ink = live(page)
    field.fill("\U0010ffff")
    expect(instrument.get_by_role("alert")).to_contain_text("fonts of this device")
    expect(field).to_have_value("+")
    expect(ink).to_have_text("not drawn")
    assert in_both_themes(page) == []


@pytest.mark.parametrize("value", ["%2B%20AAA", "x" * 17, "%20", f"%2B%20{'!' * 256}"])
def test_a_link_with_something_else_is_told(open_page: Open, host: str, value: str) -> None:
    page = open_page(f"{PLACE}?fig-mark.mark={value}", host=host)
    instrument, field, ink = live(page)
    expect(instrument.get_by_role("alert")).to_contain_text("asks for something impossible")
    expect(field).to_have_value("+")
    expect(ink).to_have_text("not drawn")
