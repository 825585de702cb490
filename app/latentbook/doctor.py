"""``latentbook doctor``: find problems of a server and suggest fixes."""

import ctypes
import os
import re
import shutil
import stat
import sys
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from latentbook.base.report import Report
from latentbook.plugins import plugins_of
from latentbook.settings import Settings

FREE_BYTES = 2 * 2**30
FILES = 4096
"""Fewest open files to allow: each connection is one, and so is each page being read."""
UNSYNCHRONISED = 5
"""Value that Linux's adjtimex returns for a clock that nothing sets."""

Found = Iterator[tuple[bool, str]]
"""Per check: whether it passes, and a sentence with the finding and, if it fails, the fix."""


def examine(settings: Settings, address: str, backups: Path | None, report: Report) -> bool:
    """Report on this machine; return whether every check passes."""
    is_well = True
    address = address.rstrip("/")
    given = {"settings": settings, "address": address, "backups": backups}
    for found in (
        disk(settings.build.resolve()),
        clock(),
        *(server(process) for process in servers()),
        course(settings),
        proxy(address) if address else (),
        [each for _, each in plugins_of(settings).items("doctor", tuple, **given)],
    ):
        for is_fine, sentence in found:
            report(f"{'well' if is_fine else 'CARE'}  {sentence}")
            is_well &= is_fine
    return is_well


def disk(folder: Path) -> Found:
    if not folder.is_dir():
        yield False, f"There is no folder {folder}: create it for the server’s user."
        return
    free = shutil.disk_usage(folder).free
    advice = "" if free > FREE_BYTES else " Make room: a course stores up to 2 GB."
    yield not advice, f"{folder} has {free / 2**30:.1f} GB free.{advice}"
    inodes = os.statvfs(folder)
    if inodes.f_files and inodes.f_favail < 10_000:
        yield False, f"{folder} has room for {inodes.f_favail} more files only: delete some."
    if not os.access(folder, os.W_OK):
        yield False, f"{folder} cannot be written to by this user. Is this the server’s user?"


def clock() -> Found:
    if sys.platform != "linux":
        return
    state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512))
    if state == UNSYNCHRONISED:
        yield (
            False,
            "Nothing sets the clock, which decides what is late: install systemd-timesyncd.",
        )
    elif state >= 0:
        yield True, "The clock is set over the network."


def servers() -> list[Path]:
    """Processes that serve a book, as folders below ``/proc``."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            words = (each / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"serve" in words and any(word.endswith(b"/latentbook") for word in words):
            found.append(each)
    return found


def server(process: Path) -> Found:
    name = f"The server with process {process.name}"
    try:
        limits, user = (process / "limits").read_text(), process.stat().st_uid
    except OSError as error:
        yield False, f"{name} cannot be looked at: {error.strerror}. Ask as its user."
        return
    if found := re.search(r"Max open files +(\d+)", limits):
        advice = "" if int(found[1]) >= FILES else " Set LimitNOFILE=65536 in its unit."
        yield not advice, f"{name} may open {found[1]} files.{advice}"
    if user == 0:
        yield False, f"{name} runs as root: give it a user of its own."


def course(settings: Settings) -> Found:
    if settings.course:
        yield closed_to_others(settings.course, "what is not open yet")


def closed_to_others(path: Path, what: str) -> tuple[bool, str]:
    """Check that others cannot read ``path``, a folder or file that contains ``what``."""
    mode = path.stat().st_mode
    others = stat.S_IRWXO if path.is_dir() else stat.S_IRWXO | stat.S_IRWXG
    advice = f" has {what}, and others can read it: chmod o= {path}" if mode & others else ""
    return not advice, f"{path}{advice or ' is closed to others.'}"


def proxy(address: str) -> Found:
    """Check the book's public address as a stranger sees it."""
    status, scheme = asked(f"{address}/healthz")
    if status != 200:
        yield False, f"{address}/healthz answers {status}: is the proxy set up for this address?"
        return
    yield True, f"{address} is served."
    is_secure = address.startswith("https://")
    if not is_secure:
        yield False, "The address is not https: cookies and answers can be read on the way."
    elif scheme != "https":
        yield False, "The proxy does not forward X-Forwarded-Proto: cookies lack their protection."
    for path in ("readyz", "metrics"):
        if asked(f"{address}/{path}")[0] == 200:
            yield False, f"Strangers can read {address}/{path}: deny it in the proxy."


def asked(url: str, data: bytes | None = None, **headers: str) -> tuple[int | str, str]:
    """Return the status, or why there is no answer, and the scheme that the server saw."""
    try:
        with urlopen(Request(url, data, headers), timeout=20) as answer:
            return answer.status, answer.headers.get("Latentbook-Scheme", "")
    except HTTPError as error:
        return error.code, ""
    except (OSError, HTTPException, ValueError) as error:
        return f"nothing ({error})", ""
