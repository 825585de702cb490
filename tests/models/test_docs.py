"""docs/models.md states what the cards state."""

import re
from pathlib import Path

import pytest

from app.models import registry

TEXT = (Path(__file__).parents[2] / "docs" / "models.md").read_text(encoding="utf-8")
METRICS = {"nats": "negative_elbo", "squared error": "squared_error"}
ROWS = re.findall(r"^\| `(\w+)` \| ([\w ]+) \| ([\d.]+) ± ([\d.]+) \|", TEXT, flags=re.MULTILINE)


def test_every_model_has_a_row() -> None:
    assert tuple(row[0] for row in ROWS) == registry.names()


@pytest.mark.parametrize("name, metric, mean, error", ROWS, ids=[row[0] for row in ROWS])
def test_a_row_says_what_the_card_says(name: str, metric: str, mean: str, error: str) -> None:
    stated = registry.card(name)["metrics"][METRICS[metric]]
    assert f"{stated['mean']:.2f}" == mean
    assert f"{stated['standard_error']:.2f}" == error


def test_the_size_of_all_weights_is_stated() -> None:
    total = sum(path.stat().st_size for path in registry.WEIGHTS_DIR.glob("*.safetensors"))
    assert f"together take {total / 1e6:.1f} MB" in TEXT.replace("\n", " ")
