"""Changes of small colour pictures, and the encoders of emoji that were trained on views.

Pictures have the shape (m, 32, 32, 3), in [0, 1], on white. Each change returns new ones.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from widgets.kit.network import convolution

SIDE = 32  # px
STEP = 4  # px, the largest shift of a view, and the one that is measured
KEPT = 20  # px, the side of the square that a measured crop keeps
ERASED = 12  # px, the side of the square that is erased when this is measured
VIEWS = {
    "shift": "Shift alone",
    "crop": "Crop",
    "flip": "Flip",
    "jitter": "Colour jitter",
    "erase": "Erase",
    "all": "All four",
}
"""The encoders, by the changes in their views besides a shift of up to 4 px."""
ADDED = {
    "shift": (),
    **{name: (name,) for name in ("crop", "flip", "jitter", "erase")},
    "all": ("crop", "flip", "jitter", "erase"),
}
EMOJI = (
    *("red heart", "blue heart", "red apple", "green apple", "left arrow", "right arrow"),
    *("taxi", "locomotive", "sailboat", "rocket", "tropical fish", "snail"),
    *("parrot", "lemon", "carrot", "hot pepper", "running shoe", "guitar"),
)
"""The emoji shown, as drawn for Noto Emoji. No encoder was trained on any version of them."""
LEAST_KEPT = 0.5  # side of the smallest crop, as a share of the picture's
SATURATION = (0.5, 1.5)  # of jitter: how far colours are from grey, relative to the picture
BRIGHTNESS = (0.7, 1.0)
LEAST_ERASED, MOST_ERASED = 8, 16  # px
LAYERS = 5  # three convolutions, the code, and the head

Pictures = NDArray[np.float64]
Encoder = Mapping[str, NDArray[Any]]


def hue_turn(degrees: Any) -> Pictures:
    """Rotations of colours around the axis of greys, R = cos I + (1 - cos) / 3 J + sin / sqrt 3 K.

    Parameters
    ----------
    degrees : a number, or an ndarray of shape (n,)

    Returns
    -------
    ndarray of shape (3, 3) or (n, 3, 3), for colours (red, green, blue) in a column
    """
    angle = np.deg2rad(degrees)[..., None, None]
    cross = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]])
    spread = (1 - np.cos(angle)) / 3 * np.ones((3, 3))
    out: Pictures = np.cos(angle) * np.eye(3) + spread + np.sin(angle) / np.sqrt(3) * cross
    return out


def turn_hue(x: NDArray[Any], degrees: float) -> Pictures:
    """Turn all colours around grey: 120 degrees takes red to green. Clip to [0, 1].

    Parameters
    ----------
    x : ndarray of shape (..., 3), in [0, 1]
    degrees : float

    Returns
    -------
    ndarray of shape (..., 3)
    """
    turned: Pictures = (x @ hue_turn(degrees).T).clip(0, 1)
    return turned


def mirror(x: NDArray[Any]) -> Pictures:
    """Swap left and right.

    Parameters
    ----------
    x : ndarray of shape (n, 32, 32, 3), in [0, 1]

    Returns
    -------
    ndarray of shape (n, 32, 32, 3)
    """
    return x[:, :, ::-1].astype(np.float64)


def shift(x: NDArray[Any], right: int, down: int = 0) -> Pictures:
    """Move by whole pixels; fill with white.

    Parameters
    ----------
    x : ndarray of shape (n, 32, 32, 3), in [0, 1]
    right, down : px, negative to the left and up

    Returns
    -------
    ndarray of shape (n, 32, 32, 3)
    """
    wide = np.pad(x, ((0, 0), (SIDE, SIDE), (SIDE, SIDE), (0, 0)), constant_values=1)
    return wide[:, SIDE - down : 2 * SIDE - down, SIDE - right : 2 * SIDE - right].astype(
        np.float64
    )


def crop(x: NDArray[Any], kept: int = KEPT) -> Pictures:
    """Enlarge the middle; colours between pixels are interpolated.

    Parameters
    ----------
    x : ndarray of shape (n, 32, 32, 3), in [0, 1]
    kept : px, the side of the part that fills the picture

    Returns
    -------
    ndarray of shape (n, 32, 32, 3)
    """
    return resized(x, linear(kept), linear(kept))


def erase(x: NDArray[Any], side: int = ERASED) -> Pictures:
    """Paint a white square over the middle.

    Parameters
    ----------
    x : ndarray of shape (n, 32, 32, 3), in [0, 1]
    side : px, of the square

    Returns
    -------
    ndarray of shape (n, 32, 32, 3)
    """
    out, edge = x.astype(np.float64), (SIDE - side) // 2
    out[:, edge:-edge, edge:-edge] = 1
    return out


def linear(kept: float, start: float | None = None) -> Pictures:
    """A matrix (32, 32) that enlarges part of a row to the full row.

    Parameters
    ----------
    kept : px, the length of the part
    start : px, its beginning; None for the middle

    Returns
    -------
    ndarray of shape (32, 32)
    """
    first = (SIDE - kept) / 2 if start is None else start
    at = first + (np.arange(SIDE) + 0.5) * kept / SIDE - 0.5
    weights: Pictures = np.maximum(0, 1 - np.abs(at[:, None] - np.arange(SIDE)))
    return weights


def resized(x: NDArray[Any], down: Pictures, right: Pictures) -> Pictures:
    """Combine the rows and the columns of pictures.

    Parameters
    ----------
    x : ndarray of shape (..., 32, 32, 3)
    down, right : ndarray of shape (32, 32), from `linear`

    Returns
    -------
    ndarray of shape (..., 32, 32, 3)
    """
    across: Pictures = right @ x  # (..., 32, 32, 3), each column a sum of columns
    return np.moveaxis(down @ np.moveaxis(across, -3, -2), -2, -3)


def draw_view(x: NDArray[Any], added: tuple[str, ...], rng: np.random.Generator) -> Pictures:
    """A view of one picture, drawn as in training.

    Parameters
    ----------
    x : ndarray of shape (32, 32, 3), in [0, 1], on white
    added : of "crop", "flip", "jitter" and "erase"
    rng : generator that draws the view

    Returns
    -------
    ndarray of shape (32, 32, 3)
    """
    kept = SIDE * rng.uniform(LEAST_KEPT, 1) if "crop" in added else SIDE
    moved = rng.integers(-STEP, STEP + 1, 2) * kept / SIDE  # in px of the picture
    down, right = (linear(kept, rng.uniform(0, SIDE - kept) - by) for by in moved)
    h = 1 - resized(1 - x, down, right)  # filled with white
    if "flip" in added and rng.random() < 0.5:
        h = h[:, ::-1]
    if "jitter" in added:
        h = h @ hue_turn(rng.uniform(0, 360)).T
        grey = h.mean(axis=2, keepdims=True)
        h = ((grey + rng.uniform(*SATURATION) * (h - grey)) * rng.uniform(*BRIGHTNESS)).clip(0, 1)
    if "erase" in added:
        side, (row, column) = rng.uniform(LEAST_ERASED, MOST_ERASED), rng.uniform(0, SIDE, 2)
        off = np.abs(np.arange(SIDE) + 0.5 - np.array([[row], [column]])) < side / 2
        h = np.where(off[0][:, None, None] & off[1][:, None], 1.0, h)
    return h


def encode_emoji(x: NDArray[Any], weights: Encoder) -> tuple[Pictures, Pictures]:
    """Codes of pictures, and the vectors that the loss compared.

    Parameters
    ----------
    x : ndarray of shape (m, 32, 32, 3), in [0, 1], on white
    weights : `w0`, int8, with steps `s0` and biases `b0`, to `w4`

    Returns
    -------
    code : ndarray of shape (m, 64)
    seen : ndarray of shape (m, 32), each of length 1
    """
    w = [weights[f"w{k}"] * weights[f"s{k}"].astype(np.float64) for k in range(LAYERS)]
    h = np.transpose(x, (0, 3, 1, 2)).astype(float)
    for k in range(3):
        wide = np.pad(h, ((0, 0), (0, 0), (1, 1), (1, 1)))
        maps = convolution(wide, w[k].transpose(3, 2, 0, 1), stride=2)
        h = np.maximum(0, maps + weights[f"b{k}"][:, None, None])
    flat = h.transpose(0, 2, 3, 1).reshape(len(h), -1)  # row, column, map
    code = np.maximum(0, flat @ w[3] + weights["b3"])
    seen = code @ w[4] + weights["b4"]
    return code, seen / np.maximum(np.linalg.norm(seen, axis=1, keepdims=True), 1e-9)


def encoder_of(name: str, stored: Encoder) -> dict[str, NDArray[Any]]:
    """The weights of one encoder.

    Parameters
    ----------
    name : of VIEWS, or "untrained"
    stored : the arrays of all encoders

    Returns
    -------
    dict of arrays, without the name in their keys
    """
    return {
        key.removeprefix(f"{name}_"): stored[key] for key in stored if key.startswith(f"{name}_")
    }
