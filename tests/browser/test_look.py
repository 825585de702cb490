"""The frame around the text and the layout: what LOOK asks for that can be measured."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.book_pages import CHAPTER, Open

pytestmark = pytest.mark.browser

WIDTHS = (320, 768, 1240, 1920)


def boxes(page: Page, selector: str) -> list[dict[str, Any]]:
    """Where the shown elements lie, in the page's own coordinates."""
    expect(page.locator("html[data-measured]")).to_be_attached()
    found: list[dict[str, Any]] = page.locator(selector).evaluate_all(
        """all => all.filter((each) => each.checkVisibility()).map((each) => {
          const { left, right, top, bottom } = each.getBoundingClientRect();
          const name = each.id || each.textContent.trim().slice(0, 30);
          return { name, left, right, top: top + scrollY, bottom: bottom + scrollY };
        })"""
    )
    return found


def overlaps(one: dict[str, Any], other: dict[str, Any]) -> bool:
    apart = (
        one["right"] <= other["left"]
        or other["right"] <= one["left"]
        or one["bottom"] <= other["top"]
        or other["bottom"] <= one["top"]
    )
    return not apart


@pytest.mark.parametrize("width", WIDTHS)
def test_notes_keep_clear_of_each_other_and_of_instruments(open_page: Open, width: int) -> None:
    page = open_page(viewport={"width": width, "height": 900})
    notes = boxes(page, ".flow > .note, .noted > .note")
    assert len(notes) > 10
    blocks = notes + boxes(page, ".flow > .instrument, .flow > .snippet, .flow > .quiz")
    clashes = [
        (note["name"], block["name"])
        for i, note in enumerate(notes)
        for block in blocks[i + 1 :]
        if overlaps(note, block)
    ]
    assert clashes == []


def test_notes_stand_beside_their_paragraph_where_there_is_a_margin(open_page: Open) -> None:
    page = open_page(viewport={"width": 1280, "height": 900})
    expect(page.locator("html[data-measured]")).to_be_attached()
    for noted in page.locator(".flow > .noted").all():
        text = noted.locator("> :first-child").bounding_box()
        note = noted.locator("> .note").first.bounding_box()
        assert text is not None
        assert note is not None
        assert note["x"] == pytest.approx(text["x"] + 664 + 56, abs=1)
        assert note["y"] >= text["y"]
        assert note["width"] == pytest.approx(232, abs=1)


@pytest.mark.parametrize("width", [320, 360, 768])
def test_the_picture_stands_before_the_first_control(open_page: Open, width: int) -> None:
    page = open_page(viewport={"width": width, "height": 900})
    for instrument in page.locator("section.instrument").all():
        instrument.scroll_into_view_if_needed()
        order = instrument.evaluate(
            """each => {
              const picture = each.querySelector(".picture");
              const control = each.querySelector(".control");
              return picture.compareDocumentPosition(control) & Node.DOCUMENT_POSITION_FOLLOWING;
            }"""
        )
        assert order


@pytest.mark.parametrize("width", WIDTHS)
def test_no_equation_touches_its_number(open_page: Open, width: int) -> None:
    page = open_page(viewport={"width": width, "height": 900})
    scrollers = boxes(page, ".equation:has(> .number) > .scroller")
    numbers = boxes(page, ".equation > .number")
    assert len(scrollers) == len(numbers) > 10
    touching = [
        number["name"]
        for scroller, number in zip(scrollers, numbers, strict=True)
        if overlaps(scroller, number)
    ]
    assert touching == []


def test_no_line_begins_with_the_punctuation_after_an_equation(open_page: Open) -> None:
    page = open_page(viewport={"width": 360, "height": 900})
    torn = page.locator(".joint").evaluate_all(
        """all => all.filter((each) => each.checkVisibility()).flatMap((each) => {
          const parts = [...each.querySelectorAll(".base")];
          return [...each.childNodes].filter((node) => node.nodeType === 3).map((node) => {
            const range = document.createRange();
            range.selectNode(node);
            const beside = node === each.firstChild ? parts[0] : parts[parts.length - 1];
            if (!beside) return "";
            const [text, math] = [range.getBoundingClientRect(), beside.getBoundingClientRect()];
            return text.top > math.bottom || text.bottom < math.top ? each.textContent : "";
          });
        })"""
    )
    assert len(torn) > 50
    assert [each for each in torn if each] == []


def test_what_scrolls_can_be_reached_by_keyboard(open_page: Open) -> None:
    page = open_page(viewport={"width": 320, "height": 800})
    expect(page.locator("html[data-measured]")).to_be_attached()
    page.wait_for_function("() => document.fonts.status === 'loaded'")
    page.locator("main details").evaluate_all("all => all.forEach((each) => (each.open = true))")
    page.wait_for_function(
        """() => [...document.querySelectorAll("[data-scrolls]")]
          .filter((each) => each.scrollWidth > each.clientWidth + 1)
          .every((each) => each.tabIndex === 0 && /, scrolls sideways$/.test(each.ariaLabel))"""
    )
    assert page.locator('.equation > .scroller[tabindex="0"]').count() > 0


def test_the_theme_goes_round_and_stays(open_page: Open) -> None:
    page = open_page("contents/", color_scheme="light")
    page.evaluate(
        "window.themes = 0, document.addEventListener('themechange', () => { window.themes += 1 })"
    )
    root, button = page.locator("html"), page.locator('.bar [data-action="theme"]')
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    for name, theme in (("Light", "light"), ("Dark", "dark")):
        button.click()
        expect(button).to_contain_text(name)
        expect(root).to_have_attribute("data-theme", theme)
    assert page.evaluate(paper) != light
    assert page.evaluate("themes") == 2
    # The choice is there before the body is: nothing can flash.
    page.add_init_script(
        """new MutationObserver((_, observer) => {
          if (!document.body) return;
          window.themeAtFirst = document.documentElement.dataset.theme;
          observer.disconnect();
        }).observe(document, { childList: true, subtree: true })"""
    )
    page.reload()
    assert page.evaluate("themeAtFirst") == "dark"
    expect(button).to_contain_text("Dark")
    button.click()
    expect(button).to_contain_text("Auto")
    assert page.evaluate(paper) == light


def test_search_by_keyboard(open_page: Open) -> None:
    page = open_page("contents/")
    page.keyboard.press("/")
    dialog = page.locator("dialog.search")
    expect(dialog.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("encoder")
    expect(dialog.locator(".count")).to_contain_text("result")
    first = dialog.get_by_role("option").first
    expect(first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    chosen = dialog.get_by_role("option", selected=True)
    expect(chosen).not_to_have_id(first.get_attribute("id") or "")
    url = chosen.get_attribute("data-url") or ""
    page.keyboard.press("Enter")
    page.wait_for_url(url)
    page.keyboard.press("Control+k")
    expect(dialog.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("zzzz")
    expect(dialog.locator(".count")).to_contain_text("Nothing found")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_single_keys_can_be_switched_off(open_page: Open) -> None:
    page = open_page("contents/")
    page.keyboard.press("?")
    help_dialog = page.locator("dialog.help")
    help_dialog.get_by_role("checkbox").uncheck()
    page.keyboard.press("Escape")
    page.reload()
    page.keyboard.press("?")
    page.keyboard.press("/")
    expect(help_dialog).to_be_hidden()
    expect(page.locator("dialog.search")).to_be_hidden()
    page.keyboard.press("Control+k")
    expect(page.locator("dialog.search")).to_be_visible()


def test_a_slash_in_a_field_is_a_slash(open_page: Open) -> None:
    page = open_page()
    expect(page.locator("html[data-measured]")).to_be_attached()
    field = page.locator('section[data-quiz="number"] input').first
    field.scroll_into_view_if_needed()
    expect(field).to_have_attribute("type", "text")
    field.press("/")
    expect(field).to_have_value("/")
    expect(page.locator("dialog.search")).to_be_hidden()


@pytest.mark.parametrize("width", [360, 1280])
def test_a_link_leads_to_its_place_while_the_rest_is_not_laid_out(
    open_page: Open, width: int
) -> None:
    page = open_page("404.html", viewport={"width": width, "height": 800})
    page.goto(page.url.replace("404.html", f"{CHAPTER}#elbo"), wait_until="commit")
    top = "() => Math.round(document.getElementById('elbo').getBoundingClientRect().top)"
    page.wait_for_function("() => document.getElementById('elbo')?.checkVisibility()")
    page.wait_for_function(f"() => ({top})() > 0 && ({top})() < 120")
    place = page.evaluate(top)
    expect(page.locator("html[data-measured]")).to_be_attached()
    assert page.evaluate(top) == place
    # What the browser remembers is what there is.
    height = "() => document.documentElement.scrollHeight"
    guessed = page.evaluate(height)
    page.evaluate(
        """() => {
          const sheet = new CSSStyleSheet();
          sheet.replaceSync(".section, .section * { content-visibility: visible !important }");
          document.adoptedStyleSheets.push(sheet);
        }"""
    )
    assert page.evaluate(height) == pytest.approx(guessed, abs=50)
    page.evaluate("location.hash = 'tweedie'")
    assert page.evaluate(top.replace("elbo", "tweedie")) == place


def test_a_page_that_is_loaded_again_stays_where_it_was(open_page: Open) -> None:
    page = open_page(python=False)
    top = "each => Math.round(each.getBoundingClientRect().top)"
    for label in ("elbo", "draw-a-digit", "q-base-rate"):
        place = page.locator(f"#{label}")
        place.evaluate("each => each.scrollIntoView({block: 'center'})")
        page.wait_for_timeout(500)  # blocks around it come to life
        before = place.evaluate(top)
        page.reload()
        page.wait_for_function("() => history.scrollRestoration === 'auto'")  # it has settled
        assert place.evaluate(top) == pytest.approx(before, abs=2)


def test_a_broken_escape_in_the_address_harms_nothing(open_page: Open) -> None:
    page = open_page(f"{CHAPTER}#%E0%A4%A")
    expect(page.locator("html[data-measured]")).to_be_attached()
    assert page.evaluate("scrollY") == 0


def test_contents_follow_the_reader_and_the_place_is_kept(open_page: Open) -> None:
    page = open_page()
    section = page.locator("section.section").nth(2)
    label = section.get_attribute("id")
    section.evaluate("each => each.scrollIntoView()")
    current = page.locator(".contents nav:first-child a[aria-current]")
    expect(current).to_have_attribute("href", f"#{label}")
    name = " ".join(current.inner_text().split())
    page.locator(".brand").click()
    again = page.locator("[data-continue] a")
    expect(again).to_have_text(f"Continue at {name}")
    again.click()
    page.wait_for_url(f"**/{CHAPTER}#{label}")


def test_what_the_reader_left_can_be_saved_and_forgotten(open_page: Open) -> None:
    page = open_page()
    question = page.locator('section[data-quiz="true-false"]').first
    question.locator('input[value="true"]').check()
    question.locator('[data-action="check"]').click()
    expect(question).not_to_have_attribute("data-state", "open")
    with page.expect_download() as download:
        page.locator('.foot [data-action="export"]').click()
    kept = json.loads(download.value.path().read_text("utf-8"))
    assert f"quiz:{question.get_attribute('id')}" in kept
    page.on("dialog", lambda dialog: dialog.accept())
    with page.expect_navigation():
        page.locator('.foot [data-action="clear"]').click()
    expect(question).to_have_attribute("data-state", "open")


def test_paper_shows_the_picture_its_setting_and_its_address(open_page: Open) -> None:
    page = open_page(color_scheme="dark")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    for selector in (".bar", ".tools", ".foot", "input[type=range]", '[data-action="check"]'):
        assert boxes(page, selector) == []
    instrument = page.locator("#bottleneck")
    expect(instrument.locator("[data-panel]").first).to_be_visible()
    expect(instrument.locator(".typed").first).to_be_visible()
    expect(instrument.locator(".address")).to_contain_text(f"{page.url}#bottleneck")


def test_focus_is_seen_on_every_control(open_page: Open) -> None:
    page = open_page()
    bare: list[str] = page.evaluate(
        """() => {
          const bare = [];
          const all = document.querySelectorAll("a[href], button, input, summary");
          for (const each of all) {
            if (!each.checkVisibility({ visibilityProperty: true })) continue;
            each.focus({ focusVisible: true, preventScroll: true });
            if (document.activeElement !== each) continue;
            if (each.type === "range") continue; // its ring is the thumb's, which no script can ask
            const ringed = [each, each.closest("label")].some((one) => {
              const ring = one && getComputedStyle(one);
              return ring && ring.outlineStyle !== "none" && parseFloat(ring.outlineWidth) >= 2;
            });
            if (!ringed) bare.push(each.outerHTML.slice(0, 100));
          }
          return bare;
        }"""
    )
    assert bare == []


def test_the_page_does_not_shift_while_it_loads(open_page: Open) -> None:
    page = open_page("contents/")
    page.add_init_script(
        """window.shift = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) window.shift += entry.value;
        }).observe({ type: "layout-shift", buffered: true })"""
    )
    page.goto(page.url.replace("contents/", CHAPTER))
    expect(page.locator("html[data-measured]")).to_be_attached()
    page.wait_for_function("() => document.fonts.status === 'loaded'")
    expect(page.locator("section.instrument").first).to_be_attached()
    # 0.1 is what Core Web Vitals call good; a line that breaks elsewhere would already be 0.02.
    assert page.evaluate("shift") < 0.01
