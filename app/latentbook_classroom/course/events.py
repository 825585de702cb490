"""``/api/classroom/events``: a person's study log, which follows them from device to device.

``static/js/study/events.js`` defines the events. They are only added, except that the newest of
several values with one name replaces the others. The server does not interpret their content.
"""

import json
import re
from collections.abc import Iterable
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query
from pydantic import Field
from starlette.responses import Response

from latentbook.book.translations.language import message
from latentbook.http.problems import WHEN, problem_responses, wrong_field
from latentbook.http.requests import Strict, require_json
from latentbook_classroom.course.desk import NOT_KEPT, StudentDesk
from latentbook_classroom.course.refused import Refused
from latentbook_classroom.course.tables import event, person
from latentbook_classroom.lecture.auth import SmallRoute

MAX_BYTES = 2**20
"""Per request, and approximately per response."""
MAX_EVENTS = 1_000
"""Per request or response."""
MAX_EVENT_BYTES = 2**16
MAX_STORED_BYTES = 2**24
"""Per person."""
MAX_ALL_BYTES = 2**31
"""For everybody: joining again and again cannot fill the disk, which answers need too."""

MAX_NAME = 200
"""Of a value: PostgreSQL's index does not accept longer ones."""
ID = re.compile(r"[\w.-]{1,200}", re.ASCII)
KIND = re.compile(r"[a-z-]{1,40}")
LARGEST = 2**53 - 1
REFUSALS = problem_responses(
    *(400, 401, 403, 409, 413, 415, 422, 503),
    when=WHEN
    | {
        401: "Nobody is signed in to the course.",
        403: "Another site's page sent this.",
        409: "The person or the course has no room left.",
        503: "The database cannot be used now.",
    },
)


class EventsRoute(SmallRoute):
    most_bytes = MAX_BYTES


router = APIRouter(prefix="/api/classroom", tags=["classroom"], route_class=EventsRoute)


class Events(Strict):
    events: list[dict[str, Any]] = Field(max_length=MAX_EVENTS)


@router.post(
    "/events",
    dependencies=[Depends(require_json)],
    response_model=dict[str, int],
    responses=REFUSALS,
)
async def post_events(desk: StudentDesk, body: Events) -> dict[str, int]:
    """Add events; ones already stored change nothing. ``added`` counts the new ones."""
    checked = [(key_of(each), written(each)) for each in body.events]
    return {"added": await desk.run(add, desk.me.person, checked)}


@router.get("/events", response_model=dict[str, Any], responses=REFUSALS)
async def get_events(
    desk: StudentDesk, after: Annotated[int, Query(ge=0, lt=2**31)] = 0
) -> Response:
    """Events in order of arrival, after the first ``after``. Continue from ``last``; if it equals
    ``after``, there are no more.
    """
    rows = await desk.read(read, desk.me.person, after)
    last = rows[-1].number if rows else after
    body = f'{{"last":{last},"events":[{",".join(row.body for row in rows)}]}}'
    return Response(body, headers=NOT_KEPT, media_type="application/json")


def key_of(given: dict[str, Any]) -> str:
    """The key that identifies an event: its id or, for a value, its name."""
    id, kind = given.get("id"), given.get("kind")
    if not (isinstance(id, str) and ID.fullmatch(id)):
        raise wrong_field("events.id", "Accepted: 1 to 200 letters, digits, and _ . -.")
    if not (isinstance(kind, str) and KIND.fullmatch(kind)):
        raise wrong_field("events.kind", "Accepted: 1 to 40 lower-case letters and -.")
    for name in ("day", "time", *(("counter",) if kind == "set" else ())):
        number = given.get(name)
        if type(number) is not int or abs(number) > LARGEST:
            raise wrong_field(f"events.{name}", "Accepted: a whole number.")
    if kind != "set":
        return id
    name = given.get("name")
    if not isinstance(name, str) or len(name) > MAX_NAME or "value" not in given:
        why = f"A value needs a name, a text of at most {MAX_NAME} characters, and a value."
        raise wrong_field("events.name", why)
    return f"set:{json.dumps(name)}"


def written(given: dict[str, Any]) -> str:
    """An event as ASCII JSON, which every database can store."""
    try:
        text = json.dumps(given, separators=(",", ":"), allow_nan=False)
    except (ValueError, RecursionError):
        raise wrong_field("events", "Numbers must be finite.") from None
    if len(text) > MAX_EVENT_BYTES:
        raise wrong_field("events", f"An event may have {MAX_EVENT_BYTES} bytes.", 413)
    return text


def add(connection: sa.Connection, who: int, given: Iterable[tuple[str, str]]) -> int:
    """Store new events; return their number."""
    locked = sa.select(person.c.stored_bytes).where(person.c.id == who).with_for_update()
    if (size := connection.execute(locked).scalar()) is None:  # erased meanwhile
        raise Refused(401, message("You are not signed in to the course."))
    mine = event.c.person == who
    number = connection.execute(sa.select(sa.func.max(event.c.number)).where(mine)).scalar() or 0
    given = list(given)
    known = mine & event.c.key.in_([key for key, _ in given])
    before = {row.key: row.body for row in connection.execute(sa.select(event).where(known))}
    new: dict[str, str] = {}
    for key, body in given:
        there = new.get(key) or before.get(key)
        if there is None or (key.startswith("set:") and rank(body) > rank(there)):
            new[key] = body
    replaced = new.keys() & before.keys()
    size += (more := sum(map(len, new.values())) - sum(len(before[key]) for key in replaced))
    everything = sa.select(sa.func.sum(person.c.stored_bytes))
    if more > 0 and connection.execute(everything).scalar_one() + more > MAX_ALL_BYTES:
        raise Refused(409, message("There is no room left for anybody’s work in the course."))
    if size > MAX_STORED_BYTES:
        why = message("There is no room left: %(limit)s MB of work are stored for each person.")
        raise Refused(409, why, limit=MAX_STORED_BYTES >> 20)
    if not new:
        return 0
    connection.execute(sa.delete(event).where(mine, event.c.key.in_(replaced)))
    rows = [
        {"person": who, "number": number + i, "key": key, "body": body}
        for i, (key, body) in enumerate(new.items(), start=1)
    ]
    connection.execute(sa.insert(event), rows)
    connection.execute(sa.update(person).where(person.c.id == who).values(stored_bytes=size))
    return len(new)


def rank(body: str) -> tuple[int, str]:
    """Sort key: of two values with one name, the greater is newer, as in ``events.js``."""
    value = json.loads(body)
    return value["counter"], value["id"]


def read(connection: sa.Connection, who: int, after: int) -> list[sa.Row[int, str]]:
    wanted = sa.select(event.c.number, event.c.body)
    wanted = wanted.where(event.c.person == who, event.c.number > after)
    found: list[sa.Row[int, str]] = []
    size = 0
    for row in connection.execute(wanted.order_by(event.c.number).limit(MAX_EVENTS)):
        size += len(row.body)
        if found and size > MAX_BYTES:
            break
        found.append(row)
    return found
