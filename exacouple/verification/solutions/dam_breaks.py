"""Dam breaks: Ritter (1892) on dry ground, flat or rising, Stoker (1957) into shallower water.

The dam at x = 0 vanishes at t = 0; water of depth h_l stands at its left. Behind the rarefaction,
-c_l < x / t < u_m - c_m, lies a plateau (h_m, u_m), and a bore of speed D runs into the water at
the right. On dry ground the rarefaction reaches to x / t = 2 c_l. Stoker, Water Waves, section
10.8; gathered with others by Delestre et al. (2013), Int. J. Numer. Meth. Fluids 72, 269-300.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

Array = NDArray[np.float64]


def ritter(x: Array, t: float, *, depth: float, gravity: float) -> tuple[Array, Array]:
    """Depth and velocity of the dam break on a dry bed at t > 0; u is 0 where it is dry.

    Examples
    --------
    At the dam the depth is 4/9 and the velocity 2/3 of sqrt(g h) at all times.

    >>> h, u = ritter(np.array([0.0]), 3.0, depth=1.0, gravity=1.0)
    >>> h.round(6), u.round(6)
    (array([0.444444]), array([0.666667]))
    """
    c = np.sqrt(gravity * depth)
    s = np.clip(x / t, -c, 2.0 * c)
    h = np.where(s < 2.0 * c, (2.0 * c - s) ** 2 / (9.0 * gravity), 0.0)
    return h, np.where(s < 2.0 * c, 2.0 / 3.0 * (c + s), 0.0)


def ritter_uphill(
    x: Array, t: float, *, depth: float, slope: float, gravity: float
) -> tuple[Array, Array]:
    """Depth and velocity of the dam break on ground that rises along x at a slope, at t > 0.

    The water has the same depth all over its side of the dam. In a frame that falls down the slope
    its motion is that on flat ground, so that its tip climbs to twice that depth. It is the swash
    of a bore (Shen and Meyer 1963, J. Fluid Mech. 16, 113-125; Peregrine and Williams 2001, J.
    Fluid Mech. 440, 391-399).

    Examples
    --------
    >>> h, u = ritter_uphill(np.array([0.99, 1.01]) * 2.0, 2.0, depth=1.0, slope=1.0, gravity=1.0)
    >>> h > 0.0, u.round(2)
    (array([ True, False]), array([-0.01,  0.  ]))
    """
    fall = gravity * slope * t
    h, u = ritter(x + 0.5 * fall * t, t, depth=depth, gravity=gravity)
    return h, np.where(h > 0.0, u - fall, 0.0)


@dataclass(frozen=True)
class Bore:
    """Water behind a bore, and the speed of the bore."""

    depth: float
    velocity: float
    speed: float


def bore(left: float, right: float, *, gravity: float) -> Bore:
    """Plateau and bore of a dam break into water of depth ``0 < right < left``.

    The plateau lies on the rarefaction, u_m = 2 (c_l - c_m), and on the shock,
    u_m = (h_m - h_r) sqrt(g (h_m + h_r) / (2 h_m h_r)).

    Examples
    --------
    >>> bore(1.0, 0.1, gravity=9.81)
    Bore(depth=0.396..., velocity=2.321..., speed=3.105...)
    """

    def mismatch(h: float) -> float:
        rarefaction = 2.0 * (np.sqrt(gravity * left) - np.sqrt(gravity * h))
        shock = (h - right) * np.sqrt(gravity * (h + right) / (2.0 * h * right))
        return float(rarefaction - shock)

    h = float(brentq(mismatch, right, left, xtol=1e-15 * left, rtol=1e-14))
    u = float(2.0 * (np.sqrt(gravity * left) - np.sqrt(gravity * h)))
    return Bore(depth=h, velocity=u, speed=h * u / (h - right))


def bore_off_wall(depth: float, velocity: float, *, gravity: float) -> Bore:
    """Water at rest that grows from a wall on which a uniform flow runs.

    The bore runs back from the wall at the speed D = h u / (h_m - h) that keeps mass, with
    u = (h_m - h) sqrt(g (h_m + h) / (2 h_m h)) from momentum.

    Examples
    --------
    >>> bore_off_wall(1.0, 2.0, gravity=1.0)
    Bore(depth=3.493..., velocity=0.0, speed=0.801...)
    """

    def mismatch(h: float) -> float:
        shock = (h - depth) * np.sqrt(gravity * (h + depth) / (2.0 * h * depth))
        return float(shock - velocity)

    highest = 2.0 * depth + velocity**2 / gravity + velocity * np.sqrt(2.0 * depth / gravity)
    h = float(brentq(mismatch, depth, highest, xtol=1e-15 * depth, rtol=1e-14))
    return Bore(depth=h, velocity=0.0, speed=depth * velocity / (h - depth))


def stoker(x: Array, t: float, *, left: float, right: float, gravity: float) -> tuple[Array, Array]:
    """Depth and velocity of the dam break into water of depth `right` at t > 0.

    Examples
    --------
    >>> h, u = stoker(np.array([-4.0, 2.4, 3.2]), 1.0, left=1.0, right=0.1, gravity=9.81)
    >>> h.round(3), u.round(3)
    (array([1.   , 0.396, 0.1  ]), array([0.   , 2.321, 0.   ]))
    """
    middle = bore(left, right, gravity=gravity)
    c = np.sqrt(gravity * left)
    end_of_fan = middle.velocity - np.sqrt(gravity * middle.depth)
    s = x / t
    fan = np.clip(s, -c, end_of_fan)
    behind = s < middle.speed
    h = np.where(behind, (2.0 * c - fan) ** 2 / (9.0 * gravity), right)
    return h, np.where(behind, 2.0 / 3.0 * (c + fan), 0.0)
