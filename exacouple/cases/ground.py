"""Seabed and sea-floor displacement of a region, read once for all of its cases."""

import hashlib
import logging
import math
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from exacouple.bathymetry.grid import (
    MAX_CELLS,
    embedded_grids,
    inspect,
    read_projected,
    read_window,
)
from exacouple.bathymetry.projection import project_grid, resample_grid
from exacouple.bathymetry.sources import Source, apply_source
from exacouple.cases.asagi import axis
from exacouple.cases.region import MARGIN_POINTS, Region, bathymetry_path, displacement_path
from exacouple.earthquake.displacement import displacement_on
from exacouple.earthquake.motion import motion_on
from exacouple.errors import UsageError
from exacouple.hashing import sha256_file

_log = logging.getLogger(__name__)

Range = tuple[float, float]

_HASHED_WHOLE_BYTES = 256 * 1024**2
_RIM_M = 0.1
_STILL_M = 1e-3


class Ground:
    """Seabed and displacement of a region.

    Parameters
    ----------
    region
        The region.
    bathymetry
        Embedded grid or file to be used instead of the region's own.

    Raises
    ------
    UsageError
        A file is missing, or the grid does not fit the region.
    """

    def __init__(self, region: Region, bathymetry: str | Path | None = None) -> None:
        self.region = region
        self.path = bathymetry_path(region, bathymetry)
        self.displacement_path = displacement_path(region)
        self.info = inspect(self.path)
        given = str(region.config.bathymetry.grid if bathymetry is None else bathymetry)
        self.name = given if given in embedded_grids() else self.path.name

    @cached_property
    def axes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Points x and y of the case's bathymetry: the domain and two points more per side."""
        config = self.region.config
        edges = config.domain.x_range, config.domain.y_range
        return self._lattice("bathymetry", edges, config.bathymetry.spacing_m, MARGIN_POINTS)

    @cached_property
    def original(self) -> xr.DataArray:
        """The window of the grid as it was read: dims (lat, lon), or (y, x) if it is projected."""
        if self.info.kind == "geographic":
            return read_window(self.path, self.region.window())
        x, y = self.axes
        return read_projected(self.path, x[0], x[-1], y[0], y[-1])

    @cached_property
    def inputs(self) -> list[dict[str, Any]]:
        """Role, name and SHA-256 of what is read; of the window alone where a file is huge."""
        if self.path.stat().st_size <= _HASHED_WHOLE_BYTES:
            digest, hashed = sha256_file(self.path), "file"
        else:
            digest, hashed = _sha256_array(self.original), "window"
        return [
            {"role": "bathymetry", "name": self.name, "sha256": digest, "sha256_of": hashed},
            {
                "role": "displacement",
                "name": self.displacement_path.name,
                "sha256": sha256_file(self.displacement_path),
                "sha256_of": "file",
            },
        ]

    def seabed(
        self, source: Source, options: Mapping[str, Any], *, keep_land: bool
    ) -> xr.DataArray:
        """Return the seabed of a case.

        Parameters
        ----------
        source
            Where the seabed comes from.
        options
            Options of the source.
        keep_land
            Keep land as it is in the original.

        Returns
        -------
        DataArray with dims (y, x), metres, positive up, on `axes`.

        Raises
        ------
        UsageError
            The source works on longitude and latitude, and the grid is projected.
        """
        if source.space == "projected":
            return apply_source(source, self._projected, options=options, keep_land=keep_land)
        if self.info.kind != "geographic":
            raise UsageError(
                f"source '{source.name}' works on longitude and latitude, but {self.path} is a "
                "projected grid: give a geographic one"
            )
        grid = apply_source(source, self.original, options=options, keep_land=keep_land)
        return project_grid(grid, self.region.crs, *self.axes)

    @cached_property
    def _projected(self) -> xr.DataArray:
        x, y = self.axes
        if self.info.kind == "geographic":
            return project_grid(self.original, self.region.crs, x, y)
        return resample_grid(self.original, x, y)

    @cached_property
    def displacement_axes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Points x and y of the case's displacement."""
        config = self.region.config
        spacing = config.displacement.spacing_m or config.bathymetry.spacing_m
        window = config.displacement.window_km
        edges = config.domain.x_range, config.domain.y_range
        if window is not None:
            x0, x1, y0, y1 = (1000.0 * edge for edge in window)
            edges = (x0, x1), (y0, y1)
        return self._lattice("displacement", edges, spacing)

    def _lattice(
        self, table: str, edges: tuple[Range, Range], spacing: float, margin: int = 0
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return points x and y between edges in metres, unless they are too many."""
        points = math.prod((stop - start) / spacing + 1 + 2 * margin for start, stop in edges)
        if points > MAX_CELLS:
            raise UsageError(
                f"{self.region.path}: [{table}] spacing_m {spacing:g} makes {points:.2g} points, "
                f"which would not fit in memory (at most {MAX_CELLS:,}): give a greater one"
            )
        x, y = (axis(start, stop, spacing, margin=margin) for start, stop in edges)
        return x, y

    @cached_property
    def displacement(self) -> xr.DataArray:
        """Vertical displacement in metres, positive up: dims (y, x) on `displacement_axes`."""
        if self.moves:
            return self.motion.isel(time=-1, drop=True)
        x, y = self.displacement_axes
        config = self.region.config
        _log.debug("displacement on %d x %d points from %s", x.size, y.size, self.displacement_path)
        field = displacement_on(config.displacement, self.region.crs, x, y, self.region.directory)
        self._tell_oddities(field)
        return field

    @property
    def moves(self) -> bool:
        """Whether the displacement takes time."""
        return self.region.config.displacement.rupture == "kinematic"

    @cached_property
    def motion(self) -> xr.DataArray:
        """Displacement in time, metres, positive up: dims (time, y, x) on `displacement_axes`."""
        config, (x, y) = self.region.config, self.displacement_axes
        field = motion_on(config.displacement, self.region.crs, x, y, self.region.directory)
        self._tell_oddities(field.isel(time=-1))
        return field

    def _tell_oddities(self, field: xr.DataArray) -> None:
        """Warn of a displacement that makes no wave, or is cut off."""
        if float(np.abs(field).max()) < _STILL_M:
            _log.warning(
                "%s: the sea floor moves by less than %g m, so there will be no wave: does "
                "window_km of [displacement] cover the source, and has %s slip?",
                self.region.path,
                _STILL_M,
                self.displacement_path.name,
            )
        rim = max(float(np.abs(field.isel({dim: [0, -1]})).max()) for dim in field.dims)
        if rim > _RIM_M:
            _log.warning(
                "%s: the displacement is up to %.2f m at the rim of window_km and taken as 0 "
                "beyond: choose a larger window_km",
                self.region.path,
                rim,
            )


def _sha256_array(grid: xr.DataArray) -> str:
    digest = hashlib.sha256()
    for name in grid.dims:
        digest.update(np.ascontiguousarray(grid[name].values, dtype="<f8").tobytes())
    digest.update(np.ascontiguousarray(grid.values, dtype="<f8").tobytes())
    return digest.hexdigest()
