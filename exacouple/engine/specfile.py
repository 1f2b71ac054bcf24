"""Read an ExaHyPE 1 specfile (JSON) and refuse whatever the embedded engine would not honour.

Every key that ExaHyPE knows is used, accepted because it cannot change the solution, or refused by
name. Lengths are in the specfile's own unit, kilometres in the upstream tsunami application.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from exacouple.config import build
from exacouple.engine import sections
from exacouple.engine.checks import (
    Refusal,
    check_domain,
    check_kernels,
    check_name,
    check_solver,
)
from exacouple.engine.mesh import Mesh, mesh_from_spec
from exacouple.errors import ExacoupleError, UsageError

PROBE_VARIABLES = (0, 4, 5)


@dataclass(frozen=True)
class Parameters:
    """The solver's free ``parameters``, in the specfile's units (km and s upstream).

    Attributes
    ----------
    gravity
        Acceleration of gravity.
    dry_tolerance
        Depth below which a point is dry.
    boundary
        What happens at the edges of the domain.
    limiter_depth
        Cells with shallower water anywhere use the finite-volume limiter.
    cfl
        Safety factor of the time step, above 0 and at most 1.
    """

    gravity: float = 9.81e-3
    dry_tolerance: float = 1e-2
    boundary: Literal["outflow", "wall"] = "outflow"
    limiter_depth: float = 0.1
    cfl: float = 0.9

    def __post_init__(self) -> None:
        if self.gravity <= 0.0:
            raise UsageError(f"gravity must be positive, got {self.gravity:g}")
        if self.dry_tolerance <= 0.0:
            raise UsageError(f"dry_tolerance must be positive, got {self.dry_tolerance:g}")
        if self.limiter_depth < self.dry_tolerance:
            raise UsageError(
                f"limiter_depth must be at least the dry_tolerance {self.dry_tolerance:g}, "
                f"got {self.limiter_depth:g}"
            )
        if not 0.0 < self.cfl <= 1.0:
            raise UsageError(f"cfl must be above 0 and at most 1, got {self.cfl:g}")


@dataclass(frozen=True)
class Probe:
    """A ``probe::ascii`` plotter.

    Attributes
    ----------
    name, output
        Name of the plotter; path of its file without ``-rank-0.probe``.
    x, y
        Position, specfile's length unit.
    variables
        Number of solution columns: 0, 4 (h, hu, hv, b) or 5 (and h + b).
    start, repeat
        Time of the first row and least time between rows, s.
    """

    name: str
    output: str
    x: float
    y: float
    variables: int
    start: float
    repeat: float


@dataclass(frozen=True)
class Specfile:
    """What the embedded engine takes from a specfile.

    Exactly one of `end_time` (s) and `time_steps` is set. `other_plotters` are the name and first
    time of plotters that are not probes; none of them is due before the end time.
    """

    path: Path
    project_name: str
    output_directory: str
    offset: tuple[float, float]
    width: tuple[float, float]
    end_time: float | None
    time_steps: int | None
    maximum_mesh_size: float
    outside_cells_left: int
    outside_cells_right: int
    order: int
    fixed_dt: bool
    scheme: str
    dmp_observables: int
    dmp_relaxation_parameter: float
    dmp_difference_scaling: float
    parameters: Parameters
    probes: tuple[Probe, ...]
    other_plotters: tuple[tuple[str, float], ...]

    def mesh(self) -> Mesh:
        """Mesh that ExaHyPE would choose for this specfile."""
        return mesh_from_spec(
            self.offset,
            self.width,
            self.maximum_mesh_size,
            outside_cells_left=self.outside_cells_left,
            outside_cells_right=self.outside_cells_right,
        )


def read_specfile(path: str | Path) -> Specfile:
    """Read and check a specfile.

    Raises
    ------
    UsageError
        There is no such file, it is not JSON, a key is unknown, missing or of the wrong type, or
        it asks for something that the embedded engine does not do. The message names the key.
    ExacoupleError
        The file cannot be read.
    """
    path = Path(path)
    document = build(sections.Document, _read_json(path), where=str(path))
    refuse = Refusal(path)
    if len(document.solvers) != 1:
        raise refuse("solvers", f"must hold exactly one solver, got {len(document.solvers)}")
    solver = document.solvers[0]
    check_name(refuse, "project_name", document.project_name)
    check_domain(refuse, document.computational_domain)
    if document.optimisation.limiting != "dynamic":
        raise refuse("optimisation.limiting", "'static' is not supported, only 'dynamic'")
    check_solver(refuse, solver)
    check_kernels(refuse, solver)
    probes, other_plotters = _plotters(refuse, solver, document.computational_domain.end_time)
    domain = document.computational_domain
    return Specfile(
        path=path,
        project_name=document.project_name,
        output_directory=document.paths.output_directory,
        offset=(domain.offset[0], domain.offset[1]),
        width=(domain.width[0], domain.width[1]),
        end_time=domain.end_time,
        time_steps=domain.time_steps,
        maximum_mesh_size=solver.maximum_mesh_size,
        outside_cells_left=domain.outside_cells_left,
        outside_cells_right=domain.outside_cells_right,
        order=solver.order,
        fixed_dt=solver.time_stepping == "globalfixed",
        scheme=solver.fv_kernel.scheme,
        dmp_observables=solver.limiter.dmp_observables,
        dmp_relaxation_parameter=solver.limiter.dmp_relaxation_parameter,
        dmp_difference_scaling=solver.limiter.dmp_difference_scaling,
        parameters=_parameters(refuse, solver),
        probes=probes,
        other_plotters=other_plotters,
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as exc:
        raise UsageError(f"{path}: no such specfile") from exc
    except UnicodeDecodeError as exc:
        raise UsageError(f"{path}: not a JSON specfile: byte {exc.start} is not UTF-8") from exc
    except OSError as exc:
        raise ExacoupleError(f"cannot read {path}: {exc.strerror or exc}") from exc
    if text.lstrip().startswith("exahype-project"):
        raise UsageError(
            f"{path}: this is the keyword format that ExaHyPE used before August 2018; "
            "convert it to JSON with ExaHyPE's Toolkit/toolkit.sh -j"
        )
    try:
        document = json.loads(
            text, object_pairs_hook=_unique_keys(path), parse_constant=_no_constant(path)
        )
    except json.JSONDecodeError as exc:
        raise UsageError(
            f"{path}: not valid JSON: line {exc.lineno}, column {exc.colno}: {exc.msg}"
        ) from exc
    except RecursionError as exc:
        raise UsageError(f"{path}: not a specfile: nested too deeply") from exc
    if not isinstance(document, dict):
        raise UsageError(f"{path}: not a specfile: the outermost value must be an object")
    return document


def _unique_keys(path: Path) -> Callable[[list[tuple[str, Any]]], dict[str, Any]]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        table = dict(pairs)
        if len(table) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise UsageError(f"{path}: key '{twice}' is given twice in the same object")
        return table

    return unique


def _no_constant(path: Path) -> Callable[[str], float]:
    def refuse(constant: str) -> float:
        raise UsageError(f"{path}: {constant} is not a number that JSON allows")

    return refuse


def _parameters(refuse: Refusal, solver: sections.Solver) -> Parameters:
    table = solver.parameters or {}
    parameters = build(Parameters, table, where=f"{refuse.path}: solvers[0].parameters")
    if solver.cfl is None:
        return parameters
    if "cfl" in table and parameters.cfl != solver.cfl:
        raise refuse("solvers[0].cfl", "and solvers[0].parameters.cfl differ; give one of them")
    return build(Parameters, {**table, "cfl": solver.cfl}, where=f"{refuse.path}: solvers[0]")


def _plotters(
    refuse: Refusal, solver: sections.Solver, end_time: float | None
) -> tuple[tuple[Probe, ...], tuple[tuple[str, float], ...]]:
    probes: list[Probe] = []
    others: list[tuple[str, float]] = []
    for index, plotter in enumerate(solver.plotters):
        where = f"solvers[0].plotters[{index}]"
        check_name(refuse, f"{where}.name", plotter.name)
        if plotter.repeat <= 0.0:
            raise refuse(f"{where}.repeat", f"must be positive, got {plotter.repeat:g}")
        if plotter.time < 0.0:
            raise refuse(f"{where}.time", f"must not be negative, got {plotter.time:g}")
        if plotter.kind == "probe::ascii":
            probes.append(_probe(refuse, where, plotter))
        elif end_time is not None and plotter.time <= end_time:
            raise refuse(
                f"{where}.type",
                f"'{plotter.kind}' is not supported; only probe::ascii plotters write before "
                f"end_time {end_time:g}, and this one starts at {plotter.time:g}",
            )
        else:
            others.append((plotter.name, plotter.time))
    outputs = [probe.output for probe in probes]
    for output in outputs:
        if outputs.count(output) > 1:
            raise refuse("solvers[0].plotters", f"write more than once to '{output}'")
    return tuple(probes), tuple(others)


def _probe(refuse: Refusal, where: str, plotter: sections.Plotter) -> Probe:
    if plotter.variables not in PROBE_VARIABLES:
        raise refuse(
            f"{where}.variables", f"must be one of {PROBE_VARIABLES}, got {plotter.variables}"
        )
    if plotter.parameters:
        raise refuse(f"{where}.parameters", "is not supported for probes; use 'select'")
    for key in plotter.select:
        if key not in ("x", "y", "z"):
            raise refuse(f"{where}.select", f"has an unknown key '{key}' (allowed: x, y, z)")
    for key in ("x", "y"):
        if key not in plotter.select:
            raise refuse(f"{where}.select", f"must give '{key}', the position of the probe")
    if not plotter.output or plotter.output.endswith("/"):
        raise refuse(f"{where}.output", f"must be the start of a file name: '{plotter.output}'")
    return Probe(
        name=plotter.name,
        output=plotter.output,
        x=plotter.select["x"],
        y=plotter.select["y"],
        variables=plotter.variables,
        start=plotter.time,
        repeat=plotter.repeat,
    )
