"""An author's Python in a separate process: a crash or endless loop cannot stop the book.

:class:`AuthorCode` asks, ``author_process.py`` answers: one line of JSON each.
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

RUNS = "Latentbook runs "
"""Prefix of the code's name in the process's stderr."""

SERVE = "from latentbook.book.compose.author_process import serve; serve({memory})"
OUTPUTS = "LATENTBOOK_AUTHOR_OUTPUTS"
"""Environment variable that passes ``outputs`` to the process."""

GRACE_S = 5
"""Extra time for the process to stop overlong code itself, before this one kills it."""

MAX_MEMORY = 8 * 2**30
"""Bytes of address space, of which linear algebra on many processors reserves a few GB."""

Reply = dict[str, Any]
"""``done`` or ``failed`` as from the host, with ``outputs``: pairs of a kind and its data.

If code ends its process, the reply is ``failed`` with an empty ``name``, and ``died``.
"""


def call(function: Callable[..., Any], **given: Any) -> dict[str, str]:
    """Make a request to call a function in the process; ``widget`` names its instrument, if any."""
    place = f"{function.__module__}:{function.__name__}"
    return {"type": "call", "code": json.dumps({"function": place, **given})}


class AuthorCode:
    """A process for an author's code, started on the first request and again after a crash.

    Parameters
    ----------
    seconds : time limit of one request
    memory : memory limit of the process in bytes, if the system enforces it
    root : folder to import ``widgets`` from, if not the same as for this process
    outputs : Python of the book's plugins that shows values
    """

    def __init__(
        self,
        seconds: float,
        memory: int | None = MAX_MEMORY,
        *,
        root: Path | None = None,
        outputs: str = "",
    ) -> None:
        self.seconds = seconds
        self.outputs = outputs
        self.memory = memory
        self._path = sys.path if root is None else [str(root), *sys.path]
        self._process: subprocess.Popen[str] | None = None
        self._said: IO[str]  # stderr of the process, including its C libraries

    def close(self) -> None:
        """End the process; a later request starts another one."""
        if self._process is not None:
            _kill(self._process)
            with contextlib.suppress(BrokenPipeError):  # a request that it did not read
                self._process.communicate()
            self._said.close()
        self._process = None

    def ask(self, request: Mapping[str, Any]) -> Reply:
        process = self._process or self._start()
        assert process.stdin is not None and process.stdout is not None
        watch = threading.Timer(self.seconds + GRACE_S, _kill, [process])
        watch.start()
        try:
            process.stdin.write(json.dumps({**request, "seconds": self.seconds}) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            watch.cancel()
        return json.loads(line) if line.endswith("\n") else self._death()

    def _start(self) -> subprocess.Popen[str]:
        said = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self._said = said
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", SERVE.format(memory=self.memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            encoding="utf-8",
            env={**os.environ, "PYTHONPATH": os.pathsep.join(self._path), OUTPUTS: self.outputs},
            start_new_session=True,
        )
        return self._process

    def _death(self) -> Reply:
        """Report how the process ended and, if it could still report that, at which line."""
        assert self._process is not None
        status = self._process.wait()
        self._said.seek(0)
        said = self._said.read()
        self.close()
        file = said.rpartition(RUNS)[2].partition("\n")[0]
        lines = re.findall(rf'File "(?:[^"]*/)?{re.escape(file)}", line (\d+)', said)
        if "Timeout (" in said or status == -9:  # SIGKILL
            message = f"takes longer than {self.seconds:g} s"
        elif status < 0:
            message = f"crashes Python ({signal.strsignal(-status)})"
        else:
            message = f"ends Python with exit status {status}"
        line = int(lines[0]) if lines else None
        return {"type": "failed", "name": "", "message": message, "line": line, "died": True}


def explained(reply: Reply) -> str:
    """Error text for a failed reply, to follow the name of the code."""
    if reply["name"]:
        return f"fails: {reply['name']}: {reply['message']}"
    return str(reply["message"])


def _kill(process: subprocess.Popen[str]) -> None:
    if not hasattr(os, "killpg"):  # Windows
        process.kill()
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
