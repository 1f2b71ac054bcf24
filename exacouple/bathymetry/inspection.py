"""Find the elevation in a NetCDF grid, its axes, unit, sign and missing values, before loading."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

import netCDF4
import numpy as np
import numpy.typing as npt

from exacouple.errors import ExacoupleError
from exacouple.netcdf import open_netcdf

_log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float64]
Variable: TypeAlias = "netCDF4.Variable[Any]"
Kind = Literal["geographic", "projected"]
Role = Literal["lat", "lon", "y", "x"]

ELEVATION_NAMES = ("elevation", "z", "Band1", "altitude", "topo", "topography", "ROSE")
LENGTH_UNITS = {
    "m": 1.0,
    "meter": 1.0,
    "meters": 1.0,
    "metre": 1.0,
    "metres": 1.0,
    "km": 1000.0,
    "kilometer": 1000.0,
    "kilometers": 1000.0,
    "kilometre": 1000.0,
    "kilometres": 1000.0,
    "cm": 0.01,
    "centimeter": 0.01,
    "centimeters": 0.01,
    "centimetre": 0.01,
    "centimetres": 0.01,
    "ft": 0.3048,
    "foot": 0.3048,
    "feet": 0.3048,
    "fathom": 1.8288,
    "fathoms": 1.8288,
}
_NOT_ELEVATION = ("tid", "sid")
_DEPTH_STANDARD_NAMES = (
    "depth",
    "depth_below_geoid",
    "sea_floor_depth",
    "sea_floor_depth_below_geoid",
    "sea_floor_depth_below_geopotential_datum",
    "sea_floor_depth_below_mean_sea_level",
    "sea_floor_depth_below_reference_ellipsoid",
    "sea_floor_depth_below_sea_surface",
)
_ROLE_OF_NAME: dict[str, Role] = {
    "lat": "lat",
    "latitude": "lat",
    "lon": "lon",
    "long": "lon",
    "longitude": "lon",
    "x": "x",
    "easting": "x",
    "y": "y",
    "northing": "y",
}
_ROLE_OF_STANDARD_NAME: dict[str, Role] = {
    "latitude": "lat",
    "longitude": "lon",
    "projection_x_coordinate": "x",
    "projection_y_coordinate": "y",
}
_ROLE_OF_UNIT: dict[str, Role] = {
    "degreenorth": "lat",
    "degreesnorth": "lat",
    "degreen": "lat",
    "degreesn": "lat",
    "degreeeast": "lon",
    "degreeseast": "lon",
    "degreee": "lon",
    "degreese": "lon",
}
_DEGREES = ("degree", "degrees", "deg")
_MAX_SPACING_CHANGE = 1.1


@dataclass(frozen=True)
class GridInfo:
    """What a grid file holds, found without loading the values.

    Attributes
    ----------
    path : Path
    variable : str
        Name of the elevation variable.
    kind : {"geographic", "projected"}
    dims : tuple of str
        Names of the two dimensions in the file, south-north first.
    transposed : bool
        True where the file stores west-east as the slow dimension.
    shape : tuple of int
        Numbers of rows (south-north) and columns (west-east).
    x_range, y_range : tuple of float
        First and last node, ascending: degrees, or metres where projected.
    spacing : tuple of float
        Median distance of nodes west-east and south-north: degrees, or metres where projected.
    dtype : str
        Type of the stored values.
    units : str
        Unit as the file gives it; empty where it gives none and metres are taken.
    to_metres : float
        Factor from unpacked values to metres, negative where the file counts depth downward.
    periodic : bool
        True where the columns go once round the Earth.
    """

    path: Path
    variable: str
    kind: Kind
    dims: tuple[str, str]
    transposed: bool
    shape: tuple[int, int]
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    spacing: tuple[float, float]
    dtype: str
    units: str
    to_metres: float
    periodic: bool

    def extent(self) -> str:
        """Return the covered range as text for messages."""
        (west, east), (south, north) = self.x_range, self.y_range
        if self.kind == "geographic":
            return f"longitude {west:g} to {east:g}, latitude {south:g} to {north:g}"
        return f"x {west / 1e3:g} to {east / 1e3:g} km, y {south / 1e3:g} to {north / 1e3:g} km"


@dataclass(frozen=True, eq=False)
class Axis:
    """One axis of a grid.

    Attributes
    ----------
    name : str
        Name of the dimension in the file.
    role : {"lat", "lon", "y", "x"}
    values : ndarray of float64
        Ascending; degrees for "lat" and "lon", metres for "y" and "x".
    descending : bool
        True where the file stores the values from high to low.
    """

    name: str
    role: Role
    values: Floats
    descending: bool


def inspect(path: str | Path) -> GridInfo:
    """Look at a grid file without loading its values.

    Understood are GEBCO 2019 to 2026 (``elevation(lat, lon)``), ETOPO 1, 2, 5 and 2022 and GMT
    grids (``z``), GDAL's ``Band1``, and any file with one two-dimensional variable in a unit of
    length, on latitude and longitude in degrees or on projected x and y.

    Parameters
    ----------
    path : str or Path
        A NetCDF file.

    Raises
    ------
    UsageError
        There is no such file.
    ExacoupleError
        The file is damaged or not NetCDF, or its elevation, axes, unit or sign cannot be told.
        The message lists what the file holds.
    """
    path = Path(path)
    with open_netcdf(path) as dataset:
        info, _, _ = describe(dataset, path)
    return info


def describe(dataset: netCDF4.Dataset, path: Path) -> tuple[GridInfo, Axis, Axis]:
    """Return what `inspect` tells, with the south-north and the west-east axis."""
    variable = _elevation_variable(dataset, path)
    first, second = _axes(dataset, variable, path)
    transposed = first.role in ("lon", "x")
    y_axis, x_axis = (second, first) if transposed else (first, second)
    kind: Kind = "geographic" if y_axis.role == "lat" else "projected"
    spacing = float(np.median(np.diff(x_axis.values))), float(np.median(np.diff(y_axis.values)))
    width = float(x_axis.values[-1] - x_axis.values[0])
    if kind == "geographic":
        _check_degrees(y_axis, width, path)
    info = GridInfo(
        path=path,
        variable=variable.name,
        kind=kind,
        dims=(y_axis.name, x_axis.name),
        transposed=transposed,
        shape=(y_axis.values.size, x_axis.values.size),
        x_range=(float(x_axis.values[0]), float(x_axis.values[-1])),
        y_range=(float(y_axis.values[0]), float(y_axis.values[-1])),
        spacing=spacing,
        dtype=str(variable.dtype),
        units=_text(variable, "units"),
        to_metres=_to_metres(variable, path),
        periodic=kind == "geographic" and width + _MAX_SPACING_CHANGE * spacing[0] >= 360,
    )
    return info, y_axis, x_axis


def _elevation_variable(dataset: netCDF4.Dataset, path: Path) -> Variable:
    grids = {
        name: variable
        for name, variable in dataset.variables.items()
        if variable.ndim == 2
        and getattr(variable.dtype, "kind", "") in "iuf"
        and name.lower() not in _NOT_ELEVATION
    }
    for known in ELEVATION_NAMES:
        if known in grids:
            return grids[known]
    lengths = [
        variable
        for variable in grids.values()
        if _text(variable, "units").lower() in LENGTH_UNITS
        and all(dim in dataset.variables for dim in variable.dimensions)
    ]
    if len(lengths) == 1:
        return lengths[0]
    held = ", ".join(_signature(variable) for variable in dataset.variables.values())
    raise ExacoupleError(
        f"{path}: no elevation found. The file holds {held or 'no variable'}. Wanted is one "
        f"two-dimensional variable named {', '.join(ELEVATION_NAMES)}, or a single one whose "
        "attribute 'units' is a length: rename it (e.g. with 'ncrename') or cut the others out"
    )


def _signature(variable: Variable) -> str:
    return f"{variable.name}({', '.join(variable.dimensions)})"


def _axes(dataset: netCDF4.Dataset, variable: Variable, path: Path) -> tuple[Axis, Axis]:
    """Return the two axes in the order of the file."""
    found = []
    for dim in variable.dimensions:
        coordinate = dataset.variables.get(dim)
        if coordinate is None or coordinate.dimensions != (dim,):
            raise ExacoupleError(
                f"{path}: dimension '{dim}' of {_signature(variable)} has no coordinate variable "
                f"'{dim}({dim})': add one with degrees or metres (curvilinear grids are not read)"
            )
        found.append((coordinate, _numbers(coordinate, path)))
    roles = [_role(coordinate) for coordinate, _ in found]
    if set(roles) == {"x", "y"} and _are_degrees(found, roles):
        _log.info("%s: x and y without unit lie within degrees: taken as lon and lat", path)
        roles = ["lon" if role == "x" else "lat" for role in roles]
    if set(roles) not in ({"lat", "lon"}, {"x", "y"}):
        raise ExacoupleError(
            f"{path}: cannot tell which of the dimensions of {_signature(variable)} is which: "
            "name them lat and lon (degrees), or x and y (projected metres)"
        )
    axes = [
        _axis(coordinate, values, role, path)
        for (coordinate, values), role in zip(found, cast("list[Role]", roles), strict=True)
    ]
    return axes[0], axes[1]


def _role(coordinate: Variable) -> Role | None:
    units = _text(coordinate, "units").lower().replace("_", "")
    if units in _ROLE_OF_UNIT:
        return _ROLE_OF_UNIT[units]
    by_name = (
        _ROLE_OF_STANDARD_NAME.get(_text(coordinate, "standard_name").lower())
        or _ROLE_OF_NAME.get(coordinate.name.lower())
        or _ROLE_OF_NAME.get(_text(coordinate, "long_name").lower())
    )
    if by_name is None:
        return None
    vertical = by_name in ("lat", "y")
    if units in _DEGREES:
        return "lat" if vertical else "lon"
    if units in LENGTH_UNITS:
        return "y" if vertical else "x"
    return by_name


def _are_degrees(found: list[tuple[Variable, Floats]], roles: list[Role | None]) -> bool:
    """Tell whether x and y of a GMT-like file without units are longitude and latitude."""
    limits = {"x": 360.0, "y": 90.0}
    return all(
        not _text(coordinate, "units") and bool(np.abs(values).max() <= limits[str(role)])
        for (coordinate, values), role in zip(found, roles, strict=True)
    )


def _axis(coordinate: Variable, values: Floats, role: Role, path: Path) -> Axis:
    if role in ("x", "y"):
        units = _text(coordinate, "units").lower()
        if units and units not in LENGTH_UNITS:
            raise _unknown_unit(coordinate, path)
        values = values * LENGTH_UNITS.get(units, 1.0)
    descending = bool(values[0] > values[-1])
    ascending = values[::-1].copy() if descending else values
    steps = np.diff(ascending)
    if steps.min() <= 0:
        at = ascending[int(np.argmin(steps))]
        raise ExacoupleError(
            f"{path}: '{coordinate.name}' neither rises nor falls throughout (near {at:g}): "
            "sort the grid first"
        )
    ratios = np.maximum(steps[1:] / steps[:-1], steps[:-1] / steps[1:])
    if ratios.size and ratios.max() > _MAX_SPACING_CHANGE:
        index = int(np.argmax(ratios)) + 1
        raise ExacoupleError(
            f"{path}: '{coordinate.name}' has a gap or an irregular step at {ascending[index]:g} "
            f"(steps of {steps[index - 1]:g} and {steps[index]:g}): regrid the file first"
        )
    return Axis(coordinate.name, role, ascending, descending)


def _numbers(coordinate: Variable, path: Path) -> Floats:
    coordinate.set_auto_maskandscale(True)
    try:
        values = np.ma.filled(np.ma.asarray(coordinate[:], dtype=np.float64), np.nan)
    except (TypeError, ValueError) as exc:
        raise ExacoupleError(f"{path}: '{coordinate.name}' does not hold numbers") from exc
    if values.size < 2:
        raise ExacoupleError(f"{path}: '{coordinate.name}' has {values.size} values: 2 are needed")
    bad = np.count_nonzero(~np.isfinite(values))
    if bad:
        raise ExacoupleError(f"{path}: {bad} of {values.size} '{coordinate.name}' are missing")
    return values


def _check_degrees(lat: Axis, width: float, path: Path) -> None:
    worst = max(lat.values[0], lat.values[-1], key=abs)
    if abs(worst) > 90.001:
        raise ExacoupleError(
            f"{path}: '{lat.name}' holds {worst:g}, beyond 90 degrees: if these are metres, give "
            f"its attribute 'units' as 'm' (e.g. 'ncatted -a units,{lat.name},o,c,m')"
        )
    if width > 360.001:
        raise ExacoupleError(f"{path}: the longitudes span {width:g} degrees: at most 360 can be")


def _to_metres(variable: Variable, path: Path) -> float:
    units = _text(variable, "units").lower()
    if not units:
        _log.info("%s: '%s' has no unit: metres are taken", path, variable.name)
    elif units not in LENGTH_UNITS:
        raise _unknown_unit(variable, path)
    factor = LENGTH_UNITS.get(units, 1.0)
    positive = _text(variable, "positive").lower()
    if positive not in ("", "up", "down"):
        raise ExacoupleError(
            f"{path}: attribute 'positive' of '{variable.name}' is '{positive}': 'up' or 'down'"
        )
    if not positive and _text(variable, "standard_name").lower() in _DEPTH_STANDARD_NAMES:
        positive = "down"
    name = variable.name.lower()
    if not positive and ("depth" in name or "bathy" in name):
        raise ExacoupleError(
            f"{path}: '{variable.name}' may count depth downward or elevation upward: say which "
            f"by its attribute 'positive' (e.g. 'ncatted -a positive,{variable.name},o,c,down')"
        )
    return -factor if positive == "down" else factor


def _unknown_unit(variable: Variable, path: Path) -> ExacoupleError:
    allowed = "m, km, cm, feet, fathoms"
    if variable.ndim == 1:
        allowed += ", degrees_north, degrees_east"
    return ExacoupleError(
        f"{path}: unit '{_text(variable, 'units')}' of '{variable.name}' is not known: "
        f"allowed are {allowed}; correct its attribute 'units' (e.g. with 'ncatted')"
    )


def _text(variable: Variable, attribute: str) -> str:
    value: Any = getattr(variable, attribute, "")
    return value.strip() if isinstance(value, str) else str(value)
