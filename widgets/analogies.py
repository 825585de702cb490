"""a - b + c, where the right answer is known: strokes on a grid of curvature and orientation.

b differs from a in curvature alone and from c in orientation alone, so a is to b as the right
answer d is to c: d has the curvature of a and the orientation of c. The answer of a code f is the
stroke e with the code nearest to f(a) - f(b) + f(c). It follows from distances alone:

    |f(a) - f(b) + f(c) - f(e)|^2 = |f(a) - f(e)|^2 - |f(b) - f(e)|^2 + |f(c) - f(e)|^2 + const.

It is usual to leave out a, b and c themselves. Two trivial answers leave them out too and subtract
nothing: the stroke nearest to c, whatever a and b are, and the one nearest to a and c together,
with the least |f(a) - f(e)|^2 + |f(c) - f(e)|^2. The vocabulary is all 144 strokes, or only those
that lie so far apart as a, b and c do: then d is the only common neighbour of a and c but for b.
"""

import numpy as np

from widgets.contract import (
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
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
from widgets.kit.figures import axis, dots, figure, label, line, segment

GRID = 12  # values of each factor
STEPS = (1, 2, 3, 4, 6)  # the divisors of GRID, so that all vocabularies of a kind are equal
RUNS = 5  # seeds of the models trained on strokes
ENCODERS = {
    "pixels": "Pixels",
    "pca": "PCA, 10 numbers",
    "autoencoder": "Autoencoder, 2",
    "vae": "VAE, 2",
    "network": "Digit network, 32",
    "masked": "Masked, of digits, 64",
    "factors": "The factors, 2",
}
AMONG = {"spaced": "As far apart", "all": "All 144"}
SIGNS = ((1, 1), (1, -1), (-1, 1), (-1, -1))

instrument = Instrument(
    name="analogies",
    title="Analogies",
    challenge="At three steps and with seed 0, which of the seven codes answer more than half of "
    "the questions when any stroke may be the answer? And when a, b and c may not? Write both "
    "lists down, then look.",
    controls=(
        Slider("steps", "Steps apart", default=3, values=STEPS),
        Choice("encoder", "Code", ENCODERS, "pixels"),
        Choice("among", "Strokes to choose from", AMONG, "spaced"),
        Slider(
            "run",
            "Trained with seed",
            default=0,
            min=0,
            max=RUNS - 1,
            step=1,
            when=("encoder", "autoencoder", "vae"),
        ),
        Seed(label="Question"),
    ),
    readouts=(
        Readout("any", "Right, any stroke", "%", ".0f"),
        Readout("others", "Right, but for a, b, c", "%", ".0f"),
        Readout("trivial", "Right, next to c", "%", ".0f"),
        Readout("between", "Right, next to a and c", "%", ".0f"),
    ),
    references=("mikolov2013", "linzen2016"),
)


def compute(*, steps, encoder, among, run, seed):
    """Ask every question of every distance of one code.

    Parameters
    ----------
    steps : int, by how many steps of the grid a, b and c differ
    encoder : a key of ENCODERS
    among : a key of AMONG, the vocabulary
    run : int, seed with which the autoencoder or the VAE was trained
    seed : int, which of the questions is shown

    Returns
    -------
    dict
        ``shares`` (5, 5), by STEPS: the share of questions answered right when any stroke may be
        the answer, when a, b and c may not, by the stroke nearest to c, and by the one nearest to
        a and c together; and the share whose answer is a, b or c when any may be. ``images`` of
        the question shown: a, b, c, the right answer, the answer among all and the answer without
        a, b, c, (6, 28, 28).
    """
    data = load("stroke_codes")
    away = distances(codes_of(encoder, run, data))  # (144, 144)
    shares = np.empty((5, len(STEPS)))
    for column, n in enumerate(STEPS):
        a, b, c, d = asked = questions(n)
        answers = all_answers(away, a, b, c, n if among == "spaced" else 1)
        shares[:4, column] = (answers == d).mean(axis=1)
        shares[4, column] = (answers[0] == asked[:3]).any(axis=0).mean()
        if n == steps:
            shown = np.random.default_rng(seed).integers(len(a))
            places = [a[shown], b[shown], c[shown], d[shown], *answers[:2, shown]]
    images = data["images"].reshape(GRID**2, 28, 28)[places]
    return {
        "shares": shares,
        "images": images,
        "steps": steps,
        "encoder": encoder,
        "among": among,
    }


def codes_of(encoder, run, data):
    """Codes of the strokes, (144, k)."""
    if encoder == "pixels":
        return data["images"].reshape(GRID**2, -1).astype(float)  # whole: no machine rounds them
    if encoder == "factors":
        return np.stack(np.divmod(np.arange(GRID**2), GRID), axis=1).astype(float)
    codes = data[encoder][run] if encoder in ("autoencoder", "vae") else data[encoder]
    return codes.reshape(GRID**2, -1).astype(float)


def distances(codes):
    """Squared distances between rows, (n, n)."""
    squares = np.sum(codes**2, axis=1)
    return squares[:, None] - 2 * codes @ codes.T + squares


def questions(n):
    """Places on the grid of a, b, c and the right answer d, n steps apart: (4, questions)."""
    found = []
    for down, right in SIGNS:
        start = np.arange(GRID - n)
        row, column = (start if sign > 0 else start + n for sign in (down, right))
        i, j = (each.ravel() for each in np.meshgrid(row, column, indexing="ij"))
        bent, turned = i + down * n, j + right * n
        pairs = ((bent, j), (i, j), (i, turned), (bent, turned))
        found.append([GRID * curvature + orientation for curvature, orientation in pairs])
    return np.concatenate(found, axis=1)


def all_answers(away, a, b, c, spacing):
    """The nearest stroke among all; without a, b, c; nearest to c; and to a and c: (4, questions).

    The vocabulary of a question is every `spacing`-th stroke either way, with a, b and c among it.
    """
    phase = np.add(*(np.divmod(np.arange(GRID**2), GRID) % np.int_(spacing) * [[GRID], [1]]))
    apart = np.where(np.equal.outer(phase, phase), away, np.inf)  # (144, 144)
    to_c = apart[c]
    score = away[a] - away[b] + to_c  # (questions, 144)
    among_all, each = score.argmin(axis=1), np.arange(len(a))
    without = np.stack([score, to_c, away[a] + to_c])
    for place in (a, b, c):
        without[:, each, place] = np.inf
    return np.stack([among_all, *without.argmin(axis=2)])


def frame(result):
    """One question with its answers, and how often they are right."""
    here = 100 * result["shares"][:, STEPS.index(result["steps"])]
    return Frame(
        readouts=dict(zip(("any", "others", "trivial", "between"), here, strict=False)),
        panels=[
            Tiles(
                "question",
                result["images"][None],
                alt="Six strokes: a, b and c, the right answer, the answer among all strokes, and "
                "the answer among all but a, b and c.",
                captions=("a", "b", "c", "right", "any", "but a, b, c"),
                gap=2,
            ),
            Plot("shares", shares_figure(result), shares_alt(result)),
        ],
        note=note(result),
    )


def shares_figure(result):
    """Shares of right answers by the number of steps."""
    steps, shares = np.array(STEPS), 100 * result["shares"]
    styles = (
        ("any stroke", DATA_1, DATA_1, (0.7, 134), "solid"),
        ("but for a, b, c", DATA_2, DATA_2_TEXT, (6.3, 134), "solid"),
        ("next to c", MUTED, INK_3, (0.7, 116), "solid"),
        ("next to a and c", INK_2, INK_2, (6.3, 116), "dash"),
    )
    traces, labels = [], []
    for share, (name, color, ink, place, dash) in zip(shares, styles, strict=False):
        traces += [
            line(steps, share, color, dash=dash),
            dots(steps, share, color, size=7, ring=1),
        ]
        labels.append(label(name, *place, ink, xanchor="left" if place[0] < 1 else "right"))
    here = result["steps"]
    return figure(
        traces,
        axis(0.6, STEPS[-1] + 0.4, "steps apart", dtick=1),
        axis(-4, 143, "right answers, %", tickvals=[0, 25, 50, 75, 100]),
        height=250,
        left=44,
        shapes=[segment((here, here), (0, 100), INK_3, dash="dot")],
        labels=labels,
    )


def shares_alt(result):
    any_of, others, trivial, between, _ = 100 * result["shares"]
    said = [
        f"{n} apart, {any_of[at]:.0f} percent among all, {others[at]:.0f} without a, b and c, "
        f"{trivial[at]:.0f} next to c, {between[at]:.0f} next to a and c"
        for at, n in enumerate(STEPS)
    ]
    return f"Right answers by {ENCODERS[result['encoder']]}: {'; '.join(said)}."


def note(result):
    """How many questions the shares are of, and among how many strokes."""
    steps = result["steps"]
    strokes = (GRID // steps) ** 2 if result["among"] == "spaced" else GRID**2
    asked = 100 * result["shares"][4, STEPS.index(steps)]
    said = (
        f"{4 * (GRID - steps) ** 2} questions, each answered by one of {strokes} strokes; "
        f"{asked:.0f} % by a, b or c, where any stroke may be the answer."
    )
    return said + (" Without a, b and c, one is left." if strokes == 4 else "")
