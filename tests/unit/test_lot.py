"""Lots: each runs a quarter and all that the change touches; any four in a row run everything."""

from __future__ import annotations

from itertools import chain
from types import SimpleNamespace
from typing import Any

import pytest

from tests import lot
from tools.again import QUARTERS
from tools.changes import touched_tests
from widgets import WIDGETS

COSTLY, CHEAP = "tests/browser/test_some.py", "tests/unit/test_other.py"


@pytest.fixture(autouse=True)
def _nothing_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lot, "changed", lambda: ())
    monkeypatch.setattr(lot, "touched_files", set)


def test(path: str, name: str, *marks: str) -> Any:
    return SimpleNamespace(
        nodeid=f"{path}::{name}", get_closest_marker=lambda mark: mark if mark in marks else None
    )


test.__test__ = False  # type: ignore[attr-defined]


def drawn(monkeypatch: pytest.MonkeyPatch, number: object) -> list[str]:
    monkeypatch.setattr(lot, "LOT", str(number))
    return lot.by_lot(WIDGETS, lambda name: [f"widgets/{name}.py"])


def test_each_member_is_in_one_quarter(monkeypatch: pytest.MonkeyPatch) -> None:
    quarters = [drawn(monkeypatch, number) for number in range(QUARTERS)]
    assert sorted(chain(*quarters)) == sorted(WIDGETS)
    assert {len(quarter) // (len(WIDGETS) // QUARTERS) for quarter in quarters} == {1}
    assert drawn(monkeypatch, 2) == quarters[2]


def test_a_member_whose_source_has_changed_is_in_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lot, "changed", lambda: ("widgets/bottleneck.py",))
    for number in range(QUARTERS):
        assert "bottleneck" in drawn(monkeypatch, number)


def test_without_a_lot_all_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    assert drawn(monkeypatch, "") == list(WIDGETS)
    assert all(lot.is_tried(test(COSTLY, f"test_{i}", "long")) for i in range(40))


@pytest.mark.parametrize(("path", "marks"), [(COSTLY, ()), (CHEAP, ("long",))])
def test_what_takes_long_runs_once_in_four(
    path: str, marks: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    tests = [test(path, f"test_{i}", *marks) for i in range(200)]
    runs = []
    for number in range(QUARTERS):
        monkeypatch.setattr(lot, "LOT", str(number))
        runs.append([lot.is_tried(each) for each in tests])
    assert all(sum(of_one) == 1 for of_one in zip(*runs, strict=True))
    assert min(map(sum, runs)) > 25


def test_what_is_quick_a_sweep_or_touched_always_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lot, "LOT", "0")
    assert all(lot.is_tried(test(CHEAP, f"test_{i}")) for i in range(40))
    assert all(lot.is_tried(test(COSTLY, f"test_{i}", "sweep")) for i in range(40))
    monkeypatch.setattr(lot, "touched_files", lambda: {COSTLY})
    assert all(lot.is_tried(test(COSTLY, f"test_{i}")) for i in range(40))


@pytest.mark.parametrize(
    ("changed", "touched"),
    [
        ("app/latentbook/book/read/front_matter.py", "unit/book/test_cases.py"),
        ("app/latentbook/book/compose/chapters.py", "unit/book/test_reading.py"),
        ("app/latentbook_classroom/grader/judges.py", "classroom/grader/test_judges.py"),
        ("app/latentbook_decoders/decoding/mosaic.py", "decoding/test_mosaic.py"),
        ("app/latentbook/http/head.py", "http/test_headers.py"),
        ("app/latentbook_classroom/lecture/mode.py", "classroom/lecture/test_lecture.py"),
        ("app/latentbook/locale/de/LC_MESSAGES/latentbook.po", "browser/test_languages.py"),
        ("static/css/deck.css", "browser/test_deck.py"),
        ("static/js/page/search.js", "browser/test_page.py"),
        ("static/js/python/worker/worker.js", "browser/test_start.py"),
        ("static/js/quiz/quiz.js", "browser/test_questions.py"),
        ("tests/browser/test_deck.py", "browser/test_deck.py"),
        ("widgets/bottleneck.py", "widgets/test_bottleneck.py"),
        ("widgets/kit/laws.py", "widgets/kit/test_laws.py"),
    ],
)
def test_a_change_touches_the_tests_of_its_subject(changed: str, touched: str) -> None:
    assert f"tests/{touched}" in touched_tests([changed])
