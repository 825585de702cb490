"""``latentbook course new`` and ``new book``: the folder of a course, small and complete."""

import json
import re
from pathlib import Path

from latentbook.base.errors import LatentbookError
from latentbook.book.overlay.merge import release
from latentbook.book.read.contents import CONTENT, COURSE, INSTRUMENTS
from latentbook.book.read.project import Project
from latentbook.settings import Settings
from latentbook_authoring.scaffold import filled, write

SOLVED = "solutions/problem-lamp.md", "solutions/problem-scrambled.md"
CHAPTER, SECTION, INSTRUMENT = "first-steps", "the-best-constant", "stand_in"


def new_course(settings: Settings, folder: Path, *, empty: bool) -> list[Path]:
    """Write the folder of a course, and return the files in it.

    Parameters
    ----------
    folder : its name becomes the title
    empty : begin a book on a different subject, with one chapter, one instrument and one question;
        else the course lists this book's chapters in their order

    Raises
    ------
    LatentbookError
        If the folder is not empty. Nothing is overwritten.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise LatentbookError(f"{folder} exists and is not empty; nothing was written.")
    name = folder.resolve().name
    course = filled(f"course/{'empty' if empty else 'course'}.toml", name)
    if empty:
        id = re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")
        id = id if id[:1].isalpha() else f"book-{id}"
        course = course.replace("ID", id[:64].strip("-"))
    else:
        course = course.replace("RELEASE", release()).replace("PARTS", _parts(settings))
    return [
        write(folder / COURSE, course),
        write(folder / ".gitignore", filled("course/gitignore", name)),
        write(folder / CONTENT / "front.md", filled("course/front.md", name)),
        *(
            write(folder / file, filled(f"course/{file}", name))
            for file in (() if empty else SOLVED)
        ),
        *((_workflow(folder), *_first_chapter(folder)) if empty else ()),
    ]


def _parts(settings: Settings) -> str:
    """The parts and chapters of the book, as a course lists them."""
    book = Project.open(settings)
    book.problems.raise_all()
    number = 0
    parts = []
    for part in book.manifest.parts:
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


def _workflow(folder: Path) -> Path:
    """Write the workflow that checks and publishes the book on GitHub with this release."""
    text = filled("course/publish.yml", "").replace("RELEASE", release())
    return write(folder / ".github" / "workflows" / "publish.yml", text)


def _first_chapter(folder: Path) -> list[Path]:
    chapter, instruments = folder / CONTENT / CHAPTER, folder / INSTRUMENTS
    opening = filled("chapter.md", CHAPTER).replace("sections: []", f"sections: [{SECTION}]")
    quiz = "\n::::{quiz}"
    more = filled("course/instrument.md", INSTRUMENT) + quiz
    test = filled("course/test_instrument.txt", INSTRUMENT)
    return [
        write(chapter / "index.md", opening),
        write(chapter / f"{SECTION}.md", filled("section.md", SECTION).replace(quiz, more, 1)),
        write(instruments / f"{INSTRUMENT}.py", filled("instrument.txt", INSTRUMENT)),
        write(instruments / f"test_{INSTRUMENT}.py", test),
    ]
