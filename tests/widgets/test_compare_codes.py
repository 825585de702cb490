"""CKA and RSA against closed forms, the HSIC estimators and SciPy, and the instrument's figures."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import ortho_group, spearmanr
from sklearn.neighbors import NearestNeighbors

from widgets import compare_codes
from widgets.kit.benchmark_codes import JUDGED
from widgets.kit.similarity import MEASURES, NEAREST, alike, by_chance, directions


def compute(**changed):
    return compare_codes.compute(**{**compare_codes.instrument.defaults(), **changed})


def drawn(n, k, seed=0):
    return np.random.default_rng(seed).normal(size=(n, k))


@pytest.mark.parametrize("measure", MEASURES)
def test_a_turned_scaled_and_shifted_code_is_the_same(measure):
    x = drawn(40, 6) * np.arange(1, 7)
    same = 0.1 * x @ ortho_group.rvs(6, random_state=1) + 3
    assert alike(x, same, measure) == pytest.approx(1)
    stretched = x * [20, 1, 1, 1, 1, 1]
    assert alike(x, stretched, measure) < 0.9


def test_cka_is_that_of_the_hsic_estimators():
    x, y = drawn(30, 5), drawn(30, 8, seed=1)
    y[:, :5] += 2 * x
    n = len(x)
    middle = np.eye(n) - 1 / n

    def hsic(a, b):
        return np.trace(a @ a.T @ middle @ b @ b.T @ middle) / (n - 1) ** 2

    def unbiased(a, b):
        """Song et al. 2012, Eq. 5, term by term."""
        k, l, one = a @ a.T, b @ b.T, np.ones(n)  # noqa: E741
        np.fill_diagonal(k, 0)
        np.fill_diagonal(l, 0)
        total = np.trace(k @ l) + (one @ k @ one) * (one @ l @ one) / ((n - 1) * (n - 2))
        return (total - 2 / (n - 2) * (one @ k @ l @ one)) / (n * (n - 3))

    for measure, estimate in (("cka", hsic), ("debiased", unbiased)):
        wanted = estimate(x, y) / np.sqrt(estimate(x, x) * estimate(y, y))
        assert alike(x, y, measure) == pytest.approx(wanted)


def test_rsa_is_spearmans_correlation_of_distances():
    x, y = drawn(30, 5), drawn(30, 3, seed=1)
    wanted = spearmanr(pdist(x), pdist(y)).statistic
    assert alike(x, y, "rsa") == pytest.approx(wanted)


def test_neighbours_are_those_of_sklearn():
    x, y = drawn(60, 5), drawn(60, 3, seed=1)
    near = [NearestNeighbors(n_neighbors=NEAREST).fit(h).kneighbors()[1] for h in (x, y)]
    shared = [len(np.intersect1d(a, b)) for a, b in zip(*near, strict=True)]
    assert alike(x, y, "neighbours") == pytest.approx(np.mean(shared) / NEAREST)


@pytest.mark.parametrize("measure", MEASURES)
def test_chance_is_the_mean_over_shuffled_images(measure):
    x, y = drawn(30, 5) * np.arange(1, 6), drawn(30, 40, seed=1)
    rng = np.random.default_rng(2)
    values = [alike(x, y[rng.permutation(30)], measure) for _ in range(400)]
    error = np.std(values) / 20
    assert by_chance(x, y, measure) == pytest.approx(np.mean(values), abs=4 * error)


@pytest.mark.parametrize(("n", "k"), [(400, 8), (100, 100), (25, 784)])
def test_independent_gaussians_look_alike_if_they_have_many_numbers(n, k):
    """CKA is k / (n + k + 1), up to 1 / n; debiased CKA is 0."""
    pairs = [(drawn(n, k, seed), drawn(n, k, seed + 100)) for seed in range(8)]
    assert np.mean([alike(x, y) for x, y in pairs]) == pytest.approx(k / (n + k + 1), abs=0.02)
    assert np.mean([alike(x, y, "debiased") for x, y in pairs]) == pytest.approx(0, abs=0.04)


def test_cut_and_whitened_codes_have_closed_forms():
    x = drawn(200, 6) * np.arange(1, 7)
    x -= x.mean(axis=0)
    values, axes = np.linalg.eigh(x.T @ x)
    wide = np.sqrt(values[-2:] @ values[-2:] / (values @ values))
    assert alike(x, x @ axes[:, -2:]) == pytest.approx(wide)
    white = np.sqrt(directions(x) / 6)
    assert alike(x, x @ axes / np.sqrt(values)) == pytest.approx(white)


def test_the_pair_is_the_cell_under_the_pointer():
    names = list(JUDGED)
    result = compute(pair=(-5.0, -4.0), n=50)
    assert (names[result["column"]], names[result["row"]]) == ("pixels", "random")
    codes = [compare_codes.codes_of(name)[:50] for name in ("random", "pixels")]
    assert result["matrix"][result["row"], result["column"]] == pytest.approx(alike(*codes))
    np.testing.assert_allclose(result["matrix"], result["matrix"].T)
    np.testing.assert_allclose(np.diag(result["matrix"]), 1)
    frame = compare_codes.frame(result)
    assert frame.readouts["chance"] == pytest.approx(by_chance(*codes, "cka"))


@pytest.mark.parametrize("measure", MEASURES)
def test_the_stored_matrices_are_those_of_the_codes(measure):
    for n in compare_codes.COUNTS:
        stored = compute(measure=measure, n=n)["matrix"]
        np.testing.assert_allclose(stored, compare_codes.matrix_of(measure, n), atol=1e-6)


def test_a_first_look_needs_the_codes_of_its_pair_only(monkeypatch):
    caches = "codes_of", "chance_of", "directions_of", "gaps_of", "nearest_to"
    for name in caches:
        getattr(compare_codes, name).cache_clear()
    load, loaded = compare_codes.load, set()
    monkeypatch.setattr(compare_codes, "load", lambda name: loaded.add(name) or load(name))
    compute()
    codes = {"mnist_as_contrastive", "mnist_as_vicreg"}
    assert loaded == codes | {"mnist_judged", "mnist_compared"}


def test_the_chosen_digit_stands_first_among_its_neighbours():
    result = compute(image=7)
    assert result["near"][:, 0].tolist() == [6, 6]
    for name, near in zip(("contrastive", "vicreg"), result["near"], strict=True):
        h = compare_codes.codes_of(name)
        far = np.linalg.norm(h - h[6], axis=1)
        assert set(near) == set(far.argsort()[:16])
