"""Laboratory data that users bring themselves, and NTHMP benchmark 4.

The data of the NTHMP benchmarks carry no licence that would let them be shipped here. They are
read from a copy of https://github.com/rjleveque/nthmp-benchmark-problems.
"""

import io
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from exacouple.errors import ExacoupleError
from exacouple.verification.bounds import laboratory
from exacouple.verification.fields import GRAVITY, march, middle, sample
from exacouple.verification.results import (
    Check,
    Finding,
    Inputs,
    NoData,
    Picture,
    Series,
)
from exacouple.verification.run_up import Shoreline, solitary_on_beach
from exacouple.verification.solutions.solitary import SolitaryRunUp

Array = NDArray[np.float64]

REPOSITORY = "https://github.com/rjleveque/nthmp-benchmark-problems"

_BEACH = "BP04-JosephZ-Single_wave_on_simple_beach"


@dataclass(frozen=True)
class Tank:
    """One wave in the tank.

    Attributes
    ----------
    height
        Height over depth.
    depth_m
        Depth in metres.
    times
        When profiles were taken, in units of sqrt(d / g).
    """

    height: float
    depth_m: float
    times: tuple[int, ...]


@dataclass(frozen=True)
class Tanks:
    """Waves on a beach.

    Attributes
    ----------
    order, cells
        Polynomial degree, and cells along 110 depths.
    cotangent
        Cotangent of the beach.
    manning
        Manning's coefficient in s / m^(1/3).
    end_time
        When the run-up is over, in units of sqrt(d / g).
    limiter_depth, dry_tolerance
        Depths of the solver over the depth.
    waves
        The waves.
    """

    order: int
    cells: int
    cotangent: float
    manning: float
    end_time: float
    limiter_depth: float
    dry_tolerance: float
    waves: tuple[Tank, ...]


def find(inputs: Inputs, folder: str, name: str) -> Path:
    """Path of a file of the benchmark data.

    Raises
    ------
    NoData
        If no directory of data was given, or it lacks the file.
    """
    if inputs.laboratory is None:
        raise NoData(f"needs laboratory data: git clone {REPOSITORY} and give it with --laboratory")
    path = inputs.laboratory / folder / name
    if not path.is_file():
        raise NoData(f"no {path}: is {inputs.laboratory} a copy of {REPOSITORY}?")
    return path


def table(path: Path, columns: int) -> Array:
    """Read the rows of a text file that hold `columns` numbers and nothing else.

    Blanks or commas part the numbers.

    Raises
    ------
    ExacoupleError
        If there are none.
    """
    return _rows(path.read_text(encoding="latin-1"), columns, str(path))


def _rows(text: str, columns: int, where: str) -> Array:
    rows = []
    for line in text.splitlines():
        try:
            values = [float(word) for word in line.replace(",", " ").split()]
        except ValueError:
            continue
        if len(values) == columns:
            rows.append(values)
    if not rows:
        raise ExacoupleError(f"{where}: no rows of {columns} numbers")
    return np.array(rows)


def deviation(found: Array, measured: Array) -> float:
    """Root-mean-square difference over the range of what was measured (Horrillo et al. 2015)."""
    return float(np.sqrt(np.mean((found - measured) ** 2)) / np.ptp(measured))


def at_gauge(
    number: int, time: Array, measured: Array, found: Array, case: str = ""
) -> Iterator[Finding]:
    """Hold the surface found at a gauge against its record at the same times."""
    what = f"{case}: " if case else ""
    yield laboratory(f"{what}gauge {number}, RMS over its range", deviation(found, measured))
    yield laboratory(
        f"{what}crest at gauge {number}, relative to the measured {measured.max():.4f} m",
        abs(found.max() / measured.max() - 1.0),
    )
    yield Picture(
        f"{case}, gauge {number}" if case else f"gauge {number}",
        "time (s)",
        "height (m)",
        (Series("measured", time, measured, "measured"), Series("found", time, found)),
    )


def incoming(wave: Array, start: float, depth: float, length: float) -> Callable[[Array], Array]:
    """Celerity, as a function of x < 0, of the simple wave that passes x = 0 from `start` on.

    Parameters
    ----------
    wave
        Rows of time and surface at x = 0; the last surface stays.
    start
        Time at which the simple wave is laid out.
    depth, length
        Depth and length of the flat part.
    """
    c0 = np.sqrt(GRAVITY * depth)
    after = np.linspace(0.0, 1.5 * length / c0, 2000)
    eta = np.interp(start + after, wave[:, 0], wave[:, 1], right=float(wave[-1, 1]))
    c = np.sqrt(GRAVITY * (depth + eta))
    place = (3.0 * c - 2.0 * c0) * after

    def celerity(x: Array) -> Array:
        return np.interp(-x, place, c)

    return celerity


def measured_run_up(runs: Array, height: float) -> float:
    """Run-up R / d measured for waves within 5 % of a height, brought to it along H^(5/4).

    Parameters
    ----------
    runs
        Rows of H / d, R / d, d.
    height
        H / d.
    """
    near = runs[abs(runs[:, 0] / height - 1.0) <= 0.05]
    return float(np.mean(near[:, 1] * (height / near[:, 0]) ** 1.25))


def _profile(path: Path, height: float, t: int) -> Array:
    """Measured profile: rows of x / d, eta / d."""
    wanted = f"Case{str(height).replace('.', '_')}.t={t}"
    try:
        with tarfile.open(path) as archive:
            for member in archive.getmembers():
                stream = archive.extractfile(member) if Path(member.name).name == wanted else None
                if stream is not None:
                    text = io.TextIOWrapper(stream, encoding="ascii").read()
                    return _rows(text, 2, f"{path}, {wanted}")
    except tarfile.TarError as exc:
        raise ExacoupleError(f"cannot read {path}: {exc}") from exc
    raise NoData(f"{path} holds no {wanted}")


def _benchmark_4(case: Tanks, inputs: Inputs) -> Iterator[Finding]:
    profiles = find(inputs, _BEACH, "profs.tgz")
    runs = table(find(inputs, _BEACH, "Lab_runup.txt"), 3)
    for tank in case.waves:
        wave = SolitaryRunUp(height=tank.height, cotangent=case.cotangent)
        solver, x = solitary_on_beach(
            wave,
            case.order,
            case.cells,
            limiter_depth=case.limiter_depth,
            dry_tolerance=case.dry_tolerance,
            manning=case.manning * np.sqrt(GRAVITY) / tank.depth_m ** (1.0 / 6.0),
        )
        expected = measured_run_up(runs, tank.height)
        reach = 1.3 * expected * case.cotangent
        shoreline = Shoreline(solver, x[(x > -min(reach, 9.9)) & (x < 0.0)], tank.height, every=20)
        what = f"H/d = {tank.height:g}"
        near = x[(x > -min(reach, 9.9)) & (x < case.cotangent + 2.0)]
        for t in tank.times:
            rows = _profile(profiles, tank.height, t)
            march(solver, float(t), shoreline)
            found = sample(solver, rows[:, 0], middle(solver.mesh))
            wet = found.h > shoreline.film
            yield laboratory(
                f"{what}: profile at t = {t}, RMS over its range",
                deviation(found.eta[wet], rows[wet, 1]),
            )
            f = sample(solver, near, middle(solver.mesh))
            yield Picture(
                f"{what}, t = {t} sqrt(d / g)",
                "x / d",
                "height / d",
                (
                    Series("beach", near, f.b, "ground"),
                    Series("measured", rows[:, 0], rows[:, 1], "measured"),
                    Series("found", near, np.where(f.h > shoreline.film, f.eta, np.nan)),
                ),
            )
        march(solver, case.end_time, shoreline)
        yield laboratory(
            f"{what}: run-up, relative to the measured {expected:.3f} d",
            abs(shoreline.highest / expected - 1.0),
        )


CHECKS = (Check("laboratory-beach", Tanks, _benchmark_4),)
