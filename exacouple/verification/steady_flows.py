"""Steady flows over a bump, and MacDonald's flows with Manning friction.

The exact flow is the initial state of a channel that is longer than waves from its closed ends can
travel in the time of the run; the flow must stay what it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from exacouple.engine.solver import Solver
from exacouple.verification.bounds import mean_errors, rate
from exacouple.verification.fields import GRAVITY, channel, march, middle, sample, subcell_centres
from exacouple.verification.results import (
    Check,
    Finding,
    Inputs,
    Measurement,
    Picture,
    Series,
    rates,
)
from exacouple.verification.solutions.macdonald import SUBCRITICAL, SUPERCRITICAL, Reach
from exacouple.verification.solutions.steady import (
    conjugate_depth,
    jump_place,
    subcritical,
    transcritical,
    transcritical_with_jump,
)

Array = NDArray[np.float64]

_BUMP_ORDER = "order 3/2: the slope of the bump jumps at its ends, less 0.1"
_FIRST = "order 1 of friction split from the waves, less 0.1"
_CREST, _END = 10.0, 12.0
_COMPARED = (5.0, 20.0)


@dataclass(frozen=True)
class Bump:
    """A flow over a bump, SI units, in a channel from x = -60 to 90.

    Attributes
    ----------
    orders
        Polynomial degrees.
    cells
        Cells along the channel of each mesh.
    discharge
        Discharge per width.
    depth
        Depth downstream; of no effect on a flow that stays supercritical there.
    kind
        Which flow.
    end_time
        When it is compared.
    limiter_depths
        Names and limiter depths of the forms of the scheme.
    """

    orders: tuple[int, ...]
    cells: tuple[int, ...]
    discharge: float
    depth: float
    kind: Literal["subcritical", "transcritical", "jump"]
    end_time: float
    limiter_depths: dict[str, float]

    def exact(self, x: Array) -> Array:
        """Depth."""
        flow = {"discharge": self.discharge, "gravity": GRAVITY}
        if self.kind == "subcritical":
            return subcritical(x, bump, depth=self.depth, **flow)
        if self.kind == "transcritical":
            return transcritical(x, bump, crest=_CREST, **flow)
        return transcritical_with_jump(x, bump, depth=self.depth, crest=_CREST, end=_END, **flow)


@dataclass(frozen=True)
class Rough:
    """MacDonald's flows, in a channel from x = -1000 to 2000 m; the reach is from 0 to 1000 m."""

    orders: tuple[int, ...]
    cells: tuple[int, ...]
    end_time: float


def bump(x: Array) -> Array:
    """Parabolic bump from x = 8 to 12 (Goutal and Maurel 1997)."""
    return np.maximum(0.0, 0.2 - 0.05 * (x - _CREST) ** 2)


class _Flow(NamedTuple):
    errors: Array
    picture: Picture


def _over_bump(case: Bump, order: int, cells: int, form: str) -> _Flow:
    """Mean errors of h and hu, relative, between x = 5 and 20."""
    mesh = channel(-60.0, 90.0, cells)

    def initial(x: Array, y: Array) -> tuple[Array, Array, Array, Array]:
        return case.exact(x), np.full_like(x, case.discharge), np.zeros_like(x), bump(x)

    solver = Solver(
        mesh,
        initial,
        order=order,
        gravity=GRAVITY,
        boundary="wall",
        limiter_depth=case.limiter_depths[form],
        dry_tolerance=1e-5,
        dmp_observables=2,
    )
    march(solver, case.end_time)
    x, _ = subcell_centres(mesh, order)
    x = x[(x > _COMPARED[0]) & (x < _COMPARED[1])]
    f = sample(solver, x, middle(mesh))
    h = case.exact(x)
    errors = (np.mean(abs(f.h - h)) / h.mean(), np.mean(abs(f.hu / case.discharge - 1.0)))
    picture = Picture(
        f"order {order}, {form}",
        "x (m)",
        "height (m)",
        (
            Series("bed", x, bump(x), "ground"),
            Series("exact", x, h + bump(x), "expected"),
            Series("found", x, f.eta),
        ),
    )
    return _Flow(np.array(errors), picture)


def _bump(case: Bump, inputs: Inputs) -> Iterator[Finding]:
    for order in case.orders:
        for form in case.limiter_depths:
            runs = [_over_bump(case, order, cells, form) for cells in case.cells]
            what = f"order {order}, {form}"
            yield from mean_errors(what, runs[-1].errors, ("h", "hu"))
            if case.kind == "jump":
                yield _jump_shift(what, case, float(runs[-1].errors[0]))
            else:
                power = rates([run.errors for run in runs], case.cells)[0]
                yield rate(f"{what}: rate of h", power, 1.4, _BUMP_ORDER)
            yield runs[-1].picture


def _jump_shift(what: str, case: Bump, error: float) -> Measurement:
    """Shift of the jump that would explain all of the error of the depth."""
    flow = {"discharge": case.discharge, "crest": _CREST, "gravity": GRAVITY}
    place = jump_place(bump, depth=case.depth, end=_END, **flow)
    low = transcritical(np.array([place]), bump, **flow)
    height = float((conjugate_depth(low, case.discharge, GRAVITY) - low)[0])
    x = np.linspace(*_COMPARED, 3001)
    area = error * float(case.exact(x).mean()) * (_COMPARED[1] - _COMPARED[0])
    shift = area / height / (150.0 / case.cells[-1])
    return Measurement(
        f"{what}: shift of the jump, cells", shift, 1.0, "conservation: the jump within one cell"
    )


def _rough_reach(reach: Reach, case: Rough, order: int, cells: int, name: str) -> _Flow:
    """Mean relative errors of h and hu in a reach with friction."""
    mesh = channel(-1000.0, 2000.0, cells)
    seabed = reach.seabed(-1000.0, 2000.0)

    def initial(x: Array, y: Array) -> tuple[Array, Array, Array, Array]:
        return reach.depth(x), np.full_like(x, reach.discharge), np.zeros_like(x), seabed(x)

    solver = Solver(
        mesh,
        initial,
        order=order,
        gravity=GRAVITY,
        boundary="wall",
        limiter_depth=0.1,
        dry_tolerance=1e-4,
        manning=reach.manning,
    )
    march(solver, case.end_time)
    x, _ = subcell_centres(mesh, order)
    x = x[(x > 0.0) & (x < 1000.0)]
    f = sample(solver, x, middle(mesh))
    h = reach.depth(x)
    picture = Picture(
        f"{name}, order {order}",
        "x (m)",
        "depth (m)",
        (Series("exact", x, h, "expected"), Series("found", x, f.h)),
    )
    errors = (np.mean(abs(f.h / h - 1.0)), np.mean(abs(f.hu / reach.discharge - 1.0)))
    return _Flow(np.array(errors), picture)


def _macdonald(case: Rough, inputs: Inputs) -> Iterator[Finding]:
    for name, reach in (("subcritical", SUBCRITICAL), ("supercritical", SUPERCRITICAL)):
        for order in case.orders:
            runs = [_rough_reach(reach, case, order, cells, name) for cells in case.cells]
            what = f"{name}, order {order}"
            yield from mean_errors(what, runs[-1].errors, ("h", "hu"))
            power = rates([run.errors for run in runs], case.cells)[1]
            yield rate(f"{what}: rate of hu", power, 0.9, _FIRST)
            yield runs[-1].picture


CHECKS = (
    Check("flow-subcritical", Bump, _bump),
    Check("flow-transcritical", Bump, _bump),
    Check("flow-jump", Bump, _bump),
    Check("flow-friction", Rough, _macdonald),
)
