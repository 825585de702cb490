"""`latentbook train NAME`: from downloaded data to weights, or exported arrays, and their card."""

import copy
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path

import safetensors.torch
import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from torch import Tensor

from latentbook_decoders.models import registry
from latentbook_decoders.models.autoencoder import Autoencoder
from latentbook_decoders.models.cards import WEIGHTS_DIR, Card, sha256
from latentbook_decoders.models.device import choose_device
from latentbook_decoders.models.errors import UnknownModel
from latentbook_decoders.settings import DeviceChoice
from training.cards import made_on, write_card
from training.data import Images, load_images, to_unit
from training.evaluate import EVALUATION_SEED, summarize
from training.exports import EXPORTS, Job
from training.fit import OnStep, Run, fit
from training.recipes import SEED, SPECS

CHECKPOINTS = Path(__file__).parents[1] / "build" / "train"


def train_cli(name: str, device: DeviceChoice, resume: bool) -> None:
    """The command: train and print the metrics; without a name, list what can be trained."""
    if not name:
        list_names()
        return
    try:
        train(name, device=device, resume=resume)
    except KeyboardInterrupt:
        print(f"Stopped. `latentbook train {name} --resume` goes on from here.", file=sys.stderr)
        sys.exit(130)


def train(name: str, *, device: DeviceChoice = "auto", resume: bool = False) -> None:
    """Train the model, or make the export, of this name, and write its files.

    Raises
    ------
    UnknownModel
        If the name is not one that :func:`list_names` prints.
    DataUnavailable, DeviceUnavailable
        If the data cannot be fetched or the device is missing.
    """
    exports = {export.name: export for export in EXPORTS}
    if name not in registry.names() and name not in exports:
        raise UnknownModel(name, (*registry.names(), *exports))
    chosen = choose_device(device)
    with progress_bar(name) as on_step:
        job = Job(chosen, CHECKPOINTS / name, resume, on_step)
        if name in exports:
            start = time.perf_counter()
            card = exports[name].make(job)
            card["wall_seconds"] = round(time.perf_counter() - start, 1)
            write_card(exports[name].folder / f"{name}.json", card)
        else:
            card = train_model(name, job)
    Console().print_json(data=card["metrics"])


def list_names() -> None:
    """Print the names and titles of all models and exports."""
    table = Table("name", "what it is", box=None)
    for name, spec in SPECS.items():
        table.add_row(name, spec.title)
    for export in EXPORTS:
        table.add_row(export.name, export.title)
    Console().print(table)


@dataclass(frozen=True)
class Trained:
    """A model that was trained from one seed.

    Attributes
    ----------
    weights : as they are stored
    metrics : of these weights on the test images
    run : record of the training
    made : the machine and libraries
    """

    weights: dict[str, Tensor]
    metrics: Card
    run: Run
    made: Card


def train_model(name: str, job: Job) -> Card:
    """Train one model of `SPECS`; write `weights/NAME.safetensors` and `weights/NAME.json`."""
    dataset = load_images(SPECS[name].dataset)
    trained = train_once(name, dataset, SEED, job)
    card = describe(name, dataset, trained)
    write_model(name, trained.weights, card)
    shutil.rmtree(job.checkpoints)
    return card


def train_once(name: str, dataset: Images, seed: int, job: Job) -> Trained:
    """Train a model from one seed and measure it, without writing anything."""
    model, run = fit(
        registry.config(name),
        to_unit(dataset.train_images),
        SPECS[name].recipe,
        seed=seed,
        device=job.device,
        checkpoint=job.checkpoints / f"seed-{seed}.pt",
        resume=job.resume,
        on_step=job.on_step,
    )
    test = to_unit(dataset.test_images)
    stored = as_stored(model.cpu(), test)
    model.load_state_dict(stored)
    return Trained(stored, summarize(model, test), run, made_on(job.device))


def write_model(name: str, weights: dict[str, Tensor], card: Card) -> None:
    """Write `weights/NAME.safetensors`, and `weights/NAME.json` that describes it."""
    content = safetensors.torch.save({key: value.contiguous() for key, value in weights.items()})
    dtypes = {str(value.dtype).removeprefix("torch.") for value in weights.values()}
    card["weights"] = {
        "file": f"{name}.safetensors",
        "dtype": " and ".join(sorted(dtypes)),
        "parameters": sum(value.numel() for value in weights.values()),
        "bytes": len(content),
        "sha256": sha256(content),
    }
    WEIGHTS_DIR.mkdir(exist_ok=True)
    (WEIGHTS_DIR / f"{name}.safetensors").write_bytes(content)
    write_card(WEIGHTS_DIR / f"{name}.json", card)


def describe(name: str, dataset: Images, trained: Trained) -> Card:
    """The card of a trained model, without its weights."""
    spec, config = SPECS[name], registry.config(name)
    if not is_dataclass(config) or isinstance(config, type):
        raise TypeError(f"The config of {name} is {config!r}, not a dataclass instance.")
    return {
        "name": name,
        "title": spec.title,
        "summary": spec.summary,
        "data": dataset.origin,
        "architecture": {type(config).__name__: asdict(config)},
        "recipe": asdict(spec.recipe),
        "seed": SEED,
        "command": f"latentbook train {name}",
        "epochs": trained.run.epochs,
        "kept_epoch": trained.run.kept,
        "wall_seconds": round(trained.run.seconds, 1),
        **trained.made,
        "metrics": trained.metrics,
        "evaluation": (
            f"{len(dataset.test_images):,} test images, float32, weights as stored; sums over "
            "pixels and latents, mean over images with its standard error, nats or squared grey "
            f"units; one draw of z an image with seed {EVALUATION_SEED}, z = mu for the squared "
            "error. No test image was trained on."
        ),
    }


@torch.inference_mode()
def as_stored(model: Autoencoder, x: Tensor) -> dict[str, Tensor]:
    """A model's weights, in float16 if no pixel of its pictures moves by more than one grey level.

    The pictures are of the codes of `x` and of 1,000 draws from N(0, I). If all weights in
    float16 move a pixel too far, arrays are converted one by one, the largest first, and an
    array that would move a pixel too far stays in float32.
    """
    drawn = torch.randn(1000, model.latent_dim, generator=torch.Generator().manual_seed(0))
    codes = [*(model.encode(part)[0] for part in x.split(1000)), drawn]
    pictures = [grey_levels(model.decode(z)) for z in codes]
    rounded = copy.deepcopy(model)

    def keeps_pictures(weights: dict[str, Tensor]) -> bool:
        rounded.load_state_dict(weights)
        return all(
            (grey_levels(rounded.decode(z)) - picture).abs().max() <= 1
            for z, picture in zip(codes, pictures, strict=True)
        )

    weights = model.state_dict()
    halved = {key: value.half() for key, value in weights.items()}
    if keeps_pictures(halved):
        return halved
    for key in sorted(weights, key=lambda key: -weights[key].numel()):
        if keeps_pictures(weights | {key: halved[key]}):
            weights[key] = halved[key]
    return weights


def grey_levels(images: Tensor) -> Tensor:
    """Images in [0, 1] as they are shown: integers 0..255."""
    return (images * 255).round()


@contextmanager
def progress_bar(name: str) -> Iterator[OnStep]:
    """A line on the terminal with the share done, the loss, and the time spent and left."""
    columns = (
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %  loss {task.fields[loss]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(name, total=None, loss="-")

        def on_step(done: int, total: int, loss: float) -> None:
            progress.update(task, completed=done, total=total, loss=f"{loss:.2f}")

        yield on_step
