"""Controls that chapters 3 to 6 quote: the same networks, if one thing about them differs.

    python -m training.controls

Convolutions on digits of which every block is shuffled alike, and a wider dense network; masked
autoencoders with 10 patches hidden, and with a loss of all patches; VQ-VAEs of four times as many
epochs, a prior of five times as many steps, a denoiser that is never told the digit, and heads on
features that were never trained. Takes about three quarters of an hour on one core.
"""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from latentbook.models import registry
from latentbook.models.autoencoder import PIXELS
from latentbook.models.mlp import mlp
from latentbook.models.vqvae import VQVAE, VQVAEConfig
from training.data import Dataset, load_dataset, to_unit
from training.distillation import fit_student, to_arrays
from training.exports import (
    latent_diffusion,
    masked,
    networks,
    rate_distortion,
    shuffled_pixels,
    transfer,
)
from training.fit import fit
from training.losses import squared_error
from training.recipes import SEED, SPECS

SHUFFLES = (0, 2, 3)  # seeds; with 1 nothing would move
WIDE = 512  # units of the dense network
EPOCHS = 12  # of a VQ-VAE
STEPS = 1000  # of the prior


def main() -> None:
    """Print what each leaves on the test digits."""
    torch.set_num_threads(1)
    dataset = load_dataset("mnist")
    hidden_pixels(dataset)
    hidden_patches(dataset)
    for codes in (64, 256):
        longer_table(codes, dataset)
    longer_prior(dataset)
    untold_denoiser(dataset)
    untrained_features()


def hidden_pixels(dataset: Dataset) -> None:
    """What fills in hidden pixels: convolutions where all blocks are shuffled alike, and others."""
    train, test = to_unit(dataset.train_images), to_unit(dataset.test_images)
    for seed in SHUFFLES:
        order = torch.from_numpy(shuffled_alike(2, seed))
        network = shuffled_pixels.trained("convolution", train[:, order], 1, lambda *_: None)
        error = shuffled_pixels.test_error(network, test[:, order])
        print(f"convolution, blocks of 2 all shuffled by seed {seed}: {error:.1f}", flush=True)
    wide = mlp(PIXELS, WIDE, PIXELS)

    def loss_of(batch: Tensor) -> Tensor:
        x = train[batch]
        loss: Tensor = (wide(shuffled_pixels.hide(x)) - x).square().sum(1).mean()
        return loss

    fit_student(wide, len(train), loss_of, shuffled_pixels.RECIPE, lambda *_: None)
    print(f"dense, {WIDE} units: {shuffled_pixels.test_error(wide, test):.1f}", flush=True)


def hidden_patches(dataset: Dataset) -> None:
    """Masked autoencoders with 10 of 16 patches hidden, and with 2 and a loss of all patches."""
    train, test = to_unit(dataset.train_images), to_unit(dataset.test_images)
    for hidden, score_all in ((10, False), (2, True)):
        for seed in masked.SEEDS:
            model = masked.train_masked(train, hidden, seed, lambda *_: None, score_all)
            error = masked.mean_error(model, test, hidden)
            seen, asked = (masked.codes(model, x) for x in (train, test))
            read = masked.probe_accuracy(seen, asked, dataset)
            scored = "all" if score_all else "hidden"
            print(
                f"{hidden} hidden, loss of {scored}, seed {seed}: squared error per hidden pixel "
                f"{error:.4f}, digits read {read:.1%}",
                flush=True,
            )


def shuffled_alike(block: int, seed: int) -> NDArray[np.int64]:
    """As `shuffled_pixels.shuffled`, but with one shuffle for all blocks."""
    one = np.random.default_rng(seed).permutation(block * block)
    order = np.arange(PIXELS).reshape(28 // block, block, 28 // block, block).swapaxes(1, 2)
    within = order.reshape(-1, block * block)[:, one].reshape(order.shape)
    return within.swapaxes(1, 2).ravel()


def longer_table(codes: int, dataset: Dataset) -> None:
    """A VQ-VAE, trained for `EPOCHS`."""
    with TemporaryDirectory() as folder:
        model, run = fit(
            VQVAEConfig(codes),
            to_unit(dataset.train_images),
            replace(SPECS["vqvae_mnist"].recipe, epochs=EPOCHS, precision="float32"),
            seed=SEED,
            device=torch.device("cpu"),
            checkpoint=Path(folder) / "table.pt",
            resume=False,
            on_step=lambda *_: None,
        )
    assert isinstance(model, VQVAE)
    test = to_unit(dataset.test_images)
    with torch.no_grad():
        x_hat = torch.cat([model.decode(model.encode(part)[0]) for part in test.split(1000)])
        sent = torch.cat([model.indices(part) for part in test.split(1000)])
    share = torch.bincount(sent.flatten(), minlength=codes) / sent.numel()
    perplexity = (-torch.special.xlogy(share, share).sum()).exp()
    print(
        f"{codes} codes, epoch {run.kept} of {EPOCHS}: squared error "
        f"{squared_error(x_hat, test).mean():.2f}, perplexity {perplexity:.0f}, "
        f"{int((share > 0).sum())} codes in use",
        flush=True,
    )


def longer_prior(dataset: Dataset) -> None:
    """The prior of `vqvae_mnist`, trained for `STEPS`."""
    model = registry.load("vqvae_mnist")
    assert isinstance(model, VQVAE)
    train, test = to_unit(dataset.train_images), to_unit(dataset.test_images)
    with torch.no_grad():
        seen, sent = (
            torch.cat([model.indices(part) for part in x.split(1000)])
            for x in (train[: rate_distortion.COUNTED], test)
        )
        decoded = torch.cat([model.decode(model.encode(part)[0]) for part in test.split(1000)])
    prior = rate_distortion.fit_prior(seen, model.codes, SEED, STEPS)
    torch.manual_seed(SEED)
    drawn = rate_distortion.draws_of(model, seen, prior, rate_distortion.JUDGED)[1]
    sure = [
        (latent_diffusion.features(x.numpy())[1] > latent_diffusion.SURE).mean()
        for x in (drawn, decoded)
    ]
    print(
        f"prior of {STEPS} steps: {rate_distortion.prior_bits(prior, sent):.1f} bits; classifier "
        f"sure of {sure[0]:.1%} of its draws, of {sure[1]:.1%} of decoded test codes",
        flush=True,
    )


def untold_denoiser(dataset: Dataset) -> None:
    """A denoiser of 16-D codes that learns from no digit, to draw of none in particular."""
    name = "conv_vae_mnist_16"
    vae = registry.load(name)
    codes = latent_diffusion.codes_of(vae, dataset.train_images, dataset.train_labels)
    fitted = latent_diffusion.replace_codes(
        codes, slice(0, len(codes.mean) - latent_diffusion.HELD)
    )
    real = latent_diffusion.features(dataset.test_images / 255)[0]
    for seed in range(latent_diffusion.SEEDS):
        network = latent_diffusion.train_denoiser(
            fitted, latent_diffusion.DIFFUSED[name], seed, lambda *_: None, untold=1.0
        )
        weights: dict[str, NDArray[Any]] = {
            **to_arrays(network),
            "means": np.empty(vae.latent_dim),
        }
        z = latent_diffusion.draws_of(weights, None, seed, "learned")
        with torch.no_grad():
            parts = torch.from_numpy(z).float().split(1000)
            x_hat = torch.cat([vae.decode(part).flatten(1) for part in parts]).numpy()
        print(f"never told, seed {seed}: {latent_diffusion.judged(x_hat, real)}", flush=True)


def untrained_features() -> None:
    """Heads on the features of networks that were never trained, by number of labels."""
    for name in transfer.TARGETS:
        task = transfer.Task.of(load_dataset(name))
        for seed in range(transfer.SEEDS):
            torch.manual_seed(100 + seed)  # the weights whose maps are in the instrument
            found = transfer.frozen(networks.network()[: transfer.FEATURES], task, seed)[:, 0]
            shares = ", ".join(f"{share:.1%}" for share in found)
            print(f"untrained features, {name}, seed {seed}: {shares}", flush=True)


if __name__ == "__main__":
    main()
