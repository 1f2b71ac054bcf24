"""Water at rest stays at rest, over islands and over real coasts.

Rounding alone may move it: by not more than one unit in the last place of the depth a step.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from exacouple.engine.mesh import Mesh
from exacouple.engine.solver import Solver
from exacouple.verification.bounds import ROUNDING
from exacouple.verification.fields import GRAVITY, AnySolver, sample, subcell_centres
from exacouple.verification.results import (
    EPSILON,
    Check,
    Finding,
    Inputs,
    Measurement,
    Picture,
    Series,
)

Array = NDArray[np.float64]
Seabed = Callable[[Array, Array], Array]

_KM = 1e3
_KM_PER_DEGREE = 111.0


@dataclass(frozen=True)
class Lake:
    """A basin with islands.

    Attributes
    ----------
    orders
        Polynomial degrees.
    steps
        Time steps.
    cells
        Cells along x and y.
    level, limiter_depth, dry_tolerance
        Height of the water, and depths of the solver, in metres.
    boundaries
        Boundaries that each order is run with.
    """

    orders: tuple[int, ...]
    steps: int
    cells: tuple[int, int]
    level: float
    limiter_depth: float
    dry_tolerance: float
    boundaries: tuple[str, ...]


@dataclass(frozen=True)
class Coast:
    """A window of an embedded grid; west, east, south, north in degrees."""

    name: str
    grid: str
    window: tuple[float, float, float, float]


@dataclass(frozen=True)
class Coasts(Lake):
    """Seas along real coasts."""

    coasts: tuple[Coast, ...]


def islands(x: Array, y: Array) -> Array:
    """Seabed with an island, shoals and a cliff on the unit square."""
    hill = 1.6 * np.exp(-((x - 0.4) ** 2 + (y - 0.5) ** 2) / 0.02)
    return -1.0 + hill + 0.4 * np.sin(9.0 * x) * np.cos(7.0 * y) + 0.3 * (x > 0.8)


def coast_of(coast: Coast) -> tuple[float, float, Seabed]:
    """Width and height of a window in metres, and its seabed; plane, not projected."""
    from scipy.interpolate import RegularGridInterpolator

    from exacouple.bathymetry.grid import Bounds, embedded_grids, read_window

    west, east, south, north = coast.window
    bounds = Bounds(west=west, east=east, south=south, north=north)
    grid = read_window(embedded_grids()[coast.grid], bounds)
    place = RegularGridInterpolator(
        (grid["lat"].to_numpy(), grid["lon"].to_numpy()), grid.to_numpy().astype(float)
    )
    across = _KM_PER_DEGREE * _KM
    along = across * np.cos(np.radians(0.5 * (south + north)))

    def seabed(x: Array, y: Array) -> Array:
        return np.asarray(place(np.stack([south + y / across, west + x / along], axis=-1)))

    return (east - west) * along, (north - south) * across, seabed


def at_rest(
    what: str,
    mesh: Mesh,
    seabed: Seabed,
    order: int,
    boundary: str,
    lake: Lake,
    start: Callable[..., AnySolver] = Solver,
) -> Iterator[Finding]:
    """Fill a basin and measure what has moved after the steps; `start` makes the solver."""

    def initial(x: Array, y: Array) -> tuple[Array, Array, Array, Array]:
        b = seabed(x, y)
        zero = np.zeros_like(x)
        return np.maximum(lake.level - b, 0.0), zero, zero, b

    solver = start(
        mesh,
        initial,
        order=order,
        boundary=boundary,
        sea_level=lake.level,
        gravity=GRAVITY,
        limiter_depth=lake.limiter_depth,
        dry_tolerance=lake.dry_tolerance,
    )
    mass = solver.mass()
    for _ in range(lake.steps):
        solver.step()
    x, y = subcell_centres(mesh, order)
    every = order + 1
    f = sample(solver, x[None, ::every], y[::every, None])
    wet = f.h > 0.0
    deepest = float(f.h.max())
    momentum = max(np.abs(f.hu).max(), np.abs(f.hv).max()) / np.sqrt(GRAVITY * deepest)
    for quantity, error in (
        ("surface over depth", float(np.abs(f.eta[wet] - lake.level).max()) / deepest),
        ("momentum over h sqrt(g h)", float(momentum) / deepest),
        ("change of mass", abs(solver.mass() / mass - 1.0)),
    ):
        yield Measurement(f"{what}: {quantity}", error, lake.steps * EPSILON, ROUNDING)
    row = y.size // every // 2
    section = np.where(wet[row], f.eta[row] - lake.level, np.nan) / deepest
    yield Picture(
        what,
        f"x ({'km' if mesh.dx > _KM else 'm'})",
        "surface less its level, over depth",
        (Series("found", x[::every] / (_KM if mesh.dx > _KM else 1.0), section),),
    )


def _over_islands(lake: Lake, inputs: Inputs) -> Iterator[Finding]:
    for order, boundary in product(lake.orders, lake.boundaries):
        mesh = Mesh(0.0, 0.0, 1.0 / lake.cells[0], *lake.cells)
        what = f"order {order}, {boundary}, {lake.steps} steps"
        yield from at_rest(what, mesh, islands, order, boundary, lake)


def _over_coasts(lake: Coasts, inputs: Inputs) -> Iterator[Finding]:
    for coast in lake.coasts:
        width, height, seabed = coast_of(coast)
        dx = min(width / lake.cells[0], height / lake.cells[1])
        for order, boundary in product(lake.orders, lake.boundaries):
            mesh = Mesh(0.0, 0.0, dx, *lake.cells)
            what = f"{coast.name}, order {order}, {boundary}, {lake.steps} steps"
            yield from at_rest(what, mesh, seabed, order, boundary, lake)


CHECKS = (
    Check("rest-islands", Lake, _over_islands),
    Check("rest-coasts", Coasts, _over_coasts),
)
