"""What a region asks of the embedded engine beyond the common specfile."""

import json

import netCDF4
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from exacouple.cases import load_region, load_site, plan_case, prepare_case
from exacouple.cases.embedded import coriolis, solver_parameters
from exacouple.engine.__main__ import main
from exacouple.errors import UsageError
from exacouple.probes import read_case_probes

KINEMATIC = (
    'displacement.kind="dtopo"',
    "displacement.file=rise.tt1",
    "displacement.rupture=kinematic",
)


@pytest.fixture
def rising(region_file):
    """Put a dtopo file beside the region: a ridge that is raised within 60 s."""
    lines = []
    for t, share in ((0.0, 0.0), (60.0, 1.0)):
        for lat in np.arange(39.0, 36.9, -0.1):
            for lon in np.arange(144.0, 146.05, 0.1):
                rise = share * 2.0 * np.exp(-(((lon - 145) / 0.3) ** 2) - ((lat - 38) / 0.3) ** 2)
                lines.append(f"{t} {lon:.6f} {lat:.6f} {rise:.9e}")
    (region_file.parent / "rise.tt1").write_text("\n".join(lines) + "\n")
    return region_file


def spec_of(case):
    """Return the solver's table of a case's specfile."""
    return json.loads((case.path / "tsunami.exahype2").read_text())["solvers"][0]


def test_coriolis_parameter_is_that_of_the_latitude():
    """In the middle of the domain f is twice the rotation times the sine of the latitude."""
    config = load_region("tohoku").config
    f0, beta = coriolis(config, 1.0)
    assert_allclose(f0, 2 * 7.292115e-5 * np.sin(np.radians(38.3012)), rtol=0.01)
    # Earth's radius is 6.37e6 m: beta = 2 Omega cos(latitude) / R.
    assert_allclose(beta, 2 * 7.292115e-5 * np.cos(np.radians(38.0)) / 6.37e6, rtol=0.02)
    assert_allclose(coriolis(config, 1000.0), (f0, 1000.0 * beta))


def test_friction_in_kilometres_slows_as_in_metres():
    """The force per area g n^2 u^2 / h^(1/3), in m2/s2, is the same in both units."""
    region = load_region("tohoku", ["simulation.manning=0.025"])
    n = solver_parameters(region.config, 1000.0)["manning"]
    h, u = 35.0, 2.0
    metres = 9.81 * 0.025**2 * u**2 / h ** (1 / 3)
    kilometres = 9.81e-3 * n**2 * (u / 1e3) ** 2 / (h / 1e3) ** (1 / 3)
    assert_allclose(1e6 * kilometres, metres, rtol=1e-12)


def test_nothing_more_is_asked_for_by_default():
    """A region that asks for nothing gives the specfile that any ExaHyPE reads."""
    assert solver_parameters(load_region("tohoku").config, 1000.0) == {}


def test_kinematic_case_holds_the_motion(rising, tmp_path):
    """The motion ends at the static displacement, is hashed, and the specfile names it."""
    region = load_region(rising, KINEMATIC)
    case = prepare_case(region, "original", tmp_path / "case")
    assert set(case.manifest["files"]) == set(
        plan_case(region, "original", tmp_path / "x").files[1:]
    )
    with netCDF4.Dataset(case.path / "motion.nc") as data:
        assert data["z"].dimensions == ("time", "y", "x")
        assert_array_equal(data["time"][:], [0.0, 60.0])
        assert_array_equal(data["z"][-1], case.displacement())
        assert not data["z"][0].any()
    assert spec_of(case)["parameters"]["motion"] == "motion.nc"


def test_engine_runs_a_kinematic_case(rising, tmp_path, monkeypatch):
    """The sea floor below a buoy is where it was at first, and ends where it comes to rest."""
    changes = (
        *KINEMATIC,
        "simulation.end_time_s=120",
        "outputs.exact_probes=true",
        "outputs.maxima=true",
    )
    changes += ("simulation.coriolis=true", "simulation.manning=0.02", "outputs.snapshots_s=60")
    changes += ("simulation.precision=single",)
    region = load_region(rising, changes)
    case = prepare_case(region, "flat", tmp_path / "case", options={"depth_m": 4000.0}, cells=7)
    monkeypatch.chdir(case.path)
    assert main(["tsunami.exahype2"]) == 0
    probe = read_case_probes(case.path)["B2"]
    bed = probe.b
    rise = 2.0 * np.exp(-((0.5 / 0.3) ** 2) - (0.5 / 0.3) ** 2)
    assert_allclose(probe.time, np.arange(0.0, 121.0, 5.0))
    assert_allclose(bed[0], -4000.0, atol=1e-6)
    assert_allclose(bed[6] - bed[0], 0.5 * (bed[-1] - bed[0]), rtol=1e-6)
    assert_allclose(bed[-1] - bed[0], rise, atol=0.1)
    with netCDF4.Dataset("maxima.nc") as data:
        assert 0.1 < float(data["maximum_water_height"][:].max()) < 2.0
    with netCDF4.Dataset("snapshots.nc") as data:
        assert data["time"].size == 3


def test_builds_of_exahype_refuse_what_they_cannot_do(rising, tmp_path):
    """A build that would silently leave out a force or an output is told to do neither."""
    changes = (*KINEMATIC, "simulation.coriolis=true", "outputs.maxima=true")
    site = load_site("upstream-l2-probes")
    with pytest.raises(
        UsageError,
        match=r"displacement\.rupture, simulation\.coriolis, outputs\.maxima: only the embedded",
    ):
        plan_case(load_region(rising, changes), "original", tmp_path / "case", site=site)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("simulation.end_tim_s=3", "end_tim_s"),
        ("simulation.manning=-1", "manning -1: give 0 to 1"),
        ("displacement.rupture=kinematic", 'rupture "kinematic" needs times'),
        ("end_time_s", "give TABLE.KEY=VALUE"),
        ("name.x=1", "'name' is not a table"),
        ("outputs.snapshots_s=-3", "snapshots_s -3 must be positive"),
    ],
)
def test_wrong_changes_are_refused(region_file, change, message):
    """A change is checked like the file itself, and the message quotes it."""
    with pytest.raises(UsageError) as caught:
        load_region(region_file, [change])
    assert message in str(caught.value)
    assert change in str(caught.value)


def test_changes_are_recorded(region_file, tmp_path):
    """The manifest holds the values that the case was made with."""
    region = load_region(region_file, ["simulation.end_time_s=300", "title=Other"])
    case = prepare_case(region, "original", tmp_path / "case")
    assert case.manifest["end_time_s"] == 300.0
    assert case.manifest["region_config"]["title"] == "Other"
