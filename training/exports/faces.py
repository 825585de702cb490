"""The decoder of the VAE of faces for the page, and directions among its codes, judged.

A direction is the mean code of faces with a property minus the mean code of faces without it. It is
added to the codes of held-out faces that lack the property, and compared with the same arithmetic
among as many principal components and in pixels. Two judges say whether it worked: a classifier
that has only seen real faces, and the true answer, since each face can be drawn again with the
property and everything else unchanged.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from latentbook_decoders.models import registry
from latentbook_decoders.models.autoencoder import Autoencoder
from latentbook_decoders.models.cards import Card
from training.cards import made_on
from training.data import to_unit
from training.data.faces import FACTORS, PACKAGES, FaceSet, draw_faces, draw_strangers, load_faces
from training.data.faces import STRANGERS as STRANGER_STYLE
from training.distillation import StudentRecipe, fit_student
from training.exports.colour_views import read, rounded_card
from training.exports.export import Job, in_bytes, write_export
from training.fit import OnStep
from training.losses import squared_error
from widgets.kit.faces import AMOUNTS, METHODS, SHOWN, STRANGERS, decode_faces

MODEL = "conv_vae_faces"
PROBED = ("code", "pca")
JUDGED = 100  # held-out faces for each direction
LEARNED = 500  # strangers from whom their own direction is learned, and upright faces
BALD = ("mrClean", "mrT", "dougFunny")  # hair of which the picture shows next to nothing
STILL = ("smile", "glasses", "closed_eyes", "beard")  # changes judged on upright faces as well
JUDGES = ("mouth", "eyes", "glasses", "facialHair", "hairColor", "baseColor")
CHANNELS = (32, 64, 128)  # of the judge's convolutions
RECIPE = StudentRecipe(widths=(*CHANNELS, 128), steps=2000, batch_size=128, learning_rate=2e-3)


@dataclass(frozen=True)
class Change:
    """What a direction changes.

    Attributes
    ----------
    factor : of `FACTORS`
    to : the value that it adds
    without : the value that it starts from; "" is every other, if None is not one
    """

    factor: str
    to: str
    without: str | None = None

    def before(self, faces: FaceSet) -> NDArray[np.bool_]:
        """Mask of the faces without the property whose change can be seen, (n,)."""
        others = (
            ~self.after(faces) if self.without is None else faces.has(self.factor, self.without)
        )
        return others & self.seen(faces)

    def after(self, faces: FaceSet) -> NDArray[np.bool_]:
        """Mask of the faces with the property, if it can be seen, (n,)."""
        return faces.has(self.factor, self.to) & self.seen(faces)

    def seen(self, faces: FaceSet) -> NDArray[np.bool_]:
        if self.factor == "mouth":
            return ~faces.has("facialHair", "beard")
        if self.factor == "hairColor":
            bald: NDArray[np.bool_] = np.any([faces.has("hair", style) for style in BALD], axis=0)
            return ~bald
        return np.full(len(faces.images), True)


CHANGES = {
    "smile": Change("mouth", "smile", "sad"),
    "laugh": Change("mouth", "laughing", "sad"),
    "glasses": Change("glasses", "round", ""),
    "beard": Change("facialHair", "beard", ""),
    "closed_eyes": Change("eyes", "smiling", "eyes"),
    "blond": Change("hairColor", "f4d150"),
    "dark": Change("baseColor", "77311d"),
}


@torch.no_grad()
def codes_of(model: Autoencoder, x: Tensor) -> Tensor:
    """Mean codes of images (n, 12288): (n, 64)."""
    return torch.cat([model.encode(part)[0] for part in x.split(500)])


def trained_judge(x: Tensor, faces: FaceSet, seed: int, on_step: OnStep) -> nn.Sequential:
    """A classifier of six factors of real faces, whose last layer has the log-odds of all values.

    Parameters
    ----------
    x : Tensor of shape (n, 12288), the training images
    faces : with the factors of these images first
    """
    torch.manual_seed(seed)
    sizes = [len(FACTORS[name]) for name in JUDGES]
    blocks: list[nn.Module] = [nn.Unflatten(1, (3, 64, 64))]
    for inputs, outputs in zip((3, *CHANNELS), CHANNELS, strict=False):
        blocks += [nn.Conv2d(inputs, outputs, 3, 2, 1), nn.BatchNorm2d(outputs), nn.ReLU()]
    hidden = [nn.Flatten(), nn.Dropout(0.3), nn.Linear(CHANNELS[-1] * 64, 128), nn.ReLU()]
    network = nn.Sequential(*blocks, *hidden, nn.Linear(128, sum(sizes)))
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    answers = torch.from_numpy(np.stack([faces.factor(name) for name in JUDGES], 1)).long()

    def loss_of(batch: Tensor) -> Tensor:
        parts = network(x[batch]).split(sizes, 1)
        return sum(
            (cross_entropy(part, answers[batch, k]) for k, part in enumerate(parts)),
            start=torch.zeros(()),
        )

    fit_student(network, len(x), loss_of, RECIPE, on_step)
    return network.eval()


@torch.no_grad()
def answers(judge: nn.Sequential, images: Tensor) -> Tensor:
    """The place of each factor's likeliest value in images (n, 12288): (n, 6)."""
    sizes = [len(FACTORS[name]) for name in JUDGES]
    parts = torch.cat([judge(part) for part in images.split(500)]).split(sizes, 1)
    return torch.stack([part.argmax(1) for part in parts], 1)


@dataclass(frozen=True)
class Arithmetic:
    """Three ways to add a property to a picture: each encodes, adds and decodes.

    Attributes
    ----------
    encode : images (n, 12288) to points (n, k)
    decode : points to images
    """

    encode: Callable[[Tensor], Tensor]
    decode: Callable[[Tensor], Tensor]


def methods(model: Autoencoder, mean: Tensor, axes: Tensor) -> dict[str, Arithmetic]:
    """The three by name; `axes` (64, 12288) are principal components around `mean`."""

    @torch.no_grad()
    def decode(z: Tensor) -> Tensor:
        return torch.cat([torch.sigmoid(model.logits(part)) for part in z.split(500)])

    ways = (
        Arithmetic(lambda x: codes_of(model, x), decode),
        Arithmetic(lambda x: (x - mean) @ axes.T, lambda p: (p @ axes + mean).clamp(0, 1)),
        Arithmetic(lambda x: x, lambda x: x.clamp(0, 1)),
    )
    return dict(zip(METHODS, ways, strict=True))


def mean_difference(points: Tensor, change: Change, faces: FaceSet) -> Tensor:
    """The mean of the training points with a property minus that of those without, (k,)."""
    after, before = (
        torch.from_numpy(mask[: len(points)])
        for mask in (change.after(faces), change.before(faces))
    )
    return points[after].mean(0) - points[before].mean(0)


def changed(faces: FaceSet, rows: NDArray[np.int64], change: Change) -> Tensor:
    """The true answer: the same faces in the same poses, drawn with the property, (n, 12288)."""
    return to_unit(draw_faces(with_property(faces.factors[rows], change), faces.poses[rows]))


def with_property(factors: NDArray[np.int8], change: Change) -> NDArray[np.int8]:
    changed = factors.copy()
    changed[:, list(FACTORS).index(change.factor)] = FACTORS[change.factor].index(change.to)
    return changed


def share_made(moved: Tensor, start: Tensor, x: Tensor, truth: Tensor) -> float:
    """Share of the true change that was made: 1 - sum |d - d*|^2 / sum |d*|^2 over the faces.

    Parameters
    ----------
    moved, start : Tensor of shape (n, 12288), a method's pictures after and before; d is between
    x, truth : Tensor of shape (n, 12288), the face and the true answer; d* is between
    """
    wanted = truth - x
    missing = squared_error(moved - start, wanted).sum()
    return (1 - missing / wanted.square().sum()).item()


def judged(
    way: Arithmetic,
    direction: Tensor,
    x: Tensor,
    truth: Tensor,
    judge: Callable[[Tensor], Tensor],
    change: Change,
) -> dict[str, list[float]]:
    """What both judges say of one method and one direction, at each amount.

    Returns
    -------
    dict of lists, one number for each of `AMOUNTS`
        `says`, the share of faces in which the classifier sees the property; `made`, see
        `share_made`; `kept`, the share of its other answers that are as of the face itself
    """
    points = way.encode(x)
    start = way.decode(points)
    asked = JUDGES.index(change.factor)
    others = [k for k in range(len(JUDGES)) if k != asked]
    real, wanted = judge(x)[:, others], FACTORS[change.factor].index(change.to)
    says, made, kept = [], [], []
    for amount in AMOUNTS:
        moved = way.decode(points + float(amount) * direction)
        answers = judge(moved)
        says.append((answers[:, asked] == wanted).float().mean().item())
        kept.append((answers[:, others] == real).float().mean().item())
        made.append(share_made(moved, start, x, truth))
    return {"says": says, "made": made, "kept": kept}


def if_nothing_moved(faces: FaceSet, change: Change, held_out: NDArray[np.int64]) -> Card:
    """The difference of pixels among faces in their poses, and among the same faces upright.

    Parameters
    ----------
    held_out : rows of the faces that the direction is added to

    Returns
    -------
    dict from "posed" and "upright", and "smeared" for the difference learned among faces in their
        poses and added to upright ones, to the share of the true change, for each of `AMOUNTS`
    """
    few = slice(0, LEARNED)
    after, before = (np.flatnonzero(m)[few] for m in (change.after(faces), change.before(faces)))
    directions, pairs = {}, {}
    for name, poses in (("posed", faces.poses), ("upright", np.zeros_like(faces.poses))):
        with_it, without, x = (
            to_unit(draw_faces(faces.factors[rows], poses[rows]))
            for rows in (after, before, held_out)
        )
        factors = with_property(faces.factors[held_out], change)
        pairs[name] = x, to_unit(draw_faces(factors, poses[held_out]))
        directions[name] = with_it.mean(0) - without.mean(0)
    cases = {name: (directions[name], *pairs[name]) for name in pairs}
    cases["smeared"] = directions["posed"], *pairs["upright"]
    return {
        name: [
            round(share_made((x + float(t) * direction).clamp(0, 1), x, x, truth), 4)
            for t in AMOUNTS
        ]
        for name, (direction, x, truth) in cases.items()
    }


def in_company(
    way: Arithmetic,
    points: Tensor,
    faces: FaceSet,
    x: Tensor,
    rows: NDArray[np.int64],
    judge: Callable[[Tensor], Tensor],
) -> Card:
    """What a smile brings along if the smiling faces that it was learned from wore glasses.

    Of the smiling training faces all with glasses are taken and every fourth without; of the sad
    ones, all without and every fourth with. The direction is added to held-out sad faces that wear
    none. `fair` is the direction of all faces.

    Parameters
    ----------
    points : Tensor of shape (n, 64), codes of the training faces
    x, rows : the held-out faces without glasses and a smile, and their rows

    Returns
    -------
    dict from "fair" and "biased" to `glasses` and `smile`, the shares of faces in which the
        classifier sees glasses and a smile, for each of `AMOUNTS`
    """
    smile, worn = CHANGES["smile"], ~faces.has("glasses", "")
    few = np.arange(len(faces.images)) % 4 == 0
    chosen = {
        "fair": (smile.after(faces), smile.before(faces)),
        "biased": (
            smile.after(faces) & (worn | few),
            smile.before(faces) & (~worn | few),
        ),
    }
    bare = ~worn[rows]
    start = way.encode(x[torch.from_numpy(bare)])
    glasses, mouth = JUDGES.index("glasses"), JUDGES.index("mouth")
    found = {}
    for name, (after, before) in chosen.items():
        with_smile, sad = (points[torch.from_numpy(m[: len(points)])] for m in (after, before))
        direction = with_smile.mean(0) - sad.mean(0)
        answers = [judge(way.decode(start + float(t) * direction)) for t in AMOUNTS]
        smiling = FACTORS["mouth"].index("smile")
        found[name] = {
            "glasses": [(each[:, glasses] > 0).float().mean().item() for each in answers],
            "smile": [(each[:, mouth] == smiling).float().mean().item() for each in answers],
        }
    return found


@dataclass(frozen=True)
class Strangers:
    """Faces by another artist.

    Attributes
    ----------
    sad, smiling : Tensor of shape (n, 12288), the same faces with both mouths
    """

    sad: Tensor
    smiling: Tensor

    def mean_difference(self, way: Arithmetic) -> Tensor:
        """The mean of every other face smiling minus that of the rest sad: nobody is in both."""
        return way.encode(self.smiling[::2]).mean(0) - way.encode(self.sad[1::2]).mean(0)


def draw_both_mouths() -> tuple[Strangers, Strangers]:
    """Strangers to learn a direction from, and others to judge it by."""
    sad, smiling = (to_unit(draw_strangers(LEARNED + JUDGED, each)) for each in ("frown", "smile"))
    return (
        Strangers(sad[:LEARNED], smiling[:LEARNED]),
        Strangers(sad[LEARNED:], smiling[LEARNED:]),
    )


def among_strangers(
    ways: dict[str, Arithmetic],
    smiles: dict[str, Tensor],
    known: Strangers,
    new: Strangers,
) -> Card:
    """What the direction of a smile, learned from one artist's faces, does to another's.

    Parameters
    ----------
    smiles : the direction of each method, learned from the first artist's faces
    known : strangers from whom another direction is learned, by the same encoder
    new : strangers to whom both are added

    Returns
    -------
    dict from the name of a method to `rebuilt`, the mean squared error of the strangers with
        nothing added, `made`, the share of the true change by `smile` and by `own`, for each of
        `AMOUNTS`, and `encoded`, the share made by the point of the true answer itself
    """
    found = {}
    for name, way in ways.items():
        points = way.encode(new.sad)
        start = way.decode(points)
        directions = {"smile": smiles[name], "own": known.mean_difference(way)}
        found[name] = {
            "rebuilt": round(squared_error(start, new.sad).mean().item(), 2),
            "made": {
                key: [
                    round(
                        share_made(way.decode(points + float(t) * d), start, new.sad, new.smiling),
                        4,
                    )
                    for t in AMOUNTS
                ]
                for key, d in directions.items()
            },
            "encoded": round(
                share_made(way.decode(way.encode(new.smiling)), start, new.sad, new.smiling), 4
            ),
        }
    return found


def shown_faces(faces: FaceSet) -> NDArray[np.int64]:
    """The first held-out faces that are sad, have open eyes and none of the other properties."""
    none = faces.has("mouth", "sad")
    none &= ~faces.has("eyes", "smiling") & ~faces.has("eyes", "smilingShadow")
    for change in CHANGES.values():
        none &= ~faces.has(change.factor, change.to) & change.seen(faces)
    for name in ("glasses", "facialHair"):
        none &= faces.has(name, "")
    none[: len(faces.train_images)] = False
    return np.flatnonzero(none)[:SHOWN]


def to_weights(model: Autoencoder) -> dict[str, NDArray[Any]]:
    """The decoder as `widgets.kit.faces.decode_faces` reads it, in 8 bits."""
    layers = [layer for layer in model.decoder if isinstance(layer, nn.Linear | nn.ConvTranspose2d)]
    arrays: dict[str, NDArray[Any]] = {}
    for k, layer in enumerate(layers):
        assert layer.bias is not None
        w = layer.weight.detach()
        outputs_first = w if w.ndim == 2 else w.permute(1, 2, 3, 0)  # of (in, out, rows, columns)
        whole, step = in_bytes(outputs_first.flatten(1).numpy().T)
        kernel = whole.T.reshape(outputs_first.shape)
        arrays[f"w{k}"] = kernel if w.ndim == 2 else kernel.transpose(1, 2, 0, 3)
        arrays[f"s{k}"] = step
        arrays[f"b{k}"] = layer.bias.detach().numpy().astype(np.float32)
    return arrays


def make_faces(job: Job) -> Card:
    """Directions, pictures and the decoder of the page; what both judges say."""
    faces, model = load_faces(), registry.load(MODEL)
    train, test = to_unit(faces.train_images), to_unit(faces.test_images)
    torch.manual_seed(0)
    mean = train.mean(0)
    axes = torch.pca_lowrank(train - mean, q=model.latent_dim + 16, center=False, niter=3)[2]
    axes = axes[:, : model.latent_dim].T.contiguous()
    ways = methods(model, mean, axes)
    judge = partial(answers, trained_judge(train, faces, 0, job.on_step))
    points = {name: way.encode(train) for name, way in ways.items()}
    first_held_out = len(train)
    rows = shown_faces(faces)
    directions: dict[str, list[NDArray[Any]]] = {name: [] for name in METHODS}
    verdicts: dict[str, dict[str, Card]] = {}
    still: dict[str, Card] = {}
    truths = []
    for title, change in CHANGES.items():
        held_out = np.flatnonzero(change.before(faces))
        held_out = held_out[held_out >= first_held_out][:JUDGED]
        x, truth = test[held_out - first_held_out], changed(faces, held_out, change)
        truths.append(as_levels(changed(faces, rows, change)))
        verdicts[title] = {}
        for name, way in ways.items():
            direction = mean_difference(points[name], change, faces)
            directions[name].append(direction.numpy())
            verdicts[title][name] = judged(way, direction, x, truth, judge, change)
        of_model = torch.from_numpy(directions["code"][-1])
        aside = torch.randn(len(of_model), generator=torch.Generator().manual_seed(0))
        aside *= of_model.norm() / aside.norm()
        verdicts[title]["random"] = judged(ways["code"], aside, x, truth, judge, change)
        if title in STILL:
            still[title] = if_nothing_moved(faces, change, held_out)
        if title == "smile":
            company = by_amount(in_company(ways["code"], points["code"], faces, x, held_out, judge))
    known, new = draw_both_mouths()
    first = list(CHANGES).index("smile")
    smiles = {name: torch.from_numpy(each[first]) for name, each in directions.items()}
    controls = {
        "smile_in_company": company,
        "strangers": among_strangers(ways, smiles, known, new),
        "if_nothing_moved": still,
    }
    weights = to_weights(model)
    whole_axes, axis_step = in_bytes(axes.numpy().T)
    whole_pixels, pixel_step = in_bytes(np.stack(directions["pixels"]).T)
    arrays = {
        **weights,
        "images": np.concatenate([faces.images[rows], as_levels(new.sad[:STRANGERS])]),
        "truths": np.stack(truths),
        "smiling_strangers": as_levels(new.smiling[:STRANGERS]),
        "codes": points_of(
            ways["code"], torch.cat([test[rows - first_held_out], new.sad[:STRANGERS]])
        ).astype(np.float16),
        "code_directions": np.stack(directions["code"]).astype(np.float16),
        "mean": channels_last(mean.numpy()).astype(np.float16),
        "axes": channels_last(whole_axes.T),
        "axis_step": axis_step,
        "pca_directions": np.stack(directions["pca"]).astype(np.float16),
        "pixel_directions": channels_last(whole_pixels.T),
        "pixel_step": pixel_step,
        **{
            key: np.array(
                [[verdicts[title][name][key] for name in METHODS] for title in CHANGES], np.float16
            )
            for key in ("says", "made", "kept")
        },
    }
    return write_export(
        "faces", arrays, describe(model, faces, ways, judge, verdicts, controls, arrays)
    )


def points_of(way: Arithmetic, x: Tensor) -> NDArray[np.float32]:
    points: NDArray[np.float32] = way.encode(x).numpy()
    return points


def channels_last(flat: NDArray[Any]) -> NDArray[Any]:
    """Pictures (…, 3 * 64 * 64) with colours first, as (…, 64, 64, 3)."""
    return np.moveaxis(flat.reshape(*flat.shape[:-1], 3, 64, 64), -3, -1)


def as_levels(x: Tensor) -> NDArray[np.uint8]:
    """Images (n, 12288) in [0, 1] as levels 0..255, (n, 64, 64, 3)."""
    return channels_last((x * 255).round().byte().numpy())


def describe(
    model: Autoencoder,
    faces: FaceSet,
    ways: dict[str, Arithmetic],
    judge: Callable[[Tensor], Tensor],
    verdicts: dict[str, dict[str, Card]],
    controls: Card,
    arrays: dict[str, NDArray[Any]],
) -> Card:
    train, test = to_unit(faces.train_images), to_unit(faces.test_images)
    found = judge(test)
    n = len(train)
    factors = {name: faces.factor(name).astype(np.int64) for name in FACTORS}
    right = {
        name: (found[:, k].numpy() == factors[name][n:]).mean() for k, name in enumerate(JUDGES)
    }
    codes = {name: (points_of(ways[name], train), points_of(ways[name], test)) for name in PROBED}
    probes = {
        factor: {
            "chance": np.bincount(places[n:]).max() / len(test),
            **{
                name: read(seen, places[:n], held, places[n:])
                for name, (seen, held) in codes.items()
            },
        }
        for factor, places in factors.items()
    }
    weights = {key: arrays[key].astype(np.float32) for key in ("b0", "b1", "b2", "b3")}
    for k in range(4):
        weights[f"w{k}"] = (arrays[f"w{k}"] * arrays[f"s{k}"][:, None]).astype(np.float32)
    shown = torch.from_numpy(arrays["codes"].astype(np.float32))
    drawn = decode_faces(shown.numpy(), weights)
    of_torch = model.decode(shown).numpy()
    errors = {
        name: squared_error(ways[name].decode(ways[name].encode(test)), test).mean().item()
        for name in PROBED
    }
    return {
        "title": "Directions among the codes of faces",
        "data": faces.origin,
        "strangers": {
            "source": [f"npm {package}" for package in PACKAGES[STRANGER_STYLE]],
            "attribution": "Personas by Draftbit (CC BY 4.0)",
            "changes": "the face cut out, 64 x 64 pixels, upright",
            "learned_from": LEARNED,
            "judged": JUDGED,
        },
        "model": {"name": MODEL, "sha256": registry.card(MODEL)["weights"]["sha256"]},
        "decoder": "64 - 8 x 8 x 128 - 16 x 16 x 64 - 32 x 32 x 32 - 64 x 64 x 3, ReLU, sigmoid; "
        "int8 with a step by output",
        "directions": {title: asdict(change) for title, change in CHANGES.items()},
        "judge": {"recipe": asdict(RECIPE), "factors": list(JUDGES), "right": rounded_card(right)},
        "judged": f"up to {JUDGED} held-out faces without the property, for each direction",
        "says": "share of them in which the classifier sees the property, by method and amount",
        "made": "share of the true change that was made, 1 - sum |d - d*|^2 / sum |d*|^2",
        "kept": "share of the classifier's other five answers that are as of the face itself",
        "seed": 0,
        **made_on(torch.device("cpu")),
        "metrics": {
            "squared_error": rounded_card(errors),
            "largest_difference_to_torch": round(float(np.abs(drawn - of_torch).max()), 4),
            "probes": rounded_card(probes),
            "amounts": AMOUNTS.tolist(),
            "verdicts": {title: by_amount(said) for title, said in verdicts.items()},
            **controls,
        },
    }


def by_amount(said: Card) -> Card:
    """Lists of shares, rounded."""
    return {
        name: {key: [round(v, 4) for v in values] for key, values in found.items()}
        for name, found in said.items()
    }
