"""Scores on their way into platforms' gradebooks: Assignment and Grade Services 2.0.

Scores to send are not stored: they are the difference between the computed scores and those that
were sent last. So nothing is lost when the server ends, and nothing is sent twice.
"""

import asyncio
import json
import re
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import sqlalchemy as sa

from latentbook.http.logs import log
from latentbook_classroom.course import assignments, people
from latentbook_classroom.course.database import Database
from latentbook_classroom.course.people import Row
from latentbook_classroom.course.platform_tables import (
    context,
    context_person,
    deployment,
    identity,
    passback,
    platform,
    resource_link,
)
from latentbook_classroom.course.scores import Total, scores, totals
from latentbook_classroom.course.sent import CHANGED, NO_ACCESS, UNREACHABLE, WAIT
from latentbook_classroom.course.tables import member, now
from latentbook_classroom.lti import platforms
from latentbook_classroom.lti.claims import RESULT, SCORE
from latentbook_classroom.lti.tokens import NoAccess, Tokens
from latentbook_classroom.lti.web import Answer, Unreachable

SCORE_TYPE = "application/vnd.ims.lis.v1.score+json"
RESULT_TYPE = "application/vnd.ims.lis.v2.resultcontainer+json"
ARRIVED = (200, 201, 202, 204)
REPEATED = "409"  # platforms' answer to a score that is not newer than theirs

EVERY_S = 20
ROUND_S = 120
"""Time for each platform; the remaining scores follow in the next round."""
PAUSE_S = 0.1
"""Between two scores: platforms count requests."""
FIRST_RETRY_S, LONGEST_RETRY_S = 5, 3_600
MOST_FAILURES = 5
"""In a row; after these, the platform is left alone until the next round."""
ALIKE = 0.005
"""Marks that differ by a smaller share of the maximum count as equal: platforms round."""
LONGEST_ERROR = 200
SAID = re.compile(
    r'"(?:error|error_description|message|reason|detail)"\s*:\s*'
    r'("(?:[^"\\\0-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*")'
)
"""Error text in JSON, for which platforms have no common format."""
HAD = ("points", "most", "is_complete", "tried", "stamp", "tries", "next_at", "error", "is_forced")


@dataclass(frozen=True)
class Due:
    """A score that a platform does not have. ``row``: the last one sent to it, if any."""

    link: Row
    person: int
    subject: str
    total: Total
    row: Row | None

    def message(self, stamp: datetime) -> dict[str, Any]:
        points, of = round(self.total.points, 4), round(self.total.of, 4)
        sent = {
            "userId": self.subject,
            "activityProgress": "Completed" if self.total.is_complete else "Submitted",
            "gradingProgress": "FullyGraded" if self.total.is_complete else "Pending",
            "timestamp": stamp.isoformat(timespec="milliseconds"),
        }
        if self.total.is_empty:  # without a score the platform removes the one it has
            return {**sent, "activityProgress": "Initialized"}
        # Without a comment, platforms erase the last one.
        return {**sent, "scoreGiven": points, "scoreMaximum": of, "comment": f"{points:g} / {of:g}"}

    @property
    def is_forced(self) -> bool:
        return self.row is not None and self.row.is_forced

    @property
    def share(self) -> float:
        return self.total.points / self.total.of if self.total.of else 0.0

    @property
    def is_shown(self) -> bool:
        """Whether the platform turns it into a result. It does not for a pending one."""
        return self.total.is_complete and not self.total.is_empty

    @property
    def may_be_there(self) -> bool:
        """Whether this was sent, and the answer was lost."""
        row = self.row
        if row is None or row.is_forced or not self.is_shown:
            return False
        return bool(row.tried == self.share != sent_share(row))


def due(connection: sa.Connection) -> list[Due]:
    """Scores that differ from those sent last, and may be sent now."""
    course = people.present(connection).id
    links = linked(connection, course)
    if not links:
        return []
    ids = {row.name: row.id for row in assignments.everything(connection, course)}
    summed = totals(scores(connection, course))
    result = []
    for link in links:
        for someone in people_of(connection, link):
            total = summed.get((someone.member, ids.get(link.assignment, 0)))
            if total and total.of and is_due(someone, total):
                row = someone if someone.passback else None
                result.append(Due(link, someone.person, someone.subject, total, row))
    return result


def linked(connection: sa.Connection, course: int) -> list[Row]:
    """Links to assignments for which a platform accepts scores."""
    wanted = (
        sa.select(resource_link, platform.c.id.label("platform"), platform.c.issuer)
        .select_from(resource_link.join(context).join(deployment).join(platform))
        .where(context.c.course == course, context.c.is_trusted)
        .where(resource_link.c.assignment != "", resource_link.c.line_item != "")
        .order_by(resource_link.c.id)
    )
    return [row for row in connection.execute(wanted) if SCORE in row.scopes.split()]


def people_of(connection: sa.Connection, link: Row) -> Iterable[Row]:
    """The people of a link's course at the platform, with the scores last sent for them."""
    mine = (passback.c.resource_link == link.id) & (passback.c.person == identity.c.person)
    wanted = (
        sa.select(
            identity.c.person,
            identity.c.subject,
            member.c.id.label("member"),
            passback.c.id.label("passback"),
            *[passback.c[name] for name in HAD],
        )
        .select_from(context_person)
        .join(identity, identity.c.person == context_person.c.person)
        .join(context, context.c.id == context_person.c.context)
        .join(
            member, (member.c.person == identity.c.person) & (member.c.course == context.c.course)
        )
        .outerjoin(passback, mine)
        .where(context_person.c.context == link.context, identity.c.issuer == link.issuer)
        .order_by(identity.c.id)
    )
    return connection.execute(wanted)


def is_due(had: Row, total: Total) -> bool:
    if not had.passback:
        return not total.is_empty
    if total.is_empty:
        is_new = bool(had.error) or (had.points, had.tried) != (None, None)
    else:
        sent = (had.points, had.most, had.is_complete)
        is_new = sent != (total.points, total.of, total.is_complete)
    return is_new and (had.next_at is None or had.next_at <= now())


def prepare(connection: sa.Connection, each: Due) -> datetime:
    """Store and return the stamp of a score before it is sent. It is later than the last stamp,
    unless that score may have arrived: the platform then refuses this one as not newer.
    """
    stamp, row = now().replace(microsecond=0), each.row
    if row is not None and row.stamp is not None:
        is_again = each.may_be_there and not row.error.startswith((REPEATED, CHANGED))
        stamp = row.stamp if is_again else max(stamp, row.stamp + timedelta(seconds=1))
    change(connection, each, stamp=stamp, tried=each.share if each.is_shown else None)
    return stamp


def change(connection: sa.Connection, each: Due, **values: Any) -> None:
    mine = (passback.c.resource_link == each.link.id) & (passback.c.person == each.person)
    if connection.execute(sa.update(passback).where(mine).values(**values)).rowcount == 0:
        new = {"tries": 0, "error": "", "is_forced": False, **values}
        people.add(connection, passback, resource_link=each.link.id, person=each.person, **new)


def arrived(connection: sa.Connection, each: Due) -> None:
    total = each.total
    sent: dict[str, Any] = {
        "points": total.points,
        "most": total.of,
        "is_complete": total.is_complete,
    }
    if total.is_empty:  # the row stays: the next stamp must be later than its own
        sent = dict.fromkeys(sent)
    change(connection, each, **sent, tries=0, error="", next_at=None, is_forced=False)


def failed(connection: sa.Connection, each: Due, error: str, wait_s: float) -> None:
    tries = (each.row.tries if each.row else 0) + 1
    wait_s = min(max(wait_s * 2 ** min(tries - 1, 12), 0), LONGEST_RETRY_S)
    values = {"error": error, "next_at": now() + timedelta(seconds=wait_s)}
    change(connection, each, tries=tries, is_forced=each.is_forced and error != CHANGED, **values)


def send_again(connection: sa.Connection, by: people.Member) -> None:
    """Send scores that have not arrived now, even over marks that were changed in the platform."""
    links = [link.id for link in linked(connection, by.course.id)]
    mine = passback.c.resource_link.in_(links) & (passback.c.error != "")
    again = sa.update(passback).where(mine)
    connection.execute(again.values(next_at=None, error="", tries=0, is_forced=True))
    people.note(connection, by.course.id, "marks sent again", by=by.person)


@dataclass
class Passback:
    """Sends due scores until it is cancelled."""

    database: Database
    tokens: Tokens
    every_s: float = EVERY_S
    pause_s: float = PAUSE_S
    first_retry_s: float = FIRST_RETRY_S

    async def run(self) -> None:
        while True:
            try:
                await self.round()
            except Exception as error:  # its text may have values, such as names
                log.error("Scores wait for the next round", error=type(error).__name__)
            await asyncio.sleep(self.every_s)

    async def round(self) -> None:
        waiting: dict[int, list[Due]] = defaultdict(list)
        for each in await self.database.read(due):
            waiting[each.link.platform].append(each)
        async with asyncio.TaskGroup() as group:
            for number, given in waiting.items():
                group.create_task(self._send_some(number, given))

    async def _send_some(self, number: int, given: list[Due]) -> None:
        """Send as many scores as possible now. A slow or broken platform delays no other."""
        try:
            async with asyncio.timeout(ROUND_S):
                await self._send_all(number, given)
        except Exception as error:  # its text may have values, such as names
            log.error("Scores wait for the next round", platform=number, error=type(error).__name__)

    async def _send_all(self, number: int, given: list[Due]) -> None:
        of = await self.database.read(platforms.one, number)
        failures, shares, forced = 0, {}, []
        ends = time.monotonic() + ROUND_S / 2  # the rest is for checking forced scores
        for each in given:
            if each.link.id not in shares:
                shares[each.link.id] = await self._results(of, each.link)
            before = shares[each.link.id]
            if isinstance(before, str):
                await self._fail(each, before, 0)
                continue
            if is_changed(each, before.get(each.subject)):
                await self._fail(each, CHANGED, LONGEST_RETRY_S)
                continue
            if is_there(each, before.get(each.subject)):
                await self.database.run(arrived, each)
                continue
            if await self._send(of, each):
                failures = 0
                if each.is_forced:
                    forced.append(each)
                else:
                    await self.database.run(arrived, each)
            else:
                failures += 1
            if failures >= MOST_FAILURES or time.monotonic() > ends:
                break
            await asyncio.sleep(self.pause_s)
        await self._check(of, forced)

    async def _check(self, of: Row, forced: list[Due]) -> None:
        """Check forced scores: Moodle accepts one over a mark typed there, but keeps that mark."""
        shares: dict[int, dict[str, float | None] | str] = {}
        for each in forced:
            if each.link.id not in shares:
                shares[each.link.id] = await self._results(of, each.link)
            after = shares[each.link.id]
            there = None if isinstance(after, str) else after.get(each.subject)
            if there is not None and abs(there - each.share) > ALIKE:
                await self._fail(each, CHANGED, LONGEST_RETRY_S)
            else:
                await self.database.run(arrived, each)

    async def _send(self, of: Row, each: Due) -> bool:
        stamp = await self.database.run(prepare, each)
        url = beside(each.link.line_item, "/scores")
        headers = {"Content-Type": SCORE_TYPE}
        try:
            answer = await self.tokens.ask(
                of, SCORE, "POST", url, headers=headers, json=each.message(stamp)
            )
        except Unreachable as why:
            await self._fail(each, error_of(why), 0)
            return False
        is_again = each.row is not None and stamp == each.row.stamp
        if answer.status in ARRIVED or (is_again and str(answer.status) == REPEATED):
            return True
        await self._fail(each, refusal(answer), seconds(answer.headers.get("retry-after", "")))
        return False

    async def _fail(self, each: Due, error: str, wait_s: float) -> None:
        log.warning(
            "A score did not arrive", platform=each.link.platform, reason=error.partition(": ")[0]
        )
        await self.database.run(failed, each, error, max(wait_s, self.first_retry_s))

    async def _results(self, of: Row, link: Row) -> dict[str, float | None] | str:
        """The marks that the platform has, as shares of the maximum; or why they are unknown."""
        if RESULT not in link.scopes.split():
            return {}
        url, found = beside(link.line_item, "/results"), {}
        try:
            async for answer in self.tokens.pages(of, RESULT, url, RESULT_TYPE):
                if answer.status != 200:
                    return refusal(answer)
                for each in answer.json:
                    found[str(each["userId"])] = share_of(each)
        except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError):
            return UNREACHABLE
        except Unreachable as why:
            return error_of(why)
        return found


def beside(line_item: str, name: str) -> str:
    """The address of a column's scores or results: ``name`` precedes a query (Moodle has one)."""
    parts = urlsplit(line_item)
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") + name))


def share_of(result: dict[str, Any]) -> float | None:
    points, most = result.get("resultScore"), result.get("resultMaximum") or 1
    return None if points is None else float(points) / float(most)


def is_changed(each: Due, there: float | None) -> bool:
    """Whether the platform's mark is not one that this server sent, or tried to."""
    if there is None or each.is_forced:
        return False
    ours = [each.share]
    if each.row is not None:
        ours += [share for share in (sent_share(each.row), each.row.tried) if share is not None]
    return all(abs(there - share) > ALIKE for share in ours)


def is_there(each: Due, there: float | None) -> bool:
    """Whether the last try arrived although its answer was lost."""
    return there is not None and each.may_be_there and abs(there - each.share) <= ALIKE


def sent_share(row: Row) -> float | None:
    return row.points / row.most if row.points is not None and row.most else None


def asks_to_wait(answer: Answer) -> bool:
    """Whether there were too many requests. Canvas reports this with 403."""
    is_limit = answer.status == 403 and b"rate limit" in answer.body.lower()
    return is_limit or answer.status in (429, 503)


def refusal(answer: Answer) -> str:
    """Why a mark was refused: the status and the platform's own words, if it has some."""
    if asks_to_wait(answer):
        return WAIT
    found = [json.loads(each) for each in SAID.findall(answer.body.decode(errors="replace"))]
    words = "".join(filter(str.isprintable, " ".join("; ".join(found).split())))
    return f"{answer.status}: {words}"[:LONGEST_ERROR] if words else str(answer.status)


def seconds(retry_after: str) -> float:
    is_number = retry_after.isascii() and retry_after.isdigit()
    return min(float(retry_after), LONGEST_RETRY_S) if is_number else 0.0


def error_of(why: Unreachable) -> str:
    return NO_ACCESS if isinstance(why, NoAccess) else UNREACHABLE
