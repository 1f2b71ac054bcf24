"""Displacement on projected grids from faults, NetCDF and dtopo files."""

import re
from dataclasses import dataclass, replace

import netCDF4
import numpy as np
import pytest
import xarray as xr
from scipy.ndimage import shift
from scipy.optimize import minimize

from exacouple.bathymetry import project_points
from exacouple.earthquake import displacement
from exacouple.earthquake.displacement import (
    displacement_from_faults,
    displacement_on,
    read_displacement_netcdf,
    read_dtopo,
)
from exacouple.earthquake.fault import FaultTable, read_fault_table
from exacouple.errors import ExacoupleError, UsageError
from exacouple.resources import simulations_dir

TOHOKU = "+proj=aeqd +lat_0=38.3012 +lon_0=142.4018 +ellps=WGS84"

# Vertical displacement (m) of the UCSB3 solution at longitude, latitude: GeoClaw (Clawpack 5.14.0),
# UCSBFault.create_dtopography on a sphere, subfaults taken by their centroids.
GEOCLAW_UCSB3 = [
    (141.0, 36.5, -0.8000),
    (141.0, 38.2, -0.6769),
    (142.0, 37.5, 0.2703),
    (142.0, 38.2, -2.3662),
    (142.8, 36.5, 0.7786),
    (142.8, 37.5, -3.5235),
    (142.8, 39.0, -3.5691),
    (143.4, 37.5, 11.7153),
    (143.4, 38.2, 6.2845),
    (144.0, 38.2, 12.0471),
    (144.0, 39.0, 4.6215),
    (145.0, 38.2, 0.2205),
]


@dataclass(frozen=True)
class Spec:
    """What a region file says."""

    kind: str
    file: str


def _at(faults, crs, lon, lat):
    x, y = project_points(crs, lon, lat)
    return float(displacement_from_faults(faults, crs, [float(x)], [float(y)])[0, 0])


def _faults(region):
    return read_fault_table(simulations_dir() / region / "fault.csv")


def _thrust(lon, lat, strike):
    one = np.ones(1)
    return FaultTable(
        lon * one,
        lat * one,
        10e3 * one,
        strike * one,
        20 * one,
        90 * one,
        5 * one,
        80e3 * one,
        30e3 * one,
        "centroid",
    )


def test_tohoku_agrees_with_geoclaw():
    """All subfaults together are within 0.4 % of the largest displacement of GeoClaw's field."""
    faults = _faults("tohoku")
    got = [_at(faults, TOHOKU, lon, lat) for lon, lat, _ in GEOCLAW_UCSB3]
    np.testing.assert_allclose(got, [up for *_, up in GEOCLAW_UCSB3], atol=0.048)


@pytest.mark.parametrize("strike", [0.0, 60.0, 200.0])
@pytest.mark.parametrize("crs", ["+proj=tmerc +lat_0=40 +lon_0=148", "+proj=aeqd +lon_0=148"])
def test_strike_follows_north_where_the_plane_turns(crs, strike):
    """Far from the middle of a projection the field stays where it is on the Earth.

    At 40 N, 6 degrees of longitude from the central meridian, north is turned by 3.9 degrees.
    """
    faults = _thrust(142.0, 40.0, strike)
    here = "+proj=aeqd +lat_0=40 +lon_0=142"
    points = [(142.3, 40.4), (141.8, 40.3), (142.1, 39.7), (141.6, 39.9)]
    crs = crs.replace("+proj=aeqd", "+proj=aeqd +lat_0=40")
    got = [_at(faults, crs, lon, lat) for lon, lat in points]
    expected = [_at(faults, here, lon, lat) for lon, lat in points]
    np.testing.assert_allclose(got, expected, atol=0.025)


def test_grid_is_north_up_and_ascending():
    """Rows are y, columns x, and a thrust that dips west lifts its eastern side."""
    faults = _thrust(142.4018, 38.3012, 180.0)
    x, y = np.arange(-60e3, 61e3, 10e3), np.arange(-20e3, 21e3, 10e3)
    grid = displacement_from_faults(faults, TOHOKU, x, y)
    assert grid.dims == ("y", "x")
    assert grid.attrs["units"] == "m"
    np.testing.assert_array_equal(grid["x"], x)
    np.testing.assert_array_equal(grid["y"], y)
    assert float(grid.sel(y=0, x=10e3)) > 1.0
    assert float(grid.sel(y=0, x=-20e3)) < -0.2


def test_blocks_do_not_show(monkeypatch):
    """The result is the same to the bit however the grid is cut into blocks."""
    faults = _faults("maule")
    crs = "+proj=aeqd +lat_0=-36 +lon_0=-73"
    x, y = np.linspace(-150e3, 150e3, 9), np.linspace(-200e3, 200e3, 11)
    whole = displacement_from_faults(faults, crs, x, y)
    monkeypatch.setattr(displacement, "_BLOCK_POINTS", 7)
    xr.testing.assert_identical(displacement_from_faults(faults, crs, x, y), whole)


def test_unknown_projection_is_refused():
    """The message of the projection is passed on."""
    with pytest.raises(UsageError, match="no-such-projection"):
        displacement_from_faults(_faults("maule"), "no-such-projection", [0.0], [0.0])


@pytest.mark.parametrize(
    ("region", "crs", "highest", "lowest"),
    [
        ("tohoku", TOHOKU, (10, 20), (-8, -4)),
        ("maule", "+proj=aeqd +lat_0=-36 +lon_0=-73", (3, 6), (-4, -1)),
        ("tokachi", "+proj=aeqd +lat_0=42 +lon_0=144", (0.5, 2), (-1, -0.2)),
    ],
)
def test_shipped_sources_lift_the_sea_side(region, crs, highest, lowest):
    """The largest uplift lies on the trench side of the largest subsidence."""
    x, y = np.arange(-300e3, 301e3, 15e3), np.arange(-300e3, 301e3, 15e3)
    grid = displacement_from_faults(_faults(region), crs, x, y)
    assert highest[0] < float(grid.max()) < highest[1]
    assert lowest[0] < float(grid.min()) < lowest[1]
    up, down = (
        np.array([x[i], y[j]])
        for j, i in (
            np.unravel_index(at, grid.shape) for at in (grid.values.argmax(), grid.values.argmin())
        )
    )
    to_the_sea = np.array([-1.0 if region == "maule" else 1.0, 0.0])
    assert (up - down) @ to_the_sea > 20e3


def test_maule_lifts_the_arauco_peninsula():
    """Lebu, on the peninsula of Arauco, rose by more than a metre; the valley behind sank."""
    faults, crs = _faults("maule"), "+proj=aeqd +lat_0=-36 +lon_0=-73"
    assert 1.0 < _at(faults, crs, -73.66, -37.61) < 2.5
    assert _at(faults, crs, -72.32, -35.97) < -0.1


def _ucsb3(reference_dir):
    with netCDF4.Dataset(reference_dir / "tohoku_ucsb3_displacement_2km.nc") as data:
        x, y, z = (np.array(data[name][:], dtype=float) for name in ("x", "y", "z"))
    return x[::2], y[::2], z[::2, ::2]


def _best_shift(field, target, spacing_km):
    """Return correlation and shift (east, north, km) of a field that fits a target best."""
    inner = (slice(8, -8), slice(8, -8))

    def misfit(offset):
        moved = shift(field, np.flip(offset) / spacing_km, order=3, mode="nearest")
        return -np.corrcoef(moved[inner].ravel(), target[inner].ravel())[0, 1]

    options = {"initial_simplex": [[0, 0], [-5, 0], [0, 5]], "xatol": 1e-2, "fatol": 1e-7}
    best = minimize(misfit, (0, 0), method="Nelder-Mead", options=options)
    return -best.fun, best.x


def test_exahype_displacement_is_ucsb3_read_as_upper_edges(reference_dir):
    """The displacement of ExaHyPE's Tohoku set-up follows from the table, read in another way.

    It takes the positions for middles of upper edges and has its origin at the epicentre of the
    USGS, 38.297 N 142.373 E, not where the set-up has it. Then the fields agree to 5 cm RMS.
    """
    x, y, expected = _ucsb3(reference_dir)
    edges = replace(_faults("tohoku"), reference="top_center")
    crs = "+proj=aeqd +lat_0=38.297 +lon_0=142.373 +ellps=WGS84"
    field = displacement_from_faults(edges, crs, x, y).values
    assert np.corrcoef(field.ravel(), expected.ravel())[0, 1] > 0.9995
    assert np.sqrt(np.mean((field - expected) ** 2)) < 0.06
    assert field.max() == pytest.approx(expected.max(), abs=0.06)
    assert field.min() == pytest.approx(expected.min(), abs=0.06)
    _, offset = _best_shift(field, expected, 4.0)
    assert np.hypot(*offset) < 0.3


def test_tohoku_source_lies_seaward_of_exahypes(reference_dir):
    """With centroids, as the table defines them, the same field lies 7 km further seaward."""
    x, y, expected = _ucsb3(reference_dir)
    field = displacement_from_faults(_faults("tohoku"), TOHOKU, x, y).values
    correlation, (east, north) = _best_shift(field, expected, 4.0)
    assert correlation > 0.998
    assert np.corrcoef(field.ravel(), expected.ravel())[0, 1] == pytest.approx(0.954, abs=3e-3)
    assert east == pytest.approx(-6.4, abs=0.3)
    assert north == pytest.approx(3.2, abs=0.3)


LON, LAT = np.array([142.0, 142.5, 143.0]), np.array([38.0, 38.5])
UPLIFT = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


def _dtopo3(path, *, lon=LON, rows=UPLIFT, header=()):
    lines = ["3 mx", "2 my", "2 mt", f"{lon[0]} xlower", "38.0 ylower", "0.0 t0", "0.5 dx"]
    lines += ["0.5 dy", "60.0 dt"]
    for index, line in dict(header).items():
        lines[index] = line
    for factor in (0.5, 1.0):
        lines += [" ".join(f"{factor * value:.3f}" for value in row) for row in rows[::-1]]
    path.write_text("\n".join(lines) + "\n")
    return path


def _dtopo1(path):
    lines = []
    for time, factor in ((0.0, 0.5), (60.0, 1.0)):
        for j in (1, 0):
            for i in range(3):
                lines.append(f"{time} {LON[i]} {LAT[j]} {factor * UPLIFT[j, i]}")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("kind", [None, 1, 3])
def test_dtopo_gives_the_last_time(tmp_path, kind):
    """Rows go from north to south in the file and come out ascending; times are kept."""
    path = _dtopo1(tmp_path / "d.tt1") if kind == 1 else _dtopo3(tmp_path / "d.tt3")
    grid = read_dtopo(path, kind)
    assert grid.dims == ("lat", "lon")
    np.testing.assert_array_equal(grid["lon"], LON)
    np.testing.assert_array_equal(grid["lat"], LAT)
    np.testing.assert_array_equal(grid, UPLIFT)
    assert grid.attrs["times_s"] == (0.0, 60.0)


def test_dtopo_type_is_told_from_the_first_line(tmp_path):
    """Four numbers start a file of type 1, whatever its name is."""
    np.testing.assert_array_equal(read_dtopo(_dtopo1(tmp_path / "any.txt")), UPLIFT)


@pytest.mark.parametrize("west", [142.0, -218.0])
def test_dtopo_on_a_projected_grid(tmp_path, west):
    """Nodes keep their values, middles get the mean, and all outside is zero."""
    _dtopo3(tmp_path / "d.tt3", lon=LON - 142.0 + west)
    crs = "+proj=aeqd +lat_0=38 +lon_0=142.5"
    lon, lat = np.array([142.5, 142.5, 142.75, 141.9, 142.5]), np.array([38, 38.5, 38.25, 38, 37.9])
    x, y = project_points(crs, lon, lat)
    got = [
        float(displacement_on(Spec("dtopo", "d.tt3"), crs, [a], [b], tmp_path)[0, 0])
        for a, b in zip(x, y, strict=True)
    ]
    np.testing.assert_allclose(got, [2.0, 5.0, 4.0, 0.0, 0.0], atol=1e-5)


def test_dtopo_warns_of_a_hard_rim(tmp_path, caplog):
    """A field that does not fade out towards the rim of its file is mentioned."""
    _dtopo3(tmp_path / "d.tt3")
    crs = "+proj=aeqd +lat_0=38 +lon_0=142.5"
    displacement_on(
        Spec("dtopo", "d.tt3"), crs, np.array([-9e4, 0.0]), np.array([0.0, 1.0]), tmp_path
    )
    assert "displacement up to 6.00 m at the rim" in caplog.text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "not a GeoClaw dtopo file"),
        ("3 mx\n2 my\n", "not a GeoClaw dtopo file"),
        ("0 142 38 1\n0 142.5 38 1\n0 142 38.5 1\n", "3 points for 1 times on a grid of 2"),
        ("0 142 38 one\n", "not a GeoClaw dtopo file"),
    ],
)
def test_damaged_dtopo_is_refused(tmp_path, content, message):
    """An empty file, a header alone, a missing point and a word are refused by name."""
    path = tmp_path / "d.txt"
    path.write_text(content)
    with pytest.raises(ExacoupleError, match=re.escape(message)) as caught:
        read_dtopo(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({2: "3 mt"}, "12 values where the header says 3 x 2 x 3"),
        ({6: "-0.5 dx"}, "dx -0.5"),
        ({4: "380000.0 ylower"}, "dtopo files in metres are not read"),
    ],
)
def test_wrong_dtopo_header_is_refused(tmp_path, header, message):
    """Too few values, a negative step and metres are told apart."""
    path = _dtopo3(tmp_path / "d.tt3", header=header)
    with pytest.raises(ExacoupleError, match=re.escape(message)):
        read_dtopo(path)


def test_dtopo_types_and_missing_files(tmp_path):
    """Type 2 and a file that is not there are refused."""
    with pytest.raises(UsageError, match="dtopo type 2: allowed are 1 and 3"):
        read_dtopo(tmp_path / "d.tt3", 2)
    with pytest.raises(UsageError, match=r"no such dtopo file: .*d\.tt3"):
        read_dtopo(tmp_path / "d.tt3")


def _netcdf(path, values=UPLIFT, *, dims=("y", "x"), coords=None, units="m"):
    coords = coords or {"y": [0.0, 1e4], "x": [-1e4, 0.0, 1e4]}
    grid = xr.DataArray(values, dims=dims, coords=coords, name="z", attrs={"units": units})
    grid.to_netcdf(path)
    return path


def test_netcdf_on_its_own_nodes_and_between(tmp_path):
    """Nodes keep their values, middles get the mean, and all outside is zero."""
    _netcdf(tmp_path / "d.nc")
    x, y = np.array([-2e4, -1e4, -5e3, 0.0, 1e4, 1.1e4]), np.array([0.0, 5e3, 1e4])
    grid = displacement_on(Spec("netcdf", "d.nc"), TOHOKU, x, y, tmp_path)
    np.testing.assert_allclose(grid[0], [0, 1, 1.5, 2, 3, 0])
    np.testing.assert_allclose(grid[1], [0, 2.5, 3, 3.5, 4.5, 0])
    assert grid.attrs["long_name"] == "vertical displacement of the sea floor"


def test_netcdf_in_degrees_and_centimetres(tmp_path):
    """Longitude and latitude are found by the projection, units are converted."""
    coords = {"lat": LAT, "lon": LON}
    _netcdf(tmp_path / "d.nc", 100 * UPLIFT, dims=("lat", "lon"), coords=coords, units="cm")
    np.testing.assert_allclose(read_displacement_netcdf(tmp_path / "d.nc"), UPLIFT)
    crs = "+proj=aeqd +lat_0=38 +lon_0=142.5"
    grid = displacement_on(Spec("netcdf", "d.nc"), crs, np.array([0.0]), np.array([0.0]), tmp_path)
    assert float(grid[0, 0]) == pytest.approx(2.0)


def test_netcdf_that_cannot_be_a_displacement(tmp_path):
    """Missing values and kilometres of relief are refused with the file's name."""
    holes = np.where(UPLIFT == 5.0, np.nan, UPLIFT)
    with pytest.raises(ExacoupleError, match=r"holes\.nc.*1 of 6"):
        read_displacement_netcdf(_netcdf(tmp_path / "holes.nc", holes))
    with pytest.raises(ExacoupleError, match=r"sea\.nc: a displacement of 6000 m"):
        read_displacement_netcdf(_netcdf(tmp_path / "sea.nc", -1000 * UPLIFT))
    with pytest.raises(UsageError, match=r"none\.nc"):
        read_displacement_netcdf(tmp_path / "none.nc")


def test_faults_by_name(tmp_path):
    """A region's fault table gives the sum of its subfaults."""
    x, y = np.array([0.0, 50e3]), np.array([-40e3, 40e3])
    spec = Spec("faults", "fault.csv")
    crs = "+proj=aeqd +lat_0=-36 +lon_0=-73"
    got = displacement_on(spec, crs, x, y, simulations_dir() / "maule")
    xr.testing.assert_identical(got, displacement_from_faults(_faults("maule"), crs, x, y))


def test_unknown_kind_is_refused(tmp_path):
    """The message lists the kinds there are."""
    with pytest.raises(UsageError, match="'fault': allowed are faults, netcdf and dtopo"):
        displacement_on(Spec("fault", "f"), TOHOKU, np.zeros(1), np.zeros(1), tmp_path)
