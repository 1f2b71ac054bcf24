"""Greatest water height and speed, and the first arrival of the tsunami, in each cell."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import netCDF4
import numpy as np
from numpy.typing import NDArray

from exacouple.atomic import atomic_file
from exacouple.engine.cf import Axes, describe
from exacouple.engine.mesh import Mesh

if TYPE_CHECKING:
    from exacouple.engine.fields import Solution

Array = NDArray[np.float64]

_FIELDS = ("height", "speed", "arrival", "depth", "initial")


class Extremes:
    """Records of all cells, brought up to date after every step.

    A cell's greatest water height eta and speed are those of its wet nodes or subcells at the ends
    of all steps, from t = 0. The tsunami has arrived when the mean depth of the cell differs from
    that at t = 0 by the threshold. As the sea floor has moved by then, water that was raised or
    lowered with it has arrived only once it flows; in between steps the depth is taken as linear.

    Parameters
    ----------
    mesh
        The cells.
    axes
        Unit of length and origin of time.
    threshold
        Change of the mean depth that counts as arrival; a subcell that is deeper counts as wet.
    """

    def __init__(self, mesh: Mesh, axes: Axes, threshold: float) -> None:
        self._mesh, self._axes, self._threshold = mesh, axes, threshold
        shape = (mesh.ny, mesh.nx)
        self._records = {name: np.full(shape, np.nan) for name in _FIELDS}
        self._found = [np.empty(shape) for _ in range(3)]
        self._time: float | None = None

    @property
    def height(self) -> Array:
        """Greatest eta, NaN where it was never wet, shape ``(ny, nx)``."""
        return self._records["height"]

    @property
    def speed(self) -> Array:
        """Greatest speed, NaN where it was never wet, shape ``(ny, nx)``."""
        return self._records["speed"]

    @property
    def arrival(self) -> Array:
        """Time of arrival, NaN where there was none, shape ``(ny, nx)``."""
        return self._records["arrival"]

    def record(self, solver: Solution) -> None:
        """Take the solution after a step."""
        if solver.time == self._time:
            return
        height, speed, depth = self._found
        solver.survey(self._threshold, height, speed, depth)
        np.fmax(self.height, height, out=self.height)
        np.fmax(self.speed, np.sqrt(speed, out=speed), out=self.speed)
        self._arrive(depth, solver.time)

    def _arrive(self, depth: Array, time: float) -> None:
        """Find the cells in which the mean depth has come to differ by the threshold."""
        initial, past, arrival = (self._records[name] for name in ("initial", "depth", "arrival"))
        if self._time is None:
            initial[:] = depth
        else:
            change = abs(depth - initial)
            new = np.isnan(arrival) & (change >= self._threshold)
            beyond = change[new] - self._threshold
            share = beyond / (change[new] - abs(past[new] - initial[new]))
            arrival[new] = time - share * (time - self._time)
        past[:] = depth
        self._time = time

    def state(self) -> dict[str, Array]:
        """The records, for `restore`."""
        return {**self._records, "time": np.array(-1.0 if self._time is None else self._time)}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Go on from the `state` of an earlier run."""
        self._records = {name: state[name] for name in _FIELDS}
        time = float(state["time"])
        self._time = None if time < 0.0 else time

    def write(self, path: Path) -> None:
        """Write the records as NetCDF (CF), in metres and seconds; replaces the file at once.

        Raises
        ------
        ExacoupleError
            The file cannot be written.
        """
        unit = self._axes.metres
        with atomic_file(path, force=True) as temporary, netCDF4.Dataset(temporary, "w") as data:
            describe(data, "Greatest water height and speed, and first arrival, in each cell")
            data.time_coverage_duration = f"{self._time or 0.0:.17g} s"
            self._axes.add_places(data, self._mesh, 1)
            for name, values, attributes in (
                (
                    "maximum_water_height",
                    self.height * unit,
                    {
                        "standard_name": "sea_surface_height_above_mean_sea_level",
                        "long_name": "greatest water height above mean sea level",
                        "units": "m",
                        "cell_methods": "time: maximum area: maximum where sea",
                    },
                ),
                (
                    "maximum_speed",
                    self.speed * unit,
                    {
                        "standard_name": "sea_water_speed",
                        "long_name": "greatest depth-averaged speed",
                        "units": "m s-1",
                        "cell_methods": "time: maximum area: maximum where sea",
                    },
                ),
                (
                    "arrival_time",
                    self.arrival,
                    {
                        "long_name": "time after t = 0 at which the mean depth of the cell first "
                        "differs from that at t = 0 by the threshold",
                        "units": "s",
                        "threshold_m": self._threshold * unit,
                    },
                ),
                (
                    "initial_depth",
                    self._records["initial"] * unit,
                    {
                        "long_name": "mean water depth of the cell at t = 0, after the sea floor "
                        "has moved",
                        "units": "m",
                        "cell_methods": "area: mean",
                    },
                ),
            ):
                variable = data.createVariable(
                    name, "f8", ("y", "x"), zlib=True, shuffle=True, fill_value=np.nan
                )
                variable.setncatts(attributes)
                variable[:] = values
