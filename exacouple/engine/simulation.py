"""One run: from a checked specfile to probe files and progress lines."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from exacouple import __version__
from exacouple.engine.machine import estimate_bytes, peak_bytes, require_memory, thread_count
from exacouple.engine.mesh import Mesh
from exacouple.engine.probewriter import ProbeSet
from exacouple.engine.scenario import Scenario, read_shift, source_for
from exacouple.engine.specfile import Specfile
from exacouple.errors import ExacoupleError, UsageError

_log = logging.getLogger(__name__)

_MAIN = {"origin": "exahype::main()"}
_MESH = {"origin": "exahype::runners::Runner::createRepository(...)"}
_MASTER = {"origin": "exahype::runners::Runner::runAsMaster(...)"}
_STEP = {"origin": "exahype::runners::Runner::printTimeStepInfo(...)"}
_SLOW_START_S = 3.0
_SMALLEST_DT_RATIO = 1e-4


class Solver(Protocol):
    """What a run needs of a solver; `dt` is the length of the next step."""

    time: float
    steps: int
    dt: float

    def step(self) -> None:
        """Advance one step."""

    def sample(self, x: float, y: float) -> tuple[float, float, float, float, float]:
        """Give h, hu, hv, b and h + b at a point."""


StartSolver = Callable[[Specfile, Mesh, Scenario], Solver]


def start_solver(spec: Specfile, mesh: Mesh, initial: Scenario) -> Solver:
    """Start the embedded ADER-DG solver; this is what imports Numba."""
    from exacouple.engine.solver import Solver as AderDgSolver

    return AderDgSolver(
        mesh,
        initial,
        order=spec.order,
        gravity=spec.parameters.gravity,
        dry_tolerance=spec.parameters.dry_tolerance,
        limiter_depth=spec.parameters.limiter_depth,
        boundary=spec.parameters.boundary,
        cfl=spec.parameters.cfl,
        fixed_dt=spec.fixed_dt,
        scheme=spec.scheme,
        threads=thread_count(),
        dmp_observables=spec.dmp_observables,
        dmp_relaxation_parameter=spec.dmp_relaxation_parameter,
        dmp_difference_scaling=spec.dmp_difference_scaling,
    )


def simulate(
    spec: Specfile,
    *,
    start: StartSolver = start_solver,
    interrupt: Callable[[], None] = lambda: None,
) -> None:
    """Run a specfile in the current folder to its end.

    The folder holds the easi file and its data; probe files are written relative to it.

    Parameters
    ----------
    spec
        What to run.
    start
        Makes the solver.
    interrupt
        Called after every step; may raise to end the run.

    Raises
    ------
    UsageError
        A probe lies outside the domain, or the specfile asks for something that is not supported.
    ExacoupleError
        A file cannot be read or written, memory does not suffice, or the solution breaks down.
    """
    mesh = spec.mesh()
    _announce(spec, mesh)
    for probe in spec.probes:
        try:
            mesh.locate(probe.x, probe.y)
        except UsageError as exc:
            raise UsageError(f"{spec.path}: probe {probe.name}: {exc}") from exc
    require_memory(estimate_bytes(mesh.cells, spec.order), f"a mesh of {mesh.nx} x {mesh.ny} cells")
    source = source_for(spec.output_directory)
    initial = Scenario(source, mesh, Path(), shift=read_shift())
    with ProbeSet(spec.probes) as probes:
        notice = threading.Timer(_SLOW_START_S, _tell_compiling)
        notice.daemon = True
        notice.start()
        try:
            solver = start(spec, mesh, initial)
            first_dt = solver.dt
            while True:
                _check_plotters(spec, solver)
                probes.record(solver.time, solver.sample)
                _report(solver)
                if _finished(spec, solver):
                    break
                _check_dt(solver, first_dt)
                solver.step()
                notice.cancel()
                interrupt()
        finally:
            notice.cancel()
    _log.info("memoryUsage    =%d MB", round(peak_bytes() / 1e6), extra=_MASTER)
    _log.info("Peano terminates successfully", extra=_MAIN)


def _announce(spec: Specfile, mesh: Mesh) -> None:
    _log.info(
        "exacouple embedded engine %s (this is not ExaHyPE): ADER-DG of order %d with a "
        "finite-volume limiter",
        __version__,
        spec.order,
        extra=_MAIN,
    )
    _log.info(
        "coarsest mesh size was chosen as %g based on user's maximum mesh size %g "
        "and length of longest edge of domain %g",
        mesh.dx,
        spec.maximum_mesh_size,
        max(mesh.nx, mesh.ny) * mesh.dx,
        extra=_MESH,
    )
    _log.info(
        "summary: create computational domain at [%g,%g] of width/size [%g,%g] with %d x %d cells",
        mesh.x0,
        mesh.y0,
        mesh.nx * mesh.dx,
        mesh.ny * mesh.dx,
        mesh.nx,
        mesh.ny,
        extra=_MESH,
    )


def _tell_compiling() -> None:
    _log.info(
        "compiling the numerical kernels; they are kept, so that the next start is quick",
        extra=_MASTER,
    )


def _report(solver: Solver) -> None:
    _log.info("step %d\tt_min          =%g", solver.steps, solver.time, extra=_STEP)
    _log.info("\tdt_min         =%g", solver.dt, extra=_STEP)


def _finished(spec: Specfile, solver: Solver) -> bool:
    if spec.time_steps is not None:
        return solver.steps >= spec.time_steps
    return spec.end_time is not None and solver.time >= spec.end_time


def _check_plotters(spec: Specfile, solver: Solver) -> None:
    if spec.time_steps is None:
        return
    for name, time in spec.other_plotters:
        if solver.time >= time:
            raise UsageError(
                f"{spec.path}: plotter {name} is due at t = {time:g}, but only probe::ascii "
                "plotters are supported; remove it or start it after the end"
            )


def _check_dt(solver: Solver, first_dt: float) -> None:
    if not solver.dt > _SMALLEST_DT_RATIO * first_dt:
        raise ExacoupleError(
            f"the time step fell from {first_dt:g} to {solver.dt:g} at t = {solver.time:g}: "
            "the solution is breaking down; check bathymetry and displacement, or lower the cfl"
        )
