"""Explain an error by the values that caused it: choose a sentence's id and its values.

The sentences are in static/js/explain/sentences.js. An explanation reads the failing expression,
the shapes of names in it, and Python's message; if they disagree, there is none. It never runs a
reader's code. It reads only exact NumPy arrays, numbers, text and built-in containers, and compares
types by identity, because a class may define its own comparison, hash and text.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from types import TracebackType
from typing import Any

# Importing these modules adds their rules to the table.
from widgets.engine.explain import draws, indices, kinds, names, numbers, shapes  # noqa: F401
from widgets.engine.explain.place import MAX_MESSAGE, Place
from widgets.engine.explain.rules import RULES, WITHOUT_TEXT, as_reply
from widgets.engine.explain.syntax import explain_syntax


def explain(error: BaseException, files: Collection[str], current: str) -> dict[str, Any] | None:
    """Return an error's explanation for the reply ``failed``, or None.

    Parameters
    ----------
    files : names of files whose code may be explained
    current : the file that ran; lines of other files are reported with the file's name
    """
    if type(error) is SyntaxError:
        return explain_syntax(error, files, current)
    message = message_of(error)
    if message is None:
        return None
    for library in ("numpy", "matplotlib"):
        found = frame_of(error.__traceback__, files, library)
        place = None if found is None else Place.at(*found)
        if place is not None:
            return first_of(place, error, message, library, current)
    return None


def first_of(
    place: Place, error: BaseException, message: str, library: str, current: str
) -> dict[str, Any] | None:
    """Return the first explanation that a rule for this library finds."""
    for kind, pattern, source, rule in RULES:
        if type(error) is kind and source == library and (match := pattern.match(message)):
            explanation = rule(place, error, match)
            if explanation is not None:
                return as_reply(explanation, place.line, place.file, current)
    return None


def message_of(error: BaseException) -> str | None:
    """Return the message if Python or NumPy could have written it."""
    if not any(type(error) is kind for kind, *_ in RULES):
        return None
    args = error.args
    if any(type(error) is kind for kind in WITHOUT_TEXT):
        return ""
    if len(args) == 0 or type(args[0]) is not str or len(args[0]) > MAX_MESSAGE:
        return None
    return args[0]


def frame_of(
    traceback: TracebackType | None, files: Collection[str], library: str
) -> tuple[TracebackType, str] | None:
    """Return the innermost frame in one of the files, if it called only the library."""
    found = None
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        if file in files:
            found = traceback, file
        elif not re.search(rf"(^|/site-packages/){library}/|/widgets/engine/linalg\.py$", file):
            found = None
        traceback = traceback.tb_next
    return found
