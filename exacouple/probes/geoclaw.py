"""Gauge files of GeoClaw: ``gauge<number>.txt``, a header after ``#`` and one row per time step.

The header names the gauge, its place, the columns and the format of the file::

    # gauge_id= 21418 location=(  0.1486940000E+03  0.3871100000E+02 ) num_var=  4
    # Stationary gauge
    # level, time, q[  1  2  3], eta, aux[]
    # file format ascii, time series follow in this file

Before version 5.9 the last line is missing, before 5.5 the second as well; older files say
``num_eqn`` and ``# Columns: level time h hu hv eta``. ``level`` is that of the mesh refinement; q
1, 2, 3 are h, hu, hv, aux 1 is the bottom b; all in SI units, with 8 significant digits unless
``display_format`` asks for others. The place is in degrees or metres, as the run's coordinate
system. Specification: ``gauges_module.f90`` of GeoClaw (``src/2d/shallow``) and "Gauges" in the
documentation of Clawpack.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from exacouple.errors import ExacoupleError
from exacouple.gauge import FloatArray, Gauge, numbered, read_text, shown
from exacouple.probes.values import check_values, rounding, told

_NUMBER = re.compile(
    r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+|[+-]\d{3})?|nan|inf(?:inity)?)",
    re.ASCII | re.IGNORECASE,
)
_SHORT_EXPONENT = re.compile(r"(?<=[\d.])([+-]\d{3})$")
_PLACE = re.compile(
    r"#\s*gauge_id=\s*(?P<id>\d+)\s+location=\(\s*(?P<place>[^)]*?)\s*\)\s+"
    r"num_(?:var|eqn)=\s*(?P<count>\d+)"
)
_LABELS = re.compile(
    r"#\s*level,\s*time,\s*q\[(?P<q>[\d\s]*)\],\s*eta(?P<layers>\[[\d\s]*\])?,\s*aux\[(?P<aux>[\d\s]*)\]"
)
_OLD_LABELS = re.compile(r"#\s*Columns:\s*level\s+time\s+h\s+hu\s+hv\s+eta")
_FORMAT = re.compile(r"#\s*file format\s+(?P<format>\w+)")
_CONSERVED = {1: "h", 2: "hu", 3: "hv"}
_DIGITS = 7
_HINT = "the run diverged, or the file is damaged"


@dataclass(frozen=True)
class _Header:
    id: str
    place: tuple[float, float] | None
    names: tuple[str, ...]
    """Names of all columns; empty for one that is not used."""


def read_geoclaw(path: Path, gauge_id: str | None = None) -> Gauge:
    """Read a gauge file of GeoClaw.

    Parameters
    ----------
    path : Path
        The ``.txt`` file.
    gauge_id : str, optional
        Name of the gauge. Default: its number, without leading zeros.

    Returns
    -------
    Gauge
        All complete rows. Of rows with the same time, which its few digits cause, the last one is
        kept, with a warning; a last row without line end is left out, with a warning. ``b`` is
        aux 1 if that is written, otherwise ``eta - h``. Its position is what the header says.

    Raises
    ------
    ExacoupleError
        The file is unreadable, has no such header, is binary, of a drifting (Lagrangian) gauge or
        of several layers, has a damaged row, times that go back or values of no sea.
    """
    complete, newline, rest = read_text(path).rpartition("\n")
    if not newline:
        raise ExacoupleError(f"{path}: ends within its first line: the run has written no row")
    warnings = []
    if rest.strip():
        warnings.append(f"{path}: the last row has no line end and is left out")
    lines = numbered(complete)
    header = _read_header(path, lines)
    table, numbers = _read_rows(path, lines, header)
    table, numbers = _last_of_each_time(path, table, numbers, header.names, warnings)
    warnings += _levels(path, table, header.names)
    fields = {name: table[:, column] for column, name in enumerate(header.names) if name}
    check_values(path, _heights(fields), numbers, 1.0, _HINT, _DIGITS)
    if "b" not in fields and "h" in fields:
        fields["b"] = fields["eta"] - fields["h"]
        _check_bottom(path, fields, numbers)
    return Gauge(
        id=gauge_id or header.id,
        time=fields["time"],
        position=header.place,
        files=(path,),
        warnings=told(warnings),
        eta=fields["eta"],
        h=fields.get("h"),
        hu=fields.get("hu"),
        hv=fields.get("hv"),
        b=fields.get("b"),
    )


def _read_header(path: Path, lines: list[tuple[int, str]]) -> _Header:
    comments = [line for _, line in lines if line.startswith("#")]
    first = _PLACE.fullmatch(comments[0]) if comments and lines[0][1] == comments[0] else None
    if first is None:
        found = shown(lines[0][1]) if lines else "nothing"
        raise ExacoupleError(
            f"{path}, line 1: {found} is no header of a GeoClaw gauge "
            "(# gauge_id= N location=( x y ) num_var= n)"
        )
    if any("Lagrangian" in comment for comment in comments):
        raise ExacoupleError(
            f"{path}: a drifting gauge (gtype 'lagrangian') records no place: use 'stationary'"
        )
    for comment in comments:
        stated = _FORMAT.match(comment)
        if stated is not None and stated["format"] != "ascii":
            raise ExacoupleError(
                f"{path}: its time series is {stated['format']} in {path.stem}.bin, which is not "
                "read here: set rundata.gaugedata.file_format = 'ascii' in setrun.py and run again"
            )
    return _Header(
        id=str(int(first["id"])),
        place=_place(path, first["place"]),
        names=_names(path, comments, int(first["count"])),
    )


def _place(path: Path, text: str) -> tuple[float, float] | None:
    words = text.split()
    if len(words) not in (1, 2) or not all(_NUMBER.fullmatch(word) for word in words):
        raise ExacoupleError(f"{path}, line 1: location ({text}) is no pair of numbers")
    if len(words) == 1:
        return None
    return _value(words[0]), _value(words[1])


def _names(path: Path, comments: list[str], count: int) -> tuple[str, ...]:
    for comment in comments:
        if _OLD_LABELS.fullmatch(comment):
            names: tuple[str, ...] = ("level", "time", "h", "hu", "hv", "eta")
            break
        labels = _LABELS.fullmatch(comment)
        if labels is None:
            continue
        if labels["layers"]:
            raise ExacoupleError(f"{path}: several layers of water, of which eta is not told apart")
        conserved = [_CONSERVED.get(int(index), "") for index in labels["q"].split()]
        auxiliary = ["b" if index == "1" else "" for index in labels["aux"].split()]
        names = ("level", "time", *conserved, "eta", *auxiliary)
        break
    else:
        raise ExacoupleError(
            f"{path}: no line says what the columns are (# level, time, q[1 2 3], eta, aux[])"
        )
    if len(names) != count + 2:
        raise ExacoupleError(
            f"{path}: its header tells of {count} variables and names {len(names) - 2}: it is "
            "damaged"
        )
    return names


def _read_rows(
    path: Path, lines: list[tuple[int, str]], header: _Header
) -> tuple[FloatArray, list[int]]:
    rows: list[list[float]] = []
    numbers: list[int] = []
    for number, line in lines:
        if line.startswith("#"):
            if rows:
                raise ExacoupleError(
                    f"{path}, line {number}: {shown(line)} among the rows: two runs wrote into it"
                )
            continue
        words = line.split()
        good = len(words) == len(header.names) and words[0].isdigit()
        if not good or not all(_NUMBER.fullmatch(word) for word in words):
            raise ExacoupleError(
                f"{path}, line {number}: {shown(line)} is no row of {len(header.names)} numbers: "
                "the file is damaged, or display_format is too narrow"
            )
        rows.append([_value(word) for word in words])
        numbers.append(number)
    if not rows:
        raise ExacoupleError(f"{path}: has a header and no complete row")
    return np.array(rows, dtype=np.float64), numbers


def _last_of_each_time(
    path: Path,
    table: FloatArray,
    numbers: list[int],
    names: tuple[str, ...],
    warnings: list[str],
) -> tuple[FloatArray, list[int]]:
    """Keep the last of rows with one time; times that go back are an error."""
    time = table[:, names.index("time")]
    wrong = ~np.isfinite(time)
    wrong[1:] |= np.diff(time) < 0.0
    if wrong.any():
        index = int(wrong.argmax())
        raise ExacoupleError(
            f"{path}, line {numbers[index]}: time {time[index]:g} does not follow "
            f"{time[index - 1] if index else 0:g}: the file is damaged, two runs wrote into it, or "
            "a run was restarted: remove the rows that the restart repeats"
        )
    keep = np.append(np.diff(time) > 0.0, True)
    if not keep.all():
        warnings.append(f"{path}: {np.count_nonzero(~keep)} rows repeat a time; the last is kept")
    return table[keep], [number for number, kept in zip(numbers, keep, strict=True) if kept]


def _levels(path: Path, table: FloatArray, names: tuple[str, ...]) -> list[str]:
    """Say where the record comes from meshes of several widths."""
    level = table[:, names.index("level")]
    changes = np.flatnonzero(np.diff(level))
    if not len(changes):
        return []
    first = table[changes[0] + 1, names.index("time")]
    return [
        f"{path}: refinement level {level.min():.0f} to {level.max():.0f}, first changed at "
        f"{first:g} s: heights may jump there"
    ]


def _check_bottom(path: Path, fields: dict[str, FloatArray], numbers: list[int]) -> None:
    """Refuse a bottom that is another one in a single row: a digit of h or eta is wrong there."""
    b, level = fields["b"], fields["level"]
    if len(b) < 3:
        return
    allowed = 2.0 * (rounding(fields["h"], _DIGITS) + rounding(fields["eta"], _DIGITS)) + 1e-3
    with np.errstate(invalid="ignore"):
        alone = np.abs(b[1:-1] - b[:-2]) > allowed[1:-1] + allowed[:-2]
        alone &= np.abs(b[2:] - b[:-2]) <= allowed[2:] + allowed[:-2]
    alone &= (level[1:-1] == level[:-2]) & (level[2:] == level[:-2])
    if alone.any():
        index = int(alone.argmax()) + 1
        raise ExacoupleError(
            f"{path}, line {numbers[index]}: eta - h = {b[index]:g} is the bottom, which is at "
            f"{b[index - 1]:g} in the rows around: {_HINT}"
        )


def _heights(fields: dict[str, FloatArray]) -> dict[str, FloatArray]:
    return {name: fields[name] for name in ("h", "b", "eta") if name in fields}


def _value(word: str) -> float:
    """Convert a number as Fortran writes it: 1.5D+02, or 0.1-100 where E did not fit in."""
    plain = word.replace("D", "E").replace("d", "e")
    return float(_SHORT_EXPONENT.sub(r"e\1", plain) if "e" not in plain.lower() else plain)
