"""The book in Firefox: it starts, runs, stops, draws, and restarts from its own storage."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.patience import SERVER_S

pytestmark = [pytest.mark.browser, pytest.mark.long]

DRIVER = Path(__file__).with_name("firefox.mjs")


def firefox_path() -> str | None:
    """Return ``LATENTBOOK_FIREFOX``, or a Firefox on the PATH."""
    named = os.environ.get("LATENTBOOK_FIREFOX")
    return named or shutil.which("firefox-esr") or shutil.which("firefox")


@pytest.fixture(scope="module")
def seen(book: str) -> dict[str, Any]:
    """The results of two visits, and of a third without the server."""
    firefox = firefox_path()
    if firefox is None:
        pytest.skip("No Firefox: `make firefox` installs one where apt-get can.")
    done = subprocess.run(
        ["node", str(DRIVER), firefox, book],
        capture_output=True,
        text=True,
        timeout=SERVER_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    visits = [
        f"{report[visit]['ms']} ms from {report[visit]['from']}" for visit in ("first", "second")
    ]
    print(f"{report['version']}: Python started after {', then after '.join(visits)}")
    return report


def test_it_starts_and_runs(seen: dict[str, Any]) -> None:
    assert seen["first"]["from"] == "files"
    assert seen["printed"] == "42"


def test_an_endless_loop_is_stopped(seen: dict[str, Any]) -> None:
    assert seen["isolated"]
    assert "Variables are kept" in seen["stopped"]
    assert seen["kept"] == "7"


def test_readers_code_finds_nothing_of_the_page(seen: dict[str, Any]) -> None:
    assert seen["refused"] == "[]"


def test_an_instrument_answers(seen: dict[str, Any]) -> None:
    before, after = seen["moved"]
    assert before != after
    assert re.search(r"\d", after)


def test_the_second_visit_starts_from_the_snapshot(seen: dict[str, Any]) -> None:
    assert seen["snapshot"] == "kept"
    assert seen["second"]["from"] == "snapshot"
    assert seen["again"] == "5.0"


def test_it_works_offline(seen: dict[str, Any]) -> None:
    assert seen["offline"]["from"] == "snapshot"
    assert seen["printedOffline"] == "1024"


def test_nothing_went_wrong_unseen(seen: dict[str, Any]) -> None:
    r"""Firefox reports the MathML that KaTeX writes for an index like ``\min``, but draws it."""
    assert [error for error in seen["errors"] if "Invalid markup" not in error] == []
