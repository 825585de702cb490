"""Sections as lessons: their idea, their evidence on a separate page, and their limits."""

from __future__ import annotations

import json
import re

import pytest

from latentbook.base.errors import BookErrors
from latentbook.book.load import load
from latentbook.book.overlay.merge import open_project
from latentbook.book.write.exports import chapter_cells
from latentbook.book.write.render import Renderer
from latentbook.book.write.search import search_index
from latentbook_authoring.check.lists import list_lessons
from tests.unit.book.conftest import BOOK, HEAD, OPENING, AnyFile, MakeBook

IDEA = "A network that sees only *parts* learns the whole, $x$."
WITH_IDEA = HEAD.replace("description:", f"idea: {IDEA}\ndescription:")
EVIDENCE = """\
---
description: Three seeds and a control.
---

What {ref}`text` says holds for [both](../text.md), as {ref}`its table <tab-seeds>` shows.

:::{table} Every seed
:label: tab-seeds

| seed | loss |
|---|---|
| 1 | 2 |
:::
"""
SECTION = f"{WITH_IDEA}\nWords, backed by [its evidence](evidence/text.md) in {{ref}}`tab-seeds`.\n"
FILES = {
    "sample/index.md": OPENING.replace("[text]", "[text, after]") + "\nHow it begins.\n",
    "sample/text.md": SECTION,
    "sample/after.md": HEAD.replace("title: Text", "title: After") + "\nThe end.\n",
    "sample/evidence/text.md": EVIDENCE,
}
PAGE = "sample/evidence/text/index.html"


def built(make_book: MakeBook, files: dict[str, str]) -> dict[str, str]:
    book = load(make_book(files)).book
    return dict(Renderer(book, AnyFile({}, {}), {"reload": False}, "", "/").pages())


def mistakes(make_book: MakeBook, files: dict[str, str]) -> list[str]:
    with pytest.raises(BookErrors) as caught:
        load(make_book(files))
    return [str(error) for error in caught.value.errors]


def test_an_idea_is_under_the_title_in_the_opening_and_in_the_summary(make_book: MakeBook) -> None:
    pages = built(make_book, FILES)
    shown = "A network that sees only <em>parts</em> learns the whole, "
    for place in ("sample/text", "sample", "summary/sample", "sample/print"):
        assert shown in pages[f"{place}/index.html"], place
    assert shown not in pages["sample/after/index.html"]
    assert pages["sample/text/index.html"].index(shown) < pages["sample/text/index.html"].index(
        "Words"
    )


@pytest.mark.parametrize(
    ("idea", "message"),
    [
        ("one " * 25 + "two.", "idea is one sentence of at most 25 words; got 26 words: "),
        ("This is one. This is two.", "idea is one sentence of at most 25 words; got 2 sentences"),
        ("No stop", "idea is one sentence of at most 25 words, with its full stop; got 'No stop'"),
        ("3", "idea must be text; got 3"),
    ],
)
def test_an_idea_is_one_short_sentence(make_book: MakeBook, idea: str, message: str) -> None:
    text = HEAD.replace("description:", f"idea: {idea}\ndescription:") + "\nText.\n"
    (told,) = mistakes(make_book, {"sample/text.md": text})
    assert told.startswith("content/sample/text.md:3: ")
    assert message in told


def test_an_idea_of_25_words_is_accepted(make_book: MakeBook) -> None:
    text = HEAD.replace("description:", f"idea: {'one ' * 24}$a + b$.\ndescription:") + "\nText.\n"
    load(make_book({"sample/text.md": text}))


def test_an_idea_is_the_description_if_there_is_none(make_book: MakeBook) -> None:
    text = WITH_IDEA.replace("description: The one section of the sample.\n", "") + "\nText.\n"
    (page,) = load(make_book({"sample/text.md": text})).book.chapters[0].sections
    assert page.description == "A network that sees only parts learns the whole, x."
    told = mistakes(make_book, {"sample/text.md": "---\ntitle: Text\n---\n\nText.\n"})
    assert told == ["content/sample/text.md:1: front matter lacks description"]


def test_evidence_is_a_page_linked_both_ways(make_book: MakeBook) -> None:
    pages = built(make_book, FILES)
    page, section = pages[PAGE], pages["sample/text/index.html"]
    assert '<h1 id="evidence-text">Evidence for “Text”</h1>' in page
    links = re.findall(r'<a href="([^"]+)">Three seeds and a control.</a>', section)
    assert links == ["../../sample/evidence/text/"]
    assert '<a href="../../../sample/text/">Back to section 2.1</a>' in page
    assert 'href="../../sample/evidence/text/#tab-seeds">table\u00a02.1</a>' in section
    assert 'href="../../../sample/text/">section\u00a02.1</a>' in page
    assert 'href="../../../sample/text/">both</a>' in page


def test_evidence_is_no_section(make_book: MakeBook) -> None:
    chapter = load(make_book(FILES)).book.chapters[0]
    assert [section.name for section in chapter.sections] == ["text", "after"]
    ways = {page.place: (page.previous, page.next) for page in chapter.pages}
    assert ways["sample/evidence/text"] == (None, None)
    following = ways["sample/text"][1]
    assert following is not None
    assert following.url.page == "sample/after"
    pages = built(make_book, FILES)
    listed = {
        name: re.findall('<a href="[./]*sample/evidence/text/"', pages[name].partition("<main")[0])
        for name in ("sample/after/index.html", "sample/text/index.html", PAGE)
    }
    assert [len(links) for links in listed.values()] == [0, 1, 1]


def test_numbers_of_evidence_come_after_those_of_all_sections(make_book: MakeBook) -> None:
    table = ":::{table} Last\n:label: tab-last\n\n| a |\n|---|\n| 1 |\n:::\n"
    book = load(make_book({**FILES, "sample/after.md": FILES["sample/after.md"] + table}))
    assert book.labels.targets["tab-last"].number == "2.1"
    assert book.labels.targets["tab-seeds"].number == "2.2"


def test_addresses_of_what_moves_to_evidence_lead_there(make_book: MakeBook) -> None:
    pages = built(make_book, FILES)
    moved = {
        name: json.loads(re.findall(r'id="latentbook-config">(.*?)</script>', pages[name])[0])[
            "moved"
        ]
        for name in ("sample/index.html", "sample/text/index.html", "sample/after/index.html")
    }
    assert moved["sample/index.html"]["tab-seeds"] == "evidence/text/#tab-seeds"
    assert moved["sample/text/index.html"] == {"tab-seeds": "../evidence/text/#tab-seeds"}
    assert moved["sample/after/index.html"] == {}


def test_evidence_is_found_by_search_and_printed(make_book: MakeBook) -> None:
    found = json.loads(search_index(load(make_book(FILES)).book))
    (entry,) = (each for each in found if each["url"] == "sample/evidence/text/")
    assert (entry["kind"], entry["title"]) == ("Evidence", "Evidence for “Text”")
    assert "Three seeds and a control. What section 2.1 says" in entry["text"]
    assert [each["kind"] for each in found if each["url"].endswith("#tab-seeds")] == ["Table"]
    printed = built(make_book, FILES)["sample/print/index.html"]
    assert '<a href="#evidence-text">Three seeds and a control.</a>' in printed
    assert printed.index("The end.") < printed.index('<h2 id="evidence-text">')


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"sample/evidence/test.md": EVIDENCE},
            "evidence/test.md:1: evidence for 'test', which is no section of this chapter. "
            "Did you mean 'text'?",
        ),
        (
            {"sample/evidence/text.md": "---\ntitle: All\n---\n\nHi.\n"},
            "evidence/text.md:1: front matter lacks description",
        ),
        (
            {"sample/evidence/text.md": EVIDENCE.partition("What")[0]},
            "evidence/text.md:1: the evidence has no text",
        ),
        (
            {"sample/evidence/text.md": f"{EVIDENCE}\n:::{{takeaways}}\n- It.\n:::\n"},
            "evidence/text.md:15: takeaways goes into the section, not into its evidence",
        ),
    ],
)
def test_mistakes_of_evidence(make_book: MakeBook, files: dict[str, str], message: str) -> None:
    (told,) = mistakes(make_book, {"sample/text.md": f"{HEAD}\nText.\n", **files})
    assert message in told


STRICT = BOOK.replace("[[parts]]", "lessons_later = []\n\n[[parts]]", 1)
LATER = STRICT.replace("[]", '["sample"]')
NUM = "{num}`kept:.0f`"
ALLOWED = f"""
It has {" and ".join([NUM] * 11)}.

:::{{table}} Of {NUM}
| a | b |
|---|---|
| 1 | {NUM} |
| 1 | {NUM} |
| 1 | {NUM} |
| 1 | 1 |
| 1 | 1 |
| 1 | 1 |
:::

:::{{fold}} Elsewhere {NUM}
It is {NUM} there.

| a |
|---|
| {NUM} |
:::

::::{{quiz}} true-false
:label: q-one
:answer: true

Is it true?

:::{{answer}}
Yes: {NUM}.
:::
::::
"""


def files_of(text: str, manifest: str = STRICT) -> dict[str, str]:
    return {
        "book.toml": manifest,
        "sample/text.md": text,
        "sample/numbers.py": "kept = 87.4\n",
        "sample/evidence/text.md": f"{EVIDENCE}\n{20 * NUM}\n",
    }


def listed(make_book: MakeBook, files: dict[str, str]) -> list[str]:
    said: list[str] = []
    list_lessons(open_project(make_book(files)), said.append)
    return said


def test_what_a_lesson_may_have_is_accepted(make_book: MakeBook) -> None:
    (said,) = listed(make_book, files_of(WITH_IDEA + ALLOWED))
    assert said == "content/sample/text.md:2: 15 numbers, 1 table (6 rows), 0 figures, an idea"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{WITH_IDEA}{ALLOWED}\nOne more: {NUM}.\n", "16 computed numbers (at most 15)"),
        (f"{WITH_IDEA}{ALLOWED}\nNote.[^1]\n\n[^1]: It is {NUM}.\n", "16 computed numbers"),
        (f"{WITH_IDEA}{ALLOWED}\n- One {NUM}\n", "16 computed numbers (at most 15)"),
        (f"{WITH_IDEA}{ALLOWED}\n| a |\n|---|\n| 1 |\n", "2 tables (at most 1)"),
        (WITH_IDEA + ALLOWED.replace("| 1 | 1 |", "| 1 | 1 |\n| 2 | 2 |", 1), "a table of 7 rows"),
        (HEAD + ALLOWED, "the section lacks idea: one sentence of at most 25 words"),
    ],
)
def test_what_is_too_much_for_a_lesson(make_book: MakeBook, text: str, message: str) -> None:
    with pytest.raises(BookErrors) as caught:
        load(make_book(files_of(text)), computing=True)
    (told,) = map(str, caught.value.errors)
    assert told.startswith("content/sample/text.md:2: ")
    assert message in told
    if "idea" not in message:
        assert told.endswith(": move the rest into evidence/text.md")


def test_chapters_of_the_list_are_only_told(make_book: MakeBook) -> None:
    text = f"{HEAD}{ALLOWED}\nOne more: {NUM}.\n"
    (said,) = listed(make_book, files_of(text, LATER))
    assert said == (
        "content/sample/text.md:2: 16 numbers, 1 table (6 rows), 0 figures, no idea. "
        "Too much or missing: 16 computed numbers (at most 15), no idea"
    )
    load(make_book(files_of(text, BOOK)), computing=True)  # a book without the list


def test_problems_need_no_idea(make_book: MakeBook) -> None:
    text = f"{HEAD}\n::::{{problem}} One\n:label: p\n\nDo it.\n\n:::{{rubric}}\n- A.\n:::\n\n"
    text += ":::{pitfalls}\n- B.\n:::\n::::\n"
    load(make_book({"book.toml": STRICT, "sample/text.md": text}))


def test_the_list_names_chapters(make_book: MakeBook) -> None:
    told, _ = mistakes(make_book, {"book.toml": LATER.replace('["sample"]', '["sampel"]')})
    assert "book.toml:6: lessons_later names no chapter: 'sampel'. Did you mean 'sample'?" in told


def test_evidence_may_be_dense(make_book: MakeBook) -> None:
    dense = f"It is {', '.join(map(str, range(1, 11)))}.\n"
    strict = BOOK.replace("[[parts]]", 'paragraphs = "strict"\n\n[[parts]]', 1)
    load(make_book({**FILES, "book.toml": strict, "sample/evidence/text.md": EVIDENCE + dense}))
    dense = HEAD.replace("title: Text", "title: After") + dense
    (told,) = mistakes(make_book, {**FILES, "book.toml": strict, "sample/after.md": dense})
    assert "sample/after.md" in told


def test_evidence_opens_with_its_section_or_later(make_book: MakeBook) -> None:
    for label, left in (("text", set()), ("evidence-text", {"sample/text/index.html"})):
        days = f'time_zone = "UTC"\n\n[schedule]\n"{label}" = 2999-01-01T08:00:00\n'
        book = BOOK.replace("[[parts]]", f"{days}\n[[parts]]", 1)
        pages = built(make_book, {**FILES, "book.toml": book})
        assert {name for name in pages if name.startswith("sample/") and "text" in name} == left
        assert "Three seeds" not in "".join(pages.values())


def test_the_notebook_has_ideas_and_evidence(make_book: MakeBook) -> None:
    loaded = load(make_book(FILES))
    (chapter,), (source,) = loaded.book.chapters, loaded.sources
    text = "\n\n".join(cell.source for cell in chapter_cells(chapter, source, loaded))
    assert f"## 2.1 Text\n\n> {IDEA}\n\nWords" in text
    assert "##  Evidence" not in text
    assert text.index("## 2.2 After") < text.index("## Evidence for “Text”\n\nWhat")
