"""Tracer files of ExaHyPE 2 (Peano 4): ``<name>-rank-<R>[-snapshot-<N>].csv``.

A tracer that does not move is a gauge. Each rank writes the tracers that it holds::

    number(0), number(1), t, x(0), x(1), data
    0, 1, 1.000000e+01, 5.457353e+05, 6.271647e+04, 5.606001e+03, ...
    0, 1, 0.000000e+00, 5.457353e+05, 6.271647e+04, 5.606000e+03, ...

Older builds head all values with the one word ``data``, newer ones with ``data(0), data(1), ...``.
Rows of a tracer stand together, the newest first; numbers have 7 significant digits. A snapshot
begins with what the one before ended with. ``number(0), number(1)`` tell who made the tracer, and
differ from run to run, as does the rank: gauges are told apart by their position. Specification:
``toolbox::particles::TrajectoryDatabase`` and ``exahype2.tracer`` of Peano 4. Which value is which
is up to the application: the shallow-water ones of Peano 4 record h, hu, hv, b.
"""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from exacouple.cases.application import METRES, SOLUTION
from exacouple.errors import ExacoupleError, UsageError
from exacouple.gauge import NUMBER, FloatArray, Gauge, numbered, read_text, shown
from exacouple.probes.values import check_values, rounding, scale, told

FIXED = ("number(0)", "number(1)", "t", "x(0)", "x(1)")
"""Columns of a tracer in two dimensions before its values."""

SAME_PLACE_M = 2.0
"""Tracers within this distance are at one place: positions have 7 digits."""

_DIGITS = 7
_HINT = "the run diverged, the file is damaged, or its columns are others than h, hu, hv, b"
_NAME = re.compile(r"(?P<name>.*?)(?:-rank-(?P<rank>\d+))?(?:-snapshot-(?P<snapshot>\d+))?\.csv")


@dataclass(frozen=True, eq=False)
class _Rows:
    """Rows of one file: `table` has a column for each name, of `FIXED` and the solution."""

    path: Path
    snapshot: int
    names: tuple[str, ...]
    table: FloatArray
    lines: FloatArray
    warnings: tuple[str, ...]


def read_tracers(
    files: Sequence[Path],
    *,
    length_unit: str = "m",
    columns: Sequence[str] | None = None,
    origin_m: tuple[float, float] = (0.0, 0.0),
) -> list[Gauge]:
    """Read the tracer files of a run, of all ranks and snapshots, into one gauge for each place.

    Parameters
    ----------
    files : sequence of Path
        All CSV files of the run.
    length_unit : {"m", "km"}
        Unit of length in the files.
    columns : sequence of str, optional
        Names of the values after the position. Default: ``h, hu, hv, b`` for 4 values and ``h, hu,
        hv, b, eta`` for 5.
    origin_m : tuple of float
        Position in metres of the point that the files call (0, 0).

    Returns
    -------
    list of Gauge
        In the order of x, then y, all complete rows in the order of time, in SI units; named
        ``tracer1``, ``tracer2``, ... and placed in metres. Where ``eta`` is not written, it is
        ``h + b``. Rows without line end are left out, with a warning.

    Raises
    ------
    UsageError
        Unknown `length_unit` or `columns`.
    ExacoupleError
        A file is unreadable, of three dimensions, has a damaged row, tracers that move, times that
        do not descend (nor ascend), values of no sea; or files contradict each other.
    """
    if length_unit not in METRES:
        raise UsageError(f"length unit '{length_unit}' is not known: use {' or '.join(METRES)}")
    if not files:
        raise UsageError("no tracer file named: at least one is needed")
    metres = METRES[length_unit]
    parts = [_read_file(path, columns, metres) for path in sorted(files, key=_order)]
    first = parts[0]
    for part in parts[1:]:
        if part.names != first.names:
            raise ExacoupleError(f"{part.path}: has other columns than {first.path}")
    gauges = [
        _gauge(parts, place, number, metres)
        for number, place in enumerate(_places(parts, metres), start=1)
    ]
    told([warning for part in parts for warning in part.warnings])
    return [_moved(gauge, origin_m) for gauge in gauges]


def _order(path: Path) -> tuple[str, int, int]:
    match = _NAME.fullmatch(path.name)
    if match is None:
        return str(path), 0, 0
    return str(path.with_name(match["name"])), int(match["snapshot"] or 0), int(match["rank"] or 0)


def _read_file(path: Path, columns: Sequence[str] | None, metres: float) -> _Rows:
    complete, newline, rest = read_text(path).rpartition("\n")
    if not newline:
        raise ExacoupleError(f"{path}: ends within its first line: the run has written no row")
    warnings = []
    if rest.strip():
        warnings.append(f"{path}: the last row has no line end and is left out")
    lines = numbered(complete)
    stated = _header(path, lines[0][1] if lines and lines[0][0] == 1 else "")
    rows, numbers, width = [], [], stated
    for number, line in lines[1:]:
        cells = line.split(",")
        width = width or len(cells)
        if len(cells) != width or not all(NUMBER.fullmatch(cell) for cell in cells):
            raise ExacoupleError(
                f"{path}, line {number}: {shown(line)} is no row of {width} numbers: the file is "
                "damaged, or two runs wrote into it"
            )
        rows.append([float(cell) for cell in cells])
        numbers.append(number)
    if not rows:
        raise ExacoupleError(f"{path}: has a header and no complete row")
    names = (*FIXED, *_names(path, len(rows[0]) - len(FIXED), columns))
    table = np.array(rows, dtype=np.float64)
    _check_rows(path, table, numbers, metres)
    fields = {name: table[:, index] for index, name in enumerate(names)}
    check_values(path, fields, numbers, metres, _HINT, _DIGITS)
    match = _NAME.fullmatch(path.name)
    snapshot = int(match["snapshot"] or 0) if match else 0
    return _Rows(path, snapshot, names, table, np.array(numbers, dtype=float), tuple(warnings))


def _header(path: Path, line: str) -> int:
    """Return the number of columns that a header tells; 0 if it heads all values with one word."""
    words = [word.strip() for word in line.split(",")]
    if tuple(words[:2]) != FIXED[:2]:
        raise ExacoupleError(
            f"{path}, line 1: {shown(line)} is no header of a tracer file "
            f"({', '.join(FIXED)}, data)"
        )
    if "x(2)" in words:
        raise ExacoupleError(f"{path}: tracers in three dimensions: a sea has two")
    values = words[len(FIXED) :]
    counted = [f"data({index})" for index in range(len(values))]
    if tuple(words[: len(FIXED)]) != FIXED or values not in (["data"], counted):
        raise ExacoupleError(
            f"{path}, line 1: {shown(line)} is no header of a tracer file "
            f"({', '.join(FIXED)}, data)"
        )
    return len(words) if values != ["data"] else 0


def _names(path: Path, count: int, columns: Sequence[str] | None) -> tuple[str, ...]:
    if columns is None:
        if count not in (4, 5):
            raise ExacoupleError(
                f"{path}: {max(count, 0)} values of each tracer, where h, hu, hv, b or h, hu, hv, "
                "b, eta belong: name them by `columns`"
            )
        return SOLUTION[:count]
    names = tuple(columns)
    unknown = sorted(set(names) - set(SOLUTION))
    if unknown or len(set(names)) < len(names):
        raise UsageError(
            f"columns {', '.join(names)} name no values of a tracer: each at most once of "
            f"{', '.join(SOLUTION)}"
        )
    if len(names) != count:
        raise ExacoupleError(
            f"{path}: {max(count, 0)} values of each tracer where {', '.join(names)} belong"
        )
    if "eta" not in names and not {"h", "b"} <= set(names):
        raise ExacoupleError(
            f"{path}: no water height in columns {', '.join(names)}: eta is needed, or h and b"
        )
    return names


def _check_rows(path: Path, table: FloatArray, lines: list[int], metres: float) -> None:
    """Check times and places of each tracer, which is known by its two numbers in a file."""
    fixed = table[:, : len(FIXED)]
    bad = ~np.isfinite(fixed).all(axis=1) | (fixed[:, 2] < 0.0)
    bad |= (fixed[:, :2] != np.round(np.nan_to_num(fixed[:, :2]))).any(axis=1)
    if bad.any():
        index = int(bad.argmax())
        raise ExacoupleError(
            f"{path}, line {lines[index]}: number, time and place {fixed[index].tolist()} are "
            "of no tracer: the file is damaged"
        )
    tracers, group = np.unique(fixed[:, :2], axis=0, return_inverse=True)
    for index in range(len(tracers)):
        rows = np.flatnonzero(group.ravel() == index)
        time, place = fixed[rows, 2], fixed[rows, 3:5] * metres
        steps = np.diff(time)
        order = np.sign(np.median(steps)) if len(steps) else 0.0
        wrong = (order * steps <= 0.0) if order else (steps == 0.0)
        if wrong.any():
            row = rows[int(wrong.argmax()) + 1]
            raise ExacoupleError(
                f"{path}, line {lines[row]}: time {table[row, 2]:g} does not follow the row before "
                "of that tracer: the file is damaged, or two runs wrote into it"
            )
        apart = np.hypot(*(place - place[0]).T)
        if apart.max() > SAME_PLACE_M + _blur(place):
            row = rows[int(apart.argmax())]
            raise ExacoupleError(
                f"{path}, line {lines[row]}: tracer {tracers[index].astype(int).tolist()} moved "
                f"by {apart.max():.3g} m: one that moves is no gauge, or the file is damaged"
            )


def _blur(place: FloatArray) -> float:
    return float(2.0 * rounding(np.abs(place).max(keepdims=True), _DIGITS).max())


def _places(parts: Sequence[_Rows], metres: float) -> list[tuple[float, float]]:
    """Return the places of all tracers in metres, those within `SAME_PLACE_M` as one."""
    found: list[tuple[float, float]] = []
    rows = np.concatenate([part.table[:, 3:5] for part in parts]) * metres
    for x, y in np.unique(rows, axis=0):
        if all(np.hypot(x - a, y - b) > SAME_PLACE_M for a, b in found):
            found.append((float(x), float(y)))
    return found


def _gauge(parts: Sequence[_Rows], place: tuple[float, float], number: int, metres: float) -> Gauge:
    """Join the rows of one place, of all files, in the order of time."""
    names = parts[0].names
    blocks: list[_Block] = []
    warnings: list[str] = []
    for part in parts:
        near = np.hypot(*(part.table[:, 3:5] * metres - place).T) <= SAME_PLACE_M
        if near.any():
            blocks.append(_Block(part.path, part.snapshot, _ascending(part, part.table[near])))
            warnings += part.warnings
    factors = np.array([scale(name, metres) for name in names])
    columns = zip(names, (_joined(blocks) * factors).T, strict=True)
    fields: dict[str, FloatArray] = dict(columns)
    if "eta" not in fields:
        fields["eta"] = fields["h"] + fields["b"]
        known = 2.0 * float(rounding(fields["h"], _DIGITS).max())
        warnings.append(f"{blocks[0].path}: no column eta: h + b, known to {known:.1g} m only")
    return Gauge(
        id=f"tracer{number}",
        time=fields["t"],
        position=place,
        files=tuple(block.path for block in blocks),
        warnings=tuple(warnings),
        eta=fields["eta"],
        h=fields.get("h"),
        hu=fields.get("hu"),
        hv=fields.get("hv"),
        b=fields.get("b"),
    )


@dataclass(frozen=True, eq=False)
class _Block:
    """Rows of one place from one file, in the order of time."""

    path: Path
    snapshot: int
    table: FloatArray

    @property
    def start(self) -> float:
        return float(self.table[0, 2])

    @property
    def end(self) -> float:
        return float(self.table[-1, 2])


def _ascending(part: _Rows, table: FloatArray) -> FloatArray:
    """Sort rows by time; two tracers at one place have to agree."""
    table = table[np.argsort(table[:, 2], kind="stable")]
    same = np.diff(table[:, 2]) == 0.0
    differ = same & ~_equal(table[1:], table[:-1]).all(axis=1)
    if differ.any():
        x, y, time = (table[int(differ.argmax()), column] for column in (3, 4, 2))
        raise ExacoupleError(
            f"{part.path}: two different rows of the tracer at {x:g}, {y:g} and {time:g} s: two "
            "tracers were made on the edge of two cells: move the gauge a little; or two runs "
            "wrote into the file"
        )
    return table[np.append(~same, True)]


def _joined(blocks: Sequence[_Block]) -> FloatArray:
    """Join blocks in the order of time; contradictions are an error.

    Blocks may share rows, which must be equal, but for the one row that a snapshot takes over from
    the one before and may have mended.
    """
    blocks = sorted(blocks, key=lambda block: (block.start, block.snapshot))
    table = blocks[0].table
    for before, block in itertools.pairwise(blocks):
        end = float(table[-1, 2])
        if block.start == end and block.snapshot > before.snapshot:
            table = np.concatenate([table[:-1], block.table])
            continue
        last = min(end, block.end)
        common = [
            rows[(rows[:, 2] >= block.start) & (rows[:, 2] <= last)]
            for rows in (table, block.table)
        ]
        if len(common[0]) != len(common[1]) or not _equal(*common).all():
            raise ExacoupleError(
                f"{block.path} and {before.path} differ between {block.start:g} s and {last:g} s: "
                "one was left by an earlier run. Remove it"
            )
        table = np.concatenate([table, block.table[block.table[:, 2] > end]])
    return table


def _equal(one: FloatArray, other: FloatArray) -> npt.NDArray[np.bool_]:
    """Compare the values of rows, NaN being equal to NaN."""
    one, other = one[:, len(FIXED) :], other[:, len(FIXED) :]
    return np.asarray((one == other) | (np.isnan(one) & np.isnan(other)))


def _moved(gauge: Gauge, origin_m: tuple[float, float]) -> Gauge:
    assert gauge.position is not None
    x, y = gauge.position
    return replace(gauge, position=(x + origin_m[0], y + origin_m[1]))
