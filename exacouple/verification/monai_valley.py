"""A wave runs up the valley of Monai (Okushiri 1993) in the laboratory, NTHMP benchmark 7.

Matsuyama and Tanaka (2001), Proc. Int. Tsunami Symposium, 879-889; scale 1:400. The wave was
measured at x = 0, where the flat part of the tank ends. The solver has no boundary that lets a
given wave in. Instead the tank goes on seaward, flat, and every two seconds the wave of the next
two seconds is laid into that part: to the left of x = 0 the surface eta(t) becomes the simple wave
that will bring it, travelling at 3 c - 2 c0 with u + 2 c = 4 c - 2 c0, while u - 2 c, which carries
what runs out to sea, stays what it is.

The records of the gauges are taken as they are, although the tank was not calm: before the wave
came they stood 1 to 3 mm high.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RegularGridInterpolator

from exacouple.engine.mesh import Mesh
from exacouple.engine.solver import Solver
from exacouple.verification.bounds import laboratory
from exacouple.verification.fields import GRAVITY, closed_basin, march, sample
from exacouple.verification.laboratory import at_gauge, find, incoming, table
from exacouple.verification.results import Check, Finding, Inputs, NoData, Picture, Series

Array = NDArray[np.float64]
Shape = Callable[[Array, Array], Array]

_FOLDER = "BP07-DmitryN-Monai_valley_beach"
_LENGTH, _WIDTH = 5.488, 3.402
_HALF_BAND = 0.05
# The head of the gully rises 1 in 1: a step is 2 mm of height.
_BEACH_X = np.arange(4.6, 5.45, 0.002)
_BEACH_WET = 14.0
_GAUGES = {5: (4.521, 1.196), 7: (4.521, 1.696), 9: (4.521, 2.196)}
_RECORDS = "output_ch5-7-9"
_LOOKS = 0.05


@dataclass(frozen=True)
class Valley:
    """The tank, SI units.

    Attributes
    ----------
    order, rows
        Polynomial degree, and cells across the tank.
    manning
        Manning's coefficient.
    seaward
        Length of the flat part that is put before the tank.
    interval, end_time
        Time between two layings of the wave, and end of the run.
    film
        Least depth of water on the beach.
    limiter_depth, dry_tolerance
        Depths of the solver.
    """

    order: int
    rows: int
    manning: float
    seaward: float
    interval: float
    end_time: float
    film: float
    limiter_depth: float
    dry_tolerance: float


def read_seabed(path: Path) -> Shape:
    """Seabed of the tank, flat to the left of x = 0, from rows of x, y and depth."""
    rows = table(path, 3)
    x, y = np.unique(rows[:, 0]), np.unique(rows[:, 1])
    depth = np.empty((x.size, y.size))
    depth[np.searchsorted(x, rows[:, 0]), np.searchsorted(y, rows[:, 1])] = rows[:, 2]
    inside = RegularGridInterpolator((x, y), -depth)

    def seabed(at: Array, across: Array) -> Array:
        points = np.stack([np.clip(at, x[0], x[-1]), np.clip(across, y[0], y[-1])], axis=-1)
        return np.asarray(inside(points))

    return seabed


def _restart(
    case: Valley, before: Solver | None, seabed: Shape, wave: Array, start: float
) -> Solver:
    """Start a solver from the state of another, with the wave to come laid out at x < 0."""
    dx = _WIDTH / case.rows
    columns = int(np.ceil((_LENGTH + case.seaward) / dx))
    depth = -float(seabed(np.array([0.0]), np.array([0.5 * _WIDTH]))[0])
    celerity = incoming(wave, start, depth, case.seaward)
    c0 = np.sqrt(GRAVITY * depth)

    def initial(x: Array, y: Array) -> tuple[Array, Array, Array, Array]:
        b = seabed(x, y)
        h, p, q = np.maximum(-b, 0.0), np.zeros_like(x), np.zeros_like(x)
        if before is not None:
            h, p, q = sample(before, x, y)[:3]
        sea = x < 0.0
        c = np.sqrt(GRAVITY * h[sea])
        right, left = 4.0 * celerity(x[sea]) - 2.0 * c0, p[sea] / h[sea] - 2.0 * c
        h[sea] = ((right - left) / 4.0) ** 2 / GRAVITY
        p[sea] = h[sea] * 0.5 * (right + left)
        return h, p, q, b

    mesh = Mesh(_LENGTH - columns * dx, 0.0, dx, columns, case.rows)
    return closed_basin(mesh, initial, case.order, case, dmp_observables=1, manning=case.manning)


class _Seen(NamedTuple):
    """Times of the looks, surface at the gauges in columns, and highest wet ground near each y."""

    time: Array
    gauges: Array
    run_up: Array


def _run(case: Valley, seabed: Shape, wave: Array, y: Array) -> _Seen:
    """Run to the end; look at the gauges, and at the beach near each y."""
    bands = y[:, None] + np.linspace(-_HALF_BAND, _HALF_BAND, 9)
    x = _BEACH_X[:, None, None]
    ground = seabed(*np.broadcast_arrays(x, bands))
    times: list[float] = []
    gauges: list[list[float]] = []
    highest, solver = np.zeros(y.size), None
    for start in np.arange(0.0, case.end_time, case.interval):
        solver = _restart(case, solver, seabed, wave, float(start))
        for passed in np.arange(0.0, case.interval, _LOOKS):
            march(solver, float(passed))
            times.append(float(start + passed))
            gauges.append([solver.sample(*place)[4] for place in _GAUGES.values()])
            if times[-1] > _BEACH_WET:
                f = sample(solver, x, bands)
                wet = (f.h > case.film) & (f.eta >= ground)
                np.maximum(highest, np.where(wet, ground, 0.0).max(axis=(0, 2)), out=highest)
        march(solver, case.interval)
    return _Seen(np.array(times), np.array(gauges), highest)


def _benchmark_7(case: Valley, inputs: Inputs) -> Iterator[Finding]:
    seabed = read_seabed(find(inputs, _FOLDER, "Benchmark_2_Bathymetry.txt"))
    wave = table(find(inputs, _FOLDER, "Benchmark_2_input.txt"), 2)
    measured = table(find(inputs, _FOLDER, "OBS_RUNUP.txt"), 8)
    y, heights = measured[:, 1], measured[:, 2:]
    seen = _run(case, seabed, wave, y)
    for place, row, height in zip(y, heights, seen.run_up, strict=True):
        expected = float(row.mean())
        yield laboratory(
            f"run-up near y = {place:.2f} m, relative to the measured {expected:.4f} m",
            abs(float(height) / expected - 1.0),
        )
    yield Picture(
        "highest water",
        "y (m)",
        "run-up (m)",
        (
            Series("measured", np.repeat(y, heights.shape[1]), heights.ravel(), "measured"),
            Series("found", y, seen.run_up),
        ),
    )
    yield from _gauges(_records(inputs), seen)


def _records(inputs: Inputs) -> Array:
    """Rows of time, and of the surface in metres at the gauges."""
    book = find(inputs, _FOLDER, f"{_RECORDS}.xls")
    try:
        rows = table(find(inputs, _FOLDER, f"{_RECORDS}.csv"), 1 + len(_GAUGES))
    except NoData as exc:
        raise NoData(f"gauges: save {book} as {_RECORDS}.csv beside it, with commas") from exc
    return np.column_stack([rows[:, 0], rows[:, 1:] / 100.0])


def _gauges(records: Array, seen: _Seen) -> Iterator[Finding]:
    rows = records[records[:, 0] <= seen.time[-1]]
    time = rows[:, 0]
    for number, measured, surface in zip(_GAUGES, rows[:, 1:].T, seen.gauges.T, strict=True):
        found = np.interp(time, seen.time, surface)
        yield from at_gauge(number, time, measured, found)


CHECKS = (Check("laboratory-valley", Valley, _benchmark_7),)
