"""What the features of a sparse autoencoder mean, and what the network does without one.

The hidden layer of a classifier has 32 units h. A sparse autoencoder describes them by 128
features, of which the k largest stay and all others are set to zero,

    z = TopK(relu((h - c) E + b)),    h = z V + c + what is left over.

Row j of V is the direction that feature j stands for. To take a feature out, or to turn it up by a
factor, the units are changed by it alone and the rest of the network answers again:

    h' = h + (factor - 1) z_j V_j,    log-odds' = h' W + b = log-odds + (factor - 1) z_j V_j W.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from widgets.contract import (
    ACCENT,
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    INK_2,
    INK_3,
    MUTED,
    WARNING,
    Choice,
    Frame,
    Instrument,
    Plot,
    Readout,
    Slider,
    Tiles,
)
from widgets.data import load
from widgets.kit.figures import axis, bars, dots, figure, label, segment
from widgets.kit.network import grey_levels

FEATURES = 128
SHOWN = 15  # images of a feature, strongest first
COLUMNS = 5
DENSE = 0.3  # share of images from which a feature is dense
MIXED = 0.5  # purity below which it is mixed
ACTIVE = (1, 2, 4, 8)
LEAST = -4.0  # left end of the axis of densities, a power of ten
MOST = 4.0  # of the factor

instrument = Instrument(
    name="sae_features",
    title="Features of a network",
    challenge="Look at the images of feature 13, then of 10 and of 2. For each say whether the "
    "answer changes without it, and to which digit; only then turn its strength down to 0.",
    controls=(
        Slider("feature", "Feature", default=13, min=1, max=FEATURES, step=1, symbol="j"),
        Slider("image", "Its image", default=1, min=1, max=SHOWN, step=1),
        Slider(
            "factor", "Strength", default=1.0, min=0.0, max=MOST, step=0.25, unit="×", format=".2f"
        ),
        Choice("active", "Active at a time", {str(k): str(k) for k in ACTIVE}, "4", symbol="k"),
        Choice("network", "Network", {"trained": "Trained", "untrained": "Not trained"}, "trained"),
    ),
    readouts=(
        Readout("density", "Active for", "% of images", ".2f"),
        Readout("purity", "Purity", "%", ".0f"),
        Readout("nearest", "Nearest, other seeds", "cosine", ".2f"),
        Readout("answer", "Answer"),
    ),
    references=("bricken2023", "gao2025", "heap2025"),
)


def compute(*, feature, image, factor, active, network):
    """The images of one feature, and the network's answer to one of them with it changed.

    Parameters
    ----------
    feature : int, 1 to 128, most frequent first
    image : int, which of its images, strongest first; the last if there are fewer
    factor : float, 0 takes the feature out, 1 leaves it
    active : "1", "2", "4" or "8", features that may be active at a time
    network : "trained" or "untrained"

    Returns
    -------
    dict
        ``images``, the strongest of 625, (3, 5, 28, 28), uint8, blank where there are fewer, with
        their ``labels``; ``density`` and ``purity`` of all 128 over 10,000 test images, (128,),
        ``nearest``, cosines with features of other seeds, (128,); ``digits``, how this one's
        activation falls on the digits, (10,); ``change`` of the log-odds of the chosen image,
        (10,), at most ``most`` at any factor, and its probabilities ``before`` and ``after``,
        (10,), None for a feature that is active for none of the 625.
    """
    data, gallery = load("mnist_network_features"), load("mnist_gallery")
    own = {
        key: data[f"{network}_{key}"][ACTIVE.index(int(active))].astype(float)
        for key in ("encoder", "bias", "decoder", "centre", "density", "digits", "nearest")
    }
    if network == "trained":
        h, head = gallery["network"], load("mnist_network")
        matrix, bias = head["w3"], head["b3"]
    else:
        h, matrix, bias = data["untrained"], data["untrained_w3"], data["untrained_b3"]
    h = h.astype(float)
    j = feature - 1
    z = features_of(h, own, int(active))[:, j]
    strongest = np.argsort(-z, kind="stable")[:SHOWN]
    strongest = strongest[z[strongest] > 0]

    images = np.zeros((SHOWN, 28, 28), np.uint8)
    images[: len(strongest)] = gallery["images"][strongest]
    change = most = before = after = chosen = None
    if len(strongest):
        chosen = min(image, len(strongest)) - 1
        one = strongest[chosen]
        added = z[one] * own["decoder"][j] @ matrix
        change, most = (factor - 1) * added, (MOST - 1) * np.abs(added).max()
        log_odds = h[one] @ matrix + bias
        before, after = softmax(log_odds), softmax(log_odds + change)
    return {
        "images": images.reshape(-1, COLUMNS, 28, 28),
        "labels": gallery["labels"][strongest],
        "density": own["density"],
        "purity": own["digits"].max(axis=1),
        "nearest": own["nearest"],
        "digits": own["digits"][j],
        "change": change,
        "most": most,
        "before": before,
        "after": after,
        "chosen": chosen,
        "feature": feature,
        "factor": factor,
        "network": network,
    }


def features_of(
    h: NDArray[Any], own: Mapping[str, NDArray[Any]], active: int
) -> NDArray[np.float64]:
    """The code of units h, (n, 32): (n, 128), all but the largest ``active`` of each row zero."""
    z = ((h - own["centre"]) @ own["encoder"] + own["bias"]).clip(0)
    least = np.partition(z, -active, axis=1)[:, -active, None]
    return np.where(z >= least, z, 0.0)


def softmax(log_odds):
    """Probabilities of the digits, (10,)."""
    odds = np.exp(log_odds - log_odds.max())
    return odds / odds.sum()


def kind(density, purity):
    """The class of a feature."""
    if density == 0:
        return "dead"
    if density > DENSE:
        return "dense"
    return "mixed" if purity < MIXED else "pure"


def frame(result):
    """Its images beside what it does; below, all features."""
    j = result["feature"] - 1
    density, purity = result["density"][j], result["purity"][j]
    return Frame(
        readouts={
            "density": 100 * density,
            "purity": 100 * purity if density else None,
            "nearest": result["nearest"][j] if density else None,
            "answer": answer(result),
        },
        panels=[
            Tiles(
                "images",
                grey_levels(result["images"] / 255),
                alt=images_alt(result),
                captions=("strongest first, of 625 test images",),
                gap=2,
                half=True,
            ),
            Plot("effect", effect_figure(result), effect_alt(result), half=True),
            Plot("all", all_figure(result), all_alt(result)),
        ],
        note=note(result),
    )


def answer(result):
    """The network's answer before and after, and how sure it then is."""
    if result["before"] is None:
        return None
    before, after = result["before"].argmax(), result["after"].argmax()
    return f"{before} → {after}, {result['after'].max():.0%}"


def images_alt(result):
    labels = result["labels"]
    if not len(labels):
        return "No image: the feature is active for none of the 625."
    return (
        f"The {len(labels)} images for which feature {result['feature']} is most active; they "
        f"show {', '.join(map(str, labels))}."
    )


def effect_figure(result):
    """Above, where the activation falls; below, what changes in the log-odds of the image."""
    digit = np.arange(10)
    change = np.zeros(10) if result["change"] is None else result["change"]
    reach = round_up(result["most"] or 1.0)  # the same whatever the factor
    words = []
    if not change.any():
        words = [label("nothing is changed", 4.5, 0, INK_2, xref="x2", yref="y2", yshift=20)]
    return figure(
        [
            bars(digit, 100 * result["digits"], DATA_1),
            bars(digit, change, DATA_2, xaxis="x2", yaxis="y2"),
        ],
        axis(-0.6, 9.6, dtick=1, anchor="y", showticklabels=False),
        axis(0, 100, "activation, % by digit", domain=[0.64, 1], dtick=50, color=DATA_1),
        xaxis2=axis(-0.6, 9.6, "digit", dtick=1, anchor="y2"),
        yaxis2=axis(
            -reach,
            reach,
            "change of the log-odds",
            domain=[0, 0.42],
            anchor="x2",
            dtick=reach / 2,
            color=DATA_2_TEXT,
        ),
        height=400,
        left=44,
        right=12,
        labels=words,
    )


def round_up(value):
    """The next 1, 2 or 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(power * next(each for each in (1, 2, 5, 10) if each * power >= value))


def effect_alt(result):
    digits = result["digits"]
    if result["change"] is None:
        return "Without an active image there is no effect to show."
    change = result["change"]
    falls = f"{digits.max():.0%} of the feature's activation falls on the digit {digits.argmax()}."
    if not change.any():
        return f"{falls} At its own strength it changes nothing."
    down, up = change.argmin(), change.argmax()
    return (
        f"{falls} With the feature at {result['factor']:g} times its value the log-odds of the "
        f"image fall most for {down}, by {-change[down]:.2g}, and rise most for {up}, by "
        f"{change[up]:.2g}."
    )


def all_figure(result):
    """All 128 features by density and purity."""
    density, purity = result["density"], result["purity"]
    living = density > 0
    color = {"pure": DATA_1, "mixed": DATA_2, "dense": WARNING, "dead": MUTED}
    colors = [color[kind(*pair)] for pair in zip(density, purity, strict=True)]
    x = np.log10(np.where(living, density, 10**LEAST))
    j = result["feature"] - 1
    x_of = 10 ** np.maximum(x, LEAST)
    y = np.where(living, 100 * purity, 3)
    return figure(
        [
            dots(x_of, y, colors, size=7),
            dots([x_of[j]], [y[j]], ACCENT, size=13, ring=2),
        ],
        axis(LEAST - 0.1, 0.05, "density, share of images", type="log", exponentformat="power"),
        axis(0, 104, "purity, %", dtick=25),
        height=260,
        left=40,
        shapes=[
            segment((10 ** (LEAST - 0.1), 1.1), (100 * MIXED, 100 * MIXED), INK_3, dash="dot"),
            segment((DENSE, DENSE), (0, 104), INK_3, dash="dot"),
        ],
        labels=[
            label(f"dead: {np.sum(~living)}", LEAST, 10, INK_2, xanchor="left"),
            label("mixed", -0.25, 100 * MIXED, DATA_2_TEXT, yshift=-10),
            label("pure", -0.25, 100 * MIXED, DATA_1, yshift=10),
            label("dense", np.log10(DENSE), 100, WARNING, xanchor="left", xshift=4),
        ],
    )


def all_alt(result):
    kinds = [kind(*pair) for pair in zip(result["density"], result["purity"], strict=True)]
    counted = ", ".join(f"{kinds.count(one)} {one}" for one in ("pure", "mixed", "dense", "dead"))
    return f"The 128 features by the share of images they are active for and by purity: {counted}."


def note(result):
    """What the chosen feature counts as."""
    j = result["feature"] - 1
    match kind(result["density"][j], result["purity"][j]):
        case "dead":
            return "Dead: active for none of 10,000 test images."
        case "dense":
            return "Dense: active for more than three images in ten."
        case "mixed":
            return "Mixed: less than half of its activation falls on one digit."
    return ""
