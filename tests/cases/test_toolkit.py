"""Our application for ExaHyPE's toolkit, as it is written and as its profile describes it."""

import json
import os
import subprocess
from dataclasses import replace

import pytest

from exacouple.cases import Site, load_region, load_site, prepare_case
from exacouple.cases.toolkit import BUILD, EXECUTABLE, MANIFEST, PROFILE, render_application
from exacouple.errors import UsageError
from exacouple.hashing import sha256_file


@pytest.fixture
def folder(tmp_path):
    """The application of order 4."""
    return render_application(4, tmp_path / "application")


def test_manifest_names_every_file_with_its_hash(folder):
    """What was written can be told from what a user has changed."""
    manifest = json.loads((folder / MANIFEST).read_text())
    assert manifest["order"] == 4
    assert "exacouple" in manifest["versions"]
    there = {path.name for path in folder.iterdir()} - {MANIFEST}
    assert set(manifest["files"]) == there
    assert all(sha256_file(folder / name) == text for name, text in manifest["files"].items())


def test_same_order_gives_the_same_bytes(folder, tmp_path):
    """Rendering twice gives no difference."""
    again = render_application(4, tmp_path / "again")
    for path in folder.iterdir():
        assert path.read_bytes() == (again / path.name).read_bytes()


def test_specfile_is_that_of_the_profile(folder):
    """Names, order and limiter settings that are compiled in are those that cases ask for."""
    spec = json.loads((folder / "exacouple.exahype2").read_text())
    solver = spec["solvers"][0]
    application = load_site(folder / PROFILE).application
    assert (spec["project_name"], solver["name"]) == (application.project, application.solver)
    assert solver["order"] == application.order == 4
    assert solver["fv_kernel"]["scheme"] == application.fv_scheme
    assert solver["limiter"]["dmp_observables"] == application.dmp_observables
    assert [item["name"] for item in solver["plotters"]] == ["Gauges"]


def test_profile_finds_the_executable_beside_it(folder):
    """The folder may be moved as a whole."""
    assert load_site(folder / PROFILE).executable == str(folder / EXECUTABLE)


def test_nothing_is_left_to_fill_in(folder):
    """No template mark survives in a file."""
    for path in folder.iterdir():
        text = path.read_text(encoding="utf-8")
        assert "{{ " not in text
        assert "{%" not in text


@pytest.mark.parametrize("order", [0, 10])
def test_order_out_of_range_is_refused(tmp_path, order):
    """ExaHyPE's time step is known for orders 1 to 9."""
    with pytest.raises(UsageError, match=f"order {order}: .* 1 to 9"):
        render_application(order, tmp_path / "application")


def test_application_is_replaced_only_on_demand(folder):
    """A build in it is not lost by accident, a folder of another kind never."""
    (folder / EXECUTABLE).write_text("built")
    with pytest.raises(UsageError, match="--force"):
        render_application(2, folder)
    assert (folder / EXECUTABLE).exists()
    render_application(2, folder, force=True)
    assert not (folder / EXECUTABLE).exists()
    (folder / MANIFEST).unlink()
    with pytest.raises(UsageError, match=MANIFEST):
        render_application(2, folder, force=True)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("", "set EXAHYPE_PATH"),
        ("nowhere", "nowhere: no such folder"),
        (".", "holds no Toolkit/toolkit.sh"),
    ],
)
def test_build_script_says_what_it_misses(folder, path, said):
    """Without a checkout of ExaHyPE it ends at once."""
    environment = {**os.environ, "EXAHYPE_PATH": path}
    done = subprocess.run(
        [str(folder / BUILD)], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert said in done.stderr


def test_build_script_runs_toolkit_and_make(folder, tmp_path):
    """A stand-in for ExaHyPE gets the specfile with the folder, and the flags of NetCDF."""
    exahype = tmp_path / "ExaHyPE"
    (exahype / "Toolkit").mkdir(parents=True)
    (exahype / "Peano" / "peano").mkdir(parents=True)
    toolkit = exahype / "Toolkit" / "toolkit.sh"
    toolkit.write_text(
        "#!/bin/sh\n"
        'cp "$1" seen.json\n'
        f"printf 'all:\\n\\techo \"$$PROJECT_LFLAGS\" > {EXECUTABLE}; chmod +x {EXECUTABLE}\\n'"
        " > Makefile\n"
    )
    toolkit.chmod(0o755)
    environment = {**os.environ, "EXAHYPE_PATH": str(exahype), "NETCDF_LIBS": "-lnetcdf"}
    done = subprocess.run(
        [str(folder / BUILD)], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads((folder / "seen.json").read_text())
    assert seen["paths"]["output_directory"] == str(folder)
    assert "-lnetcdf" in (folder / EXECUTABLE).read_text()


def test_any_number_of_buoys_is_taken(region_file, tmp_path):
    """One plotter is compiled in; the specfile has as many probes as the region has buoys."""
    shipped = load_site("exacouple")
    application = replace(shipped.application, order=2)
    site = Site(replace(shipped.profile, application=application), shipped.path, shipped.given)
    case = prepare_case(load_region(region_file), "original", tmp_path / "case", site=site)
    solver = json.loads((case.path / "tsunami.exahype2").read_text())["solvers"][0]
    assert [item["output"] for item in solver["plotters"]] == ["./probes/A1", "./probes/B2"]
    assert [item["name"] for item in solver["plotters"]] == ["Gauges0", "Gauges1"]
    assert all(item["time"] == 0.0 for item in solver["plotters"])
    assert (solver["name"], solver["limiter"]["dmp_observables"]) == ("Tsunami", 3)
