"""Numbers in prose that are neither computed nor cited."""

import re
from collections.abc import Iterable, Iterator

from markdown_it.token import Token

from latentbook.book.read.nodes import DirectiveNode, Document, HeadingNode, Node, TextNode
from latentbook.book.read.parse import make_markdown

NUMBER = re.compile(
    r"(?<![\w.,])(?<!\w-)(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?![\w]|[.,]\d)"
    r"(?P<unit>\s?(?:%|percent\b|nats?\b|(?:percentage )?points?\b))?"
)
LARGEST_PLAIN = 12
"""Whole numbers up to this one may count things that the reader can see."""

SENTENCE_END = re.compile(r"(?<=[.?!])[”’\"')*]*\s+")
SKIPPED = ("quiz", "fact", "instrument", "code-cell", "image")
CITED = "\N{OBJECT REPLACEMENT CHARACTER}"


def bare_numbers(document: Document) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of every bare number on a page.

    These are decimals, whole numbers over 12, and numbers before %, nats or points. Code,
    mathematics, questions, facts, sentences with a citation and ``given`` numbers do not count.
    """
    given = set(map(float, document.front.get("given", ())))
    markdown = make_markdown()
    standfirst = document.front.get("standfirst", "")
    line = document.front_lines.get("standfirst", 1)
    texts = [(line, token) for token in markdown.parseInline(standfirst)]
    texts += _texts(document.nodes)
    for note in document.notes.values():
        texts += _inline(note.tokens)
    for line, inline in texts:
        for number, place in _in_text("".join(map(_words, inline.children or ()))):
            if float(re.sub(r"[^\d.]", "", number)) not in given:
                yield line + place, number


def _texts(nodes: Iterable[Node]) -> Iterator[tuple[int, Token]]:
    for node in nodes:
        match node:
            case TextNode(tokens=tokens):
                yield from _inline(tokens)
            case HeadingNode(line=line, inline=inline):
                yield line, inline
            case DirectiveNode(name=name, argument=title) if name not in SKIPPED:
                yield node.line, make_markdown().parseInline(title)[0]
                if not (name.endswith("table") and "{cite" in title):  # its caption cites for all
                    yield from _texts(node.nodes)


def _inline(tokens: Iterable[Token]) -> Iterator[tuple[int, Token]]:
    for token in tokens:
        if token.type == "inline":
            yield (token.map[0] + 1 if token.map else 1), token


def _words(child: Token) -> str:
    if child.type == "myst_role" and child.meta["name"].startswith("cite"):
        return CITED
    if child.type == "softbreak":
        return "\n"
    return child.content if child.type == "text" else " "


def _in_text(text: str) -> Iterator[tuple[str, int]]:
    """The bare numbers of one paragraph, each with its line counted from 0."""
    start = 0
    for end in [*(match.end() for match in SENTENCE_END.finditer(text)), len(text)]:
        sentence = text[start:end]
        for found in NUMBER.finditer(sentence) if CITED not in sentence else ():
            number = found["number"]
            whole = "." not in number and int(number.replace(",", "")) <= LARGEST_PLAIN
            if found["unit"] or not whole:
                yield found[0], text.count("\n", 0, start + found.start())
        start = end
