"""Coarse and fine elements side by side: nothing may tell where they meet."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np
from numpy.typing import NDArray

from exacouple.engine.interfaces import RATIO
from exacouple.engine.levels import RefinedSolver
from exacouple.engine.mesh import Mesh
from exacouple.engine.refinement import Refinement
from exacouple.verification.bounds import mass_kept
from exacouple.verification.convergence import OPTIMAL, Wave, study, wave_errors
from exacouple.verification.fields import (
    GRAVITY,
    channel,
    march,
    middle,
    sample,
    subcell_centres,
)
from exacouple.verification.invariances import Basin
from exacouple.verification.rest import Coasts, Lake, at_rest, coast_of, islands
from exacouple.verification.results import Check, Finding, Inputs, Measurement, Picture, Series

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Pulse:
    """A small pulse that runs along a channel of two halves, of which one is refined.

    Attributes
    ----------
    orders
        Polynomial degrees.
    cells
        Coarse cells along the channel.
    length, depth, amplitude, width
        Of the channel and of the pulse (a Gaussian's standard deviation), in metres.
    """

    orders: tuple[int, ...]
    cells: int
    length: float
    depth: float
    amplitude: float
    width: float


def _part(width: float, height: float) -> Callable[..., RefinedSolver]:
    """Start with the right upper part refined."""
    part = Refinement(rectangles=((0.45 * width, 0.95 * width, 0.3 * height, 0.8 * height),))
    return partial(RefinedSolver, refinement=part)


def _islands(lake: Lake, inputs: Inputs) -> Iterator[Finding]:
    mesh = Mesh(0.0, 0.0, 1.0 / lake.cells[0], *lake.cells)
    for order, boundary in product(lake.orders, lake.boundaries):
        what = f"order {order}, {boundary}, {lake.steps} steps"
        yield from at_rest(what, mesh, islands, order, boundary, lake, _part(1.0, 1.0))


def _coasts(sea: Coasts, inputs: Inputs) -> Iterator[Finding]:
    for coast in sea.coasts:
        width, height, seabed = coast_of(coast)
        mesh = Mesh(0.0, 0.0, min(width / sea.cells[0], height / sea.cells[1]), *sea.cells)
        for order, boundary in product(sea.orders, sea.boundaries):
            what = f"{coast.name}, order {order}, {boundary}, {sea.steps} steps"
            yield from at_rest(what, mesh, seabed, order, boundary, sea, _part(width, height))


def _waves(wave: Wave, inputs: Inputs) -> Iterator[Finding]:
    middle_part = Refinement(rectangles=((0.25, 0.75, 0.25, 0.75),))
    start = partial(RefinedSolver, refinement=middle_part)
    for key, cells in wave.cells.items():
        order = int(key)
        errors = np.array([wave_errors(wave, order, n, start) for n in cells])
        yield from study(f"order {order}", cells, errors, ("h", "hu", "hv"), order + 0.9, OPTIMAL)


def _pulses(pulse: Pulse, inputs: Inputs) -> Iterator[Finding]:
    mesh = channel(0.0, pulse.length, pulse.cells, 4)
    speed = np.sqrt(GRAVITY * pulse.depth)
    for order, (name, sign) in product(pulse.orders, (("into", 1.0), ("out of", -1.0))):
        place = (0.5 - 0.2 * sign) * pulse.length

        def initial(
            x: Array, y: Array, place: float = place, sign: float = sign
        ) -> tuple[Array, Array, Array, Array]:
            rise = pulse.amplitude * np.exp(-0.5 * ((x - place) / pulse.width) ** 2)
            zero = np.zeros_like(x)
            return pulse.depth + rise, sign * speed * rise, zero, zero - pulse.depth

        half = Refinement(rectangles=((0.5 * pulse.length, pulse.length, 0.0, pulse.length),))
        solver = RefinedSolver(
            mesh, initial, half, order=order, gravity=GRAVITY, boundary="wall",
            limiter_depth=0.1 * pulse.depth,
        )  # fmt: skip
        march(solver, 0.4 * pulse.length / speed)
        x = subcell_centres(mesh, order)[0]
        eta = sample(solver, x, middle(mesh)).eta / pulse.amplitude
        behind = sign * (x - (0.5 - 0.05 * sign) * pulse.length) < 0.0
        yield Measurement(
            f"order {order}, {name} the fine half: what comes back over the pulse",
            float(np.abs(eta[behind]).max()),
            0.01,
            "less than 1 % of an outgoing tsunami may come back, as at an open boundary",
        )
        yield Picture(
            f"order {order}, {name} the fine half",
            "x (m)",
            "surface over height of the pulse",
            (Series("found", x, eta),),
        )


def _basin(basin: Basin, inputs: Inputs) -> Iterator[Finding]:
    mesh = Mesh(0.0, 0.0, 1.0 / basin.cells, basin.cells, basin.cells)

    def initial(x: Array, y: Array) -> tuple[Array, Array, Array, Array]:
        b = -1.0 + 1.3 * np.exp(-((x - 0.42) ** 2 + (y - 0.44) ** 2) / 0.02) + 0.3 * x * y
        hump = 0.2 * np.exp(-((x - 0.3) ** 2 + (y - 0.7) ** 2) / 0.01)
        h = np.where(b < 0.0, np.maximum(hump - b, 0.0), 0.0)
        return h, 0.0 * x, 0.0 * x, b

    for order in basin.orders:
        one, two = (
            _part(1.0, 1.0)(
                mesh, initial, order=order, gravity=GRAVITY, boundary="wall",
                limiter_depth=basin.limiter_depth, dry_tolerance=basin.dry_tolerance,
                threads=threads,
            )
            for threads in (1, 2)
        )  # fmt: skip
        mass = one.mass()
        for solver in (one, two):
            march(solver, basin.end_time)
        yield mass_kept(
            f"order {order}",
            abs(one.mass() / mass - 1.0),
            RATIO * one.steps,
            "rounding: one unit in the last place a fine step",
        )
        other = two.state()
        yield Measurement(
            f"order {order}: values that differ with 1 and 2 threads",
            float(sum((values != other[name]).sum() for name, values in one.state().items())),
            0.0,
            "the same operations in the same order",
        )


CHECKS = (
    Check("refinement-islands", Lake, _islands),
    Check("refinement-coasts", Coasts, _coasts),
    Check("refinement-wave", Wave, _waves),
    Check("refinement-pulse", Pulse, _pulses),
    Check("refinement-basin", Basin, _basin),
)
