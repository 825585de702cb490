"""Catalogues of the interface's words: brought up to date with the sources, and checked."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import write_po

from latentbook.book.language import LOCALE, catalogues, po_file, read_catalogue
from latentbook.errors import BookErrors, ContentError, LatentbookError
from latentbook.settings import Settings

Report = Callable[[str], None]

PYTHON = {"translate": None, "message": None}
TEMPLATES = {"_": None, "gettext": None, "ngettext": (1, 2)}
SCRIPTS = {"translate": None, "translateCount": (2, 3), "translateAround": None}
SOURCES: tuple[tuple[str, str, str, dict[str, Any], dict[str, str]], ...] = (
    ("app/latentbook/book", "*.py", "python", PYTHON, {}),
    (
        "app/latentbook/templates",
        "*.html",
        "jinja2.ext.babel_extract",
        TEMPLATES,
        {
            "newstyle_gettext": "true",
            "trimmed": "true",
            "trim_blocks": "true",
            "lstrip_blocks": "true",
            "silent": "false",
        },
    ),
    ("static/js", "*.js", "javascript", SCRIPTS, {"parse_template_string": "false"}),
)
"""Folders, their files, the way to read these, and the functions that take a message."""

KEPT = re.compile(r"""%\(\w+\)s|\{\w+\}|</?\w[^>]*>|\"""")
"""What a translation has as the English has it: values, and markup. A quotation mark would end an
attribute."""
HEADER = """\
# The words of Latentbook's interface: docs/languages.md says how to translate them.
"""
WIDTH = 100


def extract(settings: Settings, names: tuple[str, ...], *, report: Report) -> None:
    """Write what templates, scripts and the build say into the catalogues.

    Translations stay; what is said no longer is left out; a message that has changed a little
    keeps its translation, marked as fuzzy.

    Parameters
    ----------
    names : languages to begin; those that there are come along

    Raises
    ------
    LatentbookError
        If a name is not the tag of a language.
    """
    template = messages(settings)
    for name in dict.fromkeys([*names, *catalogues()]):
        path = po_file(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(updated(name, template), encoding="utf-8")
        report(f"Wrote {path}")


def check(settings: Settings, *, report: Report) -> None:
    """Say of each catalogue that it is complete.

    Raises
    ------
    BookErrors
        With every message that is missing, fuzzy or has lost its values or its markup, by its line
        in the catalogue.
    """
    template = messages(settings)
    mistakes = [each for name in catalogues() for each in _mistakes(name, template)]
    if mistakes:
        raise BookErrors(mistakes)
    for name in catalogues():
        report(f"{name}: {len(template)} messages, all translated")


def messages(settings: Settings) -> Catalog:
    """Everything that the interface says, in English."""
    catalogue = Catalog()
    for folder, pattern, method, keywords, options in SOURCES:
        for path in sorted((settings.root / folder).rglob(pattern)):
            place = path.relative_to(settings.root).as_posix()
            found = extract_from_file(method, path, keywords=keywords, options=options)
            for _line, said, _comments, context in found:
                catalogue.add(said, locations=[(place, 0)], context=context)
    return catalogue


def updated(name: str, template: Catalog) -> str:
    """A catalogue as ``extract`` writes it."""
    path = po_file(name)
    if path.exists():
        catalogue = read_catalogue(path)
        catalogue.update(template, update_header_comment=False)
        catalogue.obsolete.clear()
    else:
        try:
            Locale.parse(name)
        except (UnknownLocaleError, ValueError):
            raise LatentbookError(
                f"{name!r} is not the tag of a language. Accepted: de, he, pt_BR and the like."
            ) from None
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


def _mistakes(name: str, template: Catalog) -> Iterator[ContentError]:
    path = po_file(name)
    shown = path.relative_to(LOCALE.parents[1])
    catalogue = read_catalogue(path)
    for message in template:
        if not message.id:
            continue
        found = catalogue.get(message.id)
        said = _english(message)
        if found is None:
            where = ", ".join(file for file, _ in message.locations)
            told = f"{said!r} of {where} is missing: `latentbook words extract` adds it"
            yield ContentError(shown, 1, told)
            continue
        forms = (found.string,) if isinstance(found.string, str) else tuple(found.string or ())
        line = found.lineno or 1
        if not all(forms):
            yield ContentError(shown, line, f"{said!r} is not translated")
        elif found.fuzzy:
            yield ContentError(shown, line, f"{said!r} is fuzzy: check it, then take the mark away")
        else:
            yield from _strangers(message, forms, shown, line)
    for message in catalogue:
        if message.id and template.get(message.id) is None:
            told = f"nothing says {_english(message)!r}: `latentbook words extract` takes it away"
            yield ContentError(shown, message.lineno or 1, told)


def _strangers(
    message: Message, forms: tuple[str, ...], path: Path, line: int
) -> Iterator[ContentError]:
    """A form for one may leave the number out; all else is as in the English."""
    english = message.id if isinstance(message.id, str) else message.id[1]
    wanted = set(KEPT.findall(english))
    number = {"%(num)s", "{number}"} if message.pluralizable else set()
    for form in forms:
        got = set(KEPT.findall(form))
        if got - wanted or wanted - got - number:
            told = f"{form!r} must have the values and the markup of {english!r}"
            yield ContentError(path, line, told)


def _english(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]
