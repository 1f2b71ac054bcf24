"""Recognise the dialect of a probe file from its content, and read the gauges of any of them."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from exacouple.errors import ExacoupleError, UsageError
from exacouple.gauge import Gauge, read_text, shown
from exacouple.probes.exahype1 import read_exahype1
from exacouple.probes.geoclaw import read_geoclaw
from exacouple.probes.tracers import read_tracers

Dialect = Literal["exahype1", "exahype2", "geoclaw"]

_STARTS: tuple[tuple[Dialect, re.Pattern[str]], ...] = (
    ("exahype1", re.compile(r"#\s*plot-time\b")),
    ("exahype2", re.compile(r"number\(0\)\s*,")),
    ("geoclaw", re.compile(r"#\s*gauge_id=")),
)
_NAMES = (
    re.compile(r".+\.probe"),
    re.compile(r".+\.csv"),
    re.compile(r"gauge\d+\.txt"),
)


def recognise(path: Path) -> Dialect:
    """Tell the dialect of a file from its first line.

    Raises
    ------
    ExacoupleError
        The file is unreadable, empty or of no known dialect.
    """
    found, line = _dialect(path)
    if found is not None:
        return found
    if path.suffix == ".bin":
        raise ExacoupleError(
            f"{path}: binary gauges are not read here: set rundata.gaugedata.file_format = 'ascii' "
            "in setrun.py of GeoClaw and run again"
        )
    what = f"starts with {shown(line)}" if line else "ends within its first line or is empty"
    raise ExacoupleError(
        f"{path}: {what}, which is no probe file of ExaHyPE 1 (# plot-time, real-time, ...), no "
        "tracer file of ExaHyPE 2 (number(0), number(1), t, ...) and no gauge of GeoClaw (# "
        "gauge_id= ...)"
    )


def find_gauge_files(directory: Path) -> dict[Dialect, list[Path]]:
    """List the gauge files of a directory by their dialect; files of another content are no such.

    Looked at are ``*.probe``, ``*.csv`` and ``gauge<number>.txt``.
    """
    found: dict[Dialect, list[Path]] = {}
    for path in sorted(directory.iterdir()) if directory.is_dir() else []:
        if path.is_file() and any(name.fullmatch(path.name) for name in _NAMES):
            dialect, _ = _dialect(path)
            if dialect is not None:
                found.setdefault(dialect, []).append(path)
    return found


def read_probe(
    paths: str | Path | Sequence[str | Path],
    *,
    length_unit: str,
    columns: Sequence[str] | None = None,
    gauge_id: str | None = None,
) -> Gauge:
    """Read the files of one gauge, in any dialect, which their content tells.

    Parameters
    ----------
    paths : path or sequence of paths
        Files of one gauge: those that several ranks wrote for it, or one of GeoClaw.
    length_unit : {"km", "m"}
        Unit of length in the files; those of GeoClaw are in metres.
    columns : sequence of str, optional
        Names of the columns, from `COLUMNS`: of ExaHyPE 1 all, of ExaHyPE 2 those after the
        position. Default: ``h, hu, hv, b`` and, with five, ``eta``.
    gauge_id : str, optional
        Name of the gauge. Default: from the file's name, in GeoClaw its number.

    Returns
    -------
    Gauge
        All complete rows, in SI units; a last row without line end is left out, with a warning.

    Raises
    ------
    UsageError
        Unknown `length_unit` or `columns`.
    ExacoupleError
        A file is unreadable, damaged or of no known dialect; files contradict each other, or are
        of several gauges. See `read_exahype1`, `read_tracers` and `read_geoclaw`.
    """
    files = (Path(paths),) if isinstance(paths, str | Path) else tuple(map(Path, paths))
    if not files:
        raise UsageError("no probe file named: at least one is needed")
    dialect, _ = _dialect(files[0])
    if dialect == "geoclaw":
        if length_unit != "m":
            raise UsageError(f"{files[0]}: gauges of GeoClaw are in metres, not '{length_unit}'")
        if len(files) > 1:
            raise UsageError(f"{files[1]}: a gauge of GeoClaw has one file")
        return read_geoclaw(files[0], gauge_id)
    if dialect == "exahype2":
        gauges = read_tracers(files, length_unit=length_unit, columns=columns)
        if len(gauges) > 1:
            raise ExacoupleError(
                f"{files[0]}: holds {len(gauges)} gauges: read them with read_tracers and choose "
                "by position"
            )
        return gauges[0]
    if dialect is None and files[0].suffix != ".probe":
        recognise(files[0])
    return read_exahype1(files, length_unit=length_unit, columns=columns, gauge_id=gauge_id)


def _dialect(path: Path) -> tuple[Dialect | None, str]:
    """Return the dialect and the first line that is not blank."""
    text = read_text(path, most=_LOOKED_AT)
    line = next((line.strip() for line in text.split("\n") if line.strip()), "")
    for dialect, start in _STARTS:
        if start.match(line):
            return dialect, line
    return None, line


_LOOKED_AT = 4096
