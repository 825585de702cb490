"""Benches: figures computed from traces and pages, and a short run of each."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from latentbook.settings import Settings
from tools.bench import (
    Measurement,
    classroom,
    decode,
    elsewhere,
    frames,
    grader,
    lecture,
    page,
    start,
    study,
)
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
        event("Layout", 2000, 1000),  # forced by a script
        event("Paint", 5000, 2000),
        event("Paint", 5000, 9000, tid=2),  # on another thread
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
    url = (tmp_path / "index.html").as_uri()
    html = (
        '<link rel="stylesheet" href="a.css"><link rel="stylesheet" media="print" href="b.css">'
        '<script type="module" src="main.js"></script>'
    )
    names = [url.rpartition("/")[2] for url in critical_urls(url, html)]
    assert names == ["index.html", "a.css", "main.js", "one.js", "two.js"]


def test_an_instrument_is_driven_on_its_page_alone(tmp_path: Path) -> None:
    block = '<section class="instrument" id="dots" data-state="still">'
    for place in ("embed/dots", "chapter/section", "chapter/print"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "index.html").write_text(block)
    assert list(instruments_of(tmp_path)) == [("chapter/section/", "dots")]


def test_an_instrument_that_fails_is_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def drive(browser: Browser, place: str, plain_place: str, label: str) -> None:
        raise PlaywrightTimeout("Timeout 60000ms exceeded.\nCall log:")

    monkeypatch.setattr(frames, "drive", drive)
    (failed,) = rows_of(None, "chapter/section/", "plain.html", "dots")  # type: ignore[arg-type]
    assert failed.figure == "dots: failed, Timeout 60000ms exceeded."
    assert math.isnan(failed.value)
    assert not failed.met


def figures(rows: list[Measurement]) -> dict[str, float]:
    found = {row.figure: row.value for row in rows}
    assert len(found) == len(rows)
    assert [figure for figure, value in found.items() if not math.isfinite(value)] == []
    return found


@pytest.fixture
def built(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the benches measure the book that is already built."""
    for bench in (start, page, frames, lecture, classroom, study, elsewhere):
        monkeypatch.setattr(bench, "build_site", lambda settings, report: site)


@pytest.mark.release
@pytest.mark.browser
@pytest.mark.usefixtures("built")
def test_start_compares_each_visit(monkeypatch: pytest.MonkeyPatch) -> None:
    once = {"SERIES": 1, "TARGETS": (0.45,), "MEGABITS": 200, "ROUND_TRIP_MS": 4}
    for name, value in once.items():
        monkeypatch.setattr(start, name, value)
    found = figures(start.measure(Settings(), print))
    assert sum(figure.endswith(": ratio") for figure in found) == 2
    assert found["visit 1: on the wire, page included"] < found["visit 1: on the wire, alone"]


@pytest.mark.release
@pytest.mark.browser
@pytest.mark.usefixtures("built")
def test_elsewhere_compares_frames_and_launches(monkeypatch: pytest.MonkeyPatch) -> None:
    once = {"SERIES": 1, "LATER": 0, "KEPT_S": 1, "VISITS": {"first visit": slice(1)}}
    for name, value in once.items():
        monkeypatch.setattr(elsewhere, name, value)
    found = figures(elsewhere.measure(Settings(), print))
    assert sum(figure.endswith(": ratio") for figure in found) == 3
    assert found["five frames: workers with Python"] == found["one frame: workers with Python"] == 1
    assert (
        found["five frames: on the wire, first visit"]
        < 2 * found["one frame: on the wire, first visit"]
    )


@pytest.mark.release
@pytest.mark.browser
@pytest.mark.usefixtures("built")
def test_page_weighs_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    place = "autoencoders/compress/"
    monkeypatch.setattr(page, "RUNS", 1)
    monkeypatch.setattr(page, "PRESETS", {"phone": ()})
    monkeypatch.setattr(page, "pages_of", lambda site: [place])
    monkeypatch.setattr(page, "FRONT", place)
    found = figures(page.measure(Settings(), print))
    assert found[f"/{place} before first paint"] > 10
    assert 0 <= found[f"/{place} performance, phone"] <= 100


@pytest.mark.release
@pytest.mark.browser
@pytest.mark.usefixtures("built")
def test_study_goes_through_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"CARDS": 50, "EVENTS": 700, "OPENINGS": 1, "GRADES": 3}.items():
        monkeypatch.setattr(study, name, value)
    assert len(figures(study.measure(Settings(), print))) == 3


@pytest.mark.release
def test_decode_compares_the_server_with_direct_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"SIZES": {16: 2}, "CLIENTS": 20, "PAGES": 20}.items():
        monkeypatch.setattr(decode, name, value)
    monkeypatch.setattr(decode, "TARGETS", {"mlp_vae_mnist": 1.35})
    found = figures(decode.measure(Settings(), print))
    assert found["mlp_vae_mnist n=16 raw / direct call"] > 0
    assert found["page beside mlp_vae_mnist n=16, 20 clients, p95"] > 0


@pytest.mark.release
@pytest.mark.usefixtures("built")
def test_class_loses_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    # Late phones have almost one more poll interval before the answers are counted.
    times = {"POLL_S": 4, "JOIN_WITHIN_S": 1, "ANSWER_WITHIN_S": 1, "KILL_AFTER_S": 1}
    for name, value in {"PHONES": 20, **times}.items():
        monkeypatch.setattr(lecture, name, value)
    found = figures(lecture.measure(Settings(), print))
    assert found["answers lost"] == 0


@pytest.mark.release
@pytest.mark.usefixtures("built")
def test_classroom_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    times = {"WITHIN_S": 4, "KILL_INTERPRETER_S": 2, "KILL_SERVER_S": 3, "IDLE_S": 0}
    for name, value in {"STUDENTS": 6, **times}.items():
        monkeypatch.setattr(classroom, name, value)
    found = figures(classroom.measure(Settings(), print))
    assert [found[row] for row in found if row.startswith(("answers", "verdicts", "scores"))] == [
        *(0, 0, 0, 0)
    ]


@pytest.mark.release
def test_grader_judges_each_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grader, "WORKERS", 1)
    monkeypatch.setattr(grader, "Grader", partial(grader.Grader, seconds=300))
    found = figures(grader.measure(Settings(), print, count=3))
    assert found["answers without a verdict"] == 0
    assert found["answers per minute"] > 0


@pytest.mark.release
@pytest.mark.browser
@pytest.mark.usefixtures("built")
def test_frames_measures_an_instrument(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"MOVES": 4, "LEAPS": 4, "VISITS": 1, "FORESEEN_MS": 500}.items():
        monkeypatch.setattr(frames, name, value)
    said: list[str] = []
    rows = frames.measure(Settings(), said.append, only="bottleneck")
    compared = [row.figure for row in rows if row.target is not None]
    assert compared == [f"bottleneck: {name}, ratio" for name in ("leap", "drag", frames.SLOWED)]
    assert [row for row in rows if math.isnan(row.value)] == []
    for row in rows:
        assert f"{row.figure}: {row.value:.4g} {row.unit}" in said
