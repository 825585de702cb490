"""Faces out of noise: a U-Net that denoises spatial codes of faces, told a few words.

Its draws are compared with draws from the prior of the flat VAE, from a Gaussian and a mixture
fitted to that VAE's codes, and with held-out faces, in the hidden units of a classifier of faces.
"""

import copy
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from latentbook_decoders.models import registry
from latentbook_decoders.models.autoencoder import Autoencoder
from latentbook_decoders.models.cards import Card
from training.cards import made_on
from training.data import to_unit
from training.data.faces import FACTORS, FaceSet, load_faces
from training.exports.export import Job, write_export
from training.exports.faces import JUDGES, answers, trained_judge
from training.exports.latent_diffusion import fit_mixture, frechet
from training.face_unet import (
    MAPS,
    PLACES,
    WORDS,
    FaceUNet,
    alpha_bar,
    draw_codes,
    nothing_said,
)
from training.fit import OnStep
from training.recipes import SEED

SPATIAL, FLAT = "conv_vae_faces_spatial", "conv_vae_faces"
UNSAID, SILENT = 0.3, 0.1  # share of words left out one by one, and of prompts left out
BATCH, STEPS, RATE, EMA = 128, 8000, 1e-3, 0.999
DRAWN = 2000
WALKS = (5, 10, 25, 50)  # steps of DDIM
GUIDED = (0.0, 1.0, 3.0, 7.0)
ASKED = {  # one word each, of values that not every face has
    "smiling": ("mouth", "smile"),
    "in glasses": ("glasses", "round"),
    "bearded": ("facialHair", "beard"),
    "blond": ("hairColor", "f4d150"),
    "dark": ("baseColor", "77311d"),
}
EACH = 200  # draws for each word and guidance
MIXTURE = 16  # Gaussians


def words_of(faces: FaceSet) -> Tensor:
    """The words that describe each face in full, (n, len(WORDS))."""
    return torch.from_numpy(np.stack([faces.factor(word) for word in WORDS], 1)).long()


def left_out(words: Tensor) -> Tensor:
    """The same words with some of them, or all, unsaid at random."""
    silent = torch.rand(words.shape) < UNSAID
    silent |= torch.rand(len(words), 1) < SILENT
    return torch.where(silent, nothing_said(len(words)), words)


def trained_unet(codes: Tensor, words: Tensor, seed: int, on_step: OnStep) -> FaceUNet:
    """A U-Net trained on codes (n, 4, 8, 8) of unit variance: the mean of its weights."""
    torch.manual_seed(seed)
    model = FaceUNet()
    averaged = copy.deepcopy(model).requires_grad_(False)
    optimizer = torch.optim.AdamW(model.parameters(), RATE, weight_decay=0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, STEPS, pct_start=0.05)
    for i in range(STEPS):
        batch = torch.randint(len(codes), (BATCH,))
        z, eps, t = codes[batch], torch.randn(BATCH, MAPS, PLACES, PLACES), torch.rand(BATCH)
        a = alpha_bar(t)[:, None, None, None]
        noisy = a.sqrt() * z + (1 - a).sqrt() * eps
        loss = (model(noisy, t, left_out(words[batch])) - eps).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        decay = min(EMA, (1 + i) / (10 + i))
        for mean, value in zip(averaged.parameters(), model.parameters(), strict=True):
            mean.lerp_(value, 1 - decay)
        on_step(i + 1, STEPS, loss.item())
    return averaged.eval()


@torch.no_grad()
def drawn_codes(model: Autoencoder, x: Tensor, seed: int) -> Tensor:
    """One draw from the posterior of each image (n, 12288): (n, latent_dim)."""
    generator = torch.Generator().manual_seed(seed)
    drawn = []
    for part in x.split(500):
        mu, logvar = model.encode(part)
        assert logvar is not None
        drawn.append(mu + (0.5 * logvar).exp() * torch.randn(mu.shape, generator=generator))
    return torch.cat(drawn)


@torch.no_grad()
def pictures(model: Autoencoder, codes: Tensor) -> Tensor:
    """Codes of any shape decoded: (n, 12288)."""
    parts = codes.flatten(1).float().split(500)
    return torch.cat([torch.sigmoid(model.logits(part)) for part in parts])


@torch.no_grad()
def features(judge: nn.Sequential, x: Tensor) -> NDArray[np.float64]:
    """The classifier's last hidden units, (n, 128)."""
    found = torch.cat([judge[:-1](part) for part in x.split(500)])
    return found.double().numpy()


def nearest(x: Tensor, others: Tensor) -> float:
    """The mean squared distance of images from the nearest of some others."""
    parts = [torch.cdist(part, others).min(1).values.square() for part in x.split(200)]
    return torch.cat(parts).mean().item()


def to_page(unet: FaceUNet) -> dict[str, NDArray[np.float16]]:
    """The U-Net's weights as `widgets.kit.face_diffusion` reads them, in 16 bits."""
    arrays = {}
    for name, values in unet.state_dict().items():
        w = values.numpy()
        if w.ndim == 4 and w.shape[2] == 4:
            w = w.transpose(2, 3, 1, 0)  # the kernels of `halve`, and of `double`
        elif w.ndim == 4:
            w = w.transpose(0, 2, 3, 1).reshape(len(w), -1)  # outputs, and all that they sum over
        arrays[f"unet.{name}"] = w.astype(np.float16)
    return arrays


def decoder_to_page(spatial: Autoencoder) -> dict[str, NDArray[np.float16]]:
    """The decoder of spatial codes as `widgets.kit.face_diffusion` reads it, in 16 bits."""
    arrays = {}
    layers = [m for m in spatial.decoder if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
    for k, layer in enumerate(layers):
        w = layer.weight.detach().numpy()
        first = isinstance(layer, nn.Conv2d)
        w = w.transpose(0, 2, 3, 1).reshape(len(w), -1) if first else w.transpose(2, 3, 1, 0)
        assert layer.bias is not None
        arrays[f"decoder.{k}.weight"] = w.astype(np.float16)
        arrays[f"decoder.{k}.bias"] = layer.bias.detach().numpy().astype(np.float16)
    return arrays


def make_face_diffusion(job: Job) -> Card:
    """Train the network and the classifier; compare draws with those of simpler rivals."""
    torch.set_num_threads(1)  # the same weights on every run
    faces, spatial, flat = load_faces(), registry.load(SPATIAL), registry.load(FLAT)
    train, test = to_unit(faces.train_images), to_unit(faces.test_images)
    judge = trained_judge(train, faces, 0, job.part(0, 10))
    words = words_of(faces)
    codes = drawn_codes(spatial, train, SEED).view(-1, MAPS, PLACES, PLACES)
    scale = codes.std()
    unet = trained_unet(codes / scale, words[: len(train)], SEED, job.part(1, 10))

    def shown(asked: Tensor, guidance: float, steps: int, eta: float = 0.0) -> Tensor:
        walks = [
            draw_codes(unet, part, guidance, steps, seed, eta)
            for seed, part in enumerate(asked.split(500))
        ]
        return pictures(spatial, scale * torch.cat(walks))

    silent, mixture = nothing_said(DRAWN), mixture_of_codes(flat, train)
    draws = {
        "held_out": test[:DRAWN],
        "their_codes": pictures(spatial, drawn_codes(spatial, test[:DRAWN], SEED)),
        "their_flat_codes": pictures(flat, drawn_codes(flat, test[:DRAWN], SEED)),
        **without_a_walk(flat, spatial, train, mixture),
        **{f"ddim_{steps}": shown(silent, 0, steps) for steps in WALKS},
        "ddpm_50": shown(silent, 0, 50, eta=1.0),
        "asked": shown(words[-DRAWN:], 0, 50),
        "asked_and_guided": shown(words[-DRAWN:], 3, 50),
    }
    real = features(judge, train[:DRAWN])
    arrays = {
        **to_page(unet),
        **decoder_to_page(spatial),
        "scale": np.float32(scale),
        **mixture,
    }
    card = {
        "title": "Faces out of noise, beside draws without a walk",
        "data": faces.origin,
        "models": {
            name: registry.card(name)["weights"]["sha256"] for name in (SPATIAL, FLAT)
        },
        "network": {
            "weights": sum(p.numel() for p in unet.parameters()),
            "recipe": f"{STEPS} steps of AdamW, batch {BATCH}, peak rate {RATE:g}",
            "unsaid": f"each word with probability {UNSAID:g}, all with {SILENT:g}",
        },
        "seed": SEED,
        **made_on(torch.device("cpu")),
        "measured": {
            "distance": f"Frechet distance of {DRAWN:,} pictures from training faces, in 128 "
            "hidden units of a classifier of faces",
            "nearest": "squared distance from the nearest training face",
            "asked": f"{EACH} draws for each word: share in which the classifier sees it, and "
            "variance of the other draws' hidden units, of that of real faces with the word",
        },
        "metrics": {
            "distance": {
                name: round(frechet(features(judge, x), real), 2) for name, x in draws.items()
            },
            "nearest": {
                name: round(nearest(draws[name][:500], train), 1)
                for name in ("held_out", "their_codes", "ddim_50", "asked")
            },
            "asked": asked_for(shown, judge, train, faces),
        },
    }
    return write_export("face_diffusion", arrays, card)


def mixture_of_codes(flat: Autoencoder, train: Tensor) -> dict[str, NDArray[np.float16]]:
    """Gaussians fitted to the flat VAE's codes: shares, means, and roots of the covariances."""
    codes = drawn_codes(flat, train, SEED).double().numpy()
    weights, means, covariances = fit_mixture(codes, MIXTURE, SEED)
    return {
        "mixture_shares": (weights / weights.sum()).astype(np.float16),
        "mixture_means": means.astype(np.float16),
        "mixture_roots": np.linalg.cholesky(covariances).astype(np.float16),
    }


def without_a_walk(
    flat: Autoencoder,
    spatial: Autoencoder,
    train: Tensor,
    mixture: dict[str, NDArray[np.float16]],
) -> dict[str, Tensor]:
    """Pictures of codes from both priors, and from Gaussians fitted to codes of training faces."""
    generator = torch.Generator().manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    found = {}
    for name, model in (("flat", flat), ("spatial", spatial)):
        shape = (DRAWN, model.latent_dim)
        found[f"{name}_prior"] = pictures(model, torch.randn(shape, generator=generator))
        codes = drawn_codes(model, train, SEED).double().numpy()
        one = rng.multivariate_normal(codes.mean(0), np.cov(codes.T), DRAWN)
        found[f"{name}_gaussian"] = pictures(model, torch.from_numpy(one))
    shares, means, roots = (each.astype(float) for each in mixture.values())
    which = rng.choice(MIXTURE, DRAWN, p=shares / shares.sum())
    normal = rng.normal(size=(DRAWN, flat.latent_dim))
    many = means[which] + np.einsum("nij,nj->ni", roots[which], normal)
    found["flat_mixture"] = pictures(flat, torch.from_numpy(many))
    return found


def asked_for(
    shown: Callable[..., Tensor], judge: nn.Sequential, train: Tensor, faces: FaceSet
) -> Card:
    """For each word and guidance: whether it is drawn, and how various the draws are."""
    found: Card = {}
    for word, (factor, value) in ASKED.items():
        place = FACTORS[factor].index(value)
        prompt = nothing_said(EACH).clone()
        prompt[:, WORDS.index(factor)] = place
        real = features(judge, train[torch.from_numpy(faces.has(factor, value)[: len(train)])])
        found[word] = {
            "of_all": round(float(faces.has(factor, value).mean()), 4),
            "seen": [],
            "variance": [],
        }
        for guidance in GUIDED:
            x = shown(prompt, guidance, 25)
            seen = answers(judge, x)[:, JUDGES.index(factor)] == place
            spread = features(judge, x).var(0).sum() / real.var(0).sum()
            found[word]["seen"].append(round(seen.float().mean().item(), 4))
            found[word]["variance"].append(round(float(spread), 4))
    return found
