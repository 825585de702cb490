"""One interpreter: a Deno process behind walls that exchanges frames with this one.

The walls, from the outside in: a clock and SIGKILL for the process group, system limits, separate
user and network namespaces, no permissions, an empty environment without a folder for Deno,
JavaScript without globals, and the page's ``lock-down.js``.
"""

import contextlib
import json
import os
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from latentbook_classroom.grader.snapshot import ENVIRONMENT, FLAGS, Sandbox, deno

LAUNCH = Path(__file__).with_name("launch.py")
HEAD = struct.Struct("<cII")  # kind, length of the JSON, length of the raw bytes
MAX_JSON, MAX_FRAME, MAX_TRAFFIC = 2**20, 16 * 2**20, 64 * 2**20  # bytes
BOOT_S = 60
LIMITS = {
    "CPU": 30,  # seconds
    "DATA": 1536 * 2**20,  # bytes; not AS: V8 reserves more addresses than any limit
    "FSIZE": 0,
    "CORE": 0,
    "NOFILE": 64,
}


class Lost(Exception):
    """A process that broke a rule or ran out of time. It must be killed."""


class Clock:
    """Counts seconds, except those in which a process, or the thread that waits for it, was ready
    but others had the processor: a busy server stops nobody's code.

    Linux reports how long that was; elsewhere all seconds count.
    """

    def __init__(self, seconds: float, *processes: int) -> None:
        self._waiting = [Path(f"/proc/{each}/schedstat") for each in (*processes, "thread-self")]
        self._queued = self._read_queued()
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        left = self._end - time.monotonic()
        if left > 0:
            return left
        before, self._queued = self._queued, self._read_queued()
        self._end += self._queued - before
        return self._end - time.monotonic()

    def _read_queued(self) -> float:
        total = 0
        for path in self._waiting:
            with contextlib.suppress(OSError):
                total += int(path.read_text().split()[1])  # nanoseconds
        return total / 1e9


@dataclass(frozen=True)
class Walls:
    """The walls around one interpreter; the doctor and tests remove some to test the others."""

    lock_down: bool = True
    namespaces: bool = True
    permissions: Sequence[str] = ()
    environment: dict[str, str] = field(default_factory=lambda: dict(ENVIRONMENT))
    limits: dict[str, int] = field(default_factory=lambda: dict(LIMITS))


ALL_WALLS = Walls()


class Interpreter:
    """A process; :meth:`boot` waits until it answers."""

    def __init__(self, sandbox: Sandbox, walls: Walls = ALL_WALLS) -> None:
        limits = json.dumps({**walls.limits, "namespaces": int(walls.namespaces)})
        command = [deno(), "run", *FLAGS, *walls.permissions, str(sandbox.start)]
        command.append("locked" if walls.lock_down else "open")
        self.sandbox = sandbox
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(LAUNCH), limits, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=walls.environment,
            bufsize=0,
            process_group=0,  # in a separate session it would not be nicer than the server
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        self._in, self._out = self.process.stdin.fileno(), self.process.stdout.fileno()
        os.set_blocking(self._in, False)
        os.set_blocking(self._out, False)
        self._packs_sent: set[str] = set()
        self.traffic = 0

    def boot(self) -> Self:
        clock = self.clock(BOOT_S)
        try:
            self.pass_on(self.sandbox.boot, clock)
            if (frame := self.receive(clock))[:1] != b"I":
                raise Lost(f"it does not start: {frame[:300]!r}")
        except BaseException:
            self.kill()
            raise
        return self

    def clock(self, seconds: float) -> Clock:
        return Clock(seconds, self.process.pid)

    def send(self, kind: str, value: object, clock: Clock) -> None:
        text = json.dumps(value).encode()
        self.pass_on(HEAD.pack(kind.encode(), len(text), 0) + text, clock)

    def receive(self, clock: Clock, kinds: bytes = b"") -> bytes:
        """Return the next frame as bytes; answer requests for files.

        Raises
        ------
        Lost
            If time is up, the process has ended, or the frame is refused.
        """
        while True:
            head = self._read(HEAD.size, clock)
            _, *lengths = HEAD.unpack(head)
            self.traffic += sum(lengths)
            if lengths[0] > MAX_JSON or sum(lengths) > MAX_FRAME or self.traffic > MAX_TRAFFIC:
                raise Lost("it sends too much")
            frame = head + self._read(sum(lengths), clock)
            if kinds and head[:1] not in kinds + b"F":
                raise Lost("it broke its interpreter")
            if head[:1] != b"F":
                return frame
            self._send_pack(frame, clock)

    def _send_pack(self, frame: bytes, clock: Clock) -> None:
        try:
            name = body(frame)["pack"]
            path = self.sandbox.packs[name]
        except (KeyError, TypeError, ValueError):
            raise Lost("it asks for a file that does not exist") from None
        if name in self._packs_sent:
            raise Lost("it asks for a file twice")
        self._packs_sent.add(name)
        data = path.read_bytes()
        self.pass_on(HEAD.pack(b"P", 0, len(data)) + data, clock)

    def kill(self) -> None:
        """Kill the process and all that it has started; it does not end by itself."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):
                pipe.close()

    def pass_on(self, data: bytes, clock: Clock) -> None:
        view = memoryview(data)
        while view:
            self._wait(self._in, select.POLLOUT, clock)
            try:
                view = view[os.write(self._in, view) :]
            except BrokenPipeError:
                raise Lost("the process has ended") from None

    def _read(self, count: int, clock: Clock) -> bytes:
        data = bytearray()
        while len(data) < count:
            self._wait(self._out, select.POLLIN, clock)
            part = os.read(self._out, min(count - len(data), 2**20))
            if not part:
                raise Lost("the process has ended")
            data += part
        return bytes(data)

    def _wait(self, pipe: int, event: int, clock: Clock) -> None:
        poll = select.poll()  # select() fails for descriptors above 1,023
        poll.register(pipe, event)
        while (left := clock.left()) > 0:
            if poll.poll(1000 * left):
                return
        raise Lost("time is up")


def body(frame: bytes) -> Any:
    """The JSON of a frame from a trusted side."""
    _, length, _ = HEAD.unpack_from(frame)
    return json.loads(frame[HEAD.size : HEAD.size + length])
