"""Interface text in other languages, and English where a translation is missing."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest

from latentbook.base.errors import BookErrors, LatentbookError
from latentbook.book.build import build_site
from latentbook.book.load import load
from latentbook.book.overlay.merge import open_project
from latentbook.book.translations.language import catalogues, content_language, language, po_file
from tests.explained import SENTENCES
from tests.pseudo_locale import add_pseudo_locale
from tools import translations as words

from .conftest import BOOK, HEAD, MakeBook, fixture_chapter

CALLS = re.compile(
    r"""(?<!\w)(?:_|n?gettext|message|translate(?:Count|Around)?)\(\s*(?:[^"',()]+,\s*)?"((?:[^"\\]|\\.)+)\""""
)
"""A message that a source passes to a translating function."""


def in_language(tag: str, text: str = "") -> dict[str, str]:
    book = BOOK.replace('language = "en"', f'language = "{tag}"\n{text}')
    return {"book.toml": book, **fixture_chapter()}


def with_words(name: str, text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the interface a single catalogue."""
    only_in(folder / "app/latentbook/locale", monkeypatch)
    po_file(name).parent.mkdir(parents=True)
    po_file(name).write_text(text, encoding="utf-8")


def only_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = {"latentbook": folder}
    monkeypatch.setattr("latentbook.book.translations.language.locales", lambda: folders)
    monkeypatch.setattr("tools.translations.locales", lambda: folders)


def german() -> str:
    return po_file("de").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", catalogues())
def test_no_translation_breaks_a_page(name: str) -> None:
    for package in words.ours():
        assert words.find_broken(po_file(name, package)) == []


def test_extraction_settles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = german().replace('msgid "Listing"', 'msgid "Listings"')
    with_words("de", text, tmp_path, monkeypatch)
    words.extract((), lambda message: None)
    extracted = german()
    assert 'msgid "Listing"' in extracted and "Listings" not in extracted
    words.extract((), lambda message: None)
    assert german() == extracted


def test_extraction_finds_every_call(root: Path) -> None:
    """A plain-text search of templates, scripts and the build finds no further messages."""
    found = {
        form
        for package in words.ours()
        for message in words.messages(package)
        for form in ([message.id] if isinstance(message.id, str) else message.id)
    }
    files = [
        *(root / "app").rglob("templates/**/*.html"),
        *(root / "app/latentbook/book").rglob("*.py"),
        *(root / "static/js").rglob("*.js"),
        *(root / "app/latentbook_classroom/static").rglob("*.js"),
    ]
    said = {
        json.loads(f'"{text}"') if "\\u" in text else text
        for path in files
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
    for path in sorted((root / "app").rglob("templates/**/*.html")):
        parser = Bare()
        text = re.sub(r"(</?){{.*?}}", r"\1p", path.read_text(encoding="utf-8"))
        parser.feed(jinja.sub("", text))
        bare[path.name] = parser.words
    assert {name: words for name, words in bare.items() if words} == {}


SENTENCE = re.compile(r"[A-Z{].*\w{2}.* .*[.:?]", re.DOTALL)
TECHNICAL = (
    "{} is no",
    "A cell has given the name",
    "A file that this needs could not",
    "An exception was raised that fails",
    "Put back, as the book needs it",
    "What this snippet had made by then",
    "The answer's interpreter failed",
    "The check's interpreter failed",
    "The check was lost",
    "The answer has more than",
    "The code has",
    "The check on the server cannot use",
    "The instrument {}.",
    "The references stay those of the book.",
    "Your code was stopped",
)
"""Error details, which stay English next to a translated sentence (docs/languages.md)."""


def sentences(tree: ast.AST) -> Iterator[str]:
    """Untranslated strings that read like sentences, except docstrings and exceptions."""
    match tree:
        case ast.Raise() | ast.Expr(value=ast.Constant()):
            return
        case ast.Call(func=ast.Name(id="message" | "sentence") | ast.Attribute(attr="translate")):
            return
        case ast.JoinedStr(values=values):
            parts = [str(part.value) if isinstance(part, ast.Constant) else "{}" for part in values]
            found = "".join(parts)
        case ast.Constant(value=str() as found):
            pass
        case _:
            for child in ast.iter_child_nodes(tree):
                yield from sentences(child)
            return
    if SENTENCE.fullmatch(found):
        yield found


@pytest.mark.parametrize(
    "folder", ["widgets/engine", "widgets/kit", "app/latentbook_classroom/grader"]
)
def test_python_says_nothing_untranslated_to_readers(root: Path, folder: str) -> None:
    bare = {
        f"{path.name}: {text}"
        for path in sorted((root / folder).glob("*.py"))
        if path.name not in ("doctor.py", "snapshot.py")  # for authors and operators
        for text in sentences(ast.parse(path.read_text(encoding="utf-8")))
        if not text.startswith(TECHNICAL)
    }
    assert bare == set()


def changed(text: str, changes: Mapping[str, str]) -> str:
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after, 1)
    return text


def test_a_release_names_the_mistakes_in_a_catalogue_by_their_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = {
        'msgstr "Tipp"': 'msgstr ""',
        '#, python-format\nmsgid "chapter': '#, fuzzy, python-format\nmsgid "chapter',
        '"Abschnitt %(number)s"': '"Abschnitt %(nummer)s"',
        'msgid "Listing"': 'msgid "Listings"',
    }
    with_words("de", changed(german(), changes), tmp_path, monkeypatch)
    with pytest.raises(BookErrors) as raised:
        words.check(lambda message: None)
    said = [str(error) for error in raised.value.errors]
    for told in (
        "'Tip' is not translated",
        "'chapter %(number)s' is fuzzy",
        "'Abschnitt %(nummer)s' must have the values and the markup of 'section %(number)s'",
        "run `latentbook translations extract`",
    ):
        (line,) = (line for line in said if told in line)
        assert re.match(r"app/latentbook/locale/de/LC_MESSAGES/latentbook\.po:\d+: ", line)


def test_a_release_needs_no_word_of_another_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = {"Language: de": "Language: nl", 'msgstr "Tipp"': 'msgstr ""'}
    text = changed(german(), {**changes, 'msgid "Listing"': 'msgid "Listings"'})
    said: list[str] = []
    with_words("nl", text, tmp_path, monkeypatch)
    words.check(said.append)
    assert re.fullmatch(r"latentbook, nl: \d+ of \d+ messages are translated", said[0])
    po_file("nl").write_text(text.replace("Quelle", "%(quelle)s"), encoding="utf-8")
    with pytest.raises(BookErrors, match="must have the values"):
        words.check(said.append)


def test_a_word_that_is_missing_is_english(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = "{number} result"
    changes = {
        'msgid "Listing"': 'msgid "Listings"',
        'msgstr "Tipp"': 'msgstr ""',
        'msgstr "Richtig."': 'msgstr ""',
        'msgstr[1] "{number} Ergebnisse"': 'msgstr[1] ""',
    }
    with_words("de", changed(german(), changes), tmp_path, monkeypatch)
    speaks, scripts = language("de"), language("de").script_words()
    assert [speaks.translate(each) for each in ("Listing", "Tip", "Note")] == [
        *("Listing", "Tip", "Anmerkung")
    ]
    assert "Right." not in scripts and one not in scripts  # the scripts have the English
    assert scripts["Close"] == "Schließen"


def test_a_language_begins_with_nothing_translated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_in(tmp_path, monkeypatch)
    words.extract(("fr", "pt-BR"), lambda message: None)
    assert catalogues() == ("fr", "pt_BR")
    assert language("pt-BR").tag == "pt-BR"
    assert language("fr").translate("Hint") == "Hint"
    assert language("fr").script_words() == {}
    with pytest.raises(LatentbookError, match="Unknown language 'xx'"):
        words.extract(("xx",), lambda message: None)


def test_explanations_of_errors_come_with_the_first_error() -> None:
    german, explanations = language("de"), json.loads(language("de").explanations())
    assert explanations.keys() >= set(SENTENCES.values())
    assert not explanations.keys() & german.script_words(served=True).keys()
    place = "assets/explanations-1.json"
    assert f'"{place}"' in german.words_script(explanations=place).decode()
    assert language("en").explanations() == b""


def test_a_region_takes_the_words_of_its_language() -> None:
    assert language("de-AT").translate("Hint") == "Hinweis"
    assert language("de-AT").tag == "de-AT"
    assert language("en-GB").translate("Hint") == "Hint"
    assert not language("en-GB").warning


def test_english_stands_in_for_a_language_without_words() -> None:
    day = date(2026, 3, 5)
    for tag, direction in {"he": "rtl", "ar-EG": "rtl", "fr": "ltr"}.items():
        spoken = language(tag)
        assert (spoken.tag, spoken.direction) == ("en", direction)
        assert (spoken.translate("Hint"), spoken.date(day)) == ("Hint", "2026-03-05")
        assert spoken.words_script() == b""
        assert f"not translated into {tag!r}" in spoken.warning
        text = content_language(tag, language("de"))
        assert (text.tag, text.direction) == (tag, direction)
        assert (text.translate("Hint"), text.date(day)) == ("Hinweis", "5. März 2026")


@pytest.mark.parametrize("tag", ["klingon", "d", "", "12", "de-XX", None, 12])
def test_what_is_no_language_is_refused(tag: object) -> None:
    for read in (language, lambda tag: content_language(tag, language("de"))):
        with pytest.raises(LatentbookError, match=rf"language {tag!r}\. Accepted: .* de, pt-BR"):
            read(tag)


def test_days_are_written_out() -> None:
    written = {tag: language(tag).date(date(2026, 1, 5)) for tag in ("en", "de", "de-AT")}
    assert written == {"en": "2026-01-05", "de": "5. Januar 2026", "de-AT": "5. Jänner 2026"}


def test_scripts_get_a_form_for_each_plural_category(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """https://www.unicode.org/cldr/charts/latest/supplemental/language_plural_rules.html"""
    one = "{number} result"
    assert language("de").script_words()[one] == {"one": one.replace("result", "Ergebnis")} | {
        "other": "{number} Ergebnisse"
    }
    add_pseudo_locale("he", tmp_path, monkeypatch)
    assert set(language("he").script_words()[one]) == {"one", "two", "other"}
    assert language("en").script_words() == {}


def test_an_unknown_language_is_reported_by_its_line(make_book: MakeBook) -> None:
    with pytest.raises(BookErrors) as raised:
        load(make_book(in_language("klingon")))
    (error,) = raised.value.errors
    assert str(error).startswith("content/book.toml:4: Unknown language 'klingon'. Accepted: ")
    with pytest.raises(BookErrors, match=r"book\.toml:5: Unknown language '12'\. Accepted: "):
        load(make_book(in_language("de", 'content_language = "12"')))


def built(
    make_book: MakeBook,
    tag: str,
    text: str = "",
    report: Callable[[str], None] = lambda message: None,
) -> dict[str, str]:
    site = build_site(open_project(make_book(in_language(tag, text))), report=report)
    return {
        str(path.relative_to(site)): path.read_text(encoding="utf-8")
        for path in site.rglob("*")
        if path.suffix in (".html", ".js", ".ipynb", ".webmanifest")
    }


DIRECTION = r'<(?!input type="text"|button type="button" dir="auto" data)[^>]* dir='
"""A ``dir`` of the page or a part of it; text fields and their suggestions set their own."""


def linked(files: dict[str, str], pattern: str) -> str:
    """The file that the pages load; an earlier edition's may be next to it."""
    found = re.search(pattern, files["sample/text/index.html"])
    assert found is not None
    return files[found[0]]


def test_english_carries_no_words(make_book: MakeBook, small_runtime: None) -> None:
    files = built(make_book, "en")
    for name, html in files.items():
        if name.endswith(".html"):
            assert '<html lang="en" data-root' in html
            assert not re.search(DIRECTION, html)
            assert html.count(" lang=") == 1 and "words-" not in html


def test_a_german_site_speaks_german(make_book: MakeBook, small_runtime: None) -> None:
    files = built(make_book, "de")
    page = files["sample/quizzes/index.html"]
    assert '<html lang="de" data-root' in page and not re.search(DIRECTION, page)
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


def test_a_site_without_words_is_english_in_the_direction_of_its_language(
    make_book: MakeBook, small_runtime: None
) -> None:
    said: list[str] = []
    files = built(make_book, "he", report=said.append)
    assert len([line for line in said if "not translated into 'he'" in line]) == 1
    page = files["sample/quizzes/index.html"]
    assert '<html lang="en" dir="rtl" data-root' in page
    assert '<div class="page" lang="he" dir="rtl">' in page
    assert '<summary lang="en">Hint</summary>' in page and "words-" not in page
    manifest = json.loads(linked(files, r"assets/manifest-\w+\.webmanifest"))
    assert (manifest["lang"], manifest["dir"]) == ("en", "rtl")


class Spoken(HTMLParser):
    """The words of a page in one language."""

    SILENT = ("script", "style", "kbd", "code", "svg", "title")
    VOID = ("meta", "link", "img", "br", "input", "source", "hr")

    def __init__(self, language: str) -> None:
        super().__init__()
        self.language = language
        self.around = [("", "")]
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.around.append((tag, dict(attrs).get("lang") or self.around[-1][1]))

    def handle_endtag(self, tag: str) -> None:
        while self.around.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        silent = any(tag in self.SILENT for tag, _ in self.around)
        if not silent and self.around[-1][1] == self.language:
            self.words += data.split()


def test_a_text_keeps_its_own_language(
    make_book: MakeBook, small_runtime: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "locale").mkdir()
    add_pseudo_locale("he", tmp_path / "locale", monkeypatch)
    files = built(make_book, "he", 'content_language = "en"')
    page = files["sample/numbering/index.html"]
    assert '<html lang="he" dir="rtl" data-root' in page
    assert '<div class="page" lang="en" dir="ltr">' in page
    plain = re.sub("\N{NO-BREAK SPACE}", " ", page)
    assert ">section 2.1<" in plain or ">Section 2.1<" in plain  # in a sentence of the text
    assert '<p class="eyebrow" lang="he">' in page
    assert "**Question 2.1.**" in files["sample/sample.ipynb"]
    for name in ("index.html", "contents/index.html", "sample/quizzes/index.html"):
        spoken = Spoken("he")
        spoken.feed(files[name])
        assert len(spoken.words) > 30
        assert [word for word in spoken.words if re.search("[aeiou]", word)] == [], name


def test_remarks_without_a_title_have_the_text_s_own(make_book: MakeBook) -> None:
    text = f"{HEAD}\n:::{{warning}}\nCareful.\n:::\n"
    book = BOOK.replace('"en"', '"de"')
    loaded = load(make_book({"book.toml": book, "sample/text.md": text}))
    (remark,) = loaded.book.chapters[0].sections[0].blocks
    assert remark.title.words == "Warnung"  # type: ignore[attr-defined]
