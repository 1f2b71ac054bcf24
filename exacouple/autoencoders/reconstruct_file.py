"""Put a grid file through a model, however large it is: from file to file, row by row."""

import logging
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import numpy.typing as npt

from exacouple.atomic import atomic_file
from exacouple.autoencoders.codec import Codec
from exacouple.autoencoders.reconstruct import OVERLAP, reconstruct_rows
from exacouple.bathymetry.reading import GridReader, open_grid
from exacouple.bathymetry.sources import restore_land
from exacouple.errors import ExacoupleError, UsageError
from exacouple.progress import Task

_log = logging.getLogger(__name__)

_CHUNK = 512


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
) -> None:
    """Write what a model makes of a grid file, or of a window of it, however large.

    The memory needed is that of a few rows of tiles. The result is NetCDF-4, ``elevation`` in
    metres (float32, compressed) on the ascending axes of the file.

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

    Raises
    ------
    UsageError, ExacoupleError
        The grid cannot be read or lacks values, or the file cannot be written.
    """
    with (
        open_grid(path) as reader,
        atomic_file(target, force=force) as temporary,
        netCDF4.Dataset(temporary, "w", format="NETCDF4") as dataset,
    ):
        window = _Window(reader, rows, columns)
        variable = _create(dataset, reader, window, codec)
        lifted = 0
        for start, block in reconstruct_rows(window.read, window.shape, codec, overlap=overlap):
            stop = start + len(block)
            if keep_land:
                lifted += restore_land(block, window.read(start, stop))
            variable[start:stop] = block
            if progress is not None:
                progress.update(completed=stop)
    if lifted:
        _log.warning("%s: %d sea values held below sea level", target, lifted)


class _Window:
    """A part of an open grid, read by rows."""

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
        self.shape = len(self.rows), len(self.columns)
        reader.keep_chunks(2 * (len(self.columns) // reader.chunks[1] + 2))

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return rows of the window in metres."""
        rows = self.rows[start:stop]
        values = self._reader.read(
            slice(rows.start, rows.stop), slice(self.columns.start, self.columns.stop)
        )
        if np.isnan(values).any():
            y = self._reader.y
            raise ExacoupleError(
                f"{self._reader.info.path}: values are missing within {y.name} "
                f"{y.values[rows[0]]:g} to {y.values[rows[-1]]:g}: fill them first (e.g. with "
                "'gmt grdfill' or 'gdal_fillnodata.py')"
            )
        return values


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
    chunks = tuple(min(size, _CHUNK) for size in window.shape)
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
