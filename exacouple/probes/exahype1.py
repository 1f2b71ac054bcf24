"""Probe files of ExaHyPE 1 and of the embedded engine.

``probe::ascii`` writes text: ``# plot-time, real-time,Q0,Q1,...``, then one line per solver step;
``<output>.probe`` in a serial build, ``<output>-rank-<R>.probe`` with MPI, for the rank that owns
the probe's cell. It does not name its columns and does not state its units. Numbers carry 6
significant digits, so that ``h`` of some kilometres is known to a centimetre only: ``eta`` is a
column of its own and is not formed again from ``h`` and ``b``. The embedded engine writes the same
files, on request with 17 digits and at exact times. The format is what ExaHyPE's class
``ADERDG2ProbeAscii`` writes; see "Probe files" in the reference of the documentation.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from exacouple.cases.application import METRES, SOLUTION, TIME_COLUMNS
from exacouple.errors import ExacoupleError, UsageError
from exacouple.gauge import NUMBER, FloatArray, Gauge, numbered, read_text, shown
from exacouple.probes.values import COLUMNS, check_values, rounding, scale, told

_HEADER = re.compile(r"#\s*plot-time\s*,\s*real-time\s*((?:,\s*[\w-]+\s*)*)", re.ASCII)
_HINT = (
    "the plotter wrote uninitialised memory (upstream's ProbeWriter fills nothing), the run "
    "diverged, or the file is damaged"
)


def read_exahype1(
    files: Sequence[Path],
    *,
    length_unit: str,
    columns: Sequence[str] | None = None,
    gauge_id: str | None = None,
) -> Gauge:
    """Read the probe file of a gauge, or the files that several ranks wrote for it.

    Parameters
    ----------
    files : sequence of Path
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
    if length_unit not in METRES:
        raise UsageError(f"length unit '{length_unit}' is not known: use {' or '.join(METRES)}")
    parts = [_read_file(path, columns, METRES[length_unit]) for path in files]
    names, table = parts[0].names, _merged(parts)
    if gauge_id is None:
        gauge_id = re.sub(r"(-rank-\d+)?\.probe$", "", files[0].name)
    warnings = told([warning for part in parts for warning in part.warnings])
    fields = {name: table[:, index] for index, name in enumerate(names) if name not in TIME_COLUMNS}
    if "eta" not in fields:
        fields["eta"] = fields["h"] + fields["b"]
    time = table[:, names.index("real-time")]
    return Gauge(
        id=gauge_id,
        time=time,
        eta=fields["eta"],
        h=fields.get("h"),
        hu=fields.get("hu"),
        hv=fields.get("hv"),
        b=fields.get("b"),
        files=tuple(files),
        warnings=warnings,
    )


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
    fields = {name: table[:, index] for index, name in enumerate(names)}
    check_values(path, fields, kept, metres, _HINT)
    factors = np.array([scale(name, metres) for name in names])
    if "eta" not in names:
        warnings.append(f"{path}: no column eta: h + b instead, known to about a centimetre only")
    return _Part(path, names, table * factors, tuple(warnings))


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
        if unknown or len(set(names)) < len(names) or names[:2] != TIME_COLUMNS:
            raise UsageError(
                f"columns {', '.join(names)} do not name a probe file: "
                f"{', '.join(TIME_COLUMNS)} first, then each at most once of {', '.join(SOLUTION)}"
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
    for name, time in zip(TIME_COLUMNS, (plot, real), strict=True):
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
    wrong = apart > rounding(plot) + rounding(real)
    if not wrong.any():
        return []
    index = int(wrong.argmax())
    spacing = float(np.median(np.diff(real))) if len(real) > 1 else 0.0
    said = f"{path}, line {numbers[index]}: plot-time {plot[index]:g}, real-time {real[index]:g}"
    if apart.max() > spacing:
        raise ExacoupleError(f"{said} are more than a step apart: the file is damaged")
    return [f"{said} differ, in {np.count_nonzero(wrong)} rows: real-time is used"]


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
