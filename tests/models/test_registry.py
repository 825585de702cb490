import dataclasses
import json
import shutil
from pathlib import Path

import pytest
import safetensors.torch
import torch

from latentbook_decoders.models import registry
from latentbook_decoders.models.cards import sha256
from latentbook_decoders.models.errors import UnknownModel, WeightsMismatch, WeightsMissing
from latentbook_decoders.models.registry import MODELS
from training.recipes import SEED, SPECS

NAME = "conv_vae_mnist"


@pytest.fixture
def weights(tmp_path: Path, monkeypatch) -> Path:
    """A copy of one model's files that a test may damage."""
    for suffix in (".safetensors", ".json"):
        shutil.copy(registry.WEIGHTS_DIR / f"{NAME}{suffix}", tmp_path)
    monkeypatch.setattr(registry, "WEIGHTS_DIR", tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", registry.names())
def test_every_model_loads_decodes_and_encodes(name: str) -> None:
    model = registry.load(name)
    z = torch.randn(3, model.latent_dim, generator=torch.Generator().manual_seed(0))
    images = model.decode(z)
    assert images.shape == (3, *model.image_shape)
    assert images.min() >= 0 and images.max() <= 1
    mu, logvar = model.encode(images)
    assert mu.shape == (3, model.latent_dim)
    assert (logvar is not None) == model.variational
    if logvar is not None:
        assert logvar.shape == mu.shape
    assert mu.dtype == torch.float32
    assert not any(p.requires_grad for p in model.parameters())


@pytest.mark.parametrize("name", registry.names())
def test_serving_decoder_draws_what_decode_draws(name: str) -> None:
    model = registry.load(name)
    z = 2 * torch.randn(200, model.latent_dim, generator=torch.Generator().manual_seed(0))
    assert (model.decoder_for_serving()(z) - model.decode(z)).abs().max() < 1e-5


@pytest.mark.parametrize("name", registry.names())
def test_card_describes_the_model(name: str) -> None:
    config, card = registry.config(name), registry.card(name)
    assert card["command"] == f"latentbook train {name}"
    assert card["seed"] == SEED
    spec = SPECS[name]
    assert (card["title"], card["summary"]) == (spec.title, spec.summary)
    assert card["data"]["name"] == spec.dataset
    assert card["recipe"] == json.loads(json.dumps(dataclasses.asdict(spec.recipe)))
    written = json.loads(json.dumps(dataclasses.asdict(config)))
    assert card["architecture"] == {type(config).__name__: written}
    parameters = sum(p.numel() for p in config.build().parameters())
    assert card["weights"]["parameters"] == parameters


def test_all_weights_together_stay_small() -> None:
    sizes = [path.stat().st_size for path in registry.WEIGHTS_DIR.glob("*.safetensors")]
    assert len(sizes) == len(MODELS)
    assert sum(sizes) <= 30_000_000


def test_unknown_name_lists_the_accepted() -> None:
    with pytest.raises(UnknownModel, match=f"'gan'.*{NAME}") as caught:
        registry.load("gan")
    assert caught.value.accepted == registry.names()


def test_a_flipped_bit_is_refused(weights: Path) -> None:
    path = weights / f"{NAME}.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsMismatch, match="its card says"):
        registry.load(NAME)


def test_weights_of_another_architecture_are_refused(weights: Path) -> None:
    content = safetensors.torch.save({"decoder.0.weight": torch.zeros(3, 2)})
    (weights / f"{NAME}.safetensors").write_bytes(content)
    card = json.loads((weights / f"{NAME}.json").read_text())
    card["weights"]["sha256"] = sha256(content)
    (weights / f"{NAME}.json").write_text(json.dumps(card))
    with pytest.raises(WeightsMismatch, match="does not fit the architecture"):
        registry.load(NAME)


@pytest.mark.parametrize("suffix", [".safetensors", ".json"])
def test_a_missing_file_says_how_to_make_it(weights: Path, suffix: str) -> None:
    (weights / f"{NAME}{suffix}").unlink()
    with pytest.raises(WeightsMissing, match=f"latentbook train {NAME}"):
        registry.load(NAME)


def test_every_model_can_be_trained_again() -> None:
    assert list(SPECS) == list(MODELS)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"weights": {"sha256": 5}}', "\xff"])
def test_a_card_that_is_none_is_named(tmp_path, monkeypatch, text):
    monkeypatch.setattr(registry, "WEIGHTS_DIR", tmp_path)
    (tmp_path / "mlp_vae_mnist.json").write_text(text, encoding="latin-1")
    (tmp_path / "mlp_vae_mnist.safetensors").write_bytes(b"")
    with pytest.raises(WeightsMismatch, match=r"mlp_vae_mnist\.json is not the card of a model"):
        registry.card("mlp_vae_mnist")


def test_a_card_without_weights_is_not_enough(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "WEIGHTS_DIR", tmp_path)
    (tmp_path / "mlp_vae_mnist.json").write_text("{}")
    with pytest.raises(WeightsMissing, match="mlp_vae_mnist has no weights"):
        registry.card("mlp_vae_mnist")
