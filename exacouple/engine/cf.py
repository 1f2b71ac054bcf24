"""Coordinates of the engine's NetCDF files after the CF conventions: metres and seconds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import netCDF4
import numpy as np

from exacouple import __version__
from exacouple.engine.mesh import Mesh

CONVENTIONS = "CF-1.8"


@dataclass(frozen=True)
class Axes:
    """What the axes of a file mean.

    Attributes
    ----------
    metres
        The mesh's unit of length in metres.
    event_origin
        UTC time of t = 0 in ISO 8601, empty if unknown.
    projection
        Projection of y and x, as PROJ or EPSG names it, empty if unknown.
    """

    metres: float
    event_origin: str = ""
    projection: str = ""

    def add_places(self, data: netCDF4.Dataset, mesh: Mesh, parts: int) -> None:
        """Add dimensions and coordinates y and x, the middles of cells cut ``parts`` times.

        They have no attribute ``axis``: readers such as ParaView take X and Y for degrees then.
        """
        for name, start, cells in (("y", mesh.y0, mesh.ny), ("x", mesh.x0, mesh.nx)):
            data.createDimension(name, cells * parts)
            variable = data.createVariable(name, "f8", (name,))
            variable.standard_name = f"projection_{name}_coordinate"
            variable.units = "m"
            middles = (np.arange(cells * parts) + 0.5) * (mesh.dx / parts)
            variable[:] = (start + middles) * self.metres
        if self.projection:
            data.crs = self.projection

    def add_times(self, data: netCDF4.Dataset) -> None:
        """Add an unlimited dimension and coordinate time, still empty."""
        data.createDimension("time", None)
        variable = data.createVariable("time", "f8", ("time",))
        variable.axis = "T"
        if not self.event_origin:
            variable.units = "s"
            variable.long_name = "time after t = 0"
            return
        origin = datetime.fromisoformat(self.event_origin).astimezone(UTC)
        variable.standard_name = "time"
        variable.units = f"seconds since {origin:%Y-%m-%d %H:%M:%S}"
        variable.calendar = "standard"


def describe(data: netCDF4.Dataset, title: str) -> None:
    """Set the attributes of the file as a whole."""
    data.Conventions = CONVENTIONS
    data.title = title
    data.source = f"exacouple embedded engine {__version__}, shallow-water equations"
