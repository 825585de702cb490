"""The tables of a course: people, their sessions, their work and their marks. Times are UTC."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

ROLES = ("student", "assistant", "instructor")
"""In order: each has the rights of those before it."""

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
"""Migrations change a constraint by its name."""

metadata = sa.MetaData(naming_convention=NAMING)


class Moment(sa.types.TypeDecorator[datetime]):
    """A moment in UTC. SQLite stores no zone."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return value and value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


def now() -> datetime:
    return datetime.now(UTC)


def text(name: str, length: int = 200) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=False)


def of(table: str, *, optional: bool = False) -> sa.Column[Any]:
    """A reference; the row is erased with the row that it refers to."""
    reference = sa.ForeignKey(f"{table}.id", ondelete="CASCADE")
    return sa.Column(table, reference, nullable=optional, index=True)


def once(name: str) -> sa.Column[Any]:
    """A reference to a person; the row outlives them."""
    reference = sa.ForeignKey("person.id", ondelete="SET NULL")
    return sa.Column(name, reference, nullable=True, index=True)


def table(name: str, *columns: sa.Column[Any] | sa.UniqueConstraint) -> sa.Table:
    """A table of numbered rows; no number is reused."""
    number = sa.Column("id", sa.Integer, primary_key=True)
    return sa.Table(name, metadata, number, *columns, sqlite_autoincrement=True)


course = table(
    "course",
    text("name"),
    text("term"),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("secret", sa.String(64), nullable=False, server_default=""),
)
"""A course in one term. The present one has the greatest number. ``secret``: seeds variants."""

person = table(
    "person",
    text("name"),
    text("number"),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("stored_bytes", sa.Integer, nullable=False, default=0),
)
"""``number``: the university's, or empty. ``stored_bytes``: of the person's events."""

member = table(
    "member",
    of("course"),
    of("person"),
    text("role", 20),
    text("group"),
    sa.Column("joined_at", Moment, nullable=False),
    sa.UniqueConstraint("course", "person"),
)
"""A person in a course. ``group`` may be empty."""

session = table(
    "session",
    of("person"),
    of("platform", optional=True),
    once("made_by"),
    sa.Column("token_hash", sa.LargeBinary(32), nullable=False, unique=True),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("seen_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
)
"""A browser in which somebody is signed in. ``platform``: the one that identified them, if any.
``made_by``: who made the personal link. ``seen_at`` lags by at most an hour.
"""

invite = table(
    "invite",
    of("course"),
    of("person", optional=True),
    of("platform", optional=True),
    sa.Column("token_hash", sa.LargeBinary(32), nullable=False, unique=True),
    once("created_by"),
    text("role", 20),
    text("group"),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("uses", sa.Integer, nullable=False),
    sa.Column("max_uses", sa.Integer),
    sa.Column("revoked_at", Moment),
)
"""A link by which people join or, with ``person``, by which that person signs in. ``platform``:
of the session in which a person made it for another device.
"""

event = sa.Table(
    "event",
    metadata,
    sa.Column(
        "person", sa.ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, nullable=False
    ),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.UniqueConstraint("person", "key"),
)
"""An event of a person's study log, as JSON. ``number`` counts the person's events in the order of
their arrival. ``key``: the event's id or, for a value, its name; only the newest value is stored.
"""

audit = table(
    "audit",
    of("course"),
    sa.Column("at", Moment, nullable=False, index=True),
    once("actor"),
    once("subject"),
    text("action", 40),
    text("detail"),
)
"""Who did what, and to whom. ``detail`` never contains a name, so that erasing a person erases the
name here too.
"""

question = table(
    "question",
    sa.Column("label", sa.String(200), nullable=False, index=True),
    sa.Column("edition", sa.String(64), nullable=False, unique=True),
    text("kind", 40),
    sa.Column("count", sa.Integer, nullable=False),
)
"""An edition of a question; it never changes. ``count``: number of variants."""

variant = sa.Table(
    "variant",
    metadata,
    sa.Column("question", sa.ForeignKey("question.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("body", sa.Text, nullable=False),
)
"""``body``: ``Asked.dumped`` with only this variant."""

assignment = table(
    "assignment",
    of("course"),
    text("name"),
    text("title"),
    sa.Column("opens_at", Moment),
    sa.Column("due_at", Moment),
    sa.Column("closes_at", Moment),
    sa.Column("answers_at", Moment),
    sa.Column("late", sa.JSON, nullable=False),
    sa.Column("tries", sa.Integer),
    text("counts", 20),
    sa.UniqueConstraint("course", "name"),
)
"""``late``: see ``late.py``. ``tries``: per question; None: unlimited. ``counts``: the best attempt
or the last.
"""

assignment_question = table(
    "assignment_question",
    of("assignment"),
    of("question"),
    sa.Column("latest", sa.ForeignKey("question.id"), nullable=False, index=True),
    text("label"),
    sa.Column("points", sa.Float, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.UniqueConstraint("assignment", "label"),
)
"""A question of an assignment, in the edition in use. ``latest``: the book's present edition."""

extension = table(
    "extension",
    of("assignment"),
    of("member", optional=True),
    text("group"),
    sa.Column("opens_at", Moment),
    sa.Column("due_at", Moment),
    sa.Column("closes_at", Moment),
    sa.Column("tries", sa.Integer),
)
"""Other dates for a member or a group. None: as for everybody."""

attempt = sa.Table(
    "attempt",
    metadata,
    sa.Column("id", sa.String(200), primary_key=True),
    of("member"),
    of("assignment"),
    of("question"),
    text("label"),
    sa.Column("variant", sa.Integer, nullable=False),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Column("made_at", Moment, nullable=False),
    sa.Column("arrived_at", Moment, nullable=False),
    sa.Column("number", sa.Integer, nullable=False, server_default="0", index=True),
)
"""An answer, never changed. ``question``: the edition that was asked. ``made_at``: by the browser's
clock; nothing depends on it. ``number``: in the order of arrival, whatever the clocks show.
"""

result = table(
    "result",
    of("attempt"),
    of("question"),
    text("state", 20),
    sa.Column("said", sa.Text, nullable=False),
    sa.Column("mistake", sa.Text, nullable=False),
    sa.Column("told", sa.Text, nullable=False),
    sa.Column("detail", sa.JSON, nullable=False),
    sa.Column("at", Moment, nullable=False),
)
"""A verdict on an attempt, by an edition of its question; never changed. For each edition, the last
one counts.
"""

job = table(
    "job",
    of("attempt"),
    of("question"),
    sa.Column("leased_until", Moment),
    sa.Column("tries", sa.Integer, nullable=False, default=0),
    sa.UniqueConstraint("attempt", "question"),
)
"""An attempt that waits to be judged by an edition, or is being judged until its lease ends."""

mark = table(
    "mark",
    of("member"),
    of("assignment"),
    text("label"),
    sa.Column("points", sa.Float),
    sa.Column("why", sa.Text, nullable=False),
    once("by"),
    sa.Column("at", Moment, nullable=False),
)
"""An instructor's decision on a question's points; the last counts. None: as computed."""
