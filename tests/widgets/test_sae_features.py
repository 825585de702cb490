"""Features and ablations against the same network in torch."""

import numpy as np
import pytest
import torch
from torch.nn.functional import conv2d, max_pool2d

from widgets import sae_features
from widgets.data import load
from widgets.sae_features import ACTIVE, FEATURES, SHOWN, features_of, kind


def compute(**changed):
    return sae_features.compute(**{**sae_features.instrument.defaults(), **changed})


def head_of_torch(h):
    weights = load("mnist_network")
    return h @ torch.tensor(weights["w3"]).double() + torch.tensor(weights["b3"]).double()


def units_by_torch(x):
    """Compute the hidden units of images (n, 28, 28)."""
    weights = load("mnist_network")
    w, b = ([torch.tensor(weights[f"{k}{i}"]) for i in range(4)] for k in "wb")
    h = torch.tensor(x, dtype=torch.float32)[:, None]
    for i in (0, 1):
        h = max_pool2d(conv2d(h, w[i], b[i]).relu(), 2)
    return (h.flatten(1) @ w[2] + b[2]).relu().double()


def own(active, network="trained"):
    data = load("mnist_network_features")
    keys = ("encoder", "bias", "decoder", "centre")
    return {key: data[f"{network}_{key}"][ACTIVE.index(active)].astype(float) for key in keys}


@pytest.mark.parametrize("active", ACTIVE)
def test_codes_are_torch_s_largest(active):
    parts = {key: torch.from_numpy(value) for key, value in own(active).items()}
    h = load("mnist_gallery")["network"].astype(float)
    z = ((torch.from_numpy(h) - parts["centre"]) @ parts["encoder"] + parts["bias"]).relu()
    values, places = z.topk(active, 1)
    wanted = torch.zeros_like(z).scatter(1, places, values).numpy()
    found = features_of(h, own(active), active)
    np.testing.assert_allclose(found, wanted, atol=1e-12)
    assert (found > 0).sum(1).max() <= active


@pytest.mark.parametrize("feature", [1, 20, 60])
@pytest.mark.parametrize("factor", [0.0, 2.5])
def test_a_changed_feature_changes_the_answer_as_in_torch(feature, factor):
    result = compute(feature=feature, factor=factor, active="4")
    h = units_by_torch(load("mnist_gallery")["images"] / 255)
    stored = torch.from_numpy(load("mnist_gallery")["network"].astype(float))
    scale = stored.abs().max()
    assert (h - stored).abs().max() < 2e-3 * scale  # the gallery stores them in float16
    z = features_of(stored.numpy(), own(4), 4)[:, feature - 1]
    one = int(np.argmax(z))
    direction = torch.from_numpy(own(4)["decoder"][feature - 1])
    changed = stored[one] + (factor - 1) * z[one] * direction
    before, after = (head_of_torch(each).softmax(0).numpy() for each in (stored[one], changed))
    np.testing.assert_allclose(result["before"], before, atol=1e-9)
    np.testing.assert_allclose(result["after"], after, atol=1e-9)


def test_factor_one_changes_nothing():
    result = compute(factor=1.0)
    np.testing.assert_array_equal(result["change"], 0)
    np.testing.assert_array_equal(result["before"], result["after"])


def test_images_are_the_strongest_and_blank_where_there_are_none():
    for feature in (1, 30, FEATURES):
        result = compute(feature=feature)
        z = features_of(load("mnist_gallery")["network"].astype(float), own(4), 4)[:, feature - 1]
        active = min(SHOWN, int((z > 0).sum()))
        assert len(result["labels"]) == active
        filled = result["images"].reshape(SHOWN, -1).any(1)
        assert filled.sum() == active and filled[:active].all()


def test_kinds():
    assert [kind(*pair) for pair in ((0, 0), (0.4, 0.9), (0.1, 0.3), (0.1, 0.7))] == [
        "dead",
        "dense",
        "mixed",
        "pure",
    ]


@pytest.mark.parametrize("network", ["trained", "untrained"])
def test_the_axis_of_changes_holds_every_factor_and_is_not_too_wide(network):
    for feature in range(1, FEATURES + 1, 9):
        results = [compute(feature=feature, network=network, factor=f) for f in (0.0, 1.0, 4.0)]
        if results[0]["change"] is None:
            continue
        axes = [sae_features.effect_figure(each)["layout"]["yaxis2"]["range"] for each in results]
        assert axes[0] == axes[1] == axes[2]
        largest = np.abs(results[2]["change"]).max()
        assert largest <= axes[0][1] <= 2.5 * largest


def test_rounding_up():
    assert [sae_features.round_up(x) for x in (0.03, 1.0, 1.1, 4.9, 51.0)] == pytest.approx(
        [0.05, 1.0, 2.0, 5.0, 100.0]
    )
