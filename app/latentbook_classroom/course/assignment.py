"""The assignments of a book and their questions."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from pydantic import TypeAdapter

from latentbook_classroom.grader.question import Question


@dataclass(frozen=True)
class Variant:
    """One set of numbers of a question.

    Attributes
    ----------
    html : the question as it is asked: without key, feedback and solution
    answer_html : the worked answer
    question : the data that an answer is judged by
    """

    html: str
    answer_html: str
    question: Question


@dataclass(frozen=True)
class Asked:
    """One question in one edition, with its variants: one, or as many as ``{vary}`` makes."""

    label: str
    edition: str
    kind: str
    variants: tuple[Variant, ...]

    @property
    def mistakes(self) -> Mapping[str, str]:
        """Names of mistakes that a result can contain, with the author's words for each."""
        question = self.variants[0].question
        words = question.check.mistakes if question.check else ()
        return {**question.feedback, **{each: each for each in words}}

    def dumped(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)

    @classmethod
    def loaded(cls, text: str) -> "Asked":
        return _ASKED.validate_json(text)


_ASKED = TypeAdapter(Asked)


@dataclass(frozen=True)
class Assignment:
    """One assignment.

    Attributes
    ----------
    page : its page, with ``<!--head-->`` and a ``<!--question LABEL-->`` for each question
    questions : labels and points, in order
    """

    name: str
    title: str
    page: str
    questions: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Assigned:
    """All assignments, and their questions by label."""

    assignments: tuple[Assignment, ...] = ()
    questions: Mapping[str, Asked] = field(default_factory=dict)
