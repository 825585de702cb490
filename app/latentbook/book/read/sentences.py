"""The words and sentences of running text."""

import re

from markdown_it.token import Token

SENTENCE_END = re.compile(r"(?<=[.?!])[”’\"')*]*\s+(?=[“‘\"'(*]*[A-Z])")
FORMULA, QUOTED, NAME = "\N{OBJECT REPLACEMENT CHARACTER}", "0", "Name"
"""Placeholders for a formula, a computed number, and a reference that may begin a sentence."""


def words_of(inline: Token) -> str:
    return "".join(map(_words, inline.children or ())).strip()


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
