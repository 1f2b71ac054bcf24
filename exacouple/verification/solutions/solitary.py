"""Solitary wave that runs up a plane beach (Synolakis 1987, J. Fluid Mech. 185, 523-545).

A wave eta = H sech^2(gamma (x - X1)), gamma = sqrt(3 H / 4), comes over water of depth 1 and
climbs a beach of slope 1 / X0 that begins at x = X0; x points out to sea and is 0 at the shoreline
at rest. Lengths are in units of the depth d, times in units of sqrt(d / g). The linear solution on
the beach,

    eta(x, t) = int 2 Phi(k) J0(2 k sqrt(x X0)) exp(-i k (X0 + t)) / (J0(2 k X0) - i J1(2 k X0)) dk,
    Phi(k) = 2/3 k exp(i k X1) / sinh(pi k / (2 gamma)),

is carried over to the nonlinear equations with the hodograph variables of Carrier and Greenspan:
with sigma^2 / 16 = x / X0 and lambda = -2 t / X0 it equals psi_lambda / 4, and

    u = psi_sigma / sigma                   eta = psi_lambda / 4 - u^2 / 2
    x = X0 (sigma^2 / 16 - eta)             t = X0 (u - lambda / 2).

The wave is taken as linear up to the toe of the beach: the solution is exact on the beach for what
enters there, and approximate, for small H, as the answer to the solitary wave.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.special import j0, j1

Array = NDArray[np.float64]

_MODES = 500
_LARGEST_EXPONENT = 25.0
_STEPS = 80
_POINTS = 160


@dataclass(frozen=True)
class SolitaryRunUp:
    """Answer of the beach to a solitary wave, in units of depth and sqrt(depth / gravity).

    Attributes
    ----------
    height
        Height H of the wave.
    cotangent
        X0, the cotangent of the angle of the beach.

    Examples
    --------
    >>> wave = SolitaryRunUp(height=0.019, cotangent=19.85)
    >>> round(wave.start, 3), round(wave.run_up_law, 4)
    (38.098, 0.089)
    """

    height: float
    cotangent: float

    @property
    def steepness(self) -> float:
        """Gamma, the inverse length of the wave."""
        return float(np.sqrt(0.75 * self.height))

    @property
    def start(self) -> float:
        """X1, half a wave length seaward of the toe: arccosh(sqrt(20)) / gamma from it."""
        return float(self.cotangent + np.arccosh(np.sqrt(20.0)) / self.steepness)

    @property
    def run_up_law(self) -> float:
        """Highest shoreline by the law 2.831 sqrt(cot beta) H^(5/4)."""
        return float(2.831 * np.sqrt(self.cotangent) * self.height**1.25)

    def initial(self, x: Array) -> Array:
        """Elevation at t = 0."""
        return self.height / np.cosh(self.steepness * (x - self.start)) ** 2

    def at(self, x: float, times: Array) -> Array:
        """Elevation at one place of the beach, ``x < X0``; NaN while it is dry."""
        return np.array([self.profile(np.array([x]), float(t))[0] for t in times])

    def profile(self, x: Array, t: float) -> Array:
        """Elevation along the beach at one time, x < X0; NaN on dry ground."""
        place, eta = self._snapshot(np.linspace(0.0, 4.2, _POINTS), t)
        found = CubicSpline(place, eta)(np.maximum(x, place[0]))
        return np.where(np.asarray(x) >= place[0], found, np.nan)

    def shoreline(self, times: Array) -> Array:
        """Height of the shoreline."""
        return np.array([self._snapshot(np.zeros(1), float(t))[1][0] for t in times])

    def _snapshot(self, sigma: Array, t: float) -> tuple[Array, Array]:
        """Place and elevation of the points with given sigma at time t (Newton, bisection)."""
        x0 = self.cotangent
        modes = self._modes(sigma)
        low, high = (np.full_like(sigma, side - 2.0 * t / x0) for side in (-1.0, 1.0))
        phase = 0.5 * (low + high)
        for _ in range(_STEPS):  # t falls as lambda grows, until the wave breaks
            _, speed, growth = modes.sum_up(phase)
            excess = x0 * (speed - 0.5 * phase) - t
            low, high = np.where(excess > 0.0, phase, low), np.where(excess > 0.0, high, phase)
            newton = phase - excess / (x0 * (growth - 0.5))
            inside = (low <= newton) & (newton <= high)
            phase = np.where(inside, newton, 0.5 * (low + high))
            if np.max(np.abs(excess)) < 1e-11 * x0:
                break
        level, speed, _ = modes.sum_up(phase)
        eta = level - 0.5 * speed**2
        return x0 * (sigma**2 / 16.0 - eta), eta

    def _modes(self, sigma: Array) -> "_Modes":
        x0 = self.cotangent
        decay = np.pi / (2.0 * self.steepness)
        k = (np.arange(_MODES, dtype=np.float64) + 0.5) * (_LARGEST_EXPONENT / decay / _MODES)
        wave = 2.0 / 3.0 * k / np.sinh(decay * k) * np.exp(1j * k * (self.start - x0))
        answer = 4.0 * wave * (k[1] - k[0]) / (j0(2.0 * k * x0) - 1j * j1(2.0 * k * x0))
        kappa = 0.5 * k * x0
        z = sigma[:, None] * kappa
        bend = np.where(z > 1e-8, j1(z) / np.where(z > 1e-8, z, 1.0), 0.5)
        return _Modes(kappa, answer, j0(z), bend)


@dataclass(frozen=True)
class _Modes:
    """Wave numbers of lambda, their amplitudes, and J0(z), J1(z) / z at z = sigma kappa."""

    kappa: Array
    amplitude: NDArray[np.complex128]
    level: Array
    bend: Array

    def sum_up(self, phase: Array) -> tuple[Array, Array, Array]:
        """psi_lambda / 4, u = psi_sigma / sigma and the derivative of u by lambda."""
        turn = np.exp(1j * np.outer(phase, self.kappa))
        level = (self.level * turn) @ self.amplitude
        speed = (self.bend * turn) @ (4j * self.kappa * self.amplitude)
        growth = (self.bend * turn) @ (-4.0 * self.kappa**2 * self.amplitude)
        return level.real, speed.real, growth.real
