"""ADER-DG for the shallow-water equations with a subcell finite-volume limiter.

Deep elements carry polynomials of order N (`generate`, `sweep`). Elements that hold land or water
shallower than the limiter depth, and those at an open boundary, are finite-volume patches
throughout (`subcells`); any other element becomes one for as long as its polynomial would not be
finite, deep enough or free of oscillations (a-posteriori limiting, Dumbser et al. 2014). Lengths
may be in any unit that gravity shares.
"""

import numpy as np
from numpy.typing import NDArray

from exacouple.engine import coupling, rehearsal, warmup
from exacouple.engine.basis import PNPM, Array, gauss_legendre
from exacouple.engine.blocks import Cells
from exacouple.engine.elements import BOUNDARIES, PRECISIONS, Elements
from exacouple.engine.initial import Initial, at_open_edge, evaluate, least_depth, strips
from exacouple.engine.lanes import LANES
from exacouple.engine.limiter import ABSENT, SCHEMES, Patches, monotone, wetted
from exacouple.engine.machine import patch_bytes, require_memory
from exacouple.engine.mesh import Mesh
from exacouple.engine.motion import Motion
from exacouple.engine.packets import Works
from exacouple.engine.solution import Solution
from exacouple.engine.sponge import Sponge
from exacouple.engine.stepping import Stepping
from exacouple.engine.team import Team
from exacouple.engine.uplift import MovingFloor
from exacouple.errors import SolutionError, UsageError

# Steps between two looks at a fixed time step, and at patches that could be DG again.
FIXED_DT_CHECK = 16
_RELEASE_EVERY = 16


def unstable(dt: float, largest: float, time: float, place: str) -> SolutionError:
    """Make the error for a fixed time step that is longer than the largest stable one."""
    return SolutionError(
        f"the fixed time step {dt:g} is no longer stable at t = {time:g}: the largest stable one "
        f'is {largest:g}; {place}; use time_stepping "global" or a smaller cfl'
    )


class Solver(Solution):
    """State of a run, see `exacouple.engine.solution.Solution`, and the means to advance it.

    Parameters
    ----------
    mesh
        Square cells.
    initial
        Function of coordinate arrays x, y that gives arrays h, hu, hv, b of the same shape.
    order
        Polynomial degree, 1 to 4.
    gravity, dry_tolerance, limiter_depth
        In the units of the mesh: gravity, the depth below which velocities are damped, and the
        initial depth up to which elements are limited throughout.
    boundary
        ``"outflow"`` (open), ``"sponge"`` (open, behind a layer in which waves die away, see
        `exacouple.engine.sponge`), ``"wall"`` or ``"periodic"``.
    sea_level
        Height of water at rest beyond an open boundary and in the sponge.
    sponge_width
        Width of the sponge; 0 is a tenth of the domain's shorter edge.
    cfl
        Fraction of the largest stable time step.
    fixed_dt
        Keep the first time step for the whole run (ExaHyPE's ``globalfixed``).
    scheme
        Finite-volume scheme of the limited elements: ``"musclhancock"`` (second order) or
        ``"godunov"`` (first order).
    coriolis
        Coriolis parameter f at y = 0 and its gradient along y.
    manning
        Manning's coefficient n of the bottom friction, ``(hu)_t = -g n^2 |u| hu / h^(4/3)``, in the
        units of the mesh (s / m^(1/3), or s / km^(1/3): ten times the number).
    motion
        How the sea floor moves after t = 0, over what `initial` gives as b.
    threads
        Number of threads that share the work, or a team of them that does nothing else meanwhile;
        results do not depend on it.
    precision
        ``"double"`` or ``"single"``: of the polynomials of the deep elements. Limited elements and
        the time are always in double precision.
    dmp_observables, dmp_relaxation_parameter, dmp_difference_scaling
        Discrete maximum principle on the first of eta, hu, hv (0: off): how far values may leave
        the range of the neighbourhood, in absolute terms and relative to that range.
    absent
        Elements that another level of refinement holds, shape ``(ny, nx)``; None for none.
    limited
        Further elements to limit throughout, likewise.

    Raises
    ------
    UsageError
        If the order or the boundary is not one of those above.
    SolutionError
        If the initial state is not finite.

    Notes
    -----
    The first solver of an order waits until another process has compiled the kernels, and every
    process loads them once, see `exacouple.engine.warmup`.

    References
    ----------
    Dumbser, Zanotti, Loubere and Diot (2014), J. Comput. Phys. 278, 47-75; Rannabauer, Dumbser and
    Bader (2018), Comput. Fluids 173, 299-306.
    """

    _parts: tuple[str, ...] = ()

    def __init__(
        self,
        mesh: Mesh,
        initial: Initial,
        *,
        order: int = 2,
        gravity: float = 9.81,
        dry_tolerance: float = 1e-2,
        limiter_depth: float = 1.0,
        boundary: str = "outflow",
        sea_level: float = 0.0,
        sponge_width: float = 0.0,
        cfl: float = 0.9,
        fixed_dt: bool = False,
        scheme: str = "musclhancock",
        coriolis: tuple[float, float] = (0.0, 0.0),
        manning: float = 0.0,
        motion: Motion | None = None,
        threads: int | Team = 1,
        precision: str = "double",
        dmp_observables: int = 0,
        dmp_relaxation_parameter: float = 1e-4,
        dmp_difference_scaling: float = 1e-3,
        absent: NDArray[np.bool_] | None = None,
        limited: NDArray[np.bool_] | None = None,
    ) -> None:
        if not 1 <= order <= 4:
            raise UsageError(
                f"order {order} is not supported by the embedded engine; choose 1 to 4"
            )
        if boundary not in BOUNDARIES:
            raise UsageError(f"boundary {boundary!r} is unknown; choose one of {tuple(BOUNDARIES)}")
        if scheme not in SCHEMES:
            raise UsageError(f"scheme {scheme!r} is unknown; choose one of {tuple(SCHEMES)}")
        if precision not in PRECISIONS:
            raise UsageError(
                f"precision {precision!r} is unknown; choose one of {tuple(PRECISIONS)}"
            )
        terms = {
            rehearsal.SPONGE: boundary == "sponge",
            rehearsal.MAXIMUM_PRINCIPLE: dmp_observables > 0,
        }
        parts = [part for part, present in terms.items() if present]
        warmup.make_ready(order, precision, [*self._parts, *parts])
        self.limiter_depth, self.boundary, self.sea_level = limiter_depth, boundary, sea_level
        self.cfl, self.fixed_dt = cfl, fixed_dt
        self.dmp = (min(dmp_observables, 3), dmp_relaxation_parameter, dmp_difference_scaling)
        self._tag = (0,) * order
        self._ranging, self._maximum_principle = Works(), Works()
        # Of the values at the start and the end of a step, which change places.
        self._range_of: dict[int, tuple[Array, ...]] = {}
        basis = gauss_legendre(order)
        drag = gravity * manning**2
        deep = Elements(
            mesh, basis, boundary=boundary, precision=precision, gravity=gravity,
            coriolis=coriolis, drag=drag,
        )  # fmt: skip
        patches = Patches(basis, mesh.ny, mesh.nx, boundary, scheme, absent)
        team = threads if isinstance(threads, Team) else Team(threads)
        super().__init__(mesh, deep, patches, team, gravity=gravity, dry_tolerance=dry_tolerance)
        self._oscillating = np.zeros(team.threads, dtype=np.int64)
        centres = (np.arange(self.basis.subcells) + 0.5) / self.basis.subcells
        self._stepping = Stepping(
            deep, patches, self.team, coriolis=deep.coriolis_at(centres),
            depth=0.5 * limiter_depth, dx=mesh.dx, g=gravity, drag=drag, sea=sea_level,
            dry=dry_tolerance,
        )  # fmt: skip
        self._start(initial, limited)
        present = self.patches.at[1:-1, 1:-1] != ABSENT
        self._floor = None if motion is None else MovingFloor(motion, mesh, self.basis, present)
        self.dt = self.stable_dt()
        self._sponge: Sponge | None = None
        if boundary == "sponge":
            self.lay_sponge(sponge_width, 0.5 * self.fastest_wave())

    def lay_sponge(self, width: float, celerity: float) -> None:
        """Put a sponge along the edges, for waves up to some speed."""
        self._sponge = Sponge(self.mesh, self.basis, width, celerity, self.sea_level)

    def _start(self, initial: Initial, further: NDArray[np.bool_] | None) -> None:
        """Set the initial state, a few rows at a time to need little memory."""
        mesh, basis = self.mesh, self.basis
        centres = (np.arange(basis.subcells) + 0.5) / basis.subcells
        patches = []
        for first, last in strips(mesh.ny, mesh.nx * basis.subcells**2):
            h, p, q, b = evaluate(initial, mesh, basis.nodes, first, last)
            fine = evaluate(initial, mesh, centres, first, last)
            shallow = ~(least_depth(basis, h, fine[0]) > self.limiter_depth)
            edge = at_open_edge(mesh, self.boundary, first, last)
            limited = shallow | edge if further is None else shallow | edge | further[first:last]
            present = self.patches.at[first + 1 : last + 1, 1:-1] != ABSENT
            limited, deep = limited & present, ~limited & present
            nodal = np.stack([h + b, p, q], axis=2).reshape(*h.shape[:2], 3, -1)
            bed = b.reshape(*b.shape[:2], 1, -1)
            corner = np.array([first + 1, 1])
            free, cells = (np.argwhere(mask) + corner for mask in (deep, limited))
            self._deep.set(free, nodal[deep], bed[deep])
            averages = np.stack([values[limited] for values in fine[:3]], axis=1)
            patches.append((cells, averages, fine[3][limited]))
        where, w, ground = (np.concatenate(parts) for parts in zip(*patches, strict=True))
        require_memory(
            patch_bytes(len(where), self.order), f"the finite-volume limiter of {len(where)} cells"
        )
        self.patches.add(where, w, ground, permanent=True)
        self._deep.open_gates(self.patches.at)
        self.require_finite()

    def stable_dt(self) -> float:
        """Time step for which the fastest wave satisfies the CFL condition.

        ``dt = cfl PNPM(N) / max((|u| + c) / dx + (|v| + c) / dx)``, with PNPM of `basis`.
        """
        rate = self.fastest_wave() / self.mesh.dx
        if not rate > 0.0:
            raise UsageError("the whole domain is dry: there is nothing to simulate")
        return self.cfl * PNPM[self.order] / rate

    def fastest_wave(self) -> float:
        """Largest |u| + |v| + 2 sqrt(g h) anywhere."""
        return self._stepping.fastest_wave()

    def step(self, until: float | None = None) -> None:
        """Advance one step, shortened if it would pass ``until``.

        Raises
        ------
        SolutionError
            With the place and the time, if the solution is no longer finite or if a fixed time
            step is no longer stable.
        """
        dt = self.dt if until is None else min(self.dt, until - self.time)
        self._lift(self.time, self.time + 0.5 * dt)
        self._propose(dt)
        self._accept(dt)
        self._lift(self.time + 0.5 * dt, self.time + dt)
        self._finish(dt)
        self._renew_dt()

    def _propose(self, dt: float) -> None:
        """Find an admissible solution at the end of the step."""
        self._try(dt)
        while self._limit_troubled():
            self._try(dt)

    def _accept(self, dt: float) -> None:
        """Make the end of the step the start of the next, with less motion in the sponge."""
        self._deep.accept()
        self.patches.accept()
        if self._sponge is not None:
            self._sponge.calm(self._deep, self.patches, dt, self.dry_tolerance, self.team)

    def _finish(self, dt: float) -> None:
        """Count a step that was taken and look at its solution."""
        self.time += dt
        self.steps += 1
        self.require_finite()
        if self.steps % _RELEASE_EVERY == 0:
            self._release()

    def _lift(self, start: float, end: float) -> None:
        """Move the sea floor; half before and half after a step keeps second order (Strang)."""
        if self._floor is not None:
            self._floor.lift(*self.elements, self.patches, start, end)

    def _try(self, dt: float) -> None:
        """Compute the candidate solution at the end of the step, and judge it."""
        self._stepping.attempt(dt)
        # The polynomial of a passing patch waits, admissible, for the patch to be released.
        if self.patches.passing.size:
            self._deep.keep(self.patches.cells[self.patches.passing])

    def _limit_troubled(self) -> bool:
        """Turn elements whose candidate solution is not admissible into patches."""
        deep, patches, verdict = self._deep, self.patches, self._stepping.verdict
        count = self._stepping.doubtful
        if count:
            depth = 0.5 * self.limiter_depth
            count = coupling.settle_shallow(
                self._tag, deep.out, deep.bed, self.basis.to_subcells, depth, verdict
            )
        observables, slack, scaling = self.dmp
        if observables:
            before, after = self._ranges(deep.u), self._ranges(deep.out)
            values = (
                patches.at, *before, *after, observables, slack, scaling, verdict, self._oscillating
            )  # fmt: skip
            work = self._maximum_principle.get(
                lambda: [(coupling.find_oscillating, values)], before[0]
            )
            self.team.over_rows(work, 1, self.mesh.ny + 1)
            count += sum(self._oscillating.tolist())
        if count:
            self._limit(np.argwhere(verdict == coupling.TROUBLED))
        return count > 0

    def _limit(self, cells: Cells) -> None:
        """Turn elements, given as rows of (row, column), into patches for a while."""
        w, bed = self._deep.averages(cells)
        w[:, 0] -= bed
        self.patches.add(cells, wetted(w), bed, permanent=False)
        self._deep.open_gates(self.patches.at)

    def _ranges(self, values: Array) -> tuple[Array, Array]:
        """Least and greatest eta, hu, hv of each element or patch."""
        patches, (rows, columns) = self.patches, self.patches.at.shape
        if id(values) not in self._range_of:
            self._range_of[id(values)] = tuple(np.empty((2, 3, rows, columns + LANES)))
        low, high = self._range_of[id(values)]
        task = coupling.ranges, (self._tag, values, self._deep.active, low, high)
        work = self._ranging.get(lambda: [task], values)
        self.team.over_rows(work, 1, rows - 1)
        coupling.patch_ranges(patches.cells, patches.w, patches.bed, low, high)
        return low, high

    def _release(self) -> None:
        """Give patches back to DG whose polynomial is deep and smooth enough again."""
        patches = self.patches
        passing = patches.passing
        if passing.size == 0:
            return
        restrict = self.basis.from_subcells
        w, cells = patches.w[passing], patches.cells[passing]
        averages = np.stack([w[:, 0] + patches.bed[passing], w[:, 1], w[:, 2]], axis=1)
        nodal = np.einsum("jy,evyx,ix->evji", restrict, averages, restrict)
        bed = self._deep.get_bed(cells).reshape(nodal[:, 0].shape)
        depth = least_depth(self.basis, (nodal[:, 0] - bed)[None], w[None, :, 0])[0]
        nodal = nodal.reshape(len(passing), 3, -1)
        fit = (depth > self.limiter_depth) & monotone(nodal, averages, *self.dmp)
        if fit.any():
            self._deep.set(cells[fit], nodal[fit])
            gone = np.zeros(len(patches), dtype=np.bool_)
            gone[passing[fit]] = True
            patches.remove(gone)
            self._deep.open_gates(self.patches.at)

    def _renew_dt(self) -> None:
        if not self.fixed_dt:
            self.dt = self.stable_dt()
        elif self.steps % FIXED_DT_CHECK == 0 and self.stable_dt() < self.cfl * self.dt:
            raise unstable(self.dt, self.stable_dt() / self.cfl, self.time, self.worst_cell())
