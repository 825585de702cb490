"""Taking over a still in the page: only the parts that change are touched."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.unit.draw.drawn_figures import FIGURES, cloud, plain, spectrum

pytestmark = pytest.mark.browser

TAKE_OVER = """async ([figure, next]) => {
    const holder = document.getElementById("own");
    holder.innerHTML = book.svg(figure, { width: 600, id: "own-svg", label: "before" });
    const element = holder.firstChild;
    const observer = new MutationObserver(() => {});
    const all = { subtree: true, childList: true, attributes: true, characterData: true };
    observer.observe(element, all);
    const draw = book.mount(element);
    draw(figure, 600, "before");
    const adopted = observer.takeRecords().length;
    draw(next, 600, "after");
    const records = observer.takeRecords();
    return {
        adopted,
        patched: records.length,
        rebuilt: records.filter((record) => record.type === "childList").length,
        removed: records.reduce((sum, record) => sum + record.removedNodes.length, 0),
        live: element.outerHTML,
        fresh: book.svg(next, { width: 600, id: "own-svg", label: "after" }),
    };
}"""


@pytest.mark.parametrize("name", FIGURES)
def test_same_figure_changes_nothing(page: Page, name: str) -> None:
    figure = plain(FIGURES[name]())
    assert page.evaluate(TAKE_OVER, [figure, figure])["adopted"] == 0


@pytest.mark.parametrize("name", FIGURES)
def test_live_picture_equals_a_fresh_one(page: Page, name: str) -> None:
    seen = page.evaluate(TAKE_OVER, [plain(spectrum()), plain(FIGURES[name]())])
    assert normal(page, seen["live"]) == normal(page, seen["fresh"])


def test_only_what_changed_is_patched(page: Page) -> None:
    seen = page.evaluate(TAKE_OVER, [plain(spectrum(30)), plain(spectrum(31))])
    assert seen["rebuilt"] == 0
    assert seen["patched"] <= 9
    seen = page.evaluate(TAKE_OVER, [plain(cloud(0.5)), plain(cloud(0.51))])
    assert seen["rebuilt"] == 0
    assert seen["patched"] <= 10


def test_a_trace_more_or_less_leaves_the_others_in_place(page: Page) -> None:
    fewer, more = plain(cloud(0.5)), plain(cloud(0.5))
    more["data"].append({"type": "scatter", "x": [0, 1], "y": [0, 1]})
    assert page.evaluate(TAKE_OVER, [fewer, more])["removed"] == 0
    assert page.evaluate(TAKE_OVER, [more, fewer])["removed"] == 1


def test_another_width_is_drawn_anew(page: Page) -> None:
    seen = page.evaluate(
        """(figure) => {
            const holder = document.getElementById("own");
            holder.innerHTML = book.svg(figure, { width: 600, id: "own-svg", label: "" });
            book.mount(holder.firstChild)(figure, 664, "");
            const fresh = book.svg(figure, { width: 664, id: "own-svg", label: "" });
            return [holder.innerHTML, fresh];
        }""",
        plain(spectrum()),
    )
    assert normal(page, seen[0]) == normal(page, seen[1])


def test_typed_arrays_draw_as_lists_do(page: Page) -> None:
    figure = plain(cloud())
    typed, listed = page.evaluate(
        """(figure) => {
            const typed = structuredClone(figure);
            for (const trace of typed.data)
                for (const name of "xy") trace[name] = Float64Array.from(trace[name]);
            return [typed, figure].map((one) => book.svg(one, { width: 600, id: "s", label: "" }));
        }""",
        figure,
    )
    assert typed == listed


def test_theme_recolours_without_a_script(page: Page) -> None:
    """Each palette colour is a CSS variable that the drawing leaves to the page."""
    colors: dict[str, Any] = page.evaluate(
        """() => {
            const holder = document.getElementById("own");
            const layout = { width: 600, height: 300, margin: { l: 9, r: 9, t: 9, b: 9 },
                xaxis: { range: [0, 1], visible: false },
                yaxis: { range: [0, 1], visible: false } };
            const hexes = Object.keys(book.PALETTE);
            const data = hexes.map((color) => (
                { type: "scatter", mode: "lines", x: [0, 1], y: [0, 1], line: { color } }));
            holder.innerHTML = book.svg({ data, layout }, { width: 600, id: "s", label: "" });
            const strokes = () => [...holder.querySelectorAll("g[clip-path] path")]
                .map((path) => getComputedStyle(path).stroke);
            const themes = {};
            for (const shade of [10, 200]) {
                hexes.forEach((hex, i) => holder.style.setProperty(
                    book.PALETTE[hex], `rgb(${shade}, ${i}, 0)`));
                themes[shade] = strokes();
            }
            return themes;
        }"""
    )
    for shade, strokes in colors.items():
        assert strokes == [f"rgb({shade}, {i}, 0)" for i in range(19)]


def normal(page: Page, markup: str) -> str:
    """Markup as the browser writes it, with sorted attributes."""
    return page.evaluate(
        """(markup) => {
            const holder = document.createElement("div");
            holder.innerHTML = markup;
            for (const element of holder.querySelectorAll("*")) {
                const all = [...element.attributes].map(({ name, value }) => [name, value]).sort();
                for (const [name] of all) element.removeAttribute(name);
                for (const [name, value] of all) element.setAttribute(name, value);
            }
            return holder.innerHTML;
        }""",
        markup,
    )
