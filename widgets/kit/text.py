"""A reader's words: in one form when they come in, as they were typed when a figure shows them.

static/js/instrument/controls/textbox.js has the same form.
"""

import re
import unicodedata

DROPPED = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"  # control characters that are not white space
    "\u202a-\u202e\u2066-\u2069"  # would turn the text around them
    "\ud800-\udfff\ufeff\ufffe\uffff]"  # halves of characters, and what is none
)
MOST_COMPOSED = 4
"""Characters that NFC makes one of, at most: alpha with two accents and an iota is U+1F82."""


def normal(text: str, limit: int) -> str:
    """A text in NFC, with single spaces between words, without control characters.

    Parameters
    ----------
    text : str
    limit : characters that are accepted; of a text that is much longer, only so much is returned
        that it is seen to be too long, as putting accents in order takes a time that grows with the
        square of their number
    """
    words = " ".join(DROPPED.sub("", text).split())
    return unicodedata.normalize("NFC", words[: MOST_COMPOSED * (limit + 1)])


def plain(text: str) -> str:
    """A text for :func:`widgets.kit.figures.label` that is shown as it is: ``<b>`` is no markup.

    An invisible character (U+2060) follows each ``<`` and ``&``.

    Parameters
    ----------
    text : what a reader has typed
    """
    return re.sub("([<&])", "\\1\u2060", text)
