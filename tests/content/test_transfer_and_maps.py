"""Numbers that the sections on transfer and on maps quote."""

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


def mean(task: int, method: str, labels: int, test: int = CENTRED) -> float:
    accuracy = load("transfer")["accuracy"]
    of_seeds = accuracy[task, list(METHODS).index(method), SIZES.index(labels), :, test]
    return round(100 * float(of_seeds.mean()), 1)


def test_frozen_maps_and_their_untrained_baseline() -> None:
    assert [mean(CLOTHES, m, 1) for m in ("maps", "scratch")] == [51.4, 48.6]
    assert [mean(CLOTHES, m, 10) for m in ("maps", "untrained")] == [69.9, 70.1]
    for labels, lead in ((100, 1.8), (1000, 1.9)):
        found = mean(CLOTHES, "maps", labels) - mean(CLOTHES, "untrained", labels)
        assert found == pytest.approx(lead, abs=0.051)
    leads = [mean(DIGITS, "maps", n) - mean(DIGITS, "untrained", n) for n in SIZES]
    assert min(leads) > 1.5 and max(leads) < 3


def of_seeds(task: int, method: str, labels: int, test: int = CENTRED) -> np.ndarray:
    accuracy = 100 * load("transfer")["accuracy"][task, list(METHODS).index(method)]
    found: np.ndarray = accuracy[SIZES.index(labels), :, test].astype(float)
    return found


def test_what_single_seeds_say() -> None:
    def lead(labels: int) -> np.ndarray:
        return of_seeds(CLOTHES, "maps", labels) - of_seeds(CLOTHES, "untrained", labels)

    assert [round(float(end)) for end in (lead(1).min(), lead(1).max())] == [-3, 7]
    assert round(float(lead(1).mean()), 1) == 2.8
    assert (lead(100) > 0).all() and (lead(1000) > 0).all()
    shifted = [of_seeds(CLOTHES, method, 1000, SHIFTED) for method in ("fine_tuned", "features")]
    difference = (shifted[0] - shifted[1]).round(1).tolist()
    assert difference == [-1.7, -2.3, -8.2, 1.4]
    assert mean(CLOTHES, "maps", 1000, SHIFTED) == 54.4


def test_the_larger_rate_was_nearly_always_the_better() -> None:
    card = json.loads((WIDGET_DATA / "transfer.json").read_text("utf-8"))
    chosen = [
        r for task in card["metrics"]["rates"].values() for rates in task.values() for r in rates
    ]
    assert (chosen.count(0.004), len(chosen)) == (40, 42)


def test_features_serve_other_tasks_worse_than_the_maps_before_them() -> None:
    assert [mean(CLOTHES, m, 1000) for m in ("features", "maps")] == [74.2, 85.3]
    assert [mean(DIGITS, m, 1000) for m in ("features", "maps")] == [84.4, 97.0]
    for task, least, most in ((CLOTHES, 6, 8), (DIGITS, 18, 21)):
        behind = [of_seeds(task, "maps", n) - of_seeds(task, "features", n) for n in (10, 30)]
        assert sorted(round(float(points.mean())) for points in behind) == [least, most]
        assert all(mean(task, "scratch", n) < mean(task, "maps", n) for n in (10, 30))


def test_fine_tuning_with_a_new_head_is_no_better_than_from_scratch() -> None:
    assert [mean(CLOTHES, m, 100) for m in ("fine_tuned", "scratch")] == [79.2, 79.1]
    assert [mean(CLOTHES, m, 1000) for m in ("fine_tuned", "scratch")] == [85.3, 85.7]
    for labels in SIZES:
        best = max(METHODS, key=lambda method: mean(CLOTHES, method, labels))
        assert best == {10: "untrained", 30: "maps"}.get(labels, "head_first")
        assert mean(CLOTHES, "fine_tuned", labels) <= mean(CLOTHES, "maps", labels)
    over_its_layer = [mean(CLOTHES, "fine_tuned", n) - mean(CLOTHES, "features", n) for n in SIZES]
    assert min(over_its_layer) == over_its_layer[0] == pytest.approx(1.5, abs=0.051)
    assert max(over_its_layer) == over_its_layer[-1] == pytest.approx(11.1, abs=0.051)
    assert mean(CLOTHES, "head_first", 1000) == 86.5


def test_shifted_images_turn_the_order_round_for_clothes() -> None:
    methods = ("fine_tuned", "features", "head_first")
    assert [mean(CLOTHES, m, 1000, SHIFTED) for m in methods] == [55.2, 57.9, 56.3]
    assert [mean(DIGITS, m, 1000, SHIFTED) for m in methods[:2]] == [59.5, 45.9]
    accuracy = 100 * load("transfer")["accuracy"].mean(axis=3)[:, :, -1]
    first, new = (accuracy[:, list(METHODS).index(m)] for m in ("head_first", "fine_tuned"))
    np.testing.assert_allclose(first - new, [[1.2, 1.1], [0.3, 4.6]], atol=0.06)


@pytest.mark.parametrize(("task", "labels"), [(CLOTHES, 780), (DIGITS, 70)])
def test_where_training_from_scratch_overtakes_the_frozen_maps(task: int, labels: int) -> None:
    accuracy = load("transfer")["accuracy"][task, ..., CENTRED].mean(axis=2)
    lead = accuracy[list(METHODS).index("scratch")] - accuracy[0]
    place = np.flatnonzero((lead[:-1] < 0) & (lead[1:] >= 0))[-1]
    share = -lead[place] / (lead[place + 1] - lead[place])
    crossing = SIZES[place] * (SIZES[place + 1] / SIZES[place]) ** share
    assert crossing == pytest.approx(labels, rel=0.05)


def correlations(key: str, **changed: object) -> list[float]:
    """Over the three seeds and the start from principal components."""
    settings = code_map.instrument.defaults() | changed
    results = [code_map.compute(**{**settings, "start": start}) for start in code_map.STARTS]
    return [round(float(code_map.correlation(result[key])), 2) for result in results]


def test_distances_between_classes_depend_on_the_start() -> None:
    seeds = [correlations("apart", code=code)[:3] for code in code_map.CODES if code != "shuffled"]
    assert min(map(min, seeds)) > 0.45 and max(map(max, seeds)) < 0.85
    assert correlations("apart", code="network", perplexity=5.0) == [0.32, 0.24, 0.38, 0.63]
    assert correlations("apart", code="contrastive", perplexity=5.0) == [0.32, 0.24, -0.01, 0.75]


def test_widths_of_classes_are_the_maps_own() -> None:
    assert correlations("spread", code="contrastive")[:3] == [-0.05, -0.05, -0.04]
    assert correlations("spread", code="contrastive", perplexity=5.0)[:3] == [-0.41, -0.26, -0.21]
    assert correlations("spread", code="masked")[:3] == pytest.approx([0.7] * 3, abs=0.05)
    widths = load("code_map")["contrastive_spread"]
    assert [round(float(widths[k]), 2) for k in (1, 3)] == [0.69, 1.52]
    masked = load("code_map")["masked_spread"]
    assert masked.max() / masked.min() == pytest.approx(1.2, abs=0.01)
    on_map = code_map.compute(**code_map.instrument.defaults() | {"code": "contrastive"})["spread"]
    assert on_map[1, 3] / on_map[1, 1] == pytest.approx(1.0, abs=0.05)
    assert on_map[0].max() / on_map[0].min() == pytest.approx(2.2, abs=0.05)
    digits = load("mnist_gallery")["labels"]
    for code, by_mean, by_median in (("contrastive", 3, 1.6), ("masked", 3, 2.6)):
        places = load("code_map")[f"{code}_maps"][2].astype(float)
        classes = [places[digits == k] for k in range(10)]
        off = [np.linalg.norm(y - y.mean(axis=0), axis=1) for y in classes]
        widths = np.sqrt([np.mean(d**2) for d in off])
        assert widths.max() / widths.min() == pytest.approx(by_mean, abs=0.1)
        medians = [np.median(np.linalg.norm(y - np.median(y, axis=0), axis=1)) for y in classes]
        assert max(medians) / min(medians) == pytest.approx(by_median, abs=0.1)


def test_what_a_map_adds_to_the_neighbours() -> None:
    digits = load("mnist_gallery")["labels"]
    same, rows = digits == digits[:, None], np.arange(len(digits))[:, None]
    gained = {}
    for code in code_map.CODES:
        data = load("code_map")
        in_code = same[rows, data[f"{code}_near"].astype(int)].mean()
        for which in (1, 2):  # perplexity 5 and 30 of the first seed
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
