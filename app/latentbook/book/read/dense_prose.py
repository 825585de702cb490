"""Paragraphs with more numbers or words than a reader can follow."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it.token import Token

from latentbook.book.read.nodes import Document, TextNode

MOST_NUMBERS, MOST_WORDS, LONGEST_SENTENCE = 8, 150, 40

NUMBER = re.compile(r"(?<!\w)(?<!\w-)\d+(?:[.,]\d+)*(?:\s*[×x]\s*\d+(?:[.,]\d+)*)*(?!\w)")
"""Not in a name, such as MNIST-1D."""
SENTENCE_END = re.compile(r"(?<=[.?!])[”’\"')*]*\s+(?=[“‘\"'(*]*[A-Z])")
FORMULA, QUOTED, NAME = "\N{OBJECT REPLACEMENT CHARACTER}", "0", "Name"
"""What stands for a formula, a computed number, and a reference, which may begin a sentence."""


@dataclass(frozen=True)
class Paragraph:
    line: int
    text: str

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
        found = []
        if self.numbers > MOST_NUMBERS:
            found.append(f"{self.numbers} numbers (at most {MOST_NUMBERS})")
        if self.words > MOST_WORDS:
            found.append(f"{self.words} words (at most {MOST_WORDS})")
        if self.longest_sentence > LONGEST_SENTENCE:
            longest = f"a sentence of {self.longest_sentence} words"
            found.append(f"{longest} (at most {LONGEST_SENTENCE})")
        return ", ".join(found)


def dense_paragraphs(document: Document) -> Iterator[tuple[int, str]]:
    """Yield the line of every paragraph over a limit, and what it has too much of.

    Only running text counts, not tables, captions, folds, margins, questions or takeaways. A
    formula, a reference and a computed number are one word each.
    """
    for paragraph in paragraphs(document):
        if paragraph.faults:
            yield paragraph.line, paragraph.faults


def paragraphs(document: Document) -> Iterator[Paragraph]:
    for node in document.nodes:
        if isinstance(node, TextNode):
            before = ""
            for token in node.tokens:
                if token.type == "inline" and before == "paragraph_open":
                    line = token.map[0] + 1 if token.map else node.line
                    if text := "".join(map(_words, token.children or ())).strip():
                        yield Paragraph(line, text)
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
