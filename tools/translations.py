"""Catalogues of the interface: ``latentbook translations extract`` and ``check``."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import write_po

from latentbook.base.errors import BookErrors, ContentError
from latentbook.base.report import Report
from latentbook.book.translations.language import (
    catalogues,
    forms_of,
    is_translated,
    locale_of,
    po_file,
    read_catalogue,
)
from latentbook.settings import ROOT

COMPLETE = ("de",)
"""Languages with every message in a release. A missing message falls back to English in other
languages, and between releases in these too."""

SOURCES = (
    ("app/latentbook/book", "*.py", "python"),
    ("app/latentbook_classroom", "*.py", "python"),
    ("widgets/engine", "*.py", "python"),
    ("widgets/kit", "*.py", "python"),
    ("app/latentbook/templates", "*.html", "jinja2.ext.babel_extract"),
    ("app/latentbook/book/directives/questions", "*.html", "jinja2.ext.babel_extract"),
    ("app/latentbook_classroom/templates", "*.html", "jinja2.ext.babel_extract"),
    ("static/js", "*.js", "javascript"),
    ("app/latentbook_classroom/static", "*.js", "javascript"),
    ("app/latentbook/book/directives/questions", "*.js", "javascript"),
)
"""Folders, file patterns, and Babel's extraction methods."""
OPTIONS = {
    "newstyle_gettext": "true",
    "trimmed": "true",
    "trim_blocks": "true",
    "lstrip_blocks": "true",
    "silent": "false",
    "parse_template_string": "false",
}
KEYWORDS = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "message": None,
    "note": (3,),  # in the classroom's log
    "translate": None,
    "translateAround": None,
    "translateCount": (2, 3),
}
"""Functions with a message as their first argument, or as the arguments given here."""

PLACEHOLDER = re.compile(r"""%\(\w+\)s|\{\w+\}|</?\w[^>]*>|\"""")
"""Values and markup that a translation must share with the English. A quotation mark would end an
attribute."""
HEADER = """\
# The words of Latentbook's interface: docs/languages.md says how to translate them.
"""
WIDTH = 100


def extract(names: Sequence[str], report: Report) -> None:
    """Update the catalogues from templates, scripts and the build.

    Translations are preserved. Messages without a source are removed. A message that has changed a
    little keeps its translation, marked as fuzzy.

    Parameters
    ----------
    names : languages to start, besides those that have a catalogue

    Raises
    ------
    LatentbookError
        If a name is not a language tag.
    """
    template = messages()
    started = [str(locale_of(name.replace("_", "-"))) for name in names]
    for name in dict.fromkeys([*started, *catalogues()]):
        path = po_file(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(updated(name, template), encoding="utf-8")
        report(f"Wrote {path}")


def check(report: Report) -> None:
    """Check every catalogue, and that the languages in ``COMPLETE`` have every message.

    Raises
    ------
    BookErrors
        With the catalogue line of every message that is missing or fuzzy, or has lost its values
        or its markup.
    """
    template = messages()
    mistakes = []
    for name in catalogues():
        mistakes += find_broken(name)
        if name in COMPLETE:
            mistakes += _find_missing(name, template)
    if mistakes:
        raise BookErrors(mistakes)
    for name in catalogues():
        found = read_catalogue(po_file(name))
        count = sum(is_translated(message) for message in found if message.id)
        report(f"{name}: {count} of {len(template)} messages are translated")


def find_broken(name: str) -> list[ContentError]:
    """Find translations whose values or markup differ from the English, which would break a page.

    A singular form may omit its number.
    """
    mistakes = []
    for message in read_catalogue(po_file(name)):
        if not message.id or not is_translated(message):
            continue
        english = message.id if isinstance(message.id, str) else message.id[1]
        wanted = set(PLACEHOLDER.findall(english))
        number = {"%(num)s", "{number}"} if message.pluralizable else set()
        for form in forms_of(message):
            got = set(PLACEHOLDER.findall(form))
            if got - wanted or wanted - got - number:
                wrong = f"{form!r} must have the values and the markup of {english!r}"
                mistakes.append(_mistake(name, message.lineno, wrong))
    return mistakes


def messages() -> Catalog:
    """Extract every message of the interface, in English."""
    catalogue = Catalog()
    for folder, pattern, method in SOURCES:
        for path in sorted((ROOT / folder).rglob(pattern)):
            place = path.relative_to(ROOT).as_posix()
            found = extract_from_file(method, path, keywords=KEYWORDS, options=OPTIONS)
            for _line, message, _comments, context in found:
                catalogue.add(message, locations=[(place, 0)], context=context)
    return catalogue


def updated(name: str, template: Catalog) -> str:
    path = po_file(name)
    if path.exists():
        catalogue = read_catalogue(path)
        catalogue.update(template, update_header_comment=False)
        catalogue.obsolete.clear()
    else:
        catalogue = Catalog(locale=name)
        catalogue.update(template)
    written = io.BytesIO()
    write_po(
        written, catalogue, width=WIDTH, include_lineno=False, sort_by_file=True, omit_header=True
    )
    plural = f"Plural-Forms: {catalogue.plural_forms}"
    header = (
        f'{HEADER}msgid ""\nmsgstr ""\n"Language: {name}\\n"\n"MIME-Version: 1.0\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n'
        f'"{plural}\\n"\n\n'
    )
    return header + written.getvalue().decode()


def _find_missing(name: str, template: Catalog) -> Iterator[ContentError]:
    text = po_file(name).read_text(encoding="utf-8")
    if text != updated(name, template):
        yield _mistake(name, 1, "it is not up to date: run `latentbook translations extract`")
    for message in read_catalogue(po_file(name)):
        if message.id and not is_translated(message):
            english = message.id[0] if message.pluralizable else message.id
            wrong = (
                "is fuzzy: check it, then remove the mark" if message.fuzzy else "is not translated"
            )
            yield _mistake(name, message.lineno, f"{english!r} {wrong}")


def _mistake(name: str, line: int | None, wrong: str) -> ContentError:
    path = po_file(name)
    return ContentError(path.relative_to(path.parents[5]), line or 1, wrong)  # app/latentbook/…
