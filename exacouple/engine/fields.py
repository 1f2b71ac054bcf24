"""The solution as averages over equal subcells, a few rows of elements at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from exacouple.engine.blocks import by_element
from exacouple.engine.initial import strips

if TYPE_CHECKING:
    from exacouple.engine.solver import Solver

Array = NDArray[np.float64]

NAMES = ("h", "hu", "hv", "b", "eta")


def subcell_strips(solver: Solver) -> Iterator[tuple[int, Array]]:
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
        parts = _patchwork(solver, first, last)
        rows = parts.transpose(2, 0, 3, 1, 4)
        yield first * m, rows.reshape(len(NAMES), (last - first) * m, mesh.nx * m)


def strip_rows(solver: Solver) -> int:
    """Rows of subcells in each strip but the last."""
    m = solver.basis.subcells
    return next(last - first for first, last in strips(solver.mesh.ny, solver.mesh.nx * m**2)) * m


def _patchwork(solver: Solver, first: int, last: int) -> Array:
    """Subcells of the elements of some rows, shape ``(rows, nx, 5, M, M)``."""
    basis, patches, columns = solver.basis, solver.patches, solver.mesh.nx
    nodes, m = (basis.order + 1) ** 2, basis.subcells
    project = np.kron(basis.to_subcells, basis.to_subcells).T
    u, bed = (
        by_element(values[first : last + 2], nodes, columns) @ project for values in solver.elements
    )
    eta, hu, hv, b = u[:, :, 0], u[:, :, 1], u[:, :, 2], bed[:, :, 0]
    result = np.stack([eta - b, hu, hv, b, eta], axis=2).reshape(last - first, columns, 5, m, m)
    row, column = patches.cells[:, 0] - 1, patches.cells[:, 1] - 1
    inside = (row >= first) & (row < last)
    w, ground = patches.w[inside], patches.bed[inside]
    limited = np.stack([w[:, 0], w[:, 1], w[:, 2], ground, w[:, 0] + ground], axis=1)
    result[row[inside] - first, column[inside]] = limited
    return result
