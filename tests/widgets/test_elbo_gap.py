"""Every term against quadrature and draws, the best cloud against a search and against ln 2."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.stats import norm

from tests.figures import check_figures
from widgets import elbo_gap as widget
from widgets.contract import ContractError
from widgets.elbo_gap import W
from widgets.engine.controls import accepted

DECODERS = {"straight": lambda z: W * z, "folded": lambda z: z**2}
SETTINGS = [
    (0.0, 1.0, 1.5, 1.0),
    (1.8, 0.07, 4.0, 0.5),
    (-2.3, 2.0, 0.4, 2.0),
    (0.7, 0.3, 2.6, 0.8),
]


def compute(**changed):
    return widget.compute(**{**widget.instrument.defaults(), **changed})


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize(("m", "v", "x", "s"), SETTINGS)
def test_terms_equal_quadrature(decoder, m, v, x, s):
    result = compute(decoder=decoder, m=m, v=v, x=x, s=s)
    q, prior = norm(m, np.sqrt(v)), norm(0, 1)

    def log_likelihood(z):
        return norm(DECODERS[decoder](z), s).logpdf(x)

    def under_q(value):
        return quad(lambda z: q.pdf(z) * value(z), *q.interval(1 - 1e-15), epsabs=1e-11)[0]

    at = [x / W] if decoder == "straight" else [-np.sqrt(x), np.sqrt(x)]
    px = quad(lambda z: prior.pdf(z) * np.exp(log_likelihood(z)), -9, 9, points=at, limit=200)[0]
    assert result["log_px"] == pytest.approx(np.log(px), rel=1e-8)
    assert result["fit"] == pytest.approx(under_q(log_likelihood), rel=1e-8)
    assert result["kl"] == pytest.approx(under_q(lambda z: q.logpdf(z) - prior.logpdf(z)), abs=1e-8)

    def log_ratio(z):
        return q.logpdf(z) - prior.logpdf(z) - log_likelihood(z) + np.log(px)

    assert result["gap"] == pytest.approx(under_q(log_ratio), rel=1e-7)
    assert result["elbo"] == result["fit"] - result["kl"]


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize(("m", "v", "x", "s"), SETTINGS)
def test_the_mean_log_likelihood_is_that_of_draws(decoder, m, v, x, s):
    z = np.random.default_rng(0).normal(m, np.sqrt(v), 200_000)
    drawn = norm(DECODERS[decoder](z), s).logpdf(x)
    error = drawn.std() / np.sqrt(len(z))
    fit = compute(decoder=decoder, m=m, v=v, x=x, s=s)["fit"]
    assert abs(drawn.mean() - fit) < 4 * error


@pytest.mark.parametrize("decoder", DECODERS)
def test_the_gap_is_the_divergence_of_the_grid(decoder):
    rng = np.random.default_rng(1)
    controls = {each.name: each for each in widget.instrument.controls}
    for _ in range(200):
        chosen = {name: rng.choice(controls[name].steps()) for name in ("m", "v", "x", "s")}
        result = compute(decoder=decoder, **chosen)
        assert result["gap"] == pytest.approx(result["kl_posterior"], rel=1e-5, abs=1e-9), chosen
        assert result["gap"] > -1e-12


@pytest.mark.parametrize(("x", "s"), [(1.5, 1.0), (4.0, 0.5), (0.0, 2.0)])
def test_the_straight_decoder_has_closed_forms(x, s):
    total = W**2 + s**2
    m, v = W * x / total, s**2 / total
    result = compute(x=x, s=s, m=m, v=v)
    assert result["log_px"] == pytest.approx(norm(0, np.sqrt(total)).logpdf(x), rel=1e-12)
    assert result["gap"] == pytest.approx(0, abs=1e-12)
    posterior = norm(m, np.sqrt(v)).pdf(widget.Z)
    np.testing.assert_allclose(np.exp(result["log_posterior"]), posterior, atol=1e-12)
    assert result["optimum"] == pytest.approx((m, v)) and result["peaks"] == pytest.approx([m])
    assert compute(x=x, s=s, m=m + 0.05, v=v)["gap"] > 1e-3
    assert compute(x=x, s=s, m=m, v=1.3 * v)["gap"] > 1e-3


def test_the_gap_can_be_closed_with_the_sliders():
    readouts = widget.frame(compute(m=0.6, v=0.2)).readouts
    assert [format(readouts[key], ".3f") for key in ("gap", "kl_posterior")] == ["0.000", "0.000"]


@pytest.mark.parametrize("s", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("x", [0.0, 1.0, 1.5, 2.5, 2.6, 4.0])
def test_the_best_cloud_equals_a_search(x, s):
    def gap(at):
        return compute(decoder="folded", x=x, s=s, m=at[0], v=np.exp(at[1]))["gap"]

    starts = [(0.0, -0.5), (1.0, -1.0), (1.5, -2.0), (2.0, -3.0)]
    found = min((minimize(gap, start) for start in starts), key=lambda each: each.fun)
    result = compute(decoder="folded", x=x, s=s)
    assert result["least"] == pytest.approx(found.fun, abs=1e-8)
    assert result["optimum"] == pytest.approx((abs(found.x[0]), np.exp(found.x[1])), abs=1e-3)
    assert compute(decoder="folded", x=x, s=s, m=-1.0)["optimum"][0] == -result["optimum"][0]


@pytest.mark.parametrize(("x", "s"), [(0.4, 1.0), (2.0, 1.0), (4.0, 0.5)])
def test_the_posterior_is_highest_at_its_peaks(x, s):
    result = compute(decoder="folded", x=x, s=s)
    density = result["log_posterior"]
    inner = (density[1:-1] > density[:-2]) & (density[1:-1] > density[2:])
    np.testing.assert_allclose(widget.Z[1:-1][inner], result["peaks"], atol=widget.STEP)


def test_two_peaks_far_apart_leave_a_gap_of_ln_2():
    """One part of an even mixture of two distant parts has divergence ln 2 from the mixture."""
    left = [compute(decoder="folded", x=x, s=0.2)["least"] for x in (2.0, 4.0, 9.0)]
    assert left == sorted(left, reverse=True)
    assert left[-1] == pytest.approx(np.log(2), abs=2e-4)
    assert compute(decoder="folded", x=4.0)["least"] == pytest.approx(np.log(2), abs=0.03)
    over_both = min(compute(decoder="folded", x=4.0, v=v)["gap"] for v in widget.VARIANCES)
    assert over_both > 4 * np.log(2)


@pytest.mark.parametrize(
    "changed", [{"v": 0.0}, {"v": 0.55}, {"m": 3.5}, {"x": -0.1}, {"s": 0.0}, {"decoder": "bent"}]
)
def test_what_is_off_the_scale_is_refused(changed):
    with pytest.raises(ContractError, match=f"{next(iter(changed))} = .* is not accepted"):
        accepted(widget.instrument, changed)


@pytest.mark.parametrize("best", [False, True])
@pytest.mark.parametrize("x", [0.2, 1.5, 4.0])
@pytest.mark.parametrize("decoder", DECODERS)
def test_note_and_figures(decoder, x, best):
    result = compute(decoder=decoder, x=x, best=best)
    frame = widget.frame(result)
    check_figures(frame)
    assert ("ln 2" in frame.note) == (best and decoder == "folded" and x == 4.0)
    assert ("±" in frame.note) == (not best and decoder == "folded" and x > 0.5)
