"""Numbers that chapter 5 quotes, measured again or read from what was measured."""

import numpy as np
import pytest

from app.models.data import load_dataset
from app.models.errors import DataUnavailable
from app.models.judged import encode_judged
from widgets.data import load
from widgets.judged import JUDGED, rebuilt
from widgets.linear_probe import PER_CLASS, compute
from widgets.probe import over_draws
from widgets.report_card import MEASURES, made

CURVES = {
    name: 100 * curve for name, curve in zip(JUDGED, load("mnist_judged")["curves"], strict=True)
}


@pytest.mark.parametrize(
    ("code", "per_class", "percent"),
    [
        ("pixels", 50, 82),
        ("pca", 50, 81),
        ("deep", 50, 86),
        ("autoencoder", 50, 39),
        ("vae", 50, 32),
        ("random", 50, 65),
        ("network", 50, 98),
        ("masked", 1, 58),
        ("pixels", 1, 46),
    ],
)
def test_probes_of_all_images(code: str, per_class: int, percent: int) -> None:
    assert round(float(CURVES[code][PER_CLASS.index(per_class), 0])) == percent


def test_two_curves_cross() -> None:
    lead = CURVES["masked"][:, 0] - CURVES["deep"][:, 0]
    assert round(float(lead[0])) == 9
    assert round(float(lead[-1])) == -4


def test_draws_differ_by_so_much() -> None:
    spread = np.array([curve[:, 2] - curve[:, 1] for curve in CURVES.values()])
    assert (spread[:, 0] > 9.5).all() and (spread[:, 0] < 20).all()
    assert (spread[:, -1] < 4.2).all()
    assert spread[list(JUDGED).index("network"), -1] < 1


def test_what_the_tab_and_the_server_differ_by() -> None:
    try:
        data = load_dataset("mnist")
    except DataUnavailable as error:
        pytest.skip(str(error))
    shown, test = (encode_judged("deep", x / 255) for x in (data.train_images, data.test_images))
    found = {
        (pool, asked): over_draws(
            shown[::pool],
            data.train_labels[::pool],
            test[::asked],
            data.test_labels[::asked],
            per_class=50,
            draws=10,
        ).mean()
        for pool, asked in ((1, 1), (1, 10), (60, 1), (60, 10))
    }
    received = {key: round(float(100 * share), 1) for key, share in found.items()}
    wanted = {(1, 1): 85.6, (1, 10): 84.3, (60, 1): 84.1, (60, 10): 82.7}
    assert received == pytest.approx(wanted, abs=0.11)


def test_a_weak_ridge_costs_more_than_codes_differ() -> None:
    def right(ridge: float) -> float:
        result = compute(code="pixels", per_class=20, others=False, ridge=ridge, seed=0)
        return float(100 * result["here"].mean())

    assert right(1.0) - right(0.001) > 15


def card(code: str) -> dict[str, float]:
    return {
        name: 100 * float(share) for name, share in zip(MEASURES, made(code)["shares"], strict=True)
    }


def test_what_matrices_and_decoders_rebuild() -> None:
    assert round(card("pca")["rebuilt"]) == 72
    assert round(card("deep")["rebuilt"]) == 62
    assert round(rebuilt("deep")[1] or 0, 1) == 2.2
    assert round(rebuilt("pca")[1] or 0, 1) == 13.9


def test_neighbours_and_clusters() -> None:
    contrastive, two = card("contrastive"), card("autoencoder")
    assert round(contrastive["retrieved"]) == 93
    assert round(contrastive["clustered"]) == 81
    assert round(two["clustered"]) == 66
    assert round(two["probed"]) == 50
    for other in ("masked", "pca", "deep", "vae_16", "vae", "random"):
        assert card(other)["clustered"] < two["clustered"]
    assert card("random")["probed"] > two["probed"] > card("vae")["probed"]


def test_noise() -> None:
    clean, noise, _, shifted, _ = 100 * made("contrastive")["by_change"]
    assert (round(clean), round(noise), round(shifted)) == (96, 16, 96)
    clean, noise, _, shifted, _ = 100 * made("pixels")["by_change"]
    assert (round(clean - noise), round(clean - shifted)) == (10, 24)
    assert round(card("contrastive")["changed"]) == 76
    assert round(card("pixels")["changed"], 1) == 70.5


def test_calibration() -> None:
    for code in JUDGED:
        error = 100 * made(code)["ece"]
        assert (error > 10) == (code in ("autoencoder", "vae"))
        assert error < 4 or code in ("autoencoder", "vae")
    contrastive = made("contrastive")
    assert round(100 * contrastive["ece"]) == 1
    assert round(100 * contrastive["ece_changed"]) == 19
