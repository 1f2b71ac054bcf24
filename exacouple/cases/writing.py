"""Write a planned case: all of it or nothing."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xarray as xr

from exacouple.atomic import atomic_directory, write_json, write_text
from exacouple.cases import exahype2
from exacouple.cases.asagi import write_grid
from exacouple.cases.case import Case, CasePlan, plan_case
from exacouple.cases.embedded import MOTION
from exacouple.cases.ground import Ground
from exacouple.cases.manifest import MANIFEST, hash_files
from exacouple.cases.refinement import refinement_parameters
from exacouple.cases.region import Region
from exacouple.cases.site import Site
from exacouple.cases.specfile import BATHYMETRY, DISPLACEMENT, Extent, render_engine_files
from exacouple.progress import SILENT, Task

_log = logging.getLogger(__name__)

_DISPLACEMENT_TITLE = "vertical displacement of the sea floor"
_BATHYMETRY_TITLE = "elevation of the sea floor and land above mean sea level"


def write_case(plan: CasePlan, *, force: bool = False, progress: Task = SILENT) -> Case:
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
        progress.update(description="computing the displacement")
        displacement = plan.ground.displacement
        progress.update(description=f"writing {plan.path}")
        _write_grids(plan, displacement, directory)
        if plan.site is not None and plan.site.exahype2 is not None:
            texts = _exahype2_files(plan, plan.site, displacement, directory)
        else:
            texts = render_engine_files(
                plan.region.config,
                plan.region.buoys,
                plan.mesh,
                plan.order,
                _extent(displacement),
                plan.site.application if plan.site else None,
                refinement_parameters(plan.region, displacement),
            )
        for name, text in texts.items():
            write_text(directory / name, text)
        (directory / plan.manifest["probes"]["directory"]).mkdir()
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
    site: Site | None = None,
    force: bool = False,
    progress: Task = SILENT,
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
        site=site,
    )
    return write_case(plan, force=force, progress=progress)


def _exahype2_files(
    plan: CasePlan, site: Site, displacement: xr.DataArray, directory: Path
) -> dict[str, str]:
    """Write the grids of ExaHyPE 2 and return its text files."""
    found = site.exahype2
    assert found is not None
    base = exahype2.read_config(site.exahype2_config) if found.kind == "config" else {}
    exahype2.write_grids(found, plan.region, plan.bathymetry, displacement, directory)
    return exahype2.render_files(found, plan.region, plan.mesh, base)


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
    if plan.ground.moves:
        write_grid(
            directory / MOTION,
            plan.ground.motion,
            long_name=f"{_DISPLACEMENT_TITLE} in time",
            attrs={**attrs, "source": plan.region.config.displacement.source},
        )


def _extent(grid: xr.DataArray) -> Extent:
    x, y = grid["x"].values, grid["y"].values
    return Extent(float(x[0]), float(x[-1]), float(y[0]), float(y[-1]))
