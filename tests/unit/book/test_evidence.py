"""Controls appear below the text that they support, and all on one page that search finds."""

from __future__ import annotations

import json

from latentbook.book.load import load
from latentbook.book.write.exports import chapter_cells, notebook
from latentbook.book.write.search import search_index

from .conftest import HEAD, MakeBook, pages_of

TABLE = """
:::{evidence}
| Claim | Other explanation | What we ran | What came out |
|---|---|---|---|
| it learns | ANOTHER | an untrained copy | {ref}`why` |
:::
"""
TEXT = f"""{HEAD}
Text.
{TABLE.replace("ANOTHER", "the seed")}
(why)=
## Why

More text.
{TABLE.replace("ANOTHER", "chance")}
"""


def test_one_page_lists_all_controls(make_book: MakeBook) -> None:
    html = pages_of(make_book, TEXT)["evidence/index.html"]
    begin, after = html.split('id="sample-text-1"')[1].split('id="sample-text-2"')
    assert "the seed" in begin
    assert 'class="uses"' not in begin
    assert "chance" in after
    assert '<p class="uses"><a href="../sample/text/#why">Why</a></p>' in after
    assert '<td><a class="ref" href="../sample/text/#why">Why</a></td>' in after


def test_a_book_without_controls_has_no_such_page(make_book: MakeBook) -> None:
    with_them, without = pages_of(make_book, TEXT), pages_of(make_book, f"{HEAD}\nText.\n")
    assert set(with_them) - set(without) == {"evidence/index.html"}
    assert 'href="./evidence/"' in with_them["index.html"]
    assert 'href="./evidence/"' not in without["index.html"]


def test_search_leads_to_the_table(make_book: MakeBook) -> None:
    entries = json.loads(search_index(load(make_book({"sample/text.md": TEXT})).book))
    found = {each["url"]: each["title"] for each in entries if "untrained copy" in each["text"]}
    assert found == {"evidence/#sample-text-1": "Text", "evidence/#sample-text-2": "Why"}


def test_a_notebook_has_the_table(make_book: MakeBook) -> None:
    loaded = load(make_book({"sample/text.md": TEXT}))
    (chapter,), (source,) = loaded.book.chapters, loaded.sources
    cells = json.loads(notebook(chapter, chapter_cells(chapter, source, loaded)))["cells"]
    text = "".join(cell["source"] for cell in cells)
    assert "**How we know**\n\n| Claim | Other explanation |" in text
