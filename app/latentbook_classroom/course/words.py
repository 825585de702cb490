"""Text that people type or upload: cleaned on input, made harmless in CSV output."""

import csv
import re
import unicodedata
from collections.abc import Iterable, Sequence
from io import StringIO

from latentbook.book.translations.language import message
from latentbook_classroom.course.refused import Refused

LONGEST = 120
REFUSED_CATEGORIES = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0\U0001d159"
SPACES = re.compile("[ \xa0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
VARIANT = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Selects another form of the character before it."""
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
CELL = re.compile(r"(?<=[;\t])(?=\s*[=+\-@＝＋－＠])")
"""Start of a formula for spreadsheets whose language separates cells by semicolons."""


def clean(text: str, *, is_needed: bool = True) -> str:
    """Normalise a name for storage: one form of Unicode, no surrounding spaces.

    Raises
    ------
    Refused
        If it is too long, contains invisible characters, or contains no visible ones
    """
    # The time to sort accents grows with the square of their number.
    composed = unicodedata.normalize("NFC", text) if len(text) <= 10 * LONGEST else text
    cleaned = SPACES.sub(" ", composed).strip()
    if len(cleaned) > LONGEST:
        why = message("At most %(limit)s characters are accepted. Received %(count)s.")
        raise Refused(422, why, limit=LONGEST, count=len(cleaned))
    if any(map(is_hidden, f" {cleaned}", cleaned, f"{cleaned[1:]} ")):
        raise Refused(422, message("Characters that nobody sees are not accepted."))
    if is_needed and not any(unicodedata.category(c)[0] in "LNPS" for c in cleaned):
        raise Refused(422, message("A name is needed."))
    return cleaned


def is_hidden(before: str, character: str, after: str) -> bool:
    """Whether a character is invisible. A joiner is visible next to the virama of Indian scripts,
    between Arabic letters (U+200C) and between emoji (U+200D). A variant is visible after emoji
    and CJK.
    """
    follows_emoji = unicodedata.category(before) == "So" or "\U0001f3fb" <= before <= "\U0001f3ff"
    if character in "\u200c\u200d" and 9 in map(unicodedata.combining, (before, after)):
        return False
    if character == "\u200c":
        return {unicodedata.bidirectional(c) for c in (before, after)} != {"AL"}
    if character == "\u200d":
        return unicodedata.category(after) != "So" or not (follows_emoji or before == "\ufe0f")
    if VARIANT.match(character):
        return not (follows_emoji or unicodedata.name(before, "").startswith("CJK"))
    return character in BLANK or unicodedata.category(character) in REFUSED_CATEGORIES


def harmless(cell: str) -> str:
    """Make a cell safe for spreadsheets: put an apostrophe before a possible formula."""
    cell = CELL.sub("'", cell)
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def csv_of(rows: Iterable[Sequence[str]]) -> str:
    """A CSV file. It begins with a byte order mark, which Excel needs to read UTF-8."""
    table = StringIO()
    csv.writer(table).writerows([harmless(cell) for cell in row] for row in rows)
    return f"\ufeff{table.getvalue()}"
