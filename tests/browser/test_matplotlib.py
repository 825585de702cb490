"""Matplotlib draws the same figures in the page as in CPython, under the snippet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from latentbook.book.build import build_site
from latentbook.book.overlay.merge import open_project
from latentbook.book.read.recordings import SVG, Recorded, same_outputs
from latentbook.book.write.prefill import fill
from latentbook.main import create_app
from latentbook.runtime.page_packages import PagePackages
from latentbook.settings import Settings
from latentbook_authoring.check.book import check_book
from latentbook_authoring.packages.change import add, write
from tests.browser.axe import in_both_themes
from tests.browser.book_pages import output, run, visit
from tests.browser.editions import ONE, write_content
from tools.bench.serving import served

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.release]

CODE = """\
import numpy as np
import matplotlib.pyplot as plt

t = np.linspace(0, 10, 100)
plt.plot(t, np.cos(t), label="$\\\\cos t$")
plt.xlabel("hours")
plt.legend()
plt.show()
print("between")
plt.imshow(np.outer(t, t))
plt.colorbar()
"""
ALT = "A cosine, and an image."


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A small book with Matplotlib in its first snippet."""
    folder: Path = tmp_path_factory.mktemp("book")
    settings = Settings(content=folder / "content", build=folder / "build")
    fill(settings.build / "cache", Settings().build / "cache")
    write_content(settings.content, "A")
    write(add(PagePackages.read(settings), ["matplotlib"], print))
    text = settings.content / "one" / "one-text.md"
    before, _, rest = text.read_text().partition("import numpy as np\n")
    before = before.rstrip() + f"\n:alt: {ALT}\n\n"
    text.write_text(before + CODE + rest[rest.index("```") :])
    check_book(open_project(settings), report=print, record=True)
    build_site(open_project(settings), report=print)
    return settings


@pytest.fixture
def page(settings: Settings, chromium: Browser) -> Iterator[Page]:
    with served(create_app(settings)) as url, chromium.new_context() as context:
        yield visit(context, f"{url}/", ONE)


def drawn(cell: Locator) -> list[Recorded]:
    sources = [each.get_attribute("src") or "" for each in cell.locator("img").all()]
    assert all(source.startswith(f"data:{SVG};charset=utf-8,") for source in sources)
    return [Recorded(kind=SVG, data=unquote(source.partition(",")[2])) for source in sources]


def test_the_page_draws_what_was_recorded(settings: Settings, page: Page) -> None:
    cell = page.locator("section[data-cell]").first
    cell.scroll_into_view_if_needed()
    for image in cell.locator("img").all():
        expect(image).to_have_js_property("complete", True)
        expect(image).to_have_attribute("alt", ALT)
        sizes = "each => [each.width, each.height, each.naturalWidth, each.naturalHeight]"
        width, height, *natural = image.evaluate(sizes)
        assert [width, height] == pytest.approx(natural, abs=1)  # whole pixels
    assert not in_both_themes(page)

    cell.locator('[data-action="run"]').click()
    expect(cell).to_have_attribute("data-state", "done")
    kinds = "all => all.map((each) => each.className)"
    assert cell.locator("[data-output] > *").evaluate_all(kinds) == ["figure", "stdout", "figure"]
    recorded = json.loads((settings.content / "one" / "outputs.json").read_text())
    pieces = [Recorded(**each) for each in recorded["one-snippet"]["outputs"]]
    assert same_outputs([each for each in pieces if each.kind == SVG], drawn(cell))
    expect(cell.locator("img").first).to_have_attribute("alt", ALT)
    assert not in_both_themes(page)


def test_what_a_reader_draws_is_not_described_as_the_books(page: Page) -> None:
    cell = run(page, "import matplotlib.pyplot as plt\nplt.title('Mine')")
    assert output(cell) == ""
    [figure] = drawn(cell)
    assert "<!-- Mine -->" in figure.data
    expect(cell.locator("img")).to_have_attribute("alt", "Output of snippet 1.1")
    page.reload()  # the reader's figure is restored
    expect(cell.locator("img")).to_have_attribute("alt", "Output of snippet 1.1")
