"""Sea floor and water that rise together while the earthquake goes on."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from exacouple.engine.basis import Array, Basis
from exacouple.engine.blocks import get_elements, set_elements
from exacouple.engine.limiter import FREE, Patches
from exacouple.engine.machine import require_memory
from exacouple.engine.mesh import Mesh
from exacouple.engine.motion import Motion

_MOST_FRAMES = 4
"""Fields that are held at once: at two times of the file, and at both ends of a step."""


class MovingFloor:
    """The part of a solver's sea floor that moves.

    The water rides on it: its depth stays, so that mass is conserved, and its surface is raised.

    Parameters
    ----------
    motion
        Displacement in time.
    mesh, basis
        Elements and their nodes and subcells.
    present
        Which elements there are, shape ``(ny, nx)``.
    """

    def __init__(
        self, motion: Motion, mesh: Mesh, basis: Basis, present: NDArray[np.bool_]
    ) -> None:
        self._motion = motion
        (left, right), (low, high) = motion.rectangle
        rows = _span((low - mesh.y0) / mesh.dx, (high - mesh.y0) / mesh.dx, mesh.ny)
        columns = _span((left - mesh.x0) / mesh.dx, (right - mesh.x0) / mesh.dx, mesh.nx)
        self._cells = np.array(
            [(row, column) for row in rows for column in columns], dtype=np.int64
        )
        self._cells = self._cells.reshape(-1, 2)
        self._cells = self._cells[present[self._cells[:, 0], self._cells[:, 1]]]
        per_cell = basis.nodes.size**2 + basis.subcells**2
        require_memory(8 * _MOST_FRAMES * per_cell * len(self._cells), f"motion of {motion.path}")
        centres = (np.arange(basis.subcells) + 0.5) / basis.subcells
        self._points = tuple(_points(mesh, self._cells, part) for part in (basis.nodes, centres))
        self._nodes = basis.nodes.size**2
        self._frames: dict[int, list[Array]] = {}

    def lift(self, u: Array, bed: Array, patches: Patches, start: float, end: float) -> None:
        """Move the sea floor, and the water on it, from one time to another.

        Parameters
        ----------
        u, bed
            Nodal eta, p, q and seabed of the elements, see `exacouple.engine.blocks`.
        patches
            The limited elements.
        start, end
            The times, s.
        """
        if start >= self._motion.end or not len(self._cells):
            return
        nodal, fine = (
            after - before for before, after in zip(self._at(start), self._at(end), strict=True)
        )
        cells = self._cells + 1
        number = patches.at[cells[:, 0], cells[:, 1]]
        limited = number != FREE
        patches.bed[number[limited]] += fine[limited]
        # A passing patch has a polynomial that waits for it.
        deep = ~limited
        deep[limited] = ~patches.permanent[number[limited]]
        raised = nodal[deep].reshape(-1, 1, self._nodes)
        still = np.zeros_like(raised)
        for values, rise in ((u, np.concatenate([raised, still, still], axis=1)), (bed, raised)):
            old = get_elements(values, self._nodes, cells[deep])
            set_elements(values, self._nodes, cells[deep], old + rise)

    def _at(self, time: float) -> list[Array]:
        """Displacement at the nodes and at the middles of the subcells of all cells."""
        result = [np.zeros(x.shape) for x, _ in self._points]
        weights = self._motion.weights(time)
        for number, weight in weights:
            for total, frame in zip(result, self._frame(number), strict=True):
                total += weight * frame
        return result

    def _frame(self, number: int) -> list[Array]:
        """Displacement at one of the file's times; only the two latest are kept."""
        if number not in self._frames:
            kept = {key: frame for key, frame in self._frames.items() if key == number - 1}
            sampled = [self._motion.sample(number, x, y) for x, y in self._points]
            self._frames = {**kept, number: sampled}
        return self._frames[number]


def _span(low: float, high: float, cells: int) -> range:
    """Numbers of the cells that a range of positions, in cells, touches."""
    return range(max(0, math.floor(low)), min(cells, math.ceil(high)))


def _points(mesh: Mesh, cells: NDArray[np.int64], places: Array) -> tuple[Array, Array]:
    """Coordinates x and y of points in cells, shape ``(cells, y, x)``."""
    shape = (len(cells), places.size, places.size)
    x = mesh.x0 + (cells[:, 1, None] + places) * mesh.dx
    y = mesh.y0 + (cells[:, 0, None] + places) * mesh.dx
    return np.broadcast_to(x[:, None, :], shape), np.broadcast_to(y[:, :, None], shape)
