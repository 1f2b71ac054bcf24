"""A sea floor that moves while the water runs."""

import json
import warnings

import netCDF4
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import erf

from exacouple.engine.__main__ import main
from exacouple.engine.mesh import Mesh
from exacouple.engine.motion import Motion
from exacouple.engine.solver import Solver
from exacouple.errors import ExacoupleError

DEPTH, WIDTH, RAMP, HEIGHT = 1000.0, 8e3, 120.0, 0.1


def write_motion(path, times, x, y, values):
    """Write a motion file from values that broadcast to (time, y, x)."""
    shape = (len(times), len(y), len(x))
    with netCDF4.Dataset(path, "w") as data:
        for name, points in (("time", times), ("y", y), ("x", x)):
            data.createDimension(name, len(points))
            data.createVariable(name, "f8", (name,))[:] = points
        data.createVariable("z", "f8", ("time", "y", "x"))[:] = np.broadcast_to(values, shape)
    return path


def flat_sea(x, y):
    """Water at rest over a flat sea floor."""
    return np.full_like(x, DEPTH), 0 * x, 0 * x, np.full_like(x, -DEPTH)


def islands(x, y):
    """Water at rest around an island."""
    b = -DEPTH + 1400.0 * np.exp(-(x**2 + y**2) / 15e3**2)
    return np.maximum(0.0, -b), 0 * x, 0 * x, b


def ramp(tmp_path, points=2001):
    """Rise of a ridge along y at a constant rate, until `RAMP`."""
    x, y = np.linspace(-110e3, 110e3, points), np.linspace(-20e3, 20e3, 3)
    ridge = HEIGHT * np.exp(-((x / WIDTH) ** 2))
    values = np.array([0.0, 1.0])[:, None, None] * ridge
    return Motion(write_motion(tmp_path / "motion.nc", [0.0, RAMP], x, y, values))


def dalembert(x, t):
    """Linear response to the rise of the ridge: two trains of what each moment raises."""
    c = np.sqrt(9.81 * DEPTH)

    def passed(direction):
        # Integral of the ridge along the characteristic, over the time that has passed since.
        late, soon = t, max(0.0, t - RAMP)
        primitive = [erf((x + direction * c * s) / WIDTH) for s in (soon, late)]
        return HEIGHT * WIDTH * np.sqrt(np.pi) / 2 * (primitive[1] - primitive[0]) / (direction * c)

    return 0.5 * (passed(1.0) + passed(-1.0)) / RAMP


def section(solver):
    """Eta at the nodes along x."""
    x = solver.mesh.x0 + (np.arange(solver.mesh.nx)[:, None] + solver.basis.nodes) * solver.mesh.dx
    return x.ravel(), solver.nodal()[1, :, 0, 0].ravel()


@pytest.mark.parametrize("until", [0.6 * RAMP, 3.0 * RAMP])
def test_slow_rise_gives_the_linear_waves(tmp_path, until):
    """A ridge that grows for two minutes sends out the waves of d'Alembert's formula."""
    mesh = Mesh(-100e3, -3e3, 2e3, 100, 3)
    solver = Solver(mesh, flat_sea, boundary="periodic", motion=ramp(tmp_path))
    while solver.time < until:
        solver.step(until)
    x, eta = section(solver)
    exact = dalembert(x, until)
    assert_allclose(eta, exact, atol=2e-3 * HEIGHT)
    away = np.sqrt(9.81 * DEPTH) * until
    at_once = 0.5 * sum(HEIGHT * np.exp(-(((x + s) / WIDTH) ** 2)) for s in (-away, away))
    assert abs(exact - at_once).max() > 0.2 * HEIGHT


def test_end_of_the_rise_is_the_static_displacement(tmp_path):
    """When the sea floor has come to rest, b is what it was, plus the last time of the file."""
    mesh = Mesh(-100e3, -3e3, 2e3, 100, 3)
    solver = Solver(mesh, flat_sea, boundary="periodic", motion=ramp(tmp_path))
    while solver.time < 1.2 * RAMP:
        solver.step()
    for x in (-7.2e3, 0.0, 100.0, 31e3):
        raised = HEIGHT * np.exp(-((x / WIDTH) ** 2))
        assert_allclose(solver.sample(x, 0.0)[3], -DEPTH + raised, atol=2e-3 * HEIGHT)


@pytest.mark.parametrize("initial", [flat_sea, islands])
def test_uniform_rise_keeps_water_at_rest(tmp_path, initial):
    """Where all of the sea floor rises alike nothing flows, around islands too; mass is kept."""
    points = np.linspace(-60e3, 60e3, 3)
    values = np.array([0.0, 2.0, 1.0])[:, None, None]
    path = write_motion(tmp_path / "m.nc", [0.0, 30.0, 50.0], points, points, values)
    mesh = Mesh(-50e3, -50e3, 5e3, 20, 20)
    solver = Solver(mesh, initial, boundary="wall", motion=Motion(path), limiter_depth=100.0)
    mass = solver.mass()
    start = solver.sample(41e3, 7e3)
    while solver.time < 80.0:
        solver.step()
    h, hu, hv, b, eta = solver.sample(41e3, 7e3)
    assert_allclose([h, b, eta], [start[0], start[3] + 1.0, start[4] + 1.0], rtol=0, atol=1e-9)
    assert_allclose([hu, hv], 0.0, atol=1e-7)
    assert_allclose(solver.mass(), mass, rtol=1e-13)


def test_restart_during_the_rise_gives_the_same_bits(tmp_path):
    """A run that goes on from a state within the rise ends as the one that was not stopped."""
    mesh = Mesh(-100e3, -3e3, 2e3, 100, 3)
    whole, second = (
        Solver(mesh, flat_sea, boundary="periodic", motion=ramp(tmp_path)) for _ in range(2)
    )
    for _ in range(8):
        whole.step()
    second.restore({key: values.copy() for key, values in whole.state().items()})
    assert 0.0 < whole.time < 0.5 * RAMP
    for _ in range(12):
        whole.step()
        second.step()
    assert_array_equal(second.nodal(), whole.nodal())
    assert second.time == whole.time


def test_motion_in_kilometres_and_shifted(tmp_path):
    """Files are in metres; points, values and the shift are in the specfile's unit."""
    x, y = np.array([0.0, 1000.0, 2000.0]), np.array([0.0, 1000.0])
    path = write_motion(tmp_path / "m.nc", [0.0, 10.0], x, y, np.arange(2)[:, None, None] * x)
    motion = Motion(path, metres=1000.0, shift=(5.0, 0.0))
    at = np.array([4.9, 5.5, 6.0, 7.1])
    assert_allclose(motion.at(5.0, at, np.full(4, 0.5)), [0.0, 0.25, 0.5, 0.0])
    assert_allclose(motion.at(99.0, at, np.full(4, 0.5)), [0.0, 0.5, 1.0, 0.0])
    assert_array_equal(motion.at(-1.0, at, np.full(4, 0.5)), 0.0)
    assert motion.rectangle == ((5.0, 7.0), (0.0, 1.0))


@pytest.mark.parametrize(
    ("times", "values", "message"),
    [
        ([0.0, 0.0], 1.0, "times must be finite and ascending"),
        ([0.0, 1.0], np.nan, "values at 0 s are not finite"),
    ],
)
def test_bad_files_are_refused(tmp_path, times, values, message):
    """Times that stand still and missing values are told with the file."""
    points = np.array([0.0, 1.0])
    path = write_motion(tmp_path / "bad.nc", times, points, points, values)
    with pytest.raises(ExacoupleError, match=rf"bad\.nc: {message}"):
        Motion(path).at(0.0, points, points)


def test_static_grid_is_refused(tmp_path):
    """A displacement without time is no motion; the message says what is needed."""
    with netCDF4.Dataset(tmp_path / "d.nc", "w") as data:
        data.createDimension("x", 2)
        data.createVariable("z", "f8", ("x",))
    with pytest.raises(ExacoupleError, match=r"needs a variable z\(time, y, x\), has \('x',\)"):
        Motion(tmp_path / "d.nc")


def test_a_rise_beyond_all_numbers_ends_the_run_with_place_and_time(
    case, spec, monkeypatch, capsys
):
    """Single precision has none above 3e38; the probe is off, the bottom rises within 10 km."""
    monkeypatch.chdir(case)
    monkeypatch.delenv("SHARED_DIR", raising=False)
    axis = np.array([-10e3, 0.0, 10e3])
    write_motion(case / "motion.nc", [10.0, 50.0], axis, axis, [[[0.0] * 3] * 3, [[1e45] * 3] * 3])
    solver = spec["solvers"][0]
    solver["time_stepping"] = "global"
    solver["plotters"][0]["select"] = {"x": 30.0, "y": 30.0}
    solver["parameters"] = {"motion": "motion.nc", "precision": "single"}
    (case / "case.exahype2").write_text(json.dumps(spec))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert main(["case.exahype2"]) == 1
    assert "the solution is not finite in the cell around x = -10, y = -10 at t = " in (
        capsys.readouterr().err
    )
