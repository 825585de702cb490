"""Draws the chapter's computed picture.

    python -m content.convolutional.images.draw

An autoencoder with a spatial code and one with a flat code are trained as by `latentbook train
spatial_codes`, which takes about two minutes on one core. Colours are CSS variables, so the
picture follows the theme of the page.
"""

from pathlib import Path

import torch
from torch import Tensor

from content.drawing import digit, write
from training.data import load_dataset, to_unit
from training.exports.conv_and_dense import trained
from training.exports.spatial_codes import fitted_draws, flat, spatial

FOLDER = Path(__file__).parent
CLOTHES = (1000, 8000, 9000)  # trousers, a bag, a boot


def main() -> None:
    """Train both and draw what they make of digits and clothes."""
    torch.set_num_threads(1)  # the same weights on every run
    dataset = load_dataset("mnist")
    train, test = to_unit(dataset.train_images), to_unit(dataset.test_images)
    shown = to_unit(load_dataset("fashion_mnist").test_images)[list(CLOTHES)]
    pictures = {}
    for name, build in (("spatial", spatial), ("flat", flat)):
        torch.manual_seed(0)
        model = trained(build(), train, on_step=lambda *_: None).requires_grad_(False)
        rebuilt = [model.decode(model.encode(x)[0]) for x in (test[:3], shown)]
        drawn = fitted_draws(model, train, 0)
        pictures[name] = [*rebuilt, drawn[:3]]
    write(FOLDER, "spatial-codes.svg", codes_picture([test[:3], shown], pictures))


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


if __name__ == "__main__":
    main()
