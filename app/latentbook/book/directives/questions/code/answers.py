"""Answers that are code."""

import re
from collections.abc import Mapping
from html import escape
from typing import Any

from latentbook.book.compose.answers import Answers


class CodeAnswers(Answers):
    judged_by = "grader"
    is_tried = True

    def typed(
        self, fields: Mapping[str, str], label: str, key: Mapping[str, Any], told: Mapping[str, Any]
    ) -> str:
        return fields.get("answer", "").replace("\r\n", "\n")

    def filled(self, html: str, label: str, answer: str) -> str:
        listing = re.compile(r'(<textarea name="answer"[^>]*>\n?).*?(?=</textarea>)', re.DOTALL)
        return listing.sub(lambda found: f"{found[1]}{escape(answer)}", html)
