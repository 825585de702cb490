"""Numbers that this chapter quotes: patterns in decoders, and what hidden pixels cost."""

import numpy as np

from latentbook.models.cards import card
from latentbook.models.full_data import read_full_data
from widgets.checkerboard import KINDS, log_odds
from widgets.data import load
from widgets.permuted_pixels import BLOCKS, fill_in

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


def _phases(images):
    """Means of the four pixels of a block of 2 x 2, over all blocks: (n, 28, 28) to (n, 4)."""
    return images.reshape(-1, 14, 2, 14, 2).mean((1, 3)).reshape(-1, 4)


# Percent of the variance at stride 2: means of the seeds at some steps, and their ends
_energy = 100 * _data["energy"].astype(float)  # (kinds, seeds, steps)
_steps = _data["steps"].tolist()
at_stride = {
    kind: {
        "new": shares[:, 0].mean(),
        "new_least": shares[:, 0].min(),
        "new_most": shares[:, 0].max(),
        "fifty": shares[:, _steps.index(50)].mean(),
        "hundred": shares[:, _steps.index(100)].mean(),
        "trained": shares[:, -1].mean(),
        "least": shares[:, -1].min(),
        "most": shares[:, -1].max(),
    }
    for kind, shares in zip(KINDS, _energy, strict=True)
}
errors = {
    kind: float(np.mean(found))
    for kind, found in card("upsampling")["metrics"]["squared_error_to_test_images"].items()
}

# Standard deviations within an image: of the pattern at stride 2, and of all of it
pattern, spread = {}, {}
for _stage, _name in enumerate(("new", "early", "trained")):  # after 0, 100 and 2,000 steps
    for _kind in KINDS:
        _drawn = np.stack(
            [log_odds(_data["codes"][i], _data, _kind, _stage) for i in _digits["position"]]
        )
        pattern.setdefault(_kind, {})[_name] = float(_phases(_drawn).std(1).mean())
        spread.setdefault(_kind, {})[_name] = float(_drawn.std((1, 2)).mean())
        if _kind == "transposed":
            _image = 1 / (1 + np.exp(-_drawn))
            pattern.setdefault("image", {})[_name] = float(_phases(_image).std(1).mean())

# Half of the pixels hidden: the given ink handed back, with one grey where nothing is given, as a
# hidden pixel cannot be told from paper
_pixels = read_full_data("benchmark_pixels")
_test = _pixels["test"] / 255
_ink = _test[_test > 0]
_grey = 0.5 * _ink.sum() / (_test.size - 0.5 * _ink.size)  # the best one
_wrong = 0.5 * np.sum((_ink - _grey) ** 2) + np.sum(_test == 0) * _grey**2
handed_back = {"grey": float(_wrong / len(_test))}


def _on_given(block):
    """Squared error of the convolution on the pixels that it was given, mean of 200 digits."""
    data, rng = load("shuffled_pixels"), np.random.default_rng(0)
    which, errors = BLOCKS.index(block), []
    for x in _test[rng.permutation(len(_test))[:200]]:
        ordered, given = x[data["orders"][which]], rng.random(x.size) < 0.5
        answer = fill_in((ordered * given).reshape(28, 28), data, which).ravel().clip(0, 1)
        errors.append(np.sum((answer - ordered)[given] ** 2))
    return float(np.mean(errors))


unshuffled_error, shuffled_error = ({"given": _on_given(block)} for block in (1, 28))
