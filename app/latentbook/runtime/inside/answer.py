"""Runs inside Pyodide during a check: answers each request of ``/out/wanted.json`` in turn, in a
file of ``/out`` named by its number.
"""

import json
import os
import sys
from pathlib import Path

sys.path += [f"/site/{name}" for name in sorted(os.listdir("/site"))]  # noqa: PTH208

from latentbook_start import load_host
from tape import Tape

host = load_host()
before = ""
for number, request in enumerate(json.loads(Path("/out/wanted.json").read_bytes())):
    if before not in ("", request["scope"]):
        host.reset_scope(before)  # or all chapters would have to fit into memory
    before = request["scope"]
    tape = Tape()
    with tape.running():
        reply = host.handle({"id": 0, **request}, tape.add)
    done = Path("/out/partial")
    done.write_text(json.dumps({**reply, "outputs": tape.pieces}), encoding="utf-8")
    done.rename(f"/out/{number}.json")
