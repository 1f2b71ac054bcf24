"""Greatest heights and speeds, and first arrivals, against exact waves."""

import netCDF4
import numpy as np
import pytest

from exacouple.engine.cf import Axes
from exacouple.engine.extremes import Extremes
from exacouple.engine.mesh import Mesh
from exacouple.engine.solver import Solver

G, DEPTH = 9.81, 100.0
CELERITY = np.sqrt(G * DEPTH)


def record(initial, *, cells=60, length=60e3, until=600.0, threshold=0.01, **options):
    """Run a channel along x and give the records, and the middles of the cells."""
    mesh = Mesh(0.0, 0.0, length / cells, cells, 3)
    options = {"limiter_depth": 1.0, "dry_tolerance": 1e-3, "boundary": "wall", **options}
    solver = Solver(mesh, initial, gravity=G, **options)
    extremes = Extremes(mesh, Axes(1.0), threshold)
    extremes.record(solver)
    while solver.time < until:
        solver.step(until=until)
        extremes.record(solver)
    return extremes, mesh.cell_centers[0]


def hump(x, y, *, bed=0.0):
    """A wave of 1 m that runs to the right, around x = 10 km."""
    zero = np.zeros_like(x)
    eta = np.exp(-(((x - 10e3) / 2e3) ** 2))
    return DEPTH + eta, CELERITY * eta, zero, zero - DEPTH + bed


def test_a_travelling_wave_leaves_its_height_and_speed_behind():
    """Where it has passed the greatest height is its amplitude a, the greatest speed a c / h."""
    extremes, x = record(hump)
    passed = (x > 15e3) & (x < 23e3)
    np.testing.assert_allclose(extremes.height[1, passed], 1.0, rtol=0.015)
    np.testing.assert_allclose(extremes.speed[1, passed], CELERITY / DEPTH, rtol=0.02)
    assert extremes.height[1, x > 45e3] == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize("limiter_depth", [1.0, 1e6])
def test_arrival_is_distance_over_celerity(limiter_depth):
    """The front at 1 % of the height is 4.3 km ahead of the crest and runs at sqrt(g h)."""
    extremes, x = record(hump, limiter_depth=limiter_depth)
    ahead = (x > 16e3) & (x < 27e3)
    front = 10e3 + 2e3 * np.sqrt(np.log(100.0))
    expected = (x[ahead] - front) / CELERITY
    np.testing.assert_allclose(extremes.arrival[1, ahead], expected, atol=15.0)
    assert np.isnan(extremes.arrival[1, x > 40e3]).all()


def test_arrival_does_not_depend_on_the_sign_of_the_wave():
    """A trough, as on the side of subsidence, arrives when a crest does."""

    def trough(x, y):
        h, hu, hv, b = hump(x, y)
        return 2 * DEPTH - h, -hu, hv, b

    crest, _ = record(hump)
    low, _ = record(trough)
    np.testing.assert_allclose(low.arrival[1, 15:25], crest.arrival[1, 15:25], rtol=0.03)


@pytest.mark.parametrize("moved", [-2.0, 2.0])
def test_ground_that_has_moved_with_its_water_is_no_arrival(moved):
    """Where all sea has sunk or risen with the ground, eta is 2 m off zero and nothing arrives."""

    def initial(x, y):
        zero = np.zeros_like(x)
        return zero + DEPTH, zero, zero, zero - DEPTH + moved

    extremes, _ = record(initial)
    assert np.isnan(extremes.arrival).all()
    np.testing.assert_allclose(extremes.height, moved, atol=1e-9)


@pytest.mark.parametrize("moved", [-2.0, 2.0])
def test_arrival_at_the_source_begins_at_the_edge_of_the_moved_ground(moved):
    """Over subsided or uplifted ground the step of 1 m runs inwards from the edge at sqrt(g h)."""

    def initial(x, y):
        zero = np.zeros_like(x)
        bed = np.where((x > 20e3) & (x < 40e3), moved, 0.0) - DEPTH
        return zero + DEPTH, zero, zero, bed

    extremes, x = record(initial, threshold=0.5)
    middle = np.abs(x - 30e3) < 8e3
    expected = (10e3 - np.abs(x[middle] - 30e3)) / CELERITY
    np.testing.assert_allclose(extremes.arrival[1, middle], expected, atol=15.0)
    assert np.nanmin(extremes.arrival) < 20.0


def test_land_is_missing_until_it_is_flooded():
    """A dam breaks at x = 5 km on dry ground: Ritter's front runs at 2 sqrt(g h)."""
    front = 5e3 + 2 * np.sqrt(G * 10.0) * 200.0

    def initial(x, y):
        zero = np.zeros_like(x)
        return np.where(x < 5e3, 10.0, 0.0), zero, zero, zero

    extremes, x = record(
        initial, cells=60, length=15e3, until=200.0, threshold=0.1, limiter_depth=1e6
    )
    assert np.isnan(extremes.height[1, x > front + 250.0]).all()
    assert np.isnan(extremes.arrival[1, x > front + 250.0]).all()
    flooded = (x > 5.5e3) & (x < 7e3)
    assert (extremes.height[1, flooded] > 0.1).all()
    order = extremes.arrival[1, (x > 5e3) & (x < 8e3)]
    assert (np.diff(order) > 0.0).all()


def test_the_file_is_in_metres_and_says_what_it_holds(tmp_path):
    """A run in kilometres gives a CF file in metres."""

    def initial(x, y):
        h, hu, hv, b = hump(x * 1e3, y * 1e3)
        return h / 1e3, hu / 1e6, hv / 1e6, b / 1e3

    mesh = Mesh(0.0, -5.0, 1.0, 20, 3)
    solver = Solver(mesh, initial, gravity=G / 1e3, limiter_depth=1e-3, dry_tolerance=1e-6)
    extremes = Extremes(mesh, Axes(1e3), 1e-5)
    extremes.record(solver)
    path = tmp_path / "out" / "maxima.nc"
    extremes.write(path)
    extremes.write(path)
    with netCDF4.Dataset(path) as data:
        assert data.Conventions == "CF-1.8"
        assert data["x"][0] == 500.0
        assert data["y"][0] == -4500.0
        assert data["maximum_water_height"].units == "m"
        assert data["maximum_water_height"][:].max() == pytest.approx(1.0, rel=0.05)
        assert data["maximum_speed"][:].max() == pytest.approx(CELERITY / DEPTH, rel=0.05)
        assert data["initial_depth"][1, -1] == pytest.approx(DEPTH)
        assert data["arrival_time"].threshold_m == pytest.approx(0.01)
        assert data["arrival_time"][:].count() == 0
