"""Draws the book's computed pictures and prints the numbers that the text quotes from them.

    python content/images/draw.py

Plain autoencoders and VAEs with 2 and with 16 latents are trained on MNIST, which takes about five
minutes on one core. Colours are CSS variables, so the pictures follow the theme of the page.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.models.autoencoder import PIXELS, Autoencoder
from app.models.data import load_dataset
from app.models.fit import Config, fit
from app.models.layers import mlp
from app.models.losses import reparameterize
from app.models.mlp_vae import MLPVAEConfig
from app.models.recipe import Recipe

FOLDER = Path(__file__).parent
EPOCHS = 20
DRAWS = 1000  # codes drawn, and test digits compared with them
FAR = 40.0  # squared distance at which an image resembles no training digit
THREE = 30  # a test digit that shows what 30 numbers lose
LEVELS = 8  # grey levels of a digit in a picture


@dataclass(frozen=True)
class PlainConfig:
    """A plain autoencoder with the layers of the VAE beside it."""

    latent_dim: int

    def build(self) -> Autoencoder:
        """A new model with random weights."""
        k = self.latent_dim
        return Autoencoder(k, mlp(PIXELS, 512, 256, k), mlp(k, 256, 512, PIXELS))


def main() -> None:
    """Draw both pictures."""
    torch.set_num_threads(1)  # the same weights on every run
    data = load_dataset("mnist")
    train = torch.from_numpy(data.train_images / 255).float().flatten(1)  # (60000, 784)
    test = torch.from_numpy(data.test_images / 255).float().flatten(1)  # (10000, 784)
    labels = torch.from_numpy(data.train_labels).long()

    write("encoder-decoder.svg", encoder_decoder(train.double().numpy(), test.double().numpy()))

    for k in (2, 16):
        noise = torch.randn(DRAWS, k, generator=torch.Generator().manual_seed(0))
        ae = trained(PlainConfig(k), train)
        vae = trained(MLPVAEConfig(k, encoder=(512, 256), decoder=(256, 512)), train)
        with torch.no_grad():
            codes, (mu, logvar) = ae.encode(test)[0], vae.encode(test)
            assert logvar is not None
            fitted = codes.mean(0) + noise @ torch.linalg.cholesky(torch.cov(codes.T)).T
            report(f"AE {k}, test digits", ae.decode(codes[:DRAWS]), train, labels)
            report(f"AE {k}, fitted normal", ae.decode(fitted), train, labels)
            report(f"AE {k}, N(0, I)", ae.decode(noise), train, labels)
            report(f"VAE {k}, test digits", vae.decode(mu[:DRAWS]), train, labels)
            report(f"VAE {k}, N(0, I)", vae.decode(noise), train, labels)
            if k == 2:
                torch.manual_seed(0)
                drawn = reparameterize(mu, logvar)
                for name, cloud in (("AE", codes), ("VAE", drawn)):
                    print(f"{name} cloud: mean {cloud.mean(0)}, deviation {cloud.std(0)}")
                panels = (
                    panel(codes, ae.decode(fitted), unit=10, limit=30, rings=False),
                    panel(drawn, vae.decode(noise), unit=2, limit=4, rings=True),
                )
                write("latents.svg", latents(*panels))


def trained(config: Config, train: Tensor) -> Autoencoder:
    """A model trained on all 60,000 digits."""
    with tempfile.TemporaryDirectory() as folder:
        model, _ = fit(
            config,
            train,
            Recipe(epochs=EPOCHS),
            seed=0,
            device=torch.device("cpu"),
            checkpoint=Path(folder) / "state",
            resume=False,
            on_step=lambda done, total, loss: None,
        )
    return model


def report(name: str, images: Tensor, train: Tensor, labels: Tensor) -> None:
    """Squared distance of each image to the nearest training digit, and which digits these are."""
    distance, nearest = torch.cdist(images.flatten(1), train).min(1)
    squared = distance.square()
    counts = torch.bincount(labels[nearest], minlength=10).tolist()
    far = 100 * (squared > FAR).float().mean()
    print(f"{name}: mean {squared.mean():.1f}, {far:.1f} % above {FAR:g}, digits {counts}")


def encoder_decoder(train: NDArray[np.float64], test: NDArray[np.float64]) -> str:
    """A digit, its 30 principal components, and the digit rebuilt from them."""
    mean = train.mean(axis=0)
    eigenvalues, vectors = np.linalg.eigh(np.cov(train.T))
    components = vectors.T[:-31:-1]  # (30, 784), the largest first
    z = components @ (test[THREE] - mean)  # (30,)
    x_hat = (mean + z @ components).clip(0, 1)
    lengths = 7 * z / np.sqrt(eigenvalues[:-31:-1])  # px for each standard deviation: 7
    bars = "".join(
        f"M180 {13 + 3 * j}h{length:.1f}v2h{-length:.1f}z" for j, length in enumerate(lengths)
    )
    words = "".join(
        f'<text x="{x}" y="124">{word}</text>'
        for x, word in [(48, "input"), (127, "encoder"), (180, "code")]
        + [(233, "decoder"), (312, "output")]
    )
    sizes = "".join(
        f'<text x="{x}" y="144" fill="var(--ink-2)">{numbers} numbers</text>'
        for x, numbers in [(48, PIXELS), (180, 30), (312, PIXELS)]
    )
    return f"""<svg viewBox="0 0 360 150" width="520" height="217">
<title>Encoder, bottleneck, decoder</title>
<desc>A handwritten three; a shape that narrows, the encoder; 30 bars, the code; a shape that widens, the decoder; a blurred three.</desc>
<path d="M2 12h92v92h-92zM266 12h92v92h-92z" fill="none" stroke="var(--rule-strong)"/>
{digit(test[THREE], 2, 12, 92)}
{digit(x_hat, 266, 12, 92)}
<path d="M102 12l50 30v32l-50 30zM258 12l-50 30v32l50 30z" fill="var(--accent-soft)" stroke="var(--accent)"/>
<path d="{bars}" fill="var(--data-2)"/>
<path d="M180 12v92" stroke="var(--muted)"/>
<g font-size="14" text-anchor="middle">{words}{sizes}</g>
</svg>
"""


def panel(cloud: Tensor, images: Tensor, *, unit: float, limit: float, rings: bool) -> str:
    """The codes of 700 test digits on axes that reach to `limit`, and six decoded draws below."""
    scale = 84 / limit
    inside = cloud[(cloud.abs() < limit).all(1)][:700]
    dots = "".join(f"M{84 + scale * x:.0f} {84 - scale * y:.0f}h0" for x, y in inside.tolist())
    circles = "".join(f'<circle cx="84" cy="84" r="{scale * s}"/>' for s in (1, 2) if rings)
    ticks = "".join(
        f'<text x="{84 + scale * t:.0f}" y="184">{t:g}</text>'.replace("-", "−", 1)
        for t in (-unit, 0, unit)
    )
    below = "".join(digit(image.numpy(), 28 * i, 196, 28) for i, image in enumerate(images[:6]))
    return (
        '<path d="M0 0h168v168h-168z" fill="none" stroke="var(--rule-strong)"/>'
        f'<path d="{dots}" fill="none" stroke="var(--data-1)" stroke-width="2"'
        ' stroke-linecap="round"/>'
        f'<g fill="none" stroke="var(--data-2)" stroke-width="1.5">{circles}</g>'
        f'<g font-size="13" text-anchor="middle" fill="var(--ink-2)">{ticks}</g>{below}'
    )


def latents(ae: str, vae: str) -> str:
    """Two panels side by side, named."""
    return f"""<svg viewBox="0 0 360 250" width="600" height="417">
<title>Two latent planes</title>
<desc>Left, the codes of a plain autoencoder: dense knots with empty wedges between them, far from the origin. Right, those of a VAE: one cloud around the origin, about as wide as the prior. Below each, six decoded draws.</desc>
<g font-size="14" text-anchor="middle"><text x="84" y="14">autoencoder</text><text x="276" y="14">VAE</text></g>
<g transform="translate(0 22)">{ae}</g>
<g transform="translate(192 22)">{vae}</g>
</svg>
"""


def digit(image: NDArray[np.float64], x: float, y: float, side: float) -> str:
    """A digit as runs of equal grey, one path for each of a few levels of opacity."""
    levels = np.rint(LEVELS * image.reshape(28, 28)).astype(int)
    paths = []
    for level in range(1, LEVELS + 1):
        runs = []
        for row, line in enumerate(levels == level):
            edges = np.flatnonzero(np.diff(line.astype(int), prepend=0, append=0))
            runs += [
                f"M{start} {row}h{stop - start}v1h{start - stop}z"
                for start, stop in edges.reshape(-1, 2)
            ]
        if runs:
            paths.append(f'<path d="{"".join(runs)}" fill-opacity="{level / LEVELS:g}"/>')
    place = f"translate({x:g} {y:g}) scale({side / 28:.4g})"
    return f'<g transform="{place}" shape-rendering="crispEdges">{"".join(paths)}</g>'


def write(name: str, svg: str) -> None:
    """Write a picture next to this file."""
    (FOLDER / name).write_text(svg, encoding="utf-8")
    print(f"{name}: {len(svg) / 1000:.1f} kB")


if __name__ == "__main__":
    main()
