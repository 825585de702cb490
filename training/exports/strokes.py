"""beta-VAEs of strokes: how well two latents separate two known factors, for eight betas."""

import shutil
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor, nn

from latentbook_decoders.models.autoencoder import Autoencoder
from latentbook_decoders.models.cards import Card
from latentbook_decoders.models.mlp import MLPVAEConfig
from training.cards import made_on
from training.data import (
    MAX_CURVATURE,
    MAX_ORIENTATION,
    STROKE_LENGTH,
    STROKE_WIDTH,
    sample_strokes,
    strokes,
)
from training.distillation import (
    DistillRecipe,
    Plane,
    distill_decoder,
    fidelity,
    student_decode,
    to_arrays,
)
from training.exports.export import Job, write_export
from training.fit import Run, fit
from training.losses import kl_per_latent, squared_error
from training.mutual_information_gap import mutual_information_gap
from training.recipe import Recipe

BETAS = (0.1, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
SEEDS = (0, 1, 2, 3, 4)
CONFIG = MLPVAEConfig(latent_dim=2, encoder=(256, 128), decoder=(256, 256), activation="gelu")
HOT = 12.0  # beta at the start of the annealed runs
DISTILL = DistillRecipe(widths=(32, 8), steps=6000)
PLANE = Plane(torch.zeros(2))
TRAIN_IMAGES, TRAIN_SEED = 8_000, 123
TEST_IMAGES, TEST_SEED = 2_000, 456
SHOWN = 400  # test strokes whose codes are exported
GRID = 20  # values of each factor for the MIG
PARTS = len(BETAS) * (2 * len(SEEDS) + 1)  # of the work: VAEs hot and cold, then students


def recipe(beta: float, start: float) -> Recipe:
    """About 1,500 steps; beta falls from `start`, if that is higher, over the first half."""
    return Recipe(epochs=24, batch_size=128, beta=beta, beta_start=max(start, beta))


@dataclass(frozen=True)
class Trained:
    """One VAE, measured.

    Attributes
    ----------
    mig : float in [0, 1]
    kl : Tensor of shape (2,), nats for each latent, mean over test strokes
    squared_error : float, per test stroke, z = mu
    """

    model: Autoencoder
    run: Run
    mig: float
    kl: Tensor
    squared_error: float


def factor_grid() -> tuple[Tensor, Tensor]:
    """Every pair of `GRID` curvatures and `GRID` orientations.

    Returns
    -------
    images : Tensor of shape (GRID^2, 784)
    factors : integer Tensor of shape (GRID^2, 2)
    """
    factors = torch.cartesian_prod(torch.arange(GRID), torch.arange(GRID))
    middle = (factors + 0.5) / GRID
    images = strokes(MAX_CURVATURE * (2 * middle[:, 0] - 1), MAX_ORIENTATION * middle[:, 1])
    return images, factors


@torch.no_grad()
def measure(model: Autoencoder, run: Run, test: Tensor) -> Trained:
    """MIG on the factor grid; KL and error on test strokes."""
    images, factors = factor_grid()
    mu, logvar = gaussian_code(model, images)
    test_mu, test_logvar = gaussian_code(model, test)
    return Trained(
        model=model,
        run=run,
        mig=mutual_information_gap(mu, logvar, factors),
        kl=kl_per_latent(test_mu, test_logvar).mean(0),
        squared_error=squared_error(model.decode(test_mu).flatten(1), test).mean().item(),
    )


def gaussian_code(model: Autoencoder, x: Tensor) -> tuple[Tensor, Tensor]:
    """`model.encode` of a VAE."""
    mu, logvar = model.encode(x)
    if logvar is None:
        raise TypeError(f"{type(model).__name__} has no posterior variance.")
    return mu, logvar


@torch.no_grad()
def align(model: Autoencoder, test: Tensor, factors: Tensor) -> None:
    """Swap and mirror the latents in place: z_1 rises with curvature, z_2 with orientation.

    Neither the prior nor any loss determines the order or the sign of the
    latents; a common order makes the maps of all betas comparable.
    """
    to_code, from_code = model.encoder[-1], model.decoder[0]
    if not (isinstance(to_code, nn.Linear) and isinstance(from_code, nn.Linear)):
        raise TypeError(f"The code lies between {to_code} and {from_code}, not linear layers.")
    correlation = torch.corrcoef(torch.cat([gaussian_code(model, test)[0], factors], 1).T)[:2, 2:]
    straight, crossed = correlation.diag().abs().sum(), correlation.flip(0).diag().abs().sum()
    order = torch.tensor([0, 1] if straight >= crossed else [1, 0])
    sign = torch.where(correlation[order].diag() < 0, -1.0, 1.0)
    rows = torch.cat([order, order + 2])  # of mu and of logvar
    scale = torch.cat([sign, torch.ones(2)])
    to_code.weight.copy_(to_code.weight[rows] * scale[:, None])
    to_code.bias.copy_(to_code.bias[rows] * scale)
    from_code.weight.copy_(from_code.weight[:, order] * sign)


def median_of(trained: list[Trained]) -> int:
    """The index of the run with the median MIG: typical, not the best."""
    return sorted(range(len(trained)), key=lambda i: trained[i].mig)[len(trained) // 2]


def make_strokes(job: Job) -> Card:
    """Train every beta with every seed, distil one decoder for each beta, write all of them.

    The decoders are those of annealed runs. The same seeds without annealing
    are trained only to state their MIG for comparison.
    """
    train, _ = sample_strokes(TRAIN_IMAGES, TRAIN_SEED)
    test, factors = sample_strokes(TEST_IMAGES, TEST_SEED)
    runs = [train_seeds(job, i, HOT, train, test) for i in range(len(BETAS))]
    cold = [train_seeds(job, i, 0.0, train, test) for i in range(len(BETAS))]
    exported = [median_of(of_beta) for of_beta in runs]
    chosen = [of_beta[i] for of_beta, i in zip(runs, exported, strict=True)]
    fidelities, students, codes, log_variances = [], [], [], []
    for i, one in enumerate(chosen):
        align(one.model, test, factors)
        with torch.no_grad():
            mu, logvar = gaussian_code(one.model, test)
            train_mu, _ = gaussian_code(one.model, train)
        on_step = job.part(2 * len(BETAS) * len(SEEDS) + i, PARTS)
        student = distill_decoder(one.model, train_mu, PLANE, DISTILL, seed=0, on_step=on_step)
        with torch.no_grad():
            error = squared_error(student_decode(student, mu), test).mean().item()
        fidelities.append(
            {
                "beta": BETAS[i],
                "to_teacher": [fidelity(student, one.model, PLANE, span) for span in (2.0, 3.0)],
                "squared_error_to_test_strokes": round(error, 4),
            }
        )
        students.append(to_arrays(student))
        codes.append(mu[:SHOWN].half().numpy())
        log_variances.append(logvar[:SHOWN].half().numpy())
    arrays = {
        "betas": np.array(BETAS),
        "mig": np.array([[one.mig for one in of_beta] for of_beta in runs]),
        "mig_cold": np.array([[one.mig for one in of_beta] for of_beta in cold]),
        "exported": np.array(exported),
        "kl": np.array([measure(one.model, one.run, test).kl.numpy() for one in chosen]),
        "squared_error": np.array([one.squared_error for one in chosen]),
        **{key: np.stack([s[key] for s in students]) for key in students[0]},
        "codes": np.stack(codes),
        "log_variances": np.stack(log_variances),
        "factors": factors[:SHOWN].half().numpy(),
    }
    card = write_export("strokes", arrays, describe(job, runs, cold, exported, fidelities))
    shutil.rmtree(job.checkpoints, ignore_errors=True)
    return card


def train_seeds(job: Job, i: int, start: float, train: Tensor, test: Tensor) -> list[Trained]:
    """All seeds of one beta, measured; beta starts at `start` if that is higher."""
    before = (i if start else len(BETAS) + i) * len(SEEDS)
    trained = []
    for j, seed in enumerate(SEEDS):
        model, run = fit(
            CONFIG,
            train,
            recipe(BETAS[i], start),
            seed=seed,
            device=job.device,
            checkpoint=job.checkpoints / f"beta{BETAS[i]:g}-start{start:g}-seed{seed}.pt",
            resume=job.resume,
            on_step=job.part(before + j, PARTS),
        )
        trained.append(measure(model.cpu(), run, test))
    return trained


def summarize_seeds(of_beta: list[Trained]) -> Card:
    """MIG, KL and error of each seed of one beta."""
    mig = np.array([one.mig for one in of_beta])
    return {
        "mig_by_seed": [round(m, 3) for m in mig.tolist()],
        "mig_mean": round(mig.mean(), 3),
        "mig_standard_deviation": round(mig.std(ddof=1), 3),
        "kl_per_latent_by_seed": [[round(k, 2) for k in one.kl.tolist()] for one in of_beta],
        "squared_error_by_seed": [round(one.squared_error, 3) for one in of_beta],
    }


def describe(
    job: Job,
    runs: list[list[Trained]],
    cold: list[list[Trained]],
    exported: list[int],
    fidelities: list[Card],
) -> Card:
    """Build the card."""
    table = [
        {
            "beta": beta,
            "exported_seed": SEEDS[i],
            "annealed": summarize_seeds(of_beta),
            "not_annealed": summarize_seeds(without),
        }
        for beta, of_beta, without, i in zip(BETAS, runs, cold, exported, strict=True)
    ]
    return {
        "title": "beta-VAEs of strokes with two known factors, as decoders for the page",
        "data": {
            "name": "strokes",
            "source": (
                f"generated: arcs {STROKE_LENGTH:g} px long and {STROKE_WIDTH:g} px wide on "
                f"28 x 28 pixels, curvature -{MAX_CURVATURE:g}..{MAX_CURVATURE:g} per px, "
                f"orientation 0..{MAX_ORIENTATION:g} degrees, both uniform"
            ),
            "train": {"images": TRAIN_IMAGES, "seed": TRAIN_SEED},
            "test": {"images": TEST_IMAGES, "seed": TEST_SEED, "exported": SHOWN},
        },
        "architecture": {type(CONFIG).__name__: asdict(CONFIG)},
        "recipe": {**asdict(recipe(1.0, HOT)), "beta": list(BETAS)},
        "annealing": (
            f"beta starts at {HOT:g} and falls in a straight line to its target over the first "
            "half of the steps; a higher target is constant. All exported decoders are annealed. "
            "Without it (mig_cold) most axes at low beta do not lie along the factors, and the MIG "
            "is low: that is optimisation, not the objective."
        ),
        "seeds": list(SEEDS),
        "wall_seconds": round(
            sum(one.run.seconds for of_beta in (*runs, *cold) for one in of_beta), 1
        ),
        **made_on(job.device),
        "mig": (
            f"Chen et al. 2018, eq. 6: {GRID} x {GRID} grid of both factors, 50 draws of q(z|x) "
            "an image, 20 equal-mass bins a latent, plug-in mutual information"
        ),
        "exported": "the seed with the median MIG; latents swapped and mirrored so that the first "
        "rises with curvature and the second with orientation, which changes no loss",
        "student": {
            **asdict(DISTILL),
            "span": PLANE.span,
            "decoder": "2-32-8-784, SiLU, linear output cut to [0, 1], float16",
        },
        "metrics": {"by_beta": table, "student": fidelities},
    }
