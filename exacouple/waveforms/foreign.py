"""Gauges that another program wrote, compared as if they were of a case."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import xarray as xr

from exacouple.cases.case import Case
from exacouple.errors import ExacoupleError
from exacouple.gauge import Gauge
from exacouple.probes import Dialect, find_gauge_files, nearest_gauge, read_geoclaw, read_tracers

PROGRAMS: Mapping[Dialect, str] = {"geoclaw": "GeoClaw", "exahype2": "ExaHyPE 2"}
"""Programs whose output directories can be compared, by the dialect of their gauges."""


@dataclass(frozen=True)
class ForeignRun(Case):
    """A directory of gauges of GeoClaw or ExaHyPE 2, beside a case of the same event.

    Its manifest is that of the case, whose buoys, region and event origin it is taken to share:
    such a directory does not tell them. Its seabed is not known; maps show that of the case.

    Attributes
    ----------
    like : Case
        The case.
    dialect : str
        Dialect of the gauges.
    files : tuple of Path
        The gauge files.
    """

    like: Case
    dialect: Dialect
    files: tuple[Path, ...]

    def bathymetry(self) -> xr.DataArray:
        """Return the seabed of the case that this is compared with."""
        return self.like.bathymetry()

    def displacement(self) -> xr.DataArray:
        """Return the displacement of the case that this is compared with."""
        return self.like.displacement()

    @cached_property
    def gauges(self) -> list[Gauge]:
        """All gauges of the directory.

        Raises
        ------
        ExacoupleError
            A file cannot be read or makes no sense.
        """
        if self.dialect == "geoclaw":
            return [read_geoclaw(path) for path in self.files]
        return read_tracers(self.files)

    def gauge(self, buoy: Mapping[str, Any]) -> Gauge | None:
        """Return the gauge at a buoy of the case, named after it; None if there is none.

        Tracers of ExaHyPE 2 may count from the lower left corner of the domain.
        """
        crs = str(self.manifest["projection"])
        x, y = float(buoy["x_m"]), float(buoy["y_m"])
        places = [(x, y)]
        if self.dialect == "exahype2":
            offset = self.manifest["region_config"]["domain"]["offset_km"]
            places.append((x - 1e3 * float(offset[0]), y - 1e3 * float(offset[1])))
        for place in places:
            found = nearest_gauge(self.gauges, str(buoy["id"]), *place, crs)
            if found is not None:
                gauge, apart = found
                warnings = (*gauge.warnings, *_told(gauge, buoy, apart))
                return replace(gauge, id=str(buoy["id"]), warnings=warnings)
        return None

    def places(self) -> str:
        """Say where the gauges are."""
        shown = [
            f"{gauge.id} at {gauge.position[0]:g}, {gauge.position[1]:g}"
            for gauge in self.gauges
            if gauge.position is not None
        ]
        return "; ".join(shown[:8]) + ("; ..." if len(shown) > 8 else "")


def is_foreign(path: Path) -> bool:
    """Tell whether a directory holds gauges of another program."""
    return bool(set(find_gauge_files(path)) & set(PROGRAMS))


def open_foreign(path: Path, like: Case) -> ForeignRun:
    """Take a directory of gauges as a run of the event of a case.

    Raises
    ------
    ExacoupleError
        It holds no gauges, or those of two programs.
    """
    found = {key: files for key, files in find_gauge_files(path).items() if key in PROGRAMS}
    if len(found) != 1:
        what = " and ".join(PROGRAMS[key] for key in found) or "no program that is known"
        raise ExacoupleError(f"{path}: holds gauges of {what}: give a directory with those of one")
    dialect, files = next(iter(found.items()))
    own = {
        "source": {"name": path.resolve().name, "options": {}, "program": PROGRAMS[dialect]},
        "mesh": {},
        "files": {},
    }
    return ForeignRun(
        path=path,
        manifest={**like.manifest, **own},
        like=like,
        dialect=dialect,
        files=tuple(files),
    )


def _told(gauge: Gauge, buoy: Mapping[str, Any], apart: float) -> list[str]:
    if apart < 100.0:
        return []
    return [f"{gauge.files[0]}: {apart / 1e3:.2g} km from buoy {buoy['id']}"]
