"""Cases: directories that stand alone and that any engine can run.

A case holds the manifest ``case.json``, the engine's files (specfile, easi file, log filter), the
seabed and the displacement as NetCDF, and an empty folder for the probes.
"""

import json
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import xarray as xr

from exacouple.atomic import atomic_directory, write_json, write_text
from exacouple.bathymetry.sources import Source, get_source, resolve_options
from exacouple.cases.asagi import interpolate, read_grid, write_grid
from exacouple.cases.ground import Ground
from exacouple.cases.manifest import (
    MANIFEST,
    REQUIRED,
    SCHEMA,
    describe_case,
    differences,
    hash_files,
)
from exacouple.cases.mesh import MeshPlan, node_coordinates, plan_mesh, time_step
from exacouple.cases.region import Region
from exacouple.cases.specfile import (
    BATHYMETRY,
    DISPLACEMENT,
    EASI_FILE,
    LOG_FILTER,
    PROBES,
    SPECFILE,
    Extent,
    render_engine_files,
)
from exacouple.errors import ExacoupleError, UsageError
from exacouple.hashing import sha256_file
from exacouple.progress import Task

_log = logging.getLogger(__name__)

CASE_FILES = (MANIFEST, SPECFILE, EASI_FILE, LOG_FILTER, BATHYMETRY, DISPLACEMENT)

CaseState = Literal["absent", "same", "other", "foreign"]

_DISPLACEMENT_TITLE = "vertical displacement of the sea floor"
_BATHYMETRY_TITLE = "elevation of the sea floor and land above mean sea level"


@dataclass(frozen=True)
class Case:
    """A prepared case.

    Parameters
    ----------
    path
        Its directory.
    manifest
        What ``case.json`` says.
    """

    path: Path
    manifest: Mapping[str, Any]

    @classmethod
    def open(cls, path: str | Path) -> "Case":
        """Read ``case.json`` of a directory.

        Raises
        ------
        UsageError
            The directory is no case, or of another schema.
        ExacoupleError
            ``case.json`` cannot be read or is damaged.
        """
        path = Path(path)
        file = path / MANIFEST
        try:
            manifest = json.loads(file.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError) as exc:
            raise UsageError(f"{path} is not a case: it holds no {MANIFEST}") from exc
        except OSError as exc:
            raise ExacoupleError(f"cannot read {file}: {exc.strerror or exc}") from exc
        except ValueError as exc:
            raise ExacoupleError(f"{file} is damaged: {exc}; prepare the case again") from exc
        schema = manifest.get("schema") if isinstance(manifest, dict) else None
        if schema != SCHEMA:
            raise UsageError(f"{file}: schema {schema!r}: this version reads '{SCHEMA}'")
        missing = [key for key in REQUIRED if key not in manifest]
        if missing:
            raise ExacoupleError(
                f"{file} is damaged: no {', '.join(missing)}; prepare the case again"
            )
        return cls(path=path, manifest=manifest)

    @property
    def name(self) -> str:
        """Name of the directory."""
        return self.path.resolve().name

    @property
    def region(self) -> str:
        """Name of the region."""
        return str(self.manifest["region"])

    @property
    def source(self) -> str:
        """Name of the seabed source."""
        return str(self.manifest["source"]["name"])

    def bathymetry(self) -> xr.DataArray:
        """Return the seabed: dims (y, x), metres, positive up."""
        return read_grid(self.path / BATHYMETRY)

    def displacement(self) -> xr.DataArray:
        """Return the displacement: dims (y, x), metres, positive up."""
        return read_grid(self.path / DISPLACEMENT)

    def changed_files(self) -> list[str]:
        """Return which of the case's files are missing or no longer what was prepared."""
        return [
            f"{name}: {'changed' if (self.path / name).is_file() else 'missing'}"
            for name, digest in self.manifest["files"].items()
            if not (self.path / name).is_file() or sha256_file(self.path / name) != digest
        ]

    def verify(self) -> None:
        """Check the hashes of all files that were prepared.

        Raises
        ------
        ExacoupleError
            A file is missing or was changed.
        """
        changed = self.changed_files()
        if changed:
            raise ExacoupleError(
                f"{self.path} is not as it was prepared ({', '.join(changed)}): prepare it again"
            )


@dataclass(frozen=True)
class CasePlan:
    """All that can be said of a case before it is written.

    Parameters
    ----------
    path
        Directory to be.
    region, source, options, keep_land
        What is asked for.
    mesh, order
        Mesh and polynomial order.
    ground
        Where seabed and displacement come from.
    manifest
        The manifest without the hashes of the files.
    """

    path: Path
    region: Region
    source: Source
    options: Mapping[str, Any]
    keep_land: bool
    mesh: MeshPlan
    order: int
    ground: Ground
    manifest: Mapping[str, Any]

    @cached_property
    def bathymetry(self) -> xr.DataArray:
        """The seabed: dims (y, x), metres, positive up."""
        return self.ground.seabed(self.source, self.options, keep_land=self.keep_land)

    @cached_property
    def deepest_m(self) -> float:
        """Deepest water in metres at any Gauss-Legendre node of the mesh.

        Raises
        ------
        UsageError
            There is no water.
        """
        domain, (nx, ny) = self.region.config.domain, self.mesh.cells
        x = node_coordinates(domain.x_range[0], nx, self.mesh.cell_size_m, self.order)
        y = node_coordinates(domain.y_range[0], ny, self.mesh.cell_size_m, self.order)
        deepest = -float(interpolate(self.bathymetry, x, y).min())
        if not deepest > 0.0:
            raise UsageError(f"{self.region.path}: there is no water in the domain")
        return deepest

    @property
    def time_step_s(self) -> float:
        """Time step in seconds that the engine will start with."""
        gravity = self.region.config.simulation.gravity
        return time_step(self.mesh.cell_size_m, self.deepest_m, gravity, self.order)

    @property
    def steps(self) -> int:
        """Number of such steps to the end."""
        return math.ceil(self.region.config.simulation.end_time_s / self.time_step_s)

    def state(self) -> tuple[CaseState, list[str]]:
        """Tell what the directory holds, and what about it is not as planned.

        Returns
        -------
        ``absent``: nothing; ``same``: this very case; ``other``: a case with other settings or
        changed files; ``foreign``: no case at all.
        """
        if not self.path.exists() or (self.path.is_dir() and not any(self.path.iterdir())):
            return "absent", []
        if not (self.path / MANIFEST).is_file():
            return "foreign", [f"it holds no {MANIFEST}"]
        try:
            case = Case.open(self.path)
        except ExacoupleError as exc:
            return "other", [str(exc)]
        found = differences(case.manifest, self.manifest) or case.changed_files()
        return ("other", found) if found else ("same", [])

    def buoy_depths_m(self) -> dict[str, float]:
        """Return the water depth at every buoy in metres; negative on land."""
        return {
            placed.buoy.id: -float(
                interpolate(self.bathymetry, np.array([placed.x_m]), np.array([placed.y_m]))[0, 0]
            )
            for placed in self.region.buoys
        }


def plan_case(
    region: Region,
    source: str,
    out: str | Path,
    *,
    ground: Ground | None = None,
    bathymetry: str | Path | None = None,
    cells: int | None = None,
    order: int | None = None,
    options: Mapping[str, Any] | None = None,
    keep_land: bool = True,
) -> CasePlan:
    """Check what is asked for, without writing anything; seabed and displacement come later.

    Parameters
    ----------
    region
        The region.
    source
        Name of a seabed source.
    out
        Directory of the case.
    ground
        Seabed and displacement if they were read before; then `bathymetry` is not looked at.
    bathymetry
        Embedded grid or file to be used instead of the region's own.
    cells
        Cells along the longest edge instead of the region's own.
    order
        Polynomial order (2 or 3) instead of the region's own.
    options
        Options of the source; see its entry in the registry.
    keep_land
        Keep land as it is in the original.

    Raises
    ------
    UsageError
        A value is not allowed, or a file does not fit the region.
    ExacoupleError
        A file cannot be read.
    """
    found = get_source(source)
    ground = ground or Ground(region, bathymetry)
    domain = region.config.domain
    order = domain.order if order is None else order
    if order not in (2, 3):
        raise UsageError(f"order {order}: give 2 or 3")
    mesh = plan_mesh(domain.width_km, domain.cells if cells is None else cells)
    complete = resolve_options(found, options or {})
    return CasePlan(
        path=Path(out),
        region=region,
        source=found,
        options=complete,
        keep_land=keep_land,
        mesh=mesh,
        order=order,
        ground=ground,
        manifest=describe_case(
            region,
            mesh,
            order,
            source={"name": found.name, "options": complete, "keep_land": keep_land},
            inputs=ground.inputs,
        ),
    )


def write_case(plan: CasePlan, *, force: bool = False, progress: Task | None = None) -> Case:
    """Write a planned case: all of it or nothing.

    Parameters
    ----------
    plan
        What `plan_case` returned.
    force
        Replace a case that is already there, with its results.
    progress
        Told what is being done.

    Raises
    ------
    UsageError
        The directory exists and `force` is not set, or holds something that is no case; there is
        no water in the domain.
    ExacoupleError
        The directory cannot be written.
    """
    _log.debug("%s: %d steps of %.3g s", plan.path, plan.steps, plan.time_step_s)
    with atomic_directory(plan.path, force=force, marker=MANIFEST) as directory:
        _tell(progress, "computing the displacement")
        displacement = plan.ground.displacement
        _tell(progress, f"writing {plan.path}")
        _write_grids(plan, displacement, directory)
        texts = render_engine_files(
            plan.region.config, plan.region.buoys, plan.mesh, plan.order, _extent(displacement)
        )
        for name, text in texts.items():
            write_text(directory / name, text)
        (directory / PROBES).mkdir()
        write_json(directory / MANIFEST, {**plan.manifest, "files": hash_files(directory)})
    return Case.open(plan.path)


def prepare_case(
    region: Region,
    source: str,
    out: str | Path,
    *,
    ground: Ground | None = None,
    bathymetry: str | Path | None = None,
    cells: int | None = None,
    order: int | None = None,
    options: Mapping[str, Any] | None = None,
    keep_land: bool = True,
    force: bool = False,
    progress: Task | None = None,
) -> Case:
    """Plan and write a case; see `plan_case` and `write_case` for the parameters and errors."""
    plan = plan_case(
        region,
        source,
        out,
        ground=ground,
        bathymetry=bathymetry,
        cells=cells,
        order=order,
        options=options,
        keep_land=keep_land,
    )
    return write_case(plan, force=force, progress=progress)


def _write_grids(plan: CasePlan, displacement: xr.DataArray, directory: Path) -> None:
    attrs = {"crs": plan.region.crs, "region": plan.region.name}
    write_grid(
        directory / BATHYMETRY,
        plan.bathymetry,
        long_name=_BATHYMETRY_TITLE,
        attrs={**attrs, "source": f"{plan.source.name} from {plan.ground.name}"},
    )
    write_grid(
        directory / DISPLACEMENT,
        displacement,
        long_name=_DISPLACEMENT_TITLE,
        attrs={**attrs, "source": plan.region.config.displacement.source},
    )


def _extent(grid: xr.DataArray) -> Extent:
    x, y = grid["x"].values, grid["y"].values
    return Extent(float(x[0]), float(x[-1]), float(y[0]), float(y[-1]))


def _tell(progress: Task | None, text: str) -> None:
    if progress is not None:
        progress.update(description=text)
