"""Orders, signs and bounds that the sections on transfer and on maps state."""

import json

import numpy as np
import pytest
from sklearn.manifold import trustworthiness

from training.exports.export import WIDGET_DATA
from widgets import code_map
from widgets.data import load
from widgets.kit.encoders import encode_as
from widgets.transfer_curve import METHODS, SIZES

CLOTHES, DIGITS = 0, 1
CENTRED, SHIFTED = 0, 1


def of_seeds(task: int, method: str, labels: int, test: int = CENTRED) -> np.ndarray:
    accuracy = 100 * load("transfer")["accuracy"][task, list(METHODS).index(method)]
    found: np.ndarray = accuracy[SIZES.index(labels), :, test].astype(float)
    return found


def mean(task: int, method: str, labels: int, test: int = CENTRED) -> float:
    return round(float(of_seeds(task, method, labels, test).mean()), 1)


def test_maps_learned_from_clothes_serve_digits_better_than_random_ones() -> None:
    leads = [mean(DIGITS, "maps", n) - mean(DIGITS, "untrained", n) for n in SIZES]
    assert min(leads) > 1.5 and max(leads) < 3


def test_what_single_seeds_say() -> None:
    def lead(labels: int) -> np.ndarray:
        return of_seeds(CLOTHES, "maps", labels) - of_seeds(CLOTHES, "untrained", labels)

    assert lead(1).min() < 0 < lead(1).max()
    assert (lead(100) > 0).all() and (lead(1000) > 0).all()
    shifted = [of_seeds(CLOTHES, method, 1000, SHIFTED) for method in ("fine_tuned", "features")]
    assert (shifted[0] < shifted[1]).tolist() == [True, True, True, False]


def test_the_larger_rate_was_nearly_always_the_better() -> None:
    card = json.loads((WIDGET_DATA / "transfer.json").read_text("utf-8"))
    chosen = [
        r for task in card["metrics"]["rates"].values() for rates in task.values() for r in rates
    ]
    assert (chosen.count(0.004), len(chosen)) == (40, 42)


def test_features_serve_other_tasks_worse_than_the_maps_before_them() -> None:
    for task, least, most in ((CLOTHES, 6, 8), (DIGITS, 18, 21)):
        behind = [of_seeds(task, "maps", n) - of_seeds(task, "features", n) for n in (10, 30)]
        assert sorted(round(float(points.mean())) for points in behind) == [least, most]
        assert all(mean(task, "scratch", n) < mean(task, "maps", n) for n in (10, 30))


def test_fine_tuning_with_a_new_head_is_no_better_than_from_scratch() -> None:
    for labels in SIZES:
        best = max(METHODS, key=lambda method: mean(CLOTHES, method, labels))
        assert best == {10: "untrained", 30: "maps"}.get(labels, "head_first")
        assert mean(CLOTHES, "fine_tuned", labels) <= mean(CLOTHES, "maps", labels)
    over_its_layer = [mean(CLOTHES, "fine_tuned", n) - mean(CLOTHES, "features", n) for n in SIZES]
    assert min(over_its_layer) == over_its_layer[0] > 0
    assert max(over_its_layer) == over_its_layer[-1]
    behind = of_seeds(DIGITS, "scratch", 1000) - of_seeds(DIGITS, "fine_tuned", 1000)
    assert (behind > 0).all()


def test_shifted_images_turn_the_order_round_for_clothes() -> None:
    tuned, first, features = (
        mean(CLOTHES, method, 1000, SHIFTED) for method in ("fine_tuned", "head_first", "features")
    )
    assert tuned < first < features
    assert mean(CLOTHES, "fine_tuned", 1000) > mean(CLOTHES, "features", 1000)
    assert mean(DIGITS, "fine_tuned", 1000, SHIFTED) > mean(DIGITS, "features", 1000, SHIFTED)


@pytest.mark.parametrize(("task", "labels"), [(CLOTHES, 780), (DIGITS, 70)])
def test_where_training_from_scratch_overtakes_the_frozen_maps(task: int, labels: int) -> None:
    accuracy = load("transfer")["accuracy"][task, ..., CENTRED].mean(axis=2)
    lead = accuracy[list(METHODS).index("scratch")] - accuracy[0]
    place = np.flatnonzero((lead[:-1] < 0) & (lead[1:] >= 0))[-1]
    share = -lead[place] / (lead[place + 1] - lead[place])
    crossing = SIZES[place] * (SIZES[place + 1] / SIZES[place]) ** share
    assert crossing == pytest.approx(labels, rel=0.05)


def correlations(key: str, **changed: object) -> list[float]:
    """Compute correlations for the three seeds and the start from principal components."""
    settings = code_map.instrument.defaults() | changed
    results = [code_map.compute(**{**settings, "start": start}) for start in code_map.STARTS]
    return [round(float(code_map.correlation(result[key])), 2) for result in results]


def test_distances_between_classes_depend_on_the_start() -> None:
    for code in ("network", "contrastive"):
        *seeds, components = correlations("apart", code=code, perplexity=5.0)
        assert max(seeds) < 0.4 and components > 0.6


def test_widths_of_classes_are_the_maps_own() -> None:
    assert max(correlations("spread", code="contrastive")[:3]) < 0
    masked = load("code_map")["masked_spread"]
    assert masked.max() / masked.min() == pytest.approx(1.2, abs=0.01)
    for code in ("contrastive", "masked"):
        on_map = code_map.compute(**code_map.instrument.defaults() | {"code": code})["spread"][1]
        assert on_map.max() / on_map.min() == pytest.approx(3, abs=0.1)


def test_what_a_map_adds_to_the_neighbours() -> None:
    digits = load("mnist_gallery")["labels"]
    same, rows = digits == digits[:, None], np.arange(len(digits))[:, None]
    gained = {}
    for code in code_map.CODES:
        data = load("code_map")
        in_code = same[rows, data[f"{code}_near"].astype(int)].mean()
        for which in (1, 2):  # perplexity 5 and 30, first seed
            places = data[f"{code}_maps"][which].astype(float)
            gap = np.linalg.norm(places[:, None] - places, axis=-1)
            np.fill_diagonal(gap, np.inf)
            near = gap.argsort(axis=1, kind="stable")[:, :10]
            gained[code, which] = 100 * (same[rows, near].mean() - in_code)
    assert gained["pixels", 2] > 4 and gained["contrastive", 2] > 2
    assert all(0 < gained[code, 2] < 1 for code in ("vae", "network", "masked"))
    assert [round(gained[code, 1]) for code in ("network", "masked")] == [-1, -1]


def test_a_tour_on_a_circle_is_trusted_more_than_it_is_continuous() -> None:
    codes = encode_as("network", load("mnist_gallery")["images"] / 255)
    gap = np.linalg.norm(codes[:, None] - codes, axis=-1)
    tour, left = [0], set(range(1, len(codes)))
    while left:
        tour.append(min(left, key=lambda place: gap[tour[-1], place]))
        left.remove(tour[-1])
    angle = np.empty(len(codes))
    angle[tour] = 2 * np.pi * np.arange(len(codes)) / len(codes)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    assert trustworthiness(codes, circle, n_neighbors=10) == pytest.approx(0.95, abs=0.005)
    assert trustworthiness(circle, codes, n_neighbors=10) == pytest.approx(0.87, abs=0.005)


def test_noise_has_a_trustworthy_map() -> None:
    assert correlations("apart", code="shuffled")[:3] == [0.51, 0.5, 0.68]
    assert load("code_map")["shuffled_scores"][2, 0] == pytest.approx(0.88, abs=0.005)
