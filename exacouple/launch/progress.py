"""Progress of a run, read from the lines that ExaHyPE prints for every time step."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

_STEP = re.compile(rb"\bstep (\d+)\s+t_min\s+=(\S+)")
_TIME_STEP = re.compile(rb"\bdt_min\s+=(\S+)")
_TIME_EXAHYPE2 = re.compile(rb"startTimeStep\(\)\s+t\s+= (\S+)")
_TIME_STEP_EXAHYPE2 = re.compile(rb"startTimeStep\(\)\s+dt\s+= (\S+)")

_BLOCK = 1 << 16
_LONGEST_LINE = 1 << 16
_COLLAPSE_RATIO = 1e-3
_COLLAPSE_STEPS_LEFT = 1e6
_COLLAPSE_PATIENCE = 20


@dataclass(frozen=True)
class Progress:
    """Where a run is.

    Attributes
    ----------
    step : int
        Number of the last time step, 0 for the initial state.
    time : float
        Simulated time after this step in s.
    dt : float or None
        Size of the time step in s; None until the engine has printed it.
    """

    step: int
    time: float
    dt: float | None = None


class ProgressReader:
    """Follows the lines of an engine; they may carry any prefix (clock, host, rank, trace).

    Examples
    --------
    >>> reader = ProgressReader()
    >>> reader.feed(b" 0.69  info   step 3\\tt_min          =74.9023")
    Progress(step=3, time=74.9023, dt=None)
    >>> reader.feed(b" 0.69  info   \\tdt_min         =24.9674")
    Progress(step=3, time=74.9023, dt=24.9674)
    >>> reader.feed(b" 0.69  info   \\tmax level=4") is None
    True
    """

    def __init__(self) -> None:
        self.latest: Progress | None = None

    def feed(self, line: bytes) -> Progress | None:
        """Take one line; return the progress if the line has changed it, else None."""
        if step := _STEP.search(line):
            time = number(step[2])
            if time is None:
                return None
            dt = self.latest.dt if self.latest else None
            self.latest = Progress(int(step[1]), time, dt)
            return self.latest
        if start := _TIME_EXAHYPE2.search(line):
            return self._start(number(start[1]))
        size = _TIME_STEP.search(line) or _TIME_STEP_EXAHYPE2.search(line)
        if self.latest is not None and size:
            self.latest = replace(self.latest, dt=number(size[1]))
            return self.latest
        return None

    def _start(self, time: float | None) -> Progress | None:
        """Take the time at which a step of ExaHyPE 2 starts; it does not number its steps."""
        if time is None:
            return None
        before = self.latest
        self.latest = Progress(before.step + 1, time, before.dt) if before else Progress(0, time)
        return self.latest


class CollapseWatch:
    """Notices a time step that has shrunk so far that the run would never end.

    With adaptive time steps a solution that blows up drives the time step to zero while the
    engine goes on for ever. A collapse is a series of steps, each below a thousandth of the
    largest step of the run, that leave more than a million steps to the end.

    Parameters
    ----------
    end_time : float
        Simulated time to be reached in s.

    Attributes
    ----------
    collapsed : bool
        Whether that has happened.
    """

    def __init__(self, end_time: float) -> None:
        self.collapsed = False
        self._end_time = end_time
        self._largest = 0.0
        self._step = -1
        self._tiny = 0

    def observe(self, progress: Progress) -> str | None:
        """Take the progress; return what is wrong when the time step has collapsed."""
        dt = progress.dt
        if dt is None or progress.step == self._step:
            return None
        self._step = progress.step
        self._largest = max(self._largest, dt)
        left = self._end_time - progress.time
        if dt >= _COLLAPSE_RATIO * self._largest or left <= _COLLAPSE_STEPS_LEFT * dt:
            self._tiny = 0
            return None
        self._tiny += 1
        if self._tiny < _COLLAPSE_PATIENCE:
            return None
        self.collapsed = True
        return (
            f"the time step fell from {self._largest:g} s to {dt:g} s at t = {progress.time:g} s: "
            "the solution has blown up and the run would never end"
        )


class LineSplitter:
    """Cuts a stream of bytes into lines; very long lines are cut short, never collected."""

    def __init__(self, limit: int = _LONGEST_LINE) -> None:
        self._limit = limit
        self._rest = b""

    def feed(self, block: bytes) -> Iterator[bytes]:
        """Yield the lines that `block` completes, without their line ends."""
        *lines, rest = (self._rest + block).split(b"\n")
        self._rest = rest[: self._limit]
        yield from (line[: self._limit] for line in lines)

    def finish(self) -> Iterator[bytes]:
        """Yield the last line if it had no line end."""
        if self._rest:
            yield self._rest
        self._rest = b""


def log_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a log, which may be larger than the memory; none if it is not there."""
    if not path.exists():
        return
    splitter = LineSplitter()
    with open(path, "rb") as stream:
        while block := stream.read(_BLOCK):
            yield from splitter.feed(block)
    yield from splitter.finish()


def number(text: bytes) -> float | None:
    """Return the number that a word of a log is; None if it is none."""
    try:
        return float(text)
    except ValueError:
        return None


def reached(time: float, end_time: float) -> bool:
    """Tell whether a time printed with 6 significant digits is at or after `end_time`.

    Examples
    --------
    >>> reached(7499.99, 7500.0), reached(7490.0, 7500.0), reached(float("nan"), 7500.0)
    (True, False, False)
    """
    return time >= end_time or math.isclose(time, end_time, rel_tol=1e-5)
