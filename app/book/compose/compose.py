"""Nodes of one chapter to blocks: labels resolved, text set, directives run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from markdown_it.token import Token

from app.book.compose.blocks import Block, Equation, Heading, Prose
from app.book.compose.labels import Labels, Target
from app.book.compose.math import BrokenTex, Mathematics
from app.book.compose.pictures import Pictures
from app.book.compose.pieces import Html, Link, SideNote
from app.book.compose.prose import ProseRenderer
from app.book.compose.stills import Stills
from app.book.media import Media
from app.book.read.bibliography import Bibliography
from app.book.read.facts import FactLedger
from app.book.read.manifest import FRONT
from app.book.read.markdown import make_markdown
from app.book.read.nodes import DirectiveNode, Document, EquationNode, HeadingNode, Node, TextNode
from app.book.read.problems import FileProblems
from app.book.read.recordings import Recorded, Recordings, code_hashes
from app.book.types import Section
from app.errors import accepted_names


@dataclass(frozen=True)
class Resources:
    """What the chapters of one book share."""

    slugs: tuple[str, ...]  # every chapter, and the front page
    labels: Labels
    bibliography: Bibliography
    facts: FactLedger
    mathematics: Mathematics
    media: Media
    pictures: Pictures
    stills: Stills


class Composer:
    """Makes the blocks of one chapter. Directives use it for all that is not theirs alone."""

    def __init__(
        self,
        resources: Resources,
        slug: str,
        document: Document,
        recordings: Recordings,
        problems: FileProblems,
        root: str,
    ) -> None:
        self.resources = resources
        self.slug = slug
        self.problems = problems
        self.root = root
        self._recordings = recordings
        self._code_hashes = code_hashes(document.nodes)
        self.cited: set[str] = set()
        title = str(document.front.get("title", ""))
        self.place = Link(self.own_url(""), title)  # the section that is being made
        self._document = document
        self._markdown = make_markdown()
        self._renderer = ProseRenderer()
        self._notes: list[SideNote] | None = None
        self._note_ids: dict[str, SideNote] = {}

    # Structure

    def chapter(self) -> tuple[tuple[Block, ...], tuple[Section, ...]]:
        """The blocks before the first section, and the sections."""
        groups: list[list[Node]] = [[]]
        for node in self._document.nodes:
            if isinstance(node, HeadingNode) and node.level == 2:
                groups.append([])
            groups[-1].append(node)
        lead = self.blocks(groups[0])
        sections = tuple(self._section(group) for group in groups[1:])
        for label, note in self._document.notes.items():
            if label not in self._note_ids:
                self.problems.add(note.line, f"nothing refers to note [^{label}]")
        return lead, sections

    def _section(self, group: Sequence[Node]) -> Section:
        heading = group[0]
        assert isinstance(heading, HeadingNode)
        label = self.resources.labels.heading_id(self.slug, heading.line)
        number = self.resources.labels.number(self.slug, heading.line)
        title = self.text_of(heading.inline)
        self.place = Link(self.own_url(label), title, number)
        html = self._inline_tokens(heading.inline)
        return Section(label, number, html, title, self.blocks(group[1:]))

    def blocks(self, nodes: Iterable[Node]) -> tuple[Block, ...]:
        """The blocks of some nodes; what was wrong is left out and reported."""
        made = (self._block(node) for node in nodes)
        return tuple(block for block in made if block is not None)

    def _block(self, node: Node) -> Block | None:
        match node:
            case TextNode():
                with self.collecting_notes() as notes:
                    html = self.render(node.tokens)
                return Prose(html, tuple(notes)) if html.strip() else None
            case HeadingNode():
                label = self.resources.labels.heading_id(self.slug, node.line)
                html = self._inline_tokens(node.inline)
                return Heading(node.level, label, html, self.text_of(node.inline))
            case EquationNode():
                number = self.resources.labels.number(self.slug, node.line) if node.label else ""
                html = self.math(node.tex, node.line, display=True)
                return Equation(node.label, number, html, node.tex.strip())
            case DirectiveNode():
                if node.directive.run is None:
                    return None  # a part: its parent makes it
                return node.directive.run(node, self)

    def number(self, node: DirectiveNode) -> str:
        """The number of a directive."""
        return self.resources.labels.number(self.slug, node.line)

    def id_of(self, node: DirectiveNode) -> str:
        """A directive's label, or an id made from its number."""
        number = self.number(node).replace(".", "-") or str(node.line)
        return node.label or f"{node.directive.counts}-{number}"

    # Text

    def render(self, tokens: Sequence[Token]) -> Html:
        """Markup of block tokens."""
        env = {"composer": self}
        return Html(self._renderer.render(tokens, self._markdown.options, env))

    def inline(self, text: str, line: int) -> Html:
        """Markup of a line of Markdown that stands in an argument or a data file."""
        token = self._markdown.parseInline(text)[0]
        for child in token.children or ():
            child.map = [line - 1, line]
        return self._inline_tokens(token)

    def foreign_inline(self, text: str, line: int, problems: FileProblems) -> Html:
        """Markup of a line of Markdown that stands in another file, where mistakes are reported."""
        own, self.problems = self.problems, problems
        try:
            return self.inline(text, line)
        finally:
            self.problems = own

    def caption(self, node: DirectiveNode) -> Html:
        """The body of a directive as a caption: paragraphs without their tags."""
        parts = []
        for part in node.text:
            if not isinstance(part, TextNode):
                self.problems.add(
                    part.line, f"the body of {node.directive.name} is a caption: text"
                )
            elif part.tokens[0].type == "paragraph_open":
                parts.append(self._inline_tokens(part.tokens[1]))
            else:
                parts.append(self.render(part.tokens))
        return Html(" ").join(parts)

    def _inline_tokens(self, inline: Token) -> Html:
        env = {"composer": self}
        options = self._markdown.options
        return Html(self._renderer.renderInline(inline.children or [], options, env))

    def text_of(self, inline: Token) -> str:
        """The words of an inline token, for titles."""
        return "".join(
            " " if child.type == "softbreak" else child.content for child in inline.children or ()
        )

    def math(self, tex: str, line: int, *, display: bool = False) -> Html:
        """One equation, or nothing after reporting what is broken in it."""
        try:
            return self.resources.mathematics.set(tex, display=display)
        except BrokenTex as error:
            self.problems.add(line + error.line, error.message)
            return Html()

    def picture(self, name: str, alt: str, line: int) -> Html:
        """One picture, or nothing after reporting what is wrong with it."""
        if not alt.strip():
            self.problems.add(line, f"picture {name!r} has no alt text: say what it shows")
        pictures = self.resources.pictures
        try:
            place = name.removeprefix("images/")
            return pictures.picture(place, alt, self.root, f"picture-{line}")
        except FileNotFoundError:
            names = accepted_names(name, pictures.names())
            self.problems.add(line, f"no picture {name!r} in images/. {names}")
        except ValueError as error:
            self.problems.add(line, str(error))
        return Html()

    # Side notes

    @contextmanager
    def collecting_notes(self) -> Iterator[list[SideNote]]:
        """The notes called while the block runs, in order."""
        outer, self._notes = self._notes, []
        try:
            yield self._notes
        finally:
            self._notes = outer

    def note_mark(self, label: str, line: int) -> Html:
        """The mark of a note; the note itself goes to the block around it."""
        definition = self._document.notes.get(label)
        if definition is None:
            names = accepted_names(label, self._document.notes)
            self.problems.add(line, f"note [^{label}] is not defined. {names}")
            return Html()
        if label in self._note_ids:
            self.problems.add(line, f"note [^{label}] is already called: a note has one place")
            return Html()
        if self._notes is None:
            self.problems.add(line, f"note [^{label}] can only be called from running text")
            return Html()
        number = len(self._note_ids) + 1
        note = SideNote(f"note-{number}", number, Html())
        self._note_ids[label] = note
        notes, self._notes = self._notes, None
        tokens = definition.tokens
        single = len(tokens) == 3 and tokens[0].type == "paragraph_open"
        html = self._inline_tokens(tokens[1]) if single else self.render(tokens)
        self._notes = notes
        notes.append(SideNote(note.id, number, html))
        return Html(
            f'<sup><a class="note-ref" id="{note.id}-ref" href="#{note.id}">{number}</a></sup>'
        )

    # Places

    def own_url(self, label: str) -> str:
        """A place in this chapter, from a page one folder deep."""
        folder = "" if self.slug == FRONT else f"{self.slug}/"
        return f"../{folder}" + (f"#{label}" if label else "")

    def target(self, label: str, line: int) -> Target | None:
        """What a label stands for, or None after reporting that it stands for nothing."""
        target = self.resources.labels.targets.get(label)
        if target is None:
            names = accepted_names(label, self.resources.labels.targets)
            self.problems.add(line, f"no label {label!r} in the book. {names}")
        return target

    def place_url(self, target: Target) -> str:
        """The URL of a labelled thing from this page."""
        if target.slug == self.slug:
            return f"#{target.label}"
        folder = "" if target.slug == FRONT else f"{target.slug}/"
        return f"{self.root}{folder}#{target.label}"

    def link(self, href: str, line: int) -> str:
        """The URL of a link inside the book, after checking it."""
        file, _, label = href.partition("#")
        if file:
            slug = file.removesuffix(".md")
            if not file.endswith(".md") or slug not in self.resources.slugs:
                accepted = [f"{slug}.md" for slug in self.resources.slugs]
                names = accepted_names(file, accepted)
                self.problems.add(line, f"link to {href!r} leads nowhere. {names}")
                return ""
            if not label:
                return self.root + ("" if slug == FRONT else f"{slug}/")
        else:
            slug = self.slug
        target = self.target(label, line)
        if target is None:
            return ""
        if target.slug != slug:
            self.problems.add(line, f"label {label!r} is in {target.slug}.md, not in {slug}.md")
        return self.place_url(target)

    def cite(self, key: str, line: int) -> Link | None:
        """A link to a source, or None after reporting that there is none."""
        bibliography = self.resources.bibliography
        if key not in bibliography:
            names = accepted_names(key, bibliography.keys())
            self.problems.add(line, f"no source {key!r} in references.bib. {names}")
            return None
        bibliography.use(key, self.place)
        self.cited.add(key)
        return bibliography.link(key, self.root)

    def recorded(self, label: str) -> tuple[Recorded, ...]:
        """The output recorded for a snippet, if it was made from the code as it stands."""
        recording = self._recordings.current(label, self._code_hashes.get(label, ""))
        return recording.outputs if recording is not None else ()
