"""Verdicts on answers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

from latentbook.book.translations.language import Language

State = Literal["right", "wrong", "error", "unread", "unjudged"]
MAX_TEXT = 20_000  # characters
MAX_PARTS, MAX_LINE = 20, 100_000


def plain(given: Any) -> str:
    """Text that every database and message can store."""
    text = str(given)[:MAX_TEXT].encode("utf-8", "replace").decode()
    return text.replace("\0", "\ufffd")


@dataclass(frozen=True)
class Failure:
    """An error of the student's code, worded by the interpreter that ran it: untrusted text.

    Attributes
    ----------
    line : of the answer; None if the check could not use a result
    explanation : ``{id, fixes, values}`` for static/js/explain/sentences.js
    """

    name: str
    message: str
    line: int | None = None
    traceback: str = ""
    explanation: Mapping[str, Any] | None = None

    @classmethod
    def read(cls, report: Any) -> Self:
        """Read an interpreter's report; trust nothing except that it is data."""
        given = report if isinstance(report, dict) else {}
        line, explanation = given.get("line"), None
        match given.get("explanation"):
            case {"id": name, "fixes": list(fixes), "values": dict(values)}:
                explanation = {
                    "id": plain(name),
                    "fixes": [plain(fix) for fix in fixes[:MAX_PARTS]],
                    "values": {plain(k): plain(values[k]) for k in list(values)[:MAX_PARTS]},
                }
        return cls(
            name=plain(given.get("name", "")),
            message=plain(given.get("message", "")),
            line=line if type(line) is int and 0 < line < MAX_LINE else None,
            traceback=plain(given.get("traceback", "")),
            explanation=explanation,
        )


@dataclass(frozen=True)
class Verdict:
    """The verdict on an answer.

    Attributes
    ----------
    state : ``unread`` is not an answer and does not count as a try; ``unjudged`` means nothing
        about the answer, which may be judged again
    message : of the check or the judge, or the reason why there is no verdict
    mistake : the name of a mistake that the author foresaw: the words of a ``mistake`` of code, or
        the name of its feedback, such as ``option 2``
    feedback : the author's text on the answer
    case : code that shows where a law does not hold
    sentence : the message in English, with its values, if the check's author wrote none
    """

    state: State
    message: str = ""
    mistake: str = ""
    feedback: str = ""
    case: str = ""
    failure: Failure | None = None
    sentence: tuple[str, dict[str, str]] | None = None

    def in_language(self, language: Language) -> Self:
        if self.sentence is None:
            return self
        return replace(self, message=plain(language.filled(*self.sentence)))

    @property
    def is_right(self) -> bool:
        return self.state == "right"
