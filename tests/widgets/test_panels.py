"""Maps and pads: what an instrument must declare, what it may show, what a control accepts."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from widgets.contract import (
    Choice,
    ContractError,
    Dots,
    Drawing,
    Frame,
    Instrument,
    Map,
    Pad,
    ServerGrid,
    Slider,
    Tiles,
    Viewport,
)
from widgets.engine import controls, frames, host
from widgets.engine.check import check_frame, check_instrument
from widgets.engine.panels import check_panel
from widgets.kit.drawing import to_text

BLANK = to_text(np.zeros((28, 28), np.uint8))
VIEW = Viewport("view", "Place", default=(0.0, 1.0, 2.0), panel="map", limit=4.0, max_zoom=6)
DRAWN = Drawing("drawn", "Drawing", default=BLANK, panel="pad")
TILE = np.zeros((256, 256), np.uint8)

SOURCE = f'''
"""A map and a pad."""

import numpy as np

from widgets.contract import Dots, Drawing, Frame, Instrument, Map, Pad, Readout, Viewport

instrument = Instrument(
    name="both",
    title="Both",
    challenge="Draw, and move the map.",
    controls=(
        Viewport("view", "Place", default=(0.0, 1.0, 2.0), panel="map", limit=4.0, max_zoom=6),
        Drawing("drawn", "Drawing", default="{BLANK}", panel="pad"),
    ),
    readouts=(Readout("ink", "Ink", "", ".0f"),),
)


def compute(*, view, drawn):
    return {{"view": view, "ink": drawn.sum(), "drawn": drawn}}


def frame(result):
    dots = Dots(
        np.zeros((2, 2), np.float16), np.array([0, 1]), ("a", "b"), np.ones((2, 2), np.float16)
    )
    tile = np.full((256, 256), 7, np.uint8)[:, ::-1]
    return Frame(
        {{"ink": result["ink"]}},
        [
            Map("map", tile, (2, 1, 3), "A map.", "vae", {{"1σ": 1.0}}, dots),
            Pad("pad", "A pad.", half=True),
        ],
    )
'''


def instrument(*panel_controls):
    return Instrument("probe", "Probe", "Try.", panel_controls, readouts=())


def checked(*panels, of=(VIEW, DRAWN)):
    check_frame(instrument(*of), Frame({}, panels))


def a_map(**changed):
    return Map(**{"key": "map", "tile": TILE, "address": (2, 1, 3), "alt": "A map.", **changed})


def compute_widget(**values):
    request = {"type": "compute_widget", "id": 1, "widget": "bottleneck", "controls": values}
    return host.handle({**request, "source": SOURCE}, lambda mime, data: None)


def test_panels_as_the_protocol_has_them():
    frames.edited.cache_clear()
    reply = compute_widget(view=[0.5, -1, 3])
    assert reply["type"] == "done", reply
    seen, pad = reply["value"]["panels"]
    assert seen["data"].shape == (65536,) and seen["data"].flags.c_contiguous
    dots = seen.pop("dots")
    assert seen | {"data": None} == {
        "key": "map",
        "kind": "map",
        "alt": "A map.",
        "half": False,
        "data": None,
        "address": [2, 1, 3],
        "server": "vae",
        "axes": [0, 1],
        "at": [],
        "rings": {"1σ": 1.0},
    }
    assert dots["points"].dtype == np.float32 and dots["points"].shape == (4,)
    assert dots["names"] == ["a", "b"] and dots["places"].shape == (4,)
    common = {"key": "pad", "kind": "pad", "alt": "A pad.", "half": True}
    assert pad == {**common, "data": None, "shape": None}
    pictures = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    shown = frames.panel_value(Pad("pad", "A pad.", half=True, pictures=pictures))
    assert shown == {**common, "data": shown["data"], "shape": [2, 3, 4]}
    np.testing.assert_array_equal(shown["data"], np.arange(24))


def test_pictures_of_a_pad_are_two():
    for pictures in (np.zeros((1, 4, 4), np.uint8), np.zeros((2, 4, 4, 4)), [[0]]):
        with pytest.raises(ContractError, match=r"pictures of pad are .*; accepted: .*2, height"):
            checked(a_map(), Pad("pad", "A pad.", pictures=pictures))


def test_a_drawing_reaches_compute_as_an_array():
    ink = np.zeros((28, 28), np.uint8)
    ink[3, 4] = 255
    values = controls.accepted(instrument(VIEW, DRAWN), {"drawn": to_text(ink)})
    assert values["drawn"].dtype == np.uint8
    np.testing.assert_array_equal(values["drawn"], ink)
    assert compute_widget(drawn=to_text(ink))["value"]["readouts"]["ink"] == "255"


@pytest.mark.parametrize(
    ("name", "value", "accepted"),
    [
        ("view", [0, 0], "and a zoom from 0 to 6"),
        ("view", [0, 5, 2], "two numbers from -4 to 4 and a zoom"),
        ("view", [0, 0, 7], "and a zoom from 0 to 6"),
        ("view", [0, 0, -1], "and a zoom from 0 to 6"),
        ("view", [0, float("nan"), 1], "two numbers from -4 to 4"),
        ("view", "0,0,0", "and a zoom from 0 to 6"),
        ("drawn", "gg", "accepted: 784"),
        ("drawn", 7, "a drawing as text"),
        ("drawn", "<b>", "stands for no pixels"),
    ],
)
def test_a_value_that_is_not_accepted(name, value, accepted):
    frames.edited.cache_clear()
    reply = compute_widget(**{name: value})
    assert (reply["type"], reply["kind"]) == ("failed", "contract")
    assert reply["message"].startswith(name) and accepted in reply["message"]


def test_a_map_and_a_pad_are_accepted():
    checked(a_map(rings={"1": 1.0}), Pad("pad", "A pad."))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"tile": TILE[:100]}, r"tile of map is uint8 of shape \(100, 256\)"),
        ({"tile": TILE.astype(int)}, r"int64 of shape .* become floats by x / 255"),
        ({"tile": np.zeros((3, 256, 256))}, r"x\.transpose\(1, 2, 0\)"),
        ({"tile": np.zeros((100, 256, 3))}, r"tile of map is float64 of shape \(100, 256, 3\)"),
        ({"tile": [[0]]}, "tile of map is list"),
        ({"address": (2, 4, 0)}, r"address of map is \(2, 4, 0\)"),
        ({"address": (2, 0.5, 0)}, "whole numbers"),
        ({"address": (-1, 0, 0)}, "address"),
        ({"alt": " "}, "alt text of map is empty"),
        ({"rings": {"1σ": 0.0}}, "ring 1σ has the radius 0"),
        ({"axes": (3, 3)}, r"axes of map are \(3, 3\)"),
        ({"axes": (0, -1)}, "two different latents"),
        ({"at": (0.5, float("nan"))}, "finite floats, one per latent"),
    ],
)
def test_a_map_that_is_not_accepted(changed, said):
    with pytest.raises(ContractError, match=said):
        checked(a_map(**changed), Pad("pad", "A pad."))


@pytest.mark.parametrize(
    ("points", "classes", "names", "places", "said"),
    [
        ((3, 2), [0, 1], ("a", "b"), (2, 2), "points of the dots on map"),
        ((2, 2), [0, 2], ("a", "b"), (2, 2), "run from 0 to 2; accepted: 0 to 1"),
        ((2, 2), [0, 0], tuple("abcdefghijk"), (11, 2), "11 names; accepted: 1 to 10"),
        ((2, 2), [0, 0], ("a",), (2, 2), "places of the dots"),
    ],
)
def test_dots_that_are_not_accepted(points, classes, names, places, said):
    dots = Dots(np.zeros(points), np.array(classes), names, np.zeros(places))
    with pytest.raises(ContractError, match=said):
        checked(a_map(dots=dots), Pad("pad", "A pad."))


def test_what_is_set_on_a_panel_needs_it_and_the_other_way_round():
    with pytest.raises(ContractError, match="view is set on the panel 'map'; accepted: a map of"):
        checked(Pad("pad", "A pad."))
    with pytest.raises(ContractError, match="drawn is set on the panel 'pad'; accepted: a pad of"):
        checked(a_map(), a_map(key="pad"))
    with pytest.raises(ContractError, match="Nothing is set on the panel map"):
        checked(a_map(), Pad("pad", "A pad."), of=(DRAWN,))


@pytest.mark.parametrize(
    ("control", "said"),
    [
        (Viewport("v", "V", (5.0, 0.0, 1.0), "map", limit=4.0), "two numbers from -4 to 4 and a"),
        (Viewport("v", "V", (0.0, 0.0, 20.0), "map", limit=4.0), "a zoom from 0 to 18"),
        (Drawing("d", "D", "gg", "pad"), "holds 2 pixels; accepted: 784"),
        (Drawing("d", "D", BLANK, "pad", pen=0), "pen of d is 0; accepted: above 0"),
    ],
)
def test_declarations_that_are_not_accepted(control, said):
    declared = Instrument("probe", "Probe", "Try.", (control,), ())
    with pytest.raises(ContractError, match=said):
        check_instrument(SimpleNamespace(instrument=declared))


def tiles(images, **more):
    return Tiles("faces", images, "Faces.", **more)


FACES = np.random.default_rng(0).uniform(size=(6, 5, 7, 3))


def test_colours_are_sent_as_pillow_would_store_them():
    panel = frames.panel_value(tiles(FACES, columns=3))
    assert panel["shape"] == [2, 3, 5, 7, 3] and panel["data"].dtype == np.uint8
    for sent, face in zip(panel["data"].reshape(6, 5, 7, 3), FACES, strict=True):
        stored = np.asarray(Image.fromarray((255 * face).round().astype(np.uint8), "RGB"))
        np.testing.assert_array_equal(sent, stored)


def test_every_level_comes_back_from_floats():
    levels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    for dtype in (np.float16, np.float32, np.float64):
        sent = frames.panel_value(tiles((levels / 255).astype(dtype)))
        assert sent["shape"] == [1, 1, 16, 16]
        np.testing.assert_array_equal(sent["data"], levels.ravel())
    grey = frames.panel_value(tiles(levels[None]))
    np.testing.assert_array_equal(grey["data"], levels.ravel())


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (np.zeros((6, 3, 8, 8)), r"float64 of shape \(6, 3, 8, 8\).*x\.transpose\(0, 2, 3, 1\)"),
        (np.zeros((8, 8, 3)), r"single picture is x\[None\]"),
        (np.zeros((6, 8, 8, 4)), r"x\[\.\.\., :3\]"),
        (np.zeros((6, 8, 8, 1)), r"x\[\.\.\., 0\]"),
        (np.zeros((8, 8)), r"float64 of shape \(8, 8\)"),
        (np.zeros((2, 3, 8, 8, 3)), r"float64 of shape \(2, 3, 8, 8, 3\)"),
        (np.zeros((6, 8, 8, 3), np.uint8), "floats by x / 255"),
        (np.zeros((6, 8, 8), np.uint8), "floats by x / 255"),
        (np.zeros((6, 8, 8, 3), np.int64), "floats by x / 255"),
        (np.zeros((6, 8, 8), bool), r"x\.astype\(float\)"),
        (np.zeros((6, 8, 8), complex), "complex128"),
        (np.zeros((0, 8, 8)), "with a 0"),
        ([[[0.5]]], "are list"),
        (np.full((1, 2, 2, 3), np.nan), r"12 of 12 numbers \(nan or infinite\)"),
        (np.full((1, 2, 2), np.inf), "nan or infinite"),
        (np.full((1, 2, 2), 255.0), r"from 255 to 255\).*x / 255"),
        (np.linspace(-1, 1, 8).reshape(1, 2, 4), r"4 of 8 .*\(x \+ 1\) / 2"),
        (np.array([[[0.5, 1.01]]]), r"1 of 2 .*np\.clip\(x, 0, 1\)"),
    ],
)
def test_images_that_are_not_accepted(images, said):
    for attempt in (check_panel, frames.panel_value):
        with pytest.raises(ContractError, match=r"The images of faces are") as raised:
            attempt(tiles(images))
        assert re.search(said, str(raised.value))


NAMES = tuple("abcdef")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"labels": NAMES[:5]}, "6 images and 5 labels"),
        ({"labels": NAMES, "numbers": ("1",)}, "6 images and 1 numbers"),
        ({"labels": "abcdef"}, "accepted: texts"),
        ({"labels": NAMES, "numbers": (0.5,) * 6}, "accepted: texts"),
        ({"labels": (*NAMES[:5], " ")}, "Label 5 of faces is empty"),
        ({"labels": NAMES, "marked": (6,)}, "marks the image 6; accepted: whole numbers, 0 to 5"),
        ({"labels": NAMES, "server": ServerGrid("vae", 2, 1.0)}, "no columns, gap or server"),
        ({"marked": (1,)}, "only with labels"),
        ({"columns": 4}, "6 images in rows of 4"),
    ],
)
def test_a_gallery_that_is_not_accepted(more, said):
    with pytest.raises(ContractError, match=said):
        check_panel(tiles(FACES, **more))


def test_a_gallery_has_an_image_for_each_value_that_is_set_on_it():
    def frame_of(panel):
        return Frame({}, [panel])

    shown = Slider("shown", "Shown", default=0, min=0, max=5, step=1, panel="faces")
    check_frame(instrument(shown), frame_of(tiles(FACES, labels=NAMES)))
    for panel in (tiles(FACES[:5], labels=NAMES[:5]), tiles(FACES)):
        with pytest.raises(ContractError, match="shown has 6 values and faces has"):
            check_frame(instrument(shown), frame_of(panel))
    picked = Choice("picked", "Picked", dict.fromkeys(NAMES, "."), "a", panel="elsewhere")
    with pytest.raises(ContractError, match="picked is set on the panel 'elsewhere'"):
        check_frame(instrument(picked), frame_of(tiles(FACES, labels=NAMES)))
