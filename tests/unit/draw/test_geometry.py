"""The drawing shows what Plotly shows, where Plotly shows it: compared in a real browser."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page

from tests.unit.draw.drawn_figures import FIGURES, axis, layout, plain

pytestmark = pytest.mark.browser

PX = 0.2


@pytest.fixture(scope="module", params=FIGURES)
def seen(request: pytest.FixtureRequest, page: Page) -> dict[str, Any]:
    figure = plain(FIGURES[request.param]())
    return {"figure": figure, **page.evaluate("compare", figure)}


@pytest.mark.parametrize("name", FIGURES)
def test_plotly_knows_every_key(name: str) -> None:
    go.Figure(FIGURES[name]())


def traces(seen: dict[str, Any], kind: str) -> list[Any]:
    return [trace for trace in seen["figure"]["data"] if trace["type"] == kind]


def test_lines(seen: dict[str, Any]) -> None:
    lines = [t for t in traces(seen, "scatter") if "lines" in t.get("mode", "lines")]
    theirs, ours = seen["lines"]["plotly"], seen["lines"]["own"]
    assert bool(lines) == bool(theirs)
    assert [len(line) for line in ours] == [len(line) for line in theirs]
    for line, reference in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(line, reference, atol=PX)


def assert_same_places(ours: list[list[float]], theirs: list[list[float]]) -> None:
    """Assert that both drawings have equally many places, each within PX of one in the other."""
    assert len(ours) == len(theirs)
    if ours:
        apart = np.abs(np.array(ours)[:, None] - np.array(theirs)).max(axis=-1)
        assert max(apart.min(axis=0).max(), apart.min(axis=1).max()) <= PX


@pytest.mark.parametrize("name", ["spectrum", "lying_bars"])
def test_bars(page: Page, name: str) -> None:
    bars = page.evaluate("compare", plain(FIGURES[name]()))["bars"]
    assert bars["own"]
    assert_same_places(bars["own"], bars["plotly"])


def test_points(seen: dict[str, Any]) -> None:
    assert_same_places(seen["points"]["own"], seen["points"]["plotly"])


def test_heatmaps_cover_the_same_place(seen: dict[str, Any]) -> None:
    ours, theirs = seen["heatmaps"]["own"], seen["heatmaps"]["plotly"]
    assert len(ours) == len(theirs) == len(traces(seen, "heatmap"))
    for box, reference in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(box, reference, atol=0.5)  # Plotly's image has whole pixels


def near(texts: list[dict[str, Any]], text: str, **place: float) -> bool:
    return any(
        one["text"] == text and all(abs(one[key] - value) < 1.5 for key, value in place.items())
        for one in texts
    )


def test_ticks(seen: dict[str, Any]) -> None:
    for letter in "xy":
        for tick in seen["ticks"][letter]:
            place = {letter: tick[letter]}
            assert near(seen["ticks"]["own"], tick["text"], **place), tick


def test_annotations_without_arrow(seen: dict[str, Any]) -> None:
    notes = seen["figure"]["layout"].get("annotations", [])
    for note, text in zip(notes, seen["notes"], strict=True):
        if note.get("showarrow") is False:
            centred = {} if "xanchor" in note or "xref" in note else {"x": text["x"]}
            assert near(seen["ticks"]["own"], text["text"], y=text["y"], **centred), text


NUMBERS = st.floats(-1e5, 1e5, allow_nan=False).map(lambda value: round(value, 6))
SIZES = st.integers(120, 900)


@given(
    ends=st.tuples(NUMBERS, NUMBERS).filter(lambda ends: abs(ends[0] - ends[1]) > 1e-3),
    width=SIZES,
    format_=st.sampled_from([None, "power", "none"]),
    step=st.sampled_from([None, 3, 6]),
)
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_linear_ticks(
    page: Page, ends: tuple[float, float], width: int, format_: str | None, step: int | None
) -> None:
    options = {"exponentformat": format_ or "B", **({"nticks": step} if step else {})}
    for key, range_ in (("xaxis", ends), ("yaxis", ends[::-1])):
        figure = empty(width, key, {"range": list(range_), **options})
        assert page.evaluate(OWN_TICKS, [figure, key]) == page.evaluate(PLOTLY_TICKS, [figure, key])


@given(
    low=st.integers(-60, 60).map(lambda value: value / 10),
    decades=st.floats(0.15, 0.95) | st.floats(1.05, 12),
    width=SIZES,
    format_=st.sampled_from(["B", "power"]),
)
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_logarithmic_ticks(
    page: Page, low: float, decades: float, width: int, format_: str
) -> None:
    options = {"type": "log", "range": [low, low + decades], "exponentformat": format_}
    figure = empty(width, "xaxis", options)
    theirs = page.evaluate(PLOTLY_TICKS, [figure, "xaxis"])
    step = page.evaluate("document.getElementById('plotly')._fullLayout.xaxis.dtick")
    if step in ("D1", "D2"):  # the book's own choice of digits (docs/figures.md)
        digits = (1,) if format_ == "power" else (1, 2, 5)
        theirs = [tick for tick in theirs if round(10 ** (tick[1] % 1), 3) in digits]
    assert page.evaluate(OWN_TICKS, [figure, "xaxis"]) == theirs


def test_tick_suffix(page: Page) -> None:
    figure = empty(600, "xaxis", {"range": [-100, 250], "ticksuffix": " ms"})
    assert page.evaluate(OWN_TICKS, [figure, "xaxis"]) == page.evaluate(
        PLOTLY_TICKS, [figure, "xaxis"]
    )


@pytest.mark.parametrize("format_", [".2f", ".0%", "d", "+.1f", ",.0f", ".3~f", ".2e", ".3g", ",d"])
def test_tick_formats(page: Page, format_: str) -> None:
    figure = empty(600, "xaxis", {"range": [-1234.5, 4321], "tickformat": format_})
    theirs = page.evaluate(PLOTLY_TICKS, [figure, "xaxis"])
    unsigned = [[text.replace("+0.0", "0.0"), *rest] for text, *rest in theirs]
    assert page.evaluate(OWN_TICKS, [figure, "xaxis"]) == unsigned


@pytest.mark.parametrize("values", [[0.125, 1, 12.5], [1, 100, 10000], [0.00012, 0.5, 3.14159265]])
@pytest.mark.parametrize("kind", ["linear", "log"])
def test_listed_ticks(page: Page, values: list[float], kind: str) -> None:
    range_ = [-5, 5] if kind == "log" else [0, 20000]
    options = {"range": range_, "tickvals": values, "type": kind}
    figure = empty(600, "xaxis", options)
    assert page.evaluate(OWN_TICKS, [figure, "xaxis"]) == page.evaluate(
        PLOTLY_TICKS, [figure, "xaxis"]
    )


def empty(width: int, key: str, options: dict[str, Any]) -> dict[str, Any]:
    figure = {"data": [], "layout": layout(axis(0, 1), axis(0, 1))}
    figure["data"] = [{"type": "scatter", "x": [1, 2], "y": [1, 2]}]
    figure["layout"][key] = options
    figure["layout"] |= {"width": width, "height": width}
    return figure


PLOTLY_TICKS = """async ([figure, key]) => {
    const holder = await plotly(figure);
    const axis = holder._fullLayout[key];
    return axis._vals.map((tick) => [tick.text, Number(tick.x.toFixed(9)) + 0])
        .sort((a, b) => a[1] - b[1]);
}"""

OWN_TICKS = """([figure, key]) => {
    const { layout } = figure, { margin } = layout;
    const px = key === "xaxis"
        ? layout.width - margin.l - margin.r : layout.height - margin.t - margin.b;
    return book.ticks(layout[key], key[0], px)
        .map((tick) => [tick.text, Number(tick.at.toFixed(9)) + 0])
        .sort((a, b) => a[1] - b[1]);
}"""
