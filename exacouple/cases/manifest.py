"""The manifest ``case.json``: what a case is, what it was made from, hashes of its files.

It holds no wall-clock time and no absolute path, so that the same inputs give the same bytes.
"""

import importlib.metadata
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from exacouple import __version__
from exacouple.cases.application import TIME_COLUMNS, Application
from exacouple.cases.mesh import MeshPlan
from exacouple.cases.region import Region
from exacouple.cases.region_file import utc_text
from exacouple.cases.site import Site
from exacouple.cases.specfile import SPECFILE, embedded_application
from exacouple.hashing import sha256_file

SCHEMA = "exacouple-case/1"
MANIFEST = "case.json"

_PACKAGES = ("numpy", "scipy", "pyproj", "netCDF4")
_MADE_BY = ("versions", "files")


def describe_case(
    region: Region,
    mesh: MeshPlan,
    order: int,
    *,
    source: Mapping[str, Any],
    inputs: list[dict[str, Any]],
    site: Site | None = None,
) -> dict[str, Any]:
    """Return the manifest without the hashes of files that are still to be written.

    Parameters
    ----------
    region, mesh, order
        What is simulated, and how finely.
    source
        ``name``, ``options`` and ``keep_land`` of the seabed source.
    inputs
        Role, name and SHA-256 of what was read.
    site
        The build of ExaHyPE that it is made for; None for the embedded engine.
    """
    config = region.config
    application = site.application if site else embedded_application(region.buoys, order)
    unit = application.length_unit
    target = {"target": target_of(site)} if site else {}
    return {
        "schema": SCHEMA,
        "region": config.name,
        "region_config": config.to_json(),
        "source": dict(source),
        "event_origin": utc_text(config.event.origin),
        "projection": config.projection.crs,
        "units": {"netcdf": "m", "specfile": unit, "probes": unit, "time": "s"},
        "mesh": {"cells": list(mesh.cells), "cell_size_m": mesh.cell_size_m, "order": order},
        "end_time_s": config.simulation.end_time_s,
        "sampling_s": config.simulation.sampling_s,
        "buoys": [
            {
                "id": placed.buoy.id,
                "name": placed.buoy.name,
                "lon": placed.buoy.lon,
                "lat": placed.buoy.lat,
                "x_m": placed.x_m,
                "y_m": placed.y_m,
                "source": placed.buoy.source,
            }
            for placed in region.buoys
        ],
        **target,
        "specfile": site.exahype2.specfile if site and site.exahype2 else SPECFILE,
        "probes": _probes(region, application, site),
        "seeds": {},
        "versions": _versions(),
        "inputs": inputs,
    }


def target_of(site: Site) -> dict[str, Any]:
    """Return what a manifest says of the build that a case is made for, without paths."""
    own: Any = site.application if site.exahype2 is None else site.exahype2
    application = json.loads(json.dumps(asdict(own), allow_nan=False))
    application.pop("config", None)
    return {"engine": site.profile.engine, "site": site.name, "application": application}


def _probes(region: Region, application: Application, site: Site | None) -> dict[str, Any]:
    """Return what a manifest says of the probe files."""
    if site is None or site.exahype2 is None:
        columns = [*TIME_COLUMNS, *application.writes]
        return {"directory": application.probes_folder, "columns": columns}
    return {
        "directory": application.probes_folder,
        "dialect": "exahype2",
        "columns": list(application.writes),
        "origin_m": list(site.exahype2.origin_m(region)),
    }


def hash_files(directory: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of a case directory but the manifest, by name."""
    files = sorted(path for path in directory.iterdir() if path.is_file())
    return {path.name: sha256_file(path) for path in files if path.name != MANIFEST}


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return what differs between two manifests, apart from versions and hashes of outputs.

    Examples
    --------
    >>> differences({"mesh": {"order": 2}}, {"mesh": {"order": 3}})
    ['mesh.order: 2 there, 3 asked for']
    """
    return [
        f"{key}: {_brief(there)} there, {_brief(asked)} asked for"
        for key, there, asked in _walk(
            {key: value for key, value in old.items() if key not in _MADE_BY},
            {key: value for key, value in new.items() if key not in _MADE_BY},
        )
    ]


def _walk(old: Any, new: Any, path: str = "") -> list[tuple[str, Any, Any]]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        keys = [*new, *(key for key in old if key not in new)]
        return [
            found
            for key in keys
            for found in _walk(old.get(key), new.get(key), f"{path}.{key}" if path else str(key))
        ]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [
            found
            for index, (there, asked) in enumerate(zip(old, new, strict=True))
            for found in _walk(there, asked, f"{path}[{index}]")
        ]
    return [] if old == new else [(path, old, new)]


def _brief(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 40 else f"{text[:18]}...{text[-19:]}"


def _versions() -> dict[str, str]:
    import netCDF4
    import pyproj

    versions = {"exacouple": __version__}
    versions |= {name: importlib.metadata.version(name) for name in _PACKAGES}
    versions["proj"] = pyproj.proj_version_str
    versions["hdf5"] = netCDF4.__hdf5libversion__
    return versions
