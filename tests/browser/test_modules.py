"""Scripts that need no page: how numbers are read, how states are written, how output is cut."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from app.api.images import delta
from app.api.mosaic import Mosaic

pytestmark = pytest.mark.browser

SCRIPTS = Path("static/js").resolve()
ENTRY = """
export * from "./judge.js";
export * from "./state.js";
export * from "./output.js";
export { neighbours, Answers } from "./answers.js";
export { undoDelta } from "./delta.js";
"""

SLIDER = {
    "kind": "slider",
    "name": "k",
    "label": "Width",
    "default": 3,
    "min": 0,
    "max": 1,
    "step": 0.1,
    "values": [],
    "when": None,
}
LISTED = {**SLIDER, "name": "b", "values": [0.1, 1, 10]}
CHOICE = {
    "kind": "choice",
    "name": "data",
    "label": "Data",
    "options": {"a": "A", "b": "B"},
    "default": "a",
    "when": None,
}
POINT = {
    "kind": "point",
    "name": "z",
    "label": "Code",
    "default": [0, 0],
    "limit": 3,
    "step": 0.1,
    "panel": "p",
    "when": None,
}


@pytest.fixture(scope="module")
def modules(chromium: Browser) -> Iterator[Page]:
    """A page whose global ``book`` holds what the scripts export."""
    bundled = subprocess.run(
        ["node_modules/.bin/esbuild", "--bundle", "--format=iife", "--global-name=book"],
        input=ENTRY.replace('"./', f'"{SCRIPTS}/'),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    page = chromium.new_page()
    page.add_script_tag(content=bundled)
    yield page
    page.close()


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0.5", 0.5),
        (" 0,5 ", 0.5),
        (".5", 0.5),
        ("5e-1", 0.5),
        ("1/2", 0.5),
        ("-3", -3),
        ("\u22123", -3),
        ("+2", 2),
        ("2 nats", 2),
        ("2nats", 2),
        ("7.", 7),
        ("", None),
        ("abc", None),
        ("1,234.5", None),
        ("1.2.3", None),
        ("0x1f", None),
        ("Infinity", None),
        ("1/0", None),
        ("2 bits", None),
        ("1e", None),
    ],
)
def test_numbers_are_read_as_people_write_them(
    modules: Page, text: str, number: float | None
) -> None:
    assert modules.evaluate("text => book.readNumber(text, 'nats')", text) == number


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0.5", "right"),
        ("0.504", "right"),
        ("0.506", "too large"),
        ("0.4", "too small"),
        ("-0.5", "sign"),
        ("1", "factor of two"),
        ("0.25", "factor of two"),
        ("0.7213", "in bits"),
        ("1.5", 0),
        ("half", "unreadable"),
    ],
)
def test_a_wrong_number_is_told_how_it_is_wrong(modules: Page, text: str, said: str | int) -> None:
    key = {"answer": 0.5, "tolerance": 0.005, "unit": "nats", "wrong": [1.5]}
    judged: dict[str, Any] = modules.evaluate(
        "([text, key]) => book.judgeNumber(text, key)", [text, key]
    )
    if isinstance(said, int):
        assert judged["listed"] == said
    elif said in ("right", "unreadable"):
        assert judged["verdict"] == said
    else:
        assert said in judged["why"]


@pytest.mark.parametrize(
    ("control", "text", "value"),
    [
        (SLIDER, "0.3", 0.3),
        (SLIDER, "0,3", 0.3),
        (SLIDER, "1", 1),
        (LISTED, "10", 10),
        (CHOICE, "b", "b"),
        (POINT, "1,-2.5", [1, -2.5]),
    ],
)
def test_states_are_read_from_text(modules: Page, control: Any, text: str, value: Any) -> None:
    read = modules.evaluate("([control, text]) => book.parseValue(control, text)", [control, text])
    assert read == {"value": value}


@pytest.mark.parametrize(
    ("control", "text", "said"),
    [
        (SLIDER, "1.2", "outside the range from 0 to 1"),
        (SLIDER, "0.35", "between two steps"),
        (SLIDER, "much", "A number from 0 to 1 is needed, not “much”"),
        (LISTED, "5", "not one of 0.1, 1, 10"),
        (CHOICE, "c", "“c” is not one of a, b"),
        (POINT, "1", "Two numbers from -3 to 3"),
        (POINT, "1,4", "Two numbers from -3 to 3"),
    ],
)
def test_a_state_that_cannot_be_is_told_why(
    modules: Page, control: Any, text: str, said: str
) -> None:
    read = modules.evaluate("([control, text]) => book.parseValue(control, text)", [control, text])
    assert said in read["problem"]


def test_the_query_holds_only_what_differs_and_leaves_others_alone(modules: Page) -> None:
    spec = {"label": "lab", "controls": [SLIDER, POINT], "readouts": [], "set": {"k": 0.5}}
    written = modules.evaluate(
        "([spec, values]) => book.writeState('?other.k=1&lab.k=0.9', spec, values)",
        [spec, {"k": 0.5, "z": [1, 2]}],
    )
    assert written == "?other.k=1&lab.z=1,2"
    read = modules.evaluate("([spec, query]) => book.readState(query, spec)", [spec, written])
    assert read == {"values": {"z": [1, 2]}, "problems": {}}


def test_what_may_come_next_is_worked_out_from_near_to_far(modules: Page) -> None:
    ahead = modules.evaluate("control => book.neighbours(control, { k: 0.3, x: 1 })", SLIDER)
    assert [state["k"] for state in ahead[:4]] == [0.2, 0.4, 0.1, 0.5]
    assert len(ahead) == 10
    assert all(state["x"] == 1 for state in ahead)


def test_answers_are_forgotten_oldest_first(modules: Page) -> None:
    kept = modules.evaluate(
        """() => {
          const answers = new book.Answers();
          const frame = () => ({ panels: [{ data: new Uint8Array(6e6) }] });
          for (const key of ["a", "b", "c"]) answers.put(key, frame());
          answers.get("a");
          answers.put("d", frame());
          return ["a", "b", "c", "d"].filter((key) => answers.has(key));
        }"""
    )
    assert kept == ["a", "c", "d"]


@pytest.mark.parametrize(
    ("rows", "columns", "cell"), [(5, 7, (4, 3)), (1, 1, (2, 2)), (12, 12, (28, 28))]
)
def test_the_delta_form_of_a_picture_is_undone(
    modules: Page, rows: int, columns: int, cell: tuple[int, int]
) -> None:
    mosaic = Mosaic(rows, columns, cell)
    picture = np.random.default_rng(0).integers(0, 256, mosaic.shape, np.uint8)
    undone = modules.evaluate(
        """([delta, shape]) => {
          const data = Uint8Array.from(delta);
          book.undoDelta(data, shape);
          return [...data];
        }""",
        [list(delta(picture, mosaic)), [rows, columns, *cell]],
    )
    assert bytes(undone) == picture.tobytes()


OUTPUT = """
(writes) => {
  const sent = [];
  const output = new book.Output((name, text) => sent.push([name, text]));
  const bytes = new TextEncoder();
  for (const [name, text, times] of writes) {
    for (let i = 0; i < times; i++) output.write(name, bytes.encode(text));
  }
  output.finish();
  return sent;
}
"""


def test_a_flood_travels_in_few_messages_and_is_cut(modules: Page) -> None:
    sent = modules.evaluate(OUTPUT, [["stdout", "x\n", 50_000]])
    assert len(sent) < 100
    assert "".join(text for name, text in sent if name == "stdout") == "x\n" * 5_000
    note = "Output cut here: 45,000 more lines (90,000 characters) are not shown."
    assert sent[-1] == ["note", note]


def test_one_long_line_is_cut_by_its_characters(modules: Page) -> None:
    sent = modules.evaluate(OUTPUT, [["stdout", "y" * 1_000_000, 1]])
    assert sum(len(text) for name, text in sent if name == "stdout") == 200_000
    assert "(800,000 characters)" in sent[-1][1]


def test_streams_keep_their_order_and_letters_stay_whole(modules: Page) -> None:
    writes = [["stdout", "ä\n", 3], ["stderr", "ß\n", 2], ["stdout", "ö\n", 1]]
    sent = modules.evaluate(OUTPUT, writes)
    joined = ""
    for name, text in sent:
        joined += f"{name[3]}:{text}"
    assert joined.replace("o:", "").replace("e:", "") == "ä\nä\nä\nß\nß\nö\n"
    assert [name for name, _ in sent if name == "stderr"]
