"""Tiles come out of a file as they are in it, each once, mixed, and in bounded memory."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest

from exacouple.bathymetry import streaming
from exacouple.bathymetry.streaming import elevation_range, read_tiles, stream_tiles
from exacouple.bathymetry.tiles import TileSet, thesis_split, turn
from exacouple.errors import ExacoupleError

LAT, LON = 30 + np.arange(40) / 10, 140 + np.arange(50) / 10
SIZE = 6


def _height(rows: Any, columns: Any) -> Any:
    return -100 * np.asarray(rows) - np.asarray(columns)


VALUES = _height(np.arange(40)[:, None], np.arange(50))


def _tiles(part: Any = "train") -> TileSet:
    rows, columns = (
        axis.ravel() for axis in np.meshgrid(range(0, 35, 3), range(0, 45, 4), indexing="ij")
    )
    return TileSet(part, rows, columns, np.zeros_like(rows), np.arange(rows.size), SIZE)


@pytest.fixture(autouse=True)
def _small_slabs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut the small grid into many slabs and pieces."""
    monkeypatch.setattr(streaming, "_SLAB_EDGE", 14)
    monkeypatch.setattr(streaming, "_UNCHUNKED_EDGE", 14)
    monkeypatch.setattr(streaming, "_PIECE", 5)


@pytest.mark.parametrize("seed", [None, 4])
@pytest.mark.parametrize("north_first", [False, True])
@pytest.mark.parametrize(
    "storage", [{}, {"chunksizes": (7, 9), "zlib": True}, {"chunksizes": (1, 50), "zlib": True}]
)
def test_every_tile_comes_once_as_it_is_in_the_file(
    write_grid: Any, storage: Any, north_first: bool, seed: int | None
) -> None:
    """Whatever the layout of the file, tile by tile, value by value."""
    turned = slice(None, None, -1 if north_first else 1)
    path = write_grid(VALUES[turned], y=LAT[turned], x=LON, **storage)
    tiles = _tiles()
    seen = []
    for values, index in stream_tiles(path, tiles, batch=7, seed=seed, pool=20):
        assert values.dtype == np.float32
        for tile, number in zip(values, index, strict=True):
            row, column = tiles.rows[number], tiles.columns[number]
            assert (tile == VALUES[row : row + SIZE, column : column + SIZE]).all()
        seen.append(index)
    assert [len(index) for index in seen[:-1]] == [7] * (len(seen) - 1)
    assert sorted(np.concatenate(seen)) == list(range(len(tiles)))


def test_shuffled_batches_mix_places_and_repeat_with_the_seed(write_grid: Any) -> None:
    """The same seed and epoch give the same order; another epoch gives another."""
    path = write_grid(VALUES, y=LAT, x=LON)

    def order(**settings: int) -> list[int]:
        batches = stream_tiles(path, _tiles(), batch=8, pool=60, **settings)
        return np.concatenate([index for _, index in batches]).tolist()

    first = order(seed=1)
    assert first == order(seed=1)
    assert first != order(seed=1, epoch=1)
    assert first != order(seed=2)
    rows = _tiles().rows[first]
    means = [rows[start : start + 8].mean() for start in range(0, 128, 8)]
    assert np.std(means) < 0.75 * np.std(rows)


def test_threads_stream_at_the_same_time(write_grid: Any) -> None:
    """Training and validation data are read by different threads of one process."""
    path = write_grid(VALUES, y=LAT, x=LON, chunksizes=(7, 9), zlib=True)
    alone = read_tiles(path, _tiles())
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda _: read_tiles(path, _tiles()), range(24)))
    assert all((tiles == alone).all() for tiles in together)


def test_augmentation_turns_tiles_by_all_symmetries(write_grid: Any) -> None:
    """Every tile is one of the eight turned copies of itself, and all eight occur."""
    path = write_grid(VALUES, y=LAT, x=LON)
    tiles, plain = _tiles(), read_tiles(path, _tiles())
    found = set()
    for values, index in stream_tiles(path, tiles, seed=0, augment=True):
        for tile, number in zip(values, index, strict=True):
            copies = turn(np.repeat(plain[number][None], 8, axis=0), np.arange(8))
            same = [k for k, copy in enumerate(copies) if (copy == tile).all()]
            assert len(same) == 1
            found.add(same[0])
    assert found == set(range(8))


@pytest.mark.parametrize(("part", "seed"), [("validation", 1), ("test", 1), ("train", None)])
def test_only_the_training_part_is_augmented(write_grid: Any, part: Any, seed: Any) -> None:
    """Scores belong to the sea floor as it is."""
    path = write_grid(VALUES, y=LAT, x=LON)
    with pytest.raises(ValueError, match="only the training part is augmented"):
        next(stream_tiles(path, _tiles(part), seed=seed, augment=True))


def test_symmetry_of_the_set_is_applied(write_grid: Any) -> None:
    """The transposed copies of the split of the thesis come out transposed."""
    path = write_grid(VALUES, y=LAT, x=LON)
    tiles = thesis_split(VALUES.shape, tile=SIZE).train
    assert tiles.symmetry.any()
    for tile, row, column, symmetry in zip(
        read_tiles(path, tiles), tiles.rows, tiles.columns, tiles.symmetry, strict=True
    ):
        plain = VALUES[row : row + SIZE, column : column + SIZE]
        assert (tile == (plain.T if symmetry else plain)).all()


def test_missing_values_in_a_tile_are_named(write_grid: Any) -> None:
    """A hole in the grid is told with its place and never filled with zeros."""
    values = VALUES.copy()
    values[10, 10] = -9999
    path = write_grid(values, y=LAT, x=LON, attributes={"_FillValue": -9999})
    with pytest.raises(ExacoupleError, match=r"missing in \d tiles, such as that from lat 3.*fill"):
        read_tiles(path, _tiles())


def test_tiles_of_another_grid_are_refused(write_grid: Any) -> None:
    """Tiles that reach beyond the grid are told."""
    path = write_grid(VALUES[:30], y=LAT[:30], x=LON)
    with pytest.raises(ExacoupleError, match="has 30 x 50 nodes, and the tiles reach beyond"):
        read_tiles(path, _tiles())


def test_range_is_that_of_the_values(write_grid: Any) -> None:
    """Without a recorded range the whole grid is looked at, holes left out."""
    values = VALUES.copy()
    values[3, 4], values[20, 20] = 777, -9999
    path = write_grid(values, y=LAT, x=LON, attributes={"_FillValue": -9999})
    assert elevation_range(path) == (VALUES.min(), 777)


def test_recorded_range_is_taken(write_grid: Any) -> None:
    """The attribute actual_range says it without reading; depths in km become metres."""
    path = write_grid(
        -VALUES,
        y=LAT,
        x=LON,
        attributes={"actual_range": [-8.0, 10.5], "units": "km", "positive": "down"},
    )
    assert elevation_range(path) == (-10500.0, 8000.0)


def test_level_grid_has_no_range(write_grid: Any) -> None:
    """A grid of one value cannot be scaled."""
    path = write_grid(np.zeros((40, 50)), y=LAT, x=LON)
    with pytest.raises(ExacoupleError, match="no two different values"):
        elevation_range(path)


STREAM = """
import sys
import numpy as np
from exacouple.bathymetry.streaming import stream_tiles
from exacouple.bathymetry.tiles import TileSet, tile_starts

def peak_mb():
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1e3

rows = 20000 + tile_starts(960)
columns = tile_starts(86400)
rows, columns = (a.ravel() for a in np.meshgrid(rows, columns, indexing="ij"))
tiles = TileSet("train", rows, columns, 0 * rows, np.arange(rows.size))
before = peak_mb()
count = sum(len(index) for _, index in stream_tiles(sys.argv[1], tiles, seed=0, augment=True))
print(count, peak_mb() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_memory_does_not_grow_with_the_grid(tmp_path: Path) -> None:
    """A band round the Earth of an 86400 x 43200 grid streams in less than 600 MB."""
    path = tmp_path / "gebco.nc"
    with netCDF4.Dataset(path, "w") as dataset:
        for name, size in (("lat", 43200), ("lon", 86400)):
            dataset.createDimension(name, size)
            axis = dataset.createVariable(name, "f8", (name,), zlib=True)
            axis.units = "degrees_north" if name == "lat" else "degrees_east"
            axis[:] = (np.arange(size) - size / 2 + 0.5) / 240
        dataset.createVariable(
            "elevation", "i2", ("lat", "lon"), zlib=True, chunksizes=(1000, 1000), fill_value=False
        ).units = "m"
    command = [sys.executable, "-c", STREAM, str(path)]
    count, grown = subprocess.run(
        command, check=True, capture_output=True, text=True
    ).stdout.split()
    assert int(count) == 9000
    assert float(grown) < 600
