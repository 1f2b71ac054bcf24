"""A window of a file as large as GEBCO is read in the memory of the window."""

import subprocess
import sys
from pathlib import Path

import netCDF4
import numpy as np
import pytest

SHAPE = (43200, 86400)
SPACING = 15 / 3600
FILE_MB = SHAPE[0] * SHAPE[1] * 2 / 1e6
ROWS, COLUMNS = 1200, 2400

READ = """
import sys
from exacouple.bathymetry import Bounds, read_window

def peak_mb():
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1e3

before = peak_mb()
window = read_window(sys.argv[1], Bounds(*map(float, sys.argv[2:6])))
print(window.nbytes / 1e6, peak_mb() - before)
print(*window.shape, float(window[1, 1]), float(window[-2, -2]))
"""


def _write(path: Path, *, west: float, chunked: bool) -> None:
    """Write GEBCO's layout with 5 x 10 degrees of values from 30N and `west`, and holes beside."""
    lat = -90 + SPACING * (np.arange(SHAPE[0]) + 0.5)
    lon = -180 + SPACING * (np.arange(SHAPE[1]) + 0.5)
    storage = {"zlib": True, "chunksizes": (1000, 1000)} if chunked else {"contiguous": True}
    with netCDF4.Dataset(path, "w") as dataset:
        dataset.set_fill_off()
        for dim, nodes, units in (("lat", lat, "degrees_north"), ("lon", lon, "degrees_east")):
            dataset.createDimension(dim, nodes.size)
            coordinate = dataset.createVariable(dim, "f8", (dim,))
            coordinate.units = units
            coordinate[:] = nodes
        elevation = dataset.createVariable("elevation", "i2", ("lat", "lon"), **storage)
        elevation.units = "m"
        row = int(np.searchsorted(lat, 30.0)) - 3
        rows = np.arange(row, row + ROWS + 6)
        columns = int(np.searchsorted(lon, west)) - 3 + np.arange(COLUMNS + 6)
        values = (-1000 - (rows[:, None] - row) - columns[None, :] % 10).astype("i2")
        parts = [np.flatnonzero(columns < SHAPE[1]), np.flatnonzero(columns >= SHAPE[1])]
        for part in parts:
            if part.size:
                start = int(columns[part[0]]) % SHAPE[1]
                elevation[row : row + rows.size, start : start + part.size] = values[:, part]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("chunked", [False, True], ids=["contiguous", "compressed"])
@pytest.mark.parametrize("west", [140.0, 175.0], ids=["inland", "over the date line"])
def test_peak_memory_is_that_of_the_window(tmp_path: Path, west: float, chunked: bool) -> None:
    """10 x 5 degrees of an 86400 x 43200 grid take under 8 times the window, not 7465 MB."""
    path = tmp_path / "gebco.nc"
    _write(path, west=west, chunked=chunked)
    try:
        if path.stat().st_blocks * 512 > 1e9:
            pytest.skip("the file system writes holes out in full")
        bounds = [west, west + 10, 30.0, 35.0]
        command = [sys.executable, "-c", READ, str(path), *map(str, bounds)]
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    finally:
        path.unlink()
    window_mb, peak_mb = float(lines[0]), float(lines[1])
    assert lines[2:4] == [str(ROWS + 4), str(COLUMNS + 4)]
    assert -1013 <= float(lines[4]) <= -1000
    assert -1013 - ROWS <= float(lines[5]) <= -1000 - ROWS
    assert peak_mb < 8 * window_mb < FILE_MB / 50
