"""Numbers that the sections on masking and on embeddings quote, from the cards and the data."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import Ridge

import widgets.data
from training.data import DataUnavailable, load_dataset
from training.exports.masked import CONFIG, HIDDEN, PAGE_HIDDEN, RECIPE, SEEDS, TESTED
from widgets.data import load
from widgets.kit.masked import PATCHES, encode_visible, multiplications, to_patches

FOLDER = Path(widgets.data.__file__).parent
STUDY = load("mnist_masking")
CHAPTER = Path(__file__).parents[2] / "content" / "self-supervision"
NUMBERS = json.loads((CHAPTER / "outputs.json").read_text("utf-8"))["numbers.py"]["numbers"]


def text(section: str) -> str:
    return (CHAPTER / f"{section}.md").read_text("utf-8")


def card(name: str) -> dict:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def test_the_network_is_as_described() -> None:
    model = CONFIG.build()
    assert sum(each.numel() for each in model.parameters()) == 84_145
    assert card("mnist_masked")["parameters"] == 84_145
    assert (RECIPE.steps, RECIPE.batch_size, PAGE_HIDDEN, PATCHES) == (3000, 128, 12, 16)
    assert HIDDEN == (2, 4, 8, 12, 14) == tuple(STUDY["hidden"])
    assert SEEDS == (0, 1, 2)


def test_the_study_trains_the_network_of_the_page() -> None:
    metrics = card("mnist_masked")["metrics"]
    at = HIDDEN.index(PAGE_HIDDEN)
    error = STUDY["errors"][at, 0, TESTED.index(PAGE_HIDDEN)]
    assert error == pytest.approx(metrics["squared_error_per_hidden_pixel"], rel=1e-3)
    assert STUDY["probes"][at, 0] == pytest.approx(metrics["probe_accuracy"], abs=1e-3)


def test_work_of_the_table_is_that_of_the_network() -> None:
    whole = multiplications(PATCHES, CONFIG.width, CONFIG.blocks)
    for hidden in HIDDEN:
        work = multiplications(PATCHES - hidden, CONFIG.width, CONFIG.blocks) / whole
        assert NUMBERS[f"hidden.{hidden}.work"] == pytest.approx(100 * work, rel=1e-5)


def test_what_the_text_says_beside_the_table() -> None:
    probes = 100 * STUDY["probes"]
    assert probes[2].min() > probes[3].max()
    plain = card("mnist_masking")["metrics"]["probe_accuracy_nothing_hidden"]
    assert max(plain) < STUDY["untrained"].min()
    assert (probes.mean(axis=1) > 100 * STUDY["pixels"]).tolist() == [
        False,
        True,
        True,
        True,
        False,
    ]
    two = STUDY["errors"][:, :, TESTED.index(2)].mean(axis=1)
    np.testing.assert_allclose(two[[0, 2]], [0.026, 0.043], atol=5e-4)
    said = "trained with 4 has the least error of the five, {num}`masking.four_at.two:.3f`"
    assert said in text("evidence/how-much-to-hide")
    assert HIDDEN[two.argmin()] == 4 and two.min() == pytest.approx(0.025, abs=5e-4)


def test_work_with_the_decoder() -> None:
    decoder = multiplications(PATCHES, CONFIG.decoder_width, CONFIG.decoder_blocks)
    twelve, eight = (
        multiplications(PATCHES - hidden, CONFIG.width, CONFIG.blocks) for hidden in (12, 8)
    )
    assert "with 8, and with the decoder the whole takes six tenths" in text(
        "evidence/how-much-to-hide"
    )
    assert (twelve + decoder) / (eight + decoder) == pytest.approx(0.6, abs=0.02)


def test_look_alikes_lose_around_the_number_that_was_trained() -> None:
    recorded = json.loads((CHAPTER / "outputs.json").read_text("utf-8"))["snippet-look-alikes"]
    rows = [line.split() for line in recorded["outputs"][0]["data"].splitlines()[1:]]
    ahead = [int(hidden) for hidden, _, alike, network in rows if float(network) < float(alike)]
    assert "except from ten to thirteen hidden patches" in text("evidence/hidden-patches")
    assert ahead == [10, 12, 13] and len(rows) == 7
    assert all(float(alike) < float(mean) for _, mean, alike, _ in rows)


def test_a_code_of_all_patches_is_read_a_little_worse_than_codes_of_four() -> None:
    """Fits linear probes to 20,000 digits, on mean codes of four groups of four patches."""
    try:
        dataset = load_dataset("mnist")
    except DataUnavailable as error:
        pytest.skip(str(error))
    weights = load("mnist_masked")
    fours = np.sort(np.random.default_rng(0).permutation(PATCHES).reshape(4, 4))

    def code(x: np.ndarray) -> np.ndarray:
        parts = np.array_split(x, len(x) // 50)
        return np.concatenate(
            [
                np.mean(
                    [
                        encode_visible(to_patches(part / 255), four, weights).mean(1)
                        for four in fours
                    ],
                    axis=0,
                )
                for part in parts
            ]
        )

    shown, labels = code(dataset.train_images[:20_000]), dataset.train_labels[:20_000]
    probe = Ridge(alpha=1e-4 * len(shown) * shown.var(axis=0).mean())
    probe.fit(shown, np.eye(10)[labels])
    right = np.mean(probe.predict(code(dataset.test_images)).argmax(1) == dataset.test_labels)
    stated = [NUMBERS[f"codes_of_parts.{end}"] for end in ("least", "most")]
    assert stated[0] - 0.2 < 100 * right < stated[1] + 0.2


def test_order_of_the_three_answers() -> None:
    page = STUDY["errors"][HIDDEN.index(PAGE_HIDDEN), 0]
    twelve, two = TESTED.index(12), TESTED.index(2)
    assert STUDY["nearest"][twelve] > STUDY["mean"][twelve] > page[twelve]
    assert page[two] > STUDY["mean"][two]
