"""A language that the tests make: English with accents, as the catalogue of any language.

A vowel without an accent belongs to a word that is not translated.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from latentbook.book.translations.language import locales, po_file
from tools.translations import messages, ours

ACCENTS = str.maketrans("aeiouAEIOU", "àéïöüÀÉÏÖÜ")
AS_IT_IS = re.compile(r"(%\(\w+\)s|\{\w+\}|<[^>]*>|&\w+;)")
PATTERNS = ("yyyy-MM-dd", "EEE d MMM yyyy HH:mm")
"""Messages that are date patterns, not words."""


def add_pseudo_locale(tag: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Add a language to the interface, with accented English as its translation."""
    real = locales()
    fake = {package: folder / package for package in real}
    for package, place in fake.items():
        place.mkdir(parents=True)
        for spoken in real[package].glob("*"):
            (place / spoken.name).symlink_to(spoken)
    monkeypatch.setattr("latentbook.book.translations.language.locales", lambda: fake)
    for package in ours():
        po_file(tag, package).parent.mkdir(parents=True)
        with po_file(tag, package).open("wb") as file:
            write_po(file, accented_catalogue(tag, package))


def accented_catalogue(tag: str, package: str) -> Catalog:
    catalogue = Catalog(locale=tag)
    for message in messages(package):
        if not message.id or message.id in PATTERNS:
            continue
        if message.pluralizable:
            one, many = map(accented, message.id)
            forms: str | list[str] = [one, *[many] * (catalogue.num_plurals - 1)]
        else:
            forms = accented(message.id)
        catalogue.add(message.id, forms, message.locations)
    return catalogue


def accented(words: str) -> str:
    """The text with accents everywhere except in placeholders and markup."""
    parts = AS_IT_IS.split(words)
    return "".join(part if i % 2 else part.translate(ACCENTS) for i, part in enumerate(parts))
