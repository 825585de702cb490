"""What a class can be asked: the questions and instruments of the built site, cut out of its pages.

What the site does not have, as it is hidden or not open yet, cannot be asked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from html import unescape
from pathlib import Path
from typing import Any

from latentbook.book.compose.pieces import Html
from latentbook.book.write.render import OnePage
from latentbook.http.logs import log

PLACE = "class"
"""All pages of class mode lie one folder below the root of the site, as this one does."""

BLOCK = re.compile(r'<section class="(?:quiz|instrument)" id="([^"]*)"[^>]*>')
LINK = re.compile(r'href="\.\./((?:[\w-]+/){1,2})["#]')
TITLE = re.compile(r"<h1[^>]*>(.*?)</h1>", re.DOTALL)
TAG = re.compile(r"<[^>]*>")
ENDS_LINE = re.compile(r"</(?:p|li|div)>|(?<=\d)</span>(?=<span>)")
"""A paragraph, or the number before a title."""

RECT = re.compile(r'<rect x="([^"]*)" y="([^"]*)" width="([^"]*)" height="([^"]*)"')
STEP = re.compile(r"([a-z])(-?[\d.]*)")
FEWEST_STEPS, LEAST_WIDTH = 8, 200
"""Steps, and pixels, of what is taken for a curve."""

SIZE = re.compile(r'viewBox="0 0 (\S+) (\S+)"')

ENDS_INSETS = re.compile("; --(?:answer|value)")

BLEED = 1
"""Pixels by which a clip is wider than its axes (static/js/figure/scene.js)."""

MAX_POINTS = 128
"""Of a curve."""

LARGEST = 1e12
"""What a phone may send for a number."""

QUIZZES = ("choice", "true-false", "number", "guess")


class NotAccepted(ValueError):
    """A value that is no answer; the message says what is one."""


@dataclass(frozen=True)
class Way:
    """One way in which a block can be put to a class.

    Attributes
    ----------
    wanted : ``readout:KEY``, ``panel:KEY`` or ``draw:KEY`` of an instrument; empty for a question
    name : what the lecturer reads
    """

    wanted: str
    name: str

    @property
    def form(self) -> str:
        """``readout``, ``panel``, ``draw``, or empty."""
        return self.wanted.partition(":")[0]


@dataclass(frozen=True)
class Block:
    """A question or an instrument.

    Attributes
    ----------
    id : ``SLUG/NAME#LABEL``
    kind : of ``QUIZZES``, or ``instrument``
    title : the question, or the title of the instrument, without markup
    section : number and title of the page
    html : the block, its links leading from one folder below the root
    key : ``data-key`` of a question, ``data-spec`` of an instrument
    ways : how it can be asked
    opens : when the answer opens, as the page says it; empty if it is open
    """

    id: str
    kind: str
    title: str
    section: str
    html: str
    key: Mapping[str, Any]
    ways: tuple[Way, ...] = (Way("", ""),)
    options: tuple[str, ...] = ()
    opens: str = ""

    def shown(self, wanted: str, *, revealed: bool) -> dict[str, Any]:
        """What a phone or the projector is sent.

        Once it is revealed, the answer is there too, or when that opens.
        """
        shared = {"kind": self.kind, "title": self.title, "section": self.section}
        form, _, key = wanted.partition(":")
        if form == "draw":
            return {**shared, "kind": "draw", **drawing(self.html, key, revealed=revealed)}
        if self.kind == "instrument":
            return {**shared, "kind": form, "html": self.html, "wanted": key}
        sent = {**shared, "question": inner(self.html, r'class="question"')}
        answer: dict[str, Any] = {}
        if revealed:
            answer = {"opens": self.opens} if self.opens else {"answer": self.key["answer"]}
        if self.kind == "choice":
            return {**sent, "options": self.options, **answer}
        if self.kind == "number":
            return {**sent, "unit": self.key["unit"], **answer}
        if self.kind == "guess":
            told = revealed and not self.opens
            return {**sent, **guess(self.html, self.key, revealed=told), **answer}
        return {**sent, **answer}

    def accept(self, wanted: str, value: Any) -> Any:
        """An answer as it is kept: a number, or the points of a curve.

        Raises
        ------
        NotAccepted
            If it is none.
        """
        form = wanted.partition(":")[0]
        if form == "draw":
            return numbers(value, low=0, high=1)
        if form == "panel":
            if not isinstance(value, dict) or value.keys() != {"x", "y"}:
                raise NotAccepted("Accepted: a curve, {x: […], y: […]}.")
            x, y = numbers(value["x"]), numbers(value["y"])
            if len(x) != len(y):
                raise NotAccepted(f"x has {len(x)} numbers, y has {len(y)}.")
            return {"x": x, "y": y}
        if self.kind == "choice":
            return index(value, len(self.options))
        if self.kind == "true-false":
            return index(value, 2)
        if self.kind == "guess":
            ends = guess_range(self.html)
            return number(value, *ends)
        return number(value)


def number(value: Any, low: float = -LARGEST, high: float = LARGEST) -> float:
    """A finite number between two others."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not low <= value <= high:  # not a number lies nowhere
        raise NotAccepted(f"Accepted: a number from {low:g} to {high:g}.")
    return float(value)


def index(value: Any, count: int) -> int:
    """The place of an option, from 0."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < count:
        raise NotAccepted(f"Accepted: a whole number from 0 to {count - 1}.")
    return value


def numbers(value: Any, low: float = -LARGEST, high: float = LARGEST) -> list[float]:
    """The ordinates or the abscissas of a curve, to four digits."""
    if not isinstance(value, list) or not 2 <= len(value) <= MAX_POINTS:
        raise NotAccepted(f"Accepted: 2 to {MAX_POINTS} numbers.")
    return [float(f"{number(each, low, high):.4g}") for each in value]


@dataclass
class Blocks:
    """Those of a site, read again once another site has taken its place.

    Attributes
    ----------
    folder : the finished site
    """

    folder: Path
    _seen: tuple[int, int] | None = None
    _blocks: dict[str, Block] = field(default_factory=dict)

    def all(self) -> Mapping[str, Block]:
        """Every block by its id, in the order of the book."""
        now = self.folder.stat()
        if self._seen != (now.st_ino, now.st_mtime_ns):
            self._blocks = {block.id: block for block in read_blocks(self.folder)}
            self._seen = (now.st_ino, now.st_mtime_ns)
        return self._blocks


def read_blocks(site: Path) -> Iterator[Block]:
    """The blocks of all pages, in order. One that cannot be read is logged and left out."""
    contents = (site / "contents" / "index.html").read_text(encoding="utf-8")
    for place in dict.fromkeys(["", *(link.strip("/") for link in LINK.findall(contents))]):
        page = site / place / "index.html"
        if page.is_file():
            yield from blocks_of(place, page.read_text(encoding="utf-8"))


def blocks_of(place: str, page: str) -> Iterator[Block]:
    """The blocks of one page that can be asked."""
    title = TITLE.search(page)
    section = plain(title[1]) if title else ""
    move = OnePage(PLACE, {}, {})
    for found in BLOCK.finditer(page):
        block = Block(f"{place}#{found[1]}", "", "", section, "", {})
        try:
            html = move.bring(Html(page[found.start() : end_of(page, found.start())]), place)
            block = read_block(replace(block, html=html))
        except Exception:  # whatever is wrong with one block, the others can be asked
            log.exception("A class cannot be asked this: its block cannot be read", label=block.id)
            continue
        if block.kind and block.ways:
            yield block


def read_block(block: Block) -> Block:
    """A block with what its markup says; without a kind if it cannot be asked."""
    html = block.html
    if attribute(html, "data-spec"):
        spec = json.loads(attribute(html, "data-spec"))
        ways = tuple(ways_of(html, spec))
        title = plain(inner(html, r'class="title"'))
        return replace(block, kind="instrument", title=title, key=spec, ways=ways)
    if (kind := attribute(html, "data-quiz")) not in QUIZZES:
        return block
    options = [inner(each, "") for each in options_of(html)] if kind == "choice" else []
    is_open = " data-opens" not in html[: html.index(">")]
    return replace(
        block,
        kind=kind,
        title=plain(inner(html, r'class="question"')),
        key=json.loads(attribute(html, "data-key")),
        options=tuple(options),
        opens="" if is_open else plain(inner(html, r'class="opens"')),
    )


def options_of(html: str) -> Iterator[str]:
    """What stands in each label of a choice."""
    picks = inner(html, r'class="picks"')
    for start in re.finditer("<label>", picks):
        label = picks[start.start() : end_of(picks, start.start())]
        yield label[label.index("<span>") :]


def ways_of(html: str, spec: Mapping[str, Any]) -> Iterator[Way]:
    """How an instrument can be asked: with a seed each, or by drawing a curve of its picture."""
    seeded = any(each["kind"] == "seed" and not each["when"] for each in spec["controls"])
    plots = [key for key in re.findall(r'class="panel plot[^"]*" data-panel="([^"]*)"', html)]
    if seeded:
        for readout in spec["readouts"]:
            yield Way(f"readout:{readout['key']}", readout["label"])
    curves = [key for key in plots if has_curve(html, key)]
    if seeded:
        yield from (Way(f"panel:{key}", key) for key in curves)
    yield from (Way(f"draw:{key}", key) for key in curves)


def stills(html: str, key: str) -> list[str]:
    """The drawings of a panel, widest first."""
    panel = inner(html, rf'data-panel="{re.escape(key)}"')
    starts = re.finditer(r'<svg class="still', panel)
    return [panel[start.start() : end_of(panel, start.start())] for start in starts]


def has_curve(html: str, key: str) -> bool:
    """Whether a panel has one pair of axes with a curve in it that never runs back."""
    found = stills(html, key)
    if not found or found[0].count("<clipPath") != 1:
        return False
    return any(runs_on(path) for path in re.findall(r'<path d="([^"]*)" fill="none"', found[0]))


def runs_on(path: str) -> bool:
    """Whether a line of some points goes from left to right. All steps of a path are relative
    (static/js/figure/pen.js).
    """
    steps = STEP.findall(path)
    if any(command not in "mlhv" for command, _ in steps):
        return False
    widths = [float(dx) for command, dx in steps[1:] if command in "lh"]
    return len(widths) >= FEWEST_STEPS and min(widths) >= 0 and sum(widths) >= LEAST_WIDTH


def drawing(html: str, key: str, *, revealed: bool) -> dict[str, Any]:
    """The pictures of a panel, without its curves until they are revealed, and where its axes are.

    ``box`` holds left, top, width and height of each picture's axes, as shares of it.
    """
    pictures = stills(html, key)
    boxes = []
    for svg in pictures:
        size, rect = SIZE.search(svg), RECT.search(svg)
        assert size is not None and rect is not None
        width, height = float(size[1]), float(size[2])
        x, y, w, h = map(float, rect.groups())
        x, y, w, h = x + BLEED, y + BLEED, w - 2 * BLEED, h - 2 * BLEED
        boxes.append([x / width, y / height, w / width, h / height])
    shown = pictures if revealed else [without_curves(svg) for svg in pictures]
    return {"pictures": shown, "boxes": boxes}


def without_curves(svg: str) -> str:
    """A still with its grid and the text of its axes alone, and no words that tell what it shows.

    ``static/js/figure/scene.js`` draws, in this order: definitions, shapes below, grid, traces,
    shapes above, text of the axes, annotations.
    """
    head_end = svg.index(">") + 1
    parts, place = [], head_end
    while svg[place : place + 2] != "</":
        end = end_of(svg, place)
        parts.append(svg[place:end])
        place = end
    head = re.sub(r' aria-label="[^"]*"', "", svg[:head_end])
    return "".join([head, parts[0], parts[2], parts[5], "</svg>"])


def guess(html: str, key: Mapping[str, Any], *, revealed: bool) -> dict[str, Any]:
    """The figure of a guess, with the truth in its place once that is revealed."""
    low, high = guess_range(html)
    slider = tag(html, r'type="range"')
    return {
        "unit": key["unit"],
        "log": key["log"],
        "low": low,
        "high": high,
        "step": float(attribute(slider, "step")),
        "insets": ENDS_INSETS.split(attribute(tag(html, r'class="drawing guess"'), "style"))[0],
        "picture": inner(html, r'class="truth"' if revealed else r'class="asked"'),
    }


def guess_range(html: str) -> tuple[float, float]:
    """The ends of a guess's slider."""
    slider = tag(html, r'type="range"')
    return float(attribute(slider, "min")), float(attribute(slider, "max"))


def tag(html: str, having: str) -> str:
    """The first start tag with something in it."""
    found = re.search(rf"<\w+[^>]*{having}[^>]*>", html)
    assert found is not None, having
    return found[0]


def attribute(html: str, name: str) -> str:
    """The value of an attribute in the first tag, empty where it has none."""
    found = re.search(rf'\s{name}="([^"]*)"', html[: html.index(">") + 1])
    return unescape(found[1]) if found else ""


def inner(html: str, having: str) -> str:
    """What stands in the first element whose start tag has something in it."""
    found = re.search(rf"<\w+[^>]*{having}[^>]*>", html)
    assert found is not None, having
    end = end_of(html, found.start())
    return html[found.end() : html.rindex("</", found.start(), end)]


def end_of(html: str, start: int) -> int:
    """Where an element ends that starts somewhere."""
    name = re.compile(r"<(\w+)").match(html, start)
    assert name is not None
    depth = 0
    for each in re.finditer(rf"<(/?){name[1]}\b[^>]*?(/?)>", html[start:]):
        depth += 0 if each[2] else -1 if each[1] else 1
        if depth == 0:
            return start + each.end()
    raise ValueError(f"An element <{name[1]}> has no end.")


def plain(html: str) -> str:
    """The words of some markup. What is hidden from screen readers repeats what is read to them."""
    while hidden := re.search(r'<\w+[^>]*aria-hidden="true"[^>]*>', html):
        html = html[: hidden.start()] + html[end_of(html, hidden.start()) :]
    return " ".join(unescape(TAG.sub("", ENDS_LINE.sub(" ", html))).split())
