"""Codes, bits and errors that chapter 6 quotes, against the cards and the data."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

import widgets.data
from latentbook_decoders.models import registry
from training.data import load_dataset
from training.errors import DataUnavailable
from training.exports.mnist_pca import principal_components
from training.exports.patch_codes import per_digit
from widgets import rate_distortion, vq_codebook
from widgets.data import load

CHAPTER = Path(__file__).parents[2] / "content/generative-stack"
BITS = " ".join((CHAPTER / "rate-and-distortion.md").read_text("utf-8").split())
OUTPUTS = json.loads((CHAPTER / "outputs.json").read_text("utf-8"))
NUMBERS = OUTPUTS["numbers.py"]["numbers"]


def card(name: str) -> dict[str, Any]:
    path = Path(widgets.data.__file__).parent / f"{name}.json"
    metrics: dict[str, Any] = json.loads(path.read_text("utf-8"))["metrics"]
    return metrics


def test_a_table_of_patches_from_more_digits_by_scikit_learn() -> None:
    """k-means of another library on other digits leaves the error in the table for 16 codes."""
    from sklearn.cluster import MiniBatchKMeans

    try:
        data = load_dataset("mnist")
    except DataUnavailable as error:
        pytest.skip(str(error))
    x = vq_codebook.cut(data.train_images[-1500:])
    table = MiniBatchKMeans(16, n_init=4, batch_size=8192, random_state=0).fit(x).cluster_centers_
    left = per_digit(vq_codebook.cut(data.test_images[:2000]), table)
    assert left == pytest.approx(card("patch_codes")["from_more_digits"]["16"], rel=0.05)


def test_the_estimate_never_settles() -> None:
    lines = OUTPUTS["snippet-straight"]["outputs"][0]["data"].splitlines()
    assert all("true 0.0" in line or "true -0.0" in line for line in lines)
    assert {line.split("loss ")[1][:4] for line in lines[-5:]} == {"0.09", "0.49"}


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


def test_three_prices_of_one_code() -> None:
    data = load("rate_distortion")
    for codes, price, error in zip(data["codes"], data["prices"], data["vq"][:, 1], strict=True):
        assert (error < at("bound", price[1])) == (codes != 64)
        assert error < at("bound", price[4])
    for seed in (1, 2):
        other = card("rate_distortion")["vq_by_codes_and_seed"][f"64, seed {seed}"]
        assert other["squared_error"] == pytest.approx(
            at("bound", other["bits_by_place"]), rel=0.02
        )


def test_the_price_is_asked_before_it_is_told() -> None:
    before = BITS[: BITS.index(":label: q-guess-prior")]
    assert not re.search(r"(?<!height=)\b(150|191)\b", before)


def test_the_last_vae_is_worse_by_its_own_objective() -> None:
    points = card("rate_distortion")["vae_by_beta"]
    losses = [
        points[beta]["squared_error"] + 0.03 * np.log(2) * points[beta]["bits"]
        for beta in ("0.1", "0.03")
    ]
    assert losses[0] < losses[1]
    stated = [NUMBERS[f"vae.{price}.loss_at_003"] for price in ("01", "003")]
    assert losses == pytest.approx(stated, abs=0.01)


def bound_at(variances: np.ndarray, bits: float) -> float:
    """Compute the Gaussian bound by bisection."""
    low, high = 1e-6, float(variances.max())
    for _ in range(80):
        level = (low * high) ** 0.5
        spent = 0.5 * np.log2(np.maximum(variances / level, 1)).sum()
        low, high = (level, high) if spent > bits else (low, level)
    return float(np.minimum(variances, level).sum())


def rounded_gaussian(variances: np.ndarray, step: float) -> tuple[float, float]:
    """Compute bits and squared error of a Gaussian whose coordinates are rounded to a grid."""
    bits = error = 0.0
    for std in np.sqrt(variances.clip(1e-12)):
        k = np.arange(-int(9 * std / step) - 1, int(9 * std / step) + 2)
        edges = (k[:, None] + np.array([-0.5, 0.5])) * step / std
        share = np.diff(norm.cdf(edges))[:, 0]
        first = -std * np.diff(norm.pdf(edges))[:, 0]  # E[x; cell]
        error += std**2 + np.sum((k * step) ** 2 * share - 2 * k * step * first)
        bits -= np.sum(share[share > 0] * np.log2(share[share > 0]))
    return float(bits), float(error)


def test_rounding_a_gaussian_misses_its_bound() -> None:
    variances = load("mnist_pca")["eigenvalues"].astype(float)
    for step in rate_distortion_steps():
        bits, error = rounded_gaussian(variances, step)
        assert 1.3 - 0.005 <= error / bound_at(variances, bits) <= 1.5
    bits, error = rounded_gaussian(variances, 0.5)
    stated = [NUMBERS[f"rounded.{name}"] for name in ("bits", "error", "bound")]
    assert [bits, error, bound_at(variances, bits)] == pytest.approx(stated, rel=1e-4)


def rate_distortion_steps() -> list[float]:
    return [float(step) for step in load("rate_distortion")["steps"] if step <= 2]


def test_the_cut_takes_about_as_much_away() -> None:
    try:
        data = load_dataset("mnist")
    except DataUnavailable as error:
        pytest.skip(str(error))
    mean, _, rows = principal_components(data.train_images[::6].reshape(-1, 784) / 255)
    x = data.test_images[::10].reshape(-1, 784) / 255
    for step in rate_distortion_steps():
        x_hat = mean + step * np.rint((x - mean) @ rows.T / step) @ rows
        whole, cut = (np.square(each - x).sum() for each in (x_hat, x_hat.clip(0, 1)))
        assert 0.18 < 1 - cut / whole < 0.38


def test_lines_of_the_family_are_those_of_its_table() -> None:
    text, evidence = (
        (CHAPTER / path).read_text("utf-8") for path in ("not-known.md", "evidence/not-known.md")
    )
    names = {
        "deep": "deep autoencoder",
        "denoising": "denoising",
        "contractive": "contractive",
        "vae": "VAE",
        "beta": "β-VAE",
        "vq": "VQ-VAE",
        "vq2": "VQ-VAE-2",
        "diffusion": "diffusion",
        "ldm": "latent diffusion",
        "mae": "masked",
        "sparse": "sparse",
    }
    drawn = {
        tuple(pair.split())
        for group in re.findall(r"lines \+?= (\[.*?\])", text)
        for pair in ast.literal_eval(group)
    }
    table = evidence[evidence.index(":label: table-family") :]
    rows = [line.strip("| ").split("|") for line in table.splitlines() if re.match(r"\| \d", line)]
    keys = sorted(names, key=lambda key: -len(names[key]))  # the longest name first
    told = set()
    for year, what, _, sources, _ in rows:
        key = next(key for key in keys if what.strip().startswith(names[key]))
        drawn_at = float(re.search(rf'"{key}": \((\d+)', text)[1])  # type: ignore[index]
        assert drawn_at == float(year)
        for source in filter(None, (part.strip() for part in sources.split(","))):
            told.add((next(each for each in names if names[each] == source), key))
    assert told == drawn and len(rows) == len(names)


def test_the_sizes_of_the_two() -> None:
    small, large = (
        registry.card(name)["weights"]["parameters"]
        for name in ("vqvae_mnist", "deep_autoencoder_mnist")
    )
    assert large / small == pytest.approx(100, rel=0.15)
