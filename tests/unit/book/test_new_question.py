"""A kind of question is a folder and a line: what is written here is all that a new one takes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .conftest import BOOK, HEAD, MakeBook

KIND = '''
"""``word``: a word to be filled in."""

from dataclasses import dataclass
from typing import Any

from latentbook.book.compose.blocks import Block, ClassForm
from latentbook.book.compose.question import Part, Public, Question, QuestionKind, shared
from latentbook.book.read.options import Option, text


@dataclass(frozen=True)
class WordQuestion(Question):
    """key: {"answer"}."""

    kind = "word"
    letters: Public[int]
    trap: tuple[Block, ...]
    rhyme: str

    def class_forms(self, show):
        """The word itself cannot be sent: its length is guessed."""
        told = {"answer": self.key.get("answer")}
        return (ClassForm("number", "Word", {"unit": "letters"}, told),)


def build(node, options, composer):
    """The question; its traps are told to whoever falls into them."""
    trap = node.parts("trap")
    return WordQuestion(
        **shared(node, composer, node.text, {"answer": options.get("answer")}),
        letters=options["letters"],
        trap=composer.blocks(trap[0].nodes) if trap else (),
        rhyme="Canary-rhyme",
    )


TRAP = Part(name="trap", doc="What to tell a reader who falls into it.")
WORD = QuestionKind(
    WordQuestion,
    build,
    {"answer": Option(text), "letters": Option(int)},
    public=("letters",),
    parts=(TRAP,),
)
'''
BLOCK = """{% extends "question.html" %}
{% block answers %}
<input name="{{ block.label }}.answer" maxlength="{{ block.letters }}">
<div data-trap hidden>{{ block.rhyme }}{{ render(block.trap) }}</div>
{% endblock %}
"""
SCRIPT = """import { translate } from "latentbook/words.js";
export default class Word { verdict() { return translate("Toy-script."); } }
"""
STYLE = ".quiz .toy-style { color: var(--ink); }\n"
TEXT = """
::::{quiz} word
:label: q-word
:answer: Canary-key
:letters: 10

What sings?

:::{trap}
Canary-trap.
:::
:::{hint}
It is yellow.
:::
:::{answer}
Canary-answer.
:::
::::
"""
DAYS = '\n[days.answers]\n"q-word" = 3000-01-01T00:00:00Z\n'
PROGRAM = """
import json, sys
from datetime import UTC, datetime
from pathlib import Path
from latentbook.book.load import load
from latentbook.book.write.assets import bundle
from latentbook.book.write.class_data import class_data
from latentbook.book.write.exports import Export, notebook, script
from latentbook.book.write.render import Renderer
from latentbook.book.write.search import search_index
from latentbook.settings import Settings

settings = Settings(**{name: Path(path) for name, path in json.loads(sys.argv[1]).items()})
assets = bundle(settings)
made = {"assets": "".join(path.read_text(errors="ignore") for path in assets.files.values())}
for name, year in (("closed", 2900), ("open", 3100)):
    loaded = load(settings, datetime(year, 1, 1, tzinfo=UTC))
    book = loaded.book
    renderer = Renderer(book, assets, {"reload": False}, "", "/")
    (chapter,), (source,) = book.chapters, loaded.sources
    export = Export(
        chapter, source, loaded.labels, loaded.notation, loaded.facts, book.content_language
    )
    made[name] = {
        **dict(renderer.pages()),
        "paper": renderer.paper(),
        "notebook": notebook(export).decode(),
        "script": script(export).decode(),
        "search": search_index(book).decode(),
        "class": class_data(renderer, {}).decode(),
    }
print(json.dumps(made))
"""


def package_with(folder: Path, root: Path) -> None:
    """The package in a folder, with one more kind of question: its folder, and a line."""
    source, copy = root / "app" / "latentbook", folder / "latentbook"
    for inside in ("book", "directives", "questions"):
        copy.mkdir(parents=True)
        for path in source.iterdir():
            if path.name != inside:
                (copy / path.name).symlink_to(path)
        source, copy = source / inside, copy / inside
    shutil.copytree(source, copy)
    (copy / "word").mkdir()
    files = {"kind.py": KIND, "block.html": BLOCK, "block.js": SCRIPT, "block.css": STYLE}
    for name, text in files.items():
        (copy / "word" / name).write_text(text)
    registry = copy / "__init__.py"
    listed = registry.read_text().replace("CODE, GUESS)", "CODE, GUESS, WORD)")
    wanted = "from latentbook.book.directives.questions.word.kind import WORD\n\nQUESTION_KINDS"
    registry.write_text(listed.replace("QUESTION_KINDS", wanted, 1))


@pytest.fixture
def made(make_book: MakeBook, tmp_path: Path, root: Path) -> dict[str, Any]:
    """What becomes of a book with such a question, before and after its answer opens."""
    settings = make_book({"book.toml": BOOK + DAYS, "sample/text.md": HEAD + TEXT})
    package_with(tmp_path / "package", root)
    given = {"root": root, "content": settings.content, "build": tmp_path / "build"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps({name: str(p) for name, p in given.items()})],
        env={**os.environ, "PYTHONPATH": f"{tmp_path / 'package'}:{root}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_a_kind_is_all_in_its_folder(made: dict[str, Any]) -> None:
    assert "Toy-script." in made["assets"] and "toy-style" in made["assets"]
    page = made["open"]["sample/text/index.html"]
    assert 'data-quiz="word"' in page and 'maxlength="10"' in page
    assert all(f"Canary-{each}" in page for each in ("key", "rhyme", "trap", "answer"))
    assert "Canary-answer" in made["open"]["sample/print/index.html"]
    assert "Canary-answer" in made["open"]["paper"]
    assert "Canary-answer" in made["open"]["notebook"]
    (block,) = json.loads(made["open"]["class"])["blocks"]
    assert block["ways"][0]["told"] == {"answer": "Canary-key"}


def test_what_it_does_not_call_public_is_withheld(made: dict[str, Any]) -> None:
    for name, text in made["closed"].items():
        assert "Canary" not in text, name
    page = made["closed"]["sample/text/index.html"]
    assert "What sings?" in page and "It is yellow." in page and 'maxlength="10"' in page
    assert 'data-key="{}"' in page
