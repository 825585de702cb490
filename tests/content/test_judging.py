"""Numbers that chapter 5 quotes, measured again or read from stored measurements."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from latentbook_decoders.models.full_data import read_full_data
from training.data import load_dataset
from training.errors import DataUnavailable
from training.exports.benchmark_codes import by_probe, by_ridge
from widgets.data import load
from widgets.kit.benchmark_codes import (
    CHANGED,
    CHANGES,
    JUDGED,
    codes,
    labels,
    rebuilt,
)
from widgets.kit.metrics import k_means, mutual_information, precision_at
from widgets.kit.probe import fit, nearest_mean, over_draws, scores, share_right
from widgets.report_card import MEASURES, card_of

CHAPTER = Path(__file__).parents[2] / "content" / "judging"
CARD = " ".join((CHAPTER / "report-card.md").read_text("utf-8").split())
DATA = Path(__file__).parents[2] / "widgets" / "data"
CURVES = dict(zip(JUDGED, load("mnist_judged")["curves"][2], strict=True))
NUMBERS = json.loads((CHAPTER / "outputs.json").read_text("utf-8"))["numbers.py"]["numbers"]
"""Numbers that the text on probes quotes; `latentbook check` recomputes them."""


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


def test_the_ridge_takes_a_lead_away() -> None:
    deep, masked, deep_weak, masked_weak = (
        NUMBERS[f"weak_ridge.{name}"] for name in ("deep", "masked", "deep_weak", "masked_weak")
    )
    assert deep > masked + 2 and abs(deep_weak - masked_weak) < 1
    assert 0 < NUMBERS["deep_ahead_at_best"] < NUMBERS["deep_ahead_by_squares"]


def test_untrained_maps_beat_the_pixels_and_untrained_features_do_not() -> None:
    most = max(NUMBERS["features_here.ours"], NUMBERS["features_here.most"])
    assert most < NUMBERS["pixels_here"] < NUMBERS["maps_here.least"]


def test_what_the_tab_and_the_server_differ_by() -> None:
    data = read_full_data("benchmark_deep"), read_full_data("benchmark_labels")
    test, answers, h, known = (each[key] for key in ("test", "shown") for each in data)

    def share(places: Any) -> float:
        found = over_draws(h[places], known[places], test, answers, per_class=50, draws=10)
        return float(100 * found.mean())

    rng = np.random.default_rng(0)
    few = [share(rng.permutation(10_000)[:1000]) for _ in range(5)]
    assert min(few) - 0.5 < NUMBERS["pools.tab_shows"] < max(few) + 0.5
    halves = [share(slice(start, None, 2)) for start in (0, 1)]
    assert max(halves) < min(few)


def test_the_best_ridge_is_computed_on_all_images() -> None:
    try:
        data = load_dataset("mnist")
    except DataUnavailable as error:
        pytest.skip(str(error))
    stored = json.loads((DATA / "mnist_judged.json").read_text("utf-8"))["by_ridge"]["deep"]
    assert by_ridge("deep", data) == pytest.approx(stored, abs=0.0011)


def test_three_probes_on_all_images() -> None:
    """Least squares and logistic regression rank two codes in opposite order."""
    found = json.loads((DATA / "mnist_judged.json").read_text("utf-8"))["by_probe"]
    assert found["vae_16"]["fixed"] < found["deep"]["fixed"]
    assert found["vae_16"]["logistic"] > max(found[c]["logistic"] for c in ("deep", "masked"))
    try:
        data = load_dataset("mnist")
    except DataUnavailable as error:
        pytest.skip(str(error))
    assert by_probe("vae_16", data) == pytest.approx(found["vae_16"], abs=0.0021)


def card(code: str) -> dict[str, float]:
    return {
        name: 100 * float(share)
        for name, share in zip(MEASURES, card_of(code)["shares"], strict=True)
    }


def test_what_matrices_and_decoders_rebuild() -> None:
    assert card("pca")["rebuilt"] > card("deep")["rebuilt"] + 5
    assert (rebuilt("deep")[1] or 0) < (rebuilt("pca")[1] or 0) / 5


def test_neighbours_and_clusters() -> None:
    contrastive, two = card("contrastive"), card("autoencoder")
    for other in ("masked", "pca", "deep", "vae_16", "vae", "random"):
        assert card(other)["clustered"] < two["clustered"] < contrastive["clustered"]
    assert card("random")["probed"] > two["probed"]


def test_other_starts_of_the_clusters_say_the_same() -> None:
    """The two codes are level on average."""
    answers = labels()[1]
    two, masked = (
        [mutual_information(k_means(codes(code)[1], 10, seed=s), answers) for s in range(5)]
        for code in ("autoencoder", "masked")
    )
    assert abs(np.mean(two) - np.mean(masked)) < 0.04


def test_who_leads_each_row() -> None:
    assert "leads in four of the six rows. The first belongs to the pixels" in CARD
    cards = {code: card(code) for code in JUDGED}
    for measure in MEASURES:
        order = sorted(JUDGED, key=lambda code: -cards[code][measure])
        if measure == "rebuilt":
            assert order[0] == "pixels"
        elif measure == "calibrated":
            assert sum(cards[code][measure] > 99 for code in JUDGED) >= 7
        else:
            assert order[:2] == ["network", "contrastive"]


def test_what_noise_does_to_a_surer_code() -> None:
    contrastive, vicreg = (100 * card_of(code)["by_change"] for code in ("contrastive", "vicreg"))
    clean, noise, *others = contrastive
    assert noise < 20 and min(others) > clean - 4
    assert vicreg[1] < 20
    assert NUMBERS["sure.noise"] > 90 and NUMBERS["sure.dim"] < contrastive[4] - 10


def test_calibration_is_that_of_perfect_probes() -> None:
    for code in JUDGED:
        excess = 100 * (card_of(code)["ece"] - card_of(code)["floor"])
        assert (excess > 8) == (code in ("autoencoder", "vae"))
    assert card_of("contrastive")["ece_changed"] > 10 * card_of("contrastive")["ece"]


def test_bare_pixels_by_their_angle_stand_dark_and_noise() -> None:
    """For a search in the dark, the deep code is the wrong choice."""
    for how in ("dim", "noise"):
        assert NUMBERS[f"by_angle.pixels.{how}"] > NUMBERS[f"alike.deep.{how}"] + 3
    shown, test, changed = (each.astype(float) for each in codes("pixels"))
    unit = [x / np.linalg.norm(x, axis=-1, keepdims=True) for x in (test, shown)]
    known, answers = labels()
    near = NearestNeighbors(n_neighbors=10, metric="cosine").fit(shown)
    found = known[near.kneighbors(test, return_distance=False)] == answers[:, None]
    assert precision_at(10, unit[0], answers, unit[1], known) == pytest.approx(
        found.mean(), abs=2e-4
    )
    assert changed.shape == (len(CHANGES), len(test) // CHANGED, 784)


def test_a_stretched_number_disturbs_neighbours_and_our_probe() -> None:
    known, answers = labels()
    shown, test, _ = (each.astype(float) for each in codes("deep"))
    rights = []
    for times in (1, 100, 1000):
        far, near = shown.copy(), test.copy()
        far[:, 0] *= times
        near[:, 0] *= times
        rights.append(share_right(near, answers, fit(far, known, 1e-12)))
    assert max(rights) - min(rights) < 0.002
    assert NUMBERS["stretched.thousand.probe"] < 25 < 80 < NUMBERS["stretched.none.probe"]
    assert NUMBERS["stretched.hundred.alike"] < 40


def test_equal_probes_and_unequal_neighbours() -> None:
    masked, deep = card("masked"), card("deep")
    assert abs(masked["probed"] - deep["probed"]) < 0.5
    assert deep["retrieved"] - masked["retrieved"] > 5
