"""Steady flows with friction whose depth is prescribed and whose bed follows from it.

For a depth h(x) and a discharge q with Manning's coefficient n the bed has the slope

    b_x = -(1 - q^2 / (g h^3)) h_x - n^2 q |q| / h^(10/3)

(MacDonald, Baines, Nichols and Samuels 1997, J. Hydraul. Eng. 123, 1041-1045). The two flows below
are those over 1000 m of Delestre et al. (2013), Int. J. Numer. Meth. Fluids 72, 269-300.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

Array = NDArray[np.float64]

_GRAVITY = 9.81
_POINTS = 60_001


@dataclass(frozen=True)
class Reach:
    """Flow of depth (4 / g)^(1/3) (1 + swell exp(-sharpness (x / 1000 - 1/2)^2)), SI units.

    Attributes
    ----------
    discharge
        Discharge per width, q.
    manning
        Manning's coefficient n.
    swell, sharpness
        Height and steepness of the change of depth in the middle.
    """

    discharge: float
    manning: float
    swell: float
    sharpness: float

    def depth(self, x: Array) -> Array:
        """Depth."""
        level, _ = self._shape(x)
        return level

    def slope(self, x: Array) -> Array:
        """Slope of the bed.

        Examples
        --------
        Far upstream the bed falls as fast as friction asks for: n^2 q^2 / h^(10/3).

        >>> SUBCRITICAL.slope(np.array([-5e3])).round(7)
        array([-0.0118028])
        """
        h, h_x = self._shape(x)
        froude2 = self.discharge**2 / (_GRAVITY * h**3)
        drag = self.manning**2 * self.discharge * abs(self.discharge) / h ** (10.0 / 3.0)
        return -(1.0 - froude2) * h_x - drag

    def seabed(self, x0: float, x1: float) -> Callable[[Array], Array]:
        """Elevation of the bed between two places, 0 at the first."""
        x = np.linspace(x0, x1, _POINTS)
        integral = CubicSpline(x, self.slope(x)).antiderivative()

        def elevation(at: Array) -> Array:
            return np.asarray(integral(at))

        return elevation

    def _shape(self, x: Array) -> tuple[Array, Array]:
        scale = (4.0 / _GRAVITY) ** (1.0 / 3.0)
        s = np.asarray(x) / 1000.0 - 0.5
        bell = self.swell * np.exp(-self.sharpness * s**2)
        return scale * (1.0 + bell), scale * bell * (-2.0 * self.sharpness * s) / 1000.0


SUBCRITICAL = Reach(discharge=2.0, manning=0.033, swell=0.5, sharpness=16.0)
SUPERCRITICAL = Reach(discharge=2.5, manning=0.04, swell=-0.2, sharpness=36.0)
