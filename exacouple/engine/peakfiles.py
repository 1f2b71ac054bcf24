"""Peak files as the upstream tsunami application writes them for the samplers that call it.

Its two probe writers keep the greatest h + b of the rows that they record and its time, and write
both once, in ``${SHARED_DIR}Probe18outputs.txt`` and ``${SHARED_DIR}Probe19outputs.txt``: one
number per line, s and the specfile's length unit, at the first row after a time that is compiled
in. A run that ends before leaves no file.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from exacouple.atomic import write_text
from exacouple.engine.plotters import Probe
from exacouple.engine.scenario import is_upstream
from exacouple.engine.schedule import Schedule
from exacouple.errors import ExacoupleError

if TYPE_CHECKING:
    from exacouple.engine.simulation import Solver

_log = logging.getLogger(__name__)

_LATEST = 10_000.0
_LOWEST = -1234.0


@dataclass(frozen=True)
class _Writer:
    """What is compiled into one of upstream's probe writers."""

    file: str
    after: float
    number: str


_WRITERS = {
    "ProbeWriter18": _Writer("Probe18outputs.txt", 2500.0, ".15f"),
    "ProbeWriter19": _Writer("Probe19outputs.txt", 5550.0, "g"),
}


def peak_files(
    output_directory: str, probes: Iterable[Probe], environment: Mapping[str, str] = os.environ
) -> list[PeakFile]:
    """Return the peak files of a run: those of upstream's own specfiles, if SHARED_DIR is set.

    Upstream writes into the system's temporary folder where it is not set; here nothing is written
    then.
    """
    if not is_upstream(output_directory):
        return []
    recording = [probe for probe in probes if probe.name in _WRITERS]
    prefix = environment.get("SHARED_DIR")
    if prefix is None:
        if recording:
            _log.info("SHARED_DIR is not set: no files with the peaks of the probes")
        return []
    return [PeakFile(probe, prefix) for probe in recording]


class PeakFile:
    """Greatest water height at a probe and its time.

    A file of an earlier run is removed at the first row.

    Parameters
    ----------
    probe
        The probe, whose rows count.
    prefix
        Put before the name of the file as it stands.
    """

    def __init__(self, probe: Probe, prefix: str) -> None:
        self._probe = probe
        self._writer = _WRITERS[probe.name]
        self.path = Path(prefix + self._writer.file)
        self._schedule = Schedule(probe.start, probe.repeat)
        self._peak = (_LOWEST, _LOWEST)
        self._written = self._begun = False

    def record(self, solver: Solver) -> None:
        """Take the solution after a step.

        Raises
        ------
        ExacoupleError
            The file cannot be written.
        """
        if not self._begun:
            self._begun = True
            self._remove()
        if not self._schedule.take(solver.time):
            return
        height = solver.sample(self._probe.x, self._probe.y)[-1]
        if height > self._peak[1]:
            self._peak = (solver.time, height)
        if self._writer.after < solver.time < _LATEST and not self._written:
            lines = "".join(f"{value:{self._writer.number}}\n" for value in self._peak)
            write_text(self.path, lines, force=True)
            self._written = True

    def state(self) -> dict[str, NDArray[np.float64]]:
        """What a later run needs to go on from here."""
        return {"peak": np.array([*self._peak, self._schedule.due, float(self._written)])}

    def restore(self, state: Mapping[str, NDArray[np.float64]]) -> None:
        """Go on from the state of an earlier run."""
        time, height, self._schedule.due, written = (float(value) for value in state["peak"])
        self._peak, self._written, self._begun = (time, height), bool(written), True

    def _remove(self) -> None:
        try:
            self.path.unlink(missing_ok=True)
        except OSError as exc:
            raise ExacoupleError(f"cannot remove the old {self.path}: {exc.strerror}") from exc
