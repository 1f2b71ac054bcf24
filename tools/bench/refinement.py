"""What static 3:1 refinement gains on Tohoku 2011: error of the waveforms per CPU second.

python tools/bench/refinement.py [--coarse N]: meshes of N, 2 N and 3 N cells, and N refined 3:1.

The refined parts are those of a region file with source, way and buoys: where the sea floor moves,
stripes of 300 km from there to the buoys, and 120 km around these. Errors are against a mesh of 6 N
cells. All timed runs are made in turn, `--repeat` times; the least CPU seconds count.
"""

import argparse
import math
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from exacouple.cases import Case, load_region, prepare_case
from exacouple.cases.refinement import refinement_parameters
from exacouple.config import build
from exacouple.engine.basis import Array
from exacouple.engine.levels import RefinedSolver
from exacouple.engine.mesh import Mesh
from exacouple.engine.refinement import Refinement
from exacouple.engine.scenario import Scenario, source_for
from exacouple.engine.solver import Solver

ORDER, END, STEP = 2, 7500.0, 5.0
PARTS = tuple(f"refinement.{part}=true" for part in ("source", "way", "buoys"))


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


def start(case: Case, cells: int, refinement: Refinement | None = None) -> Solver | RefinedSolver:
    """Solver as the case's own, without ExaHyPE's fixed time step."""
    mesh = square(case, cells)
    initial = Scenario(source_for("exacouple"), mesh, case.path)
    settings: dict[str, Any] = {
        "order": ORDER,
        "gravity": 9.81e-3,
        "dry_tolerance": 0.01,
        "limiter_depth": 0.1,
    }
    if refinement is None:
        return Solver(mesh, initial, **settings)
    return RefinedSolver(mesh, initial, refinement, **settings)


def record(case: Case, solver: Solver | RefinedSolver) -> Waves:
    """Run to the end; only steps count as cost."""
    places = [(buoy["x_m"] / 1e3, buoy["y_m"] / 1e3) for buoy in case.manifest["buoys"]]
    rows, cpu = [], 0.0
    while True:
        rows.append([solver.time, *(solver.sample(*place)[4] * 1e3 for place in places)])
        if solver.time >= END:
            break
        before = time.process_time()
        solver.step(END)
        cpu += time.process_time() - before
    table, times = np.array(rows), np.arange(0.0, END, STEP)
    eta = np.stack([np.interp(times, table[:, 0], column) for column in table.T[1:]])
    return Waves(eta, cpu)


def errors(waves: Waves, reference: Waves) -> list[float]:
    """RMSE of the waveforms over the RMS of the reference, for each buoy."""
    misfit = np.sqrt(((waves.eta - reference.eta) ** 2).mean(axis=1))
    return [float(v) for v in misfit / np.sqrt((reference.eta**2).mean(axis=1))]


def uniform_cost(error: float, runs: list[tuple[float, float]]) -> float:
    """CPU seconds at which uniform meshes reach an error; log-log between (cost, error)."""
    costs, reached = (np.log(values) for values in zip(*runs, strict=True))
    return math.exp(float(np.interp(-math.log(error), -reached, costs)))


def lines(case: Case, refinement: Refinement, coarse: int, repeat: int) -> Iterator[str]:
    """Run all and give the lines of the table."""
    reference = record(case, start(case, 6 * coarse))
    refined = start(case, coarse, refinement)
    assert isinstance(refined, RefinedSolver)
    name = f"{coarse}, {refined.refined.mean():.0%} refined 3:1"
    starts: dict[str, Callable[[], Solver | RefinedSolver]] = {
        f"uniform {cells}": lambda cells=cells: start(case, cells)  # type: ignore[misc]
        for cells in (coarse, 2 * coarse, 3 * coarse)
    }
    starts[name] = lambda: start(case, coarse, refinement)
    runs = [{key: record(case, make()) for key, make in starts.items()} for _ in range(repeat)]
    yield f"reference: {6 * coarse} x {6 * coarse} cells, {reference.cpu:.1f} CPU-s; order {ORDER}"
    yield f"{'mesh':>22}{'CPU-s':>8}{'most':>8}" + "".join(
        f"{b['id']:>8}" for b in case.manifest["buoys"]
    )
    known = {}
    for key in starts:
        costs = [run[key].cpu for run in runs]
        known[key] = min(costs), errors(runs[0][key], reference)
        yield f"{key:>22}{min(costs):8.2f}{max(costs):8.2f}" + "".join(
            f"{error:8.3f}" for error in known[key][1]
        )
    cost, found = known.pop(name)
    gains = [
        uniform_cost(error, [(cpu, all_errors[buoy]) for cpu, all_errors in known.values()]) / cost
        for buoy, error in enumerate(found)
    ]
    yield (
        "uniform meshes of the same error cost "
        + " and ".join(f"{gain:.1f}" for gain in gains)
        + " times as much"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--coarse", type=int, default=18, metavar="N")
    parser.add_argument("--repeat", type=int, default=2, metavar="TIMES")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        region = load_region("tohoku", PARTS)
        case = prepare_case(region, "original", Path(folder) / "case")
        table = refinement_parameters(region, case.displacement())["refinement"]
        refinement = build(Refinement, table, where="tohoku")
        for line in lines(case, refinement, arguments.coarse, arguments.repeat):
            print(line, flush=True)


if __name__ == "__main__":
    main()
