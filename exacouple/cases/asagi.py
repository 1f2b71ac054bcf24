"""Grids as ASAGI reads them: NetCDF, variable ``z(y, x)``, projected metres, both axes ascending.

ASAGI takes plain numbers: it reads no units, projection or fill values, repeats the edge outside
the file and interpolates bilinearly inside. x and y have no attribute ``axis``: readers such as
ParaView take X and Y for degrees then, and wrap the grid around a globe.
"""

import math
from collections.abc import Mapping
from pathlib import Path

import netCDF4
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from exacouple.errors import ExacoupleError
from exacouple.netcdf import open_netcdf

VARIABLE = "z"

_COORDINATES = {
    "time": {"units": "s", "long_name": "time after the event origin", "axis": "T"},
    "y": {"units": "m", "standard_name": "projection_y_coordinate"},
    "x": {"units": "m", "standard_name": "projection_x_coordinate"},
}


def axis(start: float, stop: float, spacing: float, *, margin: int = 0) -> NDArray[np.float64]:
    """Return equidistant points from `start` to `stop` or just beyond, and `margin` more per side.

    Parameters
    ----------
    start, stop, spacing
        In metres.
    margin
        Points outside on either side.

    Examples
    --------
    >>> axis(0.0, 5.0, 2.0, margin=1)
    array([-2.,  0.,  2.,  4.,  6.,  8.])
    """
    steps = math.ceil((stop - start) / spacing - 1e-9)
    return start + spacing * np.arange(-margin, steps + margin + 1, dtype=np.float64)


def write_grid(path: Path, grid: xr.DataArray, *, long_name: str, attrs: Mapping[str, str]) -> None:
    """Write a grid; the same grid gives the same bytes.

    Parameters
    ----------
    path
        File to write.
    grid
        Dims (y, x), ascending metres, or (time, y, x) with seconds after the event origin; values
        in metres positive up, stored as float32.
    long_name
        What the values are.
    attrs
        Global attributes.

    Raises
    ------
    ExacoupleError
        A value is not finite: ASAGI and ExaHyPE would pass NaN on without a word.
    """
    grid = grid.transpose(..., "y", "x")
    values = np.ascontiguousarray(grid.values, dtype=np.float32)
    if not np.isfinite(values).all():
        raise ExacoupleError(
            f"{path.name}: {int(np.sum(~np.isfinite(values)))} values of the {long_name} are not "
            "finite; the engines cannot use them"
        )
    with netCDF4.Dataset(path, "w", format="NETCDF4") as dataset:
        dataset.setncatts({"Conventions": "CF-1.8", **attrs})
        for dim in grid.dims:
            name = str(dim)
            dataset.createDimension(name, grid.sizes[name])
            variable = dataset.createVariable(name, "f8", (name,))
            variable.setncatts(_COORDINATES[name])
            variable[:] = grid[name].values
        variable = dataset.createVariable(
            VARIABLE, "f4", tuple(map(str, grid.dims)), zlib=True, complevel=4
        )
        variable.setncatts({"units": "m", "positive": "up", "long_name": long_name})
        variable[:] = values


def read_grid(path: Path) -> xr.DataArray:
    """Read a grid that `write_grid` wrote.

    Returns
    -------
    DataArray with dims (y, x), ascending metres, float64, ``units="m"``.

    Raises
    ------
    ExacoupleError
        The file is missing, truncated, or has no ``z(y, x)``.
    """
    with open_netcdf(path) as dataset:
        variable = dataset.variables.get(VARIABLE)
        if variable is None or variable.dimensions != ("y", "x"):
            raise ExacoupleError(f"{path}: no variable {VARIABLE}(y, x)")
        values = np.asarray(variable[:], dtype=np.float64)
        coords = {name: np.asarray(dataset[name][:], dtype=np.float64) for name in ("y", "x")}
    return xr.DataArray(values, dims=("y", "x"), coords=coords, attrs={"units": "m"})


def interpolate(
    grid: xr.DataArray, x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Evaluate a grid bilinearly on the lattice of `x` and `y`, as ASAGI does.

    Parameters
    ----------
    grid
        Dims (y, x), equidistant.
    x, y
        Shapes (nx,) and (ny,), metres. Outside the grid its edge is repeated.

    Returns
    -------
    ndarray of shape (ny, nx).
    """
    rows, row_weights = _locate(grid["y"].values, y)
    columns, column_weights = _locate(grid["x"].values, x)
    values = grid.values
    lower = values[rows] + row_weights[:, None] * (values[rows + 1] - values[rows])
    left, right = lower[:, columns], lower[:, columns + 1]
    result: NDArray[np.float64] = left + column_weights * (right - left)
    return result


def _locate(
    points: NDArray[np.float64], wanted: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the interval that each wanted point lies in, and where in it (0 to 1)."""
    spacing = (points[-1] - points[0]) / (points.size - 1)
    position = np.clip((wanted - points[0]) / spacing, 0.0, points.size - 1.0)
    index = np.minimum(position.astype(np.intp), points.size - 2)
    return index, position - index
