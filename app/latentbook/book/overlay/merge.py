"""Merge a course with its book.

The rest of the build reads the result like any other book. Every merged line remembers its source,
so that errors point to the file the author wrote.
"""

import os
import re
from collections.abc import Collection, Iterator
from importlib.metadata import version
from pathlib import Path

import widgets
from latentbook.base.errors import Origins, Problems, accepted_names
from latentbook.base.files import Files
from latentbook.book.overlay.sourced_text import Region, SourcedText, digest
from latentbook.book.read.card_records import BOOK_CARDS, CARDS
from latentbook.book.read.contents import (
    ASSIGNMENTS,
    BOOK,
    CONTENT,
    COURSE,
    EVIDENCE,
    INSTRUMENTS,
    LISTED,
    PACKAGES,
    PRACTICE,
    WIDGETS,
    ChapterEntry,
    page_label,
)
from latentbook.book.read.frontmatter import FrontMatter
from latentbook.book.read.numbers import setting
from latentbook.book.read.options import LABEL, as_label
from latentbook.book.read.project import (
    CourseManifest,
    Hidden,
    Insert,
    Overlay,
    Project,
    Replacement,
    read_course,
    with_entries,
)
from latentbook.book.read.recordings import BOOK_OUTPUTS, NUMBERS, OUTPUTS
from latentbook.book.read.source import INDEX, PRINT, existing_sections, refuse_stray_evidence
from latentbook.book.write.prefill import prefill_cache
from latentbook.settings import Settings
from widgets.renamed import MODULES

ENGINE = ("__init__.py", "contract.py", "controls.py", "renamed.py", "data/__init__.py")
"""The files of ``widgets`` that every book has, besides the folders ``engine`` and ``kit``."""

LEDGERS = ("facts.toml", "references.bib", "glossary.toml", "notation.toml")
TERMS = re.compile(r"^\[terms\]\s*$", re.MULTILINE)
FRONT_MATTER = re.compile(r"\A---\n(.*?\n)---\n", re.DOTALL)


def open_project(settings: Settings) -> Project:
    """Open a book, or a course merged with its book; make its instruments importable.

    Raises
    ------
    BookErrors
        With every mistake in merging the course with the book.
    """
    prefill_cache(settings)
    if settings.course is None:
        widgets.use()
        return Project.open(settings)
    project = merge(settings)
    project.problems.raise_all()
    return project


def merge(settings: Settings) -> Project:
    """Merge a course as far as possible; collect errors in the problems of the project.

    Raises
    ------
    BookErrors
        If ``course.toml`` cannot be read.
    """
    assert settings.course is not None
    folder, problems = settings.course.resolve(), Problems()
    layer = Layer(settings, folder, read_course(folder, problems), problems)
    layer.merge()
    project = layer.project()
    widgets.use(str(folder / INSTRUMENTS), project.instruments, alone=project.below is None)
    return project


class Layer:
    """A course and the book under it, merged.

    Attributes
    ----------
    folder : of the course
    own, book : content of the course, and of the book if there is one
    pages : Markdown files by their place in ``content``
    texts : other text files by their place, which may combine several
    files : files to copy, by their place
    practice : files that the text includes, by their place in `practice`
    hidden : label -> file and line that hide it
    sections : of each chapter, by its slug
    """

    def __init__(
        self, settings: Settings, folder: Path, manifest: CourseManifest, problems: Problems
    ) -> None:
        self.settings = settings
        self.folder = folder
        self.manifest = manifest
        self.problems = problems
        self.own = folder / CONTENT
        self.own_files = Files.of(self.own)
        self.book = settings.content.resolve() if manifest.book else None
        self.report = manifest.file.report
        self.pages: dict[str, SourcedText] = {}
        self.texts: dict[str, SourcedText] = {}
        self.files: dict[str, Path] = {}
        self.practice: dict[str, Path] = {}
        self.hidden: dict[str, str] = {}
        self.sections: dict[str, tuple[str, ...]] = {}

    def merge(self) -> None:
        for entry in self.manifest.entries:
            self.chapter(entry)
        if (self.own / "front.md").is_file():
            self.pages["front.md"] = self.read(self.own / "front.md")
        self.take_files(self.own / "images", "images")
        for content in self.folders():
            self.take_practice(content.with_name(PRACTICE))
        self.assignments()
        for replacement in self.manifest.replace:
            self.replace(replacement)
        for addition in self.manifest.insert:
            self.insert(addition)
        for each in self.manifest.hide:
            self.hide(each)
        self.check_instruments()
        for page in self.pages.values():
            if len({path for path, _ in page.origins}) > 1 or self.manifest.hide:
                page.drop_lost_notes()
        self.ledgers()
        self.manifests()

    def project(self) -> Project:
        """Return the merged project, whose manifest lists the sections of each chapter."""

        def listed(entry: ChapterEntry) -> ChapterEntry:
            return entry.model_copy(update={"sections": self.sections.get(entry.slug)})

        manifest, below = with_entries(self.manifest, listed), None
        if self.book is not None and (self.book / BOOK).is_file():
            below = Project.open(self.settings.model_copy(update={"course": None}), self.problems)
        lines = {place: [(self.shown(path).as_posix(), 1)] for place, path in self.files.items()}
        lines |= {place: text.origins for place, text in (self.pages | self.texts).items()}
        overlay = Overlay(
            Origins({f"{CONTENT}/{place}": found for place, found in lines.items()}),
            self.hidden,
            self.book,
            manifest.full_book_url,
            manifest.book,
            tuple(each.name for each in manifest.instruments),
            self.python_files() - {each.name for each in manifest.instruments},
        )
        self.problems.origins = overlay.origins
        texts = {place: text.text for place, text in (self.pages | self.texts).items()}
        return Project(
            self.settings,
            Files(self.files, texts),
            Files(self.practice),
            Files(dict(self.instruments()), {LISTED: self.listed()}),
            overlay,
            manifest,
            below,
            self.problems,
        )

    # Chapters

    def chapter(self, entry: ChapterEntry) -> None:
        slug = entry.slug
        there = [p.parent.name for f in self.folders() for p in sorted(f.glob(f"*/{INDEX}"))]
        if slug not in there:
            self.report.add(entry.line, f"no chapter {slug!r}. {accepted_names(slug, there)}")
            return
        index = self.page(f"{slug}/{INDEX}", slug, entry.line)
        known = {p.stem for f in self.folders() for p in (f / slug).glob("*.md")} - {"index"}
        front = _front_matter(index)
        names = _sections(front)
        opening = self.shown(self.own / slug / INDEX)
        if entry.sections is None and index.origins[0][0] == opening.as_posix():
            report = self.problems.of(opening)
            lines = front.named_lines()
            names = existing_sections(names, known, lines, report) if names else sorted(known)
        else:
            names = self.chosen(entry, names, known)
        hidden = {each.label: each for each in self.manifest.hide}
        for name in (name for name in names if name in known):
            page = self.page(f"{slug}/{name}.md", name, entry.line)
            if name in hidden:
                self.note_hidden(hidden[name], name, *page.regions())
            else:
                self.pages[f"{slug}/{name}.md"] = page
                self.evidence(f"{slug}/{EVIDENCE}/{name}.md", entry.line)
        refuse_stray_evidence(
            self.own_files,
            slug,
            names,
            lambda place: self.problems.of(self.shown(self.own / place)),
        )
        kept = [name for name in names if name not in hidden]
        self.pages[f"{slug}/{INDEX}"] = index
        self.sections[slug] = tuple(kept)
        if numbers := self.all_at(f"{slug}/{NUMBERS}"):
            both = len(numbers) == 2
            self.texts[f"{slug}/{NUMBERS}"] = self.with_numbers(*numbers) if both else numbers[0]
        for files in ((OUTPUTS, BOOK_OUTPUTS), (CARDS, BOOK_CARDS)):
            for name, folder in zip(files, self.folders(), strict=False):
                if (recorded := folder / slug / files[0]).is_file():
                    self.texts[f"{slug}/{name}"] = self.read(recorded)
        for folder in self.folders():
            self.take_files(folder / slug, slug)

    def evidence(self, place: str, line: int) -> None:
        """Add the evidence for a section, if there is any."""
        if self.all_at(place):
            self.pages[place] = self.page(place, page_label(place.removesuffix(".md")), line)

    def chosen(self, entry: ChapterEntry, listed: list[str], known: Collection[str]) -> list[str]:
        """Return the sections that the course uses from a chapter; report mistakes."""
        names = listed or sorted(known)
        if entry.sections is not None:
            names = [name for name in entry.sections if _is_section(name, known)]
            for name in sorted({*entry.sections} - {*names}):
                accepted = accepted_names(name, known)
                message = f"chapter {entry.slug!r} has no section {name!r}. {accepted}"
                self.report.add(entry.line, message)
        for name in names:
            if _is_section(name, known) and names.count(name) > 1:
                self.report.add(entry.line, f"section {name!r} is listed twice")
        for path in sorted((self.own / entry.slug).glob("*.md")):
            if path.name != INDEX and path.stem not in names:
                self.report.add(
                    entry.line,
                    f"{self.shown(path)} is not among the sections of {entry.slug!r}: list it, "
                    "hide it or remove it",
                )
        return list(dict.fromkeys(names))

    def assignments(self) -> None:
        """Add the course's assignments, not the book's, which ask for other people's chapters."""
        for path in sorted((self.folder / ASSIGNMENTS).glob("*.md")):
            self.texts[f"{ASSIGNMENTS}/{path.name}"] = self.read(path)
        self.take_files(self.folder / ASSIGNMENTS, ASSIGNMENTS)

    def with_numbers(self, own: SourcedText, book: SourcedText) -> SourcedText:
        """Append the course's numbers to the book's; report names that both set."""
        set_here, path = setting(own.text), Path(own.origins[0][0])
        for name in set_here.keys() & setting(book.text).keys():
            if not name.startswith("_"):
                line = min(each.lineno for each in set_here[name])
                message = f"{name!r} is used twice: {book.origins[0][0]} sets it already"
                self.problems.add(path, line, message)
        return SourcedText([*book.lines, *own.lines], [*book.origins, *own.origins])

    def folders(self) -> list[Path]:
        return [self.own, *([self.book] if self.book else [])]

    def all_at(self, place: str) -> list[SourcedText]:
        """The files at a place in ``content``, the course's first."""
        paths = [folder / place for folder in self.folders()]
        # Read folders and broken links as well, so that the error names the cause.
        return [self.read(path) for path in paths if os.path.lexists(path)]

    def page(self, place: str, label: str, line: int) -> SourcedText:
        found = self.all_at(place)
        if len(found) == 2:
            own, book = (page.origins[0][0] for page in found)
            self.report.add(
                line,
                f"{label!r} is used twice: {own} and {book}. A file that replaces the book's has a "
                f"different path and is named under [[replace]]",
            )
        return found[0]

    def read(self, path: Path) -> SourcedText:
        shown = self.shown(path)
        return SourcedText.of(self.problems.of(shown).read(path), shown)

    def shown(self, path: Path) -> Path:
        root = self.folder if path.is_relative_to(self.folder) else self.settings.content.resolve()
        return Path(root.name) / path.relative_to(root)

    def take_files(self, folder: Path, place: str) -> None:
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            name = f"{place}/{path.relative_to(folder).as_posix()}"
            if path.suffix == ".md" or not path.is_file() or name in self.texts:
                continue
            if name not in self.files:
                self.files[name] = path
            else:
                first = self.shown(self.files[name])
                self.report.add(1, f"{name} is used twice: {first} and {self.shown(path)}")

    def take_practice(self, folder: Path) -> None:
        """Add the files of a folder; the course's take precedence over the book's."""
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            name = path.relative_to(folder).as_posix()
            if not path.is_file() or "__pycache__" in path.parts:
                continue
            first = self.practice.setdefault(name, path)
            if first != path and path.suffix != ".md":
                self.report.add(
                    1, f"{PRACTICE}/{name} of the course is in the book, too: rename it"
                )

    # Edits

    def find(self, label: str) -> tuple[str, Region] | None:
        """Find a label's page and lines; a page's own label means all of it."""
        label = as_label(label)
        written = re.compile(re.escape(label).replace("\\-", "[^a-z0-9]+"), re.IGNORECASE)
        for place, page in self.pages.items():
            if label == _label(place):
                return place, page.whole
            if written.search(page.text) and (region := page.regions().get(label)):
                return place, region
        return None

    def found(self, edit: Insert | Replacement | Hidden) -> tuple[str, Region] | None:
        """Find the page and lines of an edit; report an unknown label and return None."""
        found = self.find(edit.label)
        if found is None:
            regions = (n for page in self.pages.values() for n in page.regions())
            labels = [*map(_label, self.pages), *regions]
            accepted = accepted_names(edit.label, labels)
            self.report.add(edit.line, f"no label {edit.label!r} in this course. {accepted}")
        return found

    def text_of(self, edit: Insert | Replacement, whole_page: bool = False) -> SourcedText | None:
        """Read the course's text for an edit; report an unusable file and return None."""
        path = (self.folder / edit.file).resolve()
        if not path.is_relative_to(self.folder) or not path.is_file():
            self.report.add(edit.line, f"the course has no file {edit.file!r}")
            return None
        text = self.read(path)
        while text.lines and not text.lines[-1].strip():
            del text.lines[-1], text.origins[-1]
        if bool(FRONT_MATTER.match(text.text)) is not whole_page:
            wanted = "begins with" if whole_page else "has no"
            self.problems.of(self.shown(path)).add(
                1, f"the text for {edit.label!r} {wanted} front matter (---)"
            )
            return None
        return text

    def replace(self, edit: Replacement) -> None:
        if (found := self.found(edit)) is None:
            return
        place, region = found
        page = self.pages[place]
        there = digest(page.source(region))
        if not edit.original_sha256:
            message = f'[[replace]] {edit.label!r} lacks original_sha256 = "{there}"'
            self.report.add(edit.line, message)
        elif edit.original_sha256 != there:
            path, line = page.origins[region.start]
            self.report.add(
                edit.line,
                f"{edit.label!r} has changed at {path}:{line} since it was replaced: look at "
                f'{edit.file} again, then write original_sha256 = "{there}"',
            )
        text = self.text_of(edit, whole_page=region == page.whole)
        if text is not None:
            page.put(region, text)

    def insert(self, edit: Insert) -> None:
        found, text = self.found(edit), self.text_of(edit)
        if found is not None and text is not None and text.lines:
            place, region = found
            self.pages[place].insert(region.end, text)

    def hide(self, each: Hidden) -> None:
        """Remove a block that the course hides; sections have been left out already."""
        if each.label in self.hidden or (found := self.found(each)) is None:
            return
        place, region = found
        page = self.pages[place]
        if region == page.whole and f"/{EVIDENCE}/" in place:
            self.note_hidden(each, each.label, *page.regions())
            del self.pages[place]
            return
        if region == page.whole:
            self.report.add(each.line, f"{each.label!r} is a chapter: leave it out of [[parts]]")
            return
        inside = page.regions().items()
        labels = [n for n, r in inside if region.start <= r.start and r.end <= region.end]
        self.note_hidden(each, *labels)
        page.put(region, None)

    def note_hidden(self, each: Hidden, *labels: str) -> None:
        self.hidden |= dict.fromkeys(labels, f"{self.report.path}:{each.line}")

    # Everything else

    def check_instruments(self) -> None:
        lines = {each.name: each.line for each in self.manifest.instruments}
        for name, line in lines.items():
            if not (self.folder / INSTRUMENTS / f"{name}.py").is_file():
                message = f"instrument {name!r} has no file {INSTRUMENTS}/{name}.py"
                self.report.add(line, f"{message}. {accepted_names(name, self.python_files())}")
        renamed = {f"{module.partition('.')[2]}.py" for module in MODULES}
        for place, path in self.own_instruments().items():
            if path.suffix == ".py":
                self.read(path)  # Python itself accepts comments that are not UTF-8
            if place in renamed or (self.settings.widgets / place).exists():
                self.report.add(
                    lines.get(Path(place).stem, 1),
                    f"{self.shown(path)}: the book has {WIDGETS}/{place} already",
                )

    def python_files(self) -> frozenset[str]:
        """Names of the course's instruments and of the modules they import, listed or not."""
        return frozenset(path.stem for path in (self.folder / INSTRUMENTS).glob("*.py"))

    def own_instruments(self) -> dict[str, Path]:
        """The course's instruments with their imports and data, by place in ``widgets``."""
        if not self.manifest.instruments:
            return {}
        own = self.folder / INSTRUMENTS
        files = [*sorted(own.glob("*.py")), *sorted((own / "data").glob("*"))]
        return {
            path.relative_to(own).as_posix(): path
            for path in files
            if path.is_file() and not path.name.startswith(("test_", "conftest"))
        }

    def ledgers(self) -> None:
        """Append the course's facts, sources, terms and symbols to the book's."""
        for name in LEDGERS:
            if texts := self.all_at(name):
                *own, book = texts
                for text in own:
                    if TERMS.search(book.text):  # a TOML table can be opened only once
                        text.lines = [TERMS.sub("", line) for line in text.lines]
                    book.lines += text.lines
                    book.origins += text.origins
                self.texts[name] = book
            elif name in ("facts.toml", "references.bib"):
                self.texts[name] = SourcedText([""], [(name, 1)])

    def manifests(self) -> None:
        """Add the manifests, the files that they name, and the packages."""
        self.texts[COURSE] = self.read(self.folder / COURSE)
        brand = self.manifest.brand
        for name in (brand.mark, brand.icon) if brand else ():
            if name:
                self.files[name] = self.folder / name
        if self.book is not None:
            self.files[BOOK] = self.book / BOOK
        for folder in (self.folder, self.book):
            if folder is not None and (folder / PACKAGES).is_file():
                self.files[PACKAGES] = folder / PACKAGES
                self.take_files(folder / "wheels", "wheels")
                break

    def listed(self) -> str:
        """The instruments of the book, if there is one, and of the course."""
        book = (self.settings.widgets / LISTED).read_text(encoding="utf-8") if self.book else ""
        return "\n".join([*book.split(), *(each.name for each in self.manifest.instruments), ""])

    def instruments(self) -> Iterator[tuple[str, Path]]:
        """The files of ``widgets`` by place."""
        below = self.settings.widgets
        for path in sorted(below.rglob("*")):
            place = path.relative_to(below)
            name = place.as_posix()
            if name == LISTED or not path.is_file() or "__pycache__" in place.parts:
                continue
            if self.book is None and not (name in ENGINE or _is_shared(place, path)):
                continue
            yield name, path
        own = self.own_instruments().items()
        yield from ((name, path) for name, path in own if not (below / name).exists())


def _is_shared(place: Path, path: Path) -> bool:
    """Whether a file of ``widgets`` is useful without the book's arrays."""
    folder = place.parts[0]
    return folder == "engine" or (
        folder == "kit" and b"widgets.data import" not in path.read_bytes()
    )


def _is_section(name: str, known: Collection[str]) -> bool:
    return name in known and bool(LABEL.fullmatch(name)) and name != PRINT


def _label(place: str) -> str:
    """The label of a page, by its place in ``content``."""
    return page_label(place.removesuffix(f"/{INDEX}").removesuffix(".md"))


def _front_matter(index: SourcedText) -> FrontMatter:
    """The front matter of an opening; its mistakes are reported when it is read."""
    found = FRONT_MATTER.match(index.text)
    return FrontMatter(found[1] if found else "", Problems().of(Path(index.origins[0][0])))


def _sections(front: FrontMatter) -> list[str]:
    """The sections that an opening lists; none if the list has mistakes."""
    listed = front.values.get("sections", [])
    return [name for name in listed if isinstance(name, str)] if isinstance(listed, list) else []


def release() -> str:
    return version("latentbook")
