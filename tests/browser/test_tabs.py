"""Tabs by mouse, keyboard and link, without scripts and on paper; the choice is remembered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from latentbook.book.build import build_site
from latentbook.book.overlay.merge import open_project
from latentbook.book.write.prefill import fill
from latentbook.settings import Settings
from tests.browser.axe import in_both_themes
from tests.browser.book_pages import Open
from tests.browser.conftest import plain_host
from tests.unit.book import conftest as small

pytestmark = pytest.mark.browser

TABS = """\
:::::{tab-set}
::::{tab-item} NumPy
```{code-cell} python
:label: numpy-LABEL
:title: By hand

loss = 1.0  # a line that is longer than a phone is wide, so that the listing has to scroll sideways
```
::::
::::{tab-item} PyTorch
```{code-cell} python
:label: torch-LABEL
:title: With torch
:read-only:

loss = torch.tensor(1.0)
```

:::{literalinclude} one.py
:part: f
:::
::::
:::::
"""
TEXT = f"""{small.HEAD}
Text, and {{ref}}`torch-two` on another page.

{TABS.replace("LABEL", "one")}

More text, and {{ref}}`torch-one`.

{TABS.replace("LABEL", "three")}
"""
OTHER = small.HEAD.replace("title: Text", "title: Other") + "\n" + TABS.replace("LABEL", "two")
FILE = '"""One."""\n\n\ndef f(x):\n    return x < 1\n'


@pytest.fixture
def book(tmp_path: Path, root: Path, small_runtime: None) -> Iterator[str]:
    files = {
        "content/book.toml": small.BOOK,
        "content/front.md": small.FRONT,
        "content/references.bib": small.REFERENCES,
        "content/facts.toml": "",
        "content/sample/index.md": small.OPENING.replace("[text]", "[text, other]") + "\nText.\n",
        "content/sample/text.md": TEXT,
        "content/sample/other.md": OTHER,
        "practice/one.py": FILE,
    }
    for name, text in files.items():
        path = tmp_path / "book" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    build = tmp_path / "build"
    fill(build / "cache", Settings().build / "cache")
    settings = Settings(root=root, content=tmp_path / "book" / "content", build=build)
    with plain_host(build_site(open_project(settings), report=print)) as url:
        yield url


def tab(page: Page, name: str, of: int = 0) -> Locator:
    return page.locator(".tabs").nth(of).get_by_role("tab", name=name)


def shown(page: Page) -> list[str]:
    """List the first label in each visible panel."""
    panels = page.locator(".tab:visible").all()
    return [str(each.locator(".snippet[id]").get_attribute("id")) for each in panels]


def test_one_choice_for_the_whole_book(open_page: Open, book: str, tmp_path: Path) -> None:
    page = open_page("sample/text/", host=book, python=False, fresh=True)
    expect(page.locator(".tabs[data-ready]")).to_have_count(2)
    assert shown(page) == ["numpy-one", "numpy-three"]
    assert page.get_by_role("tabpanel", name="NumPy").count() == 2

    tab(page, "NumPy", 1).focus()
    page.evaluate("scrollTo(0, 1e6)")
    before = tab(page, "NumPy", 1).bounding_box()
    page.keyboard.press("ArrowRight")
    expect(tab(page, "PyTorch", 1)).to_be_focused()
    assert shown(page) == ["torch-one", "torch-three"]
    after = tab(page, "NumPy", 1).bounding_box()
    assert before and after and abs(before["y"] - after["y"]) < 2
    for key, name in {
        "ArrowRight": "NumPy",
        "End": "PyTorch",
        "Home": "NumPy",
        "ArrowLeft": "PyTorch",
    }.items():
        page.keyboard.press(key)
        expect(tab(page, name, 1)).to_be_focused()
        expect(tab(page, name, 0)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.tab') !== null")
    assert in_both_themes(page) == []

    with page.expect_download() as download:
        page.get_by_role("link", name="Download one.py").first.click()
    download.value.save_as(tmp_path / "saved.py")
    assert (tmp_path / "saved.py").read_text(encoding="utf-8") == FILE
    page.goto(f"{book}sample/other/")
    expect(page.locator("#torch-two")).to_be_visible()


@pytest.mark.parametrize("way", ["link", "address", "another page"])
def test_a_link_opens_the_tab(open_page: Open, book: str, way: str) -> None:
    at = "sample/text/#torch-three" if way == "address" else "sample/text/"
    page = open_page(
        at, host=book, python=False, fresh=True, viewport={"width": 360, "height": 640}
    )
    expect(page.locator(".tabs[data-ready]")).to_have_count(2)
    label = {"link": "torch-one", "address": "torch-three", "another page": "torch-two"}[way]
    if way != "address":
        page.locator(f'a.ref[href$="#{label}"]').click()
    expect(page.locator(f"#{label}")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.goto(f"{book}sample/")  # following a link does not count as a choice
    page.goto(f"{book}sample/text/")
    expect(page.locator("#numpy-one")).to_be_visible()


def test_all_tabs_without_scripts_and_on_paper(open_page: Open, book: str) -> None:
    page = open_page("sample/other/", host=book, java_script_enabled=False)
    everything = ["numpy-two", "torch-two"]
    assert shown(page) == everything
    assert page.locator(".tab-title:visible").all_inner_texts() == ["NumPy", "PyTorch"]
    assert page.get_by_role("tab").count() == 0
    page = open_page("sample/other/", host=book, python=False, fresh=True)
    expect(page.locator(".tabs[data-ready]")).to_have_count(1)
    page.emulate_media(media="print")
    assert shown(page) == everything
    assert page.locator(".tab-title:visible").all_inner_texts() == ["NumPy", "PyTorch"]
    assert page.locator("#torch-two code").evaluate(
        "e => e.checkVisibility({contentVisibilityAuto: true})"
    )
