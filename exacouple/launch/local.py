"""Run a case on this machine: start the engine, watch it, judge what it gave."""

import logging
import os
import socket
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Literal

from exacouple.cases import Case
from exacouple.errors import ExacoupleError
from exacouple.hashing import sha256_file
from exacouple.launch.claim import (
    can_resume,
    checkpoint_path,
    claim,
    drop_checkpoint,
    how_it_goes_on,
    shift_variables,
    tell_other_engine,
)
from exacouple.launch.engines import Engine, get_engine
from exacouple.launch.follow import COMPILING
from exacouple.launch.outcome import (
    OnProgress,
    Outcome,
    expectation,
    finished_before,
    finite,
    make_directory,
    record_end,
)
from exacouple.launch.probefiles import remove_probe_files
from exacouple.launch.process import GRACE, StopRequest, run_process
from exacouple.launch.progress import CollapseWatch, ProgressReader
from exacouple.launch.state import RunState, now, process_identity, write_state
from exacouple.launch.verdict import Expected, judge

_log = logging.getLogger(__name__)

_STATE_EVERY = 5.0


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
    environment = chosen.environment(os.environ, threads) | shift_variables(case)
    expected = expectation(case)
    if not force and (before := finished_before(expected)):
        tell_other_engine(case.path, chosen)
        return before
    if expected.mesh is not None:
        _log.info("%s: %s", case.path, expected.mesh)
    caught = StopRequest() if stop is None else nullcontext(stop)
    with caught as signals, claim(case.path, force=force) as lock:
        if not force and (before := finished_before(expected)):
            return before
        specfile = str(case.manifest["specfile"])
        resume = not force and can_resume(case.path, chosen, specfile)
        run = _Run(expected, specfile, chosen, on_progress, resume=resume)
        return run.execute(environment, signals, lock, grace)


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
        self._checkpoint = checkpoint_path(expected.directory, engine, specfile)
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
            site=engine.site,
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
            record_end(self._state, self._failed(exc))
            raise
        return replace(record_end(self._state, outcome), wall_time=time.monotonic() - start)

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
        make_directory(expected.probes)
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
        if verdict.diverged or self._watch.collapsed:
            drop_checkpoint(self._checkpoint)
        if status == "interrupted":
            at = "" if last is None else f" at t = {last.time:g} s of {expected.end_time:g} s"
            goes_on = how_it_goes_on(self._checkpoint, self._state.site)
            reasons = (f"interrupted{at}; {goes_on}",)
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
            if found := COMPILING.search(line):
                _log.info("%s: %s", self._directory, found[0].decode())
            return None
        if self._on_progress is not None:
            self._on_progress(progress)
        if time.monotonic() - self._written > _STATE_EVERY:
            self._state = replace(self._state, step=progress.step, time=finite(progress.time))
            write_state(self._directory, self._state)
            self._written = time.monotonic()
        return self._watch.observe(progress)
