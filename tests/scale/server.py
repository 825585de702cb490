"""The documented command in a separate process, and every process that it starts."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.patience import until
from tests.small_server import write_site

REPLICA = "ray::ServeReplica"
PROGRAM = """
import latentbook.main
from latentbook.cli import main

latentbook.main.DRAIN_S = 600
main()
"""
"""Gives the server time to answer everything, however slow this machine is."""


@dataclass
class Server:
    """``latentbook serve --replicas 2`` from a copy of the program, whose weights a test may break.

    Attributes
    ----------
    seen : every descendant process of the server so far, with its start time
    """

    folder: Path
    queue_size: int
    dtype: str
    process: subprocess.Popen[bytes] = field(init=False)
    url: str = field(init=False)
    seen: set[tuple[int, str]] = field(default_factory=set)

    @property
    def weights(self) -> Path:
        return self.folder / "latentbook_decoders" / "models" / "weights"

    @property
    def build(self) -> Path:
        return self.folder / "build"

    @property
    def log(self) -> str:
        return (self.folder / "log.txt").read_text()

    def copy(self, root: Path) -> None:
        for package in ("app/latentbook", "app/latentbook_decoders", "widgets"):
            shutil.copytree(root / package, self.folder / Path(package).name)
        write_site(self.build / "site")

    def start(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        environment = {
            **{name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"},
            "PYTHONPATH": str(self.folder),
            "LATENTBOOK_BUILD": str(self.build),
            "LATENTBOOK_DEVICE": "cpu",
            "LATENTBOOK_DTYPE": self.dtype,
            "LATENTBOOK_QUEUE_SIZE": str(self.queue_size),
        }
        command = [sys.executable, "-c", PROGRAM, "serve", "--built", "--replicas", "2"]
        with (self.folder / "log.txt").open("wb") as log:
            self.process = subprocess.Popen(
                [*command, "--port", str(port)],
                cwd=self.folder,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        until(self.is_up)

    def is_up(self) -> bool:
        assert self.process.poll() is None, self.log
        self.processes()
        try:
            return httpx.get(f"{self.url}/healthz").status_code == 200
        except httpx.TransportError:
            return False

    def processes(self) -> set[tuple[int, str]]:
        """The server and its current descendants."""
        table = process_table()
        below: set[int] = {self.process.pid}
        while more := {pid for pid, (parent, _) in table.items() if parent in below} - below:
            below |= more
        found = {(pid, table[pid][1]) for pid in below if pid in table}
        self.seen |= found
        return found

    def replicas(self) -> list[int]:
        """Process ids of the replicas."""
        found = []
        for pid, _ in self.processes():
            try:
                title = Path(f"/proc/{pid}/cmdline").read_text()
            except OSError:
                continue
            if title.startswith(REPLICA):
                found.append(pid)
        return found

    def left(self) -> set[tuple[int, str]]:
        """The processes that were started and still run."""
        return self.seen & {(pid, start) for pid, (_, start) in process_table().items()}

    def kill(self) -> None:
        """Kill all processes, whatever their state."""
        for pid, _ in self.processes() | self.left():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait()


def process_table() -> dict[int, tuple[int, str]]:
    """Map the id of every process that is not a zombie to its parent and start time."""
    table = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z":
            table[int(path.parent.name)] = int(fields[1]), fields[19]
    return table
