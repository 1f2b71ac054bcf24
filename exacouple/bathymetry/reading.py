"""Read blocks of an elevation grid by index: metres, positive up, ascending, NaN where missing."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias

import netCDF4
import numpy as np
import numpy.typing as npt

from exacouple.bathymetry.inspection import Axis, GridInfo, Variable, describe
from exacouple.netcdf import open_netcdf

Values: TypeAlias = npt.NDArray[np.floating[Any]]

BLOCK_CELLS = 4_000_000
MOST_KEPT_BYTES = 1 << 30

_LIBRARY = threading.RLock()
"""Held while the NetCDF library works: it is not safe in several threads."""


@contextmanager
def open_grid(path: str | Path) -> Iterator["GridReader"]:
    """Open a grid as `inspect` understands it, to be read by rows and columns.

    Raises
    ------
    UsageError, ExacoupleError
        As `inspect`; damage found while reading is reported when the ``with`` block is left.
    """
    path = Path(path)
    with _Alone(open_netcdf(path)) as dataset:
        with _LIBRARY:
            reader = GridReader(dataset, *describe(dataset, path))
        yield reader


class _Alone:
    """Opens and closes a file while no other thread uses the library."""

    def __init__(self, opening: AbstractContextManager[netCDF4.Dataset]) -> None:
        self._opening = opening

    def __enter__(self) -> netCDF4.Dataset:
        with _LIBRARY:
            return self._opening.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        with _LIBRARY:
            return self._opening.__exit__(kind, error, trace)


class GridReader:
    """An open grid.

    Attributes
    ----------
    info : GridInfo
    y, x : Axis
        The south-north and the west-east axis, ascending.
    dtype : dtype
        float32 where the file holds 8 or 16 bit integers or float32, else float64.
    chunks : tuple of int
        Rows and columns of the chunks that the file is stored in; 1 and 1 where it has none.
    """

    def __init__(self, dataset: netCDF4.Dataset, info: GridInfo, y: Axis, x: Axis) -> None:
        self.info, self.y, self.x = info, y, x
        self._variable = dataset.variables[info.variable]
        self._variable.set_auto_maskandscale(False)
        self._decode = _Decoder(self._variable, info)
        self.dtype = np.result_type(self._variable.dtype, np.float32)
        stored = self._variable.chunking()
        rows, columns = stored if isinstance(stored, list | tuple) else (1, 1)
        self.chunks = (columns, rows) if info.transposed else (rows, columns)

    def attribute(self, name: str) -> Any:
        """Return an attribute of the elevation variable; None where it is not there."""
        return getattr(self._variable, name, None)

    def keep_chunks(self, count: int) -> None:
        """Let the NetCDF library keep that many unpacked chunks, so that none is unpacked twice.

        They are fewer where they would fill more than `MOST_KEPT_BYTES`.
        """
        rows, columns = self.chunks
        if rows * columns > 1:
            size = min(count * rows * columns * self._variable.dtype.itemsize, MOST_KEPT_BYTES)
            self._variable.set_var_chunk_cache(size=size, nelems=100 * count + 1, preemption=0.75)

    def read(self, rows: slice, columns: slice) -> Values:
        """Return a block as a new array (rows, columns), in metres, NaN where values are missing.

        Parameters
        ----------
        rows, columns : slice
            Start and stop on the ascending axes.
        """
        out = np.empty((rows.stop - rows.start, columns.stop - columns.start), dtype=self.dtype)
        self.read_into(out, rows, columns)
        return out

    def read_into(self, out: Values, rows: slice, columns: slice) -> None:
        """Fill `out` as `read` returns it."""
        spans = [
            _in_file(self.y, rows.start, rows.stop),
            _in_file(self.x, columns.start, columns.stop),
        ]
        out = out[:: -1 if self.y.descending else 1, :: -1 if self.x.descending else 1]
        if self.info.transposed:
            out, spans = out.T, spans[::-1]
        for block in self._blocks(spans[0], width=spans[1].stop - spans[1].start):
            at = slice(block.start - spans[0].start, block.stop - spans[0].start)
            with _LIBRARY:
                raw = self._variable[block, spans[1]]
            out[at] = self._decode(raw, out.dtype)

    def _blocks(self, span: slice, *, width: int) -> Iterator[slice]:
        """Cut the slow dimension into blocks that hold whole chunks of a chunked variable."""
        chunk = self.chunks[1] if self.info.transposed else self.chunks[0]
        step = max(1, BLOCK_CELLS // width // chunk) * chunk
        start = span.start
        while start < span.stop:
            stop = min((start // chunk) * chunk + step, span.stop)
            yield slice(start, stop)
            start = stop


def _in_file(axis: Axis, start: int, stop: int) -> slice:
    size = axis.values.size
    return slice(size - stop, size - start) if axis.descending else slice(start, stop)


class _Decoder:
    """From stored numbers to metres, positive up, NaN where a value is missing."""

    def __init__(self, variable: Variable, info: GridInfo) -> None:
        attributes = {name: variable.getncattr(name) for name in variable.ncattrs()}
        missing = [attributes[key] for key in ("_FillValue", "missing_value") if key in attributes]
        if "_FillValue" not in attributes and variable.dtype.itemsize > 1:
            missing.append(netCDF4.default_fillvals[variable.dtype.str[1:]])
        marks = np.unique(np.concatenate([np.ravel(value) for value in missing or [[]]]))
        # A mark of doubles is not equal to the same number in single precision.
        self._missing = marks.astype(variable.dtype) if variable.dtype.kind == "f" else marks
        low, high = attributes.get("valid_range", (None, None))
        self._low = attributes.get("valid_min", low)
        self._high = attributes.get("valid_max", high)
        self._scale = float(attributes.get("scale_factor", 1.0)) * info.to_metres
        self._offset = float(attributes.get("add_offset", 0.0)) * info.to_metres

    def __call__(self, raw: npt.NDArray[Any], dtype: npt.DTypeLike) -> Values:
        bad = ~np.isfinite(raw)
        for value in self._missing:
            bad |= raw == value
        if self._low is not None:
            bad |= raw < self._low
        if self._high is not None:
            bad |= raw > self._high
        values = raw.astype(dtype)
        values[bad] = np.nan
        if self._scale != 1.0:
            values *= self._scale
        if self._offset != 0.0:
            values += self._offset
        return values
