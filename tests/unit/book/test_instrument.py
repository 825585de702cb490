"""The block of an instrument: its state, its controls as the page has them, its stills."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from app.book.blocks import InstrumentBlock
from app.book.directives.instrument import read_state
from app.book.load import load
from app.book.pieces import PlotStill, TilesStill
from app.book.stills import alpha_png, mosaic
from widgets import get, host
from widgets.contract import Choice, Instrument, Point, Seed, Slider, Toggle

from .conftest import HEAD, MakeBook

INSTRUMENT = Instrument(
    name="every_control",
    title="Every control",
    ask="Move them.",
    controls=(
        Slider("k", "Width", 3, min=1, max=9),
        Slider("rate", "Rate", 0.1, values=(0.01, 0.1, 1.0)),
        Choice("data", "Data", {"mnist": "MNIST", "synthetic": "Synthetic"}, "mnist"),
        Toggle("rotated", "Rotated"),
        Point("z", "Code", (0.0, 0.0), limit=3.0, panel="plane"),
        Seed(),
    ),
    readouts=(),
)


def test_state_of_every_kind_of_control() -> None:
    state = read_state(
        INSTRUMENT, "k=9, rate=0.01, data=synthetic, rotated=true, z=(1, -2.5), seed=4"
    )
    assert state == {
        "k": 9,
        "rate": 0.01,
        "data": "synthetic",
        "rotated": True,
        "z": (1.0, -2.5),
        "seed": 4,
    }


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("width=3", "has no control 'width'"),
        ("k=10", "k=10 is not accepted. Accepted: 1 to 9 in steps of 1."),
        ("k=2.5", "k=2.5 is not accepted"),
        ("rate=0.5", "Accepted: 0.01, 0.1, 1."),
        ("data=mnits", "Did you mean 'mnist'?"),
        ("rotated=yes", "must be true or false"),
        ("z=(1, 4)", "lies outside"),
        ("z=1", "must be two numbers"),
        ("seed=1.5", "must be a whole number from 0 to 999"),
        ("k=three", "must be a number"),
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
    settings = make_book({"sample.md": HEAD + text, "references.bib": bib})
    (found,) = load(settings).book.chapters[0].lead
    assert isinstance(found, InstrumentBlock)
    return found


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


def test_stills_of_both_widths_and_kinds(block: InstrumentBlock) -> None:
    plots = [panel for panel in block.panels if isinstance(panel, PlotStill)]
    tiles = [panel for panel in block.panels if isinstance(panel, TilesStill)]
    assert plots and tiles
    assert 'class="still wide"' in plots[0].wide and 'width="600"' in plots[0].wide
    assert 'class="still narrow"' in plots[0].narrow and 'width="320"' in plots[0].narrow
    assert tiles[0].src.startswith("../assets/bottleneck-")


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
