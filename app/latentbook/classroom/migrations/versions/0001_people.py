"""People: courses, members, sessions, invitations, events and the audit log."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

NAMED = {"sqlite_autoincrement": True}


def upgrade() -> None:
    op.create_table(
        "course",
        sa.Column("id", sa.Integer, nullable=False),
        text("name"),
        text("term"),
        moment("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_course"),
        **NAMED,
    )
    op.create_table(
        "person",
        sa.Column("id", sa.Integer, nullable=False),
        text("name"),
        text("number"),
        moment("created_at"),
        sa.Column("stored_bytes", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
        **NAMED,
    )
    op.create_table(
        "member",
        sa.Column("id", sa.Integer, nullable=False),
        *reference("member", "course"),
        *reference("member", "person"),
        text("role", 20),
        text("group"),
        moment("joined_at"),
        sa.PrimaryKeyConstraint("id", name="pk_member"),
        sa.UniqueConstraint("course", "person", name="uq_member_course"),
        **NAMED,
    )
    op.create_table(
        "session",
        sa.Column("id", sa.Integer, nullable=False),
        *reference("session", "person"),
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        moment("created_at"),
        moment("seen_at"),
        moment("expires_at"),
        sa.PrimaryKeyConstraint("id", name="pk_session"),
        sa.UniqueConstraint("token_hash", name="uq_session_token_hash"),
        **NAMED,
    )
    op.create_table(
        "invite",
        sa.Column("id", sa.Integer, nullable=False),
        *reference("invite", "course"),
        *reference("invite", "person", nullable=True),
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        *reference("invite", "created_by", to="person", nullable=True, erased="SET NULL"),
        text("role", 20),
        text("group"),
        moment("created_at"),
        moment("expires_at"),
        sa.Column("uses", sa.Integer, nullable=False),
        sa.Column("max_uses", sa.Integer),
        sa.Column("revoked_at", sa.DateTime),
        sa.PrimaryKeyConstraint("id", name="pk_invite"),
        sa.UniqueConstraint("token_hash", name="uq_invite_token_hash"),
        **NAMED,
    )
    op.create_table(
        "event",
        *reference("event", "person"),
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("person", "number", name="pk_event"),
        sa.UniqueConstraint("person", "key", name="uq_event_person"),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, nullable=False),
        *reference("audit", "course"),
        moment("at"),
        *reference("audit", "actor", to="person", nullable=True, erased="SET NULL"),
        *reference("audit", "subject", to="person", nullable=True, erased="SET NULL"),
        text("action", 40),
        text("detail"),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        **NAMED,
    )
    for table, columns in INDEXED.items():
        for column in columns:
            op.create_index(f"ix_{table}_{column}", table, [column])


def downgrade() -> None:
    for table in ("audit", "event", "invite", "session", "member", "person", "course"):
        op.drop_table(table)


INDEXED = {
    "member": ("course", "person"),
    "session": ("person",),
    "invite": ("course", "person", "created_by"),
    "audit": ("course", "at", "actor", "subject"),
}


def text(name: str, length: int = 200) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length), nullable=False)


def moment(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime, nullable=False)


def reference(
    table: str, name: str, *, to: str = "", nullable: bool = False, erased: str = "CASCADE"
) -> tuple[sa.Column[Any], sa.ForeignKeyConstraint]:
    return (
        sa.Column(name, sa.Integer, nullable=nullable),
        sa.ForeignKeyConstraint(
            [name], [f"{to or name}.id"], name=f"fk_{table}_{name}", ondelete=erased
        ),
    )
