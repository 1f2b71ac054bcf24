"""Run one engine process: keep its logs, watch its lines, stop it when asked to."""

import contextlib
import errno
import logging
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Any

from exacouple.errors import ExacoupleError
from exacouple.launch.progress import LineSplitter

_log = logging.getLogger(__name__)

GRACE = (10.0, 5.0)
"""Seconds between SIGINT and SIGTERM, and between SIGTERM and SIGKILL."""

_ASK_TO_STOP = (signal.SIGINT, signal.SIGTERM)
_POLL = 0.1
_BLOCK = 1 << 16
_DRAIN = 2.0
_SILENCE = 600.0


class StopRequest:
    """Collects SIGINT and SIGTERM in a ``with`` block instead of dying of them.

    Outside the main thread, where Python cannot catch signals, it collects nothing. SIGHUP, which
    says that the terminal has gone, ends nothing: the process goes on without it.

    Attributes
    ----------
    signals : list of int
        What has been received, in order.
    """

    def __init__(self) -> None:
        self.signals: list[int] = []
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "StopRequest":
        if threading.current_thread() is threading.main_thread():
            for number in _ASK_TO_STOP:
                self._before[number] = signal.signal(number, self._note)
            self._before[signal.SIGHUP] = signal.signal(signal.SIGHUP, _leave_terminal)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.signals.append(number)

    @property
    def exit_code(self) -> int:
        """Exit status that tells of the first signal: 130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + self.signals[0]


def _leave_terminal(number: int, frame: FrameType | None) -> None:
    """Let all that is still said to a terminal that has gone go nowhere."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        with contextlib.suppress(OSError):
            if os.isatty(stream):
                os.dup2(nowhere, stream)
    os.close(nowhere)


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Attributes
    ----------
    exit_code : int
        Its exit status, negative for a signal.
    stopped : str or None
        Why this program ended it; None if it ended by itself.
    """

    exit_code: int
    stopped: str | None


def run_process(
    command: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    stdout: Path,
    stderr: Path,
    on_start: Callable[[int], None],
    on_line: Callable[[bytes], str | None],
    stop: StopRequest,
    keep_open: Sequence[int] = (),
    grace: tuple[float, float] = GRACE,
) -> Ended:
    """Start a process in a group of its own and wait for its end.

    Output goes to the log files block by block as it comes; nothing of it is kept in memory. If
    this program dies, the process ends by itself at the next line that it prints.

    Parameters
    ----------
    on_start : callable
        Gets the process number.
    on_line : callable
        Gets each line of standard output; returns a reason to end the process, or None.
    stop : StopRequest
        Every signal in it goes one step further: SIGINT, SIGTERM, SIGKILL to the process group.
    keep_open : sequence of int
        File descriptors that the process inherits.
    grace : tuple of float
        Seconds to wait after SIGINT and after SIGTERM.

    Raises
    ------
    ExacoupleError
        The process cannot be started, or the logs cannot be written; the process is ended then.
    """
    with contextlib.ExitStack() as stack:
        logs = {"out": _open_log(stdout, stack), "err": _open_log(stderr, stack)}
        try:
            process = subprocess.Popen(
                command,
                cwd=cwd,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=tuple(keep_open),
                process_group=0,
            )
        except OSError as exc:
            raise ExacoupleError(f"cannot start {command[0]}: {_cause(command[0], exc)}") from exc
        stopper = _Stopper(process, grace)
        stack.callback(stopper.close)
        on_start(process.pid)
        _pump(process, logs, on_line, stop, stopper)
        return Ended(process.wait(), stopper.reason)


def _cause(program: str, exc: OSError) -> str | None:
    if isinstance(exc, FileNotFoundError) and os.path.isfile(program):
        return "the interpreter that its first line names, or its loader, is not there"
    if exc.errno == errno.ENOEXEC:
        return "it is no program of this machine, nor a script with #! in its first line"
    return exc.strerror


def end_group(pid: int, *, alive: Callable[[], bool], grace: float = GRACE[1]) -> bool:
    """End the process group `pid` with SIGTERM, then SIGKILL; return whether it has gone."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, number)
        deadline = time.monotonic() + grace
        while time.monotonic() < deadline:
            if not alive():
                return True
            time.sleep(_POLL)
    return not alive()


class _Stopper:
    """Ends a process group step by step."""

    def __init__(self, process: "subprocess.Popen[bytes]", grace: tuple[float, float]) -> None:
        self.reason: str | None = None
        self._process = process
        self._steps = [
            (signal.SIGINT, grace[0]),
            (signal.SIGTERM, grace[1]),
            (signal.SIGKILL, float("inf")),
        ]
        self._deadline = float("inf")

    def begin(self, reason: str) -> None:
        if self.reason is None:
            self.reason = reason
            self.advance()

    def advance(self) -> None:
        if not self._steps:
            return
        number, wait = self._steps.pop(0)
        if number != signal.SIGINT:
            _log.info("the engine has not stopped yet: sending %s", signal.Signals(number).name)
        self._send(number)
        self._deadline = time.monotonic() + wait

    def check(self) -> None:
        if time.monotonic() >= self._deadline:
            self.advance()

    def close(self) -> None:
        """Leave nothing behind, whatever has happened."""
        if self._process.poll() is None or self.reason is not None:
            self._send(signal.SIGKILL)
            self._process.wait()
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def _send(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


def _pump(
    process: "subprocess.Popen[bytes]",
    logs: Mapping[str, IO[bytes]],
    on_line: Callable[[bytes], str | None],
    stop: StopRequest,
    stopper: _Stopper,
) -> None:
    """Copy both pipes to the logs until the process has ended and said all that it had to say."""
    assert process.stdout is not None
    assert process.stderr is not None
    splitter = LineSplitter()
    obeyed = 0
    heard = time.monotonic()
    until = float("inf")
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ, "out")
        selector.register(process.stderr, selectors.EVENT_READ, "err")
        while time.monotonic() < until:
            if not selector.get_map():
                time.sleep(_POLL)
            for key, _ in selector.select(_POLL) if selector.get_map() else ():
                block = os.read(key.fd, _BLOCK)
                heard = time.monotonic()
                if not block:
                    selector.unregister(key.fileobj)
                    continue
                _write_log(logs[key.data], block)
                if key.data == "out":
                    _heed(splitter.feed(block), on_line, stopper)
            if len(stop.signals) > obeyed:
                obeyed = len(stop.signals)
                name = signal.Signals(stop.signals[0]).name
                stopper.advance() if stopper.reason else stopper.begin(f"stopped by {name}")
            stopper.check()
            if time.monotonic() - heard > _SILENCE:
                _log.warning("the engine has been silent for %.0f s; Ctrl-C ends it", _SILENCE)
                heard = time.monotonic()
            if process.poll() is not None:
                if not selector.get_map():
                    break
                until = min(until, time.monotonic() + _DRAIN)
    _heed(splitter.finish(), on_line, stopper)


def _heed(
    lines: Iterable[bytes], on_line: Callable[[bytes], str | None], stopper: _Stopper
) -> None:
    for line in lines:
        reason = on_line(line)
        if reason is not None:
            stopper.begin(reason)


def _open_log(path: Path, stack: contextlib.ExitStack) -> IO[bytes]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return stack.enter_context(open(path, "wb", buffering=0))
    except OSError as exc:
        raise _cannot_write(path, exc) from exc


def _write_log(log: IO[bytes], block: bytes) -> None:
    view = memoryview(block)
    try:
        while view:
            view = view[log.write(view) :]
    except OSError as exc:
        raise _cannot_write(Path(log.name), exc) from exc


def _cannot_write(path: Path, exc: OSError) -> ExacoupleError:
    full = exc.errno in (errno.ENOSPC, errno.EDQUOT)
    cause = "no space left on the disk: make room and run again" if full else exc.strerror
    return ExacoupleError(f"cannot write {path}: {cause}")
