"""A block is one file and a template: this test declares all that a new one needs."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from latentbook.book.compose.blocks import Block
from latentbook.book.compose.compose import Composer, Directive
from latentbook.book.compose.pieces import Text
from latentbook.book.compose.types import Loaded, Section
from latentbook.book.directives import DIRECTIVES
from latentbook.book.load import load
from latentbook.book.read.nodes import DirectiveNode
from latentbook.book.write.exports import chapter_cells, notebook
from latentbook.book.write.render import TEMPLATES, Renderer
from latentbook.book.write.search import search_index

from .conftest import HEAD, AnyFile, MakeBook


@dataclass(frozen=True)
class Riddle(Block):
    """An unanswered question."""

    kind = "riddle"
    said = ("title", "blocks")
    takes_notes = True
    title: Text
    blocks: tuple[Block, ...]


def run(node: DirectiveNode, composer: Composer) -> Riddle:
    return Riddle(composer.inline(node.argument, node.line), composer.blocks(node.nodes))


RIDDLE = Directive(name="riddle", argument="its title", run=run)
TEXT = """
:::{riddle} Of $x$
Which *sphinx* asks?

$$ y $$ (riddling)
:::

:::{margin}
The answer is not here.
:::
"""


@pytest.fixture
def loaded(make_book: MakeBook, monkeypatch: pytest.MonkeyPatch) -> Loaded:
    monkeypatch.setattr("latentbook.book.directives.DIRECTIVES", (*DIRECTIVES, RIDDLE))
    return load(make_book({"sample/text.md": HEAD + TEXT + "\nword" * 220 * 2}))


def section(loaded: Loaded) -> Section:
    return loaded.book.chapters[0].sections[0]


def test_it_is_shown(loaded: Loaded, tmp_path: Path) -> None:
    shutil.copytree(TEMPLATES, tmp_path, dirs_exist_ok=True)
    template = "<aside>{{ block.title }}: {{ render(block.blocks) }}</aside>"
    (tmp_path / "blocks" / "riddle.html").write_text(template)

    config = {"reload": False}
    pages = dict(
        Renderer(loaded.book, AnyFile({}, {}), config, "", "/", templates=tmp_path).pages()
    )
    html = pages["sample/text/index.html"]
    assert re.search(r'<div class="noted">\s*<aside>Of <span', html)  # with its margin note
    assert "Which <em>sphinx</em> asks?" in html


def test_it_is_found_and_what_stands_in_it_too(loaded: Loaded) -> None:
    entries = {entry["title"]: entry for entry in json.loads(search_index(loaded.book))}
    assert "Of x Which sphinx asks? y" in entries["Text"]["text"]
    assert entries["Eq. 2.1"]["url"] == "sample/text/#riddling"


def test_its_words_take_time(
    make_book: MakeBook, loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert section(loaded).minutes == 2
    longer = TEXT.replace("asks?", "asks" + " word" * 220)
    loaded = load(make_book({"sample/text.md": HEAD + longer + "\nword" * 220 * 2}))
    assert section(loaded).minutes == 3


def test_it_is_exported_as_a_quotation(loaded: Loaded) -> None:
    (chapter,), (source,) = loaded.book.chapters, loaded.sources
    cells = chapter_cells(chapter, source, loaded)
    text = "".join(c["source"] for c in json.loads(notebook(chapter, cells))["cells"])
    assert "> **Of $x$**\n>\n> Which *sphinx* asks?" in text
