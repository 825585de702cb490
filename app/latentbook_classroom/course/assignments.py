"""Assignments: the book's files set the questions; instructors decide when, and for whom."""

import hmac
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from latentbook.book.translations.language import message
from latentbook_classroom.course import people
from latentbook_classroom.course.assignment import Asked, Assigned
from latentbook_classroom.course.late import FREE, Dates, Late, When, dates_of
from latentbook_classroom.course.people import Member, Row, note
from latentbook_classroom.course.refused import Refused
from latentbook_classroom.course.tables import (
    assignment,
    assignment_question,
    attempt,
    extension,
    member,
    now,
    person,
    question,
    variant,
)
from latentbook_classroom.course.words import clean
from latentbook_classroom.grader.question import Question

LAST_YEAR = 2999
"""Latest year of a date: time can still be added to it."""
MAX_EXTENSIONS = 1_000
"""Per assignment."""


@dataclass(frozen=True)
class Put:
    """A question as a member gets it. ``question``: table id of the edition in use."""

    label: str
    question: int
    kind: str
    variant: int
    points: float


@dataclass(frozen=True)
class Given:
    """An assignment as it is given to a member at a moment. ``usual``: dates without extensions."""

    id: int
    name: str
    title: str
    at: datetime
    dates: Dates
    late: Late
    counts: str
    answers_at: datetime | None
    questions: tuple[Put, ...]
    usual: Dates

    @property
    def when(self) -> When:
        return self.dates.when(self.at)

    @property
    def is_open(self) -> bool:
        return self.when in ("open", "late")

    @property
    def shows_answers(self) -> bool:
        return self.answers_at is not None and self.at >= self.answers_at

    def put(self, label: str) -> Put:
        for each in self.questions:
            if each.label == label:
                return each
        raise no_question()


# The book's files


def take(connection: sa.Connection, assigned: Assigned) -> None:
    """Store the build's assignments: new editions, new assignments and points.

    Until an assignment opens to anybody, it follows the files. Once open, it keeps its questions
    and their editions, and can only gain questions.
    """
    numbers = {label: _stored(connection, asked) for label, asked in assigned.questions.items()}
    at = people.present(connection).id
    known = {row.name for row in everything(connection, at)}
    for made in assigned.assignments:
        if made.name not in known:
            values = {"course": at, "name": made.name, "late": asdict(FREE), "counts": "best"}
            people.add(connection, assignment, title=made.title, **values)
        row = one(connection, at, made.name)
        change = sa.update(assignment).where(assignment.c.id == row.id)
        connection.execute(change.values(title=made.title))
        if not has_opened(connection, row, now()):
            connection.execute(sa.delete(assignment_question).filter_by(assignment=row.id))
        kept = {each.label: each.id for each in asked_in(connection, row.id)}
        for position, (label, points) in enumerate(made.questions):
            place = {"points": points, "position": position, "latest": numbers[label]}
            if label in kept:
                moved = sa.update(assignment_question).filter_by(id=kept[label])
                connection.execute(moved.values(**place))
            else:
                given = {"assignment": row.id, "label": label, "question": numbers[label]}
                people.add(connection, assignment_question, **given, **place)


def _stored(connection: sa.Connection, asked: Asked) -> int:
    """Store an edition if it is new; return its number."""
    known = sa.select(question.c.id).where(question.c.edition == asked.edition)
    rows = [
        {"number": i, "body": replace(asked, variants=(each,)).dumped()}
        for i, each in enumerate(asked.variants)
    ]
    if found := connection.execute(known).scalar():
        for each in rows:  # only the HTML can be newer: question and key are the same
            place = (variant.c.question == found) & (variant.c.number == each["number"])
            change = sa.update(variant).where(place, variant.c.body != each["body"])
            connection.execute(change.values(body=each["body"]))
        return int(found)
    count = len(asked.variants)
    values = {"label": asked.label, "edition": asked.edition, "kind": asked.kind, "count": count}
    added = people.add(connection, question, **values)
    connection.execute(sa.insert(variant), [{"question": added, **each} for each in rows])
    return added


BODY = sa.select(variant.c.body).filter_by(
    question=sa.bindparam("question"), number=sa.bindparam("number")
)


def asked(connection: sa.Connection, question_id: int, number: int) -> Asked:
    """An edition of a question, with only one of its variants."""
    which = {"question": question_id, "number": number}
    return Asked.loaded(connection.execute(BODY, which).scalar_one())


ASKED_IN = (
    sa.select(assignment_question, question.c.edition, question.c.kind)
    .add_columns(question.c.count.label("variants"))
    .join(question, question.c.id == assignment_question.c.question)
    .where(assignment_question.c.assignment == sa.bindparam("assignment"))
    .order_by(assignment_question.c.position, assignment_question.c.id)
)


def asked_in(connection: sa.Connection, assignment_id: int) -> list[Row]:
    """The questions of an assignment in order, with the kind and number of variants."""
    return list(connection.execute(ASKED_IN, {"assignment": assignment_id}))


def variant_of(secret: str, member_id: int, label: str, count: int) -> int:
    """Draw a member's variant; no one can predict it without the course's secret."""
    drawn = hmac.digest(secret.encode(), f"{member_id}/{label}".encode(), "sha256")
    return int.from_bytes(drawn[:8]) % count


# Members and dates


EVERYTHING = sa.select(assignment).filter_by(course=sa.bindparam("course"))
ONE = EVERYTHING.where(assignment.c.name == sa.bindparam("name"))


def everything(connection: sa.Connection, course_id: int) -> list[Row]:
    """All assignments of a course."""
    wanted = EVERYTHING.order_by(assignment.c.id)
    return list(connection.execute(wanted, {"course": course_id}))


def one(connection: sa.Connection, course_id: int, name: str) -> Row:
    found = connection.execute(ONE, {"course": course_id, "name": name}).one_or_none()
    if found is None:
        raise not_here()
    return found


def no_question() -> Refused:
    return Refused(404, message("There is no such question in this assignment."))


def not_here() -> Refused:
    return Refused(404, message("There is no such assignment, or it has not opened yet."))


EXTENSIONS = (
    sa.select(extension, person.c.name, member.c.person)
    .outerjoin(member, member.c.id == extension.c.member)
    .outerjoin(person, person.c.id == member.c.person)
    .where(extension.c.assignment == sa.bindparam("assignment"))
    .order_by(extension.c.id)
)


def extensions(connection: sa.Connection, assignment_id: int) -> list[Row]:
    """The extensions of an assignment; ``name`` and ``person`` identify a member."""
    return list(connection.execute(EXTENSIONS, {"assignment": assignment_id}))


def dates_for(row: Row, extended: Iterable[Row], member_id: int, group: str) -> Dates:
    """A member's dates, given all extensions of the assignment."""
    own = [e for e in extended if e.member == member_id or (e.group and e.group == group)]
    return dates_of(row, own)


def has_opened(connection: sa.Connection, row: Row, at: datetime) -> bool:
    """Whether an assignment is open to anybody, or was."""
    answered = sa.exists().where(attempt.c.assignment == row.id)
    is_open = dates_of(row, extensions(connection, row.id)).when(at) != "unopened"
    return is_open or bool(connection.execute(sa.select(answered)).scalar())


def answers_from(row: Row, extended: Iterable[Row]) -> datetime | None:
    """When answers are shown: never while anybody can still answer. None: never."""
    last = dates_of(row, extended)
    if row.answers_at is None or last.closes_at is None:
        return None
    shown: datetime = max(row.answers_at, last.closes_at + last.grace)
    return shown


def open_ones(connection: sa.Connection, me: Member, at: datetime) -> list[Given]:
    """Assignments that have opened to a member, including those that have closed again."""
    found = [_given(connection, me, row, at) for row in everything(connection, me.course.id)]
    return [each for each in found if each.when != "unopened"]


def given(connection: sa.Connection, me: Member, name: str, at: datetime) -> Given:
    found = _given(connection, me, one(connection, me.course.id, name), at)
    if found.when == "unopened" and not me.may("assistant"):
        if (opens_at := found.dates.opens_at) is None:
            raise not_here()
        raise Refused(404, message("This assignment opens on %(moment)s."), moment=opens_at)
    return found


def judged_by(
    connection: sa.Connection, me: Member, name: str, label: str, at: datetime
) -> tuple[Given, Question]:
    """A member's assignment, and the data that judges an answer to one question."""
    found = given(connection, me, name, at)
    put = found.put(label)
    return found, asked(connection, put.question, put.variant).variants[0].question


def _given(connection: sa.Connection, me: Member, row: Row, at: datetime) -> Given:
    def put(each: Row) -> Put:
        drawn = variant_of(me.course.secret, me.id, each.label, each.variants)
        return Put(each.label, each.question, each.kind, drawn, each.points)

    extended = extensions(connection, row.id)
    return Given(
        id=row.id,
        name=row.name,
        title=row.title,
        at=at,
        dates=dates_for(row, extended, me.id, me.group),
        late=Late(**row.late),
        counts=row.counts,
        answers_at=answers_from(row, extended),
        questions=tuple(map(put, asked_in(connection, row.id))),
        usual=dates_of(row, ()),
    )


def set_dates(
    connection: sa.Connection,
    by: Member,
    name: str,
    *,
    opens_at: datetime | None = None,
    due_at: datetime | None = None,
    closes_at: datetime | None = None,
    answers_at: datetime | None = None,
    late: Late = FREE,
    tries: int | None = None,
    counts: str = "best",
) -> None:
    """Set all of an assignment's settings that are made on the web. None clears a value."""
    row, before = one(connection, by.course.id, name), fields(connection, by.course.id, name)
    in_order(opens_at, due_at, closes_at)
    if not (0 <= late.percent <= 100 and 0 <= late.most <= 100 and 0 <= late.grace <= 24 * 60):
        why = message("Percentages are from 0 to 100, a grace period is at most a day.")
        raise Refused(422, why)
    if counts not in ("best", "last") or (tries is not None and tries < 1):
        raise Refused(422, message("The best attempt or the last counts, of at least one."))
    values = {"opens_at": opens_at, "due_at": due_at, "closes_at": closes_at}
    change = sa.update(assignment).where(assignment.c.id == row.id)
    rules = {"answers_at": answers_at, "late": asdict(late), "tries": tries, "counts": counts}
    connection.execute(change.values(**values, **rules))
    after = fields(connection, by.course.id, name)
    news = [f"{k} {before[k] or '–'} → {v or '–'}" for k, v in after.items() if v != before[k]]
    detail = "; ".join((name, *news))
    note(connection, by.course.id, "assignment changed", by=by.person, detail=detail)


def fields(connection: sa.Connection, course_id: int, name: str) -> dict[str, str]:
    """Field values of the form for an assignment's settings."""
    row = one(connection, course_id, name)
    dates = {each: getattr(row, each) for each in ("opens_at", "due_at", "closes_at", "answers_at")}
    texts = {each: f"{at:%Y-%m-%dT%H:%M}" if at else "" for each, at in dates.items()}
    late = {each: f"{number:g}" for each, number in asdict(Late(**row.late)).items()}
    return {**texts, **late, "tries": str(row.tries or ""), "counts": row.counts}


def in_order(*dates: datetime | None) -> None:
    known = [each for each in dates if each is not None]
    if any(each.year > LAST_YEAR for each in known):
        raise Refused(422, message("The last year for a date is %(year)s."), year=LAST_YEAR)
    if known != sorted(known):
        raise Refused(422, message("An assignment opens, is due, and closes, in this order."))


def extend(
    connection: sa.Connection,
    by: Member,
    name: str,
    *,
    who: int | None = None,
    group: str = "",
    opens_at: datetime | None = None,
    due_at: datetime | None = None,
    closes_at: datetime | None = None,
    tries: int | None = None,
) -> None:
    """Give a person or a group other dates. None: as for everybody."""
    row = one(connection, by.course.id, name)
    in_order(opens_at, due_at, closes_at)
    group = clean(group, is_needed=False)
    if (who is None) == (group == ""):
        raise Refused(422, message("An extension is for one person or one group."))
    if len(extensions(connection, row.id)) >= MAX_EXTENSIONS:
        raise Refused(409, message("There are too many extensions: withdraw some first."))
    number = None if who is None else people.one_member(connection, by.course.id, who).member
    to = {"assignment": row.id, "member": number, "group": group}
    dates = {"opens_at": opens_at, "due_at": due_at, "closes_at": closes_at, "tries": tries}
    people.add(connection, extension, **to, **dates)
    note(connection, by.course.id, "extension given", by=by.person, on=who, detail=name)


def withdraw(connection: sa.Connection, by: Member, name: str, number: int) -> None:
    """Delete an extension and log it."""
    row = one(connection, by.course.id, name)
    chosen = (extension.c.id == number) & (extension.c.assignment == row.id)
    if connection.execute(sa.delete(extension).where(chosen)).rowcount:
        note(connection, by.course.id, "extension withdrawn", by=by.person, detail=name)


def next_term(connection: sa.Connection, term: str, by: Member | None = None) -> None:
    """Begin the next term: same settings and assignments, no dates, no people except ``by``."""
    before = people.present(connection)
    if term == before.term:
        raise Refused(422, message("The course has this term now: write the next one."))
    added = people.new_course(connection, before.name, term, by=by.person if by else None)
    for row in everything(connection, before.id):
        kept = {name: getattr(row, name) for name in ("name", "title", "late", "tries", "counts")}
        copied = people.add(connection, assignment, course=added, **kept)
        old = assignment_question.c
        into = ("assignment", "question", "latest", "label", "points", "position")
        asks = sa.select(
            sa.literal(copied), old.latest, old.latest, old.label, old.points, old.position
        ).where(old.assignment == row.id)
        asks = asks.order_by(old.position, old.id)
        connection.execute(sa.insert(assignment_question).from_select(into, asks))
