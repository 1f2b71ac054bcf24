"""GeoClaw's dtopo files: the vertical displacement of a moving sea floor on longitude and latitude.

Type 1 has lines of time, longitude, latitude and displacement. Type 3 has nine header lines, mx,
my, mt, xlower, ylower, t0, dx, dy and dt (value first), then for each time rows from the north.
Specification: GeoClaw documentation, "Topography displacement data", Clawpack 5.
"""

import warnings
from pathlib import Path
from typing import Literal, TextIO

import numpy as np
import numpy.typing as npt
import xarray as xr

from exacouple.errors import ExacoupleError, UsageError

Array = npt.NDArray[np.float64]

ATTRS = {
    "units": "m",
    "positive": "up",
    "long_name": "vertical displacement of the sea floor",
}
_LARGEST_M = 200.0


def read_dtopo(path: str | Path, dtopo_type: Literal[1, 3] | None = None) -> xr.DataArray:
    """Read the last time of a dtopo file.

    Parameters
    ----------
    path : str or Path
    dtopo_type : {1, 3}, optional
        Told from the first line where not given.

    Returns
    -------
    DataArray
        Metres, positive up; dimensions ("lat", "lon"), ascending. Attribute ``times_s`` holds all
        times of the file in seconds.

    Raises
    ------
    UsageError, ExacoupleError
        As `read_dtopo_motion`.
    """
    motion = read_dtopo_motion(path, dtopo_type)
    last = motion.isel(time=-1, drop=True)
    return last.assign_attrs({**ATTRS, "times_s": tuple(motion["time"].values.tolist())})


def read_dtopo_motion(path: str | Path, dtopo_type: Literal[1, 3] | None = None) -> xr.DataArray:
    """Read all times of a dtopo file.

    Parameters
    ----------
    path : str or Path
    dtopo_type : {1, 3}, optional
        Told from the first line where not given.

    Returns
    -------
    DataArray
        Metres, positive up; dimensions ("time", "lat", "lon"), ascending; times in seconds.

    Raises
    ------
    UsageError
        There is no such file, or the type is neither 1 nor 3.
    ExacoupleError
        The file cannot be read, is cut short or holds no displacement on a regular grid.
    """
    path = Path(path)
    if dtopo_type not in (None, 1, 3):
        raise UsageError(f"dtopo type {dtopo_type}: allowed are 1 and 3")
    try:
        with path.open(encoding="utf-8") as file:
            columns = len(file.readline().split())
        if dtopo_type == 1 or (dtopo_type is None and columns == 4):
            motion = _read_type1(path)
        else:
            motion = _read_type3(path)
    except FileNotFoundError as exc:
        raise UsageError(f"no such dtopo file: {path}") from exc
    except OSError as exc:
        raise ExacoupleError(f"cannot read {path}: {exc.strerror}") from exc
    except ValueError as exc:
        raise ExacoupleError(
            f"{path} is not a GeoClaw dtopo file of type 1 or 3, or it is damaged ({exc})"
        ) from exc
    if np.abs(motion["lat"]).max() > 90:
        south, north = motion["lat"].values[[0, -1]]
        raise ExacoupleError(
            f"{path}: latitudes {south:g} to {north:g}: dtopo files in metres are not read, "
            "convert to NetCDF with x and y"
        )
    return check_displacement(motion, path)


def check_displacement(grid: xr.DataArray, path: Path) -> xr.DataArray:
    """Return a displacement if it may be one.

    Raises
    ------
    ExacoupleError
        Values are missing, or too large for a displacement in metres.
    """
    missing = int((~np.isfinite(grid)).sum())
    if missing:
        raise ExacoupleError(f"{path}: {missing} of {grid.size} displacements are missing or nan")
    largest = float(np.abs(grid).max())
    if largest > _LARGEST_M:
        raise ExacoupleError(
            f"{path}: a displacement of {largest:g} m: is this a bathymetry, or in centimetres?"
        )
    return grid


def _read_type1(path: Path) -> xr.DataArray:
    with path.open(encoding="utf-8") as file:
        data = _numbers(file)
    if data.shape[1] != 4:
        raise ValueError(f"{data.shape[1]} columns where t, x, y and dz are due")
    axes = [np.unique(data[:, column]) for column in (0, 2, 1)]
    values = np.full([axis.size for axis in axes], np.nan)
    at = [
        np.searchsorted(axis, data[:, column]) for axis, column in zip(axes, (0, 2, 1), strict=True)
    ]
    values[tuple(at)] = data[:, 3]
    if data.shape[0] != values.size or np.isnan(values).any():
        times, rows, columns = values.shape
        raise ValueError(
            f"{data.shape[0]} points for {times} times on a grid of {columns} x {rows}"
        )
    return _motion(values, *axes)


def _read_type3(path: Path) -> xr.DataArray:
    with path.open(encoding="utf-8") as file:
        header = [float((file.readline().split() or [""])[0]) for _ in range(9)]
        data = _numbers(file)
    mx, my, mt = (int(value) for value in header[:3])
    xlower, ylower, t0, dx, dy, dt = header[3:]
    if min(mx, my) < 2 or mt < 1 or min(dx, dy) <= 0 or (mt > 1 and dt <= 0):
        raise ValueError(
            f"mx {mx}, my {my}, mt {mt}, dx {dx:g}, dy {dy:g}, dt {dt:g} in its header"
        )
    if data.size != mx * my * mt:
        raise ValueError(f"{data.size} values where the header says {mt} x {my} x {mx}")
    values = np.ascontiguousarray(data.reshape(mt, my, mx)[:, ::-1])
    lon, lat = xlower + dx * np.arange(mx), ylower + dy * np.arange(my)
    return _motion(values, t0 + dt * np.arange(mt), lat, lon)


def _numbers(file: TextIO) -> Array:
    """Read lines of numbers, none of them being an error."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "loadtxt: input contained no data")
        try:
            return np.loadtxt(file, ndmin=2)
        except UserWarning as exc:
            raise ValueError("no values") from exc


def _motion(
    values: Array, times: npt.ArrayLike, lat: npt.ArrayLike, lon: npt.ArrayLike
) -> xr.DataArray:
    coords = {"time": ("time", times, {"units": "s"}), "lat": lat, "lon": lon}
    return xr.DataArray(values, dims=("time", "lat", "lon"), coords=coords, attrs=ATTRS)
