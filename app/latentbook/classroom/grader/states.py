"""Judges a state of an instrument: computes it again by the book's own code."""

import json
import threading
from collections.abc import Mapping
from typing import Any

from latentbook.book.compose.author_code import AuthorCode, explained
from latentbook.book.directives.questions.state.goal import missed
from latentbook.book.overlay.merge import merged_root
from latentbook.classroom.grader.question import Question
from latentbook.classroom.grader.verdict import Verdict
from latentbook.settings import Settings

MISSED = "{name} is {value}; asked for: {sign} {wanted}."
"""As the page says it, whose catalogue has it in other languages."""


class States:
    """Computes in a process of its own, with the instruments of the course."""

    def __init__(self, settings: Settings, words: Mapping[str, Any] | None = None) -> None:
        self._missed = str((words or {}).get(MISSED, MISSED))
        root = merged_root(settings) if settings.course is not None else None
        self._code = AuthorCode(settings.code_timeout, root=root)
        self._lock = threading.Lock()

    def close(self) -> None:
        self._code.close()

    def judge(self, question: Question, answer: str) -> Verdict:
        """Judge the values of the controls, as JSON; what the page showed does not count."""
        instrument, key = question.key["instrument"], question.key
        unread = Verdict("unread", f"{answer[:100]!r} is no state of {instrument}.")
        try:
            controls = json.loads(answer)
        except (ValueError, RecursionError):
            return unread
        if not isinstance(controls, dict):
            return unread
        asked = json.dumps({"instrument": instrument, "controls": controls})
        with self._lock:
            reply = self._code.ask({"type": "state", "code": asked})
        if reply["type"] == "failed":
            if reply["name"] == "ContractError":  # no value that the control can have
                return unread
            return Verdict("unjudged", f"The instrument {explained(reply)}.")
        shown = reply["value"]["shown"]
        if not (failed := missed(key["goal"], shown)):
            return Verdict("right")
        for place, goal in enumerate(key["wrong"]):
            if not missed(goal, shown):
                return Verdict("wrong", "", f"wrong {place}", question.feedback[f"wrong {place}"])
        name, sign, wanted = failed[0]
        options = reply["value"]["options"].get(name, {})
        said = self._missed.format(
            name=reply["value"]["labels"][name],
            value=options.get(shown[name], shown[name]),
            sign=sign,
            wanted=options.get(wanted, wanted),
        )
        return Verdict("wrong", said)
