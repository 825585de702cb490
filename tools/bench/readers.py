"""Readers that send requests from separate processes: they share only cores with the server."""

from __future__ import annotations

import http.client
import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from urllib.parse import urlsplit

LARGEST = 2**24


@dataclass(frozen=True)
class Answer:
    """One answer, read to its last byte.

    Attributes
    ----------
    seconds : from the first byte of the request to the last of the answer
    size : bytes of the body, as sent
    timing : seconds of each part that the server named in Server-Timing
    """

    seconds: float
    size: int
    timing: dict[str, float]


def read(pipe: Connection) -> None:
    """Send the requests that arrive through the pipe, over one connection per server, until the
    pipe is closed.
    """
    buffer = memoryview(bytearray(LARGEST))
    connections: dict[str, http.client.HTTPConnection] = {}
    while True:
        try:
            base, path, headers, count = pipe.recv()
        except EOFError:
            return
        if base not in connections:
            connections[base] = http.client.HTTPConnection(urlsplit(base).netloc)
        pipe.send([answer(connections[base], path, headers, buffer) for _ in range(count)])


def answer(
    connection: http.client.HTTPConnection, path: str, headers: dict[str, str], buffer: memoryview
) -> Answer:
    start = time.perf_counter()
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    size = 0
    while part := response.readinto(buffer[size:]):
        size += part
    seconds = time.perf_counter() - start
    if response.status != 200:
        raise RuntimeError(f"{path}: status {response.status}. {bytes(buffer[:size])!r}")
    timing = {}
    for part_timing in response.headers.get("Server-Timing", "").split(", "):
        name, _, duration = part_timing.partition(";dur=")
        timing[name] = float(duration or 0) / 1000
    return Answer(seconds, size, timing)


class Readers:
    def __init__(self, pipes: list[Connection]) -> None:
        self.pipes = pipes

    def ask(
        self, base: str, path: str, headers: dict[str, str], *, readers: int = 1, count: int = 1
    ) -> list[Answer]:
        """Let several readers at once fetch ``count`` responses each, one after another."""
        for pipe in self.pipes[:readers]:
            pipe.send((base, path, headers, count))
        return [each for pipe in self.pipes[:readers] for each in pipe.recv()]


def ask_again_and_again(base: str, path: str, headers: dict[str, str], clients: int) -> None:
    """Run clients that fetch one answer after another until the process ends."""

    def client() -> None:
        connection = http.client.HTTPConnection(urlsplit(base).netloc)
        while True:
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            response.read()
            if response.status == 503:  # the queue is full
                time.sleep(float(response.headers["Retry-After"]))

    with ThreadPoolExecutor(clients) as pool:
        for _ in range(clients):
            pool.submit(client)


@contextmanager
def keeping_busy(base: str, path: str, headers: dict[str, str], clients: int) -> Iterator[None]:
    """Run clients in a separate process while the block runs."""
    context = multiprocessing.get_context("spawn")
    asked = (base, path, headers, clients)
    process = context.Process(target=ask_again_and_again, args=asked, daemon=True)
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()


@contextmanager
def reading(readers: int) -> Iterator[Readers]:
    context = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    for _ in range(readers):
        ours, theirs = context.Pipe()
        process = context.Process(target=read, args=(theirs,), daemon=True)
        process.start()
        theirs.close()
        pipes.append(ours)
        processes.append(process)
    try:
        yield Readers(pipes)
    finally:
        for pipe in pipes:
            pipe.close()
        for process in processes:
            process.join()
