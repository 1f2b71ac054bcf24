"""Runs that break down say where and when."""

import numpy as np
import pytest

from exacouple.engine.mesh import Mesh
from exacouple.engine.solver import SolutionError, Solver


def jet(at, *, speed=20.0):
    """Water 10 m deep at rest, but for one cell of unit size around a point that flows."""

    def initial(x, y):
        zero = np.zeros_like(x)
        inside = (abs(x - at[0]) < 0.5) & (abs(y - at[1]) < 0.5)
        return zero + 10.0, np.where(inside, 10.0 * speed, 0.0), zero, zero - 10.0

    return initial


@pytest.mark.parametrize("limiter_depth", [1.0, 1e6])
def test_the_fastest_cell_is_named_with_its_depth_and_speed(limiter_depth):
    """In deep and in limited elements alike."""
    solver = Solver(Mesh(0.0, 0.0, 1.0, 7, 6), jet((4.5, 2.5)), limiter_depth=limiter_depth)
    assert solver.worst_cell() == (
        "the fastest wave is in the cell around x = 4.5, y = 2.5, where the water is 10 deep and "
        "flows at 20"
    )


def test_a_fixed_time_step_that_is_outrun_ends_the_run_with_time_and_place():
    """Water that falls from a dam becomes faster than the first time step allows."""

    def initial(x, y):
        zero = np.zeros_like(x)
        return np.where(x < 5.0, 4.0, 2.0), zero, zero, np.where(x < 5.0, 0.0, -20.0 * (x > 6.0))

    solver = Solver(
        Mesh(0.0, 0.0, 1.0, 10, 3),
        initial,
        limiter_depth=1e6,
        dry_tolerance=1e-3,
        boundary="wall",
        cfl=1.0,
        fixed_dt=True,
    )
    with pytest.raises(SolutionError, match=r"no longer stable at t = .* in the cell around x = "):
        for _ in range(400):
            solver.step()


def test_a_solution_that_is_not_finite_ends_the_run_with_time_and_place():
    """A hole in the data that no check has found."""
    solver = Solver(Mesh(0.0, 0.0, 1.0, 7, 6), jet((4.5, 2.5)), limiter_depth=1e6)
    solver.step()
    place = solver.patches.at[3, 2]
    solver.patches.w[place, 0, 2, 2] = np.nan
    with pytest.raises(SolutionError, match=r"not finite in the cell around x = \S+, y = \S+ at t"):
        solver.step()
