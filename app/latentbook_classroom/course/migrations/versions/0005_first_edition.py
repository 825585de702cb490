"""The tables of the first edition. No release has created older ones.

Do not change them when ``tables.py`` changes: add a migration.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from latentbook_classroom.course.tables import NAMING

revision = "0005"
down_revision = None

metadata = sa.MetaData(naming_convention=NAMING)


def upgrade() -> None:
    metadata.create_all(op.get_bind())


def downgrade() -> None:
    metadata.drop_all(op.get_bind())


def table(name: str, *columns: sa.Column[Any] | sa.UniqueConstraint) -> None:
    number = sa.Column("id", sa.Integer, primary_key=True)
    sa.Table(name, metadata, number, *columns, sqlite_autoincrement=True)


def of(table: str, *, optional: bool = False) -> sa.Column[Any]:
    reference = sa.ForeignKey(f"{table}.id", ondelete="CASCADE")
    return sa.Column(table, reference, nullable=optional, index=True)


def once(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.ForeignKey("person.id", ondelete="SET NULL"), index=True)


def given(kind: Any, *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=False) for name in names]


def maybe(kind: Any, *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind) for name in names]


def text(*names: str) -> list[sa.Column[Any]]:
    return given(sa.String(200), *names)


def token() -> sa.Column[Any]:
    return sa.Column("token_hash", sa.LargeBinary(32), nullable=False, unique=True)


def id_of_platform() -> sa.Column[Any]:
    length = sa.String(200).with_variant(sa.String(255), "postgresql")
    return sa.Column("name", length, nullable=False)


# People

table(
    "course",
    *text("name", "term"),
    *given(sa.DateTime, "created_at"),
    sa.Column("secret", sa.String(64), nullable=False, server_default=""),
)
table(
    "person",
    *text("name", "number"),
    *given(sa.DateTime, "created_at"),
    *given(sa.Integer, "stored_bytes"),
)
table(
    "member",
    of("course"),
    of("person"),
    *given(sa.String(20), "role"),
    *text("group"),
    *given(sa.DateTime, "joined_at"),
    sa.UniqueConstraint("course", "person"),
)
table(
    "session",
    of("person"),
    of("platform", optional=True),
    token(),
    *given(sa.DateTime, "created_at", "seen_at", "expires_at"),
)
table(
    "invite",
    of("course"),
    of("person", optional=True),
    of("platform", optional=True),
    token(),
    once("created_by"),
    *given(sa.String(20), "role"),
    *text("group"),
    *given(sa.DateTime, "created_at", "expires_at"),
    *given(sa.Integer, "uses"),
    *maybe(sa.Integer, "max_uses"),
    *maybe(sa.DateTime, "revoked_at"),
)
sa.Table(
    "event",
    metadata,
    sa.Column("person", sa.ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    *given(sa.Text, "key", "body"),
    sa.UniqueConstraint("person", "key"),
)
table(
    "audit",
    of("course"),
    sa.Column("at", sa.DateTime, nullable=False, index=True),
    once("actor"),
    once("subject"),
    *given(sa.String(40), "action"),
    *text("detail"),
)

# Marks

table(
    "question",
    sa.Column("label", sa.String(200), nullable=False, index=True),
    sa.Column("edition", sa.String(64), nullable=False, unique=True),
    *given(sa.String(40), "kind"),
    *given(sa.Integer, "count"),
)
sa.Table(
    "variant",
    metadata,
    sa.Column("question", sa.ForeignKey("question.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    *given(sa.Text, "body"),
)
table(
    "assignment",
    of("course"),
    *text("name", "title"),
    *maybe(sa.DateTime, "opens_at", "due_at", "closes_at", "answers_at"),
    *given(sa.JSON, "late"),
    *maybe(sa.Integer, "tries"),
    *given(sa.String(20), "counts"),
    sa.UniqueConstraint("course", "name"),
)
table(
    "assignment_question",
    of("assignment"),
    of("question"),
    sa.Column("latest", sa.ForeignKey("question.id"), nullable=False, index=True),
    *text("label"),
    *given(sa.Float, "points"),
    *given(sa.Integer, "position"),
    sa.UniqueConstraint("assignment", "label"),
)
table(
    "extension",
    of("assignment"),
    of("member", optional=True),
    *text("group"),
    *maybe(sa.DateTime, "opens_at", "due_at", "closes_at"),
    *maybe(sa.Integer, "tries"),
)
sa.Table(
    "attempt",
    metadata,
    sa.Column("id", sa.String(200), primary_key=True),
    of("member"),
    of("assignment"),
    of("question"),
    *text("label"),
    *given(sa.Integer, "variant"),
    *given(sa.Text, "answer"),
    *given(sa.DateTime, "made_at", "arrived_at"),
)
table(
    "result",
    of("attempt"),
    of("question"),
    *given(sa.String(20), "state"),
    *given(sa.Text, "said", "mistake", "told"),
    *given(sa.JSON, "detail"),
    *given(sa.DateTime, "at"),
)
table(
    "job",
    of("attempt"),
    of("question"),
    *maybe(sa.DateTime, "leased_until"),
    *given(sa.Integer, "tries"),
    sa.UniqueConstraint("attempt", "question"),
)
table(
    "mark",
    of("member"),
    of("assignment"),
    *text("label"),
    *maybe(sa.Float, "points"),
    *given(sa.Text, "why"),
    once("by"),
    *given(sa.DateTime, "at"),
)

# Platforms of the university

table(
    "platform",
    *given(sa.String(20), "kind"),
    *text("name", "issuer", "client_id", "client_secret"),
    *given(sa.String(1000), "auth_url", "token_url", "keys_url", "audience"),
    *text("address"),
    *given(sa.Boolean, "is_open"),
    *given(sa.DateTime, "created_at"),
    sa.UniqueConstraint("issuer", "client_id"),
)
table("deployment", of("platform"), id_of_platform(), sa.UniqueConstraint("platform", "name"))
table("tool_key", *given(sa.Text, "private"), *given(sa.DateTime, "created_at"))
table(
    "context",
    of("deployment"),
    of("course"),
    id_of_platform(),
    *text("title"),
    *given(sa.String(1000), "members_url"),
    sa.Column("is_trusted", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.UniqueConstraint("deployment", "name"),
)
table("context_person", of("context"), of("person"), sa.UniqueConstraint("context", "person"))
table(
    "resource_link",
    of("context"),
    id_of_platform(),
    *text("assignment"),
    *given(sa.String(1000), "line_item", "scopes"),
    sa.UniqueConstraint("context", "name"),
)
table(
    "identity",
    of("person"),
    *text("issuer"),
    *given(sa.String(255), "subject"),
    sa.UniqueConstraint("issuer", "subject"),
)
table(
    "login_state",
    token(),
    *given(sa.String(20), "kind"),
    *given(sa.Text, "body"),
    *given(sa.DateTime, "expires_at"),
)
table(
    "passback",
    of("resource_link"),
    of("person"),
    *maybe(sa.Float, "points", "most", "tried"),
    *maybe(sa.Boolean, "is_complete"),
    *maybe(sa.DateTime, "stamp", "next_at"),
    *given(sa.Integer, "tries"),
    *text("error"),
    *given(sa.Boolean, "is_forced"),
    sa.UniqueConstraint("resource_link", "person"),
)
