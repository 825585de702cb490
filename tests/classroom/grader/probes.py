"""Published or obvious ways out of Pyodide and Deno, as code for an answer.

Each probe tries to reach a canary outside: a file to read (its text is returned), a file to write,
an environment variable, a program to start, a port to connect to. As a control, each probe that is
not a dead end must reach its canary without walls.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path

ROADS = {
    "constructor of Pyodide": "pyodide_js.constructor.constructor",
    "constructor of a converted list": "to_js([1]).constructor.constructor",
    "constructor of a converted dict": "to_js({}).constructor.constructor",
    "constructor of an array's memory": "pyodide_js._module.HEAPU8.constructor.constructor",
    "constructor of a function": "pyodide_js.runPython.constructor",
    "constructor of a method": "pyodide_js._api.finalizeBootstrap.constructor",
    "constructor of a proxy": "create_proxy(lambda: 1).constructor.constructor",
    "constructor of the file system": "pyodide_js._module.FS.constructor.constructor",
    "constructor of a file's operations": (
        "pyodide_js._module.FS.lookupPath('/home').node.node_ops.constructor.constructor"
    ),
    "constructor of an error": "js_error().constructor.constructor",
    "constructor of a buffer": "pyodide_js._module.HEAPU8.buffer.constructor.constructor",
    "constructor of the function table": "pyodide_js._module.wasmTable.constructor.constructor",
}
"""Ways to JavaScript's ``Function``, which turns text into code (CVE-2026-5752)."""

READS = {
    "a file": """J('Deno.readTextFileSync("FILE")')""",
    "bytes": """J('new TextDecoder().decode(Deno.readFileSync("FILE"))')""",
    "a folder": """J('[...Deno.readDirSync("FOLDER")].map(each => each.name).join()')""",
    "the environment": """J('Deno.env.get("CANARY")')""",
    "the environment by /proc": """J('Deno.readTextFileSync("/proc/self/environ")')""",
    "a program": """J('new TextDecoder().decode('
        'new Deno.Command("/bin/cat", {args: ["FILE"]}).outputSync().stdout)')""",
}
WRITES = {
    "a file by an async function": (
        """pyodide_js.runPythonAsync.constructor('Deno.writeTextFileSync("WRITE", "x")')()"""
    ),
    "a file": """J('Deno.writeTextFileSync("WRITE", "x")')""",
    "a folder": """J('Deno.mkdirSync("WRITE")')""",
    "a link": """J('Deno.symlinkSync("/etc", "WRITE")')""",
    "a copy": """J('Deno.copyFileSync("FILE", "WRITE")')""",
    "a moved file": (
        """J('(Deno.copyFileSync("FILE", "WRITE.1"), Deno.renameSync("WRITE.1", "WRITE"))')"""
    ),
    "a file by a descriptor": """J('Deno.openSync("WRITE", {create: true, write: true})')""",
    "a program": """J('new Deno.Command("/usr/bin/touch", {args: ["WRITE"]}).outputSync()')""",
    "a library by the foreign function interface": (
        """J('Deno.dlopen("libc.so.6", {creat: {parameters: ["buffer", "i32"], result: "i32"}})'
        '.symbols.creat(new TextEncoder().encode("WRITE\\\\0"), 420)')"""
    ),
}
CONNECTS = {
    "a connection": """J('Deno.connect({hostname: "127.0.0.1", port: PORT})')""",
    "a worker": """J('new Worker("data:text/javascript,fetch(`http://127.0.0.1:PORT/`)", '
        '{type: "module"})')""",
    "a request": """J('fetch("http://127.0.0.1:PORT/")')""",
    "a socket of the web": """J('new WebSocket("ws://127.0.0.1:PORT/")')""",
    "Python's socket": "__import__('socket').create_connection(('127.0.0.1', PORT), 0.5)",
    "urllib": "__import__('urllib.request').request.urlopen('http://127.0.0.1:PORT/', timeout=0.5)",
}
DEAD_ENDS = {
    "import js": "__import__('js').Deno.readTextFileSync('FILE')",
    "js.eval": "__import__('js').eval('Deno').readTextFileSync('FILE')",
    "run_js": "__import__('pyodide.code').code.run_js('Deno').readTextFileSync('FILE')",
    "Node's files": """J('process.getBuiltinModule("node:fs").readFileSync("FILE", "utf8")')""",
    "Node's folders": "mounted('FOLDER')",
    "a module": """J('import("http://127.0.0.1:PORT/m.js")')""",
    "open": "open('FILE').read()",
    "os.system": "os.system('touch WRITE')",
    "subprocess": "__import__('subprocess').check_output(['touch', 'WRITE'])",
    "os.environ": "os.environ['CANARY']",
    "pyxhr": "__import__('pyodide.http').http.pyxhr.get('http://127.0.0.1:PORT/')",
    "ctypes": "__import__('ctypes').CDLL(None).system(b'touch WRITE')",
}
"""Ways that Pyodide itself does not offer: they need no wall, and none may open."""

CODE = """
import json, os
import pyodide_js
from pyodide.ffi import create_proxy, to_js

def js_error():
    try:
        pyodide_js._module.FS.readFile("/none")
    except Exception as error:
        return error.js_error if hasattr(error, "js_error") else error

def J(text, road=None):
    return (road or pyodide_js.constructor.constructor)("return (" + text + ")")()

def mounted(folder):
    fs = pyodide_js._module.FS
    pyodide_js.mountNodeFS("/host", folder)
    return ",".join(os.listdir("/host"))

def probes():
    found = {}
    for name, code in CODES.items():
        try:
            found[name] = str(eval(code))[:300]
        except BaseException as error:
            found[name] = "-- " + (type(error).__name__ + ": " + str(error))[:150]
    return json.dumps(found)
"""
CHECK = "raise AssertionError(probes())"


class Canaries:
    """Places outside that an answer must not reach."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "secret.txt"
        self.file.write_text("CANARY")
        self.connected: set[int] = set()
        self.servers: list[socket.socket] = []

    def port(self) -> int:
        """A port that records whether anything connects."""
        server = socket.create_server(("127.0.0.1", 0))
        self.servers.append(server)
        number: int = server.getsockname()[1]

        def listen() -> None:
            with contextlib.suppress(OSError):
                server.accept()[0].close()
                self.connected.add(number)

        threading.Thread(target=listen, daemon=True).start()
        return number

    def close(self) -> None:
        for server in self.servers:
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)  # ends accept()
            server.close()


def codes(canaries: Canaries) -> tuple[dict[str, str], dict[str, Path | int]]:
    """Code of every probe, and the canaries of those whose result does not show success."""
    written: dict[str, Path | int] = {}
    found = {}
    for number, (group, probes) in enumerate(
        {
            "road": {
                n: f"J('Deno.readTextFileSync(\"FILE\")', {road})" for n, road in ROADS.items()
            },
            "read": READS,
            "write": WRITES,
            "connect": CONNECTS,
            "dead end": DEAD_ENDS,
        }.items()
    ):
        for place, (name, code) in enumerate(probes.items()):
            write, port = canaries.folder / f"w{number}-{place}", 0
            if "WRITE" in code:
                written[f"{group}: {name}"] = write
            if "PORT" in code:
                port = canaries.port()
                written[f"{group}: {name}"] = port
            words = {"FILE": canaries.file, "FOLDER": canaries.folder, "WRITE": write, "PORT": port}
            for word, value in words.items():
                code = code.replace(word, str(value))
            found[f"{group}: {name}"] = code
    return found, written


def reached(canaries: Canaries, said: dict[str, str], outside: dict[str, Path | int]) -> set[str]:
    """The probes that reached their canary."""
    found = set()
    for name, evidence in said.items():
        canary = outside.get(name)
        if isinstance(canary, Path):
            there = canary.exists() or canary.is_symlink()
        elif isinstance(canary, int):
            there = canary in canaries.connected
        else:
            there = not evidence.startswith("--") and (
                "CANARY" in evidence or "secret.txt" in evidence
            )
        if there:
            found.add(name)
    return found
