"""Faces out of noise: words and places, the walk's length, and the trained networks in torch."""

import numpy as np
import pytest
import torch

from latentbook_decoders.models import registry
from training.data.faces import FACTORS
from training.exports.face_diffusion import SPATIAL
from training.face_unet import WORDS, FaceUNet, alpha_bar, draw_codes, nothing_said
from widgets import faces_out_of_noise
from widgets.data import load
from widgets.engine.controls import accepted


def compute(**changed):
    return faces_out_of_noise.compute(**accepted(faces_out_of_noise.instrument, changed))


COLORS = {"black": "000000", "blond": "f4d150", "pink": "fc909f", "blue": "6bd9e9"}
SKINS = {"light": "f9c9b6", "dark": "77311d"}


def test_words_ask_for_the_values_that_they_name():
    assert len(faces_out_of_noise.ASKED) == len(WORDS)
    for factor, values in zip(WORDS, faces_out_of_noise.ASKED.values(), strict=True):
        for value, (_, place) in values.items():
            named = {**COLORS, **SKINS, "none": ""}.get(value, value)
            assert FACTORS[factor][place] == named


@pytest.mark.parametrize(("guidance", "passes"), [(0.0, 12), (2.0, 24)])
def test_guidance_doubles_the_work(guidance, passes):
    assert compute(guidance=guidance, steps=3)["passes"] == passes


def test_words_change_the_faces_and_leave_the_draws_without_a_walk():
    any_face, beard = compute(steps=3), compute(steps=3, beard="beard")
    assert np.abs(any_face["faces"] - beard["faces"]).mean() > 0.005
    np.testing.assert_array_equal(any_face["mixture"], beard["mixture"])
    np.testing.assert_array_equal(compute(steps=3)["faces"], any_face["faces"])
    other = compute(steps=3, seed=2)
    assert np.abs(other["faces"] - any_face["faces"]).mean() > 0.01
    assert np.abs(other["prior"] - any_face["prior"]).mean() > 0.01


def trained_unet():
    """The network in torch, with the weights of the page."""
    unet, stored = FaceUNet(), load("face_diffusion")
    state = {}
    for name, values in unet.state_dict().items():
        array = torch.from_numpy(stored[f"unet.{name}"].astype(np.float32))
        if name == "up.weight":
            array = array.permute(3, 2, 0, 1)
        elif values.ndim == 4:
            outputs, inputs, rows, columns = values.shape
            array = array.view(outputs, rows, columns, inputs).permute(0, 3, 1, 2)
        state[name] = array
    unet.load_state_dict(state)
    return unet.eval()


def test_the_faces_are_those_of_torch_from_the_same_noise():
    unet, spatial = trained_unet(), registry.load(SPATIAL)
    words = nothing_said(1).clone()
    words[0, WORDS.index("glasses")] = FACTORS["glasses"].index("round")
    z = np.random.default_rng(1).normal(size=(4, 8, 8, 4)).astype(np.float32)
    noise = torch.from_numpy(z[:1]).permute(0, 3, 1, 2)
    code = draw_codes(unet, noise, words, 1.0, 6)
    with torch.no_grad():
        face = spatial.decode(float(load("face_diffusion")["scale"]) * code.flatten(1))[0].numpy()
    found = compute(glasses="round", seed=1)["faces"][0]
    # of the code the page takes the network's last guess, in which there is no noise
    assert alpha_bar(torch.zeros(())) > 0.999
    assert np.abs(found - face).mean() < 0.01
