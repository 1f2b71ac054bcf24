"""The initial state at the nodes and subcells of the elements."""

from collections.abc import Callable

import numpy as np

from exacouple.engine.basis import Array, Basis
from exacouple.engine.mesh import Mesh

# Gives h, hu, hv, b at points x, y: arrays of one shape.
Initial = Callable[[Array, Array], tuple[Array, Array, Array, Array]]


def evaluate(initial: Initial, mesh: Mesh, points: Array) -> list[Array]:
    """Initial h, hu, hv, b at points of each element, shape ``(ny, nx, points, points)``.

    The last two axes are y and x within the element; ``points`` are positions in [0, 1].
    """
    x = mesh.x0 + (np.arange(mesh.nx)[:, None] + points) * mesh.dx
    y = mesh.y0 + (np.arange(mesh.ny)[:, None] + points) * mesh.dx
    shape = (mesh.ny, mesh.nx, points.size, points.size)
    grid_x = np.broadcast_to(x[None, :, None, :], shape).ravel()
    grid_y = np.broadcast_to(y[:, None, :, None], shape).ravel()
    return [np.asarray(v, dtype=float).reshape(shape) for v in initial(grid_x, grid_y)]


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
