"""Numbers of the page before the first chapter."""

from math import erf, log, sqrt

within = {
    name: 100 * erf(deviations / sqrt(2))
    for name, deviations in (("one", 1), ("two", 2), ("three", 3))
}
above_one = (100 - within["one"]) / 2
bit = log(2)
