"""A transformer draws a digit as 49 tokens, one by one, in the order in which you read.

A VQ-VAE turns a digit into 7 x 7 tokens, each the number of one of 64 vectors, and back. The
transformer learned from 60,000 digits which token follows which: from those before place i, and the
digit if it is told, it makes log-odds l of all 64. The next token is drawn from

    p_k = exp(l_k / T) / sum over j of exp(l_j / T)

with the temperature T. For comparison, each token can be drawn by how often it stands at its place,
in which case l_k is the logarithm of that frequency.
"""

from functools import lru_cache

import numpy as np

from widgets.contract import (
    ACCENT,
    INK_3,
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
from widgets.kit.figures import axis, equal, figure, image, segment, square
from widgets.kit.network import dense, grey_levels
from widgets.kit.tokens import (
    DIGITS,
    PLACES,
    ROW,
    UNTOLD,
    decode_tokens,
    draw_alone,
    draw_tokens,
    gumbel,
    stored_weights,
)

DRAWS = 8  # digits that are drawn to the end
CANDIDATES = 5  # next tokens that are shown
PRIORS = {"before": draw_tokens, "alone": draw_alone}

instrument = Instrument(
    name="tokens_one_by_one",
    title="Tokens one by one",
    challenge="Draw half of a digit and look at the candidates for the next token. At which places "
    "is the transformer in doubt, and at which not? Then let it draw at temperature 0, and at 2.",
    controls=(
        Slider("drawn", "Tokens drawn", default=24, min=0, max=PLACES, step=1),
        Choice(
            "prior", "Next token", {"before": "Given those before", "alone": "By itself"}, "before"
        ),
        Choice(
            "digit",
            "Told",
            {"any": "Nothing", **{str(digit): str(digit) for digit in range(DIGITS)}},
            "any",
        ),
        Slider(
            "temperature",
            "Temperature",
            default=1.0,
            values=(0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0),
            symbol="T",
        ),
        Seed(max=99),
    ),
    readouts=(
        Readout("choices", "Next token: in doubt between", "", ".1f"),
        Readout("bits", "Tokens so far", "bits", ".0f"),
        Readout("read", "A classifier reads"),
        Readout("sure", "Sure of", f"of {DRAWS}", "d"),
    ),
    references=("vandenoord2017", "esser2021"),
)


def compute(*, drawn, prior, digit, temperature, seed):
    """Draw digits, and look at the first of them when some of its tokens are drawn.

    Parameters
    ----------
    drawn : int, 0 to 49
    prior : "before" or "alone"
    digit : "any", or "0" to "9"
    temperature : float, from 0
    seed : int

    Returns
    -------
    dict
        ``drawn``; ``tokens`` of the first digit, (49,); ``shares``, (64,), the probability of each
        next token at this temperature, or None at the end; ``bits`` of the tokens so far at
        temperature 1; ``so_far``, (28, 28), the rest blank; ``candidates``, (5,),
        the likeliest next tokens, and ``candidate_images``, (5, 28, 28), the digit with each, none
        at the end; ``images``, (8, 28, 28), of digits drawn to the end;
        ``odds``, (8, 10), of a classifier.
    """
    tokens, log_odds, images = finished(prior, digit, temperature, seed)
    shares = [softmax(row) for row in log_odds]
    known = tokens[:drawn]
    bits = -sum(np.log2(share[token]) for share, token in zip(shares, known, strict=False))
    so_far = unfinished(tokens, drawn)
    following, candidates = None, np.zeros(0, int)
    if drawn < PLACES:
        following = softmax(log_odds[drawn] / max(temperature, 1e-3))
        candidates = np.argsort(-following, kind="stable")[:CANDIDATES]
    rows = np.tile(so_far, (1 + len(candidates), 1))
    rows[1:, drawn : drawn + 1] = candidates[:, None]
    pictures = decode_tokens(rows, stored_weights())
    return {
        "drawn": drawn,
        "tokens": tokens,
        "shares": following,
        "bits": bits,
        "so_far": pictures[0],
        "candidates": candidates,
        "candidate_images": pictures[1:],
        "images": images,
        "odds": classified(images),
    }


@lru_cache(maxsize=4)
def finished(prior, digit, temperature, seed):
    """Digits drawn to the end: tokens and log-odds of the first, and the images of all."""
    weights = stored_weights()
    labels = np.full(DRAWS, UNTOLD if digit == "any" else int(digit))
    noise = gumbel(DRAWS, seed)
    tokens, log_odds = PRIORS[prior](labels, noise, temperature, weights)
    return tokens[0], log_odds[0].astype(np.float64), decode_tokens(tokens, weights)


def unfinished(tokens, drawn):
    """The tokens so far, and blank paper where none is drawn: the token of the last corner."""
    paper = stored_weights()["frequencies"][UNTOLD, -1].argmax()
    return np.where(np.arange(PLACES) < drawn, tokens, paper)


def classified(images):
    """The probability of each digit by a classifier, (n, 10), for images (n, 28, 28)."""
    stored = load("mnist_classifier")
    weights = {key: value for key, value in stored.items() if key[0] in "wb"}
    return np.array([softmax(row) for row in dense(images.reshape(len(images), -1), weights)])


def softmax(logits):
    """Probabilities from log-odds, (k,)."""
    odds = np.exp(logits - logits.max())
    return odds / odds.sum()


def frame(result):
    """The digit so far, what could come next, and digits drawn to the end."""
    shares, drawn, odds = result["shares"], result["drawn"], result["odds"]
    surest = odds.max(axis=1)
    return Frame(
        readouts={
            "choices": None if shares is None else perplexity(shares),
            "bits": result["bits"],
            "read": f"{odds[0].argmax()}, {surest[0]:.0%}" if drawn == PLACES else None,
            "sure": int(np.sum(surest > 0.9)),
        },
        panels=[
            Plot("so_far", so_far_figure(result), so_far_alt(result), half=True),
            candidates_panel(result),
            Tiles(
                "images",
                grey_levels(result["images"])[None],
                f"{DRAWS} digits drawn to the end. A classifier reads them as "
                f"{', '.join(str(row.argmax()) for row in odds)}, and is more than 90 % sure of "
                f"{np.sum(surest > 0.9)}. The first is the one above.",
                captions=("drawn to the end, with these settings",),
                gap=2,
            ),
        ],
        note="All 49 tokens are drawn." if drawn == PLACES else "",
    )


def perplexity(shares):
    """The number of tokens among which an even choice would be as hard."""
    live = shares[shares > 0]
    return float(np.exp(-np.sum(live * np.log(live))))


def candidates_panel(result):
    """The likeliest next tokens: the digit with each of them."""
    blank = grey_levels(result["so_far"])
    pictures = [grey_levels(picture) for picture in result["candidate_images"]]
    pictures += [blank] * (CANDIDATES + 1 - len(pictures))
    named = [f"{token}: {result['shares'][token]:.0%}" for token in result["candidates"]]
    said = (
        f"The likeliest next tokens: {', '.join(named)}. In each picture the digit with that token."
        if named
        else "No next token: the digit is complete."
    )
    return Tiles(
        "candidates",
        np.stack(pictures).reshape(2, 3, 28, 28),
        said,
        captions=tuple(named[:3]),
        gap=2,
        half=True,
    )


def so_far_figure(result):
    """The digit with the places of its tokens; those that are not drawn are covered."""
    drawn = result["drawn"]
    row, column = divmod(drawn, ROW)
    lines = [
        line
        for at in range(1, ROW)
        for line in (
            segment((at, at), (0, ROW), INK_3, width=0.5),
            segment((0, ROW), (at, at), INK_3, width=0.5),
        )
    ]
    framed = [square((column + 0.5, ROW - row - 0.5), 1, ACCENT)] if drawn < PLACES else []
    return figure(
        [image(grey_levels(result["so_far"]), (ROW / 2, ROW / 2), ROW)],
        *equal(axis(0, ROW, visible=False), axis(0, ROW, visible=False)),
        height=320,
        left=6,
        right=6,
        top=6,
        bottom=6,
        shapes=[*lines, *framed],
    )


def so_far_alt(result):
    drawn = result["drawn"]
    if drawn == PLACES:
        return "The digit with all of its 49 tokens."
    row, column = divmod(drawn, ROW)
    return (
        f"The digit with its first {drawn} tokens, the other places blank. "
        f"Next comes row {row + 1}, column {column + 1}."
    )
