"""Tests of open boundaries: no energy enters, and the sponge."""

import numpy as np
import pytest

from exacouple.engine.levels import RefinedSolver
from exacouple.engine.mesh import Mesh
from exacouple.engine.refinement import Refinement
from exacouple.engine.solver import Solver
from exacouple.errors import UsageError
from exacouple.verification.rest import islands

G = 9.81
SEA = 0.3


def ripples(x, y):
    """Water at rest around islands and along coasts, but for ripples of 1e-6."""
    b = islands(x, y)
    zero = np.zeros_like(x)
    noise = 1e-6 * np.random.default_rng(7).uniform(-1.0, 1.0, x.shape)
    depth = SEA - b
    return np.where(depth > 0.01, depth + noise, np.maximum(depth, 0.0)), zero, zero, b


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("boundary", ["outflow", "sponge"])
def test_ripples_die_beside_an_open_boundary_with_coasts_across_it(order, boundary):
    """Energy only leaves, so that ripples on water at rest become smaller."""
    solver = Solver(
        Mesh(0.0, 0.0, 0.05, 20, 20), ripples, order=order, gravity=G, boundary=boundary,
        sea_level=SEA, limiter_depth=0.2, dry_tolerance=1e-3,
    )  # fmt: skip
    for _ in range(1500):
        solver.step()
    w = solver.patches.w
    eta = (w[:, 0] + solver.patches.bed)[w[:, 0] > 1e-3]
    assert abs(eta - SEA).max() < 1e-7
    assert abs(w[:, 1:]).max() < 1e-7


def reefs(x, y):
    """Water 1.5 m lower in the middle, over ground that rises and falls through the surface."""
    b = -1.0 + 1.3 * np.sin(2.1 * x + 0.7) * np.sin(1.7 * y + 0.3) + 0.5 * np.sin(5.0 * x + 3.0 * y)
    eta = -1.5 * np.exp(-((x - 5.0) ** 2 + (y - 7.0) ** 2) / 6.0)
    zero = np.zeros_like(x)
    return np.maximum(eta - b, 0.0), zero, zero, b


def energy_over_rest(solver):
    """Energy of the motion and of the rise over water at rest at 0, or of the fall below it."""
    w, b = solver.patches.w, solver.patches.bed
    h, p, q = (w[:, v] for v in range(3))
    potential = (h + b) ** 2 - np.maximum(b, 0.0) ** 2
    return 0.5 * (G * potential + (p**2 + q**2) / np.maximum(h, 1e-3)).sum()


@pytest.mark.parametrize("boundary", ["outflow", "wall"])
def test_no_energy_enters_over_reefs_that_the_boundary_crosses(boundary):
    """Second-order schemes may gain a little, also where neighbours are many times as deep."""
    solver = Solver(
        Mesh(0.0, 0.0, 1.0, 16, 16), reefs, gravity=G, boundary=boundary, limiter_depth=1e9,
        dry_tolerance=1e-3,
    )  # fmt: skip
    first = energy_over_rest(solver)
    while solver.time < 3.0 and solver.steps < 500:
        solver.step()
        assert energy_over_rest(solver) < 1.005 * first


def wave(depth=4000.0, start=-100e3):
    """A wave 1 m high and 30 km wide that travels along x."""

    def initial(x, y):
        eta = np.exp(-(((x - start) / 30e3) ** 2))
        h = depth + eta
        u = 2.0 * (np.sqrt(G * h) - np.sqrt(G * depth))
        return h, h * u, np.zeros_like(x), np.full_like(x, -depth)

    return initial


def ocean(boundary, **options):
    """A flat ocean with the wave in it, too wide for its long edges to matter."""
    return Solver(
        Mesh(-300e3, -900e3, 10e3, 60, 180), wave(), gravity=G, boundary=boundary,
        limiter_depth=100.0, **options,
    )  # fmt: skip


def test_a_wave_that_leaves_through_the_sponge_does_not_come_back():
    """Less than 0.1 % of its height is left where it would have come back to."""
    solver = ocean("sponge", sponge_width=200e3)
    end = 650e3 / np.sqrt(G * 4000.0)
    while solver.time < end:
        solver.step(end)
    assert max(abs(solver.sample(x, 0.0)[4]) for x in np.arange(-90e3, 90e3, 10e3)) < 1e-3


def test_the_sponge_takes_a_wave_from_both_levels():
    """Less than 0.1 % comes back where the levels meet within the sponge, or under it."""
    part = Refinement(rectangles=((0.0, 300e3, -300e3, 0.0),))
    solver = RefinedSolver(
        Mesh(-300e3, -900e3, 20e3, 30, 90), wave(), part, gravity=G, boundary="sponge",
        sponge_width=200e3, limiter_depth=100.0,
    )  # fmt: skip
    end = 650e3 / np.sqrt(G * 4000.0)
    while solver.time < end:
        solver.step(end)
    places = [(x, y) for x in np.arange(-90e3, 90e3, 10e3) for y in (-60e3, -10e3, 10e3, 60e3)]
    assert max(abs(solver.sample(*place)[4]) for place in places) < 1e-3


def test_raised_water_in_the_sponge_is_lost():
    """The layer is no closed basin: a sea 1 m too high runs down to its level."""

    def initial(x, y):
        zero = np.zeros_like(x)
        return zero + 101.0, zero, zero, zero - 100.0

    solver = Solver(
        Mesh(0.0, 0.0, 1e3, 12, 12), initial, gravity=G, boundary="sponge", limiter_depth=10.0
    )
    before = solver.mass()
    for _ in range(400):
        solver.step()
    assert solver.mass() < before
    assert abs(solver.sample(500.0, 500.0)[4]) < 0.05


def test_a_sponge_that_does_not_fit_is_refused():
    """Opposite layers must not meet."""
    with pytest.raises(UsageError, match="sponge 300000 wide does not fit"):
        ocean("sponge", sponge_width=300e3)
