"""Speed of the embedded engine, as ratios to order 2 on one thread in the same run."""

import time
from typing import Any

import numpy as np

from exacouple.engine.basis import Array
from exacouple.engine.mesh import Mesh
from exacouple.engine.solver import Solver

CELLS = 81
DEPTH_M = 5000.0
SECONDS = 1.0
REPEATS = 5

CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "order 2": {"order": 2},
    "order 3": {"order": 3},
    "order 2, two threads": {"order": 2, "threads": 2},
    "order 2, all limited, first order": {"limiter_depth": 2 * DEPTH_M, "scheme": "godunov"},
    "order 2, all limited, second order": {"limiter_depth": 2 * DEPTH_M, "scheme": "musclhancock"},
}


def make_solver(**settings: Any) -> Solver:
    """Return a solver for a hump of 1 m on a flat ocean."""
    mesh = Mesh(x0=0.0, y0=0.0, dx=20e3, nx=CELLS, ny=CELLS)
    centre, width = 0.5 * CELLS * mesh.dx, 100e3

    def initial(x: Array, y: Array) -> tuple[Array, Array, Array, Array]:
        eta = np.exp(-((x - centre) ** 2 + (y - centre) ** 2) / width**2)
        still = np.zeros_like(x)
        return DEPTH_M + eta, still, still, still - DEPTH_M

    solver = Solver(mesh, initial, boundary="wall", **settings)
    solver.step()
    return solver


def seconds_per_step(solver: Solver) -> float:
    """Return the best of several measurements."""
    best = np.inf
    for _ in range(REPEATS):
        steps, start = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - start) < SECONDS / REPEATS:
            solver.step()
            steps += 1
        best = min(best, elapsed / steps)
    return best


def main() -> None:
    """Print one line per configuration."""
    base = 0.0
    print(f"{'configuration':36}{'ms per step':>12}{'million cells/s':>17}{'ratio':>8}")
    for name, settings in CONFIGURATIONS.items():
        took = seconds_per_step(make_solver(**settings))
        base = base or took
        rate = CELLS**2 / took / 1e6
        print(f"{name:36}{1e3 * took:12.2f}{rate:17.2f}{took / base:8.2f}")


if __name__ == "__main__":
    main()
