"""Reconstruction joins tiles without a seam, in any window, and keeps to the range."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr

from exacouple.autoencoders.codec import Codec, Scaling, load_codec
from exacouple.autoencoders.linear import DctCodec
from exacouple.autoencoders.reconstruct import reconstruct, reconstruct_rows
from exacouple.autoencoders.reconstruct_file import grid_window, reconstruct_file
from exacouple.bathymetry import (
    Bounds,
    apply_source,
    embedded_grids,
    get_source,
    read_window,
)
from exacouple.bathymetry.tiles import tile_starts
from exacouple.errors import ExacoupleError, UsageError


class Identity:
    """A codec that keeps everything, with tiles of 8 x 8."""

    name, latents, tile, scale = "identity", 64, 8, Scaling(-5000.0, 1000.0)
    facts: Mapping[str, Any] = {}

    def encode(self, tiles: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        return tiles.reshape(-1, 64).astype(np.float32)

    def decode(self, codes: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        return codes.reshape(-1, 8, 8)


class Numbered(Identity):
    """A codec that forgets its tiles and gives each a level of its own."""

    def decode(self, codes: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        levels = np.arange(len(codes), dtype=np.float32) * 100 - 2000
        return np.broadcast_to(levels[:, None, None], (len(codes), 8, 8)).copy()


def _grid(values: npt.ArrayLike) -> xr.DataArray:
    values = np.asarray(values, dtype=np.float32)
    coords = {
        name: start + np.arange(size) / 12
        for name, start, size in zip(("lat", "lon"), (30, 140), values.shape, strict=True)
    }
    return xr.DataArray(values, dims=("lat", "lon"), coords=coords, attrs={"units": "m"})


def _rough(shape: tuple[int, int]) -> npt.NDArray[np.float32]:
    return np.random.default_rng(5).uniform(-4900, 900, shape).astype(np.float32)


@pytest.fixture(scope="module")
def pacific() -> xr.DataArray:
    """The embedded sea floor of the north-west Pacific."""
    return read_window(embedded_grids()["etopo5-northwest-pacific"], Bounds(134, 161, 27, 48))


@pytest.mark.parametrize("overlap", [0, 1, 3])
@pytest.mark.parametrize("shape", [(8, 8), (9, 40), (50, 17), (3, 30), (30, 5), (2, 3), (1, 1)])
def test_weights_add_up_everywhere(shape: tuple[int, int], overlap: int) -> None:
    """A model that loses nothing gives every window back, also those smaller than a tile."""
    grid = _grid(_rough(shape))
    out = reconstruct(grid, Identity(), overlap=overlap)
    np.testing.assert_allclose(out.values, grid.values, atol=1e-2)
    assert out.dims == grid.dims
    assert (out["lon"] == grid["lon"]).all()
    assert out.attrs == {"units": "m"}


def test_neighbouring_tiles_are_faded_into_each_other() -> None:
    """Between tiles of levels 100 m apart the result rises in equal steps over the overlap."""
    out = reconstruct(_grid(np.zeros((8, 13))), Numbered(), overlap=3).values
    np.testing.assert_allclose(out[4], [-2000] * 5 + [-1975, -1950, -1925] + [-1900] * 5, rtol=1e-6)


def test_a_grid_around_the_earth_has_no_seam_at_its_ends() -> None:
    """The last tile reaches into the first one; a model that loses nothing gives all back."""
    values = _rough((9, 30))

    def read(start: int, stop: int, columns: int = 30) -> npt.NDArray[np.float32]:
        return values[start:stop, :columns]

    whole = reconstruct_rows(read, (9, 30), Identity(), overlap=2, around=True)
    np.testing.assert_allclose(np.concatenate([b for _, b in whole]), values, atol=1e-2)
    ((_, made),) = reconstruct_rows(
        lambda start, stop: read(start, stop, 15), (8, 15), Numbered(), overlap=3, around=True
    )
    fading = [-1850, -1900, -1950, -2000, -2000, -1975, -1950, -1925, -1900, -1900]
    np.testing.assert_allclose(made[4], [*fading, -1875, -1850, -1825, -1800, -1800], rtol=1e-6)


def test_rows_come_in_order_and_none_is_held_longer_than_needed() -> None:
    """Blocks follow each other, and never more than the rows of a tile are asked for."""
    values, asked = _rough((61, 20)), []

    def read(start: int, stop: int) -> npt.NDArray[np.float32]:
        asked.append(stop - start)
        return values[start:stop]

    blocks = list(reconstruct_rows(read, values.shape, Identity(), overlap=2))
    assert [start for start, _ in blocks] == np.cumsum(
        [0] + [len(block) for _, block in blocks[:-1]]
    ).tolist()
    np.testing.assert_allclose(np.concatenate([b for _, b in blocks]), values, atol=1e-2)
    assert max(asked) <= 8


@pytest.mark.parametrize("overlap", [-1, 4, 50])
def test_impossible_overlap_is_refused(overlap: int) -> None:
    """Tiles can share less than half."""
    with pytest.raises(UsageError, match=f"overlap: 0 to 3 pixels are possible, got {overlap}"):
        reconstruct(_grid(_rough((20, 20))), Identity(), overlap=overlap)


def test_small_window_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """A window smaller than a tile is continued by its mirror image, and that is said."""
    reconstruct(_grid(_rough((5, 20))), Identity(), overlap=2)
    assert "5 x 20 nodes is smaller than a tile of 8: it is continued by its mirror" in caplog.text


def test_small_window_is_close_to_the_original() -> None:
    """Mirrored, a smooth window of 30 x 200 points loses 1 % of its relief of 800 m."""
    y, x = np.meshgrid(np.linspace(1.5, 2.4, 30), np.linspace(0, 6, 200), indexing="ij")
    grid = _grid(-4000 + 800 * np.sin(x) * np.cos(y))
    error = reconstruct(grid, load_codec("dct")).values - grid.values
    assert np.sqrt((error**2).mean()) < 8


def test_values_stay_in_the_range_of_the_data() -> None:
    """No trench deeper than the data that the model is made from."""
    out = reconstruct(_grid(np.where(np.eye(20) > 0, 3000.0, -9000.0)), Identity(), overlap=2)
    assert out.values.min() == pytest.approx(-5000)
    assert out.values.max() <= 1000


def _jumps(values: npt.NDArray[Any], starts: npt.NDArray[Any], axis: int) -> float:
    """Return the RMS difference of neighbours across the rims of the tiles."""
    rims = np.unique(np.concatenate([starts, starts + 96]))
    rims = rims[(rims > 0) & (rims < values.shape[axis])]
    steps = np.diff(values.astype(float), axis=axis)
    return float(np.sqrt(np.mean(np.take(steps, rims - 1, axis=axis) ** 2)))


@pytest.mark.parametrize("name", ["pca", "dct", "mixture-pca", "dfcvae"])
def test_no_seam_at_the_rims_of_tiles(name: str) -> None:
    """Jumps across the rims of tiles are below the true ones there, and much as elsewhere.

    Without overlap they are half as large again as elsewhere, or more.
    """
    grid = read_window(embedded_grids()["etopo5-northwest-pacific"])
    codec = load_codec(name)
    made, cut = (reconstruct(grid, codec, overlap=overlap).values for overlap in (8, 0))
    for axis in (0, 1):
        size = made.shape[axis]
        starts, side_by_side = tile_starts(size, stride=88), tile_starts(size)
        elsewhere = float(np.sqrt(np.mean(np.diff(made.astype(float), axis=axis) ** 2)))
        assert _jumps(made, starts, axis) < _jumps(grid.values, starts, axis)
        assert _jumps(made, starts, axis) < 1.25 * elsewhere
        assert _jumps(cut, side_by_side, axis) > 1.5 * elsewhere


def test_more_numbers_are_nearer_to_the_original(pacific: xr.DataArray) -> None:
    """25, 100 and 400 numbers for a tile of Japan's sea floor: below 600, 300 and 170 m RMS."""
    sea = pacific.values < 0
    errors = [
        float(np.sqrt(np.mean((reconstruct(pacific, codec) - pacific).values[sea] ** 2)))
        for codec in (load_codec("pca", latents=n) for n in (25, 100, 400))
    ]
    assert [error < limit for error, limit in zip(errors, (600, 300, 170), strict=True)] == [
        True
    ] * 3
    assert errors == sorted(errors, reverse=True)


@pytest.mark.parametrize("name", ["pca", "dct", "mixture-pca", "dfcvae"])
def test_source_changes_the_sea_only(pacific: xr.DataArray, name: str) -> None:
    """As a source, land stays as it is, sea stays below sea level, and the trench is there."""
    out = apply_source(get_source(name), pacific, options={"latents": "100"}).values
    land = pacific.values >= 0
    assert (out[land] == pacific.values[land]).all()
    assert (out[~land] < 0).all()
    assert np.abs(out - pacific.values)[~land].mean() > 50
    assert out.min() < -7000
    free = apply_source(get_source(name), pacific, keep_land=False).values
    assert np.abs(free - pacific.values)[land].mean() > 50


def test_source_names_the_weights_that_it_reads() -> None:
    """A case records the weights that its sea floor is from; the fixed cosines have none."""
    assert [path.name for path in get_source("pca").files({})] == ["pca.npz"]
    assert get_source("dct").files({}) == get_source("flat").files({}) == ()


@pytest.mark.parametrize("keep_land", [True, False])
def test_file_is_as_in_memory(pacific: xr.DataArray, tmp_path: Path, keep_land: bool) -> None:
    """From file to file, row by row, gives what the source gives in memory."""
    path, target = tmp_path / "in.nc", tmp_path / "out.nc"
    pacific.astype("int16").to_dataset(name="elevation").to_netcdf(path)
    seen: list[float] = []

    class Progress:
        def update(self, *, completed: float | None = None, description: str | None = None) -> None:
            seen.append(completed or 0)

    reconstruct_file(path, target, load_codec("pca"), keep_land=keep_land, progress=Progress())
    wanted = apply_source(get_source("pca"), pacific, keep_land=keep_land)
    made = read_window(target)
    np.testing.assert_allclose(made.values, wanted.values, atol=0.01)
    assert (made["lat"] == pacific["lat"]).all()
    assert seen == sorted(seen)
    assert seen[-1] == pacific.shape[0]
    with pytest.raises(UsageError, match="--force"):
        reconstruct_file(path, target, load_codec("pca"))


@pytest.mark.parametrize("repeated", [0, 1])
def test_global_file_is_closed(tmp_path: Path, repeated: int) -> None:
    """At 0 and 360 degrees a global grid goes on, with and without its first meridian twice."""
    size = 288
    lon = np.arange(size + repeated) * 360 / size
    lat = np.linspace(-40, 40, 97)
    rough = 900 * np.cos(np.radians(7 * lon)) * np.sin(np.radians(5 * lat))[:, None]
    path, target = tmp_path / "globe.nc", tmp_path / "out.nc"
    grid = xr.DataArray(-4000 + rough, {"lat": lat, "lon": lon}, ("lat", "lon"))
    grid.to_dataset(name="elevation").to_netcdf(path)
    made = reconstruct_file(path, target, load_codec("dct", latents=12), keep_land=False)
    assert (made.rows, made.columns, made.held) == (97, size + repeated, 0)
    values = read_window(target).values
    error = values - grid.values
    assert made.sea_rms_m == pytest.approx(np.sqrt((error[:, :size] ** 2).mean()), rel=1e-3)
    closing = np.abs(values[:, 0] - values[:, -1 - repeated]).max()
    assert closing < 1.1 * np.abs(np.diff(values, axis=1)).max()
    if repeated:
        assert (values[:, 0] == values[:, -1]).all()


def test_window_in_degrees(pacific: xr.DataArray, tmp_path: Path) -> None:
    """Rims belong to the window, in any convention of longitude; beyond the file is refused."""
    path = tmp_path / "in.nc"
    pacific.astype("int16").to_dataset(name="elevation").to_netcdf(path)
    rows, columns = grid_window(path, (140.0, 150.0, 30.0, 40.0))
    assert pacific["lat"].values[rows][[0, -1]] == pytest.approx([30, 40])
    assert pacific["lon"].values[columns][[0, -1]] == pytest.approx([140, 150])
    assert grid_window(path, (-220.0, -210.0, 30.0, 40.0)) == (rows, columns)
    assert grid_window(path, None) == (slice(0, 255), slice(0, 327))
    with pytest.raises(UsageError, match=r"longitude 100 to 150.* is not within the file"):
        grid_window(path, (100.0, 150.0, 30.0, 40.0))


def test_window_of_a_file(pacific: xr.DataArray, tmp_path: Path) -> None:
    """Rows and columns choose a window on the ascending axes."""
    path, target = tmp_path / "in.nc", tmp_path / "out.nc"
    pacific[::-1].astype("int16").to_dataset(name="elevation").to_netcdf(path)
    codec: Codec = DctCodec(100)
    reconstruct_file(path, target, codec, rows=slice(20, 140), columns=slice(0, 100))
    made = read_window(target)
    wanted = apply_source(get_source("dct"), pacific[20:140, :100])
    np.testing.assert_allclose(made.values, wanted.values, atol=0.01)
    with pytest.raises(UsageError, match="give no window of 255 x 327 nodes"):
        reconstruct_file(path, tmp_path / "x.nc", codec, rows=slice(300, 400))


def test_projected_file_keeps_its_axes(write_projected: Path, tmp_path: Path) -> None:
    """A grid in metres comes out as a grid in metres."""
    target = tmp_path / "out.nc"
    reconstruct_file(write_projected, target, DctCodec(100))
    with netCDF4.Dataset(target) as dataset:
        assert dataset["elevation"].dimensions == ("y", "x")
        assert dataset["x"].units == "m"
        assert dataset["x"][:3].tolist() == [0, 500, 1000]


@pytest.fixture
def write_projected(tmp_path: Path) -> Path:
    """A sloping sea floor of 110 x 100 points, 500 m apart."""
    path = tmp_path / "projected.nc"
    with netCDF4.Dataset(path, "w") as dataset:
        for name, size in (("y", 110), ("x", 100)):
            dataset.createDimension(name, size)
            axis = dataset.createVariable(name, "f8", (name,))
            axis.units = "m"
            axis[:] = 500.0 * np.arange(size)
        variable = dataset.createVariable("z", "f4", ("y", "x"))
        variable.units = "m"
        variable[:] = -4000 + 10 * np.arange(110)[:, None] + np.arange(100)
    return path


def test_holes_in_a_file_are_told(write_projected: Path, tmp_path: Path) -> None:
    """Missing values are named with their rows, and no file is left."""
    with netCDF4.Dataset(write_projected, "a") as dataset:
        dataset["z"][50, 50] = np.nan
    target = tmp_path / "out.nc"
    with pytest.raises(ExacoupleError, match="missing within y 0 to 47500: fill them first"):
        reconstruct_file(write_projected, target, DctCodec(100))
    assert not target.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits of Unix")
def test_a_file_that_cannot_be_written_is_named(write_projected: Path, tmp_path: Path) -> None:
    """A quota or the like stops the writing: the file written is told, not the grid read."""
    target = tmp_path / "out.nc"
    program = (
        "import resource, signal, sys\n"
        "from exacouple.cli import entry\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (8192, resource.RLIM_INFINITY))\n"
        "sys.exit(entry())\n"
    )
    options = ("reconstruct", write_projected, "--model", "dct", "--out", target)
    ended = subprocess.run(
        [sys.executable, "-c", program, *options], capture_output=True, text=True
    )
    assert ended.returncode == 1
    assert f"cannot write {target}: " in ended.stderr
    assert "cannot read" not in ended.stderr
    assert [path.name for path in tmp_path.iterdir()] == [write_projected.name]


def test_a_damaged_grid_is_told(tmp_path: Path) -> None:
    """Bytes lost in the middle of a compressed grid are an error of the grid, not of the result."""
    path, target = tmp_path / "in.nc", tmp_path / "out.nc"
    grid = _grid(_rough((200, 200))).to_dataset(name="elevation")
    grid.to_netcdf(path, encoding={"elevation": {"zlib": True}})
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2 : len(damaged) // 2 + 64] = bytes(64)
    path.write_bytes(damaged)
    with pytest.raises(ExacoupleError, match=r"cannot read .*in\.nc .* damaged"):
        reconstruct_file(path, target, DctCodec(100))
    assert not target.exists()
