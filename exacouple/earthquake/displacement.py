"""Vertical displacement of the sea floor on a projected grid: from faults or from files.

All of it is instantaneous: the static displacement after the earthquake. Grids have the dimensions
("y", "x") in projected metres or ("lat", "lon") in degrees, both ascending; values are metres,
positive up.
"""

import logging
import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal, Protocol, TextIO

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
from exacouple.earthquake.fault import FaultTable, read_fault_table
from exacouple.earthquake.okada import uplift
from exacouple.errors import ExacoupleError, UsageError

_log = logging.getLogger(__name__)

Array = npt.NDArray[np.float64]

_ATTRS = {
    "units": "m",
    "positive": "up",
    "long_name": "vertical displacement of the sea floor",
}
_STEP_M = 1000.0
_BLOCK_POINTS = 16384
_MOST_THREADS = 8
_LARGEST_M = 200.0
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
        return _resample(read_displacement_netcdf(path), crs, x, y, path)
    if spec.kind == "dtopo":
        return _resample(read_dtopo(path), crs, x, y, path)
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
    fault_x, fault_y, strike = _in_plane(faults, crs)
    slipping = [
        (fault_x[i], fault_y[i], faults.subfault(int(i), strike=float(strike[i])))
        for i in np.flatnonzero(faults.slip_m)
    ]
    out = np.zeros((y.size, x.size))
    rows = max(1, _BLOCK_POINTS // max(1, x.size))

    def fill(start: int) -> None:
        part = out[start : start + rows]
        north = y[start : start + rows, np.newaxis]
        for x0, y0, fault in slipping:
            part += uplift(fault, x - x0, north - y0)

    with ThreadPoolExecutor(min(os.cpu_count() or 1, _MOST_THREADS)) as pool:
        list(pool.map(fill, range(0, y.size, rows)))
    return _grid(out, crs, x, y)


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
    return _checked(grid.astype(np.float64).assign_attrs(_ATTRS), path)


def read_dtopo(path: str | Path, dtopo_type: Literal[1, 3] | None = None) -> xr.DataArray:
    """Read the last time of a moving sea floor in GeoClaw's dtopo format.

    Parameters
    ----------
    path : str or Path
    dtopo_type : {1, 3}, optional
        1: lines of time, longitude, latitude and displacement. 3: the nine header lines mx, my,
        mt, xlower, ylower, t0, dx, dy and dt (value first), then for each time rows from north to
        south. Told from the first line where not given.

    Returns
    -------
    DataArray
        Metres, positive up; dimensions ("lat", "lon"), ascending. Attribute ``times_s`` holds all
        times of the file in seconds.

    Raises
    ------
    UsageError
        There is no such file, or the type is neither 1 nor 3.
    ExacoupleError
        The file cannot be read, is cut short or holds no displacement on a regular grid.

    References
    ----------
    GeoClaw documentation, "Topography displacement data", Clawpack 5.
    """
    path = Path(path)
    if dtopo_type not in (None, 1, 3):
        raise UsageError(f"dtopo type {dtopo_type}: allowed are 1 and 3")
    try:
        with path.open(encoding="utf-8") as file:
            columns = len(file.readline().split())
        if dtopo_type == 1 or (dtopo_type is None and columns == 4):
            grid = _read_dtopo1(path)
        else:
            grid = _read_dtopo3(path)
    except FileNotFoundError as exc:
        raise UsageError(f"no such dtopo file: {path}") from exc
    except OSError as exc:
        raise ExacoupleError(f"cannot read {path}: {exc.strerror}") from exc
    except ValueError as exc:
        raise ExacoupleError(
            f"{path} is not a GeoClaw dtopo file of type 1 or 3, or it is damaged ({exc})"
        ) from exc
    if np.abs(grid["lat"]).max() > 90:
        raise ExacoupleError(
            f"{path}: latitudes {float(grid['lat'][0]):g} to {float(grid['lat'][-1]):g}: dtopo "
            "files in metres are not read, convert to NetCDF with x and y"
        )
    return _checked(grid, path)


def _in_plane(faults: FaultTable, crs: str) -> tuple[Array, Array, Array]:
    """Return projected positions, and strikes in degrees clockwise from the y axis."""
    ahead = Geod(ellps="WGS84").fwd(
        faults.lon, faults.lat, faults.strike, np.full(len(faults), _STEP_M)
    )
    x, y = project_points(crs, faults.lon, faults.lat)
    ahead_x, ahead_y = project_points(crs, ahead[0], ahead[1])
    return x, y, np.degrees(np.arctan2(ahead_x - x, ahead_y - y))


def _grid(values: Array, crs: str, x: Array, y: Array) -> xr.DataArray:
    return xr.DataArray(
        values, dims=("y", "x"), coords={"y": y, "x": x}, attrs={**_ATTRS, "crs": crs}
    )


def _resample(grid: xr.DataArray, crs: str, x: Array, y: Array, path: Path) -> xr.DataArray:
    """Interpolate bilinearly, with zero outside of the grid."""
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    columns, rows = np.meshgrid(x, y)
    if grid.dims == ("lat", "lon"):
        west = float(grid["lon"][0])
        columns, rows = unproject_points(crs, columns, rows)
        columns = west + np.mod(columns - west + 1e-9, 360.0) - 1e-9
    row, column = (
        _index(grid[dim].values, points)
        for dim, points in zip(grid.dims, (rows, columns), strict=True)
    )
    values = map_coordinates(grid.values, (row, column), order=1, mode="constant", cval=0.0)
    rim = max(float(np.abs(grid.isel({dim: [0, -1]})).max()) for dim in grid.dims)
    if rim > _RIM_M and ((row < 0) | (column < 0)).any():
        _log.warning("%s: displacement up to %.2f m at the rim, taken as 0 beyond it", path, rim)
    if not values.any():
        _log.warning("%s: no displacement within the region", path)
    out = _grid(values, crs, x, y)
    return out.assign_attrs({key: grid.attrs[key] for key in ("times_s",) if key in grid.attrs})


def _index(nodes: Array, points: Array) -> Array:
    """Return fractional indices of points, -1 outside of the nodes."""
    slack = 1e-6 * (nodes[1] - nodes[0])
    inside = (points >= nodes[0] - slack) & (points <= nodes[-1] + slack)
    return np.where(inside, np.interp(points, nodes, np.arange(nodes.size)), -1.0)


def _checked(grid: xr.DataArray, path: Path) -> xr.DataArray:
    if not np.isfinite(grid).all():
        count = int((~np.isfinite(grid)).sum())
        raise ExacoupleError(f"{path}: {count} of {grid.size} displacements are missing or nan")
    largest = float(np.abs(grid).max())
    if largest > _LARGEST_M:
        raise ExacoupleError(
            f"{path}: a displacement of {largest:g} m: is this a bathymetry, or in centimetres?"
        )
    return grid


def _read_dtopo1(path: Path) -> xr.DataArray:
    with path.open(encoding="utf-8") as file:
        data = _numbers(file)
    if data.shape[1] != 4:
        raise ValueError(f"{data.shape[1]} columns where t, x, y and dz are due")
    times = np.unique(data[:, 0])
    last = data[data[:, 0] == times[-1]]
    lon, lat = np.unique(last[:, 1]), np.unique(last[:, 2])
    values = np.full((lat.size, lon.size), np.nan)
    values[np.searchsorted(lat, last[:, 2]), np.searchsorted(lon, last[:, 1])] = last[:, 3]
    if last.shape[0] != values.size or np.isnan(values).any():
        raise ValueError(
            f"{last.shape[0]} points at the last time for a grid of {lon.size} x {lat.size}"
        )
    return _dtopo(values, lon, lat, times)


def _read_dtopo3(path: Path) -> xr.DataArray:
    with path.open(encoding="utf-8") as file:
        header = [float((file.readline().split() or [""])[0]) for _ in range(9)]
        data = _numbers(file)
    mx, my, mt = (int(value) for value in header[:3])
    xlower, ylower, t0, dx, dy, dt = header[3:]
    if min(mx, my) < 2 or mt < 1 or min(dx, dy) <= 0:
        raise ValueError(f"mx {mx}, my {my}, mt {mt}, dx {dx:g}, dy {dy:g} in its header")
    if data.size != mx * my * mt:
        raise ValueError(f"{data.size} values where the header says {mt} x {my} x {mx}")
    values = data.reshape(mt, my, mx)[-1, ::-1]
    lon, lat = xlower + dx * np.arange(mx), ylower + dy * np.arange(my)
    return _dtopo(np.ascontiguousarray(values), lon, lat, t0 + dt * np.arange(mt))


def _numbers(file: TextIO) -> Array:
    """Read lines of numbers, none of them being an error."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "loadtxt: input contained no data")
        try:
            return np.loadtxt(file, ndmin=2)
        except UserWarning as exc:
            raise ValueError("no values") from exc


def _dtopo(
    values: Array, lon: npt.ArrayLike, lat: npt.ArrayLike, times: npt.ArrayLike
) -> xr.DataArray:
    return xr.DataArray(
        values,
        dims=("lat", "lon"),
        coords={"lat": lat, "lon": lon},
        attrs={**_ATTRS, "times_s": tuple(np.asarray(times).tolist())},
    )
