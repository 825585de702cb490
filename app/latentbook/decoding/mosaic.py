"""Many decoded images in one picture."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
"""0 paper, 255 ink."""


@dataclass(frozen=True)
class Mosaic:
    """The layout of a picture: row by row, each image in the middle of a cell of paper.

    Attributes
    ----------
    cell : height and width of a cell, at least those of an image
    """

    rows: int
    columns: int
    cell: tuple[int, int]

    def lay(self, images: Grey) -> Grey:
        """(n, height, width) -> (rows, columns, cell height, cell width), contiguous.

        Spare cells stay paper. If the images fill the picture, the result is a view of them.
        """
        shape = self.rows, self.columns, *self.cell
        n, height, width = images.shape
        if images.size == np.prod(shape):
            return images.reshape(shape)
        tall, wide = self.cell
        top, left = (tall - height) // 2, (wide - width) // 2
        cells = np.zeros((self.rows * self.columns, tall, wide), np.uint8)
        cells[:n, top : top + height, left : left + width] = images
        return cells.reshape(shape)


def picture_of(cells: Grey) -> Grey:
    """(rows, columns, height, width) -> (rows * height, columns * width)."""
    rows, columns, height, width = cells.shape
    return cells.swapaxes(1, 2).reshape(rows * height, columns * width)
