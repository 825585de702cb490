"""Stepping through a snippet: the page records the same as CPython, and replays it by keyboard."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.book_pages import Open, go_to, run, where, write
from tests.patience import PATIENCE_S
from widgets.engine import host, steps

pytestmark = pytest.mark.browser

# Constructs whose lines or frames differ between versions of Python.
CODE = """\
import numpy as np
def shrink(x, by):
    y = [k * by
         for k in x]
    return y
def numbers():
    yield 1
    yield 2
class Net:
    width = 2
x = np.arange(6.0).reshape(2, 3)
for i in range(2):
    row = x[i]
    row[0] = np.nan if i else -1
    if row[0] == -1:
        continue
    print("é𝄞", i)
i = 0
while i < 3: i += 1
for n in numbers():
    with np.errstate(all="raise"):
        total = sum(shrink(range(n), 2))
try:
    int("x")
except ValueError as error:
    pass
finally:
    done = {"a": [True, None], "net": Net()}
match n:
    case 2:
        n = 3
mean = sum(v for v in range(3)) / (lambda v: v)(3)
1 / 0
"""

EARLIER = "total, x = 41, 'kept'"

# A recording ends after 2 s, which may be too short on a busy machine.
LENGTHEN = f"from widgets.engine import steps\nsteps.MAX_SECONDS = {PATIENCE_S}\ndel steps"

# Stores the recording when the page parses Python's answer.
LISTEN = """() => {
  const parse = JSON.parse;
  JSON.parse = (text, ...rest) => {
    const value = parse(text, ...rest);
    if (value?.steps) window.recording = value;
    return value;
  };
}"""


def in_cpython(code: str, filename: str) -> dict[str, Any]:
    request = {"id": 1, "scope": "new", "filename": filename}
    for kind, each in (("run_cell", EARLIER), ("step_cell", code)):
        reply = host.handle({**request, "type": kind, "code": each}, lambda mime, data: None)
    recording: dict[str, Any] = json.loads(reply["value"])
    return recording


def test_the_page_records_what_cpython_records(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "MAX_SECONDS", PATIENCE_S)
    page = open_page()
    page.evaluate(LISTEN)
    cell = run(page, f"{LENGTHEN}\n{EARLIER}")
    expect(cell).to_have_attribute("data-state", "done")
    write(page, cell, CODE)
    cell.get_by_role("button", name="Step through").click()
    expect(cell.get_by_role("slider", name="Step")).to_be_visible()
    found, same = page.evaluate("window.recording"), in_cpython(CODE, "snippet-linear-ae")
    for recording in (found, same):
        assert recording["error"].pop("traceback").endswith("ZeroDivisionError: division by zero\n")
    assert found["steps"] == same["steps"]
    assert found == same
    cell.get_by_role("button", name="Close").click()
    write(page, cell, "print(total, x)")
    cell.locator('[data-action="run"]').click()
    expect(cell.locator("pre.stdout")).to_have_text("41 kept\n")


def test_it_is_replayed_by_keyboard_alone(open_page: Open) -> None:
    page = open_page()
    cell = page.locator("section[data-cell]").first
    code = "total = 0\nfor i in range(3):\n    total += i\nprint(total)"
    write(page, cell, code)
    step = cell.get_by_role("button", name="Step through")
    step.focus()
    page.keyboard.press("Enter")
    forward = cell.get_by_role("button", name="Forward")
    expect(forward).to_be_focused()
    said = cell.locator(".steps [role=status]")
    expect(said).to_have_text("Line 1 is next.")
    page.keyboard.press("Enter")
    expect(said).to_have_text("Changed: total = 0. Line 2 is next.")
    expect(cell.locator(".cm-next")).to_have_text("for i in range(3):")
    page.keyboard.press("Tab")
    for sentence in ("Line 2 is next.", "Changed: total = 1. Line 2 is next."):
        page.keyboard.press("Enter")
        expect(said).to_have_text(sentence)
    row = cell.get_by_role("row", name="total")
    expect(row).to_contain_text("changed")
    expect(row.get_by_role("cell").nth(1)).to_have_text("1")
    slider = cell.get_by_role("slider")
    slider.focus()
    page.keyboard.press("End")
    expect(said).to_have_text("The code has ended.")
    expect(cell.locator("pre.printed")).to_have_text("3\n")
    expect(forward).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("Home")
    expect(said).to_have_text("Line 1 is next.")
    expect(cell.get_by_role("button", name="Back")).to_have_attribute("aria-disabled", "true")
    cell.get_by_role("button", name="Close").press("Enter")
    expect(step).to_be_focused()
    expect(cell.locator(".cm-next")).to_have_count(0)


@pytest.mark.clock
def test_stop_ends_a_recording_and_the_next_one_works(desk: Page) -> None:
    cell = desk.locator("section[data-cell]").first
    write(desk, cell, "import time\nkept = 1\ntime.sleep(100)")
    cell.get_by_role("button", name="Step through").click()
    expect(cell).to_have_attribute("data-state", "running")
    cell.locator('[data-action="stop"]').click()
    # On a busy machine Python may miss the 0.6 s that it has to stop, and be restarted.
    expect(cell.locator("[data-status]")).to_contain_text("Stopped")
    write(desk, cell, "'kept' in globals()")
    cell.locator('[data-action="run"]').click()
    expect(cell.locator("pre.value")).to_have_text("False")
    cell.locator('.mark [data-action="reset"]').click()


def test_a_recording_that_lacks_a_name_offers_to_run_what_makes_it(open_page: Open) -> None:
    page = open_page()
    write(page, page.locator("section[data-cell]").first, "rows = [1, 2]")
    go_to(page, where("snippet-bend"))
    cell = page.locator("#snippet-bend")
    write(page, cell, "rows.append(3)")
    cell.get_by_role("button", name="Step through").click()
    said = cell.locator(".steps [role=status]")
    cell.get_by_role("slider").press("End")
    expect(said).to_have_text("Line 1 fails. NameError: name 'rows' is not defined")
    cell.locator(".steps .offer button").click()
    expect(said).to_have_text("Line 1 is next.")
    cell.get_by_role("slider").press("End")
    expect(said).to_have_text("Changed: rows = [1, 2, 3]. The code has ended.")
    expect(cell).to_have_attribute("data-state", "recorded")


def test_an_error_is_explained_at_the_step_where_it_is_raised(open_page: Open) -> None:
    page = open_page()
    go_to(page, where("snippet-bend"))
    cell = page.locator("#snippet-bend")
    write(page, cell, "import numpy as np\nnp.zeros(3) @ np.zeros(2)")
    cell.get_by_role("button", name="Step through").click()
    meaning = cell.locator(".steps .explanation")
    expect(meaning).to_be_attached()
    expect(meaning).to_be_hidden()
    cell.get_by_role("slider").press("End")
    expect(meaning).to_have_text(re.compile(r"^Line 2: .*3.*2"))


def test_longer_code_is_refused_with_a_sentence(desk: Page) -> None:
    go_to(desk, where("snippet-bend"))
    cell = desk.locator("#snippet-bend")
    step = cell.get_by_role("button", name="Step through")
    expect(step).to_be_hidden()  # the book's code has 58 lines
    write(desk, cell, "x = 1\n" * 40 + "y = 1")
    step.click()
    expect(cell.locator("[data-status]")).to_contain_text("at most 40 lines")
    cell.locator('.mark [data-action="reset"]').click()
