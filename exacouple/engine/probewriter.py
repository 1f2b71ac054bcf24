"""Probe files exactly as ExaHyPE's ``probe::ascii`` plotter writes them, or at exact times."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from exacouple.engine.dense import History
from exacouple.engine.plotters import Probe
from exacouple.errors import ExacoupleError

Sample = Callable[[float, float], tuple[float, float, float, float, float]]
State = Mapping[str, NDArray[np.float64]]


def probe_path(output: str) -> Path:
    """File of a plotter's ``output`` on the first rank.

    Examples
    --------
    >>> probe_path("./Probes/buoy18").name
    'buoy18-rank-0.probe'
    """
    return Path(f"{output}-rank-0.probe")


class ProbeWriter:
    """One probe file, from its header to its last row.

    The file is made, or emptied, at once, so that no row of an earlier run outlives the start of
    this one; a missing folder is made. Rows are not buffered.

    As ExaHyPE, a probe has a row at the first step at or after each due time. One with
    `exact_times` has its rows at the due times themselves (see `exacouple.engine.dense`); they come
    one step late, and the last ones with `finish`.

    Parameters
    ----------
    probe
        Position, file, columns, times and number of digits.
    kept
        Where an earlier run left off, as from `state`: rows after it are removed.

    Raises
    ------
    ExacoupleError
        The file cannot be written, here or in `record`, or lacks rows that were kept.
    """

    def __init__(self, probe: Probe, kept: State | None = None) -> None:
        self.probe = probe
        self.path = probe_path(probe.output)
        self._due = probe.start
        self._rows_due = 0
        self._history = History()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._stream = self.path.open("wb" if kept is None else "r+b", buffering=0)
        except OSError as exc:
            raise self._unwritable(exc) from exc
        try:
            if kept is None:
                columns = "".join(f",Q{index}" for index in range(probe.variables))
                self._write(f"# plot-time, real-time{columns}")
            else:
                self._go_on(kept)
        except ExacoupleError:
            self.close()
            raise

    def state(self) -> dict[str, NDArray[np.float64]]:
        """What a later run needs to go on from here: place in the file, times, last values."""
        place = [float(self._stream.tell()), self._due, float(self._rows_due)]
        return {"place": np.array(place), "history": self._history.rows}

    def _go_on(self, kept: State) -> None:
        size, self._due, rows_due = (float(value) for value in kept["place"])
        self._rows_due = int(rows_due)
        self._history = History(kept["history"])
        if self.path.stat().st_size < size:
            raise ExacoupleError(f"{self.path} has lost rows since the checkpoint was written")
        self._stream.truncate(int(size))
        self._stream.seek(int(size))

    def record(self, time: float, sample: Sample) -> None:
        """Take the solution at `time`, which is a time that the solver reached.

        Raises
        ------
        ExacoupleError
            The file cannot be written, or the sampled solution is not finite; the row is there.
        """
        if self.probe.exact_times:
            values = sample(self.probe.x, self.probe.y)
            self._require_finite(time, values)
            self._history.add(time, values)
            self._write_until(self._history.settled)
        elif time >= self._due:
            while self._due <= time:
                self._due += self.probe.repeat
            values = sample(self.probe.x, self.probe.y)
            self._write_row(time, values)
            self._require_finite(time, values)

    def finish(self, end: float) -> None:
        """Write the rows of exact times up to `end`."""
        if self.probe.exact_times:
            self._write_until(min(end, self._history.latest))

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def _write_until(self, time: float) -> None:
        while (due := self.probe.start + self._rows_due * self.probe.repeat) <= time:
            self._write_row(due, [float(value) for value in self._history.at(due)])
            self._rows_due += 1

    def _write_row(self, time: float, values: Sequence[float]) -> None:
        row = (time, time, *values[: self.probe.variables])
        self._write(", ".join(f"{value:.{self.probe.precision}g}" for value in row))

    def _require_finite(self, time: float, values: Sequence[float]) -> None:
        if not all(math.isfinite(value) for value in values):
            raise ExacoupleError(
                f"probe {self.probe.name} at x {self.probe.x:g}, y {self.probe.y:g} is not finite "
                f"at t {time:g}"
            )

    def _write(self, line: str) -> None:
        row = f"{line}\n".encode("ascii")
        try:
            written = self._stream.write(row)
        except OSError as exc:
            raise self._unwritable(exc) from exc
        if written != len(row):
            raise ExacoupleError(f"cannot write {self.path}: the disk is full")

    def _unwritable(self, exc: OSError) -> ExacoupleError:
        return ExacoupleError(f"cannot write {self.path}: {exc.strerror or exc}")


class ProbeSet:
    """All probe files of a run, as a context manager that closes them.

    Parameters
    ----------
    probes
        What to write.
    kept
        Where an earlier run left off, as from `state`; None starts the files anew.
    """

    def __init__(self, probes: Iterable[Probe], kept: State | None = None) -> None:
        self._writers: list[ProbeWriter] = []
        try:
            for number, probe in enumerate(probes):
                own = None if kept is None else _part(kept, number)
                self._writers.append(ProbeWriter(probe, own))
        except ExacoupleError:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def state(self) -> dict[str, NDArray[np.float64]]:
        """Where all files stand, for a later run to go on from."""
        return {
            f"{number}.{name}": values
            for number, writer in enumerate(self._writers)
            for name, values in writer.state().items()
        }

    def record(self, time: float, sample: Sample) -> None:
        """Write the rows that are due at `time`."""
        for writer in self._writers:
            writer.record(time, sample)

    def finish(self, end: float) -> None:
        """Write the rows of exact times up to `end`."""
        for writer in self._writers:
            writer.finish(end)

    def close(self) -> None:
        """Close all files."""
        for writer in self._writers:
            writer.close()


def _part(kept: State, number: int) -> State:
    start = f"{number}."
    return {key.removeprefix(start): kept[key] for key in kept if key.startswith(start)}
