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
from typing import Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from exacouple.cases.asagi import interpolate
from exacouple.errors import UsageError

CFL = 0.9
PNPM = {1: 0.33, 2: 0.17, 3: 0.1, 4: 0.069, 5: 0.045, 6: 0.038, 7: 0.03, 8: 0.02, 9: 0.015}
"""Stability factor of the one-step ADER-DG scheme by order (Dumbser et al. 2008)."""

OutsideCells = Literal["any", "one"]

FEWEST_CELLS = 3
MOST_CELLS = 3**9
_NODES_AT_ONCE = 4_000_000
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

    @property
    def longest(self) -> int:
        """Number of cells along the longest edge."""
        return max(self.cells)

    @property
    def origin(self) -> str:
        """Where the number of cells comes from, such as ``3^4 - 1 - 1``."""
        box = self.longest + self.outside_left + self.outside_right
        return f"3^{round(math.log(box, 3))} - {self.outside_left} - {self.outside_right}"


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


def nearest_mesh(
    width_km: tuple[float, float], cells: int, outside_cells: OutsideCells = "any"
) -> MeshPlan:
    """Plan the reachable mesh whose number of cells along the longest edge is nearest to `cells`.

    Parameters
    ----------
    width_km
        Width of the domain along x and y in km.
    cells
        Wanted number of cells along the longest edge.
    outside_cells
        "any" reaches every number that gives square cells; "one" leaves one cell per side outside,
        so that only 3^k - 2 cells are reachable.

    Raises
    ------
    UsageError
        `cells` is out of range, or no mesh of square cells fits the domain.

    Examples
    --------
    >>> nearest_mesh((1980.0, 2970.0), 80).cells
    (54, 81)
    >>> nearest_mesh((1798.0, 1798.0), 100, "one").cells
    (79, 79)
    """
    unit = _square_unit(width_km)
    if not FEWEST_CELLS <= cells <= MOST_CELLS or unit > MOST_CELLS:
        return plan_mesh(width_km, cells)
    if outside_cells == "any":
        near = {max(1, cells // unit) * unit, (cells // unit + 1) * unit}
        reachable = [number for number in near if FEWEST_CELLS <= number <= MOST_CELLS]
    else:
        powers = (3**power - 2 for power in range(2, 10))
        reachable = [number for number in powers if number % unit == 0]
    if not reachable:
        raise UsageError(
            f"a domain of {width_km[0]:g} x {width_km[1]:g} km has no mesh of 3^k - 2 square "
            f"cells, which must be a multiple of {unit}: choose another width"
        )
    return plan_mesh(width_km, min(reachable, key=lambda number: (abs(number - cells), number)))


def cells_of_box(
    width: tuple[float, float], maximum_mesh_size: float, outside_left: int, outside_right: int
) -> MeshPlan:
    """Return the mesh that ExaHyPE makes of these keys of a specfile.

    Parameters
    ----------
    width
        Width of the domain in km.
    maximum_mesh_size
        Largest cell that is allowed, in km.
    outside_left, outside_right
        Cells of the box outside the domain.

    Raises
    ------
    UsageError
        There is no such mesh of a sound size.

    Examples
    --------
    >>> cells_of_box((1798.0, 1798.0), 80.0, 1, 1).cells
    (25, 25)
    """
    longest = max(width)
    outside = outside_left + outside_right
    for power in range(1, 10):
        inside = 3**power - outside
        if inside > 0 and longest / inside <= maximum_mesh_size:
            size = longest / inside
            across = [max(1, math.ceil(edge / size - 1e-9)) for edge in width]
            return MeshPlan(
                (across[0], across[1]), 1000.0 * size, outside_left, outside_right, size
            )
    raise UsageError(f"maximum_mesh_size {maximum_mesh_size:g}: no mesh of up to 3^9 cells")


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


def deepest_water(
    bathymetry: xr.DataArray, corner_m: tuple[float, float], mesh: MeshPlan, order: int
) -> float:
    """Return the largest water depth in metres at any node of a mesh; not positive on dry land.

    Parameters
    ----------
    bathymetry
        Dims (y, x), metres, positive up.
    corner_m
        Lower left corner of the domain in metres.
    mesh, order
        Mesh and polynomial order.
    """
    x, y = (
        node_coordinates(edge, cells, mesh.cell_size_m, order)
        for edge, cells in zip(corner_m, mesh.cells, strict=True)
    )
    rows = max(1, _NODES_AT_ONCE // x.size)
    strips = (y[start : start + rows] for start in range(0, y.size, rows))
    return -min(float(interpolate(bathymetry, x, strip).min()) for strip in strips)


def time_step(cell_size_m: float, depth_m: float, gravity: float, order: int) -> float:
    """Return the time step in seconds for water at rest that is `depth_m` deep.

    Examples
    --------
    >>> round(time_step(71920.0, 4950.0, 9.81, 2), 4)
    24.9674
    """
    return CFL * PNPM[order] * cell_size_m / (2.0 * math.sqrt(gravity * depth_m))


def _square_unit(width_km: tuple[float, float]) -> int:
    """Return the smallest number of cells along the longest edge that gives square cells."""
    exact = [Fraction(str(edge)) for edge in width_km]
    return (max(exact) / min(exact)).numerator


def _uneven(width_km: tuple[Fraction, Fraction], cells: int) -> str:
    """Say which numbers of cells divide both edges."""
    unit = (max(width_km) / min(width_km)).numerator
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
