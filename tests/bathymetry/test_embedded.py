"""The shipped grids are ETOPO5, small, and rebuilt by their tool."""

import hashlib
import runpy
from collections.abc import Callable
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from exacouple.bathymetry import Bounds, embedded_grids, inspect, read_window
from exacouple.errors import ExacoupleError

NAMES = ["etopo5-chile", "etopo5-northwest-pacific"]
TOOL = Path(__file__).resolve().parents[2] / "tools" / "make_embedded_bathymetry.py"


@pytest.fixture(scope="module")
def main() -> Callable[[list[str]], int]:
    """Return the main function of the tool."""
    found: Callable[[list[str]], int] = runpy.run_path(str(TOOL))["main"]
    return found


def test_all_of_them_are_small() -> None:
    """The shipped grids together stay under 1 MB."""
    assert sum(path.stat().st_size for path in embedded_grids().values()) < 1_000_000


@pytest.mark.parametrize("name", NAMES)
def test_provenance(name: str) -> None:
    """Each says where its values come from, under which terms, and their hash is right."""
    with netCDF4.Dataset(embedded_grids()[name]) as dataset:
        assert "88-MGG-02" in dataset.source
        assert dataset.license.startswith("public domain")
        assert "make_embedded_bathymetry.py" in dataset.history
        assert dataset["elevation"].dtype == np.int16
        values = np.ma.getdata(dataset["elevation"][:]).astype("<i2")
        assert hashlib.sha256(values.tobytes()).hexdigest() == dataset.values_sha256


@pytest.mark.parametrize("name", NAMES)
def test_five_arc_minutes(name: str) -> None:
    """The spacing is 1/12 degree both ways, on whole twelfths."""
    info = inspect(embedded_grids()[name])
    np.testing.assert_allclose(info.spacing, 1 / 12, rtol=1e-12)
    for node in (*info.x_range, *info.y_range):
        assert node * 12 == pytest.approx(round(node * 12), abs=1e-9)


@pytest.mark.parametrize(
    ("name", "lon", "lat", "low", "high"),
    [
        ("etopo5-northwest-pacific", 142.2, 11.35, -11000, -7500),  # Challenger Deep
        ("etopo5-northwest-pacific", 138.73, 35.36, 500, 3776),  # Mount Fuji
        ("etopo5-northwest-pacific", 144.2, 38.0, -8000, -5500),  # Japan Trench
        ("etopo5-northwest-pacific", 148.694, 38.711, -6000, -5000),  # DART 21418
        ("etopo5-chile", -71.3, -23.5, -8100, -4500),  # Atacama Trench
        ("etopo5-chile", -70.0, -32.65, 2500, 6961),  # Andes at Aconcagua
        ("etopo5-chile", -86.392, -17.975, -4800, -3900),  # DART 32412
    ],
)
def test_known_places(name: str, lon: float, lat: float, low: float, high: float) -> None:
    """Trenches, mountains and buoys are where the atlas has them, at about their heights."""
    bounds = Bounds(lon - 0.1, lon + 0.1, lat - 0.1, lat + 0.1)
    value = float(read_window(embedded_grids()[name], bounds).interp(lon=lon, lat=lat))
    assert low < value < high


def test_tool_rebuilds_them(
    reference_dir: Path, tmp_path: Path, main: Callable[[list[str]], int]
) -> None:
    """Cut anew from the global file, the values and attributes are those shipped."""
    assert main([str(reference_dir / "etopo5_global.nc"), str(tmp_path)]) == 0
    for name, path in embedded_grids().items():
        with netCDF4.Dataset(tmp_path / f"{name}.nc") as new, netCDF4.Dataset(path) as old:
            for key in (*new.ncattrs(), *old.ncattrs()):
                assert new.getncattr(key) == old.getncattr(key)
            for variable in ("lat", "lon", "elevation"):
                assert (new[variable][:] == old[variable][:]).all()


@pytest.mark.parametrize(
    ("name", "lon", "lat"),
    [("etopo5-northwest-pacific", 144, 38), ("etopo5-chile", -80, -30), ("etopo5-chile", -58, -48)],
)
def test_values_are_those_of_the_global_file(
    reference_dir: Path, name: str, lon: int, lat: int
) -> None:
    """Nodes counted out by hand (12 to the degree, from 0E and 90S) hold the same value."""
    with netCDF4.Dataset(reference_dir / "etopo5_global.nc") as dataset:
        wanted = dataset["elevation"][(lat + 90) * 12, (lon % 360) * 12]
    grid = read_window(embedded_grids()[name])
    assert float(grid.sel(lat=lat, lon=lon, method="nearest")) == wanted


def test_same_input_gives_the_same_bytes(
    reference_dir: Path, tmp_path: Path, main: Callable[[list[str]], int]
) -> None:
    """Two runs of the tool write identical files."""
    for folder in ("a", "b"):
        assert main([str(reference_dir / "etopo5_global.nc"), str(tmp_path / folder)]) == 0
    for name in NAMES:
        first, second = (tmp_path / folder / f"{name}.nc" for folder in ("a", "b"))
        assert first.read_bytes() == second.read_bytes()


def test_tool_refuses_another_grid(
    tmp_path: Path, main: Callable[[list[str]], int], capsys: pytest.CaptureFixture[str]
) -> None:
    """A grid that is not on whole 5 arc-minutes is not cut and sold as ETOPO5."""
    path = tmp_path / "one_degree.nc"
    lat, lon = np.arange(-90.0, 90.5, 0.7), np.arange(0.0, 360.0, 0.7)
    with netCDF4.Dataset(path, "w") as dataset:
        for dim, nodes in (("lat", lat), ("lon", lon)):
            dataset.createDimension(dim, nodes.size)
            dataset.createVariable(dim, "f8", (dim,))[:] = nodes
        dataset.createVariable("z", "i2", ("lat", "lon"))[:] = -1000
    assert main([str(path), str(tmp_path / "out")]) == ExacoupleError.exit_code
    assert "not ETOPO5" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
