"""Paragraphs and takeaways with more numbers or words than a reader can follow."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it.token import Token

from latentbook.book.read.nodes import DirectiveNode, Document, TextNode


@dataclass(frozen=True)
class Limits:
    """The most that one piece of text may have; ``sentence`` in words."""

    numbers: int
    words: int
    sentence: int


PARAGRAPH, TAKEAWAY = Limits(8, 150, 40), Limits(3, 40, 40)

NUMBER = re.compile(r"(?<!\w)(?<!\w-)\d+(?:[.,]\d+)*(?:\s*[×x]\s*\d+(?:[.,]\d+)*)*(?!\w)")
"""Not in a name, such as MNIST-1D."""
SENTENCE_END = re.compile(r"(?<=[.?!])[”’\"')*]*\s+(?=[“‘\"'(*]*[A-Z])")
FORMULA, QUOTED, NAME = "\N{OBJECT REPLACEMENT CHARACTER}", "0", "Name"
"""What stands for a formula, a computed number, and a reference, which may begin a sentence."""


@dataclass(frozen=True)
class Paragraph:
    line: int
    text: str
    limits: Limits = PARAGRAPH

    @property
    def numbers(self) -> int:
        return len(NUMBER.findall(self.text))

    @property
    def words(self) -> int:
        return len(self.text.split())

    @property
    def longest_sentence(self) -> int:
        return max(len(each.split()) for each in SENTENCE_END.split(self.text))

    @property
    def faults(self) -> str:
        """What it has too much of, or empty."""
        found, most = [], self.limits
        if self.numbers > most.numbers:
            found.append(f"{self.numbers} numbers (at most {most.numbers})")
        if self.words > most.words:
            found.append(f"{self.words} words (at most {most.words})")
        if self.longest_sentence > most.sentence:
            longest = f"a sentence of {self.longest_sentence} words"
            found.append(f"{longest} (at most {most.sentence})")
        return ", ".join(found)


def dense_paragraphs(document: Document) -> Iterator[tuple[int, str]]:
    """Yield the line of every paragraph over a limit, and what it has too much of.

    Only running text and takeaways count, not tables, captions, folds, margins or questions. A
    formula, a reference and a computed number are one word each.
    """
    for paragraph in paragraphs(document):
        if paragraph.faults:
            yield paragraph.line, paragraph.faults


def paragraphs(document: Document) -> Iterator[Paragraph]:
    for node in document.nodes:
        match node:
            case TextNode():
                yield from _paragraphs_of(node, PARAGRAPH)
            case DirectiveNode(name="takeaways", nodes=(TextNode() as inside,)):
                yield from _paragraphs_of(inside, TAKEAWAY)


def _paragraphs_of(node: TextNode, limits: Limits) -> Iterator[Paragraph]:
    before = ""
    for token in node.tokens:
        if token.type == "inline" and before == "paragraph_open":
            line = token.map[0] + 1 if token.map else node.line
            if text := "".join(map(_words, token.children or ())).strip():
                yield Paragraph(line, text, limits)
        before = token.type


def _words(child: Token) -> str:
    match child.type:
        case "text":
            return child.content
        case "softbreak" | "hardbreak":
            return " "
        case "math_inline" | "code_inline":
            return FORMULA
        case "myst_role":
            return _role(child)
    return ""


def _role(child: Token) -> str:
    match child.meta["name"]:
        case "num":
            return QUOTED
        case "term" | "abbr" | "sub" | "sup" | "kbd":
            return child.content.partition("<")[0]
        case "math":
            return FORMULA
    words, written, _ = child.content.partition("<")
    return words if written else NAME
