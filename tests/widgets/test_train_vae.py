"""Training in the page: the gradients against torch, the terms against closed forms, replays."""

import base64
import io
import itertools

import numpy as np
import pytest
import torch
from torch.distributions import (
    Bernoulli,
    Categorical,
    Independent,
    MixtureSameFamily,
    Normal,
    kl_divergence,
)

from training.data.images import draw_strokes
from widgets import data, latent_holes, train_vae, vae_sampler
from widgets.contract import ContractError
from widgets.engine import training
from widgets.kit.network import SIDE, decode

SETTINGS = {"width": 8, "seed": 3, "beta": 2.0, "rate": 0.003}


def controls(**changed):
    return {**train_vae.instrument.defaults(), "width": 8, **changed}


def torch_terms(theta, x, eps, width):
    """Compute both terms per image by torch's own layers and distributions."""
    weights, place = {}, 0
    for name, shape in train_vae.shapes(width).items():
        size = int(np.prod(shape))
        weights[name] = theta[place : place + size].reshape(shape)
        place += size
    w = weights
    hidden = torch.nn.functional.silu(x @ w["W0"] + w["b0"])
    mu, logvar = (hidden @ w["W1"] + w["b1"]).chunk(2, dim=1)
    q = Normal(mu, torch.exp(logvar / 2))
    z = q.loc + q.scale * eps
    logits = torch.nn.functional.silu(z @ w["V0"] + w["c0"]) @ w["V1"] + w["c1"]
    recon = -Bernoulli(logits=logits, validate_args=False).log_prob(x).sum() / len(x)
    prior = Normal(torch.zeros_like(mu), torch.ones_like(mu))
    return recon, kl_divergence(q, prior).sum() / len(x)


@pytest.mark.parametrize("beta", [0.0, 1.0, 8.0])
def test_terms_and_gradient_are_those_of_torch(beta):
    rng = np.random.default_rng(0)
    theta = train_vae.start(**SETTINGS)["theta"].astype(float)
    theta += 0.1 * rng.normal(size=theta.shape)  # so that no bias is zero
    x, eps = train_vae.strokes()[0][:16].astype(float), rng.normal(size=(16, 2))
    recon, kl, gradient = train_vae.loss_and_gradient(theta, x, eps, beta, 8)

    leaf = torch.tensor(theta, requires_grad=True)
    terms = torch_terms(leaf, torch.tensor(x), torch.tensor(eps), 8)
    (terms[0] + beta * terms[1]).backward()
    assert [recon, kl] == pytest.approx([term.item() for term in terms], rel=1e-12)
    gap = np.linalg.norm(gradient - leaf.grad.numpy())
    assert gap < 1e-6 * np.linalg.norm(gradient)
    np.testing.assert_allclose(gradient, leaf.grad.numpy(), rtol=1e-6, atol=1e-12)


def test_information_is_that_of_torchs_mixture_and_has_its_limits():
    rng = np.random.default_rng(0)
    z, mu, logvar = rng.normal(size=(3, 30, 2))
    each = Independent(Normal(torch.tensor(mu), torch.tensor(np.exp(logvar / 2))), 1)
    every = MixtureSameFamily(Categorical(torch.ones(30).double()), each)
    draws = torch.tensor(z)
    wanted = (each.log_prob(draws) - every.log_prob(draws)).mean().item()
    assert train_vae.information(z, mu, logvar) == pytest.approx(wanted, rel=1e-9)

    same, apart = np.zeros((30, 2)), 1e3 * np.arange(60.0).reshape(30, 2)
    assert train_vae.information(z, same, same) == pytest.approx(0)
    assert train_vae.information(apart, apart, same) == pytest.approx(np.log(30))


def test_the_parts_of_the_kl_are_those_of_the_mixture_on_a_grid():
    """Integrates the mixture of all codes against the prior; measuring changes no weight."""
    state = straight(61)
    looked = train_vae.start(**SETTINGS)
    for _ in range(61):
        looked = train_vae.step(looked, **SETTINGS, parts=True)
    assert np.array_equal(looked["theta"], state["theta"])
    w = train_vae.unpack(state["theta"], SETTINGS["width"])
    mu, logvar = train_vae.encoded(w, train_vae.strokes()[0][train_vae.TRAIN :])
    sigma = np.exp(logvar.astype(float) / 2)
    side = np.arange(-8, 8, 0.1)
    bells = [
        np.exp(-0.5 * ((side[:, None] - m) / s) ** 2) / (s * np.sqrt(2 * np.pi))
        for m, s in zip(mu.T.astype(float), sigma.T, strict=True)
    ]
    density = bells[0] @ bells[1].T / len(mu)
    log_prior = -(side[:, None] ** 2 + side**2) / 2 - np.log(2 * np.pi)
    assert density.sum() * 0.01 == pytest.approx(1, abs=1e-3)
    from_prior = np.sum(density * (np.log(density + 1e-300) - log_prior)) * 0.01
    assert looked["from_prior"] == pytest.approx(from_prior, abs=0.15)
    kl = train_vae.compute(state, [], **controls(seed=3, beta=2.0))["kl"].sum()
    assert looked["information"] + looked["from_prior"] == pytest.approx(kl, rel=1e-5)


def test_the_parts_have_curves_only_if_asked_for():
    training._runs.clear()
    drawn = {}
    for parts in (False, True):
        wanted = controls(steps=12, parts=parts)
        result = training.computed(train_vae, wanted, training.train(train_vae, wanted, None))
        drawn[parts] = train_vae.curve_figure(result)["data"]
    assert (len(drawn[False]), len(drawn[True])) == (2, 4)
    kl, information, from_prior = (np.array(trace["y"]) for trace in drawn[True][1:])
    assert (information[-1] + from_prior[-1]) == pytest.approx(kl[-1], rel=0.5)


def test_a_step_is_that_of_adam_in_torch():
    state = train_vae.start(**SETTINGS)
    first = {**state, **{name: state[name].astype(float) for name in ("theta", "m", "v")}}
    leaf = torch.tensor(first["theta"], requires_grad=True)
    adam = torch.optim.Adam([leaf], lr=0.003)
    state = first
    for t in range(1, 6):
        rng = np.random.default_rng((3, t))
        x = torch.tensor(train_vae.strokes()[0][rng.integers(0, train_vae.TRAIN, 64)].astype(float))
        eps = torch.tensor(rng.normal(size=(64, 2)).astype(np.float32).astype(float))
        recon, kl = torch_terms(leaf, x, eps, 8)
        adam.zero_grad()
        (recon + 2.0 * kl).backward()
        adam.step()
        state = train_vae.step(state, **SETTINGS)
    np.testing.assert_allclose(state["theta"], leaf.detach().numpy(), atol=1e-9)


def test_strokes_are_those_of_the_trained_models_at_half_their_size():
    """They are close to the means over 2 x 2 pixels of the large strokes, pixel by pixel."""
    images, factors = train_vae.strokes()
    small = torch.tensor(factors[:50], dtype=torch.float32)
    large = draw_strokes(small[:, 0] / 2, small[:, 1]).reshape(50, 14, 2, 14, 2).mean((2, 4))
    likeness = [
        np.corrcoef(a, b.flatten().numpy())[0, 1] for a, b in zip(images, large, strict=False)
    ]
    assert min(likeness) > 0.9


def test_without_weight_the_kl_moves_nothing():
    """At beta = 0 the gradient is that of the reconstruction alone: an autoencoder's."""
    rng = np.random.default_rng(1)
    theta = train_vae.start(**SETTINGS)["theta"].astype(float)
    x, eps = train_vae.strokes()[0][:8].astype(float), rng.normal(size=(8, 2))
    gradient = train_vae.loss_and_gradient(theta, x, eps, 0.0, 8)[2]
    leaf = torch.tensor(theta, requires_grad=True)
    torch_terms(leaf, torch.tensor(x), torch.tensor(eps), 8)[0].backward()
    np.testing.assert_allclose(gradient, leaf.grad.numpy(), rtol=1e-6, atol=1e-12)


def straight(steps, settings=SETTINGS, state=None):
    """Run steps one after another, without anything between them."""
    state = train_vae.start(**settings) if state is None else state
    for _ in range(steps):
        state = train_vae.step(state, **settings)
    return state


def test_going_back_gives_the_straight_run_bit_for_bit():
    training._runs.clear()
    wanted = controls(seed=3, beta=2.0)
    for steps in (260, 130, 259, 0, 200):
        reached = training.train(train_vae, {**wanted, "steps": steps}, None)
        assert reached.done
        assert reached.steps == steps
        assert len(reached.curves[0]["kl"]) == steps
        assert np.array_equal(reached.state["theta"], straight(steps)["theta"])


@pytest.fixture
def clock(monkeypatch):
    """A fake clock that advances one second per reading."""
    seconds = itertools.count()
    monkeypatch.setattr(training.time, "perf_counter", lambda: next(seconds))


def test_in_chunks_of_time_a_run_arrives_where_it_does_at_once(clock):
    training._runs.clear()
    wanted = controls(steps=60, branch="on", at=20, later_beta=8.0, later_rate=0.01)
    chunks = [training.train(train_vae, wanted, 1.0)]
    while not chunks[-1].done:
        chunks.append(training.train(train_vae, wanted, 10_000))
    assert len(chunks) > 3
    training._runs.clear()
    at_once = training.train(train_vae, wanted, None)
    assert np.array_equal(chunks[-1].state["theta"], at_once.state["theta"])
    for one, other in zip(chunks[-1].curves, at_once.curves, strict=True):
        assert np.array_equal(one["recon"], other["recon"])


def test_a_run_paused_at_a_picture_is_there_at_once(clock):
    training._runs.clear()
    wanted = controls(steps=1000)
    seen, ahead = (training.train(train_vae, wanted, 10_000) for _ in range(2))
    assert 0 < seen.steps < ahead.steps < training.CHECKPOINT
    paused = training.train(train_vae, {**wanted, "steps": seen.steps}, 0.0)
    assert paused.done
    assert paused.state is seen.state


def test_a_branch_has_the_old_settings_before_and_the_new_ones_after():
    training._runs.clear()
    before = {"width": 8, "seed": 0, "beta": 1.0, "rate": 0.003}
    after = {**before, "beta": 8.0, "rate": 0.01}
    wanted = controls(steps=50, branch="on", at=30, later_beta=8.0, later_rate=0.01)
    reached = training.train(train_vae, wanted, None)
    expected = straight(20, after, straight(30, before))
    assert np.array_equal(reached.state["theta"], expected["theta"])
    own, left = reached.curves
    assert np.array_equal(own["recon"][:30], left["recon"][:30])
    assert not np.array_equal(own["recon"][30:], left["recon"][30:])
    assert left["recon"][-1] == pytest.approx(straight(50, before)["recon"])


def test_states_cannot_be_changed_and_must_stay_finite():
    reached = training.train(train_vae, controls(steps=2), None)
    with pytest.raises(ValueError, match="read-only"):
        reached.state["theta"][0] = 1
    with pytest.raises(ContractError, match="Lower the learning rate"):
        training.fixed({"recon": float("nan")}, "step")


def test_what_is_kept_decodes_as_it_did_and_can_be_chosen():
    wanted = controls(steps=40)
    text = training.kept(train_vae, wanted)
    with np.load(io.BytesIO(base64.b64decode(text))) as stored:
        network = {name: stored[name] for name in stored.files}
    state = training.train(train_vae, wanted, None).state
    z = np.array([[0.5, -1.0], [0.0, 2.0]])
    direct = train_vae.drawn(train_vae.unpack(state["theta"], 8), z).reshape(-1, 14, 14)
    images = decode(z, network)
    assert images.shape == (2, SIDE, SIDE)
    np.testing.assert_allclose(images[:, ::2, 1::2], direct, atol=1e-6)

    values = {**vae_sampler.instrument.defaults(), "model": data.YOURS}
    with data.kept(text):
        result = vae_sampler.compute(**values)
        vae_sampler.frame(result)
        code = result["codes"][3]
        place = latent_holes.compute(plain=(0.0, 0.0), vae=tuple(code), model=data.YOURS)
        latent_holes.frame(place)
    assert result["kl"] == pytest.approx(train_vae.compute(state, [], **wanted)["kl"], rel=1e-5)
    assert (place["vae"]["nearest"], place["vae"]["gap"]) == (3, 0)
    # The result for 28 x 28 pixels is the network's own for 14 x 14.
    w = train_vae.unpack(state["theta"], 8)
    again, _ = train_vae.encoded(w, train_vae.drawn(w, code[None]))
    there = train_vae.drawn(w, again).reshape(14, 14)
    np.testing.assert_allclose(place["vae"]["images"][1][::2, ::2], there, atol=1e-6)
    with pytest.raises(data.NothingKept, match="Train one"):
        vae_sampler.compute(**values)


def test_a_kept_file_that_is_none_says_so():
    with data.kept("bm9uc2Vuc2U="), pytest.raises(data.NothingKept, match="cannot be read"):
        data.load(data.YOURS)
