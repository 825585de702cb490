"""Renders the pages of the classroom in the look and language of the book."""

import json
import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from markupsafe import Markup

from latentbook.book.translations.language import Language, message
from latentbook.book.write.render import script_json
from latentbook.http.problems import Problem
from latentbook.settings import Settings
from latentbook_classroom.course.bundle import read_bundle
from latentbook_classroom.course.people import Member
from latentbook_classroom.course.refused import Refused
from latentbook_classroom.course.scores import Sheet, Standing
from latentbook_classroom.grader.kinds import answers_of
from latentbook_classroom.lecture.blocks import ClassData, class_data_of
from latentbook_classroom.lecture.frame import Frame

SYNC = {
    "saved": message("Signed in: your work follows you to your other devices."),
    "news": message(
        "Work from another device has arrived. It is shown when you load the page again."
    ),
    "waiting": message("Not sent yet; this browser keeps it and tries again."),
    "answers": message("An answer is not sent yet; this browser keeps it and tries again."),
    "large": message(
        "Something of your work is too large for the course and stays in this browser."
    ),
    "out": message("You are signed out of the course. What you do stays in this browser."),
    "ask": message(
        "The work that this browser has from before you signed in is not in the course yet. "
        "Take it along?"
    ),
    "yes": message("Take it along"),
    "no": message("Leave it here"),
}
"""Messages of ``static/classroom/sync.js``."""

ASSIGNMENT = {
    "waiting": SYNC["waiting"],
    "answers": SYNC["answers"],
    "empty": message("Give an answer first."),
    "sending": message("Your answer is on its way."),
}
"""Messages of ``static/classroom/assignment.js``."""


class Pages:
    """Renders pages from the build's data and their own bundle."""

    def __init__(self, settings: Settings, assignments: Mapping[str, str]) -> None:
        self.assignments = assignments
        self.data = ClassData(class_data_of(settings.served_site))
        self.names, self.files = read_bundle(settings)

    def interface(self) -> Language:
        return Frame(self.data.frame(), "").interface

    def sync_script(self, key: str) -> str:
        """A script that starts the sync for the person with this key."""
        interface = self.interface()
        words = {name: interface.translate(english) for name, english in SYNC.items()}
        reader = json.dumps({"key": key, "words": words})
        return (
            f'import {{ start }} from "./assets/{self.names["sync.js"]}";'
            f'start({{ ...{reader}, home: new URL("./", import.meta.url).href }});'
        )

    def render(self, template: str, *, root: str, **given: Any) -> str:
        frame = Frame(self.data.frame(), root)
        interface = frame.interface

        def moment(at: datetime) -> Markup:
            return Markup('<time datetime="{}">{}</time>').format(
                at.isoformat(), interface.moment(at)
            )

        def why(problem: Problem) -> str:
            if isinstance(problem, Refused):
                values = problem.values.items()
                told = {k: interface.moment(v) if isinstance(v, datetime) else v for k, v in values}
                return interface.translate(problem.english, **told)
            return str(problem.detail)

        return frame.render(
            f"classroom/{template}.html",
            kind=template,
            sheet=self.place(root, "classroom.css"),
            script=self.place(root, "pages.js"),
            launch=self.place(root, "launch.js"),
            moment=moment,
            sentence=why,
            new_id=secrets.token_hex,
            answers_of=answers_of,
            **given,
        )

    def place(self, root: str, name: str) -> str:
        return f"{root}classroom/assets/{self.names[name]}"

    def assignment(self, sheet: Sheet, *, root: str, me: Member, is_seen_as: bool) -> str:
        """An assignment's page with its questions as one member gets them."""
        if (page := self.assignments.get(sheet.given.name)) is None:
            raise Refused(404, message("This assignment is no longer in the book."))
        interface = Frame(self.data.frame(), root).interface
        words = {name: interface.translate(english) for name, english in ASSIGNMENT.items()}
        render = partial(self.render, root=root, me=me, given=sheet.given, is_seen_as=is_seen_as)
        head = render(
            "assignment_head",
            is_done=sheet.is_done,
            told=script_json({"person": me.key, "words": words}),
            starts=self.place(root, "assignment.js"),
        )
        parts = {"head": head}
        for each in sheet.standings:
            before, _, after = filled(each).partition(SLOT)
            parts[f"question {each.put.label}"] = render(
                "asked",
                each=each,
                before=Markup(before),
                after=Markup(after.rpartition("</section>")[0]),
                answer=Markup(each.variant.answer_html),
            )
        return FILLED.sub(lambda slot: parts.get(slot[1], ""), page)


FILLED = re.compile(r"<!--(head|question [^\s>]+)-->")
SLOT = "<!--answering-->"


def filled(standing: Standing) -> str:
    """The HTML of a question with the last answer filled in, for pages without scripts."""
    html, last = standing.variant.html, standing.last
    html = html.replace('data-state="open"', f'data-state="{standing.shown}"', 1)
    if last is None:
        return html
    return answers_of(standing.put.kind).filled(html, last.label, last.answer)
