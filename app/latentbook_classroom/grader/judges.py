"""Judges answers that are not code: by the page's own scripts in a JavaScript context, and states
of an instrument by the book's own code.
"""

import json
import threading
from collections.abc import Mapping
from typing import Any

from py_mini_racer import JSEvalException

from latentbook.base.errors import UnknownName
from latentbook.book.compose.author_code import AuthorCode, explained
from latentbook.book.compose.javascript import open_context
from latentbook.book.directives.questions.state.goal import missed
from latentbook.book.translations.language import message
from latentbook.settings import Settings
from latentbook_classroom.grader.grader import Grader
from latentbook_classroom.grader.judge_script import judge_script
from latentbook_classroom.grader.kinds import answers_of
from latentbook_classroom.grader.question import Question
from latentbook_classroom.grader.verdict import Verdict

MAX_ANSWER = 10_000  # characters
ANOTHER_ORDER = message("Another order than the book’s, and it works.")
MISSED = message("{name} is {value}; asked for: {sign} {wanted}.")
"""The page's text, which its catalogue translates."""


class Judges:
    """The judges of all kinds of questions; :meth:`close` ends their context.

    Parameters
    ----------
    language : of the messages
    words : the interface's translations, ``latentbookWords`` in the page
    """

    def __init__(
        self,
        settings: Settings,
        *,
        grader: Grader | None = None,
        language: str = "en",
        words: Mapping[str, Any] | None = None,
    ) -> None:
        self.grader = grader
        self._words = dict(words or {})
        self._states = States(settings, self._words)
        self._racer = open_context()
        page = {"documentElement": {"lang": language}}
        self._racer.eval(f"globalThis.document = {json.dumps(page)}")
        self._racer.eval(f"globalThis.latentbookWords = {json.dumps(self._words)}")
        self._racer.eval(judge_script(settings))
        self._kinds: list[str] = json.loads(str(self._racer.eval("JSON.stringify(judges.kinds)")))

    def close(self) -> None:
        self._racer.close()
        self._states.close()

    def judge_answer(self, question: Question, answer: str) -> Verdict:
        """The verdict that the page reaches on the same answer.

        Run lines of code in a different order from the author's, as the page does.

        Parameters
        ----------
        answer : as the page stores it: ``2``, ``true``, ``0,2``, ``0.25``, ``[[3, 0], [1, 1]]``

        Raises
        ------
        ValueError
            If it is a question about code.
        UnknownName
            If nothing here judges a question of this kind.
        """
        answers = answers_of(question.kind)
        if answers.judged_by == "grader":
            raise ValueError(f"{question.label} asks for code: Grader.judge")
        if len(answer) > MAX_ANSWER:
            return Verdict("unread", f"The answer has more than {MAX_ANSWER:,} characters.")
        if answers.judged_by == "instrument":
            return self._states.judge(question, answer)
        if question.kind not in self._kinds:
            raise UnknownName("kind of question with a judge", question.kind, self._kinds)
        try:
            code = answers.code(answer, question.judged_with)
            told = (question.kind, answer, question.key, question.judged_with)
            found = self._racer.call("judges.judge", *told)
        except (TypeError, ValueError, RecursionError, JSEvalException):
            why = f"{answer[:100]!r} is no answer to a {question.kind} question."
            return Verdict("unread", why)
        state, said = found["state"], found["said"]
        if state == "wrong" and question.check is not None and self.grader is not None:
            verdict = self.grader.judge(question, code)
            said = str(self._words.get(ANOTHER_ORDER, ANOTHER_ORDER))
            return Verdict("right", said) if verdict.is_right else verdict
        names = [name for name in found["feedback"] if name in question.feedback]
        feedback = "\n".join(filter(None, (question.feedback[name] for name in names)))
        return Verdict(state, said, ", ".join(names) if state == "wrong" else "", feedback)


class States:
    """Judges states of the course's instruments, computed in a separate process."""

    def __init__(self, settings: Settings, words: Mapping[str, Any] | None = None) -> None:
        self._missed = str((words or {}).get(MISSED, MISSED))
        self._code = AuthorCode(settings.code_timeout)
        self._lock = threading.Lock()

    def close(self) -> None:
        self._code.close()

    def judge(self, question: Question, answer: str) -> Verdict:
        """Judge the values of the controls, as JSON; values that the page showed do not count."""
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
            if reply["name"] == "ContractError":  # a value that the control cannot have
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
        value = shown[name]
        if wanted.startswith('"'):
            value = json.dumps(value, ensure_ascii=False)
        said = self._missed.format(
            name=reply["value"]["labels"][name],
            value=options.get(value, value),
            sign=sign,
            wanted=options.get(wanted, wanted),
        )
        return Verdict("wrong", said)
