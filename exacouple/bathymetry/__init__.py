"""Elevation of sea floor and land: grids, map projections and sources of the seabed."""

from exacouple.bathymetry.grid import Bounds, embedded_grids, read_projected, read_window
from exacouple.bathymetry.inspection import GridInfo, inspect
from exacouple.bathymetry.projection import (
    bounds_of,
    project_grid,
    project_points,
    resample_grid,
    unproject_points,
)
from exacouple.bathymetry.sources import (
    Option,
    Source,
    apply_source,
    get_source,
    register,
    register_lazily,
    resolve_options,
)

__all__ = [
    "Bounds",
    "GridInfo",
    "Option",
    "Source",
    "apply_source",
    "bounds_of",
    "embedded_grids",
    "get_source",
    "inspect",
    "project_grid",
    "project_points",
    "read_projected",
    "read_window",
    "register",
    "register_lazily",
    "resample_grid",
    "resolve_options",
    "unproject_points",
]
