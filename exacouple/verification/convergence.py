"""The error of smooth solutions falls with the power N + 1 of the cell size."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exacouple.engine.mesh import Mesh
from exacouple.engine.solver import Solver
from exacouple.verification.bounds import rate
from exacouple.verification.fields import (
    GRAVITY,
    AnySolver,
    channel,
    march,
    middle,
    quadrature,
    sample,
)
from exacouple.verification.results import (
    Check,
    Finding,
    Inputs,
    Picture,
    Series,
    rates,
)
from exacouple.verification.solutions.steady import subcritical
from exacouple.verification.solutions.waves import simple_wave

Array = NDArray[np.float64]
Meshes = dict[str, tuple[int, ...]]

OPTIMAL = "order N + 1, the best of degree N polynomials, less 0.1 at finite resolution"
STEADY = "order N + 1/2, proven for upwind DG (Johnson and Pitkäranta 1986, Math. Comp. 46, 1-26)"


@dataclass(frozen=True)
class Wave:
    """Amplitude, depth and end time in metres and seconds; cells a wave length by order."""

    cells: Meshes
    amplitude: float
    depth: float
    end_time: float


@dataclass(frozen=True)
class Hill:
    """Flow over a Gaussian hill, SI units; cells along the 25 m of the channel by order."""

    cells: Meshes
    discharge: float
    depth: float
    hill_height: float
    hill_width: float
    end_time: float


def study(
    what: str,
    cells: tuple[int, ...],
    errors: Array,
    names: tuple[str, ...],
    least: float,
    source: str,
) -> Iterator[Finding]:
    """Rates and a picture of a study of convergence.

    Parameters
    ----------
    what
        Name of the study.
    cells
        Cells of each mesh.
    errors
        Errors, shape ``(meshes, names)``.
    names
        Quantities.
    least, source
        Least rate, and where that comes from.
    """
    span = " to ".join(str(cells[k]) for k in (0, -1))
    for name, power in zip(names, rates(errors, cells), strict=True):
        yield rate(f"{what}, {span} cells: rate of {name}", power, least, source)
    ends = np.array([cells[0], cells[-1]], dtype=float)
    slope = errors[0].max() * (ends[0] / ends) ** round(least + 0.1)
    lines = tuple(Series(n, cells, e) for n, e in zip(names, errors.T, strict=True))
    yield Picture(
        what,
        "cells",
        "error, L2 norm",
        (Series("slope of the order", ends, slope, "expected"), *lines),
        scale="log",
    )


def _diagonal_wave(wave: Wave, x: Array, y: Array, t: float) -> tuple[Array, Array, Array]:
    """Depth and momenta of a simple wave along the diagonal, of period 1 along x and y."""
    root = np.sqrt(2.0)

    def profile(s: Array) -> Array:
        return np.asarray(wave.amplitude * np.sin(2.0 * np.pi * root * s))

    h, u = simple_wave((x + y) / root, t, profile, depth=wave.depth, gravity=GRAVITY)
    return h, h * u / root, h * u / root


def wave_errors(
    wave: Wave, order: int, cells: int, start: Callable[..., AnySolver] = Solver
) -> Array:
    """L2 errors of h, hu, hv of a diagonal wave; `start` makes the solver."""
    mesh = Mesh(0.0, 0.0, 1.0 / cells, cells, cells)
    solver = start(
        mesh,
        lambda x, y: (*_diagonal_wave(wave, x, y, 0.0), np.zeros_like(x)),
        order=order,
        gravity=GRAVITY,
        boundary="periodic",
        limiter_depth=0.1 * wave.depth,
    )
    march(solver, wave.end_time)
    x, y, area = quadrature(mesh, order + 1)
    found = sample(solver, x[None, :], y[:, None])[:3]
    exact = _diagonal_wave(wave, x[None, :], y[:, None], wave.end_time)
    return np.array(
        [np.sqrt((area * (a - e) ** 2).sum()) for a, e in zip(found, exact, strict=True)]
    )


def _simple_waves(wave: Wave, inputs: Inputs) -> Iterator[Finding]:
    for key, cells in wave.cells.items():
        order = int(key)
        errors = np.array([wave_errors(wave, order, n) for n in cells])
        yield from study(f"order {order}", cells, errors, ("h", "hu", "hv"), order + 0.9, OPTIMAL)


def _steady_errors(hill: Hill, order: int, cells: int) -> Array:
    """L2 errors of h and hu in a steady flow that starts exact."""

    def seabed(x: Array) -> Array:
        return np.asarray(hill.hill_height * np.exp(-(((x - 12.5) / hill.hill_width) ** 2)))

    def depth(x: Array) -> Array:
        return subcritical(x, seabed, discharge=hill.discharge, depth=hill.depth, gravity=GRAVITY)

    mesh = channel(0.0, 25.0, cells)
    solver = Solver(
        mesh,
        lambda x, y: (depth(x), np.full_like(x, hill.discharge), np.zeros_like(x), seabed(x)),
        order=order,
        gravity=GRAVITY,
        boundary="periodic",
        limiter_depth=0.1,
    )
    march(solver, hill.end_time)
    x, _, area = quadrature(mesh, order + 1)
    f = sample(solver, x, middle(mesh))
    weights = area.sum(axis=0)
    errors = (f.h - depth(x), f.hu - hill.discharge)
    return np.array([np.sqrt((weights * error**2).sum()) for error in errors])


def _flow_over_hill(hill: Hill, inputs: Inputs) -> Iterator[Finding]:
    for key, cells in hill.cells.items():
        order = int(key)
        errors = np.array([_steady_errors(hill, order, n) for n in cells])
        yield from study(f"order {order}", cells, errors, ("h", "hu"), order + 0.5, STEADY)


CHECKS = (
    Check("convergence-low-wave", Wave, _simple_waves),
    Check("convergence-wave", Wave, _simple_waves),
    Check("convergence-seabed", Hill, _flow_over_hill),
)
