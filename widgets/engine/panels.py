"""The check of one panel of a frame: tiles, a map or a pad.

A plot's figure is checked where it is drawn, by ``static/js/figure/check.js``.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

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
    elif isinstance(panel, Pad):
        check_pad(panel)


def check_tiles(panel: Tiles) -> None:
    images = panel.images
    if not isinstance(images, np.ndarray) or images.dtype != np.uint8 or images.ndim != 4:
        raise ContractError(
            f"The images of {panel.key} are {shown(images)}; accepted: uint8 of shape "
            "(rows, columns, height, width)"
        )
    if 0 in images.shape:
        raise ContractError(f"The images of {panel.key} have the shape {images.shape}, with a 0")
    if panel.gap < 0:
        raise ContractError(f"The gap of {panel.key} is {panel.gap}; accepted: 0 or more")


def check_pad(panel: Pad) -> None:
    """Check a pad's pictures if it has some."""
    pictures = panel.pictures
    if pictures is None:
        return
    stack = isinstance(pictures, np.ndarray) and pictures.dtype == np.uint8 and pictures.ndim == 3
    if not stack or len(pictures) != 2 or 0 in pictures.shape:
        raise ContractError(
            f"The pictures of {panel.key} are {shown(pictures)}; accepted: uint8 of shape "
            "(2, height, width)"
        )


def check_map(panel: Map) -> None:
    """Check one map.

    Raises
    ------
    ContractError
        Says what stands there and what is accepted.
    """
    if shown(panel.tile) != f"uint8 of shape ({TILE}, {TILE})":
        raise ContractError(
            f"The tile of {panel.key} is {shown(panel.tile)}; accepted: "
            f"uint8 of shape ({TILE}, {TILE})"
        )
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
