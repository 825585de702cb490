"""Work for the inference thread, and the bounded queue in which it waits."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from latentbook.decoding.mosaic import Grey
from latentbook.http.metrics import Metrics
from latentbook.http.problems import Problem

T = TypeVar("T")
Floats = NDArray[np.float32]


class QueueFull(Problem):
    """As much work waits as may wait."""

    def __init__(self, size: int) -> None:
        super().__init__(
            503,
            f"The decoders are busy: {size} requests wait. Ask again in a second.",
            headers={"Retry-After": "1"},
        )


class Closing(Problem):
    """The server shuts down."""

    def __init__(self) -> None:
        super().__init__(
            503, "The server shuts down. Ask again in a few seconds.", headers={"Retry-After": "5"}
        )


@dataclass(eq=False)
class Job(Generic[T]):
    """Work for the thread.

    Attributes
    ----------
    work : the result, made by this job alone
    codes, kind, finish : given where it may be merged with other jobs of its kind, a model's name
        and whether to decode in float32; finish makes the result from this job's images and from
        the seconds that decoding took
    dropped : nobody waits for the result any more
    asked : when it was put into the queue, by time.perf_counter
    waited : seconds in the queue
    """

    work: Callable[[Job[T]], T]
    codes: Floats | None = None
    kind: tuple[str, bool] = ("", False)
    finish: Callable[[Job[T], Grey, float], T] | None = None
    result: Future[T] = field(default_factory=Future)
    dropped: bool = False
    asked: float = field(default_factory=time.perf_counter)
    waited: float = 0.0

    @property
    def rows(self) -> int:
        """How many codes it decodes."""
        return 0 if self.codes is None else len(self.codes)


class JobQueue:
    """Jobs from the event loop to the thread, in their order.

    Raises
    ------
    QueueFull, Closing
        By :meth:`put`.
    """

    def __init__(self, size: int, batch: int, metrics: Metrics) -> None:
        self.size = size
        self.batch = batch
        self.metrics = metrics
        self.waiting: deque[Job[Any]] = deque()
        self.changed = threading.Condition()
        self.closing = False
        metrics.queue_length.set_function(lambda: len(self.waiting))

    def put(self, job: Job[Any]) -> None:
        """Let a job wait for the thread."""
        with self.changed:
            if self.closing or len(self.waiting) >= self.size:
                self.metrics.rejected.inc()
                raise Closing if self.closing else QueueFull(self.size)
            self.waiting.append(job)
            self.changed.notify()

    def drop(self, job: Job[Any]) -> None:
        """Nobody waits for this job any more: it leaves the queue, or stops if it is being done."""
        job.dropped = True
        self.metrics.dropped.inc()
        with self.changed:
            if job in self.waiting:
                self.waiting.remove(job)

    def close(self) -> None:
        """Take nothing more."""
        with self.changed:
            self.closing = True
            self.changed.notify()

    def next_batch(self) -> list[Job[Any]]:
        """The oldest job, and those waiting that fit into one batch with it. None at the end."""
        with self.changed:
            while not self.waiting and not self.closing:
                self.changed.wait()
            if not self.waiting:
                return []
            batch = [self.waiting.popleft()]
            room = self.batch - batch[0].rows
            for job in list(self.waiting):
                if job.codes is not None and job.kind == batch[0].kind and job.rows <= room:
                    self.waiting.remove(job)
                    batch.append(job)
                    room -= job.rows
        now = time.perf_counter()
        for job in batch:
            job.waited = now - job.asked
            self.metrics.queue_seconds.observe(job.waited)
        return batch
