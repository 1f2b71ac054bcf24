"""Specfiles: what is taken, what is accepted, what is refused and by which name."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from exacouple.engine.specfile import Specfile, read_specfile
from exacouple.errors import ExacoupleError, UsageError

Edit = Callable[[dict[str, Any]], Any]


def write(path: Path, document: Any) -> Path:
    """Write a specfile."""
    path.write_text(json.dumps(document, indent=1))
    return path


def read(tmp_path: Path, document: Any) -> Specfile:
    """Write and read a specfile."""
    return read_specfile(write(tmp_path / "case.exahype2", document))


def solver(document: dict[str, Any]) -> dict[str, Any]:
    """Give the solver's object."""
    return document["solvers"][0]


def plotter(document: dict[str, Any]) -> dict[str, Any]:
    """Give the first plotter's object."""
    return solver(document)["plotters"][0]


def test_the_physics_is_taken(tmp_path: Path, spec: dict[str, Any]) -> None:
    """Domain, mesh, probe and limiter settings arrive unchanged."""
    got = read(tmp_path, spec)
    mesh = got.mesh()
    assert (mesh.nx, mesh.ny, mesh.dx) == (7, 7, 10.0)
    assert (got.end_time, got.time_steps, got.order, got.fixed_dt) == (100.0, None, 2, True)
    assert got.scheme == "godunov"
    assert got.dmp_observables == 4
    probe = got.probes[0]
    assert (probe.x, probe.y, probe.start, probe.repeat) == (12.0, -3.0, 0.0, 10.0)
    assert (probe.output, probe.variables) == ("./Probes/buoy18", 5)


def test_parameters_have_the_units_and_values_of_the_upstream_application(
    tmp_path: Path, spec: dict[str, Any]
) -> None:
    """Without parameters gravity is 9.81 m/s2 in km and water below 10 m is dry."""
    parameters = read(tmp_path, spec).parameters
    assert (parameters.gravity, parameters.dry_tolerance) == (9.81e-3, 1e-2)
    assert (parameters.boundary, parameters.limiter_depth, parameters.cfl) == ("outflow", 0.1, 0.9)
    solver(spec)["parameters"] = {"gravity": 1.62e-3, "boundary": "wall", "cfl": 0.5}
    changed = read(tmp_path, spec).parameters
    assert (changed.gravity, changed.boundary, changed.cfl) == (1.62e-3, "wall", 0.5)


def test_all_keys_without_physics_are_accepted(tmp_path: Path, spec: dict[str, Any]) -> None:
    """Sections for compilers, MPI and threads may hold whatever ExaHyPE allows there."""
    plain = read(tmp_path, spec)
    spec["paths"] |= {"peano_kernel_path": "Peano", "exahype_path": "ExaHyPE", "log_file": "a.log"}
    spec["architecture"] = "noarch"
    spec["compiler_flags"] = "-O2"
    spec["shared_memory"] = {"cores": 20, "autotuning_strategy": "dummy"}
    spec["distributed_memory"] = {"ranks_per_node": 1, "timeout": 10000}
    spec["optimisation"] = {"fuse_algorithmic_steps": "none", "double_compression": 0.0}
    spec["profiling"] = {"profiler": "NoOpProfiler"}
    solver(spec)["aderdg_kernel"] |= {"language": "C", "space_time_predictor": {}}
    solver(spec)["fv_kernel"] |= {"scheme": "godunov", "slope_limiter": "minmod"}
    solver(spec).update({"maximum_mesh_depth": 0, "point_sources": 0, "halo_cells": 2})
    assert read(tmp_path, spec) == plain


@pytest.mark.parametrize(
    "variables", [4, ["h", "hu", "hv", "b"], [{"name": n} for n in ("h", "hu", "hv", "b")]]
)
def test_the_unknowns_may_be_given_in_all_forms(
    tmp_path: Path, spec: dict[str, Any], variables: Any
) -> None:
    """A count, names and objects all mean h, hu, hv and b."""
    solver(spec)["variables"] = variables
    assert read(tmp_path, spec).order == 2


def test_a_plotter_type_may_be_a_list_of_words(tmp_path: Path, spec: dict[str, Any]) -> None:
    """["probe", "ascii"] is probe::ascii."""
    plotter(spec)["type"] = ["probe", "ascii"]
    assert len(read(tmp_path, spec).probes) == 1


def test_a_plotter_without_variables_and_time_starts_at_once(
    tmp_path: Path, spec: dict[str, Any]
) -> None:
    """ExaHyPE runs such a plotter with no solution columns from t = 0."""
    del plotter(spec)["variables"], plotter(spec)["time"]
    probe = read(tmp_path, spec).probes[0]
    assert (probe.variables, probe.start) == (0, 0.0)


def vtk(time: float, kind: str = "vtk::Cartesian::vertices::ascii") -> dict[str, Any]:
    """Make a plotter of another kind."""
    return {
        "type": kind,
        "name": "Writer",
        "time": time,
        "repeat": 100.0,
        "output": "./output/vtk",
        "variables": 4,
    }


def test_other_plotters_are_accepted_when_never_due(tmp_path: Path, spec: dict[str, Any]) -> None:
    """Upstream's VTK plotters start after the end, so nothing is lost without them."""
    solver(spec)["plotters"].append(vtk(10000.0))
    assert read(tmp_path, spec).plotters.never_due == (("Writer", 10000.0),)
    solver(spec)["plotters"][1] = vtk(10000.0, "vtk::Cartesian::cells::limited::ascii")
    assert read(tmp_path, spec).plotters.never_due == (("Writer", 10000.0),)
    solver(spec)["plotters"][1] = vtk(100.0)
    with pytest.raises(UsageError, match=r"plotters\[1\].type 'vtk::.* is not supported"):
        read(tmp_path, spec)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("vtk::Cartesian::cells::ascii", True),
        ("vtu::Cartesian::cells::binary", False),
        ("vtk::Cartesian::cells::limited::binary", False),
    ],
)
def test_plotters_of_cells_write_snapshots(
    tmp_path: Path, spec: dict[str, Any], kind: str, text: bool
) -> None:
    """ExaHyPE's names of plotters of Cartesian cells, as text or compressed."""
    solver(spec)["plotters"].append(vtk(50.0, kind))
    (plotter,) = read(tmp_path, spec).plotters.vtk
    assert (plotter.output, plotter.variables) == ("./output/vtk", 4)
    assert (plotter.start, plotter.repeat, plotter.text) == (50.0, 100.0, text)


def test_a_probe_may_ask_for_more_digits_and_exact_times(
    tmp_path: Path, spec: dict[str, Any]
) -> None:
    """Without the plotter's own parameters it writes as ExaHyPE does."""
    probe = read(tmp_path, spec).probes[0]
    assert (probe.precision, probe.exact_times) == (6, False)
    plotter(spec)["parameters"] = {"precision": 17, "exact_times": True}
    probe = read(tmp_path, spec).probes[0]
    assert (probe.precision, probe.exact_times) == (17, True)


def test_the_unit_of_length_follows_from_gravity(tmp_path: Path, spec: dict[str, Any]) -> None:
    """An arrival is a change of 1 cm unless said otherwise, in km as in m."""
    parameters = read(tmp_path, spec).parameters
    assert (parameters.metres, parameters.wet_depth) == (1000.0, 1e-5)
    solver(spec)["parameters"] = {"gravity": 9.81, "dry_tolerance": 0.1, "limiter_depth": 100.0}
    parameters = read(tmp_path, spec).parameters
    assert (parameters.metres, parameters.wet_depth) == (1.0, 1e-2)


def put(key: str, value: Any, *, at: str = "solver") -> Edit:
    """Make an edit that sets one key of the solver, plotter, domain or the whole."""

    def edit(document: dict[str, Any]) -> None:
        holder = {
            "top": document,
            "domain": document["computational_domain"],
            "solver": solver(document),
            "plotter": plotter(document),
        }.get(at) or solver(document)[at]
        holder[key] = value

    return edit


def drop(key: str, *, at: str = "solver") -> Edit:
    """Make an edit that removes one key."""

    def edit(document: dict[str, Any]) -> None:
        holder = {
            "top": document,
            "domain": document["computational_domain"],
            "solver": solver(document),
            "plotter": plotter(document),
        }[at]
        del holder[key]

    return edit


REFUSED: list[tuple[Edit, str]] = [
    (put("end_tme", 1.0, at="domain"), "unknown key 'end_tme', did you mean 'end_time'"),
    (put("gravity", 1.0, at="top"), "unknown key 'gravity'"),
    (put("maximum_mesh_siz", 1.0), "did you mean 'maximum_mesh_size'"),
    (put("colour", 1, at="plotter"), r"plotters\[0\]\]: unknown key 'colour'"),
    (put("bases", "Legendre", at="aderdg_kernel"), "did you mean 'basis'"),
    (put("parameters", {"gravty": 1.0}), "did you mean 'gravity'"),
    (drop("paths", at="top"), "key 'paths' is missing"),
    (drop("repeat", at="plotter"), "key 'repeat' is missing"),
    (drop("select", at="plotter"), "must give 'x'"),
    (drop("end_time", at="domain"), "exactly one of 'end_time' and 'time_steps'"),
    (put("time_steps", 3, at="domain"), "exactly one of 'end_time' and 'time_steps'"),
    (put("dimension", 3, at="domain"), "dimension must be 2"),
    (put("width", [70.0], at="domain"), "width must be two numbers"),
    (put("width", [70.0, 0.0], at="domain"), "width must be positive"),
    (put("end_time", -1.0, at="domain"), "end_time must not be negative"),
    (put("ranks_per_dimension", 5, at="domain"), "ranks_per_dimension changes the mesh"),
    (put("optimisation", {"limiting": "static"}, at="top"), "limiting 'static' is not supported"),
    (put("type", "ADER-DG"), "type must be 'Limiting-ADER-DG'"),
    (put("variables", 5), "variables must be h, hu, hv, b"),
    (put("variables", [{"name": "Q", "multiplicity": 4}]), "variables must be h, hu, hv, b"),
    (put("material_parameters", 1), "material_parameters is not supported"),
    (put("point_sources", 2), "point_sources is not supported"),
    (put("order", 5), "order must be one of"),
    (put("order", "two"), "expected a whole number"),
    (put("maximum_mesh_size", 0.0), "maximum_mesh_size must be positive"),
    (put("maximum_mesh_depth", 1), "adaptive refinement"),
    (put("patch_size", "max"), "patch_size must be 5"),
    (put("cfl", 1.5), "cfl must be above 0 and at most 1"),
    (put("time_stepping", "local"), "expected one of 'global', 'globalfixed'"),
    (put("limiter", {"limiter_buffer_cells": 2}), "limiter_buffer_cells must be 1"),
    (put("limiter", {"dmp_observables": 9}), "dmp_observables must be 0 to 4"),
    (put("terms", ["flux"], at="aderdg_kernel"), "terms must hold 'ncp'"),
    (put("terms", ["flux", "ncp", "source"], at="aderdg_kernel"), "'source' is not part"),
    (put("nonlinear", False, at="aderdg_kernel"), "nonlinear must be true"),
    (put("basis", "Lobatto", at="aderdg_kernel"), 'basis must be "Legendre"'),
    (put("scheme", "robustmusclhancock", at="fv_kernel"), 'scheme must be "godunov" or'),
    (
        put("fv_kernel", {"terms": ["flux"], "scheme": "musclhancock", "slope_limiter": "koren"}),
        "slope_limiter cannot be chosen",
    ),
    (put("parameters", {"boundary": "periodic"}), "expected one of 'outflow', 'sponge', 'wall'"),
    (put("parameters", {"gravity": -1.0}), "gravity must be positive"),
    (put("parameters", {"limiter_depth": 1e-3}), "limiter_depth must be at least"),
    (put("repeat", 0.0, at="plotter"), "repeat must be positive"),
    (put("time", -1.0, at="plotter"), "time must not be negative"),
    (put("variables", 3, at="plotter"), "variables must be one of"),
    (put("select", {"x": 1.0, "Y": 2.0}, at="plotter"), "unknown key 'Y'"),
    (put("output", "Probes/", at="plotter"), "output must be the start of a file name"),
    (put("name", "18", at="plotter"), "name must be letters"),
    (put("solvers", [], at="top"), "exactly one solver"),
]


@pytest.mark.parametrize(("edit", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_what_cannot_be_honoured_is_refused_by_name(
    tmp_path: Path, spec: dict[str, Any], edit: Edit, message: str
) -> None:
    """Nothing that would change the physics is silently ignored."""
    edit(spec)
    with pytest.raises(UsageError, match=message):
        read(tmp_path, spec)


def test_two_values_of_the_cfl_number_are_refused(tmp_path: Path, spec: dict[str, Any]) -> None:
    """The solver's own key and the parameter must not disagree."""
    solver(spec)["cfl"] = 0.5
    assert read(tmp_path, spec).parameters.cfl == 0.5
    solver(spec)["parameters"] = {"cfl": 0.7}
    with pytest.raises(UsageError, match=r"cfl and .* differ"):
        read(tmp_path, spec)


def test_two_probes_must_not_share_a_file(tmp_path: Path, spec: dict[str, Any]) -> None:
    """The second would overwrite the first."""
    solver(spec)["plotters"].append(plotter(spec) | {"name": "Other"})
    with pytest.raises(UsageError, match=r"more than once to './Probes/buoy18'"):
        read(tmp_path, spec)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1, column 1"),
        ('{\n "project_name": "SWE",\n}', "line 3, column 1"),
        ("[1]", "outermost value must be an object"),
        ('{"project_name": "A", "project_name": "B"}', "'project_name' is given twice"),
        ('{"project_name": NaN}', "NaN is not a number"),
        ("exahype-project SWE\nend exahype-project", "keyword format that ExaHyPE used"),
        ("[" * 100000, "nested too deeply"),
    ],
)
def test_text_that_is_no_specfile_is_refused_with_its_place(
    tmp_path: Path, text: str, message: str
) -> None:
    """Broken JSON is reported with line and column."""
    path = tmp_path / "case.exahype2"
    path.write_text(text)
    with pytest.raises(UsageError, match=message):
        read_specfile(path)


def test_missing_and_unreadable_files_are_told_apart(tmp_path: Path) -> None:
    """A wrong name is the user's mistake, a folder cannot be read."""
    with pytest.raises(UsageError, match="no such specfile"):
        read_specfile(tmp_path / "absent.exahype2")
    with pytest.raises(ExacoupleError, match="cannot read"):
        read_specfile(tmp_path)
    (tmp_path / "binary").write_bytes(b"\xff\xfe{}")
    with pytest.raises(UsageError, match="byte 0 is not UTF-8"):
        read_specfile(tmp_path / "binary")
