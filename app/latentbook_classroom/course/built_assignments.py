"""Reads the assignments that a build wrote for the server."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from latentbook.settings import Settings, beside
from latentbook_classroom.course.assignment import Asked, Assigned, Assignment, Variant
from latentbook_classroom.grader.checks import question_of


def assignments_of(site: Path) -> Path:
    """Path of the classroom's data of a site, keys included: a file next to the site."""
    return beside(site, "assignments")


def read_assigned(settings: Settings) -> Assigned:
    """Read the file next to the served site; without one, the book has no assignments."""
    path = assignments_of(settings.served_site)
    if not path.is_file():
        return Assigned()
    data = json.loads(path.read_text(encoding="utf-8"))
    assignments = tuple(
        Assignment(**{**each, "questions": tuple(map(tuple, each["questions"]))})
        for each in data["assignments"]
    )
    return Assigned(assignments, {each["label"]: _asked(each) for each in data["questions"]})


def _asked(data: Mapping[str, Any]) -> Asked:
    # Leave out the HTML, which changes with each release, and the source line.
    judged = [{**each["question"], "place": ""} for each in data["variants"]]
    made_of = json.dumps([data["kind"], data["sources"], judged], sort_keys=True)
    edition = hashlib.sha256(made_of.encode()).hexdigest()
    variants = tuple(
        Variant(each["html"], each["answer_html"], question_of(each["question"]))
        for each in data["variants"]
    )
    return Asked(data["label"], edition, data["kind"], variants)
