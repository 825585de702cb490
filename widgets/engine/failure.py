"""The reply ``failed`` for code that raises an error, with a traceback of the reader's lines.

Frames before the first of these lines are dropped. Of consecutive frames in a library only the last
remains, without its source and with a short path.
"""

from __future__ import annotations

import builtins
import errno
import linecache
import re
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from itertools import dropwhile, groupby
from typing import Any

from widgets.contract import ContractError

NEEDS_NETWORK = "A file that this needs could not be fetched: the first time it takes the network."
CANNOT_BE_SHOWN = "An exception was raised that fails itself when it is looked at."

PLOTTING = ("matplotlib", "pylab", "seaborn", "plotly", "bokeh", "altair")
SHOW_A_FIGURE = """\
The page draws figures itself: let the last line of the code be one.
from widgets.contract import DATA_1
from widgets.kit.figures import axis, figure, line
figure([line([1, 2, 3], [1, 4, 9], DATA_1)], axis(0, 4), axis(0, 10))"""
USE_MATPLOTLIB = "This book also has Matplotlib: import matplotlib.pyplot as plt"

CHECK = "check"  # the name in tracebacks for a question's own code

MAX_NAME, MAX_MESSAGE, MAX_TRACEBACK = 100, 2_000, 20_000  # characters

_readers_files: set[str] = set()


class ProtocolError(ValueError):
    """A message that is not in static/js/python/protocol.js."""


def message(english: str) -> str:
    """Mark a sentence for the catalogues; the page translates it."""
    return english


def remember_source(filename: str, source: str) -> None:
    """Let tracebacks show the lines of a reader's code, which is in no file on disk."""
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    show_file(filename)


def show_file(filename: str) -> None:
    """Let tracebacks show all frames of a file."""
    _readers_files.add(filename)


def failed(error: BaseException, filename: str) -> dict[str, Any]:
    """The reply ``failed`` for an exception, without its id.

    Parameters
    ----------
    error : BaseException
    filename : str
        File of the code that ran; ``line`` is a line in it.
    """
    try:
        return described(error, filename)
    except KeyboardInterrupt:
        raise  # a second Stop
    except BaseException:  # a reader's own class can do anything when it is inspected
        return described(RuntimeError(CANNOT_BE_SHOWN), filename)


def described(error: BaseException, filename: str) -> dict[str, Any]:
    """Build ``failed`` for an exception that can be inspected."""
    kind, message = "python", message_of(error)
    if any(map(is_unfetched, chain_of(error))):
        error.add_note(NEEDS_NETWORK)
        message = NEEDS_NETWORK
    if isinstance(error, KeyboardInterrupt):
        kind, message = "interrupted", "Stopped."
    elif isinstance(error, ContractError):
        kind = "contract"
    elif isinstance(error, ProtocolError):
        kind = "protocol"
    return {
        "type": "failed",
        "kind": kind,
        "name": type(error).__name__[:MAX_NAME],
        "message": cut(message, MAX_MESSAGE),
        "line": line_of(error, filename),
        "traceback": cut(trimmed(error), MAX_TRACEBACK),
        "explanation": explanation_of(error, filename),
    }


def explanation_of(error: BaseException, filename: str) -> dict[str, Any] | None:
    """Explain the error by the values that caused it, if the code shows them."""
    try:
        from widgets.engine.explain import explain  # late import: a start needs no explanations

        return explain(error, _readers_files - {CHECK}, filename)
    except Exception:  # the traceback is enough
        return None


def chain_of(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()  # a reader's code can make the chain circular
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def is_unfetched(error: BaseException) -> bool:
    """Whether a file of the page's Python could not be fetched
    (static/js/python/worker/lazy-files.js).
    """
    match error:
        case OSError(errno=errno.EIO, filename=str(path)):
            return path.startswith("/lib/")
        case ImportError(msg=str(words)):  # of a library
            return words.endswith("it could not be fetched")
    return False


def cut(text: str, most: int) -> str:
    """A text, or only its two ends if it is too long for a page."""
    if len(text) <= most:
        return text
    return f"{text[: most // 2]}\n ... {len(text) - most:,} characters ...\n{text[-most // 2 :]}"


def message_of(error: BaseException) -> str:
    """The exception's message, without its name."""
    if isinstance(error, SyntaxError):
        return error.msg
    try:
        return str(error)
    except Exception:  # a reader's own class can fail at this
        return ""


def line_of(error: BaseException, filename: str) -> int | None:
    """The innermost line of a file that the exception passed through."""
    if isinstance(error, SyntaxError) and error.filename == filename:
        return error.lineno
    if isinstance(error, ContractError) and error.line is not None:
        return error.line
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == filename]
    return lines[-1] if lines else None


def trimmed(error: BaseException) -> str:
    """The traceback with the reader's frames complete and all others shortened or dropped."""
    report = traceback.TracebackException.from_exception(error)
    shorten(report)
    return "".join(report.format())


def shorten(report: traceback.TracebackException) -> None:
    """Trim a report, and those of the exceptions that led to it, in place."""
    report.stack = traceback.StackSummary.from_list(list(worth_reading(report.stack)))
    for earlier in (report.__cause__, report.__context__, *(report.exceptions or ())):
        if earlier is not None:
            shorten(earlier)


def worth_reading(stack: Iterable[traceback.FrameSummary]) -> Iterator[traceback.FrameSummary]:
    """Yield the reader's frames, and the last frame of each run in a library."""
    from_readers = dropwhile(lambda frame: frame.filename not in _readers_files, stack)
    for is_readers, run in groupby(from_readers, lambda frame: frame.filename in _readers_files):
        if is_readers:
            yield from run
        else:
            *_, last = run
            path = short_path(last.filename)
            yield traceback.FrameSummary(path, last.lineno, last.name, lookup_line=False, line="")


def short_path(filename: str) -> str:
    """Shorten a path in site-packages or the standard library: ``numpy/linalg/_linalg.py``."""
    return re.sub(r"^.*/(?:site-packages|python[\d.]+(?:\.zip)?)/", "", filename)


def note_shadowing(error: TypeError, scope: Mapping[str, Any]) -> None:
    """Add a note if the failing line calls a builtin whose name a cell has reassigned."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename in _readers_files]
    words = re.findall(r"\b\w+(?=\()", (frames[-1].line or "") if frames else "")
    for word in words:
        if hasattr(builtins, word) and word in scope:
            error.add_note(
                f"A cell has given the name {word} to something else. "
                f"`del {word}` brings Python's own back."
            )
            return


def note_missing_module(error: ModuleNotFoundError) -> None:
    """Suggest an alternative to a plotting library that the page lacks."""
    if (error.name or "").split(".")[0] in PLOTTING:
        error.add_note(SHOW_A_FIGURE)
        if "matplotlib" in getattr(sys.modules.get("latentbook_later"), "PACKAGES", ()):
            error.add_note(USE_MATPLOTLIB)
