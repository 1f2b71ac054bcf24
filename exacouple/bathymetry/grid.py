"""Read windows of elevation grids: metres, positive up, axes ascending, nothing missing."""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from exacouple.bathymetry.inspection import (
    Axis,
    Floats,
    GridInfo,
    inspect,
)
from exacouple.bathymetry.reading import GridReader, Values, open_grid
from exacouple.errors import ExacoupleError, UsageError

__all__ = [
    "Bounds",
    "GridInfo",
    "embedded_grids",
    "inspect",
    "read_projected",
    "read_window",
]

MAX_CELLS = 250_000_000
_LOWEST_M, _HIGHEST_M = -12000.0, 9000.0
_DEEPEST_KM = 12.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Bounds:
    """A window in degrees, in any convention of longitude.

    Attributes
    ----------
    west, east : float
        Longitudes with ``west < east <= west + 360``; 170 to 190 and -190 to -170 both cross the
        date line.
    south, north : float
        Latitudes with ``-90 <= south < north <= 90``.

    Raises
    ------
    UsageError
        The numbers do not make a window.
    """

    west: float
    east: float
    south: float
    north: float

    def __post_init__(self) -> None:
        if not np.isfinite([self.west, self.east, self.south, self.north]).all():
            raise UsageError(f"window {self}: finite degrees are needed")
        if not self.west < self.east <= self.west + 360:
            raise UsageError(
                f"window {self}: east must be greater than west, by 360 at most "
                "(across the date line give e.g. 170 to 190)"
            )
        if not -90 <= self.south < self.north <= 90:
            raise UsageError(f"window {self}: -90 <= south < north <= 90 is needed")

    def __str__(self) -> str:
        return (
            f"longitude {self.west:g} to {self.east:g}, latitude {self.south:g} to {self.north:g}"
        )


@dataclass(frozen=True)
class _Part:
    """A run of columns: where they are on the ascending axis, and where they go in the result."""

    start: int
    stop: int
    target: int


def embedded_grids() -> dict[str, Path]:
    """Return the grids that are shipped with exacouple, by name.

    Examples
    --------
    >>> sorted(embedded_grids())
    ['etopo5-chile', 'etopo5-northwest-pacific']
    """
    return {path.stem: path for path in sorted(Path(__file__).with_name("data").glob("*.nc"))}


def read_window(path: str | Path, bounds: Bounds | None = None) -> xr.DataArray:
    """Read a window of a geographic grid.

    Only the window is read, in blocks of rows; the memory needed is that of the result and one
    block, whatever the size of the file.

    Parameters
    ----------
    path : str or Path
        A NetCDF grid as `inspect` understands it.
    bounds : Bounds, optional
        The window; the whole grid if left out.

    Returns
    -------
    DataArray
        Elevation in metres, positive up, of dimensions ("lat", "lon"), both ascending, and at
        least one cell larger than `bounds` on each side as far as the file reaches. Longitudes
        are in the convention of `bounds` and continuous over the seam of the file. float32 where
        the file holds 8 or 16 bit integers or float32, else float64.

    Raises
    ------
    UsageError
        There is no such file, or the window is too large to be held in memory.
    ExacoupleError
        The file cannot be read, is not geographic or does not cover `bounds` (half a cell may
        lack at the rim), or values in the window are missing or beyond anything on Earth.
    """
    path = Path(path)
    with open_grid(path) as reader:
        info, lat, lon = reader.info, reader.y, reader.x
        if info.kind != "geographic":
            raise ExacoupleError(
                f"{path} is a projected grid ({info.extent()}): a grid on latitude and longitude "
                "in degrees is needed here"
            )
        if bounds is None:
            lats, lons = slice(0, lat.values.size), lon.values
            parts = [_Part(0, lon.values.size, 0)]
        else:
            rows, columns = (
                _covering(lat.values, bounds.south, bounds.north),
                _columns(info, lon, bounds),
            )
            if rows is None or columns is None:
                raise _not_covered(info, str(bounds))
            lats, (lons, parts) = rows, columns
        values = _read(reader, lats, parts)
    return _result(values, lat.values[lats], lons, info)


def read_projected(
    path: str | Path,
    x0: float | None = None,
    x1: float | None = None,
    y0: float | None = None,
    y1: float | None = None,
) -> xr.DataArray:
    """Read a window of a grid in projected coordinates.

    Parameters
    ----------
    path : str or Path
        A NetCDF grid as `inspect` understands it.
    x0, x1, y0, y1 : float, optional
        Limits in metres; up to the end of the file where left out.

    Returns
    -------
    DataArray
        Elevation in metres, positive up, of dimensions ("y", "x") in metres, both ascending, and
        at least one cell larger than the limits as far as the file reaches. Type as in
        `read_window`.

    Raises
    ------
    UsageError, ExacoupleError
        As `read_window`.
    """
    path = Path(path)
    with open_grid(path) as reader:
        info, y, x = reader.info, reader.y, reader.x
        if info.kind != "projected":
            raise ExacoupleError(
                f"{path} is a geographic grid ({info.extent()}): a grid on projected x and y in "
                "metres is needed here"
            )
        limits = [
            default if given is None else float(given)
            for given, default in zip((x0, x1, y0, y1), (*info.x_range, *info.y_range), strict=True)
        ]
        wanted = "x {:g} to {:g} km, y {:g} to {:g} km".format(*(v / 1e3 for v in limits))
        if not (limits[0] < limits[1] and limits[2] < limits[3]):
            raise UsageError(f"window {wanted}: the first limit must be less than the second")
        columns = _covering(x.values, limits[0], limits[1])
        rows = _covering(y.values, limits[2], limits[3])
        if rows is None or columns is None:
            raise _not_covered(info, wanted)
        parts = [_Part(columns.start, columns.stop, 0)]
        values = _read(reader, rows, parts)
    return _result(values, y.values[rows], x.values[columns], info)


def _not_covered(info: GridInfo, wanted: str) -> ExacoupleError:
    return ExacoupleError(
        f"{info.path} does not cover the window: the file has {info.extent()}; wanted is "
        f"{wanted}. Choose a smaller window or a larger grid"
    )


def _covering(nodes: Floats, low: float, high: float) -> slice | None:
    """Return the nodes from one cell below `low` to one above `high`, None if they lack."""
    if low < nodes[0] - (nodes[1] - nodes[0]) / 2 or high > nodes[-1] + (nodes[-1] - nodes[-2]) / 2:
        return None
    start = int(np.searchsorted(nodes, low, side="right")) - 2
    stop = int(np.searchsorted(nodes, high, side="left")) + 2
    return slice(max(start, 0), min(stop, nodes.size))


def _columns(info: GridInfo, lon: Axis, bounds: Bounds) -> tuple[Floats, list[_Part]] | None:
    """Return longitudes in the convention of `bounds`, and the runs of columns they are in."""
    size = lon.values.size
    first = int(np.floor((bounds.west - lon.values[0]) / 360)) - 1
    if not info.periodic:
        for turn in range(first, first + 3):
            nodes = lon.values + 360.0 * turn
            found = _covering(nodes, bounds.west, bounds.east)
            if found is not None:
                return nodes[found], [_Part(found.start, found.stop, 0)]
        return None
    once = size - int(lon.values[-1] - lon.values[0] > 360 - info.spacing[0] / 2)
    nodes = np.concatenate([lon.values[:once] + 360.0 * (first + turn) for turn in range(4)])
    found = _covering(nodes, bounds.west, bounds.east)
    if found is None:
        return None
    parts, start = [], found.start
    while start < found.stop:
        stop = min((start // once + 1) * once, found.stop)
        parts.append(_Part(start % once, start % once + stop - start, start - found.start))
        start = stop
    return nodes[found], parts


def _read(reader: GridReader, rows: slice, parts: list[_Part]) -> Values:
    """Return rows and parts of the grid as a float array (y, x), ascending."""
    shape = rows.stop - rows.start, sum(part.stop - part.start for part in parts)
    if shape[0] * shape[1] > MAX_CELLS:
        raise UsageError(
            f"{reader.info.path}: a window of {shape[0]} x {shape[1]} values would not fit in "
            f"memory (at most {MAX_CELLS:,}): choose a smaller window"
        )
    out = np.empty(shape, dtype=reader.dtype)
    for part in parts:
        width = part.stop - part.start
        target = out[:, part.target : part.target + width]
        reader.read_into(target, rows, slice(part.start, part.stop))
    return out


def _result(values: Values, y: Floats, x: Floats, info: GridInfo) -> xr.DataArray:
    dims = ("lat", "lon") if info.kind == "geographic" else ("y", "x")
    _check_complete(values, y, x, info)
    lowest, highest = float(values.min()), float(values.max())
    if lowest < _LOWEST_M or highest > _HIGHEST_M:
        raise ExacoupleError(
            f"{info.path}: '{info.variable}' goes from {lowest:g} to {highest:g} m, beyond "
            f"{_LOWEST_M:g} to {_HIGHEST_M:g} m: is its unit ('{info.units or 'none given'}') "
            "right, and are missing values marked by '_FillValue'?"
        )
    if -_DEEPEST_KM < lowest < 0.0 and not info.units:
        _log.warning(
            "%s: the deepest value of '%s' is %g, taken as metres, for it has no attribute "
            "'units': if it is kilometres, say so (e.g. 'ncatted -a units,%s,c,c,km')",
            *(info.path, info.variable, -lowest, info.variable),
        )
    attrs = {"units": "m", "positive": "up", "long_name": "elevation above mean sea level"}
    return xr.DataArray(values, dims=dims, coords=dict(zip(dims, (y, x), strict=True)), attrs=attrs)


def _check_complete(values: Values, y: Floats, x: Floats, info: GridInfo) -> None:
    missing = np.isnan(values)
    count = int(missing.sum())
    if not count:
        return
    rows, columns = np.flatnonzero(missing.any(axis=1)), np.flatnonzero(missing.any(axis=0))
    names = ("lat", "lon") if info.kind == "geographic" else ("y", "x")
    where = ", ".join(
        f"{name} {axis[index[0]]:g} to {axis[index[-1]]:g}"
        for name, axis, index in zip(names, (y, x), (rows, columns), strict=True)
    )
    raise ExacoupleError(
        f"{info.path}: {count} of {values.size} values of '{info.variable}' in the window are "
        f"missing, all within {where}: fill them (e.g. with 'gmt grdfill' or "
        "'gdal_fillnodata.py'), or choose another window or grid"
    )
