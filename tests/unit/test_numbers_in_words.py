"""Numbers in text: compared as numbers, and searched for signed zeros."""

from __future__ import annotations

import pytest

from tests.numbers_in_words import same_words, signed_zeros


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("from (0.00, 0.25) to −1.5 %", "from (0.01, 0.24) to −1.6 %"),
        ("at 0.00", "at -0.00"),
        ("−0.01 nats", "0.00 nats"),
        ("9.99 wide", "10.00 wide"),
        ("4.6e-09", "4.7e-09"),
        ("9.9e-09", "1.0e-08"),
        ("1,999 of 60,000", "2,000 of 60,000"),
        ("no number", "no number"),
    ],
)
def test_the_last_digit_may_differ(a: str, b: str) -> None:
    assert same_words(a, b) and same_words(b, a)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("at 0.25", "at 0.27"),
        ("at 0.25", "to 0.25"),
        ("at 0.25", "at 0.25, 0.5"),
        ("at -0.25", "at 0.25"),
        ("4.6e-09", "4.6e-08"),
        ("2 of 5 apart", "2 of 7 apart"),
        ("z1 is 3", "z2 is 3"),
        ("σ² is 3", "σ³ is 3"),
    ],
)
def test_words_and_other_digits_may_not(a: str, b: str) -> None:
    assert not same_words(a, b) and not same_words(b, a)


def test_signed_zeros_are_found_in_all_texts() -> None:
    shown = {
        "alt": "From (−0.00, 0.10) to (-0.05, 1).",
        "figure": [{"text": ("+0", "10-0")}, -0.0],
        "note": "It is -0.001.",
    }
    assert signed_zeros(shown) == ["From (−0.00, 0.10) to (-0.05, 1).", "+0"]
