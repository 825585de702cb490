"""The rule of Delta squared over twelve, against numbers that are spread evenly."""

import numpy as np
import pytest

from widgets import rounding
from widgets.engine.check import check_frame, check_instrument


def test_evenly_spread_numbers_follow_the_rule():
    x = np.linspace(0, 1, 100_001)
    for bits in (1, 4, 8):
        step = 1 / 2**bits
        assert rounding.rounding_error(x, step) == pytest.approx(step**2 / 12, rel=1e-2)


def test_readings_follow_it_from_a_few_bits_on():
    result = rounding.compute(bits=4)
    ratio = result["errors"] / result["expected"]
    assert ratio[3:] == pytest.approx(np.ones(7), rel=0.25)


def test_it_keeps_to_the_contract():
    check_instrument(rounding)
    check_frame(rounding.instrument, rounding.frame(rounding.compute(bits=10)))
