"""Citations: BibTeX that another program reads back, and the edition that they name."""

from __future__ import annotations

import html
import re

import bibtexparser  # type: ignore[import-untyped]
import pytest

from latentbook.base.errors import BookErrors
from latentbook.book.build import build_site
from latentbook.book.load import load
from latentbook.book.overlay.merge import open_project
from latentbook.book.write.cite import bibtex, escaped

from .conftest import BOOK, HEAD, MakeBook

pytestmark = pytest.mark.usefixtures("small_runtime")

NAMED = """\
authors = ["Euler, Leonhard", "Baker and Sons, Ltd", "The authors & friends"]
edition = "1.2"
released = 2026-11-21
url = "https://host.example/book_1/"

[[parts]]"""
CITED = BOOK.replace("[[parts]]", NAMED)
TITLE = r"50 % of $\beta$ & {C_3}: a~b"


def silent(message: str) -> None:
    pass


def entry_of(text: str) -> dict[str, str]:
    (entry,) = bibtexparser.loads(text).entries
    return dict(entry)


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("R&D: 50 % of #1", r"R\&D: 50 \% of \#1"),
        ("$5 a_b", r"\$5 a\_b"),
        ("{a} \\b", r"\textbraceleft{}a\textbraceright{} \textbackslash{}b"),
        ("x^2 ~ y", r"x\textasciicircum{}2 \textasciitilde{} y"),
        ("Poincaré β", "Poincaré β"),
    ],
)
def test_what_latex_would_read_as_syntax_is_escaped(text: str, latex: str) -> None:
    assert escaped(text) == latex


def test_another_program_reads_the_entry(make_book: MakeBook) -> None:
    text = HEAD.replace("title: Text", f"title: '{TITLE}'")
    book = load(make_book({"book.toml": CITED, "sample/text.md": f"{text}\nText.\n"})).book
    entry = entry_of(bibtex(book, book.chapters[0].sections[0]) + "\n}")
    assert entry["ENTRYTYPE"] == "incollection"
    assert entry["ID"] == "sample:text"
    assert entry["author"] == (
        r"Euler, Leonhard and {Baker and Sons, Ltd} and {The authors \& friends}"
    )
    assert entry["title"].startswith(r"{50 \% of ")
    assert entry["booktitle"] == "{A small book}"
    assert (entry["edition"], entry["year"], entry["month"]) == ("1.2", "2026", "11")
    assert entry["chapter"] == "2.1"
    assert entry["url"] == "https://host.example/book_1/sample/text/"


def test_every_page_names_the_edition(make_book: MakeBook) -> None:
    site = build_site(open_project(make_book({"book.toml": CITED})), report=silent)
    foot = set()
    for path in (
        site / "index.html",
        site / "contents/index.html",
        site / "sample/text/index.html",
    ):
        page = path.read_text(encoding="utf-8")
        foot |= set(re.findall(r"<p>(Edition .*?)</p>", page))
    assert foot == {"Edition 1.2, 2026-11-21"}
    cited = html.unescape("".join(re.findall(r"<pre.*?</pre>", page, re.DOTALL)))
    assert "Edition 1.2, 2026-11-21. https://host.example/book_1/sample/text/" in cited
    assert "edition = {1.2}" in cited
    assert "data-page-address" not in cited


def test_a_book_without_editions(make_book: MakeBook) -> None:
    page = (
        build_site(open_project(make_book({})), report=silent) / "sample/text/index.html"
    ).read_text("utf-8")
    assert "Edition" not in page
    assert "edition =" not in page
    assert "author =" not in page


def test_a_page_names_its_build_in_its_configuration_alone(make_book: MakeBook) -> None:
    """A service worker refreshes that; it fetches the rest again only if it has changed."""
    site = build_site(open_project(make_book({"book.toml": CITED})), report=silent)
    for path in site.rglob("index.html"):
        page = path.read_text(encoding="utf-8")
        if found := re.search(r'"build":"(\w+)"', page):
            assert page.count(found[1]) == 1


def test_a_section_of_corrections_must_exist(make_book: MakeBook) -> None:
    manifest = BOOK.replace("[[parts]]", 'corrections = "fixes"\n\n[[parts]]')
    with pytest.raises(BookErrors, match=r"content/book\.toml:6: no label 'fixes' in the book"):
        load(make_book({"book.toml": manifest}))


def test_a_digest_changes_with_the_words_and_not_with_their_lines(make_book: MakeBook) -> None:
    def digest(text: str) -> str:
        book = load(make_book({"sample/text.md": f"{HEAD}\n{text}\n"})).book
        return book.chapters[0].sections[0].digest

    assert digest("One two\nthree.") == digest("One\ntwo three.")
    assert digest("One two three.") != digest("One two four.")
    assert digest("$x + y$") != digest("$x - y$")
