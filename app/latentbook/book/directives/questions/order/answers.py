"""Answers that put lines in order."""

import json
from collections.abc import Mapping
from string import ascii_uppercase
from typing import Any

from latentbook.book.compose.answers import Answers, NotAnAnswer
from latentbook.book.translations.language import message

INDENT = 4
"""Spaces."""


class OrderAnswers(Answers):
    def typed(
        self, fields: Mapping[str, str], label: str, key: Mapping[str, Any], lines: int
    ) -> str:
        """Letters of lines, one a line after its indentation, as places and indents."""
        letters, used = list(ascii_uppercase[:lines]), []
        for line in fields.get("answer", "").expandtabs(INDENT).splitlines():
            letter = line.strip().upper()
            if not letter:
                continue
            if letter not in letters:
                why = message("Each line is one of the letters %(first)s to %(last)s.")
                raise NotAnAnswer(why, first="A", last=letters[-1])
            used.append([letters.index(letter), (len(line) - len(line.lstrip())) // INDENT])
        return json.dumps(used) if used else ""
