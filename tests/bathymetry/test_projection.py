"""Positions and grids land where independent formulas and published positions say."""

import math
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray

from exacouple.bathymetry import (
    bounds_of,
    embedded_grids,
    inspect,
    project_grid,
    project_points,
    projection,
    read_window,
    resample_grid,
    unproject_points,
)
from exacouple.errors import ExacoupleError, UsageError

TOHOKU = "+proj=aeqd +lat_0=38.3012 +lon_0=142.4018 +ellps=WGS84"
DOMAIN_X, DOMAIN_Y = (-499e3, 1299e3), (-949e3, 849e3)
WGS84 = (6378137.0, 1 / 298.257223563)


def _vincenty(
    lon1: float, lat1: float, lon2: float, lat2: float, ellipsoid: tuple[float, float] = WGS84
) -> tuple[float, float]:
    """Return distance (m) and azimuth (rad) of the second point as seen from the first.

    Vincenty (1975), Direct and inverse solutions of geodesics on the ellipsoid, Survey Review
    23(176), the inverse formula.
    """
    a, f = ellipsoid
    b = a * (1 - f)
    u1, u2 = (math.atan((1 - f) * math.tan(math.radians(lat))) for lat in (lat1, lat2))
    difference = lam = math.radians(lon2 - lon1)
    for _ in range(100):
        across = math.cos(u2) * math.sin(lam)
        along = math.cos(u1) * math.sin(u2) - math.sin(u1) * math.cos(u2) * math.cos(lam)
        sin_s = math.hypot(across, along)
        cos_s = math.sin(u1) * math.sin(u2) + math.cos(u1) * math.cos(u2) * math.cos(lam)
        s = math.atan2(sin_s, cos_s)
        sin_alpha = math.cos(u1) * math.cos(u2) * math.sin(lam) / sin_s
        cos2_alpha = 1 - sin_alpha**2
        cos_2m = cos_s - 2 * math.sin(u1) * math.sin(u2) / cos2_alpha
        c = f / 16 * cos2_alpha * (4 + f * (4 - 3 * cos2_alpha))
        turn = cos_2m + c * cos_s * (2 * cos_2m**2 - 1)
        lam = difference + (1 - c) * f * sin_alpha * (s + c * sin_s * turn)
    w = cos2_alpha * (a**2 - b**2) / b**2
    big_a = 1 + w / 16384 * (4096 + w * (-768 + w * (320 - 175 * w)))
    big_b = w / 1024 * (256 + w * (-128 + w * (74 - 47 * w)))
    inner = cos_s * (2 * cos_2m**2 - 1)
    inner -= big_b / 6 * cos_2m * (4 * sin_s**2 - 3) * (4 * cos_2m**2 - 3)
    delta = big_b * sin_s * (cos_2m + big_b / 4 * inner)
    return b * big_a * (s - delta), math.atan2(across, along)


def test_vincenty_gives_the_published_line() -> None:
    """Flinders Peak to Buninyong (GDA Technical Manual): 54972.271 m at 306 52 05.37."""
    flinders = (144 + 25 / 60 + 29.52440 / 3600, -(37 + 57 / 60 + 3.72030 / 3600))
    buninyong = (143 + 55 / 60 + 35.38390 / 3600, -(37 + 39 / 60 + 10.15610 / 3600))
    grs80 = (6378137.0, 1 / 298.257222101)
    distance, azimuth = _vincenty(*flinders, *buninyong, grs80)
    assert distance == pytest.approx(54972.271, abs=1e-3)
    published = 306 + 52 / 60 + 5.37 / 3600
    assert math.degrees(azimuth) % 360 == pytest.approx(published, abs=0.005 / 3600)


@pytest.mark.parametrize(
    ("lon", "lat"), [(148.694, 38.711), (155.736, 44.455), (152.1167, 30.5153), (138.0, 35.0)]
)
def test_dart_position_by_geodesic(lon: float, lat: float) -> None:
    """In the azimuthal equidistant projection a buoy is at its geodesic distance and azimuth."""
    distance, azimuth = _vincenty(142.4018, 38.3012, lon, lat)
    x, y = project_points(TOHOKU, lon, lat)
    assert float(x) == pytest.approx(distance * math.sin(azimuth), abs=1e-2)
    assert float(y) == pytest.approx(distance * math.cos(azimuth), abs=1e-2)


def test_dart_21418_is_near_its_published_place() -> None:
    """ExaHyPE's Tohoku set-up puts DART 21418 at (545.735, 62.716) km; its buoy drifts 2 km."""
    x, y = project_points(TOHOKU, 148.694, 38.711)
    assert math.hypot(float(x) - 545735, float(y) - 62716) < 2000


def test_way_back() -> None:
    """Unprojecting what was projected gives the position to a millionth of a second of arc."""
    lon, lat = np.array([140.0, 148.694, 155.736]), np.array([30.0, 38.711, 44.455])
    back = unproject_points(TOHOKU, *project_points(TOHOKU, lon, lat))
    np.testing.assert_allclose(back, (lon, lat), atol=3e-10)


def test_projection_in_kilometres_gives_metres() -> None:
    """A projection whose own unit is km still gives and takes metres."""
    x, y = project_points(TOHOKU + " +units=km", 148.694, 38.711)
    assert float(x) == pytest.approx(float(project_points(TOHOKU, 148.694, 38.711)[0]))
    lon, _ = unproject_points(TOHOKU + " +units=km", x, y)
    assert float(lon) == pytest.approx(148.694)


@pytest.mark.parametrize("crs", ["+proj=aequ +lat_0=38", "EPSG:99999999", "", "Tohoku"])
def test_unknown_projection_is_refused(crs: str) -> None:
    """The message gives the text and an example."""
    with pytest.raises(UsageError, match=r"projection '.*' is not known.*\+proj=aeqd"):
        project_points(crs, 0, 0)


@pytest.mark.parametrize("crs", ["EPSG:4326", "+proj=longlat +ellps=WGS84"])
def test_degrees_are_no_projection(crs: str) -> None:
    """Longitude and latitude as such are refused: engines compute in metres."""
    with pytest.raises(UsageError, match="not a map projection"):
        project_points(crs, 0, 0)


def test_point_that_cannot_be_projected_is_named() -> None:
    """The far side of a gnomonic projection has no place on the plane."""
    with pytest.raises(ExacoupleError, match=r"1 of 2 points.*longitude 180, latitude 0"):
        project_points("+proj=gnom +lat_0=0 +lon_0=0 +ellps=WGS84", [1.0, 180.0], [1.0, 0.0])


def test_tohoku_domain_lies_in_the_embedded_grid() -> None:
    """The upstream domain with 2 degrees of margin is within the shipped window."""
    bounds = bounds_of(TOHOKU, DOMAIN_X, DOMAIN_Y, margin_deg=2.0)
    info = inspect(embedded_grids()["etopo5-northwest-pacific"])
    assert info.x_range[0] < bounds.west < bounds.east < info.x_range[1]
    assert info.y_range[0] < bounds.south < bounds.north < info.y_range[1]


def test_maule_domain_and_dart_32412_lie_in_the_embedded_grid() -> None:
    """1800 km around Maule 2010 and the domain out to DART 32412 fit with 2 degrees of margin."""
    crs = "+proj=aeqd +lat_0=-35.9 +lon_0=-72.7 +ellps=WGS84"
    x, y = (float(value) for value in project_points(crs, -86.392, -17.975))
    info = inspect(embedded_grids()["etopo5-chile"])
    for ranges in (((-900e3, 900e3), (-900e3, 900e3)), ((x - 100e3, 300e3), (-300e3, y + 100e3))):
        bounds = bounds_of(crs, *ranges, margin_deg=2.0)
        assert info.x_range[0] < bounds.west < bounds.east < info.x_range[1]
        assert info.y_range[0] < bounds.south < bounds.north < info.y_range[1]


def test_bounds_hold_every_point_and_no_more() -> None:
    """All points of the domain are inside its bounds, and each side is touched."""
    bounds = bounds_of(TOHOKU, DOMAIN_X, DOMAIN_Y, margin_deg=0.0)
    x, y = np.meshgrid(np.linspace(*DOMAIN_X, 300), np.linspace(*DOMAIN_Y, 300))
    lon, lat = unproject_points(TOHOKU, x, y)
    found = (lon.min(), lon.max(), lat.min(), lat.max())
    wanted = (bounds.west, bounds.east, bounds.south, bounds.north)
    np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_bounds_across_the_date_line() -> None:
    """1000 km around 179E 0N reach from about 174.5 to 183.5, not round the Earth."""
    crs = "+proj=aeqd +lat_0=0 +lon_0=179 +ellps=WGS84"
    bounds = bounds_of(crs, (-500e3, 500e3), (-500e3, 500e3), margin_deg=1.0)
    np.testing.assert_allclose((bounds.west, bounds.east), (173.5, 184.5), atol=0.05)
    np.testing.assert_allclose((bounds.south, bounds.north), (-5.5, 5.5), atol=0.05)


def test_bounds_round_a_pole() -> None:
    """A domain with the North Pole in it has all longitudes and goes up to 90N."""
    crs = "+proj=stere +lat_0=90 +lon_0=0 +ellps=WGS84"
    bounds = bounds_of(crs, (-500e3, 500e3), (-500e3, 500e3), margin_deg=1.0)
    assert bounds.east - bounds.west == 360
    assert bounds.north == 90
    assert bounds.south == pytest.approx(90 - math.hypot(500, 500) / 111.7 - 1, abs=0.1)


def _plane(lat: NDArray[np.float64], lon: NDArray[np.float64]) -> xr.DataArray:
    values = -1000 + 30 * lon[None, :] - 20 * lat[:, None]
    return xr.DataArray(
        values, dims=("lat", "lon"), coords={"lat": lat, "lon": lon}, attrs={"units": "m"}
    )


def test_projected_plane_is_exact() -> None:
    """Bilinear interpolation gives a function linear in longitude and latitude exactly."""
    grid = _plane(np.arange(30.0, 47.0), np.arange(135.0, 156.0))
    x, y = np.linspace(-400e3, 700e3, 12), np.linspace(-600e3, 600e3, 9)
    out = project_grid(grid, TOHOKU, x, y)
    lon, lat = unproject_points(TOHOKU, *np.meshgrid(x, y))
    np.testing.assert_allclose(out.values, -1000 + 30 * lon - 20 * lat, atol=2e-1)
    assert out.dims == ("y", "x")
    assert out.dtype == np.float64
    assert out.attrs == {"units": "m", "crs": TOHOKU}


def test_bilinear_between_four_nodes() -> None:
    """The middle of four nodes is their mean, an edge's middle the mean of two."""
    grid = xr.DataArray(
        np.array([[0, 10], [20, 70]], dtype="f4"),
        dims=("y", "x"),
        coords={"y": [0.0, 1000.0], "x": [0.0, 1000.0]},
    )
    out = resample_grid(grid, [0.0, 500.0, 1000.0], [0.0, 500.0])
    assert out.values.tolist() == [[0.0, 5.0, 10.0], [10.0, 25.0, 40.0]]


def test_coarse_target_averages_relief_away() -> None:
    """Ridges of 1 km, sampled every 8 km, average out instead of aliasing to a false plateau."""
    axis = np.arange(-20e3, 20.5e3, 500.0)
    ridges = np.where(np.arange(axis.size) % 4 < 2, -3900.0, -4100.0)
    grid = xr.DataArray(
        np.tile(ridges, (axis.size, 1)), dims=("y", "x"), coords={"y": axis, "x": axis}
    )
    target = np.arange(-12e3, 13e3, 8e3)
    assert set(grid.interp(y=target, x=target).values.ravel()) == {-3900.0}
    np.testing.assert_allclose(resample_grid(grid, target, target).values, -4000, atol=15)


def test_average_over_geographic_cells() -> None:
    """Relief of 2 arc-minutes on a geographic grid averages out at a spacing of 20 km as well."""
    lat, lon = np.arange(36.0, 41.0, 1 / 60), np.arange(140.0, 145.0, 1 / 60)
    checks = (np.add.outer(np.arange(lat.size) // 2, np.arange(lon.size) // 2) % 2) * 400.0
    grid = xr.DataArray(
        checks - 4200, dims=("lat", "lon"), coords={"lat": lat, "lon": lon}, attrs={"units": "m"}
    )
    target = np.arange(-100e3, 101e3, 20e3)
    out = project_grid(grid, TOHOKU, target, target)
    np.testing.assert_allclose(out.values, -4000, atol=25)
    assert np.std(grid.interp(lat=lat[::11], lon=lon[::11]).values) > 150


def test_averaging_keeps_a_plane() -> None:
    """The mean over a square of a plane is its value in the middle, at the rim too."""
    axis = np.arange(0.0, 10_001.0, 100.0)
    grid = xr.DataArray(
        -axis[None, :] / 10 - axis[:, None] / 5, dims=("y", "x"), coords={"y": axis, "x": axis}
    )
    target = np.arange(1000.0, 9001.0, 1000.0)
    out = resample_grid(grid, target, target)
    np.testing.assert_allclose(out.values, -target[None, :] / 10 - target[:, None] / 5, atol=1e-9)


def test_blocks_of_rows_join(monkeypatch: pytest.MonkeyPatch) -> None:
    """Working row by row gives the same grid as working at once."""
    grid = _plane(np.arange(30.0, 47.0), np.arange(135.0, 156.0))
    x, y = np.linspace(-400e3, 700e3, 12), np.linspace(-600e3, 600e3, 9)
    whole = project_grid(grid, TOHOKU, x, y)
    monkeypatch.setattr(projection, "_BLOCK_POINTS", 1)
    xr.testing.assert_identical(project_grid(grid, TOHOKU, x, y), whole)


@pytest.mark.parametrize("turn", [-360.0, 0.0, 360.0])
def test_grid_in_any_convention_across_the_date_line(turn: float) -> None:
    """Around 179E, grids counted from -190, 170 or 530 give the same projected values."""
    crs = "+proj=aeqd +lat_0=0 +lon_0=179 +ellps=WGS84"
    lat, lon = np.arange(-8.0, 9.0), np.arange(170.0, 189.0)
    grid = _plane(lat, lon).assign_coords(lon=lon + turn)
    out = project_grid(grid, crs, [-300e3, 0.0, 300e3], [0.0])
    east = np.degrees(300e3 / WGS84[0])
    expected = -1000 + 30 * (179 + np.array([-east, 0, east]))
    np.testing.assert_allclose(out.values[0], expected, atol=1e-6)


def test_target_outside_is_refused() -> None:
    """Nodes outside the grid are counted and the first is located; nothing is extrapolated."""
    grid = _plane(np.arange(30.0, 47.0), np.arange(135.0, 146.0))
    with pytest.raises(ExacoupleError, match=r"1 nodes.*lat 38\.\d+, lon 150\.\d+.*135 to 145"):
        project_grid(grid, TOHOKU, [0.0, 700e3], [0.0])


def test_missing_values_are_not_passed_on() -> None:
    """A hole in the grid is an error where it is needed."""
    grid = _plane(np.arange(30.0, 47.0), np.arange(135.0, 156.0))
    grid[8, 7] = np.nan
    with pytest.raises(ExacoupleError, match="1 of 2 nodes of the new grid need missing values"):
        project_grid(grid, TOHOKU, [0.0, 500e3], [0.0])


def test_wrong_order_of_dimensions_is_a_programming_error() -> None:
    """A grid of (lon, lat) is not taken for one of (lat, lon)."""
    grid = _plane(np.arange(30.0, 47.0), np.arange(135.0, 156.0)).T
    with pytest.raises(ValueError, match="needed"):
        project_grid(grid, TOHOKU, [0.0], [0.0])


def test_projected_grid_is_the_one_of_the_real_engines_runs(reference_dir: Path) -> None:
    """The 2 km grid of the real engine's runs is met to its quantum of 1/128 m.

    Its longitudes came from an axis that ends at 359.92 instead of 359.91667 degrees, so they
    are stretched by 9.3e-6 (about 120 m at Japan); without that the grids differ by 3 m RMS.
    """
    path = reference_dir.parent / "exahype" / "netcdf" / "bathymetry_2km.nc"
    if not path.is_file():
        pytest.skip(f"no {path.name} beside the reference data")
    with xr.open_dataset(path) as dataset:
        wanted = dataset["z"].load()
    x, y = wanted["x"].values, wanted["y"].values
    bounds = bounds_of(TOHOKU, (x[0], x[-1]), (y[0], y[-1]), margin_deg=0.5)
    grid = read_window(embedded_grids()["etopo5-northwest-pacific"], bounds)
    difference = project_grid(grid, TOHOKU, x, y).values - wanted.values
    assert np.sqrt(np.mean(difference**2)) < 3
    assert np.abs(difference).max() < 70
    stretched = grid.assign_coords(lon=grid["lon"] * 12 * (359.92 / 4319))
    difference = project_grid(stretched, TOHOKU, x, y).values - wanted.values
    assert np.abs(difference).max() < 0.5 / 128 + 0.0006


def test_global_window_is_projected_round_the_pole() -> None:
    """Around the pole a grid of all longitudes has no seam."""
    crs = "+proj=stere +lat_0=90 +lon_0=0 +ellps=WGS84"
    lat, lon = np.arange(80.0, 91.0), np.arange(-181.0, 182.0)
    values = np.tile(-4000 + 10 * (90 - lat)[:, None], (1, lon.size))
    grid = xr.DataArray(values, dims=("lat", "lon"), coords={"lat": lat, "lon": lon})
    x = np.linspace(-300e3, 300e3, 7)
    out = project_grid(grid, crs, x, x)
    np.testing.assert_allclose(out.values, out.values[::-1, ::-1], atol=1e-6)
    np.testing.assert_allclose(out.values, out.values.T, atol=1e-6)
