"""Gridded NetCDF data as ASAGI serves them to ExaHyPE: bilinear, clamped at the edges.

A file holds a two-dimensional variable with dimensions (y, x) and a coordinate variable for each
dimension, equidistant and ascending or descending. Values and coordinates are taken as they are
stored: units, projections, ``scale_factor`` and ``add_offset`` mean nothing to ASAGI.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import netCDF4
import numpy as np
from numpy.typing import NDArray

from exacouple.engine.machine import require_memory
from exacouple.errors import ExacoupleError
from exacouple.netcdf import open_netcdf

_log = logging.getLogger(__name__)

_X_NAMES = frozenset({"x", "lon", "longitude", "easting", "projection_x_coordinate"})
_Y_NAMES = frozenset({"y", "lat", "latitude", "northing", "projection_y_coordinate"})
_EVEN = 1e-3
_FLOAT32_ROUND_OFF = 2.4e-7


@dataclass(frozen=True)
class Axis:
    """Equidistant ascending coordinates ``start + index * step``."""

    start: float
    step: float
    size: int

    @property
    def stop(self) -> float:
        """Last coordinate."""
        return self.start + (self.size - 1) * self.step

    def window(self, low: float, high: float) -> slice:
        """Smallest range of indices, at least two, whose coordinates enclose low to high."""
        first = math.floor((low - self.start) / self.step)
        last = math.ceil((high - self.start) / self.step)
        first = min(max(first, 0), self.size - 2)
        return slice(first, min(max(last, first + 1), self.size - 1) + 1)

    def cut(self, window: slice) -> Axis:
        """Axis of a range of indices."""
        return Axis(self.start + window.start * self.step, self.step, window.stop - window.start)


@dataclass(frozen=True)
class Grid:
    """A window of a grid file.

    Attributes
    ----------
    path
        The file.
    x, y
        Axes of the window.
    values
        Shape (y.size, x.size), both axes ascending, in the file's unit.
    """

    path: Path
    x: Axis
    y: Axis
    values: NDArray[Any]

    def sample(
        self,
        x: NDArray[np.float64],
        y: NDArray[np.float64],
        *,
        interpolation: Literal["linear", "nearest"] = "linear",
    ) -> NDArray[np.float64]:
        """Value at each point; points beyond the edges take the value at the nearest edge.

        Parameters
        ----------
        x, y
            Coordinates in the file's unit, any equal shapes.
        interpolation
            Bilinear between the four values around a point, or the nearest value.
        """
        column = np.clip((x - self.x.start) / self.x.step, 0.0, self.x.size - 1)
        row = np.clip((y - self.y.start) / self.y.step, 0.0, self.y.size - 1)
        if interpolation == "nearest":
            nearest = self.values[np.rint(row).astype(int), np.rint(column).astype(int)]
            return np.asarray(nearest, dtype=np.float64)
        i = np.minimum(column.astype(int), self.x.size - 2)
        j = np.minimum(row.astype(int), self.y.size - 2)
        u, v = column - i, row - j
        below = (1.0 - u) * self.values[j, i] + u * self.values[j, i + 1]
        above = (1.0 - u) * self.values[j + 1, i] + u * self.values[j + 1, i + 1]
        return np.asarray((1.0 - v) * below + v * above, dtype=np.float64)


def read_grid(
    path: str | Path,
    variable: str,
    x_range: tuple[float, float],
    y_range: tuple[float, float],
) -> Grid:
    """Read the part of a grid file that encloses a rectangle.

    Parameters
    ----------
    path
        NetCDF file, classic or NetCDF-4.
    variable
        Name of the data variable.
    x_range, y_range
        Rectangle that will be sampled, in the file's unit. Where it reaches beyond the file a
        warning is logged, because ASAGI then repeats the values at the edge.

    Raises
    ------
    UsageError
        There is no such file.
    ExacoupleError
        The file cannot be read or is cut short, has no such variable, is not in (y, x) order, is
        not equidistant, lies wholly outside the rectangle, or holds a NaN or fill value in it.
    """
    path = Path(path)
    with open_netcdf(path) as dataset:
        dataset.set_auto_maskandscale(False)
        return _read(path, dataset, variable, x_range, y_range)


def _read(
    path: Path,
    dataset: netCDF4.Dataset,
    name: str,
    x_range: tuple[float, float],
    y_range: tuple[float, float],
) -> Grid:
    if name not in dataset.variables:
        names = ", ".join(key for key in dataset.variables if key not in dataset.dimensions)
        raise ExacoupleError(f"{path}: no variable '{name}' (the file has: {names})")
    variable = dataset.variables[name]
    _check_layout(path, dataset, variable)
    y_name, x_name = variable.dimensions
    y_axis, y_descends = read_axis(path, dataset, y_name)
    x_axis, x_descends = read_axis(path, dataset, x_name)
    _check_cover(path, 0, "x", x_axis, x_range)
    _check_cover(path, 1, "y", y_axis, y_range)
    rows, columns = y_axis.window(*y_range), x_axis.window(*x_range)
    cells = (rows.stop - rows.start) * (columns.stop - columns.start)
    require_memory(3 * cells * variable.dtype.itemsize, f"the part of {path} inside the domain")
    values = variable[
        _stored(rows, y_axis.size, y_descends), _stored(columns, x_axis.size, x_descends)
    ]
    values = values[:: -1 if y_descends else 1, :: -1 if x_descends else 1]
    grid = Grid(path, x_axis.cut(columns), y_axis.cut(rows), np.ascontiguousarray(values))
    _check_values(grid, variable)
    return grid


def _stored(window: slice, size: int, descends: bool) -> slice:
    return slice(size - window.stop, size - window.start) if descends else window


def _check_layout(path: Path, dataset: netCDF4.Dataset, variable: netCDF4.Variable[Any]) -> None:
    dimensions = variable.dimensions
    if len(dimensions) != 2:
        raise ExacoupleError(
            f"{path}: '{variable.name}' has dimensions {dimensions}, but (y, x) is needed"
        )
    if variable.dtype.kind not in "fiu":
        raise ExacoupleError(f"{path}: '{variable.name}' of type {variable.dtype} is not a number")
    first, second = (_direction(dataset, name) for name in dimensions)
    if first == "x" or second == "y":
        raise ExacoupleError(
            f"{path}: '{variable.name}' has dimensions {dimensions}; ASAGI needs (y, x) and would "
            "silently transpose it; write the file with y as the first dimension"
        )
    for attribute, neutral in (("scale_factor", 1.0), ("add_offset", 0.0)):
        if float(getattr(variable, attribute, neutral)) != neutral:
            raise ExacoupleError(
                f"{path}: '{variable.name}' is packed ({attribute} = "
                f"{getattr(variable, attribute):g}), which ASAGI does not unpack; store the values"
            )


def _direction(dataset: netCDF4.Dataset, name: str) -> str:
    words = {name.lower()}
    if name in dataset.variables:
        coordinate = dataset.variables[name]
        words |= {
            str(getattr(coordinate, attribute, "")).lower()
            for attribute in ("axis", "standard_name")
        }
    if words & _X_NAMES:
        return "x"
    return "y" if words & _Y_NAMES else ""


def read_axis(path: Path, dataset: netCDF4.Dataset, name: str) -> tuple[Axis, bool]:
    """Axis in ascending order, and whether the file stores it descending."""
    if name not in dataset.variables or dataset.variables[name].dimensions != (name,):
        raise ExacoupleError(f"{path}: dimension '{name}' has no coordinate variable")
    values = np.asarray(dataset.variables[name][:], dtype=np.float64)
    if values.size < 2:
        raise ExacoupleError(f"{path}: dimension '{name}' has fewer than two points")
    if not np.isfinite(values).all():
        raise ExacoupleError(f"{path}: coordinate '{name}' holds values that are not finite")
    descends = bool(values[-1] < values[0])
    if descends:
        values = values[::-1]
    step = float((values[-1] - values[0]) / (values.size - 1))
    even = values[0] + step * np.arange(values.size)
    tolerance = _EVEN * step + _FLOAT32_ROUND_OFF * float(np.abs(values).max())
    worst = int(np.argmax(np.abs(values - even)))
    if step <= 0.0 or abs(values[worst] - even[worst]) > tolerance:
        raise ExacoupleError(
            f"{path}: coordinate '{name}' is not equidistant: {values[worst]:g} where "
            f"{even[worst]:g} is expected for a step of {step:g}"
        )
    return Axis(float(values[0]), step, values.size), descends


def _check_cover(
    path: Path, dimension: int, label: str, axis: Axis, needed: tuple[float, float]
) -> None:
    low, high = needed
    if high < axis.start or low > axis.stop:
        raise ExacoupleError(
            f"{path}: covers {label} {axis.start:g} to {axis.stop:g}, but values are needed from "
            f"{low:g} to {high:g}; are the coordinates in projected metres?"
        )
    if low < axis.start - 0.5 * axis.step or high > axis.stop + 0.5 * axis.step:
        _log.warning(
            "ASAGI: Coordinate in dimension %d is out of range: %s covers %s %g to %g, values "
            "are needed from %g to %g; those at the edge are repeated",
            dimension,
            path,
            label,
            axis.start,
            axis.stop,
            low,
            high,
        )


def _check_values(grid: Grid, variable: netCDF4.Variable[Any]) -> None:
    missing = ~np.isfinite(grid.values)
    for attribute in ("_FillValue", "missing_value"):
        if attribute in variable.ncattrs():
            marks = np.asarray(getattr(variable, attribute))
            if grid.values.dtype.kind == "f":
                marks = marks.astype(grid.values.dtype)
            missing |= np.isin(grid.values, marks)
    if grid.values.dtype.kind == "f":
        missing |= grid.values == np.asarray(netCDF4.default_fillvals["f8"], grid.values.dtype)
    if missing.any():
        row, column = np.argwhere(missing)[0]
        raise ExacoupleError(
            f"{grid.path}: '{variable.name}' has {int(missing.sum())} missing values, the first "
            f"({grid.values[row, column]:g}) at x {grid.x.start + column * grid.x.step:g}, "
            f"y {grid.y.start + row * grid.y.step:g}; fill them before the run"
        )
