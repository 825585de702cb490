"""Course checks of ``latentbook doctor``: database, backups and proxy."""

import time
from collections.abc import Iterator
from pathlib import Path

from latentbook.doctor import Found, asked, closed_to_others, disk
from latentbook.settings import Settings
from latentbook_classroom.course.database import Database, fault_of, newest
from latentbook_classroom.settings import ClassroomSettings

DAYS = 2
"""Maximum age of the last backup."""


def examine(settings: Settings, address: str, backups: Path | None) -> Found:
    named = settings.of(ClassroomSettings).database
    if named:
        used = Database(named)
        if used.is_sqlite:
            yield from file(used)
    if named or backups:
        yield from copies(backups)
    if named and address:
        yield from proxy(address)


def file(used: Database) -> Iterator[tuple[bool, str]]:
    path = used.file
    yield from disk(path.resolve().parent)
    for each in sorted(path.parent.glob(f"{path.name}*")):
        yield closed_to_others(each, "everybody’s data")
    fault = fault_of(path)
    advice = f" is damaged: {fault}. Stop the server and restore the last backup." if fault else ""
    yield not advice, f"{path}{advice or ' is intact.'}"
    if fault:
        return
    used.check()
    ahead = used.read_here(newest) - time.time()
    if ahead > 60:
        why = f"was {ahead / 3600:.1f} hours ahead when something was stored, or is behind now"
        yield False, f"The clock {why}: compare it with another, and look at dates that are due."
    used.close()


def copies(folder: Path | None) -> Found:
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


def proxy(address: str) -> Found:
    if asked(f"{address}/join/x", b"name=x", Origin=address)[0] == 403:
        yield False, "The proxy does not forward Host: nobody can join or hand in."
