"""The tables of a region file, every value checked by itself.

Longitudes are degrees east in any convention, latitudes degrees north, projected coordinates and
depths metres unless the key ends in ``_km``, times seconds after the event origin.
"""

import json
import math
import re
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from exacouple.cases.mesh import plan_mesh

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_BUOY_ID = re.compile(r"[A-Za-z0-9_]+")


@dataclass(frozen=True)
class Event:
    """An earthquake: origin time (UTC), epicentre (longitude, latitude), magnitude, reference."""

    origin: datetime
    epicentre: tuple[float, float]
    magnitude: float
    source: str

    def __post_init__(self) -> None:
        _check_position(*self.epicentre)
        if not 0.0 < self.magnitude < 11.0:
            raise ValueError(f"magnitude {self.magnitude} must be between 0 and 11")


@dataclass(frozen=True)
class Bathymetry:
    """Seabed grid: an embedded name or a file, what is cut out of it, spacing in the case.

    `window` is west, east, south, north in degrees; without it the domain and half a degree
    around it are taken.
    """

    grid: str
    spacing_m: float
    window: tuple[float, float, float, float] | None = None

    def __post_init__(self) -> None:
        _check_positive(spacing_m=self.spacing_m)
        if self.window is not None:
            west, east, south, north = self.window
            if not (west < east <= west + 360.0 and -90.0 <= south < north <= 90.0):
                raise ValueError(
                    f"window {list(self.window)}: give [west, east, south, north] in degrees with "
                    "west < east, at most 360 degrees wide, and -90 <= south < north <= 90"
                )


@dataclass(frozen=True)
class Projection:
    """The plane that is simulated in, as a PROJ string or EPSG code."""

    crs: str

    def __post_init__(self) -> None:
        import pyproj

        try:
            crs = pyproj.CRS.from_user_input(self.crs)
        except pyproj.exceptions.CRSError as exc:
            raise ValueError(f"crs '{self.crs}' is not known to PROJ: {exc}") from exc
        if not crs.is_projected:
            raise ValueError(
                f"crs '{self.crs}' is not a map projection: give one, such as +proj=aeqd"
            )


@dataclass(frozen=True)
class Domain:
    """Lower left corner and width in projected km, cells along the longest edge, order."""

    offset_km: tuple[float, float]
    width_km: tuple[float, float]
    cells: int
    order: Literal[1, 2, 3, 4]

    def __post_init__(self) -> None:
        _check_positive(width_km=min(self.width_km))
        plan_mesh(self.width_km, self.cells)

    @property
    def x_range(self) -> tuple[float, float]:
        """Left and right edge in metres."""
        return _edges(self.offset_km[0], self.width_km[0])

    @property
    def y_range(self) -> tuple[float, float]:
        """Lower and upper edge in metres."""
        return _edges(self.offset_km[1], self.width_km[1])

    def contains(self, x: float, y: float) -> bool:
        """Tell whether a point (metres) lies inside the domain, its edges excluded."""
        (left, right), (lower, upper) = self.x_range, self.y_range
        return left < x < right and lower < y < upper


@dataclass(frozen=True)
class Displacement:
    """Sea-floor displacement: a fault table, a NetCDF grid or a GeoClaw dtopo file.

    `window_km` is xmin, xmax, ymin, ymax in projected km: where the displacement is evaluated,
    the whole domain if left out. Elsewhere it counts as zero. With a kinematic `rupture` the sea
    floor moves while the subfaults slip, or as the dtopo file says; `interval_s` is the time
    between two grids of that motion.
    """

    kind: Literal["faults", "netcdf", "dtopo"]
    file: str
    spacing_m: float | None = None
    window_km: tuple[float, float, float, float] | None = None
    source: str = ""
    rupture: Literal["instantaneous", "kinematic"] = "instantaneous"
    interval_s: float = 10.0

    def __post_init__(self) -> None:
        _check_positive(interval_s=self.interval_s)
        if self.rupture == "kinematic" and self.kind == "netcdf":
            raise ValueError(
                'rupture "kinematic" needs times: give kind "faults" with rupture times, or "dtopo"'
            )
        if self.spacing_m is not None:
            _check_positive(spacing_m=self.spacing_m)
        if self.window_km is not None:
            x0, x1, y0, y1 = self.window_km
            if not (x0 < x1 and y0 < y1):
                raise ValueError(
                    f"window_km {list(self.window_km)}: give [xmin, xmax, ymin, ymax] in km with "
                    "xmin < xmax and ymin < ymax"
                )


@dataclass(frozen=True)
class Simulation:
    """End time, interval of the probes, and the physics that an engine may be told.

    `coriolis` takes f and its gradient from the latitude of the middle of the domain; `manning` is
    Manning's coefficient of the bottom friction in s/m^(1/3), 0 for none. Single `precision` is a
    cheap level for meshes that are mostly deep. `sponge_km` is the width of the layer of the
    boundary "sponge", 0 for a tenth of the domain's shorter edge.
    """

    end_time_s: float
    sampling_s: float
    gravity: float = 9.81
    dry_tolerance_m: float = 10.0
    boundary: Literal["outflow", "sponge", "wall"] = "outflow"
    sponge_km: float = 0.0
    coriolis: bool = False
    manning: float = 0.0
    precision: Literal["double", "single"] = "double"

    def __post_init__(self) -> None:
        _check_positive(
            end_time_s=self.end_time_s,
            sampling_s=self.sampling_s,
            gravity=self.gravity,
            dry_tolerance_m=self.dry_tolerance_m,
        )
        if not 0.0 <= self.manning <= 1.0:
            raise ValueError(f"manning {self.manning:g}: give 0 to 1, in s/m^(1/3)")
        if not 0.0 <= self.sponge_km < math.inf:
            raise ValueError(f"sponge_km {self.sponge_km:g}: give a width in km, or 0")
        if self.sponge_km > 0.0 and self.boundary != "sponge":
            raise ValueError(f'sponge_km needs boundary = "sponge", got "{self.boundary}"')
        if self.sampling_s > self.end_time_s:
            raise ValueError(
                f"sampling_s {self.sampling_s:g} is longer than end_time_s {self.end_time_s:g}"
            )


@dataclass(frozen=True)
class Outputs:
    """What the embedded engine writes besides the probes.

    `maxima` asks for the greatest water height and speed and the first arrival in each cell,
    `snapshots_s` is the time between two snapshots of the whole domain (0 for none), and with
    `exact_probes` the rows of the probes are at multiples of ``sampling_s`` with 17 digits, instead
    of at time steps with 6 as ExaHyPE writes them.
    """

    maxima: bool = False
    snapshots_s: float = 0.0
    exact_probes: bool = False

    def __post_init__(self) -> None:
        if not 0.0 <= self.snapshots_s < math.inf:
            raise ValueError(f"snapshots_s {self.snapshots_s:g} must be positive, or 0 for none")


@dataclass(frozen=True)
class Refinement:
    """Which cells the embedded engine cuts 3:1.

    `source` is where the sea floor is displaced by more than 1 % of the greatest displacement,
    `buoys` are squares of `buoy_width_km` around the buoys, `way` are stripes `way_width_km` wide
    from the middle of the source to the buoys, `coast` is all coast, shallow water and open
    boundary, and `rectangles_km` are xmin, xmax, ymin, ymax in projected km.
    """

    source: bool = False
    way: bool = False
    buoys: bool = False
    coast: bool = False
    way_width_km: float = 300.0
    buoy_width_km: float = 120.0
    rectangles_km: tuple[tuple[float, float, float, float], ...] = ()

    def __post_init__(self) -> None:
        _check_positive(way_width_km=self.way_width_km, buoy_width_km=self.buoy_width_km)
        for x0, x1, y0, y1 in self.rectangles_km:
            if not (x0 < x1 and y0 < y1):
                raise ValueError(
                    f"rectangles_km {[x0, x1, y0, y1]}: give [xmin, xmax, ymin, ymax] in km with "
                    "xmin < xmax and ymin < ymax"
                )

    @property
    def wanted(self) -> bool:
        """Whether anything is to be cut."""
        return self.source or self.way or self.buoys or self.coast or bool(self.rectangles_km)


@dataclass(frozen=True)
class Buoy:
    """A point whose water height is recorded, with the source of its position."""

    id: str
    name: str
    lon: float
    lat: float
    source: str

    def __post_init__(self) -> None:
        if not _BUOY_ID.fullmatch(self.id):
            raise ValueError(
                f"buoy id '{self.id}': it names files, so give letters, digits and _ only"
            )
        _check_position(self.lon, self.lat)


@dataclass(frozen=True)
class RegionConfig:
    """What a region file says, every value checked by itself."""

    schema: Literal[1]
    name: str
    title: str
    event: Event
    bathymetry: Bathymetry
    projection: Projection
    domain: Domain
    displacement: Displacement
    simulation: Simulation
    buoys: tuple[Buoy, ...]
    outputs: Outputs = Outputs()
    refinement: Refinement = field(default_factory=Refinement)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                f"name '{self.name}': it names directories, so give letters, digits, - and _ only"
            )
        if not self.buoys:
            raise ValueError("there are no buoys: give at least one [[buoys]]")
        _check_ids([buoy.id for buoy in self.buoys])

    def to_json(self) -> dict[str, Any]:
        """Return the configuration as plain JSON values, the origin as ISO 8601 in UTC."""
        table = asdict(self)
        table["event"]["origin"] = utc_text(self.event.origin)
        plain: dict[str, Any] = json.loads(json.dumps(table, allow_nan=False))
        return plain


def utc_text(time: datetime) -> str:
    """Return a time as ISO 8601 in UTC with ``Z``.

    Examples
    --------
    >>> utc_text(datetime.fromisoformat("2011-03-11T14:46:24+09:00"))
    '2011-03-11T05:46:24Z'
    """
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _check_ids(ids: list[str]) -> None:
    """Refuse ids whose probe files ``probes/<id>*.probe`` could be taken for another's."""
    for name, count in Counter(ids).items():
        if count > 1:
            raise ValueError(f"buoy id '{name}' is given {count} times")
    for one in ids:
        for other in ids:
            if one != other and other.startswith(one):
                raise ValueError(
                    f"buoy id '{one}' is the beginning of '{other}': their probe files could not "
                    "be told apart, rename one"
                )


def _check_position(lon: float, lat: float) -> None:
    if not (-180.0 <= lon <= 360.0 and -90.0 <= lat <= 90.0):
        raise ValueError(
            f"position ({lon:g}, {lat:g}): give [longitude, latitude] in degrees, -180 to 360 and "
            "-90 to 90"
        )


def _check_positive(**values: float) -> None:
    for name, value in values.items():
        if not value > 0.0:
            raise ValueError(f"{name} {value:g} must be positive")


def _edges(offset_km: float, width_km: float) -> tuple[float, float]:
    return offset_km * 1000.0, (offset_km + width_km) * 1000.0
