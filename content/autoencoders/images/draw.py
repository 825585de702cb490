"""Draws the book's computed pictures.

    python -m content.autoencoders.images.draw

A plain autoencoder and a VAE with 2 and with 16 latents are trained as by `latentbook train draws`,
which takes about five minutes on one core. Colours are CSS variables, so the pictures follow the
theme of the page.
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from content.drawing import digit, write
from latentbook_decoders.models.autoencoder import PIXELS
from training.data import load_dataset, to_unit
from training.exports.draws import (
    DRAWS,
    LATENTS,
    SHOWN,
    PlainConfig,
    codes_of,
    shuffled_digits,
    trained,
    vae_config,
)

FOLDER = Path(__file__).parent
WORDS = (  # in the colours of what they name
    (48, "input", "ink"),
    (127, "encoder", "accent"),
    (180, "code", "data-2-text"),
    (233, "decoder", "accent"),
    (312, "output", "ink"),
)
THREE = 30  # a test digit that shows what 30 numbers lose


def main() -> None:
    """Draw both pictures."""
    torch.set_num_threads(1)  # the same weights on every run
    data = load_dataset("mnist")
    pixels = data.train_images.reshape(-1, PIXELS) / 255
    write(FOLDER, "encoder-decoder.svg", encoder_decoder(pixels, data.test_images[THREE] / 255))

    train, test = to_unit(data.train_images), shuffled_digits(to_unit(data.test_images))
    draws: dict[str, Tensor] = {}
    for k in LATENTS:  # the plane is the last
        noise = torch.randn(DRAWS, k, generator=torch.Generator().manual_seed(0))
        ae, vae = (
            trained(config, train, 0, lambda *_: None) for config in (PlainConfig(k), vae_config(k))
        )
        with torch.no_grad():
            draws |= {f"plain {k}": ae.decode(noise), f"vae {k}": vae.decode(noise)}
        clouds = codes_of(ae, vae, test)
    write(FOLDER, "latents.svg", latents(clouds, draws))


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
            (0, "plain", heading("autoencoder"), panel(clouds, "plain", unit=10)),
            (192, "vae", heading("VAE"), panel(clouds, "vae", unit=2)),
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


def panel(clouds: dict[str, Tensor], name: str, *, unit: float) -> str:
    """Codes of 500 test digits, and the prior's two-sigma ring."""
    cloud, limit = clouds[name], SHOWN[name]
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


if __name__ == "__main__":
    main()
