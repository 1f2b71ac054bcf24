"""What a build of ExaHyPE can do of what is asked, and why it cannot do the rest.

ExaHyPE says nothing when it ignores a wish; here every such wish is refused before a case is made.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from exacouple.cases.application import Application
from exacouple.cases.embedded import wishes
from exacouple.cases.exahype2 import refusals
from exacouple.cases.manifest import differences, target_of
from exacouple.cases.mesh import PNPM
from exacouple.cases.region import Region
from exacouple.cases.site import Site
from exacouple.errors import UsageError

_CLOSE_M = 1e-3
_NOT_RENDERED = ("title", "limiter", "single_rank")


def check_target(site: Site, region: Region, order: int) -> None:
    """Check a region and an order against a build.

    Raises
    ------
    UsageError
        The build cannot do it; the message gives all reasons.
    """
    if site.exahype2 is not None:
        found = refusals(site.exahype2, region, order)
    else:
        found = _refusals(site.application, region, order)
    if found:
        raise UsageError(f"site '{site.name}' cannot run this: {'; '.join(found)}")


def check_seabed(site: Site, bathymetry: xr.DataArray) -> None:
    """Check a seabed against one that is compiled in.

    Raises
    ------
    UsageError
        They differ.
    """
    fixed = site.application.bathymetry_m
    if fixed is None or float(np.abs(bathymetry.values - fixed).max()) <= _CLOSE_M:
        return
    raise UsageError(
        f"site '{site.name}' cannot run this: a flat sea floor at {fixed:g} m is compiled in and "
        f"the bathymetry of a case is not read: use --source flat --set depth_m={-fixed:g} "
        "--replace-land"
    )


def remarks(application: Application) -> list[str]:
    """Return what one should know of the results of a build."""
    if application.limiter == "everywhere":
        return [
            "this build limits every cell in every step, a first-order scheme that damps waves, "
            "whatever order the specfile names"
        ]
    return []


def check_engine(manifest: Mapping[str, Any], site: Site | None, where: str) -> None:
    """Check that a case was prepared for the build of a site, or for the embedded engine.

    Parameters
    ----------
    manifest
        ``case.json`` of the case.
    site
        The site that is to run it; None for the embedded engine.
    where
        Start of the error message.

    Raises
    ------
    UsageError
        It was prepared for another one.
    """
    target = manifest.get("target")
    if site is None:
        if target is not None:
            name = target.get("site")
            raise UsageError(
                f"{where} was prepared for the build of ExaHyPE at site '{name}': give its profile "
                "as --site, or --engine embedded to run it on the embedded engine"
            )
        return
    again = f"prepare it with --engine exahype --site {site.given}"
    if target is None:
        raise UsageError(f"{where} was prepared for the embedded engine: {again}")
    there, asked = (
        {key: value for key, value in application.items() if key not in _NOT_RENDERED}
        for application in (target.get("application", {}), target_of(site)["application"])
    )
    found = differences(there, asked)
    if found:
        raise UsageError(
            f"{where} was prepared for another build of ExaHyPE, that of site "
            f"'{target.get('site')}' ({found[0]}): {again}"
        )


def _refusals(application: Application, region: Region, order: int) -> list[str]:
    found = []
    if application.order != order:
        found.append(
            f"order {order}: it is compiled with order {application.order} and ignores the "
            f"specfile's: give --order {application.order}"
        )
    elif order not in PNPM:
        found.append(f"order {order}: ExaHyPE's time step is known for {min(PNPM)} to {max(PNPM)}")
    found += _about_probes(application, len(region.buoys))
    found += _about_domain(application, region)
    found += _about_physics(application, region)
    return found


def _about_probes(application: Application, buoys: int) -> list[str]:
    found = []
    if not application.writes:
        found.append(
            "its probe writers fill nothing, so that probe files hold no solution (variables 0) or "
            "memory rubbish: let mapQuantities set outputQuantities to h, hu, hv, b, h + b, "
            'compile again, and say writes = ["h", "hu", "hv", "b", "eta"] in [application] of '
            "the profile"
        )
    elif "eta" not in application.writes and not {"h", "b"} <= set(application.writes):
        found.append(
            f"its probe writers fill {', '.join(application.writes)} only: the water height needs "
            "eta, or h and b"
        )
    if buoys > application.probes:
        found.append(
            f"{buoys} buoys: it is compiled with {application.probes} probes and ignores more: "
            f"use a region with {application.probes} buoys, or compile it with {buoys} probes"
        )
    return found


def _about_domain(application: Application, region: Region) -> list[str]:
    domain = region.config.domain
    asked = (*domain.offset_km, *domain.width_km)
    fixed = application.domain_km
    if fixed is None or np.allclose(asked, fixed, rtol=0.0, atol=1e-6):
        return []
    return [
        f"domain {_domain(asked)}: {_domain(fixed)} is compiled into its limiter, which would act "
        "at the old edges: use that domain"
    ]


def _about_physics(application: Application, region: Region) -> list[str]:
    simulation = region.config.simulation
    compiled: Sequence[tuple[str, Any, Any]] = (
        ("gravity", simulation.gravity, application.gravity),
        ("dry_tolerance_m", simulation.dry_tolerance_m, application.dry_tolerance_m),
        ("boundary", simulation.boundary, application.boundary),
    )
    found = [
        f"{name} {asked}: {fixed} is compiled in: set it in [simulation] of the region"
        for name, asked, fixed in compiled
        if fixed is not None and asked != fixed
    ]
    if asked_more := wishes(region.config):
        found.append(f"{', '.join(asked_more)}: only the embedded engine does that")
    return found


def _domain(edges: Sequence[float]) -> str:
    x, y, width, height = edges
    return f"{width:g} x {height:g} km at ({x:g}, {y:g})"
