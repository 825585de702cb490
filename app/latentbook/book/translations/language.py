"""The language of a book's interface: messages, dates and the direction of the page.

The messages are in ``locale/TAG/LC_MESSAGES/PACKAGE.po``, in this package and in those of plugins.
The English message is the key, so English has no file, and an untranslated message stays English.
"""

import io
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations, c2py
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from latentbook.base.errors import LatentbookError

ENGINE = "latentbook"
"""Also the entry-point group in which installed packages register their plugins."""

ENGLISH = "en"
SERVED = re.compile(r"/class\.js$")
"""The engine's scripts for pages that a plugin serves. No page of a site has them."""

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

    def script_words(self, *, served: bool = False) -> ScriptWords:
        """Return messages of the site's scripts and, with ``served``, of those that plugins serve.

        English has none.
        """
        return self._script_words(
            lambda file: not EXPLAIN.search(file) and (served or not SERVED.search(file)),
            locales() if served else (ENGINE,),
        )

    def explanations(self) -> bytes:
        """Messages that explain errors, as JSON; nothing in English."""
        words = self._script_words(EXPLAIN.search, (ENGINE,))
        return _as_json(words).encode() if words else b""

    def _script_words(
        self, is_wanted: Callable[[str], object], packages: Iterable[str]
    ) -> ScriptWords:
        """Return messages in at least one wanted file: a script, or Python of the page."""
        name = catalogue_of(self.locale)
        words: dict[str, str | dict[str, str]] = {}
        for path in po_files(name, packages):
            catalogue = read_catalogue(path)
            for message in catalogue:
                files = {file for file, _ in message.locations if FOR_PAGE.search(file)}
                if not any(map(is_wanted, files)) or not is_translated(message):
                    continue
                forms = forms_of(message)
                if isinstance(message.id, str):
                    words[message.id] = forms[0]
                else:
                    rule = _plural_rule(name, catalogue)
                    words[message.id[0]] = {each: forms[form] for each, form in rule.items()}
        return words

    def words_script(self, *, served: bool = False, explanations: str = "") -> bytes:
        """Return a script with the messages and the address of those that explain errors."""
        words = self.script_words(served=served)
        if not words:
            return b""
        script = f"globalThis.latentbookWords={_as_json(words)};\n"
        if explanations:
            script += f'globalThis.latentbookExplanations="{explanations}";\n'
        return script.encode()


def message(english: str) -> str:
    """Mark a message for the catalogues; it is translated where it is used."""
    return english


@lru_cache(maxsize=1)
def locales() -> Mapping[str, Path]:
    """Folder of catalogues by package: the engine's first, then those of installed plugins."""
    packages = {point.module.partition(".")[0] for point in entry_points(group=ENGINE)}
    specs = ((package, find_spec(package)) for package in (ENGINE, *sorted(packages)))
    return {
        package: Path(spec.origin).parent / "locale"
        for package, spec in specs
        if spec and spec.origin and spec.submodule_search_locations
    }


def catalogues() -> tuple[str, ...]:
    """The folders of the translated languages: de, pt_BR."""
    found = locales()[ENGINE].glob("*/LC_MESSAGES/*.po")
    return tuple(sorted(path.parents[1].name for path in found))


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


def po_file(name: str, package: str = ENGINE) -> Path:
    return locales()[package] / name / "LC_MESSAGES" / f"{package}.po"


def po_files(name: str, packages: Iterable[str]) -> tuple[Path, ...]:
    """The catalogues that exist; English has none."""
    return tuple(path for each in packages if (path := po_file(name, each)).is_file())


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
    paths = po_files(name, locales())
    return _compiled(tuple((path, path.stat().st_mtime_ns) for path in paths))


@lru_cache(maxsize=8)
def _compiled(files: tuple[tuple[Path, int], ...]) -> NullTranslations:
    """The first file's messages, with those of the others as fallbacks."""
    first, *others = map(_translations_in, (path for path, _changed in files))
    for each in others:
        first.add_fallback(each)
    return first


def _translations_in(path: Path) -> NullTranslations:
    compiled = io.BytesIO()
    write_mo(compiled, read_catalogue(path))
    compiled.seek(0)
    return GNUTranslations(compiled)


def _plural_rule(name: str, catalogue: Catalog) -> dict[str, int]:
    """The form of a message for each plural category of the language."""
    rule, form = Locale.parse(name, sep="-").plural_form, c2py(catalogue.plural_expr)
    return {rule(number): form(number) for number in reversed(range(201))}
