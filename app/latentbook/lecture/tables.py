"""The tables of class mode. None has a column for a name, an address or any personal data."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

# sqlite_autoincrement: a number that a phone still remembers is never given again.
metadata = MetaData()

lecturer = Table(
    "lecturer",
    metadata,
    Column("key_hash", LargeBinary, nullable=False),
)
"""At most one row: the hash of the key that opens the lecturer's pages."""

lecture = Table(
    "lecture",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("code", String, nullable=False, unique=True),
    Column("ends_at", Float, nullable=False),
    Column("doors_open", Boolean, nullable=False),
    Column("asking", Integer),
    sqlite_autoincrement=True,
)
"""One class. ``asking`` is the present question, ``ends_at`` in seconds since 1970."""

seat = Table(
    "seat",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("lecture", ForeignKey("lecture.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("token_hash", LargeBinary, nullable=False),
    UniqueConstraint("lecture", "token_hash"),
    UniqueConstraint("lecture", "number"),
    sqlite_autoincrement=True,
)
"""One phone in one class: the hash of a random token that the phone generated."""

asking = Table(
    "asking",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("lecture", ForeignKey("lecture.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("label", String, nullable=False),
    Column("wanted", String, nullable=False),
    Column("revealed", Boolean, nullable=False),
    sqlite_autoincrement=True,
)
"""A block of the book asked in a class. ``wanted`` is the readout or panel, or empty."""

round = Table(
    "round",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("asking", ForeignKey("asking.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("opened_at", Float, nullable=False),
    Column("closed", Boolean, nullable=False),
    sqlite_autoincrement=True,
)
"""One vote on a question."""

answer = Table(
    "answer",
    metadata,
    Column("seat", ForeignKey("seat.id", ondelete="CASCADE"), primary_key=True),
    Column("round", ForeignKey("round.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("change", Integer, nullable=False),
    Column("value", Text, nullable=False),
)
"""One answer: a number or a curve as JSON. ``change`` counts the phone's changes."""
