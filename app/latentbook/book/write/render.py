"""Render a book with Jinja templates, one per page and one per block, and running text as HTML."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from gettext import NullTranslations
from pathlib import Path
from typing import Any, TypeAlias

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, pass_context
from jinja2.runtime import Context
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup

from latentbook.base.errors import LatentbookError
from latentbook.base.hashing import content_hash
from latentbook.book.compose.blocks import Block, Equation, NumberedBlock, all_blocks
from latentbook.book.compose.pieces import Address, ControlView, Html, Layout, ReadoutView, Text
from latentbook.book.compose.question import Question
from latentbook.book.compose.types import Book, Chapter, Page, TextPage
from latentbook.book.directives.code_cell import Snippet
from latentbook.book.directives.instrument import InstrumentBlock
from latentbook.book.directives.problem import Problem
from latentbook.book.read.contents import EVIDENCE, page_label
from latentbook.book.read.parse import make_markdown
from latentbook.book.read.source import PRINT, REVIEW, SUMMARY
from latentbook.book.translations.language import Language
from latentbook.book.write.assets import QUESTIONS, Assets
from latentbook.book.write.cite import bibtex
from latentbook.policy import CONTENT_SECURITY_POLICY, written
from widgets.controls import BLANK

Tokens: TypeAlias = Sequence[Token]
BEFORE_MATH = re.compile(r"[(\[“‘]+$")
AFTER_MATH = re.compile(r"^[^\s\w(\[“‘]+")
"""Punctuation that stays on the same line as the equation before or after it."""


def printed(text: Text, layout: Layout) -> Html:
    return Html(_RENDERER.render(text.tokens, OPTIONS, {"layout": layout}))


class PageText(RendererHTML):
    """markdown-it's renderer; methods named after tokens are its rules."""

    def text(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        """Words, without the punctuation that is printed with adjacent equations."""
        content = tokens[idx].content
        if _is_math(tokens, idx - 1):
            content = AFTER_MATH.sub("", content)
        if _is_math(tokens, idx + 1):
            content = BEFORE_MATH.sub("", content)
        return escapeHtml(content)

    def math_inline(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        """Inline mathematics, with the punctuation that must stay on its line."""
        html = tokens[idx].meta["math"].html
        before = _neighbour(tokens, idx - 1, BEFORE_MATH)
        after = _neighbour(tokens, idx + 1, AFTER_MATH)
        return f'<span class="joint">{before}{html}{after}</span>' if before or after else html

    def math_block(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        """An equation inside a list or quote; others are separate blocks."""
        return f'<div class="equation">{tokens[idx].meta["math"].html}</div>\n'

    def svg(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        return str(tokens[idx].meta["svg"])

    def fence(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        meta = tokens[idx].meta
        name, code = escapeHtml(meta["scrolls"]), meta["code"]
        return f'<pre class="code scroller" data-scrolls="{name}"><code>{code}</code></pre>\n'

    code_block = fence

    def table_open(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        """Open a table that scrolls sideways if the page is narrower."""
        name = escapeHtml(tokens[idx].meta["scrolls"])
        return f'<div class="table-scroll scroller" data-scrolls="{name}"><table>\n'

    def table_close(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        return "</table></div>\n"

    def th_open(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        """Mark column heads; the empty corner above the row names is not one."""
        if tokens[idx + 1].content:
            tokens[idx].attrSet("scope", "col")
        else:
            tokens[idx].tag = tokens[idx + 2].tag = "td"
        return str(self.renderToken(tokens, idx, options, env))

    def renderToken(  # noqa: N802
        self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        """A tag, with its addresses and id resolved for the page."""
        token, layout = tokens[idx], env["layout"]
        attrs = dict(token.attrs)
        if to := token.meta.get("to"):
            attrs["href"] = layout.url(to)
        if "file" in token.meta:
            attrs["src"] = layout.file(token.meta["file"])
        if "id" in attrs:
            attrs["id"] = layout.id(str(attrs["id"]))
        if attrs != token.attrs:
            tokens, idx = [token.copy(attrs=attrs)], 0
        return str(super().renderToken(tokens, idx, options, env))


def _is_math(tokens: Tokens, idx: int) -> bool:
    return 0 <= idx < len(tokens) and tokens[idx].type == "math_inline"


def _neighbour(tokens: Tokens, idx: int, punctuation: re.Pattern[str]) -> str:
    if not 0 <= idx < len(tokens) or tokens[idx].type != "text":
        return ""
    match = punctuation.search(tokens[idx].content)
    return escapeHtml(match[0]) if match else ""


_RENDERER = PageText()
OPTIONS = make_markdown().options


BUILD_PLACE = "\ue000build"
"""Placeholder for the name of the build in each page, until all are written."""

EMBED = "embed"
"""Folder of the pages with a single block."""

SERVED = "class"
"""Placeholder for the place of a page that the server makes."""

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"


@lru_cache(maxsize=4)
def template_environment(folders: tuple[Path, ...], translations: NullTranslations) -> Environment:
    """Jinja for folders of templates; it reloads a template that changes."""
    environment = Environment(
        loader=FileSystemLoader([*folders, QUESTIONS]),
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


@lru_cache(maxsize=64)
def _own_template(environment: Environment, markup: str, files: tuple[str, ...]) -> Template:
    """The template of a plugin's block, in an element with its label, its sheet and its module."""
    return environment.from_string(
        "{% extends 'own_block.html' %}{% block inside %}" + markup + "{% endblock %}",
        globals={file.rpartition(".")[2]: file for file in files},
    )


def files_of(kind: type[Block]) -> dict[str, bytes]:
    """The files that a plugin's block needs, by their places in the site."""
    sources = {"css": kind.style.encode(), "js": kind.script.encode()}
    return {
        f"assets/{kind.kind}-{content_hash(data)}.{suffix}": data
        for suffix, data in sources.items()
        if data
    }


@pass_context
def _on_the_page(context: Context, value: object) -> object:
    """Convert running text and addresses that a template prints for its page."""
    match value:
        case Text():
            return printed(value, context["layout"])
        case Address():
            return context["layout"].url(value)
    return value


def refuse(block: Block, error: Exception) -> None:
    raise LatentbookError(f"The markup of the block {block.kind} fails: {error}") from error


@dataclass(frozen=True)
class Renderer:
    """Renders the pages of one book.

    Attributes
    ----------
    config : the part of ``latentbook-config`` that all pages share
    web_manifest : place of the web manifest
    base_path : path of the site on its host
    words_script : place of the messages of scripts; empty in English
    assignments : where the server has the book's assignments; empty if it has none
    served_scripts : addresses, from the site's root, of modules that they serve for every page
    own_templates : folders of a plugin's templates
    failed : called with a block whose own markup fails; the page shows a note in its place
    sizes : number of elements of each rendered page, by place
    """

    book: Book
    assets: Assets
    config: Mapping[str, Any]
    web_manifest: str
    base_path: str
    words_script: str = ""
    assignments: str = ""
    served_scripts: tuple[str, ...] = ()
    templates: Path = TEMPLATES
    own_templates: tuple[Path, ...] = ()
    failed: Callable[[Block, Exception], None] = refuse
    sizes: dict[str, int] = field(default_factory=dict)

    @cached_property
    def formulas(self) -> list[list[TextPage]]:
        pages = [page for chapter in self.book.chapters for page in chapter.pages]
        return grouped((page, size) for page in pages if (size := size_of_formulas(page)))

    def pages(self) -> Iterator[tuple[str, str]]:
        book, translate = self.book, self.book.language.translate
        front: dict[str, Any] = {"description": book.front.description, "chapter": book.front}
        asked = [question for page in book.pages for question in questions(page.blocks)]
        yield "index.html", self.page("front", book.title, "", asked=asked, **front)
        for chapter in book.chapters:
            yield from self._chapter(chapter)
        lists = {
            "contents": translate("Contents"),
            **({"facts": translate("Sourced facts")} if book.has_facts else {}),
            **({"references": translate("References")} if book.references else {}),
            **({"glossary": translate("Glossary")} if book.terms else {}),
            **({"notation": translate("Notation")} if book.symbols else {}),
            **({"evidence": translate("How we know")} if book.pages_with_evidence else {}),
            "review": translate("Review"),
            "notes": translate("Notes for the speaker"),
            "work": translate("My work"),
        }
        for name, title in lists.items():
            yield f"{name}/index.html", self.page(name, title, name)
        yield from self._in_groups("formulas", translate("Formulas"), "formulas", self.formulas)
        titles = {page.place: page.title for page in book.pages}
        for old, new in book.old_places.items():
            to = f"{root_of(old)}{new}/"
            moved: dict[str, Any] = {"config": {"moved": {"": to}}, "new": to}
            yield f"{old}/index.html", self.page("moved", titles[new], old, **moved)
        # A host sends this page for any address, so its links cannot be relative.
        title = translate("Not found")
        html = self.page("missing", title, "", template="404.html", root=self.base_path)
        yield "404.html", html

    def _chapter(self, chapter: Chapter) -> Iterator[tuple[str, str]]:
        """A chapter's opening, its sections, and the complete chapter on one page for printing."""
        told: dict[str, Any] = {"chapter": chapter.number}
        config = {**told, "moved": dict(chapter.moved)}
        given: dict[str, Any] = {"description": chapter.description, "chapter": chapter}
        html = self.page("chapter", chapter.title, chapter.place, config=config, **given)
        yield f"{chapter.place}/index.html", html
        for position, section in enumerate(chapter.sections, start=1):
            backed = f"{EVIDENCE}/{section.name}/"  # parts that moved there from the section
            there = {id: f"../{to}" for id, to in chapter.moved.items() if to.startswith(backed)}
            html = self.page(
                "section",
                f"{section.title} · {chapter.title}",
                section.place,
                description=section.description,
                config={**told, "moved": there},
                chapter=chapter,
                section=section,
                position=position,
            )
            yield f"{section.place}/index.html", html
        for evidence in chapter.evidence_pages:
            html = self.page(
                "section_evidence",
                f"{evidence.title} · {chapter.title}",
                evidence.place,
                description=evidence.description,
                config=told,
                chapter=chapter,
                evidence=evidence,
            )
            yield f"{evidence.place}/index.html", html
        for source in chapter.pages:
            for block in all_blocks(source.blocks):
                if (
                    isinstance(block, InstrumentBlock | Snippet | Question | Problem)
                    and block.label
                ):
                    place = f"{EMBED}/{block.label}"
                    yield f"{place}/index.html", self._embedded(place, block, source)
        if chapter.cards_by_page:
            yield from self._cards(chapter, given)
        if chapter.pages_in_summary:
            title = self.book.language.translate("What to keep: %(title)s", title=chapter.title)
            place = f"{SUMMARY}/{chapter.slug}"
            yield f"{place}/index.html", self.page("summary", title, place, **given)
        title = self.book.language.translate("%(title)s, for printing", title=chapter.title)
        place = f"{chapter.place}/{PRINT}"
        html = self.page("print", title, place, layout=chapter_on_one_page(chapter), **given)
        yield f"{place}/index.html", html

    def _cards(self, chapter: Chapter, given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        title = self.book.language.translate("Cards: %(title)s", title=chapter.title)
        place, pages = f"{REVIEW}/{chapter.slug}", chapter.cards_by_page

        def size(*group: TextPage) -> int:
            self.page("cards", title, place, group=group, first=place, groups=[], **given)
            return self.sizes[place]

        groups: Sequence[Sequence[TextPage]] = [pages]
        if size(*pages) > MOST_ELEMENTS:
            groups = grouped((page, size(page) - size()) for page in pages)
        yield from self._in_groups("cards", title, place, groups, **given)

    def _in_groups(
        self, name: str, title: str, first: str, groups: Sequence[Sequence[TextPage]], **given: Any
    ) -> Iterator[tuple[str, str]]:
        """A page for each group: at ``first``, ``first/2``, ``first/3`` …"""
        given |= {"first": first, "groups": groups}
        for number, group in enumerate(groups, start=1):
            place = first if number == 1 else f"{first}/{number}"
            heading = title if number == 1 else f"{title} {number}"
            yield f"{place}/index.html", self.page(name, heading, place, group=group, **given)

    def _embedded(self, place: str, block: NumberedBlock, source: TextPage) -> str:
        """A page with a single block, for frames of other sites."""
        return self.page(
            "embed",
            block.called(self.book.language),
            place,
            description=source.description,
            layout=Layout(root_of(place), source.place),
            block=block,
            source=source,
            number=source.number,
            runs=isinstance(block, InstrumentBlock | Snippet),
        )

    def fragment(self, name: str, place: str, **names: Any) -> str:
        """A piece of the page at ``place``, for a page of the server one folder below the root:
        ``fragments/NAME.html``.
        """
        layout = Layout(root_of(SERVED), place)
        template = f"fragments/{name}.html"
        html = self.page(SERVED, self.book.title, SERVED, template=template, layout=layout, **names)
        return html.strip()

    def paper(self) -> str:
        """The book on one page without scripts, in place of its front page.

        ``data-page-of`` names the element whose page number belongs there.
        """
        layout = book_on_one_page(self.book)
        return self.page("paper", self.book.title, "", layout=layout, questions_of=questions)

    def page(
        self,
        name: str,
        title: str,
        place: str,
        *,
        description: str | None = None,
        root: str = "",
        template: str = "",
        layout: Layout | None = None,
        config: Mapping[str, Any] | None = None,
        **names: Any,
    ) -> str:
        """The HTML of one page.

        Parameters
        ----------
        name : kind of page, ``Page.name``
        title : without the book's title, which is added
        place : below the site's root, without ``index.html``
        description : for search engines; None means the book's
        root : address of the site's root; if empty, relative to ``place``
        template : file of the template; empty means ``NAME.html``
        layout : None if the page shows only the text of ``place``
        config : added to the configuration of the page's scripts
        names : further values for the template
        """
        book = self.book
        heading, title = title, title if title == book.title else f"{title} · {book.title}"
        description = book.description if description is None else description
        root = root or root_of(place)
        told = {**self.config, "root": root, "chapter": None, "moved": {}, **(config or {})}
        page = Page(name, title, description, root, place, script_json(told))
        layout = layout or Layout(root, place, {place: ""})
        folders = (self.templates, *self.own_templates)
        environment = template_environment(folders, book.language.translations)
        templates = _Templates(self, page, environment, heading, layout)
        html = environment.get_template(template or f"{name}.html").render(
            templates.names(layout.here), **names
        )
        self.sizes[place] = len(START_TAG.findall(html))
        signs = FONTS.items() if page.name in ("section", "chapter", "section_evidence") else ()
        fonts = (templates.asset(name) for name, sign in signs if re.search(sign, html))
        html = html.replace(FONTS_PLACE, "".join(map(PRELOAD.format, fonts)))
        return html.replace(LATE_PLACE, "" if AT_ONCE.search(html) else LATE)


@dataclass(frozen=True)
class _Templates:
    """Values and functions for the templates of one page."""

    renderer: Renderer
    page: Page
    environment: Environment
    heading: str
    layout: Layout

    @cached_property
    def everywhere(self) -> dict[str, Any]:
        """The names that do not depend on the place of a text."""
        renderer, page = self.renderer, self.page
        book, words = renderer.book, renderer.words_script
        return {
            "book": book,
            "page": page,
            "heading": self.heading,
            "policy": written(CONTENT_SECURITY_POLICY),
            "url": self.url,
            "asset": self.asset,
            "equations_of": equations,
            "has_formulas": bool(renderer.formulas),
            "works_of": works,
            "fonts": Markup(FONTS_PLACE),
            "late": Markup(LATE_PLACE),
            "web_manifest": page.root + renderer.web_manifest,
            "bibtex": bibtex,
            "assignments": renderer.assignments,
            "served_scripts": [page.root + script for script in renderer.served_scripts],
            "words_script": words and page.root + words,
            **directions(book.language, book.content_language),
            "blank_controls": [ControlView(each, each.default, "", None) for each in BLANK],
            "empty_readout": ReadoutView("", "", None, " ", ""),
        }

    def url(self, place: str) -> str:
        slug, hash, label = place.partition("#")
        folder = f"{slug}/" if slug else ""
        return f"{self.page.root}{folder}{hash}{label}"

    def asset(self, name: str) -> str:
        return self.page.root + self.renderer.assets.place(name)

    def names(self, here: str) -> dict[str, Any]:
        """The names that templates get for text of one page of the book."""
        inside = replace(self.layout, here=here)

        def render(
            blocks: Block | Iterable[Block], here: str = here, *, worked: bool = False
        ) -> Markup:
            several = blocks if isinstance(blocks, Iterable) else (blocks,)
            given = {**self.names(here), "worked": worked or self.page.name == "worked"}
            return Markup("").join(Markup(self.shown(block, given)) for block in several)

        def to(id: str) -> str:
            return inside.url(Address(here, id))

        more = {"layout": inside, "render": render, "to": to, "id": inside.id}
        return {**self.everywhere, **more}

    def shown(self, block: Block, given: Mapping[str, Any]) -> str:
        """The HTML of a block."""
        environment = self.environment
        if not block.markup:
            return environment.get_template(block.template).render(given, block=block)
        try:
            files = tuple(files_of(type(block)))
            template = _own_template(environment, block.markup, files)
            return template.render(given, block=block)
        except Exception as error:  # a plugin's template can raise anything
            self.renderer.failed(block, error)
            return environment.get_template("blocks/lost.html").render(given, block=block)


def directions(interface: Language, content: Language) -> dict[str, Html]:
    """Attributes for an element whose language differs from that of its surroundings.

    ``content_dir`` is for containers of a page's text, laid out in the direction of its language.
    ``content_lang`` and ``interface_lang`` are for words within text of the other language.
    ``source_dir`` is for sources, each in its own language.
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
    "source-serif-4-latin-wght-italic.woff2": '<em|class="term',
    "jetbrains-mono-latin-wght-normal.woff2": "<code",
    "KaTeX_Main-Regular.woff2": 'class="katex',
    "KaTeX_Math-Italic.woff2": "mathnormal",
    "KaTeX_Math-BoldItalic.woff2": "boldsymbol",
    "KaTeX_Main-Bold.woff2": "mathbf",
    "KaTeX_AMS-Regular.woff2": "mathbb",
    "KaTeX_Caligraphic-Regular.woff2": "mathcal",
    "KaTeX_Size1-Regular.woff2": "small-op|delimsizing size1",
    "KaTeX_Size2-Regular.woff2": "large-op|delimsizing size2",
    "KaTeX_Size3-Regular.woff2": "delimsizing size3",
}
"""Fonts that sections and openings preload, and the markup that uses each. A font that is found at
layout shifts the text.
"""

AT_ONCE = re.compile(r'class="(?:quiz|problem|chapters|parts|page single|missing)"')
"""Markup that ``more.css`` styles and that shows before a script runs."""

START_TAG = re.compile("<[a-z]")

LATE_PLACE = " data-late-place"
LATE = ' media="print" data-late'
"""Attributes of a style sheet that does not block rendering; ``main.js`` applies it."""

MOST_ELEMENTS = 5_000
"""Limit for the elements of equations or cards on one page; a page may have 6,000 in all."""

FONTS_PLACE = "<!-- fonts -->"
PRELOAD = '<link rel="preload" as="font" type="font/woff2" crossorigin href="{}">'


def root_of(place: str) -> str:
    return "../" * len(place.split("/")) if place else "./"


def chapter_on_one_page(chapter: Chapter) -> Layout:
    """Layout of a complete chapter, whose ids are unique without prefixes."""
    labels = {each.place: page_label(each.place) for each in chapter.pages}
    starts = {**labels, chapter.place: "main"}
    return Layout(root_of(f"{chapter.slug}/{PRINT}"), starts=starts)


def book_on_one_page(book: Book) -> Layout:
    """Layout of the complete book. Ids are unique only in a chapter, so its slug precedes them."""
    prefixes = {page.place: f"{each.slug}." for each in book.chapters for page in each.pages}
    prefixes |= {
        "": "front.",
        **{place: f"{place}." for place in ("contents", "facts", "references", "glossary")},
    }
    starts = {place: prefix + (page_label(place) or "front") for place, prefix in prefixes.items()}
    return Layout(root_of(""), starts=starts, prefixes=prefixes)


def equations(blocks: Iterable[Block]) -> list[Equation]:
    """The numbered equations among blocks, nested ones included."""
    return [each for each in all_blocks(blocks) if isinstance(each, Equation) and each.number]


def size_of_formulas(page: TextPage) -> int:
    return sum(each.html.html.count("</") for each in equations(page.blocks))


def grouped(sizes: Iterable[tuple[TextPage, int]]) -> list[list[TextPage]]:
    """Pages of the book in groups whose elements fit on one page of formulas or cards."""
    groups: list[list[TextPage]] = []
    total = 0
    for page, size in sizes:
        if not groups or total + size > MOST_ELEMENTS:
            groups.append([])
            total = 0
        groups[-1].append(page)
        total += size
    return groups


def works(blocks: Iterable[Block]) -> list[NumberedBlock]:
    """Blocks that a reader can answer, change or train."""
    kinds = Question, Snippet, InstrumentBlock
    return [each for each in all_blocks(blocks) if isinstance(each, kinds) and each.label]


def questions(blocks: Iterable[Block]) -> list[Question]:
    return [each for each in all_blocks(blocks) if isinstance(each, Question)]


def script_json(value: Any) -> Html:
    """JSON that is safe inside a script element, written as `JSON.stringify` writes it."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Html(text)
