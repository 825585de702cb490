"""The scores, neighbours and distances of the maps, against scikit-learn and SciPy."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors

from tests.figures import check_figures
from widgets import code_map
from widgets.code_map import CODES, NEAREST, PERPLEXITIES, STARTS
from widgets.contract import YOURS
from widgets.data import load
from widgets.kit.benchmark_codes import encoder_of
from widgets.kit.encoders import encode_as
from widgets.kit.network import encode

ENCODED = [name for name in CODES if name != "shuffled"]


def compute(**changed):
    return code_map.compute(**{**code_map.instrument.defaults(), **changed})


def codes_of(name):
    return encode_as(name, load("mnist_gallery")["images"] / 255)


@pytest.mark.parametrize("name", ENCODED)
def test_scores_are_those_of_scikit_learn(name):
    codes = codes_of(name)
    for setting in ({"way": "pca"}, {"start": "1", "perplexity": 5.0}):
        result = compute(code=name, **setting)
        there = trustworthiness(codes, result["places"], n_neighbors=NEAREST)
        back = trustworthiness(result["places"], codes, n_neighbors=NEAREST)
        np.testing.assert_allclose(result["scores"], [there, back], atol=2e-4)


@pytest.mark.parametrize("name", ENCODED)
def test_neighbours_in_the_code_are_those_of_scikit_learn(name):
    codes = codes_of(name)
    found = NearestNeighbors(n_neighbors=NEAREST + 1).fit(codes)
    distances, _ = found.kneighbors(codes)
    near = load("code_map")[f"{name}_near"].astype(int)
    theirs = np.linalg.norm(codes[near] - codes[:, None], axis=2)
    np.testing.assert_allclose(theirs, distances[:, 1:], rtol=1e-3)


@pytest.mark.parametrize("name", ENCODED)
def test_distances_between_classes_and_within(name):
    result = compute(code=name)
    labels = result["labels"]
    for row, h in enumerate((codes_of(name), result["places"])):
        classes = [h[labels == k] for k in range(10)]
        apart = pdist([each.mean(axis=0) for each in classes])
        spread = [np.sqrt(each.var(axis=0).sum()) for each in classes]
        np.testing.assert_allclose(result["apart"][row], apart / apart.mean(), rtol=1e-4)
        np.testing.assert_allclose(result["spread"][row], spread / apart.mean(), rtol=1e-4)


def test_the_lens_holds_what_lies_under_it():
    result = compute(at=(10.0, -5.0), radius=12.0)
    off = result["places"] - [10.0, -5.0]
    inside = {int(i) for i in np.flatnonzero(np.hypot(*off.T) <= 12)}
    assert set(result["inside"].tolist()) == inside
    assert result["near"] == np.hypot(*off.T).argmin()
    on_map = NearestNeighbors(n_neighbors=NEAREST + 1).fit(result["places"])
    distances, _ = on_map.kneighbors(result["places"][[result["near"]]])
    theirs = np.linalg.norm(
        result["places"][result["map_near"]] - result["places"][result["near"]], axis=1
    )
    np.testing.assert_allclose(theirs, distances[0, 1:], rtol=1e-9)


def test_a_code_of_two_numbers_is_its_own_map():
    """Principal components of the VAE's code only rotate it, so every neighbour stays one."""
    result = compute(code="vae", way="pca")
    assert result["scores"].min() > 0.9999
    np.testing.assert_allclose(result["apart"][0], result["apart"][1], rtol=0.01)


def test_every_map_is_there_once():
    data = load("code_map")
    for name in CODES:
        maps = data[f"{name}_maps"]
        assert maps.shape == (1 + len(STARTS) * len(PERPLEXITIES), 625, 2)
        assert len({each.tobytes() for each in maps}) == len(maps)


def test_an_empty_lens_is_drawn():
    frame = code_map.frame(compute(at=(-50.0, 50.0), radius=2.0))
    assert frame.readouts["selected"] == "none"
    check_figures(frame)


def test_the_readers_own_code_is_mapped_by_itself(kept):
    """It has two numbers: whatever the method, distances and neighbours are those of the code."""
    result = compute(code=YOURS, way="tsne", start="2")
    frame = code_map.frame(result)
    check_figures(frame)
    assert "strokes" in frame.note
    codes = encode(load("mnist_gallery")["images"] / 255, encoder_of(load(YOURS)))
    ratios = pdist(result["places"]) / pdist(codes)
    np.testing.assert_allclose(ratios, ratios[0], rtol=1e-6)
    assert np.ptp(result["places"], axis=0).max() == pytest.approx(100)
    assert trustworthiness(codes, result["places"], n_neighbors=NEAREST) > 0.9999
    np.testing.assert_allclose(result["apart"][0], result["apart"][1], rtol=1e-6)
    assert set(result["code_near"]) == set(result["map_near"])
