"""A mesh of which some elements are cut 3:1, as two solvers that meet at the faces in between.

Each level holds a whole mesh, of which the other level's elements are absent. A coarse step is
three fine ones (local time stepping): the coarse elements are predicted and advanced first, but for
what comes through the faces towards fine ones; the fine ones see thirds of that prediction there;
at last the coarse ones take what has gone through.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exacouple.engine import crossings, interfaces, rehearsal
from exacouple.engine.basis import PNPM, Array, gauss_legendre
from exacouple.engine.blocks import Cells
from exacouple.engine.initial import Initial, limited_elements
from exacouple.engine.interfaces import RATIO
from exacouple.engine.mesh import Mesh, cut_mesh
from exacouple.engine.refinement import MARGIN, Mask, Refinement, grown, limited_faces, straightened
from exacouple.engine.solver import FIXED_DT_CHECK, Solver, unstable
from exacouple.engine.team import Team
from exacouple.errors import SolutionError, UsageError


class Level(Solver):
    """Solver of the elements of one level.

    Attributes
    ----------
    meet
        Called with the time step after each attempt at a step, to add what comes through the rims.
    crossings
        Row, column and side of the limited elements beside absent ones.
    ghosts
        Absent elements next to own ones, as (row, column) from 1.
    beyond
        Least and greatest eta, hu, hv of the other level there, shape ``(3, ghosts)`` each.
    """

    _parts = (rehearsal.REFINEMENT,)

    def __init__(
        self, mesh: Mesh, initial: Initial, absent: Mask, limited: Mask, **settings: Any
    ) -> None:
        self.meet: Callable[[float], None] = lambda dt: None
        self.ghosts = np.argwhere(absent & grown(~absent, 1)) + 1
        self.beyond = (np.empty((3, len(self.ghosts))), np.empty((3, len(self.ghosts))))
        super().__init__(mesh, initial, absent=absent, limited=limited, **settings)
        self.crossings = self.patches.part_rims()

    def stable_dt(self) -> float:
        """Time step for which the fastest wave is stable; infinite if there is no water."""
        wave = self.fastest_wave()
        return self.cfl * PNPM[self.order] * self.mesh.dx / wave if wave > 0.0 else np.inf

    def lift(self, start: float, end: float) -> None:
        """Move the sea floor."""
        self._lift(start, end)

    def predict(self, dt: float) -> Array:
        """Traces at the rims, averaged over a time step that begins now."""
        return self._deep.traces(self.patches.rims, dt, self.team)

    def ranges(self) -> tuple[Array, Array]:
        """Least and greatest eta, hu, hv of the own elements, shape ``(3, rows, columns)``."""
        return super()._ranges(self._deep.u)

    @property
    def traces(self) -> tuple[Array, NDArray[np.int64]]:
        """Traces of the latest attempt at all doors, and the doors of the rims."""
        return self.patches.door_traces, self.patches.rim_at

    def attempt(self, dt: float) -> None:
        """Compute a candidate at the end of a step."""
        self._try(dt)

    def settle(self, dt: float) -> None:
        """Limit elements and repeat the attempt as long as needed."""
        while self._limit_troubled():
            self._try(dt)

    def receive(self, given: Array, dt: float) -> None:
        """Add to the candidate what came through the rims."""
        self._deep.receive(self.patches.rims, given, dt, self.team)

    def finish(self, dt: float) -> None:
        """Make the candidate the start of the next step."""
        self._accept(dt)
        self._finish(dt)

    def _try(self, dt: float) -> None:
        super()._try(dt)
        self.meet(dt)

    def _limit_troubled(self) -> bool:
        self._stepping.judge()
        return super()._limit_troubled()

    def _ranges(self, values: Array) -> tuple[Array, Array]:
        low, high = super()._ranges(values)
        for found, known in zip((low, high), self.beyond, strict=True):
            found[:, self.ghosts[:, 0], self.ghosts[:, 1]] = known
        return low, high

    def _limit(self, cells: Cells) -> None:
        width = self.mesh.nx + 2
        rims = self.patches.rims
        at = np.isin(cells @ [width, 1], rims[:, 0] * width + rims[:, 1])
        if at.any():
            row, column = cells[at][0]
            x = self.mesh.x0 + (column - 0.5) * self.mesh.dx
            y = self.mesh.y0 + (row - 0.5) * self.mesh.dx
            raise SolutionError(
                f"the element around x = {x:g}, y = {y:g}, where coarse and fine elements meet, "
                f"needs the limiter at t = {self.time:g}; refine more or less there, so that they "
                "meet in deeper or calmer water"
            )
        super()._limit(cells)


class RefinedSolver:
    """State of a run on two levels, with the interface of `exacouple.engine.solver.Solver`.

    Parameters
    ----------
    mesh, initial
        Coarse elements, and the initial state.
    refinement
        Which of them are cut.
    settings
        Of `exacouple.engine.solver.Solver`.

    Attributes
    ----------
    mesh
        All of the domain in fine elements.
    refined
        Which coarse elements are cut, shape ``(ny, nx)``.
    coarse, fine
        The two levels.
    time, steps, dt
        Time reached, number of coarse steps taken, and length of the next one.

    Raises
    ------
    UsageError
        Nothing can be refined, or see `exacouple.engine.solver.Solver`.

    References
    ----------
    Dumbser, Kaeser and Toro (2007), Geophys. J. Int. 171, 695-717 (local time stepping of ADER-DG).
    """

    def __init__(
        self, mesh: Mesh, initial: Initial, refinement: Refinement, **settings: Any
    ) -> None:
        self._fixed_dt = bool(settings.pop("fixed_dt", False))
        settings["threads"] = Team(settings.get("threads", 1))
        self.mesh = cut_mesh(mesh)
        periodic = settings.get("boundary") == "periodic"
        limited = limited_on_any(mesh, self.mesh, initial, settings)
        near = grown(limited, MARGIN)
        self.refined = straightened(refinement.choose(mesh, limited), near, periodic=periodic)
        self._cut = _cut(self.refined)
        whole, parts = limited_faces(self.refined, near, periodic=periodic)
        self.coarse = Level(mesh, initial, self.refined, whole, **settings)
        self.fine = Level(self.mesh, initial, ~self._cut, parts, **settings)
        self.basis = basis = self.coarse.basis
        self.order, self.cfl = basis.order, self.coarse.cfl
        coarse, fine = self.coarse, self.fine
        if coarse.boundary == "sponge":
            celerity = 0.5 * max(coarse.fastest_wave(), fine.fastest_wave())
            for level in (coarse, fine):
                level.lay_sponge(settings.get("sponge_width", 0.0), celerity)
        self._links = _link(coarse.patches.rims, fine.patches.rims, mesh, periodic)
        self._crossings = _link(coarse.crossings, fine.crossings, mesh, periodic)
        self._tables = (
            interfaces.to_thirds(basis), interfaces.from_thirds(basis), basis.weights
        )  # fmt: skip
        n = basis.order + 1
        self._inward = np.zeros((len(self.fine.patches.rims), 3, n))
        self._tag = (0,) * self.order
        self._given: tuple[Array, Array] = (np.zeros(0), np.zeros(0))
        self.time, self.steps = 0.0, 0
        self.dt = self.stable_dt()

    def stable_dt(self) -> float:
        """Time step for which the fastest wave of both levels is stable in their own steps."""
        dt = min(self.coarse.stable_dt(), RATIO * self.fine.stable_dt())
        if not dt < np.inf:
            raise UsageError("the whole domain is dry: there is nothing to simulate")
        return dt

    def step(self, until: float | None = None) -> None:
        """Advance one coarse step, shortened if it would pass ``until``.

        Raises
        ------
        SolutionError
            See `exacouple.engine.solver.Solver.step`; also if an element where coarse and fine ones
            meet needs the limiter.
        """
        coarse, fine = self.coarse, self.fine
        dt = self.dt if until is None else min(self.dt, until - self.time)
        self._lift(self.time, self.time + 0.5 * dt)
        self._look_beyond()
        first, second = (coarse.predict(part * dt / RATIO) for part in (1, 2))
        coarse.meet = lambda dt: None
        coarse.attempt(dt)
        whole = coarse.traces[0][coarse.traces[1]]
        given = []
        for traces in interfaces.thirds_of_step(first, second, whole):
            fine.meet = partial(self._meet_coarse, traces)
            fine.attempt(dt / RATIO)
            fine.settle(dt / RATIO)
            fine.finish(dt / RATIO)
            given.append(self._given)
        through, taken = (sum(parts) / RATIO for parts in zip(*given, strict=True))
        coarse.meet = partial(self._meet_fine, through, taken)
        coarse.meet(dt)
        coarse.settle(dt)
        coarse.finish(dt)
        self._lift(self.time + 0.5 * dt, self.time + dt)
        self.time = fine.time = coarse.time
        self.steps += 1
        self._renew_dt()

    def _meet_coarse(self, traces: Array, dt: float) -> None:
        """Let the fluxes through the faces between the levels act on the fine elements."""
        coarse, fine = self.coarse, self.fine
        through = np.zeros((len(self._links), 3, self.order + 1))
        interfaces.exchange(
            self._tag, *fine.traces, traces, self._links, coarse.patches.rims[:, 2],
            *self._tables, coarse.gravity, self._inward, through,
        )  # fmt: skip
        fine.receive(self._inward, dt)
        taken = crossings.cross(
            self._tag, coarse.patches, fine.patches, self._pairs(),
            dt * self.basis.subcells / fine.mesh.dx, coarse.gravity,
        )  # fmt: skip
        self._given = through, taken

    def _meet_fine(self, through: Array, taken: Array, dt: float) -> None:
        """Let what went through the faces between the levels act on the coarse elements."""
        coarse = self.coarse
        coarse.receive(through, dt)
        sides, wholes, _ = self._pairs()
        scale = dt * self.basis.subcells / coarse.mesh.dx
        crossings.give(self._tag, coarse.patches, sides, wholes, taken, scale)

    def _pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Sides, coarse patches and fine patches of the faces between limited elements."""
        places, parts = self.coarse.crossings, self.fine.crossings[self._crossings]
        wholes = self.coarse.patches.at[places[:, 0], places[:, 1]].astype(np.int64)
        fine = self.fine.patches.at[parts[..., 0], parts[..., 1]].astype(np.int64)
        return places[:, 2], wholes, fine

    def _lift(self, start: float, end: float) -> None:
        self.coarse.lift(start, end)
        self.fine.lift(start, end)

    def _renew_dt(self) -> None:
        if not self._fixed_dt:
            self.dt = self.stable_dt()
        elif self.steps % FIXED_DT_CHECK == 0 and self.stable_dt() < self.cfl * self.dt:
            raise unstable(self.dt, self.stable_dt() / self.cfl, self.time, self.worst_cell())

    def sample(self, x: float, y: float) -> tuple[float, float, float, float, float]:
        """Values h, hu, hv, b and eta = h + b at a point."""
        column, row = self.coarse.mesh.locate(x, y)
        return (self.fine if self.refined[row, column] else self.coarse).sample(x, y)

    def worst_cell(self) -> str:
        """Say in words where the fastest wave is, which sets the time step."""
        fine = RATIO * self.fine.stable_dt() < self.coarse.stable_dt()
        return (self.fine if fine else self.coarse).worst_cell()

    def state(self) -> dict[str, NDArray[Any]]:
        """All that the steps to come depend on, for `restore`; arrays are not copied."""
        found = {"clock": np.array([self.time, self.steps, self.dt])}
        for name, level in self._levels():
            found |= {f"{name}.{key}": values for key, values in level.state().items()}
        return found

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from the `state` of a solver of the same mesh, refinement and settings."""
        for name, level in self._levels():
            start = f"{name}."
            level.restore({key.removeprefix(start): state[key] for key in state if start in key})
        time, steps, dt = state["clock"].tolist()
        self.time, self.steps, self.dt = time, int(steps), dt

    def mass(self) -> float:
        """Volume of the water, in cubed length units."""
        return self.coarse.mass() + self.fine.mass()

    def survey(self, wet: float, height: Array, speed: Array, depth: Array) -> None:
        """As of a solver of fine elements; those that were not cut have the values of the whole."""
        found = (height, speed, depth)
        whole = [np.empty(self.refined.shape) for _ in found]
        self.fine.survey(wet, *found)
        self.coarse.survey(wet, *whole)
        for values, coarse in zip(found, whole, strict=True):
            np.copyto(values, _cut(coarse), where=~self._cut)

    def subcells(self, first: int, last: int) -> Array:
        """As of a solver of fine elements; coarse subcells are cut 3:1."""
        start = first // RATIO
        coarse = self.coarse.subcells(start, -(-last // RATIO))
        rows, columns, fields, m, _ = coarse.shape
        parts = np.repeat(np.repeat(coarse, RATIO, axis=3), RATIO, axis=4)
        parts = parts.reshape(rows, columns, fields, RATIO, m, RATIO, m)
        parts = parts.transpose(0, 3, 1, 5, 2, 4, 6)
        parts = parts.reshape(rows * RATIO, columns * RATIO, fields, m, m)
        kept = parts[first - RATIO * start : last - RATIO * start]
        cut = self._cut[first:last, :, None, None, None]
        return np.where(cut, self.fine.subcells(first, last), kept)

    def _levels(self) -> tuple[tuple[str, Level], tuple[str, Level]]:
        return ("coarse", self.coarse), ("fine", self.fine)

    def _look_beyond(self) -> None:
        """Show each level the range of the values of the other one next to it."""
        if not self.coarse.dmp[0]:
            return
        coarse, fine = self.coarse, self.fine
        row, column = ((fine.ghosts - 1) // RATIO + 1).T
        parts = np.arange(RATIO)
        rows = RATIO * (coarse.ghosts[:, :1, None] - 1) + 1 + parts[:, None]
        columns = RATIO * (coarse.ghosts[:, 1:, None] - 1) + 1 + parts
        ours, theirs = fine.ranges(), coarse.ranges()
        low, high = (values[:, rows, columns] for values in ours)
        coarse.beyond = low.min(axis=(2, 3)), high.max(axis=(2, 3))
        fine.beyond = theirs[0][:, row, column], theirs[1][:, row, column]


def limited_on_any(coarse: Mesh, fine: Mesh, initial: Initial, settings: Mapping[str, Any]) -> Mask:
    """Coarse elements that are limited throughout, or would be after the cut."""
    basis = gauss_legendre(settings.get("order", 2))
    boundary, depth = settings.get("boundary", "outflow"), settings.get("limiter_depth", 1.0)
    whole, parts = (
        limited_elements(initial, mesh, basis, boundary, depth) for mesh in (coarse, fine)
    )
    any_part: Mask = np.any(parts.reshape(coarse.ny, RATIO, coarse.nx, RATIO), axis=(1, 3))
    return whole | any_part


def _cut(values: NDArray[Any]) -> NDArray[Any]:
    return np.repeat(np.repeat(values, RATIO, axis=0), RATIO, axis=1)


def _link(
    coarse: NDArray[np.int64], fine: NDArray[np.int64], mesh: Mesh, periodic: bool
) -> NDArray[np.int64]:
    """Fine rims that face each coarse one, shape ``(coarse rims, 3)``."""
    number = {tuple(rim): place for place, rim in enumerate(fine.tolist())}
    links = np.empty((len(coarse), RATIO), dtype=np.int64)
    steps = ((0, -1), (0, 1), (-1, 0), (1, 0))
    for place, (row, column, side) in enumerate(coarse.tolist()):
        row, column = row - 1 + steps[side][0], column - 1 + steps[side][1]
        if periodic:
            row, column = row % mesh.ny, column % mesh.nx
        near = (RATIO - 1) * (1 - side % 2)
        for k in range(RATIO):
            away = (k, near) if side < 2 else (near, k)
            facing = (RATIO * row + away[0] + 1, RATIO * column + away[1] + 1, side ^ 1)
            links[place, k] = number[facing]
    return links
