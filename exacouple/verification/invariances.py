"""What must not change: energy, symmetry, and the answer to a turned or rescaled question."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exacouple.engine.mesh import Mesh
from exacouple.engine.solver import Solver
from exacouple.verification.bounds import mass_kept
from exacouple.verification.fields import GRAVITY, Fields, energy, march, sample, subcell_centres
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
Shape = Callable[[Array, Array], Array]

_AMPLIFIED = "rounding of 100 operations a step, one unit in the last place each"
_TIMES = 11


@dataclass(frozen=True)
class Basin:
    """A closed square of 1 m with an island and a hump of water.

    Attributes
    ----------
    orders
        Polynomial degrees.
    cells
        Cells along a side.
    end_time
        When the basin is looked at.
    limiter_depth, dry_tolerance
        Depths of the solver in metres.
    """

    orders: tuple[int, ...]
    cells: int
    end_time: float
    limiter_depth: float
    dry_tolerance: float


def _island(x: Array, y: Array) -> Array:
    """Seabed of the unit square with an island off the middle and a shelf."""
    hill = 1.3 * np.exp(-((x - 0.62) ** 2 + (y - 0.44) ** 2) / 0.02)
    return -1.0 + hill + 0.3 * x * y


def _ring(x: Array, y: Array) -> Array:
    """Seabed with an island in the middle that has the symmetries of the square."""
    a, b = (x - 0.5) ** 2, (y - 0.5) ** 2
    return -1.0 + 1.3 * np.exp(-(a + b) / 0.02) + 8.0 * a * b


def _hump(x: Array, y: Array) -> Array:
    return 0.2 * np.exp(-((x - 0.3) ** 2 + (y - 0.7) ** 2) / 0.01)


def _central_hump(x: Array, y: Array) -> Array:
    return 0.2 * np.exp(-((x - 0.5) ** 2 + (y - 0.5) ** 2) / 0.05)


def _start(
    basin: Basin, seabed: Shape, hump: Shape, order: int, *, unit: float = 1.0, threads: int = 1
) -> Solver:
    """Fill the basin; `unit` is the length that counts as 1."""

    def initial(x: Array, y: Array) -> tuple[Array, Array, Array, Array]:
        b = seabed(x / unit, y / unit)
        h = np.where(b < 0.0, np.maximum(hump(x / unit, y / unit) - b, 0.0), 0.0)
        return h * unit, 0.0 * x, 0.0 * x, b * unit

    return Solver(
        Mesh(0.0, 0.0, unit / basin.cells, basin.cells, basin.cells),
        initial,
        order=order,
        gravity=GRAVITY * unit,
        boundary="wall",
        limiter_depth=basin.limiter_depth * unit,
        dry_tolerance=basin.dry_tolerance * unit,
        threads=threads,
    )


def _points(basin: Basin, order: int) -> tuple[Array, Array]:
    """A row of x and a column of y, in subcells and in units of the basin."""
    x, y = subcell_centres(Mesh(0.0, 0.0, 1.0 / basin.cells, basin.cells, basin.cells), order)
    step = 2 * order + 1
    return x[None, order // 2 :: step], y[order // 2 :: step, None]


def _compare(what: str, found: Fields, expected: Fields, steps: int) -> Measurement:
    """Largest difference of depth and momenta over their largest values."""
    flow = max(np.abs(expected.hu).max(), np.abs(expected.hv).max())
    gap = max(
        np.abs(found.h - expected.h).max() / expected.h.max(),
        np.abs(found.hu - expected.hu).max() / flow,
        np.abs(found.hv - expected.hv).max() / flow,
    )
    return Measurement(what, float(gap), 100.0 * steps * EPSILON, _AMPLIFIED)


def _section(title: str, x: Array, found: Fields, other: Fields, label: str) -> Picture:
    """The middle row of two fields."""
    row = found.eta.shape[0] // 2

    def surface(f: Fields) -> Array:
        return np.where(f.h[row] > 1e-3, f.eta[row], np.nan)

    return Picture(
        title,
        "x (m)",
        "height (m)",
        (
            Series("bed", x[0], found.b[row], "ground"),
            Series(label, x[0], surface(other), "expected"),
            Series("found", x[0], surface(found)),
        ),
    )


def _symmetry(basin: Basin, inputs: Inputs) -> Iterator[Finding]:
    for order in basin.orders:
        solver = march(_start(basin, _ring, _central_hump, order), basin.end_time)
        x, y = _points(basin, order)
        f, m, t = sample(solver, x, y), sample(solver, 1.0 - x, y), sample(solver, y, x)
        mirrored = Fields(m.h, -m.hu, m.hv, m.b, m.eta)
        turned = Fields(t.h, t.hv, t.hu, t.b, t.eta)
        yield _compare(f"order {order}: difference of left and right", mirrored, f, solver.steps)
        yield _compare(f"order {order}: difference of x and y", turned, f, solver.steps)
        yield _section(f"order {order}, t = {basin.end_time:g} s", x, f, mirrored, "mirror image")


def _rotation(basin: Basin, inputs: Inputs) -> Iterator[Finding]:
    """The basin turned by 90 degrees: what was at (x, y) is at (1 - y, x), u is v, v is -u."""
    for order in basin.orders:
        plain = march(_start(basin, _island, _hump, order), basin.end_time)
        turned = march(
            _start(basin, lambda x, y: _island(y, 1.0 - x), lambda x, y: _hump(y, 1.0 - x), order),
            basin.end_time,
        )
        x, y = _points(basin, order)
        f, r = sample(plain, x, y), sample(turned, 1.0 - y, x)
        back = Fields(r.h, r.hv, -r.hu, r.b, r.eta)
        yield _compare(f"order {order}: difference after turning back", back, f, plain.steps)
        yield _section(f"order {order}, t = {basin.end_time:g} s", x, f, back, "turned basin")


def _units(basin: Basin, inputs: Inputs) -> Iterator[Finding]:
    for order in basin.orders:
        metres = march(_start(basin, _island, _hump, order), basin.end_time)
        kilometres = march(_start(basin, _island, _hump, order, unit=1e-3), basin.end_time)
        x, y = _points(basin, order)
        f, k = sample(metres, x, y), sample(kilometres, 1e-3 * x, 1e-3 * y)
        scaled = Fields(1e3 * k.h, 1e6 * k.hu, 1e6 * k.hv, 1e3 * k.b, 1e3 * k.eta)
        what = f"order {order}: difference of metres and kilometres"
        yield _compare(what, scaled, f, metres.steps)
        yield _section(f"order {order}, t = {basin.end_time:g} s", x, f, scaled, "in km")


def _threads(basin: Basin, inputs: Inputs) -> Iterator[Finding]:
    for order in basin.orders:
        x, y = _points(basin, order)
        one, two = (
            sample(
                march(_start(basin, _island, _hump, order, threads=threads), basin.end_time), x, y
            )
            for threads in (1, 2)
        )
        different = sum(int((a != b).sum()) for a, b in zip(one, two, strict=True))
        yield Measurement(
            f"order {order}: values that differ with 1 and 2 threads",
            float(different),
            0.0,
            "the same operations in the same order",
        )
        yield _section(f"order {order}, t = {basin.end_time:g} s", x, one, two, "2 threads")


def _conservation(basin: Basin, inputs: Inputs) -> Iterator[Finding]:
    for order in basin.orders:
        solver = _start(basin, _island, _hump, order)
        rest = energy(_start(basin, _island, lambda x, y: 0.0 * x, order), _island)
        mass, start = solver.mass(), energy(solver, _island) - rest
        times = np.linspace(0.0, basin.end_time, _TIMES)
        energies = [start]
        for t in times[1:]:
            march(solver, float(t))
            energies.append(energy(solver, _island) - rest)
        yield Measurement(
            f"order {order}: largest gain of energy over that of the wave",
            float(np.diff(energies).max()) / start,
            1e-3,
            "energy of the exact solution never grows; 0.1 % for quadrature at the shore",
        )
        yield mass_kept(f"order {order}", abs(solver.mass() / mass - 1.0), solver.steps)
        yield Picture(
            f"order {order}",
            "time (s)",
            "energy of the wave over that at the start",
            (
                Series("start", times, np.ones(_TIMES), "expected"),
                Series("found", times, np.array(energies) / start),
            ),
        )


CHECKS = (
    Check("conservation", Basin, _conservation),
    Check("symmetry", Basin, _symmetry),
    Check("rotation", Basin, _rotation),
    Check("units", Basin, _units),
    Check("threads", Basin, _threads),
)
