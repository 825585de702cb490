"""The language of a book's interface: messages, dates and the direction of the page.

The messages are in ``locale/TAG/LC_MESSAGES/latentbook.po``. The English message is the key, so
English has no file, and an untranslated message stays English.
"""

import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations, c2py
from pathlib import Path
from typing import TypeAlias

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from latentbook.base.errors import LatentbookError

LOCALE = Path(__file__).resolve().parents[2] / "locale"
ENGLISH = "en"
SERVED = re.compile(r"^app/latentbook_\w+/|/class\.js$")
"""Scripts of pages that a server plugin makes, with their messages. No page of a site has them."""

FOR_PAGE = re.compile(r"\.js$|^widgets/")
EXPLAIN = re.compile(r"^static/js/explain/")
"""Scripts whose messages a page loads with the first error that it explains."""

ScriptWords: TypeAlias = Mapping[str, str | Mapping[str, str]]
"""English to the message, or to its form for each plural category (one, few, other)."""


@dataclass(frozen=True, eq=False)
class Language:
    """The language of an interface or of a text.

    Attributes
    ----------
    tag : BCP 47 tag, ``de`` or ``pt-BR``
    direction : ``ltr`` or ``rtl``
    locale : of messages and dates
    untranslated : tag of the requested language, if English replaces it
    """

    tag: str
    direction: str
    locale: Locale
    translations: NullTranslations
    untranslated: str = ""

    def translate(self, english: str, **values: object) -> str:
        """A message of the interface, with values named ``%(name)s``."""
        words = self.translations.gettext(english)
        return words % values if values else words

    def filled(self, english: str, values: Mapping[str, str]) -> str:
        """Translate a message as scripts write it, with values named ``{name}``."""
        words = self.translations.gettext(english)
        return re.sub(r"\{(\w+)\}", lambda place: values.get(place[1], place[0]), words)

    def date(self, day: date) -> str:
        # A pattern of https://cldr.unicode.org/translation/date-time/date-time-patterns
        pattern = self.translate("yyyy-MM-dd")
        return str(format_date(day, pattern, self.locale))

    def moment(self, moment: datetime) -> str:
        """A moment in its own zone: Tue 1 Dec 2026 08:00 CET."""
        pattern = self.translate("EEE d MMM yyyy HH:mm")
        words = format_datetime(moment, pattern, moment.tzinfo, self.locale)
        return f"{words} {moment.tzname()}"

    @property
    def warning(self) -> str:
        """Warning that the interface is not translated, and advice; empty if it is translated."""
        if not self.untranslated:
            return ""
        return (
            f"The interface is not translated into {self.untranslated!r}: its words are English. "
            f"`latentbook translations extract {self.untranslated}` in a checkout of the project "
            "begins a translation (`latentbook docs languages`)"
        )

    def script_words(self, *, lecture: bool = False) -> ScriptWords:
        """Return messages of the page's scripts and, with ``lecture``, of class mode.

        English has none.
        """
        return self._script_words(
            lambda file: not EXPLAIN.search(file) and (lecture or not SERVED.search(file))
        )

    def explanations(self) -> bytes:
        """Messages that explain errors, as JSON; nothing in English."""
        words = self._script_words(EXPLAIN.search)
        return _as_json(words).encode() if words else b""

    def _script_words(self, is_wanted: Callable[[str], object]) -> ScriptWords:
        """Return messages in at least one wanted file: a script, or Python of the page."""
        name = catalogue_of(self.locale)
        if name == ENGLISH:
            return {}
        catalogue = read_catalogue(po_file(name))
        words: dict[str, str | dict[str, str]] = {}
        for message in catalogue:
            files = {file for file, _ in message.locations if FOR_PAGE.search(file)}
            if not any(map(is_wanted, files)):
                continue
            if not is_translated(message):
                continue
            forms = forms_of(message)
            if isinstance(message.id, str):
                words[message.id] = forms[0]
            else:
                rule = _plural_rule(name, catalogue)
                words[message.id[0]] = {category: forms[form] for category, form in rule.items()}
        return words

    def words_script(self, *, lecture: bool = False, explanations: str = "") -> bytes:
        """Return a script with the messages and the address of those that explain errors."""
        words = self.script_words(lecture=lecture)
        if not words:
            return b""
        script = f"globalThis.latentbookWords={_as_json(words)};\n"
        if explanations:
            script += f'globalThis.latentbookExplanations="{explanations}";\n'
        return script.encode()


def message(english: str) -> str:
    """Mark a message for the catalogues; it is translated where it is used."""
    return english


def catalogues() -> tuple[str, ...]:
    """The folders of the translated languages: de, pt_BR."""
    return tuple(sorted(path.parents[1].name for path in LOCALE.glob("*/LC_MESSAGES/*.po")))


def language(tag: object) -> Language:
    """The language of an interface. ``de-AT`` uses the messages of ``de``.

    Without a catalogue it is English in that language's direction: messages, dates and numbers are
    all English, so that no sentence mixes two languages.
    """
    locale = locale_of(tag)
    if not (name := catalogue_of(locale)):
        english = language(ENGLISH)
        return replace(english, direction=locale.text_direction, untranslated=str(tag))
    return Language(str(tag), locale.text_direction, locale, _translations(name))


def content_language(tag: object, interface: Language) -> Language:
    """The language of a text.

    Words that the build adds to its sentences (section 2.1) are in this language if there is a
    catalogue, else in that of the interface.
    """
    own = language(tag)
    if not own.untranslated:
        return own
    return replace(interface, tag=own.untranslated, direction=own.direction, untranslated="")


def locale_of(tag: object) -> Locale:
    """Babel's locale for a tag: ``de``, ``pt-BR``.

    Raises
    ------
    LatentbookError
        If there is no such language.
    """
    try:
        return Locale.parse(str(tag), sep="-")
    except (UnknownLocaleError, ValueError):
        raise LatentbookError(
            f"Unknown language {tag!r}. Accepted: a tag such as de, pt-BR or zh-Hant."
        ) from None


def catalogue_of(locale: Locale) -> str:
    """The folder of a language's catalogue, ``en`` for English, or ""."""
    names = (str(locale), locale.language)
    return next((name for name in names if name == ENGLISH or po_file(name).is_file()), "")


def po_file(name: str) -> Path:
    return LOCALE / name / "LC_MESSAGES" / "latentbook.po"


def read_catalogue(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file)


def forms_of(message: Message) -> tuple[str, ...]:
    """The translation of a message in all its forms; empty if one is missing."""
    string = message.string or ""
    return (string,) if isinstance(string, str) else tuple(str(form or "") for form in string)


def is_translated(message: Message) -> bool:
    return all(forms_of(message)) and not message.fuzzy


def _as_json(words: ScriptWords) -> str:
    return json.dumps(words, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


_ENGLISH = NullTranslations()
"""A shared instance, because templates are compiled once per translation."""


def _translations(name: str) -> NullTranslations:
    if name == ENGLISH:
        return _ENGLISH
    return _compiled(po_file(name), po_file(name).stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _compiled(path: Path, changed: int) -> NullTranslations:
    compiled = io.BytesIO()
    write_mo(compiled, read_catalogue(path))
    compiled.seek(0)
    return GNUTranslations(compiled)


def _plural_rule(name: str, catalogue: Catalog) -> dict[str, int]:
    """The form of a message for each plural category of the language."""
    rule, form = Locale.parse(name, sep="-").plural_form, c2py(catalogue.plural_expr)
    return {rule(number): form(number) for number in reversed(range(201))}
