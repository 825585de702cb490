"""Faces put together from parts, in colour, with every factor known.

The parts are Micah Lanier's, in npm's `@dicebear/micah`. Each face is cut out of its portrait,
turned, shifted and scaled a little at random: where nothing moves, PCA is as good as a network.
Strangers are faces by another artist, Draftbit's in `@dicebear/personas`.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock
from numpy.typing import NDArray
from rich.progress import track
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from latentbook_decoders.models.cards import Card
from training.data import packages
from training.data.drawings import SHARP, draw, run_script

SIDE = 64  # px
PORTRAIT = 112  # px, the side of the portrait that a face is cut out of
STYLE = "micah"
STRANGERS = "personas"
CORE = "@dicebear/core@9.4.2"
PACKAGES = {STYLE: (CORE, "@dicebear/micah@9.4.3"), STRANGERS: (CORE, "@dicebear/personas@9.4.2")}
SCRIPT = Path(__file__).with_name("draw_faces.mjs")
FACES, HELD_OUT = 20_000, 2_000
CHUNK = 1_000

FACTORS: dict[str, tuple[str, ...]] = {
    "mouth": ("surprised", "laughing", "nervous", "smile", "sad", "pucker", "frown", "smirk"),
    "eyes": ("eyes", "round", "eyesShadow", "smiling", "smilingShadow"),
    "eyebrows": ("up", "down", "eyelashesUp", "eyelashesDown"),
    "glasses": ("", "round", "square"),
    "facialHair": ("", "beard", "scruff"),
    "hair": ("fonze", "mrT", "dougFunny", "mrClean", "dannyPhantom", "full", "turban", "pixie"),
    "hairColor": ("000000", "77311d", "ac6651", "f4d150", "fc909f", "6bd9e9", "9287ff", "ffffff"),
    "baseColor": ("f9c9b6", "ac6651", "77311d"),
    "nose": ("curve", "pointed", "tound"),
    "ears": ("attached", "detached"),
    "shirt": ("open", "crew", "collared"),
    "shirtColor": ("000000", "77311d", "d2eff3", "f4d150", "fc909f", "6bd9e9", "9287ff", "ffffff"),
}
"""Each factor and its values, by the names of the style's options; colours in hexadecimal."""

OPTIONAL = ("glasses", "facialHair")  # "" is none, which half of the faces have
FIXED = {
    "seed": "",
    "size": PORTRAIT,
    "backgroundColor": ["f4f1ea"],
    "mouthColor": ["000000"],
    "glassesColor": ["000000"],
    "eyeShadowColor": ["d2eff3"],
    "earringsProbability": 0,
}
"""What all portraits share."""

TURN, SHIFT, ZOOM = 0.15, 0.05, 0.08  # largest turn, in radians; shift and zoom as shares
CUT = 0.5  # of the portrait's side
CENTRES = {STYLE: (-0.02, -0.02), STRANGERS: (0.0, 0.05)}  # of the cut, in [-1, 1]

WHAT_IT_IS_NOT = (
    "Drawings by one artist, not photographs: eight mouths, three colours of skin, one of each "
    "choice at random and independent of all others, as they are in no crowd."
)


@dataclass(frozen=True)
class FaceSet:
    """Faces and their factors; the last 2,000 are held out.

    Attributes
    ----------
    images : uint8 ndarray of shape (n, 64, 64, 3)
    factors : int8 ndarray of shape (n, 12), places in the values of `FACTORS`
    poses : float32 ndarray of shape (n, 4), see `draw_poses`
    """

    images: NDArray[np.uint8]
    factors: NDArray[np.int8]
    poses: NDArray[np.float32]

    @property
    def train_images(self) -> NDArray[np.uint8]:
        return self.images[:-HELD_OUT]

    @property
    def test_images(self) -> NDArray[np.uint8]:
        return self.images[-HELD_OUT:]

    def factor(self, name: str) -> NDArray[np.int8]:
        """Places of one factor's values, (n,)."""
        return self.factors[:, list(FACTORS).index(name)]

    def has(self, name: str, value: str) -> NDArray[np.bool_]:
        """Mask of the faces whose factor `name` has this value, (n,)."""
        mask: NDArray[np.bool_] = self.factor(name) == FACTORS[name].index(value)
        return mask

    @property
    def origin(self) -> Card:
        """The origin of the set, as recorded in cards."""
        return {
            "name": "faces",
            "source": [f"npm {package}" for package in PACKAGES[STYLE]],
            "drawn_by": f"npm {SHARP}",
            "licence": "drawings CC BY 4.0, code MIT",
            "attribution": "Avatar Illustration System, Micah Lanier (CC BY 4.0)",
            "changes": f"put together at random, the face cut out, turned by up to {TURN} rad, "
            f"shifted and scaled a little, {SIDE} x {SIDE} pixels",
            "faces": len(self.images),
            "held_out": HELD_OUT,
            "factors": {name: list(values) for name, values in FACTORS.items()},
            "pixels_sha256": hashlib.sha256(self.images.tobytes()).hexdigest(),
            "not_to_be_taken_for": WHAT_IT_IS_NOT,
        }


def load_faces() -> FaceSet:
    """All faces, drawn if they are not in `build/data/` yet.

    Raises
    ------
    DataUnavailable
        If npm or node is missing, or npm cannot reach its registry.
    DataMismatch
        If a portrait cannot be drawn.
    """
    factors, poses = all_factors()
    task = json.dumps([FACTORS, FIXED, TURN, SHIFT, ZOOM, CUT, CENTRES[STYLE], SIDE, FACES])
    key = hashlib.sha256(task.encode() + SCRIPT.read_bytes()).hexdigest()[:12]
    path = packages.DATA_DIR / f"faces-{key}.npy"
    packages.DATA_DIR.mkdir(parents=True, exist_ok=True)
    with FileLock(packages.DATA_DIR / "faces.lock"):
        if not path.exists():
            chunks = range(0, FACES, CHUNK)
            parts = [
                draw_faces(factors[i : i + CHUNK], poses[i : i + CHUNK])
                for i in track(chunks, f"Drawing {FACES:,} faces")
            ]
            partial_file = path.with_suffix(".partial.npy")
            np.save(partial_file, np.concatenate(parts))
            partial_file.rename(path)
    return FaceSet(np.load(path), factors, poses)


def all_factors() -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Factors, (20000, 12), and poses, (20000, 4), of the faces that `load_faces` draws."""
    rng = np.random.default_rng(0)
    return draw_factors(FACES, rng), draw_poses(FACES, rng)


def draw_factors(n: int, rng: np.random.Generator) -> NDArray[np.int8]:
    """Random places in the values of each factor, (n, 12), independent of each other."""
    columns = []
    for name, values in FACTORS.items():
        places = rng.integers(0, len(values), n, dtype=np.int8)
        if name in OPTIONAL:
            places = np.where(rng.random(n) < 0.5, 0, rng.integers(1, len(values), n))
        columns.append(places)
    return np.stack(columns, axis=1).astype(np.int8)


def draw_poses(n: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Random turns in radians, zooms, and shifts to the right and down: (n, 4)."""
    largest = np.array([TURN, ZOOM, SHIFT, SHIFT])
    poses: NDArray[np.float32] = (largest * rng.uniform(-1, 1, (n, 4))).astype(np.float32)
    return poses


def draw_faces(
    factors: NDArray[np.int8], poses: NDArray[np.float32], cut: float = CUT
) -> NDArray[np.uint8]:
    """Faces with these factors, (n, 12), in these poses, (n, 4): (n, 64, 64, 3).

    Parameters
    ----------
    cut : share of the portrait's side that the picture shows

    Raises
    ------
    DataUnavailable
        If npm or node is missing, or npm cannot reach its registry.
    DataMismatch
        If a portrait cannot be drawn.
    """
    asked = [options(dict(zip(FACTORS, row, strict=True))) for row in factors.tolist()]
    return draw_portraits(STYLE, asked, poses, cut)


def draw_strangers(n: int, mouth: str) -> NDArray[np.uint8]:
    """Upright faces by another artist, (n, 64, 64, 3), which differ in all but the mouth.

    Parameters
    ----------
    n : the same n strangers for each mouth
    mouth : "smile", "frown" or another of the style's

    Raises
    ------
    DataUnavailable
        If npm or node is missing, or npm cannot reach its registry.
    DataMismatch
        If a portrait cannot be drawn.
    """
    shared = {
        "size": PORTRAIT,
        "backgroundColor": FIXED["backgroundColor"],
        "facialHairProbability": 0,
        "mouth": [mouth],
    }
    asked = [{**shared, "seed": f"stranger {i}"} for i in range(n)]
    return draw_portraits(STRANGERS, asked, np.zeros((n, 4), np.float32), CUT)


def draw_portraits(
    style: str, asked: Sequence[Mapping[str, object]], poses: NDArray[np.float32], cut: float
) -> NDArray[np.uint8]:
    task = json.dumps(asked).encode()
    svgs = json.loads(run_script(SCRIPT, PACKAGES[style], "faces", style, input=task))
    portraits = torch.from_numpy(draw(svgs, PORTRAIT, "faces").copy())
    return cut_out(portraits, torch.from_numpy(poses), CENTRES[style], cut).numpy()


def options(places: Mapping[str, int]) -> dict[str, object]:
    """DiceBear's options of one portrait, from the place of each factor's value."""
    chosen: dict[str, object] = dict(FIXED)
    for name, place in places.items():
        value = FACTORS[name][place]
        if name in OPTIONAL:
            chosen[f"{name}Probability"] = 100 if value else 0
        if value:
            chosen[name] = [value]
    return chosen


def cut_out(portraits: Tensor, poses: Tensor, centre: tuple[float, float], cut: float) -> Tensor:
    """Cut the face out of portraits, uint8 (n, 112, 112, 3), in a pose: (n, 64, 64, 3)."""
    turn, zoom, right, down = poses.unbind(1)
    scale = cut * (1 + zoom)
    cos, sin = scale * turn.cos(), scale * turn.sin()
    theta = torch.stack([cos, -sin, right + centre[0], sin, cos, down + centre[1]], 1)
    grid = affine_grid(theta.unflatten(1, (2, 3)), [len(poses), 3, SIDE, SIDE], align_corners=False)
    x = portraits.movedim(3, 1).float()
    faces = grid_sample(x, grid, padding_mode="border", align_corners=False)
    return faces.round().byte().movedim(1, 3).contiguous()
