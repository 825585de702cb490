"""Properties shared by neighbours among all test images, against scikit-learn."""

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

from training.data import Dataset
from widgets.data import load
from widgets.kit.encoders import ENCODERS, encode_as
from widgets.kit.transforms import stroke_width

MEASURED = load("mnist_distances")


@pytest.mark.parametrize("code", ["pca", "vae"])
def test_what_neighbours_have_in_common_over_all_test_images(code, mnist: Dataset):
    x, labels = mnist.test_images / 255, mnist.test_labels
    codes, width = encode_as(code, x), stroke_width(x)
    near = NearestNeighbors(n_neighbors=11).fit(codes).kneighbors(codes)[1][:, 1:]
    i = list(ENCODERS).index(code)
    for k in (1, 10):
        same = np.mean(labels[near[:, :k]] == labels[:, None])
        assert MEASURED["same"][i, k - 1] == pytest.approx(same, abs=1e-3)
        apart = np.abs(width[near[:, :k]] - width[:, None]).mean()
        others = np.abs(width - np.random.default_rng(0).permutation(width)).mean()
        assert MEASURED["apart"][i, k - 1] == pytest.approx(apart / others, rel=0.03)


def test_nearest_of_few_training_images_errs_as_often_as_sklearn_says(mnist: Dataset):
    flat = [x.reshape(len(x), -1) / 255 for x in (mnist.train_images[:1000], mnist.test_images)]
    classifier = KNeighborsClassifier(1, algorithm="brute").fit(flat[0], mnist.train_labels[:1000])
    wrong = np.mean(classifier.predict(flat[1]) != mnist.test_labels)
    sizes = MEASURED["sizes"].tolist()
    assert MEASURED["wrong"][sizes.index(1000)] == pytest.approx(wrong, abs=2e-4)
    # With all training images: the figure on the page of the MNIST database.
    assert round(100 * float(MEASURED["wrong"][sizes.index(60_000)]), 2) == 3.09
