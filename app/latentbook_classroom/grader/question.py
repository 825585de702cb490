"""A question with the data that judges its answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Check:
    """The check of code.

    Attributes
    ----------
    names : names that it reads from the answer; all others are its own
    shared : names that an answer reads from the check: in the page, both have the same globals
    own : code that the check needs from the chapter's earlier snippets
    snippets : earlier ones, whose names an answer may use
    mistakes : words in the messages of mistakes that the author foresaw
    public : the page's check, whose imports an answer may use; students see lines of no other
    """

    code: str
    names: Sequence[str]
    shared: Sequence[str] = ()
    own: Sequence[str] = ()
    snippets: Sequence[str] = ()
    mistakes: Sequence[str] = ()
    public: str = ""


@dataclass(frozen=True)
class Question:
    """One question.

    Attributes
    ----------
    place : of its source, ``path:line``
    key : what the page's judge compares with
    feedback : the author's text on answers, by ``option 2``, ``wrong 0``, ``pair 1=0``
    lines : of a question about their order
    step : of a guess's axis
    more : further input of the kind's judge
    solutions, mistakes : code that must pass the check, and code by the words of its message
    """

    label: str
    kind: str
    place: str = ""
    key: Mapping[str, Any] = field(default_factory=dict)
    feedback: Mapping[str, str] = field(default_factory=dict)
    lines: Sequence[str] = ()
    step: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)
    check: Check | None = None
    solutions: Sequence[str] = ()
    mistakes: Sequence[tuple[str, str]] = ()

    @property
    def judged_with(self) -> Mapping[str, Any]:
        """Input of the kind's judge besides the key."""
        return {"lines": self.lines, "step": self.step, **self.more}
