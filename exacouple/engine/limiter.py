"""The limited elements: which they are, their patches of subcells, and their neighbours."""

import numpy as np
from numpy.typing import NDArray

from exacouple.engine import balance, coupling, neighbours, rationing, subcells, wakefulness
from exacouple.engine.basis import Array, Basis
from exacouple.engine.blocks import zeros
from exacouple.engine.lanes import TRACES
from exacouple.engine.packets import Task
from exacouple.engine.refinement import faces_beside
from exacouple.engine.team import Pieces

# Elements that are no patches: deep ones, and those that another level of refinement holds.
FREE = -1
ABSENT = np.iinfo(np.int32).max

# Groups of patches that each thread takes between the two passes of a step: few, so that what the
# one hands over is still in the caches for the other, but enough that the calls cost little.
_BAND = 48

# Finite-volume schemes under ExaHyPE's names, with the bound of their slopes.
SCHEMES = {"godunov": 0.0, "musclhancock": 1.5}


class Patches:
    """Finite-volume patches of the limited elements.

    Rows and columns count from 1; row and column 0 and the last ones lie outside the domain.

    Attributes
    ----------
    at
        Number of the patch of each element, or `FREE` or `ABSENT`, shape ``(ny + 2, nx + 2)``.
    w
        Averages of h, hu, hv at the start of the step, shape ``(patches, 3, M, M)``.
    bed
        Seabed of the subcells, shape ``(patches, M, M)``.
    permanent
        True for patches that are never given back to DG.
    passing
        Numbers of the others.
    doors
        Row, column and side of each DG element beside a patch, and the patch, in the order of rows
        and columns, shape ``(doors, 4)``; beside absent elements too, with -1 for the patch.
    door_rows
        Number of the first door of each row, shape ``(ny + 3,)``.
    door_traces
        What the predictor gives at the doors, see `exacouple.engine.sweep.sweep_rows`.
    door_flux
        Fluxes of the last step at the doors, see `exacouple.engine.balance.finish`.
    sound, wet, waking
        Whether the values of each patch are finite, whether it holds water, and whether it took
        part in the last step.
    rims
        Row, column and side of the deep elements beside absent ones, in the order of the rows and
        columns, shape ``(rims, 3)``.
    rim_at
        Number of the door of each rim.
    """

    def __init__(
        self,
        basis: Basis,
        ny: int,
        nx: int,
        boundary: str,
        scheme: str,
        absent: NDArray[np.bool_] | None = None,
    ) -> None:
        self.basis = basis
        self.steepness = SCHEMES[scheme]
        self.boundary = boundary
        self.at = np.full((ny + 2, nx + 2), FREE, dtype=np.int32)
        self.rims = np.zeros((0, 3), dtype=np.int64)
        if absent is not None:
            self.at[1:-1, 1:-1][absent] = ABSENT
            self.rims = faces_beside(absent, periodic=boundary == "periodic")
        self.cells: NDArray[np.int64] = np.zeros((0, 2), dtype=np.int64)
        self.permanent = np.zeros(0, dtype=bool)
        self._allocate(0)

    def __len__(self) -> int:
        return len(self.cells)

    def _allocate(self, count: int) -> None:
        m = self.basis.subcells
        self.w = np.zeros((count, 3, m, m))
        self.new = np.zeros((count, 3, m, m))
        self.bed = np.zeros((count, m, m))
        self.edges = np.zeros((count, 4, m, subcells.STATE))
        self.share = np.ones((count, m, m))
        self.scarce = np.zeros(count, dtype=np.bool_)
        self.wet = np.zeros(count, dtype=np.bool_)
        self.sound = np.ones(count, dtype=np.bool_)
        self._kept = zeros((0, 0, 0), self.w.dtype)
        self._queue, self._short = np.zeros((2, 1 + count), dtype=np.int64)
        self.waking = np.zeros(count, dtype=np.bool_)
        self.passing = np.flatnonzero(~self.permanent)
        self._connect()

    def _fill(self, w: Array, bed: Array) -> None:
        self.w[:], self.bed[:] = w, bed
        self.wet[:] = (w[:, 0] > 0.0).any(axis=(1, 2))
        self.sound[:] = np.isfinite(w).all(axis=(1, 2, 3))

    def add(self, cells: NDArray[np.int64], w: Array, bed: Array, *, permanent: bool) -> None:
        """Append patches for elements, given as rows of (row, column), with their averages."""
        w = np.concatenate([self.w, w])
        bed = np.concatenate([self.bed, bed])
        self.at[cells[:, 0], cells[:, 1]] = len(self) + np.arange(len(cells))
        self.cells = np.concatenate([self.cells, cells])
        self.permanent = np.concatenate([self.permanent, np.full(len(cells), permanent)])
        self._allocate(len(self.cells))
        self._fill(w, bed)

    def remove(self, gone: NDArray[np.bool_]) -> None:
        """Drop the marked patches."""
        keep = ~gone
        self.at[self.cells[gone, 0], self.cells[gone, 1]] = FREE
        self.at[self.cells[keep, 0], self.cells[keep, 1]] = np.arange(keep.sum())
        w, bed = self.w[keep], self.bed[keep]
        self.cells, self.permanent = self.cells[keep], self.permanent[keep]
        self._allocate(len(self.cells))
        self._fill(w, bed)

    def replace(
        self, cells: NDArray[np.int64], w: Array, bed: Array, permanent: NDArray[np.bool_]
    ) -> None:
        """Have these patches, in this order, instead of those there are."""
        self.at[self.at != ABSENT] = FREE
        self.at[cells[:, 0], cells[:, 1]] = np.arange(len(cells))
        self.cells, self.permanent = cells, permanent
        self._allocate(len(cells))
        self._fill(w, bed)
        self.new[:] = w

    def part_rims(self) -> NDArray[np.int64]:
        """Take the limited elements out of `rims` and return them, in the same form."""
        deep = self.at[self.rims[:, 0], self.rims[:, 1]] == FREE
        limited, self.rims = self.rims[~deep], self.rims[deep]
        self._connect()
        return limited

    def _connect(self) -> None:
        """Find what lies beyond the four sides of every patch."""
        ny, nx = self.at.shape[0] - 2, self.at.shape[1] - 2
        steps = np.array([[0, -1], [0, 1], [-1, 0], [1, 0]])
        place = self.cells[:, None, :] + steps
        if self.boundary == "periodic":
            place = (place - 1) % np.array([ny, nx]) + 1
        inside = ((place >= 1) & (place <= np.array([ny, nx]))).all(axis=-1)
        edge = neighbours.WALL if self.boundary == "wall" else neighbours.OPEN
        found = self.at[place[..., 0], place[..., 1]].astype(np.int64)
        found[found == ABSENT] = neighbours.LEVEL
        self.sides = np.where(inside, np.where(found == FREE, neighbours.DG, found), edge)
        self.place = place
        self._row = self.cells[:, 0].copy()
        distance = np.abs(self.sides - np.arange(len(self))[:, None])[self.sides >= 0]
        self._band = max(_BAND, int(distance.max(initial=0)) // subcells.PACK + 1)
        patch, side = np.nonzero(self.sides == neighbours.DG)
        opposite = side + 1 - 2 * (side % 2)
        beside = np.column_stack([place[patch, side], opposite, patch])
        rims = np.column_stack([self.rims, np.full(len(self.rims), -1)])
        doors = np.concatenate([beside, rims])
        in_order = np.lexsort((doors[:, 1], doors[:, 0]))
        self.doors = doors[in_order]
        number = np.empty(len(doors), dtype=np.int64)
        number[in_order] = np.arange(len(doors))
        self.rim_at = number[len(beside) :]
        self.door_rows = np.searchsorted(self.doors[:, 0], np.arange(ny + 3))
        self.door_traces = np.zeros((len(self.doors), TRACES * (self.basis.order + 1)))
        self.door_flux = np.zeros((len(self.doors), self.basis.subcells, subcells.FLUX))
        self.door_at = np.full(self.sides.shape, -1, dtype=np.int64)
        self.door_at[patch, side] = number[: len(beside)]

    def tasks(
        self,
        u: Array,
        ground: Array,
        *,
        step: Array,
        dx: float,
        g: float,
        drag: float,
        dry: float,
        sea: float,
        turn: Array,
        found: Array,
        cuts: Array,
        walk: tuple[Pieces, Pieces, Pieces],
        again: Pieces,
    ) -> dict[str, Task]:
        """What is to be done with the patches, to take them from `w` to `new`.

        Parameters
        ----------
        u, ground
            Nodal eta, p, q at the start of the step, and seabed, of the DG elements.
        step
            Time step, in an array of shape ``(1,)``, as it may change.
        dx, g, dry
            Size of an element, gravity, and depth below which velocities are damped.
        sea
            Height of water at rest beyond an open boundary.
        turn, drag
            Coriolis force and friction, see `exacouple.engine.balance.finish` and `rub`.
        found
            Output: the fastest wave, see `exacouple.engine.coupling.fastest_wave`.
        cuts, walk
            Shares of the threads, and pieces of the rounds in which patches begin and finish their
            step, see `exacouple.engine.wakefulness.line_up`.
        again
            Those of the round in which some take it again, see
            `exacouple.engine.rationing.find_short`.
        """
        order = (0,) * self.basis.order
        project = self.basis.to_subcells
        width = dx / self.basis.subcells
        known = (order, self.w, self.bed, self.sides, self.place, u, ground, project)
        terms = (self.steepness, step, width, g, dry)
        doors = (self.door_at, self.door_traces)
        given = (self.door_flux, self.share, self.scarce, self.wet, self.sound)
        kept = self._room(len(again))
        return {
            "wake": (wakefulness.wake, (self.wet, self.sides, self.waking, self.w, self.new)),
            "line up": (wakefulness.line_up, (self.waking, self._queue, self._band, cuts, *walk)),
            "begin": (balance.begin, (*known, *terms, self._queue, self.edges, kept)),
            "finish": (
                balance.finish,
                (
                    order, self.new, self.edges, kept, self.sides, *doors, project, *given, turn,
                    self._row, g, dry, sea, step, width, self._queue,
                ),
            ),
            "find short": (
                rationing.find_short, (self.scarce, self.sides, self._queue, self._short, again)
            ),
            "finish short": (
                rationing.finish_short,
                (
                    order, self.w, self.new, self.bed, self.sides, self.place, u, ground, project,
                    *terms, sea, self.edges, *doors, *given, turn, self._row, self._short,
                ),
            ),
            "patch wave": (coupling.fastest_wave, (self.w, g, found)),
            "rub patches": (balance.rub, (self.wet, self.new, drag, step, dry)),
        }  # fmt: skip

    def most_bands(self) -> int:
        """Into how many bands a thread may have to cut the patches."""
        return max(1, -(-len(self) // subcells.PACK) // self._band)

    def _room(self, threads: int) -> Array:
        """Room of each thread for what `balance.begin` hands over, see `wakefulness.line_up`."""
        places = min(max(3, threads) * self._band, -(-len(self) // subcells.PACK))
        if self._kept.shape[:2] != (threads, places):
            size = 5 * self.basis.subcells**2 * subcells.PACK
            self._kept = zeros((threads, places, size), self.w.dtype)
        return self._kept

    def accept(self) -> None:
        """Make the averages at the end of the step those at the start of the next."""
        self.w, self.new = self.new, self.w


def wetted(w: Array) -> Array:
    """Draw averages of h, hu, hv towards their patch's mean as far as a negative depth needs it.

    A polynomial that is deep enough at its nodes may average to less than nothing over a subcell
    beside a steep front. Mass and momentum of the patch stay (Zhang and Shu 2010, J. Comput. Phys.
    229, 3091-3120).

    Parameters
    ----------
    w
        Averages, shape ``(patches, 3, M, M)``.
    """
    least = w[:, :1].min(axis=(2, 3), keepdims=True)
    mean = w.mean(axis=(2, 3), keepdims=True)
    dry = least < 0.0
    share = np.maximum(mean[:, :1] / np.where(dry, mean[:, :1] - least, 1.0), 0.0)
    found = np.where(dry, mean + share * (w - mean), w)
    np.maximum(found[:, 0], 0.0, out=found[:, 0])
    return found


def monotone(
    nodal: Array, averages: Array, observables: int, slack: float, scaling: float
) -> NDArray[np.bool_]:
    """Tell which polynomials stay within the range of the averages that they are made of.

    One that does not, beside a bore, would be limited in the next step again, and its ripples would
    be left in the averages.

    Parameters
    ----------
    nodal, averages
        Eta, hu, hv at the nodes, shape ``(patches, 3, nodes)``, and of the subcells,
        ``(patches, 3, M, M)``.
    observables, slack, scaling
        Of the discrete maximum principle, see `exacouple.engine.coupling.find_oscillating`.
    """
    seen = slice(0, observables)
    low, high = averages[:, seen].min(axis=(2, 3)), averages[:, seen].max(axis=(2, 3))
    room = np.maximum(slack, scaling * (high - low))
    least, most = nodal[:, seen].min(axis=2), nodal[:, seen].max(axis=2)
    return ((least >= low - room) & (most <= high + room)).all(axis=1)
