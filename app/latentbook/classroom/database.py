"""The database of a course: its engine, transactions, migrations and copies.

All that is particular to SQLite and PostgreSQL is here. On both, transactions that may write take
turns; those that only read see the database as of one moment, and nobody waits for them.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from contextvars import copy_context
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, OperationalError, SQLAlchemyError

from latentbook.errors import LatentbookError
from latentbook.http.logs import log
from latentbook.http.problems import Unavailable

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
"""For a lock that another process has."""
TURN_S = 2 * WAIT_S
"""For the turn to use a connection."""
WRITERS = {"pool_size": 1, "max_overflow": 0, "pool_timeout": TURN_S}
"""Threads that wait for one connection take turns, those that wait for SQLite's lock do not."""
READERS = {"pool_size": 4, "max_overflow": 0, "pool_timeout": TURN_S}
MIGRATIONS = Path(__file__).with_name("migrations")
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",  # what was acknowledged survives a power failure
    "foreign_keys=ON",
    "secure_delete=ON",  # what is erased is overwritten
)
TURN = 0x1A7E47B0
"""The number of the lock of PostgreSQL that a transaction has."""


class Database:
    """The database that a setting names: a path of an SQLite file, or a URL of SQLAlchemy."""

    def __init__(self, named: str) -> None:
        try:
            self.url = sa.make_url(named if "://" in named else f"sqlite:///{named}")
            configure, begin, begin_reading = HOOKS[self.url.get_backend_name()]
            # hide_parameters: they have names, and errors are logged. pool_pre_ping: a server may
            # have been started again, while a file is always there.
            given = {"hide_parameters": True, "pool_pre_ping": not self.is_sqlite}
            self.engine, self.readers = (
                sa.create_engine(self.url, **given, **pool) for pool in (WRITERS, READERS)
            )
        except (SQLAlchemyError, KeyError, ValueError):
            # Without what was received: it may have a password.
            raise LatentbookError(
                "LATENTBOOK_DATABASE is neither a path nor a URL of a database. Accepted: "
                "course.sqlite, sqlite:///course.sqlite, postgresql://user:password@host/name."
            ) from None
        except ModuleNotFoundError as error:
            raise LatentbookError(
                f"{self.url.render_as_string()}: {error}. "
                "`pip install 'latentbook[postgresql]'` installs it."
            ) from None
        # Threads of their own: those of the server would all wait for the one writer.
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
        """The result of a function of a connection, in its own transaction and in a thread.

        Raises
        ------
        Unavailable
            503, if the database cannot be read or written now
        """
        return await self._in_turn(self._writers, self.run_here, work, *given, **named)

    async def read(self, work: Callable[..., T], *given: Any, **named: Any) -> T:
        """The same for a function that only reads: others may write meanwhile."""
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
        except (SQLAlchemyError, TimeoutError) as error:
            # The text of other errors may have values, and so names.
            text = error.orig if isinstance(error, OperationalError) else type(error).__name__
            log.error("The database failed", error=str(text))
            why = "The course’s database cannot be used now. Try again in a few seconds."
            raise Unavailable(why, 5) from error

    def run_here(self, work: Callable[..., T], *given: Any, **named: Any) -> T:
        with self.engine.begin() as connection:
            return work(connection, *given, **named)

    def read_here(self, work: Callable[..., T], *given: Any, **named: Any) -> T:
        with self.readers.begin() as connection:
            return work(connection, *given, **named)

    @property
    def revision(self) -> str | None:
        """Of the tables; None if there are none."""
        try:
            with self.engine.connect() as connection:
                return MigrationContext.configure(connection).get_current_revision()
        except DatabaseError as error:
            shown = self.url.render_as_string()
            raise LatentbookError(f"{shown} cannot be opened: {error.orig}.") from None

    def migrate(self, to: str = "head") -> None:
        """Bring the tables to a revision, up or down."""
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        with self.engine.begin() as connection:
            config.attributes["connection"] = connection
            is_back = to == "base"
            (command.downgrade if is_back else command.upgrade)(config, to)

    def open(self) -> None:
        """Bring the tables of an existing course up to date."""
        self.check()
        self.migrate()

    def check(self) -> None:
        """Make sure that there is a course.

        Raises
        ------
        LatentbookError
            If there is no course, or if it is from a later edition
        """
        is_missing = self.is_sqlite and not self.file.is_file()
        found = None if is_missing else self.revision
        if found is None:
            raise LatentbookError(
                f"There is no course in {self.url.render_as_string()}. "
                "`latentbook classroom new` creates one."
            )
        known = ScriptDirectory(str(MIGRATIONS)).walk_revisions()
        if found not in {each.revision for each in known}:
            raise LatentbookError(
                f"The course in {self.url.render_as_string()} is from a later edition of the book "
                f"(its tables have revision {found}). Update the book."
            )

    def close(self) -> None:
        self.engine.dispose()
        self.readers.dispose()


def create(file: Path) -> None:
    """An empty file that nobody else on this machine can read. SQLite's journals are like it."""
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
            new.execute("PRAGMA journal_mode=DELETE")  # one file, without a journal beside it
            (found,) = new.execute("PRAGMA integrity_check").fetchone()
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found != "ok":
        partial.unlink(missing_ok=True)
        raise LatentbookError(f"{source} is not an intact SQLite database: {found}.")
    partial.replace(target)


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
        # A transaction that reads first and writes later fails where another has written in
        # between, however long it may wait.
        ["BEGIN IMMEDIATE"],
        ["PRAGMA query_only=ON", "BEGIN"],
    ),
    "postgresql": (
        _configure_postgresql,
        # What a transaction has read stays true until it writes, as on SQLite.
        [f"SELECT pg_advisory_xact_lock({TURN})"],
        ["SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"],
    ),
}
"""Of the databases that are tested: what a new connection does, and the statements with which each
transaction begins, and each that only reads.
"""
