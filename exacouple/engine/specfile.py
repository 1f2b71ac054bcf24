"""Read an ExaHyPE 1 specfile (JSON) and refuse whatever the embedded engine would not honour.

Every key that ExaHyPE knows is used, accepted because it cannot change the solution, or refused by
name. Lengths are in the specfile's own unit, kilometres in the upstream tsunami application.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
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
from exacouple.engine.plotters import Plotters, Probe, read_plotters
from exacouple.engine.refinement import Refinement
from exacouple.errors import ExacoupleError, UsageError

_CENTIMETRE = 0.01
_GRAVITY = 9.81
_LENGTH_UNITS = (1.0, 1000.0)


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
    sponge_width
        Width of the layer in which waves die away with the boundary "sponge"; 0 is a tenth of the
        domain's shorter edge.
    limiter_depth
        Cells with shallower water anywhere use the finite-volume limiter.
    cfl
        Safety factor of the time step, above 0 and at most 1.
    motion
        NetCDF file with the displacement of the sea floor in time, see `exacouple.engine.motion`;
        it takes the place of the easi file's d. Empty for none.
    coriolis
        Coriolis parameter f at y = 0, 1/s, and its gradient along y.
    manning
        Manning's coefficient of the bottom friction: s / m^(1/3), or s / km^(1/3), which is ten
        times the number.
    precision
        Of the polynomials of deep elements: "double", or "single", which is faster.
    maxima
        NetCDF file for the greatest water height and speed and the first arrival in each cell;
        empty for none.
    arrival_threshold
        Change of a cell's mean depth that counts as arrival, also the depth from which a point
        counts as wet in `maxima` and `snapshots`; None is 1 cm.
    snapshots, snapshots_every
        NetCDF file for snapshots of the whole domain, empty for none; time between two, s.
    event_origin
        UTC time of t = 0 in ISO 8601, for the time axes of NetCDF files; empty if unknown.
    projection
        Projection of x and y as text, for NetCDF files; empty if unknown.
    checkpoint_every
        Least seconds of wall-clock time between two checkpoints; 0 for none.
    refinement
        Which cells are cut 3:1; None for none.
    """

    gravity: float = 9.81e-3
    dry_tolerance: float = 1e-2
    boundary: Literal["outflow", "sponge", "wall"] = "outflow"
    sponge_width: float = 0.0
    limiter_depth: float = 0.1
    cfl: float = 0.9
    motion: str = ""
    coriolis: tuple[float, float] = (0.0, 0.0)
    manning: float = 0.0
    precision: Literal["double", "single"] = "double"
    maxima: str = ""
    arrival_threshold: float | None = None
    snapshots: str = ""
    snapshots_every: float = 0.0
    event_origin: str = ""
    projection: str = ""
    checkpoint_every: float = 60.0
    refinement: Refinement | None = None

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
        if not 0.0 <= self.manning < math.inf:
            raise UsageError(f"manning must be 0 or more, got {self.manning:g}")
        if not 0.0 <= self.sponge_width < math.inf:
            raise UsageError(f"sponge_width must be 0 or more, got {self.sponge_width:g}")
        if self.sponge_width > 0.0 and self.boundary != "sponge":
            raise UsageError(f'sponge_width needs the boundary "sponge", got "{self.boundary}"')
        if not all(math.isfinite(value) for value in self.coriolis):
            raise UsageError(f"coriolis must be two finite numbers, got {self.coriolis}")
        self._check_outputs()

    def _check_outputs(self) -> None:
        if self.arrival_threshold is not None and not self.arrival_threshold > 0.0:
            raise UsageError(f"arrival_threshold must be positive, got {self.arrival_threshold:g}")
        if bool(self.snapshots) != (self.snapshots_every > 0.0):
            raise UsageError(
                "snapshots (a file) and snapshots_every (a positive time) belong together, got "
                f"{self.snapshots!r} and {self.snapshots_every:g}"
            )
        if self.maxima and self.maxima == self.snapshots:
            raise UsageError(f"maxima and snapshots must be two files, got {self.maxima!r} twice")
        if self.checkpoint_every < 0.0:
            raise UsageError(
                f"checkpoint_every must not be negative, got {self.checkpoint_every:g}"
            )
        if self.event_origin and not _is_utc(self.event_origin):
            raise UsageError(
                f"event_origin must be a time such as 2011-03-11T05:46:24Z, got "
                f"{self.event_origin!r}"
            )
        if (self.maxima or self.snapshots or self.motion) and self.metres is None:
            raise UsageError(
                "motion, maxima and snapshots are in metres, and a gravity near 9.81 or 9.81e-3 "
                f"must tell the unit of length (m or km), got {self.gravity:g}"
            )

    @property
    def metres(self) -> float | None:
        """Unit of length in metres, which gravity tells; None if it is not that of the earth."""
        fitting = [unit for unit in _LENGTH_UNITS if abs(self.gravity * unit / _GRAVITY - 1) < 0.1]
        return fitting[0] if fitting else None

    @property
    def wet_depth(self) -> float:
        """`arrival_threshold`, or 1 cm."""
        if self.arrival_threshold is not None:
            return self.arrival_threshold
        return _CENTIMETRE / (self.metres or 1.0)


@dataclass(frozen=True)
class Specfile:
    """What the embedded engine takes from a specfile.

    Exactly one of `end_time` (s) and `time_steps` is set.
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
    plotters: Plotters

    @property
    def probes(self) -> tuple[Probe, ...]:
        """The plotters that write probe files."""
        return self.plotters.probes

    def mesh(self) -> Mesh:
        """Mesh, before any refinement, that ExaHyPE would choose for this specfile."""
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
    domain = document.computational_domain
    plotters = read_plotters(refuse, solver.plotters, domain.end_time)
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
        plotters=plotters,
    )


def _is_utc(text: str) -> bool:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return False
    return time.utcoffset() == timedelta(0)


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
