"""``content/references.bib``: the sources of the book, read strictly, formatted in one style."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, KeysView
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import zip_longest

import bibtexparser  # type: ignore[import-untyped]
from bibtexparser.bparser import BibTexParser  # type: ignore[import-untyped]
from bibtexparser.customization import convert_to_unicode  # type: ignore[import-untyped]
from bibtexparser.latexenc import latex_to_unicode  # type: ignore[import-untyped]

from latentbook.base.errors import FileProblems
from latentbook.book.compose.pieces import Address, Link, Text, element, plain

ENTRY = re.compile(r"^@(\w+)\s*\{\s*([^,\s}]*)", re.MULTILINE)
REQUIRED = ("author", "title", "year")
COMMENTS = ("comment", "string", "preamble")


@dataclass(frozen=True)
class Reference:
    """One source. ``html`` is its full entry, ``short`` reads like Baldi & Hornik 1989."""

    key: str
    short: str
    html: Text
    url: str  # its DOI, arXiv or web address; may be empty
    uses: tuple[Link, ...] = ()  # where it is cited


class Bibliography:
    """All sources by key, and where each is cited."""

    def __init__(self, sources: Iterable[Reference], wrong: Collection[str]) -> None:
        self.wrong = wrong  # keys of entries with mistakes, which are reported and left out
        self._sources = {source.key: source for source in sources}
        self._uses: defaultdict[str, dict[Address, Link]] = defaultdict(dict)

    def __contains__(self, key: str) -> bool:
        return key in self._sources

    def keys(self) -> KeysView[str]:
        return self._sources.keys()

    def link(self, key: str) -> Link:
        return Link(Address("references", key), self._sources[key].short)

    def use(self, key: str, place: Link) -> None:
        self._uses[key].setdefault(place.url, place)

    def is_used(self, key: str) -> bool:
        return bool(self._uses.get(key))

    def references(self, keys: Iterable[str] | None = None) -> tuple[Reference, ...]:
        """The entries of some keys, or of all, in alphabetical order."""
        wanted = set(self._sources if keys is None else keys)
        chosen = [source for key, source in self._sources.items() if key in wanted]
        return tuple(
            replace(source, uses=tuple(self._uses[source.key].values()))
            for source in sorted(chosen, key=lambda each: (each.short.casefold(), each.key))
        )


def read_bibliography(text: str, report: FileProblems) -> Bibliography:
    """Read a file's text; report entries that cannot be read, with their line."""
    lines, unclosed = _entry_lines(text, report)
    entries = _parsed(text)
    for key, line in lines.items():
        if key in unclosed:
            report.add(line, f"entry {key!r} has unbalanced braces: one {{ or }} too many")
        elif key not in entries:
            report.add(line, f"entry {key!r} cannot be read as BibTeX: check braces and commas")
        elif missing := [name for name in REQUIRED if not entries[key].get(name)]:
            report.add(line, f"entry {key!r} lacks {', '.join(missing)}")
        elif not re.match(r"https?://|$", entries[key].get("url", "").strip()):
            url = entries[key]["url"]
            report.add(line, f"url of entry {key!r} must begin with https:// or http://; got {url}")
    good = {key: e for key, e in entries.items() if all(e.get(name) for name in REQUIRED)}
    shorts = _short_names(good)
    return Bibliography(
        [
            Reference(key, shorts[key], _entry_text(each, shorts[key]), _url(each))
            for key, each in good.items()
        ],
        lines.keys() - good.keys(),
    )


@lru_cache(maxsize=4)
def _parsed(text: str) -> dict[str, dict[str, str]]:
    """Return each entry's fields. Names retain their braces, which identify groups."""
    parser = BibTexParser(ignore_nonstandard_types=False, common_strings=True)
    return {
        entry["ID"]: convert_to_unicode(dict(entry)) | {"author": entry.get("author", "")}
        for entry in bibtexparser.loads(text, parser=parser).entries
    }


def _entry_lines(text: str, report: FileProblems) -> tuple[dict[str, int], set[str]]:
    """Return each key's line, and the keys with unbalanced braces; report duplicate keys."""
    lines: dict[str, int] = {}
    unclosed: set[str] = set()
    matches = [m for m in ENTRY.finditer(text) if m[1].lower() not in COMMENTS]
    for match, following in zip_longest(matches, matches[1:]):
        line = text.count("\n", 0, match.start()) + 1
        body = text[match.start() : following.start() if following else len(text)]
        body = re.sub(r"\\[{}]", "", body)
        if body.count("{") != body.count("}"):
            unclosed.add(match[2])
        if match[2] in lines:
            first = lines[match[2]]
            report.add(line, f"entry {match[2]!r} is already given at line {first}")
        else:
            lines[match[2]] = line
    return lines, unclosed


def _plain(value: str) -> str:
    """A field without TeX's braces, dashes and line breaks."""
    value = re.sub(r"\s+", " ", value.replace("{", "").replace("}", ""))
    return value.replace("---", "—").replace("--", "–").strip()


def _authors(entry: dict[str, str]) -> list[tuple[str, str]]:
    """Family name and initials of each author. A name in braces is a group's complete name."""
    names = []
    for raw in re.split(r"\s+and\s+", entry["author"]):
        if raw.startswith("{") and raw.endswith("}"):
            names.append((_plain(raw), ""))
            continue
        name = _plain(latex_to_unicode(raw))
        family, comma, given = name.partition(",")
        if not comma:
            given, _, family = name.rpartition(" ")
        words = given.split()
        initials = " ".join(
            "-".join(f"{part[0]}." for part in word.split("-") if part) for word in words
        )
        names.append((family.strip(), initials))
    return names


def _short_names(entries: dict[str, dict[str, str]]) -> dict[str, str]:
    """'Baldi & Hornik 1989'; sources that would read the same get a, b, c after the year."""
    shorts = {}
    for key, entry in entries.items():
        families = [family for family, _ in _authors(entry)]
        match families:
            case [one]:
                who = one
            case [one, two]:
                who = f"{one} & {two}"
            case _:
                who = f"{families[0]} et al."
        shorts[key] = f"{who} {_plain(entry['year'])}"
    counts = Counter(shorts.values())
    letters: Counter[str] = Counter()
    for key in sorted(shorts):
        short = shorts[key]
        if counts[short] > 1:
            shorts[key] = f"{short}{'abcdefghijklmnopqrstuvwxyz'[letters[short]]}"
            letters[short] += 1
    return shorts


def _url(entry: dict[str, str]) -> str:
    if doi := entry.get("doi"):
        return f"https://doi.org/{_plain(doi)}"
    if entry.get("archiveprefix", "").lower() == "arxiv" and entry.get("eprint"):
        return f"https://arxiv.org/abs/{_plain(entry['eprint'])}"
    return entry.get("url", "")


def _entry_text(entry: dict[str, str], short: str) -> Text:
    """Authors (year, with its letter if it has one). Title. Where it appeared. Link."""
    names = [
        f"{family}, {initials}" if initials else family for family, initials in _authors(entry)
    ]
    who = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} & {names[-1]}"
    year = short[short.rindex(_plain(entry["year"])) :]
    tokens = [plain(f"{who} ({year}). {_plain(entry['title'])}.")]
    venue = next(
        (_plain(entry[name]) for name in ("journal", "booktitle", "publisher") if entry.get(name)),
        _plain(entry.get("howpublished", "")),
    )
    if venue:
        where = ""
        if volume := entry.get("volume"):
            number = f"({_plain(entry['number'])})" if entry.get("number") else ""
            where += f" {_plain(volume)}{number}"
        if pages := entry.get("pages"):
            where += f", {_plain(pages)}"
        tokens += [plain(" "), *element("cite", [plain(venue)]), plain(f"{where}.")]
    if url := _url(entry):
        shown = re.sub(r"^https?://(www\.)?", "", url)
        tokens += [plain(" "), *element("a", [plain(shown)], href=url)]
    return Text(tuple(tokens))
