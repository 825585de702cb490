"""Numbers of chapter 3."""

import numpy as np

from latentbook_decoders.models.cards import card
from latentbook_decoders.models.full_data import read_full_data
from widgets.checkerboard import KINDS, log_odds
from widgets.data import load
from widgets.kit.network import decode
from widgets.morph import probabilities
from widgets.permuted_pixels import BLOCKS, errors_of, fill_in
from widgets.receptive_field import large_image

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

# Hidden pixels: what simple rules leave, per test digit
_shuffled = load("shuffled_pixels")
_train = _pixels["shown"] / 255
dense_error = {
    "unshuffled": _shuffled["dense_errors"][0],
    "least": _shuffled["dense_errors"].min(),
    "most": _shuffled["dense_errors"].max(),
}
convolution_error = {
    "unshuffled": _shuffled["convolution_errors"][0],
    "all": _shuffled["convolution_errors"][-1],
}
parameters = card("shuffled_pixels")["networks"]["parameters"]
handed_back["black"] = 0.5 * np.sum(_test**2) / len(_test)
handed_back["mean"] = 0.5 * np.sum((_test - _train.mean(axis=0)) ** 2) / len(_test)


def _by_matrix():
    """The best matrix from half of the pixels to all, over every choice of the half."""
    mean = _train.mean(axis=0)
    centred = _train - mean
    covariance = centred.T @ centred / len(centred)
    given = 0.25 * covariance + 0.25 * np.diag(np.mean(_train**2, axis=0))
    matrix = np.linalg.solve(given + 1e-4 * np.eye(784), 0.5 * covariance)
    seen = _test * (np.random.default_rng(0).random(_test.shape) < 0.5)
    answers = (mean + (seen - 0.5 * mean) @ matrix).clip(0, 1)
    return np.sum((answers - _test) ** 2) / len(_test)


by_matrix = _by_matrix()


# How many pixels a side a unit can see, and how many hold 95 % of what moves it
def _field(stride, layers, power):
    fields, held = large_image(3, stride, layers, power)
    return {"side": fields[-1], "held": held[-1], "area": 100 * (held[-1] / fields[-1]) ** 2}


field = {
    "equal_10": _field(1, 10, 2),
    "drawn_10": _field(1, 10, 1),
    "equal_40": _field(1, 40, 2),
    "drawn_40": _field(1, 40, 1),
    "strided": _field(2, 4, 2),
}
_paths = np.convolve([1, 0, 1, 0, 1, 0, 1], np.ones(4))  # kernel 4 and stride 2, two layers
_share = _paths**2 / np.sum(_paths**2)
inner_of_ten = 100 * _share[1:-1].sum() ** 2

# Weights of the three decoders, and shares at stride 2 of new ones and of digits
_PARTS = ("w0", "b0", "w1", "b1", "w2", "b2", "k0", "c0", "k1", "c1")
_weights = [sum(_data[f"{kind}_{part}"][0].size for part in _PARTS) for kind in KINDS]
decoder_weights = {"least": min(_weights), "most": max(_weights)}
_new = np.stack([log_odds(_data["codes"][i], _data, "transposed", 0) for i in _digits["position"]])
_new = 1 / (1 + np.exp(-_new))
new_range = 100 * np.mean(_new.max((1, 2)) - _new.min((1, 2)))


def _stride_share(images):
    """Percent of the variance of images that lies at stride 2, mean over images."""
    return 100 * float(np.mean(_phases(images).var(1) / images.var((1, 2))))


def _drawn_weights(kind, rng):
    """New weights of a decoder, uniform as PyTorch draws them."""
    drawn = {}
    for part in _PARTS:
        shape = _data[f"{kind}_{part}"].shape[1:]
        if part[0] == "w":
            inputs = shape[0]
        elif part[0] == "k":  # PyTorch counts the maps that a transposed convolution gives
            inputs = shape[0] * shape[1] * (shape[2] if kind == "resize" else shape[3])
        drawn[f"{kind}_{part}"] = rng.uniform(-1, 1, (1, *shape)) / np.sqrt(inputs)
    return drawn


def _new_shares(kind):
    rng = np.random.default_rng(0)
    found = []
    for _ in range(60):
        drawn = _drawn_weights(kind, rng)
        images = [log_odds(z, drawn, kind, 0) for z in _data["codes"][::125]]
        found.append(_stride_share(np.stack(images)))
    return {"mean": np.mean(found), "least": min(found), "most": max(found)}


new_weights = {kind: _new_shares(kind) for kind in KINDS}
_of_digits = card("upsampling")["metrics"]["energy_of_test_digits"]
digits_at_stride = {
    "pixels": 100 * _of_digits["pixels"],
    "log_odds": 100 * _of_digits["log_odds_of_pixels_cut_to_0.02_and_0.98"],
}
_offsets = np.subtract.outer(np.arange(28), np.arange(28)) / 0.6  # of a blur of 0.6 px
_blur = np.exp(-0.5 * _offsets**2)
_blur /= _blur[14].sum()
digits_at_stride["blurred"] = _stride_share(_blur @ _test[:1000].reshape(-1, 28, 28) @ _blur)

# The two VAEs with two latents: figures of their cards
_cards = {name: card(f"{name}_vae_mnist") for name in ("conv", "mlp")}
two_latents = {
    name: {
        "weights": found["weights"]["parameters"],
        "epochs": found["epochs"],
        "nats": found["metrics"]["negative_elbo"]["mean"],
        "nats_error": found["metrics"]["negative_elbo"]["standard_error"],
        "error": found["metrics"]["squared_error"]["mean"],
        "error_error": found["metrics"]["squared_error"]["standard_error"],
    }
    for name, found in _cards.items()
}
# Sixteen latents: by what each changes the images of test codes, on its way from -2 to 2
_sixteen = load("conv_vae_mnist_16_planes")
_sixteen_codes = _sixteen["codes"].astype(float)


def _change_along(latent):
    images = []
    for end in (-2, 2):
        codes = _sixteen_codes.copy()
        codes[:, latent] = end
        images.append(decode(codes, _sixteen))
    return np.sum((images[1] - images[0]) ** 2, axis=(1, 2))


_spoken = np.flatnonzero(_sixteen["kl"] > 0.02)
_changes = np.array([_change_along(latent) for latent in _spoken])
_ranks = [np.argsort(np.argsort(each)) for each in (_sixteen["kl"][_spoken], _changes.mean(1))]
_most_spoken = _changes[np.argmax(_sixteen["kl"][_spoken])]
sixteen = {
    "digits": len(_sixteen_codes),
    "correlation": np.corrcoef(*_ranks)[0, 1],
    "most_spoken": {"least": _most_spoken.min(), "most": _most_spoken.max()},
}

# What the best single number tells about a face, in percent of a factor's entropy
_latents = card("face_latents")["metrics"]
_best = {
    name: {factor: 100 * first for factor, (first, _) in found.items()}
    for name, found in _latents["best"].items()
}
_turned = [found for name, found in _best.items() if name.startswith("turned")]
latents = {
    "least": _latents["nats"][0],
    "turns": len(_turned),
    "chance": max(_best["shuffled"].values()),
    "latents": _best["latents"],
    "principal_components": _best["principal_components"],
    "turned": {
        factor: {
            "mean": np.mean([found[factor] for found in _turned]),
            "least": min(found[factor] for found in _turned),
            "most": max(found[factor] for found in _turned),
        }
        for factor in _best["latents"]
    },
}
faces_mouth = {
    way: 100 * share for way, share in card("faces")["metrics"]["probes"]["mouth"].items()
}

dense_ahead = two_latents["conv"]["nats"] - two_latents["mlp"]["nats"]


# Spatial codes: weights and biases, test digits that have the room to move, and 49 components
def _convolution(maps_in, maps_out, k):
    return maps_out * (maps_in * k**2 + 1)


def _dense(n_in, n_out):
    return n_out * (n_in + 1)


_down = _convolution(1, 16, 4) + _convolution(16, 24, 4)
_up = _convolution(24, 16, 3) + _convolution(16, 1, 3)
_deeper = _convolution(24, 24, 3) + _convolution(24, 1, 3) + _convolution(1, 24, 3)
code_weights = {
    "spatial": _down + _convolution(24, 1, 1) + _convolution(1, 24, 1) + _up,
    "flat": _down + _dense(24 * 49, 49) + _dense(49, 24 * 49) + _up,
    "deeper": _down + _deeper + _convolution(24, 24, 3) + _up,
}
_images = _test.reshape(-1, 28, 28)
_room = (_images[:, -4:].sum((1, 2)) == 0) & (_images[:, :, -4:].sum((1, 2)) == 0)
with_room = np.sum(_room)
_pca = load("mnist_pca")
_axes = _pca["components"][:49].astype(float)
_rebuilt = _pca["mean"] + (_test - _pca["mean"]) @ _axes.T @ _axes
_left = np.sum((_rebuilt - _test) ** 2, axis=1)
components = {
    "all": _left.mean(),
    "with_room": _left[_room].mean(),
    "cut": np.mean(np.sum((_rebuilt.clip(0, 1) - _test) ** 2, axis=1)),
}
_rim = np.ones((28, 28), bool)
_rim[1:-1, 1:-1] = False
touching = 100 * np.mean(_train[:, _rim.ravel()].any(axis=1))


# How sure the classifier is of noise, of collages of blocks from sixteen digits, and of digits
_rng = np.random.default_rng(0)
_blocks = _images.reshape(-1, 4, 7, 4, 7).swapaxes(2, 3)
_rows, _columns = np.indices((4, 4))
_collages = _blocks[_rng.integers(len(_test), size=(1000, 4, 4)), _rows, _columns].swapaxes(2, 3)
_shown = {"noise": _rng.random((1000, 784)), "collages": _collages, "digits": _test[:1000]}
certainty = {
    name: 100 * probabilities(x.reshape(1000, 784), load("mnist_classifier")).max(axis=1).mean()
    for name, x in _shown.items()
}


# Two strides with other kernels than the snippet's: how far off the best move of the code is
def _off_by_two(seed):
    kernels = np.random.default_rng(seed).normal(size=(2, 4, 4)) / 4

    def encode(x):
        for kernel in kernels:
            windows = np.lib.stride_tricks.sliding_window_view(np.pad(x, 1), (4, 4))
            x = np.tanh(np.einsum("ijtu,tu->ij", windows[::2, ::2], kernel))
        return x

    picture = np.pad(_digits["images"][20] / 255, 18)
    code, moved = encode(picture), encode(np.roll(picture, 2, axis=1))
    gaps = [np.linalg.norm(moved - np.roll(code, places, axis=1)) for places in range(4)]
    return 100 * min(gaps) / np.linalg.norm(code)


_by_kernels = [_off_by_two(seed) for seed in range(3, 10)]
off_by_two = {"least": min(_by_kernels), "most": max(_by_kernels)}

# Controls of the shuffled pixels: one order for all blocks of 2, from three seeds; 512 units
_hidden_pixels = card("controls")["metrics"]["hidden_pixels"]
dense_512 = _hidden_pixels["dense_of_512_units"]
shuffled_alike = sorted(_hidden_pixels["convolution_shuffled_alike"])

# One shuffle for all blocks, or a new one for each image, by side of the blocks
_BY_SIDE = [str(block) for block in BLOCKS]
reshuffled = {
    "own": dict(zip(_BY_SIDE, errors_of("own")[1], strict=True)),
    "alike": dict(zip(_BY_SIDE, errors_of("alike")[1], strict=True)),
    "dense": dict(zip(_BY_SIDE, errors_of("anew")[0], strict=True)),
    "convolution": dict(zip(_BY_SIDE, errors_of("anew")[1], strict=True)),
}

# The pair of VAEs with as many weights: nats by seed, and the dense one's lag, means over seeds
_pair = card("conv_and_dense")
_runs = list(_pair["by_seed"].values())
_rates = {"convolutional": ("0.003", "0.006"), "dense": ("0.003", "0.01")}
_DIGITS = ("1000", "10000", "55000")


def _nats(kind, rate):
    return {digits: np.array([run[kind][rate][digits] for run in _runs]) for digits in _DIGITS}


_pairs = {
    kind: {"one_rate": _nats(kind, one), "other_rate": _nats(kind, other)}
    for kind, (one, other) in _rates.items()
}
pair = {
    kind: {
        rate: {n: found.tolist() for n, found in by_digits.items()}
        for rate, by_digits in rates.items()
    }
    for kind, rates in _pairs.items()
}
longer = np.mean([run["longer"] for run in _runs])


def _better(kind, digits):
    """At the rate that is better on average."""
    return min((found[digits] for found in _pairs[kind].values()), key=np.mean)


def _lead(digits):
    one_rate = _pairs["dense"]["one_rate"][digits] - _pairs["convolutional"]["one_rate"][digits]
    better_rate = _better("dense", digits) - _better("convolutional", digits)
    return {"one_rate": one_rate.mean(), "better_rate": better_rate.mean()}


lead = {digits: _lead(digits) for digits in _DIGITS}
lead_apart = np.ptp(_better("dense", "10000") - _better("convolutional", "10000"))
convolution_at_10000 = _better("convolutional", "10000").mean()
gained = {
    kind: {n: (rates["one_rate"][n] - rates["other_rate"][n]).mean() for n in _DIGITS}
    for kind, rates in _pairs.items()
}

# The server's models
_server = _pair["server_models"]
dense_ahead_error = _server["dense_ahead"]["standard_error"]
_stride = _server["percent_at_stride_2"]
server_stride = {
    "resize": _stride["conv_vae_mnist"],
    "transposed": _stride["conv_vae_mnist_transposed"],
}
inner_field = _server["percent_in_the_inner_8_pixels"]

# Autoencoders with codes of 49 numbers, and what needs no training beside them
_codes = card("spatial_codes")
codes = _codes["metrics"]
no_training = _codes["without_training"]
pointwise = card("controls")["metrics"]["pointwise_code"]

# How much of the first layer's kernels faces can feel, in percent
_felt = card("faces_encoder")["metrics"]["kernels"]
kernels = {
    "squared_weight": 100 * _felt["squared_weight"],
    "map_variance": {which: 100 * share for which, share in _felt["map_variance"].items()},
    "correlation": _felt["correlation_with_start"],
}

# Controls of the VAE of faces; what a linear classifier reads, in percent
_controls = card("face_controls")["metrics"]
face_controls = {
    name: {
        "squared_error": found["squared_error"],
        "mouth": 100 * found["read"]["mouth"]["code"],
        "mouth_of_pca": 100 * found["read"]["mouth"]["pca"],
    }
    for name, found in _controls.items()
}
face_controls["mouths_seen"] = 100 * _controls["portraits"]["read"]["mouth"]["pixels"]
face_controls["chance"] = 100 * _controls["posed"]["read"]["mouth"]["chance"]

# Deep stacks: means of three seeds
stacks = {
    kind: {
        norm: {
            depth: {on: np.mean(found[on]) for on in ("train", "test")}
            | {measure: np.mean(values) for measure, values in found["before"].items()}
            | {"rate": found["rate"], "spread": np.std(found["train"], ddof=1)}
            for depth, found in depths.items()
        }
        for norm, depths in norms.items()
    }
    for kind, norms in card("deep_stacks")["metrics"].items()
}
