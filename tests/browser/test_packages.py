"""A cell imports the packages that a course adds, on the first visit and on later ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Request, Route

from latentbook.book.build import build_site
from latentbook.book.overlay.merge import open_project
from latentbook.book.write.prefill import fill
from latentbook.main import create_app
from latentbook.settings import Settings
from tests.browser.book_pages import mark, output, run, visit
from tests.browser.editions import ONE, write_content
from tests.unit.runtime.projects import add_packages
from tools.bench.serving import served

pytestmark = pytest.mark.browser

CODE = """
import regex, tree.branch
print(regex.findall(r"\\p{Lu}", "Ångström"), tree.branch.leaves())
"""


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a small book with added packages."""
    folder: Path = tmp_path_factory.mktemp("course")
    settings = Settings(content=folder / "content", build=folder / "build")
    fill(settings.build / "cache", Settings().build / "cache")
    write_content(settings.content, "A")
    add_packages(settings, folder / "wheels")
    build_site(open_project(settings), report=print)
    with served(create_app(settings)) as url:
        yield f"{url}/"


@pytest.mark.long
def test_packages_are_imported_on_every_visit(chromium: Browser, course: str) -> None:
    context = chromium.new_context()
    fetched: list[str] = []

    def note(request: Request) -> None:
        """Note a file's name, without its content hash."""
        fetched.append(re.sub(r".*/|-[0-9a-f]{12}(?=\.)", "", request.url))

    context.on("request", note)
    for start in ("files", "snapshot"):
        fetched.clear()
        page = visit(context, course, ONE)
        assert mark(page, "python-started") == start
        assert "regex.pack" not in fetched
        assert output(run(page, CODE)).strip() == "['Å'] green"
        assert {"regex.pack", "tree.pack"} <= set(fetched)
        if start == "files":
            assert mark(page, "snapshot") == "kept"
        page.close()
    context.close()


@pytest.mark.long
def test_without_the_network_an_import_says_why(chromium: Browser, course: str) -> None:
    context = chromium.new_context()

    def cut(route: Route) -> None:
        route.abort()

    context.route(re.compile(r"/tree-[0-9a-f]{12}\.pack$"), cut)
    page = visit(context, course, ONE)
    assert "tree could not be fetched: it needs the network" in output(run(page, "import tree"))
    context.close()
