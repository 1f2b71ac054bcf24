"""Points per second that a model reconstructs from file to file, and the memory that it takes.

python tools/bench/reconstruct.py [MODEL] [EDGE]: EDGE x EDGE points of a compressed file.
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

from exacouple.autoencoders.codec import load_codec
from exacouple.autoencoders.reconstruct_file import reconstruct_file

EDGE = 12650
CHUNK = 1000
SPACING = 15 / 3600


def write(path: Path, edge: int) -> None:
    """Write waves of many lengths around 4000 m depth, on a grid of 15 arc-seconds."""
    x = np.arange(edge) * SPACING
    waves = np.random.default_rng(0).uniform(0.05, 4.0, (12, 2))
    with netCDF4.Dataset(path, "w") as dataset:
        for name, units in (("lat", "degrees_north"), ("lon", "degrees_east")):
            dataset.createDimension(name, edge)
            axis = dataset.createVariable(name, "f8", (name,))
            axis.units = units
            axis[:] = x if name == "lat" else 100 + x
        chunks = (min(CHUNK, edge),) * 2
        variable = dataset.createVariable(
            "elevation", "i2", ("lat", "lon"), zlib=True, complevel=1, chunksizes=chunks
        )
        variable.units = "m"
        for start in range(0, edge, CHUNK):
            block = np.full((min(CHUNK, edge - start), edge), -4000.0)
            for along, across in waves:
                phase = along * x[start : start + CHUNK, None] + across * x
                block += 300 / np.hypot(along, across) * np.sin(2 * np.pi * phase)
            variable[start : start + CHUNK] = np.clip(block, -10000, 4000)


def main(arguments: list[str]) -> None:
    """Print one line."""
    model = arguments[0] if arguments else "pca"
    edge = int(arguments[1]) if len(arguments) > 1 else EDGE
    codec = load_codec(model)
    with tempfile.TemporaryDirectory() as folder:
        path, target = Path(folder) / "original.nc", Path(folder) / "reconstruction.nc"
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as other:
            other.submit(write, path, edge).result()
        before = _peak_mb()
        start, used = time.perf_counter(), time.process_time()
        reconstruct_file(path, target, codec)
        took, used = time.perf_counter() - start, time.process_time() - used
        print(
            f"{model}, {edge} x {edge} = {edge**2 / 1e6:.0f} million points: {took:.1f} s, "
            f"{used:.1f} s CPU, {edge**2 / took / 1e6:.2f} million points/s, peak {_peak_mb():.0f} "
            f"MB ({before:.0f} MB before); {os.cpu_count()} processors, load "
            f"{os.getloadavg()[0]:.1f}"
        )


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


if __name__ == "__main__":
    main(sys.argv[1:])
