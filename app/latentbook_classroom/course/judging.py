"""Judges answers: quick ones at once, slow ones in threads that lease jobs from a table.

The judges load with the first answer, the grader with the first code: an idle server loads neither.
"""

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import NoResultFound

from latentbook.base.errors import LatentbookError
from latentbook.book.translations.language import Language
from latentbook.http.logs import log
from latentbook.settings import Settings
from latentbook_classroom.course import assignments
from latentbook_classroom.course.attempts import add_result
from latentbook_classroom.course.database import Database
from latentbook_classroom.course.tables import attempt, job, now, question
from latentbook_classroom.grader.kinds import answers_of
from latentbook_classroom.grader.question import Question
from latentbook_classroom.grader.verdict import Verdict

if TYPE_CHECKING:
    from latentbook_classroom.grader.grader import Grader
    from latentbook_classroom.grader.judges import Judges

Ids = Sequence[int]
LEASE = timedelta(seconds=30)
"""Renewed while the answer is judged. If its server is killed, another takes the job when it ends.
An end more than twice as far ahead comes from a clock that has since been set, and is void. If the
clocks of two servers differ by more than this, an answer is judged twice: the first verdict counts.
"""
MAX_TRIES = 30
"""Attempts to judge one answer: with the pauses between them, they take most of a day."""
PAUSE, MAX_PAUSE = timedelta(seconds=5), timedelta(hours=1)
"""Before retrying an answer that could not be judged: twice as long each time."""
POLL_S = 2.0
"""Between checks for jobs that `tell` did not announce: those whose lease has ended."""


class Judging:
    """All judges of a book, each loaded when it is first needed.

    Parameters
    ----------
    interface : the book's language, in which numbers are read and messages written
    """

    def __init__(self, settings: Settings, interface: Callable[[], Language]) -> None:
        self.settings = settings
        self.interface = interface
        # Separate locks: a number must not wait for the grader, which loads for a second or two.
        self._judges_lock, self._grader_lock = threading.Lock(), threading.Lock()
        self._judges: Judges | None = None
        self._grader: Grader | None = None

    def at_once(self, question: Question, answer: str) -> Verdict | None:
        """The verdict on an answer; None if judging takes long."""
        takes_long = question.check is not None or (
            answers_of(question.kind).judged_by == "instrument"
        )
        return None if takes_long else self.judge(question, answer)

    def judge(self, question: Question, answer: str) -> Verdict:
        """The verdict on an answer, however long it takes."""
        answers = answers_of(question.kind)
        if answers.judged_by == "grader":
            return self._code().judge(question, answer).in_language(self.interface())
        judges = self._others()
        if question.check is not None:
            judges.grader = self._code()
        found = judges.judge_answer(question, answer).in_language(self.interface())
        if answers.reveals and found.state == "wrong":
            return replace(found, message="")
        return found

    def _code(self) -> "Grader":
        from latentbook.book.overlay.merge import open_project
        from latentbook_classroom.grader.grader import Grader
        from latentbook_classroom.grader.snapshot import prepare

        with self._grader_lock:
            if self._grader is None:
                self._grader = Grader(prepare(open_project(self.settings), log.info))
            return self._grader

    def _others(self) -> "Judges":
        from latentbook_classroom.grader.judges import Judges

        with self._judges_lock:
            if self._judges is None:
                spoken = self.interface()
                words = spoken.script_words()
                self._judges = Judges(self.settings, language=spoken.tag, words=words)
            return self._judges

    def close(self) -> None:
        with self._judges_lock, self._grader_lock:
            for each in (self._grader, self._judges):
                if each is not None:
                    each.close()


class Worker:
    """Threads that judge the queue, and one that renews their leases. A single transaction ends a
    job and stores its result. If anything is killed before, the job is judged again when its lease
    has ended.
    """

    def __init__(
        self,
        database: Database,
        judge: Callable[[Question, str], Verdict],
        *,
        threads: int = 2,
        lease: timedelta = LEASE,
        pause: timedelta = PAUSE,
    ) -> None:
        self.database = database
        self.judge = judge
        self.lease, self.pause = lease, pause
        self._threads = [
            threading.Thread(target=self._run, name=f"judging-{i}", daemon=True)
            for i in range(threads)
        ]
        self._renewing = threading.Thread(target=self._renew, name="leases", daemon=True)
        self._rests: dict[int, float] = {}  # when each job may be started here again
        self._served: set[int] = set()  # members who have had their turn
        self._has_ended = threading.Event()
        self._news = threading.Condition()
        self._is_told = False
        self._is_closing = False

    def start(self) -> None:
        for each in (*self._threads, self._renewing):
            each.start()

    def take_over(self, connection: sa.Connection) -> None:
        """At startup, free a killed server's jobs. Pause repeated ones: they may have killed it."""
        left = sa.select(job.c.id, job.c.tries).where(job.c.leased_until.is_not(None))
        for number, tries in connection.execute(left).all():
            if tries > 1:
                self._rest(number, tries)
        if self.database.is_sqlite:  # no other server judges
            connection.execute(sa.update(job).values(leased_until=None))

    def tell(self) -> None:
        """Wake the threads for new jobs."""
        with self._news:
            self._is_told = True
            self._news.notify_all()

    def close(self) -> None:
        """Wait for the answers that are being judged. The others wait for the next start."""
        with self._news:
            self._is_closing = True
            self._news.notify_all()
        for each in self._threads:
            each.join()
        self._has_ended.set()
        self._renewing.join()

    def _run(self) -> None:
        while not self._is_closing:
            try:
                is_done = not self.work()
            except Exception as error:  # its text may contain students' answers
                log.error("Answers cannot be judged now", error=type(error).__name__)
                is_done = True
            with self._news:
                if is_done and not self._is_told and not self._is_closing:
                    self._news.wait(POLL_S)
                self._is_told = False

    def _renew(self) -> None:
        while not self._has_ended.wait(self.lease / timedelta(seconds=6)):
            try:
                if held := self._resting(math.inf):
                    self.database.run_here(hold, held, self.lease)
            except Exception as error:
                log.error("Leases cannot be renewed now", error=type(error).__name__)

    def work(self) -> bool:
        """Judge one attempt; return False if none is waiting."""
        resting = self._resting(time.monotonic())
        leased = self.database.run_here(lease, self.lease, [*self._served], resting)
        if leased is None:
            return False
        if leased.member in self._served:  # everybody who waits has had a turn
            self._served.clear()
        self._served.add(leased.member)
        self._rests[leased.job] = math.inf
        try:
            verdict = self._verdict(leased)
            has_failed = verdict.state == "unjudged" and leased.question is not None
            if has_failed:
                log.error("An answer cannot be judged", job=leased.job, why=verdict.message)
            if is_put_off := has_failed and leased.tries < MAX_TRIES:
                self.database.run_here(hold, [leased.job], None)
            else:
                self.database.run_here(finish, leased, verdict)
        finally:
            self._rest(leased.job, leased.tries)
        if not is_put_off:
            del self._rests[leased.job]
        return True

    def _rest(self, number: int, tries: int) -> None:
        pause = min(self.pause * 2**tries, MAX_PAUSE)
        self._rests[number] = time.monotonic() + pause.total_seconds()

    def _resting(self, until: float) -> list[int]:
        return [number for number, end in [*self._rests.items()] if end >= until]

    def _verdict(self, leased: "Leased") -> Verdict:
        if leased.tries > MAX_TRIES:
            why = f"Judging was begun {MAX_TRIES} times, and the server ended before the verdict."
            return Verdict("unjudged", why)
        if leased.question is None:
            return Verdict("unjudged", "Its question is stored in a form that cannot be read.")
        try:
            return self.judge(leased.question, leased.answer)
        except LatentbookError as error:
            why = str(error)
        except Exception as error:  # a bug or a judge that cannot start must not lose the answer
            why = f"The judge failed: {type(error).__name__}."
        return Verdict("unjudged", why)


@dataclass(frozen=True)
class Leased:
    """A job in progress. ``tries``: how often it was started, including this time.
    ``question``: None if it cannot be read.
    """

    job: int
    member: int
    attempt: str
    edition: int
    tries: int
    question: Question | None
    answer: str


def lease(
    connection: sa.Connection, lasts: timedelta, served: Ids = (), resting: Ids = ()
) -> Leased | None:
    """Take the oldest job, however often it was started. Judging again by another edition comes
    after the answers that students wait for. Members already served come after the others, so an
    endless loop delays only its author.
    """
    ends, at = job.c.leased_until, now()
    is_free = sa.or_(ends.is_(None), ends < at, ends > at + 2 * LEASE)
    wanted = (
        sa.select(job, attempt.c.member, attempt.c.answer, attempt.c.variant)
        .add_columns(question.c.count.label("variants"))
        .join(attempt, attempt.c.id == job.c.attempt)
        .join(question, question.c.id == job.c.question)
        .where(is_free, job.c.id.not_in(sa.bindparam("resting", resting, literal_execute=True)))
        .order_by(job.c.question != attempt.c.question)
        .order_by(attempt.c.member.in_(served), job.c.id)
        .limit(1)
    )
    row = connection.execute(wanted).one_or_none()
    if row is None:
        return None
    tries = row.tries + 1
    taken = sa.update(job).where(job.c.id == row.id)
    connection.execute(taken.values(leased_until=at + min(lasts, LEASE), tries=tries))
    try:
        asked = assignments.asked(connection, row.question, row.variant % row.variants)
        judged = asked.variants[0].question
    except (ValueError, LookupError, NoResultFound) as error:  # stored in another edition's format
        log.error("A question cannot be read", question=row.question, why=type(error).__name__)
        judged = None
    return Leased(row.id, row.member, row.attempt, row.question, tries, judged, row.answer)


def hold(connection: sa.Connection, jobs: Ids, lasts: timedelta | None) -> None:
    """Reserve jobs for this long. None: release them."""
    until = lasts and now() + lasts
    connection.execute(sa.update(job).where(job.c.id.in_(jobs)).values(leased_until=until))


def finish(connection: sa.Connection, leased: Leased, verdict: Verdict) -> None:
    """Store a verdict, unless the job is gone: finished by another server, or erased."""
    if connection.execute(sa.delete(job).where(job.c.id == leased.job)).rowcount:
        add_result(connection, leased.attempt, leased.edition, verdict)
