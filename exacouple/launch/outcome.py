"""What a run of a case must give, and what became of it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from exacouple.cases import Case
from exacouple.cases.truth import MeshTruth, mesh_truth
from exacouple.errors import ExacoupleError
from exacouple.launch.progress import Progress
from exacouple.launch.state import RunState, case_status, now, read_state, write_state
from exacouple.launch.verdict import Expected
from exacouple.probes import find_probe_files

_log = logging.getLogger(__name__)

OnProgress = Callable[[Progress], None]


@dataclass(frozen=True)
class Outcome:
    """What became of a case.

    Attributes
    ----------
    case : Path
        The case directory.
    status : str
        "finished", "failed", "interrupted", "skipped" for a case that had finished before, or
        "running" for one that goes on unwatched.
    reasons : tuple of str
        Why it failed and what to change.
    warnings : tuple of str
        What is doubtful though it finished.
    exit_code : int or None
        Exit status of the engine, negative for a signal; None if it did not start.
    step, time : int, float
        Last time step and its simulated time in s; None if there was none.
    end_time : float or None
        Simulated time to be reached in s; None if the case could not be read.
    wall_time : float
        How long the engine ran in s.
    job : str or None
        Number of its SLURM job.
    """

    case: Path
    status: Literal["finished", "failed", "interrupted", "skipped", "running"]
    end_time: float | None = None
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    exit_code: int | None = None
    step: int | None = None
    time: float | None = None
    wall_time: float = 0.0
    job: str | None = None


def expectation(case: Case) -> Expected:
    """Return what the run of a case must give."""
    manifest = case.manifest
    return Expected(
        directory=case.path,
        end_time=float(manifest["end_time_s"]),
        sampling=float(manifest["sampling_s"]),
        buoys=tuple(buoy["id"] for buoy in manifest["buoys"]),
        probes=case.path / manifest["probes"]["directory"],
        mesh=_mesh(case),
        dialect=manifest["probes"].get("dialect", "exahype1"),
    )


def _mesh(case: Case) -> MeshTruth | None:
    """Return the mesh that the engine must choose; None if the files do not say it."""
    try:
        return mesh_truth(case)
    except ExacoupleError as exc:
        _log.debug("%s", exc)
        return None


def finished_before(expected: Expected) -> Outcome | None:
    """Return the outcome "skipped" if the case has finished and needs no run.

    It needs one if ``case.json`` is another one since, or a probe file has gone.
    """
    state = read_state(expected.directory)
    if state is None or case_status(expected.directory) != "finished":
        return None
    if not all(find_probe_files(expected.probes, buoy) for buoy in expected.buoys):
        return None
    return Outcome(
        expected.directory, "skipped", expected.end_time, step=state.step, time=state.time
    )


def record_end(state: RunState, outcome: Outcome) -> Outcome:
    """Write the end of a run into ``state.json``; a success that cannot be recorded is none."""
    status = outcome.status
    if status == "skipped":
        return outcome
    ended = replace(
        state,
        status=status,
        ended=now(),
        exit_code=outcome.exit_code,
        step=outcome.step,
        time=None if outcome.time is None else finite(outcome.time),
        message="; ".join(outcome.reasons),
    )
    try:
        write_state(outcome.case, ended)
    except ExacoupleError as exc:
        _log.debug("%s: the run counts as died", exc)
        if outcome.status == "finished":
            return replace(outcome, status="failed", reasons=(str(exc),), warnings=())
    return outcome


def make_directory(path: Path) -> None:
    """Make a directory unless it is there."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise ExacoupleError(f"cannot make {path}: {exc.strerror}") from exc


def finite(value: float) -> float | None:
    """Return `value`, None if it is no finite number: JSON knows none."""
    return value if abs(value) < float("inf") else None
