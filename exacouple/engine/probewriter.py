"""Probe files exactly as ExaHyPE's ``probe::ascii`` plotter writes them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from exacouple.engine.specfile import Probe
from exacouple.errors import ExacoupleError

Sample = Callable[[float, float], tuple[float, float, float, float, float]]


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
    this one; a missing folder is made. Rows are not buffered. Numbers have six significant digits.

    Parameters
    ----------
    probe
        Position, file, columns and times.

    Raises
    ------
    ExacoupleError
        The file cannot be written, here or in `record`.
    """

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self.path = probe_path(probe.output)
        self._due = probe.start
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._stream = self.path.open("wb", buffering=0)
        except OSError as exc:
            raise self._unwritable(exc) from exc
        columns = "".join(f",Q{index}" for index in range(probe.variables))
        try:
            self._write(f"# plot-time, real-time{columns}")
        except ExacoupleError:
            self.close()
            raise

    def record(self, time: float, sample: Sample) -> None:
        """Write a row if one is due at `time`, which is a time that the solver reached.

        Raises
        ------
        ExacoupleError
            The file cannot be written, or the sampled solution is not finite; the row is there.
        """
        if time < self._due:
            return
        while self._due <= time:
            self._due += self.probe.repeat
        values = sample(self.probe.x, self.probe.y)
        row = (time, time, *values[: self.probe.variables])
        self._write(", ".join(f"{value:g}" for value in row))
        if not all(math.isfinite(value) for value in values):
            raise ExacoupleError(
                f"probe {self.probe.name} at x {self.probe.x:g}, y {self.probe.y:g} is not finite "
                f"at t {time:g}"
            )

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

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
    """All probe files of a run, as a context manager that closes them."""

    def __init__(self, probes: Iterable[Probe]) -> None:
        self._writers: list[ProbeWriter] = []
        try:
            for probe in probes:
                self._writers.append(ProbeWriter(probe))
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

    def record(self, time: float, sample: Sample) -> None:
        """Write the rows that are due at `time`."""
        for writer in self._writers:
            writer.record(time, sample)

    def close(self) -> None:
        """Close all files."""
        for writer in self._writers:
            writer.close()
