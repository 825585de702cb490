"""Convert a chapter's nodes to blocks: resolve labels, set text, run directives."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeAlias

from markdown_it.token import Token

from latentbook.base.errors import ContentError, FileProblems, Mistake, accepted_names
from latentbook.base.files import Files
from latentbook.book.compose.bibliography import Bibliography
from latentbook.book.compose.blocks import Block, Equation, Heading, Prose
from latentbook.book.compose.facts import FactLedger
from latentbook.book.compose.glossary import Glossary
from latentbook.book.compose.labels import Labels
from latentbook.book.compose.math import BrokenTex, Mathematics, Symbols
from latentbook.book.compose.math_words import Formula
from latentbook.book.compose.media import Media
from latentbook.book.compose.notebook import Form, remark
from latentbook.book.compose.pictures import Pictures
from latentbook.book.compose.pieces import Address, Link, SideNote, Text, element, plain
from latentbook.book.compose.plots import Plots
from latentbook.book.compose.prose import EXTERNAL, document_label, resolved
from latentbook.book.compose.stills import Stills
from latentbook.book.compose.target import Target
from latentbook.book.read.contents import page_label
from latentbook.book.read.day import Day
from latentbook.book.read.nodes import (
    DirectiveNode,
    EquationNode,
    HeadingNode,
    Node,
    Syntax,
    TextNode,
)
from latentbook.book.read.notation import SymbolEntry
from latentbook.book.read.numbers import Asked, Number, NumberError, Numbers
from latentbook.book.read.parse import make_markdown
from latentbook.book.read.recordings import Recorded, Recording, size_of
from latentbook.book.read.source import PageSource
from latentbook.book.read.suggestions import cut, literal_markup
from latentbook.book.translations.language import Language

QUOTED = re.compile(r"\{num\}`([^`]+)`")


@dataclass(frozen=True)
class Resources:
    """Resources that the chapters of one book share."""

    pages: Mapping[str, str]  # the place of every page by its file below the content folder
    labels: Labels
    bibliography: Bibliography
    facts: FactLedger
    mathematics: Mathematics
    media: Media
    practice: Files  # files for {literalinclude}
    pictures: Pictures
    stills: Stills
    plots: Plots
    symbols: tuple[SymbolEntry, ...]
    glossary: Glossary | None
    language: Language  # of the text
    unlisted: Collection[str]  # instruments that the course has but does not list
    numbers: Mapping[str, Numbers]  # of every chapter, by its slug
    asked: dict[Asked, None]  # every number that the text quotes
    computing: bool  # its numbers are about to be computed, so none has to be recorded


class Composer:
    """Makes the blocks of one page. Directives use it for everything that they share.

    Attributes
    ----------
    scope : where the page's code runs: the slug of its chapter
    page : its place in the book, ``autoencoders/compress``
    place : link to this content in the ledgers of facts and sources
    cited : keys of the sources that the page cites
    language : of the text
    day : when the content opens; None if it is open
    """

    def __init__(
        self,
        resources: Resources,
        source: PageSource,
        problems: FileProblems,
        place: Link,
        *,
        recorded: Mapping[str, Recording] = MappingProxyType({}),
        numbers: Numbers | None = None,
        notes_before: int = 0,
        day: Day | None = None,
    ) -> None:
        self.resources = resources
        self.scope = source.slug
        self.page = source.place
        self.problems = problems
        self.place = place
        self.cited: set[str] = set()
        self.day = day
        self.language = resources.language
        expand = resources.mathematics.notation.expand
        self.symbols = Symbols(resources.symbols, source.section or source.slug, expand)
        self._recorded = recorded
        self._numbers = numbers
        self._document = source.document
        self._markdown = make_markdown()
        self._notes: list[SideNote] | None = None
        self._notes_before = notes_before
        self._note_ids: dict[str, SideNote] = {}

    # Structure

    def all_blocks(self) -> tuple[Block, ...]:
        blocks = self.blocks(self._document.nodes)
        for label, note in self._document.notes.items():
            if label not in self._note_ids:
                self.problems.add(note.line, f"nothing refers to note [^{label}]")
        return blocks

    @property
    def note_ids(self) -> list[str]:
        """The ids of the notes that the page has called so far, in order."""
        return [note.id for note in self._note_ids.values()]

    def blocks(self, nodes: Iterable[Node]) -> tuple[Block, ...]:
        """Make the blocks of some nodes; report and omit invalid ones."""
        made = (self._block(node) for node in nodes)
        return tuple(block for block in made if block is not None)

    def _block(self, node: Node) -> Block | None:
        match node:
            case TextNode():
                with self.collecting_notes() as notes:
                    html = self.render(node.tokens)
                return Prose(html, tuple(notes)) if html else None
            case HeadingNode():
                label = self.resources.labels.heading_id(self.page, node.line)
                html = self._inline_tokens(node.inline)
                return Heading(node.level, label, html, html.words)
            case EquationNode():
                number = self.resources.labels.number(self.page, node.line) if node.label else ""
                formula = self.math(node.tex, node.line, display=True)
                return Equation(node.label, number, formula, node.tex.strip())
            case DirectiveNode():
                make = node.syntax.run if isinstance(node.syntax, Directive) else None
                try:
                    return make(node, self) if make is not None else None
                except Mistake as error:
                    self.problems.add(error.line, str(error))
                except ContentError as error:  # in the file of an instrument
                    place = self.problems.place(self.problems.path, node.line)
                    self.problems.of(error.path).add(error.line, error.message, place)
                return None

    def number(self, node: DirectiveNode) -> str:
        return self.resources.labels.number(self.page, node.line)

    def id_of(self, node: DirectiveNode) -> str:
        """A directive's label, or an id made from its number."""
        number = self.number(node).replace(".", "-") or str(node.line)
        return node.label or f"{node.syntax.counts}-{number}"

    # Text

    def render(self, tokens: Sequence[Token]) -> Text:
        return resolved(tokens, self)

    def inline(self, text: str, line: int) -> Text:
        token = self._markdown.parseInline(text)[0]
        for offset, message in literal_markup(token):
            self.problems.add(line + offset, message)
        for child in token.children or ():
            child.map = [line - 1, line]
        return self._inline_tokens(token)

    def foreign_inline(self, text: str, line: int, problems: FileProblems) -> Text:
        """Resolve inline Markdown from another file; report its mistakes there."""
        own, self.problems = self.problems, problems
        try:
            return self.inline(text, line)
        finally:
            self.problems = own

    def caption(self, node: DirectiveNode) -> Text:
        """The body of a directive as a caption: paragraphs without their tags."""
        tokens: list[Token] = []
        for part in node.text:
            if not isinstance(part, TextNode):
                self.problems.add(part.line, f"the body of {node.name} is a caption: text")
                continue
            if tokens:
                tokens.append(plain(" "))
            single = part.tokens[0].type == "paragraph_open"
            tokens += part.tokens[1].children or () if single else part.tokens
        return resolved(tokens, self)

    def _inline_tokens(self, inline: Token) -> Text:
        return resolved(inline.children or (), self)

    def math(self, tex: str, line: int, *, display: bool = False) -> Formula:
        """Typeset an equation; if it is broken, report that and return an empty one."""
        try:
            return self.resources.mathematics.set(tex, display=display, symbols=self.symbols)
        except BrokenTex as error:
            self.problems.add(line + error.line, error.message)
            return Formula(tex)

    def picture(self, name: str, alt: str, line: int) -> Token | None:
        if not alt.strip():
            self.problems.add(line, f"picture {name!r} has no alt text: say what it shows")
        if name.startswith(EXTERNAL):
            why = "pages load nothing from other hosts: put the picture in images/, or leave it out"
            self.problems.add(line, f"{why}; got {cut(name)}")
            return None
        pictures = self.resources.pictures
        folder = f"{self.scope}/images" if self.page else "images"
        try:
            place = name.removeprefix("images/")
            id = f"picture-{self.page.replace('/', '-')}-{line}"
            return pictures.picture(f"{folder}/{place}", self.plain(alt, line), id)
        except FileNotFoundError:
            names = accepted_names(name, pictures.names(folder))
            self.problems.add(line, f"no picture {name!r} in {folder}/. {names}")
        except ValueError as error:
            self.problems.add(line, str(error))
        return None

    def drawing(self, node: DirectiveNode, svg: str, alt: str) -> Text:
        """Store a Matplotlib figure as a file; return its picture."""
        width, height = (round(4 / 3 * points) for points in size_of(svg))
        file = self.resources.pictures.file
        return Text((file(self.id_of(node), ".svg", svg.encode(), (width, height), alt),))

    # Side notes

    @contextmanager
    def collecting_notes(self) -> Iterator[list[SideNote]]:
        """The notes called while the block runs, in order."""
        outer, self._notes = self._notes, []
        try:
            yield self._notes
        finally:
            self._notes = outer

    def note_mark(self, label: str, line: int) -> Iterable[Token]:
        """Return a note's mark; add the note itself to the block around it."""
        definition = self._document.notes.get(label)
        if definition is None:
            names = accepted_names(label, self._document.notes)
            self.problems.add(line, f"note [^{label}] is not defined. {names}")
            return ()
        if label in self._note_ids:
            self.problems.add(line, f"note [^{label}] is already called: a note has one place")
            return ()
        if self._notes is None:
            self.problems.add(line, f"note [^{label}] can only be called from running text")
            return ()
        number = self._notes_before + len(self._note_ids) + 1
        note = SideNote(f"note-{number}", number, Text())
        self._note_ids[label] = note
        notes, self._notes = self._notes, None
        tokens = definition.tokens
        single = len(tokens) == 3 and tokens[0].type == "paragraph_open"
        html = self._inline_tokens(tokens[1]) if single else self.render(tokens)
        self._notes = notes
        notes.append(SideNote(note.id, number, html))
        mark, id = [plain(str(number))], f"{note.id}-ref"
        link = element("a", mark, Address(self.page, note.id), class_="note-ref", id=id)
        return element("sup", link)

    # Places

    def target(self, label: str, line: int) -> Target | None:
        """Return a label's target; if there is none, report that and return None."""
        target = self.resources.labels.find(label)
        if target is None:
            if not self.resources.labels.are_lost:
                self.problems.add(line, self.resources.labels.why_missing(label))
            return None
        if target.outside is None:
            place = self.problems.place(self.problems.path, line)
            self.resources.labels.unlinked[place] = None
        opens = self.opens(target)
        if opens is not None and opens.moment is None:
            state = "a draft" if opens.word == "draft" else opens.word
            self.problems.add(
                line,
                f"{label!r} is {state} ({opens.path}:{opens.line}), and what refers to it is not",
            )
            return None
        return target

    def opens(self, target: Target) -> Day | None:
        """When a target opens, if that is later than the text that refers to it; else None."""
        return self.resources.labels.opens(target.label, self.day)

    def link(self, href: str, line: int) -> tuple[Address | None, Day | None]:
        """Check a link inside the book; return its address and when that opens."""
        file, _, label = href.partition("#")
        page: str | None = self.page
        if file:
            pages = self.resources.pages
            path = posixpath.normpath(posixpath.join(self.problems.path.parent.as_posix(), file))
            page = pages.get(path.partition("/")[2])
            left_out = self.resources.labels.find(label or document_label(file, self.scope))
            if page is None and left_out and left_out.path.as_posix() == path:
                page = left_out.page
            if page is None:
                names = accepted_names(file, pages)
                self.problems.add(line, f"link to {href!r} leads nowhere. {names}")
                return None, None
            if not label and not page:
                return Address(page), None
            label = label or page_label(page)
        target = self.target(label, line)
        if target is None:
            return None, None
        if target.page != page and target.label not in self.resources.labels.twice:
            self.problems.add(
                line, f"label {label!r} is in {target.path}, not where {href!r} leads"
            )
        return target.address, self.opens(target)

    def cite(self, key: str, line: int) -> Link | None:
        """Return a link to a source; None if its entry is invalid or missing (then reported)."""
        bibliography = self.resources.bibliography
        if key in bibliography.wrong:
            return None
        if key not in bibliography:
            names = accepted_names(key, bibliography.keys())
            self.problems.add(line, f"no source {key!r} in references.bib. {names}")
            return None
        bibliography.use(key, self.place)
        self.cited.add(key)
        return bibliography.link(key)

    def cited_links(self, keys: Iterable[str], line: int) -> tuple[Link, ...]:
        links = (self.cite(key, line) for key in keys)
        return tuple(link for link in links if link is not None)

    def term(self, words: str, name: str, line: int) -> Iterable[Token]:
        """Mark a term as defined at its first use; later, link to its definition."""
        glossary = self.resources.glossary
        if glossary is None:
            return element("dfn", [plain(words)], class_="term")
        if name not in glossary.entries:
            self.problems.add(
                line, f"no term {name!r} in glossary.toml. {accepted_names(name, glossary.entries)}"
            )
            return ()
        id = glossary.entries[name].id
        if glossary.define(name, replace(self.place, url=Address(self.page, id))):
            return element("dfn", [plain(words)], class_="term", id=id)
        return element("a", [plain(words)], Address("glossary", id), class_="term")

    def quoted(self, content: str, line: int) -> Iterable[Token]:
        """Return a number with its card; if there is none, report that and return nothing."""
        if (number := self._number(content, line)) is None:
            return ()
        place = self.problems.place(number.path, number.line)
        card = {"value": str(number.value), "data-code": number.code, "data-place": place}
        return element("data", [plain(number.text)], class_="quoted", **card)

    def plain(self, text: str, line: int) -> str:
        """Fill in the numbers that text without markup quotes, such as a picture's alt text."""

        def written(match: re.Match[str]) -> str:
            number = self._number(match[1], line)
            return number.text if number else ""

        return QUOTED.sub(written, text)

    def _number(self, content: str, line: int) -> Number | None:
        shared, numbers = self.resources, self._numbers
        shared.asked[Asked(self.scope, self.problems.path, line, content)] = None
        if numbers is None:
            self.problems.add(line, "only the text of a chapter can quote a number")
            return None
        try:
            return numbers.number(content)
        except NumberError as error:
            if not (shared.computing or numbers.stale):  # stale numbers are reported once
                self.problems.add(line, f"{error}{numbers.elsewhere(content, shared.numbers)}")
            return None

    def recorded(self, label: str) -> tuple[Recorded, ...]:
        """The output recorded for a snippet, if it was made from the present code."""
        recording = self._recorded.get(label)
        return recording.outputs if recording is not None else ()


Maker: TypeAlias = Callable[[DirectiveNode, Composer], Block | None]
"""Makes the block of one directive."""


@dataclass(frozen=True)
class Directive(Syntax):
    """A directive: its syntax, and how it becomes a block.

    Attributes
    ----------
    run : makes the block, or raises a :class:`Mistake`; None for a part of another directive,
        because its parent makes it
    notebook : its form in a notebook
    """

    run: Maker | None = None
    notebook: Form = remark
