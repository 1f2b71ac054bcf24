"""Vertical displacement of the sea floor on a projected grid: from faults or from files.

This is the static displacement after the earthquake; `exacouple.earthquake.motion` tells how it
comes about. Grids have the dimensions ("y", "x") in projected metres or ("lat", "lon") in degrees,
both ascending; values are metres, positive up.
"""

import logging
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import xarray as xr
from pyproj import Geod
from scipy.ndimage import map_coordinates

from exacouple.bathymetry import (
    inspect,
    project_points,
    read_projected,
    read_window,
    unproject_points,
)
from exacouple.earthquake.dtopo import ATTRS, check_displacement, read_dtopo
from exacouple.earthquake.fault import FaultTable, read_fault_table
from exacouple.earthquake.okada import uplift
from exacouple.errors import UsageError

_log = logging.getLogger(__name__)

Array = npt.NDArray[np.float64]

_STEP_M = 1000.0
_BLOCK_POINTS = 16384
_MOST_THREADS = 8
_RIM_M = 0.05


class DisplacementSpec(Protocol):
    """What a region file says of the displacement."""

    @property
    def kind(self) -> str:
        """One of "faults", "netcdf" and "dtopo"."""

    @property
    def file(self) -> str:
        """Name of the file, relative to the region file."""


def displacement_on(
    spec: DisplacementSpec, crs: str, x: Array, y: Array, base_dir: str | Path
) -> xr.DataArray:
    """Return the displacement that a region file asks for, on a projected grid.

    A fault table is evaluated at every point. A file is interpolated bilinearly and counts as
    zero outside of its grid.

    Parameters
    ----------
    spec : DisplacementSpec
        The kind ("faults", "netcdf" or "dtopo") and the file.
    crs : str
        Map projection of the grid, as pyproj understands it.
    x, y : ndarray
        Points in projected metres, ascending.
    base_dir : str or Path
        Directory that the file name is relative to.

    Returns
    -------
    DataArray
        Dimensions ("y", "x"), float64.

    Raises
    ------
    UsageError
        Unknown kind, no such file, or a wrong value in a fault table.
    ExacoupleError
        The file cannot be read or holds no displacement.
    """
    path = Path(base_dir) / spec.file
    if spec.kind == "faults":
        return displacement_from_faults(read_fault_table(path), crs, x, y)
    if spec.kind == "netcdf":
        return projected(resample(read_displacement_netcdf(path), crs, x, y, path), crs, x, y)
    if spec.kind == "dtopo":
        return projected(resample(read_dtopo(path), crs, x, y, path), crs, x, y)
    raise UsageError(f"displacement kind '{spec.kind}': allowed are faults, netcdf and dtopo")


def displacement_from_faults(
    faults: FaultTable, crs: str, x: npt.ArrayLike, y: npt.ArrayLike
) -> xr.DataArray:
    """Return the sum of the displacements of all subfaults.

    The reference point of each subfault is projected; its strike is turned by the angle between
    north and the y axis there. The half-space is then flat in the plane of the projection.

    Parameters
    ----------
    faults : FaultTable
    crs : str
        Map projection, as pyproj understands it.
    x, y : array_like
        Points in projected metres, one-dimensional, ascending.

    Returns
    -------
    DataArray
        Vertical displacement in metres, positive up; dimensions ("y", "x"), float64.

    Raises
    ------
    UsageError
        The projection is not known.
    ExacoupleError
        A subfault lies outside of what the projection can map.
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    shares = np.ones((1, len(faults)))
    return projected(superpose(faults, shares, crs, x, y)[0], crs, x, y)


def superpose(faults: FaultTable, shares: Array, crs: str, x: Array, y: Array) -> Array:
    """Return sums of the displacements of all subfaults, each times its shares.

    Parameters
    ----------
    faults : FaultTable
    shares : ndarray
        Shape (sums, subfaults).
    crs, x, y
        As for `displacement_from_faults`.

    Returns
    -------
    ndarray
        Shape (sums, y.size, x.size), metres, positive up.
    """
    fault_x, fault_y, strike = _in_plane(faults, crs)
    slipping = [
        (fault_x[i], fault_y[i], faults.subfault(int(i), strike=float(strike[i])), shares[:, i])
        for i in np.flatnonzero(faults.slip_m)
    ]
    out = np.zeros((shares.shape[0], y.size, x.size))
    rows = max(1, _BLOCK_POINTS // max(1, x.size))

    def fill(start: int) -> None:
        part = out[:, start : start + rows]
        north = y[start : start + rows, np.newaxis]
        for x0, y0, fault, share in slipping:
            raised = uplift(fault, x - x0, north - y0)
            for k in np.flatnonzero(share):
                part[k] += share[k] * raised

    with ThreadPoolExecutor(min(os.cpu_count() or 1, _MOST_THREADS)) as pool:
        list(pool.map(fill, range(0, y.size, rows)))
    return out


def read_displacement_netcdf(path: str | Path) -> xr.DataArray:
    """Read a displacement from a NetCDF grid.

    Parameters
    ----------
    path : str or Path
        One two-dimensional variable, named z or with a length as its unit, over (y, x) in
        projected metres or over (lat, lon) in degrees.

    Returns
    -------
    DataArray
        Metres, positive up; dimensions ("y", "x") or ("lat", "lon"), ascending, float64.

    Raises
    ------
    UsageError
        There is no such file.
    ExacoupleError
        The file cannot be read, values are missing, or they are too large for a displacement.
    """
    path = Path(path)
    geographic = inspect(path).kind == "geographic"
    grid = read_window(path) if geographic else read_projected(path)
    return check_displacement(grid.astype(np.float64).assign_attrs(ATTRS), path)


def _in_plane(faults: FaultTable, crs: str) -> tuple[Array, Array, Array]:
    """Return projected positions, and strikes in degrees clockwise from the y axis."""
    ahead = Geod(ellps="WGS84").fwd(
        faults.lon, faults.lat, faults.strike, np.full(len(faults), _STEP_M)
    )
    x, y = project_points(crs, faults.lon, faults.lat)
    ahead_x, ahead_y = project_points(crs, ahead[0], ahead[1])
    return x, y, np.degrees(np.arctan2(ahead_x - x, ahead_y - y))


def projected(values: Array, crs: str, x: Array, y: Array) -> xr.DataArray:
    """Return values of shape (y.size, x.size) as a grid."""
    return xr.DataArray(
        values, dims=("y", "x"), coords={"y": y, "x": x}, attrs={**ATTRS, "crs": crs}
    )


def resample(grid: xr.DataArray, crs: str, x: Array, y: Array, path: Path) -> Array:
    """Interpolate bilinearly, with zero outside of the grid, and warn of what is cut off.

    Parameters
    ----------
    grid : DataArray
        Dimensions ("y", "x") or ("lat", "lon"), with or without "time" before them.
    crs, x, y
        As for `displacement_on`.
    path : Path
        Where the grid is from, for the warnings, which are of its last time.

    Returns
    -------
    ndarray
        Shape (y.size, x.size), or (times, y.size, x.size).
    """
    columns, rows = np.meshgrid(x, y)
    if "lon" in grid.dims:
        west = float(grid["lon"][0])
        columns, rows = unproject_points(crs, columns, rows)
        columns = west + np.mod(columns - west + 1e-9, 360.0) - 1e-9
    row, column = (
        _index(grid[dim].values, points)
        for dim, points in zip(grid.dims[-2:], (rows, columns), strict=True)
    )
    times = grid.values.reshape(-1, *grid.shape[-2:])
    values = np.stack(
        [map_coordinates(one, (row, column), order=1, mode="constant", cval=0.0) for one in times]
    )
    last = times[-1]
    rim = max(float(np.abs(edges).max()) for edges in (last[[0, -1]], last[:, [0, -1]]))
    if rim > _RIM_M and ((row < 0) | (column < 0)).any():
        _log.warning("%s: displacement up to %.2f m at the rim, taken as 0 beyond it", path, rim)
    if not values[-1].any():
        _log.warning("%s: no displacement within the region", path)
    return values.reshape(*grid.shape[:-2], *rows.shape)


def _index(nodes: Array, points: Array) -> Array:
    """Return fractional indices of points, -1 outside of the nodes."""
    slack = 1e-6 * (nodes[1] - nodes[0])
    inside = (points >= nodes[0] - slack) & (points <= nodes[-1] + slack)
    return np.where(inside, np.interp(points, nodes, np.arange(nodes.size)), -1.0)
