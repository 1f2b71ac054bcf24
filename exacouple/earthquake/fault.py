"""Finite-fault tables: rectangular subfaults with slip, read from CSV and checked.

A table starts with comment lines (``#``), one of which says which point of a subfault its
coordinates and its depth belong to::

    # reference: centroid

(or ``top_center`` or ``top_corner``, see `exacouple.earthquake.okada.Reference`). Then follow a
line of column names and one line per subfault. The columns, in any order, are longitude_deg,
latitude_deg, depth_m, strike_deg, dip_deg, rake_deg, slip_m, length_m and width_m, and where known
rupture_time_s, rise_time_start_s, rise_time_end_s and rigidity_Pa.
"""

import csv
import difflib
import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from exacouple.atomic import write_text
from exacouple.earthquake.okada import REFERENCES, RectangularFault, Reference
from exacouple.errors import ExacoupleError, UsageError

_log = logging.getLogger(__name__)

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Column:
    """A column of the CSV file: the field it fills and the values allowed in it."""

    field: str
    low: float
    high: float
    allowed: str
    required: bool = True


_POSITIVE = np.finfo(np.float64).tiny
_COLUMNS = {
    "longitude_deg": _Column("lon", -360, 360, "degrees east, -360 to 360"),
    "latitude_deg": _Column("lat", -90, 90, "degrees north, -90 to 90"),
    "depth_m": _Column("depth_m", 0, 1e6, "metres, positive down, 0 to 1000 km"),
    "strike_deg": _Column("strike", -360, 360, "degrees clockwise from north, -360 to 360"),
    "dip_deg": _Column("dip", 0, 90, "degrees below the horizontal, 0 to 90"),
    "rake_deg": _Column("rake", -360, 360, "degrees, -360 to 360"),
    "slip_m": _Column("slip_m", 0, 1e3, "metres, 0 to 1000 (the rake gives the direction)"),
    "length_m": _Column("length_m", _POSITIVE, 5e6, "metres, above 0"),
    "width_m": _Column("width_m", _POSITIVE, 1e6, "metres, above 0"),
    "rupture_time_s": _Column("rupture_time_s", 0, 1e5, "seconds, 0 or more", False),
    "rise_time_start_s": _Column("rise_time_start_s", 0, 1e5, "seconds, 0 or more", False),
    "rise_time_end_s": _Column("rise_time_end_s", 0, 1e5, "seconds, 0 or more", False),
    "rigidity_Pa": _Column("rigidity_pa", 1e6, 1e13, "pascals, 1e6 to 1e13", False),
}
_REFERENCE = re.compile(r"#\s*reference\s*[:=]\s*(\S+)\s*$")
_SHORTEST = 200.0
"""Subfaults smaller than this in metres were most likely given in kilometres."""


class _BadSubfault(UsageError):
    def __init__(self, row: int, problem: str) -> None:
        super().__init__(f"subfault {row + 1}: {problem}")
        self.row, self.problem = row, problem


def _absent() -> Array:
    return np.zeros(0)


@dataclass(frozen=True, eq=False)
class FaultTable:
    """Subfaults of a finite fault, one value per subfault in every array.

    Attributes
    ----------
    lon, lat : ndarray of float64
        Position of the reference point, degrees east and north (WGS84).
    depth_m : ndarray
        Depth of the reference point below the sea floor in metres, positive down.
    strike, dip, rake : ndarray
        Degrees: strike clockwise from north, with the fault dipping to the right of it; dip 0 to
        90 below the horizontal; rake counter-clockwise from the strike (Aki and Richards).
    slip_m : ndarray
        Slip in metres, 0 or more.
    length_m, width_m : ndarray
        Size along the strike and down the dip in metres.
    reference : {"centroid", "top_center", "top_corner"}
        The point of a subfault that `lon`, `lat` and `depth_m` belong to.
    rupture_time_s : ndarray
        Start of slip in seconds after the origin; 0 where the source gives none.
    rise_time_start_s, rise_time_end_s : ndarray
        Durations of the growing and of the decaying part of the slip rate in seconds; 0 where the
        source gives none.
    rigidity_pa : ndarray or None
        Shear modulus in pascals.

    Raises
    ------
    UsageError
        Arrays of different length, or a value that is missing or out of range; the message names
        the subfault (from 1) and the column.
    """

    lon: Array
    lat: Array
    depth_m: Array
    strike: Array
    dip: Array
    rake: Array
    slip_m: Array
    length_m: Array
    width_m: Array
    reference: Reference
    rupture_time_s: Array = field(default_factory=_absent)
    rise_time_start_s: Array = field(default_factory=_absent)
    rise_time_end_s: Array = field(default_factory=_absent)
    rigidity_pa: Array | None = None

    def __post_init__(self) -> None:
        if self.reference not in REFERENCES:
            raise UsageError(_wrong_reference(self.reference))
        size = np.size(self.lon)
        if size == 0:
            raise UsageError("a fault table needs at least one subfault")
        for name, column in _COLUMNS.items():
            values = getattr(self, column.field)
            if values is None:
                continue
            values = np.array(values, dtype=np.float64)
            if not column.required and values.size == 0:
                values = np.zeros(size)
            if values.shape != (size,):
                raise UsageError(f"fault table: {values.shape} values of {name} for {size} rows")
            values.flags.writeable = False
            object.__setattr__(self, column.field, values)
        self._check_values()

    def _check_values(self) -> None:
        for name, column in _COLUMNS.items():
            values = getattr(self, column.field)
            if values is None:
                continue
            wrong = ~((values >= column.low) & (values <= column.high))
            if wrong.any():
                row = int(np.argmax(wrong))
                raise _BadSubfault(row, f"{name} is {values[row]:g}: allowed are {column.allowed}")
        top = self.depth_m - self._rise_to_top()
        if top.min() < -1.0:
            row = int(np.argmin(top))
            raise _BadSubfault(
                row,
                f"depth_m is {self.depth_m[row]:g}, so the upper edge lies {-top[row]:.0f} m above "
                f"the sea floor: give the depth of the {self.reference.replace('_', ' ')}, or "
                "another '# reference:'",
            )

    def _rise_to_top(self) -> Array:
        part = 0.5 if self.reference == "centroid" else 0.0
        return np.asarray(part * self.width_m * np.sin(np.radians(self.dip)))

    def __len__(self) -> int:
        return int(self.lon.size)

    def subfault(self, index: int, *, strike: float | None = None) -> RectangularFault:
        """Return one subfault, with another strike where the plane turns north."""
        return RectangularFault(
            depth=float(self.depth_m[index]),
            strike=float(self.strike[index]) if strike is None else strike,
            dip=float(self.dip[index]),
            rake=float(self.rake[index]),
            slip=float(self.slip_m[index]),
            length=float(self.length_m[index]),
            width=float(self.width_m[index]),
            reference=self.reference,
        )

    def seismic_moment(self, rigidity_pa: float | None = None) -> float:
        """Return the seismic moment in newton metres: the sum of rigidity, area and slip.

        Parameters
        ----------
        rigidity_pa : float, optional
            Shear modulus to use instead of the table's.

        Raises
        ------
        UsageError
            The table has no rigidity and none is given.
        """
        rigidity = self.rigidity_pa if rigidity_pa is None else rigidity_pa
        if rigidity is None:
            raise UsageError("the fault table has no column rigidity_Pa: give a rigidity")
        return float(np.sum(rigidity * self.length_m * self.width_m * self.slip_m))

    def magnitude(self, rigidity_pa: float | None = None) -> float:
        """Return the moment magnitude Mw = (log10 M0 - 9.1) / 1.5, M0 in newton metres.

        Minus infinity where nothing slips.

        References
        ----------
        Hanks, T. C. and Kanamori, H. (1979). A moment magnitude scale. Journal of Geophysical
        Research 84, 2348-2350; constant as in the IASPEI standard (2013).
        """
        moment = self.seismic_moment(rigidity_pa)
        return (float(np.log10(moment)) - 9.1) / 1.5 if moment > 0 else -np.inf


def read_fault_table(path: str | Path) -> FaultTable:
    """Read a fault table from a CSV file in the format of this module.

    Parameters
    ----------
    path : str or Path

    Raises
    ------
    UsageError
        There is no such file, or it is not such a table: the message names the file, the line and
        the column.
    ExacoupleError
        The file cannot be read.
    """
    path = Path(path)
    lines = _read_lines(path)
    reference = _reference(lines, path)
    data = [(number, line) for number, line in lines if not line.startswith("#")]
    if not data:
        raise UsageError(f"{path}: no column names and no subfaults")
    (header_number, header), *rows = data
    names = [name.strip() for name in next(csv.reader([header]))]
    _check_header(names, f"{path}, line {header_number}")
    if not rows:
        raise UsageError(f"{path}: there are column names, but no subfaults")
    values = np.array([_row(line, names, f"{path}, line {number}") for number, line in rows])
    columns = {_COLUMNS[name].field: values[:, i] for i, name in enumerate(names)}
    try:
        table = FaultTable(reference=reference, **columns)
    except _BadSubfault as exc:
        raise UsageError(f"{path}, line {rows[exc.row][0]}: {exc.problem}") from exc
    shortest = min(float(table.length_m.min()), float(table.width_m.min()))
    if shortest < _SHORTEST:
        _log.warning(
            "%s: a subfault measures only %g m: are sizes and depths metres?", path, shortest
        )
    return table


def write_fault_table(
    path: str | Path, table: FaultTable, *, comments: Iterable[str] = (), force: bool = False
) -> None:
    """Write a fault table so that `read_fault_table` returns the same values.

    Parameters
    ----------
    path : str or Path
    table : FaultTable
    comments : iterable of str
        Lines to put first: where the figures are from.
    force : bool
        Replace an existing file.

    Raises
    ------
    UsageError
        The file exists and `force` is not set.
    ExacoupleError
        The file cannot be written.
    """
    names = [name for name, column in _COLUMNS.items() if getattr(table, column.field) is not None]
    columns = [getattr(table, _COLUMNS[name].field) for name in names]
    lines = [f"# {line}".rstrip() for line in comments]
    lines += [f"# reference: {table.reference}", ",".join(names)]
    lines += [",".join(repr(float(value)) for value in row) for row in zip(*columns, strict=True)]
    write_text(path, "\n".join(lines) + "\n", force=force)


def _read_lines(path: Path) -> list[tuple[int, str]]:
    """Return the lines that are not empty, with their numbers."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as exc:
        raise UsageError(f"no such fault table: {path}") from exc
    except UnicodeDecodeError as exc:
        raise UsageError(f"{path}: not a text file: a fault table is CSV") from exc
    except OSError as exc:
        raise ExacoupleError(f"cannot read {path}: {exc.strerror}") from exc
    stripped = ((number, line.strip()) for number, line in enumerate(text.splitlines(), start=1))
    return [(number, line) for number, line in stripped if line]


def _reference(lines: Sequence[tuple[int, str]], path: Path) -> Reference:
    found = [(number, match[1]) for number, line in lines if (match := _REFERENCE.match(line))]
    if not found:
        raise UsageError(
            f"{path}: there is no line '# reference: ...' that says which point of a subfault "
            f"longitude_deg, latitude_deg and depth_m belong to: give {' or '.join(REFERENCES)}"
        )
    if len(found) > 1:
        raise UsageError(f"{path}, line {found[1][0]}: a second '# reference:'")
    number, text = found[0]
    for reference in REFERENCES:
        if text == reference:
            return reference
    raise UsageError(f"{path}, line {number}: {_wrong_reference(text)}")


def _wrong_reference(text: str) -> str:
    return f"reference '{text}' of a fault table: allowed are {', '.join(REFERENCES)}"


def _check_header(names: Sequence[str], where: str) -> None:
    for name in names:
        if name not in _COLUMNS:
            close = difflib.get_close_matches(name, _COLUMNS, n=1)
            hint = f", did you mean '{close[0]}'?" if close else ""
            raise UsageError(
                f"{where}: unknown column '{name}'{hint} (known are {', '.join(_COLUMNS)})"
            )
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise UsageError(f"{where}: column '{twice[0]}' occurs twice")
    missing = [name for name, c in _COLUMNS.items() if c.required and name not in names]
    if missing:
        raise UsageError(f"{where}: missing column {', '.join(missing)}")


def _row(line: str, names: Sequence[str], where: str) -> list[float]:
    cells = next(csv.reader([line]))
    if len(cells) != len(names):
        raise UsageError(f"{where}: {len(cells)} values for {len(names)} columns")
    values = []
    for name, cell in zip(names, cells, strict=True):
        try:
            values.append(float(cell))
        except ValueError as exc:
            raise UsageError(f"{where}, column {name}: '{cell.strip()}' is not a number") from exc
    return values
