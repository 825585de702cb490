"""Noise removed by projecting on the k slowest cosines.

A signal x of n samples is a sum of cosines whose amplitudes fall with frequency. It is corrupted
into x~ and rebuilt by P x~, the orthogonal projection on the span of the first k cosines.

Gaussian noise of variance sigma^2 spreads evenly over all n directions, and k of them survive:

    E |P x~ - x|^2 / n = sigma^2 k/n + bias^2,    bias^2 = |x - P x|^2 / n.

Masking sets each sample to 0 with probability p. Then E x~ = (1 - p) x, so the rebuilt signal is
P x~ / (1 - p). A sample x_i is off by p (1 - p) x_i^2 on average, and P_ii of that survives:

    E |P x~ / (1 - p) - x|^2 / n = p / (1 - p) sum_i P_ii x_i^2 / n + bias^2.
"""

from itertools import pairwise

import numpy as np

from widgets.contract import (
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    INK_2,
    MUTED,
    Choice,
    Frame,
    Instrument,
    Plot,
    Readout,
    Seed,
    Slider,
)
from widgets.kit.figures import axis, bars, dots, figure, label, line, segment

N = 128  # samples of the signal
AMPLITUDE, DECAY = 6.0, 5.0  # coefficient j has the standard deviation AMPLITUDE exp(-j / DECAY)
SHOWN = 48  # coefficients in the picture

instrument = Instrument(
    name="denoiser",
    title="Denoiser",
    challenge="Commit to a width between 1 and 128: which leaves the least error? Then double the "
    "noise. Does the best width go up or down?",
    controls=(
        Slider("k", "Cosines kept", default=16, min=1, max=N, step=1, symbol="k"),
        Choice(
            "corruption",
            "Corruption",
            {"gaussian": "Gaussian noise", "masking": "Masking"},
            "gaussian",
        ),
        Slider(
            "sigma",
            "Noise",
            default=0.5,
            min=0.0,
            max=1.5,
            step=0.05,
            symbol=r"\sigma",
            format=".2f",
            when=("corruption", "gaussian"),
        ),
        Slider(
            "p",
            "Share masked",
            default=0.3,
            min=0.0,
            max=0.9,
            step=0.05,
            symbol="p",
            format=".2f",
            when=("corruption", "masking"),
        ),
        Seed(label="Signal and noise", default=4),
    ),
    readouts=(
        Readout("corrupted", "Corrupted MSE", "", ".4f"),
        Readout("denoised", "Denoised MSE", "", ".4f"),
        Readout("expected", "Expected", "on average", ".4f"),
        Readout("removed", "Noise removed", "%", ".1f"),
    ),
    references=("vincent2008",),
)


def compute(*, k, corruption, sigma, p, seed):
    """Corrupt a signal, project it, and measure.

    Parameters
    ----------
    k : int, cosines kept
    corruption : "gaussian" or "masking"
    sigma : float, standard deviation of the noise
    p : float, probability that a sample is masked
    seed : int

    Returns
    -------
    dict
        ``x``, ``x_tilde``, ``x_hat``: the clean, corrupted and rebuilt signal, each (n,);
        ``coefficients`` and ``noisy_coefficients`` of the first two, (n,); the mean squared errors
        ``corrupted``, ``denoised``; ``noise_left`` and ``bias``, the squared bias, the two parts of
        the expected one.
    """
    rng = np.random.default_rng(seed)
    index = np.arange(N)
    basis = np.cos(np.pi * np.outer(index, index + 0.5) / N)  # one cosine per row, (n, n)
    basis /= np.linalg.norm(basis, axis=1, keepdims=True)  # orthonormal

    coefficients = AMPLITUDE * np.exp(-index / DECAY) * rng.normal(size=N)
    x = coefficients @ basis
    normal, uniform = rng.normal(size=N), rng.uniform(size=N)

    kept = basis[:k]  # (k, n), so P = kept^T kept
    if corruption == "gaussian":
        x_tilde = x + sigma * normal
        scale = 1.0
        noise_left = sigma**2 * k / N
    else:
        x_tilde = np.where(uniform < p, 0.0, x)
        scale = 1 / (1 - p)
        P_ii = (kept**2).sum(axis=0)  # (n,)
        noise_left = p / (1 - p) * np.mean(P_ii * x**2)
    noisy_coefficients = scale * basis @ x_tilde
    x_hat = noisy_coefficients[:k] @ kept

    return {
        "x": x,
        "x_tilde": x_tilde,
        "x_hat": x_hat,
        "coefficients": coefficients,
        "noisy_coefficients": noisy_coefficients,
        "corrupted": np.mean((x_tilde - x) ** 2),
        "denoised": np.mean((x_hat - x) ** 2),
        "noise_left": noise_left,
        "bias": np.sum(coefficients[k:] ** 2) / N,
        "k": k,
        "corruption": corruption,
    }


def frame(result):
    """The signal above, its coefficients below."""
    corrupted, denoised = result["corrupted"], result["denoised"]
    removed = 100 * (1 - denoised / corrupted) if corrupted > 0 else None
    return Frame(
        readouts={
            "corrupted": corrupted,
            "denoised": denoised,
            "expected": result["noise_left"] + result["bias"],
            "removed": removed,
        },
        panels=[
            Plot("signal", signal_figure(result), signal_alt(result)),
            Plot("coefficients", coefficient_figure(result), coefficient_alt(result)),
        ],
        note=note(result, removed),
    )


def signal_figure(result):
    """Clean and rebuilt signal as lines, corrupted samples as dots, each with its name."""
    t = np.arange(N)
    x, x_tilde, x_hat = result["x"], result["x_tilde"], result["x_hat"]
    top = max(2.0, np.ceil(2 * np.abs(np.concatenate([x, x_tilde, x_hat])).max()) / 2)
    names = [
        ("clean", x[-1], DATA_2_TEXT),
        ("denoised", x_hat[-1], DATA_1),
        ("corrupted", x_tilde[-1], INK_2),
    ]
    heights = spread([height for _, height, _ in names], gap=0.2 * top)
    return figure(
        [
            dots(t, x_tilde, MUTED, size=4),
            line(t, x, DATA_2),
            line(t, x_hat, DATA_1),
        ],
        axis(0, N - 1, "sample", dtick=32),
        axis(-top, top, nticks=5),
        height=250,
        right=74,
        top=12,
        labels=[
            label(name, 1, height, color, xref="x domain", xanchor="left", xshift=4)
            for (name, _, color), height in zip(names, heights, strict=True)
        ],
    )


def spread(heights, gap):
    """Heights moved apart, as little as possible from below, until none is nearer than gap."""
    order = np.argsort(heights, kind="stable")
    apart = np.array(heights, float)
    for below, above in pairwise(order):
        apart[above] = max(apart[above], apart[below] + gap)
    return apart - (apart.mean() - np.mean(heights))


def coefficient_figure(result):
    """Coefficients of the corrupted signal (bars) and of the clean one (dots)."""
    k = result["k"]
    cosine = np.arange(1, SHOWN + 1)
    noisy = np.abs(result["noisy_coefficients"][:SHOWN])
    clean = np.abs(result["coefficients"][:SHOWN])
    top = np.ceil(max(noisy.max(), clean.max()))
    edge = min(k, SHOWN) + 0.5
    far = k >= SHOWN - 6
    cut = label("kept ◂" if far else "▸ cut", edge, 1, INK_2, yref="y domain", yanchor="top")
    return figure(
        [
            bars(cosine[:k], noisy[:k], DATA_1),
            bars(cosine[k:], noisy[k:], MUTED),
            dots(cosine, clean, DATA_2, ring=1, cliponaxis=False),
        ],
        axis(0.25, SHOWN + 0.75, "cosine, slow to fast", tickvals=[1, 16, 32, 48]),
        axis(0, top, "size of coefficient", nticks=4),
        height=180,
        right=74,
        shapes=[segment((edge, edge), (0, 1), INK_2, dash="dot", yref="y domain")],
        labels=[
            {**cut, "xanchor": "right" if far else "left"},
            label(
                "clean",
                1,
                clean[-1],
                DATA_2_TEXT,
                xref="x domain",
                xanchor="left",
                yanchor="bottom",
                xshift=4,
            ),
        ],
    )


def signal_alt(result):
    kind = {"gaussian": "noisy", "masking": "partly masked"}[result["corruption"]]
    return (
        f"A smooth signal of {N} samples, its {kind} version as dots, and the signal rebuilt from "
        f"{result['k']} cosines. Mean squared error: corrupted {result['corrupted']:.4f}, "
        f"denoised {result['denoised']:.4f}."
    )


def coefficient_alt(result):
    return (
        f"Sizes of the first {SHOWN} cosine coefficients, clean and corrupted. The clean ones fall "
        f"with frequency; the first {result['k']} are kept."
    )


def note(result, removed):
    """Where the expected error comes from."""
    parts = f"{result['noise_left']:.4f} from noise and {result['bias']:.4f} from what is cut"
    if removed is None:
        return f"Nothing is corrupted. Expected: {parts}."
    if removed < 0:
        return f"The error is larger than before the projection. Expected: {parts}."
    if result["corruption"] == "masking":
        return f"Masked samples count as 0, so the result is divided by 1 - p. Expected: {parts}."
    return f"Expected: {parts}."
