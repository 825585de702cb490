"""Every instrument keeps its contract: at rest, at the ends of its controls, at random settings."""

import copy
import random
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest

import widgets
from tests.figures import check_figures
from tests.numbers_in_words import signed_zeros
from widgets.contract import (
    Choice,
    ContractError,
    Frame,
    Map,
    Pad,
    Plot,
    Slider,
    Tiles,
)
from widgets.engine import training
from widgets.engine.check import check_declaration, check_frame, check_instrument, check_result
from widgets.engine.controls import accepted
from widgets.engine.frames import frame_value

ROOT = Path(__file__).parents[2]
RANDOM_SETTINGS = 8
MOST_COMBINATIONS = 250
"""Of choices, all of which are set; more are drawn at random."""


def settings(instrument):
    """At rest; each control at each end, for every combination of choices or many; at random."""
    for setting in all_settings(instrument):
        if instrument.training is not None:  # thousands of steps are test_train_vae's affair
            setting |= {
                n: setting[n] % 20 for n in (instrument.training.steps, instrument.training.at)
            }
        yield setting


def all_settings(instrument):
    """As `settings`, with as many steps of training as come."""
    rest = instrument.defaults()
    yield rest
    choices = [c for c in instrument.controls if isinstance(c, Choice)]
    others = [c for c in instrument.controls if not isinstance(c, Choice)]
    source = random.Random(instrument.name)
    combinations = list(product(*(c.options for c in choices)))
    if len(combinations) > MOST_COMBINATIONS:
        combinations = source.sample(combinations, MOST_COMBINATIONS)
    for chosen in combinations:
        mode = {**rest, **dict(zip((c.name for c in choices), chosen, strict=True))}
        for end in (0, 1):
            yield {**mode, **{c.name: c.ends()[end] for c in others}}
    for _ in range(RANDOM_SETTINGS):
        yield {control.name: control.draw(source) for control in instrument.controls}


def computed(module, setting):
    """Result and frame."""
    values = accepted(module.instrument, setting)
    if module.instrument.training is None:
        result = module.compute(**values)
    else:
        result = training.computed(module, values, training.train(module, values, None))
    return result, module.frame(result)


def equal(a, b):
    """Whether two results or frames are the same, arrays included."""
    if isinstance(a, np.ndarray):
        gaps = a.dtype.kind == "f"  # nan, which equals nothing
        same_type = isinstance(b, np.ndarray) and a.dtype == b.dtype
        return same_type and np.array_equal(a, b, equal_nan=gaps)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(equal, a, b))
    if isinstance(a, Frame | Plot) or hasattr(a, "__dataclass_fields__"):
        return equal(vars(a), vars(b))
    return a == b or (a != a and b != b)


@pytest.fixture(params=widgets.WIDGETS)
def module(request):
    return widgets.get(request.param)


def test_contract_at_rest(module):
    check_instrument(module)
    assert module.instrument.name == module.__name__.rpartition(".")[2]


def test_at_every_setting(module):
    """One computation of each setting, held to what must hold everywhere; some once more later.

    Plotly takes its time over a figure, and `check_figures` is the narrower of the two.
    """
    asked = list(settings(module.instrument))
    some = {*range(0, len(asked), 10), 1, len(asked) - 1}  # at rest, at an end, at random
    kept = {}
    _, first = computed(module, asked[0])
    for place, setting in enumerate(asked):
        result, frame = computed(module, setting)
        check_result(result)
        check_frame(module.instrument, frame)
        check_figures(frame)
        assert signed_zeros(frame_value(module.instrument, frame)) == []
        check_room(frame, first)
        if place in some:
            kept[place] = copy.deepcopy((result, frame))
            module.frame(result)
            assert equal(result, kept[place][0]), "frame changes the result"
            for panel in frame.panels:
                if isinstance(panel, Plot):
                    go.Figure(panel.figure)
    for place, before in kept.items():
        assert equal(computed(module, asked[place]), before), asked[place]


def check_room(frame, first):
    """The page has made room for the panels at rest; a move must not shift what is below."""
    assert [(type(p), p.key) for p in frame.panels] == [(type(p), p.key) for p in first.panels]
    for panel, rest in zip(frame.panels, first.panels, strict=True):
        if isinstance(panel, Plot):
            layout, at_rest = panel.figure["layout"], rest.figure["layout"]
            assert [layout[side] == at_rest[side] for side in ("width", "height")] == [True, True]
        elif isinstance(panel, Tiles):
            assert ratio(panel) == pytest.approx(ratio(rest), rel=0.01)
        else:
            assert isinstance(panel, Map | Pad)  # squares


def ratio(tiles):
    rows, columns, height, width = tiles.images.shape
    gaps = np.array([rows - 1, columns - 1]) * tiles.gap
    return (rows * height + gaps[0]) / (columns * width + gaps[1])


def test_conditions_name_an_option(module):
    controls = {control.name: control for control in module.instrument.controls}
    for control in controls.values():
        if control.when is not None:
            name, *options = control.when
            assert options and set(options) <= set(controls[name].values())


def test_references_are_in_the_bibliography(module):
    bibliography = (ROOT / "content" / "references.bib").read_text()
    for key in module.instrument.references:
        assert f"{{{key}," in bibliography


def test_unknown_instrument_names_those_there_are():
    with pytest.raises(ValueError, match=r"no instrument 'bottle'.*bottleneck, linear_ae_pca"):
        widgets.get("bottle")


def test_a_name_registered_twice_raises():
    with pytest.raises(ValueError, match="more than once: a"):
        widgets.names(("a", "b", "a"))


def test_a_control_is_not_named_as_a_part_of_the_plate():
    number = Slider("number", "Digit", default=1, min=1, max=9, step=1)
    plate = replace(widgets.get("bottleneck").instrument, controls=(number,))
    with pytest.raises(ContractError, match="'number', as a part of the plate is"):
        check_declaration(plate)
