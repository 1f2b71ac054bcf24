"""What an ExaHyPE 1 executable reads: specfile, easi file and log filter, from Jinja templates.

Lengths are in the unit of the application, kilometres upstream (depths, positions, gravity in
km/s^2); the NetCDF files that the easi file names are in metres and are scaled there.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from exacouple.cases.application import Application, Plotter
from exacouple.cases.embedded import plotter_parameters, solver_parameters
from exacouple.cases.mesh import MeshPlan
from exacouple.cases.region import PlacedBuoy
from exacouple.cases.region_file import RegionConfig
from exacouple.errors import ExacoupleError
from exacouple.resources import template_environment

SPECFILE = "tsunami.exahype2"
EASI_FILE = "data.yaml"
LOG_FILTER = "exahype.log-filter"
BATHYMETRY = "bathymetry.nc"
DISPLACEMENT = "displacement.nc"
PROBES = "probes"

_KM = 1000.0
_DECIMALS = 12
_NEVER = 10.0
"""First time of a plotter that is never due, in end times."""
_UNKNOWNS = 4


@dataclass(frozen=True)
class Extent:
    """A rectangle in projected metres."""

    x_min: float
    x_max: float
    y_min: float
    y_max: float


def embedded_application(buoys: tuple[PlacedBuoy, ...], order: int) -> Application:
    """Return the embedded engine as an application: all is told by the specfile."""
    return Application(
        title="embedded engine",
        output_directory="ApplicationExamples/SWE/exacouple",
        order=order,
        plotters=tuple(Plotter(f"ProbeWriter{placed.buoy.id}") for placed in buoys),
        writes=("h", "hu", "hv", "b", "eta"),
        easi_file=EASI_FILE,
        probes_folder=PROBES,
    )


def case_files(application: Application | None = None) -> tuple[str, ...]:
    """Return the names of the files of a case but its manifest."""
    easi = EASI_FILE if application is None else application.easi_file
    shift = "" if application is None else application.shift_file
    names = (SPECFILE, easi, LOG_FILTER, shift, BATHYMETRY, DISPLACEMENT)
    return tuple(name for name in names if name)


def render_engine_files(
    config: RegionConfig,
    buoys: tuple[PlacedBuoy, ...],
    mesh: MeshPlan,
    order: int,
    displacement: Extent,
    application: Application | None = None,
    further: Mapping[str, Any] | None = None,
) -> dict[str, str]:
    """Render all text files that the engine reads.

    Parameters
    ----------
    config
        The region.
    buoys
        Its buoys, projected.
    mesh
        The mesh to ask for.
    order
        Polynomial order.
    displacement
        Extent of the displacement file; outside it the displacement is zero.
    application
        What is compiled into the executable that is to read them; None for the embedded engine.
    further
        Parameters of the embedded engine besides those that the region gives.

    Returns
    -------
    dict of file name to text.
    """
    embedded = application is None
    application = application or embedded_application(buoys, order)
    domain, simulation, metres = config.domain, config.simulation, application.metres
    values = {
        "config": config,
        "application": application,
        "mesh": mesh,
        "order": order,
        "offset": [_scaled(edge * _KM, metres) for edge in domain.offset_km],
        "width": [_scaled(edge * _KM, metres) for edge in domain.width_km],
        "maximum_mesh_size": _scaled(mesh.maximum_mesh_size_km * _KM, metres),
        "gravity": _scaled(simulation.gravity, metres),
        "dry_tolerance": _scaled(simulation.dry_tolerance_m, metres),
        "metres": metres,
        "from_metres": 1.0 / metres,
        "plotters": _plotters(application, buoys, simulation.end_time_s),
        "bathymetry": BATHYMETRY,
        "displacement": DISPLACEMENT,
        "parameters": solver_parameters(config, metres) | dict(further or {}) if embedded else {},
        "plotter_parameters": plotter_parameters(config) if embedded else {},
        "limits_x": [displacement.x_min, displacement.x_max],
        "limits_y": [displacement.y_min, displacement.y_max],
    }
    templates = {SPECFILE: SPECFILE, LOG_FILTER: LOG_FILTER}
    if application.easi_file:
        templates[application.easi_file] = EASI_FILE
    environment = template_environment(
        "exahype1", filters={"json": _to_json, "yaml": _to_yaml}, finalize=_only_text
    )
    texts = {
        name: environment.get_template(f"{template}.j2").render(values)
        for name, template in templates.items()
    }
    if application.shift_file:
        texts[application.shift_file] = "0.0\n0.0\n"
    return texts


def _plotters(
    application: Application, buoys: tuple[PlacedBuoy, ...], end_time_s: float
) -> list[dict[str, Any]]:
    """Give the plotters in the order of the build: buoys to its probes, the rest never due."""
    left = list(buoys)
    found = []
    compiled = application.plotters
    if application.any_probes:
        compiled = tuple(Plotter(f"{compiled[0].name}{count}") for count, _ in enumerate(buoys))
    for plotter in compiled:
        used = plotter.is_probe and bool(left)
        placed = left.pop(0) if used else buoys[0]
        file = placed.buoy.id if used else f"unused-{plotter.name}"
        found.append(
            {
                "name": plotter.name,
                "type": plotter.type,
                "time": 0.0 if used else _NEVER * end_time_s,
                "output": f"./{application.probes_folder}/{file}",
                "variables": len(application.writes) if plotter.is_probe else _UNKNOWNS,
                "select": _position(placed, application.metres) if plotter.is_probe else None,
            }
        )
    return found


def _position(placed: PlacedBuoy, metres: float) -> dict[str, float]:
    return {
        "x": _scaled(placed.x_m, metres, decimals=6),
        "y": _scaled(placed.y_m, metres, decimals=6),
    }


def _scaled(value: float, metres: float, decimals: int = _DECIMALS) -> float:
    return round(value / metres, decimals)


class _Serialised(str):
    """Text that went through one of the serialising filters."""

    __slots__ = ()


def _to_json(value: Any) -> _Serialised:
    return _Serialised(json.dumps(value, allow_nan=False, ensure_ascii=False))


def _to_yaml(value: Any) -> _Serialised:
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10**6)
    return _Serialised(text.removesuffix("\n").removesuffix("\n..."))


def _only_text(value: Any) -> Any:
    """Refuse a value that a template prints without a serialising filter."""
    if isinstance(value, _Serialised):
        return value
    raise ExacoupleError(f"a template prints {value!r} without the filter json or yaml")
