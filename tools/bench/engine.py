"""Speed of the embedded engine against what the machine can do, all measured in one run.

Prints element updates, degrees of freedom and floating-point operations per second, and what part
that is of the multiply-add and of the memory speed measured beside it. CPU seconds count for one
thread, so that a busy machine disturbs little; two threads are compared by wall time.
"""

import argparse
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numba import njit

from exacouple.engine.basis import Array, gauss_legendre
from exacouple.engine.generate import kernel_source
from exacouple.engine.mesh import Mesh
from exacouple.engine.solver import Solver

DEPTH_M = 4000.0
CELL_M = 20e3
CHAIN = 16


@dataclass(frozen=True)
class Setting:
    """One line of the table."""

    order: int
    cells: int
    limited: float
    threads: int = 1


def _multiply_add(values: Array, factor: float, rounds: int) -> None:
    """Chains of multiply-adds on numbers that stay in the first-level cache."""
    for _ in range(rounds):
        for i in range(values.size):
            x = values[i]
            for _ in range(CHAIN):
                x = x * factor + 1e-3
            values[i] = x


def _triad(a: Array, b: Array, c: Array) -> None:
    """STREAM's triad."""
    for i in range(a.size):
        a[i] = b[i] + 3.0 * c[i]


multiply_add = njit(fastmath={"contract"})(_multiply_add)
triad = njit(fastmath={"contract"})(_triad)


def best_of(call: Callable[[], None], clock: Callable[[], float], repeats: int = 5) -> float:
    """Least seconds of several calls after a first one."""
    call()
    times = []
    for _ in range(repeats):
        start = clock()
        call()
        times.append(clock() - start)
    return min(times)


def peak_flops() -> float:
    """Multiply-adds per second of one core, two operations each."""
    values, rounds = np.ones(1024), 4000
    seconds = best_of(lambda: multiply_add(values, 0.999, rounds), time.process_time)
    return 2.0 * CHAIN * values.size * rounds / seconds


def stream_bytes() -> float:
    """Bytes per second of the triad on arrays far larger than the caches."""
    a, b, c = (np.ones(20_000_000) for _ in range(3))
    return 3.0 * a.nbytes / best_of(lambda: triad(a, b, c), time.process_time)


def flops_per_element(order: int) -> int:
    """Operations that the generated kernels do for one element and step."""
    source = kernel_source(gauss_legendre(order))
    total, repeats = 0, 1
    for line in source.split("def fastest")[0].splitlines():
        loop = re.match(r"    for line in range\((\d+)\)", line)
        if loop or line.startswith("    for w"):
            repeats = int(loop[1]) if loop else repeats
        elif line.startswith("        ") and " = " in line:
            value = re.sub(r"\[[^\]]*\]", "", line.split(" = ", 1)[1])
            inside = repeats if line.startswith("            ") else 1
            total += inside * len(re.findall(r" [-+*/] |sqrt|max|abs", value))
        if line.startswith("    for w"):
            repeats = 1
    return total


def make_solver(setting: Setting) -> Solver:
    """A hump of 1 m on a flat ocean; a strip of it shallow enough to be limited."""
    mesh = Mesh(0.0, 0.0, CELL_M, setting.cells, setting.cells)
    centre = 0.5 * setting.cells * CELL_M
    shelf = setting.limited * setting.cells * CELL_M

    def initial(x: Array, y: Array) -> tuple[Array, Array, Array, Array]:
        still = np.zeros_like(x)
        depth = np.where(y < shelf, 50.0, DEPTH_M)
        eta = np.exp(-((x - centre) ** 2 + (y - centre) ** 2) / (5.0 * CELL_M) ** 2)
        return depth + eta, still, still, -depth

    return Solver(
        mesh, initial, order=setting.order, boundary="wall", limiter_depth=100.0, fixed_dt=True,
        threads=setting.threads,
    )  # fmt: skip


def seconds_per_step(setting: Setting, clock: Callable[[], float]) -> float:
    """Least seconds per step of several measurements."""
    solver = make_solver(setting)
    steps = max(2, 400_000 // (setting.cells**2 * setting.order))

    def advance() -> None:
        for _ in range(steps):
            solver.step()

    return best_of(advance, clock, repeats=3) / steps


def settings(largest: int) -> Iterator[Setting]:
    """The lines of the table."""
    for cells in (81, 243, 729):
        if cells <= largest:
            yield Setting(2, cells, 0.0)
    for order in (1, 3, 4):
        yield Setting(order, 81, 0.0)
    for limited in (0.05, 0.2):
        yield Setting(2, 81, limited)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--largest", type=int, default=243, help="most cells along an edge")
    largest = parser.parse_args().largest
    peak, memory = peak_flops(), stream_bytes()
    print(f"one core: {peak / 1e9:.1f} GFLOP/s in multiply-adds, {memory / 1e9:.1f} GB/s in triads")
    print("order  cells  limited  M elements/s  M DOF/s  GFLOP/s  of peak")
    for setting in settings(largest):
        seconds = seconds_per_step(setting, time.process_time)
        rate = setting.cells**2 / seconds
        dofs = 3 * (setting.order + 1) ** 2 * rate
        flops = flops_per_element(setting.order) * rate * (1.0 - setting.limited)
        print(
            f"{setting.order:5}{setting.cells:7}{setting.limited:8.0%} {rate / 1e6:13.2f}"
            f"{dofs / 1e6:9.0f}{flops / 1e9:9.1f}{flops / peak:9.0%}"
        )
    one, two = (
        seconds_per_step(Setting(2, 243, 0.0, threads), time.perf_counter) for threads in (1, 2)
    )
    print(f"two threads against one, order 2, 243 x 243 cells: {one / two:.2f} times as fast")


if __name__ == "__main__":
    main()
