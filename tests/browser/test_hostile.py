"""Code that would hang, exhaust or damage the page: it stays usable and says what happened."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from _pytest.mark import ParameterSet
from playwright.sync_api import Browser, Locator, Page, expect

from latentbook.browser import NAMES
from tests.browser.book_pages import (
    READY,
    SECTION,
    Open,
    come_back,
    lenient,
    output,
    run,
    write,
)
from tests.chromium import launch

pytestmark = pytest.mark.browser

LISTEN = """() => {
  globalThis.heard = false;
  addEventListener("pointermove", () => (globalThis.heard = true), { once: true });
}"""
SLOW_ANSWERS = """
const { addEventListener } = Worker.prototype;
Worker.prototype.addEventListener = function (type, listener) {
  const later = type === "message" ? (event) => setTimeout(listener, 1_000, event) : listener;
  addEventListener.call(this, type, later);
};
"""
FOREVER = {
    "while True: pass": "Variables are kept",
    "while True: print('x')": "Variables are kept",
    "import sys\nwhile True:\n    print('a', end='')\n    print('b', end='', file=sys.stderr)": (
        "Variables are kept"
    ),
    "for i in range(50_000_000): print(i)": "Variables are kept",
    "import time\ntime.sleep(1000)": "Variables are kept",
    "import time\nwhile True:\n    time.sleep(0.001)": "Variables are kept",
    "class Slow:\n    def __repr__(self):\n        while True: pass\nSlow()": "Variables are kept",
    "while True:\n    try:\n        while True: pass\n    except BaseException: pass": (
        "variables are lost"
    ),
    "import signal\nsignal.signal(signal.SIGINT, lambda *what: None)\nwhile True: pass": (
        "variables are lost"
    ),
    "def swallow():\n    try:\n        while True: yield\n    finally:\n        while True: pass\n"
    "for _ in swallow(): pass": "variables are|Variables are",
}
ENDS = {
    "[0] * 10**10": "index-sized[^$]*1024 MB",
    "a = []\nwhile True: a.append(bytearray(10**7))": "MemoryError[^$]*1024 MB",
    "import numpy as np\nnp.ones((10**5, 10**5))": "too big|MemoryError",
    "def f(): return f()\nf()": "RecursionError",
    "class A:\n    def __getattr__(self, n): return getattr(self, n + 'x')\nA().x": "Error|stopped",
    "import os\nos._exit(1)": "Python stopped running",
    "import os\nos.abort()": "Python stopped running",
    "exit()": "SystemExit|NameError",
    "name = input('Who? ')": "cannot ask anything here",
    "import sys\nsys.stdin.read()": "Error",
    "print('x\\n' * 50_000_000)": "Output cut here: 49,99[\\d,]+ more lines",
    "'x' * 10**8": "99,800,001 more characters|99,800,002 more characters",
    "raise ValueError('x' * 10**8)": "99,9[\\d,]+ characters",
    "class Odd(Exception):\n    def __str__(self): raise self\nraise Odd()": "Odd",
    "{'data': [{'type': 'scatter', 'y': list(range(10**6))}], 'layout': {}}": "too large",
    "import asyncio\nasync def go(): pass\nasyncio.ensure_future(go())": "asyncio cannot be used",
    "import threading\nthreading.Thread(target=print).start()": "can't start new thread",
    "from itertools import chain\ng = iter([])\nfor _ in range(10**6): g = chain(g)\nnext(g)": (
        "Error|stopped"
    ),
    "import sys\nsys.setrecursionlimit(10**9)\ndef f(x): return [f(x)]\nf(1)": ("Error|stopped"),
    "import sys\ndef refuse(event, given):\n    raise RuntimeError(event)\n"
    "sys.addaudithook(refuse)": "Python stopped running",
}
SPOILS = {
    "import builtins\nbuiltins.__dict__.clear()": "",
    "print = None": "Put back, as the book needs it: print",
    "import sys\nsys.modules.clear()": "",
    "import sys\nsys.modules = None\nsys.meta_path.clear()": "",
    "import numpy as np\ndel np.zeros\nnp.linspace = np.array = None": "Put back[^$]*numpy.zeros",
    "import sys, os\nsys.stdout.close()\nsys.stderr.close()\nos.close(1)\nos.close(2)": "",
    "import widgets.engine.host as host\nhost.answer = host.execute = None": "Put back",
    "import widgets.engine.host as host\nhost.run_cell.__code__ = (lambda *a: None).__code__": "",
    "import sys\nsys.settrace(lambda *a: 1 / 0)\nsys.setrecursionlimit(60)": "",
    "import shutil\nshutil.rmtree('/lib', ignore_errors=True)": "",
    "import atexit, gc\natexit.register(print, 'late')\ngc.set_threshold(1)": "",
}
# One snippet for each way to hang, exhaust, end or damage Python. The variants are long tests.
FIRST = {
    "while True: pass",
    "while True: print('x')",
    "import time\ntime.sleep(1000)",
    "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
    "a = []\nwhile True: a.append(bytearray(10**7))",
    "def f(): return f()\nf()",
    "import os\nos._exit(1)",
    "name = input('Who? ')",
    "print('x\\n' * 50_000_000)",
    "import builtins\nbuiltins.__dict__.clear()",
    "import sys\nsys.modules.clear()",
    "import widgets.engine.host as host\nhost.answer = host.execute = None",
}
assert {*FOREVER, *ENDS, *SPOILS} >= FIRST


def each(codes: dict[str, str]) -> list[ParameterSet]:
    """Turn snippets into parameters; mark the variants as long."""
    return [pytest.param(code, marks=() if code in FIRST else pytest.mark.long) for code in codes]


@pytest.fixture(scope="module")
def lab(second_visit: Page) -> Page:
    """A section that starts from its snapshot."""
    return second_visit


def check_responsive(page: Page) -> None:
    """Move the pointer for a while, and check that the page responds each time."""
    for step in range(8):
        page.evaluate(LISTEN)
        page.mouse.move(300 + 5 * step, 400)
        page.wait_for_function("() => heard")


def stop(cell: Locator) -> float:
    """Press Stop; return the seconds until the snippet has stopped."""
    start = time.perf_counter()
    cell.locator('[data-action="stop"]').click()
    expect(cell).to_have_attribute("data-state", "stopped")
    return time.perf_counter() - start


def told(cell: Locator) -> str:
    """Wait until a snippet has finished; return its output and its status."""
    return f"{output(cell)}\n{cell.locator('[data-status]').inner_text()}"


def check_next_run(page: Page) -> None:
    """Check that the next snippet runs, with NumPy and the standard library."""
    code = "import json\nimport numpy as np\nprint(json.dumps(np.zeros(2).tolist()), len('abc'))"
    assert "[0.0, 0.0] 3" in output(run(page, code))


def check_instrument(page: Page) -> None:
    """Check that a slider of the first instrument changes a readout."""
    instrument = page.locator("section.instrument").first
    readout = instrument.locator("[data-readout]").nth(1)
    before = readout.inner_text()
    slider = instrument.locator("input[type=range]:visible").first
    slider.scroll_into_view_if_needed()
    slider.focus()
    page.keyboard.press("End" if slider.input_value() != slider.get_attribute("max") else "Home")
    expect(readout).not_to_have_text(before)


@pytest.mark.clock
@pytest.mark.parametrize("code", each(FOREVER))
def test_what_never_ends_is_stopped(lab: Page, code: str) -> None:
    cell = run(lab, code)
    expect(cell.locator("[data-status]")).to_have_text(re.compile("^Running"))
    check_responsive(lab)
    if FOREVER[code] == "Variables are kept":
        with lenient(lab):
            seconds = stop(cell)
    else:
        seconds = stop(cell)
    print(f"stopped in {seconds:.2f} s")
    assert re.search(FOREVER[code], told(cell))
    check_next_run(lab)


@pytest.mark.clock
def test_instruments_go_on_while_code_runs_for_ever(lab: Page) -> None:
    cell = run(lab, "while True: pass")
    check_instrument(lab)
    check_instrument(lab)
    expect(cell).to_have_attribute("data-state", "running")
    stop(cell)


@pytest.mark.parametrize("code", each(ENDS))
def test_what_breaks_is_told_and_the_next_run_works(lab: Page, code: str) -> None:
    with lenient(lab):
        cell = run(lab, code)
        check_responsive(lab)
        assert re.search(ENDS[code], told(cell)), told(cell)[-500:]
    check_next_run(lab)


@pytest.mark.long
def test_overwritten_memory_ends_python_and_not_the_page(chromium: Browser, book: str) -> None:
    """Runs in a full browser, because the tab of a headless shell crashes."""
    browser = launch(chromium.browser_type, names=NAMES)
    page = browser.new_page()
    page.goto(book + SECTION)
    cell = run(page, "import ctypes\nctypes.memset(4096, 255, 30_000_000)")
    check_responsive(page)
    assert re.search("Error|stopped", told(cell)), told(cell)[-500:]
    check_next_run(page)
    browser.close()


@pytest.mark.parametrize("code", each(SPOILS))
def test_what_is_spoiled_is_put_back(lab: Page, code: str) -> None:
    assert re.search(SPOILS[code], told(run(lab, code))), told(lab.locator("[data-cell]").first)
    check_next_run(lab)
    check_instrument(lab)


def step_until(page: Page, holds: Callable[[], bool]) -> None:
    """Advance the page's clock in steps of 1 ms, for at most four seconds."""
    for _ in range(4_000):
        if holds():
            return
        page.clock.run_for(1)
    pytest.fail("It has not come in time.")


@pytest.mark.clock
def test_time_limits(open_page: Open, book: str) -> None:
    """A snippet may run for one minute and a picture for ten seconds, by the page's clock."""
    page = open_page("404.html", fresh=True)  # a fake clock affects the entire profile
    page.clock.install()
    page.goto(book + SECTION)
    expect(page.locator(READY)).to_be_attached()
    cell = run(page, "kept = 3\nwhile True: pass")
    status = cell.locator("[data-status]")
    expect(status).to_have_text(re.compile("^Running"))
    check_instrument(page)  # starts a second Python, which stays
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 5)
    passed = int(status.inner_text().split()[1])
    page.clock.fast_forward((58 - passed) * 1_000)
    expect(status).to_have_text("Running, 58 s")
    page.clock.fast_forward(2_000)
    # The clock must advance: a page that has to repeat a Stop waits before it does.
    step_until(page, lambda: "Stopped after 60 s, the time limit" in status.inner_text())
    page.clock.resume()
    assert output(run(page, "kept")).strip() == "3"

    instrument = page.locator("section.instrument").first
    instrument.locator('[data-action="code"]').click()
    expect(instrument.locator(".cm-content")).to_be_visible()
    write(page, instrument, "while True: pass")
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 3)
    step_until(page, lambda: instrument.get_attribute("data-state") == "busy")
    other = page.locator("section.instrument").nth(1)
    readouts = other.locator("[data-readout]")
    before = readouts.all_inner_texts()
    other.locator(".typed:visible").first.press("ArrowUp")
    step_until(page, lambda: readouts.all_inner_texts() != before)
    page.clock.fast_forward(10_000)
    result = instrument.locator("[data-status]")
    step_until(page, lambda: "Stopped after 10 s" in result.inner_text())
    page.clock.resume()
    assert output(run(page, "6 * 7")).strip() == "42"


@pytest.mark.clock
def test_a_slow_machine_has_longer_for_the_books_pictures(open_page: Open, book: str) -> None:
    """An answer may take 20 s by the page's clock, twice the limit of a reader's edit.

    On a fast machine it waits for another answer, because the page computes the next values of a
    focused control ahead.
    """
    page = open_page("404.html", fresh=True)
    page.add_init_script(SLOW_ANSWERS.replace("1_000", "window.late ?? 0"))
    page.clock.install()
    page.goto(book + SECTION)
    expect(page.locator(READY)).to_be_attached()
    instrument = page.locator("section.instrument").first
    expect(instrument).to_have_attribute("data-state", "live")
    readouts = instrument.locator("[data-readout]")
    before = readouts.all_inner_texts()
    page.evaluate("window.late = 20_000")
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 3)
    instrument.locator(".typed:visible").first.press("ArrowUp")
    step_until(page, lambda: instrument.get_attribute("data-state") == "busy")
    seconds = 0
    while readouts.all_inner_texts() == before:
        page.wait_for_timeout(100)  # Python is not on the page's clock
        page.clock.fast_forward(1_000)
        seconds += 1
        assert page.locator(READY).count() == 1, f"Python starts again after {seconds} s"
        assert seconds < 180, "no answer has come"
    assert seconds >= 19


@pytest.mark.clock
def test_a_slow_machine_has_longer_to_stop(open_page: Open, book: str) -> None:
    """Each answer takes one second to reach the page, longer than an interrupt usually may."""
    page = open_page("404.html", fresh=True)
    page.add_init_script(SLOW_ANSWERS)
    page.goto(book + SECTION)
    expect(page.locator(READY)).to_be_attached()
    assert output(run(page, "kept = 3")).strip() == ""
    cell = run(page, "while True: pass")
    expect(cell.locator("[data-status]")).to_have_text(re.compile("^Running"))
    stop(cell)
    assert "Variables are kept" in told(cell)
    assert output(run(page, "kept")).strip() == "3"


@pytest.mark.parametrize("call", ["loadPackage('pandas')", "runPythonAsync('1 / 0')"])
def test_a_promise_that_nobody_waits_for_is_no_error_of_the_page(
    open_page: Open, call: str
) -> None:
    """The fixture fails the test on an uncaught error."""
    page = open_page()
    expect(
        run(page, f"import pyodide_js\npyodide_js.{call}\nprint('asked')")
    ).not_to_have_attribute("data-state", "running")
    assert output(run(page, "print(6 * 7)")).strip() == "42"


def test_an_edit_of_an_instrument_that_was_stopped_waits_to_be_run(open_page: Open) -> None:
    page = open_page()
    instrument = page.locator("section.instrument").first
    instrument.scroll_into_view_if_needed()
    instrument.locator('[data-action="code"]').click()
    expect(instrument.locator(".cm-content")).to_be_visible()
    write(page, instrument, "while True: pass")
    instrument.get_by_role("button", name="Stop").click()
    expect(instrument.locator("[data-status]")).to_contain_text("Stopped.")
    expect(instrument.get_by_role("button", name="Run my code")).to_be_visible()
    page.reload()
    instrument.scroll_into_view_if_needed()
    expect(instrument.get_by_role("button", name="Run my code")).to_be_visible()
    status = instrument.locator("[data-status]")
    expect(status).to_contain_text("Your version was stopped")
    write(page, instrument, "raise KeyError")
    expect(status).to_contain_text("Line 1: KeyError")
    expect(instrument.get_by_role("button", name="Run my code")).to_be_hidden()
    instrument.locator('[data-action="reset-code"]').click()
    expect(instrument).to_have_attribute("data-state", "live")


@pytest.mark.clock
def test_where_a_page_is_not_isolated_a_stop_costs_variables_and_no_wait(
    open_page: Open, static_host: str
) -> None:
    page = open_page(host=static_host, fresh=True)
    assert not page.evaluate("crossOriginIsolated")
    come_back(page)
    for code in ("while True: pass", "import time\ntime.sleep(1000)"):
        cell = run(page, code)
        expect(cell.locator("[data-status]")).to_have_text(re.compile("^Running"))
        stop(cell)
        assert "variables are lost" in told(cell)
        expect(page.locator(READY)).to_have_text("Restarted: variables are lost")
        check_next_run(page)
        check_instrument(page)


@pytest.mark.clock
def test_without_a_second_worker_python_starts_again(open_page: Open, book: str) -> None:
    page = open_page("404.html", expected=("Pyodide has suffered", "cause of the fatal error"))
    page.add_init_script("Object.defineProperty(navigator, 'deviceMemory', { get: () => 1 });")
    page.goto(book + SECTION)
    page.locator("section[data-cell]").first.scroll_into_view_if_needed()
    expect(page.locator(READY)).to_be_attached()
    deaf = "import signal\nsignal.signal(2, lambda *what: None)\nprint('deaf')\nwhile True: pass"
    cell = run(page, deaf)
    expect(cell.locator("[data-output]")).to_contain_text("deaf")
    stop(cell)
    assert "variables are lost" in told(cell)
    check_next_run(page)
    check_instrument(page)
