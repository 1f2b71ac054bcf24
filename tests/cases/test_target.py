"""A case for a build of ExaHyPE asks only for what that build can do."""

import json
from dataclasses import replace

import numpy as np
import pytest
import yaml

from exacouple.cases import Site, load_region, load_site, plan_case, prepare_case
from exacouple.cases.application import Plotter
from exacouple.cases.site import site_names
from exacouple.cases.target import check_engine, remarks
from exacouple.errors import UsageError


def changed(site, **changes):
    """Return a site whose application has other values."""
    application = replace(site.application, **changes)
    return Site(replace(site.profile, application=application), site.path, site.given)


@pytest.fixture
def level2():
    """Return upstream's level 2 with probe writers that fill their output, for any domain."""
    return changed(load_site("upstream-l2-probes"), domain_km=None)


def prepared(region_file, path, site, **options):
    """Prepare a case for a site; return it and its specfile."""
    case = prepare_case(load_region(region_file), "original", path, site=site, **options)
    return case, json.loads((case.path / "tsunami.exahype2").read_text())


def test_specfile_has_the_plotters_of_the_build_in_their_order(region_file, tmp_path, level2):
    """Upstream is compiled with two probes and a picture writer; fewer would not start."""
    _, spec = prepared(region_file, tmp_path / "case", level2)
    plotters = spec["solvers"][0]["plotters"]
    assert [item["name"] for item in plotters] == ["ProbeWriter18", "ProbeWriter19", "Writer"]
    assert [item["output"] for item in plotters[:2]] == ["./probes/A1", "./probes/B2"]
    assert [item["variables"] for item in plotters] == [5, 5, 4]
    assert [item["time"] for item in plotters[:2]] == [0.0, 0.0]
    assert plotters[2]["time"] > spec["computational_domain"]["end_time"]
    assert "select" not in plotters[2]


def test_probe_that_no_buoy_needs_is_never_due(region_file, tmp_path, level2):
    """A region with fewer buoys than the build has probes still gives it all its plotters."""
    site = changed(level2, plotters=tuple(Plotter(f"Probe{n}") for n in range(4)))
    _, spec = prepared(region_file, tmp_path / "case", site)
    times = [item["time"] for item in spec["solvers"][0]["plotters"]]
    assert times[:2] == [0.0, 0.0]
    assert min(times[2:]) > 2 * spec["computational_domain"]["end_time"]


def test_files_are_named_as_the_build_expects_them(region_file, tmp_path, level2):
    """Level 1 reads data_gmt.yaml; inputs.txt holds no shift; the probe folder is there."""
    site = changed(level2, easi_file="data_gmt.yaml", probes_folder="Probes")
    case, spec = prepared(region_file, tmp_path / "case", site)
    assert (case.path / "data_gmt.yaml").is_file()
    assert not (case.path / "data.yaml").exists()
    assert (case.path / "inputs.txt").read_text().split() == ["0.0", "0.0"]
    assert (case.path / "Probes").is_dir()
    assert case.manifest["probes"]["directory"] == "Probes"
    assert spec["paths"]["output_directory"].endswith("SWE_asagi_limited_l2")
    case.verify()
    assert set(case.manifest["files"]) >= {"data_gmt.yaml", "inputs.txt"}


def test_compiled_in_limiter_settings_are_repeated(region_file, tmp_path, level2):
    """Upstream runs the Godunov scheme, which its specfile also says."""
    _, spec = prepared(region_file, tmp_path / "case", level2)
    assert spec["solvers"][0]["fv_kernel"]["scheme"] == "godunov"
    assert spec["solvers"][0]["limiter"]["dmp_observables"] == 4


def test_columns_are_those_that_the_writer_fills(region_file, tmp_path, level2):
    """A writer of two columns is given two, or it would write beyond its memory."""
    case, spec = prepared(region_file, tmp_path / "case", changed(level2, writes=("b", "h")))
    assert [item["variables"] for item in spec["solvers"][0]["plotters"][:2]] == [2, 2]
    assert case.manifest["probes"]["columns"] == ["plot-time", "real-time", "b", "h"]


def test_application_in_metres_gets_metres(region_file, tmp_path, level2):
    """Domain, gravity, dry tolerance, cells and probes are a thousand times those in km."""
    kilometres, metres = level2, changed(level2, length_unit="m")
    _, small = prepared(region_file, tmp_path / "km", kilometres)
    case, large = prepared(region_file, tmp_path / "m", metres)
    assert case.manifest["units"] == {"netcdf": "m", "specfile": "m", "probes": "m", "time": "s"}
    for key in ("offset", "width"):
        expected = np.multiply(small["computational_domain"][key], 1000.0)
        assert large["computational_domain"][key] == pytest.approx(expected)
    small, large = small["solvers"][0], large["solvers"][0]
    assert large["maximum_mesh_size"] == pytest.approx(1000.0 * small["maximum_mesh_size"])
    assert large["parameters"] == {"gravity": 9.81, "dry_tolerance": 10.0, "boundary": "outflow"}
    place = small["plotters"][0]["select"]
    assert large["plotters"][0]["select"]["x"] == pytest.approx(1000.0 * place["x"])
    text = (case.path / "data.yaml").read_text()
    assert "x: [1.0, 0.0, 0.0]" in text
    assert "b: [1.0]" in text


def test_build_without_outside_cells_is_not_told_of_them(region_file, tmp_path, level2):
    """A build that does not know these keys would not start with them."""
    with pytest.raises(UsageError, match="multiple of 4"):
        prepared(region_file, tmp_path / "case", changed(level2, outside_cells="one"))
    region = load_region("tohoku")
    plan = plan_case(
        region, "original", tmp_path / "c", site=changed(level2, outside_cells="one"), cells=100
    )
    assert (plan.mesh.cells, plan.cells_asked) == ((79, 79), 100)


def test_embedded_engine_runs_the_case_too(region_file, tmp_path, level2):
    """It refuses unknown keys, and reads the easi file that the output directory stands for."""
    from exacouple.engine.scenario import source_for
    from exacouple.engine.specfile import read_specfile

    case, _ = prepared(region_file, tmp_path / "case", level2)
    spec = read_specfile(case.path / "tsunami.exahype2")
    assert [probe.output for probe in spec.probes] == ["./probes/A1", "./probes/B2"]
    assert spec.mesh().nx == case.manifest["mesh"]["cells"][0]
    for name in ("upstream-l0", "upstream-l1", "upstream-l2"):
        application = load_site(name).application
        source = source_for(application.output_directory)
        assert source.yaml == application.easi_file
        assert (source.constant_bathymetry is None) == (application.bathymetry_m is None)


def test_specfile_matches_upstreams_own(tmp_path):
    """Sections, solver keys and plotter types are those that upstream ships for level 2."""
    site = load_site("upstream-l2-probes")
    case = prepare_case(load_region("tohoku"), "flat", tmp_path / "case", site=site, cells=25)
    spec = json.loads((case.path / "tsunami.exahype2").read_text())
    domain = spec["computational_domain"]
    assert (domain["offset"], domain["width"]) == ([-499.0, -949.0], [1798.0, 1798.0])
    assert (domain["outside_cells_left"], domain["outside_cells_right"]) == (1, 1)
    solver = spec["solvers"][0]
    assert (spec["project_name"], solver["name"]) == ("SWE", "MySWESolver")
    assert (solver["order"], solver["type"]) == (2, "Limiting-ADER-DG")
    assert [item["type"] for item in solver["plotters"]] == [
        "probe::ascii",
        "probe::ascii",
        "vtk::Cartesian::cells::limited::ascii",
    ]
    assert 71.92 < solver["maximum_mesh_size"] < 71.93


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"order": 3}, r"order 2: it is compiled with order 3 .*: give --order 3"),
        ({"writes": ()}, r"probe files hold no solution \(variables 0\)"),
        ({"writes": ("h", "hu")}, r"fill h, hu only: the water height needs eta, or h and b"),
        ({"plotters": (Plotter("One"),)}, "2 buoys: it is compiled with 1 probes"),
        ({"domain_km": (0.0, 0.0, 9.0, 9.0)}, r"9 x 9 km at \(0, 0\) is compiled into its limiter"),
        ({"gravity": 9.8}, "gravity 9.81: 9.8 is compiled in"),
        ({"dry_tolerance_m": 1.0}, "dry_tolerance_m 10.0: 1.0 is compiled in"),
        ({"boundary": "wall"}, "boundary outflow: wall is compiled in"),
    ],
)
def test_what_the_build_cannot_do_is_refused(region_file, tmp_path, level2, changes, reason):
    """ExaHyPE would say nothing; nothing is written."""
    with pytest.raises(UsageError, match=reason):
        plan_case(
            load_region(region_file), "original", tmp_path / "case", site=changed(level2, **changes)
        )
    assert not (tmp_path / "case").exists()


def test_all_reasons_are_told_at_once(region_file, tmp_path):
    """Who has the wrong domain and no probe writer learns both."""
    with pytest.raises(UsageError) as caught:
        plan_case(load_region(region_file), "original", tmp_path, site=load_site("upstream-l2"))
    assert "probe writers fill nothing" in str(caught.value)
    assert "compiled into its limiter" in str(caught.value)


def test_published_upstream_builds_are_refused_for_their_probes(tmp_path):
    """The levels of the UM-Bridge application write two times per row and no solution."""
    for name in site_names():
        if name.startswith("upstream") and not name.endswith("probes"):
            with pytest.raises(UsageError, match=r"outputQuantities to h, hu, hv, b, h \+ b"):
                plan_case(load_region("tohoku"), "flat", tmp_path, site=load_site(name))


def test_build_with_a_flat_sea_floor_takes_only_that(region_file, tmp_path, level2):
    """Level 0 computes with 4950 m whatever the case says, so the case has to say it."""
    site = changed(level2, bathymetry_m=-4950.0)
    region = load_region(region_file)
    with pytest.raises(UsageError, match="--source flat --set depth_m=4950 --replace-land"):
        prepare_case(region, "original", tmp_path / "case", site=site)
    assert not (tmp_path / "case").exists()
    case = prepare_case(
        region, "flat", tmp_path / "case", site=site, options={"depth_m": 4950}, keep_land=False
    )
    assert np.unique(case.bathymetry().values) == [-4950.0]


def test_limiter_in_every_cell_is_remarked():
    """Upstream's levels 1 and 2 are first-order schemes, level 0 is not."""
    assert "first-order" in remarks(load_site("upstream-l2").application)[0]
    assert remarks(load_site("upstream-l0").application) == []


def test_manifest_tells_the_build_without_its_place(region_file, tmp_path, level2):
    """No path of the user's machine is in a case; the same profile gives the same bytes."""
    case, _ = prepared(region_file, tmp_path / "case", level2)
    target = case.manifest["target"]
    assert (target["engine"], target["site"]) == ("exahype", "upstream-l2-probes")
    assert target["application"]["plotters"][0] == {"name": "ProbeWriter18", "type": "probe::ascii"}
    assert "executable" not in json.dumps(case.manifest)


def test_case_runs_only_where_it_was_made_for(region_file, tmp_path, level2):
    """A case for another build, or for the embedded engine, has the wrong files."""
    case, _ = prepared(region_file, tmp_path / "case", level2)
    check_engine(case.manifest, changed(level2, title="the same", limiter="needed"), "case")
    with pytest.raises(UsageError, match=r"another build .*easi_file: data.yaml there, x.yaml"):
        check_engine(case.manifest, changed(level2, easi_file="x.yaml"), "case")
    with pytest.raises(UsageError, match="give its profile as --site, or --engine embedded"):
        check_engine(case.manifest, None, "case")
    embedded = prepare_case(load_region(region_file), "original", tmp_path / "embedded")
    check_engine(embedded.manifest, None, "embedded")
    with pytest.raises(UsageError, match="was prepared for the embedded engine: prepare it with"):
        check_engine(embedded.manifest, level2, "embedded")


def test_rendered_easi_file_is_yaml(region_file, tmp_path, level2):
    """Its tags apart it is plain YAML."""
    case, _ = prepared(region_file, tmp_path / "case", level2)
    events = list(yaml.parse((case.path / "data.yaml").read_text()))
    assert {event.tag for event in events if getattr(event, "tag", None)} == {
        "!AffineMap",
        "!Switch",
        "!Any",
        "!ASAGI",
        "!AxisAlignedCuboidalDomainFilter",
        "!ConstantMap",
    }
