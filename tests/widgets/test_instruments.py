"""Every instrument meets its contract: at rest, at the ends of its controls, at random settings."""

from dataclasses import replace
from pathlib import Path

import plotly.graph_objects as go
import pytest

import widgets
from latentbook_authoring.check.contract import (
    FEW_COMBINATIONS,
    MOST_COMBINATIONS,
    check_pure,
    check_setting,
    computed,
    settings,
)
from tests.figures import check_figures
from tests.lot import by_lot
from tests.numbers_in_words import signed_zeros
from widgets.contract import (
    ContractError,
    Plot,
    Slider,
)
from widgets.engine.check import check_declaration, check_instrument
from widgets.engine.frames import frame_value

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=widgets.WIDGETS)
def module(request):
    return widgets.get(request.param)


def test_contract_at_rest(module):
    check_instrument(module)
    assert module.instrument.name == module.__name__.rpartition(".")[2]


def sources_of(name):
    return f"widgets/{name}.py", "widgets/contract.py", "widgets/kit/"


COSTLY = ("widgets.faces_out_of_noise",)
"""Instruments with six choices of the same kind that take a second or two for an answer."""


@pytest.mark.sweep
@pytest.mark.parametrize("module", by_lot(widgets.WIDGETS, sources_of), indirect=True)
def test_at_every_setting(module):
    """Check the contract at all settings, but purity, which computes three times, only at some.

    Plotly is slow, and `check_figures` is the stricter check of the two.
    """
    most = FEW_COMBINATIONS if module.__name__ in COSTLY else MOST_COMBINATIONS
    asked = list(settings(module.instrument, most))
    _, rest = computed(module, asked[0])
    some = {*range(0, len(asked), 10), 1, len(asked) - 1}  # at rest, at an end, at random
    for place, setting in enumerate(asked):
        frame = check_setting(module, setting, rest)
        check_figures(frame)
        assert signed_zeros(frame_value(module.instrument, frame)) == []
        if place in some:
            check_pure(module, setting)
            for panel in frame.panels:
                if isinstance(panel, Plot):
                    go.Figure(panel.figure)


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
