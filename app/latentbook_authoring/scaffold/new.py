"""``latentbook new``: a chapter, a section or an instrument to start from, small and complete.

Each goes into the course that the settings name, else into the book. Either all of it is written or
nothing. The functions return the files that they wrote or changed.
"""

import keyword
import re
from pathlib import Path

from latentbook.base.cache import all_or_none
from latentbook.base.errors import BookErrors, LatentbookError, Problems, UnknownName
from latentbook.base.report import Report
from latentbook.book.overlay.merge import open_project
from latentbook.book.read.contents import (
    BOOK,
    CONTENT,
    COURSE,
    INSTRUMENTS,
    LISTED,
    ChapterEntry,
    chapter_slug,
)
from latentbook.book.read.options import IDENTIFIER, LABEL
from latentbook.book.read.project import CourseManifest, Manifest, Project, read_course
from latentbook.book.read.source import INDEX, PRINT
from latentbook.plugins import plugins_of
from latentbook.runtime.page_packages import PagePackages
from latentbook.settings import SHIPPED, Settings
from latentbook_authoring.check.book import record_chapter
from latentbook_authoring.scaffold import filled, write
from latentbook_authoring.scaffold.from_notebook import NotebookSection
from latentbook_authoring.scaffold.toml_edit import (
    with_chapter,
    with_instrument,
    with_macros,
    with_section,
)
from widgets.renamed import MODULES

TO_MEND = "Mend these lines, then run latentbook check --record: nothing is recorded yet"
SECTION_LIST = re.compile(r"(^sections:\s*\[[^\]]*?),?(?=\s*\])", re.MULTILINE)


def new_chapter(settings: Settings, slug: str) -> list[Path]:
    """Write a chapter of one section, with one of each common block; list it after the others.

    Raises
    ------
    LatentbookError
        If there is no book or course, the slug is malformed, or the chapter already exists.
        Nothing is overwritten.
    """
    try:
        chapter_slug(slug)
    except ValueError as error:
        raise LatentbookError(f"A chapter's slug {error}; got {slug!r}.") from None
    if slug in (taken := plugins_of(settings).addresses.first):
        message = f"A chapter's slug is taken: plugins have {', '.join(taken)}; got {slug!r}."
        raise LatentbookError(message)
    content = _content(settings)
    manifest = settings.course / COURSE if settings.course else content / BOOK
    if not manifest.is_file():
        raise LatentbookError(
            f"{manifest} is missing: a chapter needs a book. `latentbook docs authoring` "
            "says what a book consists of."
        )
    for folder in _folders(settings):
        if (folder / slug).exists():
            raise LatentbookError(f"{folder / slug} already exists; nothing was written.")
    text = manifest.read_text(encoding="utf-8")
    entries = _manifest(settings).entries
    numbers = [int(entry.number) for entry in entries if entry.number.isdecimal()]
    number = None if settings.course else max(numbers, default=0) + 1
    opening = content / slug / INDEX
    with all_or_none(opening, manifest):
        write(opening, filled("chapter.md", slug))
        manifest.write_text(with_chapter(text, slug, number), encoding="utf-8")
        section, _, outputs = new_section(settings, slug, f"{slug}-constant")
    return [opening, section, manifest, outputs]


def new_section(
    settings: Settings, slug: str, name: str, notebook: Path | None = None, report: Report = print
) -> list[Path]:
    """Write a section, list it at the end of its chapter, and record what its snippets print.

    In a course the chapter may be one of the book's. A section made from a notebook stays if there
    are mistakes: they are reported, for its author to fix, and nothing is recorded.

    Raises
    ------
    LatentbookError
        If there is no such chapter, the name is malformed, it already exists, or the notebook is
        not one. Nothing is overwritten.
    """
    if not LABEL.fullmatch(name) or name in (PRINT, Path(INDEX).stem):
        raise LatentbookError(
            f"A section's name is kebab-case, like 'the-best-constant', and not {PRINT!r}; "
            f"got {name!r}."
        )
    path = _content(settings) / slug / f"{name}.md"
    entries = {entry.slug: entry for entry in _manifest(settings).entries}
    openings = [each / slug / INDEX for each in _folders(settings)]
    opening = next((each for each in openings if each.is_file()), None)
    if slug not in entries or opening is None:
        raise UnknownName("chapter", slug, entries)
    project = open_project(settings)
    made = NotebookSection(notebook, name, _modules(project)) if notebook else None
    pictures = made.pictures if made else {}
    for each in openings:
        for file in (path.name, *pictures):
            if (there := each.parent / file).exists():
                raise LatentbookError(f"{there} already exists; nothing was written.")
    listing, text = _listed(settings, entries[slug], opening, name)
    written = [path, listing, *(path.parent / file for file in pictures)]
    macros = made.new_macros(project.macros()) if made else {}
    manifest = settings.course / COURSE if settings.course else _content(settings) / BOOK
    if macros and manifest != listing:
        written.append(manifest)
    with all_or_none(*written):
        write(path, made.text if made else filled("section.md", name))
        for file, data in pictures.items():
            (path.parent / "images").mkdir(exist_ok=True)
            (path.parent / file).write_bytes(data)
        listing.write_text(text, encoding="utf-8")
        if macros:
            text = manifest.read_text(encoding="utf-8")
            manifest.write_text(with_macros(text, macros), encoding="utf-8")
        try:
            written.insert(2, record_chapter(open_project(settings), slug))
        except BookErrors as wrong:
            if made is None:
                raise
            made.notes += [*map(str, wrong.errors), TO_MEND]
    for note in made.notes if made else ():
        report(note)
    return [file for file in written if file.exists()]


def new_instrument(settings: Settings, name: str) -> list[Path]:
    """Write an instrument and its test, and list it in ``instruments.txt`` or ``course.toml``.

    Raises
    ------
    LatentbookError
        If the name is malformed, or the instrument already exists. Nothing is overwritten.
    """
    if not IDENTIFIER.fullmatch(name) or keyword.iskeyword(name) or name.startswith("test_"):
        raise LatentbookError(
            "An instrument's name is snake_case, like 'sparse_code', no word of Python, and does "
            f"not begin with test_; got {name!r}."
        )
    if settings.course is None:
        _require_own(settings.root)
        registry, tests = settings.widgets / LISTED, settings.root / "tests" / "widgets"
        folder, test = settings.widgets, "test_instrument.txt"
    else:
        registry = settings.course / COURSE
        folder = tests = settings.course / INSTRUMENTS
        test = "course/test_instrument.txt"
    written = {folder / f"{name}.py": "instrument.txt", tests / f"test_{name}.py": test}
    text = registry.read_text(encoding="utf-8")
    listed, more = text.split(), f"{text}{name}\n"
    if settings.course is not None and isinstance(course := _manifest(settings), CourseManifest):
        listed, more = [each.name for each in course.instruments], with_instrument(text, name)
    there = [path for path in (*written, settings.widgets / f"{name}.py") if path.exists()]
    if there or name in listed or f"widgets.{name}" in MODULES:
        found = ", ".join(map(str, there)) or name
        raise LatentbookError(f"{found} already exists; nothing was written.")
    with all_or_none(*written, registry):
        for path, template in written.items():
            write(path, filled(template, name))
        registry.write_text(more, encoding="utf-8")
        open_project(settings)  # raises the errors of a course
    return [*written, registry]


def _require_own(folder: Path) -> None:
    """Refuse to write into the installed package."""
    if folder.is_relative_to(SHIPPED):
        raise LatentbookError(
            f"{folder} belongs to the installed package, and nothing is written there. Make a "
            "course first, latentbook course new FOLDER; then add --course FOLDER."
        )


def _content(settings: Settings) -> Path:
    if settings.course is not None:
        return settings.course / CONTENT
    _require_own(settings.content)
    return settings.content


def _folders(settings: Settings) -> list[Path]:
    """The folders of chapters: the course's, then the book's."""
    manifest = _manifest(settings)
    below = [settings.content] if isinstance(manifest, CourseManifest) and manifest.book else []
    return [_content(settings), *below]


def _manifest(settings: Settings) -> Manifest:
    """The manifest of the course, or else of the book."""
    problems = Problems()
    if settings.course is not None:
        manifest: Manifest = read_course(settings.course.resolve(), problems)
    else:
        manifest = Project.open(settings, problems).manifest
    problems.raise_all()
    return manifest


def _modules(project: Project) -> frozenset[str]:
    """The modules that the page's Python has, or has with a package of Pyodide."""
    packages = PagePackages.read(project.settings, project.packages)
    return packages.modules.union(*(each.imports for each in packages.wheels.pyodide.values()))


def _listed(settings: Settings, entry: ChapterEntry, opening: Path, name: str) -> tuple[Path, str]:
    """The file that lists the sections of a chapter, and its text with one more."""
    text = opening.read_text(encoding="utf-8")
    listed = SECTION_LIST.search(text)
    if listed is None:
        raise LatentbookError(f"{opening} has no list 'sections: [...]' to add the section to.")
    if opening.is_relative_to(_content(settings)) and entry.sections is None:
        comma = "" if listed[1].endswith("[") else ", "
        return opening, f"{text[: listed.end(1)]}{comma}{name}{text[listed.end() :]}"
    assert settings.course is not None
    manifest = settings.course / COURSE
    sections = re.findall(r"[\w-]+", listed[1].partition("[")[2])
    text = manifest.read_text(encoding="utf-8")
    return manifest, with_section(text, entry.slug, sections, name)
