"""Draws the chapter's computed pictures.

    python -m content.convolutional.images.draw

An autoencoder with a spatial code and one with a flat code are trained as by `latentbook train
spatial_codes`, which takes about two minutes on one core. Greys are CSS variables, so they follow
the theme of the page; colours do not.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from content.drawing import coloured, digit, write
from latentbook_decoders.models import registry
from training.data import load_dataset, to_unit
from training.data.faces import load_faces
from training.exports.conv_and_dense import trained
from training.exports.face_encoder import felt_kernels
from training.exports.spatial_codes import fitted_draws, flat, spatial

FOLDER = Path(__file__).parent
CLOTHES = (1000, 8000, 9000)  # trousers, a bag, a boot
SHOWN = 16  # kernels
KERNELS = (7, 8, 9, 12)  # those whose maps are drawn
FACES = 400


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
    first = next(m for m in registry.load("conv_vae_faces").encoder if isinstance(m, nn.Conv2d))
    write(FOLDER, "kernels.svg", kernels_picture(first, to_unit(load_faces().test_images[:FACES])))


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


@torch.no_grad()
def kernels_picture(layer: nn.Conv2d, faces: Tensor) -> str:
    """Kernels of a first layer as they are and as faces can feel them, and maps of one face."""
    image = faces[:1].view(1, 3, 64, 64)
    felt = felt_kernels(layer.weight, faces)
    squares = "".join(
        coloured(stretched(each[k]).permute(1, 2, 0).numpy(), 2 + 23 * k, 2 + 25 * row, 20)
        for row, each in enumerate((layer.weight, felt))
        for k in range(SHOWN)
    )
    maps = layer(image).relu()[0]
    pictures = "".join(
        coloured(each.permute(1, 2, 0).numpy(), 2 + 74 * i, 56, 70, levels=8)
        for i, each in enumerate([image[0], *(stretched(maps[[k] * 3]) for k in KERNELS)])
    )
    return f"""<svg viewBox="0 0 370 128" width="640" height="221">
<title>Kernels of a first layer</title>
<desc>Sixteen kernels, the part of each that faces can feel, a face, and four maps of it.</desc>
{squares}
{pictures}
</svg>
"""


def stretched(values: Tensor) -> Tensor:
    """Values from the least to the largest, as 0 to 1."""
    return (values - values.min()) / (values.max() - values.min())


if __name__ == "__main__":
    main()
