"""A sea floor that moves while the water runs: displacement in time from a NetCDF file.

The file holds ``z(time, y, x)`` in metres, positive up. Times are seconds after t = 0; y and x are
projected metres, equidistant and ascending. In between, values are linear in time and bilinear in
space. They are 0 before the first time and outside of the grid, and stay after the last time.
"""

from __future__ import annotations

from pathlib import Path

import netCDF4
import numpy as np
from numpy.typing import NDArray

from exacouple.engine.asagi import Axis, Grid, read_axis
from exacouple.engine.machine import require_memory
from exacouple.errors import ExacoupleError
from exacouple.netcdf import open_netcdf

Array = NDArray[np.float64]

VARIABLE = "z"


class Motion:
    """Displacement of the sea floor in time.

    Parameters
    ----------
    path
        The file.
    metres
        The specfile's unit of length in metres.
    shift
        Shift (x, y) of the displacement, in that unit.

    Attributes
    ----------
    times
        Times of the file, s, ascending.

    Raises
    ------
    UsageError
        There is no such file.
    ExacoupleError
        The file cannot be read, or is not as described above.
    """

    def __init__(
        self, path: Path, metres: float = 1.0, shift: tuple[float, float] = (0.0, 0.0)
    ) -> None:
        self.path, self._metres, self._shift = path, metres, shift
        with open_netcdf(path) as data:
            data.set_auto_maskandscale(False)
            dimensions = data[VARIABLE].dimensions if VARIABLE in data.variables else None
            if dimensions != ("time", "y", "x"):
                raise ExacoupleError(
                    f"{path}: needs a variable {VARIABLE}(time, y, x), has {dimensions or 'none'}"
                )
            self.times = _times(path, data)
            self._axes = _axis(path, data, "x"), _axis(path, data, "y")
        self._latest: tuple[int, Array] | None = None

    @property
    def end(self) -> float:
        """When the sea floor comes to rest, s."""
        return float(self.times[-1])

    @property
    def rectangle(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Ranges of x and y outside of which nothing moves, in the specfile's unit."""
        x, y = (
            (axis.start / self._metres + shift, axis.stop / self._metres + shift)
            for axis, shift in zip(self._axes, self._shift, strict=True)
        )
        return x, y

    def weights(self, time: float) -> list[tuple[int, float]]:
        """Numbers of the file's times between which a time lies, each with its weight."""
        after = int(np.searchsorted(self.times, time, side="right"))
        if after == 0:
            return []
        if after == self.times.size:
            return [(after - 1, 1.0)]
        before, end = self.times[after - 1 : after + 1]
        share = float((time - before) / (end - before))
        return [(after - 1, 1.0 - share), (after, share)]

    def at(self, time: float, x: Array, y: Array) -> Array:
        """Displacement at points, in the specfile's unit of length.

        Parameters
        ----------
        time
            Seconds after t = 0.
        x, y
            Coordinates in the specfile's unit, of one shape.
        """
        result = np.zeros(x.shape)
        for number, weight in self.weights(time):
            result += weight * self.sample(number, x, y)
        return result

    def sample(self, number: int, x: Array, y: Array) -> Array:
        """Displacement at points as in `at`, at one of the file's times."""
        own = ((x - self._shift[0]) * self._metres, (y - self._shift[1]) * self._metres)
        inside = np.ones(x.shape, dtype=np.bool_)
        for axis, points in zip(self._axes, own, strict=True):
            inside &= (points >= axis.start) & (points <= axis.stop)
        grid = Grid(self.path, self._axes[0], self._axes[1], self._frame(number))
        return np.where(inside, grid.sample(*own) / self._metres, 0.0)

    def _frame(self, number: int) -> Array:
        if self._latest is None or self._latest[0] != number:
            x, y = self._axes
            require_memory(2 * 8 * x.size * y.size, f"a time of {self.path}")
            with open_netcdf(self.path) as data:
                data.set_auto_maskandscale(False)
                values = np.asarray(data[VARIABLE][number], dtype=np.float64)
            if not np.isfinite(values).all():
                raise ExacoupleError(
                    f"{self.path}: values at {self.times[number]:g} s are not finite"
                )
            self._latest = number, values
        return self._latest[1]


def _times(path: Path, data: netCDF4.Dataset) -> Array:
    if "time" not in data.variables or data["time"].dimensions != ("time",):
        raise ExacoupleError(f"{path}: dimension 'time' has no coordinate variable")
    times = np.asarray(data["time"][:], dtype=np.float64)
    if times.size == 0 or not np.isfinite(times).all() or not (np.diff(times) > 0.0).all():
        raise ExacoupleError(f"{path}: times must be finite and ascending, got {times}")
    unit = str(getattr(data["time"], "units", "s")).split(" since ")[0]
    if unit not in ("s", "second", "seconds"):
        raise ExacoupleError(f"{path}: times must be in seconds, got units {unit!r}")
    return times


def _axis(path: Path, data: netCDF4.Dataset, name: str) -> Axis:
    axis, descends = read_axis(path, data, name)
    if descends:
        raise ExacoupleError(f"{path}: coordinate '{name}' must be ascending")
    return axis
