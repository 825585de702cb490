"""Data for the classroom: a book's assignments, and their questions with keys and answers.

It is written next to the site, never into it.
"""

import base64
import json
import mimetypes
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from latentbook.base.errors import Problems
from latentbook.base.hashing import content_hash
from latentbook.book.compose.pieces import Address, Layout
from latentbook.book.compose.question import Question
from latentbook.book.compose.types import AskedQuestion, Assignment
from latentbook.book.read.contents import ASSIGNMENTS
from latentbook.book.write.render import Renderer, root_of, script_json
from latentbook.book.write.written import Written
from latentbook_classroom import TEMPLATES
from latentbook_classroom.grader.judging_data import judged_by

SERVED = f"classroom/{ASSIGNMENTS}"
"""Where the server has the assignments: a site has no pages for them."""


def served_at(place: str) -> str:
    return place.replace(ASSIGNMENTS, SERVED, 1) if place.startswith(f"{ASSIGNMENTS}/") else place


class CourseLayout(Layout):
    """A layout whose links to assignments lead to the server's pages."""

    def url(self, to: Address) -> str:
        return super().url(replace(to, page=served_at(to.page)))


def assignments_data(written: Written) -> bytes:
    """All assignments of a book as JSON."""
    loaded = written.loaded
    renderer = replace(written.renderer, config=written.config, own_templates=(TEMPLATES,))
    listed = written.settings.content / "packages.json"
    packages = content_hash(listed.read_bytes()) if listed.is_file() else ""
    place = Problems(loaded.overlay.origins).place
    inside = {
        file: f"data:{mimetypes.guess_type(file)[0]};base64,{base64.b64encode(data).decode()}"
        for file, data in loaded.unseen.files.items()
        if file not in loaded.media.files
    }

    def asked(each: AskedQuestion) -> dict[str, Any]:
        variants = []
        for node, block in zip(each.nodes, each.blocks, strict=True):
            assert isinstance(block, Question)
            root = root_of(f"{SERVED}/{block.label}")
            layout = CourseLayout(root, each.page.place, inside=inside)
            html, answer = asked_and_worked(renderer, block, layout)
            where = place(each.page.path, node.line)
            judged = judged_by(block, node, where, each.earlier)
            variants.append({"html": html, "answer_html": answer, "question": judged})
        kind = each.nodes[0].argument
        sources = [served_at(each.page.place), packages, *(node.seed for node in each.nodes)]
        return {"label": each.label, "kind": kind, "sources": sources, "variants": variants}

    assignments = [
        {
            "name": each.name,
            "title": each.title,
            "page": page_of(renderer, each, inside),
            "questions": [[question.label, question.points] for question in each.questions],
        }
        for each in loaded.assignments
    ]
    questions = [asked(each) for page in loaded.assignments for each in page.questions]
    data = {"assignments": assignments, "questions": questions}
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def page_of(renderer: Renderer, assignment: Assignment, inside: Mapping[str, str]) -> str:
    """The page of an assignment; the server inserts the questions."""
    place = served_at(assignment.place)
    names = {each.nodes[0].argument for each in assignment.questions}
    scripts = {name: renderer.assets.place(f"question-{name}.js") for name in names}
    told = script_json({name: root_of(place) + script for name, script in scripts.items()})
    return renderer.page(
        "assignment",
        assignment.title,
        place,
        template="classroom/assignment.html",
        layout=CourseLayout(root_of(place), place, {place: ""}, inside=inside),
        assignment=assignment,
        scripts=told,
    )


def asked_and_worked(renderer: Renderer, question: Question, layout: Layout) -> tuple[str, str]:
    """A question as an assignment asks it, and its worked answer."""
    shown = {"assignment": question.assessed(), "worked": question}
    template = "classroom/question.html"
    asked, worked = (
        renderer.page(name, "", "", template=template, layout=layout, block=block, root=layout.root)
        for name, block in shown.items()
    )
    return asked.strip(), worked.strip()
