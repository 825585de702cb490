"""A patch of a digit as a sum of a few atoms out of many.

A dictionary D has m atoms of length 1, one in each row, learned from patches of training digits.
The code z of a patch x, d = 64 pixels, minimises

    |x - z D|^2 + gamma |z|_1.

The first part alone is lowered by a step against its gradient 2 (z D - x) D^T. What the L1 norm
does to the result of such a step is a soft threshold: every weight moves towards zero by the same
amount, and what would pass zero stays there. Doing both by turns is called ISTA. Here each step
starts a little ahead of the last place, in the direction of the last move, which takes far fewer
steps (FISTA).
"""

import numpy as np

from widgets.contract import (
    ACCENT,
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    MUTED,
    Frame,
    Instrument,
    Plot,
    Readout,
    Slider,
    Tiles,
)
from widgets.data import load
from widgets.kit.figures import axis, bars, dots, figure, label, line

SIDE = 8  # pixels of a patch
PATCHES = 40  # to choose from
SIZES = (32.0, 64.0, 128.0, 256.0)
STEPS = 1000  # at the lowest price 250 leave a third too many of 256 units on
PARTS = 12  # atoms that are shown
ENLARGED = 4  # a pixel of a patch is drawn so many wide

instrument = Instrument(
    name="sparse_code",
    title="A few atoms of many",
    challenge="Eight times as many atoms: at the same error, will a patch need more active units, "
    "as many, or fewer? Answer, then compare 32 with 256.",
    controls=(
        Slider(
            "gamma",
            "Weight of the L1 norm",
            default=1.0,
            values=(0.0, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0),
            symbol=r"\gamma",
        ),
        Slider("atoms", "Atoms", default=64.0, values=SIZES, symbol="m"),
        Slider("patch", "Patch", default=7, min=1, max=PATCHES, step=1),
    ),
    readouts=(
        Readout("active", "Active units", "", "d"),
        Readout("error", "MSE", "per pixel", ".4f"),
        Readout("price", "Sum of weights", "", ".2f", r"\lVert\mathbf{z}\rVert_1"),
        Readout("loss", "Loss", "", ".3f"),
    ),
    references=("olshausen1996",),
)


def compute(*, gamma, atoms, patch):
    """The code of one patch, and what it rebuilds.

    Parameters
    ----------
    gamma : float, weight of the L1 norm
    atoms : float, how many the dictionary has
    patch : int, which patch, 1 to 40

    Returns
    -------
    dict
        ``digit``, the whole image, (28, 28), and the ``corner`` of the patch in it; ``x`` and
        ``x_hat``, the patch and what is rebuilt, (64,); the code ``z``, (m,), and the atoms ``D``,
        (m, 64); ``curves``, for each dictionary the mean active units and the mean squared error
        per pixel over 500 test patches, (2, number of gammas), and ``pca_error``, that of 0 to 64
        principal components.
    """
    stored = load("digit_patches")
    digit, corner = stored["digits"][patch - 1], stored["corners"][patch - 1]
    row, column = corner
    x = digit[row : row + SIDE, column : column + SIDE].ravel() / 255.0  # (64,)
    D = stored[f"atoms_{atoms:.0f}"].astype(float)  # (m, 64)
    z = sparse_code(x, D, gamma)
    return {
        "digit": digit,
        "corner": corner,
        "x": x,
        "x_hat": z @ D,
        "z": z,
        "D": D,
        "curves": {
            f"{size:.0f}": np.stack([stored[f"active_{size:.0f}"], stored[f"error_{size:.0f}"]])
            for size in SIZES
        },
        "pca_error": stored["pca_error"],
        "gamma": gamma,
    }


def sparse_code(x, D, gamma):
    """The z, (m,), that minimises |x - z D|^2 + gamma |z|_1, by steps and soft thresholds."""
    gram, towards = 2 * D @ D.T, 2 * D @ x  # the gradient is z gram - towards
    bend = np.linalg.eigvalsh(2 * D.T @ D)[-1]  # steps of 1 / bend never overshoot
    z = ahead = np.zeros(len(D))
    t = 1.0
    for _ in range(STEPS):
        before = z
        z = soft_threshold(ahead - (ahead @ gram - towards) / bend, gamma / bend)
        t, last = (1 + np.sqrt(1 + 4 * t**2)) / 2, t
        ahead = z + (last - 1) / t * (z - before)
    return z


def soft_threshold(z, by):
    """Every weight nearer to zero by the same amount, or zero."""
    return np.sign(z) * np.maximum(np.abs(z) - by, 0)


def frame(result):
    """Patch and reconstruction, the code, and the atoms in use."""
    x, x_hat, z = result["x"], result["x_hat"], result["z"]
    squared_error, price = np.sum((x - x_hat) ** 2), np.abs(z).sum()
    return Frame(
        readouts={
            "active": np.count_nonzero(z),
            "error": squared_error / len(x),
            "price": price,
            "loss": squared_error + result["gamma"] * price,
        },
        panels=[
            patch_tiles(result),
            Plot("trade", trade_figure(result), trade_alt(result), half=True),
            part_tiles(result),
        ],
        note=note(result),
    )


def enlarged(images):
    """Patches (n, 64) in [0, 1] as grey levels, (n, 32, 32)."""
    grey = np.rint(255 * images.clip(0, 1)).astype(np.uint8).reshape(-1, SIDE, SIDE)
    return np.kron(grey, np.ones((1, ENLARGED, ENLARGED), np.uint8))


def patch_tiles(result):
    """The digit with the place of the patch, the patch, what is rebuilt, and what is lost."""
    x, x_hat = result["x"], result["x_hat"]
    digit = np.pad(result["digit"], 2)  # as large as an enlarged patch
    row, column = result["corner"] + 2
    frame = np.zeros((SIDE + 2, SIDE + 2), np.uint8)
    frame[[0, -1]] = frame[:, [0, -1]] = 150
    window = digit[row - 1 : row + SIDE + 1, column - 1 : column + SIDE + 1]
    np.maximum(window, frame, out=window)
    images = np.stack([digit, *enlarged(np.stack([x, x_hat, np.abs(x - x_hat)]))])
    return Tiles(
        "patch",
        images.reshape(2, 2, 4 * SIDE, 4 * SIDE),
        alt="A digit with a frame around a patch of 8 by 8 pixels; the patch, enlarged; what its "
        f"code rebuilds with {np.count_nonzero(result['z'])} active units; how far each pixel is "
        "off.",
        captions=("above: digit, patch", "below: rebuilt, lost"),
        gap=2,
        half=True,
    )


def trade_figure(result):
    """The code above; below, active units against error for every dictionary, and for PCA."""
    z = result["z"]
    unit = np.arange(1, len(z) + 1)
    chosen = str(len(z))
    reach = np.ceil(max(1.0, np.abs(z).max()))
    curves = []
    for size, (active, error) in result["curves"].items():
        color = DATA_1 if size == chosen else MUTED
        curves.append(line(active, error, color, width=3 if size == chosen else 1.5))
    error = max(np.mean((result["x"] - result["x_hat"]) ** 2), 1e-3)
    active, mean_error = result["curves"][chosen]
    beyond = int(np.argmin(np.abs(active - 24)))
    return figure(
        [
            line(np.arange(41), result["pca_error"][:41], DATA_2, dash="dash"),
            *curves,
            dots([min(np.count_nonzero(z), 40)], [error], ACCENT, size=11, ring=2),
            bars(unit, z, DATA_1, width=0.9, xaxis="x2", yaxis="y2"),
        ],
        axis(0, 40, "active units", dtick=10, domain=[0, 1]),
        axis(-3, -0.3, "MSE", type="log", exponentformat="power", domain=[0, 0.6], dtick=1),
        xaxis2=axis(0, len(z) + 1, domain=[0, 1], anchor="y2", nticks=5),
        yaxis2=axis(-reach, reach, "weight of each atom", domain=[0.74, 1], anchor="x2", nticks=3),
        height=600,
        left=46,
        right=16,
        labels=[
            label("PCA", 38, np.log10(result["pca_error"][38]), DATA_2_TEXT, yshift=14),
            label(
                f"{chosen} atoms", active[beyond], np.log10(mean_error[beyond]), DATA_1, yshift=-16
            ),
        ],
    )


def trade_alt(result):
    z = result["z"]
    return (
        f"Above, the code: {np.count_nonzero(z)} of {len(z)} weights are not zero. Below, the mean "
        "squared error against the number of active units, averaged over test patches, for 32, "
        f"64, 128 and 256 atoms, with {len(z)} in colour, and for principal components, which "
        "need more."
    )


def part_tiles(result):
    """The atoms with the largest weights, each times its weight; grey is zero."""
    z, D = result["z"], result["D"]
    largest = np.argsort(-np.abs(z), kind="stable")[:PARTS]
    parts = z[largest, None] * D[largest]
    used = z[largest] != 0
    grey = enlarged(0.5 + 0.5 * parts / max(np.abs(parts).max(), 1e-9))
    grey[~used] = 0
    return Tiles(
        "parts",
        grey[None],
        alt=f"The {used.sum()} atoms with the largest weights, each times its weight.",
        captions=("largest weights first", "grey is zero; all of them add up to what is rebuilt"),
        gap=3,
    )


def note(result):
    """Where the code becomes empty."""
    bound = 2 * np.abs(result["D"] @ result["x"]).max()
    if result["gamma"] == 0:
        return "Without a price nothing holds a weight at zero, and every unit is on."
    if result["gamma"] >= bound:
        return f"The code is empty: no atom is worth its price from γ = {bound:.2f} on."
    return f"The code of this patch is empty from γ = {bound:.2f} on."
