"""Scripts that need no page: parsing of numbers, encoding of states, cutting of output."""

from __future__ import annotations

import json
import math
import random
import re
import subprocess
from collections.abc import Iterator
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from latentbook_decoders.api.images import delta
from widgets.contract import Textbox
from widgets.controls import MAX_CHARACTERS
from widgets.engine.check import MAX_TYPED
from widgets.kit.drawing import to_pixels, to_text
from widgets.latent_atlas import tile_around

pytestmark = pytest.mark.browser

SCRIPTS = Path("static/js").resolve()
ENTRY = """
export * from "./number.js";
export { inDigits } from "./words.js";
export * from "./../../app/latentbook/book/directives/questions/number/judge.js";
export * from "./../../app/latentbook/book/directives/questions/order/judge.js";
export { kindOf } from "./instrument/kinds.js";
export * from "./instrument/state.js";
export * from "./python/worker/output.js";
export * from "./page/search-index.js";
export { neighbours, Answers } from "./instrument/answers.js";
export { undoDelta } from "./instrument/server/delta.js";
export * as drawing from "./instrument/drawing-text.js";
export * as geometry from "./instrument/map/geometry.js";
export { TileStore } from "./instrument/map/tile-store.js";
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
    "unit": "",
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
VIEWPORT = {
    "kind": "viewport",
    "name": "view",
    "label": "Place",
    "default": [0, 0, 2],
    "limit": 8,
    "max_zoom": 18,
    "panel": "m",
    "when": None,
}
DRAWING = {
    "kind": "drawing",
    "name": "drawn",
    "label": "Drawing",
    "default": "j",
    "side": 2,
    "pen": 2,
    "panel": "p",
    "when": None,
}

TEXTBOX = Textbox("word", "Word", max_length=MAX_CHARACTERS).declared()

READ = "([control, text]) => book.kindOf(control).read(control, text)"


@pytest.fixture(scope="module")
def modules(chromium: Browser) -> Iterator[Page]:
    """A page whose global ``book`` contains the exports of the scripts."""
    bundled = subprocess.run(
        [
            "node_modules/.bin/esbuild",
            "--bundle",
            "--format=iife",
            "--global-name=book",
            f"--alias:latentbook={SCRIPTS}",
        ],
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
    ("value", "digits", "shown"),
    [(-0.0, 0, "0"), (-0.004, 2, "0.00"), (-0.05, 1, "-0.1"), (-1234.5, 1, "-1,234.5")],
)
def test_zero_has_no_sign(value: float, digits: int, shown: str, modules: Page) -> None:
    options = {"minimumFractionDigits": digits, "maximumFractionDigits": digits}
    ask = "([negated, options]) => book.inDigits(-negated, options)"
    assert modules.evaluate(ask, [-value, options]) == shown


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
        ("1,234.5", 1234.5),
        ("1.234,5", 1234.5),
        ("0,125", 0.125),
        ("1,414", 1.414),
        ("60 000", 60_000),
        ("60\u202f000", 60_000),
        ("1/12", 1 / 12),
        ("90/1089", 90 / 1089),
        ("0.16*8/64", 0.02),
        ("0.16 x 8 ÷ 64", 0.02),
        ("√2", math.sqrt(2)),
        ("sqrt(2)", math.sqrt(2)),
        ("2√2/3", 2 * math.sqrt(2) / 3),
        ("2·10⁻²", 0.02),
        ("2*10^-2", 0.02),
        ("2 * 10**-2", 0.02),
        ("-2^2", -4),
        ("2^3^2", 512),
        ("(1+2)(3-1)", 6),
        ("1-2-3", -4),
        ("8/4/2", 1),
        ("exp(-1)/2π", math.exp(-1) / 2 * math.pi),
        ("ln(2)", math.log(2)),
        ("1 bit", math.log(2)),
        ("1.2.3", None),
        ("60,000", None),
        ("2 3", None),
        ("--1", None),
        ("(1", None),
        ("1)", None),
        ("sqrt", None),
        ("constructor", None),
        ("toString(1)", None),
        ("√-1", None),
        ("((((" * 40, None),
        ("3 %", None),
        ("0x1f", None),
        ("Infinity", None),
        ("1/0", None),
        ("1e", None),
    ],
)
def test_numbers_are_read_as_people_write_them(
    modules: Page, text: str, number: float | None
) -> None:
    read = modules.evaluate("text => book.readNumber(text, 'nats')", text)
    if number is None:
        assert set(read) == {"problem"}
    else:
        assert read == {"value": pytest.approx(number, rel=1e-12)}


@pytest.mark.parametrize(
    ("text", "unit", "number"),
    [
        ("91.1 percent", "%", 91.1),
        ("8.3%", "%", 8.3),
        ("8.3 per cent", "", 0.083),
        ("0.5 nats", "", 0.5),
        ("12 px", "px", 12),
    ],
)
def test_a_unit_after_a_number_is_read(modules: Page, text: str, unit: str, number: float) -> None:
    read = modules.evaluate("([text, unit]) => book.readNumber(text, unit)", [text, unit])
    assert read == {"value": pytest.approx(number)}


def test_what_cannot_be_read_is_told_why(modules: Page) -> None:
    def problem(text: str) -> str:
        return str(modules.evaluate("text => book.readNumber(text, '%').problem", text))

    assert problem("60,000") == "“60,000” can be read in two ways: write 60 or 60000."
    assert problem("3 bits") == "“3 bits” is in bits. It is asked for in %."
    assert problem("1/0") == "“1/0” has no finite value."
    assert problem(" ").startswith("Nothing has been typed yet.")
    assert problem("much").startswith("“much” is not a number.")


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
        ("0.7213 bits", "right"),
        ("5", "ten times"),
        ("0.05", "a tenth"),
        ("1.5", 0),
        ("1.496", 0),
        ("1.46", "too large"),
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
    ("text", "said"),
    [
        ("8.3", "right"),
        ("100*90/1089", "right"),
        ("8,3 percent", "right"),
        ("0.083", "Right as a fraction"),
        ("1/12", "Right as a fraction"),
        ("90/1089", "Right as a fraction"),
        ("0.09", 2),
        ("90", 0),
        ("0.9", 0),
        ("0", "too small"),
    ],
)
def test_a_listed_wrong_answer_takes_nothing_else_for_its_own(
    modules: Page, text: str, said: str | int
) -> None:
    key = {"answer": 8.3, "tolerance": 0.2, "unit": "%", "wrong": [90, 99, 0.09]}
    judged = modules.evaluate("([text, key]) => book.judgeNumber(text, key)", [text, key])
    if isinstance(said, int):
        assert judged["listed"] == said
    elif said == "right":
        assert judged == {"verdict": "right"}
    else:
        assert said in judged["why"]


@pytest.mark.parametrize(
    ("control", "text", "value"),
    [
        (SLIDER, "0.3", 0.3),
        (SLIDER, "3/10", 0.3),
        (SLIDER, "0,3", 0.3),
        (SLIDER, "1", 1),
        (LISTED, "10", 10),
        (CHOICE, "b", "b"),
        (POINT, "1,-2.5", [1, -2.5]),
        (VIEWPORT, "1,-2.5,17.5", [1, -2.5, 17.5]),
        (DRAWING, "fgf1", "fgf1"),
    ],
)
def test_states_are_read_from_text(modules: Page, control: Any, text: str, value: Any) -> None:
    read = modules.evaluate(READ, [control, text])
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
        (VIEWPORT, "1,2", "Two numbers from -8 to 8 and a zoom from 0 to 18"),
        (VIEWPORT, "1,2,19", "and a zoom from 0 to 18 are needed, not “1, 2, 19”"),
        (VIEWPORT, "9,2,1", "Two numbers from -8 to 8"),
        (VIEWPORT, "1,2,3,4", "Two numbers"),
        (DRAWING, "fff", "A drawing has 4 pixels, not 3."),
        (DRAWING, "ff0f", "“0” stands for no pixels of a drawing."),
        (TEXTBOX, "x" * 201, "The limit is 200 characters."),
        ({**TEXTBOX, "max_length": 1}, "xy", "The limit is 1 character."),
    ],
)
def test_a_state_that_cannot_be_is_told_why(
    modules: Page, control: Any, text: str, said: str
) -> None:
    read = modules.evaluate(READ, [control, text])
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


def test_a_link_carries_the_longest_texts_and_says_when_it_cannot(modules: Page) -> None:
    """Each character takes at most 12 characters of the address: four bytes, percent-encoded."""
    names = [f"word_{i}" for i in range(MAX_TYPED // MAX_CHARACTERS)]
    spec = {
        "label": "some-label-of-an-instrument",
        "controls": [{**TEXTBOX, "name": name} for name in names],
        "set": {},
    }
    values = dict.fromkeys(names, "\U0001f469" * MAX_CHARACTERS)
    written, problem, of_two = modules.evaluate(
        """([spec, values]) => {
          const written = book.writeState("", spec, values);
          const two = book.writeState(written, { ...spec, label: "other" }, values);
          return [written, book.tooLong(written), book.tooLong(two)];
        }""",
        [spec, values],
    )
    asked = dict(parse_qsl(written[1:], strict_parsing=True))
    assert asked == {f"{spec['label']}.{name}": text for name, text in values.items()}
    read = modules.evaluate("([spec, query]) => book.readState(query, spec)", [spec, written])
    assert read == {"values": values, "problems": {}}
    assert problem == ""
    assert "too long for a link: 6,000 characters" in of_two


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
    ("rows", "columns", "cell"),
    [(5, 7, (4, 3)), (1, 1, (2, 2)), (12, 12, (28, 28)), (3, 5, (4, 2, 3))],
)
def test_the_delta_form_of_a_picture_is_undone(
    modules: Page, rows: int, columns: int, cell: tuple[int, ...]
) -> None:
    cells = np.random.default_rng(0).integers(0, 256, (rows, columns, *cell), np.uint8)
    undone = modules.evaluate(
        """([delta, shape]) => {
          const data = Uint8Array.from(delta);
          book.undoDelta(data, shape);
          return [...data];
        }""",
        [list(delta(cells)), [rows, columns, *cell]],
    )
    assert bytes(undone) == cells.tobytes()


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
    assert sent[-1] == ["note", "45000 90000"]


def test_one_long_line_is_cut_by_its_characters(modules: Page) -> None:
    sent = modules.evaluate(OUTPUT, [["stdout", "y" * 1_000_000, 1]])
    assert sum(len(text) for name, text in sent if name == "stdout") == 200_000
    assert sent[-1] == ["note", "0 800000"]


def test_streams_keep_their_order_and_letters_stay_whole(modules: Page) -> None:
    writes = [["stdout", "ä\n", 3], ["stderr", "ß\n", 2], ["stdout", "ö\n", 1]]
    sent = modules.evaluate(OUTPUT, writes)
    joined = ""
    for name, text in sent:
        joined += f"{name[3]}:{text}"
    assert joined.replace("o:", "").replace("e:", "") == "ä\nä\nä\nß\nß\nö\n"
    assert [name for name, _ in sent if name == "stderr"]


def test_drawings_are_the_same_text_in_both_languages(modules: Page) -> None:
    rng = np.random.default_rng(0)
    for sparse in (0.0, 0.5, 0.9, 1.0):
        image = rng.integers(0, 256, (28, 28), dtype=np.uint8)
        image[rng.random((28, 28)) < sparse] = 0
        text = modules.evaluate(
            "all => book.drawing.toText(Uint8Array.from(all))", image.ravel().tolist()
        )
        assert text == to_text(image)
        back = modules.evaluate("text => Array.from(book.drawing.toPixels(text))", text)
        assert back == to_pixels(text, 28).ravel().tolist()


PLANE = {"limit": 8, "max_zoom": 18}


def test_zooming_keeps_the_code_under_the_pointer(modules: Page) -> None:
    """Checked by the definition: 256 * 2^zoom pixels for 16 units, y upwards."""
    x, y, zoom = modules.evaluate(
        "plane => book.geometry.zoomed(plane, [1, 2, 3], 1, { x: 100, y: -50 })", PLANE
    )
    assert zoom == 4
    before, after = 128, 256  # pixels per unit
    assert x + 100 / after == pytest.approx(1 + 100 / before, abs=1 / after)
    assert y + 50 / after == pytest.approx(2 + 50 / before, abs=1 / after)


def test_a_view_stays_on_the_plane_and_is_short_in_a_link(modules: Page) -> None:
    tidy = "([plane, view]) => book.geometry.tidy(plane, view)"
    assert modules.evaluate(tidy, [PLANE, [9, -20, 30]]) == [8, -8, 18]
    x, _, zoom = modules.evaluate(tidy, [PLANE, [1 / 3, 0, 1 / 3]])
    assert zoom == 0.33 and len(str(x)) <= 5
    deep, *_ = modules.evaluate(tidy, [PLANE, [1 / 3, 0, 18]])
    assert abs(deep - 1 / 3) < 0.5 * 16 / (256 * 2**18)


def test_the_tiles_in_view_are_those_that_python_finds_there(modules: Page) -> None:
    """Each point of the panel is in a listed tile, and each listed tile contains such a point."""
    for view in ([0.3, -0.2, 3.0], [7.9, 7.9, 2.2], [-3.1, 5.0, 9.4], [0.0, 0.0, 0.0]):
        listed = {
            (tile["zoom"], tile["x"], tile["y"])
            for tile in modules.evaluate(
                "([plane, view]) => book.geometry.visibleTiles(plane, view)", [PLANE, view]
            )
        }
        level = round(view[2])
        reach = 0.999 * 200 * 16 / (256 * 2 ** view[2])
        places = {
            tile_around((view[0] + reach * i / 20, view[1] + reach * j / 20, float(level)))
            for i in range(-20, 21)
            for j in range(-20, 21)
            if max(abs(view[0] + reach * i / 20), abs(view[1] + reach * j / 20)) <= 8
        }
        assert listed == places, view


def test_a_tile_and_its_view_agree(modules: Page) -> None:
    for address in ((0, 0, 0), (3, 7, 0), (18, 5, 2**18 - 1)):
        zoom, x, y = address
        view = modules.evaluate(
            "([plane, address]) => book.geometry.viewOf(plane, address)",
            [PLANE, {"zoom": zoom, "x": x, "y": y}],
        )
        assert tile_around(view) == address


STORE = """
async ([atOnce, script]) => {
  const log = [];
  const waiting = new Map();
  const name = ({ zoom, x, y }) => `${zoom}/${x}/${y}`;
  const store = new book.TileStore("k", {
    atOnce,
    load: (address, signal) => new Promise((done, failed) => {
      log.push(`ask ${name(address)}`);
      signal.addEventListener("abort", () => {
        log.push(`drop ${name(address)}`);
        failed(signal.reason);
      });
      waiting.set(name(address), { done: () => done(new Uint8Array(1)), failed });
    }),
    onTile: () => log.push("tile"),
    onFailure: (error) => log.push(`failed ${error.message}`),
  });
  for (const [what, ...names] of script) {
    const addresses = names.map((each) => {
      const [zoom, x, y] = each.split("/").map(Number);
      return { zoom, x, y };
    });
    if (what === "want") store.want(addresses);
    if (what === "come") waiting.get(names[0]).done();
    if (what === "fail") waiting.get(names[0]).failed(new Error("no"));
    if (what === "has") log.push(`${names[0]} ${store.get(addresses[0]) !== null}`);
    await new Promise((done) => setTimeout(done));
  }
  return log;
}
"""


def test_tiles_are_asked_for_a_few_at_a_time_and_dropped_out_of_view(modules: Page) -> None:
    log = modules.evaluate(
        STORE,
        [
            2,
            [
                ["want", "1/0/0", "1/1/0", "1/1/1"],
                ["come", "1/0/0"],
                ["want", "1/1/1", "2/3/3"],
                ["come", "1/1/1"],
                ["has", "1/1/1"],
                ["has", "1/1/0"],
                ["want", "1/0/0", "1/1/1"],
            ],
        ],
    )
    assert log == [
        *("ask 1/0/0", "ask 1/1/0", "tile", "ask 1/1/1"),
        *("drop 1/1/0", "ask 2/3/3", "tile", "1/1/1 true", "1/1/0 false"),
        "drop 2/3/3",
    ]


def test_after_a_failure_tiles_wait_until_they_are_wanted_again(modules: Page) -> None:
    script = [
        ["want", "1/0/0", "1/1/0"],
        ["fail", "1/0/0"],
        ["want", "1/0/0"],
        ["come", "1/0/0"],
        ["has", "1/0/0"],
    ]
    log = modules.evaluate(STORE, [1, script])
    assert log == ["ask 1/0/0", "failed no", "ask 1/0/0", "tile", "1/0/0 true"]


def test_the_least_recently_seen_tiles_are_forgotten(modules: Page) -> None:
    first = [f"9/{i}/0" for i in range(128)]
    script: list[list[str]] = [["want", *first]]
    script += [["come", name] for name in first]
    script += [["has", "9/0/0"], ["want", "9/200/0"], ["come", "9/200/0"]]
    script += [["has", name] for name in ("9/0/0", "9/1/0", "9/2/0", "9/200/0")]
    log = modules.evaluate(STORE, [128, script])
    assert log[-4:] == ["9/0/0 true", "9/1/0 false", "9/2/0 true", "9/200/0 true"]


@pytest.fixture(scope="module")
def entries(site: Path) -> list[dict[str, Any]]:
    """Load the search index that this book uses; the folder may also contain an older one."""
    named = re.search(r"search-\w+\.json", (site / "index.html").read_text(encoding="utf-8"))
    assert named
    found: list[dict[str, Any]] = json.loads((site / named[0]).read_bytes())
    return found


FIND = "([entries, words]) => book.find(book.indexOf(entries), words)"


@pytest.mark.parametrize("words", [r"\\lambda", "λ", "lambda", "denoising masks", "sigma"])
def test_words_that_readers_search_for_are_found(
    modules: Page, entries: list[dict[str, Any]], words: str
) -> None:
    assert modules.evaluate(FIND, [entries, words])["found"]


def test_letters_of_formulas_are_found_by_their_names(modules: Page) -> None:
    entries = [
        {"id": 0, "kind": "Equation", "number": "2.1", "title": "", "text": "KL of μ and σ²"},
        {"id": 1, "kind": "Section", "number": "2.2", "title": "Zeros", "text": "masks, masked"},
    ]
    for words in ("sigma", r"\\sigma", "σ", "Mu", "kl"):
        found = modules.evaluate(FIND, [entries, words])["found"]
        assert [each["id"] for each in found] == [0], words
    assert modules.evaluate(FIND, [entries, "mask"])["found"][0]["id"] == 1
    both = modules.evaluate(FIND, [entries, "sigma masks"])
    assert len(both["found"]) == 2 and not both["all"]


@pytest.mark.parametrize(
    ("words", "kind", "title"),
    [
        ("elbo", "Section", None),
        ("2.3", "Section", None),
        ("2", "Chapter", None),
        ("Snippet 2.3", "Snippet", "Snippet 2.3"),
    ],
)
def test_what_treats_of_the_words_comes_first(
    modules: Page, entries: list[dict[str, Any]], words: str, kind: str, title: str | None
) -> None:
    first, *_ = modules.evaluate(FIND, [entries, words])["found"]
    assert first["kind"] in (kind, "Heading" if words == "elbo" else kind)
    assert first["title"].startswith(title or "")
    if words[0] == "2":
        assert first["number"] == words


def test_orders_are_judged_as_by_trying_all_subsets(modules: Page) -> None:
    rng = random.Random(0)
    asked: list[list[int | None]] = []
    for _ in range(200):
        ranks: list[int | None] = [rng.randrange(5) for _ in range(rng.randint(1, 9))]
        asked.append([None if rng.random() < 0.15 else rank for rank in ranks])
    judged = modules.evaluate(
        "all => all.map((ranks) => [book.mayStay(ranks), book.firstTooEarly(ranks)])", asked
    )
    for ranks, (stay, early) in zip(asked, judged, strict=True):
        places = [place for place, rank in enumerate(ranks) if rank is not None]
        sets = (kept for n in range(len(places) + 1) for kept in combinations(places, n))
        sorted_sets = [kept for kept in sets if is_sorted([ranks[place] for place in kept])]
        assert len(stay) == max(map(len, sorted_sets))
        assert tuple(stay) in sorted_sets
        pairs = combinations(places, 2)
        wrong = [first for first, later in pairs if (ranks[later] or 0) < (ranks[first] or 0)]
        assert early == min(wrong, default=-1)


def is_sorted(ranks: list[int | None]) -> bool:
    return all((a or 0) <= (b or 0) for a, b in pairwise(ranks))


EQUAL = {"order": [2, 0, 1], "ranks": [0, 1, 2], "indents": [0, 1, 0], "check": ""}


@pytest.mark.parametrize(
    ("used", "right"),
    [
        ([(2, 0), (0, 1), (1, 0)], True),
        ([(1, 0), (0, 1), (2, 0)], True),  # lines 1 and 2 have the same text
        ([(2, 0), (0, 0), (1, 0)], False),
        ([(2, 0), (0, 1)], False),
        ([(0, 1), (2, 0), (1, 0)], False),
        ([(2, 0), (0, 1), (3, 0)], False),
    ],
)
def test_equal_lines_are_exchangeable(
    modules: Page, used: list[tuple[int, int]], right: bool
) -> None:
    lines = [{"line": line, "indent": indent} for line, indent in used]
    judged = modules.evaluate(
        "([used, key]) => book.isRight(used, key, ['x = 1', 'pass', 'pass', 'y = 2'])",
        [lines, EQUAL],
    )
    assert judged is right
