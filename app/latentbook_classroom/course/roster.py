"""Rosters: a list of people as CSV, shown before it is applied."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from latentbook.book.translations.language import message
from latentbook_classroom.course import people
from latentbook_classroom.course.people import Member, Row
from latentbook_classroom.course.refused import Refused
from latentbook_classroom.course.words import FORMULA, clean

MAX_LINES = 2_000
DELIMITERS = (";", "\t", ",")
HEADS = {
    "name": ("name", "full name", "student", "student name"),
    "first": ("first name", "firstname", "given name", "vorname"),
    "last": ("last name", "lastname", "surname", "family name", "nachname"),
    "number": ("id", "number", "student id", "student number", "id number", "matrikelnummer"),
    "group": ("group", "section", "gruppe"),
}
"""Accepted names of a roster's columns."""
UNNAMED = ("name", "number", "group")

Key = tuple[bool, str]
"""Whether it is a number, and the number or, if there is none, the name."""
NEW, MOVED, HERE, REFUSED = "new", "moved", "here", "refused"


@dataclass(frozen=True)
class Line:
    """A line of a roster. ``does``: the effect of applying it. ``why``: the refusal, if any.
    ``leaves``: the present group of a person who moves to another.
    """

    line: int
    name: str
    number: str
    group: str
    does: str
    member: int | None = None
    why: Refused | None = None
    leaves: str = ""


def decoded(data: bytes) -> str:
    """Decode a file as spreadsheets save it: UTF-8, UTF-16 or Windows-1252."""
    encodings = ["utf-16"] if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refused(422, message("This file is not text. Save the list as CSV."))


def rows_of(text: str) -> list[tuple[int, Mapping[str, str]]]:
    """Lines of a roster with their numbers; without a header, the columns are name, id, group."""
    lines = text.removeprefix("\ufeff").replace("\0", "\ufffd").splitlines()
    first = next((line for line in lines if line.strip()), "")
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    found: list[tuple[int, Mapping[str, str]]] = []
    columns: list[str] | None = None
    try:
        for cells in reader:
            cells = [cell.strip() for cell in cells]
            if not any(cells):
                continue
            if columns is None and (columns := heads(cells)):
                continue
            row = dict(zip(columns or UNNAMED, cells, strict=False))
            row["name"] = row.get("name") or f"{row.get('first', '')} {row.get('last', '')}"
            found.append((reader.line_num, row))
            if len(found) > MAX_LINES:
                why = message("A roster may have %(limit)s lines.")
                raise Refused(422, why, limit=MAX_LINES)
    except csv.Error as error:
        why = message("Line %(line)s cannot be read as CSV: %(error)s.")
        raise Refused(422, why, line=reader.line_num, error=error) from None
    if not found:
        raise Refused(422, message("There is nobody in this list."))
    return found


def heads(cells: Sequence[str]) -> list[str]:
    """The columns of a header line; empty if none of them is a name."""
    known = {head: column for column, names in HEADS.items() for head in names}
    columns = [known.get(cell.casefold(), "") for cell in cells]
    return columns if {"name", "last"} & set(columns) else []


def preview(connection: sa.Connection, in_course: int, text: str) -> list[Line]:
    """The effect that applying a roster would have."""
    here: dict[Key, Row] = {}
    for each in people.everyone(connection, in_course):
        for key in ((True, each.number), (False, each.name)):
            here.setdefault(key, each)
    seen: set[Key] = set()
    return [_line(number, row, here, seen) for number, row in rows_of(text)]


def _line(line: int, row: Mapping[str, str], here: Mapping[Key, Row], seen: set[Key]) -> Line:
    name, number, group = (_text(row, column) for column in ("name", "number", "group"))
    try:
        name = clean(name)
        number, group = clean(number, is_needed=False), clean(group, is_needed=False)
        key = bool(number), number or name
        if key in seen:
            raise Refused(422, message("This person is in the list already."))
    except Refused as refused:
        return Line(line, name, number, group, REFUSED, why=refused)
    seen.add(key)
    if (found := here.get(key)) is None:
        return Line(line, name, number, group, NEW)
    if group in ("", found.group):
        return Line(line, name, number, group, HERE, found.member)
    return Line(line, name, number, group, MOVED, found.member, leaves=found.group)


def _text(row: Mapping[str, str], column: str) -> str:
    """A cell without the apostrophe that stops spreadsheets from running it."""
    cell = row.get(column, "")
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA) else cell


def shown(lines: Sequence[Line]) -> dict[str, str]:
    """A hash of the people in the course that a list matches: it shows whether they changed."""
    return {"list": people.hash_of(str([(each.member, each.leaves) for each in lines])).hex()}


def apply(connection: sa.Connection, by: Member, text: str) -> None:
    """Add new people, and move those with a different group. No one is removed."""
    lines = preview(connection, by.course.id, text)
    for each in lines:
        if each.does == NEW:
            people.add_person(connection, by.course.id, each.name, each.number, each.group)
        elif each.does == MOVED and each.member is not None:
            people.change_place(connection, each.member, group=each.group)
    counts = {does: sum(each.does == does for each in lines) for does in (NEW, MOVED)}
    detail = f"{counts[NEW]} new, {counts[MOVED]} moved"
    people.note(connection, by.course.id, "roster applied", by=by.person, detail=detail)


def links(connection: sa.Connection, by: Member, join: str) -> list[tuple[str, str, str, str]]:
    """Name, number, group and a new sign-in link of each student who is not signed in anywhere.

    Parameters
    ----------
    join : a link up to its token
    """
    return [
        (each.name, each.number, each.group, join + people.sign_in_link(connection, by, each.id))
        for each in people.everyone(connection, by.course.id)
        if each.role == "student" and not each.sessions
    ]
