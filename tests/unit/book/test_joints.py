"""A number and its sign or unit stay on one line, wherever there is text."""

from __future__ import annotations

import re

import pytest

from latentbook.book.compose.blocks import Prose, text_of
from latentbook.book.load import load
from latentbook.book.overlay.merge import open_project
from latentbook_authoring.check.book import check_book
from tests.unit.book.conftest import HEAD, MakeBook, html_of, pages_of

NUMBERS = {"sample/numbers.py": "kept = 87.4\n"}


def html(make_book: MakeBook, text: str) -> str:
    page = pages_of(make_book, f"{HEAD}\n{text}\n")["sample/text/index.html"]
    return page.partition("<article")[2].partition("</article>")[0].replace("\u00a0", "~")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("It keeps 87 % of it.", "It keeps 87~% of it."),
        (
            "At 360 px, 2 ms, 5 s, 3 MB, 4 nats and 1.5 bits.",
            "At 360~px, 2~ms, 5~s, 3~MB, 4~nats and 1.5~bits.",
        ),
        ("Turned by 90 ° or 28 × 28.", "Turned by 90~° or 28~×~28."),
        ("Kept: **87** %.", "Kept: <strong>87</strong>~%."),
        ("Kept: 87\nMB of it.", "Kept: 87~MB of it."),
        ("Lost: $0.5$ nats.", "~nats."),
        ("Note.[^1]\n\n[^1]: A note of 3 bits.", "A note of 3~bits."),
        ("- 87 % of *5 MB*", "87~% of <em>5~MB</em>"),
        ("## After 5 s", "After 5~s"),
        ("| a 3 % | b |\n|---|---|\n| 4 % | 5 |", "<td>4~%</td>"),
        (":::{table} Of 9 %\n| a |\n|---|\n| 4 % |\n:::", "Of 9~%"),
        (":::{fold} After 5 s\nIt is 6 % then.\n:::", "It is 6~% then."),
        (":::{figure} arrow.svg\n:alt: An arrow.\n\nIt is 6 % long.\n:::", "It is 6~% long."),
        (
            "::::{quiz} true-false\n:label: q\n:answer: true\n\nIs it 6 %?\n\n"
            ":::{answer}\nIt is 7 %.\n:::\n::::",
            "Is it 6~%?",
        ),
    ],
)
def test_a_number_and_its_unit_never_part(make_book: MakeBook, text: str, shown: str) -> None:
    assert shown in html(make_book, text)


@pytest.mark.parametrize(
    "text",
    [
        "It has 3 pictures, 5 models, 2 by 2, 4 sizes and 7 hours.",
        "Write `87 % 5` there.",
        "```python\nx = 87 % 5\n```",
        "```{code-cell} python\nx = 87 % 5\n```",
        "Of $87 \\% 5 m$ it is.",
        "$$87 \\times 5 s$$",
        "In units of % and px.",
    ],
)
def test_other_spaces_stay(make_book: MakeBook, text: str) -> None:
    assert "~" not in html(make_book, text)


def test_a_computed_number_keeps_its_unit(make_book: MakeBook) -> None:
    text = f"{HEAD}\nIt keeps {{num}}`kept:.0f` %\nof it and {{num}}`kept:.0f` percent.\n"
    settings = make_book({"sample/text.md": text, **NUMBERS})
    check_book(open_project(settings), record=True, report=lambda message: None)
    (prose,) = load(settings).book.chapters[0].sections[0].blocks
    assert isinstance(prose, Prose)
    shown = re.sub("<[^>]+>", "", html_of(prose.html)).strip()
    assert shown == "It keeps 87\u00a0%\nof it and 87 percent."
    # Search and section digests use text with plain spaces.
    assert text_of(prose) == "It keeps 87 % of it and 87 percent."
