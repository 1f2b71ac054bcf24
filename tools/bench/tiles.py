"""Tiles per second out of a compressed file of GEBCO's shape, and the memory that it takes.

python tools/bench/tiles.py [EDGE]: a square of EDGE x EDGE values of the file is filled and read.
"""

import os
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import netCDF4
import numpy as np
import numpy.typing as npt

from exacouple.bathymetry.streaming import stream_tiles
from exacouple.bathymetry.tiles import TileSet, tile_starts

SHAPE = (43200, 86400)
EDGE = 12000
CHUNK = 1000
CORNER = (10000, 20000)
TARGET = 1500.0
STRIDES = (96, 48)


def relief(size: int, random: np.random.Generator) -> npt.NDArray[np.int16]:
    """Return a periodic rough surface whose power falls with the wave number to the power -3.5."""
    waves = np.fft.fftfreq(size)[:, None] ** 2 + np.fft.rfftfreq(size) ** 2
    waves[0, 0] = np.inf
    noise = np.fft.rfft2(random.standard_normal((size, size), dtype=np.float32))
    values = np.fft.irfft2(noise * waves ** (-3.5 / 4), s=(size, size))
    return np.asarray(-3500 + 1500 * values / values.std(), dtype=np.int16)


def write(path: Path, edge: int) -> float:
    """Write the file and return the part of its size that the values take after compression."""
    surface = relief(4 * CHUNK, np.random.default_rng(0))
    with netCDF4.Dataset(path, "w") as dataset:
        for name, size, first in (("lat", SHAPE[0], -90.0), ("lon", SHAPE[1], -180.0)):
            dataset.createDimension(name, size)
            axis = dataset.createVariable(name, "f8", (name,))
            axis.units = "degrees_north" if name == "lat" else "degrees_east"
            axis[:] = first + (np.arange(size) + 0.5) / 240
        variable = dataset.createVariable(
            "elevation", "i2", ("lat", "lon"), zlib=True, complevel=4, chunksizes=(CHUNK, CHUNK)
        )
        variable.units = "m"
        for row in range(0, edge, len(surface)):
            for column in range(0, edge, len(surface)):
                shape = min(len(surface), edge - row), min(len(surface), edge - column)
                top, left = CORNER[0] + row, CORNER[1] + column
                variable[top : top + shape[0], left : left + shape[1]] = surface[
                    : shape[0], : shape[1]
                ]
    return path.stat().st_size / (2 * edge**2)


def tiles_of(edge: int, stride: int) -> TileSet:
    """Return the tiles of the filled square."""
    rows, columns = (
        axis.ravel()
        for axis in np.meshgrid(
            *(corner + tile_starts(edge, stride=stride) for corner in CORNER), indexing="ij"
        )
    )
    return TileSet("train", rows, columns, np.zeros_like(rows), np.arange(rows.size))


def main(arguments: list[str]) -> None:
    """Print one line per distance of tiles."""
    edge = int(arguments[0]) if arguments else EDGE
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gebco-shaped.nc"
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as other:
            ratio = other.submit(write, path, edge).result()
        before = _peak_mb()
        print(
            f"{SHAPE[1]} x {SHAPE[0]} values, {edge} x {edge} of them filled and compressed to "
            f"{100 * ratio:.0f} %; {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, "
            f"{before:.0f} MB before"
        )
        print(f"{'stride':>8}{'tiles':>9}{'tiles/s':>10}{'CPU s/s':>9}{'target':>9}{'peak MB':>9}")
        for stride in STRIDES:
            tiles = tiles_of(edge, stride)
            start, used = time.perf_counter(), time.process_time()
            count = sum(
                len(index) for _, index in stream_tiles(path, tiles, batch=64, seed=0, augment=True)
            )
            took, used = time.perf_counter() - start, time.process_time() - used
            rate = count / took
            print(
                f"{stride:8d}{count:9d}{rate:10.0f}{used / took:9.2f}{rate / TARGET:8.1f}x"
                f"{_peak_mb():9.0f}"
            )


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


if __name__ == "__main__":
    main(sys.argv[1:])
