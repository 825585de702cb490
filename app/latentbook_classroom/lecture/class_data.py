"""Data for class mode: a book's questions and instruments, and the frame of its pages."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from markupsafe import Markup

from latentbook.book.compose.blocks import NumberedBlock, all_blocks, text_of
from latentbook.book.compose.question import Question
from latentbook.book.compose.types import Section, TextPage
from latentbook.book.read.day import Day
from latentbook.book.write.render import Renderer
from latentbook.book.write.written import Written


def class_data(written: Written) -> bytes:
    """A book's data for class mode as JSON.

    ``frame`` is shared by the pages of class mode and those of the book. ``blocks`` are in the
    order of the book, each with its ``ways`` (:class:`ClassForm`). Withheld content is left out, as
    in the book's pages.
    """
    renderer = written.renderer
    book = renderer.book
    pages = [book.front, *(page for chapter in book.chapters for page in chapter.pages)]
    data = {
        "frame": {
            "title": book.title,
            "brand": renderer.fragment("brand", ""),
            "language": [book.language.tag, book.language.direction],
            "content": [book.content_language.tag, book.content_language.direction],
            "config": {**written.config, "root": "", "chapter": None, "moved": {}},
            "head": renderer.assets.place("head.js"),
            "icon": renderer.assets.place("favicon.svg"),
            "styles": [
                renderer.assets.place(name)
                for name in ("book.css", "more.css", *(["brand.css"] if book.mark else []))
            ],
        },
        "blocks": [each for page in pages for each in _askable(page, renderer)],
    }
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def _askable(page: TextPage, renderer: Renderer) -> Iterator[dict[str, Any]]:
    """The blocks of a page that a class can be asked, including those inside other blocks."""

    def show(shown: Any) -> str:
        return renderer.fragment("shown", page.place, shown=shown)

    def show_opening(day: Day) -> str:
        return Markup(renderer.fragment("opens", "", day=day)).striptags()

    section = f"{page.number} {page.title}" if isinstance(page, Section) else page.title
    for block in all_blocks(page.blocks):
        forms = block.class_forms(show)
        if forms and isinstance(block, NumberedBlock) and block.label:
            question = block.question if isinstance(block, Question) else None
            opens = block.opens if isinstance(block, Question) else None
            yield {
                "id": f"{page.place}#{block.label}",
                "called": forms[0].called,
                "title": text_of(question) if question else getattr(block, "title", ""),
                "section": section,
                "question": show(question) if question else None,
                "html": show((block,)) if any(form.html for form in forms) else "",
                "opens": show_opening(opens) if opens else "",
                "ways": [asdict(form) for form in forms],
            }
