"""The book as a PDF, printed by a headless Chromium from the built site."""

from __future__ import annotations

import mimetypes
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from latentbook.base.cache import replace_file
from latentbook.base.errors import LatentbookError
from latentbook.base.report import Report
from latentbook.book.build import build_site, dressed
from latentbook.book.compose.types import Book
from latentbook.book.load import compose
from latentbook.book.read.day import right_now
from latentbook.book.read.project import Project
from latentbook.book.write.assets import bundle
from latentbook.book.write.render import Renderer
from latentbook.browser import FLAGS, chromium_path

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

Paper = Literal["A4", "Letter"]

NOWHERE = "http://book.invalid/"
"""The base address if the book has none. No request leaves the machine."""

PASSES = 5
"""Page numbers can shift the text. Two passes suffice unless a line then breaks differently."""


def build_pdf(project: Project, *, paper: Paper, address: str, report: Report) -> Path:
    """Build the book and print it to ``build/TITLE.pdf``.

    Parameters
    ----------
    paper : size of its pages
    address : where the book is served, for links back to it; may be empty

    Raises
    ------
    LatentbookError
        If the address is not a URL, or if there is no Chromium to print with.
    """
    if address and urlsplit(address).scheme not in ("http", "https"):
        raise LatentbookError(
            f"{address!r} is not the address of a book; accepted: https://host/path/."
        )
    executable = printer()
    settings, now = project.settings, right_now()
    site = build_site(project, report=report, now=now)
    start = time.perf_counter()
    report("Printing the book")
    loaded = compose(project, now)
    book = loaded.book
    html = Renderer(
        book, dressed(loaded, bundle(settings), settings), {}, "", settings.base_path
    ).paper()
    static = settings.root / "static"
    css = (static / "css" / "paper.css").read_text(encoding="utf-8")
    with opened(executable, html, site, address) as page:
        page.add_style_tag(content=css + running_heads(book))
        page.add_script_tag(path=static / "js" / "paper.js")
        page.evaluate("known => writeAddresses(known)", bool(address))
        page.evaluate("document.fonts.ready")
        data, count = print_numbered(page, paper)
    path = settings.build / f"{file_name(book.title)}.pdf"
    replace_file(path, data)
    took = time.perf_counter() - start
    report(f"Printed {count} pages, {len(data) / 1e6:.1f} MB, in {took:.1f} s")
    return path


def print_numbered(page: Page, paper: Paper) -> tuple[bytes, int]:
    """Print until the page numbers in the text are right; return the PDF and its number of pages.

    Chromium does not support CSS target-counter, so a first pass finds the page of each target. It
    needs no tags, which double the file.
    """
    from pypdf import PdfReader

    written: Mapping[str, int] | None = None
    for _ in range(PASSES):
        last = written is not None
        data = page.pdf(format=paper, print_background=True, tagged=last, outline=True)
        reader = PdfReader(BytesIO(data))
        found = {
            name.removeprefix("/"): (reader.get_destination_page_number(place) or 0) + 1
            for name, place in reader.named_destinations.items()
        }
        if found == written:
            return data, len(reader.pages)
        page.evaluate("pages => writePages(pages)", found)
        written = found
    raise LatentbookError(f"The pages of the PDF did not stabilise in {PASSES} passes.")


def printer() -> str:
    """Path of the Chromium that prints.

    Raises
    ------
    LatentbookError
        If a program that printing needs is not installed.
    """
    try:
        import playwright  # noqa: F401
        import pypdf  # noqa: F401

        return chromium_path()
    except (ImportError, LatentbookError) as missing:
        raise LatentbookError(
            "A PDF needs Chromium, Playwright and pypdf: `make chromium` in a checkout, else "
            f"`pip install playwright pypdf` and the system's Chromium. {missing}"
        ) from None


@contextmanager
def opened(executable: str, html: str, site: Path, address: str) -> Iterator[Page]:
    """The page in a browser that can load only the files of the site."""
    from playwright.sync_api import sync_playwright

    base = f"{address.rstrip('/')}/" if address else NOWHERE

    def answer(route: Route) -> None:
        url = route.request.url.partition("#")[0]
        path = site / url.removeprefix(base)
        if url == base:
            route.fulfill(body=html, content_type="text/html; charset=utf-8")
        elif url.startswith(base) and path.is_file():
            kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
            route.fulfill(body=path.read_bytes(), content_type=kind)
        else:
            route.abort()

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        page = browser.new_page(color_scheme="light", reduced_motion="reduce")
        page.route("**/*", answer)
        page.goto(base, timeout=0)  # no limit: a complete book loads slowly
        yield page
        browser.close()


def running_heads(book: Book) -> str:
    """A style sheet for running heads: chapter on the left, section on the right."""
    return "".join(
        f"@page {chapter.slug}-{section.name} {{"
        f" @top-left {{ content: {css_string(chapter.number, chapter.title)} }}"
        f" @top-right {{ content: {css_string(section.number, section.title)} }} }}\n"
        for chapter in book.chapters
        for section in chapter.sections
    )


def css_string(number: str, title: str) -> str:
    text = f"{number}\N{EN SPACE}{title}"
    return '"' + re.sub(r'["\\\n]', lambda found: f"\\{ord(found[0]):x} ", text) + '"'


def file_name(title: str) -> str:
    return "-".join(re.findall(r"\w+", title.lower())) or "book"
