"""The one thread that owns torch: a bounded queue of work, merged into batches.

Two threads that both run torch would each bring their own team of workers, and on the same cores
each would take twice as long. So models are loaded and run here and nowhere else, and the event
loop only waits. torch is imported at the first request that needs it; a server without torch
serves the book all the same.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from app.api.problems import Problem
from app.models.errors import ModelError

if TYPE_CHECKING:
    from app.api.decoder import ServedModel
    from app.models.autoencoder import Autoencoder

T = TypeVar("T")
Device = Literal["auto", "cpu", "cuda", "mps"]
Floats = NDArray[np.float32]


CHUNK = 256
"""Codes decoded at once: larger chunks leave the processor's cache and are slower."""


NEAR = 4.0
"""Codes with a coordinate farther out are decoded in float32: there the picture changes fastest."""


class TorchMissing(Problem):
    """This server has no torch."""

    def __init__(self) -> None:
        super().__init__(
            503,
            "torch is not installed on this server, so it cannot decode. The book works without "
            "it; `pip install latentbook[decoders]` installs it.",
        )


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


class Registry(Protocol):
    """What is used of :mod:`app.models.registry`."""

    def names(self) -> tuple[str, ...]:
        """Every model."""

    def card(self, name: str) -> dict[str, Any]:
        """What is known of one model."""

    def load(self, name: str) -> Autoencoder:
        """The trained model."""


@dataclass(frozen=True)
class Opened:
    """A model that is ready.

    Attributes
    ----------
    edition : what the pictures depend on besides the request: weights, format, device, torch
    """

    name: str
    card: dict[str, Any]
    latent_dim: int
    image_shape: tuple[int, int]
    device: str
    dtype: str
    max_grey_difference: int
    edition: str


@dataclass(eq=False)
class Job(Generic[T]):
    """Work for the thread.

    Attributes
    ----------
    codes : given where it may be merged with other work of the same ``kind``
    kind : name of the model, and whether to decode in float32
    """

    work: Callable[[Job[T]], T]
    codes: Floats | None = None
    kind: tuple[str, bool] = ("", False)
    result: Future[T] = field(default_factory=Future)
    dropped: bool = False


class Inference:
    """Models on one device, asked from the event loop, run on one thread."""

    def __init__(self, device: Device, queue_size: int, registry: Registry | None = None) -> None:
        self.device = device
        self.queue_size = queue_size
        self.registry = registry
        self.models: dict[str, tuple[Opened, ServedModel]] = {}
        self.waiting: deque[Job[Any]] = deque()
        self.changed = threading.Condition()
        self.closing = False
        self.thread: threading.Thread | None = None

    # Called from the event loop.

    async def cards(self) -> list[dict[str, Any]]:
        """The card of every model, or its name and why it cannot be served."""
        return await self.ask(Job(lambda job: self.read_cards()))

    async def open(self, name: str) -> Opened:
        """The model, loaded at the first call.

        Raises
        ------
        UnknownModel, WeightsMissing, WeightsMismatch, DeviceUnavailable
            As the registry does.
        TorchMissing, QueueFull, Closing
        """
        if name in self.models:
            return self.models[name][0]
        return await self.ask(Job(lambda job: self.load(name)[0]))

    async def decode(self, name: str, z: Floats, *, exact: bool = False) -> NDArray[np.uint8]:
        """Images of codes, as :meth:`ServedModel.decode` gives them.

        Codes of which one is not near are decoded in float32. Only work in the same number format
        is merged, so no request decides the format of another.
        """
        exact = exact or not is_near(z)

        def alone(job: Job[NDArray[np.uint8]]) -> NDArray[np.uint8]:
            return self.load(name)[1].decode(z, exact, lambda: job.dropped)

        return await self.ask(Job(alone, z, (name, exact)))

    async def encode(self, name: str, x: Floats) -> tuple[Floats, Floats | None, Floats]:
        """Codes of images, as :meth:`ServedModel.encode` gives them."""
        return await self.ask(Job(lambda job: self.load(name)[1].encode(x)))

    async def ask(self, job: Job[T]) -> T:
        """Queue a job and wait for its result; if the caller is cancelled, drop the job."""
        with self.changed:
            if self.closing:
                raise Closing
            if len(self.waiting) >= self.queue_size:
                raise QueueFull(self.queue_size)
            self.waiting.append(job)
            self.changed.notify()
            if self.thread is None:
                self.thread = threading.Thread(target=self.run, name="inference")
                self.thread.start()
        try:
            return await asyncio.wrap_future(job.result)
        except asyncio.CancelledError:
            job.dropped = True
            raise

    def close(self) -> None:
        """Finish what waits, take nothing more, end the thread."""
        with self.changed:
            self.closing = True
            self.changed.notify()
        if self.thread is not None:
            self.thread.join()

    # Called on the thread.

    def run(self) -> None:
        """Answer jobs until closed."""
        # OpenMP's workers spin while they wait. Where another program wants their core too, that
        # makes every step wait for its turn on it: three times as slow, as measured.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        while batch := self.next_batch():
            live = [job for job in batch if job.result.set_running_or_notify_cancel()]
            if not live:
                continue
            try:
                results = self.answer(live)
            except Exception as error:
                for job in live:
                    job.result.set_exception(error)
            else:
                for job, result in zip(live, results, strict=True):
                    job.result.set_result(result)

    def next_batch(self) -> list[Job[Any]]:
        """The oldest job, and those waiting that fit into one chunk with it. None at the end."""
        with self.changed:
            while not self.waiting and not self.closing:
                self.changed.wait()
            if not self.waiting:
                return []
            batch = [self.waiting.popleft()]
            room = CHUNK - rows(batch[0])
            for job in list(self.waiting):
                if job.codes is not None and job.kind == batch[0].kind and rows(job) <= room:
                    self.waiting.remove(job)
                    batch.append(job)
                    room -= rows(job)
            return batch

    def answer(self, batch: list[Job[Any]]) -> list[Any]:
        """The result of each job: one alone does its own work, several are decoded together."""
        if len(batch) == 1:
            return [batch[0].work(batch[0])]
        codes = [job.codes for job in batch if job.codes is not None]
        name, exact = batch[0].kind
        tiles = self.load(name)[1].decode(np.concatenate(codes), exact)
        ends = np.cumsum([len(z) for z in codes])
        return np.split(tiles, ends[:-1])

    def load(self, name: str) -> tuple[Opened, ServedModel]:
        """The model, from memory or from its file."""
        if name not in self.models:
            registry = self.open_registry()
            card, model = registry.card(name), registry.load(name)
            from app.api.decoder import ServedModel

            served = ServedModel(model, self.device)
            opened = Opened(
                name=name,
                card=card,
                latent_dim=served.latent_dim,
                image_shape=served.image_shape,
                device=served.device.type,
                dtype=served.dtype,
                max_grey_difference=served.max_grey_difference,
                edition=f"{card['weights']['sha256']} {served.edition}",
            )
            self.models[name] = opened, served
        return self.models[name]

    def read_cards(self) -> list[dict[str, Any]]:
        """See :meth:`cards`."""
        registry = self.open_registry()
        cards = []
        for name in registry.names():
            try:
                cards.append(registry.card(name))
            except ModelError as error:
                cards.append({"name": name, "unavailable": str(error)})
        return cards

    def open_registry(self) -> Registry:
        """The models of the book, unless others were given."""
        if self.registry is None:
            try:
                self.registry = importlib.import_module("app.models.registry")
            except ModuleNotFoundError as error:
                if error.name != "torch":
                    raise
                raise TorchMissing from error
        assert self.registry is not None
        return self.registry


def is_near(z: Floats) -> bool:
    """Whether no coordinate of these codes is beyond ``NEAR``."""
    return bool(np.abs(z).max() <= NEAR)


def rows(job: Job[Any]) -> int:
    """How many codes a job decodes."""
    return 0 if job.codes is None else len(job.codes)
