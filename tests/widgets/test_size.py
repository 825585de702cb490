"""Output of an edited instrument is limited to what a page can draw."""

import numpy as np
import pytest

from widgets import names
from widgets.contract import ContractError
from widgets.engine.frames import compute_frame
from widgets.engine.size import check_size

HUGE = {
    "figure": {"kind": "plot", "figure": {"data": [{"x": np.zeros(30_000), "y": [0.0] * 30_000}]}},
    "grid": {"kind": "tiles", "data": np.zeros(5_000_000, np.uint8)},
    "words": {"kind": "plot", "figure": {"data": []}, "alt": "x" * 20_001},
}


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("figure", "figure has 60,000 numbers; accepted: 50,000"),
        ("grid", "grid has 5,000,000 pixels; accepted: 4,000,000"),
        ("words", "text has 20,0.. characters; accepted: 20,000"),
    ],
)
def test_what_is_too_large_is_refused_with_its_size(key, message):
    frame = {"readouts": {}, "panels": [{"key": key, **HUGE[key]}], "note": ""}
    with pytest.raises(ContractError, match=message):
        check_size(frame)


@pytest.mark.parametrize("name", names())
def test_the_books_own_are_well_below(name):
    check_size(compute_frame(name, {}, None))


def test_a_pixel_in_colour_counts_once():
    faces = np.zeros(400 * 64 * 64 * 3, np.uint8)
    panel = {"key": "faces", "kind": "tiles", "data": faces, "shape": [1, 400, 64, 64, 3]}
    check_size({"panels": [panel]})
