"""One run: from a checked specfile to its outputs and progress lines."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from exacouple import __version__
from exacouple.engine.checkpoint import Checkpoints, checkpoint_path, fingerprint
from exacouple.engine.machine import estimate_bytes, peak_bytes, require_memory, thread_count
from exacouple.engine.mesh import Mesh, cut_mesh
from exacouple.engine.motion import Motion
from exacouple.engine.outputs import Outputs
from exacouple.engine.scenario import Scenario, read_shift, source_for
from exacouple.engine.specfile import Specfile
from exacouple.errors import ExacoupleError, SolutionError, UsageError
from exacouple.hashing import sha256_file

_log = logging.getLogger(__name__)

_MAIN = {"origin": "exahype::main()"}
_MESH = {"origin": "exahype::runners::Runner::createRepository(...)"}
_MASTER = {"origin": "exahype::runners::Runner::runAsMaster(...)"}
_STEP = {"origin": "exahype::runners::Runner::printTimeStepInfo(...)"}
_SMALLEST_DT_RATIO = 1e-4
# Even of a few cells no machine takes as many in a year.
_MOST_STEPS = 1e12


class Solver(Protocol):
    """What a run needs of a solver; `dt` is the length of the next step."""

    time: float
    steps: int
    dt: float

    def step(self) -> None:
        """Advance one step."""

    def sample(self, x: float, y: float) -> tuple[float, float, float, float, float]:
        """Give h, hu, hv, b and h + b at a point."""

    def worst_cell(self) -> str:
        """Say in words where the fastest wave is."""

    def state(self) -> dict[str, NDArray[np.float64]]:
        """Give all that the steps to come depend on."""

    def restore(self, state: Mapping[str, NDArray[np.float64]]) -> None:
        """Go on from the state of an earlier run."""


class Interrupt:
    """What may end a run early; this one never does."""

    requested = False

    def hold(self) -> None:
        """Wait from now on for `check`, so that no step is left half done."""

    def check(self) -> None:
        """Raise if the run is to end."""


StartSolver = Callable[[Specfile, Mesh, Scenario], Solver]


def start_solver(spec: Specfile, mesh: Mesh, initial: Scenario) -> Solver:
    """Start the embedded ADER-DG solver; this is what imports Numba."""
    from exacouple.engine.levels import RefinedSolver
    from exacouple.engine.solver import Solver as AderDgSolver

    parameters = spec.parameters
    settings: dict[str, Any] = {
        "order": spec.order,
        "gravity": parameters.gravity,
        "dry_tolerance": parameters.dry_tolerance,
        "limiter_depth": parameters.limiter_depth,
        "boundary": parameters.boundary,
        "sponge_width": parameters.sponge_width,
        "cfl": parameters.cfl,
        "fixed_dt": spec.fixed_dt,
        "scheme": spec.scheme,
        "coriolis": parameters.coriolis,
        "manning": parameters.manning,
        "motion": initial.motion,
        "threads": thread_count(),
        "precision": parameters.precision,
        "dmp_observables": spec.dmp_observables,
        "dmp_relaxation_parameter": spec.dmp_relaxation_parameter,
        "dmp_difference_scaling": spec.dmp_difference_scaling,
    }
    if parameters.refinement is None:
        return AderDgSolver(mesh, initial, **settings)
    solver = RefinedSolver(mesh, initial, parameters.refinement, **settings)
    _log.info(
        "refined 3:1: %d of %d cells, %.1f %% of the domain",
        solver.refined.sum(),
        mesh.cells,
        100.0 * solver.refined.mean(),
        extra=_MESH,
    )
    return solver


def simulate(
    spec: Specfile,
    *,
    resume: bool = False,
    start: StartSolver = start_solver,
    interrupt: Interrupt | None = None,
) -> None:
    """Run a specfile in the current folder to its end.

    The folder holds the easi file and its data; all outputs are written relative to it.

    Parameters
    ----------
    spec
        What to run.
    resume
        Go on from the checkpoint of an earlier run, if there is one.
    start
        Makes the solver.
    interrupt
        Asked after every step; when it ends the run, a checkpoint is written first.

    Raises
    ------
    UsageError
        A probe lies outside the domain, or the specfile asks for something that is not supported.
    ExacoupleError
        A file cannot be read or written, or memory does not suffice.
    SolutionError
        The solution breaks down; the run leaves no checkpoint, which would break down again.
    """
    interrupt = interrupt or Interrupt()
    mesh = spec.mesh()
    _announce(spec, mesh)
    for probe in spec.probes:
        try:
            mesh.locate(probe.x, probe.y)
        except UsageError as exc:
            raise UsageError(f"{spec.path}: probe {probe.name}: {exc}") from exc
    finest = mesh if spec.parameters.refinement is None else cut_mesh(mesh)
    needed = estimate_bytes(finest.nx, finest.ny, spec.order)
    if finest is not mesh:
        needed += estimate_bytes(mesh.nx, mesh.ny, spec.order)
    require_memory(needed, f"a mesh of {finest.nx} x {finest.ny} cells")
    source = source_for(spec.output_directory)
    shift = read_shift()
    initial = Scenario(source, mesh, Path(), shift=shift, motion=_motion(spec, shift))
    solver = start(spec, mesh, initial)
    checkpoints = Checkpoints(
        checkpoint_path(spec.path),
        spec.parameters.checkpoint_every,
        _mark(spec, solver) if spec.parameters.checkpoint_every else "",
    )
    _warn_of_sponge(spec, mesh)
    first_dt = solver.dt
    with _open_outputs(spec, finest, solver, checkpoints, resume=resume) as outputs:
        try:
            _run(spec, solver, outputs, checkpoints, interrupt, first_dt)
        except SolutionError:
            checkpoints.remove()
            raise
        outputs.finish(solver.time)
    checkpoints.remove()
    _log.info("memoryUsage    =%d MB", round(peak_bytes() / 1e6), extra=_MASTER)
    _log.info("Peano terminates successfully", extra=_MAIN)


def _warn_of_sponge(spec: Specfile, mesh: Mesh) -> None:
    """Tell which probes record waves that the sponge has damped."""
    if spec.parameters.boundary != "sponge":
        return
    from exacouple.engine.sponge import sponge_width

    width = sponge_width(mesh, spec.parameters.sponge_width)
    for probe in spec.probes:
        to_edge = min(probe.x - mesh.x0, mesh.x1 - probe.x, probe.y - mesh.y0, mesh.y1 - probe.y)
        if to_edge < width:
            _log.warning(
                "probe %s lies in the sponge, %g from the edge: its waves are damped; move the "
                "edge or take a sponge_width below %g",
                probe.name,
                to_edge,
                to_edge,
            )


def _motion(spec: Specfile, shift: tuple[float, float]) -> Motion | None:
    parameters = spec.parameters
    if not parameters.motion:
        return None
    return Motion(Path(parameters.motion), parameters.metres or 1.0, shift)


def _mark(spec: Specfile, solver: Solver) -> str:
    """Tell the run from others: by what it computes, and what its sea floor will do."""
    state = solver.state()
    if spec.parameters.motion:
        digest = bytes.fromhex(sha256_file(spec.parameters.motion))
        state["motion"] = np.frombuffer(digest, dtype=np.uint8)
    return fingerprint(spec, state)


def _open_outputs(
    spec: Specfile, mesh: Mesh, solver: Solver, checkpoints: Checkpoints, *, resume: bool
) -> Outputs:
    """Open the outputs; if an earlier run can be gone on with, set the solver to where it was."""
    kept = checkpoints.read() if resume and checkpoints.wanted else None
    if kept is None:
        checkpoints.remove()
        return Outputs(spec, mesh)
    try:
        outputs = Outputs(spec, mesh, kept)
    except ExacoupleError as exc:
        _log.warning("%s: the run starts from the beginning", exc)
        return Outputs(spec, mesh)
    solver.restore(kept["solver"])
    _log.info(
        "resuming from the checkpoint at step %d, t = %g", solver.steps, solver.time, extra=_MASTER
    )
    return outputs


def _run(
    spec: Specfile,
    solver: Solver,
    outputs: Outputs,
    checkpoints: Checkpoints,
    interrupt: Interrupt,
    first_dt: float,
) -> None:
    while True:
        _check_plotters(spec, solver)
        outputs.record(solver)
        _report(solver)
        if _finished(spec, solver):
            return
        _check_dt(spec, solver, first_dt)
        interrupt.hold()
        solver.step()
        if checkpoints.due or (interrupt.requested and checkpoints.wanted):
            checkpoints.write({"solver": solver.state(), **outputs.state()})
            outputs.write_maxima()
        interrupt.check()


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
    for name, time in spec.plotters.never_due:
        if solver.time >= time:
            raise UsageError(
                f"{spec.path}: plotter {name} is due at t = {time:g}, but its type is not "
                "supported; remove it or start it after the end"
            )


def _check_dt(spec: Specfile, solver: Solver, first_dt: float) -> None:
    if spec.end_time is not None and solver.dt < (spec.end_time - solver.time) / _MOST_STEPS:
        raise SolutionError(
            f"from t = {solver.time:g} to the end at t = {spec.end_time:g} the run would take more "
            f"than {_MOST_STEPS:g} time steps of {solver.dt:g}: {solver.worst_cell()}; check "
            "bathymetry and displacement there, and units"
        )
    if not solver.dt > _SMALLEST_DT_RATIO * first_dt:
        raise SolutionError(
            f"the time step fell from {first_dt:g} to {solver.dt:g} at t = {solver.time:g}: "
            f"the solution is breaking down; {solver.worst_cell()}; check bathymetry and "
            "displacement there, or lower the cfl"
        )
