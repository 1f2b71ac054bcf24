"""What a region's refinement is for the embedded engine: rectangles and corridors in km."""

from typing import Any

import numpy as np
import xarray as xr

from exacouple.cases.region import Region

_PART_OF_GREATEST = 0.01
_KM = 1000.0

Rectangle = tuple[float, float, float, float]


def refinement_parameters(region: Region, displacement: xr.DataArray) -> dict[str, Any]:
    """Return ``refinement`` of the specfile's ``parameters``, or nothing.

    Parameters
    ----------
    region
        The region.
    displacement
        Displacement of the sea floor in the end: dims (y, x), projected metres.
    """
    wanted = region.config.refinement
    if not wanted.wanted:
        return {}
    source = source_rectangle(displacement)
    places = [(placed.x_m / _KM, placed.y_m / _KM) for placed in region.buoys]
    rectangles = list(wanted.rectangles_km)
    corridors = []
    if wanted.source:
        rectangles.append(source)
    if wanted.buoys:
        half = 0.5 * wanted.buoy_width_km
        rectangles += [(x - half, x + half, y - half, y + half) for x, y in places]
    if wanted.way:
        x0, y0 = 0.5 * (source[0] + source[1]), 0.5 * (source[2] + source[3])
        corridors = [(x0, y0, x, y, 0.5 * wanted.way_width_km) for x, y in places]
    found = {
        "rectangles": [_rounded(rectangle) for rectangle in rectangles],
        "corridors": [_rounded(corridor) for corridor in corridors],
        "coast": wanted.coast,
    }
    return {"refinement": {key: value for key, value in found.items() if value}}


def source_rectangle(displacement: xr.DataArray) -> Rectangle:
    """Where the displacement is more than 1 % of the greatest: xmin, xmax, ymin, ymax in km."""
    size = np.abs(displacement.to_numpy())
    large = size > _PART_OF_GREATEST * size.max() if size.max() > 0.0 else size >= 0.0
    x = displacement["x"].to_numpy()[large.any(axis=0)] / _KM
    y = displacement["y"].to_numpy()[large.any(axis=1)] / _KM
    return float(x[0]), float(x[-1]), float(y[0]), float(y[-1])


def _rounded(values: tuple[float, ...]) -> list[float]:
    return [round(value, 3) for value in values]
