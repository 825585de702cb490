"""The languages that the interface of a book speaks, and what follows from them: words, dates, the
direction of the page. The words are in ``locale/TAG/LC_MESSAGES/latentbook.po``; English is their
key, and has no file.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations, c2py
from pathlib import Path
from typing import TypeAlias

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from latentbook.errors import UnknownName

LOCALE = Path(__file__).resolve().parents[1] / "locale"
ENGLISH = "en"
SCRIPTS = "static/js/"
"""Where the words come from that the page's scripts say."""
LECTURE = "static/js/lecture/"
"""Scripts that no page of a site has: class mode serves them, and their words."""

ScriptWords: TypeAlias = Mapping[str, str | Mapping[str, str]]
"""English to the words, or to those for each plural category of the language (one, few, other)."""


@dataclass(frozen=True, eq=False)
class Language:
    """A language that something is written in.

    Attributes
    ----------
    tag : as BCP 47 has it, ``de`` or ``pt-BR``
    direction : ``ltr`` or ``rtl``
    translations : of the words of the interface
    """

    tag: str
    direction: str
    translations: NullTranslations

    def translate(self, english: str, **values: object) -> str:
        """Words of the interface, with the values that they name as ``%(name)s``."""
        words = self.translations.gettext(english)
        return words % values if values else words

    def date(self, day: date) -> str:
        """A day, written out."""
        # A pattern of https://cldr.unicode.org/translation/date-time/date-time-patterns
        pattern = self.translate("yyyy-MM-dd")
        return str(format_date(day, pattern, Locale.parse(self.tag, sep="-")))

    def moment(self, moment: datetime) -> str:
        """A moment in its own zone: Tue 1 Dec 2026 08:00 CET."""
        pattern = self.translate("EEE d MMM yyyy HH:mm")
        locale = Locale.parse(self.tag, sep="-")
        words = format_datetime(moment, pattern, moment.tzinfo, locale)
        return f"{words} {moment.tzname()}"

    def script_words(self, *, lecture: bool = False) -> ScriptWords:
        """What the page's scripts say. Nothing in English, which the scripts have.

        Parameters
        ----------
        lecture : with what the scripts of class mode say
        """
        name = catalogue_of(self.tag)
        if name == ENGLISH:
            return {}
        catalogue = read_catalogue(po_file(name))
        words: dict[str, str | dict[str, str]] = {}
        for message in catalogue:
            files = {file for file, _ in message.locations if file.startswith(SCRIPTS)}
            if not files or (not lecture and all(file.startswith(LECTURE) for file in files)):
                continue
            if isinstance(message.id, str):
                words[message.id] = str(message.string)
            else:
                said = list(message.string or ())
                forms = _forms(name, catalogue)
                words[message.id[0]] = {category: said[form] for category, form in forms.items()}
        return words

    def words_script(self, *, lecture: bool = False) -> bytes:
        """The script that hands :meth:`script_words` to the others; nothing in English."""
        words = self.script_words(lecture=lecture)
        if not words:
            return b""
        told = json.dumps(words, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return f"globalThis.latentbookWords={told};\n".encode()


def message(english: str) -> str:
    """Words that are translated where they are used, marked here for the catalogues."""
    return english


def languages() -> tuple[str, ...]:
    """The tags of all languages that the interface speaks."""
    return (ENGLISH, *(name.replace("_", "-") for name in catalogues()))


def catalogues() -> tuple[str, ...]:
    """The folders of the languages that have words of their own: de, pt_BR."""
    return tuple(sorted(path.parents[1].name for path in LOCALE.glob("*/LC_MESSAGES/*.po")))


def language(tag: str) -> Language:
    """The language of an interface. ``de-AT`` takes the words of ``de``.

    Raises
    ------
    UnknownName
        If the interface does not speak it.
    """
    if not catalogue_of(tag):
        raise UnknownName("language", tag, languages())
    return _language(tag, catalogue_of(tag))


def content_language(tag: str, interface: Language) -> Language:
    """The language of a text: any there is. What its sentences take from the interface (section
    2.1) is in its own words, or else in those of the interface.

    Raises
    ------
    ValueError
        If there is no such language.
    """
    try:
        Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        raise ValueError(f"{tag!r} is not the tag of a language, as de, pt-BR or zh-Hant") from None
    return _language(tag, catalogue_of(tag) or catalogue_of(interface.tag))


def catalogue_of(tag: str) -> str:
    """The folder of the words for a tag, its name for English, or nothing."""
    names = (tag.replace("-", "_"), tag.partition("-")[0])
    return next((name for name in names if name in (ENGLISH, *catalogues())), "")


def po_file(name: str) -> Path:
    """The words of a language."""
    return LOCALE / name / "LC_MESSAGES" / "latentbook.po"


def read_catalogue(path: Path) -> Catalog:
    """The words in a file."""
    with path.open("rb") as file:
        return read_po(file)


def _language(tag: str, words: str) -> Language:
    direction = Locale.parse(tag, sep="-").text_direction
    changed = po_file(words).stat().st_mtime_ns if words != ENGLISH else 0
    return Language(tag, direction, _translations(words, changed))


@lru_cache(maxsize=8)
def _translations(name: str, changed: int) -> NullTranslations:
    if name == ENGLISH:
        return NullTranslations()
    compiled = io.BytesIO()
    write_mo(compiled, read_catalogue(po_file(name)))
    compiled.seek(0)
    return GNUTranslations(compiled)


def _forms(name: str, catalogue: Catalog) -> dict[str, int]:
    """Which form of a message each plural category of the language takes."""
    rule, form = Locale.parse(name, sep="-").plural_form, c2py(catalogue.plural_expr)
    return {rule(number): form(number) for number in reversed(range(201))}
