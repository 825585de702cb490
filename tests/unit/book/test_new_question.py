"""A kind of question is a folder and a line: this test writes all that a new one needs."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect, sync_playwright

from latentbook.book.write.prefill import fill
from latentbook.settings import Settings
from tests.chromium import launch
from tests.classroom.lecture.conftest import HURRY, Lecturer, Phone

from .conftest import BOOK, HEAD, MakeBook

KIND = '''
"""``word``: a word to be filled in."""

from dataclasses import dataclass
from typing import Any

from latentbook.book.compose.answers import Answers
from latentbook.book.compose.blocks import Block, ClassForm
from latentbook.book.compose.pieces import Public
from latentbook.book.compose.question import Part, Question, QuestionKind, shared
from latentbook.book.read.options import Option, text


@dataclass(frozen=True)
class WordQuestion(Question):
    """key: {"answer"}."""

    kind = "word"
    letters: Public[int]
    trap: tuple[Block, ...]
    rhyme: str

    @property
    def judged_with(self):
        return {"letters": self.letters}

    def class_forms(self, show):
        """No phone sends a text: its letters are sent by their numbers."""
        told = {"answer": self.key.get("answer")}
        accepts = {"list": {"count": 26}, "least": 1, "most": self.letters}
        return (ClassForm("word", "Word", {"letters": self.letters}, told, accepts),)


def build(node, options, composer):
    """The question; its traps are told to whoever falls into them."""
    trap = node.parts("trap")
    return WordQuestion(
        **shared(node, composer, node.text, {"answer": options.get("answer")}),
        letters=options["letters"],
        trap=composer.blocks(trap[0].nodes) if trap else (),
        rhyme="Canary-rhyme",
    )


class WordAnswers(Answers):
    def filled(self, html, label, answer):
        name = f'name="{label}.answer"'
        return html.replace(name, f'{name} value="{answer}"')


TRAP = Part(name="trap")
WORD = QuestionKind(
    WordQuestion,
    build,
    {"answer": Option(text), "letters": Option(int)},
    public=("letters",),
    parts=(TRAP,),
    answers=WordAnswers(),
)
'''
BLOCK = """{% extends "question.html" %}
{% block answers %}
<input name="{{ block.label }}.answer" maxlength="{{ block.letters }}">
<div data-trap hidden>{{ block.rhyme }}{{ render(block.trap) }}</div>
{% endblock %}
"""
SCRIPT = """import { translate } from "latentbook/words.js";
export default class Word { verdict() { return translate("Toy-script."); } }
"""
JUDGE = """export function judge(answer, key, { letters }) {
  if (answer.length > letters) return { state: "unread", said: "Too long.", feedback: [] };
  return { state: answer === key.answer ? "right" : "wrong", said: "", feedback: [] };
}
"""
IN_CLASS = """<p><label>{{ _("Your answer") }} <input id="word"></label></p>
"""
CLASS_SCRIPT = """import { one } from "latentbook-class/page.js";
import { figuresOf } from "latentbook-class/results.js";

export default class Word {
  constructor(asked, place) {
    this.asked = asked;
    this.input = one("input", place);
    this.input.maxLength = asked.letters;
  }
  get answer() {
    const word = this.input.value;
    if (word === "") return null;
    if (/[^a-z]/.test(word)) return { problem: "Write it in small letters." };
    return { value: [...word].map((letter) => letter.charCodeAt(0) - 97) };
  }
  set answer({ value }) {
    this.input.value = value.map((number) => String.fromCharCode(97 + number)).join("");
  }
  showResults(rounds, place) {
    for (const [i, figure] of figuresOf(rounds, place).entries()) {
      figure.append(rounds[i].map((word) => word.length).join(", "), "; it is ", this.asked.answer);
    }
  }
}
"""
STYLE = ".quiz .toy-style { color: var(--ink); }\n"
TEXT = """
::::{quiz} word
:label: q-word
:answer: Canary-key
:letters: 10

What sings?

:::{trap}
Canary-trap.
:::
:::{hint}
It is yellow.
:::
:::{answer}
Canary-answer.
:::
::::
"""
SHEET = "---\ntitle: First sheet\n---\n" + TEXT.replace("q-word", "q-bird\n:points: 2")
DAYS = '\n[schedule.answers]\n"q-word" = 3000-01-01T00:00:00Z\n'
PROGRAM = """
import json, sys
from datetime import UTC, datetime
from pathlib import Path
from latentbook.book.load import load
from latentbook.book.write.assets import bundle
from latentbook.book.write.exports import chapter_cells, notebook, script
from latentbook.book.write.render import Renderer
from latentbook.book.write.search import search_index
from latentbook.book.write.written import Written
from latentbook_classroom.lecture.class_data import class_data
from latentbook.settings import Settings

settings = Settings(**{name: Path(path) for name, path in json.loads(sys.argv[1]).items()})
assets = bundle(settings)
made = {"assets": "".join(path.read_text(errors="ignore") for path in assets.files.values())}
for name, year in (("closed", 2900), ("open", 3100)):
    loaded = load(settings, datetime(year, 1, 1, tzinfo=UTC))
    book = loaded.book
    renderer = Renderer(book, assets, {"reload": False}, "", "/")
    (chapter,), (source,) = book.chapters, loaded.sources
    cells = chapter_cells(chapter, source, loaded)
    made[name] = {
        **dict(renderer.pages()),
        "paper": renderer.paper(),
        "notebook": notebook(chapter, cells).decode(),
        "script": script(cells).decode(),
        "search": search_index(book).decode(),
        "class": class_data(Written(settings, loaded, renderer, {})).decode(),
    }
print(json.dumps(made))
"""
JUDGE_PROGRAM = """
import json, sys
from pathlib import Path
from latentbook_classroom.grader.judges import Judges
from latentbook_classroom.grader.question import Question
from latentbook.settings import Settings

judges = Judges(Settings(**{name: Path(path) for name, path in json.loads(sys.argv[1]).items()}))
asked = Question("q-word", "word", key={"answer": "canary"}, more={"letters": 10})
said = ("canary", "crow", "nightingales")
print(json.dumps([judges.judge_answer(asked, each).state for each in said]))
judges.close()
"""
MARKS_PROGRAM = """
import json, sys
from datetime import UTC, datetime
from pathlib import Path
from latentbook.book.load import load
from latentbook.book.write.assets import bundle
from latentbook.book.write.render import Renderer
from latentbook.book.write.written import Written
from latentbook_classroom.course.build_assignments import assignments_data
from latentbook_classroom.course.built_assignments import assignments_of
from latentbook_classroom.course.database import create
from latentbook.settings import Settings
from tests.classroom.conftest import make_tables, opened, settings_in
from tests.classroom.test_assignment_pages import hand_in, set_dates

given = {name: Path(path) for name, path in json.loads(sys.argv[1]).items()}
settings = Settings(**given)
loaded = load(settings, datetime(3100, 1, 1, tzinfo=UTC))
renderer = Renderer(loaded.book, bundle(settings), {}, "", "/")
data = assignments_data(Written(settings, loaded, renderer, {}))
database = settings.build / "course.sqlite"
create(database)
make_tables(str(database))
settings = settings_in(settings.build, str(database)).model_copy(update=given)
assignments_of(settings.served_site).write_bytes(data)
with opened(settings) as school:
    instructor = school.joined(school.first, "Ada Lovelace")
    set_dates(instructor)
    student = school.invited("student", "Alan Turing")
    student.timeout = 60  # the first answer loads the judges
    pages = [hand_in(student, "q-bird", said) for said in ("crow", "Canary-key")]
    print(json.dumps([*pages, instructor.get("/classroom/grades/gradebook.csv").text]))
"""
CLASS_PROGRAM = """
import json, sys
from datetime import UTC, datetime
from pathlib import Path
from latentbook.book.load import load
from latentbook.book.write.assets import bundle
from latentbook.book.write.render import Renderer
from latentbook.book.write.written import Written
from latentbook_classroom.lecture.blocks import class_data_of
from latentbook_classroom.lecture.bundle import bundle_class
from latentbook_classroom.lecture.class_data import class_data
from latentbook_classroom.lecture.settings import ClassSettings
from latentbook.main import create_app
from latentbook.settings import Settings
from tools.bench.serving import served

given = {name: Path(path) for name, path in json.loads(sys.argv[1]).items()}
settings = Settings(**given)
settings = settings.extended(ClassSettings(class_mode=True))
loaded = load(settings, datetime(3100, 1, 1, tzinfo=UTC))
renderer = Renderer(loaded.book, bundle(settings), {"reload": False}, "", "/")
settings.site.mkdir()
(settings.site / "index.html").write_text("A book")
class_data_of(settings.site).write_bytes(class_data(Written(settings, loaded, renderer, {})))
bundle_class(settings)
app = create_app(settings)
with served(app) as url:
    print(json.dumps([url, app.state.class_key]), flush=True)
    sys.stdin.read()
"""


def package_with(folder: Path, root: Path) -> None:
    """Recreate the package with one more kind of question: its folder and a line."""
    source, copy = root / "app" / "latentbook", folder / "latentbook"
    for inside in ("book", "directives", "questions"):
        copy.mkdir(parents=True)
        for path in source.iterdir():
            if path.name != inside:
                (copy / path.name).symlink_to(path)
        source, copy = source / inside, copy / inside
    shutil.copytree(source, copy)
    (copy / "word").mkdir()
    files = {"kind.py": KIND, "block.html": BLOCK, "block.js": SCRIPT, "block.css": STYLE}
    files |= {"judge.js": JUDGE}
    files |= {"class.html": IN_CLASS, "class.js": CLASS_SCRIPT}
    for name, text in files.items():
        (copy / "word" / name).write_text(text)
    registry = copy / "__init__.py"
    listed = registry.read_text().replace("    STATE,\n)", "    STATE,\n    WORD,\n)")
    wanted = "from latentbook.book.directives.questions.word.kind import WORD\n\nQUESTION_KINDS"
    registry.write_text(listed.replace("QUESTION_KINDS", wanted, 1))


Start = Callable[[str], Popen[str]]


@pytest.fixture
def program(make_book: MakeBook, tmp_path: Path, root: Path) -> Iterator[Start]:
    """Start a program on a book with such a question."""
    texts = {"sample/text.md": HEAD + TEXT, "assignments/first.md": SHEET}
    settings = make_book({"book.toml": BOOK + DAYS, **texts})
    package_with(tmp_path / "package", root)
    build = tmp_path / "build"
    build.mkdir()
    fill(build / "cache", Settings().build / "cache")
    given = {"root": str(root), "content": str(settings.content), "build": str(build)}
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path / 'package'}:{root}"}
    with ExitStack() as stack:
        errors = stack.enter_context((tmp_path / "errors").open("w"))

        def start(program: str) -> Popen[str]:
            command = [sys.executable, "-c", program, json.dumps(given)]
            process = Popen(
                command, env=environment, stdin=PIPE, stdout=PIPE, stderr=errors, text=True
            )
            return stack.enter_context(process)

        yield start


def test_a_kind_is_all_in_its_folder(program: Start, tmp_path: Path) -> None:
    """Everything that the kind does not declare public is withheld until the answer opens."""
    process = program(PROGRAM)
    output, _ = process.communicate()
    assert process.returncode == 0, (tmp_path / "errors").read_text()
    made: dict[str, Any] = json.loads(output)
    assert "Toy-script." in made["assets"] and "toy-style" in made["assets"]
    page = made["open"]["sample/text/index.html"]
    assert 'data-quiz="word"' in page and 'maxlength="10"' in page
    assert all(f"Canary-{each}" in page for each in ("key", "rhyme", "trap", "answer"))
    assert "Canary-answer" in made["open"]["sample/print/index.html"]
    assert "Canary-answer" in made["open"]["paper"]
    assert "Canary-answer" in made["open"]["notebook"]
    (block,) = json.loads(made["open"]["class"])["blocks"]
    assert block["ways"][0]["told"] == {"answer": "Canary-key"}

    for name, text in made["closed"].items():
        assert "Canary" not in text, name
    page = made["closed"]["sample/text/index.html"]
    assert "What sings?" in page and "It is yellow." in page and 'maxlength="10"' in page
    assert 'data-key="{}"' in page


def test_the_classroom_judges_it(program: Start, tmp_path: Path) -> None:
    process = program(JUDGE_PROGRAM)
    output, _ = process.communicate()
    assert process.returncode == 0, (tmp_path / "errors").read_text()
    assert json.loads(output) == ["right", "wrong", "unread"]


def test_a_course_marks_it(program: Start, tmp_path: Path) -> None:
    process = program(MARKS_PROGRAM)
    output, _ = process.communicate()
    assert process.returncode == 0, (tmp_path / "errors").read_text()
    wrong, right, gradebook = json.loads(output)
    assert "<strong>Not yet.</strong>" in wrong and "Canary" not in wrong
    assert 'value="crow"' in wrong
    assert "<strong>Right.</strong>" in right and 'value="Canary-key"' in right
    assert "Points: 2 of 2." in right
    (row,) = (each for each in gradebook.splitlines() if "q-bird" in each)
    assert "Alan Turing" in row and "right" in row


@pytest.mark.browser
def test_a_class_is_asked_it(program: Start, tmp_path: Path) -> None:
    process = program(CLASS_PROGRAM)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, (tmp_path / "errors").read_text()
    url, key = json.loads(line)
    with httpx.Client(base_url=url) as http:
        http.post("/api/lecturer/key", json={"key": key})
        lecturer = Lecturer(http)
        lecturer.start()
        asked = lecturer.ask("sample/text#q-word")
        assert_accepts_letters(Phone(url, lecturer.code, "a" * 24), asked)
        with (
            sync_playwright() as playwright,
            launch(playwright.chromium) as chromium,
        ):
            page = chromium.new_page()
            page.add_init_script(HURRY)
            page.goto(f"{url}/j/{lecturer.code}")
            expect(page.locator("#word")).to_have_attribute("maxlength", "10")
            said = page.locator("[data-said]")
            for word, reply in (("Canary", "small letters"), ("canary", "has arrived")):
                page.fill("#word", word)
                page.get_by_role("button", name="Send").click()
                expect(said).to_contain_text(reply)
                for _ in range(2):  # still shown after the phone's next polls
                    page.wait_for_event("response", lambda heard: heard.url.endswith("/now"))
                expect(said).to_contain_text(reply, timeout=1_000)
            page.reload()
            expect(page.locator("#word")).to_have_value("canary")

            cookies = [{"name": n, "value": v, "url": url} for n, v in http.cookies.items()]
            page.context.add_cookies(cookies)
            page.goto(f"{url}/show/{lecturer.code}")
            expect(page.locator("#word")).to_be_disabled()
            lecturer.step("reveal")
            results = page.locator("[data-results] figure")
            expect(results).to_contain_text("2 answers6, 3; it is Canary-key")


def assert_accepts_letters(phone: Phone, asked: int) -> None:
    """Send answers that the kind rejects, then one that it accepts."""
    with phone.http:
        phone.sit()
        for wrong in ([26], [], [0] * 11, [0.5], 3):
            assert phone.answer(asked, wrong).status_code == 422, wrong
        assert phone.answer(asked, [2, 0, 19]).status_code == 204
