"""Read data files with the line of each value, check them with pydantic, report mistakes."""

import json
import re
import tomllib
from collections import Counter, deque
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self, TypeAlias, TypeVar, get_args, get_origin

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    PrivateAttr,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from latentbook.base.errors import FileProblems, known_names

Place: TypeAlias = tuple[str | int, ...]
"""The keys and list positions of a value: ``("parts", 0, "chapters", 2, "slug")``."""

TOML_PLACE = re.compile(r"\(at line (\d+), column \d+\)|\(at end of document\)")
TOML_HINTS = {
    "Invalid value": """Text goes in "quotes"; true, false, numbers and dates do not""",
    "Illegal character '\\n'": """Close the text with " in its line, or write it between \"\"\" """,
    "Expected '='": "A line is key = value",
    "Expected newline": """Each key = value has its own line; text with a ' goes in "quotes\"""",
    "Unescaped '\\'": r"""Write TeX between single quotes, '\alpha', or double each \ """,
    "Invalid initial character": "A table in braces { } is written in one line",
    "Cannot overwrite": "The key is given twice",
    "Cannot declare": "The table is opened twice: put its keys under one heading",
}
"""Corrections to suggest, by the beginning of a ``tomllib`` message."""

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
    "list_type": "a list",
    "float_type": "a number",
    "literal_error": "{expected}",
    "too_short": "a list that is not empty",
    "string_too_short": "text",
}
"""The accepted kind of value, by pydantic's name for the mistake."""


Text: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Entry(BaseModel):
    """A table of a file, with its line.

    Attributes
    ----------
    short : the field that is set if a text is written in place of the table
    stand_in : values for required fields of a file that are missing or wrong
    instead : corrections for some unknown keys
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    short: ClassVar[str] = ""
    stand_in: ClassVar[Mapping[str, Any]] = {}
    instead: ClassVar[Mapping[str, str]] = {}
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


def matching(pattern: str, otherwise: str) -> AfterValidator:
    """Accept a text that matches in full; ``otherwise`` follows the key in the message."""

    def check(text: str) -> str:
        if re.fullmatch(pattern, text):
            return text
        raise ValueError(otherwise)

    return AfterValidator(check)


def full_sentence(error: Exception) -> PydanticCustomError:
    """An error for validators to raise if its message is complete."""
    return PydanticCustomError("full_sentence", "{message}", {"message": str(error)})


M = TypeVar("M")


class _Table(dict[str, Any]):
    line = 1


class _Text(str):
    line = 1


class DataFile:
    """The values of a file, and the line of each.

    Parameters
    ----------
    text : if it does not parse, the error is reported and there are no values

    Attributes
    ----------
    dropped : places of values that :meth:`checked` has left out
    """

    name = "the file"

    def __init__(self, text: str, report: FileProblems) -> None:
        self.report = report
        self.lines: dict[Place, int] = {}
        self.dropped: set[Place] = set()
        values = self.parse(text) if text.strip() else None
        self.is_read = values is not None
        self.values: dict[str, Any] = values or {}

    @classmethod
    def read(cls, path: Path, report: FileProblems) -> Self:
        return cls(report.read(path), report)

    def parse(self, text: str) -> dict[str, Any] | None:
        """Return the values; if there are none, report why and return None."""
        raise NotImplementedError

    def line(self, *place: str | int) -> int:
        """The line of a value; if it is not written, the line of the table around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def add(self, message: str, *place: str | int) -> None:
        self.report.add(self.line(*place), message)

    def checked(self, model: type[M]) -> M:
        """Return the values as a model.

        Report each mistake and leave it out, together with the list item or table that requires the
        value.
        """
        adapter = TypeAdapter(model)
        stand_in = getattr(model, "stand_in", {})
        if not self.is_read:
            return adapter.validate_python(stand_in)
        while True:
            try:
                return adapter.validate_python(self.values)
            except ValidationError as errors:
                places: dict[Place, None] = {}
                for error in errors.errors():
                    place = error["loc"]
                    if place[-1:] == ("[key]",):  # the name in a table is wrong, not its value
                        place = place[:-1]
                    if place not in self.dropped:
                        self.add(_message(model, place, error, self.name), *place)
                    places[_droppable(place, error["type"])] = None
                for place in reversed(places):
                    _drop(self.values, place)
                    if len(place) == 1 and place[0] in stand_in:
                        self.values[str(place[0])] = stand_in[str(place[0])]
                self.dropped |= set(places)

    def placed(self, values: dict[str, Any]) -> dict[str, Any]:
        """The values; each table, and each text in a list, has a ``line``."""

        def place_in(value: Any, place: Place) -> Any:
            placed: Any = value
            if isinstance(value, list):
                return [place_in(each, (*place, nth)) for nth, each in enumerate(value)]
            if isinstance(value, dict):
                placed = _Table({key: place_in(each, (*place, key)) for key, each in value.items()})
            elif isinstance(value, str) and place and isinstance(place[-1], int):
                placed = _Text(value)
            if placed is not value:
                placed.line = self.line(*place)
            return placed

        found: dict[str, Any] = place_in(values, ())
        return found


class Toml(DataFile):
    def parse(self, text: str) -> dict[str, Any] | None:
        try:
            values = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            place = TOML_PLACE.search(str(error))
            line = int(place[1]) if place and place[1] else text.count("\n") + 1
            message = TOML_PLACE.sub("", str(error)).strip()
            hints = (hint for start, hint in TOML_HINTS.items() if message.startswith(start))
            self.report.add(line, f"not TOML: {message}. {next(hints, '')}".rstrip(". "))
            return None
        self.lines = _TomlLines(text).lines
        return self.placed(values)


class Json(DataFile):
    """A file that a program writes; its lines are looked up only for errors."""

    instead: ClassVar = ""  # advice on writing the file again

    def parse(self, text: str) -> dict[str, Any] | None:
        self._text = text
        try:
            values = json.loads(text)
        except json.JSONDecodeError as error:
            marks = re.search(r"^(<{7}|={7}|>{7})", text, re.MULTILINE)
            why = "it has the marks of a merge" if marks else error.msg
            self.report.add(error.lineno, f"not JSON: {why}. {self.instead}".rstrip(". "))
            return None
        if not isinstance(values, dict):
            self.report.add(1, f"the file must be an object, {{ … }}; got {values!r}")
            return None
        return values

    def line(self, *place: str | int) -> int:
        if not self.lines:
            with suppress(yaml.YAMLError):
                self.lines = yaml_lines(yaml.compose(self._text, Loader=yaml.SafeLoader))
        return super().line(*place)


def write_json(path: Path, values: Mapping[str, Any], **form: Any) -> None:
    """Write a file, or remove it if there is nothing to write."""
    if not values:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values, **form) + "\n", encoding="utf-8")


def yaml_lines(node: yaml.Node | None, first: int = 1, place: Place = ()) -> dict[Place, int]:
    """The line of each key and list item; the node begins at the line ``first``."""
    items: list[tuple[str | int, yaml.Node, yaml.Node]] = []
    if isinstance(node, yaml.MappingNode):
        items = [(key.value, key, value) for key, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        items = [(nth, value, value) for nth, value in enumerate(node.value)]
    lines: dict[Place, int] = {}
    for key, start, value in items:
        lines[*place, key] = start.start_mark.line + first
        lines |= yaml_lines(value, first, (*place, key))
    return lines


def _droppable(place: Place, kind: str) -> Place:
    """The smallest part whose removal removes a mistake."""
    if kind == "extra_forbidden":
        return place
    lists = [nth for nth, part in enumerate(place) if isinstance(part, int)]
    if lists:
        return place[: lists[-1] + 1]
    return place[:-1] if kind == "missing" and len(place) > 1 else place


def _drop(values: Any, place: Place) -> None:
    with suppress(KeyError, IndexError):  # an enclosing value may have been removed already
        for part in place[:-1]:
            values = values[part]
        del values[place[-1]]


def _message(kind: Any, place: Place, error: Mapping[str, Any], file: str) -> str:
    keys = [part for part in place if isinstance(part, str)]
    key, around = keys[-1], ".".join(keys[:-1])
    in_list = any(isinstance(part, int) for part in place[: place.index(key)])
    of = "" if not around else f" of [[{around}]]" if in_list else f" of [{around}]"
    if error["type"] == "extra_forbidden":
        table = _kind_at(kind, place[:-1])
        instead = getattr(table, "instead", {})
        if len(place) == 2 and key in getattr(kind, "model_fields", {}):
            return f"{key!r} belongs at the top, above [{around}]"
        return f"unknown key {key!r}{of}{known_names(key, table.model_fields, instead)}"
    if error["type"] == "missing":
        return f"{of.removeprefix(' of ') or file} lacks {key}"
    got = f"got {error['input']!r}"
    if error["type"] == "full_sentence":
        return str(error["msg"])
    if error["type"] == "value_error":
        return f"{key}{of} {error['ctx']['error']}; {got}"
    if error["type"] == "model_type" or (error["type"] == "tuple_type" and _holds(kind, place)):
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


def _kind_at(kind: Any, place: Place) -> Any:
    for part in place:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            kind = kind.model_fields[str(part)].annotation
        else:
            kind = next(each for each in reversed(get_args(kind)) if each is not ...)
        while get_origin(kind) is Annotated or type(None) in get_args(kind):
            kind = get_args(kind)[0]
    return kind


def _holds(kind: Any, place: Place) -> bool:
    inner = _kind_at(kind, (*place, 0))
    return isinstance(inner, type) and issubclass(inner, BaseModel)


class _TomlLines:
    """The line of each key, table and list item of a file in TOML."""

    def __init__(self, text: str) -> None:
        self.lines: dict[Place, int] = {}
        self.tokens: deque[tuple[str, int]] = deque()
        self.counts: Counter[Place] = Counter()
        line, end = 1, 0
        for match in TOKEN.finditer(text):
            line += text.count("\n", end, match.start())
            end = match.start()
            if not match[0].startswith("#"):
                self.tokens.append((match[0], line))
        table: Place = ()
        while self.tokens:
            if self.tokens[0][0] == "\n":
                self.tokens.popleft()
            elif self.tokens[0][0] == "[":
                table = self.table()
            else:
                self.pair(table)

    def note(self, place: Place, line: int) -> None:
        for length in range(1, len(place) + 1):
            self.lines.setdefault(place[:length], line)

    def key_until(self, stop: str) -> list[str]:
        """The parts of a dotted key."""
        written = ""
        while (token := self.tokens.popleft()[0]) != stop:
            written += token
        keys, values = [], tomllib.loads(f"{written} = 0")
        while isinstance(values, dict):
            ((key, values),) = values.items()
            keys.append(key)
        return keys

    def table(self) -> Place:
        """Read ``[table]`` or ``[[list]]``; return the place of its content."""
        _, line = self.tokens.popleft()
        if is_list := self.tokens[0][0] == "[":
            self.tokens.popleft()
        *around, last = self.key_until("]")
        table: Place = ()
        for part in around:
            table += (part,)
            if table in self.counts:
                table += (self.counts[table] - 1,)
        table += (last,)
        if is_list:
            self.tokens.popleft()
            self.counts[table] += 1
            self.note(table, line)
            table += (self.counts[table] - 1,)
        self.note(table, line)
        return table

    def pair(self, around: Place) -> None:
        line = self.tokens[0][1]
        place = (*around, *self.key_until("="))
        self.note(place, line)
        self.value(place)

    def value(self, place: Place) -> None:
        opening = self.tokens.popleft()[0]
        if opening not in ("[", "{"):
            while self.tokens and self.tokens[0][0] not in ("\n", ",", "]", "}"):
                self.tokens.popleft()  # a date and time may contain a space
            return
        nth = 0
        while (here := self.tokens[0])[0] not in ("]", "}"):
            if here[0] in ("\n", ","):
                self.tokens.popleft()
            elif opening == "{":
                self.pair(place)
            else:
                self.note((*place, nth), here[1])
                self.value((*place, nth))
                nth += 1
        self.tokens.popleft()
