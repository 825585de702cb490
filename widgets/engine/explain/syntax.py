"""Code that Python cannot read."""

from __future__ import annotations

import linecache
import re
from collections.abc import Collection
from typing import Any

from widgets.engine.explain.place import MAX_MESSAGE
from widgets.engine.explain.rules import Explanation, as_reply, sentence

CHARACTERS = {
    **dict.fromkeys("“”„«»", '"'),
    **dict.fromkeys("‘’‚", "'"),
    **{"−": "-", "–": "-", "—": "-", "×": "*", "·": "*", "÷": "/", "≤": "<=", "≥": ">=", "≠": "!="},
    **{"²": "**2", "³": "**3", "，": ",", "（": "(", "）": ")", "：": ":"},
}
NUMBER_AND_NAME = r"(?<![\w.])(?<![Ee][-+])([1-9]\d*)(?![Jj]\b)([A-Za-df-z]\w*)\b"
KEYWORDS = "lambda|class|in|is|not|and|or|if|for|from|import|pass|global|return|with|yield|def|del"


def explain_syntax(
    error: SyntaxError, files: Collection[str], current: str
) -> dict[str, Any] | None:
    """Explain why Python cannot read some code."""
    file, line, message = error.filename, error.lineno, error.msg
    if type(file) is not str or type(line) is not int or type(message) is not str:
        return None
    if file not in files or error.__traceback__ is None or len(message) > MAX_MESSAGE:
        return None
    lines = linecache.getlines(file)
    if not 1 <= line <= len(lines) or len(lines[line - 1]) > MAX_MESSAGE:
        return None
    if type(error.text) is not str or error.text.strip() != lines[line - 1].strip():
        return None  # the error is in other code of this name
    explanation = wrong_line(message, lines[line - 1])
    return None if explanation is None else as_reply(explanation, line, file, current)


def wrong_line(message: str, line: str) -> Explanation | None:
    if found := re.match(r"invalid character '(.)' \(U\+", message):
        if (plain := CHARACTERS.get(found[1])) is not None:
            return sentence("syntax-character", character=found[1], plain=plain)
        return None
    code = re.sub(r"#.*", "", re.sub(r"\"[^\"]*\"|'[^']*'", "''", line)).rstrip()
    if message == "invalid decimal literal":
        if found := re.search(NUMBER_AND_NAME, code):
            product = f"{found[1]} * {found[2]}"
            return sentence("syntax-digit", written=found[0], product=product)
        return None
    if re.match(r"\s*else\s+if\b", code):
        return sentence("syntax-elif")
    if message != "invalid syntax":
        return None
    if found := re.match(rf"\s*({KEYWORDS})\s*=(?!=)", code):
        return sentence("syntax-keyword", word=found[1])
    if found := re.match(r"\s*([A-Za-z_]\w*)\s*(\+\+|--)$", code):
        return sentence("syntax-increment", sign=found[2], step=f"{found[1]} {found[2][0]}= 1")
    if found := re.search(r"&&|\|\|", code):
        return sentence("syntax-and", sign=found[0], word="and" if found[0] == "&&" else "or")
    return None
