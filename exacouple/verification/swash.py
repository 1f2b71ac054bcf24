"""The tongue of water that a bore sends up a beach: a dam break on ground that rises."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from exacouple.verification.bounds import MOVING_SHORE, analytic, errors_and_rates, mass_kept
from exacouple.verification.fields import (
    GRAVITY,
    channel,
    closed_basin,
    march,
    middle,
    sample,
    subcell_centres,
)
from exacouple.verification.results import Check, Finding, Inputs, Picture, Series, rates
from exacouple.verification.solutions.dam_breaks import ritter_uphill

Array = NDArray[np.float64]

# The channel over the height to which the tip climbs, and the part that no wall has reached.
_FROM, _TO, _COMPARED = -5.0, 1.25, -1.0
_LOOKS = 60


@dataclass(frozen=True)
class Tongue:
    """Water that breaks loose at the foot of a beach; SI units.

    Attributes
    ----------
    orders
        Polynomial degrees.
    cells
        Cells along the channel of each mesh.
    depth, slope
        Depth of the water, and slope of the ground.
    film
        Least depth that counts as run-up.
    limiter_depth, dry_tolerance
        Depths of the solver.
    """

    orders: tuple[int, ...]
    cells: tuple[int, ...]
    depth: float
    slope: float
    film: float
    limiter_depth: float
    dry_tolerance: float

    @property
    def celerity(self) -> float:
        """Speed of long waves in the water before it breaks loose."""
        return float(np.sqrt(GRAVITY * self.depth))

    @property
    def turning(self) -> float:
        """Time at which the tip turns back."""
        return 2.0 * self.celerity / (GRAVITY * self.slope)

    @property
    def highest(self) -> float:
        """Highest ground over which the water is as deep as the film."""
        speed = 2.0 * self.celerity - 3.0 * float(np.sqrt(GRAVITY * self.film))
        return speed**2 / (2.0 * GRAVITY)


class _Run(NamedTuple):
    errors: Array
    run_up: float
    mass_error: float
    steps: int
    picture: Picture


def _run(case: Tongue, order: int, cells: int) -> _Run:
    """Errors of h and hu when the tip is half its time on the way up, and the run-up."""
    way = 2.0 * case.depth / case.slope
    mesh = channel(_FROM * way, _TO * way, cells)

    def initial(x: Array, y: Array) -> tuple[Array, Array, Array, Array]:
        zero = np.zeros_like(x)
        return np.where(x < 0.0, case.depth, 0.0), zero, zero, case.slope * x

    solver = closed_basin(mesh, initial, order, case, dmp_observables=2)
    mass = solver.mass()
    x, _ = subcell_centres(mesh, order)
    x = x[x > _COMPARED * way]
    at = 0.5 * case.turning
    f = sample(march(solver, at), x, middle(mesh))
    h, u = ritter_uphill(x, at, depth=case.depth, slope=case.slope, gravity=GRAVITY)
    gaps = (f.h - h, (f.hu - h * u) / case.celerity)
    errors = np.array([np.mean(abs(gap)) for gap in gaps]) / case.depth
    ground = case.slope * x
    picture = Picture(
        f"order {order}, {cells} cells, t = {at:.2f} s",
        "x (m)",
        "depth (m)",
        (Series("exact", x, h, "expected"), Series("found", x, f.h)),
    )
    run_up = 0.0
    for t in np.linspace(at, 1.1 * case.turning, _LOOKS):
        wet = sample(march(solver, float(t)), x, middle(mesh)).h > case.film
        run_up = max(run_up, float(ground[wet].max()))
    return _Run(errors, run_up, abs(solver.mass() / mass - 1.0), solver.steps, picture)


def _climb(case: Tongue, inputs: Inputs) -> Iterator[Finding]:
    for order in case.orders:
        runs = [_run(case, order, cells) for cells in case.cells]
        finest, what = runs[-1], f"order {order}"
        powers = rates([run.errors for run in runs], case.cells)
        yield from errors_and_rates(what, finest.errors, powers, 0.9, MOVING_SHORE)
        yield analytic(
            f"{what}: run-up of {1e3 * case.film:g} mm of water, relative",
            abs(finest.run_up / case.highest - 1.0),
        )
        yield mass_kept(what, finest.mass_error, finest.steps)
        yield finest.picture


CHECKS = (Check("run-up-swash", Tongue, _climb),)
