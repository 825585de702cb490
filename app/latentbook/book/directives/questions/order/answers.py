"""Answers that put lines in order."""

import json
from collections.abc import Mapping
from string import ascii_uppercase
from typing import Any

from latentbook.book.compose.answers import Answers, NotAnAnswer
from latentbook.book.translations.language import message

INDENT = 4
"""Spaces per level."""
MAX_INDENTS = 6  # as in the page


class OrderAnswers(Answers):
    def typed(
        self, fields: Mapping[str, str], label: str, key: Mapping[str, Any], told: Mapping[str, Any]
    ) -> str:
        """Convert letters of lines, one indented letter per line, to places and indents."""
        letters, used = list(ascii_uppercase[: len(told["lines"])]), []
        for line in fields.get("answer", "").expandtabs(INDENT).splitlines():
            letter = line.strip().upper()
            if not letter:
                continue
            if letter not in letters:
                why = message("Each line is one of the letters %(first)s to %(last)s.")
                raise NotAnAnswer(why, first="A", last=letters[-1])
            used.append([letters.index(letter), (len(line) - len(line.lstrip())) // INDENT])
        return json.dumps(used) if used else ""

    def code(self, answer: str, told: Mapping[str, Any]) -> str:
        lines = told["lines"]
        used = [(line, indent) for line, indent in json.loads(answer)]
        places, indents = range(len(lines)), range(MAX_INDENTS + 1)
        for line, indent in used:
            if {type(line), type(indent)} != {int} or line not in places or indent not in indents:
                raise ValueError("not an order of lines")
        return "\n".join(" " * (INDENT * indent) + lines[line] for line, indent in used)
