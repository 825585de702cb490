"""Numbers of chapter 4."""

from statistics import NormalDist

import numpy as np

from widgets import analogies
from widgets import collapse as _live
from widgets.data import load
from widgets.kit.encoders import encode_as

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

# Half a turn of sixes and nines: what of it passes through the map that the loss sees, as a share
# of squared length, and of the difference between two digits
_gallery = load("mnist_gallery")
_images = _gallery["images"] / 255
_six_or_nine = _images[np.isin(_gallery["labels"], (6, 9))]
_half = len(_images) // 2


def _passed(encoder, file):
    matrix = load(file)["w3"].astype(float)
    turned, upright = (encode_as(encoder, x) for x in (_six_or_nine[:, ::-1, ::-1], _six_or_nine))
    every = encode_as(encoder, _images)
    moves = {"turn": turned - upright, "digits": every[:_half] - every[_half : 2 * _half]}
    return {
        name: 100 * np.square(move @ matrix).sum() / np.square(move).sum()
        for name, move in moves.items()
    }


passed = {
    "any": _passed("contrastive_turns", "mnist_contrastive_turns"),
    "small": _passed("contrastive", "mnist_contrastive"),
}
_every = encode_as("contrastive_turns", _images)
_widest = np.linalg.svd(_every - _every.mean(axis=0), full_matrices=False)[2][:32]


def _unit(codes):
    return codes / np.linalg.norm(codes, axis=1, keepdims=True)


def _by_components(images):
    return _unit((encode_as("contrastive_turns", images) - _every.mean(axis=0)) @ _widest.T)


_apart = _by_components(_images[:_half]) - _by_components(_images[_half : 2 * _half])
_turned = _by_components(_six_or_nine[:, ::-1, ::-1]) - _by_components(_six_or_nine)
moved_by_components = np.linalg.norm(_turned, axis=1).mean() / np.linalg.norm(_apart, axis=1).mean()

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


def _evened(codes):
    """The two numbers of each code uncorrelated, and with the quantiles of the prior."""
    axes = np.linalg.svd(codes - codes.mean(axis=0), full_matrices=False)[0]
    ranks = np.argsort(np.argsort(axes, axis=0), axis=0)
    return np.vectorize(NormalDist().inv_cdf)((ranks + 0.5) / len(codes))


def _right(codes):
    """Percent of the questions three steps apart that are answered right, any stroke allowed."""
    a, b, c, d = analogies.questions(3)
    answers = analogies.all_answers(analogies.distances(codes), a, b, c, 3)[0]
    return 100 * np.mean(answers == d)


def _largest_step(codes):
    """From one stroke to the next on the grid, by the median of these steps."""
    grid = codes.reshape(analogies.GRID, analogies.GRID, -1)
    steps = [np.linalg.norm(np.diff(grid, axis=axis), axis=2).ravel() for axis in (0, 1)]
    return np.max(np.concatenate(steps)) / np.median(np.concatenate(steps))


_runs_of = {
    encoder: [analogies.codes_of(encoder, run, _strokes) for run in range(analogies.RUNS)]
    for encoder in ("vae", "autoencoder")
}
_plain_evened = [_right(_evened(codes)) for codes in _runs_of["autoencoder"]]
_plain_steps = [_largest_step(codes) for codes in _runs_of["autoencoder"]]
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
    "plain": {
        "as_is": np.mean([_right(codes) for codes in _runs_of["autoencoder"]]),
        "evened": np.mean(_plain_evened),
        "evened_least": min(_plain_evened),
        "evened_most": max(_plain_evened),
        "step_least": min(_plain_steps),
        "step_most": max(_plain_steps),
    },
    "vae_step": max(_largest_step(codes) for codes in _runs_of["vae"][:4]),
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
