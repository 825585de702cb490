"""Changes of colour pictures against SciPy, PIL and torch; encoders against torch's layers."""

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.spatial.transform import Rotation
from torch.nn.functional import affine_grid, conv2d, grid_sample, normalize

from widgets.data import load
from widgets.kit.colour_views import (
    ADDED,
    EMOJI,
    SIDE,
    VIEWS,
    crop,
    draw_view,
    encode_emoji,
    encoder_of,
    erase,
    hue_turn,
    linear,
    mirror,
    resized,
    shift,
    turn_hue,
)

X = load("colour_views")["pictures"] / 255
GREY = np.repeat(np.random.default_rng(0).random((2, SIDE, SIDE, 1)), 3, axis=3)


@pytest.mark.parametrize("degrees", [-75, 30, 120, 200.5])
def test_a_turn_of_hue_is_a_rotation_around_grey(degrees):
    axis = np.ones(3) / np.sqrt(3)
    rotation = Rotation.from_rotvec(np.deg2rad(degrees) * axis).as_matrix()
    np.testing.assert_allclose(hue_turn(degrees), rotation, atol=1e-12)


def test_a_turn_of_hue_by_120_degrees_takes_red_to_green_and_keeps_grey():
    np.testing.assert_allclose(hue_turn(120) @ [1, 0, 0], [0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(turn_hue(GREY, 77), GREY, atol=1e-12)
    np.testing.assert_allclose(turn_hue(X, 360), X, atol=1e-12)


def test_twice_mirrored_is_the_picture_and_once_is_what_pil_has():
    np.testing.assert_array_equal(mirror(mirror(X)), X)
    picture = load("colour_views")["pictures"][4]
    flipped = np.asarray(Image.fromarray(picture).transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    np.testing.assert_array_equal(np.round(255 * mirror(picture[None] / 255)[0]), flipped)


def test_a_shift_brings_in_white_and_comes_back():
    ink = np.ones((1, SIDE, SIDE, 3))
    ink[:, 10:20, 10:20] = 0
    moved = shift(ink, 4, -2)
    assert np.argwhere(moved[0, :, :, 0] == 0).min(axis=0).tolist() == [8, 14]
    np.testing.assert_array_equal(shift(moved, -4, 2), ink)
    assert np.all(shift(np.zeros_like(ink), 3)[:, :, :3] == 1)


def test_a_crop_is_what_torch_interpolates():
    grid = affine_grid(
        torch.tensor([[[0.625, 0, 0], [0, 0.625, 0]]], dtype=torch.float64),
        [1, 3, SIDE, SIDE],
        align_corners=False,
    )
    x = torch.tensor(X[:1]).permute(0, 3, 1, 2)
    expected = grid_sample(x, grid, align_corners=False).permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(crop(X[:1]), expected, atol=1e-12)
    np.testing.assert_allclose(resized(X, linear(SIDE), linear(SIDE)), X, atol=1e-12)


def test_an_erased_square_is_white_and_the_rest_as_it_was():
    dark = np.zeros((1, SIDE, SIDE, 3))
    assert erase(dark).sum() == 12 * 12 * 3


@pytest.mark.parametrize("views", VIEWS)
def test_views_stay_in_range_and_change_what_they_are_said_to(views):
    rng = np.random.default_rng(0)
    drawn = np.stack([draw_view(X[0], ADDED[views], rng) for _ in range(20)])
    assert drawn.shape == (20, SIDE, SIDE, 3)
    assert drawn.min() > -1e-9 and drawn.max() < 1 + 1e-9
    grey = np.stack([draw_view(GREY[0], ADDED[views], rng) for _ in range(20)])
    np.testing.assert_allclose(np.ptp(grey, axis=3), 0, atol=1e-9)  # jitter keeps grey grey
    red = drawn[..., 0].mean(axis=(1, 2)) > drawn[..., 2].mean(axis=(1, 2))
    assert red.all() == ("jitter" not in ADDED[views])


@pytest.mark.parametrize("name", ["untrained", *VIEWS])
def test_codes_are_those_of_torch(name):
    w = encoder_of(name, load("colour_views"))
    layers = [torch.tensor(w[f"w{k}"] * w[f"s{k}"].astype(float)) for k in range(5)]
    biases = [torch.tensor(w[f"b{k}"].astype(float)) for k in range(5)]
    h = torch.tensor(X).permute(0, 3, 1, 2)
    for kernel, bias in zip(layers[:3], biases, strict=False):
        h = conv2d(h, kernel.permute(3, 2, 0, 1), bias, stride=2, padding=1).relu()
    code = (h.permute(0, 2, 3, 1).flatten(1) @ layers[3] + biases[3]).relu()
    found, seen = encode_emoji(X, w)
    np.testing.assert_allclose(found, code.numpy(), atol=1e-9)
    np.testing.assert_allclose(seen, normalize(code @ layers[4] + biases[4]).numpy(), atol=1e-9)


def test_every_shown_emoji_has_its_picture():
    assert len(X) == len(EMOJI)
    red, blue = (X[EMOJI.index(f"{colour} heart")] for colour in ("red", "blue"))
    middle = [heart[12:20, 12:20].mean(axis=(0, 1)).argmax() for heart in (red, blue)]
    assert middle == [0, 2]
