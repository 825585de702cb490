"""A chapter as a Jupyter notebook and as a Python script, both of which run from top to bottom."""

from __future__ import annotations

import base64
import inspect
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import nbformat

from latentbook.book.compose.compose import Directive
from latentbook.book.compose.facts import FactLedger
from latentbook.book.compose.labels import Labels
from latentbook.book.compose.math import Notation
from latentbook.book.compose.notebook import Cell, listing
from latentbook.book.compose.prose import (
    ROLES,
    citations,
    document_label,
    numbered_words,
    opens_words,
    split_words,
)
from latentbook.book.compose.types import Chapter
from latentbook.book.compose.words import words_of
from latentbook.book.read.nodes import (
    DirectiveNode,
    EquationNode,
    HeadingNode,
    Node,
    TextNode,
)
from latentbook.book.read.recordings import PLOTLY, Recorded, code_hashes
from latentbook.book.read.source import ChapterSource, PageSource
from latentbook.book.translations.language import Language
from widgets import data as data_module

ROLE = re.compile(r"\{(" + "|".join(ROLES) + r")\}`([^`]+)`")
NOTE = re.compile(r"\[\^([^\]\s]+)\](?!:)")
INSIDE_LINK = re.compile(r"\[([^\]]*)\]\((?:[\w-]+\.md)?(?:#[\w-]+)?\)")
LINK = re.compile(r"\[([^\]]*)\]\(([^)\s#:]*\.md)?(?:#([\w-]+))?\)")
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
BOOK_MODULE = re.compile(r"^from (widgets(?:\.\w+)+) import", re.MULTILINE)
MODULES = """\
import base64, sys, tempfile
from pathlib import Path
from types import ModuleType

folder = Path(tempfile.mkdtemp())
for name, content in {data}.items():
    (folder / name).write_bytes(base64.b85decode(content))
sys.modules["widgets"] = ModuleType("widgets")
for name, source in {sources}.items():
    sys.modules[name] = module = ModuleType(name)
    module.__file__ = str(folder / "__init__.py")
    exec(source, module.__dict__)"""


@dataclass(frozen=True)
class Export:
    chapter: Chapter
    source: ChapterSource
    labels: Labels
    notation: Notation
    facts: FactLedger
    language: Language  # of the text


def notebook(export: Export) -> bytes:
    """The chapter as a notebook, format 4.5."""
    cells: list[dict[str, Any]] = []
    runs = 0
    for index, cell in enumerate(_cells(export)):
        shared = {"id": cell.label or f"text-{index}", "metadata": {}, "source": cell.source}
        if not cell.is_code:
            cells.append({"cell_type": "markdown", **shared})
            continue
        runs += 1
        outputs = [_output(output, runs) for output in cell.outputs]
        cells.append({"cell_type": "code", **shared, "execution_count": runs, "outputs": outputs})
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    book = {
        "cells": cells,
        "metadata": {
            "kernelspec": kernel,
            "language_info": {"name": "python"},
            "title": export.chapter.title,
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    nbformat.validate(book)
    return (json.dumps(book, indent=1, ensure_ascii=False) + "\n").encode()


def script(export: Export) -> bytes:
    """The chapter as a script in cells of the percent format."""
    pieces = []
    for cell in _cells(export):
        if cell.is_code:
            pieces.append(f"# %%\n{cell.source}")
        else:
            lines = (f"# {line}".rstrip() for line in cell.source.split("\n"))
            pieces.append("# %% [markdown]\n" + "\n".join(lines))
    return ("\n\n".join(pieces) + "\n").encode()


def _output(output: Recorded, run: int) -> dict[str, Any]:
    if output.kind in ("stdout", "stderr"):
        return {"output_type": "stream", "name": output.kind, "text": output.data}
    return {
        "output_type": "execute_result",
        "data": {output.kind: json.loads(output.data) if output.kind == PLOTLY else output.data},
        "execution_count": run,
        "metadata": {},
    }


def _cells(export: Export) -> list[Cell]:
    writer = _Writer(export)
    chapter = export.chapter
    sources = "\n".join(f"- {words_of(reference.html)}" for reference in chapter.all_references)
    title = export.language.translate("References")
    tail = [Cell(f"## {title}\n\n{sources}")] if sources else []
    head, *rest = (cell for page in export.source.pages for cell in writer.page(page))
    return list(_joined([head, *_book_modules(rest, export.language), *rest, *tail]))


def _book_modules(cells: Sequence[Cell], language: Language) -> Iterator[Cell]:
    """The book's modules and data that snippets use: a notebook must run by itself."""
    sources: dict[str, str] = {}
    snippets = [cell.source for cell in cells if cell.is_code]
    for code in snippets:
        _add_imported(code, sources)
    if not sources:
        return
    data = {}
    if data_module.__name__ in sources:
        others = [source for name, source in sources.items() if name != data_module.__name__]
        named = set(re.findall(r'"(\w+)"', "\n".join(snippets + others)))
        folder = Path(str(data_module.__file__)).parent
        for name in data_module.NAMES:
            if name in named:
                content = (folder / f"{name}.npz").read_bytes()
                data[f"{name}.npz"] = base64.b85encode(content).decode()
    yield Cell(
        language.translate(
            "The snippets use modules of the book. The next cell contains them and their data."
        )
    )
    yield Cell(MODULES.format(data=data, sources=sources), "book-modules", is_code=True)


def _add_imported(code: str, sources: dict[str, str]) -> None:
    """Add the sources of the book's modules that some code imports, dependencies first."""
    for name in BOOK_MODULE.findall(code):
        if name not in sources:
            source = inspect.getsource(import_module(name))
            _add_imported(source, sources)
            sources[name] = source


def _joined(cells: Iterable[Cell]) -> Iterator[Cell]:
    """Consecutive text cells up to the next heading, as one."""
    pending = ""
    for cell in cells:
        if cell.is_code or cell.source.startswith("#"):
            if pending:
                yield Cell(pending)
            pending = ""
        if cell.is_code:
            yield cell
        else:
            pending = f"{pending}\n\n{cell.source}" if pending else cell.source
    if pending:
        yield Cell(pending)


class _Writer:
    """Turns nodes back into Markdown that any notebook program reads."""

    def __init__(self, export: Export) -> None:
        self.chapter = export.chapter
        self.source = export.source
        self.labels = export.labels
        self.notation = export.notation
        self.facts = export.facts
        self.language = export.language
        self.hashes = code_hashes(self.source.nodes)
        self.shorts = {r.key: r.short for r in self.chapter.all_references}
        self.at = self.source.opening

    def page(self, page: PageSource) -> Iterator[Cell]:
        """One page, from its title on."""
        self.at = page
        front = page.document.front
        if page.name:
            number = self.labels.number(page.place, 1)
            yield Cell(f"## {number} {self.text(front['title'])}")
        else:
            title = f"# {self.chapter.number} {front['title']}"
            yield Cell(f"{title}\n\n{self.text(front['standfirst'])}")
        yield from self.cells(page.document.nodes)

    def number(self, node: Node) -> str:
        return self.labels.number(self.at.place, node.line)

    def cells(self, nodes: Sequence[Node]) -> Iterator[Cell]:
        for node in nodes:
            match node:
                case HeadingNode():
                    title = re.sub(r"\s*\{#[^}]*\}\s*$", "", node.source.lstrip("# "))
                    yield Cell(f"{'#' * (node.level + 1)} {' '.join(self.text(title).split())}")
                case TextNode():
                    yield Cell(self.text(node.source) + self.notes(node.source))
                case EquationNode():
                    yield Cell(self.equation(node))
                case DirectiveNode():
                    yield from self.directive(node)

    def text(self, source: str) -> str:
        """Markdown without syntax that only this book understands."""
        source = COMMENT.sub("", source)
        source = ROLE.sub(self.role, source)
        if self.labels.days:
            source = LINK.sub(self.link, source)
        source = INSIDE_LINK.sub(r"\1", source)
        source = NOTE.sub(r"<sup>\1</sup>", source)
        return self.notation.expand(source)

    def role(self, found: re.Match[str]) -> str:
        """The words of a role, without its link."""
        role, content = found[1], found[2].strip()
        match role:
            case "term":
                words, term = split_words(content)
                return f"*{words or term}*"
            case "cite" | "cite:p" | "cite:t":
                return citations((self.shorts[key.strip()] for key in content.split(",")), role)
            case "eq":
                target = self.labels.find(content)
                assert target is not None  # the page has it, too
                name = self.language.translate("Eq. %(number)s", number=target.number)
                return name + self.opens(content)
            case "ref" | "numref" | "doc":
                if role == "doc":
                    content = document_label(content, self.source.entry.slug)
                words, label = split_words(content)
                target = self.labels.find(label)
                assert target is not None  # the page has it, too
                if words:
                    return numbered_words(words, target.number) + self.opens(label)
                before = found.string[: found.start()].rstrip()
                starts = not before or before.endswith((".", "?", "!"))
                name = target.name(self.language)
                return (name[0].upper() + name[1:] if starts else name) + self.opens(label)
            case "num":
                return self.source.numbers.number(content).text
            case "math":
                return f"${content}$"
            case "sub" | "sup" | "kbd":
                return f"<{role}>{content}</{role}>"
            case _:
                return content

    def opens(self, label: str) -> str:
        """The words after a reference to something withheld."""
        day = self.labels.opens(label, None)
        return opens_words(day, self.language) if day else ""

    def link(self, found: re.Match[str]) -> str:
        """A link to something withheld, without its address."""
        words, file, label = found.groups()
        label = label or (document_label(file, self.source.entry.slug) if file else "")
        if not self.opens(label):
            return found[0]
        return (words or self.labels.targets[label].name(self.language)) + self.opens(label)

    def notes(self, source: str) -> str:
        """The notes that a text calls, as quotes under it."""
        definitions = self.at.document.notes
        quotes = ""
        for label in NOTE.findall(source):
            body = re.sub(r"^\[\^[^\]]+\]:\s*", "", definitions[label].source)
            text = self.text(" ".join(body.split()))
            quotes += f"\n\n> <sup>{label}</sup> {text}"
        return quotes

    def equation(self, node: EquationNode) -> str:
        number = self.number(node) if node.label else ""
        tag = f" \\tag{{{number}}}" if number else ""
        return f"$$\n{self.notation.expand(node.tex.strip())}{tag}\n$$"

    def markdown(self, nodes: Sequence[Node]) -> str:
        """Several nodes as one text; code in it is shown, not run."""
        return "\n\n".join(
            listing(cell.source) if cell.is_code else cell.source for cell in self.cells(nodes)
        )

    def directive(self, node: DirectiveNode) -> Iterator[Cell]:
        """The cells of one directive, in the form that it declares."""
        assert isinstance(node.syntax, Directive)
        yield from node.syntax.notebook(node, self)

    def url(self, node: DirectiveNode) -> str:
        """The address of a labelled node in the book, from the notebook."""
        return f"{self.at.name}/index.html#{node.label}".lstrip("/")

    def outputs(self, node: DirectiveNode) -> tuple[Recorded, ...]:
        """The output recorded for a snippet's present code."""
        current = self.source.recordings.current(node.label, self.hashes[node.label])
        return current.outputs if current else ()

    def fact(self, id: str) -> str:
        fact = self.facts.entries[id]
        sources = "; ".join(self.shorts[key] for key in fact.sources)
        confidence = self.language.translate(f"{fact.confidence} confidence")
        return f"{self.text(fact.claim)} ({sources}; {confidence})"
