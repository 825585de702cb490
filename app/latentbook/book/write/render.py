"""A book to pages by Jinja templates: one per page, one per block."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from gettext import NullTranslations
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from latentbook.book.compose.blocks import Block, Equation
from latentbook.book.compose.pieces import ControlView, Html, ReadoutView
from latentbook.book.compose.question import Question
from latentbook.book.compose.text import Address, Layout, Text
from latentbook.book.compose.types import Book, Chapter, Page, Section
from latentbook.book.compose.words import inner_blocks
from latentbook.book.directives.code_cell import Snippet
from latentbook.book.directives.instrument import InstrumentBlock
from latentbook.book.read.source import PRINT
from latentbook.book.translations.language import Language
from latentbook.book.write.assets import QUESTIONS, Assets
from latentbook.book.write.html import printed
from latentbook.http.headers import CONTENT_SECURITY_POLICY, written
from widgets.controls import BLANK

EMBED = "embed"
"""Folder of the pages with a single block."""

CLASS = "class"
"""Where the pages of class mode lie."""

Embeddable = InstrumentBlock | Snippet | Question

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"


@lru_cache(maxsize=4)
def template_environment(folder: Path, translations: NullTranslations) -> Environment:
    """Jinja for a folder of templates; it notices when one changes."""
    environment = Environment(
        loader=FileSystemLoader([folder, QUESTIONS]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        finalize=_on_the_page,
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]
    return environment


@pass_context
def _on_the_page(context: Context, value: object) -> object:
    """What a template prints, for the page that it makes: running text, and where links lead."""
    match value:
        case Text():
            return printed(value, context["layout"])
        case Address():
            return context["layout"].url(value)
    return value


@dataclass(frozen=True)
class Renderer:
    """Renders the pages of one book.

    Attributes
    ----------
    book : what is shown
    assets : bundled files by logical name
    config : what all pages have in common in ``latentbook-config``
    web_manifest : place of the web manifest
    base_path : where the site is on its host
    words_script : place of the words that scripts say; nothing in English
    templates : the folder of templates
    """

    book: Book
    assets: Assets
    config: Mapping[str, Any]
    web_manifest: str
    base_path: str
    words_script: str = ""
    templates: Path = TEMPLATES

    def pages(self) -> Iterator[tuple[str, str]]:
        """Every page: its path in the site, and its HTML."""
        book, translate = self.book, self.book.language.translate
        environment = self._environment()
        front = self._page("front", book.title, book.front.description, "")
        yield "index.html", self._render(environment, "front.html", front, chapter=book.front)
        for chapter in book.chapters:
            yield from self._chapter(environment, chapter)
        lists = {
            "contents": translate("Contents"),
            "facts": translate("Sourced facts"),
            "references": translate("References"),
            "formulas": translate("Formulas"),
            **({"glossary": translate("Glossary")} if book.terms else {}),
            **({"notation": translate("Notation")} if book.symbols else {}),
        }
        for name, title in lists.items():
            page = self._page(name, title, book.description, name)
            yield f"{name}/index.html", self._render(environment, f"{name}.html", page)
        notes = self._page("notes", translate("Notes for the speaker"), book.description, "notes")
        yield "notes/index.html", self._render(environment, "notes.html", notes)
        # A host sends this page for any address, so its links cannot be relative.
        missing = self._page(
            "missing", translate("Not found"), book.description, "", root=self.base_path
        )
        yield "404.html", self._render(environment, "404.html", missing)

    def _chapter(self, environment: Environment, chapter: Chapter) -> Iterator[tuple[str, str]]:
        """A chapter's opening, its sections, and the complete chapter on one page for printing."""
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
        for source in chapter.pages:
            number = chapter.number if isinstance(source, Chapter) else source.number
            for block in embeddable(source.blocks):
                yield self._embedded(environment, block, source, number)
        place = f"{slug}/{PRINT}"
        title = self.book.language.translate("%(title)s, for printing", title=chapter.title)
        page = self._page("print", title, chapter.description, place)
        layout = chapter_on_one_page(chapter)
        html = self._render(environment, "print.html", page, layout, chapter=chapter)
        yield f"{place}/index.html", html

    def _embedded(
        self, environment: Environment, block: Embeddable, source: Chapter | Section, number: str
    ) -> tuple[str, str]:
        """A page with a single block, for frames of other sites."""
        place = f"{EMBED}/{block.label}"
        name = block.called(self.book.language)
        page = self._page("embed", name, source.description, place)
        html = self._render(
            environment,
            "embed.html",
            page,
            Layout(page.root, source.place),
            block=block,
            source=source,
            number=number,
            runs=not isinstance(block, Question),
        )
        return f"{place}/index.html", html

    def fragment(self, template: str, place: str, **names: Any) -> str:
        """A piece of the page at ``place``, as class mode shows it: one folder below the root."""
        page = self._page("class", self.book.title, "", CLASS)
        layout = Layout(page.root, place)
        return self._render(
            self._environment(), f"lecture/{template}", page, layout, **names
        ).strip()

    def paper(self) -> str:
        """The book on one page without scripts, in place of its front page.

        ``data-page-of`` names the element whose page number belongs there.
        """
        page = self._page("paper", self.book.title, self.book.description, "")
        environment = self._environment()
        layout = book_on_one_page(self.book)
        return self._render(environment, "paper.html", page, layout, questions_of=questions)

    def _environment(self) -> Environment:
        return template_environment(self.templates, self.book.language.translations)

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
        """The frame of one page; ``config`` adds what scripts are told."""
        book = self.book.title
        root = root or root_of(place)
        config = {**self.config, "root": root, "chapter": None, "moved": {}, **config}
        title = title if title == book else f"{title} · {book}"
        return Page(name, title, description, root, place, script_json(config))

    def _render(
        self,
        environment: Environment,
        template: str,
        page: Page,
        layout: Layout | None = None,
        **names: Any,
    ) -> str:
        layout = layout or Layout(page.root, page.place, {page.place: ""})

        def url(place: str) -> str:
            slug, hash, label = place.partition("#")
            folder = f"{slug}/" if slug else ""
            return f"{page.root}{folder}{hash}{label}"

        def asset(name: str) -> str:
            return page.root + self.assets.place(name)

        def of(here: str) -> dict[str, Any]:
            """What templates are given for the text of one page of the book."""
            inside = replace(layout, here=here)

            def render(blocks: Block | Iterable[Block], here: str = here) -> Markup:
                several = blocks if isinstance(blocks, Iterable) else (blocks,)
                given = of(here)
                return Markup("").join(
                    Markup(environment.get_template(block.template).render(given, block=block))
                    for block in several
                )

            def to(id: str) -> str:
                return inside.url(Address(here, id))

            return {**common, "layout": inside, "render": render, "to": to, "id": inside.id}

        common = {
            "book": self.book,
            "page": page,
            "policy": written(CONTENT_SECURITY_POLICY),
            "url": url,
            "asset": asset,
            "equations_of": equations,
            "fonts": Markup(FONTS_PLACE),
            "web_manifest": page.root + self.web_manifest,
            "words_script": self.words_script and page.root + self.words_script,
            **directions(self.book.language, self.book.content_language),
            "blank_controls": [ControlView(each, each.default, "", None) for each in BLANK],
            "empty_readout": ReadoutView("", "", None, " ", ""),
        }
        html = environment.get_template(template).render(of(layout.here), **names)
        if FONTS_PLACE not in html:
            return html
        signs = FONTS.items() if page.name == "section" else ()
        fonts = (asset(name) for name, sign in signs if sign in html)
        return html.replace(FONTS_PLACE, "".join(map(PRELOAD.format, fonts)))


def directions(interface: Language, content: Language) -> dict[str, Html]:
    """Attributes that say in which language an element is, where the one around it is in another.

    ``content_dir`` is for what holds the text of a page: it is laid out as its language runs.
    ``content_lang`` and ``interface_lang`` are for a piece among words of the other language, which
    keeps its place. ``source_dir`` is for sources: each is in a language of its own.
    """
    apart = (interface.tag, interface.direction) != (content.tag, content.direction)
    rtl = "rtl" in (interface.direction, content.direction)
    lang = Html(' lang="{}"').format
    return {
        "content_dir": lang(content.tag) + Html(f' dir="{content.direction}"') if apart else Html(),
        "content_lang": lang(content.tag) if apart else Html(),
        "interface_lang": lang(interface.tag) if apart else Html(),
        "source_dir": Html(' dir="auto"') if rtl else Html(),
    }


FONTS = {
    "source-serif-4-latin-wght-italic.woff2": "<em",
    "jetbrains-mono-latin-wght-normal.woff2": "<code",
    "KaTeX_Main-Regular.woff2": 'class="katex',
    "KaTeX_Math-Italic.woff2": "mathnormal",
    "KaTeX_Main-Bold.woff2": "mathbf",
    "KaTeX_AMS-Regular.woff2": "mathbb",
    "KaTeX_Caligraphic-Regular.woff2": "mathcal",
}
"""Fonts of a section beside those that every page has, and what in its markup is set in them. Found
by the browser only once it lays the page out, they would come after everything else."""

FONTS_PLACE = "<!-- fonts -->"
PRELOAD = '<link rel="preload" as="font" type="font/woff2" crossorigin href="{}">'


def root_of(place: str) -> str:
    """From a page to the root of the site."""
    return "../" * len(place.split("/")) if place else "./"


def chapter_on_one_page(chapter: Chapter) -> Layout:
    """A chapter, whose ids are unlike each other as they are."""
    starts = {chapter.place: "main", **{each.place: each.name for each in chapter.sections}}
    return Layout(root_of(f"{chapter.slug}/{PRINT}"), starts=starts)


def book_on_one_page(book: Book) -> Layout:
    """The whole book. Ids are unlike each other within a chapter, so its slug goes before them."""
    prefixes = {page.place: f"{each.slug}." for each in book.chapters for page in each.pages}
    prefixes |= {
        "": "front.",
        **{place: f"{place}." for place in ("contents", "facts", "references", "glossary")},
    }
    starts = {
        place: prefix + (posixpath.basename(place) or "front") for place, prefix in prefixes.items()
    }
    return Layout(root_of(""), starts=starts, prefixes=prefixes)


def equations(blocks: Iterable[Block]) -> list[Equation]:
    """The numbered equations among blocks, nested ones included."""
    found: list[Equation] = []
    for block in blocks:
        if isinstance(block, Equation) and block.number:
            found.append(block)
        found += equations(inner_blocks(block))
    return found


def questions(blocks: Iterable[Block]) -> Iterator[Question]:
    """The questions among blocks, nested ones included."""
    for block in blocks:
        if isinstance(block, Question):
            yield block
        yield from questions(inner_blocks(block))


def embeddable(blocks: Iterable[Block]) -> Iterator[Embeddable]:
    """The instruments, snippets and questions among blocks, nested ones included."""
    for block in blocks:
        if isinstance(block, InstrumentBlock | Snippet | Question) and block.label:
            yield block
        yield from embeddable(inner_blocks(block))


def script_json(value: Any) -> Html:
    """JSON that is safe inside a script element, written as `JSON.stringify` writes it."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Html(text)
