"""Faces out of noise: a U-Net that denoises spatial codes of faces, told a few words.

Its draws are compared with draws from the prior of the flat VAE, from a Gaussian and a mixture
fitted to that VAE's codes, and with held-out faces, in the hidden units of a classifier of faces.
"""

import copy

import numpy as np
import torch
from torch import Tensor

from training.data.faces import FaceSet
from training.exports.export import Job
from training.face_unet import (
    MAPS,
    PLACES,
    WORDS,
    FaceUNet,
    alpha_bar,
    nothing_said,
)

SPATIAL, FLAT = "conv_vae_faces_spatial", "conv_vae_faces"
UNSAID, SILENT = 0.3, 0.1  # share of words left out one by one, and of prompts left out
BATCH, STEPS, RATE, EMA = 128, 8000, 1e-3, 0.999


def words_of(faces: FaceSet) -> Tensor:
    """The words that describe each face in full, (n, len(WORDS))."""
    return torch.from_numpy(np.stack([faces.factor(word) for word in WORDS], 1)).long()


def left_out(words: Tensor) -> Tensor:
    """The same words with some of them, or all, unsaid at random."""
    silent = torch.rand(words.shape) < UNSAID
    silent |= torch.rand(len(words), 1) < SILENT
    return torch.where(silent, nothing_said(len(words)), words)


def trained_unet(codes: Tensor, words: Tensor, seed: int, job: Job) -> FaceUNet:
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
        job.on_step(i + 1, STEPS, loss.item())
    return averaged.eval()
