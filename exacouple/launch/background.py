"""Runs of other processes on this machine: start one that needs no terminal, or end one."""

import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from exacouple.errors import ExacoupleError
from exacouple.launch.engines import engine_environment
from exacouple.launch.outcome import Outcome, make_directory
from exacouple.launch.process import StopRequest
from exacouple.launch.state import is_running, read_state
from exacouple.launch.submit import ARRAYS
from exacouple.launch.watch import watch_process


def start_in_background(cases: Sequence[Path], options: Sequence[str]) -> tuple[int, Path]:
    """Start ``exacouple run`` in a session of its own; return its process number and its log."""
    folder = cases[0].resolve().parent / ARRAYS
    make_directory(folder)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    log = folder / f"{stamp}-{secrets.token_hex(2)}.log"
    words = (sys.executable, "-m", "exacouple", "run", *options, "--", *map(str, cases))
    try:
        with open(log, "wb") as stream:
            process = subprocess.Popen(
                words,
                env=engine_environment(os.environ),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    except OSError as exc:
        raise ExacoupleError(f"cannot start {words[0]} with log {log}: {exc.strerror}") from exc
    process.returncode = 0  # it is nobody's child from now on
    return process.pid, log


def end_process(case: Path, *, stop: StopRequest) -> Outcome | None:
    """End the ``exacouple run`` that runs a case here; None if there is none.

    It ends its engine, writes down that it was interrupted, and leaves its other cases.
    """
    state = read_state(case)
    if state is None or state.job is not None or state.host != socket.gethostname():
        return None
    if not is_running(state):
        return None
    os.kill(state.pid, signal.SIGTERM)
    return watch_process(case, stop=stop)
