"""The initial state at the nodes and subcells of the elements."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from exacouple.engine.basis import Array, Basis
from exacouple.engine.mesh import Mesh

# Points that are evaluated at once.
STRIP = 1 << 19

# Gives h, hu, hv, b at points x, y: arrays of one shape.
Initial = Callable[[Array, Array], tuple[Array, Array, Array, Array]]


def strips(rows: int, points: int) -> Iterator[tuple[int, int]]:
    """Cut a number of rows into strips (first, end) of about `STRIP` of their ``points``."""
    height = max(1, STRIP // points)
    for first in range(0, rows, height):
        yield first, min(first + height, rows)


def evaluate(initial: Initial, mesh: Mesh, points: Array, first: int, last: int) -> list[Array]:
    """Initial h, hu, hv, b at points of the elements of the rows ``first`` to ``last - 1``.

    Shape ``(last - first, nx, points, points)``: the last two axes are y and x within the element;
    ``points`` are positions in [0, 1].
    """
    x = mesh.x0 + (np.arange(mesh.nx)[:, None] + points) * mesh.dx
    y = mesh.y0 + (np.arange(first, last)[:, None] + points) * mesh.dx
    shape = (last - first, mesh.nx, points.size, points.size)
    grid_x = np.broadcast_to(x[None, :, None, :], shape).ravel()
    grid_y = np.broadcast_to(y[:, None, :, None], shape).ravel()
    return [np.asarray(v, dtype=float).reshape(shape) for v in initial(grid_x, grid_y)]


def at_open_edge(mesh: Mesh, boundary: str, first: int, last: int) -> NDArray[np.bool_]:
    """Elements of the rows ``first`` to ``last - 1`` at an open boundary, shape ``(rows, nx)``."""
    edge = np.zeros((last - first, mesh.nx), dtype=np.bool_)
    if boundary in ("outflow", "sponge"):
        edge[:, [0, -1]] = True
        edge[np.isin(np.arange(first, last), [0, mesh.ny - 1])] = True
    return edge


def least_depth(basis: Basis, h: Array, fine: Array) -> Array:
    """Least depth of each element at its nodes and subcells and on its faces, ``(ny, nx)``.

    Parameters
    ----------
    h, fine
        Depth at the nodes and at the centres of the subcells, as from `evaluate`.
    """
    ends = np.stack([basis.left, basis.right])
    across_x = np.einsum("si,yxji->yxjs", ends, h)
    across_y = np.einsum("sj,yxji->yxsi", ends, h)
    candidates = (h, fine, across_x, across_y)
    least: Array = np.min([values.min(axis=(2, 3)) for values in candidates], axis=0)
    return least


def limited_elements(
    initial: Initial, mesh: Mesh, basis: Basis, boundary: str, depth: float
) -> NDArray[np.bool_]:
    """Elements that are limited throughout, shape ``(ny, nx)``: shallow, or at an open boundary.

    Parameters
    ----------
    depth
        Depth up to which they are.
    """
    limited = at_open_edge(mesh, boundary, 0, mesh.ny)
    centres = (np.arange(basis.subcells) + 0.5) / basis.subcells
    for first, last in strips(mesh.ny, mesh.nx * basis.subcells**2):
        nodal, fine = (
            evaluate(initial, mesh, points, first, last)[0] for points in (basis.nodes, centres)
        )
        limited[first:last] |= ~(least_depth(basis, nodal, fine) > depth)
    return limited
