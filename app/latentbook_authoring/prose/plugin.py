"""Rules for the prose of a book, as a plugin."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from latentbook.hooks import PageCheck, hookimpl

if TYPE_CHECKING:
    from latentbook.book.read.source import PageSource


@hookimpl
def checks() -> Iterable[PageCheck]:
    return (
        PageCheck("numbers", "Only list numbers that are neither computed nor cited.", numbers),
        PageCheck(
            "paragraphs",
            "Only list paragraphs with too many numbers or words.",
            paragraphs,
            doubts,
        ),
    )


def numbers(page: PageSource) -> Iterator[tuple[int, str]]:
    from latentbook_authoring.prose.numbers import bare_numbers

    for line, number in bare_numbers(page.document):
        yield (
            line,
            f"{number!r} is neither computed nor cited: write {{num}}, cite a source in the "
            "sentence, or list it as given in the front matter",
        )


def paragraphs(page: PageSource) -> Iterator[tuple[int, str]]:
    from latentbook_authoring.prose.paragraphs import dense_paragraphs

    if not page.is_evidence:
        for line, faults in dense_paragraphs(page.document):
            yield (
                line,
                f"this has {faults}: give it one idea, and move its controls into a table of "
                "evidence",
            )


def doubts(page: PageSource) -> Iterator[tuple[int, str]]:
    from latentbook_authoring.prose.paragraphs import doubtful_paragraphs

    if not page.is_evidence:
        for line, doubt in doubtful_paragraphs(page.document):
            yield line, f"this has {doubt}"
