"""Who may run a case: one process or job at a time, and from where it goes on."""

import contextlib
import logging
import shlex
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from exacouple.cases import Case
from exacouple.cases.site import SHARED_DIR
from exacouple.errors import ExacoupleError, UsageError
from exacouple.hashing import sha256_file
from exacouple.launch.engines import Engine
from exacouple.launch.process import end_group
from exacouple.launch.state import RunState, is_alive, is_running, read_state, try_lock

_log = logging.getLogger(__name__)


class CaseBusyError(UsageError):
    """The case is being run by another process or job."""


@contextmanager
def claim(case_dir: Path, *, force: bool) -> Iterator[int]:
    """Make this process the only one that runs the case; tell what became of an earlier run.

    Yields
    ------
    int
        Descriptor of the lock; what inherits it holds the case.

    Raises
    ------
    CaseBusyError
        A process or a SLURM job runs the case, or may do so on another machine.
    """
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
    if state.job is not None:
        raise CaseBusyError(
            f"{case_dir} is in SLURM job {state.job} since {state.started}: `exacouple run "
            f"{case_dir}` says how it stands, `exacouple run --cancel {case_dir}` ends it"
        )
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


def refuse_running(case_dir: Path) -> None:
    """Keep a case from being replaced while its engine runs in it.

    A run on another machine may be dead for all that can be told here; it counts as such.

    Raises
    ------
    CaseBusyError
        A process on this machine or a SLURM job runs the case.
    """
    state = read_state(case_dir)
    if state is None or not is_running(state):
        return
    if state.job is not None or state.host == socket.gethostname():
        who = f"SLURM job {state.job}" if state.job else f"process {state.pid}"
        raise CaseBusyError(
            f"{case_dir} is being run by {who} since {state.started}: wait for its end, or end it "
            f"with `exacouple run --cancel {case_dir}`"
        )


def checkpoint_path(case_dir: Path, engine: Engine, specfile: str) -> Path | None:
    """Return where an engine leaves its checkpoint; None if it has none."""
    return None if engine.checkpoint is None else case_dir / engine.checkpoint(specfile)


def can_resume(case_dir: Path, engine: Engine, specfile: str) -> bool:
    """Tell whether the last run was one of this case on this engine and left a checkpoint."""
    state = read_state(case_dir)
    path = checkpoint_path(case_dir, engine, specfile)
    if state is None or state.status == "finished" or path is None or not path.exists():
        return False
    same_case = state.case_sha256 == sha256_file(case_dir / "case.json")
    return same_case and state.engine == engine.name


def shift_variables(case: Case) -> dict[str, str]:
    """Keep an engine that looks for a shift of the displacement from finding another one's."""
    target = case.manifest.get("target") or {}
    shift = target.get("application", {}).get("shift_file")
    return {SHARED_DIR: "./"} if shift else {}


def drop_checkpoint(path: Path | None) -> None:
    """Remove the checkpoint of a run that diverged: going on from it would fail again."""
    if path is not None and path.exists():
        _log.info("%s is removed: it leads to the same failure", path)
        with contextlib.suppress(OSError):
            path.unlink()


def how_it_goes_on(checkpoint: Path | None, site: str | None = None) -> str:
    """Say where the next run of a case will start, and with which site profile."""
    command = f"`exacouple run{f' --site {shlex.quote(site)}' if site else ''}`"
    if checkpoint is not None and checkpoint.exists():
        return f"{command} goes on from its checkpoint"
    return f"{command} starts it again from the beginning"


def tell_other_engine(case_dir: Path, engine: Engine) -> None:
    """Say that a case that needs no run has finished on another engine than is asked for."""
    state = read_state(case_dir)
    if state is not None and state.engine != engine.name:
        _log.warning(
            "%s: has finished on engine %s; --force runs it again on %s",
            case_dir,
            state.engine,
            engine.name,
        )
