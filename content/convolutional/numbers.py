"""Numbers that this chapter quotes: what is left of the finest detail once decoders are trained."""

import numpy as np

from widgets.checkerboard import KINDS, log_odds
from widgets.data import load

_data, _digits = load("upsampling"), load("mnist_images")
_along = np.abs(np.fft.fftfreq(28))
_FINE = (_along[:, None] >= 0.42) | (_along >= 0.42)  # cycles per pixel, in either direction


def _finest(images):
    """Share of the variance of images at the finest frequencies, in percent, mean over images."""
    energy = np.abs(np.fft.fft2(images - images.mean((1, 2), keepdims=True))) ** 2
    return 100 * float(np.mean(energy[:, _FINE].sum(1) / energy.sum((1, 2))))


_odds = {
    kind: np.stack([log_odds(_data["codes"][i], _data, kind, -1) for i in _digits["position"]])
    for kind in KINDS
}
finest = {
    "odds": {kind: _finest(odds) for kind, odds in _odds.items()},
    "image": {kind: _finest(1 / (1 + np.exp(-odds))) for kind, odds in _odds.items()}
    | {"digits": _finest(_digits["images"] / 255)},
}
