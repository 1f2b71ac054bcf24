"""Patches of the limiter: averages that a polynomial leaves."""

import numpy as np
import pytest

from exacouple.engine.limiter import monotone, wetted
from exacouple.engine.mesh import Mesh
from exacouple.engine.solver import Solver


def patches(*depths):
    """Patches of 3 x 3 subcells whose rows have these depths, velocity 2 and 0."""
    h = np.array([np.tile(row, (3, 1)) for row in depths])
    return np.stack([h, 2.0 * h, 0.0 * h], axis=1)


def test_negative_depths_are_filled_from_the_patch():
    """No depth is negative afterwards; mass and momentum of the patch stay."""
    w = patches([-0.1, 0.2, 0.8])
    found = wetted(w)
    assert found[:, 0].min() == 0.0
    np.testing.assert_allclose(found.mean(axis=(2, 3)), w.mean(axis=(2, 3)), rtol=1e-14)


def test_other_patches_stay_as_they_are():
    """To the last bit, or water at rest would not stay at rest."""
    w = patches([0.1, 0.2, 0.7], [-0.1, 0.2, 0.8])
    np.testing.assert_array_equal(wetted(w)[0], w[0])


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_flow_that_leaves_a_wall_dry(order):
    """Water that runs from a wall at nearly twice its wave speed, without a maximum principle."""

    def initial(x, y):
        zero = np.zeros_like(x)
        return zero + 0.4, zero + 0.4 * 3.8, zero, zero

    mesh = Mesh(-20.0, 0.0, 0.2, 100, 1)
    solver = Solver(
        mesh, initial, order=order, boundary="wall", limiter_depth=0.02, dry_tolerance=1e-5
    )
    mass = solver.mass()
    while solver.time < 0.2:
        solver.step(0.2)
    assert solver.mass() == pytest.approx(mass, rel=1e-12)


def test_polynomials_beyond_their_averages_are_told():
    """Nodes may leave the range of the subcells by the slack; only the observables count."""
    averages = patches([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    nodal = np.tile([1.5, 2.0, 2.5], (3, 3, 1)) * np.array([1.0, 2.0, 0.0])[:, None]
    nodal[1, 0, 0] = 0.99
    nodal[2, 0, 2] = 3.01
    assert monotone(nodal, averages, 1, 1e-3, 1e-3).tolist() == [True, False, False]
    assert monotone(nodal, averages, 1, 0.1, 0.0).tolist() == [True, True, True]
    assert monotone(nodal, averages, 0, 0.0, 0.0).tolist() == [True, True, True]


def reefs(x, y):
    """Water 2 m higher in the middle, over ground as rough as it is deep."""
    waves = np.random.default_rng(0)
    k, a, phase = waves.uniform(-4, 4, (8, 2)), waves.uniform(0.1, 0.6, 8), waves.uniform(0, 6.3, 8)
    b = -1.0 + sum(np.sin(k[i, 0] * x + k[i, 1] * y + phase[i]) * a[i] for i in range(8))
    eta = 2.0 * np.exp(-((x - 5.0) ** 2 + (y - 5.0) ** 2) / 6.0)
    zero = np.zeros_like(x)
    return np.maximum(eta - b, 0.0), zero, zero, b


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_water_falls_beside_polynomials_that_leave_it_at_a_face(order):
    """Deep at all nodes, they are not deep where a limited element looks at them.

    Nothing is faster than water that falls freely from the highest surface to the lowest ground.
    """
    mesh = Mesh(0.0, 0.0, 1.0, 10, 10)
    solver = Solver(
        mesh, reefs, order=order, limiter_depth=0.3, dry_tolerance=1e-3, boundary="wall"
    )
    fall = 2.0 - solver.patches.bed.min()
    while solver.time < 10.0:
        solver.step()
        h, p, q = (solver.patches.w[:, v] for v in range(3))
        speed = np.hypot(p, q)[h > 1e-2] / h[h > 1e-2]
        assert speed.max() < np.sqrt(2.0 * 9.81 * fall)
        assert solver.steps < 5000
