"""Prevent line breaks between a number and its sign or unit."""

import re
from collections.abc import Sequence
from itertools import accumulate

from markdown_it.token import Token

from latentbook.book.compose.pieces import plain

NO_BREAK = "\N{NO-BREAK SPACE}"
UNITS = r"%|‰|°C?|×|px|pp|nats?|bits?|dB|[kMG]?Hz|[kKMGT]i?B|B|[mµμn]?s|min|h|[kcmµμn]?m|k?g"
JOINT = re.compile(rf"(?<=\d) (?=(?:{UNITS})(?!\w))|(?<=×) (?=\d)")
OTHER = "\N{OBJECT REPLACEMENT CHARACTER}"
"""Placeholder for code, pictures and everything else without text."""


def joined(tokens: Sequence[Token]) -> list[Token]:
    """Put no-break spaces between numbers and their signs or units in tokens of one level.

    Either may have markup, so the search covers the joined text of all tokens.
    """
    texts = [_text(token) for token in tokens]
    found = [match.start() for match in JOINT.finditer("".join(texts))]
    if not found:
        return list(tokens)
    made = []
    for token, text, end in zip(tokens, texts, accumulate(map(len, texts)), strict=True):
        start = end - len(text)
        if here := [at - start for at in found if start <= at < end]:
            for at in here:
                text = text[:at] + NO_BREAK + text[at + 1 :]
            token = plain(text) if token.type == "softbreak" else token.copy(content=text)
        made.append(token)
    return made


def _text(token: Token) -> str:
    """Return a token's text; placeholders replace the spaces of an equation to protect them."""
    match token.type:
        case "text":
            return token.content
        case "softbreak":
            return " "
        case "math_inline":
            return token.content.replace(" ", OTHER)
    return "" if token.nesting else OTHER
