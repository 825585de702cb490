"""Decks: steps, references, search and export, and the errors in broken ones."""

from __future__ import annotations

import json

import pytest

from latentbook.book.compose.blocks import Block, text_of
from latentbook.book.compose.types import Loaded
from latentbook.book.directives.deck import Deck, Step
from latentbook.book.load import load
from latentbook.book.write.exports import chapter_cells, notebook
from latentbook.book.write.search import search_index

from .conftest import HEAD, MakeBook
from .test_cases import outline
from .test_errors import mistakes

DECK = """
:::::{deck}

::::{step} The $x$ first
Look at *this*.

:::{notes}
Ask before you tell.
:::
::::

::::{step} Then the rest
$$ y $$ (shown)
::::
:::::
"""


@pytest.fixture
def loaded(make_book: MakeBook) -> Loaded:
    return load(make_book({"sample/text.md": HEAD + DECK}))


def only_block(loaded: Loaded) -> Block:
    (block,) = loaded.book.chapters[0].sections[0].blocks
    return block


def test_its_steps_are_counted_and_have_places_in_the_address(loaded: Loaded) -> None:
    deck = only_block(loaded)
    assert isinstance(deck, Deck)
    assert [(step.label, step.number, step.count) for step in deck.blocks] == [
        ("step-1", 1, 2),
        ("step-2", 2, 2),
    ]
    assert "Look at <em>this</em>" in outline(deck.blocks[0].blocks, "sample/text")
    assert "Ask before you tell" in text_of(deck.blocks[0].notes)
    assert "Ask before" not in text_of(deck.blocks[0].blocks)
    assert deck.blocks[1].notes == ()


def test_what_stands_in_a_step_is_found(loaded: Loaded) -> None:
    entries = {entry["title"]: entry for entry in json.loads(search_index(loaded.book))}
    assert entries["Eq. 2.1"]["url"] == "sample/text/#shown"
    assert "Then the rest" in entries["Text"]["text"]


def test_a_step_can_be_referred_to(make_book: MakeBook) -> None:
    text = f"{HEAD}\nSee {{ref}}`how it ends <step-2>`.\n{DECK}"
    section = load(make_book({"sample/text.md": text})).book.chapters[0].sections[0]
    assert 'href="#step-2">how it ends</a>' in outline(section.blocks[0], section.place)


def test_it_is_exported_step_by_step(loaded: Loaded) -> None:
    (chapter,), (source,) = loaded.book.chapters, loaded.sources
    cells = chapter_cells(chapter, source, loaded)
    text = "\n\n".join(c["source"] for c in json.loads(notebook(chapter, cells))["cells"])
    assert "## The $x$ first\n\nLook at *this*." in text
    assert "<summary>Notes for the speaker</summary>\n\nAsk before you tell." in text


def test_a_chapter_may_be_its_opening_alone(make_book: MakeBook) -> None:
    index = (
        "---\ntitle: Sample\nstandfirst: What it is about.\nlevel: None\nbuilds_on: []\n"
        "description: A sample.\nsections: []\n---\n"
    )
    words = DECK.replace("Look at", "Look " * 440 + "at")
    (chapter,) = load(make_book({"sample/index.md": index + words})).book.chapters
    assert chapter.sections == ()
    assert chapter.minutes == 2
    assert isinstance(chapter.blocks[0], Deck)
    assert all(isinstance(step, Step) for step in chapter.blocks[0].blocks)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (":::{step} Alone\nText.\n:::", "6: step goes only inside deck"),
        (":::{notes}\nText.\n:::", "6: notes goes only inside step"),
        (":::{deck}\n:::", "6: a deck needs steps: write :::{step} and a title"),
        (
            "::::{deck}\nText.\n\n:::{step} One\nText.\n:::\n::::",
            "7: a deck contains only steps: put this into one of them",
        ),
        ("::::{deck}\n:::{step} One\n:::\n::::", "7: the step is empty"),
        ("::::{deck}\n:::{step}\nText.\n:::\n::::", "7: step needs an argument: its title"),
        (
            ":::::{deck}\n::::{step} One\nText.\n:::{notes}\nA.\n:::\n:::{notes}\nB.\n:::\n"
            "::::\n:::::",
            "12: a step has its notes in one place",
        ),
        (
            "::::{deck}\n:::{step} One\n## Heading\n:::\n::::",
            "8: a heading cannot be inside step, which line 7 opens: is that closed?",
        ),
        (
            "::::{deck}\n:::{step} One\nText.\n:::\n::::\n\n" * 2,
            "13: label 'step-1' is already used at content/sample/text.md:7",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, message: str, make_book: MakeBook) -> None:
    found = mistakes(make_book({"sample/text.md": f"{HEAD}\n{text}\n"}))
    assert f"content/sample/text.md:{message}" in found
