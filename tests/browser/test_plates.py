"""The plates of the instruments: one layout, the same measures on whatever page they are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page

from tests.browser.book_pages import Open
from widgets import WIDGETS

pytestmark = pytest.mark.browser

BLANK = 0.20  # share of a plate at the most

SHARE = """plate => {
  const box = plate.getBoundingClientRect();
  const [width, height] = [Math.round(box.width), Math.round(box.height)];
  const used = new Uint8Array(width * height);
  const take = ({ left, top, right, bottom }) => {
    if (right === left || bottom === top) return;
    const [from, to] = [left - box.left - 4, right - box.left + 4].map(Math.round);
    for (let y = Math.max(0, Math.round(top - box.top - 4)); y < bottom - box.top + 4; y++) {
      used.fill(1, y * width + Math.max(0, from), y * width + Math.min(width, to));
    }
  };
  const things = "[data-panel], .controls input, .options label, button, .readout";
  for (const each of plate.querySelectorAll(things)) take(each.getBoundingClientRect());
  const texts = document.createTreeWalker(plate, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const { data, parentElement } = texts.currentNode;
    if (!data.trim() || parentElement.closest(".visually-hidden")) continue;
    const range = document.createRange();
    range.selectNodeContents(texts.currentNode);
    for (const line of range.getClientRects()) take(line);
  }
  return 1 - used.reduce((sum, pixel) => sum + pixel, 0) / used.length;
}"""
"""Share of a plate that is neither panel, control, readout nor line of text, each with 4 px around
it."""


@pytest.fixture(scope="module")
def places(site: Path) -> list[tuple[str, str]]:
    """Page and name of every instrument of the book. Alone in a frame it stands as it does here."""
    found = [
        (f"{page.parent.relative_to(site).as_posix()}/".removeprefix("./"), name)
        for page in sorted(set(site.rglob("index.html")) - set(site.glob("embed/*/index.html")))
        for name in re.findall(r'data-instrument="([^"]+)"', page.read_text("utf-8"))
    ]
    assert {name for _, name in found} == set(WIDGETS)
    return found


TALL = ("infonce", "masking")
"""Their pictures are so high that the slider begins below 800 px in a window 1280 px wide."""


def plates(open_page: Open, places: list[tuple[str, str]], **options: Any) -> dict[str, Locator]:
    """Every plate at rest, by its page and name."""
    pages: dict[str, Page] = {}
    found = {}
    for place, name in places:
        if place not in pages:
            pages[place] = open_page(place, python=False, **options)
            pages[place].wait_for_function("() => document.fonts.status === 'loaded'")
        plate = pages[place].locator(f'section[data-instrument="{name}"]').first
        plate.scroll_into_view_if_needed()
        found[f"{place} {name}"] = plate
    return found


@pytest.mark.parametrize("width", [768, 1280])
def test_no_more_than_a_fifth_of_a_plate_is_blank(
    open_page: Open, places: list[tuple[str, str]], width: int
) -> None:
    found = plates(open_page, places, viewport={"width": width, "height": 800})
    shares = {name: round(plate.evaluate(SHARE), 3) for name, plate in found.items()}
    assert {name: share for name, share in shares.items() if share > BLANK} == {}


@pytest.mark.parametrize("size", [(360, 740), (390, 844), (1280, 800)])
def test_the_main_slider_is_on_screen_with_the_picture(
    open_page: Open, places: list[tuple[str, str]], size: tuple[int, int]
) -> None:
    width, height = size
    found = plates(open_page, places, viewport={"width": width, "height": height})
    below = {}
    for name, plate in found.items():
        main = plate.locator(".control.main")
        if not main.count():
            continue  # what is moved is a panel
        plate.locator("[data-panel]").first.evaluate("panel => panel.scrollIntoView()")
        panel = plate.locator("[data-panel]").first.bounding_box()
        slider = main.bounding_box()
        assert panel is not None
        assert slider is not None
        assert panel["y"] > -1, name
        if slider["y"] + slider["height"] > height:
            below[name] = slider["y"] + slider["height"]
    assert {name for name in below if name.split()[1] not in TALL} == set(), below


@pytest.mark.parametrize("width", [360, 768, 1280, 1920])
def test_nothing_is_wider_than_its_plate(
    open_page: Open, places: list[tuple[str, str]], width: int
) -> None:
    found = plates(open_page, places, viewport={"width": width, "height": 800})
    for name, plate in found.items():
        wide = plate.evaluate(
            """plate => [...plate.querySelectorAll(".bench *")].filter((each) =>
              each.checkVisibility() && !each.closest(".katex, svg, .image") &&
              each.getBoundingClientRect().right > plate.getBoundingClientRect().right
            ).map((each) => each.className)"""
        )
        assert wide == [], name


@pytest.mark.parametrize(("touch", "least"), [(False, 32), (True, 44)])
def test_targets_are_large_enough(
    open_page: Open, places: list[tuple[str, str]], touch: bool, least: int
) -> None:
    options: dict[str, Any] = {"has_touch": True, "is_mobile": True} if touch else {}
    viewport = {"width": 360 if touch else 1280, "height": 800}
    for name, plate in plates(open_page, places, viewport=viewport, **options).items():
        small = plate.evaluate(
            """(plate, least) => [...plate.querySelectorAll("button, .controls input")]
              .filter((each) => each.checkVisibility())
              .map((each) => each.closest(".options label, .toggle label") ?? each)
              .filter((each) => each.getBoundingClientRect().height < least)
              .map((each) => each.outerHTML.slice(0, 80))""",
            least,
        )
        assert small == [], name


def test_words_on_buttons_are_seen_in_forced_colours(
    open_page: Open, places: list[tuple[str, str]]
) -> None:
    """Text stands on a bar in the colour of the canvas there."""
    found = plates(open_page, places, forced_colors="active")
    pages = {id(plate.page): plate.page for plate in found.values()}
    for page in pages.values():
        canvas, unseen = page.evaluate(
            """() => {
              const probe = document.body.appendChild(document.createElement("i"));
              probe.style.color = "Canvas";
              const canvas = getComputedStyle(probe).color;
              const unseen = [...document.querySelectorAll("button")]
                .filter((each) => getComputedStyle(each).color === canvas)
                .map((each) => each.textContent);
              return [canvas, unseen];
            }"""
        )
        assert canvas
        assert unseen == []
