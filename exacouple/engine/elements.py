"""The deep elements of a mesh: their polynomials, and what advances them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exacouple.engine import coupling, interfaces, sweep
from exacouple.engine.basis import Array, Basis
from exacouple.engine.blocks import Cells, by_element, get_elements, set_elements, zeros
from exacouple.engine.kernels import LEAST, load_kernels
from exacouple.engine.lanes import LANES, TRACES
from exacouple.engine.limiter import FREE, Patches
from exacouple.engine.mesh import Mesh
from exacouple.engine.packets import Task, Work
from exacouple.engine.team import Team

BOUNDARIES = {
    "outflow": sweep.OUTFLOW,
    "sponge": sweep.OUTFLOW,
    "wall": sweep.WALL,
    "periodic": sweep.PERIODIC,
}
PRECISIONS: dict[str, np.dtype[Any]] = {
    "double": np.dtype(np.float64),
    "single": np.dtype(np.float32),
}


class Elements:
    """Polynomials of all elements of a mesh; those of limited elements mean nothing.

    Parameters
    ----------
    mesh, basis
        Cells, and the nodes in them.
    boundary, precision
        From `BOUNDARIES` and `PRECISIONS`.
    gravity, coriolis, drag
        Gravity; Coriolis parameter at y = 0 and its gradient; gravity times the square of Manning's
        coefficient.

    Attributes
    ----------
    u, out
        Nodal eta, hu, hv at the start and the end of a step, stored as in `blocks`.
    bed
        Nodal seabed.
    lowest, active
        See `exacouple.engine.sweep.sweep_rows`.
    spent
        Active blocks in the rows before each one, shape ``(ny + 1,)``.
    """

    def __init__(
        self,
        mesh: Mesh,
        basis: Basis,
        *,
        boundary: str,
        precision: str,
        gravity: float,
        coriolis: tuple[float, float],
        drag: float,
    ) -> None:
        self._mesh, self._basis, self._boundary = mesh, basis, BOUNDARIES[boundary]
        self._gravity, self._coriolis, self._drag = gravity, coriolis, drag
        self._kernels = load_kernels(basis.order, precision)
        self._tag = (0,) * basis.order
        self._least = LEAST[precision]
        kind = PRECISIONS[precision]
        self._real = kind.type
        self.nodes = (basis.order + 1) ** 2
        rows, blocks = mesh.ny + 2, -(-mesh.nx // LANES)
        self.u, self.out = (zeros((rows, blocks, 3 * self.nodes * LANES), kind) for _ in range(2))
        self.bed = zeros((rows, blocks, self.nodes * LANES), kind)
        self.bed -= 1.0
        self.lowest = zeros((rows, blocks, LANES), kind)
        self._gates = zeros((rows, blocks, 3 * LANES), kind)
        self.active = np.zeros((rows, blocks), dtype=np.bool_)
        self.spent = np.zeros(mesh.ny + 1, dtype=np.int64)
        self._spin = (mesh.dx * self.coriolis_at(basis.nodes)).astype(kind)
        self._lift = (basis.left / basis.weights, basis.right / basis.weights)

    def coriolis_at(self, points: Array) -> Array:
        """Coriolis parameter on lines along x at points of each row, shape ``(rows, points)``."""
        y = self._mesh.y0 + (np.arange(-1, self._mesh.ny + 1)[:, None] + points) * self._mesh.dx
        return self._coriolis[0] + self._coriolis[1] * y

    def open_gates(self, at: NDArray[np.int32]) -> None:
        """Mark the faces between two deep elements and the blocks that hold any.

        ``at`` is `exacouple.engine.limiter.Patches.at`.
        """
        ny, nx = self._mesh.ny, self._mesh.nx
        if self._boundary == sweep.PERIODIC:
            at = at.copy()
            at[:, 0], at[:, -1], at[0], at[-1] = at[:, -2], at[:, 1], at[-2], at[1]
        free = at == FREE
        own = free[1:, 1:-1]
        beside = (free[1:, :-2], free[1:, 2:], free[:-1, 1:-1])
        padded = np.zeros((ny + 1, self._gates.shape[1] * LANES, 4))
        padded[:, :nx] = np.stack([*(own & other for other in beside), own], axis=2)
        blocks = np.moveaxis(padded.reshape(ny + 1, -1, LANES, 4), 2, 3)
        self._gates[1:] = blocks[:, :, :3].reshape(ny + 1, -1, 3 * LANES)
        self.active[1:-1] = blocks[:-1, :, 3].any(axis=2)
        np.cumsum(self.active[1:-1].sum(axis=1), out=self.spent[1:])

    def tasks(self, patches: Patches, step: Array, found: Array) -> dict[str, Task]:
        """What is to be done with the deep elements of some rows, or at the doors there.

        Parameters
        ----------
        patches
            The limited elements: deep ones are swept before, and coupled after those take a step.
        step
            Time step, in an array of shape ``(1,)``, as it may change.
        found
            Output: the fastest wave, see `exacouple.engine.sweep.fastest_wave`.
        """
        dx, g = self._mesh.dx, self._real(self._gravity)
        doors, traces, tag = patches.doors, patches.door_traces, self._tag
        deep = tag, self.out, self.bed
        return {
            "wave": (
                self._kernels.fastest_wave, (self.u, self.bed, self.active, patches.at, g, found)
            ),
            "sweep": (
                self._kernels.sweep_rows,
                (
                    self.u, self.out, self.bed, self._gates, self.active, self._spin, doors,
                    patches.door_rows, traces, self.lowest, self._mesh.nx, self._boundary, step, dx,
                    g,
                ),
            ),
            "couple": (
                coupling.couple,
                (
                    tag, self.out, patches.door_flux, doors, traces, self._basis.from_subcells,
                    *self._lift, step, dx,
                ),
            ),
            "rub": (coupling.rub, (*deep, patches.at, self._drag, step)),
            "look again": (coupling.look_again, (*deep, doors, self.lowest, self._least)),
            "look at faces": (
                coupling.look_at_faces,
                (
                    *deep, doors, self.lowest, self._basis.to_subcells, self._basis.left,
                    self._basis.right,
                ),
            ),
        }  # fmt: skip

    def traces(self, rims: NDArray[np.int64], dt: float, team: Team) -> Array:
        """Traces at the rims, see `exacouple.engine.limiter.Patches`, averaged over a time step."""
        scale, g = self._real(dt / self._mesh.dx), self._real(self._gravity)
        found = np.zeros((len(rims), TRACES * (self._basis.order + 1)))
        values = self.u, self.out, self.bed, self._spin, rims, found, scale, g
        team.alone(Work((self._kernels.trace_doors, values)), len(rims))
        return found

    def receive(self, rims: NDArray[np.int64], given: Array, dt: float, team: Team) -> None:
        """Add what comes through the rims, see `exacouple.engine.interfaces.lift`, to `out`."""
        interfaces.lift(self._tag, self.out, rims, given, *self._lift, dt / self._mesh.dx)
        values = (self._tag, self.out, self.bed, rims, self.lowest, self._least)
        team.alone(Work((coupling.look_again, values)), len(rims))

    def keep(self, cells: Cells) -> None:
        """Leave some elements, as (row, column), as they were at the start of the step."""
        set_elements(self.out, self.nodes, cells, get_elements(self.u, self.nodes, cells))

    def accept(self) -> None:
        """Make the end of the step the start of the next."""
        self.u, self.out = self.out, self.u

    def set(self, cells: Cells, nodal: Array, bed: Array | None = None) -> None:
        """Set eta, hu, hv, shape ``(elements, 3, nodes)``, and the seabed of some elements."""
        set_elements(self.u, self.nodes, cells, nodal)
        if bed is not None:
            set_elements(self.bed, self.nodes, cells, bed)

    def get_bed(self, cells: Cells) -> Array:
        """Nodal seabed of some elements, shape ``(elements, nodes)``."""
        return get_elements(self.bed, self.nodes, cells)[:, 0]

    def averages(self, cells: Cells) -> tuple[Array, Array]:
        """Subcell averages of eta, hu, hv, ``(elements, 3, M, M)``, and b of some elements."""
        n, project = self._basis.order + 1, self._basis.to_subcells
        both = []
        for values in (self.u, self.bed):
            nodal = get_elements(values, self.nodes, cells)
            nodal = nodal.reshape(*nodal.shape[:2], n, n)
            both.append(np.einsum("yj,evji,xi->evyx", project, nodal, project))
        return both[0], both[1][:, 0]

    def by_element(self) -> tuple[Array, Array]:
        """Copies of eta, hu, hv, ``(ny, nx, 3, nodes)``, and b, ``(ny, nx, nodes)``."""
        columns = self._mesh.nx
        bed = by_element(self.bed, self.nodes, columns)[:, :, 0]
        return by_element(self.u, self.nodes, columns), bed

    def at(self, row: int, column: int, weights: Array) -> tuple[float, float, float, float]:
        """Give eta, hu, hv and b of one element, its nodes weighted with a basis at a point."""
        cell = np.array([[row, column]])
        eta, p, q = (float(v) for v in get_elements(self.u, self.nodes, cell)[0] @ weights)
        return eta, p, q, float(self.get_bed(cell)[0] @ weights)

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take ``u`` and ``bed`` from the state of an earlier run."""
        self.u[:], self.bed[:] = state["u"], state["bed"]
