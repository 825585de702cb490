"""The file that stores classes. SQLite has one writer, so the store has one thread."""

import asyncio
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from filelock import FileLock, Timeout
from sqlalchemy.dialects.sqlite import insert as insert_or
from sqlalchemy.exc import DatabaseError, OperationalError

from latentbook.base.errors import LatentbookError
from latentbook.http.logs import log
from latentbook.http.problems import Unavailable

T = TypeVar("T")
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=NORMAL",  # survives the process ending at any moment
    "foreign_keys=ON",
    "secure_delete=ON",  # deleted classes are overwritten
    "busy_timeout=5000",
)


# No table has a column for a name, an address or any personal data.
# sqlite_autoincrement: a number that a phone still remembers is never reused.
metadata = sa.MetaData()


def belongs_to(table: str) -> sa.Column[int]:
    """A reference; the row is deleted with the row that it refers to."""
    key = sa.ForeignKey(f"{table}.id", ondelete="CASCADE")
    return sa.Column(table, key, nullable=False, index=True)


lecturer = sa.Table(
    "lecturer",
    metadata,
    sa.Column("key_hash", sa.LargeBinary, nullable=False),
)
"""At most one row: the hash of the key that opens the lecturer's pages."""

lecture = sa.Table(
    "lecture",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("code", sa.String, nullable=False, unique=True),
    sa.Column("ends_at", sa.Float, nullable=False),
    sa.Column("doors_open", sa.Boolean, nullable=False),
    sa.Column("asking", sa.Integer),
    sqlite_autoincrement=True,
)
"""One class. ``asking`` is the present question, ``ends_at`` in seconds since 1970."""

seat = sa.Table(
    "seat",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    belongs_to("lecture"),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("token_hash", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("lecture", "token_hash"),
    sa.UniqueConstraint("lecture", "number"),
    sqlite_autoincrement=True,
)
"""One phone in one class: the hash of a random token that the phone generated."""

asking = sa.Table(
    "asking",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    belongs_to("lecture"),
    sa.Column("label", sa.String, nullable=False),
    sa.Column("wanted", sa.String, nullable=False),
    sa.Column("revealed", sa.Boolean, nullable=False),
    sqlite_autoincrement=True,
)
"""A block of the book asked in a class. ``wanted`` is the readout or panel, or empty."""

round = sa.Table(
    "round",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    belongs_to("asking"),
    sa.Column("opened_at", sa.Float, nullable=False),
    sa.Column("closed", sa.Boolean, nullable=False),
    sqlite_autoincrement=True,
)
"""One vote on a question."""

answer = sa.Table(
    "answer",
    metadata,
    sa.Column("seat", sa.ForeignKey("seat.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("round", sa.ForeignKey("round.id", ondelete="CASCADE"), primary_key=True, index=True),
    sa.Column("change", sa.Integer, nullable=False),
    sa.Column("value", sa.Text, nullable=False),
)
"""One answer: a number or a curve as JSON. ``change`` counts the phone's changes."""


@dataclass
class StoredRound:
    """A round; ``changes`` maps each seat to the number of its last change."""

    id: int
    opened_at: float
    closed: bool = False
    changes: dict[int, int] = field(default_factory=dict)


@dataclass
class StoredAsking:
    id: int
    label: str
    wanted: str
    revealed: bool = False
    rounds: list[StoredRound] = field(default_factory=list)


@dataclass
class StoredLecture:
    """One class. ``seats``: hash of the token to (id, number)."""

    id: int
    code: str
    ends_at: float
    doors_open: bool = True
    seats: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    asking: StoredAsking | None = None


class Store:
    """All reads and writes, in transactions that lock the file from the start."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(f"{path}.lock", thread_local=False)
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            raise LatentbookError(
                f"{path} is in use by another server. LATENTBOOK_CLASS_FILE names another file."
            ) from None
        self._engine = engine(path)
        self._thread = ThreadPoolExecutor(1, "class")
        try:
            metadata.create_all(self._engine)
        except DatabaseError as error:
            self.close()
            raise LatentbookError(f"{path} is not a file of class mode: {error.orig}.") from None

    async def run(self, work: Callable[..., T], *given: Any) -> T:
        """Run one of the functions below in its own transaction; return its result.

        Raises
        ------
        Unavailable
            503, if the file cannot be read or written now: the disk is full, for example.
        """
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, self.run_here, work, *given)
        except OperationalError as error:
            log.error("The class file failed", error=str(error.orig))
            why = f"The class file cannot be used now: {error.orig}. Try again in a few seconds."
            raise Unavailable(why, 5) from error

    def run_here(self, work: Callable[..., T], *given: Any) -> T:
        """Like :meth:`run`, before any other thread works."""
        with self._engine.begin() as connection:
            return work(connection, *given)

    async def forget(self, lecture_id: int) -> None:
        """Delete a class with everything that belongs to it, from the file and its journal."""
        await self.run(end_lecture, lecture_id)
        await asyncio.get_running_loop().run_in_executor(self._thread, self.empty_journal)

    def empty_journal(self) -> None:
        connection = self._engine.raw_connection()
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        connection.close()

    def close(self) -> None:
        self._thread.shutdown()
        self._engine.dispose()
        self._lock.release()


def engine(path: Path) -> sa.Engine:
    """SQLite with one connection, whose transactions lock the file from the start.

    One that reads first and writes later fails if another has written in between, however long it
    may wait.
    """
    made = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)),
        poolclass=sa.StaticPool,
        connect_args={"check_same_thread": False},
    )

    @sa.event.listens_for(made, "connect")
    def configure(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # sqlite3 begins nothing by itself
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(made, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return made


def key_hash(connection: sa.Connection) -> bytes | None:
    return connection.execute(sa.select(lecturer.c.key_hash)).scalar_one_or_none()


def set_key_hash(connection: sa.Connection, hashed: bytes) -> None:
    connection.execute(sa.insert(lecturer).values(key_hash=hashed))


def forget_key_hash(connection: sa.Connection) -> None:
    connection.execute(sa.delete(lecturer))


def lectures(connection: sa.Connection) -> list[StoredLecture]:
    return [_lecture(connection, row) for row in connection.execute(sa.select(lecture))]


def _lecture(connection: sa.Connection, row: sa.Row[Any]) -> StoredLecture:
    seats = connection.execute(sa.select(seat).where(seat.c.lecture == row.id))
    asked = connection.execute(sa.select(asking).where(asking.c.id == row.asking)).one_or_none()
    return StoredLecture(
        row.id,
        row.code,
        row.ends_at,
        row.doors_open,
        {each.token_hash: (each.id, each.number) for each in seats},
        None if asked is None else _asking(connection, asked),
    )


def _asking(connection: sa.Connection, row: sa.Row[Any]) -> StoredAsking:
    rounds = [
        StoredRound(each.id, each.opened_at, each.closed)
        for each in connection.execute(
            sa.select(round).where(round.c.asking == row.id).order_by(round.c.id)
        )
    ]
    for each in rounds:
        changes = sa.select(answer.c.seat, answer.c.change).where(answer.c.round == each.id)
        each.changes = {seat_id: change for seat_id, change in connection.execute(changes)}
    return StoredAsking(row.id, row.label, row.wanted, row.revealed, rounds)


def start_lecture(connection: sa.Connection, code: str, ends_at: float) -> StoredLecture:
    values = {"code": code, "ends_at": ends_at, "doors_open": True}
    return StoredLecture(_add(connection, lecture, values), code, ends_at)


def end_lecture(connection: sa.Connection, lecture_id: int) -> None:
    connection.execute(sa.delete(lecture).where(lecture.c.id == lecture_id))


def set_doors(connection: sa.Connection, lecture_id: int, are_open: bool) -> None:
    change = sa.update(lecture).where(lecture.c.id == lecture_id).values(doors_open=are_open)
    connection.execute(change)


def take_seat(connection: sa.Connection, lecture_id: int, token_hash: bytes) -> tuple[int, int]:
    """A seat for a token: its id, and its number in the class, from 1."""
    highest = sa.func.coalesce(sa.func.max(seat.c.number), 0)
    taken = sa.select(highest).where(seat.c.lecture == lecture_id)
    number = connection.execute(taken).scalar_one() + 1
    values = {"lecture": lecture_id, "number": number, "token_hash": token_hash}
    return _add(connection, seat, values), number


def ask(connection: sa.Connection, lecture_id: int, label: str, wanted: str) -> StoredAsking:
    """Ask a class a block, and open its first round."""
    values = {"lecture": lecture_id, "label": label, "wanted": wanted, "revealed": False}
    asked = _add(connection, asking, values)
    connection.execute(sa.update(lecture).where(lecture.c.id == lecture_id).values(asking=asked))
    return StoredAsking(asked, label, wanted, rounds=[open_round(connection, asked)])


def open_round(connection: sa.Connection, asking_id: int) -> StoredRound:
    """Open the first or a further vote; revealed answers are hidden again."""
    connection.execute(sa.update(asking).where(asking.c.id == asking_id).values(revealed=False))
    connection.execute(sa.update(round).where(round.c.asking == asking_id).values(closed=True))
    opened_at = time.time()
    values = {"asking": asking_id, "opened_at": opened_at, "closed": False}
    return StoredRound(_add(connection, round, values), opened_at)


def close_round(connection: sa.Connection, round_id: int) -> None:
    connection.execute(sa.update(round).where(round.c.id == round_id).values(closed=True))


def reveal(connection: sa.Connection, asking_id: int) -> None:
    connection.execute(sa.update(round).where(round.c.asking == asking_id).values(closed=True))
    connection.execute(sa.update(asking).where(asking.c.id == asking_id).values(revealed=True))


def put_away(connection: sa.Connection, lecture_id: int) -> None:
    """Withdraw the question; answers remain until the class ends."""
    connection.execute(sa.update(lecture).where(lecture.c.id == lecture_id).values(asking=None))


def put_answer(
    connection: sa.Connection, round_id: int, seat_id: int, change: int, value: Any
) -> bool:
    """Write an answer; if the round has closed or is gone, return False.

    A change that is repeated, or that arrives after a later one, has no effect.
    """
    is_closed = sa.select(round.c.closed).where(round.c.id == round_id)
    if connection.execute(is_closed).scalar_one_or_none() is not False:
        return False
    text = json.dumps(value, separators=(",", ":"))
    new = insert_or(answer).values(seat=seat_id, round=round_id, change=change, value=text)
    connection.execute(
        new.on_conflict_do_update(
            index_elements=["seat", "round"],
            set_={"change": new.excluded.change, "value": new.excluded.value},
            where=answer.c.change < new.excluded.change,
        )
    )
    return True


def answers(connection: sa.Connection, round_id: int) -> list[Any]:
    """All answers of a round, in an order that does not reveal whose they are."""
    rows = sa.select(answer.c.value).where(answer.c.round == round_id).order_by(answer.c.value)
    return [json.loads(value) for value in connection.execute(rows).scalars()]


def answer_of(connection: sa.Connection, round_id: int, seat_id: int) -> tuple[int, Any] | None:
    """A seat's answer: the number of its last change, and the value."""
    row = connection.execute(
        sa.select(answer.c.change, answer.c.value).where(
            answer.c.round == round_id, answer.c.seat == seat_id
        )
    ).one_or_none()
    return row and (row.change, json.loads(row.value))


def everything(connection: sa.Connection, lecture_id: int) -> list[tuple[str, str, int, int, Any]]:
    """Every answer of a class: label, readout or panel, round (from 1), seat, value."""
    rows = connection.execute(
        sa.select(
            asking.c.label,
            asking.c.wanted,
            sa.func.dense_rank().over(partition_by=asking.c.id, order_by=round.c.id),
            seat.c.number,
            answer.c.value,
        )
        .join(round, round.c.asking == asking.c.id)
        .join(answer, answer.c.round == round.c.id)
        .join(seat, seat.c.id == answer.c.seat)
        .where(asking.c.lecture == lecture_id)
        .order_by(asking.c.id, round.c.id, seat.c.number)
    )
    return [(row[0], row[1], row[2], row[3], json.loads(row[4])) for row in rows]


def _add(connection: sa.Connection, table: Any, values: dict[str, Any]) -> int:
    key = connection.execute(sa.insert(table).values(**values)).inserted_primary_key
    assert key is not None
    return int(key[0])
