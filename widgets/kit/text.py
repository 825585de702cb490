"""A reader's words: normalised on input, and shown literally in figures.

static/js/instrument/controls/textbox.js normalises in the same way.
"""

import re
import unicodedata

DROPPED = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"  # control characters that are not white space
    "\u202a-\u202e\u2066-\u2069"  # would reverse the text around them
    "\ud800-\udfff\ufeff\ufffe\uffff]"  # surrogates and noncharacters
)
MOST_COMPOSED = 4
"""Most characters that NFC combines into one: alpha with two accents and an iota is U+1F82."""


def normal(text: str, limit: int) -> str:
    """A text in NFC, with single spaces between words, without control characters.

    Parameters
    ----------
    text : str
    limit : characters that are accepted; a much longer text is cut, but stays too long, because
        ordering accents takes time that grows with the square of their number
    """
    words = " ".join(DROPPED.sub("", text).split())
    return unicodedata.normalize("NFC", words[: MOST_COMPOSED * (limit + 1)])


def plain(text: str) -> str:
    """A text for :func:`widgets.kit.figures.label` that is shown literally: ``<b>`` is not markup.

    An invisible character (U+2060) follows each ``<`` and ``&``.

    Parameters
    ----------
    text : as the reader typed it
    """
    return re.sub("([<&])", "\\1\u2060", text)
