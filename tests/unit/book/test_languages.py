"""The interface speaks several languages, each of them wholly."""

from __future__ import annotations

import json
import re
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest

from latentbook.book import catalogues as words
from latentbook.book.language import catalogues, language, languages, po_file
from latentbook.book.load import load
from latentbook.book.write.site import build_site
from latentbook.errors import BookErrors, LatentbookError, UnknownName
from latentbook.settings import Settings

from .conftest import BOOK, HEAD, MakeBook, fixture_chapter

CALLS = re.compile(
    r"""(?<!\w)(?:_|n?gettext|message|translate(?:Count|Around)?)\(\s*(?:[^"',()]+,\s*)?"((?:[^"\\]|\\.)+)\""""
)
"""What a source says through one of the functions that translate."""


def in_language(tag: str, text: str = "") -> dict[str, str]:
    book = BOOK.replace('language = "en"', f'language = "{tag}"\n{text}')
    return {"book.toml": book, **fixture_chapter()}


@pytest.mark.parametrize("name", catalogues())
def test_a_catalogue_is_what_extraction_writes(name: str) -> None:
    template = words.messages(Settings())
    assert po_file(name).read_text(encoding="utf-8") == words.updated(name, template)


def test_every_language_is_complete() -> None:
    assert set(catalogues()) >= {"de", "he"}
    words.check(Settings(), report=lambda message: None)


def test_extraction_finds_every_call(root: Path) -> None:
    """Read as plain text, templates, scripts and the build have no message beside those found."""
    found = {
        form
        for message in words.messages(Settings())
        for form in ([message.id] if isinstance(message.id, str) else message.id)
    }
    files = [
        *(root / "app/latentbook/templates").rglob("*.html"),
        *(root / "app/latentbook/book").rglob("*.py"),
        *(root / "static/js").rglob("*.js"),
    ]
    said = {
        json.loads(f'"{text}"') if "\\u" in text else text
        for path in files
        if path.name != "catalogues.py"
        for text in CALLS.findall(path.read_text(encoding="utf-8"))
    }
    assert len(said) > 300
    assert said - found == set()


class Bare(HTMLParser):
    """The words of a template that no function translates."""

    NAMED = ("aria-label", "title", "placeholder", "alt", "data-scrolls")

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.key = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.key = tag == "kbd"
        for name, value in attrs:
            if name in self.NAMED:
                self.handle_data(value or "")

    def handle_endtag(self, tag: str) -> None:
        self.key = False

    def handle_data(self, data: str) -> None:
        if not self.key:
            self.words += re.findall(r"[A-Za-z]{2,}", data)


def test_templates_say_nothing_untranslated(root: Path) -> None:
    jinja = re.compile(
        r"{#.*?#}|{% trans.*?{% endtrans %}|{%.*?%}|{{.*?}}|<!doctype html>", re.DOTALL
    )
    bare = {}
    for path in sorted((root / "app/latentbook/templates").rglob("*.html")):
        parser = Bare()
        text = re.sub(r"(</?){{.*?}}", r"\1p", path.read_text(encoding="utf-8"))
        parser.feed(jinja.sub("", text))
        bare[path.name] = parser.words
    assert {name: words for name, words in bare.items() if words} == {}


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('msgstr "Kapitel %(number)s"', 'msgstr ""', "'chapter %(number)s' is not translated"),
        ("#, python-format\nmsgid", "#, fuzzy, python-format\nmsgid", "is fuzzy"),
        ('"Kapitel %(number)s"', '"Kapitel %(nummer)s"', "must have the values and the markup"),
        (
            'msgid "Listing"',
            'msgid "Listings"',
            "'Listing' of app/latentbook/book/compose/prose.py is missing",
        ),
        ('msgid "Listing"', 'msgid "Listings"', "nothing says 'Listings'"),
    ],
)
def test_what_is_wrong_with_a_catalogue_is_said_by_its_line(
    before: str, after: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "app/latentbook/locale/de/LC_MESSAGES/latentbook.po"
    path.parent.mkdir(parents=True)
    text = po_file("de").read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    monkeypatch.setattr("latentbook.book.language.LOCALE", tmp_path / "app/latentbook/locale")
    monkeypatch.setattr("latentbook.book.catalogues.LOCALE", tmp_path / "app/latentbook/locale")
    with pytest.raises(BookErrors) as raised:
        words.check(Settings(), report=lambda message: None)
    said = [str(error) for error in raised.value.errors]
    assert any(
        re.match(r"app/latentbook/locale/de/LC_MESSAGES/latentbook\.po:\d+: ", each)
        and told in each
        for each in said
    ), said


def test_a_language_begins_with_nothing_translated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("latentbook.book.language.LOCALE", tmp_path)
    monkeypatch.setattr("latentbook.book.catalogues.LOCALE", tmp_path)
    words.extract(Settings(), ("fr", "pt_BR"), report=lambda message: None)
    assert languages() == ("en", "fr", "pt-BR")
    assert language("pt-BR").tag == "pt-BR"
    assert language("fr").translate("Hint") == "Hint"
    with pytest.raises(LatentbookError, match="'xx' is not the tag of a language"):
        words.extract(Settings(), ("xx",), report=lambda message: None)


def test_a_region_takes_the_words_of_its_language() -> None:
    assert language("de-AT").translate("Hint") == "Hinweis"
    assert language("de-AT").tag == "de-AT"
    assert language("en-GB").translate("Hint") == "Hint"
    for unknown in ("eo", "DE", "d", ""):
        with pytest.raises(UnknownName, match=rf"Unknown language '{unknown}'\. .*de, en, he"):
            language(unknown)


def test_days_are_written_out() -> None:
    day = date(2026, 3, 5)
    written = {tag: language(tag).date(day) for tag in ("en", "de", "he")}
    assert written == {"en": "2026-03-05", "de": "5. März 2026", "he": "5 במרץ 2026"}


def test_scripts_get_a_form_for_each_plural_category() -> None:
    """https://www.unicode.org/cldr/charts/latest/supplemental/language_plural_rules.html"""
    one = "{number} result"
    assert language("de").script_words()[one] == {"one": one.replace("result", "Ergebnis")} | {
        "other": "{number} Ergebnisse"
    }
    assert set(language("he").script_words()[one]) == {"one", "two", "other"}
    assert language("en").script_words() == {}


def test_an_unknown_language_is_named_with_those_there_are(make_book: MakeBook) -> None:
    with pytest.raises(BookErrors, match=r"book\.toml:4: Unknown language 'klingon'.*de, en, he"):
        load(make_book(in_language("klingon")))
    with pytest.raises(BookErrors, match=r"book\.toml:5: '12' is not the tag of a language"):
        load(make_book(in_language("de", 'content_language = "12"')))


def built(make_book: MakeBook, tag: str, text: str = "") -> dict[str, str]:
    site = build_site(make_book(in_language(tag, text)), report=lambda message: None)
    return {
        str(path.relative_to(site)): path.read_text(encoding="utf-8")
        for path in site.rglob("*")
        if path.suffix in (".html", ".js", ".ipynb", ".webmanifest")
    }


def linked(files: dict[str, str], pattern: str) -> str:
    """The file that the pages load: one of an earlier edition may lie beside it."""
    found = re.search(pattern, files["sample/text/index.html"])
    assert found is not None
    return files[found[0]]


def test_english_carries_no_words(make_book: MakeBook, small_runtime: None) -> None:
    files = built(make_book, "en")
    for name, html in files.items():
        if name.endswith(".html"):
            assert '<html lang="en" data-root' in html
            assert " dir=" not in html and html.count(" lang=") == 1 and "words-" not in html


def test_a_german_site_speaks_german(make_book: MakeBook, small_runtime: None) -> None:
    files = built(make_book, "de")
    page = files["sample/quizzes/index.html"]
    assert '<html lang="de" data-root' in page and " dir=" not in page
    assert ">Frage 2.1</a>" in page and "<summary>Lösungsweg</summary>" in page
    assert (
        'geprüft am <time datetime="2026-11-20">20. November 2026</time>'
        in (files["facts/index.html"])
    )
    assert page.index("assets/words-") < page.index('type="module"')
    assert '"Right.":"Richtig."' in linked(files, r"assets/words-\w+\.js")
    assert "Hint" not in files["sample/sample.ipynb"]
    assert ">Abschnitt 2.1<" in re.sub(
        "\N{NO-BREAK SPACE}", " ", files["sample/numbering/index.html"]
    )


def test_a_hebrew_site_runs_from_right_to_left(make_book: MakeBook, small_runtime: None) -> None:
    files = built(make_book, "he")
    assert '<html lang="he" dir="rtl" data-root' in files["sample/text/index.html"]
    manifest = json.loads(linked(files, r"assets/manifest-\w+\.webmanifest"))
    assert (manifest["lang"], manifest["dir"]) == ("he", "rtl")


def test_a_text_keeps_its_own_language(make_book: MakeBook, small_runtime: None) -> None:
    files = built(make_book, "he", 'content_language = "en"')
    page = files["sample/numbering/index.html"]
    assert '<html lang="he" dir="rtl" data-root' in page
    assert '<div class="page" lang="en" dir="ltr">' in page
    plain = re.sub("\N{NO-BREAK SPACE}", " ", page)
    assert ">section 2.1<" in plain or ">Section 2.1<" in plain  # in a sentence of the text
    assert '<p class="eyebrow" lang="he">' in page
    assert "**Question 2.1.**" in files["sample/sample.ipynb"]


def test_remarks_without_a_title_have_the_text_s_own(make_book: MakeBook) -> None:
    text = f"{HEAD}\n:::{{warning}}\nCareful.\n:::\n"
    book = BOOK.replace('"en"', '"de"')
    loaded = load(make_book({"book.toml": book, "sample/text.md": text}))
    (remark,) = loaded.book.chapters[0].sections[0].blocks
    assert remark.title == "Warnung"  # type: ignore[attr-defined]
