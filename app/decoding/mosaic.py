"""Many decoded images in one picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
"""0 paper, 255 ink."""


@dataclass(frozen=True)
class Mosaic:
    """Where the images of a picture lie: row after row, each in the middle of a cell of paper.

    Attributes
    ----------
    cell : height and width of a cell, at least those of an image
    """

    rows: int
    columns: int
    cell: tuple[int, int]

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the picture."""
        return self.rows * self.cell[0], self.columns * self.cell[1]

    def canvas(self, image_shape: tuple[int, int], count: int) -> Canvas:
        """A picture for so many images."""
        return Canvas(self, image_shape, count)


class Canvas:
    """A picture that images are laid into as they are decoded, in their order.

    Attributes
    ----------
    picture : ndarray of shape (rows * cell height, columns * cell width); cells without an image
        stay paper
    """

    def __init__(self, mosaic: Mosaic, image_shape: tuple[int, int], count: int) -> None:
        self.columns = mosaic.columns
        self.laid = 0
        height, width = image_shape
        tall, wide = mosaic.cell
        top, left = (tall - height) // 2, (wide - width) // 2
        covered = mosaic.cell == image_shape and count == mosaic.rows * mosaic.columns
        self.picture: Grey = (np.empty if covered else np.zeros)(mosaic.shape, np.uint8)
        cells = self.picture.reshape(mosaic.rows, tall, mosaic.columns, wide)
        # (rows, columns, height, width), a view into the picture
        self.images = cells[:, top : top + height, :, left : left + width].swapaxes(1, 2)

    def lay(self, tiles: Grey) -> None:
        """Lay the next images, of shape (n, height, width)."""
        while len(tiles):
            row, column = divmod(self.laid, self.columns)
            if column == 0 and len(tiles) >= self.columns:
                whole = len(tiles) // self.columns
                count = whole * self.columns
                part = tiles[:count].reshape(whole, self.columns, *tiles.shape[1:])
                self.images[row : row + whole] = part
            else:
                count = min(self.columns - column, len(tiles))
                self.images[row, column : column + count] = tiles[:count]
            tiles = tiles[count:]
            self.laid += count
