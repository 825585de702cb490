import math
from pathlib import Path

import pytest
import torch

from latentbook_decoders.models.conv_vae import ConvVAEConfig
from latentbook_decoders.models.mlp import MLPVAEConfig
from training.data import sample_strokes
from training.fit import fit
from training.losses import squared_error
from training.recipe import Recipe, augment

SMALL = MLPVAEConfig(latent_dim=2, encoder=(32,), decoder=(32,))
CPU = torch.device("cpu")


def silent(done: int, total: int, loss: float) -> None:
    pass


class Interrupted(Exception):
    pass


@pytest.mark.parametrize(
    "config",
    [ConvVAEConfig(latent_dim=8, channels=16, hidden=64), MLPVAEConfig(8, (128,), (128,))],
    ids=["conv_vae", "mlp_vae"],
)
def test_one_batch_overfits(config, tmp_path: Path) -> None:
    images, _ = sample_strokes(16, seed=0)
    recipe = Recipe(epochs=300, batch_size=16, learning_rate=1e-2, beta=1e-3)
    model, run = fit(
        config,
        images,
        recipe,
        seed=0,
        device=CPU,
        checkpoint=tmp_path / "c.pt",
        resume=False,
        on_step=silent,
    )
    with torch.no_grad():
        x_hat = model.decode(model.encode(images)[0]).flatten(1)
    variance = squared_error(images.mean(0).expand_as(images), images).mean()
    assert squared_error(x_hat, images).mean() < 0.15 * variance
    assert run.losses[-1] < run.losses[0]


def test_a_resumed_run_ends_in_the_same_weights(tmp_path: Path) -> None:
    images, _ = sample_strokes(200, seed=0)
    recipe = Recipe(epochs=4, batch_size=32, ema=0.9, augment=0.5, holdout=40)
    common = {"seed": 3, "device": CPU}
    whole, _ = fit(
        SMALL,
        images,
        recipe,
        checkpoint=tmp_path / "whole.pt",
        resume=False,
        on_step=silent,
        **common,
    )

    def interrupt(done: int, total: int, loss: float) -> None:
        if done > total / 2 + 1:
            raise Interrupted

    path = tmp_path / "parts.pt"
    with pytest.raises(Interrupted):
        fit(SMALL, images, recipe, checkpoint=path, resume=False, on_step=interrupt, **common)
    steps: list[int] = []
    resumed, run = fit(
        SMALL,
        images,
        recipe,
        checkpoint=path,
        resume=True,
        on_step=lambda done, total, loss: steps.append(done),
        **common,
    )
    assert steps[0] == 2 * math.ceil(160 / 32) + 1
    assert run.epochs == 4
    for a, b in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    images, _ = sample_strokes(20, seed=0)
    path = tmp_path / "c.pt"
    common = {"device": CPU, "checkpoint": path, "resume": True, "on_step": silent}
    fit(SMALL, images, Recipe(epochs=1), seed=0, **common)
    with pytest.raises(ValueError, match="of another run"):
        fit(SMALL, images, Recipe(epochs=1), seed=1, **common)


def test_patience_stops_a_run_that_no_longer_improves(tmp_path: Path) -> None:
    images = torch.rand(60, 784, generator=torch.Generator().manual_seed(0))
    recipe = Recipe(epochs=400, batch_size=10, learning_rate=1e-2, holdout=30, patience=5)
    _, run = fit(
        SMALL,
        images,
        recipe,
        seed=0,
        device=CPU,
        checkpoint=tmp_path / "c.pt",
        resume=False,
        on_step=silent,
    )
    assert run.epochs == run.kept + 5 < 400
    assert run.holdout_losses[run.kept - 1] == min(run.holdout_losses)


def test_schedules_at_known_points() -> None:
    recipe = Recipe(epochs=1, warmup=0.1, beta=2.0, beta_start=12.0)
    assert recipe.rate_at(0.05) == pytest.approx(0.5)
    assert recipe.rate_at(0.1) == pytest.approx(1.0)
    assert recipe.rate_at(0.55) == pytest.approx(0.5)
    assert [recipe.beta_at(t) for t in (0.0, 0.25, 0.5, 1.0)] == [12.0, 6.0, 2.0, 2.0]


def test_augmentation_moves_ink_a_little_and_keeps_its_amount() -> None:
    images, _ = sample_strokes(200, seed=0)
    torch.manual_seed(0)
    moved = augment(images, 0.5)
    assert torch.equal(moved[100:], images[100:])
    assert not torch.equal(moved[:100], images[:100])
    assert moved[:100].sum(1).mean().item() == pytest.approx(
        images[:100].sum(1).mean().item(), rel=0.05
    )
    columns = torch.arange(28).repeat(28)
    centre = (moved * columns).sum(1) / moved.sum(1)
    before = (images * columns).sum(1) / images.sum(1)
    assert 0.1 < (centre - before)[:100].abs().max() < 1.5
