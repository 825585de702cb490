"""Numbers in the tour equal the book's, or can be worked out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def text(root: Path) -> str:
    return (root / "content" / "tour" / "index.md").read_text(encoding="utf-8")


def said(text: str, pattern: str) -> list[float]:
    """Extract the numbers at the first match of a pattern."""
    found = re.search(pattern, text)
    assert found is not None, pattern
    return [float(number.replace("{,}", "").replace(",", "")) for number in found.groups()]


def test_weights_of_a_convolution_and_of_a_dense_layer(text: str) -> None:
    pixels, maps, kernel, outputs = 28 * 28, 32, 4 * 4, 14 * 14
    assert said(text, r"\(16 \+ 1\) = (\d+)\$") == [maps * (kernel + 1)]
    assert said(text, r"= (4[\d{},]+)\$") == [(pixels + 1) * maps * outputs]


def test_the_judge_of_draws_is_quoted_from_the_table(text: str, root: Path) -> None:
    tour, chapter = (
        json.loads((root / "content" / slug / "outputs.json").read_text(encoding="utf-8"))
        for slug in ("tour", "autoencoders")
    )
    for name in ("plain_prior", "plain_mixture", "vae_prior"):
        assert f"{{num}}`drawn.{name}:.0f`" in text
        of_table = chapter["numbers.py"]["numbers"][f"drawn.16.{name}.sure"]
        assert tour["numbers.py"]["numbers"][f"drawn.{name}"] == of_table
