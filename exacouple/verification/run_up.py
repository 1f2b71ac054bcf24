"""Waves on a plane beach: Carrier and Greenspan's standing wave, Synolakis' solitary wave."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from exacouple.engine.solver import Solver
from exacouple.verification.bounds import (
    MOVING_SHORE,
    NTHMP_MASS,
    analytic,
    errors_and_rates,
    mass_kept,
)
from exacouple.verification.fields import GRAVITY, channel, march, middle, sample, subcell_centres
from exacouple.verification.results import Check, Finding, Inputs, Picture, Series, rates
from exacouple.verification.solutions.beach import StandingWave
from exacouple.verification.solutions.solitary import SolitaryRunUp

Array = NDArray[np.float64]

_SHORE_FILM = 0.01


@dataclass(frozen=True)
class Beach:
    """A standing wave on a beach.

    Attributes
    ----------
    orders
        Polynomial degrees.
    cells
        Cells along 6.5 units of length of the wave, of each mesh.
    amplitudes
        Amplitudes; the wave would break at 1.
    slope, period
        Slope of the beach, and period in seconds.
    limiter_depth, dry_tolerance
        Depths of the solver, in units of the slope times the unit of length.
    """

    orders: tuple[int, ...]
    cells: tuple[int, ...]
    amplitudes: tuple[float, ...]
    slope: float
    period: float
    limiter_depth: float
    dry_tolerance: float


@dataclass(frozen=True)
class Solitary:
    """A solitary wave on a beach, in units of the depth and of sqrt(depth / g).

    Attributes
    ----------
    orders
        Polynomial degrees.
    cells
        Cells along 110 depths.
    height, cotangent
        Height of the wave and cotangent of the beach.
    times
        When profiles are compared.
    limiter_depth, dry_tolerance
        Depths of the solver.
    """

    orders: tuple[int, ...]
    cells: int
    height: float
    cotangent: float
    times: tuple[float, ...]
    limiter_depth: float
    dry_tolerance: float


class Shoreline:
    """Follows the highest place that water reaches on a beach along x.

    Water counts where it is deeper than 1 % of the height of the wave; its surface there is the
    height of the shoreline.
    """

    def __init__(self, solver: Solver, x: Array, height: float, every: int) -> None:
        self.solver, self.x = solver, x
        self.film, self.every = _SHORE_FILM * height, every
        self.highest = -np.inf

    def __call__(self) -> None:
        """Look at the solver, if it is time to."""
        if self.solver.steps % self.every:
            return
        f = sample(self.solver, self.x, middle(self.solver.mesh))
        if (f.h > self.film).any():
            self.highest = max(self.highest, float(f.eta[f.h > self.film].max()))


class _Standing(NamedTuple):
    errors: Array
    run_up: float
    picture: Picture


def _standing(wave: StandingWave, beach: Beach, order: int, cells: int) -> _Standing:
    """Mean errors of h and hu after a period over those of the wave; highest shoreline.

    The closed end is so far off the shore that no wave from there reaches the part compared.
    """
    length, slope = wave.length, wave.slope
    mesh = channel(-6.0 * length, 0.5 * length, cells)

    def initial(x: Array, y: Array) -> tuple[Array, Array, Array, Array]:
        h, u = wave(x, 0.0)
        return h, h * u, np.zeros_like(x), slope * x

    solver = Solver(
        mesh,
        initial,
        order=order,
        gravity=GRAVITY,
        boundary="wall",
        limiter_depth=beach.limiter_depth * slope * length,
        dry_tolerance=beach.dry_tolerance * slope * length,
    )
    x, _ = subcell_centres(mesh, order)
    shoreline = Shoreline(solver, x[(x > -0.02 * length) & (x < 0.4 * length)], wave.run_up, 20)
    march(solver, wave.period, shoreline)
    x = x[x > -0.6 * length]
    f = sample(solver, x, middle(mesh))
    h, u = wave(x, wave.period)
    flow = wave.run_up * np.sqrt(GRAVITY * slope * length)
    errors = np.array([np.mean(abs(f.h - h)) / wave.run_up, np.mean(abs(f.hu - h * u)) / flow])
    picture = Picture(
        f"A = {wave.amplitude:g}, order {order}, after a period",
        "x (m)",
        "height (m)",
        (
            Series("bed", x, slope * x, "ground"),
            Series("exact", x, np.where(h > 0.0, h + slope * x, np.nan), "expected"),
            Series("found", x, np.where(f.h > shoreline.film, f.eta, np.nan)),
        ),
    )
    return _Standing(errors, shoreline.highest, picture)


def _carrier_greenspan(beach: Beach, inputs: Inputs) -> Iterator[Finding]:
    for amplitude in beach.amplitudes:
        wave = StandingWave(
            slope=beach.slope, period=beach.period, amplitude=amplitude, gravity=GRAVITY
        )
        for order in beach.orders:
            runs = [_standing(wave, beach, order, n) for n in beach.cells]
            what = f"A = {amplitude:g}, order {order}"
            powers = rates([run.errors for run in runs], beach.cells)
            yield from errors_and_rates(what, runs[-1].errors, powers, 0.9, MOVING_SHORE)
            error = abs(runs[-1].run_up / wave.run_up - 1.0)
            yield analytic(f"{what}: run-up, relative", error)
            yield runs[-1].picture


def solitary_on_beach(
    wave: SolitaryRunUp,
    order: int,
    cells: int,
    *,
    limiter_depth: float,
    dry_tolerance: float,
    manning: float = 0.0,
) -> tuple[Solver, Array]:
    """Start the wave of NTHMP benchmark 1 (and 4) in units of depth and sqrt(depth / g).

    In these units Manning's coefficient is n sqrt(g) / d^(1/6) of the one in SI units.

    Returns
    -------
    solver
        At t = 0; the beach is at x < X0, water at rest ends at x = 0.
    x
        Centres of the subcells.
    """
    mesh = channel(-10.0, 100.0, cells)

    def initial(x: Array, y: Array) -> tuple[Array, Array, Array, Array]:
        b = -np.minimum(x, wave.cotangent) / wave.cotangent
        eta = np.where(x > 0.0, wave.initial(x), 0.0)
        h = np.maximum(eta - b, 0.0)
        return h, -h * eta, np.zeros_like(x), b

    solver = Solver(
        mesh,
        initial,
        order=order,
        gravity=1.0,
        boundary="wall",
        limiter_depth=limiter_depth,
        dry_tolerance=dry_tolerance,
        dmp_observables=2,
        manning=manning,
    )
    return solver, subcell_centres(mesh, order)[0]


def _benchmark_1(beach: Solitary, inputs: Inputs) -> Iterator[Finding]:
    wave = SolitaryRunUp(height=beach.height, cotangent=beach.cotangent)
    top = wave.start + beach.cotangent
    exact = float(wave.shoreline(np.linspace(top - 5.0, top + 5.0, 201)).max())
    for order in beach.orders:
        solver, x = solitary_on_beach(
            wave,
            order,
            beach.cells,
            limiter_depth=beach.limiter_depth,
            dry_tolerance=beach.dry_tolerance,
        )
        mass = solver.mass()
        highest = 1.3 * exact * beach.cotangent
        shore = x[(x > -highest) & (x < -0.5 * exact * beach.cotangent)]
        shoreline = Shoreline(solver, shore, wave.height, every=10)
        near = x[(x > -highest) & (x < beach.cotangent)]
        for t in beach.times:
            march(solver, t, shoreline)
            expected = wave.profile(near, t)
            wet = np.isfinite(expected)
            f = sample(solver, near, middle(solver.mesh))
            gap = (f.eta - expected)[wet]
            error = np.sqrt(np.mean(gap**2)) / np.max(np.abs(expected[wet]))
            yield analytic(
                f"order {order}: profile at t = {t:g}, RMS over its largest elevation", error
            )
            if order == beach.orders[-1]:
                surface = np.where(f.h > shoreline.film, f.eta, np.nan)
                yield Picture(
                    f"order {order}, t = {t:g} sqrt(d / g)",
                    "x / d",
                    "height / d",
                    (
                        Series("beach", near, -near / beach.cotangent, "ground"),
                        Series("Synolakis 1987", near, expected, "expected"),
                        Series("found", near, surface),
                    ),
                )
        yield analytic(
            f"order {order}: run-up, relative to {exact:.4f} d",
            abs(shoreline.highest / exact - 1.0),
        )
        change = abs(solver.mass() / mass - 1.0)
        yield mass_kept(f"order {order}", change, solver.steps, NTHMP_MASS)


CHECKS = (
    Check("run-up-standing", Beach, _carrier_greenspan),
    Check("run-up-solitary", Solitary, _benchmark_1),
)
