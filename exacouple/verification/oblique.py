"""Waves that meet the open boundary and the sponge at an angle.

A straight crest runs along the edge x = 0 of an ocean. What comes back is the difference to an
ocean that goes on behind that edge, on a line just inside it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from exacouple.engine.mesh import Mesh
from exacouple.engine.solver import Solver
from exacouple.verification.fields import GRAVITY, march, sample
from exacouple.verification.open_sea import LEAVES
from exacouple.verification.results import Check, Finding, Inputs, Measurement, Picture, Series

Array = NDArray[np.float64]

_SECOND_ORDER = "tan(angle / 2)^4 (second order of Engquist and Majda 1977)"
_CELLS_OFF = 3
_WINDOW = 3.0
# Distances over the way along the edge: before the crest, behind it, and across.
_BEFORE, _BEHIND, _INSIDE, _OUTSIDE = 0.5, 0.8, 0.8, 0.9


@dataclass(frozen=True)
class Crests:
    """Straight crests in a flat ocean; SI units.

    Attributes
    ----------
    order
        Polynomial degree.
    angles
        Degrees between the way of a wave and the outward normal of the edge.
    sponges
        Widths of the sponges.
    way
        How far along the edge the crest runs before it is looked at.
    cell
        Edge of a cell.
    depth
        Depth.
    height, wave_width
        Height of the waves, and length over which they fall to 1 / e.
    """

    order: int
    angles: tuple[float, ...]
    sponges: tuple[float, ...]
    way: float
    cell: float
    depth: float
    height: float
    wave_width: float


class _Edge(NamedTuple):
    """The wave and what comes back over its height, along the edge from the crest that does."""

    along: Array
    wave: Array
    back: Array

    @property
    def energy(self) -> float:
        """What comes back of the energy."""
        return float((self.back**2).sum() / (self.wave**2).sum())

    @property
    def height(self) -> float:
        """What comes back of the height."""
        return float(np.abs(self.back).max())


def _ocean(case: Crests, angle: float, sponge: float, columns: int) -> Solver:
    """Start an ocean of a number of columns from its inner edge on, with the crest in it."""
    celerity = np.sqrt(GRAVITY * case.depth)
    outward, along = np.cos(np.radians(angle)), np.sin(np.radians(angle))

    def initial(x: Array, y: Array) -> tuple[Array, Array, Array, Array]:
        eta = case.height * np.exp(-(((x * outward + y * along) / case.wave_width) ** 2))
        flow = celerity * eta
        return case.depth + eta, flow * outward, flow * along, np.full_like(x, -case.depth)

    rows = round((_BEFORE + 1.0 + _BEHIND) * case.way / case.cell)
    return Solver(
        Mesh(-_INSIDE * case.way, -_BEFORE * case.way, case.cell, columns, rows),
        initial,
        order=case.order,
        gravity=GRAVITY,
        boundary="sponge" if sponge else "outflow",
        sponge_width=sponge,
        limiter_depth=0.025 * case.depth,
    )


def _beside(case: Crests, angle: float, sponge: float) -> _Edge:
    """Run the crest along the edge and look at the line inside it, or inside the sponge.

    What comes back from the inner edge of a sponge is further along than what comes from its end.
    """
    normal, along = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    end = case.way * along / np.sqrt(GRAVITY * case.depth)
    ends, goes_on = (
        march(_ocean(case, angle, sponge, round(way / case.cell)), end)
        for way in (_INSIDE * case.way, (_INSIDE + _OUTSIDE) * case.way)
    )
    x = -sponge - _CELLS_OFF * case.cell
    reach = _WINDOW * case.wave_width / along
    near = np.linspace(-reach, reach + 2.0 * sponge * normal / along, 1201)
    y = (case.way + x * normal / along + near)[:, None]
    found, known = (sample(solver, np.array([x]), y).eta[:, 0] for solver in (ends, goes_on))
    wave = np.exp(-((near * along / case.wave_width) ** 2))
    return _Edge(near, wave, (found - known) / case.height)


def _at_angles(case: Crests, inputs: Inputs) -> Iterator[Finding]:
    for angle in case.angles:
        what = f"{angle:g} degrees"
        edges = {"outflow": _beside(case, angle, 0.0)}
        for width in case.sponges:
            edges[f"sponge of {width / 1e3:g} km"] = _beside(case, angle, width)
        for name, edge in edges.items():
            yield Measurement(f"{what}, {name}: energy that comes back", edge.energy, 0.01, LEAVES)
        yield Measurement(
            f"{what}, outflow: height that comes back",
            edges["outflow"].height,
            float(np.tan(np.radians(0.5 * angle)) ** 4),
            _SECOND_ORDER,
        )
        yield Picture(
            what,
            "place along the edge (km)",
            "over the height of the wave",
            (
                Series("wave", edge.along / 1e3, edge.wave, "expected"),
                *(Series(name, edge.along / 1e3, edge.back) for name, edge in edges.items()),
            ),
        )


CHECKS = (Check("outflow-oblique", Crests, _at_angles),)
