r"""Surface displacement of a rectangular fault in an elastic half-space (Okada 1985).

The displacement :math:`u` of the free surface is the sum of strike slip :math:`U_1`, dip slip
:math:`U_2` and opening :math:`U_3`, each an integral over the fault that is known in closed form:

.. math:: u = f(x, p) - f(x, p - W) - f(x - L, p) + f(x - L, p - W), \quad
          p = y \cos\delta + d \sin\delta, \quad q = y \sin\delta - d \cos\delta

with :math:`f` from equations (25) to (29) of the paper.

References
----------
Okada, Y. (1985). Surface deformation due to shear and tensile faults in a half-space. Bulletin of
the Seismological Society of America 75(4), 1135-1154.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from exacouple.errors import UsageError

Array = npt.NDArray[np.float64]
Vector = tuple[Array, Array, Array]
Reference = Literal["centroid", "top_center", "top_corner"]
"""Which point of a rectangle its coordinates and depth belong to: its centre, the middle of its
upper edge, or the end of the upper edge from which the strike points along the rectangle."""

REFERENCES: tuple[Reference, ...] = get_args(Reference)
_VERTICAL = 2e-5
"""Below this cosine of the dip, the vertical limit is closer than round-off over its square."""


@dataclass(frozen=True)
class RectangularFault:
    """A rectangle in the half-space with uniform slip.

    Attributes
    ----------
    depth : float
        Depth of the reference point in metres, positive down.
    strike : float
        Direction of the fault in degrees clockwise from north (the y axis of the plane); the
        fault dips to the right of it.
    dip : float
        Angle below the horizontal in degrees.
    rake : float
        Direction in which the upper block (hanging wall) moves, in degrees counter-clockwise from
        the strike as seen from above the fault (Aki and Richards): 0 left lateral, 90 thrust,
        180 right lateral, -90 normal.
    slip : float
        Displacement of the upper block against the lower one in metres.
    length, width : float
        Size along the strike and down the dip in metres.
    opening : float
        Opening of the fault in metres, positive where its sides part.
    reference : {"centroid", "top_center", "top_corner"}
        The point of the fault that positions and `depth` count from.
    """

    depth: float
    strike: float
    dip: float
    rake: float
    slip: float
    length: float
    width: float
    opening: float = 0.0
    reference: Reference = "centroid"

    def __post_init__(self) -> None:
        if self.reference not in REFERENCES:
            allowed = ", ".join(REFERENCES)
            raise UsageError(f"fault reference '{self.reference}': allowed are {allowed}")


def surface_displacement(
    fault: RectangularFault, east: npt.ArrayLike, north: npt.ArrayLike, *, poisson: float = 0.25
) -> Vector:
    """Return the displacement of the surface by one fault in a plane.

    Parameters
    ----------
    fault : RectangularFault
    east, north : array_like
        Points on the surface relative to the reference point of the fault, in metres (x east,
        y north); of shapes that broadcast together.
    poisson : float
        Poisson's ratio of the half-space; 0.25 is that of equal Lamé constants.

    Returns
    -------
    tuple of ndarray
        Displacement east, north and up in metres.

    Examples
    --------
    On a left-lateral fault that strikes north, the eastern side (hanging wall) moves north.

    >>> fault = RectangularFault(
    ...     depth=10e3, strike=0, dip=80, rake=0, slip=1, length=50e3, width=15e3
    ... )
    >>> _, north, _ = surface_displacement(fault, [-10e3, 10e3], 0)
    >>> north.round(3)
    array([-0.172,  0.202])
    """
    source = _Source.of(fault, 1 - 2 * poisson)
    x, y = _to_fault_frame(fault, east, north)
    ux, uy, up = source.displacement(x, y)
    sin, cos = _direction(fault.strike)
    return ux * sin - uy * cos, ux * cos + uy * sin, up


def uplift(
    fault: RectangularFault, east: npt.ArrayLike, north: npt.ArrayLike, *, poisson: float = 0.25
) -> Array:
    """Return the vertical displacement of the surface in metres, positive up.

    Parameters and signs as in `surface_displacement`; faster than its third component.

    Examples
    --------
    A thrust fault that dips east lifts the surface above its upper edge, to the west.

    >>> fault = RectangularFault(
    ...     depth=10e3, strike=0, dip=15, rake=90, slip=4, length=80e3, width=40e3
    ... )
    >>> uplift(fault, [-20e3, 40e3], 0).round(2)
    array([ 1.55, -0.28])
    """
    source = _Source.of(fault, 1 - 2 * poisson)
    return source.uplift(*_to_fault_frame(fault, east, north))


def fault_frame_displacement(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    depth: float,
    dip: float,
    length: float,
    width: float,
    strike_slip: float = 0.0,
    dip_slip: float = 0.0,
    opening: float = 0.0,
    poisson: float = 0.25,
) -> Vector:
    """Return the displacement of the surface in the coordinates of the paper.

    The x axis is horizontal along the strike, y horizontal to its left (towards the upper edge),
    z up. The fault spans 0 to `length` along x and `width` up the dip from its lower edge, which
    lies under y = 0. All lengths are in one unit of choice.

    Parameters
    ----------
    x, y : array_like
        Points on the surface, of shapes that broadcast together.
    depth : float
        Depth of the lower edge, positive down.
    dip : float
        Angle of the fault below the horizontal in degrees, -90 to 90.
    length, width : float
        Size of the fault.
    strike_slip, dip_slip, opening : float
        Dislocation U1 (positive left lateral), U2 (positive thrust) and U3 (positive opening), in
        the unit of the result.
    poisson : float
        Poisson's ratio of the half-space.

    Returns
    -------
    tuple of ndarray
        Displacement along x, y and z. Where the field is singular (on an edge that reaches the
        surface) the singular terms are left out, as in the paper, so that it stays finite.

    References
    ----------
    Equations (24) to (30) of Okada (1985).

    Examples
    --------
    Case 2 of the paper's Table 2, dip slip:

    >>> u = fault_frame_displacement(2, 3, depth=4, dip=70, length=3, width=2, dip_slip=1)
    >>> [f"{float(component):.3e}" for component in u]
    ['-4.682e-03', '-3.527e-02', '-3.564e-02']
    """
    slips = (strike_slip, dip_slip, opening)
    source = _Source(depth, dip, length, width, slips, 1 - 2 * poisson)
    return source.displacement(*_broadcast(x, y))


def _broadcast(x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Array, Array]:
    x, y = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(y, np.float64))
    return x, y


def _direction(azimuth: float) -> tuple[float, float]:
    """Return sine and cosine of an angle in degrees."""
    radians = np.radians(azimuth)
    return float(np.sin(radians)), float(np.cos(radians))


def _to_fault_frame(
    fault: RectangularFault, east: npt.ArrayLike, north: npt.ArrayLike
) -> tuple[Array, Array]:
    """Return coordinates from the start of the lower edge: along the strike and to its left."""
    east, north = _broadcast(east, north)
    sin, cos = _direction(fault.strike)
    start = 0.0 if fault.reference == "top_corner" else 0.5 * fault.length
    down = (0.5 if fault.reference == "centroid" else 1.0) * fault.width * _direction(fault.dip)[1]
    return east * sin + north * cos + start, north * sin - east * cos + down


@dataclass(frozen=True)
class _Source:
    """A fault in the coordinates of the paper; alpha is mu / (lambda + mu)."""

    depth: float
    dip: float
    length: float
    width: float
    slips: tuple[float, float, float]
    alpha: float

    @classmethod
    def of(cls, fault: RectangularFault, alpha: float) -> "_Source":
        down = 0.5 if fault.reference == "centroid" else 1.0
        depth = fault.depth + down * fault.width * _direction(fault.dip)[0]
        dip_part, strike_part = _direction(fault.rake)
        slips = (fault.slip * strike_part, fault.slip * dip_part, fault.opening)
        return cls(depth, fault.dip, fault.length, fault.width, slips, alpha)

    def uplift(self, x: Array, y: Array) -> Array:
        total = np.zeros(x.shape)
        for sign, corner in self._corners(x, y):
            total += sign * corner.up(self.slips)
        return total

    def displacement(self, x: Array, y: Array) -> Vector:
        ux, uy, uz = np.zeros((3, *x.shape))
        for sign, corner in self._corners(x, y):
            along, across = corner.horizontal(self.slips)
            ux += sign * along
            uy += sign * across
            uz += sign * corner.up(self.slips)
        return ux, uy, uz

    def _corners(self, x: Array, y: Array) -> Iterator[tuple[float, "_Corner"]]:
        sin, cos = _direction(self.dip)
        if abs(cos) < _VERTICAL:
            sin, cos = float(np.sign(sin)), 0.0
        p = y * cos + self.depth * sin
        q = y * sin - self.depth * cos
        for sign, eta in ((1.0, p), (-1.0, p - self.width)):
            yield sign, _Corner(x, eta, q, sin, cos, self.alpha)
            yield -sign, _Corner(x - self.length, eta, q, sin, cos, self.alpha)


class _Corner:
    """The terms of f(xi, eta) in equations (25) to (29)."""

    def __init__(
        self, xi: Array, eta: Array, q: Array, sin: float, cos: float, alpha: float
    ) -> None:
        self.xi, self.eta, self.q = xi, eta, q
        self.sin, self.cos, self.alpha = sin, cos, alpha
        xi2, eta2, q2 = xi * xi, eta * eta, q * q
        self.x2 = xi2 + q2
        self.r = r = np.sqrt(self.x2 + eta2)
        self.y = eta * cos + q * sin
        self.d = eta * sin - q * cos
        self.r_d = r + self.d
        r_eta = _sum(r, eta, self.x2)
        self.q_eta = _quotient(q, r * r_eta)
        self.q_xi = _quotient(q, r * _sum(r, xi, eta2 + q2))
        self.theta = np.arctan(_quotient(xi * eta, q * r))
        self.log_eta = _log(
            r_eta if r_eta.all() else np.where(r_eta == 0, _quotient(1.0, r - eta), r_eta)
        )

    def up(self, slips: tuple[float, float, float]) -> Array:
        """Return the part of uz."""
        sin, cos = self.sin, self.cos
        u1, u2, u3 = (slip / (2 * np.pi) for slip in slips)
        uz = np.zeros_like(self.r)
        if u1:
            uz -= u1 * ((self.d + sin * self.r) * self.q_eta + sin * self.i4)
        if u2:
            uz -= u2 * (self.d * self.q_xi + sin * self.theta - (sin * cos) * self.i5)
        if u3:
            part = self.xi * self.q_eta - self.theta
            uz += u3 * (self.y * self.q_xi + cos * part - (sin * sin) * self.i5)
        return uz

    def horizontal(self, slips: tuple[float, float, float]) -> tuple[Array, Array]:
        """Return the parts of ux and uy."""
        sin, cos = self.sin, self.cos
        u1, u2, u3 = (slip / (2 * np.pi) for slip in slips)
        ux, uy = np.zeros((2, *self.r.shape))
        i1, i2, i3 = self._i1_i2_i3()
        if u1:
            ux -= u1 * (self.xi * self.q_eta + self.theta + sin * i1)
            uy -= u1 * ((self.y + cos * self.r) * self.q_eta + sin * i2)
        if u2:
            ux -= u2 * (_quotient(self.q, self.r) - (sin * cos) * i3)
            uy -= u2 * (self.y * self.q_xi + cos * self.theta - (sin * cos) * i1)
        if u3:
            part = self.xi * self.q_eta - self.theta
            ux += u3 * (self.q * self.q_eta - (sin * sin) * i3)
            uy -= u3 * (self.d * self.q_xi + sin * part + (sin * sin) * i1)
        return ux, uy

    @cached_property
    def i4(self) -> Array:
        """I4 of equation (28), (29) for a vertical fault."""
        if self.cos == 0:
            return -self.alpha * _quotient(self.q, self.r_d)
        return self.alpha / self.cos * (_log(self.r_d) - self.sin * self.log_eta)

    @cached_property
    def i5(self) -> Array:
        """I5 of equation (28), (29) for a vertical fault."""
        if self.cos == 0:
            return -self.alpha * self.sin * _quotient(self.xi, self.r_d)
        x = np.sqrt(self.x2)
        r_x = self.r + x
        ratio = _quotient(
            self.eta * (x + self.cos * self.q) + self.sin * x * r_x, self.cos * self.xi * r_x
        )
        return 2 * self.alpha / self.cos * np.arctan(ratio)

    def _i1_i2_i3(self) -> Vector:
        alpha, tan = self.alpha, self.sin / self.cos if self.cos else 0.0
        over_d = _quotient(1.0, self.r_d)
        if self.cos == 0:
            i1 = -alpha / 2 * self.xi * self.q * over_d**2
            i3 = alpha / 2 * ((self.eta + self.y * self.q * over_d) * over_d - self.log_eta)
        else:
            i1 = -alpha / self.cos * self.xi * over_d - tan * self.i5
            i3 = alpha / self.cos * self.y * over_d - alpha * self.log_eta + tan * self.i4
        return i1, -alpha * self.log_eta - i3, i3


def _quotient(numerator: Array | float, denominator: Array) -> Array:
    """Divide, with 0 where the denominator is 0: the paper's rule for singular terms."""
    if denominator.all():
        return np.asarray(numerator / denominator)
    out = np.zeros_like(denominator)
    return np.divide(numerator, denominator, out=out, where=denominator != 0)


def _log(values: Array) -> Array:
    """Return the logarithm, with 0 where there is none."""
    regular = values > 0
    return np.log(values, out=np.zeros_like(values), where=True if regular.all() else regular)


def _sum(r: Array, part: Array, rest2: Array) -> Array:
    """Return r + part without cancellation, where r * r = part * part + rest2."""
    large = r + np.abs(part)
    return np.where(part < 0, _quotient(rest2, large), large)
