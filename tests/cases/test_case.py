"""Cases are whole or absent, reproducible, and say what they are."""

import json
import os
import shutil
import subprocess

import numpy as np
import pytest

from exacouple.cases import Case, Ground, load_region, plan_case, prepare_case, write_case
from exacouple.cases.region import MARGIN_POINTS
from exacouple.errors import ExacoupleError, UsageError


def tree(folder):
    """Return all files below a folder with their bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_case_holds_all_that_an_engine_needs(region_file, tmp_path):
    """All files are there, and the folder for probes, which ExaHyPE would not make."""
    plan = plan_case(load_region(region_file), "original", tmp_path / "case")
    case = write_case(plan)
    assert {path.name for path in case.path.iterdir()} == {*plan.files, "probes"}
    assert (case.path / "probes").is_dir()
    case.verify()


def test_the_same_inputs_give_the_same_bytes(region_file, tmp_path, monkeypatch):
    """Neither time nor place of the preparation is in the case."""
    first = prepare_case(load_region(region_file), "smoothed", tmp_path / "one")
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(region_file.parent, elsewhere)
    monkeypatch.chdir(elsewhere)
    second = prepare_case(load_region("region.toml"), "smoothed", "two")
    assert tree(first.path) == tree(second.path)
    assert not any(str(tmp_path).encode() in content for content in tree(first.path).values())


def test_the_manifest_says_what_the_case_is(region_file, tmp_path):
    """Region, source, mesh, buoys, units and origin are what was asked for."""
    case = prepare_case(
        load_region(region_file), "smoothed", tmp_path / "case", cells=12, options={"sigma_km": 30}
    )
    manifest = json.loads((case.path / "case.json").read_text())
    assert manifest["schema"] == "exacouple-case/1"
    assert (case.region, case.source, case.name) == ("bay", "smoothed", "case")
    assert manifest["source"]["options"] == {"sigma_km": 30.0}
    assert manifest["event_origin"] == "2020-01-02T03:04:05Z"
    assert manifest["mesh"] == {"cells": [12, 9], "cell_size_m": 400e3 / 12, "order": 2}
    assert manifest["probes"]["columns"][-1] == "eta"
    assert [buoy["id"] for buoy in manifest["buoys"]] == ["A1", "B2"]
    assert {item["role"] for item in manifest["inputs"]} == {"bathymetry", "displacement"}


def test_bathymetry_reaches_beyond_the_domain(region_file, tmp_path):
    """Every node of the mesh lies inside the grid, so that ASAGI never repeats its edge."""
    grid = prepare_case(load_region(region_file), "original", tmp_path / "case").bathymetry()
    margin = MARGIN_POINTS * 10e3
    assert grid["x"][0] == -200e3 - margin
    assert grid["x"][-1] >= 200e3 + margin
    assert grid["y"][0] == -150e3 - margin
    assert grid["y"][-1] >= 150e3 + margin


def test_bathymetry_is_the_grid_in_the_projection(region_file, tmp_path):
    """At the centre of the projection, 145E, the sea is 2000 m deep; 143E is the coast."""
    grid = prepare_case(load_region(region_file), "original", tmp_path / "case").bathymetry()
    assert float(grid.sel(x=0.0, y=0.0)) == pytest.approx(-2000.0, abs=1.0)
    coast = np.interp(0.0, -grid.sel(y=0.0).values, grid["x"].values)
    assert coast == pytest.approx(-175.6e3, abs=500.0)


def test_displacement_covers_its_window_with_the_given_hump(region_file, tmp_path):
    """The hump of 2 m stays at the centre; the grid is the window of the region."""
    field = prepare_case(load_region(region_file), "original", tmp_path / "case").displacement()
    assert (field["x"][0], field["x"][-1]) == (-60e3, 80e3)
    assert (field["y"][0], field["y"][-1]) == (-50e3, 50e3)
    assert float(field.sel(x=0.0, y=0.0)) == pytest.approx(2.0, rel=1e-6)


def test_land_is_kept_unless_it_is_to_be_replaced(region_file, tmp_path):
    """The flat seabed leaves the coast where it was, or drowns it on request."""
    region = load_region(region_file)
    original = prepare_case(region, "original", tmp_path / "o").bathymetry()
    kept = prepare_case(region, "flat", tmp_path / "k").bathymetry()
    drowned = prepare_case(region, "flat", tmp_path / "d", keep_land=False).bathymetry()
    land = original.values >= 0
    assert land.any()
    assert np.array_equal(kept.values[land], original.values[land])
    assert np.unique(kept.values[~land]).size == 1
    assert (drowned.values < 0).all()


def test_the_time_step_follows_from_the_deepest_node(region_file, tmp_path):
    """dt = 0.9 * 0.17 * dx / (2 sqrt(g h)) for order 2; other orders have other factors."""
    region = load_region(region_file)
    second = plan_case(region, "original", tmp_path / "case")
    first, third, fourth = (
        plan_case(region, "original", tmp_path / "case", order=order) for order in (1, 3, 4)
    )
    wave = np.sqrt(9.81 * second.deepest_m)
    assert 4000.0 < second.deepest_m < 4500.0
    assert second.time_step_s == pytest.approx(0.153 * (400e3 / 24) / (2 * wave))
    assert first.time_step_s == pytest.approx(second.time_step_s * 0.33 / 0.17, rel=0.01)
    assert third.time_step_s == pytest.approx(second.time_step_s * 0.1 / 0.17, rel=0.01)
    assert fourth.time_step_s == pytest.approx(second.time_step_s * 0.069 / 0.17, rel=0.01)
    assert second.steps * second.time_step_s >= 600.0


def test_an_order_that_the_embedded_engine_lacks_is_refused(region_file, tmp_path):
    """It names the orders that there are, and who has others."""
    with pytest.raises(UsageError, match=r"order 5: .* has 1 to 4; .*--site"):
        plan_case(load_region(region_file), "original", tmp_path / "case", order=5)


@pytest.mark.parametrize(("cells", "seconds"), [(25, 18.5571), (79, 5.85018), (241, 1.91498)])
def test_the_time_step_is_exahypes_on_its_own_bathymetry(reference_dir, tmp_path, cells, seconds):
    """ExaHyPE ran with these steps on this grid (level 2, full bathymetry)."""
    grid = reference_dir.parent / "exahype" / "netcdf" / "bathymetry_2km.nc"
    if not grid.is_file():
        pytest.skip(f"no {grid}")
    plan = plan_case(
        load_region("tohoku"), "original", tmp_path / "case", bathymetry=grid, cells=cells
    )
    assert plan.time_step_s == pytest.approx(seconds, rel=2e-4)


def test_planning_writes_nothing(region_file, tmp_path):
    """A dry run leaves no directory behind."""
    plan = plan_case(load_region(region_file), "original", tmp_path / "runs" / "case")
    assert plan.state() == ("absent", [])
    assert not (tmp_path / "runs").exists()


def test_buoy_depths_are_positive_in_water(region_file, tmp_path):
    """The buoys at 146E and 144.5E lie over 3000 and 1500 m of water."""
    depths = plan_case(load_region(region_file), "original", tmp_path / "c").buoy_depths_m()
    assert depths == {"A1": pytest.approx(3000.0, abs=5.0), "B2": pytest.approx(1500.0, abs=5.0)}


def test_an_existing_case_is_only_replaced_by_force(region_file, tmp_path):
    """Results of a run are not lost by preparing twice."""
    region = load_region(region_file)
    case = prepare_case(region, "original", tmp_path / "case")
    (case.path / "probes" / "A1-rank-0.probe").write_text("a result")
    before = tree(case.path)
    with pytest.raises(UsageError, match="--force"):
        prepare_case(region, "flat", tmp_path / "case")
    assert tree(case.path) == before
    assert prepare_case(region, "flat", tmp_path / "case", force=True).source == "flat"
    assert not list((case.path / "probes").iterdir())


@pytest.mark.parametrize("spacing", [1.0, 1e-9, 5e-324])
@pytest.mark.parametrize("table", ["bathymetry", "displacement"])
def test_a_spacing_that_no_memory_holds_is_refused(region_file, tmp_path, table, spacing):
    """A slip of the pen for 1 km would otherwise fill the memory until the system ends it."""
    region = load_region(region_file, [f"{table}.spacing_m={spacing}"])
    ground = Ground(region)
    with pytest.raises(UsageError, match=rf"\[{table}\] spacing_m .* would not fit in memory"):
        _ = ground.axes, ground.displacement_axes


def test_force_does_not_replace_what_is_no_case(region_file, tmp_path):
    """A mistyped --out cannot cost a folder of another kind."""
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.tex").write_text("years of work")
    with pytest.raises(UsageError, match=r"case\.json"):
        prepare_case(load_region(region_file), "original", tmp_path / "thesis", force=True)
    assert (tmp_path / "thesis" / "chapter1.tex").is_file()


def test_state_tells_same_from_changed(region_file, tmp_path):
    """Other settings and damaged files are both told; the same case is recognised."""
    region = load_region(region_file)
    prepare_case(region, "original", tmp_path / "case")
    assert plan_case(region, "original", tmp_path / "case").state() == ("same", [])
    state, found = plan_case(region, "original", tmp_path / "case", cells=12).state()
    assert state == "other"
    assert found[0] == "mesh.cells[0]: 24 there, 12 asked for"
    (tmp_path / "case" / "data.yaml").write_text("")
    assert plan_case(region, "original", tmp_path / "case").state() == (
        "other",
        ["data.yaml: changed"],
    )


def test_changed_inputs_make_another_case(region_file, tmp_path):
    """The hash of the displacement file is part of what a case is."""
    prepare_case(load_region(region_file), "original", tmp_path / "case")
    lift = region_file.parent / "lift.nc"
    lift.write_bytes(lift.read_bytes() + b"\0")
    state, found = plan_case(load_region(region_file), "original", tmp_path / "case").state()
    assert state == "other"
    assert found[0].startswith("inputs[1].sha256:")


def test_one_ground_serves_several_cases(region_file, tmp_path):
    """Cases of one region share the very same displacement."""
    region = load_region(region_file)
    ground = Ground(region)
    cases = [
        prepare_case(region, name, tmp_path / name, ground=ground) for name in ("original", "flat")
    ]
    assert len({case.manifest["files"]["displacement.nc"] for case in cases}) == 1


def test_only_the_window_of_a_huge_grid_is_hashed(region_file, tmp_path, monkeypatch):
    """The manifest says so, since that hash is not the file's."""
    monkeypatch.setattr("exacouple.cases.ground._HASHED_WHOLE_BYTES", 10)
    plan = plan_case(load_region(region_file), "original", tmp_path / "case")
    assert plan.manifest["inputs"][0]["sha256_of"] == "window"
    assert plan.manifest["inputs"][1]["sha256_of"] == "file"


def test_a_damaged_case_is_told(region_file, tmp_path):
    """A missing or edited file is named by verify, a broken manifest by open."""
    case = prepare_case(load_region(region_file), "original", tmp_path / "case")
    (case.path / "displacement.nc").unlink()
    with pytest.raises(ExacoupleError, match=r"displacement\.nc: missing"):
        case.verify()
    (case.path / "case.json").write_text('{"schema": "exacouple-case/1"')
    with pytest.raises(ExacoupleError, match="damaged"):
        Case.open(case.path)
    (case.path / "case.json").write_text('{"schema": "exacouple-case/9"}')
    with pytest.raises(UsageError, match="this version reads"):
        Case.open(case.path)
    with pytest.raises(UsageError, match="is not a case"):
        Case.open(tmp_path)


def test_a_truncated_bathymetry_leaves_nothing(region_file, tmp_path):
    """The message names the file; no directory is made."""
    sea = region_file.parent / "sea.nc"
    sea.write_bytes(sea.read_bytes()[:-100])
    with pytest.raises(ExacoupleError, match=r"sea\.nc"):
        prepare_case(load_region(region_file), "original", tmp_path / "runs" / "case")
    assert not (tmp_path / "runs").exists()


def test_a_failure_in_the_middle_leaves_nothing(region_file, tmp_path):
    """A displacement that cannot be read is found while the case is written."""
    lift = region_file.parent / "lift.nc"
    lift.write_bytes(lift.read_bytes()[:-100])
    with pytest.raises(ExacoupleError, match=r"lift\.nc"):
        prepare_case(load_region(region_file), "original", tmp_path / "runs" / "case")
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_region_on_land_is_refused(region_file, replaced_sea, tmp_path):
    """There is no time step without water."""
    replaced_sea(region_file, 5.0)
    with pytest.raises(UsageError, match="no water in the domain"):
        prepare_case(load_region(region_file), "original", tmp_path / "case")
    assert not (tmp_path / "case").exists()


@pytest.fixture
def projected_region(region_file, replaced_sea):
    """Return a region whose bathymetry is given in its own projection: z = -1000 m - y / 1000."""
    x, y = np.arange(-260e3, 260e3, 4e3), np.arange(-200e3, 200e3, 4e3)
    values = np.broadcast_to(-1000.0 - y[:, None] / 1e3, (y.size, x.size))
    replaced_sea(region_file, values, (("y", y, "m"), ("x", x, "m")))
    return load_region(region_file)


def test_a_projected_grid_is_taken_as_it_is(projected_region, tmp_path):
    """Its coordinates are those of the region's projection; the window in degrees has no say."""
    grid = prepare_case(projected_region, "original", tmp_path / "case").bathymetry()
    expected = np.broadcast_to(-1000.0 - grid["y"].values[:, None] / 1e3, grid.shape)
    np.testing.assert_allclose(grid.values, expected, rtol=1e-6)


def test_a_source_on_longitude_and_latitude_needs_such_a_grid(
    projected_region, tmp_path, monkeypatch
):
    """A learned source that works on degrees cannot be fed with projected metres."""
    from exacouple.bathymetry import sources

    learned = sources.Source("learned", "made up", "geographic", lambda grid, options: grid)
    monkeypatch.setitem(sources._SOURCES, "learned", learned)
    with pytest.raises(UsageError, match="give a geographic one"):
        prepare_case(projected_region, "learned", tmp_path / "case")


def test_a_source_on_longitude_and_latitude_is_projected(region_file, tmp_path, monkeypatch):
    """It is applied to the window in degrees, whose values then go through the projection."""
    from exacouple.bathymetry import sources

    deeper = sources.Source("deeper", "made up", "geographic", lambda grid, options: grid - 100.0)
    monkeypatch.setitem(sources._SOURCES, "deeper", deeper)
    plan = plan_case(load_region(region_file), "deeper", tmp_path / "case")
    assert float(plan.bathymetry.sel(x=0.0, y=0.0)) == pytest.approx(-2100.0, abs=1.0)


def test_a_displacement_cut_by_its_window_is_told(edited, tmp_path, caplog):
    """The hump is 0.74 m high where the narrower window ends."""
    file = edited("-60.0, 80.0, -50.0, 50.0", "-20.0, 80.0, -50.0, 50.0")
    prepare_case(load_region(file), "original", tmp_path / "case")
    assert "up to 0.74 m at the rim of window_km" in caplog.text


def test_a_sea_floor_that_stays_still_is_told(edited, tmp_path, caplog):
    """A window far from the source makes a case without a wave."""
    file = edited("-60.0, 80.0, -50.0, 50.0", "-110.0, -100.0, -60.0, -50.0")
    prepare_case(load_region(file), "original", tmp_path / "case")
    assert "so there will be no wave" in caplog.text


def test_without_a_window_the_displacement_covers_the_domain(edited, tmp_path):
    """Beyond the displacement file it is zero."""
    file = edited("window_km = [-60.0, 80.0, -50.0, 50.0]\n", "")
    field = prepare_case(load_region(file), "original", tmp_path / "case").displacement()
    assert (field["x"][0], field["x"][-1]) == (-200e3, 200e3)
    assert (field["y"][0], field["y"][-1]) == (-150e3, 150e3)
    assert float(np.abs(field.sel(x=slice(100e3, None))).max()) == 0.0


def test_a_damaged_manifest_counts_as_another_case(region_file, tmp_path):
    """It can be replaced by force, and is not taken for a prepared one."""
    region = load_region(region_file)
    case = prepare_case(region, "original", tmp_path / "case")
    (case.path / "case.json").write_text("{")
    state, found = plan_case(region, "original", case.path).state()
    assert state == "other"
    assert "damaged" in found[0]
    prepare_case(region, "original", case.path, force=True).verify()


@pytest.fixture
def mounted(tmp_path):
    """Return a function that mounts a small tmpfs, unmounted afterwards."""
    folder = tmp_path / "mounted"
    folder.mkdir()

    def mount(options):
        if os.geteuid() != 0 or shutil.which("mount") is None:
            pytest.skip("mounting needs root")
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"mounting is not permitted: {done.stderr.strip()}")
        return folder

    yield mount
    if os.path.ismount(folder):
        # lazily: after a full disk the NetCDF library keeps the removed file open
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_leaves_nothing(region_file, mounted):
    """One message names the case and the cause; no half-written case is left."""
    folder = mounted("size=24k")
    with pytest.raises(ExacoupleError, match=r"cannot write .*case: No space left on device"):
        prepare_case(load_region(region_file), "original", folder / "case")
    assert list(folder.iterdir()) == []


def test_a_read_only_folder_is_said(region_file, mounted):
    """Nothing can be written on a read-only file system."""
    folder = mounted("ro,size=64k")
    with pytest.raises(ExacoupleError, match=r"cannot write .*case: Read-only file system"):
        prepare_case(load_region(region_file), "original", folder / "case")
