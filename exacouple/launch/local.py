"""Run a case on this machine: start the engine, watch it, judge what it gave."""

import logging
import os
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from exacouple.cases import Case
from exacouple.cases.site import SHARED_DIR
from exacouple.cases.truth import MeshTruth, mesh_truth
from exacouple.errors import ExacoupleError, UsageError
from exacouple.hashing import sha256_file
from exacouple.launch.engines import Engine, get_engine
from exacouple.launch.probefiles import find_probe_files, remove_probe_files
from exacouple.launch.process import GRACE, StopRequest, end_group, run_process
from exacouple.launch.progress import CollapseWatch, Progress, ProgressReader
from exacouple.launch.state import (
    RunState,
    case_status,
    is_alive,
    is_running,
    now,
    process_identity,
    read_state,
    try_lock,
    write_state,
)
from exacouple.launch.verdict import Expected, judge

_log = logging.getLogger(__name__)

_STATE_EVERY = 5.0
_COMPILING = re.compile(rb"compil(?:ing|ed) the numerical kernels.*")


class CaseBusyError(UsageError):
    """The case is being run by another process."""


OnProgress = Callable[[Progress], None]


@dataclass(frozen=True)
class Outcome:
    """What became of a case.

    Attributes
    ----------
    case : Path
        The case directory.
    status : str
        "finished", "failed", "interrupted", or "skipped" for a case that had finished before.
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
    """

    case: Path
    status: Literal["finished", "failed", "interrupted", "skipped"]
    end_time: float | None = None
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    exit_code: int | None = None
    step: int | None = None
    time: float | None = None
    wall_time: float = 0.0


def run_case(
    case_dir: str | Path,
    *,
    engine: str | Engine = "embedded",
    threads: int | None = None,
    force: bool = False,
    on_progress: OnProgress | None = None,
    stop: StopRequest | None = None,
    grace: tuple[float, float] = GRACE,
) -> Outcome:
    """Run one case to its end and judge the result.

    A case that has finished and is unchanged is not run again. One that was stopped goes on from
    its last checkpoint if the engine has written one. Everything else starts from the beginning:
    probe files of earlier runs are replaced. Logs, of the last run only, are in ``logs/``, how the
    run stands is in ``state.json``.

    Parameters
    ----------
    case_dir : str or Path
        Directory that ``exacouple prepare`` has written.
    engine : str or Engine
        Name of an engine, or one that is not registered.
    threads : int, optional
        Number of threads of the engine; None leaves it to the engine.
    force : bool
        Run also a case that has finished, or that seems to be running on another machine, and
        start from the beginning.
    on_progress : callable, optional
        Gets a `Progress` for each time step.
    stop : StopRequest, optional
        Signals of the caller; without it SIGINT and SIGTERM are caught during the run. They end
        the engine and give the status "interrupted".
    grace : tuple of float
        Seconds that the engine has after SIGINT and after SIGTERM.

    Raises
    ------
    CaseBusyError
        The case is being run by another process.
    UsageError
        Not a case, an unknown engine, or one that cannot run this case.
    ExacoupleError
        A file of the case is missing or changed, or the directory cannot be written.
    """
    case = Case.open(case_dir)
    case.verify()
    chosen = get_engine(engine) if isinstance(engine, str) else engine
    chosen.check(case)
    environment = chosen.environment(os.environ, threads) | _shift_variables(case)
    expected = expectation(case)
    if not force and (before := finished_before(expected)):
        _tell_other_engine(case.path, chosen)
        return before
    if expected.mesh is not None:
        _log.info("%s: %s", case.path, expected.mesh)
    caught = StopRequest() if stop is None else nullcontext(stop)
    with caught as signals, _claim(case.path, force=force) as lock:
        if not force and (before := finished_before(expected)):
            return before
        specfile = str(case.manifest["specfile"])
        resume = not force and _can_resume(case.path, chosen, specfile)
        run = _Run(expected, specfile, chosen, on_progress, resume=resume)
        return run.execute(environment, signals, lock, grace)


def expectation(case: Case) -> Expected:
    """Return what the run of a case must give.

    Raises
    ------
    ExacoupleError
        ``case.json`` lacks it.
    """
    manifest = case.manifest
    try:
        if not isinstance(manifest["specfile"], str):
            raise TypeError("specfile is no text")
        return Expected(
            directory=case.path,
            end_time=float(manifest["end_time_s"]),
            sampling=float(manifest["sampling_s"]),
            buoys=tuple(str(buoy["id"]) for buoy in manifest["buoys"]),
            probes=case.path / manifest["probes"]["directory"],
            mesh=_mesh(case),
        )
    except (KeyError, TypeError, ValueError) as exc:
        raise ExacoupleError(
            f"{case.path / 'case.json'} is damaged ({exc!r}): prepare the case again"
        ) from exc


def _mesh(case: Case) -> MeshTruth | None:
    """Return the mesh that the engine must choose; None if the files do not say it."""
    try:
        return mesh_truth(case)
    except ExacoupleError as exc:
        _log.debug("%s", exc)
        return None


def _shift_variables(case: Case) -> dict[str, str]:
    """Keep an engine that looks for a shift of the displacement from finding another one's."""
    target = case.manifest.get("target") or {}
    shift = target.get("application", {}).get("shift_file")
    return {SHARED_DIR: "./"} if shift else {}


def _tell_other_engine(case_dir: Path, engine: Engine) -> None:
    state = read_state(case_dir)
    if state is not None and state.engine != engine.name:
        _log.warning(
            "%s: has finished on engine %s; --force runs it again on %s",
            case_dir,
            state.engine,
            engine.name,
        )


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


class _Run:
    """One run of one case, from the claimed directory to the final state."""

    def __init__(
        self,
        expected: Expected,
        specfile: str,
        engine: Engine,
        on_progress: OnProgress | None,
        *,
        resume: bool,
    ) -> None:
        self._expected = expected
        self._resume = resume
        self._checkpoint = _checkpoint(expected.directory, engine, specfile)
        self._directory = expected.directory
        self._on_progress = on_progress
        self._reader = ProgressReader()
        self._watch = CollapseWatch(expected.end_time)
        command = engine.resume if resume and engine.resume is not None else engine.command
        self._command = command(specfile)
        self._written = time.monotonic()
        self._state = RunState(
            status="running",
            engine=engine.name,
            command=self._command,
            pid=os.getpid(),
            process=process_identity(os.getpid()),
            host=socket.gethostname(),
            started=now(),
            end_time=expected.end_time,
            case_sha256=sha256_file(self._directory / "case.json"),
        )

    def execute(
        self,
        environment: dict[str, str],
        stop: StopRequest,
        lock: int,
        grace: tuple[float, float],
    ) -> Outcome:
        write_state(self._directory, self._state)
        start = time.monotonic()
        try:
            outcome = self._start_and_judge(environment, stop, lock, grace)
        except ExacoupleError as exc:
            outcome = self._failed(exc)
        except BaseException as exc:
            self._finish(self._failed(exc))
            raise
        return replace(self._finish(outcome), wall_time=time.monotonic() - start)

    def _failed(self, exc: BaseException) -> Outcome:
        cause = str(exc) or type(exc).__name__
        return Outcome(self._directory, "failed", self._expected.end_time, (cause,))

    def _start_and_judge(
        self,
        environment: dict[str, str],
        stop: StopRequest,
        lock: int,
        grace: tuple[float, float],
    ) -> Outcome:
        expected = self._expected
        if self._resume:
            _log.info("%s: goes on from its checkpoint", self._directory)
        else:
            stale = remove_probe_files(expected.probes, expected.buoys)
            if stale:
                _log.debug("removed %d probe files of an earlier run", stale)
        _make_directory(expected.probes)
        stdout = self._directory / "logs" / "stdout.log"
        stderr = self._directory / "logs" / "stderr.log"
        ended = run_process(
            self._command,
            cwd=self._directory,
            environment=environment,
            stdout=stdout,
            stderr=stderr,
            on_start=self._engine_started,
            on_line=self._line,
            stop=stop,
            keep_open=(lock,),
            grace=grace,
        )
        verdict = judge(expected, ended.exit_code, stdout, stderr, stopped=ended.stopped)
        status: Literal["finished", "failed", "interrupted"] = "finished"
        if not verdict.ok:
            status = "interrupted" if stop.signals else "failed"
        last = verdict.last
        reasons = verdict.reasons
        if status == "interrupted":
            at = "" if last is None else f" at t = {last.time:g} s of {expected.end_time:g} s"
            kept = self._checkpoint is not None and self._checkpoint.exists()
            then = "goes on from its checkpoint" if kept else "starts it again from the beginning"
            reasons = (f"interrupted{at}; `exacouple run` {then}",)
        return Outcome(
            case=self._directory,
            status=status,
            end_time=expected.end_time,
            reasons=reasons,
            warnings=verdict.warnings,
            exit_code=ended.exit_code,
            step=last.step if last else None,
            time=last.time if last else None,
        )

    def _engine_started(self, pid: int) -> None:
        self._state = replace(self._state, engine_pid=pid, engine_process=process_identity(pid))
        write_state(self._directory, self._state)

    def _line(self, line: bytes) -> str | None:
        progress = self._reader.feed(line)
        if progress is None:
            if found := _COMPILING.search(line):
                _log.info("%s: %s", self._directory, found[0].decode())
            return None
        if self._on_progress is not None:
            self._on_progress(progress)
        if time.monotonic() - self._written > _STATE_EVERY:
            self._state = replace(self._state, step=progress.step, time=_finite(progress.time))
            write_state(self._directory, self._state)
            self._written = time.monotonic()
        return self._watch.observe(progress)

    def _finish(self, outcome: Outcome) -> Outcome:
        """Record the end; a success that cannot be recorded is none."""
        assert outcome.status != "skipped"
        state = replace(
            self._state,
            status=outcome.status,
            ended=now(),
            exit_code=outcome.exit_code,
            step=outcome.step,
            time=None if outcome.time is None else _finite(outcome.time),
            message="; ".join(outcome.reasons),
        )
        try:
            write_state(self._directory, state)
        except ExacoupleError as exc:
            _log.debug("%s: the run counts as died", exc)
            if outcome.status == "finished":
                return replace(outcome, status="failed", reasons=(str(exc),), warnings=())
        return outcome


@contextmanager
def _claim(case_dir: Path, *, force: bool) -> Iterator[int]:
    """Make this process the only one that runs the case; tell what became of an earlier run."""
    with try_lock(case_dir) as lock:
        state = read_state(case_dir)
        if state is not None and state.status == "running":
            _clear_earlier(case_dir, state, held=lock is not None, force=force)
        if lock is not None:
            yield lock
            return
    with try_lock(case_dir) as lock:
        if lock is None:
            raise CaseBusyError(f"{case_dir} is being run by another process: wait for its end")
        yield lock


def _clear_earlier(case_dir: Path, state: RunState, *, held: bool, force: bool) -> None:
    """Refuse if a run that says "running" may still live; else say that it died."""
    here = state.host == socket.gethostname()
    if here and is_running(state):
        raise CaseBusyError(
            f"{case_dir} is being run by process {state.pid} since {state.started}: wait for its "
            f"end, or stop it with `kill {state.pid}`"
        )
    if not here and not (held and force):
        raise CaseBusyError(
            f"{case_dir} is being run on {state.host} by process {state.pid} since "
            f"{state.started}: wait for its end; if that run is dead, use --force"
        )
    _log.warning(
        "%s: the run started at %s died without an end%s",
        case_dir,
        state.started,
        "" if state.time is None else f" after t = {state.time:g} s",
    )
    engine = state.engine_pid
    if here and engine is not None and is_alive(engine, state.engine_process):
        _log.warning("its engine (process %d) was still running and is ended now", engine)
        if not end_group(engine, alive=lambda: is_alive(engine, state.engine_process)):
            raise ExacoupleError(f"{case_dir}: the engine (process {engine}) cannot be ended")


def _checkpoint(case_dir: Path, engine: Engine, specfile: str) -> Path | None:
    return None if engine.checkpoint is None else case_dir / engine.checkpoint(specfile)


def _can_resume(case_dir: Path, engine: Engine, specfile: str) -> bool:
    """Tell whether the last run was one of this case on this engine and left a checkpoint."""
    state = read_state(case_dir)
    path = _checkpoint(case_dir, engine, specfile)
    if state is None or state.status == "finished" or path is None or not path.exists():
        return False
    same_case = state.case_sha256 == sha256_file(case_dir / "case.json")
    return same_case and state.engine == engine.name


def _make_directory(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise ExacoupleError(f"cannot make {path}: {exc.strerror}") from exc


def _finite(value: float) -> float | None:
    return value if abs(value) < float("inf") else None
