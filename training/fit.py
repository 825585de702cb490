"""The training loop: one model, one recipe, one seed, resumable to the same weights."""

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from latentbook_decoders.models.autoencoder import Autoencoder, Config
from training.objectives import training_loss
from training.recipe import Recipe, augment


@dataclass
class Run:
    """Record of a training run.

    Attributes
    ----------
    epochs : int, epochs trained
    kept : int, the epoch whose weights were kept
    seconds : float, wall time over all parts of a resumed run
    losses : training loss of each epoch, mean over its batches
    holdout_losses : loss on the held-out images after each epoch, empty without any
    """

    epochs: int = 0
    kept: int = 0
    seconds: float = 0.0
    losses: list[float] = field(default_factory=list)
    holdout_losses: list[float] = field(default_factory=list)


OnStep = Callable[[int, int, float], None]
"""Called with the steps done, the total and the last loss."""


def fit(
    config: Config,
    images: Tensor,
    recipe: Recipe,
    *,
    seed: int,
    device: torch.device,
    checkpoint: Path,
    resume: bool,
    on_step: OnStep,
) -> tuple[Autoencoder, Run]:
    """Train a new model.

    Every epoch draws its order and its noise from `seed` and its own number, so
    a resumed run ends in the weights of an uninterrupted one.

    Parameters
    ----------
    images : Tensor of shape (n, 784), in [0, 1]
    checkpoint : written after each epoch; the caller removes it once the result is safe
    resume : continue from `checkpoint` if it exists

    Returns
    -------
    model : on `device`, in evaluation mode
    run : Run
    """
    torch.manual_seed(seed)
    trained = config.build().to(device)
    trained.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    shuffled = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    held_out = images[shuffled[: recipe.holdout]].to(device)
    train = images[shuffled[recipe.holdout :]].to(device)

    state = TrainingState(trained, recipe)
    fingerprint = repr((config, recipe, seed, len(images)))
    if resume and checkpoint.exists():
        state.restore(checkpoint, fingerprint)

    run = state.run
    while run.epochs < recipe.epochs and not out_of_patience(run, recipe):
        start = time.perf_counter()
        train_epoch(state, train, seed, on_step)
        if recipe.holdout:
            run.holdout_losses.append(score(state.averaged, held_out, recipe, seed))
        if not recipe.holdout or run.holdout_losses[-1] <= min(run.holdout_losses):
            run.kept = run.epochs
            state.best.load_state_dict(state.averaged.state_dict())
        run.seconds += time.perf_counter() - start
        state.save(checkpoint, fingerprint)
    return state.best.eval(), run


class TrainingState:
    """State that must survive an interruption: weights, their average, the best, optimisers."""

    def __init__(self, model: Autoencoder, recipe: Recipe) -> None:
        self.model = model
        self.averaged = copy.deepcopy(model) if recipe.ema else model
        self.best = copy.deepcopy(model)
        self.recipe = recipe
        self.optimizers = make_optimizers(model, recipe)
        self.rates = [[group["lr"] for group in o.param_groups] for o in self.optimizers]
        self.run = Run()

    def save(self, path: Path, fingerprint: str) -> None:
        """Write the state, replacing the previous file in one step."""
        path.parent.mkdir(parents=True, exist_ok=True)
        content: dict[str, Any] = {
            "fingerprint": fingerprint,
            "modules": [m.state_dict() for m in (self.model, self.averaged, self.best)],
            "optimizers": [o.state_dict() for o in self.optimizers],
            "run": vars(self.run),
        }
        partial = path.with_suffix(".partial")
        torch.save(content, partial)
        partial.replace(path)

    def restore(self, path: Path, fingerprint: str) -> None:
        """Read the state.

        Raises
        ------
        ValueError
            If the checkpoint is from a different config, recipe or seed.
        """
        content = torch.load(path, weights_only=True)
        if content["fingerprint"] != fingerprint:
            raise ValueError(
                f"{path.name} is of another run: {content['fingerprint']}; "
                f"this one is {fingerprint}. Train without --resume to start over."
            )
        modules = (self.model, self.averaged, self.best)
        for module, saved in zip(modules, content["modules"], strict=True):
            module.load_state_dict(saved)
        for optimizer, saved in zip(self.optimizers, content["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.run = Run(**content["run"])


def make_optimizers(model: Autoencoder, recipe: Recipe) -> list[torch.optim.Optimizer]:
    """The optimisers of a recipe."""
    if recipe.optimizer == "adamw":
        return [
            torch.optim.AdamW(
                model.parameters(), lr=recipe.learning_rate, weight_decay=0, fused=True
            )
        ]
    matrices = [p for p in model.parameters() if p.ndim == 2]
    others = [p for p in model.parameters() if p.ndim != 2]
    return [
        torch.optim.Muon(
            matrices,
            lr=recipe.learning_rate,
            weight_decay=0,
            momentum=0.95,
            adjust_lr_fn="original",
        ),
        torch.optim.AdamW(others, lr=1e-3, weight_decay=0, fused=True),
    ]


def train_epoch(state: TrainingState, images: Tensor, seed: int, on_step: OnStep) -> None:
    """One pass over the images in a random order."""
    recipe, run, model = state.recipe, state.run, state.model
    epoch_seed = 100_003 * seed + run.epochs
    torch.manual_seed(epoch_seed)
    generator = torch.Generator().manual_seed(epoch_seed)
    order = torch.randperm(len(images), generator=generator).to(images.device)
    batches = order.split(recipe.batch_size)
    total = recipe.epochs * len(batches)
    sum_of_losses = 0.0
    model.train()
    for i, batch in enumerate(batches):
        step = run.epochs * len(batches) + i
        for optimizer, rates in zip(state.optimizers, state.rates, strict=True):
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * recipe.rate_at(step / total)
        x = augment(images[batch], recipe.augment)
        with autocast(recipe, images.device):
            loss = training_loss(model, x, recipe.beta_at(step / total))
        for optimizer in state.optimizers:
            optimizer.zero_grad()
        loss.backward()
        for optimizer in state.optimizers:
            optimizer.step()
        if recipe.ema:
            # start the average fast: otherwise the random first weights remain in it for long
            decay = min(recipe.ema, (1 + step) / (10 + step))
            averaged, latest = state.averaged.state_dict(), model.state_dict()
            for name, value in averaged.items():
                value.lerp_(latest[name], 1 - decay)
        sum_of_losses += loss.item()
        on_step(step + 1, total, loss.item())
    run.epochs += 1
    run.losses.append(sum_of_losses / len(batches))


def autocast(recipe: Recipe, device: torch.device) -> torch.autocast:
    """Run layers in bfloat16 if the recipe requests it."""
    return torch.autocast(device.type, torch.bfloat16, enabled=recipe.precision == "bfloat16")


@torch.no_grad()
def score(model: Autoencoder, images: Tensor, recipe: Recipe, seed: int) -> float:
    """Loss on held-out images, with the same noise every time."""
    torch.manual_seed(seed)
    model.eval()
    losses = [training_loss(model, x, recipe.beta).item() * len(x) for x in images.split(1000)]
    return sum(losses) / len(images)


def out_of_patience(run: Run, recipe: Recipe) -> bool:
    """Whether the held-out loss has not improved for `patience` epochs."""
    return bool(recipe.patience) and run.epochs - run.kept >= recipe.patience
