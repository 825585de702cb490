"""The way into the university: platforms, identities, links, scores sent."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    table(
        "platform",
        text("kind", 20),
        *[text(name) for name in ("name", "issuer", "client_id", "client_secret")],
        *[text(name, 1000) for name in ("auth_url", "token_url", "keys_url", "audience")],
        text("address"),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.UniqueConstraint("issuer", "client_id", name="uq_platform_issuer"),
    )
    table(
        "deployment",
        *reference("deployment", "platform"),
        text("name"),
        sa.UniqueConstraint("platform", "name", name="uq_deployment_platform"),
    )
    table(
        "tool_key",
        sa.Column("private", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
    )
    table(
        "context",
        *reference("context", "deployment"),
        *reference("context", "course"),
        text("name"),
        text("title"),
        text("members_url", 1000),
        sa.UniqueConstraint("deployment", "name", name="uq_context_deployment"),
    )
    table(
        "context_person",
        *reference("context_person", "context"),
        *reference("context_person", "person"),
        sa.UniqueConstraint("context", "person", name="uq_context_person_context"),
    )
    table(
        "resource_link",
        *reference("resource_link", "context"),
        text("name"),
        text("assignment"),
        text("line_item", 1000),
        text("scopes", 1000),
        sa.UniqueConstraint("context", "name", name="uq_resource_link_context"),
    )
    table(
        "identity",
        *reference("identity", "person"),
        text("issuer"),
        text("subject", 255),
        sa.UniqueConstraint("issuer", "subject", name="uq_identity_issuer"),
    )
    table(
        "login_state",
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        text("kind", 20),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("expires_at", sa.DateTime, nullable=False),
        sa.UniqueConstraint("token_hash", name="uq_login_state_token_hash"),
    )
    table(
        "passback",
        *reference("passback", "resource_link"),
        *reference("passback", "person"),
        sa.Column("points", sa.Float),
        sa.Column("most", sa.Float),
        sa.Column("is_complete", sa.Boolean),
        sa.Column("tried", sa.Float),
        sa.Column("stamp", sa.DateTime),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("next_at", sa.DateTime),
        text("error"),
        sa.Column("is_forced", sa.Boolean, nullable=False),
        sa.UniqueConstraint("resource_link", "person", name="uq_passback_resource_link"),
    )
    for name, columns in INDEXED.items():
        for column in columns:
            op.create_index(f"ix_{name}_{column}", name, [column])


def downgrade() -> None:
    for name in ("passback", "login_state", "identity", "resource_link", "context_person"):
        op.drop_table(name)
    for name in ("context", "tool_key", "deployment", "platform"):
        op.drop_table(name)


INDEXED = {
    "deployment": ("platform",),
    "context": ("deployment", "course"),
    "context_person": ("context", "person"),
    "resource_link": ("context",),
    "identity": ("person",),
    "passback": ("resource_link", "person"),
}


def table(name: str, *columns: Any) -> None:
    id = sa.Column("id", sa.Integer, nullable=False)
    primary = sa.PrimaryKeyConstraint("id", name=f"pk_{name}")
    op.create_table(name, id, *columns, primary, sqlite_autoincrement=True)


def text(name: str, length: int = 200) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length), nullable=False)


def reference(table: str, name: str) -> tuple[sa.Column[Any], sa.ForeignKeyConstraint]:
    return (
        sa.Column(name, sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(
            [name], [f"{name}.id"], name=f"fk_{table}_{name}", ondelete="CASCADE"
        ),
    )
