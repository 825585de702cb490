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


def test_strokes_rebuilt_by_each_seed() -> None:
    errors = card("stroke_codes")["metrics"]["squared_error_by_seed"]["vae"]
    assert [round(error, 2) for error in errors] == [0.19, 0.19, 0.18, 0.19, 0.8]


def test_table_of_ratios() -> None:
    """Mean over seeds and standard deviation, as the table has them."""
    probes = 100 * STUDY["probes"]
    assert [round(float(row.mean()), 1) for row in probes] == [85.6, 86.9, 89.1, 87.5, 83.8]
    assert [round(float(row.std(ddof=1)), 1) for row in probes] == [1.1, 1.0, 0.2, 0.7, 0.7]
    plain = 100 * np.array(card("mnist_masking")["metrics"]["probe_accuracy_nothing_hidden"])
    row = f"| 0: all are drawn | 100 | none | {plain.mean():.1f} ± {plain.std(ddof=1):.1f} |"
    assert row in text("how-much-to-hide") and plain.max() < 100 * STUDY["untrained"].min()
    own = np.stack([STUDY["errors"][i, :, TESTED.index(h)] for i, h in enumerate(HIDDEN)])
    wanted = [0.0264, 0.0280, 0.0349, 0.0457, 0.0551]
    np.testing.assert_allclose(own.mean(axis=1), wanted, atol=6e-5)
    np.testing.assert_allclose(
        own.std(axis=1, ddof=1), [0.0003, 0.0008, 0.0007, 0.0007, 0.0002], atol=6e-5
    )
    whole = multiplications(PATCHES, CONFIG.width, CONFIG.blocks)
    work = [multiplications(PATCHES - h, CONFIG.width, CONFIG.blocks) / whole for h in HIDDEN]
    assert [round(100 * share) for share in work] == [87, 74, 49, 24, 12]


def test_what_the_text_says_beside_the_table() -> None:
    probes = 100 * STUDY["probes"]
    assert round(float(probes[2].min()), 1) == 88.9
    assert round(float(probes[3].max()), 1) == 88.1
    assert np.abs(probes - probes.mean(axis=1, keepdims=True)).max() < 1.3
    assert 100 * STUDY["untrained"].mean() == pytest.approx(75.5, abs=0.06)
    assert 100 * STUDY["pixels"] == pytest.approx(86.0, abs=0.05)
    assert (probes.mean(axis=1) > 100 * STUDY["pixels"]).tolist() == [
        False,
        True,
        True,
        True,
        False,
    ]
    two = STUDY["errors"][:, :, TESTED.index(2)].mean(axis=1)
    np.testing.assert_allclose(two[[0, 2]], [0.026, 0.043], atol=5e-4)
    assert "the one trained with 4 hidden, with 0.025" in text("how-much-to-hide")
    assert HIDDEN[two.argmin()] == 4 and two.min() == pytest.approx(0.025, abs=5e-4)


def test_work_with_the_decoder() -> None:
    decoder = multiplications(PATCHES, CONFIG.decoder_width, CONFIG.decoder_blocks)
    twelve, eight = (
        multiplications(PATCHES - hidden, CONFIG.width, CONFIG.blocks) for hidden in (12, 8)
    )
    assert "with 8, and with the decoder the whole takes six tenths" in text("how-much-to-hide")
    assert (twelve + decoder) / (eight + decoder) == pytest.approx(0.6, abs=0.02)


def test_look_alikes_lose_around_the_number_that_was_trained() -> None:
    recorded = json.loads((CHAPTER / "outputs.json").read_text("utf-8"))["snippet-look-alikes"]
    rows = [line.split() for line in recorded["outputs"][0]["data"].splitlines()[1:]]
    ahead = [int(hidden) for hidden, _, alike, network in rows if float(network) < float(alike)]
    assert "except from ten to thirteen hidden patches" in text("hidden-patches")
    assert ahead == [10, 12, 13] and len(rows) == 7
    assert all(float(alike) < float(mean) for _, mean, alike, _ in rows)


def test_a_code_of_all_patches_is_read_a_little_worse_than_codes_of_four() -> None:
    """Linear probes of 20,000 digits, on the mean of the codes of four times four patches."""
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
    accuracy = card("mnist_masked")["metrics"]["probe_accuracy"]
    assert f"names {100 * accuracy:.1f} % of the test digits" in text("hidden-patches")
    assert "and 86.9 to 87.2 % from the mean of four codes" in text("hidden-patches")
    assert 86.7 < 100 * right < 87.3


def test_errors_of_the_three_answers() -> None:
    page = STUDY["errors"][HIDDEN.index(PAGE_HIDDEN), 0]
    for hidden, wanted in ((12, (0.172, 0.067, 0.046)), (2, (None, 0.067, 0.083))):
        at = TESTED.index(hidden)
        found = (STUDY["nearest"][at], STUDY["mean"][at], page[at])
        for value, stated in zip(found, wanted, strict=True):
            assert stated is None or value == pytest.approx(stated, abs=6e-4)
