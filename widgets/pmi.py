"""The similarity that a contrastive loss is after, on a table of which every probability is known.

The table has p(x, y) for 8 words x and 8 contexts y. Words and contexts have codes z_x and w_y of
some numbers, and the similarity s = z_x . w_y; with codes of length 1 it is divided by the
temperature. InfoNCE asks which of N contexts came with a word, one drawn with it and N - 1 without:

    L = E[ -log( f(x, y) / (f(x, y) + sum_j f(x, y_j)) ) ],   f = exp(s),  (x, y) ~ p,  y_j ~ p(y).

No batch is drawn. For every a > 0, log a is the integral of (e^-t - e^-ta) dt / t, and the mean of
e^-ta over N - 1 independent contexts is a power, so one sum over t gives L and its slope exactly.
Word2vec asks of each pair whether it came together, with N - 1 drawn apart for each that did:

    L = E_p[-log sigmoid(s(x, y))] + (N - 1) E[-log sigmoid(-s(x, y_j))].

With PMI = log p(x, y) - log p(x) - log p(y), InfoNCE is least at PMI + c(x) for any c, and word2vec
at PMI - log(N - 1). The mean of PMI over pairs is their mutual information. Adam descends.
"""

import math

import numpy as np

from widgets.contract import (
    CLASS_0,
    CLASS_1,
    CLASS_2,
    CLASS_3,
    CLASS_4,
    CLASS_5,
    CLASS_6,
    CLASS_7,
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    INK_2,
    INK_3,
    MUTED,
    PAPER,
    RULE,
    Choice,
    Frame,
    Instrument,
    Plot,
    Readout,
    Seed,
    Slider,
    Training,
)
from widgets.kit.adam import adam
from widgets.kit.figures import axis, dots, equal, figure, label, line, segment
from widgets.kit.sphere import unit, unit_slope

SIZE = 8  # words, and contexts
WORDS = ("king", "queen", "cat", "dog", "bread", "cheese", "red", "blue")
CONTEXTS = ("crown", "throne", "fur", "tail", "eat", "slice", "paint", "sky")
WORD_COUNTS = np.array([3, 2, 4, 5, 6, 2, 4, 3])  # how common each is
CONTEXT_COUNTS = np.array([1, 1, 2, 2, 8, 2, 3, 4])
TOGETHER = np.array(  # how well a word and a context go together: one more counts threefold
    [
        [4, 3, 0, 0, 1, 0, 1, 0],
        [3, 4, 1, 0, 1, 0, 1, 0],
        [0, 1, 4, 3, 2, 0, 0, 0],
        [0, 0, 3, 4, 2, 0, 0, 0],
        [0, 0, 0, 0, 3, 4, 0, 0],
        [0, 0, 0, 0, 3, 3, 1, 0],
        [1, 0, 1, 0, 0, 0, 4, 1],
        [0, 0, 0, 0, 0, 0, 3, 4],
    ]
)
ANGLES = np.arange(SIZE) * 360 // SIZE
CONCENTRATION = 5.0  # of the angles at strength 1: p(y given x) grows as exp(5 cos(y - x))
RATE, MAX_STEPS = 0.05, 400
CANDIDATES = (2, 4, 8, 16, 64, 256, 1024)
H = 0.5  # distance of the places of the integral over log t: exact to nine digits
T = np.exp(np.arange(-22, 26, H))
COLORS = (CLASS_0, CLASS_1, CLASS_2, CLASS_3, CLASS_4, CLASS_5, CLASS_6, CLASS_7)
NATS = 2.2  # shown; log 8 is 2.08
AFTER = ("branch", "on")

instrument = Instrument(
    name="pmi",
    title="The best similarity",
    challenge="The table on the left is the truth. Which of its colours will codes of 2 numbers "
    "lose? With 2 candidates in place of 1,024, what changes: the table that is learned, or only "
    "the curve below? Say it, then press Run.",
    controls=(
        Slider("steps", "Step", default=0, min=0, max=MAX_STEPS, step=1),
        Slider("numbers", "Numbers of a code", default=2, min=1, max=SIZE, step=1, symbol="k"),
        Slider("candidates", "Candidates", default=16, values=CANDIDATES, symbol="N"),
        Slider("strength", "Strength of the table", default=1.0, min=0.0, max=1.0, step=0.1),
        Choice("table", "Table", {"words": "Words", "angles": "Angles"}, "words"),
        Choice("objective", "Loss", {"infonce": "InfoNCE", "word2vec": "Word2vec"}, "infonce"),
        Choice("length", "Codes", {"any": "Of any length", "one": "Of length 1"}, "any"),
        Slider(
            "temperature",
            "Temperature",
            default=0.2,
            values=(0.1, 0.2, 0.4, 1.0, 2.0),
            symbol=r"\tau",
            when=("length", "one"),
        ),
        Seed(label="Start"),
        Choice("branch", "Branch", {"off": "None", "on": "From a step on"}, "off"),
        Slider("at", "Branch at step", default=0, min=0, max=MAX_STEPS, step=1, when=AFTER),
        Slider(
            "later_candidates",
            "From there on: candidates",
            default=1024,
            values=CANDIDATES,
            symbol="N",
            when=AFTER,
        ),
    ),
    readouts=(
        Readout("loss", "Loss", "nats"),
        Readout("bound", "log N − InfoNCE", "nats"),
        Readout("information", "Information", "nats"),
        Readout("miss", "Off PMI", "nats"),
        Readout("alignment", "Alignment"),
        Readout("uniformity", "Uniformity"),
    ),
    references=("vandenoord2018", "poole2019", "levy2014", "wang2020"),
    training=Training(
        steps="steps",
        curve=("bound",),
        branch="branch",
        at="at",
        later={"candidates": "later_candidates"},
        saves=False,
    ),
)


def joint(table, strength):
    """p(x, y), (SIZE, SIZE): independent at strength 0."""
    if table == "angles":
        turn = np.radians(ANGLES[:, None] - ANGLES)
        p = np.exp(CONCENTRATION * strength * np.cos(turn))
    else:
        p = np.outer(WORD_COUNTS, CONTEXT_COUNTS) * 3.0 ** (strength * TOGETHER)
    return p / p.sum()


def pmi(p):
    """Pointwise mutual information of a table of probabilities, nats."""
    return np.log(p) - np.log(p.sum(axis=1, keepdims=True)) - np.log(p.sum(axis=0))


def start(*, numbers, seed, **settings):
    """The state before the first step: small codes at random, Adam's averages at zero."""
    theta = np.random.default_rng(seed).normal(0, 0.3, (2, SIZE, numbers))
    zero = np.zeros_like(theta)
    return {"t": 0, "theta": theta, "m": zero, "v": zero, "bound": 0.0}


def step(state, *, table, strength, objective, candidates, length, temperature, **settings):
    """One step of Adam on the expected loss, with the bound that it had before."""
    t, p = state["t"] + 1, joint(table, strength)
    codes, lengths, scale = coded(state["theta"], length, temperature)
    s = codes[0] @ codes[1].T / scale
    loss, slope = infonce(s, p, candidates)
    bound = math.log(candidates) - loss
    if objective == "word2vec":
        slope = word2vec(s, p, candidates - 1)[1]
    gradient = np.stack([slope @ codes[1], slope.T @ codes[0]]) / scale
    if length == "one":
        pairs = zip(gradient, codes, lengths, strict=True)
        gradient = np.stack([unit_slope(*each) for each in pairs])
    theta, m, v = adam(state["theta"], state["m"], state["v"], gradient, t, RATE)
    return {"t": t, "theta": theta, "m": m, "v": v, "bound": bound}


def coded(theta, length, temperature):
    """Codes of words and of contexts, their lengths, and what their product is divided by."""
    if length == "any":
        return theta, None, 1.0
    codes, lengths = zip(*map(unit, theta), strict=True)
    return codes, lengths, temperature


def infonce(s, p, n):
    """The expected loss with n candidates, and its slope by the similarities.

    Parameters
    ----------
    s : ndarray of shape (SIZE, SIZE), similarities
    p : ndarray of that shape, probabilities
    n : int

    Returns
    -------
    loss : float, nats
    slope : ndarray of shape (SIZE, SIZE)
    """
    word, context = p.sum(axis=1), p.sum(axis=0)
    given = p / word[:, None]
    f, e, right, other = integrands(s, given, context)
    loss = losses(s, p, [n], right, other)[0]
    both = given[:, :, None] * other[:, None] ** (n - 1)
    both = both + (n - 1) * context[:, None] * (right * other ** (n - 2))[:, None]
    share = f * ((e * both) @ (H * T))  # expected number of times y is taken for the right one
    return loss, word[:, None] * (share - given)


def integrands(s, given, context):
    """f = exp(s) up to a factor for each word; e^-tf; its mean with the word, and without."""
    f = np.exp(s - s.max(axis=1, keepdims=True))
    e = np.exp(-f[:, :, None] * T)  # (SIZE, SIZE, places)
    return f, e, (given[:, None] @ e)[:, 0], context @ e


def losses(s, p, numbers, right, other):
    """InfoNCE for some numbers of candidates: the mean of log(sum of f) - s."""
    own = np.sum(p * (s - s.max(axis=1, keepdims=True)))
    sums = [H * np.sum(np.exp(-T) - right * other ** (n - 1), axis=1) for n in numbers]
    return np.array(sums) @ p.sum(axis=1) - own


def word2vec(s, p, negatives):
    """The loss of skip-gram with negative sampling, and its slope by the similarities."""
    apart = negatives * np.outer(p.sum(axis=1), p.sum(axis=0))
    loss = np.sum(p * np.logaddexp(0, -s) + apart * np.logaddexp(0, s))
    sigmoid = 1 / (1 + np.exp(-s))
    return loss, apart * sigmoid - p * (1 - sigmoid)


def bounds(s, p):
    """log N - InfoNCE of a similarity, for each of CANDIDATES, nats."""
    given, context = p / p.sum(axis=1, keepdims=True), p.sum(axis=0)
    _, _, right, other = integrands(s, given, context)
    return np.log(CANDIDATES) - losses(s, p, CANDIDATES, right, other)


def as_pmi(s, p):
    """Similarities less c(x), so that the mean of exp over all contexts is 1, as that of PMI is."""
    return s - np.log(np.exp(s) @ p.sum(axis=0))[:, None]


def truncated(matrix, rank):
    """The nearest matrix of that rank by squared error: the largest singular values."""
    u, values, v = np.linalg.svd(matrix)
    return (u[:, :rank] * values[:rank]) @ v[:rank]


def compute(state, curves, *, table, strength, objective, length, temperature, numbers, **controls):
    """Compare what the codes have learned with the truth.

    Parameters
    ----------
    state : dict, as `step` returns it
    curves : list of dict, of this run, and, on a branch, of the run that it left
    table, strength, objective, length, temperature, numbers : the controls

    Returns
    -------
    dict
        ``pmi`` and ``learned``, (SIZE, SIZE), in nats, the second shifted as its optimum is;
        ``loss``, ``information``, and ``miss``, the root of the mean square of their difference
        over pairs of the table, nats; ``bounds``, ``best`` and ``svd``: log N - InfoNCE by
        CANDIDATES of the codes, of PMI, and of as many singular values of it; ``codes``, two of
        their directions, (2, SIZE, 2); for codes of length 1 ``alignment``, the mean squared
        distance of pairs, and ``uniformity``, log of the mean of exp(-2 squared distance).
    """
    later = controls["branch"] == "on" and controls["steps"] > controls["at"]
    candidates = controls["later_candidates"] if later else controls["candidates"]
    p = joint(table, strength)
    codes, _, scale = coded(state["theta"], length, temperature)
    s = codes[0] @ codes[1].T / scale
    truth = pmi(p)
    if objective == "word2vec":
        shift = math.log(candidates - 1)
        learned, by_svd = s + shift, truncated(truth - shift, numbers)
        loss = word2vec(s, p, candidates - 1)[0]
    else:
        learned, by_svd = as_pmi(s, p), truncated(truth - truth.mean(axis=1)[:, None], numbers)
        loss = infonce(s, p, candidates)[0]
    return {
        "pmi": truth,
        "learned": learned,
        "loss": loss,
        "information": np.sum(p * truth),
        "miss": math.sqrt(np.sum(p * (learned - truth) ** 2)),
        "bounds": bounds(s, p),
        "best": bounds(truth, p),
        "svd": bounds(by_svd, p),
        "codes": widest(codes),
        "alignment": alignment(*codes, p) if length == "one" else None,
        "uniformity": uniformity(*codes, p) if length == "one" else None,
        "candidates": candidates,
        "curves": curves,
        "steps": controls["steps"],
        "at": controls["at"] if later else None,
        "table": table,
        "objective": objective,
        "numbers": numbers,
    }


def squared_distances(a, b):
    return np.sum((a[:, None] - b) ** 2, axis=2)


def alignment(z, w, p):
    """Mean squared distance of a word and a context that came together."""
    return np.sum(p * squared_distances(z, w))


def uniformity(z, w, p):
    """log E exp(-2 squared distance) of independent draws, mean of words and of contexts."""
    logs = []
    for codes, weight in ((z, p.sum(axis=1)), (w, p.sum(axis=0))):
        logs.append(math.log(weight @ np.exp(-2 * squared_distances(codes, codes)) @ weight))
    return sum(logs) / 2


def widest(codes):
    """The two directions along which codes of words and contexts are longest, (2, SIZE, 2)."""
    stacked = np.concatenate(codes)
    v = np.linalg.svd(stacked)[2][:2].T  # (k, 2), or (1, 1)
    v = v * np.sign(v[np.abs(v).argmax(axis=0), np.arange(v.shape[1])])  # on any machine the same
    flat = stacked @ v
    return np.pad(flat, ((0, 0), (0, 2 - flat.shape[1]))).reshape(2, SIZE, 2)


def frame(result):
    """The truth and what is learned; below, the bound by step and by candidates, and the codes."""
    keys = ("loss", "information", "miss", "alignment", "uniformity")
    return Frame(
        readouts={key: unsigned(result[key]) for key in keys}
        | {"bound": unsigned(reached(result))},
        panels=[
            Plot("truth", heat(result["pmi"], "PMI", result), truth_alt(result), half=True),
            Plot(
                "learned",
                heat(result["learned"], "learned", result),
                learned_alt(result),
                half=True,
            ),
            Plot("bound", bound_figure(result), bound_alt(result), half=True),
            Plot("codes", codes_figure(result), codes_alt(result), half=True),
        ],
        note=note(result),
    )


def unsigned(value):
    """A value as it is shown, and never -0.00."""
    return None if value is None else round(value, 2) + 0.0


def reached(result):
    return result["bounds"][CANDIDATES.index(result["candidates"])]


def names(table):
    """Names of words and of contexts, and of groups of them with the group of each."""
    if table == "words":
        return WORDS, CONTEXTS, ("court", "animals", "food", "colours"), np.arange(SIZE) // 2
    degrees = tuple(f"{angle}°" for angle in ANGLES)
    return degrees, degrees, degrees, np.arange(SIZE)


def heat(z, title, result):
    """A table of nats: orange is more often together than by chance, teal less often."""
    words, contexts, *_ = names(result["table"])
    cells = {
        "type": "heatmap",
        "z": np.round(z, 3),
        "zmin": -3,
        "zmax": 3,
        "colorscale": [[0, DATA_1], [0.5, PAPER], [1, DATA_2]],
        "showscale": False,
    }
    return figure(
        [cells],
        axis(-0.5, SIZE - 0.5, showticklabels=False),
        axis(SIZE - 0.5, -0.5, tickvals=list(range(SIZE)), ticktext=list(words), showgrid=False),
        height=480,
        left=56,
        right=12,
        bottom=44,
        labels=[
            label(f"<b>{title}</b>", 0, 1, yref="paper", xref="paper", xanchor="left", yshift=18),
            *(
                label(name, x, 0, INK_3, yref="paper", yanchor="top", yshift=-4 - 16 * (x % 2))
                for x, name in enumerate(contexts)
            ),
        ],
    )


def extreme_pairs(z, table):
    """The pairs of the largest and of the smallest number, in words."""
    words, contexts, *_ = names(table)
    said = []
    for place in (z.argmax(), z.argmin()):
        row, column = divmod(int(place), SIZE)
        said.append(f"{unsigned(z[row, column]):.2f} for {words[row]} and {contexts[column]}")
    return f"from {said[1]} to {said[0]}"


def truth_alt(result):
    return (
        f"PMI of {SIZE} words and {SIZE} contexts, {extreme_pairs(result['pmi'], result['table'])}."
    )


def learned_alt(result):
    return (
        f"What the codes have learned at step {result['steps']}, "
        f"{extreme_pairs(result['learned'], result['table'])}."
    )


def bound_figure(result):
    """Above, log N - InfoNCE by step; below, by the number of candidates."""
    end = MAX_STEPS
    information = unsigned(result["information"])
    traces = []
    for dash, curve in zip(("solid", "dot"), result["curves"], strict=False):
        steps = np.arange(len(curve["bound"]))
        traces.append(line(steps, curve["bound"].clip(-0.2), DATA_1, dash=dash))
    x = np.log10(CANDIDATES)
    below = {"xaxis": "x2", "yaxis": "y2"}
    here = CANDIDATES.index(result["candidates"])
    learned = result["bounds"].clip(-0.2)
    traces += [
        line(CANDIDATES, result["best"], MUTED, width=5, **below),
        line(CANDIDATES, result["svd"].clip(-0.2), DATA_2, **below),
        line(CANDIDATES, learned, DATA_1, **below),
        dots([CANDIDATES[here]], [learned[here]], DATA_1, size=9, ring=2, **below),
    ]
    ceiling = math.log(result["candidates"])
    shapes = [
        segment((0, end), (information, information), INK_3, dash="dot"),
        segment((2, 1024), (information, information), INK_3, dash="dot", xref="x2", yref="y2"),
        segment((0, 1), (0.51, 0.51), RULE, xref="paper", yref="paper"),
    ]
    if ceiling < NATS:
        shapes.append(segment((0, end), (ceiling, ceiling), DATA_2, dash="dash"))
    if result["at"] is not None:
        shapes.append(segment((result["at"],) * 2, (-0.2, NATS), INK_3, dash="dash"))
    # log N up to where it leaves the picture
    corner = [(2, 4, 8), (math.log(2), math.log(4), math.log(8))]
    traces.append(line(*corner, DATA_2, dash="dash", width=1.5, **below))
    ticks = {"tickvals": [0, 1, 2]}
    left = {"xref": "x domain", "yref": "paper", "yanchor": "top"}
    return figure(
        traces,
        axis(0, end, "step", anchor="y"),
        axis(-0.2, NATS, "log N − InfoNCE, nats", domain=[0.6, 1], anchor="x", **ticks),
        xaxis2=axis(x[0], x[-1], "candidates N", type="log", anchor="y2", tickvals=CANDIDATES),
        yaxis2=axis(-0.2, NATS, domain=[0, 0.42], anchor="x2", **ticks),
        height=510,
        left=40,
        right=24,
        shapes=shapes,
        labels=[
            label("log N", 0.72, 0.42, DATA_2_TEXT, xanchor="right", **left),
            label("best", 0.72, 0.36, INK_2, xanchor="right", **left),
            label("SVD", 1.0, 0.42, DATA_2_TEXT, xanchor="right", **left),
            label("learned", 1.0, 0.36, DATA_1, xanchor="right", **left),
        ],
    )


def bound_alt(result):
    n, learned = result["candidates"], reached(result)
    return (
        f"At step {result['steps']} the codes reach {unsigned(learned):.2f} nats with {n} "
        f"candidates, of at most {math.log(n):.2f}; PMI reaches "
        f"{unsigned(result['best'][CANDIDATES.index(n)]):.2f}, its {result['numbers']} largest "
        f"singular values {unsigned(result['svd'][CANDIDATES.index(n)]):.2f}. The information is "
        f"{unsigned(result['information']):.2f}. With {CANDIDATES[-1]} candidates the codes reach "
        f"{unsigned(result['bounds'][-1]):.2f}."
    )


def codes_figure(result):
    """Words as discs, contexts as squares, in the plane along which their codes are longest."""
    *_, groups, member = names(result["table"])
    reach = max(1.2, 1.15 * np.abs(result["codes"]).max())
    reach = next(r for r in (1.2, 2, 3, 5, 10, 100) if reach <= r)
    colors = [COLORS[group] for group in member]
    z, w = result["codes"]
    middle = [
        np.concatenate([z[member == group], w[member == group]]).mean(axis=0)
        for group in range(len(groups))
    ]
    x, y = equal(axis(-reach, reach), axis(-reach, reach))
    return figure(
        [
            dots(*w.T, colors, size=11, marker={"color": colors, "size": 11, "symbol": "square"}),
            dots(*z.T, colors, size=9, ring=1.5),
        ],
        x,
        y,
        height=510,
        left=32,
        right=24,
        labels=[
            label(
                "discs: words, squares: contexts",
                0,
                1,
                INK_2,
                xref="paper",
                yref="paper",
                xanchor="left",
                yshift=12,
            ),
            *(
                label(name, *place, INK_2, yshift=14)
                for name, place in zip(groups, middle, strict=True)
            ),
        ],
    )


def codes_alt(result):
    across, up = np.ptp(np.concatenate(result["codes"]), axis=0)
    return (
        f"Codes of {SIZE} words and {SIZE} contexts along two directions: they extend over "
        f"{across:.2f} and {up:.2f}."
    )


def note(result):
    """What is special about a setting."""
    if result["steps"] == 0:
        return "No step yet: all codes are small and random."
    if result["objective"] == "word2vec":
        return "The table learned is shown plus log(N − 1), to be compared with PMI itself."
    if result["information"] < 0.005:
        return "Words and contexts are independent: nothing can be learned from the pairs."
    return ""
