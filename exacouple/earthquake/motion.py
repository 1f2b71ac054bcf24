"""How the displacement of the sea floor comes about in time: slip of the subfaults, or dtopo files.

Every subfault starts to slip at its rupture time; its displacement grows with its slip. Waves in
the ground are left out: at every moment the sea floor is where it would come to rest if all slip
stopped. Grids have the dimensions ("time", "y", "x"): seconds after the origin, projected metres;
values are metres, positive up, and 0 before the first time.
"""

import math
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import xarray as xr

from exacouple.bathymetry.grid import MAX_CELLS
from exacouple.earthquake.displacement import resample, superpose
from exacouple.earthquake.dtopo import ATTRS, read_dtopo_motion
from exacouple.earthquake.fault import FaultTable, read_fault_table
from exacouple.errors import UsageError

Array = npt.NDArray[np.float64]


class MotionSpec(Protocol):
    """What a region file says of the displacement and how it comes about."""

    @property
    def kind(self) -> str:
        """One of "faults", "netcdf" and "dtopo"."""

    @property
    def file(self) -> str:
        """Name of the file, relative to the region file."""

    @property
    def interval_s(self) -> float:
        """Time between two grids of a fault table's displacement."""


def motion_on(spec: MotionSpec, crs: str, x: Array, y: Array, base_dir: str | Path) -> xr.DataArray:
    """Return the motion of the sea floor that a region file asks for, on a projected grid.

    Parameters
    ----------
    spec : MotionSpec
        The kind ("faults" or "dtopo"), the file and the interval.
    crs : str
        Map projection of the grid, as pyproj understands it.
    x, y : ndarray
        Points in projected metres, ascending.
    base_dir : str or Path
        Directory that the file name is relative to.

    Returns
    -------
    DataArray
        Dimensions ("time", "y", "x"), float64; the last time is the static displacement.

    Raises
    ------
    UsageError
        The file tells nothing of time: it is a NetCDF grid, a fault table without rupture times, or
        a dtopo file of a single time; there is no such file; or the motion would not fit in
        memory.
    ExacoupleError
        The file cannot be read.
    """
    path = Path(base_dir) / spec.file
    if spec.kind == "faults":
        faults = read_fault_table(path)
        if not rupture_end(faults) > 0.0:
            raise UsageError(
                f"{path}: no subfault has a rupture time or a rise time (columns rupture_time_s, "
                'rise_time_start_s, rise_time_end_s): give them, or rupture = "instantaneous"'
            )
        times = math.ceil(rupture_end(faults) / spec.interval_s) + 1
        _check_size(path, times, x, y)
        return motion_from_faults(faults, crs, x, y, interval_s=spec.interval_s)
    if spec.kind == "dtopo":
        motion = read_dtopo_motion(path)
        if motion.sizes["time"] < 2:
            raise UsageError(f'{path}: holds one time only: give rupture = "instantaneous"')
        _check_size(path, motion.sizes["time"], x, y)
        return _motion(resample(motion, crs, x, y, path), motion["time"].values, crs, x, y)
    raise UsageError(
        f"displacement kind '{spec.kind}' tells nothing of time: give a fault table with rupture "
        'times, a dtopo file, or rupture = "instantaneous"'
    )


def motion_from_faults(
    faults: FaultTable, crs: str, x: npt.ArrayLike, y: npt.ArrayLike, *, interval_s: float
) -> xr.DataArray:
    """Return the displacement of all subfaults while they slip.

    Parameters
    ----------
    faults : FaultTable
    crs : str
        Map projection, as pyproj understands it.
    x, y : array_like
        Points in projected metres, one-dimensional, ascending.
    interval_s : float
        Time between two grids in seconds; the first is at 0, the last when all slip has ended.

    Returns
    -------
    DataArray
        Vertical displacement in metres, positive up; dimensions ("time", "y", "x"), float64.
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    count = math.ceil(rupture_end(faults) / interval_s - 1e-9)
    times = interval_s * np.arange(count + 1)
    shares = np.stack([slip_share(faults, float(time)) for time in times])
    return _motion(superpose(faults, shares, crs, x, y), times, crs, x, y)


def slip_share(faults: FaultTable, time_s: float) -> Array:
    """Return which share of its slip each subfault has made.

    The slip rate is an asymmetric cosine: with the durations a of its growing and b of its decaying
    part, and the time t since the start of the subfault::

        (1 - cos(pi t / a)) / (a + b)          0 <= t <= a
        (1 + cos(pi (t - a) / b)) / (a + b)    a <= t <= a + b

    Where only one of the two is given, it is the duration of both together, half for each.

    Parameters
    ----------
    faults : FaultTable
    time_s : float
        Seconds after the origin.

    Returns
    -------
    ndarray
        From 0 to 1, one per subfault.

    References
    ----------
    Ji, C., Helmberger, D. V., Wald, D. J. and Ma, K.-F. (2003). Slip history and dynamic
    implications of the 1999 Chi-Chi, Taiwan, earthquake. Journal of Geophysical Research 108, 2412.
    """
    grows, decays = _durations(faults)
    total = np.where(grows > 0.0, grows + decays, 1.0)
    since = time_s - faults.rupture_time_s
    early = np.clip(since, 0.0, grows)
    late = np.clip(since - grows, 0.0, decays)
    a, b = (np.where(duration > 0.0, duration, 1.0) for duration in (grows, decays))
    made = early - a / np.pi * np.sin(np.pi * early / a)
    made += late + b / np.pi * np.sin(np.pi * late / b)
    # All at once where there is no duration, and exactly 1 at the end.
    ended = since >= grows + decays
    return np.where(ended, 1.0, np.clip(made / total, 0.0, 1.0))


def rupture_end(faults: FaultTable) -> float:
    """Return when all slip has ended, in seconds after the origin."""
    grows, decays = _durations(faults)
    return float((faults.rupture_time_s + grows + decays)[faults.slip_m > 0.0].max(initial=0.0))


def _check_size(path: Path, times: int, x: Array, y: Array) -> None:
    if times * x.size * y.size > MAX_CELLS:
        raise UsageError(
            f"{path}: {times} times of {x.size} x {y.size} points would not fit in memory (at most "
            f"{MAX_CELLS:,} values): give a greater spacing_m or interval_s, or a smaller window_km"
        )


def _durations(faults: FaultTable) -> tuple[Array, Array]:
    grows, decays = faults.rise_time_start_s, faults.rise_time_end_s
    one = (grows > 0.0) != (decays > 0.0)
    half = 0.5 * (grows + decays)
    return np.where(one, half, grows), np.where(one, half, decays)


def _motion(values: Array, times: npt.ArrayLike, crs: str, x: Array, y: Array) -> xr.DataArray:
    coords = {"time": ("time", times, {"units": "s"}), "y": y, "x": x}
    return xr.DataArray(values, dims=("time", "y", "x"), coords=coords, attrs={**ATTRS, "crs": crs})
