"""``latentbook check``: checks what the build checks, and runs all Python in the book."""

import ast
import importlib.util
import json
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from importlib.metadata import distributions
from itertools import product
from pathlib import Path
from typing import Any, cast

import widgets
from latentbook.book.build import dressed
from latentbook.book.compose.assigned import ASKED
from latentbook.book.compose.author_code import AuthorCode, Reply, explained
from latentbook.book.compose.engine import EngineError, shared_engine
from latentbook.book.compose.stills import WIDE, instrument_file
from latentbook.book.directives.code_cell import say_what_is_drawn
from latentbook.book.load import compose
from latentbook.book.overlay.merge import open_project
from latentbook.book.page_python import PagePython, Twice
from latentbook.book.read.card_records import (
    BOOK_CARDS,
    CARDS,
    card_hash,
    edition_of,
    read_cards,
    updated,
    write_cards,
)
from latentbook.book.read.contents import CONTENT
from latentbook.book.read.day import right_now
from latentbook.book.read.lessons import Lesson
from latentbook.book.read.nodes import DirectiveNode, directives
from latentbook.book.read.numbers import STALE, NumberError, made_by, rounded
from latentbook.book.read.project import Project
from latentbook.book.read.recordings import (
    BOOK_OUTPUTS,
    NUMBERS,
    OUTPUTS,
    PLOTLY,
    Recorded,
    Recording,
    Recordings,
    code_hashes,
    differences,
    rounded_figure,
    runnable_cells,
    same_outputs,
)
from latentbook.book.read.source import ChapterSource
from latentbook.book.write.assets import bundle, engine_script
from latentbook.book.write.render import Renderer
from latentbook.book.write.site import refuse_large
from latentbook.cache import Cache
from latentbook.errors import Problems
from latentbook.files import Files
from latentbook.hashing import content_hash
from latentbook.hooks import PageCheck
from latentbook.plugins import plugins_of
from latentbook.report import Report
from latentbook.runtime.page_packages import PagePackages

LISTING_TIMES = 10
"""How many times as long as a snippet a listing may take: it may train something."""

SEED = (
    ". It is not the same on each run: give random numbers a seed, np.random.default_rng(0), and "
    "leave out times, addresses in memory and the order of sets"
)
KIT = ". The functions of widgets.kit.figures write what a figure needs"
ANOTHER_DRAWING = ("a drawing", "another one")

NO_MODULE = re.compile(r"No module named '(?P<module>[^']+)'")


def check_book(
    project: Project,
    *,
    record: bool = False,
    chapters: Collection[str] | None = None,
    report: Report,
) -> None:
    """Check the book; with ``record``, record the output of every snippet.

    With ``chapters``, run only the Python of these.

    Raises
    ------
    BookErrors
        With every mistake in the content, every snippet that fails or puts out something else than
        is recorded, and every question whose solution fails or whose mistake passes.
    """
    book = _Book(project, report, trusts=not record)
    for notice in book.loaded.notices:
        report(notice)
    book.check_instruments()
    changed: list[tuple[str, Recordings]] = []
    asked = [each for each in book.loaded.whole if chapters is None or each.entry.slug in chapters]
    for source in (*asked, *(each.source for each in book.loaded.assignments)):
        report(f"Running the Python of {source.opening.path.parent}")
        recordings = book.run(source, record=record)
        if record and recordings.by_label != source.recordings.by_label:
            changed.append((source.entry.slug, recordings))
            report("Running it again, to see that the same comes of it")
            now = replace(source.recordings, by_label=recordings.by_label)
            book.run(replace(source, recordings=now), record=False, again=True)
        book.check_cards(source, record=record)
    book.page.compare()
    book.problems.raise_all()
    book.warn_of_public_answers()
    for slug, recordings in changed:
        recordings.write(book.outputs_of(slug))
    if record:
        for source in book.loaded.whole:
            book.record_cards(source)
    loaded = book.loaded
    if changed:  # what the build finds in the new recordings
        loaded = compose(open_project(project.settings), right_now(), computing=True)
    assets = dressed(loaded, bundle(project.settings), project.settings)
    renderer = Renderer(loaded.book, assets, {"reload": False}, "", "/")
    refuse_large(loaded, dict(renderer.pages()))
    report("Every check passes")


def record_chapter(project: Project, slug: str) -> Path:
    book = _Book(project, print, trusts=True)
    source = next(source for source in book.loaded.whole if source.entry.slug == slug)
    recordings = book.run(source, record=True)
    book.problems.raise_all()
    recordings.write(path := book.outputs_of(slug))
    return path


def list_faults(project: Project, check: PageCheck, report: Report) -> None:
    """Report what a check finds, and what it doubts, those of the book under a course left out."""
    loaded = compose(project, right_now(), computing=True)
    place = Problems(loaded.overlay.origins).place
    for page in (page for source in loaded.whole for page in source.pages):
        found = [*check.faults(page)]
        found += [(line, f"perhaps {doubt}") for line, doubt in check.doubts(page)]
        for line, sentence in found:
            if not loaded.overlay.from_book(page.path, line):
                report(f"{place(page.path, line)}: {sentence}")


def list_lessons(project: Project, report: Report) -> None:
    """Report what each section has of a lesson, and what it has too much of."""
    loaded = compose(project, right_now(), computing=True)
    place = Problems(loaded.overlay.origins).place
    for page in (page for source in loaded.whole for page in source.sections):
        line = page.document.front_lines.get("title", 1)
        if loaded.overlay.from_book(page.path, line):
            continue
        lesson = Lesson.of(page.document)
        rows = f" ({', '.join(map(str, lesson.tables))} rows)" if lesson.tables else ""
        idea = "an idea" if lesson.has_idea else "no idea"
        tables = f"{len(lesson.tables)} table{'s' * (len(lesson.tables) != 1)}{rows}"
        figures = f"{lesson.figures} figure{'s' * (lesson.figures != 1)}"
        has = f"{lesson.numbers} numbers, {tables}, {figures}, {idea}"
        wrong = ", ".join(filter(None, [lesson.faults, "no idea" * lesson.lacks_idea]))
        warning = f". Too much or missing: {wrong}" if wrong else ""
        report(f"{place(page.path, line)}: {has}{warning}")


class _Book:
    """A book whose Python is about to run, with its packages importable."""

    def __init__(self, project: Project, report: Report, *, trusts: bool) -> None:
        self.trusts = trusts
        self.project = project
        self.settings = settings = project.settings
        self.content = settings.course / CONTENT if settings.course else settings.content
        self.packages = PagePackages.read(settings, project.packages)
        self.packages.make_importable(report)
        self.outputs = plugins_of(settings).outputs
        self.page = PagePython(settings, project.widgets, self.packages, report, self.outputs)
        self.report = report
        report("Reading the book")
        self.loaded = compose(project, right_now(), computing=True)
        asked = [each for page in self.loaded.assignments for each in page.questions]
        self.asked = {each.label: each for each in asked}
        self.problems = Problems(self.loaded.overlay.origins)
        self.cache = Cache(self.settings.build / "cache" / "checks")
        self.environment = content_hash(
            sys.version,
            *sorted(f"{each.name} {each.version}" for each in distributions()),
            _contents(project.widgets),
            _contents(Files.of(Path(__file__).parent)),
            self.packages.lock.model_dump_json(),
            self.outputs,
            length=32,
        )

    def kept(self, make: Callable[[], Any], *made_from: str) -> Any:
        """What was made from the same before, without a mistake; else make it now."""
        key = content_hash(self.environment, *made_from, length=32)
        if self.trusts and (found := self.cache.read(key)) is not None:
            return found
        before = len(self.problems.errors)
        made = make()
        if made is not None and len(self.problems.errors) == before:
            self.cache.write(key, made)
        return made

    def check_instruments(self) -> None:
        """Hold a course's instruments to their contract, and the book's at rest to theirs."""
        own = () if self.settings.course else widgets.WIDGETS
        seconds = self.settings.code_timeout
        with closing(AuthorCode(seconds, root=self.settings.root)) as code:
            for name in self.loaded.overlay.instruments:
                self.check_instrument(code, name, seconds / 2)
            for name in own:
                self.kept(partial(self.check_instrument, code, name, 0), "rest", name)

    def check_instrument(self, code: AuthorCode, name: str, seconds: float) -> bool:
        """With no ``seconds``, only at rest."""
        place = instrument_file(self.project.widgets, name)
        asked = json.dumps({"widget": name, "seconds": seconds})
        reply = code.ask({"type": "contract", "code": asked})
        if reply["type"] == "failed":
            self.problems.add(place, reply["line"] or 1, f"{name} {explained(reply)}")
            return False
        for fault in reply["value"]["faults"]:
            self.problems.add(place, fault["line"] or 1, f"{name} {fault['message']}")
        if seconds and (untried := reply["value"]["untried"]):
            self.report(
                f"{place}: {untried} settings of {name} are not tried, because it takes "
                f"more than {seconds:g} s to compute the others"
            )
        return True

    def warn_of_public_answers(self) -> None:
        for each in self.asked.values():
            line = each.nodes[0].line
            if len(each.nodes) == 1 and self.loaded.overlay.from_book(each.page.path, line):
                place = self.problems.place(each.page.path, line)
                self.report(f"{place}: {each.label} does not vary, and its answer is public")

    def check_cards(self, source: ChapterSource, *, record: bool) -> None:
        """Report cards that ask something else than their authors have accepted."""
        for page in source.pages:
            report = self.problems.of(page.path)
            for card in page.cards:
                then, edition = source.card_records.get(card.label), edition_of(card)
                if then is not None and edition < then.edition:
                    report.add(
                        card.line,
                        f"{card.label} has edition {edition}, but {then.edition} is recorded: the "
                        "number of an edition only rises",
                    )
                elif record:
                    continue
                elif then is None:
                    message = f"the card {card.label} is not recorded: run this check with --record"
                    report.add(card.line, message)
                elif edition == then.edition and card_hash(card) != then.source:
                    report.add(
                        card.line,
                        f"the card {card.label} has changed: if readers who knew it still do, run "
                        f"this check with --record; if not, write :edition: {edition + 1}",
                    )

    def record_cards(self, source: ChapterSource) -> None:
        cards = [card for page in source.pages for card in page.cards]
        made = updated(source.card_records, cards, right_now().date())
        place = f"{source.entry.slug}/{BOOK_CARDS}"
        book = read_cards(self.project.files, place, self.project.report(place))
        own = {label: each for label, each in made.items() if each != book.get(label)}
        write_cards(self.content / source.entry.slug / CARDS, own)

    def run(self, source: ChapterSource, *, record: bool, again: bool = False) -> Recordings:
        """With ``again``, the recordings are those of a run on the same machine, just before."""
        with closing(AuthorCode(self.settings.code_timeout, outputs=self.outputs)) as code:
            chapter = _ChapterRun(self, source, code, again=again)
            recorded = chapter.run(record=record)
        book = source.recordings.book
        own = {label: each for label, each in recorded.items() if each != book.get(label)}
        if not record or own == source.recordings.by_label:  # others are run again
            self.page.add(chapter.twice, chapter.unsure)
        return Recordings(own)

    def outputs_of(self, slug: str) -> Path:
        """Where a chapter is recorded."""
        return self.content / slug / OUTPUTS


class _ChapterRun:
    """Runs the Python of one chapter from top to bottom, in one scope."""

    def __init__(
        self, book: _Book, source: ChapterSource, code: AuthorCode, *, again: bool
    ) -> None:
        self.again = again
        self.book = book
        self.source = source
        self.code = code
        self.problems = book.problems.of(source.opening.path)
        self.asked = [each for each in book.loaded.asked if each.slug == source.entry.slug]
        self.scope = f"check:{source.entry.slug}"
        self.hashes = code_hashes(source.nodes)
        self.ran: list[DirectiveNode] = []  # snippets whose names the scope contains
        self.late: list[DirectiveNode] = []  # those that run before the next that has to
        self.twice: list[Twice] = []  # what the page is to run too
        self.unsure: set[str] = set()  # snippets that put out something else than before

    def run(self, *, record: bool) -> dict[str, Recording]:
        runnable = runnable_cells(self.source.nodes)
        made: dict[str, Recording] = {}
        for page in self.source.pages:
            self.problems = self.book.problems.of(page.path)
            for node in directives(page.document.nodes, "code-cell", "quiz", ASKED):
                if node in runnable:
                    if (recording := self.cell(node)) is not None:
                        made[node.label] = recording
                        if not record:
                            self.compare(node, recording)
                elif node.name == "quiz":
                    self.check_question(node)
                elif node.name == ASKED and node.label:
                    for variant in self.book.asked[node.label].nodes:
                        self.check_question(variant)
                elif node.options.get("needs"):
                    self.once(node, self.listing)
        if self.source.computed and (numbers := self.computed()) is not None:
            made[NUMBERS] = Recording(code=self.source.numbers.hashes[NUMBERS], numbers=numbers)
        self.compare_numbers(made, record=record)
        return made

    def once(self, node: DirectiveNode, check: Callable[[DirectiveNode], bool | None]) -> None:
        """Check something unless it passed before, after the same snippets."""
        before = [each.code for each in (*self.ran, *self.late)]
        self.book.kept(lambda: check(node) is not False or None, *_code(node), *before)

    def ask(self, request: dict[str, Any]) -> Reply:
        """Send one message of the page's protocol; after a crash, rebuild the scope."""
        while self.late:
            self.ran.append(self.late.pop(0))
            self.code.ask(self.cell_request(self.ran[-1]))
        reply = self.code.ask({"scope": self.scope, **request})
        if reply.get("died"):
            for node in self.ran:
                self.code.ask(self.cell_request(node))
        return reply

    def cell_request(self, node: DirectiveNode) -> dict[str, Any]:
        request = {"type": "run_cell", "code": node.code, "filename": node.label}
        return request | {"scope": self.scope}

    def in_page(
        self, node: DirectiveNode, what: str, request: Mapping[str, Any], **more: Any
    ) -> None:
        request = {"scope": self.scope, **request}
        self.twice.append(Twice(self.problems, what, node.line, node, request, **more))

    def cell(self, node: DirectiveNode) -> Recording | None:
        """Run a snippet unless it ran before as it is; None after reporting that it fails."""

        def made() -> Any:
            recording = self.run_cell(node)
            return recording and recording.model_dump()

        asked = [each.content for each in self.asked]
        found = self.book.kept(made, self.hashes[node.label], *_code(node), *asked)
        if found is None:
            return None
        if not (self.ran and self.ran[-1] is node):
            self.late.append(node)
        recording = Recording.model_validate(found)
        self.in_page(node, node.label, self.cell_request(node), outputs=recording.outputs)
        for name, number in recording.numbers.items():
            what, request = f"{name} of {node.label}", self.variable_request(node, name)
            self.in_page(node, what, request, number=number)
        return recording

    def run_cell(self, node: DirectiveNode) -> Recording | None:
        reply = self.ask(self.cell_request(node))
        if reply["type"] == "failed":
            self.failed(node, reply, node.label)
            return None
        self.ran.append(node)
        outputs = tuple(
            Recorded(kind=kind, data=rounded_figure(data) if kind == PLOTLY else data)
            for kind, data in reply["outputs"]
        )
        say_what_is_drawn(node, outputs, self.problems)
        self.draw(node, outputs)
        code = self.hashes[node.label]
        return Recording(code=code, outputs=outputs, numbers=self.variables(node))

    def draw(self, node: DirectiveNode, outputs: Iterable[Recorded]) -> None:
        engine = shared_engine(engine_script(self.book.settings))
        for output in outputs:
            if output.kind == PLOTLY:
                try:
                    engine.draw_svg(json.loads(output.data), WIDE, node.label, "")
                except EngineError as error:
                    why = f"the figure of {node.label} cannot be drawn: {error}{KIT}"
                    self.problems.add(node.line, why)

    def failed(self, node: DirectiveNode, reply: Reply, what: str) -> None:
        line = node.body_line + reply["line"] - 1 if reply["line"] else node.line
        lacks = NO_MODULE.fullmatch(reply["message"])
        hint = self.book.packages.install_hint(lacks["module"]) if lacks else ""
        message = f"{what} {explained(reply)}"
        self.problems.add(line, f"{message}. {hint}" if hint else message)

    def compare(self, node: DirectiveNode, now: Recording) -> None:
        then = self.source.recordings.current(node.label, now.code)
        if then is None:
            known = node.label in self.source.recordings.known
            why = "was recorded for other code" if known else "is not recorded"
            message = f"the output of {node.label} {why}: run this check with --record"
            self.problems.add(node.line, message)
        elif not same_outputs(then.outputs, now.outputs, exact=self.again):
            self.unsure.add(node.label)
            was, is_now = next(differences(then.outputs, now.outputs), ANOTHER_DRAWING)
            message = f"the output of {node.label} differs: recorded {was!r}, now {is_now!r}"
            self.problems.add(node.line, message + SEED * self.again)

    def variables(self, node: DirectiveNode) -> dict[str, float]:
        """Ask for the variables that the text shows, just after a snippet has run."""
        found: dict[str, float] = {}
        for each in self.asked:
            maker, name = self.source.numbers.maker(each.content.partition(":")[0])
            if maker != node.label or name in found:
                continue
            reply = self.ask(self.variable_request(node, name))
            try:
                if reply["type"] == "failed":
                    raise ValueError(explained(reply))
                value = json.loads(ast.literal_eval(reply["outputs"][-1][1]))
                found[name] = rounded(value + 0)  # a list, a text, a dict have no sum with 0
            except (TypeError, ValueError) as error:
                message = f"{name!r} of {node.label} is not a number: {error}"
                self.book.problems.add(each.path, each.line, message)
        return found

    def variable_request(self, node: DirectiveNode, name: str) -> dict[str, Any]:
        root, *keys = name.split(".")
        places = "".join(f"[{key if key.isdigit() else repr(key)}]" for key in keys)
        value = f"__import__('json').dumps({root}{places}, default=lambda n: n.item())"
        return {**self.cell_request(node), "code": value}

    def computed(self) -> dict[str, float] | None:
        """The numbers of ``numbers.py``, from a process of its own; None after reporting that it
        fails."""
        files = _contents(self.book.project.files, self.source.entry.slug)
        made_from = "numbers", self.source.numbers.source, files
        return cast("dict[str, float] | None", self.book.kept(self.run_numbers, *made_from))

    def run_numbers(self) -> dict[str, float] | None:
        numbers = self.source.numbers
        report = self.book.problems.of(numbers.path)
        with closing(AuthorCode(LISTING_TIMES * self.code.seconds)) as own:
            reply = own.ask({"type": "numbers", "code": numbers.source})
        if reply["type"] == "failed":
            report.add(reply["line"] or 1, explained(reply))
            return None
        for name, value in reply["value"].items():
            if value is None:
                report.add(
                    made_by(numbers.source, name)[1] + 1,
                    f"{name} is neither a finite number nor a list or dict of such: begin a name "
                    "that the text does not quote with _",
                )
        return {name: rounded(value) for name, value in reply["value"].items() if value is not None}

    def compare_numbers(self, made: Mapping[str, Recording], *, record: bool) -> None:
        """Report each number of the text that is missing or now prints differently."""
        numbers = self.source.numbers
        values = {maker: recording.numbers for maker, recording in made.items()}
        then = {maker: r.numbers for maker, r in self.source.recordings.known.items()}
        failed = {*numbers.hashes} - {*made}
        if not record and numbers.stale and NUMBERS in made:
            self.book.problems.add(numbers.path, 1, STALE)
        for each in self.asked:
            if numbers.maker(each.content.partition(":")[0])[0] in failed:
                continue
            try:
                now = numbers.number(each.content, values).text
            except NumberError as error:
                others = {source.entry.slug: source.numbers for source in self.book.loaded.whole}
                message = f"{error}{numbers.elsewhere(each.content, others)}"
                self.book.problems.add(each.path, each.line, message)
                continue
            was = "not recorded"
            with suppress(NumberError):
                was = numbers.number(each.content, then).text
            what = f"{{num}}`{each.content}` was {was}, and is now {now}"
            if was != now and record:
                self.book.report(f"{self.book.problems.place(each.path, each.line)}: {what}")
            elif was != now:
                read = ": read the sentence, then run this check with --record"
                message = what + (SEED if self.again else read)
                self.book.problems.add(each.path, each.line, message)

    def check_question(self, node: DirectiveNode) -> None:
        """Check that every solution passes, in the page too, and every mistake gets its message."""
        before = len(self.book.problems.errors)
        self.once(node, self.question)
        if len(self.book.problems.errors) == before:
            for check, solution in _answers(node):
                request = self.answer_request(solution, check)
                self.in_page(solution, f"the solution of {node.label}", request)

    def question(self, node: DirectiveNode) -> None:
        checks = [*node.parts("check"), *node.parts("grade")]
        for check, solution in _answers(node):
            reply = self.answer(solution, check)
            if reply["type"] == "failed":
                self.failed(solution, reply, f"the solution of {node.label}")
            elif not reply["value"]["passed"]:
                why = reply["value"]["message"]
                message = f"the solution of {node.label} fails the {check.name}: {why}"
                self.problems.add(solution.line, message)
            else:
                self.other_processor(node, solution, check)
        for mistake in node.parts("mistake"):  # judged by what decides the mark
            self.mistake(node, mistake, self.answer(mistake, checks[-1]))

    def other_processor(
        self, node: DirectiveNode, solution: DirectiveNode, check: DirectiveNode
    ) -> None:
        asked = {"scope": self.scope, "code": solution.code, "check": check.code}
        reply = self.ask({"type": "other_processor", "code": json.dumps(asked)})
        if reply["type"] == "failed":
            self.failed(check, reply, f"the {check.name} of {node.label}")
            return
        line, message = reply["value"]["line"], reply["value"]["message"]
        if line is None and message is not None:
            why = "the solution of {} itself fails where the last digits are others: {}"
            self.problems.add(check.line, why.format(node.label, message))
        elif line is not None:
            code = check.code.splitlines()[line - 1].strip()
            self.problems.add(
                check.body_line + line - 1,
                f"this compares digits that depend on the processor: on another one it may refuse "
                f"the solution of {node.label}. Compare with np.isclose or np.allclose, or away "
                f"from the limit, in {code!r}",
            )

    def answer(self, answer: DirectiveNode, check: DirectiveNode) -> Reply:
        return self.ask(self.answer_request(answer, check))

    def answer_request(self, answer: DirectiveNode, check: DirectiveNode) -> dict[str, Any]:
        return {"type": "check_answer", "code": answer.code, "check": check.code}

    def mistake(self, node: DirectiveNode, mistake: DirectiveNode, reply: Reply) -> None:
        if reply.get("died"):
            self.failed(mistake, reply, f"a mistake of {node.label}")
            return
        if reply["type"] == "failed":
            message = f"{reply['name']}: {reply['message']}"
        elif reply["value"]["passed"]:
            self.problems.add(mistake.line, f"a mistake passes the check of {node.label}")
            return
        else:
            message = reply["value"]["message"]
        if mistake.argument.casefold() not in message.casefold():
            why = f"the mistake gets a message without {mistake.argument!r}: {message!r}"
            self.problems.add(mistake.line, why)

    def listing(self, node: DirectiveNode) -> bool:
        """Run a listing that the page only shows, in a separate process; False if it cannot."""
        needs = [name.strip() for name in node.options["needs"].split(",")]
        if missing := [name for name in needs if importlib.util.find_spec(name) is None]:
            self.book.report(f"  {node.label} is not run: {', '.join(missing)} is not installed")
            return False
        # CUDA reserves more address space than there is memory, so a listing has no limit of it.
        with closing(AuthorCode(LISTING_TIMES * self.code.seconds, memory=None)) as own:
            reply = own.ask({"type": "listing", "code": node.code})
        if reply["type"] == "failed":
            self.failed(node, reply, node.label)
        return True


def _answers(node: DirectiveNode) -> Iterator[tuple[DirectiveNode, DirectiveNode]]:
    """Each check of a question with each solution."""
    checks = [*node.parts("check"), *node.parts("grade")]
    return product(checks, [*node.parts("solution"), *node.parts("lines")])


def _code(node: DirectiveNode) -> Iterator[str]:
    """All that a directive's code is checked by: that of its parts, their arguments, options."""
    yield from (node.name, node.argument, repr(sorted(node.options.items())), node.code)
    for each in node.nodes:
        if isinstance(each, DirectiveNode):
            yield from _code(each)


def _contents(files: Files, folder: str = "") -> str:
    """A hash of the files that Python may read, by their places."""
    text = (".md", OUTPUTS, BOOK_OUTPUTS, CARDS, BOOK_CARDS)
    places = files.below(folder) if folder else files
    read = (each for each in places if not each.endswith(text))
    return content_hash(*(part for each in read for part in (each, files.data(each))), length=32)
