"""The one thread that owns torch: a bounded queue of work, merged into batches.

Models are loaded here, one batch is decoded at a time, and the event loop only waits. The chunks of
a batch go to workers, one per core, each of which runs torch on a single thread. So a chunk's
pixels do not depend on the number of cores, and no core waits for another after each layer. A
server without torch still serves the book.
"""

from __future__ import annotations

import asyncio
import ctypes
import importlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from latentbook.http.problems import Problem
from latentbook_decoders.decoding.decoders import FEW, Decoded, Opened, needs_exact
from latentbook_decoders.decoding.jobs import Floats, Job, JobQueue
from latentbook_decoders.decoding.metrics import DecoderMetrics
from latentbook_decoders.models.errors import ModelError
from latentbook_decoders.settings import DeviceChoice, Dtype, DtypeChoice

if TYPE_CHECKING:
    from latentbook_decoders.decoding.served_model import ServedModel
    from latentbook_decoders.models.autoencoder import Autoencoder

T = TypeVar("T")

TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD = -1, -2, -3  # as in malloc.h
MIB = 2**20


class TorchMissing(Problem):
    def __init__(self) -> None:
        super().__init__(
            503,
            "PyTorch is not installed on this server, so its decoders are off. The book works "
            "without them; `pip install 'latentbook[decoders]'` installs PyTorch.",
        )


class TorchBroken(Problem):
    def __init__(self, error: Exception | str) -> None:
        super().__init__(
            503,
            "PyTorch is installed on this server but cannot be loaded, so its decoders are off: "
            f"{error}",
        )


class Registry(Protocol):
    """The functions that are used of :mod:`latentbook_decoders.models.registry`."""

    def names(self) -> tuple[str, ...]: ...

    def card(self, name: str) -> dict[str, Any]: ...

    def load(self, name: str) -> Autoencoder: ...


class Inference:
    """Models on one device, requested from the event loop and run on one thread."""

    def __init__(
        self,
        device: DeviceChoice,
        dtype: DtypeChoice,
        queue_size: int,
        registry: Registry | None = None,
        metrics: DecoderMetrics | None = None,
    ) -> None:
        self.device = device
        self.dtype = dtype
        self.registry = registry
        self.metrics = metrics or DecoderMetrics()
        self.models: dict[str, tuple[Opened, ServedModel]] = {}
        self.queue = JobQueue(queue_size, FEW, self.metrics)
        self.thread: threading.Thread | None = None

    def open_registry(self) -> Registry:
        """The models of the book, unless others were given.

        Raises
        ------
        TorchMissing, TorchBroken
        """
        if self.registry is None:
            try:
                importlib.import_module("torch")
            except ModuleNotFoundError as error:
                raise (TorchMissing() if error.name == "torch" else TorchBroken(error)) from error
            except (ImportError, OSError) as error:  # of a library that torch needs
                raise TorchBroken(error) from error
            self.registry = importlib.import_module("latentbook_decoders.models.registry")
        assert self.registry is not None
        return self.registry

    # Called from the event loop.

    async def load_torch(self) -> None:
        """Import torch, or raise TorchMissing or TorchBroken."""
        await self.ask(Job(self.open_registry))

    async def cards(self) -> list[dict[str, Any]]:
        return await self.ask(Job(lambda: self.read_cards()))

    async def open(self, name: str) -> Opened:
        """The model, loaded at the first call.

        Raises
        ------
        ModelError, TorchMissing, TorchBroken, QueueFull, Closing
        """
        if name in self.models:
            return self.models[name][0]
        return await self.ask(Job(lambda: self.load(name)[0]))

    async def decode(self, name: str, z: Floats, *, exact: bool = False) -> Decoded:
        model = await self.open(name)
        return await self.decode_as(name, z, exact or needs_exact(model, z))

    async def decode_as(self, name: str, z: Floats, exact: bool) -> Decoded:
        """Images of codes, in float32 or in the model's format.

        Only work in the same number format is merged, so no request decides the format of another.
        """
        return await self.ask(Job(codes=z, kind=(name, exact)))

    async def encode(self, name: str, x: Floats) -> tuple[Floats, Floats | None, Floats]:
        return await self.ask(Job(lambda: self.load(name)[1].encode(x)))

    async def ping(self) -> None:
        """Wait for all jobs queued earlier."""
        await self.ask(Job(lambda: None))

    async def ask(self, job: Job[T]) -> T:
        """Queue a job and wait for its result; drop the job if the caller is cancelled."""
        self.queue.put(job)
        if self.thread is None:
            self.thread = threading.Thread(target=self.run, name="inference")
            self.thread.start()
        try:
            return await asyncio.wrap_future(job.result)
        except asyncio.CancelledError:
            self.queue.drop(job)
            raise

    def close(self) -> None:
        """Finish the waiting jobs, accept no more and end the thread."""
        self.queue.close()
        if self.thread is not None:
            self.thread.join()

    # Called on the thread.

    def run(self) -> None:
        keep_freed_memory()
        while batch := self.queue.next_batch():
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
        if "workers" in vars(self):
            self.workers.shutdown()

    @cached_property
    def workers(self) -> ThreadPoolExecutor:
        """One worker per core that torch would use, each running torch on one thread."""
        from latentbook_decoders.decoding.served_model import one_threaded_workers

        return one_threaded_workers()

    def answer(self, batch: list[Job[Any]]) -> list[Any]:
        """The result of each job; codes are decoded together."""
        if batch[0].work is not None:
            return [batch[0].work()]
        name, exact = batch[0].kind
        opened, model = self.load(name)
        codes = [job.codes for job in batch if job.codes is not None]
        start = time.perf_counter()
        tiles = model.decode(
            np.concatenate(codes), exact, lambda: all(job.dropped for job in batch)
        )
        decoding = time.perf_counter() - start
        self.metrics.decoded(name, len(tiles), decoding)
        dtype: Dtype = "float32" if exact else opened.dtype
        parts = np.split(tiles, np.cumsum([len(z) for z in codes])[:-1])
        return [
            Decoded(part, dtype, job.waited, decoding)
            for job, part in zip(batch, parts, strict=True)
        ]

    def load(self, name: str) -> tuple[Opened, ServedModel]:
        if name not in self.models:
            registry = self.open_registry()
            card, model = registry.card(name), registry.load(name)
            from latentbook_decoders.decoding.served_model import ServedModel

            served = ServedModel(model, self.device, self.dtype, self.workers)
            opened = Opened(
                name=name,
                card=card,
                latent_dim=served.latent_dim,
                image_shape=served.image_shape,
                device=served.device.type,
                dtype=served.dtype,
                max_grey_difference=served.max_grey_difference,
                fingerprint=f"{card['weights']['sha256']} {served.fingerprint}",
            )
            self.models[name] = opened, served
        return self.models[name]

    def read_cards(self) -> list[dict[str, Any]]:
        registry = self.open_registry()
        cards = []
        for name in registry.names():
            try:
                cards.append(registry.card(name))
            except ModelError as error:
                cards.append({"name": name, "unavailable": str(error)})
        return cards


def keep_freed_memory() -> None:
    """Stop glibc from returning freed memory to the kernel; elsewhere do nothing.

    A decoder's layers need the same buffers for each chunk. glibc returns buffers of a megabyte to
    the kernel and gets them back page by page, which was measured to take a quarter of the time.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, TypeError, OSError):
        return
    mallopt(MMAP_THRESHOLD, 32 * MIB)
    mallopt(TRIM_THRESHOLD, 1024 * MIB)
    mallopt(TOP_PAD, 64 * MIB)
