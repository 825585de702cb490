"""Records a snippet step by step: the line, the names that changed, and what had been printed."""

from __future__ import annotations

import ast
import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from inspect import CO_GENERATOR, CO_OPTIMIZED, CO_VARARGS, CO_VARKEYWORDS
from itertools import islice
from time import process_time
from types import CodeType, FrameType
from typing import Any, TextIO, cast

import numpy as np

from widgets.engine.notes import shared_generators
from widgets.engine.values import Description, described, digest_of

MAX_LINES = 40
MAX_STEPS = 1_000
MAX_SECONDS = 2.0  # of work, as in `notes`
MAX_CHARACTERS = 2_000_000  # of a recording
MAX_ITEMS = 100  # of a list whose arrays may have changed


class Cut(BaseException):
    """Ends code whose recording has become too long."""


class TooManyLines(ValueError):
    """Code has more lines than can be stepped through."""


class Transcript(io.TextIOBase):
    """Collects what is printed, up to a limit."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.length = 0  # in units of UTF-16, as JavaScript counts

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        kept = str.__getitem__(text, slice(MAX_CHARACTERS - self.length))  # also a reader's own str
        self.pieces.append(kept)
        self.length += len(kept.encode("utf-16-le", "surrogatepass")) // 2
        return str.__len__(text)


class Call:
    """A call of one of the snippet's functions; number 0 is the snippet itself."""

    def __init__(self, number: int, code: CodeType, caller: int | None) -> None:
        self.number = number
        self.caller = caller
        self.name = "" if caller is None else code.co_name
        self.is_function = bool(code.co_flags & CO_OPTIMIZED)
        self.is_generator = bool(code.co_flags & CO_GENERATOR)
        starred = [code.co_flags & CO_VARARGS, code.co_flags & CO_VARKEYWORDS]
        count = code.co_argcount + code.co_kwonlyargcount + sum(map(bool, starred))
        self.parameters = code.co_varnames[:count]
        self.line: int | None = None  # of the statement that runs
        self.fails = False


class Recording:
    """A recording of one run.

    Parameters
    ----------
    code : source of the snippet
    filename : name under which it will be compiled

    Raises
    ------
    SyntaxError, TooManyLines
        Before anything runs.
    """

    def __init__(self, code: str, filename: str) -> None:
        lines = len(code.rstrip().splitlines())
        if lines > MAX_LINES:
            raise TooManyLines(f"This code has {lines} lines. Accepted: {MAX_LINES}.")
        self.filename = filename
        self.deadline = 0.0
        self.statements = Statements(ast.parse(code, filename))
        self.traced: set[int] = set()  # identities of the code of its functions and classes
        self.calls: list[Call] = []
        self.running: dict[FrameType, Call] = {}
        self.known: dict[tuple[int, str], tuple[object, Description, int]] = {}
        self.changed: list[tuple[int, str, Description | None]] = []  # since the last step
        self.start = self.changed  # names that earlier code has made
        self.steps: list[str] = []
        self.size = 0
        self.transcript = Transcript()
        self.value: object = None  # of the last expression
        self.failed_in: int | None = None  # call in which an exception began
        self.cut = ""

    def run(self, act: Callable[[], object]) -> None:
        """Call a function that runs the code, and record it."""
        tracer, streams, states = (
            sys.gettrace(),
            (sys.stdout, sys.stderr),
            [(put, get()) for put, get in shared_generators()],
        )
        self.deadline = process_time() + MAX_SECONDS
        try:
            sys.stdout = sys.stderr = cast(TextIO, self.transcript)
            sys.settrace(self._called)
            act()
        except Cut:
            pass
        finally:
            sys.settrace(tracer)
            sys.stdout, sys.stderr = streams
            for set_state, state in states:
                set_state(state)

    def as_json(
        self, failed: Mapping[str, Any] | None, notes: list[dict[str, Any]], **names: list[str]
    ) -> str:
        """The recording, as in static/js/python/protocol.js.

        Parameters
        ----------
        failed : the reply for the exception that ended the code
        notes : explanations of what the code left without an error
        names : variables that differ from the reader's own
        """
        if self.cut:
            failed = None
        elif failed is not None:
            self._append(failed["line"], self.failed_in or 0)
        else:
            self._append(None, 0, None if self.value is None else described(self.value))
        rest = {
            "start": self.start,
            "calls": [{"name": call.name, "caller": call.caller} for call in self.calls],
            "loops": self.statements.loops,
            "printed": "".join(self.transcript.pieces),
            "cut": self.cut,
            "error": failed,
            "notes": notes,
            **names,
        }
        return f'{{"steps": [{", ".join(self.steps)}], {json.dumps(rest)[1:]}'

    def _called(self, frame: FrameType, event: str, arg: object) -> Any:
        """Trace a frame if it runs statements of the snippet.

        Comprehensions and loops on one line are one step: versions of Python differ in how often
        they trace such a line.
        """
        self._check_time()
        code = frame.f_code
        if code.co_filename == self.filename and code.co_name == "<module>":
            self.traced.update(map(id, blocks_of(code)))
        if id(code) not in self.traced:
            return None
        if frame not in self.running:
            if code.co_name == "<module>" and self.calls:
                call = self.calls[0]  # the last expression is compiled separately
            else:
                call = Call(len(self.calls), code, self._caller_of(frame))
                self.calls.append(call)
                if call.number == 0:
                    self._look_ahead(frame.f_globals)
            self.running[frame] = call
        return self._event

    def _caller_of(self, frame: FrameType) -> int | None:
        caller = frame.f_back
        while caller is not None:
            if caller in self.running:
                return self.running[caller].number
            caller = caller.f_back
        return 0 if self.calls else None

    def _event(self, frame: FrameType, event: str, arg: Any) -> Any:
        call = self.running[frame]
        if event == "line":
            self._check_time()
            self.failed_in = None
            call.fails = False
            line = self.statements.first_line.get(frame.f_lineno)
            if line is not None and line != call.line:  # a module without statements has line 0
                self._look(frame, call)
                call.line = line
                self._step(line, call.number)
        elif event == "exception" and arg[0] is not StopIteration:
            if self.failed_in is None:
                self.failed_in = call.number
            call.fails = True
            self._look(frame, call)
        elif event == "return" and not call.is_generator:
            self._return(frame, call, arg)
        return self._event

    def _return(self, frame: FrameType, call: Call, value: object) -> None:
        if not call.fails:
            self._look(frame, call)
            if call.number == 0:
                self.value = value
            elif call.is_function:
                self._step(call.line, call.number, described(value))
        del self.running[frame]
        if call.number > 0:
            self.known = {key: seen for key, seen in self.known.items() if key[0] != call.number}

    def _check_time(self) -> None:
        if process_time() > self.deadline:
            self._stop("seconds")

    def _stop(self, limit: str) -> None:
        self.cut = limit
        raise Cut

    def _step(self, line: int | None, call: int, returned: Description | None = None) -> None:
        if len(self.steps) == MAX_STEPS:
            self._stop("steps")
        if self.size + self.transcript.length > MAX_CHARACTERS:
            self._stop("characters")
        self._append(line, call, returned)

    def _append(self, line: int | None, call: int, returned: Description | None = None) -> None:
        """Add a step: the next line, and the changes since the previous step."""
        step: dict[str, Any] = {"line": line, "call": call, "printed": self.transcript.length}
        step["changed"], self.changed = self.changed, []
        if returned is not None:
            step["returned"] = returned
        self.steps.append(json.dumps(step))
        self.size += len(self.steps[-1])

    def _look(self, frame: FrameType, call: Call) -> None:
        """Describe the names on the line that has just run, and arrays that share their memory."""
        names = call.parameters if call.line is None else self.statements.names.get(call.line, ())
        local, shared = frame.f_locals, frame.f_globals
        seen: dict[tuple[int, str], object] = {}
        for name in names:
            if name in local:
                seen[call.number, name] = local[name]
            elif name in shared:
                seen[0, name] = shared[name]
            else:
                self._forget((call.number, name))
        for key, value in seen.items():
            self._note(key, value)
        touched = [part for value in seen.values() for part in with_items(value)]
        for key, (value, *_) in list(self.known.items()):
            if key not in seen and any(is_shared(value, each) for each in touched):
                self._note(key, value)

    def _look_ahead(self, scope: Mapping[str, object]) -> None:
        """Describe the names that exist before the first line: reading them is not a change."""
        for name in {name for names in self.statements.names.values() for name in names}:
            if name in scope:
                self._note((0, name), scope[name])
        self.start, self.changed = sorted(self.changed), []
        self.size += len(json.dumps(self.start))

    def _note(self, key: tuple[int, str], value: object) -> None:
        description = described(value)
        if description is None:
            self._forget(key)
            return
        digest = digest_of(value)
        if key not in self.known or self.known[key][1:] != (description, digest):
            self.changed.append((*key, description))
        self.known[key] = value, description, digest

    def _forget(self, key: tuple[int, str]) -> None:
        if self.known.pop(key, None) is not None:
            self.changed.append((*key, None))


class Statements:
    """The statements of a snippet, by line.

    Attributes
    ----------
    first_line : line -> the line on which its statement begins; of a compound one only the head
    names : first line -> names in the statement
    loops : first and last line of each loop
    """

    def __init__(self, tree: ast.Module) -> None:
        self.first_line: dict[int, int] = {}
        self.names: dict[int, list[str]] = {}
        self.loops: list[tuple[int, int]] = []
        for node in ast.walk(tree):
            if is_block(node):
                self._add(node)

    def _add(self, node: Any) -> None:
        head = [part for part in ast.iter_child_nodes(node) if not is_block(part)]
        where = node.pattern if isinstance(node, ast.match_case) else node
        first = where.lineno
        ends = [getattr(each, "end_lineno", first) for part in head for each in ast.walk(part)]
        if not has_blocks(node):
            ends.append(node.end_lineno)
        for each in (first, *getattr(node, "decorator_list", ())):
            start = each if isinstance(each, int) else each.lineno
            for line in range(start, max([first, *ends]) + 1):
                self.first_line.setdefault(line, first)
        names = self.names.setdefault(first, [])
        names += names_in(head)
        if isinstance(node, ast.ExceptHandler) and node.name:
            names.append(node.name)
        if isinstance(node, ast.For | ast.AsyncFor | ast.While):
            self.loops.append((first, node.end_lineno or first))


def is_block(node: ast.AST) -> bool:
    return isinstance(node, ast.stmt | ast.excepthandler | ast.match_case)


def has_blocks(node: ast.AST) -> bool:
    return any(map(is_block, ast.iter_child_nodes(node)))


def names_in(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for root in nodes:
        for node in ast.walk(root):
            match node:
                case ast.Name(id=name):
                    yield name
                case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                    yield name
                case ast.alias(name=name, asname=other):
                    yield other or name.partition(".")[0]


def blocks_of(code: CodeType) -> Iterator[CodeType]:
    """A module's code and that of the functions and classes in it, without lambdas and the like."""
    yield code
    for part in code.co_consts:
        if isinstance(part, CodeType) and not part.co_name.startswith("<"):
            yield from blocks_of(part)


def with_items(value: Any) -> list[Any]:
    """A value and, for a list, tuple or dict, the arrays that it contains."""
    kind = type(value)
    if kind is dict:
        items = value.values()
    elif kind is list or kind is tuple:
        items = value
    else:
        return [value]
    return [value, *(item for item in islice(items, MAX_ITEMS) if type(item) is np.ndarray)]


def is_shared(a: object, b: object) -> bool:
    """Whether two values may share memory."""
    if type(a) is np.ndarray and type(b) is np.ndarray:
        return np.may_share_memory(a, b)
    return a is b
