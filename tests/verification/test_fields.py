"""Looking at a solver from outside."""

import numpy as np
import pytest

from exacouple.engine.mesh import Mesh
from exacouple.engine.solver import Solver
from exacouple.verification.fields import energy, march, quadrature, sample, subcell_centres

G = 9.81


def basin(order, limiter_depth):
    """Unit basin over b = x - 2 with surface 1 + x / 10 and velocities (y, 2)."""

    def initial(x, y):
        h = 3.0 - 0.9 * x
        return h, h * y, 2.0 * h, x - 2.0

    mesh = Mesh(0.0, 0.0, 0.25, 4, 4)
    return Solver(
        mesh, initial, order=order, gravity=G, boundary="wall", limiter_depth=limiter_depth
    )


@pytest.mark.parametrize("limiter_depth", [0.1, 10.0])
def test_energy_is_the_integral(limiter_depth):
    """g (eta^2 - b^2) / 2 + h (u^2 + v^2) / 2 by hand, exact for polynomials, close for volumes."""
    x, y, area = quadrature(Mesh(0.0, 0.0, 1.0, 1, 1), 5)
    x, y = np.meshgrid(x, y)
    h, b = 3.0 - 0.9 * x, x - 2.0
    density = 0.5 * G * ((h + b) ** 2 - b**2) + 0.5 * h * (y**2 + 4.0)
    expected = (area * density).sum()
    rel = 1e-12 if limiter_depth < 1.0 else 1e-3
    found = energy(basin(3, limiter_depth), lambda x, y: x - 2.0)
    assert found == pytest.approx(expected, rel=rel)


def test_sampling_broadcasts_points():
    """A row of x and a column of y give a table in which y grows downward."""
    f = sample(basin(2, 0.1), np.array([0.1, 0.6, 0.9]), np.array([[0.2], [0.7]]))
    assert f.h.shape == (2, 3)
    np.testing.assert_allclose(f.h[0], 3.0 - 0.9 * np.array([0.1, 0.6, 0.9]), rtol=1e-12)
    np.testing.assert_allclose(f.hu[:, 0] / f.h[:, 0], [0.2, 0.7], atol=0.05)


def test_quadrature_integrates_over_the_mesh():
    """The weights sum to the area, and x^3 y is integrated exactly by two points."""
    x, y, area = quadrature(Mesh(1.0, 0.0, 0.5, 2, 4), 2)
    assert area.shape == (8, 4)
    assert (area * x[None, :] ** 3 * y[:, None]).sum() == pytest.approx(15.0 / 4.0 * 2.0, rel=1e-13)


def test_subcell_centres_are_evenly_spread():
    """2 N + 1 in each cell."""
    x, y = subcell_centres(Mesh(0.0, 0.0, 1.0, 2, 1), 1)
    np.testing.assert_allclose(x, (np.arange(6) + 0.5) / 3.0, rtol=1e-14)
    assert y.size == 3


def test_march_ends_on_time_and_looks_at_every_step():
    """The last step is shortened; the first look is at the start."""
    times = []
    solver = basin(2, 0.1)
    march(solver, 0.05, lambda: times.append(solver.time))
    assert times[0] == 0.0
    assert times[-1] == 0.05
    assert len(times) == solver.steps + 1
