"""TOML files: one scan for lines, one check by pydantic, every mistake at its own line."""

from __future__ import annotations

import re
import tomllib
from collections import Counter, deque
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self, TypeAlias, TypeVar, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    PrivateAttr,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from latentbook.errors import FileProblems, accepted_names
from latentbook.renamed import KEYS, warn

Place: TypeAlias = tuple[str | int, ...]
"""Keys and positions in lists, from the top: ``("parts", 0, "chapters", 2, "slug")``."""

TOML_PLACE = re.compile(r"\(at line (\d+), column \d+\)|\(at end of document\)")
TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|' + r"'''.*?'{3,5}|"
    r'"(?:\\.|[^"\\\n])*"|' + r"'[^'\n]*'|"
    r"""\#[^\n]*|\n|[\[\]{}=,]|[^\s\[\]{}=,\#"']+""",
    re.DOTALL,
)
WANTED = {
    "string_type": "text",
    "date_type": "a date, like 2026-12-01",
    "dict_type": "a table, [{table}]",
    "tuple_type": "a list",
    "literal_error": "{expected}",
    "too_short": "a list that is not empty",
    "string_too_short": "text",
}
"""What a value must be, by pydantic's name for the mistake."""


Text: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Entry(BaseModel):
    """A table of a file. It knows its line.

    Attributes
    ----------
    short : the field that a text in the place of the table gives
    stand_in : values for required fields of a whole file, where they are missing or wrong
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    short: ClassVar[str] = ""
    stand_in: ClassVar[Mapping[str, Any]] = {}
    _line: int = PrivateAttr(1)

    @property
    def line(self) -> int:
        return self._line

    @model_validator(mode="wrap")
    @classmethod
    def _placed(cls, values: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        is_short = cls.short and isinstance(values, str)
        made = handler({cls.short: values} if is_short else values)
        made._line = getattr(values, "line", 1)
        return made


def full_sentence(error: Exception) -> PydanticCustomError:
    """A mistake whose message is complete, with the value."""
    return PydanticCustomError("full_sentence", "{message}", {"message": str(error)})


M = TypeVar("M", bound=Entry)


def _present(place: Place) -> Place:
    """A place with the present name of its last key, if it has an old one."""
    *tables, key = place
    names = KEYS.get(tuple(table for table in tables if isinstance(table, str)), {})
    before = _present(tuple(tables)) if tables else ()
    return (*before, names.get(str(key), key))


class _Table(dict[str, Any]):
    line = 1


class _Text(str):
    line = 1


class Toml:
    """A file: its values, and the line of each.

    Parameters
    ----------
    text : of the file; what is wrong with it is reported, and it is empty then
    """

    def __init__(self, text: str, report: FileProblems) -> None:
        self.report = report
        self.values: dict[str, Any] = {}
        self.lines: dict[Place, int] = {}
        try:
            values = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            place = TOML_PLACE.search(str(error))
            line = int(place[1]) if place and place[1] else text.count("\n") + 1
            report.add(line, f"not TOML: {TOML_PLACE.sub('', str(error)).strip()}")
            return
        self.lines = _lines(text)
        self.values = self._placed(values, ())
        self.lines = {_present(place): line for place, line in self.lines.items()}

    @classmethod
    def read(cls, path: Path, report: FileProblems) -> Self:
        return cls(report.read(path), report)

    def line(self, *place: str | int) -> int:
        """The line of a value, or of the nearest table around it that is written."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def add(self, message: str, *place: str | int) -> None:
        self.report.add(self.line(*place), message)

    def checked(self, model: type[M]) -> M:
        """The values as a model.

        What is wrong is reported and left out, with the table of a list that it is in, or with what
        cannot be without it.
        """
        dropped: set[Place] = set()
        while True:
            try:
                return model.model_validate(self.values)
            except ValidationError as errors:
                places: dict[Place, None] = {}
                for error in errors.errors():
                    place = error["loc"]
                    if place not in dropped:
                        self.add(_message(model, place, error), *place)
                    places[_droppable(place, error["type"])] = None
                for place in reversed(places):
                    _drop(self.values, place)
                    if len(place) == 1 and place[0] in model.stand_in:
                        self.values[str(place[0])] = model.stand_in[str(place[0])]
                dropped |= set(places)

    def _placed(self, value: Any, place: Place) -> Any:
        """A value whose tables, and whose texts in lists, know their lines."""
        placed: Any = value
        if isinstance(value, dict):
            placed = _Table()
            for key, each in value.items():
                (*_, name) = _present((*place, key))
                if name != key:
                    warn(f"{key!r} in {self.report.path}", repr(name))
                placed[str(name)] = self._placed(each, (*place, key))
        elif isinstance(value, list):
            return [self._placed(each, (*place, nth)) for nth, each in enumerate(value)]
        elif isinstance(value, str) and place and isinstance(place[-1], int):
            placed = _Text(value)
        if placed is not value:
            placed.line = self.line(*place)
        return placed


def _droppable(place: Place, kind: str) -> Place:
    """What must be removed to remove a mistake."""
    if kind == "extra_forbidden":
        return place
    lists = [nth for nth, part in enumerate(place) if isinstance(part, int)]
    if lists:
        return place[: lists[-1] + 1]
    return place[:-1] if kind == "missing" and len(place) > 1 else place


def _drop(values: Any, place: Place) -> None:
    with suppress(KeyError, IndexError):  # it may have gone with something around it
        for part in place[:-1]:
            values = values[part]
        del values[place[-1]]


def _message(model: type[BaseModel], place: Place, error: Mapping[str, Any]) -> str:
    """One of pydantic's errors, for an author."""
    keys = [part for part in place if isinstance(part, str)]
    key, around = keys[-1], ".".join(keys[:-1])
    in_list = any(isinstance(part, int) for part in place[: place.index(key)])
    of = "" if not around else f" of [[{around}]]" if in_list else f" of [{around}]"
    if error["type"] == "extra_forbidden":
        return f"unknown key {key!r}{of}. {accepted_names(key, _accepted(model, place[:-1]))}"
    if error["type"] == "missing":
        return f"{of.removeprefix(' of ') or 'the file'} lacks {key}"
    got = f"got {error['input']!r}"
    if error["type"] == "full_sentence":
        return str(error["msg"])
    if error["type"] == "value_error":
        return f"{key}{of} {error['ctx']['error']}; {got}"
    if error["type"] == "model_type" or (error["type"] == "tuple_type" and _holds(model, place)):
        tables = isinstance(place[-1], int) or error["type"] == "tuple_type"
        wanted = (
            f"tables, [[{'.'.join(keys)}]] or {{ … }}" if tables else f"a table, [{'.'.join(keys)}]"
        )
        return f"{key}{of} must be {wanted}; {got}"
    if error["type"] not in WANTED:
        return f"{key}{of}: {error['msg']}; {got}"
    given = {"table": ".".join(keys), **error.get("ctx", {})}
    wanted = WANTED[error["type"]].format(**given)
    return f"{key}{of} must be {wanted}; {got}"


def _kind_at(model: type[BaseModel], place: Sequence[str | int]) -> Any:
    """The type at a place."""
    kind: Any = model
    for part in place:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            kind = kind.model_fields[str(part)].annotation
        else:
            kind = next(each for each in reversed(get_args(kind)) if each is not ...)
        while get_origin(kind) is Annotated or type(None) in get_args(kind):
            kind = get_args(kind)[0]
    return kind


def _accepted(model: type[BaseModel], place: Place) -> Collection[str]:
    return list(_kind_at(model, place).model_fields)


def _holds(model: type[BaseModel], place: Place) -> bool:
    """Whether the list at a place is one of tables."""
    inner = _kind_at(model, (*place, 0))
    return isinstance(inner, type) and issubclass(inner, BaseModel)


def _lines(text: str) -> dict[Place, int]:
    """The line of each key, table and list item; the text is TOML."""
    tokens: deque[tuple[str, int]] = deque()
    line, end = 1, 0
    for match in TOKEN.finditer(text):
        line += text.count("\n", end, match.start())
        end = match.start()
        if not match[0].startswith("#"):
            tokens.append((match[0], line))
    lines: dict[Place, int] = {}
    counts: Counter[Place] = Counter()

    def key_until(stop: str) -> list[str]:
        written = ""
        while (token := tokens.popleft()[0]) != stop:
            written += token
        keys, values = [], tomllib.loads(f"{written} = 0")
        while isinstance(values, dict):
            ((key, values),) = values.items()
            keys.append(key)
        return keys

    def note(place: Place, line: int) -> None:
        for length in range(1, len(place) + 1):
            lines.setdefault(place[:length], line)

    def pair(around: Place) -> None:
        line = tokens[0][1]
        place = (*around, *key_until("="))
        note(place, line)
        value(place)

    def value(place: Place) -> None:
        token = tokens.popleft()[0]
        if token in ("[", "{"):
            nth = 0
            while (here := tokens[0])[0] not in ("]", "}"):
                if here[0] in ("\n", ","):
                    tokens.popleft()
                elif token == "{":
                    pair(place)
                else:
                    note((*place, nth), here[1])
                    value((*place, nth))
                    nth += 1
            tokens.popleft()
        else:
            while tokens and tokens[0][0] not in ("\n", ",", "]", "}"):
                tokens.popleft()  # a moment may be written with a space

    table: Place = ()
    while tokens:
        token, line = tokens[0]
        if token == "\n":
            tokens.popleft()
        elif token != "[":
            pair(table)
        else:
            tokens.popleft()
            if is_list := tokens[0][0] == "[":
                tokens.popleft()
            *around, last = key_until("]")
            table = ()
            for part in around:
                table += (part,)
                if table in counts:
                    table += (counts[table] - 1,)
            table += (last,)
            if is_list:
                tokens.popleft()
                counts[table] += 1
                note(table, line)
                table += (counts[table] - 1,)
            note(table, line)
    return lines
