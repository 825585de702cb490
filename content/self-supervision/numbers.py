"""Numbers of chapter 4."""

from statistics import NormalDist

import numpy as np

from latentbook_decoders.models.cards import card
from widgets import analogies, infonce
from widgets import collapse as _live
from widgets import pmi as _pmi
from widgets.data import load
from widgets.kit.encoders import TWO_VIEWS, encode_as
from widgets.kit.masked import (
    AWAY,
    NEAREST,
    PATCHES,
    draw_all,
    encode_visible,
    multiplications,
    to_patches,
)

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
    """Percent of the squared steps in a code that the head does not send to zero."""
    matrix = load(file)["w3"].astype(float)
    turned, upright = (encode_as(encoder, x) for x in (_six_or_nine[:, ::-1, ::-1], _six_or_nine))
    every = encode_as(encoder, _images)
    moves = {"turn": turned - upright, "digits": every[:_half] - every[_half : 2 * _half]}
    live = np.concatenate([turned, every]).any(axis=0)  # some units are 0 for every digit
    kept = np.linalg.svd(matrix[live], full_matrices=False)[0]
    return {
        name: 100 * np.square(move[:, live] @ kept).sum() / np.square(move).sum()
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

# The same if the digits held out are drawn: each draw has its own principal components and networks
_held_out = card("controls")["metrics"]["digits_held_out"]
held_out = {
    "draws": len(_held_out["components"]),
    "pca": np.mean(_held_out["components"]),
    "negatives": np.mean(_held_out["negatives"]),
    "two_terms": np.mean(_held_out["variance + decorrelation"]),
    "lead": _mean_and_error(np.subtract(_held_out["negatives"], _held_out["components"]) / 100),
}

# The masked autoencoders of the study, by the number of patches hidden in training
_at_twelve = 11  # place in `tested`
masked_network = {
    "weights": card("mnist_masked")["parameters"],
    "copying": _study["nearest"][_at_twelve],
    "mean": _study["mean"][_at_twelve],
    "error": _trained[12][0, _at_twelve],
    "read": 100 * card("mnist_masked")["metrics"]["probe_accuracy"],
}


def _near_visible():
    """Squared errors of hidden pixels within 1.5 px of a visible one, 12 of 16 patches hidden."""
    rng, errors = np.random.default_rng(0), []
    mean = load("mnist_masked")["mean"].ravel()
    for x in _pixels.reshape(len(_pixels), -1):
        visible = rng.permutation(PATCHES)[12:]
        away, source = AWAY[:, visible], NEAREST[:, visible]
        nearest = away.argmin(axis=1)[:, None]
        near = (away.min(axis=1) > 0) & (away.min(axis=1) < 1.5**2)
        copied = x[np.take_along_axis(source, nearest, axis=1)[:, 0]]
        errors.append(np.square([copied - x, mean - x])[:, near])
    return np.concatenate(errors, axis=1).mean(axis=1)


near_visible = dict(zip(("copying", "mean"), _near_visible().tolist(), strict=True))


def _mean_and_sd(values):
    values = np.asarray(values, float)
    return {
        "mean": values.mean(),
        "sd": values.std(ddof=1),
        "least": values.min(),
        "most": values.max(),
    }


_whole = multiplications(PATCHES, 64, 2)  # tokens of 64 numbers, two blocks
hidden = {
    str(count): {
        "work": 100 * multiplications(PATCHES - count, 64, 2) / _whole,
        "error": _mean_and_sd(_trained[count][:, count - 1]),
        "read": _mean_and_sd(100 * probes),
    }
    for count, probes in zip(_trained, _study["probes"], strict=True)
}
_metrics = card("mnist_masking")["metrics"]
nothing_hidden = _mean_and_sd(100 * np.array(_metrics["probe_accuracy_nothing_hidden"]))
untrained_read = 100 * _study["untrained"].mean()
pixels_read = 100 * float(_study["pixels"])

# InfoNCE: the floor of 128 codes of length 1, and what pairs of Gaussians reach
_floor = np.log(np.exp(2) + 127 * np.exp(-2 / 127)) - 2  # others at the cosine -1/127, tau 0.5
_pairs = np.random.default_rng(0).normal(size=(2, 200, 128, infonce.DIMENSIONS))
infonce_of = {
    "ceiling_64": np.log(64),
    "ceiling_128": np.log(128),
    "floor_128": _floor,
    "gained_128": np.log(128) - _floor,
    "gaussians_128": infonce.gaussian_bounds(*_pairs, 10.0).mean(),
}


# The table of words and contexts: what the best similarity reaches, and codes of few numbers
def _codes_of_table(steps=400, **changed):
    """What codes trained on a table give, as in the instrument."""
    settings = {**_pmi.instrument.defaults(), **changed, "steps": steps}
    state = _pmi.start(**settings)
    for _ in range(steps):
        state = _pmi.step(state, **settings)
    return _pmi.compute(state, [], **settings)


def _limit(s, p):
    """log N - InfoNCE of a similarity as the candidates become many."""
    return np.sum(p * _pmi.as_pmi(s, p))


def _weighed_least_squares(p, rank):
    """The similarity of that rank with the least squared error, a pair weighed by p.

    Codes and c(x) in turns, each by its regression on the other; the best of five starts.
    """
    truth = _pmi.pmi(p)
    best, least = None, np.inf
    for seed in range(5):
        contexts = np.random.default_rng(seed).normal(size=(len(p), rank))
        for _ in range(500):
            with_one = np.column_stack([contexts, np.ones(len(p))])  # the last number is c(x)
            words = _regressions(with_one, truth, p)
            shifted = truth - words[:, -1:]
            contexts = _regressions(words[:, :-1], shifted.T, p.T)
        s = words[:, :-1] @ contexts.T
        off = np.sum(p * (s + words[:, -1:] - truth) ** 2)
        if off < least:
            best, least = s, off
    return best


def _regressions(known, wanted, weights):
    """For each row of `wanted` its coefficients by the columns of `known`, weighed."""
    return np.stack(
        [
            np.linalg.solve((known * w[:, None]).T @ known, (known * w[:, None]).T @ row)
            for row, w in zip(wanted, weights, strict=True)
        ]
    )


def _misses(numbers, temperature, starts=6):
    """How far codes of the angles, of length 1, are off PMI after each start."""
    return [
        _codes_of_table(
            table="angles", length="one", numbers=numbers, temperature=temperature, seed=seed
        )["miss"]
        for seed in range(starts)
    ]


_words = _pmi.joint("words", 1.0)
_two_numbers = [np.sum(_words * _codes_of_table(seed=seed)["learned"]) for seed in range(6)]
_ratio = _pmi.pmi(_words)
_in_plane, _in_space, _too_warm = _misses(2, 0.2, 24), _misses(3, 0.2), _misses(3, 0.4)
_cold, _warm = (
    [_codes_of_table(length="one", numbers=3, temperature=tau, seed=seed) for seed in range(5)]
    for tau in (0.1, 1.0)
)
pmi_of = {
    "information": np.sum(_words * _ratio),
    "best": dict(zip(map(str, _pmi.CANDIDATES), _pmi.bounds(_ratio, _words), strict=True)),
    "two": {
        "least": min(_two_numbers),
        "most": max(_two_numbers),
        "svd": _limit(_pmi.truncated(_ratio - _ratio.mean(axis=1)[:, None], 2), _words),
        "weighed": _limit(_weighed_least_squares(_words, 2), _words),
    },
    "angles": {
        "fit": sum(miss < 0.05 for miss in _in_plane),
        "stuck_least": min(miss for miss in _in_plane if miss >= 0.05),
        "space_most": max(_in_space),
        "warm_least": min(_too_warm),
    },
    "alignment": {
        "cold": np.mean([each["alignment"] for each in _cold]),
        "warm": np.mean([each["alignment"] for each in _warm]),
        "cold_reached": np.mean([each["bounds"][-1] for each in _cold]),
        "warm_reached": np.mean([each["bounds"][-1] for each in _warm]),
    },
}

# The first student of a random teacher, and what may have taught it: neighbours alike, percent
_digits, _classes = _live.digits()
_learning = _digits[: _live.TRAIN]
_many = np.tile(_learning, (20, 1, 1))


def _look(code):
    u = _live.unit(_live.rows(_digits) @ code)[0]
    near = (u[_live.TRAIN :] @ u[: _live.TRAIN].T).argmax(axis=1)
    return 100 * np.mean(_classes[near] == _classes[_live.TRAIN :])


def _prediction(one, other):
    """What the first images say of the second, by ridge regression."""
    one, other = _live.rows(one), _live.rows(other)
    total = one.T @ one / len(one) + 1e-3 * np.eye(one.shape[1])
    return np.linalg.solve(total, one.T @ other / len(one))


_rng = np.random.default_rng(0)
_one, _other = (_live.view(_many, _rng) for _ in range(2))
_place = np.arange(_live.SIDE)
_blur = np.exp(-0.5 * (np.subtract.outer(_place, _place) / 0.8) ** 2)
_taught_by = {
    "same": _prediction(_learning, _learning),
    "wrong": _prediction(_one, _rng.permutation(_other)),
    "student": _prediction(_one, _other),
    "blurred": np.kron(_blur, _blur),
}
_teachers = np.random.default_rng(10).normal(size=(60, _live.SIDE**2, 8))
taught = {
    name: np.mean([_look(best @ teacher) for teacher in _teachers])
    for name, best in _taught_by.items()
}

# Two views: percent of digits that a probe names, and of sixes and nines that it takes for others
_two_views = {name: card(file)["metrics"] for name, file in TWO_VIEWS.items()}
_measured = card("mnist_views")["metrics"]
_SIXES_AND_NINES = 1967


def _percent(share, count=10_000):
    """Of a share that a card has with four digits, the count that it was."""
    return 100 * round(share * count) / count


def _of_codes(found):
    confused = "six_named_nine_or_nine_six"
    return {
        "probe": _percent(found["probe"]),
        "upright": _percent(found[confused], _SIXES_AND_NINES),
        "turned": _percent(found[f"upside_down_{confused}"], _SIXES_AND_NINES),
        "kept": _percent(found["upside_down_six_or_nine_named_as_upright"], _SIXES_AND_NINES),
    }


by_seed = {
    name: [_of_codes(found) for found in metrics["by_seed"]] for name, metrics in _two_views.items()
}
seen_by_loss = {name: _of_codes(_measured[f"{name}_seen"]) for name in ("small", "any")}
probe = {
    "pixels": _percent(_measured["pixels"]["probe"]),
    "untrained": _percent(_two_views["contrastive"]["untrained"]["probe"]),
    "untrained_turns": _percent(_measured["untrained"][0]["probe"]),
}
few_labels = {
    name: {
        "mean": 100 * found["mean"],
        "sd": 100 * found["standard_deviation_over_draws"],
    }
    for name, found in _measured["probe_of_100_labels"].items()
}
few_labels_lead = few_labels["contrastive"]["mean"] - few_labels["pixels"]["mean"]
trained_with_few = {
    name: _mean_and_sd(100 * np.array(found))
    for name, found in _measured["trained_with_100_labels"].items()
}
confused_with_labels = [100 * share for share in _measured["sixes_and_nines_confused_with_labels"]]
encoder_weights = sum(
    load("mnist_contrastive")[part].size for part in ("w0", "b0", "w1", "b1", "w2", "b2")
)
_by_random_maps = [found["half_turn_of_six_or_nine"] for found in _measured["any_by_random_maps"]]
_untrained_turns = [found["half_turn_of_six_or_nine"] for found in _measured["untrained"]]
half_turn = {
    "untrained": _untrained_turns[0],
    "untrained_least": min(_untrained_turns),
    "untrained_most": max(_untrained_turns),
    "small": _measured["small"]["half_turn_of_six_or_nine"],
    "any": _measured["any"]["half_turn_of_six_or_nine"],
    "small_seen": _measured["small_seen"]["half_turn_of_six_or_nine"],
    "any_seen": _measured["any_seen"]["half_turn_of_six_or_nine"],
    "random_least": min(_by_random_maps),
    "random_most": max(_by_random_maps),
}
_nearest_other = "nearest_of_six_is_nine_or_of_nine_six"
without = {  # the loss on the code itself, or on the numbers before its ReLU; by seed
    name: [
        {
            "half_turn": found["half_turn_of_six_or_nine"],
            "nearest_is_other": 100 * found[_nearest_other],
            "probe": _percent(found["probe"]),
        }
        for found in _measured[f"any_without_{name}"]
    ]
    for name in ("head", "head_or_relu")
}
nearest_is_other = {
    "untrained": 100 * _measured["untrained"][0][_nearest_other],
    "any_seen": 100 * _measured["any_seen"][_nearest_other],
    "any": 100 * _measured["any"][_nearest_other],
    "four_seven": 100 * _measured["any_seen"]["neighbours_of_another_digit"]["4 and 7"],
}
at_90 = {name: 100 * _measured[name]["right_at_90"] for name in ("small", "any", "any_seen")}


# Strokes: percent of analogies answered right, by steps between the strokes of a question
def _answered(encoder, steps, run=0, everything=False):
    """With any stroke allowed, without those of the question, and by the nearest to a and c."""
    away = analogies.distances(analogies.codes_of(encoder, run, _strokes))
    a, b, c, d = analogies.questions(steps)
    answers = analogies.all_answers(away, a, b, c, 1 if everything else steps)
    any_stroke, without, _, nearest = 100 * np.mean(answers == d, axis=1)
    return {"any": any_stroke, "without": without, "nearest": nearest}


_everything = [_answered("vae", 3, run, everything=True)["any"] for run in range(4)]
_plain_answered = [_answered("autoencoder", 3, run)["any"] for run in range(5)]
answered = {
    "pixels": {str(steps): _answered("pixels", steps) for steps in (1, 2)},
    "pca": _answered("pca", 1),
    "digits": {str(steps): _answered("network", steps) for steps in (1, 3)},
    "masked": _answered("masked", 3),
    "vae_torn": _answered("vae", 3, run=4)["any"],
    "vae_least": min(_answered("vae", 3, run)["any"] for run in range(4)),
    "vae_everything": {"least": min(_everything), "most": max(_everything)},
    "plain": {"least": min(_plain_answered), "most": max(_plain_answered)},
}
_rebuilt = card("stroke_codes")["metrics"]["squared_error_by_seed"]["vae"]
vae_error = {"least": min(_rebuilt[:4]), "most": max(_rebuilt[:4]), "torn": _rebuilt[4]}

# Collapse: the runs of the table, and what becomes of a collapsed code
_switches = {
    "nothing": (),
    "negatives": (0,),
    "variance": (1,),
    "decorrelation": (2,),
    "predictor": (3,),
    "stop": (4,),
    "variance_decorrelation": (1, 2),
    "predictor_stop": (3, 4),
    "negatives_predictor": (0, 3),
    "negatives_variance_decorrelation": (0, 1, 2),
    "all": (0, 1, 2, 3, 4),
}


def _remedy(runs):
    std, rank, _, alike = runs.astype(float).T
    return {
        "std": _mean_and_sd(std),
        "rank": _mean_and_sd(rank),
        "alike": _mean_and_sd(100 * alike),
    }


remedies = {name: _remedy(_runs["runs"][_by_switches[on]]) for name, on in _switches.items()} | {
    "before": _remedy(_runs["untrained"])
}

# Teachers: with the stop-gradient, by memory and predictor; what they gain over none, in pairs
_taught = {
    (float(memory), bool(predictor)): runs
    for (memory, predictor), runs in zip(_runs["teachers"], _runs["taught"], strict=True)
}
_no_teacher = {True: _runs["runs"][_both], False: _runs["runs"][_by_switches[4,]]}
_names_of_memory = {0.9: "least", 0.99: "little", 0.999: "much", 1.0: "all"}
teachers = {
    ("predictor" if predictor else "alone"): {
        name: _remedy(_taught[memory, predictor])
        | {
            "gained": _mean_and_error(
                (_taught[memory, predictor] - _no_teacher[predictor])[:, 3].astype(float)
            )
        }
        for memory, name in _names_of_memory.items()
    }
    for predictor in (False, True)
}
teachers_longer = {
    ("predictor" if predictor else "alone"): {
        ({0.0: "none"} | _names_of_memory)[memory]: {"rank": rank, "alike": 100 * alike}
        for (memory, with_predictor), (_, rank, _, alike) in zip(
            _runs["teachers_longer"].tolist(), _runs["taught_longer"].mean(axis=1), strict=True
        )
        if with_predictor == predictor
    }
    for predictor in (False, True)
}
teachers_slowest = {
    _names_of_memory[float(memory)]: dict(
        zip(("std", "rank", "apart", "alike"), np.mean(runs, axis=0) * [1, 1, 1, 100], strict=True)
    )
    for memory, runs in card("controls")["metrics"]["slowest_teachers"].items()
}

# False negatives: what leaving them out in training gains, and what leaving out as many others
_all, _no_false, _no_others = np.moveaxis(100 * _runs["by_temperature"][..., 3].astype(float), 1, 0)
left_out = {
    f"{tau:g}".replace(".", "_"): {
        "all": _mean_and_sd(_all[i]),
        "false": _mean_and_sd(_no_false[i]),
        "others": _mean_and_sd(_no_others[i]),
        "gained": _mean_and_error((_no_false[i] - _no_others[i]) / 100),
    }
    for i, tau in enumerate(_runs["temperatures"].tolist())
}
_left = card("controls")["metrics"]["nearest_left_out"]


def _lost_without(which):
    """By temperature, the points of neighbours that go with as many of the nearest negatives."""
    return [
        100 * np.mean(_runs["by_temperature"][i, 0, :, 3]) - np.mean(found)
        for i, found in enumerate(_left[which].values())
    ]


nearest_out = {
    "any_least": min(_lost_without("nearest")),
    "any_most": max(_lost_without("nearest")),
    "others_least": min(_lost_without("nearest others")),
    "others_most": max(_lost_without("nearest others")),
    "push_cold": np.mean(_left["push"]["0.05"]),
    "push_warm": np.mean(_left["push"]["1"]),
}
_off = dict.fromkeys(("negatives", "variance", "decorrelation", "predictor", "stop"), False)


def _trained_on(state, **switches):
    for _ in range(300):
        state = _live.step(state, **{"seed": 0, **_off, **switches})
    return state


def _descended(state, rate):
    """The spread after 300 steps of plain gradient descent with negatives."""
    theta = state["theta"].copy()
    for step in range(300):
        rng = np.random.default_rng((0, 301 + step))
        x = _images[rng.integers(0, _live.TRAIN, _live.BATCH)]
        views = _live.rows(np.concatenate([_live.view(x, rng), _live.view(x, rng)]))
        theta -= rate * _live.loss_and_gradient(theta, views, **{**_off, "negatives": True})[1]
    return _live.spread(_live.embedded(theta, _images[_live.TRAIN :]))


_fresh = _live.start(seed=0)
_spoilt = _trained_on(_fresh)
_spread_again = _trained_on(_spoilt, variance=True)
rescue = {
    "std": _live.compute(_spoilt, [], steps=300, branch="off", at=0)["std"],
    "alike_by_variance": 100
    * _live.compute(_spread_again, [], steps=600, branch="off", at=0)["alike"],
    "descended": _descended(_spoilt, 0.003),
    "descended_fresh": _descended(_fresh, 0.003),
}

# Hidden patches one by one, of 40 digits with eight draws of twelve: root mean squared errors of
# the network and of the mean digit, and how many of the four patches beside are visible
_weights = load("mnist_masked")
_given = to_patches(load("mnist_images")["images"][:40] / 255)
_flat = to_patches(_weights["mean"][None])
_found = []
for _seed in range(8):
    _hidden = np.zeros(PATCHES, bool)
    _hidden[np.random.default_rng(_seed).permutation(PATCHES)[:12]] = True
    _visible = np.flatnonzero(~_hidden)
    _drawn = draw_all(encode_visible(_given, _visible, _weights), _visible, _weights)
    _errors = [np.sqrt(np.mean((answer - _given) ** 2, axis=2)) for answer in (_drawn, _flat)]
    _seen = np.pad(~_hidden.reshape(4, 4), 1).astype(int)
    _beside = _seen[:-2, 1:-1] + _seen[2:, 1:-1] + _seen[1:-1, :-2] + _seen[1:-1, 2:]
    _where = [np.tile(each, (40, 1)) for each in (_beside.ravel(), np.arange(PATCHES))]
    _found.append(np.stack([*_errors, *_where])[:, :, _hidden].reshape(4, -1))
_network, _mean, _beside, _place = np.concatenate(_found, axis=1)
_ink = _mean >= 0.1
_centre = np.isin(_place, (5, 6, 9, 10))


def _left(chosen):
    """The network's squared error in some patches, in % of the mean digit's."""
    return 100 * (_network[chosen] ** 2).sum() / (_mean[chosen] ** 2).sum()


by_patch = {
    "paper": 100 * np.mean(~_ink),
    "of_the_error": 100 * (_network[~_ink] ** 2).sum() / (_network**2).sum(),
    "lost": 100 * np.mean(_network[_ink] > _mean[_ink]),
    "left": [_left(_ink & (_beside == count)) for count in range(4)],
    "left_in_the_centre": [_left(_ink & _centre & (_beside == count)) for count in range(4)],
}

# Masked autoencoders with 10 patches hidden, and with 2 and a loss of all patches
_controls = card("controls")["metrics"]
_of_patches = _controls["hidden_patches"]
ten_hidden = sorted(_of_patches["ten_hidden"]["percent_read"])
ten_hidden_mean = np.mean(ten_hidden)
_read_apart = {
    name: _of_patches[name]["percent_read"]
    for name in ("eight_and_two_scored", "twelve_and_eight_scored")
}
scored_apart = {name: np.mean(read) for name, read in _read_apart.items()}
scored_apart_sd = {name: np.std(read, ddof=1) for name, read in _read_apart.items()}
two_and_longer = sorted(_of_patches["two_and_longer"]["percent_read"])
_all_scored = _of_patches["two_and_all_scored"]
all_scored = {
    "visible": np.mean(_all_scored["squared_error_per_visible_pixel"]),
    "hidden_least": min(_all_scored["squared_error_per_hidden_pixel"]),
    "hidden_most": max(_all_scored["squared_error_per_hidden_pixel"]),
    "read": np.mean(_all_scored["percent_read"]),
}
_of_parts = _controls["codes_of_parts"]
codes_of_parts = {
    "least": min(_of_parts["at_random"]),
    "most": max(_of_parts["at_random"]),
    "quarters": _of_parts["quarters"],
}

# One probe for all: percent of all test digits named right by logistic regression with 10 and 50
# labels of each digit, ten draws of these; of what was trained for the table, by seed
_controls = card("controls")["metrics"]


def _by_probe(found):
    """By number of labels, the seeds and their mean."""
    return {
        {"10": "few", "50": "many"}[per_class]: {"seeds": seeds, "mean": np.mean(seeds)}
        for per_class, seeds in found.items()
    }


one_protocol = {
    name: _by_probe(_controls[f"one_protocol_{name}"])
    for name in (
        *("untrained", "autoencoder", "denoising", "rebuilt_views", "undone_views"),
        *("teacher", "supervised"),
    )
}
one_protocol |= {
    name: _by_probe(_controls["one_protocol_baselines"][name])
    for name in ("pca", "untrained_tokens")
}
_FEW, _MANY = 3, 5  # places of 10 and 50 in the labels per class
_stored = {
    f"stored_{name}": load(f"mnist_logistic_{name}")["right"]
    for name in ("pixels", "masked", "contrastive", "vicreg")
}
one_protocol |= {
    name: {"few": {"mean": 100 * right[_FEW].mean()}, "many": {"mean": 100 * right[_MANY].mean()}}
    for name, right in _stored.items()
}
one_protocol_wrong = {
    name: 100 - one_protocol[of]["few"]["mean"]
    for name, of in (
        ("contrastive", "stored_contrastive"),
        ("vicreg", "stored_vicreg"),
        ("supervised", "supervised"),
    )
}

# Words of real text: what vectors by counting and by predicting, and their controls, are worth
_words = card("word_vectors")
words_text = {key: _words["text"][key] for key in ("words", "lines", "held_out", "least")}
words_asked = _words["metrics"]["asked"]
no_arithmetic = _controls["analogies_without_arithmetic"]
word_scores = _words["metrics"]["scores"]
word_fit = _words["metrics"]["fit"]
word_shared = _words["metrics"]["neighbours_shared"]
_seeds = [word_scores[f"predict_2{of}"] for of in ("", "_seed_1", "_seed_2")]


def _over_seeds(values):
    return {"mean": np.mean(values), "least": min(values), "most": max(values)}


word_predict = {
    key: _over_seeds([scores[key] for scores in _seeds])
    for key in ("synonym_in_ten", "same_part", "beside", "alike", "related")
} | {
    key: _over_seeds([scores["arithmetic"][key] for scores in _seeds])
    for key in ("any", "without", "near_c")
}

# Pictures and words: the two encoders of emoji and their names, shares in %
_two = card("emoji_words")["metrics"]


def _percent_of(shares):
    """The same with every share in %, at any depth."""
    if isinstance(shares, dict):
        return {key: _percent_of(value) for key, value in shares.items()}
    return [_percent_of(each) for each in shares] if isinstance(shares, list) else 100 * shares


emoji_pairs = {
    "seen": _two["seen_emoji"],
    "families": _two["seen_families"],
    "library": _two["library"],
    "temperature": _two["temperature"],
    "searched": _two["search"]["tags"],
}
emoji_found = _percent_of(_two["found"])
emoji_search = _percent_of({key: value for key, value in _two["search"].items() if key != "tags"})
emoji_groups = _percent_of({key: value for key, value in _two["groups"].items() if key != "emoji"})
emoji_names = _percent_of(_two["names"])
emoji_gap = {"new": _two["gap"], "seen": _two["gap_seen"]}
emoji_gap["beside_the_plane"] = 100 * _two["beside_the_plane"]
# Emoji by augmentation: how far a change moves a code, in units of two different emoji; what is
# told apart and read, in percent; of three seeds
_emoji = card("colour_views")["metrics"]
_by_views = _emoji["by_seed"] | {
    name: [_emoji[name]] for name in ("untrained", "pixels", "histogram")
}


def _of_seeds(runs):
    """For each value of the runs' cards its mean and its extremes."""
    return {
        key: _of_seeds([run[key] for run in runs])
        if isinstance(runs[0][key], dict)
        else {
            "mean": np.mean([run[key] for run in runs]),
            "least": min(run[key] for run in runs),
            "most": max(run[key] for run in runs),
        }
        for key in runs[0]
    }


_emoji_codes = {name: _of_seeds(runs) for name, runs in _by_views.items()}
emoji_moved = {name: found["moved"] for name, found in _emoji_codes.items()}
emoji_told = {name: found["told_apart"] for name, found in _emoji_codes.items()}
emoji_read = {name: found["read"] for name, found in _emoji_codes.items()}
emoji_seen = {name: _of_seeds(runs)["moved"] for name, runs in _emoji["seen_by_seed"].items()}
emoji_chance = _emoji["chance"]

# The two encoders again, by seed
_pairs_by_seed = list(card("emoji_words")["by_seed"].values())
emoji_seeds = {
    "found": _percent_of(_of_seeds([run["found"] for run in _pairs_by_seed])),
    "search": _percent_of(_of_seeds([run["search"]["new_artist"] for run in _pairs_by_seed])),
}

# A masked autoencoder trained further on labelled digits
tuned = {name: _controls["fine_tuned"][n] for name, n in (("hundred", "100"), ("thousand", "1000"))}

# Hidden words of held-out definitions: a transformer, and counts of neighbouring words
filled = card("masked_words")["metrics"]
far_words = _controls["far_words"]
