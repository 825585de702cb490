"""An instrument's block: its state, its controls on the page, its stills."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from latentbook.book.compose.map_still import ACROSS, map_picture, with_rings
from latentbook.book.compose.stills import alpha_png, mosaic, picture_png, where_inked
from latentbook.book.directives.instrument import InstrumentBlock, read_state
from latentbook.book.load import load
from latentbook.book.write.exports import chapter_cells
from widgets import get
from widgets.contract import (
    Choice,
    Drawing,
    Glyph,
    Instrument,
    Point,
    Seed,
    Slider,
    Textbox,
    Toggle,
    Viewport,
)
from widgets.engine import host

from .conftest import HEAD, MakeBook

INSTRUMENT = Instrument(
    name="every_control",
    title="Every control",
    challenge="Move them.",
    controls=(
        Slider("k", "Width", 3, min=1, max=9),
        Slider("rate", "Rate", 0.1, values=(0.01, 0.1, 1.0)),
        Choice("data", "Data", {"mnist": "MNIST", "synthetic": "Synthetic"}, "mnist"),
        Toggle("rotated", "Rotated"),
        Point("z", "Code", (0.0, 0.0), limit=3.0, panel="plane"),
        Seed(),
        Viewport("view", "Place", (0.0, 0.0, 1.0), panel="map", limit=8.0),
        Drawing("drawn", "Drawing", "l", panel="pad", side=2),
        Textbox("word", "Word", "camel", max_length=20),
        Glyph("mark", "Mark", "♪", side=2),
    ),
    readouts=(),
)


def test_state_of_every_kind_of_control() -> None:
    state = read_state(
        INSTRUMENT,
        "k=9, rate=0.01, data=synthetic, rotated=on, z=(1, -2.5), seed=4, "
        "view=(-1.5, 2, 3.5), drawn=fgf1",
    )
    assert state == {
        "k": 9,
        "rate": 0.01,
        "data": "synthetic",
        "rotated": True,
        "z": (1.0, -2.5),
        "seed": 4,
        "view": (-1.5, 2.0, 3.5),
        "drawn": "fgf1",
    }


@pytest.mark.parametrize(
    ("setting", "word"),
    [
        ("word=smiling  cat, k=3", "smiling cat"),
        ('word="a, (b) = c", k=3', "a, (b) = c"),
        (r'k=3, word="say \"\\\""', 'say "\\"'),
        ('word="", k=3', ""),
        ("word=e\u0301, k=3", "\xe9"),
    ],
)
def test_a_text_with_and_without_quotes(setting: str, word: str) -> None:
    assert read_state(INSTRUMENT, setting) == {"word": word, "k": 3}


def test_a_toggle_as_courses_wrote_it_before() -> None:
    assert read_state(INSTRUMENT, "rotated=true") == {"rotated": True}


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("width=3", "has no control 'width'"),
        ("k=10", "k=10 must be a step of the slider, 1 to 9 by 1"),
        ("k=2.5", "k=2.5 must be a step of the slider"),
        ("rate=0.5", "rate=0.5 must be one of 0.01, 0.1, 1"),
        ("data=mnits", "data=mnits must be one of mnist"),
        ("rotated=yes", "rotated=yes must be on or off"),
        ("z=(1, 4)", "must be two numbers from"),
        ("z=1", "must be two numbers"),
        ("seed=1.5", "must be a whole number from 0 to 999"),
        ("k=three", "must be a number"),
        ("view=(1, 2)", "and a zoom from 0 to 18"),
        ("view=(1, 2, 19)", "a zoom from 0 to 18"),
        ("view=(9, 0, 1)", "two numbers from -8 to 8"),
        ("drawn=ff", "holds 2 pixels; accepted: 4"),
        ("word=a camel and another camel", "word has 25 characters; accepted: 20 at most"),
        ('word="a, k=3', "a text with commas or brackets as"),
        ("k=3, k=4", "is given twice"),
        ("k", "write 'name=value, name=value'"),
    ],
)
def test_a_state_that_is_not_accepted(setting: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        read_state(INSTRUMENT, setting)
    assert message in str(caught.value)


@pytest.fixture
def block(make_book: MakeBook, root: Path) -> InstrumentBlock:
    text = "\n:::{instrument} bottleneck\n:label: first\n:set: k=12, data=mnist\n:::\n"
    bib = (root / "content" / "references.bib").read_text(encoding="utf-8")
    settings = make_book({"sample/text.md": HEAD + text, "references.bib": bib})
    (found,) = load(settings).book.chapters[0].sections[0].blocks
    assert isinstance(found, InstrumentBlock)
    return found


def test_an_author_asks_another_question(make_book: MakeBook, root: Path) -> None:
    asked = ":challenge: How many *components* are enough?\n"
    text = f"\n:::{{instrument}} bottleneck\n:label: first\n{asked}:::\n"
    bib = (root / "content" / "references.bib").read_text(encoding="utf-8")
    loaded = load(make_book({"sample/text.md": HEAD + text, "references.bib": bib}))
    (chapter,), (source,) = loaded.book.chapters, loaded.sources
    (found,) = chapter.sections[0].blocks
    assert isinstance(found, InstrumentBlock)
    assert found.challenge.words == "How many components are enough?"
    written = "".join(cell.source for cell in chapter_cells(chapter, source, loaded))
    assert "moves in the book. How many *components* are enough?" in written
    assert get("bottleneck").instrument.challenge not in written


def test_spec_names_the_state_and_every_control(block: InstrumentBlock) -> None:
    spec = json.loads(block.spec)
    assert (spec["name"], spec["label"]) == ("bottleneck", "first")
    assert spec["set"] == {"k": 12, "data": "mnist"}
    declared = [control.name for control in get("bottleneck").instrument.controls]
    assert [control["name"] for control in spec["controls"]] == declared


def test_readouts_are_what_the_page_will_print(block: InstrumentBlock) -> None:
    state = {**get("bottleneck").instrument.defaults(), "k": 12, "data": "mnist"}
    request: dict[str, Any] = {"type": "compute_widget", "id": 1, "widget": "bottleneck"}
    reply = host.handle({**request, "controls": state, "source": None}, lambda mime, data: None)
    assert {r.key: r.value for r in block.readouts} == reply["value"]["readouts"]


def test_stills_of_all_widths_and_kinds(block: InstrumentBlock) -> None:
    plots = [panel for panel in block.panels if panel.kind == "plot"]
    tiles = [panel for panel in block.panels if panel.kind == "tiles"]
    assert plots and tiles
    widths = [re.search(r'^<svg[^>]* width="(\d+)"', still) for still in plots[0].stills]
    assert [found and found[1] for found in widths] == ["910", "600", "320"]
    assert tiles[0].src.startswith("assets/bottleneck-")


def test_a_pad_shows_its_second_picture_where_there_is_ink() -> None:
    drawn = np.array([[0, 255], [0, 0]], np.uint8)
    pictures = np.stack([np.full((4, 6), 10, np.uint8), np.full((4, 6), 20, np.uint8)])
    seen = where_inked(drawn, pictures)
    assert (seen[:2, 3:] == 20).all()
    assert np.sum(seen == 10) == 24 - 6


def test_mosaic_puts_every_tile_in_its_place() -> None:
    images = np.arange(2 * 3 * 4 * 5, dtype=np.uint8).reshape(2, 3, 4, 5)
    wall = mosaic(images, 2)
    assert wall.shape == (2 * 4 + 2, 3 * 5 + 2 * 2)
    for row in range(2):
        for column in range(3):
            top, left = row * 6, column * 7
            np.testing.assert_array_equal(wall[top : top + 4, left : left + 5], images[row, column])
    assert wall[4:6].max() == 0


def test_the_alpha_of_the_png_is_the_ink() -> None:
    ink = np.arange(256, dtype=np.uint8).reshape(16, 16)
    with Image.open(io.BytesIO(alpha_png(ink))) as image:
        pixels = np.asarray(image.convert("RGBA"))
    np.testing.assert_array_equal(pixels[..., 3], ink)
    assert pixels[..., :3].max() == 0


@pytest.mark.parametrize("gap", [0, 2])
def test_the_png_of_colours_has_them_and_transparent_gaps(gap: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 3, 4, 5, 3), np.uint8)
    with Image.open(io.BytesIO(picture_png(mosaic(images, gap)))) as image:
        seen = np.asarray(image.convert("RGBA"))
    for row, column in np.ndindex(2, 3):
        top, left = row * (4 + gap), column * (5 + gap)
        tile = seen[top : top + 4, left : left + 5]
        np.testing.assert_array_equal(tile[..., :3], images[row, column])
        assert (tile[..., 3] == 255).all()
    assert np.sum(seen[..., 3] == 0) == seen[..., 3].size - 2 * 3 * 4 * 5


def test_a_pad_in_colour_shows_its_second_picture_where_there_is_ink() -> None:
    drawn = np.array([[0, 255], [0, 0]], np.uint8)
    pictures = np.zeros((2, 4, 6, 3), np.uint8)
    pictures[0], pictures[1] = (10, 20, 30), (40, 50, 60)
    seen = where_inked(drawn, pictures)
    assert (seen[:2, 3:] == (40, 50, 60)).all()
    assert np.sum((seen == (10, 20, 30)).all(axis=2)) == 24 - 6


def test_a_map_in_colour_is_transparent_outside_and_has_its_rings() -> None:
    red = np.full((256, 256, 3), (200, 30, 10), np.uint8)
    seen = map_picture((8.0, 8.0, 0.0), 8.0, lambda x, y, zoom: red)  # centred on a corner
    assert seen.shape == (ACROSS, ACROSS, 4)
    assert (seen[300, 100] == (200, 30, 10, 255)).all()
    assert seen[100, 100, 3] == seen[300, 300, 3] == 0
    plain = np.dstack([np.full((ACROSS, ACROSS, 3), 255, np.uint8), np.full((ACROSS, ACROSS), 255)])
    ringed = with_rings(plain.astype(np.uint8), (0.0, 0.0, 0.0), 8.0, {"2": 2.0})
    radius = 2.0 * 256 / 16  # px
    darkest = ringed[200, 200:, 0].argmin() + 0.5
    assert abs(darkest - radius) <= 1.5
    assert (ringed[200, 200] == 255).all()


def place_tile(x: float, y: float, zoom: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A tile whose ink encodes its quadrant of the plane."""
    return np.full((256, 256), 60 * (1 + (x > 0) + 2 * (y > 0)), np.uint8)


def test_a_map_shows_each_place_where_it_is() -> None:
    """A plane of four inks, at the contract's scale: 256 * 2^zoom px per 16 units."""
    seen = map_picture((-1.0, 0.5, 3.0), 8.0, place_tile)
    assert seen.shape == (ACROSS, ACROSS)
    border_x, border_y = 200 + 1.0 * 128, 200 + 0.5 * 128  # of x = 0 and y = 0, px
    assert border_x == 328 and border_y == 264
    for (row, column), ink in {(0, 0): 180, (0, 399): 240, (399, 0): 60, (399, 399): 120}.items():
        assert seen[row, column] == ink
    assert [seen[0, 326], seen[0, 329]] == [180, 240]
    assert [seen[262, 0], seen[266, 0]] == [180, 60]


def test_a_map_between_two_zooms_is_scaled() -> None:
    seen = map_picture((0.0, 0.0, 0.5), 8.0, place_tile)
    edge = 200 - 8 * 256 * 2**0.5 / 16  # the plane is smaller than the picture
    assert seen[200, int(edge) - 2] == 0
    assert seen[150, int(edge) + 2] == 180


def test_rings_have_their_radius() -> None:
    ringed = with_rings(np.zeros((ACROSS, ACROSS), np.uint8), (1.0, 0.0, 2.0), 8.0, {"2": 2.0})
    row = np.flatnonzero(ringed[200])  # 64 px per unit; the origin is 64 px left of the middle
    np.testing.assert_allclose([row.min(), row.max()], [136 - 128, 136 + 128], atol=1.5)


def test_the_still_of_a_map(make_book: MakeBook, root: Path) -> None:
    bib = (root / "content" / "references.bib").read_text(encoding="utf-8")
    text = "\n:::{instrument} latent_atlas\n:label: atlas\n:set: view=(1, 0, 4)\n:::\n"
    settings = make_book({"sample/text.md": HEAD + text, "references.bib": bib})
    loaded = load(settings)
    (found,) = loaded.book.chapters[0].sections[0].blocks
    assert isinstance(found, InstrumentBlock)
    panel = found.panels[0]
    assert panel.kind == "map"
    assert panel.src.startswith("assets/latent-atlas-map-")
    assert "around the code (1.000, 0.000)" in panel.alt
    assert '"set": {"view": [1.0, 0.0, 4.0]}' in found.spec
