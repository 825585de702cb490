"""A reader's log from three devices, merged in any order by the build's JavaScript engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.study.conftest import engine_with

TODAY = 20_000
ENTRY = """
export * from "./study/events.js";
export { studyDay } from "./study/day.js";
import { fold, follow, merge } from "./study/events.js";
import { linesOf, Refused, WorkReader } from "./study/file.js";
export { linesOf };

const plain = (key, value) =>
  value instanceof Map ? [...value].sort(([a], [b]) => (a < b ? -1 : 1)) : value;

const printed = ({ questions, sections, settings, cards, versions }) =>
  JSON.stringify({ questions, sections, settings, cards, versions }, plain);

export const folded = (events, today) => printed(fold(events, today));

// As the page does: a state, and later events folded into it, or all of them again.
export function foldedInTwo(events, later, today) {
  const state = fold(events, today - 1);
  const continues = follow(later, state, today);
  return continues
    ? printed(fold(later, today, state))
    : folded([...events, ...later], today);
}

// Merged and folded in all orders and groupings: each different result once.
export function inAllOrders(a, b, c, today) {
  const orders = [[a, b, c], [a, c, b], [b, a, c], [b, c, a], [c, a, b], [c, b, a]];
  const merged = orders.map((logs) => merge(...logs));
  merged.push(merge(merge(a, b), c), merge(a, merge(b, c)), merge(merged[0], merged[0], b));
  const unique = (texts) => [...new Set(texts)];
  const states = unique([...merged, [...c, ...a, ...b]].map((log) => folded(log, today)));
  return { merged: unique(merged.map((log) => JSON.stringify(log))), states };
}

export function readText(pieces, book) {
  const reader = new WorkReader(book);
  try {
    for (const piece of pieces) reader.push(piece);
    return { work: reader.end() };
  } catch (error) {
    if (error instanceof Refused) return { refused: error.message };
    throw error;
  }
}

export const readRepeated = (text, count, book) => readText(Array(count).fill(text), book);
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Any]]:
    with engine_with(ENTRY, tmp_path_factory.mktemp("study")) as call:
        yield call


LABELS = st.sampled_from(["q-one", "q-two", "__proto__"])


@st.composite
def history(draw: st.DrawFn, device: str) -> list[dict[str, Any]]:
    """Events on a device whose clock jumps about, with values set under a few names."""
    events: list[dict[str, Any]] = []
    for number in range(draw(st.integers(0, 6))):
        # A later edition's clock, or a wrong one, may be ahead of today or before 1970.
        when = {"day": draw(st.integers(-2, 2)) + TODAY, "time": draw(st.integers(-3, 3))}
        kinds = ["attempt", "read", "review", "set", "undo", "code", "run", "from-the-future"]
        kind = draw(st.sampled_from(kinds))
        content: dict[str, Any]
        match kind:
            case "attempt":
                verdict = draw(st.sampled_from(["open", "wrong", "right", "shown"]))
                content = {"label": draw(LABELS), "answer": f"{number}", "verdict": verdict}
            case "read":
                content = {"place": draw(LABELS), "digest": f"{number}"}
            case "review":
                edition, grade = draw(st.integers(1, 2)), draw(st.integers(1, 4))
                content = {"label": draw(LABELS), "edition": edition, "grade": grade}
            case "set":
                value = draw(st.sampled_from([None, 1, "a"]))
                content = {"name": draw(LABELS), "value": value, "counter": draw(st.integers(0, 2))}
            case "code":  # may replace events of other devices
                ids = draw(st.lists(st.sampled_from(["a.0", "b.1", "c.2", f"{device}.0"])))
                code = draw(st.sampled_from([None, {"base": "", "text": f"{number}"}]))
                content = {"label": "c", "replaces": ids, "code": code}
            case "run":
                content = {"label": draw(LABELS), "verdict": "done"}
            case "undo":
                content = {"of": [each["id"] for each in events if draw(st.booleans())]}
            case _:
                content = {"what": {"b": [1], "a": None}}
        events.append({"id": f"{device}.{number}", **when, "kind": kind, **content})
    return events


DEVICES = st.tuples(history("a"), history("b"), history("c"))


def version(number: int, replaces: list[str]) -> dict[str, Any]:
    code = {"base": "", "text": f"{number}"}
    content = {"label": "c", "replaces": replaces, "code": code}
    return {"id": f"a.{number}", "day": TODAY, "time": 0, "kind": "code", **content}


UNDONE = {"id": "a.2", "day": TODAY, "time": 0, "kind": "undo", "of": ["a.1"]}
"""Undo of a version, which no edition writes: the version replaced by it has lost its code."""


@given(DEVICES)
@example(([version(0, []), version(1, ["a.0"]), UNDONE], [], []))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_three_devices_merge_to_the_same_bytes_in_all_orders(
    study: Callable[..., Any], logs: tuple[list[dict[str, Any]], ...]
) -> None:
    found = study("inAllOrders", *logs, TODAY)
    assert len(found["merged"]) == 1
    assert len(found["states"]) == 1
    merged = json.loads(found["merged"][0])

    everything = [event for log in logs for event in log]
    assert {e["id"] for e in merged if e["kind"] != "set"} == {
        e["id"] for e in everything if e["kind"] != "set"
    }
    replaced = {id for e in everything if e["kind"] == "code" for id in e["replaces"]}
    for event in (e for e in merged if e["kind"] == "code"):
        assert ("code" in event) == (event["id"] not in replaced)
    newest: dict[str, dict[str, Any]] = {}
    for event in (e for e in everything if e["kind"] == "set"):
        before = newest.get(event["name"], event)
        newest[event["name"]] = max(before, event, key=lambda e: (e["counter"], e["id"]))
    assert sorted(e["id"] for e in merged if e["kind"] == "set") == sorted(
        e["id"] for e in newest.values()
    )


@given(history("a"), history("b"))
@settings(max_examples=60, deadline=None, derandomize=True)
@example(
    before=[{"id": "a.0", "day": 1, "time": 0, "kind": "read", "place": "a", "digest": "b"}],
    later=[
        {
            "id": "b.0",
            "day": 2,
            "time": 0,
            "kind": "code",
            "label": "c",
            "replaces": ["a.0"],
            "code": None,
        }
    ],
)
def test_a_snapshot_and_later_events_are_all_events(
    study: Callable[..., Any], before: list[dict[str, Any]], later: list[dict[str, Any]]
) -> None:
    assert study("foldedInTwo", before, later, TODAY) == study("folded", before + later, TODAY)


def test_the_same_id_with_other_contents_merges_alike(study: Callable[..., Any]) -> None:
    one = {"id": "x.1", "day": 1, "time": 1, "kind": "read", "place": "a", "digest": "b"}
    two, third = {**one, "digest": "c"}, {**one, "kind": "set", "name": "n", "value": 1}
    third["counter"] = 1
    logs = [[one], [two], [third], [{**third, "value": 2}]]
    assert len({json.dumps(study("merge", *order)) for order in permutations(logs)}) == 1


def answered(number: int, day: int, verdict: str, **more: Any) -> dict[str, Any]:
    event = {"id": f"s.{number}", "day": day, "time": day * 86_400_000, "kind": "attempt"}
    return {**event, "label": "q", "answer": verdict, "verdict": verdict, **more}


def question(study: Callable[..., Any], *events: dict[str, Any]) -> Any:
    return dict(json.loads(study("folded", list(events), TODAY))["questions"]).get("q")


def test_attempts_are_counted_and_undone(study: Callable[..., Any]) -> None:
    wrong, right = answered(1, 5, "wrong"), answered(2, 6, "right")
    shown = answered(3, 7, "shown")
    found = question(study, right, wrong)
    assert (found["state"], found["attempts"], found["day"]) == ("right", 2, 6)
    assert question(study, wrong, shown)["attempts"] == 1
    undo = {"id": "s.4", "day": 1, "time": 0, "kind": "undo", "of": ["s.1", "s.2"]}
    assert question(study, wrong, right, undo) is None
    assert question(study, wrong, right, {**undo, "of": ["s.2"]})["state"] == "wrong"
    # An earlier edition stored only their number.
    assert question(study, answered(1, 0, "wrong", attempts=3), right)["attempts"] == 4


def test_a_clock_that_was_ahead_loses_nothing(study: Callable[..., Any]) -> None:
    ahead, now = answered(1, TODAY + 400, "wrong"), answered(2, TODAY, "right")
    found = question(study, ahead, now)
    assert (found["attempts"], sorted(found["ids"])) == (2, ["s.1", "s.2"])


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin", "Pacific/Auckland", "UTC"])
def test_a_study_day_begins_at_four(study: Callable[..., Any], zone: str) -> None:
    for month in (1, 7):
        four = datetime(2026, month, 9, 4, tzinfo=ZoneInfo(zone))
        for moment in (four, four - timedelta(milliseconds=1)):
            offset = moment.utcoffset()
            assert offset is not None
            minutes = -offset.total_seconds() / 60
            milliseconds = round(moment.timestamp() * 1000)
            day = (moment - timedelta(hours=4)).replace(tzinfo=None) - datetime(1970, 1, 1)
            assert study("studyDay", milliseconds, minutes) == day.days


def version(id: str, text: str | None, *replaces: str) -> dict[str, Any]:
    code = None if text is None else {"base": "0", "text": text}
    event = {"id": id, "day": 1, "time": 1, "kind": "code", "label": "c"}
    return {**event, "replaces": list(replaces), "code": code}


def test_two_devices_that_edit_the_same_code_both_keep_it(study: Callable[..., Any]) -> None:
    first, mine, theirs = (
        version("a.1", "1"),
        version("a.2", "2", "a.1"),
        version("b.1", "3", "a.1"),
    )

    def versions(*logs: list[dict[str, Any]]) -> list[str]:
        state = json.loads(study("folded", study("merge", *logs), TODAY))
        return sorted(each["id"] for each in dict(state["versions"])["c"])

    assert versions([first], [first, mine]) == ["a.2"]
    assert versions([mine], [first, theirs]) == versions([theirs, first], [mine]) == ["a.2", "b.1"]
    chosen = version("a.3", None, "a.2", "b.1")
    assert versions([chosen, mine, theirs], [theirs]) == ["a.3"]
    kept = study("merge", [first, mine], [theirs, chosen])
    assert [each["id"] for each in kept if "code" in each] == ["a.3"]

    code, heads = {"base": "0", "text": "2"}, [{"id": "a.2", "code": mine["code"]}]
    assert study("replacedIds", code, heads) is None
    assert study("replacedIds", None, []) is None
    assert study("replacedIds", None, heads) == ["a.2"]
    others = [{"id": "b.1", "code": theirs["code"]}, {"id": "c.1", "code": None}]
    assert study("replacedIds", code, others) == []  # the reader has not chosen yet


# The file

HEADER = {"format": "latentbook-work", "version": 2, "book": "mine"}
EVENT = answered(1, 5, "right")


def read(study: Callable[..., Any], *lines: Any, book: str = "mine") -> Any:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    return study("readText", [text[:7], text[7:]], book)


def test_what_is_written_is_read(study: Callable[..., Any]) -> None:
    unknown = {"id": "s.9", "day": 1, "time": 1, "kind": "from-the-future", "list": [{"a": None}]}
    values = {
        "kept:network": "UEsDBA==",
        "output:q": {"code": "1", "pieces": [["stream", "stdout", "é\u2028\n"]]},
        "place:last": {"path": "one/two/#three", "name": "1 One"},
        "read:one/two": {"edition": "0.2.0", "digest": "abc"},
        "setting:single-keys": False,
        "theme:page": "dark",
    }
    code = {"id": "s.8", "day": 1, "time": 1, "kind": "code", "label": "q", "replaces": ["s.7"]}
    code["code"] = {"base": "00000000", "text": "a\nb", "held": True}
    work = {"book": "mine", "events": [EVENT, code, unknown], "values": values}
    text = study("linesOf", work)
    assert study("readText", [text], "mine") == {"work": work}
    assert [json.loads(line) for line in text.splitlines()[:1]] == [HEADER]


def test_a_file_of_version_1_is_read(study: Callable[..., Any], root: Path) -> None:
    stored = json.loads((root / "tests/fixtures/editions/storage-0.2.0.json").read_text())
    old = {key.removeprefix("latentbook:1:"): json.loads(text) for key, text in stored.items()}
    found = read(study, json.dumps(old, indent=2) + "\n")["work"]
    assert found["book"] is None
    answers = {key.removeprefix("quiz:"): old[key] for key in old if key.startswith("quiz:")}
    assert len(answers) >= 6
    state = json.loads(study("folded", found["events"], TODAY))
    assert {
        label: {key: each[key] for key in ("answer", "state", "attempts")}
        for label, each in state["questions"]
    } == answers
    edits = {name.removeprefix("code:"): old[name] for name in old if name.startswith("code:")}
    assert {label: version["code"] for label, [version] in state["versions"]} == edits
    assert found["values"] == {
        name: value
        for name, value in old.items()
        if name.split(":")[0] not in ("quiz", "class", "code")
    }


HOSTILE: dict[str, tuple[tuple[Any, ...], str]] = {
    "nothing": (("",), "Line 1 of the file cannot be read"),
    "no JSON": (("PK\x03\x04",), "Line 1 of the file cannot be read"),
    "another header": (({"format": "anki", "version": 2},), "Line 1 of the file cannot be read"),
    "a list": ((HEADER, [EVENT]), "Line 2 of the file cannot be read"),
    "newer": (({**HEADER, "version": 3},), "has version 3; this edition of the book reads up to 2"),
    "another book": (({**HEADER, "book": "<b>"},), "from the book “<b>”; this one is “mine”"),
    "prototype": (
        (HEADER, json.dumps(EVENT)[:-1] + ', "x": {"__proto__": {"polluted": 1}}}'),
        "Line 2 of the file cannot be read",
    ),
    "constructor": ((HEADER, {**EVENT, "constructor": 1}), "Line 2 of the file cannot be read"),
    "an event without an answer": ((HEADER, {**EVENT, "answer": None}), "Line 2"),
    "a day that is a text": ((HEADER, {**EVENT, "day": "1"}), "Line 2"),
    "code without a text": (
        (HEADER, {**EVENT, "kind": "code", "replaces": [], "code": {"base": "0"}}),
        "Line 2",
    ),
    "an id with markup": ((HEADER, {**EVENT, "id": "<img>"}), "Line 2"),
    "a grade that there is not": (
        (HEADER, {**EVENT, "kind": "review", "edition": 1, "grade": 5}),
        "Line 2",
    ),
    "undo of a text": ((HEADER, {**EVENT, "kind": "undo", "of": "all"}), "Line 2"),
    "a kind of value that nobody knows": ((HEADER, {"stored": "cookie:a", "value": 1}), "Line 2"),
    "a seat of a class": ((HEADER, {"stored": "class:a", "value": "b"}), "Line 2"),
    "an address elsewhere": (
        (HEADER, {"stored": "place:last", "value": {"path": "javascript:alert(1)", "name": "a"}}),
        "Line 2",
    ),
    "another host": (
        (HEADER, {"stored": "place:last", "value": {"path": "//host.example", "name": "a"}}),
        "Line 2",
    ),
    "deep": ((HEADER, '{"a":' + "[" * 400_000 + "]" * 400_000 + "}"), "Line 2"),
    "a long line": ((HEADER, "x" * 1_000_001), "Line 2 of the file has more than 1,000,000"),
    "a long line of version 1": (("{", "x" * 1_000_001), "Line 2 of the file has more than"),
    "no line's end": (("{", " " * 3_000_000 + "}"), "Line 2 of the file has more than"),
    "version 1 of somebody else": (("{", '"a": 1', "}"), "cannot be read"),
    "version 1 with a prototype": (("{", '"__proto__": {}', "}"), "cannot be read"),
    "version 1 with a broken answer": (("{", '"quiz:a": {"answer": 1}', "}"), "cannot be read"),
    "version 1, cut off": (("{", '"theme:page": "dark",'), "cannot be read"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_whole(study: Callable[..., Any], name: str) -> None:
    lines, sentence = HOSTILE[name]
    reply = read(study, *lines)
    assert set(reply) == {"refused"}, reply
    assert sentence in reply["refused"]


def test_too_many_lines_are_refused(study: Callable[..., Any]) -> None:
    header, event = json.dumps(HEADER) + "\n", json.dumps(EVENT) + "\n"
    many = [header, event * 299_999]
    assert "work" in study("readText", many, "mine")
    assert "300,000 lines" in study("readText", [*many, event], "mine")["refused"]
