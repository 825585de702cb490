"""Pages of a built site: their ids, the addresses they name, and broken links."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urljoin

OUTSIDE = ("http:", "https:", "mailto:")


class SitePage(HTMLParser):
    """Every address that a page names, and every id that it has."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.ids.append(value)
            elif name in ("href", "src") and value:
                self.addresses.append(value)


def site_pages(folder: Path) -> dict[str, SitePage]:
    """The pages of a site by their place: ``/`` and ``/slug/``."""
    return {
        f"/{path.relative_to(folder)}".removesuffix("index.html"): SitePage(path.read_text())
        for path in folder.rglob("*.html")
    }


def broken_links(folder: Path) -> list[str]:
    """'place -> address' for every address inside the site that leads to nothing."""
    pages = site_pages(folder)
    broken = []
    for place, page in pages.items():
        for address in page.addresses:
            if address.startswith(OUTSIDE):
                continue
            target, fragment = urldefrag(urljoin(place, address))
            if target in pages:
                good = not fragment or fragment in pages[target].ids
            else:
                good = (folder / target.lstrip("/")).is_file()
            if not good:
                broken.append(f"{place} -> {address}")
    return broken


def repeated_ids(folder: Path) -> list[str]:
    """'place #id' for every id that a page has more than once."""
    return [
        f"{place} #{id}"
        for place, page in site_pages(folder).items()
        for id in sorted({id for id in page.ids if page.ids.count(id) > 1})
    ]
