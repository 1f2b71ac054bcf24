"""Oscillations in a parabolic bowl with moving shorelines (Thacker 1981, J. Fluid Mech. 107).

The seabed is b = -h0 (1 - r^2 / a^2). In the planar solution the surface stays a plane that turns
around the bowl, in the radial one a paraboloid that rises and falls; both come back after a period.
Formulas as gathered by Delestre et al. (2013), Int. J. Numer. Meth. Fluids 72, 269-300.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Bowl:
    """Paraboloid with its deepest point at the origin.

    Attributes
    ----------
    depth
        Depth h0 of the water at rest in the middle.
    radius
        Radius a of the shoreline at rest.
    gravity
        Gravity.
    """

    depth: float
    radius: float
    gravity: float

    def seabed(self, x: Array, y: Array) -> Array:
        """Elevation of the bed, 0 at the shoreline at rest."""
        return -self.depth * (1.0 - (x**2 + y**2) / self.radius**2)


@dataclass(frozen=True)
class PlanarSurface:
    """Plane surface that turns with the angular frequency omega = sqrt(2 g h0) / a.

    Attributes
    ----------
    bowl
        Where it moves.
    shift
        Distance by which the circle of the shoreline is displaced.

    Examples
    --------
    >>> wave = PlanarSurface(Bowl(depth=0.1, radius=1.0, gravity=9.81), shift=0.5)
    >>> round(wave.period, 4)
    4.4857
    """

    bowl: Bowl
    shift: float

    @property
    def frequency(self) -> float:
        """Angular frequency."""
        return float(np.sqrt(2.0 * self.bowl.gravity * self.bowl.depth) / self.bowl.radius)

    @property
    def period(self) -> float:
        """Time after which the solution repeats."""
        return 2.0 * np.pi / self.frequency

    def __call__(self, x: Array, y: Array, t: float) -> tuple[Array, Array, Array]:
        """Depth and velocities u, v; on dry ground all are 0."""
        bowl, phase = self.bowl, self.frequency * t
        along = x * np.cos(phase) + y * np.sin(phase)
        eta = bowl.depth * self.shift / bowl.radius**2 * (2.0 * along - self.shift)
        h = np.maximum(eta - bowl.seabed(x, y), 0.0)
        speed = self.shift * self.frequency
        u = np.where(h > 0.0, -speed * np.sin(phase), 0.0)
        return h, u, np.where(h > 0.0, speed * np.cos(phase), 0.0)


@dataclass(frozen=True)
class RadialSurface:
    """Parabolic surface that rises and falls with omega = sqrt(8 g h0) / a.

    Attributes
    ----------
    bowl
        Where it moves.
    start_radius
        Radius of the shoreline at t = 0, when the water is highest in the middle and at rest.

    Examples
    --------
    >>> wave = RadialSurface(Bowl(depth=0.1, radius=1.0, gravity=9.81), start_radius=0.8)
    >>> round(wave.period, 4)
    2.2429
    """

    bowl: Bowl
    start_radius: float

    @property
    def frequency(self) -> float:
        """Angular frequency."""
        return float(np.sqrt(8.0 * self.bowl.gravity * self.bowl.depth) / self.bowl.radius)

    @property
    def period(self) -> float:
        """Time after which the solution repeats."""
        return 2.0 * np.pi / self.frequency

    def __call__(self, x: Array, y: Array, t: float) -> tuple[Array, Array, Array]:
        """Depth and velocities u, v; on dry ground all are 0."""
        bowl, phase = self.bowl, self.frequency * t
        squares = bowl.radius**2, self.start_radius**2
        swing = (squares[0] - squares[1]) / (squares[0] + squares[1])
        width = 1.0 - swing * np.cos(phase)
        curvature = (1.0 - swing**2) / width**2
        r2 = (x**2 + y**2) / bowl.radius**2
        eta = bowl.depth * (np.sqrt(curvature) - 1.0 - r2 * (curvature - 1.0))
        h = np.maximum(eta - bowl.seabed(x, y), 0.0)
        rate = np.where(h > 0.0, 0.5 * self.frequency * swing * np.sin(phase) / width, 0.0)
        return h, rate * x, rate * y
