"""Run a solver and look at its solution through its public interface."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from exacouple.engine.basis import gauss_legendre
from exacouple.engine.initial import Initial
from exacouple.engine.levels import RefinedSolver
from exacouple.engine.mesh import Mesh
from exacouple.engine.solver import Solver

Array = NDArray[np.float64]
AnySolver = Solver | RefinedSolver
S = TypeVar("S", Solver, RefinedSolver, AnySolver)
GRAVITY = 9.81


class Fields(NamedTuple):
    """Depth, momenta, seabed and surface at points, in the shape of the points."""

    h: Array
    hu: Array
    hv: Array
    b: Array
    eta: Array


class Depths(Protocol):
    """Settings with the depths of a solver, in metres."""

    @property
    def limiter_depth(self) -> float:
        """Water less deep is limited."""

    @property
    def dry_tolerance(self) -> float:
        """Water less deep does not move."""


def closed_basin(
    mesh: Mesh, initial: Initial, order: int, depths: Depths, **settings: Any
) -> Solver:
    """Start a solver with walls along the edges of its mesh."""
    return Solver(
        mesh,
        initial,
        order=order,
        gravity=GRAVITY,
        boundary="wall",
        limiter_depth=depths.limiter_depth,
        dry_tolerance=depths.dry_tolerance,
        **settings,
    )


def march(solver: S, until: float, look: Callable[[], None] | None = None) -> S:
    """Advance to a time, calling `look` before the first and after every step."""
    if look:
        look()
    while solver.time < until:
        solver.step(until)
        if look:
            look()
    return solver


def sample(solver: AnySolver, x: Array, y: Array | float) -> Fields:
    """Sample the solution at points; `x` and `y` are broadcast against each other."""
    x, y = np.broadcast_arrays(np.asarray(x, dtype=float), np.asarray(y, dtype=float))
    values = [solver.sample(float(a), float(b)) for a, b in zip(x.ravel(), y.ravel(), strict=True)]
    return Fields(*np.array(values).T.reshape(5, *x.shape))


def channel(x0: float, x1: float, cells: int, rows: int = 1) -> Mesh:
    """Lay a mesh along x that is `rows` cells wide, from y = 0."""
    return Mesh(x0, 0.0, (x1 - x0) / cells, cells, rows)


def middle(mesh: Mesh) -> float:
    """Give the y of the middle of a mesh's first row, where channels are sampled."""
    return mesh.y0 + 0.5 * mesh.dx


def quadrature(mesh: Mesh, points: int) -> tuple[Array, Array, Array]:
    """Give points and weights of a Gauss-Legendre rule in every cell.

    Returns
    -------
    x, y
        Coordinates, shapes ``(nx * points,)`` and ``(ny * points,)``.
    weights
        Area of each point, shape ``(ny * points, nx * points)``.
    """
    basis = gauss_legendre(points - 1)
    x = (mesh.x0 + (np.arange(mesh.nx)[:, None] + basis.nodes) * mesh.dx).ravel()
    y = (mesh.y0 + (np.arange(mesh.ny)[:, None] + basis.nodes) * mesh.dx).ravel()
    along = np.tile(basis.weights, mesh.nx) * mesh.dx
    across = np.tile(basis.weights, mesh.ny) * mesh.dx
    return x, y, across[:, None] * along


def subcell_quadrature(mesh: Mesh, order: int, points: int) -> tuple[Array, Array, Array]:
    """Give a rule as `quadrature` does, over each of the (2 N + 1)^2 subcells of every cell."""
    parts = 2 * order + 1
    fine = Mesh(mesh.x0, mesh.y0, mesh.dx / parts, mesh.nx * parts, mesh.ny * parts)
    return quadrature(fine, points)


def subcell_centres(mesh: Mesh, order: int) -> tuple[Array, Array]:
    """Give the centres of the subcells, shapes ``(nx * M,)`` and ``(ny * M,)``, M = 2 N + 1.

    There a limited element's average is the value to second order.
    """
    x, y, _ = subcell_quadrature(mesh, order, 1)
    return x, y


def energy(solver: Solver, seabed: Callable[[Array, Array], Array]) -> float:
    """Energy of the water over density, the integral of g (eta^2 - b^2) / 2 + h (u^2 + v^2) / 2.

    Parameters
    ----------
    solver
        Where the water is.
    seabed
        The function of x and y that the solver was started with.
    """
    mesh, n = solver.mesh, solver.order + 1
    x, y, area = quadrature(mesh, n)
    deep = np.repeat(np.repeat(~solver.limited, n, axis=0), n, axis=1)
    eta, p, q = (
        np.moveaxis(values, 2, 1).reshape(deep.shape)
        for values in np.moveaxis(solver.nodal(), 2, 0)
    )
    b = seabed(*np.meshgrid(x, y))
    depth = np.where(deep, eta - b, 1.0)
    density = 0.5 * solver.gravity * (eta**2 - b**2) + 0.5 * (p**2 + q**2) / depth
    total = float((area * np.where(deep, density, 0.0)).sum())
    parts = 2 * solver.order + 1
    offsets = (np.arange(parts) + 0.5) / parts * mesh.dx
    for row, col in np.argwhere(solver.limited):
        left, low = mesh.x0 + col * mesh.dx, mesh.y0 + row * mesh.dx
        f = sample(solver, left + offsets, (low + offsets)[:, None])
        kinetic = 0.5 * (f.hu**2 + f.hv**2) / np.where(f.h > 0.0, f.h, 1.0)
        potential = 0.5 * solver.gravity * f.h * (f.eta + f.b)
        total += float((kinetic + potential).mean() * mesh.dx**2)
    return total
