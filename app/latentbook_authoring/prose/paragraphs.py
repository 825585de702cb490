"""Paragraphs and takeaways with more numbers or words than a reader can follow."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from latentbook.book.read.nodes import DirectiveNode, Document, TextNode
from latentbook.book.read.sentences import SENTENCE_END, words_of


@dataclass(frozen=True)
class Limits:
    """Limits for one piece of text; ``sentence`` is in words."""

    numbers: int
    words: int
    sentence: int


PARAGRAPH, TAKEAWAY = Limits(8, 150, 40), Limits(3, 40, 40)
IN_A_SENTENCE, IN_THE_FIRST = 4, 2
"""Numbers in one sentence, and in a paragraph's first: more are often too many."""
MEANT = re.compile(r"meant: *\S")
"""A comment that says why a paragraph must not change."""

NUMBER = re.compile(r"(?<!\w)(?<!\w-)\d+(?:[.,]\d+)*(?:\s*[×x]\s*\d+(?:[.,]\d+)*)*(?!\w)")
"""A number that is not in a name such as MNIST-1D."""


@dataclass(frozen=True)
class Paragraph:
    line: int
    text: str
    limits: Limits = PARAGRAPH
    comment: str = ""

    @property
    def sentences(self) -> list[str]:
        return SENTENCE_END.split(self.text)

    @property
    def numbers(self) -> int:
        return numbers(self.text)

    @property
    def words(self) -> int:
        return len(self.text.split())

    @property
    def longest_sentence(self) -> int:
        return max(len(each.split()) for each in self.sentences)

    @property
    def faults(self) -> str:
        """The limits that it exceeds; empty if none."""
        found, most = [], self.limits
        if self.numbers > most.numbers:
            found.append(f"{self.numbers} numbers (at most {most.numbers})")
        if self.words > most.words:
            found.append(f"{self.words} words (at most {most.words})")
        if self.longest_sentence > most.sentence:
            longest = f"a sentence of {self.longest_sentence} words"
            found.append(f"{longest} (at most {most.sentence})")
        return ", ".join(found)

    @property
    def doubts(self) -> str:
        """Parts that are often too much; empty if a comment says that they are meant."""
        if self.limits is TAKEAWAY or MEANT.match(self.comment):
            return ""
        found, sentences = [], self.sentences
        if (first := numbers(sentences[0])) > IN_THE_FIRST:
            found.append(f"{first} numbers in its first sentence (better {IN_THE_FIRST})")
        if (most := max(map(numbers, sentences))) > IN_A_SENTENCE:
            found.append(f"{most} numbers in a sentence (better {IN_A_SENTENCE})")
        if any(map(in_brackets, sentences)):
            found.append("a sentence in brackets")
        return ", ".join(found)


def numbers(text: str) -> int:
    return len(NUMBER.findall(text))


def in_brackets(sentence: str) -> bool:
    """Whether all of a sentence is in brackets; splitting may have removed the closing one."""
    return sentence.startswith("(") and (
        sentence.endswith(")") or sentence.count("(") > sentence.count(")")
    )


def dense_paragraphs(document: Document) -> Iterator[tuple[int, str]]:
    """Yield the line of every paragraph over a limit, and the limits that it exceeds.

    Only running text and takeaways count, not tables, captions, folds, margins or questions. A
    formula, a reference and a computed number are one word each.
    """
    for paragraph in paragraphs(document):
        if paragraph.faults:
            yield paragraph.line, paragraph.faults


def doubtful_paragraphs(document: Document) -> Iterator[tuple[int, str]]:
    """Yield the line of every paragraph to reconsider, and the reason.

    A comment above it, ``% meant: the reason``, marks it as reconsidered.
    """
    for paragraph in paragraphs(document):
        if paragraph.doubts:
            yield paragraph.line, paragraph.doubts


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
            if text := words_of(token):
                yield Paragraph(line, text, limits, node.comment)
        before = token.type
