import math
import subprocess

import numpy as np
import pytest
import torch

from latentbook.runtime.wheels import UnavailableError
from training import data
from training.data import Dataset, packages, strokes, to_unit
from training.data.heart import load_heart
from training.data.images import MNIST, from_idx, to_idx
from training.data.packages import check_hashes
from training.errors import DataMismatch, DataUnavailable, UnknownData


def test_idx_of_a_known_file() -> None:
    content = bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6])
    np.testing.assert_array_equal(from_idx(content), [[1, 2, 3], [4, 5, 6]])
    assert to_idx(np.array([[1, 2, 3], [4, 5, 6]], np.uint8)) == content


def test_mnist_is_the_published_one(mnist: Dataset) -> None:
    assert mnist.train_images.shape == (60_000, 28, 28)
    assert mnist.test_images.shape == (10_000, 28, 28)
    # counts per class, and mean and deviation of the pixels, from the literature
    published = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert np.bincount(mnist.test_labels).tolist() == published
    x = to_unit(mnist.train_images)
    assert x.mean().item() == pytest.approx(0.1307, abs=1e-4)
    assert x.std().item() == pytest.approx(0.3081, abs=1e-4)


def test_unknown_data_names_the_accepted() -> None:
    with pytest.raises(UnknownData, match=r"cifar.*mnist, fashion_mnist"):
        data.load_dataset("cifar")


def test_no_network_is_one_clear_sentence(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(packages, "DATA_DIR", tmp_path)
    refused = subprocess.CompletedProcess([], returncode=1, stdout="", stderr="ENOTFOUND")
    monkeypatch.setattr(packages.subprocess, "run", lambda *args, **kwargs: refused)
    with pytest.raises(DataUnavailable, match=r"MNIST could not be fetched.*connected to the net"):
        data.load_dataset("mnist")
    assert [path.name for path in tmp_path.iterdir()] == ["mnist.lock"]


def test_no_index_is_one_clear_sentence_too(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(packages, "DATA_DIR", tmp_path)

    def refuse(*args: str) -> bytes:
        raise UnavailableError("no such host")

    monkeypatch.setattr(packages, "from_wheel", refuse)
    with pytest.raises(DataUnavailable, match=r"electrocardiogram could not be read.*no such host"):
        load_heart()
    assert [path.name for path in tmp_path.iterdir()] == ["heart.lock"]


def test_no_npm_is_one_clear_sentence(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(packages, "DATA_DIR", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DataUnavailable, match="npm is not installed"):
        data.load_dataset("mnist")


def test_other_bytes_are_refused() -> None:
    with pytest.raises(DataMismatch, match="MNIST: train-images-idx3-ubyte has sha256"):
        check_hashes(MNIST, dict.fromkeys(MNIST.sha256, b"not MNIST"))


def pixel_centres() -> tuple[torch.Tensor, torch.Tensor]:
    axis = torch.arange(28) + 0.5 - 14
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    return x.flatten(), y.flatten()


def test_a_straight_stroke_has_the_area_of_a_capsule() -> None:
    image = strokes(torch.zeros(1), torch.zeros(1))
    assert image.sum().item() == pytest.approx(16 * 2.6 + torch.pi * 1.3**2, rel=0.02)


def test_a_straight_stroke_points_where_it_is_told() -> None:
    x, y = pixel_centres()
    for angle in (0.0, 17.0, 45.0, 60.0):
        ink = strokes(torch.zeros(1), torch.tensor([angle]))[0]
        xx, yy, xy = (ink * x * x).sum(), (ink * y * y).sum(), (ink * x * y).sum()
        axis = torch.rad2deg(0.5 * torch.atan2(2 * xy, xx - yy)).item()
        assert axis == pytest.approx(angle, abs=0.5)


def test_a_bent_stroke_is_the_curve_whose_direction_turns_evenly() -> None:
    x, y = pixel_centres()
    for curvature, angle in ((-0.16, 30.0), (-0.08, 0.0), (0.1, 60.0), (0.16, 10.0)):
        # 4,000 points, found by adding small steps without a formula for the circle
        s = torch.linspace(-8, 8, 4000, dtype=torch.float64)
        direction = math.radians(angle) + curvature * s
        points = torch.stack([direction.cos(), direction.sin()], 1).cumsum(0) * (16 / 4000)
        points = points - points.mean(0)
        pixels = torch.stack([x, y], 1).double()
        coverage = (1.3 - torch.cdist(pixels, points).amin(1) + 0.5).clamp(0, 1)
        image = strokes(torch.tensor([curvature]), torch.tensor([angle]))[0]
        # 16 segments cut the corners of the arc by 0.02 px
        assert (image - coverage).abs().max() < 0.04


def test_opposite_curvatures_are_mirror_images() -> None:
    up, down = strokes(torch.tensor([0.12, -0.12]), torch.zeros(2)).unflatten(1, (28, 28))
    torch.testing.assert_close(up, down.flip(0), atol=1e-5, rtol=0)


def test_sampled_strokes_repeat_with_their_seed() -> None:
    images, factors = data.sample_strokes(20, seed=3)
    again, _ = data.sample_strokes(20, seed=3)
    assert torch.equal(images, again)
    assert images.min() >= 0 and images.max() <= 1
    assert factors[:, 0].abs().max() <= 0.16
    assert factors[:, 1].min() >= 0 and factors[:, 1].max() <= 60
