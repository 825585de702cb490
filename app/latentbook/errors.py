"""Errors worded for the person who can act on them."""

from __future__ import annotations

import difflib
import errno
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path

CANNOT_WRITE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EEXIST, errno.ENOTDIR, errno.EISDIR)


class LatentbookError(Exception):
    """An error a person can act on. Its text is one or two full sentences."""


class ContentError(LatentbookError):
    """One mistake in the book's content, with its file and line."""

    def __init__(self, path: Path | str, line: int, message: str) -> None:
        super().__init__(f"{path}:{line}: {message}")
        self.path = Path(path)
        self.line = line
        self.message = message


class BookErrors(LatentbookError):
    """Every mistake in the content, in order of file and line."""

    def __init__(self, errors: Iterable[ContentError]) -> None:
        self.errors: Sequence[ContentError] = sorted(
            errors, key=lambda error: (str(error.path), error.line)
        )
        super().__init__("\n".join(str(error) for error in self.errors))


class UnknownName(LatentbookError):
    """A name that is not in a list; the message says which names are, the closest first."""

    def __init__(self, kind: str, name: str, accepted: Iterable[str]) -> None:
        self.kind = kind
        self.name = name
        self.accepted = tuple(accepted)
        super().__init__(f"Unknown {kind} {name!r}. {accepted_names(name, self.accepted)}")


def sentences(error: Exception) -> list[str]:
    """What went wrong, for the terminal: ``path:line: message`` for every mistake."""
    if isinstance(error, BookErrors):
        return [str(each) for each in error.errors]
    if isinstance(error, LatentbookError):
        return [str(error)]
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return ["The disk is full. Free about 200 MB and run the command again."]
    if isinstance(error, OSError) and error.errno in CANNOT_WRITE:
        return [
            f"Cannot write {error.filename}: {error.strerror}. Set LATENTBOOK_BUILD to "
            "another folder."
        ]
    name = type(error).__name__
    if isinstance(error, SyntaxError):
        return [f"{error.filename}:{error.lineno}: {name}: {error.msg}"]
    place = traceback.extract_tb(error.__traceback__)[-1]
    return [f"{place.filename}:{place.lineno}: {name}: {error}"]


def accepted_names(name: str, accepted: Iterable[str], limit: int = 12) -> str:
    """'Did you mean X? Accepted: A, B.' for a name that was not found."""
    names = sorted(accepted)
    near = difflib.get_close_matches(name, names, n=1)
    question = f"Did you mean {near[0]!r}? " if near else ""
    if not names:
        return "There are none yet."
    shown = ", ".join(names[:limit])
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return f"{question}Accepted: {shown}{more}."
