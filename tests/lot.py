"""Tests by lot: a push runs a quarter of the slow tests, and all tests that its change touches.

``make test`` and ``make test-long`` set ``LATENTBOOK_LOT``, the number of the quarter. Then

- of the tests that are ``COSTLY`` or marked long, a quarter runs, plus those in files that belong
  to the change (``tools.changes.touched_tests``);
- a test marked as a sweep does the same to each member of a set, such as all pages. It tries a
  quarter of the members, plus those whose sources the change touches;
- everything else runs.

The quarters rotate with the commits: any four in a row run everything, and a commit always runs
the same. Without ``LATENTBOOK_LOT``, as in plain pytest and ``make release``, all tests run.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterable
from functools import cache
from typing import TypeVar

import pytest

from tools.again import QUARTERS
from tools.changes import before_this_sitting, changed_files, touched_tests

Member = TypeVar("Member")

LOT = os.environ.get("LATENTBOOK_LOT", "")

COSTLY = (
    *("tests/browser/", "tests/classroom/", "tests/content/", "tests/decoding/"),
    *("tests/http/test_process.py", "tests/models/", "tests/unit/runtime/"),
    *("tests/unit/book/test_author_code.py", "tests/unit/book/test_check.py"),
    *("tests/unit/book/test_computed.py", "tests/unit/book/test_exports.py"),
    *("tests/unit/book/test_from_notebook.py", "tests/unit/book/test_mistakes.py"),
    *("tests/unit/book/test_days.py", "tests/unit/book/test_dense_prose.py"),
    *("tests/unit/book/test_editions.py", "tests/unit/book/test_languages.py"),
    *("tests/unit/book/test_matplotlib.py", "tests/unit/book/test_new", "tests/unit/draw/"),
    *("tests/unit/book/test_overlay.py", "tests/unit/book/test_page_python.py"),
    *("tests/unit/book/test_recall.py", "tests/unit/book/test_site.py"),
    *("tests/unit/book/test_without_posix.py", "tests/unit/test_quick"),
)
"""Tests of these files start a browser, a server or an interpreter, or read the whole book."""


def by_lot(
    members: Iterable[Member], sources: Callable[[Member], Iterable[str]] = lambda member: ()
) -> list[Member]:
    """The members to try in a sweep, in their order.

    Parameters
    ----------
    members : each with a different ``str``
    sources : gives the path prefixes of a member's sources
    """
    every = list(members)
    if not LOT:
        return every
    ranked = sorted(every, key=lambda member: number_of(str(member)))
    drawn = {str(member) for member in ranked[int(LOT) :: QUARTERS]}
    return [each for each in every if str(each) in drawn or is_touched(*sources(each))]


def is_touched(*beginnings: str) -> bool:
    """Whether the change touches a file whose path has one of these prefixes."""
    return any(path.startswith(beginnings) for path in changed())


def is_tried(item: pytest.Item) -> bool:
    """Whether a test runs."""
    path, _, name = item.nodeid.partition("::")
    is_costly = path.startswith(COSTLY) or item.get_closest_marker("long") is not None
    return (
        not (LOT and is_costly)
        or item.get_closest_marker("sweep") is not None
        or number_of(f"{path} {name}") % QUARTERS == int(LOT)
        or path in touched_files()
    )


def number_of(text: str) -> int:
    """A number that is the same on every machine."""
    return zlib.crc32(text.encode())


@cache
def changed() -> tuple[str, ...]:
    """Files of the change, except conftest.py files, which any test of their folder exercises."""
    every = changed_files(before_this_sitting())
    return tuple(path for path in every if not path.endswith("conftest.py"))


@cache
def touched_files() -> set[str]:
    return touched_tests(changed())
