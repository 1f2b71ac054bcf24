"""What is known of a case's run: ``state.json``, its lock, and whether a process still lives."""

import errno
import fcntl
import json
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from exacouple.atomic import write_json
from exacouple.errors import ExacoupleError
from exacouple.hashing import sha256_file

_log = logging.getLogger(__name__)

SCHEMA = "exacouple-state/1"
STATE_FILE = "state.json"
LOCK_FILE = "run.lock"

Status = Literal["running", "finished", "failed", "interrupted"]
CaseStatus = Literal["new", "running", "died", "finished", "changed", "failed", "interrupted"]

_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL)


@dataclass(frozen=True)
class RunState:
    """The content of ``state.json``.

    Attributes
    ----------
    status : str
        "running" from before the engine starts until its result is judged; then "finished",
        "failed" or "interrupted". "running" with a dead process means that the run died.
    engine : str
        Name of the engine.
    command : tuple of str
        How the engine is started.
    pid, process : int, str
        The process of ``exacouple run`` and its identity (see `process_identity`).
    engine_pid, engine_process : int, str
        The same for the engine; None before it has started.
    host : str
        Name of the machine of these processes.
    started, ended : str
        UTC times in ISO 8601; `ended` is None while running.
    exit_code : int or None
        Exit status of the engine, negative for a signal.
    step, time, end_time : int, float, float
        Last time step, simulated time in s, and the time to be reached in s.
    message : str
        Why it failed; empty otherwise.
    case_sha256 : str
        SHA-256 of the ``case.json`` that was run.
    job, job_state : str, str
        Number of the SLURM job, ``12`` or ``12_3`` in an array, and as what SLURM ended it if that
        is known; None for a run by a process.
    site : str
        Name or absolute path of the site profile; None without one.
    resumed : bool
        Whether the job was to go on from a checkpoint.
    """

    status: Status
    engine: str
    command: tuple[str, ...]
    pid: int
    process: str | None
    host: str
    started: str
    case_sha256: str
    engine_pid: int | None = None
    engine_process: str | None = None
    ended: str | None = None
    exit_code: int | None = None
    step: int | None = None
    time: float | None = None
    end_time: float | None = None
    message: str = ""
    job: str | None = None
    job_state: str | None = None
    site: str | None = None
    resumed: bool = False


def write_state(case_dir: Path, state: RunState) -> None:
    """Replace the case's ``state.json`` atomically."""
    write_json(case_dir / STATE_FILE, {"schema": SCHEMA, **asdict(state)}, force=True)


def read_state(case_dir: Path) -> RunState | None:
    """Read the case's ``state.json``; None if there is none or it cannot be understood."""
    path = case_dir / STATE_FILE
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise ExacoupleError(f"cannot read {path}: {exc.strerror}") from exc
    except ValueError:
        _log.warning("%s is not valid JSON: the case counts as not run", path)
        return None
    if not isinstance(table, dict) or table.get("schema") != SCHEMA:
        _log.warning("%s is not of schema %s: the case counts as not run", path, SCHEMA)
        return None
    known = {field.name for field in fields(RunState)}
    values: dict[str, Any] = {key: value for key, value in table.items() if key in known}
    try:
        return RunState(**{**values, "command": tuple(values.get("command", ()))})
    except TypeError:
        _log.warning("%s is incomplete: the case counts as not run", path)
        return None


def case_status(case_dir: Path) -> CaseStatus:
    """Tell how the run of a case stands.

    Returns
    -------
    str
        "new" (never run), "running" (also: in a SLURM job whose end nobody has looked at yet),
        "died" (its process is gone), "finished", "changed"
        (finished, but ``case.json`` is another one now), "failed" or "interrupted".
    """
    state = read_state(case_dir)
    if state is None:
        return "new"
    if state.status == "running":
        return "running" if is_running(state) else "died"
    if state.status == "finished" and state.case_sha256 != sha256_file(case_dir / "case.json"):
        return "changed"
    return state.status


def unfinished_end(case_dir: Path) -> str | None:
    """Say how a run ended that did not finish, as in "was interrupted at t = 40 s of 100 s".

    Returns
    -------
    str or None
        None if the case was never run, or its run goes on or has finished.
    """
    state = read_state(case_dir)
    if state is None:
        return None
    at = "" if state.time is None else f" at t = {state.time:g} s of {state.end_time:g} s"
    ends = {
        "failed": f"failed: {state.message}",
        "interrupted": f"was interrupted{at}",
        "died": f"died without an end{at}",
    }
    return ends.get(case_status(case_dir))


def is_running(state: RunState) -> bool:
    """Tell whether the ``exacouple run`` of a state still lives; yes if on another machine.

    A SLURM job that has not been judged yet counts as running.
    """
    if state.status != "running":
        return False
    if state.job is not None:
        return True
    return state.host != socket.gethostname() or is_alive(state.pid, state.process)


def process_identity(pid: int) -> str | None:
    """Name a process so that neither a reused number nor a reboot can be mistaken for it.

    Returns
    -------
    str or None
        Boot and start time of process `pid`; None if there is no such process (a zombie counts
        as none).
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return None
    state, *numbers = stat.rpartition(")")[2].split()
    return None if state in "ZX" else f"{boot}:{numbers[18]}"


def is_alive(pid: int | None, identity: str | None) -> bool:
    """Tell whether the process that had this number and identity still runs on this machine."""
    return pid is not None and identity is not None and process_identity(pid) == identity


def now() -> str:
    """Return the UTC time in ISO 8601, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@contextmanager
def try_lock(case_dir: Path) -> Iterator[int | None]:
    """Hold the lock of a case; the descriptor can be handed on to the engine.

    The lock is free once every process that holds the descriptor has ended, however it ended.

    Yields
    ------
    int or None
        The descriptor of the held lock; None if another process holds it.

    Raises
    ------
    ExacoupleError
        The case directory cannot be written.
    """
    path = case_dir / LOCK_FILE
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as exc:
        raise ExacoupleError(
            f"cannot write {path}: {exc.strerror}: a run needs a writable case directory"
        ) from exc
    try:
        held = True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held = False
        except OSError as exc:
            if exc.errno not in _NO_LOCKS:
                raise
            _log.debug("%s: this file system has no locks, state.json alone decides", path)
        yield descriptor if held else None
    finally:
        os.close(descriptor)
