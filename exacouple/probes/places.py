"""Match gauges of other programs with buoys, by position."""

import math
from collections.abc import Iterable

from exacouple.bathymetry.projection import project_points
from exacouple.gauge import Gauge

NEAR_M = 1000.0
"""A gauge within this distance of a buoy is at its place."""

NAMED_M = 10_000.0
"""The same for a gauge that bears the buoy's id: published positions differ by some kilometres."""


def nearest_gauge(
    gauges: Iterable[Gauge], buoy_id: str, x_m: float, y_m: float, crs: str
) -> tuple[Gauge, float] | None:
    """Return the gauge that is at a buoy's place, and its distance in metres.

    Parameters
    ----------
    gauges
        Gauges with a position, which may be projected metres or degrees.
    buoy_id
        Id of the buoy: a gauge of this id may be up to `NAMED_M` away, any other `NEAR_M`.
    x_m, y_m
        The buoy in projected metres.
    crs
        The projection.

    Returns
    -------
    The nearest of the gauges that are near enough, those of the buoy's id first; None if there is
    none.
    """
    found = []
    for gauge in gauges:
        apart = distance_m(gauge, x_m, y_m, crs)
        named = gauge.id == buoy_id
        if apart <= (NAMED_M if named else NEAR_M):
            found.append((not named, apart, gauge))
    if not found:
        return None
    _, apart, gauge = min(found, key=lambda entry: entry[:2])
    return gauge, apart


def distance_m(gauge: Gauge, x_m: float, y_m: float, crs: str) -> float:
    """Return how far a gauge is from a point; infinity if its file does not say where it is.

    A position that may be longitude and latitude is taken as such if that is nearer than taking
    it as metres.
    """
    if gauge.position is None:
        return math.inf
    a, b = gauge.position
    apart = math.hypot(a - x_m, b - y_m)
    if abs(a) <= 360.0 and abs(b) <= 90.0:
        x, y = (float(value) for value in project_points(crs, a, b))
        if math.isfinite(x) and math.isfinite(y):
            apart = min(apart, math.hypot(x - x_m, y - y_m))
    return apart
