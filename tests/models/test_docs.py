"""docs/models.md agrees with the cards."""

import re
from pathlib import Path

import pytest

from latentbook_decoders.models import registry
from latentbook_decoders.models.cards import read_card
from training.exports.export import WIDGET_DATA

ROOT = Path(__file__).parents[2]


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


TEXT = read(ROOT / "docs" / "models.md")
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


def test_the_size_of_what_is_stored_is_stated_and_small_enough() -> None:
    folders = (registry.WEIGHTS_DIR, WIDGET_DATA)
    kinds = (".safetensors", ".npz", ".json")
    files = [path for folder in folders for path in folder.iterdir() if path.suffix in kinds]
    total = sum(path.stat().st_size for path in files)
    assert total < 60e6
    assert f"{total / 1e6:.0f} MB together" in TEXT


def test_the_time_of_training_is_stated_as_the_cards_have_it() -> None:
    cards = [
        read_card(path) for f in (registry.WEIGHTS_DIR, WIDGET_DATA) for path in f.glob("*.json")
    ]
    hours = sum(card.get("wall_seconds", 0) for card in cards) / 3600
    assert hours / 2 < 6  # on two cores, as the page says
    assert f"add up to {hours:.1f} hours of one\ncore" in TEXT


def test_a_second_run_of_the_vq_vae_is_stated_as_measured() -> None:
    runs = read_card(WIDGET_DATA / "rate_distortion.json")["metrics"]["vq_by_codes_and_seed"]
    errors = [f"{runs[f'64, seed {seed}']['squared_error']:.2f}" for seed in range(3)]
    assert f"three seeds: {errors[0]}, {errors[1]} and {errors[2]}." in TEXT
    used = runs["64, seed 0"]["codes_in_use"]
    assert f"{used:.0f} codes out of 64" in TEXT


COMPARISONS = [
    [cell.strip() for cell in row.split("|")[1:-1]]
    for row in TEXT.partition("## Comparisons and their seeds")[2].splitlines()
    if row.startswith("| `")
]


def test_comparisons_are_named_by_labels_of_the_book() -> None:
    pages = (ROOT / "content").glob("*/**/*.md")
    labels = set(re.findall(r"^:label: (\S+)$", "\n".join(map(read, pages)), flags=re.MULTILINE))
    named = {label for where, *_ in COMPARISONS for label in re.findall(r"`([\w-]+)`", where)}
    assert len(named) > 25
    assert named <= labels


def test_a_comparison_states_as_many_seeds_as_its_card() -> None:
    cards = {
        path.stem: read_card(path)
        for folder in (registry.WEIGHTS_DIR, WIDGET_DATA)
        for path in folder.glob("*.json")
    }
    stated = {
        name: seeds
        for _, _, seeds, where in COMPARISONS
        for name in re.findall(r"`(\w+)`", where)
        if "by_seed" in cards[name]
    }
    assert stated == {
        name: str(len(card["by_seed"])) for name, card in cards.items() if "by_seed" in card
    }
