"""Run the Python of one chapter and compare its output with the recordings."""

import ast
import importlib.util
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from itertools import product
from typing import Any, cast

from latentbook.book.compose.assigned import ASKED
from latentbook.book.compose.author_code import AuthorCode, Reply, call, explained
from latentbook.book.compose.javascript import EngineError, shared_engine
from latentbook.book.compose.stills import WIDE
from latentbook.book.directives.code_cell import say_what_is_drawn
from latentbook.book.read.nodes import DirectiveNode, directives
from latentbook.book.read.numbers import STALE, NumberError, made_by, rounded
from latentbook.book.read.recordings import (
    NUMBERS,
    PLOTLY,
    Recorded,
    Recording,
    code_hashes,
    differences,
    rounded_figure,
    runnable_cells,
    same_outputs,
)
from latentbook.book.read.source import ChapterSource
from latentbook.book.write.assets import engine_script
from latentbook_authoring.check.other_processor import refusal
from latentbook_authoring.check.page_python import Twice
from latentbook_authoring.check.session import Session, contents

LISTING_TIMES = 10
"""Time limit of a listing, as a multiple of a snippet's: a listing may train something."""

SEED = (
    ". It is not the same on each run: give random numbers a seed, np.random.default_rng(0), and "
    "leave out times, addresses in memory and the order of sets"
)
KIT = ". The functions of widgets.kit.figures write what a figure needs"
ANOTHER_DRAWING = ("a drawing", "another one")

NO_MODULE = re.compile(r"No module named '(?P<module>[^']+)'")


class ChapterRun:
    """Runs the Python of one chapter from top to bottom, in one scope."""

    def __init__(
        self, session: Session, source: ChapterSource, code: AuthorCode, *, again: bool
    ) -> None:
        self.again = again
        self.session = session
        self.source = source
        self.code = code
        self.problems = session.problems.of(source.opening.path)
        self.asked = [each for each in session.loaded.asked if each.slug == source.entry.slug]
        self.scope = f"check:{source.entry.slug}"
        self.hashes = code_hashes(source.nodes)
        self.ran: list[DirectiveNode] = []  # snippets whose names the scope contains
        self.late: list[DirectiveNode] = []  # snippets to run before the next one that has to run
        self.twice: list[Twice] = []  # requests for the page to repeat
        self.unsure: set[str] = set()  # snippets whose output differs from the recorded one

    def run(self, *, record: bool) -> dict[str, Recording]:
        runnable = runnable_cells(self.source.nodes)
        made: dict[str, Recording] = {}
        for page in self.source.pages:
            self.problems = self.session.problems.of(page.path)
            for node in directives(page.document.nodes, "code-cell", "quiz", ASKED):
                if node in runnable:
                    if (recording := self.cell(node)) is not None:
                        made[node.label] = recording
                        if not record:
                            self.compare(node, recording)
                elif node.name == "quiz":
                    self.check_question(node)
                elif node.name == ASKED and node.label:
                    for variant in self.session.asked[node.label].nodes:
                        self.check_question(variant)
                elif node.options.get("needs"):
                    self.once(node, self.listing)
        if self.source.computed and (numbers := self.computed()) is not None:
            made[NUMBERS] = Recording(code=self.source.numbers.hashes[NUMBERS], numbers=numbers)
        self.compare_numbers(made, record=record)
        return made

    def once(self, node: DirectiveNode, check: Callable[[DirectiveNode], bool | None]) -> None:
        """Run a check unless it has passed before, after the same snippets."""
        before = [each.code for each in (*self.ran, *self.late)]
        self.session.kept(lambda: check(node) is not False or None, *_code(node), *before)

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
        """Run a snippet unless it ran before unchanged; if it fails, report it and return None."""

        def made() -> Any:
            recording = self.run_cell(node)
            return recording and recording.model_dump()

        asked = [each.content for each in self.asked]
        found = self.session.kept(made, self.hashes[node.label], *_code(node), *asked)
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
        engine = shared_engine(engine_script(self.session.settings))
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
        hint = self.session.packages.install_hint(lacks["module"]) if lacks else ""
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
                self.session.problems.add(each.path, each.line, message)
        return found

    def variable_request(self, node: DirectiveNode, name: str) -> dict[str, Any]:
        root, *keys = name.split(".")
        places = "".join(f"[{key if key.isdigit() else repr(key)}]" for key in keys)
        value = f"__import__('json').dumps({root}{places}, default=lambda n: n.item())"
        return {**self.cell_request(node), "code": value}

    def computed(self) -> dict[str, float] | None:
        """The numbers of ``numbers.py``, from a separate process; None if it fails, which is
        reported."""
        files = contents(self.session.project.files, self.source.entry.slug)
        made_from = "numbers", self.source.numbers.source, files
        return cast("dict[str, float] | None", self.session.kept(self.run_numbers, *made_from))

    def run_numbers(self) -> dict[str, float] | None:
        numbers = self.source.numbers
        report = self.session.problems.of(numbers.path)
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
            self.session.problems.add(numbers.path, 1, STALE)
        for each in self.asked:
            if numbers.maker(each.content.partition(":")[0])[0] in failed:
                continue
            try:
                now = numbers.number(each.content, values).text
            except NumberError as error:
                others = {source.entry.slug: source.numbers for source in self.session.loaded.whole}
                message = f"{error}{numbers.elsewhere(each.content, others)}"
                self.session.problems.add(each.path, each.line, message)
                continue
            was = "not recorded"
            with suppress(NumberError):
                was = numbers.number(each.content, then).text
            what = f"{{num}}`{each.content}` was {was}, and is now {now}"
            if was != now and record:
                self.session.report(f"{self.session.problems.place(each.path, each.line)}: {what}")
            elif was != now:
                read = ": read the sentence, then run this check with --record"
                message = what + (SEED if self.again else read)
                self.session.problems.add(each.path, each.line, message)

    def check_question(self, node: DirectiveNode) -> None:
        """Check that every solution passes, in the page too, and every mistake gets its message."""
        before = len(self.session.problems.errors)
        self.once(node, self.question)
        if len(self.session.problems.errors) == before:
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
        for mistake in node.parts("mistake"):  # judged by the check that decides the mark
            self.mistake(node, mistake, self.answer(mistake, checks[-1]))

    def other_processor(
        self, node: DirectiveNode, solution: DirectiveNode, check: DirectiveNode
    ) -> None:
        asked = {"scope": self.scope, "code": solution.code, "check": check.code}
        reply = self.ask(call(refusal, **asked))
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
        """Run a listing that the page only shows, in a separate process; False if it cannot run."""
        needs = [name.strip() for name in node.options["needs"].split(",")]
        if missing := [name for name in needs if importlib.util.find_spec(name) is None]:
            self.session.report(f"  {node.label} is not run: {', '.join(missing)} is not installed")
            return False
        # CUDA reserves more address space than there is memory, so a listing has no memory limit.
        with closing(AuthorCode(LISTING_TIMES * self.code.seconds, memory=None)) as own:
            reply = own.ask({"type": "listing", "code": node.code})
        if reply["type"] == "failed":
            self.failed(node, reply, node.label)
        return True


def _answers(node: DirectiveNode) -> Iterator[tuple[DirectiveNode, DirectiveNode]]:
    """Pairs of each check of a question with each solution."""
    checks = [*node.parts("check"), *node.parts("grade")]
    return product(checks, [*node.parts("solution"), *node.parts("lines")])


def _code(node: DirectiveNode) -> Iterator[str]:
    """Names, arguments, options and code of a directive and its parts: inputs of its check."""
    yield from (node.name, node.argument, repr(sorted(node.options.items())), node.code)
    for each in node.nodes:
        if isinstance(each, DirectiveNode):
            yield from _code(each)
