"""A sponge along the edges of the domain: a layer in which waves die away."""

import math
from functools import partial

import numpy as np
from numba import njit

from exacouple.engine.basis import Array, Basis
from exacouple.engine.compiling import KERNEL
from exacouple.engine.elements import Elements
from exacouple.engine.lanes import LANES
from exacouple.engine.limiter import Patches
from exacouple.engine.mesh import Mesh
from exacouple.engine.packets import Task, Works
from exacouple.engine.team import Rounds, Team, joined, numbered
from exacouple.errors import UsageError

# What is left of a wave that has crossed the layer twice.
_LEFT = 1e-3
_DEFAULT_SHARE = 0.1


class Sponge:
    """Draws the water of a layer along the edges towards rest: (eta - sea)_t = -r (eta - sea).

    The momenta die at the same rate r, so that waves which enter at right angles are not turned
    back (Israeli and Orszag 1981, J. Comput. Phys. 41, 115-135). It rises with the square of the
    way into the layer, from 0 to ``1.5 ln(1 / 0.001) c / width``. The layer takes and gives water:
    what is higher or lower than the sea there is not conserved.

    Parameters
    ----------
    mesh, basis
        Cells, and the nodes in them.
    width
        Width of the layer; 0 is a tenth of the domain's shorter edge.
    celerity
        Speed c of the fastest waves.
    sea
        Height of water at rest.

    Raises
    ------
    UsageError
        If the layers of opposite edges would meet.
    """

    def __init__(self, mesh: Mesh, basis: Basis, width: float, celerity: float, sea: float) -> None:
        self.width = sponge_width(mesh, width)
        self._sea = sea
        self._highest = 1.5 * math.log(1.0 / _LEFT) * celerity / self.width
        self._tag = (0,) * basis.order
        centres = (np.arange(basis.subcells) + 0.5) / basis.subcells
        self._works, self._step = Works(), np.zeros(1)
        self._nodes = self._rates(mesh, basis.nodes)
        self._subcells = self._rates(mesh, centres)

    def _rates(self, mesh: Mesh, points: Array) -> tuple[Array, Array]:
        """Rates on lines across x and across y through points of each cell, from 1."""
        found = []
        for cells in (mesh.nx, mesh.ny):
            place = (np.arange(-1, cells + 1)[:, None] + points) * mesh.dx
            depth = 1.0 - np.minimum(place, cells * mesh.dx - place) / self.width
            found.append(self._highest * np.clip(depth, 0.0, 1.0) ** 2)
        return found[0], found[1]

    def calm(self, deep: Elements, patches: Patches, dt: float, dry: float, team: Team) -> None:
        """Let a time step pass; water thinner than `dry` over ground below the sea gets no more."""
        self._step[0] = dt
        work = self._works.get(partial(self._tasks, deep, patches, dry), deep.u, patches.w)
        rows = numbered(0, team.parts(1, patches.at.shape[0] - 1))
        each = numbered(1, team.parts(0, len(patches)))
        team.run(work, Rounds(joined(rows, each)))

    def _tasks(self, deep: Elements, patches: Patches, dry: float) -> list[Task]:
        elements = self._tag, deep.u, patches.at, *self._nodes, self._sea, self._step
        averages = patches.cells, patches.w, patches.bed, *self._subcells, self._sea, self._step
        return [(calm_elements, elements), (calm_patches, (*averages, dry))]


def sponge_width(mesh: Mesh, width: float) -> float:
    """Width of the layer that was asked for, or the default for 0.

    Raises
    ------
    UsageError
        If the layers of opposite edges would meet.
    """
    shorter = min(mesh.nx, mesh.ny) * mesh.dx
    width = width or _DEFAULT_SHARE * shorter
    if not 0.0 < width < 0.5 * shorter:
        raise UsageError(
            f"a sponge {width:g} wide does not fit a domain whose shorter edge is {shorter:g}: "
            "give less than half of that"
        )
    return width


@njit(**KERNEL)
def calm_elements(order, u, limited, across, along, sea, step, first, last, thread):
    """Draw eta, p, q at the nodes of the deep elements of some rows towards rest.

    Implicit in time.

    ``across`` and ``along`` are rates on the lines of nodes across x and y, shapes
    ``(columns, N + 1)`` and ``(rows, N + 1)``; the greater of both acts. ``step`` holds the time
    step.
    """
    dt, n = step[0], len(order) + 1
    for row in range(first, last):
        for column in range(1, limited.shape[1] - 1):
            idle = across[column, 0] + across[column, n - 1] + along[row, 0] + along[row, n - 1]
            if limited[row, column] >= 0 or idle == 0.0:
                continue
            block, lane = (column - 1) // LANES, (column - 1) % LANES
            for j in range(n):
                for i in range(n):
                    kept = 1.0 / (1.0 + dt * max(across[column, i], along[row, j]))
                    at = (j * n + i) * LANES + lane
                    u[row, block, at] = sea + kept * (u[row, block, at] - sea)
                    u[row, block, at + n * n * LANES] *= kept
                    u[row, block, at + 2 * n * n * LANES] *= kept


@njit(**KERNEL)
def calm_patches(cells, w, bed, across, along, sea, step, dry, first, last, thread):
    """Draw the averages of some patches towards rest: on land that is no water.

    Rates are those of `calm_elements` at the centres of the subcells.
    """
    dt = step[0]
    m = w.shape[2]
    for s in range(first, last):
        row, column = cells[s, 0], cells[s, 1]
        for j in range(m):
            for i in range(m):
                rate = max(across[column, i], along[row, j])
                h, ground = w[s, 0, j, i], bed[s, j, i]
                if rate == 0.0 or not h > 0.0:
                    continue
                kept = 1.0 / (1.0 + dt * rate)
                if ground >= sea:
                    w[s, 0, j, i] = kept * h
                elif h > dry:
                    w[s, 0, j, i] = max(0.0, h - (1.0 - kept) * (h + ground - sea))
                w[s, 1, j, i] *= kept
                w[s, 2, j, i] *= kept
