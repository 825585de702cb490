"""Encoders of colour emoji, trained on pairs of views by six choices of augmentation.

All have the same layers, loss and number of batches, and all views are shifted. A code should
forget the changes that its choice adds to the views. That is measured on emoji that no training has
seen, by all artists, and compared with the untrained encoder, pixels and a colour histogram.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import affine_grid, grid_sample
from torch.nn.utils.fusion import fuse_conv_bn_eval

from latentbook_decoders.models.cards import Card
from training.cards import made_on
from training.data.emoji import ARTISTS, SIDE, EmojiSet, load_emoji
from training.distillation import StudentRecipe, fit_student
from training.exports.export import Job, in_bytes, write_export
from training.exports.two_views import TEMPERATURE, nt_xent
from widgets.kit.colour_views import (
    ADDED,
    BRIGHTNESS,
    EMOJI,
    LEAST_ERASED,
    LEAST_KEPT,
    MOST_ERASED,
    SATURATION,
    STEP,
    Encoder,
    crop,
    encode_emoji,
    erase,
    hue_turn,
    mirror,
    shift,
    turn_hue,
)
from widgets.kit.metrics import squared_distances
from widgets.kit.probe import regress

CHANNELS = (16, 32, 32)  # of the three convolutions
FEATURES, PROJECTED = 64, 32  # numbers of the code, and those that the loss sees
RECIPE = StudentRecipe(
    widths=(*CHANNELS, FEATURES, PROJECTED), steps=300, batch_size=128, learning_rate=4e-3
)
SEEDS = 3
HELD = 0.2  # share of the emoji that no training sees
ARTIST = "noto"  # of the pictures shown, and of those searched for other artists' drawings
RIDGES = (1e-4, 1e-3, 1e-2, 1e-1)
HUES = 6  # classes of the probe of hue
BINS = 4  # of each colour in the histogram
COLOURED = 0.04  # least chroma of a picture whose hue is asked for
MIRRORED = 0.03  # least mean squared change of a picture whose direction is asked for


def view(x: Tensor, added: tuple[str, ...]) -> Tensor:
    """One view of each picture.

    Parameters
    ----------
    x : Tensor of shape (n, 3, 32, 32), in [0, 1], on white
    added : of "crop", "flip", "jitter", "erase"; a shift of up to 4 px is always added
    """
    n = len(x)

    def within(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(n)

    scale = within(LEAST_KEPT, 1) if "crop" in added else torch.ones(n)  # side of the crop
    middle = (1 - scale)[:, None] * (2 * torch.rand(n, 2) - 1)  # its place, in [-1, 1]
    side = torch.where(torch.rand(n) < 0.5, -1.0, 1.0) if "flip" in added else torch.ones(n)
    moved = torch.randint(-STEP, STEP + 1, (n, 2)) * (2 / SIDE)
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0], theta[:, 1, 1] = scale * side, scale
    theta[:, :, 2] = middle + scale[:, None] * moved
    places = affine_grid(theta, list(x.shape), align_corners=False)
    out = 1 - grid_sample(1 - x, places, align_corners=False)  # white around it
    if "jitter" in added:
        hue = torch.from_numpy(hue_turn(360 * torch.rand(n).numpy())).float()
        out = torch.einsum("nij,njhw->nihw", hue, out)
        grey = out.mean(1, keepdim=True)
        out = grey + within(*SATURATION)[:, None, None, None] * (out - grey)
        out = (out * within(*BRIGHTNESS)[:, None, None, None]).clamp(0, 1)
    if "erase" in added:
        size, at = within(LEAST_ERASED, MOST_ERASED)[:, None], SIDE * torch.rand(n, 2)
        off = (torch.arange(SIDE) + 0.5)[:, None, None] - at  # (32, n, 2)
        row, column = (off.abs() < size / 2).unbind(2)
        out = out.masked_fill((row.T[:, :, None] & column.T[:, None, :])[:, None], 1.0)
    return out


def network() -> nn.Sequential:
    """32 x 32 x 3, three convolutions of stride 2 to 4 x 4 x 32, 64 numbers, the code, then 32."""
    blocks: list[nn.Module] = []
    for inputs, outputs in zip((3, *CHANNELS), CHANNELS, strict=False):
        blocks += [nn.Conv2d(inputs, outputs, 3, 2, 1, bias=False), nn.BatchNorm2d(outputs)]
        blocks += [nn.ReLU()]
    flat = CHANNELS[-1] * (SIDE // 8) ** 2
    code = [nn.Flatten(), nn.Linear(flat, FEATURES), nn.ReLU()]
    return nn.Sequential(*blocks, *code, nn.Linear(FEATURES, PROJECTED))


def trained(
    added: tuple[str, ...], x: Tensor, seed: int, recipe: StudentRecipe, job: Job
) -> nn.Module:
    """An encoder trained on two views of each of these pictures, (n, 3, 32, 32)."""
    torch.manual_seed(seed)
    model = network()
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def loss_of(batch: Tensor) -> Tensor:
        views = torch.cat([view(x[batch], added), view(x[batch], added)])
        return nt_xent(*model(views).chunk(2))

    fit_student(model, len(x), loss_of, recipe, job.on_step)
    model.eval()
    return model


def untrained(x: Tensor) -> nn.Sequential:
    """An untrained network whose batch norm has seen the statistics of pictures."""
    torch.manual_seed(0)
    model = network()
    with torch.no_grad():
        for _ in range(50):
            model(x[torch.randint(len(x), (256,))])
    model.eval()
    return model


def to_weights(model: nn.Module) -> dict[str, NDArray[Any]]:
    """Weights as the page uses them: batch norm merged into the convolutions, in 8 bits.

    Returns
    -------
    dict
        `w0`, `w1`, `w2`, int8 of shape (3, 3, in, out), `w3`, (512, 64), `w4`, (64, 32), each with
        a step per output, `s0` and so on, float32 of shape (out,), and a bias `b0` and so on.
    """
    parts: list[Any] = list(model.children())
    merged = [fuse_conv_bn_eval(parts[3 * k], parts[3 * k + 1]) for k in range(len(CHANNELS))]
    layers = [*merged, parts[-3], parts[-1]]
    weights = [layer.weight.detach() for layer in layers]
    flat = weights[3].unflatten(1, (CHANNELS[-1], SIDE // 8, SIDE // 8))
    kernels = [*(w.permute(2, 3, 1, 0) for w in weights[:3])]
    kernels += [flat.permute(2, 3, 1, 0).flatten(0, 2), weights[4].T]
    arrays: dict[str, NDArray[Any]] = {}
    for k, (kernel, layer) in enumerate(zip(kernels, layers, strict=True)):
        arrays[f"w{k}"], arrays[f"s{k}"] = in_bytes(kernel.numpy())
        arrays[f"b{k}"] = layer.bias.detach().numpy().astype(np.float32)
    return arrays


def histogram(x: NDArray[Any]) -> NDArray[np.float64]:
    """Shares of 4 x 4 x 4 colours in pictures (n, 32, 32, 3): (n, 64)."""
    levels = np.minimum((x * BINS).astype(int), BINS - 1)
    place = levels @ np.array([BINS**2, BINS, 1])
    counts = np.stack([np.bincount(p.ravel(), minlength=BINS**3) for p in place])
    shares: NDArray[np.float64] = counts / SIDE**2
    return shares


def both(x: NDArray[Any], weights: Encoder) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Codes of many pictures, (n, 64), and the vectors that the loss sees, (n, 32)."""
    parts = [encode_emoji(part, weights) for part in np.array_split(x, max(1, len(x) // 200))]
    code, seen = (np.concatenate(each) for each in zip(*parts, strict=True))
    return code, seen


def part_of(weights: Encoder, part: int, x: NDArray[Any]) -> NDArray[np.float64]:
    """The codes of pictures (n, 32, 32, 3) if `part` is 0; the vectors of the loss if it is 1."""
    return both(x, weights)[part]


def apart(h: NDArray[Any], of: NDArray[Any]) -> float:
    """Mean distance between the codes (n, k) of pictures of two different emoji."""
    other = np.random.default_rng(0).permutation(len(h))
    gap = np.linalg.norm(h - h[other], axis=1)
    return float(gap[of != of[other]].mean())


COPIES: dict[str, tuple[Callable[[NDArray[Any]], NDArray[np.float64]], ...]] = {
    "hue": (partial(turn_hue, degrees=120), partial(turn_hue, degrees=240)),
    "flip": (mirror,),
    "crop": (crop,),
    "erase": (erase,),
    "shift": (partial(shift, right=STEP), partial(shift, right=-STEP)),
}
"""The changes that are measured, in each of their directions."""


def asked(x: NDArray[Any], change: str) -> NDArray[np.bool_]:
    """Mask of pictures (n, 32, 32, 3) that a change is tested on: coloured ones, lopsided ones."""
    if change == "hue":
        coloured: NDArray[np.bool_] = x.std(axis=3).mean(axis=(1, 2)) > COLOURED
        return coloured
    if change == "flip":
        lopsided: NDArray[np.bool_] = np.mean((mirror(x) - x) ** 2, axis=(1, 2, 3)) > MIRRORED
        return lopsided
    return np.full(len(x), True)


def nearer(h: NDArray[Any], copy: NDArray[Any], fresh: NDArray[Any]) -> float:
    """Share of fresh views whose code is nearer to the picture's than to its changed copy's."""
    away = [np.linalg.norm(fresh - each, axis=1) for each in (h, copy)]
    return float(np.mean(away[0] < away[1]))


def hue_of(x: NDArray[Any]) -> NDArray[np.int64]:
    """Which of six hues the summed colours of pictures (n, 32, 32, 3) have."""
    red, green, blue = x.sum(axis=(1, 2)).T
    angle = np.arctan2(np.sqrt(3) * (green - blue), 2 * red - green - blue)
    sixth: NDArray[np.int64] = np.round(angle / (2 * np.pi / HUES)).astype(int) % HUES
    return sixth


def read(h: NDArray[Any], of: NDArray[Any], test: NDArray[Any], test_of: NDArray[Any]) -> float:
    """Share of the test codes whose class a linear probe gets right; a fifth chooses its ridge.

    Of codes larger than ours, such as pixels, it reads as many principal components as ours has.
    """
    if h.shape[1] > FEATURES:
        torch.manual_seed(0)
        centre = h.mean(0)
        axes = torch.pca_lowrank(torch.from_numpy(h - centre), FEATURES, niter=4)[2].numpy()
        h, test = (h - centre) @ axes, (test - centre) @ axes
    mean, std = h.mean(0), h.std(0) + 1e-6
    h, test = (h - mean) / std, (test - mean) / std
    wanted, fifth = np.eye(of.max() + 1)[of], np.arange(len(h)) % 5 == 0

    def right(ridge: float, on: NDArray[Any], codes: NDArray[Any], answers: NDArray[Any]) -> float:
        matrix, intercept = regress(h[on], wanted[on], ridge)
        return float(np.mean((codes @ matrix + intercept).argmax(1) == answers))

    best = max(RIDGES, key=lambda ridge: right(ridge, ~fifth, h[fifth], of[fifth]))
    return right(best, np.full(len(h), True), test, test_of)


@dataclass(frozen=True)
class Measured:
    """The pictures by which codes are measured.

    Attributes
    ----------
    x, of : held-out pictures, ndarray of shape (n, 32, 32, 3), in [0, 1], and their emoji, (n,)
    by : the artist of each, (n,)
    train : pictures of the training, (m, 32, 32, 3)
    groups, train_groups : Unicode's groups of the emoji, (n,) and (m,)
    """

    x: NDArray[np.float64]
    of: NDArray[np.int64]
    by: NDArray[np.str_]
    train: NDArray[np.float64]
    groups: NDArray[np.int64]
    train_groups: NDArray[np.int64]

    def card(self, codes_of: Callable[[NDArray[Any]], NDArray[np.float64]]) -> Card:
        """Measures of what a code preserves and forgets; all but `moved` in percent."""
        x, h, train = self.x, codes_of(self.x), codes_of(self.train)
        unit = apart(h, self.of)
        moves = np.random.default_rng(1).integers(-STEP, STEP + 1, (len(x), 2))
        fresh = codes_of(np.stack([shift(p[None], *by)[0] for p, by in zip(x, moves, strict=True)]))
        moved, told = {}, {}
        for change, ways in COPIES.items():
            on = asked(x, change)
            copies = [codes_of(way(x[on])) for way in ways]
            moved[change] = np.mean([np.linalg.norm(h[on] - c, axis=1) for c in copies]) / unit
            if change != "shift":  # the fresh view is shifted itself
                told[change] = 100 * np.mean([nearer(h[on], c, fresh[on]) for c in copies])
        on, train_on = asked(x, "hue"), asked(self.train, "hue")
        hues, train_hues = hue_of(x[on]), hue_of(self.train[train_on])
        first = self.by == ARTIST
        nearest = squared_distances(h[~first], h[first]).argmin(axis=1)
        right = {
            "hue": read(train[train_on], train_hues, h[on], hues),
            "group": read(train, self.train_groups, h, self.groups),
            "same": np.mean(self.of[first][nearest] == self.of[~first]),
        }
        percent = {key: 100 * share for key, share in right.items()}
        return rounded_card({"moved": moved, "told_apart": told, "read": percent})

    def chance(self) -> Card:
        """Shares of the most frequent hue and group, in percent; number of pictures searched."""
        hues = np.bincount(hue_of(self.x[asked(self.x, "hue")]))
        groups = np.bincount(self.groups)
        most = {"hue": 100 * hues.max() / hues.sum(), "group": 100 * groups.max() / groups.sum()}
        return rounded_card({**most, "pictures": np.sum(self.by == ARTIST)})


def rounded_card(card: Card) -> Card:
    return {
        key: rounded_card(value) if isinstance(value, dict) else round(float(value), 4)
        for key, value in card.items()
    }


def split(data: EmojiSet) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Mask of the emoji that no training sees, (n,), and places of those that are shown.

    Emoji of a named skin tone are left out of both, since they would be most of the set.
    """
    names = [each.texts["en"][0] for each in data.emoji]
    shown = np.array([names.index(name) for name in EMOJI])
    held = np.random.default_rng(0).random(len(names)) < HELD
    held[shown] = True
    return held, shown


def pictures_of(data: EmojiSet, chosen: NDArray[np.bool_]) -> tuple[NDArray[np.int64], ...]:
    """Rows of the pictures of chosen emoji by all artists, and the emoji that each shows."""
    pairs = [
        (row, k)
        for k, each in enumerate(data.emoji)
        if chosen[k] and not each.toned
        for row in each.pictures.values()
    ]
    rows, of = np.array(pairs).T
    return rows, of


def measured_on(data: EmojiSet, held: NDArray[np.bool_]) -> Measured:
    """The pictures of a split."""
    groups = np.array([each.group + 1 for each in data.emoji])
    (train, train_of), (rows, of) = (pictures_of(data, chosen) for chosen in (~held, held))
    artists = np.full(len(data.pictures), "", dtype="<U20")
    for each in data.emoji:
        for artist, row in each.pictures.items():
            artists[row] = artist
    x, seen = (data.pictures[each].astype(float) / 255 for each in (rows, train))
    return Measured(x, of, artists[rows], seen, groups[of], groups[train_of])


def make_colour_views(job: Job) -> Card:
    """Train an encoder by each choice, from several seeds; save the first one's weights."""
    torch.set_num_threads(1)  # as fast for small networks, and reproducible
    data = load_emoji()
    held, shown = split(data)
    tests = measured_on(data, held)
    x = torch.from_numpy(tests.train).permute(0, 3, 1, 2).float()
    first = {"untrained": to_weights(untrained(x))}
    codes: dict[str, list[Card]] = {name: [] for name in ADDED}
    seen: dict[str, list[Card]] = {name: [] for name in ADDED}
    runs = [(seed, name) for seed in range(SEEDS) for name in ADDED]
    for run, (seed, name) in enumerate(runs):
        part = Job(job.device, job.checkpoints, job.resume, job.part(run, len(runs)))
        weights = to_weights(trained(ADDED[name], x, seed, RECIPE, part))
        first.setdefault(name, weights)
        codes[name].append(tests.card(partial(part_of, weights, 0)))
        seen[name].append(tests.card(partial(part_of, weights, 1)))
    pictures = data.pictures[[data.emoji[k].pictures[ARTIST] for k in shown]]
    arrays = {f"{name}_{key}": w for name, ws in first.items() for key, w in ws.items()}
    units = [[apart(h, tests.of) for h in both(tests.x, weights)] for weights in first.values()]
    arrays |= {
        f"{name}_apart": np.array(unit, np.float32) for name, unit in zip(first, units, strict=True)
    }
    card = {
        "title": "Emoji: contrastive encoders by augmentation",
        "data": data.origin,
        "shown": f"`pictures`, of {', '.join(EMOJI)}, by {ARTISTS[0].credit}",
        "network": {
            **asdict(RECIPE),
            "layers": "three convolutions 3 x 3 of stride 2 to 16, 32 and 32 channels, each with "
            f"batch norm and ReLU, 512 - {FEATURES}, ReLU, the code, then a linear projection to "
            f"{PROJECTED}, which the loss sees; 8 bits, a step by output",
            "views": {name: ["shift", *added] for name, added in ADDED.items()},
            "loss": f"NT-Xent at temperature {TEMPERATURE}",
        },
        "split": f"{len(set(tests.of))} emoji without a named skin tone held out, by all artists: "
        f"{len(tests.x):,} pictures; {len(tests.train):,} to train on",
        "seeds": list(range(SEEDS)),
        "kept": "the weights of seed 0; `apart`: the mean distance between two emoji, in the code "
        "and in what the loss sees",
        **made_on(torch.device("cpu")),
        "metrics": {
            "chance": tests.chance(),
            "pixels": tests.card(lambda p: p.reshape(len(p), -1)),
            "histogram": tests.card(histogram),
            "untrained": tests.card(partial(part_of, first["untrained"], 0)),
            "by_seed": codes,
            "seen_by_seed": seen,
        },
    }
    return write_export("colour_views", {**arrays, "pictures": pictures}, card)
