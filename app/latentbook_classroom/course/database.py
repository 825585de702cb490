"""The database of a course: its engine, transactions, migrations and copies.

Everything specific to SQLite or PostgreSQL is here. On both, transactions that may write take
turns. Read-only transactions see the database as of one moment and block no one.
"""

import asyncio
import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from contextvars import copy_context
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, OperationalError, SQLAlchemyError

from latentbook.base.errors import LatentbookError
from latentbook.http.logs import log
from latentbook.http.problems import Unavailable
from latentbook_classroom.course.tables import attempt, audit

try:
    from alembic import command
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory
except ModuleNotFoundError:
    raise LatentbookError(
        "A course needs Alembic: `pip install 'latentbook[classroom]'` installs it."
    ) from None

T = TypeVar("T")
WAIT_S = 5
"""Wait for another process's lock."""
TURN_S = 2 * WAIT_S
"""Wait for a turn to use a connection."""
WRITERS = {"pool_size": 1, "max_overflow": 0, "pool_timeout": TURN_S}
"""One connection: waiting threads get it in turn, but they would not get SQLite's lock in turn."""
READERS = {"pool_size": 4, "max_overflow": 0, "pool_timeout": TURN_S}
MIGRATIONS = Path(__file__).with_name("migrations")
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",  # acknowledged writes survive a power failure
    "foreign_keys=ON",
    "secure_delete=ON",  # erased data is overwritten
)
PROBE_S = 10
"""How long a successful test write counts as recent."""
BESIDE = ("", "-wal", "-shm", "-journal")
"""Suffixes of a database's own file and of SQLite's files next to it."""
TURN = 0x1A7E47B0
"""Number of the PostgreSQL advisory lock of a transaction that may write."""


class NoCourse(LatentbookError):
    """There is no course, or this edition cannot open it."""


class Moved(OSError):
    """The open file is no longer the one of that name: the next start would miss new writes."""

    def __str__(self) -> str:
        return "The database’s file was moved or replaced. Start the server again."


class Database:
    """The database that a setting names: a path of an SQLite file, or a URL of SQLAlchemy.

    Attributes
    ----------
    prepare : runs before the first transaction; if it fails, again before the next one
    """

    def __init__(self, named: str) -> None:
        self.prepare: Callable[[], None] | None = None
        self._preparing = threading.RLock()
        self._identity: tuple[int, int] | None = None
        self._held: int | None = None
        self._probed_at = -float("inf")
        try:
            self.url = sa.make_url(named if "://" in named else f"sqlite:///{named}")
            configure, begin, begin_reading = HOOKS[self.url.get_backend_name()]
            # hide_parameters: they contain names, and errors are logged. pool_pre_ping: a server
            # may have restarted; a file is always there.
            given = {"hide_parameters": True, "pool_pre_ping": not self.is_sqlite}
            self.engine, self.readers = (
                sa.create_engine(self.url, **given, **pool) for pool in (WRITERS, READERS)
            )
        except (SQLAlchemyError, KeyError, ValueError):
            # Do not quote the value: it may contain a password.
            raise LatentbookError(
                "LATENTBOOK_DATABASE is neither a path nor a URL of a database. Accepted: "
                "course.sqlite, sqlite:///course.sqlite, postgresql://user:password@host/name."
            ) from None
        except ModuleNotFoundError as error:
            raise LatentbookError(
                f"{self.url.render_as_string()}: {error}. "
                "`pip install 'latentbook[postgresql]'` installs it."
            ) from None
        # Separate threads: those of the server would all wait for the one writer.
        self._writers, self._readers = (
            ThreadPoolExecutor(pool["pool_size"], "database") for pool in (WRITERS, READERS)
        )
        for engine, statements in ((self.engine, begin), (self.readers, begin_reading)):
            sa.event.listen(engine, "connect", configure)
            sa.event.listen(engine, "begin", partial(_begin, statements))

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @property
    def file(self) -> Path:
        if not (self.is_sqlite and self.url.database):
            raise LatentbookError(
                f"This command copies SQLite files. {self.url.render_as_string()} is not one: use "
                "the tools of that database, such as pg_dump."
            )
        return Path(self.url.database)

    async def run(self, work: Callable[..., T], *given: Any, **named: Any) -> T:
        """Run a function of a connection in its own transaction, in a thread.

        Raises
        ------
        Unavailable
            503, if the database cannot be read or written now
        """
        return await self._in_turn(self._writers, self.run_here, work, *given, **named)

    async def read(self, work: Callable[..., T], *given: Any, **named: Any) -> T:
        """Like `run`, for a function that only reads: others may write meanwhile."""
        return await self._in_turn(self._readers, self.read_here, work, *given, **named)

    async def _in_turn(
        self, threads: ThreadPoolExecutor, run: Callable[..., T], *given: Any, **named: Any
    ) -> T:
        latest = time.monotonic() + TURN_S

        def begin() -> T:
            if time.monotonic() > latest:
                raise TimeoutError
            return run(*given, **named)

        try:
            loop, context = asyncio.get_running_loop(), copy_context()
            return await loop.run_in_executor(threads, context.run, begin)
        except (SQLAlchemyError, LatentbookError, OSError) as error:
            log.error("The database failed", error=reason(error))
            why = "The course’s database cannot be used now. Try again in a few seconds."
            raise Unavailable(why, 5) from error

    def run_here(self, work: Callable[..., T], *given: Any, **named: Any) -> T:
        return self._transaction(self.engine, work, *given, **named)

    def read_here(self, work: Callable[..., T], *given: Any, **named: Any) -> T:
        return self._transaction(self.readers, work, *given, **named)

    def _transaction(
        self, engine: sa.Engine, work: Callable[..., T], *given: Any, **named: Any
    ) -> T:
        self.make_ready()
        with engine.begin() as connection:
            result = work(connection, *given, **named)
        if self.is_sqlite:
            found = _identity_of(self.file)
            self._identity = self._identity or found
            if found != self._identity:
                raise Moved
        return result

    def make_ready(self) -> None:
        """Run ``prepare``, unless it has already succeeded."""
        with self._preparing:
            prepare, self.prepare = self.prepare, None  # it begins transactions itself
            try:
                if prepare:
                    prepare()
            except BaseException:
                self.prepare = prepare
                raise

    async def probe(self) -> None:
        """Make sure that the course can be written to.

        Raises
        ------
        Unavailable
            503, if it cannot
        """
        if time.monotonic() > self._probed_at + PROBE_S:
            await self.run(_write)
            self._probed_at = time.monotonic()

    async def forget(self) -> None:
        """Remove erased data from SQLite's journal too. During a very long read, it stays there
        until the journal is full.
        """
        if self.is_sqlite:
            with suppress(Unavailable):
                await self._in_turn(self._writers, self._checkpoint)

    def _checkpoint(self) -> None:
        with self._raw() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    @contextmanager
    def _raw(self) -> Iterator[Any]:
        """The driver's own connection, outside any transaction."""
        with closing(self.engine.raw_connection()) as connection:
            yield connection.driver_connection

    @property
    def revision(self) -> str | None:
        """Revision of the tables; None if there are none."""
        with self.engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()

    def migrate(self, to: str = "head") -> None:
        """Migrate the tables to a revision, up or down.

        SQLite changes a table by copying it and dropping the old one, which would erase all rows
        that refer to it. Switch its foreign keys off meanwhile; `_upgrade` checks them afterwards.
        """
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        with self.engine.connect() as connection:
            config.attributes["connection"] = connection
            raw = connection.connection.dbapi_connection
            if self.is_sqlite and raw:
                raw.execute("PRAGMA foreign_keys=OFF")  # has no effect within a transaction
            try:
                with connection.begin():
                    if to == "base":
                        command.downgrade(config, to)
                    else:
                        _upgrade(connection, config, to)
            finally:
                if self.is_sqlite and raw:
                    raw.execute("PRAGMA foreign_keys=ON")

    @property
    def is_current(self) -> bool:
        return self.revision == _script().get_current_head()

    def open(self) -> None:
        """Bring the tables of an existing course up to date, for a server. An SQLite file is locked
        against `restore`, and copied before it changes.
        """
        self.check()
        if self.is_sqlite and self._held is None:
            self._held = lock(self.file, fcntl.LOCK_SH)
        if self.is_current:
            return
        if self.is_sqlite:
            before = f"{self.file.stem}-before-{_script().get_current_head()}{self.file.suffix}"
            copy(self.file, self.file.with_name(before))
            log.warning("The course is brought up to date; there is a copy", copy=before)
        self.migrate()

    def check(self) -> None:
        """Make sure that there is a course.

        Raises
        ------
        NoCourse
            If there is none, or if it is from a later edition
        """
        is_missing = self.is_sqlite and not self.file.is_file()
        found = None if is_missing else self.revision
        if found is None:
            raise NoCourse(
                f"There is no course in {self.url.render_as_string()}. "
                "`latentbook classroom new` creates one."
            )
        if found not in {each.revision for each in _script().walk_revisions()}:
            raise NoCourse(
                f"The course in {self.url.render_as_string()} is from a later edition of the book "
                f"(its tables have revision {found}). Update the book."
            )

    def close(self) -> None:
        self.engine.dispose()
        self.readers.dispose()
        if self._held is not None:
            os.close(self._held)
            self._held = None


def reason(error: Exception) -> str:
    """Why the database failed, without values, which may be names."""
    if isinstance(error, OperationalError) or type(error) is DatabaseError:
        return str(error.orig)
    if isinstance(error, LatentbookError | OSError) and str(error):
        return str(error)
    return type(error).__name__


def lock(file: Path, how: int) -> int:
    """Lock the name of an SQLite file until the returned descriptor is closed. Servers share the
    lock; replacing the file needs it exclusively.
    """
    beside = file.with_name(f".{file.name}.lock")
    create(beside)
    held = os.open(beside, os.O_RDONLY)
    try:
        fcntl.flock(held, how | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        raise LatentbookError(f"A server has {file} open. Stop it first.") from None
    return held


def newest(connection: sa.Connection) -> float:
    """Unix time of the newest attempt or log entry, in seconds; 0 if there is none."""
    last = (sa.select(sa.func.max(column)) for column in (audit.c.at, attempt.c.arrived_at))
    found = [connection.execute(each).scalar() for each in last]
    return max((each.timestamp() for each in found if each), default=0)


def _identity_of(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _script() -> ScriptDirectory:
    return ScriptDirectory(str(MIGRATIONS))


def _write(connection: sa.Connection) -> None:
    connection.exec_driver_sql("UPDATE alembic_version SET version_num = version_num")


def _upgrade(connection: sa.Connection, config: Config, to: str) -> None:
    """Upgrade the tables; on SQLite, make sure that no row or number is lost."""
    if connection.dialect.name != "sqlite":
        command.upgrade(config, to)
        return
    rows, numbers = _rows(connection), _numbers(connection)
    command.upgrade(config, to)
    after = _rows(connection)
    for table in numbers.keys() & after.keys():
        last = {"name": table, "seq": max(numbers[table], _numbers(connection).get(table, 0))}
        connection.execute(sa.delete(SEQUENCE).where(SEQUENCE.c.name == table))
        connection.execute(sa.insert(SEQUENCE).values(last))
    lost = {table for table, count in rows.items() if after.get(table, count) < count}
    lost |= {row[0] for row in connection.exec_driver_sql("PRAGMA foreign_key_check")}
    if lost:
        raise LatentbookError(f"The migration would lose rows of {', '.join(sorted(lost))}.")


@sa.event.listens_for(sa.Table, "before_create")
def _number_on(table: sa.Table, connection: sa.Connection, **about: Any) -> None:
    """Stop the copy by which SQLite changes a table from reusing numbers, as in the original."""
    changed = table.name.removeprefix("_alembic_tmp_")
    if connection.dialect.name == "sqlite" and changed != table.name:
        made = sa.text("SELECT sql FROM sqlite_master WHERE name = :name")
        sql = connection.execute(made, {"name": changed}).scalar_one()
        table.dialect_options["sqlite"]["autoincrement"] = "AUTOINCREMENT" in sql


def _rows(connection: sa.Connection) -> dict[str, int]:
    """Number of rows in each table."""
    count = "SELECT count(*) FROM {}".format
    quote = connection.dialect.identifier_preparer.quote
    names = sa.inspect(connection).get_table_names()
    return {name: connection.exec_driver_sql(count(quote(name))).scalar_one() for name in names}


def _numbers(connection: sa.Connection) -> dict[str, int]:
    """Last number of each table that never reuses one."""
    if not sa.inspect(connection).has_table(SEQUENCE.name):
        return {}
    return {row.name: row.seq for row in connection.execute(sa.select(SEQUENCE))}


SEQUENCE = sa.table("sqlite_sequence", sa.column("name"), sa.column("seq"))


def create(file: Path) -> None:
    """Create a file that only its owner can access. SQLite's journals get the same permissions."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(0o600)
    except OSError as error:
        raise LatentbookError(f"{file} cannot be created: {error.strerror}.") from None


def copy(source: Path, target: Path) -> None:
    """Copy an SQLite database as of one moment, also while a server writes to it."""
    partial = target.with_name(f"{target.name}.partial")
    partial.unlink(missing_ok=True)
    create(partial)
    try:
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(partial)) as new:
            old.backup(new)
            new.execute("PRAGMA journal_mode=DELETE")  # one file, without a journal next to it
        found = fault_of(partial)
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found:
        partial.unlink(missing_ok=True)
        raise LatentbookError(f"{source} is not an intact SQLite database: {found}.")
    partial.replace(target)


def fault_of(file: Path) -> str:
    """Describe the first fault of an SQLite file; empty if it is intact."""
    try:
        with closing(sqlite3.connect(file)) as connection:
            (found,) = connection.execute("PRAGMA integrity_check").fetchone()
            broken = connection.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.DatabaseError as error:
        return str(error)
    if found != "ok":
        return str(found)
    return f"a row of {broken[0]} refers to nothing" if broken else ""


def _configure_sqlite(connection: Any, record: Any) -> None:
    connection.isolation_level = None  # sqlite3 begins nothing by itself
    for pragma in (*PRAGMAS, f"busy_timeout={1000 * WAIT_S:.0f}"):
        connection.execute(f"PRAGMA {pragma}")


def _configure_postgresql(connection: Any, record: Any) -> None:
    connection.execute(f"SET lock_timeout = {1000 * WAIT_S:.0f}")
    connection.commit()


def _begin(statements: Sequence[str], connection: sa.Connection) -> None:
    for each in statements:
        connection.exec_driver_sql(each)


HOOKS = {
    "sqlite": (
        _configure_sqlite,
        # A transaction that reads first and writes later fails if another has written in
        # between, however long it may wait.
        ["BEGIN IMMEDIATE"],
        ["PRAGMA query_only=ON", "BEGIN"],
    ),
    "postgresql": (
        _configure_postgresql,
        # As on SQLite, the rows that a transaction has read do not change before it writes.
        [f"SELECT pg_advisory_xact_lock({TURN})"],
        ["SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"],
    ),
}
"""For each tested database: the setup of a connection, the statements that begin a transaction, and
those that begin a read-only one.
"""
