"""``new``: its files pass every check and overwrite nothing."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from typer.testing import CliRunner

from latentbook.base.errors import BookErrors, LatentbookError, Problems
from latentbook.book.load import load
from latentbook.book.overlay.merge import open_project
from latentbook.book.read.project import read_course
from latentbook.cli import cli
from latentbook.settings import Settings
from latentbook_authoring.check.book import check_book
from latentbook_authoring.check.instrument_tests import run_tests
from latentbook_authoring.scaffold.course import new_course
from latentbook_authoring.scaffold.new import new_chapter, new_instrument, new_section
from widgets.engine.check import check_instrument

from . import test_overlay
from .conftest import BOOK, FRONT, MakeBook
from .test_overlay import COURSE, MakeCourse

make_course = test_overlay.make_course

TABLES = '\n[[parts.chapters]]\nslug = "sample"\nnumber = 2\n'


@pytest.mark.parametrize(
    "book",
    [
        BOOK,
        BOOK.replace(" }]", " },\n]"),
        BOOK.split("chapters")[0] + TABLES,
    ],
)
def test_a_new_chapter_passes_check(book: str, make_book: MakeBook) -> None:
    settings = make_book({"book.toml": book})
    written = new_chapter(settings, "sparse-codes")
    assert [path.relative_to(settings.content).as_posix() for path in written] == [
        "sparse-codes/index.md",
        "sparse-codes/sparse-codes-constant.md",
        "book.toml",
        "sparse-codes/outputs.json",
    ]
    check_book(open_project(settings), report=lambda message: None)
    chapters = load(settings).book.chapters
    assert [(c.slug, c.number) for c in chapters] == [("sample", "2"), ("sparse-codes", "3")]
    assert chapters[1].title == "Sparse codes"
    assert [section.number for section in chapters[1].sections] == ["3.1"]
    for path in written:
        assert not re.search(r"TODO|TITLE|NAME", path.read_text())


def test_a_new_section_comes_last_and_passes_check(make_book: MakeBook) -> None:
    settings = make_book({})
    written = new_section(settings, "sample", "another-one")
    assert [path.relative_to(settings.content).as_posix() for path in written] == [
        "sample/another-one.md",
        "sample/index.md",
        "sample/outputs.json",
    ]
    new_section(settings, "sample", "a-third")
    check_book(open_project(settings), report=lambda message: None)
    (chapter,) = load(settings).book.chapters
    assert [section.name for section in chapter.sections] == ["text", "another-one", "a-third"]
    assert chapter.sections[1].title == "Another one"


@pytest.mark.parametrize(
    ("chapter", "name", "message"),
    [
        ("sample", "Not Kebab", "kebab-case"),
        ("sample", "print", "not 'print'"),
        ("sample", "text", "already exists"),
        ("smaple", "more", "Did you mean 'sample'"),
    ],
)
def test_a_section_that_cannot_be_started(
    chapter: str, name: str, message: str, make_book: MakeBook
) -> None:
    settings = make_book({})
    before = (settings.content / "sample" / "index.md").read_text()
    with pytest.raises(LatentbookError, match=message):
        new_section(settings, chapter, name)
    assert (settings.content / "sample" / "index.md").read_text() == before


def test_a_chapter_needs_a_book(tmp_path: Path) -> None:
    with pytest.raises(LatentbookError, match=r"book\.toml is missing"):
        new_chapter(Settings(content=tmp_path), "first")
    assert not list(tmp_path.iterdir())


def test_a_chapter_needs_a_book_that_can_be_read(make_book: MakeBook) -> None:
    settings = make_book({"book.toml": BOOK + "]"})
    with pytest.raises(BookErrors, match=r"book\.toml"):
        new_chapter(settings, "first")


def test_several_new_chapters(make_book: MakeBook) -> None:
    settings = make_book({})
    for slug in ("one", "two"):
        new_chapter(settings, slug)
    check_book(open_project(settings), report=lambda message: None)


@pytest.mark.parametrize("slug", ["Sparse", "sparse_codes", "facts", "join", "", "../up"])
def test_a_slug_that_is_none(slug: str, make_book: MakeBook) -> None:
    with pytest.raises(LatentbookError, match=r"slug (must be kebab-case|is taken)"):
        new_chapter(make_book({}), slug)


def test_a_chapter_is_not_overwritten(make_book: MakeBook) -> None:
    settings = make_book({})
    before = (settings.content / "book.toml").read_text()
    with pytest.raises(LatentbookError, match="already exists"):
        new_chapter(settings, "sample")
    assert (settings.content / "book.toml").read_text() == before


@pytest.fixture
def project(tmp_path: Path, root: Path) -> Settings:
    """A separate project: a copy of the instruments, with the drawing code and the tests' tools."""
    shutil.copytree(root / "widgets", tmp_path / "widgets")
    (tmp_path / "tests").mkdir()
    for name in ("__init__.py", "figures.py"):
        shutil.copy(root / "tests" / name, tmp_path / "tests" / name)
    for name in ("static", "node_modules", "package-lock.json"):
        (tmp_path / name).symlink_to(root / name)
    return Settings(root=tmp_path)


def module_at(path: Path) -> ModuleType:
    specification = importlib.util.spec_from_file_location(path.stem, path)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_a_new_instrument_keeps_the_contract_and_passes_its_test(project: Settings) -> None:
    written = new_instrument(project, "stand_in")
    assert [path.relative_to(project.root).as_posix() for path in written] == [
        "widgets/stand_in.py",
        "tests/widgets/test_stand_in.py",
        "widgets/instruments.txt",
    ]
    module = module_at(written[0])
    assert module.instrument.title == "Stand in"
    check_instrument(module)
    assert written[2].read_text().split()[-1] == "stand_in"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(written[1])]
    done = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["Stand-In", "stand-in", "", "2d"])
def test_a_name_that_is_none(name: str, project: Settings) -> None:
    with pytest.raises(LatentbookError, match="snake_case"):
        new_instrument(project, name)


def test_an_instrument_is_not_overwritten(project: Settings) -> None:
    before = (project.root / "widgets" / "__init__.py").read_text()
    with pytest.raises(LatentbookError, match="already exists"):
        new_instrument(project, "bottleneck")
    assert (project.root / "widgets" / "__init__.py").read_text() == before


def files_in(folder: Path) -> dict[str, bytes]:
    """The files of a folder, except those that the build makes."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    return {
        name: path.read_bytes()
        for name, path in found.items()
        if path.is_file() and not name.startswith("build")
    }


def places(written: list[Path], settings: Settings) -> list[str]:
    assert settings.course is not None
    return [path.relative_to(settings.course).as_posix() for path in written]


def test_a_new_chapter_of_a_course(make_course: MakeCourse) -> None:
    settings = make_course()
    book = files_in(settings.content)
    written = new_chapter(settings, "sparse-codes")
    assert places(written, settings) == [
        "content/sparse-codes/index.md",
        "content/sparse-codes/sparse-codes-constant.md",
        "course.toml",
        "content/sparse-codes/outputs.json",
    ]
    assert files_in(settings.content) == book
    check_book(open_project(settings), report=lambda message: None)
    chapters = load(settings).book.chapters
    assert [(c.number, c.slug) for c in chapters] == [
        ("1", "other"),
        ("2", "sample"),
        ("3", "sparse-codes"),
    ]


@pytest.mark.parametrize(
    "listed",
    [
        '"sample"',
        '{ slug = "sample", number = 7 }',
        '{ slug = "sample", sections = ["text", "second"] }',
        '"other", # { slug = "sample" }\n'
        '{ sections = [\n  "second", # all\n  "text",\n], slug = "sample" }',
    ],
)
def test_a_new_section_in_a_chapter_of_the_book(listed: str, make_course: MakeCourse) -> None:
    settings = make_course(toml=COURSE.replace('"other", "sample"', listed))
    book = files_in(settings.content)
    written = new_section(settings, "sample", "another-one")
    assert places(written, settings) == [
        "content/sample/another-one.md",
        "course.toml",
        "content/sample/outputs.json",
    ]
    assert files_in(settings.content) == book
    check_book(open_project(settings), report=lambda message: None)
    chapter = load(settings).book.chapters[-1]
    assert {section.name for section in chapter.sections[:2]} == {"text", "second"}
    assert chapter.sections[2].title == "Another one"


def test_a_new_section_in_a_chapter_of_the_course(make_course: MakeCourse) -> None:
    settings = make_course()
    new_chapter(settings, "mine")
    written = new_section(settings, "mine", "more")
    assert places(written, settings)[:2] == ["content/mine/more.md", "content/mine/index.md"]
    check_book(open_project(settings), report=lambda message: None)
    chapter = load(settings).book.chapters[-1]
    assert [section.name for section in chapter.sections] == ["mine-constant", "more"]


def test_a_new_section_in_a_chapter_with_a_table(make_course: MakeCourse) -> None:
    table = '[[parts.chapters]]\nslug = "sample"  # all of it\n'
    settings = make_course(toml=COURSE.replace('chapters = ["other", "sample"]\n', table))
    _, listing, _ = new_section(settings, "sample", "more")
    assert "# all of it" in listing.read_text()
    (chapter,) = load(settings).book.chapters
    assert [section.name for section in chapter.sections] == ["text", "second", "more"]


@pytest.mark.parametrize("here", ["", "instruments = []\n", 'term = "stand_in"'])
def test_a_new_instrument_of_a_course(here: str, make_course: MakeCourse) -> None:
    settings = make_course(here=here)
    written = new_instrument(settings, "stand_in")
    assert places(written, settings) == [
        "instruments/stand_in.py",
        "instruments/test_stand_in.py",
        "course.toml",
    ]
    assert tomllib.loads(written[2].read_text())["instruments"] == ["stand_in"]
    check_instrument(module_at(written[0]))
    if not here:  # the test that was written is the same in each course
        run_tests(settings, report=print)


@pytest.mark.parametrize("installed", [True, False])
def test_a_check_of_all_says_whether_the_instruments_were_tested(
    installed: bool, make_course: MakeCourse, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_course({"instruments/test_it.py": "def test_it():\n    pass\n"})
    for name in ("content", "course", "build"):
        monkeypatch.setenv(f"LATENTBOOK_{name}".upper(), str(getattr(settings, name)))
    monkeypatch.setattr("latentbook_authoring.check.book.check_book", lambda *_, **__: None)
    monkeypatch.setattr("latentbook.book.build.build_site", lambda *_, **__: None)
    if not installed:
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    done = CliRunner().invoke(cli, ["check", "--all"])
    assert done.exit_code == 0, done.output
    said = ("tests of the instruments are not run: pytest is not installed", "were not run\n")
    assert [words in done.output for words in said] == [not installed] * 2
    assert "The course passes every check and builds" in done.output


def test_the_command_line_starts_what_the_course_is_told(
    make_course: MakeCourse, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_course()
    monkeypatch.setenv("LATENTBOOK_CONTENT", str(settings.content))
    monkeypatch.setenv("LATENTBOOK_COURSE", str(settings.course))
    done = CliRunner().invoke(cli, ["new", "instrument", "stand_in"])
    assert done.exit_code == 0, done.output
    assert settings.course is not None
    assert (settings.course / "instruments" / "stand_in.py").is_file()


@pytest.mark.parametrize(
    ("make", "names", "message"),
    [
        (new_chapter, ("Not Kebab",), "kebab-case"),
        (new_chapter, ("sample",), "already exists"),  # the course takes it from the book
        (new_chapter, ("other",), "already exists"),
        (new_section, ("sample", "Not Kebab"), "kebab-case"),
        (new_section, ("sample", "index"), "kebab-case"),
        (new_section, ("sample", "second"), "already exists"),
        (new_section, ("smaple", "more"), "Did you mean 'sample'"),
        (new_section, ("other", "more"), "Unknown chapter 'other'"),  # only the book has it
        (new_section, ("sample", "q-one"), "q-one"),  # a label of the book's
        (new_instrument, ("stand-in",), "snake_case"),
        (new_instrument, ("class",), "snake_case"),
        (new_instrument, ("test_it",), "snake_case"),
        (new_instrument, ("bottleneck",), "already exists"),
        (new_instrument, ("figures",), "already exists"),
        (new_instrument, ("mine",), "already exists"),
    ],
)
def test_what_cannot_be_started_leaves_a_course_as_it_was(
    make, names: tuple[str, ...], message: str, make_course: MakeCourse
) -> None:
    settings = make_course(
        {"instruments/mine.py": ""},
        toml=COURSE.replace('"other", ', ""),
        here='instruments = ["mine"]',
    )
    assert settings.course is not None
    before = files_in(settings.course)
    with pytest.raises(LatentbookError, match=message):
        make(settings, *names)
    assert files_in(settings.course) == before


def test_a_mistake_elsewhere_leaves_all_as_it_was(make_course: MakeCourse) -> None:
    settings = make_course({"content/front.md": FRONT + "\n{ref}`nowhere`\n"})
    assert settings.course is not None
    before = files_in(settings.course)
    for make, names in ((new_chapter, ("more",)), (new_section, ("sample", "more"))):
        with pytest.raises(BookErrors, match="nowhere"):
            make(settings, *names)
    assert files_in(settings.course) == before


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (new_chapter, ("more",)),
        (new_section, ("sample", "more")),
        (new_instrument, ("stand_in",)),
    ],
)
def test_nothing_is_written_into_an_installed_package(
    make, names: tuple[str, ...], project: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.content.mkdir()
    (project.content / "book.toml").write_text(BOOK)
    monkeypatch.setattr("latentbook_authoring.scaffold.new.SHIPPED", project.root)
    before = files_in(project.root)
    with pytest.raises(LatentbookError, match=r"course new FOLDER; then .* --course"):
        make(project, *names)
    assert files_in(project.root) == before


OUR_SUBJECT = re.compile(r"network|compress|encod|latent(?!book)|representation|st code", re.I)


@pytest.mark.parametrize(
    ("name", "id"),
    [("knots", "knots"), ("My Tides_2", "my-tides-2"), ("2027 a", "book-2027-a")],
)
def test_a_book_on_another_subject_begins_without_ours(
    name: str, id: str, make_book: MakeBook, tmp_path: Path
) -> None:
    written = new_course(Settings(), tmp_path / name, empty=True)
    written += new_chapter(make_book({}), "second")
    assert {path.suffix for path in written} >= {".md", ".py", ".toml", ".json", ".yml"}
    for path in written:
        assert not OUR_SUBJECT.search(path.read_text()), path
    assert read_course(tmp_path / name, Problems()).storage_id == id


def test_a_new_book_can_be_published_as_it_is(tmp_path: Path) -> None:
    """The names come from GitHub's documentation on publishing Pages with Actions."""
    folder = tmp_path / "knots"
    new_course(Settings(), folder, empty=True)
    workflow = yaml.safe_load((folder / ".github" / "workflows" / "publish.yml").read_text())
    assert workflow["env"] == {
        "WHEEL": f"wheel/latentbook-{version('latentbook')}-py3-none-any.whl"
    }
    build, publish = (workflow["jobs"][job] for job in ("build", "publish"))
    steps = [*build["steps"], *publish["steps"]]
    used = {step["uses"].partition("@")[0]: step for step in steps if "uses" in step}
    pages = {"configure-pages", "upload-pages-artifact", "deploy-pages"}
    assert set(used) == {f"actions/{name}" for name in {"checkout", "setup-python", *pages}}
    assert all(re.fullmatch(r"[\w/-]+@v\d+", step["uses"]) for step in used.values())
    assert publish["permissions"] == {"pages": "write", "id-token": "write"}
    assert publish["needs"] == "build" and publish["environment"]["name"] == "github-pages"

    uploaded = folder / used["actions/upload-pages-artifact"]["with"]["path"]
    assert uploaded.resolve() == Settings(course=folder).site.resolve()
    runs = [step["run"] for step in steps if "run" in step]
    assert runs[0] == 'pip install "$WHEEL"'
    assert [run.split()[:2] for run in runs[1:]] == [
        ["latentbook", "packages"],
        ["latentbook", "check"],
        ["latentbook", "build"],
    ]
    for run in runs[1:]:
        done = CliRunner().invoke(cli, [*run.removesuffix(" --course .").split()[1:], "--help"])
        assert done.exit_code == 0 and run.endswith(" --course ."), done.output
    path = next(step["env"]["LATENTBOOK_BASE_PATH"] for step in steps if "env" in step)
    for base in ("", "/knots"):  # for a repository OWNER.github.io, and for any other
        Settings(base_path=path.replace("${{ steps.pages.outputs.base_path }}", base))


def test_the_commands_are_about_any_book() -> None:
    done = CliRunner().invoke(cli, ["--help"])
    assert done.exit_code == 0 and not OUR_SUBJECT.search(done.output)


def command(*arguments: str, root: Path) -> tuple[int, str]:
    """Status and output of a command in a separate process, with the engine in ``root``."""
    env = {**os.environ, "PYTHONPATH": str(root), "LATENTBOOK_ROOT": str(root)}
    program = [sys.executable, "-c", "from latentbook.cli import main; main()", *arguments]
    done = subprocess.run(program, cwd=root, env=env, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_an_upgrade_is_told_to_a_book_on_another_subject(project: Settings) -> None:
    (project.root / "package.json").symlink_to(Settings().root / "package.json")
    root, folder = project.root, project.root / "mine"
    status, said = command("new", "book", str(folder), root=root)
    assert status == 0, said
    diff = ("course", "diff", str(folder))
    page = folder / "content" / "front.md"
    page.write_text(page.read_text() + "\nMore.\n")
    figures, models = root / "widgets/kit/figures.py", root / "widgets/kit/metrics.py"
    models.write_text(models.read_text() + "\n# Nothing of the book uses this.\n")
    status, said = command(*diff, root=root)
    assert status == 0 and said.endswith("Nothing of this course has changed\n"), said
    figures.write_text(figures.read_text().replace("width: float = 2,", "width: float = 3,"))
    status, said = command(*diff, root=root)
    engine, _, pictures = said.partition("Instruments that show something else")
    assert status == 1 and "\n  widgets/kit/figures.py\n" in engine, said
    assert "metrics" not in said and "\n  fig-stand-in, in " in pictures
    assert command(*diff, "--accept", root=root)[0] == 0
    own = folder / "instruments" / "stand_in.py"
    own.write_text(own.read_text().replace("size=10", "size=8"))
    status, said = command(*diff, root=root)
    assert status == 0, said
