"""The mesh that a number of cells means to ExaHyPE, and the time step that follows from it.

ExaHyPE divides a square box into ``3**k`` cells per edge and lets some of them lie outside the
domain: ``N = 3**k - outside_left - outside_right`` along the longest edge. It takes the smallest
``k`` whose cells are not larger than ``maximum_mesh_size``. The time step is

``dt = CFL * PNPM(order) / (2 * sqrt(g * h) / dx)``

with the largest water depth ``h`` at any Gauss-Legendre node and the cell size ``dx``.
"""

import math
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from exacouple.errors import UsageError

CFL = 0.9
PNPM = {2: 0.17, 3: 0.1}
"""Stability factor of the one-step ADER-DG scheme by order (Dumbser et al. 2008)."""

FEWEST_CELLS = 3
MOST_CELLS = 3**9
_DIGITS = 6
_ABOVE_ROUND_OFF = Fraction(1_000_000_001, 1_000_000_000)


@dataclass(frozen=True)
class MeshPlan:
    """A uniform Cartesian mesh of square cells as a specfile has to ask for it.

    Parameters
    ----------
    cells
        Number of cells along x and y.
    cell_size_m
        Edge of a cell in metres.
    outside_left, outside_right
        Cells of ExaHyPE's box that lie outside the domain, per direction.
    maximum_mesh_size_km
        The specfile's ``maximum_mesh_size``: the cell size in km, rounded up.
    """

    cells: tuple[int, int]
    cell_size_m: float
    outside_left: int
    outside_right: int
    maximum_mesh_size_km: float


def plan_mesh(width_km: tuple[float, float], cells: int, *, where: str = "cells") -> MeshPlan:
    """Plan the mesh that has exactly `cells` cells along the longest edge.

    Parameters
    ----------
    width_km
        Width of the domain along x and y in km.
    cells
        Number of cells along the longest edge.
    where
        Start of the error messages.

    Raises
    ------
    UsageError
        `cells` is out of range, or does not divide the shorter edge into whole cells.

    Examples
    --------
    >>> plan = plan_mesh((1798.0, 1798.0), 79)
    >>> plan.outside_left, plan.outside_right, plan.maximum_mesh_size_km
    (1, 1, 22.7595)
    >>> plan_mesh((3000.0, 2000.0), 78).cells
    (78, 52)
    """
    if not FEWEST_CELLS <= cells <= MOST_CELLS:
        raise UsageError(
            f"{where}: {cells} cells along the longest edge: give {FEWEST_CELLS} to {MOST_CELLS}"
        )
    exact = (Fraction(str(width_km[0])), Fraction(str(width_km[1])))
    size = max(exact) / cells
    counts = (exact[0] / size, exact[1] / size)
    if any(count.denominator != 1 for count in counts):
        raise UsageError(f"{where}: {_uneven(exact, cells)}")
    power = 1
    while 3**power < cells + 2:
        power += 1
    outside = 3**power - cells
    return MeshPlan(
        cells=(int(counts[0]), int(counts[1])),
        cell_size_m=float(size * 1000),
        outside_left=outside // 2,
        outside_right=outside - outside // 2,
        maximum_mesh_size_km=_rounded_up(size),
    )


def node_coordinates(
    offset_m: float, cells: int, cell_size_m: float, order: int
) -> NDArray[np.float64]:
    """Return the coordinates in metres of all Gauss-Legendre nodes along one direction.

    Parameters
    ----------
    offset_m
        Lower edge of the domain.
    cells, cell_size_m
        Number and size of the cells.
    order
        Polynomial order; a cell has ``order + 1`` nodes.

    Returns
    -------
    ndarray of shape (cells * (order + 1),), ascending.
    """
    nodes = (np.polynomial.legendre.leggauss(order + 1)[0] + 1.0) / 2.0
    starts = offset_m + cell_size_m * np.arange(cells)
    return (starts[:, None] + cell_size_m * nodes[None, :]).ravel()


def time_step(cell_size_m: float, depth_m: float, gravity: float, order: int) -> float:
    """Return the time step in seconds for water at rest that is `depth_m` deep.

    Examples
    --------
    >>> round(time_step(71920.0, 4950.0, 9.81, 2), 4)
    24.9674
    """
    return CFL * PNPM[order] * cell_size_m / (2.0 * math.sqrt(gravity * depth_m))


def _uneven(width_km: tuple[Fraction, Fraction], cells: int) -> str:
    """Say which numbers of cells divide both edges."""
    ratio = max(width_km) / min(width_km)
    unit = ratio.numerator
    edges = f"{float(width_km[0]):g} x {float(width_km[1]):g} km"
    message = f"{cells} cells along the longest edge do not divide {edges} into square cells"
    if unit > MOST_CELLS:
        return f"{message}: choose edges whose ratio is a simple fraction"
    below, above = cells // unit * unit, (cells // unit + 1) * unit
    near = " or ".join(str(count) for count in (below, above) if count >= FEWEST_CELLS)
    return f"{message}: give a multiple of {unit}, for example {near}"


def _rounded_up(size_km: Fraction) -> float:
    """Round up to 6 digits, so that the engine's own round-off cannot ask for a finer mesh."""
    size = size_km * _ABOVE_ROUND_OFF
    value = Decimal(size.numerator) / Decimal(size.denominator)
    quantum = Decimal(1).scaleb(value.adjusted() + 1 - _DIGITS)
    return float(value.quantize(quantum, rounding=ROUND_CEILING))
