"""The engine against probe files of the real ExaHyPE 1, for the Tohoku case of its application.

The files are no part of the project. Beside the directory of reference data there is a directory
``exahype`` with the probe files and the sea floor of ExaHyPE's runs.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from exacouple.engine.mesh import Mesh
from exacouple.engine.solver import Solver
from exacouple.verification.fields import GRAVITY
from exacouple.verification.laboratory import deviation
from exacouple.verification.results import (
    Check,
    Finding,
    Inputs,
    Measurement,
    NoData,
    Picture,
    Series,
)

Array = NDArray[np.float64]

_KM = 1e3
_SOURCE = "requirement of this project"


@dataclass(frozen=True)
class Run:
    """One run of ExaHyPE.

    Attributes
    ----------
    name, probe
        Its directory and its probe file.
    bathymetry
        Sea floor (NetCDF), or none for `depth`.
    depth
        Depth in metres where there is no sea floor.
    end_time
        End in seconds.
    """

    name: str
    probe: str
    end_time: float
    bathymetry: str | None = None
    depth: float = 0.0


@dataclass(frozen=True)
class Tohoku:
    """The application's domain: corner and width in km, cells, buoy, and what was run on it."""

    corner_km: tuple[float, float]
    width_km: float
    cells: int
    buoy_km: tuple[float, float]
    displacement: str
    limiter_depth: float
    dry_tolerance: float
    runs: tuple[Run, ...]


def _find(inputs: Inputs, *parts: str) -> Path:
    if inputs.reference is None:
        raise NoData(
            "needs probe files of ExaHyPE: give the directory of reference data with --reference "
            "or EXACOUPLE_REFERENCE"
        )
    path = inputs.reference.joinpath(*parts)
    if not path.is_file():
        raise NoData(f"no {path}")
    return path


def _sampler(path: Path, *, outside: float | None) -> Callable[[Array, Array], Array]:
    """Bilinear interpolation of a grid as ASAGI reads it; `outside` None forbids to leave it."""
    import netCDF4
    from scipy.interpolate import RegularGridInterpolator

    with netCDF4.Dataset(path) as dataset:
        x, y = (np.asarray(dataset[name][:], dtype=float) for name in "xy")
        z = np.asarray(dataset["z"][:], dtype=float)
        by_row = dataset["z"].dimensions == ("y", "x")
    inside = RegularGridInterpolator(
        (y, x), z if by_row else z.T, bounds_error=outside is None, fill_value=outside
    )
    return lambda at, across: np.asarray(inside(np.stack([across, at], axis=-1)))


def _surface(path: Path) -> tuple[Array, Array]:
    """Time in s and water height in m of a probe file in km."""
    rows = np.loadtxt(path, delimiter=",", ndmin=2)
    return rows[:, 0], _KM * rows[:, -1]


def _start(case: Tohoku, run: Run, inputs: Inputs) -> Solver:
    lift = _sampler(_find(inputs, case.displacement), outside=0.0)
    floor = None
    if run.bathymetry is not None:
        floor = _sampler(_find(inputs, "..", "exahype", "netcdf", run.bathymetry), outside=None)

    def initial(x: Array, y: Array) -> tuple[Array, Array, Array, Array]:
        zero = np.zeros_like(x)
        b = zero - run.depth if floor is None else floor(x, y)
        return np.maximum(-b, 0.0), zero, zero, b + lift(x, y)

    corner = (_KM * case.corner_km[0], _KM * case.corner_km[1])
    return Solver(
        Mesh(*corner, _KM * case.width_km / case.cells, case.cells, case.cells),
        initial,
        order=2,
        gravity=GRAVITY,
        boundary="outflow",
        limiter_depth=case.limiter_depth,
        dry_tolerance=case.dry_tolerance,
        fixed_dt=True,
        scheme="godunov",
    )


def _probe_files(case: Tohoku, inputs: Inputs) -> Iterator[Finding]:
    for run in case.runs:
        expected_time, expected = _surface(
            _find(inputs, "..", "exahype", "runs", run.name, run.probe)
        )
        solver = _start(case, run, inputs)
        x, y = (_KM * value for value in case.buoy_km)
        rows = [(solver.time, solver.sample(x, y)[4])]
        while solver.time < run.end_time:
            solver.step()
            rows.append((solver.time, solver.sample(x, y)[4]))
        time, found = np.array(rows).T
        at = np.interp(expected_time, time, found)
        high, peak = int(expected.argmax()), int(found.argmax())
        step = float(np.diff(expected_time).max())
        for quantity, value, bound in (
            ("water height, RMS over its range", deviation(at, expected), 0.05),
            ("crest, relative", abs(found[peak] / expected[high] - 1.0), 0.02),
            ("time of the crest, steps", abs(time[peak] - expected_time[high]) / step, 1.0),
        ):
            yield Measurement(f"{run.name}: {quantity}", float(value), bound, _SOURCE)
        yield Picture(
            run.name,
            "time (s)",
            "water height at the buoy (m)",
            (
                Series("ExaHyPE 1", expected_time, expected, "expected"),
                Series("found", time, found),
            ),
        )


CHECKS = (Check("real-engine", Tohoku, _probe_files),)
