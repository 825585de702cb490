import pytest
import torch
from torch.autograd.functional import jacobian

from latentbook_decoders.models.conv_vae import ConvVAEConfig
from latentbook_decoders.models.face_vae import FaceVAEConfig
from latentbook_decoders.models.mlp import MLPAutoencoderConfig, MLPVAEConfig
from latentbook_decoders.models.one_layer import (
    ContractiveAutoencoderConfig,
    DenoisingAutoencoderConfig,
    SparseAutoencoderConfig,
)
from training.objectives import jacobian_norm, own_metrics, training_loss

CONFIGS = [
    ConvVAEConfig(latent_dim=3, channels=8, hidden=16),
    ConvVAEConfig(latent_dim=3, channels=8, hidden=16, upsampling="transposed"),
    ConvVAEConfig(latent_dim=3, channels=8, hidden=16, upsampling="transposed_even"),
    MLPVAEConfig(latent_dim=3, encoder=(16,), decoder=(16,)),
    MLPAutoencoderConfig(latent_dim=3, hidden=(16,)),
    DenoisingAutoencoderConfig(latent_dim=3, sigma=0.5),
    SparseAutoencoderConfig(latent_dim=3, target=0.1, weight=1.0),
    ContractiveAutoencoderConfig(latent_dim=3, weight=1.0),
]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: type(c).__name__)
def test_shapes_and_ranges(config) -> None:
    torch.manual_seed(0)
    model = config.build()
    x = torch.rand(5, 28, 28)
    mu, logvar = model.encode(x)
    assert mu.shape == (5, 3)
    assert (logvar is not None) == model.variational
    torch.testing.assert_close(model.encode(x.flatten(1))[0], mu)
    images = model.decode(mu)
    assert images.shape == (5, 28, 28)
    assert images.min() >= 0 and images.max() <= 1
    loss = training_loss(model, x.flatten(1), 1.0)
    assert loss.shape == () and loss.isfinite()
    assert all(values.shape == (5,) for values in own_metrics(model, x.flatten(1)).values())


def test_a_vae_of_faces_has_colours_last_outside_and_first_inside() -> None:
    torch.manual_seed(0)
    model, x = FaceVAEConfig(latent_dim=5, sigma=0.05).build(), torch.rand(3, 64, 64, 3)
    mu, logvar = model.encode(x)
    assert mu.shape == logvar.shape == (3, 5)
    torch.testing.assert_close(model.encode(x.movedim(3, 1).flatten(1))[0], mu)
    images = model.decode(mu)
    assert images.shape == x.shape
    torch.testing.assert_close(
        images.movedim(3, 1).flatten(1), torch.sigmoid(model.logits(mu)), rtol=0, atol=0
    )


def test_a_place_of_a_spatial_code_is_of_its_own_part_of_the_picture() -> None:
    torch.manual_seed(0)
    model = FaceVAEConfig(latent_dim=128, sigma=0.05, spatial=True).build()
    z = torch.zeros(2, 2, 8, 8)
    z[1, :, 2, 6] = 3.0
    plain, moved = model.decode(z.flatten(1))
    rows, columns, _ = (moved - plain).abs().gt(1e-6).nonzero().T
    # 5 x 5 places, then 4 x 4 kernels at stride 2 three times: 8 * 5 + 14 px, place (2, 6) inside
    assert rows.max() - rows.min() < 54 and columns.max() - columns.min() < 54
    assert rows.min() <= 16 and rows.max() >= 23
    assert columns.min() <= 48 and columns.max() >= 55


def test_a_vae_of_faces_is_charged_by_the_density_of_its_pixels() -> None:
    torch.manual_seed(0)
    model, x = FaceVAEConfig(latent_dim=5, sigma=0.2).build(), torch.rand(4, 3 * 64 * 64)
    for parameter in model.parameters():
        torch.nn.init.zeros_(parameter)  # every picture is grey, and the posterior is the prior
    expected = -torch.distributions.Normal(0.5, 0.2).log_prob(x).sum(1).mean()
    torch.testing.assert_close(training_loss(model, x, 1.0), expected)


def test_beta_weighs_the_kl_term_alone() -> None:
    torch.manual_seed(0)
    model, x = MLPVAEConfig(3, (16,), (16,)).build(), torch.rand(50, 784)
    losses = []
    for beta in (0.0, 1.0, 4.0):
        torch.manual_seed(1)
        losses.append(training_loss(model, x, beta).item())
    assert losses[2] - losses[0] == pytest.approx(4 * (losses[1] - losses[0]), rel=1e-3)


def test_jacobian_norm_is_that_of_automatic_differentiation() -> None:
    torch.manual_seed(0)
    model = ContractiveAutoencoderConfig(latent_dim=6, weight=1.0).build()
    x = torch.rand(4, 784)
    stated = jacobian_norm(model, x)
    for one, norm in zip(x, stated, strict=True):
        full = jacobian(lambda v: model.encode(v[None])[0][0], one)  # (6, 784)
        assert norm.item() == pytest.approx(full.square().sum().item(), rel=1e-4)


def test_denoising_loss_of_a_blind_model_is_the_distance_to_its_one_picture() -> None:
    model = DenoisingAutoencoderConfig(latent_dim=4, sigma=0.5).build()
    for parameter in model.parameters():
        torch.nn.init.zeros_(parameter)
    x = torch.rand(10, 784)
    expected = (x - 0.5).square().sum(1).mean()
    torch.testing.assert_close(training_loss(model, x, 1.0), expected)


def test_sparsity_penalty_is_the_kl_of_bernoulli_activations() -> None:
    torch.manual_seed(0)
    x = torch.rand(40, 784)
    penalized = SparseAutoencoderConfig(latent_dim=5, target=0.05, weight=2.0).build()
    plain = SparseAutoencoderConfig(latent_dim=5, target=0.05, weight=0.0).build()
    plain.load_state_dict(penalized.state_dict())
    wanted = torch.distributions.Bernoulli(0.05)
    seen = torch.distributions.Bernoulli(penalized.encode(x)[0].mean(0))
    expected = 2 * torch.distributions.kl_divergence(wanted, seen).sum()
    difference = training_loss(penalized, x, 1.0) - training_loss(plain, x, 1.0)
    torch.testing.assert_close(difference, expected, rtol=1e-3, atol=1e-3)
