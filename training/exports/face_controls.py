"""Controls of the convolutional VAE of faces: dense layers, faces that do not move, portraits.

All are trained on the same 10,000 faces and measured on the same 2,000 held-out ones. The dense
networks are trained for longer, so that they cannot lose for want of it.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from latentbook_decoders.models.autoencoder import Autoencoder, Config, VariationalAutoencoder
from latentbook_decoders.models.cards import Card
from latentbook_decoders.models.face_vae import FaceVAE, FaceVAEConfig
from training.cards import made_on
from training.data import to_unit
from training.data.faces import FACTORS, HELD_OUT, FaceSet, draw_faces, load_faces
from training.exports.colour_views import read, rounded_card
from training.exports.export import Job
from training.exports.faces import JUDGES, answers, codes_of, trained_judge
from training.fit import fit
from training.losses import squared_error
from training.recipe import Recipe
from training.recipes import SEED

SEEN = 10_000  # faces to learn from
RECIPE = Recipe(epochs=10, batch_size=64, precision="float32", ema=0.995)
PIXELS = 3 * 64 * 64
DENSE = replace(RECIPE, epochs=80)  # its peak rate is the better of two by trial
WIDE = replace(RECIPE, epochs=20, learning_rate=1e-3)
READ = ("mouth", "eyes", "glasses", "baseColor")


@dataclass(frozen=True)
class DenseFaceVAEConfig:
    """Sizes of a `DenseFaceVAE`; with 77 hidden units it has as many weights as a `FaceVAE`."""

    latent_dim: int = 64
    sigma: float = 0.05
    hidden: int = 77

    def build(self) -> "DenseFaceVAE":
        return DenseFaceVAE(self)


class DenseFaceVAE(FaceVAE):
    """12288 - hidden - mu, logvar, and back."""

    def __init__(self, config: DenseFaceVAEConfig) -> None:
        encoder = nn.Sequential(
            nn.Linear(PIXELS, config.hidden),
            nn.ReLU(),
            nn.Linear(config.hidden, 2 * config.latent_dim),
        )
        decoder = nn.Sequential(
            nn.Linear(config.latent_dim, config.hidden),
            nn.ReLU(),
            nn.Linear(config.hidden, PIXELS),
        )
        VariationalAutoencoder.__init__(self, config.latent_dim, encoder, decoder)
        self.sigma = config.sigma


def make_face_controls(job: Job) -> Card:
    """Train the network, and once each with one thing changed."""
    torch.set_num_threads(1)  # the same weights on every run
    faces = load_faces()
    rows = np.r_[:SEEN, len(faces.images) - HELD_OUT : len(faces.images)]
    factors, poses = faces.factors[rows], faces.poses[rows]
    still = np.zeros_like(poses)
    posed = faces.images[rows]
    upright = drawn(factors, still)
    portraits = drawn(factors, poses, cut=1.0)
    convolutional, dense = FaceVAEConfig(), DenseFaceVAEConfig()
    wide = DenseFaceVAEConfig(hidden=512)
    runs: dict[str, tuple[Config, Recipe, NDArray[np.uint8]]] = {
        "posed": (convolutional, RECIPE, posed),
        "dense": (dense, DENSE, posed),
        "wide": (wide, WIDE, posed),
        "upright": (convolutional, RECIPE, upright),
        "dense_upright": (dense, DENSE, upright),
        "portraits": (convolutional, RECIPE, portraits),
    }
    found: Card = {}
    for i, (name, (config, recipe, images)) in enumerate(runs.items()):
        model, _ = fit(
            config,
            to_unit(images[:SEEN]),
            recipe,
            seed=SEED,
            device=torch.device("cpu"),
            checkpoint=job.checkpoints / f"{name}.pt",
            resume=job.resume,
            on_step=job.part(i, len(runs)),
        )
        found[name] = measured(model, images, FaceSet(images, factors, poses))
    found["portraits"]["read"]["mouth"]["pixels"] = mouths_seen(FaceSet(portraits, factors, poses))
    return {
        "name": "face_controls",
        "command": "latentbook train face_controls",
        "title": "Controls of the convolutional VAE of faces",
        "data": {**faces.origin, "faces": len(rows), "held_out": HELD_OUT},
        "runs": {
            "posed": "the network of `conv_vae_faces`",
            "dense": f"{dense.hidden} hidden units in place of convolutions, {DENSE.epochs} epochs "
            f"at the peak rate {DENSE.learning_rate:g}",
            "wide": f"{wide.hidden} hidden units, {WIDE.epochs} epochs at {WIDE.learning_rate:g}",
            "upright": "the same faces, not turned, shifted or scaled",
            "dense_upright": "the dense network on these, trained as on the others",
            "portraits": "the whole portraits, in their poses, in place of the faces cut out",
        },
        "recipe": f"if nothing else is said, {RECIPE.epochs} epochs over {SEEN:,} faces, "
        f"batch {RECIPE.batch_size}",
        "seed": SEED,
        **made_on(torch.device("cpu")),
        "evaluation": "squared error of a held-out picture by the VAE and by 64 principal "
        "components; share of held-out faces of which a linear classifier names a part from each. "
        "pixels: share by a convolutional classifier that is trained on the pictures themselves",
        "metrics": found,
    }


def drawn(
    factors: NDArray[np.int8], poses: NDArray[np.float32], **options: float
) -> NDArray[np.uint8]:
    """Faces drawn a thousand at a time."""
    starts = range(0, len(poses), 1000)
    return np.concatenate(
        [draw_faces(factors[i : i + 1000], poses[i : i + 1000], **options) for i in starts]
    )


def measured(model: Autoencoder, images: NDArray[np.uint8], faces: FaceSet) -> Card:
    """Weights, errors and what can be read, of the VAE and of as many principal components."""
    train, test = to_unit(images[:SEEN]), to_unit(images[SEEN:])
    mean, axes = components(train, model.latent_dim)
    codes = {"code": (codes_of(model, train), codes_of(model, test))}
    codes["pca"] = ((train - mean) @ axes.T, (test - mean) @ axes.T)
    with torch.no_grad():
        rebuilt = torch.cat([torch.sigmoid(model.logits(z)) for z in codes["code"][1].split(500)])
    projected = (codes["pca"][1] @ axes + mean).clamp(0, 1)
    parts = {name: faces.factor(name).astype(np.int64) for name in READ}
    return {
        "weights": sum(p.numel() for p in model.parameters()),
        "squared_error": rounded_card(
            {
                "code": squared_error(rebuilt, test).mean().item(),
                "pca": squared_error(projected, test).mean().item(),
            }
        ),
        "read": rounded_card(
            {
                name: {
                    "chance": np.bincount(places[SEEN:], minlength=len(FACTORS[name])).max()
                    / len(test),
                    **{
                        way: read(seen.numpy(), places[:SEEN], held.numpy(), places[SEEN:])
                        for way, (seen, held) in codes.items()
                    },
                }
                for name, places in parts.items()
            }
        ),
    }


def mouths_seen(faces: FaceSet) -> float:
    """Share of held-out pictures whose mouth a convolutional classifier names."""
    x = to_unit(faces.images)
    judge = trained_judge(x[:SEEN], faces, SEED, lambda step, steps, loss: None)
    seen = answers(judge, x[SEEN:])[:, JUDGES.index("mouth")].numpy()
    return round(float(np.mean(seen == faces.factor("mouth")[SEEN:])), 4)


def components(x: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The mean of images (n, d) and their first k principal components, (k, d)."""
    torch.manual_seed(SEED)
    mean = x.mean(0)
    axes = torch.pca_lowrank(x - mean, q=k + 16, center=False, niter=3)[2]
    return mean, axes[:, :k].T.contiguous()
