"""A wave runs up the valley of Monai (Okushiri 1993) in the laboratory, NTHMP benchmark 7.

Matsuyama and Tanaka (2001), Proc. Int. Tsunami Symposium, 879-889; scale 1:400. The wave was
measured at x = 0, where the flat part of the tank ends. The solver has no boundary that lets a
given wave in. Instead the tank goes on seaward, flat, and every two seconds the wave of the next
two seconds is laid into that part: to the left of x = 0 the surface eta(t) becomes the simple wave
that will bring it, travelling at 3 c - 2 c0 with u + 2 c = 4 c - 2 c0, while u - 2 c, which carries
what runs out to sea, stays what it is.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RegularGridInterpolator

from exacouple.engine.mesh import Mesh
from exacouple.engine.solver import Solver
from exacouple.verification.bounds import laboratory
from exacouple.verification.fields import GRAVITY, closed_basin, march, sample
from exacouple.verification.laboratory import find, incoming, table
from exacouple.verification.results import Check, Finding, Inputs, Picture, Series

Array = NDArray[np.float64]
Shape = Callable[[Array, Array], Array]

_FOLDER = "BP07-DmitryN-Monai_valley_beach"
_LENGTH, _WIDTH = 5.488, 3.402
_HALF_BAND = 0.05
_BEACH_X = (4.6, 5.45)


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


def _run_up(case: Valley, seabed: Shape, wave: Array, y: Array) -> Array:
    """Highest ground on the beach near each y that gets wet."""
    highest = np.zeros(y.size)
    x = np.arange(*_BEACH_X, 0.2 * _WIDTH / case.rows)[:, None, None]
    bands = y[:, None] + np.linspace(-_HALF_BAND, _HALF_BAND, 9)
    ground = seabed(*np.broadcast_arrays(x, bands))
    solver = None
    for start in np.arange(0.0, case.end_time, case.interval):
        solver = _restart(case, solver, seabed, wave, float(start))
        look_at = solver

        def look(solver: Solver = look_at, start: float = float(start)) -> None:
            if solver.steps % 20 == 0 and start + solver.time > 14.0:
                f = sample(solver, x, bands)
                wet = (f.h > case.film) & (f.eta >= ground)
                np.maximum(highest, np.where(wet, ground, 0.0).max(axis=(0, 2)), out=highest)

        march(solver, case.interval, look)
    return highest


def _benchmark_7(case: Valley, inputs: Inputs) -> Iterator[Finding]:
    seabed = read_seabed(find(inputs, _FOLDER, "Benchmark_2_Bathymetry.txt"))
    wave = table(find(inputs, _FOLDER, "Benchmark_2_input.txt"), 2)
    measured = table(find(inputs, _FOLDER, "OBS_RUNUP.txt"), 8)
    y, heights = measured[:, 1], measured[:, 2:]
    found = _run_up(case, seabed, wave, y)
    for place, row, height in zip(y, heights, found, strict=True):
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
            Series("found", y, found),
        ),
    )


CHECKS = (Check("laboratory-valley", Valley, _benchmark_7),)
