"""``latentbook doctor``: what of a server needs care, and what to do about it."""

import ctypes
import os
import re
import shutil
import stat
import sys
import time
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from latentbook.report import Report
from latentbook.settings import Settings

FREE_BYTES = 2 * 2**30
FILES = 4096
"""A connection is a file, and so is each page that is read."""
DAYS = 2
"""How old the last backup may be."""
UNSYNCHRONISED = 5
"""What adjtimex of Linux returns for a clock that nothing sets."""

Found = Iterator[tuple[bool, str]]
"""Whether something is well, and a sentence: what was found and, if it is not, what to do."""


def examine(settings: Settings, address: str, backups: Path | None, report: Report) -> bool:
    """Report on this machine; whether all is well."""
    is_well = True
    for found in (
        *(disk(folder) for folder in folders(settings)),
        clock(),
        *(server(process) for process in servers()),
        permissions(settings),
        course(settings),
        copies(backups) if settings.database or backups else (),
        proxy(address.rstrip("/"), with_course=bool(settings.database)) if address else (),
    ):
        for is_fine, sentence in found:
            report(f"{'well' if is_fine else 'CARE'}  {sentence}")
            is_well &= is_fine
    return is_well


def folders(settings: Settings) -> set[Path]:
    """In which a server writes."""
    file = file_of(settings)
    return {settings.build.resolve(), *([file.resolve().parent] if file else [])}


def file_of(settings: Settings) -> Path | None:
    """The database, if it is a file."""
    from latentbook.classroom.database import Database

    used = Database(settings.database) if settings.database else None
    return used.file if used and used.is_sqlite else None


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
    """Processes of Linux in which a book is served."""
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


def permissions(settings: Settings) -> Found:
    file = file_of(settings)
    beside = sorted(file.parent.glob(f"{file.name}*")) if file else []
    for each in (*beside, *([settings.course] if settings.course else [])):
        mode = each.stat().st_mode
        others = stat.S_IRWXO if each.is_dir() else stat.S_IRWXO | stat.S_IRWXG
        why = "what is not open yet" if each.is_dir() else "everybody’s data"
        advice = f" has {why}, and others can read it: chmod o= {each}" if mode & others else ""
        yield not advice, f"{each}{advice or ' is closed to others.'}"


def course(settings: Settings) -> Found:
    if (file := file_of(settings)) is None:
        return
    from latentbook.classroom.database import Database, fault_of, newest

    fault = fault_of(file)
    advice = f" is damaged: {fault}. Stop the server and restore the last backup." if fault else ""
    yield not advice, f"{file}{advice or ' is intact.'}"
    if fault:
        return
    used = Database(settings.database)
    used.check()
    ahead = used.read_here(newest) - time.time()
    if ahead > 60:
        why = f"was {ahead / 3600:.1f} hours ahead when something was stored, or is behind now"
        yield False, f"The clock {why}: compare it with another, and look at dates that are due."
    used.close()


def copies(folder: Path | None) -> Found:
    from latentbook.classroom.database import fault_of

    found = [each for each in folder.glob("*.sqlite")] if folder else []
    if not found:
        where = f"in {folder}" if folder else "known: name their folder with --backups"
        yield False, f"No backup is {where}. `latentbook docs hosting` has a timer for daily ones."
        return
    last = max(found, key=lambda each: each.stat().st_mtime)
    days = (time.time() - last.stat().st_mtime) / 86_400
    yield days <= DAYS, f"The last backup, {last}, is {days:.1f} days old."
    fault = fault_of(last)
    yield not fault, f"{last} can be restored." if not fault else f"{last} is damaged: {fault}."


def proxy(address: str, *, with_course: bool) -> Found:
    """What strangers see at the book's own address."""
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
    if with_course and asked(f"{address}/join/x", b"name=x", Origin=address)[0] == 403:
        yield False, "The proxy does not forward Host: nobody can join or hand in."


def asked(url: str, data: bytes | None = None, **headers: str) -> tuple[int | str, str]:
    """The status of an answer, or why there is none, and the scheme that the server has seen."""
    try:
        with urlopen(Request(url, data, headers), timeout=20) as answer:
            return answer.status, answer.headers.get("Latentbook-Scheme", "")
    except HTTPError as error:
        return error.code, ""
    except (OSError, HTTPException, ValueError) as error:
        return f"nothing ({error})", ""
