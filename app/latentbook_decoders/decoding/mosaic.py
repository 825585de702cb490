"""Many decoded images in one picture."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Levels = NDArray[np.uint8]
"""Grey, 0 paper and 255 ink; or red, green and blue along a last axis of 3."""


@dataclass(frozen=True)
class Mosaic:
    """The layout of a picture: row by row, each image in the middle of a cell of paper.

    Attributes
    ----------
    cell : height and width of a cell, at least those of an image; and 3 in colour
    """

    rows: int
    columns: int
    cell: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        return self.rows, self.columns, *self.cell

    def lay(self, images: Levels) -> Levels:
        """(n, height, width) -> (rows, columns, cell height, cell width), contiguous.

        In colour, there is one more axis. Unused pixels stay 0. If the images fill the picture, the
        result is a view of them.
        """
        shape = self.shape
        n, height, width = images.shape[:3]
        if images.size == np.prod(shape):
            return images.reshape(shape)
        tall, wide = self.cell[:2]
        top, left = (tall - height) // 2, (wide - width) // 2
        cells = np.zeros((self.rows * self.columns, *self.cell), np.uint8)
        cells[:n, top : top + height, left : left + width] = images
        return cells.reshape(shape)


def picture_of(cells: Levels) -> Levels:
    """(rows, columns, height, width, ...) -> (rows * height, columns * width, ...)."""
    rows, columns, height, width, *channels = cells.shape
    return cells.swapaxes(1, 2).reshape(rows * height, columns * width, *channels)
