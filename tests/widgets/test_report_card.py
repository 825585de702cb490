"""Report cards of the book's codes and of a reader's own, against scikit-learn."""

from itertools import combinations

import numpy as np
import pytest
from scipy.spatial import ConvexHull
from sklearn.linear_model import Ridge
from sklearn.metrics import normalized_mutual_info_score
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

from widgets import report_card
from widgets.contract import YOURS
from widgets.data import load
from widgets.kit.benchmark_codes import CHANGED, JUDGED, SHOWN, codes, images, labels
from widgets.kit.metrics import k_means
from widgets.report_card import MEASURES, card_of, compute, frame, made

TOLERANCE = 1e-6


def computed(**changed):
    return compute(**{**report_card.instrument.defaults(), **changed})


def ridge(h, wanted, share=1.0):
    h = h.astype(float)
    size = np.mean(np.sum((h - h.mean(axis=0)) ** 2, axis=1))
    return Ridge(alpha=share * size).fit(h, wanted)


def check(name):
    found = made(name)
    card = dict(zip(MEASURES, found["shares"], strict=True))
    shown, test, changed = (each.astype(float) for each in codes(name))
    shown_labels, test_labels = labels()
    near = NearestNeighbors(n_neighbors=10).fit(shown).kneighbors(test, return_distance=False)
    assert card["retrieved"] == pytest.approx(
        np.mean(shown_labels[near] == test_labels[:, None]), abs=2e-4
    )
    information = normalized_mutual_info_score(test_labels, k_means(test, 10))
    assert card["clustered"] == pytest.approx(information, abs=TOLERANCE)
    probe = ridge(shown, np.eye(10)[shown_labels], found["ridge"])
    right = np.mean(probe.predict(test).argmax(axis=1) == test_labels)
    assert card["probed"] == pytest.approx(right, abs=0.0011)
    later = [np.mean(probe.predict(h).argmax(axis=1) == test_labels[::CHANGED]) for h in changed]
    assert card["changed"] == pytest.approx(np.mean(later), abs=0.0011)
    x = images().reshape(2 * SHOWN, -1)
    read = ridge(shown, x[:SHOWN], 0.001).predict(test)
    off = np.sum((read - x[SHOWN:]) ** 2) / np.sum((x[SHOWN:] - x[SHOWN:].mean(axis=0)) ** 2)
    assert card["rebuilt"] == pytest.approx(1 - off, abs=1e-4)


def test_no_name_covers_another_on_a_narrow_plate():
    for across, up in (("rebuilt", "probed"), ("retrieved", "calibrated"), ("probed", "changed")):
        result = computed(across=across, up=up)
        boxes = []
        for word in report_card.ranking_figure(result)["layout"]["annotations"]:
            width = 6 * len(word["text"])
            left = 40 + 2.3 * word["x"] + word["xshift"]
            left -= {"left": 0, "center": width / 2, "right": width}[word["xanchor"]]
            middle = 1.3 * word["y"] + word["yshift"]
            boxes.append((left, middle - 6, left + width, middle + 6))
        assert len(boxes) >= 3
        assert min(left for left, *_ in boxes) >= 0
        for one, other in combinations(boxes, 2):
            apart = one[0] >= other[2] or other[0] >= one[2]
            assert apart or one[1] >= other[3] or other[1] >= one[3], (across, up)


@pytest.mark.parametrize("name", ["deep", "autoencoder", "random"])
def test_a_card_is_what_scikit_learn_finds(name):
    check(name)


def test_so_is_the_card_of_a_network_that_the_reader_has_kept(kept):
    check(YOURS)
    result = computed(code=YOURS, beside="vae")
    assert result["own"] > 0
    assert "strokes" in frame(result).note


def test_the_stored_cards_are_those_that_the_page_makes():
    for name in JUDGED:
        card, stored = made(name), card_of(name)
        assert card.keys() == stored.keys()
        assert (card["own"] is None) == (stored["own"] is None)
        for key in (
            "shares",
            "by_change",
            "ece",
            "floor",
            "ece_changed",
            *(["own"] if card["own"] else []),
        ):
            np.testing.assert_allclose(stored[key], card[key], atol=2e-3)
        for key in ("confidence", "right"):  # per bin; a value at its edge may fall into the next
            held = card["count"] >= 20
            np.testing.assert_allclose(stored[key][held], card[key][held], atol=0.05)
        np.testing.assert_allclose(stored["count"], card["count"], atol=2)


def test_a_neighbour_of_its_own_kind_is_what_the_vote_is_made_of():
    """The vote of ten neighbours is right more often than a single one."""
    shown, test, _ = codes("deep")
    shown_labels, test_labels = labels()
    vote = KNeighborsClassifier(10).fit(shown, shown_labels).score(test, test_labels)
    card = dict(zip(MEASURES, made("deep")["shares"], strict=True))
    assert vote > card["retrieved"]


def test_bins_of_confidence_add_up():
    result = computed(code="network", beside="random")
    assert result["count"].sum() == SHOWN
    total = np.sum(result["count"] * np.abs(result["right"] - result["confidence"])) / SHOWN
    assert total == pytest.approx(result["ece"], abs=1e-12)


@pytest.mark.parametrize("pair", list(combinations(MEASURES, 2)))
def test_whoever_wins_is_a_corner_of_the_convex_hull(pair):
    stored, names = load("mnist_cards")["shares"], list(JUDGED)
    rows = [names.index(name) for name in names if name != report_card.WITH_LABELS]
    points = stored[rows][:, [list(MEASURES).index(name) for name in pair]]
    corners = {names[rows[i]] for i in ConvexHull(points).vertices}
    for weight in (1, 30, 70, 99):
        result = computed(weight=weight, across=pair[0], up=pair[1])
        assert result["ranked"][0] in corners
        sums = points @ (100 - weight, weight)
        assert result["best"] == pytest.approx(sums.max())
        line = report_card.equal_sums(result)
        for x, y in ((line["x0"], line["y0"]), (line["x1"], line["y1"])):
            assert (100 - weight) * x + weight * y == pytest.approx(100 * sums.max())


def test_a_measure_by_itself_ranks_the_codes():
    result = computed(weight=100, up="probed")
    wanted = sorted(result["ranked"], key=lambda name: -card_of(name)["shares"][3])
    assert result["ranked"] == wanted
    assert f"Pixels {wanted.index('pixels') + 1}, " in frame(result).note
