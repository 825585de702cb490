"""The gradebook, analyses of questions, and files for other systems."""

import csv
import io
import random
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urljoin

import httpx
import numpy as np
import pytest

from latentbook_classroom.course import analysis, assignments, gradebook, people
from latentbook_classroom.course.analysis import LEAST
from latentbook_classroom.course.judging import Worker
from latentbook_classroom.course.words import harmless
from tests.classroom.conftest import School, on_sqlite
from tests.classroom.course import ASSIGNED, DAY, START, WEEK, judge, submit

GRADES = "/classroom/grades/"


class Class:
    """A course in which students have answered."""

    def __init__(self, school: School) -> None:
        self.school, self.run = school, school.run
        self.ina = school.joined(school.first, "Ina")
        self.run(assignments.take, ASSIGNED)
        self.dates(due_at=START + WEEK, closes_at=START + 2 * WEEK)

    def dates(self, **dates: datetime) -> None:
        def change(connection: object) -> None:
            me = people.signed_in(connection, self.ina.cookies["latentbook-person"])
            assignments.set_dates(connection, me, "first", opens_at=START, **dates)

        self.run(change)

    def student(self, name: str, group: str = "") -> httpx.Client:
        return self.school.invited("student", name, group)

    def answer(self, who: httpx.Client, label: str, answer: str, at: datetime = START) -> None:
        def hand_in(connection: object) -> None:
            me = people.signed_in(connection, who.cookies["latentbook-person"])
            id = f"{me.id}.{label}.{at:%m%d%H%M}"
            submit(connection, me, "first", label, id, answer, at, at)

        self.run(hand_in)

    def book(self) -> gradebook.Gradebook:
        return self.run(gradebook.read, 1)

    def shown(self, path: str, who: httpx.Client | None = None) -> str:
        page = (who or self.ina).get(GRADES + path)
        assert page.status_code == 200, page.text
        return page.text


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the queue alone until a test judges it."""
    monkeypatch.setattr(Worker, "_run", lambda self: None)


@pytest.fixture
def room(school: School) -> Class:
    return Class(school)


def rows_of(page: str) -> dict[str, list[str]]:
    """The text of each cell by the text of the row's head."""
    found = {}
    for row in re.findall(r"<tr.*?</tr>", page, re.DOTALL):
        texts = [
            " ".join(re.sub(r"<[^>]+>", " ", cell).split())
            for cell in re.findall(r"<t[dh][ >].*?</t[dh]>", row, re.DOTALL)
        ]
        found[texts[0]] = texts[1:]
    return found


def test_the_gradebook_says_what_is_late_waiting_and_changed(room: Class) -> None:
    zoe, alan = room.student("Zoë <b>", "A"), room.student("Alan", "B")
    room.answer(zoe, "q-one", "8")
    room.answer(zoe, "q-one", "4", START + DAY)
    room.answer(zoe, "q-code", "two = 2")
    room.answer(alan, "q-one", "4", START + WEEK + DAY)
    rows = rows_of(room.shown("?assignment=first"))
    assert rows["Zoë &lt;b&gt;"] == ["A", "2", "", "0 waits", "2 waits"]
    assert rows["Alan"] == ["B", "2 late", "", "", "2 late"]
    assert rows_of(room.shown(""))["Alan"] == ["B", "2 late", "2 late"]
    assert "Alan" not in rows_of(room.shown("?group=A"))
    assert list(rows_of(room.shown("?sort=total&down=1")))[1:] == ["Alan", "Zoë &lt;b&gt;"]
    assert list(rows_of(room.shown("?sort=name&down=1")))[1:] == ["Zoë &lt;b&gt;", "Alan"]

    place = f"{GRADES}people/{room.school.number('Alan')}"
    form = {"assignment": "1", "label": "q-one", "points": "1,5", "why": "Said <it> aloud"}
    assert room.ina.post(place, data=form).status_code == 303
    rows = rows_of(room.shown("?assignment=first"))
    assert rows["Alan"][1] == "1.5 late changed (Ina: Said &lt;it&gt; aloud)"
    own = room.shown("", alan)
    assert "Said &lt;it&gt; aloud" in own
    assert "1.5 of 2" in own
    assert "Zoë" not in own
    assert room.ina.post(place, data=form | {"points": ""}).status_code == 303
    assert rows_of(room.shown("?assignment=first"))["Alan"][1] == "2 late"


def test_an_empty_field_is_no_answer_in_any_gradebook(room: Class) -> None:
    alan = room.student("Alan")
    room.answer(alan, "q-one", "?", START + WEEK + DAY)
    assert rows_of(room.shown(""))["Alan"] == ["", "", ""]
    assert lines(room, "canvas")[2] == ["Alan", "", "", "", "", ""]
    assert lines(room, "plain")[1][5:9] == ["", "2", "none", "0"]
    room.answer(alan, "q-one", "4")
    room.answer(alan, "q-one", "?", START + DAY)
    assert rows_of(room.shown(""))["Alan"] == ["", "2", "2"]


def test_a_comment_changes_no_points_and_all_of_them_are_read(room: Class) -> None:
    alan = room.student("Alan")
    room.answer(alan, "q-one", "8")
    room.answer(alan, "q-one", "4", START + DAY)
    place = f"{GRADES}people/{room.school.number('Alan')}"
    tim = room.school.invited("assistant", "Tim")
    form = {"assignment": "1", "label": "q-one", "points": "", "why": "Look <again>"}
    said = form | {"comment": "yes"}
    assert tim.post(place, data=said).status_code == 303
    assert rows_of(room.shown("?assignment=first"))["Alan"][1] == "2"
    assert room.ina.post(place, data=form | {"points": "1", "why": "Late"}).status_code == 303
    assert tim.post(place, data=said | {"why": "Better"}).status_code == 303
    assert rows_of(room.shown("?assignment=first"))["Alan"][1] == "1 changed (Ina: Late)"
    own = re.sub(r"<time.*?</time>", "", room.shown("", alan))
    asked = re.sub(
        r"<time.*?</time>", "", alan.get("/classroom/assignments/first/answers/q-one").text
    )
    for page in (own, asked):
        comment = '<p>, <bdi>{}</bdi>: {}<q dir="auto">{}</q></p>'
        assert comment.format("Tim", "", "Look &lt;again&gt;") in page
        assert comment.format("Ina", "1 points, ", "Late") in page
        assert comment.format("Tim", "", "Better") in page
        assert "as computed" not in page
    assert re.findall(r'<pre dir="auto" tabindex="0">(.*?)</pre>', own) == ["8", "4"], (
        "earlier ones"
    )
    assert own.count(">counts<") == 1
    assert tim.post(place, data=said | {"why": " "}).status_code == 422

    refused = tim.post(place, data=form | {"points": "7", "why": "Too kind"})
    assert refused.status_code == 422
    assert "This question has from 0 to 2 points. Received 7." in refused.text
    assert "Too kind</pre>" in refused.text, "kept, also without scripts"


@on_sqlite
@pytest.mark.parametrize(
    "change",
    [
        {"points": "-1"},
        {"points": "nan"},
        {"points": "1e3"},
        {"points": "2.5"},
        {"points": "٣"},
        {"points": "."},
        {"why": ""},
        {"why": "a\0b"},
        {"why": "\u202e"},
        {"why": "x" * 121},
        {"label": "q-none"},
        {"assignment": "9"},
        {"assignment": "x"},
    ],
)
def test_a_mark_that_cannot_be_given_is_refused(room: Class, change: dict[str, str]) -> None:
    room.student("Alan")
    place = f"{GRADES}people/{room.school.number('Alan')}"
    form = {"assignment": "1", "label": "q-one", "points": "1", "why": "Because", **change}
    assert room.ina.post(place, data=form).status_code in (404, 422)
    assert rows_of(room.shown(""))["Alan"] == ["", "", ""]


def test_nobody_sees_marks_of_others_or_what_has_not_opened(room: Class) -> None:
    zoe, alan = room.student("Zoë"), room.student("Alan")
    for path in (f"people/{room.school.number('Zoë')}", "analysis/first", "analysis/first/q-one"):
        assert alan.get(GRADES + path).status_code == 403
    assert alan.get(f"{GRADES}gradebook.csv").status_code == 403
    room.dates(due_at=datetime(2999, 1, 1, tzinfo=START.tzinfo))
    assert "First sheet" in room.shown("", zoe)

    def close(connection: object) -> None:
        me = people.signed_in(connection, room.ina.cookies["latentbook-person"])
        assignments.set_dates(connection, me, "first")

    room.run(close)
    assert "First sheet" not in room.shown("", zoe)
    for path in ("?assignment=none", "analysis/none", "analysis/first/none", "people/99"):
        assert room.ina.get(GRADES + path).status_code == 404, path
    assert room.ina.get(f"{GRADES}gradebook.csv?for=excel").status_code == 422


def lines(room: Class, kind: str) -> list[list[str]]:
    page = room.ina.get(GRADES)
    link = re.search(rf'href="([^"]*for={kind})"', page.text)
    assert link is not None
    response = room.ina.get(urljoin(str(page.url), link[1]))
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in response.headers["content-disposition"]
    found = list(csv.reader(io.StringIO(response.text.removeprefix("\ufeff"))))
    assert len({len(line) for line in found}) == 1, "each line has each column"
    for line in found:
        assert not [cell for cell in line if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    return found


def test_files_are_as_other_systems_read_them(room: Class) -> None:
    roster = "name,id,group\n=cmd(),+49,-A\nGrace Hopper,007,B\nNobody,,B\n"
    room.ina.post("/classroom/people/roster/apply", data={"text": roster})
    zoe = room.student("Zoë; “O”, Neill\u2009", "A")
    room.answer(zoe, "q-one", "4", START + WEEK + DAY)
    room.answer(zoe, "q-many", "1")

    # lib/gradebook_importer.rb of Canvas recognises the columns before the assignments by header
    # and position, and the line of points possible by its first cell.
    head, of, *students = lines(room, "canvas")
    assert head == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "First sheet"]
    assert "Points Possible" in of[0]
    assert of[-1] == "7"
    by_name = {line[0]: line for line in students}
    assert by_name["Grace Hopper"] == ["Grace Hopper", "", "007", "", "B", ""]
    assert by_name["'=cmd()"] == ["'=cmd()", "", "'+49", "", "'-A", ""]
    assert by_name["Nobody"][2:] == ["", "", "B", ""]
    (mine,) = [line for name, line in by_name.items() if name.startswith("Zoë")]
    assert mine[-1] == "2"

    # grade/import/csv of Moodle: a single line with an unknown user stops the import.
    head, *students = lines(room, "moodle")
    assert head == ["ID number", "Name", "First sheet"]
    assert [line[0] for line in students] == ["'+49", "007"]

    # "Importing grades" of Brightspace's help: the item's name and "Points Grade".
    head, *students = lines(room, "brightspace")
    assert head == ["OrgDefinedId", "First sheet Points Grade", "End-of-Line Indicator"]
    assert students == [["#+49", "", "#"], ["#007", "", "#"]]

    head, *rest = lines(room, "plain")
    assert len(rest) == 4 * 3
    by_place = {(line[0], line[4]): dict(zip(head, line, strict=True)) for line in rest}
    assert by_place["Grace Hopper", "q-one"]["points"] == ""
    (mine,) = [
        line for (name, label), line in by_place.items() if (name[0], label) == ("Z", "q-one")
    ]
    assert (mine["points"], mine["of"], mine["state"], mine["days late"]) == (
        "2",
        "2",
        "right",
        "1",
    )


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("=1", "'=1"),
        ("＝1", "'＝1"),
        ("\n=1", "'\n=1"),
        ("Eve;=cmd|'/C calc'!A0;", "Eve;'=cmd|'/C calc'!A0;"),  # German Excel splits at semicolons
        ("Eve; @x", "Eve;' @x"),
        ("Eve;-", "Eve;'-"),
        ("O’Neill; Marie-Luise =", "O’Neill; Marie-Luise ="),
    ],
)
def test_no_cell_is_a_formula(typed: str, written: str) -> None:
    assert harmless(typed) == written


def test_what_waits_is_in_no_file(room: Class) -> None:
    zoe = room.student("Zoë")
    room.answer(zoe, "q-one", "4")
    room.answer(zoe, "q-code", "two = 2")
    assert lines(room, "canvas")[2][-1] == ""
    worker = Worker(room.school.room.database, judge)
    while worker.work():
        pass
    assert lines(room, "canvas")[2][-1] == "6"


def test_what_a_question_tells(room: Class) -> None:
    minute = timedelta(minutes=1)
    zoe, alan, emmy = (room.student(name) for name in ("Zoë", "Alan", "Emmy"))
    room.student("Kurt")
    for i, answer in enumerate(["8", "", "8", "5", "4"]):
        room.answer(zoe, "q-one", answer, START + i * minute)
    room.answer(alan, "q-one", "4")
    room.answer(emmy, "q-one", "8")
    room.answer(emmy, "q-one", "4", START + 6 * minute)
    room.answer(emmy, "q-code", "two = 3")
    (row,) = room.run(assignments.everything, 1)
    one, many, code = room.run(analysis.analyses, 1, row)
    assert (one.students, one.tried, one.at_once, one.later, one.not_yet) == (4, 3, 1, 2, 0)
    assert one.right == {1: 1, 2: 1, 4: 1}, "an empty answer is no try"
    assert one.minutes[1] == 5
    assert [(each.words, each.students) for each in one.mistakes] == [("Twice as much.", 2)]
    assert one.states == {"wrong": 4, "unread": 1, "right": 3}
    assert (many.tried, many.untried) == (0, 4)
    assert code.states == {"waiting": 1}
    assert one.discrimination is None, "too few students"

    page = room.shown("analysis/first/q-one")
    assert rows_of(page)["Twice as much."][0] == "2"
    assert [rows_of(page)[n][0] for n in ("1", "2", "3", "4", "5+")] == ["1", "1", "0", "1", "0"]
    assert rows_of(room.shown("analysis/first"))["Question 1 q-one"][1:5] == ["1", "2", "0", "1"]


def test_discrimination_is_the_correlation_with_the_rest() -> None:
    draw = random.Random(1)
    points = {"a": 1.0, "b": 2.0, "c": 4.0}
    right = {label: {who: draw.random() < 0.6 for who in range(30)} for label in points}
    del right["b"][3]
    rest = [2 * right["b"].get(who, False) + 4 * right["c"][who] for who in range(30)]
    expected = np.corrcoef([right["a"][who] for who in range(30)], rest)[0, 1]
    assert analysis.discrimination("a", right, points) == pytest.approx(expected)
    assert (
        analysis.discrimination(
            "a",
            {"a": dict.fromkeys(range(30), True)} | {label: right[label] for label in "bc"},
            points,
        )
        is None
    ), "all are alike"
    few = {label: {who: by[who] for who in list(by)[: LEAST - 1]} for label, by in right.items()}
    assert analysis.discrimination("a", few, points) is None


def test_points_have_no_zeros_at_their_end() -> None:
    shown: Callable[[float], str] = gradebook.number
    assert [shown(x) for x in (0, 10, 1.5, 2 / 3, 0.1 + 0.2, 100)] == [
        *("0", "10", "1.5", "0.67", "0.3", "100")
    ]
