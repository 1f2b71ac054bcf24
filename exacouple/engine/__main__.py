"""Command line of the embedded engine, a stand-in for the ExaHyPE executable.

``python -m exacouple.engine SPECFILE`` runs in the folder that holds ``data.yaml`` and its data.
Exit status: 0 when the end was reached with a finite solution, 1 after a failure, 2 for a wrong
specfile, 130 and 143 after SIGINT and SIGTERM.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

import numpy as np

from exacouple import __version__
from exacouple.engine.log import LogError, engine_log
from exacouple.engine.simulation import Interrupt, StartSolver, simulate, start_solver
from exacouple.engine.specfile import read_specfile
from exacouple.errors import ExacoupleError

_log = logging.getLogger("exacouple.engine")

_MAIN = {"origin": "exahype::main()"}
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(BaseException):
    """A signal asks for the end of the run."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.signal = signal.Signals(number)


class _Stop(Interrupt):
    """Remembers the first signal; ends the run at once, or between two steps while on hold."""

    def __init__(self) -> None:
        self.number: int | None = None
        self._on_hold = False

    def handle(self, number: int, frame: FrameType | None) -> None:
        for other in _SIGNALS:
            signal.signal(other, signal.SIG_IGN)
        self.number = number
        self.requested = True
        if not self._on_hold:
            raise Stopped(number)

    def hold(self) -> None:
        self._on_hold = True

    def check(self) -> None:
        if self.number is not None:
            raise Stopped(self.number)


@contextmanager
def _stoppable() -> Iterator[_Stop]:
    stop = _Stop()
    before = {number: signal.signal(number, stop.handle) for number in _SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def main(argv: Sequence[str] | None = None, *, start: StartSolver = start_solver) -> int:
    """Run the engine and give its exit status.

    Parameters
    ----------
    argv
        Arguments without the program's name; None takes the process's own.
    start
        Makes the solver.
    """
    parser = argparse.ArgumentParser(
        prog="python -m exacouple.engine",
        description="Run an ExaHyPE 1 tsunami specfile with the embedded engine.",
    )
    parser.add_argument("specfile", metavar="SPECFILE", help="specfile in JSON")
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on from the checkpoint of a run that was stopped, if there is one",
    )
    parser.add_argument(
        "--version", action="version", version=f"exacouple embedded engine {__version__}"
    )
    arguments = parser.parse_args(argv)
    try:
        with engine_log():
            return _run(arguments.specfile, start, resume=arguments.resume)
    except LogError as exc:
        _abandon_output()
        print(f"error: {exc}", file=sys.stderr)
        return 1


def _run(specfile: str, start: StartSolver, *, resume: bool) -> int:
    try:
        # The solver itself looks for values that are not finite, and says where.
        with _stoppable() as stop, np.errstate(over="ignore", invalid="ignore"):
            simulate(read_specfile(specfile), resume=resume, start=start, interrupt=stop)
            return 0
    except Stopped as exc:
        _log.warning(
            "stopped by %s; --resume goes on from the last checkpoint, if there is one",
            exc.signal.name,
            extra=_MAIN,
        )
        return 128 + exc.signal
    except MemoryError:
        return _fail("out of memory; use a coarser mesh or grid", 1)
    except ExacoupleError as exc:
        return _fail(str(exc), exc.exit_code)


def _fail(message: str, status: int) -> int:
    _log.error("%s", message, extra=_MAIN)
    _log.info("quit with error code %d", status, extra=_MAIN)
    return status


def _abandon_output() -> None:
    """Let the interpreter's last flush of a broken stdout go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
