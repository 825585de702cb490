"""Python in the page: it starts, reports its progress, runs, and stops."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.book_pages import READY, SECTION, Open, lenient, output, run, write

pytestmark = pytest.mark.browser

RUNNING = re.compile(r"^Running")


def test_start_says_how_far_it_is(open_page: Open) -> None:
    page = open_page("404.html", fresh=True)
    page.add_init_script(
        """
        addEventListener("DOMContentLoaded", () => {
          const status = document.querySelector("[data-runtime-status]");
          globalThis.heard = [];
          new MutationObserver(() => heard.push([status.dataset.state, status.innerText.trim()]))
            .observe(status, {attributes: true, childList: true, subtree: true});
        });
        """
    )

    def late(route: Route) -> None:
        time.sleep(1)  # otherwise everything would load before the page is observed
        route.continue_()

    page.route("**/pyodide.asm-*.wasm", late)
    page.goto(page.url.replace("404.html", SECTION))
    expect(page.locator(READY)).to_have_text("Python ready")
    heard: list[list[str]] = page.evaluate("heard")
    assert {state for state, _ in heard} >= {"booting", "ready"}
    assert any(re.fullmatch(r"Starting Python, \d+ of \d+ MB", words) for _, words in heard)


def test_prints_and_shows_the_last_value(desk: Page) -> None:
    cell = run(desk, "print('one')\nimport sys\nprint('two', file=sys.stderr)\n40 + 2")
    assert output(cell).split() == ["one", "two", "42"]
    expect(cell.locator("pre.stderr")).to_have_text("two\n")
    expect(cell.locator("pre.value")).to_have_text("42")
    expect(cell.locator("[data-status]")).to_have_text(re.compile(r"^Ran in \d"))


def test_output_is_text_and_never_markup(desk: Page) -> None:
    cell = run(desk, "print('<img src=x onerror=alert(1)>')")
    assert output(cell).strip() == "<img src=x onerror=alert(1)>"
    assert cell.locator("[data-output] img").count() == 0


def test_error_names_the_readers_line_and_leads_to_it(desk: Page) -> None:
    cell = run(desk, "x = 1\n\ndef f():\n    return x / 0\n\nf()")
    text = output(cell)
    assert "ZeroDivisionError: division by zero" in text
    assert "widgets/host" not in text
    expect(cell.locator("[data-status]")).to_have_text("Stopped at line 4")
    expect(cell.locator(".cm-error")).to_have_text("    return x / 0")
    desk.locator(".bar a").first.focus()
    cell.locator("[data-output] a").click()
    expect(cell.locator(".cm-content")).to_be_focused()


@pytest.mark.clock
def test_an_endless_loop_is_stopped_and_keeps_its_variables(desk: Page) -> None:
    assert desk.evaluate("crossOriginIsolated")
    cell = run(desk, "kept = 7\nprint('begun')\nwhile True: pass")
    expect(cell.locator("[data-output]")).to_contain_text("begun")
    expect(cell.locator("[data-status]")).to_have_text(RUNNING)
    with lenient(desk):
        cell.locator('[data-action="stop"]').click()
        expect(cell).to_have_attribute("data-state", "stopped")
    expect(cell.locator("[data-status]")).to_contain_text("Variables are kept")
    assert output(run(desk, "kept")).strip() == "7"


@pytest.mark.clock
def test_a_stop_that_comes_before_python_has_begun_is_not_lost(desk: Page) -> None:
    cell = run(desk, "held = 8")
    output(cell)
    write(desk, cell, "while True: pass")
    with lenient(desk):
        for _ in range(5):
            cell.evaluate(
                """(cell) => {
                  cell.querySelector('[data-action="run"]').click();
                  cell.querySelector('[data-action="stop"]').click();
                }"""
            )
            expect(cell).to_have_attribute("data-state", "stopped")
            expect(cell.locator("[data-status]")).to_contain_text("Variables are kept")
    assert output(run(desk, "held")).strip() == "8"


@pytest.mark.clock
def test_a_flood_of_output_is_cut_and_can_be_stopped(desk: Page) -> None:
    cell = run(desk, "while True: print('x')")
    more = cell.locator(".more")
    expect(more).to_be_visible()
    shown = cell.locator("pre.stdout").inner_text().count("x")
    expect(more).to_have_text(f"Show the rest, {5_000 - shown:,} lines")  # the limit; it runs on
    cell.locator('[data-action="stop"]').click()
    expect(cell).to_have_attribute("data-state", "stopped")
    expect(cell.locator("[data-output] .note")).to_have_text(
        re.compile(r"Output cut here: [\d,]+ more lines")
    )
    cell.locator(".more").click()
    assert 1_000 < cell.locator("pre.stdout").inner_text().count("x") <= 5_000


def test_an_unfinished_line_belongs_to_the_cell_that_wrote_it(desk: Page) -> None:
    cell = run(desk, "print('a', end=''); print('b', end='', flush=False)")
    assert output(cell).strip() == "ab"
    cell = run(desk, "print('c', end='')\nraise KeyboardInterrupt")
    cell = run(desk, "print('d')")
    assert output(cell).strip() == "d"


def test_python_is_started_again_by_its_button(open_page: Open) -> None:
    page = open_page()
    expect(page.locator(READY)).to_be_attached()
    memory = page.locator("[data-runtime-memory]")
    restart = page.get_by_role("button", name="Restart Python")
    cell = run(page, "import numpy as np\nbig = np.ones(50_000_000)\nprint('kept')")
    assert output(cell) == "kept\n"
    held = megabytes(memory)
    assert held > 400  # the array alone
    answer = page.locator("section.instrument").first.locator("[data-readout]").all_text_contents()

    restart.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".runtime .sentence")).to_have_text("Restarted: variables are lost")
    expect(restart).to_be_focused()
    expect(cell.locator("[data-status]")).to_contain_text("its variables are lost. Run it again")
    assert output(cell) == "kept\n"
    assert "big = np.ones" in cell.locator(".cm-content").inner_text()
    assert megabytes(memory) < held - 350
    assert answer == (
        page.locator("section.instrument").first.locator("[data-readout]").all_text_contents()
    )
    assert "NameError" in output(run(page, "big.size"))


def test_a_restart_ends_what_runs(desk: Page) -> None:
    cell = run(desk, "while True: pass")
    expect(cell.locator("[data-status]")).to_have_text(RUNNING)
    desk.get_by_role("button", name="Restart Python").click()
    expect(cell).to_have_attribute("data-state", "stopped")
    expect(cell.locator("[data-status]")).to_contain_text("variables are lost")
    assert output(run(desk, "6 * 7")) == "42"


def megabytes(place: Locator) -> int:
    """Read Python's memory from the bar, in MB."""
    found = re.fullmatch(r"(\d+) MB", place.inner_text())
    assert found
    return int(found[1])


def test_a_start_that_fails_says_so_and_can_be_tried_again(open_page: Open) -> None:
    page = open_page(
        "404.html", fresh=True, expected=("Failed to load resource", "net::ERR", "asm-")
    )
    page.route("**/pyodide.asm-*.wasm", lambda route: route.abort())
    page.goto(page.url.replace("404.html", SECTION))
    status = page.locator("[data-runtime-status]")
    expect(status).to_have_attribute("data-state", "failed")
    expect(status).to_contain_text("Python could not start")
    page.unroute("**/pyodide.asm-*.wasm")
    assert output(run(page, "5 * 5")).strip() == "25"
