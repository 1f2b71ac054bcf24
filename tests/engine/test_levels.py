"""Two levels of elements that meet: what is exact, what is kept, what is refused."""

import re
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from exacouple.engine.cf import Axes
from exacouple.engine.extremes import Extremes
from exacouple.engine.fields import subcell_strips
from exacouple.engine.levels import RefinedSolver
from exacouple.engine.mesh import Mesh, cut_mesh
from exacouple.engine.motion import Motion
from exacouple.engine.refinement import Refinement
from exacouple.engine.solver import SolutionError, Solver

MESH = Mesh(0.0, 0.0, 1 / 16, 16, 16)
PART = Refinement(rectangles=((0.45, 0.95, 0.3, 0.8),))
SETTINGS = {"order": 2, "boundary": "wall", "limiter_depth": 0.2, "dry_tolerance": 1e-3}


def island(x, y):
    """A hump of water beside an island that coarse and fine elements share."""
    bed = -1.0 + 1.3 * np.exp(-((x - 0.45) ** 2 + (y - 0.45) ** 2) / 0.02)
    eta = 0.1 * np.exp(-((x - 0.7) ** 2 + (y - 0.7) ** 2) / 0.01)
    h = np.where(bed < 0.0, np.maximum(eta - bed, 0.0), 0.0)
    return h, 0.0 * x, 0.0 * x, bed


def test_all_refined_is_the_fine_mesh():
    """With every element cut the steps are those of a solver of fine elements, to the bit."""
    whole = Refinement(rectangles=((-1.0, 2.0, -1.0, 2.0),))
    refined = RefinedSolver(MESH, island, whole, fixed_dt=True, **SETTINGS)
    fine = Solver(cut_mesh(MESH), island, fixed_dt=True, **SETTINGS)
    fine.dt = refined.dt / 3
    for _ in range(20):
        refined.step()
    for _ in range(60):
        fine.step()
    assert refined.steps == 20
    for x, y in ((0.1, 0.2), (0.45, 0.6), (0.8, 0.8)):
        assert refined.sample(x, y) == fine.sample(x, y)


def test_a_part_comes_near_to_the_fine_mesh():
    """What starts, runs and is looked at in the fine part is as good as on the fine mesh.

    It is off the fine mesh by less than that is off the truth. With order N + 1 the coarse mesh's
    error is 3^(N + 1) times as large, so their difference tells it (Richardson).
    """
    until, place = 0.08, (0.75, 0.65)
    refined = RefinedSolver(MESH, island, PART, **SETTINGS)
    meshes = {"coarse": MESH, "fine": cut_mesh(MESH)}
    found = {name: Solver(mesh, island, **SETTINGS) for name, mesh in meshes.items()}
    for solver in (refined, *found.values()):
        while solver.time < until:
            solver.step(until)
    eta = {name: solver.sample(*place)[4] for name, solver in found.items()}
    of_fine_mesh = abs(eta["coarse"] - eta["fine"]) / (3 ** (refined.order + 1) - 1)
    assert abs(refined.sample(*place)[4] - eta["fine"]) < of_fine_mesh


@pytest.mark.parametrize("coast", [False, True])
def test_state_goes_on_to_the_bit_whatever_the_threads(coast):
    """A restored solver and one with two threads end where the first ends, with all forces."""
    settings = SETTINGS | {
        "dmp_observables": 3, "dmp_relaxation_parameter": 1e-2, "manning": 0.01,
        "coriolis": (0.1, 0.0),
    }  # fmt: skip
    part = Refinement(PART.rectangles, coast=coast)
    one, two, again = (
        RefinedSolver(MESH, island, part, threads=threads, **settings) for threads in (1, 2, 1)
    )
    mass = one.mass()
    for step in range(60):
        if step == 25:
            again.restore({name: values.copy() for name, values in one.state().items()})
        one.step()
        two.step()
    while again.steps < 60:
        again.step()
    for other in (two.state(), again.state()):
        for name, values in one.state().items():
            assert np.array_equal(values, other[name]), name
    assert abs(one.mass() / mass - 1.0) < 1e-13
    assert one.coarse.patches.permanent.any() != coast


def test_outputs_cover_both_levels():
    """The mean depth of snapshots and maxima is that of the water, on the fine mesh."""
    solver = RefinedSolver(MESH, island, PART, **SETTINGS)
    extremes = Extremes(solver.mesh, Axes(1.0), 1e-3)
    extremes.record(solver)
    for _ in range(10):
        solver.step()
        extremes.record(solver)
    strips = np.concatenate([strip for _, strip in subcell_strips(solver)], axis=1)
    assert strips.shape == (5, 48 * 5, 48 * 5)
    assert abs(strips[0].mean() / solver.mass() - 1.0) < 1e-13
    assert abs(extremes.state()["depth"].mean() / solver.mass() - 1.0) < 1e-13
    assert np.nanmax(extremes.height) >= 0.09


def test_water_rides_on_a_moving_floor(tmp_path: Path):
    """A floor that rises across both levels keeps the mass; far in time the sea is level again."""
    x = np.linspace(0.0, 1.0, 21)
    rise = 0.05 * np.sin(np.pi * x) ** 2 * np.sin(np.pi * x[:, None]) ** 2
    with netCDF4.Dataset(tmp_path / "motion.nc", "w") as data:
        for name, values in (("time", [0.0, 0.1]), ("y", x), ("x", x)):
            data.createDimension(name, len(values))
            data.createVariable(name, "f8", (name,))[:] = values
        data.createVariable("z", "f8", ("time", "y", "x"))[:] = [0.0 * rise, rise]
    motion = Motion(tmp_path / "motion.nc")
    solver = RefinedSolver(
        MESH, lambda x, y: (0 * x + 1.0, 0 * x, 0 * x, 0 * x - 1.0), PART, motion=motion, **SETTINGS
    )
    mass = solver.mass()
    while solver.time < 0.15:
        solver.step()
    assert abs(solver.mass() / mass - 1.0) < 1e-13
    for place in ((0.47, 0.5), (0.3, 0.5)):
        _, _, _, bed, _ = solver.sample(*place)
        exact = motion.at(0.1, *(np.array([value]) for value in place))[0] - 1.0
        assert abs(bed - exact) < 2e-4


def test_single_precision_rests_to_its_digits():
    """Water at rest of single precision moves by rounding alone."""

    def lake(x, y):
        _, p, q, bed = island(x, y)
        return np.maximum(0.0, 0.3 - bed), p, q, bed

    solver = RefinedSolver(MESH, lake, PART, precision="single", **SETTINGS)
    for _ in range(50):
        solver.step()
    assert abs(solver.sample(0.9, 0.1)[4] - 0.3) < 1e-5
    assert abs(solver.sample(0.9, 0.5)[4] - 0.3) < 1e-5


def test_trouble_between_levels_stops_with_place_and_time():
    """A front that would have to be limited where levels meet is an error that says so."""

    def front(x, y):
        return np.where(x < 0.3, 1.4, 1.0), 0 * x, 0 * x, 0 * x - 1.0

    solver = RefinedSolver(
        MESH, front, Refinement(rectangles=((0.5, 0.8, -1.0, 2.0),)), dmp_observables=1, **SETTINGS
    )
    with pytest.raises(SolutionError) as caught:
        for _ in range(200):
            solver.step()
    place = re.search(r"x = (\S+), y = .* t = ([\d.]+); refine", str(caught.value))
    assert place is not None, caught.value
    assert 0.4 < float(place[1]) < 0.6
    assert 0.0 < float(place[2]) < 0.2


def test_a_dry_domain_is_refused():
    """There is nothing to simulate without water, also on two levels."""
    with pytest.raises(Exception, match="the whole domain is dry"):
        RefinedSolver(MESH, lambda x, y: (0 * x, 0 * x, 0 * x, 0 * x + 1.0), PART, **SETTINGS)
