"""Cases for ExaHyPE 2: files, what its reader makes of the grids, what is refused."""

import json
import py_compile
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from exacouple.cases import Case, load_region, load_site, plan_case, prepare_case
from exacouple.cases.exahype2 import plan_volumes
from exacouple.cases.target import check_engine
from exacouple.cases.truth import mesh_truth
from exacouple.errors import UsageError
from exacouple.probes import read_case_probes


@pytest.fixture
def square(region_file: Path) -> Path:
    """The region on a square domain."""
    text = region_file.read_text()
    region_file.write_text(text.replace("width_km = [400.0, 300.0]", "width_km = [300.0, 300.0]"))
    return region_file


@pytest.fixture
def config_site(tmp_path: Path) -> Path:
    """A profile of a build with a configuration file."""
    (tmp_path / "mine.json").write_text('{"order": 3, "plot": {"every": 60, "outputPath": "x"}}')
    path = tmp_path / "mine.toml"
    path.write_text(
        'base = "peano-config"\nname = "mine"\nexecutable = "./ExaHyPE"\n'
        '[exahype2]\nconfig = "mine.json"\ncells = 81\n[exahype2.keys]\nend_time = "time.end"\n'
    )
    return path


def sampled(path: Path, x: float, y: float, width: float) -> float:
    """Sample a grid as TopologyParser does: stretched over the domain, node to the lower left."""
    with netCDF4.Dataset(path) as dataset:
        z, low = dataset["z"], [float(dataset[name][0]) for name in ("x", "y")]
        high = [float(dataset[name][-1]) for name in ("x", "y")]
        index = []
        for place, first, last, count in zip((x, y), low, high, z.shape[::-1], strict=True):
            at = first + (last - first) / width * place
            steps, width_of_file = count - 1, last - first
            index.append(int(np.floor(steps / width_of_file * at - first * count / width_of_file)))
        return float(z[index[1], index[0]])


def test_script_is_python_and_holds_what_is_compiled_in(square: Path, tmp_path: Path) -> None:
    """Domain, mesh, end time and buoys, the buoys counted from the lower left corner."""
    case = prepare_case(
        load_region(square), "original", tmp_path / "c", site=load_site("peano-swe")
    )
    script = case.path / "make_application.py"
    py_compile.compile(str(script), cfile=str(tmp_path / "x.pyc"), doraise=True)
    values = dict(
        line.split(" = ", 1)
        for line in script.read_text().splitlines()
        if line[:1].isupper() and " = " in line
    )
    assert json.loads(values["DOMAIN_M"]) == [300e3, 300e3]
    assert case.manifest["mesh"]["cells"] == [24, 24]
    assert 24 % int(values["VOLUMES_PER_PATCH"]) == 0
    assert float(values["END_S"]) == 600.0
    buoys = case.manifest["buoys"]
    expected = [[buoy["x_m"] + 200e3, buoy["y_m"] + 150e3] for buoy in buoys]
    assert json.loads(values["BUOYS_M"]) == [pytest.approx(place, abs=1e-3) for place in expected]
    assert (case.path / "Tsunami.cpp").read_text().count("{") > 3


def test_engines_own_reader_finds_the_sea_floor_of_the_case(square: Path, tmp_path: Path) -> None:
    """Stretched over the domain and sampled without interpolation, without a shift."""
    case = prepare_case(
        load_region(square), "original", tmp_path / "c", site=load_site("peano-swe")
    )
    for name, grid in (("bathymetry", case.bathymetry()), ("displacement", case.displacement())):
        path = case.path / f"exahype2-{name}.nc"
        with netCDF4.Dataset(path) as dataset:
            assert (dataset["x"][0], dataset["x"][-1]) == (0.0, 300e3)
            assert (dataset["y"][0], dataset["y"][-1]) == (0.0, 300e3)
        for x, y in ((145e3, 155e3), (205e3, 145e3), (215e3, 165e3)):
            truth = float(grid.interp(x=x - 200e3, y=y - 150e3))
            assert sampled(path, x, y, 300e3) == pytest.approx(truth, abs=1e-3 * abs(truth) + 1e-6)


def test_displacement_is_zero_beyond_its_grid(square: Path, tmp_path: Path) -> None:
    """The reader knows no window: the file spans the domain."""
    case = prepare_case(
        load_region(square), "original", tmp_path / "c", site=load_site("peano-swe")
    )
    path = case.path / "exahype2-displacement.nc"
    assert sampled(path, 15e3, 15e3, 300e3) == 0.0


def test_mesh_is_the_nearest_of_patches_of_4_to_12_volumes() -> None:
    """3^k cells along an edge, each of p volumes: 25 cannot be reached, 24 can."""
    assert plan_volumes(1798.0, 25)[0].cells == (24, 24)
    assert plan_volumes(1798.0, 81) == (plan_volumes(1798.0, 80)[0], 9)
    mesh, patch = plan_volumes(1798.0, 243)
    assert (mesh.longest, 243 % patch) == (243, 0)
    with pytest.raises(UsageError, match="cells 3: give 4 to"):
        plan_volumes(1798.0, 3)


def test_truth_is_told_from_the_manifest(square: Path, tmp_path: Path) -> None:
    """The script is no specfile; volumes and steps are those that were planned."""
    plan = plan_case(load_region(square), "original", tmp_path / "c", site=load_site("peano-swe"))
    case = prepare_case(
        load_region(square), "original", tmp_path / "c", site=load_site("peano-swe")
    )
    truth = mesh_truth(case)
    assert truth.mesh.cells == plan.mesh.cells
    assert truth.time_step_s == pytest.approx(plan.time_step_s)
    assert sorted(plan.files) == sorted(["case.json", *case.manifest["files"]])
    assert case.manifest["specfile"] == "make_application.py"
    assert read_case_probes(case.path) == {}


def test_configuration_of_the_build_is_kept_but_for_what_a_case_sets(
    square: Path, tmp_path: Path, config_site: Path
) -> None:
    """What else the build's file says is not ours to change."""
    case = prepare_case(load_region(square), "flat", tmp_path / "c", site=load_site(config_site))
    assert json.loads((case.path / "tohoku-tsunami.json").read_text()) == {
        "order": 3,
        "plot": {"every": 60, "outputPath": "probes/"},
        "displacementPosition": [0.0, 0.0],
        "time": {"end": 600.0},
    }
    assert (case.path / "tohoku_gebco_ucsb3_2000m_hawaii_bath.nc").is_file()
    assert case.manifest["mesh"]["cells"] == [81, 81]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"order": 2}, "order 2: it has finite volumes"),
        ({"cells": 50}, "cells 50: 81 are compiled in"),
    ],
)
def test_what_a_build_cannot_do_is_refused(
    square: Path, tmp_path: Path, config_site: Path, options: dict[str, int], said: str
) -> None:
    """As for ExaHyPE 1, before anything is written."""
    with pytest.raises(UsageError, match=said):
        plan_case(
            load_region(square), "flat", tmp_path / "c", site=load_site(config_site), **options
        )


def test_domain_has_to_be_square(region_file: Path, tmp_path: Path) -> None:
    """Peano stretches its cells over the domain, and volumes with them."""
    with pytest.raises(UsageError, match="no square"):
        plan_case(load_region(region_file), "flat", tmp_path / "c", site=load_site("peano-swe"))


def test_missing_configuration_is_told(square: Path, tmp_path: Path, config_site: Path) -> None:
    """The profile names the file of the user's own build."""
    (tmp_path / "mine.json").unlink()
    with pytest.raises(UsageError, match=r"mine\.json: cannot be read"):
        prepare_case(load_region(square), "flat", tmp_path / "c", site=load_site(config_site))
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('engine = "exahype2"\nexecutable = "x"', r"needs `executable` and a table \[exahype2\]"),
        ('base = "peano-swe"\n[exahype2]\nkind = "config"', "needs `config`"),
        ('base = "peano-swe"\n[exahype2]\ntime_step_relaxation = 0.9', "beyond which .* blow up"),
        ('base = "peano-swe"\n[exahype2]\ncells = 9', "takes no `config` and no `cells`"),
        ('base = "peano-swe"\n[exahype2]\nbathymetry_file = "../b.nc"', "plain name"),
        ('base = "peano-swe"\n[exahype2]\nbathymetry_file = "bathymetry.nc"', "no other file has"),
        ('base = "peano-swe"\n[exahype2.keys]\nend_time = "a..b"', "names joined by dots"),
    ],
)
def test_profiles_that_make_no_sense_are_refused(tmp_path: Path, text: str, said: str) -> None:
    """The message names the key."""
    path = tmp_path / "p.toml"
    head = "" if text.startswith("base") else 'schema = 1\nname = "p"\n'
    path.write_text(f"{head}{text}\n")
    with pytest.raises(UsageError, match=said):
        load_site(path)


def test_both_profiles_are_marked_experimental() -> None:
    """Nobody should take them for proven."""
    assert "EXPERIMENTAL" in load_site("peano-swe").experimental
    assert "never run against the real" in load_site("peano-config").experimental
    assert load_site("upstream-l2").experimental == ""


def test_case_runs_on_no_other_engine(square: Path, tmp_path: Path) -> None:
    """A case for ExaHyPE 2 has no specfile of ExaHyPE 1."""
    swe = load_site("peano-swe")
    case = prepare_case(load_region(square), "flat", tmp_path / "c", site=swe)
    check_engine(case.manifest, swe, "c")
    with pytest.raises(UsageError, match="prepared for the build"):
        check_engine(Case.open(case.path).manifest, None, "c")
    with pytest.raises(UsageError, match="another build"):
        check_engine(case.manifest, load_site("upstream-l2-probes"), "c")
