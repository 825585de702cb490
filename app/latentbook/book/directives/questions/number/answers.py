"""Answers that are numbers."""

import re
from html import escape

from latentbook.book.compose.answers import Answers, named


class NumberAnswers(Answers):
    def filled(self, html: str, label: str, answer: str) -> str:
        field = re.compile(rf"<input [^>]*{named(label)}")
        return field.sub(lambda found: f'{found[0]} value="{escape(answer)}"', html)
