"""docs/coming-from.md describes how the engine treats each form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from latentbook.base.errors import BookErrors
from latentbook.book.load import load

from .conftest import HEAD, MakeBook
from .test_dialects import ACCEPTED as OF_OTHERS
from .test_myst import ACCEPTED

PAGE = Path(__file__).parents[3] / "docs" / "coming-from.md"
CODE = re.compile(r"(?<!`)(`+)(?!`) ?(.+?) ?(?<!`)\1(?!`)")
FIGURE = ":::{{figure}} arrow.svg\n:alt: An arrow.\n{}\n\nA caption.\n:::"


def rows(heading: str) -> Iterator[tuple[list[str], str]]:
    """For each row of a table: the forms in its first column, and its second column."""
    section = PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2]
    for line in section.partition("\n## ")[0].splitlines():
        if line.startswith("| "):
            theirs, ours = line.strip("| ").split(" | ")
            yield [form for _, form in CODE.findall(theirs)], ours


def block(form: str) -> str:
    """A form embedded in the text of a section."""
    if form.startswith((":::", "```")):
        return f"{form}\nText.\n{form[:3]}"
    return FIGURE.format(form) if form.startswith(":") else f"See {form} here."


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("`", ""))


def untold(
    head: str, texts: dict[str, str], said: dict[str, str], make_book: MakeBook
) -> dict[str, list[str]]:
    """Each form without the message that the page promises, with the messages it gets instead."""
    text, first = head, {}
    for form in said:
        first[form] = text.count("\n") + 1
        text += texts[form]
    with pytest.raises(BookErrors) as caught:
        load(make_book({"sample/text.md": text + ("" if head == HEAD else "---\n\nText.\n")}))
    told: dict[str, list[str]] = {form: [] for form in said}
    for error in caught.value.errors:
        form = max((form for form in said if first[form] <= error.line), key=first.__getitem__)
        told[form].append(plain(error.message))
    return {
        form: messages
        for form, messages in told.items()
        if not any(plain(CODE.sub(r"\2", said[form])) in message for message in messages)
    }


def test_what_it_says_works_is_tried() -> None:
    forms = [form for theirs, _ in rows("What works as it is") for form in theirs]
    accepted = [*ACCEPTED, *OF_OTHERS]
    assert len(forms) > 30
    assert [form for form in forms if not any(form in source for source in accepted)] == []


def test_what_it_says_to_write_instead_is_what_the_engine_says(make_book: MakeBook) -> None:
    said = {form: ours for theirs, ours in rows("What to write instead") for form in theirs}
    assert len(said) > 60
    texts = {form: f"\n{block(form)}\n" for form in said}
    assert untold(HEAD, texts, said, make_book) == {}


def test_what_it_says_of_front_matter_is_what_the_engine_says(make_book: MakeBook) -> None:
    said = {form: ours for theirs, ours in rows("Front matter") for form in theirs}
    assert len(said) > 10
    texts = {form: f"{form} one\n" for form in said}
    assert untold(HEAD.removesuffix("---\n"), texts, said, make_book) == {}
