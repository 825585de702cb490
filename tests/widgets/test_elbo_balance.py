"""Every term against numerical integration, the best cloud against a search."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.stats import norm

from widgets import elbo_balance as widget
from widgets.elbo_balance import W, X

SETTINGS = [(0.4, 0.3, 1.0), (1.7, -1.2, 0.25), (0.1, 0.9, 4.0), (1.0, 0.0, 2.25)]


def compute(**changed):
    return widget.compute(**{**widget.instrument.defaults(), **changed})


@pytest.mark.parametrize(("sigma", "mu", "s2"), SETTINGS)
def test_terms_equal_numerical_integration(sigma, mu, s2):
    result = compute(sigma=sigma, mu=mu, s2=s2)
    q, prior = norm(mu, sigma), norm(0, 1)
    ends = mu - 12 * sigma, mu + 12 * sigma

    def likelihood(z):
        return norm(W * z, np.sqrt(s2))

    recon = quad(lambda z: -q.pdf(z) * likelihood(z).logpdf(X), *ends)[0]
    kl = quad(lambda z: q.pdf(z) * (q.logpdf(z) - prior.logpdf(z)), *ends)[0]
    px = quad(lambda z: prior.pdf(z) * likelihood(z).pdf(X), -12, 12, points=[X / W])[0]
    assert result["recon"] == pytest.approx(recon, rel=1e-8)
    assert result["kl"] == pytest.approx(kl, rel=1e-8)
    assert result["log_px"] == pytest.approx(np.log(px), rel=1e-8)

    def posterior(z):
        return prior.logpdf(z) + likelihood(z).logpdf(X) - np.log(px)

    gap = quad(lambda z: q.pdf(z) * (q.logpdf(z) - posterior(z)), *ends)[0]
    assert result["gap"] == pytest.approx(gap, rel=1e-7)


@pytest.mark.parametrize("s2", [0.25, 1.0, 4.0])
def test_no_gap_at_the_posterior(s2):
    mu, sigma = compute(s2=s2)["posterior"]
    assert compute(s2=s2, mu=mu, sigma=sigma)["gap"] == pytest.approx(0, abs=1e-12)
    assert compute(s2=s2, mu=mu + 0.05, sigma=sigma)["gap"] > 1e-3
    assert compute(s2=s2, mu=mu, sigma=1.2 * sigma)["gap"] > 1e-3


@pytest.mark.parametrize("beta", [0.25, 1.0, 4.0, 16.0])
@pytest.mark.parametrize("s2", [0.5, 2.0])
def test_best_cloud_equals_a_search(beta, s2):
    def loss(at):
        return compute(mu=at[0], sigma=np.exp(at[1]), beta=beta, s2=s2)["loss"]

    found = minimize(loss, [0.1, 0.1], method="BFGS", options={"gtol": 1e-9})
    result = compute(beta=beta, s2=s2)
    assert (found.x[0], np.exp(found.x[1])) == pytest.approx(result["optimum"], rel=1e-4)
    assert found.fun == pytest.approx(result["lowest"], rel=1e-9)


def test_the_gap_of_the_best_cloud_closes_at_weight_one_only():
    gaps = {beta: compute(beta=beta)["optimum_gap"] for beta in (0.25, 0.5, 1.0, 2.0, 4.0)}
    assert gaps[1.0] == pytest.approx(0, abs=1e-12)
    assert all(gap > 0.01 for beta, gap in gaps.items() if beta != 1)


def test_best_cloud_is_the_posterior_of_a_noisier_model():
    assert compute(beta=4.0, s2=0.5)["optimum"] == pytest.approx(compute(s2=2.0)["posterior"])


def test_the_gap_can_be_closed_with_the_sliders():
    frame = widget.frame(compute(mu=0.6, sigma=0.45))
    assert format(frame.readouts["gap"], ".3f") == "0.000"


def test_the_loss_has_a_curve_unless_it_is_the_sum():
    def traces(beta):
        result = compute(beta=beta)
        return result, widget.terms_figure(result)["data"]

    result, drawn = traces(4.0)
    loss = np.array(drawn[3]["y"])
    expected = result["recon_curve"] + 4 * result["kl_curve"]
    np.testing.assert_allclose(loss, np.minimum(expected, 50))
    assert len(drawn[-1]["x"]) == 4
    assert len(traces(1.0)[1]) == 4  # three curves and their dots
