"""Short runs that need every kernel, so that all are compiled or loaded, always in one order.

What they need comes in parts. `first_half` and `run_rest` need `CORE` between them, and take the
same time to compile it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from exacouple.engine.packets import Task

Array = NDArray[np.float64]

CORE, SPONGE, MAXIMUM_PRINCIPLE = "core", "sponge", "dmp"
REFINEMENT = "refinement"
_TOO_LONG = 20.0
# Of `CORE`; these and the rest take the same time.
_FIRST_HALF = (
    "sweep", "wave", "couple", "rub", "look again", "look at faces", "wake", "line up",
    "find short", "rub patches",
)  # fmt: skip
PARTS = (CORE, SPONGE, MAXIMUM_PRINCIPLE, REFINEMENT)
"""What every solver needs, and what only those with these terms need."""


def first_half(order: int, precision: str) -> list[Task]:
    """What advances deep elements, and the lesser half of what else a step does."""
    from exacouple.engine.basis import gauss_legendre
    from exacouple.engine.elements import Elements
    from exacouple.engine.limiter import Patches
    from exacouple.engine.mesh import Mesh
    from exacouple.engine.stepping import Stepping
    from exacouple.engine.team import Team

    mesh, basis = Mesh(0.0, 0.0, 1.0, 4, 4), gauss_legendre(order)
    deep = Elements(
        mesh, basis, boundary="wall", precision=precision, gravity=1.0, coriolis=(0.0, 0.0),
        drag=0.0,
    )  # fmt: skip
    stepping = Stepping(
        deep, Patches(basis, mesh.ny, mesh.nx, "wall", "godunov"), Team(1),
        coriolis=np.zeros((mesh.ny + 2, basis.subcells)), depth=1.0, dx=1.0, g=1.0, drag=0.0,
        sea=0.0, dry=0.1,
    )  # fmt: skip
    return [task for name, task in stepping.tasks().items() if name in _FIRST_HALF]


def run_rest(order: int, precision: str) -> None:
    """Take a step with nothing in the place of the `first_half`, which is compiled elsewhere."""
    from numba import njit

    from exacouple.engine import packets

    idle = njit(lambda: None)
    names, known = vars(packets), packets.address_of
    nothing, elsewhere = known(idle, ()), [task[0] for task in first_half(order, precision)]
    names["address_of"] = lambda function, kinds: (
        nothing if function in elsewhere else known(function, kinds)
    )
    try:
        run_all(order, precision, [CORE])
    finally:
        names["address_of"] = known


def run_all(order: int, precision: str, parts: Iterable[str]) -> None:
    """Take a step in which elements of both kinds meet and one is near to being limited.

    It is far too long, so that some subcells cannot give all the water asked of them. A second
    thread is called to do nothing, as the waiting for it is compiled too.
    """
    from exacouple.engine.cf import Axes
    from exacouple.engine.extremes import Extremes
    from exacouple.engine.mesh import Mesh
    from exacouple.engine.solver import Solver

    mesh = Mesh(0.0, 0.0, 1.0, 4, 4)
    solver = Solver(
        mesh,
        _falling,
        order=order,
        gravity=1.0,
        limiter_depth=1.0,
        dry_tolerance=0.1,
        boundary="sponge" if SPONGE in parts else "outflow",
        precision=precision,
        fixed_dt=True,
        threads=2,
        dmp_observables=int(MAXIMUM_PRINCIPLE in parts),
    )
    solver.dt *= _TOO_LONG
    solver.step()
    if CORE in parts:
        Extremes(mesh, Axes(1.0), 0.01).record(solver)
    if REFINEMENT in parts:
        _run_refined(order, precision)


def _run_refined(order: int, precision: str) -> None:
    """Take a step on two levels."""
    from exacouple.engine.levels import RefinedSolver
    from exacouple.engine.mesh import Mesh
    from exacouple.engine.refinement import Refinement

    half = Refinement(rectangles=((0.0, 2.0, 0.0, 4.0),))
    RefinedSolver(
        Mesh(0.0, 0.0, 1.0, 4, 4), _calm, half, order=order, gravity=1.0, boundary="wall",
        precision=precision,
    ).step()  # fmt: skip


def _calm(x: Array, y: Array) -> tuple[Array, Array, Array, Array]:
    """Water at rest, deeper than the limiter depth of 1."""
    zero = np.zeros_like(x)
    return zero + 2.0, zero, zero, zero - 2.0


def _falling(x: Array, y: Array) -> tuple[Array, Array, Array, Array]:
    """Water that runs apart, hardly deeper than the limiter depth of 1, and dry land."""
    zero = np.zeros_like(x)
    h = np.where(x < 1.0, 0.0, 1.0001)
    return h, 0.2 * h * (x - 2.0), zero, np.where(x < 1.0, 1.0, -1.0001)
