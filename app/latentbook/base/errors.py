"""Errors worded for the person who can act on them."""

from __future__ import annotations

import difflib
import errno
import traceback
from collections.abc import Iterable, Mapping, Sequence
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


class Mistake(Exception):
    """A mistake at a line of a file; raising it stops work on a piece of text."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


class BookErrors(LatentbookError):
    """Every mistake in the content, in order of file and line."""

    def __init__(self, errors: Iterable[ContentError]) -> None:
        self.errors: Sequence[ContentError] = sorted(
            errors, key=lambda error: (str(error.path), error.line)
        )
        super().__init__("\n".join(str(error) for error in self.errors))


class UnknownName(LatentbookError):
    """A name that is not in a list; the message suggests the closest."""

    def __init__(self, kind: str, name: str, accepted: Iterable[str]) -> None:
        super().__init__(f"Unknown {kind} {name!r}. {accepted_names(name, accepted)}")


class Origins:
    """Where the lines of merged files were written.

    Parameters
    ----------
    lines : origin (file, line) of each line, by the path that messages name; lines after the last
        continue in its file
    """

    def __init__(self, lines: Mapping[str, Sequence[tuple[str, int]]] | None = None) -> None:
        self.lines = lines or {}

    def of(self, path: Path, line: int) -> tuple[Path, int]:
        if not (lines := self.lines.get(path.as_posix())):
            return path, line
        known = min(max(line, 1), len(lines))
        origin, first = lines[known - 1]
        return Path(origin), first + max(line - known, 0)


class Problems:
    """Collects the mistakes in all files of a book, so that its author sees them at once."""

    def __init__(self, origins: Origins | None = None) -> None:
        self.errors: list[ContentError] = []
        self.origins = origins or Origins()
        self._told: set[str] = set()

    def add(self, path: Path, line: int, message: str, shown_at: str = "") -> None:
        """Record a mistake once per place, with the first page that shows it.

        Parameters
        ----------
        path, line : place of the mistake in the project; merged files are traced to their origin
        message : without the place, which the error adds
        shown_at : ``FILE:LINE`` in a page that shows it; empty if there is none
        """
        told = ContentError(*self.origins.of(path, line), message)
        if str(told) not in self._told:
            self._told.add(str(told))
            shown = shown_at and f" (shown at {shown_at})"
            self.errors.append(ContentError(told.path, told.line, f"{message}{shown}"))

    def place(self, path: Path, line: int) -> str:
        origin, first = self.origins.of(path, line)
        return f"{origin}:{first}"

    def raise_all(self) -> None:
        """Report all recorded mistakes at once.

        Raises
        ------
        BookErrors
            If any mistake was recorded.
        """
        if self.errors:
            raise BookErrors(self.errors)

    def of(self, path: Path) -> FileProblems:
        return FileProblems(self, path)


class FileProblems:
    """Collects the mistakes in one file; lines count from 1."""

    def __init__(self, problems: Problems, path: Path) -> None:
        self._problems = problems
        self.path = path
        self.place = problems.place
        self.of = problems.of

    def add(self, line: int, message: str, shown_at: str = "") -> None:
        self._problems.add(self.path, line, message, shown_at)

    def read(self, path: Path) -> str:
        """Return a file's text as far as it is readable; report any fault."""
        try:
            text = path.read_text(encoding="utf-8-sig")
            if "\0" in text:
                line = text.count("\n", 0, text.index("\0")) + 1
                self.add(line, "the file contains a NUL byte: it is not text, or is damaged")
            return text.replace("\0", " ")
        except FileNotFoundError:
            self.add(1, "the file is missing")
        except OSError as error:
            self.add(1, f"the file cannot be read: {error.strerror}")
        except UnicodeDecodeError as error:
            line = path.read_bytes().count(b"\n", 0, error.start) + 1
            self.add(line, "the file is not UTF-8: save it as UTF-8")
            return path.read_text(encoding="utf-8", errors="replace")
        return ""


def sentences(error: Exception) -> list[str]:
    """Word an error for the terminal: ``path:line: message`` for every mistake."""
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
    names = sorted(set(accepted))
    near = difflib.get_close_matches(name, names, n=1)
    question = f"Did you mean {near[0]!r}? " if near else ""
    if not names:
        return "There are none yet."
    return f"{question}Accepted: {first_of(names, limit)}."


def first_of(names: Sequence[str], limit: int = 6) -> str:
    """'A, B and 3 more'."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def known_names(name: str, accepted: Iterable[str], instead: Mapping[str, str]) -> str:
    """Text after 'unknown NAME': the correction, or the accepted names."""
    return f": {instead[name]}" if name in instead else f". {accepted_names(name, accepted)}"
