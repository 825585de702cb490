"""A text control: typed, composed, pasted, linked, chosen and printed text is safe everywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from latentbook.book.write.prefill import fill
from latentbook.main import create_app
from latentbook.settings import Settings
from tests.browser.axe import in_both_themes
from tests.browser.book_pages import Open, wait_until
from tests.browser.conftest import WINDOW
from tests.browser.test_course import run
from tools.bench.serving import served

pytestmark = pytest.mark.browser

INSTRUMENT = '''"""Shows a text in every place that a text can have."""

from widgets.contract import INK, Choice, Frame, Instrument, Plot, Readout, Textbox
from widgets.kit.figures import axis, figure, label
from widgets.kit.text import plain

instrument = Instrument(
    name="spelled",
    title="Spelled",
    challenge="Type.",
    controls=(
        Textbox("word", "Word", "camel", max_length=24, suggestions=("smiling cat", "<b>b</b>")),
    ),
    readouts=(Readout("word", "Read"), Readout("codes", "Codes")),
)


def compute(*, word):
    return {"word": word}


def frame(result):
    word = result["word"]
    shown = figure([], axis(0, 1), axis(0, 1), labels=[label(plain(word), 0.5, 0.5, INK)])
    codes = " ".join(f"{ord(each):x}" for each in word)
    return Frame(
        readouts={"word": word, "codes": codes}, panels=[Plot("p", shown, f"It says {word}.")]
    )
'''
TEXT = """\
---
title: Words
description: One instrument.
---

:::{instrument} spelled
:label: fig-word
:set: word="a, (b)"
:::

::::{quiz} state
:label: q-word
:instrument: spelled
:goal: word == "smiling cat"
:answer: word=smiling cat

Make it smile.

:::{answer}
It smiles.
:::
::::
"""
PLACE = "first-steps/the-best-constant/"
HOSTILE = "<img src=x onerror=boom()>\"'&amp;"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a course of one page."""
    folder, build = tmp_path_factory.mktemp("words") / "course", tmp_path_factory.mktemp("build")
    fill(build / "cache", Settings().build / "cache")
    run("new", "book", str(folder), build=build)
    (folder / "instruments" / "spelled.py").write_text(INSTRUMENT, "utf-8")
    (folder / "content" / PLACE.strip("/")).with_suffix(".md").write_text(TEXT, "utf-8")
    contents = folder / "course.toml"
    contents.write_text(contents.read_text("utf-8").replace('"stand_in"', '"spelled"'), "utf-8")
    for path in folder.glob("instruments/*stand_in.py"):
        path.unlink()
    run("build", "--course", str(folder), build=build)
    with served(create_app(Settings(build=build))) as url:
        yield f"{url}/"


def live(page: Page, label: str = "fig-word") -> tuple[Locator, Locator, Locator]:
    """Wait for an instrument; return it, its field, and the readout of what Python received."""
    instrument = page.locator(f"#{label}")
    instrument.scroll_into_view_if_needed()
    expect(instrument).to_have_attribute("data-state", "live")
    return (
        instrument,
        instrument.get_by_label("Word", exact=True),
        instrument.locator('[data-readout="codes"]'),
    )


def codes(text: str) -> str:
    return " ".join(f"{ord(each):x}" for each in text)


def test_the_picture_follows_and_the_field_stays_as_it_is_typed(open_page: Open, host: str) -> None:
    page = open_page(PLACE, host=host)
    instrument, field, read = live(page)
    expect(field).to_have_value("a, (b)")
    field.select_text()
    page.keyboard.type("  smi  ")
    expect(read).to_have_text(codes("smi"))
    expect(field).to_have_value("  smi  ")
    page.keyboard.type("ling")
    expect(read).to_have_text(codes("smi ling"))
    page.evaluate("globalThis.visit = 'this one'")
    page.keyboard.press("Enter")
    expect(field).to_have_value("smi ling")
    expect(page).to_have_url(f"{host}{PLACE}?fig-word.word=smi+ling")
    assert page.evaluate("globalThis.visit") == "this one"
    page.keyboard.press("Escape")
    expect(field).to_have_value("smi ling")

    field.fill("")
    expect(read).to_have_text("")
    expect(page).to_have_url(f"{host}{PLACE}?fig-word.word=")
    page.reload()
    instrument, field, read = live(page)
    expect(field).to_have_value("")
    instrument.get_by_role("button", name="Reset").click()
    expect(field).to_have_value("a, (b)")
    expect(read).to_have_text(codes("a, (b)"))
    expect(page).to_have_url(f"{host}{PLACE}")


def test_typing_is_undone_as_in_any_field(open_page: Open, host: str) -> None:
    page = open_page(PLACE, host=host)
    _, field, read = live(page)
    field.press("End")
    page.keyboard.type(" and c")
    expect(read).to_have_text(codes("a, (b) and c"))
    page.keyboard.press("Control+z")
    expect(read).to_have_text(codes("a, (b)"))
    page.keyboard.press("Control+Shift+z")
    expect(read).to_have_text(codes("a, (b) and c"))


def test_nothing_is_computed_in_the_middle_of_a_composition(open_page: Open, host: str) -> None:
    page = open_page(PLACE, host=host)
    _, field, read = live(page)
    field.fill("")
    expect(read).to_have_text("")
    page.evaluate(
        """() => {
          globalThis.seen = [];
          const read = document.querySelector('#fig-word [data-readout="codes"]');
          const note = () => seen.push(read.textContent);
          const all = { characterData: true, childList: true, subtree: true };
          new MutationObserver(note).observe(read, all);
        }"""
    )
    session = page.context.new_cdp_session(page)
    for part in ("ㄎ", "ka", "か", "かん"):
        session.send(
            "Input.imeSetComposition",
            {"text": part, "selectionStart": len(part), "selectionEnd": len(part)},
        )
        page.wait_for_timeout(100)
    expect(field).to_have_value("かん")
    session.send("Input.insertText", {"text": "漢字"})
    expect(read).to_have_text(codes("漢字"))
    assert page.evaluate("seen") == [codes("漢字")]


def test_ten_thousand_characters_are_cut_with_a_sentence(open_page: Open, host: str) -> None:
    page = open_page(PLACE, host=host)
    instrument, field, read = live(page)
    family = "👩‍👩‍👧‍👦"
    field.fill("x" * 20 + family + "y" * 10_000)
    said = instrument.get_by_role("alert")
    expect(said).to_have_text("The limit is 24 characters. The rest is left out.")
    expect(read).to_have_text(codes("x" * 20))
    page.keyboard.press("Enter")
    expect(field).to_have_value("x" * 20)
    expect(said).to_be_visible()
    page.keyboard.type("yz")
    expect(said).to_have_count(0)
    expect(read).to_have_text(codes("x" * 20 + "yz"))


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (HOSTILE[:24], HOSTILE[:24]),
        ("שלום \u202eabc\u202c", "שלום abc"),
        ("a\0\ud83d\u200bb\u00a0\u3000c", "a\u200bb c"),
        ("👩‍👩‍👧 e\u0301", "👩‍👩‍👧 é"),
    ],
)
def test_any_text_is_text_wherever_it_goes(
    open_page: Open, host: str, typed: str, kept: str
) -> None:
    """Covers field, picture, alternative text, readouts, address, link and saved picture."""
    page = open_page(PLACE, host=host)
    instrument, field, read = live(page)
    field.evaluate(
        """(field, json) => {
          field.value = JSON.parse(json);
          field.dispatchEvent(new Event("input"));
        }""",
        json.dumps(typed),
    )
    expect(read).to_have_text(codes(kept))
    expect(instrument.locator('[data-readout="word"]')).to_have_text(kept)
    drawn = instrument.locator(".picture svg text", has_text=kept[:3].replace("<", "<\u2060"))
    assert (drawn.last.text_content() or "").replace("\u2060", "") == kept
    expect(instrument.get_by_role("img", name=f"It says {kept}.").first).to_be_attached()
    assert page.locator("#fig-word img, #fig-word b").count() == 0
    with page.expect_download() as download:
        instrument.get_by_role("button", name="Save picture").click()
    assert Path(download.value.path()).stat().st_size > 1_000
    page.wait_for_url("**/*fig-word.word=*")
    page.reload()
    instrument, field, read = live(page)
    expect(field).to_have_value(kept)
    expect(read).to_have_text(codes(kept))


def test_the_browser_and_python_agree_on_what_is_normal(open_page: Open, host: str) -> None:
    """Compares the text that Python received with the browser's own `normalize`."""
    page = open_page(PLACE, host=host)
    for text in ("e\u0301\u0323 \u1100\u1161", "\u0958 \u212b", "\u1f82 \ufb2a"):
        page.goto(f"{host}{PLACE}?fig-word.word={quote(text)}")
        _, field, read = live(page)
        normal = page.evaluate("text => text.normalize('NFC')", text)
        expect(field).to_have_value(normal)
        expect(read).to_have_text(codes(normal))


def test_a_link_that_asks_for_too_much_is_told(open_page: Open, host: str) -> None:
    page = open_page(f"{PLACE}?fig-word.word={'x' * 3000}", host=host)
    instrument, field, _ = live(page)
    expect(instrument.get_by_role("alert")).to_have_text(
        "The link asks for something impossible. The limit is 24 characters."
    )
    expect(field).to_have_value("a, (b)")


def test_suggestions_by_keyboard_and_without_faults_of_access(open_page: Open, host: str) -> None:
    page = open_page(PLACE, host=host)
    instrument, field, read = live(page)
    field.focus()
    page.keyboard.press("Tab")
    group = instrument.get_by_role("group", name="Suggestions for Word")
    first, second = group.get_by_role("button").all()
    expect(first).to_be_focused()
    page.keyboard.press("Enter")
    expect(field).to_have_value("smiling cat")
    expect(read).to_have_text(codes("smiling cat"))
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(second).to_be_focused()
    expect(field).to_have_value("<b>b</b>")
    expect(read).to_have_text(codes("<b>b</b>"))
    field.fill("x" * 30)
    assert in_both_themes(page) == []


def test_what_is_typed_before_the_scripts_is_answered(open_page: Open, host: str) -> None:
    page = open_page("404.html", host=host)
    held: list[Route] = []
    page.route("**/assets/main-*.js", lambda route: held.append(route))
    page.goto(host + PLACE, wait_until="commit")
    field = page.locator("#fig-word").get_by_label("Word", exact=True)
    field.fill("y" * 30)
    page.locator("#q-word").get_by_role("button", name="smiling cat").click()
    wait_until(page, lambda: held)
    held.pop().continue_()
    page.unroute("**/assets/main-*.js")
    _, field, read = live(page)
    expect(read).to_have_text(codes("y" * 24))
    expect(page.locator("#fig-word").get_by_role("alert")).to_contain_text("The rest is left out.")
    _, field, read = live(page, "q-word-instrument")
    expect(field).to_have_value("smiling cat")
    expect(read).to_have_text(codes("smiling cat"))


def test_a_question_about_a_text_is_judged(open_page: Open, host: str) -> None:
    page = open_page(PLACE, host=host)
    _, field, _ = live(page, "q-word-instrument")
    said = page.locator("#q-word [data-feedback]")
    field.fill("smiling")
    field.press("Enter")
    expect(said).to_have_text('Not yet. Word is "smiling"; asked for: == "smiling cat".')
    field.fill(" smiling   cat")
    field.press("Enter")
    expect(said).to_contain_text("Right")


def test_on_paper_the_text_is_shown(chromium: Browser, host: str) -> None:
    """The complete text is visible, even in a narrow column."""
    page = chromium.new_page(**{**WINDOW, "viewport": {"width": 360, "height": 740}})
    try:
        text = "W" * 24
        page.goto(f"{host}{PLACE}?fig-word.word={text}")
        _, field, _ = live(page)
        page.emulate_media(media="print")
        expect(field).to_be_hidden()
        shown = page.locator("#fig-word .textbox .entry").evaluate(
            """entry => [getComputedStyle(entry, "::after").content,
              entry.getBoundingClientRect().right]"""
        )
        assert text in shown[0] and shown[1] <= 360
        expect(page.locator("#fig-word .suggestions button").first).to_be_hidden()
    finally:
        page.close()


def test_a_readers_own_declaration_has_the_same_field(open_page: Open, host: str) -> None:
    page = open_page(PLACE, host=host)
    instrument, _, _ = live(page)
    instrument.get_by_role("button", name="Open the code").click()
    editor = instrument.locator(".cm-content")
    edited = INSTRUMENT.replace(
        '"Word", "camel", max_length=24', '"Name", "é", max_length=3'
    ).replace('suggestions=("smiling cat", "<b>b</b>")', 'suggestions=("cat",)')
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(edited)
    field = instrument.get_by_label("Name", exact=True)
    expect(field).to_have_value("é")
    instrument.get_by_role("group", name="Suggestions for Name").get_by_role("button").click()
    expect(instrument.locator('[data-readout="codes"]')).to_have_text(codes("cat"))
    field.fill("camel")
    expect(instrument.get_by_role("alert")).to_contain_text("The limit is 3 characters.")
