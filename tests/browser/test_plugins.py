"""A plugin's block starts its script in the page, and running it shows its output."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from latentbook.book.build import build_site
from latentbook.book.overlay.merge import open_project
from latentbook.book.write.prefill import fill
from latentbook.main import create_app
from latentbook.settings import Settings
from tests.browser.book_pages import output, run, visit
from tests.browser.editions import ONE, write_content
from tools.bench.serving import served

pytestmark = pytest.mark.browser

SCRIPT = """    script: ClassVar[str] = '''
      export default (section) => {
        const [first, ...others] = section.querySelectorAll("li");
        first.textContent += ` (${1 + others.length})`;
      };
    '''
"""


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[str]:
    """URL of a small book with the example plugin and a script."""
    folder: Path = tmp_path_factory.mktemp("book")
    settings = Settings(content=folder / "content", build=folder / "build")
    fill(settings.build / "cache", Settings().build / "cache")
    write_content(settings.content, "A")
    code = (root / "examples" / "plugin" / "latentbook_history.py").read_text(encoding="utf-8")
    style = "    style: ClassVar[str]"
    (settings.content / "history.py").write_text(code.replace(style, SCRIPT + style))
    manifest = settings.content / "book.toml"
    manifest.write_text(manifest.read_text() + '\n[extensions]\nhistory = "history.py"\n')
    text = settings.content / "one" / "one-text.md"
    text.write_text(text.read_text() + "\n:::{timeline}\n1453: It falls\n1789: This, too\n:::\n")
    build_site(open_project(settings), report=print)
    with served(create_app(settings)) as url:
        yield f"{url}/"


def test_a_block_starts_and_a_value_is_shown(chromium: Browser, book: str) -> None:
    with chromium.new_context() as context:
        page = visit(context, book, ONE)
        page.locator(".timeline").scroll_into_view_if_needed()
        expect(page.locator(".timeline li").first).to_have_text("1453 It falls (2)")
        expect(page.locator(".timeline ol")).to_have_css("list-style-type", "none")
        cell = run(page, "from datetime import date\ndate(1453, 5, 29)")
        expect(cell.locator("[data-output] .rich p")).to_have_text("29 May 1453")
        assert output(cell).strip() == "29 May 1453"
