"""Text that people type or upload: clean when it comes in, harmless in CSV that goes out."""

import csv
import re
import unicodedata
from collections.abc import Iterable, Sequence
from io import StringIO

from latentbook.book.translations.language import message
from latentbook.classroom.refused import Refused

LONGEST = 120
REFUSED_CATEGORIES = ("Cc", "Cs", "Co", "Cn", "Zl", "Zp")
REVERSING = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that show the text after them in another order."""
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
CELL = re.compile(r"(?<=[;\t])(?=\s*[=+\-@＝＋－＠])")
"""Where a formula begins for a spreadsheet whose language separates cells by semicolons."""


def clean(text: str, *, is_needed: bool = True) -> str:
    """A name as it is stored: in one form of Unicode and without spaces around it.

    Raises
    ------
    Refused
        If it is too long, has characters that nobody sees, or has nothing that anybody does
    """
    # Putting accents in order takes a time that grows with the square of their number.
    composed = unicodedata.normalize("NFC", text) if len(text) <= 10 * LONGEST else text
    cleaned = " ".join(composed.split(" ")).strip()
    if len(cleaned) > LONGEST:
        why = message("At most %(limit)s characters are accepted. Received %(count)s.")
        raise Refused(422, why, limit=LONGEST, count=len(cleaned))
    if any(unicodedata.category(c) in REFUSED_CATEGORIES or c in REVERSING for c in cleaned):
        raise Refused(422, message("Characters that nobody sees are not accepted."))
    if is_needed and not any(unicodedata.category(c)[0] in "LNPS" for c in cleaned):
        raise Refused(422, message("A name is needed."))
    return cleaned


def harmless(cell: str) -> str:
    """A cell that no spreadsheet runs: an apostrophe precedes what might be a formula."""
    cell = CELL.sub("'", cell)
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def csv_of(rows: Iterable[Sequence[str]]) -> str:
    """A CSV file. It begins with a byte order mark, without which Excel reads no UTF-8."""
    table = StringIO()
    csv.writer(table).writerows([harmless(cell) for cell in row] for row in rows)
    return f"\ufeff{table.getvalue()}"
