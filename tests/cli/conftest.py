"""A small region file in an empty working directory, and a way to run the command there."""

import json
import logging
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import netCDF4
import numpy as np
import pytest
from click.testing import CliRunner

from exacouple.cli import main

REGION = """\
schema = 1
name = "bay"
title = "A bay that does not exist"
event = {origin = 2020-01-02T03:04:05Z, epicentre = [145.0, 38.0], magnitude = 8.0, source = "none"}
bathymetry = {grid = "sea.nc", spacing_m = 10000}
projection = {crs = "+proj=aeqd +lat_0=38 +lon_0=145"}
domain = {offset_km = [-100.0, -100.0], width_km = [200.0, 200.0], cells = 7, order = 2}
displacement = {kind = "dtopo", file = "lift.tt3"}
simulation = {end_time_s = 600, sampling_s = 5}
buoys = [{id = "A1", name = "first", lon = 145.5, lat = 38.5, source = "none"}]
"""
DTOPO = """\
3 mx
3 my
1 mt
144.5 xlower
37.5 ylower
0.0 t0
0.5 dx
0.5 dy
1.0 dt
0 0 0
0 2 0
0 0 0
"""


@pytest.fixture
def bay(tmp_path, monkeypatch):
    """Return the region file of a sea 4000 m deep; the working directory is another one."""
    folder = tmp_path / "bay"
    folder.mkdir()
    with netCDF4.Dataset(folder / "sea.nc", "w") as dataset:
        for name, start in (("lat", 36.0), ("lon", 143.0)):
            dataset.createDimension(name, 17)
            dataset.createVariable(name, "f8", (name,))[:] = start + 0.25 * np.arange(17)
        variable = dataset.createVariable("elevation", "i2", ("lat", "lon"))
        variable.units = "m"
        variable[:] = -4000
    (folder / "lift.tt3").write_text(DTOPO)
    (folder / "region.toml").write_text(REGION)
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    return folder / "region.toml"


@pytest.fixture
def exacouple():
    """Return a function that runs the command and returns its result."""

    def run(*arguments):
        return CliRunner().invoke(main, [str(argument) for argument in arguments])

    yield run
    logger = logging.getLogger("exacouple")
    logger.handlers.clear()
    logger.setLevel(logging.NOTSET)


FAKE_EXAHYPE = Path(__file__).parents[1] / "launch" / "fake_exahype.py"

PROFILE = """\
schema = 1
name = "mine"
executable = {executable}
{top}

[application]
title = "a fake"
output_directory = "ApplicationExamples/SWE/mine"
order = 2
plotters = [
    {{name = "ProbeWriter18"}},
    {{name = "ProbeWriter19"}},
    {{name = "Writer", type = "vtk::Cartesian::cells::limited::ascii"}},
]
writes = ["h", "hu", "hv", "b", "eta"]
shift_file = "inputs.txt"
{application}
"""


@pytest.fixture
def program(tmp_path):
    """Return a function that writes an executable that runs the fake with a prologue."""

    def write(
        name="ExaHyPE SWE's", prologue="", body=f'exec "{sys.executable}" "{FAKE_EXAHYPE}" "$@"'
    ):
        path = tmp_path / "my build" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/bash\n{prologue}\n{body}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    return write


@pytest.fixture
def site(tmp_path, program):
    """Return a function that writes a profile."""

    def write(top="", application="", executable=None, name="site.toml"):
        path = tmp_path / name
        words = json.dumps(str(executable or program()))
        path.write_text(PROFILE.format(executable=words, top=top, application=application))
        return path

    return write


OPEN_MPI = 'mpirun = {arguments = ["--allow-run-as-root", "--oversubscribe"]}'


@pytest.fixture
def mpi(program):
    """Return a function that gives the profile lines of this machine's Open MPI."""
    if shutil.which("mpirun") is None:
        pytest.skip("no mpirun")
    answer = subprocess.run(["mpirun", "--version"], capture_output=True, text=True, check=False)
    if "Open MPI" not in answer.stdout:
        pytest.skip(f"mpirun is not Open MPI: {answer.stdout[:40]!r}")
    return lambda ranks: f'launcher = "mpirun"\nranks = {ranks}\n{OPEN_MPI}'
