"""The tiles that models are evaluated on, and what has to be said of them with every number."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from exacouple.autoencoders.codec import TILE, Codec, Scaling
from exacouple.autoencoders.provenance import (
    block_numbers,
    data_sha256,
    is_learnt,
    split_facts,
)
from exacouple.autoencoders.settings import DataSettings
from exacouple.autoencoders.training_data import split_of
from exacouple.bathymetry.reading import open_grid
from exacouple.bathymetry.streaming import elevation_range
from exacouple.bathymetry.tiles import TileSet, thesis_split, tile_starts
from exacouple.errors import UsageError
from exacouple.hashing import sha256_file

SplitName = Literal["blocked", "thesis", "none"]

Floats: TypeAlias = npt.NDArray[np.float64]
Places: TypeAlias = npt.NDArray[np.int64]

BLOCK_DEG = 30.0
_TILES_PER_BLOCK = 4
_DECIDES = ("kind", "seed", "tile", "block_deg", "test", "validation")


@dataclass(frozen=True, eq=False)
class EvaluationTiles:
    """Tiles of a grid.

    Attributes
    ----------
    path : Path
    sha256 : str
        Of the grid file.
    tiles : TileSet
    split : dict
        Kind and settings of the split whose test part these are; kind ``none`` for all tiles of
        the grid, side by side.
    scaling : Scaling
        Range of the whole grid.
    geographic : bool
        The axes are degrees, not metres.
    y, x : ndarray
        Axes of the grid.
    blocks : ndarray of int, shape (tiles,)
        Block of area of the middle of each tile: `BLOCK_DEG` degrees, or four by four tiles of a
        grid in metres. What is drawn in a bootstrap.
    """

    path: Path
    sha256: str
    tiles: TileSet
    split: Mapping[str, Any]
    scaling: Scaling
    geographic: bool
    y: Floats
    x: Floats
    blocks: Places

    def __len__(self) -> int:
        return len(self.tiles)

    def middle(self, number: int) -> tuple[float, float]:
        """Return latitude and longitude (or y and x in metres) of the middle of a tile."""
        y, x = _middles(self.tiles.select(np.array([number])), self.y, self.x)
        return float(y[0]), float(x[0])

    def middles(self) -> tuple[Floats, Floats]:
        """Return the same of all tiles, two arrays of shape (tiles,)."""
        return _middles(self.tiles, self.y, self.x)

    def seen_by(self, codec: Codec) -> int | None:
        """Return how many of the tiles a model may have been trained on, wholly or in part.

        Returns
        -------
        int or None
            0 for the test part of the very split and grid that the model was trained with, and
            for a model that is not made from data. Else the number of tiles with a corner outside
            of the test blocks of the model, or, where its split is that of the thesis on this very
            grid, with a pixel outside of its test tiles. None where the facts of the model do not
            tell.
        """
        if not is_learnt(codec):
            return 0
        split = split_facts(codec)
        if split is None:
            return None
        same_grid = data_sha256(codec) == self.sha256
        if same_grid and all(split.get(key) == self.split.get(key) for key in _DECIDES):
            return 0
        if split.get("kind") == "thesis" and same_grid:
            return self._beyond_test_tiles(split)
        if split.get("kind") != "blocked" or not self.geographic:
            return None
        seen = np.zeros(len(self), dtype=bool)
        last = self.tiles.tile - 1
        for down in (0, last):
            for across in (0, last):
                lat, lon = self.y[self.tiles.rows + down], self.x[self.tiles.columns + across]
                blocks = block_numbers(lat, lon, split["block_deg"])
                seen |= ~np.isin(blocks, split["test_blocks"])
        return int(seen.sum())

    def _beyond_test_tiles(self, split: Mapping[str, Any]) -> int:
        """Count the tiles with a pixel outside of the test tiles of a split of the thesis."""
        shape, tile = (self.y.size, self.x.size), int(split["tile"])
        test = thesis_split(shape, seed=int(split["seed"]), tile=tile).test
        rows, columns = (tile_starts(size, tile=tile) for size in shape)
        trained = np.ones((rows.size, columns.size), dtype=bool)
        trained[np.searchsorted(rows, test.rows), np.searchsorted(columns, test.columns)] = False
        own = self.tiles
        spans = (
            _touched(rows, own.rows, tile, own.tile),
            _touched(columns, own.columns, tile, own.tile),
        )
        return sum(
            bool(trained[top:bottom, left:right].any())
            for (top, bottom), (left, right) in zip(*(span.tolist() for span in spans), strict=True)
        )


def lay_tiles(
    path: str | Path,
    kind: SplitName,
    *,
    like: Mapping[str, Any] | None = None,
    tile: int = TILE,
) -> EvaluationTiles:
    """Return the test part of a split of a grid, or all its tiles.

    Parameters
    ----------
    path : str or Path
        Grid file.
    kind : {"blocked", "thesis", "none"}
        The split by area, that of the thesis, or all tiles of the grid, side by side.
    like : Mapping, optional
        Facts of a split, such as a model records them: where it is of the same kind, its seed and
        shares are taken.
    tile : int
        Pixels along the edge of a tile.

    Raises
    ------
    UsageError, ExacoupleError
        The grid cannot be read, is too small, or cannot be split by area as it is in metres.
    """
    path = Path(path)
    with open_grid(path) as reader:
        geographic = reader.info.kind == "geographic"
        y, x = reader.y.values, reader.x.values
    if kind == "none":
        tiles, facts = _all_tiles(path, (y.size, x.size), tile), {"kind": "none", "tile": tile}
    else:
        split = split_of(path, _settings(kind, like, tile), tile=tile)
        tiles, facts = split.test, split.facts
    middle_y, middle_x = _middles(tiles, y, x)
    if geographic:
        blocks = block_numbers(middle_y, middle_x, BLOCK_DEG)
    else:
        edge = _TILES_PER_BLOCK * tile
        blocks = tiles.rows // edge * (x.size // edge + 1) + tiles.columns // edge
    return EvaluationTiles(
        path,
        sha256_file(path),
        tiles,
        facts,
        Scaling(*elevation_range(path)),
        geographic,
        y,
        x,
        blocks,
    )


def _settings(kind: SplitName, like: Mapping[str, Any] | None, tile: int) -> DataSettings:
    assert kind != "none"
    if like is None or like.get("kind") != kind:
        return DataSettings(split=kind, border=tile)
    names = ("block_deg", "test", "validation", "border")
    given = {"border": tile} | {name: like[name] for name in names if name in like}
    return DataSettings(split=kind, split_seed=like["seed"], **given)


def _all_tiles(path: Path, shape: tuple[int, int], tile: int) -> TileSet:
    if min(shape) < tile:
        raise UsageError(
            f"{path}: a grid of {shape[0]} x {shape[1]} nodes holds no tile of {tile} x {tile}"
        )
    rows, columns = (
        axis.ravel()
        for axis in np.meshgrid(*(tile_starts(size, tile=tile) for size in shape), indexing="ij")
    )
    return TileSet("test", rows, columns, np.zeros_like(rows), np.arange(rows.size), tile)


def _touched(starts: Places, firsts: Places, tile: int, own: int) -> Places:
    """Return from which to which tile at `starts` the tiles of `own` nodes at `firsts` reach."""
    first = np.searchsorted(starts, firsts - tile, side="right")
    return np.stack([first, np.searchsorted(starts, firsts + own)], axis=1)


def _middles(tiles: TileSet, y: Floats, x: Floats) -> tuple[Floats, Floats]:
    last = tiles.tile - 1
    return (
        (y[tiles.rows] + y[tiles.rows + last]) / 2,
        (x[tiles.columns] + x[tiles.columns + last]) / 2,
    )
