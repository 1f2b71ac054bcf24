"""Speed of the embedded engine against what the machine can do, all measured in one run.

Prints element updates, degrees of freedom and floating-point operations per second, and what part
that is of the multiply-add and of the memory speed measured beside it, for every order, precision,
mesh and share of limited elements, then the Tohoku tsunami to 7500 s. CPU seconds count for one
thread, so that a busy machine disturbs little. How many times as fast two threads are is wall time,
in turns with one thread. That needs two free cores, which a virtual machine may not have though
nothing else runs on it: so two threads do multiply-adds before and after each turn, and only turns
count in which they did nearly twice as many as one.
"""

import argparse
import os
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numba import njit
from scipy.interpolate import RegularGridInterpolator

from exacouple.bathymetry.grid import embedded_grids, read_window
from exacouple.bathymetry.projection import bounds_of, project_grid
from exacouple.earthquake.displacement import displacement_from_faults
from exacouple.earthquake.fault import read_fault_table
from exacouple.engine.basis import Array, gauss_legendre
from exacouple.engine.generate import kernel_source
from exacouple.engine.lanes import LANES
from exacouple.engine.mesh import Mesh
from exacouple.engine.solver import Solver
from exacouple.engine.warmup import make_ready

DEPTH_M = 4000.0
CELL_M = 20e3
CHAIN = 16
FREE = 1.9
TOHOKU_CRS = "+proj=aeqd +lat_0=38.3012 +lon_0=142.4018 +ellps=WGS84 +units=m"
TOHOKU_END_S = 7500.0
FAULTS = Path(__file__).parents[2] / "simulations" / "tohoku" / "fault.csv"


@dataclass(frozen=True)
class Setting:
    """One line of the table."""

    order: int
    cells: int
    limited: float = 0.0
    precision: str = "double"


def _multiply_add(values: Array, factor: float, rounds: int) -> None:
    """Chains of multiply-adds on numbers that stay in the first-level cache."""
    for _ in range(rounds):
        for i in range(values.size):
            x = values[i]
            for _ in range(CHAIN):
                x = x * factor + factor
            values[i] = x


def _triad(a: Array, b: Array, c: Array) -> None:
    """STREAM's triad."""
    for i in range(a.size):
        a[i] = b[i] + 3.0 * c[i]


multiply_add = njit(fastmath={"contract"}, nogil=True)(_multiply_add)
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


def peak_flops(precision: str) -> float:
    """Multiply-adds per second of one core, two operations each."""
    kind = np.float64 if precision == "double" else np.float32
    values, factor, rounds = np.ones(1024, kind), kind(0.499), 4000
    seconds = best_of(lambda: multiply_add(values, factor, rounds), time.process_time)
    return 2.0 * CHAIN * values.size * rounds / seconds


def free_cores() -> float:
    """How many times as many multiply-adds two threads do at once as one does."""
    values = np.ones((2, 1024))

    def seconds(threads: int) -> float:
        start = time.perf_counter()
        list(pool.map(lambda each: multiply_add(each, 0.499, 4000), values[:threads]))
        return time.perf_counter() - start

    with ThreadPoolExecutor(2) as pool:
        seconds(2)
        one, two = (min(seconds(threads) for _ in range(3)) for threads in (1, 2))
    return 2.0 * one / two


def stream_bytes() -> float:
    """Bytes per second of the triad on arrays far larger than the caches."""
    a, b, c = (np.ones(20_000_000) for _ in range(3))
    return 3.0 * a.nbytes / best_of(lambda: triad(a, b, c), time.process_time)


def flops_per_element(order: int) -> int:
    """Operations that the generated kernels do for one element and step, but on indices."""
    source = kernel_source(gauss_legendre(order)).split("def fastest")[0]
    total, repeats = 0, 1
    for line in source.splitlines():
        loop = re.match(r"    for (line|k|w) in range\((\d+)\)", line)
        if loop:
            repeats = {"line": int(loop[2]), "k": int(loop[2]) // LANES, "w": 1}[loop[1]]
        elif " = " in line and not re.match(" *(from_)?t?here", line):
            value = re.sub(r"\[[^\]]*\]", "", line.split(" = ", 1)[1])
            total += repeats * len(re.findall(r" [-+*/] |sqrt|max|abs", value))
    return total


def bytes_per_element(setting: Setting) -> int:
    """Bytes that a step must at least move: the state read and written, and the seabed read."""
    width = 8 if setting.precision == "double" else 4
    return 7 * (setting.order + 1) ** 2 * width


def make_solver(setting: Setting, threads: int) -> Solver:
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
        precision=setting.precision, threads=threads,
    )  # fmt: skip


@dataclass(frozen=True)
class Cost:
    """Least seconds of the processor per step, and how many times as fast two threads are.

    The latter is the median of as many turns in which two cores were ``free``, or of all if there
    were none.
    """

    spent: float
    gain: float
    free: int


def cost_of(setting: Setting, wanted: int = 9, patience_s: float = 10.0) -> Cost:
    """Advance one solver and one with two threads in turns; the first turn does not count.

    There are as many turns as it takes to have those that are wanted with two free cores, but no
    new one when patience is over. A turn begins with a step that is not timed: the caches hold the
    values of the other solver, and the second core has been idle.
    """
    solvers = [make_solver(setting, threads) for threads in (1, 2)]
    steps = max(2, 600_000 // (setting.cells**2 * setting.order))
    turns: list[list[float]] = []
    free: list[bool] = []
    over = time.monotonic() + patience_s
    while len(free) < 2 or (sum(free) < wanted and time.monotonic() < over):
        cores, turn = free_cores(), []
        for solver in solvers:
            solver.step()
            start = time.process_time(), time.perf_counter()
            for _ in range(steps):
                solver.step()
            turn += [time.process_time() - start[0], time.perf_counter() - start[1]]
        free.append(min(cores, free_cores()) > FREE and bool(turns))
        turns.append([seconds / steps for seconds in turn])
    times = np.array(turns)
    counted = times[free] if any(free) else times[1:]
    gain = float(np.median(counted[:, 1] / counted[:, 3]))
    return Cost(spent=times[1:, 0].min(), gain=gain, free=sum(free))


def settings(*, quick: bool) -> Iterator[Setting]:
    """The lines of the table."""
    for order in (2,) if quick else (1, 2, 3, 4):
        for precision in ("double", "single"):
            for limited in (0.0, 0.05, 0.2):
                for cells in (81, 243) if quick else (81, 243, 729):
                    yield Setting(order, cells, limited, precision)


def print_setting(setting: Setting, peak: float, memory: float) -> None:
    """Measure one line of the table."""
    cost = cost_of(setting)
    rate = setting.cells**2 / cost.spent
    deep = (1.0 - setting.limited) * rate
    dofs = 3 * (setting.order + 1) ** 2 * rate
    flops = flops_per_element(setting.order) * deep
    print(
        f"{setting.order:5}{setting.cells:7}{setting.limited:8.0%}{setting.precision:>10}"
        f"{rate / 1e6:14.2f}{dofs / 1e6:9.0f}{flops / 1e9:9.1f}{flops / peak:9.0%}"
        f"{bytes_per_element(setting) * deep / memory:11.0%}{cost.gain:13.2f}"
        f"{cost.free:7}",
        flush=True,
    )


def tohoku() -> Callable[[Array, Array], tuple[Array, Array, Array, Array]]:
    """The initial state of the Tohoku tsunami over ETOPO5."""
    x = np.arange(-505e3, 1306e3, 5e3)
    y = np.arange(-955e3, 856e3, 5e3)
    bounds = bounds_of(TOHOKU_CRS, (x[0], x[-1]), (y[0], y[-1]), margin_deg=0.5)
    seabed = project_grid(
        read_window(embedded_grids()["etopo5-northwest-pacific"], bounds), TOHOKU_CRS, x, y
    )
    faults = read_fault_table(FAULTS)
    near_x, near_y = np.arange(-300e3, 501e3, 5e3), np.arange(-500e3, 501e3, 5e3)
    rise = displacement_from_faults(faults, TOHOKU_CRS, near_x, near_y).values
    grids = (
        RegularGridInterpolator((y, x), seabed.values),
        RegularGridInterpolator((near_y, near_x), rise, bounds_error=False, fill_value=0.0),
    )

    def initial(x: Array, y: Array) -> tuple[Array, Array, Array, Array]:
        bed, lift = (grid(np.column_stack([y, x])) for grid in grids)
        still = np.zeros_like(x)
        return np.maximum(0.0, -bed), still, still, bed + lift

    return initial


def print_tohoku(cells: int, precision: str, until: float = TOHOKU_END_S) -> None:
    """Run the Tohoku tsunami and say what it cost."""
    mesh = Mesh(-499e3, -949e3, 1798e3 / cells, cells, cells)
    solver = Solver(
        mesh, tohoku(), dry_tolerance=10.0, limiter_depth=100.0, fixed_dt=True, precision=precision
    )
    start = time.process_time()
    while solver.time < until:
        solver.step()
    took = time.process_time() - start
    print(
        f"Tohoku to {until:g} s, {cells} x {cells} cells, {precision}: {took:.1f} CPU-s, "
        f"{cells**2 * solver.steps / took / 1e6:.2f} M elements/s, {solver.steps} steps, "
        f"{len(solver.patches)} cells limited",
        flush=True,
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="order 2 to 243 x 243 cells only")
    quick = parser.parse_args().quick
    for order, precision in {(each.order, each.precision) for each in settings(quick=quick)}:
        make_ready(order, precision, [])
    memory = stream_bytes()
    peaks = {precision: peak_flops(precision) for precision in ("double", "single")}
    print(
        f"one core: {peaks['double'] / 1e9:.1f} GFLOP/s in multiply-adds "
        f"({peaks['single'] / 1e9:.1f} in single precision), {memory / 1e9:.1f} GB/s in triads; "
        f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )
    print(
        "order  cells limited precision  M elements/s  M DOF/s  GFLOP/s  of peak  of memory"
        "  two threads  turns"
    )
    for setting in settings(quick=quick):
        print_setting(setting, peaks[setting.precision], memory)
    print_tohoku(81, "double")
    print_tohoku(81, "single")
    if not quick:
        print_tohoku(243, "double")


if __name__ == "__main__":
    main()
