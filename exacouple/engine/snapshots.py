"""Snapshots of the whole domain in one NetCDF file that grows with time."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import netCDF4
import numpy as np
from numpy.typing import NDArray

from exacouple.engine.cf import Axes, describe
from exacouple.engine.fields import NAMES, strip_rows, subcell_strips
from exacouple.engine.schedule import Schedule
from exacouple.errors import ExacoupleError

if TYPE_CHECKING:
    from exacouple.engine.fields import Solution

_log = logging.getLogger(__name__)

Array = NDArray[np.float64]

_VARIABLES: dict[str, tuple[int, dict[str, str]]] = {
    "eta": (
        1,
        {
            "standard_name": "sea_surface_height_above_mean_sea_level",
            "long_name": "water height above mean sea level, missing on dry land",
            "units": "m",
        },
    ),
    "h": (1, {"long_name": "water depth", "units": "m"}),
    "hu": (2, {"long_name": "water transport towards x per width", "units": "m2 s-1"}),
    "hv": (2, {"long_name": "water transport towards y per width", "units": "m2 s-1"}),
}


class NetcdfSnapshots:
    """A file with dimensions (time, y, x): subcell averages, float32, compressed.

    The file is opened for each snapshot only, and written strip by strip, so that memory does not
    grow with the mesh, and what was written survives the death of the run.

    Parameters
    ----------
    path
        The file; one that is there is replaced with the first snapshot.
    every
        Interval, s; snapshots are taken at the first step at or after each multiple.
    axes
        Unit of length and origin of time.
    wet
        Depth below which eta is missing.
    """

    def __init__(self, path: Path, every: float, axes: Axes, wet: float) -> None:
        self._path, self._axes, self._wet = path, axes, wet
        self._schedule = Schedule(0.0, every)
        self._count = 0

    def record(self, solver: Solution) -> None:
        """Take a snapshot if one is due.

        Raises
        ------
        ExacoupleError
            The file cannot be written.
        """
        if not self._schedule.take(solver.time):
            return
        with _told(self._path):
            if self._count == 0:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._create(solver)
            with netCDF4.Dataset(self._path, "a") as data:
                self._append(data, solver)
        self._count += 1

    def state(self) -> dict[str, Array]:
        """Number of snapshots and next time, for `restore`."""
        return {"place": np.array([float(self._count), self._schedule.due])}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Go on from the `state` of an earlier run; later snapshots in the file are replaced."""
        count, self._schedule.due = state["place"].tolist()
        self._count = int(count)
        if self._count == 0:
            return
        try:
            with netCDF4.Dataset(self._path) as data:
                held = data.dimensions["time"].size
        except (OSError, RuntimeError, KeyError) as exc:
            raise ExacoupleError(f"{self._path} cannot be read any more ({exc})") from exc
        if held < self._count:
            raise ExacoupleError(f"{self._path} has lost snapshots since the checkpoint")

    def _create(self, solver: Solution) -> None:
        mesh, m = solver.mesh, solver.basis.subcells
        with netCDF4.Dataset(self._path, "w") as data:
            describe(data, "Snapshots of a tsunami")
            self._axes.add_times(data)
            self._axes.add_places(data, mesh, m)
            chunk = (1, min(strip_rows(solver), mesh.ny * m), mesh.nx * m)
            for name, (_, attributes) in _VARIABLES.items():
                variable = data.createVariable(
                    name, "f4", ("time", "y", "x"), zlib=True, complevel=2, shuffle=True,
                    chunksizes=chunk, fill_value=np.float32(np.nan),
                )  # fmt: skip
                variable.setncatts({**attributes, "cell_methods": "area: mean time: point"})

    def _append(self, data: netCDF4.Dataset, solver: Solution) -> None:
        number = self._count
        data["time"][number] = solver.time
        for first, strip in subcell_strips(solver):
            fields = dict(zip(NAMES, strip, strict=True))
            fields["eta"] = np.where(fields["h"] >= self._wet, fields["eta"], np.nan)
            rows = slice(first, first + strip.shape[1])
            for name, (power, _) in _VARIABLES.items():
                data[name][number, rows] = fields[name] * self._axes.metres**power


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Say in one message what keeps a file from being written."""
    try:
        yield
    except (OSError, RuntimeError) as exc:
        reason = getattr(exc, "strerror", None) or str(exc)
        with suppress(OSError):
            space = os.statvfs(path.parent)
            if space.f_bavail * space.f_frsize < 1 << 20:
                reason = os.strerror(errno.ENOSPC)
        raise ExacoupleError(f"cannot write {path}: {reason}") from exc
