"""What one encoder loses by answering for two inputs, and what the shape of its clouds loses.

Two latents each add a piece to the image, and the pieces share some of their pixels:

    z ~ N(0, I),    x given z ~ N(W z, I),    W^T W = w^2 [[1, rho], [rho, 1]].

The posterior of an input is a Gaussian with precision P = I + W^T W and mean m(x) = P^-1 W^T x. The
encoder sees how well each piece fits, h = W^T x, and answers with an upright cloud of the best
width, q = N(mu, I / P_11), whose mean has one number for both inputs, and on demand a second one:

    mu_1 = a h_1 - b h_2,    mu_2 = a h_2 - b h_1.

The gap of the bound, KL(q || p(z|x)), then has two parts:

    approximation    (log(P_11 P_22) - log det P) / 2, the gap of the best upright cloud
    amortisation     (mu - m)^T P (mu - m) / 2
"""

import numpy as np

from widgets.contract import (
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    INK,
    INK_2,
    INK_3,
    PAPER,
    Frame,
    Instrument,
    Plot,
    Readout,
    Slider,
    Toggle,
)
from widgets.kit.figures import axis, circle, dots, equal, figure, label, line, segment

W = 2.0  # length of each piece
CODES = np.array([[1.0, 1.0], [1.0, -1.0]])  # of inputs A and B: x = W z without noise
GAINS = np.linspace(0, 0.5, 201)  # along the curves
HIGHEST = 2.0  # nats that are shown
FRAME = (-0.8, 3.2), (-2.0, 2.0)  # of the latent plane

instrument = Instrument(
    name="amortisation_gap",
    title="One encoder, two inputs",
    challenge="Leave b at 0. With which a has A no amortisation gap, and with which has B none? "
    "Find the best a for both. Then let the encoder subtract.",
    controls=(
        Slider("gain", "Gain", default=0.2, min=0.0, max=0.5, step=0.005, symbol="a", format=".3f"),
        Slider(
            "cross",
            "Subtracted",
            default=0.0,
            min=0.0,
            max=0.3,
            step=0.005,
            symbol="b",
            format=".3f",
        ),
        Slider(
            "overlap",
            "Overlap of the pieces",
            default=0.6,
            min=0.0,
            max=0.8,
            step=0.05,
            symbol=r"\rho",
            format=".2f",
        ),
        Toggle("best", "Show the best gain for both"),
    ),
    readouts=(
        Readout("approximation", "Approximation gap", "nats", ".3f"),
        Readout("of_a", "Amortisation, A", "nats", ".3f"),
        Readout("of_b", "Amortisation, B", "nats", ".3f"),
        Readout("mean", "Mean gap", "nats", ".3f"),
    ),
    references=("cremer2018",),
)


def compute(*, gain, cross, overlap, best):
    """Posteriors, clouds and both parts of the gap at one encoder, and along all gains.

    Parameters
    ----------
    gain, cross : float, the encoder's numbers a and b
    overlap : float, cosine between the two pieces
    best : bool, whether the best gain is shown

    Returns
    -------
    dict
        For inputs A and B: ``posteriors``, the means of the posteriors, (2, 2), which share the
        ``covariance``, (2, 2); ``clouds``, the means of the encoder's clouds, (2, 2), of standard
        deviation ``width``. In nats: ``approximation``; ``amortisation``, (2,), and at ``GAINS``
        ``curves``, (201, 2). ``own``, (2,), the gain at which each input's amortisation gap is
        smallest, and ``shared``, that at which their mean is, both at this ``cross``.
    """
    gram = W**2 * np.array([[1.0, overlap], [overlap, 1.0]])
    precision = np.eye(2) + gram
    h = CODES @ gram  # how well each piece fits, for x = W z
    posteriors = np.linalg.solve(precision, h.T).T
    subtracted = cross * h[:, ::-1]

    def amortisation(gains):
        off = np.multiply.outer(gains, h) - subtracted - posteriors
        return np.einsum("...i,ij,...j->...", off, precision, off) / 2

    # The gap is a parabola in the gain; its curvature is h^T P h.
    curvature = np.einsum("ni,ij,nj->n", h, precision, h)
    pull = np.einsum("ni,ij,nj->n", h, precision, posteriors + subtracted)
    return {
        "posteriors": posteriors,
        "covariance": np.linalg.inv(precision),
        "clouds": gain * h - subtracted,
        "width": 1 / np.sqrt(precision[0, 0]),
        "approximation": np.log(precision[0, 0]) - np.linalg.slogdet(precision)[1] / 2,
        "amortisation": amortisation(gain),
        "curves": amortisation(GAINS),
        "own": pull / curvature,
        "shared": pull.sum() / curvature.sum(),
        "gain": gain,
        "cross": cross,
        "overlap": overlap,
        "best": best,
    }


def frame(result):
    """The clouds in the latent plane on the left, the gaps by the gain on the right."""
    of_a, of_b = result["amortisation"]
    return Frame(
        readouts={
            "approximation": abs(result["approximation"]),  # rounding may take it below 0
            "of_a": of_a,
            "of_b": of_b,
            "mean": abs(result["approximation"]) + (of_a + of_b) / 2,
        },
        panels=[
            Plot("plane", plane_figure(result), plane_alt(result), half=True),
            Plot("gaps", gaps_figure(result), gaps_alt(result), half=True),
        ],
        note=note(result),
    )


def plane_figure(result):
    """Posteriors, best upright clouds and the encoder's clouds, each one standard deviation."""
    around = np.linspace(0, 2 * np.pi, 73)
    unit = np.stack([np.cos(around), np.sin(around)])
    tilted = np.linalg.cholesky(result["covariance"]) @ unit
    width = result["width"]
    traces, shapes, names = [], [circle((0, 0), 1, INK_3, dash="dot")], []
    for name, posterior, cloud in zip("AB", result["posteriors"], result["clouds"], strict=True):
        traces += [
            line(*(posterior[:, None] + tilted), DATA_2, width=2.5),
            line(*(posterior[:, None] + width * unit), INK, width=1.5, dash="dash"),
            line(*(cloud[:, None] + width * unit), DATA_1, width=2.5),
        ]
        names.append(label(f"<b>{name}</b>", *posterior, INK))
    traces.append(dots(*result["clouds"].T, DATA_1, size=7, ring=2))
    kinds = [
        ("posterior", DATA_2_TEXT),
        ("best upright cloud", INK),
        ("the encoder's", DATA_1),
        ("prior", INK_3),
    ]
    right = {"xref": "x domain", "yref": "y domain", "xanchor": "right", "bgcolor": PAPER}
    return figure(
        traces,
        *equal(
            axis(*FRAME[0], "z<sub>1</sub>", dtick=1), axis(*FRAME[1], "z<sub>2</sub>", dtick=1)
        ),
        height=620,
        right=12,
        shapes=shapes,
        labels=[
            *names,
            *(
                label(f"<b>{kind}</b>", 0.98, 0.225 - 0.065 * place, color, **right)
                for place, (kind, color) in enumerate(kinds)
            ),
        ],
    )


def plane_alt(result):
    places = " ".join(
        f"The posterior of {name} is around ({m[0]:.2f}, {m[1]:.2f}), the encoder's cloud around "
        f"({mu[0]:.2f}, {mu[1]:.2f})."
        for name, m, mu in zip("AB", result["posteriors"], result["clouds"], strict=True)
    )
    shape = "tilted ellipses" if result["overlap"] else "circles"
    return (
        f"The latent plane with the prior. {places} The posteriors are {shape}, the clouds circles "
        f"of standard deviation {result['width']:.2f}."
    )


def gaps_figure(result):
    """The whole gap of each input and their mean by the gain, over the approximation gap."""
    floor = abs(result["approximation"])
    curves = [
        ("A", result["curves"][:, 0], result["amortisation"][0], INK_2, "solid"),
        ("B", result["curves"][:, 1], result["amortisation"][1], INK_2, "dot"),
        ("mean", result["curves"].mean(axis=1), result["amortisation"].mean(), DATA_1, "solid"),
    ]
    shapes = [segment((0, 1), (floor, floor), DATA_2, dash="dash", xref="x domain")]
    if result["best"]:
        shared = result["shared"]
        shapes.append(segment((shared, shared), (0, 1), INK_3, dash="dash", yref="y domain"))
    corner = {"xref": "x domain", "yref": "y domain", "xanchor": "right", "bgcolor": PAPER}
    return figure(
        [
            *(
                line(GAINS, floor + np.minimum(curve, 20), color, dash=dash)
                for _, curve, _, color, dash in curves
            ),
            dots(
                [result["gain"]] * 3,
                [min(floor + now, HIGHEST) for _, _, now, _, _ in curves],
                [color for _, _, _, color, _ in curves],
                size=9,
                ring=2,
            ),
        ],
        axis(0, 0.5, "gain a", dtick=0.1),
        axis(0, HIGHEST, "gap, nats", dtick=0.5),
        height=620,
        right=16,
        shapes=shapes,
        labels=[
            label("<b>A</b>, solid", 0.98, 0.97, INK_2, **corner),
            label("<b>B</b>, dotted", 0.98, 0.905, INK_2, **corner),
            label("<b>mean</b>", 0.98, 0.84, DATA_1, **corner),
            label("<b>approximation</b>, dashed", 0.98, 0.775, DATA_2_TEXT, **corner),
        ],
    )


def gaps_alt(result):
    of_a, of_b = abs(result["approximation"]) + result["amortisation"]
    own_a, own_b = result["own"]
    return (
        f"The gap of each input against the gain: a parabola for A, lowest at {own_a:.3f}, and a "
        f"wider one for B, lowest at {own_b:.3f}, and their mean. The approximation gap is "
        f"{abs(result['approximation']):.3f} nats. At a gain of {result['gain']:.3f} the gaps are "
        f"{of_a:.3f} and {of_b:.3f}."
    )


def note(result):
    """The best gain where it is shown, or which input pays."""
    if result["best"]:
        return (
            f"With b = {result['cross']:.3f} the mean gap is smallest at a = "
            f"{result['shared']:.3f}."
        )
    if result["amortisation"].max() < 0.0005:
        return "Both clouds are the best of their shape. What is left is their shape."
    return ""
