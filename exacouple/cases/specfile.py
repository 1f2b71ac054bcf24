"""What an ExaHyPE 1 executable reads: specfile, easi file and log filter, from Jinja templates.

Lengths are kilometres as in the upstream application (depths, positions, gravity in km/s^2); the
NetCDF files that ``data.yaml`` names are in metres and are scaled there.
"""

import json
from dataclasses import dataclass
from typing import Any

import jinja2
import yaml

from exacouple.cases.mesh import MeshPlan
from exacouple.cases.region import PlacedBuoy
from exacouple.cases.region_file import RegionConfig
from exacouple.errors import ExacoupleError
from exacouple.resources import templates_dir

SPECFILE = "tsunami.exahype2"
EASI_FILE = "data.yaml"
LOG_FILTER = "exahype.log-filter"
BATHYMETRY = "bathymetry.nc"
DISPLACEMENT = "displacement.nc"
PROBES = "probes"
PROBE_COLUMNS = ("plot-time", "real-time", "h", "hu", "hv", "b", "eta")
PROBE_VARIABLES = 5

_KM = 1000.0
_DECIMALS = 12


@dataclass(frozen=True)
class Extent:
    """A rectangle in projected metres."""

    x_min: float
    x_max: float
    y_min: float
    y_max: float


def render_engine_files(
    config: RegionConfig,
    buoys: tuple[PlacedBuoy, ...],
    mesh: MeshPlan,
    order: int,
    displacement: Extent,
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

    Returns
    -------
    dict of file name to text.
    """
    domain, simulation = config.domain, config.simulation
    values = {
        "config": config,
        "mesh": mesh,
        "order": order,
        "offset_km": list(domain.offset_km),
        "width_km": list(domain.width_km),
        "gravity_km": round(simulation.gravity / _KM, _DECIMALS),
        "dry_tolerance_km": round(simulation.dry_tolerance_m / _KM, _DECIMALS),
        "probes": [_probe(buoy) for buoy in buoys],
        "probe_variables": PROBE_VARIABLES,
        "bathymetry": BATHYMETRY,
        "displacement": DISPLACEMENT,
        "limits_x": [displacement.x_min, displacement.x_max],
        "limits_y": [displacement.y_min, displacement.y_max],
    }
    return {
        name: _environment().get_template(f"{name}.j2").render(values)
        for name in (SPECFILE, EASI_FILE, LOG_FILTER)
    }


def _probe(placed: PlacedBuoy) -> dict[str, Any]:
    identifier = placed.buoy.id
    return {
        "name": f"ProbeWriter{identifier}",
        "output": f"./{PROBES}/{identifier}",
        "x": round(placed.x_m / _KM, 6),
        "y": round(placed.y_m / _KM, 6),
    }


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates_dir() / "exahype1"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
        finalize=_only_text,
    )
    environment.filters["json"] = _to_json
    environment.filters["yaml"] = _to_yaml
    return environment


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
