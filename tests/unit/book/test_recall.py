"""Recall cards: errors for authors, the places of cards, and no trace of them in sections."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from latentbook.base.errors import BookErrors
from latentbook.book.build import build_site
from latentbook.book.load import load
from latentbook.book.overlay.merge import open_project
from latentbook_authoring.check.book import check_book

from .conftest import BOOK, FRONT, HEAD, OPENING, MakeBook

CARDS = r"""
:::{recall} What does the *bound* bound?
:label: r-bound
:of: loss
:edition: 2
:formerly: r-old r-older

$\log p(x)$, from below.
:::

:::{recall}
:label: r-terms

The first term is {gap}`the error`.

$$L = \gap{\|x - \hat{x}\|^2} + D$$
:::
"""
TEXT = r"""
Before all headings.

## The *loss* {#loss}

Much about it.
"""
AFTER = """
## What follows

The rest.
"""


def text_with(cards: str) -> dict[str, str]:
    return {"sample/text.md": HEAD + TEXT + cards + AFTER}


WRONG = [
    ("{recall} Why?\n\nSo.", 5, "recall needs the option :label:"),
    ("{recall} Why?\n:label: r-a", 5, "the card has no answer: its body is the answer"),
    ("{recall}\n:label: r-a", 5, "the card has neither question nor answer"),
    ("{recall}\n:label: r-a\n\nNo gap, $x$.", 5, "the card needs a question after {recall}"),
    ("{recall} Why?\n:label: r-a\n\nSo $\\gap{x}$.", 5, "a card has a question or gaps"),
    ("{recall} Why {gap}`so`?\n:label: r-a\n\nSo.", 5, "a card has a question or gaps"),
    ("{recall} Why?\n:label: r-a\n:edition: 0\n\nSo.", 7, "option 'edition' must be a whole"),
    ("{recall} Why?\n:label: r-a\n:of: lose\n\nSo.", 5, "no label 'lose' in the book."),
    ("{recall} Why?\n:label: text\n\nSo.", 5, "label 'text' is already used at"),
    ("{recall} Why?\n:label: r-a\n\n```{figure} a\n```", 8, "a card contains text and equations"),
    ("{recall}\n:label: r-a\n\n$$\\gap{x$$", 8, "broken TeX"),
]


@pytest.mark.parametrize(("card", "line", "message"), WRONG)
def test_a_wrong_card_is_reported_with_what_is_accepted(
    make_book: MakeBook, card: str, line: int, message: str
) -> None:
    settings = make_book({"sample/text.md": f"{HEAD}:::{card}\n:::\n"})
    with pytest.raises(BookErrors) as caught:
        load(settings)
    assert f"sample/text.md:{line}: {message}" in str(caught.value)


def test_a_card_goes_neither_into_a_block_nor_on_the_front_page(make_book: MakeBook) -> None:
    inside = "::::{note}\n:::{recall} Why?\n:label: r-a\n\nSo.\n:::\n::::\n"
    settings = make_book({"sample/text.md": HEAD + inside})
    with pytest.raises(BookErrors, match="a card is at the end of a stretch, not inside another"):
        load(settings)


def test_cards_are_on_their_own_page_and_leave_no_trace_in_others(make_book: MakeBook) -> None:
    """Replace the cards by blank lines, so that line numbers of the source stay the same."""
    sites = []
    for cards in (CARDS, "\n" * CARDS.count("\n")):
        site = build_site(open_project(make_book(text_with(cards))), report=print)
        sites.append(
            {
                path.relative_to(site).as_posix(): path.read_bytes()
                for path in site.rglob("*")
                if path.is_file() and path.suffix not in (".br", ".gz")
            }
        )
    with_cards, without = sites
    page = with_cards.pop("review/sample/index.html").decode()
    names = re.compile(rb'(sections-|"build":"|"offline_bytes":)[0-9a-f]+')
    for place in ("sample/text/index.html", "sample/index.html", "sample/sample.ipynb"):
        assert names.sub(b"", with_cards[place]) == names.sub(b"", without[place]), place
    assert not [place for place, data in with_cards.items() if b"r-bound" in data]
    listed = re.search(r"assets/sections-\w+\.json", with_cards["sample/text/index.html"].decode())
    assert listed is not None
    assert json.loads(with_cards[listed[0]])["sample/text"][2] == ["loss"]

    bound, terms = re.findall(r'<details class="recall".*?</details>', page, re.DOTALL)
    assert 'data-card="r-bound" data-edition="2" data-formerly="r-old r-older"' in bound
    assert 'data-after="sample/text#loss"' in bound
    assert '<a href="../../sample/text/#loss">2.1 Text</a>' in bound
    assert 'data-edition="1"' in terms


def test_a_gap_is_empty_in_front_and_filled_at_the_back(make_book: MakeBook) -> None:
    loaded = load(make_book(text_with(CARDS)))
    [card] = [c for c in loaded.book.chapters[0].sections[0].cards if c.label == "r-terms"]
    front, back = ([block.html for block in side] for side in (card.front, card.back))
    assert "the error" in back[0].words
    # MathML's mphantom is neither shown nor read out.
    assert front[1].words == "L = + D", front[1].words
    assert back[1].words.startswith("L = ∥x − x̂∥²"), back[1].words
    empty, filled = (re.findall(r"height:[\d.]+em", f.html) for f in (front[1], back[1]))
    assert max(empty) == max(filled)


def test_in_print_the_answers_are_overleaf(make_book: MakeBook) -> None:
    site = build_site(open_project(make_book(text_with(CARDS))), report=print)
    page = (site / "sample/print/index.html").read_text()
    _, cards, answers = re.split(r'<section class=" flow overleaf">', page)
    assert "What does the <em>bound</em> bound?" in cards
    assert "from below" not in cards
    assert "from below" in answers
    assert '<mark class="gap">the error</mark>' in answers


def problems_of(make_book: MakeBook, files: dict[str, str]) -> str:
    with pytest.raises(BookErrors) as caught:
        check_book(open_project(make_book(files)), report=str)
    return str(caught.value)


def test_a_changed_card_is_refused_until_it_is_accepted(
    make_book: MakeBook, tmp_path: Path
) -> None:
    files, changed = text_with(CARDS), text_with(CARDS.replace("from below", "from above"))
    assert "the card r-bound is not recorded" in problems_of(make_book, files)
    check_book(open_project(make_book(files)), record=True, report=str)
    check_book(
        open_project(make_book(text_with(CARDS.replace(":of: loss", ":of: text")))), report=str
    )
    said = problems_of(make_book, changed)
    assert "text.md:12: the card r-bound has changed: if readers who knew it still do" in said
    assert "r-terms" not in said
    again = {"sample/text.md": changed["sample/text.md"].replace("edition: 2", "edition: 3")}
    check_book(open_project(make_book(again)), report=str)

    file = tmp_path / "content" / "sample" / "cards.json"
    before = {
        label: {**r, "changed": "2020-02-02"} for label, r in json.loads(file.read_text()).items()
    }
    file.write_text(json.dumps(before))
    check_book(open_project(make_book(again)), record=True, report=str)
    now = json.loads(file.read_text())
    assert now["r-terms"] == before["r-terms"]
    assert now["r-bound"]["edition"] == 3
    assert now["r-bound"]["changed"] > "2026"
    assert "r-bound has edition 2, but 3 is recorded" in problems_of(make_book, changed)


def test_a_course_leaves_out_cards_with_their_section_or_passage(
    make_book: MakeBook, tmp_path: Path
) -> None:
    card = ":::{{recall}} Why?\n:label: {}\n:of: elsewhere\n\nSo.\n:::\n"
    there = f"{HEAD}\n## There {{#elsewhere}}\n\nWords.\n\n{card.format('r-there')}"
    files = text_with(CARDS + card.format("r-here"))
    files |= {"sample/other.md": there, "sample/index.md": OPENING.replace("text", "text, other")}
    settings = make_book(files)
    check_book(open_project(settings), record=True, report=str)
    course = tmp_path / "course"
    listed = BOOK.replace('number = 2, slug = "sample"', 'slug = "sample", sections = ["text"]')
    (course / "content").mkdir(parents=True)
    (course / "course.toml").write_text('book = "0.1.0"\n' + listed)
    (course / "content" / "front.md").write_text(FRONT)
    taught = settings.model_copy(update={"course": course, "build": course / "build"})
    loaded = load(taught)
    cards = [card for page in loaded.book.chapters[0].pages for card in page.cards]
    assert [card.label for card in cards] == ["r-bound", "r-terms"]
    check_book(open_project(taught), report=str)  # with the book's own records
    assert not list(course.glob("content/*/cards.json"))
