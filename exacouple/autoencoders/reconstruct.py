"""Put the sea floor of a window through a model: overlapping tiles, blended, row by row.

Tiles overlap, and where they do, each counts with a weight that falls linearly towards its rim;
the weights of all tiles over a pixel add up to one. So the result is as smooth at the rim of a
tile as within it. A window that is smaller than a tile is continued by its mirror image up to the
size of a tile. Values are kept within the range of the data that the model was made from.
"""

import logging
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import xarray as xr

from exacouple.autoencoders.codec import Codec
from exacouple.bathymetry.tiles import tile_starts
from exacouple.errors import UsageError
from exacouple.progress import Task

_log = logging.getLogger(__name__)

Floats: TypeAlias = npt.NDArray[np.float32]
Places: TypeAlias = npt.NDArray[np.int64]
ReadRows: TypeAlias = Callable[[int, int], npt.NDArray[Any]]

OVERLAP = 8
"""Pixels that neighbouring tiles share."""

_BATCH = 256


def reconstruct(
    grid: xr.DataArray, codec: Codec, *, overlap: int = OVERLAP, progress: Task | None = None
) -> xr.DataArray:
    """Return what a model makes of a grid, land and sea.

    Parameters
    ----------
    grid : DataArray
        Elevation in metres, positive up, of two dimensions of any names, south-north first.
    codec : Codec
    overlap : int
        Pixels that neighbouring tiles share at least.
    progress : Task, optional
        Told the rows that are done.

    Returns
    -------
    DataArray of float32
        Coordinates and attributes of `grid`.

    Raises
    ------
    UsageError
        The overlap is not less than half a tile.
    """
    values = grid.values
    out = np.empty(grid.shape, dtype=np.float32)
    rows = reconstruct_rows(
        lambda start, stop: values[start:stop], grid.shape, codec, overlap=overlap
    )
    for start, block in rows:
        out[start : start + len(block)] = block
        if progress is not None:
            progress.update(completed=start + len(block))
    return grid.copy(data=out)


def reconstruct_rows(
    read: ReadRows,
    shape: tuple[int, ...],
    codec: Codec,
    *,
    overlap: int = OVERLAP,
    around: bool = False,
) -> Iterator[tuple[int, Floats]]:
    """Yield what a model makes of a grid in blocks of rows, from the first row on.

    Parameters
    ----------
    read : callable
        Takes the first row and the one after the last, returns these rows in metres. No more
        than the rows of one tile are asked for at once.
    shape : tuple of int
        Rows and columns of the grid.
    codec : Codec
    overlap : int
        Pixels that neighbouring tiles share at least.
    around : bool
        The first column follows the last one, as on a grid around the Earth.

    Yields
    ------
    start : int
        First row of the block.
    block : ndarray of float32, shape (rows, columns)

    Raises
    ------
    UsageError
        The overlap is not less than half a tile.
    """
    tile = codec.tile
    if not 0 <= overlap < tile / 2:
        raise UsageError(f"overlap: 0 to {tile // 2 - 1} pixels are possible, got {overlap}")
    height, width = shape
    if min(shape) < tile:
        _log.warning(
            "the window of %d x %d nodes is smaller than a tile of %d: it is continued by its "
            "mirror image",
            *shape,
            tile,
        )
    row_starts, row_weights = _blending(max(height, tile), tile, overlap)
    columns = (_around if around and width >= tile else _blending)(max(width, tile), tile, overlap)
    held = np.zeros((tile, max(width, tile)), dtype=np.float32)
    ends = [*row_starts[1:].tolist(), max(height, tile)]
    for start, end, weights in zip(row_starts.tolist(), ends, row_weights, strict=True):
        band = np.asarray(read(start, min(start + tile, height)), dtype=np.float32)
        lacking = [(0, tile - len(band)), (0, held.shape[1] - width)]
        made = _reconstruct_band(np.pad(band, lacking, mode="symmetric"), codec, *columns)
        held += weights[:, None] * made
        done = end - start
        yield start, held[: min(done, height - start), :width].copy()
        held[:-done] = held[done:].copy()
        held[-done:] = 0.0


def _reconstruct_band(band: Floats, codec: Codec, starts: Places, weights: Floats) -> Floats:
    """Return a row of tiles, blended from west to east; those beyond the end go on in the west."""
    width = band.shape[1]
    beyond = max(int(starts[-1]) + codec.tile - width, 0)
    band = np.concatenate([band, band[:, :beyond]], axis=1)
    out = np.zeros_like(band)
    windows = np.lib.stride_tricks.sliding_window_view(band, codec.tile, axis=1)
    for first in range(0, starts.size, _BATCH):
        some = starts[first : first + _BATCH]
        made = codec.decode(codec.encode(windows[:, some].transpose(1, 0, 2)))
        made = np.clip(made, codec.scale.minimum_m, codec.scale.maximum_m)
        for start, weight, tile in zip(some, weights[first:], made, strict=False):
            out[:, start : start + codec.tile] += weight * tile
    out[:, :beyond] += out[:, width:]
    return out[:, :width]


def _blending(size: int, tile: int, overlap: int) -> tuple[Places, Floats]:
    """Return where tiles start on an axis, and the weight of each pixel of each of them."""
    starts = tile_starts(size, tile=tile, stride=tile - overlap)
    return starts, _weights(starts, size, tile, overlap)


def _around(size: int, tile: int, overlap: int) -> tuple[Places, Floats]:
    """Return the same for an axis that goes round: tiles may reach beyond its end."""
    count = -(-size // (tile - overlap))
    starts = np.round(np.linspace(0, size, count, endpoint=False)).astype(np.int64)
    return starts, _weights(starts, size, tile, overlap)


def _weights(starts: Places, size: int, tile: int, overlap: int) -> Floats:
    pixels = np.arange(tile)
    ramp = np.minimum(np.minimum(pixels, pixels[::-1]) + 1, overlap + 1)
    places = (starts[:, None] + pixels) % size
    total = np.zeros(size)
    np.add.at(total, places, ramp)
    return np.asarray(ramp / total[places], dtype=np.float32)
