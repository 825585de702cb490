"""The U-Net of faces: the page against torch, its walk against a closed form, words left out."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from latentbook_decoders.models.face_vae import FaceVAEConfig
from training import face_unet
from training.data.faces import FACTORS
from training.exports.face_diffusion import decoder_to_page, left_out, to_page
from training.face_unet import WORDS, FaceUNet, draw_codes, nothing_said
from widgets.kit import face_diffusion


@pytest.fixture(scope="module")
def unet() -> FaceUNet:
    """One that has not been trained, in which every layer does something."""
    torch.manual_seed(0)
    model = FaceUNet().requires_grad_(False)
    for each in model.modules():
        if isinstance(each, nn.Conv2d):
            nn.init.normal_(each.weight, std=0.05)
    return model.eval()


@pytest.fixture(scope="module")
def weights(unet: FaceUNet):
    arrays = to_page(unet).items()
    return {name.removeprefix("unet."): array.astype(np.float32) for name, array in arrays}


def test_the_page_predicts_as_torch_does(unet, weights) -> None:
    words = (1, 0, len(FACTORS["glasses"]), 1, 2, 0)
    z = torch.randn(1, 4, 8, 8)
    expected = unet(z, torch.tensor([0.3]), torch.tensor([words]))[0].permute(1, 2, 0).numpy()
    found = face_diffusion.predict_noise(
        z.permute(0, 2, 3, 1).numpy(), 0.3, np.array([words]), weights
    )[0]
    assert expected.std() > 0.01
    np.testing.assert_allclose(found, expected, atol=0.02 * expected.std())


def test_the_page_walks_as_torch_does(unet, weights) -> None:
    words = (1, *nothing_said(1)[0, 1:].tolist())
    z = torch.randn(1, 4, 8, 8)
    expected = draw_codes(unet, z, torch.tensor([words]), 2.0, 3)[0].permute(1, 2, 0).numpy()
    steps = face_diffusion.walk(z.permute(0, 2, 3, 1).numpy(), np.array([words]), 2.0, 3, weights)
    found = [after[0] for after, _ in steps]
    assert len(found) == 3
    np.testing.assert_allclose(found[-1], expected, atol=0.05 * expected.std())


def test_the_page_decodes_as_torch_does() -> None:
    torch.manual_seed(1)
    model = FaceVAEConfig(latent_dim=256, sigma=0.05, spatial=True).build().requires_grad_(False)
    arrays = decoder_to_page(model).items()
    weights = {name.removeprefix("decoder."): each.astype(np.float32) for name, each in arrays}
    z = torch.randn(1, 256)
    expected = model.decode(z)[0].numpy()
    (found,) = face_diffusion.decode(z.view(1, 4, 8, 8).permute(0, 2, 3, 1).numpy(), weights)
    assert expected.std() > 0.005
    np.testing.assert_allclose(found, expected, atol=0.02 * expected.std())


def test_little_of_the_code_is_left_at_the_end_and_nearly_all_at_the_beginning() -> None:
    left = [face_diffusion.alpha_bar(t) for t in np.linspace(0, 1, 20)]
    assert left == sorted(left, reverse=True)
    assert left[0] > 0.999 and left[-1] < 0.001
    assert face_diffusion.alpha_bar(0.5) == pytest.approx(0.5, abs=0.02)  # cos^2 45 degrees
    times = torch.linspace(0, 1, 20)
    np.testing.assert_allclose(left, face_unet.alpha_bar(times).numpy(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("is_ddpm", [False, True])
def test_exact_noise_of_standard_normal_codes_gives_standard_normal_codes(is_ddpm: bool) -> None:
    """There the mean of the noise is sqrt(1 - alpha_bar) z, and many steps lose little variance."""

    def exact(z: torch.Tensor, t: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        return (1 - face_unet.alpha_bar(t[0])).sqrt() * z

    steps = 200
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(50, 4, 8, 8, generator=generator)
    z = draw_codes(
        exact,  # type: ignore[arg-type]
        noise,
        nothing_said(50),
        0.0,
        steps,
        generator if is_ddpm else None,
    )
    expected = 1.0 if is_ddpm else math.cos(face_unet.BEGIN * math.pi / 2 / steps) ** steps
    assert z.std().item() == pytest.approx(expected, abs=0.03)


def test_words_are_left_out_one_by_one_and_all_at_once() -> None:
    torch.manual_seed(0)
    said = torch.zeros(5000, len(WORDS), dtype=torch.long)
    unsaid = left_out(said) == nothing_said(len(said))
    assert unsaid.float().mean() == pytest.approx(1 - 0.7 * 0.9, abs=0.01)
    assert unsaid.all(1).float().mean() == pytest.approx(0.1 + 0.9 * 0.3 ** len(WORDS), abs=0.02)
