"""The numbers that the tour states are those of the book, or can be worked out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def text(root: Path) -> str:
    return (root / "content" / "tour" / "index.md").read_text(encoding="utf-8")


def said(text: str, pattern: str) -> list[float]:
    """The numbers in the one place that reads like this."""
    found = re.search(pattern, text)
    assert found is not None, pattern
    return [float(number.replace("{,}", "").replace(",", "")) for number in found.groups()]


def test_weights_of_a_convolution_and_of_a_dense_layer(text: str) -> None:
    pixels, maps, kernel, outputs = 28 * 28, 32, 4 * 4, 14 * 14
    assert said(text, r"\(16 \+ 1\) = (\d+)\$") == [maps * (kernel + 1)]
    assert said(text, r"= (4[\d{},]+)\$") == [(pixels + 1) * maps * outputs]


def test_the_judge_of_draws_is_quoted_from_the_table(text: str, root: Path) -> None:
    plain, variational = said(text, r"sure of (\d+)\s% of what .* and of (\d+)\s% of what")
    table = (root / "content" / "autoencoders" / "latent-space.md").read_text(encoding="utf-8")
    rows = {
        name: re.search(rf"\| {name}, from \$\\mathcal\{{N\}}\(0, I\)\$ \|(.*)\|", table)
        for name in ("autoencoder", "VAE")
    }
    sure = [float(row[1].split("|")[2]) for row in rows.values() if row is not None]
    assert sure == [plain, variational]
