"""Markdown that remembers the source of each line and the lines of its labels."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from latentbook.book.read.options import as_label
from latentbook.book.read.parse import make_markdown, source_lines

OPTION_LABEL = re.compile(r":(?:label|name):\s+(\S+)\s*$")
NOTE = re.compile(r"\[\^([^\]\s]+)\]")
NOTE_DEFINITION = re.compile(NOTE.pattern + ":")


@dataclass(frozen=True)
class Region:
    """The lines of a label, from ``start`` up to ``end``, counted from 0."""

    start: int
    end: int


class SourcedText:
    """Lines of text, each with its source file and line."""

    def __init__(self, lines: Sequence[str], origins: Sequence[tuple[str, int]]) -> None:
        self.lines = list(lines)
        self.origins = list(origins)

    @classmethod
    def of(cls, text: str, shown: Path) -> SourcedText:
        lines = source_lines(text)
        return cls(lines, [(shown.as_posix(), nth) for nth in range(1, len(lines) + 1)])

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def whole(self) -> Region:
        return Region(0, len(self.lines))

    def put(self, region: Region, text: SourcedText | None) -> None:
        """Replace some lines with another text, or remove them."""
        self.lines[region.start : region.end] = text.lines if text else []
        self.origins[region.start : region.end] = text.origins if text else []

    def insert(self, line: int, text: SourcedText) -> None:
        path, first = text.origins[0]
        origins = [(path, max(first - 1, 1)), *text.origins, text.origins[-1]]
        self.put(Region(line, line), SourcedText(["", *text.lines, ""], origins))

    def source(self, region: Region) -> str:
        return "\n".join(self.lines[region.start : region.end]).rstrip()

    def regions(self) -> dict[str, Region]:
        """The lines of each label of the page: its complete block with nested ones."""
        markdown = make_markdown()
        return dict(_regions(markdown.parse(self.text, {}), markdown, len(self.lines)))

    def drop_lost_notes(self) -> None:
        """Remove notes that nothing calls any more."""
        calls = [line for line in self.lines if not NOTE_DEFINITION.match(line)]
        called = NOTE.findall("\n".join(calls))
        tokens = make_markdown().parse(self.text, {})
        for token in reversed([t for t in tokens if t.type == "footnote_reference_open"]):
            if token.map and token.meta["label"] not in called:
                self.put(Region(*token.map), None)


def digest(text: str) -> str:
    """SHA-256 of a text, by which a course identifies what it replaced."""
    return hashlib.sha256(text.encode()).hexdigest()


def _regions(
    tokens: Sequence[Token], markdown: MarkdownIt, length: int
) -> Iterator[tuple[str, Region]]:
    headings: list[tuple[str, int, int]] = []  # label, level, line
    target: tuple[str, int] | None = None
    start = depth = 0
    for index, token in enumerate(tokens):
        depth += token.nesting
        if depth:
            continue
        first, start = tokens[start], index + 1
        if first.map is None or first.type == "front_matter":
            continue
        begin, end = first.map
        if first.type == "myst_target":
            target = (as_label(first.content), begin)
            continue
        label = as_label(_label(first))
        if target is not None and not label:
            label, begin = target
        target = None
        if first.type == "heading_open":
            headings.append((label, int(first.tag[1]), begin))
        elif label:
            yield label, Region(begin, end)
        if first.type == "colon_fence":
            # Leading blank lines preserve the page's line numbers.
            inner = markdown.parse("\n" * (first.map[0] + 1) + first.content, {})
            yield from _regions(inner, markdown, end)
    for nth, (label, level, begin) in enumerate(headings):
        following = (line for _, other, line in headings[nth + 1 :] if other <= level)
        if label:
            yield label, Region(begin, next(following, length))


def _label(token: Token) -> str:
    if token.type == "heading_open":
        return str(token.meta.get("label", ""))
    if token.type == "math_block_label":
        return token.info
    if token.type in ("colon_fence", "fence") and token.info.strip().startswith("{"):
        for line in token.content.split("\n"):
            if not line.startswith(":"):
                break
            if match := OPTION_LABEL.match(line):
                return match[1]
    return ""
