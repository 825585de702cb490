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
from app.book.compose.compose import root_of
from app.book.pieces import Html
from app.book.read.source import PRINT
from app.book.types import Book, Chapter, Page
from app.book.write.assets import Assets
from app.http.headers import CONTENT_SECURITY_POLICY, written

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
        front = self._page("front", book.title, book.front.description, "")
        yield "index.html", self._render(environment, "front.html", front, chapter=book.front)
        for chapter in book.chapters:
            yield from self._chapter(environment, chapter)
        for name, title in (
            ("contents", "Contents"),
            ("facts", "Sourced facts"),
            ("references", "References"),
        ):
            page = self._page(name, title, book.description, name)
            yield f"{name}/index.html", self._render(environment, f"{name}.html", page)
        # A host sends this page for any address, so its links cannot be relative.
        missing = self._page("missing", "Not found", book.description, "", root=self.site_path)
        yield "404.html", self._render(environment, "404.html", missing)

    def _chapter(self, environment: Environment, chapter: Chapter) -> Iterator[tuple[str, str]]:
        """The opening of a chapter, its sections, and all of it on one page for printing."""
        slug = chapter.slug
        opening = self._page(
            "chapter",
            chapter.title,
            chapter.description,
            slug,
            chapter=chapter.number,
            moved=dict(chapter.moved),
        )
        yield (
            f"{slug}/index.html",
            self._render(environment, "chapter.html", opening, chapter=chapter),
        )
        for position, section in enumerate(chapter.sections, start=1):
            page = self._page(
                "section",
                f"{section.title} · {chapter.title}",
                section.description,
                section.place,
                chapter=chapter.number,
            )
            html = self._render(
                environment,
                "section.html",
                page,
                chapter=chapter,
                section=section,
                position=position,
            )
            yield f"{section.place}/index.html", html
        place = f"{slug}/{PRINT}"
        page = self._page("print", f"{chapter.title}, for printing", chapter.description, place)
        html = self._render(environment, "print.html", page, chapter=chapter)
        yield f"{place}/index.html", on_one_page(html, chapter)

    def _page(
        self,
        name: str,
        title: str,
        description: str,
        place: str,
        *,
        root: str = "",
        **config: Any,
    ) -> Page:
        """The frame of one page; what else scripts are told of it is ``config``."""
        book = self.book.title
        root = root or root_of(place)
        config = {**self.config, "root": root, "chapter": None, "moved": {}, **config}
        title = title if title == book else f"{title} · {book}"
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


def on_one_page(html: str, chapter: Chapter) -> str:
    """A chapter's one page, whose links to the chapter's own pages stay on it."""
    names = "|".join(re.escape(section.name) for section in chapter.sections)
    own = (
        rf'href="(?:\.\./){{2}}{re.escape(chapter.slug)}/(?:(?P<name>{names})/)?(?P<hash>#[^"]*)?"'
    )

    def stay(link: re.Match[str]) -> str:
        return f'href="{link["hash"] or "#" + (link["name"] or "main")}"'

    return re.sub(own, stay, html)


def script_json(value: Any) -> Html:
    """JSON that can stand inside a script element."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Html(text)
