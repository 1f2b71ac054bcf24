"""The uniform Cartesian mesh that ExaHyPE lays over a specfile's domain."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exacouple.errors import UsageError

_COARSEST_POWER = 1
_ROUND_OFF = 1e-11


@dataclass(frozen=True)
class Mesh:
    """Square cells over a rectangle, numbered from the lower left corner.

    Parameters
    ----------
    x0, y0
        Lower left corner of the domain, in the specfile's length unit (km upstream).
    dx
        Edge of a cell, same unit.
    nx, ny
        Number of cells along x and y.
    """

    x0: float
    y0: float
    dx: float
    nx: int
    ny: int

    def __post_init__(self) -> None:
        if not (math.isfinite(self.x0) and math.isfinite(self.y0)):
            raise UsageError(f"mesh offset ({self.x0}, {self.y0}) is not finite")
        if not (math.isfinite(self.dx) and self.dx > 0.0):
            raise UsageError(f"cell size {self.dx} must be a positive number")
        if self.nx < 1 or self.ny < 1:
            raise UsageError(f"a mesh of {self.nx} x {self.ny} cells has no cells")

    @property
    def x1(self) -> float:
        """Right edge of the domain."""
        return self.x0 + self.nx * self.dx

    @property
    def y1(self) -> float:
        """Upper edge of the domain."""
        return self.y0 + self.ny * self.dx

    @property
    def cells(self) -> int:
        """Number of cells in all."""
        return self.nx * self.ny

    @property
    def cell_centers(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Coordinates of the cell centres: ``x`` of shape (nx,) and ``y`` of shape (ny,)."""
        x = self.x0 + (np.arange(self.nx, dtype=np.float64) + 0.5) * self.dx
        y = self.y0 + (np.arange(self.ny, dtype=np.float64) + 0.5) * self.dx
        return x, y

    def locate(self, x: float, y: float) -> tuple[int, int]:
        """Indices ``(ix, iy)`` of the cell that holds a point; the domain's edges belong to it.

        Raises
        ------
        UsageError
            If the point lies outside the domain or is not finite.

        Examples
        --------
        >>> Mesh(x0=-1.0, y0=0.0, dx=0.5, nx=4, ny=2).locate(0.6, 1.0)
        (3, 1)
        """
        if not (self.x0 <= x <= self.x1 and self.y0 <= y <= self.y1):
            raise UsageError(
                f"point ({x:g}, {y:g}) is outside the domain "
                f"x {self.x0:g} to {self.x1:g}, y {self.y0:g} to {self.y1:g}"
            )
        ix = min(max(math.floor((x - self.x0) / self.dx), 0), self.nx - 1)
        iy = min(max(math.floor((y - self.y0) / self.dx), 0), self.ny - 1)
        return ix, iy


def cut_mesh(mesh: Mesh) -> Mesh:
    """Mesh of all cells cut 3:1.

    Examples
    --------
    >>> cut_mesh(Mesh(x0=-1.0, y0=0.0, dx=3.0, nx=4, ny=2))
    Mesh(x0=-1.0, y0=0.0, dx=1.0, nx=12, ny=6)
    """
    return Mesh(mesh.x0, mesh.y0, mesh.dx / 3, 3 * mesh.nx, 3 * mesh.ny)


def mesh_from_spec(
    offset: tuple[float, float],
    width: tuple[float, float],
    maximum_mesh_size: float,
    *,
    outside_cells_left: int = 1,
    outside_cells_right: int = 1,
) -> Mesh:
    """Mesh that ExaHyPE 1 chooses for a domain.

    The bounding box has ``3**k`` cells a side, of which the outside cells are cut off, so that the
    longest edge of the domain holds ``3**k - left - right`` cells. ``k`` is the smallest positive
    number for which the cells are no larger than `maximum_mesh_size`. The shorter edge is
    extended to whole cells.

    Parameters
    ----------
    offset, width
        Lower left corner and size ``(x, y)`` of the domain.
    maximum_mesh_size
        Largest edge of a cell allowed, same unit.
    outside_cells_left, outside_cells_right
        Cells of the bounding box left and right of the domain.

    Raises
    ------
    UsageError
        If a length is not positive and finite, or the number of cells cannot be represented.

    Examples
    --------
    >>> mesh = mesh_from_spec((-499.0, -949.0), (1798.0, 1798.0), 23.0)
    >>> mesh.nx, mesh.ny, round(mesh.dx, 4)
    (79, 79, 22.7595)
    """
    for name, value in (("width", width[0]), ("width", width[1])):
        if not (math.isfinite(value) and value > 0.0):
            raise UsageError(f"{name} {value} must be a positive number")
    if not (math.isfinite(maximum_mesh_size) and maximum_mesh_size > 0.0):
        raise UsageError(f"maximum_mesh_size {maximum_mesh_size} must be a positive number")
    if outside_cells_left < 0 or outside_cells_right < 0:
        raise UsageError("outside_cells_left and outside_cells_right must not be negative")

    longest = max(width)
    outside = outside_cells_left + outside_cells_right
    power = _COARSEST_POWER
    while (inside := 3**power - outside) < 1 or longest / inside > maximum_mesh_size:
        power += 1
        if power > 20:
            raise UsageError(
                f"maximum_mesh_size {maximum_mesh_size:g} is too small for a domain of {longest:g}"
            )
    dx = longest / inside
    nx, ny = (max(1, math.ceil(edge / dx - _ROUND_OFF)) for edge in width)
    return Mesh(x0=offset[0], y0=offset[1], dx=dx, nx=nx, ny=ny)
