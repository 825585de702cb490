"""Explanations of errors in the page: every case of the table, and where the sentence appears."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.book_pages import SECTION, Open, go_to, run, where, write
from tests.explained import explained_cases, noted_cases, unexplained_cases, written

pytestmark = pytest.mark.browser

ALL_CASES = """\
import json
from widgets.engine import host
def explanation(code):
    for source in ("import numpy as np", code):
        request = {"type": "run_cell", "id": 1, "scope": "case", "code": source, "filename": "cell"}
        reply = host.handle(request, lambda mime, data: None)
    host.handle({"type": "reset_scope", "id": 1, "scope": "case"}, None)
    return reply.get("explanation")  # some are no error in WebAssembly
def notes(code):
    for source in ("import numpy as np", code):
        request = {"type": "run_cell", "id": 1, "scope": "case", "code": source, "filename": "cell"}
        reply = host.handle(request, lambda mime, data: None)
    host.handle({"type": "reset_scope", "id": 1, "scope": "case"}, None)
    return reply["value"] or []
"""
WRONG = """\
X = np.ones((256, 784))
W = np.ones((32, 784))
H = X @ W"""
SENTENCE = "X is (256, 784), W is (32, 784); @ needs 784 = 32. X @ W.T fits."


def test_every_case_has_its_sentence_in_the_page(desk: Page) -> None:
    """Check all cases in one run, by the engine itself."""
    cases = dict(explained_cases()) | dict.fromkeys(unexplained_cases(), "")
    define = f"exec({ALL_CASES!r})"
    codes = f"codes = json.loads({json.dumps(json.dumps(list(cases)))})"
    cell = run(desk, f"{define}\n{codes}\njson.dumps([explanation(code) for code in codes])")
    expect(cell).to_have_attribute("data-state", "done")
    shown = cell.locator("[data-output] pre.value").text_content() or ""
    found = map(written, json.loads(ast.literal_eval(shown)))
    assert dict(zip(cases, found, strict=True)) == cases


def test_every_note_is_made_in_the_page(desk: Page) -> None:
    """Leave out cases with integers: they have 32 bits in the page, so other values wrap."""
    whole = re.compile(r"\bu?int\d*\b|arange|integers")
    cases = {code: told for code, told in noted_cases() if not whole.search(f"{code}{told}")}
    define = f"exec({ALL_CASES!r})"
    codes = f"codes = json.loads({json.dumps(json.dumps(list(cases)))})"
    cell = run(desk, f"{define}\n{codes}\njson.dumps([notes(code) for code in codes])")
    expect(cell).to_have_attribute("data-state", "done")
    shown = cell.locator("[data-output] pre.value").last.text_content() or ""
    found = [[written(each) for each in notes] for notes in json.loads(ast.literal_eval(shown))]
    assert dict(zip(cases, found, strict=True)) == cases
    assert len(cases) > 40


def test_the_sentence_is_under_the_traceback_and_announced(open_page: Open) -> None:
    page = open_page(SECTION)
    cell = run(page, f"import numpy as np\n{WRONG}")
    sentence = cell.locator("[data-output] pre.error + p.explanation")
    expect(sentence).to_have_text(f"Line 4: {SENTENCE}")
    expect(sentence.locator("code").first).to_have_text("X")
    status = cell.locator("[data-status]")
    expect(status).to_have_attribute("aria-live", "polite")
    expect(status).to_have_text(f"Stopped at line 4 Line 4: {SENTENCE}")
    page.reload()
    expect(sentence).to_have_text(f"Line 4: {SENTENCE}")


def test_what_a_run_left_is_under_its_output_and_announced(open_page: Open) -> None:
    page = open_page(SECTION)
    cell = run(page, "import numpy as np\nz = np.array([1000.0, 0.0])\nnp.exp(z)")
    first = "Line 3: np.exp(z) gives inf, the first number that is not finite."
    values = "Values of np.exp(z) that are nan or infinite: 1 of 2."
    notes = cell.locator("[data-output] pre.value ~ p.explanation")
    expect(notes).to_have_text([first, values])
    expect(notes.first.locator("code").first).to_have_text("np.exp(z)")
    expect(cell.locator("[data-status]")).to_contain_text(f"{first} {values}")
    page.reload()
    expect(notes).to_have_text([first, values])
    run(page, "import numpy as np\nnp.exp(np.array([1.0]))")
    expect(notes).to_have_count(0)


def test_a_singular_matrix_is_refused_in_the_page(open_page: Open) -> None:
    page = open_page(SECTION)
    cell = run(page, "import numpy as np\nnp.linalg.inv(np.ones((2, 2)))")
    expect(cell.locator("[data-output] pre.error")).to_contain_text("LinAlgError: Singular matrix")


def test_the_sentence_of_an_answer(desk: Page) -> None:
    go_to(desk, where("q-pca-reconstruct"))
    quiz = desk.locator("#q-pca-reconstruct")
    write(desk, quiz, f"import numpy as np\n{WRONG}")
    quiz.locator('[data-action="check"]').click()
    feedback = quiz.locator('[data-feedback][role="status"]')
    expect(feedback.locator("pre.error + p.explanation")).to_have_text(f"Line 4: {SENTENCE}")
    quiz.locator('[data-action="start-over"]').first.click()


def test_the_sentence_of_an_edited_instrument(open_page: Open) -> None:
    page = open_page(where("bottleneck"))
    instrument = page.locator("#bottleneck")
    instrument.locator('[data-action="code"]').click()
    source = Path("widgets/bottleneck.py").read_text(encoding="utf-8")
    start = re.search(r"^def compute\(.*\):\n(?:    \"\"\"(?:.|\n)*?\"\"\"\n)?", source, re.M)
    assert start is not None
    wrong = WRONG.replace("\n", "\n    ")
    write(page, instrument, f"{source[: start.end()]}    {wrong}\n{source[start.end() :]}")
    error = instrument.locator("[data-editor-error][role='alert']")
    expect(error.locator("pre + p.explanation")).to_contain_text(SENTENCE)
