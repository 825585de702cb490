"""Make it smile: the decoder against torch, and directions against what is known of faces."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from latentbook_decoders.models.face_vae import FaceVAEConfig
from training.exports.export import in_bytes
from training.exports.face_encoder import to_weights as encoder_weights
from training.exports.faces import CHANGES, JUDGES, channels_last, share_made, to_weights
from widgets import data, make_it_smile
from widgets.data import load
from widgets.engine.controls import accepted
from widgets.kit.faces import (
    AMOUNTS,
    DIRECTIONS,
    METHODS,
    SHOWN,
    STRANGERS,
    decode_faces,
    encode_face,
    in_floats,
)

CARD = json.loads(Path(data.__file__).with_name("faces.json").read_text(encoding="utf-8"))
METRICS = CARD["metrics"]


def compute(**changed):
    return make_it_smile.compute(**accepted(make_it_smile.instrument, changed))


def test_the_page_decodes_as_torch_does():
    torch.manual_seed(1)
    model = FaceVAEConfig(latent_dim=64, sigma=0.05).build().requires_grad_(False)
    stored = to_weights(model)
    weights = {f"b{k}": stored[f"b{k}"] for k in range(4)}
    weights |= {f"w{k}": np.float32(stored[f"w{k}"] * stored[f"s{k}"][:, None]) for k in range(4)}
    z = np.random.default_rng(0).normal(size=(3, 64)).astype(np.float32)
    expected = model.decode(torch.from_numpy(z)).numpy()
    assert expected.std() > 0.01
    # weights are single bytes, and differences add up over 64 x 4 products
    np.testing.assert_allclose(decode_faces(z, weights), expected, atol=0.1 * expected.std())


def test_the_page_encodes_as_torch_does():
    torch.manual_seed(1)
    model = FaceVAEConfig(latent_dim=64, sigma=0.05).build().requires_grad_(False)
    weights = in_floats(encoder_weights(model))
    x = torch.rand(2, 64, 64, 3)
    mu, logvar = model.encode(x)
    for picture, *expected in zip(x.numpy(), mu.numpy(), logvar.numpy(), strict=True):
        for found, numbers in zip(encode_face(picture, weights), expected, strict=True):
            assert numbers.std() > 0.01
            # weights are single bytes, and differences add up over 64 x 128 products
            np.testing.assert_allclose(found, numbers, atol=0.1 * numbers.std())


def test_weights_in_bytes_are_within_half_a_step():
    w = np.random.default_rng(0).normal(size=(5, 7, 3))
    whole, step = in_bytes(w)
    assert whole.dtype == np.int8 and step.shape == (3,)
    assert (np.abs(whole * step - w) <= 0.501 * step).all()


def test_the_share_of_a_change_is_one_if_it_is_made_none_if_nothing_is_and_less_if_it_is_undone():
    rng = np.random.default_rng(0)
    wanted = rng.normal(size=(64, 64, 3))
    made = np.stack([wanted, 0 * wanted, -wanted])
    np.testing.assert_allclose(make_it_smile.share_made(made, wanted), [1, 0, -3])
    x, y = (torch.from_numpy(rng.random((2, 12288))) for _ in range(2))
    assert share_made(x, y, y, x) == pytest.approx(1)
    assert share_made(y, y, y, x) == pytest.approx(0)


def test_colours_are_moved_last():
    flat = torch.rand(2, 3, 64, 64)
    expected = flat.movedim(1, 3).numpy()
    np.testing.assert_array_equal(channels_last(flat.flatten(1).numpy()), expected)


@pytest.mark.parametrize("face", [1, SHOWN, SHOWN + STRANGERS])
def test_nothing_added_changes_nothing(face):
    result = compute(amount=0.0, face=face)
    np.testing.assert_allclose(result["after"], result["before"].clip(0, 1), atol=1e-6)
    assert result["made"] is None


def test_a_stranger_has_a_true_answer_for_the_smile_alone():
    assert compute(face=SHOWN + 1, direction="smile")["truth"].shape == (64, 64, 3)
    result = compute(face=SHOWN + STRANGERS, direction="beard")
    assert result["truth"] is None and result["made"] is None
    _, compared, changed, *_ = make_it_smile.frame(result).panels
    assert compared.captions[-1] == "never drawn" and (compared.images[-1] == 1).all()
    assert changed.captions == tuple(METHODS.values())


def test_two_directions_are_added_in_any_order():
    one = compute(direction="smile", amount=1.0, second="glasses", second_amount=2.0)
    other = compute(direction="glasses", amount=2.0, second="smile", second_amount=1.0)
    np.testing.assert_allclose(one["after"], other["after"], atol=1e-6)
    assert one["made"] is None


def test_one_direction_twice_is_added_up():
    twice = compute(direction="smile", amount=1.0, second="smile", second_amount=0.5)
    once = compute(direction="smile", amount=1.5)
    np.testing.assert_allclose(twice["after"], once["after"], atol=1e-6)
    np.testing.assert_allclose(twice["made"], once["made"], atol=1e-9)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_the_true_answer_differs_from_the_face_where_the_property_is(direction):
    result = compute(direction=direction)
    moved = np.square(result["truth"] - result["x"]).sum(axis=2)
    assert moved.sum() > 1
    rows = moved.sum(axis=1) / moved.sum()
    if direction in ("smile", "laugh"):
        assert rows[34:].sum() > 0.9
    if direction in ("glasses", "closed_eyes"):
        assert rows[:42].sum() > 0.9


def test_what_is_shown_was_measured():
    stored = load("faces")
    assert list(CHANGES) == list(DIRECTIONS)
    for k, title in enumerate(CHANGES):
        for i, name in enumerate(METHODS):
            for key in ("says", "made", "kept"):
                np.testing.assert_allclose(
                    stored[key][k, i], METRICS["verdicts"][title][name][key], atol=2e-3
                )
    np.testing.assert_allclose(AMOUNTS, METRICS["amounts"])


def test_the_judge_can_be_believed_of_real_faces():
    right = CARD["judge"]["right"]
    assert set(right) == set(JUDGES)
    assert min(right[name] for name in ("mouth", "glasses", "facialHair", "baseColor")) > 0.9


def test_a_direction_at_random_makes_none_of_the_change():
    for said in METRICS["verdicts"].values():
        assert max(said["random"]["made"]) < 0.05


def test_the_weights_of_the_page_draw_as_the_server_does():
    assert METRICS["largest_difference_to_torch"] < 0.05
