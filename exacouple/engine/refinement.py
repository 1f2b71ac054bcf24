"""Which elements of a mesh are cut 3:1: what is asked for, kept off or drawn to the coast."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exacouple.engine.mesh import Mesh
from exacouple.errors import UsageError

Mask = NDArray[np.bool_]

MARGIN = 1
"""Elements around limited ones that are treated like them where coarse and fine elements meet."""


@dataclass(frozen=True)
class Refinement:
    """What is to be refined, in the specfile's unit of length.

    Attributes
    ----------
    rectangles
        Each xmin, xmax, ymin, ymax.
    corridors
        Stripes along straight lines, each x and y of both ends and half the width.
    coast
        Refine all limited elements (coast, shallow water, open boundary) and two elements around
        them too.
    """

    rectangles: tuple[tuple[float, float, float, float], ...] = ()
    corridors: tuple[tuple[float, float, float, float, float], ...] = ()
    coast: bool = False

    def __post_init__(self) -> None:
        for name in ("rectangles", "corridors"):
            for values in getattr(self, name):
                if not all(math.isfinite(value) for value in values):
                    raise UsageError(f"{name} must be finite numbers, got {list(values)}")
        for x0, x1, y0, y1 in self.rectangles:
            if not (x0 < x1 and y0 < y1):
                raise UsageError(
                    "a rectangle must be [xmin, xmax, ymin, ymax] with xmin < xmax and ymin < "
                    f"ymax, got {[x0, x1, y0, y1]}"
                )
        for corridor in self.corridors:
            if not corridor[4] > 0.0:
                raise UsageError(
                    "a corridor must be [x, y, x, y, half width] with a positive half width, got "
                    f"{list(corridor)}"
                )
        if not (self.rectangles or self.corridors or self.coast):
            raise UsageError("refinement asks for nothing: give rectangles, corridors or coast")

    def asked(self, mesh: Mesh) -> Mask:
        """Elements whose middle lies in a rectangle or a corridor, shape ``(ny, nx)``."""
        x, column = mesh.cell_centers
        y = column[:, None]
        found = np.zeros((mesh.ny, mesh.nx), dtype=np.bool_)
        for x0, x1, y0, y1 in self.rectangles:
            found |= (x > x0) & (x < x1) & (y > y0) & (y < y1)
        for x0, y0, x1, y1, half in self.corridors:
            length = math.hypot(x1 - x0, y1 - y0) or 1.0
            along = ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length
            nearest = np.clip(along, 0.0, length) / length
            away = np.hypot(x - x0 - nearest * (x1 - x0), y - y0 - nearest * (y1 - y0))
            found |= away < half
        return found

    def choose(self, mesh: Mesh, limited: Mask) -> Mask:
        """Elements to be cut, shape ``(ny, nx)``.

        Parameters
        ----------
        mesh
            The coarse elements.
        limited
            Which of them are limited throughout, in whole or in part once they are cut.

        Raises
        ------
        UsageError
            There are none.
        """
        chosen = self.asked(mesh)
        if self.coast:
            chosen |= grown(limited, MARGIN + 1)
        if not chosen.any():
            raise UsageError(
                "nothing is refined: what is asked for holds no middle of a cell; ask for a larger "
                "part"
            )
        return chosen


def grown(mask: Mask, by: int) -> Mask:
    """Add to a mask all elements up to some rows and columns away."""
    for axis in range(2):
        wide = np.pad(mask, [(by, by) if a == axis else (0, 0) for a in range(2)])
        parts = [np.roll(wide, shift, axis) for shift in range(-by, by + 1)]
        inner = tuple(slice(by, -by) if a == axis else slice(None) for a in range(2))
        mask = np.logical_or.reduce(parts)[inner]
    return mask


def faces_beside(absent: NDArray[np.bool_], *, periodic: bool) -> NDArray[np.int64]:
    """Row, column (from 1) and side of the elements beside absent ones, shape ``(faces, 3)``."""
    padded = np.pad(absent, 1, mode="wrap" if periodic else "constant")
    beyond = (padded[1:-1, :-2], padded[1:-1, 2:], padded[:-2, 1:-1], padded[2:, 1:-1])
    found = np.argwhere(np.stack(beyond, axis=2) & ~absent[:, :, None])
    return found + np.array([1, 1, 0])


def straightened(refined: Mask, near: Mask, *, periodic: bool) -> Mask:
    """Refine more where an element would meet the other level both as a limited and a deep one.

    Parameters
    ----------
    refined
        Elements to be cut.
    near
        Elements that meet the other level as limited ones, as does what they meet.
    periodic
        Whether the domain is.
    """
    refined = refined.copy()
    while True:
        faces = _Faces(refined, near, periodic=periodic)
        both = [
            faces.deep & np.isin(ends, ends[~faces.deep]) for ends in (faces.wholes, faces.parts)
        ]
        more = faces.places[both[0] | both[1]]
        if not len(more):
            return refined
        refined[more[:, 0], more[:, 1]] = True


def limited_faces(refined: Mask, near: Mask, *, periodic: bool) -> tuple[Mask, Mask]:
    """Coarse and fine elements that meet the other level as limited ones.

    Parameters are those of `straightened`; shapes ``(ny, nx)`` and ``(3 ny, 3 nx)``.
    """
    faces = _Faces(refined, near, periodic=periodic)
    coarse = np.zeros(refined.shape, dtype=np.bool_)
    fine = np.zeros((3 * refined.shape[0], 3 * refined.shape[1]), dtype=np.bool_)
    coarse[tuple(faces.places[~faces.deep].T)] = True
    for (row, column), side in zip(
        faces.beyond[~faces.deep], faces.sides[~faces.deep], strict=True
    ):
        edge = 2 * (1 - side % 2)
        if side < 2:
            fine[3 * row : 3 * row + 3, 3 * column + edge] = True
        else:
            fine[3 * row + edge, 3 * column : 3 * column + 3] = True
    return coarse, fine


class _Faces:
    """Faces between coarse and refined elements.

    Attributes
    ----------
    places, beyond
        Row and column, from 0, of the coarse element and of the refined one, ``(faces, 2)``.
    sides
        Side of the coarse element.
    deep
        Whether both sides are deep.
    wholes, parts
        Number of the coarse element, and of the refined one.
    """

    def __init__(self, refined: Mask, near: Mask, *, periodic: bool) -> None:
        faces = faces_beside(refined, periodic=periodic)
        steps = np.array([[0, -1], [0, 1], [-1, 0], [1, 0]])
        self.sides = faces[:, 2]
        self.places = faces[:, :2] - 1
        self.beyond = (self.places + steps[self.sides]) % refined.shape
        self.deep = ~(near[tuple(self.places.T)] | near[tuple(self.beyond.T)])
        self.wholes, self.parts = (
            ends @ [refined.shape[1], 1] for ends in (self.places, self.beyond)
        )
