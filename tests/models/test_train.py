import json
from pathlib import Path

import numpy as np
import pytest
import torch

from latentbook.models import registry
from latentbook.models.errors import DeviceUnavailable, UnknownModel
from latentbook.models.mlp import MLPVAEConfig
from training import train
from training.data import Dataset, sample_strokes
from training.exports import EXPORTS
from training.recipe import Recipe
from training.recipes import ModelSpec

CONFIG = MLPVAEConfig(latent_dim=2, encoder=(16,), decoder=(16,))
SPEC = ModelSpec("Tiny", "A model for this test.", Recipe(epochs=2, batch_size=32))


def small_dataset(name: str) -> Dataset:
    images = (sample_strokes(120, seed=0)[0] * 255).numpy().astype(np.uint8).reshape(-1, 28, 28)
    labels = np.zeros(60, np.uint8)
    return Dataset(name, "a test", images[:60], labels, images[60:], labels, {"file": "hash"})


@pytest.fixture
def weights(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setattr(registry, "WEIGHTS_DIR", tmp_path)
    monkeypatch.setattr(train, "WEIGHTS_DIR", tmp_path)
    monkeypatch.setattr(train, "CHECKPOINTS", tmp_path / "checkpoints")
    monkeypatch.setattr(registry, "MODELS", {"tiny": CONFIG})
    monkeypatch.setattr(train, "SPECS", {"tiny": SPEC})
    monkeypatch.setattr(train, "load_dataset", small_dataset)
    return tmp_path


def test_the_command_writes_weights_that_load(weights: Path, capsys) -> None:
    train.train_cli("tiny", "cpu", False)
    model = registry.load("tiny")
    assert model.decode(torch.zeros(1, 2)).shape == (1, 28, 28)
    card = registry.card("tiny")
    assert card["epochs"] == 2
    assert card["command"] == "latentbook train tiny"
    assert card["data"]["sha256"] == {"file": "hash"}
    assert set(card["metrics"]) == {"squared_error", "recon_loss", "kl", "negative_elbo"}
    assert json.loads(capsys.readouterr().out)["kl"] == card["metrics"]["kl"]
    assert list((weights / "checkpoints").iterdir()) == []


def test_the_same_seed_gives_the_same_weights(weights: Path) -> None:
    train.train("tiny", device="cpu")
    first = registry.card("tiny")["weights"]["sha256"]
    train.train("tiny", device="cpu")
    assert registry.card("tiny")["weights"]["sha256"] == first


def dtypes(weights: dict[str, torch.Tensor]) -> set[torch.dtype]:
    return {value.dtype for value in weights.values()}


def test_weights_are_halved_only_if_no_pixel_moves_by_two_grey_levels() -> None:
    torch.manual_seed(0)
    x = torch.rand(50, 784)
    calm = CONFIG.build()
    assert dtypes(train.as_stored(calm, x)) == {torch.float16}
    steep = CONFIG.build()
    # a small rounding of the first weights decides between black and white
    torch.nn.init.normal_(steep.decoder.get_parameter("2.weight"), std=3000.0)
    stored = train.as_stored(steep, x)
    assert stored["decoder.0.weight"].dtype == torch.float32
    assert stored["encoder.0.weight"].dtype == torch.float16  # pictures of codes do not need it


def test_unknown_name_lists_models_and_exports(weights: Path) -> None:
    with pytest.raises(UnknownModel, match=r"'gan'") as told:
        train.train("gan")
    for name in ("tiny", "strokes", "mnist_pca", "conv_vae_mnist_decoder"):
        assert name in str(told.value)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_missing_gpu_is_said_in_one_sentence(weights: Path) -> None:
    with pytest.raises(DeviceUnavailable, match=r"sees no such GPU\. Accepted here: auto, cpu"):
        train.train("tiny", device="cuda")


def test_without_a_name_the_command_lists_what_can_be_trained(weights: Path, capsys) -> None:
    train.train_cli("", "cpu", False)
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert listed == ["name", "tiny", *(export.name for export in EXPORTS)]
