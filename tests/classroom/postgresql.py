"""A PostgreSQL server in a temporary folder, listening only on a Unix socket."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
USER = "nobody"
"""Runs the server if the tests run as root, because PostgreSQL refuses to run as root."""
FAST = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=16MB"


def program(name: str) -> str:
    found = shutil.which(name, path=os.pathsep.join([*map(str, reversed(PROGRAMS)), os.defpath]))
    if found is None:
        pytest.skip(f"PostgreSQL is not installed: there is no {name}.")
    return found


@contextmanager
def postgresql() -> Iterator[str]:
    """Start a server; yield its URL, with ``{}`` for the name of a database."""
    initdb, control = program("initdb"), program("pg_ctl")
    as_user = ["setpriv", f"--reuid={USER}", "--clear-groups"] if os.geteuid() == 0 else []
    # The path of a socket has at most 107 bytes, so not pytest's folder.
    with tempfile.TemporaryDirectory(prefix="postgresql-") as folder:
        if as_user:
            shutil.chown(folder, USER)

        def run(*command: str) -> None:
            subprocess.run([*as_user, *command], cwd=folder, check=True, stdout=subprocess.DEVNULL)

        data, log = f"{folder}/data", f"{folder}/log"
        run(initdb, "--username=book", "--auth=trust", "--no-sync", "--encoding=UTF8", "-D", data)
        options = f"-k {folder} -c listen_addresses='' {FAST}"
        run(control, "start", "--wait", "-D", data, "-l", log, "-o", options)
        try:
            yield f"postgresql://book@/{{}}?host={folder}"
        finally:
            run(control, "stop", "--mode=immediate", "-D", data)
