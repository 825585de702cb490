"""Work for the inference thread, and the bounded queue in which it waits."""

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from latentbook.http.draining import Closing
from latentbook.http.problems import Unavailable
from latentbook_decoders.decoding.metrics import DecoderMetrics

T = TypeVar("T")
Floats = NDArray[np.float32]


class QueueFull(Unavailable):
    def __init__(self, size: int) -> None:
        why = f"The decoders are busy: {size} requests are waiting. Try again in a second."
        super().__init__(why, 1)


@dataclass(eq=False)
class Job(Generic[T]):
    """Work for the thread: a function, or codes to decode.

    Attributes
    ----------
    kind : of codes: the model's name, and whether to decode in float32; codes of the same kind are
        decoded together
    dropped : no one waits for the result any more
    asked : when it was queued, by time.perf_counter
    waited : seconds in the queue
    """

    work: Callable[[], T] | None = None
    codes: Floats | None = None
    kind: tuple[str, bool] = ("", False)
    result: Future[T] = field(default_factory=Future)
    dropped: bool = False
    asked: float = field(default_factory=time.perf_counter)
    waited: float = 0.0

    @property
    def rows(self) -> int:
        return 0 if self.codes is None else len(self.codes)


class JobQueue:
    """Jobs from the event loop to the thread, in order."""

    def __init__(self, size: int, batch: int, metrics: DecoderMetrics) -> None:
        self.size = size
        self.batch = batch
        self.metrics = metrics
        self.waiting: deque[Job[Any]] = deque()
        self.changed = threading.Condition()
        self.closing = False
        metrics.queue_length.set_function(lambda: len(self.waiting))

    def put(self, job: Job[Any]) -> None:
        """Queue a job; raise QueueFull or Closing if that is not possible."""
        with self.changed:
            if self.closing or len(self.waiting) >= self.size:
                self.metrics.rejected.inc()
                raise Closing if self.closing else QueueFull(self.size)
            self.waiting.append(job)
            self.changed.notify()

    def drop(self, job: Job[Any]) -> None:
        """Discard a job that no one waits for: take it out of the queue, or stop it."""
        job.dropped = True
        self.metrics.dropped.inc()
        with self.changed:
            if job in self.waiting:
                self.waiting.remove(job)

    def close(self) -> None:
        with self.changed:
            self.closing = True
            self.changed.notify()

    def next_batch(self) -> list[Job[Any]]:
        """The oldest job and the waiting jobs that fit into one batch with it; empty at the end."""
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
