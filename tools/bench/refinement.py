"""What static 3:1 refinement could gain on Tohoku 2011: error of the waveforms per CPU second.

python tools/bench/refinement.py [--coarse N]: meshes of N, 2 N and 3 N cells, and N refined 3:1.

There is no refined mesh: it is emulated. A run on 3 N cells gets, outside of the refined part, the
sea floor of the coarse elements, and after every three steps the coarse elements' polynomials
(least squares). Its waveforms are those of refinement without any loss at the borders; limited
elements stay fine everywhere. The cost given to it is that of the uniform meshes, by shares of the
area, each part at its own time step: a bound that no real scheme reaches.
"""

import argparse
import math
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from exacouple.cases import Case, load_region, prepare_case
from exacouple.engine.basis import Array, gauss_legendre
from exacouple.engine.blocks import get_elements, set_elements
from exacouple.engine.initial import Initial
from exacouple.engine.mesh import Mesh
from exacouple.engine.scenario import Scenario, source_for
from exacouple.engine.solver import Solver
from exacouple.waveforms.metrics import normalised_rmse

ORDER, END, STEP = 2, 7500.0, 5.0
DEEP_KM = 0.3
SOURCE_KM = ((-100.0, 350.0), (-350.0, 250.0))
PATH_KM, BUOY_KM = 150.0, 60.0

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Waves:
    """Waveforms (m) of a run at the buoys, every `STEP` seconds, and its CPU seconds."""

    eta: Array
    cpu: float


def square(case: Case, cells: int) -> Mesh:
    """Mesh of the case's domain with as many cells along each edge, km."""
    domain = case.manifest["region_config"]["domain"]
    (x, y), width = domain["offset_km"], domain["width_km"][0]
    return Mesh(x, y, width / cells, cells, cells)


def start(mesh: Mesh, initial: Initial) -> Solver:
    """Solver as the case's own, without ExaHyPE's fixed time step."""
    return Solver(
        mesh, initial, order=ORDER, gravity=9.81e-3, dry_tolerance=0.01, limiter_depth=0.1
    )  # fmt: skip


def record(case: Case, solver: Solver, after: Callable[[Solver], None] | None = None) -> Waves:
    """Run to the end; what is done after every third step does not count as cost."""
    places = [(buoy["x_m"] / 1e3, buoy["y_m"] / 1e3) for buoy in case.manifest["buoys"]]
    rows, cpu = [], 0.0
    while True:
        rows.append([solver.time, *(solver.sample(*place)[4] * 1e3 for place in places)])
        if solver.time >= END:
            break
        before = time.process_time()
        solver.step(END)
        cpu += time.process_time() - before
        if after is not None and solver.steps % 3 == 0:
            after(solver)
    table, times = np.array(rows), np.arange(0.0, END, STEP)
    eta = np.stack([np.interp(times, table[:, 0], column) for column in table.T[1:]])
    return Waves(eta, cpu)


class Refined:
    """A mesh of coarse cells, some of which are cut 3:1, emulated on fine cells."""

    def __init__(self, case: Case, coarse: int) -> None:
        self.coarse, self.fine = square(case, coarse), square(case, 3 * coarse)
        self.mask = refined_cells(case, self.coarse)
        self.scenario = Scenario(source_for("exacouple"), self.fine, case.path)
        nodes, weights = gauss_legendre(ORDER).nodes, gauss_legendre(ORDER).weights
        thirds = np.concatenate([(nodes + k) / 3 for k in range(3)])
        self.up = lagrange(nodes, thirds)
        self.down = (self.up * np.tile(weights / 3, 3)[:, None]).T / weights[:, None]

    def initial(self, x: Array, y: Array) -> tuple[Array, Array, Array, Array]:
        """Initial state with the sea floor of coarse elements where they are deep."""
        h, hu, hv, b = self.scenario(x, y)
        mesh, nodes = self.coarse, gauss_legendre(ORDER).nodes
        column = np.clip(((x - mesh.x0) / mesh.dx).astype(int), 0, mesh.nx - 1)
        row = np.clip(((y - mesh.y0) / mesh.dx).astype(int), 0, mesh.ny - 1)
        points = np.flatnonzero(~self.mask[row, column])
        keys, which = np.unique(row[points] * mesh.nx + column[points], return_inverse=True)
        if not keys.size:
            return h, hu, hv, b
        rows, columns = np.divmod(keys, mesh.nx)
        shape = (keys.size, nodes.size, nodes.size)
        at_x = np.broadcast_to(mesh.x0 + (columns[:, None, None] + nodes) * mesh.dx, shape)
        at_y = np.broadcast_to(mesh.y0 + (rows[:, None, None] + nodes[:, None]) * mesh.dx, shape)
        depth, _, _, bed = (v.reshape(shape) for v in self.scenario(at_x.ravel(), at_y.ravel()))
        along_x = lagrange(nodes, (x[points] - mesh.x0) / mesh.dx - column[points])
        along_y = lagrange(nodes, (y[points] - mesh.y0) / mesh.dx - row[points])
        new_h, new_b = (
            np.einsum("pj,pji,pi->p", along_y, values[which], along_x) for values in (depth, bed)
        )
        all_deep: Mask = np.all(depth > DEEP_KM, axis=(1, 2))
        deep = all_deep[which] & (new_h > 0.5 * DEEP_KM)
        h[points[deep]], b[points[deep]] = new_h[deep], new_b[deep]
        return h, hu, hv, b

    def smooth(self, solver: Solver) -> None:
        """Give the coarse elements their polynomials: least squares over nine fine ones."""
        n, k = self.coarse.nx, ORDER + 1
        free = (~solver.limited).reshape(n, 3, n, 3).all(axis=(1, 3)) & ~self.mask
        thirds = np.stack(np.meshgrid(range(3), range(3), indexing="ij"), axis=-1)
        cells = (np.argwhere(free)[:, None, None] * 3 + thirds + 1).reshape(-1, 2)
        values = solver.elements[0]
        nodal = get_elements(values, k * k, cells).reshape(-1, 3, 3, 3, k, k)
        whole = nodal.transpose(0, 3, 1, 4, 2, 5).reshape(-1, 3, 3 * k, 3 * k)
        filtered = np.einsum("ij,efjl,ml->efim", self.up @ self.down, whole, self.up @ self.down)
        parts = filtered.reshape(-1, 3, 3, k, 3, k).transpose(0, 2, 4, 1, 3, 5)
        set_elements(values, k * k, cells, parts.reshape(len(cells), 3, k * k))


def refined_cells(case: Case, mesh: Mesh) -> Mask:
    """Cells of the source, of straight paths from it to the buoys, and around the buoys."""
    x = mesh.x0 + (np.arange(mesh.nx) + 0.5) * mesh.dx
    y = (mesh.y0 + (np.arange(mesh.ny) + 0.5) * mesh.dx)[:, None]
    (left, right), (low, high) = SOURCE_KM
    found = (x > left) & (x < right) & (y > low) & (y < high)
    middle = np.array([0.5 * (left + right), 0.5 * (low + high)])
    for buoy in case.manifest["buoys"]:
        end = np.array([buoy["x_m"], buoy["y_m"]]) / 1e3
        found |= (abs(x - end[0]) < BUOY_KM) & (abs(y - end[1]) < BUOY_KM)
        for share in np.linspace(0.0, 1.0, 200):
            place = middle + share * (end - middle)
            found |= np.hypot(x - place[0], y - place[1]) < PATH_KM
    return found


def lagrange(nodes: Array, at: Array) -> Array:
    """Values of the Lagrange polynomials of `nodes` at points, shape ``(points, nodes)``."""
    factors = (at[:, None, None] - nodes) / (nodes[:, None] - nodes + np.eye(nodes.size))
    factors[:, np.eye(nodes.size, dtype=bool)] = 1.0
    result: Array = factors.prod(axis=2)
    return result


def errors(waves: Waves, reference: Waves) -> list[float]:
    """RMSE of the waveforms over the RMS of the reference, for each buoy."""
    pairs = zip(waves.eta, reference.eta, strict=True)
    return [normalised_rmse(own, other) for own, other in pairs]


def uniform_cost(error: float, runs: list[tuple[float, float]]) -> float:
    """CPU seconds at which uniform meshes reach an error; log-log between (cost, error)."""
    costs, reached = (np.log(values) for values in zip(*runs, strict=True))
    return math.exp(float(np.interp(-math.log(error), -reached, costs)))


def lines(case: Case, coarse: int) -> Iterator[str]:
    """Run all and give the lines of the table."""
    uniform = {}
    for cells in (coarse, 2 * coarse, 3 * coarse, 6 * coarse):
        mesh = square(case, cells)
        uniform[cells] = record(
            case, start(mesh, Scenario(source_for("exacouple"), mesh, case.path))
        )
    *compared, best = uniform.items()
    reference = best[1]
    yield f"reference: {best[0]} x {best[0]} cells, {reference.cpu:.1f} CPU-s; order {ORDER}"
    yield f"{'mesh':>22}{'CPU-s':>8}" + "".join(f"{b['id']:>8}" for b in case.manifest["buoys"])
    known = []
    for cells, waves in compared:
        known.append((waves.cpu, errors(waves, reference)))
        yield f"{f'uniform {cells}':>22}{waves.cpu:8.1f}" + "".join(
            f"{error:8.3f}" for error in known[-1][1]
        )
    refined = Refined(case, coarse)
    found = errors(record(case, start(refined.fine, refined.initial), refined.smooth), reference)
    share = float(refined.mask.mean())
    cost = share * uniform[3 * coarse].cpu + (1 - share) * uniform[coarse].cpu
    yield f"{f'{coarse}, {share:.0%} refined 3:1':>22}{cost:8.1f}" + "".join(
        f"{error:8.3f}" for error in found
    )
    gains = [
        uniform_cost(error, [(cpu, all_errors[buoy]) for cpu, all_errors in known]) / cost
        for buoy, error in enumerate(found)
    ]
    yield (
        "uniform meshes of the same error cost at most "
        + " and ".join(f"{gain:.1f}" for gain in gains)
        + " times as much (refinement: bound)"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--coarse", type=int, default=18, metavar="N")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        case = prepare_case(load_region("tohoku"), "original", Path(folder) / "case")
        for line in lines(case, arguments.coarse):
            print(line, flush=True)


if __name__ == "__main__":
    main()
