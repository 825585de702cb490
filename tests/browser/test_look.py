"""The layout and the frame around the text: the measurable requirements of the design."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.book_pages import ADD_SHIFTS, FOLLOWS_LINKS, SECTION, Open, where

pytestmark = pytest.mark.browser


def config_of(html: str) -> dict[str, Any]:
    """Read the configuration that a page gives its scripts."""
    start = html.index(">", html.index('id="latentbook-config"')) + 1
    config: dict[str, Any] = json.loads(html[start : html.index("</script>", start)])
    return config


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
    # The theme is set before the body exists, so nothing can flash.
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


SEARCHED_BEFORE = """() => {
  const pressed = new KeyboardEvent("keydown", { key: "k", ctrlKey: true, bubbles: true });
  document.body.dispatchEvent(pressed);
  const field = document.querySelector("dialog.search input");
  return field.value.slice(field.selectionStart, field.selectionEnd);
}"""
"""Opens the dialog, and returns the selected part of its field in the same task."""


def test_search_by_keyboard(open_page: Open) -> None:
    page = open_page("contents/")
    page.wait_for_function(FOLLOWS_LINKS)  # before that, a link reloads its page and loses state
    page.keyboard.press("/")
    dialog = page.locator("dialog.search")
    expect(dialog.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("encoder")
    expect(dialog.locator(".count")).to_have_text(re.compile(r"\d+ results, the best 20 shown"))
    expect(dialog.get_by_role("option")).to_have_count(20)
    first = dialog.get_by_role("option").first
    expect(first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    chosen = dialog.get_by_role("option", selected=True)
    expect(chosen).not_to_have_id(first.get_attribute("id") or "")
    url = chosen.get_attribute("data-url") or ""
    page.keyboard.press("Enter")
    page.wait_for_url(url)
    assert page.evaluate(SEARCHED_BEFORE) == "encoder"
    page.keyboard.type("zzzz")
    expect(dialog.locator(".count")).to_contain_text("Nothing found")
    page.keyboard.press("Control+a")
    page.keyboard.type("Baldi")
    expect(dialog.locator(".count")).to_have_text(re.compile(r"^\d+ results?$"))
    number = int((dialog.locator(".count").text_content() or "").split()[0])
    expect(dialog.get_by_role("option")).to_have_count(number)
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
    page = open_page(python=False)
    field = page.locator('section[data-quiz="number"] input').first
    field.scroll_into_view_if_needed()
    field.press("/")
    expect(field).to_have_value("/")
    expect(page.locator("dialog.search")).to_be_hidden()


@pytest.mark.parametrize("width", [360, 1280])
def test_a_link_leads_to_its_place(open_page: Open, width: int) -> None:
    place = f"{where('elbo')}#elbo"
    page = open_page(place, viewport={"width": width, "height": 800}, python=False)
    top = "() => Math.round(document.getElementById('elbo').getBoundingClientRect().top)"
    page.wait_for_function(f"() => ({top})() > 0 && ({top})() < 120")


@pytest.mark.parametrize(
    ("old", "label"),
    [
        ("autoencoders/#bottleneck", "bottleneck"),
        ("autoencoders/?bottleneck.k=12#bottleneck", "bottleneck"),
        ("autoencoders/?bottleneck.k=12", "bottleneck"),
        ("autoencoders/#elbo", "elbo"),
        ("autoencoders/#q-base-rate", "q-base-rate"),
        ("autoencoders/#fig-latents", "fig-latents"),
        ("autoencoders/#snippet-kl", "snippet-kl"),
    ],
)
def test_addresses_of_the_one_page_that_a_chapter_was_lead_on(
    open_page: Open, old: str, label: str
) -> None:
    page = open_page(old, python=False)
    query = old.partition("?")[2].partition("#")[0]
    assert where(label) != "autoencoders/"
    page.wait_for_url(f"**/{where(label)}{'?' + query if query else ''}#{label}")
    expect(page.locator(f"#{label}")).to_be_in_viewport()
    if query:
        expect(page.locator('#bottleneck input[type="range"]').first).to_have_value("12")


def test_every_address_of_the_one_page_is_known(site: Path) -> None:
    """Addresses from when a chapter was one page: sections, equations, headings, facts, notes."""
    config = config_of((site / "autoencoders" / "index.html").read_text())
    old = Path("tests/fixtures/addresses.txt").read_text().split()
    gone = [
        id
        for id in old
        if id not in config["moved"]
        or not (site / "autoencoders" / config["moved"][id].split("#")[0] / "index.html").is_file()
    ]
    assert gone == []


def test_without_scripts_an_old_address_shows_a_link_to_its_place(open_page: Open) -> None:
    page = open_page("autoencoders/#elbo", java_script_enabled=False)
    link = page.locator("#elbo a")
    expect(link).to_be_visible()
    link.click()
    page.wait_for_url(f"**/{where('elbo')}#elbo")


def test_a_page_that_is_loaded_again_stays_where_it_was(open_page: Open) -> None:
    page = open_page(where("elbo"), python=False)
    place = page.locator("#elbo")
    page.wait_for_function("() => document.fonts.status === 'loaded'")
    place.evaluate("each => each.scrollIntoView({block: 'center'})")
    top = "each => Math.round(each.getBoundingClientRect().top)"
    before = place.evaluate(top)
    page.reload()
    page.wait_for_function("() => document.fonts.status === 'loaded'")
    page.wait_for_function(
        f"([place, before]) => Math.abs(({top})(place) - before) <= 2",
        arg=[place.element_handle(), before],
    )


def test_a_broken_escape_in_the_address_harms_nothing(open_page: Open) -> None:
    page = open_page(f"{SECTION}#%E0%A4%A", python=False)
    assert page.evaluate("scrollY") == 0


def test_contents_follow_the_reader_and_the_place_is_kept(open_page: Open) -> None:
    page = open_page(where("elbo"), python=False)
    heading = page.locator(".section > h2").nth(1)
    label = heading.get_attribute("id")
    heading.evaluate("each => each.scrollIntoView()")
    current = page.locator(".contents .headings-of a[aria-current]")
    expect(current).to_have_attribute("href", f"#{label}")
    number = page.locator(".contents a[aria-current=page] .number").inner_text()
    name = f"{number} {current.inner_text()}"
    page.locator(".brand").click()
    again = page.locator("[data-continue] a")
    expect(again).to_have_text(f"Continue at {name}")
    again.click()
    page.wait_for_url(f"**/{where('elbo')}#{label}")


def test_paper_shows_the_picture_its_setting_and_its_address(open_page: Open) -> None:
    page = open_page(python=False, color_scheme="dark")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    for selector in (".bar", ".tools", ".foot", "input[type=range]", '[data-action="check"]'):
        expect(page.locator(selector).filter(visible=True)).to_have_count(0)
    instrument = page.locator("#bottleneck")
    expect(instrument.locator("[data-panel]").first).to_be_visible()
    expect(instrument.locator(".typed").first).to_be_visible()
    expect(instrument.locator(".address")).to_contain_text(f"{page.url}#bottleneck")


def test_focus_is_seen_on_every_control(open_page: Open) -> None:
    page = open_page(python=False)
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


def test_the_page_does_not_shift_while_it_loads(open_page: Open, book: str) -> None:
    page = open_page()  # fills the cache with its fonts
    page.wait_for_function("() => document.fonts.status === 'loaded'")
    page.goto("about:blank")
    page.add_init_script(ADD_SHIFTS)
    page.goto(book + SECTION)
    page.wait_for_function("() => document.fonts.status === 'loaded'")
    expect(page.locator("section.instrument").first).to_be_attached()
    # Core Web Vitals call 0.1 good; one changed line break would already give 0.02.
    assert page.evaluate("shift") < 0.01
