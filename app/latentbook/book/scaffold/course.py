"""``latentbook course new``: the folder of a course, small and complete."""

from __future__ import annotations

import json
from pathlib import Path

from latentbook.book.overlay.merge import CONTENT, INSTRUMENTS, release
from latentbook.book.read.contents import BOOK, COURSE
from latentbook.book.read.project import read_manifest
from latentbook.book.scaffold import write_from
from latentbook.errors import LatentbookError, Problems
from latentbook.settings import Settings

CHAPTER, SECTION, INSTRUMENT = "first-steps", "the-best-constant", "stand_in"


def new_course(settings: Settings, folder: Path, *, empty: bool) -> list[Path]:
    """Write the folder of a course: the whole book in its order, or a book on another subject.

    Parameters
    ----------
    folder : whose name becomes the title
    empty : whether to start without the book: one chapter, one instrument, one question

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    LatentbookError
        If there is something in the folder already. Nothing is overwritten.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise LatentbookError(f"{folder} is there and not empty; nothing was written.")
    name = folder.resolve().name
    files = {COURSE: "empty.toml" if empty else "course.toml", ".gitignore": "gitignore"}
    files[f"{CONTENT}/front.md"] = "front.md"
    written = [
        write_from(f"course/{source}", folder / place, name) for place, source in files.items()
    ]
    if empty:
        written += _first_chapter(folder)
    else:
        course = folder / COURSE
        text = course.read_text(encoding="utf-8")
        text = text.replace("RELEASE", release()).replace("PARTS", _parts(settings.content))
        course.write_text(text, encoding="utf-8")
    return written


def _parts(content: Path) -> str:
    """The parts and chapters of the book, as a course lists them."""
    problems = Problems()
    manifest = read_manifest(content / BOOK, problems.of(Path(BOOK)))
    problems.raise_all()
    number = 0
    parts = []
    for part in manifest.parts:
        chapters = []
        for entry in part.chapters:
            number += entry.number.isdecimal()
            own = "" if entry.number == str(number) else f', number = "{entry.number}"'
            slug = json.dumps(entry.slug)
            chapters.append(f"{{ slug = {slug}{own} }}" if own else slug)
        parts.append(
            f"[[parts]]\ntitle = {json.dumps(part.title, ensure_ascii=False)}\n"
            f"chapters = [{', '.join(chapters)}]\n"
        )
    return "\n".join(parts).rstrip()


def _first_chapter(folder: Path) -> list[Path]:
    chapter = folder / CONTENT / CHAPTER
    opening = write_from("chapter.md", chapter / "index.md", CHAPTER)
    text = opening.read_text(encoding="utf-8")
    opening.write_text(text.replace("sections: []", f"sections: [{SECTION}]"), encoding="utf-8")
    section = write_from("section.md", chapter / f"{SECTION}.md", SECTION)
    more = write_from("course/instrument.md", chapter / "more", INSTRUMENT)
    text = section.read_text(encoding="utf-8")
    mark = "\n::::{quiz}"
    section.write_text(
        text.replace(mark, more.read_text(encoding="utf-8") + mark, 1), encoding="utf-8"
    )
    more.unlink()
    instruments = folder / INSTRUMENTS
    return [
        opening,
        section,
        write_from("instrument.txt", instruments / f"{INSTRUMENT}.py", INSTRUMENT),
        write_from("course/test_instrument.txt", instruments / f"test_{INSTRUMENT}.py", INSTRUMENT),
    ]
