"""Check one panel of a frame: tiles, a map or a pad.

``static/js/figure/check.js`` checks a plot's figure when it is drawn.
"""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from widgets.contract import ContractError, Dots, Map, Pad, Panel, Plot, Tiles

NAME = re.compile(r"[a-z][a-z0-9_]*")
TILE = 256  # pixels along each side of a tile
MAX_CLASSES = 10  # as many colours as the theme has for classes (static/css/tokens.css)


def check_panel(panel: Panel) -> None:
    """Check one panel, except a plot's figure."""
    if not isinstance(panel, Plot | Tiles | Map | Pad):
        raise ContractError(
            f"A panel is {type(panel).__name__}; accepted: a Plot, Tiles, a Map or a Pad"
        )
    if not NAME.fullmatch(panel.key):
        raise ContractError(f"A panel has the key {panel.key!r}; accepted: a name in lower case")
    if not panel.alt.strip():
        raise ContractError(
            f"The alt text of {panel.key} is empty; accepted: what the picture shows, in words"
        )
    if isinstance(panel, Map):
        check_map(panel)
    elif isinstance(panel, Tiles):
        check_tiles(panel)
    elif isinstance(panel, Pad) and panel.pictures is not None:
        pictures_of(panel)


def check_tiles(panel: Tiles) -> None:
    images = tiles_of(panel)
    if panel.gap < 0:
        raise ContractError(f"The gap of {panel.key} is {panel.gap}; accepted: 0 or more")
    count = images.shape[0] * images.shape[1]
    if not panel.labels:
        if panel.numbers or panel.marked:
            raise ContractError(f"{panel.key} has numbers or marks; accepted: only with labels")
        return
    for name, texts in (("labels", panel.labels), ("numbers", panel.numbers)):
        if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
            raise ContractError(f"The {name} of {panel.key} are {texts!r:.60}; accepted: texts")
        if texts and len(texts) != count:
            raise ContractError(
                f"{panel.key} has {count} images and {len(texts)} {name}; accepted: one each"
            )
    if unnamed := [i for i, label in enumerate(panel.labels) if not label.strip()]:
        raise ContractError(f"Label {unnamed[0]} of {panel.key} is empty; accepted: some words")
    if wrong := [i for i in panel.marked if i not in range(count)]:
        raise ContractError(
            f"{panel.key} marks the image {wrong[0]!r}; accepted: whole numbers, 0 to {count - 1}"
        )
    if panel.server or panel.columns or panel.gap:
        raise ContractError(
            f"{panel.key} has labels, so it wraps; accepted: no columns, gap or server"
        )


def tiles_of(panel: Tiles) -> NDArray[np.uint8]:
    """The images of tiles as bytes, (rows, columns, height, width) or, in colour, one axis more."""
    what = f"The images of {panel.key} are"
    images = as_bytes(what, panel.images, "n, height, width", "rows, columns, height, width")
    if panel.images.dtype == np.uint8:
        if panel.columns:
            raise ContractError(f"{panel.key} has columns; accepted: only with images of floats")
    else:
        columns = panel.columns or len(images)
        if not isinstance(columns, int) or columns < 0 or len(images) % columns:
            raise ContractError(
                f"{panel.key} has {len(images)} images in rows of {columns}; accepted: full rows"
            )
        images = images.reshape(-1, columns, *images.shape[1:])
    return images.reshape(1, -1, *images.shape[2:]) if panel.labels else images


def as_bytes(what: str, images: Any, axes: str, grey_axes: str) -> NDArray[np.uint8]:
    """Images as they are sent: levels from 0 to 255, of shape (``axes``) or (``axes``, 3).

    Parameters
    ----------
    what : begins the message: "The images of faces are"
    axes : of floats from 0 to 1
    grey_axes : of uint8, which is returned unchanged

    Raises
    ------
    ContractError
        States what was found, what is accepted, and what to write.
    """
    accepted = (
        f"floats from 0 to 1 of shape ({axes}, 3) in colour or ({axes}) in grey, or uint8 of "
        f"shape ({grey_axes}) in grey"
    )
    if not isinstance(images, np.ndarray):
        raise ContractError(f"{what} {shown(images)}; accepted: {accepted}")
    if 0 in images.shape:
        raise ContractError(f"{what} of shape {images.shape}, with a 0; accepted: {accepted}")
    flat, last = axes.count(",") + 1, images.shape[-1:]
    is_colour = images.ndim == flat + 1 and last == (3,)
    is_grey = not is_colour or images.shape[-2] <= 3  # nothing else is only 3 wide
    if images.dtype == np.uint8 and images.ndim == grey_axes.count(",") + 1 and is_grey:
        return images
    fits = images.ndim == flat or is_colour
    single = images.ndim == flat == 3 and last in ((3,), (4,)) and images.shape[1] > 4
    if not fits or single or images.dtype.kind != "f":
        todo = advice(images, flat, single=single)
        raise ContractError(f"{what} {shown(images)}; accepted: {accepted}{todo}")
    low, high = images.min(), images.max()
    if not (low >= 0 and high <= 1):
        odd = int(np.sum(~((images >= 0) & (images <= 1))))
        found, todo = f"from {low:g} to {high:g}", "np.clip(x, 0, 1) cuts off the rest"
        if not np.isfinite(images).all():
            found, todo = "nan or infinite", "Look for where they come from"
        elif low >= 0 and high >= 2:
            todo = "Levels from 0 to 255 become floats by x / 255"
        elif -1 <= low < -0.5 and high <= 1:
            todo = "(x + 1) / 2 moves values from -1 to 1 there"
        raise ContractError(
            f"{what} not from 0 to 1 in {odd:,} of {images.size:,} numbers ({found}); accepted: "
            f"numbers from 0 to 1. {todo}"
        )
    return (np.multiply(images, 255, dtype=np.float32) + np.float32(0.5)).astype(np.uint8)


def advice(images: NDArray[Any], flat: int, *, single: bool) -> str:
    """How to correct images of the wrong shape or type; grey images have ``flat`` axes."""
    first = images.shape[flat - 2 : flat - 1]
    if images.ndim == flat + 1 and first == (3,) and images.shape[-1] != 3:
        order = ", ".join(map(str, (*range(flat - 2), flat - 1, flat, flat - 2)))
        return f". Channels come last: x.transpose({order})"
    if single:
        return ". A single picture is x[None]"
    if images.ndim == flat + 1 and images.shape[-1] == 4:
        return ". The fourth channel, transparency, is not shown: x[..., :3]"
    if images.ndim == flat + 1 and images.shape[-1] == 1:
        return ". Grey has no axis of channels: x[..., 0]"
    if images.dtype.kind in "iu":
        return ". Levels from 0 to 255 become floats by x / 255"
    return ". x.astype(float) makes floats" if images.dtype.kind == "b" else ""


def pictures_of(panel: Pad) -> NDArray[np.uint8]:
    """A pad's two pictures as bytes."""
    axes = "2, height, width"
    what = f"The pictures of {panel.key} are"
    pictures = as_bytes(what, panel.pictures, axes, axes)
    if len(pictures) != 2:
        raise ContractError(f"{what} {shown(panel.pictures)}; accepted: two, of shape ({axes})")
    return pictures


def tile_of(panel: Map) -> NDArray[np.uint8]:
    """A map's tile as bytes."""
    axes = f"{TILE}, {TILE}"
    what = f"The tile of {panel.key} is"
    tile = as_bytes(what, panel.tile, axes, axes)
    if tile.shape[:2] != (TILE, TILE):
        raise ContractError(f"{what} {shown(panel.tile)}; accepted: ({axes}) or ({axes}, 3)")
    return tile


def check_map(panel: Map) -> None:
    """Check one map.

    Raises
    ------
    ContractError
        States what was found and what is accepted.
    """
    tile_of(panel)
    zoom, x, y = panel.address
    if not all(isinstance(part, int) for part in panel.address) or not (
        zoom >= 0 and 0 <= x < 2**zoom and 0 <= y < 2**zoom
    ):
        raise ContractError(
            f"The address of {panel.key} is {panel.address}; accepted: (zoom, x, y) in whole "
            "numbers, x and y from 0 to 2^zoom - 1"
        )
    across, up = panel.axes
    if not all(isinstance(axis, int) and axis >= 0 for axis in panel.axes) or across == up:
        raise ContractError(
            f"The axes of {panel.key} are {panel.axes}; accepted: two different latents, "
            "counted from 0"
        )
    if not all(isinstance(value, float) and math.isfinite(value) for value in panel.at):
        raise ContractError(
            f"The plane of {panel.key} lies at {panel.at}; accepted: finite floats, one per latent"
        )
    for name, radius in panel.rings.items():
        if not radius > 0:
            raise ContractError(f"The ring {name} has the radius {radius:g}; accepted: above 0")
    if panel.dots is not None:
        check_dots(panel.key, panel.dots)


def check_dots(key: str, dots: Dots) -> None:
    n, names = len(dots.classes), len(dots.names)
    for name, array, shape in (
        ("points", dots.points, (n, 2)),
        ("classes", dots.classes, (n,)),
        ("places", dots.places, (names, 2)),
    ):
        if not isinstance(array, np.ndarray) or array.shape != shape:
            raise ContractError(
                f"The {name} of the dots on {key} are {shown(array)}; accepted: shape {shape}"
            )
    if not 1 <= names <= MAX_CLASSES:
        raise ContractError(
            f"The dots on {key} have {names} names; accepted: 1 to {MAX_CLASSES}, one a class"
        )
    if n and not 0 <= dots.classes.min() <= dots.classes.max() < names:
        raise ContractError(
            f"The classes of the dots on {key} run from {dots.classes.min()} to "
            f"{dots.classes.max()}; accepted: 0 to {names - 1}, the places of their names"
        )


def shown(value: Any) -> str:
    """Type and shape of a value that should be an array."""
    if isinstance(value, np.ndarray):
        return f"{value.dtype} of shape {value.shape}"
    return type(value).__name__
