"""Put a grid file through a model, however large it is: from file to file, row by row."""

import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import numpy.typing as npt

from exacouple.atomic import atomic_file
from exacouple.autoencoders.codec import Codec
from exacouple.autoencoders.reconstruct import OVERLAP, reconstruct_rows
from exacouple.bathymetry.grid import Bounds
from exacouple.bathymetry.reading import GridReader, open_grid
from exacouple.bathymetry.sources import restore_land
from exacouple.errors import ExacoupleError, UsageError
from exacouple.progress import Task

_log = logging.getLogger(__name__)

_CHUNK = 512


@dataclass(frozen=True)
class Reconstruction:
    """What has been written.

    Attributes
    ----------
    rows, columns : int
        Of the grid.
    sea_rms_m : float or None
        RMS difference to the original over the sea, metres; None where there is no sea.
    held : int
        Sea values that had to be held below sea level.
    """

    rows: int
    columns: int
    sea_rms_m: float | None
    held: int


def reconstruct_file(
    path: str | Path,
    target: str | Path,
    codec: Codec,
    *,
    rows: slice | None = None,
    columns: slice | None = None,
    overlap: int = OVERLAP,
    keep_land: bool = True,
    force: bool = False,
    progress: Task | None = None,
) -> Reconstruction:
    """Write what a model makes of a grid file, or of a window of it, however large.

    The memory needed is that of a few rows of tiles. The result is NetCDF-4, ``elevation`` in
    metres (float32, compressed) on the ascending axes of the file. A grid that goes around the
    Earth and is taken in its full width has no seam at its ends either.

    Parameters
    ----------
    path : str or Path
        The grid, as `exacouple.bathymetry.inspect` understands it.
    target : str or Path
        The file to write.
    codec : Codec
    rows, columns : slice, optional
        Window on the ascending axes; everything if left out.
    overlap : int
        Pixels that neighbouring tiles share at least.
    keep_land : bool
        Keep land as it is and sea below sea level, see `apply_source`.
    force : bool
        Replace an existing file.
    progress : Task, optional
        Told the rows that are done.

    Returns
    -------
    Reconstruction

    Raises
    ------
    UsageError, ExacoupleError
        The grid cannot be read or lacks values, or the file cannot be written.
    """
    with (
        open_grid(path) as reader,
        atomic_file(target, force=force) as temporary,
        _created(temporary) as dataset,
    ):
        window = _Window(reader, rows, columns)
        with _writing():
            variable = _create(dataset, reader, window, codec)
        held, squares, sea_values = 0, 0.0, 0
        blocks = reconstruct_rows(
            window.read, window.shape, codec, overlap=overlap, around=window.around
        )
        for start, block in blocks:
            stop = start + len(block)
            original = window.read(start, stop)
            if keep_land:
                held += restore_land(block, original)
            sea = original < 0
            squares += float(np.sum((block[sea] - original[sea]) ** 2, dtype=np.float64))
            sea_values += int(np.count_nonzero(sea))
            with _writing():
                variable[start:stop, : window.shape[1]] = block
                if window.repeats:
                    variable[start:stop, window.shape[1]] = block[:, 0]
            if progress is not None:
                progress.update(completed=stop)
    if held:
        _log.warning("%s: %d sea values held below sea level", target, held)
    rms = math.sqrt(squares / sea_values) if sea_values else None
    return Reconstruction(len(window.rows), len(window.columns), rms, held)


def grid_window(
    path: str | Path, limits: tuple[float, float, float, float] | None
) -> tuple[slice, slice]:
    """Return the rows and columns of a grid file within limits, rims included; all if None.

    Parameters
    ----------
    path : str or Path
    limits : tuple of float
        West, east, south and north in degrees, in any convention of longitude; for a grid in
        metres the least and greatest x and y.

    Raises
    ------
    UsageError
        The file does not cover them, they hold no node, or they reach across the seam of the file.
    """
    with open_grid(path) as reader:
        info, x, y = reader.info, reader.x.values, reader.y.values
    if limits is None:
        return slice(0, y.size), slice(0, x.size)
    west, east, south, north = limits
    turns: tuple[float, ...] = (0.0,)
    if info.kind == "geographic":
        bounds = Bounds(west, east, south, north)
        turns = (-360.0, 0.0, 360.0)
        wanted = str(bounds)
    else:
        wanted = f"x {west:g} to {east:g} m, y {south:g} to {north:g} m"
    rows = _within(y, south, north)
    found = [columns for turn in turns if (columns := _within(x, west + turn, east + turn))]
    if rows is None or not found:
        raise UsageError(
            f"{path}: the window {wanted} is not within the file ({info.extent()}), holds no node, "
            "or reaches across the seam of the file: give one that lies on one side of it"
        )
    return rows, found[0]


def _within(nodes: npt.NDArray[np.float64], low: float, high: float) -> slice | None:
    """Return the nodes from `low` to `high`; None where there are none, or they go beyond."""
    half = (nodes[1] - nodes[0]) / 2
    if low < nodes[0] - half or high > nodes[-1] + half:
        return None
    start, stop = np.searchsorted(nodes, [low - 1e-6 * half, high + 1e-6 * half])
    return slice(int(start), int(stop)) if start < stop else None


class _Window:
    """A part of an open grid, read by rows.

    Attributes
    ----------
    rows, columns : range
        Nodes of the file.
    around : bool
        The columns go once around the Earth.
    repeats : bool
        The last column is the first one once more; it is not read.
    shape : tuple of int
        Rows and columns that are read.
    """

    def __init__(self, reader: GridReader, rows: slice | None, columns: slice | None) -> None:
        self._reader = reader
        size = reader.y.values.size, reader.x.values.size
        self.rows = range(size[0])[slice(None) if rows is None else rows]
        self.columns = range(size[1])[slice(None) if columns is None else columns]
        if not self.rows or not self.columns or (self.rows.step, self.columns.step) != (1, 1):
            raise UsageError(
                f"{reader.info.path}: rows {rows} and columns {columns} give no window of "
                f"{size[0]} x {size[1]} nodes"
            )
        x = reader.x.values
        self.around = reader.info.periodic and len(self.columns) == size[1]
        self.repeats = self.around and bool(x[-1] - x[0] > 360 - reader.info.spacing[0] / 2)
        self.shape = len(self.rows), len(self.columns) - int(self.repeats)
        reader.keep_chunks(2 * (len(self.columns) // reader.chunks[1] + 2))

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return rows of the window in metres."""
        rows = self.rows[start:stop]
        values = self._reader.read(
            slice(rows.start, rows.stop),
            slice(self.columns.start, self.columns.start + self.shape[1]),
        )
        if np.isnan(values).any():
            y = self._reader.y
            raise ExacoupleError(
                f"{self._reader.info.path}: values are missing within {y.name} "
                f"{y.values[rows[0]]:g} to {y.values[rows[-1]]:g}: fill them first (e.g. with "
                "'gmt grdfill' or 'gdal_fillnodata.py')"
            )
        return values


@contextmanager
def _created(path: Path) -> Iterator["netCDF4.Dataset"]:
    """Yield a new NetCDF-4 file; that it cannot be made or closed is an `OSError`."""
    with _writing():
        dataset = netCDF4.Dataset(path, "w", format="NETCDF4")
    try:
        yield dataset
    finally:
        with _writing():
            dataset.close()


@contextmanager
def _writing() -> Iterator[None]:
    """Turn an error of the NetCDF library into an `OSError`, by which `atomic_file` names its file.

    Within `open_grid` a RuntimeError would be taken for damage to the grid that is read.
    """
    try:
        yield
    except RuntimeError as exc:
        raise OSError(str(exc)) from exc


def _create(
    dataset: "netCDF4.Dataset", reader: GridReader, window: _Window, codec: Codec
) -> "netCDF4.Variable[Any]":
    """Write attributes and axes of the result, and return the variable that is to be filled."""
    dataset.setncatts(
        {
            "Conventions": "CF-1.8",
            "title": f"elevation as model '{codec.name}' reconstructs it from {codec.latents} "
            f"numbers per tile of {codec.tile} x {codec.tile}",
            "source": reader.info.path.name,
        }
    )
    geographic = reader.info.kind == "geographic"
    names = ("lat", "lon") if geographic else ("y", "x")
    units = ("degrees_north", "degrees_east") if geographic else ("m", "m")
    standard = (
        ("latitude", "longitude")
        if geographic
        else ("projection_y_coordinate", "projection_x_coordinate")
    )
    nodes = reader.y.values[window.rows], reader.x.values[window.columns]
    for name, unit, standard_name, values in zip(names, units, standard, nodes, strict=True):
        dataset.createDimension(name, values.size)
        axis = dataset.createVariable(name, "f8", (name,))
        axis.setncatts({"units": unit, "standard_name": standard_name})
        axis[:] = values
    chunks = tuple(min(values.size, _CHUNK) for values in nodes)
    variable = dataset.createVariable(
        "elevation", "f4", names, zlib=True, complevel=1, chunksizes=chunks
    )
    variable.setncatts(
        {
            "units": "m",
            "positive": "up",
            "standard_name": "height_above_mean_sea_level",
            "long_name": "elevation above mean sea level",
        }
    )
    return variable
