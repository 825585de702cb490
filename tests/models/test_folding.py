import pytest
import torch
from torch import nn

from latentbook_decoders.models.conv_vae import ConvVAEConfig
from latentbook_decoders.models.folding import fold


def test_folded_decoder_draws_the_same_picture() -> None:
    torch.manual_seed(0)
    model = ConvVAEConfig(latent_dim=3, channels=16, hidden=32).build()
    z = 3 * torch.randn(64, 3)
    with torch.no_grad():
        difference = model.decoder_for_serving()(z) - model.decode(z)
    assert difference.abs().max() < 1e-5
    assert not any(isinstance(m, nn.Upsample) for m in model.decoder_for_serving().modules())


def test_each_folded_form_is_exact_at_the_borders() -> None:
    torch.manual_seed(0)
    for n_out in (1, 5):
        layers = nn.Sequential(nn.Upsample(scale_factor=2.0), nn.Conv2d(4, n_out, 3, padding=1))
        x = torch.randn(2, 4, 6, 6)
        with torch.no_grad():
            torch.testing.assert_close(fold(layers)(x), layers(x), atol=1e-5, rtol=0)


def test_transposed_variant_has_nothing_to_fold() -> None:
    model = ConvVAEConfig(channels=8, hidden=8, upsampling="transposed").build()
    assert list(fold(model.decoder)) == list(model.decoder)


def test_other_upsampling_is_refused() -> None:
    layers = nn.Sequential(nn.Upsample(scale_factor=3.0), nn.Conv2d(1, 1, 3, padding=1))
    with pytest.raises(ValueError, match="Only x2 nearest"):
        fold(layers)
