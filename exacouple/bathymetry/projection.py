"""Between longitude and latitude (WGS 84) and the metres of a map projection."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import xarray as xr
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError
from scipy.ndimage import map_coordinates

from exacouple.bathymetry.grid import Bounds
from exacouple.errors import ExacoupleError, UsageError

Floats = npt.NDArray[np.float64]

_EARTH_RADIUS_M = 6371007.0
_EDGE_POINTS = 201
_BLOCK_POINTS = 500_000
_MAX_THREADS = 8


def project_points(crs: str, lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Project longitude and latitude.

    Parameters
    ----------
    crs : str
        A projection as pyproj knows it, e.g. ``+proj=aeqd +lat_0=38.3 +lon_0=142.4 +ellps=WGS84``
        or ``EPSG:32654``.
    lon, lat : array_like
        Degrees on WGS 84, of the same shape.

    Returns
    -------
    x, y : ndarray of float64
        Metres east and north, of that shape, whatever unit the projection names.

    Raises
    ------
    UsageError
        `crs` is not known or not a projection.
    ExacoupleError
        A point cannot be projected.

    Examples
    --------
    >>> x, y = project_points("+proj=aeqd +lat_0=38.3012 +lon_0=142.4018", 142.4018, 39.3012)
    >>> f"{x:.0f} {y:.0f}"
    '0 111012'
    """
    transformer, metres = _transformer(crs)
    lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    x, y = transformer.transform(lon, lat)
    _check_finite(crs, (x, y), "longitude {:g}, latitude {:g}", (lon, lat))
    return np.asarray(x) * metres, np.asarray(y) * metres


def unproject_points(crs: str, x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return longitude in -180 to 180 and latitude (degrees, WGS 84) of projected metres.

    Parameters and errors are those of `project_points`, the other way round.
    """
    transformer, metres = _transformer(crs)
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    lon, lat = transformer.transform(x / metres, y / metres, direction="INVERSE")
    _check_finite(crs, (lon, lat), "x {:g} m, y {:g} m", (x, y))
    return np.asarray(lon), np.asarray(lat)


def bounds_of(
    crs: str,
    x_range: tuple[float, float],
    y_range: tuple[float, float],
    *,
    margin_deg: float,
) -> Bounds:
    """Return the window of longitude and latitude that holds a projected rectangle.

    Parameters
    ----------
    crs : str
        As for `project_points`.
    x_range, y_range : tuple of float
        Limits of the rectangle, metres.
    margin_deg : float
        Added on all four sides, degrees.

    Returns
    -------
    Bounds
        With ``-180 <= west < 180``; ``east`` may exceed 180, where the window crosses the date
        line. A rectangle with a pole in it gives all longitudes.
    """
    x, y = _outline(x_range, y_range)
    lon, lat = unproject_points(crs, x, y)
    lon = np.unwrap(lon, period=360.0)
    south, north = float(lat.min()) - margin_deg, float(lat.max()) + margin_deg
    west, east = float(lon.min()) - margin_deg, float(lon.max()) + margin_deg
    if abs(lon[-1] - lon[0]) > 180:
        south, north = (south, 90.0) if lat.mean() > 0 else (-90.0, north)
        west, east = -180.0, 180.0
    turns = np.floor((west + 180) / 360)
    west, east = west - 360 * turns, min(east - 360 * turns, west - 360 * turns + 360)
    return Bounds(float(west), float(east), max(south, -90.0), min(north, 90.0))


def project_grid(grid: xr.DataArray, crs: str, x: npt.ArrayLike, y: npt.ArrayLike) -> xr.DataArray:
    """Resample a geographic grid to projected nodes.

    Bilinear in longitude and latitude. Where the nodes are further apart than those of `grid`,
    each value is the mean over the square around its node (of as many bilinear samples as the
    ratio of spacings asks for), so that relief between the nodes is averaged, not aliased.

    Parameters
    ----------
    grid : DataArray
        Dimensions ("lat", "lon"), both ascending, e.g. from `exacouple.bathymetry.read_window`.
    crs : str
        As for `project_points`.
    x, y : array_like
        One-dimensional, ascending, metres.

    Returns
    -------
    DataArray
        float64, dimensions ("y", "x"), unit of `grid`, attribute ``crs``.

    Raises
    ------
    ExacoupleError
        A node lies outside `grid`, or a value needed is missing.
    """
    centre = float(grid["lon"][0] + grid["lon"][-1]) / 2

    def locate(x: Floats, y: Floats) -> tuple[Floats, Floats]:
        lon, lat = unproject_points(crs, x, y)
        return lon - 360.0 * np.round((lon - centre) / 360.0), lat

    middle = np.radians(float(grid["lat"].mean()))
    metres_per_degree = np.radians(_EARTH_RADIUS_M)
    source_spacing = metres_per_degree * min(
        _spacing(grid["lat"].values), _spacing(grid["lon"].values) * float(np.cos(middle))
    )
    out = _resample(grid, ("lat", "lon"), locate, x, y, source_spacing)
    out.attrs["crs"] = crs
    return out


def resample_grid(grid: xr.DataArray, x: npt.ArrayLike, y: npt.ArrayLike) -> xr.DataArray:
    """Resample a projected grid to other nodes of the same projection.

    Interpolation, averaging, result and errors are those of `project_grid`.

    Parameters
    ----------
    grid : DataArray
        Dimensions ("y", "x"), both ascending, metres.
    x, y : array_like
        One-dimensional, ascending, metres.

    Examples
    --------
    >>> slope = xr.DataArray([[0.0, 10.0], [0.0, 10.0]], dims=("y", "x"),
    ...                      coords={"y": [0.0, 100.0], "x": [0.0, 100.0]})
    >>> resample_grid(slope, [20.0, 50.0], [0.0]).values
    array([[2., 5.]])
    """
    spacing = min(_spacing(grid["y"].values), _spacing(grid["x"].values))
    return _resample(grid, ("y", "x"), lambda x, y: (x, y), x, y, spacing)


def _resample(
    grid: xr.DataArray,
    dims: tuple[str, str],
    locate: Callable[[Floats, Floats], tuple[Floats, Floats]],
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    source_spacing: float,
) -> xr.DataArray:
    """Average bilinear samples around the nodes (x, y); `locate` gives where they are in `grid`."""
    if grid.dims != dims:
        raise ValueError(f"dimensions are {grid.dims}: {dims} are needed")
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    rows, columns = grid[dims[0]].values, grid[dims[1]].values
    samples = max(1, int(np.ceil(max(_spacing(x), _spacing(y)) / source_spacing - 1e-6)))
    offsets = (np.arange(samples) + 0.5) / samples - 0.5
    fine_x = np.add.outer(x, offsets * _spacing(x)).ravel()
    out = np.empty((y.size, x.size))
    step = max(1, _BLOCK_POINTS // (fine_x.size * samples))

    def fill(start: int) -> None:
        block = y[start : start + step]
        column, row = locate(*np.meshgrid(x, block))
        _check_inside(grid, dims, column, row)
        if samples > 1:
            fine_y = np.add.outer(block, offsets * _spacing(y)).ravel()
            column, row = locate(*np.meshgrid(fine_x, fine_y))
        row = np.interp(row, rows, np.arange(rows.size))
        column = np.interp(column, columns, np.arange(columns.size))
        values = map_coordinates(
            grid.values, (row, column), output=np.float64, order=1, mode="nearest"
        )
        shape = block.size, samples, x.size, samples
        out[start : start + step] = values.reshape(shape).mean(axis=(1, 3))

    with ThreadPoolExecutor(min(_MAX_THREADS, os.cpu_count() or 1)) as pool:
        list(pool.map(fill, range(0, y.size, step)))
    if not np.isfinite(out).all():
        count = np.count_nonzero(~np.isfinite(out))
        raise ExacoupleError(f"{count} of {out.size} nodes of the new grid need missing values")
    return xr.DataArray(
        out, dims=("y", "x"), coords={"y": y, "x": x}, name=grid.name, attrs=dict(grid.attrs)
    )


def _spacing(nodes: Floats) -> float:
    return float(np.diff(nodes).max()) if nodes.size > 1 else 0.0


def _check_inside(grid: xr.DataArray, dims: tuple[str, str], column: Floats, row: Floats) -> None:
    ranges = [(float(grid[dim][0]), float(grid[dim][-1])) for dim in dims]
    outside = np.zeros(row.shape, dtype=bool)
    for values, (low, high) in zip((row, column), ranges, strict=True):
        slack = 1e-9 * max(abs(low), abs(high))
        outside |= (values < low - slack) | (values > high + slack)
    count = np.count_nonzero(outside)
    if count:
        at = np.unravel_index(int(np.argmax(outside)), outside.shape)
        have = ", ".join(
            f"{dim} {low:g} to {high:g}" for dim, (low, high) in zip(dims, ranges, strict=True)
        )
        raise ExacoupleError(
            f"{count} nodes of the new grid lie outside the grid to take them from, the first at "
            f"{dims[0]} {row[at]:g}, {dims[1]} {column[at]:g}; it has {have}: use a larger grid "
            "or a smaller domain"
        )


def _outline(x_range: tuple[float, float], y_range: tuple[float, float]) -> tuple[Floats, Floats]:
    """Return closely spaced points once round a rectangle, the first one again at the end."""
    x, y = np.linspace(*x_range, _EDGE_POINTS), np.linspace(*y_range, _EDGE_POINTS)
    same_x, same_y = np.ones_like(x), np.ones_like(y)
    return (
        np.concatenate([x, x[-1] * same_y, x[::-1], x[0] * same_y]),
        np.concatenate([y[0] * same_x, y, y[-1] * same_x, y[::-1]]),
    )


@lru_cache(maxsize=32)
def _transformer(crs: str) -> tuple[Transformer, float]:
    """Return the transformer from WGS 84 degrees, and how many metres the projection's unit is."""
    try:
        target = CRS.from_user_input(crs)
        transformer = Transformer.from_crs("EPSG:4326", target, always_xy=True)
    except (CRSError, ProjError) as exc:
        raise UsageError(
            f"projection '{crs}' is not known ({str(exc).strip()}): give a PROJ string such as "
            "'+proj=aeqd +lat_0=38.3 +lon_0=142.4 +ellps=WGS84', or a code such as 'EPSG:32654'"
        ) from exc
    if not target.is_projected:
        raise UsageError(
            f"'{crs}' is not a map projection ({target.type_name}): coordinates in metres are "
            "needed, e.g. '+proj=aeqd +lat_0=38.3 +lon_0=142.4 +ellps=WGS84'"
        )
    return transformer, float(target.axis_info[0].unit_conversion_factor)


def _check_finite(
    crs: str, results: tuple[Floats, Floats], form: str, points: tuple[Floats, Floats]
) -> None:
    bad = ~(np.isfinite(results[0]) & np.isfinite(results[1]))
    if bad.any():
        first = [float(values[bad][0]) for values in np.broadcast_arrays(*points)]
        raise ExacoupleError(
            f"{np.count_nonzero(bad)} of {bad.size} points cannot be projected by '{crs}', the "
            f"first at {form.format(*first)}"
        )
