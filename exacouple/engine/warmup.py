"""Compile the numerical kernels before they are needed, in two processes at once.

Numba keeps the machine code beside the sources or in its cache folder. Marks in the folder of the
generated kernels tell what has been compiled there already, so that a run need not look.

``python -m exacouple.engine.warmup ORDER PRECISION`` does the half of the second process: all but
the sweep over the deep elements, which the first one compiles meanwhile.
"""

from __future__ import annotations

import hashlib
import logging
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from numpy.typing import NDArray

_log = logging.getLogger(__name__)

Array = NDArray[np.float64]

_ORIGIN = {"origin": "exahype::runners::Runner::runAsMaster(...)"}

CORE, FRICTION, SPONGE, MAXIMUM_PRINCIPLE, MAXIMA = "core", "friction", "sponge", "dmp", "maxima"
REFINEMENT = "refinement"
_TOO_LONG = 20.0
PARTS = (CORE, FRICTION, SPONGE, MAXIMUM_PRINCIPLE, MAXIMA, REFINEMENT)
"""What every run needs, and what only runs with these terms or outputs need."""


def compile_kernels(
    order: int, parts: Iterable[str] = PARTS, precision: str = "double"
) -> float | None:
    """Compile what has not been compiled yet for this order, this machine and these sources.

    Parameters
    ----------
    order
        Polynomial degree.
    parts
        From `PARTS`.
    precision
        Of the deep elements, ``"double"`` or ``"single"``.

    Returns
    -------
    float or None
        Seconds that it took; None if everything was there.
    """
    from exacouple.engine.compiling import CACHE

    marks = {part: CACHE / f"compiled-{part}-{_key(order, precision)}" for part in parts}
    missing = [part for part, mark in marks.items() if not mark.exists()]
    if not missing:
        return None
    _log.info(
        "compiling the numerical kernels of order %d; they are kept, so that the next start is "
        "quick",
        order,
        extra=_ORIGIN,
    )
    start = time.monotonic()
    helper = _start_helper(order, precision) if CORE in missing else None
    try:
        if CORE in missing:
            _run_sweep(order, precision)
    finally:
        if helper is not None:
            helper.wait()
    _run_all(order, precision, missing)
    for part in missing:
        marks[part].touch()
    took = time.monotonic() - start
    _log.info("compiled the numerical kernels in %.1f s", took, extra=_ORIGIN)
    return took


def _key(order: int, precision: str) -> str:
    """Digest of what Numba's cache depends on besides the sources: versions, processor."""
    import numba
    from numba.core.registry import cpu_target

    parts = [
        order,
        precision,
        numba.__version__,
        platform.python_version(),
        cpu_target.target_context.codegen().magic_tuple(),
    ]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _start_helper(order: int, precision: str) -> subprocess.Popen[bytes] | None:
    """Let another process compile all but the sweep, if there is a processor for it."""
    if len(os.sched_getaffinity(0)) < 2:
        return None
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "exacouple.engine.warmup", str(order), precision],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except OSError as exc:
        _log.debug("no second process to compile: %s", exc)
        return None


def _run_sweep(order: int, precision: str) -> None:
    """Take a step without limited elements."""
    from exacouple.engine.mesh import Mesh
    from exacouple.engine.solver import Solver

    mesh = Mesh(0.0, 0.0, 1.0, 4, 4)
    Solver(
        mesh, _calm, order=order, gravity=1.0, boundary="wall", precision=precision
    ).step()  # fmt: skip


def _run_rest(order: int, precision: str) -> None:
    """Take a step in which the generated kernels do nothing and so are not compiled."""
    from exacouple.engine import elements
    from exacouple.engine.kernels import load_kernels

    idle = SimpleNamespace(sweep_rows=lambda *_: None, fastest_wave=lambda *_: 1.0)
    names = vars(elements)
    names["load_kernels"] = lambda order, precision: idle
    try:
        _run_all(order, precision, [CORE])
    finally:
        names["load_kernels"] = load_kernels


def _run_all(order: int, precision: str, parts: Iterable[str]) -> None:
    """Take a step in which elements of both kinds meet and one is near to being limited.

    It is far too long, so that some subcells cannot give all the water asked of them.
    """
    from exacouple.engine.cf import Axes
    from exacouple.engine.extremes import Extremes
    from exacouple.engine.mesh import Mesh
    from exacouple.engine.solver import Solver

    mesh = Mesh(0.0, 0.0, 1.0, 4, 4)
    solver = Solver(
        mesh,
        _falling,
        order=order,
        gravity=1.0,
        limiter_depth=1.0,
        dry_tolerance=0.1,
        boundary="sponge" if SPONGE in parts else "outflow",
        manning=0.01 if FRICTION in parts else 0.0,
        precision=precision,
        dmp_observables=int(MAXIMUM_PRINCIPLE in parts),
    )
    solver.dt *= _TOO_LONG
    solver.step()
    if MAXIMA in parts:
        Extremes(mesh, Axes(1.0), 0.01).record(solver)
    if REFINEMENT in parts:
        _run_refined(order, precision)


def _run_refined(order: int, precision: str) -> None:
    """Take a step on two levels."""
    from exacouple.engine.levels import RefinedSolver
    from exacouple.engine.mesh import Mesh
    from exacouple.engine.refinement import Refinement

    half = Refinement(rectangles=((0.0, 2.0, 0.0, 4.0),))
    RefinedSolver(
        Mesh(0.0, 0.0, 1.0, 4, 4), _calm, half, order=order, gravity=1.0, boundary="wall",
        precision=precision,
    ).step()  # fmt: skip


def _calm(x: Array, y: Array) -> tuple[Array, Array, Array, Array]:
    """Water at rest, deeper than the limiter depth of 1."""
    zero = np.zeros_like(x)
    return zero + 2.0, zero, zero, zero - 2.0


def _falling(x: Array, y: Array) -> tuple[Array, Array, Array, Array]:
    """Water that runs apart, hardly deeper than the limiter depth of 1, and dry land."""
    zero = np.zeros_like(x)
    h = np.where(x < 1.0, 0.0, 1.0001)
    return h, 0.2 * h * (x - 2.0), zero, np.where(x < 1.0, 1.0, -1.0001)


if __name__ == "__main__":
    _run_rest(int(sys.argv[1]), sys.argv[2])
