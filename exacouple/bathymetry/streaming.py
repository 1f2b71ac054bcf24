"""Stream tiles out of a grid file of any size: read by chunks, shuffled in a pool, in metres."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from exacouple.bathymetry.inspection import Axis
from exacouple.bathymetry.reading import GridReader, open_grid
from exacouple.bathymetry.tiles import SYMMETRIES, Places, TileSet, turn
from exacouple.errors import ExacoupleError

Tiles: TypeAlias = npt.NDArray[np.float32]
Some: TypeAlias = Iterator[tuple[Tiles, Places]]

POOL_TILES = 4096
_SLAB_EDGE = 2048
_SLAB_CELLS = 16_000_000
_UNCHUNKED_EDGE = 8192
_PIECE = 1024


def stream_tiles(
    path: str | Path,
    tiles: TileSet,
    *,
    batch: int = 64,
    seed: int | None = None,
    epoch: int = 0,
    augment: bool = False,
    pool: int = POOL_TILES,
) -> Some:
    """Yield every tile once, in batches.

    The file is read in slabs of whole chunks, each slab once. With a seed, slabs come in random
    order and their tiles go through a pool out of which they are drawn at random, so that a batch
    mixes tiles of many places. The same seed and epoch give the same batches, bit for bit. The
    memory needed is that of the pool (37 kB for each tile of 96 x 96) and of a slab, whatever the
    size of the file.

    Parameters
    ----------
    path : str or Path
        The grid that the tiles were laid on.
    tiles : TileSet
        Which tiles, and how each is turned.
    batch : int
        Tiles per batch; the last batch may be smaller.
    seed, epoch : int, optional
        What the order depends on; without a seed the tiles come slab by slab.
    augment : bool
        Turn every tile by one of the 8 symmetries of the square, drawn anew in each epoch.
    pool : int
        Tiles that are held for shuffling.

    Yields
    ------
    values : ndarray of float32, shape (count, tile, tile)
        Metres, positive up; axis 1 runs northward, axis 2 eastward, unless the tile is turned.
    index : ndarray of int, shape (count,)
        Which of `tiles` they are.

    Raises
    ------
    ValueError
        A part that is not trained on shall be augmented, or there is no seed for it.
    UsageError, ExacoupleError
        The file cannot be read, is smaller than the tiles reach, or lacks values in a tile.
    """
    if augment and (tiles.part != "train" or seed is None):
        raise ValueError("only the training part is augmented, and a seed is needed for that")
    with open_grid(path) as reader:
        if seed is None:
            for values, index in _in_order(_read(reader, tiles, None), batch):
                yield turn(values, tiles.symmetry[index]), index
            return
        random = np.random.default_rng([seed, epoch])
        for values, index in _shuffled(_read(reader, tiles, random), batch, pool, random):
            symmetry = tiles.symmetry[index]
            if augment:
                symmetry = random.integers(SYMMETRIES, size=index.size)
            yield turn(values, symmetry), index


def read_tiles(path: str | Path, tiles: TileSet) -> Tiles:
    """Return all tiles of a set in its order, shape (count, tile, tile), in metres.

    Raises
    ------
    UsageError, ExacoupleError
        As `stream_tiles`.
    """
    out = np.empty((len(tiles), tiles.tile, tiles.tile), dtype=np.float32)
    for values, index in stream_tiles(path, tiles):
        out[index] = values
    return out


def elevation_range(path: str | Path) -> tuple[float, float]:
    """Return the lowest and the highest elevation of a grid in metres, positive up.

    It is what the file records in the attribute ``actual_range`` of CF; where it does not, the
    whole grid is read for it, in slabs.

    Raises
    ------
    UsageError, ExacoupleError
        The file cannot be read, or holds no two different values.
    """
    with open_grid(path) as reader:
        recorded = reader.attribute("actual_range")
        if recorded is not None and np.size(recorded) == 2:
            first, last = sorted(float(value) * reader.info.to_metres for value in recorded)
        else:
            first, last = np.inf, -np.inf
            rows, columns = _slab_edges(reader)
            for top, bottom in pairwise(rows):
                for left, right in pairwise(columns):
                    slab = reader.read(slice(top, bottom), slice(left, right))
                    there = slab[~np.isnan(slab)]
                    first = min(first, float(there.min(initial=np.inf)))
                    last = max(last, float(there.max(initial=-np.inf)))
    if not first < last:
        raise ExacoupleError(f"{path}: the grid holds no two different values")
    return first, last


def _read(reader: GridReader, tiles: TileSet, random: np.random.Generator | None) -> Some:
    """Yield the tiles slab by slab in pieces, as they are in the file."""
    size, shape = tiles.tile, (reader.y.values.size, reader.x.values.size)
    if len(tiles) and (tiles.rows.max() > shape[0] - size or tiles.columns.max() > shape[1] - size):
        raise ExacoupleError(
            f"{reader.info.path} has {shape[0]} x {shape[1]} nodes, and the tiles reach beyond: "
            "they were laid on another grid"
        )
    slabs = _slabs(reader, tiles)
    if random is not None:
        random.shuffle(slabs)
    for members in slabs:
        top, left = int(tiles.rows[members].min()), int(tiles.columns[members].min())
        slab = reader.read(
            slice(top, int(tiles.rows[members].max()) + size),
            slice(left, int(tiles.columns[members].max()) + size),
        )
        windows = np.lib.stride_tricks.sliding_window_view(slab, (size, size))
        if random is not None:
            random.shuffle(members)
        for start in range(0, members.size, _PIECE):
            piece = members[start : start + _PIECE]
            values = windows[tiles.rows[piece] - top, tiles.columns[piece] - left]
            _check_complete(values, reader, tiles, piece)
            yield values.astype(np.float32, copy=False), piece


def _slabs(reader: GridReader, tiles: TileSet) -> list[Places]:
    """Return the tiles that start in each slab."""
    rows, columns = _slab_edges(reader)
    i = np.searchsorted(rows, tiles.rows, side="right")
    j = np.searchsorted(columns, tiles.columns, side="right")
    number = i * columns.size + j
    order = np.argsort(number, kind="stable")
    return [
        part for part in np.split(order, np.flatnonzero(np.diff(number[order])) + 1) if part.size
    ]


def _slab_edges(reader: GridReader) -> tuple[Places, Places]:
    """Return where slabs of whole chunks start and end on the two axes."""
    chunk_rows, chunk_columns = reader.chunks
    if chunk_rows * chunk_columns == 1:
        chunk_columns = _UNCHUNKED_EDGE
    columns = _multiple(chunk_columns, _SLAB_EDGE)
    rows = _multiple(chunk_rows, min(_SLAB_EDGE, _SLAB_CELLS // columns))
    return _axis_edges(reader.y, chunk_rows, rows), _axis_edges(reader.x, chunk_columns, columns)


def _multiple(chunk: int, target: int) -> int:
    return max(1, target // chunk) * chunk


def _axis_edges(axis: Axis, chunk: int, step: int) -> Places:
    size = axis.values.size
    first = size % chunk if axis.descending else 0
    return np.unique(np.concatenate([[0], np.arange(first, size, step), [size]]))


def _check_complete(
    values: npt.NDArray[Any], reader: GridReader, tiles: TileSet, members: Places
) -> None:
    bad = np.isnan(values).any(axis=(1, 2))
    if not bad.any():
        return
    first = members[np.flatnonzero(bad)[0]]
    y, x = reader.y, reader.x
    place = f"{y.name} {y.values[tiles.rows[first]]:g}, {x.name} {x.values[tiles.columns[first]]:g}"
    raise ExacoupleError(
        f"{reader.info.path}: values are missing in {np.count_nonzero(bad)} tiles, such as that "
        f"from {place} on: fill them first (e.g. with 'gmt grdfill' or 'gdal_fillnodata.py')"
    )


def _in_order(pieces: Some, batch: int) -> Some:
    held: tuple[Tiles, Places] | None = None
    for piece in pieces:
        values, index = piece
        if held is not None:
            values, index = np.concatenate([held[0], values]), np.concatenate([held[1], index])
        whole = index.size // batch * batch
        for start in range(0, whole, batch):
            yield values[start : start + batch], index[start : start + batch]
        held = values[whole:], index[whole:]
    if held is not None and held[1].size:
        yield held


def _shuffled(pieces: Some, batch: int, pool: int, random: np.random.Generator) -> Some:
    """Draw batches at random out of a pool that is kept full."""
    values: Tiles | None = None
    index = np.empty(pool + _PIECE + batch, dtype=np.int64)
    count = 0

    def draw(wanted: int) -> tuple[Tiles, Places]:
        nonlocal count
        assert values is not None
        chosen = random.choice(count, wanted, replace=False)
        drawn = values[chosen], index[chosen]
        count -= wanted
        holes = chosen[chosen < count]
        kept = np.setdiff1d(np.arange(count, count + wanted), chosen)
        values[holes], index[holes] = values[kept], index[kept]
        return drawn

    for piece, members in pieces:
        if values is None:
            values = np.empty((index.size, *piece.shape[1:]), dtype=np.float32)
        values[count : count + members.size] = piece
        index[count : count + members.size] = members
        count += members.size
        while count >= pool + batch:
            yield draw(batch)
    while count:
        yield draw(min(batch, count))
