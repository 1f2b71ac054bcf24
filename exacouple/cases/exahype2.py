"""Cases for ExaHyPE 2 (Peano 4): its application's script or configuration, and its own grids.

Nothing here describes an official interface that stays: see "ExaHyPE 2" in the how-to guides for
what was run against the real engine and what was only read. Lengths are metres.

Its reader of NetCDF, ``TopologyParser`` of Peano's shallow-water application, stretches a file over
the domain, which starts at 0, and takes the value at the node to the lower left. So the grids made
for it have nodes from 0 to the domain's width, and at each node the value of the middle of the
square that is read from it.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import netCDF4
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from exacouple.cases.application import Application, Plotter
from exacouple.cases.asagi import interpolate
from exacouple.cases.mesh import MeshPlan
from exacouple.cases.region import PlacedBuoy, Region
from exacouple.errors import ExacoupleError, UsageError
from exacouple.resources import template_environment

SCRIPT = "make_application.py"
SOLVER = "Tsunami.cpp"
LOG_FILTER = "exahype.log-filter"
CONFIG = "tohoku-tsunami.json"
PROBES = "probes"
ORDER = 0
"""Finite volumes: piecewise constant."""

MOST_RELAXATION = 0.5
"""Largest stable time step in two dimensions, over the width of a volume and its fastest wave."""

EXPERIMENTAL = (
    "EXPERIMENTAL: ExaHyPE 2 changes its interfaces; see the how-to guide for what was run against "
    "the real engine"
)

_PATCH = (4, 12)
_DEEPEST = 8
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_KEY = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


@dataclass(frozen=True)
class ConfigKeys:
    """Where the configuration file of a build has what a case sets, as ``table.key``.

    Empty: it has no such key, and what is compiled in holds.
    """

    position: str = "displacementPosition"
    output: str = "plot.outputPath"
    end_time: str = ""
    bathymetry: str = ""
    displacement: str = ""

    def __post_init__(self) -> None:
        for name, key in asdict(self).items():
            if key and not _KEY.fullmatch(key):
                raise ValueError(f"{name} '{key}': give names joined by dots")


@dataclass(frozen=True)
class Exahype2:
    """An application of ExaHyPE 2.

    Attributes
    ----------
    kind
        "swe": the application that the script of a case builds with Peano's Python API;
        "config": a build that is started with ``--config-file``.
    title
        One line for people.
    writes
        Values that its tracers record, in this order.
    time_step_relaxation
        Safety factor of the time step (kind "swe").
    config
        The build's configuration file, relative to the profile that gives it (kind "config").
    keys
        What a case sets in it (kind "config").
    cells
        Finite volumes along an edge of the domain that are compiled in (kind "config").
    coordinates
        Point that tracers count from: "corner", the lower left one of the domain, or "projection".
    bathymetry_file, displacement_file
        Names under which it looks for its grids in the working directory.
    """

    kind: Literal["swe", "config"]
    title: str = "shallow-water application of Peano 4"
    writes: tuple[Literal["h", "hu", "hv", "b", "eta"], ...] = ("h", "hu", "hv", "b")
    time_step_relaxation: float = 0.5
    config: str = ""
    keys: ConfigKeys = ConfigKeys()
    cells: int | None = None
    coordinates: Literal["corner", "projection"] = "corner"
    bathymetry_file: str = "exahype2-bathymetry.nc"
    displacement_file: str = "exahype2-displacement.nc"

    def __post_init__(self) -> None:
        if self.kind == "config" and not (self.config and self.cells):
            raise ValueError(
                'kind "config" needs `config`, the configuration file of the build, and `cells`, '
                "the finite volumes along an edge of the domain that are compiled in"
            )
        if self.kind == "swe" and (self.config or self.cells):
            raise ValueError('kind "swe" takes no `config` and no `cells`: leave them out')
        if not 0.0 < self.time_step_relaxation <= MOST_RELAXATION:
            raise ValueError(
                f"time_step_relaxation {self.time_step_relaxation:g}: give more than 0 and at most "
                f"{MOST_RELAXATION:g}, beyond which its finite volumes blow up"
            )
        for name in ("bathymetry_file", "displacement_file"):
            text = getattr(self, name)
            if not _PLAIN.fullmatch(text) or text in ("bathymetry.nc", "displacement.nc"):
                raise ValueError(f"{name} '{text}': give a plain name that no other file has")

    @property
    def specfile(self) -> str:
        """Name of the file that says what to run."""
        return SCRIPT if self.kind == "swe" else CONFIG

    @property
    def arguments(self) -> tuple[str, ...]:
        """Arguments of the executable."""
        return () if self.kind == "swe" else ("--config-file", CONFIG)

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the files of a case that it reads or is built from."""
        texts = (SCRIPT, SOLVER, LOG_FILTER) if self.kind == "swe" else (CONFIG, LOG_FILTER)
        return (*texts, self.bathymetry_file, self.displacement_file)

    def application(self) -> Application:
        """Return what it has in common with an application of ExaHyPE 1."""
        return Application(
            title=self.title,
            output_directory="",
            order=1,
            plotters=(Plotter("tracers"),),
            writes=self.writes,
            length_unit="m",
            easi_file="",
            probes_folder=PROBES,
        )

    def origin_m(self, region: Region) -> tuple[float, float]:
        """Return the point that tracers count from, in projected metres."""
        if self.coordinates == "projection":
            return 0.0, 0.0
        domain = region.config.domain
        return float(domain.x_range[0]), float(domain.y_range[0])


def refusals(exahype2: Exahype2, region: Region, order: int | None) -> list[str]:
    """Return why an application cannot run a region."""
    config, found = region.config, []
    if order not in (None, ORDER):
        found.append(f"order {order}: it has finite volumes: leave --order out")
    if config.domain.width_km[0] != config.domain.width_km[1]:
        found.append("the domain is no square, so that finite volumes would not be: use a square")
    if config.displacement.rupture == "kinematic":
        found.append("rupture 'kinematic': it moves the sea floor at once: give 'instantaneous'")
    for name in ("coriolis", "manning"):
        if getattr(config.simulation, name):
            found.append(f"simulation.{name}: it has no such force: set it to 0 or false")
    return found


def plan_volumes(width_km: float, cells: int) -> tuple[MeshPlan, int]:
    """Return the mesh of finite volumes whose number along an edge is nearest to what is asked.

    Peano cuts an edge into 3^k cells, each of which holds a patch of p x p volumes, here with p
    from 4 to 12.

    Returns
    -------
    The mesh, and p.

    Raises
    ------
    UsageError
        `cells` is less than 4 or more than 12 * 3^8.

    Examples
    --------
    >>> plan_volumes(1798.0, 25)[0].cells
    (24, 24)
    """
    most = _PATCH[1] * 3**_DEEPEST
    if not _PATCH[0] <= cells <= most:
        raise UsageError(f"cells {cells}: give {_PATCH[0]} to {most} finite volumes along an edge")
    reachable = [
        (patch * 3**depth, patch)
        for depth in range(_DEEPEST + 1)
        for patch in range(_PATCH[0], _PATCH[1] + 1)
    ]
    volumes, patch = min(reachable, key=lambda entry: (abs(entry[0] - cells), entry[0], entry[1]))
    return _mesh(width_km, volumes), patch


def compiled_volumes(width_km: float, cells: int) -> MeshPlan:
    """Return a mesh that is compiled in."""
    return _mesh(width_km, cells)


def volume_step(relaxation: float, volume_m: float, depth_m: float, gravity: float) -> float:
    """Return the time step in seconds for water at rest that is `depth_m` deep."""
    return relaxation * volume_m / math.sqrt(gravity * depth_m)


def render_files(
    exahype2: Exahype2, region: Region, mesh: MeshPlan, base: Mapping[str, Any]
) -> dict[str, str]:
    """Render the text files of a case.

    Parameters
    ----------
    exahype2
        The application.
    region
        The region.
    mesh
        Finite volumes.
    base
        The build's own configuration (kind "config").

    Returns
    -------
    dict of file name to text.
    """
    environment = template_environment("exahype2", filters={"python": repr, "cpp": json.dumps})
    origin, simulation = exahype2.origin_m(region), region.config.simulation
    texts = {LOG_FILTER: environment.get_template(f"{LOG_FILTER}.j2").render()}
    if exahype2.kind == "config":
        document = _configured(exahype2, base, simulation.end_time_s)
        text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
        return {CONFIG: f"{text}\n", **texts}
    values = {
        "size_m": [1000.0 * edge for edge in region.config.domain.width_km],
        "volumes_per_patch": plan_volumes(region.config.domain.width_km[0], mesh.longest)[1],
        "volume_m": mesh.maximum_mesh_size_km * 1000.0,
        "end_time_s": simulation.end_time_s,
        "sampling_s": simulation.sampling_s,
        "gravity": simulation.gravity,
        "dry_tolerance_m": simulation.dry_tolerance_m,
        "boundary": simulation.boundary,
        "time_step_relaxation": exahype2.time_step_relaxation,
        "buoys_m": [_place(placed, origin) for placed in region.buoys],
        "executable": "ExaHyPE2-exacouple",
        "bathymetry": exahype2.bathymetry_file,
        "displacement": exahype2.displacement_file,
    }
    return texts | {
        name: environment.get_template(f"{name}.j2").render(values) for name in (SCRIPT, SOLVER)
    }


def read_config(path: Path) -> dict[str, Any]:
    """Read the configuration file of a build.

    Raises
    ------
    UsageError
        There is none, or it is no JSON object.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise UsageError(f"{path}: cannot be read: {exc.strerror}; name it as `config`") from exc
    except ValueError as exc:
        raise UsageError(f"{path}: is no JSON: {exc}") from exc
    if not isinstance(found, dict):
        raise UsageError(f"{path}: is no JSON object")
    return found


def write_grids(
    exahype2: Exahype2,
    region: Region,
    bathymetry: xr.DataArray,
    displacement: xr.DataArray,
    directory: Path,
) -> None:
    """Write bathymetry and displacement as the engine's reader takes them.

    Parameters
    ----------
    exahype2, region
        Names of the files, and the domain.
    bathymetry, displacement
        Dims (y, x), projected metres; the displacement is 0 outside its grid.
    directory
        Where to write.
    """
    domain, spacing = region.config.domain, region.config.bathymetry.spacing_m
    nodes = [_nodes(*edges, spacing) for edges in (domain.x_range, domain.y_range)]
    for name, grid, inside in (
        (exahype2.bathymetry_file, bathymetry, False),
        (exahype2.displacement_file, displacement, True),
    ):
        _write_grid(directory / name, grid, nodes[0], nodes[1], only_inside=inside)


def _nodes(start: float, stop: float, spacing: float) -> tuple[float, NDArray[np.float64]]:
    """Return the edge and nodes from it on, 0 to the width."""
    steps = math.ceil((stop - start) / spacing - 1e-9)
    return start, np.linspace(0.0, stop - start, steps + 1)


def _write_grid(
    path: Path,
    grid: xr.DataArray,
    x_nodes: tuple[float, NDArray[np.float64]],
    y_nodes: tuple[float, NDArray[np.float64]],
    *,
    only_inside: bool,
) -> None:
    x, y = (edge + nodes + 0.5 * nodes[1] for edge, nodes in (x_nodes, y_nodes))
    values = interpolate(grid, x, y)
    if only_inside:
        inside = [
            (points >= grid[name].values[0]) & (points <= grid[name].values[-1])
            for name, points in (("y", y), ("x", x))
        ]
        values = np.where(inside[0][:, None] & inside[1], values, 0.0)
    if not np.isfinite(values).all():
        raise ExacoupleError(f"{path.name}: values are not finite; the engine cannot use them")
    with netCDF4.Dataset(path, "w", format="NETCDF4") as dataset:
        for name, nodes in (("y", y_nodes[1]), ("x", x_nodes[1])):
            dataset.createDimension(name, nodes.size)
            dataset.createVariable(name, "f8", (name,))[:] = nodes
        variable = dataset.createVariable("z", "f4", ("y", "x"), zlib=True, complevel=4)
        variable.setncatts({"units": "m", "positive": "up"})
        variable[:] = values


def _mesh(width_km: float, volumes: int) -> MeshPlan:
    size = Fraction(str(width_km)) / volumes
    return MeshPlan((volumes, volumes), float(1000 * size), 0, 0, 1.001 * float(size))


def _place(placed: PlacedBuoy, origin: tuple[float, float]) -> list[float]:
    return [round(placed.x_m - origin[0], 3), round(placed.y_m - origin[1], 3)]


def _configured(exahype2: Exahype2, base: Mapping[str, Any], end_time_s: float) -> dict[str, Any]:
    """Set what a case says in a build's configuration, without changing `base`."""
    document: dict[str, Any] = json.loads(json.dumps(base))
    keys = exahype2.keys
    for path, value in (
        (keys.position, [0.0, 0.0]),
        (keys.output, f"{PROBES}/"),
        (keys.end_time, end_time_s),
        (keys.bathymetry, exahype2.bathymetry_file),
        (keys.displacement, exahype2.displacement_file),
    ):
        if not path:
            continue
        *tables, key = path.split(".")
        table = document
        for name in tables:
            table = table.setdefault(name, {})
            if not isinstance(table, dict):
                raise UsageError(f"{exahype2.config}: '{name}' of {path} is no table")
        table[key] = value
    return document
