"""``/lti/deep-link``: an instructor in a platform chooses links for their course."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter
from starlette.responses import Response

from latentbook.book.translations.language import message
from latentbook.http.site_files import made
from latentbook_classroom.course import assignments, people
from latentbook_classroom.course.desk import Desk, PageRoute, TheDesk, TheForm
from latentbook_classroom.course.people import Row
from latentbook_classroom.course.refused import Refused
from latentbook_classroom.course.tables import now
from latentbook_classroom.lecture.blocks import ClassData, class_data_of
from latentbook_classroom.lti import claims, keys, platforms, steps
from latentbook_classroom.lti.claims import CLAIM, DL
from latentbook_classroom.lti.gate import lti_of, proves, refuse
from latentbook_classroom.lti.web import is_safe

router = APIRouter(route_class=PageRoute, include_in_schema=False)

STEP = "deep-link"
ITEM = "ltiResourceLink"
FRAME_HEIGHT = 840
MOST = 40
PAGES, BLOCKS = ("Chapter", "Section"), ("Instrument", "Question", "Problem")


@dataclass(frozen=True)
class Choice:
    """A part of the book that a link can open. Only an assignment has ``points``."""

    place: str
    kind: str
    title: str
    text: str = ""
    points: float | None = None

    @property
    def is_framed(self) -> bool:
        return self.kind in BLOCKS


async def show(desk: Desk, body: dict[str, Any], *, state: str) -> Response:
    """Show the parts that can be linked. The page needs no session: it contains the launch."""
    said = claims.Launch(**body["launch"])
    if said.role == "student":
        raise refuse("deep linking by a student", platform=body["platform"])
    settings = said.settings
    types = settings.get("accept_types")
    return_url = str(settings["deep_link_return_url"])
    if not is_safe(return_url) or not isinstance(types, list) or ITEM not in types:
        raise refuse("deep linking that accepts no links", platform=body["platform"])
    ticket = await desk.read(steps.begin, STEP, body)
    sheets, others = await offered(desk, body)
    return await desk.page(
        "lti/choose",
        ticket=ticket,
        state="" if not body["secret"] else state,
        is_multiple=settings.get("accept_multiple") is not False,
        assigned=sheets,
        others=others,
    )


async def offered(desk: Desk, body: dict[str, Any]) -> tuple[list[Choice], list[Choice]]:
    sheets = await desk.read(assigned, body["platform"], claims.Launch(**body["launch"]))
    return sheets, await made(choices, lti_of(desk).site)


def choices(site: Path) -> list[Choice]:
    """Pages of the book in order, each followed by the blocks that can be shown by themselves."""
    found = []
    # A site also contains the previous edition's index, for pages that readers have open.
    index = ClassData(class_data_of(site)).frame()["config"]["search"]
    for each in json.loads((site / index).read_text(encoding="utf-8")):
        kind, (page, _, label) = each["kind"], each["url"].partition("#")
        if kind in PAGES:
            found.append(Choice(page, kind, f"{each['number']} {each['title']}"))
        elif kind in BLOCKS:
            found.append(Choice(f"embed/{label}/", kind, each["title"], each["text"][:80]))
    return found


def assigned(connection: sa.Connection, of: int, said: claims.Launch) -> list[Choice]:
    """The assignments of the present term; for untrusted courses, only those that have opened."""
    course = people.present(connection).id
    here = platforms.find_context(connection, of, said)
    is_trusted = here is not None and here.is_trusted and here.course == course
    return [
        Choice(
            f"classroom/assignments/{row.name}/",
            "Assignment",
            row.title,
            points=sum(each.points for each in assignments.asked_in(connection, row.id)),
        )
        for row in assignments.everything(connection, course)
        if is_trusted or assignments.has_opened(connection, row, now())
    ]


@router.post("/lti/deep-link")
async def answer(desk: TheDesk, form: TheForm) -> Response:
    """Send the choices to the platform, in a form that the page submits by itself."""
    ticket = form.text("ticket")
    step = await desk.read(steps.look, STEP, ticket)
    if step is None or not proves(step, form.text("secret")):
        raise refuse("deep linking without the proof of its frame")
    sheets, others = await offered(desk, step)
    wanted = {form.text("one")} if form.text("one") else form.keys()
    chosen = [each for each in (*sheets, *others) if each.place in wanted]
    if not chosen or len(chosen) > MOST:
        why = message("Choose something, and at most %(limit)s things.")
        raise Refused(422, why, limit=MOST)
    if not await desk.run(steps.take, ticket):
        raise refuse("deep linking twice at once")
    of = await desk.read(platforms.one, step["platform"])
    said = claims.Launch(**step["launch"])
    items = content_items(chosen, desk.address, said.settings)
    token = await desk.run(response, of, said, items)
    to = said.settings["deep_link_return_url"]
    desk.request.state.form_action = platforms.origin_of(to)
    return await desk.page("lti/answer", to=to, token=token)


def content_items(
    chosen: Iterable[Choice], address: str, settings: dict[str, Any]
) -> list[dict[str, Any]]:
    """The choices in the platform's format."""
    shown = settings.get("accept_presentation_document_targets") or []
    items = []
    for each in chosen:
        item: dict[str, Any] = {"type": ITEM, "title": each.title, "url": address + each.place}
        if each.text:
            item["text"] = each.text
        if each.points is not None:
            item["lineItem"] = {
                "scoreMaximum": each.points,
                "label": each.title,
                "resourceId": re.sub(r"^.*/(.+)/$", r"\1", each.place),
            }
        if each.is_framed and "iframe" in shown:
            item["iframe"] = {"height": FRAME_HEIGHT}
        elif not each.is_framed and "window" in shown:
            item["window"] = {"targetName": "_blank"}
        items.append(item)
    return items


def response(
    connection: sa.Connection, of: Row, said: claims.Launch, items: list[dict[str, Any]]
) -> str:
    answered = {
        "iss": of.client_id,
        "aud": [of.issuer],
        "nonce": steps.new_secret(),
        CLAIM + "deployment_id": said.deployment,
        CLAIM + "message_type": "LtiDeepLinkingResponse",
        CLAIM + "version": claims.VERSION,
        DL + "content_items": items,
    }
    if "data" in said.settings:
        answered[DL + "data"] = said.settings["data"]
    return keys.signed(connection, answered)
