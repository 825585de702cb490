"""Which digit is it? A linear probe of one code after another, by the number of labels.

An encoder is frozen, a few labels of each class are drawn, and a matrix that turns codes into
labels is fitted to them: by logistic regression, whose ridge was chosen on held-out labels, by
least squares, or from the means of the classes (:mod:`widgets.kit.probe`). It is then tested on
images whose labels it has not seen. Other labels give another probe, so each is fitted ten times,
to ten draws.

Logistic regression takes many steps, so its probes of the book's codes were fitted in training, to
labels of the 60,000 training images, and are only applied here. The others, and those of your own
code, are fitted here, to the page's 1,000 training images. The page asks about 1,000 test images. A
server asks the same about 10,000, and draws labels from 10,000 for what it fits.
"""

import itertools

import numpy as np

from widgets.contract import (
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    INK_2,
    MUTED,
    PAPER,
    YOURS,
    Choice,
    Frame,
    Instrument,
    Plot,
    Readout,
    Seed,
    Slider,
    Toggle,
)
from widgets.data import load
from widgets.kit.benchmark_codes import JUDGED, codes, labels
from widgets.kit.figures import axis, dots, figure, label, line
from widgets.kit.probe import MATRICES, RIDGES, over_draws

PER_CLASS = (1, 2, 5, 10, 20, 50)
DRAWS = 10
LOGISTIC = {
    "pixels": "mnist_logistic_pixels",
    "pca": "mnist_logistic_pca",
    "autoencoder": "mnist_logistic_autoencoder",
    "deep": "mnist_logistic_deep",
    "vae": "mnist_logistic_vae",
    "vae_16": "mnist_logistic_vae_16",
    "masked": "mnist_logistic_masked",
    "contrastive": "mnist_logistic_contrastive",
    "vicreg": "mnist_logistic_vicreg",
    "random": "mnist_logistic_random",
    "network": "mnist_logistic_network",
}
"""Logistic probes, by encoder; named in full, as notebooks take along what is named."""
PROBES = {"logistic": MATRICES["logistic"], **MATRICES}

instrument = Instrument(
    name="linear_probe",
    title="Linear probe",
    challenge="The deep autoencoder or the masked one: from which code does a matrix name more "
    "digits with one label of each, and from which with fifty? Write two names down, then look.",
    controls=(
        Choice("code", "Code", JUDGED, "deep", yours=True),
        Slider("per_class", "Labels of each digit", default=1, values=PER_CLASS),
        Choice("matrix", "Probe", PROBES, "logistic"),
        Slider(
            "ridge",
            "Ridge",
            default=1.0,
            values=RIDGES,
            when=("matrix", "squares"),
        ),
        Toggle("others", "All codes"),
        Seed(label="Draws", when=("matrix", "squares", "means")),
    ),
    readouts=(
        Readout("here", "Here, of 1,000", "%", ".1f"),
        Readout("span", "Over ten draws", "%"),
        Readout("everywhere", "Server, of 10,000", "%", ".1f"),
        Readout("apart", "Here, compared", "points", "+.1f"),
    ),
    references=("alain2017",),
    computed_on_server=True,
)


def compute(*, code, per_class, matrix, ridge, others, seed, full_data=None):
    """Ten probes, of ten draws of labels, each tested on the test images.

    Parameters
    ----------
    code : a key of JUDGED, or "yours"
    per_class : int, labels of each digit
    matrix : a key of MATRICES
    ridge : float, of least squares, in units of the mean squared length of a centred code
    others : bool, whether the curves of the other codes are shown
    seed : int, of the draws that are made here
    full_data : None, or the function that reads what a server has: codes and labels of 10,000
        training images, and of all test images

    Returns
    -------
    dict
        ``here`` and ``everywhere``, share of test images named right for each draw, (10,); the
        second is empty without ``full_data``; ``ridge``, 1 where it cannot be set; ``curves``,
        of every code on all 70,000 images by this matrix, least squares with a ridge of 1, (codes,
        labels of each digit, 3): mean, least, largest.
    """
    asked = {
        "per_class": per_class,
        "draws": DRAWS,
        "matrix": matrix,
        "ridge": ridge,
        "seed": seed,
    }
    shown, test, _ = codes(code)
    shown_labels, test_labels = labels()
    stored_fits = matrix == "logistic" and code != YOURS
    if stored_fits:
        here = applied(code, per_class, test, test_labels)
    else:
        here = over_draws(shown, shown_labels, test, test_labels, **asked)
    everywhere = np.array([])
    if full_data is not None:
        stored, known = full_data(f"benchmark_{code}"), full_data("benchmark_labels")
        asked_about = stored["test"].astype(float)  # once, not for each draw
        if stored_fits:
            unit = 255 if stored["test"].dtype == np.uint8 else 1  # pixels, as they are stored
            everywhere = applied(code, per_class, asked_about / unit, known["test"])
        else:
            everywhere = over_draws(
                stored["shown"], known["shown"], asked_about, known["test"], **asked
            )
    return {
        "code": code,
        "per_class": per_class,
        "matrix": matrix,
        "ridge": ridge if matrix == "squares" else 1.0,
        "others": others,
        "here": here,
        "everywhere": everywhere,
        "curves": load("mnist_judged")["curves"][list(MATRICES).index(matrix)].astype(float),
    }


def applied(code, per_class, test, test_labels):
    """Share of test codes that each of the ten stored logistic probes names, (10,)."""
    stored, row = load(LOGISTIC[code]), PER_CLASS.index(per_class)
    matrices, intercepts = stored["matrix"][row], stored["intercept"][row]
    draws, width, classes = matrices.shape
    all_ten = matrices.swapaxes(0, 1).reshape(width, draws * classes)
    odds = (test.astype(np.float32) @ all_ten).reshape(-1, draws, classes) + intercepts
    return np.mean(odds.argmax(axis=2) == test_labels[:, None], axis=0)


def frame(result):
    """The curves of all codes, with what was found here and by the server."""
    here, everywhere = 100 * result["here"], 100 * result["everywhere"]
    known = len(everywhere) > 0
    return Frame(
        readouts={
            "here": here.mean(),
            "span": f"{here.min():.1f} to {here.max():.1f}",
            "everywhere": everywhere.mean() if known else None,
            "apart": here.mean() - everywhere.mean() if known else None,
        },
        panels=[Plot("curves", curves_figure(result), curves_alt(result))],
        note="The curves have a ridge of 1." if result["ridge"] != 1 else "",
    )


def curves_figure(result):
    """A curve for each code, on all images; a dot and an interval for what was just computed."""
    curves, at = 100 * result["curves"], list(JUDGED)
    place = np.arange(len(PER_CLASS))
    now = PER_CLASS.index(result["per_class"])
    here, everywhere = 100 * result["here"], 100 * result["everywhere"]
    chosen = at.index(result["code"]) if result["code"] != YOURS else None
    found = [*interval(now - 0.06, here, DATA_2)]
    if len(everywhere):
        found += interval(now + 0.06, everywhere, DATA_1)
    if chosen is not None:
        mean, low, high = curves[chosen].T
        found = [
            line(place, mean, DATA_1),
            line(place, low, DATA_1, width=1, dash="dot"),
            line(place, high, DATA_1, width=1, dash="dot"),
            *found,
        ]
    named = range(len(JUDGED)) if result["others"] else [] if chosen is None else [chosen]
    titles = [list(JUDGED.values())[i] for i in named]
    ends = apart(curves[list(named), -1, 0])
    return figure(
        [
            *(line(place, curves[i, :, 0], MUTED, width=1.2) for i in named if i != chosen),
            *found,
        ],
        axis(
            -0.3,
            len(PER_CLASS) + 0.6,
            "labels of each digit",
            tickvals=place.tolist(),
            ticktext=[str(n) for n in PER_CLASS],
        ),
        axis(0, 100, f"{PROBES[result['matrix']]}: test digits named right, %", dtick=20),
        height=440,
        labels=[
            label(
                title,
                len(PER_CLASS) - 1,
                height,
                DATA_1 if i == chosen else INK_2,
                xanchor="left",
                xshift=8,
                bgcolor=PAPER,
            )
            for i, title, height in zip(named, titles, ends, strict=True)
        ]
        + [
            label(
                "here",
                now - 0.06,
                here.max(),
                DATA_2_TEXT,
                yshift=10,
                bgcolor=PAPER,
            )
        ],
    )


def apart(heights, least=5.0):
    """Heights of labels, moved down so that no two are closer than so many percent."""
    order = np.argsort(heights)[::-1]
    placed = np.array(heights, dtype=float)
    for upper, lower in itertools.pairwise(order):
        placed[lower] = min(placed[lower], placed[upper] - least)
    return placed


def interval(x, values, color):
    """From the least to the largest of some values, and their mean."""
    return [
        line([x, x], [values.min(), values.max()], color, width=3),
        dots([x], [values.mean()], color, size=11, ring=2),
    ]


def curves_alt(result):
    here, everywhere = 100 * result["here"], 100 * result["everywhere"]
    served = f" By the server, of 10,000: {everywhere.mean():.1f} %." if len(everywhere) else ""
    curves = dict(zip(JUDGED, 100 * result["curves"][:, :, 0], strict=True))
    shown = list(JUDGED) if result["others"] else [c for c in JUDGED if c == result["code"]]
    said = [
        f" {JUDGED[code]}, with {PER_CLASS[0]} to {PER_CLASS[-1]} labels of each digit: "
        f"{curves[code][0]:.0f} to {curves[code][-1]:.0f} % of all test digits."
        for code in shown
    ]
    return (
        f"{PROBES[result['matrix']]}. With {result['per_class']} labels of each digit, a probe of "
        f"{JUDGED.get(result['code'], 'your code')} names {here.mean():.1f} % of 1,000 test "
        f"digits, {here.min():.1f} to {here.max():.1f} over ten draws.{served}{''.join(said)}"
    )
