"""What a grid file holds is found before it is loaded."""

from collections.abc import Callable
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from exacouple.bathymetry import inspect
from exacouple.errors import ExacoupleError

WriteGrid = Callable[..., Path]

DEPTHS = -1000 * np.ones((3, 4))
LAT, LON = [10.0, 11.0, 12.0], [140.0, 141.0, 142.0, 143.0]
NORTH, EAST = {"units": "degrees_north"}, {"units": "degrees_east"}


def test_gebco_layout(write_grid: WriteGrid) -> None:
    """GEBCO: elevation(lat, lon), int16 metres, whatever its standard_name claims."""
    path = write_grid(
        DEPTHS,
        y=LAT,
        x=LON,
        y_attributes=NORTH,
        x_attributes=EAST,
        attributes={"units": "m", "standard_name": "height_above_reference_ellipsoid"},
    )
    info = inspect(path)
    assert (info.variable, info.kind, info.dims) == ("elevation", "geographic", ("lat", "lon"))
    assert (info.shape, info.dtype, info.to_metres) == ((3, 4), "int16", 1.0)
    assert (info.x_range, info.y_range, info.spacing) == ((140.0, 143.0), (10.0, 12.0), (1.0, 1.0))
    assert not info.periodic


def test_etopo_2022_layout_with_its_crs_variable(write_grid: WriteGrid) -> None:
    """ETOPO 2022: float z(lat, lon) beside a scalar character variable crs."""
    path = write_grid(
        DEPTHS, y=LAT, x=LON, variable="z", dtype="f4", attributes={"units": "meters"}
    )
    with netCDF4.Dataset(path, "a") as dataset:
        dataset.createVariable("crs", "S1", ())
    assert (inspect(path).variable, inspect(path).to_metres) == ("z", 1.0)


def test_gmt_grid_without_units_within_degrees_is_geographic(write_grid: WriteGrid) -> None:
    """ETOPO 1 and 2 as GMT wrote them: z(y, x) without any unit, x -180 to 180."""
    path = write_grid(
        np.zeros((3, 5)), y=[-90, 0, 90], x=[-180, -90, 0, 90, 180], dims=("y", "x"), variable="z"
    )
    assert inspect(path).kind == "geographic"
    assert inspect(path).periodic


def test_x_and_y_in_metres_are_projected(write_grid: WriteGrid) -> None:
    """Plain x, y, z with values beyond degrees are a projected grid in metres."""
    path = write_grid(
        DEPTHS, y=[0, 2000, 4000], x=[-500, 1500, 3500, 5500], dims=("y", "x"), variable="z"
    )
    info = inspect(path)
    assert (info.kind, info.spacing) == ("projected", (2000.0, 2000.0))


def test_small_projected_grid_is_known_by_its_unit(write_grid: WriteGrid) -> None:
    """A unit of metres makes x and y projected even where their numbers would do as degrees."""
    metres = {"units": "m"}
    path = write_grid(
        DEPTHS,
        y=[0, 1, 2],
        x=[0, 1, 2, 3],
        dims=("y", "x"),
        variable="z",
        y_attributes=metres,
        x_attributes=metres,
    )
    assert inspect(path).kind == "projected"


def test_metres_under_the_name_of_latitude_are_projected(write_grid: WriteGrid) -> None:
    """The unit decides, not the name: ASAGI grids call projected metres lat and lon."""
    metres = {"units": "m"}
    path = write_grid(
        DEPTHS, y=[0, 1e3, 2e3], x=[0, 1e3, 2e3, 3e3], y_attributes=metres, x_attributes=metres
    )
    assert inspect(path).kind == "projected"


def test_degrees_under_the_names_of_x_and_y_are_geographic(write_grid: WriteGrid) -> None:
    """ETOPO 1 by GMT 4 has x and y in plain 'degrees'."""
    degrees = {"units": "degrees"}
    path = write_grid(
        DEPTHS, y=LAT, x=LON, dims=("y", "x"), y_attributes=degrees, x_attributes=degrees
    )
    assert inspect(path).kind == "geographic"


def test_unknown_unit_of_x_is_refused(write_grid: WriteGrid) -> None:
    """Projected coordinates in an unknown unit are refused with what is allowed."""
    leagues = {"units": "leagues"}
    path = write_grid(
        DEPTHS, y=[0, 1, 2], x=LON, dims=("y", "x"), y_attributes=leagues, x_attributes=leagues
    )
    with pytest.raises(ExacoupleError, match=r"unit 'leagues' of 'y'.*degrees_north"):
        inspect(path)


def test_projected_kilometres_become_metres(write_grid: WriteGrid) -> None:
    """Coordinates in km are told in metres."""
    km = {"units": "km"}
    path = write_grid(
        DEPTHS,
        y=[0, 2, 4],
        x=[0, 2, 4, 6],
        dims=("y", "x"),
        variable="z",
        y_attributes=km,
        x_attributes=km,
    )
    assert inspect(path).x_range == (0.0, 6000.0)


@pytest.mark.parametrize(
    ("names", "units"),
    [
        (("latitude", "longitude"), ("", "")),
        (("Y", "X"), ("degree_N", "degreesE")),
        (("north_south", "west_east"), ("degrees_north", "degrees_east")),
        (("ETOPO05_Y", "ETOPO05_X"), ("degrees_N", "degrees_E")),
    ],
)
def test_axes_are_known_by_name_or_unit(
    write_grid: WriteGrid, names: tuple[str, str], units: tuple[str, str]
) -> None:
    """All spellings of degrees north and east that CF allows, and the usual names, are known."""
    path = write_grid(
        DEPTHS,
        y=LAT,
        x=LON,
        dims=names,
        y_attributes={"units": units[0]} if units[0] else None,
        x_attributes={"units": units[1]} if units[1] else None,
    )
    assert (inspect(path).kind, inspect(path).dims) == ("geographic", names)


def test_axes_that_cannot_be_told_are_refused(write_grid: WriteGrid) -> None:
    """Dimensions without a telling name or unit are not guessed, as they may be swapped."""
    path = write_grid(DEPTHS, y=LAT, x=LON, dims=("row", "column"))
    with pytest.raises(ExacoupleError, match=r"grid\.nc.*elevation\(row, column\).*lat and lon"):
        inspect(path)


def test_single_variable_in_a_length_is_taken(write_grid: WriteGrid) -> None:
    """A variable of another name is taken if it is the only one in a unit of length."""
    path = write_grid(DEPTHS, y=LAT, x=LON, variable="relief", attributes={"units": "metres"})
    assert inspect(path).variable == "relief"


def test_missing_elevation_lists_what_is_there(write_grid: WriteGrid) -> None:
    """Without an elevation the message lists the variables, dimensions and the names wanted."""
    path = write_grid(DEPTHS, y=LAT, x=LON, variable="sst", attributes={"units": "K"})
    with pytest.raises(ExacoupleError, match=r"sst\(lat, lon\).*elevation, z, Band1"):
        inspect(path)


def test_gebco_type_identifier_grid_is_not_elevation(write_grid: WriteGrid) -> None:
    """GEBCO's TID grid (codes 0 to 72) is not taken for heights."""
    path = write_grid(DEPTHS * 0, y=LAT, x=LON, variable="tid", attributes={"units": "m"})
    with pytest.raises(ExacoupleError, match=r"no elevation found.*tid\(lat, lon\)"):
        inspect(path)


def test_file_without_variables_says_so(tmp_path: Path) -> None:
    """An empty NetCDF file is refused."""
    netCDF4.Dataset(tmp_path / "empty.nc", "w").close()
    with pytest.raises(ExacoupleError, match=r"empty\.nc.*holds no variable"):
        inspect(tmp_path / "empty.nc")


@pytest.mark.parametrize("count", [0, 1])
def test_grid_of_one_row_is_refused(write_grid: WriteGrid, count: int) -> None:
    """A grid without extent in one direction is refused."""
    path = write_grid(DEPTHS[:count], y=LAT[:count], x=LON)
    with pytest.raises(ExacoupleError, match=f"'lat' has {count} values: 2 are needed"):
        inspect(path)


def test_text_as_coordinates_is_refused(tmp_path: Path) -> None:
    """A coordinate variable of words is refused."""
    with netCDF4.Dataset(tmp_path / "a.nc", "w") as dataset:
        for dim in ("lat", "lon"):
            dataset.createDimension(dim, 2)
            dataset.createVariable(dim, str, (dim,))[:] = np.array(["a", "b"], dtype=object)
        dataset.createVariable("z", "f4", ("lat", "lon"))[:] = -1
    with pytest.raises(ExacoupleError, match="'lat' does not hold numbers"):
        inspect(tmp_path / "a.nc")


def test_dimension_without_coordinates_is_refused(tmp_path: Path) -> None:
    """A grid whose dimension has no coordinate variable is refused, naming the dimension."""
    with netCDF4.Dataset(tmp_path / "a.nc", "w") as dataset:
        dataset.createDimension("lat", 2)
        dataset.createDimension("lon", 2)
        dataset.createVariable("z", "f4", ("lat", "lon"))[:] = -1
    with pytest.raises(ExacoupleError, match=r"dimension 'lat'.*no coordinate variable"):
        inspect(tmp_path / "a.nc")


@pytest.mark.parametrize(
    ("unit", "factor"),
    [("km", 1000.0), ("cm", 0.01), ("feet", 0.3048), ("fathoms", 1.8288), ("Meters", 1.0)],
)
def test_units_of_height(write_grid: WriteGrid, unit: str, factor: float) -> None:
    """Units of length are turned into metres by their definition."""
    path = write_grid(DEPTHS, y=LAT, x=LON, attributes={"units": unit})
    assert inspect(path).to_metres == factor


def test_unknown_unit_is_refused(write_grid: WriteGrid) -> None:
    """An unknown unit is refused with its value, the variable and what is allowed."""
    path = write_grid(DEPTHS, y=LAT, x=LON, attributes={"units": "furlong"})
    with pytest.raises(
        ExacoupleError, match=r"grid\.nc: unit 'furlong' of 'elevation'.*m, km, cm, feet"
    ):
        inspect(path)


@pytest.mark.parametrize(
    "attributes",
    [{"positive": "down"}, {"standard_name": "sea_floor_depth_below_mean_sea_level"}],
)
def test_depth_downward_by_attribute(write_grid: WriteGrid, attributes: dict[str, str]) -> None:
    """An attribute that says depth turns the sign."""
    path = write_grid(
        -DEPTHS, y=LAT, x=LON, variable="depth", attributes={"units": "m", **attributes}
    )
    assert inspect(path).to_metres == -1.0


@pytest.mark.parametrize("name", ["depth", "Bathymetry"])
def test_depth_without_direction_is_refused(write_grid: WriteGrid, name: str) -> None:
    """A depth that does not say whether it counts downward is refused, with the attribute."""
    path = write_grid(-DEPTHS, y=LAT, x=LON, variable=name, attributes={"units": "m"})
    with pytest.raises(ExacoupleError, match=rf"'{name}'.*attribute 'positive'"):
        inspect(path)


def test_nonsense_direction_is_refused(write_grid: WriteGrid) -> None:
    """Any 'positive' but up and down is refused."""
    path = write_grid(DEPTHS, y=LAT, x=LON, attributes={"positive": "east"})
    with pytest.raises(ExacoupleError, match="'positive' of 'elevation' is 'east'"):
        inspect(path)


@pytest.mark.parametrize(
    ("lat", "said"),
    [
        ([10.0, 12.0, 11.0], "neither rises nor falls"),
        ([12.0, 10.0, 11.0], r"neither rises nor falls throughout \(near 11\)"),
        ([10.0, 10.0, 11.0], "neither rises nor falls"),
        ([10.0, 11.0, 20.0], "gap or an irregular step at 11"),
        ([10.0, np.nan, 11.0], "1 of 3 'lat' are missing"),
        ([89.0, 90.0, 91.0], "beyond 90 degrees"),
        ([-1049000.0, -1047000.0, -1045000.0], "beyond 90 degrees: if these are metres"),
    ],
)
def test_bad_coordinates_are_refused(write_grid: WriteGrid, lat: list[float], said: str) -> None:
    """Unsorted, repeated, missing, gapped or impossible latitudes are refused with the place."""
    with pytest.raises(ExacoupleError, match=rf"grid\.nc.*{said}"):
        inspect(write_grid(DEPTHS, y=lat, x=LON))


def test_mercator_spaced_latitudes_are_accepted(write_grid: WriteGrid) -> None:
    """Latitudes that draw together smoothly (Smith and Sandwell) are no gap."""
    lat = np.degrees(np.arctan(np.sinh(np.radians(np.arange(60.0, 70.0, 0.5)))))
    path = write_grid(-np.ones((lat.size, 4)), y=lat, x=LON)
    assert inspect(path).shape == (20, 4)


def test_longitudes_beyond_a_full_turn_are_refused(write_grid: WriteGrid) -> None:
    """More than 360 degrees of longitude are refused."""
    path = write_grid(-np.ones((3, 9)), y=LAT, x=np.linspace(0, 400, 9))
    with pytest.raises(ExacoupleError, match="span 400 degrees"):
        inspect(path)
