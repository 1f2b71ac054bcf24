"""The record of one gauge in SI units, simulated or observed; observed records from CSV."""

import logging
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from exacouple.errors import ExacoupleError

FloatArray = npt.NDArray[np.float64]

NUMBER = re.compile(r"\s*[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|nan|inf)\s*", re.ASCII)
"""One decimal number in text, with nothing that only Python would read as a number."""

_OBSERVED_COLUMNS = ("time_s", "water_height_m")
_OBSERVED_LIMIT_M = 100.0
_OBSERVED_GAP = 5.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Gauge:
    """Record of one gauge in SI units, rows in the order of time.

    Attributes
    ----------
    id : str
        Name of the gauge.
    time : ndarray of float64, shape (n,)
        Seconds after the event origin, strictly ascending, not equidistant.
    eta : ndarray of float64, shape (n,)
        Water height above mean sea level in metres, up; the ground's elevation where dry.
    h, hu, hv, b : ndarray of float64, shape (n,), or None
        Depth in m, discharge per width in m^2/s towards x and y, bottom elevation in m (up).
    position : tuple of float, or None
        Where its file says it is: projected metres, or longitude and latitude in degrees.
    files : tuple of Path
        Where the record was read from.
    warnings : tuple of str
        What had to be mended or left out while reading.
    """

    id: str
    time: FloatArray
    eta: FloatArray
    h: FloatArray | None = None
    hu: FloatArray | None = None
    hv: FloatArray | None = None
    b: FloatArray | None = None
    position: tuple[float, float] | None = None
    files: tuple[Path, ...] = ()
    warnings: tuple[str, ...] = ()


def read_observed(path: str | Path) -> Gauge:
    """Read an observed record: CSV of ``time_s,water_height_m``, comments after ``#``.

    Times are seconds after the event origin, water heights metres above mean sea level with the
    tide removed. Of rows with the same time one with the median height is kept: records whose
    seconds were dropped hold several samples in one minute, their order lost. The gauge is named
    after the file.

    Raises
    ------
    ExacoupleError
        The file is unreadable, has other columns, a damaged row or heights beyond 100 m.
    """
    path = Path(path)
    rows: list[tuple[float, float]] = []
    for number, line in numbered(read_text(path)):
        if line.startswith("#"):
            continue
        cells = [cell.strip() for cell in line.split(",")]
        if not rows and tuple(cells) == _OBSERVED_COLUMNS:
            continue
        if len(cells) != 2 or not all(NUMBER.fullmatch(cell) for cell in cells):
            raise ExacoupleError(
                f"{path}, line {number}: {shown(line)} is no row of "
                f"{','.join(_OBSERVED_COLUMNS)} (seconds after the origin, metres)"
            )
        rows.append((float(cells[0]), float(cells[1])))
    if not rows:
        raise ExacoupleError(f"{path}: no rows of {','.join(_OBSERVED_COLUMNS)}")
    table = np.array(rows, dtype=np.float64)
    known = np.isfinite(table).all(axis=1)
    warnings = []
    if not known.all():
        warnings.append(f"{path}: {np.count_nonzero(~known)} rows without a value are left out")
    table = table[known]
    if not len(table):
        raise ExacoupleError(f"{path}: no row has a value")
    highest = float(np.abs(table[:, 1]).max())
    if highest > _OBSERVED_LIMIT_M:
        raise ExacoupleError(
            f"{path}: |water height| reaches {highest:g} m: needed is metres above mean sea level "
            "with the tide removed, no depth and no code for missing values"
        )
    time, eta = _medians(table[:, 0], table[:, 1])
    if len(time) < len(table):
        warnings.append(
            f"{path}: {len(table) - len(time)} rows repeat a time; the median height is kept"
        )
    spacing = np.diff(time)
    if len(spacing) and spacing.max() > _OBSERVED_GAP * np.median(spacing):
        start = time[int(spacing.argmax())]
        warnings.append(f"{path}: gap of {spacing.max():g} s after {start:g} s, bridged linearly")
    for warning in warnings:
        _log.warning("%s", warning)
    return Gauge(id=path.stem, time=time, eta=eta, files=(path,), warnings=tuple(warnings))


def _medians(time: FloatArray, eta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return each time once, ascending, with the median of its heights."""
    eta = eta[np.lexsort((eta, time))]
    times, counts = np.unique(time, return_counts=True)
    ends = np.cumsum(counts)
    starts = ends - counts
    return times, 0.5 * (eta[(starts + ends - 1) // 2] + eta[(starts + ends) // 2])


def read_text(path: Path, most: int = -1) -> str:
    """Read a file, or its first `most` bytes, with what is no text replaced."""
    try:
        with open(path, "rb") as stream:
            return stream.read(most).decode("utf-8-sig", errors="replace")
    except OSError as exc:
        raise ExacoupleError(f"{path}: cannot be read: {exc.strerror}") from exc


def numbered(text: str) -> list[tuple[int, str]]:
    """Return the lines that are not blank with their numbers from 1."""
    lines = ((number, line.strip()) for number, line in enumerate(text.split("\n"), start=1))
    return [(number, line) for number, line in lines if line]


def shown(line: str) -> str:
    return repr(line if len(line) <= 60 else line[:57] + "...")
