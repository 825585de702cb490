"""A plugin for books on history: a timeline, a check of the text, and dates in snippets."""

from dataclasses import dataclass
from typing import ClassVar

from latentbook.base.errors import Mistake
from latentbook.book.compose.blocks import Block
from latentbook.book.compose.compose import Composer, Directive
from latentbook.book.read.nodes import DirectiveNode, TextNode, walk
from latentbook.hooks import CellOutput, PageCheck, hookimpl


@dataclass(frozen=True)
class Timeline(Block):
    """Events in order: pairs of a year and words."""

    kind = "timeline"
    said = ("words",)  # what search finds
    events: tuple[tuple[int, str], ...]
    words: str
    markup: ClassVar[str] = """
      <ol>{% for year, event in block.events %}
        <li><b>{{ year }}</b> {{ event }}</li>
      {% endfor %}</ol>
    """
    style: ClassVar[str] = """
      .timeline ol { list-style: none; padding-inline-start: 1em; border-inline-start: 2px solid; }
    """


def timeline(node: DirectiveNode, composer: Composer) -> Timeline:
    events = [line.partition(": ") for line in node.code.splitlines()]
    if wrong := [year for year, _, event in events if not (year.isdigit() and event)]:
        raise Mistake(node.line, f"a line of a timeline is like 1453: event; got {wrong[0]!r}")
    pairs = tuple(sorted((int(year), event) for year, _, event in events))
    return Timeline(pairs, node.code)


@hookimpl
def blocks():
    return [Directive(name="timeline", body="code", run=timeline)]


@hookimpl
def checks():
    return [PageCheck("nowadays", "Only list what will be out of date.", faults)]


def faults(page):
    """The line and the sentence of each fault of a page."""
    for node in walk(page.document.nodes):
        if isinstance(node, TextNode) and "nowadays" in node.source.lower():
            yield node.line, "'nowadays' is soon wrong: give the year"


@hookimpl
def outputs():
    return [CellOutput("datetime.date", "text/html", day)]


def day(value):
    """A date in words. The page gets this function alone, so it imports here what it needs."""
    return f"<p>{value.day} {value:%B %Y}</p>"
