"""Two encoders of emoji and their names: their results on emoji and artists never seen.

Writes the arrays of the instrument `type_words` and their card. The encoder of pictures for
`own_emoji` goes in a separate file, because few readers need it. Every share comes with those of
the controls: pixels, their principal components, orientations of edges, the encoder before training
and trained without words, and chance.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn.functional import normalize

from latentbook_decoders.models.cards import Card
from training.cards import made_on
from training.data.emoji import Emoji, EmojiSet, load_emoji
from training.errors import OtherCodes
from training.exports.export import Job, write_export
from training.exports.masked_words import quantised
from training.two_encoders import (
    ARTISTS_SEEN,
    DROPPED,
    HELD_OUT,
    LANGUAGES,
    RECIPE,
    SPLIT_SEED,
    UNSEEN_ARTIST,
    WEIGHT_DECAY,
    Split,
    TwoEncoders,
    rows_tensor,
    split,
    train_encoders,
)
from widgets.data import load
from widgets.kit.two_encoders import BUCKETS, WIDTH, encode_pictures, unit

SEED = 0
SHOWN_ARTIST = "noto"  # seen in training; these drawings are shown and searched
NEAREST = 5
FIRST = 5  # results, from 400 pictures, by which a search is judged
COLOURS = 128  # of the pictures in the page
SAME_CODE = 0.99  # least cosine of a code with the stored one, which is rounded
VECTOR_STEPS = 15  # of the vectors in the page, on each side of 0: averaging several evens out
GROUPS = {  # of Unicode, with the words that ask for them
    0: "smiley face emotion",
    1: "person body hand",
    3: "animal nature plant",
    4: "food drink",
    5: "travel place vehicle",
    6: "activity sport game",
    7: "object tool",
    8: "symbol sign",
}
RUNS = {"words": True, "without_words": False}

Features = Callable[[NDArray[np.uint8]], Tensor]


def make_emoji_words(job: Job) -> Card:
    """Train, measure and write."""
    emoji = load_emoji()
    models, seconds = trained(emoji, SEED, job)
    metrics = measure(emoji, models)
    model = models["words"]
    card = {
        "title": "Emoji and their names: two encoders with one space of codes",
        "data": emoji.origin,
        "artists": {"seen": list(ARTISTS_SEEN), "never seen": UNSEEN_ARTIST},
        "languages": list(LANGUAGES),
        "held_out": f"{HELD_OUT} families of emoji, drawn with seed {SPLIT_SEED}; relatives by "
        "skin tone, gender, hair or direction are one family, of which one is tested",
        "network": "pictures: convolutions of 3 x 3 px with stride 2 to 32, 64 and 128 channels, "
        f"batch norm and ReLU, a matrix to {WIDTH} numbers; words: the mean of vectors of words "
        f"and of their parts of three letters, in a table of {BUCKETS:,} rows; codes of length 1",
        "loss": "symmetric InfoNCE with a learned temperature: of two artists' pictures, and of "
        "each of them with the words",
        "recipe": f"{RECIPE.steps} steps of AdamW, {RECIPE.batch_size} families each, peak rate "
        f"{RECIPE.learning_rate:g} with cosine, weight decay {WEIGHT_DECAY:g}; pictures scaled, "
        f"shifted, mirrored and tinted; {DROPPED:.0%} of the parts of a text dropped",
        "seed": SEED,
        "cpu_seconds": seconds,
        **made_on(torch.device("cpu")),
        "found": "share of the held-out emoji whose drawing by the artist never seen is nearest "
        f"to the one by {SHOWN_ARTIST}, of {HELD_OUT}",
        "search": f"share of the first {FIRST} of {HELD_OUT} pictures that have the tag searched "
        "for, over English tags of at least 4 held-out and 8 seen emoji: `directly` by the code "
        f"of the word, else by how many of the {NEAREST} nearest seen pictures have the tag",
        "groups": f"share of the held-out emoji of {len(GROUPS)} groups whose group is right: "
        "`directly` by the most similar of the groups' words, without any label; `strings` by "
        f"how often these words are among the names and tags of the {NEAREST} nearest seen "
        "pictures; `labels` by their most frequent group",
        "names": "share of the names whose picture is first, and among the first five, of as many",
        "gap": "mean cosine of codes, over held-out emoji and their English names, or seen ones; "
        "and the share of the held-out codes on their side of the plane halfway between the means "
        "of seen pictures and of their names",
        "metrics": metrics,
    }
    return write_export("emoji_words", page_arrays(emoji, model), card)


def make_emoji_pictures(job: Job) -> Card:
    """Write the encoder of pictures whose codes `emoji_words` stores.

    Raises
    ------
    OtherCodes
        If training gave a different encoder from the one that wrote these codes.
    """
    emoji = load_emoji()
    model = trained(emoji, SEED, job, {"words": True})[0]["words"]
    parts = split(emoji)
    library = [*shown(parts), *parts.unseen]
    network = picture_arrays(model)
    x = pictures(emoji, library, SHOWN_ARTIST) / 255
    stored = load("emoji_words")
    codes = np.concatenate([stored["seen_codes"], stored["unseen_codes"]])
    cosines = (encode_pictures(x, network) * unit(codes.astype(float))).sum(1)
    if cosines.min() < SAME_CODE:
        raise OtherCodes("emoji_pictures", "emoji_words", float(cosines.min()))
    characters = "\n".join(
        "".join(chr(int(each, 16)) for each in e.code.split("-")) for e in library
    )
    card = {
        "title": "The encoder of pictures of emoji_words, for pictures that the page draws",
        "data": emoji.origin,
        "network": "as in emoji_words, batch norms folded in; a row of int8 with a scale for each "
        "output",
        "characters": "of the seen and then the unseen emoji of emoji_words, without U+FE0F",
        "seed": SEED,
        **made_on(torch.device("cpu")),
        "measured": "the least cosine of a code with the one that emoji_words stores",
        "metrics": {"least_cosine": round(float(cosines.min()), 4)},
    }
    arrays = network | {"characters": as_bytes(characters.replace("\ufe0f", ""))}
    return write_export("emoji_pictures", arrays, card)


def emoji_words_figures(seed: int, job: Job) -> Card:
    """The metrics of another seed."""
    emoji = load_emoji()
    return measure(emoji, trained(emoji, seed, job)[0])


def trained(
    emoji: EmojiSet, seed: int, job: Job, runs: Mapping[str, bool] = RUNS
) -> tuple[dict[str, TwoEncoders], Card]:
    """Models of the given runs, and their processor times in seconds; stored runs are reused."""
    torch.set_num_threads(1)  # as fast for small networks, and reproducible
    job.checkpoints.mkdir(parents=True, exist_ok=True)
    models, seconds = {}, {}
    for i, (name, words) in enumerate(runs.items()):
        path = job.checkpoints / f"{name}-seed-{seed}.pt"
        if not (job.resume and path.exists()):
            start = time.process_time()
            model = train_encoders(emoji, seed, job.part(i, len(runs)), words)
            spent = time.process_time() - start
            torch.save({"model": model.state_dict(), "seconds": spent}, path)
        stored = torch.load(path)
        models[name] = TwoEncoders().eval().requires_grad_(False)
        models[name].load_state_dict(stored["model"])
        seconds[name] = round(stored["seconds"], 1)
    return models, seconds


def measure(emoji: EmojiSet, models: dict[str, TwoEncoders]) -> Card:
    """All shares, in [0, 1], and cosines."""
    torch.manual_seed(0)
    untrained = TwoEncoders().eval().requires_grad_(False)
    parts, model = split(emoji), models["words"]
    seen = shown(parts)
    known, new = (pictures(emoji, parts.unseen, each) for each in (SHOWN_ARTIST, UNSEEN_ARTIST))
    library = pictures(emoji, seen, SHOWN_ARTIST)
    ways: dict[str, Features] = {
        "code": picture_codes(model),
        "pixels": flat,
        "pca": components(library),
        "gradients": orientations,
        "untrained": picture_codes(untrained),
        "untrained_maps": maps(untrained, library),
        "without_words": picture_codes(models["without_words"]),
        "code_and_gradients": beside(picture_codes(model), orientations),
        "code_and_without_words": beside(
            picture_codes(model), picture_codes(models["without_words"])
        ),
    }
    by_way = {name: tuple(way(x) for x in (known, new, library)) for name, way in ways.items()}
    return {
        "seen_emoji": sum(map(len, parts.seen)),
        "seen_families": len(parts.seen),
        "seen_without_tone": sum(not e.toned for family in parts.seen for e in family),
        "library": len(seen),
        "temperature": round(float(torch.exp(-model.log_scale)), 4),
        "found": {name: share(ranks(-torch.cdist(a, b)) < 1) for name, (a, b, _) in by_way.items()}
        | {"chance": round(1 / len(parts.unseen), 4)},
        "search": search_shares(parts, seen, by_way, model),
        "groups": group_shares(parts, seen, by_way, model),
        "names": name_shares(emoji, parts, seen, model),
        "gap": gap(model, parts.unseen, by_way["code"][0]),
        "gap_seen": gap(model, seen, by_way["code"][2]),
        "beside_the_plane": beside_the_plane(model, parts, seen, by_way["code"]),
    }


def search_shares(
    parts: Split,
    seen: Sequence[Emoji],
    by_way: dict[str, tuple[Tensor, ...]],
    model: TwoEncoders,
) -> Card:
    """Precision of the first five for each tag, by artist and way."""
    tags = [english_tags(each) for each in parts.unseen]
    library = [english_tags(each) for each in seen]
    often = Counter(tag for each in library for tag in each)
    asked = sorted(
        tag
        for tag, n in Counter(t for each in tags for t in each).items()
        if n >= 4 and often[tag] >= 8
    )
    right = torch.tensor([[tag in each for each in tags] for tag in asked])
    has = torch.tensor([[tag in each for each in library] for tag in asked]).float()

    def precision(scores: Tensor) -> float:
        """Precision of scores (tags, pictures)."""
        first = scores.topk(FIRST, dim=1).indices
        return share(right.gather(1, first))

    found: Card = {"tags": len(asked), "chance": share(right)}
    for i, artist in enumerate(("known_artist", "new_artist")):
        found[artist] = {
            name: precision(votes(codes[i], codes[2], has)) for name, codes in by_way.items()
        }
        scores = word_codes(model, asked) @ by_way["code"][i].T
        found[artist]["directly"] = precision(scores)
    return found


def votes(codes: Tensor, library: Tensor, has: Tensor) -> Tensor:
    """Number of nearest seen pictures with each tag, (tags, pictures); nearness breaks ties."""
    nearest = torch.cdist(codes, library).topk(NEAREST, largest=False).indices
    weights = 1 + 0.01 * torch.arange(NEAREST, 0, -1)
    return (has[:, nearest] * weights).sum(2)


def group_shares(
    parts: Split,
    seen: Sequence[Emoji],
    by_way: dict[str, tuple[Tensor, ...]],
    model: TwoEncoders,
) -> Card:
    """Share of the held-out emoji whose group is right, by artist and way."""
    inside = torch.tensor([each.group in GROUPS for each in parts.unseen])
    places = {group: i for i, group in enumerate(GROUPS)}
    truth = torch.tensor([places.get(each.group, -1) for each in parts.unseen])
    words = [set(text.split()) for text in GROUPS.values()]
    spoken = [{w for text in each.texts["en"] for w in text.lower().split()} for each in seen]
    matched = torch.tensor([[len(group & each) for each in spoken] for group in words]).float()
    labelled = torch.tensor([[group == each.group for each in seen] for group in GROUPS]).float()

    def right(scores: Tensor) -> float:
        """Share right by scores (groups, pictures)."""
        return share((scores.argmax(0) == truth)[inside])

    counts = Counter(truth[inside].tolist())
    found: Card = {
        "emoji": int(inside.sum()),
        "largest": round(max(counts.values()) / int(inside.sum()), 4),
    }
    for i, artist in enumerate(("known_artist", "new_artist")):
        prompts = word_codes(model, list(GROUPS.values()))
        found[artist] = {
            "directly": right(prompts @ by_way["code"][i].T),
            "strings": {
                name: right(votes(codes[i], codes[2], matched)) for name, codes in by_way.items()
            },
            "labels": {
                name: right(votes(codes[i], codes[2], labelled)) for name, codes in by_way.items()
            },
        }
    return found


def name_shares(emoji: EmojiSet, parts: Split, seen: Sequence[Emoji], model: TwoEncoders) -> Card:
    """Share of names that find their picture among 400, by what was seen and by language."""
    some = [each for each in seen if UNSEEN_ARTIST in each.pictures]
    some = [some[i] for i in np.random.default_rng(SPLIT_SEED).permutation(len(some))[:HELD_OUT]]
    found: Card = {"chance": [round(1 / HELD_OUT, 4), round(FIRST / HELD_OUT, 4)]}
    for whose, which in (("seen_emoji", some), ("new_emoji", parts.unseen)):
        for artist, drawn_by in (("known_artist", SHOWN_ARTIST), ("new_artist", UNSEEN_ARTIST)):
            codes = picture_codes(model)(pictures(emoji, which, drawn_by))
            found[f"{whose}_{artist}"] = {
                language: [
                    share(ranks(word_codes(model, names(which, language)) @ codes.T) < n)
                    for n in (1, FIRST)
                ]
                for language in LANGUAGES
            }
    return found


def gap(model: TwoEncoders, which: Sequence[Emoji], x: Tensor) -> Card:
    """Mean cosines: of pairs, of a picture and another's name, and within each modality."""
    z = word_codes(model, names(which, "en"))
    other = ~torch.eye(len(x), dtype=torch.bool)
    return {
        "pairs": round(float((x * z).sum(1).mean()), 3),
        "picture_and_other_name": round(float((x @ z.T)[other].mean()), 3),
        "two_pictures": round(float((x @ x.T)[other].mean()), 3),
        "two_names": round(float((z @ z.T)[other].mean()), 3),
        "between_the_means": round(float((x.mean(0) - z.mean(0)).norm()), 3),
    }


def beside_the_plane(
    model: TwoEncoders, parts: Split, seen: Sequence[Emoji], codes: tuple[Tensor, ...]
) -> float:
    """Share of held-out pictures and names on their own side of the plane between seen means."""
    x, z = codes[2].mean(0), word_codes(model, names(seen, "en")).mean(0)
    new = word_codes(model, names(parts.unseen, "en"))
    sides = [(each - (x + z) / 2) @ (x - z) > 0 for each in (codes[0], new)]
    return share(torch.cat([sides[0], ~sides[1]]))


def shown(parts: Split) -> list[Emoji]:
    """One emoji of each seen family, without a skin tone, drawn by `SHOWN_ARTIST`."""
    first = (
        next((each for each in family if not each.toned and SHOWN_ARTIST in each.pictures), None)
        for family in parts.seen
    )
    return [each for each in first if each]


def pictures(emoji: EmojiSet, which: Sequence[Emoji], artist: str) -> NDArray[np.uint8]:
    return emoji.pictures[[each.pictures[artist] for each in which]]


def names(which: Sequence[Emoji], language: str) -> list[str]:
    return [each.texts.get(language, each.texts["en"])[0] for each in which]


def english_tags(emoji: Emoji) -> set[str]:
    return {tag.lower() for tag in emoji.texts["en"][1:]}


def ranks(scores: Tensor) -> Tensor:
    """Number of scores in each row of (n, n) above the one on the diagonal."""
    return (scores > scores.diag()[:, None]).sum(1)


def share(right: Tensor) -> float:
    return round(right.double().mean().item(), 4)


def picture_codes(model: TwoEncoders) -> Features:
    def codes(x: NDArray[np.uint8]) -> Tensor:
        z: Tensor = model.pictures(torch.from_numpy(x).permute(0, 3, 1, 2) / 255)
        return z

    return codes


def maps(model: TwoEncoders, library: NDArray[np.uint8]) -> Features:
    """The last maps, 2,048 numbers, before the matrix; centred and scaled to length 1."""

    def flat_maps(x: NDArray[np.uint8]) -> Tensor:
        h: Tensor = model.pictures.layers(torch.from_numpy(x).permute(0, 3, 1, 2) / 255)
        return h

    mean = flat_maps(library).mean(0)
    return lambda x: normalize(flat_maps(x) - mean, dim=1)


def word_codes(model: TwoEncoders, texts: Sequence[str]) -> Tensor:
    codes: Tensor = model.words(rows_tensor(texts))
    return codes


def flat(x: NDArray[np.uint8]) -> Tensor:
    """The pixels themselves."""
    return torch.from_numpy(x).flatten(1) / 255


def components(library: NDArray[np.uint8]) -> Features:
    """As many principal components of the seen pictures as a code has numbers."""
    mean = flat(library).mean(0)
    directions = torch.linalg.svd(flat(library) - mean, full_matrices=False).Vh[:WIDTH]
    return lambda x: (flat(x) - mean) @ directions.T


def orientations(x: NDArray[np.uint8]) -> Tensor:
    """Edges by place and direction, like histograms of oriented gradients (Dalal & Triggs 2005).

    The length of the grey gradient in 8 directions, summed over 8 x 8 cells of 4 px, as square
    roots, scaled to length 1: (n, 512).
    """
    grey = x.mean(3) / 255
    down, right = np.gradient(grey, axis=(1, 2))
    strength = np.hypot(down, right)
    direction = np.floor((np.arctan2(down, right) / (2 * np.pi) + 1 / 16) * 8).astype(int) % 8
    bins = np.where(direction[..., None] == np.arange(8), strength[..., None], 0)
    cells = bins.reshape(len(x), 8, 4, 8, 4, 8).sum((2, 4))
    features = np.sqrt(cells.reshape(len(x), -1))
    return torch.from_numpy(features / np.linalg.norm(features, axis=1, keepdims=True)).float()


def beside(one: Features, other: Features) -> Features:
    """Concatenate two kinds of features, each of length 1."""
    return lambda x: torch.cat([one(x), other(x)], 1)


def picture_arrays(model: TwoEncoders) -> dict[str, NDArray[Any]]:
    """The encoder of pictures for `widgets.kit.two_encoders`, batch norms folded in.

    Weights are int8 with a scale for each output, biases float16.
    """
    arrays: dict[str, NDArray[Any]] = {}
    layers = model.pictures.layers
    for i in range(3):
        convolution, norm = layers[3 * i], layers[3 * i + 1]
        assert isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
        assert convolution.bias is not None
        assert norm.running_mean is not None and norm.running_var is not None
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        weight = convolution.weight * scale.view(-1, 1, 1, 1)  # (out, in, 3, 3)
        bias = (convolution.bias - norm.running_mean) * scale + norm.bias
        arrays |= whole_weights(i + 1, weight.permute(0, 2, 3, 1).flatten(1))
        arrays[f"bias_{i + 1}"] = bias.half().numpy()
    arrays |= whole_weights(4, model.pictures.head.weight)
    arrays["bias_4"] = model.pictures.head.bias.half().numpy()
    return arrays


def whole_weights(layer: int, weight: Tensor) -> dict[str, NDArray[Any]]:
    """A layer's weights as int8, with a scale for each output."""
    whole, scale = quantised(weight.detach().numpy())
    return {f"weight_{layer}": whole, f"scale_{layer}": scale}


def page_arrays(emoji: EmojiSet, model: TwoEncoders) -> dict[str, NDArray[Any]]:
    """Arrays for the instrument; codes and vectors are rounded."""
    parts = split(emoji)
    seen = shown(parts)
    galleries = {
        "seen": (seen, SHOWN_ARTIST),
        "unseen": (parts.unseen, SHOWN_ARTIST),
        "new_artist": (parts.unseen, UNSEEN_ARTIST),
    }
    encode = picture_codes(model)
    library = pictures(emoji, seen, SHOWN_ARTIST)
    arrays: dict[str, NDArray[Any]] = {
        "table": to_bytes(model.words.table.weight[:BUCKETS], VECTOR_STEPS),
        "seen_texts": as_bytes("\n".join(map(all_texts, seen))),
        "unseen_texts": as_bytes("\n".join(map(all_texts, parts.unseen))),
        "unseen_groups": np.array([each.group for each in parts.unseen], np.uint8),
    }
    for name, (which, artist) in galleries.items():
        x = pictures(emoji, which, artist)
        arrays[f"{name}_codes"] = to_bytes(encode(x), 127)
        arrays[f"{name}_pictures"], arrays[f"{name}_palette"] = few_colours(x)
        for way, features in {"code": encode, "pixels": flat}.items():
            distance = torch.cdist(features(x), features(library))
            if name == "seen":
                distance.fill_diagonal_(torch.inf)
            nearest = distance.topk(NEAREST, largest=False).indices
            arrays[f"{name}_nearest_by_{way}"] = nearest.numpy().astype(np.uint16)
    return arrays


def all_texts(emoji: Emoji) -> str:
    """Name and tags by language: a tab between languages, a vertical bar between texts."""
    return "\t".join("|".join(emoji.texts.get(language, ())) for language in LANGUAGES)


def as_bytes(text: str) -> NDArray[np.uint8]:
    """A text in UTF-8."""
    return np.frombuffer(text.encode(), np.uint8)


def to_bytes(values: Tensor, most: int) -> NDArray[np.int8]:
    """Scale values so that the largest is `most`, and round them."""
    return (most * values / values.abs().max()).round().to(torch.int8).numpy()


def few_colours(x: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Pictures (n, 32, 32) as places in a palette (`COLOURS`, 3) that they share."""
    image = Image.fromarray(x.reshape(-1, x.shape[2], 3))
    drawn = image.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    palette = np.array(drawn.getpalette(), np.uint8).reshape(-1, 3)[:COLOURS]
    return np.array(drawn).reshape(x.shape[:3]), palette
