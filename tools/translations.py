"""Catalogues of the interface: ``latentbook translations extract`` and ``check``."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import product
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import write_po

from latentbook.base.errors import BookErrors, ContentError
from latentbook.base.report import Report
from latentbook.book.translations.language import (
    ENGINE,
    catalogues,
    forms_of,
    is_translated,
    locale_of,
    locales,
    po_file,
    read_catalogue,
)
from latentbook.settings import ROOT

COMPLETE = ("de",)
"""Languages with every message in a release. A missing message falls back to English in other
languages, and between releases in these too."""

SOURCES = {
    ENGINE: (
        ("app/latentbook/book", "*.py", "python"),
        ("widgets/engine", "*.py", "python"),
        ("widgets/kit", "*.py", "python"),
        ("app/latentbook/templates", "*.html", "jinja2.ext.babel_extract"),
        ("app/latentbook/book/directives/questions", "*.html", "jinja2.ext.babel_extract"),
        ("static/js", "*.js", "javascript"),
        ("app/latentbook/book/directives/questions", "*.js", "javascript"),
    ),
    "latentbook_classroom": (
        ("app/latentbook_classroom", "*.py", "python"),
        ("app/latentbook_classroom/templates", "*.html", "jinja2.ext.babel_extract"),
        ("app/latentbook_classroom/static", "*.js", "javascript"),
    ),
}
"""By package, folders, file patterns, and Babel's extraction methods."""
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
    started = [str(locale_of(name.replace("_", "-"))) for name in names]
    for package, name in product(ours(), dict.fromkeys([*started, *catalogues()])):
        path = po_file(name, package)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(updated(path, name, messages(package)), encoding="utf-8")
        report(f"Wrote {path}")


def ours() -> list[str]:
    """The packages whose catalogues are in this repository."""
    return [package for package in SOURCES if package in locales()]


def check(report: Report) -> None:
    """Check every catalogue, and that the languages in ``COMPLETE`` have every message.

    Raises
    ------
    BookErrors
        With the catalogue line of every message that is missing or fuzzy, or has lost its values
        or its markup.
    """
    mistakes = []
    for package, name in product(ours(), catalogues()):
        path = po_file(name, package)
        mistakes += find_broken(path)
        if name in COMPLETE:
            mistakes += _find_missing(path, name, messages(package))
    if mistakes:
        raise BookErrors(mistakes)
    for package, name in product(ours(), catalogues()):
        found = read_catalogue(po_file(name, package))
        count = sum(is_translated(message) for message in found if message.id)
        total = len(messages(package))
        report(f"{package}, {name}: {count} of {total} messages are translated")


def find_broken(path: Path) -> list[ContentError]:
    """Find translations whose values or markup differ from the English, which would break a page.

    A singular form may omit its number.
    """
    mistakes = []
    for message in read_catalogue(path):
        if not message.id or not is_translated(message):
            continue
        english = message.id if isinstance(message.id, str) else message.id[1]
        wanted = set(PLACEHOLDER.findall(english))
        number = {"%(num)s", "{number}"} if message.pluralizable else set()
        for form in forms_of(message):
            got = set(PLACEHOLDER.findall(form))
            if got - wanted or wanted - got - number:
                wrong = f"{form!r} must have the values and the markup of {english!r}"
                mistakes.append(_mistake(path, message.lineno, wrong))
    return mistakes


@lru_cache
def messages(package: str) -> Catalog:
    """Extract every message of a package's interface, in English."""
    catalogue = Catalog()
    for folder, pattern, method in SOURCES[package]:
        for path in sorted((ROOT / folder).rglob(pattern)):
            place = path.relative_to(ROOT).as_posix()
            found = extract_from_file(method, path, keywords=KEYWORDS, options=OPTIONS)
            for _line, message, _comments, context in found:
                catalogue.add(message, locations=[(place, 0)], context=context)
    return catalogue


def updated(path: Path, name: str, template: Catalog) -> str:
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


def _find_missing(path: Path, name: str, template: Catalog) -> Iterator[ContentError]:
    text = path.read_text(encoding="utf-8")
    if text != updated(path, name, template):
        yield _mistake(path, 1, "it is not up to date: run `latentbook translations extract`")
    for message in read_catalogue(path):
        if message.id and not is_translated(message):
            english = message.id[0] if message.pluralizable else message.id
            wrong = (
                "is fuzzy: check it, then remove the mark" if message.fuzzy else "is not translated"
            )
            yield _mistake(path, message.lineno, f"{english!r} {wrong}")


def _mistake(path: Path, line: int | None, wrong: str) -> ContentError:
    return ContentError(path.relative_to(path.parents[5]), line or 1, wrong)  # app/latentbook/…
