"""The solution as averages over equal subcells, a few rows of elements at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from exacouple.engine.blocks import by_element
from exacouple.engine.initial import strips

if TYPE_CHECKING:
    from exacouple.engine.basis import Basis
    from exacouple.engine.limiter import Patches
    from exacouple.engine.mesh import Mesh

Array = NDArray[np.float64]

NAMES = ("h", "hu", "hv", "b", "eta")


class Solution(Protocol):
    """What outputs of the whole domain need of a solver, on its finest elements."""

    mesh: Mesh
    basis: Basis
    time: float

    def survey(self, wet: float, height: Array, speed: Array, depth: Array) -> None:
        """Give greatest eta and squared speed and mean depth of all elements, ``(ny, nx)``."""

    def subcells(self, first: int, last: int) -> Array:
        """Give the subcells of the elements of some rows, shape ``(rows, nx, 5, M, M)``."""


def subcell_strips(solver: Solution) -> Iterator[tuple[int, Array]]:
    """Averages over the M x M subcells of all elements, M = 2 N + 1, from the lowest row up.

    Limited elements give the subcells that they consist of, the others the averages of their
    polynomials: nothing is interpolated, and the mean of each element is that of the solution.

    Yields
    ------
    int
        Number of the first row of subcells.
    array
        h, hu, hv, b and eta, shape ``(5, rows, nx M)``. All strips but the last have as many rows.
    """
    mesh, m = solver.mesh, solver.basis.subcells
    for first, last in strips(mesh.ny, mesh.nx * m**2):
        parts = solver.subcells(first, last)
        rows = parts.transpose(2, 0, 3, 1, 4)
        yield first * m, rows.reshape(len(NAMES), (last - first) * m, mesh.nx * m)


def strip_rows(solver: Solution) -> int:
    """Rows of subcells in each strip but the last."""
    m = solver.basis.subcells
    return next(last - first for first, last in strips(solver.mesh.ny, solver.mesh.nx * m**2)) * m


def patchwork(
    basis: Basis, columns: int, u: Array, bed: Array, patches: Patches, first: int, last: int
) -> Array:
    """Subcells of the elements of some rows, shape ``(rows, nx, 5, M, M)``.

    Parameters
    ----------
    basis, columns
        Nodes of an element, number of elements along x.
    u, bed
        Nodal eta, hu, hv and seabed, see `exacouple.engine.blocks`.
    patches
        The limited elements.
    first, last
        The rows ``first`` to ``last - 1``.
    """
    nodes, m = (basis.order + 1) ** 2, basis.subcells
    project = np.kron(basis.to_subcells, basis.to_subcells).T
    averages, ground = (
        by_element(values[first : last + 2], nodes, columns) @ project for values in (u, bed)
    )
    eta, hu, hv, b = averages[:, :, 0], averages[:, :, 1], averages[:, :, 2], ground[:, :, 0]
    result = np.stack([eta - b, hu, hv, b, eta], axis=2).reshape(last - first, columns, 5, m, m)
    row, column = patches.cells[:, 0] - 1, patches.cells[:, 1] - 1
    inside = (row >= first) & (row < last)
    w, ground = patches.w[inside], patches.bed[inside]
    limited = np.stack([w[:, 0], w[:, 1], w[:, 2], ground, w[:, 0] + ground], axis=1)
    result[row[inside] - first, column[inside]] = limited
    return result
