"""A slow line: a proxy in this process that delays and limits traffic in both directions."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from urllib.parse import urlsplit

CHUNK = 16_384


class SlowLine:
    """Forwards TCP connections to a server; together they share the line's bits per second."""

    def __init__(self, port: int, megabits: float, round_trip_ms: float) -> None:
        self.port = port
        self.bytes_per_second = megabits * 1e6 / 8
        self.delay = round_trip_ms / 2000
        self.free_at = 0.0

    async def serve(self, started: threading.Event, ports: list[int]) -> None:
        server = await asyncio.start_server(self.connect, "127.0.0.1", 0)
        ports.append(server.sockets[0].getsockname()[1])
        started.set()
        async with server:
            await server.serve_forever()

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one connection in both directions. A new one costs a round trip, as in TCP."""
        # Not errors: either side may disconnect at any time, and the bench cancels at its end.
        with suppress(asyncio.CancelledError, OSError):
            await asyncio.sleep(2 * self.delay)
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.port)
            with closing(writer), closing(far_writer):
                await asyncio.gather(
                    self.carry(reader, far_writer, limited=False),
                    self.carry(far_reader, writer, limited=True),
                )

    async def carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, limited: bool
    ) -> None:
        """Pass bytes on in order, each after the delay."""
        clock = asyncio.get_running_loop().time
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=64)

        async def deliver() -> None:
            while True:
                due, data = await queue.get()
                await asyncio.sleep(due - clock())
                if not data:
                    writer.close()
                    return
                writer.write(data)
                await writer.drain()

        async def take() -> None:
            while data := await reader.read(CHUNK):
                if limited:
                    self.free_at = max(self.free_at, clock()) + len(data) / self.bytes_per_second
                    await asyncio.sleep(self.free_at - clock())
                await queue.put((clock() + self.delay, data))
            await queue.put((clock() + self.delay, b""))

        await asyncio.gather(take(), deliver())


@contextmanager
def slow_line(base: str, megabits: float, round_trip_ms: float) -> Iterator[str]:
    """Yield the URL that reaches the server at ``base`` over a slow line."""
    line = SlowLine(urlsplit(base).port or 80, megabits, round_trip_ms)
    loop = asyncio.new_event_loop()
    started, ports = threading.Event(), list[int]()
    task = loop.create_task(line.serve(started, ports))

    def run() -> None:
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(task)
        # Cancel the connections that are still open.
        for carrying in asyncio.all_tasks(loop):
            carrying.cancel()
            with suppress(asyncio.CancelledError):
                loop.run_until_complete(carrying)
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    started.wait()
    try:
        yield f"http://127.0.0.1:{ports[0]}"
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()
