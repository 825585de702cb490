"""What the benches read off a trace and a page."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from latentbook.settings import Settings
from tools.bench import frames
from tools.bench.frames import instruments_of, parts_of, rows_of
from tools.bench.page import critical_urls


def event(name: str, ts: int, dur: int = 0, *, ph: str = "X", tid: int = 1) -> dict[str, Any]:
    return {"name": name, "ts": ts, "dur": dur, "ph": ph, "pid": 9, "tid": tid}


def mark(start: int, end: int) -> list[dict[str, Any]]:
    return [event("latentbook-frame", ts, ph=ph) for ph, ts in (("b", start), ("e", end))]


def test_work_within_other_work_counts_once_and_only_within_its_move() -> None:
    trace = [
        *mark(1000, 11_000),
        *mark(20_000, 25_000),
        event("EventDispatch", 500, 3500),  # 3 ms of it within the first move
        event("FunctionCall", 1500, 2000),
        event("Layout", 2000, 1000),  # asked for by a script
        event("Paint", 5000, 2000),
        event("Paint", 5000, 9000, tid=2),  # of another thread
        event("Layout", 12_000, 4000),  # between two moves
        event("Layerize", 24_000, 3000),  # 1 ms of it within the second
    ]
    assert parts_of(trace) == {"script": [2.0, 0.0], "layout": [1.0, 0.0], "paint": [2.0, 1.0]}


def test_a_trace_without_moves_has_no_parts() -> None:
    assert parts_of([event("Layout", 0, 10)]) == {"script": [], "layout": [], "paint": []}


def test_a_page_comes_with_what_its_scripts_import(tmp_path: Path) -> None:
    (tmp_path / "main.js").write_text('import{a}from"./one.js";import("./later.js");a();')
    (tmp_path / "one.js").write_text('import"./two.js";export const a=()=>0;')
    (tmp_path / "two.js").write_text('import{a}from"./one.js";')
    page = (tmp_path / "index.html").as_uri()
    html = '<link rel="stylesheet" href="a.css"><script type="module" src="main.js"></script>'
    names = [url.rpartition("/")[2] for url in critical_urls(page, html)]
    assert names == ["index.html", "a.css", "main.js", "one.js", "two.js"]


def test_an_instrument_is_driven_on_its_page_alone(tmp_path: Path) -> None:
    block = '<section class="instrument" id="dots" data-state="still">'
    for place in ("embed/dots", "chapter/section", "chapter/print"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "index.html").write_text(block)
    assert list(instruments_of(tmp_path)) == [("chapter/section/", "dots")]


def test_an_instrument_that_fails_is_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def drive(browser: Browser, place: str, label: str) -> None:
        raise PlaywrightTimeout("Timeout 60000ms exceeded.\nCall log:")

    monkeypatch.setattr(frames, "drive", drive)
    (failed,) = rows_of(None, "chapter/section/", "dots")  # type: ignore[arg-type]
    assert failed.figure == "dots: failed, Timeout 60000ms exceeded."
    assert math.isnan(failed.value)
    assert not failed.met


@pytest.mark.long
@pytest.mark.browser
def test_frames_measures_an_instrument(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MOVES", "LEAPS", "VISITS"):
        monkeypatch.setattr(frames, name, 4)
    monkeypatch.setattr(frames, "FORESEEN_MS", 500)
    said: list[str] = []
    rows = frames.measure(Settings(), said.append, only="bottleneck")
    drags = [row for row in rows if row.figure.startswith("bottleneck: drag")]
    assert len(drags) == 2
    assert [row for row in rows if math.isnan(row.value)] == []
    for row in rows:
        assert f"{row.figure}: {row.value:.4g} ms" in said
