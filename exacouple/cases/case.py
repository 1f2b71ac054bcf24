"""Cases: directories that stand alone and that any engine can run.

A case holds the manifest ``case.json``, the engine's files (specfile, easi file, log filter), the
seabed and the displacement as NetCDF, and an empty folder for the probes.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import xarray as xr

from exacouple.bathymetry.sources import Source, get_source, resolve_options
from exacouple.cases import exahype2
from exacouple.cases.asagi import interpolate, read_grid
from exacouple.cases.embedded import EMBEDDED_ORDERS, MOTION
from exacouple.cases.ground import Ground
from exacouple.cases.manifest import MANIFEST, SCHEMA, describe_case, differences
from exacouple.cases.mesh import MeshPlan, deepest_water, nearest_mesh, time_step
from exacouple.cases.region import Region
from exacouple.cases.shape import faults
from exacouple.cases.site import Site
from exacouple.cases.specfile import BATHYMETRY, DISPLACEMENT, case_files
from exacouple.cases.target import check_seabed, check_target
from exacouple.errors import ExacoupleError, UsageError
from exacouple.hashing import sha256_file

CaseState = Literal["absent", "same", "other", "foreign"]

_FAULTS_TOLD = 3


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
            if not path.is_dir():
                what = "is a file" if path.exists() else "does not exist"
                raise UsageError(f"{path} {what}: name the directory of a case") from exc
            raise UsageError(f"{path} is not a case: it holds no {MANIFEST}") from exc
        except OSError as exc:
            raise ExacoupleError(f"cannot read {file}: {exc.strerror or exc}") from exc
        except ValueError as exc:
            raise ExacoupleError(f"{file} is damaged: {exc}; prepare the case again") from exc
        schema = manifest.get("schema") if isinstance(manifest, dict) else None
        if schema != SCHEMA:
            raise UsageError(f"{file}: schema {schema!r}: this version reads '{SCHEMA}'")
        if found := faults(manifest):
            raise ExacoupleError(
                f"{file} is damaged: {', '.join(found[:_FAULTS_TOLD])}; prepare the case again"
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
    cells_asked
        Cells along the longest edge that were asked for; `mesh` is the nearest reachable one.
    site
        The build of ExaHyPE that it is made for; None for the embedded engine.
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
    cells_asked: int
    site: Site | None
    ground: Ground
    manifest: Mapping[str, Any]

    @cached_property
    def bathymetry(self) -> xr.DataArray:
        """The seabed: dims (y, x), metres, positive up.

        Raises
        ------
        UsageError
            The site has another one compiled in.
        """
        seabed = self.ground.seabed(self.source, self.options, keep_land=self.keep_land)
        if self.site is not None:
            check_seabed(self.site, seabed)
        return seabed

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the files that it will hold."""
        if self.site is not None and self.site.exahype2 is not None:
            return (MANIFEST, *self.site.exahype2.files, BATHYMETRY, DISPLACEMENT)
        motion = (MOTION,) if self.ground.moves else ()
        return (MANIFEST, *case_files(self.site.application if self.site else None), *motion)

    @cached_property
    def deepest_m(self) -> float:
        """Deepest water in metres at any Gauss-Legendre node of the mesh.

        Raises
        ------
        UsageError
            There is no water.
        """
        domain = self.region.config.domain
        corner = (domain.x_range[0], domain.y_range[0])
        deepest = deepest_water(self.bathymetry, corner, self.mesh, self.order)
        if not deepest > 0.0:
            raise UsageError(f"{self.region.path}: there is no water in the domain")
        return deepest

    @property
    def time_step_s(self) -> float:
        """Time step in seconds that the engine will start with."""
        gravity = self.region.config.simulation.gravity
        if self.site is not None and (found := self.site.exahype2) is not None:
            relaxation = found.time_step_relaxation
            return exahype2.volume_step(relaxation, self.mesh.cell_size_m, self.deepest_m, gravity)
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
    site: Site | None = None,
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
        Cells along the longest edge instead of the region's own; the nearest reachable number is
        taken.
    order
        Polynomial order (1 to 4, or that of the build) instead of the region's own.
    options
        Options of the source; see its entry in the registry.
    keep_land
        Keep land as it is in the original.
    site
        The build of ExaHyPE to make it for; None for the embedded engine.

    Raises
    ------
    UsageError
        A value is not allowed, a file does not fit the region, or the build cannot do it.
    ExacoupleError
        A file cannot be read.
    """
    found = get_source(source)
    ground = ground or Ground(region, bathymetry)
    domain = region.config.domain
    asked = domain.cells if cells is None else cells
    if site is not None and site.exahype2 is not None:
        mesh, order = _volumes(site, region, cells, order), exahype2.ORDER
    else:
        order = domain.order if order is None else order
        if site is not None:
            check_target(site, region, order)
        elif order not in EMBEDDED_ORDERS:
            raise UsageError(
                f"order {order}: the embedded engine has 1 to 4; other orders need the profile of "
                "an application of that order (--site, see exacouple application)"
            )
        reachable = site.application.outside_cells if site else "any"
        mesh = nearest_mesh(domain.width_km, asked, reachable)
    complete = resolve_options(found, options or {})
    return CasePlan(
        path=Path(out),
        region=region,
        source=found,
        options=complete,
        keep_land=keep_land,
        mesh=mesh,
        order=order,
        cells_asked=asked,
        site=site,
        ground=ground,
        manifest=describe_case(
            region,
            mesh,
            order,
            source={"name": found.name, "options": complete, "keep_land": keep_land},
            inputs=[*ground.inputs, *_model_inputs(found, complete)],
            site=site,
        ),
    )


def _volumes(site: Site, region: Region, cells: int | None, order: int | None) -> MeshPlan:
    """Return the mesh of an application of ExaHyPE 2."""
    check_target(site, region, exahype2.ORDER if order is None else order)
    domain, found = region.config.domain, site.exahype2
    assert found is not None
    compiled = found.cells
    if compiled is None:
        asked = domain.cells if cells is None else cells
        return exahype2.plan_volumes(domain.width_km[0], asked)[0]
    if cells not in (None, compiled):
        raise UsageError(
            f"site '{site.name}' cannot run this: cells {cells}: {compiled} are compiled in"
        )
    return exahype2.compiled_volumes(domain.width_km[0], compiled)


def _model_inputs(source: Source, options: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return role, name and SHA-256 of what the source reads besides the grid."""
    return [
        {"role": "model", "name": path.name, "sha256": sha256_file(path), "sha256_of": "file"}
        for path in source.files(options)
    ]
