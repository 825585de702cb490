"""Merge a course with its book into one project folder, ``build/laid``.

The rest of the build reads it like any other book. ``laid.json`` maps every merged line to its
source, so errors point to the file the author wrote.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module, reload
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from latentbook.book.overlay.course import Course, read_course
from latentbook.book.overlay.sourced_text import Region, SourcedText, digest
from latentbook.book.read.contents import BOOK, COURSE, ChapterEntry
from latentbook.book.read.laid import LAID
from latentbook.book.read.manifest import Hidden, Insert, Replacement
from latentbook.book.read.numbers import setting
from latentbook.book.read.options import LABEL
from latentbook.book.read.recordings import NUMBERS, OUTPUTS
from latentbook.book.read.source import INDEX, PRINT
from latentbook.book.write.prefill import prefill_cache
from latentbook.cache import replace_file
from latentbook.errors import Piece, Problems, accepted_names
from latentbook.settings import WIDGETS as BOOK_WIDGETS
from latentbook.settings import Settings
from widgets.renamed import MODULES

CONTENT, WIDGETS, INSTRUMENTS = "content", "widgets", "instruments"
ENGINE = ("__init__.py", "contract.py", "controls.py", "renamed.py", "data/__init__.py")
"""The files of ``widgets`` that every book has, besides the folders ``engine`` and ``kit``."""

PACKAGES = "packages.json"
LEDGERS = ("facts.toml", "references.bib", "glossary.toml", "notation.toml")
TERMS = re.compile(r"^\[terms\]\s*$", re.MULTILINE)
FRONT_MATTER = re.compile(r"\A---\n(.*?\n)---\n", re.DOTALL)
REGISTER = re.compile(r"(?<=^WIDGETS: tuple\[str, \.\.\.\] = \()([^)]*)(?=\))", re.MULTILINE)
DATA_NAMES = re.compile(r"(?<=^NAMES = \()([^)]*)(?=\))", re.MULTILINE)


def merge(settings: Settings) -> Settings:
    """The settings to build: those given, or those of a course's merged folder.

    Raises
    ------
    BookErrors
        With every mistake in how the course and the book go together.
    """
    prefill_cache(settings)
    if settings.course is None:
        return settings
    problems = Problems()
    merge_reporting(settings, problems)
    problems.raise_all()
    return merged_settings(settings)


def merge_reporting(settings: Settings, problems: Problems) -> Course:
    """Merge what can be merged; report every error.

    Raises
    ------
    BookErrors
        If ``course.toml`` cannot be read.
    """
    assert settings.course is not None
    course = read_course(settings.course.resolve(), problems)
    layer = Layer(settings, course, problems)
    layer.merge()
    layer.write(merged_settings(settings).root)
    return course


def merged_settings(settings: Settings) -> Settings:
    """The settings of a course's merged folder."""
    root = settings.build.resolve() / "laid"
    return settings.model_copy(update={"root": root, "content": root / CONTENT, "course": None})


def merge_importable(settings: Settings) -> None:
    """Merge a course, if there is one, and make its ``widgets`` importable.

    Here and in the processes that are started. The server's own modules need parts of the book's
    that a book of its own does not have.

    Raises
    ------
    BookErrors
        With every mistake in how the course and the book go together.
    """
    if settings.course is None:
        return
    laid = merge(settings)
    if str(laid.root) not in sys.path:
        sys.path.insert(0, str(laid.root))
        if WIDGETS in sys.modules:  # the book's, for a server whose course could not be laid before
            reload(sys.modules[WIDGETS])
    package = import_module(WIDGETS)
    if (own := str(BOOK_WIDGETS)) not in package.__path__:
        package.__path__.append(own)


class Layer:
    """The result of merging a course with its book.

    Attributes
    ----------
    pages : Markdown by its place below ``content``
    texts : other files by their place, put together from several
    files : files by their place, copied
    hidden : label -> where it is hidden
    """

    def __init__(self, settings: Settings, course: Course, problems: Problems) -> None:
        self.settings = settings
        self.course = course
        self.problems = problems
        self.own = course.folder / CONTENT
        self.book = settings.content.resolve() if course.manifest.book else None
        self.report = problems.of(course.shown(COURSE))
        self.pages: dict[str, SourcedText] = {}
        self.texts: dict[str, SourcedText] = {}
        self.files: dict[str, Path] = {}
        self.hidden: dict[str, str] = {}

    def merge(self) -> None:
        hidden = {each.label for each in self.course.manifest.hide}
        for entry in self.course.manifest.entries:
            self.chapter(entry, hidden)
        if (self.own / "front.md").is_file():
            self.pages["front.md"] = self.sheet("front.md")
        self.take_files(self.own / "images", "images")
        for replacement in self.course.manifest.replace:
            self.replace(replacement)
        for addition in self.course.manifest.insert:
            self.insert(addition)
        self.hide()
        self.check_instruments()
        for page in self.pages.values():
            if len({path for path, _ in page.origins}) > 1 or hidden:
                page.drop_lost_notes()
        self.ledgers()

    # Chapters

    def chapter(self, entry: ChapterEntry, hidden: set[str]) -> None:
        slug = entry.slug
        there = [p.parent.name for f in self.folders() for p in sorted(f.glob(f"*/{INDEX}"))]
        if slug not in there:
            self.report.add(entry.line, f"no chapter {slug!r}. {accepted_names(slug, there)}")
            return
        index = self.page(f"{slug}/{INDEX}", slug, entry.line)
        listed = _sections(index)
        names = listed if entry.sections is None else list(entry.sections)
        known = {p.stem for f in self.folders() for p in (f / slug).glob("*.md")} - {"index"}
        for name in list(names):
            if name not in known or not LABEL.fullmatch(name) or name == PRINT:
                if entry.sections is not None:
                    self.report.add(
                        entry.line,
                        f"chapter {slug!r} has no section {name!r}. {accepted_names(name, known)}",
                    )
                    names.remove(name)
            elif names.count(name) > 1:
                self.report.add(entry.line, f"section {name!r} is listed twice")
                return
        for path in sorted((self.own / slug).glob("*.md")):
            if path.name != INDEX and path.stem not in names:
                self.report.add(
                    entry.line,
                    f"{self.shown(path)} is not among the sections of {slug!r}: list it, hide it "
                    "or remove it",
                )
        kept = [name for name in names if name not in hidden]
        for name in kept:
            if name in known:
                self.pages[f"{slug}/{name}.md"] = self.page(f"{slug}/{name}.md", name, entry.line)
        self.pages[f"{slug}/{INDEX}"] = _with_sections(index, kept) if kept != listed else index
        for name in set(names) - set(kept):
            if name in known:
                self.hide_page(self.page(f"{slug}/{name}.md", name, entry.line), name)
        self.together(slug)
        for folder in self.folders():
            self.take_files(folder / slug, slug)

    def together(self, slug: str) -> None:
        """Files of a chapter that both folders may have: its numbers and recordings."""
        for name in (NUMBERS, OUTPUTS):
            place = f"{slug}/{name}"
            sheets = [self.read(f / place) for f in self.folders() if (f / place).is_file()]
            if sheets:
                self.texts[place], *below = sheets
            if sheets and below:
                join = self.with_numbers if name == NUMBERS else _with_recordings
                self.texts[place] = join(sheets[0], *below)

    def with_numbers(self, own: SourcedText, book: SourcedText) -> SourcedText:
        """The course's numbers after the book's, whose names it must not set again."""
        set_here, path = setting(own.text), Path(own.origins[0][0])
        for name in set_here.keys() & setting(book.text).keys():
            if not name.startswith("_"):
                line = min(each.lineno for each in set_here[name])
                message = f"{name!r} is used twice: {book.origins[0][0]} sets it already"
                self.problems.add(path, line, message)
        return SourcedText([*book.lines, *own.lines], [*book.origins, *own.origins])

    def folders(self) -> list[Path]:
        return [self.own, *([self.book] if self.book else [])]

    def page(self, place: str, label: str, line: int) -> SourcedText:
        own, book = self.own / place, self.book / place if self.book else None
        if own.is_file() and book is not None and book.is_file():
            self.report.add(
                line,
                f"{label!r} is used twice: {self.shown(own)} and {self.shown(book)}. A file that "
                f"replaces the book's has a different path and is named under [[replace]]",
            )
        return self.sheet(place)

    def sheet(self, place: str) -> SourcedText:
        """The file at a place: the course's, else the book's."""
        path = next(f / place for f in self.folders() if (f / place).is_file())
        return self.read(path)

    def read(self, path: Path) -> SourcedText:
        shown = self.shown(path)
        return SourcedText.of(self.problems.of(shown).read(path), shown)

    def shown(self, path: Path) -> Path:
        """A file as messages name it."""
        if path.is_relative_to(self.course.folder):
            return self.course.shown(path.relative_to(self.course.folder))
        return Path(CONTENT) / path.relative_to(self.settings.content.resolve())

    def take_files(self, folder: Path, place: str) -> None:
        """Pictures and other files next to the Markdown."""
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            name = f"{place}/{path.relative_to(folder).as_posix()}"
            if path.suffix == ".md" or not path.is_file() or name in self.texts:
                continue
            if name not in self.files:
                self.files[name] = path
            else:
                first = self.shown(self.files[name])
                self.report.add(1, f"{name} is used twice: {first} and {self.shown(path)}")

    # Edits

    def find(self, label: str) -> tuple[str, Region] | None:
        """The page of a label and its lines; a page's own label means all of it."""
        for place, page in self.pages.items():
            slug, _, file = place.partition("/")
            if label == (slug if file == INDEX else file.removesuffix(".md")):
                return place, Region(0, len(page.lines))
            if label in page.text and (region := page.regions().get(label)):
                return place, region
        return None

    def found(self, edit: Insert | Replacement | Hidden) -> tuple[str, Region] | None:
        """The same, after reporting an unknown label."""
        found = self.find(edit.label)
        if found is None:
            names = [*self.pages, *(n for page in self.pages.values() for n in page.regions())]
            labels = [Path(name).stem for name in names]
            self.report.add(
                edit.line,
                f"no label {edit.label!r} in this course. {accepted_names(edit.label, labels)}",
            )
        return found

    def text_of(
        self, edit: Insert | Replacement, *, whole_page: bool = False
    ) -> SourcedText | None:
        """The course's text of an edit, or None after reporting what is wrong with its file."""
        path = (self.course.folder / edit.file).resolve()
        if not path.is_relative_to(self.course.folder) or not path.is_file():
            self.report.add(edit.line, f"the course has no file {edit.file!r}")
            return None
        sheet = self.read(path)
        while sheet.lines and not sheet.lines[-1].strip():
            sheet.put(Region(len(sheet.lines) - 1, len(sheet.lines)), None)
        if bool(FRONT_MATTER.match(sheet.text)) is not whole_page:
            wanted = "begins with" if whole_page else "has no"
            self.problems.of(self.shown(path)).add(
                1, f"what stands for {edit.label!r} {wanted} front matter (---)"
            )
            return None
        return sheet

    def replace(self, edit: Replacement) -> None:
        """Replace what has a label with the course's text."""
        if (found := self.found(edit)) is None:
            return
        place, region = found
        page = self.pages[place]
        there = digest(page.source(region))
        if not edit.original_sha256:
            self.report.add(
                edit.line, f'[[replace]] {edit.label!r} lacks original_sha256 = "{there}"'
            )
        elif edit.original_sha256 != there:
            path, line = page.origins[region.start]
            self.report.add(
                edit.line,
                f"{edit.label!r} has changed at {path}:{line} since it was replaced: look at "
                f'{edit.file} again, then write original_sha256 = "{there}"',
            )
        whole = region == Region(0, len(page.lines))
        if (sheet := self.text_of(edit, whole_page=whole)) is None:
            return
        if whole:
            listed = _sections(page)
            self.pages[place] = (
                _with_sections(sheet, listed)
                if place.endswith(INDEX) and _sections(sheet) != listed
                else sheet
            )
        else:
            page.put(region, sheet)

    def insert(self, edit: Insert) -> None:
        if (found := self.found(edit)) is None:
            return
        sheet = self.text_of(edit)
        if sheet is not None and sheet.lines:
            place, region = found
            self.pages[place].insert(region.end, sheet)

    def hide(self) -> None:
        """Remove what the course hides."""
        for each in self.course.manifest.hide:
            if each.label in self.hidden:
                continue  # a section
            if (found := self.found(each)) is None:
                continue
            place, region = found
            page = self.pages[place]
            if region == Region(0, len(page.lines)):
                self.report.add(
                    each.line, f"{each.label!r} is a chapter: leave it out of [[parts]]"
                )
                continue
            where = f"{self.course.shown(COURSE)}:{each.line}"
            for label, inner in page.regions().items():
                if region.start <= inner.start and inner.end <= region.end:
                    self.hidden[label] = where
            page.put(region, None)

    def hide_page(self, page: SourcedText, name: str) -> None:
        """Record the labels of a hidden section."""
        line = next(each.line for each in self.course.manifest.hide if each.label == name)
        where = f"{self.course.shown(COURSE)}:{line}"
        self.hidden |= dict.fromkeys((name, *page.regions()), where)

    # What lies beside

    def check_instruments(self) -> None:
        """Report instruments without a file, and names that the book has already."""
        below, own = self.settings.widgets, self.course.folder / INSTRUMENTS
        for each in self.course.manifest.instruments:
            if not (own / f"{each.name}.py").is_file():
                self.report.add(
                    each.line, f"instrument {each.name!r} has no file {INSTRUMENTS}/{each.name}.py"
                )
        taken = {path.relative_to(below).as_posix() for path in below.rglob("*") if path.is_file()}
        taken |= {f"{module.partition('.')[2]}.py" for module in MODULES}
        for path, place in self.own_instruments():
            if place in taken:
                name = Path(place).stem
                line = next((e.line for e in self.course.manifest.instruments if e.name == name), 1)
                self.report.add(line, f"{self.shown(path)}: the book has {WIDGETS}/{place} already")

    def own_instruments(self) -> list[tuple[Path, str]]:
        """The course's files of instruments, what they import and their data, with their places."""
        own = self.course.folder / INSTRUMENTS
        if not self.course.manifest.instruments:
            return []
        code = [p for p in sorted(own.glob("*.py")) if not p.name.startswith(("test_", "conftest"))]
        data = [path for path in sorted((own / "data").glob("*")) if path.is_file()]
        return [*((path, path.name) for path in code), *((p, f"data/{p.name}") for p in data)]

    def ledgers(self) -> None:
        """Facts, sources, terms and symbols: the book's, then the course's."""
        for name in LEDGERS:
            sheets = [
                self.read(folder / name)
                for folder in reversed(self.folders())
                if (folder / name).is_file()
            ]
            if not sheets:
                if name in ("facts.toml", "references.bib"):
                    self.texts[name] = SourcedText([""], [(name, 1)])
                continue
            first, *more = sheets
            for sheet in more:
                # One table of terms, in two files.
                if TERMS.search(first.text):
                    sheet.lines = [TERMS.sub("", line) for line in sheet.lines]
                first.lines += sheet.lines
                first.origins += sheet.origins
            self.texts[name] = first
        self.texts[COURSE] = self.read(self.course.folder / COURSE)
        brand = self.course.manifest.brand
        for name in (brand.mark, brand.icon) if brand else ():
            if name:
                self.files[name] = self.course.folder / name
        if self.book is not None:
            self.files[BOOK] = self.book / BOOK
        for folder in (self.course.folder, *([self.book] if self.book else [])):
            if (folder / PACKAGES).is_file():
                self.files[PACKAGES] = folder / PACKAGES
                self.take_files(folder / "wheels", "wheels")
                break

    def instruments(self) -> Iterator[tuple[str, Path | str]]:
        """The files of ``widgets``, each with its origin or its text."""
        below = self.settings.widgets
        own = self.own_instruments()
        added = {
            "__init__.py": (REGISTER, [each.name for each in self.course.manifest.instruments]),
            "data/__init__.py": (DATA_NAMES, [p.stem for p, _ in own if p.suffix == ".npz"]),
        }
        for path in sorted(below.rglob("*")):
            place = path.relative_to(below)
            name = place.as_posix()
            if not path.is_file() or "__pycache__" in place.parts:
                continue
            if self.book is None and name not in ENGINE and place.parts[0] not in ("engine", "kit"):
                continue
            if name in added:
                yield name, self.registered(path.read_text(encoding="utf-8"), *added[name])
            else:
                yield name, path
        for path, name in own:
            if not (below / name).exists():  # reported by check_instruments
                yield name, path

    def registered(self, text: str, pattern: re.Pattern[str], names: list[str]) -> str:
        """A module with more names in its tuple, after those of the book."""
        more = "".join(f'    "{name}",\n' for name in names)
        before = "\n" if self.book is None else r"\1"
        return pattern.sub(before + more, text)

    def write(self, root: Path) -> None:
        """Write the merged project; delete stale files."""
        wanted: dict[str, bytes] = {}
        for place, sheet in [*self.pages.items(), *self.texts.items()]:
            wanted[f"{CONTENT}/{place}"] = sheet.text.encode()
        for place, path in self.files.items():
            wanted[f"{CONTENT}/{place}"] = path.read_bytes()
        wanted[LAID] = json.dumps(self.laid(), indent=0).encode()
        links: dict[str, Path] = {}
        for place, origin in self.instruments():
            if isinstance(origin, str):
                wanted[f"{WIDGETS}/{place}"] = origin.encode()
            else:
                links[f"{WIDGETS}/{place}"] = origin.resolve()
        for name in ("static", "node_modules", "package.json", "package-lock.json"):
            links[name] = (self.settings.root / name).resolve()
        for folder in (root / CONTENT, root / WIDGETS):
            for path in sorted(folder.rglob("*"), reverse=True):
                name = path.relative_to(root).as_posix()
                if name not in wanted and name not in links and not path.is_dir():
                    path.unlink()
        for name, data in wanted.items():
            path = root / name
            if path.is_symlink():
                path.unlink()
            if not path.is_file() or path.read_bytes() != data:
                replace_file(path, data)
        for name, target in links.items():
            path = root / name
            if path.is_symlink() and path.readlink() == target:
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            path.symlink_to(target)

    def laid(self) -> dict[str, Any]:
        """What ``latentbook.book.read.laid`` reads."""
        origins: Mapping[str, list[Piece]] = {
            f"{CONTENT}/{place}": sheet.pieces()
            for place, sheet in [*self.pages.items(), *self.texts.items()]
        }
        origins = {place: pieces for place, pieces in origins.items() if pieces != [(1, place, 1)]}
        return {
            "origins": origins,
            "hidden": self.hidden,
            "book": str(self.book or ""),
            "full_book_url": self.course.manifest.full_book_url,
            "made_for": self.course.manifest.book,
            "instruments": [each.name for each in self.course.manifest.instruments],
        }


def _with_recordings(own: SourcedText, book: SourcedText) -> SourcedText:
    """The course's recordings, and the book's for the rest."""
    try:
        whole = json.loads(book.text) | json.loads(own.text)
    except (TypeError, ValueError):
        return own  # reported where it is read
    return SourcedText([json.dumps(whole)], own.origins[:1])


def _sections(index: SourcedText) -> list[str]:
    """The sections that the opening of a chapter lists."""
    front = FRONT_MATTER.match(index.text)
    try:
        values = yaml.safe_load(front[1]) if front else {}
    except yaml.YAMLError:
        return []  # reported where the page is read
    listed = values.get("sections", []) if isinstance(values, dict) else []
    return [name for name in listed if isinstance(name, str)] if isinstance(listed, list) else []


def _with_sections(index: SourcedText, names: list[str]) -> SourcedText:
    """The opening of a chapter with a different list of sections; every line stays in place."""
    front = FRONT_MATTER.match(index.text)
    root = yaml.compose(front[1], Loader=yaml.SafeLoader) if front else None
    lines = list(index.lines)
    for key, value in root.value if isinstance(root, yaml.MappingNode) else ():
        if key.value == "sections":
            first, last = key.start_mark.line + 1, value.end_mark.line + 1
            if value.end_mark.column == 0:
                last -= 1  # a list of lines ends where the next key begins
            lines[first : last + 1] = [f"sections: [{', '.join(names)}]", *[""] * (last - first)]
    return SourcedText(lines, index.origins)


def release() -> str:
    """The installed release of the book."""
    return version("latentbook")
