"""A chapter as a Jupyter notebook and as a Python script, both of which run from top to bottom."""

import base64
import inspect
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import nbformat
from markdown_it.token import Token
from nbformat import v4

from latentbook.base.errors import Problems
from latentbook.book.compose.compose import Directive
from latentbook.book.compose.math_words import Formula
from latentbook.book.compose.notebook import Cell, listing
from latentbook.book.compose.pieces import Address, Link, element, plain
from latentbook.book.compose.prose import document_label, resolved
from latentbook.book.compose.target import Target
from latentbook.book.compose.types import Chapter, Loaded
from latentbook.book.read.day import Day
from latentbook.book.read.nodes import DirectiveNode, EquationNode, HeadingNode, Node, TextNode
from latentbook.book.read.parse import make_markdown
from latentbook.book.read.recordings import PLOTLY, SVG, Recorded, code_hashes
from latentbook.book.read.source import ChapterSource, PageSource
from latentbook.book.translations.language import Language
from latentbook.book.write.markdown import markdown
from widgets import data as data_module

BOOK_IMPORT = re.compile(r"^from (widgets(?:\.\w+)+) import(.*)", re.MULTILINE)
MODULES = Path(__file__).with_name("book_modules.txt")
"""The cell that makes the modules of the book importable."""


def notebook(chapter: Chapter, cells: Iterable[Cell]) -> bytes:
    made = []
    runs = 0
    for index, cell in enumerate(cells):
        if cell.is_code:
            runs += 1
            outputs = [_output(output, runs) for output in cell.outputs]
            made.append(
                v4.new_code_cell(cell.source, id=cell.label, outputs=outputs, execution_count=runs)
            )
        else:
            made.append(v4.new_markdown_cell(cell.source, id=f"text-{index}"))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}, "title": chapter.title}
    text: str = nbformat.writes(v4.new_notebook(cells=made, metadata=metadata), split_lines=False)
    return f"{text}\n".encode()


def script(cells: Iterable[Cell]) -> bytes:
    pieces = []
    for cell in cells:
        if cell.is_code:
            pieces.append(f"# %%\n{cell.source}")
        else:
            lines = (f"# {line}".rstrip() for line in cell.source.split("\n"))
            pieces.append("# %% [markdown]\n" + "\n".join(lines))
    return ("\n\n".join(pieces) + "\n").encode()


def chapter_cells(chapter: Chapter, source: ChapterSource, loaded: Loaded) -> list[Cell]:
    """The cells of a chapter, which run from top to bottom without the book."""
    language = loaded.book.content_language
    writer = _Writer(chapter, source, loaded)
    sources = "\n".join(f"- {reference.html.words}" for reference in chapter.all_references)
    title = language.translate("References")
    tail = [Cell(f"## {title}\n\n{sources}")] if sources else []
    head, *rest = (cell for page in source.pages for cell in writer.page(page))
    return list(_joined([head, *_book_modules(rest, language), *rest, *tail]))


def _output(output: Recorded, run: int) -> Any:
    if output.kind in ("stdout", "stderr"):
        return v4.new_output("stream", name=output.kind, text=output.data)
    if output.kind == SVG:
        return v4.new_output("display_data", {SVG: output.data})
    data = json.loads(output.data) if output.kind == PLOTLY else output.data
    return v4.new_output("execute_result", {output.kind: data}, execution_count=run)


def _book_modules(cells: Sequence[Cell], language: Language) -> Iterator[Cell]:
    """Cells with the modules and data that snippets use: a notebook must run without the book."""
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
        for name, file in data_module.FILES.items():
            if name in named:
                data[f"{name}.npz"] = base64.b85encode(Path(file).read_bytes()).decode()
    yield Cell(
        language.translate(
            "The snippets use modules of the book. The next cell contains them and their data."
        )
    )
    code = MODULES.read_text(encoding="utf-8").rstrip().format(data=data, sources=sources)
    yield Cell(code, "book-modules", is_code=True)


def _add_imported(code: str, sources: dict[str, str]) -> None:
    """Add the sources of the book's modules that some code imports, dependencies first."""
    for name, rest in BOOK_IMPORT.findall(code):
        parts = re.findall(r"\w+", rest) if hasattr(import_module(name), "__path__") else []
        for each in (name, *(f"{name}.{part}" for part in parts)):
            if each not in sources and find_spec(each):
                source = inspect.getsource(import_module(each))
                _add_imported(source, sources)
                sources[each] = source


def _joined(cells: Iterable[Cell]) -> Iterator[Cell]:
    """Join consecutive text cells up to the next heading."""
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

    def __init__(self, chapter: Chapter, source: ChapterSource, loaded: Loaded) -> None:
        self.chapter = chapter
        self.source = source
        self.loaded = loaded
        self.practice = loaded.practice
        self.labels = loaded.labels
        self.language = loaded.book.content_language
        self.hashes = code_hashes(self.source.nodes)
        self.shorts = {r.key: r.short for r in self.chapter.all_references}
        self.scope = self.source.entry.slug
        self.problems = Problems().of(Path())  # the pages have been checked
        self.at = self.source.opening
        self.called: list[str] = []  # labels of the notes that the current text refers to
        self._markdown = make_markdown()

    def page(self, page: PageSource) -> Iterator[Cell]:
        self.at = page
        front = page.document.front
        if page.name:
            number = self.labels.number(page.place, 1)
            title = " ".join(filter(None, ("##", number, self.text(front["title"]))))
            idea = self.text(front.get("idea", ""))
            yield Cell(f"{title}\n\n> {idea}" if idea else title)
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
                    title = " ".join(self.of([node.inline]).split())
                    yield Cell(f"{'#' * (node.level + 1)} {title}")
                case TextNode():
                    yield Cell(self.of(node.tokens) + self.notes())
                case EquationNode():
                    yield Cell(self.equation(node))
                case DirectiveNode():
                    assert isinstance(node.syntax, Directive)
                    yield from node.syntax.notebook(node, self)

    def text(self, source: str) -> str:
        """A line of Markdown without syntax that only this book understands."""
        return self.of(self._markdown.parseInline(source))

    def of(self, tokens: Iterable[Token]) -> str:
        return markdown(resolved(tokens, self))

    def notes(self) -> str:
        quotes = ""
        called, self.called = self.called, []
        for label in called:
            text = " ".join(self.of(self.at.document.notes[label].tokens).split())
            quotes += f"\n\n> <sup>{label}</sup> {text}"
        return quotes

    # The surroundings of running text (Surroundings)

    def math(self, tex: str, line: int, *, display: bool = False) -> Formula:
        return Formula(self.loaded.notation.expand(tex.strip() if display else tex))

    def note_mark(self, label: str, line: int) -> Iterable[Token]:
        self.called.append(label)
        return element("sup", [plain(label)])

    def link(self, href: str, line: int) -> tuple[Address | None, Day | None]:
        file, _, label = href.partition("#")
        target = self.target(label or document_label(file, self.scope), line)
        return Address(""), self.opens(target) if target else None

    def picture(self, name: str, alt: str, line: int) -> Token:
        return Token("picture", "img", 0, meta={"alt": alt})

    def target(self, label: str, line: int) -> Target | None:
        return self.labels.find(label)

    def opens(self, target: Target) -> Day | None:
        return self.labels.opens(target.label, None)

    def cite(self, key: str, line: int) -> Link:
        return Link(Address("references", key), self.shorts[key])

    def term(self, words: str, name: str, line: int) -> Iterable[Token]:
        return element("dfn", [plain(words)])

    def quoted(self, content: str, line: int) -> Iterable[Token]:
        return [plain(self.source.numbers.number(content).text)]

    def equation(self, node: EquationNode) -> str:
        number = self.number(node) if node.label else ""
        tag = f" \\tag{{{number}}}" if number else ""
        return f"$$\n{self.loaded.notation.expand(node.tex.strip())}{tag}\n$$"

    def markdown(self, nodes: Sequence[Node]) -> str:
        """Several nodes as one text; code in it is shown, not run."""
        return "\n\n".join(
            listing(cell.source) if cell.is_code else cell.source for cell in self.cells(nodes)
        )

    def url(self, node: DirectiveNode) -> str:
        return f"{self.at.name}/index.html#{node.label}".lstrip("/")

    def outputs(self, node: DirectiveNode) -> tuple[Recorded, ...]:
        current = self.source.recordings.current(node.label, self.hashes[node.label])
        return current.outputs if current else ()

    def fact(self, id: str) -> str:
        fact = self.loaded.facts.entries[id]
        sources = "; ".join(self.shorts[key] for key in fact.sources)
        confidence = self.language.translate(f"{fact.confidence} confidence")
        return f"{self.text(fact.claim)} ({sources}; {confidence})"
