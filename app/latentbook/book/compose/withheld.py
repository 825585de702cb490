"""Remove withheld content from the chapters before anything is generated from them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import widgets
from latentbook.base.files import Files
from latentbook.book.compose.labels import has_label
from latentbook.book.read.contents import WIDGETS
from latentbook.book.read.day import Day, latest
from latentbook.book.read.nodes import (
    DirectiveNode,
    Document,
    Node,
    NoteNode,
    TextNode,
    directives,
    walk,
)
from latentbook.book.read.recordings import NUMBERS, Recording, Recordings, code_hashes
from latentbook.book.read.schedule import Days
from latentbook.book.read.source import ChapterSource, PageSource
from latentbook.book.read.sources import sources

QUOTED = re.compile(r"""["'](\w+)["']""")
"""Quoted words in code, which may name data files."""


@dataclass(frozen=True)
class Piece:
    """A page, or a part of one, that opens on one day."""

    page: PageSource
    day: Day


@dataclass
class Closed:
    """Chapters, divided into open and withheld content.

    Attributes
    ----------
    sources : the open part of each chapter
    pieces : the withheld content
    labels : the day of each withheld label
    """

    sources: list[ChapterSource] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    labels: dict[str, Day] = field(default_factory=dict)

    @property
    def unanswered(self) -> set[str]:
        """The open questions whose answers are withheld."""
        nodes = (node for piece in self.pieces for node in piece.page.document.nodes)
        return {node.label for node in nodes if has_label(node)} - self.labels.keys()


def set_apart(chapters: Iterable[ChapterSource], days: Days) -> Closed:
    closed = Closed()
    for chapter in chapters:
        before = len(closed.pieces)
        pages = tuple(_open_pages(chapter, days, closed))
        if len(closed.pieces) == before:
            closed.sources.append(chapter)
        elif pages:
            kept = replace(chapter, pages=pages, recordings=_recordings(chapter, pages))
            closed.sources.append(kept)
    return closed


def _open_pages(chapter: ChapterSource, days: Days, closed: Closed) -> Iterator[PageSource]:
    whole = days.places.get(chapter.entry.slug)
    for page in chapter.pages:
        names = dict.fromkeys((page.section, page.label) if page.name else ())
        day = latest(whole, *map(days.places.get, names))
        inner: list[tuple[DirectiveNode, Day]] = []
        nodes = _open_nodes(page.document.nodes, day, days, inner, closed.labels)
        rest = with_nodes(page, nodes, [node for node, _ in inner]) if inner else page
        without_cards = replace(page, cards=())
        closed.pieces += [Piece(with_nodes(without_cards, (node,)), its) for node, its in inner]
        if day is None:
            yield rest
            continue
        closed.pieces.append(Piece(rest, day))
        closed.labels |= {each: day for each in (page.label, *_labels([*nodes, *page.cards]))}


def _open_nodes(
    nodes: Sequence[Node],
    day: Day | None,
    days: Days,
    inner: list[tuple[DirectiveNode, Day]],
    labels: dict[str, Day],
) -> tuple[Node, ...]:
    """Remove questions and answers that open later than the nodes around them.

    Add them to ``inner``, and their labels to ``labels``.
    """
    kept: list[Node] = []
    for node in nodes:
        if not isinstance(node, DirectiveNode):
            kept.append(node)
        elif (withhold := node.syntax.withhold) is None:
            body = _open_nodes(node.nodes, day, days, inner, labels)
            kept.append(node if body == node.nodes else replace(node, nodes=body))
        else:
            asked = latest(day, days.places.get(node.label))
            answered = latest(asked, days.answers.get(node.label))
            question = node
            if answered is not None and answered is not asked:
                inner.append((node, answered))
                labels |= dict.fromkeys(_labels((node,)), answered)
                question = withhold(node, answered)
                for label in _labels((question,)):
                    del labels[label]
            if asked is day:
                kept.append(question)
            elif asked is not None:
                inner.append((question, asked))
                labels |= dict.fromkeys(_labels((question,)), asked)
    return tuple(kept)


def _labels(nodes: Iterable[Node]) -> set[str]:
    return {node.label for node in walk(nodes) if has_label(node) and node.label}


def with_nodes(
    page: PageSource, nodes: tuple[Node, ...], without: Sequence[Node] | None = None
) -> PageSource:
    """Return a page with these nodes and the notes they call.

    With ``without``, remove only the notes that it alone calls.
    """
    document = page.document
    called = _called(nodes)
    gone = document.notes.keys() - called
    if without is not None:
        gone &= _called(without)
    notes: dict[str, NoteNode] = {
        label: note for label, note in document.notes.items() if label not in gone
    }
    return replace(page, document=Document(document.front, document.front_lines, nodes, notes))


def _called(nodes: Iterable[Node]) -> set[str]:
    tokens = [token for node in walk(nodes) if isinstance(node, TextNode) for token in node.tokens]
    return {
        str(child.meta["label"])
        for token in tokens
        for child in token.children or ()
        if child.type == "footnote_ref"
    }


def _recordings(chapter: ChapterSource, pages: Sequence[PageSource]) -> Recordings:
    """Return the outputs of the remaining snippets, as recorded in the complete chapter."""
    recorded = chapter.recordings.all_current(chapter.nodes)
    hashes = code_hashes([node for page in pages for node in page.document.nodes])
    kept = {
        label: recorded[label].model_copy(update={"code": hash})
        for label, hash in hashes.items()
        if label in recorded
    }
    whole = chapter.recordings
    return Recordings(kept | _numbers(whole.by_label), _numbers(whole.book))


def _numbers(recorded: Mapping[str, Recording]) -> dict[str, Recording]:
    return {NUMBERS: recorded[NUMBERS]} if NUMBERS in recorded else {}


def files_apart(files: Files, closed: Closed) -> frozenset[str]:
    """List the files of instruments that only withheld content shows: ``widgets/NAME.py``, data.

    Parameters
    ----------
    files : of the instruments
    """
    shut = [node for piece in closed.pieces for node in piece.page.document.nodes]
    shown = [node for source in closed.sources for node in source.nodes]
    apart = _instruments(shut) - _instruments(shown)
    if not apart:
        return frozenset()
    snippets = "\n".join(node.code for node in walk(shown) if isinstance(node, DirectiveNode))
    modules = {place for name in apart for place in sources(files, name) if place.endswith(".py")}
    for name in set(widgets.WIDGETS) - apart:
        modules.difference_update(sources(files, name))
    words = set(re.findall(r"\w+", snippets))
    modules = {place for place in modules if Path(place).stem not in words}
    code = {place: files.data(place).decode() for place in files if place.endswith(".py")}
    own = "\n".join(text for place, text in code.items() if place in modules)
    others = "\n".join(text for place, text in code.items() if place not in modules)
    named = set(QUOTED.findall(own)) - set(QUOTED.findall(others + snippets))
    data = {place for place in files.inside("data") if Path(place).stem in named}
    return frozenset(f"{WIDGETS}/{place}" for place in modules | data)


def _instruments(nodes: Iterable[Node]) -> set[str]:
    found = directives(nodes, "instrument", "quiz")
    names = {str(node.options.get("instrument", node.argument)) for node in found}
    return names & set(widgets.WIDGETS)
