"""A quick look at the probe files of a run: are they there, whole and finite?"""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from exacouple.errors import ExacoupleError
from exacouple.probes import find_probe_files

_HUGE = 1e30


@dataclass(frozen=True)
class ProbeSummary:
    """What one probe file holds.

    Attributes
    ----------
    path : Path
        The file.
    rows : int
        Number of rows that can be read.
    values : int
        Number of columns after the two times.
    last_time : float
        Time of the last row in s, NaN without rows.
    not_finite_from : float or None
        Time in s of the first row with a NaN or an infinity.
    uninitialised : bool
        Some number is memory that the engine never wrote to.
    damaged_line : int or None
        Number of the first line that is cut off or is not numbers.
    """

    path: Path
    rows: int
    values: int
    last_time: float
    not_finite_from: float | None
    uninitialised: bool
    damaged_line: int | None


def remove_probe_files(directory: Path, buoys: Sequence[str]) -> int:
    """Remove what earlier runs have left, of all MPI ranks; return the number of files."""
    every = [path for buoy in buoys for path in find_probe_files(directory, buoy)]
    stale = list(dict.fromkeys(every))
    for path in stale:
        try:
            path.unlink()
        except OSError as exc:
            raise ExacoupleError(f"cannot remove the old {path}: {exc.strerror}") from exc
    return len(stale)


def summarise_probe(path: Path) -> ProbeSummary:
    """Read a probe file row by row."""
    rows = 0
    width = 0
    last_time = math.nan
    not_finite_from: float | None = None
    uninitialised = False
    damaged_line: int | None = None
    try:
        with open(path, "rb") as stream:
            for number, line in enumerate(stream, start=1):
                if line.startswith(b"#") or not line.strip():
                    continue
                row = _numbers(line)
                if row is None or len(row) < 2 or (width and len(row) != width):
                    damaged_line = number
                    break
                width = len(row)
                rows += 1
                last_time, _, *values = row
                if not_finite_from is None and not all(map(math.isfinite, row)):
                    not_finite_from = last_time
                uninitialised = uninitialised or _never_written(values)
    except OSError as exc:
        raise ExacoupleError(f"cannot read {path}: {exc.strerror}") from exc
    return ProbeSummary(
        path=path,
        rows=rows,
        values=max(width - 2, 0),
        last_time=last_time,
        not_finite_from=not_finite_from,
        uninitialised=uninitialised,
        damaged_line=damaged_line,
    )


def _numbers(line: bytes) -> list[float] | None:
    if not line.endswith(b"\n"):
        return None
    try:
        return [float(item) for item in line.split(b",")]
    except ValueError:
        return None


def _never_written(values: Sequence[float]) -> bool:
    """Tell memory rubbish: a subnormal water depth, or a number beyond any wave."""
    if not values:
        return False
    depth = abs(values[0])
    return 0.0 < depth < sys.float_info.min or any(
        math.isfinite(value) and abs(value) > _HUGE for value in values
    )
