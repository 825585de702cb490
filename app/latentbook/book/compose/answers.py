"""Answers to a kind of question: their judge, and their form in pages without scripts."""

import re
from collections.abc import Mapping
from html import escape
from typing import Any, Literal


class NotAnAnswer(ValueError):
    """A typed text is not an answer. An interface message and its values say why."""

    def __init__(self, english: str, **values: str) -> None:
        super().__init__(english % values)
        self.english, self.values = english, values


class Answers:
    """Answers to a question whose options are picked. Other kinds of answers derive from it.

    Attributes
    ----------
    judged_by : ``judge.js`` of the kind; the grader, which runs code; or the question's instrument
    reveals : whether the page's feedback on a wrong answer contains the right one
    is_tried : whether the page has a check that does not count as an answer
    needs_scripts : whether answering requires scripts
    """

    judged_by: Literal["script", "grader", "instrument"] = "script"
    reveals = False
    is_tried = False
    needs_scripts = False

    def typed(
        self, fields: Mapping[str, str], label: str, key: Mapping[str, Any], told: Mapping[str, Any]
    ) -> str:
        """Convert an answer given without scripts to the form that scripts write.

        Parameters
        ----------
        fields : of the form, by name
        label : of the question; most kinds name their field ``LABEL.answer``
        key : data with which the page's judge compares answers
        told : the judge's other input, ``Question.judged_with``

        Raises
        ------
        NotAnAnswer
            If the fields contain no valid answer.
        """
        return fields.get(f"{label}.answer", "")

    def code(self, answer: str, told: Mapping[str, Any]) -> str:
        """Return the code that an answer forms; empty if it forms none.

        The question's check runs this code if the script finds the answer wrong.

        Raises
        ------
        TypeError, ValueError
            If the text is not an answer.
        """
        return ""

    def filled(self, html: str, label: str, answer: str) -> str:
        """Fill an answer into the form in a question's HTML."""
        chosen = set(answer.split(","))
        box = re.compile(rf'{named(label)} value="([^"]*)"')
        return box.sub(
            lambda found: f"{found[0]} checked" if found[1] in chosen else found[0], html
        )


def named(label: str) -> str:
    """A pattern for the name of the field with the answer."""
    return re.escape(f'name="{escape(label)}.answer"')


PICKED = Answers()
