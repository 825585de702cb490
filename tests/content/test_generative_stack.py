"""Numbers that chapter 6 quotes of codes, bits and errors, against the card and the data."""

import json
from pathlib import Path

import numpy as np
import pytest

import widgets.data
from app.models import registry
from widgets import rate_distortion
from widgets.data import load

CARD = json.loads((Path(widgets.data.__file__).parent / "rate_distortion.json").read_text("utf-8"))


def test_the_table_of_vq_vaes() -> None:
    points = CARD["metrics"]["vq_by_codes_and_seed"]

    def row(codes: int, seeds: tuple[int, ...] = (0,)) -> tuple[list[float], ...]:
        found = [points[f"{codes}, seed {seed}"] for seed in seeds]
        keys = ("squared_error", "perplexity", "codes_in_use")
        return tuple(
            [round(each[key], 1 if key == keys[0] else None) for each in found] for key in keys
        )

    assert row(4) == ([16.1], [3], [4])
    assert row(16) == ([6.8], [9], [16])
    assert row(64, (0, 1, 2)) == ([6.1, 5.5, 5.5], [32, 38, 39], [59, 64, 64])
    assert row(256) == ([4.2], [99], [181])
    assert 256 - 181 == 75
    assert round(registry.card("vqvae_mnist")["metrics"]["squared_error"]["mean"], 1) == 6.1


def curves() -> dict[str, np.ndarray]:
    controls = rate_distortion.instrument.defaults()
    found: dict[str, np.ndarray] = rate_distortion.compute(**controls)["curves"]
    return found


def at(kind: str, bits: float) -> float:
    left = rate_distortion.left_at(curves()[kind], bits)
    assert left is not None
    return float(left)


def test_the_autoencoder_passes_the_bound() -> None:
    assert at("autoencoder", 44) > at("bound", 44)
    assert at("autoencoder", 48) < at("bound", 48)
    bits, error = curves()["autoencoder"][6]
    assert (round(bits), round(error, 1)) == (91, 4.0)
    assert round(at("bound", bits), 1) == 10.8


def test_the_points_of_the_vaes() -> None:
    points = [(round(float(bits)), round(float(error), 1)) for bits, error in curves()["vae"]]
    assert points[1:] == [(12, 24.4), (24, 17.5), (45, 13.5), (83, 14.0)]
    assert at("bound", 11.77) == pytest.approx(31, abs=0.5)


def test_three_prices_of_one_code() -> None:
    data = load("rate_distortion")
    prices = data["prices"][list(data["codes"]).index(64)]
    assert [round(float(prices[i])) for i in (0, 1, 4)] == [294, 191, 150]
    assert at("pca", 294) == pytest.approx(3.5, abs=0.1)
    assert at("bound", 149.55) > 6.15


def test_the_sizes_of_the_two() -> None:
    small, large = (
        registry.card(name)["weights"]["parameters"]
        for name in ("vqvae_mnist", "deep_autoencoder_mnist")
    )
    assert large / small == pytest.approx(100, rel=0.15)
