"""A class of 500 phones that poll and answer, with the server killed and restarted midway.

The server is the command itself, in a separate process; the phones run in the bench's process. All
share the cores of this machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any

from latentbook.base.errors import LatentbookError
from latentbook.book.build import build_site
from latentbook.book.overlay.merge import open_project
from latentbook.settings import Settings
from latentbook_classroom.lecture.blocks import ClassData, class_data_of
from latentbook_classroom.lecture.bundle import bundle_class
from latentbook_classroom.lecture.settings import ClassSettings
from tools.bench import Measurement, Report

PHONES = 500
POLL_S = 2.0
ANSWER_WITHIN_S = 20
JOIN_WITHIN_S = 10
KILL_AFTER_S = 10
"""Seconds after the start of the second vote."""

P95_TARGET, CPU_TARGET = 150, 60
ADDRESS = re.compile(r"/class/#(\S+)")
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Server:
    """``latentbook serve`` on one port, restarted as necessary.

    Attributes
    ----------
    key : the lecturer's key, with the option ``--class``
    """

    port: int
    environment: dict[str, str]
    options: tuple[str, ...] = ()
    process: subprocess.Popen[str] | None = None
    key: str = ""

    async def start(self) -> None:
        """Start the server and wait until it responds."""
        program = "from latentbook.cli import main; main()"
        options = ["serve", "--built", *self.options, "--port", str(self.port)]
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, *options],
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        stdout = self.process.stdout
        assert stdout is not None
        while (
            "--class" in self.options
            and not self.key
            and (line := await asyncio.to_thread(stdout.readline))
        ):
            if found := ADDRESS.search(line):
                self.key = found[1]
        client = Client(self.port)
        while True:
            if self.process.poll() is not None:
                raise LatentbookError(f"The server ended with {self.process.returncode}.")
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await client.ask("GET", "/healthz")
                client.close()
                return
            await asyncio.sleep(0.05)

    def kill(self) -> None:
        """Kill the server."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def cpu_seconds(self) -> float:
        """Measure the CPU seconds of all the server's threads."""
        assert self.process is not None
        stat = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii")
        parts = stat.rpartition(")")[2].split()
        return (int(parts[11]) + int(parts[12])) / TICKS


@dataclass
class Client:
    """One persistent connection with one request at a time."""

    port: int
    cookie: str = ""
    _streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(
        self, method: str, path: str, body: Any = None, headers: str = ""
    ) -> tuple[int, dict[str, str], bytes]:
        """Return an answer's status, headers and body. Send text as a form, anything else as JSON.

        Raises
        ------
        OSError, asyncio.IncompleteReadError
            If the server is down or disconnects.
        """
        is_form = isinstance(body, str)
        data = (body if is_form else "" if body is None else json.dumps(body)).encode()
        kind = "application/x-www-form-urlencoded" if is_form else "application/json"
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nCookie: {self.cookie}\r\n"
            f"Content-Type: {kind}\r\nContent-Length: {len(data)}\r\n{headers}\r\n"
        )
        if self._streams is not None and self._streams[0].at_eof():
            self.close()  # the server closes an idle connection after five seconds
        try:
            if self._streams is None:
                self._streams = await asyncio.open_connection("127.0.0.1", self.port)
            reader, writer = self._streams
            writer.write(head.encode() + data)
            answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            fields = dict(line.split(": ", 1) for line in answer[1:] if line)
            size = int(fields.get("content-length", "0"))
            received = await reader.readexactly(size) if size else b""
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            raise
        return int(answer[0].split()[1]), fields, received

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


@dataclass
class Phone:
    """A phone, with its answer in each round and timings."""

    number: int
    code: str
    client: Client
    options: int
    etag: str = ""
    news: dict[str, Any] = field(default_factory=dict)
    answers: dict[int, int] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    polls: list[float] = field(default_factory=list)
    failures: int = 0

    @property
    def place(self) -> str:
        return f"/api/class/{self.code}"

    @property
    def headers(self) -> str:
        return f"Latentbook-Seat: bench-phone-{self.number:012d}\r\n"

    async def insist(self, method: str, path: str, body: Any = None, extra: str = "") -> Any:
        """Repeat a request until the reply is not 429 (too many requests)."""
        while True:
            try:
                answer = await self.client.ask(method, path, body, self.headers + extra)
            except (OSError, asyncio.IncompleteReadError):
                self.failures += 1
                await asyncio.sleep(1 + random.random())
                continue
            if answer[0] != 429:
                return answer
            await asyncio.sleep(float(answer[1]["retry-after"]) * (1 + random.random()))

    async def live(self) -> None:
        """Join, poll, and answer until the class ends."""
        await asyncio.sleep(JOIN_WITHIN_S * random.random())
        body = {"token": f"bench-phone-{self.number:012d}"}
        status, _, said = await self.insist("POST", f"{self.place}/seat", body)
        if status != 200:
            raise LatentbookError(f"A phone was not let in: {status} {said!r}")
        answering: set[asyncio.Task[None]] = set()
        while True:
            begun = time.perf_counter()
            extra = f"If-None-Match: {self.etag}\r\n"
            status, fields, said = await self.insist("GET", f"{self.place}/now", extra=extra)
            self.polls.append(time.perf_counter() - begun)
            if status == 410:
                break
            if status == 200:
                self.etag, self.news = fields["etag"], json.loads(said)
                if self.news["asking"] and self.news["phase"] == "open":
                    await self.insist("GET", f"{self.place}/askings/{self.news['asking']}")
                    answering.add(asyncio.create_task(self.answer(self.news["round"])))
            await asyncio.sleep(POLL_S + 0.4 * (random.random() - 0.5))
        await asyncio.gather(*answering)

    async def answer(self, round: int) -> None:
        """Think for a while, then answer over a separate connection until it succeeds."""
        await asyncio.sleep(ANSWER_WITHIN_S * random.random())
        value = self.answers[round] = (self.number + round) % self.options
        client = Client(self.client.port)
        wanted = time.perf_counter()
        while True:
            begun = time.perf_counter()
            path = f"{self.place}/rounds/{round}/answer"
            try:
                body = {"change": 1, "value": value}
                status, _, said = await client.ask("PUT", path, body, self.headers)
            except (OSError, asyncio.IncompleteReadError):
                self.failures += 1
                await asyncio.sleep(1 + random.random())
                continue
            now = time.perf_counter()
            self.seconds.append(now - begun)
            self.waits.append(now - wanted)
            client.close()
            if status != 204:
                raise LatentbookError(f"An answer was refused: {status} {said!r}")
            return


@dataclass
class Lecturer:
    client: Client
    code: str = ""

    async def do(self, method: str, path: str, body: Any = None) -> Any:
        place = f"/api/lecturer{path}"
        status, fields, said = await self.client.ask(method, place, body)
        if status >= 300:
            raise LatentbookError(f"{method} {place}: {status} {said!r}")
        if cookie := fields.get("set-cookie"):
            self.client.cookie = cookie.partition(";")[0]
        return json.loads(said) if said else None


@asynccontextmanager
async def crowd(phones: list[Phone]) -> AsyncIterator[None]:
    """Run all phones while the block runs; an error in a phone ends the block."""
    async with asyncio.TaskGroup() as group:
        for phone in phones:
            group.create_task(phone.live())
        yield


async def lecture(server: Server, question: tuple[str, int], report: Report) -> list[Measurement]:
    """Hold two votes of a complete class; kill the server during the second."""
    await server.start()
    lecturer = Lecturer(Client(server.port))
    await lecturer.do("POST", "/key", {"key": server.key})
    code = (await lecturer.do("POST", "/classes", {}))["code"]
    place, (label, options) = f"/classes/{code}", question
    phones = [Phone(i, code, Client(server.port), options) for i in range(PHONES)]
    async with crowd(phones):
        report(f"{PHONES} phones come in")
        await asyncio.sleep(JOIN_WITHIN_S + 2 * POLL_S)
        report("First vote")
        begun, used = time.perf_counter(), server.cpu_seconds()
        await lecturer.do("POST", f"{place}/ask", {"label": label})
        await asyncio.sleep(ANSWER_WITHIN_S + 2 * POLL_S)
        first = (await lecturer.do("GET", place))["rounds"][-1]["id"]
        await lecturer.do("POST", f"{place}/close", {"round": first})
        report("Second vote")
        await lecturer.do("POST", f"{place}/again", {"round": first})
        await asyncio.sleep(KILL_AFTER_S)
        used, wall = server.cpu_seconds() - used, time.perf_counter() - begun
        report("The server is killed and started again")
        server.kill()
        down = time.perf_counter()
        await server.start()
        down = time.perf_counter() - down
        begun, start = time.perf_counter(), server.cpu_seconds()
        lecturer.client.close()
        await asyncio.sleep(ANSWER_WITHIN_S - KILL_AFTER_S + 3 * POLL_S)
        used += server.cpu_seconds() - start
        wall += time.perf_counter() - begun
        second = (await lecturer.do("GET", place))["rounds"][-1]["id"]
        await lecturer.do("POST", f"{place}/reveal", {"round": second})
        results = await lecturer.do("GET", f"{place}/results")
        await lecturer.do("DELETE", place)
    for client in (lecturer.client, *(phone.client for phone in phones)):
        client.close()
    await asyncio.sleep(0)  # connections close in the next iteration of the event loop
    lost = 0
    for round, kept in zip((first, second), results, strict=True):
        given = Counter(phone.answers[round] for phone in phones if round in phone.answers)
        lost += PHONES - len(kept) + (given - Counter(kept)).total()
    seconds = [1000 * each for phone in phones for each in phone.seconds]
    polls = [1000 * each for phone in phones for each in phone.polls]
    waits = [each for phone in phones for each in phone.waits]
    return [
        Measurement("answer, median", quantiles(seconds, n=20)[9], "ms"),
        Measurement("answer, p95", quantiles(seconds, n=20)[18], "ms", P95_TARGET),
        Measurement("answer, slowest", max(seconds), "ms"),
        Measurement("answer, longest wait with the server away", max(waits), "s"),
        Measurement("poll, p95", quantiles(polls, n=20)[18], "ms"),
        Measurement("answers that arrived", float(len(seconds)), "", 2.0 * PHONES, at_least=True),
        Measurement("answers lost", float(lost), "", 0),
        Measurement("requests that found no server", float(sum(p.failures for p in phones)), ""),
        Measurement("server away", down, "s"),
        Measurement("server, of one core", 100 * used / wall, "%", CPU_TARGET),
        Measurement("load of the machine, last minute", os.getloadavg()[0], ""),
    ]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def measure(settings: Settings, report: Report) -> list[Measurement]:
    settings = settings.extended(ClassSettings(class_mode=True))
    build_site(open_project(settings), report=report)
    bundle_class(settings)
    blocks = ClassData(class_data_of(settings.site)).blocks().values()
    ways = ((each.id, each.ways[0]) for each in blocks)
    question = next((id, way.accepts["count"]) for id, way in ways if way.form == "choice")
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "LATENTBOOK_CLASS_FILE": str(Path(folder, "class.sqlite")),
            "LATENTBOOK_LOG_LEVEL": "error",
            "PYTHONUNBUFFERED": "1",
        }
        server = Server(free_port(), environment, ("--class",))
        try:
            return asyncio.run(lecture(server, question, report))
        finally:
            if server.process is not None and server.process.poll() is None:
                server.kill()
