"""Presenting the tour and any section slide by slide, by key, finger and address."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.browser.axe import in_both_themes
from tests.browser.book_pages import CHAPTERS, SECTION, Open, go_to, targets, where

pytestmark = pytest.mark.browser

TOUR = "tour/"
TITLES = (
    "What an autoencoder is",
    "The latent space",
    "Denoising and sparse codes",
    "Variational autoencoders",
    "Disentanglement",
    "Convolutional autoencoders",
    "VAE, GAN, diffusion",
    "The family",
)
SLIDES = (1, 2, 2, 3, 4, 5, 5, 6, 7, 7, 7, 8)
"""The step of each slide on a projector: three steps show what does not fit beside their text."""
LAST = len(SLIDES)
PROJECTOR, PHONE = {"width": 1280, "height": 720}, {"width": 360, "height": 740}
WIDE = {"width": 1920, "height": 1080}


def at(page: Page, slide: int) -> None:
    """Check that only this slide is shown, and that the bar and the screen reader's line agree."""
    step, count = SLIDES[slide - 1], len(SLIDES)
    expect(page.locator(".deck-bar .place")).to_have_text(f"{slide} / {count}")
    expect(page.locator(".step:visible")).to_have_count(1)
    if SLIDES.index(step) == slide - 1:
        expect(page.locator(".step-head:visible h2")).to_have_text(TITLES[step - 1])
        status = f"Step {slide} of {count}: {TITLES[step - 1]}"
        expect(page.locator("[data-page-status]")).to_have_text(status)
    else:
        expect(page.locator(".step-head:visible")).to_have_count(0)


def expect_to_fit(page: Page) -> None:
    """Wait until plots have their new width and nothing scrolls sideways or down."""
    page.wait_for_function(
        """() => {
          const root = document.documentElement;
          return root.scrollWidth <= innerWidth && root.scrollHeight <= innerHeight;
        }"""
    )


def test_the_keyboard_goes_through_it_and_back(open_page: Open) -> None:
    page = open_page(TOUR, python=False, viewport=PROJECTOR)
    page.keyboard.press("Space")
    at(page, 1)
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    for slide, step in enumerate(SLIDES[1:], start=2):
        page.keyboard.press("ArrowRight")
        at(page, slide)
        name = f"step-{step}" if SLIDES.index(step) == slide - 1 else r"(tour|step)-\S+"
        expect(page).to_have_url(re.compile(rf"{TOUR}\?present\b.*#{name}$"))
        expect_to_fit(page)
    expect(page.get_by_role("button", name="Play")).to_be_visible()  # a manual step ends autoplay
    page.keyboard.press("ArrowRight")
    at(page, LAST)
    page.keyboard.press("PageUp")
    at(page, LAST - 1)
    page.keyboard.press("Home")
    at(page, 1)
    page.keyboard.press("Escape")
    expect(page.locator(".deck-bar")).to_have_count(0)
    expect(page.locator(".step:visible")).to_have_count(8)
    assert "present" not in page.url


def test_the_address_names_the_step_and_back_goes_back(open_page: Open) -> None:
    page = open_page(f"{TOUR}?present#step-3", python=False, viewport=PROJECTOR)
    third = SLIDES.index(3) + 1
    at(page, third)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    at(page, third + 2)
    page.go_back()
    at(page, third + 1)
    page.go_back()
    at(page, third)
    page.go_forward()
    at(page, third + 1)


def test_a_button_and_a_field_keep_their_keys(open_page: Open) -> None:
    page = open_page(f"{TOUR}?present#step-1", python=False, viewport=PROJECTOR)
    page.locator("#tour-pipeline input[value=input]").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tour-pipeline input[value=encoder]")).to_be_checked()
    at(page, 1)
    page.keyboard.press("PageDown")  # a clicker's key
    at(page, 2)
    following = page.get_by_role("button", name="Next step")
    following.focus()
    page.keyboard.press("Space")
    at(page, 3)
    expect(following).to_be_focused()


def test_it_plays_by_itself(open_page: Open) -> None:
    page = open_page(TOUR, python=False, viewport=PROJECTOR)
    page.clock.install()
    page.get_by_role("button", name="Play").first.click()
    at(page, 1)
    page.clock.run_for(16_000)
    expect(page.locator("#tour-pipeline input[value=generation]")).to_be_checked()
    page.clock.run_for(120_000)
    expect(page.locator(".deck-bar .place")).not_to_have_text(f"1 / {LAST}")
    page.clock.run_for(600_000)
    at(page, LAST)
    expect(page.get_by_role("button", name="Play")).to_be_visible()


def test_nothing_moves_by_itself_where_that_is_not_wanted(open_page: Open) -> None:
    page = open_page(TOUR, python=False, viewport=PROJECTOR, reduced_motion="reduce")
    page.clock.install()
    page.get_by_role("button", name="Play").first.click()
    at(page, 1)
    page.clock.run_for(16_000)
    expect(page.locator("#tour-pipeline input[value=input]")).to_be_checked()


def test_the_speaker_sees_notes_the_next_step_and_the_time(open_page: Open) -> None:
    page = open_page(f"{TOUR}?present#step-1", python=False, fresh=True, viewport=PROJECTOR)
    at(page, 1)
    with page.expect_popup() as popup:
        page.keyboard.press("n")
    notes = popup.value
    expect(notes.locator("[data-part=place]")).to_have_text(f"1 / {LAST}")
    expect(notes.locator("[data-part=title]")).to_have_text(TITLES[0])
    expect(notes.locator("[data-part=next]")).to_have_text(f"Next: {TITLES[1]}")
    expect(notes.locator("[data-part=notes]")).to_contain_text("Ask before you press Play")
    expect(notes.locator("[data-part=clock]")).to_have_text(re.compile(r"\d\d:\d\d, \d:\d\d since"))
    expect(notes.locator("main")).to_have_css("display", "grid")
    notes.keyboard.press("ArrowRight")
    at(page, 2)
    expect(notes.locator("[data-part=title]")).to_have_text(TITLES[1])
    page.keyboard.press("End")
    expect(notes.locator("[data-part=next]")).to_have_text("This is the last step.")


def test_a_blocked_window_is_told(open_page: Open) -> None:
    page = open_page(f"{TOUR}?present#step-1", python=False, viewport=PROJECTOR)
    page.evaluate("() => { window.open = () => null; }")
    page.get_by_role("button", name="Notes").click()
    expect(page.locator(".deck-bar [role=status]")).to_contain_text("Allow pop-ups for this page")


def swipe(page: Page, *, across: int, along: int = 0) -> None:
    """Swipe over the text of the slide."""
    session = page.context.new_cdp_session(page)
    touch: dict[str, Any] = {"x": 180, "y": 200}
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [touch]})
    end = {"x": 180 + across, "y": 200 + along}
    session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [end]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_a_finger_turns_it_on_a_phone(open_page: Open) -> None:
    page = open_page(f"{TOUR}?present#step-1", python=False, viewport=PHONE, has_touch=True)
    place = page.locator(".deck-bar .place")
    expect(place).to_have_text(re.compile(r"^1 / "))
    swipe(page, across=-120)
    expect(place).to_have_text(re.compile(r"^2 / "))
    swipe(page, across=120)
    expect(place).to_have_text(re.compile(r"^1 / "))
    swipe(page, across=-60, along=-200)  # mostly vertical: it scrolls
    expect(place).to_have_text(re.compile(r"^1 / "))


def test_no_slide_is_higher_than_a_phone(open_page: Open) -> None:
    """Text and instrument take two or more slides, and the controls stay above the bar."""
    page = open_page(f"{TOUR}?present#step-1", python=False, viewport=PHONE, has_touch=True)
    seen = []
    for _ in slides(page):
        expect_to_fit(page)
        seen += page.locator(".step-head:visible h2").all_inner_texts()
        instrument = page.locator(".instrument:visible")
        if instrument.count() == 0:
            continue
        assert page.locator(".step .flow > *:visible").count() == 1
        controls = instrument.locator(".controls").bounding_box()
        bar = page.locator(".deck-bar").bounding_box()
        assert controls is not None
        assert bar is not None
        assert controls["y"] + controls["height"] <= bar["y"] + 1
    assert tuple(seen) == TITLES
    page.goto(page.url.split("#")[0] + "#step-4")
    expect(page.locator(".step-head:visible h2")).to_have_text(TITLES[3])


def test_without_scripts_it_is_eight_short_sections(open_page: Open) -> None:
    page = open_page(f"{TOUR}?present#step-3", java_script_enabled=False)
    expect(page.locator(".step:visible .step-head h2")).to_have_text(TITLES)
    expect(page.locator(".deck-bar")).to_have_count(0)
    expect(page.get_by_role("button", name="Play")).to_have_count(0)
    expect(page.locator("#step-3")).to_be_in_viewport()


@pytest.mark.parametrize("place", [TOUR, f"{TOUR}?present#step-5"])
def test_it_prints_one_step_a_page(open_page: Open, place: str) -> None:
    page = open_page(place, python=False)
    if "present" in place:
        at(page, SLIDES.index(5) + 1)
    printed = PdfReader(io.BytesIO(page.pdf(format="A4")))
    text = [each.extract_text() for each in printed.pages]
    steps = [re.findall(r"Step (\d) of 8", each) for each in text]
    assert steps[:8] == [[str(number)] for number in range(1, 9)]
    assert text[8].lstrip().startswith("References")
    assert steps[8:] == [[]] * len(steps[8:])


def test_axe_finds_nothing(open_page: Open) -> None:
    """Check the presented tour; as an ordinary page it is checked in test_every_page.py."""
    found: list[str] = []
    page = open_page(f"{TOUR}?present#step-1", python=False)
    for step in (1, 7):
        page.evaluate("step => { location.hash = `step-${step}`; }", step)
        for viewport in (PROJECTOR, PHONE):
            page.set_viewport_size(viewport)
            at(page, SLIDES.index(step) + 1)
            found += in_both_themes(page)
    assert "\n\n".join(found) == ""


def test_any_section_is_presented_with_its_instruments_alive(open_page: Open) -> None:
    page = open_page(SECTION, viewport=PROJECTOR)
    blocks = page.locator(".section.flow > *").count()
    page.get_by_role("button", name="Present").click()
    place = page.locator(".deck-bar .place")
    expect(place).to_have_text(re.compile(r"^1 / \d+$"))
    expect(page.locator("h1")).to_be_visible()
    count, shown = int(place.inner_text().split()[-1]), 0
    for number in range(1, count + 1):
        expect(place).to_have_text(f"{number} / {count}")
        alive = page.locator(".instrument:visible")
        if alive.count():
            expect(alive).to_have_attribute("data-state", "live")
        expect_to_fit(page)
        shown += page.locator(".section.flow > *:not([data-off])").count()
        headings = page.locator(".section.flow > :is(h2, h3):not([data-off])").count()
        assert headings <= 1
        page.keyboard.press("ArrowRight")
    assert shown == blocks  # each is on exactly one slide
    page.goto(page.url.split("#")[0] + "#bottleneck")
    instrument = page.locator("#bottleneck")
    expect(page.locator(".section.flow > *:not([data-off])")).to_have_count(1)
    expect(page.locator(".section-head")).to_have_css("width", "1px")  # for screen readers only
    expect(instrument).to_have_attribute("data-state", "live")
    value = instrument.locator('[data-readout="kept"]')
    before = value.inner_text()
    instrument.locator('input[type="range"]').first.press("ArrowRight")
    expect(value).not_to_have_text(before)
    page.get_by_role("button", name="Leave").click()
    expect(page.locator("h1")).to_be_visible()
    expect(instrument).to_be_in_viewport()


def slides(page: Page) -> Iterator[int]:
    """Go through all slides."""
    place = page.locator(".deck-bar .place")
    expect(place).to_have_text(re.compile(r"^1 / \d+$"))
    count = int(place.inner_text().split()[-1])
    for number in range(1, count + 1):
        expect(place).to_have_text(f"{number} / {count}")
        yield number
        page.keyboard.press("PageDown")


TOO_HIGH = """async (patience) => {
  const root = document.documentElement;
  const frame = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  const place = () => document.querySelector(".deck-bar .place")?.textContent ?? "";
  const until = async (met) => {
    for (let i = 0; i < patience && !met(); i++) await frame();
    return met();
  };
  await document.fonts.ready;
  if (!(await until(() => /^1 \\/ \\d+$/.test(place())))) return [`begins at ${place()}`];
  const count = Number(place().split(" / ")[1]);
  const found = [];
  for (let i = 1; i <= count; i++) {
    if (!(await until(() => place() === `${i} / ${count}`))) return [`stays at ${place()}`];
    await frame();
    if (!(await until(() => root.scrollWidth <= innerWidth && root.scrollHeight <= innerHeight))) {
      found.push(`${place()}: ${root.scrollWidth} x ${root.scrollHeight}`);
    }
    const key = { key: "PageDown", bubbles: true, cancelable: true };
    document.activeElement.dispatchEvent(new KeyboardEvent("keydown", key));
  }
  return found;
}"""


QUICK = ("begin", "autoencoders", "convolutional", "tour", "workshop")
"""The other chapters are among the long tests."""


def too_high(page: Page) -> list[str]:
    """List the slides that still scroll after the frames in which plots are redrawn."""
    expect(page.locator(".deck-bar .place")).to_have_text(re.compile(r"^1 / \d+$"))
    return [f"{page.url}: {each}" for each in page.evaluate(TOO_HIGH, 600)]


@pytest.mark.parametrize(
    "chapter",
    [pytest.param(each, marks=() if each in QUICK else pytest.mark.long) for each in CHAPTERS],
)
def test_no_slide_is_higher_than_the_window(open_page: Open, chapter: str) -> None:
    """Covers plates of three panels, notes that hang below their paragraph, listings and tables."""
    page = open_page("404.html", python=False, viewport=PROJECTOR)
    found: list[str] = []
    for place in dict.fromkeys(map(where, targets())):
        if not place.startswith(f"{chapter}/"):
            continue
        go_to(page, f"{place}?present")
        if page.locator(".section.flow, [data-deck]").count():
            found += too_high(page)
    assert "\n".join(found) == ""


@pytest.mark.parametrize("label", ["infonce", "the-card", "snippet-bend", "published-figures"])
def test_nor_is_one_in_a_larger_window(open_page: Open, label: str) -> None:
    page = open_page(f"{where(label)}?present", python=False, viewport=WIDE)
    assert too_high(page) == []


def test_a_long_listing_scrolls_on_its_slide(open_page: Open) -> None:
    page = open_page(
        f"{where('snippet-bend')}?present#snippet-bend", python=False, viewport=PROJECTOR
    )
    listing = page.locator("#snippet-bend .source pre")
    expect(listing).to_be_visible()
    expect(listing).to_have_attribute("tabindex", "0")
    expect(listing).to_have_attribute("aria-label", re.compile("^Code of snippet .*, scrolls"))
    listing.focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_function("() => document.activeElement.scrollTop > 0")
    page.get_by_role("button", name="Leave").click()
    expect(listing).not_to_have_css("overflow-y", "auto")


def test_a_link_leads_out_of_it(open_page: Open) -> None:
    page = open_page(f"{TOUR}?present#step-1", python=False, viewport=PROJECTOR)
    page.locator("#step-1").get_by_role("link", name="section 2.1").click()
    expect(page.locator("h1")).to_contain_text("Learning to compress")
    expect(page.locator(".deck-bar")).to_have_count(0)
    expect(page.locator(".bar")).to_be_visible()
    page.go_back()
    at(page, 1)
