"""``exacouple prepare`` makes cases, whole or not at all, and says what it did."""

import json
import os
import socket
from dataclasses import replace
from pathlib import Path

import netCDF4
import pytest

from exacouple.launch import RunState
from exacouple.launch.state import process_identity, write_state


def cases():
    """Return the names of the cases below runs/."""
    return sorted(path.name for path in Path("runs").glob("*")) if Path("runs").is_dir() else []


def test_original_and_flat_come_along(exacouple, bay):
    """One command makes all that a comparison needs, and says so in a few lines."""
    result = exacouple("prepare", "--source", "smoothed", "--region", bay)
    assert result.exit_code == 0, result.stderr
    assert cases() == ["bay-flat", "bay-original", "bay-smoothed"]
    assert "7 x 7 cells of 28.57 km, order 2" in result.stdout
    assert "4000 m" in result.stdout
    assert len(result.stdout.splitlines()) < 20


def test_time_step_and_steps_are_said(exacouple, bay):
    """0.153 * 28571 m / (2 * sqrt(9.81 * 4000) m/s) is 11.03 s, so 600 s take 55 steps."""
    result = exacouple("prepare", "--source", "original", "--region", bay, "--only", "--json")
    (facts,) = json.loads(result.stdout)
    assert facts["time_step_s"] == pytest.approx(11.034, abs=1e-3)
    assert facts["steps"] == 55


@pytest.mark.parametrize("options", [["--only"], ["--out", "runs/mine"]])
def test_only_and_out_make_one_case(exacouple, bay, options):
    """A case that is given its own place is alone there."""
    assert exacouple("prepare", "--source", "flat", "--region", bay, *options).exit_code == 0
    assert len(cases()) == 1


def test_companions_that_are_there_are_kept(exacouple, bay):
    """Their results survive, even with --force for the case asked for."""
    assert exacouple("prepare", "--source", "flat", "--region", bay).exit_code == 0
    marks = [Path("runs", name, "state.json") for name in cases()]
    for mark in marks:
        mark.write_text("{}")
    result = exacouple("prepare", "--source", "smoothed", "--region", bay)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.count("kept, it is prepared already") == 2
    assert all(mark.is_file() for mark in marks)
    assert exacouple("prepare", "--source", "flat", "--region", bay, "--force").exit_code == 0
    assert [mark.is_file() for mark in marks] == [False, True]


def test_nothing_is_overwritten_without_force(exacouple, bay):
    """Preparing twice is refused, with other settings too, before anything is written."""
    command = ("prepare", "--source", "original", "--region", bay, "--only")
    assert exacouple(*command).exit_code == 0
    again = exacouple(*command)
    assert again.exit_code == 2
    assert "--force" in again.stderr
    other = exacouple("prepare", "--source", "smoothed", "--region", bay, "--cells", "9")
    assert other.exit_code == 2
    assert "mesh.cells[0]: 7 there, 9 asked for" in other.stderr
    assert cases() == ["bay-original"]
    assert exacouple(*command, "--force").exit_code == 0


@pytest.mark.parametrize("where", [{}, {"job": "12", "pid": 1}])
def test_a_case_that_is_being_run_is_not_replaced(exacouple, bay, where):
    """Its engine would go on in a directory that is gone, and end in the state of the new case."""
    command = ("prepare", "--source", "original", "--region", bay, "--only", "--force")
    assert exacouple(*command).exit_code == 0
    case = Path("runs/bay-original")
    pid = os.getpid()
    running = RunState(
        "running", "embedded", ("x",), pid, process_identity(pid), socket.gethostname(), "", "0"
    )
    write_state(case, replace(running, **where))
    before = (case / "case.json").stat().st_ino
    result = exacouple(*command)
    assert result.exit_code == 2
    assert "runs/bay-original is being run" in result.stderr
    assert "--cancel runs/bay-original" in result.stderr
    assert (case / "case.json").stat().st_ino == before
    write_state(case, replace(running, process="another boot:1"))
    assert exacouple(*command).exit_code == 0


def test_dry_run_writes_nothing(exacouple, bay):
    """It shows cases, files, cells and steps."""
    result = exacouple("prepare", "--source", "flat", "--region", bay, "--dry-run")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.count("would be prepared") == 2
    for name in ("case.json", "tsunami.exahype2", "bathymetry.nc", "7 x 7 cells", "55 steps"):
        assert name in result.stdout
    assert list(Path().iterdir()) == []


def test_what_would_fail_is_not_called_prepared(exacouple, bay):
    """A dry run over a grid that does not reach says so, and nothing else."""
    with netCDF4.Dataset("small.nc", "w") as dataset:
        for name in ("lat", "lon"):
            dataset.createDimension(name, 3)
            dataset.createVariable(name, "f8", (name,))[:] = [0.0, 1.0, 2.0]
        dataset.createVariable("elevation", "f4", ("lat", "lon"))[:] = -4000.0
    result = exacouple(
        *("prepare", "--source", "flat", "--region", bay, "--dry-run", "--bathymetry", "small.nc")
    )
    assert result.exit_code == 1
    assert "small.nc does not cover" in result.stderr
    assert not result.stdout


def test_flat_says_which_depth(exacouple, bay):
    """The depth 0 stands for the mean of the sea, which a reader cannot know."""
    for settings, said in (((), "flat (mean depth of the sea)"), (("--set", "depth_m=99"), "99")):
        result = exacouple(
            *("prepare", "--source", "flat", "--region", bay, "--only", "--dry-run", *settings)
        )
        assert said in result.stdout


def test_source_options_are_set(exacouple, bay):
    """--set reaches the source and the manifest."""
    result = exacouple(
        "prepare", "--source", "smoothed", "--region", bay, "--only", "--set", "sigma_km=40"
    )
    assert result.exit_code == 0, result.stderr
    manifest = json.loads(Path("runs/bay-smoothed/case.json").read_text())
    assert manifest["source"] == {
        "name": "smoothed",
        "options": {"sigma_km": 40.0},
        "keep_land": True,
    }


def test_another_bathymetry_and_mesh(exacouple, bay):
    """An embedded grid may take the place of the region's own."""
    options = ("--bathymetry", "etopo5-northwest-pacific", "--cells", "25", "--order", "3")
    result = exacouple("prepare", "--source", "original", "--region", bay, "--only", *options)
    assert result.exit_code == 0, result.stderr
    manifest = json.loads(Path("runs/bay-original/case.json").read_text())
    assert manifest["mesh"]["cells"] == [25, 25]
    assert manifest["mesh"]["order"] == 3
    assert manifest["inputs"][0]["name"] == "etopo5-northwest-pacific"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--source", "smothed"], "did you mean 'smoothed'"),
        (["--cells", "1"], "give 3 to"),
        (["--order", "5"], "order 5: the embedded engine has 1 to 4"),
        (["--set", "sigma_km"], "give KEY=VALUE"),
        (["--set", "sgma_km=1"], "did you mean 'sigma_km'"),
        (["--set", "sigma_km=wide"], "expected a number, got 'wide'"),
        (["--bathymetry", "etopo5-chle"], "did you mean 'etopo5-chile'"),
        (["--region", "tohuku"], "did you mean 'tohoku'"),
    ],
)
def test_bad_options_are_refused(exacouple, bay, options, message):
    """Exit code 2, what is allowed, and nothing written."""
    given = ["--source", "smoothed", "--region", bay, *options]
    result = exacouple("prepare", *given)
    assert result.exit_code == 2
    assert message in result.stderr
    assert list(Path().iterdir()) == []


def test_a_truncated_bathymetry_is_a_failure(exacouple, bay):
    """Exit code 1, one line that names the file, and nothing written."""
    sea = bay.parent / "sea.nc"
    sea.write_bytes(sea.read_bytes()[:-50])
    result = exacouple("prepare", "--source", "original", "--region", bay)
    assert result.exit_code == 1
    assert "sea.nc" in result.stderr
    assert result.stderr.count("\n") == 1
    assert list(Path().iterdir()) == []


def test_a_folder_without_write_permission_is_a_failure(exacouple, bay):
    """Exit code 1 and the cause."""
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    Path().chmod(0o555)
    result = exacouple("prepare", "--source", "original", "--region", bay)
    Path().chmod(0o755)
    assert result.exit_code == 1
    assert "Permission denied" in result.stderr


def test_quiet_says_nothing(exacouple, bay):
    """With -q a success is silent."""
    result = exacouple("-q", "prepare", "--source", "original", "--region", bay)
    assert (result.exit_code, result.output) == (0, "")
