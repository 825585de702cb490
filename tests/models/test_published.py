"""Published figures: their computation against scikit-learn, their record against the book."""

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, logsumexp
from scipy.stats import norm
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from training import published
from training.data import Dataset
from training.errors import UnknownFigure


@pytest.fixture(scope="module")
def digits() -> Dataset:
    """Ten classes of noisy blots, a few of which are misclassified."""
    rng = np.random.default_rng(0)
    centres = rng.integers(60, 200, (10, 28, 28))
    labels = np.tile(np.arange(10), 60).astype(np.uint8)
    noisy = centres[labels] + rng.normal(0, 260, (600, 28, 28))
    images = noisy.clip(0, 255).astype(np.uint8)
    return Dataset("blots", "here", images[:500], labels[:500], images[500:], labels[500:], {})


def rows(images):
    return images.reshape(len(images), -1) / 255


@pytest.fixture(scope="module")
def many(digits) -> Dataset:
    """More images than pixels, so that every direction has some variance."""
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (1200, 28, 28)).astype(np.uint8)
    images[:, 5:20, 5:20] = rng.integers(0, 256, (1200, 1, 1))
    images[:, :, 22:] = rng.integers(0, 256, (1200, 28, 1))
    return Dataset(
        "noise", "here", images, digits.train_labels, images[:50], digits.test_labels, {}
    )


def test_pca_leaves_what_scikit_learn_leaves(digits):
    pca = PCA(5, svd_solver="full").fit(rows(digits.train_images))
    test = rows(digits.test_images)
    left = np.sum((test - pca.inverse_transform(pca.transform(test))) ** 2, axis=1)
    np.testing.assert_allclose(published.pca_errors(digits, k=5), left, rtol=1e-9)


def test_nearest_neighbours_are_those_of_scikit_learn(digits):
    model = KNeighborsClassifier(1).fit(rows(digits.train_images), digits.train_labels)
    wrong = model.predict(rows(digits.test_images)) != digits.test_labels
    assert 0 < wrong.sum() < len(wrong)
    assert published.nearest_errors(digits).tolist() == (100.0 * wrong).tolist()


def test_the_quadratic_classifier_is_least_squares_on_products(digits):
    pca = PCA(6, svd_solver="full").fit(rows(digits.train_images))
    products = PolynomialFeatures(2)
    h = products.fit_transform(pca.transform(rows(digits.train_images)))
    model = LinearRegression(fit_intercept=False).fit(h, np.eye(10)[digits.train_labels])
    scores = model.predict(products.transform(pca.transform(rows(digits.test_images))))
    wrong = scores.argmax(axis=1) != digits.test_labels
    assert 0 < wrong.sum() < len(wrong)
    assert published.quadratic_errors(digits, k=6).tolist() == (100.0 * wrong).tolist()


def scaled(digits):
    scaler = StandardScaler().fit(rows(digits.train_images))
    return [scaler.transform(rows(x)) for x in (digits.train_images, digits.test_images)]


def test_five_neighbours_vote_as_those_of_scikit_learn(digits):
    train, test = scaled(digits)
    model = KNeighborsClassifier(5, p=1, weights="distance").fit(train, digits.train_labels)
    right = model.predict(test) == digits.test_labels
    assert 0 < right.sum() < len(right)
    assert published.five_nearest(digits).tolist() == right.tolist()


@pytest.mark.long
def test_logistic_regression_is_that_of_scikit_learn(digits):
    """With more pixels than images some sums are close, so the two may differ on a few images."""
    train, test = scaled(digits)
    one = LogisticRegression(l1_ratio=1, solver="liblinear", C=1.0, max_iter=500, tol=1e-5)
    model = OneVsRestClassifier(one).fit(train, digits.train_labels)
    right = model.predict(test) == digits.test_labels
    ours = published.logistic(digits).numpy().astype(bool)
    assert 0 < right.sum() < len(right)
    assert np.mean(ours != right) <= 0.03


def test_probabilistic_pca_has_the_likelihood_of_scikit_learn(many):
    model = PCA(4, svd_solver="full").fit(rows(many.train_images))
    model.noise_variance_ *= 1199 / 1200  # maximum likelihood divides by n
    model.explained_variance_ *= 1199 / 1200
    wanted = -model.score_samples(rows(many.test_images))
    np.testing.assert_allclose(published.probabilistic_pca(many, k=4), wanted, rtol=1e-9)


@pytest.mark.long
def test_a_trained_linear_vae_is_probabilistic_pca(many):
    closed = published.probabilistic_pca(many, k=3).mean().item()
    trained = published.linear_vae_bounds(many, k=3).mean().item()
    assert trained == pytest.approx(closed, abs=1e-3)


def test_parzen_windows_are_a_mean_of_normal_densities(many):
    """The images are noise, so the widest window is the best."""
    order = torch.randperm(1200, generator=torch.Generator().manual_seed(0))[:100]
    test, windows = rows(many.test_images), rows(many.train_images)[order]
    each = [norm.logpdf(test, window, 0.2).sum(axis=1) for window in windows]
    wanted = logsumexp(each, axis=0) - np.log(100)
    np.testing.assert_allclose(published.parzen_windows(many, centres=100), wanted, rtol=1e-4)


def test_the_best_levels_are_fixed_by_quadrature():
    """One level leaves all the variance, two leave 1 - 2 / pi."""
    for levels, left in ((1, 1), (2, 1 - 2 / np.pi)):
        assert published.lloyd_max_errors(None, levels).mean() == pytest.approx(100 * left, abs=0.5)


def test_the_lattice_and_the_rounding_of_the_record_have_closed_forms():
    record = published.read_record()
    for name, closed in (
        ("lattice-e8", 100 * 929 / 12960),
        ("rounding", 0.5 * np.log2(np.pi * np.e / 6)),
        ("eight-levels", 3.454),
    ):
        row = record[name]
        assert abs(row["mean"] - closed) < 4 * row["standard_error"], name


def test_the_linear_vae_of_the_record_is_the_closed_form():
    row = published.read_record()["linear-vae"]
    assert float(row["theirs"]) == pytest.approx(row["mean"], abs=0.005)


def test_the_section_shows_the_record():
    record = published.read_record()
    assert list(record) == [each.name for each in published.FIGURES]
    for each in published.FIGURES:
        row = record[each.name]
        assert (row["what"], row["source"], row["theirs"]) == (each.what, each.source, each.theirs)
    assert published.table(record) in published.SECTION.read_text(encoding="utf-8")


def test_the_figures_that_no_training_is_in_agree_with_the_papers():
    record = published.read_record()
    assert record["pca-30"]["mean"] == pytest.approx(13.87, abs=0.005)
    assert record["nearest-neighbour"]["mean"] == pytest.approx(3.09, abs=0.005)
    assert record["quadratic"]["mean"] == pytest.approx(3.3, abs=0.05)
    assert record["parzen-windows"]["mean"] == pytest.approx(243, abs=1)
    assert record["logistic-mnist"]["mean"] == pytest.approx(0.917, abs=0.003)
    assert record["logistic-fashion-mnist"]["mean"] == pytest.approx(0.851, abs=0.0015)  # 0.842
    assert record["five-nearest-mnist"]["mean"] == pytest.approx(0.959, abs=0.0005)
    assert 4.7 < record["infonce-bound"]["mean"] < np.log(128)


def test_the_infonce_bound_is_that_of_the_densities():
    """Compared with scipy's densities on other draws; no batch exceeds log N."""
    bounds = published.infonce_bounds(None, batch=16, nats=4.0).numpy()
    assert bounds.shape == (10_000,)
    assert bounds.max() < np.log(16)
    rng = np.random.default_rng(1)
    rho = np.sqrt(1 - np.exp(-0.4))
    wanted = []
    for _ in range(400):
        x = rng.normal(size=(16, 20))
        y = rho * x + np.sqrt(1 - rho**2) * rng.normal(size=(16, 20))
        density = norm.logpdf(y[:, None], rho * x, np.sqrt(1 - rho**2)).sum(2)
        wanted.append(np.log(16) + np.mean(np.diag(log_softmax(density, axis=1))))
    error = np.hypot(np.std(wanted) / 20, bounds.std() / 100)
    assert abs(bounds.mean() - np.mean(wanted)) < 4 * error


def test_only_a_recorded_result_is_written(monkeypatch, tmp_path, many):
    record, section = tmp_path / "published.json", tmp_path / "published.md"
    record.write_text("{}")
    section.write_text(f"Figures.\n\n{published.HEAD}")
    monkeypatch.setattr(published, "RECORD", record)
    monkeypatch.setattr(published, "SECTION", section)
    monkeypatch.setattr(published, "load_dataset", lambda name: many)
    before = section.read_text()
    published.reproduce_cli("pca-30", False, lambda line: None)
    assert (record.read_text(), section.read_text()) == ("{}", before)
    published.reproduce_cli("pca-30", True, lambda line: None)
    assert list(published.read_record()) == ["pca-30"]
    assert section.read_text() == f"Figures.\n\n{published.table(published.read_record())}"


def test_an_unknown_figure_is_refused_with_those_there_are():
    with pytest.raises(UnknownFigure, match=r"'mae'. Accepted names: pca-30, "):
        published.reproduce("mae")
