"""Judges code with two interpreters: A, fresh for each answer, runs it; B, warm, runs the check.

The grader passes frames between them unread, and accepts a verdict only from B:

| kind | from | is |
|---|---|---|
| ``P`` | the grader | run these snippets |
| ``A`` | the grader, to A | run this answer |
| ``K`` | the grader, to B | run this check |
| ``N`` | B | give the values of these names |
| ``C`` | A, B | call a function |
| ``R``, ``E`` | A, B | a result, an error |
| ``V`` | B | the verdict |
| ``F`` | A, B | send a file, which the grader answers |
| ``I``, ``X`` | A, B | ready; broken |
"""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from latentbook.base.errors import LatentbookError
from latentbook_classroom.grader.interpreter import (
    ALL_WALLS,
    LIMITS,
    Clock,
    Interpreter,
    Lost,
    Walls,
    body,
)
from latentbook_classroom.grader.peer import imports_of
from latentbook_classroom.grader.question import Check, Question
from latentbook_classroom.grader.snapshot import Sandbox
from latentbook_classroom.grader.verdict import Failure, Verdict, plain

MAX_SECONDS = 10.0  # for an answer and its check
MAX_CODE = 100_000  # characters
MAX_FRAMES = 20_000
MAX_CHECKS = 100
"""A warm interpreter is replaced after this many, so that its limit of processor time suffices."""

B_WALLS = Walls(limits={**LIMITS, "CPU": int(MAX_CHECKS * MAX_SECONDS)})


class Busy(LatentbookError):
    """Too many answers are waiting; submit this one again later."""


class Grader:
    """Judges answers in a few threads. :meth:`close` ends all interpreters.

    Parameters
    ----------
    workers : answers judged at once; each takes two interpreters of 160 MB
    waiting : answers that may wait in addition
    seconds : longest time for an answer
    """

    def __init__(
        self,
        sandbox: Sandbox,
        *,
        workers: int = 2,
        waiting: int = 64,
        seconds: float = MAX_SECONDS,
        walls: Walls = ALL_WALLS,
    ) -> None:
        self.sandbox = sandbox
        self.workers = workers
        self.seconds = seconds
        self.walls = walls
        self._places = threading.BoundedSemaphore(workers + waiting)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="grader")
        self._lock = threading.Lock()
        self._warm: list[_Checker] = []  # idle ones, the longest idle first

    def close(self) -> None:
        """End all interpreters; answers that are still waiting are not judged."""
        self._pool.shutdown(cancel_futures=True)
        while self._warm:
            self._warm.pop().interpreter.kill()

    def judge(self, question: Question, code: str) -> Verdict:
        return self.submit(question, code).result()

    def submit(self, question: Question, code: str) -> Future[Verdict]:
        """Start judging code; can be called from any thread.

        Raises
        ------
        Busy
            If too many answers are waiting.
        """
        if question.check is None:
            raise ValueError(f"{question.label} is a {question.kind} question, without a check")
        if not self._places.acquire(blocking=False):
            raise Busy("Too many answers wait to be judged. Send this one again in a minute.")
        future = self._pool.submit(self._judge, question.check, code)
        future.add_done_callback(lambda _: self._places.release())
        return future

    def _judge(self, check: Check, code: str) -> Verdict:
        if len(code) > MAX_CODE:
            why = f"The code has {len(code):,} characters. Accepted: {MAX_CODE:,}."
            return Verdict("error", failure=Failure("TooLong", why))
        try:
            checker = self._checker(check)
        except (Lost, OSError) as error:
            return Verdict("unjudged", f"The check's interpreter failed: {error}.")
        answerer: Interpreter | None = None
        try:
            answerer = Interpreter(self.sandbox, self.walls).boot()
            return _Submission(answerer, checker, self.seconds).verdict(code)
        except (Lost, OSError) as error:
            return Verdict("unjudged", f"The answer's interpreter failed: {error}.")
        finally:
            if answerer is not None:
                answerer.kill()
            self._rest(checker)

    def _checker(self, check: Check) -> "_Checker":
        """A warm interpreter for the check, or a new one."""
        with self._lock:
            for checker in self._warm:
                if checker.check == check and checker.interpreter.process.poll() is None:
                    self._warm.remove(checker)
                    return checker
        return _Checker(check, Interpreter(self.sandbox, B_WALLS).boot(), self.seconds)

    def _rest(self, checker: "_Checker") -> None:
        ended = []
        with self._lock:
            if checker.is_busy or checker.count >= MAX_CHECKS:
                ended.append(checker)
            else:
                self._warm.append(checker)
            while len(self._warm) > self.workers:
                ended.append(self._warm.pop(0))
        for each in ended:
            each.interpreter.kill()


class _Checker:
    """An interpreter for one check. It is busy while a check runs, and for good if that is lost:
    its next frames would be about the previous answer.
    """

    def __init__(self, check: Check, interpreter: Interpreter, seconds: float) -> None:
        self.check = check
        self.interpreter = interpreter
        self.is_busy = False
        self.count = 0
        if not check.own:
            return
        clock = interpreter.clock(seconds)
        try:
            interpreter.send("P", {"snippets": check.own}, clock)
            if (reply := interpreter.receive(clock))[:1] != b"R":
                raise Lost(f"a snippet of the chapter fails: {body(reply).get('message')}")
        except Lost:
            interpreter.kill()
            raise


class _AnswerLost(Lost):
    """The answer's interpreter broke a rule: that is the answer's fault."""


@contextmanager
def _blaming_the_answer() -> Iterator[None]:
    try:
        yield
    except Lost as lost:
        raise _AnswerLost(*lost.args) from None


class _Submission:
    """One answer in its own interpreter, and the check in another."""

    def __init__(self, answerer: Interpreter, checker: _Checker, seconds: float) -> None:
        self.a, self.b = answerer, checker.interpreter
        self.checker = checker
        self.seconds = seconds
        self.clock = Clock(seconds, self.a.process.pid, self.b.process.pid)

    def verdict(self, code: str) -> Verdict:
        try:
            if failed := self._run(code):
                return self._failed(failed)
            found = self._check()
        except (_AnswerLost, RecursionError) as lost:  # from A's JSON
            return Verdict("error", failure=Failure("Stopped", self._sentence(str(lost))))
        except Lost as lost:
            return Verdict("unjudged", f"The check was lost: {lost}.")
        if "failed" in found:
            return self._failed(found["failed"])
        if found["passed"] is True:
            return Verdict("right")
        message = plain(found["message"])  # it can quote the answer's values
        case, sentence = plain(found["case"]), found.get("sentence")
        if sentence:
            english, values = sentence
            sentence = plain(english), {plain(name): plain(value) for name, value in values.items()}
        return Verdict("wrong", message, self._mistake(message), case=case, sentence=sentence)

    def _run(self, code: str) -> Any:
        """Run the answer; return the report of an error, or None."""
        check = self.checker.check
        snippets = [*check.snippets, *imports_of(check.public)]
        request = {"code": code, "snippets": snippets, "names": check.names}
        with _blaming_the_answer():
            self.a.send("A", request, self.clock)
            reply = self.a.receive(self.clock, b"RE")
        return _report(reply) if reply[:1] == b"E" else None

    def _check(self) -> Any:
        check = self.checker.check
        self.checker.is_busy = True
        self.checker.count += 1
        self.b.traffic = 0
        request = {"check": check.code, "names": check.names, "shared": check.shared}
        clock = self.b.clock(self.seconds)  # a new one: the answer may have used up its own
        self.b.send("K", {**request, "is_public": check.code == check.public}, clock)
        frame = self.b.receive(clock, b"N")
        with _blaming_the_answer():  # even if A's frames kill B
            for _ in range(MAX_FRAMES // 2):
                self.a.pass_on(frame, self.clock)
                self.b.pass_on(self.a.receive(self.clock, b"RCE"), self.clock)
                frame = self.b.receive(self.clock, b"RCENV")
                if frame[:1] == b"V":
                    self.checker.is_busy = False
                    return body(frame)
        raise _AnswerLost("it makes too many calls")

    def _failed(self, report: Any) -> Verdict:
        failure = Failure.read(report)
        mistake = self._mistake(f"{failure.name}: {failure.message}")
        return Verdict("error", mistake=mistake, failure=failure)

    def _mistake(self, message: str) -> str:
        said = message.casefold()
        mistakes = self.checker.check.mistakes
        return next((words for words in mistakes if words.casefold() in said), "")

    def _sentence(self, why: str) -> str:
        if why == "time is up":
            return f"Your code was stopped after {self.seconds:g} s, the time limit."
        return f"Your code was stopped: {why}."


def _report(frame: bytes) -> Any:
    """An error that A reports about itself: it is shown to the student, but is not a verdict."""
    try:
        return body(frame)
    except (ValueError, RecursionError):
        return {}
