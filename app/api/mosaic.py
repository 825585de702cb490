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

    def picture(self, tiles: Grey) -> Grey:
        """The images in their cells; cells without one stay paper.

        Parameters
        ----------
        tiles : ndarray of shape (n, height, width), n <= rows * columns

        Returns
        -------
        ndarray of shape (rows * cell height, columns * cell width)
        """
        n, height, width = tiles.shape
        top, left = (self.cell[0] - height) // 2, (self.cell[1] - width) // 2
        picture = np.zeros((self.rows, self.cell[0], self.columns, self.cell[1]), np.uint8)
        inner = picture[:, top : top + height, :, left : left + width].swapaxes(1, 2)
        full, rest = divmod(n, self.columns)
        inner[:full] = tiles[: n - rest].reshape(full, self.columns, height, width)
        if rest:
            inner[full, :rest] = tiles[n - rest :]
        return picture.reshape(self.shape)
