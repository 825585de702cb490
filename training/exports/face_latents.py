"""What each latent of the VAE of faces carries, in all, and about each factor and the pose."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from latentbook_decoders.models import registry
from latentbook_decoders.models.autoencoder import Autoencoder
from latentbook_decoders.models.cards import Card
from training.cards import made_on
from training.data import to_unit
from training.data.faces import FACTORS, load_faces
from training.exports.export import Job, write_export
from training.exports.faces import MODEL
from training.losses import kl_per_latent
from training.mutual_information_gap import equal_mass_bins, mutual_information
from training.recipes import SEED
from widgets.data import load

BINS = 20  # of equal mass, for each latent
TURNS = 5  # random rotations
POSE = ("turn", "zoom", "shift_across", "shift_down")  # columns of the poses


@torch.no_grad()
def posteriors(model: Autoencoder, x: Tensor) -> tuple[Tensor, Tensor]:
    """Means and log variances of the codes of images (n, 12288), each (n, 64)."""
    parts = [model.encode(part) for part in x.split(500)]
    mu, logvar = zip(*parts, strict=True)
    return torch.cat(mu), torch.cat(logvar)


def information_of(z: Tensor, factors: Tensor) -> Tensor:
    """Mutual information of each latent with each factor, as shares of the factor's entropy.

    Parameters
    ----------
    z : Tensor of shape (n, k), one code sampled for each image
    factors : integer Tensor of shape (n, f)

    Returns
    -------
    Tensor of shape (f, k)
    """
    binned = [equal_mass_bins(column, BINS) for column in z.T]
    return torch.tensor(
        [
            [
                mutual_information(each, factor) / mutual_information(factor, factor)
                for each in binned
            ]
            for factor in factors.T
        ]
    )


def components_of(images: NDArray[np.uint8]) -> Tensor:
    """Scores of images (n, 64, 64, 3) on the 64 principal components of the page, (n, 64)."""
    stored = load("faces")
    axes = (stored["axes"] * stored["axis_step"][:, None, None, None]).reshape(64, -1)
    mean = stored["mean"].astype(np.float32).ravel()
    flat = images.reshape(len(images), -1)
    parts = [
        (part / np.float32(255) - mean) @ axes.T.astype(np.float32)
        for part in np.array_split(flat, 40)
    ]
    return torch.from_numpy(np.concatenate(parts))


def binned(poses: NDArray[np.float32]) -> Tensor:
    """Poses (n, 4) as integers, each in bins of equal mass."""
    columns = torch.from_numpy(poses).unbind(1)
    return torch.stack([equal_mass_bins(column, BINS) for column in columns], 1)


def best_two(share: Tensor) -> dict[str, list[float]]:
    """For each factor, the largest share that one number has, and the second largest."""
    ranked = share.sort(1, descending=True).values[:, :2]
    return {
        name: [round(v, 4) for v in row.tolist()]
        for name, row in zip((*FACTORS, *POSE), ranked, strict=True)
    }


def make_face_latents(job: Job) -> Card:
    """Encode all faces once; count what two latents know of each factor, and what chance knows."""
    faces, model = load_faces(), registry.load(MODEL)
    mu, logvar = posteriors(model, to_unit(faces.images))
    generator = torch.Generator().manual_seed(SEED)
    z = mu + (0.5 * logvar).exp() * torch.randn(mu.shape, generator=generator)
    factors = torch.cat([torch.from_numpy(faces.factors).long(), binned(faces.poses)], 1)
    kl = kl_per_latent(mu, logvar).mean(0)
    share = information_of(z, factors)
    turns = torch.linalg.qr(torch.randn(TURNS, 64, 64, generator=generator)).Q
    others = {
        "principal_components": information_of(components_of(faces.images), factors),
        **{f"turned_{i}": information_of(z @ turn, factors) for i, turn in enumerate(turns)},
        "shuffled": information_of(z, factors[torch.randperm(len(factors), generator=generator)]),
    }
    return write_export(
        "face_latents",
        {"kl": kl.numpy(), "share": share.numpy().astype(np.float32)},
        {
            "title": "What each latent of the VAE of faces carries",
            "data": faces.origin,
            "model": {"name": MODEL, "sha256": registry.card(MODEL)["weights"]["sha256"]},
            "seed": SEED,
            **made_on(torch.device("cpu")),
            "kl": "nats of each latent, mean over all faces",
            "share": f"mutual information of each latent, in {BINS} bins of equal mass, with each "
            "factor, and each number of the pose in as many bins, of its entropy; one code sampled "
            "for each face",
            "best": "the largest and the second largest share of one number: latents, as many "
            "principal components, the latents turned by random rotations, and with the factors "
            "of other faces",
            "metrics": {
                "silent": int((kl < 0.02).sum()),
                "nats": [round(v, 3) for v in kl.sort().values.tolist()],
                "best": {
                    name: best_two(found) for name, found in {"latents": share, **others}.items()
                },
            },
        },
    )
