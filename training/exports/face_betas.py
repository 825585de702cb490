"""What a weight on the KL does to the codes of faces, of which ten factors are known.

All networks are trained on the same 10,000 faces and measured on the same 2,000 held-out ones.
"""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from latentbook_decoders.models.autoencoder import Autoencoder
from latentbook_decoders.models.cards import Card
from latentbook_decoders.models.face_vae import FaceVAEConfig
from training.cards import made_on
from training.data import to_unit
from training.data.faces import FACTORS, HELD_OUT, FaceSet, load_faces
from training.exports.colour_views import read, rounded_card
from training.exports.export import Job
from training.exports.face_controls import RECIPE, SEEN, components
from training.exports.face_latents import information_of, posteriors
from training.fit import fit
from training.losses import kl_per_latent, squared_error
from training.recipes import SEED

BETAS = (1, 4, 16, 64, 256, 1024)
SEEDS = 3
OUTSIDE = ("shirt", "shirtColor")  # of the picture, from which the face is cut out
KNOWN = tuple(name for name in FACTORS if name not in OUTSIDE)
SILENT = 0.02  # nats
TURNS = 5  # random rotations


def make_face_betas(job: Job) -> Card:
    """Train a VAE for each beta and seed; count what one number knows of a factor, and what all."""
    torch.set_num_threads(1)  # the same weights on every run
    faces = load_faces()
    rows = np.r_[:SEEN, len(faces.images) - HELD_OUT : len(faces.images)]
    chosen = FaceSet(faces.images[rows], faces.factors[rows], faces.poses[rows])
    train, test = to_unit(chosen.images[:SEEN]), to_unit(chosen.images[SEEN:])
    found: Card = {str(beta): {} for beta in BETAS}
    runs = [(beta, seed) for seed in range(SEEDS) for beta in BETAS]
    for i, (beta, seed) in enumerate(runs):
        model, _ = fit(
            FaceVAEConfig(),
            train,
            replace(RECIPE, beta=float(beta)),
            seed=seed,
            device=torch.device("cpu"),
            checkpoint=job.checkpoints / f"{beta}_{seed}.pt",
            resume=job.resume,
            on_step=job.part(i, len(runs)),
        )
        found[str(beta)][str(seed)] = of_model(model, train, test, chosen)
    mean, axes = components(train, FaceVAEConfig().latent_dim)
    scores = (train - mean) @ axes.T, (test - mean) @ axes.T
    return {
        "name": "face_betas",
        "command": "latentbook train face_betas",
        "title": "VAEs of faces for six betas",
        "data": {**faces.origin, "faces": len(rows), "held_out": HELD_OUT},
        "recipe": f"{RECIPE.epochs} epochs over {SEEN:,} faces, batch {RECIPE.batch_size}",
        "seed": SEED,
        **made_on(torch.device("cpu")),
        "evaluation": "on held-out faces. nats: of all latents; silent: latents of less than "
        f"{SILENT} nats. For each of {len(KNOWN)} factors: read, the share of faces of which a "
        "linear classifier names it from all numbers; best and second, the two largest shares of "
        "the factor's entropy that one number tells, in 20 bins of equal mass; turned: best after "
        f"a random rotation, mean of {TURNS}; pca: as many principal components; chance: the most "
        "frequent value, and the factors of other faces",
        "metrics": {
            "by_beta": found,
            "pca": {
                **of_codes(scores, scores[1], chosen),
                "squared_error": squared_of(((test - mean) @ axes.T @ axes + mean), test),
            },
            "chance": by_chance(scores[1], chosen),
        },
    }


@torch.no_grad()
def of_model(model: Autoencoder, train: Tensor, test: Tensor, faces: FaceSet) -> Card:
    """What a trained network spends, leaves, and knows."""
    mu, logvar = posteriors(model, test)
    generator = torch.Generator().manual_seed(SEED)
    drawn = mu + (0.5 * logvar).exp() * torch.randn(mu.shape, generator=generator)
    kl = kl_per_latent(mu, logvar).mean(0)
    rebuilt = torch.cat([torch.sigmoid(model.logits(part)) for part in mu.split(500)])
    return {
        "nats": round(kl.sum().item(), 2),
        "silent": int((kl < SILENT).sum()),
        "squared_error": squared_of(rebuilt, test),
        **of_codes((posteriors(model, train)[0], mu), drawn, faces),
    }


def of_codes(means: tuple[Tensor, Tensor], drawn: Tensor, faces: FaceSet) -> Card:
    """What all numbers and single ones tell of each factor.

    Parameters
    ----------
    means : codes of the faces that were learned from, (10000, k), and of the others, (2000, k)
    drawn : one sample of each of the others' codes, (2000, k)
    """
    seen, held = (z.numpy() for z in means)
    factors = known(faces)
    generator = torch.Generator().manual_seed(SEED)
    turns = torch.linalg.qr(torch.randn(TURNS, *2 * drawn.shape[1:], generator=generator)).Q
    ranked = information_of(drawn, factors[SEEN:]).sort(1, descending=True).values
    turned = torch.stack(
        [information_of(drawn @ turn, factors[SEEN:]).max(1).values for turn in turns]
    )
    columns = {
        "read": [read(seen, of[:SEEN], held, of[SEEN:]) for of in factors.numpy().T],
        "best": ranked[:, 0].tolist(),
        "second": ranked[:, 1].tolist(),
        "turned": turned.mean(0).tolist(),
    }
    return by_factor(columns)


def by_chance(drawn: Tensor, faces: FaceSet) -> Card:
    """How often the most frequent value occurs; what one number tells of other faces' factors."""
    factors = known(faces)[SEEN:]
    others = factors[torch.randperm(len(factors), generator=torch.Generator().manual_seed(SEED))]
    most = [torch.bincount(of).max().item() / len(of) for of in factors.T]
    return by_factor({"read": most, "best": information_of(drawn, others).max(1).values.tolist()})


def known(faces: FaceSet) -> Tensor:
    """The ten factors that can be seen, (n, 10)."""
    return torch.stack([torch.from_numpy(faces.factor(name)).long() for name in KNOWN], 1)


def by_factor(columns: dict[str, list[float]]) -> Card:
    return rounded_card(
        {way: dict(zip(KNOWN, shares, strict=True)) for way, shares in columns.items()}
    )


def squared_of(x_hat: Tensor, x: Tensor) -> float:
    return round(squared_error(x_hat.clamp(0, 1), x).mean().item(), 2)
