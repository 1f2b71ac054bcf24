"""The open boundary, and the earth's rotation."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exacouple.engine.mesh import Mesh
from exacouple.engine.solver import Solver
from exacouple.verification.bounds import rate
from exacouple.verification.convergence import OPTIMAL, STEADY, study
from exacouple.verification.fields import GRAVITY, march, quadrature, sample
from exacouple.verification.results import (
    Check,
    Finding,
    Inputs,
    Measurement,
    Picture,
    Series,
    rates,
)

Array = NDArray[np.float64]

LEAVES = "requirement of this project: less than 1 % comes back"
# Largest stable time step over that of the finite-volume scheme, by order.
_SHARE = {1: 0.33, 2: 0.17, 3: 0.1, 4: 0.069}


@dataclass(frozen=True)
class Ocean:
    """A flat ocean with a wave 1 m high; SI units.

    Attributes
    ----------
    orders
        Polynomial degrees.
    cells
        Cells along a side.
    half_width
        Half the side of the ocean.
    depth
        Depth.
    wave_width
        Length over which the wave falls to 1 / e.
    """

    orders: tuple[int, ...]
    cells: int
    half_width: float
    depth: float
    wave_width: float

    @property
    def celerity(self) -> float:
        """Speed of long waves."""
        return float(np.sqrt(GRAVITY * self.depth))


@dataclass(frozen=True)
class Turning:
    """Flows on a turning earth, SI units.

    Attributes
    ----------
    orders
        Polynomial degrees.
    depth, coriolis
        Depth and Coriolis parameter.
    steps
        Steps per period of the inertial circle, of each run.
    cells
        Cells across the jet of each mesh.
    jet_width, jet_speed, jet_time
        The jet in balance: width of a period, speed, and time to run.
    """

    orders: tuple[int, ...]
    depth: float
    coriolis: float
    steps: tuple[int, ...]
    cells: tuple[int, ...]
    jet_width: float
    jet_speed: float
    jet_time: float


def _start(ocean: Ocean, order: int, times: int = 1, *, plane: bool = False) -> Solver:
    """Start an ocean `times` as wide with a hump in the middle, or with a wave towards x."""

    def initial(x: Array, y: Array) -> tuple[Array, Array, Array, Array]:
        zero = np.zeros_like(x)
        eta = np.exp(-(x**2 + (0.0 if plane else 1.0) * y**2) / ocean.wave_width**2)
        h = ocean.depth + eta
        u = 2.0 * (np.sqrt(GRAVITY * h) - ocean.celerity) if plane else zero
        return h, h * u, zero, zero - ocean.depth

    half, cells = times * ocean.half_width, times * ocean.cells
    return Solver(
        Mesh(-half, -half, 2.0 * half / cells, cells, cells),
        initial,
        order=order,
        gravity=GRAVITY,
        boundary="outflow",
        limiter_depth=0.025 * ocean.depth,
    )


def _inside(solver: Solver, ring: int) -> Array:
    """Nodal eta, hu, hv without a ring of cells at the boundary."""
    return solver.nodal()[ring:-ring, ring:-ring]


def _wave_energy(solver: Solver, depth: float, waves: Array) -> float:
    """Energy over density of nodal eta, hu, hv in the flat ocean."""
    nodes = quadrature(Mesh(0.0, 0.0, solver.mesh.dx, 1, 1), solver.order + 1)[2]
    eta, p, q = np.moveaxis(waves, 2, 0)
    return float((nodes * 0.5 * (GRAVITY * eta**2 + (p**2 + q**2) / depth)).sum())


def _outflow(ocean: Ocean, inputs: Inputs) -> Iterator[Finding]:
    """What comes back from the boundary is the difference to a run in a larger ocean."""
    ring = 3
    for order in ocean.orders:
        times = np.linspace(0.0, 3.4 * ocean.half_width / ocean.celerity, 35)
        small, large = _start(ocean, order), _start(ocean, order, 3)
        sent = _wave_energy(large, ocean.depth, _inside(large, 1))
        returned = [0.0]
        for t in times[1:]:
            march(small, float(t))
            march(large, float(t))
            gap = _inside(small, ring) - _inside(large, ocean.cells + ring)
            returned.append(_wave_energy(small, ocean.depth, gap) / sent)
        yield Measurement(
            f"order {order}: energy of a circular wave that comes back over that sent out",
            max(returned),
            0.01,
            LEAVES,
        )
        yield Picture(
            f"circular wave, order {order}",
            "time (s)",
            "energy that came back, over that sent out",
            (
                Series("bound", times, np.full(times.size, 0.01), "expected"),
                Series("found", times[1:], returned[1:]),
            ),
            scale="log y",
        )
        wave = march(_start(ocean, order, plane=True), 2.0 * ocean.half_width / ocean.celerity)
        place = np.linspace(-0.8, 0.8, 39) * ocean.half_width
        yield Measurement(
            f"order {order}: elevation of a plane wave that is left over the wave's",
            float(np.abs(sample(wave, place, 0.0).eta).max()),
            0.01,
            LEAVES,
        )


def _inertial_errors(case: Turning, order: int, steps_per_period: int) -> Array:
    """Errors of hu and hv over h u0 after a period, with flat water that turns all at once."""
    period = 2.0 * np.pi / case.coriolis
    wave = np.sqrt(GRAVITY * case.depth)
    width = period / steps_per_period * 2.0 * wave / (0.9 * _SHARE[order])

    def initial(x: Array, y: Array) -> tuple[Array, Array, Array, Array]:
        zero = np.zeros_like(x)
        return zero + case.depth, zero + case.depth, zero, zero - case.depth

    solver = Solver(
        Mesh(0.0, 0.0, width, 4, 4),
        initial,
        order=order,
        gravity=GRAVITY,
        boundary="periodic",
        limiter_depth=0.025 * case.depth,
        coriolis=(case.coriolis, 0.0),
    )
    march(solver, period)
    f = sample(solver, np.array([1.5 * width]), 1.5 * width)
    return np.array([abs(f.hu[0] / case.depth - 1.0), abs(f.hv[0] / case.depth)])


def _geostrophic_errors(case: Turning, order: int, cells: int) -> Array:
    """L2 errors of h and hu of a jet in balance, h eta_y g = -f h u."""
    wave = 2.0 * np.pi / case.jet_width

    def exact(y: Array) -> tuple[Array, Array]:
        rise = case.coriolis * case.jet_speed / (GRAVITY * wave)
        h = case.depth + rise * np.cos(wave * y)
        return h, h * case.jet_speed * np.sin(wave * y)

    def initial(x: Array, y: Array) -> tuple[Array, Array, Array, Array]:
        h, p = exact(y)
        return h, p, np.zeros_like(x), np.full_like(x, -case.depth)

    solver = Solver(
        Mesh(0.0, 0.0, case.jet_width / cells, 2, cells),
        initial,
        order=order,
        gravity=GRAVITY,
        boundary="periodic",
        limiter_depth=0.025 * case.depth,
        coriolis=(case.coriolis, 0.0),
    )
    march(solver, case.jet_time)
    _, y, area = quadrature(solver.mesh, order + 1)
    f = sample(solver, np.array([0.5 * solver.mesh.dx]), y[:, None])
    weights = area.sum(axis=1)
    h, p = exact(y)
    return np.array(
        [np.sqrt(weights @ (f.h[:, 0] - h) ** 2), np.sqrt(weights @ (f.hu[:, 0] - p) ** 2)]
    )


def _rotation(case: Turning, inputs: Inputs) -> Iterator[Finding]:
    for order in case.orders:
        errors = np.array([_inertial_errors(case, order, steps) for steps in case.steps])
        span = " to ".join(str(case.steps[k]) for k in (0, -1))
        what = f"inertial circle, order {order}, {span} steps"
        for name, power in zip(("hu", "hv"), rates(errors, case.steps), strict=True):
            yield rate(f"{what}: rate of {name}", power, order + 0.9, OPTIMAL)
        errors = np.array([_geostrophic_errors(case, order, cells) for cells in case.cells])
        what = f"geostrophic jet, order {order}"
        yield from study(what, case.cells, errors, ("h", "hu"), order + 0.5, STEADY)


CHECKS = (
    Check("outflow", Ocean, _outflow),
    Check("coriolis", Turning, _rotation),
)
