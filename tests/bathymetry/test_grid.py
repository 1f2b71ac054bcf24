"""Windows come out in metres, positive up, ascending, complete and where they were asked for."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exacouple.bathymetry import Bounds, read_projected, read_window
from exacouple.bathymetry import grid as grid_module
from exacouple.bathymetry import reading as reading_module
from exacouple.errors import ExacoupleError, UsageError

WriteGrid = Callable[..., Path]

LAT, LON = np.arange(30.0, 41.0), np.arange(135.0, 151.0)


def _height(lat: Any, lon: Any) -> Any:
    """Give every whole degree a value of its own, the same for lon and lon + 360."""
    return -(np.mod(np.asarray(lon), 360)[None, :] * 20 + np.asarray(lat)[:, None] + 100)


GLOBES: dict[str, tuple[Any, Any]] = {
    "0..359": (np.arange(-90.0, 91.0), np.arange(0.0, 360.0)),
    "0..360": (np.arange(-90.0, 91.0), np.arange(0.0, 361.0)),
    "-180..180": (np.arange(-90.0, 91.0), np.arange(-180.0, 181.0)),
    "-180..179, north first": (np.arange(90.0, -91.0, -1), np.arange(-180.0, 180.0)),
    "180..-179, both descending": (np.arange(90.0, -91.0, -1), np.arange(180.0, -180.0, -1)),
    "-280..79": (np.arange(-90.0, 91.0), np.arange(-280.0, 80.0)),
}


@pytest.fixture(scope="module", params=list(GLOBES))
def globe(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Global one-degree grids of all conventions."""
    lat, lon = GLOBES[request.param]
    path = tmp_path_factory.mktemp("globe") / "globe.nc"
    with netCDF4.Dataset(path, "w") as dataset:
        for dim, nodes in (("lat", lat), ("lon", lon)):
            dataset.createDimension(dim, nodes.size)
            dataset.createVariable(dim, "f8", (dim,))[:] = nodes
        dataset.createVariable("z", "i2", ("lat", "lon"), chunksizes=(7, 50))[:] = _height(lat, lon)
    return path


@settings(deadline=None, max_examples=40)
@given(
    west=st.floats(-400, 400),
    width=st.floats(0.01, 360),
    south=st.floats(-90, 89.9),
    height=st.floats(0.05, 180),
)
def test_any_window_of_any_globe(
    globe: Path, west: float, width: float, south: float, height: float
) -> None:
    """Over seam and date line, each node has its own value and a cell of margin is there."""
    bounds = Bounds(west, west + width, south, min(south + height, 90.0))
    window = read_window(globe, bounds)
    lat, lon = window["lat"].values, window["lon"].values
    assert (window.values == _height(lat, lon)).all()
    assert (np.diff(lat) == 1).all()
    assert (np.diff(lon) == 1).all()
    assert lon[0] <= bounds.west - 1 < bounds.east + 1 <= lon[-1]
    assert lat[0] <= max(bounds.south - 1, -90)
    assert lat[-1] >= min(bounds.north + 1, 90)
    assert lat.size <= bounds.north - bounds.south + 5
    assert lon.size <= width + 5


def test_whole_grid_without_bounds(globe: Path) -> None:
    """Without bounds the file's own nodes come, none added and none lost, but ascending."""
    window = read_window(globe)
    assert window.dims == ("lat", "lon")
    assert (window.values == _height(window["lat"].values, window["lon"].values)).all()
    with netCDF4.Dataset(globe) as dataset:
        assert sorted(dataset["lon"][:]) == list(window["lon"].values)


def test_date_line_in_three_conventions(write_grid: WriteGrid) -> None:
    """A regional file of 170 to 190 serves -190 to -170 as well, in the numbers asked for."""
    lon = np.arange(165.0, 196.0)
    path = write_grid(_height(LAT, lon), y=LAT, x=lon)
    for turn in (-360, 0, 360):
        window = read_window(path, Bounds(170 + turn, 190 + turn, 32, 38))
        assert (window["lon"][0], window["lon"][-1]) == (169 + turn, 191 + turn)
        assert (window.values == _height(window["lat"].values, window["lon"].values)).all()


def test_regional_file_is_not_wrapped(write_grid: WriteGrid) -> None:
    """At the rim of a regional file the margin ends: nothing comes from its other side."""
    window = read_window(write_grid(_height(LAT, LON), y=LAT, x=LON), Bounds(135, 150, 30, 40))
    assert (window["lon"].values == LON).all()
    assert (window["lat"].values == LAT).all()


def test_half_a_cell_at_the_rim_may_lack(write_grid: WriteGrid) -> None:
    """A file of cell centres covers its outer cells; half a cell further it does not."""
    path = write_grid(_height(LAT, LON), y=LAT, x=LON)
    assert read_window(path, Bounds(134.5, 150.5, 29.5, 40.5)).shape == (11, 16)
    with pytest.raises(ExacoupleError, match="does not cover"):
        read_window(path, Bounds(134.4, 150, 30, 40))


@pytest.mark.parametrize(
    "bounds",
    [Bounds(100, 140, 32, 38), Bounds(140, 160, 32, 38), Bounds(-10, 0, 32, 38),
     Bounds(140, 145, 20, 38), Bounds(140, 145, 32, 45)],
)  # fmt: skip
def test_window_outside_the_file_is_refused(write_grid: WriteGrid, bounds: Bounds) -> None:
    """The message names the file, what it covers and what was wanted."""
    path = write_grid(_height(LAT, LON), y=LAT, x=LON)
    said = r"grid\.nc.*longitude 135 to 150, latitude 30 to 40; wanted is longitude"
    with pytest.raises(ExacoupleError, match=said):
        read_window(path, bounds)


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((150, 140, 0, 10), "east must be greater than west"),
        ((170, -170, 0, 10), "170 to 190"),
        ((0, 361, 0, 10), "360 at most"),
        ((0, 10, 10, 0), "south < north"),
        ((0, 10, 0, 91), "<= 90"),
        ((0, float("nan"), 0, 10), "finite"),
    ],
)
def test_impossible_bounds_are_refused(numbers: tuple[float, ...], said: str) -> None:
    """Bounds that are no window are the user's error."""
    with pytest.raises(UsageError, match=said):
        Bounds(*numbers)


@pytest.mark.parametrize("fill", [-32768, None])
def test_missing_values_inside_the_window_are_refused(
    write_grid: WriteGrid, fill: int | None
) -> None:
    """Fill values, the library's default included, are counted and located."""
    values = _height(LAT, LON)
    values[3:5, 6] = -32767 if fill is None else fill
    path = write_grid(values, y=LAT, x=LON, attributes={"_FillValue": fill} if fill else {})
    said = r"grid\.nc: 2 of \d+ values of 'elevation'.*lat 33 to 34, lon 141 to 141.*fill them"
    with pytest.raises(ExacoupleError, match=said):
        read_window(path, Bounds(138, 145, 31, 39))
    assert read_window(path, Bounds(143, 148, 31, 39)).notnull().all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, 9.969209968386869e36])
def test_missing_floats_are_refused(write_grid: WriteGrid, bad: float) -> None:
    """NaN, infinity and the default fill of floats are missing values."""
    values = _height(LAT, LON)
    values[3, 6] = bad
    with pytest.raises(ExacoupleError, match="1 of 176 values"):
        read_window(write_grid(values, y=LAT, x=LON, dtype="f4"))


@pytest.mark.parametrize(
    "attributes",
    [
        {"missing_value": np.int16(9999)},
        {"valid_range": np.array([-11000, 9000], "i2")},
        {"valid_max": np.int16(9000)},
        {"valid_min": np.int16(-6000)},
    ],
)
def test_other_marks_of_missing_values(write_grid: WriteGrid, attributes: dict[str, Any]) -> None:
    """missing_value and the valid range mark values as missing too."""
    values = _height(LAT, LON)
    values[0, 0] = -9999 if "valid_min" in attributes else 9999
    path = write_grid(values, y=LAT, x=LON, attributes=attributes)
    with pytest.raises(ExacoupleError, match="1 of 176 values"):
        read_window(path)


def test_missing_value_in_another_precision(write_grid: WriteGrid) -> None:
    """-9999.9 as a double attribute marks single-precision values, which are not equal to it."""
    values = _height(LAT, LON).astype("f4")
    values[0, 0] = -9999.9
    path = write_grid(values, y=LAT, x=LON, dtype="f4", attributes={"missing_value": -9999.9})
    with pytest.raises(ExacoupleError, match="1 of 176 values"):
        read_window(path)


def test_packed_values_are_unpacked(write_grid: WriteGrid) -> None:
    """value = stored * scale_factor + add_offset; the fill value is a stored one."""
    stored = np.tile(np.arange(16, dtype="i2"), (11, 1))
    attributes = {"scale_factor": 0.5, "add_offset": -3000.0, "_FillValue": np.int16(100)}
    path = write_grid(stored, y=LAT, x=LON, attributes=attributes)
    assert list(read_window(path).values[0, :3]) == [-3000.0, -2999.5, -2999.0]


def test_kilometres_of_depth_become_metres_of_elevation(write_grid: WriteGrid) -> None:
    """Depth downward in km turns into elevation in metres: scale, offset, unit and sign."""
    attributes = {"units": "km", "positive": "down", "scale_factor": 0.001, "add_offset": 1.0}
    stored = 2000 * np.ones((11, 16))
    path = write_grid(stored, y=LAT, x=LON, variable="depth", attributes=attributes)
    window = read_window(path)
    np.testing.assert_allclose(window.values, -3000.0, rtol=1e-6)
    assert window.attrs["units"] == "m"


@pytest.mark.parametrize(
    ("dtype", "kept"), [("i2", "f4"), ("f4", "f4"), ("i4", "f8"), ("f8", "f8")]
)
def test_type_holds_every_stored_value(write_grid: WriteGrid, dtype: str, kept: str) -> None:
    """16 bit integers fit float32 exactly; 32 bit ones get float64."""
    window = read_window(write_grid(_height(LAT, LON), y=LAT, x=LON, dtype=dtype))
    assert window.dtype == kept


def test_wrong_unit_shows_by_impossible_heights(write_grid: WriteGrid) -> None:
    """Centimetres that claim to be metres are beyond the Earth's relief."""
    path = write_grid(np.full((11, 16), -30000), y=LAT, x=LON, attributes={"units": "m"})
    with pytest.raises(ExacoupleError, match=r"-30000 to -30000 m, beyond.*unit \('m'\)"):
        read_window(path)


@pytest.mark.parametrize(("attributes", "told"), [({}, True), ({"units": "m"}, False)])
def test_kilometres_without_unit_are_told(
    write_grid: WriteGrid, caplog: pytest.LogCaptureFixture, attributes: dict[str, str], told: bool
) -> None:
    """An ocean of 5.6 that claims no unit is hardly one of 5.6 m; a lake may say that it is."""
    path = write_grid(np.full((11, 16), -5.6), y=LAT, x=LON, dtype="f4", attributes=attributes)
    read_window(path)
    assert ("if it is kilometres, say so" in caplog.text) is told


def test_kept_chunks_are_bounded(write_grid: WriteGrid, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of few huge chunks must not be kept in memory as a whole: it may be larger."""
    path = write_grid(_height(LAT, LON), y=LAT, x=LON, chunksizes=(4, 5), zlib=True)
    with reading_module.open_grid(path) as reader:
        reader.keep_chunks(3)
        assert reader._variable.get_var_chunk_cache()[0] == 3 * 4 * 5 * 2
        monkeypatch.setattr(reading_module, "MOST_KEPT_BYTES", 100)
        reader.keep_chunks(3)
        assert reader._variable.get_var_chunk_cache()[0] == 100


def test_west_east_as_slow_dimension(write_grid: WriteGrid) -> None:
    """A file stored as (lon, lat), north first, comes out as (lat, lon), south first."""
    north_first = LAT[::-1]
    path = write_grid(_height(north_first, LON).T, y=LON, x=north_first, dims=("lon", "lat"))
    window = read_window(path, Bounds(138, 145, 32, 38))
    assert window.dims == ("lat", "lon")
    assert (window.values == _height(window["lat"].values, window["lon"].values)).all()


@pytest.mark.parametrize("storage", [{}, {"chunksizes": (4, 5), "zlib": True}])
def test_blocks_join_without_a_seam(
    write_grid: WriteGrid, monkeypatch: pytest.MonkeyPatch, storage: dict[str, Any]
) -> None:
    """Reading in blocks of few rows, north first, gives the same as at once."""
    monkeypatch.setattr(reading_module, "BLOCK_CELLS", 30)
    north_first = LAT[::-1]
    path = write_grid(_height(north_first, LON), y=north_first, x=LON, **storage)
    window = read_window(path, Bounds(138, 145, 32, 38))
    assert (window.values == _height(window["lat"].values, window["lon"].values)).all()


def test_too_large_a_window_is_refused(
    write_grid: WriteGrid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A window that memory cannot hold is refused before it is read."""
    monkeypatch.setattr(grid_module, "MAX_CELLS", 100)
    with pytest.raises(UsageError, match=r"11 x 16 values.*choose a smaller window"):
        read_window(write_grid(_height(LAT, LON), y=LAT, x=LON))


def test_cut_short_file_is_refused(write_grid: WriteGrid) -> None:
    """A classic file that lost its end is refused, though the NetCDF library reads zeros there."""
    path = write_grid(_height(LAT, LON), y=LAT, x=LON, form="NETCDF3_CLASSIC")
    os.truncate(path, path.stat().st_size - 200)
    with pytest.raises(ExacoupleError, match=r"grid\.nc is cut short"):
        read_window(path)


def _write_projected(write_grid: WriteGrid, **settings: Any) -> Path:
    y, x = np.arange(0.0, 10_000.0, 1000.0), np.arange(-5000.0, 6000.0, 1000.0)
    values = -(x[None, :] / 1000 + y[:, None] / 100 + 500)
    return write_grid(
        values, y=settings.pop("y", y), x=settings.pop("x", x), dims=("y", "x"), variable="z",
        dtype="f4", **settings,
    )  # fmt: skip


def test_projected_window_in_metres(write_grid: WriteGrid) -> None:
    """A window of x, y, z with its margin of a cell; all of it without limits."""
    path = _write_projected(write_grid)
    window = read_projected(path, -2500, 1000, 2000, 4500)
    assert window.dims == ("y", "x")
    assert (window["x"][0], window["x"][-1]) == (-4000, 2000)
    assert (window["y"][0], window["y"][-1]) == (1000, 6000)
    assert window.sel(x=1000, y=3000) == -(1 + 30 + 500)
    assert read_projected(path).shape == (10, 11)


def test_projected_kilometres_are_read_in_metres(write_grid: WriteGrid) -> None:
    """Limits and coordinates are metres, whatever the file's unit."""
    km = {"units": "km"}
    path = _write_projected(
        write_grid, y=np.arange(10.0), x=np.arange(-5.0, 6.0), y_attributes=km, x_attributes=km
    )
    assert read_projected(path, -2500, 1000, 2000, 4500)["x"][0] == -4000


def test_projected_window_outside_is_refused(write_grid: WriteGrid) -> None:
    """The message gives both extents in km."""
    with pytest.raises(ExacoupleError, match=r"x -5 to 5 km, y 0 to 9 km; wanted is x -20 to 0 km"):
        read_projected(_write_projected(write_grid), -20_000, 0, 0, 1000)


def test_reversed_projected_limits_are_refused(write_grid: WriteGrid) -> None:
    """Limits in the wrong order are the user's error."""
    with pytest.raises(UsageError, match="less than the second"):
        read_projected(_write_projected(write_grid), 1000, 0, 0, 1000)


def test_kinds_are_not_mixed_up(write_grid: WriteGrid) -> None:
    """A projected grid is not read as degrees, nor degrees as metres."""
    with pytest.raises(ExacoupleError, match="is a projected grid"):
        read_window(_write_projected(write_grid), Bounds(0, 1, 0, 1))
    with pytest.raises(ExacoupleError, match="is a geographic grid"):
        read_projected(write_grid(_height(LAT, LON), y=LAT, x=LON, file="geo.nc"))
