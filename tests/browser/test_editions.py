"""Data that readers stored with an earlier release is still there in this one."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.book_pages import Open

STORAGE = Path(__file__).parents[1] / "fixtures" / "editions" / "storage-0.1.0.json"
"""A browser's storage: a changed instrument, a snippet that was run, a wrong answer, a place."""


def test_edits_and_answers_of_the_last_release_are_there(open_page: Open) -> None:
    page = open_page()
    own = page.locator('#bottleneck [data-readout="kept"]').inner_text()
    page.evaluate("stored => Object.assign(localStorage, stored)", json.loads(STORAGE.read_text()))
    page.reload()
    instrument = page.locator("#bottleneck")
    expect(instrument).to_have_attribute("data-edited", "")
    instrument.scroll_into_view_if_needed()
    readout = instrument.locator('[data-readout="kept"]')
    expect(readout).to_have_text(f"{float(own) / 2:.1f}")  # the edit halves it
    snippet = page.locator("#snippet-linear-ae")
    snippet.scroll_into_view_if_needed()
    expect(snippet).to_contain_text("print('kept', kept)")
    expect(snippet.locator("[data-output]")).to_have_text("kept 7\n")
    expect(page.locator("#q-linear-pca")).to_have_attribute("data-state", "wrong")
