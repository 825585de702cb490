"""How answers to a kind of question get into a page without scripts and out of it, and what judges
them.
"""

import re
from collections.abc import Mapping
from html import escape
from typing import Any, Literal


class NotAnAnswer(ValueError):
    """Why a text that was typed is no answer: a message of the interface, and its values."""

    def __init__(self, english: str, **values: str) -> None:
        super().__init__(english % values)
        self.english, self.values = english, values


class Answers:
    """Those of a question with options, of which some are picked. Others derive from it.

    Attributes
    ----------
    judged_by : ``judge.js`` of the kind; the grader, which runs code; or the question's instrument
    reveals : whether what the page says of a wrong answer contains the right one
    is_tried : whether the page has a check that does not count as an answer
    needs_scripts : whether there is no answer without them
    """

    judged_by: Literal["script", "grader", "instrument"] = "script"
    reveals = False
    is_tried = False
    needs_scripts = False

    def typed(
        self, fields: Mapping[str, str], label: str, key: Mapping[str, Any], told: Mapping[str, Any]
    ) -> str:
        """An answer that was given without scripts, as scripts write it.

        Parameters
        ----------
        fields : of the form
        key : what the page's judge compares with
        told : what else it is told, ``Question.judged_with``

        Raises
        ------
        NotAnAnswer
            If nothing can be made of it.
        """
        return fields.get(f"{label}.answer", "")

    def code(self, answer: str, told: Mapping[str, Any]) -> str:
        """The code that an answer makes, which the question's check runs if the script finds the
        answer wrong; nothing if it makes none.

        Raises
        ------
        TypeError, ValueError
            If the text is no answer.
        """
        return ""

    def filled(self, html: str, label: str, answer: str) -> str:
        """The HTML of a question with this answer in its form."""
        chosen = set(answer.split(","))
        box = re.compile(rf'{named(label)} value="([^"]*)"')
        return box.sub(
            lambda found: f"{found[0]} checked" if found[1] in chosen else found[0], html
        )


def named(label: str) -> str:
    """A pattern for the name of the field with the answer."""
    return re.escape(f'name="{escape(label)}.answer"')


PICKED = Answers()
