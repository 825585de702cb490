"""The parts of figures: the book draws them, Plotly accepts them, and their positions are right."""

import numpy as np
import plotly.graph_objects as go

from tests.figures import check_figures
from widgets.contract import DATA_1, DATA_2, INK_2, MUTED, Frame, Plot
from widgets.kit.figures import (
    axis,
    bars,
    circle,
    dots,
    equal,
    figure,
    image,
    label,
    line,
    segment,
    square,
)

T = np.linspace(0, 1, 5)
GREY = np.array([[0, 255], [10, 20]], np.uint8)


def everything():
    return figure(
        [
            image(GREY, (0.5, 0.25), 0.5),
            bars(T, T**2, MUTED, width=0.1),
            bars(T, T**3, DATA_2, width=0.1),
            line(T, T, DATA_1, dash="dot", cliponaxis=False),
            dots(T, T, DATA_2, ring=2, yaxis="y2"),
        ],
        *equal(axis(0, 1, "time"), axis(0, 1, "signal", dtick=0.5)),
        yaxis2=axis(0, 10, overlaying="y", side="right"),
        shapes=[
            segment((0, 1), (0.5, 0.5), INK_2, dash="dash"),
            square((0.5, 0.5), 0.2, INK_2, width=2),
            circle((0.5, 0.5), 0.2, INK_2, layer="below"),
        ],
        labels=[label("end", 1, 1, xanchor="left", yshift=4)],
    )


def test_the_book_draws_every_part():
    check_figures(Frame({}, [Plot("all", everything(), "All parts.")]))


def test_plotly_accepts_every_part():
    assert len(go.Figure(everything()).data) == 5


def test_an_image_lies_around_its_centre_with_its_first_row_on_top():
    drawn = image(GREY, (0.5, 0.25), 0.5)
    top = np.argmax(drawn["y"])
    assert drawn["z"][top][1] == 255  # top right
    cell = 0.5 / 2
    assert (drawn["x"].min() - cell / 2, drawn["x"].max() + cell / 2) == (0.25, 0.75)
    assert (drawn["y"].min() - cell / 2, drawn["y"].max() + cell / 2) == (0, 0.5)


def test_outlines_reach_as_far_as_they_say():
    ends = ("x0", "x1", "y0", "y1")
    assert [square((1, 2), 4, INK_2)[end] for end in ends] == [-1, 3, 0, 4]
    assert [circle((1, 2), 4, INK_2)[end] for end in ends] == [-3, 5, -2, 6]
