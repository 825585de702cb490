"""The still: made without a DOM, in the page's colours, for any width."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.unit.draw.drawn_figures import FIGURES, cloud, heatmaps, plain, spectrum

Engine = Callable[..., Any]


def still(engine: Engine, figure: dict[str, Any], width: int = 600) -> str:
    return engine("book.svg", figure, {"width": width, "id": "s", "label": 'k < 3 & "so"'})


@pytest.mark.parametrize("width", [320, 600, 664])
@pytest.mark.parametrize("name", FIGURES)
def test_well_formed_in_the_themes_colours(engine: Engine, name: str, width: int) -> None:
    markup = still(engine, FIGURES[name](), width)
    root = ET.fromstring(markup)
    assert root.get("aria-label") == 'k < 3 & "so"'
    assert root.get("class") == f"still {'narrow' if width < 480 else 'wide'}"
    for element in root.iter():
        assert element.get("style") is None
        for paint in (element.get("fill"), element.get("stroke")):
            assert re.fullmatch(r"none|currentColor|(var|color-mix)\(.*\)", paint or "none")
        size = element.get("font-size")
        assert size is None or float(size) >= 12 or element.tag == "tspan"
    for place in ("d", "x", "y"):
        values = " ".join(element.get(place) or "" for element in root.iter())
        assert "NaN" not in values
        assert not re.search(r"\.\d{2}", values), "more than one decimal"


@pytest.mark.parametrize("name", FIGURES)
def test_ids_start_with_the_prefix(engine: Engine, name: str) -> None:
    root = ET.fromstring(still(engine, FIGURES[name]()))
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert all(one == "s" or one.startswith("s-") for one in ids)


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [(600, 300, 300), (664, 300, 332), (320, 300, 224), (320, 480, 256), (480, 300, 240)],
)
def test_size(engine: Engine, width: int, height: int, expected: int) -> None:
    figure = spectrum()
    figure["layout"]["height"] = height
    assert engine("book.size", figure, width) == {"width": width, "height": expected}


def test_narrow_pictures_have_fewer_labels_that_do_not_touch(engine: Engine) -> None:
    figure = spectrum()
    figure["layout"]["xaxis"] |= {"tickvals": None, "dtick": 2}
    texts = re.findall(r"<text[^>]*>(\d+)</text>", still(engine, figure, 320))
    assert "8" in texts and "2" not in texts


def test_one_path_a_trace(engine: Engine) -> None:
    assert still(engine, cloud()).count("h0m") == 599
    assert still(engine, cloud()).count("<path") < 12
    assert still(engine, heatmaps()).count("<path") == 2 * (1 + 32)


def test_a_heatmap_has_the_same_paths_at_every_width(engine: Engine) -> None:
    """A compressed page then contains them only once."""
    wide, narrow = (re.findall(r' d="[^"]+"', still(engine, heatmaps(), w)) for w in (600, 320))
    assert len(wide) > 30
    assert wide == narrow


@pytest.mark.parametrize("equal", [True, False])
def test_a_cloud_has_the_same_path_at_every_width(engine: Engine, equal: bool) -> None:
    figure = cloud()
    if not equal:
        del figure["layout"]["yaxis"]["scaleanchor"]
    wide, narrow = (re.findall(r' d="[^"]+h0"', still(engine, figure, w)) for w in (600, 320))
    assert max(map(len, wide)) > 2000
    assert wide == narrow


def test_the_most_frequent_level_of_a_heatmap_is_one_rectangle(engine: Engine) -> None:
    figure = heatmaps()
    z = np.zeros((9, 9))
    z[2:5, 3:7] = 1
    figure["data"] = [{**figure["data"][0], "z": z.tolist(), "zmin": 0, "zmax": 1}]
    drawn = re.findall(r'd="(m[^"]+z)"', still(engine, figure))
    assert drawn == ["m0,0h9v9h-9z", "m3,2h4v3h-4z"]
    figure["data"][0]["z"][8][8] = None  # the background shows there
    assert "m0,0h9v9h-9z" not in still(engine, figure)


def test_equal_scales(engine: Engine) -> None:
    """The unit circle of ``cloud`` is round at every width."""
    for width in (320, 480, 700):
        rx, ry = re.findall(r"a([\d.]+),([\d.]+) ", still(engine, cloud(), width))[0]
        assert float(rx) == pytest.approx(float(ry), abs=0.1)


def test_place_under_a_pointer(engine: Engine) -> None:
    figure = plain(spectrum())  # plot from x = 40 to 560 over 0 to 65, y = 256 to 32 over 0 to 10
    at = engine("book.dataAt", figure, 600, {"x": 300, "y": 144})
    assert at == {"x": pytest.approx(32.5), "y": pytest.approx(5)}
    assert engine("book.dataAt", figure, 600, {"x": -50, "y": 999}) == {"x": 0, "y": 0}
