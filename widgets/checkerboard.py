"""Why an image drawn by transposed convolutions may be chequered, and what training does about it.

A transposed convolution of stride s lays one kernel of k weights for each value of its input, s
pixels apart. Along one side, a pixel lies under k/s kernels on average; if s does not divide k,
k mod s of every s pixels lie under one more than the others. On a flat input that alone is a
pattern with the period s. Its energy lies at the frequencies j/s, and as a share of all of it is

    1 - 1 / (1 + r (s - r) / k^2)^2,    r = k mod s.

Weights that differ chequer a flat input even where the overlap is even, since the pixels of a
period lie under different weights. Resizing first and convolving at stride 1 cannot: all pixels of
a flat image see the same.
"""

import numpy as np

from widgets.contract import (
    DATA_1,
    INK_2,
    INK_3,
    MUTED,
    Choice,
    Frame,
    Instrument,
    Plot,
    Readout,
    Seed,
    Slider,
    Tiles,
)
from widgets.data import load
from widgets.kit.figures import axis, bars, figure, label, segment
from widgets.kit.network import convolve, convolve_transposed, dense, grey_levels, silu, twice

PATTERN = 24  # pixels per side of the patterns, a multiple of every stride
KINDS = ("transposed", "transposed_even", "resize")
STAGES = {"0": "0 steps", "100": "100 steps", "2000": "2,000 steps"}
STAGE_WORDS = {"0": "before training", "100": "after 100 steps", "2000": "after training"}

instrument = Instrument(
    name="checkerboard",
    title="Checkerboard",
    challenge="Which kernels cover every pixel alike at stride 2, and at stride 3? Write them "
    "down, then try. Leave the decoders at 0 steps for now.",
    controls=(
        Slider("kernel", "Kernel", default=3, min=1, max=8, step=1, symbol="k"),
        Slider("stride", "Stride", default=2, min=1, max=4, step=1, symbol="s"),
        Seed(label="Weights"),
        Choice("stage", "Decoders after", STAGES, "0"),
        Choice("show", "Show", {"odds": "Log-odds", "image": "Image"}, "odds"),
        Slider("digit", "Code of test digit", default=1, min=1, max=40, step=1),
    ),
    readouts=(
        Readout("overlap", "Equal weights, of energy", "%", ".1f"),
        Readout("transposed", "Kernel 3, of variance", "%", ".3f"),
        Readout("transposed_even", "Kernel 4, of variance", "%", ".3f"),
        Readout("resize", "Resize, of variance", "%", ".3f"),
    ),
    references=("odena2016",),
)


def compute(*, kernel, stride, seed, stage, show, digit):
    """Patterns that a flat input gives, and three real decoders at the same code.

    Parameters
    ----------
    kernel, stride : int
    seed : int, of the weights that are drawn, from a normal distribution around 1
    stage : "0", "100" or "2000", steps after which the decoders are shown
    show : "odds" or "image"
    digit : int, which test digit's code, 1 to 40

    Returns
    -------
    dict
        ``counts``, how many kernels cover each pixel along one side, (PATTERN,); ``patterns``, what
        a flat input of ones gives: equal weights, drawn weights, and drawn weights after resizing,
        (3, PATTERN, PATTERN), each with a mean of about 1; ``shares``, of their energy that lies at
        the frequencies of the stride, (3,); ``odds``, log-odds of the three decoders, (3, 28, 28),
        and ``energy``, the share of their variance at stride 2, (3,).
    """
    drawn = np.random.default_rng(seed).normal(1, 1, (kernel, kernel))
    patterns = np.stack(
        [
            laid_down(np.ones((kernel, kernel)), stride),
            laid_down(drawn, stride),
            np.full((PATTERN, PATTERN), drawn.sum() / stride**2),  # each pixel has the whole kernel
        ]
    )
    data = load("upsampling")
    z = data["codes"][load("mnist_images")["position"][digit - 1]]
    odds = np.stack([log_odds(z, data, kind, list(STAGES).index(stage)) for kind in KINDS])
    return {
        "counts": laid_down(np.ones((kernel, 1)), stride)[:, 0],
        "patterns": patterns * (stride / kernel) ** 2,
        "shares": np.array([stride_share(each, stride) for each in patterns]),
        "odds": odds,
        "energy": np.array([stride_share(each - each.mean(), 2) for each in odds]),
        "kernel": kernel,
        "stride": stride,
        "stage": stage,
        "show": show,
    }


def laid_down(weights, stride):
    """The output of a transposed convolution for a flat input of ones, (PATTERN, PATTERN)."""
    sums = np.zeros((stride, stride))  # a pixel's weights are `stride` apart
    for row in range(stride):
        for column in range(stride):
            sums[row, column] = weights[row::stride, column::stride].sum()
    return np.tile(sums, (PATTERN // stride, PATTERN // stride))


def stride_share(y, stride):
    """Share of the energy of an image that lies at the frequencies of the stride, without 0.

    The discrete Fourier transform has there what the means over the phases have: over the pixels
    that stand `stride` apart.
    """
    n = len(y) // stride
    means = y.reshape(n, stride, n, stride).mean(axis=(0, 2))
    total = np.mean(y**2)
    return means.var() / total if total > 0 else 0.0


def log_odds(z, data, kind, stage):
    """Log-odds of the pixels that a decoder draws from a code (2,): (28, 28)."""
    weights = {key: data[f"{kind}_{key}"][stage] for key in ("w0", "b0", "w1", "b1", "w2", "b2")}
    h = silu(dense(z[None], weights)).reshape(-1, 7, 7).transpose(1, 2, 0)  # (7, 7, 8)
    for i in (0, 1):
        kernel, bias = data[f"{kind}_k{i}"][stage], data[f"{kind}_c{i}"][stage]
        if kind == "resize":
            h = convolve(twice(h), kernel, bias)
        else:
            h = convolve_transposed(h, kernel, bias)
        if i == 0:
            h = silu(h)
    return h[..., 0]


def frame(result):
    """Patterns next to decoders; below them, the overlaps."""
    shares, energy = 100 * result["shares"], 100 * result["energy"]
    return Frame(
        readouts={
            "overlap": shares[0],
            **{kind: energy[i] for i, kind in enumerate(KINDS)},
        },
        panels=[
            Tiles(
                "patterns",
                grey_levels((0.4 * result["patterns"]).clip(0, 1))[None],
                alt="What a flat input gives: by a transposed convolution of equal weights, "
                f"{shares[0]:.1f} % of the energy at the stride; of drawn weights, "
                f"{shares[1]:.1f} %; resized first, no pattern.",
                captions=(
                    f"equal: {shares[0]:.1f} %",
                    f"drawn: {shares[1]:.1f} %",
                    "resized first: 0 %",
                ),
                gap=2,
                half=True,
            ),
            decoders(result),
            Plot("overlaps", overlaps_figure(result), overlaps_alt(result)),
        ],
        note=note(result),
    )


def decoders(result):
    """The three decoders at the same code."""
    odds = result["odds"]
    if result["show"] == "image":
        shown = 0.5 * (1 + np.tanh(0.5 * odds))
        words = "images"
    else:
        low, high = (end(odds, axis=(1, 2), keepdims=True) for end in (np.min, np.max))
        shown = (odds - low) / (high - low)
        words = "log-odds, each from its least to its largest,"
    return Tiles(
        "decoders",
        grey_levels(shown)[None],
        alt=f"The {words} of three decoders {STAGE_WORDS[result['stage']]}: transposed "
        "convolutions of kernel 3, of kernel 4, and resizing.",
        captions=("kernel 3", "kernel 4", "resize"),
        gap=2,
        half=True,
    )


def overlaps_figure(result):
    """How many kernels cover each pixel, along one side."""
    counts, kernel, stride = result["counts"], result["kernel"], result["stride"]
    pixels = np.arange(1, PATTERN + 1)
    mean = kernel / stride
    return figure(
        [bars(pixels, counts, DATA_1 if np.ptp(counts) else MUTED)],
        axis(0.4, PATTERN + 0.6, "pixel along one side", tickvals=[1, 6, 12, 18, 24]),
        axis(0, 8.5, "kernels over it", dtick=2),
        height=180,
        shapes=[segment((0.4, PATTERN + 0.6), (mean, mean), INK_3, dash="dot")],
        labels=[label(f"k/s = {mean:.3g}", PATTERN, 8, INK_2, xanchor="right", yshift=-10)],
    )


def overlaps_alt(result):
    counts = result["counts"]
    return (
        f"With kernel {result['kernel']} and stride {result['stride']}, between {counts.min():.0f} "
        f"and {counts.max():.0f} kernels cover each pixel along one side."
    )


def note(result):
    """What is special about a setting."""
    kernel, stride = result["kernel"], result["stride"]
    if stride == 1:
        return (
            "At stride 1 every pixel lies under the whole kernel: no pattern, whatever its weights."
        )
    if kernel < stride:
        return "The kernels do not touch: between them lie pixels under none."
    if kernel % stride == 0:
        return (
            f"{stride} divides {kernel}: every pixel lies under {kernel // stride} × "
            f"{kernel // stride} weights, but not under the same ones."
        )
    return ""
