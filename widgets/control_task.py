"""Has the probe found the digit in the code, or has it memorised the answers?

120 drawings are shown at eight places each. The probe learns from four and is tested on the other
four, twice: for the digit, and for a control task, in which each drawing has been given one of ten
labels at random. Nothing in the code can know these; a probe that gets them right has recognised
the drawing and remembered. The difference of the two is the selectivity of the probe. The labels
are dealt within each digit, so that the digit by itself gives away as little as it can: two of its
twelve drawings share a label.

The probe reads the code, or w features of it that are drawn at random and cut off below 0:

    f(h) = max(0, (h - mean) / scale A + b) / sqrt(w).
"""

from functools import lru_cache

import numpy as np

from widgets.contract import (
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    INK_3,
    YOURS,
    Choice,
    Frame,
    Instrument,
    Plot,
    Readout,
    Seed,
    Slider,
)
from widgets.data import load
from widgets.kit.benchmark_codes import encoder_of
from widgets.kit.figures import axis, dots, figure, label, line, segment
from widgets.kit.network import encode
from widgets.kit.probe import regress, scores
from widgets.kit.transforms import shift

WIDTHS = (0, 16, 32, 64, 128, 256)
SHOWN = 4  # places of each drawing to learn from; the others are for testing
CLASSES = 10
FLOOR = 100 * 2 / 12  # percent of random labels right when answering each digit's most frequent one

instrument = Instrument(
    name="control_task",
    title="Control task",
    challenge="Give the probe of the network 256 hidden units: its selectivity falls. Choose the "
    "untrained network: does it fall there, too? Say which way and how far, then widen the probe.",
    controls=(
        Slider("width", "Hidden units of the probe", default=0, values=WIDTHS, symbol="w"),
        Choice(
            "network",
            "Code of",
            {"trained": "The network", "untrained": "An untrained one"},
            "trained",
            yours=True,
        ),
        Slider("ridge", "Ridge", default=0.1, values=(0.001, 0.01, 0.1, 1.0, 10.0)),
        Seed(label="Labels"),
    ),
    readouts=(
        Readout("digit", "Digit", "%", ".0f"),
        Readout("control", "Random labels", "%", ".0f"),
        Readout("selectivity", "Selectivity", "points", ".0f"),
    ),
    references=("hewitt2019",),
)


def compute(*, width, network, ridge, seed):
    """Fit probes of all widths up to one to both tasks.

    Parameters
    ----------
    width : int, one of WIDTHS; 0 reads the code itself
    network : "trained", "untrained" or "yours", the encoder that the reader has trained
    ridge : float, in units of the mean squared length of what the probe reads, centred
    seed : int, of the random labels and of the probe's hidden units

    Returns
    -------
    dict
        ``right``, share of 480 codes named right, for the digit and for the control task, at each
        of WIDTHS up to ``width``, (2, i).
    """
    widths = WIDTHS[: WIDTHS.index(width) + 1]
    found = right.__wrapped__ if network == YOURS else right  # another may be saved the next time
    return {
        "right": np.transpose([found(hidden, network, ridge, seed) for hidden in widths]),
        "network": network,
    }


@lru_cache(maxsize=8 * len(WIDTHS))
def right(width, network, ridge, seed):
    """Share named right of one probe, for the digit and for the control task, (2,)."""
    codes, digits = codes_of(network), load("mnist_places")["labels"].astype(int)
    lots = dealt(digits, seed)
    learned = np.eye(CLASSES)[np.repeat([digits, lots], SHOWN, axis=1)]  # (2, 480, 10)
    wanted = np.repeat([digits, lots], codes.shape[1] - SHOWN, axis=1)
    shown, asked = features(codes, width, seed)
    both = scores(asked, regress(shown, np.concatenate(learned, axis=1), ridge))
    answers = both.reshape(-1, 2, CLASSES).argmax(axis=2).T
    return np.mean(answers == wanted, axis=1)


def dealt(digits, seed):
    """A random label for each drawing, spread as evenly as possible within each digit, (120,)."""
    rng = np.random.default_rng(seed)
    lots = np.zeros(len(digits), int)
    for digit in range(CLASSES):
        own = np.flatnonzero(digits == digit)
        lots[own] = rng.permutation(len(own) * digit + np.arange(len(own))) % CLASSES
    return lots


def codes_of(network):
    """Codes of the drawings at their places, (120, 8, k)."""
    data = load("mnist_places")
    if network != YOURS:
        return data[network].astype(float)
    seen = [
        shift(image / 255, *move)
        for image, moves in zip(data["images"], data["moves"], strict=True)
        for move in moves
    ]
    codes = encode(np.array(seen), encoder_of(load(YOURS)))
    return codes.reshape(*data["moves"].shape[:2], -1)


def features(codes, width, seed):
    """The probe's inputs from codes (drawings, places, k): for learning, and for testing."""
    shown = codes[:, :SHOWN].reshape(-1, codes.shape[2])
    asked = codes[:, SHOWN:].reshape(-1, codes.shape[2])
    if width == 0:
        return shown, asked
    rng = np.random.default_rng(seed + 1)
    a, b = rng.normal(size=(codes.shape[2], width)), 0.5 * rng.normal(size=width)
    mean, scale = shown.mean(axis=0), np.sqrt(shown.var(axis=0).sum())
    return tuple(np.maximum((h - mean) / scale @ a + b, 0) / width**0.5 for h in (shown, asked))


def frame(result):
    """Both tasks by the width of the probe."""
    digit, control = 100 * result["right"][:, -1]
    return Frame(
        readouts={"digit": digit, "control": control, "selectivity": digit - control},
        panels=[Plot("tasks", tasks_figure(result), tasks_alt(result))],
        note="Yours has two numbers for a drawing, the networks have 32."
        if result["network"] == YOURS
        else "",
    )


def tasks_figure(result):
    """Two curves; the gap between them is the selectivity."""
    digit, control = 100 * result["right"]
    now = len(digit) - 1
    place = np.arange(now + 1)
    return figure(
        [
            line(place, digit, DATA_1),
            line(place, control, DATA_2),
            dots([now], [digit[now]], DATA_1, size=12, ring=2),
            dots([now], [control[now]], DATA_2, size=12, ring=2),
        ],
        axis(
            -0.3,
            len(WIDTHS) - 0.2,
            "hidden units of the probe",
            tickvals=list(range(len(WIDTHS))),
            ticktext=["none: linear", *map(str, WIDTHS[1:])],
        ),
        axis(0, 105, "right, %", dtick=20),
        height=375,
        shapes=[
            segment((-0.3, len(WIDTHS) - 0.2), (FLOOR, FLOOR), INK_3, dash="dot"),
            segment((now, now), (control[now], digit[now]), INK_3, dash="dot"),
        ],
        labels=[
            label("digit", now, digit[now], DATA_1, xanchor="left", xshift=10, yshift=-12),
            label(
                "random label", now, control[now], DATA_2_TEXT, xanchor="left", xshift=10, yshift=12
            ),
            label(
                "from the digit alone", len(WIDTHS) - 0.2, FLOOR, INK_3, xanchor="right", yshift=-10
            ),
        ],
    )


def tasks_alt(result):
    said = [
        f"{width or 'none'}: {100 * digit:.0f} and {100 * control:.0f}"
        for width, digit, control in zip(WIDTHS, *result["right"], strict=False)
    ]
    return f"Percent right for the digit and for random labels, by hidden units: {'; '.join(said)}."
