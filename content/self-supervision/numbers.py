"""Numbers of chapter 4."""

import numpy as np

from widgets import analogies
from widgets.data import load

# Strokes: how nearly the code of a curvature and an orientation is the sum of two parts
_strokes = load("stroke_codes")


def _miss(encoder, steps):
    """Mean squared distance of a - b + c from d, by that of two strokes some steps apart."""
    codes = analogies.codes_of(encoder, 0, _strokes)
    a, b, c, d = (codes[places] for places in analogies.questions(steps))
    step = (np.square(a - b).sum(axis=1).mean() + np.square(c - b).sum(axis=1).mean()) / 2
    return np.square(a - b + c - d).sum(axis=1).mean() / step


def _share_of_sum(encoder, run):
    """Percent of the variance that a part for each curvature and one for each orientation have."""
    grid = analogies.codes_of(encoder, run, _strokes).reshape(analogies.GRID, analogies.GRID, -1)
    grid -= grid.mean(axis=(0, 1))
    rest = grid - grid.mean(axis=0) - grid.mean(axis=1, keepdims=True)
    return 100 * (1 - np.square(rest).sum() / np.square(grid).sum())


_vae, _plain = (
    [_share_of_sum(encoder, run) for run in range(analogies.RUNS)]
    for encoder in ("vae", "autoencoder")
)
analogy = {
    "miss": {"pixels": [0.0, *(_miss("pixels", steps) for steps in (1, 2))]},  # by steps
    "sum": {
        "vae_least": min(_vae[:4]),
        "vae_torn": _vae[4],
        "plain_least": min(_plain),
        "plain_most": max(_plain),
    },
}
