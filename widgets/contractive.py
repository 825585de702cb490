"""How far the code of a contractive autoencoder moves when its input does.

The data lie along a wave in the plane. Seven autoencoders were trained on them, each with another
weight gamma of the penalty. Encoder and decoder share their weights,

    h = s(W x + b),    x_hat = W^T h + c,    s(a) = 1 / (1 + exp(-a)),

so the Jacobian of the code is J = diag(h (1 - h)) W. A small step v of the input moves the code by
|J v|, which is half the width of an ellipse seen along v, if its axes are as long as the singular
values of J. Training lowers

    mean |x - x_hat|^2 + gamma mean |J|_F^2.
"""

import numpy as np

from widgets.contract import (
    ACCENT,
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    INK_2,
    MUTED,
    Frame,
    Instrument,
    Plot,
    Point,
    Readout,
    Slider,
)
from widgets.data import load
from widgets.kit.figures import axis, dots, equal, figure, label, line, segment

GAMMAS = (0.0, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
EVERY = 12  # data points from one ellipse to the next
SIZE = 0.5  # half an axis of an ellipse, for a singular value of 1

instrument = Instrument(
    name="contractive",
    title="What the code does not feel",
    challenge="Say first: as the penalty grows, will the ellipses only shrink, or also turn? And "
    "will they get thinner for ever? Then raise γ.",
    controls=(
        Slider(
            "gamma",
            "Weight of the penalty",
            default=0.0,
            values=GAMMAS,
            symbol=r"\gamma",
        ),
        Point("at", "Look at", default=(0.5, -0.6), limit=2.2, panel="plane"),
    ),
    readouts=(
        Readout("norm", "Squared norm", "", ".3f", r"\lVert J_f\rVert_F^2"),
        Readout("ratio", "Along / across", "×", ".2f"),
        Readout("error", "Squared error", "per point", ".4f"),
        Readout("local", "Longest / shortest here", "×", ".2f"),
    ),
    references=("rifai2011",),
)


def compute(*, gamma, at):
    """The Jacobians of one encoder, and what all of them are like on average.

    Parameters
    ----------
    gamma : float, weight of the penalty, one of `GAMMAS`
    at : pair of float, a place of the plane to look at

    Returns
    -------
    dict
        ``x``, the data, and ``x_hat``, rebuilt, (n, 2); ``jacobians`` at some of them and, as the
        last one, at ``at``, with the ``places``: (m, 20, 2) and (m, 2). For every gamma, over all
        data: ``norms``, the mean of |J|_F^2; ``ratios``, root mean square of |J v| for unit steps v
        along the wave, by that for steps across it; ``errors``, the mean of |x - x_hat|^2; (7,).
    """
    models = load("contractive_plane")
    x, tangents = models["x"].astype(float), models["tangents"].astype(float)  # (n, 2)
    normals = np.stack([-tangents[:, 1], tangents[:, 0]], axis=1)
    norms, ratios, errors = [], [], []
    for model in range(len(GAMMAS)):
        W, b, c = weights(models, model)
        J = jacobian(x, W, b)  # (n, 20, 2)
        along, across = (np.sum((J @ v[:, :, None]) ** 2, axis=(1, 2)) for v in (tangents, normals))
        norms.append(np.mean(np.sum(J**2, axis=(1, 2))))
        ratios.append(np.sqrt(along.mean() / across.mean()))
        errors.append(np.mean(np.sum((decode(encode(x, W, b), W, c) - x) ** 2, axis=1)))

    chosen = GAMMAS.index(gamma)
    W, b, c = weights(models, chosen)
    places = np.vstack([x[EVERY // 2 :: EVERY], at])
    return {
        "x": x,
        "x_hat": decode(encode(x, W, b), W, c),
        "places": places,
        "jacobians": jacobian(places, W, b),
        "norms": np.array(norms),
        "ratios": np.array(ratios),
        "errors": np.array(errors),
        "chosen": chosen,
    }


def weights(models, model):
    """W, (20, 2), b, (20,), and c, (2,), of one autoencoder."""
    return (models[name][model].astype(float) for name in ("W", "b", "c"))


def encode(x, W, b):
    """Codes of places x, (n, 2): (n, 20), each number between 0 and 1."""
    return 1 / (1 + np.exp(-(x @ W.T + b)))


def decode(h, W, c):
    """Places that codes stand for, (n, 2)."""
    return h @ W + c


def jacobian(x, W, b):
    """How the code changes with the input at places x, (n, 2): (n, 20, 2)."""
    h = encode(x, W, b)
    return (h * (1 - h))[:, :, None] * W


def frame(result):
    """The plane with the ellipses on the left, every weight of the penalty on the right."""
    chosen = result["chosen"]
    longest, shortest = np.linalg.svd(result["jacobians"][-1], compute_uv=False)
    return Frame(
        readouts={
            "norm": result["norms"][chosen],
            "ratio": result["ratios"][chosen],
            "error": result["errors"][chosen],
            "local": longest / shortest,
        },
        panels=[
            Plot("plane", plane_figure(result), plane_alt(result), half=True),
            Plot("weights", weights_figure(result), weights_alt(result), half=True),
        ],
        note="The wider an ellipse is in some direction, the farther a small step moves the code.",
    )


def ellipses(places, jacobians):
    """Ellipses around places as one line with gaps; their axes are the singular values of J.

    Returns x and y, each of shape (42 m,) for m places.
    """
    _, lengths, directions = np.linalg.svd(jacobians, full_matrices=False)  # (m, 2), (m, 2, 2)
    turn = np.linspace(0, 2 * np.pi, 41)
    circle = np.stack([np.cos(turn), np.sin(turn)], axis=1)  # (41, 2)
    outlines = places[:, None] + SIZE * (circle * lengths[:, None]) @ directions
    gap = np.full((len(places), 1, 2), np.nan)
    return np.concatenate([outlines, gap], axis=1).reshape(-1, 2).T


def plane_figure(result):
    """Data, what they are rebuilt to, an ellipse at some of them and at the chosen place."""
    places, jacobians = result["places"], result["jacobians"]
    return figure(
        [
            dots(*result["x"].T, MUTED, size=3),
            line(*result["x_hat"].T, DATA_2),
            line(*ellipses(places[:-1], jacobians[:-1]), DATA_1, width=1.5),
            line(*ellipses(places[-1:], jacobians[-1:]), ACCENT, width=3),
            dots(*places[-1:].T, ACCENT, size=8, ring=2),
        ],
        *equal(axis(-2.4, 2.4, dtick=1), axis(-2.4, 2.4, dtick=1, showgrid=False)),
        height=650,
        left=28,
        right=8,
        top=8,
        bottom=24,
        labels=[label("rebuilt", *result["x_hat"][-1], DATA_2_TEXT, xanchor="center", yshift=-16)],
    )


def plane_alt(result):
    x, y = result["places"][-1]
    longest, shortest = np.linalg.svd(result["jacobians"][-1], compute_uv=False)
    return (
        "A wave of data points in the plane, what the autoencoder rebuilds of them, and ellipses "
        f"that show how far the code moves for a small step. The one at ({x:.1f}, {y:.1f}) is "
        f"{longest:.3f} long and {shortest:.3f} wide, in units of code per unit of input."
    )


def weights_figure(result):
    """Along by across above; norm of the Jacobian and squared error below, for every weight."""
    model, chosen = np.arange(len(GAMMAS)), result["chosen"]
    ticks = {"tickvals": model, "ticktext": [f"{gamma:g}" for gamma in GAMMAS]}
    ends = -0.4, len(GAMMAS) - 0.6
    series = [("ratios", DATA_1, ""), ("norms", INK_2, "2"), ("errors", DATA_2, "2")]
    traces = []
    for name, color, place in series:
        refs = {"xaxis": f"x{place}", "yaxis": f"y{place}"}
        values = np.maximum(result[name], 1e-5)
        traces += [
            line(model, values, color, **refs),
            dots(model, values, color, **refs),
            dots([chosen], [values[chosen]], color, size=11, ring=2, **refs),
        ]
    return figure(
        traces,
        axis(*ends, anchor="y", showticklabels=False, **ticks),
        axis(0, 3, "along / across", domain=[0.58, 1], anchor="x", dtick=1, color=DATA_1),
        xaxis2=axis(*ends, "weight of the penalty γ", anchor="y2", **ticks),
        yaxis2=axis(
            -5,
            0,
            "squared norm, squared error",
            type="log",
            exponentformat="power",
            domain=[0, 0.42],
            anchor="x2",
            dtick=1,
        ),
        height=650,
        left=46,
        right=16,
        shapes=[segment((-0.4, 6.4), (1, 1), INK_2, dash="dot")],
        labels=[
            label("norm", 1, np.log10(result["norms"][1]), INK_2, xref="x2", yref="y2", yshift=12),
            label(
                "error",
                1,
                np.log10(result["errors"][1]),
                DATA_2_TEXT,
                xref="x2",
                yref="y2",
                xanchor="left",
                xshift=8,
                yshift=-10,
            ),
        ],
    )


def weights_alt(result):
    said = "; ".join(
        f"{gamma:g}: {ratio:.2f}, {norm:.3f}, {error:.4f}"
        for gamma, ratio, norm, error in zip(
            GAMMAS, result["ratios"], result["norms"], result["errors"], strict=True
        )
    )
    return f"For each weight: along by across, squared norm, squared error. {said}."
