"""Speed of the embedded engine against what the machine can do, all measured in one run.

Prints element updates, degrees of freedom and floating-point operations per second, and what part
that is of the multiply-add and of the memory speed measured beside it, then the Tohoku tsunami to
7500 s. CPU seconds count for one thread, so that a busy machine disturbs little; two threads are
compared by wall time, which needs two free cores.
"""

import argparse
import os
import re
import time
from collections.abc import Callable, Iterator
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
from exacouple.engine.warmup import CORE, compile_kernels, load_compiled

DEPTH_M = 4000.0
CELL_M = 20e3
CHAIN = 16
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
    threads: int = 1


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


def peak_flops(precision: str) -> float:
    """Multiply-adds per second of one core, two operations each."""
    kind = np.float64 if precision == "double" else np.float32
    values, factor, rounds = np.ones(1024, kind), kind(0.499), 4000
    seconds = best_of(lambda: multiply_add(values, factor, rounds), time.process_time)
    return 2.0 * CHAIN * values.size * rounds / seconds


def stream_bytes() -> float:
    """Bytes per second of the triad on arrays far larger than the caches."""
    a, b, c = (np.ones(20_000_000) for _ in range(3))
    return 3.0 * a.nbytes / best_of(lambda: triad(a, b, c), time.process_time)


def flops_per_element(order: int) -> int:
    """Operations that the generated kernels do for one element and step."""
    source = kernel_source(gauss_legendre(order)).split("def fastest")[0]
    total, repeats = 0, 1
    for line in source.splitlines():
        loop = re.match(r"    for (line|k|w) in range\((\d+)\)", line)
        if loop:
            repeats = {"line": int(loop[2]), "k": int(loop[2]) // LANES, "w": 1}[loop[1]]
        elif " = " in line:
            value = re.sub(r"\[[^\]]*\]", "", line.split(" = ", 1)[1])
            total += repeats * len(re.findall(r" [-+*/] |sqrt|max|abs", value))
    return total


def bytes_per_element(setting: Setting) -> int:
    """Bytes that a step must at least move: the state read and written, and the seabed read."""
    width = 8 if setting.precision == "double" else 4
    return 7 * (setting.order + 1) ** 2 * width


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
        precision=setting.precision, threads=setting.threads,
    )  # fmt: skip


def seconds_per_step(setting: Setting, clock: Callable[[], float]) -> float:
    """Least seconds per step of several measurements."""
    solver = make_solver(setting)
    steps = max(2, 600_000 // (setting.cells**2 * setting.order))

    def advance() -> None:
        for _ in range(steps):
            solver.step()

    return best_of(advance, clock, repeats=4) / steps


def settings(*, quick: bool) -> Iterator[Setting]:
    """The lines of the table."""
    sizes = (81, 243) if quick else (81, 243, 729)
    for order in (2,) if quick else (1, 2, 3, 4):
        for precision in ("double", "single"):
            for cells in sizes if order == 2 else sizes[:2]:
                yield Setting(order, cells, precision=precision)
    for limited in (0.05, 0.2):
        for cells in sizes:
            yield Setting(2, cells, limited)


def print_setting(setting: Setting, peak: float, memory: float) -> None:
    """Measure one line of the table."""
    seconds = seconds_per_step(setting, time.process_time)
    rate = setting.cells**2 / seconds
    deep = (1.0 - setting.limited) * rate
    dofs = 3 * (setting.order + 1) ** 2 * rate
    flops = flops_per_element(setting.order) * deep
    print(
        f"{setting.order:5}{setting.cells:7}{setting.limited:8.0%}{setting.precision:>10}"
        f"{rate / 1e6:14.2f}{dofs / 1e6:9.0f}{flops / 1e9:9.1f}{flops / peak:9.0%}"
        f"{bytes_per_element(setting) * deep / memory:11.0%}",
        flush=True,
    )


def print_threads(setting: Setting) -> None:
    """Compare two threads with one, by wall time and by CPU time."""
    two = Setting(**{**vars(setting), "threads": 2})
    wall = [seconds_per_step(each, time.perf_counter) for each in (setting, two)]
    spent = [seconds_per_step(each, time.process_time) for each in (setting, two)]
    print(
        f"two threads against one, {setting.cells} x {setting.cells} cells, "
        f"{setting.limited:.0%} limited: {wall[0] / wall[1]:.2f} times as fast for "
        f"{spent[1] / spent[0]:.2f} times the CPU time (load {os.getloadavg()[0]:.1f} on "
        f"{os.cpu_count()} cores)",
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
        compile_kernels(order, [CORE], precision)
        load_compiled(order, [CORE], precision)
    memory = stream_bytes()
    peaks = {precision: peak_flops(precision) for precision in ("double", "single")}
    print(
        f"one core: {peaks['double'] / 1e9:.1f} GFLOP/s in multiply-adds "
        f"({peaks['single'] / 1e9:.1f} in single precision), {memory / 1e9:.1f} GB/s in triads"
    )
    print("order  cells limited precision  M elements/s  M DOF/s  GFLOP/s  of peak  of memory")
    for setting in settings(quick=quick):
        print_setting(setting, peaks[setting.precision], memory)
    for limited in (0.0, 0.2):
        for cells in (81, 243) if quick else (81, 243, 729):
            print_threads(Setting(2, cells, limited))
    print_tohoku(81, "double")
    print_tohoku(81, "single")
    if not quick:
        print_tohoku(243, "double")


if __name__ == "__main__":
    main()
