"""A plane through the latent space: the two latents that vary, and its centre."""

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from latentbook.http.problems import wrong_field
from latentbook.http.requests import Strict
from latentbook_decoders.decoding.decoders import Opened

LARGEST = 10_000.0
NUMBER = r"[-+]?([0-9]{1,5}(\.[0-9]{0,20})?|\.[0-9]{1,20})([eE][-+]?[0-9]{1,2})?"


class PlaneQuery(Strict):
    axes: str = Field(
        "0,1",
        pattern=r"^[0-9]{1,4},[0-9]{1,4}$",
        description="The two latents that vary, counted from 0: first to the right, then up.",
        examples=["0,1"],
    )
    at: str = Field(
        "",
        pattern=rf"^({NUMBER}(,{NUMBER})*)?$",
        max_length=2048,
        description="The centre of the plane, one number per latent; the default is the origin.",
        examples=["0,0"],
    )
    weights: str = Field(
        "",
        pattern=r"^([0-9a-f]{8,64})?$",
        description="At least the first 8 digits of the sha256 of the weights. The response can "
        "then be cached for a year, and is 404 once the model has been retrained.",
    )

    def check_weights(self, model: Opened) -> None:
        """Raise a 404 problem if the model has different weights by now."""
        sha256 = model.card["weights"]["sha256"]
        if not sha256.startswith(self.weights):
            raise wrong_field("weights", f"They are {sha256}. Received {self.weights}.", 404)

    def axes_of(self, model: Opened) -> tuple[int, int]:
        across, up = (int(axis) for axis in self.axes.split(","))
        last = model.latent_dim - 1
        if last < 1:
            raise wrong_field("axes", f"{model.name} has one latent, so it has no plane.")
        if across == up or max(across, up) > last:
            raise wrong_field(
                "axes",
                f"Two different numbers from 0 to {last} are accepted. Received '{self.axes}'.",
            )
        return across, up

    def centre_of(self, model: Opened) -> NDArray[np.float64]:
        if not self.at:
            return np.zeros(model.latent_dim)
        at = np.array([float(number) for number in self.at.split(",")])
        if len(at) != model.latent_dim or np.abs(at).max() > LARGEST:
            raise wrong_field(
                "at",
                f"{model.latent_dim} numbers from {-LARGEST:g} to {LARGEST:g} are accepted, one "
                f"per latent of {model.name}. Received {len(at)}, the largest "
                f"{np.abs(at).max():g}.",
            )
        return at


def plane_codes(
    z1: NDArray[np.float64],
    z2: NDArray[np.float64],
    axes: tuple[int, int],
    at: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Codes of a grid in a plane, row by row from the top, of shape (rows * columns, latent_dim).

    Parameters
    ----------
    z1 : steps along the first axis, from left to right
    z2 : steps along the second axis, from the top down
    at : the centre, of shape (latent_dim,)
    """
    codes = np.tile(at, (len(z2), len(z1), 1))
    codes[:, :, axes[0]] += z1[None, :]
    codes[:, :, axes[1]] += z2[:, None]
    return codes.reshape(-1, len(at)).astype(np.float32)
