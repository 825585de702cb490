"""Draws the book's computed pictures and prints the numbers that the text quotes from them.

    python -m content.autoencoders.images.draw

Plain autoencoders and VAEs with 2 and with 16 latents are trained on MNIST, and a classifier that
judges what they draw, which takes about ten minutes on one core. Densities are fitted to codes of
training digits that the judge does not compare with. Colours are CSS variables, so the pictures
follow the theme of the page.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.mixture import GaussianMixture
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from latentbook.models.autoencoder import PIXELS, Autoencoder, Config
from latentbook.models.mlp import MLPVAEConfig, mlp
from training.data import load_dataset
from training.fit import fit
from training.losses import reparameterize
from training.recipe import Recipe

FOLDER = Path(__file__).parent
EPOCHS = 20
DRAWS = 1000  # codes drawn, and test digits compared with them
SURE = 0.9  # probability of one class from which the classifier counts as sure
REFERENCES = 100  # training digits of each class that draws may cover
FITTED = 15_000  # training digits to whose codes a density is fitted
COMPONENTS = 40  # normal distributions in a mixture
SEEDS = (0, 1, 2)  # of the plain autoencoder with 2 latents
NEIGHBOURS = 5  # a digit is covered by a draw that is nearer than its fifth neighbour
SHOWN = {"AE": 30.0, "VAE": 4.0}  # how far the planes in the picture reach
WORDS = (  # in the colours of what they name
    (48, "input", "ink"),
    (127, "encoder", "accent"),
    (180, "code", "data-2-text"),
    (233, "decoder", "accent"),
    (312, "output", "ink"),
)
THREE = 30  # a test digit that shows what 30 numbers lose


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
    train = torch.tensor(data.train_images / 255).flatten(1)  # (60000, 784)
    test = torch.tensor(data.test_images / 255).flatten(1)  # (10000, 784)
    labels = torch.tensor(data.train_labels).long()
    judge = Judge(train.float(), labels)
    order = torch.randperm(len(test), generator=torch.Generator().manual_seed(0))
    test = test[order]  # the file has its writers in blocks
    judge.report("real test digits", test[:DRAWS].float())
    judge.report("a blank page", torch.zeros(DRAWS, PIXELS))
    judge.report("the mean training digit", train.mean(0).float().expand(DRAWS, -1))
    write("encoder-decoder.svg", encoder_decoder(train.numpy(), data.test_images[THREE] / 255))

    train, test = train.float(), test.float()
    unseen = torch.ones(len(train), dtype=torch.bool)
    unseen[judge.compared] = False
    shown = train[unseen.nonzero()[:, 0][torch.randperm(int(unseen.sum()))[:FITTED]]]
    clouds: dict[str, Tensor] = {}
    draws: dict[str, Tensor] = {}
    for k in (16, 2):
        noise = torch.randn(DRAWS, k, generator=torch.Generator().manual_seed(0))
        ae = trained(PlainConfig(k), train)
        vae = trained(MLPVAEConfig(k, encoder=(512, 256), decoder=(256, 512)), train)
        with torch.no_grad():
            codes, (mu, logvar) = ae.encode(test)[0], vae.encode(test)
            assert logvar is not None
            torch.manual_seed(0)
            clouds = {"AE": codes, "VAE": reparameterize(mu, logvar)}
            of_shown, of_shown_vae = ae.encode(shown)[0], reparameterize(*vae.encode(shown))
            spread = torch.linalg.cholesky(torch.cov(of_shown.T))
            draws |= {f"AE {k}": ae.decode(noise), f"VAE {k}": vae.decode(noise)}
            judge.report(f"AE {k}, test digits", ae.decode(codes[:DRAWS]))
            judge.report(f"AE {k}, fitted normal", ae.decode(of_shown.mean(0) + noise @ spread.T))
            judge.report(f"AE {k}, mixture", ae.decode(from_mixture(of_shown)))
            judge.report(f"VAE {k}, test digits", vae.decode(mu[:DRAWS]))
            judge.report(f"VAE {k}, mixture", vae.decode(from_mixture(of_shown_vae)))
            for name in (f"AE {k}", f"VAE {k}"):
                judge.report(f"{name}, N(0, I)", draws[name])
    for seed in SEEDS[1:]:
        other = trained(PlainConfig(2), train, seed)
        with torch.no_grad():
            judge.report(f"AE 2 from seed {seed}, N(0, I)", other.decode(noise))
    for name, cloud in clouds.items():
        outside = 100 * (cloud.abs() >= SHOWN[name]).any(1).float().mean()
        print(
            f"{name} cloud: {outside:.1f} % beyond the picture, "
            f"mean {cloud.mean(0)}, standard deviation {cloud.std(0)}"
        )
    write("latents.svg", latents(clouds, draws))


def from_mixture(codes: Tensor) -> Tensor:
    """Draws from a mixture of normal distributions that is fitted to codes."""
    mixture = GaussianMixture(COMPONENTS, random_state=0).fit(codes.double().numpy())
    return torch.tensor(mixture.sample(DRAWS)[0]).float()


def trained(config: Config, train: Tensor, seed: int = 0) -> Autoencoder:
    """A model trained on all 60,000 digits."""
    with tempfile.TemporaryDirectory() as folder:
        model, _ = fit(
            config,
            train,
            Recipe(epochs=EPOCHS),
            seed=seed,
            device=torch.device("cpu"),
            checkpoint=Path(folder) / "state",
            resume=False,
            on_step=lambda done, total, loss: None,
        )
    return model


class Judge:
    """A classifier of digits: is it sure of a drawn image, and which real digits do draws cover?

    Coverage is that of Naeem et al. 2020: the share of reference digits that have a draw nearer
    than their own k-th neighbour among the references, in the classifier's last hidden layer.
    """

    def __init__(self, train: Tensor, labels: Tensor) -> None:
        torch.manual_seed(0)
        self.features = nn.Sequential(
            nn.Unflatten(1, (1, 28, 28)),
            nn.Conv2d(1, 16, 5, stride=2, padding=2),
            nn.SiLU(),
            nn.Conv2d(16, 32, 5, stride=2, padding=2),
            nn.SiLU(),
            nn.Flatten(),
            nn.Linear(32 * 7 * 7, 64),
            nn.SiLU(),
        )
        self.classes = nn.Linear(64, 10)
        self.fit(train, labels)
        mixed = torch.randperm(len(labels))
        balanced = [mixed[labels[mixed] == digit][:REFERENCES] for digit in range(10)]
        self.compared = torch.cat(balanced)  # places among the training digits, at random
        with torch.no_grad():
            self.references = self.features(train[self.compared])  # (1000, 64)
            apart = torch.cdist(self.references, self.references)
            self.radius = apart.kthvalue(NEIGHBOURS + 1, dim=1).values  # the first is itself

    def fit(self, train: Tensor, labels: Tensor, epochs: int = 4) -> None:
        """Train with Adam, the rate falling to zero in steps."""
        parameters = [*self.features.parameters(), *self.classes.parameters()]
        optimizer = torch.optim.Adam(parameters)
        for epoch in range(epochs):
            optimizer.param_groups[0]["lr"] = 2e-3 * (1 - epoch / epochs)
            for batch in torch.randperm(len(train)).split(128):
                loss = cross_entropy(self.classes(self.features(train[batch])), labels[batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()

    @torch.no_grad()
    def report(self, name: str, images: Tensor) -> None:
        """Print of how many images it is sure, what it takes them for, and what they cover."""
        features = self.features(images.flatten(1))
        top, digit = self.classes(features).softmax(1).max(1)
        sure = 100 * (top > SURE).float().mean()
        nearest = torch.cdist(self.references, features).min(1).values
        covered = 100 * (nearest <= self.radius).float().mean()
        counts = torch.bincount(digit, minlength=10).tolist()
        print(f"{name}: sure of {sure:.1f} %, {covered:.1f} % covered, read as {counts}")


def encoder_decoder(train: NDArray[np.float64], three: NDArray[np.float64]) -> str:
    """A digit, its 30 principal components, and the digit rebuilt from them."""
    mean, three = train.mean(axis=0), three.ravel()
    eigenvalues, vectors = np.linalg.eigh(np.cov(train.T))
    components = vectors.T[:-31:-1]  # (30, 784), the largest first
    z = components @ (three - mean)  # (30,)
    x_hat = (mean + z @ components).clip(0, 1)
    lengths = 7 * z / np.sqrt(eigenvalues[:-31:-1])  # px for each standard deviation: 7
    bars = "".join(
        f"M180 {13 + 3 * j}h{length:.1f}v2h{-length:.1f}z" for j, length in enumerate(lengths)
    )
    words = "".join(
        f'<text x="{x}" y="124" fill="var(--{colour})">{word}</text>' for x, word, colour in WORDS
    )
    sizes = "".join(
        f'<text x="{x}" y="144" fill="var(--ink-2)">{numbers} numbers</text>'
        for x, numbers in [(48, PIXELS), (180, 30), (312, PIXELS)]
    )
    return f"""<svg viewBox="0 0 360 150" width="470" height="196">
<title>Encoder, bottleneck, decoder</title>
<desc>A handwritten three; a shape that narrows, the encoder; 30 bars, the code;
a shape that widens, the decoder; a blurred three.</desc>
<path d="M2 12h92v92h-92zM266 12h92v92h-92z" fill="none" stroke="var(--rule-strong)"/>
{digit(three, 2, 12, 92, 8)}
{digit(x_hat, 266, 12, 92, 8)}
<g fill="var(--accent-soft)" stroke="var(--accent)">
<path d="M102 12l50 30v32l-50 30zM258 12l-50 30v32l50 30z"/>
</g>
<path d="{bars}" fill="var(--data-2)"/>
<path d="M180 12v92" stroke="var(--muted)"/>
<g font-size="14" text-anchor="middle">{words}{sizes}</g>
</svg>
"""


def latents(clouds: dict[str, Tensor], draws: dict[str, Tensor]) -> str:
    """Two planes side by side, and what a draw from the prior decodes to."""
    columns = "".join(
        f'<g transform="translate({x} 0)">{title}{plane}'
        f"{row(draws[f'{name} 2'], 236)}{row(draws[f'{name} 16'], 296)}</g>"
        for x, name, title, plane in [
            (0, "AE", heading("autoencoder"), panel(clouds["AE"], unit=10, limit=SHOWN["AE"])),
            (192, "VAE", heading("VAE"), panel(clouds["VAE"], unit=2, limit=SHOWN["VAE"])),
        ]
    )
    return f"""<svg viewBox="-1 0 362 334" width="470" height="436">
<title>Two latent planes</title>
<desc>Left, the codes of a plain autoencoder lie in streaks far from the origin; the prior is
a tiny ring among them. Right, the codes of a VAE cover the prior. Below, decoded draws.</desc>
<g>{columns}</g>
<g font-size="14" text-anchor="middle">
<text x="180" y="228">draws from the prior, 2 latents</text>
<text x="180" y="289">draws from the prior, 16 latents</text>
</g>
</svg>
"""


def heading(text: str) -> str:
    """The name of a column."""
    return f'<text x="84" y="14" font-size="14" text-anchor="middle">{text}</text>'


def panel(cloud: Tensor, *, unit: float, limit: float) -> str:
    """Codes of 500 test digits on axes that reach to `limit`, and the prior's two-sigma ring."""
    scale = 84 / limit
    inside = cloud[(cloud.abs() < limit).all(1)][:500]
    dots = "".join(f"M{84 + scale * x:.0f} {84 - scale * y:.0f}h0" for x, y in inside.tolist())
    ticks = "".join(
        f'<text x="{84 + scale * t:.0f}" y="184">{sign}{unit:g}</text>'
        for t, sign in ((-unit, "\N{MINUS SIGN}"), (unit, ""))
    )
    return (
        '<g transform="translate(0 22)">'
        '<path d="M0 0h168v168h-168z" fill="none" stroke="var(--rule-strong)"/>'
        f'<path d="{dots}" fill="none" stroke="var(--data-1)" stroke-width="2"'
        ' stroke-linecap="round"/>'
        f'<circle cx="84" cy="84" r="{2 * scale:g}" fill="none" stroke="var(--data-2)"'
        ' stroke-width="2"/>'
        '<g font-size="14" text-anchor="middle" fill="var(--ink-2)">'
        f'{ticks}<text x="84" y="184">0</text></g></g>'
    )


def row(images: Tensor, y: float) -> str:
    """The first five images side by side."""
    places = (digit(image.numpy(), 34 * i, y, 32, 4) for i, image in enumerate(images[:5]))
    return "".join(places)


def digit(image: NDArray[np.float64], x: float, y: float, side: float, greys: int) -> str:
    """A digit as runs of equal grey, one path for each of a few degrees of opacity."""
    levels = np.rint(greys * image.reshape(28, 28)).astype(int)
    paths = []
    for level in range(1, greys + 1):
        runs = []
        for row, line in enumerate(levels == level):
            edges = np.flatnonzero(np.diff(line.astype(int), prepend=0, append=0))
            runs += [
                f"M{start} {row}h{stop - start}v1h{start - stop}z"
                for start, stop in edges.reshape(-1, 2)
            ]
        if runs:
            paths.append(f'<path d="{"".join(runs)}" fill-opacity="{level / greys:g}"/>')
    place = f"translate({x:g} {y:g}) scale({side / 28:.4g})"
    return f'<g transform="{place}" shape-rendering="crispEdges">{"".join(paths)}</g>'


def write(name: str, svg: str) -> None:
    """Write a picture next to this file."""
    (FOLDER / name).write_text(svg, encoding="utf-8")
    print(f"{name}: {len(svg) / 1000:.1f} kB")


if __name__ == "__main__":
    main()
