"""Options of a block."""

from __future__ import annotations

import pytest

from latentbook.book.read.options import number


@pytest.mark.parametrize(("written", "value"), [("0.5", 0.5), ("-3e2", -300.0), ("3/8", 0.375)])
def test_a_number_may_be_a_fraction(written: str, value: float) -> None:
    assert number(written) == value


@pytest.mark.parametrize("written", ["1/0", "1/", "/2", "1/2/3", "inf", "half"])
def test_what_is_no_number(written: str) -> None:
    with pytest.raises(ValueError, match=r"like 0\.5 or 1/3; got"):
        number(written)
