"""Numbers that chapter 5 quotes, measured again or read from what was measured."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from latentbook.models.full_data import read_full_data
from training.data import load_dataset
from training.errors import DataUnavailable
from training.exports.benchmark_codes import by_ridge
from widgets.data import load
from widgets.kit.benchmark_codes import (
    CHANGED,
    CHANGES,
    JUDGED,
    codes,
    labels,
    rebuilt,
)
from widgets.kit.metrics import best_sharpness, k_means, mutual_information, precision_at, softmax
from widgets.kit.probe import fit, left_out, nearest_mean, over_draws, scores, share_right
from widgets.report_card import MEASURES, card_of

CHAPTER = Path(__file__).parents[2] / "content" / "judging"
CARD = " ".join((CHAPTER / "report-card.md").read_text("utf-8").split())
DATA = Path(__file__).parents[2] / "widgets" / "data"
CURVES = dict(zip(JUDGED, load("mnist_judged")["curves"][0], strict=True))
NUMBERS = json.loads((CHAPTER / "outputs.json").read_text("utf-8"))["numbers.py"]["numbers"]
"""What the text on probes quotes: `latentbook check` computes it again."""


def test_two_curves_cross() -> None:
    lead = CURVES["masked"][:, 0] - CURVES["deep"][:, 0]
    assert lead[0] > 0 > lead[-1]


def test_classes_as_wholes() -> None:
    between = [NUMBERS[f"between.{code}"] for code in ("masked", "deep", "pixels")]
    assert between == sorted(between, reverse=True)


def test_two_numbers_are_masked_for_one_matrix_and_not_for_another() -> None:
    shown, test, _ = codes("autoencoder")
    known = labels()[0]
    for probe, named in ((fit(shown, known), 5), (nearest_mean(shown, known), 10)):
        assert len(set(scores(test, probe).argmax(axis=1))) == named


def test_the_ridge_turns_two_codes_round() -> None:
    deep, masked, deep_weak, masked_weak = (
        NUMBERS[f"weak_ridge.{name}"] for name in ("deep", "masked", "deep_weak", "masked_weak")
    )
    assert deep > masked and deep_weak < masked_weak
    assert 0 < NUMBERS["deep_ahead_at_best"] < NUMBERS["deep_ahead"]


def test_untrained_maps_beat_the_pixels_and_untrained_features_do_not() -> None:
    most = max(NUMBERS["features_here.ours"], NUMBERS["features_here.most"])
    assert most < NUMBERS["pixels_here"] < NUMBERS["maps_here.least"]


def test_logistic_regression_is_scikit_learns() -> None:
    (shown, test, _), (known, answers) = codes("pixels"), labels()
    theirs = LogisticRegression(max_iter=2000).fit(shown, known).score(test, answers)
    assert 100 * theirs == pytest.approx(NUMBERS["logistic"], abs=0.3)


def test_what_the_tab_and_the_server_differ_by() -> None:
    data = read_full_data("benchmark_deep"), read_full_data("benchmark_labels")
    test, answers, h, known = (each[key] for key in ("test", "shown") for each in data)

    def share(places: Any) -> float:
        found = over_draws(h[places], known[places], test, answers, per_class=50, draws=10)
        return float(100 * found.mean())

    rng = np.random.default_rng(0)
    few = [share(rng.permutation(10_000)[:1000]) for _ in range(5)]
    assert NUMBERS["pools.tab_shows"] < min(few)
    halves = [share(slice(start, None, 2)) for start in (0, 1)]
    assert max(halves) < min(few)


def test_the_best_ridge_is_computed_on_all_images() -> None:
    try:
        data = load_dataset("mnist")
    except DataUnavailable as error:
        pytest.skip(str(error))
    stored = json.loads((DATA / "mnist_judged.json").read_text("utf-8"))["by_ridge"]["deep"]
    assert by_ridge("deep", data) == pytest.approx(stored, abs=0.0011)


def card(code: str) -> dict[str, float]:
    return {
        name: 100 * float(share)
        for name, share in zip(MEASURES, card_of(code)["shares"], strict=True)
    }


def test_what_matrices_and_decoders_rebuild() -> None:
    assert "A matrix rebuilds 72 % of the variance of the pixels from 30 principal" in CARD
    assert "and 62 % from the 30 numbers of the deep autoencoder" in CARD
    assert "error of the deep autoencoder is 2.2 per image, that of PCA 13.9" in CARD
    assert round(card("pca")["rebuilt"]) == 72
    assert round(card("deep")["rebuilt"]) == 62
    assert round(rebuilt("deep")[1] or 0, 1) == 2.2
    assert round(rebuilt("pca")[1] or 0, 1) == 13.9


def test_neighbours_and_clusters() -> None:
    assert "with 93 % of neighbours alike and an NMI of 0.81" in CARD
    assert "the plain autoencoder with *two* numbers, 0.66" in CARD
    assert "names 74 %, where it names 55 off the untrained weights" in CARD
    contrastive, two = card("contrastive"), card("autoencoder")
    assert round(contrastive["retrieved"]) == 93
    assert round(contrastive["clustered"]) == 81
    assert round(two["clustered"]) == 66
    assert round(two["probed"]) == 50
    for other in ("masked", "pca", "deep", "vae_16", "vae", "random"):
        assert card(other)["clustered"] < two["clustered"]
    assert card("random")["probed"] > two["probed"]
    shown, test, _ = codes("random")
    right = share_right(test, labels()[1], nearest_mean(shown, labels()[0]))
    assert round(100 * right) == 55


def test_other_starts_of_the_clusters_say_the_same() -> None:
    answers = labels()[1]
    two, masked = (
        [mutual_information(k_means(codes(code)[1], 10, seed=s), answers) for s in range(5)]
        for code in ("autoencoder", "masked")
    )
    assert min(two) > max(masked)


def test_who_leads_each_row() -> None:
    assert "leads in five of the six rows, and the first belongs to the pixels" in CARD
    cards = {code: card(code) for code in JUDGED}
    for measure in MEASURES:
        order = sorted(JUDGED, key=lambda code: -cards[code][measure])
        if measure == "rebuilt":
            assert order[0] == "pixels" and order.index("network") == 4
        else:
            assert order[:2] == ["network", "contrastive"]


def test_noise() -> None:
    assert "names 96 % of the digits and, with noise, 16 %" in CARD
    assert "keeps 91 and 88 there and 14 in noise" in CARD
    assert "The pixels lose 10 points to noise and 24 to the shift" in CARD
    assert "the contrastive code keeps 76 %, the pixels 70.5 %" in CARD
    changed = 100 * card_of("contrastive")["by_change"]
    assert changed.round().tolist() == [96, 16, 96, 96, 96]
    assert (100 * card_of("vicreg")["by_change"]).round().tolist() == [96, 14, 91, 94, 88]
    clean, noise, _, shifted, _ = 100 * card_of("pixels")["by_change"]
    assert (round(clean - noise), round(clean - shifted)) == (10, 24)
    assert round(card("contrastive")["changed"]) == 76
    assert round(card("pixels")["changed"], 1) == 70.5


def test_calibration() -> None:
    assert "two codes with two numbers apart, whose probe does not fit, with 14 and 20" in CARD
    assert "the error of the contrastive code grows from 1 to 19 %" in CARD
    assert "the untrained network has 28" in CARD
    errors = {code: round(100 * card_of(code)["ece"]) for code in JUDGED}
    assert (errors.pop("autoencoder"), errors.pop("vae")) == (14, 20)
    assert (min(errors.values()), max(errors.values())) == (1, 3)
    contrastive = card_of("contrastive")
    assert round(100 * contrastive["ece"]) == 1
    assert round(100 * contrastive["ece_changed"]) == 19
    assert round(100 * card_of("random")["ece_changed"]) == 28


def test_how_sure_the_contrastive_code_is_of_changed_digits() -> None:
    assert "In noise it is 92 % sure and 16 % right" in CARD and "76 % sure and 96 % right" in CARD
    shown, _, changed = codes("contrastive")
    known, answers = labels()[0], labels()[1][::CHANGED]
    probe, sharpness = fit(shown, known), best_sharpness(left_out(shown, known), known)
    for how, wanted in (("noise", (92, 16)), ("dim", (76, 96))):
        chances = softmax(scores(changed[list(CHANGES).index(how)], probe), sharpness)
        right = np.mean(chances.argmax(axis=1) == answers)
        assert (round(100 * chances.max(axis=1).mean()), round(100 * right)) == wanted


@pytest.mark.parametrize(
    ("code", "clean", "by_change"),
    [
        ("contrastive", 93, {"noise": 20, "blur": 82, "shift": 92, "dim": 65}),
        ("deep", 80, {"noise": 67, "dim": 72}),
    ],
)
def test_neighbours_of_changed_digits(code: str, clean: int, by_change: dict[str, int]) -> None:
    assert "it still has 92 shifted and 82 blurred, but 65 dimmed and 20 in noise" in CARD
    assert "The deep autoencoder, with 80, has 72 dimmed and 67 in noise" in CARD
    shown, test, changed = codes(code)
    known, answers = labels()
    assert round(100 * precision_at(10, test, answers, shown, known)) == clean
    for how, percent in by_change.items():
        h = changed[list(CHANGES).index(how)]
        assert round(100 * precision_at(10, h, answers[::CHANGED], shown, known)) == percent


def test_a_stretched_number_disturbs_neighbours_and_our_probe() -> None:
    assert "for the deep autoencoder it falls from 80 to 30 %" in CARD
    assert "for the deep autoencoder from 83 to 19 %" in CARD
    known, answers = labels()
    shown, test, _ = (each.astype(float) for each in codes("deep"))
    for times, right, alike in ((1, 83, 80), (100, 56, 30), (1000, 19, 16)):
        far, near = shown.copy(), test.copy()
        far[:, 0] *= times
        near[:, 0] *= times
        assert round(100 * share_right(near, answers, fit(far, known))) == right
        assert round(100 * share_right(near, answers, fit(far, known, 1e-12))) == 83
        assert round(100 * precision_at(10, near, answers, far, known)) == alike


def test_equal_probes_and_unequal_neighbours() -> None:
    assert "81 % of the digits from the masked code and 80 % from PCA's" in CARD
    assert "their neighbours are alike in 71 and 77 %" in CARD
    masked, pca = card("masked"), card("pca")
    assert (round(masked["probed"]), round(pca["probed"])) == (81, 80)
    assert (int(masked["retrieved"]), round(pca["retrieved"])) == (71, 77)
