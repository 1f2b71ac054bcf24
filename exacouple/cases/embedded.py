"""What only the embedded engine is told: a moving sea floor, further forces and outputs."""

from typing import Any

import numpy as np

from exacouple.bathymetry.projection import unproject_points
from exacouple.cases.region_file import RegionConfig, utc_text

MOTION = "motion.nc"
MAXIMA = "maxima.nc"
SNAPSHOTS = "snapshots.nc"
EMBEDDED_ORDERS = (1, 2, 3, 4)

_ROTATION = 7.292115e-5
"""Angular velocity of the earth in rad/s (WGS84)."""
_STEP_M = 1000.0
_EXACT = {"exact_times": True, "precision": 17}


def solver_parameters(config: RegionConfig, metres: float) -> dict[str, Any]:
    """Return what the specfile's ``parameters`` say besides gravity, dry tolerance and boundary.

    Parameters
    ----------
    config
        The region.
    metres
        The specfile's unit of length in metres.
    """
    simulation, outputs = config.simulation, config.outputs
    parameters: dict[str, Any] = {}
    if config.displacement.rupture == "kinematic":
        parameters["motion"] = MOTION
    if simulation.sponge_km > 0.0:
        parameters["sponge_width"] = simulation.sponge_km * 1e3 / metres
    if simulation.coriolis:
        parameters["coriolis"] = list(coriolis(config, metres))
    if simulation.manning > 0.0:
        parameters["manning"] = simulation.manning * metres ** (1.0 / 3.0)
    if simulation.precision != "double":
        parameters["precision"] = simulation.precision
    if outputs.maxima:
        parameters["maxima"] = MAXIMA
    if outputs.snapshots_s > 0.0:
        parameters |= {"snapshots": SNAPSHOTS, "snapshots_every": outputs.snapshots_s}
    if outputs.maxima or outputs.snapshots_s > 0.0:
        parameters["event_origin"] = utc_text(config.event.origin)
        parameters["projection"] = config.projection.crs
    return parameters


def plotter_parameters(config: RegionConfig) -> dict[str, Any]:
    """Return the ``parameters`` of the probes' plotters."""
    return dict(_EXACT) if config.outputs.exact_probes else {}


def coriolis(config: RegionConfig, metres: float) -> tuple[float, float]:
    """Return f = 2 Omega sin(latitude) at y = 0 and its gradient along y (beta plane).

    Both are those of the tangent in the middle of the domain, so f is exact there.

    Parameters
    ----------
    config
        The region.
    metres
        The unit of length in metres.

    Returns
    -------
    f in 1/s, beta in 1/s per unit of length.

    References
    ----------
    Vallis (2017), Atmospheric and Oceanic Fluid Dynamics, 2nd ed., section 2.3.
    """
    x = 0.5 * sum(config.domain.x_range)
    y = 0.5 * sum(config.domain.y_range)
    beside = y + np.array([-0.5, 0.0, 0.5]) * _STEP_M
    _, latitude = unproject_points(config.projection.crs, np.full(3, x), beside)
    below, middle, above = 2.0 * _ROTATION * np.sin(np.radians(latitude))
    beta = (above - below) / _STEP_M
    return float(middle - beta * y), float(beta * metres)


def wishes(config: RegionConfig) -> list[str]:
    """Return the keys of a region that ask for more than a build of ExaHyPE can do."""
    asked = {
        "displacement.rupture": config.displacement.rupture == "kinematic",
        "simulation.boundary": config.simulation.boundary == "sponge",
        "simulation.coriolis": config.simulation.coriolis,
        "simulation.manning": config.simulation.manning > 0.0,
        "simulation.precision": config.simulation.precision != "double",
        "outputs.maxima": config.outputs.maxima,
        "outputs.snapshots_s": config.outputs.snapshots_s > 0.0,
        "outputs.exact_probes": config.outputs.exact_probes,
        "refinement": config.refinement.wanted,
    }
    return [key for key, wish in asked.items() if wish]
