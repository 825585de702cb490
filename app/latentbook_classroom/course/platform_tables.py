"""Tables for university platforms: their courses, links and accounts, and the scores sent."""

import sqlalchemy as sa

from latentbook_classroom.course.tables import Moment, metadata, of, once, table, text

LONGEST_ID = 255
"""LTI's limit. SQLite ignores lengths, and cannot change them."""


def id_of_platform(name: str) -> sa.Column[str]:
    length = sa.String(200).with_variant(sa.String(LONGEST_ID), "postgresql")
    return sa.Column(name, length, nullable=False)


platform = table(
    "platform",
    text("kind", 20),
    text("name"),
    text("issuer"),
    text("client_id"),
    text("client_secret"),
    text("auth_url", 1000),
    text("token_url", 1000),
    text("keys_url", 1000),
    text("audience", 1000),
    text("address"),
    sa.Column("is_open", sa.Boolean, nullable=False),
    once("added_by"),
    sa.Column("created_at", Moment, nullable=False),
    sa.UniqueConstraint("issuer", "client_id"),
)
"""A learning management system (``kind`` lti) or a sign-in service (oidc) that is trusted to say
who somebody is. ``audience``: of requests for access, or empty. ``address``: the origin of the
pages that may show the book in a frame. ``is_open``: anyone who signs in there may join.
"""

deployment = table(
    "deployment", of("platform"), id_of_platform("name"), sa.UniqueConstraint("platform", "name")
)
"""A place in a platform in which the book is installed."""

tool_key = table(
    "tool_key",
    sa.Column("private", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
)
"""A key with which the server signs, as JWK."""

context = table(
    "context",
    of("deployment"),
    of("course"),
    id_of_platform("name"),
    text("title"),
    text("members_url", 1000),
    sa.Column("is_trusted", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.UniqueConstraint("deployment", "name"),
)
"""A course of a platform, in a course here. ``is_trusted``: its teachers teach here too."""

context_person = table(
    "context_person", of("context"), of("person"), sa.UniqueConstraint("context", "person")
)

resource_link = table(
    "resource_link",
    of("context"),
    id_of_platform("name"),
    text("assignment"),
    text("line_item", 1000),
    text("scopes", 1000),
    sa.UniqueConstraint("context", "name"),
)
"""A link to the book in a platform's course. ``assignment``: its name, or empty. ``line_item``: the
column of the platform's gradebook that takes its scores, or empty.
"""

identity = table(
    "identity",
    of("person"),
    text("issuer"),
    text("subject", LONGEST_ID),
    once("made_by"),
    sa.UniqueConstraint("issuer", "subject"),
)
"""A person's account at an issuer, never identified by a mail address. ``made_by``: of the session
in which the two were connected.
"""

used_step = sa.Table(
    "used_step",
    metadata,
    sa.Column("token_hash", sa.LargeBinary(32), primary_key=True),
    sa.Column("expires_at", Moment, nullable=False, index=True),
)
"""A step of signing in that was used and cannot be used again."""

passback = table(
    "passback",
    of("resource_link"),
    of("person"),
    sa.Column("points", sa.Float),
    sa.Column("most", sa.Float),
    sa.Column("is_complete", sa.Boolean),
    sa.Column("tried", sa.Float),
    sa.Column("stamp", Moment),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("next_at", Moment),
    text("error"),
    sa.Column("is_forced", sa.Boolean, nullable=False),
    sa.UniqueConstraint("resource_link", "person"),
)
"""A person's score at a platform: ``points`` of ``most``, None before the first arrived.
``tried``, ``stamp``: the share and the time of the last one sent, arrived or not. ``next_at``: not
sent before. ``is_forced``: the next one replaces the platform's.
"""
