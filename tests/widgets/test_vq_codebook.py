"""The table of codes against scikit-learn's k-means and torch's gradients."""

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans

from widgets import vq_codebook
from widgets.data import load
from widgets.engine import training
from widgets.vq_codebook import PLACES, by_means, nearest, patches, perplexity

SETTINGS = {
    **{"codes": 8, "rule": "means", "begin": "patches"},
    **{"revive": False, "decay": 0.99, "seed": 1},
}


def run(steps, **changed):
    """Train for some steps; return the state."""
    settings = SETTINGS | changed
    state = vq_codebook.start(**settings)
    for _ in range(steps):
        state = vq_codebook.step(state, **settings)
    return state


def shown(state, **changed):
    controls = {**vq_codebook.instrument.defaults(), **SETTINGS, **changed, "steps": 1}
    return vq_codebook.compute(state, [], **controls)


def test_lloyds_steps_are_those_of_scikit_learn():
    x = patches()[0]
    first = run(0)["codes"]
    distinct = first + 1e-3 * np.arange(8)[:, None]  # no two blank codes, so no cluster is empty
    state = {"codes": distinct, "which": nearest(x, distinct)}
    for _ in range(5):
        after = by_means(state, x)
        state = {"codes": after["codes"], "which": nearest(x, after["codes"])}
    model = KMeans(8, init=distinct, n_init=1, max_iter=5, tol=0, algorithm="lloyd").fit(x)
    np.testing.assert_allclose(state["codes"], model.cluster_centers_, atol=1e-9)


@pytest.mark.parametrize("size", [4, 16, 64])
def test_the_best_table_is_as_good_as_that_of_scikit_learn(size):
    x = patches()[0]
    model = KMeans(size, n_init=4, random_state=0).fit(x)
    theirs = PLACES * model.inertia_ / len(x)
    sizes = [2, 4, 8, 16, 32, 64]
    assert load("patch_codes")["means_train"][sizes.index(size)] <= 1.01 * theirs


def test_the_gradients_are_those_of_torch():
    state = run(3, rule="vq", codes=16)
    x = patches()[0][:200]
    names = ("W", "b", "V", "c", "codes")
    weights = {name: torch.tensor(state[name], requires_grad=True) for name in names}
    rows = torch.tensor(x)
    z = rows @ weights["W"] + weights["b"]
    which = torch.cdist(z, weights["codes"]).argmin(1)
    e = weights["codes"][which]
    x_hat = (z + (e - z).detach()) @ weights["V"] + weights["c"]
    terms = [
        (x_hat - rows).square().sum() / len(x),
        (z.detach() - e).square().sum() / len(x),
        0.25 * (z - e.detach()).square().sum() / len(x),
    ]
    sum(terms).backward()
    ours, slopes = vq_codebook.loss_and_gradient({**state, "which": which.numpy()}, x)
    np.testing.assert_allclose(ours, [term.item() for term in terms], rtol=1e-12)
    for name in names:
        np.testing.assert_allclose(slopes[name], weights[name].grad, rtol=1e-9, atol=1e-12)


def test_running_means_without_memory_are_lloyds_step():
    state = run(3, rule="ema", codes=16)
    z = vq_codebook.encoded(state, patches()[0])
    after = vq_codebook.by_running_means(state, z, 0.0)["codes"]
    for code in np.unique(state["which"]):
        np.testing.assert_allclose(after[code], z[state["which"] == code].mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(after, by_means(state, z)["codes"], atol=1e-12)


def test_running_means_weigh_the_past_by_powers_of_the_decay():
    settings = SETTINGS | {"rule": "ema", "codes": 4, "decay": 0.9}
    x = patches()[0]
    state = vq_codebook.start(**settings)
    total, count = np.zeros((4, vq_codebook.WIDTH)), np.zeros(4)
    for age in range(5, 0, -1):
        z = vq_codebook.encoded(state, x)
        for code in range(4):
            mine = z[state["which"] == code]
            total[code] += 0.9**age * mine.sum(axis=0)
            count[code] += 0.9**age * len(mine)
        state = vq_codebook.step(state, **settings)
    used = count > 0
    np.testing.assert_allclose(state["codes"][used], total[used] / count[used, None], atol=1e-12)


def test_a_revived_code_forgets_where_it_was():
    settings = SETTINGS | {"rule": "ema", "codes": 64, "begin": "noise", "revive": True}
    state = vq_codebook.step(vq_codebook.start(**settings), **settings)
    forgotten = state["count"] == 0
    assert 10 < forgotten.sum() < 64
    assert not state["total"][forgotten].any()


@pytest.mark.parametrize("rule", ["means", "vq", "ema"])
@pytest.mark.parametrize("revive", [False, True])
def test_perplexity_is_between_one_and_the_codes_in_use(rule, revive):
    state = run(20, rule=rule, revive=revive, codes=32)
    result = shown(state, rule=rule, codes=32)
    used = np.count_nonzero(result["share"])
    assert 1 <= result["perplexity"] <= used <= 32
    assert result["share"].sum() == pytest.approx(1)


def test_perplexity_of_equal_shares_is_their_number():
    assert perplexity(np.repeat(np.arange(5), 7), 9) == pytest.approx(5)


def test_a_table_is_priced_by_the_shares_of_training():
    """Like `training.exports.rate_distortion.price`: one is added to each code's count."""
    state = run(20, codes=32)
    which = nearest(patches()[1], state["codes"]).reshape(-1, PLACES)
    counts = np.array([np.sum(state["which"] == code) + 1 for code in range(32)])
    bits = -np.log2(counts / counts.sum())[which].sum(axis=1)
    assert shown(state, codes=32)["bits"] == pytest.approx(bits.mean())


def test_k_means_never_makes_the_error_larger_and_a_linear_vq_vae_never_beats_its_best():
    settings = SETTINGS | {"codes": 64}
    state = vq_codebook.start(**settings)
    for _ in range(15):
        after = vq_codebook.step(state, **settings)
        assert after["error"] <= state["error"] + 1e-9
        state = after
    assert (
        run(60, rule="vq", revive=True, codes=64)["error"] > load("patch_codes")["means_train"][5]
    )


def test_reviving_puts_dead_codes_on_patches():
    before = run(1, begin="noise", codes=64)
    dead = np.bincount(before["which"], minlength=64) == 0
    assert dead.sum() > 10
    after = run(1, begin="noise", codes=64, revive=True)
    x = patches()[0]
    moved = np.any(before["codes"] != after["codes"], axis=1)
    assert np.array_equal(moved, dead)
    gaps = np.min(np.sum((after["codes"][dead][:, None] - x) ** 2, axis=2), axis=1)
    assert gaps.max() < 1e-20


def test_a_branch_revives_from_its_step_on():
    controls = {**vq_codebook.instrument.defaults(), **SETTINGS, "codes": 32, "begin": "noise"}
    controls |= {"steps": 6, "branch": "on", "at": 3, "later_revive": True}
    reached = training.train(vq_codebook, controls, None)
    branch, trunk = reached.curves
    assert np.array_equal(branch["error"][:3], trunk["error"][:3])
    assert branch["error"][-1] < trunk["error"][-1]


def test_what_the_section_says_of_sixty_steps():
    plain, revived = run(60, codes=64, seed=0), run(60, codes=64, seed=0, revive=True)
    assert round(plain["error"], 1) == 8.9 and round(plain["perplexity"], 1) == 8.7
    assert round(revived["error"], 1) == 6.4 and round(revived["perplexity"], 1) == 8.8
    blank = patches()[0].max(axis=1) == 0
    assert round(100 * blank.mean()) == 61
    start = run(0, codes=64, seed=0)
    assert np.sum(start["codes"].max(axis=1) == 0) == 42
    data = load("patch_codes")
    assert round(float(data["means_train"][5]), 1) == 5.7
    assert round(float(data["means"][5, 1]), 1) == 7.7
    assert round(shown(plain, codes=64)["error"], 1) == 10.4
    assert round(shown(revived, codes=64)["error"], 1) == 8.2
    assert np.count_nonzero(shown(plain, codes=64)["share"]) == 61
    assert len(np.unique(plain["which"])) == len(np.unique(revived["which"])) == 64


def test_what_the_section_says_of_six_hundred():
    assert round(run(600, rule="vq", codes=64, seed=0, revive=True)["error"], 1) == 6.7


def test_what_the_section_says_of_the_third_term(monkeypatch):
    monkeypatch.setattr(vq_codebook, "COMMITMENT", 0.0)
    assert round(run(600, rule="vq", codes=64, seed=0, revive=True)["error"], 1) == 7.0
