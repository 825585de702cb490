import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from latentbook.base.errors import LatentbookError
from latentbook.cli import cli
from latentbook_decoders.models import registry
from latentbook_decoders.models.cards import Card
from latentbook_decoders.models.errors import DeviceUnavailable, UnknownModel, WeightsMissing
from latentbook_decoders.models.mlp import MLPVAEConfig
from training import seeds, train
from training.data import Dataset, sample_strokes
from training.errors import NotRepeatable
from training.exports import EXPORTS, Export, Job
from training.fit import OnStep
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
    monkeypatch.setattr(seeds, "WEIGHTS_DIR", tmp_path)
    monkeypatch.setattr(train, "CHECKPOINTS", tmp_path / "checkpoints")
    monkeypatch.setattr(registry, "MODELS", {"tiny": CONFIG})
    monkeypatch.setattr(train, "SPECS", {"tiny": SPEC})
    monkeypatch.setattr(seeds, "SPECS", {"tiny": SPEC})
    monkeypatch.setattr(train, "load_images", small_dataset)
    monkeypatch.setattr(seeds, "load_images", small_dataset)
    monkeypatch.setattr(os, "nice", lambda by: by)  # the priority of other tests must not change
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
    # a small rounding of the first weights flips black and white
    torch.nn.init.normal_(steep.decoder.get_parameter("2.weight"), std=3000.0)
    stored = train.as_stored(steep, x)
    assert stored["decoder.0.weight"].dtype == torch.float32
    assert stored["encoder.0.weight"].dtype == torch.float16  # no picture of a code needs it


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


def count_steps(monkeypatch, stop_after: int | None = None) -> list[str]:
    """Record each training step from now on, by the name in its progress bar."""
    steps: list[str] = []

    @contextmanager
    def counting(name: str) -> Iterator[OnStep]:
        def on_step(done: int, total: int, loss: float) -> None:
            steps.append(name)
            if len(steps) == stop_after:
                raise KeyboardInterrupt

        yield on_step

    monkeypatch.setattr(train, "progress_bar", counting)
    return steps


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_seeds_add_figures_to_the_card_and_nothing_else(weights: Path, capsys) -> None:
    train.train("tiny", device="cpu")
    before = files(weights)
    seeds.train_seeds_cli("tiny", 3, "cpu")
    after = files(weights)
    assert after["tiny.safetensors"] == before["tiny.safetensors"]
    card = json.loads(after["tiny.json"])
    by_seed = card.pop("by_seed")
    assert card == json.loads(before["tiny.json"])
    assert list(by_seed) == ["0", "1", "2"]
    assert by_seed["0"]["kl"] == card["metrics"]["kl"]["mean"]
    assert len({figures["negative_elbo"] for figures in by_seed.values()}) == 3
    assert "1 to go, about" in capsys.readouterr().out


def test_another_seed_is_what_the_command_trains_from_it(weights: Path, monkeypatch) -> None:
    train.train("tiny", device="cpu")
    seeds.train_seeds("tiny", 2, device="cpu")
    found = registry.card("tiny")["by_seed"]["1"]
    monkeypatch.setattr(train, "SEED", 1)
    train.train("tiny", device="cpu")
    again = registry.card("tiny")["metrics"]
    assert found == {key: value["mean"] for key, value in again.items()}


def test_an_interrupted_command_goes_on_where_it_was(weights: Path, monkeypatch, capsys) -> None:
    train.train("tiny", device="cpu")
    before = files(weights)
    seeds.train_seeds("tiny", 3, device="cpu")
    uninterrupted = registry.card("tiny")["by_seed"]
    (weights / "tiny.json").write_bytes(before["tiny.json"])
    # an epoch has two batches, so seed 1 takes four steps; seed 2 stops in its second epoch
    count_steps(monkeypatch, stop_after=7)
    with pytest.raises(SystemExit) as stopped:
        seeds.train_seeds_cli("tiny", 3, "cpu")
    assert stopped.value.code == 130
    assert "latentbook train tiny --seeds 3" in capsys.readouterr().err
    assert list(registry.card("tiny")["by_seed"]) == ["0", "1"]
    steps = count_steps(monkeypatch)
    seeds.train_seeds_cli("tiny", 3, "cpu")
    assert steps == ["tiny, seed 2"] * 2  # only the second epoch
    assert registry.card("tiny")["by_seed"] == uninterrupted
    assert list((weights / "checkpoints").iterdir()) == []
    seeds.train_seeds_cli("tiny", 3, "cpu")
    assert len(steps) == 2


def test_an_export_is_trained_from_seeds_too(weights: Path, monkeypatch) -> None:
    trained_from = []

    def figures(seed: int, job: Job) -> Card:
        trained_from.append(seed)
        return {"error": seed / 2}

    export = Export("few", "For this test", lambda job: {}, weights, figures)
    monkeypatch.setattr(seeds, "EXPORTS", (export,))
    (weights / "few.json").write_text('{"metrics": {"error": 7}}')
    seeds.train_seeds("few", 3, device="cpu")
    assert trained_from == [1, 2]
    by_seed = json.loads((weights / "few.json").read_text())["by_seed"]
    assert by_seed == {"0": {"error": 7}, "1": {"error": 0.5}, "2": {"error": 1.0}}


def test_seeds_of_what_has_no_single_training_are_refused(weights: Path) -> None:
    with pytest.raises(UnknownModel, match=r"'gan'"):
        seeds.train_seeds("gan", 5)
    with pytest.raises(NotRepeatable, match=r"mnist_pca.*Accepted names: tiny, shuffled_pixels"):
        seeds.train_seeds("mnist_pca", 5)
    with pytest.raises(WeightsMissing, match="latentbook train tiny"):
        seeds.train_seeds("tiny", 5)
    with pytest.raises(LatentbookError, match="latentbook train NAME --seeds 5"):
        seeds.train_seeds_cli("", 5, "cpu")


@pytest.mark.parametrize("count", ["0", "-1", "1"])
def test_fewer_than_two_seeds_are_refused(weights: Path, count: str) -> None:
    result = CliRunner().invoke(cli, ["train", "tiny", "--seeds", count])
    assert result.exit_code == 1
    assert f"a whole number of at least 2. Got {count}." in result.output
