"""Sounds that a snippet has made."""

import base64
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 600, 60  # of the picture, px
COLOUR = "#2a8f88"


class Sound:
    """A sound to be heard and seen: the last expression of a snippet.

    Parameters
    ----------
    samples : ndarray of shape (n,), from -1 to 1; louder ones are scaled down together
    rate : samples per second, Hz
    alt : the sound described in words

    Raises
    ------
    ValueError
        If the samples are not one row of finite numbers.
    """

    def __init__(self, samples: NDArray[Any], rate: int, alt: str) -> None:
        self.samples = np.asarray(samples, dtype=float)
        self.rate, self.alt = rate, alt
        if self.samples.ndim != 1 or not len(samples) or not np.isfinite(self.samples).all():
            shape = " x ".join(map(str, self.samples.shape))
            raise ValueError(f"A sound is one row of finite numbers; got an array of {shape}.")
        self.samples = self.samples / max(1.0, float(np.abs(self.samples).max()))

    def wav(self) -> bytes:
        """The sound as a file: one channel of 16 bits (the WAVE form of RIFF)."""
        data: bytes = np.rint(self.samples * (2**15 - 1)).astype("<i2").tobytes()
        numbers = ((16, 4), (1, 2), (1, 2), (self.rate, 4), (2 * self.rate, 4), (2, 2), (16, 2))
        form = b"".join(number.to_bytes(size, "little") for number, size in numbers)
        head = b"WAVEfmt " + form + b"data" + len(data).to_bytes(4, "little")
        return b"RIFF" + (len(head) + len(data)).to_bytes(4, "little") + head + data

    def _repr_html_(self) -> str:
        middle, alt = HEIGHT / 2, escape(self.alt)
        columns = [
            (each.max(), each.min())
            for each in np.array_split(self.samples, min(WIDTH, len(self.samples)))
        ]
        step = WIDTH / len(columns)
        path = "".join(
            f"M{(i + 0.5) * step:.1f} {middle * (1 - high):.1f}V{middle * (1 - low) + 0.5:.1f}"
            for i, (high, low) in enumerate(columns)
        )
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}">'
            f'<path d="{path}" stroke="{COLOUR}" stroke-width="{step:.2f}"/></svg>'
        )
        picture, sound = (base64.b64encode(each).decode() for each in (svg.encode(), self.wav()))
        return (
            f'<figure><img alt="" src="data:image/svg+xml;base64,{picture}">'
            f'<audio controls aria-label="{alt}" src="data:audio/wav;base64,{sound}"></audio>'
            f"<figcaption>{alt}</figcaption></figure>"
        )
