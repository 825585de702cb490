"""A book or a course: its folder, and its ``book.toml`` or ``course.toml``, read once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BeforeValidator, ConfigDict, Field, PrivateAttr, Strict, ValidationInfo

from latentbook.base.datafile import Entry, Text, Toml, full_sentence, matching
from latentbook.base.errors import FileProblems, LatentbookError, Origins, Problems, accepted_names
from latentbook.base.files import Files
from latentbook.base.hashing import content_hash
from latentbook.book.read.brand import Brand, Line, check_brand
from latentbook.book.read.contents import (
    BOOK,
    CONTENT,
    COURSE,
    LISTED,
    PACKAGES,
    ChapterEntry,
    PartEntry,
    manifest_file,
)
from latentbook.book.read.options import IDENTIFIER
from latentbook.book.read.schedule import DatedFile, Days, read_days
from latentbook.book.translations.language import Language, content_language, language
from latentbook.settings import Settings

Macro: TypeAlias = Annotated[str, matching("[A-Za-z]+", "must be a name of letters only")]
PLAIN_TEX = "must be TeX in single quotes, '\\rho', with #1 to #9 for arguments"
BookAddress: TypeAlias = Annotated[
    str, matching(r"https?://.+/|", "is the address of a book, like 'https://host/book/'")
]
ExtensionName: TypeAlias = Annotated[
    str, matching(IDENTIFIER.pattern, "must be in snake_case, without .py")
]
BookId: TypeAlias = Annotated[
    str,
    matching(
        "[a-z][a-z0-9-]{0,63}",
        "is up to 64 lower-case letters, digits and hyphens, and begins with a letter",
    ),
]
ReportAddress: TypeAlias = Annotated[
    str,
    matching(
        r"(?=.*{text})(https?://|mailto:)({title}|{text}|[^\s{])*",
        "is an address like 'mailto:me@host?subject={title}&body={text}'",
    ),
]


def _language(tag: Any) -> Language:
    try:
        return language(tag)
    except LatentbookError as error:
        raise full_sentence(error) from None


def _content_language(tag: Any, info: ValidationInfo) -> Language:
    interface: Language = info.data.get("language") or language("en")
    try:
        return content_language(tag or interface.untranslated or interface.tag, interface)
    except LatentbookError as error:
        raise full_sentence(error) from None


class Manifest(DatedFile):
    """The values that books and courses share.

    Attributes
    ----------
    id : key of the data in readers' browsers; if empty, one is made from title and term
    language, content_language : of the interface, and of the text
    term : when a course is held
    brand : None for the program's own
    numbers : strict refuses a number in the text that is neither computed nor cited
    paragraphs : strict refuses a paragraph with too many numbers or words
    lessons_later : chapters whose sections need not be lessons yet; None exempts all chapters
    report_mistakes : address of a form or mail, with placeholders ``{title}`` and ``{text}``
    authors : people as ``Family, Given``, and groups
    edition, released, url : shown in citations
    corrections : the section that lists the errors of earlier editions
    what_you_can_do : whether the front page has the box of this name
    checks : plugins' rules that the text must follow, by name
    extensions : plugin files in the book's own folder, by name
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)
    stand_in: ClassVar = {"title": "?", "subtitle": "?", "description": "?", "language": "en"}
    title: Text
    subtitle: Text
    description: Text
    id: BookId = ""
    language: Annotated[Language, BeforeValidator(_language)]
    content_language: Annotated[Language, BeforeValidator(_content_language)] = Field(
        default="", validate_default=True
    )
    macros: Mapping[Macro, Annotated[str, matching(r"(\\#|#[1-9]|[^#\x00-\x1f])*", PLAIN_TEX)]] = {}
    parts: tuple[PartEntry, ...] = ()
    term: str = ""
    brand: Brand | None = None
    numbers: Literal["free", "strict"] = "free"
    paragraphs: Literal["free", "strict"] = "free"
    lessons_later: tuple[str, ...] | None = None
    report_mistakes: ReportAddress = ""
    authors: tuple[Text, ...] = ()
    edition: str = ""
    released: Annotated[date, Strict()] | None = None
    url: BookAddress = ""
    corrections: str = ""
    what_you_can_do: Annotated[bool, Strict()] = True
    checks: Mapping[str, Literal["free", "strict"]] = {}
    extensions: Mapping[ExtensionName, str] = {}
    _openings: Days = PrivateAttr(default_factory=Days)
    _file: Toml = PrivateAttr()

    @property
    def storage_id(self) -> str:
        return self.id or f"book-{content_hash(self.title, self.term)}"

    @property
    def entries(self) -> tuple[ChapterEntry, ...]:
        return tuple(entry for part in self.parts for entry in part.chapters)

    def wants_lessons(self, chapter: str) -> bool:
        return self.lessons_later is not None and chapter not in self.lessons_later

    @property
    def strict(self) -> set[str]:
        """Names of the strict checks, which refuse everything that they find."""
        named = {"numbers": self.numbers, "paragraphs": self.paragraphs, **self.checks}
        return {name for name, how in named.items() if how == "strict"}

    @property
    def openings(self) -> Days:
        return self._openings

    @property
    def file(self) -> Toml:
        return self._file


class BookManifest(Manifest):
    """``book.toml``; ``licence`` is a line of Markdown that follows the title."""

    licence: Line = ""


class InstrumentEntry(Entry):
    short = "name"
    name: Annotated[str, matching(IDENTIFIER.pattern, "must be in snake_case, without .py")]


class Hidden(Entry):
    short = "label"
    label: str


class Insert(Entry):
    after: str
    file: str

    @property
    def label(self) -> str:
        return self.after


class Replacement(Entry):
    """A course's replacement for the text with the hash ``original_sha256``."""

    label: str
    file: str
    original_sha256: str = ""


class CourseManifest(Manifest):
    """``course.toml``.

    Attributes
    ----------
    book : release of the book that the course was made for; empty for an independent book
    full_book_url : address of the complete book, for references to omitted content
    """

    book: str = ""
    full_book_url: BookAddress = ""
    instruments: tuple[InstrumentEntry, ...] = ()
    hide: tuple[Hidden, ...] = ()
    insert: tuple[Insert, ...] = ()
    replace: tuple[Replacement, ...] = ()


def read_manifest(path: Path, report: FileProblems) -> BookManifest | CourseManifest:
    """Read the file; report and drop invalid values."""
    file = Toml.read(path, report)
    found: BookManifest | CourseManifest
    if path.name == COURSE:
        course = file.checked(CourseManifest)
        _refuse_twice(course.hide, "label", "{!r} is hidden twice", report)
        _refuse_twice(course.instruments, "name", "instrument {!r} is listed twice", report)
        _refuse_twice(course.replace, "label", "{!r} is replaced twice", report)
        found = _counted(course)
    else:
        found = file.checked(BookManifest)
        for entry in found.entries:
            if not entry.number or entry.sections is not None:
                report.add(entry.line, f"a chapter of a book has slug and number: {entry.slug!r}")
    if file.is_read and not found.entries and not any("parts" in each for each in file.dropped):
        report.add(1, "the book has no chapters: list them under [[parts]]")
    slugs = [entry.slug for entry in found.entries]
    for nth, slug in enumerate(found.lessons_later or ()):
        if slug not in slugs:
            message = f"lessons_later names no chapter: {slug!r}. {accepted_names(slug, slugs)}"
            file.add(message, "lessons_later", nth)
    _refuse_twice(found.entries, "slug", "two chapters have the slug {!r}", report)
    _refuse_twice(found.entries, "number", "two chapters have the number {!r}", report)
    brand = found.brand
    if brand is None and isinstance(found, CourseManifest) and not found.book:
        brand = Brand()
    if brand is not None:
        brand = check_brand(brand, path.parent, file)
        found = found.model_copy(update={"brand": brand})
    found._file, found._openings = file, read_days(file, found)
    return found


def read_course(folder: Path, problems: Problems) -> CourseManifest:
    """Read the manifest in the folder of a course.

    Raises
    ------
    BookErrors
        If the file is missing, is not TOML, or lists no chapter.
    """
    manifest = read_manifest(folder / COURSE, problems.of(Path(folder.name) / COURSE))
    if not manifest.entries:
        problems.raise_all()
    assert isinstance(manifest, CourseManifest)
    return manifest


def manifest_in(folder: Path) -> BookManifest | CourseManifest:
    """Read as much as possible of the manifest of a book or course; ignore mistakes."""
    path = manifest_file(folder)
    return _manifest(path, path.read_bytes() if path.is_file() else b"")


@lru_cache(maxsize=4)
def _manifest(path: Path, content: bytes) -> BookManifest | CourseManifest:
    """A manifest is read once per process, and again when it has changed."""
    return read_manifest(path, Problems().of(path))


def days_of(content: Path) -> Days:
    """The days of a book or course, even if its manifest has other mistakes."""
    return manifest_in(content).openings


def uses_book(course: Path) -> bool:
    """Whether a course is merged with the book, as far as its manifest can be read."""
    manifest = manifest_in(course)
    return isinstance(manifest, CourseManifest) and bool(manifest.book)


def _counted(manifest: CourseManifest) -> CourseManifest:
    """Give the next free number to chapters without one."""
    taken = {entry.number for entry in manifest.entries}
    free = (str(number) for number in count(1) if str(number) not in taken)

    def numbered(entry: ChapterEntry) -> ChapterEntry:
        return entry if entry.number else entry.model_copy(update={"number": next(free)})

    return with_entries(manifest, numbered)


def with_entries(
    manifest: CourseManifest, changed: Callable[[ChapterEntry], ChapterEntry]
) -> CourseManifest:
    parts = tuple(
        part.model_copy(update={"chapters": tuple(map(changed, part.chapters))})
        for part in manifest.parts
    )
    return manifest.model_copy(update={"parts": parts})


def _refuse_twice(entries: Iterable[Entry], field: str, message: str, report: FileProblems) -> None:
    seen: set[str] = set()
    for entry in entries:
        value = getattr(entry, field)
        if value in seen:
            report.add(entry.line, message.format(value))
        seen.add(value)


@dataclass(frozen=True)
class Overlay:
    """A course's differences from the book under it. A book by itself has none.

    Attributes
    ----------
    origins : source of each line
    hidden : label -> file and line that hide it
    book : content of the book under the course; None without one
    full_book_url : address of the complete book; may be empty
    made_for : release of the book that the course was made for; may be empty
    instruments : names of the course's own instruments
    unlisted : names of instrument files that the course does not list
    """

    origins: Origins = field(default_factory=Origins)
    hidden: Mapping[str, str] = field(default_factory=dict)
    book: Path | None = None
    full_book_url: str = ""
    made_for: str = ""
    instruments: tuple[str, ...] = ()
    unlisted: frozenset[str] = frozenset()

    def from_book(self, path: Path, line: int) -> bool:
        return self.book is not None and self.origins.of(path, line)[0].parts[0] == self.book.name


@dataclass(frozen=True)
class Project:
    """A book or a course: its settings, files and manifest.

    Attributes
    ----------
    files : content files; for a course, merged with its book's
    practice : files that the text includes
    widgets : the instruments
    below : the book under a course
    problems : every mistake found so far
    """

    settings: Settings
    files: Files
    practice: Files
    widgets: Files
    overlay: Overlay
    manifest: BookManifest | CourseManifest
    below: Project | None
    problems: Problems

    @classmethod
    def open(cls, settings: Settings, problems: Problems | None = None) -> Project:
        """Open a book; add mistakes in its manifest to its problems."""
        problems, content = problems or Problems(), settings.content
        report = problems.of(Path(content.name) / BOOK)
        manifest = read_manifest(content / BOOK, report)
        files, practice = Files.of(content), Files.of(settings.practice)
        widgets = Files.of(settings.widgets)
        return cls(settings, files, practice, widgets, Overlay(), manifest, None, problems)

    @property
    def home(self) -> Path:
        """The folder of the manifest."""
        return self.settings.course or self.settings.content

    @property
    def packages(self) -> Path:
        """The folder with ``packages.json``: the course's, or else its book's."""
        below = self.below.settings.content if self.below else self.home
        return self.home if (self.home / PACKAGES).is_file() else below

    @property
    def instruments(self) -> tuple[str, ...]:
        """The names of all instruments."""
        return tuple(self.widgets.data(LISTED).decode().split())

    def shown(self, name: str) -> Path:
        """The path that messages show for a content file."""
        return Path(CONTENT if self.settings.course else self.settings.content.name) / name

    def report(self, name: str) -> FileProblems:
        return self.problems.of(self.shown(name))

    def not_open(self, now: datetime) -> Days:
        """Return the content withheld at a moment; authors see drafts."""
        return self.manifest.openings.not_open(now, drafts=self.settings.reload)

    def authors(self, page: Path) -> tuple[str, ...]:
        """Return a page's authors; a course that names none has those of its book."""
        book = (self.below or self).manifest.authors
        return book if self.overlay.from_book(page, 1) else self.manifest.authors or book

    def macros(self) -> dict[str, str]:
        """The book's macros; for a course, also those of its book."""
        own, book = dict(self.manifest.macros), self.below.manifest.macros if self.below else {}
        for name in sorted(own.keys() & book.keys()):
            message = f"macro {name!r} is used twice: the book has it already"
            self.manifest.file.add(message, "macros", name)
        return {**book, **own}
