"""Adam against PyTorch's, and packing of weights into one vector."""

import numpy as np
import torch

from widgets.kit.adam import adam, views


def test_steps_are_those_of_pytorch():
    rng = np.random.default_rng(0)
    theta = rng.normal(size=5)
    gradients = rng.normal(size=(7, 5)) * [1e-6, 0.1, 1, 10, 0]
    parameter = torch.nn.Parameter(torch.tensor(theta))
    optimizer = torch.optim.Adam([parameter], lr=0.03)
    m = v = np.zeros(5)
    for t, gradient in enumerate(gradients, start=1):
        parameter.grad = torch.tensor(gradient)
        optimizer.step()
        theta, m, v = adam(theta, m, v, gradient, t, 0.03)
        np.testing.assert_allclose(theta, parameter.detach(), rtol=1e-12)


def test_each_weight_may_have_a_rate_of_its_own_and_float32_stays():
    theta, zero = np.ones(2, np.float32), np.zeros(2, np.float32)
    gradient = np.array([2, -3], np.float32)
    moved, m, v = adam(theta, zero, zero, gradient, 1, np.array([0.1, 0.01], np.float32))
    np.testing.assert_allclose(moved, [0.9, 1.01], rtol=1e-6)  # the first step equals the rate
    assert moved.dtype == m.dtype == v.dtype == np.float32
    assert (theta == 1).all()


def test_weights_are_views_in_order():
    theta = np.arange(8.0)
    weights = views(theta, {"W": (2, 3), "b": (2,)})
    assert weights["W"].tolist() == [[0, 1, 2], [3, 4, 5]]
    weights["b"][:] = 9
    assert theta[6:].tolist() == [9, 9]
