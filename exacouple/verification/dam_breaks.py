"""Dam breaks on a dry bed and into shallower water, and a bore that a wall throws back."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from exacouple.engine.solver import Solver
from exacouple.verification.bounds import errors_and_rates, mass_kept
from exacouple.verification.fields import (
    GRAVITY,
    Fields,
    channel,
    closed_basin,
    march,
    middle,
    sample,
    subcell_centres,
)
from exacouple.verification.results import (
    Check,
    Finding,
    Inputs,
    Measurement,
    Picture,
    Series,
    rates,
)
from exacouple.verification.solutions.dam_breaks import bore, bore_off_wall, ritter, stoker

Array = NDArray[np.float64]

_FIRST_ORDER = "order 1, the best in L1 at a shock or kink (Teng and Zhang 1997), less 0.1"
_MONOTONE = "no new extrema; 1 % for the slack of the maximum principle (Dumbser et al. 2014)"
_CONSERVATION = "conservation (Lax and Wendroff 1960): within one cell"
_PLATEAU = "conservation (Lax and Wendroff 1960): to 1 %"


@dataclass(frozen=True)
class Dam:
    """A dam of depth 1 m at the middle of a channel of 10 m.

    Attributes
    ----------
    orders
        Polynomial degrees.
    cells
        Cells along the channel of each mesh.
    right
        Depth of the water on the other side; 0 for a dry bed.
    limiter_depth
        Depth of the solver; above 1 every element is limited.
    times
        First and last time at which errors are taken; their mean over six times counts, since
        the error swings with the place of the bore in its cell.
    """

    orders: tuple[int, ...]
    cells: tuple[int, ...]
    right: float
    limiter_depth: float
    times: tuple[float, float]
    dry_tolerance: float = 1e-5

    def exact(self, x: Array, t: float) -> tuple[Array, Array]:
        """Depth and velocity."""
        if self.right == 0.0:
            return ritter(x, t, depth=1.0, gravity=GRAVITY)
        return stoker(x, t, left=1.0, right=self.right, gravity=GRAVITY)


@dataclass(frozen=True)
class Wall:
    """A flow of some depth and velocity that meets a wall, in a channel of 20 m."""

    orders: tuple[int, ...]
    cells: int
    depth: float
    velocity: float
    end_time: float
    limiter_depth: float
    dmp_observables: int
    dry_tolerance: float = 1e-5


class _Run(NamedTuple):
    solver: Solver
    mass_error: float
    errors: Array
    x: Array
    fields: Fields


def _run(dam: Dam, order: int, cells: int) -> _Run:
    """Break the dam; errors of h and hu are relative to 1 m and sqrt(g) m^(3/2)."""

    def initial(x: Array, y: Array) -> tuple[Array, Array, Array, Array]:
        zero = np.zeros_like(x)
        return np.where(x < 0.0, 1.0, dam.right), zero, zero, zero

    mesh = channel(-5.0, 5.0, cells)
    solver = closed_basin(mesh, initial, order, dam, dmp_observables=2)
    mass = solver.mass()
    x, _ = subcell_centres(mesh, order)
    errors = []
    for t in np.linspace(*dam.times, 6):
        march(solver, float(t))
        f = sample(solver, x, middle(mesh))
        h, u = dam.exact(x, float(t))
        errors.append([np.mean(abs(f.h - h)), np.mean(abs(f.hu - h * u)) / np.sqrt(GRAVITY)])
    return _Run(solver, abs(solver.mass() / mass - 1.0), np.mean(errors, axis=0), x, f)


def _dam_break(dam: Dam, inputs: Inputs) -> Iterator[Finding]:
    for order in dam.orders:
        runs = [_run(dam, order, cells) for cells in dam.cells]
        finest = runs[-1]
        what = f"order {order}"
        powers = rates([run.errors for run in runs], dam.cells)
        yield from errors_and_rates(what, finest.errors, powers, 0.9, _FIRST_ORDER)
        yield mass_kept(what, finest.mass_error, finest.solver.steps)
        if dam.right == 0.0:
            least = float(finest.fields.h.min())
            yield Measurement(
                f"{what}: least depth", least, 0.0, "depth is never negative", at_least=True
            )
        else:
            yield from _bore(dam, what, finest)
        yield _picture(f"{what}, {dam.cells[-1]} cells, t = {dam.times[1]:g} s", dam, finest)


def _bore(dam: Dam, what: str, run: _Run) -> Iterator[Measurement]:
    exact = bore(1.0, dam.right, gravity=GRAVITY)
    h, cell, t = run.fields.h, run.solver.mesh.dx, run.solver.time
    front = exact.speed * t
    place = float(run.x[np.flatnonzero(h > 0.5 * (exact.depth + dam.right))[-1]])
    fan = (exact.velocity - np.sqrt(GRAVITY * exact.depth)) * t
    plateau = h[(run.x > fan + 5.0 * cell) & (run.x < front - 5.0 * cell)]
    yield from _front(what, (place - front) / cell, plateau, exact.depth)
    beyond = max(float(h.max()) - 1.0, dam.right - float(h.min()))
    yield Measurement(
        f"{what}: overshoot over the step", beyond / (1.0 - dam.right), 0.01, _MONOTONE
    )


def _front(what: str, cells_off: float, behind: Array, depth: float) -> Iterator[Measurement]:
    """Place of a bore, and the depth that it leaves behind."""
    yield Measurement(f"{what}: place of the bore, cells", abs(cells_off), 1.0, _CONSERVATION)
    error = float(abs(behind.mean() / depth - 1.0))
    yield Measurement(f"{what}: mean depth behind the bore, relative", error, 0.01, _PLATEAU)


def _picture(title: str, dam: Dam, run: _Run) -> Picture:
    exact = dam.exact(run.x, run.solver.time)[0]
    lines = (Series("exact", run.x, exact, "expected"), Series("found", run.x, run.fields.h))
    return Picture(title, "x (m)", "depth (m)", lines)


def _off_wall(wall: Wall, inputs: Inputs) -> Iterator[Finding]:
    exact = bore_off_wall(wall.depth, wall.velocity, gravity=GRAVITY)

    def initial(x: Array, y: Array) -> tuple[Array, Array, Array, Array]:
        zero = np.zeros_like(x)
        return zero + wall.depth, zero + wall.depth * wall.velocity, zero, zero

    for order in wall.orders:
        mesh = channel(-20.0, 0.0, wall.cells)
        solver = closed_basin(mesh, initial, order, wall, dmp_observables=wall.dmp_observables)
        march(solver, wall.end_time)
        x, _ = subcell_centres(mesh, order)
        h = sample(solver, x, middle(mesh)).h
        front = -exact.speed * wall.end_time
        place = float(x[(x > -10.0) & (h > 0.5 * (wall.depth + exact.depth))][0])
        behind = h[(x > front + 5.0 * mesh.dx) & (x < -5.0 * mesh.dx)]
        yield from _front(f"order {order}", (place - front) / mesh.dx, behind, exact.depth)
        right = x > -10.0
        known = np.where(x[right] > front, exact.depth, wall.depth)
        yield Picture(
            f"order {order}, t = {wall.end_time:g} s",
            "x (m)",
            "depth (m)",
            (Series("exact", x[right], known, "expected"), Series("found", x[right], h[right])),
        )


CHECKS = (
    Check("dam-break-dry", Dam, _dam_break),
    Check("dam-break-volumes", Dam, _dam_break),
    Check("dam-break-limited", Dam, _dam_break),
    Check("dam-break-strong", Dam, _dam_break),
    Check("bore-wall", Wall, _off_wall),
)
