"""Solitary waves on a conical island in the laboratory, NTHMP benchmark 6.

Briggs, Synolakis, Harkins and Green (1995), Pure Appl. Geophys. 144, 569-593. The island stands in
a basin of 0.32 m depth; its foot is 7.2 m wide, its flanks rise 1 in 4. Waves come from small x.
The mean of the four gauges before the island gives the wave: at the start the simple wave that will
bring what they recorded is laid out on their seaward side, up to the time when the island's answer
reaches them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from exacouple.engine.mesh import Mesh
from exacouple.engine.solver import Solver
from exacouple.verification.bounds import laboratory, mass_kept
from exacouple.verification.fields import GRAVITY, closed_basin, march, sample
from exacouple.verification.laboratory import at_gauge, deviation, find, incoming, table
from exacouple.verification.results import Check, Finding, Inputs, Picture, Series

Array = NDArray[np.float64]

_FOLDER = "BP06-FrankG-Solitary_wave_on_a_conical_island"
_DEPTH = 0.32
_CENTRE = (12.96, 13.80)
_FOOT, _TOP, _SLOPE = 3.6, 0.625, 0.25
_SHORE = _FOOT - _DEPTH / _SLOPE
_INCIDENT = slice(0, 4)
_BEHIND = 90.0
# Number of a gauge: its column in the records, x and y.
_GAUGES = {6: (4, 9.36, 13.80), 9: (5, 10.36, 13.80), 16: (6, 12.96, 11.22), 22: (7, 15.56, 13.80)}
_LOOKS, _LOOKS_AT_SHORE = 0.02, 4
_FLANK, _RAY_STEP = (_TOP - _DEPTH) / _SLOPE, 0.005


@dataclass(frozen=True)
class Wave:
    """One wave: place of the gauges before the island, in metres, and the files of its records."""

    name: str
    gauges: float
    series: str
    run_up: str


@dataclass(frozen=True)
class Island:
    """Waves on the island, SI units.

    Attributes
    ----------
    order, cells
        Polynomial degree, and cells a metre.
    manning
        Manning's coefficient.
    film
        Least depth of water on the island over the height of the wave.
    calm
        Seconds of the records before the wave comes.
    before, after
        Seconds of the incident wave before and after its crest.
    end_time
        Seconds that are compared.
    seaward
        Length of the basin before the gauges.
    limiter_depth, dry_tolerance
        Depths of the solver.
    waves
        The waves.
    """

    order: int
    cells: int
    manning: float
    film: float
    calm: float
    before: float
    after: float
    end_time: float
    seaward: float
    limiter_depth: float
    dry_tolerance: float
    waves: tuple[Wave, ...]


class _Seen(NamedTuple):
    time: Array
    gauges: dict[int, Array]
    run_up: Array
    mass_error: float
    steps: int


class _Recorded(NamedTuple):
    """Seconds after the start, and surface in metres: of the incident wave, and at the gauges."""

    time: Array
    incident: Array
    gauges: dict[int, Array]

    @property
    def height(self) -> float:
        """Height of the incident wave."""
        return float(self.incident[:, 1].max())


def seabed(x: Array, y: Array) -> Array:
    """Elevation of the basin and the island above the water at rest."""
    r = np.hypot(x - _CENTRE[0], y - _CENTRE[1])
    return np.clip(_SLOPE * (_FOOT - r), 0.0, _TOP) - _DEPTH


def _start(case: Island, wave: Wave, incident: Array) -> Solver:
    """Start a wave in a closed basin 16 m wide; what its walls send back comes too late."""
    c0 = np.sqrt(GRAVITY * _DEPTH)
    celerity = incoming(incident, 0.0, _DEPTH, case.seaward)

    def initial(x: Array, y: Array) -> tuple[Array, Array, Array, Array]:
        b = seabed(x, y)
        c = np.where(x < wave.gauges, celerity(np.minimum(x - wave.gauges, 0.0)), c0)
        h = np.where(b < 0.0, np.maximum(c**2 / GRAVITY - _DEPTH - b, 0.0), 0.0)
        return h, 2.0 * h * (c - c0), np.zeros_like(x), b

    n = case.cells
    columns = int(np.ceil((21.0 - wave.gauges + case.seaward) * n))
    mesh = Mesh(21.0 - columns / n, 5.8, 1.0 / n, columns, 16 * n)
    return closed_basin(mesh, initial, case.order, case, dmp_observables=1, manning=case.manning)


def _run(solver: Solver, film: float, degrees: Array, until: float) -> _Seen:
    """Run to a time; give gauges, and the highest ground that gets wet on rays from the middle.

    Rays at 270 degrees face the wave, those at 0 point to small y. A subcell's water wets the part
    of its ground that lies below the surface.
    """
    radii = np.arange(_SHORE - _FLANK, _SHORE, _RAY_STEP)[:, None]
    x = _CENTRE[0] + radii * np.sin(np.radians(degrees))
    y = _CENTRE[1] - radii * np.cos(np.radians(degrees))
    ground, run_up = seabed(x, y), np.zeros_like(degrees)
    mass = solver.mass()
    times = np.arange(0.0, until, _LOOKS)
    gauges: dict[int, list[float]] = {number: [] for number in _GAUGES}
    for count, t in enumerate(times):
        march(solver, float(t))
        for number, (_, gx, gy) in _GAUGES.items():
            gauges[number].append(solver.sample(gx, gy)[4])
        if count % _LOOKS_AT_SHORE == 0:
            f = sample(solver, x, y)
            wet = (f.h > film) & (f.eta >= ground)
            np.maximum(run_up, np.where(wet, ground, 0.0).max(axis=0), out=run_up)
    seen = {number: np.array(values) for number, values in gauges.items()}
    return _Seen(times, seen, run_up, abs(solver.mass() / mass - 1.0), solver.steps)


def _read(case: Island, rows: Array) -> _Recorded:
    """Cut the records to the time between the start and the end of the run."""
    calm = rows[rows[:, 0] < case.calm, 1:].mean(axis=0)
    time, waves = rows[:, 0], rows[:, 1:] - calm
    mean = waves[:, _INCIDENT].mean(axis=1)
    early = time < time[0] + 0.5 * (time[-1] - time[0])
    crest = time[np.where(early, mean, -np.inf).argmax()]
    time = time - (crest - case.before)
    used = (time >= 0.0) & (time <= case.before + case.after)
    compared = (time >= 0.0) & (time <= case.end_time)
    gauges = {n: waves[compared, column] for n, (column, _, _) in _GAUGES.items()}
    return _Recorded(time[compared], np.column_stack([time[used], mean[used]]), gauges)


def _benchmark_6(case: Island, inputs: Inputs) -> Iterator[Finding]:
    for wave in case.waves:
        recorded = _read(case, table(find(inputs, _FOLDER, wave.series), 9))
        rows = table(find(inputs, _FOLDER, wave.run_up), 4)
        solver = _start(case, wave, recorded.incident)
        seen = _run(solver, case.film * recorded.height, rows[:, 1], case.end_time)
        what = f"case {wave.name}, H/d = {recorded.height / _DEPTH:.3f}"
        yield from _gauges(what, recorded, seen)
        yield from _run_ups(what, rows, seen)
        yield mass_kept(what, seen.mass_error, seen.steps)


def _gauges(what: str, recorded: _Recorded, seen: _Seen) -> Iterator[Finding]:
    time = recorded.time
    for number, measured in recorded.gauges.items():
        found = np.interp(time, seen.time, seen.gauges[number])
        yield from at_gauge(number, time, measured, found, what)


def _run_ups(what: str, rows: Array, seen: _Seen) -> Iterator[Finding]:
    degrees, measured = rows[:, 1], rows[:, 2] / 100.0
    yield laboratory(
        f"{what}: run-up around the island, RMS over its range", deviation(seen.run_up, measured)
    )
    yield laboratory(
        f"{what}: highest run-up, relative to the measured {measured.max():.4f} m",
        abs(seen.run_up.max() / measured.max() - 1.0),
    )
    behind = int(np.abs(degrees - _BEHIND).argmin())
    yield laboratory(
        f"{what}: run-up behind the island, relative to the measured {measured[behind]:.4f} m",
        abs(seen.run_up[behind] / measured[behind] - 1.0),
    )
    order = np.argsort(degrees)
    yield Picture(
        f"{what}, run-up",
        "direction (degrees; 270 faces the wave)",
        "run-up (m)",
        (
            Series("measured", degrees[order], measured[order], "measured"),
            Series("found", degrees[order], seen.run_up[order]),
        ),
    )


CHECKS = (Check("laboratory-island", Island, _benchmark_6),)
