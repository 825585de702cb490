"""Emoji by four artists, drawn as small colour pictures, with names and tags in several languages.

The drawings are SVG in npm's `@iconify-json/*`, the names are those of Unicode's CLDR in
`emojibase-data`.
"""

import hashlib
import json
import tarfile
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray
from rich.console import Console

from latentbook_decoders.models.cards import Card
from training.data import packages
from training.data.drawings import DRAWER, SHARP, draw
from training.data.packages import NpmPackage, load_files, read_member

SIDE = 32  # px
LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl")

WHAT_IT_IS_NOT = (
    "Drawings by four studios, not photographs: a network that has seen them has seen no fruit "
    "and no face. Tags are what editors of Unicode thought people would type, in English first; "
    "skin tones and genders that are not named are the artists' defaults. EmojiOne 2.3 has two "
    "in five of the emoji."
)


@dataclass(frozen=True)
class Artist:
    """One set of drawings.

    Attributes
    ----------
    name : of the icon set in `@iconify-json`
    credit : text that must accompany each picture
    """

    name: str
    credit: str
    licence: str
    source: NpmPackage


def unpack(files: tuple[str, ...], archive: tarfile.TarFile) -> dict[str, bytes]:
    """Members of an npm package; a slash in a path is a hyphen in the name of the stored file."""
    return {file.replace("/", "-"): read_member(archive, f"package/{file}") for file in files}


def artist(name: str, version: str, title: str, credit: str, licence: str, *sha256: str) -> Artist:
    files = ("icons.json", "chars.json", "info.json")
    package = f"@iconify-json/{name}@{version}"
    hashes = dict(zip(files, sha256, strict=True))
    source = NpmPackage(
        name=f"emoji_{name}",
        title=title,
        package=package,
        megabytes=4,
        unpack=partial(unpack, files),
        sha256=hashes,
    )
    return Artist(name, credit, licence, source)


ARTISTS = (
    artist(
        *(
            "noto",
            "1.2.9",
            "Noto Emoji",
            "Noto Emoji, Google Inc, github.com/googlefonts/noto-emoji",
            "Apache 2.0",
        ),
        "9eac6ef4e7ec122b6f0e7ac281d61008afdbc720d0ce861e398b939daaa347c6",
        "91485653ca890bff640f2a6c2d7be62d625a90527b6b4d816b41593675bf5c8f",
        "ecc8c96b156cdd30d682a8518f662a2693f1b0e63b14e89c5e8d4e7990b8cb9c",
    ),
    artist(
        *(
            "twemoji",
            "1.2.5",
            "Twemoji",
            "Twemoji, Twitter, github.com/jdecked/twemoji",
            "CC BY 4.0",
        ),
        "5d5d820790565b764f2728675d487c9ee4c1fc83916d8567d5aca8ba7527c242",
        "8e6a83d5a3ac185b2446154b9c4ee07c983bd4a5b2a21aa4b9ff04af9831eefe",
        "9a7a0a6533a8a43588a463bfa88282620e560eeb2c1f1980ce30ada153358642",
    ),
    artist(
        *(
            "fluent-emoji-flat",
            "1.2.6",
            "Fluent Emoji",
            "Fluent Emoji, Microsoft Corporation, github.com/microsoft/fluentui-emoji",
        ),
        "MIT",
        "f5f4cf457c0db2ad5a2e42e033e02e0c87d10e43d0164cfffb3bb84914970a63",
        "7f084c5a95807edb4702a7c9f6f18e74d59026d1c34ceb8cae85df0b9a9f0a10",
        "9cd2f13e7039b1d1eeeef92af63b07701ba1b242aadc3c0957eae9c98dca7771",
    ),
    artist(
        *(
            "emojione",
            "1.2.3",
            "EmojiOne 2.3",
            "EmojiOne 2.3, Emoji One, github.com/EmojiTwo/emojitwo",
            "CC BY 4.0",
        ),
        "e9a865faed523a7c3535b5319ae533d09fac1a62b4e96920eb178bb60e707e80",
        "ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356",
        "a5817a33fa92381a7de4406e10bc42afc9cf76366eab7346062dfd0ecc835d84",
    ),
)

NAMES = NpmPackage(
    name="emoji_names",
    title="Names of emoji",
    package="emojibase-data@17.0.0",
    megabytes=7,
    unpack=partial(unpack, tuple(f"{language}/data.json" for language in LANGUAGES)),
    sha256={
        "en-data.json": "ed014f1049bd370c5794f815850156196ac382850f51c3e9f6a9e83553fb3f01",
        "de-data.json": "62c4877944d2347dc1a529b53f939ad87df09ba3e1f401ee31748aa59ff6f7ea",
        "fr-data.json": "2d98e00803f7c777f9127002b59965151e4e0522767c899f7af897d8ca98454e",
        "es-data.json": "ba2a0c61edf8b29e6584e4713bd6eead6b8702c6d488c59cd394c96934e25707",
        "it-data.json": "6e8de8dc57857d5660c10ff0ee820ac02b27a078f11f864abc55252a677d9a45",
        "pt-data.json": "c2eb58c08e1414a11db0d44764591bf5c8dbd444b54e171ea12715f8ed0006e5",
        "nl-data.json": "e17e755ddf6c8e02459361f31ea9ca66c9db56ea8f25f20fa35055ccc35d10d7",
        "pl-data.json": "a9f2e759b6a1f9b47e7332853362d4457815e9119fd387ee04d2d2115c551e3f",
    },
)


@dataclass(frozen=True)
class Emoji:
    """One emoji.

    Attributes
    ----------
    code : code points in hexadecimal, joined by hyphens
    group : 0 smileys, 1 people, 2 parts, 3 animals and nature, 4 food, 5 travel, 6 activities,
        7 objects, 8 symbols, 9 flags
    toned : with a skin tone that is not the artists' default
    texts : for each language its name, then its tags
    pictures : for each artist who drew it a row of the pictures
    """

    code: str
    group: int
    toned: bool
    texts: dict[str, tuple[str, ...]]
    pictures: dict[str, int]


@dataclass(frozen=True)
class EmojiSet:
    """All emoji that at least two artists drew, in Unicode's order.

    Attributes
    ----------
    pictures : uint8 ndarray of shape (n, 32, 32, 3), on white
    """

    emoji: tuple[Emoji, ...]
    pictures: NDArray[np.uint8]

    @property
    def origin(self) -> Card:
        """The origin of the set, as recorded in cards."""
        sources = (*(artist.source for artist in ARTISTS), NAMES)
        return {
            "name": "emoji",
            "source": [f"npm {source.package}" for source in sources],
            "drawn_by": f"npm {SHARP}",
            "licence": {artist.credit: artist.licence for artist in ARTISTS}
            | {"Names: emojibase, Miles Johnson, and Unicode CLDR": "MIT and Unicode-3.0"},
            "changes": f"drawn at {SIDE} x {SIDE} pixels on white",
            "attribution": "; ".join(f"{artist.credit} ({artist.licence})" for artist in ARTISTS),
            "emoji": len(self.emoji),
            "pictures": len(self.pictures),
            "pixels_sha256": hashlib.sha256(self.pictures.tobytes()).hexdigest(),
            "not_to_be_taken_for": WHAT_IT_IS_NOT,
            "sha256": {source.name: source.sha256 for source in sources},
        }


def load_emoji() -> EmojiSet:
    """Emoji of four artists, fetched and drawn if they are not in `build/data/` yet.

    Raises
    ------
    DataUnavailable
        If npm or node is missing, or npm cannot reach its registry.
    DataMismatch
        If a file's sha256 is not the one written here, or a drawing cannot be drawn.
    """
    icons = {a.name: read_icons(load_files(a.source)) for a in ARTISTS}
    texts = {
        language: {row["hexcode"]: row for row in with_tones(json.loads(content))}
        for language, content in zip(LANGUAGES, load_files(NAMES).values(), strict=True)
    }
    emoji, svgs = [], list[str]()
    for code, row in texts["en"].items():
        drawn = {name: found for name, by_code in icons.items() if (found := by_code(code))}
        if len(drawn) < 2:
            continue
        pictures = {name: len(svgs) + k for k, name in enumerate(drawn)}
        svgs.extend(drawn.values())
        named = {
            language: (other["label"], *other.get("tags", ()))
            for language, rows in texts.items()
            if (other := rows.get(code))
        }
        emoji.append(Emoji(code, row.get("group", -1), "tone" in row, named, pictures))
    return EmojiSet(tuple(emoji), draw_once(svgs))


def with_tones(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for row in rows for each in (row, *row.get("skins", ()))]


def read_icons(files: dict[str, bytes]) -> Any:
    """Return a function from code points to an icon's SVG, or None if the set lacks it.

    EmojiOne's package does not list code points, but its names are Noto's.
    """
    icons = json.loads(files["icons.json"])
    chars = json.loads(files["chars.json"]) or json.loads(
        load_files(ARTISTS[0].source)["chars.json"]
    )
    names = {without_variant(code): name for code, name in chars.items()}

    def by_code(code: str) -> str | None:
        icon = icons["icons"].get(names.get(without_variant(code)))
        return icon and as_svg(icon, icons)

    return by_code


def without_variant(code: str) -> str:
    """Remove U+FE0F, which requests colour: lists of emoji do not agree on it."""
    return "-".join(point for point in code.lower().split("-") if point != "fe0f")


def as_svg(icon: dict[str, Any], icons: dict[str, Any]) -> str:
    """An SVG with the icon in the middle of a square."""
    left, top, width, height = (
        icon.get(key, icons.get(key, default))
        for key, default in (("left", 0), ("top", 0), ("width", 16), ("height", 16))
    )
    side = max(width, height)
    box = f"{left - (side - width) / 2} {top - (side - height) / 2} {side} {side}"
    spaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f'<svg {spaces} viewBox="{box}" width="{SIDE}" height="{SIDE}">{icon["body"]}</svg>'


def draw_once(svgs: list[str]) -> NDArray[np.uint8]:
    """Pictures of shape (n, 32, 32, 3), drawn once for each list of SVG and each drawer."""
    task = json.dumps(svgs).encode()
    key = hashlib.sha256(task + DRAWER.read_bytes() + SHARP.encode()).hexdigest()[:12]
    path = packages.DATA_DIR / f"emoji-{key}.npy"
    with FileLock(packages.DATA_DIR / "emoji.lock"):
        if not path.exists():
            with Console(stderr=True).status(f"Drawing {len(svgs):,} emoji (about a minute)"):
                pixels = draw(svgs, SIDE, "emoji")
            partial_file = path.with_suffix(".partial.npy")
            np.save(partial_file, pixels)
            partial_file.rename(path)
    pictures: NDArray[np.uint8] = np.load(path)
    return pictures
