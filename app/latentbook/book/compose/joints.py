"""Where a line of text must not break: between a number and its sign or unit."""

import re
from collections.abc import Sequence
from itertools import accumulate

from markdown_it.token import Token

from latentbook.book.compose.pieces import plain

NO_BREAK = "\N{NO-BREAK SPACE}"
UNITS = r"%|‰|°C?|×|px|pp|nats?|bits?|dB|[kMG]?Hz|[kKMGT]i?B|B|[mµμn]?s|min|h|[kcmµμn]?m|k?g"
JOINT = re.compile(rf"(?<=\d) (?=(?:{UNITS})(?!\w))|(?<=×) (?=\d)")
OTHER = "\N{OBJECT REPLACEMENT CHARACTER}"
"""What stands for code, pictures and whatever else has no text."""


def joined(tokens: Sequence[Token]) -> list[Token]:
    """Tokens of one level, with a no-break space between a number and its sign or unit.

    Both may be marked up: the space is found in the text of all of them.
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
    """The text of a token in which no equation can be changed: its spaces are none of a line's."""
    match token.type:
        case "text":
            return token.content
        case "softbreak":
            return " "
        case "math_inline":
            return token.content.replace(" ", OTHER)
    return "" if token.nesting else OTHER
