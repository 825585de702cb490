"""A book to pages, by Jinja templates: one a page, one a block."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from app.book.compose.blocks import Block
from app.book.compose.pieces import Html
from app.book.types import Book, Page
from app.book.write.assets import Assets
from app.headers import CONTENT_SECURITY_POLICY, written

TEX_SOURCE = re.compile(r"<annotation .*?</annotation>", re.DOTALL)
"""The TeX that KaTeX leaves in each equation's MathML: a reader's page has no use for it."""

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"


@lru_cache(maxsize=4)
def template_environment(folder: Path) -> Environment:
    """Jinja over a folder of templates; it notices by itself when one changes."""
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@dataclass(frozen=True)
class Renderer:
    """Renders the pages of one book.

    Attributes
    ----------
    book : what is shown
    assets : bundled files by logical name
    config : what all pages have in common in ``latentbook-config``
    web_manifest : place of the web manifest
    site_path : where the site is on its host
    templates : the folder of templates
    """

    book: Book
    assets: Assets
    config: Mapping[str, Any]
    web_manifest: str
    site_path: str
    templates: Path = TEMPLATES

    def pages(self) -> Iterator[tuple[str, str]]:
        """Every page: its place in the site, and its HTML."""
        book = self.book
        environment = template_environment(self.templates)
        front = self._page("front", book.title, book.front.description, "./", slug="")
        yield (
            "index.html",
            self._render(environment, "front.html", front, chapter=book.front),
        )
        for chapter in book.chapters:
            title = f"{chapter.title} · {book.title}"
            page = self._page(
                "chapter",
                title,
                chapter.description,
                "../",
                slug=chapter.slug,
                chapter=chapter.number,
            )
            html = self._render(environment, "chapter.html", page, chapter=chapter)
            yield f"{chapter.slug}/index.html", html
        for name, title in (
            ("contents", "Contents"),
            ("facts", "Sourced facts"),
            ("references", "References"),
        ):
            page = self._page(name, f"{title} · {book.title}", book.description, "../", slug=name)
            yield f"{name}/index.html", self._render(environment, f"{name}.html", page)
        # A host sends this page for any address, so its links cannot be relative.
        title = f"Not found · {book.title}"
        missing = self._page("missing", title, book.description, self.site_path, slug="")
        yield "404.html", self._render(environment, "404.html", missing)

    def _page(
        self,
        name: str,
        title: str,
        description: str,
        root: str,
        *,
        slug: str,
        chapter: str | None = None,
    ) -> Page:
        config = {**self.config, "root": root, "slug": slug, "chapter": chapter}
        return Page(name, title, description, root, script_json(config))

    def _render(self, environment: Environment, template: str, page: Page, **names: Any) -> str:
        def url(place: str) -> str:
            slug, hash, label = place.partition("#")
            folder = f"{slug}/" if slug else ""
            return f"{page.root}{folder}{hash}{label}"

        def asset(name: str) -> str:
            return page.root + self.assets.place(name)

        def render(blocks: Block | Iterable[Block]) -> Markup:
            several = blocks if isinstance(blocks, Iterable) else (blocks,)
            return Markup("").join(
                Markup(
                    environment.get_template(f"blocks/{block.kind}.html").render(
                        **common, block=block
                    )
                )
                for block in several
            )

        common = {
            "book": self.book,
            "page": page,
            "policy": written(CONTENT_SECURITY_POLICY),
            "url": url,
            "asset": asset,
            "render": render,
            "web_manifest": page.root + self.web_manifest,
        }
        html = environment.get_template(template).render(**common, **names)
        return TEX_SOURCE.sub("", html)


def script_json(value: Any) -> Html:
    """JSON that can stand inside a script element."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Html(text)
