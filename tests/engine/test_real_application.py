"""The embedded engine beside our own application on the real ExaHyPE, for the same specfile."""

import shutil
import subprocess
import sys
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from exacouple.cases.site import load_site
from exacouple.launch.build_info import contradictions, read_build_info
from exacouple.probes import read_probe

DATA = Path(__file__).parents[1] / "data" / "exahype1-application"
RUNS = ("order2-outflow", "order2-wall", "order3-outflow", "order2-steep")
PROBES = ("p0", "p1", "p2", "p3")
CORNER = "p3"
SAMPLING = 45.0
# When what the boundary sends back reaches the first probe.
BACK = 2500.0


def real(run, probe):
    """Return a probe of the real engine in SI units."""
    return read_probe(DATA / run / "probes" / f"{probe}-rank-0.probe", length_unit="km")


def bell(x, y, centre, width):
    """Gaussian bell of height 1 on the lattice of x and y."""
    return np.exp(-((x - centre[0]) ** 2 + (y[:, None] - centre[1]) ** 2) / (2.0 * width**2))


def write_grid(path, axis, z):
    """Write z(y, x) in float32 metres."""
    with netCDF4.Dataset(path, "w") as dataset:
        for name in ("y", "x"):
            dataset.createDimension(name, axis.size)
            dataset.createVariable(name, "f8", (name,))[:] = axis
        dataset.createVariable("z", "f4", ("y", "x"))[:] = z


@pytest.mark.parametrize("run", RUNS)
def test_probe_files_of_the_application_are_read(run):
    """All rows, 17 digits, h + b as its own column, from rest to the end."""
    for name in PROBES:
        gauge = real(run, name)
        assert gauge.time[0] == 0.0
        assert gauge.time[-1] >= 3000.0 - SAMPLING
        np.testing.assert_allclose(gauge.h + gauge.b, gauge.eta, rtol=0, atol=1e-11)
        assert np.ptp(gauge.eta) > 0.1
        assert abs(gauge.hu[0]) == 0.0


def test_wall_sends_the_wave_back():
    """In the corner the wave is higher before walls than where it may leave."""
    walled, open_ = (real(f"order2-{name}", CORNER).eta for name in ("wall", "outflow"))
    assert walled.max() > 1.1 * open_.max()


@pytest.mark.parametrize("order", [2, 3])
def test_executable_is_what_the_shipped_profile_says(order):
    """The profile `exacouple` agrees with ``--version`` in all but the order."""
    info = read_build_info((DATA / f"version-order{order}.txt").read_text())
    assert info.is_exahype
    assert info.order == order
    found = contradictions(info, load_site("exacouple").application)
    assert [text for text in found if "order" not in text] == []


@pytest.mark.parametrize("run", RUNS)
def test_embedded_engine_agrees_with_the_application(run, tmp_path):
    """Water heights differ by less than 0.5 % of their range.

    The open boundaries are not the same: once waves have come back from them, by less than 1 %.
    Held against an ocean three times as wide, the height at p0 is wrong by 0.7 % in the application
    and 0.2 % here. The probe in the corner lies where the embedded engine has subcells, whose
    averages are wrong by 1.9 % there in the wide ocean too.

    The run "steep" has a seamount on a face between two cells: their nodes lie 710 m deep and more,
    while the polynomial of the sea floor is land there.
    """
    steep = run.endswith("steep")
    axis = np.arange(-600e3, 600e3 + 1.0, 2e3 if steep else 10e3)
    island = 4200.0 * bell(axis, axis, (150e3, 100e3), 70e3)
    seamount = 3850.0 * bell(axis, axis, (100e3, 80e3), 8e3)
    write_grid(tmp_path / "bathymetry.nc", axis, (seamount if steep else island) - 4000.0)
    write_grid(tmp_path / "displacement.nc", axis, 3.0 * bell(axis, axis, (-150e3, -100e3), 60e3))
    shutil.copy(DATA / "data.yaml", tmp_path)
    shutil.copy(DATA / run / "tsunami.exahype2", tmp_path)
    command = [sys.executable, "-m", "exacouple.engine", "tsunami.exahype2"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for name in PROBES:
        there = real(run, name)
        here = read_probe(tmp_path / "probes" / f"{name}-rank-0.probe", length_unit="km")
        eta = np.interp(there.time, here.time, here.eta)
        square = (eta - there.eta) ** 2 / np.ptp(there.eta) ** 2
        beside = name == CORNER and run.endswith("outflow")
        early = there.time < BACK
        assert np.sqrt(square[early].mean()) < 0.005, name
        bound = 0.025 if beside else 0.01 if run.endswith("outflow") else 0.005
        assert np.sqrt(square.mean()) < bound, name
        assert there.eta.max() == pytest.approx(eta.max(), rel=0.12 if beside else 0.01)
