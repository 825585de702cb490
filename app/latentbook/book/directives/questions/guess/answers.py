"""Answers that are places on an axis."""

import math
from collections.abc import Mapping
from typing import Any

from latentbook.book.compose.answers import Answers


class GuessAnswers(Answers):
    reveals = True

    def typed(
        self, fields: Mapping[str, str], label: str, key: Mapping[str, Any], told: Mapping[str, Any]
    ) -> str:
        """A value in the units of the axis; its logarithm if the axis is logarithmic."""
        try:
            value = float(fields.get("answer", "").replace(",", "."))
            return repr(math.log10(value) if key["log"] else value)
        except ValueError:
            return ""
