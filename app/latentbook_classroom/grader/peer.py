"""Runs in both interpreters: carries values, calls and errors between them.

Values cross as JSON and the raw bytes of arrays, never as pickles. Functions cross as a number by
which the other side calls them. A call copies its arguments; its changes to them are written back.
All input may be hostile: types and sizes are checked, and nothing is looked up by a received name.

The file is sent to the interpreters as text, and imports only modules of the page's Python.
"""

from __future__ import annotations

import ast
import builtins
import json
import re
import struct
import symtable
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set
from typing import Any

import numpy as np

from widgets.engine import host
from widgets.engine.failure import CHECK, MAX_MESSAGE, failed, line_of, message

HEAD = struct.Struct("<cII")  # kind, length of the JSON, length of the raw bytes
NUMBERS = "biufc"  # kinds of dtype that cross
CONTAINERS = (np.ndarray, list, tuple, set, dict, np.random.Generator)
MAX_DEPTH = 20

Frame = tuple[str, Any, bytes]
Exchange = Callable[[bytes], Any]
"""Sends a frame and returns the next."""


def names_made(code: str) -> set[str]:
    """The names that code binds at its top level."""
    table = symtable.symtable(code, "code", "exec")
    return {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()}


def free_names(code: str) -> set[str]:
    """The names that code reads and neither binds at its top level nor finds in Python."""
    top = symtable.symtable(code, "code", "exec")

    def read(table: symtable.SymbolTable) -> Iterator[str]:
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (table is top or symbol.is_global()):
                yield symbol.get_name()
        for child in table.get_children():
            yield from read(child)

    return {*read(top)} - names_made(code) - {*dir(builtins)}


def imports_of(code: str) -> list[str]:
    """The import statements at the top level of code."""
    kinds = (ast.Import, ast.ImportFrom)
    return [ast.unparse(node) for node in ast.parse(code).body if isinstance(node, kinds)]


def needed(names: Collection[str], snippets: Sequence[str]) -> list[str]:
    """Code to run so that names exist. For each name, this is the last snippet that binds it, or
    only its import if that suffices, and the code that the snippet needs in turn.
    """
    wanted = set(names)
    run: list[str] = []
    for snippet in reversed(snippets):
        # Parsing is slow: avoid it. In ASCII, a name is written as Python reads it.
        if snippet.isascii() and not any(name in snippet for name in wanted):
            continue
        imports = imports_of(snippet)
        imported = {name: each for each in imports for name in names_made(each)}
        made = names_made(snippet)
        if wanted & (made - imported.keys()):
            run.append(snippet)
            wanted = (wanted - made) | free_names(snippet)
        run += {imported[name] for name in wanted & imported.keys()}
        wanted -= imported.keys()
    return run[::-1]


class CannotCross(TypeError):
    """A value that only the interpreter that made it can use."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"The check on the server cannot use {what}. Return numbers, text, arrays, or lists, "
            "tuples, dicts and functions of them."
        )


class FromAnswer(Exception):
    """An error that the student's code raised: its assertions are not those of the check."""

    report: dict[str, Any]


CROSSING: dict[str, type[Exception]] = {
    name: getattr(builtins, name)
    for name in (
        *("ArithmeticError", "AssertionError", "AttributeError", "FloatingPointError"),
        *("ImportError", "IndexError", "KeyError", "LookupError", "MemoryError", "NameError"),
        *("NotImplementedError", "OverflowError", "RecursionError", "TypeError", "ValueError"),
        "ZeroDivisionError",
    )
}
"""A closed list: StopIteration, for one, would end a loop of the check and let it pass."""


class Writer:
    """Writes one call or reply. A value that occurs twice is sent once, so that it is one object on
    the other side too. ``data``: the bytes of the message, which several writers may share.
    """

    def __init__(self, peer: Peer, data: bytearray, known: Sequence[Any] = ()) -> None:
        self.peer = peer
        self.data = data
        self.known = list(known)
        self.places = {id(value): place for place, value in enumerate(known)}

    def write(self, value: Any, depth: int = 0) -> Any:
        if depth > MAX_DEPTH:
            raise CannotCross("a value that is nested so deeply")
        if value is None or type(value) in (bool, int, float, str):
            return value  # Python's JSON is exact for numbers, and has NaN
        if type(value) is complex:
            return {"complex": [value.real, value.imag]}
        if isinstance(value, np.generic) and value.dtype.kind in NUMBERS:
            return {"scalar": self.array(np.asarray(value))}
        if id(value) in self.places:
            return {"same": self.places[id(value)]}
        if isinstance(value, Remote):
            return {"yours": value.number}
        if isinstance(value, CONTAINERS):
            self.places[id(value)] = len(self.known)
            self.known.append(value)
            return self.container(value, depth + 1) | {"place": self.places[id(value)]}
        if callable(value) and not isinstance(value, type):
            self.peer.lent.append(value)
            return {"function": len(self.peer.lent) - 1}
        what = "a class" if isinstance(value, type) else f"a value of type {type(value).__name__}"
        raise CannotCross(what)

    def container(self, value: Any, depth: int) -> dict[str, Any]:
        if isinstance(value, np.ndarray):
            if value.dtype.kind not in NUMBERS:
                raise CannotCross(f"an array of dtype {value.dtype}")
            return {"array": self.array(value)}
        if isinstance(value, np.random.Generator):
            state: Any = value.bit_generator.state
            if state["bit_generator"] != "PCG64":
                raise CannotCross(f"a generator with {state['bit_generator']}")
            return {"rng": state}
        if isinstance(value, dict):
            pairs = [[self.write(part, depth) for part in pair] for pair in value.items()]
            return {"dict": pairs}
        kind = next(each for each in (list, tuple, set) if isinstance(value, each))
        return {kind.__name__: [self.write(part, depth) for part in value]}

    def array(self, value: Any) -> list[Any]:
        plain = np.asarray(value)
        data = plain.tobytes()
        self.data += data
        return [plain.dtype.str, list(plain.shape), len(self.data) - len(data), len(data)]


class Reader:
    """Reads one call or reply."""

    def __init__(self, peer: Peer, data: bytes, known: Sequence[Any] = ()) -> None:
        self.peer = peer
        self.data = data
        self.known = dict(enumerate(known))

    def read(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        kind, given = next(iter(value.items()))
        match kind:
            case "complex":
                return complex(*given)
            case "scalar":
                return self.array(given)[()]
            case "same":
                return self.known[given]
            case "yours":
                return self.peer.lent[given]
            case "function":
                return Remote(self.peer, given)
        made = self.container(kind, given)
        self.known[value["place"]] = made
        return made

    def container(self, kind: str, given: Any) -> Any:
        match kind:
            case "array":
                return self.array(given)
            case "rng":
                rng = np.random.Generator(np.random.PCG64())
                rng.bit_generator.state = given
                return rng
            case "list":
                return [self.read(part) for part in given]
            case "tuple":
                return tuple(self.read(part) for part in given)
            case "set":
                return {self.read(part) for part in given}
            case "dict":
                return {self.read(key): self.read(part) for key, part in given}
        raise CannotCross("a damaged message")

    def array(self, given: Any) -> np.ndarray[Any, Any]:
        name, shape, start, length = given
        dtype = np.dtype(str(name))
        if dtype.kind not in NUMBERS or not 0 <= start <= start + length <= len(self.data):
            raise CannotCross("a damaged message")
        return np.frombuffer(self.data[start : start + length], dtype).reshape(shape).copy()


class Remote:
    """A function of the other interpreter."""

    def __init__(self, peer: Peer, number: int, name: str = "your function") -> None:
        self.peer = peer
        self.number = number
        self.__name__ = name  # laws show it

    def __call__(self, *args: Any, **named: Any) -> Any:
        return self.peer.call(self.number, args, named)

    def call_each(self, cases: Sequence[Sequence[Any]]) -> Iterator[Any]:
        """The results for many cases, in one message: widgets.kit.laws has a hundred."""
        return self.peer.call_each(self.number, [(case, {}) for case in cases])


class Peer:
    """One of the two sides.

    Attributes
    ----------
    lent : functions that the other side may call
    shared : names of the check that the answer's functions read, as in the page, where both have
        the same globals
    namespace : of the check, or of the answer
    is_checking : whether this is the check's side, which accepts no names from the other
    hidden : words of a check that students must not see; None if they may see it
    is_changed : whether a call has changed an argument
    keeps_changes : whether such changes are written back
    """

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.lent: list[Callable[..., Any]] = []
        self.shared: Sequence[str] = ()
        self.namespace: dict[str, Any] = {}
        self.is_checking = False
        self.hidden: Set[str] | None = None
        self.is_changed = False
        self.keeps_changes = True

    def send(self, kind: str, value: Any, data: bytes | bytearray = b"") -> Frame:
        """Send a frame, and answer calls until a frame of another kind comes."""
        frame = self.exchanged(kind, value, data)
        while frame[0] == "C":
            frame = self.exchanged(*self.answered(frame[1], frame[2]))
        return frame

    def exchanged(self, kind: str, value: Any, data: bytes | bytearray = b"") -> Frame:
        text = json.dumps(value).encode()
        frame = self.exchange(HEAD.pack(kind.encode(), len(text), len(data)) + text + bytes(data))
        received = bytes(frame.to_py() if hasattr(frame, "to_py") else frame)
        name, length, _ = HEAD.unpack_from(received)
        body = received[HEAD.size :]
        return name.decode("latin-1"), json.loads(body[:length]), body[length:]

    def call(self, number: int, args: Sequence[Any], named: dict[str, Any]) -> Any:
        """Call a function of the other side."""
        (result,) = self.call_each(number, [(args, named)])
        return result

    def call_each(
        self, number: int, calls: Sequence[tuple[Sequence[Any], dict[str, Any]]]
    ) -> Iterator[Any]:
        """Call a function for several arguments in turn; raise an error in place of its result."""
        data, given, writers = bytearray(), [], []
        shared = {n: self.namespace[n] for n in self.shared if n in self.namespace}
        for args, named in calls:
            writer = Writer(self, data)
            given.append([writer.write([*args]), writer.write({**named}), writer.write(shared)])
            writers.append(writer)
        _, value, received = self.send("C", {"call": number, "given": given}, data)
        for place, writer in enumerate(writers):
            try:
                answer = value["answers"][place]
                if not (report := answer.get("error")):
                    result = self.result(answer, Reader(self, received, writer.known))
            except Exception:  # StopIteration would end a loop of the check here, too
                raise CannotCross("a damaged message") from None
            if report:
                raise raised_there(report)
            yield result

    def result(self, answer: dict[str, Any], reader: Reader) -> Any:
        """Apply the changes that a call made to its arguments; return its result."""
        for place, now in answer["changed"]:
            self.write_back(reader.known[place], now, reader)
        return reader.read(answer["result"])

    def write_back(self, old: Any, now: Any, reader: Reader) -> None:
        new = reader.read({**now, "place": -1})
        is_drawn = "rng" in now and is_later(old.bit_generator.state, new.bit_generator.state)
        self.is_changed |= not is_drawn  # an answer cannot be blamed for drawing
        if not (is_drawn or self.keeps_changes) or not isinstance(old, type(new)):
            return
        if isinstance(old, np.random.Generator):
            old.bit_generator.state = new.bit_generator.state
        elif isinstance(old, list):
            old[:] = new
        elif isinstance(old, dict | set):
            old.clear()
            old.update(new)
        elif old.shape == new.shape and old.dtype == new.dtype and old.flags.writeable:
            old[...] = new

    def answered(self, value: Any, data: bytes) -> tuple[str, Any, bytearray]:
        """Run the other side's calls of a function, until one fails."""
        answers: list[dict[str, Any]] = []
        written = bytearray()
        try:
            for given in value["given"]:
                answers.append(self.answer(value["call"], given, data, written))
        except BaseException as error:  # SystemExit too
            answers.append({"error": self.report(error)})
        return "R", {"answers": answers}, written

    def report(self, error: BaseException) -> dict[str, Any]:
        """Describe an error; for a hidden check, without lines or names of it."""
        report = failed(error, host.ANSWER)
        if self.hidden is None:
            return report
        is_quoting = not self.hidden.isdisjoint(QUOTED.findall(report["message"]))
        return {"name": report["name"], "message": NOT_SHOWN if is_quoting else report["message"]}

    def answer(self, number: int, given: Any, data: bytes, written: bytearray) -> dict[str, Any]:
        reader = Reader(self, data)
        args, named, shared = (reader.read(part) for part in given)
        if not self.is_checking:
            self.namespace.update(shared)
        known = [reader.known[place] for place in range(len(reader.known))]
        before = [state_of(each) for each in known]
        result = self.lent[number](*args, **named)
        writer = Writer(self, written, known)
        changed = list(changes(writer, known, before))
        return {"changed": changed, "result": writer.write(result)}


def is_later(then: Any, now: Any) -> bool:
    """Whether drawing at most 2**32 numbers leads from one state of PCG64 to another."""
    twin, steps = np.random.PCG64(0), 0
    twin.state = then
    for step in (1 << bit for bit in range(33)):  # such a step leaves the lower bits as they are
        if (twin.state["state"]["state"] ^ now["state"]["state"]) & step:
            twin.advance(step)
            steps += step
    is_reached = steps <= 2**32 and twin.state["state"] == now["state"]
    if not is_reached or not now["has_uint32"] or now == {**then, "state": now["state"]}:
        return is_reached
    recent = min(steps, 2**22)  # half of one of these numbers is still unused
    twin.advance(-recent)
    return now["uinteger"] in twin.random_raw(recent) >> 32


def changes(
    writer: Writer, known: Sequence[Any], before: Sequence[Any]
) -> Iterator[tuple[int, Any]]:
    """Yield the place and new value of each argument that has changed."""
    for place, (value, then) in enumerate(zip(known, before, strict=True)):
        if then is not None and state_of(value) != then:
            yield place, writer.container(value, 0)


def state_of(value: Any) -> Any:
    """A state to compare with later; None if the value cannot change. Containers in a container
    count by identity: each is compared separately.
    """
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype, value.tobytes()
    if isinstance(value, list | set):
        return [identity(part) for part in value]
    if isinstance(value, dict):
        return [(identity(key), identity(part)) for key, part in value.items()]
    if isinstance(value, np.random.Generator):
        return repr(value.bit_generator.state)
    return None


def identity(part: Any) -> Any:
    """Equal for the same container, or for plain values that look the same (NaN too)."""
    if isinstance(part, CONTAINERS):
        return id(part)
    return part if callable(part) else (type(part), repr(part))


def raised_there(report: Any) -> Exception:
    base = CROSSING.get(str(report["name"]), RuntimeError)
    kind = type(base.__name__, (FromAnswer, base), {})
    error: Any = kind(str(report["message"])[:MAX_MESSAGE])
    error.report = report
    return error  # type: ignore[no-any-return]


def check(peer: Peer, scope: dict[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
    """Run a check once, as ``check_answer`` of the host does.

    It accepts only the requested names. Otherwise an answer that also offered ``all`` would
    replace the check's own ``all``.

    Parameters
    ----------
    scope : names that the check needs from the chapter's earlier snippets
    """
    code, names = request["check"], request["names"]
    try:
        kind, value, data = peer.send("N", {"names": names})
        if kind == "E":
            raise raised_there(value)
        namespace, _ = host.copied(scope)
        peer.namespace = namespace
        reader = Reader(peer, data)
        for name in names:
            if name in value["values"]:
                taken = reader.read(value["values"][name])
                if isinstance(taken, Remote):
                    taken.__name__ = name
                namespace[name] = taken
        host.execute(code, CHECK, namespace)
    except FromAnswer as error:
        return {"failed": error.report}
    except AssertionError as error:
        line = code.splitlines()[(line_of(error, CHECK) or 1) - 1].strip()
        shown = (line, host.NOT_TRUE) if peer.hidden is None else ("", NOT_SHOWN)
        return {"passed": False, **host.said(error, *shown)}
    except BaseException as error:  # the check cannot use a result of the wrong type
        return {"failed": peer.report(error)}
    return {"passed": True, "message": "", "case": ""}


QUOTED = re.compile(r"\b\w+\b(?=[\w.<>]*\(|['\"`])|(?<=type )\w+|^\w+$")
"""Code quoted in Python's messages: 'name', name(), type name, or a key and nothing else."""
NOT_SHOWN = message("The reason is part of a check that is not shown.")
ONLY_WITH_CHANGES = message(
    "This passes only because your function changes what it is given. Work on a copy instead."
)


def checked(peer: Peer, scope: dict[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
    """The verdict of a check.

    An answer could change the values that the check compares with. So if it passes with changes,
    it must also pass without them.
    """
    peer.is_changed, peer.keeps_changes = False, True
    peer.shared = request["shared"]
    words = {*re.findall(r"\w+", request["check"])} - {*request["names"], *dir(builtins)}
    peer.hidden = None if request.get("is_public") else words - {"a"}  # NumPy says "Use a.any()"
    verdict = check(peer, scope, request)
    if verdict.get("passed") and peer.is_changed:
        peer.keeps_changes = False
        if not check(peer, scope, request).get("passed"):
            said = host.said(AssertionError(), "", ONLY_WITH_CHANGES)
            return {"passed": False, **said}
    return verdict


def run_answer(scope: dict[str, Any], request: Mapping[str, Any]) -> None:
    """Run an answer after the code that it needs from the chapter's earlier snippets."""
    code = request["code"]
    try:
        snippets = needed(free_names(code) | {*request["names"]}, request["snippets"])
    except SyntaxError:
        snippets = []  # the answer fails below, with its line
    for snippet in snippets:
        host.execute(snippet, "snippet", scope)
    host.execute(code, host.ANSWER, scope)


def serve(exchange: Exchange) -> None:
    """Answer the grader's requests: in A, run an answer and give its values; in B, check."""
    peer = Peer(exchange)
    peer.namespace = scope = host.new_scope()
    reply: tuple[str, Any, bytes | bytearray] = ("I", {}, b"")
    while True:
        kind, value, _ = peer.send(*reply)
        if kind == "K":
            peer.is_checking = True
            peer.lent.clear()
            reply = ("V", checked(peer, scope, value), b"")
            continue
        writer = Writer(peer, bytearray())
        found: dict[str, Any] = {}
        try:
            if kind == "P":
                for snippet in value["snippets"]:
                    host.execute(snippet, "snippet", scope)
            elif kind == "A":
                run_answer(scope, value)
            elif kind == "N":
                names = [name for name in value["names"] if name in scope]
                found = {"values": {name: writer.write(scope[name]) for name in names}}
            else:
                raise RuntimeError(f"unexpected frame {kind!r}")
            reply = ("R", found, writer.data)
        except BaseException as error:
            reply = ("E", failed(error, host.ANSWER), b"")
