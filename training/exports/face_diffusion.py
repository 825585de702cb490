"""Faces out of noise: a U-Net that denoises spatial codes of faces, told a few words.

Its draws are compared with draws from the priors of the spatial and the flat VAE, from Gaussians
fitted to their codes, with those of a network that denoises flat codes, and with held-out faces, in
the hidden units of a classifier of faces.
"""

import copy
from dataclasses import dataclass
from typing import Any, TypeAlias

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
    Denoiser,
    FaceUNet,
    FlatDenoiser,
    alpha_bar,
    draw_codes,
    nothing_said,
)
from training.fit import OnStep
from training.recipes import SEED

Mixture: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
"""Shares (size,), means (size, k) and covariances (size, k, k) of Gaussians."""

SPATIAL, FLAT = "conv_vae_faces_spatial", "conv_vae_faces"
TITLES = {"spatial": SPATIAL, "flat": FLAT}
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
MIXTURES = {"spatial": (16,), "flat": (16, 64)}  # Gaussians; the page has the flat 16
COLOURS = ("baseColor", "hairColor")  # for each pair of these, a Gaussian that is told them


def words_of(faces: FaceSet) -> Tensor:
    """The words that describe each face in full, (n, len(WORDS))."""
    return torch.from_numpy(np.stack([faces.factor(word) for word in WORDS], 1)).long()


def left_out(words: Tensor) -> Tensor:
    """The same words with some of them, or all, unsaid at random."""
    silent = torch.rand(words.shape) < UNSAID
    silent |= torch.rand(len(words), 1) < SILENT
    return torch.where(silent, nothing_said(len(words)), words)


def trained(model: Denoiser, codes: Tensor, words: Tensor, seed: int, on_step: OnStep) -> Denoiser:
    """The network trained on codes (n, …) of unit variance: the running mean of its weights."""
    torch.manual_seed(seed)
    averaged = copy.deepcopy(model).requires_grad_(False)
    optimizer = torch.optim.AdamW(model.parameters(), RATE, weight_decay=0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, STEPS, pct_start=0.05)
    for i in range(STEPS):
        batch = torch.randint(len(codes), (BATCH,))
        z, eps, t = codes[batch], torch.randn(BATCH, *codes.shape[1:]), torch.rand(BATCH)
        a = alpha_bar(t).view(-1, *(1 for _ in codes.shape[1:]))
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


def copied(x: Tensor, model: Autoencoder, train: Tensor) -> float:
    """The share of draws that may be copies: as near to a training face as it is to itself decoded.

    As near means: within twice the mean squared error that the autoencoder leaves.
    """
    twice = 2 * error_of(model, train[:DRAWN])
    parts = [torch.cdist(part, train).amin(1).square() for part in x.split(200)]
    return (torch.cat(parts) < twice).float().mean().item()


def error_of(model: Autoencoder, x: Tensor) -> float:
    """The squared error per image that an autoencoder leaves of images (n, 12288)."""
    return (pictures(model, drawn_codes(model, x, SEED)) - x).square().sum(1).mean().item()


def to_page(unet: Denoiser) -> dict[str, NDArray[np.float16]]:
    """The U-Net's weights as `widgets.kit.face_diffusion` reads them, in 16 bits."""
    arrays = {}
    for name, values in unet.state_dict().items():
        w = values.numpy()
        if name == "up.weight":
            w = w.transpose(2, 3, 1, 0)  # as `double` reads it
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
        same_size = isinstance(layer, nn.Conv2d)
        w = w.transpose(0, 2, 3, 1).reshape(len(w), -1) if same_size else w.transpose(2, 3, 1, 0)
        assert layer.bias is not None
        arrays[f"decoder.{k}.weight"] = w.astype(np.float16)
        arrays[f"decoder.{k}.bias"] = layer.bias.detach().numpy().astype(np.float16)
    return arrays


@dataclass(frozen=True)
class Drawing:
    """An autoencoder, and a network that denoises its codes.

    Attributes
    ----------
    scale : standard deviation of the codes; the network was trained on codes of unit variance
    shape : of a code
    """

    model: Autoencoder
    denoiser: Denoiser
    scale: Tensor
    shape: tuple[int, ...]

    def __call__(
        self, words: Tensor, guidance: float, steps: int, *, is_ddpm: bool = False
    ) -> Tensor:
        """Pictures (n, 12288) of what was asked for, from the same noise each time."""
        generator = torch.Generator().manual_seed(SEED)
        z = torch.randn(len(words), *self.shape, generator=generator)
        walks = [
            draw_codes(self.denoiser, *parts, guidance, steps, generator if is_ddpm else None)
            for parts in zip(z.split(500), words.split(500), strict=True)
        ]
        return pictures(self.model, self.scale * torch.cat(walks))


def make_face_diffusion(job: Job) -> Card:
    """Train both networks and the classifier; compare draws with those of simpler rivals."""
    torch.set_num_threads(1)  # the same weights on every run
    faces, models = load_faces(), {name: registry.load(name) for name in (SPATIAL, FLAT)}
    train, test = to_unit(faces.train_images), to_unit(faces.test_images)
    judge = trained_judge(train, faces, 0, job.part(0, 10))
    words = words_of(faces)
    codes = {name: drawn_codes(model, train, SEED) for name, model in models.items()}
    places = codes[SPATIAL].view(-1, MAPS, PLACES, PLACES)
    walks = {}
    torch.manual_seed(SEED)
    for name, seen, network, part in (
        (FLAT, codes[FLAT], FlatDenoiser(), job.part(1, 10)),
        (SPATIAL, places, FaceUNet(), job.part(2, 10)),
    ):
        scale = seen.std()
        denoiser = trained(network, seen / scale, words[: len(train)], SEED, part)
        walks[name] = Drawing(models[name], denoiser, scale, tuple(seen.shape[1:]))
    mixtures = {
        name: {
            size: fit_mixture(codes[name].double().numpy(), size, SEED) for size in MIXTURES[title]
        }
        for title, name in TITLES.items()
    }
    draws = {
        "held_out": test[:DRAWN],
        **{
            f"{title}_{name}": x
            for title, model in TITLES.items()
            for name, x in draws_from(
                walks[model], codes[model], mixtures[model], words, test[:DRAWN]
            ).items()
        },
    }
    real = features(judge, train[:DRAWN])
    unet = walks[SPATIAL].denoiser
    arrays: dict[str, NDArray[Any]] = {
        **to_page(unet),
        **decoder_to_page(models[SPATIAL]),
        "scale": np.asarray(walks[SPATIAL].scale, np.float32),
        **mixture_to_page(mixtures[FLAT][16]),
    }
    card = {
        "title": "Faces out of noise, beside draws without a walk",
        "data": faces.origin,
        "models": {name: registry.card(name)["weights"]["sha256"] for name in models},
        "networks": {
            title: sum(p.numel() for p in walks[name].denoiser.parameters())
            for title, name in TITLES.items()
        },
        "recipe": f"{STEPS} steps of AdamW, batch {BATCH}, peak rate {RATE:g}; words are left out, "
        f"each with probability {UNSAID:g}, all with {SILENT:g}",
        "seed": SEED,
        **made_on(torch.device("cpu")),
        "measured": {
            "distance": f"Frechet distance of {DRAWN:,} pictures from training faces, in 128 "
            "hidden units of a classifier of faces",
            "copied": f"share of {DRAWN:,} pictures whose squared distance from a training face is "
            "less than twice what the autoencoder leaves of such faces; training: of those decoded",
            "heard": f"{DRAWN:,} draws, each asked for all six words of a held-out face: share of "
            "the classifier's answers that are as asked",
            "asked": f"{EACH} draws for each word: share in which the classifier sees it, and "
            "variance of the hidden units, of that of real faces with the word; decoded: of "
            f"{DRAWN:,} of these, encoded and decoded",
        },
        "metrics": {
            "distance": {
                name: round(frechet(features(judge, x), real), 2) for name, x in draws.items()
            },
            "copied": {
                f"{title}_{name}": round(copied(x, models[model], train), 4)
                for title, model in TITLES.items()
                for name, x in (
                    ("training", pictures(models[model], codes[model][:DRAWN])),
                    *((name, draws[f"{title}_{name}"]) for name in ("codes", "ddim_50", "ddpm_50")),
                )
            },
            "heard": {
                name: round((answers(judge, x) == words[-DRAWN:]).float().mean().item(), 4)
                for name, x in draws.items()
            },
            "asked": asked_for(walks[SPATIAL], judge, train, faces),
        },
    }
    return write_export("face_diffusion", arrays, card)


def draws_from(
    walk: Drawing, codes: Tensor, mixtures: dict[int, Mixture], words: Tensor, x: Tensor
) -> dict[str, Tensor]:
    """Pictures drawn by an autoencoder's prior, by Gaussians fitted to its codes, and by walks.

    Parameters
    ----------
    codes : Tensor of shape (n, k), of training faces
    words : of all faces; some walks are asked for those of the last
    x : held-out faces, whose decoded codes are the best that a draw can be expected to be
    """
    model, words, known = walk.model, words[-len(x) :], words[: len(codes)]
    silent = nothing_said(len(x))
    generator = torch.Generator().manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    normal = torch.randn(len(words), model.latent_dim, generator=generator)
    seen = codes.double().numpy()
    one = rng.multivariate_normal(seen.mean(0), np.cov(seen.T), len(words))
    fitted = {
        f"mixture_{size}": from_mixture(mixture, len(words), rng)
        for size, mixture in mixtures.items()
    }
    return {
        "codes": pictures(model, drawn_codes(model, x, SEED)),
        "prior": pictures(model, normal),
        "gaussian": pictures(model, torch.from_numpy(one)),
        **{name: pictures(model, torch.from_numpy(z)) for name, z in fitted.items()},
        "by_colours": pictures(model, by_colours(codes, known, words)),
        **{f"ddim_{steps}": walk(silent, 0, steps) for steps in WALKS},
        "ddpm_50": walk(silent, 0, 50, is_ddpm=True),
        **{f"asked_{guidance}": walk(words, guidance, 50) for guidance in (0, 1, 3)},
    }


def from_mixture(mixture: Mixture, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draws from Gaussians, (n, k)."""
    shares, means, covariances = mixture
    which = rng.choice(len(shares), n, p=shares / shares.sum())
    roots = np.linalg.cholesky(covariances)
    normal = rng.normal(size=(n, means.shape[1]))
    drawn: NDArray[np.float64] = np.stack(
        [means[k] + roots[k] @ each for k, each in zip(which, normal, strict=True)]
    )
    return drawn


def by_colours(codes: Tensor, words: Tensor, asked: Tensor) -> Tensor:
    """Draws of a Gaussian fitted to the codes of all faces with the same colours, (n, k).

    Parameters
    ----------
    codes : Tensor of shape (m, k), of training faces
    words : of these faces
    asked : Tensor of shape (n, len(WORDS)), whose colours the draws are to have
    """
    columns = [WORDS.index(name) for name in COLOURS]
    rng, seen = np.random.default_rng(SEED), codes.double().numpy()
    drawn = np.empty((len(asked), seen.shape[1]))
    for colours in words[:, columns].unique(dim=0):
        own = seen[(words[:, columns] == colours).all(1).numpy()]
        wanted = (asked[:, columns] == colours).all(1).numpy()
        drawn[wanted] = rng.multivariate_normal(own.mean(0), np.cov(own.T), wanted.sum())
    return torch.from_numpy(drawn)


def mixture_to_page(mixture: Mixture) -> dict[str, NDArray[np.float16]]:
    """Shares and means of Gaussians, and roots of their covariances, in 16 bits."""
    shares, means, covariances = mixture
    return {
        "mixture_shares": (shares / shares.sum()).astype(np.float16),
        "mixture_means": means.astype(np.float16),
        "mixture_roots": np.linalg.cholesky(covariances).astype(np.float16),
    }


def asked_for(walk: Drawing, judge: nn.Sequential, train: Tensor, faces: FaceSet) -> Card:
    """For each word and guidance: whether it is drawn, and how various the draws are."""
    found: Card = {}
    for word, (factor, value) in ASKED.items():
        place = FACTORS[factor].index(value)
        prompt = nothing_said(EACH).clone()
        prompt[:, WORDS.index(factor)] = place
        shown = train[torch.from_numpy(faces.has(factor, value)[: len(train)])][:DRAWN]
        real = features(judge, shown).var(0).sum()
        decoded = features(judge, pictures(walk.model, drawn_codes(walk.model, shown, SEED)))
        found[word] = {
            "of_all": round(float(faces.has(factor, value).mean()), 4),
            "decoded": round(float(decoded.var(0).sum() / real), 4),
            "seen": [],
            "variance": [],
        }
        for guidance in GUIDED:
            x = walk(prompt, guidance, 25)
            seen = answers(judge, x)[:, JUDGES.index(factor)] == place
            spread = features(judge, x).var(0).sum() / real
            found[word]["seen"].append(round(seen.float().mean().item(), 4))
            found[word]["variance"].append(round(float(spread), 4))
    return found
