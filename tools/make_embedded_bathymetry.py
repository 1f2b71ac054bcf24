"""Cut the shipped windows out of ETOPO5: python tools/make_embedded_bathymetry.py ETOPO5.nc [DIR].

ETOPO5 is in the public domain. It comes e.g. with the Debian package ferret-datasets or from
NOAA NCEI. Any NetCDF copy that exacouple can read will do.
The same input and the same version of the NetCDF library give the same bytes.
"""

import hashlib
import sys
from pathlib import Path

import netCDF4
import numpy as np
import numpy.typing as npt
import xarray as xr

import exacouple.bathymetry
from exacouple.atomic import atomic_file
from exacouple.bathymetry.grid import Bounds, read_window
from exacouple.errors import ExacoupleError

WINDOWS = {
    "etopo5-northwest-pacific": Bounds(115, 180, 10, 60),
    "etopo5-chile": Bounds(-100, -58, -48, -12),
}
NODES_PER_DEGREE = 12
ATTRIBUTES = {
    "Conventions": "CF-1.8",
    "source": (
        "ETOPO5, 5 arc-minute gridded elevation of the Earth: NOAA National Geophysical Data "
        "Center, Boulder, Colorado, Data Announcement 88-MGG-02, Digital relief of the Surface "
        "of the Earth, 1988"
    ),
    "comment": (
        "True resolution is 5 arc-minutes on the sea floor and in Japan, and down to 1 degree on "
        "land in South America (documentation of ETOPO5)"
    ),
    "license": "public domain (work of the United States government)",
    "history": "cut to a window, values unchanged, by tools/make_embedded_bathymetry.py",
}


def cut(etopo5: Path, bounds: Bounds) -> xr.DataArray:
    """Return the nodes of ETOPO5 on and within the bounds as int16 metres."""
    grid = read_window(etopo5, bounds)
    lat, lon = (np.round(grid[dim].values * NODES_PER_DEGREE) for dim in ("lat", "lon"))
    for nodes, dim in ((lat, "lat"), (lon, "lon")):
        if not np.allclose(nodes / NODES_PER_DEGREE, grid[dim].values, atol=1e-4):
            raise ExacoupleError(f"{etopo5}: '{dim}' is not on whole 5 arc-minutes: not ETOPO5")
    values = grid.values.astype(np.int16)
    if not (values == grid.values).all():
        raise ExacoupleError(f"{etopo5}: values are not whole metres: not ETOPO5")
    whole = xr.DataArray(
        values,
        dims=("lat", "lon"),
        coords={"lat": lat / NODES_PER_DEGREE, "lon": lon / NODES_PER_DEGREE},
    )
    return whole.sel(lat=slice(bounds.south, bounds.north), lon=slice(bounds.west, bounds.east))


def write(path: Path, name: str, grid: xr.DataArray, origin: str) -> None:
    """Write a window as compressed NetCDF-4 with its provenance."""
    values: npt.NDArray[np.int16] = grid.values
    with atomic_file(path, force=True) as temporary, netCDF4.Dataset(temporary, "w") as dataset:
        dataset.setncatts(
            {
                "title": name,
                **ATTRIBUTES,
                "input": origin,
                "values_sha256": hashlib.sha256(values.astype("<i2").tobytes()).hexdigest(),
            }
        )
        for dim, units, standard_name in (
            ("lat", "degrees_north", "latitude"),
            ("lon", "degrees_east", "longitude"),
        ):
            dataset.createDimension(dim, grid[dim].size)
            coordinate = dataset.createVariable(dim, "f8", (dim,), zlib=True, complevel=9)
            coordinate.setncatts({"units": units, "standard_name": standard_name})
            coordinate[:] = grid[dim].values
        elevation = dataset.createVariable(
            "elevation", "i2", ("lat", "lon"), zlib=True, complevel=9, chunksizes=grid.shape
        )
        elevation.setncatts(
            {
                "units": "m",
                "positive": "up",
                "standard_name": "height_above_mean_sea_level",
                "long_name": "elevation above mean sea level",
            }
        )
        elevation[:] = values


def origin_of(etopo5: Path) -> str:
    """Return what the input file says about its own origin."""
    with netCDF4.Dataset(etopo5) as dataset:
        return str(getattr(dataset, "source", getattr(dataset, "title", etopo5.name)))


def main(arguments: list[str]) -> int:
    """Write both windows and say how large they are."""
    if len(arguments) not in (1, 2):
        print(__doc__.splitlines()[0], file=sys.stderr)
        return 2
    etopo5 = Path(arguments[0])
    default = Path(exacouple.bathymetry.__file__).with_name("data")
    directory = Path(arguments[1]) if len(arguments) == 2 else default
    try:
        for name, bounds in WINDOWS.items():
            grid = cut(etopo5, bounds)
            path = directory / f"{name}.nc"
            write(path, name, grid, origin_of(etopo5))
            print(f"{path}: {grid.shape[0]} x {grid.shape[1]} nodes, {path.stat().st_size} bytes")
    except ExacoupleError as exc:
        print(f"error: {exc}", file=sys.stderr)
        return exc.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
