"""Measures what the chapter says of convolutional autoencoders, and draws its computed picture.

    python -m content.convolutional.images.draw

Convolutional VAEs and dense ones with as many weights are trained on 1,000, 10,000 and 55,000
digits; then an autoencoder with a spatial code beside one with a flat code of as many numbers. All
of it takes about a quarter of an hour on one core. Colours are CSS variables, so the picture
follows the theme of the page.
"""

import copy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn

from content.autoencoders.images.draw import digit
from latentbook.models import registry
from latentbook.models.autoencoder import Autoencoder, Config
from latentbook.models.conv_vae import ConvVAEConfig
from latentbook.models.mlp import MLPVAEConfig
from training.data import load_dataset, to_unit
from training.exports.upsampling import stride_energy
from training.losses import kl, recon_loss, reparameterize, squared_error
from training.objectives import training_loss
from widgets.data import load
from widgets.morph import probabilities

FOLDER = Path(__file__).parent
STEPS = 2000
BATCH = 128
RATE = 3e-3  # peak
HELD_OUT = 5000  # of the training digits, by which the best of ten moments is chosen
SEEDS = (0, 1)
PAIR: dict[str, Config] = {
    "convolutional": ConvVAEConfig(latent_dim=16, channels=16, hidden=64),
    "dense": MLPVAEConfig(latent_dim=16, encoder=(66,), decoder=(66, 66)),
}
SHIFT = 4  # px, down and to the right, of digits that have the room


def main() -> None:
    """Measure the codes, then the pair, then the models of the server."""
    torch.set_num_threads(1)  # the same weights on every run
    dataset = load_dataset("mnist")
    train, test = to_unit(dataset.train_images), to_unit(dataset.test_images)
    clothes = to_unit(load_dataset("fashion_mnist").test_images)
    compare_codes(train, test, clothes, dataset.train_labels, dataset.test_labels)
    compare_pair(train, test)
    compare_two_latents(test)
    compare_upsampling()


def compare_pair(train: Tensor, test: Tensor) -> None:
    """Print the test loss of both VAEs by the number of training digits."""
    held_out, rest = train[-HELD_OUT:], train[:-HELD_OUT]
    for kind, config in PAIR.items():
        print(f"{kind}: {weights_of(config.build()):,} weights and biases")
        for n in (1_000, 10_000, len(rest)):
            losses = []
            for seed in SEEDS:
                torch.manual_seed(seed)
                model = config.build()
                best = trained(model, rest[:n], lambda m: -negative_elbo(m, held_out).mean().item())
                losses.append(negative_elbo(best, test).mean().item())
            print(f"  {n:6d} digits: negative ELBO {numbers(losses)} nats", flush=True)


def compare_two_latents(test: Tensor) -> None:
    """Print by how much the server's dense VAE of digits is better, image by image."""
    losses = [
        negative_elbo(registry.load(name), test) for name in ("conv_vae_mnist", "mlp_vae_mnist")
    ]
    lead = losses[0] - losses[1]
    error = lead.std() / len(lead) ** 0.5
    print(f"dense ahead of convolutional, two latents: {lead.mean():.2f} ± {error:.2f} nats")


@torch.no_grad()
def negative_elbo(model: Autoencoder, x: Tensor) -> Tensor:
    """Nats for each image, one draw of z with seed 1."""
    torch.manual_seed(1)
    mu, logvar = model.encode(x)
    assert logvar is not None
    return recon_loss(model.logits(reparameterize(mu, logvar)), x) + kl(mu, logvar)


def trained(
    model: Autoencoder, x: Tensor, score: Callable[[Autoencoder], float] | None = None
) -> Autoencoder:
    """Train with Adam, the rate falling to zero; keep the best of ten moments."""
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    best, best_score = model, -np.inf
    for step in range(STEPS):
        warm = min(1.0, 20 * step / STEPS + 1e-3)
        optimizer.param_groups[0]["lr"] = RATE * warm * 0.5 * (1 + np.cos(np.pi * step / STEPS))
        loss = training_loss(model, x[torch.randint(len(x), (BATCH,))], 1.0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if score is not None and (step + 1) % (STEPS // 10) == 0:
            state = torch.get_rng_state()
            if (now := score(model)) > best_score:
                best, best_score = copy.deepcopy(model), now
            torch.set_rng_state(state)
    return best


def spatial() -> Autoencoder:
    """A code of 7 x 7 numbers: nothing but convolutions."""
    encoder = nn.Sequential(
        nn.Unflatten(1, (1, 28, 28)), *down(), nn.Conv2d(24, 1, 1), nn.Flatten()
    )
    decoder = nn.Sequential(nn.Unflatten(1, (1, 7, 7)), nn.Conv2d(1, 24, 1), *up(), nn.Flatten())
    return Autoencoder(49, encoder, decoder)


def deep_spatial() -> Autoencoder:
    """A code of 7 x 7 numbers that are read and written together with their neighbours."""
    encoder = nn.Sequential(
        nn.Unflatten(1, (1, 28, 28)),
        *down(),
        nn.Conv2d(24, 24, 3, padding=1),
        nn.SiLU(),
        nn.Conv2d(24, 1, 3, padding=1),
        nn.Flatten(),
    )
    decoder = nn.Sequential(
        nn.Unflatten(1, (1, 7, 7)),
        nn.Conv2d(1, 24, 3, padding=1),
        nn.SiLU(),
        nn.Conv2d(24, 24, 3, padding=1),
        *up(),
        nn.Flatten(),
    )
    return Autoencoder(49, encoder, decoder)


def flat() -> Autoencoder:
    """A code of 49 numbers: the same convolutions, and dense layers beside the code."""
    encoder = nn.Sequential(
        nn.Unflatten(1, (1, 28, 28)), *down(), nn.Flatten(), nn.Linear(24 * 49, 49)
    )
    decoder = nn.Sequential(
        nn.Linear(49, 24 * 49), nn.Unflatten(1, (24, 7, 7)), *up(), nn.Flatten()
    )
    return Autoencoder(49, encoder, decoder)


def down() -> list[nn.Module]:
    """(n, 1, 28, 28) to (n, 24, 7, 7)."""
    return [
        nn.Conv2d(1, 16, 4, stride=2, padding=1),
        nn.SiLU(),
        nn.Conv2d(16, 24, 4, stride=2, padding=1),
        nn.SiLU(),
    ]


def up() -> list[nn.Module]:
    """(n, 24, 7, 7) to (n, 1, 28, 28), log-odds."""
    return [
        nn.SiLU(),
        nn.Upsample(scale_factor=2.0),
        nn.Conv2d(24, 16, 3, padding=1),
        nn.SiLU(),
        nn.Upsample(scale_factor=2.0),
        nn.Conv2d(16, 1, 3, padding=1),
    ]


def compare_codes(
    train: Tensor, test: Tensor, clothes: Tensor, labels: np.ndarray, test_labels: np.ndarray
) -> None:
    """Print what each code is good for, and draw what the decoders make of it."""
    pictures = {}
    shown = clothes[[1000, 8000, 9000]]  # trousers, a bag, a boot
    builders = {"spatial": spatial, "flat": flat, "deep spatial": deep_spatial}
    for name, build in builders.items():
        torch.manual_seed(0)
        model = trained(build(), train).requires_grad_(False).eval()
        codes, test_codes = (
            torch.cat([model.encode(p)[0] for p in x.split(1000)]) for x in (train, test)
        )
        print(f"{name}: {weights_of(model):,} weights and biases")
        moved = shifted(test)
        home = moved.view(-1, 28, 28).roll((-SHIFT, -SHIFT), (1, 2)).flatten(1)
        for title, x in (
            ("digits", test),
            ("those with room", home),
            ("the same, moved", moved),
            ("clothes", clothes),
        ):
            error = squared_error(model.decode(model.encode(x)[0]).flatten(1), x).mean()
            print(
                f"  squared error of {title}: {error:.2f}, "
                f"of a blank page {x.square().sum(1).mean():.2f}"
            )
        torch.manual_seed(0)
        factor = torch.linalg.cholesky(torch.cov(codes.T) + 1e-6 * torch.eye(49))
        drawn = model.decode(codes.mean(0) + torch.randn(1000, 49) @ factor.T)
        halfway = model.decode((test_codes[:1000] + test_codes[1000:2000]) / 2)
        rebuilt = model.decode(test_codes[:1000])
        for title, images in (
            ("real", test[:1000]),
            ("rebuilt", rebuilt),
            ("halfway", halfway),
            ("drawn", drawn),
        ):
            certainty = probabilities(images.numpy(), load("mnist_classifier")).max(axis=1)
            print(f"  classifier's certainty, {title}: {100 * certainty.mean():.0f} %")
        scale = codes.std(0) + 1e-6
        centred = (codes - codes.mean(0)) / scale
        probe = LogisticRegression(max_iter=2000).fit(centred[:10000].numpy(), labels[:10000])
        right = probe.score(((test_codes - codes.mean(0)) / scale).numpy(), test_labels)
        print(
            f"  linear probe on 10,000 codes: {100 * right:.1f} % of test digits right", flush=True
        )
        pictures[name] = [rebuilt[:3], model.decode(model.encode(shown)[0]), drawn[:3]]
    real = [test[:3], shown]
    write("spatial-codes.svg", codes_picture(real, pictures))


def compare_upsampling() -> None:
    """Print how much of the log-odds lies at stride 2, in models of the server, trained and not."""
    torch.manual_seed(0)
    z = torch.randn(1000, 2)
    for name in ("conv_vae_mnist", "conv_vae_mnist_transposed"):
        torch.manual_seed(1)
        for title, model in (
            ("trained", registry.load(name)),
            ("new", registry.config(name).build()),
        ):
            with torch.no_grad():
                for what, y in (
                    ("log-odds", model.logits(z)),
                    ("pixels", model.decode(z).flatten(1)),
                ):
                    share = 100 * stride_energy(y).mean()
                    print(f"{name}, {title}, {what}: {share:.4f} % at stride 2")


def shifted(x: Tensor) -> Tensor:
    """Those of the images (n, 784) that have the room, moved down and to the right by SHIFT."""
    images = x.view(-1, 28, 28)
    edge = images[:, -SHIFT:].sum((1, 2)) + images[:, :, -SHIFT:].sum((1, 2))
    return images[edge == 0].roll((SHIFT, SHIFT), (1, 2)).flatten(1)


def weights_of(model: nn.Module) -> int:
    """How many weights and biases."""
    return sum(p.numel() for p in model.parameters())


def numbers(values: list[float]) -> str:
    """All of them, in short."""
    return ", ".join(f"{value:.2f}" for value in values)


def codes_picture(real: list[Tensor], pictures: dict[str, list[Tensor]]) -> str:
    """Rows: what goes in, what each decoder makes of it, and of draws from a fitted normal."""
    rows = "".join(
        digit(image.numpy(), 70 + 34 * column + 10 * block, 22 + 40 * line, 32, 4)
        for line, blocks in enumerate([real, pictures["spatial"], pictures["flat"]])
        for block, images in enumerate(blocks)
        for column, image in ((3 * block + i, each) for i, each in enumerate(images))
    )
    words = "".join(
        f'<text x="0" y="{43 + 40 * i}">{word}</text>'
        for i, word in enumerate(("input", "spatial", "flat"))
    )
    heads = "".join(
        f'<text x="{121 + 112 * i}" y="14" text-anchor="middle">{word}</text>'
        for i, word in enumerate(("digits", "clothes", "draws"))
    )
    return f"""<svg viewBox="0 0 404 140" width="520" height="180">
<title>Spatial and flat codes</title>
<desc>Three digits and three clothes, rebuilt from a spatial and from a flat code, and draws from
both.</desc>
<g font-size="14">{words}{heads}</g>
{rows}
</svg>
"""


def write(name: str, svg: str) -> None:
    """Write a picture next to this file."""
    (FOLDER / name).write_text(svg, encoding="utf-8")
    print(f"{name}: {len(svg) / 1000:.1f} kB")


if __name__ == "__main__":
    main()
