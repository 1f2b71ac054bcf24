"""Regions: TOML files that say where, when and how an event is simulated.

A region file (``schema = 1``) has the tables ``event``, ``bathymetry``, ``projection``,
``domain``, ``displacement``, ``simulation``, one ``[[buoys]]`` per buoy, and optionally
``outputs``; see `exacouple.cases.region_file`. Files named in it are relative to it.
"""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from exacouple.bathymetry.grid import Bounds, embedded_grids
from exacouple.bathymetry.projection import bounds_of, project_points
from exacouple.cases.mesh import MeshPlan, plan_mesh
from exacouple.cases.region_file import Buoy, Domain, RegionConfig
from exacouple.config import build, changed, load_toml
from exacouple.errors import UsageError
from exacouple.resources import simulations_dir

REGION_FILE = "region.toml"
MARGIN_POINTS = 2
"""Grid points that the bathymetry of a case reaches beyond the domain on every side."""


@dataclass(frozen=True)
class PlacedBuoy:
    """A buoy with its projected position in metres, rounded to millimetres."""

    buoy: Buoy
    x_m: float
    y_m: float


@dataclass(frozen=True)
class Region:
    """A region file that was read and whose parts fit together.

    Parameters
    ----------
    config
        What the file says.
    path
        The file.
    buoys
        The buoys with their projected positions, all inside the domain.
    """

    config: RegionConfig
    path: Path
    buoys: tuple[PlacedBuoy, ...]

    @property
    def name(self) -> str:
        """Name of the region."""
        return self.config.name

    @property
    def directory(self) -> Path:
        """Directory that the files named in the region are relative to."""
        return self.path.parent

    @property
    def crs(self) -> str:
        """The projection."""
        return self.config.projection.crs

    @property
    def mesh(self) -> MeshPlan:
        """The mesh of the region's own number of cells."""
        domain = self.config.domain
        return plan_mesh(domain.width_km, domain.cells)

    def window(self) -> Bounds:
        """Return the geographic window of the bathymetry."""
        window = self.config.bathymetry.window
        if window is None:
            return _needed_window(self.config, margin_deg=0.5)
        return Bounds(*window)


def region_names() -> list[str]:
    """Return the names of the shipped regions."""
    folder = simulations_dir()
    return sorted(path.parent.name for path in folder.glob(f"*/{REGION_FILE}"))


def load_region(name_or_path: str | Path, changes: Sequence[str] = ()) -> Region:
    """Read and check a region.

    Parameters
    ----------
    name_or_path
        Name of a shipped region (write ``./name`` for a directory of the same name), a region
        file, or a directory that holds ``region.toml``.
    changes
        What to read instead of what the file says, as ``TABLE.KEY=VALUE`` with a TOML value, such
        as ``simulation.end_time_s=3600``; a word needs no quotes.

    Raises
    ------
    UsageError
        There is no such region or file; a key is unknown or missing or has a wrong value; a buoy
        or the epicentre lies outside the domain; the window does not cover the domain.
    """
    path = _find(name_or_path)
    where = f"{path} with {', '.join(changes)}" if changes else str(path)
    config = build(RegionConfig, changed(load_toml(path), changes), where=where)
    try:
        return Region(config=config, path=path, buoys=_place(config))
    except UsageError as exc:
        raise UsageError(f"{where}: {exc}") from exc


def bathymetry_path(region: Region, grid: str | Path | None = None) -> Path:
    """Return the file of the region's bathymetry, or of the grid given instead of it.

    Parameters
    ----------
    region
        The region.
    grid
        Name of an embedded grid or a file, relative to the working directory; None for the
        region's own, which is relative to the region file.

    Raises
    ------
    UsageError
        It is neither an embedded grid nor a file.
    """
    name = str(region.config.bathymetry.grid if grid is None else grid)
    embedded = embedded_grids()
    if name in embedded:
        return embedded[name]
    path = (region.directory if grid is None else Path()) / name
    if not path.is_file():
        close = difflib.get_close_matches(name, embedded, n=1)
        hint = f", did you mean '{close[0]}'?" if close else ""
        raise UsageError(
            f"bathymetry '{name}': no such file ({path}) nor embedded grid{hint} "
            f"(embedded: {', '.join(embedded)})"
        )
    return path


def displacement_path(region: Region) -> Path:
    """Return the file of the region's displacement.

    Raises
    ------
    UsageError
        There is no such file.
    """
    path = region.directory / region.config.displacement.file
    if not path.is_file():
        raise UsageError(f"{region.path}: displacement.file: no such file: {path}")
    return path


def _find(name_or_path: str | Path) -> Path:
    text = str(name_or_path)
    names = region_names()
    if text in names:
        return simulations_dir() / text / REGION_FILE
    path = Path(text)
    if (path / REGION_FILE).is_file():
        return path / REGION_FILE
    if path.is_file():
        return path
    if path.suffix or len(path.parts) > 1:
        raise UsageError(f"{path}: no such region file")
    close = difflib.get_close_matches(text, names, n=1)
    hint = f", did you mean '{close[0]}'?" if close else ""
    raise UsageError(
        f"no region '{text}'{hint} (there are: {', '.join(names)}; or give a region file)"
    )


def _place(config: RegionConfig) -> tuple[PlacedBuoy, ...]:
    """Project the buoys, and check that everything lies where it has to."""
    domain, crs = config.domain, config.projection.crs
    _check_inside(domain, crs, "the epicentre", *config.event.epicentre)
    placed = []
    for buoy in config.buoys:
        x, y = _check_inside(domain, crs, f"buoy '{buoy.id}'", buoy.lon, buoy.lat)
        placed.append(PlacedBuoy(buoy, round(x, 3), round(y, 3)))
    _check_window(config)
    return tuple(placed)


def _check_inside(
    domain: Domain, crs: str, what: str, lon: float, lat: float
) -> tuple[float, float]:
    x, y = (float(value) for value in project_points(crs, lon, lat))
    if not domain.contains(x, y):
        (left, right), (lower, upper) = domain.x_range, domain.y_range
        raise UsageError(
            f"{what} at {lon:g}E {lat:g}N is at x = {x / 1e3:.1f} km, y = {y / 1e3:.1f} km, "
            f"outside the domain of x = {left / 1e3:g} to {right / 1e3:g} km, "
            f"y = {lower / 1e3:g} to {upper / 1e3:g} km"
        )
    return x, y


def _check_window(config: RegionConfig) -> None:
    if config.bathymetry.window is None:
        return
    west, east, south, north = config.bathymetry.window
    need = _needed_window(config, margin_deg=0.0)
    shift = 360.0 * round(((west + east) - (need.west + need.east)) / 720.0)
    need_west, need_east = need.west + shift, need.east + shift
    covered = west <= need_west and need_east <= east and south <= need.south
    if not (covered and need.north <= north):
        raise UsageError(
            f"[bathymetry] window {list(config.bathymetry.window)} does not cover the domain, "
            f"which with its margin spans {need_west:.2f} to {need_east:.2f} E, "
            f"{need.south:.2f} to {need.north:.2f} N"
        )


def _needed_window(config: RegionConfig, *, margin_deg: float) -> Bounds:
    margin = (MARGIN_POINTS + 1) * config.bathymetry.spacing_m
    (left, right), (lower, upper) = config.domain.x_range, config.domain.y_range
    return bounds_of(
        config.projection.crs,
        (left - margin, right + margin),
        (lower - margin, upper + margin),
        margin_deg=margin_deg,
    )
