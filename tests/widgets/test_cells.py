"""Maps of cells: neighbours against scikit-learn, batches by their definition, genes by biology."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.decomposition import PCA  # type: ignore[import-untyped]
from sklearn.neighbors import NearestNeighbors  # type: ignore[import-untyped]

from training.exports.cells import components_of, scaled, with_batches, without_means
from widgets import cells, data
from widgets.data import load
from widgets.engine.controls import accepted
from widgets.kit.cells import same_among_nearest

METRICS = json.loads(Path(data.__file__).with_name("cells.json").read_text("utf-8"))["metrics"]
RANDOM = np.random.default_rng(0)
ACTIVITY = np.log1p(RANDOM.poisson(2.0, (60, 20)).astype(float))
BATCH = RANDOM.integers(0, 2, 60)


def compute(**changed):
    return cells.compute(**accepted(cells.instrument, changed))


def test_neighbours_are_those_of_scikit_learn():
    places, labels = RANDOM.normal(size=(80, 5)), RANDOM.integers(0, 3, 80)
    near = NearestNeighbors(n_neighbors=11).fit(places).kneighbors(places)[1][:, 1:]
    expected = np.mean(labels[near] == labels[:, None], axis=1)
    np.testing.assert_allclose(same_among_nearest(places, labels), expected)


def test_a_batch_changes_a_gene_of_all_its_cells_alike_and_no_cell_as_a_whole():
    changed = np.expm1(with_batches(ACTIVITY, BATCH, np.random.default_rng(1)))
    counts = np.expm1(ACTIVITY)
    np.testing.assert_allclose(changed.sum(1), counts.sum(1))
    both = (counts[:, 0] > 0) & (counts[:, 1] > 0)
    ratio = changed[:, :2] / np.maximum(counts[:, :2], 1e-9)  # its factor times one of the cell's
    first, second = (np.divide(*ratio[both & (k == BATCH)].T) for k in (0, 1))
    np.testing.assert_allclose(first, first[0])
    np.testing.assert_allclose(second, second[0])
    assert first[0] != pytest.approx(second[0], rel=0.01)


def test_without_their_means_batches_have_one_mean():
    two = with_batches(ACTIVITY, BATCH, np.random.default_rng(1))
    off = without_means(two, BATCH)
    np.testing.assert_allclose(off[BATCH == 0].mean(0), off[BATCH == 1].mean(0))
    np.testing.assert_allclose(off.mean(0), two.mean(0))


def test_components_are_those_of_scikit_learn():
    seen = np.arange(60) < 45
    x = scaled(ACTIVITY, seen)
    pca = PCA(10, svd_solver="full").fit(x[seen])
    z, back = components_of(x, seen)
    np.testing.assert_allclose(np.abs(z), np.abs(pca.transform(x)), atol=1e-8)
    np.testing.assert_allclose(back, pca.inverse_transform(pca.transform(x)), atol=1e-8)


@pytest.mark.parametrize("code", ["pca", "autoencoder"])
@pytest.mark.parametrize("batch", ["none", "put_in", "taken_off"])
def test_the_page_counts_what_the_training_counted(code, batch):
    """In 16 bits, which change places with a few neighbours."""
    found, stored = compute(code=code, batch=batch), METRICS["codes"][f"{code}_{batch}"]
    assert found["in_code"] == pytest.approx(stored["same_kind"][0], abs=0.003)
    assert found["in_batch"] == pytest.approx(stored["same_batch"][0], abs=0.003)
    assert found["on_map"] == pytest.approx(stored["same_kind_on_map"][0], abs=0.003)


def test_shuffled_genes_know_no_kinds():
    found = compute(code="shuffled")
    assert found["in_code"] == pytest.approx(found["chance"], abs=0.02)


def test_a_batch_is_seen_and_goes_with_its_mean():
    assert compute(batch="put_in")["in_batch"] > 0.9
    assert compute(batch="taken_off")["in_batch"] < 0.6


@pytest.mark.parametrize(
    ("gene", "kinds"),
    [
        ("CD79A", {"B"}),
        ("LYZ", {"monocyte", "dendritic"}),
        ("NKG7", {"NK", "T killer"}),
        ("CD8B", {"T killer", "T naive killer"}),
        ("HLA-DQA1", {"dendritic", "B", "monocyte"}),
    ],
)
def test_genes_mark_the_kinds_that_need_them(gene, kinds):
    """What immunologists sort cells by."""
    result = compute(gene=gene)
    means = [result["activity"][result["kinds"] == k].mean() for k in range(10)]
    most = np.argsort(means)[::-1][: len(kinds)]
    assert {cells.SHORT[k] for k in most} == kinds


def test_short_names_are_of_the_kinds_in_the_data():
    signs = ("Reg", "Naive T", "Memory", "CD8+ Cyto", "Naive Cyto")
    signs += ("Monocyte", "CD19+ B", "CD34+", "NK", "Dendritic")
    assert all(sign in name for sign, name in zip(signs, load("cells")["names"], strict=True))


def test_the_map_says_what_colours_it():
    for colored, said in (("kind", "by kind"), ("gene", "CD3D active in"), ("batch", "by batch")):
        plot = cells.frame(compute(colored=colored)).panels[0]
        assert said in plot.alt
