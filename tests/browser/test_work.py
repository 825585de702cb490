"""Readers' work: stored in one database, saved as one file, merged into another browser."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.axe import in_both_themes
from tests.browser.book_pages import SECTION, Open
from tests.unit.draw.conftest import bundle

pytestmark = pytest.mark.browser

STORAGE = Path(__file__).parents[1] / "fixtures" / "editions" / "storage-0.2.0.json"
"""Everything that a browser stored with edition 0.2.0."""

LOG = """() => new Promise((resolve) => {
  const opening = indexedDB.open("latentbook:latentbook");
  opening.onsuccess = () => {
    const reading = opening.result.transaction("log").objectStore("log").getAll();
    reading.onsuccess = () => resolve((opening.result.close(), reading.result));
  };
})"""

KEY = "latentbook:latentbook:"
OLD_ANSWER = "latentbook:1:quiz:q-zero-kl"


def answer(page: Page, label: str, value: str) -> Locator:
    question = page.locator(f"#{label}")
    question.scroll_into_view_if_needed()
    expect(question.locator('[data-action="start-over"]')).to_be_attached()
    field = question.locator('input[name$=".answer"]').first
    if field.get_attribute("type") == "radio":
        question.locator(f'input[value="{value}"]').check()
    else:
        field.fill(value)
    question.locator('[data-action="check"]').click()
    expect(question).to_have_attribute("data-state", "wrong")
    return question


def open_work(page: Page) -> Locator:
    """Open the dialog by keyboard."""
    page.locator('.foot [data-action="work"]').focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Your work")
    expect(dialog.get_by_role("button", name="Close")).to_be_focused()
    return dialog


def saved(page: Page) -> list[dict[str, Any]]:
    """Save the work by the dialog; return the lines of the file."""
    dialog = open_work(page)
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Save as a file").press("Enter")
    assert download.value.suggested_filename == "latentbook-my-work.jsonl.gz"
    lines = gzip.decompress(Path(download.value.path()).read_bytes()).decode().splitlines()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    return [json.loads(line) for line in lines]


def packed(lines: list[dict[str, Any]]) -> bytes:
    return gzip.compress("".join(json.dumps(line) + "\n" for line in lines).encode())


def choose(dialog: Locator, content: bytes) -> None:
    file = {"name": "work.jsonl.gz", "mimeType": "application/gzip", "buffer": content}
    dialog.get_by_label("Merge a file into it:").set_input_files(file)  # type: ignore[arg-type]


def merge(page: Page, lines: list[dict[str, Any]], *, version: str = "") -> str:
    """Merge a file by keyboard; return the dialog's summary of it."""
    dialog = open_work(page)
    choose(dialog, packed(lines))
    go = dialog.get_by_role("button", name="Merge", exact=True)
    expect(go).to_be_visible()
    said = dialog.locator("ul").inner_text()
    if version:
        dialog.get_by_label(version).press("Space")
    go.press("Enter")
    expect(dialog.get_by_role("status")).to_contain_text("Merged.")
    with page.expect_navigation():
        page.keyboard.press("Escape")
    return said


def edit(page: Page, text: str) -> None:
    """Store an edit of a snippet as its editor does."""
    code = json.dumps({"base": "0", "text": text})
    page.evaluate(
        "stored => localStorage.setItem(...stored)", [f"{KEY}code:snippet-linear-ae", code]
    )


def versions(lines: list[dict[str, Any]]) -> list[str]:
    """List the code in a file that no other version replaces."""
    return sorted(line["code"]["text"] for line in lines if line.get("code"))


def work_in(page: Page) -> list[dict[str, Any]]:
    """List the events of a browser, which are equal in both after a merge."""
    return [line for line in saved(page) if "id" in line]


def test_the_work_of_the_last_edition_is_there_and_in_the_file(open_page: Open) -> None:
    page = open_page(fresh=True, python=False)
    stored = json.loads(STORAGE.read_text())
    page.evaluate("stored => Object.assign(localStorage, stored)", stored)
    old = {key.removeprefix("latentbook:1:"): json.loads(text) for key, text in stored.items()}
    answers = {key.removeprefix("quiz:"): old[key] for key in old if key.startswith("quiz:")}
    for _ in range(2):  # moving it is done once
        page.reload()
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        for label in ("q-linear-pca", "q-floor", "q-order-project", "q-pca-reconstruct"):
            question = page.locator(f"#{label}")
            question.scroll_into_view_if_needed()
            expect(question).to_have_attribute("data-state", answers[label]["state"])
        expect(page.locator("#snippet-linear-ae")).to_contain_text("print('kept', kept)")
        assert len(page.evaluate(LOG)) == len(answers)

    lines = saved(page)
    assert lines[0] == {"book": "latentbook", "format": "latentbook-work", "version": 2}
    events = {line["label"]: line for line in lines if line.get("kind") == "attempt"}
    assert {
        label: {"answer": e["answer"], "state": e["verdict"], "attempts": e["attempts"]}
        for label, e in events.items()
    } == answers
    values = {line["stored"]: line["value"] for line in lines if "stored" in line}
    moved = {name for name in old if name.split(":")[0] not in ("quiz", "class", "code")}
    code = {f"code:{line['label']}": line["code"] for line in lines if line.get("kind") == "code"}
    assert code == {name: old[name] for name in old if name.startswith("code:")}
    # Reading the page has updated these.
    present = {"place:last", "read:autoencoders/compress"}
    assert values.keys() == moved
    assert {name: values[name] for name in moved - present} == {
        name: old[name] for name in moved - present
    }

    page.locator('.bar [data-action="theme"]').click()  # automatic; the old edition stored dark
    page.reload()
    expect(page.locator("html")).not_to_have_attribute("data-theme", "dark")
    kept = page.evaluate("Object.fromEntries(Object.entries(localStorage))")
    assert stored.items() <= kept.items()  # another book at this address may need them


def test_two_browsers_merge_in_both_orders(open_page: Open) -> None:
    one, two = (open_page(fresh=True, python=False) for _ in range(2))
    answer(one, "q-linear-pca", "true")
    answer(two, "q-floor", "7")
    second_tab = one.context.new_page()
    second_tab.goto(one.url)
    answer(second_tab, "q-linear-pca", "true")
    second_tab.close()
    edit(one, "print(1)")
    edit(two, "print(2)")
    of_one, of_two = saved(one), saved(two)
    assert sum(line.get("label") == "q-linear-pca" for line in of_one) == 2
    assert versions(of_one) == ["print(1)"]
    assert versions(of_two) == ["print(2)"]

    differs = (
        "1 edit differs from yours, which stays; the other is offered there: snippet-linear-ae"
    )
    said = merge(one, of_two)
    assert said.split("\n")[:3] == ["1 answer to a question", "1 edit of code", differs]
    said = merge(two, of_one)
    assert said.split("\n")[:3] == ["2 answers to questions", "1 edit of code", differs]
    assert work_in(one) == work_in(two)
    for page, text in ((one, "print(1)"), (two, "print(2)")):
        snippet = page.locator("#snippet-linear-ae")
        snippet.scroll_into_view_if_needed()
        expect(snippet).to_contain_text("The file that you merged has a different version")
        expect(snippet.locator(".source")).to_contain_text(text)
    two.locator("#snippet-linear-ae").get_by_role("button", name="Use its version").press("Enter")
    expect(two.locator("#snippet-linear-ae .source")).to_contain_text("print(1)")
    two.wait_for_function(f"() => localStorage.getItem('{KEY}other:snippet-linear-ae') === 'null'")
    assert versions(saved(two)) == ["print(1)"]
    edit(two, "print(3)")
    said = merge(one, saved(two))  # the file names the versions that it replaces
    assert said.split("\n")[0] == "1 edit of code"
    assert work_in(one) == work_in(two)
    one.locator("#snippet-linear-ae").scroll_into_view_if_needed()
    expect(one.locator("#snippet-linear-ae .source")).to_contain_text("print(3)")
    expect(one.locator(".other-tab")).to_have_count(0)
    one.locator("#q-floor").scroll_into_view_if_needed()
    expect(one.locator("#q-floor")).to_have_attribute("data-state", "wrong")

    dialog = open_work(two)
    assert in_both_themes(two) == []
    choose(dialog, packed(of_one))
    expect(dialog.get_by_role("status")).to_contain_text("All of this file is here already.")
    dialog.get_by_role("button", name="Undo the last merge").press("Enter")
    expect(dialog.get_by_role("status")).to_contain_text("The merge is undone.")
    with two.expect_navigation():
        two.keyboard.press("Escape")
    again = saved(two)
    answers = [line for line in of_two if line.get("kind") == "attempt"]
    assert [line for line in again if line.get("kind") == "attempt"] == answers
    assert "print(3)" in versions(again)  # written after the merge


LOG_OF_A_PAGE = """
export * from "./study/log.js";
export { canonical, fold } from "./study/events.js";
export { today } from "./study/day.js";
"""
WRITE_AT_ONCE = """tab => globalThis.written = (async () => {
  const written = [];
  for (let i = 0; i < 90; i += 1) {
    const label = `${tab}-${i % 7}`;
    written.push(
      book.record("review", { label, edition: 1, grade: 1 + i % 4 }),
      book.record("attempt", { label: `q-${i % 5}`, answer: label, verdict: "wrong" }),
      book.record("set", { name: `note:${tab}${i}`, value: label, counter: 1 }),
    );
    if (i % 2) await Promise.all(written);
  }
  return Promise.all(written);
})()"""
FOLDED = """async () => {
  const text = (_, value) => (value?.values ? [...value].sort() : value);
  const flat = (state) => book.canonical(JSON.parse(JSON.stringify(state, text)));
  const { stored } = await book.eventsAfter(0);
  return [flat(await book.studyState()), flat(book.fold(stored, book.today()))];
}"""
SNAPSHOT = """name => new Promise((resolve) => {
  const opening = indexedDB.open("latentbook:latentbook");
  opening.onsuccess = () => {
    const reading = opening.result.transaction("snapshot").objectStore("snapshot").get(name);
    reading.onsuccess = () => resolve((opening.result.close(), reading.result?.count));
  };
})"""


def test_two_tabs_write_at_once(open_page: Open, tmp_path: Path) -> None:
    """Writes enough events for snapshots, which both tabs write too."""
    script = bundle(LOG_OF_A_PAGE, tmp_path)
    first = open_page("work/", fresh=True, python=False)
    pages = [first, *(first.context.new_page() for _ in range(2))]
    for page in pages:
        page.goto(first.url)
    for page in pages[:2]:
        page.evaluate(f"{script}; 0")
    for name, page in zip("ab", pages, strict=False):
        page.evaluate(f"tab => void ({WRITE_AT_ONCE})(tab)", name)
    written = [id for page in pages[:2] for id in page.evaluate("written")]
    third = pages[2]
    third.reload()
    expect(third.locator("[data-work-status]")).to_contain_text("180 reviews")
    assert len(written) == 540
    assert sorted(event["id"] for event in third.evaluate(LOG)) == sorted(written)
    assert third.evaluate(SNAPSHOT, "state") > 500
    third.evaluate(f"{script}; 0")
    for page in pages:
        shown, refolded = page.evaluate(FOLDED)
        assert shown == refolded


STORED = "async () => (await book.eventsAfter(0)).stored"
AN_EARLIER_EDITION_DELETES = """id => new Promise((resolve) => {
  const opening = indexedDB.open("latentbook:latentbook");
  opening.onsuccess = () => {
    const transaction = opening.result.transaction("log", "readwrite");
    const log = transaction.objectStore("log");
    log.index("id").getKey(id).onsuccess = ({ target }) => log.delete(target.result);
    transaction.oncomplete = () => resolve(opening.result.close());
  };
})"""


def test_all_events_are_those_of_the_log(open_page: Open, tmp_path: Path) -> None:
    """Most events are read from one text, which must follow deletions by other tabs and merges."""
    script = bundle(LOG_OF_A_PAGE, tmp_path)
    page = open_page("work/", fresh=True, python=False)
    other = page.context.new_page()
    for each in (page, other):
        each.goto(page.url)
        each.evaluate(f"{script}; 0")
    page.evaluate(f"({WRITE_AT_ONCE})('a').then(() => ({WRITE_AT_ONCE})('b'))")
    before = page.evaluate(LOG)
    assert len(before) == 540
    for each in (page, other, page):
        assert each.evaluate(STORED) == before
    assert page.evaluate(SNAPSHOT, "events") == 540

    newer = {"id": "x.1", "day": 1, "time": 1, "kind": "set", "name": "note:a1", "counter": 2}
    other.evaluate("event => book.mergeEvents([event])", {**newer, "value": "of another browser"})
    after = page.evaluate(LOG)
    assert [event["name"] for event in before if event not in after] == ["note:a1"]
    for each in (page, other):
        assert each.evaluate(STORED) == after
        assert each.evaluate(FOLDED)[0] == page.evaluate(FOLDED)[1]

    other.evaluate(AN_EARLIER_EDITION_DELETES, after[3]["id"])
    for each in (page, other):
        assert each.evaluate(STORED) == [*after[:3], *after[4:]]


HOLD_THE_DATABASE = """() => new Promise((resolve) => {
  const opening = indexedDB.open("latentbook:latentbook");
  opening.onsuccess = () => {
    const log = opening.result.transaction("log", "readwrite").objectStore("log");
    const again = () => (resolve(), log.count().onsuccess = again);
    again();
  };
})"""


def test_a_page_may_be_left_before_the_database_has_an_answer(open_page: Open) -> None:
    page = open_page(fresh=True, python=False)
    answer(page, "q-linear-pca", "true")
    page.wait_for_function(f"async () => (await ({LOG})()).length === 1")
    page.evaluate(HOLD_THE_DATABASE)
    answer(page, "q-floor", "7")
    answer(page, "q-linear-pca", "true")  # recorded after the waiting one
    page.reload()
    floor = page.locator("#q-floor")
    floor.scroll_into_view_if_needed()
    expect(floor).to_have_attribute("data-state", "wrong")
    expect(floor.locator('input[name$=".answer"]')).to_have_value("7")
    labels = [event["label"] for event in page.evaluate(LOG)]
    assert labels == ["q-linear-pca", "q-floor", "q-linear-pca"]
    assert not [key for key in page.evaluate("Object.keys(localStorage)") if ":pending:" in key]


def test_a_damaged_file_changes_nothing(open_page: Open) -> None:
    page = open_page(fresh=True, python=False)
    answer(page, "q-linear-pca", "true")
    before = page.evaluate(LOG)
    dialog = open_work(page)
    event = {**before[0], "id": "other.1"}
    header = {"book": "latentbook", "format": "latentbook-work", "version": 2}
    whole = packed([header, *({**event, "id": f"other.{i}"} for i in range(50))])
    for content, sentence in (
        (whole[:-20], "The file is damaged or incomplete"),
        (whole[:60] + b"\xff" * 40 + whole[100:], "The file is damaged or incomplete"),
        (gzip.compress(b"{\n" + (b" " * 999_999 + b"\n") * 65), "The file has more than"),
        (packed([{**header, "book": "codes"}, event]), "The file is from the book “codes”"),
    ):
        choose(dialog, content)
        expect(dialog.get_by_role("status")).to_contain_text("Nothing was merged. " + sentence)
        expect(dialog.get_by_role("button", name="Merge", exact=True)).to_have_count(0)
    assert page.evaluate(LOG) == before


FULL = """const { add } = IDBObjectStore.prototype;
IDBObjectStore.prototype.add = function (...all) {
  if (globalThis.hasRoom) return add.apply(this, all);
  throw new DOMException("no room", "QuotaExceededError");
};"""
MARKS_MOVE_NOTHING = """() => {
  const links = [...document.querySelectorAll("main a")];
  const places = () => JSON.stringify(links.map((link) => link.getBoundingClientRect()));
  const before = places();
  document.querySelector(".done").style.display = "none";
  return before === places();
}"""
REFUSED = """Object.defineProperty(window, "indexedDB", {
  get() { throw new DOMException("no storage here", "SecurityError"); },
});"""


@pytest.mark.parametrize(
    ("script", "sentence"), [(FULL, "storage for this site is full"), (REFUSED, "stores nothing")]
)
def test_what_is_not_stored_is_in_memory_and_told(
    open_page: Open, script: str, sentence: str
) -> None:
    page = open_page("contents/", fresh=True, python=False)
    old = {"answer": "1", "state": "wrong", "attempts": 1}
    page.evaluate("old => localStorage.setItem(...old)", [OLD_ANSWER, json.dumps(old)])
    page.add_init_script(script)
    page.goto(page.url.replace("contents/", SECTION))
    answer(page, "q-linear-pca", "true")
    notice = page.get_by_role("alert").filter(has_text=sentence)
    expect(notice).to_be_visible()
    answer(page, "q-floor", "7")
    with page.expect_download() as download:
        notice.get_by_role("button", name="Save my work").press("Enter")
    text = gzip.decompress(Path(download.value.path()).read_bytes()).decode()
    assert text.count('"kind":"attempt"') == 3
    assert '"label":"q-zero-kl"' in text
    expect(notice).to_have_count(1)
    notice.get_by_role("button", name="Close").press("Enter")
    expect(notice).to_have_count(0)
    if script == FULL:  # once there is room again, everything is stored
        page.evaluate("globalThis.hasRoom = true")
        question = answer(page, "q-linear-pca", "true")
        expect(question).to_contain_text("Not yet.")
        page.wait_for_function(f"async () => (await ({LOG})()).length === 3")


def test_a_section_read_to_its_end_and_everything_deleted(open_page: Open) -> None:
    page = open_page("autoencoders/", fresh=True, python=False)
    page.goto(page.url + "compress/")
    answer(page, "q-linear-pca", "true")
    for place in page.locator("article h2, article > .ways").all():
        place.scroll_into_view_if_needed()
    page.wait_for_function(f"async () => (await ({LOG})()).length === 2")
    read = page.evaluate(LOG)[1]
    assert (read["kind"], read["place"]) == ("read", "autoencoders/compress")
    page.reload()
    for place in page.locator("article h2, article > .ways").all():
        place.scroll_into_view_if_needed()
    page.locator("#q-linear-pca").scroll_into_view_if_needed()
    expect(page.locator("#q-linear-pca")).to_have_attribute("data-state", "wrong")
    assert len(page.evaluate(LOG)) == 2  # reading is recorded once per version of the section

    marks = page.locator(".sections-of [aria-current=page] .done")
    of = page.locator("section.quiz").count()
    answered = f"read to the end; 1 of {of} questions answered, 0 right"
    expect(marks).to_have_attribute("title", answered)
    contents = page.context.new_page()
    contents.add_init_script(REFUSED)  # the contents page must not open a database
    contents.goto(page.url.replace(SECTION, "contents/"))
    expect(contents.get_by_role("link", name=f"Learning to compress ({answered})")).to_be_visible()
    expect(contents.locator(".done")).to_have_count(1)
    assert contents.evaluate(MARKS_MOVE_NOTHING)

    question = page.locator("#q-linear-pca")
    question.get_by_role("button", name="Start over").click()
    page.wait_for_function(f"async () => (await ({LOG})()).length === 3")
    expect(marks).to_have_attribute("title", "read to the end")
    expect(contents.locator(".done")).to_have_attribute("title", "read to the end")
    contents.close()
    page.reload()
    question.scroll_into_view_if_needed()
    expect(question.locator('[data-action="start-over"]')).to_be_attached()
    expect(question).not_to_have_attribute("data-state", "wrong")

    dialog = open_work(page)
    page.on("dialog", lambda asked: asked.accept())
    with page.expect_navigation():
        dialog.get_by_role("button", name="Delete everything").press("Enter")
    assert [line for line in saved(page) if "id" in line] == []
    assert page.evaluate(LOG) == []
    expect(page.locator(".done")).to_have_count(0)


def test_my_work_is_shown_as_text_where_it_belongs(open_page: Open) -> None:
    page = open_page("work/", fresh=True, python=False)
    status = page.locator("[data-work-status]")
    expect(status).to_contain_text("Nothing yet.")
    markup = "<img src=x onerror='document.title=1'>"
    header = {"book": "latentbook", "format": "latentbook-work", "version": 2}
    when = {"day": 20_000, "time": 20_000 * 86_400_000}
    answers = [("q-linear-pca", "false", "right"), ("q-in-place", "0,2", "wrong")]
    answers += [("q-order-project", "[[1,0],[0,1]]", "wrong"), ("gone", markup, "wrong")]
    attempts = [
        {"kind": "attempt", "label": label, "answer": answer, "verdict": verdict}
        for label, answer, verdict in answers
    ]
    code = {"base": "0", "text": markup}
    texts = dict.fromkeys(("label", "prefix", "suffix", "chapter", "section"), "")
    note = {"place": "autoencoders/compress", "quote": markup, "text": "!", "rival": 0, "at": 0}
    note |= {**texts, "position": {"start": 0, "end": 1}}
    content: list[dict[str, Any]] = [
        *attempts,
        {"kind": "undo", "of": ["x.1"]},
        {"kind": "code", "label": "snippet-linear-ae", "replaces": [], "code": code},
        {"kind": "run", "label": "snippet-linear-ae", "verdict": "error"},
        {"kind": "trained", "label": "train-vae"},
        {"kind": "read", "place": "autoencoders/compress", "digest": "0"},
        {"kind": "set", "name": "note:a", "counter": 1, "value": note},
    ]
    merge(page, [header, *({"id": f"x.{i}", **when, **each} for i, each in enumerate(content))])
    expect(status).to_have_text(
        "1 section read to its end, 3 answers to questions, 1 edit of code, 1 note"
    )
    main = page.locator("main")
    assert "Oct 4, 2024: False – right" in main.inner_text()
    assert "Oct 4, 2024: B; A – not yet right" in main.inner_text()
    assert f"Oct 4, 2024: {markup} – not yet right" in main.inner_text()
    assert main.locator("pre").inner_text() == markup
    expect(main.locator("blockquote")).to_have_text(f"{markup}!")
    assert main.locator("img").count() == 0
    assert in_both_themes(page) == []
    page.emulate_media(media="print")
    expect(main.locator("pre")).to_be_visible()
    expect(page.locator(".bar, main button").filter(visible=True)).to_have_count(0)
    page.emulate_media(media="screen")
    main.get_by_role("link", name="Question 2.2").press("Enter")
    page.wait_for_url("**/autoencoders/compress/#q-linear-pca")
