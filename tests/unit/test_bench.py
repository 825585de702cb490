"""What the benches read off a trace and a page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tools.bench.frames import parts_of
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
