"""Numbers of chapter 4."""

import numpy as np

from widgets import analogies
from widgets import collapse as _live
from widgets.data import load

# Hidden patches: squared errors per hidden pixel, by the number hidden
_study, _pixels = load("mnist_masking"), load("mnist_gallery")["images"] / 255
_trained = {
    int(hidden): row for hidden, row in zip(_study["hidden"], _study["errors"], strict=True)
}
_two, _four, _eight = 1, 3, 7  # places in `tested`, which counts from 1
masking = {
    "blank": np.mean(_pixels**2),
    "two": _trained[12][:, _two].tolist(),  # by seed
    "mean_two": _study["mean"][_two],
    "four_at": {
        name: _trained[4][:, at].mean()
        for name, at in (("two", _two), ("four", _four), ("eight", _eight))
    },
    "correlation": {  # of the error at so many hidden with what a probe reads, over 15 networks
        name: np.corrcoef(_study["errors"][:, :, hidden - 1].ravel(), _study["probes"].ravel())[
            0, 1
        ]
        for name, hidden in (("two", 2), ("nine", 9), ("fourteen", 14))
    },
}

# Contrast: of 128 candidates, how often the nearest wrong one shows the same digit, and how much
# of the push away from wrong ones goes to those that do
_views = load("mnist_views")
_z = _views["contrastive"].astype(float)
_z /= np.linalg.norm(_z, axis=2, keepdims=True)
_s = _z[:, 0] @ _z[:, 1].T
_wrong = ~np.eye(len(_s), dtype=bool)
_alike = _wrong & (_views["labels"][:, None] == _views["labels"])


def _push_on_alike(tau):
    share = np.exp(_s / tau)
    share /= share.sum(axis=1, keepdims=True)
    return 100 * share[_alike].sum() / share[_wrong].sum()


_nearest = np.where(_wrong, _s, -np.inf).argmax(axis=1)
negatives = {
    "nearest": 100 * np.mean(_alike[np.arange(len(_s)), _nearest]),
    "push_cold": _push_on_alike(0.1),
    "push_warm": _push_on_alike(0.5),
    "chance": 100 * _alike.sum() / _wrong.sum(),
}

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

# Collapse: ten seeds each of what 500 steps leave, by `latentbook train collapse_runs`
_runs = load("collapse_runs")
_std, _rank, _apart, _alike_runs = np.moveaxis(_runs["runs"].astype(float), 2, 0)
_by_switches = {tuple(np.flatnonzero(on)): row for row, on in enumerate(_runs["on"])}
_negatives, _two_terms, _both = (_by_switches[on] for on in ((0,), (1, 2), (3, 4)))
_collapsed = _std.mean(axis=1) < 0.2
_images, _labels = _live.digits()
_rows = _live.rows(_images)
_axes = np.linalg.svd(_rows[: _live.TRAIN], full_matrices=False)[2][: _live.NUMBERS]


def _neighbours_alike(codes):
    """Percent of the other 125 digits whose nearest by angle, of those trained on, is alike."""
    u = codes / np.linalg.norm(codes, axis=1, keepdims=True)
    nearest = (u[_live.TRAIN :] @ u[: _live.TRAIN].T).argmax(axis=1)
    return 100 * np.mean(_labels[nearest] == _labels[_live.TRAIN :])


def _mean_and_error(differences):
    error = differences.std(ddof=1) / np.sqrt(len(differences))
    return {"mean": 100 * differences.mean(), "error": 100 * error}


def _spoiled(runs):
    std, rank, _, alike = runs.astype(float).T
    return {
        "std_least": std.min(),
        "std_most": std.max(),
        "rank_least": rank.min(),
        "rank_most": rank.max(),
        "alike": 100 * alike.mean(),
        "alike_sd": 100 * alike.std(ddof=1),
    }


_with_mean, _as_fast = _runs["varied"]
collapse = {
    "views": {"collapsed": _apart[_collapsed].max(), "others": _apart[~_collapsed].min()},
    "pixels": _neighbours_alike(_rows),
    "pca": _neighbours_alike(_rows @ _axes.T),
    "behind": _mean_and_error(_alike_runs[_negatives] - _alike_runs[_two_terms]),
    "both": _spoiled(_runs["runs"][_both]),
    "with_mean": _spoiled(_with_mean),
    "as_fast": _spoiled(_as_fast),
    "lead": _mean_and_error((_with_mean - _as_fast)[:, 3].astype(float)),
}
