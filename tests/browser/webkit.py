"""WebKitGTK, which shares Safari's engine, driven by WebDriver (https://www.w3.org/TR/webdriver2/).

It differs from Safari in what the engine leaves to the system: it has no synchronous file handles,
and therefore no snapshots, and no trackpad pinch. Touch cannot be simulated.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from tests.patience import SERVER_S, until

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
FEATURES = "FileSystem,AccessHandle,StorageAPI"
"""Features that Safari has and WebKitGTK offers only on request."""
QUESTION_EVERY_S = 0.5
"""Each question makes WebKitGTK draw the page without a GPU: twenty per second on a busy machine
would starve Python.
"""


def browser_path() -> Path | None:
    """Return the engine's own minimal browser if its driver and a display are available."""
    if not (shutil.which("WebKitWebDriver") and shutil.which("xvfb-run")):
        return None
    return next(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"), None)


class WebKit:
    """A window of a private session."""

    def __init__(self, browser: Path, log: Path, *, shares_memory: bool = True) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.log = log
        environment = os.environ | {
            "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",  # otherwise it does not start as root
            "JSC_useSharedArrayBuffer": str(int(shares_memory)),
        }
        with log.open("w") as out:
            self._process = subprocess.Popen(
                [
                    "xvfb-run",
                    "-a",
                    "-s",
                    "-screen 0 1280x900x24",
                    "WebKitWebDriver",
                    f"--port={port}",
                ],
                env=environment,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=SERVER_S)
        self._session = ""
        try:
            until(self._is_up)
            arguments = ["--automation", "--enable-write-console-messages-to-stdout=true"]
            options = {"binary": str(browser), "args": [*arguments, f"--features={FEATURES}"]}
            wanted = {"alwaysMatch": {"webkitgtk:browserOptions": options}}
            session = self._call("POST", "/session", {"capabilities": wanted})["sessionId"]
            self._session = f"/session/{session}"
            self._post("/timeouts", {"script": int(SERVER_S * 1000)})
        except BaseException:
            self.close()
            raise

    def _is_up(self) -> bool:
        assert self._process.poll() is None, self.log.read_text()
        try:
            return self._client.get("/status").is_success
        except httpx.TransportError:
            return False

    def _call(self, method: str, path: str, body: object = None) -> Any:
        reply = self._client.request(method, path, json={} if body is None else body)
        value = reply.json()["value"]
        assert reply.is_success, f"{path}: {value}"
        return value

    def _post(self, path: str, body: object = None) -> Any:
        return self._call("POST", self._session + path, body)

    def open(self, url: str) -> None:
        self._post("/url", {"url": url})

    def back(self) -> None:
        self._post("/back")

    def run(self, code: str, *arguments: object) -> Any:
        """Run the body of an async function with ``args``; return its value."""
        body = f"""const [args, done] = [[...arguments].slice(0, -1), [...arguments].at(-1)];
          (async () => {{ {code} }})()
            .then((value) => done([value ?? null, ""]), (error) => done([null, `${{error}}`]));"""
        value, error = self._post("/execute/async", {"script": body, "args": list(arguments)})
        assert error == "", error
        return value

    def wait(self, code: str, *arguments: object) -> Any:
        """Run a function body until its value is true; return that value."""
        value: Any = None

        def holds() -> bool:
            nonlocal value
            value = self.run(code, *arguments)
            return bool(value)

        until(holds, lambda _: time.sleep(QUESTION_EVERY_S))
        return value

    def click(self, selector: str) -> None:
        element = self._post("/element", {"using": "css selector", "value": selector})[ELEMENT]
        self._post(f"/element/{element}/click")

    def drag(self, *points: tuple[float, float]) -> None:
        """Press the mouse at the first point, move along the others, and release it at the last."""
        moves: list[dict[str, Any]] = [
            {"type": "pointerMove", "duration": 50, "x": round(x), "y": round(y)} for x, y in points
        ]
        moves[1:1] = [{"type": "pointerDown", "button": 0}]
        moves.append({"type": "pointerUp", "button": 0})
        mouse = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}}
        self._post("/actions", {"actions": [mouse | {"actions": moves}]})

    def errors(self) -> list[str]:
        """List console errors of pages, except those that only WebKitGTK reports."""
        lines = self.log.read_text(errors="replace").splitlines()
        return [
            line
            for line in lines
            if "CONSOLE" in line and "ERROR" in line and "manifest-src" not in line
        ]

    def close(self) -> None:
        with suppress(httpx.HTTPError, AssertionError):
            if self._session:
                self._call("DELETE", self._session)
        self._client.close()
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait()
