"""Finds the names and code that a check needs from an answer and a chapter’s earlier code."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from latentbook_classroom.grader.peer import free_names, imports_of, names_made, needed
from latentbook_classroom.grader.question import Check, Question


def question_of(data: Mapping[str, Any]) -> Question:
    """Read a question from the data that the build wrote (``judged_by``)."""
    check = data["check"] and replace(check_of(**data["check"]), public=data["key"]["check"])
    known = {each.name for each in fields(Question)}
    more = {name: value for name, value in data.items() if name not in known}
    named = {name: value for name, value in data.items() if name in known}
    return Question(**{**named, "check": check, "more": more})


def check_of(
    code: str, answers: Sequence[str], earlier: Sequence[str], mistakes: Sequence[str] = ()
) -> Check:
    """A check with the names and snippets that it needs.

    Parameters
    ----------
    answers : the solution and the code that the student starts from
    earlier : the snippets before the question
    """
    made = {name for answer in answers for name in names_made(answer)}
    read = {name for answer in answers for name in free_names(answer)}
    own = needed(free_names(code) - made, earlier)
    given = {name for snippet in own for name in names_made(snippet)} - made
    imported = {name for each in imports_of(code) for name in names_made(each)}
    return Check(
        code=code,
        names=sorted(free_names(code) - given),
        shared=sorted(read & (names_made(code) - imported)),
        own=own,
        snippets=earlier,
        mistakes=mistakes,
    )
