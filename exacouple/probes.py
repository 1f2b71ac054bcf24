"""Read the probe files of ExaHyPE 1 in all their dialects into SI units.

A probe file is text: ``# plot-time, real-time,Q0,Q1,...``, then one line per solver step. It does
not name its columns and does not state its units. Here ``h`` is the water depth, ``hu`` and ``hv``
the discharge per width, ``b`` the bottom elevation (up) and ``eta = h + b`` the water height above
mean sea level. Numbers carry 6 significant digits, so that ``h`` of some kilometres is known to a
centimetre only: ``eta`` is a column of its own and is not formed again from ``h`` and ``b``.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from exacouple.cases import Case
from exacouple.errors import ExacoupleError, UsageError
from exacouple.gauge import NUMBER, FloatArray, Gauge, numbered, read_observed, read_text, shown
from exacouple.launch.probefiles import find_probe_files

__all__ = [
    "COLUMNS",
    "METRES",
    "Gauge",
    "read_case_probe",
    "read_case_probes",
    "read_observed",
    "read_probe",
]

TIMES = ("plot-time", "real-time")
COLUMNS = (*TIMES, "h", "hu", "hv", "b", "eta")
"""Columns of our probe files, in this order."""

METRES = {"km": 1000.0, "m": 1.0}
"""Length units of probe files and their size in metres."""

ABSURD_M = 20_000.0
"""Depths and elevations beyond this are no bathymetry and no wave of this planet."""

_SIGNIFICANT_DIGITS = 6
_SUBNORMAL = 1e-300
_HEADER = re.compile(r"#\s*plot-time\s*,\s*real-time\s*((?:,\s*[\w-]+\s*)*)", re.ASCII)

_log = logging.getLogger(__name__)


def read_case_probes(case_dir: str | Path) -> dict[str, Gauge]:
    """Read the probe files of a case by its manifest ``case.json``.

    Parameters
    ----------
    case_dir : str or Path
        Case directory; the manifest gives buoys, unit, columns and the folder of the files.

    Returns
    -------
    dict of str to Gauge
        By buoy id, in the order of the manifest; buoys without a file are left out.

    Raises
    ------
    UsageError
        The directory is no case.
    ExacoupleError
        The manifest or a probe file cannot be read or makes no sense.
    """
    case = Case.open(case_dir)
    ids = [str(buoy["id"]) for buoy in case.manifest["buoys"]]
    gauges = {buoy: read_case_probe(case.path, case.manifest, buoy) for buoy in ids}
    return {buoy: gauge for buoy, gauge in gauges.items() if gauge is not None}


def read_case_probe(case_dir: Path, manifest: Mapping[str, Any], gauge_id: str) -> Gauge | None:
    """Read one gauge of a case whose manifest is known; None where there is no probe file.

    Raises
    ------
    ExacoupleError
        The manifest does not describe the probe files, or a file makes no sense.
    """
    try:
        directory = case_dir / manifest["probes"]["directory"]
        columns = manifest["probes"]["columns"]
        unit = manifest["units"]["probes"]
    except (KeyError, TypeError) as exc:
        raise ExacoupleError(
            f"{case_dir / 'case.json'} does not say how its probe files are made: it needs "
            "probes.directory, probes.columns and units.probes; prepare the case again"
        ) from exc
    files = find_probe_files(directory, gauge_id)
    if not files:
        return None
    return read_probe(files, length_unit=unit, columns=columns, gauge_id=gauge_id)


def read_probe(
    paths: str | Path | Sequence[str | Path],
    *,
    length_unit: str,
    columns: Sequence[str] | None = None,
    gauge_id: str | None = None,
) -> Gauge:
    """Read the probe file of a gauge, or the files that several ranks wrote for it.

    Parameters
    ----------
    paths : path or sequence of paths
        Files of one gauge. Rows that stand in several of them must be equal.
    length_unit : {"km", "m"}
        Unit of length in the files: upstream's tsunami application computes in kilometres.
    columns : sequence of str, optional
        Names of all columns, from `COLUMNS`. Default: ``h, hu, hv, b, eta`` for 5 variables and
        ``h, hu, hv, b`` for 4, as the tsunami applications order them.
    gauge_id : str, optional
        Name of the gauge. Default: the file name without ``-rank-<R>.probe``.

    Returns
    -------
    Gauge
        All complete rows, in SI units. Time is the column real-time, the time that the values
        belong to. A last row without line end is left out, with a warning.

    Raises
    ------
    UsageError
        Unknown `length_unit` or `columns`.
    ExacoupleError
        A file is unreadable, empty, holds times only (``variables: 0``), has a damaged row, times
        that do not ascend, values that are no sea (uninitialised memory of a plotter that fills
        nothing, a diverged run), ``eta`` that is not ``h + b``; or files contradict each other.
    """
    files = _as_paths(paths)
    if length_unit not in METRES:
        raise UsageError(f"length unit '{length_unit}' is not known: use {' or '.join(METRES)}")
    parts = [_read_file(path, columns, METRES[length_unit]) for path in files]
    names, table = parts[0].names, _merged(parts)
    if gauge_id is None:
        gauge_id = re.sub(r"(-rank-\d+)?\.probe$", "", files[0].name)
    warnings = tuple(warning for part in parts for warning in part.warnings)
    for warning in warnings:
        _log.warning("%s", warning)
    fields = {name: table[:, index] for index, name in enumerate(names) if name not in TIMES}
    if "eta" not in fields:
        fields["eta"] = fields["h"] + fields["b"]
    time = table[:, names.index("real-time")]
    return Gauge(id=gauge_id, time=time, files=files, warnings=warnings, **fields)


@dataclass(frozen=True, eq=False)
class _Part:
    """Content of one file: `table` has one row per line and one column per name."""

    path: Path
    names: tuple[str, ...]
    table: FloatArray
    warnings: tuple[str, ...]


def _read_file(path: Path, columns: Sequence[str] | None, metres: float) -> _Part:
    text = read_text(path)
    complete, newline, rest = text.rpartition("\n")
    if not newline:
        raise ExacoupleError(f"{path}: ends within its first line: the run has written no row")
    warnings = []
    if rest.strip():
        warnings.append(f"{path}: the last row has no line end and is left out")
    lines = numbered(complete)
    names = _names(path, lines[0][1] if lines and lines[0][0] == 1 else "", columns)
    rows, numbers = [], []
    for number, line in lines[1:]:
        cells = line.split(",")
        if len(cells) != len(names) or not all(NUMBER.fullmatch(cell) for cell in cells):
            raise ExacoupleError(
                f"{path}, line {number}: {shown(line)} is no row of {len(names)} numbers: the "
                "file is damaged, or two runs wrote into it"
            )
        rows.append([float(cell) for cell in cells])
        numbers.append(number)
    if not rows:
        raise ExacoupleError(f"{path}: has a header and no complete row")
    table = np.array(rows, dtype=np.float64)
    table, kept = _without_repeats(path, table, numbers)
    warnings += _check_times(path, names, table, kept)
    _check_values(path, names, table, kept, metres)
    scale = np.array([_scale(name, metres) for name in names])
    if "eta" not in names:
        warnings.append(f"{path}: no column eta: h + b instead, known to about a centimetre only")
    return _Part(path, names, table * scale, tuple(warnings))


def _names(path: Path, header: str, columns: Sequence[str] | None) -> tuple[str, ...]:
    """Name the columns, from `columns` or by the number of variables in the header."""
    match = _HEADER.fullmatch(header)
    if match is None:
        raise ExacoupleError(
            f"{path}, line 1: {shown(header)} is no header of a probe file "
            "(# plot-time, real-time,Q0,Q1,...)"
        )
    found = tuple(name.strip() for name in match[1].split(",") if name.strip())
    if not found:
        raise ExacoupleError(
            f"{path}: holds times only, no solution: the plotter has 'variables': 0, as upstream "
            "ships it. Set 5 and have the probe writer fill h, hu, hv, b, eta"
        )
    if columns is not None:
        names = tuple(columns)
        unknown = sorted(set(names) - set(COLUMNS))
        if unknown or len(set(names)) < len(names) or names[:2] != TIMES:
            raise UsageError(
                f"columns {', '.join(names)} do not name a probe file: "
                f"{', '.join(TIMES)} first, then each at most once of {', '.join(COLUMNS[2:])}"
            )
    else:
        names = COLUMNS[: 2 + len(found)]
    numbered = tuple(f"Q{index}" for index in range(len(found)))
    if len(names) != 2 + len(found) or found not in (numbered, names[2:]):
        raise ExacoupleError(
            f"{path}: columns {', '.join(found)} where {', '.join(names[2:])} belong: "
            "name them by `columns`"
        )
    if "eta" not in names and not {"h", "b"} <= set(names):
        raise ExacoupleError(
            f"{path}: no water height in columns {', '.join(names)}: eta is needed, or h and b"
        )
    return names


def _without_repeats(
    path: Path, table: FloatArray, numbers: list[int]
) -> tuple[FloatArray, list[int]]:
    """Drop rows that repeat the row before."""
    same = [
        index > 0 and np.array_equal(table[index], table[index - 1], equal_nan=True)
        for index in range(len(table))
    ]
    keep = [index for index, repeated in enumerate(same) if not repeated]
    return table[keep], [numbers[index] for index in keep]


def _check_times(
    path: Path, names: tuple[str, ...], table: FloatArray, numbers: list[int]
) -> list[str]:
    plot = table[:, names.index("plot-time")]
    real = table[:, names.index("real-time")]
    for name, time in zip(TIMES, (plot, real), strict=True):
        wrong = ~np.isfinite(time) | (time < 0.0)
        wrong[1:] |= ~(np.diff(time) > 0.0)
        if wrong.any():
            index = int(wrong.argmax())
            raise ExacoupleError(
                f"{path}, line {numbers[index]}: {name} {time[index]:g} does not follow "
                f"{time[index - 1] if index else 0:g}: the file is damaged, or two runs wrote "
                "into it"
            )
    apart = np.abs(plot - real)
    wrong = apart > _rounding(plot) + _rounding(real)
    if not wrong.any():
        return []
    index = int(wrong.argmax())
    spacing = float(np.median(np.diff(real))) if len(real) > 1 else 0.0
    said = f"{path}, line {numbers[index]}: plot-time {plot[index]:g}, real-time {real[index]:g}"
    if apart.max() > spacing:
        raise ExacoupleError(f"{said} are more than a step apart: the file is damaged")
    return [f"{said} differ, in {np.count_nonzero(wrong)} rows: real-time is used"]


def _check_values(
    path: Path, names: tuple[str, ...], table: FloatArray, numbers: list[int], metres: float
) -> None:
    """Refuse what a plotter that fills nothing leaves in its columns."""
    fields = {name: table[:, index] for index, name in enumerate(names)}
    heights = [name for name in ("h", "b", "eta") if name in fields]
    hint = (
        "the plotter wrote uninitialised memory (upstream's ProbeWriter fills nothing), the run "
        "diverged, or the file is damaged"
    )
    for name in heights:
        values = fields[name]
        with np.errstate(invalid="ignore"):
            wrong = np.abs(values) * metres > ABSURD_M
        wrong[0] |= name == "h" and 0.0 < abs(values[0]) < _SUBNORMAL
        if wrong.any():
            index = int(wrong.argmax())
            raise ExacoupleError(
                f"{path}, line {numbers[index]}: {name} = {values[index]:g} is of no sea: {hint}"
            )
    if len(heights) < 3:
        return
    h, b, eta = (fields[name] for name in heights)
    with np.errstate(invalid="ignore"):
        wrong = np.abs(h + b - eta) > 1.01 * (_rounding(h) + _rounding(b) + _rounding(eta))
    if wrong.any():
        index = int(wrong.argmax())
        raise ExacoupleError(
            f"{path}, line {numbers[index]}: eta = {eta[index]:g} is not h + b = "
            f"{h[index] + b[index]:g}: {hint}"
        )


def _rounding(values: FloatArray) -> FloatArray:
    """Half a unit of the last of the 6 significant digits that a value was written with."""
    magnitude = np.abs(np.where(np.isfinite(values), values, 0.0))
    digits = np.floor(np.log10(np.where(magnitude > _SUBNORMAL, magnitude, 1e-99)))
    return np.asarray(0.5 * 10.0 ** (digits + 1 - _SIGNIFICANT_DIGITS), dtype=np.float64)


def _merged(parts: list[_Part]) -> FloatArray:
    """Join the rows of several ranks in the order of time; contradictions are an error."""
    column = parts[0].names.index("real-time")
    parts = sorted(parts, key=lambda part: float(part.table[0, column]))
    table = parts[0].table
    for part in parts[1:]:
        if part.names != parts[0].names:
            raise ExacoupleError(f"{part.path}: has other columns than {parts[0].path}")
        start = part.table[0, column]
        end = min(table[-1, column], part.table[-1, column])
        common = [
            rows[(rows[:, column] >= start) & (rows[:, column] <= end)]
            for rows in (table, part.table)
        ]
        if not np.array_equal(common[0], common[1], equal_nan=True):
            raise ExacoupleError(
                f"{part.path} and {parts[0].path} differ between {start:g} s and {end:g} s: one "
                "was left by an earlier run. Remove it"
            )
        joined = np.concatenate([table, part.table])
        _, first = np.unique(joined[:, column], return_index=True)
        table = joined[first]
    return table


def _scale(name: str, metres: float) -> float:
    powers = {"h": 1, "b": 1, "eta": 1, "hu": 2, "hv": 2}
    return float(metres ** powers.get(name, 0))


def _as_paths(paths: str | Path | Sequence[str | Path]) -> tuple[Path, ...]:
    files = (Path(paths),) if isinstance(paths, str | Path) else tuple(map(Path, paths))
    if not files:
        raise UsageError("no probe file named: at least one is needed")
    return files
