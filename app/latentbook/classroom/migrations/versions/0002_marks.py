"""Marks: questions, assignments, extensions, attempts, results, jobs and overrides."""

import secrets
from importlib import import_module
from typing import Any

import sqlalchemy as sa
from alembic import op

first = import_module("latentbook.classroom.migrations.versions.0001_people")
moment, reference, text, NAMED = first.moment, first.reference, first.text, first.NAMED

revision = "0002"
down_revision = "0001"

DATES = ("opens_at", "due_at", "closes_at")


def upgrade() -> None:
    op.add_column("course", sa.Column("secret", sa.String(64), nullable=False, server_default=""))
    course = sa.table("course", sa.column("id"), sa.column("secret"))
    for each in op.get_bind().execute(sa.select(course.c.id)).scalars().all():
        drawn = secrets.token_hex()
        op.execute(sa.update(course).where(course.c.id == each).values(secret=drawn))
    table(
        "question",
        text("label"),
        text("edition", 64),
        text("kind", 40),
        number("count"),
        sa.UniqueConstraint("edition", name="uq_question_edition"),
    )
    op.create_table(
        "variant",
        *reference("variant", "question"),
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        long("body"),
        sa.PrimaryKeyConstraint("question", "number", name="pk_variant"),
    )
    table(
        "assignment",
        *reference("assignment", "course"),
        text("name"),
        text("title"),
        *(sa.Column(name, sa.DateTime) for name in (*DATES, "answers_at")),
        sa.Column("late", sa.JSON, nullable=False),
        sa.Column("tries", sa.Integer),
        text("counts", 20),
        sa.UniqueConstraint("course", "name", name="uq_assignment_course"),
    )
    table(
        "assignment_question",
        *reference("assignment_question", "assignment"),
        *reference("assignment_question", "question"),
        sa.Column("latest", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(["latest"], ["question.id"], name="fk_assignment_question_latest"),
        text("label"),
        sa.Column("points", sa.Float, nullable=False),
        number("position"),
        sa.UniqueConstraint("assignment", "label", name="uq_assignment_question_assignment"),
    )
    table(
        "extension",
        *reference("extension", "assignment"),
        *reference("extension", "member", nullable=True),
        text("group"),
        *(sa.Column(name, sa.DateTime) for name in DATES),
        sa.Column("tries", sa.Integer),
    )
    op.create_table(
        "attempt",
        text("id"),
        *reference("attempt", "member"),
        *reference("attempt", "assignment"),
        *reference("attempt", "question"),
        text("label"),
        number("variant"),
        long("answer"),
        moment("made_at"),
        moment("arrived_at"),
        sa.PrimaryKeyConstraint("id", name="pk_attempt"),
    )
    table(
        "result",
        *of_attempt("result"),
        *reference("result", "question"),
        text("state", 20),
        *(long(name) for name in ("said", "mistake", "told")),
        sa.Column("detail", sa.JSON, nullable=False),
        moment("at"),
    )
    table(
        "job",
        *of_attempt("job"),
        *reference("job", "question"),
        sa.Column("leased_until", sa.DateTime),
        number("tries"),
        sa.UniqueConstraint("attempt", "question", name="uq_job_attempt"),
    )
    table(
        "mark",
        *reference("mark", "member"),
        *reference("mark", "assignment"),
        text("label"),
        sa.Column("points", sa.Float),
        long("why"),
        *reference("mark", "by", to="person", nullable=True, erased="SET NULL"),
        moment("at"),
    )
    op.create_index("ix_question_label", "question", ["label"])
    for name, columns in INDEXED.items():
        for column in columns:
            op.create_index(f"ix_{name}_{column}", name, [column])


def table(name: str, *columns: Any) -> None:
    """A table whose rows are numbered."""
    primary = sa.PrimaryKeyConstraint("id", name=f"pk_{name}")
    op.create_table(name, number("id"), *columns, primary, **NAMED)


def downgrade() -> None:
    for name in (*reversed(INDEXED), "variant", "question"):
        op.drop_table(name)
    op.drop_column("course", "secret")


INDEXED = {
    "assignment": ("course",),
    "assignment_question": ("assignment", "question", "latest"),
    "extension": ("assignment", "member"),
    "attempt": ("member", "assignment", "question"),
    "result": ("attempt", "question"),
    "job": ("attempt", "question"),
    "mark": ("member", "assignment", "by"),
}


def number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def long(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def of_attempt(table: str) -> tuple[sa.Column[str], sa.ForeignKeyConstraint]:
    _, key = reference(table, "attempt")
    return text("attempt"), key
