"""An alarm for a heart: which beats of one person come back badly from four numbers.

An autoencoder g(f(x)) is fitted to two minutes of an electrocardiogram, half a second around each
beat. The alarm rings for a beat x if its squared error |x - g(f(x))|^2 is above a percentile of the
errors of normal beats in the third minute. The last two minutes show what that is worth.

Beside it stand simpler scores: the error from as many principal components, the distance to the
mean beat and to the nearest of those fitted to, and how soon a beat comes after the one before.
"""

import numpy as np

from widgets.contract import (
    ACCENT,
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    INK_2,
    INK_3,
    Choice,
    Frame,
    Instrument,
    Plot,
    Readout,
    Slider,
)
from widgets.data import load
from widgets.kit.figures import axis, dots, figure, label, line, segment
from widgets.kit.heart import (
    FITTED,
    JUDGED,
    PERCENTILES,
    alarm_of,
    fainter,
    rebuilt,
    since_the_last,
)

SCORES = {
    "autoencoder": "Autoencoder",
    "components": "PCA",
    "mean": "Mean beat",
    "nearest": "Nearest fitted beat",
    "gap": "Time since the last",
}
BY_SHAPE = [name for name in SCORES if name != "gap"]
TAUGHT = {"normal": "Normal beats", "all": "All beats"}
WIDE = 40.0  # ms at half height
RATE = 90  # numbers a second of the strip
AROUND = 3.0  # seconds on either side of the chosen beat
RARE = 1000  # one wide beat among so many, for the last readout
HIGH, LOW = 2.6, -1.6  # mV that are shown

instrument = Instrument(
    name="heart_alarm",
    title="An alarm for a heart",
    challenge="Make the wide beats fainter, which mixes each with the normal beat before it. Which "
    "of the scores still sees them, and which gives up first?",
    controls=(
        Choice("score", "Score", SCORES, "autoencoder"),
        Choice(
            "taught",
            "Fitted to",
            TAUGHT,
            "normal",
            when=("score", *BY_SHAPE),
        ),
        Slider(
            "percentile",
            "Rings above the percentile",
            default=99,
            values=PERCENTILES,
        ),
        Slider(
            "strength",
            "Strength of the wide beats",
            default=100,
            values=(15, 25, 35, 50, 70, 100),
            unit="%",
            when=("score", *BY_SHAPE),
        ),
        Slider("beat", "Beat", default=29, min=1, max=191, step=1),
    ),
    readouts=(
        Readout("caught", "Wide beats that ring"),
        Readout("false", "False alarms an hour", "", ".0f"),
        Readout("right", "Of the alarms, right"),
        Readout("rare", f"Right, were 1 beat in {RARE:,} wide"),
    ),
    references=("moody2001", "sakurada2014"),
)


def compute(*, score, taught, percentile, strength, beat):
    """Score the beats of the last two minutes.

    Parameters
    ----------
    score : str, a key of SCORES
    taught : str, a key of TAUGHT
    percentile : float, of the normal beats of the third minute
    strength : float, percent of itself in a wide beat; the rest is the normal beat before it
    beat : int, which of the 191 judged beats, 1 to 191

    Returns
    -------
    dict
        ``x`` and ``rebuilt``, (36,), mV, the chosen beat and what comes back, or None for "gap";
        ``scores``, ``seconds`` and ``wide``, (191,), of the judged beats; ``threshold``, and
        ``rings``, (191,), above it; ``caught`` and ``false``, shares of the wide and of the other
        beats; ``hour``, false alarms an hour; ``right`` and ``rare``, the share of the alarms that
        are for wide beats, here and where one beat in a thousand is wide; ``strip``, (540,), mV
        around the chosen beat; ``beat``, its number; ``strength``, as given.
    """
    stored = load("heart")
    minute, wide = stored["seconds"] / 60, stored["widths"] > WIDE
    beats = fainter(stored["beats"].astype(np.float64), wide, strength / 100)
    back = None if score == "gap" else rebuilt(beats, weights_of(score, taught))
    found = (
        -since_the_last(stored["seconds"]) if back is None else np.sum((beats - back) ** 2, axis=1)
    )
    alarm = alarm_of(found, minute, wide, percentile)
    late = minute >= JUDGED
    odd = wide[late]
    middle = stored["seconds"][late][beat - 1]
    start = int(np.clip(middle - AROUND, 0, len(stored["strip"]) / RATE - 2 * AROUND) * RATE)
    return {
        "score": score,
        "beat": beat,
        "strength": strength,
        "x": beats[late][beat - 1],
        "rebuilt": None if back is None else back[late][beat - 1],
        "scores": found[late],
        "seconds": stored["seconds"][late],
        "wide": odd,
        "threshold": alarm.threshold,
        "rings": alarm.rings,
        "caught": alarm.caught,
        "false": alarm.false,
        "hour": alarm.false * np.sum(~odd) * 3600 / (60 * (5 - JUDGED)),
        "right": right(alarm, np.mean(odd)),
        "rare": right(alarm, 1 / RARE),
        "strip": stored["strip"][start : start + round(2 * AROUND * RATE)] / 100,
        "start": start / RATE,
    }


def weights_of(score, taught):
    """What :func:`rebuilt` needs for a score."""
    stored = load("heart")
    if score == "nearest":
        early = stored["seconds"] < 60 * FITTED
        seen = early if taught == "all" else early & (stored["widths"] <= WIDE)
        return {"fitted": stored["beats"][seen].astype(np.float64)}
    names = {"mean": ("mean",), "components": ("mean", "axes")}.get(
        score, ("mean", *(f"{kind}{i}" for kind in "wb" for i in range(4)))
    )
    return {name: stored[f"{taught}_{name}"] for name in names}


def right(alarm, share):
    """Bayes' rule: the share of alarms that are right if `share` of the beats are wide, or nan."""
    rings = share * alarm.caught + (1 - share) * alarm.false
    return share * alarm.caught / rings if rings else float("nan")


def frame(result):
    """The signal with its alarms, the chosen beat as it comes back, and all scores."""
    odd, rings = result["wide"], result["rings"]
    return Frame(
        readouts={
            "caught": f"{np.sum(rings & odd)} of {np.sum(odd)}",
            "false": result["hour"],
            "right": percent(result["right"]),
            "rare": percent(result["rare"]),
        },
        panels=[strip(result), beat(result), scores(result)],
        note="A beat is called wide by a rule, 40 ms at half of its height, not by a doctor."
        + (
            ""
            if result["strength"] == 100
            else f" Each wide one is {result['strength']:.0f} % itself and the rest the normal "
            "beat before it; the strip shows the recording as it was."
        ),
    )


def percent(share):
    return "none rings" if np.isnan(share) else f"{100 * share:.0f} %"


def strip(result):
    """Six seconds of the signal; alarms above it, wide beats below it."""
    start, volts = result["start"], result["strip"]
    times = start + np.arange(len(volts)) / RATE
    seen = (result["seconds"] >= times[0]) & (result["seconds"] <= times[-1])
    at, odd, rings = (result[name][seen] for name in ("seconds", "wide", "rings"))
    middle = result["seconds"][result["beat"] - 1]
    ends = middle - 1 / 6, middle + 1 / 3  # of the half second that is rebuilt
    return Plot(
        "strip",
        figure(
            [
                line(times, volts, DATA_1, width=1.5),
                dots(at[rings], np.full(rings.sum(), HIGH - 0.2), DATA_2, size=9),
                dots(at[odd], np.full(odd.sum(), LOW + 0.2), INK_2, size=7),
            ],
            axis(times[0], times[-1], "seconds", dtick=1),
            axis(LOW, HIGH, "mV", dtick=1),
            height=230,
            shapes=[segment((at, LOW), (at, HIGH), ACCENT, dash="dot") for at in ends],
            labels=[
                label("rings", times[0], HIGH - 0.2, DATA_2_TEXT, xanchor="left"),
                label("wide", times[0], LOW + 0.2, INK_2, xanchor="left"),
            ],
        ),
        f"Six seconds of an electrocardiogram around beat {result['beat']}: {len(at)} beats, "
        f"{np.sum(odd)} of them wide; the alarm rings for {np.sum(rings)}, "
        f"{np.sum(rings & odd)} of which are wide.",
    )


def beat(result):
    """Half a second around the chosen beat, and what comes back."""
    x, back = result["x"], result["rebuilt"]
    times = (np.arange(len(x)) + 0.5) / 72 - 1 / 6
    kind = "wide" if result["wide"][result["beat"] - 1] else "normal"
    said = "rings" if result["rings"][result["beat"] - 1] else "is silent"
    return Plot(
        "beat",
        figure(
            [
                line(times, x, DATA_1),
                *([] if back is None else [line(times, back, DATA_2)]),
            ],
            axis(times[0], times[-1], "seconds from its middle", dtick=0.1),
            axis(LOW, HIGH, "mV", dtick=1),
            height=230,
            labels=[
                label(f"the beat, {kind}", times[-1], HIGH, DATA_1, xanchor="right", yanchor="top"),
                *(
                    []
                    if back is None
                    else [
                        label(
                            "what comes back",
                            times[-1],
                            HIGH,
                            DATA_2_TEXT,
                            xanchor="right",
                            yanchor="top",
                            yshift=-17,
                        )
                    ]
                ),
            ],
        ),
        f"Beat {result['beat']}, {kind}"
        + ("" if back is None else ", and what comes back")
        + f"; the alarm {said}.",
        half=True,
    )


def scores(result):
    """The score of each judged beat against time, with the threshold."""
    by_gap = result["score"] == "gap"
    value = result["scores"] if by_gap else np.log10(result["scores"])
    threshold = result["threshold"] if by_gap else np.log10(result["threshold"])
    odd = result["wide"]
    low, high = min(value.min(), threshold), max(value.max(), threshold)
    room = 0.08 * (high - low)
    ends = JUDGED * 60, 300
    up = axis(
        low - room,
        high + 2.5 * room,
        "minus the seconds since the last" if by_gap else "score, mV²",
        **({} if by_gap else {"type": "log"}),
    )
    scale = (lambda v: v) if by_gap else (lambda v: 10**v)
    return Plot(
        "scores",
        figure(
            [
                dots(result["seconds"][~odd], scale(value[~odd]), INK_3, size=4),
                dots(result["seconds"][odd], scale(value[odd]), DATA_2, size=5),
                line(ends, scale(np.array([threshold, threshold])), ACCENT, width=1.5, dash="dot"),
            ],
            axis(*ends, "seconds", dtick=30),
            up,
            height=230,
            labels=[
                label(
                    "wide", ends[0], high + 2.5 * room, DATA_2_TEXT, xanchor="left", yanchor="top"
                ),
                label(
                    "normal",
                    ends[0],
                    high + 2.5 * room,
                    INK_2,
                    xanchor="left",
                    yanchor="top",
                    xshift=40,
                ),
            ],
        ),
        f"Scores of {len(value)} beats; {np.sum(result['rings'])} are above the threshold, "
        f"{np.sum(result['rings'] & odd)} of them wide.",
        half=True,
    )
