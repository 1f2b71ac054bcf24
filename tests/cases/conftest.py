"""A small region with a seabed and a displacement of its own."""

import netCDF4
import numpy as np
import pytest

REGION = """\
schema = 1
name = "bay"
title = "A bay that does not exist"

[event]
origin = 2020-01-02T03:04:05Z
epicentre = [145.0, 38.0]
magnitude = 8.0
source = "made up"

[bathymetry]
grid = "sea.nc"
window = [141.0, 149.0, 35.0, 41.0]
spacing_m = 10000

[projection]
crs = "+proj=aeqd +lat_0=38 +lon_0=145 +ellps=WGS84 +units=m"

[domain]
offset_km = [-200.0, -150.0]
width_km = [400.0, 300.0]
cells = 24
order = 2

[displacement]
kind = "netcdf"
file = "lift.nc"
spacing_m = 5000
window_km = [-60.0, 80.0, -50.0, 50.0]
source = "a hump"

[simulation]
end_time_s = 600
sampling_s = 5

[[buoys]]
id = "A1"
name = "first"
lon = 146.0
lat = 38.5
source = "made up"

[[buoys]]
id = "B2"
name = "second"
lon = 144.5
lat = 37.5
source = "made up"
"""

GEOGRAPHIC = (
    ("lat", np.arange(34.0, 42.01, 0.25), "degrees_north"),
    ("lon", np.arange(140.0, 150.01, 0.25), "degrees_east"),
)
PROJECTED = (
    ("y", np.arange(-60e3, 60001.0, 5e3), "m"),
    ("x", np.arange(-70e3, 90001.0, 5e3), "m"),
)


def write_netcdf(path, name, axes, values):
    """Write a two-dimensional grid in metres."""
    with netCDF4.Dataset(path, "w") as dataset:
        for axis, points, units in axes:
            dataset.createDimension(axis, points.size)
            variable = dataset.createVariable(axis, "f8", (axis,))
            variable.units = units
            variable[:] = points
        variable = dataset.createVariable(name, "f4", [axis for axis, _, _ in axes])
        variable.units = "m"
        variable[:] = values


def sea_floor(lat, lon):
    """Return land west of 143E and a sea that deepens by 1000 m per degree east of it."""
    return np.broadcast_to(-1000.0 * (lon - 143.0) + 0.0 * lat[:, None], (lat.size, lon.size))


@pytest.fixture
def region_file(tmp_path):
    """Return a region file with its bathymetry and displacement beside it."""
    folder = tmp_path / "bay"
    folder.mkdir()
    lat, lon = (points for _, points, _ in GEOGRAPHIC)
    write_netcdf(folder / "sea.nc", "elevation", GEOGRAPHIC, sea_floor(lat, lon))
    y, x = (points for _, points, _ in PROJECTED)
    hump = 2.0 * np.exp(-(x**2 + y[:, None] ** 2) / 20e3**2)
    write_netcdf(folder / "lift.nc", "z", PROJECTED, hump)
    file = folder / "region.toml"
    file.write_text(REGION)
    return file


@pytest.fixture
def edited(region_file):
    """Return a function that replaces text in the region file and returns the file."""

    def edit(old, new):
        text = region_file.read_text()
        assert old in text
        region_file.write_text(text.replace(old, new))
        return region_file

    return edit


@pytest.fixture
def replaced_sea():
    """Return a function that replaces the bathymetry of a region by values on given axes."""

    def replace(file, values, axes=GEOGRAPHIC):
        write_netcdf(file.parent / "sea.nc", "elevation", axes, values)

    return replace
