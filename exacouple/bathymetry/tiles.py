"""Cut a grid into square tiles and split them into a training, a validation and a test part.

Tiles are places (first row, first column) on the ascending axes of a grid; nothing is read here.
The default split is by area: contiguous blocks of degrees, the same blocks on any grid, with a
border that no tile of two parts comes near. The split of the thesis draws single tiles at random
and is kept so that its numbers can be reproduced.
"""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from exacouple.errors import UsageError

Part = Literal["train", "validation", "test"]
Floats: TypeAlias = npt.NDArray[np.float64]
Places: TypeAlias = npt.NDArray[np.int64]

PARTS: tuple[Part, ...] = ("train", "validation", "test")
TILE = 96
SYMMETRIES = 8
TRANSPOSED = 1

_TRAIN, _VALIDATION, _TEST = range(3)
_MAX_SHARE = 0.9


@dataclass(frozen=True, eq=False)
class TileSet:
    """Tiles of one part of a grid.

    Attributes
    ----------
    part : {"train", "validation", "test"}
    rows, columns : ndarray of int, shape (count,)
        First row (south) and first column (west) of each tile.
    symmetry : ndarray of int, shape (count,)
        How each tile is turned, see `turn`; 0 is as it is.
    block : ndarray of int, shape (count,)
        Number of the block of area that each tile is from: tiles of a block are neighbours and
        not independent of each other. Its own number where the split knows no blocks.
    tile : int
        Pixels along the edge.
    """

    part: Part
    rows: Places
    columns: Places
    symmetry: Places
    block: Places
    tile: int = TILE

    def __len__(self) -> int:
        return self.rows.size

    def select(self, which: npt.NDArray[Any]) -> "TileSet":
        """Return the tiles of a mask or of indices."""
        return TileSet(
            self.part,
            self.rows[which],
            self.columns[which],
            self.symmetry[which],
            self.block[which],
            self.tile,
        )


@dataclass(frozen=True, eq=False)
class Split:
    """The three parts of a grid.

    Attributes
    ----------
    train, validation, test : TileSet
    facts : dict
        Kind and settings of the split, as JSON can hold them.
    """

    train: TileSet
    validation: TileSet
    test: TileSet
    facts: dict[str, Any]

    def part(self, name: Part) -> TileSet:
        """Return a part by its name."""
        return {"train": self.train, "validation": self.validation, "test": self.test}[name]


def tile_starts(size: int, *, tile: int = TILE, stride: int | None = None) -> Places:
    """Return where tiles start so that they cover an axis from end to end.

    Neighbours are at most `stride` apart. Where the axis is no multiple of that, all tiles move
    together a little, so that the last one ends with the axis: nothing is padded.

    Parameters
    ----------
    size : int
        Number of nodes of the axis.
    tile : int
        Number of nodes of a tile.
    stride : int, optional
        Largest distance of neighbours; the tile if left out, which gives the fewest tiles.

    Raises
    ------
    ValueError
        The axis is shorter than a tile.

    Examples
    --------
    >>> tile_starts(288).tolist(), tile_starts(250).tolist()
    ([0, 96, 192], [0, 77, 154])
    >>> tile_starts(86400).size * tile_starts(43200).size
    405000
    """
    stride = tile if stride is None else stride
    if size < tile:
        raise ValueError(f"an axis of {size} nodes holds no tile of {tile}")
    count = 1 + -(-(size - tile) // stride)
    return np.round(np.linspace(0, size - tile, count)).astype(np.int64)


def turn(tiles: npt.NDArray[Any], symmetry: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return tiles turned by the symmetries of the square.

    Parameters
    ----------
    tiles : ndarray, shape (count, n, n)
    symmetry : ndarray of int, shape (count,)
        0 to 7, the sum of 1 (transposed), then 2 (upside down), then 4 (left to right).

    Returns
    -------
    ndarray, shape (count, n, n)

    Examples
    --------
    >>> turn(np.array([[[1, 2], [3, 4]]] * 3), np.array([0, 1, 3])).tolist()
    [[[1, 2], [3, 4]], [[1, 3], [2, 4]], [[2, 4], [1, 3]]]
    """
    out = tiles.copy()
    for number in range(1, SYMMETRIES):
        chosen = np.flatnonzero(symmetry == number)
        if chosen.size:
            some = tiles[chosen]
            some = some.transpose(0, 2, 1) if number & 1 else some
            some = some[:, ::-1] if number & 2 else some
            out[chosen] = some[:, :, ::-1] if number & 4 else some
    return out


def thesis_split(shape: tuple[int, int], *, seed: int = 0, tile: int = TILE) -> Split:
    """Return the split of the thesis: single tiles at random, augmented before the last split.

    1. The grid is cut into tiles side by side (405,000 of 96 x 96 for GEBCO at 15").
    2. 5 % of them, at random, are the test part.
    3. The rest is doubled: every tile, and every tile "rotated", which is a transpose in the code
       of the thesis.
    4. 5 % of these, at random, are the validation part, the others are trained on.

    So the transpose of almost every validation tile is trained on, and all parts hold
    neighbours of each other: scores of this split say little about sea floor that was not seen.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns of the grid.
    seed : int
        Seed of both draws.
    tile : int
        Pixels along the edge of a tile.
    """
    _check_shape(shape, tile)
    rows, columns = _product(*(tile_starts(size, tile=tile) for size in shape))
    random = np.random.default_rng(seed)
    shuffled = random.permutation(rows.size)
    tests = round(0.05 * rows.size)
    test, rest = shuffled[:tests], shuffled[tests:]
    samples = random.permutation(2 * rest.size)
    validations = round(0.05 * samples.size)

    def drawn(part: Part, numbers: Places) -> TileSet:
        symmetry, index = np.divmod(numbers, rest.size)
        which = rest[index]
        return TileSet(part, rows[which], columns[which], symmetry * TRANSPOSED, which, tile)

    return Split(
        drawn("train", np.sort(samples[validations:])),
        drawn("validation", np.sort(samples[:validations])),
        TileSet("test", rows[test], columns[test], np.zeros_like(test), test, tile),
        {"kind": "thesis", "seed": seed, "tile": tile},
    )


def blocked_split(
    lat: Floats,
    lon: Floats,
    *,
    seed: int = 0,
    tile: int = TILE,
    block_deg: float = 30.0,
    test: float = 0.1,
    validation: float = 0.05,
    border: int | None = None,
    stride: int | None = None,
) -> Split:
    """Return a split by area, in which no part sees the sea floor of another.

    The Earth is divided into blocks from 90 S and 180 W on, and the blocks are put into an order
    by the seed. Of those that hold a tile of the grid, the first are the test part, the next the
    validation part: grids of the whole Earth have the same blocks at any resolution. Tiles lie
    wholly in blocks of their part. Tiles of the training part keep a border away from the blocks
    of the other parts, tiles of the validation part from those of the test part; across the seam
    of a grid that goes round the Earth as well.

    Parameters
    ----------
    lat, lon : ndarray
        Ascending nodes of the grid in degrees.
    seed : int
        Seed of the order of the blocks.
    tile : int
        Pixels along the edge of a tile.
    block_deg : float
        Edge of a block in degrees; 180 must be a multiple of it.
    test, validation : float
        Share of the blocks; at least one block each.
    border : int, optional
        Unused pixels between the parts; one tile if left out.
    stride : int, optional
        Largest distance of neighbouring training tiles; one tile if left out. Tiles of the other
        parts lie side by side.

    Raises
    ------
    UsageError
        A setting is out of range, or a part is left without tiles.
    """
    border = tile if border is None else border
    _check_shares(block_deg, test, validation)
    _check_shape((lat.size, lon.size), tile)
    row_of, column_of = _block_numbers(lat, -90.0, block_deg), _block_numbers(lon, None, block_deg)
    row_edges, column_edges = _edges(row_of), _edges(column_of)
    per_row = round(360 / block_deg)
    blocks = row_of[row_edges[:-1], None] * per_row + column_of[column_edges[:-1]]
    order = np.random.default_rng(seed).permutation(per_row * round(180 / block_deg))
    roomy = np.minimum.outer(np.diff(row_edges), np.diff(column_edges)) >= tile
    present = order[np.isin(order, blocks[roomy])]
    tests, validations = (max(1, round(share * present.size)) for share in (test, validation))
    part_of = np.full(order.size, _TRAIN)
    part_of[present[:tests]] = _TEST
    part_of[present[tests : tests + validations]] = _VALIDATION
    step = float(np.median(np.diff(lon)))
    field = _Field(
        row_edges, column_edges, part_of[blocks], periodic=lon[-1] - lon[0] + 1.1 * step >= 360
    )

    def laid(part: Part, number: int) -> TileSet:
        rows, columns, block = field.lay(number, blocks, tile, tile if number else stride)
        inside = field.holds_only(rows, columns, tile, [number])
        allowed = [number, *range(number)] if number == _VALIDATION else [number]
        if number != _TEST:
            inside &= field.holds_only(rows - border, columns - border, tile + 2 * border, allowed)
        if not inside.any():
            raise UsageError(
                f"the {part} part has no tile of {tile} x {tile}: its blocks of {block_deg:g} "
                f"degrees are too small or too few on a grid of {lat.size} x {lon.size} nodes; "
                "choose other blocks, a smaller border or a larger grid"
            )
        some = TileSet(part, rows, columns, np.zeros_like(rows), block, tile)
        return some.select(inside)

    facts = {
        "kind": "blocked",
        "seed": seed,
        "tile": tile,
        "block_deg": block_deg,
        "test": test,
        "validation": validation,
        "border": border,
        "stride": tile if stride is None else stride,
        "test_blocks": sorted(present[:tests].tolist()),
        "validation_blocks": sorted(present[tests : tests + validations].tolist()),
    }
    return Split(laid("train", _TRAIN), laid("validation", _VALIDATION), laid("test", _TEST), facts)


class _Field:
    """Rectangles of nodes, each of one part."""

    def __init__(
        self, row_edges: Places, column_edges: Places, parts: Places, *, periodic: bool
    ) -> None:
        self._row_edges, self._column_edges, self._parts = row_edges, column_edges, parts
        turns = (-1, 0, 1) if periodic else (0,)
        size = column_edges[-1]
        starts = np.concatenate([column_edges[:-1] + turn * size for turn in turns])
        self._extended = np.append(starts, (max(turns) + 1) * size)
        sums = np.zeros((3, row_edges.size, self._extended.size), dtype=np.int64)
        for number in range(3):
            there = np.tile(parts == number, (1, len(turns)))
            sums[number, 1:, 1:] = there.cumsum(axis=0).cumsum(axis=1)
        self._sums = sums

    def lay(
        self, part: int, blocks: Places, tile: int, stride: int | None
    ) -> tuple[Places, Places, Places]:
        """Return rows, columns and block numbers of tiles that cover each rectangle of a part."""
        found = []
        for i, j in np.argwhere(self._parts == part):
            (top, bottom), (left, right) = self._row_edges[i : i + 2], self._column_edges[j : j + 2]
            if min(bottom - top, right - left) < tile:
                continue
            rows, columns = _product(
                top + tile_starts(bottom - top, tile=tile, stride=stride),
                left + tile_starts(right - left, tile=tile, stride=stride),
            )
            found.append((rows, columns, np.full_like(rows, blocks[i, j])))
        if not found:
            none = np.empty(0, dtype=np.int64)
            return none, none, none
        rows, columns, numbers = (np.concatenate(field) for field in zip(*found, strict=True))
        return rows, columns, numbers

    def holds_only(
        self, rows: Places, columns: Places, size: int, parts: list[int]
    ) -> npt.NDArray[np.bool_]:
        """Tell which squares of nodes touch no part but these; what is off the grid is none."""
        i0, i1 = self._spans(self._row_edges, rows, size)
        j0, j1 = self._spans(self._extended, columns, size)
        foreign = np.zeros(rows.size, dtype=np.int64)
        for number in set(range(3)) - set(parts):
            sums = self._sums[number]
            foreign += sums[i1, j1] - sums[i0, j1] - sums[i1, j0] + sums[i0, j0]
        return foreign == 0

    @staticmethod
    def _spans(edges: Places, starts: Places, size: int) -> tuple[Places, Places]:
        first = np.searchsorted(edges, starts, side="right") - 1
        stop = np.searchsorted(edges, starts + size, side="left")
        return np.maximum(first, 0), np.minimum(stop, edges.size - 1)


def _product(rows: Places, columns: Places) -> tuple[Places, Places]:
    first, second = np.meshgrid(rows, columns, indexing="ij")
    return first.ravel(), second.ravel()


def _block_numbers(nodes: Floats, start: float | None, block_deg: float) -> Places:
    """Return the number of the block of each node, from `start`, or round the Earth from 180 W."""
    shifted = nodes - start if start is not None else (nodes + 180.0) % 360.0
    count = round((180.0 if start is not None else 360.0) / block_deg)
    return np.clip(np.floor(shifted / block_deg + 1e-9).astype(np.int64), 0, count - 1)


def _edges(numbers: Places) -> Places:
    """Return where runs of equal numbers start, and the end."""
    starts = np.flatnonzero(np.diff(numbers)) + 1
    return np.concatenate([[0], starts, [numbers.size]])


def _check_shape(shape: tuple[int, int], tile: int) -> None:
    if min(shape) < tile:
        raise UsageError(
            f"a grid of {shape[0]} x {shape[1]} nodes holds no tile of {tile} x {tile}: give a "
            "larger one"
        )


def _check_shares(block_deg: float, test: float, validation: float) -> None:
    if not (0 < block_deg <= 180 and abs(180 / block_deg - round(180 / block_deg)) < 1e-9):
        raise UsageError(f"block_deg: 180 must be a multiple of it, got {block_deg:g}")
    for name, share in (("test", test), ("validation", validation)):
        if not 0 < share < 1:
            raise UsageError(f"{name}: a share between 0 and 1 is needed, got {share:g}")
    if test + validation > _MAX_SHARE:
        raise UsageError(f"test and validation: {test + validation:g} leaves too little to train")
