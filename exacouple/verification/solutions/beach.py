"""Periodic standing wave on a plane beach (Carrier and Greenspan 1958, J. Fluid Mech. 4, 97-109).

The hodograph transformation turns the nonlinear equations over the bed b = s x, x pointing
inland, into a linear one. With lengths along the beach in units of l, heights in units of s l,
times in units of sqrt(l / (s g)) and velocities in units of sqrt(s g l),

    sigma = 4 sqrt(eta - x)             lambda = 2 (u + t)
    u = phi_sigma / sigma               eta = phi_lambda / 4 - u^2 / 2
    x = eta - sigma^2 / 16              (sigma phi_sigma)_sigma = sigma phi_lambda_lambda

and phi = A J0(sigma) cos(lambda) is a standing wave of period pi whose shoreline sigma = 0 climbs
to A / 4. It does not break as long as A < 1.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.special import j0, j1

from exacouple.errors import UsageError

Array = NDArray[np.float64]

_POINTS = 4001
_NEWTON_STEPS = 60


@dataclass(frozen=True)
class StandingWave:
    """Standing wave on the beach b = slope x; the water at rest ends at x = 0.

    Attributes
    ----------
    slope
        Slope s of the bed.
    period
        Period of the wave.
    amplitude
        A, between 0 and 1 (where it would break).
    gravity
        Gravity.

    Examples
    --------
    >>> wave = StandingWave(slope=0.1, period=10.0, amplitude=0.8, gravity=9.81)
    >>> round(wave.run_up, 4)
    0.1988
    >>> x, u = wave.shoreline(0.75 * wave.period)
    >>> bool(abs(x - wave.run_up / wave.slope) < 1e-9), bool(abs(u) < 1e-9)
    (True, True)
    """

    slope: float
    period: float
    amplitude: float
    gravity: float

    def __post_init__(self) -> None:
        if not 0.0 < self.amplitude < 1.0:
            raise UsageError(f"amplitude {self.amplitude:g} must lie between 0 and 1")

    @property
    def length(self) -> float:
        """Unit of length l along the beach."""
        return self.slope * self.gravity * (self.period / np.pi) ** 2

    @property
    def run_up(self) -> float:
        """Height of the highest shoreline above the water at rest."""
        return 0.25 * self.amplitude * self.slope * self.length

    def __call__(self, x: Array, t: float) -> tuple[Array, Array]:
        """Depth and velocity (positive inland) at places `x`; both 0 on dry ground."""
        seaward = float(np.max(-np.asarray(x))) / self.length
        sigma = np.linspace(0.0, 4.0 * np.sqrt(max(seaward, 0.0) + 1.0), _POINTS)
        place, _, _ = self._along(sigma, t)
        inverse = CubicSpline(-place, sigma**2)
        at = -np.asarray(x, dtype=float) / self.length
        wet = at > -place[0]
        squares = np.where(wet, inverse(np.where(wet, at, -place[0])), 0.0)
        _, _, velocity = self._along(np.sqrt(np.maximum(squares, 0.0)), t)
        h = np.maximum(squares, 0.0) / 16.0 * self.slope * self.length
        scale = np.sqrt(self.slope * self.gravity * self.length)
        return h, np.where(wet, scale * velocity, 0.0)

    def shoreline(self, t: float) -> tuple[float, float]:
        """Place and velocity of the shoreline."""
        place, _, velocity = self._along(np.zeros(1), t)
        scale = np.sqrt(self.slope * self.gravity * self.length)
        return float(place[0]) * self.length, float(velocity[0]) * scale

    def _along(self, sigma: Array, t: float) -> tuple[Array, Array, Array]:
        """Scaled place, elevation and velocity where sqrt(h) is sigma / 4, at time t."""
        time = np.pi * t / self.period
        fall = 0.5 * self.amplitude * _j1_over_half(sigma)
        phase = np.full_like(sigma, 2.0 * time)
        for _ in range(_NEWTON_STEPS):  # phase = 2 (t + u), u = -fall cos(phase)
            excess = phase - 2.0 * time + 2.0 * fall * np.cos(phase)
            step = excess / (1.0 - 2.0 * fall * np.sin(phase))
            phase = phase - np.clip(step, -1.0, 1.0)
            if np.max(np.abs(step)) < 1e-14:
                break
        u = -fall * np.cos(phase)
        eta = -0.25 * self.amplitude * j0(sigma) * np.sin(phase) - 0.5 * u**2
        return eta - sigma**2 / 16.0, eta, u


def _j1_over_half(sigma: Array) -> Array:
    """2 J1(sigma) / sigma, which is 1 at sigma = 0."""
    safe = np.where(sigma > 1e-8, sigma, 1.0)
    return np.where(sigma > 1e-8, 2.0 * j1(safe) / safe, 1.0)
