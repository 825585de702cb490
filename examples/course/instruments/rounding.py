"""Readings rounded to 2^b values: the error that is left, beside the line Delta^2 / 12."""

import numpy as np

from widgets.contract import DATA_1, DATA_2, Frame, Instrument, Plot, Readout, Slider
from widgets.data import load
from widgets.kit.figures import axis, dots, figure, line

BITS = np.arange(1, 11)

instrument = Instrument(
    name="rounding",
    title="Rounding off",
    challenge="From how many bits on does the error follow the line?",
    controls=(Slider("bits", "Bits a reading", default=4, min=1, max=10, step=1, symbol="b"),),
    readouts=(
        Readout("step", "Step", symbol=r"\Delta", unit="°C"),
        Readout("error", "Mean squared error", format=".2g"),
        Readout("expected", "Expected", format=".2g", symbol=r"\Delta^2/12"),
    ),
)


def compute(*, bits):
    """The errors for every number of bits, and those of the chosen one.

    Parameters
    ----------
    bits : float, a whole number from 1 to 10

    Returns
    -------
    dict
        ``bits``; ``errors``, ``expected`` of shape (10,): for 1 to 10 bits, in squared degrees;
        ``step``: between two values, in degrees Celsius.
    """
    x = load("readings")["celsius"]
    steps = np.ptp(x) / 2**BITS
    return {
        "bits": int(bits),
        "errors": np.array([rounding_error(x, step) for step in steps]),
        "expected": steps**2 / 12,
        "step": steps[int(bits) - 1],
    }


def rounding_error(x, step):
    """Mean squared error of numbers x (n,) that are rounded to the middle of their step."""
    low = x.min()
    rounded = low + (np.floor((x - low) / step) + 0.5) * step
    return np.mean((x - rounded) ** 2)


def frame(result):
    """The errors over the bits, on a logarithmic scale, beside what is expected."""
    bits, chosen = result["bits"], result["bits"] - 1
    error, expected = result["errors"][chosen], result["expected"][chosen]
    plot = figure(
        [
            line(BITS, np.log10(result["expected"]), DATA_2),
            dots(BITS, np.log10(result["errors"]), DATA_1, size=6),
            dots([bits], [np.log10(error)], DATA_1, size=12),
        ],
        axis(0.5, 10.5, "bits a reading"),
        axis(-6, 2, "log10 of the error"),
        left=56,
    )
    alt = f"Error over bits: dots for readings, a line for the rule. At {bits} bits {error:.2g}."
    return Frame(
        readouts={"step": result["step"], "error": error, "expected": expected},
        panels=[Plot("errors", plot, alt)],
    )
