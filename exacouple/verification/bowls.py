"""Thacker's oscillations in a parabolic bowl, with a shoreline that moves all the time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from exacouple.engine.mesh import Mesh
from exacouple.engine.solver import Solver
from exacouple.verification.bounds import MOVING_SHORE, mass_kept, mean_errors, rate
from exacouple.verification.fields import GRAVITY, closed_basin, march, sample, subcell_centres
from exacouple.verification.results import Check, Finding, Inputs, Picture, Series, rates
from exacouple.verification.solutions.bowls import Bowl, PlanarSurface, RadialSurface

Array = NDArray[np.float64]
Wave = PlanarSurface | RadialSurface


@dataclass(frozen=True)
class Oscillation:
    """Water in a bowl, in a square of four radii.

    Attributes
    ----------
    cells
        Cells along the square of each mesh, by order.
    periods
        Periods to run.
    depth, radius
        Depth of the water at rest and radius of its shoreline, in metres.
    swing
        Shift of the plane's circle, or radius of the paraboloid at the start, in metres.
    limiter_depth, dry_tolerance
        Depths of the solver in metres.
    """

    cells: dict[str, tuple[int, ...]]
    periods: float
    depth: float
    radius: float
    swing: float
    limiter_depth: float
    dry_tolerance: float

    @property
    def bowl(self) -> Bowl:
        """Where it happens."""
        return Bowl(depth=self.depth, radius=self.radius, gravity=GRAVITY)


class _Run(NamedTuple):
    errors: Array
    mass_error: float
    solver: Solver


def _run(wave: Wave, case: Oscillation, order: int, cells: int) -> _Run:
    """Mean errors of h, hu, hv over the mean depth and the mean depth times sqrt(g h0)."""
    bowl = case.bowl
    mesh = Mesh(-2.0 * bowl.radius, -2.0 * bowl.radius, 4.0 * bowl.radius / cells, cells, cells)

    def initial(x: Array, y: Array) -> tuple[Array, Array, Array, Array]:
        h, u, v = wave(x, y, 0.0)
        return h, h * u, h * v, bowl.seabed(x, y)

    solver = closed_basin(mesh, initial, order, case)
    mass = solver.mass()
    march(solver, case.periods * wave.period)
    x, y = subcell_centres(mesh, order)
    x, y = x[None, 1::3], y[1::3, None]
    f = sample(solver, x, y)
    h, u, v = wave(x, y, solver.time)
    flow = np.sqrt(GRAVITY * bowl.depth)
    gaps = (f.h - h, (f.hu - h * u) / flow, (f.hv - h * v) / flow)
    errors = np.array([np.mean(abs(gap)) for gap in gaps]) / h.mean()
    return _Run(errors, abs(solver.mass() / mass - 1.0), solver)


def _oscillate(
    wave_of: Callable[[Oscillation], Wave],
) -> Callable[[Oscillation, Inputs], Iterator[Finding]]:
    def run(case: Oscillation, inputs: Inputs) -> Iterator[Finding]:
        wave = wave_of(case)
        for key, cells in case.cells.items():
            runs = [_run(wave, case, int(key), n) for n in cells]
            finest = runs[-1]
            what = f"order {key}, {cells[-1]} cells, t = {case.periods:g} T"
            yield from mean_errors(what, finest.errors, ("h", "hu", "hv"))
            power = rates([r.errors for r in runs], cells)[0]
            yield rate(f"{what}: rate of h", power, 0.9, MOVING_SHORE)
            yield mass_kept(what, finest.mass_error, finest.solver.steps)
            yield _section(f"order {key}, t = {case.periods:g} T", wave, finest.solver)

    return run


def _section(title: str, wave: Wave, solver: Solver) -> Picture:
    """The surface along y = 0."""
    x = subcell_centres(solver.mesh, solver.order)[0]
    y = np.full_like(x, 1e-6)
    f, h, ground = sample(solver, x, y), wave(x, y, solver.time)[0], wave.bowl.seabed(x, y)
    near = abs(x) < 1.7 * wave.bowl.radius
    surface = np.where(f.h > 1e-4 * wave.bowl.depth, f.eta, np.nan)
    exact = np.where(h > 0.0, ground + h, np.nan)
    return Picture(
        title,
        "x (m)",
        "height (m)",
        (
            Series("bed", x[near], ground[near], "ground"),
            Series("exact", x[near], exact[near], "expected"),
            Series("found", x[near], surface[near]),
        ),
    )


CHECKS = (
    Check(
        "bowl-planar",
        Oscillation,
        _oscillate(lambda case: PlanarSurface(case.bowl, shift=case.swing)),
    ),
    Check(
        "bowl-radial",
        Oscillation,
        _oscillate(lambda case: RadialSurface(case.bowl, start_radius=case.swing)),
    ),
)
