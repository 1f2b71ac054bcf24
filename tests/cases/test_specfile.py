"""The rendered engine files say what the region says, in kilometres."""

import json
from dataclasses import replace

import jinja2
import pytest
import yaml

from exacouple.cases import specfile
from exacouple.cases.region import load_region
from exacouple.cases.specfile import Extent, render_engine_files
from exacouple.errors import ExacoupleError


class _Easi(yaml.SafeLoader):
    """Reads easi's tags as plain mappings and lists, and parameter lists as keys."""


def _construct(loader, tag, node):
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    pairs = [(loader.construct_object(key, deep=True), value) for key, value in node.value]
    return {
        tuple(key) if isinstance(key, list) else key: loader.construct_object(value, deep=True)
        for key, value in pairs
    }


_Easi.add_multi_constructor("!", _construct)


def rendered(file, **changes):
    """Return the texts of a region, some tables of its configuration replaced."""
    region = load_region(file)
    config = replace(region.config, **changes)
    return render_engine_files(
        config, region.buoys, region.mesh, 2, Extent(-60e3, 80e3, -50e3, 50e3)
    )


def test_specfile_is_json_with_the_domain_in_km(region_file):
    """Domain and end time go through unchanged, the mesh is asked for exactly."""
    spec = json.loads(rendered(region_file)["tsunami.exahype2"])
    domain = spec["computational_domain"]
    assert domain["offset"] == [-200.0, -150.0]
    assert domain["width"] == [400.0, 300.0]
    assert domain["end_time"] == 600.0
    assert (domain["outside_cells_left"], domain["outside_cells_right"]) == (1, 2)
    solver = spec["solvers"][0]
    assert solver["order"] == 2
    assert 400 / 24 < solver["maximum_mesh_size"] < 400 / 23


def test_each_buoy_gets_a_probe_of_five_columns(region_file):
    """Probe files are named by the buoy and lie in probes/; positions are km."""
    region = load_region(region_file)
    plotters = json.loads(rendered(region_file)["tsunami.exahype2"])["solvers"][0]["plotters"]
    assert [item["output"] for item in plotters] == ["./probes/A1", "./probes/B2"]
    for item, placed in zip(plotters, region.buoys, strict=True):
        assert (item["type"], item["variables"], item["repeat"]) == ("probe::ascii", 5, 5.0)
        assert item["select"]["x"] * 1e3 == pytest.approx(placed.x_m, abs=1e-3)
        assert item["select"]["y"] * 1e3 == pytest.approx(placed.y_m, abs=1e-3)


def test_physics_are_told_in_km(region_file):
    """9.81 m/s^2 is 9.81e-3 km/s^2 and 10 m are 0.01 km, without digits of round-off."""
    text = rendered(region_file)["tsunami.exahype2"]
    assert json.loads(text)["solvers"][0]["parameters"] == {
        "gravity": 0.00981,
        "dry_tolerance": 0.01,
        "boundary": "outflow",
    }


def test_displacement_is_limited_to_its_own_extent(region_file):
    """Outside the file ASAGI would repeat its edge, so easi is told where it ends, in metres."""
    model = yaml.load(rendered(region_file)["data.yaml"], _Easi)
    assert model["matrix"] == {"x": [1000.0, 0.0, 0.0], "y": [0.0, 1000.0, 0.0]}
    bathymetry, displacement = model["components"]["b",], model["components"]["d",]
    assert bathymetry["file"] == "bathymetry.nc"
    limited, elsewhere = displacement["components"]
    assert limited["limits"] == {"x": [-60e3, 80e3], "y": [-50e3, 50e3]}
    assert limited["components"]["file"] == "displacement.nc"
    assert elsewhere["map"] == {"d": 0.0}


def test_log_filter_lets_the_steps_through(region_file):
    """Without this line ExaHyPE prints no progress."""
    assert "info exahype -1 white" in rendered(region_file)["exahype.log-filter"].splitlines()


def test_awkward_numbers_stay_numbers_in_yaml(region_file):
    """YAML 1.1 takes 1e-07 for text; the filter writes it so that it stays a number."""
    region = load_region(region_file)
    extent = Extent(-1e-7, 1e17, -1.0, 1.0)
    texts = render_engine_files(region.config, region.buoys, region.mesh, 2, extent)
    found = yaml.load(texts["data.yaml"], _Easi)["components"]["d",]
    assert found["components"][0]["limits"]["x"] == [-1e-7, 1e17]


def test_a_template_cannot_print_an_unserialised_value(region_file, monkeypatch):
    """A value that goes past the filters would be text of unknown form in a specfile."""
    loader = jinja2.DictLoader({f"{specfile.SPECFILE}.j2": "{{ order }}"})
    monkeypatch.setattr(jinja2, "FileSystemLoader", lambda folder: loader)
    with pytest.raises(ExacoupleError, match="without the filter json or yaml"):
        rendered(region_file)


def test_embedded_engine_reads_the_specfile(region_file, tmp_path):
    """The engine that refuses unknown keys accepts it and finds the mesh that was planned."""
    from exacouple.engine.mesh import mesh_from_spec
    from exacouple.engine.specfile import read_specfile

    file = tmp_path / "tsunami.exahype2"
    file.write_text(rendered(region_file)["tsunami.exahype2"])
    spec = read_specfile(file)
    mesh = mesh_from_spec(
        spec.offset,
        spec.width,
        spec.maximum_mesh_size,
        outside_cells_left=spec.outside_cells_left,
        outside_cells_right=spec.outside_cells_right,
    )
    assert (mesh.nx, mesh.ny) == (24, 18)
    assert spec.parameters.gravity == 9.81e-3
    assert [probe.output for probe in spec.probes] == ["./probes/A1", "./probes/B2"]
