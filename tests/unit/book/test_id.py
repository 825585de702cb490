"""The id under which readers' browsers store their work in a book."""

from __future__ import annotations

from latentbook.book.load import load

from .conftest import BOOK, MakeBook


def test_a_book_is_named_by_its_id_or_by_its_title_and_term(make_book: MakeBook) -> None:
    def id_of(book: str) -> str:
        return load(make_book({"book.toml": book})).book.id

    own = BOOK.replace('"en"', '"en"\nid = "small-2"')
    term = BOOK.replace('"en"', '"en"\nterm = "Winter"')
    title = BOOK.replace("A small book", "小さな本")
    assert id_of(own) == id_of(own.replace("A small book", "Another")) == "small-2"
    assert len({id_of(BOOK), id_of(term), id_of(title)}) == 3
    assert id_of(BOOK) == id_of(BOOK.replace("For tests", "For more tests"))
    assert all(id_of(each).startswith("book-") for each in (BOOK, title))
